"""Small changes of a right solution, to see whether the cases of an exercise notice them.

A check is worth what it refuses. So the reference of an exercise is changed on its syntax tree,
one place at a time: the edge of a comparison, one more or one less, another axis, a mean for a
sum, a sign, the order of two arguments, a guard left out. Each such *mutant* must be judged wrong,
or be listed beside the exercise with the reason why it does the same.

A reader's wrong answer sometimes does just what a mutant does. Then the mutant's :attr:`~Mutant.
observation` says what the result looks like, without a word about the code.
"""

from __future__ import annotations

import ast
import copy
import inspect
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any

import numpy as np

from exercises.engine.comparing import agrees
from exercises.engine.guarding import guarded_call
from exercises.engine.state import quiet_state
from exercises.engine.stubs import code_content
from utils.display import is_tensor

# What a mutant is like, in words that follow "as if". Nothing here tells the code of a solution.
BORDER = "a value exactly on the border fell on the other side of it"
COMPARISON = "a comparison were the other way round"
CONDITIONS = "two conditions were joined by “or” in place of “and”, or the reverse"
CONDITION = "a condition were ignored, or turned round"
SPECIAL_CASE = "a special case were treated like all others, or all others like it"
SIGN = "a sign were the other way round"
INVERSE = "something were multiplied in place of divided, or the reverse"
EXCHANGED = "two things had changed places"
LEFT_OUT = "one part of the formula were left out"
ONE_MORE = "a whole number in the calculation were larger by one"
ONE_LESS = "a whole number in the calculation were smaller by one"
CONSTANT = "a constant of the calculation had another size"
SWITCH = "something were switched on that is off, or the reverse"
AXIS = "the calculation ran along the other axis"
ALL_AXES = "the calculation ran over all entries at once, not along one axis"
EXTREME = "the smallest were taken in place of the largest, or the reverse"
MEAN = "a mean were taken in place of a sum, or the reverse"
SPREAD = "a variance stood in place of a standard deviation, or the reverse"
OPTION = "an option of one of the steps were left at its default"
STEP = "one step of the calculation were left out"
LOGARITHM = "a logarithm had another base"
FUNCTION = "a related function stood in the place of the right one"
ANY_ALL = "one hit were enough where all are needed, or the reverse"
LAST_ONLY = "only the latest part were kept where parts add up"
FIRST = "the first one of several were left out"
LAST = "the last one of several were left out"
ENTRY = "an entry at another place were taken"
RANGE = "a part were cut out of a sequence at another place"
TRANSPOSED = "rows and columns had changed places"
STOP = "a loop did not stop, or skip, where it should"
FRACTIONS = "fractions were cut off"
INPUTS = "an input were changed on the way"
SINGLE = "the calculation were done in single precision"


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_EDGES = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
_TURNED = {
    ast.Lt: ast.Gt,
    ast.Gt: ast.Lt,
    ast.LtE: ast.GtE,
    ast.GtE: ast.LtE,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_OTHER_OPERATION = {
    ast.Add: (ast.Sub, SIGN),
    ast.Sub: (ast.Add, SIGN),
    ast.Mult: (ast.Div, INVERSE),
    ast.Div: (ast.Mult, INVERSE),
    ast.FloorDiv: (ast.Div, FRACTIONS),
    ast.Mod: (ast.FloorDiv, FUNCTION),
    ast.BitAnd: (ast.BitOr, CONDITIONS),
    ast.BitOr: (ast.BitAnd, CONDITIONS),
}
_ORDER_MATTERS = (ast.Sub, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.MatMult)
_PARTS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.BitAnd, ast.BitOr)

_OTHER_FUNCTION = {
    "min": ("max", EXTREME),
    "max": ("min", EXTREME),
    "amin": ("amax", EXTREME),
    "amax": ("amin", EXTREME),
    "argmin": ("argmax", EXTREME),
    "argmax": ("argmin", EXTREME),
    "minimum": ("maximum", EXTREME),
    "maximum": ("minimum", EXTREME),
    "sum": ("mean", MEAN),
    "mean": ("sum", MEAN),
    "median": ("mean", FUNCTION),
    "std": ("var", SPREAD),
    "var": ("std", SPREAD),
    "any": ("all", ANY_ALL),
    "all": ("any", ANY_ALL),
    "log": ("log2", LOGARITHM),
    "log2": ("log", LOGARITHM),
    "log10": ("log", LOGARITHM),
    "log1p": ("log", FUNCTION),
    "expm1": ("exp", FUNCTION),
    "floor": ("ceil", FUNCTION),
    "ceil": ("floor", FUNCTION),
    "round": ("floor", FUNCTION),
    "softmax": ("log_softmax", FUNCTION),
    "log_softmax": ("softmax", FUNCTION),
    "zeros": ("ones", FUNCTION),
    "ones": ("zeros", FUNCTION),
    "zeros_like": ("ones_like", FUNCTION),
    "ones_like": ("zeros_like", FUNCTION),
    "append": ("extend", FUNCTION),
}
_BUILT_IN = {"min", "max", "any", "all"}  # these have their counterpart without a module as well
# Steps whose value may stand for itself: f(x, …) or x.f(…) becomes x.
_STEPS = _words(
    """
    abs absolute sqrt square exp log log2 log1p sorted sort reversed flip set unique round
    floor ceil int clip clamp clamp_min maximum minimum max min relu sigmoid tanh softmax
    cumsum copy clone deepcopy detach transpose lower upper strip nan_to_num softplus
    logsumexp
    """
)
# Calls whose first two arguments may stand in either order; range has changes of its own.
_COMMUTATIVE = _words(
    """
    maximum minimum max min add multiply isclose allclose array_equal equal zip isinstance
    hasattr getattr setattr range logaddexp outer
    """
)
_AXIS_NAMES = {"axis", "dim"}
# Reductions whose only positional number is an axis: x.sum(1).
_AXIS_METHODS = _words(
    """
    sum mean std var max min argmax argmin cumsum softmax log_softmax logsumexp norm prod
    any all argsort sort squeeze unsqueeze flip
    """
)
# Keywords that change how something is computed and not what comes out.
_HARMLESS_KEYWORDS = {"strict", "rcond", "optimize", "copy", "requires_grad", "random_state"}


class UnreadableError(ValueError):
    """The source of a reference cannot be found, or it is no function or class of its own."""


@dataclass(frozen=True)
class Mutant:
    """One small change of a reference.

    Parameters
    ----------
    change : str
        What is changed, as code before and after: ``"x > 0 → x >= 0"``. It names the mutant, and
        no other one of the same reference.
    observation : str
        What its results are like, in words that follow "as if" and give no code away.
    answer : callable
        The changed reference.
    """

    change: str
    observation: str
    answer: Callable[..., Any]


def mutants(reference: Callable[..., Any]) -> list[Mutant]:
    """All small changes of a reference, and of the helpers that its module keeps for it.

    Parameters
    ----------
    reference : callable
        A function or a class whose source can be read.

    Returns
    -------
    list of Mutant
        Always in the same order.

    Raises
    ------
    UnreadableError
        Where there is no source to change.

    Examples
    --------
    >>> from exercises.start_here import standardise
    >>> mutants(standardise.reference)[-1].change
    '(values - values.mean()) / values.std() → (values - values.mean()) / values.var()'
    """
    source = _Source.of(reference)
    found: list[Mutant] = []
    names: dict[str, int] = {}
    for place in _places(source.tree):
        for after, observation in _changes(place):
            before_text, after_text = place.texts(after)
            if before_text == after_text:
                continue
            with place.changed(after):
                code = source.compiled()
            if code is None:
                continue
            change = f"{before_text} → {after_text}"
            names[change] = names.get(change, 0) + 1
            if names[change] > 1:
                change = f"{change} (place {names[change]})"
            found.append(Mutant(change, observation, source.function(code)))
    return found


def result_mutants(
    reference: Callable[..., Any], *, fractions: bool, keeps_inputs: bool, double_precision: bool
) -> list[Mutant]:
    """Changes of what goes in and comes out, whatever the code between.

    Parameters
    ----------
    reference : callable
        A function.
    fractions : bool
        Whether the reference returns floating-point numbers.
    keeps_inputs, double_precision : bool
        What the exercise promises, see :class:`~exercises.engine.function.Function`.

    Returns
    -------
    list of Mutant
        Where there are fractions, these cut off; where inputs must be kept, an input changed;
        where double precision is demanded, a result of single precision.

    Examples
    --------
    >>> cut, changed = result_mutants(
    ...     lambda x: x / 2, fractions=True, keeps_inputs=True, double_precision=False
    ... )
    >>> cut.answer(5.0)
    2.0
    >>> numbers = np.array([1.0, 2.0])
    >>> changed.answer(numbers), numbers
    (array([0.5, 1. ]), array([2., 3.]))
    """

    def cut(*args: Any, **kwargs: Any) -> Any:
        return _each_number(np.trunc, reference(*args, **kwargs))

    def changing(*args: Any, **kwargs: Any) -> Any:
        result = copy.deepcopy(reference(*args, **kwargs))
        for value in (*args, *kwargs.values()):
            if _alter(value):
                break
        return result

    def single(*args: Any, **kwargs: Any) -> Any:
        return _each_number(np.float32, reference(*args, **kwargs))

    found = []
    if fractions:
        found.append(Mutant("result → its whole part", FRACTIONS, cut))
    if keeps_inputs:
        found.append(Mutant("inputs → changed in place", INPUTS, changing))
    if double_precision:
        found.append(Mutant("result → single precision", SINGLE, single))
    return found


def holds_floats(value: Any) -> bool:
    """Whether a value is or holds floating-point numbers.

    Parameters
    ----------
    value : Any
        Numbers, arrays, tensors, or lists, tuples and dictionaries of them.

    Returns
    -------
    bool
        False for what holds whole numbers only, by type.

    Examples
    --------
    >>> holds_floats([1, 2.0]), holds_floats(np.arange(3))
    (True, False)
    """
    found = []
    _each_number(lambda number: found.append(number) or number, value)
    return bool(found)


def _each_number(function: Callable[[Any], Any], value: Any) -> Any:
    """``value`` with ``function`` applied to its floating-point numbers."""
    if isinstance(value, (float, np.floating)):
        return type(value)(function(value)) if function is np.trunc else function(value)
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return function(value)
    if is_tensor(value) and value.is_floating_point():
        return _each_tensor(function, value)
    if type(value) in (list, tuple):
        return type(value)(_each_number(function, item) for item in value)
    if isinstance(value, dict):
        return {key: _each_number(function, item) for key, item in value.items()}
    return value


def _each_tensor(function: Callable[[Any], Any], value: Any) -> Any:
    if function is np.trunc:
        return value.trunc()
    return value.float() if function is np.float32 else function(value)


def _alter(value: Any) -> bool:
    """Change a value in place, if it is one that can be."""
    if isinstance(value, np.ndarray) and value.size and value.dtype.kind in "iuf":
        value += 1
    elif is_tensor(value) and value.numel() and value.is_floating_point():
        value.data.add_(1)
    elif is_tensor(value) and value.numel() and value.dtype != value.bool().dtype:
        value.add_(1)
    elif isinstance(value, list) and value:
        value.append(value[0])
    elif isinstance(value, dict) and value:
        value.pop(next(iter(value)))
    else:
        return False
    return True


def show_equal(exercise: Any, mutant: Mutant, *, draws: int = 1_000) -> str | None:
    """Try a mutant that is listed as equal, and the reference, on random inputs.

    Parameters
    ----------
    exercise : exercises.engine.function.Function
        The exercise; its ``draw`` gives the inputs.
    mutant : Mutant
        One of its mutants.
    draws : int
        How many inputs are drawn.

    Returns
    -------
    str or None
        What is different, in a few words; None where nothing is.
    """
    if exercise.draw is None:
        return "there is no `draw` that gives random inputs to show it on"
    rng = np.random.default_rng(0)
    for number in range(1, draws + 1):
        with quiet_state():
            inputs = exercise.draw(rng)
        results = [
            guarded_call(exercise.used(answer), inputs, seconds=10.0)
            for answer in (exercise.reference, mutant.answer)
        ]
        right, changed = results
        if right.error or right.timed_out:
            return f"the reference fails on random input {number}: {right.error!r}"
        if changed.error or changed.timed_out:
            return f"it fails on random input {number}: {changed.error!r}"
        if not agrees(right.value, changed.value, rtol=exercise.rtol, atol=exercise.atol):
            return f"another result comes out on random input {number}"
        if exercise.keeps_inputs and changed.changed:
            return f"inputs are changed on random input {number}"
    return None


# --- the source ---------------------------------------------------------------------------------


class _Source:
    """The syntax tree of a reference and its helpers, and the way back to a function."""

    def __init__(self, tree: ast.Module, name: str, namespace: dict[str, Any]) -> None:
        self.tree = tree
        self.name = name
        self.namespace = namespace

    @classmethod
    def of(cls, reference: Callable[..., Any]) -> _Source:
        if not (inspect.isfunction(reference) or inspect.isclass(reference)):
            raise UnreadableError(f"{reference!r} is neither a function nor a class")
        module = inspect.getmodule(reference)
        namespace = dict(vars(module)) if module else {}
        namespace |= getattr(reference, "__globals__", {})
        namespace |= _enclosed(reference)
        definitions: dict[str, ast.stmt] = {}
        name = "reference_solution"
        waiting = [(name, reference)]
        while waiting:
            own_name, thing = waiting.pop()
            definition = _definition(thing, own_name)
            definitions[own_name] = definition
            for used, value in _helpers(definition, namespace, module):
                if used not in definitions and used not in dict(waiting):
                    waiting.append((used, value))
        # Helpers first: a default value or a base class may need them.
        body = [definitions[key] for key in reversed(definitions)]
        return cls(ast.Module(body, type_ignores=[]), name, namespace)

    def compiled(self) -> CodeType | None:
        """The code of the tree as it is now; None where it makes no sense."""
        try:
            return compile(ast.fix_missing_locations(self.tree), "<mutant>", "exec")
        except (SyntaxError, ValueError, TypeError):
            return None

    def function(self, code: CodeType) -> Callable[..., Any]:
        """A function that makes the changed reference when it is first called."""
        made: list[Any] = []

        def mutant(*args: Any, **kwargs: Any) -> Any:
            if not made:
                namespace = dict(self.namespace)
                exec(code, namespace)
                made.append(namespace[self.name])
            return made[0](*args, **kwargs)

        return mutant


def _enclosed(reference: Callable[..., Any]) -> dict[str, Any]:
    """The values that a function made inside another one holds, by name."""
    code = getattr(reference, "__code__", None)
    cells = getattr(reference, "__closure__", None) or ()
    names = code.co_freevars if code else ()
    return {name: cell.cell_contents for name, cell in zip(names, cells, strict=True)}


def _definition(thing: Callable[..., Any], name: str) -> ast.stmt:
    """The statement that defines a function or class, under another name."""
    try:
        source = textwrap.dedent(inspect.getsource(thing))
    except (OSError, TypeError) as error:
        raise UnreadableError(f"there is no source of {thing!r}") from error
    try:
        tree = ast.parse(source)
    except SyntaxError:
        tree = ast.parse(f"({source.strip().rstrip(',')})")
    if getattr(thing, "__name__", "") == "<lambda>":
        return _lambda_as_function(tree, thing, name)
    definition = tree.body[0]
    if not isinstance(definition, (ast.FunctionDef, ast.ClassDef)):
        raise UnreadableError(f"{thing!r} is not defined by a statement of its own")
    definition.name = name
    definition.decorator_list = []
    return definition


def _lambda_as_function(tree: ast.Module, thing: Callable[..., Any], name: str) -> ast.stmt:
    wanted = code_content(thing.__code__)
    for node in ast.walk(tree):
        if not isinstance(node, ast.Lambda):
            continue
        code = compile(ast.Expression(node), "<lambda>", "eval")
        found = next(part for part in code.co_consts if isinstance(part, CodeType))
        if code_content(found) == wanted:
            function = ast.parse(f"def {name}(): pass").body[0]
            function.args = node.args
            function.body = [ast.Return(node.body)]
            return function
    raise UnreadableError(f"{thing!r} is not the only thing in its statement")


def _helpers(
    definition: ast.stmt, namespace: dict[str, Any], module: Any
) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Functions and classes of the same module that a definition uses."""
    for node in ast.walk(definition):
        if not (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)):
            continue
        value = namespace.get(node.id)
        plain = inspect.isfunction(value) or inspect.isclass(value)
        if plain and inspect.getmodule(value) is module and value.__name__ == node.id:
            yield node.id, value


# --- places -------------------------------------------------------------------------------------


_TELLING_PARENTS = (
    ast.expr,
    ast.keyword,
    ast.Slice,
    ast.arguments,
    ast.Return,
    ast.Assign,
    ast.AugAssign,
    ast.Expr,
)


@dataclass
class _Place:
    """A node of the tree and where it hangs."""

    node: ast.AST
    parents: tuple[ast.AST, ...]  # from the module down to the direct parent
    field: str
    index: int | None

    class _Change:
        def __init__(self, place: _Place, after: ast.AST | None) -> None:
            self.place = place
            self.after = after

        def __enter__(self) -> None:
            self.place.put(self.after)

        def __exit__(self, *_: object) -> None:
            self.place.put(self.place.node)

    def above(self) -> _Place:
        """The place of the parent."""
        *further, parent = self.parents
        for field, value in ast.iter_fields(further[-1]):
            items = value if isinstance(value, list) else [value]
            for index, item in enumerate(items):
                if item is parent:
                    place = index if isinstance(value, list) else None
                    return _Place(parent, tuple(further), field, place)
        raise ValueError("the tree was changed in the meantime")

    def put(self, node: ast.AST | None) -> None:
        parent = self.parents[-1]
        if self.index is None:
            setattr(parent, self.field, node)
        else:
            getattr(parent, self.field)[self.index] = node

    def changed(self, after: ast.AST | None) -> _Place._Change:
        return self._Change(self, after)

    def texts(self, after: ast.AST | None) -> tuple[str, str]:
        """The code around the place before and after: enough of it to know it again."""
        context = self.node
        for parent in reversed(self.parents):
            if not isinstance(parent, _TELLING_PARENTS):
                break
            if isinstance(context, ast.expr) and len(ast.unparse(context)) >= 24:
                break
            context = parent
        before = _one_line(context)
        with self.changed(after):
            changed = after if context is self.node else context
            return before, "nothing" if changed is None else _one_line(changed)


def _one_line(node: ast.AST) -> str:
    ast.fix_missing_locations(node)
    if isinstance(node, ast.keyword):
        return f"{node.arg}={ast.unparse(node.value)}"
    if isinstance(node, (ast.For, ast.If, ast.While)):  # their first line only
        head = ast.fix_missing_locations(_with(node, body=[ast.Pass()], orelse=[]))
        return ast.unparse(head).split("\n")[0].rstrip(":")
    return " ".join(ast.unparse(node).split())


# Parts that say nothing about results: types, names, texts of errors.
_SKIPPED_FIELDS = {"annotation", "returns", "decorator_list", "ctx", "type_ignores"}


def _places(tree: ast.Module) -> Iterator[_Place]:
    yield from _below(tree, ())


def _below(parent: ast.AST, above: tuple[ast.AST, ...]) -> Iterator[_Place]:
    parents = (*above, parent)
    for field, value in ast.iter_fields(parent):
        if field in _SKIPPED_FIELDS:
            continue
        if isinstance(value, list):
            # A copy of the list: the tree is changed while it is walked.
            items = [(index, item) for index, item in enumerate(value)]
        else:
            items = [(None, value)]
        for index, item in items:
            if not isinstance(item, ast.AST) or isinstance(item, (ast.Raise, ast.Assert)):
                continue
            if _is_text(item):
                continue
            yield _Place(item, parents, field, index)
            yield from _below(item, parents)


def _is_text(node: ast.AST) -> bool:
    """A docstring, or a formatted text."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    return isinstance(node, (ast.JoinedStr, ast.Import, ast.ImportFrom))


# --- changes ------------------------------------------------------------------------------------

_Change = tuple[ast.AST | None, str]


def _changes(place: _Place) -> Iterator[_Change]:
    """What may stand in the place of a node, and what the results are like then."""
    change = _BY_KIND.get(type(place.node))
    if change:
        yield from change(place.node, place)


def _with(node: ast.AST, **fields: Any) -> ast.AST:
    """A copy of a node with other fields."""
    kept = dict(ast.iter_fields(node))
    return type(node)(**(kept | fields))


def _comparison(node: ast.Compare, place: _Place) -> Iterator[_Change]:
    for index, operation in enumerate(node.ops):
        for table, observation in ((_EDGES, BORDER), (_TURNED, COMPARISON)):
            other = table.get(type(operation))
            if other:
                ops = [*node.ops]
                ops[index] = other()
                yield _with(node, ops=ops), observation


def _conditions(node: ast.BoolOp, place: _Place) -> Iterator[_Change]:
    other = ast.Or if isinstance(node.op, ast.And) else ast.And
    yield _with(node, op=other()), CONDITIONS
    for index in range(len(node.values)):
        rest = node.values[:index] + node.values[index + 1 :]
        yield rest[0] if len(rest) == 1 else _with(node, values=rest), CONDITION


def _unary(node: ast.UnaryOp, place: _Place) -> Iterator[_Change]:
    if isinstance(node.op, ast.USub) and _is_axis(place):
        last = node.operand.value == 1
        yield ast.Constant(0) if last else ast.UnaryOp(ast.USub(), ast.Constant(1)), AXIS
    elif isinstance(node.op, ast.USub):
        counted = isinstance(place.parents[-1], (ast.Subscript, ast.Slice))
        yield node.operand, RANGE if counted else SIGN
    elif isinstance(node.op, (ast.Not, ast.Invert)):
        yield node.operand, CONDITION


def _operation(node: ast.BinOp, place: _Place) -> Iterator[_Change]:
    other = _OTHER_OPERATION.get(type(node.op))
    if other:
        yield _with(node, op=other[0]()), other[1]
    if isinstance(node.op, _ORDER_MATTERS) and not _sign_is_lost(node, place.parents[-1]):
        yield _with(node, left=node.right, right=node.left), EXCHANGED
    if isinstance(node.op, _PARTS):
        left_out = _counted(place) or LEFT_OUT
        yield node.left, left_out
        if not isinstance(node.op, (ast.Sub, ast.Div)):
            yield node.right, left_out


def _counted(place: _Place) -> str | None:
    """What a change of a number is like that says which entry, or which part, to take."""
    inner = place.node
    for parent in reversed(place.parents):
        if isinstance(parent, ast.Slice):
            return RANGE
        if isinstance(parent, ast.Subscript):
            return ENTRY if inner is parent.slice else None
        if not isinstance(parent, (ast.BinOp, ast.UnaryOp, ast.Tuple)):
            return None
        inner = parent
    return None


def _sign_is_lost(node: ast.BinOp, parent: ast.AST) -> bool:
    """Whether what is computed from a difference is the same for its negative."""
    if not isinstance(node.op, ast.Sub):
        return False
    if isinstance(parent, ast.BinOp) and isinstance(parent.op, ast.Pow):
        power = parent.right
        return isinstance(power, ast.Constant) and power.value % 2 == 0 and parent.left is node
    return isinstance(parent, ast.Call) and _called(parent) in ("abs", "absolute", "square", "norm")


def _in_place(node: ast.AugAssign, place: _Place) -> Iterator[_Change]:
    other = _OTHER_OPERATION.get(type(node.op))
    if other:
        yield _with(node, op=other[0]()), other[1]
    yield ast.Assign([node.target], node.value), LAST_ONLY
    yield ast.Pass(), STEP


def _constant(node: ast.Constant, place: _Place) -> Iterator[_Change]:
    value = node.value
    parent = place.parents[-1]
    if isinstance(parent, ast.UnaryOp) and _is_axis(place.above()):
        return  # the minus in front of it is changed
    if isinstance(parent, ast.keyword) and parent.arg in _HARMLESS_KEYWORDS:
        return
    if _is_axis(place):
        yield ast.Constant(0 if value else 1), AXIS
    elif isinstance(value, bool):
        yield ast.Constant(not value), SWITCH
    elif isinstance(value, int):
        counted = _counted(place)
        if isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.USub):
            yield ast.Constant(value + 1), counted or ONE_LESS
            if value != 1:  # minus 0 is no smaller number, and not one that anybody writes
                yield ast.Constant(value - 1), counted or ONE_MORE
        else:
            yield ast.Constant(value + 1), counted or ONE_MORE
            yield _number(value - 1), counted or ONE_LESS
    elif isinstance(value, float) and abs(value) > 1e-6:  # smaller ones only keep 0 away
        yield ast.Constant(2 * value), CONSTANT
        yield ast.Constant(value / 2), CONSTANT
    elif value == 0.0 and isinstance(value, float):
        yield ast.Constant(1.0), CONSTANT


def _number(value: int) -> ast.expr:
    """A whole number as Python's own parser would have it."""
    if value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(-value))
    return ast.Constant(value)


def _is_axis(place: _Place) -> bool:
    """Whether a number, or one with a minus in front, says along which axis to go."""
    parent = place.parents[-1]
    node = place.node
    number = node.operand if isinstance(node, ast.UnaryOp) else node
    if not (isinstance(number, ast.Constant) and type(number.value) is int):
        return False
    if isinstance(parent, ast.Tuple):  # several axes at once
        return _is_axis_argument(place.above())
    return _is_axis_argument(place)


def _is_axis_argument(place: _Place) -> bool:
    parent = place.parents[-1]
    if isinstance(parent, ast.keyword):
        return parent.arg in _AXIS_NAMES
    if not (isinstance(parent, ast.Call) and isinstance(parent.func, ast.Attribute)):
        return False
    if parent.func.attr not in _AXIS_METHODS:
        return False
    on_module = isinstance(parent.func.value, ast.Name) and parent.func.value.id in ("np", "torch")
    return place.field == "args" and place.index == (1 if on_module else 0)


def _call(node: ast.Call, place: _Place) -> Iterator[_Change]:
    name = _called(node)
    if name == "errstate":  # what is warned about, not what comes out
        return
    if name in _OTHER_FUNCTION:
        other, observation = _OTHER_FUNCTION[name]
        if isinstance(node.func, ast.Attribute):
            yield _with(node, func=_with(node.func, attr=other)), observation
        elif name in _BUILT_IN:
            yield _with(node, func=ast.Name(other, ast.Load())), observation
    loops = isinstance(place.parents[-1], (ast.For, ast.comprehension))
    if name in _STEPS and not (name in ("unique", "set") and loops):  # the same work, again
        observation = AXIS if name == "transpose" else STEP
        is_method = isinstance(node.func, ast.Attribute) and not _is_module(node.func.value)
        if is_method:
            yield node.func.value, observation
        elif len(node.args) == 2 and name in ("maximum", "minimum", "max", "min"):
            yield node.args[0], observation
            yield node.args[1], observation
        elif node.args and (len(node.args) == 1 or name not in ("max", "min")):
            yield node.args[0], observation
    if name == "where" and len(node.args) == 3:
        yield node.args[1], CONDITION
        yield node.args[2], CONDITION
    elif name == "range":
        yield from _shorter_range(node)
    elif len(node.args) >= 2 and name not in _COMMUTATIVE:
        first, second, *others = node.args
        starred = any(isinstance(arg, ast.Starred) for arg in (first, second))
        both_constant = all(isinstance(arg, ast.Constant) for arg in (first, second))
        if not starred and not both_constant:
            yield _with(node, args=[second, first, *others]), EXCHANGED
    for index, keyword in enumerate(node.keywords):
        if keyword.arg is None or keyword.arg in _HARMLESS_KEYWORDS:
            continue
        rest = node.keywords[:index] + node.keywords[index + 1 :]
        observation = ALL_AXES if keyword.arg in _AXIS_NAMES else OPTION
        yield _with(node, keywords=rest), observation


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


_MODULES = {"np", "torch", "math", "F", "functional", "scipy", "linalg", "copy", "special", "stats"}


def _is_module(node: ast.expr) -> bool:
    last = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return last in _MODULES


def _shorter_range(node: ast.Call) -> Iterator[_Change]:
    one = ast.Constant(1)
    if len(node.args) == 1:
        (stop,) = node.args
        yield _with(node, args=[one, stop]), FIRST
        yield _with(node, args=[ast.BinOp(stop, ast.Sub(), one)]), LAST
    elif len(node.args) >= 2:
        start, stop, *step = node.args
        yield _with(node, args=[ast.BinOp(start, ast.Add(), one), stop, *step]), FIRST
        yield _with(node, args=[start, ast.BinOp(stop, ast.Sub(), one), *step]), LAST


def _attribute(node: ast.Attribute, place: _Place) -> Iterator[_Change]:
    if node.attr in ("T", "mT"):
        yield node.value, TRANSPOSED


def _subscript(node: ast.Subscript, place: _Place) -> Iterator[_Change]:
    index = node.slice
    if isinstance(index, ast.Tuple) and len(index.elts) == 2 and isinstance(node.ctx, ast.Load):
        first, second = index.elts
        plain = not any(isinstance(part, (ast.Slice, ast.Constant)) for part in (first, second))
        if plain:
            yield _with(node, slice=ast.Tuple([second, first], ast.Load())), EXCHANGED


def _slice(node: ast.Slice, place: _Place) -> Iterator[_Change]:
    for part in ("lower", "upper", "step"):
        limit = getattr(node, part)
        is_one = isinstance(limit, ast.Constant) and limit.value == 1  # made 0 elsewhere
        named = limit is not None and not isinstance(limit, (ast.Constant, ast.UnaryOp))
        if named and part != "step":
            yield _with(node, **{part: ast.BinOp(limit, ast.Add(), ast.Constant(1))}), RANGE
            yield _with(node, **{part: ast.BinOp(limit, ast.Sub(), ast.Constant(1))}), RANGE
        if limit is not None and not (part == "lower" and is_one):
            yield _with(node, **{part: None}), RANGE


def _choice(node: ast.IfExp, place: _Place) -> Iterator[_Change]:
    yield node.body, SPECIAL_CASE
    yield node.orelse, SPECIAL_CASE


def _branch(node: ast.If, place: _Place) -> Iterator[_Change]:
    if all(isinstance(statement, ast.Raise) for statement in node.body):
        return  # inputs that are refused are not among the cases
    yield _with(node, test=ast.Constant(False)), SPECIAL_CASE
    yield _with(node, test=ast.Constant(True)), SPECIAL_CASE


def _loop(node: ast.For, place: _Place) -> Iterator[_Change]:
    yield from _shorter_iteration(node)
    if node.orelse:
        yield _with(node, orelse=[]), STEP


def _shorter_iteration(node: ast.For | ast.comprehension) -> Iterator[_Change]:
    called = isinstance(node.iter, ast.Call) and _called(node.iter)
    if called == "range":
        return
    items = ast.Call(ast.Name("list", ast.Load()), [node.iter], [])
    one = ast.Constant(1)
    but_last = ast.Slice(None, ast.UnaryOp(ast.USub(), one))
    yield _with(node, iter=ast.Subscript(items, ast.Slice(one), ast.Load())), FIRST
    yield _with(node, iter=ast.Subscript(items, but_last, ast.Load())), LAST


def _comprehension(node: ast.comprehension, place: _Place) -> Iterator[_Change]:
    yield from _shorter_iteration(node)
    for index in range(len(node.ifs)):
        yield _with(node, ifs=node.ifs[:index] + node.ifs[index + 1 :]), CONDITION


def _statement(node: ast.Expr, place: _Place) -> Iterator[_Change]:
    yield ast.Pass(), STEP


def _assignment(node: ast.Assign, place: _Place) -> Iterator[_Change]:
    (target, *_) = node.targets
    if isinstance(target, (ast.Subscript, ast.Attribute)):
        yield ast.Pass(), STEP
    elif isinstance(target, ast.Name):
        used = {n.id for n in ast.walk(node.value) if isinstance(n, ast.Name)}
        if target.id in used:  # a value that is made anew from itself: the old one may stay
            yield ast.Pass(), STEP


def _leaving(node: ast.Break | ast.Continue, place: _Place) -> Iterator[_Change]:
    yield ast.Pass(), STOP


_BY_KIND: dict[type, Callable[[Any, _Place], Iterator[_Change]]] = {
    ast.Compare: _comparison,
    ast.BoolOp: _conditions,
    ast.UnaryOp: _unary,
    ast.BinOp: _operation,
    ast.AugAssign: _in_place,
    ast.Constant: _constant,
    ast.Call: _call,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.Slice: _slice,
    ast.IfExp: _choice,
    ast.If: _branch,
    ast.For: _loop,
    ast.comprehension: _comprehension,
    ast.Expr: _statement,
    ast.Assign: _assignment,
    ast.Break: _leaving,
    ast.Continue: _leaving,
}
