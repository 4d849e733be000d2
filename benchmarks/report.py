"""Timing and tables: medians with their spread, everything of one table measured in one run."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass
class Table:
    """A heading, what was done, the rows, and what to make of them."""

    title: str
    text: str
    head: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    remark: str = ""

    def markdown(self) -> str:
        """The table as Markdown, numbers to the right."""
        lines = [f"## {self.title}", "", self.text, ""]
        lines.append("| " + " | ".join(self.head) + " |")
        lines.append("|" + "|".join(["---"] + ["--:"] * (len(self.head) - 1)) + "|")
        lines += ["| " + " | ".join(row) + " |" for row in self.rows]
        return "\n".join([*lines, *(["", self.remark] if self.remark else [])])


@dataclass(frozen=True)
class Times:
    """Seconds of several runs of the same work."""

    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle one: a run that was disturbed does not move it."""
        return statistics.median(self.seconds)

    def __str__(self) -> str:
        return f"{self.median:.3g} s ({min(self.seconds):.3g} – {max(self.seconds):.3g})"


def compare(works: Mapping[str, Callable[[], object]], repeats: int = 5) -> dict[str, Times]:
    """Processor seconds of each piece of work, `repeats` times, in turns.

    In turns, so that a machine that slows down or speeds up does it to all alike. The first round
    warms up and is not counted.
    """
    found: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(repeats + 1):
        for name, work in works.items():
            gc.collect()
            start = time.process_time()
            work()
            if turn:
                found[name].append(time.process_time() - start)
    return {name: Times(tuple(seconds)) for name, seconds in found.items()}


def ratio(a: Times, b: Times) -> str:
    """How many times as long `a` takes as `b`, by the medians."""
    return f"{a.median / b.median:.3g} ×"
