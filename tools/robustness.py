"""Do the claims hold with other luck? `make robustness`, `make robustness SEEDS=10 NB=path`.

Every notebook runs in a fresh kernel with COURSE_SEED 0, 1, … and claims that raise; a cell that
fails does not keep the following ones from running. All claims are collected, those that fail as
well. `build/robustness.md` and `build/robustness.json` show for each claim its bound, the smallest,
median and largest value, the margin, and for how many seeds it holds. Each run is kept in
`build/robustness.jsonl` as soon as it is done; `--resume` goes on from there.
"""

import argparse
import datetime
import hashlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor, as_completed
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import nbformat

from tools import console, notebooks
from utils import course

OUTPUT = course.ROOT / "build"
PACKAGES = ("torch", "numpy", "scikit-learn")  # whose versions stand in the report


def digest(notebook: nbformat.NotebookNode) -> str:
    """What tells the code of two notebooks apart; text and outputs do not count."""
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    return hashlib.sha256("\0".join(code).encode()).hexdigest()


def changed(paths: list[Path], commit: str) -> list[Path]:
    """Those of `paths` that are new since `commit`, or whose code is not what it was there.

    Raises CalledProcessError where there is no such commit.
    """
    subprocess.run(["git", "cat-file", "-e", f"{commit}^{{commit}}"], cwd=course.ROOT, check=True)
    result = []
    for path in paths:
        place = path.resolve().relative_to(course.ROOT).as_posix()
        command = ["git", "show", f"{commit}:{place}"]
        before = subprocess.run(command, cwd=course.ROOT, capture_output=True, check=False)
        text = before.stdout.decode("utf-8")
        if not text or digest(nbformat.reads(text, as_version=4)) != digest(notebooks.read(path)):
            result.append(path)
    return result


def run(path: Path, seed: int) -> dict[str, Any]:
    """Run one notebook with one seed: its claims in order, the cells that failed, the seconds.

    The seconds are those of one processor.
    """
    errors: list[str] = []
    with tempfile.TemporaryDirectory(prefix="course-robustness-") as folder:
        log = Path(folder) / "claims.jsonl"
        settings = {"COURSE_SEED": str(seed), "COURSE_CLAIMS_LOG": str(log)}
        notebook = notebooks.read(path)
        code, seconds = digest(notebook), 0.0
        try:
            seconds = sum(notebooks.execute(notebook, path.resolve().parent, settings, errors))
        except notebooks.RunError as error:
            errors.append(str(error))
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    claims = [json.loads(line) for line in lines]
    return {
        "notebook": path.as_posix(),
        "seed": seed,
        "code": code,
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


def kept(file: Path, paths: list[Path]) -> dict[tuple[str, int], dict[str, Any]]:
    """The runs in `file` that still count: the same code and the same versions as now."""
    if not file.exists():
        return {}
    runs = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    now = {path.as_posix(): digest(notebooks.read(path)) for path in paths}
    return {
        (one["notebook"], one["seed"]): one
        for one in runs
        if one["code"] == now.get(one["notebook"]) and one["versions"] == versions()
    }


def margin(values: list[float], low: float | None, high: float | None) -> float:
    """How far the worst value stays inside the bounds, in the claim's unit; negative: outside."""
    inside = [value - low for value in values if low is not None]
    inside += [high - value for value in values if high is not None]
    return min(inside)


def summarise(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a claim, in the order of the notebooks; `runs` come from :func:`run`.

    A claim that stands in a loop, or twice, is told apart by how often its text came before. One
    that some seed never reached holds for fewer seeds than there are.
    """
    rows: dict[tuple, dict[str, Any]] = {}
    seeds: dict[str, int] = {}
    for one in runs:
        seeds[one["notebook"]] = seeds.get(one["notebook"], 0) + 1
        before: dict[str, int] = {}
        for record in one["claims"]:
            text = record["text"]
            before[text] = before.get(text, 0) + 1
            key = (one["notebook"], text, before[text])
            row = rows.setdefault(key, {"bounds": set(), "values": [], "failed": []})
            row["bounds"].add((record["at_least"], record["at_most"]))
            row["values"].append(float(record["value"]))
            if not record["holds"]:
                row["failed"].append(one["seed"])
    table = []
    for (notebook, text, number), row in rows.items():
        # A bound that is itself computed may differ from seed to seed: the tightest one counts.
        lows = [low for low, _ in row["bounds"] if low is not None]
        highs = [high for _, high in row["bounds"] if high is not None]
        low, high = max(lows, default=None), min(highs, default=None)
        table.append(
            {
                "notebook": notebook,
                "claim": text if number == 1 else f"{text} ({number})",
                "at_least": low,
                "at_most": high,
                "min": min(row["values"]),
                "median": statistics.median(row["values"]),
                "max": max(row["values"]),
                "margin": margin(row["values"], low, high),
                "holds": len(row["values"]) - len(row["failed"]),
                "seeds": seeds[notebook],
                "failed": row["failed"],
            }
        )
    order = {notebook: place for place, notebook in enumerate(seeds)}
    return sorted(table, key=lambda row: order[row["notebook"]])


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _bound(row: dict[str, Any]) -> str:
    low, high = _number(row["at_least"]), _number(row["at_most"])
    if low and high:
        return f"{low} … {high}"
    return f"≥ {low}" if low else f"≤ {high}"


def spans(numbers: list[int]) -> str:
    """Whole numbers in order as text, neighbours joined: 0 – 3, 7."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ", ".join(f"{p[0]} – {p[-1]}" if len(p) > 1 else f"{p[0]}" for p in parts)


def markdown(runs: list[dict[str, Any]], table: list[dict[str, Any]]) -> str:
    """The report as Markdown: a summary, what failed, and one table a notebook."""
    good = sum(row["holds"] == row["seeds"] for row in table)
    seeds: dict[str, list[int]] = {}
    for one in sorted(runs, key=lambda one: one["seed"]):
        seeds.setdefault(one["notebook"], []).append(one["seed"])
    names = list(dict.fromkeys(one["notebook"] for one in runs))
    counts = sorted({len(found) for found in seeds.values()})
    many = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    text = [
        "# Robustness of the claims",
        "",
        f"{good} of {len(table)} claims in {len(names)} notebooks hold for every seed that was "
        f"run: {many} a notebook. {max(one['date'] for one in runs)}, {versions()}, one thread.",
        "",
        "The margin is how far the worst value stays inside its bound, in the claim's own unit.",
    ]
    broken = [(one, error) for one in runs for error in one["errors"]]
    if broken:
        text += ["", "## Cells that failed", ""]
        for one, error in broken:
            text.append(f"- {one['notebook']}, seed {one['seed']}: {error.splitlines()[0]}")
    for name in names:
        text += ["", f"## {name}", "", f"COURSE_SEED {spans(seeds[name])}", ""]
        text.append("| claim | bound | min | median | max | margin | holds |")
        text.append("|---|---|---|---|---|---|---|")
        for row in (row for row in table if row["notebook"] == name):
            values = (_number(row[key]) for key in ("min", "median", "max", "margin"))
            claim = row["claim"].replace("|", "\\|")
            cells = [claim, _bound(row), *values, f"{row['holds']}/{row['seeds']}"]
            text.append(f"| {' | '.join(cells)} |")
    return "\n".join(text) + "\n"


def run_all(
    work: list[tuple[str, int]], file: Path, done: dict[tuple[str, int], dict[str, Any]], jobs: int
) -> None:
    """Run notebooks with seeds, print what came out, add it to `done` and to the end of `file`."""
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        tasks = [pool.submit(run, Path(name), seed) for name, seed in work]
        for task in as_completed(tasks):
            one = task.result()
            done[one["notebook"], one["seed"]] = one
            with file.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(one, ensure_ascii=False) + "\n")
            failed = [record["text"] for record in one["claims"] if not record["holds"]]
            what = f"{len(one['claims'])} claims, {len(failed)} do not hold"
            print(f"{one['notebook']} seed {one['seed']}: {one['seconds']} s, {what}", flush=True)
            for line in [*failed, *(error.splitlines()[0] for error in one["errors"])]:
                print(f"    ✗ {line}", flush=True)


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
        help="keep earlier runs of the same code and packages; after a change in utils, begin anew",
    )
    parser.add_argument(
        "--report", action="store_true", help="run nothing: the tables from all runs that are kept"
    )
    parser.add_argument(
        "--changed-since", metavar="COMMIT", help="only notebooks with other code than there"
    )
    options = parser.parse_args(arguments)
    if options.seeds < 1 or options.jobs < 1 or options.first < 0:
        parser.error("seeds and jobs are at least 1, the first seed at least 0")
    paths = options.notebooks or notebooks.all_notebooks()
    if options.changed_since:
        paths = changed(paths, options.changed_since)
        if not paths:
            print(f"no notebook has other code than in {options.changed_since}")
            return 0
    OUTPUT.mkdir(exist_ok=True)
    file = OUTPUT / "robustness.jsonl"
    if not (options.resume or options.report):
        file.unlink(missing_ok=True)
    done = kept(file, paths)
    if not options.report:
        seeds = range(options.first, options.first + options.seeds)
        # Seed by seed, so that an early end leaves something on every notebook.
        wanted = [(path.as_posix(), seed) for seed in seeds for path in paths]
        run_all([key for key in wanted if key not in done], file, done, options.jobs)
        done = {key: done[key] for key in wanted}
    order = {path.as_posix(): place for place, path in enumerate(paths)}
    runs = sorted(done.values(), key=lambda one: (order[one["notebook"]], one["seed"]))
    if not runs:
        parser.error(f"no run is kept in {file}")
    table = summarise(runs)
    (OUTPUT / "robustness.json").write_text(
        json.dumps({"claims": table, "runs": runs}, ensure_ascii=False, indent=1) + "\n", "utf-8"
    )
    (OUTPUT / "robustness.md").write_text(markdown(runs, table), "utf-8")
    good = sum(row["holds"] == row["seeds"] for row in table)
    place = os.path.relpath(OUTPUT / "robustness.md")
    print(f"{good} of {len(table)} claims hold for all seeds: {place}")
    return 0 if good == len(table) and not any(one["errors"] for one in runs) else 1


if __name__ == "__main__":
    console.accept_any()
    sys.exit(main(sys.argv[1:]))
