"""Write data/README.md, the readable form of data/catalogue.json and data/weights/catalogue.json.

`python -m tools.catalogue --check` writes nothing and fails where the two differ.
"""

import argparse
import json
import sys
from typing import Any

from tools import console
from utils.data import catalogue
from utils.data.download import ROOT

README = ROOT / "data" / "README.md"
WEIGHTS_CATALOGUE = ROOT / "data" / "weights" / "catalogue.json"
HEAD = """\
# Data

Every data set of the course, with where it comes from and on which terms. `utils/data/` has one
function for each. This page is written from `catalogue.json` by `python -m tools.catalogue`.

**Embedded** sets come inside a dependency and **generated** ones are computed: neither needs a
network, and every lesson runs with these alone. **Downloads** are for readers who want the classic
sets: they are fetched once, checked against the SHA-256 below and kept in the cache folder. That
is the folder named by the environment variable `COURSE_DATA`; without it, `cache` here, or, where
that cannot be written to, the user's own cache folder. A file that you put there yourself is used
like a downloaded one. A broken download continues at the next call.

A checksum of an embedded set is the SHA-256 of its arrays (`utils.data.checksum`); that of a
download is the file's own.
"""

WEIGHTS = """\
# Trained models

Small models that lessons share, trained by the code of the lesson that teaches them. They come
with the course (`data/weights/`), as safetensors in half precision; `utils.pretrained` loads them
by name. `make weights NAME=…` trains one again.
"""


def size(count: int) -> str:
    """Return a number of bytes for people."""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"


def section(name: str, entry: dict[str, Any]) -> str:
    """Return one data set's section as Markdown."""
    files = entry.get("files", [])
    total = sum(file["bytes"] for file in files) if files else entry["bytes"]
    rows = {
        "Call": f"`data.{name}()`, gives `{entry['returns']}`",
        "Contents": entry["contents"],
        "Kind": entry["kind"] + (f", from {entry['carrier']}" if "carrier" in entry else ""),
        "Size": size(total) + ("" if files else " in memory"),
        "Origin": entry["origin"],
        "Reference": entry["reference"],
        "Licence": entry["licence"],
    }
    if not files:
        checksum = entry["sha256"]
        rows["SHA-256"] = f"`{checksum}`" if checksum else f"none: {entry['checksum_note']}"
    lines = [f"## {entry['title']}", "", "| | |", "|---|---|"]
    lines += [f"| {label} | {text} |" for label, text in rows.items()]
    if files:
        lines += ["", "| File | Bytes | SHA-256 | Addresses |", "|---|--:|---|---|"]
        for file in files:
            addresses = "<br>".join(f"<{url}>" for url in file["urls"])
            lines.append(
                f"| `{name}/{file['name']}` | {file['bytes']:,} | `{file['sha256']}` "
                f"| {addresses} |"
            )
        lines += ["", entry["alternative"]]
    return "\n".join(lines) + "\n"


def weights() -> dict[str, dict[str, Any]]:
    """Return the entries of `data/weights/catalogue.json` by model, without a need for PyTorch."""
    return json.loads(WEIGHTS_CATALOGUE.read_text(encoding="utf-8"))


def weights_section(name: str, entry: dict[str, Any]) -> str:
    """Return one trained model's section as Markdown."""
    rows = {
        "Call": f"`pretrained.load({name!r}, model)`",
        "Contents": f"{entry['parameters']:,} parameters: {entry['contents']}",
        "Size": size(entry["bytes"]),
        "Recipe": f"`{entry['recipe']}` in `experiments/{entry['lesson']}.py`, seed "
        f"{entry['seed']}: {entry['seconds']} s of one core on {entry['date']}",
        "Measured": f"{entry['half_precision']:.4f} {entry['measured']} in half precision, "
        f"{entry['single_precision']:.4f} in single; at most {entry['at_most']}",
        "Licence": entry["licence"],
        "SHA-256": f"`{entry['sha256']}`",
    }
    lines = [f"## {entry['title']}", "", "| | |", "|---|---|"]
    lines += [f"| {label} | {text} |" for label, text in rows.items()]
    return "\n".join(lines) + "\n"


def page() -> str:
    """Return the whole page."""
    sets = [section(name, entry) for name, entry in catalogue().items()]
    models = [weights_section(name, entry) for name, entry in weights().items()]
    return "\n".join([HEAD, *sets, WEIGHTS, *models])


def main() -> int:
    """Write or check the page; the exit status is 1 if a check fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, only compare")
    if not parser.parse_args().check:
        README.write_text(page(), encoding="utf-8")
        return 0
    if README.is_file() and README.read_text(encoding="utf-8") == page():
        return 0
    print("data/README.md is out of date: run `python -m tools.catalogue`", file=sys.stderr)
    return 1


if __name__ == "__main__":
    console.accept_any()
    sys.exit(main())
