"""The reader's progress on the command line: `make progress`, `make progress ARGS=--html`.

`--export FILE`, `--import FILE` and `--reset` do what they say.
"""

import argparse
import sys
from pathlib import Path

from exercises.engine import progress
from exercises.engine.progress_table import Table
from tools import console


def main(arguments: list[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="make progress ARGS=", description="Your progress.")
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--html", action="store_true", help="print the table as HTML")
    choice.add_argument("--export", metavar="FILE", help="write all attempts to FILE (- : print)")
    choice.add_argument("--import", metavar="FILE", dest="import_", help="add attempts from FILE")
    choice.add_argument("--reset", action="store_true", help="forget everything, after asking")
    parser.add_argument("--yes", action="store_true", help="with --reset: do not ask")
    options = parser.parse_args(arguments)
    try:
        if options.export == "-":
            print(progress.export_json())
        elif options.export:
            Path(options.export).write_text(progress.export_json(), encoding="utf-8")
            print(f"{len(progress.attempts())} attempts written to {options.export}")
        elif options.import_:
            text = Path(options.import_).read_text(encoding="utf-8")
            print(f"{progress.import_json(text)} new attempts added")
        elif options.reset:
            if not options.yes and input("Forget all your progress? (yes/no) ").strip() != "yes":
                print("Nothing was changed.")
                return 1
            print(f"{progress.reset()} attempts forgotten")
        else:
            table = Table()
            print(table._repr_html_() if options.html else table)
    except (OSError, ValueError, EOFError) as error:
        print(f"Not done: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    console.accept_any()
    sys.exit(main())
