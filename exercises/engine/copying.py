"""Copies of inputs and results, and whether an input is still what it was."""

from __future__ import annotations

import copy
import numbers
from collections.abc import Mapping, Set
from typing import Any

import numpy as np

from utils.display import is_array, is_tensor, to_numpy


def clone(value: Any) -> Any:
    """Copy ``value`` with all that it holds.

    Parameters
    ----------
    value : Any
        An array, tensor, module, list, dictionary or any other object.

    Returns
    -------
    Any
        A deep copy. A computed tensor stays connected with its computation, so that gradients
        still flow. What cannot be copied (an open file, a generator) is returned itself.

    Examples
    --------
    >>> rows = [[1, 2], [3]]
    >>> copied = clone(rows)
    >>> copied[0].append(9)
    >>> rows
    [[1, 2], [3]]
    """
    try:
        return copy.deepcopy(value)
    except Exception:
        pass
    try:
        return _clone_by_hand(value)
    except Exception:
        return value


def _clone_by_hand(value: Any) -> Any:
    """A copy where torch refuses a deep one: of a computed tensor, or of what holds one."""
    if is_tensor(value):
        return value.clone()
    if type(value) in (list, tuple):
        return type(value)(clone(item) for item in value)
    if type(value) is dict:
        return {key: clone(item) for key, item in value.items()}
    return value


def detached(value: Any) -> Any:
    """``value`` with its tensors cut off from the computation that they came from.

    Parameters
    ----------
    value : Any
        A tensor, or lists, tuples and dictionaries of them; anything else is returned itself.

    Returns
    -------
    Any
        Tensors that share their entries with the given ones and need no gradient.
    """
    if is_tensor(value):
        return value.detach()
    if type(value) in (list, tuple):
        return type(value)(map(detached, value))
    if type(value) is dict:
        return {key: detached(item) for key, item in value.items()}
    return value


def identical(before: Any, after: Any) -> bool:
    """Whether an input is after a call exactly what it was before.

    Parameters
    ----------
    before, after : Any
        A copy made before the call, and the value that was handed to it.

    Returns
    -------
    bool
        Numbers, texts, sets, arrays, tensors, and lists and dictionaries of them are compared
        exactly, NaN with NaN being equal. Values of unknown kinds count as unchanged, values
        that resist comparison as changed.

    Examples
    --------
    >>> identical([1, 2], [1, 2])
    True
    >>> identical(np.zeros(2), np.array([0.0, 1e-300]))
    False
    """
    try:
        return _is_same(before, after)
    except Exception:
        return False


def _is_same(before: Any, after: Any) -> bool:
    if is_array(before):
        return _is_same_array(to_numpy(before), to_numpy(after))
    if isinstance(before, (list, tuple)):
        return len(before) == len(after) and all(map(identical, before, after))
    if isinstance(before, Mapping):
        if list(before) != list(after):
            return False
        return all(identical(before[key], after[key]) for key in before)
    if isinstance(before, (numbers.Number, str, bytes, Set)):
        both_nan = before != before and after != after  # real or complex
        return bool(before == after or both_nan)
    return True


def _is_same_array(before: np.ndarray, after: np.ndarray) -> bool:
    if before.shape != after.shape:
        return False
    can_hold_nan = before.dtype.kind in "fcmM"
    return bool(np.array_equal(before, after, equal_nan=can_hold_nan))
