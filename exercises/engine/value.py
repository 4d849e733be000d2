"""Exercises answered by a value: predict a number, an array or a text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from exercises.engine.comparing import agrees, difference
from exercises.engine.exercise import SECONDS, Exercise, Mistake, Result, mistake_lines
from exercises.engine.guarding import described
from exercises.engine.time_limits import time_limit
from utils.display import is_array, is_number


class Value(Exercise):
    """Give a value: predict it, then run.

    Parameters
    ----------
    id : str
        ``<chapter>.<lesson>.<name>``.
    title : str
        The title behind "Exercise 1 ·" in the notebook.
    expected : Any
        The right value (a number, array, text, or a list, tuple or dictionary of them), or a
        function without arguments that computes it.
    reference : Any
        The value as the notebook's solution gives it.
    mistakes : sequence of Mistake
        At least two wrong values with what to tell about them; a value within ``tolerance`` of
        one of them is recognised.
    also_correct : sequence
        At least one value of another form (a tensor, a rounded number) that must pass too.
    hints : sequence of str
        At least two, from a nudge to nearly there.
    carry_on : str
        The sentence behind a ✓ that carries the idea further.
    tolerance : float
        How far each number may be from the right one; absolute, and told to the reader. 0 asks
        for the exact value.

    Examples
    --------
    >>> sides = Value(
    ...     "chapter.lesson.sides",
    ...     title="Sides of a cube",
    ...     expected=6,
    ...     tolerance=0,
    ...     reference=6,
    ...     mistakes=[Mistake("the corners", 8, "Count the faces, not the corners.")],
    ...     also_correct=[6.0],
    ...     hints=["Think of a die.", "Its highest number counts them."],
    ...     carry_on="A cube has six sides in three pairs.",
    ... )
    >>> print(sides.feedback(8).text())
    ✗ Not yet: Sides of a cube
      This looks like: the corners. Count the faces, not the corners.
      Received 8; wanted is one number, within ±0.
      For a hint run check.sides.hint().
    """

    kind = "value"

    def __init__(
        self,
        id: str,
        *,
        title: str,
        expected: Any | Callable[[], Any],
        reference: Any,
        mistakes: Sequence[Mistake],
        also_correct: Sequence[Any],
        hints: Sequence[str],
        carry_on: str,
        tolerance: float = 1e-6,
    ) -> None:
        super().__init__(
            id,
            title=title,
            reference=reference,
            mistakes=mistakes,
            also_correct=also_correct,
            hints=hints,
            carry_on=carry_on,
        )
        self._expected = expected
        self.tolerance = tolerance

    def expected(self) -> Any:
        """The right value, computed where it was given as a function.

        Returns
        -------
        Any
            What an answer is compared with.
        """
        return self._expected() if callable(self._expected) else self._expected

    def judge(self, answer: Any) -> Result:
        """Compare the value with the right one and with the known mistakes.

        Parameters
        ----------
        answer : Any
            The reader's value; ``...`` counts as not attempted.

        Returns
        -------
        Result
            The judgement; it never tells the right value.
        """
        if answer is ...:
            return Result("unattempted", (self._invitation(),))
        try:
            with time_limit(SECONDS):
                problem = self._problem(answer)
                if problem is None:
                    return Result("solved", (), 1, 1)
                mistake = self._recognise(answer)
        except KeyboardInterrupt:
            raise
        except BaseException:  # a value may answer every question with an error
            self.expected()  # an error of its own is not the reader's, see Exercise.evaluate
            problem = f"This cannot be judged: received {described(answer)}."
            mistake = None
        return Result("wrong", (*mistake_lines(mistake), problem), 0, 1, mistake)

    def _invitation(self) -> str:
        invitation = "Put your value in the place of the ..."
        if isinstance(self.expected(), str) or not self.tolerance:
            return invitation
        return f"{invitation} (accepted within ±{self.tolerance:g})."

    def _problem(self, answer: Any) -> str | None:
        """A sentence about a wrong answer; None for a right one."""
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

    def _recognise(self, answer: Any) -> Mistake | None:
        """The first known mistake whose value the answer has."""
        for mistake in self.mistakes:
            if agrees(mistake.answer, answer, rtol=0.0, atol=self.tolerance):
                return mistake
        return None

    @staticmethod
    def _form(expected: Any) -> str:
        if is_number(expected):
            return "one number"
        if is_array(expected):
            return f"an array of shape {tuple(expected.shape)}"
        if isinstance(expected, (list, tuple)):
            return f"a {type(expected).__name__} of {len(expected)} values"
        return f"a {type(expected).__name__}"
