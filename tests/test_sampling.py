"""What a change touches, and which tests in the browser run because of it."""

from __future__ import annotations

import subprocess

import pytest

from tests import sampling
from tests.sampling import drawn, sampled, touched
from tools import changes

FILES = {"chapters/01_a/01_b.ipynb", "book/style.css"}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("chapters/01_a/01_b.ipynb", True),
        ("chapters/01_a/", True),
        ("book/", True),
        ("chapters/01_a/01_b", False),
        ("chapters/01_a", False),
        ("style.css", False),
    ],
)
def test_a_source_is_a_file_or_a_folder(source, expected):
    assert touched([source], FILES) is expected
    assert not touched([source], [])


def test_what_is_drawn_fits_the_budget_and_is_always_the_same():
    costs = {name: cost for cost, name in enumerate("abcdefghij", start=5)}
    chosen = drawn(costs, 30, "one")
    assert chosen == drawn(costs, 30, "one")
    assert 0 < sum(costs[name] for name in chosen) <= 30
    assert len({frozenset(drawn(costs, 30, str(seed))) for seed in range(20)}) > 5
    assert drawn(costs, 1_000, "one") == set(costs)
    assert drawn(costs, 4, "one") == set()


def sources(name: str) -> list[str]:
    return [f"{name}.ipynb"]


def run(monkeypatch, changed: set[str], *, proof: bool = False, **options) -> dict[str, str]:
    """What becomes of four names of which a is in the sample: "" where it runs, else the reason."""
    monkeypatch.setattr(changes, "changed_files", lambda: changed)
    monkeypatch.setattr(changes, "base", lambda: "commit")
    monkeypatch.setattr(sampling, "PROOF", proof)
    parameters = sampled("abcd", ["a"], sources, **options)
    assert [parameter.id for parameter in parameters] == list("abcd")
    return {
        parameter.id: parameter.marks[0].kwargs["reason"] if parameter.marks else ""
        for parameter in parameters
    }


def test_the_sample_and_what_a_change_touches_run(monkeypatch):
    reason = sampling.UNTOUCHED
    assert run(monkeypatch, set()) == {"a": "", "b": reason, "c": reason, "d": reason}
    assert run(monkeypatch, {"c.ipynb", "x.py"}) == {"a": "", "b": reason, "c": "", "d": reason}
    assert set(run(monkeypatch, set(), proof=True).values()) == {""}


def test_more_than_there_is_time_for_is_drawn_and_said(monkeypatch):
    costs = dict.fromkeys("abcd", 10.0)
    reasons = run(monkeypatch, {"b.ipynb", "c.ipynb"}, costs=costs, budget=15.0)
    assert sorted([reasons["b"], reasons["c"]]) == ["", sampling.NO_TIME]
    assert (reasons["a"], reasons["d"]) == ("", sampling.UNTOUCHED)
    assert set(run(monkeypatch, set(), proof=True, costs=costs, budget=0.0).values()) == {""}


# --- the change itself --------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with two commits, seven hours apart; git, called in it."""
    monkeypatch.delenv("CHANGE_BASE", raising=False)

    def git(*arguments: str, hour: int = 0) -> str:
        date = f"2026-01-01T{hour:02}:00:00Z"
        for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"):
            monkeypatch.setenv(name, date)
        identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        command = ["git", *identity, *arguments]
        return subprocess.run(
            command, cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout.strip()

    git("init", "--quiet")
    for hour, name in enumerate(("old.txt", "ä b.txt", "new.txt")):
        (tmp_path / name).write_text(name, "utf-8")
        git("add", ".")
        git("commit", "--quiet", "--message", name, hour=(0, 1, 8)[hour])
    return git


def test_the_base_is_the_last_commit_that_is_six_hours_older(repository, tmp_path, monkeypatch):
    assert changes.base(tmp_path) == repository("rev-parse", "HEAD~1")
    assert changes.changed_files(tmp_path) == {"new.txt"}
    monkeypatch.setenv("CHANGE_BASE", repository("rev-parse", "HEAD"))
    assert changes.changed_files(tmp_path) == set()


def test_files_that_are_changed_removed_or_not_added_count(repository, tmp_path, monkeypatch):
    monkeypatch.setenv("CHANGE_BASE", "HEAD")
    (tmp_path / "old.txt").write_text("other", "utf-8")
    (tmp_path / "ä b.txt").rename(tmp_path / "ö.txt")
    (tmp_path / ".gitignore").write_text("ignored\n", "utf-8")
    (tmp_path / "ignored").touch()
    assert changes.changed_files(tmp_path) == {"old.txt", "ä b.txt", "ö.txt", ".gitignore"}


def test_where_nothing_can_be_compared_nothing_has_changed(repository, tmp_path, monkeypatch):
    inside = tmp_path / "download"
    inside.mkdir()
    (inside / "a.txt").touch()
    assert changes.changed_files(inside) == set()  # somebody else's repository
    monkeypatch.setenv("CHANGE_BASE", "no-such-commit")
    assert changes.changed_files(tmp_path) == set()
    monkeypatch.delenv("CHANGE_BASE")
    monkeypatch.setenv("PATH", "")
    assert changes.base(tmp_path) is None
    assert changes.changed_files(tmp_path) == set()
