"""`make lab`: the real server from the real .venv, and one sentence where it cannot start."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from tools import lab, setup

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def taken_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run_lab(**env: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "tools/lab.py"],
        cwd=ROOT,
        env=os.environ | {"LAB_ARGS": ""} | env,
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("port", ["abc", "0", "65536", "-1", "8888.0", "٨٨٨٨", "8 888"])
def test_port_that_is_none(port):
    result = run_lab(PORT=port)
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == (
        f"error: PORT={port} is not a port: choose a number from 1 to 65535.\n"
    )


def test_port_in_use(taken_port):
    result = run_lab(PORT=str(taken_port))
    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr.startswith(f"error: Port {taken_port} is in use")
    assert re.search(r"try make lab PORT=\d+\.\n\Z", result.stderr)
    assert result.stderr.count("\n") == 1


def test_port_whose_last_connection_is_fading_out_is_free():
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            served, _ = server.accept()
            served.close()  # the server closes first, and so its port waits
            client.recv(1)
    lab.check_port(port)


def test_options_that_are_not_closed():
    result = run_lab(PORT=str(free_port()), LAB_ARGS="--no-browser '")
    assert result.returncode == 1
    assert result.stderr == "error: LAB_ARGS cannot be read: No closing quotation.\n"


def test_python_without_jupyterlab(monkeypatch, capsys):
    monkeypatch.setattr(lab.importlib.util, "find_spec", lambda name: None)
    assert lab.main() == 1
    assert "run make lab" in capsys.readouterr().err


@pytest.mark.parametrize(("user", "expected"), [(0, True), (1000, False)])
def test_only_root_allows_root_and_nobody_drops_the_token(monkeypatch, user, expected):
    monkeypatch.setattr(lab.os, "geteuid", lambda: user)
    line = lab.command(8888, ["--ServerApp.port=9", "--x='a b'"])
    assert ("--allow-root" in line) is expected
    assert line[-2:] == ["--ServerApp.port=9", "--x='a b'"]
    assert not [argument for argument in line if "token" in argument or "password" in argument]


def test_variables_made_for_something_else_do_not_reach_jupyterlab(monkeypatch, tmp_path):
    seen = {}
    monkeypatch.chdir(tmp_path)
    for name in ("JUPYTERLAB_DIR", "MPLBACKEND", "JUPYTER_CONFIG_DIR", "JUPYTER_PREFER_ENV_PATH"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("PORT", str(free_port()))
    monkeypatch.setattr(lab.os, "execv", lambda path, line: seen.update(os.environ))
    lab.main()
    assert not {"JUPYTERLAB_DIR", "MPLBACKEND"} & set(seen)
    assert seen["JUPYTER_CONFIG_DIR"] == str(tmp_path)
    assert seen["JUPYTER_PREFER_ENV_PATH"] == "1"


# --- the real thing -----------------------------------------------------------------------------


def fetch(port: int, path: str, token: str = "") -> tuple[int, str, bytes]:
    """Return status, place of a redirection and body of one request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        headers = {"Authorization": f"token {token}"} if token else {}
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.headers.get("Location", ""), response.read()
    finally:
        connection.close()


def stopped(process: subprocess.Popen) -> bool:
    return process.poll() is not None


@pytest.mark.skipif(
    not setup.is_current(setup.wanted_state(), set()), reason=".venv is not there: run make test"
)
def test_make_lab_serves_the_start_page_to_its_reader_only(tmp_path):
    port = free_port()
    strange = ("MAKE", "MFLAGS", "JUPYTER", "PORT", "LAB_ARGS")
    env = {name: value for name, value in os.environ.items() if not name.startswith(strange)}
    for name in ("CONFIG", "DATA", "RUNTIME"):
        env[f"JUPYTER_{name}_DIR"] = str(tmp_path / name)
    command = ["make", "lab", f"PORT={port}", "LAB_ARGS=--no-browser", f"PYTHON={sys.executable}"]
    output = tmp_path / "output"
    with output.open("w") as stream:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        end = time.monotonic() + 60
        while not (found := re.search(r"[?]token=([0-9a-f]{32,})", output.read_text())):
            assert not stopped(process), output.read_text()
            assert time.monotonic() < end, output.read_text()
            time.sleep(0.05)
        token = found.group(1)
        page = "/lab/tree/chapters/start_here.ipynb"
        assert f"http://127.0.0.1:{port}{page}" in output.read_text()

        # Its reader gets the start page, and the notebook behind it.
        status, place, _ = fetch(port, "/", token)
        assert (status, place.rstrip("?")) == (302, page)
        assert fetch(port, page, token)[0] == 200
        status, _, body = fetch(port, "/api/contents/chapters/start_here.ipynb?content=0", token)
        assert (status, json.loads(body)["name"]) == (200, "start_here.ipynb")

        # Nobody else does.
        assert fetch(port, "/api/contents/chapters")[0] == 403
        assert fetch(port, "/api/contents/chapters", token[:-1] + "g")[0] == 403
        status, place, _ = fetch(port, page)
        assert (status, place.startswith("/login?")) == (302, True)
        servers = [
            (child, connection.laddr.ip)
            for child in psutil.Process(process.pid).children(recursive=True)
            for connection in child.net_connections(kind="inet")
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
        ]
        assert [address for _, address in servers] == ["127.0.0.1"]

        # No question about news, no look for updates.
        name = "@jupyterlab/apputils-extension:notification"
        _, _, body = fetch(port, f"/lab/api/settings/{name}", token)
        properties = json.loads(body)["schema"]["properties"]
        assert properties["fetchNews"]["default"] == "false"
        assert properties["checkForUpdates"]["default"] is False

        second = subprocess.run(
            command, cwd=ROOT, env=env, text=True, capture_output=True, timeout=60, check=False
        )
        assert second.returncode != 0
        assert f"error: Port {port} is in use" in second.stderr

        server = servers[0][0]
        server.terminate()
        assert process.wait(timeout=30) == 0, output.read_text()
        assert not server.is_running()
    finally:
        if not stopped(process):
            os.killpg(process.pid, signal.SIGKILL)
