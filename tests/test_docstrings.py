"""The examples in the docstrings of utils and of the engine run and give what they show."""

from __future__ import annotations

import doctest
import importlib
import types

import matplotlib.pyplot as plt
import pytest

from utils.course import ROOT

OPTIONS = doctest.NORMALIZE_WHITESPACE


def modules(package: str) -> list[str]:
    """The names of all modules of a package, by its files."""
    names = []
    for path in sorted((ROOT / package.replace(".", "/")).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        names.append(".".join(parts).removesuffix(".__init__"))
    return names


UTILS = modules("utils")
# What a package's own file says is where to look, and there is nothing to try.
DOORS = {"utils", "utils.data"}


@pytest.fixture(autouse=True)
def plain_surroundings(monkeypatch, tmp_path):
    """As a reader's first call sees them; figures are not kept."""
    for name in ("COURSE_SEED", "COURSE_DEVICE", "COURSE_CLAIMS_LOG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    yield
    plt.close("all")


def failures(module: types.ModuleType) -> tuple[int, str]:
    """How many examples a module has, and what was said about those that fail."""
    said = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=OPTIONS)
    for test in doctest.DocTestFinder().find(module):
        runner.run(test, out=said.append)
    return runner.summarize(verbose=False).attempted, "".join(said)


@pytest.mark.parametrize("name", [*UTILS, *modules("exercises.engine")])
def test_the_examples_of_a_module_give_what_they_show(name):
    number, said = failures(importlib.import_module(name))
    assert said == ""
    assert number > 0 or name not in UTILS or name in DOORS, "a reader finds no example here"


def test_an_example_that_shows_something_else_is_found():
    module = types.ModuleType("made_up")
    module.__doc__ = ">>> 1 + 1\n3\n>>> 1 + 2\n3\n"
    number, said = failures(module)
    assert number == 2
    assert "Expected:\n    3\nGot:\n    2\n" in said


def test_the_modules_are_found():
    assert {"utils", "utils.data.images", "utils.training"} <= set(UTILS)
    assert "exercises.engine.comparing" in modules("exercises.engine")
