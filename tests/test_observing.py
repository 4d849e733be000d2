"""What is said of a wrong answer that behaves like no declared mistake: true, or nothing at all."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from exercises import discover
from exercises.engine import Case, Function, Trial
from exercises.engine.comparing import difference
from exercises.engine.guarding import Outcome
from exercises.engine.observing import observations

RTOL, ATOL = 1e-6, 1e-8


def trial(
    number: int,
    expected: Any,
    received: Any,
    *,
    label: str = "",
    args: tuple = (),
    error: BaseException | None = None,
) -> Trial:
    """One case, judged as an exercise judges it."""
    case = Case(args, label=label)
    if error is not None:
        return Trial(number, case, Outcome(error=error), "your code raised an error")
    problem = difference(expected, received, rtol=RTOL, atol=ATOL)
    return Trial(number, case, Outcome(received), problem, expected)


def said(pairs: Sequence[tuple], *, inputs: Sequence[tuple] | None = None) -> str | None:
    """The relation alone, without "In every case, ", for cases that all fail."""
    inputs = inputs or [()] * len(pairs)
    trials = [
        trial(number, expected, received, args=args)
        for number, ((expected, received), args) in enumerate(
            zip(pairs, inputs, strict=True), start=1
        )
    ]
    assert all(each.failed for each in trials)
    sentences = observations(trials, rtol=RTOL, atol=ATOL)
    assert len(sentences) <= 1
    if not sentences:
        return None
    assert sentences[0].endswith(".")
    return sentences[0].split(", ", 1)[1][:-1]


def several(seed: int = 1) -> list[np.ndarray]:
    """Three flat results without a relation among themselves."""
    rng = np.random.default_rng(seed)
    return [rng.uniform(0.05, 0.95, size=size) for size in (4, 5, 7)]


def table(seed: int = 0) -> list[np.ndarray]:
    """Three square results that are not symmetric."""
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(size, size)) for size in (3, 4, 5)]


def applied(function: Callable, results: Sequence[Any]) -> list[tuple]:
    return [(result, function(result)) for result in results]


def near_miss(function: Callable, results: Sequence[Any]) -> list[tuple]:
    """As :func:`applied`, but for one number of the last case."""
    pairs = applied(function, results)
    expected, received = pairs[-1]
    spoilt = np.array(received, dtype=float)
    spoilt.flat[spoilt.size // 2] += 0.137 * (1 + abs(spoilt).max())
    return [*pairs[:-1], (expected, spoilt)]


# --- which cases ----------------------------------------------------------------------------------


def test_a_short_list_of_cases_is_given_in_full():
    trials = [
        trial(1, 1.0, 1.0, label="two scores"),
        trial(2, 1.0, 1.0, label="large scores"),
        trial(3, 1.0, 2.5, label="equal votes"),
    ]
    assert observations(trials) == ("Right for: two scores; large scores. Wrong for: equal votes.",)


def test_of_many_cases_the_shorter_list_is_given():
    trials = [trial(n, 1.0, 1.0, label=f"size {n}") for n in range(1, 10)]
    wrong = [trial(10, 1.0, 2.5, label="a tie"), trial(11, 1.0, 3.5, label="no rows")]
    assert observations(trials + wrong)[0] == "Right for all but: a tie; no rows."
    trials = [trial(n, 1.0, 1.5 + n % 2, label=f"size {n}") for n in range(1, 10)]
    right = [trial(10, 1.0, 1.0, label="a tie")]
    assert observations(trials + right)[0] == "Wrong for all but: a tie."


def test_the_rest_of_two_long_lists_is_counted():
    trials = [trial(n, 1.0, 1.0, label=f"small {n}") for n in range(1, 8)]
    trials += [trial(n, 1.0, 2.5, label=f"large {n}") for n in range(8, 16)]
    assert observations(trials)[0] == (
        "Right for: small 1; small 2; small 3; small 4; and 3 more. Wrong for the other 8."
    )


def test_nothing_is_said_of_cases_where_all_fail_alike_or_none_does():
    assert observations([trial(1, 1.0, 1.0), trial(2, 2.0, 2.0)]) == ()
    assert observations([trial(1, 1.0, 1.7), trial(2, 2.0, 0.3)]) == ()
    assert observations([]) == ()


def test_cases_without_a_label_have_their_number_and_equal_labels_both():
    trials = [trial(1, 1.0, 1.0), trial(2, 1.0, 2.5), trial(3, 1.0, 1.0, label="x")]
    assert observations(trials)[0] == "Right for: case 1; x. Wrong for: case 2."
    trials = [trial(1, 1.0, 1.0, label="x"), trial(2, 1.0, 2.5, label="x")]
    assert observations(trials)[0] == "Right for: x (case 1). Wrong for: x (case 2)."


def test_a_case_that_was_not_reached_is_neither_right_nor_wrong():
    trials = [
        trial(1, 1.0, 1.0, label="a"),
        Trial(2, Case(label="b"), Outcome(timed_out=True), "stopped after 10 seconds"),
        Trial(3, Case(label="c")),
    ]
    assert observations(trials) == ("Right for: a. Stopped by the time limit for: b.",)
    trials = [trial(n, 1.0, 1.0, label=f"size {n}") for n in range(1, 10)]
    trials += [trial(10, 1.0, 2.5, label="a tie"), Trial(11, Case(label="c"))]
    assert observations(trials)[0] == "Wrong for: a tie. Right for the other 9."


def test_errors_are_told_from_wrong_results():
    trials = [
        trial(1, 1.0, 1.0, label="a"),
        trial(2, 1.0, 2.5, label="b"),
        trial(3, 1.0, None, label="c", error=ZeroDivisionError()),
    ]
    assert observations(trials)[0] == (
        "Right for: a. A wrong result for: b. ZeroDivisionError for: c."
    )
    assert observations(trials[1:])[0] == "A wrong result for: b. ZeroDivisionError for: c."
    assert observations(trials[2:]) == ()


# --- where the relation holds ---------------------------------------------------------------------


def test_the_sentence_says_in_which_cases_the_relation_was_seen():
    wrong = [trial(n, 0.1234 * n, -0.1234 * n) for n in (1, 2, 3)]
    right = trial(4, 1.0, 1.0)
    raised = trial(5, 1.0, None, error=ValueError())
    judged = Trial(6, Case(check=lambda result: None), Outcome(1.0), "is not random")
    negative = "what came out is the negative of what was expected."
    assert observations(wrong)[-1] == f"In every case, {negative}"
    assert observations([*wrong, right])[-1] == f"In every case that fails, {negative}"
    assert observations([wrong[0], right])[-1] == f"In the case that fails, {negative}"
    assert observations([*wrong, raised])[-1] == f"Wherever a wrong result came out, {negative}"
    assert observations([*wrong, judged])[-1] == (
        f"Wherever there was a right result to compare with, {negative}"
    )


def test_a_relation_that_one_failing_case_breaks_is_not_told():
    wrong = [trial(n, 0.1234 * n, -0.1234 * n) for n in (1, 2, 3)]
    assert observations([*wrong, trial(4, 0.31, 0.77)]) == ()


def test_a_right_result_that_broke_a_promise_takes_no_part():
    changed = Trial(1, Case(), Outcome(0.5), "your code changes input 1 in place", 0.5)
    assert observations([changed]) == ()


def test_cases_that_raise_are_not_left_out_as_if_they_were_right():
    wrong = [Trial(n, Case(label=f"n = {n}"), Outcome(0), "it differs", n) for n in range(1, 8)]
    raising = Trial(8, Case(label="empty"), Outcome(error=ValueError("no")), "it raised")
    sentence, *_ = observations([*wrong, raising])
    assert sentence == "ValueError for: empty. A wrong result for the other 7."


def test_where_a_promise_alone_is_broken_the_result_is_not_called_wrong():
    values = np.array([0.5, 2.75, 4.25])
    kept = Trial(1, Case(label="fractions"), Outcome(values), "your code changes x", values)
    cut = Trial(2, Case(label="whole"), Outcome(np.trunc(values)), "3 entries differ", values)
    more = Trial(3, Case(label="more"), Outcome(np.trunc(3 * values)), "it differs", 3 * values)
    (sentence,) = observations([kept, cut, more])
    assert sentence.startswith("Wherever the result is wrong, ")


# --- relations number by number -------------------------------------------------------------------

VALUE_RELATIONS = [
    ("what came out is the negative of what was expected", lambda x: -x),
    ("what came out is twice what was expected", lambda x: 2 * x),
    ("what came out is half of what was expected", lambda x: x / 2),
    ("what came out is 100 times what was expected, as per cent are", lambda x: 100 * x),
    ("what came out is one hundredth of what was expected", lambda x: x / 100),
    ("what came out is −2 times what was expected", lambda x: -2 * x),
    (
        "what came out is 3.5 times what was expected, the same factor for every number",
        lambda x: 3.5 * x,
    ),
    (
        "what came out is what was expected times ln 2, as nats are for bits",
        lambda x: x * math.log(2),
    ),
    (
        "what came out is what was expected divided by ln 2, as bits are for nats",
        lambda x: x / math.log(2),
    ),
    ("what came out is what was expected plus 1", lambda x: x + 1),
    (
        "what came out is what was expected minus 0.37, the same difference for every number",
        lambda x: x - 0.37,
    ),
    ("what came out is 1 minus what was expected", lambda x: 1 - x),
    ("what came out is the square of what was expected", np.square),
    ("what came out is the square root of what was expected", np.sqrt),
    ("what came out is the natural logarithm of what was expected", np.log),
    ("what came out is the logarithm to base 2 of what was expected", np.log2),
    ("what came out is e to the power of what was expected", np.exp),
    (
        "what came out is the reciprocal of what was expected (1 divided by it)",
        np.reciprocal,
    ),
    ("what came out is the log-odds of what was expected", lambda x: np.log(x / (1 - x))),
    ("what came out is the sigmoid of what was expected", lambda x: 1 / (1 + np.exp(-x))),
    (
        "what came out is what was expected, rounded to 2 decimals",
        lambda x: np.round(x, 2),
    ),
    ("what came out is what was expected, in reversed order", lambda x: x[::-1]),
    ("what came out is what was expected, sorted in ascending order", np.sort),
    (
        "what came out is what was expected, sorted in descending order",
        lambda x: np.sort(x)[::-1],
    ),
    (
        "what came out is what was expected, shifted by one place towards the end, the last "
        "entry in front",
        lambda x: np.roll(x, 1),
    ),
    (
        "what came out is what was expected, shifted by one place towards the start",
        lambda x: np.append(x[1:], 0),
    ),
    ("what came out is the running sum of what was expected", np.cumsum),
    (
        "what was expected is the running sum of what came out",
        lambda x: np.diff(x, prepend=0),
    ),
]


@pytest.mark.parametrize(("sentence", "function"), VALUE_RELATIONS)
def test_a_relation_that_holds_in_every_case_is_told(sentence, function):
    assert said(applied(function, several())) == sentence


@pytest.mark.parametrize(("sentence", "function"), VALUE_RELATIONS)
def test_one_number_that_breaks_the_relation_silences_it(sentence, function):
    assert said(near_miss(function, several())) != sentence


@pytest.mark.parametrize(("sentence", "function"), VALUE_RELATIONS)
def test_single_precision_is_recognised(sentence, function):
    pairs = [(x, np.float32(function(np.float32(x)))) for x in several(2)]
    if "rounded to" not in sentence:  # single precision is 1e-7 beside a round number
        assert said(pairs) == sentence


@pytest.mark.parametrize("kind", [torch.tensor, np.ndarray.tolist, lambda x: tuple(x.tolist())])
def test_tensors_lists_and_tuples_are_recognised(kind):
    assert said([(x, kind(2 * x)) for x in several()]) == "what came out is twice what was expected"


def test_tables_of_pandas_and_tensors_with_a_gradient_are_recognised():
    assert said([(x, pd.Series(-x)) for x in several()])
    assert said([(x, torch.tensor(-x, requires_grad=True)) for x in several()])


def test_single_numbers_need_several_cases():
    assert said([(0.7312, 1.4624)]) is None
    assert said([(0.7312, 1.4624), (0.1871, 0.3742)]) == "what came out is twice what was expected"
    assert said([(0.7312, -0.7312)]) == "what came out is the negative of what was expected"


def test_a_factor_read_off_one_number_is_no_observation():
    assert said([(0.7312, 2.559)]) is None
    assert said([(np.full(5, 0.7312), np.full(5, 2.559))]) is None
    assert said([(2, 7), (4, 14)]) is None


@pytest.mark.parametrize(
    ("expected", "received"),
    [
        (np.zeros(4), np.array([0.3, 0.1, 0.8, 0.4])),
        (np.array([0.25, 0.25]), np.array([0.0625, 0.0625])),  # a square, and a quarter
        (0.25, 0.5),  # twice, the root
        (0.5, 0.25),
        (2, 4),
        (1, 0),
        (0, 1),
    ],
)
def test_numbers_in_which_every_relation_is_trivial_are_passed_over(expected, received):
    assert said([(expected, received)]) is None


@pytest.mark.parametrize(
    ("pairs", "inputs"),
    [
        ([(1, 0), (0, 1), (1, 0)], None),  # of two labels every wrong one is the other
        ([(0.31, 0.7)], [(0.7,)]),  # a single number that is an input as well
        ([(0.3, 1), (0.2, 1)], None),  # the same number twice
        ([(np.full(4, 0.3), np.full(4, 0.7)), (np.full(3, 0.5), np.full(3, 0.2))], None),
        ([(np.array([0.31, 0.77]), np.array([1.84, 0.09]))], [(np.array([0.9, -0.4]),)]),
        ([(x, 1.4 - x) for x in (0.31, 0.52, 0.913)], [(0.7,)] * 3),  # 2 · 0.7 − x
        ([(np.array([1, 2, 3, 2]), np.array([1, 3, 0, 4]))], None),  # one label right by chance
        ([(["a", "b"], ["b", "a"])], None),
    ],
)
def test_what_may_well_be_chance_is_passed_over(pairs, inputs):
    assert said(pairs, inputs=inputs) is None


def test_a_mean_that_never_varies_explains_no_factor():
    values = np.array([0.3, 0.9, 0.51])
    pairs = [(x, x * values.mean()) for x in several()]
    assert said(pairs, inputs=[(values,)] * 3) == (
        "what came out is 0.57 times what was expected, the same factor for every number"
    )
    pairs = [(x, x * 0.9) for x in several()]
    assert said(pairs, inputs=[(0.9,)] * 3) == (
        "what came out is what was expected times input 1 (0.9 in each of these cases)"
    )


def test_one_wrong_entry_at_the_border_may_stand_there_by_chance():
    expected = table()[0]
    received = expected.copy()
    received[0, 1] += 1.7
    assert said([(expected, received)]) == "only one entry of 9 is wrong"


def test_a_symmetric_table_is_not_called_transposed():
    symmetric = [x + x.T for x in table()]
    assert said([(x, 2.0 * x.T) for x in symmetric]) == "what came out is twice what was expected"


def test_a_constant_or_short_array_is_not_called_reversed():
    assert said([(np.array([1.0, 2.0]), np.array([2.0, 1.0]))]) is None


def test_one_more_and_one_less_of_whole_numbers():
    assert said([(3, 4), (7, 8), (12, 13)]) == "what came out is one more than expected"
    assert said([(3, 2), (7, 6), (12, 11)]) == "what came out is one less than expected"
    assert said([(3, 4), (7, 8), (12, 14)]) is None
    assert said([(3, 4)]) is None


@pytest.mark.parametrize(
    ("sentence", "cut"),
    [
        (
            "what came out is what was expected without its fractions (cut off, not rounded)",
            np.trunc,
        ),
        ("what came out is what was expected, rounded to whole numbers", np.round),
        ("what came out is what was expected, rounded down to whole numbers", np.floor),
        ("what came out is what was expected, rounded up to whole numbers", np.ceil),
    ],
)
def test_whole_numbers_where_fractions_were_expected(sentence, cut):
    results = [np.array([1.7, -2.6, 3.2, -0.9]), np.array([10.49, 2.51, -7.7])]
    assert said(applied(cut, results)) == sentence
    assert said([(x, cut(x).astype(int)) for x in results]) == sentence
    assert said(applied(lambda x: cut(x) + 3 * (x > 3), results)) != sentence


def test_the_absolute_value_and_signs():
    results = [np.array([0.3, -1.4, 2.2]), np.array([-0.7, 0.1, -0.45])]
    assert said(applied(np.abs, results)) == (
        "what came out is the absolute value of what was expected"
    )
    turned = [
        (results[0], results[0] * [1, -1, -1]),
        (results[1], results[1] * [-1, -1, 1]),
    ]
    assert said(turned) == "what came out is right in size, but some of the signs are wrong"
    assert said([(abs(x), -abs(x)) for x in results]) == (
        "what came out is the negative of what was expected"
    )


def test_the_size_of_a_relation_is_judged_relatively():
    small = [1e-9 * x for x in several()]

    def told(received: Sequence[np.ndarray]) -> tuple[str, ...]:
        return observations(
            [
                Trial(number, Case(), Outcome(got), "differs", wanted)
                for number, (wanted, got) in enumerate(zip(small, received, strict=True), start=1)
            ],
            atol=1e-13,
        )

    assert told([3 * x for x in small]) == (
        "In every case, what came out is 3 times what was expected.",
    )
    assert "3 times" not in "".join(told([3 * x + 1e-10 * np.sin(1e10 * x) for x in small]))


def test_nearly_right_numbers_are_called_so():
    pairs = applied(lambda x: x * (1 + 3e-4 * np.sin(40 * x)), several())
    assert said(pairs) == "what came out is right to about 3 digits, and no further"


# --- quantities of the inputs ---------------------------------------------------------------------


def tables_with_results(seed: int = 0) -> tuple[list[np.ndarray], list[tuple]]:
    """Three results, and for each a table of another size and a number as inputs."""
    rng = np.random.default_rng(seed)
    shapes = ((4, 3), (7, 2), (5, 6))
    inputs = [
        (rng.normal(size=shape), k) for shape, k in zip(shapes, (0.9, 0.25, 0.4), strict=True)
    ]
    return [rng.normal(size=3) for _ in shapes], inputs


@pytest.mark.parametrize(
    ("sentence", "form"),
    [
        ("times the number of rows of input 1", lambda e, X, k: e * len(X)),
        ("divided by the number of columns of input 1", lambda e, X, k: e / X.shape[1]),
        ("times the number of all entries of input 1", lambda e, X, k: e * X.size),
        (
            "times n / (n − 1), where n is the number of rows of input 1",
            lambda e, X, k: e * len(X) / (len(X) - 1),
        ),
        (
            "times (n − 1) / n, where n is the number of rows of input 1",
            lambda e, X, k: e * (len(X) - 1) / len(X),
        ),
        ("times input 2", lambda e, X, k: e * k),
        ("divided by input 2", lambda e, X, k: e / k),
        ("times (1 − input 2)", lambda e, X, k: e * (1 - k)),
        ("plus input 2", lambda e, X, k: e + k),
        ("times the standard deviation of input 1", lambda e, X, k: e * X.std()),
        ("plus the largest of input 1", lambda e, X, k: e + X.max()),
    ],
)
def test_a_factor_or_offset_that_is_a_quantity_of_the_inputs(sentence, form):
    results, inputs = tables_with_results()
    pairs = [(e, form(e, *given)) for e, given in zip(results, inputs, strict=True)]
    assert said(pairs, inputs=inputs) == f"what came out is what was expected {sentence}"
    pairs[-1] = (pairs[-1][0], pairs[-1][1] * 1.01)
    assert sentence not in (said(pairs, inputs=inputs) or "")


def test_the_factor_is_seen_in_single_numbers_too():
    rng = np.random.default_rng(3)
    numbers = rng.random(3)
    inputs = [(rng.normal(size=n),) for n in (4, 9, 5)]
    pairs = [(e, e * x.size) for e, (x,) in zip(numbers, inputs, strict=True)]
    assert said(pairs, inputs=inputs) == (
        "what came out is what was expected times the number of entries of input 1"
    )


def test_inputs_are_called_by_the_names_of_the_task():
    results, inputs = tables_with_results()
    trials = [
        trial(n, e, e / len(given[0]), args=given)
        for n, (e, given) in enumerate(zip(results, inputs, strict=True), start=1)
    ]
    assert observations(trials, names=("X", "k")) == (
        "In every case, what came out is what was expected divided by the number of rows of X.",
    )


def test_inputs_that_were_added_or_come_out_again():
    rng = np.random.default_rng(0)
    inputs = [(rng.normal(size=n), rng.normal(size=n)) for n in (3, 5)]
    steps = [0.1 * g for _, g in inputs]
    results = [w - step for (w, _), step in zip(inputs, steps, strict=True)]

    def told(received: Sequence[np.ndarray]) -> str | None:
        return said(list(zip(results, received, strict=True)), inputs=inputs)

    assert told([w for w, _ in inputs]) == "what came out is input 1, unchanged"
    assert told([w + s for (w, _), s in zip(inputs, steps, strict=True)]) == (
        "what came out is twice input 1 minus what was expected: the same step, the other way"
    )
    assert told(steps) == "what came out is input 1 minus what was expected"
    assert told([results[0] - 3 * inputs[0][1], results[1] - 7 * inputs[1][1]]) == (
        "the difference between what came out and what was expected is a multiple of input 2"
    )


def test_a_position_in_the_place_of_what_stands_there():
    rng = np.random.default_rng(0)
    inputs = [(rng.normal(size=9),) for _ in range(5)]
    places = [int(np.argmax(x)) for (x,) in inputs]
    pairs = [(x.max(), place) for (x,), place in zip(inputs, places, strict=True)]
    assert said(pairs, inputs=inputs) == (
        "what came out is the position at which the expected number stands in input 1"
    )
    pairs = [(place, x.max()) for (x,), place in zip(inputs, places, strict=True)]
    assert said(pairs, inputs=inputs) == (
        "what came out is the entry of input 1 that stands at the expected position"
    )


# --- places ---------------------------------------------------------------------------------------


def spoilt_at(results: Sequence[np.ndarray], index: Any) -> list[tuple]:
    """The results with other numbers at some places."""
    pairs = []
    for number, result in enumerate(results, start=1):
        received = result.copy()
        received[index] += (-1) ** number * np.linspace(0.3, 0.9, received[index].size).reshape(
            received[index].shape
        )
        pairs.append((result, received))
    return pairs


@pytest.mark.parametrize(
    ("index", "sentence"),
    [
        (0, "only the first entry is wrong"),
        (-1, "only the last entry is wrong"),
        (slice(1, None), "only the first entry is right"),
        (slice(None, -1), "only the last entry is right"),
    ],
)
def test_places_of_a_flat_array(index, sentence):
    assert said(spoilt_at(several(), index)) == sentence
    assert said([*spoilt_at(several(), index), *spoilt_at(several(2), 2)]) != sentence


@pytest.mark.parametrize(
    ("index", "sentence"),
    [
        (0, "only the first row is wrong"),
        (-1, "only the last row is wrong"),
        ((slice(None), 0), "only the first column is wrong"),
        ((slice(None), -1), "only the last column is wrong"),
    ],
)
def test_rows_and_columns_of_a_table(index, sentence):
    assert said(spoilt_at(table(), index)) == sentence


def test_the_diagonal():
    pairs = [(x, x + np.diag(np.arange(1, len(x) + 1) * (-0.4) ** len(x))) for x in table()]
    assert said(pairs) == "only the diagonal is wrong"
    zeroed = [(x, x - np.diag(np.diag(x))) for x in table()]
    assert said(zeroed) == "only the diagonal is wrong, and 0 came out there"
    assert said([(x, np.diag(np.diag(x))) for x in table()]) == (
        "only the diagonal is right, and 0 came out there"
    )


def test_the_border():
    pairs = []
    for x in table():
        received = x.copy()
        received[0] = received[-1] = 0
        received[:, 0] = received[:, -1] = 0
        pairs.append((x, received))
    assert said(pairs) == "only the entries at the border are wrong, and 0 came out there"


def test_what_the_wrong_entries_have_in_common():
    results = [np.array([0.3, -1.41, 2.2, -0.6]), np.array([-0.7, 0.15, -0.45, 1.3])]
    assert said(applied(lambda x: np.maximum(x, 0), results)) == (
        "exactly those entries are wrong whose right value is negative, and 0 came out there"
    )


def test_the_relation_among_the_wrong_entries():
    rng = np.random.default_rng(0)
    results = [rng.normal(size=6) for _ in range(3)]
    masks = [
        np.array([1, 0, 0, 1, 0, 1]),
        np.array([0, 1, 0, 1, 1, 0]),
        np.array([1, 1, 0, 0, 0, 0]),
    ]
    pairs = [(x, np.where(mask, 3.0 * x, x)) for x, mask in zip(results, masks, strict=True)]
    assert said(pairs) == (
        "some entries are right, and what came out in the others is 3 times what was expected"
    )


def test_the_same_number_at_all_wrong_places():
    pairs = [
        (np.array([0.3, 0.72, 0.91, 0.15]), np.array([0.3, 0, 0.91, 0])),
        (np.array([0.37, 0.22, 0.51, 0.85]), np.array([0, 0, 0.51, 0.85])),
    ]
    assert said(pairs) == "some entries are right, and what came out in the others is 0"


def test_wrong_entries_that_are_those_of_an_input():
    rng = np.random.default_rng(0)
    inputs = [(rng.normal(size=6), rng.normal(size=3)) for _ in range(3)]
    results = [np.where(np.arange(6) % 2, x, x + rng.normal(size=6)) for x, _ in inputs]
    pairs = [(e, x) for e, (x, _) in zip(results, inputs, strict=True)]
    assert said(pairs, inputs=inputs) == "what came out is input 1, unchanged"
    pairs = [(e, np.r_[e[0] + 0.0, x[1:]]) for e, (x, _) in zip(results, inputs, strict=True)]
    assert said(pairs, inputs=inputs) == (
        "some entries are right, and what came out in the others is what input 1 holds there"
    )
    pairs = [(x, np.where(np.arange(6) < 3, x, np.tile(y, 2))) for x, y in inputs]
    assert "input 2" not in (said(pairs, inputs=inputs) or "")


def test_only_one_entry_at_a_place_that_varies():
    pairs = [
        (np.arange(6.0), np.array([0, 1, 9.3, 3, 4, 5])),
        (np.arange(6.0), np.array([0, 1, 2, 3, -2.2, 5])),
    ]
    assert said(pairs) == "only one entry of 6 is wrong"


def test_truth_values():
    expected = np.array([True, False, True, True, False, False])
    assert said([(expected, ~expected)]) == "False and True are exchanged"
    assert said([(expected, expected & (np.arange(6) == 0))]) == (
        "every wrong entry is False and should be True; none is wrong the other way round"
    )
    assert said([(expected, ~expected & (np.arange(6) == 4))]) != "False and True are exchanged"
    assert said([(True, False), (True, False)]) == "False came out where True was expected"
    assert said([(True, False), (False, True), (True, False)]) == "True and False are exchanged"


def test_truth_values_that_are_wrong_in_some_cases_are_not_called_exchanged():
    trials = [trial(1, True, False), trial(2, False, True), trial(3, True, True)]
    assert len(observations(trials)) == 1


def test_the_same_number_everywhere():
    assert said(applied(np.zeros_like, several())) == "every entry of what came out is 0"
    assert said([(x, np.full_like(x, x.mean())) for x in several()]) == (
        "all entries of what came out are the same number"
    )
    assert said([(0.3, 1), (0.2, 1), (0.8, 1)]) == "the same number came out each time: 1"
    rows = [(x, np.tile(x[0], (len(x), 1)) * 1.7) for x in table()]
    assert said(rows) == "all rows of what came out are the same"


def test_errors_that_all_go_one_way():
    rng = np.random.default_rng(5)
    assert said([(x, x + rng.random(x.size) + 0.1) for x in several()]) == (
        "every number that is wrong is too large"
    )
    assert said([(x, x - rng.random() - 0.1) for x in (0.61, 0.22, 0.93, 0.34)]) == (
        "what came out is too small"
    )


# --- NaN and infinity -----------------------------------------------------------------------------


def test_nan_and_infinity():
    nan = [np.where(np.arange(x.size) == 1, math.nan, x) for x in several()]
    assert said(list(zip(several(), nan, strict=True))) == (
        "the wrong entries are NaN (not a number), and all others are right"
    )
    assert said([(0.5, math.nan), (0.7, math.nan)]) == (
        "NaN (not a number) came out where a finite number was expected"
    )
    assert said([(x, np.full_like(x, math.inf)) for x in several()]) == "every entry is infinity"
    assert said([(0.5, math.nan), (0.7, 0.2)]) is None


# --- scale ----------------------------------------------------------------------------------------


def test_right_up_to_a_factor_or_an_offset_of_each_case():
    scaled = [(x, x * (1.3 + n)) for n, x in enumerate(several())]
    assert said(scaled) == (
        "what came out is a multiple of what was expected, with another factor each time"
    )
    moved = [(x, x + 1.3 + n) for n, x in enumerate(several())]
    assert (
        said(moved) == "what came out is what was expected plus one number, another one each time"
    )
    shares = [x / x.sum() for x in several()]
    assert said([(s, x) for s, x in zip(shares, several(), strict=True)]) == (
        "what came out is a multiple of what was expected: it should sum to 1, and does not"
    )
    assert said([(x, s) for s, x in zip(shares, several(), strict=True)]) == (
        "what came out is what was expected, scaled so that it sums to 1"
    )
    both = [(x, (n + 2) * x + 0.7 + n) for n, x in enumerate(several())]
    assert "what was expected times one number plus another" in said(both)


def test_another_axis_that_sums_to_one():
    exponentials = [np.exp(x) for x in table()]
    pairs = [(x / x.sum(1, keepdims=True), x / x.sum(0)) for x in exponentials]
    assert said(pairs) == "each column sums to 1 in what came out; each row should"
    pairs = [(x / x.sum(0), x / x.sum()) for x in exponentials]
    assert said(pairs) == "all of it together sums to 1 in what came out; each column should"


def test_factors_of_rows_and_columns():
    rng = np.random.default_rng(0)
    assert said([(x, x * rng.uniform(1.2, 3, size=(len(x), 1))) for x in table()]) == (
        "each row is the right one times a factor of its own"
    )
    assert said([(x, x + rng.uniform(1.2, 3, size=len(x))) for x in table()]) == (
        "each column is the right one plus a number of its own"
    )


# --- order and shape of tables --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sentence", "function"),
    [
        (
            "what came out is what was expected, transposed: rows and columns exchanged",
            np.transpose,
        ),
        ("what came out is what was expected, with the rows in reversed order", lambda x: x[::-1]),
        (
            "what came out is what was expected, turned by 180 degrees: rows and columns in "
            "reversed order",
            lambda x: x[::-1, ::-1],
        ),
        (
            "what came out holds the right rows, in another order",
            lambda x: x[np.r_[1, 0, 2 : len(x)]],
        ),
        (
            "what came out holds in each row the right numbers, in another order",
            lambda x: np.stack([np.roll(row, n + 1) for n, row in enumerate(x)]),
        ),
    ],
)
def test_tables_in_another_order(sentence, function):
    assert said(applied(function, table())) == sentence
    assert said(near_miss(function, table())) != sentence


def test_a_transposed_table_is_seen_also_where_some_are_square():
    rng = np.random.default_rng(0)
    results = [rng.normal(size=shape) for shape in ((2, 3), (3, 3), (5, 2))]
    assert said(applied(np.transpose, results)) == (
        "what came out is what was expected, transposed: rows and columns exchanged"
    )


@pytest.mark.parametrize(
    ("sentence", "function"),
    [
        (
            "the numbers are right, but they stand in a table with one column, not in a flat array",
            lambda x: x[:, None],
        ),
        (
            "the numbers are right, but they stand in a table with one row, not in a flat array",
            lambda x: x[None],
        ),
        ("one entry is missing at the end; the others are right", lambda x: x[:-1]),
        ("one entry is missing at the start; the others are right", lambda x: x[1:]),
        ("2 entries are missing at the end; the others are right", lambda x: x[:-2]),
        ("one entry is too many at the end; the others are right", lambda x: np.append(x, 0)),
        ("what came out has one entry more than expected", lambda x: np.append(0, -x)),
        (
            "a single number came out in the place of several; it is the sum of those expected",
            np.sum,
        ),
        (
            "a single number came out in the place of several; it is the first of those expected",
            lambda x: x[0],
        ),
        (
            "a table came out in the place of a flat array; its diagonal holds the right numbers",
            lambda x: np.add.outer(x, -x) + np.diag(x),
        ),
        (
            "a table came out in the place of a flat array; each row holds the right numbers",
            lambda x: np.tile(x, (3, 1)),
        ),
    ],
)
def test_flat_arrays_in_another_shape(sentence, function):
    assert said(applied(function, several())) == sentence


def test_the_shape_of_other_numbers_is_not_called_right():
    assert said(applied(lambda x: (x + np.sin(9 * x))[:, None], several())) == (
        "what came out has one axis too many"
    )
    assert said(applied(lambda x: np.cos(9 * x)[:-1], several())) == (
        "what came out has one entry fewer than expected"
    )


def test_one_number_inside_a_list_and_many_in_its_place():
    assert said([(0.3, [0.3]), (0.7, np.array([0.7]))]) == (
        "the numbers are right, but each stands alone in a list or an array of one entry"
    )
    assert said([(x.mean(), x) for x in several()]) == (
        "several numbers came out in the place of one; the mean of them is what was expected"
    )
    assert said([(x.sum(), x) for x in several()]) == (
        "several numbers came out in the place of one; the sum of them is what was expected"
    )
    assert said([(x.mean() + 0.1, x) for x in several()]) == (
        "several numbers came out where one was expected"
    )


def test_another_axis_that_was_reduced():
    rng = np.random.default_rng(0)
    inputs = [(rng.normal(size=shape),) for shape in ((4, 3), (2, 5))]
    pairs = [(x.max(axis=1), x.max(axis=0)) for (x,) in inputs]
    assert said(pairs, inputs=inputs) == (
        "there is one number for each column of input 1, and one for each row was expected"
    )
    pairs = [(x.mean(axis=1), x) for (x,) in inputs]
    assert said(pairs) == (
        "what came out has one axis too many; the mean over its axis 1 is what was expected"
    )
    pairs = [(x, x.sum(axis=0)) for (x,) in inputs]
    assert (
        said(pairs) == "an axis is missing: of what was expected, the sum over its axis 0 came out"
    )


# --- several values, words, lists, sets -----------------------------------------------------------


def test_one_of_several_values_is_wrong():
    pairs = [((x, float(x[0])), (x, -float(x[0]))) for x in several()]
    assert said(pairs) == (
        "only value 2 of 2 is wrong; in it, what came out is the negative of what was expected"
    )
    pairs = [((x, 0.5), (-np.cos(9 * x), 0.5)) for x in several()]
    assert said(pairs) == "only value 1 of 2 is wrong"


def test_values_that_are_exchanged_missing_or_all_wrong_alike():
    assert said([((0.3, 0.71), (0.71, 0.3))]) == "value 1 and value 2 are exchanged"
    assert (
        said([((x, 2 * x), (2 * x, x)) for x in several()]) == "value 1 and value 2 are exchanged"
    )
    assert said([((x, 0.5), x) for x in several()]) == "only value 1 of 2 came out"
    assert said([(x, (x, 0.5)) for x in several()]) == (
        "2 values came out in the place of one; value 1 is right"
    )
    assert said([((x, 3 * x[:2]), (-x, -3 * x[:2])) for x in several()]) == (
        "what came out is the negative of what was expected"
    )


def test_dictionaries():
    pairs = [({"mean": x, "spread": 2 * x}, {"mean": x, "spread": 4 * x}) for x in (0.31, 0.77)]
    twice = "what came out is twice what was expected"
    assert said(pairs) == f"only the value under key 'spread' is wrong; in it, {twice}"
    counts = {"to": 2.31, "be": 2.87, "or": 1.44}
    assert said([(counts, {word: -n for word, n in counts.items()})]) == (
        "what came out is the negative of what was expected"
    )
    assert said([(counts, {"to": 2.31, "be": 2.87}), ({"a": 1.0, "b": 2.0}, {"a": 1.0})]) == (
        "among the keys, some items are missing, and none is surplus"
    )


@pytest.mark.parametrize(
    ("sentence", "function"),
    [
        ("the text is right but in upper and lower case", str.title),
        ("the text is right but in white space", lambda text: text.replace(" ", "")),
        ("the text is right but in punctuation", lambda text: text.replace(",", "")),
        ("the text is right but in the order of its words", lambda t: " ".join(t.split()[::-1])),
        ("what came out is what was expected, written backwards", lambda text: text[::-1]),
        ("the beginning is right, and the end is missing", lambda text: text[:-3]),
        ("the text is right, and something follows that should not", lambda text: text + "</s>"),
        ("an empty text came out", lambda text: ""),
        (None, lambda text: "something else " + text[2:5]),
    ],
)
def test_texts(sentence, function):
    assert said(applied(function, ["to be, or not", "all that, glitters"])) == sentence


@pytest.mark.parametrize(
    ("sentence", "function"),
    [
        ("what came out is what was expected, in reversed order", lambda words: words[::-1]),
        ("what came out is what was expected, sorted in ascending order", sorted),
        (
            "what came out holds the right items, in another order",
            lambda words: [words[1], words[0], *words[2:]],
        ),
        ("one item is missing at the end; the others are right", lambda words: words[:-1]),
        (
            "one item is too many at the start; the others are right",
            lambda words: ["[CLS]", *words],
        ),
        (
            "the right items came out, some of them less often than expected",
            lambda words: list(dict.fromkeys(words)),
        ),
        (
            "there are surplus items, and none is missing",
            lambda words: [words[0], words[1] + "x", *words[1:]],
        ),
        (
            "in every wrong item the text is right but in upper and lower case",
            lambda words: [word.upper() for word in words],
        ),
        ("an empty list came out", lambda words: []),
        (None, lambda words: [word[1:] + "q" for word in words]),
    ],
)
def test_lists_of_words(sentence, function):
    lists = [["not", "to", "be", "to", "die"], ["wide", "is", "the", "sea", "the", "sky"]]
    assert said(applied(function, lists)) == sentence


def test_sets():
    assert (
        said([({1, 2, 3}, {1, 2}), ({4, 5}, {4})]) == "some items are missing, and none is surplus"
    )
    assert said([({1, 2, 3}, {1, 2, 9}), ({4, 5}, {4})]) is None


def test_none_everywhere():
    assert said([(0.3, None), (0.4, None)]) == "None came out"


# --- nothing is made up ---------------------------------------------------------------------------

KINDS: dict[str, Callable] = {
    "normal": lambda rng, shape: rng.normal(size=shape),
    "shares": lambda rng, shape: rng.dirichlet(
        np.ones(max(shape[-1:], default=1)), size=shape[:-1]
    ),
    "positive": lambda rng, shape: rng.gamma(1.0, size=shape),
    "uniform": lambda rng, shape: rng.random(shape),
}


@given(
    seed=st.integers(0, 2**32 - 1),
    kind=st.sampled_from(sorted(KINDS)),
    axes=st.integers(0, 3),
    cases=st.integers(1, 7),
)
def test_of_an_independent_answer_nothing_but_the_cases_is_told(seed, kind, axes, cases):
    rng = np.random.default_rng(seed)
    trials = [trial(1, 1.0, 1.0, label="right")]
    for number in range(2, cases + 2):
        shape = tuple(rng.integers(2, 6, size=axes).tolist())
        expected, received = KINDS[kind](rng, shape), KINDS[kind](rng, shape)
        if axes == 0:
            expected, received = float(np.sum(expected)), float(np.sum(received))
        if kind != "shares":  # so that not all errors go one way, which would be told
            low, high = np.minimum(expected, received), np.maximum(expected, received)
            expected, received = (low, high) if number % 2 else (high, low)
        inputs = (rng.normal(size=(3, 4)), rng.integers(0, 3, size=5), 0.7)
        trials.append(trial(number, expected, received, args=inputs))
    sentences = observations(trials, rtol=RTOL, atol=ATOL)
    assert [text for text in sentences if not text.startswith(("Right for", "Wrong for"))] == []


def test_what_is_told_is_bounded_in_time_for_large_arrays():
    rng = np.random.default_rng(0)
    large = [rng.normal(size=(700, 1000)) for _ in range(3)]
    trials = [
        Trial(n, Case((x,)), Outcome(np.sin(7 * x)), "differs", x) for n, x in enumerate(large)
    ]
    start = time.monotonic()
    observations(trials)
    assert time.monotonic() - start < 8
    assert said(applied(lambda x: 2 * x, [large[0]])) == "what came out is twice what was expected"


class Hostile:
    """Answers every question with an error."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(name)

    def __len__(self) -> int:
        raise RuntimeError

    def __eq__(self, other: object) -> bool:
        raise RuntimeError

    __hash__ = None


class Endless(list):
    """A list that never ends when it is read."""

    def __iter__(self) -> Any:
        while True:
            yield 1


RECEIVED: dict[str, Callable[[], Any]] = {
    "hostile": Hostile,
    "hostile in a list": lambda: [Hostile()],
    "hostile in a dictionary": lambda: {"a": Hostile()},
    "hostile in a pair": lambda: (Hostile(), 1),
    "endless": lambda: Endless([1, 2]),
    "ragged": lambda: [[1], [2, 3]],
    "text": lambda: "text",
    "bytes": lambda: b"bytes",
    "object": object,
    "function": lambda: print,
    "complex": lambda: 1 + 2j,
    "array of text": lambda: np.array(["a"]),
    "array of objects": lambda: np.array([object()]),
    "no entries": lambda: np.zeros((0, 3)),
    "without storage": lambda: torch.empty(2, device="meta"),
    "dictionary": lambda: {1: 2},
    "set": lambda: {1, 2},
    "range": lambda: range(3),
    "huge": lambda: 10**400,
    "date": lambda: np.datetime64("2020-01-01"),
    "missing": lambda: None,
}


@pytest.mark.parametrize("name", sorted(RECEIVED))
@pytest.mark.parametrize(
    "expected",
    [0.5, 3, np.arange(3.0), (1.0, np.ones(2)), ["a", "b"], {"a": 1.0}, {1, 2}, "words", True],
    ids=lambda value: type(value).__name__,
)
def test_values_of_every_kind_are_survived(expected, name, monkeypatch):
    monkeypatch.setattr("exercises.engine.observing.SECONDS", 0.3)
    received = RECEIVED[name]()
    trials = [
        Trial(number, Case((received,), {"k": received}), Outcome(received), "differs", expected)
        for number in (1, 2)
    ]
    assert all(type(sentence) is str for sentence in observations(trials))


def test_the_stop_button_still_works(monkeypatch):
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("exercises.engine.observing.which_cases", interrupted)
    with pytest.raises(KeyboardInterrupt):
        observations([trial(1, 0.5, 0.7)])


# --- the declared mistakes ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("id", "mistake", "words"),
    [
        ("ml_basics.linear_regression.ridge_gradient", "a missing factor 2", "half of what"),
        ("ml_basics.classification.cross_entropy", "the minus sign missing", "the negative"),
        ("start_here.mean_squared_error", "a root around the mean", "the square root"),
    ],
)
def test_what_a_declared_mistake_does_is_seen(id, mistake, words):
    exercise = discover()[id]
    assert isinstance(exercise, Function)
    answer = next(each.answer for each in exercise.mistakes if each.name == mistake)
    sentences = observations(exercise.trials(answer), rtol=exercise.rtol, atol=exercise.atol)
    assert words in sentences[-1]
