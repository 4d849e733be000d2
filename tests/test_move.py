"""`make move`: a lesson gets another place, and everything that names it follows."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools import contents, move, notebooks, text
from tools.lesson import LessonError, Place, parse
from utils import course

# Names that no lesson of the course has: moving a lesson must not change this file.
NLP = ["01_letters", "02_words", "03_sentences", "04_books"]
VISION = ["01_dots", "02_edges"]


def write_lesson(root: Path, name: str, *cells, needs=()) -> None:
    place = parse(name)
    about = {
        "title": place.name.capitalize(),
        "summary": "One line.",
        "minutes": 10,
        "seconds": 5,
        "needs": list(needs),
        "topics": ["a topic"],
    }
    first = [
        new_markdown_cell(f"# {place.name.capitalize()}"),
        new_code_cell(f"from exercises.{place.package} import {place.name} as check"),
    ]
    notebook = new_notebook(cells=[*first, *cells], metadata={"course": about})
    notebooks.normalise(notebook)
    path = root / place.link
    path.parent.mkdir(parents=True, exist_ok=True)
    notebooks.write(notebook, path)
    module = root / place.module
    module.parent.mkdir(parents=True, exist_ok=True)
    (module.parent / "__init__.py").write_text('"""A chapter."""\n', encoding="utf-8")
    module.write_text(f'ID = "{place.package}.{place.name}.first"\n', encoding="utf-8")


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    """A small course: two chapters whose lessons, pages and tables name each other."""
    listed = new_code_cell("show()")
    listed.outputs = [
        new_output("display_data", {"text/markdown": "[Words](02_words.ipynb)", "text/plain": "x"})
    ]
    for name in ("01_letters", "03_sentences"):
        write_lesson(tmp_path, f"04_nlp/{name}", new_markdown_cell("[Words](02_words.ipynb#Why)"))
    write_lesson(
        tmp_path,
        "04_nlp/02_words",
        new_markdown_cell("[Letters](01_letters.ipynb), [Dots](../08_vision/01_dots.ipynb)"),
        new_markdown_cell("`layers[1](x)` is a call"),
        new_code_cell("layers[0](x)"),  # looks like a link, and is none
        needs=["chapters/04_nlp/01_letters.ipynb"],
    )
    write_lesson(tmp_path, "04_nlp/04_books", listed, needs=["chapters/04_nlp/02_words.ipynb"])
    write_lesson(tmp_path, "08_vision/01_dots", new_markdown_cell("[W](../04_nlp/02_words.ipynb)"))
    write_lesson(tmp_path, "08_vision/02_edges")
    files = {
        "README.md": f"# C\n\n{contents.BEGIN}\n{contents.END}\n",
        "docs/robustness.md": "## chapters/04_nlp/02_words.ipynb\n\n## 04_nlp/03_sentences\n",
        "docs/robustness.json": json.dumps({"nlp.words": {"notebook": "04_nlp/02_words"}}),
        "docs/page.md": "[Words](../chapters/04_nlp/02_words.ipynb) and x04_nlp/02_words_y\n",
        "tests/test_words.py": (
            'from exercises.nlp import words\n\nPATH = "04_nlp/02_words.ipynb"\nwords.first\n'
        ),
        "experiments/nlp/words.py": '"""nlp/words"""\n',
        "data/results/nlp/words/table.csv": "# recipe: experiments/nlp/words.py\na\n1\n",
        "build/robustness.jsonl": '{"notebook": "chapters/04_nlp/02_words.ipynb"}\n',
        ".gitignore": "build/\n",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, encoding="utf-8")
    contents.renew(tmp_path / "README.md", tmp_path / "chapters")
    monkeypatch.setattr(course, "ROOT", tmp_path)
    return tmp_path


@pytest.fixture
def checkout(root) -> Path:
    """The small course as a git checkout with everything committed."""
    git(root, "init", "--quiet")
    git(root, "config", "user.name", "A")
    git(root, "config", "user.email", "a@example.org")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", "All")
    return root


def git(root: Path, *arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", root, *arguments], text=True, capture_output=True, check=True
    ).stdout


def lessons_of(root: Path, chapter: str) -> list[str]:
    return sorted(path.stem for path in (root / "chapters" / chapter).glob("*.ipynb"))


def read(root: Path, name: str) -> str:
    return (root / name).read_text(encoding="utf-8")


def sources(root: Path, name: str) -> str:
    cells = nbformat.read(root / "chapters" / name, as_version=4).cells
    return "\n".join(cell.source for cell in cells)


def needs(root: Path, name: str) -> list[str]:
    return nbformat.read(root / "chapters" / name, as_version=4).metadata.course.needs


def snapshot(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }


# --- numbers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stems", "start", "goal", "expected"),
    [
        (NLP, "02_words", "04_words", ["01_letters", "02_sentences", "03_books", "04_words"]),
        (NLP, "04_books", "02_books", ["01_letters", "02_books", "03_words", "04_sentences"]),
        (NLP, "02_words", "02_terms", ["01_letters", "02_terms", "03_sentences", "04_books"]),
        (NLP, "02_words", "05_words", ["01_letters", "02_sentences", "03_books", "05_words"]),
        (["01_letters", "03_words"], "03_words", "02_words", ["01_letters", "02_words"]),
        (["01_letters", "02_words", "05_books"], "05_books", "01_books",
         ["01_books", "02_letters", "03_words"]),
    ],
)  # fmt: skip
def test_the_others_make_room_and_close_the_gap(stems, start, goal, expected):
    before = [parse(f"04_nlp/{stem}") for stem in stems]
    changed = move.shifted(before, parse(f"04_nlp/{start}"), parse(f"04_nlp/{goal}"))
    assert sorted(changed.get(place, place).stem for place in before) == expected
    assert all(old != new for old, new in changed.items())


def test_between_chapters_both_are_renumbered():
    before = [parse(f"04_nlp/{s}") for s in NLP] + [parse(f"08_vision/{s}") for s in VISION]
    changed = move.shifted(before, parse("04_nlp/02_words"), parse("08_vision/01_words"))
    after = sorted(str(changed.get(place, place)) for place in before)
    assert after == [
        "04_nlp/01_letters",
        "04_nlp/02_sentences",
        "04_nlp/03_books",
        "08_vision/01_words",
        "08_vision/02_dots",
        "08_vision/03_edges",
    ]


# --- what follows -------------------------------------------------------------------------------


def test_a_lesson_gets_another_number_and_everything_follows(checkout, capsys):
    root = checkout
    assert move.main(["04_nlp/02_words", "chapters/04_nlp/03_words.ipynb"]) == 0
    assert lessons_of(root, "04_nlp") == ["01_letters", "02_sentences", "03_words", "04_books"]
    assert "[Words](03_words.ipynb#Why)" in sources(root, "04_nlp/01_letters.ipynb")
    assert "[Words](03_words.ipynb#Why)" in sources(root, "04_nlp/02_sentences.ipynb")
    assert "(../04_nlp/03_words.ipynb)" in sources(root, "08_vision/01_dots.ipynb")
    assert needs(root, "04_nlp/04_books.ipynb") == ["chapters/04_nlp/03_words.ipynb"]
    books = nbformat.read(root / "chapters/04_nlp/04_books.ipynb", as_version=4)
    assert books.cells[2].outputs[0].data["text/markdown"] == "[Words](03_words.ipynb)"
    assert read(root, "docs/robustness.md") == (
        "## chapters/04_nlp/03_words.ipynb\n\n## 04_nlp/02_sentences\n"
    )
    assert json.loads(read(root, "docs/robustness.json")) == {
        "nlp.words": {"notebook": "04_nlp/03_words"}
    }
    assert read(root, "docs/page.md") == (
        "[Words](../chapters/04_nlp/03_words.ipynb) and x04_nlp/02_words_y\n"
    )
    assert '"04_nlp/03_words.ipynb"' in read(root, "tests/test_words.py")
    assert "chapters/04_nlp/03_words.ipynb" in read(root, "build/robustness.jsonl")
    # Exercises and what is stored carry no numbers.
    assert (root / "exercises/nlp/words.py").exists()
    assert (root / "data/results/nlp/words/table.csv").exists()
    readme = read(root, "README.md")
    assert readme.index("02_sentences.ipynb") < readme.index("03_words.ipynb")
    status = git(root, "status", "--short")
    assert "chapters/04_nlp/03_sentences.ipynb -> chapters/04_nlp/02_sentences.ipynb" in status
    said = capsys.readouterr().out
    assert "chapters/04_nlp/02_words.ipynb → chapters/04_nlp/03_words.ipynb" in said
    assert "changed inside: docs/robustness.json" in said


def test_a_changed_cell_has_the_id_that_make_run_gives_it(root):
    assert move.main(["04_nlp/02_words", "04_nlp/03_words"]) == 0
    for path in course.notebooks(root / "chapters"):
        stored = path.read_text(encoding="utf-8")
        notebook = nbformat.reads(stored, as_version=4)
        notebooks.normalise(notebook)
        assert notebooks.file_text(notebook) == stored


def test_a_new_name_changes_module_ids_and_imports(checkout, capsys):
    root = checkout
    assert move.main(["04_nlp/02_words", "04_nlp/02_terms"]) == 0
    assert lessons_of(root, "04_nlp") == ["01_letters", "02_terms", "03_sentences", "04_books"]
    assert read(root, "exercises/nlp/terms.py") == 'ID = "nlp.terms.first"\n'
    assert not (root / "exercises/nlp/words.py").exists()
    assert "from exercises.nlp import terms as check" in sources(root, "04_nlp/02_terms.ipynb")
    assert read(root, "tests/test_words.py").startswith(
        "from exercises.nlp import terms as words\n"
    )
    assert list(json.loads(read(root, "docs/robustness.json"))) == ["nlp.terms"]
    assert read(root, "experiments/nlp/terms.py") == '"""nlp/terms"""\n'
    assert "experiments/nlp/terms.py" in read(root, "data/results/nlp/terms/table.csv")
    assert "ids of its exercises changed" in capsys.readouterr().out
    assert git(root, "status", "--short").count("R") >= 4


def test_into_another_chapter_its_own_links_follow_too(root):
    assert move.main(["04_nlp/02_words", "09_speech/01_words"]) == 0
    moved = sources(root, "09_speech/01_words.ipynb")
    assert "[Letters](../04_nlp/01_letters.ipynb), [Dots](../08_vision/01_dots.ipynb)" in moved
    assert "layers[0](x)" in moved
    assert "layers[1](x)" in moved
    assert "from exercises.speech import words as check" in moved
    assert "[Words](../09_speech/01_words.ipynb#Why)" in sources(root, "04_nlp/01_letters.ipynb")
    assert (root / "exercises/speech/__init__.py").exists()
    assert (root / "experiments/speech/__init__.py").exists()
    assert lessons_of(root, "04_nlp") == ["01_letters", "02_sentences", "03_books"]


def test_an_order_that_needs_break_is_told(root, capsys):
    assert move.main(["04_nlp/01_letters", "04_nlp/03_letters"]) == 0
    said = capsys.readouterr().out
    assert (
        "chapters/04_nlp/01_words.ipynb needs chapters/04_nlp/03_letters.ipynb, which comes later"
    ) in said
    assert move.main(["04_nlp/03_letters", "04_nlp/09_letters"]) == 0
    assert "04_nlp has no lesson with the number 04, 05, 06, 07, 08 now" in capsys.readouterr().out


def test_there_and_back_changes_nothing(checkout):
    assert move.main(["04_nlp/02_words", "08_vision/01_terms"]) == 0
    git(checkout, "add", "--all")
    git(checkout, "commit", "--quiet", "--message", "Moved")
    assert move.main(["08_vision/01_terms", "04_nlp/02_words"]) == 0
    git(checkout, "add", "--all")
    changed = git(checkout, "diff", "--cached", "--name-only", "HEAD~1").split()
    packages = ["experiments/nlp/__init__.py", "experiments/vision/__init__.py"]
    assert [name for name in changed if name not in packages] == []


# --- nothing is lost ----------------------------------------------------------------------------


def test_a_dry_run_says_it_all_and_changes_nothing(root, capsys):
    before = snapshot(root)
    assert move.main(["04_nlp/02_words", "08_vision/01_terms", "--dry-run"]) == 0
    said = capsys.readouterr().out
    assert "exercises/nlp/words.py → exercises/vision/terms.py" in said
    assert said.endswith("Nothing was changed.\n")
    assert snapshot(root) == before


@pytest.mark.parametrize(
    "name",
    ["chapters/04_nlp/02_words.ipynb", "docs/page.md", "chapters/04_nlp/03_sentences.ipynb"],
)
def test_changes_that_are_not_committed_are_not_mixed_with_a_move(checkout, capsys, name):
    with (checkout / name).open("a", encoding="utf-8") as file:
        file.write("\n")
    before = snapshot(checkout)
    assert move.main(["04_nlp/02_words", "04_nlp/03_words"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: commit or stash these first")
    assert name in error
    assert snapshot(checkout) == before


def test_changes_elsewhere_do_not_matter(checkout):
    (checkout / "exercises/vision/dots.py").write_text("# new\n", encoding="utf-8")
    assert move.main(["04_nlp/02_words", "04_nlp/03_words"]) == 0


def test_a_text_with_changes_is_brought_back_first(root, capsys):
    path = root / "chapters/04_nlp/02_words.ipynb"
    script = text.write_text(path, root)
    content = script.read_text(encoding="utf-8")
    script.write_text(content + "\n# %%\nprint(1)\n", encoding="utf-8")
    assert move.main(["04_nlp/02_words", "04_nlp/03_words"]) == 1
    assert "BACK=1" in capsys.readouterr().err
    script.write_text(content, encoding="utf-8")
    assert move.main(["04_nlp/02_words", "04_nlp/03_words"]) == 0
    assert not script.exists()


# --- refusals -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "goal", "said"),
    [
        ("04_nlp/07_words", "04_nlp/03_words", "no lesson chapters/04_nlp/07_words.ipynb: its ch"),
        ("09_speech/01_words", "04_nlp/03_words", "its chapter has no lessons"),
        ("04_nlp/02_words", "04_nlp/02_words", "nothing to move"),
        ("04_nlp/02_words", "04_nlp/02_books", "of this name already"),
        ("08_vision/01_dots", "04_nlp/02_words", "of this name already"),
        ("08_vision/01_dots", "04_nlp/02_notes", "exercises/nlp/notes.py is there already"),
        ("04_nlp/02_words", "nlp/words", "not a lesson's name"),
        ("04_nlp/02_words", "11_cooking/02_words", "no chapter 11_cooking"),
        ("start_here", "04_nlp/02_words", "not a lesson's name"),
        ("", "04_nlp/02_words", "say what goes where"),
    ],
)
def test_what_cannot_be_moved_is_refused_in_a_sentence(root, capsys, start, goal, said):
    (root / "exercises/nlp/notes.py").write_text("", encoding="utf-8")
    before = snapshot(root)
    assert move.main([start, goal]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert said in error
    assert error.count("\n") == 1
    assert snapshot(root) == before


def test_every_lesson_of_the_course_could_move():
    root = Path(__file__).resolve().parents[1]
    for path in course.notebooks(root / "chapters")[1:]:
        place = parse(path.relative_to(root).as_posix())
        assert place in move.places(root)
        with pytest.raises(LessonError, match="nothing to move"):
            move.plan(place, Place(place.chapter, place.number, place.name), root)


def test_the_page_on_which_a_move_is_practised_stays_as_it_is(root):
    page = root / "docs" / "first_lesson.md"
    page.write_text("make move FROM=04_nlp/02_words TO=04_nlp/03_words\n", encoding="utf-8")
    assert move.main(["04_nlp/02_words", "04_nlp/03_words"]) == 0
    assert "FROM=04_nlp/02_words" in page.read_text(encoding="utf-8")
