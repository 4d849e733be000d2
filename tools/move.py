"""Rename a lesson, or give it another place: `make move FROM=04_nlp/05_bert TO=04_nlp/02_bert`.

The others of the chapter make room, or close the gap that it leaves. Everything that names a
lesson by its path follows: links in notebooks and pages, `needs` in the metadata, the README's
table of contents, the kept runs of `make robustness`, the tests. Exercises carry no numbers: their
module and their ids change only with the lesson's name or chapter, and with them the stored
experiments. Nothing is changed while one of the files to be changed has changes that are not
committed, so that `git restore` can take all of it back. `DRY=1` only says what would happen.
"""

from __future__ import annotations

import argparse
import json
import os
import posixpath
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import nbformat

from tools import console, contents, notebooks, text
from tools.lesson import LessonError, Place, check_free, parse, places
from utils import course

# Not in the repository, but of use after a move: what `make robustness` keeps.
KEPT_RUNS = ("build/robustness.jsonl", "build/robustness.json", "build/robustness.md")
PASSED_OVER = {"build", ".venv", ".git", "__pycache__", ".ipynb_checkpoints", "cache"}
# The page on which one practises a move, and its test: what they say stays as it is.
PRACTICE = {"docs/first_lesson.md", "tests/test_first_pages.py"}
# The backslash: a quotation mark inside the JSON of a notebook.
LINK = re.compile(r"""(\]\(|\bhref=\\?["'])([^)\s"'\\]+)""")


@dataclass
class Plan:
    """What a move changes.

    Attributes
    ----------
    lessons : dict
        The lessons that get another place, and which.
    files : dict
        Files and folders that get another name, as paths from the root.
    texts : dict
        New contents of files, by the path that they have before the move.
    notes : list of str
        What the author should know, a sentence each.
    """

    lessons: dict[Place, Place]
    files: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


# --- numbers ------------------------------------------------------------------------------------


def shifted(all_places: list[Place], start: Place, goal: Place) -> dict[Place, Place]:
    """Return which lessons get which place when `start` goes to `goal`, itself included.

    Those that follow `start` without a gap move up by one; if `goal` is taken then, the lesson
    there and those that follow it without a gap move down by one.
    """
    now = {place: place for place in all_places if place != start}

    def renumber(chapter: str, first: int, step: int) -> None:
        by_number = {place.number: old for old, place in now.items() if place.chapter == chapter}
        run = []
        while first in by_number:
            run.append(by_number[first])
            first += 1
        for old in run:
            now[old] = Place(chapter, now[old].number + step, now[old].name)

    renumber(start.chapter, start.number + 1, -1)
    renumber(goal.chapter, goal.number, +1)
    now[start] = goal
    return {old: new for old, new in now.items() if old != new}


# --- texts --------------------------------------------------------------------------------------


def renamer(lessons: dict[Place, Place]) -> Callable[[str], str]:
    """Return a function that renames lessons in a text: chapter and file, ids, imports."""
    changes: list[tuple[re.Pattern, Callable[[re.Match], str]]] = []
    paths = {
        f"{old.chapter}/{old.stem}": f"{new.chapter}/{new.stem}" for old, new in lessons.items()
    }
    found = "|".join(map(re.escape, paths))
    changes.append((re.compile(rf"(?<!\w)(?:{found})(?!\w)"), lambda match: paths[match[0]]))
    for old, new in lessons.items():
        if (old.package, old.name) == (new.package, new.name):
            continue
        before = r"(?:(?<![\w/])|(?<=exercises/)|(?<=experiments/)|(?<=results/))"
        changes.append(
            (
                re.compile(rf"{before}{old.package}([./]){old.name}(?!\w)"),
                lambda match, new=new: f"{new.package}{match[1]}{new.name}",
            )
        )
        changes.append(
            (
                re.compile(
                    rf"\bfrom (exercises|experiments)\.{old.package} import {old.name}\b"
                    r"(?! *,)(?: as (\w+))?"
                ),
                lambda match, old=old, new=new: (
                    f"from {match[1]}.{new.package} import {new.name}"
                    + _as_before(match[2] or old.name, new.name)
                ),
            )
        )

    def renamed(content: str) -> str:
        for pattern, change in changes:
            content = pattern.sub(change, content)
        return content

    return renamed


def _as_before(used: str, name: str) -> str:
    """The end of an import that keeps the name under which a module is used."""
    return "" if used == name else f" as {used}"


def relinked(content: str, place: str, files: dict[str, str], root: Path) -> str:
    """Return a text whose relative links lead where they led before the move.

    `place` is the file that the text comes from, `files` says which files get which new path. What
    only looks like a link and leads to no file stays as it is.
    """
    here, there = posixpath.dirname(place), posixpath.dirname(files.get(place, place))

    def relink(match: re.Match) -> str:
        target, sign, fragment = match[2].partition("#")
        if not target or target.startswith("/") or re.match(r"[a-zA-Z][\w+.-]*:", target):
            return match[0]
        leads_to = posixpath.normpath(posixpath.join(here, unquote(target)))
        if leads_to not in files and (here == there or not (root / leads_to).exists()):
            return match[0]
        new = posixpath.relpath(files.get(leads_to, leads_to), there or ".")
        return f"{match[1]}{quote(new)}{sign}{fragment}"

    return LINK.sub(relink, content)


def in_strings(value: Any, change: Callable[[str], str]) -> Any:
    """Return a JSON value with every string in it changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [in_strings(item, change) for item in value]
    if isinstance(value, dict):
        return {key: in_strings(item, change) for key, item in value.items()}
    return value


# --- the plan -----------------------------------------------------------------------------------


def plan(start: Place, goal: Place, root: Path) -> Plan:
    """Return what moving the lesson `start` to `goal` changes; changes nothing itself.

    Raises LessonError where there is no such lesson, or the goal's name is taken.
    """
    all_places = places(root)
    if start not in all_places:
        there = [place.link for place in all_places if place.chapter == start.chapter]
        listed = f"its chapter has {', '.join(there)}" if there else "its chapter has no lessons"
        raise LessonError(f"there is no lesson {start.link}: {listed}")
    if start == goal:
        raise LessonError(f"{start.link} is there already: nothing to move")
    lessons = shifted(all_places, start, goal)
    settled = [lessons.get(place, place) for place in all_places if place != start]
    renamed_exercises = (start.package, start.name) != (goal.package, goal.name)
    if renamed_exercises:
        check_free(goal, settled, root)
    made = Plan(lessons)
    made.files = {old.link: new.link for old, new in lessons.items()}
    if renamed_exercises:
        made.files |= _files_of_the_exercises(start, goal, root)
    _plan_texts(made, root)
    made.notes = _notes(made, start, goal, all_places, root)
    return made


def _files_of_the_exercises(start: Place, goal: Place, root: Path) -> dict[str, str]:
    pairs = {
        start.module: goal.module,
        f"experiments/{start.package}/{start.name}.py": (
            f"experiments/{goal.package}/{goal.name}.py"
        ),
        f"data/results/{start.package}/{start.name}": f"data/results/{goal.package}/{goal.name}",
    }
    return {old: new for old, new in pairs.items() if (root / old).exists()}


def _plan_texts(made: Plan, root: Path) -> None:
    renamed = renamer(made.lessons)
    for place in [*repository_files(root), *KEPT_RUNS]:
        if place in PRACTICE:
            continue
        try:
            content = (root / place).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue  # a picture, weights, a link that leads nowhere

        def linked_and_renamed(piece: str, place: str = place) -> str:
            return renamed(relinked(piece, place, made.files, root))

        changed = content
        if place.endswith(".md"):
            changed = linked_and_renamed(content)
        elif not place.endswith(".ipynb"):
            changed = renamed(content)
        elif linked_and_renamed(content) != content:  # the file as it is: quicker than cell by cell
            changed = _changed_notebook(content, renamed, linked_and_renamed)
        if changed != content:
            made.texts[place] = changed


def _changed_notebook(
    content: str, renamed: Callable[[str], str], linked_and_renamed: Callable[[str], str]
) -> str:
    """Return a notebook's file with lessons renamed everywhere, and links where links can be."""
    notebook = nbformat.reads(content, as_version=nbformat.NO_CONVERT)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = linked_and_renamed(cell.source)
        else:
            cell.source = renamed(cell.source)
            cell.outputs = in_strings(cell.get("outputs", []), linked_and_renamed)
    notebook.metadata = in_strings(notebook.metadata, renamed)
    notebook = nbformat.from_dict(notebook)
    notebooks.normalise_cells(notebook)
    return notebooks.file_text(notebook)


def repository_files(root: Path) -> list[str]:
    """Return the files of the repository as paths from its root, without what git ignores."""
    if is_git(root):
        listed = _git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
        return sorted(set(filter(None, listed.split("\0"))))
    return sorted(
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_file() and not PASSED_OVER & set(path.relative_to(root).parts[:-1])
    )


def _notes(made: Plan, start: Place, goal: Place, all_places: list[Place], root: Path) -> list[str]:
    notes = []
    if start.name != goal.name:
        notes.append("its title is as it was: it stands in the first cell and in the metadata")
    if (start.package, start.name) != (goal.package, goal.name):
        notes.append(
            "the ids of its exercises changed: readers who solved them find them open again"
        )
    if f"chapters/{course.START}.ipynb" in made.texts:
        notes.append(
            f"an output of {course.START} lists the lessons: make run NB=chapters/"
            f"{course.START}.ipynb puts them in order"
        )
    settled = {place: made.lessons.get(place, place) for place in all_places}
    in_order = sorted(settled.values(), key=lambda place: (place.chapter, place.number))
    position = {place.link: number for number, place in enumerate(in_order)}
    for old, new in settled.items():
        needs = (made.files.get(link, link) for link in _needs(root / old.link))
        for link in needs:
            if position.get(link, -1) > position[new.link]:
                notes.append(f"{new.link} needs {link}, which comes later now: move one of them")
    taken = {place.number for place in in_order if place.chapter == goal.chapter}
    missing = sorted(set(range(1, goal.number)) - taken)
    if missing:
        listed = ", ".join(f"{number:02d}" for number in missing)
        notes.append(f"{goal.chapter} has no lesson with the number {listed} now")
    return notes


def _needs(notebook: Path) -> list[str]:
    metadata = json.loads(notebook.read_text(encoding="utf-8")).get("metadata", {})
    return metadata.get("course", {}).get("needs", [])


# --- carrying it out ----------------------------------------------------------------------------


def is_git(root: Path) -> bool:
    """Return whether `root` is the top folder of a git checkout."""
    try:
        return Path(_git(root, "rev-parse", "--show-toplevel").strip()) == root.resolve()
    except (OSError, subprocess.CalledProcessError):
        return False


def _git(root: Path, *arguments: str) -> str:
    result = subprocess.run(
        ["git", "-C", str(root), *arguments], text=True, capture_output=True, check=True
    )
    return result.stdout


def check_clean(made: Plan, root: Path) -> None:
    """Raise LessonError if something that the plan touches holds changes that could be lost."""
    for old in made.lessons:
        if text.has_changes(root / old.link, root):
            raise LessonError(
                f"the text of {old.link} has changes that are not in the notebook: bring them back "
                f"with make text NB={old.link} BACK=1, or delete the text"
            )
    if not is_git(root):
        return
    touched = sorted({*made.files, *made.texts, "README.md"} - set(KEPT_RUNS))
    status = _git(root, "status", "--porcelain", "--untracked-files=all", "-z", "--", *touched)
    changed = [line[3:] for line in status.split("\0") if line]
    if changed:
        raise LessonError(
            f"commit or stash these first, because the move changes them: {', '.join(changed)}"
        )


def carry_out(made: Plan, root: Path) -> None:
    """Do what a plan says, in the working tree and, where there is one, in git's index."""
    for old in made.lessons:
        script = text.text_path(root / old.link, root)
        for path in (script, text.agreed_path(script, root)):
            path.unlink(missing_ok=True)  # nothing is in it that the notebook lacks
    for place, content in made.texts.items():
        (root / place).write_text(content, encoding="utf-8")
    git = is_git(root)

    def move(old: str, new: str) -> None:
        (root / new).parent.mkdir(parents=True, exist_ok=True)
        if git:
            _git(root, "mv", old, new)
        else:
            os.rename(root / old, root / new)

    for package in _make_packages(made, root):
        if git:
            _git(root, "add", package)
    # All out of the way first: one lesson's new name can be another one's old name.
    for old in made.files:
        move(old, f"{old}.moving")
    for old, new in made.files.items():
        move(f"{old}.moving", new)
    if (root / "README.md").exists():
        contents.renew(root / "README.md", root / "chapters")


def _make_packages(made: Plan, root: Path) -> list[str]:
    """Make the packages that moved modules need, and return the files made."""
    packages = []
    for new in made.files.values():
        package = Path(new).with_name("__init__.py")
        if new.endswith(".py") and not (root / package).exists():
            chapter = package.parent.name.replace("_", " ")
            (root / package).parent.mkdir(parents=True, exist_ok=True)
            (root / package).write_text(f'"""The chapter on {chapter}."""\n', encoding="utf-8")
            packages.append(package.as_posix())
    return packages


def report(made: Plan) -> str:
    """Return what a plan changes, a line each."""
    lines = [f"{old} → {new}" for old, new in sorted(made.files.items())]
    lines += [f"changed inside: {place}" for place in sorted(made.texts)]
    lines += [f"note: {note}" for note in made.notes]
    return "\n".join(lines)


def main(arguments: list[str]) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="make move FROM= TO=", description=__doc__)
    parser.add_argument("start", nargs="?", default="", help="such as 04_nlp/05_bert")
    parser.add_argument("goal", nargs="?", default="", help="such as 04_nlp/02_bert")
    parser.add_argument("--dry-run", action="store_true", help="only say what would change")
    options = parser.parse_args(arguments)
    try:
        if not (options.start and options.goal):
            raise LessonError(
                "say what goes where: make move FROM=04_nlp/05_bert TO=04_nlp/02_bert"
            )
        made = plan(parse(options.start), parse(options.goal), course.ROOT)
        if not options.dry_run:
            check_clean(made, course.ROOT)
            carry_out(made, course.ROOT)
    except (LessonError, text.TextError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"error: git said: {error.stderr.strip()}", file=sys.stderr)
        return 1
    print(report(made))
    if options.dry_run:
        print("Nothing was changed.")
    else:
        print("Next: look at it with git status, then make test.")
    return 0


if __name__ == "__main__":
    console.accept_any()
    sys.exit(main(sys.argv[1:]))
