"""Exercises answered by a value: predict a number, an array or a text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from exercises.engine.comparing import agrees, difference
from exercises.engine.exercise import SECONDS, Exercise, Mistake, Result, mistake_lines
from exercises.engine.guarding import described
from exercises.engine.time_limits import time_limit
from utils.display import is_array, is_number, to_numpy

NEAR = 0.005  # so much of a mistake's number another one may be away and still be that mistake
MOST_DECIMALS = 12  # of a rounded number


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
        At least two wrong values with what to tell about them. A value is recognised that is
        half a per cent away from one of them at most, or that one rounded to two digits or more;
        whole numbers where one is wanted, texts and the like only where they are equal.
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
      Received 8; wanted is another whole number.
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
        return f"Received {described(answer)}; {self._advice(expected, answer)}."

    def _advice(self, expected: Any, answer: Any) -> str:
        """What is wanted, in view of what was received."""
        if isinstance(expected, str):
            return "wanted is another text" if isinstance(answer, str) else "wanted is a text"
        if not is_number(expected):
            return f"wanted is {self._form(expected)}{self._within()}"
        wanted = "a whole number" if self._is_whole(expected) else f"one number{self._within()}"
        if _is_comma_pair(answer):
            return (
                f"Python takes {answer[0]},{answer[1]} for a pair of numbers. Write a point in the "
                f"place of the comma: {answer[0]}.{answer[1]}"
            )
        if isinstance(answer, str):
            if _as_number(answer.replace(",", ".")) is None:
                return f"wanted is {wanted}"
            point = " and with a point in the place of the comma" if "," in answer else ""
            return f"wanted is {wanted}: write it without quotation marks{point}"
        if not is_number(answer):
            one = "single " if isinstance(answer, (list, tuple)) or is_array(answer) else ""
            return f"wanted is {wanted.replace('one ', f'one {one}')}"
        if self._is_whole(expected) and _is_integral(answer):
            return "wanted is another whole number"
        return f"wanted is {wanted}"

    def _within(self) -> str:
        return f", within ±{self.tolerance:g}" if self.tolerance else ""

    def _is_whole(self, expected: Any) -> bool:
        """Whether a whole number is wanted, and exactly that one."""
        return self.tolerance < 1 and is_number(expected) and _is_integer(expected)

    def _recognise(self, answer: Any) -> Mistake | None:
        """The known mistake whose value the answer has; the nearest, if there are several."""
        distances = [
            (self.distance(mistake.answer, answer), number)
            for number, mistake in enumerate(self.mistakes)
        ]
        nearest, number = min(distances, default=(np.inf, 0))
        if np.isinf(nearest) or nearest > self.distance(self.expected(), answer):
            return None
        return self.mistakes[number]

    def distance(self, value: Any, answer: Any) -> float:
        """How far an answer is from a value that it may stand for.

        Parameters
        ----------
        value : Any
            The value of a mistake, or the right one.
        answer : Any
            What was given.

        Returns
        -------
        float
            0 for equal values; the part of the value by which an answer differs that is near or
            rounded; infinite for one that does not stand for the value.
        """
        if agrees(value, answer, rtol=0.0, atol=0.0):
            return 0.0
        try:
            wanted, got = to_numpy(value), to_numpy(answer)
        except ValueError:
            return np.inf
        is_numeric = wanted.dtype.kind in "iuf" and got.dtype.kind in "iuf"
        if not is_numeric or wanted.shape != got.shape:
            return np.inf
        if self._is_whole(self.expected()) and _is_integral(value) and _is_integral(answer):
            return np.inf if np.any(wanted != got) else 0.0
        pairs = zip(wanted.ravel().tolist(), got.ravel().tolist(), strict=True)
        return max((_distance(*pair) for pair in pairs), default=np.inf)

    @staticmethod
    def _form(expected: Any) -> str:
        if is_array(expected):
            return f"an array of shape {tuple(expected.shape)}"
        if isinstance(expected, (list, tuple)):
            return f"a {type(expected).__name__} of {len(expected)} values"
        return f"a {type(expected).__name__}"


def _distance(value: float, answer: float) -> float:
    """How far a number is from another that it may stand for, as a part of that; or infinite."""
    if answer == value:
        return 0.0
    if not (np.isfinite(value) and np.isfinite(answer)) or value == 0:
        return np.inf
    apart = abs(answer - value) / abs(value)
    if apart <= NEAR or _is_rounded(value, answer):
        return apart
    return np.inf


def _is_rounded(value: float, answer: float) -> bool:
    """Whether ``answer`` is ``value``, rounded to two digits or more."""
    decimals = len(f"{answer:.{MOST_DECIMALS}f}".rstrip("0").partition(".")[2])
    has_two_digits = abs(answer) * 10**decimals >= 10
    return has_two_digits and bool(np.isclose(round(value, decimals), answer, rtol=1e-9, atol=0))


def _is_integer(value: Any) -> bool:
    """Whether a number is of a type without fractions."""
    return not isinstance(value, (bool, np.bool_)) and to_numpy(value).dtype.kind in "iu"


def _is_integral(value: Any) -> bool:
    """Whether a number is whole, of whatever type."""
    try:
        array = to_numpy(value)
        return array.dtype.kind in "iuf" and bool(np.all(array == np.round(array)))
    except ValueError:
        return False


def _is_comma_pair(answer: Any) -> bool:
    """Whether ``answer`` is what Python makes of a number with a decimal comma."""
    return (
        type(answer) is tuple
        and len(answer) == 2
        and all(type(part) is int for part in answer)
        and answer[1] >= 0
    )


def _as_number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
