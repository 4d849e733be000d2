"""Settings of nbgrader for a class; `make class` puts this file beside `source` once, to be edited.

Grading must not depend on the teacher's own settings, nor touch the teacher's own progress: what
the course keeps goes to a folder that is gone when nbgrader ends.
"""

import atexit
import os
import shutil
import tempfile
import warnings

c = get_config()  # noqa: F821 - nbgrader provides it

c.CourseDirectory.course_id = "machine-learning"

# A solution is cut out without a trace: the stub above it stays, as it stands in the lesson.
c.ClearSolutions.code_stub = {"python": ""}

# A test that a student has deleted comes back, and so counts.
c.OverwriteCells.add_missing_cells = True

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
