"""The course itself: seconds of lessons, of imports, and from `make lab` to the first page."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from benchmarks.report import Table, Times
from utils import course


def import_time(code: str, repeats: int = 5) -> Times:
    """Seconds of a fresh Python that runs `code`; the first one warms the disk's cache."""
    found = []
    for turn in range(repeats + 1):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, cwd=course.ROOT)
        if turn:
            found.append(time.perf_counter() - start)
    return Times(tuple(found))


def first_page(port: int = 18_765) -> float:
    """Seconds from the start of JupyterLab until it has served its page."""
    with tempfile.TemporaryDirectory() as scratch:
        env = os.environ | {"PORT": str(port), "LAB_ARGS": "--no-browser"}
        for name in ("CONFIG", "DATA", "RUNTIME"):
            env[f"JUPYTER_{name}_DIR"] = str(Path(scratch) / name)
        log = Path(scratch) / "log"
        start = time.perf_counter()
        with log.open("w") as output:
            server = subprocess.Popen(
                [sys.executable, "tools/lab.py"],
                cwd=course.ROOT, env=env, stdout=output, stderr=subprocess.STDOUT,
            )  # fmt: skip
        try:
            while not (found := re.search(r"http://\S+[?]token=[0-9a-f]+", log.read_text())):
                if server.poll() is not None or time.perf_counter() - start > 120:
                    raise RuntimeError(f"JupyterLab did not start: {log.read_text()[-500:]}")
                time.sleep(0.02)
            with urllib.request.urlopen(found.group(), timeout=60) as page:
                page.read()
            return time.perf_counter() - start
        finally:
            server.terminate()
            server.wait(timeout=60)


def measure() -> list[Table]:
    """Two tables."""
    nothing, torch_only = import_time("pass"), import_time("import torch")
    lesson = "import torch, matplotlib.pyplot, utils.data, utils.training, utils.plotting"
    pages = [first_page() for _ in range(6)]
    starts = Table(
        "Starting",
        "Seconds by the clock, of fresh processes, files in the disk's cache but for the first "
        "page of JupyterLab.",
        ("What", "Time"),
        [
            ("Python alone", str(nothing)),
            ("`import torch`", str(torch_only)),
            ("`import utils`", str(import_time("import utils"))),
            ("`import utils.training`", str(import_time("import utils.training"))),
            ("a lesson's imports", str(import_time(lesson))),
            ("JupyterLab to its first page, first start of this run", f"{pages[0]:.3g} s"),
            ("JupyterLab to its first page, later starts", str(Times(tuple(pages[1:])))),
        ],
    )
    lessons = course.lessons()
    total = sum(lesson.seconds for lesson in lessons)
    rows = [(f"[{lesson.title}](../{lesson.link})", f"{lesson.seconds} s") for lesson in lessons]
    stored = Table(
        "Lessons",
        "Processor time of one thread, measured when the stored outputs were made, rounded up to "
        "five seconds.",
        ("Lesson", "Time"),
        [*rows, ("all", f"{total} s")],
    )
    return [starts, stored]
