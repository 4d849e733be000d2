"""The exercises of the course, one module a lesson, found by :func:`discover`."""

from __future__ import annotations

import importlib
import pkgutil

from utils.checking import Exercise


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
        if module_info.ispkg:
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
