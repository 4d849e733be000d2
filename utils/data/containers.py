"""What the data functions return: tables, labelled images and documents.

Also their checksum, as the catalogue states it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False, repr=False)
class Table:
    """Rows of numbers with one target each.

    Attributes
    ----------
    X : ndarray (rows, features) of float64
        The features.
    y : ndarray (rows,)
        The targets: class numbers (int64) or values (float64).
    feature_names : tuple of str
        One a column of ``X``.
    target_names : tuple of str
        One a class number, or the name of the single target.

    Examples
    --------
    >>> Table(np.zeros((3, 2)), np.array([0, 1, 1]), ("width", "height"), ("cat", "dog"))
    Table(3 rows, 2 features, classes: cat, dog)
    """

    X: np.ndarray
    y: np.ndarray
    feature_names: tuple[str, ...]
    target_names: tuple[str, ...]

    def __repr__(self) -> str:
        rows, columns = self.X.shape
        kind = "classes" if self.y.dtype.kind == "i" else "target"
        return f"Table({rows} rows, {columns} features, {kind}: {', '.join(self.target_names)})"


@dataclass(frozen=True, eq=False, repr=False)
class Images:
    """Labelled images, split into training and test.

    Attributes
    ----------
    train_images : ndarray (n, height, width) or (n, height, width, 3) of uint8
        The pictures to learn from, grey or with three colours.
    train_labels : ndarray (n,) of int64
        Positions in ``classes``.
    test_images : ndarray
        The pictures to judge by, of the same kind.
    test_labels : ndarray of int64
        Their labels.
    classes : tuple of str
        What the labels mean.
    """

    train_images: np.ndarray
    train_labels: np.ndarray
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
    """Texts with one class each, and where each comes from.

    Attributes
    ----------
    texts : tuple of str
        The n documents.
    labels : ndarray (n,) of int64
        Positions in ``classes``.
    names : tuple of str
        What each text describes.
    files : tuple of str
        The file each text stands in, with slashes: the groups of a split.
    classes : tuple of str
        What the labels mean.
    """

    texts: tuple[str, ...]
    labels: np.ndarray
    names: tuple[str, ...]
    files: tuple[str, ...]
    classes: tuple[str, ...]

    def __repr__(self) -> str:
        return (
            f"Documents({len(self.texts)} texts from {len(set(self.files))} files, "
            f"{len(self.classes)} classes: {', '.join(self.classes)})"
        )


def checksum(dataset: Table | Images | Documents | str) -> str:
    """The SHA-256 of a data set's bytes, as the catalogue states it: 64 hexadecimal digits.

    For a Table X then y, for Images training images, training labels, test images, test labels,
    each in C order and little-endian; for Documents the texts, a zero byte between them, and the
    labels; for a text its UTF-8 bytes.

    Examples
    --------
    >>> checksum("to be, or not to be")[:16]
    '70f853318b2944e3'
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
