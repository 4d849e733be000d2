"""Consoles that lack ✓ and the like: a question mark in its place, and never an error."""

import ast
import os
import subprocess
import sys

import pytest

from utils.course import ROOT

FILES = [*sorted((ROOT / "tools").glob("*.py")), ROOT / "benchmarks" / "__main__.py"]
SILENT = ("probe.py",)  # prints JSON in ASCII, for the doctor
COMMANDS = [
    path
    for path in FILES
    if 'if __name__ == "__main__":' in path.read_text(encoding="utf-8") and path.name not in SILENT
]
narrow = pytest.mark.parametrize("encoding", ["ascii", "cp1252"])


def run(encoding: str, *arguments: str, **env: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONIOENCODING": encoding, "PYTHONPATH": str(ROOT)} | env,
        encoding=encoding,
        capture_output=True,
        timeout=240,
        check=False,
    )


@pytest.mark.parametrize("path", COMMANDS, ids=lambda path: path.stem)
def test_every_command_accepts_any_console_before_it_prints(path):
    """What its `if __name__ == "__main__"` does first, tried on a console of ASCII."""
    *_, last = ast.parse(path.read_text(encoding="utf-8")).body
    first = ast.unparse(last.body[0])
    code = f"import sys\nfrom tools import console\n{first}\nprint('\\u2713 \\u2192')\n"
    result = run("ascii", "-c", code)
    assert result.stdout.strip() == "? ?", (
        f'{path.name}: its `if __name__ == "__main__":` begins with console.accept_any()'
    )


@narrow
def test_the_doctor_speaks_on_any_console(encoding):
    result = run(encoding, "-m", "tools.doctor", PORT="none")
    assert "? Python: " in result.stdout
    assert "Port: PORT=none is not a port" in result.stdout
    assert result.stderr == ""


@narrow
def test_the_table_of_progress_is_shown_on_any_console(encoding, tmp_path):
    store = {"COURSE_PROGRESS": str(tmp_path / "progress.sqlite3")}
    code = "from exercises import discover\nfrom exercises.engine import progress\n"
    code += "for name in discover(): progress.record(name, 'solved')"
    assert run("utf-8", "-c", code, **store).returncode == 0
    result = run(encoding, "-m", "tools.progress", **store)
    assert (result.returncode, result.stderr) == (0, "")
    assert "?" in result.stdout


@narrow
def test_a_figure_and_a_check_outside_a_notebook_are_shown_on_any_console(encoding):
    code = (
        "import matplotlib\nmatplotlib.use('agg')\nimport matplotlib.pyplot as plt\n"
        "from utils import claims, plotting\n"
        "plotting.show(plt.figure(), alt='A curve \\u2192 that falls \\u2265 by a half.')\n"
        "claims.claim('one \\u2264 two', 1, at_most=2)"
    )
    result = run(encoding, "-c", code)
    assert (result.returncode, result.stderr) == (0, "")
    assert "Figure: A curve ? that falls ? by a half." in result.stdout
    assert "one ? two" in result.stdout


def test_a_folder_whose_name_the_console_lacks_does_not_stop_progress(tmp_path):
    """Where progress cannot be kept, the reason may name a file in any script."""
    code = "from exercises.engine import progress\nprogress._warn('\\u043a\\u043b\\u044e\\u0447')"
    result = run("ascii", "-c", code, COURSE_PROGRESS=str(tmp_path / "progress.sqlite3"))
    assert (result.returncode, result.stderr) == (0, "")
    assert "Progress is not kept" in result.stdout
