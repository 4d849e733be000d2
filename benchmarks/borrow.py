"""What a lesson defines, without running the lesson.

The benchmarks measure the code that readers see. `borrow` takes it out of the notebook: the
definitions asked for, and what these need, in the order in which they stand there.
"""

from __future__ import annotations

import ast
import dis
import linecache
import sys
from types import CodeType, ModuleType
from typing import Any

import nbformat

from utils import course

LEFT_OUT = {"exercise", "figure"}  # cells that are the reader's, or only draw


def statements(link: str) -> list[ast.stmt]:
    """The top-level statements of a lesson's code, in their order."""
    cells = nbformat.read(course.ROOT / link, as_version=4).cells
    found: list[ast.stmt] = []
    for number, cell in enumerate(cells):
        if cell.cell_type == "code" and not LEFT_OUT & set(cell.metadata.get("tags", [])):
            name = f"<{link} cell {number + 1}>"
            linecache.cache[name] = (len(cell.source), None, cell.source.splitlines(True), name)
            for statement in ast.parse(cell.source, name).body:
                statement.cell = name
                found.append(statement)
    return found


def bound(statement: ast.stmt) -> set[str]:
    """The names that a statement gives a meaning; none for one that only does something."""
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).split(".")[0] for alias in statement.names}
    if isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        nodes = ast.walk(statement)
        return {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return set()


def used(statement: ast.stmt) -> set[str]:
    """The names outside of it that a statement reads, also within the functions it defines."""
    codes = [compile(ast.Module([statement], []), statement.cell, "exec")]
    found = set()
    for code in codes:
        codes += [part for part in code.co_consts if isinstance(part, CodeType)]
        loads = {"LOAD_NAME", "LOAD_GLOBAL", "LOAD_CLASSDEREF"}
        found |= {step.argval for step in dis.get_instructions(code) if step.opname in loads}
    return found


def borrow(link: str, *names: str, **given: Any) -> ModuleType:
    """A module with the lesson's `names` and all that they need; `given` replaces what it defines.

    Raises NameError for a name that the lesson does not define.
    """
    lesson = statements(link)
    makers: dict[str, set[int]] = {}
    for number, statement in enumerate(lesson):
        for name in bound(statement):
            makers.setdefault(name, set()).add(number)
    if unknown := set(names) - set(makers) - set(given):
        raise NameError(f"{link} defines no {', '.join(sorted(unknown))}")
    needed: set[int] = set()
    open_names, seen = list(names), set(given)
    while open_names:
        name = open_names.pop()
        if name not in seen:
            seen.add(name)
            for number in makers.get(name, set()) - needed:
                needed.add(number)
                open_names += used(lesson[number])
    module = ModuleType(link.removesuffix(".ipynb").replace("/", "."))
    sys.modules[module.__name__] = module  # where dataclasses look themselves up
    module.__dict__.update(given)
    for number in sorted(needed):
        code = compile(ast.Module([lesson[number]], []), lesson[number].cell, "exec")
        exec(code, module.__dict__)
        module.__dict__.update(given)
    return module
