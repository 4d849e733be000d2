"""docs/glossary.md: sorted, unique, one sentence each, and the lesson knows the term."""

import json
import re
from collections import Counter

import pytest

from tools import glossary
from utils import course

FILE = course.ROOT / "docs" / "glossary.md"
TEXT = FILE.read_text(encoding="utf-8")
ENTRIES = glossary.entries(TEXT)
LESSONS = {lesson.path: lesson for lesson in course.lessons()}


def words_of(path) -> str:
    """Text, code and topics of a lesson, in the form in which terms are compared."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells = [*("".join(cell["source"]) for cell in notebook["cells"])]
    text = " ".join([*cells, *LESSONS[path].topics])
    text = text.replace("\\beta", "β").replace("\\varepsilon", "ε").replace("\\epsilon", "ε")
    return glossary.plain(text)


def test_the_terms_are_sorted_and_unique():
    terms = [glossary.plain(entry.term) for entry in ENTRIES]
    assert terms == sorted(terms)
    names = Counter(name for entry in ENTRIES for name in entry.names)
    assert [name for name, count in names.items() if count > 1] == []


def test_each_meaning_is_one_sentence():
    for entry in ENTRIES:
        assert re.fullmatch(r"[A-Z].*\.", entry.meaning), entry.term
        inside = re.sub(r"\$[^$]*\$", "", entry.meaning[:-1])
        assert not re.search(r"[.!?]\s+[A-Z]", inside), f"{entry.term}: more than one sentence"
        assert 5 <= len(inside.split()) <= 45, entry.term


def test_the_links_lead_to_lessons_that_use_the_term():
    words: dict = {}
    for entry in ENTRIES:
        path = (FILE.parent / entry.link).resolve()
        assert path in LESSONS, f"{entry.term}: {entry.link}"
        if path not in words:
            words[path] = words_of(path)
        used = [re.search(rf"\b{re.escape(name)}s?\b", words[path]) for name in entry.names]
        assert any(used), f"{entry.term}: not in {path.name}"


def test_the_link_shows_the_lessons_title():
    for title, link in re.findall(r"\| \[([^\]]+)\]\(([^)]+)\) \|$", TEXT, re.MULTILINE):
        assert LESSONS[(FILE.parent / link).resolve()].title == title


@pytest.mark.parametrize("heading", ["## Names in code", "## Notation"])
def test_names_and_notation_stand_once_each(heading):
    section = TEXT.partition(f"\n{heading}\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    assert len(rows) > 30
    columns = {len(re.findall(r"(?<!\\)\|", row)) for row in rows}
    assert len(columns) == 1, "a bar inside a cell cuts the table: write \\mid or \\Vert"
    first = [row.split("|")[1].strip() for row in rows[2:]]
    assert len(set(first)) == len(first)


def test_a_line_that_is_no_entry_is_named():
    head = "# G\n\n## Terms\n\n| Term | Meaning | Lesson |\n|---|---|---|\n"
    assert glossary.entries(head) == []
    (entry,) = glossary.entries(f"{head}| area (AUC, ROC area) | A share. | [A](../a.ipynb) |\n")
    assert entry.names == ["area", "auc", "roc area"]
    assert glossary.known(f"{head}| Mean | A sum. | [A](../a.ipynb) |\n") == {"mean", "means"}
    for line in ("| mean | A sum. | no link |", "| mean | A sum. |", "| mean |  | [A](b) |"):
        with pytest.raises(ValueError, match="not a term, a sentence and a lesson"):
            glossary.entries(f"{head}{line}\n")
    with pytest.raises(ValueError, match="no heading"):
        glossary.entries("# G\n")
