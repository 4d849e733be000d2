"""Claims: bounds, words, strictness, log."""

from __future__ import annotations

import contextlib
import fractions
import io
import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from utils.claims import ClaimError, claim


@pytest.fixture(autouse=True)
def lenient(monkeypatch):
    monkeypatch.delenv("COURSE_STRICT", raising=False)
    monkeypatch.delenv("COURSE_CLAIMS_LOG", raising=False)
    monkeypatch.delenv("COURSE_SEED", raising=False)


@pytest.mark.parametrize(
    ("value", "bounds", "holds"),
    [
        (0.5, {"at_least": 0.5}, True),
        (0.49, {"at_least": 0.5}, False),
        (0.5, {"at_most": 0.5}, True),
        (0.51, {"at_most": 0.5}, False),
        (0.5, {"at_least": 0.5, "at_most": 0.5}, True),
        (0.4, {"at_least": 0.45, "at_most": 0.5}, False),
        (0.6, {"at_least": 0.45, "at_most": 0.5}, False),
        (1.5, {"close_to": 1.0, "within": 0.5}, True),
        (0.5, {"close_to": 1.0, "within": 0.5}, True),
        (1.6, {"close_to": 1.0, "within": 0.5}, False),
        (0.4, {"close_to": 1.0, "within": 0.5}, False),
        (1.0, {"close_to": 1.0, "within": 0}, True),
        (-3, {"at_most": 0}, True),
        (math.nan, {"at_least": 0}, False),
        (math.nan, {"at_most": 0}, False),
        (math.inf, {"at_least": 0}, False),
        (-math.inf, {"at_most": 0}, False),
        (math.nan, {"close_to": 0, "within": 1e9}, False),
        (5, {"at_least": -math.inf}, True),
        (10**30, {"at_least": 1}, True),
    ],
)
def test_bounds_are_inclusive_and_only_finite_numbers_keep_them(value, bounds, holds, capsys):
    claim("A sentence", value, **bounds)
    out = capsys.readouterr().out
    assert out.startswith(
        "✓ A sentence: measured " if holds else "✗ A sentence: does not hold here"
    )


@pytest.mark.parametrize(
    "value",
    [
        2,
        2.0,
        np.float32(2),
        np.int64(2),
        np.array(2.0),
        np.array([[2.0]]),
        torch.tensor(2),
        torch.tensor([2.0], requires_grad=True),
        torch.tensor(2.0, dtype=torch.bfloat16),
        fractions.Fraction(2),
    ],
)
def test_one_number_of_any_kind_may_be_claimed(value, capsys, recwarn):
    claim("Two", value, close_to=2, within=1e-9)
    assert capsys.readouterr().out == "✓ Two: measured 2 (bound: 2 ± 1.00e-09)\n"
    assert len(recwarn) == 0


@pytest.mark.parametrize(
    "value",
    [
        True,
        np.True_,
        torch.tensor(True),
        np.array([True]),
        "2",
        "two",
        None,
        2j,
        [2.0],
        np.array([1.0, 2.0]),
        np.array([]),
        torch.ones(2),
        lambda: 2,
    ],
)
def test_what_is_not_one_number_is_refused(value, capsys):
    with pytest.raises(TypeError, match="one number"):
        claim("Not a number", value, at_least=0)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ({}, "needs a bound"),
        ({"close_to": 1.0}, "belong together"),
        ({"within": 1.0}, "belong together"),
        ({"close_to": 1.0, "within": -0.1}, "cannot be negative"),
        ({"close_to": 1.0, "within": math.nan}, "cannot be negative"),
        ({"close_to": 1.0, "within": 0.1, "at_least": 0}, "give either"),
        ({"close_to": 1.0, "within": 0.1, "at_most": 0}, "give either"),
        ({"at_least": 2, "at_most": 1}, "is larger than"),
        ({"at_least": math.nan}, "NaN"),
        ({"at_most": math.nan}, "NaN"),
        ({"close_to": math.nan, "within": 1}, "NaN"),
        ({"at_least": 0, "ratio": True}, "above 0"),
        ({"close_to": 1.0, "within": 1.0, "ratio": True}, "above 0"),
    ],
)
def test_bounds_that_make_no_sense_are_refused(bounds, said, capsys):
    with pytest.raises(ValueError, match=said):
        claim("No bound", 1.0, **bounds)
    assert capsys.readouterr().out == ""


def test_a_bound_that_is_no_number_is_refused():
    with pytest.raises(TypeError, match="one number"):
        claim("A text as bound", 1.0, at_least="0.5")
    with pytest.raises(TypeError, match="one number"):
        claim("A truth value as bound", 1.0, at_least=True)


@pytest.mark.parametrize(
    ("value", "bounds", "said"),
    [
        (0.8512, {"at_least": 0.8}, "measured 0.8512 (bound: at least 0.8)"),
        (2, {"at_least": 1, "at_most": 3}, "measured 2 (bound: between 1 and 3)"),
        (12345.6, {"at_most": 20000}, "measured 12,345.6 (bound: at most 20,000.0)"),
        (1.5e-7, {"at_most": 1e-6}, "measured 1.50e-07 (bound: at most 1.00e-06)"),
        (0, {"at_most": 0}, "measured 0 (bound: at most 0)"),
        (math.nan, {"at_most": 0}, "measured nan (bound: at most 0)"),
        # Rounded to four digits, these would read as if they contradicted themselves.
        (0.999996, {"at_least": 1}, "measured 0.999996 (bound: at least 1)"),
        (1.00000001, {"at_most": 1}, "measured 1.00000001 (bound: at most 1)"),
        (1000.0001, {"at_most": 1000}, "measured 1,000.000100 (bound: at most 1,000.000000)"),
    ],
)
def test_the_line_says_value_and_bound(value, bounds, said, capsys):
    claim("It", value, **bounds)
    assert said in capsys.readouterr().out


numbers = st.floats(allow_nan=False)


@given(numbers | st.just(math.nan), numbers)
def test_the_verdict_is_that_of_the_comparison_whatever_the_numbers(value, bound):
    for name, kept in (("at_least", value >= bound), ("at_most", value <= bound)):
        with contextlib.redirect_stdout(io.StringIO()) as shown:
            claim("It", value, **{name: bound})
        icon = "✓" if kept and math.isfinite(value) else "✗"
        assert shown.getvalue().startswith(f"{icon} It: ")


def test_strictness_raises_after_showing_and_logging(monkeypatch, tmp_path, capsys):
    log = tmp_path / "log.jsonl"
    monkeypatch.setenv("COURSE_STRICT", "1")
    monkeypatch.setenv("COURSE_CLAIMS_LOG", str(log))
    claim("True", 1.0, at_least=0)
    with pytest.raises(ClaimError, match=r"False: does not hold here: measured 1 \(bound: at most"):
        claim("False", 1.0, at_most=0)
    out = capsys.readouterr().out.splitlines()
    assert [line[0] for line in out] == ["✓", "✗"]
    assert [json.loads(line)["holds"] for line in log.read_text().splitlines()] == [True, False]
    assert issubclass(ClaimError, AssertionError)


@pytest.mark.parametrize("strict", ["0", "", "yes"])
def test_only_one_value_means_strict(monkeypatch, strict, capsys):
    monkeypatch.setenv("COURSE_STRICT", strict)
    claim("False", 1.0, at_most=0)
    assert "✗" in capsys.readouterr().out


def test_the_log_holds_one_line_of_json_a_claim(monkeypatch, tmp_path):
    log = tmp_path / "log.jsonl"
    monkeypatch.setenv("COURSE_CLAIMS_LOG", str(log))
    monkeypatch.setenv("COURSE_SEED", "7")
    claim("Über\neins", np.float32(0.5), at_least=np.float32(0.25), at_most=torch.tensor(1.0))
    claim("NaN", math.nan, close_to=1.0, within=0.5)
    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert rows == [
        {"text": "Über\neins", "value": 0.5, "at_least": 0.25, "at_most": 1.0, "holds": True,
         "seed": 7},
        {"text": "NaN", "value": "nan", "at_least": 0.5, "at_most": 1.5, "holds": False, "seed": 7},
    ]  # fmt: skip


def test_a_ratio_says_so_in_the_log_and_looks_like_any_other_claim(monkeypatch, tmp_path, capsys):
    log = tmp_path / "log.jsonl"
    monkeypatch.setenv("COURSE_CLAIMS_LOG", str(log))
    claim("Twice", 2.1, at_least=1.5)
    usual = capsys.readouterr().out
    claim("Twice", 2.1, at_least=1.5, ratio=True)
    assert capsys.readouterr().out == usual
    first, second = (json.loads(line) for line in log.read_text("utf-8").splitlines())
    assert second == first | {"ratio": True}


def test_the_text_is_escaped_in_html():
    from utils import claims

    shown: list = []
    claims_emit, claims.emit = claims.emit, shown.append
    try:
        claim("<script>alert(1)</script>", 1.0, at_least=0)
    finally:
        claims.emit = claims_emit
    assert "<script>" not in shown[0].html()
    assert "&lt;script&gt;" in shown[0].html()
