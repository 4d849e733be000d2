"""Compare a reader's result with the expected one and say in one sentence how they differ."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np

from utils.display import (
    DIGITS,
    FEW,
    WHOLE,
    describe,
    excerpt,
    is_array,
    is_number,
    one_line,
    to_numpy,
)

COMMA = "the result is a tuple of one value: is there a comma behind it that should not be there?"
NO_RESULT = "the result is None: is there a `return` on every path?"
SINGLE_PRECISION = 3e-5  # of the largest number: the error that float32 may leave in a result
AT_A_GLANCE = 8  # in so few entries the one that differs is seen without its position


@dataclass(frozen=True)
class Tolerance:
    """How far numbers may be apart and agree.

    Parameters
    ----------
    rtol, atol : float
        Numbers agree when ``|received − expected| ≤ atol + rtol·|expected|``.
    single_precision : bool
        Whether numbers that were computed in single precision may differ by ``SINGLE_PRECISION``
        of the largest expected one besides.
    scale : float
        The largest expected number that belongs with those compared, where more than they do.
    """

    rtol: float
    atol: float
    single_precision: bool = False
    scale: float = 0.0


def difference(
    expected: Any,
    received: Any,
    *,
    rtol: float = 1e-6,
    atol: float = 1e-8,
    single_precision: bool = False,
) -> str | None:
    """Say how ``received`` differs from ``expected``.

    Kinds are forgiven where nothing is lost: a list for an array, a tensor for an array, float64
    for float32, a list for a tuple. Shapes and values are not.

    Parameters
    ----------
    expected, received : Any
        Numbers, texts, arrays, tensors, or lists, tuples and dictionaries of them; other objects
        are compared by their own ``==`` if they are of related types.
    rtol, atol : float
        Numbers agree when ``|received − expected| ≤ atol + rtol·|expected|``, integers within
        ``atol`` alone; NaN agrees with NaN.
    single_precision : bool
        Whether numbers that were computed in single precision, see :func:`in_single_precision`,
        may differ by ``SINGLE_PRECISION`` of the largest expected one besides.

    Returns
    -------
    str or None
        One sentence without a full stop; None when the two agree.

    Raises
    ------
    ValueError
        When ``expected`` is a tensor that cannot be read: a fault of whoever declares it.

    Examples
    --------
    >>> difference(np.array([1.0, 2.0]), [1, 2]) is None
    True
    >>> difference(np.array([1.0, 2.0]), [1, 2, 3])
    'expected shape (2,), received shape (3,)'
    >>> difference({"mean": 2.0}, {"mean": 2.5})
    "under key 'mean': expected 2, received 2.5"
    """
    return _difference(expected, received, Tolerance(rtol, atol, single_precision))


def _difference(expected: Any, received: Any, tolerance: Tolerance) -> str | None:
    if expected is None:
        return None if received is None else f"expected None, received {describe(received)}"
    if received is None:
        return NO_RESULT
    if isinstance(expected, str):
        return _text_difference(expected, received)
    if is_number(expected) or is_array(expected):
        return _number_difference(expected, received, tolerance)
    if isinstance(expected, (list, tuple)):
        return _sequence_difference(expected, received, tolerance)
    if isinstance(expected, Mapping):
        return _mapping_difference(expected, received, tolerance)
    return _object_difference(expected, received)


def agrees(expected: Any, received: Any, *, rtol: float = 1e-6, atol: float = 1e-8) -> bool:
    """Whether :func:`difference` finds nothing.

    Parameters
    ----------
    expected, received : Any
        The two values.
    rtol, atol : float
        As for :func:`difference`.

    Returns
    -------
    bool
        False also for objects that resist comparison.

    Examples
    --------
    >>> agrees((1, 2.0), [1, 2])
    True
    """
    try:
        return difference(expected, received, rtol=rtol, atol=atol) is None
    except Exception:
        return False


# --- texts and objects --------------------------------------------------------------------------


def _text_difference(expected: str, received: Any) -> str | None:
    if not isinstance(received, str):
        return f"expected text, received {describe(received)}"
    if expected == received:
        return None
    if expected.split() == received.split():
        return f"the words are right, the white space is not: expected {repr(expected)[:300]}"
    return f"expected {one_line(repr(expected))}, received {one_line(repr(received))}"


def _object_difference(expected: Any, received: Any) -> str | None:
    # A stranger's __eq__ is not asked: it may say yes to everything.
    related = isinstance(received, Set if isinstance(expected, Set) else type(expected))
    try:
        agree = related and bool(expected == received)
    except Exception:
        agree = False
    return None if agree else f"expected {describe(expected)}, received {describe(received)}"


# --- numbers and arrays -------------------------------------------------------------------------


def _number_difference(expected: Any, received: Any, tolerance: Tolerance) -> str | None:
    """How ``received`` differs from a number, an array or a tensor."""
    if isinstance(received, (str, bytes, Mapping, Set)) or callable(received):
        return f"expected {_kind(expected)}, received {describe(received)}"
    if isinstance(expected, int) and isinstance(received, int):
        if abs(expected - received) <= tolerance.atol:  # exact, whatever their size
            return None
        return f"expected {describe(expected)}, received {describe(received)}"
    is_listed = isinstance(received, (list, tuple, range))
    if not (is_number(received) or is_array(received) or is_listed):
        return f"expected {_kind(expected)}, received {describe(received)}"
    return _array_difference(to_numpy(expected), received, tolerance)


def _kind(expected: Any) -> str:
    if isinstance(expected, (bool, np.bool_)):
        return "True or False"
    if is_number(expected):
        return "a number"
    return f"an array of shape {tuple(expected.shape)}"


def _array_difference(expected: np.ndarray, received: Any, tolerance: Tolerance) -> str | None:
    try:
        array = to_numpy(received)
    except ValueError as error:
        return f"expected an array of shape {expected.shape}, received {error}"
    problem = _form_difference(expected, array, received)
    if problem:
        return problem
    if array.dtype.kind in "biu" and expected.dtype.kind in "biu":
        # Counts are exact: one in a million is one too many.
        tolerance = replace(tolerance, rtol=0.0)
    elif tolerance.single_precision and expected.dtype.kind in "fc":
        tolerance = _for_single_precision(expected, array, tolerance)
    array = array.astype(np.result_type(array, 1.0))
    expected = expected.astype(np.result_type(expected, 1.0))
    return _strange_entry(expected, array) or _entry_difference(expected, array, tolerance)


def _form_difference(expected: np.ndarray, array: np.ndarray, received: Any) -> str | None:
    """A difference in kind or shape; ``array`` holds what was ``received``."""
    if array.dtype.kind not in "biufc":
        return f"expected numbers, received {describe(received)}"
    if array.dtype.kind == "c" and expected.dtype.kind != "c":
        return "expected real numbers, received complex ones"
    if array.shape != expected.shape:
        if _is_tuple_of_one(received) and array.shape == (1, *expected.shape):
            return COMMA
        wanted = f"shape {expected.shape}" if expected.shape else "a single number"
        came = f"shape {array.shape}" if array.shape else "a single number"
        return f"expected {wanted}, received {came}"
    return None


def _is_tuple_of_one(received: Any) -> bool:
    return type(received) is tuple and len(received) == 1


def _strange_entry(expected: np.ndarray, array: np.ndarray) -> str | None:
    """The first NaN or infinity that is not expected."""
    both_nan = np.isnan(array) & np.isnan(expected)
    strange = ~np.isfinite(array) & ~((array == expected) | both_nan)
    if not strange.any():
        return None
    where = _first(strange)
    what = "NaN (not a number)" if np.isnan(array[where]) else "infinity"
    place = f" at position {_position(where)}" if where else ""
    return f"the result holds {what}{place}; expected {excerpt(expected[where])}"


def _entry_difference(expected: np.ndarray, array: np.ndarray, tolerance: Tolerance) -> str | None:
    """How many entries differ, and the first that does."""
    with np.errstate(all="ignore"):
        close = np.isclose(
            array, expected, rtol=tolerance.rtol, atol=tolerance.atol, equal_nan=True
        )
    if close.all():
        return None
    where = _first(~close)
    wanted, got = _told_apart(expected[where], array[where])
    if not close.shape:
        return f"expected {wanted}, received {got}"
    count = int((~close).sum())
    differ = "entry differs" if close.size == 1 else "entries differ"
    # The feedback shows so few entries as a whole.
    if close.size <= AT_A_GLANCE and wanted == f"{expected[where]:.6g}":
        return f"{count} of {close.size} {differ}"
    return (
        f"{count:,} of {close.size:,} {differ}, the first at position "
        f"{_position(where)}: expected {wanted}, received {got}"
    )


def _told_apart(expected: np.generic, received: np.generic) -> tuple[str, str]:
    """Two different numbers with as many digits as it takes to see a difference."""
    for digits in range(6, 18):
        wanted = f"{expected:.{digits}g}"
        got = f"{received:.{digits}g}"
        if wanted != got:
            break
    return wanted, got


def _for_single_precision(
    expected: np.ndarray, array: np.ndarray, tolerance: Tolerance
) -> Tolerance:
    """The tolerance for an array, which is wider where it was computed in single precision."""
    if not in_single_precision(array):
        return tolerance
    largest = np.max(np.abs(expected), initial=tolerance.scale, where=np.isfinite(expected))
    return replace(tolerance, atol=tolerance.atol + SINGLE_PRECISION * float(largest))


def in_single_precision(array: np.ndarray) -> bool:
    """Whether numbers were computed in single precision, as float32.

    ``.item()`` and ``.tolist()`` make Python's floats of them, which have double precision; they
    are known by their values then.

    Parameters
    ----------
    array : ndarray
        The numbers. Half precision counts as single, and gets no wider tolerance than that.

    Returns
    -------
    bool
        By dtype; in double precision where float32 could hold each number, and one of them at
        least has more than nine digits, as whole numbers and short fractions like 0.5 have not.

    Examples
    --------
    >>> in_single_precision(np.array([0.5, np.float32(1 / 3)], dtype=np.float64))
    True
    >>> in_single_precision(np.array([0.5, 1 / 3])), in_single_precision(np.array([0.5, 3.0]))
    (False, False)
    """
    if array.dtype.kind == "c":
        return array.dtype == np.complex64
    if array.dtype.kind != "f" or array.dtype.itemsize < 8:
        return array.dtype.kind == "f"
    finite = array[np.isfinite(array)]
    with np.errstate(all="ignore"):
        if not np.array_equal(finite.astype(np.float32), finite):
            return False
    return any(f"{number:.9g}" != f"{number:.17g}" for number in finite.ravel()[:1_000])


def _first(mask: np.ndarray) -> tuple[int, ...]:
    """The position of the first True; ``()`` in an array without axes."""
    return tuple(int(index) for index in np.argwhere(mask)[0])


def _position(where: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, where))}]"


# --- values that hold others --------------------------------------------------------------------


def _sequence_difference(expected: list | tuple, received: Any, tolerance: Tolerance) -> str | None:
    if is_array(received) and len(received.shape) > 0:
        received = list(received)
    if not isinstance(received, (list, tuple)):
        number = "the number " if is_number(received) else ""
        return f"expected {_several(expected)}, received {number}{describe(received)}"
    if len(received) != len(expected):
        if _is_tuple_of_one(received) and isinstance(received[0], (list, tuple)):
            return COMMA
        return f"expected {_values(expected)}, received {len(received)}"
    if isinstance(expected, list):
        # The numbers of a list belong together; those of a tuple may be of different kinds.
        tolerance = replace(tolerance, scale=_largest(expected))
    for position, (wanted, got) in enumerate(zip(expected, received, strict=True), start=1):
        problem = _difference(wanted, got, tolerance)
        if problem:
            return f"value {position} of {len(expected)}: {problem}"
    return None


def _several(expected: list | tuple) -> str:
    if type(expected) is tuple and len(expected) == 2:
        return "a pair (tuple)"
    return f"a {type(expected).__name__} of {_values(expected)}"


def _values(expected: list | tuple) -> str:
    return "1 value" if len(expected) == 1 else f"{len(expected)} values"


def _largest(values: list) -> float:
    """The size of the largest finite number among a list's own items; 0 where there is none."""
    numbers = [abs(value) for value in values if isinstance(value, (int, float, np.number))]
    return float(max((number for number in numbers if np.isfinite(number)), default=0.0))


def _mapping_difference(expected: Mapping, received: Any, tolerance: Tolerance) -> str | None:
    if not isinstance(received, Mapping):
        return f"expected a dictionary, received {describe(received)}"
    problem = _key_difference(expected, received)
    if problem:
        return problem
    for key, wanted in expected.items():
        problem = _difference(wanted, received[key], tolerance)
        if problem:
            return f"under key {_key(key)}: {problem}"
    return None


def _key_difference(expected: Mapping, received: Mapping) -> str | None:
    missing = [key for key in expected if key not in received]
    surplus = [key for key in received if key not in expected]
    parts = []
    if missing:
        parts.append(f"key {_key(missing[0])} is missing")
    if surplus:
        parts.append(f"key {_key(surplus[0])} is not expected")
    return "; ".join(parts) or None


def _key(key: Any) -> str:
    return one_line(repr(key), 60)


# --- digits -------------------------------------------------------------------------------------


def digits_apart(expected: Any, received: Any, *, rtol: float = 1e-6, atol: float = 1e-8) -> int:
    """How many digits behind the point it takes to see where two values differ.

    Parameters
    ----------
    expected, received : Any
        As for :func:`difference`.
    rtol, atol : float
        What counts as a difference.

    Returns
    -------
    int
        ``DIGITS`` where that is enough; at most 17.

    Examples
    --------
    >>> digits_apart(np.array([0.5, 0.123456]), np.array([0.5, 0.123459]))
    6
    """
    with contextlib.suppress(Exception):
        return _digits_apart(expected, received, rtol, atol)
    return DIGITS


def _digits_apart(expected: Any, received: Any, rtol: float, atol: float) -> int:
    if isinstance(expected, (list, tuple)):
        pairs = zip(expected, received, strict=False)
    elif isinstance(expected, Mapping):
        pairs = ((expected[key], received[key]) for key in expected if key in received)
    else:
        return _digits_of_numbers(to_numpy(expected), to_numpy(received), rtol, atol)
    shown = islice(pairs, WHOLE)
    return max((digits_apart(*pair, rtol=rtol, atol=atol) for pair in shown), default=DIGITS)


def _digits_of_numbers(expected: np.ndarray, received: np.ndarray, rtol: float, atol: float) -> int:
    """The same for two arrays, of which the entries that are shown are looked at."""
    if expected.shape != received.shape:
        return DIGITS
    shown = expected.size if expected.size <= WHOLE else FEW
    pairs = [
        (wanted, got)
        for wanted, got in zip(expected.ravel()[:shown], received.ravel()[:shown], strict=True)
        if not np.isclose(got, wanted, rtol=rtol, atol=atol, equal_nan=True)
    ]
    for digits in range(DIGITS, 17):
        # Whether an array is written with exponents depends on all of its entries.
        if all(
            f"{wanted:.{digits}{form}}" != f"{got:.{digits}{form}}"
            for wanted, got in pairs
            for form in "ef"
        ):
            return digits
    return 17
