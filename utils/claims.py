"""Measured statements: a lesson's sentence, the number behind it, and the bound it must keep."""

from __future__ import annotations

import json
import math
import numbers
import os
from collections.abc import Sequence
from typing import Any

from utils.display import Block, describe, emit


class ClaimError(AssertionError):
    """A claim did not hold while ``COURSE_STRICT=1``."""


def _as_float(value: Any) -> float:
    if hasattr(value, "item") and math.prod(value.shape) == 1:  # of NumPy or torch
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"a claim compares one number with a bound, not {describe(value)}")
    return float(value)


def _readable(number: float, digits: int = 4) -> str:
    if number == 0 or 1e-3 <= abs(number) < 1e6:
        return f"{number:.{digits}g}" if abs(number) < 1_000 else f"{number:,.{digits - 3}f}"
    return f"{number:.{digits - 2}e}"


def _sentence(number: float, bounds: Sequence[float], words: str) -> tuple[str, str]:
    """Number and bound with as many digits as it takes to see them differ."""
    for digits in (4, 6, 9, 15):
        texts = [_readable(bound, digits) for bound in bounds]
        measured = _readable(number, digits)
        if measured not in texts or number in bounds:
            break
    return measured, words.format(*texts)


def claim(
    text: str,
    value: Any,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    close_to: float | None = None,
    within: float | None = None,
    ratio: bool = False,
) -> None:
    """State ``text``, show the measured ``value`` and whether it keeps its bound.

    A claim that does not hold is shown with ✗; under ``COURSE_STRICT=1`` it raises as well. If
    ``COURSE_CLAIMS_LOG`` names a file, one JSON line is appended to it: text, value, bounds,
    holds, seed, and ``ratio`` if it is one.

    Parameters
    ----------
    text : str
        A sentence that a reader understands without the code around it.
    value : number
        A number of Python or NumPy, or an array or tensor with one entry. NaN and infinity keep
        no bound.
    at_least, at_most : float, optional
        Inclusive bounds; together they give a range.
    close_to, within : float, optional
        The value lies in ``close_to ± within``; both or neither.
    ratio : bool, optional
        Whether the value is a positive ratio, for which twice and half are equally far from 1.
        Nothing shown depends on it; ``make robustness`` compares logarithms.

    Raises
    ------
    ClaimError
        If the claim does not hold and ``COURSE_STRICT`` is 1.
    ValueError
        If no bound is given, only one of ``close_to`` and ``within``, bounds that no number can
        keep, or for a ratio one that is not positive.
    TypeError
        If ``value`` or a bound is not one number.

    Examples
    --------
    >>> claim("Guessing is right half of the time", 0.493, close_to=0.5, within=0.02)
    ✓ Guessing is right half of the time: measured 0.493 (bound: 0.5 ± 0.02)
    >>> claim("The larger network is more accurate: points gained", 2.75, at_least=1)
    ✓ The larger network is more accurate: points gained: measured 2.75 (bound: at least 1)
    """
    if (close_to is None) != (within is None):
        raise ValueError("close_to and within belong together")
    given = (at_least, at_most, close_to, within)
    low, high, centre, distance = (None if bound is None else _as_float(bound) for bound in given)
    if centre is not None:
        if low is not None or high is not None:
            raise ValueError("give either close_to and within, or at_least and at_most")
        if not distance >= 0:
            raise ValueError("within is a distance and cannot be negative")
        low, high = centre - distance, centre + distance
        bounds, words = (centre, distance), "{} ± {}"
    elif low is not None and high is not None:
        if low > high:
            raise ValueError(f"at_least={low} is larger than at_most={high}")
        bounds, words = (low, high), "between {} and {}"
    elif low is not None:
        bounds, words = (low,), "at least {}"
    elif high is not None:
        bounds, words = (high,), "at most {}"
    else:
        raise ValueError("a claim needs a bound: at_least, at_most, or close_to with within")
    if any(math.isnan(bound) for bound in bounds):
        raise ValueError("a bound that is NaN can never be kept")
    if ratio and min(bound for bound in (low, high) if bound is not None) <= 0:
        raise ValueError("a ratio is compared by its logarithm: its bounds must be above 0")
    number = _as_float(value)
    holds = (
        math.isfinite(number)
        and (low is None or number >= low)
        and (high is None or number <= high)
    )
    verdict = "measured" if holds else "does not hold here: measured"
    measured, bound = _sentence(number, bounds, words)
    result = f": {verdict} {measured} (bound: {bound})"
    emit(Block("good" if holds else "bad", text, aside=result))
    _log(text, number, low, high, holds, ratio)
    if not holds and os.environ.get("COURSE_STRICT") == "1":
        raise ClaimError(text + result)


def _log(
    text: str, value: float, low: float | None, high: float | None, holds: bool, ratio: bool
) -> None:
    path = os.environ.get("COURSE_CLAIMS_LOG")
    if not path:
        return
    record = {
        "text": text,
        "value": value if math.isfinite(value) else str(value),
        "at_least": low,
        "at_most": high,
        "holds": holds,
        "seed": int(os.environ.get("COURSE_SEED") or 0),
    }
    if ratio:
        record["ratio"] = True
    with open(path, "a", encoding="utf-8") as log:
        log.write(json.dumps(record, ensure_ascii=False) + "\n")
