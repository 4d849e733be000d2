"""What is known of the claims under other seeds: kept by lesson, compared, written as a table.

`docs/robustness.json` holds one entry a lesson::

    "code": print of the notebook's own code, "modules": {module of utils: print},
    "versions": …, "date": …, "seeds": [0, 1, …], "errors": {seed: [cell and error]},
    "claims": [{"text": …, "at_least": …, "at_most": …, "values": [one a seed]}, …]

A claim may have two entries more: "ratio": true, if the lesson says so, and "failed", the seeds it
did not hold for. A value is null where a cell failed before the claim. Instead of "values" a claim
can have "smallest", "median", "largest" and "margin", four digits each: a summary of runs whose
single values were not kept. A summary may have a "note". All runs of an entry were made with the
same code, modules and versions.
"""

import json
import math
import os
import statistics
from pathlib import Path
from typing import Any

import nbformat

from tools import fingerprint, notebooks
from utils import course

SEEDS = 10  # that a lesson's claims are checked with
Entry = dict[str, Any]


def name_of(path: Path) -> str:
    """A lesson's id, or the path of a notebook that is no lesson."""
    place = path.resolve()
    if place.is_relative_to(course.ROOT / "chapters"):
        return course.lesson_id(place)
    return path.as_posix()


def state_of(notebook: nbformat.NotebookNode) -> dict[str, Any]:
    """What a run's values depend on besides the versions of packages: code and modules."""
    return {"code": fingerprint.code_of(notebook), "modules": fingerprint.modules_of(notebook)}


# --- entries ------------------------------------------------------------------------------------


def read(file: Path) -> dict[str, Entry]:
    """The entries of a file, by lesson; none where there is no file."""
    return json.loads(file.read_text("utf-8")) if file.exists() else {}


def write(entries: dict[str, Entry], file: Path) -> None:
    """Write entries, one line a claim, under the file's name only when all is written."""
    parts = []
    for name, entry in entries.items():
        lines = [f"  {_json(key)}: {_json(entry[key])}" for key in entry if key != "claims"]
        claims = ",\n".join(f"   {_json(claim)}" for claim in entry["claims"])
        lines.append(f'  "claims": [\n{claims}\n  ]' if claims else '  "claims": []')
        parts.append(f" {_json(name)}: {{\n" + ",\n".join(lines) + "\n }")
    file.parent.mkdir(exist_ok=True)
    beside = file.with_name(f".{file.name}.part")
    beside.write_text("{\n" + ",\n".join(parts) + "\n}\n", "utf-8")
    os.replace(beside, file)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def entry_of(run: dict[str, Any]) -> Entry:
    """The entry of one run; `run` has code, modules, versions, date, seed, errors and claims."""
    seed = run["seed"]
    entry = {key: run[key] for key in ("code", "modules", "versions", "date")}
    entry["seeds"] = [seed]
    if run["errors"]:
        entry["errors"] = {str(seed): [error.splitlines()[0] for error in run["errors"]]}
    entry["claims"] = []
    for record in run["claims"]:
        claim = {key: record[key] for key in ("text", "at_least", "at_most")}
        if record.get("ratio"):
            claim["ratio"] = True
        if not record["holds"]:
            claim["failed"] = [seed]
        claim["values"] = [_short(record["value"], record["at_least"], record["at_most"])]
        entry["claims"].append(claim)
    return entry


def _short(value: float | str, *bounds: float | None) -> float | str:
    """A value with as few digits, six or more, as keep its distance from each bound to 1/1000."""
    if isinstance(value, str):  # NaN or infinite
        return value
    for digits in range(6, 18):
        short = float(f"{value:.{digits}g}")
        if all(
            math.isclose(short - bound, value - bound, rel_tol=1e-3)
            for bound in bounds
            if bound is not None
        ):
            break
    return int(short) if short.is_integer() and abs(short) < 1e6 else short


def alike(one: Entry, other: Entry) -> bool:
    """Were two entries made with the same code, modules and versions?"""
    return all(one[key] == other[key] for key in ("code", "modules", "versions"))


def is_summary(entry: Entry) -> bool:
    """Are the single values of an entry unknown?"""
    return any("smallest" in claim for claim in entry["claims"])


def merged(old: Entry, new: Entry) -> Entry:
    """One entry from two that are alike and no summaries; for a seed in both, `new` counts."""
    seeds = sorted({*old["seeds"], *new["seeds"]})
    errors = {
        str(seed): source["errors"][str(seed)]
        for seed in seeds
        for source in [new if seed in new["seeds"] else old]
        if str(seed) in source.get("errors", {})
    }
    parts = (_numbered(old), _numbered(new))
    # The entry that got further first: it has the claims in the notebook's order.
    order = dict.fromkeys(key for part in sorted(parts, key=len, reverse=True) for key in part)
    claims = []
    for key in order:
        found = [
            (entry["seeds"], part[key])
            for entry, part in zip((old, new), parts, strict=True)
            if key in part
        ]
        values = {}
        failed = set()
        for run, claim in found:
            values |= dict(zip(run, claim["values"], strict=True))
            failed = failed - set(run) | set(claim.get("failed", []))
        # A bound that is itself computed may differ from seed to seed: the tightest one counts.
        lows = [claim["at_least"] for _, claim in found if claim["at_least"] is not None]
        highs = [claim["at_most"] for _, claim in found if claim["at_most"] is not None]
        last = found[-1][1]
        claims.append(
            {
                "text": key[0],
                "at_least": max(lows, default=None),
                "at_most": min(highs, default=None),
                **({"ratio": True} if last.get("ratio") else {}),
                **({"failed": sorted(failed)} if failed else {}),
                "values": [values.get(seed) for seed in seeds],
            }
        )
    entry = {key: new[key] for key in ("code", "modules", "versions")}
    entry |= {"date": max(old["date"], new["date"]), "seeds": seeds}
    return entry | ({"errors": errors} if errors else {}) | {"claims": claims}


def _numbered(entry: Entry) -> dict[tuple[str, int], dict[str, Any]]:
    """The claims by text and how often that text has come: one in a loop comes many times."""
    before: dict[str, int] = {}
    result = {}
    for claim in entry["claims"]:
        text = claim["text"]
        before[text] = before.get(text, 0) + 1
        result[text, before[text]] = claim
    return result


def better(kept: Entry | None, new: Entry, code: str) -> Entry:
    """The entry to keep where there is one already; `code` is the print of the notebook now.

    Runs that are alike come together. Otherwise the new ones take the place of the old ones, unless
    those are of this very notebook too and have more seeds. Nothing of another notebook stays.
    """
    if kept is None:
        return new
    if alike(kept, new) and not is_summary(kept):
        return merged(kept, new)
    if kept["code"] == code and len(kept["seeds"]) > len(new["seeds"]):
        return kept
    return new


# --- rows ---------------------------------------------------------------------------------------


def margin(smallest: float, largest: float, low: float | None, high: float | None) -> float:
    """How far the worst value stays inside the bounds, in the claim's unit; negative: outside."""
    inside = [] if low is None else [smallest - low]
    inside += [] if high is None else [high - largest]
    return min(inside)


def rows(entry: Entry) -> list[dict[str, Any]]:
    """One row a claim of an entry: text, bounds, what came out, and how far from the bounds."""
    table = []
    for (text, number), claim in _numbered(entry).items():
        low, high = claim["at_least"], claim["at_most"]
        failed = claim.get("failed", [])
        if "smallest" in claim:
            smallest, median, largest = (claim[key] for key in ("smallest", "median", "largest"))
            rest, count = claim["margin"], len(entry["seeds"])
        else:
            values = [float(value) for value in claim["values"] if value is not None]
            if any(map(math.isnan, values)):
                smallest = median = largest = math.nan
            else:
                smallest, median, largest = min(values), statistics.median(values), max(values)
            rest, count = margin(smallest, largest, low, high), len(values)
        table.append(
            {
                "claim": text if number == 1 else f"{text} ({number})",
                "at_least": low,
                "at_most": high,
                "min": smallest,
                "median": median,
                "max": largest,
                "margin": rest,
                "spreads": _spreads(smallest, largest, rest, claim),
                "holds": count - len(failed),
                "seeds": len(entry["seeds"]),
                "failed": failed,
            }
        )
    return table


def _spreads(smallest: float, largest: float, rest: float, claim: dict[str, Any]) -> float:
    """The margin divided by the spread of the values, largest minus smallest, to two decimals.

    For a ratio both are those of the logarithms. Infinite where all values are equal and keep the
    bound; NaN, which is not at least 1, where a value is no number.
    """
    if smallest == largest:
        return math.inf if rest >= 0 else -math.inf
    if claim.get("ratio") and smallest > 0 and largest < math.inf:
        low, high = (
            None if claim[key] is None else math.log(claim[key]) for key in ("at_least", "at_most")
        )
        smallest, largest = math.log(smallest), math.log(largest)
        rest = margin(smallest, largest, low, high)
    return round(rest / (largest - smallest), 2)


# --- the report ---------------------------------------------------------------------------------


def age(entry: Entry, now: dict[str, Any]) -> str:
    """What has changed since an entry's runs: "" for nothing; `now` comes from `state_of`.

    Of a package of modules only its name is told.
    """
    if entry["code"] != now["code"]:
        return "Of an older notebook: its code has changed since."
    changed = [
        "/".join(name.split(".")[:2])
        for name, found in now["modules"].items()
        if entry["modules"].get(name) != found
    ]
    return f"Older than {', '.join(dict.fromkeys(changed))}." if changed else ""


def complaints(entries: dict[str, Entry], paths: list[Path]) -> list[str]:
    """What keeps the notebooks in `paths` from being checked with enough seeds, a line each."""
    lines = []
    for path in paths:
        name = name_of(path)
        again = f'run make robustness NB={path.as_posix()} ROBUSTNESS_ARGS="--keep"'
        entry = entries.get(name)
        if entry is None:
            lines.append(f"{name}: docs/robustness.json has no run of it; {again}")
        elif entry["code"] != fingerprint.code_of(notebooks.read(path)):
            lines.append(f"{name}: its code has changed since the runs that are kept; {again}")
        elif is_summary(entry) or len(entry["seeds"]) < SEEDS:
            lines.append(f"{name}: there are no values of {SEEDS} seeds; {again}")
        else:
            for seed, errors in entry.get("errors", {}).items():
                lines += [f"{name}: seed {seed}: {error}" for error in errors]
            for row in rows(entry):
                if row["holds"] < row["seeds"]:
                    lines.append(f"{name}: {row['claim']}: {_holds(row)} seeds hold; mend it")
                elif not row["spreads"] >= 1:
                    lines.append(
                        f"{name}: {row['claim']}: the bound is nearer than the spread of the seeds "
                        f"({row['spreads']:.2f} of it); state the claim more weakly"
                    )
    return lines


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _bound(row: dict[str, Any]) -> str:
    low, high = _number(row["at_least"]), _number(row["at_most"])
    if low and high:
        return f"{low} … {high}"
    return f"≥ {low}" if low else f"≤ {high}"


def _holds(row: dict[str, Any]) -> str:
    return f"{row['holds']}/{row['seeds']}"


def _times(row: dict[str, Any]) -> str:
    return "–" if row["spreads"] == math.inf else f"{row['spreads']:.2f}"


def _cells(*cells: str) -> str:
    inside = " | ".join(cell.replace("|", "\\|") for cell in cells)
    return f"| {inside} |"


def spans(numbers: list[int]) -> str:
    """Whole numbers in order as text, neighbours joined: 0 – 3, 7."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    return ", ".join(f"{p[0]} – {p[-1]}" if len(p) > 1 else f"{p[0]}" for p in parts)


def near(tables: dict[str, list[dict[str, Any]]], spreads: float = 1) -> int:
    """How many claims keep less than so many spreads of their seeds away from the bound."""
    return sum(not row["spreads"] >= spreads for table in tables.values() for row in table)


def markdown(entries: dict[str, Entry], paths: list[Path]) -> str:
    """The report on the notebooks in `paths` that have an entry.

    Says what holds, what failed, what comes too near to its bound, and has one table a notebook.
    """
    places = {name_of(path): path for path in paths if name_of(path) in entries}
    if not places:
        return "# Robustness of the claims\n\nThere are no runs yet.\n"
    tables = {name: rows(entries[name]) for name in places}
    ages = {
        name: age(entries[name], state_of(notebooks.read(path))) for name, path in places.items()
    }
    total = sum(map(len, tables.values()))
    good = sum(row["holds"] == row["seeds"] for table in tables.values() for row in table)
    counts = sorted({len(entries[name]["seeds"]) for name in places})
    many = " to ".join(str(count) for count in dict.fromkeys((counts[0], counts[-1])))
    text = [
        "# Robustness of the claims",
        "",
        f"{good} of {total} claims in {len(places)} notebooks hold for every seed that was run: "
        f"{many} a notebook. The runs of {sum(map(bool, ages.values()))} notebooks are older than "
        "the code of now: where, stands above each table.",
        "",
        "The margin is how far the worst value stays inside its bound, in the claim's own unit. "
        "Margin ÷ spread compares it with the luck of the seeds: the largest value minus the "
        "smallest, or their logarithms and the bound's if the claim says `ratio=True`; where all "
        "values are equal, there is none to compare with. Below 1 another seed may well break the "
        f"claim: {near(tables)} claims, of which {near(tables, 0.5)} are below 0.5.",
    ]
    broken = [
        f"- {places[name].as_posix()}, seed {seed}: {error}"
        for name in places
        for seed, errors in entries[name].get("errors", {}).items()
        for error in errors
    ]
    if broken:
        text += ["", "## Cells that failed", "", *broken]
    if near(tables):
        text += ["", "## Claims nearer to their bound than the spread of their seeds", ""]
        text += ["| lesson | claim | margin ÷ spread |", "|---|---|---|"]
        for name, table in tables.items():
            close = [row for row in table if not row["spreads"] >= 1]
            for row in sorted(close, key=lambda row: row["spreads"]):
                text.append(_cells(name, row["claim"], _times(row)))
    for name, path in places.items():
        text += ["", f"## {path.as_posix()}", "", *_made(entries[name], ages[name]), ""]
        text.append("| claim | bound | min | median | max | margin | margin ÷ spread | holds |")
        text.append("|---|---|---|---|---|---|---|---|")
        for row in tables[name]:
            values = (_number(row[key]) for key in ("min", "median", "max", "margin"))
            text.append(_cells(row["claim"], _bound(row), *values, _times(row), _holds(row)))
    return "\n".join(text) + "\n"


def _made(entry: Entry, older: str) -> list[str]:
    """How the runs of an entry were made, and what speaks against them."""
    made = f"COURSE_SEED {spans(entry['seeds'])}, {entry['date']}, {entry['versions']}."
    if is_summary(entry):
        made += " A summary: the values of single seeds were not kept."
    return [line for line in (made, entry.get("note", ""), older) if line]
