"""What every kind of exercise shares: identity, mistakes, hints, display and progress."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from exercises.engine import progress
from exercises.engine.guarding import kept_state
from utils.display import Block, emit

SECONDS = 10.0  # the time one check may take, all its cases together


class SolutionError(AssertionError):
    """A reference solution failed its own check while ``COURSE_STRICT=1``."""


@dataclass(frozen=True)
class Mistake:
    """A known wrong answer and what to tell the reader who gives it.

    ``name`` is a short label that completes "this looks like: …", ``answer`` the wrong answer as
    code (or as a value), ``why`` one or two sentences: what went wrong and what to try.
    """

    name: str
    answer: Any
    why: str


@dataclass(frozen=True)
class Result:
    """The judgement: ``status`` is ``solved``, ``wrong`` or ``unattempted``."""

    status: str
    lines: tuple[str, ...] = ()
    passed: int = 0
    total: int = 0
    mistake: Mistake | None = None


def mistake_lines(mistake: Mistake | None) -> tuple[str, ...]:
    """The sentence that names a recognised mistake; nothing for none."""
    return (f"This looks like: {mistake.name}. {mistake.why}",) if mistake else ()


class Exercise:
    """What all kinds share: identity, hints, display and progress. Subclasses judge."""

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
        """``id`` is ``<chapter>.<lesson>.<name>``; ``carry_on`` the sentence behind a ✓."""
        self.id, self.title, self.reference = id, title, reference
        self.mistakes, self.also_correct = tuple(mistakes), tuple(also_correct)
        self.hints, self.carry_on = tuple(hints), carry_on
        self._hints_shown = 0

    @property
    def name(self) -> str:
        """The last part of the id: the name behind ``check.``."""
        return self.id.rpartition(".")[2]

    def evaluate(self, answer: Any) -> Result:
        """Judge ``answer`` without showing or recording anything, or changing any global state.

        Cases and expected values may come from libraries that draw random numbers or warn: their
        draws are always the same and their warnings, which are not the reader's, are not shown.
        """
        with kept_state(0), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self._judge(answer)

    def _judge(self, answer: Any) -> Result:
        raise NotImplementedError

    def __call__(self, answer: Any = ...) -> None:
        """Judge ``answer``, show the feedback and record it as the reader's progress."""
        result = self.evaluate(answer)
        emit(self._block(result))
        if result.status != "unattempted":
            progress.record(self.id, result.status, result.mistake.name if result.mistake else "")

    def preview(self, answer: Any) -> None:
        """Show the feedback on ``answer`` as a reader would see it, without recording it."""
        emit(self._block(self.evaluate(answer)))

    def confirm(self, solution: Any) -> None:
        """Show that ``solution`` passes; never counts as progress.

        Raises :class:`SolutionError` under ``COURSE_STRICT=1`` when it does not.
        """
        result = self.evaluate(solution)
        if result.status == "solved":
            cases = f" all {result.total} cases" if result.total > 1 else ""
            emit(Block("good", f"This solution passes{cases}: {self.title}"))
            return
        emit(self._block(result))
        if os.environ.get("COURSE_STRICT") == "1":
            raise SolutionError(f"{self.id}: {result.status}: {' '.join(result.lines)}")

    def hint(self, all: bool = False) -> None:
        """Show the next hint, or ``all`` of them; after the last one they start again."""
        if all:
            chosen = range(len(self.hints))
        else:
            chosen = [self._hints_shown % len(self.hints)]
            self._hints_shown += 1
        for index in chosen:
            emit(Block("note", f"Hint {index + 1} of {len(self.hints)}", (self.hints[index],)))

    def __repr__(self) -> str:
        return f"{self.kind} {self.id!r} ({self.title}): call it with your answer"

    def _block(self, result: Result) -> Block:
        if result.status == "solved":
            count = f" ({result.passed} of {result.total} cases pass)" if result.total > 1 else ""
            return Block("good", f"Solved: {self.title}{count}", (*result.lines, self.carry_on))
        help_line = f"For a hint run check.{self.name}.hint()."
        if result.status == "unattempted":
            return Block("open", f"Not attempted yet: {self.title}", (*result.lines, help_line))
        return Block("bad", f"Not yet: {self.title}", (*result.lines, help_line))
