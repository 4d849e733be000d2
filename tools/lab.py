"""Start JupyterLab at the course's first page (`make lab`). Standard library only.

The port comes from PORT, further options for JupyterLab from LAB_ARGS. The server listens on this
machine only and asks for its token, which is JupyterLab's own default and stays so.
"""

import errno
import importlib.util
import os
import shlex
import socket
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ADDRESS = "127.0.0.1"
START = "/lab/tree/chapters/start_here.ipynb"
# Variables made for something else: another JupyterLab's pages, and a way of showing figures that a
# notebook has not. What configures JupyterLab itself (JUPYTER_CONFIG_DIR) stays the reader's.
FOREIGN = ("JUPYTERLAB_DIR", "MPLBACKEND")


def chosen_port(text: str) -> int:
    """Return the port that PORT names; raises ValueError if it names none."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise ValueError(f"PORT={text} is not a port: choose a number from 1 to 65535.")
    return int(text)


def check_port(port: int) -> None:
    """Raise ValueError unless a server may listen on this port of this machine."""
    with socket.socket() as probe:
        # As the server itself does: a port whose last connections are only fading out is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError as error:
            other = port + 1 if 1024 <= port < 65535 else 8889
            if error.errno == errno.EADDRINUSE:
                raise ValueError(
                    f"Port {port} is in use, perhaps by another JupyterLab: stop that, or try "
                    f"make lab PORT={other}."
                ) from error
            raise ValueError(
                f"Port {port} cannot be used ({error.strerror}): try make lab PORT={other}."
            ) from error


def further_options(text: str) -> list[str]:
    """Return the options that LAB_ARGS holds, taken apart as a shell would; or raise ValueError."""
    try:
        return shlex.split(text)
    except ValueError as error:
        raise ValueError(f"LAB_ARGS cannot be read: {error}.") from error


def command(port: int, arguments: list[str]) -> list[str]:
    """Return the command line that starts JupyterLab; `arguments` come last and so win."""
    root = ["--allow-root"] if os.geteuid() == 0 else []
    return [
        sys.executable,
        "-P",  # the course's own folders must not stand before JupyterLab's modules
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={ROOT}",
        f"--ServerApp.ip={ADDRESS}",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        f"--LabApp.default_url={START}",
        "--LabApp.news_url=None",
        "--log-level=WARN",
        *root,
        *arguments,
    ]


def main() -> int:
    """Become JupyterLab; returns an exit status only where that is not possible."""
    if importlib.util.find_spec("jupyterlab") is None:
        print("error: JupyterLab is not installed for this Python: run make lab.", file=sys.stderr)
        return 1
    try:
        port = chosen_port(os.environ.get("PORT") or "8888")
        check_port(port)
        arguments = further_options(os.environ.get("LAB_ARGS", ""))
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"JupyterLab starts at http://{ADDRESS}:{port}{START}")
    print("Its own line below has the token; Ctrl-C stops it.", flush=True)
    for name in FOREIGN:
        os.environ.pop(name, None)
    os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"
    os.chdir(ROOT)
    line = command(port, arguments)
    os.execv(line[0], line)


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # as tools/console.py, out of reach for this file
    sys.exit(main())
