"""Which of many alike tests in the browser run: a fixed sample and all that a change touches.

`COURSE_PROOF=1` runs all. What is left out is collected all the same and skipped with its reason,
and `tests/timing.py` names at the end of a run what was looked at.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable

import pytest

from tests.timing import ALL_RUN
from tools import changes

PROOF = bool(os.environ.get("COURSE_PROOF"))
UNTOUCHED = f"neither in the fixed sample nor touched by a change: {ALL_RUN}"
NO_TIME = f"touched by a change, but others were drawn for the time there is: {ALL_RUN}"


def touched(sources: Iterable[str], changed: Iterable[str]) -> bool:
    """Whether one of the `changed` files is among `sources`; a source with a slash at its end is
    a folder."""
    sources = tuple(sources)
    return any(
        name == source or (source.endswith("/") and name.startswith(source))
        for name in changed
        for source in sources
    )


def drawn(costs: dict[str, float], budget: float, seed: str) -> set[str]:
    """Names of `costs`, drawn at random, that together cost at most `budget`.

    The same `seed` always draws the same.
    """
    order = sorted(costs)
    random.Random(seed).shuffle(order)
    chosen, left = set(), budget
    for name in order:
        if costs[name] <= left:
            chosen.add(name)
            left -= costs[name]
    return chosen


def sampled(
    names: Iterable[str],
    sample: Iterable[str],
    sources: Callable[[str], Iterable[str]],
    costs: dict[str, float] | None = None,
    budget: float = 0.0,
) -> list:
    """Parameters for `pytest.mark.parametrize`: every name, those that do not run marked to skip.

    `sources(name)` are the files behind a name. With `costs` in seconds, names that a change
    touches run as far as `budget` seconds go.
    """
    names, always, changed = list(names), set(sample), changes.changed_files()
    found = {name for name in names if touched(sources(name), changed)} - always
    run = found
    if costs is not None:
        run = drawn({name: costs[name] for name in found}, budget, changes.base() or "")
    parameters = []
    for name in names:
        if PROOF or name in always or name in run:
            parameters.append(pytest.param(name, id=name))
        else:
            reason = NO_TIME if name in found else UNTOUCHED
            parameters.append(pytest.param(name, id=name, marks=pytest.mark.skip(reason=reason)))
    return parameters
