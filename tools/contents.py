"""Write the README's table of contents from the notebooks (`make contents`).

The minutes to read in the notebooks' metadata are renewed before that: they follow from the text.
`python -m tools.contents --check` writes nothing and fails where the table is out of date.
"""

import argparse
import sys
from pathlib import Path

from tools import console
from utils.course import CHAPTERS, ROOT, Lesson, lessons
from utils.course import notebooks as all_notebooks

README = ROOT / "README.md"
BEGIN = "<!-- contents: written by `make contents`, not by hand -->"
END = "<!-- end of contents -->"
HEAD = ["| Lesson | | Read | Run | Exercises |", "|---|---|--:|--:|--:|"]


def reading_time(lesson: Lesson) -> str:
    """Return the minutes to read, and those of the core where it is shorter."""
    if lesson.core_minutes == lesson.minutes:
        return f"{lesson.minutes} min"
    return f"{lesson.core_minutes} min, with deeper sections {lesson.minutes} min"


def row(lesson: Lesson) -> str:
    """Return a lesson's line of the table."""
    title, summary = (text.replace("|", "\\|") for text in (lesson.title, lesson.summary))
    numbers = f"{reading_time(lesson)} | {lesson.seconds} s | {len(lesson.exercises)}"
    return f"| [{title}]({lesson.link}) | {summary} | {numbers} |"


def table(found: list[Lesson]) -> str:
    """Return the table of contents as Markdown, one heading and one table a chapter."""
    blocks = []
    for folder, title in {"": "", **CHAPTERS}.items():
        rows = [row(lesson) for lesson in found if lesson.chapter == folder]
        if rows:
            heading = [f"### {int(folder[:2])} · {title}", ""] if folder else []
            blocks.append("\n".join([*heading, *HEAD, *rows]))
    return "\n\n".join(blocks)


def renewed(text: str, found: list[Lesson]) -> str:
    """Return a README's text with the table between its markers.

    Raises ValueError unless each marker stands there once, in order.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end) or text.count(BEGIN) + text.count(END) != 2:
        raise ValueError(f"README.md needs the line '{BEGIN}' and after it '{END}', once each")
    return f"{before}{BEGIN}\n\n{table(found)}\n\n{END}{after}"


def renew(readme: Path = README, chapters: Path = ROOT / "chapters") -> bool:
    """Write the table into a README; returns whether the file changed."""
    text = readme.read_text(encoding="utf-8")
    new = renewed(text, lessons(chapters))
    if new != text:
        readme.write_text(new, encoding="utf-8")
    return new != text


def main(arguments: list[str]) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.contents", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say whether it is up to date")
    options = parser.parse_args(arguments)
    try:
        if options.check:
            text = README.read_text(encoding="utf-8")
            if renewed(text, lessons()) != text:
                print("error: README.md is out of date: run make contents", file=sys.stderr)
                return 1
            return 0
        from tools import notebooks  # here, because it imports this module

        for path in all_notebooks():
            if notebooks.renew_times(path):
                print(f"{path.name}: the minutes to read are renewed.")
        if renew(README):
            print("README.md: the table of contents is renewed.")
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    console.accept_any()
    sys.exit(main(sys.argv[1:]))
