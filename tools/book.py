"""Build the HTML edition of the course (`make book`): build/book/index.html.

The notebooks' stored outputs are shown; no notebook is executed and nothing is fetched. For the
pages on the course's modules, these are imported and their docstrings read.

The pages are prepared in build/book-source, in the repository's own layout, so that links between
them stay as they are; then Sphinx turns them into HTML with the settings of book/conf.py. The
folder stays there when that fails. A book that is there already is replaced only by a complete one.
"""

from __future__ import annotations

import base64
import hashlib
import json
import posixpath
import re
import shutil
import sys
from importlib import metadata
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from tools import book_pages, console, contents
from utils import course
from utils.course import ROOT

SETTINGS = ROOT / "book"
SOURCE = ROOT / "build" / "book-source"
OUTPUT = ROOT / "build" / "book"

MATHJAX_PACKAGE = "sphinx-mathjax-offline"
MATHJAX_FOLDER, MATHJAX_SCRIPT = "mathjax", "tex-chtml-full.js"
MATHJAX_FONTS = "output/chtml/fonts/woff-v2"
MATHJAX_NOTE = """
These web pages set their formulas with [MathJax](https://www.mathjax.org), which they contain and
which has the Apache License 2.0.
"""

# Files of the repository that have a page of another name.
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "LICENSE": "licence.md",
    "data/README.md": "data/index.md",
}
# Folded cells: their tag, what the book folds, what it says on the fold.
FOLDED = {
    "solution": ("hide-cell", "Show the solution", "Hide the solution"),
    "figure": ("hide-input", "Show the code of the figure", "Hide the code of the figure"),
    "": ("hide-input", "Show the code", "Hide the code"),
}
OUTPUT_LINK = re.compile(r"""(\]\(|href=["'])([^)"':]+)\.ipynb(?=[)"'#])""")
SLIDER = re.compile(r"^[^#\n]*\bslider\(", re.MULTILINE)
SLIDER_NOTE = "*In JupyterLab a slider changes this figure; here it shows the first setting.*"
FENCED = re.compile(r"^(```|~~~).*?^\1[ \t]*$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"(\]\()([^)\s]+)(\))")


class BookError(Exception):
    """Why there is no book: text for the author."""


def anchor(heading: str) -> str:
    """Return the id that JupyterLab gives a heading, so that links work there and here."""
    return heading.strip().replace(" ", "-")


def stored_pictures(notebook: Path) -> dict[str, dict[str, Any]]:
    """Return what a notebook says of its pictures, by the SHA-256 of their bytes.

    ``alt`` is the alternative text, ``width`` the width in CSS pixels where one is stored.
    """
    found = {}
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            for kind, content in output.get("data", {}).items():
                if kind.startswith("image/") and kind != "image/svg+xml":
                    picture = base64.b64decode("".join(content))
                    said = output.get("metadata", {}).get(kind, {})
                    found[hashlib.sha256(picture).hexdigest()] = said
    return found


# --- preparing the pages ------------------------------------------------------------------------


def relinked(text: str, page: str, linked: set[str]) -> str:
    """Return Markdown whose links to files of the repository lead to pages of the book.

    `page` is the file that the text comes from. Linked files that have no page are added to
    `linked`, to be put into the book as they are.
    """

    def replace(found: re.Match) -> str:
        target, hash_sign, fragment = found[2].partition("#")
        if not target or re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", target):
            return found[0]
        folder = posixpath.dirname(page)
        place = posixpath.normpath(posixpath.join(folder, unquote(target)))
        if place in PAGES:
            target = posixpath.relpath(PAGES[place], folder or ".")
        elif not place.endswith(".ipynb"):
            linked.add(place)
        return f"{found[1]}{target}{hash_sign}{fragment}{found[3]}"

    pieces, end = [], 0
    for fence in FENCED.finditer(text):
        pieces += [LINK.sub(replace, text[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join(pieces) + LINK.sub(replace, text[end:])


def at_a_glance(lesson: course.Lesson) -> str:
    """Return the line under a lesson's title: time, exercises, where to run it."""
    return (
        f"*{contents.reading_time(lesson)} to read · {lesson.seconds} s to run · "
        f"{len(lesson.exercises)} exercises · to run it:* `{lesson.link}`"
    )


def prepared(notebook: dict[str, Any], lesson: course.Lesson, linked: set[str]) -> dict[str, Any]:
    """Return a lesson's notebook as the book wants it; changes it in place."""
    cells = []
    for cell in notebook["cells"]:
        source, metadata_ = "".join(cell["source"]), cell["metadata"]
        if cell["cell_type"] == "markdown":
            if not cells:
                title, _, rest = source.partition("\n")
                source = f"{title}\n\n{at_a_glance(lesson)}\n\n{rest}"
            cell["source"] = relinked(source, lesson.link, linked)
        cells.append(cell)
        if cell["cell_type"] == "markdown":
            continue
        for output in cell["outputs"]:
            for kind in {"text/html", "text/markdown"} & output.get("data", {}).keys():
                text = "".join(output["data"][kind])
                output["data"][kind] = OUTPUT_LINK.sub(r"\1\2.html", text)
        if metadata_.get("jupyter", {}).get("source_hidden"):
            tags = metadata_.setdefault("tags", [])
            hide, show, fold = next(words for tag, words in FOLDED.items() if tag in (*tags, ""))
            tags.append(hide)
            metadata_["mystnb"] = {"code_prompt_show": show, "code_prompt_hide": fold}
        if SLIDER.search(source) and any("image/png" in o.get("data", {}) for o in cell["outputs"]):
            cells.append({"cell_type": "markdown", "metadata": {}, "source": SLIDER_NOTE})
            cells[-1]["id"] = f"{cell['id']}-slider"
    notebook["cells"] = cells
    return notebook


def pages() -> dict[str, str | bytes]:
    """Return every page's text, and every other file's bytes, by its place in the book's source.

    Raises ValueError for a broken notebook or README, OSError for a file that is not there.
    """
    lessons = course.lessons()
    entries = json.loads((ROOT / "data" / "catalogue.json").read_text(encoding="utf-8"))
    names = {lesson.link: book_pages.used_functions(lesson.path) for lesson in lessons}
    uses = {name: [lesson for lesson in lessons if name in names[lesson.link]] for name in entries}
    linked: set[str] = set()
    documents = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md"))
    modules = {
        caption: book_pages.module_pages(package, list(entries))
        for package, caption in book_pages.PACKAGES.items()
    }
    readme = relinked((ROOT / "README.md").read_text(encoding="utf-8"), "README.md", linked)
    found = {
        "index.md": book_pages.front_page(
            readme,
            lessons,
            [f"data/{name}.md" for name in entries],
            documents,
            {caption: list(places) for caption, places in modules.items()},
        ),
        "contributing.md": relinked(
            (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), "CONTRIBUTING.md", linked
        ),
        "licence.md": "\n\n".join(
            ["# Licence", (ROOT / "LICENSE").read_text(encoding="utf-8"), MATHJAX_NOTE.strip()]
        ),
        "data/index.md": book_pages.data_index(entries, uses),
    }
    for name, entry in entries.items():
        found[f"data/{name}.md"] = book_pages.data_page(name, entry, uses[name])
    for places in modules.values():
        found |= places
    for lesson in lessons:
        notebook = json.loads(lesson.path.read_text(encoding="utf-8"))
        found[lesson.link] = json.dumps(prepared(notebook, lesson, linked), ensure_ascii=False)
    for place in documents:
        text = (ROOT / place).read_text(encoding="utf-8")
        found[place] = relinked(text, place, linked)
    for place in linked - found.keys():
        found[place] = (ROOT / place).read_bytes()
    return found


def prepare(folder: Path) -> None:
    """Write all pages into an empty folder."""
    shutil.rmtree(folder, ignore_errors=True)
    for place, content in pages().items():
        path = folder / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)


# --- building -----------------------------------------------------------------------------------


def copy_mathjax(folder: Path) -> None:
    """Copy MathJax and its fonts out of the installed package."""
    copied = 0
    for file in metadata.files(MATHJAX_PACKAGE) or []:
        _, static, name = file.as_posix().partition("/static/mathjax/")
        if static and (name == MATHJAX_SCRIPT or name.startswith(MATHJAX_FONTS)):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file.locate(), path)
            copied += 1
    if copied < 2:
        raise BookError(f"the package {MATHJAX_PACKAGE} does not hold MathJax and its fonts")


def build(output: Path = OUTPUT, source: Path = SOURCE) -> None:
    """Build the book into `output`; raises BookError, and leaves an older book, if that fails."""
    try:
        from sphinx.cmd.build import build_main
    except ImportError as error:
        raise BookError("Sphinx is not installed for this Python: run make book") from error
    beside = output.with_name(output.name + ".part")
    shutil.rmtree(beside, ignore_errors=True)
    prepare(source)
    doctrees = source.with_name(source.name + "-doctrees")
    shutil.rmtree(doctrees, ignore_errors=True)
    options = ["-b", "html", "-q", "-W", "--keep-going", "-d", str(doctrees), "-c", str(SETTINGS)]
    if build_main([*options, str(source), str(beside)]) != 0:
        raise BookError(f"Sphinx found the faults named above (pages as read: {source})")
    copy_mathjax(beside / "_static" / MATHJAX_FOLDER)
    for rest in (".buildinfo", "objects.inv"):  # for other programs than a browser
        (beside / rest).unlink(missing_ok=True)
    shutil.rmtree(output, ignore_errors=True)
    beside.rename(output)
    for folder in (source, doctrees):
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    """Run the command line; returns the exit status."""
    try:
        build()
    except (BookError, OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"The book is ready: open {OUTPUT.relative_to(ROOT) / 'index.html'} in a browser.")
    return 0


if __name__ == "__main__":
    console.accept_any()
    sys.exit(main())
