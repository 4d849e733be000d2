"""The harness itself: which cells pytest with nbval lets pass, and which it does not.

One notebook with a cell for every case is run as ``make test`` runs the course's notebooks: by
real pytest, in a folder that holds the repository's own conftest.py.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from typing import Any

import nbformat
import pytest
from harness import copy_harness
from nbformat.v4 import new_code_cell, new_notebook, new_output

from utils.course import ROOT

EXERCISE = '''
"""An exercise of its own, so that the harness does not depend on the course's."""
from exercises.engine import Case, Function, Mistake

double = Function(
    "harness.double",
    title="Double",
    cases=lambda rng: [Case((n,)) for n in (0, 1, 5)],
    expected=lambda n: n + n,
    reference=lambda n: 2 * n,
    mistakes=[
        Mistake("square", lambda n: n * n, "Multiply by 2, not by itself."),
        Mistake("one more", lambda n: 2 * n + 1, "Leave the 1 out."),
    ],
    also_correct=[lambda n: n + n],
    hints=("One.", "Two."),
    carry_on="Carry on.",
)
'''

IMPORTS = """
import os
import harness_exercise as check
from IPython.utils.capture import capture_output
from utils.claims import claim

def shown(action, *arguments):
    '''What the action displays: the text and the HTML of its only output.'''
    with capture_output() as captured:
        action(*arguments)
    (output,) = captured.outputs
    return output.data["text/plain"], output.data["text/html"]
"""
STUB = """
def double(n):
    ...

check.double(double)
text, html = shown(check.double, double)
assert text.startswith("○ Not attempted yet: Double"), text
"""
MISTAKEN = """
check.double(lambda n: n * n)
text, html = shown(check.double, lambda n: n * n)
assert text.startswith("✗ Not yet: Double\\n  This looks like: square."), text
assert "<strong>" in html and "✗" in html and "This looks like: square." in html
"""
SAME, CHECKED = "print(6 * 7)", ("nbval-check-output",)

# name: (source, stored output or None, tags, whether pytest must let it pass)
CELLS: dict[str, tuple[str, str | None, tuple[str, ...], bool]] = {
    "imports": (IMPORTS, "", (), True),
    "true claim": ("claim('true', 1.0, at_least=0.5)", "", (), True),
    "false claim": ("claim('false', 0.0, at_least=0.5)", "", (), False),
    "a claim about NaN": ("claim('false', float('nan'), at_least=0.5)", "", (), False),
    "right solution": ("check.double.confirm(lambda n: n + n)", "", (), True),
    "wrong solution": ("check.double.confirm(lambda n: n * n)", "", (), False),
    "forgotten solution": ("check.double.confirm(...)", "", (), False),
    "untouched stub": (STUB, "", (), True),
    "wrong on purpose": (MISTAKEN, "", (), True),
    "an error": ("1 / 0", "", (), False),
    "after an error": ("claim('true', 1.0, at_least=0.5)", "", (), True),
    "same output": (SAME, "42\n", CHECKED, True),
    "changed output": (SAME, "41\n", CHECKED, False),
    "changed output, not compared": (SAME, "41\n", (), True),
    "strict": ("assert os.environ['COURSE_STRICT'] == '1'", "", (), True),
    "no bars": ("assert os.environ['TQDM_DISABLE'] == '1'", "", (), True),
    "one thread": ("assert os.environ['COURSE_THREADS'] == '1'", "", (), True),
    "progress of its own": (
        "from exercises.engine import progress\nassert 'course-tests-' in str(progress.path())",
        "",
        (),
        True,
    ),
    # What nbval lets through, which is why checks raise and notebook_rules has rules against it.
    "a printed ‘incorrect’": ("print('incorrect!')", "correct!\n", (), True),
    "compared with nothing, as it was never run": (SAME, None, CHECKED, True),
    "no error where one is announced": ("1 + 1", "", ("raises-exception",), True),
    "an error that is announced": ("1 / 0", "", ("raises-exception",), True),
    "skipped": ("1 / 0", "", ("nbval-skip",), True),
}


def cell(source: str, stored: str | None, tags: tuple[str, ...], count: int) -> Any:
    outputs = [new_output("stream", name="stdout", text=stored)] if stored else []
    return new_code_cell(
        source,
        metadata={"tags": list(tags)} if tags else {},
        execution_count=None if stored is None else count,
        outputs=outputs,
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Runs the notebook once; the results by the names in CELLS, and all that was said."""
    folder = tmp_path_factory.mktemp("harness")
    copy_harness(folder)
    (folder / "harness_exercise.py").write_text(EXERCISE, encoding="utf-8")
    cells = [cell(*case[:3], count) for count, case in enumerate(CELLS.values(), start=1)]
    nbformat.write(new_notebook(cells=cells), folder / "cases.ipynb")

    forget = ("COURSE_", "PYTEST_")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(forget)}
    environment["PYTHONPATH"] = str(ROOT)
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--junitxml=results.xml"]
    command += ["--rootdir=.", "-p", "no:cacheprovider", "-q", "cases.ipynb"]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120
    )
    cases = list(ElementTree.parse(folder / "results.xml").iter("testcase"))
    # nbval collects no test for a cell that is to be skipped, or reports it as skipped.
    results = {int(case.get("name").removeprefix("Cell ")): case for case in cases}
    failed = {
        name: number in results and results[number].find("failure") is not None
        for number, name in enumerate(CELLS)
    }
    texts = {
        name: "".join(results[number].itertext()) if number in results else ""
        for number, name in enumerate(CELLS)
    }
    return done, failed, texts, len(cases)


def test_the_run_as_a_whole_fails_and_covers_every_cell(run):
    done, failed, _, count = run
    assert done.returncode == 1, done.stdout + done.stderr
    assert len(CELLS) - 1 <= count <= len(CELLS)
    assert sum(failed.values()) == sum(not must_pass for *_, must_pass in CELLS.values())


@pytest.mark.parametrize("name", [name for name, case in CELLS.items() if case[3]])
def test_a_cell_that_must_pass_passes(run, name):
    _, failed, texts, _ = run
    assert not failed[name], texts[name]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("false claim", "ClaimError"),
        ("a claim about NaN", "ClaimError"),
        ("wrong solution", "SolutionError"),
        ("forgotten solution", "SolutionError"),
        ("an error", "ZeroDivisionError"),
        ("changed output", "41"),
    ],
)
def test_a_cell_that_must_fail_fails_for_its_reason(run, name, said):
    _, failed, texts, _ = run
    assert failed[name]
    assert said in texts[name]


def test_every_case_is_expected_one_way_or_the_other():
    must_fail = {name for name, case in CELLS.items() if not case[3]}
    (mark,) = test_a_cell_that_must_fail_fails_for_its_reason.pytestmark
    assert must_fail == {name for name, _ in mark.args[1]}


def test_only_a_complete_and_successful_run_keeps_its_time(tmp_path):
    copy_harness(tmp_path)
    kept = tmp_path / "build" / "tests.json"
    tests = tmp_path / "tests" / "test_some.py"

    def run(source: str, *arguments: str) -> None:
        tests.write_text(source, encoding="utf-8")
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
        subprocess.run(
            command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, timeout=60
        )

    two = "def test_one(): pass\n\n\ndef test_two(): assert {}\n"
    run(two.format("False"))
    run(two.format("True"), "-k", "one")
    run(two.format("True"), "tests/test_some.py")
    assert not kept.exists()
    run(two.format("True"), "-n2")
    numbers = json.loads(kept.read_text("utf-8"))
    assert (numbers["passed"], numbers["workers"]) == (2, 2)
    assert 0 <= numbers["seconds"] < 60
