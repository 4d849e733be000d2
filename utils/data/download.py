"""Fetching the classic data sets: verified, resumable, never half-written.

:func:`fetch` looks for a file in the cache folder and otherwise downloads it with pooch. Bytes
arrive in the folder ``.incoming`` inside the cache, are checked there against their SHA-256, and
only then move to their final name in one step. A broken download leaves its beginning behind, and
the next call asks the server for the rest. One process downloads at a time; the others wait and
find the file. :mod:`utils.data.archives` reads what was fetched.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "data" / "catalogue.json"
CONNECT_TIMEOUT = 10.0  # seconds to reach a server
READ_TIMEOUT = 30.0  # seconds without a single byte before a connection counts as broken
LOCK_TIMEOUT = 600.0  # seconds to wait for another process that is downloading
ATTEMPTS = 5  # per address, and only as long as each one gets further than the one before
PAUSE = 0.5  # seconds between two attempts
WRONG = "what the server sent is not the expected file (its length or SHA-256 differs)"


class DataUnavailable(RuntimeError):
    """A data file is not here and could not be fetched; the message says what to do instead."""


class ChecksumMismatch(DataUnavailable):
    """Every server that answered sent something else than the expected file."""


class _WrongContents(ValueError):
    """The server's file has another length than the catalogue says."""


@dataclass(frozen=True)
class RemoteFile:
    """One file of the catalogue.

    Attributes
    ----------
    name : str
        Its path below the cache folder, with slashes.
    urls : tuple of str
        Addresses that hold it, tried in this order.
    sha256 : str
        64 hexadecimal digits.
    bytes : int
        Its length.
    """

    name: str
    urls: tuple[str, ...]
    sha256: str
    bytes: int


def _writable(folder: Path) -> bool:
    """Whether ``folder`` is, or could be created as, a folder that takes new files."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)


def _folders() -> list[Path]:
    """Where a file may lie already, in the order of search."""
    if chosen := os.environ.get("COURSE_DATA"):
        return [Path(chosen).expanduser()]
    import platformdirs

    user = Path(platformdirs.user_cache_dir("ml-course-notebooks", appauthor=False))
    # Installed without its repository, the package has no data folder of its own.
    in_repository = (ROOT / "data" / "catalogue.json").is_file()
    return [ROOT / "data" / "cache", user] if in_repository else [user]


def cache_dir() -> Path:
    """The folder that new downloads go to (not created by this call).

    ``COURSE_DATA`` if set, else ``data/cache`` in the repository if that is writable, else the
    cache folder that the operating system keeps for the user. A folder named by ``COURSE_DATA`` is
    never silently replaced by another: if it cannot be written to, a download raises
    :class:`DataUnavailable`.
    """
    folders = _folders()
    return next((folder for folder in folders if _writable(folder)), folders[-1])


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, as 64 hexadecimal digits."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class _Resumable:
    """A pooch downloader that continues where an earlier attempt, or an earlier run, stopped."""

    def __init__(self, file: RemoteFile, part: Path) -> None:
        self.file = file
        self.part = part

    def __call__(self, url: str, output_file: str, pooch: object) -> None:
        import requests

        for attempt in range(1, ATTEMPTS + 1):
            before = self._size()
            try:
                self._receive(url)
                break
            except requests.RequestException:
                if attempt == ATTEMPTS or self._size() <= before:
                    raise
                time.sleep(PAUSE)
        os.replace(self.part, output_file)  # pooch checks the SHA-256 and deletes what is wrong

    def _size(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def _receive(self, url: str) -> None:
        """Append what is missing to the part, or start it anew."""
        import requests
        from tqdm.auto import tqdm

        done = self._size()
        if done == self.file.bytes:
            return
        if done > self.file.bytes:
            self.part.unlink()
            done = 0
        headers = {"Accept-Encoding": "identity"}  # a range counts bytes as they are stored
        if done:
            headers["Range"] = f"bytes={done}-"
        timeout = (CONNECT_TIMEOUT, READ_TIMEOUT)
        with requests.get(url, headers=headers, stream=True, timeout=timeout) as response:
            status = response.status_code
            continues = response.headers.get("Content-Range", "").startswith(f"bytes {done}-")
            if done and (status == 416 or (status == 206 and not continues)):
                self.part.unlink()  # the server cannot continue here, so start anew
                return self._receive(url)
            response.raise_for_status()
            total = done if status == 206 else 0
            announced = response.headers.get("Content-Length", "")
            if announced.isdigit() and total + int(announced) != self.file.bytes:
                raise _WrongContents(f"{total + int(announced):,} bytes")
            bar = tqdm(
                desc=self.file.name, initial=total, total=self.file.bytes, unit="B", unit_scale=True
            )
            with bar, open(self.part, "ab" if total else "wb") as out:
                for chunk in response.iter_content(1 << 14):
                    total += len(chunk)
                    if total > self.file.bytes:
                        break
                    out.write(chunk)
                    bar.update(len(chunk))
        if total > self.file.bytes:
            self.part.unlink()
            raise _WrongContents(f"more than {self.file.bytes:,} bytes")
        if total < self.file.bytes:
            raise requests.ConnectionError("the connection closed early")


def _reason(error: Exception) -> str:
    """One clause that says why an address gave nothing."""
    import requests

    if isinstance(error, requests.HTTPError):
        return f"the server answered {error.response.status_code}"
    if isinstance(error, requests.Timeout) or "timed out" in str(error):
        return f"no answer within {READ_TIMEOUT:g} seconds"
    if isinstance(error, requests.RequestException):
        return "no connection, or it broke"
    return WRONG


def fetch(file: RemoteFile, alternative: str) -> Path:
    """The path of a file in the cache, downloaded first if it is not there.

    A cached file is checked against its SHA-256 every time; a damaged one is replaced.

    Parameters
    ----------
    file : RemoteFile
        What to fetch.
    alternative : str
        The sentence that ends the message of an error: what a reader can use instead.

    Raises
    ------
    DataUnavailable
        If the file cannot be had or stored.
    ChecksumMismatch
        If servers answer with other contents, of which nothing is kept.
    """
    found = [path for folder in _folders() if (path := folder / file.name).is_file()]
    for path in found:
        if sha256_of(path) == file.sha256:
            return path

    folder = cache_dir()
    target = folder / file.name

    def unavailable(reason: str, kind: type[DataUnavailable] = DataUnavailable) -> DataUnavailable:
        damaged = f" A damaged copy lies at {found[0]}." if found else ""
        return kind(
            f"{target.name} ({file.bytes / 1e6:.2f} MB) could not be fetched: {reason}.{damaged} "
            f"Address: {' or '.join(file.urls)}. Its place in the cache folder {folder} is "
            f"{target}; a copy that you put there yourself is used, and COURSE_DATA names another "
            f"cache folder. {alternative}"
        )

    import filelock

    staging = folder / ".incoming"
    try:
        staging.mkdir(parents=True, exist_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(staging / "lock", timeout=LOCK_TIMEOUT):
            if target.is_file() and sha256_of(target) == file.sha256:
                return target  # another process was faster
            errors = _download(file, staging, target)
    except filelock.Timeout:
        raise unavailable("another process has been downloading for very long") from None
    except OSError as error:
        raise unavailable(
            f"the cache folder cannot be written to ({error.strerror or error})"
        ) from None
    if errors is None:
        return target
    reasons = dict.fromkeys(map(_reason, errors))  # each once, in order
    kind = ChecksumMismatch if set(reasons) == {WRONG} else DataUnavailable
    raise unavailable("; ".join(reasons), kind)


def _download(file: RemoteFile, staging: Path, target: Path) -> list[Exception] | None:
    """Try each address; None once ``target`` stands, else what went wrong at each."""
    import pooch
    import requests

    # Only a process killed in the middle leaves these, and whoever holds the lock is alone here.
    for stray in staging.glob("tmp*"):
        stray.unlink()
    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel("WARNING")  # the progress bar says it already
    errors: list[Exception] = []
    try:
        for url in file.urls:
            try:
                verified = pooch.retrieve(
                    url,
                    known_hash=f"sha256:{file.sha256}",
                    fname=file.sha256,
                    path=staging,
                    downloader=_Resumable(file, staging / f"{file.sha256}.part"),
                )
            except (requests.RequestException, ValueError) as error:
                errors.append(error)
            else:
                os.replace(verified, target)
                return None
    finally:
        logger.setLevel(level)
    return errors


def catalogue() -> dict[str, dict[str, Any]]:
    """The entries of ``data/catalogue.json``, by the names of their functions.

    Examples
    --------
    >>> catalogue()["digits"]["licence"]
    'CC BY 4.0'
    """
    return json.loads(CATALOGUE.read_text(encoding="utf-8"))


def fetch_dataset(name: str) -> list[Path]:
    """The files of a downloaded set in the cache, in the order of the catalogue."""
    entry = catalogue()[name]
    return [
        fetch(
            RemoteFile(
                f"{name}/{file['name']}", tuple(file["urls"]), file["sha256"], file["bytes"]
            ),
            entry["alternative"],
        )
        for file in entry["files"]
    ]
