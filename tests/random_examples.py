"""Random tests (hypothesis): the same examples in every run, fresh ones under `COURSE_PROOF=1`.

Nothing is kept in the checkout. An example that fails is printed with the line that repeats it
(`@reproduce_failure`); the smallest such example becomes a plain test.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

SAME, FRESH = "same", "fresh"


def set_up(scratch: str) -> None:
    """Choose the profile and put what hypothesis writes into the folder `scratch`."""
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = scratch
    # A verdict must not depend on how busy the machine is.
    patient = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
    settings.register_profile(SAME, database=None, derandomize=True, print_blob=True, **patient)
    settings.register_profile(FRESH, database=None, derandomize=False, print_blob=True, **patient)
    if os.environ.get("COURSE_PROOF"):
        settings.load_profile(FRESH)
        return
    settings.load_profile(SAME)
    # Some examples are constants from the modules that happen to be loaded, which differ from
    # worker to worker. `_local_constants` holds those found so far, at this point none.
    providers._get_local_constants = lambda: providers._local_constants
