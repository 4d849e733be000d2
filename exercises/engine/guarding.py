"""Call a reader's code so that nothing it does can hurt the notebook around it.

The call gets copies of its inputs and a fixed state of the random generators (`kept_state`); what
it prints is kept, up to a limit; an endless loop is stopped (`time_limits`). The values and errors
that come back may do anything when they are looked at: :func:`described` and :func:`message_of`
look at them safely.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import io
import linecache
import sys
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exercises.engine.copying import clone, identical
from exercises.engine.state import kept_state
from exercises.engine.time_limits import TimeLimitError, time_limit
from utils.display import DIGITS, describe, one_line

PRINT_LIMIT = 2_000  # characters kept of what an answer prints
WARNING_LIMIT = 100  # warnings kept of one call
READ_SECONDS = 1.0  # the time a value may take to describe itself

_EXERCISES = Path(__file__).resolve().parents[1]
_OUR_FOLDERS = (str(_EXERCISES), str(_EXERCISES.parent / "utils"))


@dataclass
class Outcome:
    """What one guarded call did: its value or its error, and what it did besides.

    Parameters
    ----------
    value : Any
        What the call returned, copied at once; None where it raised or was stopped.
    error : BaseException or None
        What the call raised.
    timed_out : bool
        Whether the call was stopped by the time limit.
    printed : str
        What it printed, cut after ``PRINT_LIMIT`` characters.
    warned : tuple of str
        The first line of each different warning.
    changed : tuple of str
        The inputs that the call altered in place, by position ("input 1") or by keyword.
    frames : tuple of str
        The lines of the error's traceback that belong to the reader, see :func:`own_frames`.
    """

    value: Any = None
    error: BaseException | None = None
    timed_out: bool = False
    printed: str = ""
    warned: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    frames: tuple[str, ...] = ()


def guarded_call(
    function: Callable[..., Any],
    args: tuple = (),
    kwargs: dict[str, Any] | None = None,
    *,
    seconds: float = 10.0,
    seed: int = 0,
) -> Outcome:
    """Call ``function(*args, **kwargs)`` on copies of the inputs and report what happened.

    Parameters
    ----------
    function : callable
        The code to call.
    args, kwargs : tuple, dict
        Its inputs; they are not altered.
    seconds : float
        The time after which the call is stopped, where the system has alarms.
    seed : int
        The seed of the global random generators during the call.

    Returns
    -------
    Outcome
        Also where the call raised an error, left Python or never ended.

    Raises
    ------
    KeyboardInterrupt
        When the reader pressed stop. Nothing else is ever raised.

    Examples
    --------
    >>> guarded_call(lambda numbers: numbers.sort(), ([2, 1],)).changed
    ('input 1',)
    >>> guarded_call(lambda number: 1 / number, (0,)).error
    ZeroDivisionError('division by zero')
    """
    kwargs = kwargs or {}
    given_args = [clone(value) for value in args]
    given_kwargs = {name: clone(value) for name, value in kwargs.items()}
    outcome = Outcome()
    output = _BoundedText()
    with kept_state(seed), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with (
                contextlib.redirect_stdout(output),
                contextlib.redirect_stderr(output),
                time_limit(seconds),
            ):
                # Copied at once: a later call may overwrite what this one returned.
                outcome.value = clone(function(*given_args, **given_kwargs))
        except KeyboardInterrupt:
            raise
        except TimeLimitError:
            outcome.timed_out = True
        except BaseException as error:  # SystemExit, MemoryError and RecursionError among them
            outcome.error = error
            outcome.frames = own_frames(error)
    outcome.printed = output.text()
    messages = [message_of(warning.message) for warning in caught[:WARNING_LIMIT]]
    outcome.warned = tuple(dict.fromkeys(messages))
    outcome.changed = _changed_inputs(args, kwargs, given_args, given_kwargs)
    return outcome


class WatchedAnswer:
    """An answer that is called by other code, and whose fault it is where that raises an error.

    Parameters
    ----------
    answer : callable
        The answer. Functions and methods are watched; a class is handed on as it is, for what is
        done with it may be more than a call.

    Attributes
    ----------
    function : callable
        What the other code is to call in its place.
    returned : Any
        What the last call returned; ``...`` where none has returned.

    Examples
    --------
    >>> watched = WatchedAnswer(lambda number: 1 / number)
    >>> watched.function(2), watched.returned
    (0.5, 0.5)
    >>> watched.is_to_blame(guarded_call(watched.function, (0,)))
    True
    """

    def __init__(self, answer: Callable[..., Any]) -> None:
        self.returned: Any = ...
        self._raised: BaseException | None = None
        self._is_watched = inspect.isroutine(answer) or isinstance(answer, functools.partial)
        self.function = self._watched(answer) if self._is_watched else answer

    def _watched(self, answer: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any, **kwargs: Any) -> Any:
            try:
                self.returned = answer(*args, **kwargs)
            except BaseException as error:
                self._raised = error
                raise
            return self.returned

        return functools.update_wrapper(watched, answer)

    def is_to_blame(self, outcome: Outcome) -> bool:
        """Whether the answer raised the error of an outcome, not the code that called it.

        Parameters
        ----------
        outcome : Outcome
            What :func:`guarded_call` returned, its error included.

        Returns
        -------
        bool
            True where the error came out of the answer, or out of lines of the reader that were
            run later. Of a class also where a call did not fit or a name was missing.
        """
        if outcome.frames or outcome.error is self._raised:
            return True
        return not self._is_watched and isinstance(outcome.error, (TypeError, AttributeError))


class _BoundedText(io.TextIOBase):
    """Keeps the first ``PRINT_LIMIT`` characters and drops the rest."""

    def __init__(self) -> None:
        self.kept = ""
        self.dropped = 0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        room = max(PRINT_LIMIT - len(self.kept), 0)
        self.kept += text[:room]
        self.dropped += max(len(text) - room, 0)
        return len(text)

    def text(self) -> str:
        if not self.dropped:
            return self.kept
        return f"{self.kept}… and {self.dropped:,} characters more"


def _changed_inputs(
    args: tuple, kwargs: dict[str, Any], given_args: list, given_kwargs: dict[str, Any]
) -> tuple[str, ...]:
    """The names of the inputs whose copies, handed to the call, are no longer what they were."""
    changed = []
    for number, (before, after) in enumerate(zip(args, given_args, strict=True), start=1):
        if not identical(before, after):
            changed.append(f"input {number}")
    for name, before in kwargs.items():
        if not identical(before, given_kwargs[name]):
            changed.append(name)
    return tuple(changed)


def own_frames(error: BaseException) -> tuple[str, ...]:
    """The lines of an error's traceback that belong to the reader.

    Parameters
    ----------
    error : BaseException
        An error that was raised and caught.

    Returns
    -------
    tuple of str
        ``in name, line 3: code``, outermost first. Frames of the course, of installed packages
        and of Python itself are left out; of more than five the first two and the last three are
        kept.
    """
    lines = []
    for frame in traceback.extract_tb(error.__traceback__):
        if _is_foreign(frame.filename):
            continue
        code = frame.line or linecache.getline(frame.filename, frame.lineno or 0).strip()
        lines.append(one_line(f"in {frame.name}, line {frame.lineno}: {code}".rstrip(": ")))
    if len(lines) > 5:
        lines = [*lines[:2], *lines[-3:]]
    return tuple(lines)


def _is_foreign(file_name: str) -> bool:
    """Whether code in this file was written by somebody else than the reader."""
    if file_name.startswith((*_OUR_FOLDERS, sys.base_prefix, sys.prefix)):
        return True
    return any(part in file_name for part in ("site-packages", "<frozen", "<__array_function__"))


def message_of(error: BaseException) -> str:
    r"""The first line of an error's or a warning's text.

    Parameters
    ----------
    error : BaseException
        The error or warning; its ``__str__`` may itself fail or never end.

    Returns
    -------
    str
        At most 300 characters; empty where the text cannot be had.

    Examples
    --------
    >>> message_of(ValueError("too large\nand more"))
    'too large'
    """
    try:
        with time_limit(READ_SECONDS):
            first_line = str(error).strip().split("\n")[0]
            return one_line(first_line, 300)
    except KeyboardInterrupt:
        raise
    except BaseException:
        return ""


def described(value: Any, digits: int = DIGITS) -> str:
    """One line about a value made by a reader, whose ``__repr__`` may do anything.

    Parameters
    ----------
    value : Any
        The value.
    digits : int
        How many digits behind the point are shown at most.

    Returns
    -------
    str
        What :func:`utils.display.describe` says, or the type of a value that cannot be read.

    Examples
    --------
    >>> described([1, 2])
    'list of length 2: [1, 2]'
    """
    try:
        with time_limit(READ_SECONDS):
            return describe(value, digits)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return f"an object of type {type(value).__name__} ({type(error).__name__} while reading it)"
