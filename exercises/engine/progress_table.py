"""The table of the reader's progress, lesson by lesson."""

from __future__ import annotations

import html
from typing import NamedTuple

from exercises.engine.progress import attempts, solved
from utils import course


class Row(NamedTuple):
    """One lesson of the table.

    Parameters
    ----------
    title : str
        The lesson's title.
    solved, exercises, tried : int
        How many exercises are solved, how many there are, and how many were tried and are not
        solved yet.
    """

    title: str
    solved: int
    exercises: int
    tried: int

    @property
    def finished(self) -> bool:
        """Whether the lesson has exercises and all are solved."""
        return self.exercises > 0 and self.solved == self.exercises


class Table:
    """Lessons with the number of exercises solved, as HTML in a notebook and text elsewhere.

    Made from the progress as it is now; later attempts do not change it.

    Attributes
    ----------
    rows : list of Row
        The lessons in their order.
    chapters : dict of int to str
        The headings: each chapter's number and name by the index of its first row.
    """

    def __init__(self) -> None:
        done = solved()
        tried = {attempt["exercise"] for attempt in attempts()} - done
        self.rows: list[Row] = []
        self.chapters: dict[int, str] = {}
        chapter = ""  # some notebooks stand outside the chapters: start_here before them all
        for index, lesson in enumerate(course.lessons()):
            if lesson.chapter and lesson.chapter != chapter:
                chapter = lesson.chapter
                self.chapters[index] = f"{int(chapter[:2])} · {course.CHAPTERS[chapter]}"
            self.rows.append(
                Row(
                    lesson.title,
                    solved=len(done.intersection(lesson.exercises)),
                    exercises=len(lesson.exercises),
                    tried=len(tried.intersection(lesson.exercises)),
                )
            )

    def __repr__(self) -> str:
        width = max((len(row.title) for row in self.rows), default=0)
        lines = []
        for index, row in enumerate(self.rows):
            if index in self.chapters:
                lines.append(self.chapters[index])
            mark = "✓" if row.finished else "○"
            line = f"{mark} {row.title:<{width}}  {row.solved} of {row.exercises} solved"
            if row.tried:
                line += f", {row.tried} tried"
            lines.append(line)
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        parts = [
            "<table><caption>Your progress</caption><thead><tr>",
            "<th scope='col' style='text-align:left'>Lesson</th>",
            "<th scope='col'>solved</th>",
            "<th scope='col'>tried, not solved yet</th>",
            "</tr></thead><tbody>",
        ]
        for index, row in enumerate(self.rows):
            if index in self.chapters:
                parts.append(_html_heading(self.chapters[index]))
            parts.append(_html_row(row))
        parts.append("</tbody></table>")
        return "".join(parts)


def _html_heading(name: str) -> str:
    return (
        "<tr><th colspan='3' scope='rowgroup' style='text-align:left'>"
        f"{html.escape(name)}</th></tr>"
    )


def _html_row(row: Row) -> str:
    mark = "✓ " if row.finished else ""
    return (
        f"<tr><td style='text-align:left'>{html.escape(row.title)}</td>"
        f"<td>{mark}{row.solved} of {row.exercises}</td>"
        f"<td>{row.tried or '–'}</td></tr>"
    )
