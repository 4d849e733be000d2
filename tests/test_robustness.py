"""`make robustness`: the claims of every seed, which notebooks are run, and what is kept."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools import claims_table, notebooks, robustness

ROOT = Path(__file__).resolve().parents[1]
IMPORTS = """
import os
from utils.claims import claim
SEED = int(os.environ.get("COURSE_SEED", 0))
"""


@pytest.fixture(autouse=True)
def _place(monkeypatch, tmp_path):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setattr(robustness, "OUTPUT", tmp_path / "build")
    monkeypatch.setattr(robustness, "KEPT", tmp_path / "docs")


@pytest.fixture
def no_kernel(monkeypatch):
    """Notebooks run in this process, one at a time: what is tested does not depend on kernels."""

    def execute(notebook, folder, settings, errors):
        variables = {}
        with pytest.MonkeyPatch.context() as patch:
            for name, value in settings.items():
                patch.setenv(name, value)
            for cell in notebook.cells:
                exec(cell.source, variables)
        return [0.0]

    monkeypatch.setattr(notebooks, "execute", execute)
    monkeypatch.setattr(robustness, "ProcessPoolExecutor", lambda *_, **__: ThreadPoolExecutor(1))


def save(path, *cells, **course):
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in (IMPORTS, *cells)])
    if course:
        notebook.metadata["course"] = course
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    return path


def rows(tmp_path, folder="build"):
    entries = claims_table.read(tmp_path / folder / "robustness.json")
    return [row for entry in entries.values() for row in claims_table.rows(entry)]


def test_claims_that_hold_for_every_seed(tmp_path, capsys):
    path = save(tmp_path / "good.ipynb", 'claim("The seed is small", SEED, at_most=5)')
    assert robustness.main([str(path), "--seeds", "2", "--jobs", "1"]) == 0
    (row,) = rows(tmp_path)
    assert (row["min"], row["max"], row["margin"], row["holds"], row["seeds"]) == (0, 1, 4, 2, 2)
    text = (tmp_path / "build" / "robustness.md").read_text("utf-8")
    assert "| The seed is small | ≤ 5 | 0 | 0.5 | 1 | 4 | 4.00 | 2/2 |" in text
    assert "1 of 1 claims in 1 notebooks hold for every seed that was run: 2 a notebook" in text
    assert (
        "1 of 1 claims hold for all seeds, 0 are nearer to their bound" in capsys.readouterr().out
    )


def test_a_claim_that_fails_for_one_seed_fails_the_command_and_hides_nothing(tmp_path, capsys):
    path = save(
        tmp_path / "bad.ipynb",
        'claim("The seed is even", SEED % 2, at_most=0)',
        'claim("One is one", 1, close_to=1, within=0)',
    )
    assert robustness.main([str(path), "--seeds", "3", "--jobs", "1"]) == 1
    even, one = rows(tmp_path)
    assert (even["holds"], even["failed"], even["margin"]) == (2, [1], -1)
    assert (one["holds"], one["seeds"]) == (3, 3), "the cell behind a failing claim has run"
    assert "✗ The seed is even" in capsys.readouterr().out


def test_a_cell_that_fails_for_one_seed_fails_the_command(tmp_path):
    path = save(tmp_path / "crash.ipynb", "1 / (1 - SEED)", 'claim("One is one", 1, at_least=1)')
    assert robustness.main([str(path), "--seeds", "2", "--jobs", "1"]) == 1
    assert rows(tmp_path)[0]["holds"] == 2
    text = (tmp_path / "build" / "robustness.md").read_text("utf-8")
    assert "seed 1: cell 2 of 3 (code cell 2): ZeroDivisionError" in text


@pytest.mark.parametrize("wrong", ["--seeds=0", "--jobs=0", "--first=-1", "--minutes=0"])
def test_wrong_numbers_are_refused(wrong):
    with pytest.raises(SystemExit):
        robustness.main([wrong])


def test_resume_runs_only_what_is_missing_or_has_other_code(tmp_path, capsys, no_kernel):
    path = save(tmp_path / "good.ipynb", 'claim("The seed is small", SEED, at_most=5)')
    other = save(tmp_path / "other.ipynb", 'claim("One is one", 1, at_least=1)')
    command = [str(path), str(other), "--jobs", "1", "--resume"]
    assert robustness.main([*command, "--seeds", "1"]) == 0
    save(other, 'claim("Two is two", 2, at_least=2)')
    capsys.readouterr()
    assert robustness.main([*command, "--seeds", "2"]) == 0
    said = [line.split(":")[0] for line in capsys.readouterr().out.splitlines()]
    ran = {
        (line.split("/")[-1].split()[0], line.split()[-1]) for line in said if ".ipynb seed" in line
    }
    assert ran == {("good.ipynb", "1"), ("other.ipynb", "0"), ("other.ipynb", "1")}
    expected = [("The seed is small", 2), ("Two is two", 2)]
    assert [(row["claim"], row["holds"]) for row in rows(tmp_path)] == expected
    one_more = ["--jobs", "1", "--resume", "--first", "4", "--seeds", "1"]
    assert robustness.main([str(other), *one_more]) == 0
    capsys.readouterr()
    assert robustness.main([str(path), str(other), "--report"]) == 0
    assert "ipynb seed" not in capsys.readouterr().out
    expected = [("The seed is small", 2), ("Two is two", 3)]
    assert [(row["claim"], row["holds"]) for row in rows(tmp_path)] == expected
    text = (tmp_path / "build" / "robustness.md").read_text("utf-8")
    assert "every seed that was run: 2 to 3 a notebook" in text
    assert "COURSE_SEED 0 – 1, 4" in text


def test_a_report_on_nothing_is_refused(tmp_path):
    path = save(tmp_path / "good.ipynb", "1 + 1")
    with pytest.raises(SystemExit):
        robustness.main([str(path), "--report"])


def test_a_lesson_of_which_runs_are_stored_is_begun_anew_and_the_others_stay(tmp_path, no_kernel):
    one = save(tmp_path / "one.ipynb", 'claim("One", 1, at_least=0)')
    two = save(tmp_path / "two.ipynb", 'claim("Two", 2, at_least=0)')
    robustness.main([str(one), str(two), "--seeds", "2", "--jobs", "1"])
    robustness.main([str(one), "--seeds", "1", "--jobs", "1"])
    assert [(row["claim"], row["holds"]) for row in rows(tmp_path)] == [("One", 1), ("Two", 2)]


# --- what is kept -------------------------------------------------------------------------------


@pytest.fixture
def lesson(monkeypatch, tmp_path, no_kernel):
    """A lesson of a course that has no other."""
    path = save(tmp_path / "lines.ipynb", 'claim("The seed is small", SEED, at_most=5)')
    monkeypatch.setattr(notebooks, "all_notebooks", lambda: [path])
    return path


def test_runs_are_kept_in_pieces_and_the_table_with_them(lesson, tmp_path, capsys):
    command = [str(lesson), "--seeds", "1", "--jobs", "1"]
    assert robustness.main(command) == 0
    assert not (tmp_path / "docs").exists(), "nothing is kept unasked"
    assert robustness.main([str(lesson), "--report", "--keep"]) == 0
    assert robustness.main([*command, "--first", "3", "--keep"]) == 0
    (row,) = rows(tmp_path, "docs")
    assert (row["min"], row["max"], row["seeds"]) == (0, 3, 2)
    assert "COURSE_SEED 0, 3" in (tmp_path / "docs" / "robustness.md").read_text("utf-8")
    (tmp_path / "build" / "robustness.json").unlink()
    capsys.readouterr()
    assert robustness.main([str(lesson), "--seeds", "1", "--resume"]) == 0
    assert "ipynb seed" not in capsys.readouterr().out, "what is kept need not be run again"


def test_nothing_of_an_older_notebook_or_of_another_course_is_kept(lesson, tmp_path):
    command = [str(lesson), "--jobs", "1", "--keep"]
    assert robustness.main([*command, "--seeds", "2"]) == 0
    kept = claims_table.read(tmp_path / "docs" / "robustness.json")
    claims_table.write(kept | {"gone": kept[lesson.as_posix()]}, tmp_path / "docs/robustness.json")
    save(lesson, 'claim("The seed is tiny", SEED, at_most=4)')
    assert robustness.main([*command, "--seeds", "1"]) == 0
    assert [(row["claim"], row["seeds"]) for row in rows(tmp_path, "docs")] == [
        ("The seed is tiny", 1)
    ]


def test_fewer_seeds_leave_the_older_ones_of_the_same_notebook(lesson, tmp_path, capsys):
    file = tmp_path / "docs" / "robustness.json"
    assert robustness.main([str(lesson), "--seeds", "2", "--jobs", "1", "--keep"]) == 0
    kept = claims_table.read(file)
    kept[lesson.as_posix()]["modules"]["utils.claims"] = "before"
    claims_table.write(kept, file)
    assert robustness.main([str(lesson), "--seeds", "1", "--jobs", "1", "--keep"]) == 0
    assert "keeps its older runs, because they are more" in capsys.readouterr().out
    assert claims_table.read(file) == kept
    assert "Older than utils/claims." in (tmp_path / "docs" / "robustness.md").read_text("utf-8")


def test_a_summary_spares_no_run(lesson, tmp_path):
    assert robustness.main([str(lesson), "--seeds", "2", "--jobs", "1", "--keep"]) == 0
    (tmp_path / "build" / "robustness.json").unlink()
    assert robustness.earlier([lesson])[lesson.as_posix()]["seeds"] == [0, 1]
    kept = claims_table.read(tmp_path / "docs" / "robustness.json")
    claim = kept[lesson.as_posix()]["claims"][0]
    del claim["values"]
    claim |= {"smallest": 0, "median": 0.5, "largest": 1, "margin": 4}
    claims_table.write(kept, tmp_path / "docs" / "robustness.json")
    assert robustness.earlier([lesson]) == {}


def test_the_table_is_renewed_without_a_run(lesson, tmp_path):
    assert robustness.main(["--report", "--keep"]) == 0
    assert "no runs yet" in (tmp_path / "docs" / "robustness.md").read_text("utf-8")


# --- which notebooks ----------------------------------------------------------------------------


@pytest.fixture
def git(monkeypatch, tmp_path):
    """A repository that is the course, with a module of utils; a function that calls git."""

    def call(*words):
        who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True)

    monkeypatch.setattr(robustness.course, "ROOT", tmp_path)
    (tmp_path / "utils").mkdir()
    (tmp_path / "utils" / "claims.py").write_text("def claim(*a, **b): ...\n", "utf-8")
    (tmp_path / "utils" / "tokens.py").write_text("a = 1\n", "utf-8")
    call("init")
    return call


def test_only_notebooks_with_other_code_or_other_modules_count_as_changed(tmp_path, git):
    same = save(tmp_path / "same.ipynb", "1 + 1")
    other = save(tmp_path / "other.ipynb", "1 + 1")
    uses = save(tmp_path / "uses.ipynb", "import utils.tokens")
    git("add", ".")
    git("commit", "-m", "first")
    notebook = nbformat.read(same, as_version=4)
    notebook.cells.append(new_markdown_cell("More words."))
    nbformat.write(notebook, same)
    save(other, "1 + 2")
    new = save(tmp_path / "new.ipynb", "1 + 1")
    paths = [same, other, new, uses]
    assert robustness.changed(paths, "HEAD") == ([other, new], [])
    (tmp_path / "utils" / "tokens.py").write_text('"""Words."""\na = 1\n', "utf-8")
    assert robustness.changed(paths, "HEAD") == ([other, new], [])
    (tmp_path / "utils" / "tokens.py").write_text("a = 2\n", "utf-8")
    assert robustness.changed(paths, "HEAD") == ([other, new], [uses])
    with pytest.raises(subprocess.CalledProcessError):
        robustness.changed(paths, "no-such-commit")


def test_as_many_are_drawn_as_the_time_allows_and_the_same_for_the_same_commit():
    paths = [Path(f"{number}.ipynb") for number in range(8)]
    needed = dict.fromkeys(paths, 60)
    drawn, left = robustness.draw([paths], needed, 200, "abc")
    assert (len(drawn), len(left)) == (3, 5)
    assert {*drawn, *left} == {*paths}
    assert robustness.draw([paths], needed, 200, "abc") == (drawn, left)
    others = {tuple(robustness.draw([paths], needed, 200, str(luck))[0]) for luck in range(20)}
    assert {path for drawn in others for path in drawn} == {*paths}, "everyone's turn comes"


def test_the_first_group_is_drawn_first_and_what_fits_not_makes_room_for_others():
    first, second = [Path("a"), Path("b")], [Path("c"), Path("d")]
    needed = {Path("a"): 10, Path("b"): 500, Path("c"): 80, Path("d"): 80}
    drawn, left = robustness.draw([first, second], needed, 100, "abc")
    assert drawn[0] == Path("a")
    assert drawn[1] in second
    assert len(drawn) == 2
    assert Path("b") in left


def options(**changes):
    wanted = {"changed_since": "HEAD", "minutes": 2, "seeds": 2, "jobs": 2} | changes
    return robustness.argparse.Namespace(**wanted)


def test_what_no_stored_run_covers_comes_first(tmp_path, git, capsys):
    known = save(tmp_path / "known.ipynb", "1", seconds=50)
    uses = save(tmp_path / "uses.ipynb", "import utils.tokens", seconds=50)
    git("add", ".")
    git("commit", "-m", "first")
    save(known, "2", seconds=50)
    own = save(tmp_path / "own.ipynb", "1", seconds=50)
    (tmp_path / "utils" / "tokens.py").write_text("a = 2\n", "utf-8")
    paths = [known, uses, own]
    entry = {"seeds": list(range(10)), "claims": []}
    state = claims_table.state_of(notebooks.read(known))
    claims_table.write({known.as_posix(): entry | state}, tmp_path / "docs" / "robustness.json")
    assert robustness.chosen(paths, options()) == [own, uses]
    said = capsys.readouterr().out
    assert f"drawn for 2 minutes: {own.as_posix()}, {uses.as_posix()}\n" in said
    assert f"left out: {known.as_posix()}\n" in said
    assert robustness.chosen(paths, options(jobs=1)) == [own], "one at a time takes twice as long"
    assert robustness.chosen(paths, options(seeds=1)) == [own, uses, known]
    assert robustness.chosen(paths, options(minutes=None)) == [known, own, uses]
    entry["seeds"] = [0, 1]
    claims_table.write({known.as_posix(): entry | state}, tmp_path / "docs" / "robustness.json")
    assert uses not in robustness.chosen(paths, options()), "two seeds are not enough"


def test_nothing_is_run_where_nothing_has_changed_or_nothing_fits(tmp_path, git, capsys):
    path = save(tmp_path / "same.ipynb", "1 + 1", seconds=600)
    git("add", ".")
    git("commit", "-m", "first")
    assert robustness.main([str(path), "--changed-since", "HEAD", "--minutes", "12"]) == 0
    assert "has other code than in HEAD" in capsys.readouterr().out
    assert robustness.main([str(path), "--minutes", "1"]) == 0
    assert f"left out: {path.as_posix()}" in capsys.readouterr().out
    assert not (tmp_path / "build").exists()


def test_after_the_end_no_run_is_started(tmp_path, git, no_kernel, monkeypatch, capsys):
    path = save(tmp_path / "good.ipynb", 'claim("The seed is small", SEED, at_most=5)')
    git("add", ".")
    git("commit", "-m", "first")
    clock = SimpleNamespace(monotonic=iter([0, 1, 120]).__next__)  # seconds
    monkeypatch.setattr(robustness, "time", clock)
    command = [str(path), "--minutes", "2", "--seeds", "2", "--jobs", "1"]
    assert robustness.main(command) == 0, "unmeasured, a run is taken to need a minute"
    (row,) = rows(tmp_path)
    assert (row["holds"], row["seeds"]) == (1, 1)
    assert f"the time is over before {path.as_posix()} seed 1" in capsys.readouterr().out
    clock.monotonic = iter([0, 120]).__next__
    assert robustness.main(command) == 0
    assert "seed 0, " in capsys.readouterr().out.splitlines()[-1]
