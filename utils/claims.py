"""Measured statements: a lesson's sentence, the number behind it, and the bound it must keep."""

from __future__ import annotations

import json
import math
import os
from typing import Any

from utils.feedback import Block, emit


class ClaimError(AssertionError):
    """A claim did not hold while ``COURSE_STRICT=1``."""


def _as_float(value: Any) -> float:
    if isinstance(value, bool):
        raise TypeError("a claim compares a number with a bound, not a truth value")
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    return float(value)  # also the message for texts and arrays with several entries


def _readable(number: float) -> str:
    if number == 0 or 1e-3 <= abs(number) < 1e6:
        return f"{number:.4g}" if abs(number) < 1_000 else f"{number:,.1f}"
    return f"{number:.2e}"


def claim(
    text: str,
    value: Any,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    close_to: float | None = None,
    within: float | None = None,
) -> None:
    """State ``text``, show the measured ``value`` and whether it keeps its bound.

    Parameters
    ----------
    text : a sentence a reader understands without the code around it.
    value : one finite number: Python or NumPy scalar, or a tensor with one entry.
    at_least, at_most : inclusive bounds; together they give a range.
    close_to, within : the value lies in ``close_to ± within``; both or neither.

    A claim that does not hold is shown with ✗; under ``COURSE_STRICT=1`` it raises
    :class:`ClaimError` as well. If ``COURSE_CLAIMS_LOG`` names a file, one JSON line is appended:
    text, value, bounds, holds, seed. NaN and infinity never hold.

    Raises ``ValueError`` when no bound is given, or only one of ``close_to`` and ``within``, and
    ``TypeError`` when ``value`` is not a number.
    """
    if (close_to is None) != (within is None):
        raise ValueError("close_to and within belong together")
    low, high = at_least, at_most
    if close_to is not None:
        if low is not None or high is not None:
            raise ValueError("give either close_to and within, or at_least and at_most")
        if within < 0:
            raise ValueError("within is a distance and cannot be negative")
        low, high = close_to - within, close_to + within
        bound = f"{_readable(close_to)} ± {_readable(within)}"
    elif low is not None and high is not None:
        if low > high:
            raise ValueError(f"at_least={low} is larger than at_most={high}")
        bound = f"between {_readable(low)} and {_readable(high)}"
    elif low is not None:
        bound = f"at least {_readable(low)}"
    elif high is not None:
        bound = f"at most {_readable(high)}"
    else:
        raise ValueError("a claim needs a bound: at_least, at_most, or close_to with within")
    number = _as_float(value)
    holds = (
        math.isfinite(number)
        and (low is None or number >= low)
        and (high is None or number <= high)
    )
    verdict = "measured" if holds else "does not hold here: measured"
    line = f"{text}: {verdict} {_readable(number)} (bound: {bound})"
    emit(Block("good" if holds else "bad", line))
    _log(text, number, low, high, holds)
    if not holds and os.environ.get("COURSE_STRICT") == "1":
        raise ClaimError(line)


def _log(text: str, value: float, low: float | None, high: float | None, holds: bool) -> None:
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
    with open(path, "a", encoding="utf-8") as log:
        log.write(json.dumps(record, ensure_ascii=False) + "\n")
