"""Settings of nbgrader for a class; `make class` puts this file beside `source` once, to be edited.

Grading must not depend on the teacher's own settings, nor touch the teacher's own progress: what
the course keeps goes to a folder that is gone when nbgrader ends.
"""

import atexit
import os
import shutil
import tempfile
import warnings

from nbformat import NotebookNode
from nbgrader.converters import Autograde
from nbgrader.preprocessors import DeduplicateIds, OverwriteCells

c = get_config()  # noqa: F821 - nbgrader provides it

c.CourseDirectory.course_id = "machine-learning"

# A solution is cut out without a trace: the stub above it stays, as it stands in the lesson.
c.ClearSolutions.code_stub = {"python": ""}

# A test that a student has deleted comes back, and so counts.
c.OverwriteCells.add_missing_cells = True


class EveryCellOnce(OverwriteCells):
    """Copied and deleted cells cost no more than their own exercise.

    By itself nbgrader 0.9 gives up a whole submission (`KeyError: 'grade_id'`) in which a cell of
    its own stands twice, as after copying and pasting, and one in which an exercise is deleted
    together with its test.
    """

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Of cells with the same grade id keep the last one's metadata; then do as nbgrader does.

        The others stay as ordinary cells: they run, and are not graded.
        """
        found = set()
        for cell in reversed(nb.cells):
            grade_id = cell.metadata.get("nbgrader", {}).get("grade_id")
            if grade_id is None or grade_id in found:
                cell.metadata.pop("nbgrader", None)
            found.add(grade_id)
        return super().preprocess(nb, resources)

    def add_missing_grade_cells(
        self, nb: NotebookNode, resources: dict
    ) -> tuple[NotebookNode, dict]:
        """Put deleted tests at the end, where every answer is known."""
        there = {cell.metadata.get("nbgrader", {}).get("grade_id") for cell in nb.cells}
        source = self.gradebook.find_notebook(self.notebook_id, self.assignment_id)
        originals = {cell.name: cell for cell in source.source_cells}
        solutions = {cell.name for cell in source.solution_cells}
        for test in source.grade_cells:
            if test.name not in there:
                self.log.warning("Missing grade cell %s: added at the end", test.name)
                original, solution = originals[test.name], test.name in solutions
                cell = self.missing_cell_transform(original, test.max_score, is_solution=solution)
                nb.cells.append(cell)
        return nb, resources


c.Autograde.sanitize_preprocessors = [
    EveryCellOnce if step is OverwriteCells else step
    for step in Autograde().sanitize_preprocessors
    if step is not DeduplicateIds
]

# A cell that takes longer than this, in seconds, is interrupted and the next one runs. An exercise
# has ten; whole lessons have cells that train a model.
c.Execute.timeout = 60
c.Execute.extra_arguments = [
    "--InteractiveShellApp.ignore_cwd=True",  # see PYTHONSAFEPATH below
    "--log-level=ERROR",  # spares a line about every kernel's connection, which stays here
]
# With SQLAlchemy 2.1 nbgrader 0.9 warns about itself at every new submission, to no harm.
warnings.filterwarnings("ignore", message="Object of type <Submitted")

scratch = tempfile.mkdtemp(prefix="course-grading-")
atexit.register(shutil.rmtree, scratch, ignore_errors=True)
for name in [name for name in os.environ if name.startswith("COURSE_") and name != "COURSE_DATA"]:
    del os.environ[name]
for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM"):
    os.environ[f"{name}_NUM_THREADS"] = "1"
os.environ |= {
    "COURSE_PROGRESS": os.path.join(scratch, "progress.sqlite3"),
    "COURSE_THREADS": "1",
    "IPYTHONDIR": os.path.join(scratch, "ipython"),  # no start-up files of a user
    "JUPYTER_PREFER_ENV_PATH": "1",  # this environment's kernel, not one of the user's
    "PYTHONHASHSEED": "0",
    "PYTHONSAFEPATH": "1",  # files handed in beside a notebook are not imported
    "TQDM_DISABLE": "1",
}
