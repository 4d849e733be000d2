"""The course's structure as utils/course.py reads it from notebooks."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from utils import course

COURSE = {
    "title": "Lines",
    "summary": "A line through points.",
    "minutes": 40,
    "seconds": 25,
    "needs": ["chapters/start_here.ipynb"],
    "topics": ["least squares"],
}


def code(source: str, *tags: str) -> dict:
    lines = source.splitlines(keepends=True)
    return {"cell_type": "code", "metadata": {"tags": list(tags)}, "source": lines}


def write(path: Path, *cells: dict, **changes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    notebook = {"metadata": {"course": COURSE | changes}, "cells": list(cells)}
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def test_lessons_in_order_and_copies_passed_over(tmp_path):
    write(tmp_path / "02_deep_learning" / "01_back.ipynb")
    write(tmp_path / "01_ml_basics" / "02_kinds.ipynb")
    write(tmp_path / "01_ml_basics" / "01_lines.ipynb")
    write(tmp_path / "01_ml_basics" / "01_lines-Copy1.ipynb")
    write(tmp_path / "01_ml_basics" / ".ipynb_checkpoints" / "01_lines.ipynb")
    write(tmp_path / "start_here.ipynb")
    write(tmp_path / "my own" / "notes.ipynb")
    assert [lesson.link for lesson in course.lessons(tmp_path)] == [
        "chapters/start_here.ipynb",
        "chapters/01_ml_basics/01_lines.ipynb",
        "chapters/01_ml_basics/02_kinds.ipynb",
        "chapters/02_deep_learning/01_back.ipynb",
    ]


def test_what_a_lesson_holds(tmp_path):
    path = write(
        tmp_path / "01_ml_basics" / "01_linear_regression.ipynb",
        code("from exercises.ml_basics import linear_regression as check"),
        code("def ridge(x, y):\n    ...\n\ncheck.ridge(ridge)\n# check.old(ridge)", "exercise"),
        code("check.ridge.confirm(ridge)", "solution"),
        code("check.shown_only(1)"),
        code("check.quiz('a')\ncheck.quiz.hint()\ncheck.ridge(ridge)", "exercise"),
    )
    lesson = course.read_lesson(path)
    assert lesson.exercises == (
        "ml_basics.linear_regression.ridge",
        "ml_basics.linear_regression.quiz",
    )
    assert (lesson.path, lesson.chapter, lesson.title) == (path, "01_ml_basics", "Lines")
    assert (lesson.minutes, lesson.seconds, lesson.topics) == (40, 25, ("least squares",))
    assert lesson.core_minutes == 40, "the same as minutes where the metadata name none"
    assert lesson.needs == ("chapters/start_here.ipynb",)


def test_the_core_has_minutes_of_its_own(tmp_path):
    path = write(tmp_path / "start_here.ipynb", core_minutes=30)
    assert course.read_lesson(path).core_minutes == 30


def test_the_first_page_has_no_chapter(tmp_path):
    path = write(tmp_path / "start_here.ipynb", code("check.first(3)", "exercise"))
    lesson = course.read_lesson(path)
    assert (lesson.chapter, lesson.exercises) == ("", ("start_here.first",))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("chapters/start_here.ipynb", "start_here"),
        ("/a/chapters/01_ml_basics/03_honest_evaluation.ipynb", "ml_basics.honest_evaluation"),
        (Path("chapters/10_practice/01_building_benchmarks.ipynb"), "practice.building_benchmarks"),
    ],
)
def test_lesson_id(path, expected):
    assert course.lesson_id(path) == expected


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"cells": []}',
        '{"metadata": {}, "cells": []}',
        '{"metadata": {"course": {"title": "x"}}, "cells": []}',
    ],
)
def test_a_broken_notebook_is_named(tmp_path, text):
    path = tmp_path / "start_here.ipynb"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"start_here\.ipynb: "):
        course.lessons(tmp_path)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", 3),
        ("minutes", "40"),
        ("minutes", True),
        ("core_minutes", "40"),
        ("seconds", 2.5),
        ("needs", "chapters/start_here.ipynb"),
        ("topics", [1]),
    ],
)
def test_metadata_of_the_wrong_type_are_named(tmp_path, field, value):
    write(tmp_path / "start_here.ipynb", **{field: value})
    with pytest.raises(ValueError, match=rf"start_here\.ipynb: .*course\.{field}"):
        course.lessons(tmp_path)


def test_a_chapter_needs_a_title(tmp_path):
    write(tmp_path / "11_cooking" / "01_soup.ipynb")
    with pytest.raises(ValueError, match="11_cooking: this chapter has no title"):
        course.lessons(tmp_path)


def test_the_course_itself_can_be_read():
    for lesson in course.lessons():
        assert (course.ROOT / lesson.link).samefile(lesson.path)
        assert lesson.chapter in {"", *course.CHAPTERS}
    folders = {path.name for path in (course.ROOT / "chapters").iterdir() if path.is_dir()}
    assert folders - {".ipynb_checkpoints"} <= set(course.CHAPTERS)


def test_only_the_standard_library_is_imported():
    program = "import sys, utils.course; print(*{name.split('.')[0] for name in sys.modules})"
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=course.ROOT, capture_output=True, text=True, check=True
    )
    heavy = {"numpy", "torch", "matplotlib", "IPython", "nbformat", "pandas"}
    assert not heavy & set(result.stdout.split())
