"""The byte-pair tokenizer: exact round trips, the right merges, the same every time."""

from __future__ import annotations

import time
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils import data
from utils.tokens import BytePairs, pieces, train

DOCS = data.python_docs()
TOKENIZERS = {
    "no merges": BytePairs(),
    "English": train(DOCS[:60_000], 700),
    "many scripts": train("żółć żółta 東京 東京都 привет привет 🙂🙂🙂 👩‍👩‍👧 naïve" * 5, 400),
}
# Texts of all scripts, and texts of the characters that tokenizers trip over: spaces of several
# kinds, signs, digits and letters outside ASCII, combining marks, joiners, the null character.
TRICKY = st.text(alphabet=" \t\n\r\x00_'\"-.aAzZ09²³½éßİﬁ́‍​\u00a0\u2028٣한京🙂👩🏽")
TEXTS = st.text() | TRICKY | st.sampled_from([DOCS[i : i + 80] for i in range(0, 9_000, 90)])


@pytest.mark.parametrize("name", TOKENIZERS)
@given(text=TEXTS)
@settings(deadline=None, max_examples=150)
def test_a_round_trip_is_exact(name: str, text: str) -> None:
    tokenizer = TOKENIZERS[name]
    tokens = tokenizer.encode(text)
    assert tokenizer.decode(tokens) == text
    assert all(0 <= token < len(tokenizer) for token in tokens)
    assert b"".join(map(tokenizer.token, tokens)) == text.encode("utf-8")


def test_every_character_makes_the_round_trip() -> None:
    everything = "".join(chr(c) for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF)
    tokenizer = BytePairs(TOKENIZERS["English"].merges)
    assert tokenizer.decode(tokenizer.encode(everything)) == everything


@given(text=TEXTS)
@settings(deadline=None)
def test_pieces_lose_nothing(text: str) -> None:
    found = pieces(text)
    assert "".join(found) == text
    assert all(found)


@given(text=TEXTS, other=TEXTS)
@settings(deadline=None, max_examples=60)
def test_training_on_anything_gives_a_tokenizer_for_anything(text: str, other: str) -> None:
    tokenizer = train(text, 280)
    assert 256 <= len(tokenizer) <= 280
    assert tokenizer.decode(tokenizer.encode(other)) == other
    assert train(text, 280).merges == tokenizer.merges


@given(tokens=st.lists(st.integers(0, 699)))
@settings(deadline=None)
def test_any_list_of_tokens_is_decoded(tokens: list[int]) -> None:
    text = TOKENIZERS["English"].decode(tokens)
    text.encode("utf-8")  # a proper text, whatever came in
    if "�" not in text:
        assert text.encode("utf-8") == b"".join(map(TOKENIZERS["English"].token, tokens))


def test_pieces_keep_words_and_their_spaces_together() -> None:
    assert pieces("It's  a_b 12.50\n\n  def f(x):") == [
        *("It", "'", "s", " ", " a", "_", "b", " 12", ".", "50", "\n\n ", " def", " f", "(", "x"),
        "):",
    ]


def slow_train(text: str, tokens: int) -> list[tuple[int, int]]:
    """Training by its definition: every pair counted anew for every merge."""
    words = [(list(piece.encode()), often) for piece, often in Counter(pieces(text)).items()]
    merges: list[tuple[int, int]] = []
    while len(merges) < tokens - 256:
        count = Counter()
        for ids, often in words:
            for pair in pairwise(ids):
                count[pair] += often
        best = min(count, key=lambda pair: (-count[pair], pair), default=None)
        if best is None or count[best] < 2:
            break
        for ids, _ in words:
            i = 0
            while i < len(ids) - 1:
                if (ids[i], ids[i + 1]) == best:
                    ids[i : i + 2] = [256 + len(merges)]
                i += 1
        merges.append(best)
    return merges


@pytest.mark.parametrize("text", [DOCS[:3_000], "aaaa aaaaaaa aa aaa", "abab baba ab", "", "x"])
def test_training_agrees_with_its_definition(text: str) -> None:
    assert list(train(text, 330).merges) == slow_train(text, 330)


def test_the_usual_example() -> None:
    """Low, lower, newest, widest, on bytes; " lo" and "ow" are a tie, which "ow" wins."""
    text = " low" * 5 + " lower" * 2 + " newest" * 6 + " widest" * 3
    tokenizer = train(text, 260)
    found = [tokenizer.token(256 + k) for k in range(4)]
    assert found == [b"es", b"est", b" l", b"ow"]


def test_runs_are_merged_from_the_left_without_overlap() -> None:
    tokenizer = BytePairs([(97, 97)])
    assert tokenizer.encode("aaa") == [256, 97]
    assert tokenizer.encode("aaaa") == [256, 256]


def test_encoding_follows_the_order_of_training() -> None:
    """Not the longest token first: "abc" begins with the earlier merge bc."""
    tokenizer = BytePairs([(98, 99), (97, 98)])
    assert tokenizer.encode("abc") == [97, 256]


def test_more_tokens_make_shorter_lists() -> None:
    counts = [len(train(DOCS[:40_000], n).encode(DOCS[:40_000])) for n in (256, 300, 500, 900)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == len(DOCS[:40_000].encode())
    assert counts[-1] < 0.5 * counts[0]


def test_merges_are_all_it_takes() -> None:
    tokenizer = TOKENIZERS["English"]
    again = BytePairs([list(pair) for pair in tokenizer.merges])
    assert again.encode(DOCS[:5_000]) == tokenizer.encode(DOCS[:5_000])
    assert len(again) == len(tokenizer) == 700
    assert repr(again) == "BytePairs(700 tokens)"


def test_training_is_fast() -> None:
    start = time.process_time()
    tokenizer = train(DOCS, 1_024)
    tokenizer.encode(DOCS)
    assert time.process_time() - start < 10  # about one is usual
    assert len(tokenizer) == 1_024


def test_impossible_wishes_are_refused() -> None:
    with pytest.raises(ValueError, match="256 bytes alone"):
        train("text", 255)
    with pytest.raises(ValueError, match="comes later"):
        BytePairs([(97, 256)])
    with pytest.raises(ValueError, match="twice"):
        BytePairs([(97, 98), (97, 98)])
    tokenizer = BytePairs()
    for number in (-1, 256):
        with pytest.raises(ValueError, match="there is no token"):
            tokenizer.decode([number])
    with pytest.raises(UnicodeEncodeError):
        tokenizer.encode("\ud800")


@given(
    merges=st.lists(st.tuples(st.integers(-3, 300), st.integers(-3, 300)), max_size=6), text=TEXTS
)
def test_any_list_of_merges_makes_a_tokenizer_or_is_refused(merges, text):
    try:
        tokenizer = BytePairs(merges)
    except ValueError:
        return
    assert tokenizer.decode(tokenizer.encode(text)) == text
