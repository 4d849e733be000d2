"""Which names a piece of code makes and which it needs, found without running it.

What a call changes inside an object (``rows.append(1)``) cannot be seen in this way.
"""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterator
from typing import Literal, NamedTuple


class Event(NamedTuple):
    """What happens to a name of the notebook.

    ``made``: assigned, imported, defined, or an item or attribute of it is assigned; ``read``;
    ``read later``: read by a function's body, at a time that the code does not tell.
    """

    kind: Literal["made", "read", "read later"]
    name: str


def events(source: str) -> Iterator[Event]:
    """What a cell does to the notebook's names, in the order in which it happens."""
    for statement in ast.parse(source).body:
        yield from _of_statement(statement)


def _of_statement(node: ast.stmt) -> Iterator[Event]:
    if isinstance(node, ast.For):
        yield from _of_piece(node.iter)
        yield from _of_target(node.target)
        yield from _of_block(node.body + node.orelse)
    elif isinstance(node, ast.While | ast.If):
        yield from _of_piece(node.test)
        yield from _of_block(node.body + node.orelse)
    elif isinstance(node, ast.With):
        for item in node.items:
            yield from _of_piece(item.context_expr)
            if item.optional_vars:
                yield from _of_target(item.optional_vars)
        yield from _of_block(node.body)
    elif isinstance(node, ast.Try):
        handled = [statement for handler in node.handlers for statement in handler.body]
        for handler in node.handlers:
            if handler.type:
                yield from _of_piece(handler.type)
            if handler.name:
                yield Event("made", handler.name)
        yield from _of_block(node.body + handled + node.orelse + node.finalbody)
    else:
        yield from _of_piece(node)


def _of_block(statements: list[ast.stmt]) -> Iterator[Event]:
    for statement in statements:
        yield from _of_statement(statement)


def _of_piece(node: ast.AST) -> Iterator[Event]:
    """An expression or a statement that holds no other: what it reads comes first."""
    table = symtable.symtable(ast.unparse(node), "cell", "exec")
    reads = list(_reads(table))
    yield from reads
    if isinstance(node, ast.AugAssign):
        yield from (Event("read", one.name) for one in _of_target(node.target))
    for symbol in table.get_symbols():
        if symbol.is_assigned() or symbol.is_imported():
            yield Event("made", symbol.get_name())
    # ``x[0] = 1`` reads x and changes it; an x that is a function's own is not among the reads.
    of_the_notebook = {event.name for event in reads}
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute | ast.Subscript) and isinstance(part.ctx, ast.Store):
            yield from (event for event in _of_target(part) if event.name in of_the_notebook)


def _reads(table: symtable.SymbolTable, inside_function: bool = False) -> Iterator[Event]:
    kind: Literal["read", "read later"] = "read later" if inside_function else "read"
    at_the_top = table.get_type() == "module"
    for symbol in table.get_symbols():
        if symbol.is_referenced() and (at_the_top or symbol.is_global()):
            yield Event(kind, symbol.get_name())
    for child in table.get_children():
        # A comprehension is a function to Python, but it runs at once.
        runs_later = child.get_type() == "function" and not child.get_name().endswith(
            ("listcomp", "setcomp", "dictcomp", "genexpr")
        )
        yield from _reads(child, inside_function or runs_later)


def _of_target(node: ast.AST) -> Iterator[Event]:
    """The names that an assignment to ``node`` changes."""
    if isinstance(node, ast.Tuple | ast.List):
        for part in node.elts:
            yield from _of_target(part)
    elif isinstance(node, ast.Name):
        yield Event("made", node.id)
    elif isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        yield from _of_target(node.value)
