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
from types import ModuleType
from typing import Any

from exercises.engine import Exercise
from exercises.engine.progress_table import Table


class NotSolvedError(AssertionError):
    """An answer does not solve the exercise that it was required to solve."""


def progress() -> Table:
    """The table of what the reader has tried and solved so far, lesson by lesson.

    Returns
    -------
    exercises.engine.progress_table.Table
        Shown as a table in a notebook and as lines of text elsewhere.
    """
    return Table()


def discover() -> dict[str, Exercise]:
    """Find every exercise of the course.

    Returns
    -------
    dict of str to Exercise
        The exercises by their id, in the order of modules and names.

    Raises
    ------
    ValueError
        When an id is used twice, or does not say where its exercise stands:
        ``<chapter>.<lesson>.<name>`` must match module and variable.
    ImportError
        When a module cannot be imported; its exercises would be missing otherwise.

    Examples
    --------
    >>> discover()["start_here.standardise"].title
    'Standardise'
    """
    found: dict[str, Exercise] = {}
    for module_info in pkgutil.walk_packages(__path__, f"{__name__}.", onerror=_raise_again):
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


def _raise_again(package: str) -> None:
    # Called while the error is being handled; without this a package that cannot be imported
    # would be passed over, and its exercises with it.
    raise


def require(id: str, answer: Any) -> None:
    """Raise an error unless ``answer`` solves the exercise: the test of a class.

    Nothing is shown or recorded. The exercise is loaded anew from its file, so that it does not
    matter what a notebook has made of its ``check``.

    Parameters
    ----------
    id : str
        The exercise's id, ``<chapter>.<lesson>.<name>``.
    answer : Any
        The student's answer.

    Raises
    ------
    NotSolvedError
        With the title and what is wrong; it names the mistake if that is a known one.

    Examples
    --------
    >>> right = lambda values: (values - values.mean()) / values.std()
    >>> require("start_here.standardise", right)
    >>> forgetful = lambda values: values - values.mean()
    >>> require("start_here.standardise", forgetful)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    exercises.NotSolvedError: Not yet: Standardise
    This looks like: a mean subtracted, nothing divided. ...
    """
    __tracebackhide__ = True  # the message says all
    # A grader may take any text on stderr for a failure: a warning is not one.
    with contextlib.redirect_stderr(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        place, _, name = id.rpartition(".")
        exercise = getattr(_loaded_anew(f"{__name__}.{place}"), name)
        result = exercise.evaluate(answer)
    if result.status != "solved":
        headings = {"unattempted": "Not attempted yet", "unjudged": "Not judged"}
        heading = headings.get(result.status, "Not yet")
        raise NotSolvedError("\n".join([f"{heading}: {exercise.title}", *result.lines]))


def _loaded_anew(name: str) -> ModuleType:
    """A module as its file has it, apart from the one that others have imported."""
    importlib.import_module(name)  # with its packages, which find_spec needs
    spec = importlib.util.find_spec(name)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
