"""Compare a reader's result with the expected one and say in one sentence how they differ."""

from __future__ import annotations

import copy
import numbers
from collections.abc import Mapping, Set
from typing import Any

import numpy as np

from utils.display import (
    WHOLE,
    describe,
    excerpt,
    is_array,
    is_number,
    is_tensor,
    one_line,
    to_numpy,
)

NO_RESULT = "the result is None: is there a `return` on every path?"


def _array_difference(expected: np.ndarray, received: Any, rtol: float, atol: float) -> str | None:
    try:
        array = to_numpy(received)
    except ValueError as error:
        return f"expected an array of shape {expected.shape}, received {error}"
    if array.dtype.kind not in "biufc":
        return f"expected numbers, received {describe(received)}"
    if array.dtype.kind == "c" and expected.dtype.kind != "c":
        return "expected real numbers, received complex ones"
    if array.shape != expected.shape:
        wanted = f"shape {expected.shape}" if expected.shape else "a single number"
        return f"expected {wanted}, received shape {array.shape}"
    if array.dtype.kind in "biu" and expected.dtype.kind in "biu":
        rtol = 0.0  # counts are exact: one in a million is one too many
    array = array.astype(np.result_type(array, 1.0))
    wanted = expected.astype(np.result_type(expected, 1.0))
    strange = ~np.isfinite(array) & ~((array == wanted) | (np.isnan(array) & np.isnan(wanted)))
    if strange.any():
        where = tuple(int(i) for i in np.argwhere(strange)[0])
        what = "NaN (not a number)" if np.isnan(array[where]) else "infinity"
        place = f" at position {_place(where)}" if where else ""
        return f"the result holds {what}{place}; expected {excerpt(wanted[where])}"
    with np.errstate(all="ignore"):
        close = np.isclose(array, wanted, rtol=rtol, atol=atol, equal_nan=True)
    if close.all():
        return None
    where = tuple(int(i) for i in np.argwhere(~close)[0])
    for digits in (6, 9, 17):  # as many as it takes to see a difference
        pair = f"expected {wanted[where]:.{digits}g}", f"received {array[where]:.{digits}g}"
        if pair[0].split()[1] != pair[1].split()[1]:
            break
    if not close.shape:
        return ", ".join(pair)
    count = int((~close).sum())
    differ = "entry differs" if close.size == 1 else "entries differ"
    if close.size <= WHOLE and pair[0].split()[1] == f"{wanted[where]:.6g}":
        return f"{count} of {close.size} {differ}"  # the feedback shows so few as a whole
    return (
        f"{count:,} of {close.size:,} {differ}, the first at position "
        f"{_place(where)}: {', '.join(pair)}"
    )


def _place(where: tuple[int, ...]) -> str:
    return f"[{', '.join(map(str, where))}]"


def difference(
    expected: Any, received: Any, *, rtol: float = 1e-6, atol: float = 1e-8
) -> str | None:
    """Say how ``received`` differs from ``expected``; ``None`` when they agree.

    Kinds are forgiven where nothing is lost: a list for an array, a tensor for an array, float64
    for float32, a list for a tuple. Shapes and values are not. Numbers agree when
    ``|received − expected| ≤ atol + rtol·|expected|``, integers within ``atol`` alone; NaN agrees
    with NaN.
    """
    if expected is None:
        return None if received is None else f"expected None, received {describe(received)}"
    if received is None:
        return NO_RESULT
    if isinstance(expected, str):
        return _text_difference(expected, received)
    if is_number(expected) or is_array(expected):
        if isinstance(received, (str, bytes, Mapping, Set)) or callable(received):
            return f"expected {_kind(expected)}, received {describe(received)}"
        if isinstance(expected, int) and isinstance(received, int):
            if abs(expected - received) <= atol:  # exact, whatever their size
                return None
            return f"expected {describe(expected)}, received {describe(received)}"
        listed = isinstance(received, (list, tuple, range))
        if not (is_number(received) or is_array(received) or listed):
            return f"expected {_kind(expected)}, received {describe(received)}"
        return _array_difference(to_numpy(expected), received, rtol, atol)
    if isinstance(expected, (list, tuple)):
        return _sequence_difference(expected, received, rtol, atol)
    if isinstance(expected, Mapping):
        return _mapping_difference(expected, received, rtol, atol)
    # A stranger's __eq__ is not asked: it may say yes to everything.
    related = isinstance(received, Set if isinstance(expected, Set) else type(expected))
    try:
        agree = related and bool(expected == received)
    except Exception:
        agree = False
    return None if agree else f"expected {describe(expected)}, received {describe(received)}"


def _kind(expected: Any) -> str:
    if isinstance(expected, (bool, np.bool_)):
        return "True or False"
    if is_number(expected):
        return "a number"
    return f"an array of shape {tuple(expected.shape)}"


def _text_difference(expected: str, received: Any) -> str | None:
    if not isinstance(received, str):
        return f"expected text, received {describe(received)}"
    if expected == received:
        return None
    if expected.split() == received.split():
        return f"the words are right, the white space is not: expected {repr(expected)[:300]}"
    return f"expected {one_line(repr(expected))}, received {one_line(repr(received))}"


def _sequence_difference(expected: Any, received: Any, rtol: float, atol: float) -> str | None:
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
    missing = [key for key in expected if key not in received]
    surplus = [key for key in received if key not in expected]
    if missing or surplus:
        parts = [f"key {one_line(repr(missing[0]), 60)} is missing"] if missing else []
        parts += [f"key {one_line(repr(surplus[0]), 60)} is not expected"] if surplus else []
        return "; ".join(parts)
    for key, wanted in expected.items():
        problem = difference(wanted, received[key], rtol=rtol, atol=atol)
        if problem:
            return f"under key {one_line(repr(key), 60)}: {problem}"
    return None


def agrees(expected: Any, received: Any, *, rtol: float = 1e-6, atol: float = 1e-8) -> bool:
    """Whether :func:`difference` finds nothing; objects that resist comparison do not agree."""
    try:
        return difference(expected, received, rtol=rtol, atol=atol) is None
    except Exception:
        return False


def identical(before: Any, after: Any) -> bool:
    """Exact equality of inputs before and after a call; unknown kinds count as unchanged."""
    try:
        if is_array(before):
            first, second = to_numpy(before), to_numpy(after)
            if first.shape != second.shape:
                return False
            return bool(np.array_equal(first, second, equal_nan=first.dtype.kind in "fcmM"))
        if isinstance(before, (list, tuple)):
            return len(before) == len(after) and all(map(identical, before, after))
        if isinstance(before, Mapping):
            return list(before) == list(after) and all(
                identical(before[k], after[k]) for k in before
            )
        if isinstance(before, (numbers.Number, str, bytes, Set)):
            neither = before != before and after != after  # NaN, real or complex
            return bool(before == after or neither)
    except Exception:
        return False
    return True


def clone(value: Any) -> Any:
    """A deep copy; where none can be made (open files, generators) the value itself.

    A tensor that belongs to a computation stays connected with it.
    """
    try:
        return copy.deepcopy(value)
    except Exception:
        pass
    try:  # torch refuses to copy a computed tensor, and with it the list that holds it
        if is_tensor(value):
            return value.clone()
        if type(value) in (list, tuple):
            return type(value)(clone(item) for item in value)
        if type(value) is dict:
            return {key: clone(item) for key, item in value.items()}
    except Exception:
        pass
    return value
