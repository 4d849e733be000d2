"""Stop code that runs too long, where the system has POSIX alarms."""

from __future__ import annotations

import contextlib
import itertools
import signal
import threading
import time
from types import FrameType


class TimeLimitError(BaseException):
    """Raised inside code that runs too long; no ``except Exception`` can swallow it."""


def alarms_available() -> bool:
    """Whether a time limit can be enforced here: POSIX alarms, in the main thread only.

    Returns
    -------
    bool
        False on Windows, and in every thread but the main one.
    """
    return hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()


class time_limit(contextlib.AbstractContextManager):
    """A ``with`` block that may take so many seconds and no more.

    A bare ``except:`` in a loop may swallow the error, so the alarm rings again, and after a few
    rings so soon that one falls between the handler's end and the next ``try``. A timer that was
    already running is put back. Where :func:`alarms_available` is false the block runs without a
    limit.

    Parameters
    ----------
    seconds : float
        The time that the block may take; at least a thousandth of a second.

    Raises
    ------
    TimeLimitError
        Inside the block, when the time is over.

    Examples
    --------
    >>> with time_limit(5):
    ...     print("in time")
    in time
    """

    # Seconds until the next ring, and the next.
    _PATIENT = (0.1, 0.1, 0.05)
    # Afterwards these, again and again. They differ, or all rings could fall alike.
    _SHORT = (1e-6, 2e-6, 3e-6, 5e-6, 8e-6, 1.3e-5, 2.1e-5, 1e-4)

    def __init__(self, seconds: float) -> None:
        self.seconds = max(seconds, 1e-3)
        self._armed = False

    def __enter__(self) -> None:
        if not alarms_available() or _rings_sooner(self.seconds):
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


_LIMIT_CODES = {
    function.__code__ for function in (time_limit.__enter__, time_limit.__exit__, time_limit._ring)
}


def _rings_sooner(seconds: float) -> bool:
    """Whether a limit around this one rings within ``seconds``."""
    left, _ = signal.getitimer(signal.ITIMER_REAL)
    owner = getattr(signal.getsignal(signal.SIGALRM), "__self__", None)
    return isinstance(owner, time_limit) and 0 < left <= seconds
