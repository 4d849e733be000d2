"""The exercise engine: judge an answer, recognise the mistake behind a wrong one, say so kindly.

An exercise module declares :class:`Function`, :class:`Bug`, :class:`Value` or :class:`Choice`
objects. In the notebook ``check.name(answer)`` judges, ``check.name.hint()`` helps, and
``check.name.confirm(solution)`` shows that the reference solution passes, without counting as the
reader's progress. What the kinds share stands in ``utils.exercise``, exercises answered by code in
``utils.functions``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from utils.comparing import agrees, difference, is_array, is_number
from utils.exercise import SECONDS, Exercise, Mistake, Result, SolutionError, mistake_lines
from utils.functions import Bug, Case, Function, is_stub
from utils.guarding import described, time_limit

__all__ = [
    "Bug",
    "Case",
    "Choice",
    "Exercise",
    "Function",
    "Mistake",
    "Option",
    "Result",
    "SolutionError",
    "Value",
    "is_stub",
]


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


@dataclass(frozen=True)
class Option:
    """One answer of a quiz: its text, whether it is ``right``, and why."""

    text: str
    why: str
    right: bool = False


class Choice(Exercise):
    """Choose one of several options; every option, right or wrong, has its explanation.

    ``options`` maps a letter to an :class:`Option`; exactly one is right. Each wrong option is a
    known mistake.
    """

    kind = "choice"

    def __init__(self, id: str, *, options: dict[str, Option], **shared: Any) -> None:
        right = [letter for letter, option in options.items() if option.right]
        if len(right) != 1:
            raise ValueError(f"{id}: exactly one option must be right, not {len(right)}")
        self.options, letter = options, right[0]
        wrong = [
            Mistake(f"answer {key}", key, option.why)
            for key, option in options.items()
            if not option.right
        ]
        super().__init__(
            id,
            reference=letter,
            mistakes=wrong,
            also_correct=(letter.upper(), f" {letter} ", f"{letter})"),
            carry_on=options[letter].why,
            **shared,
        )

    def _judge(self, answer: Any) -> Result:
        if answer is ...:
            lines = [f"{key}) {option.text}" for key, option in self.options.items()]
            return Result("unattempted", (*lines, "Answer with a letter in quotation marks."))
        # Upper case, spaces and brackets do not matter.
        letter = answer.strip(" ().\t\n").lower() if isinstance(answer, str) else None
        if letter not in self.options:
            letters = ", ".join(f'"{key}"' for key in self.options)
            return Result("wrong", (f"Received {described(answer)}; choose one of {letters}.",))
        if letter == self.reference:
            return Result("solved", (), 1, 1)
        mistake = next(m for m in self.mistakes if m.answer == letter)
        chosen = f"You chose {letter}) {self.options[letter].text}"
        return Result("wrong", (chosen, mistake.why), 0, 1, mistake)
