"""What tells two states of a lesson apart: its own code, and the modules of `utils` behind it.

Both are read as syntax trees. Comments, layout, docstrings, where one cell ends and the next begins
and the import statements of the course's own packages do not count, so that a moved module or a
reformatted cell leaves the results of long runs valid; every other change of the code counts. The
prints are the same in every version of Python that the course supports.

Cells with the tag `exercise` or `solution` do not count either: nothing else in a lesson reads a
name that they make, and they leave the random generators alone (both are tested). A lesson that
goes on with an answer calls `check.<name>.accepted()`, which is the reference in a run without a
reader; for such a lesson the references in its module of exercises count, and no cases or mistakes.
"""

import ast
import hashlib
import subprocess
import symtable
from collections.abc import Callable, Iterable
from functools import cache

import nbformat

from utils import course

PACKAGES = ("utils", "exercises")  # whose import statements do not count
OF_EXERCISES = {"exercise", "solution"}  # tags of cells that nothing else depends on
Reader = Callable[[str], str | None]  # from a path below the repository's root to the file's text


def on_disk(place: str) -> str | None:
    """The text of a file of this checkout, or None where there is none."""
    path = course.ROOT / place
    return path.read_text(encoding="utf-8") if path.is_file() else None


def at_commit(commit: str) -> Reader:
    """A function that returns a file's text as it was in `commit`, or None where it was missing.

    Raises CalledProcessError where there is no such commit.
    """
    subprocess.run(["git", "cat-file", "-e", f"{commit}^{{commit}}"], cwd=course.ROOT, check=True)

    @cache
    def read(place: str) -> str | None:
        command = ["git", "show", f"{commit}:{place}"]
        found = subprocess.run(command, cwd=course.ROOT, capture_output=True, check=False)
        return found.stdout.decode("utf-8") if found.returncode == 0 else None

    return read


def code_of(notebook: nbformat.NotebookNode) -> str:
    """The print of a notebook's own code; text, outputs and metadata do not count."""
    plain = [_plain_code(cell) for cell in _code_cells(notebook)]
    return _print("\n".join(text for text in plain if text))


def modules_of(notebook: nbformat.NotebookNode, read: Reader = on_disk) -> dict[str, str]:
    """The print of each module of `utils` that a notebook imports, directly or through others.

    Modules that only the exercises use do not count: a check changes no claim. Where the lesson
    goes on with an accepted answer, the references of its exercises do.
    """
    sources = list(_code_cells(notebook))
    waiting: set[str] = set()
    for source in sources:
        waiting |= _imported(source)
    if any(map(_takes_an_answer, sources)):
        waiting |= {name for source in sources for name in _exercises(source)}
    found: dict[str, str] = {}
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        place = name.replace(".", "/")
        text = read(f"{place}.py")
        if text is None:
            text = read(f"{place}/__init__.py")
        if text is None:  # a function or a class, not a module
            continue
        if name.startswith("exercises."):
            text = _references(text)
        found[name] = _print(_plain_code(text))
        waiting |= _imported(text) - seen
    return dict(sorted(found.items()))


def _code_cells(notebook: nbformat.NotebookNode) -> Iterable[str]:
    return (
        cell.source
        for cell in notebook.cells
        if cell.cell_type == "code" and not OF_EXERCISES.intersection(cell.metadata.get("tags", []))
    )


def _print(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def _plain_code(source: str) -> str:
    """A text that is equal for two sources with the same code: a line for each statement."""
    try:
        tree = ast.parse(source)
    except SyntaxError:  # a magic command of IPython
        return source.strip()
    return "\n".join(_written(statement) for statement in _OnlyWhatRuns().visit(tree).body)


_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


class _OnlyWhatRuns(ast.NodeTransformer):
    """Takes away docstrings, and imports from the course's own packages."""

    def visit_Import(self, node: ast.Import) -> ast.Import | None:
        node.names = [alias for alias in node.names if not _own(alias.name)]
        return node if node.names else None

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom | None:
        return None if node.level or _own(node.module) else node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            del node.body[0]
        return super().generic_visit(node)


def _own(module: str | None) -> bool:
    return (module or "").partition(".")[0] in PACKAGES


def _written(node: object) -> str:
    """A syntax tree as text, the same in all versions of Python, unlike that of `ast.dump`.

    What is empty is left out, because newer versions add fields that older code leaves empty.
    """
    if isinstance(node, ast.AST):
        fields = ((name, getattr(node, name, None)) for name in node._fields)
        parts = [f"{name}={_written(value)}" for name, value in fields if value not in (None, [])]
        return f"{type(node).__name__}({','.join(parts)})"
    if isinstance(node, list):
        return f"[{','.join(map(_written, node))}]"
    return repr(node)


@cache
def _takes_an_answer(source: str) -> bool:
    """Whether a source calls `check.<name>.accepted()`."""
    return any(
        isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "accepted"
        for node in ast.walk(_tree(source))
    )


@cache
def _exercises(source: str) -> frozenset[str]:
    """The modules of exercises that a source imports."""
    return frozenset(
        f"{node.module}.{alias.name}"
        for node in ast.walk(_tree(source))
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "exercises"
        for alias in node.names
    )


def _references(text: str) -> str:
    """What the references of a module of exercises need of it, statement by statement."""
    body = ast.parse(text).body
    made = [_made(statement) for statement in body]
    names = [
        value.id
        for node in ast.walk(ast.Module(body, []))
        if isinstance(node, ast.keyword) and node.arg == "reference"
        for value in ast.walk(node.value)
        if isinstance(value, ast.Name)
    ]
    needed: set[int] = set()
    while names:
        name = names.pop()
        for place in set(range(len(body))) - needed:
            if name in made[place]:
                needed.add(place)
                names += [node.id for node in ast.walk(body[place]) if isinstance(node, ast.Name)]
    return "\n".join(ast.unparse(body[place]) for place in sorted(needed))


def _made(statement: ast.stmt) -> set[str]:
    """The names of a module that one of its statements makes."""
    table = symtable.symtable(ast.unparse(statement), "module", "exec")
    return {
        symbol.get_name()
        for symbol in table.get_symbols()
        if symbol.is_assigned() or symbol.is_imported()
    }


def _tree(source: str) -> ast.Module:
    try:
        return ast.parse(source)
    except SyntaxError:  # a magic command of IPython
        return ast.Module([], [])


@cache
def _imported(source: str) -> frozenset[str]:
    """Names below `utils` that a source imports, with the packages around them.

    Some may be functions or classes. Imports for type checkers only do not count.
    """
    waiting: list[ast.AST] = [_tree(source)]
    names = set()
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            waiting += node.orelse
        else:
            waiting += ast.iter_child_nodes(node)
    parts = [name.split(".") for name in names if name.split(".")[0] == "utils"]
    return frozenset(".".join(p[:end]) for p in parts for end in range(1, len(p) + 1))
