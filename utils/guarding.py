"""Call a reader's code so that nothing it does can hurt the notebook around it.

The call gets copies of its inputs and a fixed state of the random generators, which are put back
afterwards; what it prints is kept, up to a limit; an endless loop is stopped where the system has
POSIX alarms.
"""

from __future__ import annotations

import contextlib
import io
import linecache
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
from typing import Any

import numpy as np

from utils.comparing import clone, describe, identical

PRINT_LIMIT = 2_000  # characters kept of what an answer prints
_HERE = Path(__file__).resolve().parent
_OURS = (str(_HERE), str(_HERE.parent / "exercises"))


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


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise :class:`TimeLimitError` inside the block after ``seconds`` (> 0) seconds.

    Does nothing where :func:`alarms_available` is false. The alarm rings again every tenth of a
    second, since a bare ``except:`` may swallow the first ring. A timer that was already running
    is put back.
    """
    if not alarms_available():
        yield
        return

    armed = True

    def ring(_signal: int, _frame: Any) -> None:
        if armed:
            raise TimeLimitError

    before = signal.signal(signal.SIGALRM, ring)
    previous_delay, previous_interval = signal.setitimer(
        signal.ITIMER_REAL, max(seconds, 1e-3), 0.1
    )
    started = time.monotonic()
    try:
        yield
    finally:
        armed = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if previous_delay:
            left = max(previous_delay - (time.monotonic() - started), 1e-3)
            signal.setitimer(signal.ITIMER_REAL, left, previous_interval)


@contextlib.contextmanager
def kept_state(seed: int) -> Iterator[None]:
    """Run the block with seeded global generators; put every global setting back afterwards.

    Restored are the generators of Python, NumPy and torch, NumPy's error settings, torch's
    gradient mode and default dtype.
    """
    torch = sys.modules.get("torch")
    numpy_errors = np.geterr()
    torch_modes = (torch.is_grad_enabled(), torch.get_default_dtype()) if torch else None
    python_state = random.getstate()
    numpy_state = np.random.get_state()  # noqa: NPY002 - the global generator is what is guarded
    torch_state = torch.get_rng_state() if torch else None
    cuda_states = torch.cuda.get_rng_state_all() if torch and torch.cuda.is_initialized() else None
    try:
        random.seed(seed)
        np.random.seed(seed)  # noqa: NPY002
        if torch:
            torch.manual_seed(seed)
        yield
    finally:
        random.setstate(python_state)
        np.random.set_state(numpy_state)  # noqa: NPY002
        np.seterr(**numpy_errors)
        if torch_state is not None:
            torch.set_grad_enabled(torch_modes[0])
            torch.set_default_dtype(torch_modes[1])
            torch.set_rng_state(torch_state)
            if cuda_states is not None:
                torch.cuda.set_rng_state_all(cuda_states)


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
        lines.append(f"in {frame.name}, line {frame.lineno}: {code}".rstrip(": "))
    return tuple(lines[:2] + lines[-3:]) if len(lines) > 5 else tuple(lines)


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
    outcome.warned = tuple(dict.fromkeys(str(w.message).split("\n")[0] for w in caught))
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
