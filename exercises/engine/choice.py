"""Exercises answered by a letter: choose one of several options."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from exercises.engine.exercise import Exercise, Mistake, Result
from exercises.engine.guarding import described


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
