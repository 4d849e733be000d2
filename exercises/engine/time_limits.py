"""Stop code that runs too long, where the system has POSIX alarms.

A limit is about the code, not about the computer: while other programs keep the code from running,
its time stands still (:class:`Stopwatch`). Time that it sleeps away or waits for something counts.
"""

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


PATIENCE = 3  # at most so many seconds by the clock for each second of a limit


class Stopwatch:
    """The seconds that code has taken, without those in which it waited for a processor.

    Linux keeps count of how long a thread was ready to run while something else had the processor.
    Elsewhere a thread counts as kept waiting where it computed for at least half of the time, and
    what is missing to the whole is taken off. Never more than two thirds of the time are taken
    off, so that a limit ends on the busiest computer.

    Examples
    --------
    >>> watch = Stopwatch()
    >>> 0 <= watch.seconds() <= watch.elapsed()
    True
    """

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._computed = time.thread_time()
        self._waited = _waited_for_a_processor()

    def elapsed(self) -> float:
        """The time by the clock.

        Returns
        -------
        float
            In seconds.
        """
        return time.monotonic() - self._started

    def kept_waiting(self) -> float:
        """The time in which this thread could have run, but something else did.

        Returns
        -------
        float
            In seconds.
        """
        waited = _waited_for_a_processor()
        if waited is not None and self._waited is not None:
            return waited - self._waited
        elapsed = self.elapsed()
        missing = elapsed - (time.thread_time() - self._computed)
        return max(missing, 0.0) if missing <= elapsed / 2 else 0.0

    def seconds(self) -> float:
        """The time that this thread has taken.

        Returns
        -------
        float
            In seconds; between a third of :meth:`elapsed` and the whole.
        """
        elapsed = self.elapsed()
        return max(elapsed - self.kept_waiting(), elapsed / PATIENCE)


def _waited_for_a_processor() -> float | None:
    """How long this thread has been ready to run without running; None where nobody counts."""
    try:
        with open("/proc/thread-self/schedstat", "rb", buffering=0) as file:
            ran, waited, _ = map(int, file.read().split())
    except (OSError, ValueError):
        return None
    return waited / 1e9 if ran else None  # all are 0 where Linux was built without the count


class time_limit(contextlib.AbstractContextManager):
    """A ``with`` block that may take so many seconds and no more.

    Seconds are those of a :class:`Stopwatch`: on a busy computer they last up to three times as
    long by the clock. A bare ``except:`` in a loop may swallow the error, so the alarm rings
    again, and after a few rings so soon that one falls between the handler's end and the next
    ``try``. A timer that was already running is put back. Where :func:`alarms_available` is false
    the block runs without a limit.

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
        self._is_over = False
        self._watch = Stopwatch()
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
            left = max(delay - self._watch.elapsed(), 1e-3)
            signal.setitimer(signal.ITIMER_REAL, left, interval)

    def _ring(self, _signal: int, frame: FrameType | None) -> None:
        if not self._armed:
            return
        left = self.seconds - self._watch.seconds()
        if left > self.seconds / 50 and not self._is_over:  # kept waiting: it gets what is missing
            signal.setitimer(signal.ITIMER_REAL, left)
            return
        self._is_over = True
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
