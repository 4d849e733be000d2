"""No common misspelling in notebooks, docs and code, as codespell knows them.

Of a notebook its cells are read, not the outputs: pictures are long words. What is right all the
same stands in pyproject.toml under [tool.codespell].
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from utils.course import ROOT

KINDS = {".css", ".ipynb", ".js", ".md", ".py", ".toml", ".yml"}
FOLDERS = sorted(
    folder.name
    for folder in ROOT.iterdir()
    if folder.is_dir() and not folder.name.startswith(".") and folder.name != "build"
)


def text_of(path: Path) -> str:
    """What somebody has written by hand in a file."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".ipynb":
        return text
    return "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"])


def files(folder: Path) -> list[Path]:
    """The files of a folder to be read, without what tools have put there."""
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "cache" and name[0] not in "._"]
        found += [Path(place, name) for name in names if Path(name).suffix in KINDS]
    return sorted(found)


def misspelled(paths: list[Path], root: Path, scratch: Path) -> list[str]:
    """What codespell finds in the files, as "place:line: word ==> better ones"."""
    for path in paths:
        copy = scratch / path.relative_to(root)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text_of(path), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "codespell_lib", "--toml", str(ROOT / "pyproject.toml"), "."],
        cwd=scratch,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.mark.parametrize("folder", [".", *FOLDERS])
def test_no_word_is_misspelled(folder, tmp_path):
    if folder == ".":
        paths = [path for path in ROOT.iterdir() if path.is_file() and path.suffix in KINDS]
    else:
        paths = files(ROOT / folder)
    assert misspelled(paths, ROOT, tmp_path) == []


def test_a_misspelling_is_found_in_each_kind_of_file(tmp_path):
    wrong = "t" + "eh"  # written so that this file has none
    root, scratch = tmp_path / "course", tmp_path / "scratch"
    root.mkdir()
    scratch.mkdir()
    (root / "a.py").write_text(f"# {wrong} loss\n", encoding="utf-8")
    cells = [
        {"cell_type": "markdown", "source": ["First.\n", f"Then {wrong} loss, by Y. W. Teh."]},
        {"cell_type": "code", "source": "1", "outputs": [{"text": wrong}]},
    ]
    (root / "b.ipynb").write_text(json.dumps({"cells": cells}), encoding="utf-8")
    found = misspelled(files(root), root, scratch)
    assert sorted(line.partition(" ==>")[0] for line in found) == [
        f"./a.py:1: {wrong}",
        f"./b.ipynb:2: {wrong}",
    ]


def test_lessons_and_docs_are_read():
    assert ROOT / "chapters" / "start_here.ipynb" in files(ROOT / "chapters")
    assert {"book", "chapters", "docs", "exercises", "tests", "tools", "utils"} <= set(FOLDERS)
