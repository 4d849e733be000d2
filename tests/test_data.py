"""The data sets: what their docstrings and the catalogue promise."""

from __future__ import annotations

import inspect
import json
import os
import random
import re
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
import torch
from packaging.version import Version

from tools.catalogue import README, page
from utils import data
from utils.data import Documents, Images, Table
from utils.data import text as docstrings
from utils.data.download import ROOT
from utils.data.images import FONTS, drawings

HELPERS = {"cache_dir", "catalogue", "checksum"}
FUNCTIONS = {
    name
    for name, value in vars(data).items()
    if inspect.isfunction(value)
    and name in data.__all__
    and not name.startswith("_")
    and name not in HELPERS
}
ENTRIES = data.catalogue()
OFFLINE = sorted(name for name, entry in ENTRIES.items() if entry["kind"] != "download")


def arrays(dataset: Table | Images | Documents) -> dict[str, np.ndarray]:
    return {name: value for name, value in vars(dataset).items() if isinstance(value, np.ndarray)}


# --- Catalogue --------------------------------------------------------------------------------


def test_catalogue_and_functions_name_each_other() -> None:
    assert set(ENTRIES) == FUNCTIONS
    assert set(data.__all__) > FUNCTIONS


@pytest.mark.parametrize("name", ENTRIES)
def test_entry_is_complete(name: str) -> None:
    entry = ENTRIES[name]
    for key in ("title", "kind", "returns", "contents", "origin", "reference", "licence"):
        assert entry[key], key
    annotation = inspect.signature(getattr(data, name)).return_annotation
    assert entry["returns"] == annotation
    assert inspect.getdoc(getattr(data, name))
    if entry["kind"] == "download":
        assert entry["alternative"].endswith(".")
        for file in entry["files"]:
            assert re.fullmatch(r"[0-9a-f]{64}", file["sha256"])
            assert file["bytes"] > 0
            assert Path(file["name"]).name == file["name"]
            assert file["urls"]
            assert all(re.match(r"https?://", url) for url in file["urls"])
    else:
        assert entry["kind"] in ("embedded", "generated")
        assert entry["carrier"]
        assert entry["sha256"] or entry["checksum_note"]


def test_page_is_written_from_the_catalogue() -> None:
    assert README.read_text(encoding="utf-8") == page(), "run `python -m tools.catalogue`"
    for name, entry in ENTRIES.items():
        assert f"`data.{name}()`" in page()
        assert entry["licence"] in page()


@pytest.mark.parametrize("name", [name for name in OFFLINE if ENTRIES[name]["sha256"]])
def test_embedded_set_is_the_one_in_the_catalogue(name: str) -> None:
    dataset = getattr(data, name)()
    assert data.checksum(dataset) == ENTRIES[name]["sha256"]
    assert sum(array.nbytes for array in arrays(dataset).values()) == ENTRIES[name]["bytes"]


def test_checksum_sees_every_array() -> None:
    first = data.checksum(data.iris())
    changed = data.iris()
    changed.y[-1] = 0
    assert data.checksum(changed) != first
    assert data.checksum("a") != data.checksum("b")


def test_checksum_of_documents_sees_texts_and_labels() -> None:
    def made(texts: tuple[str, ...], labels: list[int]) -> str:
        where = ("",) * len(texts)
        return data.checksum(Documents(texts, np.array(labels), where, where, ("a", "b")))

    sums = [made(("ab", "c"), [0, 1]), made(("a", "bc"), [0, 1]), made(("ab", "c"), [0, 0])]
    assert len(set(sums)) == 3


# --- What every set has in common -------------------------------------------------------------


@pytest.mark.parametrize("name", OFFLINE)
def test_offline_set_has_the_promised_form(name: str) -> None:
    dataset = getattr(data, name)()
    if isinstance(dataset, Table):
        assert dataset.X.dtype == np.float64
        assert dataset.X.shape == (len(dataset.y), len(dataset.feature_names))
        assert np.isfinite(dataset.X).all()
        if dataset.y.dtype == np.int64:
            assert set(dataset.y.tolist()) == set(range(len(dataset.target_names)))
        else:
            assert dataset.y.dtype == np.float64
            assert len(dataset.target_names) == 1
        names = dataset.feature_names + dataset.target_names
    elif isinstance(dataset, Images):
        for part in ("train", "test"):
            images, labels = getattr(dataset, f"{part}_images"), getattr(dataset, f"{part}_labels")
            assert images.dtype == np.uint8
            assert labels.dtype == np.int64
            assert len(images) == len(labels)
            assert set(labels.tolist()) == set(range(len(dataset.classes)))
        names = dataset.classes
    elif isinstance(dataset, Documents):
        assert dataset.labels.dtype == np.int64
        assert set(dataset.labels.tolist()) == set(range(len(dataset.classes)))
        for part in (dataset.texts, dataset.names, dataset.files):
            assert len(part) == len(dataset.labels)
        names = dataset.texts + dataset.names + dataset.files + dataset.classes
    else:
        assert dataset
        return
    assert {type(text) for text in names} == {str}
    assert "array" not in repr(dataset)
    with pytest.raises(AttributeError):
        dataset.classes = ()  # the fields themselves are fixed


@pytest.mark.parametrize("name", OFFLINE)
def test_a_lesson_cannot_spoil_the_data_of_the_next_call(name: str) -> None:
    load = getattr(data, name)
    arguments = {"train": 20, "test": 10} if name == "glyphs" else {}
    dataset = load(**arguments)
    if isinstance(dataset, dict):
        dataset.clear()
        assert load(**arguments)
    elif not isinstance(dataset, str):
        before = data.checksum(dataset)
        for array in arrays(dataset).values():
            assert array.flags.writeable  # torch.from_numpy warns about read-only arrays
            assert array.flags.c_contiguous
            array[...] = 7
        assert data.checksum(load(**arguments)) == before


@pytest.mark.parametrize("name", OFFLINE)
def test_global_generators_are_left_alone(name: str) -> None:
    arguments = {"train": 20, "test": 10} if name == "glyphs" else {}

    def draw(seed: int, load: bool) -> tuple[float, float, float]:
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002 -- the global generator is the point
        torch.manual_seed(seed)
        if load:
            getattr(data, name)(**arguments)
        return random.random(), np.random.random(), torch.rand(()).item()  # noqa: NPY002

    assert draw(3, load=True) == draw(3, load=False)


def test_import_is_light() -> None:
    heavy = "sklearn statsmodels torch matplotlib pooch requests scipy pandas tqdm"
    code = f"import sys, utils.data; print(sorted(set({heavy!r}.split()) & set(sys.modules)))"
    path = os.pathsep.join([str(Path(data.__file__).parents[1]), *sys.path])
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


# --- Sets from scikit-learn --------------------------------------------------------------------


def test_digits() -> None:
    images = data.digits()
    assert images.train_images.shape == (1437, 8, 8)
    assert images.test_images.shape == (360, 8, 8)
    assert images.train_images.min() == 0
    assert images.train_images.max() == 16
    assert images.classes == tuple("0123456789")
    train, test = np.bincount(images.train_labels), np.bincount(images.test_labels)
    assert (train.min(), train.max()) == (141, 146)
    assert (test.min(), test.max()) == (33, 37)


def test_digits_begin_again_for_each_writer() -> None:
    images = data.digits()
    labels = np.concatenate([images.train_labels, images.test_labels])
    runs = np.lib.stride_tricks.sliding_window_view(labels, 20)
    starts = np.flatnonzero((runs == np.tile(np.arange(10), 2)).all(axis=1))
    starts = starts[np.diff(starts, prepend=-100) > 20]  # the first of each series
    assert starts[0] == 0
    assert 12 <= len(starts) <= 14
    assert 120 <= np.median(np.diff(starts)) <= 140


@pytest.mark.parametrize(
    ("load", "shape", "counts"),
    [
        (data.breast_cancer, (569, 30), {"malignant": 212, "benign": 357}),
        (data.wine, (178, 13), {"class_0": 59, "class_1": 71, "class_2": 48}),
        (data.iris, (150, 4), {"setosa": 50, "versicolor": 50, "virginica": 50}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_tables_of_classes(load: object, shape: tuple[int, int], counts: dict[str, int]) -> None:
    table = load()
    assert table.X.shape == shape
    found = np.bincount(table.y).tolist()
    assert dict(zip(table.target_names, found, strict=True)) == counts


def test_wine_has_scales_far_apart() -> None:
    scales = data.wine().X.std(axis=0)
    assert scales.max() / scales.min() > 1000


def test_diabetes_is_in_raw_units() -> None:
    table = data.diabetes()
    column = dict(zip(table.feature_names, table.X.T, strict=True))
    assert tuple(column) == ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")
    assert table.X.shape == (442, 10)
    assert (column["age"].min(), column["age"].max()) == (19, 79)
    assert set(column["sex"]) == {1, 2}
    assert 18 <= column["bmi"].min() < column["bmi"].max() < 43
    assert 60 < column["bp"].min() < column["bp"].max() < 140
    assert (table.y.min(), table.y.max()) == (25, 346)


# --- From statsmodels ----------------------------------------------------------------------------


def test_sunspots() -> None:
    table = data.sunspots()
    np.testing.assert_array_equal(table.X[:, 0], np.arange(1700, 2009))
    assert (table.y.min(), table.y.max()) == (0, 190.2)
    assert table.X[table.y.argmax(), 0] == 1957
    spectrum = np.abs(np.fft.rfft(table.y - table.y.mean()))
    assert 10 < len(table.y) / spectrum.argmax() < 12  # years a cycle


# --- Python's documentation --------------------------------------------------------------------


def test_python_docs() -> None:
    topics, text = data.python_docs_topics(), data.python_docs()
    assert list(topics) == sorted(topics)
    assert 70 <= len(topics) <= 100
    assert 400_000 < len(text) < 600_000
    assert sum(map(str.isascii, text)) / len(text) > 0.99
    position = -1
    for topic in topics.values():
        position = text.index(topic.strip(), position + 1)
    assert text == data.python_docs()


# --- Docstrings --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def documents() -> Documents:
    return data.docstrings()


def test_docstrings() -> None:
    start = time.process_time()
    documents = data.docstrings()
    seconds = time.process_time() - start
    assert seconds < 10  # two or three are usual
    assert documents.classes == tuple(sorted(docstrings.LIBRARIES))
    counts = np.bincount(documents.labels)
    assert counts.max() <= docstrings.PER_LIBRARY
    assert counts.min() > 0.8 * docstrings.PER_LIBRARY
    assert min(map(len, documents.texts)) >= docstrings.SHORTEST
    assert len(set(documents.texts)) == len(documents.texts)
    assert repr(documents).startswith(f"Documents({len(documents.texts)} texts from ")
    assert "7 classes: matplotlib, networkx" in repr(documents)


def test_docstrings_stand_where_they_say(documents: Documents) -> None:
    rows = [
        (label, file, name)
        for label, file, name in zip(
            documents.labels.tolist(), documents.files, documents.names, strict=True
        )
    ]
    assert rows == sorted(set(rows))
    for label, file, name in rows:
        assert file.startswith(documents.classes[label] + "/")
        assert file.endswith(".py")
        assert not name.startswith("_")
        assert not docstrings.SKIPPED.intersection(file.split("/"))
    per_file = {file: documents.files.count(file) for file in set(documents.files)}
    assert max(per_file.values()) <= docstrings.PER_FILE


def test_docstrings_are_those_that_python_shows(
    documents: Documents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import networkx as nx
    from sklearn.metrics import accuracy_score

    found = dict(zip(documents.names, documents.texts, strict=True))
    shown = [f for f in vars(nx).values() if inspect.isfunction(f) and f.__name__ in found]
    assert sum(inspect.getdoc(f) == found[f.__name__] for f in shown) > 50
    decorated = inspect.getsource(inspect.unwrap(accuracy_score))
    ((text, *_),) = library_of(tmp_path, monkeypatch, madeup__metrics=decorated)
    assert text == inspect.getdoc(accuracy_score)


def test_docstrings_of_the_pinned_versions_have_the_checksum_of_the_catalogue(
    documents: Documents,
) -> None:
    entry = ENTRIES["docstrings"]
    pins = dict(
        line.split("==")
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line
    )
    for library in docstrings.LIBRARIES:
        package = {"sklearn": "scikit-learn"}.get(library, library)
        installed = Version(metadata.version(package)).base_version
        if installed != pins[package]:
            pytest.skip(f"{package} is {installed}, the checksum belongs to {pins[package]}")
    assert data.checksum(documents) == entry["pinned_sha256"]
    assert entry["pinned_sha256"] in entry["checksum_note"]


def test_docstrings_import_nothing() -> None:
    code = (
        "import sys, json; from utils import data; data.docstrings();"
        "print(json.dumps(sorted({'sklearn', 'torch', 'matplotlib', 'scipy', 'pandas', 'networkx'}"
        " & set(sys.modules))))"
    )
    path = os.pathsep.join([str(Path(data.__file__).parents[1]), *sys.path])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == []


def library_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **files: str) -> list[tuple]:
    """The documents of made-up libraries; a file is named library__folder__name."""
    for name, source in files.items():
        path = tmp_path / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    names = sorted({name.split("__")[0] for name in files})
    for name in names:
        (tmp_path / name / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(docstrings, "LIBRARIES", dict.fromkeys(names, (".",)))
    return docstrings.read_docstrings()


def definition(name: str, text: str) -> str:
    return f'def {name}():\n    """{text}"""\n'


def test_docstrings_leave_out_what_they_should(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = ["word " * 60, "other " * 60, "third " * 60, "fourth " * 60]
    inside = (
        f'class Thing:\n    """{long[3]}"""\n\n    def method(self):\n        """{long[2]}"""\n'
    )
    rows = library_of(
        tmp_path,
        monkeypatch,
        madeupa__one=definition("kept", long[0])
        + definition("_private", long[1])
        + definition("short", "Too short.")
        + "def silent(): ...\n",
        madeupa__two=definition("repeated", "  ".join(long[0].split())),
        madeupa__tests__three=definition("tested", long[1]),
        madeupa__four=definition("shared", long[2]),
        madeupb__five=definition("shared", long[2]),
        madeupb__sub__six=inside,
    )
    found = {(name, file, label) for _, name, file, label in rows}
    assert len(found) == 2
    assert ("Thing", "madeupb/sub/six.py", 1) in found
    assert found & {("kept", "madeupa/one.py", 0), ("repeated", "madeupa/two.py", 0)}


def test_docstrings_keep_their_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "".join(definition(f"f{i}", f"number {i} " * 40) for i in range(40))
    other = "".join(definition(f"g{i}", f"count {i} " * 40) for i in range(40))
    files = {"madeupc__one": source, "madeupc__two": other, "madeupc__large": "#" * 300_000}
    assert len(library_of(tmp_path, monkeypatch, **files)) == 2 * docstrings.PER_FILE
    monkeypatch.setattr(docstrings, "PER_LIBRARY", 20)
    assert len(docstrings.read_docstrings()) == 20
    assert docstrings.read_docstrings() == docstrings.read_docstrings()


def test_docstrings_name_a_library_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docstrings, "LIBRARIES", {"no_such_library": (".",)})
    with pytest.raises(ModuleNotFoundError, match="no_such_library is not installed"):
        docstrings.read_docstrings()


# --- Glyphs ------------------------------------------------------------------------------------

STILL = {"rotate": 0.0, "scale": 0.0, "shift": 0.0, "shear": 0.0, "noise": 0.0}
LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def test_glyphs_defaults() -> None:
    start = time.process_time()
    images = data.glyphs()
    seconds = time.process_time() - start
    assert images.train_images.shape == (10_000, 28, 28)
    assert images.test_images.shape == (2_000, 28, 28)
    assert images.train_images.max() == 255
    assert images.train_images.min() == 0
    assert seconds < 5  # about one is usual


@pytest.mark.parametrize(("train", "test"), [(1000, 100), (7, 25), (3, 0)])
def test_glyphs_are_balanced(train: int, test: int) -> None:
    images = data.glyphs("abcdef", train, test)
    for labels, count in ((images.train_labels, train), (images.test_labels, test)):
        counts = np.bincount(labels, minlength=6)
        assert counts.sum() == count
        assert np.ptp(counts) <= 1
    assert images.classes == tuple("abcdef")


def test_glyphs_follow_their_seed_alone() -> None:
    first = data.checksum(data.glyphs(train=600, test=100))
    torch.manual_seed(5)
    assert data.checksum(data.glyphs(train=600, test=100)) == first
    assert data.checksum(data.glyphs(train=600, test=100, seed=1)) != first
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert data.checksum(data.glyphs(train=600, test=100)) == first
    finally:
        torch.set_num_threads(threads)


def test_the_test_set_of_glyphs_does_not_depend_on_the_training_set() -> None:
    one, other = data.glyphs(train=10, test=50), data.glyphs(train=30, test=50)
    np.testing.assert_array_equal(one.test_images, other.test_images)
    assert not (one.train_images[:10] == one.test_images[:10]).all()


def test_every_font_draws_every_letter_and_digit() -> None:
    for character in LETTERS + "0123456789":
        stack = drawings(character)
        assert len(stack) == len(FONTS) == 21
        assert not stack.flags.writeable
        assert 0.99 <= stack.max() <= 1.0
        ink = stack.sum(axis=(1, 2))
        assert ink.min() > 0
        assert ink.max() < 15 * ink.min()  # a box in place of a missing letter would stand out


def test_characters_look_like_themselves_in_every_font() -> None:
    """A font with wrong signs at its code points would be nearest to other characters."""
    characters = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # without I and O, which look like l and 0
    small = np.stack([drawings(character)[:, 20:100:2, 20:100:2] for character in characters])
    flat = small.reshape(len(characters) * len(FONTS), -1).astype(float)
    owner = np.repeat(np.arange(len(characters)), len(FONTS))
    norms = (flat**2).sum(axis=1)
    distance = norms[:, None] + norms - 2 * flat @ flat.T
    np.fill_diagonal(distance, np.inf)
    right = (owner[distance.argmin(axis=1)] == owner).reshape(len(characters), len(FONTS))
    assert right.mean() > 0.8
    assert right.mean(axis=0).min() > 0.15  # chance is 0.03


def centres(images: np.ndarray) -> np.ndarray:
    """The centre of mass of each image, (n, 2) as row and column from the middle."""
    weight = images.astype(float)
    place = np.arange(28) - 13.5
    rows = (weight.sum(axis=2) * place).sum(axis=1)
    columns = (weight.sum(axis=1) * place).sum(axis=1)
    return np.stack([rows, columns], axis=1) / weight.sum(axis=(1, 2))[:, None]


def test_each_range_does_what_it_says() -> None:
    def make(**changed: float) -> np.ndarray:
        return data.glyphs("o", 400, 0, **{**STILL, **changed}).train_images

    still = make()
    assert len(np.unique(still, axis=0)) <= 21
    assert np.abs(centres(still)).max() < 1
    moved = centres(make(shift=5.0))
    assert 4 < np.abs(moved).max() < 6
    assert (moved.min(axis=0) < -4).all()
    assert (moved.max(axis=0) > 4).all()
    area, sizes = still.sum(axis=(1, 2)).mean(), make(scale=0.5).sum(axis=(1, 2))
    assert sizes.max() > 1.5 * area
    assert sizes.min() < 0.7 * area
    corner = make(noise=0.2)[:, :3, :3] / 255
    assert 0.4 < (corner > 0).mean() < 0.6  # half of the noise falls below black
    assert 0.15 < np.sqrt(2 * (corner**2).mean()) < 0.25
    assert still[:, :3, :3].max() == 0


def test_turning_and_slanting_widen_a_bar_and_keep_its_ink() -> None:
    def make(**changed: float) -> np.ndarray:
        return data.glyphs("l", 300, 0, **{**STILL, **changed}).train_images / 255

    def width(images: np.ndarray) -> float:
        return (images.max(axis=1) > 0.5).sum(axis=1).mean()

    still = make()
    for changed in (make(rotate=40.0), make(shear=0.5)):
        assert width(changed) > 1.3 * width(still)
        assert 0.9 < changed.sum() / still.sum() < 1.1


def test_other_alphabets_work() -> None:
    images = data.glyphs("αβЖ€@", 50, 10)
    assert images.classes == tuple("αβЖ€@")
    assert images.train_images.reshape(50, -1).max(axis=1).min() > 100


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"characters": "a\U00012000"}, r"U\+12000"),
        ({"characters": "a b"}, r"' ' \(U\+0020\)"),
        ({"characters": ""}, "different"),
        ({"characters": "aba"}, "different"),
        ({"train": -1}, "train must be 0 or more"),
        ({"seed": -1}, "seed must be 0 or more"),
        ({"rotate": -5.0}, "rotate must be 0 or more"),
        ({"noise": float("nan")}, "noise must be 0 or more"),
        ({"shift": float("inf")}, "shift must be 0 or more"),
    ],
)
def test_impossible_wishes_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        data.glyphs(**{"train": 4, "test": 4, **arguments})
