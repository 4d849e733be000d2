"""Exercises that hand out faulty code: find the bug and repair it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from exercises.engine.exercise import Result
from exercises.engine.function import Function


class Bug(Function):
    """Find the bug: the stub runs, and is wrong. ``planted`` is the code as the reader gets it.

    An answer that behaves like the planted fault counts as not attempted.
    """

    kind = "find the bug"

    def __init__(self, id: str, *, planted: Callable[..., Any], **shared: Any) -> None:
        super().__init__(id, **shared)
        self.planted = planted

    def _judge(self, answer: Any) -> Result:
        result = super()._judge(answer)
        if result.status != "wrong" or result.mistake or not callable(answer):
            return result
        cases = self.cases()
        outcomes, problems = self._run(answer, cases)
        if len(problems) == len(cases) and self._behaves_like(
            self.planted, cases, outcomes, problems
        ):
            lines = ("The planted fault is still there. What it does:", *result.lines)
            return Result("unattempted", lines, result.passed, result.total)
        return result

    def _unattempted_lines(self) -> tuple[str, ...]:
        return ("Put the faulty function back and repair it.",)
