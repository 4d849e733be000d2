"""Call a reader's code so that nothing it does can hurt the notebook around it.

The call gets copies of its inputs and a fixed state of the random generators, which are put back
afterwards, as are the global settings of the libraries; what it prints is kept, up to a limit; an
endless loop is stopped where the system has POSIX alarms.
"""

from __future__ import annotations

import contextlib
import functools
import io
import itertools
import linecache
import os
import random
import signal
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

from exercises.engine.comparing import clone, identical
from utils.display import describe, one_line

PRINT_LIMIT = 2_000  # characters kept of what an answer prints
READ_SECONDS = 1.0  # the time a value may take to describe itself
_EXERCISES = Path(__file__).resolve().parents[1]
_OURS = (str(_EXERCISES), str(_EXERCISES.parent / "utils"))


class TimeLimitError(BaseException):
    """Raised inside an answer that runs too long; no ``except Exception`` can swallow it."""


@dataclass
class Outcome:
    """What one guarded call did: its value or its error, and what it did besides."""

    value: Any = None
    error: BaseException | None = None
    timed_out: bool = False
    printed: str = ""
    warned: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    frames: tuple[str, ...] = ()


class _BoundedText(io.TextIOBase):
    """Keeps the first ``PRINT_LIMIT`` characters and drops the rest."""

    def __init__(self) -> None:
        self.kept = ""
        self.dropped = 0

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        room = PRINT_LIMIT - len(self.kept)
        self.kept += text[: max(room, 0)]
        self.dropped += max(len(text) - max(room, 0), 0)
        return len(text)

    def text(self) -> str:
        return self.kept + (f"… and {self.dropped:,} characters more" if self.dropped else "")


def alarms_available() -> bool:
    """Whether a time limit can be enforced here: POSIX alarms, in the main thread only."""
    return hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()


class time_limit(contextlib.AbstractContextManager):
    """Raise :class:`TimeLimitError` inside the ``with`` block after ``seconds`` (> 0) seconds.

    Does nothing where :func:`alarms_available` is false. A bare ``except:`` in a loop may swallow
    the error, so the alarm rings again, and after a few rings so soon that one falls between the
    handler's end and the next ``try``. A timer that was already running is put back.
    """

    # Seconds until the next ring. The short delays differ, or all rings could fall alike.
    _PATIENT, _SHORT = (0.1, 0.1, 0.05), (1e-6, 2e-6, 3e-6, 5e-6, 8e-6, 1.3e-5, 2.1e-5, 1e-4)

    def __init__(self, seconds: float) -> None:
        self.seconds, self._armed = max(seconds, 1e-3), False

    def __enter__(self) -> None:
        if not alarms_available() or _sooner_limit(self.seconds):
            return
        self._delays = itertools.chain(self._PATIENT, itertools.cycle(self._SHORT))
        self._started = time.monotonic()
        self._handler = signal.signal(signal.SIGALRM, self._ring)
        self._timer = signal.setitimer(signal.ITIMER_REAL, self.seconds)
        self._armed = True

    def __exit__(self, *_: object) -> None:
        if not self._armed:
            return
        self._armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        # None stands for a handler that was not set from Python and cannot be put back.
        signal.signal(signal.SIGALRM, signal.SIG_DFL if self._handler is None else self._handler)
        delay, interval = self._timer
        if delay:
            left = max(delay - (time.monotonic() - self._started), 1e-3)
            signal.setitimer(signal.ITIMER_REAL, left, interval)

    def _ring(self, _signal: int, frame: FrameType | None) -> None:
        if not self._armed:
            return
        signal.setitimer(signal.ITIMER_REAL, next(self._delays))
        # An error inside __exit__ would leave the timer running for ever.
        if frame is None or frame.f_code not in _LIMIT_CODES:
            raise TimeLimitError


def _sooner_limit(seconds: float) -> bool:
    """Whether a limit around this one rings first."""
    left, _ = signal.getitimer(signal.ITIMER_REAL)
    owner = getattr(signal.getsignal(signal.SIGALRM), "__self__", None)
    return isinstance(owner, time_limit) and 0 < left <= seconds


_LIMIT_CODES = {
    function.__code__ for function in (time_limit.__enter__, time_limit.__exit__, time_limit._ring)
}


def _notebook_generators() -> list[tuple[Callable[[Any], None], Any]]:
    """A way back for each random generator that the notebook holds under a name."""
    torch = sys.modules.get("torch")
    back: list[tuple[Callable[[Any], None], Any]] = []
    for value in list(vars(sys.modules["__main__"]).values()):
        kind = type(value)  # isinstance would ask the object, which may answer with an error
        if issubclass(kind, np.random.Generator):
            bits = value.bit_generator
            back.append((functools.partial(setattr, bits, "state"), bits.state))
        elif issubclass(kind, np.random.RandomState):
            back.append((value.set_state, value.get_state()))
        elif issubclass(kind, random.Random) and not issubclass(kind, random.SystemRandom):
            back.append((value.setstate, value.getstate()))
        elif torch and issubclass(kind, torch.Generator):
            back.append((value.set_state, value.get_state()))
    return back


def _torch_settings(torch: Any) -> list[tuple[Callable[[Any], Any], Any]]:
    back = [
        (torch.set_grad_enabled, torch.is_grad_enabled()),
        (torch.set_default_dtype, torch.get_default_dtype()),
        (torch.set_rng_state, torch.get_rng_state()),
    ]
    if torch.cuda.is_initialized():
        back.append((torch.cuda.set_rng_state_all, torch.cuda.get_rng_state_all()))
    device = torch.get_default_device()

    def restore_device(device: Any) -> None:
        if torch.get_default_device() != device:  # setting it, even to the same, costs every call
            torch.set_default_device(None if device.type == "cpu" else device)

    return [*back, (restore_device, device)]


def _seed_torch(torch: Any, seed: int) -> None:
    """``torch.manual_seed``, which without a GPU takes milliseconds to note what it would do."""
    if torch.accelerator.is_available():
        torch.manual_seed(seed)
    else:
        torch.default_generator.manual_seed(seed)


def _change_folder(folder: str) -> None:
    with contextlib.suppress(OSError):
        os.chdir(folder)


@contextlib.contextmanager
def kept_state(seed: int) -> Iterator[None]:
    """Run the block with seeded generators and usual settings; put everything back afterwards.

    Restored are the global generators of Python, NumPy and torch, those that the notebook holds
    under a name, NumPy's error and print settings, torch's gradient mode, default dtype and
    default device, the recursion limit and the working folder. Inside the block gradients are on,
    the default dtype is float32 and NumPy's errors are warnings, whatever the reader has set.
    """
    torch = sys.modules.get("torch")
    back = [
        (random.setstate, random.getstate()),
        (np.random.set_state, np.random.get_state()),  # noqa: NPY002 - it is what is guarded
        (lambda kept: np.seterr(**kept), np.geterr()),
        (lambda kept: np.set_printoptions(**kept), np.get_printoptions()),
        (sys.setrecursionlimit, sys.getrecursionlimit()),
        *_notebook_generators(),
        *(_torch_settings(torch) if torch else ()),
    ]
    with contextlib.suppress(OSError):  # the working folder may be gone
        back.append((_change_folder, os.getcwd()))
    try:
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        np.seterr(divide="warn", over="warn", under="ignore", invalid="warn")
        if torch:
            torch.set_grad_enabled(True)
            torch.set_default_dtype(torch.float32)
            _seed_torch(torch, seed)
        yield
    finally:
        for restore, kept in back:
            restore(kept)


def own_frames(error: BaseException) -> tuple[str, ...]:
    """The lines of ``error``'s traceback that belong to the reader, as ``where: code``."""
    lines = []
    for frame in traceback.extract_tb(error.__traceback__):
        name = frame.filename
        if name.startswith(_OURS) or "site-packages" in name or "<frozen" in name:
            continue
        if name.startswith((sys.base_prefix, sys.prefix)) or "<__array_function__" in name:
            continue
        code = frame.line or linecache.getline(name, frame.lineno or 0).strip()
        lines.append(one_line(f"in {frame.name}, line {frame.lineno}: {code}".rstrip(": ")))
    return tuple(lines[:2] + lines[-3:]) if len(lines) > 5 else tuple(lines)


def message_of(error: BaseException) -> str:
    """The first line of an error's or a warning's text; empty where the text cannot be had."""
    try:
        with time_limit(READ_SECONDS):
            return one_line(str(error).strip().split("\n")[0], 300)
    except KeyboardInterrupt:
        raise
    except BaseException:
        return ""


def described(value: Any) -> str:
    """:func:`describe` for a value made by a reader, whose ``__repr__`` may do anything."""
    try:
        with time_limit(READ_SECONDS):
            return describe(value)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return f"an object of type {type(value).__name__} ({type(error).__name__} while reading it)"


def guarded_call(
    function: Callable[..., Any],
    args: tuple = (),
    kwargs: dict[str, Any] | None = None,
    *,
    seconds: float = 10.0,
    seed: int = 0,
) -> Outcome:
    """Call ``function(*args, **kwargs)`` on copies of the inputs and report what happened.

    Never raises, except ``KeyboardInterrupt`` (the reader pressed stop). ``outcome.changed`` names
    the inputs that the call altered, by position ("input 1") or keyword.
    """
    kwargs = kwargs or {}
    given, given_by_name = [clone(a) for a in args], {k: clone(v) for k, v in kwargs.items()}
    outcome, output = Outcome(), _BoundedText()
    with kept_state(seed), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with (
                contextlib.redirect_stdout(output),
                contextlib.redirect_stderr(output),
                time_limit(seconds),
            ):
                # Copied at once: a later call may overwrite what this one returned.
                outcome.value = clone(function(*given, **given_by_name))
        except KeyboardInterrupt:
            raise
        except TimeLimitError:
            outcome.timed_out = True
        except BaseException as error:  # SystemExit, MemoryError and RecursionError among them
            outcome.error = error
            outcome.frames = own_frames(error)
    outcome.printed = output.text()
    outcome.warned = tuple(dict.fromkeys(message_of(w.message) for w in caught[:100]))
    outcome.changed = tuple(
        [f"input {i + 1}" for i, old in enumerate(args) if not identical(old, given[i])]
        + [name for name, old in kwargs.items() if not identical(old, given_by_name[name])]
    )
    return outcome


def describe_call(args: tuple, kwargs: dict[str, Any]) -> str:
    """The inputs of a call in one line each, for the feedback."""
    parts = [describe(value) for value in args]
    parts += [f"{name} = {describe(value)}" for name, value in kwargs.items()]
    return "; ".join(parts) if parts else "no input"
