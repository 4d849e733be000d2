"""Recipes of what is stored: trained models (`data/weights`) and experiments (`data/results`).

A lesson with a recipe has a module here, ``experiments/<chapter>/<lesson>.py``. A recipe is one
function of a seed. It takes what it trains from the lesson itself: the notebook's code cells with
the tag ``recipe`` are run, and what they define is used. So no model or training is written
twice, and what a lesson shows is what made the file::

    @experiment(seeds=range(5), by=("rival",), tolerance={"towns": 2.0})
    def eight_towns(seed):
        lesson = lesson_code("generative_models/gans", seed)
        ...
        return rows  # a list of dictionaries, or a DataFrame

``make experiments NB=<lesson>`` and ``make weights NAME=<name>`` run recipes and store what they
give; lessons read it with `utils.results` and `utils.pretrained`. The cells with the tag should
define functions and prepare data, and leave training to the recipe.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import platform
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from types import ModuleType
from typing import Any

import pandas as pd

from utils.course import ROOT
from utils.recipes import lesson_cells

__all__ = [
    "Experiment",
    "Trained",
    "Weights",
    "experiment",
    "lesson_code",
    "lessons_with_recipes",
    "recipes_of",
    "versions",
    "weights",
]


@dataclass(frozen=True)
class Experiment:
    """A recipe whose rows are stored.

    Attributes
    ----------
    function : from a seed to rows, as a list of dictionaries or a DataFrame, without the seed.
    seeds : the seeds that are stored.
    by : columns that say what is compared.
    tolerance : for columns of numbers, how far the mean of one seed's rows may lie from the
        stored one when the recipe runs again, for each group of ``by``. Games and networks
        magnify the last digit of a number, so on another processor a seed is a new draw.
    """

    function: Callable[[int], Any]
    seeds: tuple[int, ...]
    by: tuple[str, ...]
    tolerance: Mapping[str, float]

    @property
    def name(self) -> str:
        """The function's name, which is also the file's."""
        return self.function.__name__

    def run(self, seed: int) -> pd.DataFrame:
        """The rows of one seed, with the column ``seed`` in front."""
        table = pd.DataFrame(self.function(seed))
        table.insert(0, "seed", seed)
        return table

    def differences(self, again: pd.DataFrame, stored: pd.DataFrame) -> list[str]:
        """What the rows of one seed have that the stored ones of that seed have not: sentences."""
        if list(again.columns) != list(stored.columns) or len(again) != len(stored):
            return [f"{self.name}: {again.shape} rows and columns, stored are {stored.shape}"]
        means = [table.groupby([*self.by])[[*self.tolerance]].mean() for table in (again, stored)]
        if not means[0].index.equals(means[1].index):
            return [f"{self.name}: other groups of {', '.join(self.by)} than the stored ones"]
        found = []
        for column, allowed in self.tolerance.items():
            for group, new in means[0][column].items():
                old = means[1][column][group]
                if not abs(new - old) <= allowed:
                    found.append(
                        f"{self.name}, {group}: {column} {new:.4g}, stored {old:.4g}, "
                        f"allowed distance {allowed:g}"
                    )
        return found


@dataclass(frozen=True)
class Trained:
    """What a recipe of weights returns.

    Attributes
    ----------
    model : the trained module.
    details : what it takes to build and use it again, as JSON can hold it.
    measure : the lesson's own measure of a model's quality.
    """

    model: Any
    details: dict[str, Any]
    measure: Callable[[Any], float]


@dataclass(frozen=True)
class Weights:
    """A recipe whose trained model is stored; the attributes go into the catalogue.

    Attributes
    ----------
    function : from a seed to `Trained`.
    seed : the seed that is stored.
    title, contents, licence : a line each.
    measured : what `Trained.measure` measures, with its unit.
    at_most : bound of that measure, for the stored model and for every new training.
    """

    function: Callable[[int], Trained]
    seed: int
    title: str
    contents: str
    licence: str
    measured: str
    at_most: float

    @property
    def name(self) -> str:
        """The function's name, which is also the file's."""
        return self.function.__name__


def experiment(
    *, seeds: Iterable[int], by: Iterable[str], tolerance: Mapping[str, float]
) -> Callable[[Callable[[int], Any]], Experiment]:
    """Make a function of a seed the recipe of a stored experiment; see `Experiment`."""
    return lambda function: Experiment(function, tuple(seeds), tuple(by), dict(tolerance))


def weights(
    *, seed: int, title: str, contents: str, licence: str, measured: str, at_most: float
) -> Callable[[Callable[[int], Trained]], Weights]:
    """Make a function of a seed the recipe of stored weights; see `Weights`."""
    return lambda function: Weights(function, seed, title, contents, licence, measured, at_most)


def lesson_code(lesson: str, seed: int) -> ModuleType:
    """Run a lesson's cells with the tag ``recipe``; return what they define, as a module.

    They run in this process as they would with ``COURSE_SEED=seed``, and their output is
    dropped. The global random generators are seeded by them and stay so.
    """
    module = ModuleType(f"lesson {lesson}")
    before = os.environ.get("COURSE_SEED")
    os.environ["COURSE_SEED"] = str(seed)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            for number, source in enumerate(lesson_cells(lesson), start=1):
                place = f"<{lesson}, recipe cell {number}>"
                exec(compile(source, place, "exec", dont_inherit=True), vars(module))
    finally:
        if before is None:
            del os.environ["COURSE_SEED"]
        else:
            os.environ["COURSE_SEED"] = before
    return module


def lessons_with_recipes() -> list[str]:
    """Every lesson that has a module of recipes: "nlp/language_models" and so on."""
    folder = ROOT / "experiments"
    paths = (path.relative_to(folder).with_suffix("") for path in folder.glob("*/*.py"))
    return sorted(path.as_posix() for path in paths if path.name != "__init__")


def recipes_of(lesson: str, kind: type) -> dict[str, Any]:
    """The recipes of a lesson by name, of the ``kind`` `Experiment` or `Weights`."""
    module = importlib.import_module(f"experiments.{lesson.replace('/', '.')}")
    return {recipe.name: recipe for recipe in vars(module).values() if isinstance(recipe, kind)}


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that numbers may depend on."""
    found = {"Python": platform.python_version()}
    for library in ("numpy", "torch"):
        if library in sys.modules:
            found[library] = metadata.version(library)
    return found
