"""The inputs on which a function is judged, and what an answer did with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from exercises.engine.guarding import Outcome


class UnusableError(Exception):
    """Raised by an exercise's ``use`` or ``check`` where it cannot go on with a result.

    Its text is shown to the reader in the place of a problem, so it says in a sentence what was
    received and what is needed instead.
    """


@dataclass(frozen=True)
class Case:
    """One input of a function exercise.

    The result is compared with ``expected`` if given, else with what the exercise's ``expected``
    function returns. A property takes the place of the comparison if ``check`` is given.

    Parameters
    ----------
    args : tuple
        The inputs by position; the answer gets copies.
    kwargs : dict
        The inputs by name.
    label : str
        What is special about this input, in a few words that the feedback shows ("two scores").
    expected : Any
        The right result.
    check : callable, optional
        ``check(result, *args, **kwargs)`` returns None where the property holds and a sentence
        where it does not, as for results that are random. Tensors come without their gradient;
        a check that needs it belongs into the exercise's ``use``.

    Examples
    --------
    >>> case = Case(([3, 1, 2],), {"reverse": True}, label="downwards", expected=[3, 2, 1])
    >>> sorted(*case.args, **case.kwargs) == case.expected
    True
    """

    args: tuple = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    label: str = ""
    expected: Any = ...
    check: Callable[..., str | None] | None = None


@dataclass(frozen=True)
class Trial:
    """One case and what an answer did with it.

    Parameters
    ----------
    number : int
        The place of the case among the exercise's cases, from 1 on.
    case : Case
        The case.
    outcome : Outcome or None
        What the call did; None where the time was over before this case.
    problem : str or None
        What is wrong with it, in a sentence; None where nothing is.
    expected : Any
        The right result; ``...`` where the call did not return, or where a property is judged.
    """

    number: int
    case: Case
    outcome: Outcome | None = None
    problem: str | None = None
    expected: Any = ...

    @property
    def reached(self) -> bool:
        """Whether the answer was called on this case before the time was over."""
        return self.outcome is not None

    @property
    def failed(self) -> bool:
        """Whether something is wrong with what the answer did."""
        return bool(self.problem)

    @property
    def passed(self) -> bool:
        """Whether the answer was called and nothing is wrong."""
        return self.reached and not self.failed
