"""What a stored file was made by: its recipe, the lesson's cells behind it, and their fingerprint.

Small trained models (`utils.pretrained`) and stored experiments (`utils.results`) are made by a
*recipe*: one function in ``experiments/<chapter>/<lesson>.py``. It runs the lesson's own code,
which are the notebook's code cells with the tag ``recipe``. Recipe and cells are read here as
text; nothing is imported and nothing is run.
"""

from __future__ import annotations

import ast
import hashlib
import io
import json
import os
import tokenize

from utils.course import ROOT, notebooks
from utils.display import Block, emit

TAG = "recipe"  # of the cells that recipes run


class RecipeError(LookupError):
    """A lesson, or a recipe of it, that is not there."""


def lesson_link(lesson: str) -> str:
    """The notebook of a lesson such as ``"nlp/language_models"``, from the repository's root.

    Raises RecipeError if there is none.

    >>> lesson_link("nlp/language_models").endswith("_language_models.ipynb")
    True
    """
    for path in notebooks(ROOT / "chapters"):
        if lesson == f"{path.parent.name.partition('_')[2]}/{path.stem.partition('_')[2]}":
            return path.relative_to(ROOT).as_posix()
    raise RecipeError(f"there is no lesson {lesson!r}; a lesson is named like nlp/language_models")


def lesson_cells(lesson: str) -> list[str]:
    """The sources of a lesson's cells with the tag ``recipe``, in their order."""
    notebook = json.loads((ROOT / lesson_link(lesson)).read_text(encoding="utf-8"))
    return [
        "".join(cell["source"])
        for cell in notebook["cells"]
        if cell["cell_type"] == "code" and TAG in cell["metadata"].get("tags", [])
    ]


def recipe_source(lesson: str, name: str) -> str:
    """The text of the recipe ``name`` of a lesson, without what declares its seeds above it.

    Raises RecipeError if the lesson has no such recipe.
    """
    file = ROOT / "experiments" / f"{lesson}.py"
    text = file.read_text(encoding="utf-8") if file.is_file() else ""
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return ast.get_source_segment(text, node)
    raise RecipeError(f"experiments/{lesson}.py has no recipe {name!r}")


def fingerprint(lesson: str, name: str) -> str:
    """Sixteen hexadecimal digits that change with the code of a recipe or of its lesson's cells.

    Imports, comments and blank lines do not count. A change in `utils`, in a library or in the
    data is not seen here; only running the recipe again shows it.
    """
    parts = [recipe_source(lesson, name), *lesson_cells(lesson)]
    digest = hashlib.sha256()
    for part in parts:
        digest.update(essential(part).encode() + b"\n\n")
    return digest.hexdigest()[:16]


def essential(source: str) -> str:
    r"""Python code without its imports at the top level, comments and blank lines.

    >>> essential("import math  # for the root\n\n# two\nx = 2  # too\n")
    'x = 2'
    """
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.parse(source).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for row in range(node.lineno, node.end_lineno + 1):
                lines[row - 1] = ""
    return "\n".join(line.rstrip() for line in lines if line.strip())


def report_stale(sentence: str, error: type[Exception]) -> None:
    """Tell a reader that a file is older than its recipe; ``COURSE_STRICT=1`` raises ``error``.

    A reader may change a lesson's code and still wants the lessons after it to run; in tests and
    under `make run` nothing stale may pass.
    """
    if os.environ.get("COURSE_STRICT") == "1":
        raise error(sentence)
    emit(Block("note", sentence))
