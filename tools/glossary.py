"""Read docs/glossary.md: the course's terms, each with a sentence and the lesson of its origin."""

import re
from typing import NamedTuple

HEADING = "## Terms"
_ROW = re.compile(
    r"^\| (?P<term>[^|]+?) \| (?P<meaning>[^|]+?) \| \[[^\]]+\]\((?P<link>[^)]+)\) \|$"
)


class Entry(NamedTuple):
    """One term: how it is written, its sentence, and the lesson, as a path from docs/."""

    term: str
    meaning: str
    link: str

    @property
    def names(self) -> list[str]:
        """The term and what stands behind it in brackets: "mean squared error (MSE)" has two."""
        return [plain(name) for name in re.split(r"\(|\)|, ", self.term) if name.strip()]


def entries(text: str) -> list[Entry]:
    """Return the terms in their order.

    Raises ValueError for a line of the table that is no entry, and where there is no table.
    """
    _, found, section = text.partition(f"\n{HEADING}\n")
    if not found:
        raise ValueError(f"docs/glossary.md has no heading {HEADING!r}")
    lines = [line for line in section.splitlines() if line.startswith("|")]
    result = []
    for line in lines[2:]:  # the first two are the table's head
        row = _ROW.match(line)
        if not row:
            raise ValueError(f"docs/glossary.md: not a term, a sentence and a lesson: {line}")
        result.append(Entry(**row.groupdict()))
    return result


def known(text: str) -> set[str]:
    """Return every name that has an entry, in the form that `plain` gives, and its plural."""
    names = {name for entry in entries(text) for name in entry.names}
    return names | {f"{name}s" for name in names}


def plain(text: str) -> str:
    """Return a term without marks, line breaks and capitals, as two spellings are compared."""
    return " ".join(re.sub(r"[*_`$]", "", text).split()).strip(" .,:;").casefold()
