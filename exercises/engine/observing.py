"""What is true of a wrong answer wherever it fails, for mistakes that nobody declared.

:func:`observations` says in at most two sentences which cases pass and which fail, and in which
relation the wrong results stand to the right ones. Both are observations of results: nothing is
said about the code, and nothing that is not true of every failing case.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from exercises.engine.arrangements import order_relation, running_relation, scale_relation
from exercises.engine.cases import Trial
from exercises.engine.comparing import agrees
from exercises.engine.copying import identical
from exercises.engine.evidence import NumberPair, evidence, wrong_entries
from exercises.engine.places import binary_relation, direction, place_relation, single_entry
from exercises.engine.relations import looked_up, unchanged_input, value_relation
from exercises.engine.shapes import shape_relation
from exercises.engine.time_limits import time_limit
from exercises.engine.word_relations import list_relation, set_relation, text_relation
from utils.display import is_array, is_number, one_line, to_numpy

SECONDS = 2.0  # the time that each of the two sentences may take
MOST_ENTRIES = 2_000_000  # larger arrays are not searched for relations
MOST_NAMED = 4  # labels named in a list; of more, the rest is counted


def observations(
    trials: Sequence[Trial],
    *,
    rtol: float = 1e-6,
    atol: float = 1e-8,
    names: Sequence[str] = (),
) -> tuple[str, ...]:
    """Say what is true of every case in which an answer fails.

    Parameters
    ----------
    trials : sequence of Trial
        What the answer did on each of the exercise's cases.
    rtol, atol : float
        The exercise's tolerance.
    names : sequence of str
        What the task calls the inputs that are given by position; "input 1" and so on where there
        are none.

    Returns
    -------
    tuple of str
        At most two sentences: which cases pass and which fail, then the relation between what
        came out and what was expected. Nothing is said where nothing is sure. Never raises
        (but for ``KeyboardInterrupt``), whatever the values do when they are read.

    Examples
    --------
    >>> from exercises.engine.cases import Case
    >>> from exercises.engine.guarding import Outcome
    >>> def trial(number, label, expected, received):
    ...     problem = None if expected == received else "it differs"
    ...     return Trial(number, Case(label=label), Outcome(received), problem, expected)
    >>> for sentence in observations(
    ...     [
    ...         trial(1, "a perfect prediction", 0.0, 0.0),
    ...         trial(2, "one error", 0.135, 0.27),
    ...         trial(3, "two errors", 1.713, 3.426),
    ...     ]
    ... ):
    ...     print(sentence)
    Right for: a perfect prediction. Wrong for: one error; two errors.
    In every case that fails, what came out is twice what was expected.
    """
    sentences = (
        _guarded(which_cases, trials),
        _guarded(lambda given: _relation(given, rtol, atol, names), trials),
    )
    return tuple(sentence for sentence in sentences if sentence)


def _guarded(say: Callable[[Sequence[Trial]], str | None], trials: Sequence[Trial]) -> str | None:
    try:
        with time_limit(SECONDS), np.errstate(all="ignore"):
            return say(trials)
    except KeyboardInterrupt:
        raise
    except BaseException:  # a value may answer every question with an error, or never
        return None


# --- which cases --------------------------------------------------------------------------------


def which_cases(trials: Sequence[Trial]) -> str | None:
    """Name by their labels the cases that pass and those that fail.

    Parameters
    ----------
    trials : sequence of Trial
        The trials; those that were not reached are neither.

    Returns
    -------
    str or None
        None where all fail in the same way, or none does.

    Examples
    --------
    >>> from exercises.engine.cases import Case
    >>> from exercises.engine.guarding import Outcome
    >>> which_cases([Trial(1, Case(), Outcome()), Trial(2, Case(), Outcome(), "it differs")])
    'Right for: case 1. Wrong for: case 2.'
    """
    groups = _groups([trial for trial in trials if trial.reached])
    if len(groups) < 2:
        return None
    if len(groups) == 2:
        return _two_lists(groups)
    largest = max(groups, key=lambda name: len(groups[name]))
    parts = []
    for name, members in groups.items():
        few = name != largest or len(members) <= 2
        parts.append(f"{name}: {_listed(members)}." if few else f"{name}: {_others(members)}.")
    return " ".join(parts)


def _groups(trials: Sequence[Trial]) -> dict[str, list[str]]:
    """The names of the cases by what happened in them."""
    names = _case_names(trials)
    failed = [trial for trial in trials if trial.failed]
    merely_wrong = any(_kind_of_failure(trial) == "Wrong for" for trial in failed)
    errors = {type(t.outcome.error).__name__ for t in failed if t.outcome.error is not None}
    kinds: dict[str, list[str]] = {}
    order = [trial for trial in trials if trial.passed] + failed
    for trial, name in sorted(
        zip(trials, names, strict=True), key=lambda each: order.index(each[0])
    ):
        kind = _kind_of_failure(trial) if trial.failed else "Right for"
        if kind == "An error for":
            # SystemExit is told in other words by the failing case.
            kind = f"{errors.copy().pop()} for" if len(errors) == 1 else kind
        elif kind == "Wrong for" and merely_wrong and (errors or _any_stopped(failed)):
            kind = "A wrong result for"
        kinds.setdefault(kind, []).append(name)
    return kinds


def _any_stopped(trials: Sequence[Trial]) -> bool:
    return any(trial.outcome.timed_out for trial in trials)


def _kind_of_failure(trial: Trial) -> str:
    if trial.outcome.timed_out:
        return "Stopped by the time limit for"
    return "Wrong for" if trial.outcome.error is None else "An error for"


def _case_names(trials: Sequence[Trial]) -> list[str]:
    """Labels, or numbers where there is none; both where a label stands for several cases."""
    labels = [one_line(trial.case.label.strip().rstrip("."), 80) for trial in trials]
    names = []
    for trial, label in zip(trials, labels, strict=True):
        if not label:
            names.append(f"case {trial.number}")
        elif labels.count(label) > 1:
            names.append(f"{label} (case {trial.number})")
        else:
            names.append(label)
    return names


def _two_lists(groups: Mapping[str, list[str]]) -> str:
    """Two groups of cases; of a long list only the number is given, or its beginning."""
    (first, some), (second, others) = groups.items()
    if len(some) <= MOST_NAMED and len(others) <= MOST_NAMED:
        return f"{first}: {_listed(some)}. {second}: {_listed(others)}."
    if len(some) <= len(others):
        return f"{first}: {_listed(some)}. {second} {_rest(others)}."
    if len(others) == 1:
        return f"{first} all but one case: {others[0]}. {second} that one."
    return f"{second}: {_listed(others)}. {first} {_rest(some)}."


def _rest(members: Sequence[str]) -> str:
    return f"the other {len(members)}"


def _others(members: Sequence[str]) -> str:
    return f"the other {len(members)} cases"


def _listed(members: Sequence[str]) -> str:
    if len(members) <= MOST_NAMED + 1:
        return "; ".join(members)
    return f"{'; '.join(members[:MOST_NAMED])}; and {len(members) - MOST_NAMED} more"


# --- the relation -------------------------------------------------------------------------------


def _relation(
    trials: Sequence[Trial], rtol: float, atol: float, names: Sequence[str]
) -> str | None:
    failed = [trial for trial in trials if trial.failed]
    comparable = [
        trial
        for trial in failed
        if trial.reached
        and trial.outcome.error is None
        and not trial.outcome.timed_out
        and trial.expected is not ...
        and not agrees(trial.expected, trial.outcome.value, rtol=rtol, atol=atol)
    ]
    if not comparable:
        return None
    results = [
        Results(trial.expected, trial.outcome.value, _inputs(trial, names), rtol, atol)
        for trial in comparable
    ]
    clause = relation(results)
    return f"{_where(trials, failed, comparable)}, {clause}." if clause else None


def _where(trials: Sequence[Trial], failed: Sequence[Trial], compared: Sequence[Trial]) -> str:
    """The words that say which cases the relation was seen in: all that it could be seen in."""
    if len(compared) < len(failed):
        return "Wherever a wrong result could be compared"
    if len(failed) == 1:
        return "In the case that fails"
    if len(failed) == len(trials):
        return "In every case"
    return "In every case that fails"


def _inputs(trial: Trial, names: Sequence[str]) -> dict[str, Any]:
    """The inputs of a case by the names that a sentence calls them."""
    given = dict(enumerate(trial.case.args))
    named = {names[i] if i < len(names) else f"input {i + 1}": given[i] for i in given}
    return named | dict(trial.case.kwargs)


@dataclass(frozen=True)
class Results:
    """What was expected and what came out in one failing case.

    Parameters
    ----------
    expected, received : Any
        Of any kind.
    inputs : mapping of str to Any
        The inputs by name.
    rtol, atol : float
        The exercise's tolerance.
    """

    expected: Any
    received: Any
    inputs: Mapping[str, Any]
    rtol: float
    atol: float

    def part(self, expected: Any, received: Any) -> Results:
        """The same case with a part of what was expected and of what came out."""
        return replace(self, expected=expected, received=received)

    def is_right(self) -> bool:
        """Whether both agree."""
        return agrees(self.expected, self.received, rtol=self.rtol, atol=self.atol)


def relation(results: Sequence[Results]) -> str | None:
    """The relation between received and expected in all of some failing cases.

    Parameters
    ----------
    results : sequence of Results
        At least one; none of them is right.

    Returns
    -------
    str or None
        A clause that is true of each; None where none was found.

    Examples
    --------
    >>> relation([Results((1.0, 0.52), (0.52, 1.0), {}, 1e-6, 1e-8)])
    'value 1 and value 2 are exchanged'
    """
    if all(each.received is None for each in results):
        return "None came out"
    returned = _returned_input(results)
    if returned:
        return returned
    for kind, clause_of in (
        (str, _of_texts),
        (Set, _of_sets),
        (Mapping, _of_mappings),
        ((list, tuple), _of_sequences),
    ):
        if all(isinstance(each.expected, kind) for each in results):
            return clause_of(results)
    if all(is_number(each.expected) or is_array(each.expected) for each in results):
        return _of_numbers(results) or _one_of_several(results)
    return None


def _returned_input(results: Sequence[Results]) -> str | None:
    """An input that is no array of numbers, handed back as it was."""
    for name in results[0].inputs:
        if all(
            isinstance(each.received, (str, list, tuple, dict, set))
            and len(each.received) > 1
            and isinstance(each.inputs.get(name), type(each.received))
            and identical(each.received, each.inputs[name])
            for each in results
        ):
            return f"what came out is {name}, unchanged"
    return None


# --- results that hold others -------------------------------------------------------------------


def _of_texts(results: Sequence[Results]) -> str | None:
    if not all(isinstance(each.received, str) for each in results):
        return None
    return text_relation([(each.expected, each.received) for each in results])


def _of_sets(results: Sequence[Results]) -> str | None:
    if not all(isinstance(each.received, (Set, list, tuple)) for each in results):
        return None
    return set_relation([(set(each.expected), set(each.received)) for each in results])


def _of_mappings(results: Sequence[Results]) -> str | None:
    if not all(isinstance(each.received, Mapping) for each in results):
        return None
    if any(set(each.expected) != set(each.received) for each in results):
        keys = [(set(each.expected), set(each.received)) for each in results]
        if any(expected == received for expected, received in keys):
            return None
        said = set_relation(keys)
        return f"among the keys, {said}" if said else None
    parts = [
        {key: each.part(each.expected[key], each.received[key]) for key in each.expected}
        for each in results
    ]
    said = _one_wrong_part(parts, lambda key: f"the value under key {one_line(repr(key), 60)}")
    if said:
        return said
    return _of_numbers(
        [
            each.part(list(each.expected.values()), [each.received[key] for key in each.expected])
            for each in results
        ]
    )


def _of_sequences(results: Sequence[Results]) -> str | None:
    received = [_as_sequence(each.received) for each in results]
    if any(each is None for each in received):
        return _one_part_alone(results)
    results = [
        each.part(each.expected, items) for each, items in zip(results, received, strict=True)
    ]
    lengths = {(len(each.expected), len(each.received)) for each in results}
    is_record = len(lengths) == 1 and all(_is_record(each.expected) for each in results)
    if is_record:
        wanted, got = lengths.pop()
        said = _of_records(results) if wanted == got else _part_of_record(results, wanted, got)
        if said:
            return said
    said = _of_numbers(results)
    if said:
        return said
    with contextlib.suppress(TypeError):  # items that cannot be hashed
        pairs = [(_hashable(each.expected), _hashable(each.received)) for each in results]
        return list_relation(pairs)
    return None


def _as_sequence(value: Any) -> Sequence | None:
    if isinstance(value, (list, tuple)):
        return value
    if is_array(value) and len(value.shape) > 0:
        return list(to_numpy(value))
    return None


def _is_record(expected: list | tuple) -> bool:
    """Whether the items are things of their own, as a function returns several results."""
    if not 2 <= len(expected) <= 6:
        return False
    return isinstance(expected, tuple) or not all(is_number(item) for item in expected)


def _hashable(items: Sequence) -> list:
    """Lists and arrays within become tuples, NumPy's numbers Python's."""
    plain = []
    for item in items:
        if is_array(item) or is_number(item):
            item = to_numpy(item).tolist()
        plain.append(tuple(_hashable(item)) if isinstance(item, (list, tuple)) else item)
    hash(tuple(plain))
    return plain


def _of_records(results: Sequence[Results]) -> str | None:
    """Which of several values is wrong, or which two are exchanged."""
    number = len(results[0].expected)
    parts = [
        {
            place: each.part(wanted, got)
            for place, (wanted, got) in enumerate(
                zip(each.expected, each.received, strict=True), start=1
            )
        }
        for each in results
    ]
    return (
        _exchanged(results)
        or _one_wrong_part(parts, lambda place: f"value {place} of {number}")
        or _in_all_wrong_parts(parts)
    )


def _exchanged(results: Sequence[Results]) -> str | None:
    number = len(results[0].expected)
    for first in range(number):
        for second in range(first + 1, number):
            swap = list(range(number))
            swap[first], swap[second] = second, first
            if all(
                each.part(each.expected[place], each.received[other]).is_right()
                for each in results
                for place, other in enumerate(swap)
            ):
                return f"value {first + 1} and value {second + 1} are exchanged"
    return None


def _one_wrong_part(
    parts: Sequence[Mapping[Any, Results]], name: Callable[[Any], str]
) -> str | None:
    """The one part that is wrong in all cases, with what is true of it."""
    wrong = [[key for key, part in each.items() if not part.is_right()] for each in parts]
    if len(parts[0]) < 2 or any(keys != wrong[0] or len(keys) != 1 for keys in wrong):
        return None
    key = wrong[0][0]
    said = relation([each[key] for each in parts])
    only = f"only {name(key)} is wrong"
    return f"{only}; in it, {said}" if said else only


def _in_all_wrong_parts(parts: Sequence[Mapping[Any, Results]]) -> str | None:
    everything = [part for each in parts for part in each.values()]
    wrong = [part for part in everything if not part.is_right()]
    numbers = all(is_number(part.expected) or is_array(part.expected) for part in wrong)
    said = _of_numbers(wrong) if numbers and wrong else None
    if not said:
        return None
    return said if len(wrong) == len(everything) else f"in all values that are wrong, {said}"


def _part_of_record(results: Sequence[Results], wanted: int, got: int) -> str | None:
    if not all(isinstance(each.expected, tuple) for each in results):
        return None
    if got < wanted and all(
        each.part(each.expected[:got], each.received).is_right() for each in results
    ):
        return f"only the first {got} of {wanted} values came out" if got else None
    if got > wanted and all(
        each.part(each.expected, each.received[:wanted]).is_right() for each in results
    ):
        return f"{got} values came out, of which the first {wanted} are right"
    return None


def _one_part_alone(results: Sequence[Results]) -> str | None:
    """One of several expected values in their place."""
    number = len(results[0].expected)
    if any(len(each.expected) != number for each in results) or not 2 <= number <= 6:
        return None
    for place in range(number):
        if all(each.part(each.expected[place], each.received).is_right() for each in results):
            return f"only value {place + 1} of {number} came out"
    return None


def _one_of_several(results: Sequence[Results]) -> str | None:
    """Several values in the place of one of them."""
    if not all(isinstance(each.received, tuple) and each.received for each in results):
        return None
    number = len(results[0].received)
    if any(len(each.received) != number for each in results) or number > 6:
        return None
    for place in range(number):
        if all(each.part(each.expected, each.received[place]).is_right() for each in results):
            return f"{number} values came out in the place of one; value {place + 1} is right"
    return None


# --- numbers ------------------------------------------------------------------------------------


def _of_numbers(results: Sequence[Results]) -> str | None:
    pairs = [_number_pair(each) for each in results]
    if any(pair is None for pair in pairs):
        return None
    if all(pair.received.size == 0 < pair.expected.size for pair in pairs):
        return "an empty list or array came out"
    returned = unchanged_input(pairs)
    if returned:
        return f"what came out is {returned}"
    strange = [_is_strange(pair.received) for pair in pairs]
    if any(strange) and not any(_is_strange(pair.expected) for pair in pairs):
        return _strange(pairs) if all(strange) else None
    if all(pair.same_shape for pair in pairs):
        if all(_is_truth(each) for each in results):
            return _of_truth_values(pairs)
        return _of_same_shape(pairs)
    if any(pair.same_shape for pair in pairs):
        return None
    return shape_relation(pairs)


def _number_pair(result: Results) -> NumberPair | None:
    expected = _numbers(result.expected)
    received = _numbers(result.received)
    if expected is None or received is None or expected.size == 0:
        return None
    inputs = {name: _numbers(value) for name, value in result.inputs.items()}
    return NumberPair(
        expected.astype(float),
        received.astype(float),
        {
            name: array.astype(float)
            for name, array in inputs.items()
            if array is not None and array.dtype.kind != "b" and array.size
        },
        result.rtol,
        result.atol,
        whole=expected.dtype.kind in "biu" and received.dtype.kind in "biu",
    )


def _numbers(value: Any) -> np.ndarray | None:
    """Real numbers as an array; None where the value is something else, or very large."""
    if not (is_number(value) or is_array(value) or isinstance(value, (list, tuple, range))):
        return None
    try:
        array = to_numpy(value)
    except ValueError:
        return None
    if array.dtype.kind not in "biuf" or array.size > MOST_ENTRIES:
        return None
    return array


def _is_strange(numbers: np.ndarray) -> bool:
    return not np.isfinite(numbers).all()


def _strange(pairs: Sequence[NumberPair]) -> str:
    """Where NaN or infinity came out; in every case some did, and none was expected."""
    received = np.concatenate([pair.received.ravel() for pair in pairs])
    strange = received[~np.isfinite(received)]
    if np.isnan(strange).all():
        what = "NaN (not a number)"
    elif np.isinf(strange).all():
        what = "infinity"
    else:
        what = "NaN (not a number) or infinity"
    if received.size == strange.size:
        if all(pair.received.ndim == 0 for pair in pairs):
            return f"{what} came out where a finite number was expected"
        return f"every entry is {what}"
    if all(pair.same_shape and pair.right[np.isfinite(pair.received)].all() for pair in pairs):
        return f"the wrong entries are {what}, and all others are right"
    return f"what came out holds {what}"


def _is_truth(result: Results) -> bool:
    return all(_numbers(x).dtype.kind == "b" for x in (result.expected, result.received))


def _of_truth_values(pairs: Sequence[NumberPair]) -> str | None:
    if any(pair.expected.ndim for pair in pairs):
        return binary_relation(pairs, names=("False", "True"))
    expected = {bool(pair.expected) for pair in pairs}
    if len(pairs) < 2:
        return None
    if len(expected) == 1:
        wanted = expected.pop()
        return f"{not wanted} came out where {wanted} was expected"
    return "True and False are exchanged"


def _of_same_shape(pairs: Sequence[NumberPair]) -> str | None:
    said = _nearly_right(pairs) or _always_the_same(pairs)
    if said:
        return said
    said = value_relation(pairs) or looked_up(pairs)
    if said:
        return f"what came out is {said}"
    said = order_relation(pairs) or running_relation(pairs)
    if said:
        return said
    said, there = place_relation(pairs), _relation_of_wrong_entries(pairs)
    if said:
        told = "came out there" in said or not there
        return said if told else f"{said}; what came out there is {there}"
    said = binary_relation(pairs, names=("0", "1"))
    if said:
        return said
    if there:
        return f"some entries are right; what came out at the wrong ones is {there}"
    return scale_relation(pairs) or single_entry(pairs) or _equal_slices(pairs) or direction(pairs)


def _nearly_right(pairs: Sequence[NumberPair]) -> str | None:
    """Right but for the last digits."""
    if any(pair.whole for pair in pairs):
        return None
    expected, received = map(np.concatenate, zip(*wrong_entries(pairs), strict=True))
    if not expected.size or not np.isfinite(expected).all() or np.any(expected == 0):
        return None
    error = float(np.max(np.abs(received - expected) / np.abs(expected)))
    if not 0 < error < 1e-3:
        return None
    digits = int(-np.log10(error))
    return f"what came out is right to about {digits} digits, and no further"


def _always_the_same(pairs: Sequence[NumberPair]) -> str | None:
    """One number in every place, where different ones were expected."""
    expected = np.concatenate([pair.expected.ravel() for pair in pairs])
    received = np.concatenate([pair.received.ravel() for pair in pairs])
    varied = len(np.unique(expected)) > 1
    if varied and received.size > 2 and len(np.unique(received)) == 1:
        number = f"{received[0]:.4g}".replace("-", "−")
        if all(pair.received.ndim == 0 for pair in pairs):
            return f"the same number came out each time: {number}"
        return f"every entry of what came out is {number}"
    if all(
        pair.received.size > 2
        and len(np.unique(pair.expected)) > 1
        and np.ptp(pair.received) <= 1e-9 * np.abs(pair.received).max()
        for pair in pairs
    ):
        return "all entries of what came out are the same number"
    return None


def _equal_slices(pairs: Sequence[NumberPair]) -> str | None:
    """Rows or columns that are all the same and should not be."""
    if any(pair.expected.ndim != 2 or min(pair.expected.shape) < 2 for pair in pairs):
        return None
    for axis, noun in ((0, "rows"), (1, "columns")):
        if all(
            np.allclose(np.ptp(pair.received, axis=axis), 0)
            and not np.allclose(np.ptp(pair.expected, axis=axis), 0)
            for pair in pairs
        ):
            return f"all {noun} of what came out are the same"
    return None


def _relation_of_wrong_entries(pairs: Sequence[NumberPair]) -> str | None:
    """The relation in which the wrong entries stand to the right ones, where some are right."""
    if not any(pair.right.any() for pair in pairs):
        return None
    wrong = [
        NumberPair(
            pair.expected[pair.wrong],
            pair.received[pair.wrong],
            {
                name: given[pair.wrong] if given.shape == pair.expected.shape else given
                for name, given in pair.inputs.items()
            },
            pair.rtol,
            pair.atol,
            pair.whole,
        )
        for pair in pairs
    ]
    if evidence(wrong_entries(wrong))[2] < 3:
        return None
    return unchanged_input(wrong) or value_relation(wrong)
