"""The exercises of the course, one module a lesson, found by :func:`discover`.

How answers are judged, recognised and remembered stands in `exercises.engine`.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import io
import pkgutil
import warnings
from typing import Any

from exercises.engine import Exercise
from exercises.engine.progress_table import Table


def progress() -> Table:
    """The table of what the reader has tried and solved so far, lesson by lesson."""
    return Table()


class NotSolvedError(AssertionError):
    """An answer does not solve the exercise that it was required to solve."""


def _fail(package: str) -> None:
    # Called while the error is being handled; without this a package that cannot be imported
    # would be passed over, and its exercises with it.
    raise


def discover() -> dict[str, Exercise]:
    """Every exercise of the course by its id, in the order of modules and names.

    Raises ``ValueError`` when an id is used twice, or does not say where its exercise stands:
    ``<chapter>.<lesson>.<name>`` must match module and variable.
    """
    found: dict[str, Exercise] = {}
    for module_info in pkgutil.walk_packages(__path__, f"{__name__}.", onerror=_fail):
        if module_info.ispkg or module_info.name.startswith(f"{__name__}.engine."):
            continue
        module = importlib.import_module(module_info.name)
        place = module_info.name.removeprefix(f"{__name__}.")
        for name, value in vars(module).items():
            if not isinstance(value, Exercise):
                continue
            if value.id != f"{place}.{name}":
                raise ValueError(f"{value.id}: stands in {module_info.name} under the name {name}")
            if value.id in found:
                raise ValueError(f"{value.id}: this id is used twice")
            found[value.id] = value
    return found


def require(id: str, answer: Any) -> None:
    """Raise :class:`NotSolvedError` unless ``answer`` solves the exercise: the test of a class.

    The error names the mistake. Nothing is shown or recorded. The exercise is loaded anew from its
    file, so that it does not matter what a notebook has made of its ``check``.
    """
    __tracebackhide__ = True  # the message says all
    place, _, name = id.rpartition(".")
    # A grader may take any text on stderr for a failure: a warning is not one.
    with contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        importlib.import_module(f"{__name__}.{place}")
        spec = importlib.util.find_spec(f"{__name__}.{place}")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        exercise = getattr(module, name)
        result = exercise.evaluate(answer)
    if result.status != "solved":
        missing = "Not attempted yet" if result.status == "unattempted" else "Not yet"
        raise NotSolvedError("\n".join([f"{missing}: {exercise.title}", *result.lines]))
