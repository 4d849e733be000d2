"""Recognise a wrong answer by what it does, whatever its code looks like."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from exercises.engine.cases import Case, Trial
from exercises.engine.comparing import agrees


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
    """

    problem: str | None
    raised: bool = False
    value: Any = None

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
        return cls(trial.problem, trial.outcome.error is not None, trial.outcome.value)


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
    rtol, atol : float
        How far numbers may be apart and count as the same wrong result, see
        :func:`~exercises.engine.comparing.difference`.
    """

    def __init__(
        self,
        answer: Callable[..., Any],
        attempt: Callable[[Callable[..., Any], int, Case], Trial],
        *,
        rtol: float,
        atol: float,
    ) -> None:
        self.answer = answer
        self.attempt = attempt
        self.rtol = rtol
        self.atol = atol
        self._remembered: dict[int, Behaviour] = {}

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
        if not trial.outcome.timed_out:
            self._remembered[number] = behaviour
        return behaviour

    def _is_alike(self, trial: Trial, known: Behaviour) -> bool:
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
        return agrees(known.value, trial.outcome.value, rtol=self.rtol, atol=self.atol)


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
