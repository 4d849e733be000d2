"""How much it says that received numbers stand in a relation to the expected ones.

Between two numbers there is always some relation: 0.25 is half of 0.5, and its square as well. So a
relation is believed only where enough numbers agree in it that would hardly do so by chance, which
:func:`evidence` counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

RELATIVE = 1e-4  # numbers count as the same up to this part of their size: single precision does
MOST_COUNTED = 50  # distinct numbers of one case that are weighed; more say nothing more


@dataclass(frozen=True)
class NumberPair:
    """The expected and the received numbers of one failing case.

    Parameters
    ----------
    expected, received : ndarray
        Real numbers as floats, of any shape, one without axes for a single number.
    inputs : mapping of str to ndarray
        Those inputs of the case that are numbers, by the names that a sentence calls them.
    rtol, atol : float
        The exercise's tolerance.
    whole : bool
        Whether both sides are of a type that has no fractions.
    truth : bool
        Whether both sides are True or False.
    """

    expected: np.ndarray
    received: np.ndarray
    inputs: Mapping[str, np.ndarray] = field(default_factory=dict)
    rtol: float = 1e-6
    atol: float = 1e-8
    whole: bool = False
    truth: bool = False

    @cached_property
    def same_shape(self) -> bool:
        """Whether both have the same shape."""
        return self.expected.shape == self.received.shape

    @cached_property
    def right(self) -> np.ndarray:
        """Which entries are right, as a mask; both sides must have the same shape."""
        rtol = 0.0 if self.whole else max(self.rtol, 1e-5)
        with np.errstate(all="ignore"):
            return np.isclose(
                self.received, self.expected, rtol=rtol, atol=self.atol, equal_nan=True
            )

    @cached_property
    def wrong(self) -> np.ndarray:
        """Which entries are wrong, as a mask; both sides must have the same shape."""
        return ~self.right


def close(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Which entries of two arrays are the same number up to the precision of float32.

    Parameters
    ----------
    first, second : ndarray
        Arrays of the same shape, or such that broadcast.

    Returns
    -------
    ndarray of bool
        Compared relatively: an absolute tolerance would find all small numbers the same. Entries
        that are tiny beside the others of their array may be off by rounding. NaN is NaN, and
        infinity is infinity.

    Examples
    --------
    >>> close(np.array([1.0, 2e-9]), np.array([1.000001, 2e-9])).tolist()
    [True, True]
    >>> bool(close(np.array(1e-9), np.array(2e-9)))
    False
    """
    finite = np.abs(second[np.isfinite(second)])
    scale = float(finite.max()) if finite.size else 0.0
    with np.errstate(all="ignore"):
        return np.isclose(first, second, rtol=RELATIVE, atol=1e-6 * scale, equal_nan=True)


def same(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether two arrays have the same shape and are :func:`close` in every entry.

    Parameters
    ----------
    first, second : ndarray
        Any two arrays.

    Returns
    -------
    bool
        For large arrays a few entries are looked at first.

    Examples
    --------
    >>> same(np.ones(3), np.ones(4))
    False
    """
    if first.shape != second.shape:
        return False
    if first.size > 1000:
        step = first.size // 100
        if not close(first.ravel()[::step], second.ravel()[::step]).all():
            return False
    return bool(close(first, second).all())


def same_numbers(pair: NumberPair) -> bool:
    """Whether received and expected are the same numbers, in whatever order and shape.

    Parameters
    ----------
    pair : NumberPair
        One failing case.

    Returns
    -------
    bool
        Each number is there as often as expected.

    Examples
    --------
    >>> same_numbers(NumberPair(np.array([1.0, 2.0]), np.array([[2.0], [1.0]])))
    True
    """
    return same(np.sort(pair.expected, axis=None), np.sort(pair.received, axis=None))


def weight(number: float) -> float:
    """How much a coincidence with this number says, from 0 (nothing) to 1.

    Parameters
    ----------
    number : float
        Any number.

    Returns
    -------
    float
        Small whole numbers and simple fractions meet by chance, 0 and infinity in every relation.

    Examples
    --------
    >>> weight(0.0), weight(0.5), weight(37.0), weight(0.4172803)
    (0.0, 0.4, 0.6, 1.0)
    """
    number = abs(number)
    if number == 0 or not np.isfinite(number):
        return 0.0
    for denominator in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12):
        multiple = number * denominator
        if abs(multiple - round(multiple)) <= 1e-6 * multiple and multiple > 0.5:
            if multiple <= 12:
                return 0.4
            return 0.6 if multiple <= 120 else 0.8
    if abs(number * 1000 - round(number * 1000)) <= 1e-6 * number:
        return 0.8
    return 1.0


def evidence(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[float, float, int]:
    """How much it says that pairs of numbers stand in one relation.

    Parameters
    ----------
    pairs : sequence of (ndarray, ndarray)
        Expected and received entries that the relation explains, of the same shapes.

    Returns
    -------
    total : float
        The weights of all distinct pairs of numbers; a pair weighs what its heavier number does.
    without_best : float
        The same without the heaviest, which pays for a constant that was read off the numbers.
    count : int
        How many distinct pairs there are.

    Examples
    --------
    >>> expected, received = np.array([1.0, 3.0, 3.0]), np.array([2.0, 6.0, 6.0])
    >>> total, without_best, count = evidence([(expected, received)])
    >>> round(total, 1), round(without_best, 1), count
    (0.8, 0.4, 2)
    """
    distinct = set()
    for expected, received in pairs:
        both = np.stack([np.ravel(expected), np.ravel(received)], axis=1)
        if len(both) > 20 * MOST_COUNTED:
            both = both[:: len(both) // (20 * MOST_COUNTED)]
        rounded = {(float(f"{one:.5g}"), float(f"{other:.5g}")) for one, other in both.tolist()}
        distinct.update(sorted(rounded, key=str)[:MOST_COUNTED])
    weights = [max(weight(one), weight(other)) for one, other in distinct]
    weights = [each for each in weights if each > 0]
    total = sum(weights)
    return total, total - max(weights, default=0.0), len(weights)


def wrong_entries(pairs: Sequence[NumberPair]) -> list[tuple[np.ndarray, np.ndarray]]:
    """The expected and the received entries where they differ, of pairs of the same shapes.

    Parameters
    ----------
    pairs : sequence of NumberPair
        The failing cases.

    Returns
    -------
    list of (ndarray, ndarray)
        Flat arrays, one pair for each case.

    Examples
    --------
    >>> wrong_entries([NumberPair(np.array([1.0, 2.0]), np.array([1.0, 3.0]))])
    [(array([2.]), array([3.]))]
    """
    return [(pair.expected[pair.wrong], pair.received[pair.wrong]) for pair in pairs]
