"""`make robustness`: the claims of every seed, those that fail too, and the report on them."""

import json
import subprocess
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import robustness

ROOT = Path(__file__).resolve().parents[1]
IMPORTS = """
import os
from utils.claims import claim
SEED = int(os.environ.get("COURSE_SEED", 0))
"""


@pytest.fixture(autouse=True)
def _place(monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(robustness, "OUTPUT", tmp_path / "build")


def save(path, *cells):
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in (IMPORTS, *cells)])
    nbformat.write(notebook, path)
    return path


def report(tmp_path):
    return json.loads((tmp_path / "build" / "robustness.json").read_text("utf-8"))


def test_claims_that_hold_for_every_seed(tmp_path, capsys):
    path = save(tmp_path / "good.ipynb", 'claim("The seed is small", SEED, at_most=5)')
    assert robustness.main([str(path), "--seeds", "2", "--jobs", "1"]) == 0
    row = report(tmp_path)["claims"][0]
    assert (row["min"], row["max"], row["margin"], row["holds"], row["seeds"]) == (0, 1, 4, 2, 2)
    text = (tmp_path / "build" / "robustness.md").read_text("utf-8")
    assert "| The seed is small | ≤ 5 | 0 | 0.5 | 1 | 4 | 2/2 |" in text
    assert "1 of 1 claims in 1 notebooks hold for every seed that was run: 2 a notebook" in text
    assert "1 of 1 claims hold for all seeds" in capsys.readouterr().out


def test_a_claim_that_fails_for_one_seed_fails_the_command_and_hides_nothing(tmp_path, capsys):
    path = save(
        tmp_path / "bad.ipynb",
        'claim("The seed is even", SEED % 2, at_most=0)',
        'claim("One is one", 1, close_to=1, within=0)',
    )
    assert robustness.main([str(path), "--seeds", "3", "--jobs", "1"]) == 1
    even, one = report(tmp_path)["claims"]
    assert (even["holds"], even["failed"], even["margin"]) == (2, [1], -1)
    assert (one["holds"], one["seeds"]) == (3, 3), "the cell behind a failing claim has run"
    assert "✗ The seed is even" in capsys.readouterr().out


def test_a_cell_that_fails_for_one_seed_fails_the_command(tmp_path):
    path = save(tmp_path / "crash.ipynb", "1 / (1 - SEED)", 'claim("One is one", 1, at_least=1)')
    assert robustness.main([str(path), "--seeds", "2", "--jobs", "1"]) == 1
    assert report(tmp_path)["claims"][0]["holds"] == 2
    text = (tmp_path / "build" / "robustness.md").read_text("utf-8")
    assert "seed 1: cell 2 of 3 (code cell 2): ZeroDivisionError" in text


def record(text, value, low=None, high=None, holds=True):
    return {"text": text, "value": value, "at_least": low, "at_most": high, "holds": holds}


def test_the_same_sentence_twice_is_two_claims_and_the_tightest_bound_counts():
    runs = [
        {
            "notebook": "a.ipynb",
            "seed": seed,
            "errors": [],
            "claims": [record("x", seed, 0.0, 5.0 + seed), record("x", 2.0, 1.0)],
        }
        for seed in range(3)
    ]
    first, second = robustness.summarise(runs)
    assert (first["claim"], first["at_most"], first["margin"]) == ("x", 5.0, 0.0)
    assert (second["claim"], second["margin"]) == ("x (2)", 1.0)


def test_a_claim_that_a_seed_never_reached_does_not_hold_for_it():
    runs = [
        {"notebook": "a", "seed": 0, "errors": [], "claims": [record("x", 1.0, 0.0)]},
        {"notebook": "a", "seed": 1, "errors": ["cell 1"], "claims": []},
    ]
    (row,) = robustness.summarise(runs)
    assert (row["holds"], row["seeds"]) == (1, 2)


def test_a_value_that_is_no_number_is_outside_of_every_bound():
    runs = [
        {"notebook": "a", "seed": 0, "errors": [], "claims": [record("x", "nan", 0.0, None, False)]}
    ]
    (row,) = robustness.summarise(runs)
    assert row["holds"] == 0
    assert not row["margin"] >= 0


@pytest.mark.parametrize("wrong", ["--seeds=0", "--jobs=0", "--first=-1"])
def test_wrong_numbers_are_refused(wrong):
    with pytest.raises(SystemExit):
        robustness.main([wrong])


def test_resume_runs_only_what_is_missing_or_has_other_code(tmp_path, capsys):
    path = save(tmp_path / "good.ipynb", 'claim("The seed is small", SEED, at_most=5)')
    other = save(tmp_path / "other.ipynb", 'claim("One is one", 1, at_least=1)')
    command = [str(path), str(other), "--jobs", "1", "--resume"]
    assert robustness.main([*command, "--seeds", "1"]) == 0
    save(other, 'claim("Two is two", 2, at_least=2)')
    capsys.readouterr()
    assert robustness.main([*command, "--seeds", "2"]) == 0
    said = [line.split(":")[0] for line in capsys.readouterr().out.splitlines()]
    ran = {
        (line.split("/")[-1].split()[0], line.split()[-1]) for line in said if ".ipynb seed" in line
    }
    assert ran == {("good.ipynb", "1"), ("other.ipynb", "0"), ("other.ipynb", "1")}
    expected = [("The seed is small", 2), ("Two is two", 2)]
    assert [(row["claim"], row["holds"]) for row in report(tmp_path)["claims"]] == expected
    one_more = ["--jobs", "1", "--resume", "--first", "4", "--seeds", "1"]
    assert robustness.main([str(other), *one_more]) == 0
    capsys.readouterr()
    assert robustness.main([str(path), str(other), "--report"]) == 0
    assert "ipynb seed" not in capsys.readouterr().out
    expected = [("The seed is small", 2), ("Two is two", 3)]
    assert [(row["claim"], row["holds"]) for row in report(tmp_path)["claims"]] == expected
    text = (tmp_path / "build" / "robustness.md").read_text("utf-8")
    assert "every seed that was run: 2 to 3 a notebook" in text
    assert "COURSE_SEED 0 – 1, 4" in text


def test_a_report_on_nothing_is_refused(tmp_path):
    path = save(tmp_path / "good.ipynb", "1 + 1")
    with pytest.raises(SystemExit):
        robustness.main([str(path), "--report"])


def test_only_notebooks_with_other_code_count_as_changed(tmp_path, monkeypatch):
    def git(*words):
        who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True)

    monkeypatch.setattr(robustness.course, "ROOT", tmp_path)
    same = save(tmp_path / "same.ipynb", "1 + 1")
    other = save(tmp_path / "other.ipynb", "1 + 1")
    git("init")
    git("add", ".")
    git("commit", "-m", "first")
    notebook = nbformat.read(same, as_version=4)
    notebook.cells.append(new_markdown_cell("More words."))
    nbformat.write(notebook, same)
    save(other, "1 + 2")
    new = save(tmp_path / "new.ipynb", "1 + 1")
    assert robustness.changed([same, other, new], "HEAD") == [other, new]
