"""The benchmarks: what they borrow is the lesson's, and what they print is what was timed."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from benchmarks import __main__ as bench
from benchmarks import borrow as borrowing
from benchmarks import control, language, trees
from benchmarks.borrow import borrow
from benchmarks.report import Table, Times, compare, ratio

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
