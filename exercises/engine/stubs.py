"""Whether an answer is still the placeholder that the notebook hands out."""

from __future__ import annotations

import dis
import inspect
from collections.abc import Callable
from types import CodeType
from typing import Any


def is_stub(answer: Any) -> bool:
    """Whether ``answer`` is still the placeholder: ``...``, or a body of nothing but ``...``.

    Parameters
    ----------
    answer : Any
        A function, method or class; anything else but ``...`` is no placeholder.

    Returns
    -------
    bool
        True also for a body of a docstring alone. Of a class, all methods must be placeholders;
        ``__init__`` may be given with the task.

    Examples
    --------
    >>> def mean(values): ...
    >>> is_stub(mean)
    True
    >>> is_stub(sum)
    False
    """
    if answer is ...:
        return True
    if inspect.isclass(answer):
        return _is_stub_class(answer)
    if inspect.ismethod(answer):
        answer = answer.__func__
    if not inspect.isfunction(answer) or answer.__name__ == "<lambda>":
        return False
    return _is_empty(answer)


def code_content(code: CodeType) -> tuple:
    """What a piece of compiled code does, step by step, wherever it stands.

    Parameters
    ----------
    code : code object
        The ``__code__`` of a function.

    Returns
    -------
    tuple
        Equal for two functions that were written alike, whatever their comments, their layout and
        their docstrings.

    Examples
    --------
    >>> def first(x):
    ...     return x + 1  # one more
    >>> def second(x):
    ...     return (x
    ...             + 1)
    >>> code_content(first.__code__) == code_content(second.__code__)
    True
    """
    steps = [step for step in dis.get_instructions(code) if step.opname not in _CIRCUMSTANCES]
    offsets = [step.offset for step in steps]
    content = []
    for step in steps:
        name, argument = step.opname, step.argval
        if step.opcode in dis.hasjrel or step.opcode in dis.hasjabs:
            argument = sum(offset < argument for offset in offsets)  # as a number of steps
        elif isinstance(argument, CodeType):
            argument = code_content(argument)
        elif isinstance(argument, frozenset):
            argument = sorted(map(repr, argument))
        content.append((_SAME_STEP.get(name, name), repr(argument)))
    numbers = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount)
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    return (*numbers, names, *content)


# Python calls a method in another way where the object was imported in the same file or cell.
_CIRCUMSTANCES = {"PUSH_NULL", "PRECALL", "EXTENDED_ARG", "CACHE", "NOP"}
_SAME_STEP = {"LOAD_METHOD": "LOAD_ATTR"}


def same_code(answer: Any, handed_out: Callable[..., Any]) -> bool:
    """Whether an answer is written like the code that was handed out.

    Parameters
    ----------
    answer : Any
        A function or a class; nothing else is code that can be compared.
    handed_out : callable
        The function or class of the exercise.

    Returns
    -------
    bool
        Comments, layout and docstrings do not matter; names and defaults do.

    Examples
    --------
    >>> def double(x, times=2):
    ...     return x * times
    >>> def twice(x, times=2):  # as it was
    ...     return x * times
    >>> def thrice(x, times=3):
    ...     return x * times
    >>> same_code(twice, double), same_code(thrice, double)
    (True, False)
    """
    if inspect.isclass(answer) and inspect.isclass(handed_out):
        methods, others = _functions_of(answer), _functions_of(handed_out)
        return methods.keys() == others.keys() and all(
            same_code(methods[name], others[name]) for name in methods
        )
    if not (inspect.isfunction(answer) and inspect.isfunction(handed_out)):
        return False
    return _written(answer) == _written(handed_out)


def _functions_of(kind: type) -> dict[str, Callable[..., Any]]:
    return {name: value for name, value in vars(kind).items() if inspect.isfunction(value)}


def _written(function: Callable[..., Any]) -> tuple:
    defaults = (function.__defaults__, function.__kwdefaults__)
    return code_content(function.__code__), repr(defaults)


def _is_stub_class(answer: type) -> bool:
    methods = _functions_of(answer)
    asked_for = [method for name, method in methods.items() if name != "__init__"]
    return bool(methods) and all(map(is_stub, asked_for or methods.values()))


def _is_empty(function: Callable) -> bool:
    code = function.__code__
    constants = [
        constant
        for constant in code.co_consts
        if constant is not None and constant != function.__doc__
    ]
    return code.co_code in _EMPTY_BODIES and not constants and not code.co_names


def _empty_bodies() -> set[bytes]:
    """What Python makes of an empty body, with a docstring and without."""

    def plain(): ...

    def documented():
        """Documented."""

    return {function.__code__.co_code for function in (plain, documented)}


_EMPTY_BODIES = _empty_bodies()
