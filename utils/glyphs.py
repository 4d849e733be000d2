"""Pictures of printed characters, drawn from the fonts that matplotlib carries.

The generator behind `utils.data.glyphs`: each character is drawn once in every font at three
times the final resolution; every image is then one such drawing seen through its own random
affine map, plus noise. Only NumPy arithmetic touches the pixels, for all images of a block at
once, so the result depends neither on threads nor on a device.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

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


def _draw(font_path: Path, character: str) -> np.ndarray | None:
    """One character, centred on a (CANVAS, CANVAS) float32 drawing in 0..1.

    None if the font lacks the character, shows nothing for it, or needs more room."""
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

    Raises ValueError, naming the character, if no font can draw it."""
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
    """`count` images, uint8 (count, SIDE, SIDE), and labels, int64 (count,), in random order.

    The ranges are those of `utils.data.glyphs`. Class counts differ by one at most."""
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
