"""Lessons and checks in the worst of circumstances, all of them together.

Every reference of the course is judged with all settings of libraries moved. The lessons run:
Two lessons at a time with one progress file, each twice in one kernel, from a foreign folder that
must stay empty, in a checkout that cannot be written. Every test run does this with the quickest
two; `COURSE_PROOF=1 make test PYTEST_ARGS="tests/test_any_state.py -n0"` with all lessons, which
takes about as long as two runs of the course.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from browser import copy_course

from utils import course

BY_TIME = sorted(course.lessons(), key=lambda lesson: lesson.seconds)
LESSONS = BY_TIME if os.environ.get("COURSE_PROOF") else BY_TIME[:2]
PAIRS = [LESSONS[i : i + 2] for i in range(0, len(LESSONS), 2)]
READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && cd "$0" && exec "$@"'
TWICE = """
import sys
from pathlib import Path
from tools import notebooks

path, folder, store = sys.argv[1:]
notebook = notebooks.read(Path(path))
notebook.cells += notebooks.read(Path(path)).cells
notebooks.execute(notebook, Path(folder), {"COURSE_PROGRESS": store})  # raises where a cell fails
outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
sys.exit("".join(one.text for one in outputs if one.get("name") == "stderr") or None)
"""

MOVED = """
import sys, warnings
import numpy as np, pandas as pd, sklearn, torch

np.seterr(all="raise")
np.set_printoptions(precision=1, formatter={"all": 1 .__rtruediv__})
pd.set_option("mode.string_storage", "python")
sklearn.set_config(transform_output="pandas", enable_metadata_routing=True)
torch.set_default_dtype(torch.float64)
torch.set_default_device("meta")
torch.set_grad_enabled(False)
torch.use_deterministic_algorithms(True)
warnings.simplefilter("error")

from exercises import discover
from exercises.engine import Function

for id, exercise in discover().items():
    results = [exercise.evaluate(exercise.reference)]
    if isinstance(exercise, Function):  # a mistake of each kind of setting would be an error
        results.append(exercise.evaluate(exercise.mistakes[0].answer))
        if results[1].mistake is not exercise.mistakes[0]:
            print(id, "the mistake", results[1].lines)
    if results[0].status != "solved":
        print(id, results[0].lines)
assert torch.ones(1).device.type == "meta"
"""


def in_read_only(folder) -> list[str]:
    """What to put before a command that shall see `folder` as read-only; binds root as well."""
    return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", READ_ONLY, str(folder)]


def read_only_mounts(folder) -> bool:
    """Whether this system lets us see a folder as read-only."""
    if not shutil.which("unshare"):
        return False
    command = [*in_read_only(folder), "touch", "x"]
    result = subprocess.run(command, capture_output=True, check=False)
    return b"Read-only file system" in result.stderr


def test_checks_judge_alike_with_all_settings_of_libraries_moved():
    """References that are imported and judged in such a kernel pass, mistakes are named."""
    result = subprocess.run(
        [sys.executable, "-c", MOVED], text=True, capture_output=True, cwd=course.ROOT, check=False
    )
    assert (result.stdout, result.stderr) == ("", "")


def test_this_system_can_show_a_checkout_that_cannot_be_written(tmp_path):
    if not read_only_mounts(tmp_path):
        pytest.skip("read-only mounts are not allowed here: the next test runs without")


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: "+".join(one.path.stem for one in pair))
def test_two_at_once_twice_elsewhere_and_read_only(pair, tmp_path):
    checkout, elsewhere, scratch = (tmp_path / name for name in ("course", "elsewhere", "scratch"))
    for folder in (checkout, elsewhere, scratch):
        folder.mkdir()
    copy_course(checkout)
    before = in_read_only(checkout) if read_only_mounts(tmp_path) else []
    environment = os.environ | {"PYTHONPATH": str(checkout), "TMPDIR": str(scratch)}

    def run(lesson) -> str:
        path = checkout / lesson.path.relative_to(course.ROOT)
        store = scratch / "progress.sqlite3"
        result = subprocess.run(
            [*before, sys.executable, "-c", TWICE, str(path), str(elsewhere), str(store)],
            env=environment,
            cwd=checkout,
            text=True,
            capture_output=True,
            timeout=120 + 20 * lesson.seconds,
            check=False,
        )
        return result.stderr if result.returncode else ""

    with ThreadPoolExecutor(2) as both:
        assert list(both.map(run, pair)) == ["" for _ in pair]
    assert list(elsewhere.iterdir()) == []
    assert (scratch / "progress.sqlite3").exists()
