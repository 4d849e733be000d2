"""Stored experiments: each file was made by the recipe that is there now, with its seeds."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from experiments import Experiment, experiment, lessons_with_recipes, recipes_of
from tools import experiments as tool
from utils import results
from utils.course import ROOT
from utils.recipes import fingerprint, lesson_link
from utils.results import ResultsError, StoredResult

FILES = sorted(results.FOLDER.rglob("*"))
STORED = [path for path in FILES if path.is_file()]
RECIPES = {
    (lesson, name): recipe
    for lesson in lessons_with_recipes()
    for name, recipe in recipes_of(lesson, Experiment).items()
}


def names(path: Path) -> tuple[str, str]:
    """Lesson and name of a stored file."""
    return path.relative_to(results.FOLDER).parent.as_posix(), path.stem


# --- what is stored ---------------------------------------------------------------------------


def test_every_recipe_has_its_file_and_every_file_its_recipe() -> None:
    assert {path.suffix for path in STORED} == {".csv"}
    assert {names(path) for path in STORED} == set(RECIPES)


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_a_stored_file_was_made_by_its_recipe_as_it_is_now(path: Path) -> None:
    stored = results.read(path)
    lesson, name = names(path)
    assert stored.recipe == f"experiments/{lesson}.py, {name}"
    assert stored.code == fingerprint(lesson, name), f"stale: {results.remedy(lesson)}"
    assert results.load(lesson, name).code == stored.code


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_the_rows_are_those_of_the_declared_seeds(path: Path) -> None:
    recipe = RECIPES[names(path)]
    stored = results.read(path)
    assert stored.seeds == recipe.seeds
    assert not stored.table.isna().any(axis=None)
    count = stored.table.groupby("seed").size()
    assert list(count.index) == sorted(recipe.seeds)
    assert count.nunique() == 1, "some seed has fewer rows than another"
    for _, group in stored.table.groupby([*recipe.by]):
        assert set(group["seed"]) == set(recipe.seeds)
    measured = stored.table.drop(columns="seed")
    for seed in recipe.seeds[1:]:  # a row copied under another seed would be no measurement
        assert (
            not measured[stored.table["seed"] == seed]
            .reset_index(drop=True)
            .equals(measured[stored.table["seed"] == recipe.seeds[0]].reset_index(drop=True))
        )


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_a_stored_file_is_used_by_its_lesson_and_small(path: Path) -> None:
    lesson, name = names(path)
    notebook = json.loads((ROOT / lesson_link(lesson)).read_text(encoding="utf-8"))
    code = "\n".join("".join(c["source"]) for c in notebook["cells"] if c["cell_type"] == "code")
    assert f'load("{lesson}", "{name}")' in code
    assert path.stat().st_size <= 300_000


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.name)
def test_a_recipe_states_how_far_another_run_may_lie_from_the_stored_one(
    recipe: Experiment,
) -> None:
    assert recipe.tolerance
    assert all(allowed > 0 for allowed in recipe.tolerance.values())


def test_a_recipe_gives_its_stored_rows_again() -> None:
    """One recipe with one of its seeds, both drawn anew in every run."""
    if not os.environ.get("COURSE_PROOF"):
        pytest.skip("minutes of training; COURSE_PROOF=1 runs one recipe again")
    lesson, name = random.SystemRandom().choice(sorted(RECIPES))
    recipe = RECIPES[lesson, name]
    seed = random.SystemRandom().choice(recipe.seeds)
    print(f"{lesson}, {name}, seed {seed}")
    table = results.load(lesson, name).table
    stored = table[table["seed"] == seed].reset_index(drop=True)
    assert recipe.differences(recipe.run(seed), stored) == []


# --- a recipe of two methods --------------------------------------------------------------------


@experiment(seeds=range(3), by=("method",), tolerance={"score": 0.5})
def tiny(seed: int) -> list[dict]:
    return [{"method": m, "score": base + seed / 10} for m, base in (("a", 1.0), ("b", 3.0))]


def test_a_run_within_the_stated_spread_is_accepted() -> None:
    stored = tiny.run(0)
    assert tiny.differences(tiny.run(0), stored) == []
    assert tiny.differences(tiny.run(2), stored) == []


def test_a_run_outside_of_the_stated_spread_is_named() -> None:
    again = tiny.run(0)
    again.loc[1, "score"] = 3.6
    assert tiny.differences(again, tiny.run(0)) == [
        "tiny, b: score 3.6, stored 3, allowed distance 0.5"
    ]
    again.loc[1, "score"] = float("nan")
    assert len(tiny.differences(again, tiny.run(0))) == 1


def test_a_run_with_other_rows_or_methods_is_named() -> None:
    assert "stored are" in tiny.differences(tiny.run(0)[:1], tiny.run(0))[0]
    again = tiny.run(0).replace({"method": {"b": "c"}})
    assert "other groups of method" in tiny.differences(again, tiny.run(0))[0]


@pytest.fixture
def stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The tiny recipe's file, as the command stores it, under the lesson nlp/language_models."""
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    for module in (results, tool):
        monkeypatch.setattr(module, "fingerprint", lambda lesson, name: "0123456789abcdef")
    monkeypatch.setattr(results, "ROOT", tmp_path)
    monkeypatch.setattr(tool.course, "ROOT", tmp_path)
    monkeypatch.setattr(tool, "lessons_with_recipes", lambda: ["nlp/language_models"])
    monkeypatch.setattr(tool, "recipes_of", lambda lesson, kind: {"tiny": tiny})
    assert tool.main([]) == 0
    return tmp_path / "nlp" / "language_models" / "tiny.csv"


def load() -> StoredResult:
    return results.load("nlp/language_models", "tiny")


def test_the_command_stores_what_the_recipe_gives(stored: Path) -> None:
    result = load()
    expected = pd.concat([tiny.run(seed) for seed in range(3)], ignore_index=True)
    pd.testing.assert_frame_equal(result.table, expected)
    assert result.seeds == (0, 1, 2)
    assert result.versions["numpy"] == np.__version__
    assert result.origin().startswith("6 rows from experiments/nlp/language_models.py, tiny, seeds")


def test_a_second_command_runs_nothing_and_a_named_lesson_runs_again(
    stored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = stored.read_bytes()
    stored.write_bytes(before + b"\n")
    assert tool.main([]) == 0  # damaged: made again
    assert stored.read_bytes() == before
    capsys.readouterr()
    assert tool.main([]) == 0
    assert "Nothing to run" in capsys.readouterr().out
    assert tool.main(["chapters/04_nlp/04_language_models.ipynb"]) == 0
    assert "seed 2 done" in capsys.readouterr().out
    assert stored.read_bytes() == before


def test_a_lesson_without_recipes_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.main(["chapters/01_ml_basics/01_linear_regression.ipynb"]) == 1
    assert "experiments/ml_basics/linear_regression.py has no" in capsys.readouterr().err


def test_every_call_gives_a_table_of_its_own(stored: Path) -> None:
    first = load().table
    first.loc[:, "score"] = 0.0
    assert load().table["score"].min() == 1.0


def test_a_missing_file_names_the_command(stored: Path) -> None:
    stored.unlink()
    with pytest.raises(ResultsError) as error:
        load()
    assert str(error.value) == (
        "nlp/language_models/tiny.csv is missing: get it again with git, or run "
        "make experiments NB=chapters/04_nlp/04_language_models.ipynb"
    )


def spoiled(text: str) -> dict[str, str]:
    """Ways in which a file can be damaged, by what the message says."""
    rows = text.index("seed,method")
    return {
        "its rows are not the ones that were stored": text.replace("b,3.1", "b,9.9"),
        "its rows are not the ones": text[:-5],
        "are not the ones that were": text + "3,a,1.3\n",
        "its head has no recipe": text[rows:],
        "no code": "\n".join(line for line in text.splitlines() if "code" not in line),
        "its head has no recipe and no code": "",
        "other seeds": text.replace("# seeds: 0 1 2", "# seeds: 0 1 2 3"),
        "invalid literal": text.replace("# seeds: 0 1 2", "# seeds: three"),
    }


@pytest.mark.parametrize("words", spoiled("seed,method"))
def test_a_damaged_file_says_what_is_wrong_and_what_to_do(stored: Path, words: str) -> None:
    text = stored.read_text(encoding="utf-8")
    stored.write_text(spoiled(text)[words], encoding="utf-8")
    with pytest.raises(ResultsError, match=f"is damaged .*{words}.*run make experiments NB="):
        load()


def test_bytes_that_are_no_text_are_damage(stored: Path) -> None:
    stored.write_bytes(b"\x80\x04\x95\xff")
    with pytest.raises(ResultsError, match="is damaged"):
        load()


def test_a_stale_file_is_a_note_for_readers_and_an_error_for_authors(
    stored: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(results, "fingerprint", lambda lesson, name: "another")
    with pytest.raises(ResultsError, match="earlier form of the lesson's code: run make exp"):
        load()
    monkeypatch.delenv("COURSE_STRICT")
    assert len(load().table) == 6
    assert "earlier form" in capsys.readouterr().out


def test_a_file_whose_recipe_is_gone_is_an_error(
    stored: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(results, "fingerprint", fingerprint)
    with pytest.raises(ResultsError, match="has no recipe any more"):
        load()
