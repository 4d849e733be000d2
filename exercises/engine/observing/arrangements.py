"""Relations of order and scale: reversed, sorted, shifted, running sums, another sum of 1.

Every function takes the failing cases and returns a clause that is true of all of them ("what came
out is what was expected, in reversed order"), or None.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from exercises.engine.observing.evidence import (
    NumberPair,
    close,
    evidence,
    same,
    same_numbers,
    wrong_entries,
)
from exercises.engine.observing.relations import ENOUGH, factor_of

_Rearranged = Callable[[np.ndarray], np.ndarray]

# --- the same numbers in another order ------------------------------------------------------------

_FLAT_ORDERS: tuple[tuple[str, _Rearranged], ...] = (
    ("in reversed order", lambda x: x[::-1]),
    ("sorted in ascending order", np.sort),
    ("sorted in descending order", lambda x: np.sort(x)[::-1]),
    ("shifted by one place towards the end, the last entry in front", lambda x: np.roll(x, 1)),
    (
        "shifted by one place towards the start, the first entry at the end",
        lambda x: np.roll(x, -1),
    ),
)
_TABLE_ORDERS: tuple[tuple[str, _Rearranged], ...] = (
    ("transposed: rows and columns exchanged", np.transpose),
    ("with the rows in reversed order", lambda x: x[::-1]),
    ("with the columns in reversed order", lambda x: x[:, ::-1]),
    ("turned by 180 degrees: rows and columns in reversed order", lambda x: x[::-1, ::-1]),
    ("turned by 90 degrees", np.rot90),
    ("turned by 90 degrees", lambda x: np.rot90(x, -1)),
    ("filled in column by column in place of row by row", lambda x: x.ravel("F").reshape(x.shape)),
    ("with each row sorted", lambda x: np.sort(x, axis=1)),
    ("with each column sorted", lambda x: np.sort(x, axis=0)),
    ("with the rows shifted by one place", lambda x: np.roll(x, 1, axis=0)),
    ("with the rows shifted by one place", lambda x: np.roll(x, -1, axis=0)),
    ("with the columns shifted by one place", lambda x: np.roll(x, 1, axis=1)),
    ("with the columns shifted by one place", lambda x: np.roll(x, -1, axis=1)),
)


def order_relation(pairs: Sequence[NumberPair]) -> str | None:
    """The expected numbers in another order.

    Parameters
    ----------
    pairs : sequence of NumberPair
        The failing cases; expected and received have the same shape.

    Returns
    -------
    str or None
        A clause.

    Examples
    --------
    >>> order_relation([NumberPair(np.array([3.0, 1.0, 2.0]), np.array([2.0, 1.0, 3.0]))])
    'what came out is what was expected, in reversed order'
    """
    axes = {pair.expected.ndim for pair in pairs}
    if axes not in ({1}, {2}):
        return None
    if not all(same_numbers(pair) for pair in pairs):
        return _shifted(pairs)
    arrangements = sum(_bits(pair.expected) for pair in pairs)
    distinct = {float(f"{number:.5g}") for pair in pairs for number in pair.expected.flat}
    # Two kinds of numbers meet in the same places by chance.
    if arrangements < (2.0 if len(distinct) > 2 else 6.0):
        return None
    for said, rearranged in _FLAT_ORDERS if axes == {1} else _TABLE_ORDERS:
        if all(_is_rearranged(rearranged, pair) for pair in pairs):
            return f"what came out is what was expected, {said}"
    if len(distinct) < 3 or arrangements < 4:
        return None
    if axes == {2}:
        for axis, noun in ((0, "rows"), (1, "columns")):
            if all(_same_slices(pair, axis) for pair in pairs):
                return f"what came out holds the right {noun}, in another order"
        if all(_same_numbers_along(pair, 1) for pair in pairs):
            return "what came out holds in each row the right numbers, in another order"
    return "what came out holds the right numbers, in another order"


def _same_numbers_along(pair: NumberPair, axis: int) -> bool:
    return same(np.sort(pair.expected, axis=axis), np.sort(pair.received, axis=axis))


def _same_slices(pair: NumberPair, axis: int) -> bool:
    """Whether rows (axis 0) or columns (axis 1) are the same ones, in any order."""
    slices = [pair.expected, pair.received] if axis == 0 else [pair.expected.T, pair.received.T]
    counts = [Counter(tuple(f"{x:.4g}" for x in row) for row in table[:1000]) for table in slices]
    return counts[0] == counts[1]


def _bits(numbers: np.ndarray) -> float:
    """The logarithm of the number of orders in which the numbers can stand, to base 2."""
    counts = np.unique(numbers, return_counts=True)[1]
    return (math.lgamma(numbers.size + 1) - sum(math.lgamma(n + 1) for n in counts)) / math.log(2)


def _is_rearranged(rearranged: _Rearranged, pair: NumberPair) -> bool:
    return same(pair.received, rearranged(pair.expected))


def _shifted(pairs: Sequence[NumberPair]) -> str | None:
    """Shifted by one place along the first axis, with something new at the free end."""
    kept = [(pair.expected[1:], pair.expected[1:]) for pair in pairs if len(pair.expected) > 2]
    total, _, count = evidence(kept)
    if total < ENOUGH or count < 2 or not any(_is_varied(numbers, 2) for numbers, _ in kept):
        return None
    noun = "place" if all(pair.expected.ndim == 1 for pair in pairs) else "row"
    if all(same(pair.received[1:], pair.expected[:-1]) for pair in pairs):
        return f"what came out is what was expected, shifted by one {noun} towards the end"
    if all(same(pair.received[:-1], pair.expected[1:]) for pair in pairs):
        return f"what came out is what was expected, shifted by one {noun} towards the start"
    return None


# --- sums and differences along the entries -------------------------------------------------------


def running_relation(pairs: Sequence[NumberPair]) -> str | None:
    """Running sums, or what running sums would lead to the expected numbers.

    Parameters
    ----------
    pairs : sequence of NumberPair
        The failing cases; expected and received have the same shape.

    Returns
    -------
    str or None
        A clause.

    Examples
    --------
    >>> expected = np.array([0.25, 0.513, 0.1])
    >>> running_relation([NumberPair(expected, np.cumsum(expected))])
    'what came out is the running sum of what was expected'
    """
    if any(pair.expected.ndim != 1 or pair.expected.size < 2 for pair in pairs):
        return None
    total, _, count = evidence(wrong_entries(pairs))
    if total < ENOUGH or count < 2:
        return None
    expected_first = (
        ("the running sum of what was expected", np.cumsum),
        ("the running sum of what was expected from the end", lambda x: np.cumsum(x[::-1])[::-1]),
        ("the running product of what was expected", np.cumprod),
    )
    for said, function in expected_first:
        if all(same(pair.received, function(pair.expected)) for pair in pairs):
            return f"what came out is {said}"
    for said, function in expected_first:
        if all(same(pair.expected, function(pair.received)) for pair in pairs):
            return f"what was expected is {said.replace('was expected', 'came out')}"
    return None


# --- scale and position by case, row or column ----------------------------------------------------


def scale_relation(pairs: Sequence[NumberPair]) -> str | None:
    """Right up to a factor, an offset or both that differ by case, row or column.

    Parameters
    ----------
    pairs : sequence of NumberPair
        The failing cases; expected and received have the same shape.

    Returns
    -------
    str or None
        A clause.

    Examples
    --------
    >>> expected = np.array([0.25, 0.5, 0.1, 0.15])
    >>> scale_relation([NumberPair(expected, expected * 2.718)])
    'what came out is a multiple of what was expected: it should sum to 1, and does not'
    """
    if any(pair.expected.ndim == 0 for pair in pairs):
        return None
    if not all(np.isfinite(pair.received).all() for pair in pairs):
        return None
    said = _sums_along_axes(pairs)
    if said:
        return said
    # Two numbers are always in some proportion, once a factor and an offset may be chosen.
    varied = [pair for pair in pairs if _is_varied(pair.expected, 3)]
    if not varied or (len(varied) < 2 and varied[0].expected.size < 4):
        return None
    said = _proportional(pairs) or _moved(pairs)
    if said:
        return said
    if all(pair.expected.ndim == 2 for pair in pairs):
        for axis, noun in ((0, "column"), (1, "row")):
            if not all(pair.expected.shape[axis] > 2 for pair in pairs):
                continue
            if all(_slices_hold(pair, axis, _is_proportional) for pair in pairs):
                return f"each {noun} is the right one times a factor of its own"
            if all(_slices_hold(pair, axis, _is_moved) for pair in pairs):
                return f"each {noun} is the right one plus a number of its own"
    free = sum(_distinct(pair.expected) - 2 for pair in pairs if _distinct(pair.expected) > 2)
    if free > 2 and all(_is_affine(pair.expected.ravel(), pair.received.ravel()) for pair in pairs):
        return (
            "what came out has the right proportions, but another scale and another zero: it is "
            "what was expected times one number plus another"
        )
    return None


def _is_varied(numbers: np.ndarray, least: int) -> bool:
    return _distinct(numbers) >= least


def _distinct(numbers: np.ndarray) -> int:
    """How many different numbers there are; 0 where some are not finite, or all are 0."""
    scale = np.abs(numbers).max(initial=0)
    if scale == 0 or not np.isfinite(numbers).all():
        return 0
    return len(np.unique(np.round(numbers / scale, 4)))


def _is_proportional(expected: np.ndarray, received: np.ndarray) -> bool:
    return bool(factor_of(expected, received))


def _is_moved(expected: np.ndarray, received: np.ndarray) -> bool:
    offset = np.median(received - expected)
    scale = max(np.ptp(expected), np.ptp(received))
    return bool(np.all(np.abs(received - expected - offset) <= 1e-4 * scale))


def _slices_hold(pair: NumberPair, axis: int, holds: Callable) -> bool:
    expected, received = np.moveaxis(pair.expected, axis, 1), np.moveaxis(pair.received, axis, 1)
    if len(expected) < 2 or len(expected) > 500 or not all(_is_varied(e, 3) for e in expected):
        return False
    return all(holds(e, r) for e, r in zip(expected, received, strict=True))


def _is_affine(expected: np.ndarray, received: np.ndarray) -> bool:
    low, high = np.argmin(expected), np.argmax(expected)
    if expected[low] == expected[high]:
        return bool(np.ptp(received) <= 1e-4 * np.abs(received).max(initial=0))
    scale = (received[high] - received[low]) / (expected[high] - expected[low])
    if scale == 0:
        return False
    predicted = received[low] + scale * (expected - expected[low])
    return bool(np.all(np.abs(predicted - received) <= 1e-4 * np.ptp(received)))


def _sums_to_one(numbers: np.ndarray, axis: int | None) -> bool:
    return bool(np.all(np.abs(numbers.sum(axis=axis) - 1) < 1e-4))


def _sums_along_axes(pairs: Sequence[NumberPair]) -> str | None:
    """Numbers that sum to 1 along one axis, and should do so along another."""
    if any(pair.expected.ndim != 2 or min(pair.expected.shape) < 2 for pair in pairs):
        return None
    ways = ((1, "each row"), (0, "each column"), (None, "all of it together"))
    for axis, wanted in ways:
        if not all(_sums_to_one(pair.expected, axis) for pair in pairs):
            continue
        if any(_sums_to_one(pair.received, axis) for pair in pairs):
            return None
        for other, got in ways:
            if other != axis and all(_sums_to_one(pair.received, other) for pair in pairs):
                return f"{got} sums to 1 in what came out; {wanted} should"
        return None
    return None


def _proportional(pairs: Sequence[NumberPair]) -> str | None:
    if not all(_is_proportional(pair.expected, pair.received) for pair in pairs):
        return None
    if all(_sums_to_one(pair.expected, None) for pair in pairs):
        return "what came out is a multiple of what was expected: it should sum to 1, and does not"
    if all(_sums_to_one(pair.received, None) for pair in pairs):
        return "what came out is what was expected, scaled so that it sums to 1"
    if all(close(np.abs(pair.received).max(), np.array(1.0)) for pair in pairs):
        return "what came out is what was expected, scaled so that the largest number is 1"
    if all(close(np.linalg.norm(pair.received), np.array(1.0)) for pair in pairs):
        return "what came out is what was expected, scaled to length 1"
    if len(pairs) < 2:
        return None
    return "what came out is a multiple of what was expected, with another factor each time"


def _moved(pairs: Sequence[NumberPair]) -> str | None:
    if len(pairs) < 2 or not all(_is_moved(pair.expected, pair.received) for pair in pairs):
        return None
    if all(abs(pair.received.mean()) < 1e-6 * np.ptp(pair.received) for pair in pairs):
        return "what came out is what was expected, moved so that its mean is 0"
    if all(abs(pair.expected.mean()) < 1e-6 * np.ptp(pair.expected) for pair in pairs):
        return "what came out is what was expected, moved by one number: its mean should be 0"
    return "what came out is what was expected plus one number, another one each time"
