"""The test command: what its last complete run took here, and what more lessons would take."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.report import Table
from utils import course

LESSONS, CORES = 115, 2  # the course as it is planned, and a small machine to test it on
BUDGET = 30  # seconds that a new lesson may run
PAGES = "tests/test_book.py::test_a_page_in_the_browser"
JOURNEYS = "tests/test_journeys.py::test_a_lesson_in_jupyterlab"
# Tests of the rest that go through all lessons, so that they grow with the course.
THROUGH_ALL = (
    "tests/test_architecture.py",
    "tests/test_classroom.py",
    "tests/test_contents.py",
    "tests/test_course.py",
    "tests/test_notebooks.py",
)
TITLE = "The test command"
TEXT = (
    "Seconds inside the tests by the clock, all workers together, in the last complete run of "
    "`make test` in this checkout. What grows with the course is taken to grow in proportion to "
    "the lessons; lessons run in JupyterLab are a sample of fixed size."
)


def last_run() -> dict[str, Any] | None:
    """What the root conftest.py kept of the last complete run; None where there was none."""
    try:
        last = json.loads((course.ROOT / "build" / "tests.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return last if "kinds" in last else None


def clock(seconds: float) -> str:
    """Whole minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def table(last: dict[str, Any]) -> Table:
    """The table for one run: seconds now, a lesson, and at LESSONS lessons."""
    kinds = {name: one["seconds"] for name, one in last["kinds"].items()}
    lessons = last["kinds"]["notebooks"]["files"]
    through_all = sum(last["files"].get(file, 0.0) for file in THROUGH_ALL)
    growing = {
        "notebooks": kinds["notebooks"],
        "exercises": kinds.get("exercises", 0.0),
        "pages": kinds.get("pages", 0.0),
        "the rest, through all lessons": through_all,
    }
    steady = {
        "journeys": kinds.get("journeys", 0.0),
        "the rest": kinds.get("the rest", 0.0) - through_all,
    }
    rows = [
        (name, f"{now:.0f} s", f"{now / lessons:.1f} s", f"{now / lessons * LESSONS:.0f} s")
        for name, now in growing.items()
    ]
    rows += [(name, f"{now:.0f} s", "–", f"{now:.0f} s") for name, now in steady.items()]
    now = sum(growing.values()) + sum(steady.values())
    later = sum(growing.values()) / lessons * LESSONS + sum(steady.values())
    rows.append(("all", f"{now:.0f} s", "", f"{later:.0f} s"))
    # How much of the workers' time by the clock is in the tests' seconds: the rest is their start,
    # the collection, and the wait for the last one.
    used = now / (last["workers"] * last["seconds"])
    rows.append(
        ("by the clock", clock(last["seconds"]), "", f"{clock(later / used / CORES)}, two workers")
    )
    notebooks = growing["notebooks"]
    new = LESSONS - lessons
    within = later - notebooks / lessons * LESSONS + notebooks + new * BUDGET
    rows.append(
        (
            f"by the clock, new notebooks at their budget of {BUDGET} s",
            "",
            "",
            f"{clock(within / used / CORES)}, two workers",
        )
    )
    head = ("Tests", f"Now, {lessons} lessons", "A lesson", f"{LESSONS} lessons")
    return Table(TITLE, TEXT, head, rows, remark(last))


def remark(last: dict[str, Any]) -> str:
    """When and where the run was, and what a change costs besides."""
    said = (
        f"{last['date']}, {last['workers']} workers on {last['cores']} cores, "
        f"{last['passed']:,} tests."
    )
    costs = []
    for name, what in ((PAGES, "its page in Chromium"), (JOURNEYS, "its run in JupyterLab")):
        one = last["samples"].get(name)
        if one and one["ran"]:
            each = one["seconds"] / one["ran"]
            costs.append(f"{what} about {each:.0f} s ({one['ran']} of {one['of']} in this run)")
    if costs:
        said += " Of a lesson that a change touches, " + " and ".join(costs) + " more."
    return said


def measure() -> list[Table]:
    """One table; it measures nothing itself."""
    last = last_run()
    if last is None:
        nothing = "not measured: `make test` has not run to its end in this checkout"
        return [Table(TITLE, TEXT, ("Tests", "Now"), [("all", nothing)])]
    return [table(last)]
