"""The pages for newcomers, docs/first_mistake.md and docs/first_lesson.md: what they say is so."""

from __future__ import annotations

import re

import pytest

from exercises import start_here
from exercises.engine import Function, Mistake
from tools import lesson, move, text
from utils.course import ROOT

PAGES = {name: (ROOT / "docs" / name).read_text(encoding="utf-8")
         for name in ("first_mistake.md", "first_lesson.md")}  # fmt: skip
ALL_TEXT = "\n".join(PAGES.values())


def test_every_command_and_option_of_make_is_there():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^(?:make |.*`make )([a-z]+)", ALL_TEXT, re.MULTILINE))
    assert {"lesson", "text", "move", "diff", "run", "test"} <= targets
    for target in targets:
        assert re.search(rf"^{target}:.* ## ", makefile, re.MULTILINE), target
    for option in set(re.findall(r"\b([A-Z_]+)=", ALL_TEXT)):
        assert f"$({option})" in makefile or f"$(if $({option})" in makefile, option


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name):
    targets = re.findall(r"\]\(([^)#]+)", PAGES[name])
    assert targets
    for target in targets:
        assert (ROOT / "docs" / target).exists(), target


def test_the_pages_are_linked_from_contributing():
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for name in PAGES:
        assert f"](docs/{name})" in contributing


def test_the_mistake_of_the_page_is_new_and_is_recognised_once_it_is_added():
    entry = re.search(r"^ {8}Mistake\(\n.*?^ {8}\),\n", PAGES["first_mistake.md"], re.DOTALL | re.M)
    (mistake,) = eval(f"({entry[0].strip()})", {"Mistake": Mistake})
    exercise: Function = start_here.standardise
    assert exercise.evaluate(mistake.answer).mistake is None
    assert mistake.name not in [known.name for known in exercise.mistakes]
    before = exercise.mistakes
    try:
        exercise.mistakes = (*before, mistake)
        result = exercise.evaluate(mistake.answer)
    finally:
        exercise.mistakes = before
    assert result.mistake is mistake
    assert f"This looks like: {mistake.name}. {mistake.why[:50]}" in PAGES["first_mistake.md"]
    source = (ROOT / "exercises" / "start_here.py").read_text(encoding="utf-8")
    assert "standardise = Function(" in source
    assert "def _standardise_cases(" in source


def test_the_lesson_of_the_page_can_be_made_and_moved():
    names = set(re.findall(r"\b(?:NAME|FROM)=(\S+)", PAGES["first_lesson.md"]))
    (name,) = names
    place = lesson.parse(name)
    lesson.check_free(place, lesson.places(ROOT), ROOT)
    (goal,) = {lesson.parse(to) for to in re.findall(r"\bTO=(\S+)", PAGES["first_lesson.md"])}
    assert goal in move.shifted([*lesson.places(ROOT), place], place, goal).values()
    assert place.link in PAGES["first_lesson.md"]
    assert place.module in PAGES["first_lesson.md"]
    script = text.text_path(ROOT / place.link, ROOT).relative_to(ROOT).as_posix()
    assert script in PAGES["first_lesson.md"]


def test_what_the_page_replaces_stands_in_the_form():
    page = PAGES["first_lesson.md"]
    place = lesson.parse("01_ml_basics/09_moving_average")
    form = lesson.filled("lesson.py.txt", place, "Moving average")
    module = lesson.filled("exercises.py.txt", place, "Moving average")
    for words in ("# # Moving average", "# ## By hand", "#     summary: ", "· ●●○ 5 min"):
        assert words in form
        assert words.lstrip("# ") in page
    assert form.count("To write: a title") == module.count("To write: a title") == 1
    for words in ("carry_on=", "the sum instead of the mean", "the square of the mean"):
        assert words in module
