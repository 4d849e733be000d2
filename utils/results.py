"""Stored experiments: comparisons that need more trainings than a lesson has time for.

A stored experiment is a table, ``data/results/<chapter>/<lesson>/<name>.csv``, made by a recipe
in ``experiments/<chapter>/<lesson>.py`` and never by hand. Its first lines say how:
``# key: value`` for the recipe, the fingerprint of its code, the seeds, the versions of the
libraries, the date, the seconds it took and a checksum of the rows. A lesson reads it by name::

    rivals = results.load("generative_models/gans", "eight_towns")
    print(rivals.origin())
    rivals.table.groupby("rival")["towns"].mean()
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from utils.course import ROOT
from utils.recipes import RecipeError, fingerprint, lesson_link, recipe_source, report_stale

FOLDER = ROOT / "data" / "results"
KEYS = ("recipe", "code", "seeds", "versions", "date", "seconds", "rows")


class ResultsError(RuntimeError):
    """A stored experiment is missing, damaged or older than its recipe; says what to do."""


@dataclass(frozen=True)
class StoredResult:
    """A stored experiment and what its file says about its making.

    Attributes
    ----------
    table : one row for each measurement; the column ``seed`` says which run it comes from.
    recipe : file and function that made it.
    code : fingerprint of the recipe and of the lesson's cells that it runs.
    seeds : the seeds of the runs.
    versions : of Python and the libraries, by name.
    date : day of the run, as year-month-day.
    seconds : processor time of all runs together.
    """

    table: pd.DataFrame
    recipe: str
    code: str
    seeds: tuple[int, ...]
    versions: dict[str, str]
    date: str
    seconds: int

    def origin(self) -> str:
        """One sentence on where the table comes from, for a lesson to print."""
        libraries = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        seeds = ", ".join(map(str, self.seeds))
        return (
            f"{len(self.table):,} rows from {self.recipe}, seeds {seeds}: "
            f"{self.seconds} s of one core on {self.date} with {libraries}"
        )


def remedy(lesson: str) -> str:
    """The command that makes the stored experiments of a lesson (again)."""
    return f"make experiments NB={lesson_link(lesson)}"


def path_of(lesson: str, name: str) -> Path:
    """Where the stored experiment ``name`` of a lesson lies, whether it is there or not.

    >>> path_of("generative_models/gans", "eight_towns").name
    'eight_towns.csv'
    """
    return FOLDER / lesson / f"{name}.csv"


def show_recipe(lesson: str, name: str) -> None:
    """Print the recipe of a stored experiment: how all its rows were made."""
    print(recipe_source(lesson, name))


def write(result: StoredResult, file: Path) -> None:
    """Write a stored experiment; the same rows always give the same text."""
    rows = result.table.to_csv(index=False, lineterminator="\n")
    head = {
        "recipe": result.recipe,
        "code": result.code,
        "seeds": " ".join(map(str, result.seeds)),
        "versions": ", ".join(f"{name} {version}" for name, version in result.versions.items()),
        "date": result.date,
        "seconds": result.seconds,
        "rows": _checksum(rows),
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"# {key}: {value}\n" for key, value in head.items()]
    file.write_text("".join(lines) + rows, encoding="utf-8", newline="\n")


def read(file: Path) -> StoredResult:
    """Read a file that `write` has written.

    Raises ValueError, with what is wrong, if the lines at its head are not complete, the rows are
    not those that were written, or their seeds are not those of the head.
    """
    text = file.read_text(encoding="utf-8")
    lines = text.splitlines(keepends=True)
    count = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
    pairs = [line.removeprefix("# ").rstrip("\n").split(": ", 1) for line in lines[:count]]
    head = {pair[0]: pair[-1] for pair in pairs}
    missing = [key for key in KEYS if key not in head]
    if missing:
        raise ValueError(f"its head has no {' and no '.join(missing)}")
    rows = "".join(lines[count:])
    if _checksum(rows) != head["rows"]:
        raise ValueError("its rows are not the ones that were stored")
    table = pd.read_csv(io.StringIO(rows))
    seeds = tuple(int(seed) for seed in head["seeds"].split())
    if "seed" not in table or set(table["seed"]) != set(seeds):
        raise ValueError("its rows have other seeds than its head names")
    versions = dict(item.split(" ", 1) for item in head["versions"].split(", "))
    return StoredResult(
        table, head["recipe"], head["code"], seeds, versions, head["date"], int(head["seconds"])
    )


def load(lesson: str, name: str) -> StoredResult:
    """The stored experiment ``name`` of ``lesson``, such as ``"generative_models/gans"``.

    Every call reads the file anew: the table is free to be changed. Raises ResultsError if the
    file is missing or damaged. If it is older than its recipe a note says so, and under
    ``COURSE_STRICT=1`` ResultsError is raised.

    >>> rivals = load("generative_models/gans", "eight_towns")
    >>> rivals.seeds
    (0, 1, 2, 3, 4)
    >>> rivals.table["rival"].nunique()
    6
    """
    file = path_of(lesson, name)
    label = file.relative_to(ROOT).as_posix() if file.is_relative_to(ROOT) else str(file)
    if not file.is_file():
        raise ResultsError(f"{label} is missing: get it again with git, or run {remedy(lesson)}")
    try:
        result = read(file)
    except (ValueError, OSError) as error:
        raise ResultsError(
            f"{label} is damaged ({error}): get it again with git, or run {remedy(lesson)}"
        ) from error
    try:
        current = fingerprint(lesson, name)
    except (RecipeError, SyntaxError) as error:
        raise ResultsError(f"{label} has no recipe any more ({error})") from error
    if result.code != current:
        report_stale(
            f"{label} was made by an earlier form of the lesson's code: run {remedy(lesson)}",
            ResultsError,
        )
    return result


def _checksum(rows: str) -> str:
    return "sha256 " + hashlib.sha256(rows.encode()).hexdigest()
