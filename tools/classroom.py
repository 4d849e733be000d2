"""Make assignments for nbgrader from the lessons: `make class`, `make class NB=path`.

Every lesson becomes one assignment, `source/<assignment>/<lesson>.ipynb`, with nbgrader's own
metadata: its exercises with their tasks, a solution that `nbgrader generate_assignment` cuts out,
and behind each exercise a locked test that calls the lesson's own check. `docs/teaching.md` goes on
from there.
"""

import argparse
import ast
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import console, notebooks
from utils import course

OUTPUT = course.ROOT / "build" / "class"
CONFIG = Path(__file__).with_name("class_config.py")
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
POINTS = 1  # for every exercise

RULES = """\
- Run the cells in order. Write your answer in the place of the `...`, or repair the faulty code:
  the check in the cell says whether it is right, and which known mistake it looks like.
- `check.<name>.hint()`, in a cell of your own, gives a hint.
- The locked cell below an exercise is the test that counts. For grading, all cells run from top to
  bottom; a test that raises no error earns its point.
- Keep the names of functions and answers: the tests ask for them. Whatever else your code needs, it
  imports or defines in its own cell."""

_HEADING = re.compile(r"^### Exercise (\d+) · .+$", re.MULTILINE)


@dataclass(frozen=True)
class Task:
    """One exercise of a lesson, taken apart.

    Attributes
    ----------
    id : str
        The exercise's id, "<chapter>.<lesson>.<name>".
    answer : str
        The name under which the notebook holds the answer.
    text : str
        The task as Markdown, from its heading on.
    stub : str
        The code that the student gets, without the check.
    solution : str
        Code that gives `answer` its right value.
    check : str
        The line that calls the check.
    """

    id: str
    answer: str
    text: str
    stub: str
    solution: str
    check: str

    @property
    def name(self) -> str:
        """The last part of the id: the name behind `check.`."""
        return self.id.rpartition(".")[2]


def assignment(path: Path) -> str:
    """Return the name of a lesson's assignment: "02_03_convolution", or "00_start_here"."""
    if path.stem == course.START:
        return f"00_{course.START}"
    return f"{path.parent.name[:2]}_{path.stem}"


def file_name(path: Path) -> str:
    """Return the name of the notebook in the assignment: the lesson's, without its number."""
    return f"{course.lesson_id(path).rpartition('.')[2]}.ipynb"


# --- reading a lesson ---------------------------------------------------------------------------


def task(above: str, exercise: str, solution: str, prefix: str) -> Task:
    """Take one exercise apart: the text above it, its cell, and the cell with its solution.

    Raises ValueError if they are not formed as CONTRIBUTING.md says.
    """
    heading = _HEADING.search(above)
    if heading is None:
        raise ValueError("no heading '### Exercise 1 · Title' stands above this exercise")
    try:
        *_, call = ast.parse(exercise).body
        *_, confirm = ast.parse(solution).body
        (given,), (right,) = call.value.args, confirm.value.args
        name, answer = call.value.func.attr, given.id
    except (AttributeError, SyntaxError, ValueError) as error:
        raise ValueError(
            "an exercise ends with check.name(answer), its solution with check.name.confirm(…)"
        ) from error
    text, stub, check = above[heading.start() :], _before(exercise, call), _from(exercise, call)
    steps = _before(solution, confirm)
    if re.search(rf"^{answer} = \.\.\.", exercise, re.MULTILINE):
        # A value or a letter: each gets its own name, so that none is taken for a later one's.
        given, answer = answer, f"answer_{heading[1]}"
        text = text.replace(f"`{given} =", f"`{answer} =")
        stub, check = (re.sub(rf"\b{given}\b", answer, code) for code in (stub, check))
        value = ast.get_source_segment(solution, right)
        steps += f"{answer} = ({value})" if "\n" in value else f"{answer} = {value}"
    elif isinstance(right, ast.Name) and right.id == f"{answer}_solution":
        # A lesson keeps the solution apart from the reader's answer; in an assignment it is one.
        steps += f"{answer} = {right.id}"
    else:
        raise ValueError(f"the solution confirms something else than {answer}_solution")
    return Task(f"{prefix}.{name}", answer, text.strip(), stub.rstrip(), steps.rstrip(), check)


def _before(source: str, statement: ast.stmt) -> str:
    return "".join(source.splitlines(keepends=True)[: statement.lineno - 1])


def _from(source: str, statement: ast.stmt) -> str:
    return "".join(source.splitlines(keepends=True)[statement.lineno - 1 :])


def tasks(lesson: NotebookNode, prefix: str) -> dict[int, Task]:
    """Return all exercises of a lesson by the position of their cells.

    Raises ValueError, with the cell's number, for one that is not formed as it should be.
    """
    found = {}
    cells = lesson.cells
    for index, cell in enumerate(cells):
        if "exercise" not in cell.metadata.get("tags", []):
            continue
        try:
            above, _, below = (other.source for other in cells[index - 1 : index + 2])
            found[index] = task(above, cell.source, below, prefix)
        except ValueError as error:
            raise ValueError(f"cell {index + 1} of {len(cells)}: {error}") from error
    return found


def imports(lesson: NotebookNode) -> str:
    """Return every import statement of a lesson once, in order; those of solutions are left out."""
    found: dict[str, str] = {}
    for cell in lesson.cells:
        if cell.cell_type == "code" and "solution" not in cell.metadata.get("tags", []):
            for node in ast.parse(cell.source).body:
                if isinstance(node, ast.Import | ast.ImportFrom):
                    source = ast.get_source_segment(cell.source, node)
                    found.setdefault(ast.unparse(node), source)
    return "\n".join(found.values())


# --- making an assignment -----------------------------------------------------------------------


def about(lesson: course.Lesson, address: str, whole: bool) -> str:
    """Return the text that tells a student what this notebook is and how it is graded."""
    place = f"`{lesson.link}`"
    if address:
        place = f"[{lesson.link}]({address.rstrip('/')}/{lesson.link})"
    if whole:
        title = f"{lesson.title}: lesson and exercises"
        what = f"The lesson {place} of the course, with its exercises to be handed in."
    else:
        title = f"{lesson.title}: exercises"
        what = (
            f"The exercises of the lesson {place} of the course. Read that first: what a task "
            "calls *above* stands there."
        )
    return f"# {title}\n\n{what}\n\n{RULES}"


def marked(cell: NotebookNode, grade_id: str, **values: bool | int) -> NotebookNode:
    """Give a cell nbgrader's metadata, and its grade id for an id."""
    kinds = {"grade": False, "locked": False, "solution": False, "task": False}
    cell.metadata.nbgrader = {"schema_version": 3, "grade_id": grade_id, **kinds, **values}
    cell.id = grade_id
    return cell


def exercise_cells(task: Task) -> list[NotebookNode]:
    """Return the cell to be solved, with the solution in it, and the cell that tests it."""
    gap = "\n" if task.stub.startswith(("def ", "class ")) else ""
    code = f"{task.stub}\n{gap}{BEGIN}\n{task.solution}\n{END}\n{task.check}"
    test = (
        "# The test that counts: the lesson's own check, loaded anew.\n"
        f'from exercises import require\n\nrequire("{task.id}", {task.answer})'
    )
    return [
        marked(new_code_cell(code), task.name, solution=True),
        marked(new_code_cell(test), f"test_{task.name}", grade=True, locked=True, points=POINTS),
    ]


def made(path: Path, whole: bool = False, address: str = "") -> NotebookNode:
    """Return the assignment made from a lesson; the same bytes every time.

    `whole` keeps the lesson around its exercises. `address` is where the course can be read.
    Raises ValueError or RunError for what is no lesson of the course.
    """
    lesson, cells = course.read_lesson(path), notebooks.read(path)
    found = tasks(cells, course.lesson_id(path))
    if tuple(task.id for task in found.values()) != lesson.exercises:
        raise ValueError("an exercise cell without a check, or with more than one")
    new = [new_markdown_cell(about(lesson, address, whole), id="about")]
    if not whole:
        first = f"# Run this cell first.\n{imports(cells)}"
        new.append(marked(new_code_cell(first), "imports", locked=True))
        for task in found.values():
            new += [new_markdown_cell(task.text, id=f"task_{task.name}"), *exercise_cells(task)]
    for index, cell in enumerate(cells.cells if whole else []):
        if index in found:
            above = cells.cells[index - 1].source
            new[-1].source = above[: _HEADING.search(above).start()] + found[index].text
            new += exercise_cells(found[index])
        elif "solution" not in cell.metadata.get("tags", []):
            new.append(cell)
    metadata = {"kernelspec": notebooks.KERNEL, "language_info": notebooks.LANGUAGE}
    return new_notebook(cells=new, metadata=metadata)


def release(path: Path, folder: Path, whole: bool = False, address: str = "") -> str:
    """Write one lesson's assignment into a class's folder; returns a line about it.

    Everything else in the folder, submissions and grades among it, stays as it is.
    """
    notebook = made(path, whole, address)
    file = folder / "source" / assignment(path) / file_name(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    notebooks.write(notebook, file)
    if not (folder / "nbgrader_config.py").exists():
        shutil.copyfile(CONFIG, folder / "nbgrader_config.py")
    points = sum(cell.metadata.get("nbgrader", {}).get("points", 0) for cell in notebook.cells)
    return f"{assignment(path)}: {points} points"


def main(arguments: list[str]) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.classroom", description=__doc__)
    parser.add_argument("notebooks", nargs="*", type=Path, help="all lessons where none is named")
    parser.add_argument(
        "--output", type=Path, default=OUTPUT, help="the class's folder (default: build/class)"
    )
    parser.add_argument("--whole", action="store_true", help="whole lessons, not exercises alone")
    parser.add_argument("--address", default="", help="where students can read the course, a URL")
    options = parser.parse_args(arguments)
    folder, failed = options.output.expanduser(), 0
    for path in options.notebooks or course.notebooks():
        try:
            print(release(path.resolve(), folder, options.whole, options.address))
        except (OSError, ValueError, notebooks.RunError) as error:
            failed += 1
            print(f"error: {path}: {error}", file=sys.stderr)
    print(f"Written to {folder}; docs/teaching.md says how to release, collect and grade.")
    return 1 if failed else 0


if __name__ == "__main__":
    console.accept_any()
    sys.exit(main(sys.argv[1:]))
