"""Exercises answered by a letter: choose one of several options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exercises.engine.exercise import Exercise, Mistake, Result
from exercises.engine.guarding import described


@dataclass(frozen=True)
class Option:
    """One answer of a quiz.

    Parameters
    ----------
    text : str
        What the reader chooses.
    why : str
        Why it is right or wrong; told to whoever chooses it.
    right : bool
        Whether it is the right one.
    """

    text: str
    why: str
    right: bool = False


class Choice(Exercise):
    """Choose one of several options; every option, right or wrong, has its explanation.

    Reference, known mistakes and the sentence behind a ✓ follow from the options: each wrong
    option is a known mistake.

    Parameters
    ----------
    id : str
        ``<chapter>.<lesson>.<name>``.
    title : str
        The title behind "Exercise 1 ·" in the notebook.
    options : mapping of str to Option
        The options by their letter (small); exactly one is right.
    hints : sequence of str
        At least two, from a nudge to nearly there.

    Raises
    ------
    ValueError
        When not exactly one option is right.

    Examples
    --------
    >>> planet = Choice(
    ...     "chapter.lesson.planet",
    ...     title="The largest planet",
    ...     options={
    ...         "a": Option("Saturn", "It has the largest rings, but comes second."),
    ...         "b": Option("Jupiter", "It outweighs all others together.", right=True),
    ...     },
    ...     hints=["Its storms are famous.", "It has a red spot."],
    ... )
    >>> print(planet.feedback("A").text())
    ✗ Not yet: The largest planet
      You chose a) Saturn
      It has the largest rings, but comes second.
      For a hint run check.planet.hint().
    """

    kind = "choice"

    def __init__(
        self,
        id: str,
        *,
        title: str,
        options: Mapping[str, Option],
        hints: Sequence[str],
    ) -> None:
        right = [letter for letter, option in options.items() if option.right]
        if len(right) != 1:
            raise ValueError(f"{id}: exactly one option must be right, not {len(right)}")
        letter = right[0]
        wrong = [
            Mistake(f"answer {key}", key, option.why)
            for key, option in options.items()
            if not option.right
        ]
        super().__init__(
            id,
            title=title,
            reference=letter,
            mistakes=wrong,
            also_correct=(letter.upper(), f" {letter} ", f"{letter})"),
            hints=hints,
            carry_on=options[letter].why,
        )
        self.options = dict(options)

    def judge(self, answer: Any) -> Result:
        """Take the letter, in whatever dress, and explain the option chosen.

        Parameters
        ----------
        answer : Any
            A letter; upper case, spaces and brackets do not matter. ``...`` counts as not
            attempted.

        Returns
        -------
        Result
            The judgement.
        """
        if answer is ...:
            lines = [f"{key}) {option.text}" for key, option in self.options.items()]
            return Result("unattempted", (*lines, "Answer with a letter in quotation marks."))
        letter = answer.strip(" ().\t\n").lower() if isinstance(answer, str) else None
        if letter not in self.options:
            letters = ", ".join(f'"{key}"' for key in self.options)
            return Result("wrong", (f"Received {described(answer)}; choose one of {letters}.",))
        if letter == self.reference:
            return Result("solved", (), 1, 1)
        mistake = next(mistake for mistake in self.mistakes if mistake.answer == letter)
        chosen = f"You chose {letter}) {self.options[letter].text}"
        return Result("wrong", (chosen, mistake.why), 0, 1, mistake)
