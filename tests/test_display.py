"""What a reader sees: blocks that nothing can break out of, and any value in a few words."""

from __future__ import annotations

import fractions
import io
import re
import sys
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from utils.display import (
    ICONS,
    LINE_LIMIT,
    WHOLE,
    Block,
    describe,
    emit,
    excerpt,
    is_array,
    is_number,
    one_line,
    to_numpy,
)


class Seen(HTMLParser):
    """Collects tags, attributes and text."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(source)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words += data


@pytest.mark.parametrize("kind", ICONS)
def test_icon_and_words_stand_in_both_forms(kind):
    block = Block(kind, "A heading", ("A line.", "    code = 1"), aside=": more")
    assert block.text() == f"{ICONS[kind]} A heading: more\n  A line.\n      code = 1"
    seen = Seen(block.html())
    assert ("role", "status") in seen.attributes
    assert ("aria-hidden", "true") in seen.attributes  # the words say it; the icon is not read out
    assert ICONS[kind] in seen.words
    for words in ("A heading", ": more", "A line.", "code = 1"):
        assert words in seen.words
    assert seen.open == []
    assert block._repr_mimebundle_() == {"text/plain": block.text(), "text/html": block.html()}
    assert repr(block) == block.text()


def test_icons_are_different_and_none_relies_on_colour():
    assert len(set(ICONS.values())) == len(ICONS)
    html = {kind: re.sub(r"border-left:[^;]*;", "", Block(kind, "x").html()) for kind in ICONS}
    assert len(set(html.values())) == len(ICONS)


ATTACKS = [
    "<script>alert(1)</script>",
    "</pre></div><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "' style='position:fixed",
    "&lt;b&gt;",
    "<!-- open",
    "]]>",
    "    </pre><script>alert(1)</script>",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_html_in_any_place_stays_text(attack):
    plain = Seen(Block("bad", "x", ("y", "    z"), aside="v").html())
    seen = Seen(Block("bad", attack, (attack, f"    {attack}"), aside=attack).html())
    assert set(seen.tags) <= {"div", "strong", "span", "pre"}
    assert {name for name, _ in seen.attributes} == {name for name, _ in plain.attributes}
    assert seen.open == []
    assert seen.words.count(attack.strip()) == 4


@given(st.text(max_size=200), st.lists(st.text(max_size=200), max_size=3).map(tuple))
def test_any_text_can_be_shown_and_encoded(heading, lines):
    block = Block("note", heading, lines)
    for form in (block.text(), block.html()):
        form.encode("utf-8")
        assert all(c.isprintable() or c == "\n" for c in form)
    assert Seen(block.html()).open == []


def test_control_characters_surrogates_and_overrides_are_replaced():
    block = Block("bad", "a\x1b[2Jb\ud800c\u202ed\x00", ("e\tf\u00a0g",))
    assert block.text() == "✗ a\ufffd[2Jb\ufffdc\ufffdd\ufffd\n  e f g"


def test_long_lines_are_cut_and_long_text_is_wrapped():
    block = Block("bad", "x" * 10**6, ("word " * 60, "y" * 10**6, "    " + "z" * 10**6))
    assert len(block.text()) < 4 * (LINE_LIMIT + 100)
    assert len(block.html()) < 4 * (LINE_LIMIT + 300)
    wrapped = Block("bad", "x", ("word " * 60,)).text().splitlines()
    assert max(map(len, wrapped)) <= 96
    assert all(line.startswith("  word") for line in wrapped[1:])


def test_outside_a_notebook_the_text_is_printed(capsys):
    emit(Block("good", "Fine", ("Go on.",)))
    assert capsys.readouterr().out == "✓ Fine\n  Go on.\n"


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "utf-8"])
def test_a_console_that_lacks_the_icons_gets_the_words(encoding, monkeypatch):
    buffer = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(buffer, encoding=encoding))
    emit(Block("good", "Fine", ("α",)))
    sys.stdout.flush()
    assert " Fine" in buffer.getvalue().decode(encoding)


# --- a value in a few words -------------------------------------------------------------------

PAIR = np.array([1.0, 2.0])


class Quarrelsome:
    """Raises whatever is asked of it."""

    def __repr__(self):
        raise RuntimeError("no")

    def __eq__(self, other):
        raise RuntimeError("no")

    __hash__ = None


def test_describe_shows_kind_shape_dtype_and_entries():
    assert describe(np.ones((2, 2))).startswith("array of shape (2, 2), float64: [[1., 1.]")
    assert describe(torch.ones(2)).startswith("tensor of shape (2,), float32: [1., 1.]")
    assert describe(pd.DataFrame({"a": [1]})).startswith("table of shape (1, 1)")
    assert describe(torch.empty(3, device="meta")) == (
        "tensor of shape (3,), float32: a tensor on device meta that cannot be read"
    )
    assert describe(torch.empty((), device="meta")) == (
        "a tensor on device meta that cannot be read"
    )
    assert describe(np.arange(1000)).endswith("[0, 1, 2, 3, 4, … 1,000 entries in all]")
    assert describe(torch.tensor(0.5)) == "0.5"
    assert describe(True) == "True"
    assert describe("text") == "'text'"
    assert describe(None) == "None"
    assert describe([1, 2]) == "list of length 2: [1, 2]"
    assert describe((PAIR, 1)) == "tuple of 2: array of shape (2,), float64: [1., 2.]; 1"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (list(range(30)), f"list of length 30: {list(range(30))}"),
        ([1 / 3, 3.0, 0.1], "list of length 3: [0.333333, 3.0, 0.1]"),
        ((np.float32(0.5), (1,)), "tuple of length 2: (0.5, (1,))"),
        ([[1, 2], [3, [4]], {"a": 5}], "list of length 3: [[1, 2], [3, [4]], {'a': 5}]"),
        ({"w": PAIR, "b": 1 / 3}, "dict: {'w': array [1., 2.], 'b': 0.333333}"),
        ([np.ones(2), 1], "list of 2: array of shape (2,), float64: [1., 1.]; 1"),
    ],
)
def test_short_lists_and_dictionaries_are_shown_whole(value, text):
    assert describe(value) == text


def test_of_long_lists_the_length_and_the_start_are_shown():
    text = describe(list(range(100)))
    assert text.startswith("list of length 100: [0, 1, 2, 3, 4")
    assert len(text) < 160


def test_more_digits_are_shown_where_they_are_asked_for():
    assert describe(np.array([2 / 3]), digits=8) == "array of shape (1,), float64: [0.66666667]"
    assert describe([2 / 3], digits=8) == "list of length 1: [0.666666667]"
    assert describe(2 / 3, digits=11) == "0.666666666667"


def own_tail() -> list:
    tail: list = [PAIR]
    tail.append(tail)
    return tail


@pytest.mark.parametrize(
    "value",
    [
        "x" * 10**6,
        10**4000,
        10**5000,
        list(range(10**6)),
        np.zeros((1000, 1000)),
        np.array(["x" * 10_000]),
        {str(i): i for i in range(10_000)},
        [np.zeros((50, 50))] * 4,
        [torch.zeros(50)] * 10_000,
        own_tail(),
        Quarrelsome(),
        [Quarrelsome()],
        type("T" * 50, (), {"__repr__": lambda self: "y" * 10**6})(),
        fractions.Fraction(1, 10**400),
    ],
    ids=lambda value: type(value).__name__,
)
def test_describe_never_fails_and_stays_short(value):
    assert len(describe(value)) <= 700


def test_describe_survives_nesting_beyond_the_recursion_limit():
    nested: list = []
    for _ in range(100_000):
        nested = [nested]
    assert len(describe(nested)) <= 700


def test_no_addresses_in_memory_are_shown():
    for value in (object(), lambda: None, (x for x in ()), [object()], {"a": object()}):
        assert "0x" not in describe(value)
    assert one_line("<f at 0x7f7be632b240> here") == "<f> here"


def test_one_line_joins_lines_and_cuts_what_is_too_long():
    assert one_line("first\n  second\tthird ") == "first second third"
    assert one_line("x" * 160) == "x" * 160
    assert one_line("x" * 161) == "x" * 159 + "…"
    assert one_line("a long text", limit=6) == "a lon…"


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (np.array(0.5), "0.5"),
        (np.array([]), "[]"),
        (np.array([[1, 2], [3, 4]]), "[[1, 2], [3, 4]]"),
        (np.array([1 / 3, 2.0]), "[0.33333, 2.]"),
        (np.array([[1.5, -2], [3, 4]]), "[[1.5, -2.], [3., 4.]]"),
        (np.arange(WHOLE), str(list(range(30)))),
        (np.arange(WHOLE + 1), "[0, 1, 2, 3, 4, … 31 entries in all]"),
        (np.zeros((100, 20)), "[0., 0., 0., 0., 0., … 2,000 entries in all]"),
    ],
)
def test_an_excerpt_holds_short_arrays_whole_and_the_start_of_long_ones(array, text):
    assert excerpt(array) == text


@pytest.mark.parametrize(
    ("value", "array", "number"),
    [
        (3, False, True),
        (np.float32(3), False, True),
        (np.array(3.0), True, True),
        (torch.tensor(3.0), True, True),
        (np.ones(1), True, False),
        (torch.ones(2), True, False),
        (pd.Series([1, 2]), True, False),
        ([1, 2], False, False),
        ("3", False, False),
        (np.str_("3"), False, False),
        (None, False, False),
    ],
)
def test_what_counts_as_an_array_and_as_a_number(value, array, number):
    assert (is_array(value), is_number(value)) == (array, number)


def test_to_numpy_gives_a_reason_instead_of_an_array():
    for value in (torch.empty(2, device="meta"), [[1], [1, 2]]):
        with pytest.raises(ValueError, match=r"device meta|different lengths"):
            to_numpy(value)
