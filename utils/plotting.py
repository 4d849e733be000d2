"""One style for all figures; every figure is shown with a text for those who cannot see it.

Colours are those of Okabe and Ito (2008), told apart under the common colour-vision deficiencies;
lines differ in dash and points in marker too, so that nothing is said by colour alone.
"""

from __future__ import annotations

import contextlib
import html
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from utils.display import say

if TYPE_CHECKING:
    from utils.training import History

BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
PURPLE, SKY, YELLOW, BLACK = "#CC79A7", "#56B4E9", "#F0E442", "#000000"
PALETTE = (BLUE, RED, GREEN, ORANGE, PURPLE, SKY, BLACK)
_DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))
_BESIDE: dict[str, Any] = {"xytext": (5, 0), "textcoords": "offset points"}
MARKERS = ("o", "s", "^", "D", "v", "P", "X")

STYLE: dict[str, Any] = {
    "axes.prop_cycle": cycler(color=PALETTE) + cycler(linestyle=_DASHES),
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.labelsize": 10,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "figure.figsize": (6.4, 3.6),
    "figure.constrained_layout.use": True,
    "figure.facecolor": "white",
    "font.size": 10,
    "image.cmap": "viridis",
    "lines.linewidth": 1.8,
}


def use_style() -> None:
    """Make :data:`STYLE` the default of every later figure."""
    plt.rcParams.update(STYLE)


@contextlib.contextmanager
def styled() -> Iterator[None]:
    """:data:`STYLE` inside the block only."""
    with plt.rc_context(STYLE):
        yield


def figure(rows: int = 1, columns: int = 1, **options: Any) -> tuple[Figure, Any]:
    """``plt.subplots`` in the course's style: the figure and its axes (one, or an array)."""
    with styled():
        return plt.subplots(rows, columns, **options)


def _png(fig: Figure) -> bytes:
    buffer = io.BytesIO()
    # Without the version of matplotlib inside, the same picture gives the same bytes.
    fig.savefig(buffer, format="png", dpi=96, bbox_inches="tight", metadata={"Software": None})
    return buffer.getvalue()


def _bundles(fig: Figure, alt: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Data and metadata of the two outputs of a figure: the picture, and its text to unfold.

    JupyterLab does not pass on the alternative text of a picture to screen readers, so the text
    stands in an output of its own as well.
    """
    text = " ".join(alt.split())
    if len(text) < 20:
        raise ValueError("alt: say in a sentence what a sighted reader sees")
    folded = (
        "<details style='font-size:small'><summary>The figure in words</summary>"
        f"{html.escape(text)}</details>"
    )
    return [
        ({"image/png": _png(fig), "text/plain": text}, {"image/png": {"alt": text}}),
        ({"text/html": folded, "text/plain": ""}, {}),
    ]


def show(fig: Figure, alt: str) -> None:
    """Display ``fig`` with the alternative text ``alt`` and close it.

    ``alt`` says in a sentence or two what a sighted reader sees, numbers included where they
    carry the message. Raises ``ValueError`` for a text shorter than 20 characters.
    """
    from IPython import get_ipython
    from IPython.display import display

    bundles = _bundles(fig, alt)
    plt.close(fig)
    if get_ipython() is None:  # a script: display would print the bytes of the picture
        say(f"Figure: {bundles[0][0]['text/plain']}")
        return
    for data, metadata in bundles:
        display(data, metadata=metadata, raw=True)


def slider(
    draw: Callable[[Any], Figure],
    values: Sequence[Any],
    *,
    label: str,
    alt: Callable[[Any], str],
    start: Any = None,
) -> Any:
    """A slider over ``values`` that redraws one figure.

    ``draw(value)`` returns the figure and ``alt(value)`` its alternative text; ``start`` is the
    first value shown (by default the middle one). The figure is an ordinary output with its
    alternative text, so that a saved notebook shows it without a running kernel. Returns the
    ``ipywidgets`` slider. Raises ``ValueError`` when there are no ``values`` or ``start`` is not
    one of them.
    """
    from IPython.display import display
    from ipywidgets import Layout, SelectionSlider

    values = list(values)
    if not values:
        raise ValueError("a slider moves over values, and there are no values")
    start = values[len(values) // 2] if start is None else start
    if start not in values:
        raise ValueError(f"start={start!r} is not one of the values")
    widget = SelectionSlider(
        options=[(f"{v:.3g}" if isinstance(v, float) else str(v), v) for v in values],
        value=start,
        description=label,
        continuous_update=False,
        style={"description_width": "initial"},
        layout=Layout(width="32em", max_width="95%"),
    )

    def picture(value: Any) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        fig = draw(value)
        bundles = _bundles(fig, alt(value))
        plt.close(fig)
        return bundles

    display(widget)
    handles = [
        display(data, metadata=metadata, raw=True, display_id=True)
        for data, metadata in picture(start)
    ]

    def redraw(change: Mapping[str, Any]) -> None:
        for handle, (data, metadata) in zip(handles, picture(change["new"]), strict=True):
            handle.update(data, metadata=metadata, raw=True)

    widget.observe(redraw, names="value")
    return widget


@styled()
def curves(
    lines: Mapping[str, Sequence[float]] | History,
    x: Sequence[float] | None = None,
    *,
    ax: Axes | None = None,
    xlabel: str = "epoch",
    ylabel: str = "",
    title: str = "",
    log: bool = False,
    bands: Mapping[str, tuple[Sequence[float], Sequence[float]]] | None = None,
) -> Axes:
    """Draw named lines, each with its name written at its end.

    ``lines`` maps a name to its values (or is a ``History``, whose columns are drawn, times left
    out); ``x`` defaults to 1, 2, 3 …; ``bands`` maps a name to lower and upper values, shaded.
    """
    if not isinstance(lines, Mapping):
        lines = {name: lines[name] for name in lines.columns if name != "seconds"}
    ax = ax or figure()[1]
    for index, (name, numbers) in enumerate(lines.items()):
        values = np.asarray(numbers, dtype=float)
        across = np.arange(1, len(values) + 1) if x is None else np.asarray(x)
        colour, dash = PALETTE[index % len(PALETTE)], _DASHES[index % len(_DASHES)]
        ax.plot(across, values, color=colour, linestyle=dash, label=name)
        if bands and name in bands:
            ax.fill_between(across, *bands[name], color=colour, alpha=0.15, linewidth=0)
        finite = np.flatnonzero(np.isfinite(values))
        if len(finite):
            end = (across[finite[-1]], values[finite[-1]])
            ax.annotate(name, end, **_BESIDE, color=colour, va="center", fontsize=9)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    if log:
        ax.set_yscale("log")
    return ax


@styled()
def image_grid(
    images: Any,
    titles: Sequence[str] | None = None,
    *,
    columns: int = 8,
    size: float = 1.0,
    limits: tuple[float, float] | None = None,
    cmap: str = "gray_r",
) -> Figure:
    """Pictures in rows of ``columns``: ``images`` is (n, h, w), (n, 1, h, w) or (n, h, w, 3).

    NumPy array or tensor; ``size`` is inches per picture; ``limits`` fixes the values shown as
    lightest and darkest, by default the smallest and the largest of all pictures.
    """
    pictures = np.asarray(images.detach().cpu() if hasattr(images, "detach") else images)
    if pictures.ndim == 4 and pictures.shape[1] == 1:
        pictures = pictures[:, 0]
    flat = pictures.ndim == 3 or (pictures.ndim == 4 and pictures.shape[3] in (3, 4))
    if not flat or pictures.size == 0:
        raise ValueError(f"expected (n, h, w) or (n, h, w, 3) with n ≥ 1, not {pictures.shape}")
    if columns < 1:
        raise ValueError(f"columns={columns}: a row has at least one picture")
    if titles is not None and len(titles) != len(pictures):
        raise ValueError(f"{len(titles)} titles for {len(pictures)} pictures")
    columns = min(columns, len(pictures))
    rows = -(-len(pictures) // columns)
    low, high = limits or (np.nanmin(pictures), np.nanmax(pictures))
    height = size * (1.25 if titles is not None else 1.0)
    fig, axes = figure(rows, columns, figsize=(size * columns, height * rows), squeeze=False)
    for ax in axes.flat:
        ax.set_axis_off()
    for index, (ax, picture) in enumerate(zip(axes.flat, pictures, strict=False)):
        ax.imshow(picture, cmap=cmap, vmin=low, vmax=high, interpolation="nearest")
        if titles is not None:
            ax.set_title(titles[index], fontsize=8, loc="center")
    return fig


@styled()
def decision_regions(
    predict: Callable[[np.ndarray], Any],
    X: np.ndarray,
    y: np.ndarray,
    *,
    ax: Axes | None = None,
    names: Sequence[str] | None = None,
    labels: tuple[str, str] = ("feature 1", "feature 2"),
    resolution: int = 200,
    margin: float = 0.08,
) -> Axes:
    """Colour the plane by predicted class and draw the points of ``X`` (n, 2) by their class ``y``.

    ``predict`` maps (m, 2) to m classes among those of ``y``. Classes differ in colour and marker.
    """
    X, y = np.asarray(X, dtype=float), np.asarray(y)
    if X.ndim != 2 or X.shape[1] != 2:
        raise ValueError(f"the plane has two features, X has shape {X.shape}")
    classes = np.unique(y)
    spread = np.ptp(X, axis=0)
    spread[spread == 0] = 1.0
    low, high = X.min(axis=0) - margin * spread, X.max(axis=0) + margin * spread
    across = np.linspace(low[0], high[0], resolution)
    up = np.linspace(low[1], high[1], resolution)
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    region = np.searchsorted(classes, np.asarray(predict(grid))).reshape(resolution, resolution)
    ax = ax or figure()[1]
    colours = [PALETTE[i % len(PALETTE)] for i in range(len(classes))]
    ax.imshow(
        region,
        origin="lower",
        extent=(low[0], high[0], low[1], high[1]),
        cmap=ListedColormap(colours),
        vmin=-0.5,
        vmax=len(classes) - 0.5,
        alpha=0.22,
        aspect="auto",
        interpolation="nearest",
    )
    for index, value in enumerate(classes):
        marker, name = MARKERS[index % len(MARKERS)], str(value) if names is None else names[index]
        edges = {"edgecolor": "white", "linewidth": 0.5}
        ax.scatter(*X[y == value].T, s=22, marker=marker, color=colours[index], **edges, label=name)
    ax.set(xlabel=labels[0], ylabel=labels[1])
    ax.legend()
    ax.grid(False)
    return ax


@styled()
def heatmap(
    matrix: Any,
    *,
    ax: Axes | None = None,
    rows: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    xlabel: str = "",
    ylabel: str = "",
    title: str = "",
    form: str | None = ".2g",
    diverging: bool = False,
) -> Axes:
    """A matrix as colours with the numbers written in (``form=None``: without).

    ``diverging`` centres the colours on zero. The writing is dark on light and light on dark.
    """
    matrix = np.asarray(matrix.detach().cpu() if hasattr(matrix, "detach") else matrix)
    if matrix.ndim != 2:
        raise ValueError(f"a heat map shows a matrix, not shape {matrix.shape}")
    ax = ax or figure()[1]
    limit = np.nanmax(np.abs(matrix)) if diverging else None
    picture = ax.imshow(
        matrix,
        cmap="RdBu_r" if diverging else "viridis",
        vmin=-limit if diverging else None,
        vmax=limit,
        aspect="auto",
    )
    ax.figure.colorbar(picture, ax=ax)
    for axis, names, count in zip("yx", (rows, columns), matrix.shape, strict=True):
        getattr(ax, f"set_{axis}ticks")(range(count), range(count) if names is None else names)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    ax.grid(False)
    if form is not None:
        for (i, j), value in np.ndenumerate(matrix):
            red, green, blue, _ = picture.cmap(picture.norm(value))
            dark = 0.299 * red + 0.587 * green + 0.114 * blue < 0.55
            ax.text(
                j, i, f"{value:{form}}", ha="center", va="center", fontsize=8,
                color="white" if dark else "black",
            )  # fmt: skip
    return ax
