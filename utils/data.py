"""Every data set of the course, one function each; README.md in `data` lists them all.

Most are embedded: they come with a dependency or are generated, and need no network. `mnist`,
`fashion_mnist`, `cifar10` and `tiny_shakespeare` are downloaded once (see `utils.download`).
Each call returns new arrays, free to be changed: nothing that a lesson does to its data reaches
a later call. Random generators of NumPy and PyTorch are neither read nor moved.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from utils.download import ROOT, DataUnavailable, RemoteFile, cache_dir, fetch

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

CATALOGUE = ROOT / "data" / "catalogue.json"


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


def catalogue() -> dict[str, dict[str, Any]]:
    """The entries of `data/catalogue.json` (origin, licence, size, checksum …) by function name."""
    return json.loads(CATALOGUE.read_text(encoding="utf-8"))


def checksum(dataset: Table | Images | Documents | str) -> str:
    """The SHA-256 of a data set's bytes, as the catalogue states it.

    For a Table X then y, for Images training images, training labels, test images, test labels,
    each in C order and little-endian; for Documents the texts, a zero byte between them, and the
    labels; for a text its UTF-8 bytes.
    """
    import hashlib

    if isinstance(dataset, str):
        return hashlib.sha256(dataset.encode()).hexdigest()
    digest = hashlib.sha256()
    if isinstance(dataset, Documents):
        digest.update("\0".join(dataset.texts).encode())
    for value in vars(dataset).values():
        if isinstance(value, np.ndarray):
            digest.update(value.astype(value.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()


# --- Embedded: from scikit-learn ------------------------------------------------------------


def _table(bunch: Any, target_names: tuple[str, ...] | None = None) -> Table:
    """A scikit-learn bunch as a Table with plain strings and its own, writable arrays."""
    regression = target_names is not None
    return Table(
        X=np.array(bunch.data, dtype=np.float64),
        y=np.array(bunch.target, dtype=np.float64 if regression else np.int64),
        feature_names=tuple(map(str, bunch.feature_names)),
        target_names=target_names or tuple(map(str, bunch.target_names)),
    )


def digits() -> Images:
    """Handwritten digits, 8×8 pixels: 1,437 training and 360 test images of "0" to "9".

    uint8 with values 0 to 16: how many of the 16 dots under a pixel were inked. These are the
    1,797 images that UCI calls the test set, of 13 writers. The split keeps the order of the
    file, in which one writer follows the other (the labels show it: they begin again with
    0, 1, 2 … about every 130 images). So the last 360 images come mostly from hands that the
    training images do not show, and are harder than a random fifth would be. 141 to 146 training
    and 33 to 37 test images a class. Source: Alpaydin and Kaynak 1998, UCI; CC BY 4.0.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = bunch.images.astype(np.uint8)
    labels = bunch.target.astype(np.int64)
    train, test = slice(None, 1437), slice(1437, None)
    return Images(
        *(part.copy() for part in (images[train], labels[train], images[test], labels[test])),
        classes=tuple("0123456789"),
    )


def breast_cancer() -> Table:
    """Wisconsin breast cancer: 569 tumours × 30 features, malignant (0: 212) or benign (1: 357).

    Ten shape measures of the cell nuclei in a microscope picture (radius, texture, perimeter,
    area …), each as mean, standard error ("error") and mean of the three largest ("worst"); the
    source states no units. Note that 1 is the harmless class. Source: Wolberg, Mangasarian,
    Street and Street 1995, UCI; CC BY 4.0.
    """
    from sklearn.datasets import load_breast_cancer

    return _table(load_breast_cancer())


def wine() -> Table:
    """Chemical analysis of Italian wines: 178 × 13, three grape varieties (59, 71 and 48).

    Alcohol in percent by volume; the source states no units for the other twelve. Their scales
    differ by a factor of thousands. Source: Aeberhard and Forina 1992, UCI; CC BY 4.0.
    """
    from sklearn.datasets import load_wine

    return _table(load_wine())


def iris() -> Table:
    """Anderson's and Fisher's irises: 150 flowers × 4 lengths in cm, three species of 50.

    The values are those of Fisher's paper; UCI's own file differs in two rows. Source: Fisher
    1936, UCI; CC BY 4.0.
    """
    from sklearn.datasets import load_iris

    return _table(load_iris())


def diabetes() -> Table:
    """Diabetes: 442 patients × 10 features, and how far the illness went a year later.

    Raw values, neither centred nor scaled: age (years, 19–79), sex (coded 1 and 2; the source
    does not say which is which), bmi (body mass index, kg/m²), bp (average blood pressure), and
    six blood serum measures: s1 total cholesterol, s2 low- and s3 high-density lipoproteins,
    s4 total cholesterol over high-density, s5 possibly the logarithm of the triglycerides, s6
    blood sugar. The source states no units for pressure and serum; the ranges fit mm Hg and
    mg/dl. The target is a measure of progression without a unit, 25 to 346, float64. Source:
    Efron, Hastie, Johnstone and Tibshirani 2004, "Least Angle Regression"; no licence is stated.
    """
    from sklearn.datasets import load_diabetes

    return _table(load_diabetes(scaled=False), ("disease progression after one year",))


# --- Embedded: from statsmodels ---------------------------------------------------------------


def sunspots() -> Table:
    """Sunspot numbers, one a year from 1700 to 2008: 309 rows in the order of time.

    X is the year (309, 1), y the mean sunspot number of that year, 0 to 190.2, float64: ten times
    the groups of spots plus the spots, scaled so that observers agree. They rise and fall in about
    eleven years. These are the values before the recalibration of 2015 (version 2 of the series is
    higher). Source: National Geophysical Data Center, by way of statsmodels, which states that
    the data are in the public domain.
    """
    from statsmodels.datasets import sunspots as source

    frame = source.load_pandas().data
    return Table(
        X=frame[["YEAR"]].to_numpy(dtype=np.float64, copy=True),
        y=frame["SUNACTIVITY"].to_numpy(dtype=np.float64, copy=True),
        feature_names=("year",),
        target_names=("mean sunspot number of the year",),
    )


# --- Embedded: generated, or from the standard library ---------------------------------------


def glyphs(
    characters: str = "0123456789",
    train: int = 10_000,
    test: int = 2_000,
    seed: int = 0,
    *,
    rotate: float = 20.0,
    scale: float = 0.25,
    shift: float = 3.0,
    shear: float = 0.25,
    noise: float = 0.15,
) -> Images:
    """Printed characters, 28×28 uint8, bright (255) on dark (0), each drawn differently.

    Every image shows one of `characters`, in one of up to 21 fonts, under a random affine map:
    turned by up to `rotate` degrees, enlarged or reduced by up to the factor 1 + `scale`, moved
    by up to `shift` pixels across and down, slanted by up to `shear` (sideways per unit of
    height), each uniform in both directions (the size on a logarithmic scale). Gaussian noise of
    standard deviation `noise`, where 1 is the full range, comes last. Classes are balanced to
    within one image, in random order. Training and test images share the fonts, not the draws,
    and changing one count leaves the other set as it was.

    The same arguments give the same images on every machine with the same versions of matplotlib
    and NumPy. Raises ValueError for a character that no font can draw, for none or a repeated
    one, and for a negative number. Fonts: DejaVu, STIX, Computer Modern (see `data/README.md`).
    """
    from utils.glyphs import render

    if not characters or len(set(characters)) != len(characters):
        raise ValueError(f"characters must be different from one another, got {characters!r}")
    ranges = {"rotate": rotate, "scale": scale, "shift": shift, "shear": shear, "noise": noise}
    for name, value in {"train": train, "test": test, "seed": seed, **ranges}.items():
        if not 0 <= value < float("inf"):
            raise ValueError(f"{name} must be 0 or more, got {value}")
    train_set, test_set = (
        render(characters, count, np.random.default_rng([seed, part]), **ranges)
        for part, count in enumerate((train, test))
    )
    return Images(*train_set, *test_set, classes=tuple(characters))


def python_docs_topics() -> dict[str, str]:
    """The help texts of Python itself, by topic ("assert", "classes", "while" …), sorted.

    About 80 English texts, nearly all ASCII, from `pydoc_data` in the standard library; they
    change a little from one Python version to the next. Licence: PSF License Agreement.
    """
    from pydoc_data.topics import topics

    return {topic: topics[topic] for topic in sorted(topics)}


def python_docs() -> str:
    """All texts of `python_docs_topics` in the order of their topics, an empty line between them.

    About 465,000 characters of technical English, grammar rules and code.
    """
    return "\n\n".join(text.strip() for text in python_docs_topics().values()) + "\n"


def docstrings() -> Documents:
    """Docstrings of seven Python libraries: which one wrote this text?

    Public functions and classes of matplotlib, networkx, numpy, pandas, scipy, sklearn
    (scikit-learn) and torch, up to 300 each, at most 15 from one file; none shorter than 200
    characters, none twice, none that two libraries share. About 2,100 English texts with code
    and formulas, sorted by library, file and name. Many resemble others of their file, so split
    by `files`. Read by parsing the installed source (nothing is imported) in two or three
    seconds; the texts change with the versions of the libraries. Licence: that of each library.
    """
    from utils.docstrings import LIBRARIES, read

    texts, names, files, labels = zip(*read(), strict=True)
    return Documents(texts, np.array(labels, dtype=np.int64), names, files, tuple(LIBRARIES))


# --- Downloaded once ---------------------------------------------------------------------------


def _fetch(name: str) -> list[Path]:
    """The files of a downloaded set in the cache, in the order of the catalogue."""
    entry = catalogue()[name]
    return [
        fetch(
            RemoteFile(
                f"{name}/{file['name']}", tuple(file["urls"]), file["sha256"], file["bytes"]
            ),
            entry["alternative"],
        )
        for file in entry["files"]
    ]


def _idx_set(name: str, classes: tuple[str, ...]) -> Images:
    from utils.archives import read_idx_set

    entry = catalogue()[name]
    arrays = read_idx_set(_fetch(name), entry["train"], entry["test"], tuple(entry["image"]))
    return Images(*arrays, classes=classes)


def mnist() -> Images:
    """MNIST: 60,000 + 10,000 handwritten digits, 28×28 uint8, about 11.6 MB to download.

    Raises DataUnavailable without a network. Source: LeCun, Cortes and Burges.
    """
    return _idx_set("mnist", tuple("0123456789"))


def fashion_mnist() -> Images:
    """Fashion-MNIST: 60,000 + 10,000 photographs of clothing, 28×28 uint8, about 30.9 MB.

    Ten classes of 6,000 and 1,000. Raises DataUnavailable without a network. Source: Xiao, Rasul
    and Vollgraf 2017, Zalando SE; MIT.
    """
    clothes = "T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot"
    return _idx_set("fashion_mnist", tuple(clothes.split(",")))


def cifar10() -> Images:
    """CIFAR-10: 50,000 + 10,000 colour photographs, 32×32×3 uint8, about 170 MB to download.

    Ten classes of 5,000 and 1,000. Raises DataUnavailable without a network. Source: Krizhevsky
    2009; no licence is stated.
    """
    from utils.archives import read_cifar10

    entry = catalogue()["cifar10"]
    arrays = read_cifar10(_fetch("cifar10")[0], entry["train"], entry["test"], entry["image"][0])
    things = "airplane,automobile,bird,cat,deer,dog,frog,horse,ship,truck"
    return Images(*arrays, classes=tuple(things.split(",")))


def tiny_shakespeare() -> str:
    """Forty thousand lines from Shakespeare's plays: 1,115,394 ASCII characters, about 1.1 MB.

    Raises DataUnavailable without a network. Source: Karpathy's char-rnn; the text is in the
    public domain.
    """
    return _fetch("tiny_shakespeare")[0].read_bytes().decode("utf-8")
