"""Byte-pair encoding: any text as a short list of whole numbers, and back without loss.

Every text is bytes first (UTF-8), so 256 tokens suffice for everything that can be written.
Training adds one token per step: the pair of neighbouring tokens that is most frequent. The
lesson on text as numbers derives it; later lessons use it from here.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise

__all__ = ["BytePairs", "pieces", "train"]

# Merges never cross the border of a piece: a word with the space before it, a number, a run of
# other signs, white space. Every character belongs to exactly one piece.
_PIECE = re.compile(r" ?[^\W\d_]+| ?\d+| ?[^\w\s]+|_+|\s+(?!\S)|\s+")


def pieces(text: str) -> list[str]:
    """Cut ``text`` into words, numbers, signs and white space; joined they are the text again.

    Examples
    --------
    >>> pieces("It costs 30 €, they said.")
    ['It', ' costs', ' 30', ' €,', ' they', ' said', '.']
    """
    return _PIECE.findall(text)


def _merged(ids: tuple[int, ...], pair: tuple[int, int], new: int) -> tuple[int, ...]:
    """``ids`` with every ``pair`` replaced by ``new``, from left to right, without overlap."""
    result, i = [], 0
    while i < len(ids):
        if ids[i : i + 2] == pair:
            result.append(new)
            i += 2
        else:
            result.append(ids[i])
            i += 1
    return tuple(result)


class BytePairs:
    """A byte-level tokenizer: token i < 256 is byte i, token 256 + k is the k-th merge.

    :func:`train` learns one from a text. ``len()`` tells the number of tokens.

    Parameters
    ----------
    merges : iterable of pair of int
        The pairs of tokens in the order in which they were learned; each may use tokens of
        earlier merges only.

    Raises
    ------
    ValueError
        For a merge that uses a later token, and for a pair that is merged twice.

    Examples
    --------
    >>> pairs = BytePairs([(ord("t"), ord("h")), (256, ord("e"))])  # "th", then "th" + "e"
    >>> pairs.encode("the bath")
    [257, 32, 98, 97, 256]
    >>> pairs.token(257)
    b'the'
    """

    def __init__(self, merges: Iterable[tuple[int, int]] = ()) -> None:
        self.merges = tuple((int(left), int(right)) for left, right in merges)
        self._bytes = [bytes([byte]) for byte in range(256)]
        for left, right in self.merges:
            if not (0 <= left < len(self._bytes) and 0 <= right < len(self._bytes)):
                raise ValueError(f"the merge {(left, right)} uses a token that comes later")
            self._bytes.append(self._bytes[left] + self._bytes[right])
        self._rank = {pair: rank for rank, pair in enumerate(self.merges)}
        if len(self._rank) != len(self.merges):
            raise ValueError("a pair is merged twice")
        self._known: dict[str, tuple[int, ...]] = {}  # pieces that were encoded before

    def __len__(self) -> int:
        """The number of tokens."""
        return len(self._bytes)

    def __repr__(self) -> str:
        return f"BytePairs({len(self)} tokens)"

    def token(self, number: int) -> bytes:
        """The bytes of one token, which may be half a character; ``ValueError`` for no token."""
        if not 0 <= number < len(self):
            raise ValueError(f"there is no token {number}; the tokens are 0 to {len(self) - 1}")
        return self._bytes[number]

    def _encode_piece(self, piece: str) -> tuple[int, ...]:
        ids = tuple(piece.encode("utf-8"))
        while len(ids) > 1:
            # The earliest learned merge first: the order of training.
            rank = min(self._rank.get(pair, len(self._rank)) for pair in pairwise(ids))
            if rank == len(self._rank):
                break
            ids = _merged(ids, self.merges[rank], 256 + rank)
        return ids

    def encode(self, text: str) -> list[int]:
        """The tokens of ``text``; :meth:`decode` gives the text back, character for character.

        Raises ``UnicodeEncodeError`` for a lone surrogate (U+D800 to U+DFFF), which no text has.

        Examples
        --------
        >>> BytePairs().encode("é!")  # without merges: the bytes
        [195, 169, 33]
        """
        result: list[int] = []
        for piece in pieces(text):
            if piece not in self._known:
                self._known[piece] = self._encode_piece(piece)
            result += self._known[piece]
        return result

    def decode(self, tokens: Iterable[int]) -> str:
        """The text of ``tokens``; bytes that are no whole character become U+FFFD (�).

        Raises ``ValueError`` for a number that is no token.

        Examples
        --------
        >>> BytePairs().decode([195, 169, 33, 195])
        'é!�'
        """
        return b"".join(self.token(int(t)) for t in tokens).decode("utf-8", errors="replace")


def train(text: str, tokens: int) -> BytePairs:
    """Learn a tokenizer from a text.

    Among equally frequent pairs the one with the smaller numbers is merged first, so that the
    result depends on the text alone.

    Parameters
    ----------
    text : str
        What to learn from.
    tokens : int
        How many tokens, the 256 bytes among them. There are fewer where no pair is left that
        occurs twice.

    Raises
    ------
    ValueError
        For fewer than 256 tokens.

    Examples
    --------
    >>> pairs = train("low lower lowest slow slower slowest", tokens=260)
    >>> [pairs.token(number) for number in range(256, len(pairs))]
    [b'lo', b'low', b'lowe', b' s']
    >>> [pairs.token(number) for number in pairs.encode("flowers")]
    [b'f', b'lowe', b'r', b's']
    """
    if tokens < 256:
        raise ValueError(f"tokens={tokens}: the 256 bytes alone need 256")
    counted = Counter(pieces(text))
    words = [tuple(piece.encode("utf-8")) for piece in counted]
    often = list(counted.values())
    count: Counter[tuple[int, int]] = Counter()
    places = defaultdict(set)  # the words in which a pair occurs, or did once
    for number, word in enumerate(words):
        for pair in pairwise(word):
            count[pair] += often[number]
            places[pair].add(number)
    merges: list[tuple[int, int]] = []
    while len(merges) < tokens - 256 and count:
        best = min(count, key=lambda pair: (-count[pair], pair))
        if count[best] < 2:
            break
        new = 256 + len(merges)
        merges.append(best)
        for number in places.pop(best):
            for pair in pairwise(words[number]):
                count[pair] -= often[number]
                if not count[pair]:
                    del count[pair]
            words[number] = _merged(words[number], best, new)
            for pair in pairwise(words[number]):
                count[pair] += often[number]
                places[pair].add(number)
    return BytePairs(merges)
