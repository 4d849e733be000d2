"""Docstrings of seven libraries that the course installs anyway, read from their source files.

The reader behind `utils.data.docstrings`: it parses files, and imports none of them, so that
nothing is executed and the result depends on nothing but the installed versions.
"""

from __future__ import annotations

import ast
import hashlib
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

# Where to look: folders and files under each package, "." for the whole. Only of torch is a part
# named: the rest is mostly compiler and distributed machinery that nobody calls by hand.
LIBRARIES = {
    "matplotlib": (".",),
    "networkx": (".",),
    "numpy": (".",),
    "pandas": (".",),
    "scipy": (".",),
    "sklearn": (".",),
    "torch": ("autograd", "distributions", "functional.py", "nn", "optim", "sparse", "utils/data"),
}
# Passed over: tests, code copied from other projects, and files written when a package is built.
SKIPPED = {
    *("tests", "testing", "_testing", "conftest.py", "_pytesttester.py"),
    *("_external", "_lib", "_vendored", "externals", "_array_api_compat", "array_api_compat"),
    *("__config__.py", "version.py", "_version.py"),
    *("backends", "distutils", "f2py", "sphinxext"),
}
SHORTEST = 200  # characters: below stand one-line reminders
PER_FILE = 15  # documents at most, so that no library is one large file
PER_LIBRARY = 300
LARGEST = 200_000  # bytes of a file; a larger one takes long to parse and would give 15 documents


def _files(library: str) -> list[tuple[str, Path]]:
    """The source files of a library and their names ("numpy/lib/_index_tricks_impl.py").

    They come in an order that has nothing to do with their names.
    """
    spec = find_spec(library)  # of a package at the top, this imports nothing
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(
            f"{library} is not installed; it belongs to the course: run `make lab`", name=library
        )
    root = Path(next(iter(spec.submodule_search_locations)))
    found = []
    for place in LIBRARIES[library]:
        start = root / place
        for path in [start] if start.is_file() else start.rglob("*.py"):
            inside = path.relative_to(root)
            if not SKIPPED.intersection(inside.parts) and path.stat().st_size <= LARGEST:
                found.append((f"{library}/{inside.as_posix()}", path))
    return sorted(found, key=lambda pair: _shuffled(pair[0]))


def _shuffled(name: str) -> str:
    """A sorting key that looks random and is the same everywhere."""
    return hashlib.sha256(name.encode()).hexdigest()


def _docstrings(path: Path) -> dict[str, str]:
    """The docstrings of the public functions and classes of one file, by name."""
    found: dict[str, str] = {}
    for node in ast.parse(path.read_bytes()).body:
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        if isinstance(node, kinds) and not node.name.startswith("_"):
            text = ast.get_docstring(node) or ""
            if len(text) >= SHORTEST:
                found.setdefault(node.name, text)
    return found


def _library(library: str) -> Iterator[tuple[str, str, str]]:
    """Text, name and file of up to PER_LIBRARY documents, no text twice."""
    seen: set[str] = set()
    for file, path in _files(library):
        found = _docstrings(path)
        for name in sorted(found, key=_shuffled)[:PER_FILE]:
            words = " ".join(found[name].split())
            if words not in seen:
                seen.add(words)
                yield found[name], name, file
            if len(seen) == PER_LIBRARY:
                return


def read() -> list[tuple[str, str, str, int]]:
    """Text, name, file and class number of every document, sorted by library, file and name.

    A text that two libraries share has no right answer, and is left out.
    """
    rows = []
    with warnings.catch_warnings():  # parsing old code warns about its escape sequences
        warnings.simplefilter("ignore")
        for label, library in enumerate(LIBRARIES):
            documents = sorted(_library(library), key=lambda row: (row[2], row[1]))
            rows += [(*document, label) for document in documents]
    holders: dict[str, set[int]] = {}
    for text, _, _, label in rows:
        holders.setdefault(" ".join(text.split()), set()).add(label)
    return [row for row in rows if len(holders[" ".join(row[0].split())]) == 1]
