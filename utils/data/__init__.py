"""Every data set of the course, one function each; ``data/README.md`` lists them all.

Most are embedded: they come with a dependency or are generated, and need no network. ``mnist``,
``fashion_mnist``, ``cifar10`` and ``tiny_shakespeare`` are downloaded once. Each call returns new
arrays, free to be changed: nothing that a lesson does to its data reaches a later call. Random
generators of NumPy and PyTorch are neither read nor moved.

The functions stand in one file a family: ``tables``, ``series``, ``images`` and ``text``; what
they return in ``containers``; fetching and reading of downloads in ``download`` and ``archives``.
"""

from __future__ import annotations

from utils.data.containers import Documents, Images, Table, checksum
from utils.data.download import DataUnavailable, cache_dir, catalogue
from utils.data.images import cifar10, digits, fashion_mnist, glyphs, mnist
from utils.data.series import sunspots
from utils.data.tables import breast_cancer, diabetes, iris, wine
from utils.data.text import docstrings, python_docs, python_docs_topics, tiny_shakespeare

__all__ = [
    "DataUnavailable",
    "Documents",
    "Images",
    "Table",
    "breast_cancer",
    "cache_dir",
    "catalogue",
    "checksum",
    "cifar10",
    "diabetes",
    "digits",
    "docstrings",
    "fashion_mnist",
    "glyphs",
    "iris",
    "mnist",
    "python_docs",
    "python_docs_topics",
    "sunspots",
    "tiny_shakespeare",
    "wine",
]
