"""A notebook as text to write in, and back: `make text NB=path`, `make text NB=path BACK=1`.

The text is jupytext's percent format, the notebook without its outputs: chapters/…/x.ipynb
becomes build/text/…/x.py. On the way back the cells that are as they were keep their outputs;
those of the others are left empty for `make run`. Nothing that somebody wrote is overwritten: a
text with changes that the notebook lacks is not written anew, and a text is not brought back into
a notebook that was changed since. What the two last agreed on is kept in build/text/.agreed.
"""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from pathlib import Path

import jupytext
import nbformat
from nbformat import NotebookNode
from yaml import YAMLError

from tools import console, notebooks
from utils import course

# Written by `make run`: fields of `course`, and the line of the first cell that shows them. The
# notebook keeps its own, and they are no reason to refuse anything.
MEASURED = ("seconds", "minutes", "core_minutes")
TIME_LINE = re.compile(r"^\*Time:.*$", re.MULTILINE)


class TextError(Exception):
    """Why nothing was written: text for the author."""


# --- between the two forms, without files -------------------------------------------------------


def to_text(notebook: NotebookNode) -> str:
    """Return a notebook as a percent script: sources, cell metadata, `course`, kernel.

    Raises TextError if the text would not give the same cells back.
    """
    bare = nbformat.v4.new_notebook(
        metadata={
            **{
                name: notebook.metadata[name]
                for name in ("course", "kernelspec")
                if name in notebook.metadata
            },
            "jupytext": {
                "notebook_metadata_filter": "course,kernelspec,-jupytext",
                "cell_metadata_filter": "all",
            },
        },
        cells=[_without_outputs(cell) for cell in notebook.cells],
    )
    text = jupytext.writes(bare, fmt="py:percent")
    again = from_text(text)
    if len(again.cells) != len(bare.cells):
        raise TextError("a line inside a cell looks like the mark between two cells, # %%")
    for number, (before, after) in enumerate(zip(bare.cells, again.cells, strict=True), start=1):
        if _content(before) != _content(after):
            raise TextError(f"cell {number} would not come back from the text as it is")
    return text


def from_text(text: str) -> NotebookNode:
    """Return the notebook, without outputs, that a percent script describes.

    Raises TextError if it is none.
    """
    try:
        notebook = jupytext.reads(text, fmt="py:percent")
    except YAMLError as error:
        raise TextError(
            "the head of the text, between # --- and # ---, is no valid YAML (a value with a colon "
            f"in it needs quotes): {_one_line(error)}"
        ) from error
    except Exception as error:  # whatever else jupytext raises
        raise TextError(
            f"the text cannot be read as a percent script: {_one_line(error)}"
        ) from error
    notebook.metadata.pop("jupytext", None)
    check_marks(text)
    return notebook


def check_marks(text: str) -> None:
    """Raise TextError for a mark of a cell whose tags would be lost without a word."""
    for number, line in enumerate(text.splitlines(), start=1):
        mark = re.match(r"# %%(?P<options>.*)", line)
        if not mark or "tags" not in mark["options"]:
            continue
        written = re.search(r"""tags=\[\s*"[^"]+"(\s*,\s*"[^"]+")*\s*\](\s|$)""", mark["options"])
        if not written:
            raise TextError(
                f"line {number}: tags are written in quotation marks, "
                f'tags=["exercise"], not as in {line!r}'
            )


def merged(old: NotebookNode, new: NotebookNode) -> NotebookNode:
    """Return `new`, which comes from a text, with what only `old` has; changes it in place.

    A code cell whose source is unchanged keeps its outputs and its number, also where it stands
    behind a changed one: `make run` renews them. The measured fields of `course` and what no text
    holds stay as they are.
    """
    time_line = TIME_LINE.search(old.cells[0].source) if old.cells else None
    if time_line and new.cells:
        new.cells[0].source = TIME_LINE.sub(lambda _: time_line[0], new.cells[0].source)
    matcher = difflib.SequenceMatcher(
        None,
        [(cell.cell_type, cell.source) for cell in old.cells],
        [(cell.cell_type, cell.source) for cell in new.cells],
        autojunk=False,
    )
    for first, second, length in matcher.get_matching_blocks():
        for offset in range(length):
            before, after = old.cells[first + offset], new.cells[second + offset]
            if before.cell_type == "code":
                after.outputs, after.execution_count = before.outputs, before.execution_count
    for name, value in old.metadata.items():
        new.metadata.setdefault(name, value)
    for name in MEASURED:
        if name in old.metadata.get("course", {}):
            new.metadata.course[name] = old.metadata.course[name]
    new.nbformat, new.nbformat_minor = old.nbformat, old.nbformat_minor
    notebooks.normalise_cells(new)
    return new


def code_of(notebook: NotebookNode) -> list[str]:
    """Return the sources of the code cells."""
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _without_outputs(cell: NotebookNode) -> NotebookNode:
    cell = nbformat.from_dict(dict(cell))
    if cell.cell_type == "code":
        cell.outputs, cell.execution_count = [], None
    return cell


def _content(cell: NotebookNode) -> tuple[str, str, dict]:
    return cell.cell_type, cell.source, dict(cell.metadata)


# --- files --------------------------------------------------------------------------------------


def text_path(path: Path, root: Path) -> Path:
    """Return where a lesson's text lies: chapters/…/x.ipynb becomes build/text/…/x.py.

    Raises TextError for a path outside the folder `chapters`, or of another kind.
    """
    try:
        place = path.resolve().relative_to(root.resolve() / "chapters")
    except ValueError:
        place = Path()
    if place.suffix != ".ipynb":
        raise TextError(
            f"{path}: not a notebook in chapters/: write NB=chapters/<chapter>/<lesson>.ipynb"
        )
    return root / "build" / "text" / place.with_suffix(".py")


def agreed_path(text: Path, root: Path) -> Path:
    """Return where the text lies on which notebook and text last agreed."""
    folder = root / "build" / "text"
    return folder / ".agreed" / text.relative_to(folder)


def has_changes(path: Path, root: Path) -> bool:
    """Return whether a lesson's text holds changes that were never brought back."""
    text = text_path(path, root)
    if not text.exists():
        return False
    return _read(text) not in (_read(agreed_path(text, root)), to_text(_notebook(path)))


def write_text(path: Path, root: Path) -> Path:
    """Write a notebook's text and return its place.

    Raises TextError, and changes nothing, if the text there has changes that the notebook lacks.
    """
    text = text_path(path, root)
    content = to_text(_notebook(path))
    if has_changes(path, root):
        raise TextError(
            f"{_shown(text, root)} has changes that are not in the notebook: bring them back with "
            f"make text NB={_shown(path, root)} BACK=1, or delete the text and call this again"
        )
    _write(text, content)
    _write(agreed_path(text, root), content)
    return text


def bring_back(path: Path, root: Path) -> bool:
    """Write a text's content into its notebook; return whether the code changed.

    Raises TextError, and changes nothing, if there is no text, it cannot be read or has lost its
    metadata, or the notebook was changed in other ways since the text was made.
    """
    text = text_path(path, root)
    if not text.exists():
        raise TextError(
            f"there is no {_shown(text, root)}: make it with make text NB={_shown(path, root)}"
        )
    old, new = _notebook(path), from_text(_read(text))
    if "course" not in new.metadata:
        raise TextError(
            f"{_shown(text, root)} has no `course` in its head, the lines between # --- and # ---"
        )
    agreed = agreed_path(text, root)
    if agreed.exists() and not _same(old, from_text(_read(agreed))) and not _same(old, new):
        raise TextError(
            f"{_shown(path, root)} was changed since its text was made, and would lose that: "
            f"rename {_shown(text, root)}, make the text anew and copy your changes into it"
        )
    notebooks.write(merged(old, new), path)
    _write(agreed, _read(text))
    return code_of(old) != code_of(new)


def _same(notebook: NotebookNode, other: NotebookNode) -> bool:
    """Whether two notebooks say the same, without what `make run` measures and folds."""

    def written(one: NotebookNode) -> tuple:
        about = {k: v for k, v in one.metadata.get("course", {}).items() if k not in MEASURED}
        tags = [cell.metadata.get("tags", []) for cell in one.cells]
        cells = [(cell.cell_type, TIME_LINE.sub("", cell.source)) for cell in one.cells]
        return about, tags, cells

    return written(notebook) == written(other)


def _notebook(path: Path) -> NotebookNode:
    try:
        return nbformat.read(path, as_version=4)
    except (OSError, ValueError, AttributeError) as error:
        raise TextError(f"{path}: cannot be read as a notebook: {_one_line(error)}") from error


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def _shown(path: Path, root: Path) -> str:
    return path.resolve().relative_to(root.resolve()).as_posix()


def main(arguments: list[str]) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="make text NB=", description=__doc__)
    parser.add_argument("notebook", type=Path, nargs="?", help="chapters/<chapter>/<lesson>.ipynb")
    parser.add_argument("--back", action="store_true", help="from the text into the notebook")
    options = parser.parse_args(arguments)
    path = options.notebook
    try:
        if path is None:
            raise TextError("say which notebook: make text NB=chapters/<chapter>/<lesson>.ipynb")
        if options.back:
            print(_after_bringing_back(path, bring_back(path, course.ROOT)))
        else:
            text = _shown(write_text(path, course.ROOT), course.ROOT)
            print(f"{text}: edit it, then bring it back with make text NB={path} BACK=1")
    except (TextError, notebooks.RunError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def _after_bringing_back(path: Path, code_changed: bool) -> str:
    if code_changed:
        return f"{path}: its code changed: make run NB={path} makes the outputs"
    return (
        f"{path}: its code is as it was, and so are the outputs; make contents renews the README's "
        "table of contents"
    )


if __name__ == "__main__":
    console.accept_any()
    sys.exit(main(sys.argv[1:]))
