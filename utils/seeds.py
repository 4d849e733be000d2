"""One call that fixes all luck: seeds for every generator, and the limit on threads.

Nothing here imports torch: a lesson without it neither waits for it nor needs it.
"""

from __future__ import annotations

import os
import random
import sys

import numpy as np


def _environment_int(name: str, least: int) -> int | None:
    text = os.environ.get(name, "").strip()
    if not text:
        return None
    if not text.isdecimal() or int(text) < least:
        raise ValueError(f"{name}={text!r}: expected a whole number, at least {least}")
    return int(text)


def seed_everything(seed: int = 0) -> int:
    """Seed Python's and NumPy's generators, torch's if it is imported, and return the seed used.

    Call it after the last import: a torch that is imported later keeps its own seed. If
    ``COURSE_THREADS`` (a whole number, at least 1) is set, it limits the threads of torch and of
    NumPy's linear algebra.

    Parameters
    ----------
    seed : int
        To this ``COURSE_SEED`` (a whole number, 0 if not set) is added: the same lesson then runs
        with other luck.

    Returns
    -------
    int
        The sum. Keep it and derive explicit generators from it.

    Raises
    ------
    ValueError
        For a setting that is not such a number, and for a sum outside of 0 … 2³² − 1, which
        NumPy's generator could not take. The generators are then left as they were.

    Examples
    --------
    >>> SEED = seed_everything(0)
    >>> rng = np.random.default_rng([SEED, 1])  # one of its own, that no other cell moves
    >>> rng.integers(10, size=5).tolist()
    [5, 8, 9, 5, 3]
    """
    seed = seed + (_environment_int("COURSE_SEED", 0) or 0)
    if not 0 <= seed < 2**32:
        raise ValueError(f"the seed, with COURSE_SEED added, is {seed}: not in 0 … 2³² − 1")
    torch = sys.modules.get("torch")
    threads = _environment_int("COURSE_THREADS", 1)
    if threads:
        from threadpoolctl import threadpool_limits

        threadpool_limits(threads)
        if torch is not None:
            torch.set_num_threads(threads)
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - libraries that use the global generator follow too
    if torch is not None:
        torch.manual_seed(seed)
    return seed
