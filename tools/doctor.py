"""Find out why the course does not run here: `make doctor`, or `python -m tools.doctor`.

Standard library only, since the packages themselves may be what is broken: what needs them is
asked of the course's Python (the one in .venv, else the running one) by `tools/probe.py`. Each
finding is one line with ✓, ! or ✗; the latter two come with their remedy. The exit status is 1
if something stops the course (✗), else 0.
"""

import importlib.util
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools import console, lab, setup

ROOT = setup.ROOT
PROBE = Path(__file__).with_name("probe.py")
MARKS = {"good": "✓", "doubt": "!", "bad": "✗"}
GIB = 2**30
PROBE_SECONDS = 120
SETTINGS = (
    "COURSE_SEED", "COURSE_THREADS", "COURSE_DEVICE", "COURSE_DATA", "COURSE_PROGRESS",
    "COURSE_CLAIMS_LOG", "COURSE_STRICT",
)  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: how it is, and what to do if it is not good."""

    state: str  # good: fine; doubt: works, but not as meant; bad: stops the course
    subject: str
    text: str
    remedy: str = ""

    def __str__(self) -> str:
        line = f"{MARKS[self.state]} {self.subject}: {self.text}"
        return f"{line}\n    → {self.remedy}" if self.remedy else line


def course_python() -> Path:
    """The Python that runs the lessons: that of .venv where there is one."""
    return setup.VENV_PYTHON if setup.VENV_PYTHON.exists() else Path(sys.executable)


def python() -> Iterator[Finding]:
    """The running Python against those that the course accepts."""
    version = ".".join(map(str, sys.version_info[:3]))
    accepted = setup.supported_minors()
    if sys.version_info[0] == 3 and sys.version_info[1] in accepted:
        yield Finding("good", "Python", f"{version} ({sys.executable})")
        return
    wanted = ", ".join(f"3.{minor}" for minor in accepted)
    yield Finding(
        "bad",
        "Python",
        f"{version} ({sys.executable}) is none of {wanted}",
        f"install one of them and name it: make doctor PYTHON=python3.{accepted[0]}",
    )


def environment() -> Iterator[Finding]:
    """Whether .venv is there, complete and current."""
    if not setup.VENV_PYTHON.exists():
        if importlib.util.find_spec("jupyterlab"):
            yield Finding("good", "Environment", f"no .venv; using {sys.executable}")
        else:
            yield Finding("bad", "Environment", "there is no .venv yet", "run make setup")
    elif setup.MARKER.exists():
        yield Finding("bad", "Environment", "its set-up was interrupted", "run make setup")
    elif not setup.is_current(setup.wanted_state(), set()):
        text = ".venv was made for another Python, folder or list of packages"
        yield Finding("doubt", "Environment", text, "run make setup")
    else:
        yield Finding("good", "Environment", ".venv is complete and current")


def probed(task: str, *options: str) -> Any:
    """What `tools/probe.py` says about `task` in the course's Python; {"error": …} if nothing.

    `options` are Python's own.
    """
    command = [str(course_python()), *options, str(PROBE), task]
    try:
        result = subprocess.run(
            command, cwd=ROOT, text=True, capture_output=True, timeout=PROBE_SECONDS, check=False
        )
        return json.loads(result.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        return {"error": f"no answer within {PROBE_SECONDS} seconds"}
    except (OSError, ValueError, IndexError):
        lines = result.stderr.strip().splitlines() if "result" in locals() else []
        return {"error": lines[-1] if lines else "the course's Python does not start"}


def modules(found: Any) -> Iterator[Finding]:
    """What stands in the way of a lesson's imports: a file utils.py beside a notebook, say."""
    if "error" in found:
        yield Finding("doubt", "Imports", found["error"], "run make setup")
        return
    instead = {
        "course": "the course's own {}",
        "needed": "the library {}",
        "library": "the library {}",
        "python": "Python's own {}",
    }
    for one in found:
        harmless = one["kind"] == "library"  # the kernel says below if one is missed
        if one["pythonpath"]:
            folder = Path(one["place"]).parent
            remedy = f"rename it, take {folder} out of PYTHONPATH, or start by make lab"
        else:
            remedy = "rename it, or move it out of the folder of the notebooks"
        text = f"{one['place']} is imported in place of {instead[one['kind']].format(one['name'])}"
        yield Finding("doubt" if harmless else "bad", "Imports", text, remedy)
    if not found:
        yield Finding("good", "Imports", "nothing stands in the way of what lessons import")


def wanted_versions() -> "dict[str, str]":
    """The exact versions of constraints.txt by normalised name."""
    lines = setup.CONSTRAINTS.read_text(encoding="utf-8").splitlines()
    pairs = [line.split("==") for line in lines if "==" in line and not line.startswith("#")]
    return {normal(name): version.strip() for name, version in pairs}


def normal(name: str) -> str:
    """A package's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name.strip()).lower()


def packages(facts: dict) -> Iterator[Finding]:
    """What is installed against pyproject.toml and constraints.txt."""
    if "error" in facts:
        yield Finding("bad", "Packages", facts["error"], "run make setup")
        return
    installed = {normal(name): version for name, version in facts["versions"].items()}
    missing = sorted(name for name in map(normal, facts["required"]) if name not in installed)
    if missing:
        yield Finding("bad", "Packages", f"missing: {', '.join(missing)}", "run make setup")
    wanted = wanted_versions()
    other = [
        f"{name} {installed[name]} (tested: {wanted[name]})"
        for name in sorted(wanted.keys() & installed.keys())
        if installed[name].split("+")[0] != wanted[name]
    ]
    if other:
        shown = ", ".join(other[:5]) + (f" and {len(other) - 5} more" if other[5:] else "")
        remedy = "run make setup for the tested versions; figures and last digits may differ"
        yield Finding("doubt", "Packages", shown, remedy)
    elif not missing:
        count = len(wanted.keys() & installed.keys())
        yield Finding("good", "Packages", f"{count} installed, all in their tested versions")


def computing(facts: dict) -> Iterator[Finding]:
    """Threads, device and the course's settings."""
    if facts.get("torch_error"):
        remedy = "run make clean and make setup; if it stays, report the line above"
        yield Finding("bad", "PyTorch", facts["torch_error"], remedy)
        return
    threads, cores = facts["threads"], facts["cores"]
    text = f"{threads} for {cores} core{'s' * (cores != 1)}"
    if threads > cores:
        remedy = f"set COURSE_THREADS={cores}: more threads than cores are slower"
        yield Finding("doubt", "Threads", text, remedy)
    else:
        yield Finding("good", "Threads", text)
    if facts.get("device_error"):
        remedy = "unset COURSE_DEVICE: every lesson runs on the CPU"
        yield Finding("bad", "Device", facts["device_error"], remedy)
    else:
        gpu = f", a GPU is there ({facts['gpu']})" if facts["gpu"] else ", which is all it takes"
        yield Finding("good", "Device", facts["device"] + (gpu if facts["device"] == "cpu" else ""))
    if facts["memory"] and facts["memory"] < 2 * GIB:
        text = f"{facts['memory'] / GIB:.1f} GiB free"
        yield Finding("doubt", "Memory", text, "close other programs or notebooks' kernels")
    changed = [f"{name}={os.environ[name]}" for name in SETTINGS if os.environ.get(name)]
    if changed:
        remedy = "unset what you did not set on purpose; numbers may differ from the stored ones"
        yield Finding("doubt", "Settings", ", ".join(changed), remedy)


def existing(folder: Path) -> Path:
    """The folder itself, or the nearest above it that exists."""
    return folder if folder.exists() else existing(folder.parent)


def folders(facts: dict) -> Iterator[Finding]:
    """Whether the places that the course writes to can be written, and have room."""
    places = {
        "Notebooks": (ROOT / "chapters", "copy the course into a folder of your own"),
        "Progress": (
            facts.get("progress") and Path(facts["progress"]).parent,
            "set COURSE_PROGRESS to a file that you may write",
        ),
        "Downloads": (
            facts.get("cache") and Path(facts["cache"]),
            "set COURSE_DATA to a folder that you may write (only the larger data sets need it)",
        ),
        "Temporary files": (Path(tempfile.gettempdir()), "set TMPDIR to a folder with room"),
    }
    for subject, (folder, remedy) in places.items():
        if not folder:
            continue
        place = existing(folder)
        try:
            with tempfile.TemporaryFile(dir=place) as file:
                file.write(b"\0" * 4096)
        except OSError as error:
            state = "doubt" if subject in ("Downloads", "Progress") else "bad"
            yield Finding(state, subject, f"{folder} cannot be written ({error.strerror})", remedy)
            continue
        free = shutil.disk_usage(place).free / GIB
        if free < 0.5:
            text = f"only {free:.2f} GiB are free at {folder}"
            yield Finding("doubt", subject, text, "make room on this disk")
        else:
            yield Finding("good", subject, f"{folder} can be written, {free:.0f} GiB free")


def progress(facts: dict) -> Iterator[Finding]:
    """Whether the store of solved exercises is sound."""
    file = Path(facts["progress"]) if facts.get("progress") else None
    if file is None or not file.exists():
        return
    try:
        with sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True) as store:
            said = store.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.Error as error:
        said = str(error)
    if said != "ok":
        remedy = "open any lesson: the course sets the file aside and begins a new one"
        yield Finding("doubt", "Progress", f"{file.name} is damaged ({said})", remedy)


def kernel(facts: dict, blocked: bool = False) -> Iterator[Finding]:
    """Whether a lesson's kernel starts and finds the course; `blocked`: something is in its way."""
    if "error" in facts:
        remedy = "run make setup; if it stays, run make clean and make setup"
        if blocked:
            remedy = "first do what stands above at Imports"
        yield Finding("bad", "Kernel", facts["error"], remedy)
    elif facts["executable"] != facts["own"]:
        text = f"notebooks would run in {facts['executable']}, not in {facts['own']}"
        remedy = "start the course by make lab, which takes the course's own kernel"
        yield Finding("doubt", "Kernel", text, remedy)
    else:
        text = f"starts, and has a lesson's imports after {facts['seconds']:.0f} s"
        yield Finding("good", "Kernel", text)


def port() -> Iterator[Finding]:
    """Whether JupyterLab could listen at its port."""
    try:
        number = lab.chosen_port(os.environ.get("PORT") or "8888")
        lab.check_port(number)
    except ValueError as error:
        said, _, remedy = str(error).rstrip(".").partition(": ")
        yield Finding("doubt", "Port", said, remedy)
    else:
        yield Finding("good", "Port", f"{number} is free for JupyterLab")


def findings() -> Iterator[Finding]:
    """Everything that is looked at, in the order in which a reader would mend it."""
    yield from python()
    yield from environment()
    # -I: the probe itself must not meet what it looks for.
    imports = list(modules(probed("modules", "-I")))
    yield from imports
    facts = probed("facts")
    yield from packages(facts)
    if "error" not in facts:
        yield from computing(facts)
    yield from folders(facts)
    yield from progress(facts)
    if "error" not in facts:
        blocked = any(finding.state == "bad" for finding in imports)
        yield from kernel(probed("kernel"), blocked)
    yield from port()


def main() -> int:
    """Print the findings; returns the exit status."""
    states = []
    for finding in findings():
        print(finding, flush=True)
        states.append(finding.state)
    bad, doubt = states.count("bad"), states.count("doubt")
    if bad:
        print(f"\n{bad} of these stop the course: do what the arrows say, from the top.")
    elif doubt:
        print("\nThe course runs here; what is marked ! is worth a look.")
    else:
        print("\nEverything is as it should be.")
    return 1 if bad else 0


if __name__ == "__main__":
    console.accept_any()
    sys.exit(main())
