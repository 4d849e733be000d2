"""What a task calls its inputs: signatures written as text, and the inputs of a case by name."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from utils.display import describe

_Parameter = inspect.Parameter


class Inputs(tuple):
    """The inputs of a case in the order of the task's parameters, to call a function with.

    Parameters
    ----------
    values : iterable
        The inputs by position.
    names : sequence of str
        What the task calls them.
    named : mapping
        Inputs that can only be given by name.

    Examples
    --------
    >>> Inputs([1, 2], ["number", "power"])
    number = 1; power = 2
    >>> pow(*Inputs([3, 2], ["number", "power"]))
    9
    """

    names: tuple[str, ...]
    named: dict[str, Any]

    def __new__(
        cls, values: Any, names: Any = (), named: Mapping[str, Any] | None = None
    ) -> Inputs:
        """A tuple is filled when it is made, not afterwards."""
        inputs = super().__new__(cls, values)
        inputs.names = tuple(names)
        inputs.named = dict(named or {})
        return inputs

    def __repr__(self) -> str:
        together = dict(zip(self.names, self, strict=True)) | self.named
        return in_words(together)


def signature_of(text: str) -> inspect.Signature:
    """The signature that a text writes down.

    Parameters
    ----------
    text : str
        ``"(scores, *, largest=None)"``, as behind a function's name; annotations may be there.

    Returns
    -------
    inspect.Signature
        Without annotations. A default that is no literal is kept as the text that it is.

    Raises
    ------
    ValueError
        Where the text is no signature.

    Examples
    --------
    >>> signature_of("(scores, *, largest=None)")
    <Signature (scores, *, largest=None)>
    """
    try:
        (function,) = ast.parse(f"def task{text}: ...").body
    except (SyntaxError, ValueError) as error:
        raise ValueError(f"{text!r} is no signature like '(scores, *, largest=None)'") from error
    given = function.args
    by_position = [(arg, _Parameter.POSITIONAL_ONLY) for arg in given.posonlyargs]
    by_position += [(arg, _Parameter.POSITIONAL_OR_KEYWORD) for arg in given.args]
    without_default = len(by_position) - len(given.defaults)
    defaults = [None] * without_default + given.defaults
    parameters = [
        _Parameter(arg.arg, kind, default=_default(default))
        for (arg, kind), default in zip(by_position, defaults, strict=True)
    ]
    if given.vararg:
        parameters.append(_Parameter(given.vararg.arg, _Parameter.VAR_POSITIONAL))
    parameters += [
        _Parameter(arg.arg, _Parameter.KEYWORD_ONLY, default=_default(default))
        for arg, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
    ]
    if given.kwarg:
        parameters.append(_Parameter(given.kwarg.arg, _Parameter.VAR_KEYWORD))
    return inspect.Signature(parameters)


def _default(node: ast.expr | None) -> Any:
    if node is None:
        return _Parameter.empty
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ast.unparse(node)


def bare_signature(function: Callable[..., Any]) -> inspect.Signature | None:
    """The signature of a function without its annotations.

    Parameters
    ----------
    function : callable
        A function or a class.

    Returns
    -------
    inspect.Signature or None
        None where Python knows none, as of some built-in functions.
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    return inspect.Signature([each.replace(annotation=_Parameter.empty) for each in parameters])


def fits(signature: inspect.Signature | None, args: tuple, kwargs: Mapping[str, Any]) -> bool:
    """Whether a call with these inputs has this signature.

    Parameters
    ----------
    signature : inspect.Signature or None
        None fits nothing.
    args, kwargs : tuple, mapping
        The inputs by position and by name.

    Returns
    -------
    bool
        False also where an input has no place.
    """
    try:
        return signature is not None and bool(signature.bind(*args, **kwargs))
    except TypeError:
        return False


def inputs_of(
    signature: inspect.Signature | None, args: tuple, kwargs: Mapping[str, Any]
) -> Inputs:
    """The inputs of a call in the order of a signature's parameters, with their names.

    Parameters
    ----------
    signature : inspect.Signature or None
        The task's.
    args, kwargs : tuple, mapping
        The inputs by position and by name.

    Returns
    -------
    Inputs
        With the inputs given by name in their places, wherever all in front of them have a value
        or a default. Where the signature does not fit, the inputs are called "input 1" and so on.

    Examples
    --------
    >>> inputs_of(signature_of("(x, power=2, root=1)"), (3,), {"root": 4})
    x = 3; power = 2; root = 4
    """
    if not fits(signature, args, kwargs):
        numbers = [f"input {number}" for number in range(1, len(args) + 1)]
        return Inputs(args, numbers, kwargs)
    given = signature.bind(*args, **kwargs).arguments
    values: list[Any] = []
    names: list[str] = []
    named: dict[str, Any] = {}
    skipped: list[_Parameter] = []
    for name, parameter in signature.parameters.items():
        if name not in given:
            skipped.append(parameter)
        elif parameter.kind is _Parameter.VAR_POSITIONAL:
            values += given[name]
            names += [f"{name}[{place}]" for place in range(len(given[name]))]
        elif parameter.kind is _Parameter.VAR_KEYWORD:
            named |= given[name]
        elif parameter.kind is _Parameter.KEYWORD_ONLY:
            named[name] = given[name]
        else:
            values += [before.default for before in skipped] + [given[name]]
            names += [before.name for before in skipped] + [name]
            skipped = []
    return Inputs(values, names, named)


def in_words(inputs: Mapping[str, Any]) -> str:
    """Inputs with their names in one line.

    Parameters
    ----------
    inputs : mapping
        The inputs under their names.

    Returns
    -------
    str
        About 1,000 characters at most: where they are many and long, each is cut.

    Examples
    --------
    >>> in_words({"text": "a", "size": 3})
    "text = 'a'; size = 3"
    """
    if not inputs:
        return "no input"
    parts = [f"{name} = {describe(value)}" for name, value in inputs.items()]
    line = "; ".join(parts)
    if len(line) <= 1_000:
        return line
    room = max(1_000 // len(parts), 40)
    return "; ".join(part if len(part) <= room else part[: room - 1] + "…" for part in parts)
