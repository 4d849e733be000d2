"""Compare a reader's result with the expected one and say in one sentence how they differ."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any

import numpy as np

from utils.display import WHOLE, describe, excerpt, is_array, is_number, one_line, to_numpy

NO_RESULT = "the result is None: is there a `return` on every path?"


def difference(
    expected: Any, received: Any, *, rtol: float = 1e-6, atol: float = 1e-8
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
    if expected is None:
        return None if received is None else f"expected None, received {describe(received)}"
    if received is None:
        return NO_RESULT
    if isinstance(expected, str):
        return _text_difference(expected, received)
    if is_number(expected) or is_array(expected):
        return _number_difference(expected, received, rtol, atol)
    if isinstance(expected, (list, tuple)):
        return _sequence_difference(expected, received, rtol, atol)
    if isinstance(expected, Mapping):
        return _mapping_difference(expected, received, rtol, atol)
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


def _number_difference(expected: Any, received: Any, rtol: float, atol: float) -> str | None:
    """How ``received`` differs from a number, an array or a tensor."""
    if isinstance(received, (str, bytes, Mapping, Set)) or callable(received):
        return f"expected {_kind(expected)}, received {describe(received)}"
    if isinstance(expected, int) and isinstance(received, int):
        if abs(expected - received) <= atol:  # exact, whatever their size
            return None
        return f"expected {describe(expected)}, received {describe(received)}"
    is_listed = isinstance(received, (list, tuple, range))
    if not (is_number(received) or is_array(received) or is_listed):
        return f"expected {_kind(expected)}, received {describe(received)}"
    return _array_difference(to_numpy(expected), received, rtol, atol)


def _kind(expected: Any) -> str:
    if isinstance(expected, (bool, np.bool_)):
        return "True or False"
    if is_number(expected):
        return "a number"
    return f"an array of shape {tuple(expected.shape)}"


def _array_difference(expected: np.ndarray, received: Any, rtol: float, atol: float) -> str | None:
    try:
        array = to_numpy(received)
    except ValueError as error:
        return f"expected an array of shape {expected.shape}, received {error}"
    problem = _form_difference(expected, array, received)
    if problem:
        return problem
    if array.dtype.kind in "biu" and expected.dtype.kind in "biu":
        rtol = 0.0  # counts are exact: one in a million is one too many
    array = array.astype(np.result_type(array, 1.0))
    expected = expected.astype(np.result_type(expected, 1.0))
    return _strange_entry(expected, array) or _entry_difference(expected, array, rtol, atol)


def _form_difference(expected: np.ndarray, array: np.ndarray, received: Any) -> str | None:
    """A difference in kind or shape; ``array`` holds what was ``received``."""
    if array.dtype.kind not in "biufc":
        return f"expected numbers, received {describe(received)}"
    if array.dtype.kind == "c" and expected.dtype.kind != "c":
        return "expected real numbers, received complex ones"
    if array.shape != expected.shape:
        wanted = f"shape {expected.shape}" if expected.shape else "a single number"
        return f"expected {wanted}, received shape {array.shape}"
    return None


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


def _entry_difference(
    expected: np.ndarray, array: np.ndarray, rtol: float, atol: float
) -> str | None:
    """How many entries differ, and the first that does."""
    with np.errstate(all="ignore"):
        close = np.isclose(array, expected, rtol=rtol, atol=atol, equal_nan=True)
    if close.all():
        return None
    where = _first(~close)
    wanted, got = _told_apart(expected[where], array[where])
    if not close.shape:
        return f"expected {wanted}, received {got}"
    count = int((~close).sum())
    differ = "entry differs" if close.size == 1 else "entries differ"
    # The feedback shows so few entries as a whole, with six digits.
    if close.size <= WHOLE and wanted == f"{expected[where]:.6g}":
        return f"{count} of {close.size} {differ}"
    return (
        f"{count:,} of {close.size:,} {differ}, the first at position "
        f"{_position(where)}: expected {wanted}, received {got}"
    )


def _told_apart(expected: np.generic, received: np.generic) -> tuple[str, str]:
    """Two different numbers with as many digits as it takes to see a difference."""
    for digits in (6, 9, 17):
        wanted = f"{expected:.{digits}g}"
        got = f"{received:.{digits}g}"
        if wanted != got:
            break
    return wanted, got


def _first(mask: np.ndarray) -> tuple[int, ...]:
    """The position of the first True; ``()`` in an array without axes."""
    return tuple(int(index) for index in np.argwhere(mask)[0])


def _position(where: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, where))}]"


# --- values that hold others --------------------------------------------------------------------


def _sequence_difference(
    expected: list | tuple, received: Any, rtol: float, atol: float
) -> str | None:
    if is_array(received) and len(received.shape) > 0:
        received = list(received)
    if not isinstance(received, (list, tuple)):
        kind = "a pair" if len(expected) == 2 else f"{len(expected)} values"
        return f"expected {kind} ({type(expected).__name__}), received {describe(received)}"
    if len(received) != len(expected):
        return f"expected {len(expected)} values, received {len(received)}"
    for position, (wanted, got) in enumerate(zip(expected, received, strict=True), start=1):
        problem = difference(wanted, got, rtol=rtol, atol=atol)
        if problem:
            return f"value {position} of {len(expected)}: {problem}"
    return None


def _mapping_difference(expected: Mapping, received: Any, rtol: float, atol: float) -> str | None:
    if not isinstance(received, Mapping):
        return f"expected a dictionary, received {describe(received)}"
    problem = _key_difference(expected, received)
    if problem:
        return problem
    for key, wanted in expected.items():
        problem = difference(wanted, received[key], rtol=rtol, atol=atol)
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
