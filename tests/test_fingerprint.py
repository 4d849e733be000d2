"""Prints of a lesson's own code and of the modules of `utils` behind it."""

import subprocess

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import fingerprint


def notebook(*sources: str) -> nbformat.NotebookNode:
    return new_notebook(cells=[new_code_cell(source) for source in sources])


CODE = """
import numpy as np
from utils.seeds import seed_everything

seed_everything(0)
def double(x):
    return 2 * x
print(f"twice {double(np.pi):.{1 + 1}f}")
"""


@pytest.mark.parametrize(
    "same",
    [
        CODE.replace("return 2 * x", "return (2*x)  # twice"),
        CODE.replace("utils.seeds import seed_everything", "utils.luck import seed_everything"),
        CODE.replace("from utils.seeds import", "from exercises import start_here\nimport utils.x\n"
                     "from utils.seeds import"),
        CODE.replace("import numpy as np", "import numpy as np\nimport utils.data as data"),
        CODE.replace("    return", '    """Two times x."""\n    return'),
    ],
)  # fmt: skip
def test_layout_comments_docstrings_and_own_imports_do_not_count(same):
    assert same != CODE
    assert fingerprint.code_of(notebook(same)) == fingerprint.code_of(notebook(CODE))


@pytest.mark.parametrize(
    "other",
    [
        CODE.replace("2 * x", "x * 2"),
        CODE.replace("seed_everything(0)", "seed_everything(1)"),
        CODE.replace("import numpy as np", "import numpy as np\nimport math"),
        CODE.replace("import numpy as np", "import numpy as np, utils.x, math"),
        CODE.replace("twice", "Twice"),
        CODE.replace("1 + 1", "1 + 2"),
        CODE.replace("np.pi", "None"),
    ],
)
def test_other_code_counts(other):
    assert other != CODE
    assert fingerprint.code_of(notebook(other)) != fingerprint.code_of(notebook(CODE))


def test_where_cells_end_and_what_is_no_code_does_not_count():
    cells = [new_code_cell("a = 1"), new_markdown_cell("More."), new_code_cell("import utils.data")]
    split = new_notebook(cells=[*cells, new_code_cell("# nothing"), new_code_cell("b = a")])
    assert fingerprint.code_of(split) == fingerprint.code_of(notebook("a = 1\nb = a"))
    assert fingerprint.code_of(split) != fingerprint.code_of(notebook("b = a\na = 1"))


@pytest.mark.parametrize("tag", ["exercise", "solution"])
def test_the_cells_of_an_exercise_do_not_count(tag):
    def with_cell(source, *tags):
        cell = new_code_cell(source, metadata={"tags": ["nbval-check-output", *tags]})
        return new_notebook(cells=[new_code_cell("import numpy as np"), cell])

    found = fingerprint.code_of(with_cell("from utils import data\nx = ...\ncheck.x(x)", tag))
    assert found == fingerprint.code_of(notebook("import numpy as np"))
    assert found != fingerprint.code_of(with_cell("x = ...\ncheck.x(x)"))
    assert fingerprint.modules_of(with_cell("from utils import data", tag), FILES.get) == {}


def test_a_cell_that_is_no_plain_python_counts_by_its_text():
    first, second = notebook("%timeit 1 + 1"), notebook("%timeit 1 + 2")
    assert fingerprint.code_of(first) != fingerprint.code_of(second)
    assert fingerprint.modules_of(first) == {}


def test_a_print_is_the_same_in_every_version_of_python():
    # With any other print all that is kept would be stale.
    assert fingerprint.code_of(notebook(CODE)) == "15967fe2fa84e399", (
        "or all that is kept would be stale"
    )


FILES = {
    "utils/__init__.py": "",
    "utils/claims.py": "from utils.display import emit\n",
    "utils/display.py": "def emit(): ...\n",
    "utils/plotting.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n"
    "    from utils.training import History\n",
    "utils/training.py": "def later():\n    from utils.seeds import thread_limit\n",
    "utils/seeds.py": "thread_limit = 1\n",
    "utils/data/__init__.py": "from utils.data.tables import iris\n",
    "utils/data/tables.py": "def iris(): ...\n",
}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("from utils.claims import claim", {"claims", "display"}),
        ("from utils import claims as c, data", {"claims", "display", "data", "data.tables"}),
        ("import utils.data.tables", {"data", "data.tables"}),
        ("def f():\n    import utils.training", {"training", "seeds"}),
        ("from utils.plotting import show", {"plotting"}),
        ("from exercises import start_here\nimport numpy", None),
    ],
)
def test_modules_that_a_notebook_uses_directly_and_through_others(source, expected):
    found = fingerprint.modules_of(notebook(source), FILES.get)
    if expected is None:
        assert found == {}
    else:
        assert set(found) == {"utils", *(f"utils.{name}" for name in expected)}


EXERCISES = """
import numpy as np
from exercises.engine import Bug, Case, Value
from utils.data import tables

SCALE = 2.0
HALF = Value("half", title="Half", reference=1 / 2)

def _scaled(values):
    return SCALE * np.asarray(values)

def _double(values):
    \"\"\"Twice the values.\"\"\"
    return _scaled(values)

def _cases(rng):
    yield Case((tables.iris(),))

double = Bug("double", title="Double", cases=_cases, reference=_double)
"""
USES = (
    "from exercises.made_up import lesson as check\nfrom utils.seeds import thread_limit",
    "def twice(x):\n    return check.double.accepted()(x)",
)


@pytest.mark.parametrize(
    ("old", "new", "counts"),
    [
        ("SCALE = 2.0", "SCALE = 3.0", True),
        ("return SCALE * np", "return np", True),
        ("_scaled(values)\n\ndef _cases", "2 * _scaled(values)\n\ndef _cases", True),
        ("import numpy as np", "import jax.numpy as np", True),
        ("Twice the values.", "The values, twice.", False),
        ("tables.iris()", "tables.iris(), 3", False),
        ('title="Double"', 'title="Twice"', False),
        ("SCALE = 2.0", "OTHER = 3.0\nSCALE = 2.0", False),
    ],
)
def test_the_references_count_where_a_lesson_goes_on_with_an_answer(old, new, counts):
    assert EXERCISES.count(old) == 1
    place = "exercises/made_up/lesson.py"
    before = fingerprint.modules_of(notebook(*USES), (FILES | {place: EXERCISES}).get)
    assert set(before) == {"exercises.made_up.lesson", "utils", "utils.seeds"}
    files = FILES | {place: EXERCISES.replace(old, new)}
    assert (fingerprint.modules_of(notebook(*USES), files.get) != before) is counts
    assert set(fingerprint.modules_of(notebook(USES[0]), files.get)) == {"utils", "utils.seeds"}


def test_a_module_has_another_print_after_a_change_of_its_code_only():
    source = notebook("import utils.claims")
    before = fingerprint.modules_of(source, FILES.get)
    words = FILES | {"utils/display.py": '"""More."""\ndef emit():\n    ...  # nothing yet\n'}
    assert fingerprint.modules_of(source, words.get) == before
    code = FILES | {"utils/display.py": "def emit(): pass\n"}
    after = fingerprint.modules_of(source, code.get)
    assert {name for name in before if before[name] != after[name]} == {"utils.display"}


def test_files_of_this_checkout_and_of_a_commit(monkeypatch, tmp_path):
    def git(*words):
        who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True)

    monkeypatch.setattr(fingerprint.course, "ROOT", tmp_path)
    (tmp_path / "a.py").write_text("1\n", "utf-8")
    git("init")
    git("add", ".")
    git("commit", "-m", "first")
    (tmp_path / "a.py").write_text("2\n", "utf-8")
    (tmp_path / "b.py").write_text("", "utf-8")
    then = fingerprint.at_commit("HEAD")
    assert (then("a.py"), then("b.py")) == ("1\n", None)
    assert [fingerprint.on_disk(name) for name in ("a.py", "b.py", "c.py")] == ["2\n", "", None]
    with pytest.raises(subprocess.CalledProcessError):
        fingerprint.at_commit("no-such-commit")
