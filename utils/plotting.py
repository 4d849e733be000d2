"""One style for all figures; every figure is shown with a text for those who cannot see it.

Colours are those of Okabe and Ito (2008), told apart under the common colour-vision deficiencies;
lines differ in dash and points in marker too, so that nothing is said by colour alone.
"""

from __future__ import annotations

import contextlib
import html
import io
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from PIL import Image, ImageChops

from utils.display import say

if TYPE_CHECKING:
    from utils.training import History

BLUE = "#0072B2"
ORANGE = "#E69F00"
GREEN = "#009E73"
RED = "#D55E00"
PURPLE = "#CC79A7"
SKY = "#56B4E9"
YELLOW = "#F0E442"
BLACK = "#000000"
PALETTE = (BLUE, RED, GREEN, ORANGE, PURPLE, SKY, BLACK)  # in this order, yellow left out
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_DASHES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))

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
    """Make :data:`STYLE` the default of every later figure: a lesson's first cell calls it."""
    plt.rcParams.update(STYLE)


@contextlib.contextmanager
def styled() -> Iterator[None]:
    """:data:`STYLE` inside the block only."""
    with plt.rc_context(STYLE):
        yield


def figure(rows: int = 1, columns: int = 1, **options: Any) -> tuple[Figure, Any]:
    """``plt.subplots`` in the course's style: the figure and its axes (one, or an array).

    Parameters
    ----------
    rows, columns : int
        How many axes there are, below and beside each other.
    **options : object
        What ``plt.subplots`` takes: ``figsize`` in inches, ``sharey``, ``squeeze`` …

    Examples
    --------
    >>> fig, (left, right) = figure(1, 2, figsize=(8, 3))
    >>> _ = left.plot([1, 2, 4])
    >>> show(fig, alt="Left a line that doubles twice, from 1 to 4; right nothing yet.")
    Figure: Left a line that doubles twice, from 1 to 4; right nothing yet.
    """
    with styled():
        return plt.subplots(rows, columns, **options)


def picture(fig: Figure) -> tuple[bytes, int]:
    """``fig`` as a PNG that is sharp on high-density screens, and the width it is shown at.

    The picture has two pixels each way for every CSS pixel. It has 256 colours, chosen so that
    none is far from the original (at most 15 of 255 on 57 of the course's figures), which makes it
    about as small as a picture of single density in full colour; where that would be off by more
    than 24, as in a colourful photograph, all colours stay.

    Parameters
    ----------
    fig : Figure
        The figure; it stays open.

    Returns
    -------
    png : bytes
        The picture. The same figure gives the same bytes.
    width : int
        The width in CSS pixels, half that of the picture.

    Examples
    --------
    >>> fig, ax = figure(figsize=(2, 1))
    >>> png, width = picture(fig)
    >>> png[1:4]
    b'PNG'
    >>> plt.close(fig)
    """
    drawn = io.BytesIO()
    fig.savefig(drawn, format="png", dpi=2 * 96, bbox_inches="tight")
    full = Image.open(drawn).convert("RGB")
    few = full.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    difference = ImageChops.difference(full, few.convert("RGB"))
    furthest = max(high for _, high in difference.getextrema())
    stored = io.BytesIO()
    # Saved anew, without matplotlib's version inside: the same picture gives the same bytes.
    (few if furthest <= 24 else full).save(stored, "PNG", optimize=True)
    return stored.getvalue(), math.ceil(full.width / 2)


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
    png, width = picture(fig)
    return [
        ({"image/png": png, "text/plain": text}, {"image/png": {"alt": text, "width": width}}),
        ({"text/html": folded, "text/plain": ""}, {}),
    ]


def show(fig: Figure, alt: str) -> None:
    """Display ``fig`` with the alternative text ``alt`` and close it.

    Outside a notebook only the text is printed.

    Parameters
    ----------
    fig : Figure
        The figure.
    alt : str
        What a sighted reader sees, in a sentence or two, numbers included where they carry the
        message.

    Raises
    ------
    ValueError
        If ``alt`` has fewer than 20 characters.

    Examples
    --------
    >>> fig, ax = figure()
    >>> lines = ax.plot([3, 2, 1])
    >>> show(fig, alt="A straight line falls from 3 to 1.")
    Figure: A straight line falls from 3 to 1.
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

    The figure is an ordinary output with its alternative text, so that a saved notebook shows it
    without a running kernel.

    Parameters
    ----------
    draw : callable
        ``draw(value)`` returns the figure for one of the values.
    values : sequence
        At least one; floats are shown with three digits.
    label : str
        What stands in front of the slider.
    alt : callable
        ``alt(value)`` returns the alternative text of that figure.
    start : object, optional
        The first value shown, by default the middle one.

    Returns
    -------
    ipywidgets.SelectionSlider
        The slider, displayed already.

    Raises
    ------
    ValueError
        If there are no ``values`` or ``start`` is not one of them.
    """
    from IPython.display import display
    from ipywidgets import Layout, SelectionSlider

    values = list(values)
    if not values:
        raise ValueError("a slider moves over values, and there are no values")
    if start is None:
        start = values[len(values) // 2]
    if start not in values:
        raise ValueError(f"start={start!r} is not one of the values")
    widget = SelectionSlider(
        options=[(_slider_label(value), value) for value in values],
        value=start,
        description=label,
        continuous_update=False,
        style={"description_width": "initial"},
        layout=Layout(width="32em", max_width="95%"),
    )

    def shown(value: Any) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        fig = draw(value)
        bundles = _bundles(fig, alt(value))
        plt.close(fig)
        return bundles

    display(widget)
    handles = [
        display(data, metadata=metadata, raw=True, display_id=True)
        for data, metadata in shown(start)
    ]

    def redraw(change: Mapping[str, Any]) -> None:
        for handle, (data, metadata) in zip(handles, shown(change["new"]), strict=True):
            handle.update(data, metadata=metadata, raw=True)

    widget.observe(redraw, names="value")
    return widget


def _slider_label(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)


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

    Parameters
    ----------
    lines : mapping of str to sequence of float, or History
        The values of each line, by its name; a line may have gaps (NaN). Of a
        :class:`~utils.training.History` all columns but the times are drawn.
    x : sequence of float, optional
        Where the values stand, for all lines alike; by default 1, 2, 3 …
    ax : Axes, optional
        Where to draw; by default in a new figure.
    xlabel, ylabel, title : str
        What the axes and the picture are called.
    log : bool
        Whether the vertical axis is logarithmic.
    bands : mapping of str to pair of sequences, optional
        Lower and upper values around the line of that name, shaded.

    Examples
    --------
    >>> losses = {"training": [2.3, 0.8, 0.4], "validation": [2.2, 1.1, 1.2]}
    >>> ax = curves(losses, ylabel="loss")
    >>> [line.get_label() for line in ax.lines]
    ['training', 'validation']
    """
    if not isinstance(lines, Mapping):
        lines = {name: lines[name] for name in lines.columns if name != "seconds"}
    ax = ax or figure()[1]
    for index, (name, numbers) in enumerate(lines.items()):
        values = np.asarray(numbers, dtype=float)
        across = np.arange(1, len(values) + 1) if x is None else np.asarray(x)
        colour = PALETTE[index % len(PALETTE)]
        dash = _DASHES[index % len(_DASHES)]
        ax.plot(across, values, color=colour, linestyle=dash, label=name)
        if bands and name in bands:
            ax.fill_between(across, *bands[name], color=colour, alpha=0.15, linewidth=0)
        finite = np.flatnonzero(np.isfinite(values))
        if len(finite):
            last = finite[-1]
            ax.annotate(
                name,
                (across[last], values[last]),
                xytext=(5, 0),
                textcoords="offset points",
                color=colour,
                va="center",
                fontsize=9,
            )
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    if log:
        ax.set_yscale("log")
    return ax


def _to_numpy(values: Any) -> np.ndarray:
    """An array of what may be a tensor, on any device and with a gradient."""
    return np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)


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
    """A figure of many pictures, in rows.

    Parameters
    ----------
    images : array or tensor (n, h, w), (n, 1, h, w), (n, h, w, 3) or (n, h, w, 4)
        At least one picture: grey values in any range, or colours as matplotlib takes them.
    titles : sequence of str, optional
        One above each picture.
    columns : int
        Pictures in a row, at least 1; fewer if there are not so many.
    size : float
        Inches of a picture, each way.
    limits : pair of float, optional
        The grey values at the ends of the colour map; by default the smallest and the largest of
        all pictures.
    cmap : str
        The colour map; with the default the largest value is black.

    Raises
    ------
    ValueError
        For another shape, no picture, a row of none, and titles of another number.

    Examples
    --------
    >>> fig = image_grid(np.eye(5).reshape(5, 1, 5), titles=list("abcde"), columns=3)
    >>> [ax.get_title() for ax in fig.axes]  # two rows of three places, of which one stays empty
    ['a', 'b', 'c', 'd', 'e', '']
    """
    pictures = _to_numpy(images)
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
    height = size if titles is None else 1.25 * size
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
    """Colour the plane by predicted class, and draw points by their true class.

    Classes differ in colour and marker.

    Parameters
    ----------
    predict : callable
        Maps points (m, 2) to m classes, each one of those in ``y``.
    X : ndarray (n, 2)
        The points.
    y : ndarray (n,)
        Their classes: numbers or words.
    ax : Axes, optional
        Where to draw; by default in a new figure.
    names : sequence of str, optional
        What the legend calls the classes, in sorted order; by default by themselves.
    labels : pair of str
        What the two axes are called.
    resolution : int
        How many predictions each way.
    margin : float
        Room around the points, as a share of their spread.

    Raises
    ------
    ValueError
        If ``X`` has not two columns.

    Examples
    --------
    >>> X = np.array([[0, 0], [1, 3], [2, 1]])
    >>> ax = decision_regions(lambda points: points[:, 1] > 2, X, y=[False, True, False])
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['False', 'True']
    """
    X = np.asarray(X, dtype=float)
    y = np.asarray(y)
    if X.ndim != 2 or X.shape[1] != 2:
        raise ValueError(f"the plane has two features, X has shape {X.shape}")
    classes = np.unique(y)
    spread = np.ptp(X, axis=0)
    spread[spread == 0] = 1.0
    low = X.min(axis=0) - margin * spread
    high = X.max(axis=0) + margin * spread
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
        ax.scatter(
            *X[y == value].T,
            s=22,
            marker=MARKERS[index % len(MARKERS)],
            color=colours[index],
            edgecolor="white",
            linewidth=0.5,
            label=str(value) if names is None else names[index],
        )
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
    """A matrix as colours, with its numbers written in, dark on light and light on dark.

    Parameters
    ----------
    matrix : array or tensor (n, m)
        What is shown.
    ax : Axes, optional
        Where to draw; by default in a new figure.
    rows, columns : sequence of str, optional
        Their names; by default they are counted from 0.
    xlabel, ylabel, title : str
        What the axes and the picture are called.
    form : str or None
        The format of the numbers; None leaves them out.
    diverging : bool
        Whether zero has the colour in the middle, as differences and correlations want it.

    Raises
    ------
    ValueError
        If ``matrix`` has not two axes.

    Examples
    --------
    >>> ax = heatmap([[1.0, -0.25], [-0.25, 1.0]], rows=["x", "y"], columns=["x", "y"])
    >>> [text.get_text() for text in ax.texts]
    ['1', '-0.25', '-0.25', '1']
    """
    matrix = _to_numpy(matrix)
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
    height, width = matrix.shape
    ax.set_yticks(range(height), range(height) if rows is None else rows)
    ax.set_xticks(range(width), range(width) if columns is None else columns)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    ax.grid(False)
    if form is not None:
        for (i, j), value in np.ndenumerate(matrix):
            red, green, blue, _ = picture.cmap(picture.norm(value))
            brightness = 0.299 * red + 0.587 * green + 0.114 * blue
            ax.text(
                j,
                i,
                f"{value:{form}}",
                color="white" if brightness < 0.55 else "black",
                ha="center",
                va="center",
                fontsize=8,
            )
    return ax
