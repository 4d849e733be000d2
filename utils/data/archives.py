"""Reading downloaded archives: in memory, without pickle, and only what is expected.

A file whose SHA-256 was checked is safe already. These readers do not rely on it: whatever the
file holds, they neither write to disk nor ask for much more memory than the data need.
"""

from __future__ import annotations

import gzip
import math
import struct
import tarfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO

import numpy as np


def read_idx(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """The bytes of a gzipped IDX file as a writable uint8 array of the given shape.

    The header must announce unsigned bytes and exactly ``shape``, so that a hostile one cannot
    ask for memory.

    Raises
    ------
    ValueError
        For any other header, for a damaged archive, and for a body that is shorter or longer.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "pixels.gz"
    ...     header = bytes([0, 0, 8, 2]) + struct.pack(">II", 2, 3)
    ...     _ = path.write_bytes(gzip.compress(header + bytes([1, 2, 3, 4, 5, 6])))
    ...     read_idx(path, (2, 3))
    array([[1, 2, 3],
           [4, 5, 6]], dtype=uint8)
    """
    expected = bytes([0, 0, 8, len(shape)]) + struct.pack(f">{len(shape)}I", *shape)
    count = math.prod(shape)
    try:
        with gzip.open(path) as stream:
            header = stream.read(len(expected))
            if header[:4] != expected[:4]:
                raise ValueError(
                    f"{path.name} is not an IDX file of {len(shape)}-dimensional unsigned bytes: "
                    f"it begins with {header[:4].hex()}, not {expected[:4].hex()}"
                )
            if header != expected:
                raise ValueError(f"{path.name} does not announce the shape {shape}")
            body = stream.read(count + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path.name} is a damaged gzip archive: {error}") from None
    if len(body) != count:
        raise ValueError(f"{path.name} does not hold the {count:,} bytes that it announces")
    return np.frombuffer(body, dtype=np.uint8).reshape(shape).copy()


class _Bounded:
    """A stream that gives at most ``limit`` bytes: a small archive may unpack to any number."""

    def __init__(self, stream: IO[bytes], limit: int) -> None:
        self.stream = stream
        self.left = limit

    def read(self, size: int) -> bytes:
        data = self.stream.read(size)
        self.left -= len(data)
        if self.left < 0:
            raise ValueError("the archive unpacks to more than it should")
        return data


def read_tar(path: Path, sizes: dict[str, int]) -> dict[str, bytes]:
    """The named members of a .tar.gz, read in memory; nothing is ever written to disk.

    Parameters
    ----------
    path : Path
        The archive.
    sizes : dict of str to int
        The exact size in bytes of each wanted member.

    Raises
    ------
    ValueError
        If a wanted member is missing, doubled or of another size; if any member of the archive is
        a link, a device, or would leave the folder when unpacked; if the archive is damaged or
        unpacks to much more.
    """
    found: dict[str, bytes] = {}
    try:
        with gzip.open(path) as unzipped:
            bounded = _Bounded(unzipped, sum(sizes.values()) + (1 << 20))  # room for the headers
            with tarfile.open(fileobj=bounded, mode="r|") as archive:
                for member in archive:
                    place = PurePosixPath(member.name.replace("\\", "/"))
                    if place.is_absolute() or ".." in place.parts or ":" in member.name:
                        raise ValueError(f"{path.name} holds an unsafe path: {member.name!r}")
                    if not (member.isreg() or member.isdir()):
                        raise ValueError(f"{path.name} holds a link or device: {member.name!r}")
                    if member.name not in sizes:
                        continue
                    if member.name in found or member.size != sizes[member.name]:
                        raise ValueError(
                            f"{path.name} holds {member.name!r} twice or with another size"
                        )
                    found[member.name] = archive.extractfile(member).read()
    except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path.name} is a damaged archive: {error}") from None
    if missing := sorted(set(sizes) - set(found)):
        raise ValueError(f"{path.name} lacks {', '.join(missing)}")
    return found


def _labels(raw: np.ndarray) -> np.ndarray:
    """int64 labels of ten classes; ValueError for any other class number."""
    if raw.size and raw.max() > 9:
        raise ValueError(f"label {raw.max()} in a set of ten classes")
    return raw.astype(np.int64)


def read_idx_set(
    paths: list[Path], train: int, test: int, image: tuple[int, ...]
) -> list[np.ndarray]:
    """Training images and labels, test images and labels, from four IDX files in this order.

    Images are uint8, ``(train, *image)`` or ``(test, *image)``, labels int64. Raises
    ``ValueError`` as :func:`read_idx` does.
    """
    train_images, train_labels, test_images, test_labels = paths
    return [
        read_idx(train_images, (train, *image)),
        _labels(read_idx(train_labels, (train,))),
        read_idx(test_images, (test, *image)),
        _labels(read_idx(test_labels, (test,))),
    ]


def read_cifar10(path: Path, train: int, test: int, side: int) -> list[np.ndarray]:
    """The same four arrays from CIFAR-10's binary archive; images uint8 (n, side, side, 3).

    Raises ``ValueError`` as :func:`read_tar` does.
    """
    row = 1 + 3 * side * side  # a label, then the red, the green and the blue plane
    folder = "cifar-10-batches-bin"
    sizes = {f"{folder}/data_batch_{number}.bin": train // 5 * row for number in range(1, 6)}
    sizes[f"{folder}/test_batch.bin"] = test * row
    members = read_tar(path, sizes)
    arrays = []
    for names in (list(sizes)[:5], list(sizes)[5:]):
        raw = np.frombuffer(b"".join(members[name] for name in names), np.uint8).reshape(-1, row)
        planes = raw[:, 1:].reshape(-1, 3, side, side)
        arrays += [np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), _labels(raw[:, 0])]
    return arrays
