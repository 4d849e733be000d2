"""The benchmarks: what they borrow is the lesson's, and what they print is what was timed."""

import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from benchmarks import __main__ as bench
from benchmarks import borrow as borrowing
from benchmarks import control, language, suite, trees
from benchmarks.borrow import borrow
from benchmarks.report import Table, Times, compare, ratio
from tests import timing
from utils import course

CELLS = [
    new_markdown_cell("# Lesson"),
    new_code_cell("import math\nfrom dataclasses import dataclass\nWIDTH = 3\nrow = 1 / 1"),
    new_code_cell("def area(r):\n    row = WIDTH\n    return math.pi * r**2 * row"),
    new_code_cell("def area(r):\n    ...", metadata={"tags": ["exercise"]}),
    new_code_cell("@dataclass\nclass Box:\n    side: float = WIDTH"),
    new_code_cell("never = 1 / 0\nprint(area(never))"),
    new_code_cell("def two(r):\n    return area(r) + area(r)"),
]


@pytest.fixture
def lesson(tmp_path, monkeypatch):
    monkeypatch.setattr(borrowing.course, "ROOT", tmp_path)
    nbformat.write(new_notebook(cells=CELLS), tmp_path / "lesson.ipynb")
    return "lesson.ipynb"


def test_a_function_comes_with_what_it_needs_and_nothing_else(lesson):
    module = borrow(lesson, "two")
    assert module.two(1) == pytest.approx(6 * 3.14159265)
    assert not hasattr(module, "never")
    assert not hasattr(module, "row")  # a name that is only local to a function is not borrowed
    assert not hasattr(module, "Box")


def test_classes_with_decorators_and_replaced_constants(lesson):
    assert borrow(lesson, "Box").Box().side == 3
    assert borrow(lesson, "Box", WIDTH=7).Box().side == 7


def test_an_unknown_name_is_refused(lesson):
    with pytest.raises(NameError, match="defines no nothing"):
        borrow(lesson, "nothing")


def test_medians_and_spread():
    times = Times((3.0, 1.0, 2.0))
    assert times.median == 2
    assert str(times) == "2 s (1 – 3)"
    assert ratio(times, Times((4.0,))) == "0.5 ×"


def test_all_works_run_in_turns_and_the_first_round_does_not_count():
    order = []
    works = {name: lambda name=name: order.append(name) for name in "ab"}
    found = compare(works, repeats=2)
    assert order == ["a", "b"] * 3
    assert [len(times.seconds) for times in found.values()] == [2, 2]


def test_a_table_in_markdown():
    table = Table("Title", "What.", ("Name", "Time"), [("a", "1 s")], "So it is.")
    assert table.markdown().splitlines() == [
        *("## Title", "", "What.", "", "| Name | Time |", "|---|--:|", "| a | 1 s |"),
        *("", "So it is."),
    ]


def test_a_real_part_measures_and_agrees(monkeypatch):
    monkeypatch.setattr(trees, "ROUNDS", 3)
    monkeypatch.setattr(trees, "compare", lambda works, **_: compare(works, repeats=1))
    (table,) = trees.measure()
    assert "100.0% of the labels alike" in table.rows[0]
    assert float(table.rows[1][-1].split()[2]) < 1e-9


def test_renewing_replaces_one_table_and_leaves_the_others():
    page = "# Title\n\nWords.\n\n## A\n\nOne.\n\n| x |\n\n## B\n\nTwo.\n"
    after = bench.renewed(page, ["## A\n\nThree."])
    assert after == "# Title\n\nWords.\n\n## A\n\nThree.\n\n## B\n\nTwo.\n"
    assert bench.renewed(after, ["## A\n\nOne.\n\n| x |"]) == page
    with pytest.raises(ValueError, match="not in list"):
        bench.renewed(page, ["## C\n\nFour."])


RUN = {
    "seconds": 1000, "passed": 9000, "workers": 2, "cores": 2, "date": "2026-01-01",
    "kinds": {
        "notebooks": {"seconds": 480.0, "files": 24},
        "exercises": {"seconds": 120.0, "files": 1},
        "pages": {"seconds": 240.0, "files": 1},
        "journeys": {"seconds": 100.0, "files": 1},
        "the rest": {"seconds": 660.0, "files": 30},
    },
    "files": {"tests/test_notebooks.py": 24.0, "tests/test_lab.py": 636.0},
    "samples": {
        suite.PAGES: {"ran": 10, "of": 60, "seconds": 30.0},
        suite.JOURNEYS: {"ran": 0, "of": 23, "seconds": 0.0},
    },
}  # fmt: skip


def test_what_more_lessons_would_take_is_computed_from_the_last_run(tmp_path, monkeypatch):
    monkeypatch.setattr(suite.course, "ROOT", tmp_path)
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "tests.json").write_text(json.dumps(RUN), "utf-8")
    (table,) = suite.measure()
    rows = {name: cells for name, *cells in table.rows}
    assert table.head[1:] == ("Now, 24 lessons", "A lesson", "115 lessons")
    assert rows["notebooks"] == ["480 s", "20.0 s", "2300 s"]
    assert rows["the rest, through all lessons"] == ["24 s", "1.0 s", "115 s"]
    assert rows["the rest"] == ["636 s", "–", "636 s"]
    growing = (480 + 120 + 240 + 24) / 24 * 115
    assert rows["all"] == ["1600 s", "", f"{growing + 736:.0f} s"]
    # 1,600 of 2,000 seconds were spent in tests, so 80% of two workers' time will be.
    minutes, seconds = divmod(round((growing + 736) / 0.8 / 2), 60)
    assert rows["by the clock"] == ["16 min 40 s", "", f"{minutes} min {seconds} s, two workers"]
    within = growing - 2300 + 480 + 91 * suite.BUDGET
    minutes, seconds = divmod(round((within + 736) / 0.8 / 2), 60)
    name = "by the clock, new notebooks at their budget of 30 s"
    assert rows[name] == ["", "", f"{minutes} min {seconds} s, two workers"]
    assert "9,000 tests" in table.remark
    assert "its page in Chromium about 3 s (10 of 60 in this run) more" in table.remark
    assert "JupyterLab" not in table.remark


@pytest.mark.parametrize("kept", [None, "", "{}", json.dumps({"seconds": 3, "passed": 1})])
def test_without_a_complete_run_the_table_says_so(tmp_path, monkeypatch, kept):
    monkeypatch.setattr(suite.course, "ROOT", tmp_path)
    if kept is not None:
        (tmp_path / "build").mkdir()
        (tmp_path / "build" / "tests.json").write_text(kept, "utf-8")
    (table,) = suite.measure()
    assert "not measured" in table.markdown()


def test_the_tests_that_the_extrapolation_names_are_there():
    files = [*suite.THROUGH_ALL, *timing.KINDS]
    assert [file for file in files if not (course.ROOT / file).exists()] == []
    for name in (suite.PAGES, suite.JOURNEYS):
        file, _, test = name.partition("::")
        assert f"def {test}(" in (course.ROOT / file).read_text("utf-8")


def test_an_unknown_part_is_refused(capsys):
    with pytest.raises(SystemExit):
        bench.main(["weather"])
    assert "there is no part weather" in capsys.readouterr().err


def test_what_the_tables_borrow_is_there():
    for lesson, name in (
        (control.DQN_LESSON, "train_cartpole"),
        (control.PPO_LESSON, "ppo"),
    ):
        assert callable(getattr(borrow(lesson, name, SEED=0), name))
    plain = borrow(language.LESSON, "plain").plain
    texts = language.unique_paragraphs()
    assert len(texts) > 100
    assert all(plain(text) == key for key, text in texts.items())
