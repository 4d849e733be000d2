"""What holds in every pytest run, in its workers and in the kernels that run the notebooks.

Set while pytest starts, because kernels and workers inherit the environment once, at their own
start.
"""

import os
import shutil
import tempfile
from pathlib import Path

os.environ["COURSE_STRICT"] = "1"  # a claim that does not hold raises instead of showing ✗
os.environ["TQDM_DISABLE"] = "1"
os.environ["JUPYTER_PREFER_ENV_PATH"] = "1"  # this environment's kernel, not one of the user's
for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM"):
    os.environ[f"{name}_NUM_THREADS"] = "1"
os.environ["COURSE_THREADS"] = "1"

# A test must never touch the reader's own progress. The first process makes the folder and
# removes it at its end; each worker of pytest-xdist keeps a file of its own in it.
_worker = os.environ.get("PYTEST_XDIST_WORKER")
if _worker is None:
    _scratch = tempfile.TemporaryDirectory(prefix="course-tests-", ignore_cleanup_errors=True)
    os.environ["COURSE_PROGRESS"] = str(Path(_scratch.name) / "progress.sqlite3")
    # No start-up files of a user, but one of ours: every kernel of every test works offline.
    os.environ["IPYTHONDIR"] = str(Path(_scratch.name) / "ipython")
    _startup = Path(os.environ["IPYTHONDIR"]) / "profile_default" / "startup"
    _startup.mkdir(parents=True)
    shutil.copy(Path(__file__).parent / "tests" / "offline.py", _startup / "00-offline.py")
else:
    _folder = Path(os.environ["COURSE_PROGRESS"]).parent
    os.environ["COURSE_PROGRESS"] = str(_folder / f"progress-{_worker}.sqlite3")

# The longest first, or one worker works on alone at the end; no test depends on the order.
_LONGEST = ("test_journeys.py", "test_exercises.py", "test_setup.py", "test_book.py")


def pytest_collection_modifyitems(items):
    """Long test files, then the notebooks, then all others, each as they were collected."""

    def place(item):
        name = item.path.name
        if name in _LONGEST:
            return _LONGEST.index(name)
        return len(_LONGEST) + (item.path.suffix != ".ipynb")

    items.sort(key=place)
