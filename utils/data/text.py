"""Texts: Python's own manual, docstrings of seven libraries, and Shakespeare to download.

``docstrings`` parses the source files of libraries that the course installs anyway and imports none
of them, so that nothing is executed and the result depends on nothing but the installed versions.
"""

from __future__ import annotations

import ast
import hashlib
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from utils.data.containers import Documents
from utils.data.download import fetch_dataset

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


def python_docs_topics() -> dict[str, str]:
    """The help texts of Python itself, by topic ("assert", "classes", "while" …), sorted.

    About 80 English texts, nearly all ASCII, from ``pydoc_data`` in the standard library; they
    change a little from one Python version to the next. Licence: PSF License Agreement.

    Examples
    --------
    >>> topics = python_docs_topics()
    >>> topics["pass"].splitlines()[0]
    'The "pass" statement'
    """
    from pydoc_data.topics import topics

    return {topic: topics[topic] for topic in sorted(topics)}


def python_docs() -> str:
    """All texts of :func:`python_docs_topics` in their order, an empty line between them.

    About 465,000 characters of technical English, grammar rules and code.

    Examples
    --------
    >>> python_docs().splitlines()[0]
    'The "assert" statement'
    """
    return "\n\n".join(text.strip() for text in python_docs_topics().values()) + "\n"


def docstrings() -> Documents:
    """Docstrings of seven Python libraries: which one wrote this text?

    Public functions and classes of matplotlib, networkx, numpy, pandas, scipy, sklearn
    (scikit-learn) and torch, up to 300 each, at most 15 from one file; none shorter than 200
    characters, none twice, none that two libraries share. About 2,100 English texts with code
    and formulas, sorted by library, file and name. Many resemble others of their file, so split
    by ``files``. Read by parsing the installed source (nothing is imported) in two or three
    seconds; the texts change with the versions of the libraries. Licence: that of each library.

    Returns
    -------
    Documents
        About 2,100 texts; ``labels`` (n,) int64 count the libraries in alphabetical order.

    Raises
    ------
    ModuleNotFoundError
        If one of the libraries is not installed.
    """
    texts, names, files, labels = zip(*read_docstrings(), strict=True)
    return Documents(texts, np.array(labels, dtype=np.int64), names, files, tuple(LIBRARIES))


def tiny_shakespeare() -> str:
    """Forty thousand lines from Shakespeare's plays: 1,115,394 ASCII characters, about 1.1 MB.

    Raises
    ------
    DataUnavailable
        Without a network, unless it was downloaded before.

    References
    ----------
    Karpathy's char-rnn; the text is in the public domain.
    """
    return fetch_dataset("tiny_shakespeare")[0].read_bytes().decode("utf-8")


# --- reading the docstrings ----------------------------------------------------------------------


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


def read_docstrings() -> list[tuple[str, str, str, int]]:
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
