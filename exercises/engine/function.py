"""Exercises answered by code: write a function or a class."""

from __future__ import annotations

import inspect
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from exercises.engine.comparing import NO_RESULT, agrees, clone, difference
from exercises.engine.exercise import SECONDS, Exercise, Mistake, Result, mistake_lines
from exercises.engine.guarding import (
    Outcome,
    alarms_available,
    describe_call,
    described,
    guarded_call,
    kept_state,
    message_of,
    time_limit,
)
from utils.display import describe


@dataclass(frozen=True)
class Case:
    """One input of a function exercise.

    The result is compared with ``expected`` if given, else with the exercise's ``expected``
    function. ``check(result, *args, **kwargs)`` replaces the comparison by a property: it returns
    ``None`` when the property holds and a sentence when it does not.
    """

    args: tuple = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    label: str = ""
    expected: Any = ...
    check: Callable[..., str | None] | None = None


def is_stub(answer: Any) -> bool:
    """Whether ``answer`` is still the placeholder: ``...``, or a body of nothing but ``...``.

    Of a class, all methods must be placeholders; ``__init__`` may be given with the task.
    """
    if answer is ...:
        return True
    if inspect.isclass(answer):
        methods = {name: value for name, value in vars(answer).items() if inspect.isfunction(value)}
        asked = [value for name, value in methods.items() if name != "__init__"]
        return bool(methods) and all(map(is_stub, asked or methods.values()))
    if inspect.ismethod(answer):
        answer = answer.__func__
    if not inspect.isfunction(answer) or answer.__name__ == "<lambda>":
        return False
    code = answer.__code__
    constants = [c for c in code.co_consts if c is not None and c != answer.__doc__]
    return code.co_code in _EMPTY_BODIES and not constants and not code.co_names


def _empty_bodies() -> set[bytes]:
    def plain(): ...

    def documented():
        """Documented."""

    return {function.__code__.co_code for function in (plain, documented)}


_EMPTY_BODIES = _empty_bodies()


def _says_both(problem: str | None) -> bool:
    """Whether ``problem`` names expected and received whole, as it does for single numbers."""
    return bool(problem) and problem.startswith("expected ")


def _wording(problem: str | None) -> str:
    """``problem`` without its numbers and the names of functions, which differ by chance."""
    return re.sub(r"[-+]?\d[\d.,e+-]*|[\w.<>]+\(\)", "#", problem or "")


class Function(Exercise):
    """Write a function (or a class): judged by its results on ``cases``.

    ``cases(rng)`` makes the cases with a seeded generator. ``expected(*args, **kwargs)`` gives the
    right result, from a library or a defining property rather than from ``reference``.
    ``use(answer, *args, **kwargs)`` says how an answer is used; by default it is called.
    Mistakes are recognised by what they *do*: an answer that gives the same results on every case.
    """

    kind = "function"

    def __init__(
        self,
        id: str,
        *,
        cases: Callable[[np.random.Generator], Iterable[Case]],
        expected: Callable[..., Any] | None = None,
        use: Callable[..., Any] | None = None,
        rtol: float = 1e-6,
        atol: float = 1e-8,
        seconds: float = SECONDS,
        **shared: Any,
    ) -> None:
        super().__init__(id, **shared)
        self._cases, self._expected, self._use = cases, expected, use
        self.rtol, self.atol, self.seconds = rtol, atol, seconds
        # The cases are always the same, so what is asked of each is computed once: the right
        # result by the number of the case, a wrong answer's behaviour by answer and number.
        self._right: dict[int, Any] = {}
        self._known: dict[tuple[Callable[..., Any], int], tuple[Outcome, str | None]] = {}

    def cases(self) -> list[Case]:
        """The cases, made anew and always the same."""
        with kept_state(0):  # the cases may use global generators too
            return list(self._cases(np.random.default_rng(0)))

    def _judge(self, answer: Any) -> Result:
        if is_stub(answer):
            return Result("unattempted", self._unattempted_lines())
        if not callable(answer):
            return Result(
                "wrong",
                (
                    f"This check takes the function itself and calls it. It received "
                    f"{described(answer)}. Write its name alone, without brackets behind it: "
                    f"check.{self.name}(your_function)",
                ),
            )
        cases = self.cases()
        outcomes, problems = self._run(answer, cases)
        failures = [i for i, problem in enumerate(problems) if problem]
        notes = self._notes(outcomes)
        if not failures:
            return Result("solved", notes, len(cases), len(cases))
        first = failures[0]
        lines = self._failure_lines(cases[first], first, problems[first], outcomes[first])
        passed = len(cases) - len(failures) - (len(cases) - len(problems))
        if len(problems) == len(cases):
            mistake = self._recognise(cases, outcomes, problems)
        else:  # stopped by the time limit: too little was seen to name a mistake
            mistake = None
        lines = (*mistake_lines(mistake), *lines, *notes)
        return Result("wrong", lines, passed, len(cases), mistake)

    def _unattempted_lines(self) -> tuple[str, ...]:
        return ("Replace the ... by your own code and run the cell again.",)

    def _call(self, answer: Any, case: Case, seconds: float) -> Outcome:
        if self._use is None:
            return guarded_call(answer, case.args, case.kwargs, seconds=seconds)

        def used(*args: Any, **kwargs: Any) -> Any:
            return self._use(answer, *args, **kwargs)

        return guarded_call(used, case.args, case.kwargs, seconds=seconds)

    def _run(self, answer: Any, cases: list[Case]) -> tuple[list[Outcome], list[str | None]]:
        """Outcomes and problems (None: none) case by case, up to the time limit."""
        outcomes: list[Outcome] = []
        problems: list[str | None] = []
        deadline = time.monotonic() + self.seconds
        for index, case in enumerate(cases):
            outcome = self._call(answer, case, deadline - time.monotonic())
            outcomes.append(outcome)
            problems.append(self._problem(case, index, outcome, deadline))
            if outcome.timed_out or time.monotonic() > deadline:
                break
        if len(problems) < len(cases) and not any(problems):
            problems[-1] = self._too_slow()
        return outcomes, problems

    def _too_slow(self) -> str:
        return (
            f"stopped after {self.seconds:g} seconds: a loop that never ends, or far more work "
            "than needed"
        )

    def _problem(self, case: Case, index: int, outcome: Outcome, deadline: float) -> str | None:
        if outcome.timed_out:
            return self._too_slow()
        if outcome.error is not None:
            text = message_of(outcome.error)
            kind = type(outcome.error).__name__
            if isinstance(outcome.error, SystemExit):
                return "your code left Python (exit or quit) instead of returning a result"
            return f"your code raised {kind}: {text}" if text else f"your code raised {kind}"
        try:
            with time_limit(max(deadline - time.monotonic(), 1.0)):
                if case.check is not None:
                    return case.check(outcome.value, *clone(case.args), **clone(case.kwargs))
                expected = self._expected_of(case, index)
                return difference(expected, outcome.value, rtol=self.rtol, atol=self.atol)
        except KeyboardInterrupt:
            raise
        except BaseException:
            if outcome.value is None:
                return NO_RESULT
            return f"the result cannot be judged: received {described(outcome.value)}"

    def _expected_of(self, case: Case, index: int) -> Any:
        if case.expected is not ...:
            return case.expected
        if index not in self._right:
            # The state is the same whatever came before, as it must be for what is kept.
            with kept_state(0):
                self._right[index] = self._expected(*clone(case.args), **clone(case.kwargs))
        return self._right[index]

    def _failure_lines(
        self, case: Case, index: int, problem: str | None, outcome: Outcome
    ) -> tuple[str, ...]:
        label = f" ({case.label})" if case.label else ""
        lines = [
            f"Case {index + 1}{label}: {problem}" + ("" if str(problem)[-1:] in ".?!" else ".")
        ]
        lines.append(f"Input: {describe_call(case.args, case.kwargs)}")
        if outcome.error is not None:
            lines += [f"    {frame}" for frame in outcome.frames]
            if isinstance(outcome.error, TypeError) and not outcome.frames:
                lines.append(f"The signature is {self._signature()}.")
        elif not outcome.timed_out and case.check is None and not _says_both(problem):
            expected = self._expected_of(case, index)
            lines.append(f"Expected: {describe(expected)}")
            lines.append(f"Received: {described(outcome.value)}")
        if outcome.printed:
            lines.append(f"It printed: {describe(outcome.printed)}")
        if outcome.warned:
            lines.append(f"It warned: {outcome.warned[0]}")
        return tuple(lines)

    def _signature(self) -> str:
        try:
            parameters = inspect.signature(self.reference).parameters.values()
        except (TypeError, ValueError):
            return self.name
        bare = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters]
        return f"{self.name}{inspect.Signature(bare)}"

    @staticmethod
    def _notes(outcomes: list[Outcome]) -> tuple[str, ...]:
        notes = []
        changed = next((o.changed for o in outcomes if o.changed), ())
        if changed:
            notes.append(
                f"Note: your code changes {' and '.join(changed)} in place. The check used "
                "copies; in a program the caller's data would now be different."
            )
        if not alarms_available():
            notes.append(
                "Note: no time limit is possible here; stop an endless loop with the ■ button."
            )
        return tuple(notes)

    def _recognise(
        self, cases: list[Case], outcomes: list[Outcome], problems: list[str | None]
    ) -> Mistake | None:
        for mistake in self.mistakes:
            if self._behaves_like(mistake.answer, cases, outcomes, problems):
                return mistake
        return None

    def _behaves_like(
        self,
        wrong: Callable[..., Any],
        cases: list[Case],
        outcomes: list[Outcome],
        problems: list[str | None],
    ) -> bool:
        """Same result on every failing case; right wherever the answer is right.

        Where a property is judged, results may be random: the same complaint is enough.
        """
        for index, case in enumerate(cases):
            outcome, problem = outcomes[index], problems[index]
            other, other_problem = self._behaviour(wrong, case, index)
            if bool(other_problem) != bool(problem):
                return False
            if not problem:
                continue
            if (outcome.error is None) != (other.error is None):
                return False
            if outcome.error is not None:
                # The kind alone would take every NameError for every other one.
                if _wording(problem) != _wording(other_problem):
                    return False
            elif not (
                self._same_value(other.value, outcome.value)
                or (case.check and _wording(problem) == _wording(other_problem))
            ):
                return False
        return True

    def _behaviour(
        self, wrong: Callable[..., Any], case: Case, index: int
    ) -> tuple[Outcome, str | None]:
        """What a known wrong answer does on one case: run the first time it is compared with."""
        if (wrong, index) in self._known:
            return self._known[wrong, index]
        outcome = self._call(wrong, case, self.seconds)
        problem = self._problem(case, index, outcome, time.monotonic() + self.seconds)
        if not outcome.timed_out:  # which a busy machine may have caused
            self._known[wrong, index] = outcome, problem
        return outcome, problem

    def _same_value(self, first: Any, second: Any) -> bool:
        # Wrong results are matched a little more loosely than right ones: another route to the
        # same mistake rounds differently.
        return agrees(first, second, rtol=max(self.rtol, 1e-5), atol=max(self.atol, 1e-7))
