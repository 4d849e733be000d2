"""Make, update or repair the course's environment: `python tools/setup.py [--extra test]`.

Standard library only, since it runs before anything is installed. It also has to parse on
Python 3.6, so that an old Python gets one sentence instead of a syntax error: no walrus, no
`match`, and annotations that old Pythons cannot evaluate are quoted.

How an interrupted install is noticed: `.venv/course-unfinished` is written before anything
changes and removed after `.venv/course-ready.json` (what was installed) is safely on the disk.
"""

import argparse
import ast
import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: check_system() says what to do instead
    fcntl = None

ROOT = Path(__file__).resolve().parent.parent
PYPROJECT = ROOT / "pyproject.toml"
CONSTRAINTS = ROOT / "constraints.txt"
BUILD = ROOT / "build"
LOG = BUILD / "setup.log"
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
STAMP = VENV / "course-ready.json"
MARKER = VENV / "course-unfinished"

# JupyterLab otherwise asks every newcomer about its news, and may look for updates on the net.
LAB_SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False}
}

# What pip takes from its user's variables and files here: how to reach packages, and nothing that
# changes where they go (target, user), which they are (no-deps, pre) or what pip says (quiet).
PIP_SETTINGS = (
    "index-url", "pypi-url", "extra-index-url", "no-index", "find-links", "trusted-host",
    "proxy", "no-proxy-env", "cert", "client-cert", "keyring-provider", "use-feature",
    "use-deprecated", "timeout", "default-timeout", "retries", "resume-retries",
    "cache-dir", "no-cache-dir", "only-binary", "prefer-binary", "constraint", "no-input",
)  # fmt: skip

DISK_FULL = "The disk is full: make room, and then run the same command again"
NETWORK_SIGNS = (
    "NewConnectionError",
    "NameResolutionError",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "ProxyError",
    "SSLError",
    "Temporary failure in name resolution",
    "Network is unreachable",
    "Connection refused",
    "Connection reset",
)


class SetupError(Exception):
    """What went wrong and the remedy, in one sentence that the user reads."""


def say(text: str) -> None:
    """Print one line at once, also when the output is a file or a pipe."""
    print(text, flush=True)


# --- what this Python can do --------------------------------------------------------------------


def supported_minors() -> "list[int]":
    """Return the minor versions of Python 3 that pyproject.toml accepts, such as [11, 12, 13].

    Read by a pattern, because tomllib does not exist on the Pythons that have to be refused.
    """
    text = PYPROJECT.read_text(encoding="utf-8")
    found = re.search(r'^requires-python = ">=3\.(\d+),<3\.(\d+)"$', text, re.MULTILINE)
    if found is None:
        raise SetupError("pyproject.toml has no line of the form requires-python = '>=3.x,<3.y'.")
    return list(range(int(found.group(1)), int(found.group(2))))


def check_python() -> None:
    """Raise SetupError unless the running Python is one that the course accepts."""
    minors = supported_minors()
    if sys.version_info[0] == 3 and sys.version_info[1] in minors:
        return
    version = ".".join(str(part) for part in sys.version_info[:3])
    wanted = ", ".join(f"3.{minor}" for minor in minors)
    raise SetupError(
        f"Python {version} ({sys.executable}) cannot run the course, which needs one of {wanted}: "
        f"install one and name it, for example make lab PYTHON=python3.{minors[0]}."
    )


def check_system() -> None:
    """Raise SetupError where no virtual environment can be made."""
    if fcntl is None:
        raise SetupError(
            "This set-up needs Linux or macOS: on Windows use WSL, or conda with environment.yml."
        )
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError as error:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        raise SetupError(
            f"Python {version} ({sys.executable}) cannot make virtual environments ({error}): on "
            f"Debian or Ubuntu run apt install python{version}-venv, elsewhere install a complete "
            "Python, and then run the same command again."
        ) from error


# --- what is wanted and what is there -----------------------------------------------------------


def wanted_state() -> "dict[str, str]":
    """Return what an environment must have been made from to be current."""
    import tomllib

    table = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))
    project = table.get("project", {})
    sources = [
        project.get("dependencies", []),
        project.get("optional-dependencies", {}),
        table.get("build-system", {}),
        table.get("tool", {}).get("setuptools", {}),
        CONSTRAINTS.read_text(encoding="utf-8"),
    ]
    digest = hashlib.sha256(json.dumps(sources, sort_keys=True).encode("utf-8")).hexdigest()
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    return {"requirements": digest, "python": version, "folder": str(ROOT)}


def stamp() -> dict:
    """Return what the environment says it was made from; empty where it says nothing readable."""
    try:
        found = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def is_current(wanted: dict, extras: set) -> bool:
    """Whether the environment is complete, made from `wanted`, and has all of `extras`."""
    found = stamp()
    return (
        all(found.get(key) == value for key, value in wanted.items())
        and extras <= set(found.get("extras", []))
        and VENV_PYTHON.exists()
        and not MARKER.exists()
    )


def reason_to_rebuild(wanted: dict) -> "str | None":
    """Return why the environment must be made from scratch, or None if it can be updated.

    Raises SetupError for a `.venv` that is not this set-up's to delete.
    """
    if not os.path.lexists(VENV):
        return "Making .venv."
    if not VENV.is_dir():
        raise SetupError(f"{VENV} is in the way, since it is not a folder: move or delete it.")
    if MARKER.exists():
        return "The last set-up was interrupted: making .venv anew."
    if not STAMP.exists():
        if any(VENV.iterdir()):
            raise SetupError(
                f"{VENV} was not made by this set-up: move it away, or delete it with "
                "rm -r .venv, and then run the same command again."
            )
        return "Making .venv."
    found = stamp()
    if not found:
        return "The record of the last set-up is damaged: making .venv anew."
    if found.get("folder") != wanted["folder"]:
        return "The course was moved or copied: making .venv anew."
    if not VENV_PYTHON.exists():
        return "The Python that .venv was made with is gone: making .venv anew."
    if found.get("python") != wanted["python"]:
        return f"Python is now {wanted['python']}, not {found.get('python')}: making .venv anew."
    return None


# --- doing it -----------------------------------------------------------------------------------


@contextlib.contextmanager
def only_one():
    """Hold the lock that keeps two set-ups apart, and yield its file.

    The system drops the lock when its last holder ends, however it ends, so that it cannot go
    stale. pip inherits it: after a kill of this process alone, pip may still be writing.
    """
    BUILD.mkdir(exist_ok=True)
    with open(BUILD / "setup.lock", "a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise SetupError(
                "Another set-up is at work in this folder: wait until it has ended, and then run "
                "the same command again."
            ) from error
        except OSError:
            pass  # some network file systems have no locks; one reader needs none
        yield lock


def write_safely(path: Path, text: str) -> None:
    """Write a file so that it exists complete or not at all, even after a power cut."""
    beside = path.with_name(path.name + ".part")
    with open(beside, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def plain_environment() -> "dict[str, str]":
    """Return the environment without the variables that steer Python and pip.

    PYTHONHOME, for one, would break the programs that pip starts in its turn.
    """
    steering = ("PYTHON", "PIP_")
    return {name: value for name, value in os.environ.items() if not name.startswith(steering)}


def pip_environment(python: Path) -> "dict[str, str]":
    """Return the environment for pip: of its user's settings only those in PIP_SETTINGS.

    pip reads its files itself here, so that they are looked for where they are on this system.
    Where it cannot read them they stay in use, and the next call of pip says what is wrong.
    """
    env = plain_environment()
    if "PIP_CONFIG_FILE" in os.environ:
        env["PIP_CONFIG_FILE"] = os.environ["PIP_CONFIG_FILE"]
    listing = subprocess.run(
        [str(python), "-I", "-m", "pip", "config", "list"],
        env=dict(env, PIP_QUIET="0"),  # a file that asks for quiet would hide the list
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    found = {}
    if listing.returncode == 0:
        env["PIP_CONFIG_FILE"] = os.devnull
        for section in ("global", "install"):  # as for pip, the narrower one wins
            for line in listing.stdout.splitlines():
                name, _, value = line.partition("=")
                if name.startswith(section + "."):
                    found[name[len(section) + 1 :]] = str(ast.literal_eval(value))
    for name, value in os.environ.items():
        if name.startswith("PIP_") and value:
            found[name[len("PIP_") :].lower().replace("_", "-")] = value
    for name in PIP_SETTINGS:
        if name in found:
            env["PIP_" + name.upper().replace("-", "_")] = found[name]
    return dict(env, PIP_DISABLE_PIP_VERSION_CHECK="1")


def run_logged(command: "list[str]", lock, env: "dict[str, str]") -> int:
    """Run a command with its output in the log; show its errors and, briefly, its steps.

    Returns the exit status.
    """
    width = shutil.get_terminal_size().columns - 1
    live = sys.stdout.isatty()
    with open(LOG, "a", encoding="utf-8") as log:
        log.write(f"\n$ {' '.join(command)}\n")
        log.flush()
        with subprocess.Popen(
            command,
            cwd=str(ROOT),
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            pass_fds=(lock.fileno(),),
        ) as process:
            try:
                for line in process.stdout:
                    log.write(line)
                    words = line.strip()
                    if words.startswith(("ERROR", "error", "WARNING: Retrying")):
                        print(("\r" + " " * width + "\r" if live else "") + words, file=sys.stderr)
                    elif live and words.startswith(("Collecting", "Downloading", "Installing")):
                        print("\r" + words[:width].ljust(width), end="", flush=True)
            except BaseException:
                process.kill()
                raise
            finally:
                if live:
                    print("\r" + " " * width + "\r", end="", flush=True)
    return process.returncode


def pip_failure() -> SetupError:
    """Return what to tell the user after pip has failed, judged by what it wrote to the log."""
    lines = [line.strip() for line in LOG.read_text(encoding="utf-8").splitlines()]
    lines = [line for line in lines if line and not line.startswith("[notice]")] or [""]
    # The first error is the cause; those after it are pip's advice.
    said = next((line for line in lines if line.startswith("ERROR:")), lines[-1])
    text = "\n".join(lines)
    where = f"the whole output is in {LOG.relative_to(ROOT)}"
    if "No space left on device" in text or "Disk quota exceeded" in text:
        return SetupError(f"{DISK_FULL} ({where}).")
    if any(sign in text for sign in NETWORK_SIGNS):
        return SetupError(
            "The package index could not be reached: check the connection (or PIP_INDEX_URL and "
            f"the proxy), and then run the same command again; pip said '{said}', {where}."
        )
    return SetupError(f"pip could not install the packages: it said '{said}', {where}.")


def make_venv(folder: Path, lock) -> None:
    """Make an empty virtual environment in `folder`."""
    # -I keeps PYTHONPATH and the like out: a package found there would count as installed.
    command = [sys.executable, "-I", "-m", "venv", str(folder)]
    if run_logged(command, lock, plain_environment()) != 0:
        raise SetupError(
            f"Python could not make the virtual environment {folder}: the reason is in "
            f"{LOG.relative_to(ROOT)}."
        )


def pip(python: Path, arguments: "list[str]", lock) -> None:
    """Run pip inside an environment; raises SetupError where it fails."""
    command = [str(python), "-I", "-m", "pip", *arguments]
    if run_logged(command, lock, pip_environment(python)) != 0:
        raise pip_failure()


def prepare(extras: set) -> None:
    """Bring `.venv` up to date with pyproject.toml and constraints.txt."""
    wanted = wanted_state()
    if is_current(wanted, extras):
        return
    check_system()
    with only_one() as lock:
        if is_current(wanted, extras):  # another set-up has just done it
            return
        reason = reason_to_rebuild(wanted)
        say(reason or "The course needs other packages than before: updating .venv.")
        if not reason:
            extras = extras | set(stamp().get("extras", []))
        LOG.write_text("", encoding="utf-8")
        VENV.mkdir(exist_ok=True)
        write_safely(MARKER, "A set-up is at work here, or was interrupted.\n")
        if reason:
            for entry in VENV.iterdir():
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry)
                elif entry != MARKER:
                    entry.unlink()
            make_venv(VENV, lock)
        say("Installing the packages; the first time this takes a few minutes.")
        target = ".[{}]".format(",".join(sorted(extras))) if extras else "."
        try:
            pip(VENV_PYTHON, ["install", "-c", str(CONSTRAINTS), "-e", target], lock)
        except SetupError:
            # Without a network pip gives up before it changes anything: what worked still works.
            if not reason and "Installing collected packages" not in LOG.read_text("utf-8"):
                MARKER.unlink()
            raise
        settings = VENV / "share" / "jupyter" / "lab" / "settings"
        settings.mkdir(parents=True, exist_ok=True)
        write_safely(settings / "overrides.json", json.dumps(LAB_SETTINGS, indent=2) + "\n")
        os.sync()  # the packages reach the disk before the word that they are there
        write_safely(STAMP, json.dumps(dict(wanted, extras=sorted(extras)), indent=2) + "\n")
        MARKER.unlink()
        say("The environment is ready.")


def explain(error: OSError) -> str:
    """Return one sentence with the remedy for a failed file operation."""
    name = error.filename or ROOT
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DISK_FULL + "."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return (
            f"{name} cannot be written ({error.strerror}): copy the course into a folder of your "
            "own, or correct the folder's permissions, and then run the same command again."
        )
    return f"The set-up failed at {name}: {error.strerror}."


def reporting(job) -> int:
    """Run a job on a Python that fits; turn a failure into one sentence and an exit status."""
    try:
        check_python()
        job()
    except SetupError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {explain(error)}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("error: The set-up was interrupted; the next call starts afresh.", file=sys.stderr)
        return 130
    return 0


def main(arguments: "list[str]") -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description="Make, update or repair the course's .venv.")
    parser.add_argument("--extra", action="append", default=[], help="install this extra as well")
    options = parser.parse_args(arguments)
    return reporting(lambda: prepare(set(options.extra)))


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # as tools/console.py, out of reach for this file
            stream.reconfigure(errors="replace")
    sys.exit(main(sys.argv[1:]))
