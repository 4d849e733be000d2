"""`make lesson`: what it makes runs, is in good form, and says what is still to be written."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import notebook_rules
import pytest

from tools import lesson, notebooks
from tools.lesson import LessonError, left_to_write
from utils import course

LONG = "a_name_that_has_as_many_letters_as_it_ma"


@pytest.fixture
def root(tmp_path) -> Path:
    """A course with one lesson that says nothing."""
    folder = tmp_path / "chapters" / "04_nlp"
    folder.mkdir(parents=True)
    (folder / "03_made_up.ipynb").write_text("{}", encoding="utf-8")
    (tmp_path / "chapters" / "start_here.ipynb").write_text("{}", encoding="utf-8")
    package = tmp_path / "exercises" / "nlp"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "word_vectors.py").write_text("", encoding="utf-8")
    return tmp_path


def files(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


def exercise_of(root: Path, module: str):
    """The first exercise of a module that was made."""
    spec = importlib.util.spec_from_file_location("made_up_exercises", root / module)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded.mean_square


# --- what is made -------------------------------------------------------------------------------


def test_notebook_and_module_are_made_and_nothing_else(root):
    before = files(root)
    made = lesson.make("04_nlp/05_bert", root)
    assert made == ["chapters/04_nlp/05_bert.ipynb", "exercises/nlp/bert.py"]
    assert files(root) - before == set(made)


def test_the_first_lesson_of_a_chapter_brings_the_chapters_package(root):
    made = lesson.make("chapters/08_vision/01_edges.ipynb", root)
    assert made[1:] == ["exercises/vision/edges.py", "exercises/vision/__init__.py"]
    assert "Vision" in (root / made[2]).read_text(encoding="utf-8")


def test_what_is_made_runs_from_top_to_bottom(root, monkeypatch):
    for name in ("exercises/engine", "exercises/__init__.py", "utils"):
        copy = shutil.copytree if (course.ROOT / name).is_dir() else shutil.copy
        copy(course.ROOT / name, root / name)
    monkeypatch.setenv("PYTHONPATH", str(root))
    path = root / lesson.make("04_nlp/05_bert", root)[0]
    notebooks.run(path)
    notebook = nbformat.read(path, as_version=4)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    shown = "".join(str(output.get("data", "")) for output in outputs)
    assert "Not attempted yet: To write: a title" in shown
    assert "This solution passes all 3 cases" in shown
    assert notebook.cells[0].source.startswith("# Bert\n")


@pytest.mark.parametrize("name", ["04_nlp/05_bert", f"06_representation_learning/01_{LONG}"])
def test_what_is_made_passes_ruff(root, name):
    made = lesson.make(name, root)
    shutil.copy(course.ROOT / "pyproject.toml", root)
    for package in ("utils", "exercises/engine"):
        shutil.copytree(course.ROOT / package, root / package)
    for command in (["check"], ["format", "--check"]):
        result = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--no-cache", *made],
            cwd=root,
            text=True,
            capture_output=True,
            check=False,
        )
        assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    "rule",
    [
        notebook_rules.metadata,
        notebook_rules.title,
        notebook_rules.parts,
        notebook_rules.exercises,
        notebook_rules.short_cells,
        notebook_rules.plain_python,
        notebook_rules.links,
        notebook_rules.imports,
        notebook_rules.honest_tags,
        notebook_rules.introduced,
    ],
    ids=lambda rule: rule.__name__,
)
def test_the_form_of_the_notebook_is_right_from_the_start(root, rule):
    path = root / lesson.make("04_nlp/05_bert", root)[0]
    assert rule(json.loads(path.read_text(encoding="utf-8")), path) == []


def test_the_notebook_is_in_the_normal_form_and_was_not_run(root):
    path = root / lesson.make("04_nlp/05_bert", root)[0]
    notebook = nbformat.read(path, as_version=4)
    assert all(cell.get("execution_count") is None for cell in notebook.cells)
    before = [(cell.id, cell.metadata) for cell in notebook.cells]
    notebooks.normalise(notebook)
    assert [(cell.id, cell.metadata) for cell in notebook.cells] == before


def test_the_first_exercise_is_complete_in_form(root):
    exercise = exercise_of(root, lesson.make("04_nlp/05_bert", root)[1])
    assert exercise.id == "nlp.bert.mean_square"
    for answer in (exercise.reference, *exercise.also_correct):
        assert exercise.evaluate(answer).status == "solved"
    for mistake in exercise.mistakes:
        assert exercise.evaluate(mistake.answer).mistake is mistake
    assert len(exercise.mistakes) == len(exercise.hints) == 2


# --- what is left to write ----------------------------------------------------------------------


def test_every_place_left_to_write_is_named(root):
    notebook, module = (root / name for name in lesson.make("04_nlp/05_bert", root))
    found = left_to_write(notebook)
    assert "05_bert.ipynb, metadata: topics: ['To write: keywords']" in found
    assert "05_bert.ipynb, cell 5: # To write: the same numbers by code." in found
    assert len(found) > 15
    found = left_to_write(module)
    lines = module.read_text(encoding="utf-8").splitlines()
    number = lines.index('        "To write: nearly there.",') + 1
    assert f'bert.py, line {number}: "To write: nearly there.",' in found
    module.write_text("x = 1\n", encoding="utf-8")
    assert left_to_write(module) == []


@pytest.mark.parametrize("path", course.notebooks(), ids=course.lesson_id)
def test_nothing_is_left_to_write(path):
    module = course.ROOT / "exercises" / f"{course.lesson_id(path).replace('.', '/')}.py"
    left = left_to_write(path) + (left_to_write(module) if module.exists() else [])
    assert not left, "still to be written:\n" + "\n".join(left)


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "not a lesson's name: write it like 04_nlp/05_bert"),
        ("bert", "not a lesson's name"),
        ("nlp/bert", "not a lesson's name"),
        ("04_nlp/5_bert", "not a lesson's name"),
        ("04_nlp/05_Bert", "not a lesson's name"),
        ("04_nlp/05_bert-base", "not a lesson's name"),
        ("../04_nlp/05_bert", "not a lesson's name"),
        ("04_nlp/05_2nd", "not a lesson's name"),
        ("11_cooking/01_soup", "no chapter 11_cooking: .*CHAPTERS in utils/course.py"),
        ("04_nlp/00_bert", "has the number 01"),
        ("04_nlp/05_lambda", "no word of Python's own"),
        (f"04_nlp/05_{LONG}x", "at most 40 letters"),
        ("04_nlp/05_made_up", "of this name already: chapters/04_nlp/03_made_up.ipynb"),
        ("04_nlp/03_bert", "number 03 is taken by .*NAME=04_nlp/04_bert.*TO=04_nlp/03_bert"),
        ("04_nlp/05_word_vectors", "exercises/nlp/word_vectors.py is there already"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused_in_a_sentence(root, name, said):
    before = files(root)
    with pytest.raises(LessonError, match=said) as caught:
        lesson.make(name, root)
    assert "\n" not in str(caught.value)
    assert files(root) == before


def test_the_command_says_what_was_made_and_what_comes_next(root, monkeypatch, capsys):
    monkeypatch.setattr(course, "ROOT", root)
    assert lesson.main(["04_nlp/05_bert"]) == 0
    said = capsys.readouterr().out
    assert "exercises/nlp/bert.py" in said
    assert "make run NB=chapters/04_nlp/05_bert.ipynb" in said
    assert lesson.main(["04_nlp/05_bert"]) == 1
    assert capsys.readouterr().err.startswith("error: the chapter has a lesson of this name")
