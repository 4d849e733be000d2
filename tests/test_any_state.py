"""Lessons run twice in one kernel, from another folder, read-only, and two at a time.

Every test run does this with the quickest lessons; `COURSE_PROOF=1 make test
PYTEST_ARGS=tests/test_any_state.py` does it with all of them, which takes over an hour.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from browser import copy_course

from tools import notebooks
from utils import course

BY_TIME = sorted(course.lessons(), key=lambda lesson: lesson.seconds)
LESSONS = BY_TIME if os.environ.get("COURSE_PROOF") else BY_TIME[:2]
READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && cd "$0" && exec "$@"'
each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.path.stem)


@each_lesson
def test_twice_in_one_kernel(lesson):
    notebook = notebooks.read(lesson.path)
    again = notebooks.read(lesson.path)
    notebook.cells += again.cells
    notebooks.execute(notebook, lesson.path.parent)  # raises where a cell fails or a claim breaks


@each_lesson
def test_from_another_folder_which_stays_empty(lesson, tmp_path):
    notebooks.execute(notebooks.read(lesson.path), tmp_path)
    assert list(tmp_path.iterdir()) == []


@each_lesson
def test_two_kernels_at_once_with_one_progress_file(lesson, tmp_path):
    settings = {"COURSE_PROGRESS": str(tmp_path / "progress.sqlite3")}

    def run(_: int) -> list[str]:
        notebook = notebooks.read(lesson.path)
        notebooks.execute(notebook, lesson.path.parent, settings)
        outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
        return [output.text for output in outputs if output.get("name") == "stderr"]

    with ThreadPoolExecutor(2) as both:
        assert list(both.map(run, range(2))) == [[], []]


def read_only_mounts(folder) -> bool:
    """Whether this system lets us see a folder as read-only, which binds the superuser too."""
    if not shutil.which("unshare"):
        return False
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", READ_ONLY]
    result = subprocess.run([*command, str(folder), "touch", "x"], capture_output=True, check=False)
    return b"Read-only file system" in result.stderr


def test_in_a_checkout_that_cannot_be_written(tmp_path):
    if not read_only_mounts(tmp_path):
        pytest.skip("read-only mounts are not allowed here")
    folder = tmp_path / "course"
    folder.mkdir()
    copy_course(folder)
    shutil.copy(course.ROOT / "conftest.py", folder)
    shutil.copytree(course.ROOT / "tests", folder / "tests")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    inside = [str(folder / lesson.path.relative_to(course.ROOT)) for lesson in LESSONS]
    own = {name: value for name, value in os.environ.items() if "XDIST" not in name}
    result = subprocess.run(
        [
            *("unshare", "--user", "--map-root-user", "--mount", "sh", "-c", READ_ONLY),
            *(str(folder), sys.executable, "-m", "pytest", "--nbval-lax", "-q", "-n0"),
            *("-p", "no:cacheprovider", "--nbval-cell-timeout=300", *inside),
        ],
        env=own | {"PYTHONPATH": str(folder), "COURSE_SEED": "0", "TMPDIR": str(elsewhere)},
        text=True,
        capture_output=True,
        timeout=120 + 10 * sum(lesson.seconds for lesson in LESSONS),
        check=False,
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr
    assert " passed" in result.stdout
