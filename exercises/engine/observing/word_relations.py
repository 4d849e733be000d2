"""Relations between texts, lists of words or other things, and sets.

As in `arrangements`, a clause is returned that is true of every failing case, or None.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from typing import Any

_TEXTS: tuple[tuple[str, Callable[[str], Any]], ...] = (
    ("in upper and lower case", str.casefold),
    ("in white space", lambda text: "".join(text.split())),
    ("in punctuation", lambda text: re.sub(r"[^\w\s]", "", text)),
    ("in white space and punctuation", lambda text: re.sub(r"[\W]", "", text)),
    ("in the order of its words", lambda text: sorted(text.split())),
)


def text_relation(pairs: Sequence[tuple[str, str]]) -> str | None:
    """What is true of texts that came out wrong.

    Parameters
    ----------
    pairs : sequence of (str, str)
        The expected and the received text of each failing case.

    Returns
    -------
    str or None
        A clause.

    Examples
    --------
    >>> text_relation([("to be", "To be"), ("or not", "Or Not")])
    'the text is right but in upper and lower case'
    """
    for said, form in _TEXTS:
        if all(form(expected) == form(received) for expected, received in pairs):
            return f"the text is right but {said}"
    if all(not received for _, received in pairs):
        return "an empty text came out"
    if all(expected[::-1] == received and len(expected) > 2 for expected, received in pairs):
        return "what came out is what was expected, written backwards"
    if all(received and expected.startswith(received) for expected, received in pairs):
        return "the beginning is right, and the end is missing"
    if all(received and expected.endswith(received) for expected, received in pairs):
        return "the end is right, and the beginning is missing"
    if all(len(expected) > 1 and received.startswith(expected) for expected, received in pairs):
        return "the text is right, and something follows that should not"
    if all(len(expected) > 1 and received.endswith(expected) for expected, received in pairs):
        return "the text is right, and something stands before it that should not"
    return None


def list_relation(pairs: Sequence[tuple[Sequence[Hashable], Sequence[Hashable]]]) -> str | None:
    """What is true of lists of words, pairs or other things that came out wrong.

    Parameters
    ----------
    pairs : sequence of (sequence, sequence)
        The expected and the received items of each failing case; items can be hashed.

    Returns
    -------
    str or None
        A clause.

    Examples
    --------
    >>> list_relation([(["a", "b", "c"], ["c", "b", "a"])])
    'what came out is what was expected, in reversed order'
    >>> list_relation([(["a", "b"], ["a"]), (["c", "d", "e"], ["c", "d"])])
    'one item is missing at the end; the others are right'
    """
    if all(not received for _, received in pairs):
        return "an empty list came out"
    if all(Counter(expected) == Counter(received) for expected, received in pairs):
        return _reordered(pairs)
    return _cut(pairs) or _items(pairs) or _in_words(pairs)


def _reordered(pairs: Sequence[tuple[Sequence, Sequence]]) -> str | None:
    if sum(len(set(expected)) for expected, _ in pairs) < 3:
        return None
    if all(list(expected[::-1]) == list(received) for expected, received in pairs):
        return "what came out is what was expected, in reversed order"
    for said, reverse in (("ascending", False), ("descending", True)):
        try:
            if all(sorted(e, reverse=reverse) == list(received) for e, received in pairs):
                return f"what came out is what was expected, sorted in {said} order"
        except TypeError:  # items that cannot be compared
            break
    return "what came out holds the right items, in another order"


def _cut(pairs: Sequence[tuple[Sequence, Sequence]]) -> str | None:
    """Items too many or missing at one end."""
    lengths = {len(received) - len(expected) for expected, received in pairs}
    if 0 in lengths or len({length > 0 for length in lengths}) > 1:
        return None
    if sum(min(len(expected), len(received)) for expected, received in pairs) < 2:
        return None
    if len(lengths) > 1:
        number = "some items are"
    elif abs(min(lengths)) == 1:
        number = "one item is"
    else:
        number = f"{abs(min(lengths))} items are"
    what = "too many" if max(lengths) > 0 else "missing"
    for place, part in (
        ("end", lambda items, length: items[:length]),
        ("start", lambda items, length: items[len(items) - length :]),
    ):
        if all(
            list(part(expected, min(len(expected), len(received))))
            == list(part(received, min(len(expected), len(received))))
            for expected, received in pairs
        ):
            return f"{number} {what} at the {place}; the others are right"
    return None


def _items(pairs: Sequence[tuple[Sequence, Sequence]]) -> str | None:
    """Only missing, only surplus or only repeated items."""
    missing = [Counter(expected) - Counter(received) for expected, received in pairs]
    surplus = [Counter(received) - Counter(expected) for expected, received in pairs]
    shared = sum(sum((Counter(e) & Counter(r)).values()) for e, r in pairs)
    if not shared:
        return None
    if all(set(expected) == set(received) for expected, received in pairs):
        if not any(missing):
            return "the right items came out, some of them more often than expected"
        if not any(surplus):
            return "the right items came out, some of them less often than expected"
    if not any(surplus):
        return _which("missing", missing) or "some items are missing, and none is surplus"
    if not any(missing):
        return _which("too many", surplus) or "there are surplus items, and none is missing"
    return None


def _which(what: str, counters: Sequence[Counter]) -> str | None:
    """The one item concerned, where it is the same in several cases."""
    kinds = {item for counter in counters for item in counter}
    if len(kinds) != 1 or len(counters) < 2:
        return None
    item = repr(kinds.pop())
    return f"{item} is {what}, and nothing else" if len(item) <= 30 else None


def _in_words(pairs: Sequence[tuple[Sequence, Sequence]]) -> str | None:
    """What is true of every item where all of them are texts."""
    if not all(
        len(expected) == len(received)
        and all(isinstance(item, str) for item in (*expected, *received))
        for expected, received in pairs
    ):
        return None
    flat = [
        (one, other)
        for expected, received in pairs
        for one, other in zip(expected, received, strict=True)
        if one != other
    ]
    said = text_relation(flat) if flat else None
    return f"in every wrong item {said}" if said else None


def set_relation(pairs: Sequence[tuple[set, set]]) -> str | None:
    """What is true of sets that came out wrong.

    Parameters
    ----------
    pairs : sequence of (set, set)
        The expected and the received set of each failing case.

    Returns
    -------
    str or None
        A clause.

    Examples
    --------
    >>> set_relation([({1, 2}, {1}), ({3, 4}, {4})])
    'some items are missing, and none is surplus'
    """
    if all(not received for _, received in pairs):
        return "an empty set came out"
    return _items([(list(expected), list(received)) for expected, received in pairs])
