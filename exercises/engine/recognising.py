"""Recognise a wrong answer by what it does, whatever its code looks like."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np

from exercises.engine.cases import Case, Trial
from exercises.engine.comparing import agrees
from utils.display import is_tensor, to_numpy


@dataclass(frozen=True)
class Behaviour:
    """As much of a trial as is remembered to recognise others like it.

    Parameters
    ----------
    problem : str or None
        What was wrong, in a sentence; None where nothing was.
    raised : bool
        Whether the call raised an error.
    value : Any
        The wrong result; None where the result was right or the call raised.
    timed_out : bool
        Whether the time limit stopped the call: what it would have done is not known.
    """

    problem: str | None
    raised: bool = False
    value: Any = None
    timed_out: bool = False

    @classmethod
    def of(cls, trial: Trial) -> Behaviour:
        """Take from a trial what is to be remembered; inputs, output and traceback are let go.

        Parameters
        ----------
        trial : Trial
            A trial that was reached.

        Returns
        -------
        Behaviour
            What the answer did.
        """
        if not trial.failed:
            return cls(None)
        outcome = trial.outcome
        return cls(trial.problem, outcome.error is not None, outcome.value, outcome.timed_out)


class KnownFault:
    """A wrong answer that other answers are compared with.

    It is run when a case is first asked about and remembered from then on: at most once on each
    case in a process, however many answers are compared with it. Only what a time limit stopped
    is tried again, so that a moment in which the computer was busy is not held against it.

    Parameters
    ----------
    answer : callable
        The wrong answer.
    attempt : callable
        ``attempt(answer, number, case)`` gives the :class:`Trial` of an answer on one case.
    rtol : float
        How far numbers may be apart and count as the same wrong result, as a part of the largest
        of them: an exercise's absolute tolerance would make all small numbers alike.
    """

    def __init__(
        self,
        answer: Callable[..., Any],
        attempt: Callable[[Callable[..., Any], int, Case], Trial],
        *,
        rtol: float,
    ) -> None:
        self.answer = answer
        self.attempt = attempt
        self.rtol = rtol
        self._remembered: dict[int, Behaviour] = {}
        self._never_ended = False  # whether the time limit stopped the last call

    def explains(self, trials: Sequence[Trial]) -> bool:
        """Whether an answer behaves like this one.

        Parameters
        ----------
        trials : sequence of Trial
            What the answer did on each of the exercise's cases.

        Returns
        -------
        bool
            True where both are right on the same cases, and wrong in the same way on all others:
            the same result, or an error of the same kind with the same wording. Where a property
            is judged results may be random, and the same complaint is enough.
        """
        return all(
            self._is_alike(trial, self.behaviour(trial.number, trial.case)) for trial in trials
        )

    def explains_failures(self, trials: Sequence[Trial]) -> bool:
        """Whether an answer is wrong like this one wherever it is wrong.

        An answer may have a guard that this one lacks, and be right on more cases.

        Parameters
        ----------
        trials : sequence of Trial
            What the answer did on each of the exercise's cases.

        Returns
        -------
        bool
            True where each wrong result of the answer is also this one's, where these results
            could hardly agree by chance, see :func:`is_telling`, and where this one is right on
            at least half of the cases on which the answer is.
        """
        failed = [trial for trial in trials if trial.failed]
        if self._never_ended:
            return False
        alike = is_telling(failed) and all(
            self._is_alike(trial, self.behaviour(trial.number, trial.case)) for trial in failed
        )
        passed = sum(trial.passed for trial in trials)
        return alike and self.surplus(trials) <= passed / 2

    def surplus(self, trials: Sequence[Trial]) -> int:
        """How many cases this one gets wrong that an answer gets right.

        Parameters
        ----------
        trials : sequence of Trial
            What the answer did on each of the exercise's cases.

        Returns
        -------
        int
            The fewer, the better this fault describes the answer.
        """
        return sum(
            bool(self.behaviour(trial.number, trial.case).problem)
            for trial in trials
            if trial.passed
        )

    def behaviour(self, number: int, case: Case) -> Behaviour:
        """What this fault does on one case.

        Parameters
        ----------
        number : int
            The place of the case among the exercise's cases, which are always the same; from 1 on.
        case : Case
            The case itself.

        Returns
        -------
        Behaviour
            From memory after the first time.
        """
        if number in self._remembered:
            return self._remembered[number]
        trial = self.attempt(self.answer, number, case)
        behaviour = Behaviour.of(trial)
        self._never_ended = behaviour.timed_out
        if not behaviour.timed_out:
            self._remembered[number] = behaviour
        return behaviour

    def _is_alike(self, trial: Trial, known: Behaviour) -> bool:
        if known.timed_out or trial.outcome.timed_out:
            return False  # two calls that were stopped have nothing else in common
        if trial.failed != bool(known.problem):
            return False
        if not trial.failed:
            return True
        same_complaint = wording(trial.problem) == wording(known.problem)
        raised = trial.outcome.error is not None
        if raised or known.raised:
            # The kind alone would take every NameError for every other one.
            return raised and known.raised and same_complaint
        if trial.case.check is not None and same_complaint:
            return True
        if _is_empty(known.value) and _is_empty(trial.outcome.value):
            return True  # [] and np.zeros((0, 0)) are the same nothing
        atol = self.rtol * magnitude(known.value)
        return agrees(known.value, trial.outcome.value, rtol=self.rtol, atol=atol)


def _is_empty(value: Any) -> bool:
    """Whether a list, an array or a tensor holds no number at all."""
    if isinstance(value, list):
        return all(_is_empty(item) for item in value)
    return (isinstance(value, np.ndarray) or is_tensor(value)) and to_numpy(value).size == 0


def is_telling(failed: Sequence[Trial]) -> bool:
    """Whether wrong results say enough that others which equal them must have the same cause.

    One wrong 0, True or ⅓ may come from anywhere; a wrong 0.3172 and a wrong 1.7096 do not.

    Parameters
    ----------
    failed : sequence of Trial
        Cases on which an answer is wrong.

    Returns
    -------
    bool
        True where a text of some length is among the wrong results, or two different numbers
        that are neither whole nor simple fractions, or several whole numbers that are not all the
        same.
    """
    simple: list[float] = []
    others: set[float] = set()
    for trial in failed:
        if trial.outcome is None or trial.outcome.error is not None:
            continue
        for number, right in _wrong_numbers(trial.outcome.value, trial.expected):
            if isinstance(number, str):
                if len(number) > 3:
                    return True
            elif not np.isfinite(number) or _is_simple(number):
                simple.append(float(number))
            elif right is None or number != np.round(right):
                others.add(round(float(number), 9))
    return len(others) >= 2 or (len(simple) >= 3 and len(set(simple)) >= 2)


def _is_simple(number: float) -> bool:
    """Whether a number is a small whole one or a fraction of two of them."""
    return bool(abs(number) < 20 and np.isclose(number * _BELOW, np.round(number * _BELOW)).any())


_BELOW = np.arange(1, 13)


def _wrong_numbers(received: Any, expected: Any) -> Iterator[tuple[Any, float | None]]:
    """The texts and numbers of a result that are not the expected ones, which stand beside them."""
    if isinstance(received, str):
        yield received, None
    elif isinstance(received, Mapping):
        for key, value in received.items():
            partner = expected.get(key, ...) if isinstance(expected, Mapping) else ...
            yield from _wrong_numbers(value, partner)
    elif isinstance(received, (list, tuple)) and not _is_numeric(received):
        paired = isinstance(expected, (list, tuple)) and len(expected) == len(received)
        for value, partner in zip(received, expected if paired else repeat(...), strict=False):
            yield from _wrong_numbers(value, partner)
    else:
        yield from _wrong_entries(received, expected)


def _is_numeric(value: Any) -> bool:
    try:
        return to_numpy(value).dtype.kind in "biuf"
    except Exception:
        return False


def _wrong_entries(received: Any, expected: Any) -> Iterator[tuple[float, float | None]]:
    try:
        numbers = to_numpy(received).astype(float)
    except Exception:  # no numbers, or a value that resists being read
        return
    try:
        right = to_numpy(expected).astype(float)
    except Exception:
        right = None
    if right is None or right.shape != numbers.shape:
        yield from ((number, None) for number in numbers.ravel()[:1_000])
        return
    for number, wanted in zip(numbers.ravel()[:1_000], right.ravel()[:1_000], strict=True):
        if not np.isclose(number, wanted, rtol=1e-6, atol=0.0, equal_nan=True):
            yield number, wanted


def magnitude(value: Any) -> float:
    """The size of the largest finite number in a value; 0 where there is none.

    Parameters
    ----------
    value : Any
        Numbers, arrays, tensors, or lists, tuples and dictionaries of them.

    Returns
    -------
    float
        At least 0.

    Examples
    --------
    >>> magnitude({"loss": 0.5, "weights": [3, -4.0]})
    4.0
    """
    if isinstance(value, Mapping):
        return max(map(magnitude, value.values()), default=0.0)
    try:
        numbers = np.abs(to_numpy(value).astype(float))
    except Exception:  # no numbers, or a list whose parts have different shapes
        if isinstance(value, (list, tuple)):
            return max(map(magnitude, value), default=0.0)
        return 0.0
    return float(np.max(numbers, initial=0.0, where=np.isfinite(numbers)))


def wording(problem: str) -> str:
    """A problem without its numbers and the names of functions, which differ by chance.

    Parameters
    ----------
    problem : str
        A sentence about what is wrong.

    Returns
    -------
    str
        The sentence with ``#`` in their place.

    Examples
    --------
    >>> wording("your code raised TypeError: mean() takes 2 arguments")
    'your code raised TypeError: # takes # arguments'
    """
    return re.sub(r"[-+]?\d[\d.,e+-]*|[\w.<>]+\(\)", "#", problem)
