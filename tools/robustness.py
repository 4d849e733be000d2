"""Do the claims hold with other luck? `make robustness`, `make robustness SEEDS=10 NB=path`.

Every notebook runs in a fresh kernel with COURSE_SEED 0, 1, … and claims that raise; a cell that
fails does not keep the following ones from running. All claims are collected, those that fail as
well. `build/robustness.md` shows for each claim its bound, the smallest, median and largest value,
the margin, how many times the spread of the seeds fits into it, and for how many seeds it holds.

Each run is stored in `build/robustness.json` as soon as it is done; `--resume` goes on from there.
`--keep` stores the runs in `docs/robustness.json` as well, and writes the table beside it anew.
"""

import argparse
import datetime
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections import deque
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import nbformat

from tools import claims_table, console, fingerprint, notebooks
from tools.claims_table import Entry, name_of
from utils import course

OUTPUT = course.ROOT / "build"
KEPT = course.ROOT / "docs"
PACKAGES = ("torch", "numpy", "scikit-learn")  # whose versions stand in the report
UNMEASURED = 60  # seconds that a notebook without measured ones is taken to need


# --- runs ---------------------------------------------------------------------------------------


def run(path: Path, seed: int) -> dict[str, Any]:
    """Run one notebook with one seed: its claims in order, the cells that failed, the seconds.

    The seconds are those of one processor.
    """
    errors: list[str] = []
    with tempfile.TemporaryDirectory(prefix="course-robustness-") as folder:
        log = Path(folder) / "claims.jsonl"
        settings = {"COURSE_SEED": str(seed), "COURSE_CLAIMS_LOG": str(log)}
        notebook = notebooks.read(path)
        state, seconds = claims_table.state_of(notebook), 0.0
        try:
            seconds = sum(notebooks.execute(notebook, path.resolve().parent, settings, errors))
        except notebooks.RunError as error:
            errors.append(str(error))
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    claims = [json.loads(line) for line in lines]
    return {
        "notebook": path.as_posix(),
        "seed": seed,
        **state,
        "versions": versions(),
        "date": datetime.date.today().isoformat(),
        "seconds": round(seconds, 1),
        "claims": claims,
        "errors": errors,
    }


def versions() -> str:
    """What a run's values depend on besides the code."""
    names = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return f"Python {platform.python_version()}, {names}, {platform.machine()}"


def earlier(paths: list[Path]) -> dict[str, Entry]:
    """The stored runs that still count: the same code, modules and versions as now.

    They come from `build` and, where their single values are known, from `docs`.
    """
    result: dict[str, Entry] = {}
    stored = [claims_table.read(folder / "robustness.json") for folder in (KEPT, OUTPUT)]
    for path in paths:
        name = name_of(path)
        now = claims_table.state_of(notebooks.read(path)) | {"versions": versions()}
        for entries in stored:
            entry = entries.get(name)
            if entry and claims_table.alike(entry, now) and not claims_table.is_summary(entry):
                before = result.get(name)
                result[name] = claims_table.merged(before, entry) if before else entry
    return result


def run_all(
    work: list[tuple[Path, int]], entries: dict[str, Entry], jobs: int, end: float | None = None
) -> list[tuple[Path, int]]:
    """Run notebooks with seeds, print what came out, store it and put it into `entries`.

    After `end`, a reading of `time.monotonic`, no run is started. Returns those that were not.
    """
    waiting = deque(work)
    running: set[Future] = set()
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        while waiting or running:
            late = end is not None and time.monotonic() >= end
            while waiting and len(running) < jobs and not late:
                running.add(pool.submit(run, *waiting.popleft()))
            if not running:
                break
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for task in done:
                one = task.result()
                take_in(one, entries)
                tell(one)
    return list(waiting)


def take_in(one: dict[str, Any], entries: dict[str, Entry]) -> None:
    """Put one run into `entries` and store it; runs of other code or versions give way to it."""
    name = name_of(Path(one["notebook"]))
    new = claims_table.entry_of(one)
    before = entries.get(name)
    alike = before is not None and claims_table.alike(before, new)
    entries[name] = claims_table.merged(before, new) if alike else new
    file = OUTPUT / "robustness.json"
    claims_table.write(claims_table.read(file) | {name: entries[name]}, file)


def tell(one: dict[str, Any]) -> None:
    """Print what came out of one run."""
    failed = [record["text"] for record in one["claims"] if not record["holds"]]
    what = f"{len(one['claims'])} claims, {len(failed)} do not hold"
    print(f"{one['notebook']} seed {one['seed']}: {one['seconds']} s, {what}", flush=True)
    for line in [*failed, *(error.splitlines()[0] for error in one["errors"])]:
        print(f"    ✗ {line}", flush=True)


def keep(entries: dict[str, Entry], paths: list[Path]) -> None:
    """Take `entries` of the notebooks in `paths` into `docs`, and write the table there anew."""
    kept = claims_table.read(KEPT / "robustness.json")
    for path in paths:
        name = name_of(path)
        if name not in entries:
            continue
        new = entries[name]
        code = fingerprint.code_of(notebooks.read(path))
        entry = claims_table.better(kept.get(name), new, code)
        if entry is kept.get(name):
            print(f"{path}: docs/robustness.json keeps its older runs, because they are more")
        kept[name] = entry
    lessons = notebooks.all_notebooks()
    kept = {name_of(path): kept[name_of(path)] for path in lessons if name_of(path) in kept}
    claims_table.write(kept, KEPT / "robustness.json")
    (KEPT / "robustness.md").write_text(claims_table.markdown(kept, lessons), "utf-8")


# --- which notebooks ----------------------------------------------------------------------------


def changed(paths: list[Path], commit: str) -> tuple[list[Path], list[Path]]:
    """Those of `paths` whose own code is new since `commit`, and those with only other modules.

    Raises CalledProcessError where there is no such commit.
    """
    then = fingerprint.at_commit(commit)
    own, modules = [], []
    for path in paths:
        notebook = notebooks.read(path)
        text = then(path.resolve().relative_to(course.ROOT).as_posix())
        before = text and nbformat.reads(text, as_version=4)
        if not before or fingerprint.code_of(before) != fingerprint.code_of(notebook):
            own.append(path)
        elif fingerprint.modules_of(before, then) != fingerprint.modules_of(notebook):
            modules.append(path)
    return own, modules


def up_to_date(path: Path, kept: dict[str, Entry]) -> bool:
    """Are enough seeds kept of this very code, the notebook's and that of the modules it uses?"""
    entry = kept.get(name_of(path))
    if entry is None or len(entry["seeds"]) < claims_table.SEEDS:
        return False
    return not claims_table.age(entry, claims_table.state_of(notebooks.read(path)))


def draw(
    groups: list[list[Path]], needed: dict[Path, float], limit: float, luck: str
) -> tuple[list[Path], list[Path]]:
    """Notebooks that together need no more than `limit` seconds, and the others.

    One group after the other, each in an order drawn at random, the same for the same `luck`. One
    that does not fit is passed over, and the next may.
    """
    order = random.Random(luck)
    drawn, left = [], []
    for group in groups:
        for path in order.sample(group, len(group)):
            if sum(needed[other] for other in drawn) + needed[path] <= limit:
                drawn.append(path)
            else:
                left.append(path)
    return drawn, left


def seconds_of(path: Path) -> float:
    """How long a notebook runs on one core, as `make run` measured it."""
    return float(notebooks.read(path).metadata.get("course", {}).get("seconds", UNMEASURED))


def head() -> str:
    """The hash of the commit that is checked out."""
    command = ["git", "rev-parse", "HEAD"]
    found = subprocess.run(command, cwd=course.ROOT, capture_output=True, check=True, text=True)
    return found.stdout.strip()


def chosen(paths: list[Path], options: argparse.Namespace) -> list[Path]:
    """The notebooks to run: of `paths` those that changed, and of these what the time allows.

    What no stored run has covered comes first: notebooks with code of their own that is new, then
    those that are older than a module of `utils`; last the ones whose ten seeds are up to date.
    """
    own, others = paths, []
    if options.changed_since:
        own, others = changed(paths, options.changed_since)
        if not own and not others:
            print(f"no notebook or module behind it has other code than in {options.changed_since}")
            return []
    if options.minutes is None:
        return own + others
    kept = claims_table.read(KEPT / "robustness.json")
    known = [path for path in own + others if up_to_date(path, kept)]
    groups = [[path for path in group if path not in known] for group in (own, others)]
    needed = {path: seconds_of(path) * options.seeds / options.jobs for path in own + others}
    drawn, left = draw([*groups, known], needed, options.minutes * 60, head())
    print(f"drawn for {options.minutes:g} minutes: {_names(drawn)}")
    print(f"left out: {_names(left)}", flush=True)
    return drawn


def _names(paths: list[Path]) -> str:
    return ", ".join(map(name_of, paths)) or "none"


# --- the command --------------------------------------------------------------------------------


def main(arguments: list[str]) -> int:
    """Run the command line; returns the exit status: 1 where a claim or a cell failed."""
    parser = argparse.ArgumentParser(prog="make robustness", description=__doc__)
    parser.add_argument("notebooks", nargs="*", type=Path, help="all lessons where none is named")
    parser.add_argument("--seeds", type=int, default=10, help="how many (default: 10)")
    parser.add_argument("--first", type=int, default=0, help="the first of them (default: 0)")
    parser.add_argument("--jobs", type=int, default=2, help="notebooks at a time (default: 2)")
    parser.add_argument(
        "--resume",
        action="store_true",
        help="run no seed again that was run with the same code, modules and packages",
    )
    parser.add_argument(
        "--report",
        action="store_true",
        help="run nothing: the table of all runs that are stored",
    )
    parser.add_argument(
        "--keep", action="store_true", help="store the runs in docs, and write the table there anew"
    )
    parser.add_argument(
        "--changed-since",
        metavar="COMMIT",
        help="only notebooks that have other code than there, or use a module that has",
    )
    parser.add_argument(
        "--minutes",
        type=float,
        help="as many notebooks, drawn at random, as that time allows; then no run is started",
    )
    options = parser.parse_args(arguments)
    if options.seeds < 1 or options.jobs < 1 or options.first < 0:
        parser.error("seeds and jobs are at least 1, the first seed at least 0")
    if options.minutes is not None and not options.minutes > 0:
        parser.error("minutes are more than 0")
    end = None if options.minutes is None else time.monotonic() + options.minutes * 60
    paths = options.notebooks or notebooks.all_notebooks()
    if options.changed_since or options.minutes is not None:
        paths = chosen(paths, options)
        if not paths:
            return 0
    entries = earlier(paths) if options.resume or options.report else {}
    if not options.report:
        seeds = range(options.first, options.first + options.seeds)
        # Seed by seed, so that an early end leaves something on every notebook.
        work = [
            (path, seed)
            for seed in seeds
            for path in paths
            if name_of(path) not in entries or seed not in entries[name_of(path)]["seeds"]
        ]
        late = run_all(work, entries, options.jobs, end)
        if late:
            print("the time is over before", ", ".join(f"{name_of(p)} seed {s}" for p, s in late))
    if options.keep:
        keep(entries, paths)
    if options.report and not entries and not options.keep:
        parser.error(f"{OUTPUT} has no run made with the code and the packages of now")
    return report(entries, paths) if entries else 0


def report(entries: dict[str, Entry], paths: list[Path]) -> int:
    """Write `build/robustness.md`; returns 1 where a claim or a cell failed, otherwise 0."""
    file = OUTPUT / "robustness.md"
    file.parent.mkdir(exist_ok=True)
    file.write_text(claims_table.markdown(entries, paths), "utf-8")
    tables = {name: claims_table.rows(entry) for name, entry in entries.items()}
    found = [row["holds"] == row["seeds"] for table in tables.values() for row in table]
    print(
        f"{sum(found)} of {len(found)} claims hold for all seeds, {claims_table.near(tables)} are "
        f"nearer to their bound than the spread of the seeds: {os.path.relpath(file)}"
    )
    return 0 if all(found) and not any("errors" in entry for entry in entries.values()) else 1


if __name__ == "__main__":
    console.accept_any()
    sys.exit(main(sys.argv[1:]))
