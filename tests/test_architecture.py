"""The shape of the repository: which way imports go, what is light, what every file keeps.

Docstrings, type hints and style are asked for by ruff's rules in pyproject.toml.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from utils.course import ROOT, notebooks

# The course's own packages, and which of them each may import; each may import itself. Lessons
# are the notebooks: each imports its own module of exercises, and never the engine behind it.
MAY_IMPORT = {
    "utils": set(),
    "exercises.engine": {"utils"},
    "exercises": {"exercises.engine", "utils"},
    "experiments": {"utils"},
    "benchmarks": {"utils"},
    "tools": {"experiments", "exercises", "exercises.engine", "utils"},
    "chapters": {"exercises", "utils"},
}
OWN = {*MAY_IMPORT, "tests", "conftest"}
IGNORED = {
    ".git", ".venv", "build", "cache", "__pycache__", ".ipynb_checkpoints", ".pytest_cache",
    ".ruff_cache", ".hypothesis", "ml_course_notebooks.egg-info",
}  # fmt: skip


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def part_of(module: str) -> str:
    """The part of the course that a module belongs to: "exercises.engine", "utils", "numpy" …"""
    first_two = ".".join(module.split(".")[:2])
    return first_two if first_two in MAY_IMPORT else module.split(".")[0]


def code_of(file: Path) -> Iterator[str]:
    """The code of a module, or of each code cell of a notebook."""
    text = file.read_text(encoding="utf-8")
    if file.suffix != ".ipynb":
        yield text
        return
    for cell in json.loads(text)["cells"]:
        if cell["cell_type"] == "code":
            yield "".join(cell["source"])


def imported(file: Path) -> set[str]:
    """Every module that a file imports, wherever in it, and every name it takes out of one."""
    names = set()
    for code in code_of(file):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{name_of(file)}: imports are written out in full"
                names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def wrong_ways(file: Path) -> list[str]:
    """What a file imports of the course and may not."""
    part = part_of(name_of(file).replace("/", "."))
    allowed = MAY_IMPORT[part] | {part}
    found = {name for name in imported(file) if part_of(name) in OWN}
    # `from exercises.engine import Bug` names `exercises.engine` as well as `….Bug`.
    return sorted(name for name in found if part_of(name) not in allowed)


PACKAGES = sorted({part.partition(".")[0] for part in MAY_IMPORT} - {"chapters"})
MODULES = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))
FILES = [*MODULES, *notebooks()]


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_imports_go_one_way(file):
    assert wrong_ways(file) == []


@pytest.mark.parametrize(
    ("place", "line", "wrong"),
    [
        ("utils/a.py", "from utils import data, seeds", []),
        ("utils/a.py", "import exercises", ["exercises"]),
        ("exercises/engine/a.py", "from exercises.engine import guarding", []),
        ("exercises/engine/a.py", "from exercises import nlp", ["exercises", "exercises.nlp"]),
        ("exercises/nlp/a.py", "from exercises.engine import Bug", []),
        ("exercises/nlp/a.py", "import tools.contents", ["tools.contents"]),
        ("experiments/a.py", "def f():\n    import exercises.nlp.a", ["exercises.nlp.a"]),
        ("tools/a.py", "import experiments, tests.browser", ["tests.browser"]),
    ],
)
def test_a_wrong_way_is_found(tmp_path, monkeypatch, place, line, wrong):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    file = tmp_path / place
    file.parent.mkdir(parents=True)
    file.write_text(line, encoding="utf-8")
    assert wrong_ways(file) == wrong


def test_a_lesson_that_imports_the_engine_is_found(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    file = tmp_path / "chapters" / "a.ipynb"
    file.parent.mkdir()
    lines = ["from exercises.nlp import bert as check", "from exercises import engine"]
    cells = [{"cell_type": "code", "source": line} for line in lines]
    cells.append({"cell_type": "markdown", "source": "import tests"})
    file.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    assert wrong_ways(file) == ["exercises.engine"]


def test_the_files_to_look_at_are_found():
    names = {name_of(file) for file in FILES}
    assert {
        "utils/claims.py",
        "utils/data/images.py",
        "exercises/__init__.py",
        "exercises/engine/value.py",
        "tools/setup.py",
        "chapters/start_here.ipynb",
    } <= names


@pytest.mark.parametrize("name", ["tools/setup.py", "tools/lab.py", "utils/course.py"])
def test_what_runs_before_the_installation_needs_the_standard_library_only(name):
    first = {module.split(".")[0] for module in imported(ROOT / name)}
    assert first - {"utils", "tools"} <= sys.stdlib_module_names


LIGHT = {
    "utils.course": (
        "numpy",
        "torch",
        "sklearn",
        "matplotlib",
        "pandas",
        "IPython",
        "platformdirs",
    ),
    "exercises.engine.progress": ("torch", "sklearn", "matplotlib", "pandas", "IPython"),
    "utils.display": ("torch", "sklearn", "matplotlib", "pandas", "IPython"),
    "utils.seeds": ("torch", "sklearn", "matplotlib", "pandas", "IPython"),
    "utils.claims": ("torch", "sklearn", "matplotlib", "pandas", "IPython"),
    "exercises.engine": ("torch", "sklearn", "matplotlib", "pandas", "IPython"),
    "utils.recipes": ("torch", "sklearn", "matplotlib", "pandas", "IPython"),
    "utils.results": ("torch", "sklearn", "matplotlib", "IPython"),
    "utils.pretrained": ("sklearn", "matplotlib", "pandas", "IPython"),
    "utils.training": ("sklearn", "matplotlib", "pandas", "IPython"),
    "utils.plotting": ("torch", "sklearn", "pandas"),
}


@pytest.mark.parametrize("module", LIGHT)
def test_importing_a_module_does_not_load_what_it_may_not_need(module):
    script = f"import sys, {module}; print(*[m for m in {LIGHT[module]!r} if m in sys.modules])"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def all_files() -> list[Path]:
    """Every file of the project, without what tools and tests have made."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(set(folders) - IGNORED)  # the others are not entered
        # In a second working tree of one repository .git is a file.
        found += [Path(folder, name) for name in sorted(set(names) - IGNORED)]
    return found


# The alternatives are written so that this file does not hold what it searches for.
PLACES = re.compile(
    r"(?<![\w./~$}:-])/(?:home|Users|root|work|scratch|mnt)/[\w.-]+"
    r"|\b[A-Z]:\\\\?Users\b|/(?:site|dist)[-]packages/"
)


@pytest.mark.parametrize("file", all_files(), ids=name_of)
def test_no_file_holds_a_path_of_a_machine(file):
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return  # a picture or an archive
    assert PLACES.findall(text) == []


@pytest.mark.parametrize(
    "path",
    ["/".join(["", "home", "ada", "course"]), "/".join(["", "root", ".venv"]),
     "at " + "/".join(["", "Users", "ada"]), "C:" + "\\Users\\ada",
     "lib/" + "site-" + "packages/torch"],
)  # fmt: skip
def test_such_a_path_would_be_found(path):
    assert PLACES.search(f"a line with {path} in it")


def test_the_project_has_its_files():
    names = {name_of(file) for file in all_files()}
    for wanted in (
        "Makefile",
        "README.md",
        "LICENSE",
        "pyproject.toml",
        "constraints.txt",
        "environment.yml",
        "conftest.py",
        ".ci/run",
        "chapters/start_here.ipynb",
    ):
        assert wanted in names
