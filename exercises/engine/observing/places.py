"""Where an array is wrong: the first entry only, the diagonal, where 0 was expected, too large.

Every function takes the failing cases and returns a clause that is true of all of them ("only the
last entry is wrong"), or None.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from exercises.engine.observing.evidence import NumberPair, evidence, wrong_entries
from exercises.engine.observing.relations import is_binary

# --- places ---------------------------------------------------------------------------------------


def place_relation(pairs: Sequence[NumberPair]) -> str | None:
    """The only places at which entries are wrong, and what came out there.

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
    >>> expected = np.array([0.25, 0.5, 0.1])
    >>> place_relation([NumberPair(expected, np.array([0.25, 0.5, 0.7]))])
    'only the last entry is wrong'
    """
    if any(pair.expected.ndim == 0 or pair.expected.size < 3 for pair in pairs):
        return None
    if not any(_has_telling_right_entries(pair) for pair in pairs):
        return None
    for said, mask_of in _PLACES:
        masks = [mask_of(pair.expected) for pair in pairs]
        if any(mask is None or mask.all() for mask in masks):
            continue
        if said.endswith("right") and not _is_no_chance(pairs):
            continue
        if all(np.array_equal(pair.wrong, mask) for pair, mask in zip(pairs, masks, strict=True)):
            return said + _what_came_out_there(pairs)
    return _places_within(pairs) or _kinds_of_entries(pairs)


def _has_telling_right_entries(pair: NumberPair) -> bool:
    """Whether entries are right that an empty or constant answer would not have."""
    right = pair.expected[pair.right]
    return bool(right.size) and len(np.unique(pair.received)) > 1


def _is_no_chance(pairs: Sequence[NumberPair]) -> bool:
    """Whether the few entries that are right are such as hardly come out by chance."""
    right = [(pair.expected[pair.right], pair.received[pair.right]) for pair in pairs]
    return evidence(right)[0] >= 1


def _what_came_out_there(pairs: Sequence[NumberPair]) -> str:
    """A half-sentence where the same number came out at all wrong places, or "" ."""
    received = np.concatenate([received for _, received in wrong_entries(pairs)])
    if received.size < 2 or not np.all(received == received[0]):
        return ""
    return f", and {_number(received[0])} came out there"


def _number(number: float) -> str:
    return f"{number:.4g}".replace("-", "−")


def _first(numbers: np.ndarray) -> np.ndarray | None:
    mask = np.zeros(numbers.shape, dtype=bool)
    mask[0] = True
    return mask if len(numbers) > 1 else None


def _last(numbers: np.ndarray) -> np.ndarray | None:
    mask = np.zeros(numbers.shape, dtype=bool)
    mask[-1] = True
    return mask if len(numbers) > 1 else None


def _one_axis(mask_of: Callable) -> Callable:
    return lambda numbers: mask_of(numbers) if numbers.ndim == 1 else None


def _rows(mask_of: Callable) -> Callable:
    return lambda numbers: mask_of(numbers) if numbers.ndim > 1 else None


def _columns(mask_of: Callable) -> Callable:
    def columns(numbers: np.ndarray) -> np.ndarray | None:
        mask = mask_of(numbers.T) if numbers.ndim == 2 else None
        return None if mask is None else mask.T

    return columns


def _all_but(mask_of: Callable) -> Callable:
    def others(numbers: np.ndarray) -> np.ndarray | None:
        mask = mask_of(numbers)
        return None if mask is None or numbers.size < 3 else ~mask

    return others


def _both_ends(numbers: np.ndarray) -> np.ndarray | None:
    return _first(numbers) | _last(numbers) if numbers.ndim == 1 and numbers.size > 3 else None


def _diagonal(numbers: np.ndarray) -> np.ndarray | None:
    if numbers.ndim != 2 or numbers.shape[0] != numbers.shape[1] or len(numbers) < 2:
        return None
    return np.eye(len(numbers), dtype=bool)


def _above(numbers: np.ndarray) -> np.ndarray | None:
    if _diagonal(numbers) is None:
        return None
    return np.triu(np.ones(numbers.shape, dtype=bool), 1)


def _below(numbers: np.ndarray) -> np.ndarray | None:
    above = _above(numbers)
    return None if above is None else above.T


def _border(numbers: np.ndarray) -> np.ndarray | None:
    if numbers.ndim != 2 or min(numbers.shape) < 3:
        return None
    mask = np.ones(numbers.shape, dtype=bool)
    mask[1:-1, 1:-1] = False
    return mask


_PLACES: tuple[tuple[str, Callable[[np.ndarray], np.ndarray | None]], ...] = (
    ("only the first entry is wrong", _one_axis(_first)),
    ("only the last entry is wrong", _one_axis(_last)),
    ("only the first and the last entry are wrong", _both_ends),
    ("only the first entry is right", _all_but(_one_axis(_first))),
    ("only the last entry is right", _all_but(_one_axis(_last))),
    ("only the diagonal is wrong", _diagonal),
    ("only the diagonal is right", _all_but(_diagonal)),
    ("only the entries above the diagonal are wrong", _above),
    ("only the entries below the diagonal are wrong", _below),
    ("only the first row is wrong", _rows(_first)),
    ("only the last row is wrong", _rows(_last)),
    ("only the first column is wrong", _columns(_first)),
    ("only the last column is wrong", _columns(_last)),
    ("only the first row is right", _all_but(_rows(_first))),
    ("only the last row is right", _all_but(_rows(_last))),
    ("only the first column is right", _all_but(_columns(_first))),
    ("only the last column is right", _all_but(_columns(_last))),
    ("only the entries at the border are wrong", _border),
    ("only the entries at the border are right", _all_but(_border)),
)
# Places in which not every entry needs to be wrong.
_REGIONS: tuple[tuple[str, Callable[[np.ndarray], np.ndarray | None]], ...] = (
    ("on the diagonal", _diagonal),
    ("above the diagonal", _above),
    ("below the diagonal", _below),
    ("in the first row", _rows(_first)),
    ("in the last row", _rows(_last)),
    ("in the first column", _columns(_first)),
    ("in the last column", _columns(_last)),
    ("at the border", _border),
)


def _places_within(pairs: Sequence[NumberPair]) -> str | None:
    for said, mask_of in _REGIONS:
        masks = [mask_of(pair.expected) for pair in pairs]
        if any(mask is None or mask.all() for mask in masks):
            continue
        inside = all(not np.any(pair.wrong & ~m) for pair, m in zip(pairs, masks, strict=True))
        # As many wrong entries elsewhere would be outside with near certainty.
        by_chance = math.prod(
            (mask.sum() / mask.size) ** int(pair.wrong.sum())
            for pair, mask in zip(pairs, masks, strict=True)
        )
        if inside and by_chance < 0.02:
            there = _what_came_out_there(pairs)
            return f"all wrong entries stand {said}{there}"
    return None


_KINDS: tuple[tuple[str, str, Callable[[np.ndarray], np.ndarray]], ...] = (
    ("is 0", "0", lambda x: x == 0),
    ("is 1", "1", lambda x: x == 1),
    ("is negative", "negative", lambda x: x < 0),
    ("is positive", "positive", lambda x: x > 0),
    ("is not 0", "not 0", lambda x: x != 0),
    ("is larger than 1", "larger than 1", lambda x: x > 1),
    ("is the largest", "the largest", lambda x: x == np.max(x)),
    ("is the smallest", "the smallest", lambda x: x == np.min(x)),
    ("is NaN", "NaN", np.isnan),
    ("is infinite", "infinite", np.isinf),
)


def _kinds_of_entries(pairs: Sequence[NumberPair]) -> str | None:
    """What the right numbers have in common at all wrong places, and at no right one."""
    if sum(int(pair.wrong.sum()) for pair in pairs) < 2:
        return None
    if all(is_binary(pair) for pair in pairs):
        return None
    for said, _, kind in _KINDS:
        if all(np.array_equal(pair.wrong, kind(pair.expected)) for pair in pairs):
            if sum(int(pair.right.sum()) for pair in pairs) < 3:
                continue
            there = _what_came_out_there(pairs)
            return f"exactly those entries are wrong whose right value {said}{there}"
    return None


def single_entry(pairs: Sequence[NumberPair]) -> str | None:
    """Only one entry wrong, at a place that varies.

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
    >>> expected = np.arange(5.0)
    >>> single_entry([NumberPair(expected, np.array([0, 1, 9, 3, 4.0]))])
    'only one entry of 5 is wrong'
    """
    if any(pair.expected.size < 4 or int(pair.wrong.sum()) != 1 for pair in pairs):
        return None
    if not any(_has_telling_right_entries(pair) for pair in pairs):
        return None
    sizes = {pair.expected.size for pair in pairs}
    of = f" of {sizes.pop()}" if len(sizes) == 1 else ""
    return f"only one entry{of} is wrong"


# --- the numbers 0 and 1, True and False ----------------------------------------------------------


def binary_relation(pairs: Sequence[NumberPair], *, names: tuple[str, str]) -> str | None:
    """For arrays of two values: exchanged, too many or too few of one of them.

    Parameters
    ----------
    pairs : sequence of NumberPair
        The failing cases; expected and received have the same shape.
    names : tuple of str
        How the two values are called: "0" and "1", or "False" and "True".

    Returns
    -------
    str or None
        A clause.

    Examples
    --------
    >>> expected, received = np.array([0.0, 1, 1, 1, 0]), np.array([0.0, 0, 1, 0, 0])
    >>> binary_relation([NumberPair(expected, received)], names=("False", "True"))
    'every wrong entry is False and should be True; none is wrong the other way round'
    """
    if not all(map(is_binary, pairs)):
        return None
    zero, one = names
    if all(pair.expected.ndim == 0 for pair in pairs):
        expected = {float(pair.expected) for pair in pairs}
        if len(pairs) < 2 or len(expected) > 1:
            return None  # of two values every wrong one is the other
        wanted, got = (one, zero) if expected == {1.0} else (zero, one)
        return f"{got} came out where {wanted} was expected"
    wrong = np.concatenate([expected for expected, _ in wrong_entries(pairs)])
    everything = np.concatenate([pair.expected.ravel() for pair in pairs])
    if wrong.size == everything.size and len(np.unique(wrong)) == 2 and wrong.size > 4:
        return f"{zero} and {one} are exchanged"
    if wrong.size < 2 or len(np.unique(wrong)) > 1:
        return None
    right = np.concatenate([pair.expected[pair.right] for pair in pairs])
    if not right.size or len(np.unique(everything)) < 2:
        return None
    should, came = (one, zero) if wrong[0] == 1 else (zero, one)
    return f"every wrong entry is {came} and should be {should}; none is wrong the other way round"


# --- the last resort ------------------------------------------------------------------------------


def direction(pairs: Sequence[NumberPair]) -> str | None:
    """Whether all that is wrong is too large, or all too small.

    Parameters
    ----------
    pairs : sequence of NumberPair
        The failing cases; expected and received have the same shape.

    Returns
    -------
    str or None
        A clause; None also where there are so few numbers that it could be chance.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> cases = [rng.normal(size=6) for _ in range(3)]
    >>> direction([NumberPair(numbers, numbers + rng.random(6)) for numbers in cases])
    'every number that is wrong is too large'
    """
    differences = np.concatenate(
        [received - expected for expected, received in wrong_entries(pairs)]
    )
    if not np.isfinite(differences).all():
        return None
    if evidence(wrong_entries(pairs))[2] < (4 if len(pairs) >= 4 else 8):
        return None
    if len(pairs) < 2:
        return None
    single = all(pair.expected.ndim == 0 for pair in pairs)
    subject = "what came out" if single else "every number that is wrong"
    if np.all(differences > 0):
        return f"{subject} is too large"
    if np.all(differences < 0):
        return f"{subject} is too small"
    return None
