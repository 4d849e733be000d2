"""How long a lesson takes, computed from its cells."""

import json

import pytest

from tools import contents, notebooks, reading
from utils import course


def markdown(*lines: str) -> dict:
    return {"cell_type": "markdown", "metadata": {}, "source": "\n".join(lines)}


def code(lines: int, *tags: str) -> dict:
    source = [f"line_{n} = {n}\n" for n in range(lines)]
    return {"cell_type": "code", "metadata": {"tags": list(tags)}, "source": source}


WORDS = "word " * 200  # a minute


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("It's a well-known rule.", 4),
        ("where $a < b$ and $c > d$ hold", 3),
        ("where a < b, and then c > d", 7),
        ("<details><summary>Why so?</summary>Because.</details>", 3),
        ("one $$x\n= 1$$ two", 2),
        ("", 0),
    ],
)
def test_words_are_counted_without_formulas_and_tags(text, count):
    assert reading.words(text) == count


def test_a_formula_counts_as_words():
    assert reading.words_with_formulas("so $a$ and $b$ give $$c = \n d$$") == 3 + 2 * 2 + 20


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([], 5),
        ([markdown(WORDS * 5)], 5),
        ([markdown(WORDS * 5), markdown("more")], 10),
        ([markdown("```", WORDS * 9, "```", WORDS * 5)], 5),
        ([code(100)], 5),
        ([code(101)], 10),
        ([code(500, "figure"), code(500, "solution"), code(500, "exercise")], 5),
        ([markdown("### Exercise 1 · Softmax")] * 2, 15),  # 2 × 5 and a few words
        ([markdown("### Exercise 1 · Softmax · ●●● 12 min")], 15),
        ([markdown("### Exercise 1 · Softmax · ●○○ 1 min")], 5),
    ],
)
def test_minutes_come_from_words_lines_and_exercises(cells, expected):
    assert reading.minutes(cells) == expected


@pytest.mark.parametrize(
    ("heading", "title", "minutes"),
    [
        ("### Exercise 2 · A mask · or two · ●●○ 5 min", "A mask · or two", "5"),
        ("### Exercise 2 · A mask", "A mask", None),
        ("### Exercise 2 · A mask · ●● 5 min", "A mask · ●● 5 min", None),
        ("### Exercise 2 · A mask · ●●○ 0 min", "A mask · ●●○ 0 min", None),
    ],
)
def test_the_heading_of_an_exercise(heading, title, minutes):
    found = reading.EXERCISE.search(f"Before.\n\n{heading}\n\nAfter.")
    assert (found["title"], found["minutes"]) == (title, minutes)


SECTIONS = [
    markdown("# Title"),
    markdown("## Core"),
    code(1),
    markdown("### A proof · deeper", "It adds the reason."),
    code(1),
    markdown("#### Its second half"),
    markdown("Text", "", "### Core again"),
    markdown("## Aside · deeper"),
    markdown("### Part"),
    code(1),
    markdown("## Another aside · deeper"),
    markdown("```", "## Not a heading", "```"),
    markdown("## Summary"),
    code(1),
]


def test_a_deeper_section_lasts_until_a_heading_of_its_level():
    assert reading.deeper_cells(SECTIONS) == {3, 4, 5, 6, 7, 8, 9, 10, 11}
    assert list(reading.misplaced_headings(SECTIONS)) == [(6, "Core again")]
    assert len(reading.without_deeper(SECTIONS)) == len(SECTIONS) - 9


def test_the_core_takes_less_time():
    cells = [markdown(WORDS * 5), markdown("## Aside · deeper", WORDS * 7), markdown("## End")]
    assert (reading.minutes(cells), reading.core_minutes(cells)) == (15, 10)


def test_the_line_in_the_first_cell_is_renewed_and_no_other():
    metadata = {"seconds": 20}
    cells = [
        markdown("# Title", "", "*Time: soon*", "", "Text."),
        markdown("*Time: no*", WORDS * 5),
        markdown("## Aside · deeper", WORDS * 5),
    ]
    reading.put_time({"metadata": {"course": metadata}, "cells": cells})
    assert metadata == {"seconds": 20, "minutes": 15, "core_minutes": 10}
    line = "*Time: 10 minutes, 15 with the deeper sections; the code runs in 20 seconds.*"
    assert cells[0]["source"] == f"# Title\n\n{line}\n\nText."
    assert cells[1]["source"].startswith("*Time: no*")
    metadata["core_minutes"] = 15
    assert reading.time_line(metadata) == "*Time: 15 minutes; the code runs in 20 seconds.*"


def test_a_first_cell_without_the_line_stays_as_it_is():
    cells = [markdown("# Title", "", "Time flies.")]
    reading.put_time({"metadata": {"course": {"seconds": 5}}, "cells": cells})
    assert cells[0]["source"] == "# Title\n\nTime flies."


def test_times_are_renewed_without_a_run(tmp_path):
    lesson = next(one for one in course.lessons() if one.chapter)
    path = tmp_path / "lesson.ipynb"
    path.write_bytes(lesson.path.read_bytes())
    assert not notebooks.renew_times(path)
    assert path.read_bytes() == lesson.path.read_bytes()
    stored = json.loads(path.read_text(encoding="utf-8"))
    stored["metadata"]["course"]["minutes"] = 1
    path.write_text(json.dumps(stored), encoding="utf-8")
    assert notebooks.renew_times(path)
    assert path.read_bytes() == lesson.path.read_bytes()


def test_the_table_of_contents_shows_both_times_where_they_differ():
    lesson = next(iter(course.lessons()))
    assert contents.reading_time(lesson) == f"{lesson.minutes} min"
    longer = type(lesson)(**{**lesson.__dict__, "minutes": 70, "core_minutes": 45})
    assert contents.reading_time(longer) == "45 min, with deeper sections 70 min"


def test_the_start_page_lists_the_lessons_with_the_times_of_their_metadata():
    start = json.loads((course.ROOT / "chapters" / "start_here.ipynb").read_text("utf-8"))
    shown = "".join(
        "".join(output.get("data", {}).get("text/markdown", ""))
        for cell in start["cells"]
        for output in cell.get("outputs", [])
    )
    for lesson in course.lessons():
        if lesson.chapter:
            row = f"| {lesson.minutes} min | {len(lesson.exercises)} |"
            assert f"{lesson.summary} {row}" in shown, "make run NB=chapters/start_here.ipynb"
