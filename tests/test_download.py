"""Downloads against a server on loopback, and the readers of what was downloaded."""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import filelock
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from local_server import Site, running_site

from utils import data
from utils.data import archives, download
from utils.data.download import ChecksumMismatch, DataUnavailable, RemoteFile, cache_dir, fetch

ALTERNATIVE = "Without it, use data.digits()."
BODY = np.random.default_rng(0).bytes(200_000)
HALF = 100_000


@pytest.fixture
def site() -> Iterator[Site]:
    with running_site() as running:
        yield running


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "cache"))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(download, "PAUSE", 0.0)
    return tmp_path / "cache"


def remote(*urls: str, body: bytes = BODY) -> RemoteFile:
    return RemoteFile("set/file.bin", urls, hashlib.sha256(body).hexdigest(), len(body))


def part(cache: Path, body: bytes = BODY) -> Path:
    return cache / ".incoming" / f"{hashlib.sha256(body).hexdigest()}.part"


def left_behind(cache: Path) -> list[str]:
    """Every file in the cache except the lock."""
    files = (path for path in cache.rglob("*") if path.is_file() and path.name != "lock")
    return sorted(path.relative_to(cache).as_posix() for path in files)


# --- The right file -------------------------------------------------------------------------


def test_right_file_is_fetched_once(site: Site, cache: Path) -> None:
    file = remote(site.add("file", BODY))
    path = fetch(file, ALTERNATIVE)
    assert path == cache / "set" / "file.bin"
    assert path.read_bytes() == BODY
    assert fetch(file, ALTERNATIVE) == path
    assert len(site.requests) == 1
    assert left_behind(cache) == ["set/file.bin"]


def test_a_copy_put_there_by_hand_needs_no_server(cache: Path) -> None:
    (cache / "set").mkdir(parents=True)
    (cache / "set" / "file.bin").write_bytes(BODY)
    assert fetch(remote("http://127.0.0.1:9/file"), ALTERNATIVE).read_bytes() == BODY
    assert left_behind(cache) == ["set/file.bin"]


def test_a_damaged_copy_is_replaced(site: Site, cache: Path) -> None:
    (cache / "set").mkdir(parents=True)
    (cache / "set" / "file.bin").write_bytes(BODY[:HALF])
    assert fetch(remote(site.add("file", BODY)), ALTERNATIVE).read_bytes() == BODY


def test_a_damaged_copy_is_named_and_kept_when_nothing_better_comes(cache: Path) -> None:
    damaged = cache / "set" / "file.bin"
    damaged.parent.mkdir(parents=True)
    damaged.write_bytes(BODY[:HALF])
    with pytest.raises(DataUnavailable, match="damaged copy"):
        fetch(remote("http://127.0.0.1:9/file"), ALTERNATIVE)
    assert damaged.read_bytes() == BODY[:HALF]


def test_second_address_serves_when_the_first_is_gone(site: Site) -> None:
    file = remote(site.url("gone"), site.add("file", BODY))
    assert fetch(file, ALTERNATIVE).read_bytes() == BODY


# --- The wrong file -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "flaws"),
    [
        (bytes(len(BODY)), {}),
        (BODY[:HALF], {}),
        (BODY + b"more", {}),
        (BODY + b"more", {"length": False}),
        (b"<html>Please log in</html>", {}),
    ],
    ids=["other bytes", "shorter", "longer", "longer, unannounced", "login page"],
)
def test_wrong_contents_leave_nothing(
    site: Site, cache: Path, wrong: bytes, flaws: dict[str, bool]
) -> None:
    file = remote(site.add("file", wrong, **flaws))
    with pytest.raises(ChecksumMismatch, match="not the expected file"):
        fetch(file, ALTERNATIVE)
    assert left_behind(cache) == []


def test_second_address_serves_when_the_first_is_wrong(site: Site, cache: Path) -> None:
    file = remote(site.add("wrong", bytes(len(BODY))), site.add("file", BODY))
    assert fetch(file, ALTERNATIVE).read_bytes() == BODY
    assert left_behind(cache) == ["set/file.bin"]


def test_a_login_page_does_not_cost_the_part_that_is_here(site: Site, cache: Path) -> None:
    part(cache).parent.mkdir(parents=True)
    part(cache).write_bytes(BODY[:HALF])
    with pytest.raises(ChecksumMismatch):
        fetch(remote(site.add("file", b"Please log in", ranges=False)), ALTERNATIVE)
    assert part(cache).read_bytes() == BODY[:HALF]


# --- Broken connections -----------------------------------------------------------------------


@pytest.mark.parametrize("length", [True, False], ids=["length known", "length unknown"])
def test_broken_connection_is_resumed(site: Site, length: bool) -> None:
    file = remote(site.add("file", BODY, cuts=[HALF], length=length))
    assert fetch(file, ALTERNATIVE).read_bytes() == BODY
    first, second = site.requests
    assert first.range is None
    assert first.sent == HALF
    start = int(second.range.removeprefix("bytes=").removesuffix("-"))
    assert 0 < start <= HALF
    assert second.sent == len(BODY) - start


def test_next_call_resumes_where_the_last_one_failed(site: Site, cache: Path) -> None:
    file = remote(site.add("file", BODY, cuts=[HALF], statuses=[0, 503]))
    with pytest.raises(DataUnavailable, match="the server answered 503"):
        fetch(file, ALTERNATIVE)
    assert left_behind(cache) == [f".incoming/{part(cache).name}"]
    kept = part(cache).stat().st_size
    assert fetch(file, ALTERNATIVE).read_bytes() == BODY
    assert site.requests[-1].range == f"bytes={kept}-"
    assert site.requests[-1].sent == len(BODY) - kept
    assert left_behind(cache) == ["set/file.bin"]


def test_many_breaks_in_one_call_end_after_a_fixed_number(site: Site, cache: Path) -> None:
    file = remote(site.add("file", BODY, cuts=[20_000] * 50))
    with pytest.raises(DataUnavailable, match="no connection, or it broke"):
        fetch(file, ALTERNATIVE)
    assert len(site.requests) == download.ATTEMPTS
    assert not (cache / "set" / "file.bin").exists()


@pytest.mark.parametrize("flaw", [{"ranges": False}, {"wrong_range": True}], ids=str)
def test_server_that_cannot_continue_sends_all_again(site: Site, flaw: dict[str, bool]) -> None:
    file = remote(site.add("file", BODY, cuts=[HALF], **flaw))
    assert fetch(file, ALTERNATIVE).read_bytes() == BODY
    assert site.requests[1].range is not None
    assert site.requests[-1].sent == len(BODY)


def test_part_that_the_server_calls_too_long_is_started_anew(site: Site, cache: Path) -> None:
    part(cache).parent.mkdir(parents=True)
    part(cache).write_bytes(BODY[:HALF])
    file = remote(site.add("file", BODY[:HALF]), site.add("mirror", BODY))
    assert fetch(file, ALTERNATIVE).read_bytes() == BODY
    assert [request.range for request in site.requests] == [f"bytes={HALF}-", None, None]


@pytest.mark.parametrize("size", [HALF, len(BODY), len(BODY) + 5])
def test_damaged_part_costs_one_failure_at_most(site: Site, cache: Path, size: int) -> None:
    part(cache).parent.mkdir(parents=True)
    part(cache).write_bytes(bytes(size))
    file = remote(site.add("file", BODY))
    if size <= len(BODY):
        with pytest.raises(ChecksumMismatch):
            fetch(file, ALTERNATIVE)
        assert left_behind(cache) == []
    assert fetch(file, ALTERNATIVE).read_bytes() == BODY


# --- No server, slow servers ------------------------------------------------------------------


def test_server_gone_says_all_that_helps(site: Site, cache: Path) -> None:
    file = remote(site.add("file", BODY))
    site.close()
    with pytest.raises(DataUnavailable) as caught:
        fetch(file, ALTERNATIVE)
    message = str(caught.value)
    for part_of_it in ("file.bin", file.urls[0], str(cache), "COURSE_DATA", ALTERNATIVE):
        assert part_of_it in message
    assert "\n" not in message
    assert not isinstance(caught.value, ChecksumMismatch)
    assert left_behind(cache) == []


def test_unknown_address_is_reported_with_its_status(site: Site) -> None:
    with pytest.raises(DataUnavailable, match="the server answered 404"):
        fetch(remote(site.url("nothing")), ALTERNATIVE)


def test_slow_server_within_the_limit_is_waited_for(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "READ_TIMEOUT", 0.5)
    body = BODY[:30_000]
    file = remote(site.add("file", body, pause=0.12), body=body)  # 8 blocks, about a second in all
    assert fetch(file, ALTERNATIVE).read_bytes() == body
    assert len(site.requests) == 1


def test_silent_server_is_given_up(
    site: Site, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "READ_TIMEOUT", 0.2)
    file = remote(site.add("file", BODY, stall_after=0))
    start = time.monotonic()
    with pytest.raises(DataUnavailable, match=r"no answer within 0\.2 seconds"):
        fetch(file, ALTERNATIVE)
    assert time.monotonic() - start < 4
    assert not (cache / "set" / "file.bin").exists()


# --- The cache folder -------------------------------------------------------------------------


def test_cache_folder_that_is_a_file(site: Site, cache: Path) -> None:
    cache.write_text("not a folder")
    with pytest.raises(DataUnavailable, match="cannot be written to") as caught:
        fetch(remote(site.add("file", BODY)), ALTERNATIVE)
    assert ALTERNATIVE in str(caught.value)
    assert site.requests == []
    assert cache.read_text() == "not a folder"


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0,
    reason="the superuser writes to read-only folders; the simulated test stands in for this one",
)
def test_read_only_folder(site: Site, cache: Path) -> None:
    (cache / "set").mkdir(parents=True)
    (cache / "set" / "file.bin").write_bytes(BODY)
    (cache / "set").chmod(0o555)
    cache.chmod(0o555)
    try:
        check_read_only(site, cache)
    finally:
        cache.chmod(0o755)
        (cache / "set").chmod(0o755)


def test_simulated_read_only_folder(
    site: Site, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cache / "set").mkdir(parents=True)
    (cache / "set" / "file.bin").write_bytes(BODY)

    def refuse(self: Path, *_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    monkeypatch.setattr(Path, "mkdir", refuse)
    check_read_only(site, cache)


def check_read_only(site: Site, cache: Path) -> None:
    """A file that is there is used; one that is not gives a clear error and no request."""
    url = site.add("file", BODY)
    assert fetch(remote(url), ALTERNATIVE).read_bytes() == BODY
    other = RemoteFile("set/other.bin", (url,), "0" * 64, 5)
    with pytest.raises(DataUnavailable, match=r"cannot be written to.*Permission denied"):
        fetch(other, ALTERNATIVE)
    assert site.requests == []
    assert left_behind(cache) == ["set/file.bin"]


def test_full_disk(site: Site, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = remote(site.add("file", BODY))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(download, "open", full, raising=False)
        with pytest.raises(DataUnavailable, match="No space left"):
            fetch(file, ALTERNATIVE)
    assert left_behind(cache) == []
    assert fetch(file, ALTERNATIVE).read_bytes() == BODY


def test_cache_dir_is_the_one_chosen(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache_dir() == cache
    assert not cache.exists()
    monkeypatch.setenv("COURSE_DATA", "~/course-data")
    assert cache_dir() == Path.home() / "course-data"


@pytest.fixture
def two_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The default places, both below tmp_path: the repository's cache and the user's."""
    monkeypatch.delenv("COURSE_DATA")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "catalogue.json").write_text("{}")
    monkeypatch.setattr(download, "ROOT", tmp_path)
    monkeypatch.setattr("platformdirs.user_cache_dir", lambda *_, **__: str(tmp_path / "user"))
    return tmp_path / "data" / "cache", tmp_path / "user"


def test_default_cache_is_in_the_repository(two_folders: tuple[Path, Path]) -> None:
    assert cache_dir() == two_folders[0]


def test_read_only_repository_falls_back_to_the_user(
    site: Site, two_folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    repository, user = two_folders
    access = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: Path(path) != repository.parent and access(path, mode)
    )
    assert cache_dir() == user
    path = fetch(remote(site.add("file", BODY)), ALTERNATIVE)
    assert path == user / "set" / "file.bin"
    assert not repository.exists()
    # What the read-only repository already holds comes first.
    (repository / "set").mkdir(parents=True)
    (repository / "set" / "file.bin").write_bytes(BODY)
    assert fetch(remote(site.url("file")), ALTERNATIVE) == repository / "set" / "file.bin"


def test_without_a_repository_the_user_cache_serves(two_folders: tuple[Path, Path]) -> None:
    (two_folders[0].parent / "catalogue.json").unlink()
    assert cache_dir() == two_folders[1]


# --- Several processes ------------------------------------------------------------------------

CHILD = """
import json, sys
from utils.data.download import RemoteFile, fetch
file = json.loads(sys.argv[1])
print(fetch(RemoteFile(**{**file, "urls": tuple(file["urls"])}), "no alternative"))
"""


def start_child(file: RemoteFile) -> subprocess.Popen[str]:
    path = os.pathsep.join([str(Path(download.__file__).parents[1]), *sys.path])
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, json.dumps(asdict(file))],
        env={**os.environ, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_killed_download_leaves_nothing_under_the_final_name(site: Site, cache: Path) -> None:
    file = remote(site.add("file", BODY, stall_after=HALF))
    child = start_child(file)
    try:
        assert site.sending.wait(30)
        while not (part(cache).exists() and part(cache).stat().st_size):
            assert child.poll() is None
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate()
    assert not (cache / "set" / "file.bin").exists()
    kept = part(cache).stat().st_size
    site.pages["file"].stall_after = None
    assert fetch(file, ALTERNATIVE).read_bytes() == BODY
    assert site.requests[-1].range == f"bytes={kept}-"
    assert left_behind(cache) == ["set/file.bin"]  # the killed process' temporary file is gone too


def test_two_processes_at_once(site: Site, cache: Path) -> None:
    file = remote(site.add("file", BODY, pause=0.02))
    children = [start_child(file) for _ in range(2)]
    for child in children:
        out, err = child.communicate(timeout=60)
        assert child.returncode == 0, err
        assert Path(out.strip()).read_bytes() == BODY
    assert len(site.requests) == 1  # one downloaded, the other waited
    assert left_behind(cache) == ["set/file.bin"]


def test_waiting_for_another_process_ends(
    site: Site, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "LOCK_TIMEOUT", 0.1)
    (cache / ".incoming").mkdir(parents=True)
    with (
        filelock.FileLock(cache / ".incoming" / "lock"),
        pytest.raises(DataUnavailable, match="another process"),
    ):
        fetch(remote(site.add("file", BODY)), ALTERNATIVE)


# --- The classic sets, small ------------------------------------------------------------------


def idx(array: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return header + array.astype(np.uint8).tobytes()


def tar(members: dict[str, bytes]) -> bytes:
    return hostile_tar([(tarfile.TarInfo(name), body) for name, body in members.items()])


def hostile_tar(members: list[tuple[tarfile.TarInfo, bytes]], **options: object) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", **options) as archive:
        for info, body in members:
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    return buffer.getvalue()


@pytest.fixture
def small(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """The catalogue with small files on the local site in place of the real ones."""
    rng = np.random.default_rng(1)
    made = {
        "train_images": rng.integers(0, 256, (20, 28, 28), dtype=np.uint8),
        "train_labels": np.arange(20, dtype=np.uint8) % 10,
        "test_images": rng.integers(0, 256, (10, 28, 28), dtype=np.uint8),
        "test_labels": np.arange(10, dtype=np.uint8)[::-1],
        "cifar_images": rng.integers(0, 256, (30, 32, 32, 3), dtype=np.uint8),
        "cifar_labels": np.arange(30, dtype=np.uint8) % 10,
    }
    idx_files = [gzip.compress(idx(made[name])) for name in list(made)[:4]]
    planes = made["cifar_images"].transpose(0, 3, 1, 2).reshape(30, -1)
    rows = np.concatenate([made["cifar_labels"][:, None], planes], axis=1)
    names = [f"data_batch_{i}.bin" for i in range(1, 6)] + ["test_batch.bin"]
    batches = [*np.split(rows[:20], 5), rows[20:]]
    folder = "cifar-10-batches-bin"
    members = {f"{folder}/{n}": b.tobytes() for n, b in zip(names, batches, strict=True)}
    members[f"{folder}/batches.meta.txt"] = b"airplane\n"
    contents = {
        "mnist": idx_files,
        "fashion_mnist": idx_files,
        "cifar10": [tar(members)],
        "tiny_shakespeare": ["First Citizen:\nBefore we proceed …\n".encode()],
    }
    entries = data.catalogue()
    for name, bodies in contents.items():
        entry = entries[name]
        if "train" in entry:
            entry.update(train=20, test=10)
        for file, body in zip(entry["files"], bodies, strict=True):
            url = site.add(f"{name}/{file['name']}", body)
            digest = hashlib.sha256(body).hexdigest()
            file.update(urls=[url], bytes=len(body), sha256=digest)
    (tmp_path / "catalogue.json").write_text(json.dumps(entries))
    monkeypatch.setattr(download, "CATALOGUE", tmp_path / "catalogue.json")
    return made


@pytest.mark.parametrize("load", [data.mnist, data.fashion_mnist], ids=lambda load: load.__name__)
def test_idx_sets(small: dict[str, np.ndarray], load: object) -> None:
    images = load()
    for name in ("train_images", "train_labels", "test_images", "test_labels"):
        np.testing.assert_array_equal(getattr(images, name), small[name])
        assert getattr(images, name).flags.writeable
    assert images.train_images.dtype == images.test_images.dtype == np.uint8
    assert images.train_labels.dtype == images.test_labels.dtype == np.int64
    assert len(set(images.classes)) == 10


def test_cifar10(small: dict[str, np.ndarray]) -> None:
    images = data.cifar10()
    np.testing.assert_array_equal(images.train_images, small["cifar_images"][:20])
    np.testing.assert_array_equal(images.train_labels, small["cifar_labels"][:20])
    np.testing.assert_array_equal(images.test_images, small["cifar_images"][20:])
    np.testing.assert_array_equal(images.test_labels, small["cifar_labels"][20:])
    assert images.train_images.flags.writeable
    assert images.train_images.flags.c_contiguous
    assert images.train_labels.dtype == np.int64
    assert len(set(images.classes)) == 10


def test_tiny_shakespeare(small: dict[str, np.ndarray]) -> None:
    assert data.tiny_shakespeare() == "First Citizen:\nBefore we proceed …\n"


DOWNLOADED = [name for name, entry in data.catalogue().items() if entry["kind"] == "download"]


@pytest.mark.parametrize("name", DOWNLOADED)
def test_offline_every_set_names_an_embedded_alternative(
    name: str, small: dict[str, np.ndarray], site: Site
) -> None:
    site.close()
    with pytest.raises(DataUnavailable) as caught:
        getattr(data, name)()
    alternative = data.catalogue()[name]["alternative"]
    assert str(caught.value).endswith(alternative)
    named = [n for n, e in data.catalogue().items() if f"data.{n}()" in alternative]
    assert named
    assert all(data.catalogue()[n]["kind"] != "download" for n in named)


def test_label_that_no_class_has_is_refused(tmp_path: Path) -> None:
    paths = [tmp_path / str(i) for i in range(4)]
    arrays = [np.zeros((2, 3, 3)), np.array([1, 10]), np.zeros((1, 3, 3)), np.array([0])]
    for path, array in zip(paths, arrays, strict=True):
        path.write_bytes(gzip.compress(idx(array)))
    with pytest.raises(ValueError, match="label 10"):
        archives.read_idx_set(paths, 2, 1, (3, 3))


# --- Reading archives -------------------------------------------------------------------------

PIXELS = np.arange(60).reshape(5, 4, 3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gzip.compress(b"\x00\x00\x0d" + idx(PIXELS)[3:]), "begins with 00000d03"),
        (gzip.compress(b"\x80\x02c" + idx(PIXELS)[3:]), "not an IDX file"),
        (gzip.compress(idx(PIXELS.reshape(5, 12))), "not an IDX file of 3-dimensional"),
        (gzip.compress(idx(PIXELS[:4])), "does not announce the shape"),
        (gzip.compress(b"\x00\x00\x08\x03" + b"\xff" * 12 + bytes(60)), "does not announce"),
        (gzip.compress(idx(PIXELS)[:-1]), "does not hold the 60 bytes"),
        (gzip.compress(idx(PIXELS) + b"\x00"), "does not hold the 60 bytes"),
        (gzip.compress(b""), "not an IDX file"),
        (gzip.compress(idx(PIXELS))[:-12], "damaged gzip"),
        (b"no archive at all", "damaged gzip"),
        (b"", "not an IDX file"),
    ],
    ids=[
        "floats",
        "pickle",
        "two dimensions",
        "other shape",
        "huge shape",
        "short",
        "long",
        "empty",
        "truncated gzip",
        "no gzip",
        "no bytes",
    ],
)
def test_other_idx_files_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "images.gz"
    path.write_bytes(content)
    tracemalloc.start()
    with pytest.raises(ValueError, match=message):
        archives.read_idx(path, PIXELS.shape)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4e6


def test_read_idx(tmp_path: Path) -> None:
    path = tmp_path / "images.gz"
    path.write_bytes(gzip.compress(idx(PIXELS)))
    read = archives.read_idx(path, PIXELS.shape)
    np.testing.assert_array_equal(read, PIXELS)
    assert read.dtype == np.uint8
    assert read.flags.writeable


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


GOOD = (member("folder/good"), b"12345")


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([GOOD, (member("../escaped"), b"x")], "unsafe path"),
        ([(member("folder/../../escaped"), b"x"), GOOD], "unsafe path"),
        ([(member("/tmp/escaped"), b"x"), GOOD], "unsafe path"),
        ([(member("..\\escaped"), b"x"), GOOD], "unsafe path"),
        ([(member("C:escaped"), b"x"), GOOD], "unsafe path"),
        ([(member("folder/good", tarfile.SYMTYPE, "/etc/passwd"), b"")], "link or device"),
        ([(member("folder/good", tarfile.LNKTYPE, "../escaped"), b"")], "link or device"),
        ([GOOD, (member("device", tarfile.CHRTYPE), b"")], "link or device"),
        ([GOOD, GOOD], "twice or with another size"),
        ([(member("folder/good"), b"123456")], "twice or with another size"),
        ([(member("good"), b"12345")], "lacks folder/good"),
        ([(member("bomb"), bytes(3 << 20)), GOOD], "unpacks to more"),
        ([GOOD, (member("bomb"), bytes(3 << 20))], "unpacks to more"),
    ],
    ids=lambda value: value[0][0].name if isinstance(value, list) else value,
)
def test_hostile_archives_are_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    members: list[tuple[tarfile.TarInfo, bytes]],
    message: str,
) -> None:
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    path = inside / "archive.tar.gz"
    path.write_bytes(hostile_tar(members))
    with pytest.raises(ValueError, match=message):
        archives.read_tar(path, {"folder/good": 5})
    assert [found for found in tmp_path.rglob("*") if found.is_file()] == [path]


def test_bomb_in_an_extended_header_is_refused(tmp_path: Path) -> None:
    info = member("folder/good")
    info.pax_headers = {"comment": "x" * (64 << 20)}
    path = tmp_path / "archive.tar.gz"
    path.write_bytes(hostile_tar([(info, b"12345")], format=tarfile.PAX_FORMAT, compresslevel=1))
    assert path.stat().st_size < 1 << 20
    tracemalloc.start()
    with pytest.raises(ValueError, match="unpacks to more"):
        archives.read_tar(path, {"folder/good": 5})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16e6


@pytest.mark.parametrize("cut", [30, -20], ids=["early", "late"])
def test_truncated_archive_is_refused(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "archive.tar.gz"
    body = np.random.default_rng(0).bytes(5000)
    path.write_bytes(tar({"folder/good": body})[:cut])
    with pytest.raises(ValueError, match=r"damaged|lacks"):
        archives.read_tar(path, {"folder/good": 5000})


def test_read_tar(tmp_path: Path) -> None:
    path = tmp_path / "archive.tar.gz"
    path.write_bytes(tar({"folder/other": b"x", "folder/good": b"12345"}))
    assert archives.read_tar(path, {"folder/good": 5}) == {"folder/good": b"12345"}


ANY = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """`content` with some bytes overwritten, cut out or put in, before it is packed or after."""
    before = draw(st.booleans())
    body = bytearray(content if before else gzip.compress(content, mtime=0))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(body)))
        stop = min(len(body), start + draw(st.integers(0, 20)))
        body[start:stop] = draw(st.binary(max_size=20))
    return gzip.compress(bytes(body), mtime=0) if before else bytes(body)


@ANY
@given(st.binary(max_size=200) | st.binary(max_size=200).map(gzip.compress) | damaged(idx(PIXELS)))
def test_any_bytes_are_an_idx_file_of_the_shape_or_a_valueerror(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "images.gz"
    path.write_bytes(content)
    try:
        read = archives.read_idx(path, PIXELS.shape)
    except ValueError:
        pass
    else:
        assert (read.shape, read.dtype) == (PIXELS.shape, np.uint8)


UNPACKED = gzip.decompress(tar({"folder/other": b"x", "folder/good": b"12345"}))


@ANY
@given(st.binary(max_size=200) | st.binary(max_size=200).map(gzip.compress) | damaged(UNPACKED))
def test_any_bytes_are_an_archive_with_the_member_or_a_valueerror(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "archive.tar.gz"
    path.write_bytes(content)
    try:
        found = archives.read_tar(path, {"folder/good": 5})
    except ValueError:
        pass
    else:
        assert list(found) == ["folder/good"]
        assert len(found["folder/good"]) == 5
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == [path]
