"""A lesson that does not use PyTorch runs where there is none, from the first cell to the last.

Every test run does this with the quickest such lesson; `COURSE_PROOF=1` with all of them.
"""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

from tools import notebooks
from utils import course

# torch lies there to be read, for one lesson takes its docstrings as texts, but no import succeeds.
# (None in sys.modules would not do: scipy takes it for the module.)
HIDDEN = """
import sys
from importlib.machinery import PathFinder

class Refused:
    def create_module(spec):
        raise ModuleNotFoundError(f"No module named {spec.name!r}", name=spec.name)

    def exec_module(module):
        pass

class NoTorch:
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            spec = PathFinder.find_spec(name, path)
            spec.loader = Refused
            return spec

sys.meta_path.insert(0, NoTorch)
"""


def imports_torch(path: Path) -> bool:
    """Whether any code cell of a notebook imports torch, or something from it."""
    names = []
    for cell in notebooks.read(path).cells:
        if cell.cell_type == "code":
            for node in ast.walk(ast.parse(cell.source)):
                if isinstance(node, ast.Import):
                    names += [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom):
                    names.append(node.module or "")
    return any(name.split(".")[0] == "torch" for name in names)


def kernel_without_torch(folder: Path) -> dict[str, str]:
    """Settings for a kernel in which torch cannot be imported; `folder` holds its start-up file."""
    startup = folder / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00-without-torch.py").write_text(HIDDEN, "utf-8")
    return {"IPYTHONDIR": str(folder)}


LESSONS = sorted(
    (lesson for lesson in course.lessons() if not imports_torch(lesson.path)),
    key=lambda lesson: lesson.seconds,
)


def test_there_are_such_lessons():
    assert len(LESSONS) >= 4


def test_torch_is_hidden_indeed(tmp_path):
    source = "import importlib\nimportlib.import_module('utils.training')"
    notebook = notebooks.nbformat.v4.new_notebook()
    notebook.cells = [notebooks.nbformat.v4.new_code_cell(source)]
    with pytest.raises(notebooks.RunError, match=r"ModuleNotFoundError.*torch"):
        notebooks.execute(notebook, course.ROOT / "chapters", kernel_without_torch(tmp_path))


@pytest.mark.parametrize(
    "lesson",
    LESSONS if os.environ.get("COURSE_PROOF") else LESSONS[:1],
    ids=lambda lesson: lesson.path.stem,
)
def test_a_lesson_without_torch_needs_none(lesson, tmp_path):
    notebook = notebooks.read(lesson.path)
    notebooks.execute(notebook, lesson.path.parent, kernel_without_torch(tmp_path))
