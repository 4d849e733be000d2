"""What every notebook of the course keeps: one function a rule.

Each takes the notebook (the JSON as a dictionary) and its path and returns a list of problems,
empty when there are none. A problem names the cell by its position, counted from 0.
"""

from __future__ import annotations

import ast
import json
import re
import statistics
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from first_edition import FIRST_EDITION
from reading_code import Event, events

from tools import glossary, reading
from utils import course as the_course

Notebook = dict[str, Any]
Cell = dict[str, Any]
Rule = Callable[[Notebook, Path], list[str]]

# start_here teaches how the course works, not a subject: it has no derivation, no sources and no
# interview questions, and it may be short. Every other rule holds for it as well.
EXEMPT = "start_here"
EXEMPT_FROM = ("parts", "counts", "length", "sources")

LEAST_EXERCISES, LEAST_CLAIMS, LEAST_COMPARED = 4, 4, 5
LEAST_WORDS, LEAST_QUESTIONS, LEAST_ALT = 1500, 4, 20
MOST_LINES, MEDIAN_LINES, MOST_BYTES, MOST_SECONDS = 30, 10, 1_500_000, 150

# Rules that the first edition does not keep; the lessons of `first_edition.py` need not.
NEW_RULES = ("size", "first_cell", "levels", "terms")

# Lessons that are there since before a lesson had to fit an evening. `size` is for all others.
BEFORE_THE_LIMITS = frozenset(
    {
        "deep_learning.backpropagation",
        "deep_learning.convolution",
        "deep_learning.recurrent_networks",
        "deep_learning.training_that_works",
        "generative_models.autoencoders",
        "generative_models.diffusion",
        "generative_models.gans",
        "ml_basics.classification",
        "ml_basics.honest_evaluation",
        "ml_basics.linear_regression",
        "ml_basics.trees_and_boosting",
        "nlp.language_models",
        "nlp.text_as_numbers",
        "nlp.transformer",
        "nlp.word_vectors",
        "reinforcement_learning.decision_processes",
        "reinforcement_learning.deep_q_learning",
        "reinforcement_learning.policy_gradients",
        "reinforcement_learning.temporal_difference",
        "representation_learning.deep_infomax",
        "uncertainty_and_trust.active_learning",
        "uncertainty_and_trust.out_of_distribution",
        "uncertainty_and_trust.uncertainty",
    }
)
# Projects, the start page and the review have a form of their own.
NO_LIMITS = r"start_here|review|project"
MOST_CELLS, MOST_WORDS, MOST_EXERCISES, MOST_CORE_MINUTES = 110, 4_000, 6, 50
NEW_SECONDS, LONG_SECONDS = 30, 60

# Words that the headings hold, in this order; what else a heading says is up to the lesson.
PARTS = {
    "By hand": r"by hand",
    "From scratch": r"from scratch",
    "The library's version": r"librar(y|ies)",
    "What goes wrong": r"go(es)? wrong",
    "Heard elsewhere": r"heard elsewhere",
    "Questions you may be asked": r"questions",
    "Summary and sources": r"summary",
}


# --- reading a notebook -----------------------------------------------------------------------


def source_of(cell: Cell) -> str:
    """The text of a cell."""
    return "".join(cell["source"])


def tags_of(cell: Cell) -> list[str]:
    """The tags of a cell."""
    return cell.get("metadata", {}).get("tags", [])


def code_cells(notebook: Notebook) -> Iterator[tuple[int, Cell]]:
    """Position and cell of every code cell."""
    return ((i, c) for i, c in enumerate(notebook["cells"]) if c["cell_type"] == "code")


def markdown_cells(notebook: Notebook) -> Iterator[tuple[int, Cell]]:
    """Position and cell of every markdown cell."""
    return ((i, c) for i, c in enumerate(notebook["cells"]) if c["cell_type"] == "markdown")


def prose_of(cell: Cell) -> str:
    """The text of a markdown cell without its blocks of code."""
    return reading.prose_of(cell)


def headings(notebook: Notebook) -> list[tuple[int, int, str]]:
    """Position of the cell, level and text of every heading."""
    return [
        (position, level, text)
        for position, cell in markdown_cells(notebook)
        for level, text in reading.headings_of(cell)
    ]


def words_of(notebook: Notebook) -> int:
    """How many words of prose a notebook has, formulas left out."""
    return sum(reading.words(prose_of(cell)) for _, cell in markdown_cells(notebook))


def trees(notebook: Notebook) -> Iterator[tuple[int, ast.Module]]:
    """Position and syntax tree of every code cell that is plain Python."""
    for position, cell in code_cells(notebook):
        try:
            yield position, ast.parse(source_of(cell))
        except SyntaxError:
            continue  # reported by the rule `plain_python`


def calls(notebook: Notebook, name: str) -> int:
    """How often ``name(…)`` or ``something.name(…)`` stands in the code."""
    return sum(
        isinstance(node, ast.Call)
        and name == (getattr(node.func, "attr", None) or getattr(node.func, "id", None))
        for _, tree in trees(notebook)
        for node in ast.walk(tree)
    )


def texts_of(output: dict[str, Any]) -> list[str]:
    """Everything in an output that a reader can read."""
    texts = ["".join(output.get("text", "")), "\n".join(output.get("traceback", []))]
    for kind, value in output.get("data", {}).items():
        if kind.startswith("text/") or kind in ("application/json", "image/svg+xml"):
            texts.append(value if isinstance(value, str) else "".join(map(str, value)))
    return [text for text in texts if text]


def outputs(notebook: Notebook) -> Iterator[tuple[int, dict[str, Any]]]:
    """Position of the cell and output, for every output."""
    for position, cell in code_cells(notebook):
        for output in cell.get("outputs", []):
            yield position, output


def is_exempt(path: Path, rule: str) -> bool:
    """Whether the notebook need not keep ``rule``: the start page, or a first edition."""
    if rule in NEW_RULES and the_course.lesson_id(path) in FIRST_EDITION:
        return True
    return path.stem == EXEMPT and rule in EXEMPT_FROM


def repository(path: Path) -> Path:
    """The folder that holds ``chapters``."""
    path = path.resolve()
    return next((p.parent for p in path.parents if p.name == "chapters"), path.parent)


# --- the rules --------------------------------------------------------------------------------


def metadata(notebook: Notebook, path: Path) -> list[str]:
    """The ``course`` metadata are complete and true."""
    course = notebook["metadata"].get("course", {})
    problems = []
    for name in ("title", "summary"):
        text = course.get(name)
        if not isinstance(text, str) or not text.strip() or "\n" in text:
            problems.append(f"metadata: course.{name} is not one line of text")
    for name in ("minutes", "core_minutes", "seconds"):
        number = course.get(name)
        if not isinstance(number, int) or isinstance(number, bool) or number < 1:
            problems.append(f"metadata: course.{name} is not a whole number from 1 on")
    if isinstance(course.get("seconds"), int) and course["seconds"] > MOST_SECONDS:
        problems.append(f"metadata: {course['seconds']} seconds are more than {MOST_SECONDS}")
    needs = course.get("needs")
    if not isinstance(needs, list):
        problems.append("metadata: course.needs is not a list")
    else:
        for lesson in needs:
            target = repository(path) / str(lesson)
            known = str(lesson).startswith("chapters/") and target.suffix == ".ipynb"
            if not known or not target.is_file() or target == path.resolve():
                problems.append(f"metadata: course.needs names no other lesson: {lesson}")
    topics = course.get("topics")
    good = isinstance(topics, list) and topics and all(isinstance(t, str) and t for t in topics)
    if not good:
        problems.append("metadata: course.topics is not a list of keywords")
    if "long" in course:
        reason = course["long"]
        if not isinstance(reason, str) or not reason.strip() or "\n" in reason:
            problems.append("metadata: course.long is not one line that says why")
    return problems


def reading_time(notebook: Notebook, path: Path) -> list[str]:
    """The minutes in the metadata are those that follow from the cells."""
    course = notebook["metadata"].get("course", {})
    cells = notebook["cells"]
    computed = {
        "minutes": reading.minutes(cells),
        "core_minutes": reading.core_minutes(cells),
    }
    return [
        f"reading_time: course.{name} is {course.get(name)}, computed {number}: run make contents"
        for name, number in computed.items()
        if course.get(name) != number
    ]


def first_cell(notebook: Notebook, path: Path) -> list[str]:
    """The first cell says how long the lesson takes, in the line that is written by program."""
    course = notebook["metadata"].get("course", {})
    line = reading.time_line(course)
    if line in source_of(notebook["cells"][0]).splitlines():
        return []
    return [f"first_cell: no line “{line}”; make contents renews a line that begins like it"]


def title(notebook: Notebook, path: Path) -> list[str]:
    """The notebook begins with its title, the only heading of the first level."""
    found = [(position, text) for position, level, text in headings(notebook) if level == 1]
    if len(found) != 1 or found[0][0] != 0:
        return [f"title: one heading of level 1, in the first cell; found in {found}"]
    if found[0][1] != notebook["metadata"].get("course", {}).get("title"):
        return [f"title: the heading {found[0][1]!r} is not course.title"]
    return []


def parts(notebook: Notebook, path: Path) -> list[str]:
    """The parts of a lesson are there, in order."""
    texts = [text.lower() for _, _, text in headings(notebook)]
    problems, position = [], -1
    for part, pattern in PARTS.items():
        places = [i for i, text in enumerate(texts) if re.search(rf"\b{pattern}\b", text)]
        later = [i for i in places if i > position]
        if later:
            position = later[0]
        elif places:
            problems.append(f"parts: “{part}” stands too early")
        else:
            problems.append(f"parts: no heading says “{part}”")
    return problems


def sources(notebook: Notebook, path: Path) -> list[str]:
    """Folded answers to the questions; sources with arXiv id or DOI in the summary."""
    sections: dict[str, str] = {"": ""}
    name = ""
    for _, cell in markdown_cells(notebook):
        for line in source_of(cell).splitlines():
            if line.startswith("## "):
                name = line[3:].lower()
                sections[name] = ""
            sections[name] += line + "\n"
    questions = "".join(text for name, text in sections.items() if "questions" in name)
    summary = "".join(text for name, text in sections.items() if "summary" in name)
    problems = []
    if questions.count("<details>") < LEAST_QUESTIONS:
        count = questions.count("<details>")
        problems.append(f"sources: {count} folded answers, at least {LEAST_QUESTIONS}")
    if not re.search(r"arxiv|doi\.org|\bdoi:", summary, re.IGNORECASE):
        problems.append("sources: the summary names no paper by arXiv id or DOI")
    return problems


def executed(notebook: Notebook, path: Path) -> list[str]:
    """Every code cell was run once, from top to bottom, and nothing went wrong."""
    counts = [cell.get("execution_count") for _, cell in code_cells(notebook)]
    problems = []
    if counts != list(range(1, len(counts) + 1)):
        problems.append(f"executed: execution counts are not 1 to {len(counts)}: {counts}")
    for position, output in outputs(notebook):
        if output["output_type"] == "error":
            problems.append(f"executed: cell {position} ends with {output.get('ename')}")
        if output.get("name") == "stderr":
            problems.append(f"executed: cell {position} wrote to stderr")
        for text in texts_of(output):
            if found := re.search(r"\b[A-Z]\w*Warning: |^Warning: ", text, re.MULTILINE):
                problems.append(f"executed: cell {position} shows a warning: {found[0]}")
    return problems


# The alternatives are written so that this file does not hold what it searches for.
_PLACES = re.compile(
    r"(?<![\w./:])/(?:home|root|tmp|work|opt|usr|mnt|Users)/[\w.-]"
    r"|\b[A-Z]:\\\\?[\w.-]|site[-]packages|\bipykernel_\d+"
)
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}")


def portable(notebook: Notebook, path: Path) -> list[str]:
    """No output tells on which machine it was made."""
    problems = []
    for position, output in outputs(notebook):
        for text in texts_of(output):
            if found := _PLACES.search(text):
                problems.append(f"portable: cell {position} shows a path: {found[0]}")
            if found := _ADDRESS.search(text):
                problems.append(f"portable: cell {position} shows an address: {found[0]}")
    if found := _PLACES.search(json.dumps(notebook["metadata"])):
        problems.append(f"portable: the metadata hold a path: {found[0]}")
    return problems


def counts(notebook: Notebook, path: Path) -> list[str]:
    """Enough exercises, claims and compared outputs."""
    compared = sum("nbval-check-output" in tags_of(cell) for _, cell in code_cells(notebook))
    tasks = sum("exercise" in tags_of(cell) for _, cell in code_cells(notebook))
    return [
        f"counts: {count} {what}, at least {least}"
        for count, what, least in (
            (tasks, "exercises", LEAST_EXERCISES),
            (calls(notebook, "claim"), "claims", LEAST_CLAIMS),
            (compared, "cells with compared output", LEAST_COMPARED),
        )
        if count < least
    ]


def compared(notebook: Notebook, path: Path) -> list[str]:
    """A cell whose output is compared has one: nbval compares nothing with nothing."""
    return [
        f"compared: cell {position} has no stored text to compare with"
        for position, cell in code_cells(notebook)
        if "nbval-check-output" in tags_of(cell)
        and not any(texts_of(output) for output in cell.get("outputs", []))
    ]


def exercises(notebook: Notebook, path: Path) -> list[str]:
    """Task, answer, solution: in this order, numbered, the solution folded."""
    cells, problems, number = notebook["cells"], [], 0
    for position, cell in enumerate(cells):
        if "exercise" in tags_of(cell):
            number += 1
            after = cells[position + 1] if position + 1 < len(cells) else {}
            if after.get("cell_type") != "code" or "solution" not in tags_of(after):
                problems.append(f"exercises: cell {position} has no solution cell behind it")
            before = cells[position - 1] if position else {"cell_type": "none", "source": ""}
            wanted = rf"^### Exercise {number} · \S"  # its level and minutes: the rule `levels`
            if before["cell_type"] != "markdown" or not re.search(
                wanted, prose_of(before), re.MULTILINE
            ):
                heading = f"### Exercise {number} · …"
                problems.append(f"exercises: no heading “{heading}” right before cell {position}")
        if "solution" in tags_of(cell):
            if not position or "exercise" not in tags_of(cells[position - 1]):
                problems.append(f"exercises: cell {position} solves no exercise")
            if not cell["metadata"].get("jupyter", {}).get("source_hidden"):
                problems.append(f"exercises: the solution in cell {position} is not folded")
    titled = sum(bool(re.match(r"Exercise \d", text)) for _, _, text in headings(notebook))
    if titled != number:
        problems.append(f"exercises: {titled} headings for {number} exercises")
    return problems


def own_names(notebook: Notebook, path: Path) -> list[str]:
    """A reader's answer is safe: solutions have names of their own, and no other cell needs either.

    So after *Run all* the name that a check takes still holds what stands in the exercise's cell.
    A lesson that goes on with an answer takes it from ``check.<name>.accepted()``.
    """
    tagged = {
        tag: {position for position, cell in code_cells(notebook) if tag in tags_of(cell)}
        for tag in ("exercise", "solution")
    }
    answers: dict[str, int] = {}
    problems = []
    for position, cell in code_cells(notebook):
        made = dict.fromkeys(name for kind, name in _happenings(cell) if kind == "made")
        if position in tagged["exercise"]:
            answers |= dict.fromkeys(made, position)
        elif position in tagged["solution"]:
            problems += [
                f"own_names: the solution in cell {position} makes {name}: call it {name}_solution"
                for name in made
                if not name.endswith("_solution")
            ]
        else:
            problems += [
                f"own_names: cell {position} overwrites {name}, an answer of cell {answers[name]}"
                for name in made
                if name in answers
            ]
    for tag, positions in tagged.items():
        problems += [
            f"own_names: {what} {position} needs {name} of the {tag} in cell {maker}: "
            "use check.….accepted()"
            for what, position, name, maker in _names_read(notebook, positions)
        ]
    return problems


def levels(notebook: Notebook, path: Path) -> list[str]:
    """The heading of an exercise says its level and about how many minutes it takes."""
    problems = []
    for position, cell in markdown_cells(notebook):
        for heading in reading.EXERCISE.finditer(prose_of(cell)):
            if not heading["level"]:
                problems.append(
                    f"levels: the heading in cell {position} does not end like “· ●●○ 5 min”"
                )
    return problems


def pictures(notebook: Notebook, path: Path) -> list[str]:
    """Every picture has a text for those who cannot see it."""
    problems = []
    for position, output in outputs(notebook):
        for kind in output.get("data", {}):
            if kind.startswith("image/"):
                alt = output.get("metadata", {}).get(kind, {}).get("alt", "")
                if len(alt.strip()) < LEAST_ALT:
                    problems.append(f"pictures: a figure of cell {position} has no alt text")
        for text in texts_of(output):
            if re.search(r"<img(?![^>]*\balt=['\"][^'\"]{20})", text):
                problems.append(f"pictures: a figure of cell {position} has no alt text")
    for position, cell in markdown_cells(notebook):
        texts = re.findall(r"!\[([^\]]*)\]\(", prose_of(cell))
        texts += re.findall(r"<img(?:(?![^>]*\balt=)|[^>]*\balt=[\"']([^\"']*))", prose_of(cell))
        if any(len(text.strip()) < LEAST_ALT for text in texts):
            problems.append(f"pictures: an image in cell {position} has no alt text")
    return problems


def short_cells(notebook: Notebook, path: Path) -> list[str]:
    """A code cell does one thing and fits a screen."""
    lengths = {
        position: sum(bool(line.strip()) for line in source_of(cell).splitlines())
        for position, cell in code_cells(notebook)
    }
    problems = [
        f"short_cells: cell {position} has {length} lines, at most {MOST_LINES}"
        for position, length in lengths.items()
        if length > MOST_LINES
    ]
    problems += [
        f"short_cells: cell {position} is empty" for position, n in lengths.items() if n == 0
    ]
    if lengths and (median := statistics.median(lengths.values())) > MEDIAN_LINES:
        problems.append(f"short_cells: the median is {median:g} lines, at most {MEDIAN_LINES}")
    return problems


def plain_python(notebook: Notebook, path: Path) -> list[str]:
    """Code is Python that runs anywhere: no shell, no magic, no installing."""
    problems = []
    for position, cell in code_cells(notebook):
        source = source_of(cell)
        if found := re.search(r"^\s*[!%].*$|^.*\w\?+\s*$", source, re.MULTILINE):
            problems.append(f"plain_python: cell {position} has the line {found[0].strip()!r}")
            continue
        if re.search(r"\bpip\b.*\binstall\b|get_ipython\(\)\.(system|run_)|os\.system\(", source):
            problems.append(f"plain_python: cell {position} calls a shell or pip")
        try:
            ast.parse(source)
        except SyntaxError as error:
            problems.append(f"plain_python: cell {position} is not Python: {error.msg}")
    return problems


def anchor(heading: str) -> str:
    """The id that JupyterLab gives a heading: its text with dashes for spaces."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[*`]|(?<!\w)_|_(?!\w)", "", text).strip().replace(" ", "-")


def links(notebook: Notebook, path: Path) -> list[str]:
    """Links lead to files and headings that exist, or are well-formed addresses."""
    problems = []
    for position, cell in markdown_cells(notebook):
        text = re.sub(r"`[^`\n]*`", "", prose_of(cell))
        found = re.findall(r"\]\(\s*<?([^)>\s]*)>?(?:\s+[\"'][^)]*)?\)", text)
        found += re.findall(r"\b(?:href|src)\s*=\s*[\"']([^\"']*)", text)
        found += re.findall(r"<(https?://[^>\s]*)>", text)
        found += re.findall(r"^\s*\[[^\]]+\]:\s*(\S+)", text, re.MULTILINE)
        for link in found:
            if problem := _broken(link, notebook, path):
                problems.append(f"links: cell {position}: {problem}: {link}")
    return problems


def _broken(link: str, notebook: Notebook, path: Path) -> str | None:
    try:
        parts = urlsplit(link)
        host = parts.hostname
    except ValueError:
        return "not an address"
    if parts.scheme in ("http", "https"):
        return None if host and re.fullmatch(r"[\w-]+(\.[\w-]+)+", host) else "not an address"
    if parts.scheme or parts.netloc:
        return "neither a relative path nor an address on the web"
    if not parts.path and not parts.fragment:
        return "leads nowhere"
    target = path.parent / unquote(parts.path) if parts.path else path
    if parts.path.startswith("/") or (parts.path and not target.exists()):
        return "there is no such file"
    if parts.fragment:
        if parts.path and target.suffix != ".ipynb":
            return "only headings of notebooks can be checked"
        other = json.loads(target.read_text(encoding="utf-8")) if parts.path else notebook
        known = {anchor(text) for _, _, text in headings(other)}
        if unquote(parts.fragment) not in known:
            return "there is no such heading"
    return None


def small_file(notebook: Notebook, path: Path) -> list[str]:
    """The file stays small enough to open quickly anywhere."""
    size = len(json.dumps(notebook, ensure_ascii=False).encode())
    if path.is_file():
        size = max(size, path.stat().st_size)
    if size < MOST_BYTES:
        return []
    return [f"small_file: {size:,} bytes, fewer than {MOST_BYTES:,}"]


def imports(notebook: Notebook, path: Path) -> list[str]:
    """Everything imported is used, by name."""
    imported: dict[str, int] = {}
    used: set[str] = set()
    problems = []
    for position, tree in trees(notebook):
        for node in ast.walk(tree):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                for name in node.names:
                    if name.name == "*":
                        problems.append(f"imports: cell {position} imports * from {node.module}")
                    else:
                        imported[name.asname or name.name.split(".")[0]] = position
            elif isinstance(node, ast.Name):
                used.add(node.id)
    return problems + [
        f"imports: {name} is imported in cell {position} and not used"
        for name, position in imported.items()
        if name not in used
    ]


_FORBIDDEN = {"raises-exception", "nbval-raises-exception", "nbval-skip", "skip-execution"}


def honest_tags(notebook: Notebook, path: Path) -> list[str]:
    """Nothing is hidden from the tests: no cell is skipped, no error is expected."""
    problems = []
    for position, cell in code_cells(notebook):
        for tag in _FORBIDDEN.intersection(tags_of(cell)):
            problems.append(f"honest_tags: cell {position} has the tag {tag}")
        if found := re.search(r"NBVAL_(SKIP|RAISES_EXCEPTION)", source_of(cell)):
            problems.append(f"honest_tags: cell {position} has the comment {found[0]}")
    return problems


def introduced(notebook: Notebook, path: Path) -> list[str]:
    """Prose stands before every code cell.

    A solution follows its exercise. A cell that only draws is folded and tagged ``figure``: it
    follows the cell that computes what it draws, and the cell after it the picture.
    """
    problems, before = [], "none"
    for position, cell in enumerate(notebook["cells"]):
        kind = cell["cell_type"]
        for tag in ("exercise", "solution", "figure"):
            if tag in tags_of(cell):
                kind = tag
        follows = {"solution": {"exercise"}, "figure": {"code", "figure"}, "code": {"figure"}}
        allowed = {"markdown"} | follows.get(kind, set())
        if cell["cell_type"] == "code" and before not in allowed:
            problems.append(f"introduced: no prose before code cell {position}")
        before = kind
    return problems


def figure_cells(notebook: Notebook, path: Path) -> list[str]:
    """A cell that only draws is folded and begins with a comment that says what it draws."""
    problems = []
    for position, cell in code_cells(notebook):
        if "figure" in tags_of(cell):
            if not cell["metadata"].get("jupyter", {}).get("source_hidden"):
                problems.append(f"figure_cells: cell {position} is not folded")
            if not source_of(cell).startswith("# "):
                problems.append(f"figure_cells: cell {position} does not begin with a comment")
    return problems


def length(notebook: Notebook, path: Path) -> list[str]:
    """A lesson explains: it has enough prose."""
    words = words_of(notebook)
    return [] if words >= LEAST_WORDS else [f"length: {words} words, at least {LEAST_WORDS}"]


def size(notebook: Notebook, path: Path) -> list[str]:
    """A lesson is one evening: no more than that stands in it."""
    if the_course.lesson_id(path) in BEFORE_THE_LIMITS or re.search(NO_LIMITS, path.stem):
        return []
    course = notebook["metadata"].get("course", {})
    tasks = sum("exercise" in tags_of(cell) for _, cell in code_cells(notebook))
    seconds = LONG_SECONDS if "long" in course else NEW_SECONDS
    return [
        f"size: {number:,} {what}, at most {most:,}"
        for number, what, most in (
            (len(notebook["cells"]), "cells", MOST_CELLS),
            (words_of(notebook), "words", MOST_WORDS),
            (tasks, "exercises", MOST_EXERCISES),
            (reading.core_minutes(notebook["cells"]), "minutes for the core", MOST_CORE_MINUTES),
            (course.get("seconds", 0), "seconds", seconds),
        )
        if number > most
    ]


def control_characters(notebook: Notebook, path: Path) -> list[str]:
    """No cell holds a character that nobody sees.

    A backslash sequence that a program has read turns into one: ``\\top`` into a tab and "op",
    ``\\frac`` into a form feed and "rac". Code is indented by spaces, so no tab is needed.
    """
    problems = []
    for position, cell in enumerate(notebook["cells"]):
        for number, line in enumerate(source_of(cell).split("\n"), start=1):
            found = sorted({sign for sign in line if unicodedata.category(sign) == "Cc"})
            if found:
                problems.append(
                    f"control_characters: cell {position}, line {number}: "
                    + ", ".join(f"U+{ord(sign):04X}" for sign in found)
                )
    return problems


def seeded(notebook: Notebook, path: Path) -> list[str]:
    """``seed_everything`` is called after the last import: it seeds no torch that comes later."""
    problems = []
    called = False
    for position, tree in trees(notebook):
        for statement in tree.body:
            for node in ast.walk(statement):
                if called and isinstance(node, (ast.Import, ast.ImportFrom)):
                    names = ", ".join(name.name for name in node.names)
                    problems.append(
                        f"seeded: cell {position} imports {names} after seed_everything"
                    )
            called = called or any(
                isinstance(node, ast.Call) and getattr(node.func, "id", "") == "seed_everything"
                for node in ast.walk(statement)
            )
    return problems if called else ["seeded: seed_everything is not called"]


def deeper(notebook: Notebook, path: Path) -> list[str]:
    """A section marked as deeper can be left out: the core needs no name that it makes."""
    cells = notebook["cells"]
    inside = reading.deeper_cells(cells)
    problems = [
        f"deeper: the heading “{text}” does not begin cell {position}"
        for position, text in reading.misplaced_headings(cells)
    ]
    for position, level, text in headings(notebook):
        if text.endswith(reading.DEEPER):
            if level < 2:
                problems.append(f"deeper: cell {position}: the title is no section")
            below = source_of(cells[position]).strip().partition("\n")[2]
            if not below.strip():
                problems.append(f"deeper: cell {position} does not say what the section adds")
    return problems + _needed_names(notebook, inside) + _needed_exercises(notebook, inside)


def _needed_names(notebook: Notebook, inside: set[int]) -> list[str]:
    """Names that the core reads although a deeper section made them last."""
    return [
        f"deeper: {what} {position} needs {name} of the deeper cell {maker}"
        for what, position, name, maker in _names_read(notebook, inside)
    ]


def _names_read(notebook: Notebook, inside: set[int]) -> list[tuple[str, int, str, int]]:
    """Names that other cells read although one of the cells ``inside`` made them last.

    Each with the reader ("cell" or "a function of cell"), its position, the name, and its maker's
    position.
    """
    makers: dict[str, int] = {}  # only while a cell inside was the last to make the name
    wanted_later: list[tuple[int, str]] = []
    found = []
    for position, cell in code_cells(notebook):
        for kind, name in _happenings(cell):
            if kind == "made" and position in inside:
                makers[name] = position
            elif kind == "made":
                makers.pop(name, None)
            elif position in inside:
                continue
            elif kind == "read later":
                wanted_later.append((position, name))
            elif name in makers:
                found.append(("cell", position, name, makers[name]))
    found += [
        ("a function of cell", position, name, makers[name])
        for position, name in wanted_later
        if name in makers
    ]
    return list(dict.fromkeys(found))


def _happenings(cell: Cell) -> list[Event]:
    try:
        return list(events(source_of(cell)))
    except SyntaxError:
        return []  # reported by the rule `plain_python`


def _needed_exercises(notebook: Notebook, inside: set[int]) -> list[str]:
    """Exercises of a deeper section whose answer the core goes on with."""
    asked: dict[str, int] = {}
    problems = []
    for position, cell in code_cells(notebook):
        names = set(re.findall(r"\bcheck\.(\w+)", source_of(cell)))
        if position in inside:
            asked |= {name: position for name in names if "exercise" in tags_of(cell)}
        else:
            problems += [
                f"deeper: cell {position} needs the exercise {name} of the deeper cell "
                f"{asked[name]}"
                for name in sorted(names & set(asked))
            ]
    return problems


# Bold text that is no term: the parts of the first cell and of the summary, a statement in
# quotation marks, and words that begin a paragraph or an item and end with a mark.
_FIXED = {"you will build", "you will be able to answer", "before you start", "sources", "next"}
_LEAD_IN = re.compile(r"^[\"“].*[\"”]$|.*[.:?!]$", re.DOTALL)


def terms(notebook: Notebook, path: Path) -> list[str]:
    """A term in bold has its entry in the glossary; emphasis is in italics."""
    file = repository(path) / "docs" / "glossary.md"
    known = glossary.known(file.read_text(encoding="utf-8")) if file.is_file() else set()
    problems = []
    for position, cell in markdown_cells(notebook):
        text = re.sub(r"`[^`\n]*`", "", prose_of(cell))
        for bold in re.findall(r"\*\*(.+?)\*\*", text, re.DOTALL):
            term = glossary.plain(bold)
            if not _LEAD_IN.match(bold) and term not in _FIXED | known:
                problems.append(
                    f"terms: cell {position}: “{term}” in bold has no entry in docs/glossary.md"
                )
    return problems


RULES: tuple[Rule, ...] = (
    metadata,
    title,
    parts,
    sources,
    executed,
    portable,
    counts,
    compared,
    exercises,
    own_names,
    pictures,
    short_cells,
    plain_python,
    links,
    small_file,
    imports,
    honest_tags,
    introduced,
    figure_cells,
    length,
    size,
    reading_time,
    first_cell,
    levels,
    control_characters,
    seeded,
    deeper,
    terms,
)


def problems_of(notebook: Notebook, path: Path) -> list[str]:
    """All problems of a notebook, exemptions taken into account."""
    return [
        problem
        for rule in RULES
        if not is_exempt(path, rule.__name__)
        for problem in rule(notebook, path)
    ]
