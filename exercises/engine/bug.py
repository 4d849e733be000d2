"""Exercises that hand out faulty code: find the bug and repair it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from exercises.engine.cases import Case, Trial
from exercises.engine.exercise import SECONDS, Mistake, Result
from exercises.engine.function import Function
from exercises.engine.stubs import same_code


class Bug(Function):
    """Find the bug: the code handed out runs, and is wrong.

    The code that was handed out counts as not attempted; an answer that is written in another way
    and still behaves like it is wrong.

    Parameters
    ----------
    id : str
        ``<chapter>.<lesson>.<name>``.
    title : str
        The title behind "Exercise 1 ·" in the notebook.
    planted : callable
        The faulty code, word for word as the notebook hands it out; comments, layout and a
        docstring may differ.
    cases : callable
        ``cases(rng)`` gives the cases, made with the seeded ``numpy.random.Generator`` that it
        receives.
    reference : callable
        The repaired code as the notebook's solution gives it.
    mistakes : sequence of Mistake
        At least two known wrong repairs with what to tell about them.
    also_correct : sequence of callable
        At least one right repair by another route that must pass too.
    hints : sequence of str
        At least two, from a nudge to nearly there.
    carry_on : str
        The sentence behind a ✓ that carries the idea further.
    expected, use, rtol, atol, seconds, signature, keeps_inputs, no_warnings, double_precision
        As for :class:`Function`.
    equal_mutants, draw
        As for :class:`Function`.

    Examples
    --------
    >>> area = Bug(
    ...     "chapter.lesson.area",
    ...     title="An area that grows too slowly",
    ...     planted=lambda side: side + side,
    ...     cases=lambda rng: [Case((side,)) for side in (1.0, 3.0)],
    ...     expected=lambda side: side**2,
    ...     reference=lambda side: side * side,
    ...     mistakes=[Mistake("a volume", lambda side: side**3, "One factor too many.")],
    ...     also_correct=[lambda side: pow(side, 2)],
    ...     hints=["Try a side of 3.", "Which sign makes an area of two sides?"],
    ...     carry_on="Twice the side gives four times the area.",
    ... )
    >>> area.evaluate(area.planted).status
    'unattempted'
    >>> area.evaluate(lambda side: 2 * side).lines[0]
    'This still does what the faulty code did: Case 1: expected 1, received 2.'
    """

    kind = "find the bug"

    def __init__(
        self,
        id: str,
        *,
        title: str,
        planted: Callable[..., Any],
        cases: Callable[[np.random.Generator], Iterable[Case]],
        reference: Callable[..., Any],
        mistakes: Sequence[Mistake],
        also_correct: Sequence[Callable[..., Any]],
        hints: Sequence[str],
        carry_on: str,
        expected: Callable[..., Any] | None = None,
        use: Callable[..., Any] | None = None,
        rtol: float = 1e-6,
        atol: float = 1e-8,
        seconds: float = SECONDS,
        signature: str | None = None,
        keeps_inputs: bool = False,
        no_warnings: bool = False,
        double_precision: bool = False,
        equal_mutants: Mapping[str, str] | None = None,
        draw: Callable[[np.random.Generator], tuple] | None = None,
    ) -> None:
        super().__init__(
            id,
            title=title,
            cases=cases,
            reference=reference,
            mistakes=mistakes,
            also_correct=also_correct,
            hints=hints,
            carry_on=carry_on,
            expected=expected,
            use=use,
            rtol=rtol,
            atol=atol,
            seconds=seconds,
            signature=signature,
            keeps_inputs=keeps_inputs,
            no_warnings=no_warnings,
            double_precision=double_precision,
            equal_mutants=equal_mutants,
            draw=draw,
        )
        self.planted = planted
        self._planted_fault = self.known_fault(planted)

    def judge(self, answer: Any) -> Result:
        """Try the answer on every case and judge what it did.

        Parameters
        ----------
        answer : Any
            A function, a class, or whatever the reader handed in.

        Returns
        -------
        Result
            The judgement; not attempted where the code is the faulty one, word for word.
        """
        if not same_code(answer, self.planted):
            return super().judge(answer)
        trials = self.trials(answer)
        failed = [trial for trial in trials if trial.failed]
        lines = ["The planted fault is still there."]
        if failed:
            lines = ["The planted fault is still there. What it does:"]
            lines += self._failure_lines(failed[0])
        passed = sum(trial.passed for trial in trials)
        return Result("unattempted", (*lines, *self._notes(trials)), passed, len(trials))

    def verdict(self, trials: Sequence[Trial]) -> Result:
        """Judge a repair by what it does.

        Parameters
        ----------
        trials : sequence of Trial
            What :meth:`trials` returned.

        Returns
        -------
        Result
            As for :class:`Function`; where nothing else is known of it, and it does what the
            planted fault does, that is said.
        """
        result = super().verdict(trials)
        if result.status != "wrong" or result.mistake is not None or not self._as_planted(trials):
            return result
        first, *others = self._failure_lines(next(trial for trial in trials if trial.failed))
        lines = (f"This still does what the faulty code did: {first}", *others)
        return dataclasses.replace(result, lines=(*lines, *self._notes(trials)))

    def _as_planted(self, trials: Sequence[Trial]) -> bool:
        """Whether the trials went as those of the planted fault.

        An answer that the time limit stopped is not compared, and the planted fault is tried once:
        a check takes its own time and little more.
        """
        if any(not trial.reached or trial.outcome.timed_out for trial in trials):
            return False
        return self._planted_fault.explains(trials)

    def _unattempted_lines(self) -> tuple[str, ...]:
        return ("Put the faulty function back and repair it.",)
