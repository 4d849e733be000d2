"""The end of a run: what took longest, and what of a sample was looked at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from harness import copy_harness

from tests.timing import ALL_RUN, Timing, kind


def report(nodeid: str, seconds: float, when: str = "call", skipped: str = "") -> SimpleNamespace:
    where = ("tests/test_x.py", 1, f"Skipped: {skipped}") if skipped else None
    return SimpleNamespace(
        nodeid=nodeid, duration=seconds, when=when, skipped=bool(skipped), longrepr=where
    )


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("chapters/04_nlp/01_text_as_numbers.ipynb", "notebooks"),
        ("tests/test_exercises.py", "exercises"),
        ("tests/test_book.py", "pages"),
        ("tests/test_journeys.py", "journeys"),
        ("tests/test_lab.py", "the rest"),
    ],
)
def test_the_kind_of_a_file(file, expected):
    assert kind(file) == expected


def test_phases_tests_and_files_add_up():
    timing = Timing()
    for when, seconds in (("setup", 2.0), ("call", 1.0), ("teardown", 0.5)):
        timing.pytest_runtest_logreport(report("tests/test_book.py::test_a[x]", seconds, when))
    timing.pytest_runtest_logreport(report("chapters/a.ipynb::Cell 0", 4.0))
    timing.pytest_runtest_logreport(report("chapters/b.ipynb::Cell 0", 6.0))
    assert timing.kinds() == {
        "notebooks": {"seconds": 10.0, "files": 2},
        "pages": {"seconds": 3.5, "files": 1},
    }
    lines = timing.lines()
    assert lines.index("     3.5  pages (1 file)") > lines.index("    10.0  notebooks (2 files)")
    assert lines.index("     6.0  chapters/b.ipynb") < lines.index("     3.5  tests/test_book.py")
    assert timing.numbers()["samples"] == {}


def test_a_sample_says_what_was_looked_at_and_what_was_not():
    timing = Timing()
    timing.pytest_runtest_logreport(report("tests/test_book.py::test_page[a.html]", 2.0))
    timing.pytest_runtest_logreport(report("tests/test_book.py::test_page[b[0].html]", 3.0))
    left = report("tests/test_book.py::test_page[c.html]", 0.0, "setup", f"no change: {ALL_RUN}")
    timing.pytest_runtest_logreport(left)
    other = report("tests/test_book.py::test_other[c]", 0.0, "setup", "no Chromium here")
    timing.pytest_runtest_logreport(other)
    assert timing.lines() == [
        "tests/test_book.py::test_page: 2 of 3 (COURSE_PROOF=1 runs all): a.html, b[0].html"
    ]
    assert timing.numbers()["samples"] == {
        "tests/test_book.py::test_page": {"ran": 2, "of": 3, "seconds": 5.0}
    }


def test_a_run_in_two_workers_tells_and_keeps_what_took_longest(tmp_path):
    copy_harness(tmp_path)
    some, other = tmp_path / "tests" / "test_some.py", tmp_path / "tests" / "test_book.py"
    some.write_text("import time\ndef test_one(): time.sleep(0.4)\n", "utf-8")
    other.write_text(
        "import pytest\n"
        f"later = pytest.param(2, marks=pytest.mark.skip(reason='no change: {ALL_RUN}'))\n"
        "@pytest.mark.parametrize('number', [1, later])\n"
        "def test_page(number): pass\n",
        "utf-8",
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n2"]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = done.stdout.partition("what took longest")[2]
    assert "the rest (1 file)" in told
    assert "pages (1 file)" in told
    assert "tests/test_book.py::test_page: 1 of 2 (COURSE_PROOF=1 runs all): 1\n" in told
    kept = json.loads((tmp_path / "build" / "tests.json").read_text("utf-8"))
    assert 0.4 <= kept["kinds"]["the rest"]["seconds"] < 10
    assert list(kept["files"]) == ["tests/test_some.py", "tests/test_book.py"]
    assert kept["samples"]["tests/test_book.py::test_page"]["of"] == 2
