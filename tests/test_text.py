"""`make text`: a notebook as a percent script and back, and nothing that somebody wrote is lost."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools import notebooks, text
from tools.text import TextError
from utils import course

LESSONS = course.notebooks()
ABOUT = {
    "title": "Lines: a start",
    "summary": "A line through points: y = a + b x.",
    "minutes": 40,
    "seconds": 5,
    "needs": ["chapters/start_here.ipynb"],
    "topics": ["least squares", "ridge"],
}


@pytest.fixture
def root(tmp_path):
    """A course with one lesson of four cells, in the normal form."""
    cells = [
        new_markdown_cell("# Lines\n\n*Time: 40 minutes.*\n\nFirst $a$, then `b`.\n\n- one\n- two"),
        new_code_cell("print(2 + 2)", metadata={"tags": ["nbval-check-output"]}),
        new_markdown_cell("Prose."),
        new_code_cell("def solution():\n    return 3", metadata={"tags": ["solution"]}),
    ]
    cells[1].outputs = [new_output("stream", name="stdout", text="4\n")]
    notebook = new_notebook(cells=cells, metadata={"course": ABOUT})
    notebooks.normalise(notebook)
    folder = tmp_path / "chapters" / "01_ml_basics"
    folder.mkdir(parents=True)
    notebooks.write(notebook, folder / "01_lines.ipynb")
    return tmp_path


@pytest.fixture
def lesson(root) -> Path:
    return root / "chapters" / "01_ml_basics" / "01_lines.ipynb"


def read(path: Path):
    return nbformat.read(path, as_version=4)


def edit(path: Path, old: str, new: str) -> None:
    content = path.read_text(encoding="utf-8")
    assert old in content
    path.write_text(content.replace(old, new), encoding="utf-8")


# --- there and back -----------------------------------------------------------------------------


@pytest.mark.parametrize("path", LESSONS, ids=course.lesson_id)
def test_every_lesson_comes_back_as_it_was(path, tmp_path):
    copy = tmp_path / path.relative_to(course.ROOT)
    copy.parent.mkdir(parents=True)
    shutil.copy(path, copy)
    written = text.write_text(copy, tmp_path)
    place = written.relative_to(tmp_path / "build" / "text").with_suffix(".ipynb")
    assert place == path.relative_to(course.ROOT / "chapters")

    # The text alone, without what the notebook could add to it.
    before, after = read(path), text.from_text(written.read_text(encoding="utf-8"))
    assert [(cell.cell_type, cell.source, cell.metadata) for cell in before.cells] == [
        (cell.cell_type, cell.source, cell.metadata) for cell in after.cells
    ]
    assert after.metadata.course == before.metadata.course
    assert after.metadata.kernelspec == before.metadata.kernelspec

    assert text.bring_back(copy, tmp_path) is False
    assert copy.read_bytes() == path.read_bytes()


def test_the_text_is_what_one_would_write(root, lesson):
    lines = text.write_text(lesson, root).read_text(encoding="utf-8").splitlines()
    assert "#   course:" in lines
    assert "#     title: 'Lines: a start'" in lines
    assert "# # Lines" in lines
    assert '# %% tags=["nbval-check-output"]' in lines
    assert "print(2 + 2)" in lines
    assert not any("jupytext" in line for line in lines)


@pytest.mark.parametrize(
    "source",
    [
        "x = 1\n# %%\ny = 2",
        "x = 1\n# %% [markdown]\n# y",
        "x = 1\n  ",
    ],
)
def test_a_cell_that_would_not_come_back_is_refused(root, lesson, source):
    notebook = read(lesson)
    notebook.cells[1].source = source
    notebooks.write(notebook, lesson)
    with pytest.raises(TextError, match=r"looks like the mark|would not come back"):
        text.write_text(lesson, root)
    assert not (root / "build").exists()


# --- what the way back keeps --------------------------------------------------------------------


def test_unchanged_cells_keep_their_outputs_and_changed_ones_have_none(root, lesson):
    script = text.write_text(lesson, root)
    edit(script, "return 3", "return 4")
    edit(script, "# Prose.", "# Better prose.")
    assert text.bring_back(lesson, root) is True
    cells = read(lesson).cells
    assert cells[1].outputs[0].text == "4\n"
    assert (cells[1].execution_count, cells[3].execution_count) == (1, None)
    assert (cells[2].source, cells[3].source) == (
        "Better prose.",
        "def solution():\n    return 4",
    )


def test_a_new_cell_does_not_take_the_outputs_of_those_behind_it(root, lesson):
    script = text.write_text(lesson, root)
    edit(script, "# %% [markdown]\n# Prose.", "# %%\nprint(5)\n\n# %% [markdown]\n# Prose.")
    assert text.bring_back(lesson, root) is True
    cells = read(lesson).cells
    assert [len(cell.get("outputs", [])) for cell in cells] == [0, 1, 0, 0, 0]
    assert cells[2].execution_count is None


def test_new_prose_alone_needs_no_run(root, lesson):
    script = text.write_text(lesson, root)
    edit(script, "# Prose.", "# Better prose.")
    edit(script, "summary: '", "summary: 'Once more, ")
    assert text.bring_back(lesson, root) is False
    assert read(lesson).metadata.course.summary.startswith("Once more, ")
    before = lesson.read_bytes()
    assert text.bring_back(lesson, root) is False
    assert lesson.read_bytes() == before


def test_a_solution_written_as_text_is_folded_and_cells_have_the_ids_of_make_run(root, lesson):
    script = text.write_text(lesson, root)
    with script.open("a", encoding="utf-8") as file:
        file.write('\n# %% tags=["solution"]\nx = 1\n')
    text.bring_back(lesson, root)
    notebook = read(lesson)
    assert notebook.cells[-1].metadata.jupyter.source_hidden
    ids = [cell.id for cell in notebook.cells]
    notebooks.normalise(notebook)
    assert [cell.id for cell in notebook.cells] == ids


def test_the_notebook_keeps_its_measured_numbers(root, lesson):
    script = text.write_text(lesson, root)
    edit(script, "# Prose.", "# Better prose.")
    notebook = read(lesson)  # as `make run` does in between
    notebook.metadata.course["seconds"] = 30
    notebook.cells[0].source = notebook.cells[0].source.replace("40 minutes", "50 minutes")
    notebooks.write(notebook, lesson)
    text.bring_back(lesson, root)
    assert read(lesson).metadata.course.seconds == 30
    assert "*Time: 50 minutes.*" in read(lesson).cells[0].source
    assert read(lesson).cells[2].source == "Better prose."


# --- nothing is lost ----------------------------------------------------------------------------


def test_a_text_with_changes_is_not_written_anew(root, lesson):
    script = text.write_text(lesson, root)
    text.write_text(lesson, root)  # untouched: nothing to lose
    edit(script, "# Prose.", "# Better prose.")
    with pytest.raises(TextError, match=r"not in the notebook.*BACK=1"):
        text.write_text(lesson, root)
    assert "Better prose" in script.read_text(encoding="utf-8")
    text.bring_back(lesson, root)
    text.write_text(lesson, root)


def test_a_text_that_was_brought_back_follows_the_notebook_again(root, lesson):
    script = text.write_text(lesson, root)
    edit(script, "# Prose.", "# Better prose.")
    text.bring_back(lesson, root)
    notebook = read(lesson)
    notebook.cells[2].source = "Still better."
    notebooks.write(notebook, lesson)
    text.write_text(lesson, root)
    assert "# Still better." in script.read_text(encoding="utf-8")


def test_a_notebook_that_was_changed_meanwhile_is_not_overwritten(root, lesson):
    script = text.write_text(lesson, root)
    edit(script, "print(2 + 2)", "print(2 + 3)")
    notebook = read(lesson)
    notebook.cells[2].source = "Prose from JupyterLab."
    notebooks.write(notebook, lesson)
    before = lesson.read_bytes()
    with pytest.raises(TextError, match=r"was changed since its text was made"):
        text.bring_back(lesson, root)
    assert lesson.read_bytes() == before


def test_a_run_in_between_is_no_change(root, lesson):
    script = text.write_text(lesson, root)
    with script.open("a", encoding="utf-8") as file:
        file.write('\n# %% tags=["figure"]\n# Drawing: nothing.\n')
    text.bring_back(lesson, root)
    notebook = read(lesson)
    notebooks.normalise(notebook)
    notebook.metadata.course["seconds"] = 10
    notebooks.write(notebook, lesson)
    edit(script, "# Prose.", "# Better prose.")
    text.bring_back(lesson, root)
    assert read(lesson).cells[2].source == "Better prose."


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        ("", "has no `course` in its head"),
        ("print(1)\n", "has no `course` in its head"),
        ("# ---\n# jupyter:\n#   course:\n#     title: a: b\n# ---\n", "needs quotes"),
    ],
)
def test_a_text_without_its_head_is_refused(root, lesson, spoil, said):
    text.write_text(lesson, root).write_text(spoil, encoding="utf-8")
    before = lesson.read_bytes()
    with pytest.raises(TextError, match=said):
        text.bring_back(lesson, root)
    assert lesson.read_bytes() == before


def test_there_must_be_a_text(root, lesson):
    with pytest.raises(TextError, match=r"no build/text/01_ml_basics/01_lines\.py: make it with"):
        text.bring_back(lesson, root)


@pytest.mark.parametrize("name", ["README.md", "elsewhere/x.ipynb", "chapters/01_ml_basics/x.py"])
def test_only_notebooks_of_the_course_have_a_text(root, name):
    with pytest.raises(TextError, match=r"not a notebook in chapters/"):
        text.text_path(root / name, root)


def test_the_command_says_what_to_do_next(root, lesson, monkeypatch, capsys):
    monkeypatch.setattr(course, "ROOT", root)
    monkeypatch.chdir(root)
    name = "chapters/01_ml_basics/01_lines.ipynb"
    assert text.main([name]) == 0
    said = capsys.readouterr().out
    assert said.startswith("build/text/01_ml_basics/01_lines.py: edit it, then bring it back")
    assert said.endswith(f"make text NB={name} BACK=1\n")
    edit(text.text_path(lesson, root), "2 + 2", "2 + 3")
    assert text.main([name, "--back"]) == 0
    assert f"make run NB={name}" in capsys.readouterr().out
    assert text.main([name, "--back"]) == 0
    assert "code is as it was" in capsys.readouterr().out
    assert text.main([]) == 1
    assert capsys.readouterr().err.startswith("error: say which notebook")
    assert text.main(["chapters/gone.ipynb"]) == 1
    assert "cannot be read as a notebook" in capsys.readouterr().err


@pytest.mark.parametrize("tags", ["[exercise]", '["exercise"', "exercise", "['exercise']"])
def test_a_tag_that_would_be_lost_is_refused_with_its_line(tags):
    with pytest.raises(TextError, match=r"line 3: tags are written in quotation marks"):
        text.from_text(f"# %% [markdown]\n# Prose.\n# %% tags={tags}\nprint(1)\n")


def test_tags_in_quotation_marks_come_back():
    notebook = text.from_text('# %% tags=["figure", "exercise"]\nprint(1)\n')
    assert notebook.cells[0].metadata["tags"] == ["figure", "exercise"]
