"""The course's structure, read from the notebooks: chapters, lessons, exercises.

Standard library only, so that it costs nothing in a lesson and works before anything else does.
A lesson is ``chapters/<chapter>/<lesson>.ipynb``, both named with two digits in front; other files,
such as a reader's own copies, are passed over.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]

CHAPTERS = {
    "01_ml_basics": "ML basics",
    "02_deep_learning": "Deep learning",
    "03_generative_models": "Generative models",
    "04_nlp": "NLP",
    "05_reinforcement_learning": "Reinforcement learning",
    "06_representation_learning": "Representation learning",
    "07_uncertainty_and_trust": "Uncertainty and trust",
    "08_vision": "Vision",
    "09_speech": "Speech",
    "10_practice": "Practice",
}
START = "start_here"

_NUMBERED = re.compile(r"\d\d_[a-z0-9_]+")
# A check is called on the first word of a line's code; hints and confirmations have one dot more.
_CHECK = re.compile(r"^[^#\n]*\bcheck\.([A-Za-z_]\w*)\(", re.MULTILINE)


@dataclass(frozen=True)
class Lesson:
    """One notebook of the course and what its metadata says.

    Attributes
    ----------
    path : Path
        The notebook, absolute.
    link : str
        Its place in the repository, with slashes: "chapters/…/….ipynb".
    chapter : str
        The chapter's folder; "" for the notebook that starts the course.
    title : str
        One line.
    summary : str
        One line.
    minutes : int
        Time to read and to solve the exercises, in minutes.
    core_minutes : int
        The same without the sections marked as deeper.
    seconds : int
        Measured time to run on one core, in seconds.
    needs : tuple of str
        Links of the lessons that come first.
    topics : tuple of str
        Keywords.
    exercises : tuple of str
        Ids, in the notebook's order.
    """

    path: Path
    link: str
    chapter: str
    title: str
    summary: str
    minutes: int
    core_minutes: int
    seconds: int
    needs: tuple[str, ...]
    topics: tuple[str, ...]
    exercises: tuple[str, ...]


def lesson_id(path: str | Path) -> str:
    """The id of a notebook: "ml_basics.linear_regression", or "start_here".

    Ids carry no numbers, so that a lesson keeps its own when others move.

    Parameters
    ----------
    path : str or Path
        The chapter's folder and the file's name, at least; the file need not exist.

    Examples
    --------
    >>> lesson_id("chapters/04_nlp/03_transformer.ipynb")
    'nlp.transformer'
    """
    path = Path(path)
    if path.stem == START:
        return START
    return f"{path.parent.name.partition('_')[2]}.{path.stem.partition('_')[2]}"


def read_lesson(path: Path) -> Lesson:
    """Read one notebook.

    Raises
    ------
    ValueError
        Naming the notebook, if it is no readable notebook or its ``course`` metadata are not
        complete and of the right types.

    Examples
    --------
    >>> start = read_lesson(ROOT / "chapters" / "start_here.ipynb")
    >>> start.title, start.needs
    ('Start here', ())
    """
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        course = notebook["metadata"]["course"]
        fields = {
            "title": _typed(course, "title", str),
            "summary": _typed(course, "summary", str),
            "minutes": _typed(course, "minutes", int),
            "core_minutes": _typed(
                {"core_minutes": course["minutes"]} | course, "core_minutes", int
            ),
            "seconds": _typed(course, "seconds", int),
            "needs": _texts(course, "needs"),
            "topics": _texts(course, "topics"),
        }
        exercises = _exercises(notebook["cells"], lesson_id(path))
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from error
    except KeyError as error:
        raise ValueError(f"{path}: {error.args[0]!r} is missing from the notebook") from error
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: not a notebook of the course ({error})") from error
    chapter = path.parent.name if path.stem != START else ""
    link = "/".join(["chapters", chapter, path.name] if chapter else ["chapters", path.name])
    return Lesson(path=path, link=link, chapter=chapter, exercises=exercises, **fields)


def notebooks(chapters: str | Path = ROOT / "chapters") -> list[Path]:
    """The path of every lesson there is, unread, in the course's order.

    Raises
    ------
    ValueError
        With the path, for a chapter that ``CHAPTERS`` lacks.

    Examples
    --------
    >>> [path.stem for path in notebooks()[:2]]
    ['start_here', '01_linear_regression']
    """
    chapters = Path(chapters).resolve()
    paths = [path for path in [chapters / f"{START}.ipynb"] if path.exists()]
    for folder in sorted(chapters.iterdir()):
        if not folder.is_dir() or not _NUMBERED.fullmatch(folder.name):
            continue
        found = sorted(path for path in folder.glob("*.ipynb") if _NUMBERED.fullmatch(path.stem))
        if found and folder.name not in CHAPTERS:
            raise ValueError(f"{folder}: this chapter has no title in utils/course.py")
        paths += found
    return paths


def lessons(chapters: str | Path = ROOT / "chapters") -> list[Lesson]:
    """Every lesson there is, in the course's order: ``start_here`` first.

    Raises
    ------
    ValueError
        With the path, for a broken notebook or a chapter that ``CHAPTERS`` lacks.
    """
    return [read_lesson(path) for path in notebooks(chapters)]


def _typed(course: dict, name: str, kind: type) -> Any:
    value = course[name]
    if not isinstance(value, kind) or isinstance(value, bool):
        raise TypeError(f"course.{name} is {value!r}, not of type {kind.__name__}")
    return value


def _texts(course: dict, name: str) -> tuple[str, ...]:
    values = _typed(course, name, list)
    if not all(isinstance(value, str) for value in values):
        raise TypeError(f"course.{name} holds something that is not text")
    return tuple(values)


def _exercises(cells: list[dict], prefix: str) -> tuple[str, ...]:
    names = []
    for cell in cells:
        tags = cell.get("metadata", {}).get("tags", [])
        if cell["cell_type"] == "code" and "exercise" in tags:
            names += _CHECK.findall("".join(cell["source"]))
    return tuple(dict.fromkeys(f"{prefix}.{name}" for name in names))
