"""How long a lesson takes, computed from its words, its lines of code and its exercises.

`make run` writes the result into the metadata, as `minutes` and `core_minutes`; CONTRIBUTING says
what the rates rest on. The core is what remains without the sections marked `· deeper`.

Cells are dictionaries as in a notebook's file, or what nbformat makes of them.
"""

import math
import re
from collections.abc import Iterator
from typing import Any

Cell = dict[str, Any]

WORDS_PER_MINUTE = 200
LINES_PER_MINUTE = 20
WORDS_OF_A_FORMULA = 2  # within a line of text
WORDS_OF_A_DISPLAYED_FORMULA = 20
MINUTES_OF_AN_EXERCISE = 5  # where its heading does not say

DEEPER = "· deeper"
TIME = "*Time:"
EXERCISE = re.compile(
    r"^### Exercise (?P<number>\d+) · (?P<title>.+?)"
    r"(?: · (?P<level>●○○|●●○|●●●) (?P<minutes>[1-9]\d*) min)?$",
    re.MULTILINE,
)

_FENCED = re.compile(r"^(```|~~~).*?^\1\s*$", re.DOTALL | re.MULTILINE)
_DISPLAYED = re.compile(r"\$\$.*?\$\$", re.DOTALL)
_INLINE = re.compile(r"\$[^$\n]+\$")
# Not everything between < and >: in "a < b" the first sign opens no tag.
_TAG = re.compile(r"</?[A-Za-z][^<>]*>")
_WORD = re.compile(r"\w[\w'’-]*")
_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$", re.MULTILINE)


def source_of(cell: Cell) -> str:
    """Return the text of a cell."""
    return "".join(cell["source"])


def prose_of(cell: Cell) -> str:
    """Return the text of a Markdown cell without its blocks of code."""
    return _FENCED.sub("", source_of(cell))


def headings_of(cell: Cell) -> list[tuple[int, str]]:
    """Return level (1 to 6) and text of every heading of a cell, none for code."""
    if cell["cell_type"] != "markdown":
        return []
    return [(len(marks), text.strip()) for marks, text in _HEADING.findall(prose_of(cell))]


def words(text: str) -> int:
    """Return how many words stand in a text of Markdown, formulas left out."""
    text = _INLINE.sub(" ", _DISPLAYED.sub(" ", text))
    return len(_WORD.findall(_TAG.sub(" ", text)))


def words_with_formulas(text: str) -> int:
    """Return how many words a text counts for, with a number of words for every formula."""
    displayed = len(_DISPLAYED.findall(text))
    inline = len(_INLINE.findall(_DISPLAYED.sub(" ", text)))
    return words(text) + WORDS_OF_A_FORMULA * inline + WORDS_OF_A_DISPLAYED_FORMULA * displayed


def deeper_cells(cells: list[Cell]) -> set[int]:
    """Return the positions of the cells in sections whose heading ends with `· deeper`.

    Such a section lasts until the next heading of the same or of a higher level. A cell belongs
    to the section in which it begins; `misplaced_headings` finds cells with more than one.
    """
    found = set()
    level = None
    for position, cell in enumerate(cells):
        first, others = _first_and_other_headings(cell)
        for heading in first:
            level = _level_after(level, *heading)
        if level is not None:
            found.add(position)
        for heading in others:
            level = _level_after(level, *heading)
    return found


def misplaced_headings(cells: list[Cell]) -> Iterator[tuple[int, str]]:
    """Yield position and text of headings that begin or end a deeper section within a cell.

    A section can be left out only where its border is a border between cells.
    """
    level = None
    for position, cell in enumerate(cells):
        first, others = _first_and_other_headings(cell)
        for heading in first:
            level = _level_after(level, *heading)
        for heading in others:
            before, level = level, _level_after(level, *heading)
            if before != level:
                yield position, heading[1]


def _first_and_other_headings(cell: Cell) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """Level and text of the heading with which a cell begins, if it does, and of the others."""
    headings = headings_of(cell)
    begins = 1 if headings and source_of(cell).lstrip().startswith("#") else 0
    return headings[:begins], headings[begins:]


def _level_after(level: int | None, depth: int, text: str) -> int | None:
    """The level of the deeper section that we are in after a heading; None in the core."""
    if level is not None and depth > level:
        return level
    return depth if text.endswith(DEEPER) else None


def minutes(cells: list[Cell]) -> int:
    """Return the minutes that cells take to read and to work through, rounded up to full fives.

    Text and formulas are read, the code that a reader sees is read, exercises are solved. Code
    that is folded away (figures, solutions) and the stubs of exercises cost nothing of their own.
    """
    read = 0
    lines = 0
    solve = 0
    for cell in cells:
        if cell["cell_type"] == "markdown":
            read += words_with_formulas(prose_of(cell))
            for heading in EXERCISE.finditer(prose_of(cell)):
                solve += int(heading["minutes"] or MINUTES_OF_AN_EXERCISE)
        elif not {"exercise", "solution", "figure"} & set(cell["metadata"].get("tags", [])):
            lines += sum(bool(line.strip()) for line in source_of(cell).splitlines())
    total = read / WORDS_PER_MINUTE + lines / LINES_PER_MINUTE + solve
    return max(5, 5 * math.ceil(total / 5))


def core_minutes(cells: list[Cell]) -> int:
    """Return the minutes of the cells outside of deeper sections; see `minutes`."""
    return minutes(without_deeper(cells))


def without_deeper(cells: list[Cell]) -> list[Cell]:
    """Return the cells of the core path, in order."""
    deeper = deeper_cells(cells)
    return [cell for position, cell in enumerate(cells) if position not in deeper]


def time_line(course: dict[str, Any]) -> str:
    """Return the line of a first cell that says how long the lesson takes."""
    core, whole = course.get("core_minutes"), course.get("minutes")
    deeper = "" if core == whole else f", {whole} with the deeper sections"
    return f"{TIME} {core} minutes{deeper}; the code runs in {course.get('seconds')} seconds.*"


def put_time(notebook: dict[str, Any]) -> None:
    """Write the minutes into a notebook's metadata, and times into its first cell's time line.

    A first cell without a line that begins with `*Time:` stays as it is.
    """
    course = notebook["metadata"]["course"]
    cells = notebook["cells"]
    course["minutes"] = minutes(cells)
    course["core_minutes"] = core_minutes(cells)
    if cells:
        lines = source_of(cells[0]).split("\n")
        new = [time_line(course) if line.startswith(TIME) else line for line in lines]
        if new != lines:
            cells[0]["source"] = "\n".join(new)
