"""No lesson needs a network: the tests' kernels have none, and lessons run where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat.v4 import new_code_cell, new_notebook

from utils import course

NO_NETWORK = """
import fcntl, os, socket, struct, sys
with socket.socket() as lo:  # a new namespace has its loopback switched off
    fcntl.ioctl(lo, 0x8914, struct.pack("16sh14x", b"lo", 1 | 64))
try:
    socket.create_connection(("192.0.2.1", 80), timeout=5)
except OSError as error:
    print("network:", os.strerror(error.errno), flush=True)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
ATTEMPTS = {
    "an address": 'socket.create_connection(("192.0.2.1", 80), timeout=5)',
    "a name": 'socket.getaddrinfo("example.org", 80)',
    "a datagram": 'socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 9))',
    "a page": 'import urllib.request; urllib.request.urlopen("http://192.0.2.1/", timeout=5)',
}


def execute(*cells: str) -> None:
    notebook = new_notebook(cells=[new_code_cell(f"import socket\n{cell}") for cell in cells])
    NotebookClient(notebook, timeout=60, kernel_name="python3").execute()


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS)
def test_a_kernel_of_the_tests_reaches_no_network(attempt):
    with pytest.raises(CellExecutionError, match="This test runs offline"):
        execute(attempt)


def test_a_kernel_of_the_tests_reaches_its_own_machine():
    server = 's = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()'
    execute(server, "socket.create_connection(s.getsockname()).close()")


def namespaces() -> bool:
    """Whether this system lets us make a network namespace."""
    command = ["unshare", "--user", "--map-root-user", "--net", "true"]
    return bool(shutil.which("unshare")) and subprocess.run(command, check=False).returncode == 0


@pytest.mark.skipif(not namespaces(), reason="network namespaces are not allowed here")
def test_the_quickest_lessons_run_where_there_is_no_network(tmp_path):
    lessons = sorted(course.lessons(), key=lambda lesson: lesson.seconds)[:3]
    command = [
        *("unshare", "--user", "--map-root-user", "--net"),
        *(sys.executable, "-c", NO_NETWORK, "-m", "pytest", "--nbval-lax", "-q", "-n0"),
        *("-p", "no:cacheprovider", "--nbval-cell-timeout=300", "--rootdir", str(course.ROOT)),
        *(str(lesson.path) for lesson in lessons),
    ]
    result = subprocess.run(
        command,
        cwd=course.ROOT,
        env=os.environ | {"COURSE_SEED": "0"},
        text=True,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr
    assert result.stdout.startswith("network: Network is unreachable")
    cells = sum(
        cell.cell_type == "code" and bool(cell.source.strip())
        for lesson in lessons
        for cell in nbformat.read(lesson.path, as_version=4).cells
    )
    assert f"{cells} passed" in result.stdout
