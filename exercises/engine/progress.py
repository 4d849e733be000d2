"""The reader's progress: which exercises were tried and solved, in a small SQLite file.

The file is the one named by ``COURSE_PROGRESS``, else ``progress.sqlite3`` in the user's data
folder. Nothing here ever raises into a lesson: a store that is locked, read-only or broken costs
one warning line, a corrupt file is set aside under a new name, never deleted, and a database of
another program is left alone.

``make progress`` is the command line (`tools/progress.py`).
"""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from utils.display import say

T = TypeVar("T")
WAIT_SECONDS = 5.0  # how long one kernel waits for another that is writing
told: set[str] = set()  # sentences about the store that were printed and are not repeated

_COLUMNS = ("exercise", "status", "mistake", "at")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS attempts (
    number INTEGER PRIMARY KEY,
    exercise TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('solved', 'wrong')),
    mistake TEXT NOT NULL,
    at REAL NOT NULL
)
"""
# SQLite keeps values of other types than declared, if a damaged file holds them.
_SELECT = (
    "SELECT CAST(exercise AS TEXT), CAST(status AS TEXT), CAST(mistake AS TEXT), CAST(at AS REAL) "
    "FROM attempts ORDER BY number"
)
_INSERT = "INSERT INTO attempts (exercise, status, mistake, at) VALUES (?, ?, ?, ?)"


def path() -> Path:
    """Where the progress is kept.

    Returns
    -------
    pathlib.Path
        The file that ``COURSE_PROGRESS`` names, else one in the user's data folder; it need not
        exist yet.
    """
    named = os.environ.get("COURSE_PROGRESS", "").strip()
    if named:
        return Path(named).expanduser()
    from platformdirs import user_data_dir

    return Path(user_data_dir("ml-course", appauthor=False)) / "progress.sqlite3"


class _ForeignError(Exception):
    """The file is a healthy database that the course did not make."""


@contextlib.contextmanager
def _store() -> Iterator[sqlite3.Connection]:
    """A connection inside one transaction: committed whole or not at all, then closed."""
    file = path()
    file.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(file, timeout=WAIT_SECONDS, isolation_level=None)
    try:
        # Bytes that are no text are kept apart, so that they hide no other row.
        connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        connection.execute("BEGIN IMMEDIATE")
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        columns = {row[1] for row in connection.execute("PRAGMA table_info(attempts)")}
        if tables and not columns.issuperset(("number", *_COLUMNS)):
            raise _ForeignError(f"{file.name} is a database of another program, left as it was")
        connection.execute(_SCHEMA)
        yield connection
        connection.execute("COMMIT")
    finally:
        connection.close()  # an open transaction is rolled back


def _set_aside(file: Path) -> Path | None:
    """Rename a corrupt store, with what belongs to it, to a name that is free.

    None when another process has done so in the meantime.
    """
    with _alone(file.parent):
        try:
            with _store():
                return None
        except sqlite3.DatabaseError as error:
            if not _is_corrupt(error):
                return None
        target = _free_name(file)
        os.replace(file, target)
        for suffix in ("-journal", "-wal", "-shm"):
            with contextlib.suppress(OSError):
                os.replace(f"{file}{suffix}", f"{target}{suffix}")
        return target


def _free_name(file: Path) -> Path:
    """A name beside ``file`` that no file has."""
    stamp = f"{file.name}.corrupt-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}"
    target = file.with_name(stamp)
    for number in itertools.count(1):
        if not target.exists():
            return target
        target = file.with_name(f"{stamp}-{number}")


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time, where the system can lock a folder (not on Windows)."""
    try:
        import fcntl

        handle = os.open(folder, os.O_RDONLY)
    except (ImportError, OSError):
        yield
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _is_corrupt(error: sqlite3.DatabaseError) -> bool:
    """Whether the file is broken, as against locked, read-only, full or used wrongly."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _safely(action: Callable[[sqlite3.Connection], T], default: T) -> T:
    """What ``action`` returns; where the store cannot be used, a warning line and ``default``.

    A corrupt file is set aside, and the action tried once more on a new one.
    """
    for attempt in (1, 2):
        try:
            with _store() as connection:
                return action(connection)
        except sqlite3.DatabaseError as error:
            if attempt == 2 or not _is_corrupt(error):
                _warn(f"{error}")
                return default
            try:
                kept = _set_aside(path())
            except Exception as problem:
                _warn(f"{getattr(problem, 'strerror', None) or problem}")
                return default
            if kept:
                say(f"The progress file could not be read: kept as {kept.name}, begun anew.")
        except Exception as error:
            _warn(f"{getattr(error, 'strerror', None) or error}")
            return default
    return default


def _warn(reason: str) -> None:
    _say_once(f"Progress is not kept at the moment: {reason}. Lessons work all the same.")


def _say_once(sentence: str) -> None:
    if sentence not in told:
        told.add(sentence)
        say(sentence)


def record(exercise: str, status: str, mistake: str = "") -> None:
    """Keep one attempt, with the time of now.

    Parameters
    ----------
    exercise : str
        The exercise's id.
    status : str
        ``solved`` or ``wrong``.
    mistake : str
        The name of the known mistake that was recognised; empty for none.
    """
    row = (exercise, status, mistake, time.time())
    _safely(lambda store: store.execute(_INSERT, row), None)


def attempts() -> list[dict[str, Any]]:
    """Every attempt, oldest first.

    Rows of a damaged file that are no attempts are left out, which is said once.

    Returns
    -------
    list of dict
        Each with ``exercise``, ``status`` and ``mistake`` as :func:`record` got them, and ``at``,
        the time in seconds since 1970 (UTC).
    """
    rows = _safely(lambda store: store.execute(_SELECT).fetchall(), [])
    found = [row for row in rows if _is_attempt(*row)]
    if len(found) < len(rows):
        _say_once(
            "The progress file is damaged in places: entries that cannot be read are left out, "
            "all others count as before."
        )
    return [dict(zip(_COLUMNS, row, strict=True)) for row in found]


def solved() -> set[str]:
    """The exercises solved at least once; a later wrong answer takes nothing away.

    Returns
    -------
    set of str
        Their ids.
    """
    return {row["exercise"] for row in attempts() if row["status"] == "solved"}


def reset() -> int:
    """Forget every attempt.

    Returns
    -------
    int
        How many there were.
    """
    return _safely(lambda store: store.execute("DELETE FROM attempts").rowcount, 0)


def export_json() -> str:
    """All attempts as text.

    Returns
    -------
    str
        JSON that :func:`import_json` reads.
    """
    return json.dumps({"format": 1, "attempts": attempts()}, indent=1, ensure_ascii=False)


def import_json(text: str) -> int:
    """Add exported attempts that are not there yet.

    Parameters
    ----------
    text : str
        What :func:`export_json` returned, here or on another computer.

    Returns
    -------
    int
        How many were new.

    Raises
    ------
    ValueError
        For text that :func:`export_json` did not write; nothing is added then.
    """
    try:
        saved = json.loads(text)
        rows = [_attempt(*(row[name] for name in _COLUMNS)) for row in saved["attempts"]]
        if saved["format"] != 1:
            raise ValueError(f"format {saved['format']!r} is not known")
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError) as error:
        raise ValueError("this is not a progress file of the course") from error

    def add(store: sqlite3.Connection) -> int:
        known = set(store.execute(_SELECT))
        new = [row for row in dict.fromkeys(rows) if row not in known]
        store.executemany(_INSERT, new)
        return len(new)

    return _safely(add, 0)


def _attempt(exercise: Any, status: Any, mistake: Any, at: Any) -> tuple[str, str, str, float]:
    """An attempt of these four values; raises ``ValueError`` where they are none."""
    texts = (exercise, status, mistake)
    if not all(isinstance(text, str) for text in texts) or status not in ("solved", "wrong"):
        raise ValueError("unknown exercise, status or mistake")
    "".join(texts).encode()  # half a surrogate pair cannot be stored
    if isinstance(at, bool) or not isinstance(at, (int, float)) or not math.isfinite(at):
        raise ValueError("the time is no number")
    return exercise, status, mistake, float(at)


def _is_attempt(*row: Any) -> bool:
    """Whether a row of the file is an attempt, as every row of an undamaged file is."""
    try:
        _attempt(*row)
    except ValueError:
        return False
    return True
