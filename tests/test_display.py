"""What a reader sees: an icon and words, as text and as HTML that nothing can break out of."""

from __future__ import annotations

import io
import re
import sys
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.display import ICONS, LINE_LIMIT, Block, emit


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
