"""What is kept of the claims under other seeds, and the table that is made of it."""

import math

import nbformat
import pytest
from first_edition import FIRST_EDITION
from nbformat.v4 import new_code_cell, new_notebook

from tools import claims_table, notebooks
from utils import course

KEPT = course.ROOT / "docs" / "robustness.json"


def record(text, value, low=None, high=None, holds=True, **more):
    return {"text": text, "value": value, "at_least": low, "at_most": high, "holds": holds} | more


def entry(seed, *claims, errors=(), **changes):
    made = {"code": "c0", "modules": {"utils.claims": "m0"}, "versions": "v0", "date": "2026-11-01"}
    run = made | {"seed": seed, "claims": claims, "errors": list(errors)} | changes
    return claims_table.entry_of(run)


def entries(values, low=None, high=None, **more):
    """One claim with a value a seed."""
    result = None
    for seed, value in enumerate(values):
        one = entry(seed, record("x", value, low, high, **more))
        result = claims_table.merged(result, one) if result else one
    return result


def row_of(*values, **claim):
    (row,) = claims_table.rows(entries(values, **claim))
    return row


# --- entries ------------------------------------------------------------------------------------


def test_runs_come_together_by_seed_and_the_newer_run_counts():
    old = claims_table.merged(entry(3, record("x", 3.0, 0)), entry(0, record("x", 0.5, 0)))
    new = entry(3, record("x", 4.0, 0), date="2026-12-01")
    both = claims_table.merged(old, new)
    assert (both["seeds"], both["date"]) == ([0, 3], "2026-12-01")
    assert both["claims"] == [{"text": "x", "at_least": 0, "at_most": None, "values": [0.5, 4]}]


def test_the_same_sentence_twice_is_two_claims_and_the_tightest_bound_counts():
    one = [record("x", 0.0, 0.0, 6.0), record("x", 2.0, 1.0)]
    two = [record("x", 1.0, 0.0, 5.0), record("x", 2.0, 1.0)]
    first, second = claims_table.rows(claims_table.merged(entry(0, *one), entry(1, *two)))
    assert (first["claim"], first["at_most"], first["margin"]) == ("x", 5.0, 0.0)
    assert (second["claim"], second["margin"]) == ("x (2)", 1.0)


def test_a_claim_that_a_seed_never_reached_does_not_hold_for_it():
    whole = entry(0, record("w", 1.0, 0.0), record("x", 1.0, 0.0), record("y", 1.0, 0.0))
    part = entry(1, record("w", 1.0, 0.0), record("y", 1.0, 0.0), errors=["cell 2: E\nmore"])
    for both in (claims_table.merged(whole, part), claims_table.merged(part, whole)):
        assert [row["claim"] for row in claims_table.rows(both)] == ["w", "x", "y"]
        assert [row["holds"] for row in claims_table.rows(both)] == [2, 1, 2]
        assert both["claims"][1]["values"] == [1, None]
        assert both["errors"] == {"1": ["cell 2: E"]}
    mended = claims_table.merged(both, entry(1, record("x", 1.0, 0.0)))
    assert "errors" not in mended


def test_a_claim_that_fails_for_one_seed_is_told_until_the_seed_is_run_again():
    good, bad = record("x", 1.0, 0.0), record("x", -1.0, 0.0, holds=False)
    both = claims_table.merged(entry(0, good), entry(1, bad))
    assert both["claims"][0]["failed"] == [1]
    (row,) = claims_table.rows(both)
    assert (row["holds"], row["seeds"], row["failed"]) == (1, 2, [1])
    (row,) = claims_table.rows(claims_table.merged(both, entry(1, good)))
    assert (row["holds"], row["failed"]) == (2, [])


@pytest.mark.parametrize(
    ("value", "low", "high", "kept"),
    [
        (0.123456789, 0.0, None, 0.123457),
        (0.300000004, 0.3, None, 0.300000004),  # its distance is what matters
        (0.3, 0.3, None, 0.3),
        (1 / 3 + 1e-12, None, 1 / 3, 1 / 3 + 1e-12),
        (1.23456789e-12, None, 1e-6, 1.23457e-12),
        (3.0, 1, None, 3),
        ("nan", 1, None, "nan"),
        (5.0, None, math.inf, 5),
    ],
)
def test_a_value_keeps_the_digits_that_tell_it_from_its_bounds(value, low, high, kept):
    (claim,) = entry(0, record("x", value, low, high))["claims"]
    if isinstance(value, str):
        assert claim["values"] == [kept]
    else:
        assert claim["values"] == [pytest.approx(kept, rel=1e-15)]
        assert len(repr(claim["values"][0])) <= len(repr(value))


def test_what_is_written_is_read_again_with_one_line_a_claim(tmp_path):
    one = entry(0, record("Über | eins", 0.5, 0.25), record("y", "nan", 0.0, holds=False))
    known = {"a": one, "b": entry(1, errors=["cell 1: E"])}
    claims_table.write(known, tmp_path / "new" / "x.json")
    assert claims_table.read(tmp_path / "new" / "x.json") == known
    lines = (tmp_path / "new" / "x.json").read_text("utf-8").splitlines()
    assert sum("Über | eins" in line for line in lines) == 1
    assert sum('"text"' in line for line in lines) == 2
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["x.json"]
    assert claims_table.read(tmp_path / "none.json") == {}


def test_nothing_of_an_older_notebook_is_kept_and_fewer_seeds_replace_no_more():
    ten = entries(range(10), low=0)
    one = entry(12, record("x", 1.0, 0))
    assert claims_table.better(None, one, "c0") is one
    assert claims_table.better(ten, one, "c0")["seeds"] == [*range(10), 12], "they are alike"
    other = one | {"modules": {"utils.claims": "m1"}}
    assert claims_table.better(ten, other, "c0") is ten
    assert claims_table.better(ten, other, "c1") is other, "the ten are of an older notebook"
    assert claims_table.better(other, ten, "c0") is ten
    assert claims_table.better(ten, ten | {"versions": "v1"}, "c0")["versions"] == "v1"
    summary = ten | {"claims": [SUMMARY]}
    assert claims_table.better(summary, one, "c0") is summary
    assert claims_table.better(summary, ten, "c0") is ten


# --- rows ---------------------------------------------------------------------------------------

SUMMARY = {
    "text": "x", "at_least": 0.5, "at_most": None, "smallest": 1.0, "median": 1.2, "largest": 2.0,
    "margin": 0.5,
}  # fmt: skip


@pytest.mark.parametrize(
    ("values", "claim", "expected"),
    [
        ((1, 2, 3), {"low": 0}, 0.5),
        ((1, 2, 3), {"high": 9}, 3),
        ((1, 2, 3), {"low": 0, "high": 4}, 0.5),
        ((1, 2, 3), {"low": -3, "high": 4}, 0.5),  # the nearer side
        ((1, 2), {"low": 1.5, "holds": False}, -0.5),
        ((2, 2, 2), {"low": 2}, math.inf),
        ((2, 2), {"low": 3, "holds": False}, -math.inf),
        ((4, 16), {"low": 1, "ratio": True}, 1),
        ((4, 16), {"low": 1}, 0.25),
        ((4, 16), {"high": 64, "ratio": True}, 1),
        ((4, 16), {"low": 2, "high": 256, "ratio": True}, 0.5),
        ((0, 3), {"high": 5.99}, 1),  # as it is shown
        ((0, 2), {"high": 4, "ratio": True}, 1),  # 0 has no logarithm
        (("nan", 2), {"low": 1, "holds": False}, math.nan),
        ((1, "nan"), {"low": 1, "holds": False}, math.nan),
        (("inf", 2), {"high": 1, "holds": False}, math.nan),
    ],
)
def test_how_many_spreads_of_the_seeds_fit_into_the_margin(values, claim, expected):
    spreads = row_of(*values, **claim)["spreads"]
    assert spreads == pytest.approx(expected, nan_ok=True)
    assert claims_table.near({"a": [row_of(*values, **claim)]}) == (not expected >= 1)


def test_a_summary_has_rows_as_well():
    (row,) = claims_table.rows(entries(range(10), low=0) | {"claims": [SUMMARY]})
    assert (row["min"], row["median"], row["max"], row["margin"]) == (1.0, 1.2, 2.0, 0.5)
    assert (row["spreads"], row["holds"], row["seeds"]) == (0.5, 10, 10)


def test_numbers_in_order_as_text():
    assert claims_table.spans([0, 1, 2, 5, 7, 8]) == "0 – 2, 5, 7 – 8"


# --- the report, and what is asked of the lessons -----------------------------------------------


@pytest.fixture
def lesson(monkeypatch, tmp_path):
    """A made-up lesson in a made-up course, and an entry of ten good seeds."""
    monkeypatch.setattr(course, "ROOT", tmp_path)
    path = tmp_path / "chapters" / "01_ml_basics" / "01_lines.ipynb"
    path.parent.mkdir(parents=True)
    source = 'from utils.claims import claim\nclaim("x", 1, at_least=0)'
    nbformat.write(new_notebook(cells=[new_code_cell(source)]), path)
    (tmp_path / "utils" / "data").mkdir(parents=True)
    (tmp_path / "utils" / "claims.py").write_text("from utils import data\n", "utf-8")
    (tmp_path / "utils" / "data" / "__init__.py").write_text("from utils.data import x\n", "utf-8")
    (tmp_path / "utils" / "data" / "x.py").write_text("", "utf-8")
    state = claims_table.state_of(notebooks.read(path))
    return path, entries([1.0 + seed / 10 for seed in range(10)], low=0) | state


def test_a_good_lesson_gives_no_cause_for_complaint(lesson):
    path, good = lesson
    assert claims_table.complaints({"ml_basics.lines": good}, [path]) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (None, "has no run of it; run make robustness NB="),
        ({"code": "other"}, "its code has changed since the runs that are kept; run make"),
        ({"claims": [SUMMARY]}, "there are no values of 10 seeds; run make"),
        ({"seeds": list(range(9))}, "there are no values of 10 seeds; run make"),
        ({"errors": {"3": ["cell 1: E"]}}, "seed 3: cell 1: E"),
        ({"at_least": 0.5}, "x: the bound is nearer than the spread of the seeds (0.56 of it)"),
        ({"failed": [2]}, "x: 9/10 seeds hold; mend it"),
        ({"values": [None] + [1.0] * 9}, "x: 9/10 seeds hold; mend it"),
    ],
)
def test_what_a_lesson_lacks_is_told(lesson, change, said):
    path, good = lesson
    known = {}
    if change is not None and change.keys() & {"at_least", "failed", "values"}:
        known["ml_basics.lines"] = good | {"claims": [good["claims"][0] | change]}
    elif change is not None:
        known["ml_basics.lines"] = good | change
    (line,) = claims_table.complaints(known, [path])
    assert line.startswith("ml_basics.lines: ")
    assert said in line


def test_the_report_names_what_is_near_first_and_what_is_older(lesson):
    path, good = lesson
    claims = [good["claims"][0], good["claims"][0] | {"text": "a | b", "at_least": 0.8}]
    text = claims_table.markdown({"ml_basics.lines": good | {"claims": claims}}, [path])
    assert "2 of 2 claims in 1 notebooks hold for every seed that was run: 10 a notebook." in text
    assert "The runs of 0 notebooks are older" in text
    assert "claim: 1 claims, of which 1 are below 0.5." in text
    assert "| ml_basics.lines | a \\| b | 0.22 |" in text
    assert text.index("| 0.22 |") < text.index(f"## {path.as_posix()}")
    assert "COURSE_SEED 0 – 9, 2026-11-01, v0." in text
    assert "Older than" not in text
    assert "| x | ≥ 0 | 1 | 1.45 | 1.9 | 1 | 1.11 | 10/10 |" in text


def test_the_report_says_which_module_is_newer_than_the_runs(lesson):
    path, good = lesson
    (course.ROOT / "utils" / "data" / "x.py").write_text("y = 1\n", "utf-8")
    (course.ROOT / "utils" / "claims.py").write_text('"""Words."""\nfrom utils import data\n')
    text = claims_table.markdown({"ml_basics.lines": good}, [path])
    assert "\nOlder than utils/data.\n" in text
    assert "The runs of 1 notebooks are older" in text
    assert claims_table.complaints({"ml_basics.lines": good}, [path]) == [], "the table is enough"


def test_the_report_says_whose_code_has_changed_and_what_is_a_summary(lesson):
    path, good = lesson
    old = good | {"code": "other", "note": "A note.", "claims": [SUMMARY]}
    text = claims_table.markdown({"ml_basics.lines": old}, [path])
    assert "v0. A summary: the values of single seeds were not kept.\nA note.\nOf an older" in text


def test_a_claim_that_is_the_same_for_all_seeds_needs_no_margin(lesson):
    path, good = lesson
    same = good["claims"][0] | {"values": [0] * 10}
    text = claims_table.markdown({"ml_basics.lines": good | {"claims": [same]}}, [path])
    assert "| x | ≥ 0 | 0 | 0 | 0 | 0 | – | 10/10 |" in text
    assert "nearer to their bound" not in text


def test_a_report_on_nothing():
    assert "There are no runs yet." in claims_table.markdown({}, [])


# --- what is kept of the course -----------------------------------------------------------------


def test_every_lesson_in_its_second_edition_keeps_ten_seeds_that_are_far_from_the_bounds():
    paths = [
        path for path in notebooks.all_notebooks() if course.lesson_id(path) not in FIRST_EDITION
    ]
    assert claims_table.complaints(claims_table.read(KEPT), paths) == []


def test_runs_are_kept_of_lessons_only():
    assert claims_table.read(KEPT).keys() <= set(map(course.lesson_id, course.notebooks()))


def test_the_first_edition_has_only_lessons():
    assert set(map(course.lesson_id, course.notebooks())) >= FIRST_EDITION


def test_the_table_is_made_of_what_is_kept():
    expected = claims_table.markdown(claims_table.read(KEPT), notebooks.all_notebooks())
    assert KEPT.with_suffix(".md").read_text("utf-8") == expected, (
        'renew it: make robustness ROBUSTNESS_ARGS="--report --keep"'
    )
