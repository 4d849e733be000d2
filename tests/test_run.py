"""`make run`: stored outputs in one normal form, and nothing stored that failed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest
from harness import copy_harness
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import contents, notebooks, text
from utils import course

ROOT = Path(__file__).resolve().parents[1]
COURSE = {
    "title": "Lines",
    "summary": "A line through points: y = a + b x.",
    "minutes": 5,
    "core_minutes": 5,
    "seconds": 5,
    "needs": ["chapters/start_here.ipynb"],
    "topics": ["least squares"],
}


@pytest.fixture(autouse=True)
def _readme_stays(monkeypatch):
    """The README of the repository is no business of these tests; utils has to be found."""
    monkeypatch.setattr(contents, "renew", lambda: False)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def save(path: Path, *cells, **metadata) -> Path:
    cells = [new_code_cell(cell) if isinstance(cell, str) else cell for cell in cells]
    nbformat.write(new_notebook(cells=cells, metadata={"course": COURSE} | metadata), path)
    return path


def outputs(path: Path, index: int) -> list:
    return nbformat.read(path, as_version=4).cells[index].outputs


def assert_refused(path: Path, capsys, *words: str) -> None:
    before = path.read_bytes()
    assert notebooks.main([str(path)]) == 1
    error = capsys.readouterr().err
    for word in (str(path), *words):
        assert word in error
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


# --- storing ------------------------------------------------------------------------------------


def test_a_second_run_gives_the_same_bytes(tmp_path, capsys):
    cells = [
        new_markdown_cell("# Lines"),
        new_code_cell("print('one')\nprint('two')\n{'b': {3, 1}, 'word': hash('word')}"),
        new_code_cell("total = sum(range(20_000_000))  # the slowest\n[1, 2]"),
        new_code_cell("[1, 2]", metadata={"tags": ["solution"], "collapsed": True}),
    ]
    path = save(tmp_path / "lesson.ipynb", *cells, widgets={"state": 1}, jupytext={"x": 1})
    assert notebooks.main([str(path)]) == 0
    assert "slowest cell 3: 0." in capsys.readouterr().out
    first = path.read_bytes()
    assert first.endswith(b"}\n")
    assert notebooks.main([str(path)]) == 0
    assert path.read_bytes() == first
    assert list(tmp_path.iterdir()) == [path]

    stored = json.loads(first)
    assert stored["metadata"] == {
        "kernelspec": notebooks.KERNEL,
        "language_info": notebooks.LANGUAGE,
        "course": COURSE,
    }
    assert [cell.get("execution_count") for cell in stored["cells"]] == [None, 1, 2, 3]
    assert [cell["metadata"] for cell in stored["cells"]] == [
        {},
        {},
        {},
        {"tags": ["solution"], "jupyter": {"source_hidden": True}},
    ]
    stream, result = stored["cells"][1]["outputs"]
    assert stream["text"] == ["one\n", "two\n"]
    assert result["execution_count"] == 1


def test_the_kept_language_is_what_the_kernel_says_of_itself_without_its_version():
    from ipykernel.ipkernel import IPythonKernel

    said = dict(IPythonKernel.language_info)
    del said["version"]
    assert said == notebooks.LANGUAGE


def test_stored_notebooks_tell_nbconvert_how_a_script_is_called():
    from nbconvert.exporters import ScriptExporter

    for path in course.notebooks():
        stored = json.loads(path.read_text(encoding="utf-8"))["metadata"]
        assert stored["language_info"] == notebooks.LANGUAGE, path
    small = new_notebook(cells=[new_code_cell("1 + 1")], metadata=stored)
    _, resources = ScriptExporter().from_notebook_node(small)
    assert resources["output_extension"] == ".py"


def test_ids_come_from_the_cells_and_are_unique(tmp_path):
    path = save(tmp_path / "a.ipynb", "1", "1", new_markdown_cell("1"), "2")
    notebooks.run(path)
    ids = [cell.id for cell in nbformat.read(path, as_version=4).cells]
    assert ids[1] == f"{ids[0]}-2"
    assert len(set(ids)) == 4
    other = save(tmp_path / "b.ipynb", "2", "1")
    notebooks.run(other)
    assert [cell.id for cell in nbformat.read(other, as_version=4).cells] == [ids[3], ids[0]]


def test_streams_are_joined_and_widgets_left_out(tmp_path):
    show = "from IPython.display import display\n"
    view = f"'{notebooks.WIDGET}': {{'model_id': 'x'}}, 'text/plain': 'Slider()'"
    path = save(
        tmp_path / "lesson.ipynb",
        f"{show}print('a', flush=True)\ndisplay({{{view}}}, raw=True)\nprint('b')",
        f"{show}display({{{view}, 'text/html': '<b>still</b>'}}, raw=True)",
    )
    notebooks.run(path)
    assert [output.text for output in outputs(path, 0)] == ["a\nb\n"]
    (still,) = outputs(path, 1)
    assert sorted(still.data) == ["text/html", "text/plain"]


@pytest.mark.parametrize(("seconds", "stored"), [(0.1, 5), (5.0, 5), (5.1, 10), (27.0, 30)])
def test_seconds_are_measured_and_rounded_up(tmp_path, monkeypatch, seconds, stored):
    monkeypatch.setattr(notebooks, "execute", lambda notebook, folder: [seconds / 2, seconds / 2])
    path = save(tmp_path / "lesson.ipynb", "1", "2")
    notebooks.run(path)
    assert nbformat.read(path, as_version=4).metadata.course["seconds"] == stored


def test_minutes_are_computed_and_shown_in_the_first_cell(tmp_path):
    cells = [
        new_markdown_cell("# Lines\n\n*Time: soon*"),
        new_markdown_cell("word " * 1100),
        new_markdown_cell("## Aside · deeper\n\n" + "word " * 1000),
    ]
    path = save(tmp_path / "lesson.ipynb", *cells, course=COURSE | {"minutes": 40})
    notebooks.run(path)
    stored = nbformat.read(path, as_version=4)
    assert (stored.metadata.course.minutes, stored.metadata.course.core_minutes) == (15, 10)
    assert "*Time: 10 minutes, 15 with the deeper sections;" in stored.cells[0].source
    first = path.read_bytes()
    notebooks.run(path)
    assert path.read_bytes() == first, "the ids follow from the text as it is stored"


def test_the_kernel_sees_a_settled_environment(tmp_path, monkeypatch):
    reader = tmp_path / "reader"
    monkeypatch.setenv("COURSE_SEED", "7")
    monkeypatch.setenv("COURSE_PROGRESS", str(reader))
    monkeypatch.setenv("COURSE_CLAIMS_LOG", str(reader))
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    folder = tmp_path / "chapter"
    folder.mkdir()
    path = save(
        folder / "lesson.ipynb",
        "import json, os\nprint(json.dumps(dict(os.environ, cwd=os.getcwd())))",
    )
    notebooks.run(path)
    (output,) = outputs(path, 0)
    seen = json.loads(output.text)
    assert not {"COURSE_SEED", "COURSE_CLAIMS_LOG"} & set(seen)
    assert seen["COURSE_PROGRESS"] != str(reader)
    for name in ("COURSE_STRICT", "COURSE_THREADS", "OMP_NUM_THREADS", "TQDM_DISABLE"):
        assert seen[name] == "1"
    assert (seen["COURSE_DEVICE"], seen["PYTHONHASHSEED"]) == ("cpu", "0")
    assert Path(seen["cwd"]).samefile(folder)


# --- refusing -----------------------------------------------------------------------------------


def test_a_failing_cell_is_shown_and_nothing_stored(tmp_path, capsys):
    path = save(tmp_path / "lesson.ipynb", new_markdown_cell("Text"), "1", "x = 1\nx / 0  # here")
    assert_refused(
        path, capsys, "cell 3 of 3 (code cell 2)", "ZeroDivisionError: division by zero", "# here"
    )


def test_a_false_claim_fails_and_a_true_one_does_not(tmp_path, capsys):
    line = "from utils.claims import claim\nclaim('Two is much', 2, at_least={})"
    path = save(tmp_path / "lesson.ipynb", line.format(3))
    assert_refused(path, capsys, "ClaimError", "Two is much")
    save(path, line.format(1))
    assert notebooks.main([str(path)]) == 0


@pytest.mark.parametrize(
    "source",
    [
        "object()",
        "print(object())",
        "from IPython.display import HTML\nHTML('<p>at 0x7f0123456789</p>')",
    ],
)
def test_a_memory_address_is_a_fault(tmp_path, capsys, source):
    path = save(tmp_path / "lesson.ipynb", "'at 0x7 sharp'", source)
    assert_refused(path, capsys, "cell 2 of 2", "memory address")


def test_a_cell_that_takes_too_long(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(notebooks, "CELL_LIMIT", 1)
    path = save(tmp_path / "lesson.ipynb", "import time\ntime.sleep(30)")
    assert_refused(path, capsys, "cell 1 of 1", "ran longer than 1 s")


def test_a_kernel_that_dies(tmp_path, capsys):
    path = save(tmp_path / "lesson.ipynb", "import os\nos._exit(3)")
    assert_refused(path, capsys, "cell 1 of 1", "the kernel died")


def test_what_is_no_notebook(tmp_path, capsys):
    path = tmp_path / "lesson.ipynb"
    path.write_text("{", encoding="utf-8")
    assert_refused(path, capsys, "cannot be read as a notebook")
    path.unlink()
    assert notebooks.main([str(path)]) == 1
    assert "cannot be read as a notebook" in capsys.readouterr().err


def test_a_notebook_that_breaks_the_format(tmp_path, capsys):
    path = save(tmp_path / "lesson.ipynb", "1")
    text = path.read_text(encoding="utf-8").replace('"outputs": [],', '"outputs": [], "colour": 2,')
    assert "colour" in text
    path.write_text(text, encoding="utf-8")
    assert_refused(path, capsys, "not a valid notebook", "colour")


def test_others_are_run_after_a_failure(tmp_path, monkeypatch, capsys):
    bad, good = save(tmp_path / "a.ipynb", "1 / 0"), save(tmp_path / "b.ipynb", "1 + 1")
    monkeypatch.setattr(notebooks, "all_notebooks", lambda: [bad, good])
    assert notebooks.main([]) == 1
    assert outputs(bad, 0) == []
    assert outputs(good, 0)[0].data["text/plain"] == "2"
    assert str(bad) in capsys.readouterr().err


# --- the same under pytest, and by way of text --------------------------------------------------


def test_pytest_settles_the_environment_of_kernels_too(tmp_path):
    """The repository's conftest.py beside two notebooks, run as `make test` runs the course's."""
    copy_harness(tmp_path)
    reader = tmp_path / "reader"
    names = ("COURSE_STRICT", "COURSE_THREADS", "OMP_NUM_THREADS", "TQDM_DISABLE")
    settled = f"import os\nassert all(os.environ[name] == '1' for name in {names})\n"
    settled += f"assert os.environ['COURSE_PROGRESS'] != {str(reader)!r}"
    claim = "from utils.claims import claim\nclaim('Two is much', 2, at_least={})"
    save(tmp_path / "good.ipynb", settled, claim.format(1))
    save(tmp_path / "bad.ipynb", settled, claim.format(3))
    env = {k: v for k, v in os.environ.items() if not k.startswith(("COURSE_", "PYTEST_"))}
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "-n", "2", "--dist", "loadfile"]
    result = subprocess.run(
        [*command, "-p", "no:cacheprovider", "-rfE", "--rootdir", str(tmp_path), "."],
        cwd=tmp_path,
        env=env | {"COURSE_PROGRESS": str(reader), "COURSE_STRICT": "0"},
        text=True,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 1, result.stdout
    assert "1 failed, 3 passed" in result.stdout
    assert "bad.ipynb" in result.stdout.split("short test summary")[1]
    assert not reader.exists()


def test_text_and_back_keeps_everything_but_outputs(tmp_path):
    path = save(
        tmp_path / "lesson.ipynb",
        new_markdown_cell("# Lines\n\nA formula: $y = a + b x$\n\n- a list"),
        new_code_cell("1 + 1", metadata={"tags": ["nbval-check-output"]}),
        new_code_cell("def line(x):\n    ...\n\n\ncheck = print\ncheck(line is None)"),
        new_code_cell("'solved'", metadata={"tags": ["solution"]}),
    )
    notebooks.run(path)
    before = path.read_bytes()
    script = text.to_text(nbformat.read(path, as_version=4))
    assert "title: Lines" in script
    path.unlink()
    nbformat.write(text.from_text(script), path)  # the text alone, without the notebook's help
    notebooks.run(path)
    assert path.read_bytes() == before


def test_the_guides_example_is_read_as_it_says():
    guide = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    example = guide[guide.index("```python\n# ---") :].split("```")[1].removeprefix("python\n")
    notebook = jupytext.reads(example, fmt="py:percent")
    assert set(notebook.metadata["course"]) == set(COURSE)
    assert [cell.cell_type for cell in notebook.cells] == ["markdown", "code"]
    assert notebook.cells[1].metadata["tags"] == ["nbval-check-output"]
