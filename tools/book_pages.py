"""The pages of the HTML edition that no notebook holds: front page, data sets, the modules.

What a function or a module says of itself is taken from its docstring by Sphinx.
"""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

from tools import catalogue, contents
from utils.course import CHAPTERS, ROOT, Lesson

# The packages whose modules have pages, and what the side bar calls them.
PACKAGES = {"utils": "For authors: utils", "exercises.engine": "Exercises: engine"}
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
    readme: str,
    lessons: list[Lesson],
    data_pages: list[str],
    documents: list[str],
    module_pages: dict[str, list[str]] | None = None,
) -> str:
    """Return the front page: the README with its contents first.

    `module_pages` gives, by its caption, the pages of each part on modules. Raises ValueError if
    the README has no title or no contents between their markers.
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
    for caption, places in (module_pages or {}).items():
        trees.append(toctree(places, caption))
    trees.append(toctree([*documents, "contributing.md", "licence.md"], "Project"))
    table = contents.table(lessons).replace("| Lesson | |", "| Lesson | What it is about |")
    table = f"## Contents\n\n::::{{container}} overview lessons\n\n{table}\n\n::::"
    return "\n\n".join([title, NOTE, table, *trees, f"## {sections}", after.strip()]) + "\n"


# --- data sets ----------------------------------------------------------------------------------


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


def data_page(name: str, entry: dict[str, Any], lessons: list[Lesson]) -> str:
    """Return the page of one data set; `lessons` are those that use it."""
    heading, _, facts = catalogue.section(name, entry).partition("\n\n")
    used = [f"- [{lesson.title}](../{lesson.link})" for lesson in lessons]
    parts = [
        heading.removeprefix("#"),
        directive(f"autofunction:: utils.data.{name}"),
        "## Facts",
        facts.strip().replace("| | |", "| Field | Value |", 1),
        "## Lessons that use it",
        "\n".join(used) or "None needs it: it is there for a reader's own experiments.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


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


# --- modules ------------------------------------------------------------------------------------


def directive(line: str, *options: str) -> str:
    """Return a directive of Sphinx that reads docstrings, as a block of Markdown."""
    body = "\n".join([f".. {line}", *(f"   {option}" for option in options)])
    return f"```{{eval-rst}}\n{body}\n```"


def modules(package: str) -> list[str]:
    """Return the names of a package and of all modules in it, by its files: "utils" comes first."""
    folder = ROOT / package.replace(".", "/")
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in folder.rglob("*.py")
    ]
    return sorted(names)


def exported(package: str) -> list[str]:
    """Return the names in a package's `__all__`, read without importing it; none if it has none."""
    path = ROOT / package.replace(".", "/") / "__init__.py"
    if not path.is_file():
        return []
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return ast.literal_eval(node.value)
    return []


def module_page(module: str, elsewhere: list[str]) -> str:
    """Return the page of one module; the names in `elsewhere` are described on another page."""
    options = [":members:"]
    if elsewhere:
        options.append(f":exclude-members: {', '.join(elsewhere)}")
    parts = [f"# {module}", directive(f"automodule:: {module}", *options)]
    if module == "utils.data":
        parts.append(
            "What each data set holds stands on its own page: [Data sets](../data/index.md)."
        )
    return "\n\n".join(parts) + "\n"


def module_pages(package: str, data_sets: list[str]) -> dict[str, str]:
    """Return the pages of all modules of a package, by their places in the book.

    What a package exports is described on the package's own page, under the name by which it is
    imported, and the functions of the data sets on theirs.
    """
    found = {}
    for module in modules(package):
        elsewhere = exported(module.rpartition(".")[0])
        if module == "utils.data":
            elsewhere = data_sets
        found[f"api/{module}.md"] = module_page(module, elsewhere)
    return found
