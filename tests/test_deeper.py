"""Lessons without their deeper sections: claims and compared outputs stay the same.

The rule `deeper` reads the code; here the code runs. A drawn random number, or a list that a
deeper section makes longer, is seen only here.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import notebooks, reading
from utils import course

Seen = tuple[list[tuple], list[list[str]]]


def seen_in(notebook: NotebookNode, folder: Path, log: Path) -> Seen:
    """Run the cells; returns claims (text and value) and the texts of compared outputs."""
    notebooks.execute(notebook, folder, {"COURSE_CLAIMS_LOG": str(log)})
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    claims = [(claim["text"], claim["value"]) for claim in map(json.loads, lines)]
    compared = [
        [output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs]
        for outputs in (
            cell.outputs
            for cell in notebook.cells
            if "nbval-check-output" in cell.metadata.get("tags", [])
        )
    ]
    return claims, compared


def changes_without_deeper(path: Path, scratch: Path) -> list[str]:
    """What the core shows differently when the deeper sections are left out."""
    whole = notebooks.read(path)
    inside = reading.deeper_cells(whole.cells)
    # The whole lesson runs once, the core once; what deeper cells show themselves is left out.
    for position in inside:
        cell = whole.cells[position]
        cell.metadata["tags"] = [
            tag for tag in cell.metadata.get("tags", []) if tag != "nbval-check-output"
        ]
    core = notebooks.read(path)
    core.cells = reading.without_deeper(core.cells)
    claims, compared = seen_in(whole, path.parent, scratch / "whole.jsonl")
    core_claims, core_compared = seen_in(core, path.parent, scratch / "core.jsonl")
    problems = [
        f"the claim {text!r} measures {value} in the core alone"
        for text, value in core_claims
        if (text, value) not in claims
    ]
    problems += [
        f"a compared output is {alone} in the core alone, {together} in the whole lesson"
        for alone, together in zip(core_compared, compared, strict=True)
        if alone != together
    ]
    return problems


CLAIM = "from utils.claims import claim\nclaim('A number', {}, at_least=-100)"


def save(path: Path, *deeper: str, core: str, shown: str = "0") -> Path:
    """A lesson with a generator and a list, a deeper section, and a core that goes on."""
    cells = [
        new_code_cell("import random\nrandom.seed(0)\nrows = [1, 2]\ngenerator = random.Random(1)"),
        new_markdown_cell("## Aside · deeper\n\nIt adds a thought."),
        *map(new_code_cell, deeper),
        new_markdown_cell("## Back"),
        new_code_cell(CLAIM.format(core)),
        new_code_cell(f"print({shown})", metadata={"tags": ["nbval-check-output"]}),
    ]
    nbformat.write(new_notebook(cells=cells), path)
    return path


def test_a_section_that_can_be_left_out(tmp_path):
    path = save(
        tmp_path / "lesson.ipynb",
        "own = random.Random(2)\nown.random()\nlonger = [*rows, 3]",
        CLAIM.format("own.random()"),
        core="random.random()",
        shown="rows",
    )
    assert changes_without_deeper(path, tmp_path) == []


@pytest.mark.parametrize("aside", ["random.random()", "generator.random()", "rows.append(3)"])
def test_a_section_that_changes_what_comes_after_it(aside, tmp_path):
    core = "random.random() + generator.random()"
    path = save(tmp_path / "lesson.ipynb", aside, core=core, shown="sum(rows)")
    (problem,) = changes_without_deeper(path, tmp_path)
    expected = "a compared output is" if "rows" in aside else "the claim 'A number' measures"
    assert problem.startswith(expected)


def test_a_section_that_is_needed(tmp_path):
    path = save(tmp_path / "lesson.ipynb", "extra = 1", core="extra")
    with pytest.raises(notebooks.RunError, match="name 'extra' is not defined"):
        changes_without_deeper(path, tmp_path)


def test_every_lesson_without_its_deeper_sections(tmp_path):
    lessons = [
        path
        for path in course.notebooks()
        if reading.deeper_cells(json.loads(path.read_text(encoding="utf-8"))["cells"])
    ]
    if not lessons:
        pytest.skip("no lesson has a deeper section yet")
    if not os.environ.get("COURSE_PROOF"):
        pytest.skip("COURSE_PROOF=1 runs every lesson without its deeper sections")
    found = {}
    for path in lessons:
        scratch = tmp_path / path.stem
        scratch.mkdir()
        found[path.name] = changes_without_deeper(path, scratch)
    assert found == {path.name: [] for path in lessons}
