"""`make doctor`: it finds what is wrong, says what to do, and finds nothing where all is well."""

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from types import SimpleNamespace

import pytest

from tools import doctor, setup

HEALTHY = {
    "versions": {"torch": "2.13.0+cpu", "Scikit_Learn": "1.0"},
    "required": ["torch", "scikit-learn"],
    "cores": 4,
    "threads": 4,
    "memory": 8 * doctor.GIB,
    "device": "cpu",
    "gpu": "",
}


@pytest.fixture(autouse=True)
def _clean(monkeypatch, tmp_path):
    for name in (*doctor.SETTINGS, "PORT"):
        monkeypatch.delenv(name, raising=False)
    constraints = tmp_path / "constraints.txt"
    constraints.write_text("# a remark==1\ntorch==2.13.0\nscikit-learn==1.0\n", encoding="utf-8")
    monkeypatch.setattr(setup, "CONSTRAINTS", constraints)


def only(found):
    (finding,) = found
    return finding


# --- a real run ---------------------------------------------------------------------------------


def run_doctor(**env: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "tools.doctor"],
        cwd=doctor.ROOT,
        env=os.environ | env,
        text=True,
        capture_output=True,
        timeout=240,
        check=False,
    )


def test_a_machine_that_runs_these_tests_is_healthy(tmp_path):
    result = run_doctor(COURSE_PROGRESS=str(tmp_path / "progress.sqlite3"))
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stderr == ""
    assert "✗" not in result.stdout
    for subject in (
        "Python",
        "Environment",
        "Imports",
        "Packages",
        "Threads",
        "Device",
        "Kernel",
        "Port",
    ):
        assert f" {subject}: " in result.stdout
    assert f"COURSE_PROGRESS={tmp_path}" in result.stdout
    assert not (tmp_path / "progress.sqlite3").exists()  # it looks, and leaves nothing


def test_a_device_that_does_not_exist_is_named_and_fails():
    result = run_doctor(COURSE_DEVICE="warp")
    assert result.returncode == 1
    assert "✗ Device: " in result.stdout
    assert "→ unset COURSE_DEVICE" in result.stdout


# --- one finding at a time ----------------------------------------------------------------------


def test_every_doubt_and_fault_has_a_remedy_and_shows_it():
    text = str(doctor.Finding("bad", "Disk", "full", "make room"))
    assert text == "✗ Disk: full\n    → make room"


def test_a_python_that_is_too_old(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 8, 1, "final", 0))
    finding = only(doctor.python())
    assert finding.state == "bad"
    assert "3.8.1" in finding.text
    assert "make doctor PYTHON=python3.11" in finding.remedy


@pytest.mark.parametrize("case", ["absent", "interrupted", "outdated", "current"])
def test_the_environment(case, monkeypatch, tmp_path):
    python, marker = tmp_path / "python", tmp_path / "unfinished"
    monkeypatch.setattr(setup, "VENV_PYTHON", python)
    monkeypatch.setattr(setup, "MARKER", marker)
    monkeypatch.setattr(setup, "is_current", lambda wanted, extras: case == "current")
    monkeypatch.setattr(doctor.importlib.util, "find_spec", lambda name: None)
    if case != "absent":
        python.touch()
    if case == "interrupted":
        marker.touch()
    finding = only(doctor.environment())
    states = {"absent": "bad", "interrupted": "bad", "outdated": "doubt", "current": "good"}
    assert finding.state == states[case]
    assert bool(finding.remedy) == (case != "current")


def test_packages_as_tested():
    assert only(doctor.packages(HEALTHY)).state == "good"


def test_packages_missing_or_other():
    facts = HEALTHY | {"versions": {"scikit-learn": "1.1"}}
    missing, other = doctor.packages(facts)
    assert (missing.state, missing.text) == ("bad", "missing: torch")
    assert (other.state, other.text) == ("doubt", "scikit-learn 1.1 (tested: 1.0)")


def test_packages_that_cannot_be_asked():
    finding = only(doctor.packages({"error": "no module named json"}))
    assert (finding.state, finding.text) == ("bad", "no module named json")


def test_computing_as_it_should_be():
    assert [finding.state for finding in doctor.computing(HEALTHY)] == ["good", "good"]


def test_a_gpu_is_mentioned_but_not_needed():
    _, device = doctor.computing(HEALTHY | {"gpu": "Model Z"})
    assert (device.state, "Model Z" in device.text) == ("good", True)


@pytest.mark.parametrize(
    ("change", "subject", "state"),
    [
        ({"threads": 8}, "Threads", "doubt"),
        ({"device_error": "no such device"}, "Device", "bad"),
        ({"memory": doctor.GIB}, "Memory", "doubt"),
        ({"torch_error": "ImportError: libtorch"}, "PyTorch", "bad"),
    ],
)
def test_computing_that_limps(change, subject, state):
    found = {finding.subject: finding for finding in doctor.computing(HEALTHY | change)}
    assert found[subject].state == state
    assert found[subject].remedy


def test_settings_are_shown(monkeypatch):
    monkeypatch.setenv("COURSE_SEED", "7")
    *_, settings = doctor.computing(HEALTHY)
    assert (settings.state, settings.text) == ("doubt", "COURSE_SEED=7")


def test_folders_that_can_be_written(tmp_path):
    facts = {"progress": str(tmp_path / "a" / "p.sqlite3"), "cache": str(tmp_path / "b" / "c")}
    assert {finding.state for finding in doctor.folders(facts)} == {"good"}
    assert not (tmp_path / "a").exists()


def test_folders_that_cannot_be_written(monkeypatch, tmp_path):
    def refuse(dir):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", refuse)
    found = list(doctor.folders({"progress": str(tmp_path / "p"), "cache": str(tmp_path)}))
    assert [(finding.subject, finding.state) for finding in found] == [
        ("Notebooks", "bad"),
        ("Progress", "doubt"),
        ("Downloads", "doubt"),
        ("Temporary files", "bad"),
    ]
    assert all("Permission denied" in finding.text and finding.remedy for finding in found)


def test_a_full_disk(monkeypatch):
    usage = SimpleNamespace(free=0.1 * doctor.GIB)
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda place: usage)
    assert {finding.state for finding in doctor.folders({})} == {"doubt"}


def test_progress_sound_absent_and_damaged(tmp_path):
    file = tmp_path / "progress.sqlite3"
    facts = {"progress": str(file)}
    assert list(doctor.progress(facts)) == []
    with sqlite3.connect(file) as store:
        store.execute("CREATE TABLE attempts (number INTEGER)")
    assert list(doctor.progress(facts)) == []
    file.write_bytes(b"no database, but long enough to be taken for one" * 20)
    finding = only(doctor.progress(facts))
    assert finding.state == "doubt"
    assert "progress.sqlite3 is damaged" in finding.text


def test_kernels():
    other = only(doctor.kernel({"executable": "/a/python", "own": "/b/python", "seconds": 1.0}))
    assert (other.state, "/a/python" in other.text) == ("doubt", True)
    broken = only(doctor.kernel({"error": "NoSuchKernel: python3"}))
    assert (broken.state, broken.text) == ("bad", "NoSuchKernel: python3")


def test_a_port_that_is_taken(monkeypatch):
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        monkeypatch.setenv("PORT", str(server.getsockname()[1]))
        finding = only(doctor.port())
    assert finding.state == "doubt"
    assert "make lab PORT=" in finding.remedy


# --- files in the way ---------------------------------------------------------------------------


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of what the probe looks at, in which files can be put in the way."""
    for name in ("chapters", "utils", "exercises"):
        (tmp_path / "course" / name / "02_deep_learning").mkdir(parents=True)
    for name in ("utils", "exercises"):
        (tmp_path / "course" / name / "__init__.py").touch()
    (tmp_path / "course" / "tools").mkdir()
    for name in ("tools/probe.py", "pyproject.toml"):
        shutil.copy(doctor.ROOT / name, tmp_path / "course" / name)
    monkeypatch.setattr(doctor, "PROBE", tmp_path / "course" / "tools" / "probe.py")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    return tmp_path / "course"


def in_the_way() -> list[doctor.Finding]:
    return list(doctor.modules(doctor.probed("modules", "-I")))


def test_a_course_as_it_should_be_has_nothing_in_the_way(copy, monkeypatch):
    for harmless in ("random.py", "notes.py", "numpy/notes.txt", "02_deep_learning/data.csv"):
        (copy / "chapters" / harmless).parent.mkdir(exist_ok=True)
        (copy / "chapters" / harmless).touch()
    assert only(in_the_way()).state == "good"
    monkeypatch.setenv("PYTHONPATH", f"{copy}{os.pathsep}{os.pathsep}/nowhere")
    assert only(in_the_way()).state == "good"  # the course itself may stand there


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("utils.py", "utils"),
        ("utils/notes.txt", "utils"),  # a folder needs no __init__.py to be imported
        ("02_deep_learning/exercises.py", "exercises"),
        ("02_deep_learning/torch.py", "torch"),
        ("numpy/__init__.py", "numpy"),
        ("sklearn.py", "sklearn"),
    ],
)
def test_a_file_beside_a_notebook_in_place_of_what_it_imports(copy, place, name):
    path = copy / "chapters" / place
    path.parent.mkdir(exist_ok=True)
    path.touch()
    finding = only(in_the_way())
    assert finding.state == "bad"
    shown = path if path.stem == name else path.parent
    assert f"{shown} is imported in place of " in finding.text
    assert finding.text.endswith(f" {name}")
    assert "move it out of the folder of the notebooks" in finding.remedy


@pytest.mark.parametrize("name", ["utils", "exercises", "torch", "random", "json"])
def test_a_file_on_pythonpath_in_place_of_what_a_lesson_imports(copy, tmp_path, monkeypatch, name):
    (tmp_path / "mine").mkdir()
    file = tmp_path / "mine" / f"{name}.py"
    file.touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "mine"))
    finding = only(in_the_way())
    assert (finding.state, str(file) in finding.text) == ("bad", True)
    assert f"take {tmp_path / 'mine'} out of PYTHONPATH" in finding.remedy


def test_what_only_another_library_might_want_is_a_doubt(copy):
    (copy / "chapters" / "sympy.py").touch()
    assert only(in_the_way()).state == "doubt"


def test_a_kernel_that_fails_for_a_file_in_the_way_points_there():
    finding = only(doctor.kernel({"error": "ModuleNotFoundError: utils.data"}, blocked=True))
    assert finding.remedy == "first do what stands above at Imports"


def test_the_probe_s_kernel_imports_what_a_lesson_imports(tmp_path, monkeypatch):
    """The real kernel, beside a file in the way, and so not the one that the root would give."""
    (tmp_path / "chapters").mkdir()
    (tmp_path / "chapters" / "exercises.py").write_text("raise ValueError('mine')", "utf-8")
    (tmp_path / "tools").mkdir()
    shutil.copy(doctor.PROBE, tmp_path / "tools" / "probe.py")
    monkeypatch.setattr(doctor, "PROBE", tmp_path / "tools" / "probe.py")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert doctor.probed("kernel") == {"error": "ValueError: mine"}


# --- when the course's own Python is what is broken ---------------------------------------------


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("raise SystemExit('no room')", "no room"),
        ("print('no JSON')", "the course's Python does not start"),
        ("import time; time.sleep(60)", "no answer within 1 seconds"),
    ],
)
def test_a_probe_that_fails(script, said, monkeypatch, tmp_path):
    probe = tmp_path / "probe.py"
    probe.write_text(script, encoding="utf-8")
    monkeypatch.setattr(doctor, "PROBE", probe)
    monkeypatch.setattr(doctor, "PROBE_SECONDS", 1)
    assert doctor.probed("facts") == {"error": said}


def test_a_python_that_is_gone(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "course_python", lambda: tmp_path / "python")
    assert doctor.probed("facts") == {"error": "the course's Python does not start"}


def test_the_probe_answers_an_unknown_question_with_an_error():
    command = [sys.executable, str(doctor.PROBE), "weather"]
    result = subprocess.run(command, text=True, capture_output=True, timeout=60, check=True)
    assert json.loads(result.stdout) == {"error": "KeyError: 'weather'"}


@pytest.mark.parametrize(
    ("states", "status", "words"),
    [
        ([], 0, "Everything is as it should be"),
        (["good", "doubt"], 0, "The course runs here"),
        (["bad", "doubt"], 1, "1 of these stop the course"),
    ],
)
def test_the_last_line_and_the_exit_status(states, status, words, monkeypatch, capsys):
    found = [doctor.Finding(state, "Something", "is so", "do this") for state in states]
    monkeypatch.setattr(doctor, "findings", lambda: iter(found))
    assert doctor.main() == status
    assert words in capsys.readouterr().out
