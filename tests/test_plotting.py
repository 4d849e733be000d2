"""Figures: a text for each, nothing said by colour alone, the same bytes every time."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from utils import plotting
from utils.course import ROOT
from utils.training import History

plt.switch_backend("Agg")  # no windows; at once, since it asks IPython too
ALT = "A straight line rises from 1 to 3."
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(autouse=True)
def no_figures_left():
    plt.close("all")
    yield
    plt.close("all")


class Screen:
    """Stands in for a notebook's display and keeps what it was given."""

    def __init__(self) -> None:
        self.shown: list[list[Any]] = []

    def __call__(self, *things, metadata=None, raw=False, display_id=False):
        entry = [things[0], metadata, raw]
        self.shown.append(entry)

        class Handle:
            def update(self, data, metadata=None, raw=False):
                entry[:] = [data, metadata, raw]

        return Handle() if display_id else None


@pytest.fixture
def screen(monkeypatch):
    screen = Screen()
    monkeypatch.setattr("IPython.display.display", screen)
    monkeypatch.setattr("IPython.get_ipython", lambda: object())
    return screen


def line() -> Figure:
    fig, ax = plotting.figure()
    ax.plot([1, 2, 3])
    return fig


# --- show -------------------------------------------------------------------------------------


def test_a_figure_is_shown_with_its_text_twice_and_closed(screen):
    fig = line()
    plotting.show(fig, alt=ALT)
    (picture, metadata, raw), (words, _, also_raw) = screen.shown
    assert raw
    assert also_raw
    assert picture["image/png"].startswith(PNG)
    assert picture["text/plain"] == ALT
    assert metadata == {"image/png": {"alt": ALT}}
    assert "<summary>The figure in words</summary>" in words["text/html"]
    assert ALT in words["text/html"]
    assert plt.get_fignums() == []


@pytest.mark.parametrize("alt", ["", "A figure.", "  spaces     do not    count  "[:28], " " * 50])
def test_a_text_that_says_nothing_is_refused(alt, screen):
    with pytest.raises(ValueError, match="sighted reader"):
        plotting.show(line(), alt=alt)
    assert screen.shown == []


def test_a_figure_without_a_text_is_an_error(screen):
    with pytest.raises(TypeError):
        plotting.show(line())
    with pytest.raises(TypeError):
        plotting.slider(lambda value: line(), [1, 2], label="x")


def test_the_text_is_one_line_and_escaped_in_html(screen):
    plotting.show(line(), alt="Where a < b && c > d:\n  <script>alert('x')</script>")
    (picture, metadata, _), (words, _, _) = screen.shown
    assert picture["text/plain"] == "Where a < b && c > d: <script>alert('x')</script>"
    assert metadata["image/png"]["alt"] == picture["text/plain"]
    assert "<script>" not in words["text/html"]
    assert "a &lt; b &amp;&amp; c &gt; d: &lt;script&gt;" in words["text/html"]


def test_outside_a_notebook_the_text_is_printed(capsys):
    plotting.show(line(), alt=ALT)
    assert capsys.readouterr().out == f"Figure: {ALT}\n"
    assert plt.get_fignums() == []


def drawn(fig: Figure, screen: Screen) -> bytes:
    """The picture that a reader gets."""
    plotting.show(fig, alt=ALT)
    (picture, *_), _ = screen.shown[-2:]
    return picture["image/png"]


def every_figure() -> list[Figure]:
    """One figure from each function, with fixed data."""
    rng = np.random.default_rng(0)
    points, classes = rng.normal(size=(30, 2)), rng.integers(0, 3, 30)
    axes = [
        plotting.curves(
            {"one": [3, 2, 1], "two": [1, 2, 4]}, bands={"one": ([2, 1, 0], [4, 3, 2])}
        ),
        plotting.decision_regions(lambda p: (p[:, 0] > 0).astype(int), points, classes),
        plotting.heatmap(rng.normal(size=(3, 4)), diverging=True),
    ]
    grid = plotting.image_grid(rng.random((5, 4, 4)), titles=list("abcde"))
    return [line(), grid, *(ax.figure for ax in axes)]


def test_the_same_figure_gives_the_same_bytes(screen):
    first = [drawn(fig, screen) for fig in every_figure()]
    second = [drawn(fig, screen) for fig in every_figure()]
    assert first == second
    assert all(png.startswith(PNG) for png in first)
    assert len(set(first)) == len(first)
    for word in (b"matplotlib", b"Software", b"tIME"):
        assert not any(word in png for png in first)


def test_another_process_draws_the_same_bytes(screen):
    script = (
        "import hashlib, matplotlib; matplotlib.use('Agg')\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "from IPython.utils.capture import capture_output\n"
        "from utils import plotting\n"
        "InteractiveShell.instance()\n"
        "fig, ax = plotting.figure(); ax.plot([1, 2, 3])\n"
        f"with capture_output() as captured: plotting.show(fig, alt={ALT!r})\n"
        "picture = captured.outputs[0].data['image/png']\n"
        "print(hashlib.sha256(picture).hexdigest())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == hashlib.sha256(drawn(line(), screen)).hexdigest()


# --- style ------------------------------------------------------------------------------------


def test_lines_differ_in_dash_as_well_as_in_colour():
    colours = [entry["color"] for entry in plotting.STYLE["axes.prop_cycle"]]
    dashes = [str(entry["linestyle"]) for entry in plotting.STYLE["axes.prop_cycle"]]
    assert len(set(colours)) == len(colours) == len(set(dashes)) >= 7
    assert len(set(plotting.MARKERS)) == len(plotting.MARKERS) >= len(plotting.PALETTE)


def luminance(colour: str) -> float:
    red, green, blue = mpl.colors.to_rgb(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_style_holds_inside_its_block_or_until_the_end():
    before = plt.rcParams["axes.spines.top"]
    with plotting.styled():
        assert not plt.rcParams["axes.spines.top"]
    assert plt.rcParams["axes.spines.top"] == before
    with plt.rc_context():
        plotting.use_style()
        assert not plt.rcParams["axes.spines.top"]
        assert plt.rcParams["image.cmap"] == "viridis"


def test_figure_gives_one_axes_or_an_array():
    fig, ax = plotting.figure()
    assert isinstance(fig, Figure)
    assert isinstance(ax, Axes)
    assert not ax.spines["top"].get_visible()
    _, axes = plotting.figure(2, 3, figsize=(4, 4))
    assert axes.shape == (2, 3)


# --- curves -----------------------------------------------------------------------------------


def test_curves_are_named_at_their_ends_and_differ_in_dash():
    lines = {"training": [3.0, 2.0, 1.0], "validation": [3.0, 2.5, 2.4]}
    _, plain = plt.subplots()  # made without the course's style
    ax = plotting.curves(lines, ax=plain, xlabel="epoch", ylabel="loss", title="T", log=True)
    drawn = ax.get_lines()
    assert [list(one.get_xdata()) for one in drawn] == [[1, 2, 3]] * 2
    assert [list(one.get_ydata()) for one in drawn] == list(lines.values())
    assert len({one.get_linestyle() for one in drawn}) == 2
    assert len({one.get_color() for one in drawn}) == 2
    assert [text.get_text() for text in ax.texts] == list(lines)
    assert [tuple(map(float, text.xy)) for text in ax.texts] == [(3.0, 1.0), (3.0, 2.4)]
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_title(loc="left")) == ("epoch", "loss", "T")
    assert ax.get_yscale() == "log"


def test_curves_take_a_history_and_leave_out_the_seconds():
    history = History()
    for number in (2.0, 1.0):
        history.append({"loss": number, "validation_loss": number + 1, "seconds": 5.0})
    ax = plotting.curves(history)
    assert [text.get_text() for text in ax.texts] == ["loss", "validation_loss"]


@pytest.mark.parametrize(
    ("values", "end"),
    [
        ([1.0, 2.0, float("nan")], (2.0, 2.0)),
        (torch.tensor([1.0, 2.0, 5.0]), (3.0, 5.0)),
        (np.array([1, 2, 5]), (3.0, 5.0)),
        ((1, 2, float("inf")), (2.0, 2.0)),
    ],
)
def test_a_name_stands_at_the_last_finite_value(values, end):
    ax = plotting.curves({"one": values})
    assert tuple(map(float, ax.texts[0].xy)) == end


def test_everything_is_drawn_in_the_courses_style():
    thick = plotting.STYLE["lines.linewidth"]
    assert plotting.curves({"one": [1, 2]}).get_lines()[0].get_linewidth() == thick
    heat = plotting.heatmap(np.eye(2), title="Left")
    assert heat.get_title(loc="left") == "Left"


def test_a_curve_without_finite_values_has_no_name_and_no_error():
    ax = plotting.curves({"one": [float("nan")] * 3})
    assert len(ax.texts) == 0


def test_curves_draw_on_given_axes_with_given_places_and_bands():
    pandas = pytest.importorskip("pandas")
    _, ax = plotting.figure()
    series = pandas.Series([1.0, 2.0, 3.0], index=[7, 8, 9])
    returned = plotting.curves(
        {"one": series}, x=[10, 20, 30], ax=ax, bands={"one": ([0, 1, 2], [2, 3, 4])}
    )
    assert returned is ax
    assert list(ax.get_lines()[0].get_xdata()) == [10, 20, 30]
    assert len(ax.collections) == 1


# --- image_grid -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("images", "shape"),
    [
        (np.random.default_rng(0).random((5, 4, 6)), (4, 6)),
        (torch.rand(5, 1, 4, 6), (4, 6)),
        (torch.rand(5, 4, 6, requires_grad=True), (4, 6)),
        (np.random.default_rng(0).random((5, 4, 6, 3)), (4, 6, 3)),
        (np.zeros((5, 4, 6), dtype=np.uint8), (4, 6)),
        ([np.zeros((4, 6))] * 5, (4, 6)),
    ],
)
def test_pictures_are_laid_out_in_rows(images, shape):
    fig = plotting.image_grid(images, columns=3)
    assert len(fig.axes) == 6
    drawn = [ax.images[0].get_array().shape for ax in fig.axes if ax.images]
    assert drawn == [shape] * 5
    assert not any(ax.axison for ax in fig.axes)


def test_pictures_share_one_scale():
    fig = plotting.image_grid(np.stack([np.zeros((2, 2)), np.full((2, 2), 5.0)]))
    assert {ax.images[0].get_clim() for ax in fig.axes} == {(0.0, 5.0)}
    fig = plotting.image_grid(np.zeros((2, 2, 2)), limits=(-1, 1))
    assert {ax.images[0].get_clim() for ax in fig.axes} == {(-1.0, 1.0)}
    holes = np.array([[[np.nan, 1.0], [2.0, 3.0]]])
    assert plotting.image_grid(holes).axes[0].images[0].get_clim() == (1.0, 3.0)


def test_titles_stand_over_their_pictures():
    fig = plotting.image_grid(np.zeros((3, 2, 2)), titles=["a", "b", 3])
    assert [ax.get_title() for ax in fig.axes] == ["a", "b", "3"]


@pytest.mark.parametrize(
    ("images", "options", "said"),
    [
        (np.zeros((4, 4)), {}, r"expected \(n, h, w\)"),
        (np.zeros((0, 4, 4)), {}, "n ≥ 1"),
        (np.zeros((2, 3, 4, 4, 1)), {}, r"expected \(n, h, w\)"),
        (np.zeros((2, 3, 8, 8)), {}, r"not \(2, 3, 8, 8\)"),
        (np.zeros((2, 4, 4)), {"titles": ["one"]}, "1 titles for 2 pictures"),
        (np.zeros((2, 4, 4)), {"columns": 0}, "at least one picture"),
    ],
)
def test_what_is_no_list_of_pictures_is_refused(images, options, said):
    with pytest.raises(ValueError, match=said):
        plotting.image_grid(images, **options)
    assert plt.get_fignums() == []


# --- decision_regions -------------------------------------------------------------------------


def test_classes_differ_in_marker_and_have_names():
    X = np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 0.0], [3.0, 1.0]])
    y = np.array(["cat", "dog", "cat", "eel"])
    ax = plotting.decision_regions(lambda p: np.where(p[:, 0] < 1.5, "cat", "eel"), X, y)
    markers = [collection.get_paths()[0].vertices.tobytes() for collection in ax.collections]
    assert len(set(markers)) == 3
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["cat", "dog", "eel"]
    region = np.asarray(ax.images[0].get_array())
    assert set(np.unique(region)) == {0, 2}
    assert region[0, 0] == 0
    assert region[0, -1] == 2
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("feature 1", "feature 2")


def test_regions_stand_where_the_points_are():
    X = np.array([[0.0, 10.0], [1.0, 20.0]])
    ax = plotting.decision_regions(
        lambda p: torch.tensor(p[:, 1] > 15).long(), X, np.array([0, 1]), names=["low", "high"],
        labels=("age", "height"), resolution=50,
    )  # fmt: skip
    region = np.asarray(ax.images[0].get_array())
    assert region.shape == (50, 50)
    assert (region[0] == 0).all()
    assert (region[-1] == 1).all()
    left, right, bottom, top = ax.images[0].get_extent()
    assert left < 0 < 1 < right
    assert bottom < 10 < 20 < top
    assert ax.get_xlabel() == "age"


def test_regions_need_two_features():
    with pytest.raises(ValueError, match="two features"):
        plotting.decision_regions(lambda p: p, np.zeros((3, 3)), np.zeros(3))
    with pytest.raises(ValueError, match="two features"):
        plotting.decision_regions(lambda p: p, np.zeros(3), np.zeros(3))


def test_a_feature_that_is_always_the_same_still_has_a_plane():
    X = np.array([[0.0, 1.0], [1.0, 1.0]])
    ax = plotting.decision_regions(lambda p: np.zeros(len(p)), X, np.array([0, 1]))
    assert ax.get_ylim()[0] < ax.get_ylim()[1]


# --- heatmap ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", [np.array, torch.tensor, lambda m: torch.tensor(m).requires_grad_()]
)
def test_the_numbers_are_written_in(kind):
    ax = plotting.heatmap(
        kind([[1.0, 2.0], [3.0, 4.5]]), rows=["a", "b"], columns=np.array(["c", "d"])
    )
    assert [text.get_text() for text in ax.texts] == ["1", "2", "3", "4.5"]
    assert [text.get_position() for text in ax.texts] == [(0, 0), (1, 0), (0, 1), (1, 1)]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a", "b"]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["c", "d"]
    assert len(plotting.heatmap(np.eye(2), form=None).texts) == 0


def test_numbers_are_dark_on_light_and_light_on_dark():
    ax = plotting.heatmap(np.array([[0.0, 1.0]]))
    picture = ax.images[0]
    for text, value in zip(ax.texts, (0.0, 1.0), strict=True):
        red, green, blue, _ = picture.cmap(picture.norm(value))
        ground = luminance((red, green, blue))
        assert abs(luminance(text.get_color()) - ground) > 0.4


def test_diverging_colours_are_centred_on_zero():
    ax = plotting.heatmap(np.array([[-1.0, 4.0]]), diverging=True)
    assert ax.images[0].get_clim() == (-4.0, 4.0)
    ax = plotting.heatmap(np.zeros((2, 2)), diverging=True)
    low, high = ax.images[0].get_clim()
    assert low < 0 < high


def test_a_heat_map_needs_a_matrix():
    with pytest.raises(ValueError, match=r"not shape \(3,\)"):
        plotting.heatmap(np.zeros(3))


# --- slider -----------------------------------------------------------------------------------


def test_the_slider_draws_anew_when_it_moves(screen):
    drawn = []

    def draw(value):
        drawn.append(value)
        fig, ax = plotting.figure()
        ax.plot([0, value])
        return fig

    def alt(value):
        return f"A line from 0 to {value} & back <again>"

    widget = plotting.slider(draw, [1, 2.5, 3], label="Height", alt=alt)
    assert drawn == [2.5]
    assert screen.shown[0][0] is widget
    assert widget.description == "Height"
    first = [entry[0] for entry in screen.shown[1:]]
    assert screen.shown[1][1] == {"image/png": {"alt": alt(2.5)}}
    widget.value = 3
    assert drawn == [2.5, 3]
    (picture, metadata, raw), (words, _, _) = screen.shown[1:]
    assert raw
    assert picture["image/png"].startswith(PNG)
    assert picture["image/png"] != first[0]["image/png"]
    assert metadata == {"image/png": {"alt": alt(3)}}
    assert "from 0 to 3 &amp; back &lt;again&gt;" in words["text/html"]
    assert len(screen.shown) == 3
    assert plt.get_fignums() == []
    widget.value = 2.5
    assert screen.shown[1][0] == first[0]


def test_the_slider_starts_where_it_is_told(screen):
    widget = plotting.slider(lambda v: line(), ["a", "b"], label="x", alt=lambda v: ALT, start="a")
    assert widget.value == "a"
    with pytest.raises(ValueError, match="start='c' is not one of the values"):
        plotting.slider(lambda v: line(), ["a", "b"], label="x", alt=lambda v: ALT, start="c")
    with pytest.raises(ValueError, match="no values"):
        plotting.slider(lambda v: line(), [], label="x", alt=lambda v: ALT)


# --- in a real kernel -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def executed():
    cells = [
        "from utils import plotting\n"
        "from utils.claims import claim\n"
        "from exercises import progress",
        f"fig, ax = plotting.figure()\nax.plot([1, 2, 3])\nplotting.show(fig, alt={ALT!r})",
        "def draw(value):\n"
        "    fig, ax = plotting.figure()\n"
        "    ax.plot([0, value])\n"
        "    return fig\n\n"
        "widget = plotting.slider(draw, [1, 2], label='x', start=1,\n"
        "                         alt=lambda v: f'A line rises from zero to {v}.')",
        "widget.value = 2",
        "claim('It <b>holds</b>', 1.0, at_least=0)",
        "progress()",
    ]
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    client = NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(ROOT)}})
    client.execute()
    nbformat.validate(notebook)
    return notebook.cells


def test_in_a_kernel_a_figure_is_an_ordinary_output_with_its_text(executed):
    picture, words = executed[1].outputs
    assert base64.b64decode(picture.data["image/png"]).startswith(PNG)
    assert picture.metadata["image/png"]["alt"] == ALT
    assert ALT in words.data["text/html"]


def test_in_a_kernel_the_slider_changes_the_stored_picture(executed):
    _, picture, words = executed[2].outputs
    assert picture.metadata["image/png"]["alt"] == "A line rises from zero to 2."
    assert "from zero to 2" in words.data["text/html"]
    assert executed[3].outputs == []


def test_in_a_kernel_feedback_has_html_and_text(executed):
    (shown,) = executed[4].outputs
    assert shown.data["text/plain"] == "✓ It <b>holds</b>: measured 1 (bound: at least 0)"
    assert "It &lt;b&gt;holds&lt;/b&gt;" in shown.data["text/html"]
    (table,) = executed[5].outputs
    assert table.data["text/html"].startswith("<table>")
    assert "Start here" in table.data["text/plain"]
