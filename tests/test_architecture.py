"""The shape of the repository: which way imports go, how large modules are, what they say."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from utils.course import ROOT

# The course's own packages, and which of them each may import. The standard-library-only tools
# run before anything is installed.
MAY_IMPORT = {
    "utils": {"utils"},
    "exercises": {"exercises", "utils"},
    "experiments": {"experiments", "utils"},
    "tools": {"tools", "experiments", "exercises", "utils"},
    "benchmarks": {"benchmarks", "utils"},
}
OWN = {"utils", "exercises", "experiments", "tools", "benchmarks", "tests", "chapters", "conftest"}
IGNORED = {
    ".git", ".venv", "build", "cache", "__pycache__", ".ipynb_checkpoints", ".pytest_cache",
    ".ruff_cache", ".hypothesis", "ml_course_notebooks.egg-info",
}  # fmt: skip


def python_files(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


FILES = [file for package in MAY_IMPORT for file in python_files(package)]
UTILS = python_files("utils")


def imported(file: Path) -> set[str]:
    """The first parts of all modules that a file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module.split(".")[0] if node.level == 0 else file.parent.name)
    return names


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_imports_go_one_way(file):
    package = file.relative_to(ROOT).parts[0]
    assert imported(file) & OWN <= MAY_IMPORT[package]


def test_the_files_to_look_at_are_found():
    names = {name_of(file) for file in FILES}
    assert {"utils/claims.py", "exercises/__init__.py", "tools/setup.py"} <= names


@pytest.mark.parametrize("name", ["tools/setup.py", "tools/lab.py", "utils/course.py"])
def test_what_runs_before_the_installation_needs_the_standard_library_only(name):
    assert imported(ROOT / name) - {"utils", "tools"} <= sys.stdlib_module_names


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


def public(tree: ast.Module) -> list[ast.AST]:
    """The module, its public functions and classes, and their public methods."""
    found: list[ast.AST] = [tree]
    for node in tree.body:
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        if isinstance(node, kinds) and not node.name.startswith("_"):
            found.append(node)
            if isinstance(node, ast.ClassDef):
                found += [
                    method
                    for method in node.body
                    if isinstance(method, kinds)
                    and not method.name.startswith("_")
                    # What a method of the standard library does, it does here as well.
                    and not {ast.unparse(base).split(".")[0] for base in node.bases} & {"io"}
                ]
    return found


@pytest.mark.parametrize("file", [*UTILS, *python_files("tools")], ids=name_of)
def test_everything_public_says_what_it_does(file):
    tree = ast.parse(file.read_text(encoding="utf-8"))
    silent = [
        getattr(node, "name", "the module") for node in public(tree) if not ast.get_docstring(node)
    ]
    assert silent == []


@pytest.mark.parametrize("file", UTILS, ids=name_of)
def test_public_functions_of_utils_have_type_hints(file):
    for node in public(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            bare = [
                a.arg for a in arguments if a.annotation is None and a.arg not in ("self", "cls")
            ]
            assert (node.name, bare) == (node.name, [])
            assert node.returns is not None, node.name


def all_files() -> list[Path]:
    """Every file of the project, without what tools and tests have made."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(set(folders) - IGNORED)  # the others are not entered
        found += [Path(folder, name) for name in sorted(names)]
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
