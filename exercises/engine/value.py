"""Exercises answered by a value: predict a number, an array or a text."""

from __future__ import annotations

from typing import Any

from exercises.engine.comparing import agrees, difference
from exercises.engine.exercise import SECONDS, Exercise, Result, mistake_lines
from exercises.engine.guarding import described, time_limit
from utils.display import is_array, is_number


class Value(Exercise):
    """Give a value: predict it, then run. ``tolerance`` is absolute and told to the reader."""

    kind = "value"

    def __init__(self, id: str, *, expected: Any, tolerance: float = 1e-6, **shared: Any) -> None:
        """``expected`` is the value, or a function without arguments that computes it."""
        super().__init__(id, **shared)
        self._expected, self.tolerance = expected, tolerance

    def expected(self) -> Any:
        """The right value."""
        return self._expected() if callable(self._expected) else self._expected

    def _judge(self, answer: Any) -> Result:
        if answer is ...:
            return Result("unattempted", (self._invitation(),))
        try:
            with time_limit(SECONDS):
                problem = self._problem(answer)
                if problem is None:
                    return Result("solved", (), 1, 1)
                wrong = (m for m in self.mistakes if self._agrees(m.answer, answer))
                mistake = next(wrong, None)
        except KeyboardInterrupt:
            raise
        except BaseException:
            problem, mistake = f"This cannot be judged: received {described(answer)}.", None
        return Result("wrong", (*mistake_lines(mistake), problem), 0, 1, mistake)

    def _invitation(self) -> str:
        invitation = "Put your value in the place of the ..."
        if isinstance(self.expected(), str) or not self.tolerance:
            return invitation
        return f"{invitation} (accepted within ±{self.tolerance:g})."

    def _agrees(self, value: Any, answer: Any) -> bool:
        return agrees(value, answer, rtol=0.0, atol=self.tolerance)

    def _problem(self, answer: Any) -> str | None:
        if answer is None:
            return "Received None: is something missing on the right of the = sign?"
        expected = self.expected()
        if difference(expected, answer, rtol=0.0, atol=self.tolerance) is None:
            return None
        # The right value is not given away: only what was received, and the form wanted.
        if isinstance(expected, str):
            return f"Received {described(answer)}; wanted is a text."
        return (
            f"Received {described(answer)}; wanted is {self._form(expected)}, "
            f"within ±{self.tolerance:g}."
        )

    @staticmethod
    def _form(expected: Any) -> str:
        if is_number(expected):
            return "one number"
        if is_array(expected):
            return f"an array of shape {tuple(expected.shape)}"
        if isinstance(expected, (list, tuple)):
            return f"a {type(expected).__name__} of {len(expected)} values"
        return f"a {type(expected).__name__}"
