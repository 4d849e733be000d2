"""The pages of the HTML edition that no notebook holds: the front page and the data sets."""

from __future__ import annotations

import ast
import inspect
import json
import re
from pathlib import Path
from typing import Any

from tools import catalogue, contents
from utils.course import CHAPTERS, ROOT, Lesson

DATA = ROOT / "utils" / "data"
NOTE = """\
:::{note}
This is the course to read: every output below is stored from a run. To change the code, move the
sliders and have your answers checked, open it in JupyterLab: see [Two commands](#Two-commands).
:::
"""


def toctree(pages: list[str], caption: str = "") -> str:
    """Return a hidden table of contents, which becomes a part of the side bar."""
    head = ["```{toctree}", ":hidden:", *([f":caption: {caption}"] if caption else [])]
    return "\n".join([*head, "", *pages, "```"]) + "\n"


def front_page(
    readme: str, lessons: list[Lesson], data_pages: list[str], documents: list[str]
) -> str:
    """Return the front page: the README with its contents first.

    Raises ValueError if the README has no title or no contents between their markers.
    """
    before, begin, rest = readme.partition(contents.BEGIN)
    _, end, after = rest.partition(contents.END)
    title, _, sections = before.partition("\n## ")
    if not (begin and end and title.startswith("# ") and sections):
        raise ValueError("README.md: the title, a section or the markers of the contents are gone")
    sections = sections.rpartition("\n## ")[0]  # the last one is the heading of the contents
    trees = []
    for folder, name in {"": "", **CHAPTERS}.items():
        pages = [lesson.link for lesson in lessons if lesson.chapter == folder]
        if pages:
            trees.append(toctree(pages, f"{int(folder[:2])} · {name}" if folder else ""))
    trees.append(toctree(["data/index.md", *data_pages], "Data"))
    trees.append(toctree([*documents, "contributing.md", "licence.md"], "Project"))
    table = contents.table(lessons).replace("| Lesson | |", "| Lesson | What it is about |")
    table = f"## Contents\n\n::::{{container}} overview lessons\n\n{table}\n\n::::"
    return "\n\n".join([title, NOTE, table, *trees, f"## {sections}", after.strip()]) + "\n"


# --- data sets ----------------------------------------------------------------------------------


def functions(package: Path = DATA) -> dict[str, tuple[str, str]]:
    """Return signature and docstring of every public function, read without importing any."""
    found = {}
    for module in sorted(package.glob("*.py")):
        for node in ast.parse(module.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                text = inspect.cleandoc(ast.get_docstring(node) or "")
                found[node.name] = (signature(node), text)
    return found


def signature(node: ast.FunctionDef) -> str:
    """Return how a function of utils.data is called, over several lines where one is too long."""
    arguments, result = ast.unparse(node.args), ast.unparse(node.returns)
    if len(arguments) > 60:
        arguments = "\n    " + arguments.replace(", ", ",\n    ") + ",\n"
    return f"data.{node.name}({arguments}) -> {result}"


def used_functions(notebook: Path) -> set[str]:
    """Return the functions of utils.data that a notebook names: `data.x` or imported by name."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    names = set()
    for cell in cells:
        if cell["cell_type"] != "code":
            continue
        for node in ast.walk(ast.parse("".join(cell["source"]))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                names |= {node.attr} if node.value.id == "data" else set()
            elif isinstance(node, ast.ImportFrom) and node.module == "utils.data":
                names |= {alias.name for alias in node.names}
    return names


def data_page(
    name: str, entry: dict[str, Any], function: tuple[str, str], lessons: list[Lesson]
) -> str:
    """Return the page of one data set; `lessons` are those that use it."""
    call, text = function
    summary, _, details = text.partition("\n\n")
    heading, _, facts = catalogue.section(name, entry).partition("\n\n")
    used = [f"- [{lesson.title}](../{lesson.link})" for lesson in lessons]
    parts = [
        heading.removeprefix("#"),
        plain(summary),
        plain(details),
        f"```python\n{call}\n```",
        "## Facts",
        facts.strip().replace("| | |", "| Field | Value |", 1),
        "## Lessons that use it",
        "\n".join(used) or "None needs it: it is there for a reader's own experiments.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def plain(text: str) -> str:
    """Return a docstring's text as Markdown that shows it as it stands, code in backticks."""
    pieces = re.split(r"(`+[^`]+`+)", text)
    pieces[::2] = [re.sub(r"([\\*_$<>{}\[\]])", r"\\\1", piece) for piece in pieces[::2]]
    return "".join(pieces)


def data_index(entries: dict[str, dict[str, Any]], lessons: dict[str, list[Lesson]]) -> str:
    """Return the page that lists the data sets; `lessons` says for each which ones use it."""
    rows = [
        f"| [{entry['title']}]({name}.md) | {entry['contents']} | {entry['kind']} "
        f"| {len(lessons[name])} lesson{'' if len(lessons[name]) == 1 else 's'} |"
        for name, entry in entries.items()
    ]
    # What the catalogue's own page says between its first paragraph and its sections.
    remarks = catalogue.HEAD.strip().split("\n\n")[2:]
    table = "\n".join(["| Data set | Contents | Kind | Used by |", "|---|---|---|---|", *rows])
    return "\n\n".join(
        [
            "# Data sets",
            "Every data set of the course, with where it comes from and on which terms.",
            f"::::{{container}} overview\n\n{table}\n\n::::",
            *remarks,
        ]
    )
