"""The page on a first exercise runs, and prints what it says."""

from __future__ import annotations

import doctest

import pytest

from utils.course import ROOT

PAGE = ROOT / "docs/first_exercise.md"


@pytest.fixture(autouse=True)
def own_progress(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.sqlite3"))


def test_the_page_prints_what_it_says(capsys):
    failed, tried = doctest.testfile(str(PAGE), module_relative=False)
    assert failed == 0, capsys.readouterr().out
    assert tried >= 15
