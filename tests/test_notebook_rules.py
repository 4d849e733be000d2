"""The rules for notebooks catch what they are for: a good notebook, spoilt in every way."""

from __future__ import annotations

import copy
import json

import notebook_rules
import pytest
from first_edition import FIRST_EDITION
from notebook_rules import (
    BEFORE_THE_LIMITS,
    EXEMPT,
    EXEMPT_FROM,
    NEW_RULES,
    PARTS,
    RULES,
    anchor,
    is_exempt,
    problems_of,
)

from tools import reading
from utils import course

ALT = "A line that falls from 4 to 1 in ten steps."
BACK = "Back to [the code](#From-scratch)."
TIME = "*Time: written by make run*"
GLOSSARY = """# Glossary

## Terms

| Term | Meaning | Lesson |
|---|---|---|
| mean | The sum of numbers divided by their count. | [Start](../chapters/start_here.ipynb) |
"""
WORDS = "Many plain words explain the idea step by step. " * 200


def markdown(*lines: str, **extra) -> dict:
    return {"cell_type": "markdown", "metadata": {}, "source": "\n".join(lines), **extra}


def code(source: str, *outputs: dict, tags: tuple[str, ...] = (), hidden: bool = False) -> dict:
    metadata: dict = {"tags": list(tags)} if tags else {}
    if hidden:
        metadata["jupyter"] = {"source_hidden": True}
    return {
        "cell_type": "code",
        "execution_count": None,
        "metadata": metadata,
        "outputs": list(outputs),
        "source": source,
    }


def printed(text: str, name: str = "stdout") -> dict:
    return {"output_type": "stream", "name": name, "text": text}


def picture(alt: str = ALT) -> dict:
    return {
        "output_type": "display_data",
        "data": {"image/png": "iVBORw0KGgo=", "text/plain": "a figure"},
        "metadata": {"image/png": {"alt": alt}},
    }


def good_cells() -> list[dict]:
    cells = [
        markdown("# Made up", "", TIME, "", "See [the start](../start_here.ipynb)."),
        code(
            "import math\nfrom utils.claims import claim\n"
            "from utils.seeds import seed_everything\n\n"
            "from exercises import made as check\n\nseed_everything(0)"
        ),
        markdown("## By hand", "", WORDS, "", "A **mean** is *not* a sum.", BACK),
    ]
    for number in range(5):
        cells += [
            code(f"print({number})", printed(f"{number}\n"), tags=("nbval-check-output",)),
            markdown("Next, and read [the manual](https://example.org/page#part)."),
        ]
    cells += [
        code("total = math.fsum([0.5, 0.5])"),
        code("# Drawing: the total.\nprint(total)", picture(), tags=("figure",), hidden=True),
        code('claim("One", total, at_least=1)\nclaim("Two", total, at_most=2)', printed("✓\n")),
        markdown("## From scratch", "", "![" + ALT + "](../picture.png)"),
        code('claim("Three", 1, at_least=1)\nclaim("Four", 1, at_most=1)'),
        markdown("## The library's version", "", "## What goes wrong", "", "## Heard elsewhere"),
    ]
    for number in range(1, 5):
        cells += [
            markdown(f"### Exercise {number} · A task · ●●○ 5 min", "", "What to do."),
            code(f"def task(x):\n    ...\n\n\ncheck.task_{number}(task)", tags=("exercise",)),
            code(f"check.task_{number}.confirm(abs)", tags=("solution",), hidden=True),
        ]
    folded = "<details><summary>Why?</summary>\n\nBecause.\n\n</details>\n"
    cells += [
        markdown("## Questions you may be asked", "", folded * 4),
        markdown("## Summary and sources", "", "A. Author (2020), arXiv:2001.00001."),
    ]
    return cells


@pytest.fixture
def path(tmp_path):
    chapter = tmp_path / "chapters" / "01_ml_basics"
    chapter.mkdir(parents=True)
    start = {"metadata": {}, "cells": [markdown("# Start here", "", "## First `steps`")]}
    (tmp_path / "chapters" / "start_here.ipynb").write_text(json.dumps(start))
    (tmp_path / "chapters" / "picture.png").write_bytes(b"")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "glossary.md").write_text(GLOSSARY, encoding="utf-8")
    return chapter / "02_made_up.ipynb"


def numbered(cells: list[dict]) -> list[dict]:
    for number, cell in enumerate((c for c in cells if c["cell_type"] == "code"), start=1):
        cell["execution_count"] = number
    return cells


def good_notebook() -> dict:
    course = {
        "title": "Made up",
        "summary": "One line.",
        "minutes": 20,
        "seconds": 5,
        "needs": ["chapters/start_here.ipynb"],
        "topics": ["a topic"],
    }
    cells = numbered(good_cells())
    notebook = {"metadata": {"course": course}, "cells": cells, "nbformat": 4}
    reading.put_time(notebook)
    return notebook


def find(notebook: dict, start: str) -> int:
    """The position of the first cell whose text begins with ``start``."""
    return next(i for i, c in enumerate(notebook["cells"]) if c["source"].startswith(start))


def cell(notebook: dict, start: str) -> dict:
    return notebook["cells"][find(notebook, start)]


def test_a_good_notebook_has_no_problems(path):
    notebook = good_notebook()
    path.write_text(json.dumps(notebook))
    assert problems_of(notebook, path) == []


SPOILERS: dict[str, tuple] = {}


def must_fail(rule: str, said: str):
    """Registers a way to spoil the good notebook, which ``rule`` must catch and say."""

    def register(spoil):
        SPOILERS[spoil.__name__] = (rule, said, spoil)
        return spoil

    return register


def _metadata(field: str, value, said: str) -> None:
    def spoil(notebook):
        if value is None:
            del notebook["metadata"]["course"][field]
        else:
            notebook["metadata"]["course"][field] = value

    SPOILERS[f"metadata {field} {value!r}"[:60]] = ("metadata", said, spoil)


for _field, _value in [
    ("title", None),
    ("title", " "),
    ("summary", None),
    ("summary", "two\nlines"),
    ("minutes", None),
    ("minutes", 0),
    ("minutes", "20"),
    ("core_minutes", None),
    ("core_minutes", 0.5),
    ("long", " "),
    ("long", True),
    ("seconds", None),
    ("seconds", 1.5),
    ("seconds", True),
    ("needs", None),
    ("topics", None),
    ("topics", []),
    ("topics", [1]),
]:
    _metadata(_field, _value, f"course.{_field}")
_metadata("seconds", 151, "151 seconds are more than 150")
for _link in ("chapters/gone.ipynb", "start_here.ipynb", "chapters/01_ml_basics/02_made_up.ipynb"):
    _metadata("needs", [_link], f"names no other lesson: {_link}")


@must_fail("metadata", "course.title")
def no_course_metadata(notebook):
    del notebook["metadata"]["course"]


@must_fail("title", "one heading of level 1")
def no_title(notebook):
    notebook["cells"][0]["source"] = "Made up"


@must_fail("title", "one heading of level 1")
def two_titles(notebook):
    notebook["cells"].append(markdown("# Another title"))


@must_fail("title", "is not course.title")
def other_title(notebook):
    notebook["cells"][0]["source"] = "# Made down"


for _part, _pattern in PARTS.items():

    def _without(notebook, part=_part):
        for one in notebook["cells"]:
            if one["cell_type"] == "markdown":
                one["source"] = one["source"].replace(f"## {part}", "## Something")

    SPOILERS[f"without {_part}"] = ("parts", f"no heading says “{_part}”", _without)


@must_fail("parts", "“The library's version” stands too early")
def parts_out_of_order(notebook):
    cell(notebook, "## By hand")["source"] = "## The library\n\n" + WORDS
    cell(notebook, "## The library's")["source"] = "## By hand\n\n## From scratch again"


@must_fail("parts", "no heading says “From scratch”")
def a_heading_inside_a_code_block(notebook):
    cell(notebook, "## From scratch")["source"] = "```\n## From scratch\n```"


@must_fail("sources", "3 folded answers")
def few_questions(notebook):
    questions = cell(notebook, "## Questions")
    questions["source"] = questions["source"].replace("<details>", "<div>", 1)


@must_fail("sources", "no paper")
def no_papers(notebook):
    cell(notebook, "## Summary")["source"] = "## Summary\n\nThe end."


@must_fail("executed", "execution counts are not 1 to")
def not_executed(notebook):
    cell(notebook, "print(3)")["execution_count"] = None


@must_fail("executed", "execution counts are not 1 to")
def executed_out_of_order(notebook):
    cell(notebook, "print(3)")["execution_count"] = 99


@must_fail("executed", "ends with ValueError")
def an_error(notebook):
    error = {"output_type": "error", "ename": "ValueError", "evalue": "", "traceback": []}
    cell(notebook, "total")["outputs"] = [error]


@must_fail("executed", "wrote to stderr")
def stderr(notebook):
    cell(notebook, "total")["outputs"] = [printed("careful", name="stderr")]


@must_fail("executed", "shows a warning: RuntimeWarning")
def a_warning(notebook):
    cell(notebook, "total")["outputs"] = [printed("a.py:1: RuntimeWarning: overflow in exp\n")]


FOLDERS = ("home", "root", "tmp", "work", "opt", "usr", "Users")
for _folder in FOLDERS:

    def _with_path(notebook, folder=_folder):
        place = "/".join(["", folder, "somebody", "file.txt"])
        cell(notebook, "total")["outputs"] = [printed(f"saved as {place}\n")]

    SPOILERS[f"path in {_folder}"] = ("portable", "shows a path", _with_path)


@must_fail("portable", "shows a path")
def a_windows_path(notebook):
    cell(notebook, "total")["outputs"] = [printed("C:" + "\\Windows\\x")]


@must_fail("portable", "shows a path")
def an_installed_library(notebook):
    cell(notebook, "total")["outputs"] = [printed("lib/" + "site-" + "packages/torch")]


@must_fail("portable", "shows a path")
def a_path_in_html(notebook):
    data = {"text/html": "<a href='" + "/".join(["", "home", "me"]) + "'>x</a>"}
    output = {"output_type": "display_data", "data": data, "metadata": {}}
    cell(notebook, "total")["outputs"] = [output]


@must_fail("portable", "shows an address")
def an_address(notebook):
    data = {"text/plain": "<function f at 0x7f7be632b240>"}
    cell(notebook, "total")["outputs"] = [{"output_type": "execute_result", "data": data}]


@must_fail("portable", "the metadata hold a path")
def a_path_in_the_metadata(notebook):
    notebook["metadata"]["kernelspec"] = {"argv": ["/".join(["", "usr", "bin", "python"])]}


@must_fail("counts", "3 exercises, at least 4")
def few_exercises(notebook):
    del notebook["cells"][find(notebook, "### Exercise 4") :][:3]
    start = find(notebook, "### Exercise 4")
    del notebook["cells"][start : start + 3]


@must_fail("counts", "3 claims, at least 4")
def few_claims(notebook):
    cell(notebook, 'claim("Three"')["source"] = 'claim("Three", 1, at_least=1)\n# claim("Four")'


@must_fail("counts", "4 cells with compared output")
def few_compared(notebook):
    del cell(notebook, "print(3)")["metadata"]["tags"]


@must_fail("compared", "no stored text to compare with")
def nothing_to_compare(notebook):
    cell(notebook, "print(3)")["outputs"] = []


@must_fail("compared", "no stored text to compare with")
def only_a_picture_to_compare(notebook):
    output = picture()
    del output["data"]["text/plain"]
    cell(notebook, "print(3)")["outputs"] = [output]


@must_fail("exercises", "has no solution cell behind it")
def no_solution(notebook):
    del notebook["cells"][find(notebook, "check.task_2.confirm")]


@must_fail("exercises", "solves no exercise")
def a_stray_solution(notebook):
    notebook["cells"] += [markdown("More"), code("1", tags=("solution",), hidden=True)]


@must_fail("exercises", "is not folded")
def an_open_solution(notebook):
    del cell(notebook, "check.task_2.confirm")["metadata"]["jupyter"]


@must_fail("own_names", "makes task: call it task_solution")
def a_solution_overwrites_the_answer(notebook):
    cell(notebook, "check.task_2.confirm")["source"] = (
        "def task(x):\n    return x\n\n\ncheck.task_2.confirm(task)"
    )


@must_fail("own_names", "makes half: call it half_solution")
def a_helper_of_a_solution_has_an_ordinary_name(notebook):
    cell(notebook, "check.task_2.confirm")["source"] += "\nhalf = 1 / 2"


@must_fail("own_names", "makes math: call it math_solution")
def a_solution_imports(notebook):
    cell(notebook, "check.task_2.confirm")["source"] += "\nimport math"


@must_fail("own_names", "overwrites task, an answer of cell")
def a_later_cell_overwrites_the_answer(notebook):
    notebook["cells"].insert(find(notebook, "## Questions"), code("for task in range(2):\n    ..."))


@must_fail("own_names", "needs task of the exercise in cell")
def a_later_cell_needs_the_answer(notebook):
    notebook["cells"].insert(find(notebook, "## Questions"), code("print(task(2))"))


@must_fail("own_names", "needs task_solution of the solution in cell")
def a_later_function_needs_the_solution(notebook):
    solution = cell(notebook, "check.task_4.confirm")
    solution["source"] = "task_solution = abs\ncheck.task_4.confirm(task_solution)"
    later = code("def double(x):\n    return 2 * task_solution(x)")
    notebook["cells"].insert(find(notebook, "## Questions"), later)


@must_fail("own_names", "a function of cell")
def an_earlier_function_needs_a_name_that_an_answer_takes(notebook):
    cell(notebook, "total")["source"] += "\ntask = 1\ndef more():\n    return total + task"


@must_fail("own_names", "needs task of the exercise in cell")
def a_solution_needs_the_answer(notebook):
    solution = cell(notebook, "check.task_2.confirm")
    solution["source"] = solution["source"].replace("abs", "task")


def test_a_lesson_goes_on_with_an_answer_by_accepted(path):
    notebook = good_notebook()
    later = "def double(x):\n    return 2 * check.task_4.accepted()(x)\n\n\nprint(double(2))"
    notebook["cells"].insert(find(notebook, "## Questions") + 1, code(later))
    assert notebook_rules.own_names(notebook, path) == []


@must_fail("exercises", "no heading “### Exercise 2 · …”")
def a_wrong_number(notebook):
    cell(notebook, "### Exercise 2")["source"] = "### Exercise 3 · A task"


@must_fail("exercises", "no heading “### Exercise 2 · …”")
def no_title_of_an_exercise(notebook):
    cell(notebook, "### Exercise 2")["source"] = "### Exercise 2"


@must_fail("exercises", "5 headings for 4 exercises")
def a_heading_without_exercise(notebook):
    notebook["cells"].append(markdown("### Exercise 5 · Later"))


@must_fail("pictures", "has no alt text")
def no_alt_text(notebook):
    cell(notebook, "# Drawing")["outputs"] = [picture("")]


@must_fail("pictures", "has no alt text")
def a_short_alt_text(notebook):
    cell(notebook, "# Drawing")["outputs"] = [picture("A figure. " + " " * 40)]


@must_fail("pictures", "has no alt text")
def an_svg_without_alt_text(notebook):
    output = {"output_type": "display_data", "data": {"image/svg+xml": "<svg/>"}, "metadata": {}}
    cell(notebook, "total")["outputs"] = [output]


@must_fail("pictures", "has no alt text")
def an_html_output_without_alt_text(notebook):
    output = {"output_type": "display_data", "data": {"text/html": "<img src='x'>"}}
    cell(notebook, "total")["outputs"] = [output]


@must_fail("pictures", "has no alt text")
def an_image_in_the_text_without_alt_text(notebook):
    cell(notebook, "## From scratch")["source"] = "## From scratch\n\n![](../picture.png)"


@must_fail("pictures", "has no alt text")
def an_html_image_in_the_text_without_alt_text(notebook):
    cell(notebook, "## From scratch")["source"] = '## From scratch\n\n<img src="../picture.png">'


@must_fail("short_cells", "has 31 lines, at most 30")
def a_long_cell(notebook):
    cell(notebook, "total")["source"] = "total = 0\n\n" + "total += 1\n" * 30


@must_fail("short_cells", "the median is 11 lines")
def long_cells(notebook):
    for one in notebook["cells"]:
        if one["cell_type"] == "code":
            one["source"] += "\n" + "\n".join(f"line_{n} = {n}" for n in range(10))


@must_fail("short_cells", "is empty")
def an_empty_cell(notebook):
    notebook["cells"].append(code(" \n"))


for _line in (
    "!ls",
    "%matplotlib inline",
    "  %timeit total",
    "%%time\ntotal = 1",
    "print?",
    "help??",
    "import subprocess\nsubprocess.run(['pip', 'install', 'x'])",
    "import os\nos.system('ls')",
    "get_ipython().system('ls')",
    "total = = 1",
):

    def _with_line(notebook, line=_line):
        cell(notebook, "total")["source"] = f"{line}\ntotal = 1"

    SPOILERS[f"line {_line!r}"[:40]] = ("plain_python", "plain_python: cell", _with_line)

for _link, _said in {
    "gone.ipynb": "there is no such file",
    "../gone.png": "there is no such file",
    "/chapters/start_here.ipynb": "there is no such file",
    "#From-nowhere": "there is no such heading",
    "#from-scratch": "there is no such heading",
    "../start_here.ipynb#gone": "there is no such heading",
    "../picture.png#part": "only headings of notebooks",
    "http://": "not an address",
    "https://nohost/page": "not an address",
    "https://[broken": "not an address",
    "ftp://example.org/x": "neither a relative path",
    "attachment:picture.png": "neither a relative path",
    "//example.org/x": "neither a relative path",
    "": "leads nowhere",
}.items():

    def _with_link(notebook, link=_link):
        notebook["cells"][0]["source"] += f" And [this]({link})."

    SPOILERS[f"link {_link!r}"] = ("links", _said, _with_link)


@must_fail("links", "there is no such file")
def a_broken_html_link(notebook):
    notebook["cells"][0]["source"] += ' <a href="gone.ipynb">x</a>'


@must_fail("links", "there is no such file")
def a_broken_reference(notebook):
    notebook["cells"][0]["source"] += "\n\nSee [this][1].\n\n[1]: gone.ipynb"


@must_fail("small_file", "fewer than 1,500,000")
def a_large_file(notebook):
    cell(notebook, "total")["outputs"] = [printed("x" * 1_500_000)]


@must_fail("imports", "numpy is imported in cell")
def an_unused_import(notebook):
    notebook["cells"][1]["source"] += "\nimport numpy"


@must_fail("imports", "plt is imported in cell")
def an_unused_alias(notebook):
    notebook["cells"][1]["source"] += "\nimport matplotlib.pyplot as plt"


@must_fail("imports", "pi is imported in cell")
def a_name_only_in_a_comment(notebook):
    notebook["cells"][1]["source"] += "\nfrom math import pi  # pi"


@must_fail("imports", "imports * from math")
def everything_imported(notebook):
    notebook["cells"][1]["source"] += "\nfrom math import *"


for _tag in ("raises-exception", "nbval-skip", "skip-execution", "nbval-raises-exception"):

    def _with_tag(notebook, tag=_tag):
        cell(notebook, "total")["metadata"]["tags"] = [tag]

    SPOILERS[f"tag {_tag}"] = ("honest_tags", f"has the tag {_tag}", _with_tag)


@must_fail("honest_tags", "has the comment NBVAL_SKIP")
def a_comment_that_skips(notebook):
    cell(notebook, "total")["source"] = "# NBVAL_SKIP\ntotal = 1"


@must_fail("introduced", "no prose before code cell")
def two_code_cells(notebook):
    notebook["cells"].insert(find(notebook, "total"), code("other = 1"))


@must_fail("introduced", "no prose before code cell 0")
def code_first(notebook):
    notebook["cells"].insert(0, code("other = 1"))


@must_fail("introduced", "no prose before code cell")
def code_after_a_solution(notebook):
    notebook["cells"].insert(find(notebook, "check.task_2.confirm") + 1, code("other = 1"))


@must_fail("introduced", "no prose before code cell")
def an_exercise_after_code(notebook):
    notebook["cells"].insert(find(notebook, "### Exercise 2") + 1, code("other = 1"))


@must_fail("figure_cells", "is not folded")
def an_open_figure(notebook):
    del cell(notebook, "# Drawing")["metadata"]["jupyter"]


@must_fail("figure_cells", "does not begin with a comment")
def a_figure_without_comment(notebook):
    cell(notebook, "# Drawing")["source"] = "print(total)"


@must_fail("length", "words, at least 1500")
def few_words(notebook):
    long = cell(notebook, "## By hand")
    long["source"] = long["source"].replace(WORDS, "```\n" + WORDS + "\n```")


@must_fail("size", "111 cells, at most 110")
def many_cells(notebook):
    while len(notebook["cells"]) < 111:
        notebook["cells"].append(markdown("More."))


@must_fail("size", "words, at most 4,000")
def many_words(notebook):
    cell(notebook, "## By hand")["source"] += "\n\n" + WORDS * 2


@must_fail("size", "7 exercises, at most 6")
def many_exercises(notebook):
    task = code("check.more(0)", tags=("exercise",))
    notebook["cells"] += [task] * 3


@must_fail("size", "55 minutes for the core, at most 50")
def a_long_core(notebook):
    heading = cell(notebook, "### Exercise 2")
    heading["source"] = heading["source"].replace("5 min", "25 min")


@must_fail("size", "31 seconds, at most 30")
def a_slow_lesson(notebook):
    notebook["metadata"]["course"]["seconds"] = 31


@must_fail("size", "61 seconds, at most 60")
def a_lesson_slower_than_its_reason_allows(notebook):
    notebook["metadata"]["course"] |= {"seconds": 61, "long": "Eight networks learn at once."}


@must_fail("reading_time", "course.minutes is 20, computed")
def minutes_by_hand(notebook):
    notebook["metadata"]["course"]["minutes"] = 20


@must_fail("reading_time", "course.core_minutes is 30, computed")
def core_minutes_by_hand(notebook):
    notebook["metadata"]["course"]["core_minutes"] = 30


@must_fail("first_cell", "no line “*Time: ")
def no_time(notebook):
    notebook["cells"][0]["source"] = notebook["cells"][0]["source"].replace("*Time: ", "*Once ")


@must_fail("first_cell", "no line “*Time: ")
def the_time_of_yesterday(notebook):
    notebook["metadata"]["course"]["seconds"] = 10


@must_fail("levels", "does not end like “· ●●○ 5 min”")
def no_level(notebook):
    cell(notebook, "### Exercise 2")["source"] = "### Exercise 2 · A task · 5 min"


@must_fail("levels", "does not end like “· ●●○ 5 min”")
def no_minutes(notebook):
    cell(notebook, "### Exercise 2")["source"] = "### Exercise 2 · A task · ●●○"


@must_fail("levels", "does not end like “· ●●○ 5 min”")
def an_unknown_level(notebook):
    cell(notebook, "### Exercise 2")["source"] = "### Exercise 2 · A task · ○○● 5 min"


for _eaten, _said in {
    "$X^\top$": "U+0009",
    "$\frac12$": "U+000C",
    "$\beta$": "U+0008",
    "$\vec x$": "U+000B",
    "$\alpha$": "U+0007",
    "$\rho$": "U+000D",
    "a\x00b": "U+0000",
    "a\x7fb": "U+007F",
    "a\x85b": "U+0085",
}.items():

    def _with_eaten(notebook, eaten=_eaten):
        cell(notebook, "## From scratch")["source"] += f"\n\n{eaten}"

    _name = f"eaten {_eaten!r}"
    SPOILERS[_name] = ("control_characters", f"line 5: {_said}", _with_eaten)


@must_fail("control_characters", "line 2: U+0009")
def code_indented_by_a_tab(notebook):
    cell(notebook, "total")["source"] = "if True:\n\ttotal = 1"


@must_fail("seeded", "imports torch after seed_everything")
def an_import_after_the_seed(notebook):
    cell(notebook, "total")["source"] = "import torch\ntorch.ones(1)"


@must_fail("seeded", "imports torch after seed_everything")
def an_import_in_a_function_after_the_seed(notebook):
    cell(notebook, "total")["source"] = "def f():\n    import torch\n    torch.ones(1)"


@must_fail("seeded", "is not called")
def no_seed(notebook):
    first = notebook["cells"][1]
    first["source"] = first["source"].replace("\nseed_everything(0)", "# seed_everything(0)")


def add_deeper(notebook: dict, *cells: dict, heading: str = "## Aside · deeper") -> None:
    """Puts a deeper section with ``cells`` between the figure and “From scratch”."""
    start = find(notebook, "## From scratch")
    notebook["cells"][start:start] = [markdown(heading, "", "It adds a thought."), *cells]
    reading.put_time(notebook)


@must_fail("deeper", "needs extra of the deeper cell")
def the_core_needs_a_name(notebook):
    add_deeper(notebook, code("extra = 1"))
    cell(notebook, 'claim("Three"')["source"] += "\nprint(extra)"


@must_fail("deeper", "needs log of the deeper cell")
def the_core_needs_an_import(notebook):
    add_deeper(notebook, code("from math import log"))
    cell(notebook, 'claim("Three"')["source"] += "\nprint(log(1))"


@must_fail("deeper", "needs total of the deeper cell")
def a_deeper_section_changes_a_name_of_the_core(notebook):
    add_deeper(notebook, code("total += 1"))
    cell(notebook, 'claim("Three"')["source"] += "\nprint(total)"


@must_fail("deeper", "needs total of the deeper cell")
def a_deeper_section_changes_an_entry(notebook):
    add_deeper(notebook, code("total[0] = 1"))
    cell(notebook, 'claim("Three"')["source"] += "\nprint(total)"


@must_fail("deeper", "a function of cell")
def a_function_of_the_core_reads_what_a_deeper_section_made(notebook):
    cell(notebook, "total")["source"] += "\n\n\ndef share(x):\n    return x / parts"
    add_deeper(notebook, code("parts = 2"))


@must_fail("deeper", "needs extra of the deeper cell")
def an_exercise_needs_a_name(notebook):
    add_deeper(notebook, code("extra = 1"))
    cell(notebook, "def task(x):")["source"] += "\nprint(extra)"


@must_fail("deeper", "needs the exercise more of the deeper cell")
def the_core_goes_on_with_a_deeper_exercise(notebook):
    task = code("def more(x):\n    ...\n\n\ncheck.more(more)", tags=("exercise",))
    add_deeper(notebook, task)
    cell(notebook, 'claim("Three"')["source"] += "\nprint(check.more.accepted())"


@must_fail("deeper", "does not begin cell")
def a_deeper_section_begins_within_a_cell(notebook):
    cell(notebook, "## By hand")["source"] += "\n\n### Aside · deeper\n\nIt adds a thought."


@must_fail("deeper", "the heading “Core again” does not begin cell")
def a_deeper_section_ends_within_a_cell(notebook):
    add_deeper(notebook, markdown("A thought.", "", "## Core again"))


@must_fail("deeper", "does not say what the section adds")
def a_deeper_section_without_a_first_line(notebook):
    notebook["cells"].insert(find(notebook, "## From scratch"), markdown("## Aside · deeper"))


@must_fail("deeper", "the title is no section")
def everything_is_deeper(notebook):
    notebook["cells"][0]["source"] = "# Made up · deeper\n\nAll of it."


@must_fail("terms", "“median” in bold has no entry")
def a_term_without_an_entry(notebook):
    cell(notebook, "## From scratch")["source"] += "\n\nThe **median** stays."


@must_fail("terms", "“hidden units” in bold has no entry")
def a_term_over_two_lines_without_an_entry(notebook):
    cell(notebook, "## From scratch")["source"] += "\n\nThe **hidden\nunits** stay."


@pytest.mark.parametrize("name", SPOILERS)
def test_a_spoilt_notebook_is_caught_with_the_right_words(name, path):
    rule, said, spoil = SPOILERS[name]
    notebook = good_notebook()
    before = copy.deepcopy(notebook)
    spoil(notebook)
    if rule != "executed":
        numbered(notebook["cells"])
    assert notebook != before
    path.write_text(json.dumps(notebook))
    problems = getattr(notebook_rules, rule)(notebook, path)
    assert any(said in problem for problem in problems), problems
    assert all(problem.startswith(f"{rule}: ") for problem in problems)
    assert set(problems) <= set(problems_of(notebook, path))


def test_every_rule_has_a_notebook_that_fails_it():
    assert {rule for rule, _, _ in SPOILERS.values()} == {rule.__name__ for rule in RULES}


def test_a_file_that_is_large_on_disk_only_is_caught(path):
    notebook = good_notebook()
    path.write_text(json.dumps(notebook) + " " * 1_500_000)
    assert "small_file" in "".join(problems_of(notebook, path))


def test_the_start_page_is_exempt_from_a_few_rules_only(path):
    start = path.parent.parent / f"{EXEMPT}.ipynb"
    notebook = good_notebook()
    notebook["metadata"]["course"]["needs"] = []
    seed = "from utils.seeds import seed_everything\n\nseed_everything(0)"
    notebook["cells"] = numbered([markdown("# Made up", "", TIME), code(seed)])
    reading.put_time(notebook)
    start.write_text(json.dumps(notebook))
    assert problems_of(notebook, start) == []
    found = {problem.partition(":")[0] for problem in problems_of(notebook, path)}
    assert found == set(EXEMPT_FROM)
    assert set(EXEMPT_FROM) < {rule.__name__ for rule in RULES}
    notebook["cells"][1]["execution_count"] = 7
    assert problems_of(notebook, start) != []


@pytest.mark.parametrize(
    "link",
    [
        "../start_here.ipynb",
        "../start_here.ipynb#First-steps",
        "#From-scratch",
        "../picture.png",
        "https://doi.org/10.1000/xyz123",
        "https://example.org/a?b=c&d=e#f",
        '../start_here.ipynb "The start"',
    ],
)
def test_links_that_lead_somewhere_are_fine(link, path):
    notebook = good_notebook()
    notebook["cells"][0]["source"] += f" And [this]({link})."
    assert problems_of(notebook, path) == []


def test_code_in_the_text_is_not_read_as_headings_or_links(path):
    notebook = good_notebook()
    notebook["cells"].append(
        markdown("```python", "# A comment", "x[0](gone)", "```", "", "and `x[0](gone)`")
    )
    assert problems_of(notebook, path) == []


@pytest.mark.parametrize(
    "text",
    [
        "a ratio of 3/home/away",
        "see https://example.org/home/page",
        "and/or",
        "/chapters",
        "0x7f",
        "It warned: overflow",
    ],
)
def test_ordinary_outputs_are_fine(text, path):
    notebook = good_notebook()
    cell(notebook, "total")["outputs"] = [printed(text + "\n")]
    assert problems_of(notebook, path) == []


def test_anchors_are_those_of_jupyterlab():
    assert anchor("The *idea*, then `code`") == "The-idea,-then-code"
    assert anchor("See [this](x.ipynb)") == "See-this"
    assert anchor("snake_case stays") == "snake_case-stays"


def test_a_deeper_section_that_only_reads_the_core_is_fine(path):
    notebook = good_notebook()
    add_deeper(
        notebook,
        code("fig = total + 1\nprint(fig)"),
        markdown("### Part of it", "", "More."),
        code("unused = [fig for _ in range(3)]"),
    )
    cell(notebook, 'claim("Three"')["source"] += "\nfig = 2\nprint(fig)"
    numbered(notebook["cells"])
    assert problems_of(notebook, path) == []
    course = notebook["metadata"]["course"]
    assert course["core_minutes"] <= course["minutes"]


@pytest.mark.parametrize(
    "text",
    [
        "The **means** of **mean** numbers",
        "**Mean.** Its sum",
        "**Predict first:** up or down?",
        '**"The mean is the middle."** Half true.',
        "*emphasis*, and `a ** b ** c`",
        "**You will build** a thing",
    ],
)
def test_bold_that_is_a_known_term_or_none_at_all_is_fine(text, path):
    notebook = good_notebook()
    cell(notebook, "## From scratch")["source"] += f"\n\n{text}"
    assert problems_of(notebook, path) == []


def test_a_reason_allows_a_lesson_twice_the_seconds(path):
    notebook = good_notebook()
    notebook["metadata"]["course"] |= {"seconds": 60, "long": "Eight networks learn at once."}
    reading.put_time(notebook)
    cell(notebook, "# Made up")["source"] = cell(notebook, "# Made up")["source"].replace(
        " 5 seconds", " 60 seconds"
    )
    assert problems_of(notebook, path) == []


@pytest.mark.parametrize("name", ["01_ml_basics/07_project.ipynb", "review.ipynb"])
def test_projects_and_the_review_have_no_limits_of_size(name, path):
    notebook = good_notebook()
    many_cells(notebook)
    assert notebook_rules.size(notebook, path) != []
    assert notebook_rules.size(notebook, path.parents[1] / name) == []


def test_the_first_edition_is_exempt_from_new_rules_only():
    old = course.ROOT / "chapters/02_deep_learning/01_backpropagation.ipynb"
    assert course.lesson_id(old) in FIRST_EDITION | BEFORE_THE_LIMITS
    names = {rule.__name__ for rule in RULES}
    assert set(NEW_RULES) < names
    exempt = {name for name in names if is_exempt(old, name)}
    assert exempt == (set(NEW_RULES) if course.lesson_id(old) in FIRST_EDITION else set())


def test_the_lists_of_exempt_lessons_name_lessons_that_exist():
    ids = {course.lesson_id(path) for path in course.notebooks()}
    assert ids >= FIRST_EDITION
    assert ids >= BEFORE_THE_LIMITS


def test_a_lesson_that_keeps_all_new_rules_is_not_on_the_list_of_first_editions():
    for path in course.notebooks():
        if course.lesson_id(path) in FIRST_EDITION:
            notebook = json.loads(path.read_text(encoding="utf-8"))
            broken = [name for name in NEW_RULES if getattr(notebook_rules, name)(notebook, path)]
            assert broken, f"{path.stem} keeps all rules: take it off tests/first_edition.py"
