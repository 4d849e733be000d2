"""What is true of a wrong answer wherever it fails, for mistakes that nobody declared.

:func:`observations` says in at most two sentences which cases pass and which fail, and in which
relation the wrong results stand to the right ones. Both are observations of results: nothing is
said about the code, and nothing that is not true of every failing case.

================  ================================================================================
`word_relations`  how texts, lists and sets that came out stand to the expected ones
`relating`        how numbers do: the simplest relation that holds in every case
`shapes`          numbers in another shape than expected
`places`          where an array is wrong, and only there
`arrangements`    the same numbers in another order or on another scale
`relations`       relations that hold number by number
`quantities`      numbers in the inputs by which a result may be off
`evidence`        how much it says that numbers stand in a relation
================  ================================================================================
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from exercises.engine.cases import Trial
from exercises.engine.comparing import agrees
from exercises.engine.copying import identical
from exercises.engine.observing.evidence import NumberPair
from exercises.engine.observing.relating import number_relation
from exercises.engine.observing.word_relations import list_relation, set_relation, text_relation
from exercises.engine.time_limits import time_limit
from utils.display import is_array, is_number, one_line, to_numpy

SECONDS = 2.0  # the time that each of the two sentences may take
MOST_ENTRIES = 2_000_000  # larger arrays are not searched for relations
MOST_CHARACTERS = 180  # of a sentence that names both the cases that pass and those that fail
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


def is_weak(sentence: str) -> bool:
    """Whether a relation says only to which side results are off, for want of a better one.

    Parameters
    ----------
    sentence : str
        One of those that :func:`observations` returned.

    Returns
    -------
    bool
        False also for the sentence on the cases.

    Examples
    --------
    >>> is_weak("In every case, every number that is wrong is too large.")
    True
    """
    return sentence.endswith(("is too large.", "is too small."))


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
        return _two_lists(groups, all(trial.reached for trial in trials))
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


def _two_lists(groups: Mapping[str, list[str]], all_reached: bool) -> str:
    """Two groups of cases, both in full where they are short, else the shorter one."""
    (first, some), (second, others) = groups.items()
    both = f"{first}: {'; '.join(some)}. {second}: {'; '.join(others)}."
    if max(len(some), len(others)) <= MOST_NAMED and len(both) <= MOST_CHARACTERS:
        return both
    if len(some) <= len(others):
        shorter, longer, members, rest = first, second, some, others
    else:
        shorter, longer, members, rest = second, first, others, some
    one_is_right = "Right for" in groups  # else "all but" would leave open what the others do
    if one_is_right and all_reached and len(members) <= MOST_NAMED and len(rest) > 1:
        return f"{longer} all but: {_listed(members)}."
    return f"{shorter}: {_listed(members)}. {longer} the other {len(rest)}."


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
    clause = _opposite(trials) or relation(results)
    return f"{_where(trials, failed, comparable)}, {clause}." if clause else None


def _where(trials: Sequence[Trial], failed: Sequence[Trial], compared: Sequence[Trial]) -> str:
    """The words that say which cases the relation was seen in: all that it could be seen in."""
    if len(compared) < len(failed):
        others = [trial for trial in failed if all(trial is not each for each in compared)]
        if all(trial.outcome.error is not None or trial.outcome.timed_out for trial in others):
            return "Wherever a wrong result came out"
        if all(trial.reached and trial.expected is not ... for trial in others):
            return "Wherever the result is wrong"  # the others break a promise of another kind
        return "Wherever there was a right result to compare with"
    if len(failed) == 1:
        return "In the case that fails"
    if len(failed) == len(trials):
        return "In every case"
    return "In every case that fails"


def _opposite(trials: Sequence[Trial]) -> str | None:
    """True for False and False for True, in each single case."""
    for trial in trials:
        if not trial.failed or not isinstance(trial.expected, (bool, np.bool_)):
            return None
        if not isinstance(trial.outcome.value, (bool, np.bool_)):
            return None
    if len({bool(trial.expected) for trial in trials}) < 2 or len(trials) < 3:
        return None
    return "True and False are exchanged"


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
    alone = _one_part_alone(results)
    received = [_as_sequence(each.received) for each in results]
    if alone or any(each is None for each in received):
        return alone
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
    if isinstance(expected, tuple):
        return True
    return not any(is_number(item) or isinstance(item, str) for item in expected)


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
    return number_relation(pairs)


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
        truth=expected.dtype.kind == received.dtype.kind == "b",
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
