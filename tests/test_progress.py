"""The reader's progress: nothing that was kept is ever lost, and nothing ever raises."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exercises.engine import progress
from exercises.engine.progress_table import Row, Table
from tools import progress as command
from utils import course
from utils.course import ROOT


@pytest.fixture(autouse=True)
def store(tmp_path, monkeypatch) -> Path:
    file = tmp_path / "folder" / "progress.sqlite3"
    monkeypatch.setenv("COURSE_PROGRESS", str(file))
    monkeypatch.setattr(progress, "told", set())
    monkeypatch.setattr(progress, "WAIT_SECONDS", 0.2)
    return file


def kept() -> list[tuple[str, str, str]]:
    return [(row["exercise"], row["status"], row["mistake"]) for row in progress.attempts()]


def set_aside(store: Path) -> list[Path]:
    return sorted(store.parent.glob("progress.sqlite3.corrupt-*"))


# --- ordinary use -----------------------------------------------------------------------------


def test_attempts_are_kept_in_order_with_their_time(store, capsys):
    before = time.time()
    progress.record("a.b.one", "wrong", "a mistake")
    progress.record("a.b.one", "solved")
    progress.record("a.b.two", "wrong")
    assert kept() == [
        ("a.b.one", "wrong", "a mistake"),
        ("a.b.one", "solved", ""),
        ("a.b.two", "wrong", ""),
    ]
    assert all(before <= row["at"] <= time.time() for row in progress.attempts())
    assert progress.solved() == {"a.b.one"}
    assert capsys.readouterr().out == ""
    assert store.exists()


def test_a_later_wrong_answer_takes_nothing_away():
    progress.record("a", "solved")
    progress.record("a", "wrong")
    assert progress.solved() == {"a"}


def test_without_a_file_there_is_no_progress_and_no_complaint(capsys):
    assert progress.attempts() == []
    assert progress.solved() == set()
    assert progress.reset() == 0
    assert capsys.readouterr().out == ""


def test_reset_forgets_everything_and_counts_it():
    for number in range(3):
        progress.record(f"a.{number}", "solved")
    assert progress.reset() == 3
    assert progress.attempts() == []


def test_the_place_is_the_named_file_or_the_users_data_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_PROGRESS", "~/course.sqlite3")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert progress.path() == tmp_path / "course.sqlite3"
    monkeypatch.setenv("COURSE_PROGRESS", " ")
    assert progress.path().name == "progress.sqlite3"
    assert progress.path().parent.name == "ml-course"


# --- stores that make trouble -----------------------------------------------------------------


def test_a_file_in_the_place_of_a_folder_costs_one_line(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("mine")
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "file" / "progress.sqlite3"))
    progress.record("a", "solved")
    progress.record("a", "solved")
    assert progress.attempts() == []
    assert progress.solved() == set()
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert out.startswith("Progress is not kept at the moment: ")
    assert str(tmp_path) not in out
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_in_the_place_of_the_file_costs_one_line(store, capsys):
    store.mkdir(parents=True)
    progress.record("a", "solved")
    assert progress.attempts() == []
    assert capsys.readouterr().out.count("\n") == 1


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_file_that_may_not_be_written_costs_one_line(store, capsys):
    progress.record("a", "solved")
    store.chmod(0o400)
    store.parent.chmod(0o500)
    try:
        progress.record("b", "solved")
    finally:
        store.parent.chmod(0o700)
    assert capsys.readouterr().out.count("\n") == 1


def test_a_full_disk_costs_one_line(store, monkeypatch, capsys):
    progress.record("a", "solved")
    connect = sqlite3.connect

    def small(*args, **kwargs):
        connection = connect(*args, **kwargs)
        connection.execute("PRAGMA max_page_count = 2")  # SQLite's own way to say: full
        return connection

    monkeypatch.setattr(progress.sqlite3, "connect", small)
    progress.record("x" * 100_000, "solved")
    assert "full" in capsys.readouterr().out
    monkeypatch.undo()
    monkeypatch.setenv("COURSE_PROGRESS", str(store))
    assert kept() == [("a", "solved", "")]


def test_a_store_locked_by_another_process_costs_one_line_and_loses_nothing(store, capsys):
    progress.record("a", "solved")
    script = (
        "import sqlite3, sys\n"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('BEGIN EXCLUSIVE')\n"
        "print('locked', flush=True)\n"
        "sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", script, str(store)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "locked\n"
        progress.record("b", "solved")
        assert progress.attempts() == []
        other.stdin.close()
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert "locked" in out
    progress.record("c", "solved")
    assert [row[0] for row in kept()] == ["a", "c"]
    assert set_aside(store) == []


GARBAGE = {
    "text": b"This is no database, but it is somebody's work.\n" * 100,
    "zeros": b"\0" * 5000,
    "half a header": b"SQLite format 3\0" + b"\xff" * 4000,
}


@pytest.mark.parametrize("name", GARBAGE)
def test_a_corrupt_file_is_set_aside_never_deleted(name, store, capsys):
    store.parent.mkdir()
    store.write_bytes(GARBAGE[name])
    progress.record("a", "solved")
    assert kept() == [("a", "solved", "")]
    (aside,) = set_aside(store)
    assert aside.read_bytes() == GARBAGE[name]
    out = capsys.readouterr().out
    assert out == f"The progress file could not be read: kept as {aside.name}, begun anew.\n"


def test_a_store_damaged_in_its_middle_is_set_aside(store, capsys):
    many = [row(exercise=f"exercise {number} " + "x" * 50) for number in range(300)]
    assert progress.import_json(json.dumps({"format": 1, "attempts": many})) == 300
    damaged = bytearray(store.read_bytes())
    damaged[100:4096] = b"\xa5" * 3996
    store.write_bytes(damaged)
    progress.record("after", "solved")
    assert kept() == [("after", "solved", "")]
    (aside,) = set_aside(store)
    assert aside.read_bytes() == damaged


def test_several_corrupt_files_within_a_second_are_all_kept(store):
    store.parent.mkdir()
    for number in range(4):
        store.write_bytes(b"broken %d " % number * 500)
        progress.record("a", "solved")
    contents = {file.read_bytes()[:8] for file in set_aside(store)}
    assert contents == {b"broken %d" % number for number in range(4)}


def test_an_empty_file_is_a_new_store(store, capsys):
    store.parent.mkdir()
    store.touch()
    progress.record("a", "solved")
    assert len(kept()) == 1
    assert capsys.readouterr().out == ""
    assert set_aside(store) == []


@pytest.mark.parametrize(
    "schema",
    [
        "CREATE TABLE bookmarks (url TEXT)",
        "CREATE TABLE attempts (url TEXT)",
        "CREATE TABLE attempts (id INTEGER, exercise TEXT, status TEXT, mistake TEXT, at REAL)",
    ],
)
def test_a_database_of_another_program_is_left_alone(schema, store, capsys):
    store.parent.mkdir()
    with contextlib.closing(sqlite3.connect(store)) as other:
        other.execute(schema)
    before = store.read_bytes()
    progress.record("a", "solved")
    assert progress.attempts() == []
    assert progress.reset() == 0
    assert store.read_bytes() == before
    assert set_aside(store) == []
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert "database of another program" in out


def test_a_store_with_further_columns_is_used_on(store):
    progress.record("a", "solved")
    with contextlib.closing(sqlite3.connect(store)) as later:
        later.execute("ALTER TABLE attempts ADD COLUMN seconds REAL")
    progress.record("b", "solved")
    assert [row[0] for row in kept()] == ["a", "b"]


@pytest.mark.parametrize(
    "row",
    [
        ("a", "bogus", ""),
        ("a", None, ""),
        (None, "solved", ""),
        ("a", "solved", object()),
        ("\ud800", "solved", ""),
    ],
)
def test_a_row_that_cannot_be_kept_does_not_touch_the_others(row, store, capsys):
    progress.record("good", "solved")
    progress.record(*row)
    assert kept() == [("good", "solved", "")]
    assert set_aside(store) == []
    assert "Progress is not kept" in capsys.readouterr().out


# --- several at once, and sudden ends ---------------------------------------------------------

WRITER = """
import sys
import tempfile
from exercises.engine import progress
progress.WAIT_SECONDS = 30
name, count = sys.argv[1], int(sys.argv[2])
for number in range(count):
    progress.record(f"{name}.{number}", "solved", "m" * 200)
    print(number, flush=True)
"""


def start(name: str, count: int) -> subprocess.Popen:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, name, str(count)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_processes_writing_at_once_keep_every_row(monkeypatch):
    writers = [start(name, 100) for name in ("first", "second")]
    for writer in writers:
        out, err = writer.communicate(timeout=60)
        assert (writer.returncode, err) == (0, "")
        assert "Progress is not kept" not in out
    rows = kept()
    assert len(rows) == 200
    for name in ("first", "second"):
        assert [r[0] for r in rows if r[0].startswith(name)] == [f"{name}.{n}" for n in range(100)]


def test_two_threads_writing_at_once_keep_every_row(monkeypatch):
    monkeypatch.setattr(progress, "WAIT_SECONDS", 30)
    threads = [
        threading.Thread(target=lambda: [progress.record("a", "solved") for _ in range(30)])
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(kept()) == 60


def test_processes_that_find_a_corrupt_file_together_lose_nothing(store):
    store.parent.mkdir()
    store.write_bytes(GARBAGE["text"])
    writers = [start(name, 10) for name in ("first", "second", "third")]
    for writer in writers:
        assert writer.communicate(timeout=60)[1] == ""
    assert len(kept()) == 30
    (aside,) = set_aside(store)
    assert aside.read_bytes() == GARBAGE["text"]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_a_kill_in_the_middle_of_writing_loses_no_committed_row(store):
    expected: list[str] = []
    for turn in range(100):
        writer = start(f"turn{turn}", 100_000)
        reported = [writer.stdout.readline() for _ in range(1 + turn % 5)]
        writer.send_signal(signal.SIGKILL)
        reported += writer.stdout.readlines()
        writer.communicate()
        done = [line for line in reported if line.endswith("\n")]
        expected += [f"turn{turn}.{number}" for number in range(len(done))]
        names = [row[0] for row in kept()]
        # The row being written when the process died may be there or not, but no other.
        assert names[: len(expected)] == expected
        assert len(names) <= len(expected) + 1
        expected = names
    assert set_aside(store) == []
    with contextlib.closing(sqlite3.connect(store)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


# --- export and import ------------------------------------------------------------------------


def test_an_export_comes_back_whole_and_only_once(store):
    progress.record("a.b.ü", "wrong", 'a "mistake" <b>')
    progress.record("a.b.ü", "solved")
    text, rows = progress.export_json(), progress.attempts()
    assert progress.import_json(text) == 0
    progress.reset()
    assert progress.import_json(text) == 2
    assert progress.attempts() == rows
    assert progress.import_json(text) == 0
    progress.record("new", "solved")
    assert progress.import_json(text) == 0
    assert len(kept()) == 3


def row(**changes) -> dict:
    return {"exercise": "a", "status": "solved", "mistake": "", "at": 1.5} | changes


@pytest.mark.parametrize(
    "content",
    [
        "",
        "no JSON",
        "null",
        "[]",
        "3",
        '"text"',
        "{}",
        '{"format": 1}',
        "[" * 100_000,
        '{"format": 1, "attempts": null}',
        '{"format": 1, "attempts": 3}',
        '{"format": 1, "attempts": {"a": 1}}',
        '{"attempts": []}',
        *(
            json.dumps({"format": number, "attempts": [entry]})
            for number, entry in [
                (2, row()),
                (1, 3),
                (1, []),
                (1, row(status="bogus")),
                (1, row(status=["solved"])),
                (1, row(exercise=None)),
                (1, row(exercise=3)),
                (1, row(mistake=None)),
                (1, row(exercise="\ud800")),
                (1, row(at="now")),
                (1, row(at=None)),
                (1, row(at=True)),
                (1, row(at=float("nan"))),
                (1, row(at=float("inf"))),
                (1, row(at=10**400)),
                (1, {"exercise": "a"}),
            ]
        ),
    ],
)
def test_what_was_not_exported_is_refused_and_changes_nothing(content):
    progress.record("kept", "solved")
    with pytest.raises(ValueError, match="not a progress file of the course"):
        progress.import_json(content)
    assert len(kept()) == 1


def test_one_bad_row_spoils_the_whole_import():
    content = json.dumps({"format": 1, "attempts": [row(), row(status="bogus")]})
    with pytest.raises(ValueError, match="not a progress file"):
        progress.import_json(content)
    assert kept() == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
rows = st.fixed_dictionaries(
    {
        "exercise": st.text(max_size=5) | json_values,
        "status": st.sampled_from(["solved", "wrong"]) | json_values,
        "mistake": st.text(max_size=5) | json_values,
        "at": st.floats() | json_values,
    }
)
hostile = (
    st.text(max_size=30)
    | json_values.map(json.dumps)
    | st.fixed_dictionaries(
        {"format": st.just(1) | json_values, "attempts": st.lists(rows, max_size=3) | json_values}
    ).map(json.dumps)
)


@settings(
    deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(hostile)
def test_hostile_imports_raise_valueerror_or_come_back_whole(text):
    progress.reset()
    try:
        added = progress.import_json(text)
    except ValueError:
        assert progress.attempts() == []
    else:
        assert len(progress.attempts()) == added
        assert progress.import_json(progress.export_json()) == 0
    assert progress.told == set()


@st.composite
def stores(draw: st.DrawFn) -> bytes:
    """A store of the course with some bytes overwritten, cut out or put in; or any bytes."""
    body = bytearray(healthy_store())
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(body)))
        stop = min(len(body), start + draw(st.integers(0, 200)))
        body[start:stop] = draw(st.binary(max_size=200))
    return draw(st.just(bytes(body)) | st.binary(max_size=300))


LESSONS = functools.cache(course.lessons)


@functools.cache
def healthy_store() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("COURSE_PROGRESS", str(Path(folder) / "progress.sqlite3"))
            for number in range(5):
                progress.record(f"exercise {number}", "solved")
        return (Path(folder) / "progress.sqlite3").read_bytes()


@settings(
    deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(stores())
def test_whatever_the_file_holds_nothing_is_raised_and_nothing_deleted(
    store, capsys, monkeypatch, content
):
    monkeypatch.setattr(course, "lessons", LESSONS)  # read once, not for every example
    store.parent.mkdir(exist_ok=True)
    for old in store.parent.iterdir():
        old.unlink()
    progress.told.clear()
    store.write_bytes(content)
    progress.record("new", "solved")
    rows = progress.attempts()
    said = capsys.readouterr().out
    progress.solved()
    progress.import_json(progress.export_json())
    repr(Table())
    aside = set_aside(store)
    # Either the record is there, or the reader was told why not; what was set aside is all there.
    assert any(row["exercise"] == "new" for row in rows) or "Progress is not kept" in said
    assert [file.read_bytes() for file in aside] in ([], [content])


def test_values_of_other_types_in_the_file_are_read_as_text_and_numbers(store, capsys):
    progress.record("kept", "solved")
    with contextlib.closing(sqlite3.connect(store)) as connection:
        connection.execute("UPDATE attempts SET exercise = X'6B', mistake = 5, at = X'00'")
        connection.commit()
    assert [(row["exercise"], row["mistake"], row["at"]) for row in progress.attempts()] == [
        ("k", "5", 0.0)
    ]
    assert progress.import_json(progress.export_json()) == 0
    assert capsys.readouterr().out == ""


ANY_ROW = (
    "CREATE TABLE attempts"
    " (number INTEGER PRIMARY KEY, exercise TEXT, status TEXT, mistake TEXT, at REAL)"
)


@pytest.mark.parametrize(
    "row",
    [
        "NULL, NULL, NULL, NULL",
        "'a', 'solved', '', NULL",
        "NULL, 'solved', '', 1.5",
        "'a', 'bogus', '', 1.5",
        "'a', 'solved', '', 9e999",
        "X'FF', 'solved', '', 1.5",
    ],
)
def test_rows_of_a_damaged_file_that_are_no_attempts_are_left_out(row, store, capsys):
    store.parent.mkdir()
    with contextlib.closing(sqlite3.connect(store)) as connection:
        connection.execute(ANY_ROW)
        connection.execute(f"INSERT INTO attempts (exercise, status, mistake, at) VALUES ({row})")
        connection.commit()
    progress.record("kept", "solved")
    assert kept() == [("kept", "solved", "")]
    assert progress.solved() == {"kept"}
    assert progress.import_json(progress.export_json()) == 0
    out = capsys.readouterr().out
    assert out.startswith("The progress file is damaged in places: ")
    assert out.count("\n") == 1
    assert set_aside(store) == []
    with contextlib.closing(sqlite3.connect(store)) as connection:  # nothing is deleted
        assert connection.execute("SELECT count(*) FROM attempts").fetchone() == (2,)


# --- table and command line -------------------------------------------------------------------


def test_the_table_counts_solved_and_tried(monkeypatch):

    lesson = next(lesson for lesson in course.lessons() if len(lesson.exercises) > 1)
    first, second, *others = lesson.exercises
    progress.record(first, "solved")
    progress.record(second, "wrong")
    progress.record("of.another.course", "solved")
    table = Table()
    (line,) = [line for line in repr(table).splitlines() if lesson.title in line]
    assert line.startswith("○")
    assert f"1 of {2 + len(others)} solved, 1 tried" in line
    assert f"1 of {2 + len(others)}" in table._repr_html_()
    for id in lesson.exercises:
        progress.record(id, "solved")
    (line,) = [l for l in repr(Table()).splitlines() if lesson.title in l]  # noqa: E741
    assert line.startswith("✓")
    assert "tried" not in line


def test_a_lesson_shows_the_table_by_one_name():
    notebook = json.loads((ROOT / "chapters/start_here.ipynb").read_text(encoding="utf-8"))
    cells = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert any("from exercises import progress\n" in cell for cell in cells)
    (shows,) = [cell for cell in cells if cell.endswith("progress()")]
    namespace: dict = {}
    exec("from exercises import progress", namespace)
    progress.record("start_here.standardise", "solved")
    table = eval(shows.splitlines()[-1], namespace)
    assert isinstance(table, Table)
    assert "Start here" in repr(table)
    assert "1 of 4 solved" in repr(table)
    assert "<td>1 of 4</td>" in table._repr_html_()


def test_the_table_names_the_chapters_in_their_order():
    table = Table()
    headings = [line for line in repr(table).splitlines() if line[0] not in "✓○"]
    names = {lesson.chapter: None for lesson in course.lessons() if lesson.chapter}
    assert headings == [f"{int(name[:2])} · {course.CHAPTERS[name]}" for name in names]
    assert all(heading in table._repr_html_() for heading in headings)


def test_titles_are_escaped_in_the_table():
    table = Table()
    table.rows = [Row("<b>Title</b>", solved=1, exercises=2, tried=0)]
    assert "&lt;b&gt;Title&lt;/b&gt;" in table._repr_html_()
    assert "<b>" not in table._repr_html_()


def test_the_command_line_prints_exports_imports_and_resets(store, tmp_path, capsys, monkeypatch):
    progress.record("a", "solved")
    assert command.main([]) == 0
    assert "solved" in capsys.readouterr().out
    assert command.main(["--html"]) == 0
    assert capsys.readouterr().out.startswith("<table>")
    assert command.main(["--export", "-"]) == 0
    assert json.loads(capsys.readouterr().out)["attempts"][0]["exercise"] == "a"
    file = tmp_path / "export.json"
    assert command.main(["--export", str(file)]) == 0
    assert "1 attempts written" in capsys.readouterr().out
    monkeypatch.setattr("builtins.input", lambda _: "no")
    assert command.main(["--reset"]) == 1
    assert len(kept()) == 1
    assert command.main(["--reset", "--yes"]) == 0
    assert kept() == []
    assert command.main(["--import", str(file)]) == 0
    assert "1 new attempts added" in capsys.readouterr().out
    monkeypatch.setattr("builtins.input", lambda _: "yes")
    assert command.main(["--reset"]) == 0
    assert kept() == []


@pytest.mark.parametrize("content", [None, b"no JSON", b"\xff\xfe\x00"])
def test_the_command_line_says_in_a_sentence_what_it_cannot_do(content, tmp_path, capsys):
    file = tmp_path / "import.json"
    if content is not None:
        file.write_bytes(content)
    assert command.main(["--import", str(file)]) == 1
    assert command.main(["--export", str(tmp_path / "no" / "such" / "folder")]) == 1
    err = capsys.readouterr().err
    assert err.count("Not done: ") == 2
    assert "Traceback" not in err


def test_the_module_runs_as_a_command(store):
    progress.record("a", "solved")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-m", "tools.progress", "--export", "-"],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert json.loads(done.stdout)["attempts"][0]["exercise"] == "a"
    assert done.stderr == ""
