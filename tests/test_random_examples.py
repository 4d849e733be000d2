"""Random tests draw the same examples in every run, and others under COURSE_PROOF=1."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from harness import copy_harness

TESTS = """
from hypothesis import given, settings
from hypothesis import strategies as st
import constants

@settings(max_examples=300)
@given(st.integers(), st.text(max_size=8))
def test_one(number, text):
    print("drawn", repr(number), ascii(text))

@given(st.integers())
def test_that_fails(number):
    assert number < 1000
"""
# Modules of the course, which hypothesis would search for constants to try.
CONSTANTS = "".join(f"x{number} = {number}{number}{number}\n" for number in range(1000, 1100))


@pytest.fixture
def run(tmp_path):
    copy_harness(tmp_path)
    (tmp_path / "tests" / "test_some.py").write_text(TESTS, "utf-8")

    def run(constants: str = "", **environment: str) -> str:
        (tmp_path / "constants.py").write_text(constants, "utf-8")
        forget = ("PYTEST_", "COURSE_PROOF", "HYPOTHESIS_")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(forget)}
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-s", "tests"]
        done = subprocess.run(
            command,
            cwd=tmp_path,
            env=kept | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
        assert not (tmp_path / ".hypothesis").exists()
        return done.stdout

    return run


def examples(output: str) -> list[str]:
    return [line for line in output.splitlines() if line.startswith("drawn")]


def test_the_same_examples_whatever_else_is_loaded(run):
    first = examples(run())
    assert len(first) > 100
    assert examples(run(CONSTANTS)) == first
    assert examples(run(CI="1")) == first


def test_fresh_examples_under_proof_and_the_line_that_repeats_one(run):
    outputs = [run(COURSE_PROOF="1") for _ in range(2)]
    assert examples(outputs[0]) != examples(outputs[1])
    for output in outputs:
        assert "number=1000" in output
        assert "@reproduce_failure(" in output
