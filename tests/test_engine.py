"""The exercise engine: what it survives, what it recognises, what it says and what it records."""

from __future__ import annotations

import copy
import functools
import inspect
import math
import os
import random
import re
import sys
import tempfile
import threading
import time

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exercises.engine import (
    Bug,
    Case,
    Choice,
    Exercise,
    Function,
    Mistake,
    Option,
    SolutionError,
    Trial,
    UnusableError,
    Value,
    guarding,
    is_stub,
    progress,
    time_limits,
)
from exercises.engine.stubs import same_code
from exercises.engine.time_limits import Stopwatch, alarms_available

needs_alarms = pytest.mark.skipif(not alarms_available(), reason="no POSIX alarms here")
TEXTS = {"hints": ("Look at the scores.", "Subtract the largest."), "carry_on": "Carry on."}


@pytest.fixture(autouse=True)
def own_progress(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.sqlite3"))
    monkeypatch.setattr(progress, "told", set())


def softmax(scores):
    shifted = np.exp(scores - np.max(scores))
    return shifted / shifted.sum()


def softmax_cases(rng):
    yield Case((np.array([0.0, math.log(3.0)]),), label="two scores")
    yield Case((rng.normal(size=5),))
    yield Case((np.array([1000.0, 0.0]),), label="large scores")


def by_torch(scores):
    return torch.softmax(torch.tensor(scores), 0)


def softmax_exercise(**changes) -> Function:
    options = {
        "title": "Softmax",
        "cases": softmax_cases,
        "expected": by_torch,
        "reference": softmax,
        "mistakes": (
            Mistake("no shift", lambda s: np.exp(s) / np.exp(s).sum(), "Large scores overflow."),
            Mistake("no division", lambda s: np.exp(s - s.max()), "They must add up to 1."),
            Mistake("squares", lambda s: s**2 / (s**2).sum(), "Take the exponential."),
            Mistake("column", lambda s: softmax(s)[:, None], "Keep the shape."),
            Mistake("axis 1", lambda s: s.sum(axis=1), "There is only one axis."),
        ),
        "also_correct": (by_torch, lambda s: list(softmax(s))),
        "seconds": 5.0,
    }
    return Function("tests.engine.softmax", **(options | TEXTS | changes))


EXERCISE = softmax_exercise()
FAST = softmax_exercise(seconds=0.1)


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr("exercises.engine.guarding.READ_SECONDS", 0.05)


def text_of(exercise: Exercise, answer) -> str:
    return exercise.feedback(answer).text()


# --- right, differently right, wrong and recognised ---------------------------------------------


def test_the_reference_and_other_routes_pass():
    for answer in (EXERCISE.reference, *EXERCISE.also_correct):
        result = EXERCISE.evaluate(answer)
        assert (result.status, result.passed, result.total) == ("solved", 3, 3)


@pytest.mark.parametrize("mistake", EXERCISE.mistakes, ids=lambda mistake: mistake.name)
def test_a_mistake_is_named_as_itself(mistake):
    result = EXERCISE.evaluate(mistake.answer)
    assert result.status == "wrong"
    assert result.mistake is mistake
    assert f"This looks like: {mistake.name}. {mistake.why}" in result.lines


def test_a_mistake_is_recognised_by_what_it_does_whatever_its_code():
    def in_torch(scores):
        return torch.exp(torch.tensor(scores, dtype=torch.float32) - max(scores)).tolist()

    assert EXERCISE.evaluate(in_torch).mistake.name == "no division"


def test_what_is_asked_of_each_case_is_computed_once_for_all_answers():
    calls = {"expected": 0, "mistake": 0}

    def expected(scores):
        calls["expected"] += 1
        return softmax(scores)

    def doubled(scores):
        calls["mistake"] += 1
        return 2 * softmax(scores)

    mistake = Mistake("doubled", doubled, "Once is enough.")
    exercise = softmax_exercise(expected=expected, mistakes=[mistake])
    for answer in (softmax, lambda s: softmax(s) + 1, lambda s: softmax(s) * 2, softmax):
        exercise.evaluate(answer)
    assert calls == {"expected": 3, "mistake": 3}
    assert exercise.evaluate(lambda s: softmax(s) * 2).mistake is mistake


@needs_alarms
def test_a_mistake_that_was_too_slow_once_is_tried_again():
    busy = [True]

    def doubled(scores):
        while busy[0]:
            pass
        return 2 * softmax(scores)

    mistake = Mistake("doubled", doubled, "Once is enough.")
    exercise = softmax_exercise(mistakes=[mistake], seconds=0.2)
    assert exercise.evaluate(lambda s: softmax(s) * 2).mistake is None
    busy[0] = False
    assert exercise.evaluate(lambda s: softmax(s) * 2).mistake is mistake


@pytest.mark.parametrize(
    "answer",
    [
        lambda s: softmax(s) + 0.01,
        lambda s: None,
        lambda s: np.exp(s - s.max()) if len(s) < 5 else softmax(s) + 1,
        lambda s: s.total(axis=1),
        lambda s: softmax(s[0]),
    ],
)
def test_other_wrong_answers_are_not_given_a_name(answer):
    result = EXERCISE.evaluate(answer)
    assert result.status == "wrong"
    assert result.mistake is None


def test_an_error_of_the_same_kind_with_another_message_is_another_mistake():
    def numpys(scores):
        return scores.sum(axis=1)  # the known mistake

    def ours(scores):
        raise np.exceptions.AxisError("something else")

    assert EXERCISE.evaluate(numpys).mistake.name == "axis 1"
    assert EXERCISE.evaluate(ours).mistake is None


def test_a_mistake_is_named_wherever_the_answer_fails_like_it():
    def guarded(scores):  # right for two scores, by a guard that the known mistake lacks
        return np.exp(scores - scores.max()) if len(scores) == 5 else softmax(scores)

    result = EXERCISE.evaluate(guarded)
    assert (result.passed, result.mistake.name) == (2, "no division")
    assert result.lines[0].startswith("Where it is wrong, this looks like: no division.")
    assert EXERCISE.evaluate(EXERCISE.mistakes[1].answer).lines[0].startswith("This looks like: ")


def test_an_empty_list_and_an_empty_table_are_the_same_mistake():
    def table(size):
        return [[row + column for column in range(size)] for row in range(size)]

    def short(size):
        return np.array([[row + column for column in range(size - 1)] for row in range(size - 1)])

    exercise = Function(
        "chapter.lesson.table",
        title="A table",
        cases=lambda rng: [Case((3,)), Case((1,))],
        expected=table,
        reference=table,
        mistakes=[
            Mistake("too short", lambda size: np.array(table(size))[1:, 1:] - 2, "One is missing."),
            Mistake("ones", lambda size: np.ones((size, size)), "All are one."),
        ],
        also_correct=[lambda size: np.array(table(size))],
        hints=["Add.", "Add more."],
        carry_on="On.",
    )
    assert short(1).shape == (0,)
    assert exercise.evaluate(short).mistake.name == "too short"


def test_a_mistake_is_not_named_where_the_answer_fails_in_another_way_as_well():
    def guarded(scores):
        return np.exp(scores - scores.max()) if len(scores) == 5 else scores

    assert EXERCISE.evaluate(guarded).mistake is None


def test_of_two_mistakes_that_fit_the_one_with_fewer_other_failures_is_named():
    def large_only(scores):
        return 2 * softmax(scores) if scores.max() > 100 else softmax(scores)

    def random_too(scores):
        return 2 * softmax(scores) if len(scores) == 5 else large_only(scores)

    exercise = softmax_exercise(
        cases=lambda rng: (
            [Case((rng.normal(size=n),)) for n in (2, 5, 7)] + [Case((1000 + rng.normal(size=4),))]
        ),
        mistakes=(
            Mistake("all doubled", lambda s: 2 * softmax(s), "Once is enough."),
            Mistake("two doubled", random_too, "Once is enough."),
        ),
    )
    assert exercise.evaluate(large_only).mistake.name == "two doubled"


@pytest.mark.parametrize("wrong", [0, 1, [0, 1]])
def test_wrong_results_that_may_come_from_anywhere_name_no_mistake(wrong):
    exercise = softmax_exercise(
        cases=lambda rng: [Case(([3, 1, 2],)), Case(([5, 4],)), Case(([1, 2, 3, 4, 5],))],
        expected=len,
        reference=len,
        mistakes=(Mistake("nothing counted", lambda values: wrong, "Count them."),),
        also_correct=(),
    )
    known = exercise.mistakes[0]
    assert exercise.evaluate(known.answer).mistake is known
    only_for_two = exercise.evaluate(lambda values: wrong if len(values) == 2 else len(values))
    assert only_for_two.mistake is None


def test_small_numbers_are_not_all_alike_for_the_sake_of_the_tolerance():
    exercise = softmax_exercise(
        cases=lambda rng: [Case((2.0,)), Case((3.0,))],
        expected=lambda x: x,
        reference=lambda x: x,
        mistakes=(Mistake("thousandths", lambda x: x / 1000, "Do not divide."),),
        also_correct=(),
        atol=0.01,
    )
    assert exercise.evaluate(lambda x: x * 0.001).mistake.name == "thousandths"
    assert exercise.evaluate(lambda x: x / 500).mistake is None


@needs_alarms
def test_two_calls_that_never_end_are_not_the_same_mistake():
    exercise = softmax_exercise(
        seconds=0.2, mistakes=(Mistake("spins", spin, "Count the rounds of the loop."),)
    )
    assert exercise.evaluate(lambda scores: spin(scores)).mistake is None


# --- mistakes that nobody declared --------------------------------------------------------------


def with_mutants(**changes) -> Function:
    options = {"reference": softmax, "mistakes": ()}
    return softmax_exercise(**(options | changes))


def wave(x):
    return x**2 + np.sin(3 * x)


def test_an_answer_that_does_what_a_mutant_does_gets_its_observation():
    exercise = with_mutants(
        cases=lambda rng: [Case((rng.normal(size=3),)), Case((rng.normal(size=4),))],
        expected=wave,
        reference=wave,
        also_correct=(),
    )
    lines = exercise.evaluate(lambda x: [v * v - math.sin(3 * v) for v in x]).lines
    assert lines[0] == (
        "In every case, the result is what it would be if a sign were the other way round."
    )


def test_a_mutant_goes_before_the_mere_side_to_which_results_are_off():
    def positive_wave(x):
        return np.exp(x) + np.sin(x) ** 2

    exercise = with_mutants(
        cases=lambda rng: [Case((rng.normal(size=5),)) for _ in range(3)],
        expected=positive_wave,
        reference=positive_wave,
        also_correct=(),
    )
    (line, *_) = exercise.evaluate(lambda x: [math.exp(v) - math.sin(v) ** 2 for v in x]).lines
    assert "what it would be if a sign were the other way round" in line
    (line, *_) = exercise.evaluate(lambda x: positive_wave(x) + np.cos(9 * x) ** 2).lines
    assert line == "In every case, every number that is wrong is too large."


def test_no_mutant_is_named_for_an_answer_that_does_something_else():
    lines = "\n".join(with_mutants().evaluate(lambda s: softmax(s) + np.sin(s)).lines)
    assert "what it would be" not in lines


def test_a_declared_mistake_goes_before_everything_that_is_observed():
    lines = EXERCISE.evaluate(EXERCISE.mistakes[1].answer).lines
    assert lines[0] == "This looks like: no division. They must add up to 1."
    assert not any("what it would be" in line for line in lines)


def test_the_search_for_a_mutant_ends_in_time(monkeypatch):
    monkeypatch.setattr("exercises.engine.function.MUTANTS_SECONDS", 0.0)
    exercise = with_mutants()
    started = time.monotonic()
    exercise.evaluate(lambda s: np.exp(s - s.max()))
    assert time.monotonic() - started < 1.0
    assert len(exercise._mutant_faults) <= 1


def test_the_failing_case_is_shown_with_input_expected_and_received():
    text = text_of(EXERCISE, lambda s: softmax(s) if len(s) == 2 and s[0] == 0 else s)
    assert "Not yet: Softmax" in text
    assert "Case 2: 5 of 5 entries differ" in text
    assert "Input: scores = array of shape (5,), float64: [" in text
    text = text_of(EXERCISE, lambda s: None)
    assert "Case 1 (two scores): the result is None: is there a `return` on every path?\n" in text
    assert "Expected: tensor of shape (2,), float64: [0.25, 0.75]" in text
    assert "Received: None" in text
    assert "For a hint run check.softmax.hint()." in text


def test_inputs_are_named_by_the_signature_by_use_or_by_the_reference():
    def cases(rng):
        yield Case((np.array([1.0, 2.0]), 3), {"base": 2})
        yield Case((np.array([5.0, 2.0]), 3), {"base": 2})

    def answer(scores, k, base=10, leak=False):
        return scores * k * base

    options = {"cases": cases, "expected": answer, "reference": answer, "mistakes": ()}
    text = text_of(softmax_exercise(**options), lambda s, k, base: s)
    assert "Input: scores = array of shape (2,), float64: [1., 2.]; k = 3; base = 2\n" in text

    declared = softmax_exercise(**options, signature="(values, times, base)")
    text = " ".join(text_of(declared, lambda values: 0).split())
    assert "Input: values = array of shape (2,), float64: [1., 2.]; times = 3; base = 2" in text
    assert "The signature is softmax(values, times, base)." in text

    use = softmax_exercise(**options, use=lambda given, numbers, count, base: given(numbers))
    text = text_of(use, lambda numbers: numbers)
    assert "Input: numbers = array of shape (2,), float64: [1., 2.]; count = 3; base = 2\n" in text
    assert "check.softmax.case(1) gives these inputs." in text


def test_a_failing_case_can_be_tried_by_hand():
    wrong = EXERCISE.mistakes[1].answer
    text = text_of(EXERCISE, lambda s: softmax(s) if s[0] == 0 else s)
    assert "To try this case yourself: softmax(*check.softmax.case(2))\n" in text
    second = EXERCISE.case(2)
    assert second[0].tolist() == EXERCISE.cases()[1].args[0].tolist()
    assert repr(second).startswith("scores = array of shape (5,), float64: [")
    second[0][:] = 0  # a copy, as the next one is
    assert wrong(*EXERCISE.case(2)).tolist() == wrong(EXERCISE.cases()[1].args[0]).tolist()


@pytest.mark.parametrize("number", [0, 4, -1, 1.5, "2", None, True])
def test_a_case_that_does_not_exist_is_a_clear_error(number):
    with pytest.raises(ValueError, match=r"There is no case .* has the cases 1 to 3\. Write check"):
        EXERCISE.case(number)


def test_inputs_by_name_take_the_place_that_the_task_gives_them():
    def powers(x, power=2, root=1, *, base=10):
        return base * x ** (power / root)

    exercise = softmax_exercise(
        cases=lambda rng: [Case((3.0,), {"root": 2}), Case((3.0,), {"base": 2})],
        expected=powers,
        reference=powers,
        mistakes=(),
    )
    assert exercise.case(1) == (3.0, 2, 2)
    assert repr(exercise.case(1)) == "x = 3; power = 2; root = 2"
    assert (exercise.case(2), exercise.case(2).named) == ((3.0,), {"base": 2})
    text = " ".join(text_of(exercise, lambda x, root=2, base=10: 0 if base == 2 else 30).split())
    assert "softmax(*check.softmax.case(2), **check.softmax.case(2).named)" in text
    assert powers(*exercise.case(2), **exercise.case(2).named) == 18.0


def test_arrays_and_lists_are_shown_whole_with_digits_that_let_them_differ():
    def feedback(expected, received):
        exercise = softmax_exercise(
            cases=lambda rng: [Case((1,), expected=expected)], reference=softmax, mistakes=()
        )
        return " ".join(exercise.feedback(lambda s: received).text().split())

    thirds = np.array([1 / 3, 2 / 3])
    text = feedback(thirds, np.array([1 / 3, 0.66667]))
    assert "Expected: array of shape (2,), float64: [0.333333, 0.666667]" in text
    assert "Received: array of shape (2,), float64: [0.333333, 0.66667]" in text
    text = feedback([1, 2, 3], [1, 2])
    assert "expected 3 values, received 2" in text
    assert "Expected: list of length 3: [1, 2, 3] Received: list of length 2: [1, 2]" in text
    text = feedback(thirds, thirds[:1])
    assert "Expected: array of shape (2,), float64: [0.33333, 0.66667] Received: array" in text
    long = np.arange(30.0)
    assert "27., 28., 29.] Received" in feedback(long, long + 1)
    nested = feedback([[0.5, [1, 2]], {"a": 3}], [[0.5, [1, 2]], {"a": 4}])
    assert "Expected: list of length 2: [[0.5, [1, 2]], {'a': 3}]" in nested
    assert "Expected:" not in feedback(2 / 3, 0.66667)  # the sentence says it all
    assert "expected 0.666667, received 0.66667." in feedback(2 / 3, 0.66667)


def test_an_input_that_is_changed_is_called_by_its_name():
    def cases(rng):
        yield Case((2.0, np.array([1.0, 2.0])))

    def divided(by, scores):
        return scores / by

    def in_place(by, scores):
        scores /= by
        return scores

    options = {"cases": cases, "expected": divided, "reference": divided, "mistakes": ()}
    assert "your code changes scores in place" in text_of(softmax_exercise(**options), in_place)
    forbidden = softmax_exercise(**options, keeps_inputs=True)
    text = " ".join(text_of(forbidden, in_place).split())
    assert "your code changes scores in place, which the task forbids" in text


# --- single precision ---------------------------------------------------------------------------


def single_exercise(**changes) -> Function:
    def cases(rng):
        yield Case((rng.normal(size=(3, 4)),))
        yield Case((1e3 * rng.normal(size=(2, 4)),))

    def means(x):
        return np.exp(x / 1e3).mean(axis=1)

    options = {"cases": cases, "expected": means, "reference": means, "mistakes": ()}
    return softmax_exercise(**(options | changes))


def single(x):
    return np.exp(x.astype(np.float32) / 1e3).mean(axis=1, dtype=np.float32) * np.float32(1 + 9e-6)


IN_SINGLE_PRECISION = [
    single,
    lambda x: single(x).tolist(),
    lambda x: torch.tensor(single(x)),
    lambda x: [torch.tensor(number, requires_grad=True) for number in single(x)],
    lambda x: single(x).astype(np.float64),
    lambda x: list(single(x)),
]


@pytest.mark.parametrize("answer", IN_SINGLE_PRECISION)
def test_an_answer_in_single_precision_is_judged_with_its_tolerance(answer):
    assert single_exercise().evaluate(answer).status == "solved"
    assert single_exercise(double_precision=True).evaluate(answer).status == "wrong"


def test_an_answer_in_double_precision_is_not():
    def answer(x):
        return np.exp(x / 1e3).mean(axis=1) * (1 + 9e-6)

    assert single_exercise().evaluate(answer).status == "wrong"


def test_a_wrong_answer_in_single_precision_stays_wrong():
    assert single_exercise().evaluate(lambda x: single(x) * 1.0001).status == "wrong"


# --- what other code may ask of an exercise -----------------------------------------------------


def test_the_feedback_is_what_a_check_shows_and_is_not_recorded(capsys):
    for answer in (softmax, EXERCISE.mistakes[0].answer, ...):
        block = EXERCISE.feedback(answer)
        assert progress.attempts() == []
        EXERCISE.preview(answer)
        assert capsys.readouterr().out == f"{block.text()}\n"
    EXERCISE(softmax)
    assert capsys.readouterr().out == f"{EXERCISE.feedback(softmax).text()}\n"


def test_trials_tell_what_an_answer_did_on_each_case():
    trials = EXERCISE.trials(lambda s: softmax(s) if len(s) == 2 else s)
    assert [trial.number for trial in trials] == [1, 2, 3]
    assert [trial.passed for trial in trials] == [True, False, True]
    assert [trial.failed for trial in trials] == [False, True, False]
    assert all(trial.reached for trial in trials)
    assert trials[1].problem == "5 of 5 entries differ"
    assert trials[1].outcome.value.tolist() == trials[1].case.args[0].tolist()
    assert trials[1].expected.tolist() == pytest.approx(softmax(trials[1].case.args[0]))
    assert EXERCISE.verdict(trials) == EXERCISE.evaluate(lambda s: softmax(s) if len(s) == 2 else s)


@needs_alarms
def test_cases_behind_the_time_limit_are_neither_passed_nor_failed():
    trials = FAST.trials(lambda s: softmax(s) if s[0] == 0 else spin(s))
    assert [trial.passed for trial in trials] == [True, False, False]
    assert [trial.failed for trial in trials] == [False, True, False]
    assert [trial.reached for trial in trials] == [True, True, False]
    assert FAST.recognise(trials) is None


def test_no_mistake_is_named_where_the_time_limit_left_too_little_to_see():
    def wrong_for_two(scores):
        return softmax(scores) + (scores[-1] == math.log(3.0))

    mistake = Mistake("one more", wrong_for_two, "Leave the 1 out.")
    exercise = softmax_exercise(mistakes=[mistake])
    first, second, third = exercise.trials(wrong_for_two)
    assert exercise.recognise([first, second, third]) is mistake
    assert exercise.recognise([first, second, Trial(3, third.case)]) is None


def test_trials_can_be_compared_with_any_wrong_answer():
    fault = EXERCISE.known_fault(lambda s: softmax(s) / 2)
    assert fault.explains(EXERCISE.trials(lambda s: 0.5 * by_torch(s)))
    assert not fault.explains(EXERCISE.trials(lambda s: softmax(s) / 3))
    assert not fault.explains(EXERCISE.trials(softmax))


def test_what_is_remembered_of_a_fault_holds_no_inputs_and_no_frames():
    exercise = softmax_exercise()
    case = exercise.cases()[0]
    axis_1 = exercise.known_fault(EXERCISE.mistakes[4].answer)
    behaviour = axis_1.behaviour(1, case)
    assert behaviour.raised
    assert behaviour.problem.startswith("your code raised AxisError")
    assert vars(behaviour).keys() == {"problem", "raised", "value", "timed_out"}
    assert behaviour.value is None
    assert exercise.known_fault(softmax).behaviour(1, case).value is None  # right: not needed


@pytest.mark.parametrize("kind", [Function, Bug, Value, Choice])
def test_an_author_sees_every_argument_with_its_type_and_its_meaning(kind):
    headings = re.findall(r"^([a-z_, ]+?)(?: :|$)", inspect.getdoc(kind), re.MULTILINE)
    names = {name for heading in headings for name in heading.split(", ")}
    _self, id, *others = inspect.signature(kind.__init__).parameters.values()
    assert id.name == "id"
    for parameter in others:
        assert parameter.kind is inspect.Parameter.KEYWORD_ONLY, parameter
        assert parameter.annotation is not inspect.Parameter.empty, parameter
        assert parameter.name in names, parameter


# --- answers of every kind ----------------------------------------------------------------------


class Callable:
    def __call__(self, scores):
        return softmax(scores)

    def method(self, scores):
        return softmax(scores)

    @staticmethod
    def static(scores):
        return softmax(scores)


class Module(torch.nn.Module):
    def forward(self, scores):
        return torch.softmax(torch.as_tensor(scores), 0)


def with_temperature(temperature, scores):
    return softmax(scores / temperature)


@pytest.mark.parametrize(
    "answer",
    [
        lambda scores: softmax(scores),
        Callable(),
        Callable().method,
        Callable.static,
        Module(),
        functools.partial(with_temperature, 1.0),
        functools.lru_cache(lambda *a: a) and functools.wraps(softmax)(lambda s: softmax(s)),
        functools.partial(torch.nn.functional.softmax, dim=0) and by_torch,
    ],
)
def test_every_kind_of_callable_may_be_the_answer(answer):
    assert EXERCISE.evaluate(answer).status == "solved"


def test_a_builtin_may_be_the_answer():
    exercise = softmax_exercise(
        cases=lambda rng: [Case(([3, 1, 2],))], expected=max, reference=max, mistakes=()
    )
    assert exercise.evaluate(max).status == "solved"
    assert exercise.evaluate(min).status == "wrong"
    assert exercise.evaluate(np.max).status == "solved"


def test_classes_are_used_as_the_exercise_says():
    class Counter:
        def __init__(self, start):
            self.count = start

        def add(self, number):
            self.count += number
            return self.count

    class Forgets(Counter):
        def add(self, number):
            return number

    def use(answer, start, numbers):
        counter = answer(start)
        return [counter.add(number) for number in numbers]

    exercise = softmax_exercise(
        cases=lambda rng: [Case((0, [1, 2])), Case((5, [1]))],
        expected=lambda start, numbers: np.cumsum([start, *numbers])[1:].tolist(),
        reference=Counter,
        use=use,
        mistakes=(Mistake("forgets", Forgets, "Keep the sum."),),
    )
    assert exercise.evaluate(Counter).status == "solved"
    assert exercise.evaluate(Forgets).mistake.name == "forgets"
    text = text_of(exercise, lambda start: None)
    assert "AttributeError" in text
    text = text_of(exercise, 3)
    assert "takes the function itself" in text


@pytest.mark.parametrize("answer", [None, 3, "softmax", np.ones(2), softmax(np.ones(2))])
def test_a_result_in_the_place_of_the_function_is_explained(answer):
    result = EXERCISE.evaluate(answer)
    assert result.status == "wrong"
    assert "takes the function itself" in result.lines[0]
    assert "check.softmax(your_function)" in result.lines[0]


# --- what the engine survives -------------------------------------------------------------------


def test_an_answer_that_raises_shows_the_readers_own_lines():
    def helper(scores):
        return np.linalg.inv(scores)

    def answer(scores):
        return helper(scores)

    result = EXERCISE.evaluate(answer)
    assert result.status == "wrong"
    shown = "\n".join(result.lines)
    assert "your code raised LinAlgError" in shown
    assert "in answer, line" in shown
    assert "return helper(scores)" in shown
    assert "in helper, line" in shown
    assert "return np.linalg.inv(scores)" in shown
    for foreign in ("guarding", "functions.py", "site-packages", "linalg/", "guarded_call"):
        assert foreign not in shown


def test_a_wrong_signature_shows_the_right_one():
    text = text_of(EXERCISE, lambda: 1)
    assert "your code raised TypeError" in text
    assert "The signature is softmax(scores)." in text


class Mute(Exception):
    def __str__(self):
        raise RuntimeError("no")


def raise_(error):
    raise error


WRONG = {
    "None": lambda s: None,
    "text": lambda s: "0.25 0.75",
    "bytes": lambda s: b"0.25",
    "object": lambda s: object(),
    "class": lambda s: Callable,
    "function": lambda s: softmax,
    "generator": lambda s: (x for x in softmax(s)),
    "set": lambda s: set(softmax(s)),
    "dict": lambda s: dict(enumerate(softmax(s))),
    "scalar": lambda s: 0.5,
    "matrix": lambda s: softmax(s)[None],
    "column": lambda s: [[x] for x in softmax(s)],
    "empty": lambda s: np.array([]),
    "ragged": lambda s: [[1.0], [1.0, 2.0]],
    "complex": lambda s: softmax(s) + 0j,
    "bool": lambda s: softmax(s) > 0.5,
    "strings": lambda s: [str(x) for x in softmax(s)],
    "objects": lambda s: np.array([object()] * len(s)),
    "dates": lambda s: np.array(["2020-01-01"] * len(s), dtype="datetime64[D]"),
    "records": lambda s: np.zeros(len(s), dtype=[("a", "f8")]),
    "float16": lambda s: softmax(s).astype(np.float16) * 0.9,
    "integers": lambda s: np.round(softmax(s)).astype(int),
    "meta tensor": lambda s: torch.empty(len(s), device="meta"),
    "meta scalar": lambda s: torch.empty((), device="meta"),
    "sparse": lambda s: torch.ones(len(s)).to_sparse(),
    "nested tensor": lambda s: torch.nested.nested_tensor([torch.ones(1), torch.ones(2)]),
    "quantised": lambda s: torch.quantize_per_tensor(torch.ones(len(s)), 0.1, 0, torch.quint8),
    "gradients": lambda s: torch.ones(len(s), requires_grad=True) * 2,
    "NaN": lambda s: softmax(s) * math.nan,
    "infinity": lambda s: softmax(s) + math.inf,
    "NaN tensor": lambda s: torch.full((len(s),), math.nan),
    "huge array": lambda s: np.zeros(3_000_000),
    "huge list": lambda s: list(range(300_000)),
    "huge text": lambda s: "x" * 3_000_000,
    "exit": lambda s: sys.exit(1),
    "error": lambda s: 1 / 0,
    "long error": lambda s: raise_(ValueError("x" * 100_000)),
    "mute error": lambda s: raise_(Mute()),
    "group": lambda s: raise_(ExceptionGroup("two", [ValueError("a"), TypeError("b")])),
    "recursion": lambda s: WRONG["recursion"](s),
    "system error": lambda s: raise_(MemoryError()),
}


@pytest.mark.parametrize("name", WRONG)
def test_every_wrong_result_is_judged_wrong_in_a_few_lines(name):
    result = EXERCISE.evaluate(WRONG[name])
    assert result.status == "wrong"
    block = EXERCISE.block(result)
    assert len(block.text()) < 3_000
    assert len(block.html()) < 6_000
    assert "0x" not in block.text()


def test_gradients_and_other_dtypes_are_no_fault():
    def with_gradient(scores):
        tensor = torch.tensor(scores, requires_grad=True)
        return torch.softmax(tensor, 0)

    assert EXERCISE.evaluate(with_gradient).status == "solved"
    assert EXERCISE.evaluate(lambda s: softmax(s).astype(np.float32)).status == "solved"
    assert EXERCISE.evaluate(lambda s: softmax(s).astype(np.longdouble)).status == "solved"


class Hostile:
    """Fights back whenever it is looked at."""

    def __init__(self, error: BaseException):
        self.error = error

    def fight(self, *_):
        raise self.error

    __repr__ = __str__ = __eq__ = __len__ = __iter__ = __array__ = __float__ = fight
    __bool__ = __getitem__ = __deepcopy__ = __copy__ = __reduce_ex__ = __contains__ = fight
    __hash__ = None


class Loops:
    """Keeps whoever looks at it busy for ever."""

    def forever(self, *_):
        while True:
            time.sleep(0.001)

    __repr__ = __eq__ = __array__ = forever
    __hash__ = None

    def __deepcopy__(self, memo):
        return self


class Yes:
    """Says yes to everything."""

    def __eq__(self, other):
        return True

    __hash__ = None


@pytest.mark.parametrize(
    "make",  # makes the value: pytest itself would look at it
    [
        lambda: Hostile(RuntimeError("no")),
        lambda: Hostile(SystemExit()),
        lambda: Hostile(GeneratorExit()),
        lambda: Hostile(RecursionError()),
        lambda: [Hostile(SystemExit())],
        lambda: {"a": Hostile(ValueError())},
        Yes,
        pytest.param(Loops, marks=needs_alarms),
        pytest.param(lambda: [Loops()], marks=needs_alarms),
    ],
)
def test_hostile_results_are_judged_wrong(make, impatient):
    result = FAST.evaluate(lambda s: make())
    assert result.status == "wrong"
    assert len(FAST.block(result).text()) < 3_000


def test_changed_inputs_are_told_and_the_data_stay_untouched():
    data = np.array([0.0, 1.0])
    exercise = softmax_exercise(cases=lambda rng: [Case((data,))], expected=by_torch)

    def in_place(scores):
        scores -= scores.max()
        np.exp(scores, out=scores)
        scores /= scores.sum()
        return scores

    result = exercise.evaluate(in_place)
    assert result.status == "solved"
    assert "your code changes scores in place" in " ".join(result.lines)
    assert data.tolist() == [0.0, 1.0]
    assert exercise.evaluate(softmax).lines == ()


def test_an_answer_that_stores_its_results_in_one_buffer_is_judged_call_by_call():
    buffer = np.zeros(2)

    def reuse(scores):
        buffer[:] = softmax(scores)
        return buffer

    exercise = softmax_exercise(
        cases=lambda rng: [Case((np.array([float(i), 0.0]),)) for i in range(4)]
    )
    assert exercise.evaluate(reuse).status == "solved"


def test_random_numbers_are_the_same_after_a_check(monkeypatch):
    rng = np.random.default_rng(0)
    monkeypatch.setattr(sys.modules["__main__"], "rng_of_the_reader", rng, raising=False)

    def draws():
        return [
            random.random(),
            float(np.random.rand()),  # noqa: NPY002
            float(torch.rand(())),
            float(rng.random()),
        ]

    def seed():
        random.seed(1)
        np.random.seed(1)  # noqa: NPY002
        torch.manual_seed(1)
        rng.bit_generator.state = start

    start = rng.bit_generator.state
    seed()
    wanted = draws()
    seed()

    def noisy(scores):
        draws()
        return softmax(scores)

    def noisy_cases(generator):
        return [Case((torch.rand(3).numpy(),)), Case((np.random.rand(2),))]  # noqa: NPY002

    def noisy_expected(scores):
        draws()
        torch.manual_seed(7)
        return by_torch(scores)

    exercise = softmax_exercise(cases=noisy_cases, expected=noisy_expected)
    assert exercise.evaluate(noisy).status == "solved"
    assert exercise.evaluate(lambda s: draws()).status == "wrong"
    value = Value(
        "tests.engine.value", title="V", expected=draws, reference=0, mistakes=(),
        also_correct=(), **TEXTS,
    )  # fmt: skip
    value.evaluate(3)
    exercise.cases()
    assert draws() == wanted


def test_cases_are_the_same_every_time():
    first, second = (
        softmax_exercise(
            cases=lambda rng: [Case((rng.normal(size=2), torch.rand(1), random.random()))]
        ).cases()[0].args
        for _ in range(2)
    )  # fmt: skip
    assert first[0].tolist() == second[0].tolist()
    assert first[1:] == second[1:]


def test_settings_left_by_an_answer_or_a_reader_do_not_matter():
    def spoil(scores):
        np.seterr(invalid="raise")
        torch.set_grad_enabled(False)
        torch.set_default_dtype(torch.float64)
        return softmax(scores)

    before = np.geterr(), torch.is_grad_enabled(), torch.get_default_dtype()
    assert EXERCISE.evaluate(spoil).status == "solved"
    assert (np.geterr(), torch.is_grad_enabled(), torch.get_default_dtype()) == before
    with np.errstate(all="raise"), torch.no_grad():
        assert EXERCISE.evaluate(softmax).status == "solved"
        assert EXERCISE.evaluate(EXERCISE.mistakes[0].answer).mistake.name == "no shift"


def test_prints_are_kept_short_and_shown_only_with_a_failure(capsys):
    def chatty(scores):
        print("here I am\n" * 10_000)
        return softmax(scores)

    assert EXERCISE.evaluate(chatty).status == "solved"
    text = text_of(EXERCISE, lambda s: chatty(s) + 1)
    assert "It printed: 'here I am" in text
    assert len(text) < 2_000
    assert capsys.readouterr() == ("", "")


def test_warnings_of_the_answer_are_told_and_those_of_the_library_are_not(capsys, recwarn):
    def noisy_expected(scores):
        np.log(np.zeros(1))
        return by_torch(scores)

    exercise = softmax_exercise(expected=noisy_expected)
    text = text_of(exercise, lambda s: np.log(s * 0))
    assert "It warned: divide by zero" in text
    assert capsys.readouterr().err == ""
    assert len(recwarn) == 0


def spin(scores):
    while True:
        pass


def swallow(scores):
    while True:
        try:  # noqa: SIM105 - the habit that is tested
            time.sleep(1)
        except:  # noqa: E722
            pass


@needs_alarms
@pytest.mark.parametrize("answer", [spin, swallow])
def test_an_endless_loop_is_stopped_and_explained(answer):
    result = FAST.evaluate(answer)
    assert result.status == "wrong"
    assert "stopped after 0.1 seconds: a loop that never ends" in result.lines[0]
    assert result.passed == 0


@needs_alarms
def test_slow_but_right_answers_are_told_so_with_the_cases_passed():
    def slow(scores):
        time.sleep(0.06)
        return softmax(scores)

    result = FAST.evaluate(slow)
    assert result.status == "wrong"
    assert "stopped after 0.1 seconds" in result.lines[1]
    assert result.passed == 1
    assert result.mistake is None


@needs_alarms
def test_mistakes_that_never_end_or_are_slow_do_not_hold_up_the_others():
    exercise = softmax_exercise(
        seconds=0.2,
        mistakes=(Mistake("spins", spin, "It ends never."), *EXERCISE.mistakes[1:]),
    )
    assert exercise.evaluate(EXERCISE.mistakes[1].answer).mistake.name == "no division"
    assert exercise.evaluate(spin).status == "wrong"


def in_a_thread(function):
    results = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    return results[0]


def test_where_no_alarm_exists_the_reader_is_told():
    result = in_a_thread(lambda: EXERCISE.evaluate(softmax))
    assert result.status == "solved"
    assert "no time limit is possible here" in result.lines[0]
    result = in_a_thread(lambda: EXERCISE.evaluate(lambda s: 1 / 0))
    assert "no time limit is possible here" in result.lines[-1]


def test_where_no_alarm_exists_slow_answers_are_still_cut_between_cases():
    def slow(scores):
        time.sleep(0.15)
        return softmax(scores)

    result = in_a_thread(lambda: FAST.evaluate(slow))
    assert result.status == "wrong"
    assert "stopped after 0.1 seconds" in result.lines[0]


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.text(max_size=10)
    | st.binary(max_size=5)
    | st.builds(np.array, st.lists(st.floats(), max_size=4))
    | st.builds(torch.tensor, st.lists(st.floats(width=32), max_size=4))
    | st.builds(lambda number: (object(), Yes(), Hostile(ValueError()))[number], st.integers(0, 2))
    | st.sampled_from([Callable, softmax, ..., 10**400]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=6,
)
QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@QUICK
@given(values)
def test_arbitrary_results_never_raise_out_of_evaluate(value):
    result = FAST.evaluate(lambda s: value)
    assert result.status == "wrong"
    block = FAST.block(result)
    assert len(block.text()) < 4_000
    block.html().encode()


@QUICK
@given(values)
def test_arbitrary_values_and_letters_never_raise_out_of_evaluate(value):
    for exercise in (VALUE, CHOICE, EXERCISE):
        result = exercise.evaluate(value)
        assert result.status in ("solved", "wrong", "unattempted")
        assert len(exercise.block(result).text()) < 4_000


def change_argument(scores):
    scores[:] = 0


def no_more_output(scores):
    sys.stdout = sys.stderr = None


DEEDS = {
    "changes the argument": change_argument,
    "talks": lambda scores: print("x" * 100_000),
    "closes its mouth": no_more_output,
    "moves away": lambda scores: os.chdir(tempfile.gettempdir()),
    "seeds": lambda scores: (np.random.seed(7), random.seed(7), torch.manual_seed(7)),  # noqa: NPY002
    "other precision": lambda scores: torch.set_default_dtype(torch.float64),
    "no gradients": lambda scores: torch.set_grad_enabled(False),
    "silent division": lambda scores: np.seterr(all="ignore"),
    "strict division": lambda scores: np.seterr(all="raise"),
    "shallow": lambda scores: sys.setrecursionlimit(sys.getrecursionlimit() + 1),
    "deep": lambda scores: DEEDS["deep"](scores),
    "spins": spin,
}
ENDS = [
    lambda value: value,
    lambda value: (value for _ in range(3)),
    lambda value: softmax,
    lambda value: type("Strange", (Exception,), {"__str__": lambda self: 1 / 0})(),
    *(
        lambda value, error=error: throw(error)
        for error in (
            ValueError("no"),
            KeyError(),
            AssertionError("\x00\ud800"),
            SystemExit(3),
            MemoryError(),
            RecursionError(),
            StopIteration(),
            GeneratorExit(),
            Exception(Hostile(ValueError())),
        )
    ),
]


def throw(error):
    raise error


@needs_alarms
@QUICK
@given(st.lists(st.sampled_from(sorted(DEEDS)), max_size=3), st.sampled_from(ENDS), values)
def test_misbehaving_functions_get_an_answer_and_leave_no_trace(deeds, end, value):
    def misbehaves(scores):
        for deed in deeds:
            DEEDS[deed](scores)
        return end(value)

    def state():
        return (
            os.getcwd(),
            torch.get_default_dtype(),
            torch.is_grad_enabled(),
            np.geterr(),
            sys.stdout,
            sys.stderr,
            random.random(),
            np.random.random(),  # noqa: NPY002
            torch.rand(()).item(),
        )

    def seeded():
        random.seed(0)
        np.random.seed(0)  # noqa: NPY002
        torch.manual_seed(0)

    seeded()
    before = state()
    seeded()
    start = time.monotonic()
    result = FAST.evaluate(misbehaves)
    assert time.monotonic() - start < 10
    assert state() == before
    assert result.status == "wrong"
    assert len(FAST.block(result).text()) < 4_000


# --- stubs --------------------------------------------------------------------------------------


def stub(scores): ...


def documented(scores):
    """Softmax of the scores."""
    ...  # noqa: PIE790


def annotated(scores: list, *, axis: int = 0) -> list:
    """Softmax."""
    # your code


class StubClass:
    """A class to fill in."""

    def __init__(self, size): ...

    def forward(self, x):
        """Forward."""
        ...  # noqa: PIE790


class StubWithGivenInit:
    def __init__(self, size):
        self.size = size

    def forward(self, x): ...


@pytest.mark.parametrize(
    "answer",
    [..., stub, documented, annotated, StubClass, StubWithGivenInit, StubClass(1).forward],
)
def test_stubs_are_recognised_and_not_recorded(answer, capsys):
    assert is_stub(answer)
    assert EXERCISE.evaluate(answer).status == "unattempted"
    EXERCISE(answer)
    out = capsys.readouterr().out
    assert "○ Not attempted yet: Softmax" in out
    assert "check.softmax.hint()" in out
    assert progress.attempts() == []
    assert "Progress is not kept" not in out  # it was not even tried


class OneMethodDone:
    def one(self): ...

    def two(self):
        return 2


class OnlyInit:
    def __init__(self):
        self.x = 1


@pytest.mark.parametrize(
    "answer",
    [
        softmax,
        lambda s: 3,
        lambda s: "text",
        lambda s: ...,
        lambda s: s,
        Callable(),
        OneMethodDone,
        OnlyInit,
        int,
        max,
        functools.partial(stub, 1),
        None,
    ],
)
def test_what_holds_code_is_no_stub(answer):
    assert not is_stub(answer)


# --- properties ---------------------------------------------------------------------------------


def shuffled_problem(result, values):
    if sorted(result) != sorted(values):
        return f"these are not the same values: {min(result):g} to {max(result):g}"
    return None if list(result) != list(values) else "the order is as it was"


SHUFFLE = Function(
    "tests.engine.shuffle",
    title="Shuffle",
    cases=lambda rng: [Case((list(range(20)),), check=shuffled_problem)],
    reference=lambda values: list(np.random.permutation(values)),  # noqa: NPY002
    mistakes=(
        Mistake("as it was", lambda values: values, "Nothing moved."),
        Mistake("with replacement", lambda v: random.choices(v, k=len(v)), "Some are twice."),
    ),
    also_correct=(lambda values: random.sample(values, len(values)), lambda v: v[::-1]),
    **TEXTS,
)


def test_properties_are_judged_where_the_result_is_random():
    for answer in (SHUFFLE.reference, *SHUFFLE.also_correct):
        assert SHUFFLE.evaluate(answer).status == "solved"
    for mistake in SHUFFLE.mistakes:
        assert SHUFFLE.evaluate(mistake.answer).mistake is mistake
    # Other random numbers, the same complaint.
    replaced = SHUFFLE.evaluate(lambda v: np.random.choice(v, len(v)))  # noqa: NPY002
    assert replaced.mistake.name == "with replacement"


def test_a_property_that_raises_is_a_failure_of_the_answer_not_of_the_engine():
    assert "`return`" in text_of(SHUFFLE, lambda values: None)
    assert "cannot be judged: received 3" in text_of(SHUFFLE, lambda values: 3)

    def out(result, values):
        if result == 3:
            raise SystemExit

    exercise = softmax_exercise(cases=lambda rng: [Case(([1],), check=out)])
    assert "cannot be judged" in text_of(exercise, lambda values: 3)


# --- find the bug -------------------------------------------------------------------------------


def doubled(x):
    return x + x


BUG = Bug(
    "tests.engine.bug",
    title="A planted bug",
    planted=lambda x: x * x,
    cases=lambda rng: [Case((float(x),)) for x in range(4)],
    expected=lambda x: 2.0 * x,
    reference=doubled,
    mistakes=(
        Mistake("thrice", lambda x: 3 * x, "Once too often."),
        Mistake("one more", lambda x: 2 * x + 1, "Take the one away."),
    ),
    also_correct=(lambda x: 2 * x,),
    **TEXTS,
)


def test_the_planted_fault_is_not_attempted_and_not_recorded():
    result = BUG.evaluate(BUG.planted)
    assert result.status == "unattempted"
    assert "The planted fault is still there" in result.lines[0]
    assert "Case 2: expected 2, received 1." in result.lines[1]
    BUG(BUG.planted)
    assert progress.attempts() == []


def test_layout_comments_and_documentation_make_no_attempt_of_the_planted_fault():
    def squared(x, power=2):
        return [value**power for value in x]

    def documented(x, power=2):
        """Square each value."""
        return [  # one after the other
            value**power for value in x
        ]

    def renamed(x, power=2):
        return [number**power for number in x]

    def cubed(x, power=3):
        return [value**power for value in x]

    assert same_code(documented, squared)
    assert not same_code(renamed, squared)
    assert not same_code(cubed, squared)
    assert not same_code(squared(range(3)), squared)
    assert same_code(Callable, Callable)
    assert not same_code(Callable, Module)


def test_changed_code_that_behaves_like_the_planted_fault_is_not_yet_right():
    result = BUG.evaluate(lambda x: x**2)
    assert (result.status, result.mistake) == ("wrong", None)
    assert result.lines[0].startswith("This still does what the faulty code did: Case 2: expected")
    BUG(lambda x: x**2)
    assert [row["status"] for row in progress.attempts()] == ["wrong"]


def test_the_planted_fault_is_run_once_for_all_answers():
    runs = []

    def planted(x):
        runs.append(x)
        return x * x

    bug = Bug(
        "tests.engine.counted",
        title="Counted",
        planted=planted,
        cases=lambda rng: [Case((float(x),)) for x in range(4)],
        expected=lambda x: 2.0 * x,
        reference=doubled,
        mistakes=BUG.mistakes,
        also_correct=BUG.also_correct,
        **TEXTS,
    )
    for _ in range(3):
        assert bug.evaluate(lambda x: x**2).lines[0].startswith("This still does")
    assert len(runs) == 4


def test_other_faults_and_the_repair_are_judged_as_usual():
    assert BUG.evaluate(doubled).status == "solved"
    assert BUG.evaluate(lambda x: 3 * x).mistake.name == "thrice"
    assert BUG.evaluate(lambda x: 4 * x).status == "wrong"
    assert BUG.evaluate(lambda x: 4 * x).mistake is None
    assert BUG.evaluate(stub).status == "unattempted"
    assert BUG.evaluate(3).status == "wrong"


# --- values -------------------------------------------------------------------------------------

VALUE = Value(
    "tests.engine.value",
    title="A value",
    expected=lambda: 2.5,
    tolerance=0.01,
    reference=2.5,
    mistakes=(Mistake("doubled", 5, "Halve it."), Mistake("a text", "two", "As a number.")),
    also_correct=(np.float32(2.5), torch.tensor(2.5), 2.505),
    **TEXTS,
)


def test_values_pass_within_the_tolerance():
    for answer in (VALUE.reference, *VALUE.also_correct):
        assert VALUE.evaluate(answer).status == "solved"
    assert VALUE.evaluate(2.52).status == "wrong"
    for mistake in VALUE.mistakes:
        assert VALUE.evaluate(mistake.answer).mistake is mistake
    assert VALUE.evaluate(5.005).mistake.name == "doubled"


def value_with(*mistakes, **options):
    return Value(
        "tests.engine.value",
        title="V",
        reference=options["expected"],
        mistakes=[Mistake(str(value), value, "Think again.") for value in mistakes],
        also_correct=(),
        **(TEXTS | options),
    )


def named(exercise, answer):
    mistake = exercise.evaluate(answer).mistake
    return mistake and mistake.answer


def test_a_mistake_is_matched_relatively_and_not_within_the_tolerance():
    small = value_with(0.001, 0.02, 70.0, expected=0.3, tolerance=0.1)
    assert named(small, 0.001) == 0.001
    assert named(small, 0.005) is None
    assert named(small, 0.0) is None
    assert named(small, 70.3) == 70.0
    assert named(small, 70.4) is None
    assert named(small, 69.0) is None


def test_a_rounded_number_stands_for_the_mistake_that_rounds_to_it():
    thirds = value_with(2 / 3, 12.345, expected=9.0, tolerance=0.01)
    assert named(thirds, 0.67) == 2 / 3
    assert named(thirds, 12) == 12.345
    assert named(thirds, 0.7) is None  # one digit says too little
    assert named(thirds, 0.68) is None
    assert named(thirds, 13) is None


def test_the_nearest_mistake_is_named_and_none_where_the_right_value_is_nearer():
    close = value_with(100.0, 100.4, expected=50.0, tolerance=0.001)
    assert named(close, 100.1) == 100.0
    assert named(close, 100.3) == 100.4
    near_the_right = value_with(50.2, expected=50.0, tolerance=0.001)
    assert named(near_the_right, 50.15) == 50.2
    assert named(near_the_right, 50.05) is None


def test_whole_numbers_and_texts_are_no_mistake_unless_they_are_equal():
    counts = value_with(1_000_000, 7, expected=2_000_000, tolerance=0.5)
    assert named(counts, 1_000_000) == 1_000_000
    assert named(counts, 1_000_000.0) == 1_000_000
    assert named(counts, 1_000_001) is None
    words = value_with("yes", expected="no")
    assert named(words, "yes") == "yes"
    assert named(words, "yess") is None


def test_every_number_of_a_pair_must_be_near_the_mistakes():
    pair = value_with((0.5, 2.0), expected=(1.0, 1.0), tolerance=0.01)
    assert named(pair, (0.5, 2.001)) == (0.5, 2.0)
    assert named(pair, [0.5, 2.0]) == (0.5, 2.0)
    assert named(pair, (0.5, 3.0)) is None
    assert named(pair, 0.5) is None


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "Received None: is something missing"),
        (3, "Received 3; wanted is one number, within ±0.01."),
        (math.nan, "Received nan"),
        ([2, 7], "Received list of length 2: [2, 7]; wanted is one single number, within ±0.01."),
        ((0, 714), "pair of numbers. Write a point in the place of the comma: 0.714"),
        ("0,714", "write it without quotation marks and with a point in the place of the comma."),
        ("0.714", "wanted is one number, within ±0.01: write it without quotation marks."),
        ("a lot", "Received 'a lot'; wanted is one number, within ±0.01."),
        (torch.empty((), device="meta"), "device meta"),
    ],
)
def test_a_wrong_value_is_shown_but_the_right_one_is_not(answer, said):
    text = text_of(VALUE, answer)
    assert said in " ".join(text.split())
    assert "2.5" not in text


def test_a_value_that_resists_is_described_by_its_kind():
    assert "an object of type Hostile" in text_of(VALUE, Hostile(SystemExit()))


@needs_alarms
def test_a_value_that_never_lets_itself_be_read(monkeypatch, impatient):
    monkeypatch.setattr("exercises.engine.value.SECONDS", 0.1)
    assert "TimeLimitError while reading it" in text_of(VALUE, Loops())


def test_values_of_other_forms():
    def value(expected):
        return Value(
            "tests.engine.value", title="V", expected=expected, reference=expected, mistakes=(),
            also_correct=(), **TEXTS,
        )  # fmt: skip

    assert "an array of shape (2,)" in text_of(value(np.ones(2)), 3)
    assert "a tuple of 2 values" in text_of(value((1, [1, 2])), 3)
    assert "a dict" in text_of(value({"a": 1}), 3)
    assert "wanted is a text" in text_of(value("yes"), 3)
    assert "wanted is another text" in text_of(value("yes"), "no")
    assert "Received 8; wanted is another whole number." in text_of(value(6), 8)
    assert "Received 6.5; wanted is a whole number." in text_of(value(6), 6.5)
    assert value((1, [1, 2])).evaluate([1, (1, 2)]).status == "solved"
    assert value("yes").evaluate("yes").status == "solved"
    assert value(...).evaluate(...).status == "unattempted"


# --- choices ------------------------------------------------------------------------------------

CHOICE = Choice(
    "tests.engine.choice",
    title="A choice",
    options={
        "a": Option("one", "Too few."),
        "b": Option("two", "Exactly.", right=True),
        "c": Option("three", "Too many."),
    },
    hints=TEXTS["hints"],
)


@pytest.mark.parametrize("answer", ["b", "B", " b ", "b)", "(b)", " B) ", "b."])
def test_a_letter_is_taken_in_any_dress(answer):
    assert CHOICE.evaluate(answer).status == "solved"


def test_every_option_has_its_explanation():
    assert "Exactly." in text_of(CHOICE, "b")
    result = CHOICE.evaluate("c")
    assert result.mistake.name == "answer c"
    assert result.lines == ("You chose c) three", "Too many.")


@pytest.mark.parametrize("answer", ["d", "", "ab", None, 2, True, ["b"]])
def test_what_is_no_option_is_wrong_without_a_name(answer):
    result = CHOICE.evaluate(answer)
    assert (result.status, result.mistake) == ("wrong", None)
    assert 'choose one of "a", "b", "c"' in result.lines[0]


def test_an_open_choice_lists_its_options():
    result = CHOICE.evaluate(...)
    assert result.status == "unattempted"
    assert result.lines[:3] == ("a) one", "b) two", "c) three")


@pytest.mark.parametrize("right", [0, 2])
def test_exactly_one_option_is_right(right):
    options = {str(i): Option("text", "why", right=i < right) for i in range(3)}
    with pytest.raises(ValueError, match="exactly one option"):
        Choice("tests.engine.choice", title="C", options=options, hints=("one", "two"))


# --- the answer that a lesson goes on with -------------------------------------------------------


@pytest.fixture
def fresh():
    """A new exercise of each kind, which nobody has answered in this kernel."""
    return {
        "function": softmax_exercise(),
        "bug": copy.copy(BUG),
        "value": copy.copy(VALUE),
        "choice": copy.copy(CHOICE),
    }


RIGHT = {
    "function": lambda scores: list(softmax(scores)),
    "bug": lambda x: x + x,
    "value": np.float32(2.5),
    "choice": "B",
}
kinds = pytest.mark.parametrize("kind", RIGHT)


@kinds
def test_while_no_answer_has_passed_the_reference_is_accepted(kind, fresh):
    exercise = fresh[kind]
    assert exercise.accepted() == exercise.reference
    exercise(...)
    exercise(exercise.mistakes[0].answer)
    assert exercise.accepted() == exercise.reference


@kinds
def test_the_last_answer_that_passed_is_accepted_whatever_comes_later(kind, fresh):
    exercise = fresh[kind]
    exercise(exercise.reference)
    exercise(RIGHT[kind])
    exercise(exercise.mistakes[0].answer)
    exercise(...)
    assert exercise.accepted() == RIGHT[kind]
    assert type(exercise.accepted()) is type(RIGHT[kind])


@kinds
def test_only_the_check_itself_makes_an_answer_the_accepted_one(kind, fresh):
    exercise = fresh[kind]
    for judge in (exercise.preview, exercise.confirm, exercise.evaluate, exercise.feedback):
        judge(RIGHT[kind])
    assert exercise.accepted() is exercise.reference


def test_functions_and_classes_are_accepted_as_they_are():
    class Softmax:
        def __new__(cls, scores):
            return softmax(scores)

    class Course:
        def softmax(self, scores):
            return softmax(scores)

    for answer in (Softmax, Course().softmax, functools.partial(softmax)):
        exercise = softmax_exercise()
        exercise(answer)
        assert exercise.accepted() is answer


def pair() -> Value:
    return Value(
        "tests.engine.pair", title="A pair", expected=lambda: [1.0, 2.0], reference=[1.0, 2.0],
        mistakes=(), also_correct=(), **TEXTS,
    )  # fmt: skip


@pytest.mark.parametrize("answer", [[1.0, 2.0], np.array([1.0, 2.0]), torch.tensor([1.0, 2.0])])
def test_a_value_is_accepted_as_it_was_when_it_passed(answer):
    exercise = pair()
    exercise(answer)
    answer[0] = 100.0
    accepted = exercise.accepted()
    assert type(accepted) is type(answer)
    assert list(accepted) == [1.0, 2.0]
    accepted[0] = 100.0
    assert list(exercise.accepted()) == [1.0, 2.0]


def test_an_accepted_reference_may_be_changed_as_well():
    exercise = pair()
    exercise.accepted()[0] = 100.0
    assert exercise.reference == [1.0, 2.0]


# --- hints, confirmation, progress --------------------------------------------------------------


def test_hints_come_in_order_and_start_again(capsys):
    exercise, shown = softmax_exercise(), []
    for _ in range(3):
        exercise.hint()
        shown.append(capsys.readouterr().out)
    assert "Hint 1 of 2" in shown[0]
    assert "Look at the scores." in shown[0]
    assert "Hint 2 of 2" in shown[1]
    assert "Subtract the largest." in shown[1]
    assert shown[2] == shown[0]
    exercise.hint(all=True)
    out = capsys.readouterr().out
    assert out.index("Hint 1 of 2") < out.index("Hint 2 of 2")
    exercise.hint()
    assert "Hint 2 of 2" in capsys.readouterr().out
    assert progress.attempts() == []


def test_a_check_shows_and_records(capsys):
    EXERCISE(softmax)
    assert capsys.readouterr().out.startswith("✓ Solved: Softmax (3 of 3 cases pass)\n  Carry on.")
    EXERCISE(EXERCISE.mistakes[0].answer)
    assert capsys.readouterr().out.startswith("✗ Not yet: Softmax\n  This looks like: no shift.")
    EXERCISE(lambda s: 0)
    EXERCISE()
    assert capsys.readouterr().out.count("○ Not attempted yet") == 1
    rows = [(row["exercise"], row["status"], row["mistake"]) for row in progress.attempts()]
    assert rows == [
        ("tests.engine.softmax", "solved", ""),
        ("tests.engine.softmax", "wrong", "no shift"),
        ("tests.engine.softmax", "wrong", ""),
    ]
    assert progress.solved() == {"tests.engine.softmax"}


def test_after_the_second_failed_try_the_way_to_the_solution_is_offered(capsys):
    exercise = softmax_exercise()
    wrong, outputs = exercise.mistakes[1].answer, []
    exercise(stub)
    for _ in range(5):
        exercise.preview(wrong)
        exercise.evaluate(wrong)
    for _ in range(3):
        capsys.readouterr()
        exercise(wrong)
        outputs.append(capsys.readouterr().out)
    first, second, third = outputs
    assert first.endswith("For a hint run check.softmax.hint().\n")
    offer = "; the lesson's own solution is in the folded cell below the exercise."
    assert second == third
    assert " ".join(second.split()) == " ".join(first.split())[:-1] + offer
    assert len(progress.attempts()) == 3
    exercise(stub)
    exercise(softmax)
    exercise.preview(wrong)
    assert "folded cell" not in capsys.readouterr().out


def test_a_second_run_says_the_same(capsys):
    outputs = []
    for _ in range(2):
        softmax_exercise()(EXERCISE.mistakes[1].answer)
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1]
    assert len(progress.attempts()) == 2


@pytest.mark.parametrize("strict", ["1", "0", ""])
def test_a_right_solution_is_confirmed_and_not_recorded(strict, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_STRICT", strict)
    EXERCISE.confirm(softmax)
    CHOICE.confirm("b")
    out = capsys.readouterr().out
    assert "✓ This solution passes all 3 cases: Softmax" in out
    assert "✓ This solution passes: A choice" in out
    assert progress.attempts() == []


@pytest.mark.parametrize("wrong", [lambda s: s, stub, ..., None])
def test_a_wrong_solution_raises_only_where_strictness_is_asked_for(wrong, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_STRICT", "1")
    with pytest.raises(SolutionError, match=r"tests\.engine\.softmax"):
        EXERCISE.confirm(wrong)
    shown = capsys.readouterr().out
    assert shown.startswith(("✗", "○"))
    monkeypatch.delenv("COURSE_STRICT")
    EXERCISE.confirm(wrong)
    assert capsys.readouterr().out == shown
    assert progress.attempts() == []


def test_what_a_check_says_of_itself():
    assert "call it with your answer" in repr(EXERCISE)
    assert "tests.engine.bug" in repr(BUG)


def test_progress_that_cannot_be_kept_does_not_hide_the_feedback(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "file" / "progress.sqlite3"))
    EXERCISE(softmax)
    out = capsys.readouterr().out
    assert "✓ Solved" in out
    assert "Progress is not kept at the moment" in out


# --- whose fault it is --------------------------------------------------------------------------


def by_an_author(function):
    """As if it stood in a file of exercises, whose lines are not the reader's."""
    function.__code__ = function.__code__.replace(co_filename=guarding.__file__)
    return function


@by_an_author
def descend(answer, weight):
    """An exercise's `use`: the gradient of the loss that the answer returns."""
    weight = torch.tensor(weight, requires_grad=True)
    loss = answer(weight)
    if not isinstance(loss, torch.Tensor):
        raise UnusableError(f"the loss must be a tensor: received {loss!r}")
    loss.backward()
    return weight.grad


def square(weight):
    return (weight**2).sum()


def descent(**changes) -> Function:
    options = {
        "cases": lambda rng: [Case((np.array([1.0, 2.0]),)), Case((np.array([3.0]),))],
        "expected": lambda weight: 2 * weight,
        "reference": square,
        "use": descend,
    }
    return softmax_exercise(**(options | changes))


def test_an_error_in_an_answer_is_the_answers_however_it_is_used():
    text = text_of(descent(), lambda weight: weight.nonsense)
    assert "your code raised AttributeError" in text
    assert "in <lambda>, line" in text
    text = text_of(descent(), lambda: 1)
    assert "your code raised TypeError" in text
    assert "The signature is softmax(weight)." in text
    assert "your code raised TypeError" in text_of(descent(), functools.partial(math.sqrt, 1, 2))


def test_an_error_of_what_is_done_with_a_result_is_not_the_answers():
    text = text_of(descent(), lambda weight: weight**2)
    assert "your code raised" not in text
    assert "the check cannot go on with what your code returned: tensor of shape (2,)" in text
    assert "the loss must be a tensor: received 5.0" in text_of(
        descent(), lambda w: square(w).item()
    )
    assert "`return`" in text_of(descent(), lambda weight: None)
    assert descent().evaluate(square).status == "solved"


def test_an_error_in_lines_of_the_answer_that_run_later_is_the_answers():
    def later(weight):
        yield weight.nonsense

    exercise = descent(use=by_an_author(lambda answer, weight: list(answer(weight))))
    assert "your code raised AttributeError" in text_of(exercise, later)


def test_of_a_class_what_does_not_fit_is_the_answers():
    class Model:
        def loss(self, weight):
            return weight**2

    @by_an_author
    def use(answer, weight):
        weight = torch.tensor(weight, requires_grad=True)
        answer().loss(weight).backward()
        return weight.grad

    class Nothing:
        pass

    class Right:
        loss = staticmethod(square)

    exercise = descent(use=use, reference=Right)
    assert exercise.evaluate(Right).status == "solved"
    assert "'Nothing' object has no attribute 'loss'" in text_of(exercise, Nothing)
    text = text_of(exercise, Model)
    assert "the check cannot go on with what your code returned" in text
    assert "your code raised" not in text


@by_an_author
def broken(*_, **__):
    return {}["a name that was mistyped"]


@pytest.mark.parametrize(
    "fault",
    [
        {"expected": broken},
        {"cases": broken},
        {"cases": lambda rng: [Case(([1.0],), check=broken)]},
        {"use": broken},
        {"use": by_an_author(lambda answer, scores: broken(answer(scores)))},
    ],
    ids=["expected", "cases", "check", "use before the call", "use after it"],
)
def test_an_error_of_the_check_itself_is_admitted_and_not_recorded(fault, capsys):
    exercise = softmax_exercise(**fault)
    for answer in (softmax, lambda scores: 3):
        exercise(answer)
        out = capsys.readouterr().out
        assert "○ Not judged: Softmax" in out
        assert "This check failed itself, and your answer is not to blame: KeyError" in out
        assert "tests.engine.softmax" in out
    assert progress.attempts() == []


def test_an_error_of_a_values_check_is_admitted_too():
    value = Value(
        "tests.engine.value", title="V", expected=broken, reference=0, mistakes=(),
        also_correct=(), **TEXTS,
    )  # fmt: skip
    assert value.evaluate(3).status == "unjudged"


def test_a_check_may_say_in_its_own_words_what_it_cannot_use():
    def rows(result, values):
        if len(result) != len(values):
            raise UnusableError("one number for each value is needed")

    exercise = softmax_exercise(cases=lambda rng: [Case((np.ones(2),), check=rows)])
    assert "one number for each value is needed." in text_of(exercise, lambda values: [1])
    assert exercise.evaluate(softmax).status == "solved"


def test_gradients_are_cut_off_before_a_result_is_looked_at():
    def plain(result, values):
        parts = [result["rows"][0], *result["pair"]]
        return None if [part.numpy().tolist() for part in parts] == [2.0, 3.0, 4.0] else "no"

    def answer(values):
        two, three, four = (torch.tensor(x, requires_grad=True) for x in (2.0, 3.0, 4.0))
        return {"rows": [two * 1], "pair": (three, four)}

    exercise = softmax_exercise(cases=lambda rng: [Case((1,), check=plain)], reference=answer)
    assert exercise.evaluate(answer).status == "solved"
    # Rows of rows, which NumPy cannot read while they carry gradients.
    one = torch.ones((), requires_grad=True)
    exercise = softmax_exercise(cases=lambda rng: [Case((1,), expected=np.ones((2, 1)))])
    assert exercise.evaluate(lambda values: [[one], [one]]).status == "solved"


# --- the time of a whole check ------------------------------------------------------------------


def spins(*_):
    while True:
        pass


def spins_on_many(scores):
    return softmax(scores) if len(scores) == 2 else spins()


FOREVER = (Mistake("spins", spins, "It ends never."), Mistake("later", spins_on_many, "Nor this."))


@needs_alarms
@pytest.mark.parametrize("answer", [spins, spins_on_many, lambda s: s * 0, lambda s: time.sleep(9)])
@pytest.mark.parametrize("kind", [Function, Bug])
def test_a_check_never_takes_twice_its_limit_even_where_its_mistakes_never_end(kind, answer):
    options = {"planted": spins} if kind is Bug else {}
    exercise = kind(
        "tests.engine.forever",
        title="Forever",
        cases=softmax_cases,
        expected=by_torch,
        reference=softmax,
        mistakes=FOREVER,
        also_correct=(),
        seconds=1.0,
        **TEXTS,
        **options,
    )
    for _ in range(2):
        watch = Stopwatch()
        result = exercise.evaluate(answer)
        assert watch.seconds() < 2.0
        as_handed_out = answer is options.get("planted")
        assert result.status == ("unattempted" if as_handed_out else "wrong")
        assert result.mistake is None


@needs_alarms
def test_on_a_busy_computer_the_feedback_says_so(monkeypatch):
    waited = lambda: 0.9 * time.monotonic()  # noqa: E731 - the computer that is pretended
    monkeypatch.setattr(time_limits, "_waited_for_a_processor", waited)
    text = " ".join(text_of(FAST, spin).split())
    assert "stopped after 0.1 seconds: a loop that never ends" in text
    assert "or this computer is too busy, for other programs kept your code waiting for" in text
    monkeypatch.setattr(time_limits, "_waited_for_a_processor", lambda: 0.0)
    assert "busy" not in text_of(FAST, spin)


@needs_alarms
def test_a_slow_but_right_answer_passes_on_a_busy_computer(monkeypatch):
    waited = lambda: 0.6 * time.monotonic()  # noqa: E731
    monkeypatch.setattr(time_limits, "_waited_for_a_processor", waited)

    def slow(scores):  # three cases in twice the limit by the clock, less of its own
        time.sleep(0.2)
        return softmax(scores)

    exercise = softmax_exercise(seconds=0.4)
    assert exercise.evaluate(slow).status == "solved"
    monkeypatch.setattr(time_limits, "_waited_for_a_processor", lambda: 0.0)
    assert exercise.evaluate(slow).status == "wrong"
