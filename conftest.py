"""What holds in every pytest run, in its workers and in the kernels that run the notebooks.

Set while pytest starts, because kernels and workers inherit the environment once, at their own
start.
"""

import contextlib
import json
import os
import shutil
import tempfile
import time
from pathlib import Path

import pytest

from tests import random_examples, timing, workers

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

random_examples.set_up(str(Path(os.environ["COURSE_PROGRESS"]).parent / "hypothesis"))

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


def pytest_xdist_auto_num_workers(config):
    """`-n auto`; None leaves the word to pytest-xdist, which reads an environment variable."""
    if os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS"):
        return None
    return workers.workers(workers.cores(), workers.memory())


def pytest_configure(config):
    config.timing = timing.Timing()
    if _worker is None:  # the first process hears of the tests of all workers
        config.pluginmanager.register(config.timing)


def pytest_sessionstart(session):
    session.began = time.monotonic()


def pytest_sessionfinish(session, exitstatus):
    """Keep how long a complete and successful run took, and with what; `make bench` tells it."""
    config = session.config
    complete = config.args_source is not pytest.Config.ArgsSource.ARGS and not any(
        config.getoption(name, None)
        for name in ("keyword", "markexpr", "deselect", "lf", "collectonly")
    )
    if exitstatus or not complete or hasattr(config, "workerinput"):
        return
    reports = config.pluginmanager.get_plugin("terminalreporter").stats
    numbers = {
        "seconds": round(time.monotonic() - session.began),
        "passed": len(reports.get("passed", ())),
        "workers": config.getoption("numprocesses", None) or 1,
        "cores": workers.cores(),
        "date": time.strftime("%Y-%m-%d"),
        **config.timing.numbers(),
    }
    folder = Path(__file__).parent / "build"
    with contextlib.suppress(OSError):  # a checkout that cannot be written
        folder.mkdir(exist_ok=True)
        (folder / "tests.json").write_text(json.dumps(numbers) + "\n", "utf-8")
