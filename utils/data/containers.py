"""What the data functions return: tables, labelled images and documents.

Also their checksum, as the catalogue states it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False, repr=False)
class Table:
    """Rows of numbers with one target each."""

    X: np.ndarray  # (rows, features) float64
    y: np.ndarray  # (rows,) int64 class numbers, or float64 values
    feature_names: tuple[str, ...]  # one per column of X
    target_names: tuple[str, ...]  # one per class number, or the single target's name

    def __repr__(self) -> str:
        rows, columns = self.X.shape
        kind = "classes" if self.y.dtype.kind == "i" else "target"
        return f"Table({rows} rows, {columns} features, {kind}: {', '.join(self.target_names)})"


@dataclass(frozen=True, eq=False, repr=False)
class Images:
    """Labelled images, split into training and test."""

    train_images: np.ndarray  # (n, height, width) or (n, height, width, 3) uint8
    train_labels: np.ndarray  # (n,) int64, positions in `classes`
    test_images: np.ndarray
    test_labels: np.ndarray
    classes: tuple[str, ...]

    def __repr__(self) -> str:
        shape = "×".join(map(str, self.train_images.shape[1:]))
        return (
            f"Images({len(self.train_images)} train, {len(self.test_images)} test, {shape}, "
            f"{len(self.classes)} classes)"
        )


@dataclass(frozen=True, eq=False, repr=False)
class Documents:
    """Texts with one class each, and where each comes from."""

    texts: tuple[str, ...]
    labels: np.ndarray  # (n,) int64, positions in `classes`
    names: tuple[str, ...]  # what each text describes
    files: tuple[str, ...]  # the file each text stands in, with slashes: the groups of a split
    classes: tuple[str, ...]

    def __repr__(self) -> str:
        return (
            f"Documents({len(self.texts)} texts from {len(set(self.files))} files, "
            f"{len(self.classes)} classes: {', '.join(self.classes)})"
        )


def checksum(dataset: Table | Images | Documents | str) -> str:
    """The SHA-256 of a data set's bytes, as the catalogue states it.

    For a Table X then y, for Images training images, training labels, test images, test labels,
    each in C order and little-endian; for Documents the texts, a zero byte between them, and the
    labels; for a text its UTF-8 bytes.
    """
    if isinstance(dataset, str):
        return hashlib.sha256(dataset.encode()).hexdigest()
    digest = hashlib.sha256()
    if isinstance(dataset, Documents):
        digest.update("\0".join(dataset.texts).encode())
    for value in vars(dataset).values():
        if isinstance(value, np.ndarray):
            digest.update(value.astype(value.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()
