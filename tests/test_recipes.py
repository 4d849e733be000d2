"""Recipes: how a stored file knows that the code behind it has changed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import experiments
from experiments import Experiment, Weights, lesson_code, lessons_with_recipes, recipes_of
from utils import recipes
from utils.recipes import RecipeError, essential, fingerprint, lesson_cells, recipe_source

RECIPE = '''"""A module of recipes."""


@experiment(seeds=range(2), by=(), tolerance={})
def trial(seed):
    return [{"value": seed}]


def other(seed):
    return []
'''
CELL = "import math\n\n\ndef f(x):\n    return math.sqrt(x)  # the root"


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course with one lesson, small/first, whose second cell a recipe runs."""
    notebook = tmp_path / "chapters" / "01_small" / "01_first.ipynb"
    notebook.parent.mkdir(parents=True)
    (tmp_path / "experiments" / "small").mkdir(parents=True)
    monkeypatch.setitem(recipes.notebooks.__globals__["CHAPTERS"], "01_small", "Small")
    for module in (recipes, experiments):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    write(tmp_path)
    return tmp_path


def write(root: Path, cell: str = CELL, recipe: str = RECIPE, untagged: str = "y = f(2)") -> None:
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# First"]},
        {"cell_type": "code", "metadata": {"tags": ["recipe"]}, "source": cell.splitlines(True)},
        {"cell_type": "code", "metadata": {}, "source": [untagged]},
    ]
    path = root / "chapters" / "01_small" / "01_first.ipynb"
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    (root / "experiments" / "small" / "first.py").write_text(recipe, encoding="utf-8")


def test_only_cells_with_the_tag_belong_to_a_recipe(course: Path) -> None:
    assert lesson_cells("small/first") == [CELL]


def test_a_recipe_is_read_without_what_declares_its_seeds(course: Path) -> None:
    text = recipe_source("small/first", "trial")
    assert text == 'def trial(seed):\n    return [{"value": seed}]'


@pytest.mark.parametrize(
    "change",
    [
        {"cell": CELL.replace("sqrt", "cbrt")},
        {"cell": CELL.replace("(x)", "(z)")},
        {"recipe": RECIPE.replace('"value": seed', '"value": 1')},
    ],
)
def test_the_fingerprint_changes_with_the_code(course: Path, change: dict[str, str]) -> None:
    before = fingerprint("small/first", "trial")
    write(course, **change)
    assert fingerprint("small/first", "trial") != before


@pytest.mark.parametrize(
    "change",
    [
        {"cell": CELL.replace("# the root", "# of x")},
        {"cell": CELL.replace("import math", "import math\nfrom pathlib import Path\n# why")},
        {"cell": CELL.replace("def f(x):", "def f(x):\n")},
        {"untagged": "y = f(3)"},
        {"recipe": RECIPE.replace("return []", "return [1]")},
        {"recipe": RECIPE.replace("range(2)", "range(3)")},
    ],
)
def test_the_fingerprint_stays_when_nothing_that_runs_has_changed(
    course: Path, change: dict[str, str]
) -> None:
    before = fingerprint("small/first", "trial")
    write(course, **change)
    assert fingerprint("small/first", "trial") == before


def test_a_sign_for_comments_inside_a_text_is_no_comment() -> None:
    assert essential('x = "a # b"  # c') == 'x = "a # b"'


def test_an_import_over_several_lines_does_not_count() -> None:
    assert essential("from math import (\n    cos,\n    sin,\n)\nx = 1") == "x = 1"


@pytest.mark.parametrize("lesson", ["small/second", "first", "01_small/01_first"])
def test_a_lesson_that_is_not_there_is_named(course: Path, lesson: str) -> None:
    with pytest.raises(RecipeError, match=f"there is no lesson '{lesson}'"):
        recipes.lesson_link(lesson)


@pytest.mark.parametrize("lesson", ["small/first", "small/second"])
def test_a_recipe_that_is_not_there_is_named(course: Path, lesson: str) -> None:
    with pytest.raises(RecipeError, match=rf"experiments/{lesson}\.py has no recipe 'attempt'"):
        recipe_source(lesson, "attempt")


def test_a_lesson_runs_with_the_seed_of_the_recipe(
    course: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COURSE_SEED", "7")
    write(course, cell="import os\nprint('unseen')\nSEED = int(os.environ['COURSE_SEED'])")
    assert lesson_code("small/first", 3).SEED == 3
    assert os.environ["COURSE_SEED"] == "7"


def test_a_lesson_runs_as_in_a_notebook_without_this_packages_future_imports(course: Path) -> None:
    write(course, cell="def f(x: int) -> float: ...\nkinds = f.__annotations__")
    assert lesson_code("small/first", 0).kinds == {"x": int, "return": float}


def test_stale_is_a_note_for_readers_and_an_error_for_authors(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COURSE_STRICT", "1")
    with pytest.raises(KeyError, match="is older"):
        recipes.report_stale("The file is older.", KeyError)
    monkeypatch.delenv("COURSE_STRICT")
    recipes.report_stale("The file is older.", KeyError)
    assert "The file is older." in capsys.readouterr().out


@pytest.mark.parametrize("lesson", lessons_with_recipes())
def test_every_module_of_recipes_belongs_to_a_lesson_and_is_short_enough_to_be_shown(
    lesson: str,
) -> None:
    assert lesson_cells(lesson), "no cell of the lesson has the tag recipe"
    found = recipes_of(lesson, Experiment) | recipes_of(lesson, Weights)
    assert found
    for name in found:
        assert len(recipe_source(lesson, name).splitlines()) <= 30
