"""`make bench`: measure everything side by side, print it and write docs/benchmarks.md.

`python -m benchmarks loops trees` measures only these and writes nothing, unless `--renew` lets
their tables take the places of the older ones.
"""

import argparse
import datetime
import importlib
import platform
import sys
from importlib.metadata import PackageNotFoundError, version

import torch

from utils.course import ROOT

PARTS = ("loops", "control", "language", "vectors", "trees", "course", "suite")
PACKAGES = (
    "torch", "numpy", "scikit-learn", "lightning", "skorch", "stable-baselines3", "gensim",
    "gymnasium", "jupyterlab",
)  # fmt: skip
OUTPUT = ROOT / "docs" / "benchmarks.md"


def processor() -> str:
    """What the system says the processor is."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next(line.split(":")[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def versions() -> str:
    """The versions of what takes part."""
    found = []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name).split('+')[0]}")
        except PackageNotFoundError:
            continue
    return ", ".join(found)


def heading() -> str:
    """How and when this was measured."""
    return (
        "# Speed, beside what people use\n\n"
        f"Written by `make bench` on {datetime.date.today()}, everything of a table in one run: "
        f"{processor()}, one thread, Python {platform.python_version()}, {versions()}. Times are "
        "processor time unless a table says otherwise: the median of at least five runs, smallest "
        "and largest in brackets. Where the course loses, the table says so."
    )


def renewed(page: str, tables: list[str]) -> str:
    """`page` with `tables` in the places of those with the same titles.

    Raises ValueError where the page has no table of that title.
    """
    sections = page.split("\n\n## ")
    titles = [section.splitlines()[0] for section in sections]
    for table in tables:
        new = table.removeprefix("## ")
        sections[titles.index(new.splitlines()[0])] = new
    return "\n\n## ".join(sections).rstrip() + "\n"


def main(arguments: list[str]) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"some of {', '.join(PARTS)}; all by default")
    parser.add_argument("--renew", action="store_true", help="write the tables of these parts")
    options = parser.parse_args(arguments)
    chosen = options.parts or PARTS
    if unknown := set(chosen) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}")
    torch.set_num_threads(1)
    pages = [heading()]
    print(pages[0], flush=True)
    for part in chosen:
        for table in importlib.import_module(f"benchmarks.{part}").measure():
            pages.append(table.markdown())
            print(f"\n{pages[-1]}", flush=True)
    if set(chosen) == set(PARTS):
        OUTPUT.parent.mkdir(exist_ok=True)
        OUTPUT.write_text("\n\n".join(pages) + "\n", encoding="utf-8")
        print(f"\nwritten: {OUTPUT.relative_to(ROOT)}")
    elif options.renew:
        OUTPUT.write_text(renewed(OUTPUT.read_text("utf-8"), pages[1:]), encoding="utf-8")
        print(f"\nrenewed: {OUTPUT.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # a console may lack ± and the like
    sys.exit(main(sys.argv[1:]))
