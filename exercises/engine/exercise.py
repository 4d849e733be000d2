"""What every kind of exercise shares: identity, mistakes, hints, display and progress."""

from __future__ import annotations

import os
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from exercises.engine import progress
from exercises.engine.copying import clone
from exercises.engine.guarding import message_of
from exercises.engine.state import quiet_state
from utils.display import Block, emit

TRIES_ALONE = 2  # after so many failed ones the way to the solution is offered
SECONDS = 10.0  # the time one check may take, all its cases together


class SolutionError(AssertionError):
    """A reference solution failed its own check while ``COURSE_STRICT=1``."""


@dataclass(frozen=True)
class Mistake:
    """A known wrong answer and what to tell the reader who gives it.

    Parameters
    ----------
    name : str
        A short label that completes "This looks like: …" and says what was seen ("a division,
        nothing subtracted"), not what the code may look like.
    answer : Any
        The wrong answer: a function for :class:`Function` and :class:`Bug`, else a value.
    why : str
        One or two sentences: what went wrong and what to try.

    Examples
    --------
    >>> Mistake("the sum", sum, "Divide by the number of values as well.").name
    'the sum'
    """

    name: str
    answer: Any
    why: str


@dataclass(frozen=True)
class Result:
    """The judgement of an answer.

    Parameters
    ----------
    status : str
        ``solved``, ``wrong``, ``unattempted``, or ``unjudged`` where the check itself failed.
    lines : tuple of str
        What is told besides the heading; a line that starts with four spaces is code.
    passed, total : int
        How many cases passed, and how many there are; 0 where nothing was judged.
    mistake : Mistake or None
        The known mistake that was recognised.
    """

    status: str
    lines: tuple[str, ...] = ()
    passed: int = 0
    total: int = 0
    mistake: Mistake | None = None


def mistake_lines(mistake: Mistake | None) -> tuple[str, ...]:
    """The sentence that names a recognised mistake.

    Parameters
    ----------
    mistake : Mistake or None
        What was recognised.

    Returns
    -------
    tuple of str
        One line, or none where nothing was recognised.
    """
    if mistake is None:
        return ()
    return (f"This looks like: {mistake.name}. {mistake.why}",)


class Exercise:
    """What all kinds of exercise share; the subclasses judge.

    Declare a :class:`Function`, :class:`Bug`, :class:`Value` or :class:`Choice` instead. A new
    kind is a subclass that defines :meth:`judge`.

    Parameters
    ----------
    id : str
        ``<chapter>.<lesson>.<name>``: where the exercise stands, and under which name.
    title : str
        The title behind "Exercise 1 ·" in the notebook.
    reference : Any
        The right answer, as the notebook's solution gives it.
    mistakes : sequence of Mistake
        At least two known wrong answers, the first one that fits is named.
    also_correct : sequence
        At least one answer by another route that must pass too.
    hints : sequence of str
        At least two, from a nudge to nearly there.
    carry_on : str
        The sentence behind a ✓ that carries the idea further.

    Attributes
    ----------
    kind : str
        What the kind is called: "function", "value" and so on.
    hints_shown : int
        How many hints have been shown one by one in this kernel.
    failed_tries : int
        How many wrong answers have been judged in this kernel; previews do not count.
    """

    kind = "exercise"

    def __init__(
        self,
        id: str,
        *,
        title: str,
        reference: Any,
        mistakes: Sequence[Mistake],
        also_correct: Sequence[Any],
        hints: Sequence[str],
        carry_on: str,
    ) -> None:
        self.id = id
        self.title = title
        self.reference = reference
        self.mistakes = tuple(mistakes)
        self.also_correct = tuple(also_correct)
        self.hints = tuple(hints)
        self.carry_on = carry_on
        self.hints_shown = 0
        self.failed_tries = 0
        self._passed: Any = ...  # the reader's last answer that passed; ... while there is none

    @property
    def name(self) -> str:
        """The last part of the id: the name behind ``check.``."""
        return self.id.rpartition(".")[2]

    # --- what a lesson calls ----------------------------------------------------------------------

    def __call__(self, answer: Any = ...) -> None:
        """Judge ``answer``, show the feedback and record it as the reader's progress.

        Parameters
        ----------
        answer : Any
            What the reader wrote; ``...`` counts as not attempted and is not recorded.
        """
        result = self.evaluate(answer)
        if result.status == "solved":
            self._passed = _own_copy(answer)
        elif result.status == "wrong":
            self.failed_tries += 1
        emit(self.block(result, offer_solution=self.failed_tries >= TRIES_ALONE))
        if result.status in ("solved", "wrong"):
            mistake_name = result.mistake.name if result.mistake else ""
            progress.record(self.id, result.status, mistake_name)

    def preview(self, answer: Any) -> None:
        """Show the feedback on ``answer`` as a reader would see it, without recording it.

        Parameters
        ----------
        answer : Any
            As for the check itself.
        """
        emit(self.feedback(answer))

    def confirm(self, solution: Any) -> None:
        """Show that ``solution`` passes; never counts as progress.

        Parameters
        ----------
        solution : Any
            The notebook's own solution.

        Raises
        ------
        SolutionError
            Under ``COURSE_STRICT=1``, when the solution does not pass.
        """
        result = self.evaluate(solution)
        if result.status == "solved":
            cases = f" all {result.total} cases" if result.total > 1 else ""
            emit(Block("good", f"This solution passes{cases}: {self.title}"))
            return
        emit(self.block(result))
        if os.environ.get("COURSE_STRICT") == "1":
            raise SolutionError(f"{self.id}: {result.status}: {' '.join(result.lines)}")

    def accepted(self) -> Any:
        """The reader's own answer, for a lesson that goes on with it.

        Returns
        -------
        Any
            The last answer that passed :meth:`__call__` in this kernel, else the reference. What
            :meth:`preview`, :meth:`confirm` and :meth:`evaluate` judge does not count, and a wrong
            answer given later changes nothing. A function, class or module is returned itself;
            of a value, each call returns a copy of what it was when it passed.

        Examples
        --------
        >>> import numpy as np
        >>> from exercises.start_here import standardise
        >>> accepted_standardise = standardise.accepted()
        >>> [float(value) for value in accepted_standardise(np.array([2.0, 6.0]))]
        [-1.0, 1.0]
        """
        return _own_copy(self.reference if self._passed is ... else self._passed)

    def hint(self, all: bool = False) -> None:
        """Show the next hint, or all of them; after the last one they start again.

        Parameters
        ----------
        all : bool
            Show every hint at once; the next single hint stays the same.
        """
        if all:
            chosen = range(len(self.hints))
        else:
            chosen = [self.hints_shown % len(self.hints)]
            self.hints_shown += 1
        for index in chosen:
            emit(Block("note", f"Hint {index + 1} of {len(self.hints)}", (self.hints[index],)))

    # --- what it is made of -----------------------------------------------------------------------

    def evaluate(self, answer: Any) -> Result:
        """Judge ``answer`` without showing or recording anything, or changing any global state.

        Parameters
        ----------
        answer : Any
            A function, a value or a letter, as the kind of exercise asks; anything is survived.

        Returns
        -------
        Result
            The judgement.
        """
        with quiet_state():
            try:
                return self.judge(answer)
            except KeyboardInterrupt:
                raise
            except BaseException as error:
                return Result("unjudged", self._own_fault(error))

    def _own_fault(self, error: BaseException) -> tuple[str, ...]:
        """What is told where the check failed, which nobody should look for in their own code."""
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"in {place.name}, line {place.lineno} of {os.path.basename(place.filename)}"
        what = f"{type(error).__name__}: {message_of(error)}".rstrip(": ")
        return (
            f"This check failed itself, and your answer is not to blame: {what} ({where}).",
            f"Please report it with the exercise's name, {self.id}. Nothing was recorded.",
        )

    def judge(self, answer: Any) -> Result:
        """Judge ``answer`` in the state that :meth:`evaluate` has prepared; each kind has its own.

        Parameters
        ----------
        answer : Any
            As for :meth:`evaluate`, which is the method to call.

        Returns
        -------
        Result
            The judgement.
        """
        raise NotImplementedError

    def feedback(self, answer: Any) -> Block:
        """What a reader would see who gives ``answer``; nothing is shown or recorded.

        Parameters
        ----------
        answer : Any
            As for the check itself.

        Returns
        -------
        utils.display.Block
            Its ``text()`` and ``html()`` are what the notebook shows.
        """
        return self.block(self.evaluate(answer))

    def block(self, result: Result, offer_solution: bool = False) -> Block:
        """The block that tells a judgement to the reader.

        Parameters
        ----------
        result : Result
            What :meth:`evaluate` returned.
        offer_solution : bool
            Whether to say beside the hint where the solution is, if the answer is wrong.

        Returns
        -------
        utils.display.Block
            A heading behind an icon, the judgement's lines, and the way to a hint unless the
            exercise is solved.
        """
        if result.status == "solved":
            count = f" ({result.passed} of {result.total} cases pass)" if result.total > 1 else ""
            return Block("good", f"Solved: {self.title}{count}", (*result.lines, self.carry_on))
        if result.status == "unjudged":
            return Block("open", f"Not judged: {self.title}", result.lines)
        help_line = f"For a hint run check.{self.name}.hint()"
        if result.status == "unattempted":
            lines = (*result.lines, f"{help_line}.")
            return Block("open", f"Not attempted yet: {self.title}", lines)
        if offer_solution:
            help_line += "; the lesson's own solution is in the folded cell below the exercise"
        return Block("bad", f"Not yet: {self.title}", (*result.lines, f"{help_line}."))

    def __repr__(self) -> str:
        return f"{self.kind} {self.id!r} ({self.title}): call it with your answer"


def _own_copy(answer: Any) -> Any:
    """A copy of a value; what can be called is its code, and returned itself."""
    return answer if callable(answer) else clone(answer)
