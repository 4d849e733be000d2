"""`make class`: every lesson becomes an assignment, and nbgrader gives it the points it earns."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import io
import os
import re
import subprocess
import sys
from copy import deepcopy
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest

import exercises
from exercises import NotSolvedError, discover, require
from exercises.engine import progress
from tools import classroom
from utils import course

PATHS = course.notebooks()
CONVOLUTION = next(path for path in PATHS if path.stem == "03_convolution")
every_lesson = pytest.mark.parametrize("path", PATHS, ids=course.lesson_id)
Notebook = nbformat.NotebookNode
REGION = re.compile(r"^### BEGIN SOLUTION\n(.*?)^### END SOLUTION\n", re.MULTILINE | re.DOTALL)


@pytest.fixture(autouse=True)
def own_progress(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.sqlite3"))


@cache
def made(path: Path, whole: bool = False) -> Notebook:
    return classroom.made(path, whole)


def metadata(cell: Notebook) -> dict[str, Any]:
    return cell.metadata.get("nbgrader", {})


def released(source: str) -> str:
    """A cell as nbgrader releases it with the class's settings: an empty line for the solution."""
    return REGION.sub("\n", source)


def lines(source: str) -> list[str]:
    return [line for line in source.splitlines() if line]


def original(path: Path, tag: str) -> list[str]:
    cells = nbformat.read(path, as_version=4).cells
    return [cell.source for cell in cells if tag in cell.metadata.get("tags", [])]


# --- the conversion -----------------------------------------------------------------------------


def test_every_exercise_of_the_course_is_in_one_assignment_once():
    tests = [
        cell.source for path in PATHS for cell in made(path).cells if metadata(cell).get("grade")
    ]
    found = [re.search(r'^require\("([\w.]+)", \w+\)$', test, re.MULTILINE)[1] for test in tests]
    assert sorted(found) == sorted(discover())
    names = [classroom.assignment(path) for path in PATHS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"\d\d_[a-z0-9_]+", name) for name in names)


@every_lesson
@pytest.mark.parametrize("whole", [False, True], ids=["exercises", "whole"])
def test_the_notebook_is_valid_and_the_same_every_time(path, whole, tmp_path):
    notebook = made(path, whole)
    nbformat.validate(notebook)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    for name in ("a", "b"):
        classroom.release(path, tmp_path / name, whole)
    first, second = (
        (tmp_path / name / "source" / classroom.assignment(path) / classroom.file_name(path))
        for name in ("a", "b")
    )
    assert first.read_bytes() == second.read_bytes()
    assert nbformat.read(first, as_version=4) == notebook


@every_lesson
@pytest.mark.parametrize("whole", [False, True], ids=["exercises", "whole"])
def test_every_exercise_cell_is_followed_by_its_locked_test(path, whole):
    cells = made(path, whole).cells
    marked = [cell for cell in cells if metadata(cell)]
    grade_ids = [metadata(cell)["grade_id"] for cell in marked]
    assert len(set(grade_ids)) == len(grade_ids)
    assert all(re.fullmatch(r"[a-z0-9_]+", grade_id) for grade_id in grade_ids)
    keys = {"schema_version", "grade_id", "grade", "locked", "solution", "task"}
    count = 0
    for index, cell in enumerate(cells):
        found = metadata(cell)
        if not found.get("solution"):
            continue
        count += 1
        assert set(found) == keys
        assert (found["schema_version"], found["grade"], found["locked"]) == (3, False, False)
        test = metadata(cells[index + 1])
        assert set(test) == keys | {"points"}
        assert (test["grade"], test["locked"], test["solution"]) == (True, True, False)
        assert (test["points"], test["grade_id"]) == (1, f"test_{found['grade_id']}")
        assert cells[index - 1].cell_type == "markdown"
        assert f"check.{found['grade_id']}(" in cell.source
    assert count == len(course.read_lesson(path).exercises)


@every_lesson
@pytest.mark.parametrize("whole", [False, True], ids=["exercises", "whole"])
def test_students_get_the_lessons_own_stubs_and_no_solution(path, whole):
    cells = made(path, whole).cells
    given = [released(cell.source) for cell in cells if metadata(cell).get("solution")]
    names = [ast.parse(code).body[-1].value.args[0].id for code in given]
    assert len(set(names)) == len(names), "one answer could be taken for another one"
    same = [re.sub(r"\banswer_\d+\b", "answer", code) for code in given]
    # A lesson may call an answer what it is about; in an assignment it has its number.
    stood = [re.sub(r"\bmy_\w+\b", "answer", code) for code in original(path, "exercise")]
    assert list(map(lines, same)) == list(map(lines, stood))
    text = "\n".join(released(cell.source) for cell in cells)
    assert "SOLUTION" not in text
    assert "confirm(" not in text
    for solution in original(path, "solution"):
        assert solution not in text
    assert not any("solution" in cell.metadata.get("tags", []) for cell in cells)


@every_lesson
def test_the_tasks_are_there_whole(path):
    texts = [cell.source for cell in made(path).cells if cell.id.startswith("task_")]
    lesson = "\n\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells)
    assert [int(re.match(r"### Exercise (\d+) · ", text)[1]) for text in texts] == list(
        range(1, len(texts) + 1)
    )
    for text in texts:
        assert re.sub(r"`answer_\d+ =", "`answer =", text) in lesson
        assert not re.search(r"`answer =", text)


@every_lesson
def test_a_whole_lesson_keeps_its_cells(path):
    before = nbformat.read(path, as_version=4).cells
    after = made(path, True).cells
    kept = {cell.source for cell in after}
    for cell in before:
        if cell.cell_type == "code" and not {"exercise", "solution"} & set(
            cell.metadata.get("tags", [])
        ):
            assert cell.source in kept
    assert len(after) == len(before) + 1  # a test for each solution, and the text at the top
    assert all(not cell.get("outputs") for cell in after)


@every_lesson
def test_right_answers_pass_their_tests_and_untouched_stubs_do_not(path):
    cells = {cell.id: cell for cell in made(path).cells}
    imports = cells["imports"].source
    namespace: dict[str, Any] = {"__name__": "__main__"}
    exec(compile(imports, "imports", "exec"), namespace)
    for grade_id, cell in cells.items():
        if not metadata(cell).get("solution"):
            continue
        test = cells[f"test_{grade_id}"].source
        for code, solved in [(cell.source, True), (released(cell.source), False)]:
            with contextlib.redirect_stdout(io.StringIO()) as output:
                exec(compile(code, grade_id, "exec"), namespace)
            if solved:
                assert "✓ Solved" in output.getvalue()
                exec(compile(test, grade_id, "exec"), namespace)
            else:
                with pytest.raises(NotSolvedError, match="Not attempted yet"):
                    exec(compile(test, grade_id, "exec"), namespace)


# --- the test that counts -----------------------------------------------------------------------


def test_a_known_mistake_is_named_and_nothing_is_shown_or_recorded(capsys):
    for id, exercise in list(discover().items())[::9]:
        mistake = exercise.mistakes[0]
        with pytest.raises(NotSolvedError) as caught:
            require(id, mistake.answer)
        assert mistake.why in str(caught.value)
        assert str(caught.value).startswith(f"Not yet: {exercise.title}")
    shown = capsys.readouterr()
    assert shown.out + shown.err == ""  # nbgrader takes text on stderr for a failure
    assert progress.attempts() == []


def test_a_changed_check_does_not_help(monkeypatch):
    from exercises.deep_learning import convolution as check

    fake = SimpleNamespace(evaluate=lambda answer: SimpleNamespace(status="solved", lines=()))
    monkeypatch.setattr(check, "pets_parameters", fake)
    monkeypatch.setattr(check.edge_map, "evaluate", fake.evaluate)
    for name in ("pets_parameters", "edge_map"):
        with pytest.raises(NotSolvedError):
            require(f"deep_learning.convolution.{name}", ...)
    assert check.pets_parameters is fake, "a reader's check is left as it is"


def test_warnings_do_not_reach_stderr(capfd):
    def noisy(image, kernel):
        print("loud", file=sys.stderr)
        return discover()["deep_learning.convolution.edge_map"].reference(image, kernel)

    require("deep_learning.convolution.edge_map", noisy)
    assert capfd.readouterr().err == ""


# --- what is refused ----------------------------------------------------------------------------

ABOVE = "Text.\n\n### Exercise 2 · Half\n\nGive half, such as `answer = 1`."
HALF = "def half(): ...\ncheck.half(half)"
STUB, RIGHT = "answer = ...\n\ncheck.half(answer)", "# half of one\ncheck.half.confirm(1 / 2)"


def test_an_exercise_is_taken_apart():
    found = classroom.task(ABOVE, STUB, RIGHT, "made_up.lesson")
    assert found == classroom.Task(
        id="made_up.lesson.half",
        answer="answer_2",
        text="### Exercise 2 · Half\n\nGive half, such as `answer_2 = 1`.",
        stub="answer_2 = ...",
        solution="# half of one\nanswer_2 = 1 / 2",
        check="check.half(answer_2)",
    )
    task, _ = classroom.exercise_cells(found)
    assert released(task.source) == "answer_2 = ...\n\ncheck.half(answer_2)"


def test_a_value_over_several_lines_stays_one_expression():
    solution = "check.half.confirm(\n    1\n    / 2\n)"
    found = classroom.task(ABOVE, STUB, solution, "made_up.lesson").solution
    namespace: dict[str, Any] = {}
    exec(found, namespace)
    assert namespace["answer_2"] == 0.5


def test_a_value_found_in_several_steps_is_worked_out_by_the_solution():
    solution = (
        "def half_solution():\n    whole = 1\n    return whole / 2\n\n\n"
        "check.half.confirm(half_solution())"
    )
    found = classroom.task(ABOVE, STUB, solution, "made_up.lesson")
    namespace: dict[str, Any] = {}
    exec(found.solution, namespace)
    assert namespace["answer_2"] == 0.5
    task, _ = classroom.exercise_cells(found)
    assert released(task.source) == "answer_2 = ...\n\ncheck.half(answer_2)"


def test_a_solution_under_a_name_of_its_own_becomes_the_answer():
    exercise = "def half(x):\n    ...\n\n\ncheck.half(half)"
    solution = "def half_solution(x):\n    return x / 2\n\n\ncheck.half.confirm(half_solution)"
    found = classroom.task(ABOVE, exercise, solution, "made_up.lesson")
    namespace: dict[str, Any] = {}
    exec(found.solution, namespace)
    assert namespace["half"](4) == 2
    task, _ = classroom.exercise_cells(found)
    assert "half_solution" not in released(task.source)


@pytest.mark.parametrize(
    ("above", "exercise", "solution", "words"),
    [
        ("Text.", STUB, RIGHT, "no heading"),
        (ABOVE, "check.half(1 / 2)", RIGHT, "ends with check.name"),
        (ABOVE, "answer = ...", RIGHT, "ends with check.name"),
        (ABOVE, "", RIGHT, "ends with check.name"),
        (ABOVE, "answer = = 1", RIGHT, "ends with check.name"),
        (ABOVE, STUB, "check.half.confirm()", "ends with check.name"),
        (ABOVE, HALF, "check.half.confirm(other)", "else than half_solution"),
        (ABOVE, HALF, "def half(): ...\ncheck.half.confirm(half)", "else than half_solution"),
    ],
)  # fmt: skip
def test_what_is_no_exercise_is_said(above, exercise, solution, words):
    with pytest.raises(ValueError, match=words):
        classroom.task(above, exercise, solution, "made_up.lesson")


def test_a_lesson_that_cannot_be_read_is_an_error_and_the_others_are_made(tmp_path, capsys):
    bad = tmp_path / "01_bad.ipynb"
    bad.write_text("{", encoding="utf-8")
    assert classroom.main([str(bad), str(CONVOLUTION), "--output", str(tmp_path / "class")]) == 1
    shown = capsys.readouterr()
    assert str(bad) in shown.err
    assert "02_03_convolution: 7 points" in shown.out


def test_a_second_call_leaves_the_teachers_files_alone(tmp_path):
    arguments = [str(CONVOLUTION), "--output", str(tmp_path)]
    assert classroom.main(arguments) == 0
    config = tmp_path / "nbgrader_config.py"
    assert config.read_bytes() == classroom.CONFIG.read_bytes()
    kept = [config, tmp_path / "gradebook.db", tmp_path / "submitted" / "ada.ipynb"]
    for file in kept:
        file.parent.mkdir(exist_ok=True)
        file.write_text("mine", encoding="utf-8")
    assert classroom.main(arguments) == 0
    assert [file.read_text(encoding="utf-8") for file in kept] == ["mine"] * 3


def test_an_address_becomes_a_link_to_the_lesson():
    link = "https://example.org/course/chapters/02_deep_learning/03_convolution.ipynb"
    text = classroom.made(CONVOLUTION, address="https://example.org/course/").cells[0].source
    assert f"]({link})" in text
    assert "](" not in made(CONVOLUTION).cells[0].source


# --- nbgrader itself ----------------------------------------------------------------------------


@pytest.fixture
def nbgrader(tmp_path, monkeypatch):
    """Runs nbgrader in a class's folder, without a user's own settings."""
    if importlib.util.find_spec("nbgrader") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("nbgrader is missing: in CI the extra `class` must be installed")
        pytest.skip("nbgrader is not installed (the extra `class`)")
    folder = tmp_path / "class"
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(tmp_path / "jupyter"))
    monkeypatch.setenv("PYTHONPATH", str(course.ROOT))
    # nbgrader starts a program of its environment, which is on the path where that is activated.
    own = str(Path(sys.executable).parent)
    monkeypatch.setenv("PATH", os.pathsep.join([own, os.environ.get("PATH", "")]))

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "nbgrader", *arguments],
            cwd=folder,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    return SimpleNamespace(folder=folder, run=run)


def solved(notebook: Notebook, names: set[str]) -> Notebook:
    """A student's version with right answers, written where the stubs were, to some exercises."""
    answers = {cell.id: cell for cell in made(CONVOLUTION).cells if metadata(cell)}
    for cell in notebook.cells:
        name = metadata(cell).get("grade_id")
        if name in names:
            (solution,) = REGION.findall(answers[name].source)
            cell.source = f"{solution}\n{answers[name].source.splitlines()[-1]}"
    return notebook


def cell_of(notebook: Notebook, grade_id: str) -> Notebook:
    return next(cell for cell in notebook.cells if metadata(cell).get("grade_id") == grade_id)


def paste(notebook: Notebook, grade_id: str) -> None:
    """Put a copy of a cell below it, as a student does with copy and paste."""
    cell = cell_of(notebook, grade_id)
    copy = nbformat.from_dict(deepcopy(cell))
    copy.id = f"{cell.id}-copy"
    notebook.cells.insert(notebook.cells.index(cell) + 1, copy)


def test_nbgrader_releases_and_grades_as_expected(nbgrader, tmp_path):
    name, file = "02_03_convolution", "convolution.ipynb"
    assert classroom.main([str(CONVOLUTION), "--output", str(nbgrader.folder)]) == 0
    nbgrader.run("generate_assignment", name)
    release = nbformat.read(nbgrader.folder / "release" / name / file, as_version=4)
    assert [cell.source for cell in release.cells] == [
        released(cell.source) for cell in made(CONVOLUTION).cells
    ]

    exercises_of = [id.rpartition(".")[2] for id in course.read_lesson(CONVOLUTION).exercises]
    submissions = {
        student: nbformat.from_dict(deepcopy(release))
        for student in ("right", "partly", "wrong", "copied")
    }
    solved(submissions["right"], set(exercises_of))

    # Three right answers, and three exercises that go wrong in three ways without harm to others.
    partly = solved(submissions["partly"], {"pets_parameters", "correlate", "one_pixel"})
    cell_of(partly, "edge_map").source = "def edge_map(image, kernel:\n    return image"
    (mistake, *_) = discover()["deep_learning.convolution.receptive_field"].mistakes
    cell_of(partly, "receptive_field").source = (
        "def receptive_field(layers):\n"
        "    from exercises.deep_learning.convolution import receptive_field as check\n"
        "    return check.mistakes[0].answer(layers)"
    )
    cell_of(partly, "pool_gradient").source = "while True:\n    pass"
    partly.cells.remove(cell_of(partly, "test_pets_parameters"))  # a test deleted by accident

    # No answer at all, and every trick that is to be of no use.
    cheat = submissions["wrong"]
    first = "import types\nfrom exercises.deep_learning import convolution\n"
    first += "check = types.SimpleNamespace(pets_parameters=lambda answer: None)\n"
    for exercise in exercises_of:
        first += f"convolution.{exercise} = types.SimpleNamespace(evaluate=lambda answer: check)\n"
    cell_of(cheat, "pets_parameters").source = first + "check.status, answer_1 = 'solved', 0"
    cell_of(cheat, "test_edge_map").source = "pass"
    cell_of(cheat, "imports").source += "\nimport exercises\nexercises.require = print"
    cheat.cells.remove(cell_of(cheat, "test_correlate"))

    # Cells copied and pasted, as JupyterLab does it: with their metadata. An answer that is written
    # in the copy of its cell counts; an exercise deleted together with its test costs its point.
    copied = solved(submissions["copied"], set(exercises_of) - {"edge_map"})
    for grade_id in ("imports", "correlate", "test_one_pixel"):
        paste(copied, grade_id)
    paste(copied, "pets_parameters")
    cell_of(copied, "pets_parameters").source = "answer_1 = 0  # the first try"
    for grade_id in ("edge_map", "test_edge_map"):
        copied.cells.remove(cell_of(copied, grade_id))

    for student, notebook in submissions.items():
        folder = nbgrader.folder / "submitted" / student / name
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / file)
    own = nbgrader.folder / "submitted" / "wrong" / name / "exercises" / "__init__.py"
    own.parent.mkdir()
    own.write_text("def require(*anything): pass\n", encoding="utf-8")

    config = nbgrader.folder / "nbgrader_config.py"
    text = config.read_text(encoding="utf-8").replace("timeout = 60", "timeout = 15")
    config.write_text(text, encoding="utf-8")
    nbgrader.run("autograde", name)

    from nbgrader.api import Gradebook

    scores, points = {}, {}
    with Gradebook(f"sqlite:///{nbgrader.folder / 'gradebook.db'}") as gradebook:
        for submission in gradebook.assignment_submissions(name):
            student = submission.student.id
            scores[student] = (submission.score, submission.max_score)
            grades = [grade for book in submission.notebooks for grade in book.grades]
            points[student] = {grade.cell.name: grade.auto_score for grade in grades}
            assert not any(grade.needs_manual_grade for grade in grades)
    earned = {exercise for exercise in exercises_of if points["partly"][f"test_{exercise}"]}
    assert earned == {"pets_parameters", "correlate", "one_pixel"}
    assert scores == {"right": (7, 7), "partly": (3, 7), "wrong": (0, 7), "copied": (6, 7)}
    assert points["copied"]["test_edge_map"] == 0

    graded = nbgrader.folder / "autograded" / "partly" / name / file
    (error,) = cell_of(nbformat.read(graded, as_version=4), "test_receptive_field").outputs
    assert mistake.why in error.evalue
    assert not (tmp_path / "progress.sqlite3").exists(), "grading touched somebody's progress"


def test_the_page_for_teachers_says_what_there_is():
    text = (course.ROOT / "docs" / "teaching.md").read_text(encoding="utf-8")
    for option in ("--output", "--address", "--whole", "NB="):
        assert f"`{option}" in text
    assert classroom.assignment(CONVOLUTION) in text
    assert classroom.assignment(PATHS[0]) in text
    assert exercises.require.__doc__
    readme = (course.ROOT / "README.md").read_text(encoding="utf-8")
    assert "(docs/teaching.md)" in readme
