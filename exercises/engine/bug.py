"""Exercises that hand out faulty code: find the bug and repair it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from exercises.engine.cases import Case, Trial
from exercises.engine.exercise import SECONDS, Mistake, Result
from exercises.engine.function import Function


class Bug(Function):
    """Find the bug: the code handed out runs, and is wrong.

    An answer that behaves like the planted fault counts as not attempted.

    Parameters
    ----------
    id : str
        ``<chapter>.<lesson>.<name>``.
    title : str
        The title behind "Exercise 1 ·" in the notebook.
    planted : callable
        The faulty code as the notebook hands it out; wrong on every case.
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
    >>> area.evaluate(lambda side: 2 * side).status
    'unattempted'
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

    def verdict(self, trials: Sequence[Trial]) -> Result:
        """Judge a repair by what it does.

        Parameters
        ----------
        trials : sequence of Trial
            What :meth:`trials` returned.

        Returns
        -------
        Result
            As for :class:`Function`; not attempted where the planted fault is still there.
        """
        result = super().verdict(trials)
        if result.status != "wrong" or result.mistake is not None:
            return result
        if all(trial.reached for trial in trials) and self._planted_fault.explains(trials):
            lines = ("The planted fault is still there. What it does:", *result.lines)
            return Result("unattempted", lines, result.passed, result.total)
        return result

    def _unattempted_lines(self) -> tuple[str, ...]:
        return ("Put the faulty function back and repair it.",)
