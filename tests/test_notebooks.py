"""Every notebook of the course keeps the rules of ``notebook_rules``."""

from __future__ import annotations

import json

import pytest
from notebook_rules import RULES, is_exempt

from utils import course

CHAPTERS = course.ROOT / "chapters"
NOTEBOOKS = sorted(
    path for path in CHAPTERS.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts
)


def test_the_start_page_and_a_lesson_are_found():
    assert CHAPTERS / "start_here.ipynb" in NOTEBOOKS
    assert len(NOTEBOOKS) >= 2


def test_every_notebook_is_a_lesson_of_the_table_of_contents():
    assert {lesson.path for lesson in course.lessons()} == set(NOTEBOOKS)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_keeps_the_rule(path, rule):
    if is_exempt(path, rule.__name__):
        return  # stated, with the reason, in notebook_rules.EXEMPT_FROM
    problems = rule(json.loads(path.read_text(encoding="utf-8")), path)
    assert not problems, "\n".join(problems)


def test_lessons_come_after_the_lessons_they_need():
    seen: set[str] = set()
    for lesson in course.lessons():
        assert set(lesson.needs) <= seen, f"{lesson.link} needs a lesson that comes later"
        seen.add(lesson.link)
