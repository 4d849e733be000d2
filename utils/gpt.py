"""The GPT of the lesson on language models, for the lessons after it.

The lesson (``chapters/04_nlp/04_language_models.ipynb``) derives it, with a switch for each choice
of design; here stands what it chose. A test asserts that both compute the same. Use
:func:`utils.pretrained.gpt` for one that has been trained.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["GPT", "SubWords", "attend", "rotate"]

_WORD = re.compile(r" ?[A-Za-z]+| ?[0-9]+| ?[^\sA-Za-z0-9]+|\s+(?!\S)|\s+")


class SubWords:
    """Pieces of words as numbers, learned by byte-pair encoding over characters.

    ``characters`` are the pieces 0, 1, …; each pair in ``merges``, in the order in which it was
    learned, makes one more.

    >>> subwords = SubWords("abc", [("a", "b"), ("ab", "c")])
    >>> subwords.encode("abcab"), subwords.decode([4, 3])
    ([4, 3], 'abcab')
    """

    def __init__(self, characters: Iterable[str], merges: Iterable[Sequence[str]]) -> None:
        self.rank = {(left, right): rank for rank, (left, right) in enumerate(merges)}
        self.pieces = [*characters, *(left + right for left, right in self.rank)]
        self._number = {piece: number for number, piece in enumerate(self.pieces)}
        self._known: dict[str, list[int]] = {}  # words that were encoded before

    def __len__(self) -> int:
        """The number of pieces: the vocabulary."""
        return len(self.pieces)

    def encode(self, text: str) -> list[int]:
        """The numbers of the pieces of ``text``; ``decode`` gives the text back.

        Raises ValueError for a character that is not among the pieces.
        """
        unknown = sorted(set(text) - self._number.keys())
        if unknown:
            raise ValueError(f"these sub-words cannot spell {' '.join(map(repr, unknown))}")
        ids = []
        for word in _WORD.findall(text):
            if word not in self._known:
                self._known[word] = [self._number[piece] for piece in self._cut(list(word))]
            ids += self._known[word]
        return ids

    def decode(self, ids: Iterable[int]) -> str:
        """The text of the pieces with these numbers."""
        return "".join(self.pieces[number] for number in ids)

    def _cut(self, symbols: list[str]) -> list[str]:
        """Join, as long as possible, the pair that was learned first."""
        while pairs := [pair for pair in pairwise(symbols) if pair in self.rank]:
            first = min(pairs, key=self.rank.__getitem__)
            joined: list[str] = []
            for symbol in symbols:
                if joined and joined[-1] == first[0] and symbol == first[1]:
                    joined[-1] = first[0] + first[1]
                else:
                    joined.append(symbol)
            symbols = joined
        return symbols


def attend(query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
    """Causal attention: all (batch, heads, length, size). Returns the output and the weights.

    The queries belong to the last positions of the keys.
    """
    scores = query @ key.mT / math.sqrt(query.shape[-1])  # (batch, heads, query, key)
    earlier = key.shape[2] - query.shape[2]  # keys from before the first query
    later = torch.ones(scores.shape[-2:], dtype=torch.bool, device=query.device).triu(earlier + 1)
    weights = scores.masked_fill(later, -torch.inf).softmax(dim=-1)
    return weights @ value, weights


def rotate(x: Tensor, start: int) -> Tensor:
    """Turn the pairs of features of ``x`` (…, length, size) by angles that grow with position."""
    length, half = x.shape[-2], x.shape[-1] // 2
    positions = torch.arange(start, start + length, device=x.device)[:, None]
    angle = positions * 1_000.0 ** (-torch.arange(half, device=x.device) / half)  # (length, half)
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()], dim=-1)


class Attention(nn.Module):
    """Causal attention with rotary positions, and queries and keys of one size."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.out = nn.Linear(width, width, bias=False)

    def forward(self, x: Tensor, start: int = 0, cache: list[Tensor] | None = None) -> Tensor:
        """From (batch, length, width) to the same shape; ``weights`` keeps where it looked."""
        query = self.query(x).unflatten(2, (self.heads, -1)).transpose(1, 2)
        key = self.key(x).unflatten(2, (self.heads, -1)).transpose(1, 2)
        value = self.value(x).unflatten(2, (self.heads, -1)).transpose(1, 2)
        query = rotate(F.layer_norm(query, query.shape[-1:]), start)
        key = rotate(F.layer_norm(key, key.shape[-1:]), start)
        if cache is not None:
            if cache:
                key = torch.cat([cache[0], key], dim=2)
                value = torch.cat([cache[1], value], dim=2)
            cache[:] = [key, value]
        mixed, weights = attend(query, key, value)
        self.weights = weights.detach()  # (batch, heads, query, key)
        return self.out(mixed.transpose(1, 2).flatten(2))


class Block(nn.Module):
    """Attention, then a small network with squared ReLU; each adds to what it is given."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, bias=False)
        self.norm2 = nn.LayerNorm(width, bias=False)
        self.attention = Attention(width, heads)
        self.up = nn.Linear(width, 4 * width, bias=False)
        self.down = nn.Linear(4 * width, width, bias=False)

    def forward(self, x: Tensor, start: int = 0, cache: list[Tensor] | None = None) -> Tensor:
        """From (batch, length, width) to the same shape."""
        x = x + self.attention(self.norm1(x), start, cache)
        return x + self.down(F.relu(self.up(self.norm2(x))).square())


class GPT(nn.Module):
    """A causal Transformer without biases; one table turns tokens into vectors and back.

    Parameters
    ----------
    vocabulary : number of tokens.
    width : length of the vectors, a multiple of twice the number of heads.
    layers, heads : blocks, and attention heads in each of them.
    """

    def __init__(self, vocabulary: int, width: int = 128, layers: int = 2, heads: int = 2) -> None:
        super().__init__()
        self.token = nn.Embedding(vocabulary, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width, bias=False)
        self.head = nn.Linear(width, vocabulary, bias=False)
        self.start_values()

    def start_values(self) -> None:
        """Begin anew: every block adds nothing at first, and all tokens are nearly as likely."""
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:
                in_block = name.startswith("blocks")
                nn.init.normal_(parameter, std=parameter.shape[1] ** -0.5 if in_block else 0.02)
            if "out" in name or "down" in name:
                nn.init.zeros_(parameter)
        self.head.weight = self.token.weight

    def forward(self, ids: Tensor, caches: list[list[Tensor]] | None = None) -> Tensor:
        """Scores (batch, length, vocabulary) of the next token at every position of ``ids``.

        ``caches``, one list a block and empty at first, keep keys and values: with them, only the
        tokens that are new need to be given.
        """
        start = caches[0][0].shape[2] if caches and caches[0] else 0
        x = self.token(ids)  # (batch, length, width)
        for i, block in enumerate(self.blocks):
            x = block(x, start, None if caches is None else caches[i])
        return self.head(self.norm(x))
