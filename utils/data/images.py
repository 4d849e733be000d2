"""Labelled images: handwritten digits, printed characters, and the classic sets to download.

``glyphs`` draws its characters from the fonts that matplotlib carries: each character is drawn once
in every font at three times the final resolution; every image is then one such drawing seen
through its own random affine map, plus noise. Only NumPy arithmetic touches the pixels, for all
images of a block at once, so the result depends neither on threads nor on a device.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from utils.data.archives import read_cifar10, read_idx_set
from utils.data.containers import Images
from utils.data.download import catalogue, fetch_dataset

SIDE = 28  # pixels of a finished image, each way
DETAIL = 3  # drawing pixels per image pixel
CANVAS = 40 * DETAIL  # a drawing's side: room for an "@" or a "W" without clipping
EM = 20 * DETAIL  # font size in drawing pixels; a digit is then about 15 image pixels high
BLOCK = 512  # images mapped at once: the temporary arrays stay inside a processor's cache

# Every text font that matplotlib carries. Display, symbol and oversize fonts are left out: they
# lack letters or repeat those of a text font. The Computer Modern files put other signs than
# Unicode does outside of letters and digits, so only those are drawn from them.
FONTS = (
    *(f"DejaVuSans{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSansMono{style}" for style in ("", "-Bold", "-Oblique", "-BoldOblique")),
    *(f"DejaVuSerif{style}" for style in ("", "-Bold", "-Italic", "-BoldItalic")),
    *(f"STIXGeneral{style}" for style in ("", "Bol", "Italic", "BolIta")),
    *("cmr10", "cmb10", "cmti10", "cmss10", "cmtt10"),
)


def digits() -> Images:
    """Handwritten digits, 8×8 pixels: 1,437 training and 360 test images of "0" to "9".

    These are the 1,797 images that UCI calls the test set, of 13 writers. The split keeps the
    order of the file, in which one writer follows the other (the labels show it: they begin again
    with 0, 1, 2 … about every 130 images). So the last 360 images come mostly from hands that the
    training images do not show, and are harder than a random fifth would be.

    Returns
    -------
    Images
        (1437, 8, 8) and (360, 8, 8) uint8 with values 0 to 16: how many of the 16 dots under a
        pixel were inked. 141 to 146 training and 33 to 37 test images a class.

    References
    ----------
    Alpaydin and Kaynak 1998, UCI; CC BY 4.0.

    Examples
    --------
    >>> written = digits()
    >>> written
    Images(1437 train, 360 test, 8×8, 10 classes)
    >>> written.train_labels[:12].tolist()
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = bunch.images.astype(np.uint8)
    labels = bunch.target.astype(np.int64)
    train = 1437
    return Images(
        train_images=images[:train].copy(),
        train_labels=labels[:train].copy(),
        test_images=images[train:].copy(),
        test_labels=labels[train:].copy(),
        classes=tuple("0123456789"),
    )


# --- Generated: printed characters ------------------------------------------------------------


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

    Every image shows one of ``characters``, in one of up to 21 fonts, under a random affine map,
    each part of which is uniform in both directions (the size on a logarithmic scale). Noise
    comes last. Training and test images share the fonts, not the draws, and changing one count
    leaves the other set as it was. The same arguments give the same images on every machine with
    the same versions of matplotlib and NumPy.

    Parameters
    ----------
    characters : str
        The classes, each character once.
    train, test : int
        How many images; classes are balanced to within one, in random order.
    seed : int
        Another seed gives other images.
    rotate : float
        Turned by up to so many degrees.
    scale : float
        Enlarged or reduced by up to the factor 1 + ``scale``.
    shift : float
        Moved by up to so many pixels, across and down.
    shear : float
        Slanted by up to so much: sideways per unit of height.
    noise : float
        Standard deviation of Gaussian noise, where 1 is the full range.

    Returns
    -------
    Images
        (train, 28, 28) and (test, 28, 28) uint8; ``classes`` are the characters.

    Raises
    ------
    ValueError
        For a character that no font can draw, for none or a repeated one, and for a negative
        number.

    References
    ----------
    Fonts: DejaVu, STIX and Computer Modern, which matplotlib carries; their licences stand in
    ``data/README.md``.

    Examples
    --------
    >>> letters = glyphs("abc", train=6, test=3)
    >>> letters
    Images(6 train, 3 test, 28×28, 3 classes)
    >>> [letters.classes[label] for label in letters.train_labels]
    ['a', 'c', 'c', 'b', 'a', 'b']
    """
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


def _draw(font_path: Path, character: str) -> np.ndarray | None:
    """One character, centred on a (CANVAS, CANVAS) float32 drawing in 0..1.

    None if the font lacks the character, shows nothing for it, or needs more room.
    """
    from matplotlib.ft2font import FT2Font, LoadFlags

    font = FT2Font(str(font_path))
    if ord(character) not in font.get_charmap():
        return None
    font.set_size(EM, 72)  # at 72 dots per inch a point is a pixel
    font.set_text(character, 0.0, flags=LoadFlags.NO_HINTING)
    font.draw_glyphs_to_bitmap(antialiased=True)
    ink = np.asarray(font.get_image(), dtype=np.float32) / 255
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    if rows.size == 0:
        return None
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = ink.shape
    if max(height, width) > CANVAS - 2 * DETAIL:
        return None
    canvas = np.zeros((CANVAS, CANVAS), dtype=np.float32)
    top, left = (CANVAS - height) // 2, (CANVAS - width) // 2
    canvas[top : top + height, left : left + width] = ink
    # One image pixel covers DETAIL x DETAIL drawing pixels. Averaging here lets the map below
    # take single samples without jagged edges.
    for axis in (0, 1):
        canvas = sum(np.roll(canvas, offset, axis) for offset in range(-1, DETAIL - 1)) / DETAIL
    return canvas.astype(np.float32)


@lru_cache(maxsize=256)
def drawings(character: str) -> np.ndarray:
    """The drawings of one character, (fonts, CANVAS, CANVAS) float32 in 0..1, read-only.

    Raises ``ValueError``, naming the character, if no font can draw it.
    """
    import matplotlib

    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    plain = character.isascii() and character.isalnum()
    names = (name for name in FONTS if plain or not name.startswith("cm"))
    found = [
        drawing
        for name in names
        if (drawing := _draw(folder / f"{name}.ttf", character)) is not None
    ]
    if not found:
        raise ValueError(
            f"no font that matplotlib carries can draw {character!r} (U+{ord(character):04X}); "
            "choose characters from its DejaVu, STIX or Computer Modern fonts"
        )
    stack = np.stack(found)
    stack.setflags(write=False)  # shared by later calls
    return stack


def render(
    characters: str,
    count: int,
    rng: np.random.Generator,
    *,
    rotate: float,
    scale: float,
    shift: float,
    shear: float,
    noise: float,
) -> tuple[np.ndarray, np.ndarray]:
    """``count`` images, uint8 (count, SIDE, SIDE), and labels, int64 (count,), in random order.

    The ranges are those of :func:`glyphs`. Class counts differ by one at most.
    """
    stacks = [drawings(character) for character in characters]
    first = np.cumsum([0] + [len(stack) for stack in stacks])
    sources = np.concatenate(stacks).reshape(-1)

    labels = rng.permutation(np.arange(count, dtype=np.int64) % len(characters))
    fonts = np.array([len(stack) for stack in stacks])[labels]
    drawing = first[labels] + (rng.random(count) * fonts).astype(np.int64)

    def uniform(limit: float) -> np.ndarray:
        return rng.uniform(-limit, limit, count)

    angle = np.deg2rad(uniform(rotate))
    size = np.exp(uniform(np.log1p(scale)))
    slant = uniform(shear)
    right, down = uniform(shift), uniform(shift)
    # The map runs backwards, from an image pixel to a place in the drawing:
    # undo shift, then rotation and scale, then slant.
    cos, sin = DETAIL * np.cos(angle) / size, DETAIL * np.sin(angle) / size
    matrix = np.stack([cos + slant * sin, sin - slant * cos, -sin, cos], axis=1)
    matrix = matrix.astype(np.float32)

    images = np.empty((count, SIDE, SIDE), dtype=np.uint8)
    centre = (SIDE - 1) / 2
    steps = np.arange(SIDE, dtype=np.float32) - np.float32(centre)
    for start in range(0, count, BLOCK):
        block = slice(start, start + BLOCK)
        x = (steps - right[block, None].astype(np.float32))[:, None, :]  # (images, 1, columns)
        y = (steps - down[block, None].astype(np.float32))[:, :, None]  # (images, rows, 1)
        xx, xy, yx, yy = (matrix[block, i][:, None, None] for i in range(4))
        # Clipping to the canvas' empty rim stands for "outside there is no ink".
        limit = np.float32(CANVAS - 1.001)
        middle = np.float32((CANVAS - 1) / 2)
        column = np.clip(xx * x + xy * y + middle, 0, limit)
        row = np.clip(yx * x + yy * y + middle, 0, limit)
        left, top = column.astype(np.int32), row.astype(np.int32)
        column -= left
        row -= top
        corner = drawing[block, None, None] * (CANVAS * CANVAS) + top * CANVAS + left
        upper = sources[corner] * (1 - column) + sources[corner + 1] * column
        corner += CANVAS
        lower = sources[corner] * (1 - column) + sources[corner + 1] * column
        ink = upper * (1 - row) + lower * row
        if noise:
            ink += np.float32(noise) * rng.standard_normal(ink.shape, dtype=np.float32)
        images[block] = np.rint(np.clip(ink, 0, 1) * 255)
    return images, labels


# --- Downloaded once ---------------------------------------------------------------------------


def _idx_set(name: str, classes: tuple[str, ...]) -> Images:
    entry = catalogue()[name]
    arrays = read_idx_set(fetch_dataset(name), entry["train"], entry["test"], tuple(entry["image"]))
    return Images(*arrays, classes=classes)


def mnist() -> Images:
    """MNIST: 60,000 + 10,000 handwritten digits, 28×28 uint8, about 11.6 MB to download.

    Raises
    ------
    DataUnavailable
        Without a network, unless it was downloaded before.

    References
    ----------
    LeCun, Cortes and Burges.
    """
    return _idx_set("mnist", tuple("0123456789"))


def fashion_mnist() -> Images:
    """Fashion-MNIST: 60,000 + 10,000 photographs of clothing, 28×28 uint8, about 30.9 MB.

    Ten classes of 6,000 and 1,000.

    Raises
    ------
    DataUnavailable
        Without a network, unless it was downloaded before.

    References
    ----------
    Xiao, Rasul and Vollgraf 2017, Zalando SE; MIT.
    """
    clothes = "T-shirt/top,Trouser,Pullover,Dress,Coat,Sandal,Shirt,Sneaker,Bag,Ankle boot"
    return _idx_set("fashion_mnist", tuple(clothes.split(",")))


def cifar10() -> Images:
    """CIFAR-10: 50,000 + 10,000 colour photographs, 32×32×3 uint8, about 170 MB to download.

    Ten classes of 5,000 and 1,000.

    Raises
    ------
    DataUnavailable
        Without a network, unless it was downloaded before.

    References
    ----------
    Krizhevsky 2009; no licence is stated.
    """
    entry = catalogue()["cifar10"]
    arrays = read_cifar10(
        fetch_dataset("cifar10")[0], entry["train"], entry["test"], entry["image"][0]
    )
    things = "airplane,automobile,bird,cat,deer,dog,frog,horse,ship,truck"
    return Images(*arrays, classes=tuple(things.split(",")))
