"""Make a new lesson to fill in: `make lesson NAME=04_nlp/05_bert`.

The notebook has every part of a lesson as a heading, with a sentence on what goes there; the
module of its exercises has a first one, complete in form. Both run. Whatever is still to be
written is marked "To write:", and the tests name each such place until none is left. The forms
stand in tools/templates, where CHAPTER, LESSON and TITLE stand for the new names.
"""

from __future__ import annotations

import argparse
import json
import keyword
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat

from tools import console, notebooks, text
from utils import course

TEMPLATES = Path(__file__).parent / "templates"
TO_WRITE = "To write:"
LONGEST_NAME = 40  # so that the line which imports the exercises fits


class LessonError(Exception):
    """Why nothing was made: text for the author."""


@dataclass(frozen=True)
class Place:
    """Where a lesson stands: chapter "04_nlp", number 5, name "bert"."""

    chapter: str
    number: int
    name: str

    @property
    def stem(self) -> str:
        """The notebook's name without its ending: "05_bert"."""
        return f"{self.number:02d}_{self.name}"

    @property
    def link(self) -> str:
        """The notebook's place in the repository: "chapters/04_nlp/05_bert.ipynb"."""
        return f"chapters/{self.chapter}/{self.stem}.ipynb"

    @property
    def package(self) -> str:
        """The chapter without its number: "nlp"."""
        return self.chapter.partition("_")[2]

    @property
    def module(self) -> str:
        """The place of its exercises: "exercises/nlp/bert.py"."""
        return f"exercises/{self.package}/{self.name}.py"

    def __str__(self) -> str:
        return f"{self.chapter}/{self.stem}"


def parse(name: str) -> Place:
    """Return the place that "04_nlp/05_bert" or "chapters/04_nlp/05_bert.ipynb" names.

    Raises LessonError for a malformed name and for a chapter that CHAPTERS lacks.
    """
    short = name.removeprefix("chapters/").removesuffix(".ipynb")
    found = re.fullmatch(r"(\d\d_[a-z0-9_]+)/(\d\d)_([a-z][a-z0-9_]*)", short)
    if not found:
        raise LessonError(
            f"{name!r} is not a lesson's name: write it like 04_nlp/05_bert, with two digits in "
            "front of chapter and lesson, and small letters, digits and _"
        )
    chapter, number, name = found.groups()
    if chapter not in course.CHAPTERS:
        known = ", ".join(course.CHAPTERS)
        raise LessonError(
            f"there is no chapter {chapter}: choose one of {known}, or add it with its title to "
            "CHAPTERS in utils/course.py"
        )
    if number == "00":
        raise LessonError("the first lesson of a chapter has the number 01")
    if keyword.iskeyword(name) or len(name) > LONGEST_NAME:
        raise LessonError(
            f"{name!r} cannot be the name of a module with exercises: choose another one that is "
            f"no word of Python's own and has at most {LONGEST_NAME} letters"
        )
    return Place(chapter, int(number), name)


def places(root: Path) -> list[Place]:
    """Return the places of all lessons in chapters, in order."""
    return [
        Place(path.parent.name, int(path.stem[:2]), path.stem[3:])
        for path in course.notebooks(root / "chapters")
        if path.stem != course.START
    ]


def check_free(place: Place, others: list[Place], root: Path) -> None:
    """Raise LessonError if one of the other lessons, or a file, has this place or its name."""
    for other in others:
        if (other.chapter, other.name) == (place.chapter, place.name):
            raise LessonError(f"the chapter has a lesson of this name already: {other.link}")
        if (other.chapter, other.number) == (place.chapter, place.number):
            taken = [one.number for one in others if one.chapter == place.chapter]
            free = Place(place.chapter, max(taken) + 1, place.name)
            raise LessonError(
                f"number {place.number:02d} is taken by {other.link}: make the lesson at the end, "
                f"NAME={free}, and then insert it with make move FROM={free} TO={place}"
            )
    for name in (place.link, place.module):
        if (root / name).exists():
            raise LessonError(f"{name} is there already: choose another name or delete the file")


def filled(template: str, place: Place, title: str) -> str:
    """Return a template's text with the lesson's names in it."""
    content = (TEMPLATES / template).read_text(encoding="utf-8")
    for word, value in {"CHAPTER": place.package, "LESSON": place.name, "TITLE": title}.items():
        content = re.sub(rf"\b{word}\b", value, content)
    return content


def make(name: str, root: Path) -> list[str]:
    """Make a lesson's files and return their places; the last one may be a new package.

    Raises LessonError, and makes nothing, if the name cannot be used.
    """
    place = parse(name)
    check_free(place, places(root), root)
    title = place.name.replace("_", " ").capitalize()
    notebook = text.from_text(filled("lesson.py.txt", place, title))
    notebook.metadata = nbformat.from_dict(
        {
            "course": notebook.metadata["course"],
            "kernelspec": notebooks.KERNEL,
            "language_info": {"name": "python"},
        }
    )
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    notebooks.normalise_cells(notebook)
    made = [place.link, place.module]
    for file in made:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
    notebooks.write(notebook, root / place.link)
    (root / place.module).write_text(filled("exercises.py.txt", place, title), encoding="utf-8")
    package = Path(place.module).with_name("__init__.py").as_posix()
    if not (root / package).exists():
        chapter = course.CHAPTERS[place.chapter]
        (root / package).write_text(f'"""Exercises of the chapter “{chapter}”."""\n', "utf-8")
        made.append(package)
    return made


def left_to_write(path: Path) -> list[str]:
    """Return what a notebook or a module still marks with "To write:", each with its place."""
    content = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return [
            f"{path.name}, line {number}: {line.strip()}"
            for number, line in enumerate(content.splitlines(), start=1)
            if TO_WRITE in line
        ]
    notebook = json.loads(content)
    found = [
        f"{path.name}, metadata: {field}: {value}"
        for field, value in notebook["metadata"].get("course", {}).items()
        if TO_WRITE in str(value)
    ]
    for number, cell in enumerate(notebook["cells"], start=1):
        for line in "".join(cell["source"]).splitlines():
            if TO_WRITE in line:
                found.append(f"{path.name}, cell {number}: {line.strip()}")
    return found


def main(arguments: list[str]) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="make lesson NAME=", description=__doc__)
    parser.add_argument("name", nargs="?", default="", help="such as 04_nlp/05_bert")
    options = parser.parse_args(arguments)
    try:
        made = make(options.name, course.ROOT)
    except (LessonError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print("Made:", *made, sep="\n  ")
    print(
        f"Next: make run NB={made[0]} shows that it runs. docs/first_lesson.md goes on from there."
    )
    return 0


if __name__ == "__main__":
    console.accept_any()
    sys.exit(main(sys.argv[1:]))
