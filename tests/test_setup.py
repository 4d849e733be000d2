"""The set-up: one sentence for every failure, repair after an interruption, no needless install.

The real tools/setup.py works here on a tiny project with two tiny wheels, so that the real venv
and the real pip run, in seconds and without a network.
"""

import ast
import ctypes
import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tools import constraints, setup

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

PYPROJECT = """\
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "tiny-course"
version = "1"
requires-python = ">=3.11,<3.14"
dependencies = ["tiny-needed"]

[project.optional-dependencies]
test = ["tiny-tested"]
"""

BACKEND = """\
import os, time, zipfile


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    if os.path.exists("full"):
        raise OSError(28, "No space left on device")
    if os.path.exists("slow"):
        open("started", "w").close()
        time.sleep(120)
    name = "tiny_course-1-py3-none-any.whl"
    lines = ["Metadata-Version: 2.1", "Name: tiny-course", "Version: 1"]
    lines += ["Requires-Dist: tiny-needed", "Provides-Extra: test"]
    lines += ["Requires-Dist: tiny-tested; extra == 'test'", ""]
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as wheel:
        info = "tiny_course-1.dist-info/"
        wheel.writestr("tiny_course.pth", os.getcwd())
        wheel.writestr(info + "METADATA", "\\n".join(lines))
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "")
    return name
"""

OLD_PYTHON = """\
#!/bin/sh
exec "{python}" -c '
import runpy, sys
sys.version_info = (3, 9, 18)
sys.argv = sys.argv[1:]
if sys.argv: runpy.run_path(sys.argv[0], run_name="__main__")
' "$@"
"""


def make_wheel(folder: Path, name: str, version: str) -> None:
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", f"version = {version!r}\n")
        wheel.writestr(
            f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        )
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")


class Project:
    """A tiny course in a folder whose name has a space and an umlaut."""

    def __init__(self, parent: Path) -> None:
        self.folder = parent / "my cöurse"
        wheels = parent / "wheels"
        wheels.mkdir(parents=True)
        for name, version in [("tiny_needed", "1"), ("tiny_needed", "2"), ("tiny_tested", "1")]:
            make_wheel(wheels, name, version)
        (self.folder / "tools").mkdir(parents=True)
        shutil.copy(ROOT / "tools" / "setup.py", self.folder / "tools")
        shutil.copy(ROOT / "Makefile", self.folder)
        self.write("pyproject.toml", PYPROJECT)
        self.write("backend.py", BACKEND)
        self.write("constraints.txt", "tiny-needed==1\ntiny-tested==1\n")
        strange = ("PIP_", "PYTHON", "MAKE", "MFLAGS", "COURSE_")
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(strange)}
        self.env |= {
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(wheels),
        }

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def start(self, *arguments: str) -> subprocess.Popen:
        command = [sys.executable, "tools/setup.py", *arguments]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            # Ctrl-C must reach it as in a terminal, also where this test runs in the background.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )

    def run(self, *command: str, **env: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.env | env,
            text=True,
            capture_output=True,
            timeout=120,
            check=False,
        )

    def setup(self, *arguments: str, **env: str) -> subprocess.CompletedProcess:
        return self.run(sys.executable, "tools/setup.py", *arguments, **env)

    def version(self, module: str) -> str:
        """The version that .venv has of a tiny package, or the last line of the import's error."""
        code = f"import {module}; print({module}.version)"
        result = self.run(str(self.folder / ".venv/bin/python"), "-c", code)
        return (result.stdout or result.stderr).strip().splitlines()[-1]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def assert_one_sentence(result: subprocess.CompletedProcess, *words: str) -> None:
    """The error output is one line with these words, and the exit status is not zero."""
    lines = [line for line in result.stderr.splitlines() if not line.startswith("make: ***")]
    assert result.returncode != 0
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("error: ")
    assert lines[0].endswith(".")
    for word in words:
        assert word in lines[0]


def wait_for(condition, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


# --- failures before anything is made -----------------------------------------------------------


def test_setup_parses_on_old_pythons():
    source = (ROOT / "tools" / "setup.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 6))
    with pytest.raises(SyntaxError):
        ast.parse("if (x := 1): pass", feature_version=(3, 6))


def test_setup_and_packaging_agree_on_the_pythons():
    accepted = SpecifierSet(PROJECT["requires-python"])
    assert setup.supported_minors() == [m for m in range(40) if accepted.contains(f"3.{m}.1")]


def old_python(folder: Path, name: str = "python3") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(OLD_PYTHON.format(python=sys.executable), encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("target", ["setup", "lab", "test", "run"])
def test_wrong_python(project, tmp_path, target):
    old = old_python(tmp_path / "bin")
    result = project.run("make", target, f"PYTHON={old}")
    assert_one_sentence(result, "Python 3.9.18", "3.11, 3.12, 3.13", "make lab PYTHON=python3.11")
    assert not (project.folder / ".venv").exists()


def test_make_passes_over_a_python311_that_does_not_work(project, tmp_path):
    old = old_python(tmp_path / "bin")
    broken = old.with_name("python3.11")
    broken.write_text("#!/bin/sh\nexit 127\n", encoding="utf-8")
    broken.chmod(0o755)
    path = f"{old.parent}:{project.env['PATH']}"
    assert_one_sentence(project.run("make", "setup", PATH=path), "Python 3.9.18")


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_missing_venv_module(project, tmp_path, module):
    (tmp_path / f"{module}.py").write_text("raise ImportError('not here')\n", encoding="utf-8")
    result = project.setup(PYTHONPATH=str(tmp_path))
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert_one_sentence(result, "not here", f"apt install python{version}-venv")
    assert not (project.folder / ".venv").exists()


def test_windows_is_told_where_to_go(monkeypatch):
    monkeypatch.setattr(setup, "fcntl", None)
    with pytest.raises(setup.SetupError, match=r"WSL, or conda with environment\.yml"):
        setup.check_system()


def without_override() -> None:
    """Take from the next program root's right to write where permissions forbid it."""
    if os.geteuid() == 0:
        drop_from_bounding_set, override = 24, 1  # prctl(2), capabilities(7)
        if ctypes.CDLL(None).prctl(drop_from_bounding_set, override, 0, 0, 0) != 0:
            os._exit(99)


@pytest.mark.skipif(
    os.geteuid() == 0 and sys.platform != "linux",
    reason="root may write everywhere, and only Linux lets it give that up",
)
def test_folder_that_cannot_be_written(project):
    project.folder.chmod(0o555)
    try:
        result = subprocess.run(
            [sys.executable, "tools/setup.py"],
            cwd=project.folder,
            env=project.env,
            text=True,
            capture_output=True,
            preexec_fn=without_override,
            check=False,
        )
    finally:
        project.folder.chmod(0o755)
    assert_one_sentence(result, str(project.folder), "cannot be written", "copy the course")


def test_venv_that_is_a_file(project):
    project.write(".venv", "")
    assert_one_sentence(project.setup(), ".venv is in the way", "not a folder")


def test_venv_of_somebody_else_is_left_alone(project):
    (project.folder / ".venv").mkdir()
    theirs = project.write(".venv/theirs", "precious")
    assert_one_sentence(project.setup(), "was not made by this set-up", "rm -r .venv")
    assert theirs.read_text(encoding="utf-8") == "precious"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_full_disk_while_writing(monkeypatch, capsys, number):
    def fill(extras):
        raise OSError(number, os.strerror(number), "somewhere")

    monkeypatch.setattr(setup, "prepare", fill)
    assert setup.main([]) == 1
    assert capsys.readouterr().err == f"error: {setup.DISK_FULL}.\n"


# --- failures of pip ----------------------------------------------------------------------------


def test_no_network(project):
    # Port 9 of this machine: nobody listens, as if the index were out of reach.
    env = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "1", "PIP_FIND_LINKS": ""}
    project.env.pop("PIP_NO_INDEX")
    result = project.setup(**env)
    error = result.stderr.splitlines()[-1]
    assert result.returncode == 1
    assert error.startswith("error: The package index could not be reached: check the connection")
    assert "pip said 'ERROR: " in error
    assert "build/setup.log" in error
    assert "127.0.0.1" in (project.folder / "build" / "setup.log").read_text(encoding="utf-8")
    assert "Traceback" not in result.stderr


def test_full_disk_inside_pip_and_an_impossible_version(project):
    full = project.write("full", "")
    result = project.setup()
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1].startswith(f"error: {setup.DISK_FULL} (")
    full.unlink()

    project.write("constraints.txt", "tiny-needed==7\n")
    result = project.setup()
    assert result.returncode == 1
    assert "interrupted" in result.stdout  # what the first call left behind is not trusted
    error = result.stderr.splitlines()[-1]
    assert error.startswith("error: pip could not install the packages: it said 'ERROR:")
    assert "build/setup.log" in error


# --- settings of a user that would reach pip and Python -------------------------------------------

# Each of these alone leaves an environment without packages, most of them without a word.
HARMFUL = {
    "target": "{}/elsewhere",
    "prefix": "{}/elsewhere",
    "root": "{}/elsewhere",
    "user": "true",
    "no-deps": "true",
    "dry-run": "true",
    "require-hashes": "true",
    "no-binary": ":all:",
    "platform": "win32",
}


@pytest.mark.parametrize("place", ["variables", "file"])
def test_settings_of_pip_that_would_lead_astray_are_left_out(project, tmp_path, place):
    settings = {name: value.format(tmp_path) for name, value in HARMFUL.items()}
    settings["find-links"] = project.env.pop("PIP_FIND_LINKS")  # which is needed
    if place == "variables":
        env = {f"PIP_{name.upper().replace('-', '_')}": v for name, v in settings.items()}
    else:
        file = tmp_path / "pip.conf"
        # The first is a trap in the narrower section, which wins over the wider one.
        lines = ["[global]", "dry-run = false", "index-url = http://127.0.0.1:9/simple"]
        lines += ["[install]", *(f"{name} = {value}" for name, value in settings.items())]
        file.write_text("\n".join(lines), encoding="utf-8")
        env = {"PIP_CONFIG_FILE": str(file)}
    result = project.setup(**env)
    assert result.returncode == 0, result.stderr
    assert project.version("tiny_needed") == "1"
    assert not (tmp_path / "elsewhere").exists()


def test_what_is_needed_to_reach_packages_is_kept(tmp_path, monkeypatch):
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    file = tmp_path / "pip.conf"
    file.write_text(
        "[global]\nindex-url = https://a.example/simple\nproxy = http://p.example:1\n"
        "find-links =\n    /one\n    /two\ncert = /c.pem\nquiet = 3\n"
        "[install]\nindex-url = https://b.example/simple\n[download]\ntimeout = 7\n",
        encoding="utf-8",
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    monkeypatch.setenv("PIP_CERT", "/d.pem")
    monkeypatch.setenv("PIP_CACHE_DIR", "/cache")
    monkeypatch.setenv("PIP_TARGET", "/elsewhere")
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    monkeypatch.setenv("HTTPS_PROXY", "http://q.example:2")
    env = setup.pip_environment(Path(sys.executable))
    assert env["HTTPS_PROXY"] == "http://q.example:2"
    expected = {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": "https://b.example/simple",
        "PIP_PROXY": "http://p.example:1",
        "PIP_FIND_LINKS": "\n/one\n/two",
        "PIP_CERT": "/d.pem",
        "PIP_CACHE_DIR": "/cache",
    }
    assert {name: env.get(name) for name in expected} == expected
    assert not {"PIP_TARGET", "PIP_QUIET", "PIP_TIMEOUT", "PYTHONHOME"} & set(env)


def test_a_file_of_pip_that_cannot_be_read_is_named(project, tmp_path):
    file = tmp_path / "pip.conf"
    file.write_text("target = /no/section\n", encoding="utf-8")
    result = project.setup(PIP_CONFIG_FILE=str(file))
    assert result.returncode == 1
    assert str(file) in (project.folder / "build" / "setup.log").read_text(encoding="utf-8")
    assert "Traceback" not in result.stderr


# Each of these alone ends or suspends a Python, or runs a file of its user in it.
@pytest.mark.parametrize("name", ["PYTHONHOME", "PYTHONPATH", "PYTHONINSPECT", "PYTHONPLATLIBDIR"])
def test_variables_for_another_python_do_not_reach_this_one(project, tmp_path, name):
    (tmp_path / "tomllib.py").write_text("raise SystemExit('the wrong tomllib')", encoding="utf-8")
    value = {"PYTHONPATH": str(tmp_path), "PYTHONINSPECT": "1"}.get(name, "/nowhere")
    project.write("Makefile", (ROOT / "Makefile").read_text(encoding="utf-8"))
    result = project.run("make", "setup", f"PYTHON={sys.executable}", **{name: value})
    assert result.returncode == 0, result.stderr
    assert project.version("tiny_needed") == "1"


# --- the life of an environment -----------------------------------------------------------------


def test_install_only_what_is_missing(project):
    first = project.setup("--extra", "test")
    assert first.returncode == 0, first.stderr
    assert first.stderr == ""
    assert (project.version("tiny_needed"), project.version("tiny_tested")) == ("1", "1")
    venv = project.folder / ".venv"
    assert not (venv / setup.MARKER.name).exists()
    settings = venv / "share" / "jupyter" / "lab" / "settings" / "overrides.json"
    assert json.loads(settings.read_text(encoding="utf-8")) == setup.LAB_SETTINGS

    # Nothing to do, so that pip, which is not there, is not missed; nor for `make lab`.
    packages = next((venv / "lib").glob("python*")) / "site-packages"
    (packages / "pip").rename(packages / "pip-away")
    for arguments in [("--extra", "test"), ()]:
        before = os.times()
        again = project.setup(*arguments)
        after = os.times()  # computing time, which other work on the machine does not lengthen
        seconds = sum(after[2:4]) - sum(before[2:4])
        assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
        assert seconds < 1
    project.write("constraints.txt", "tiny-needed==2\ntiny-tested==1\n")
    assert project.setup().returncode == 1  # a change does call pip
    (packages / "pip-away").rename(packages / "pip")

    # The failed update has changed nothing, and so nothing has to be made anew. What the tests
    # need stays, although only the reader's part is asked for.
    (venv / "kept").touch()
    changed = project.setup()
    assert changed.returncode == 0, changed.stderr
    assert "The course needs other packages than before" in changed.stdout
    assert project.version("tiny_needed") == "2"
    assert (venv / "kept").exists()
    assert project.setup("--extra", "test").stdout == ""

    # A copy elsewhere would still use the first one's packages.
    copy = Project(project.folder.parent / "elsewhere")
    shutil.rmtree(copy.folder)
    shutil.copytree(project.folder, copy.folder, symlinks=True)
    moved = copy.setup()
    assert moved.returncode == 0, moved.stderr
    assert "moved or copied" in moved.stdout
    assert copy.version("tiny_tested").startswith("ModuleNotFoundError")


def test_more_extras_are_added(project):
    assert project.setup().returncode == 0
    assert project.version("tiny_tested").startswith("ModuleNotFoundError")
    assert project.setup("--extra", "test").returncode == 0
    assert project.version("tiny_tested") == "1"


def test_killed_install_is_repaired(project):
    slow = project.write("slow", "")
    started = project.folder / "started"
    process = project.start()
    try:
        wait_for(started.exists)
        process.kill()  # the set-up alone: pip goes on, and still owns the environment
        process.communicate()
        assert (project.folder / ".venv" / setup.MARKER.name).exists()
        assert_one_sentence(project.setup(), "Another set-up is at work")
    finally:
        os.killpg(process.pid, signal.SIGKILL)
    slow.unlink()
    project.write(".venv/left over", "")
    wait_for(lambda: "Another set-up" not in project.setup().stderr, 20)
    assert not (project.folder / ".venv" / "left over").exists()
    assert project.version("tiny_needed") == "1"
    assert project.setup().stdout == ""


def test_ctrl_c_says_so_and_the_next_call_repairs(project):
    slow = project.write("slow", "")
    process = project.start()
    wait_for((project.folder / "started").exists)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert errors.splitlines()[-1].startswith("error: The set-up was interrupted")
    assert "Traceback" not in errors
    slow.unlink()
    result = project.setup()
    assert result.returncode == 0, result.stderr
    assert "The last set-up was interrupted: making .venv anew." in result.stdout


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"python": "3.10"}, "Python is now "),
        ({"folder": "/elsewhere"}, "The course was moved or copied"),
        (None, "The record of the last set-up is damaged"),
    ],
)
def test_reasons_to_rebuild(tmp_path, monkeypatch, change, reason):
    venv = tmp_path / ".venv"
    (venv / "bin").mkdir(parents=True)
    (venv / "bin" / "python").write_text("", encoding="utf-8")
    for name in ("STAMP", "MARKER", "VENV_PYTHON", "VENV"):
        place = venv / getattr(setup, name).relative_to(setup.VENV)
        monkeypatch.setattr(setup, name, place)
    wanted = setup.wanted_state()
    setup.STAMP.write_text(json.dumps(dict(wanted, extras=[])), encoding="utf-8")
    assert setup.reason_to_rebuild(wanted) is None
    assert setup.is_current(wanted, set())
    text = "{" if change is None else json.dumps(dict(wanted, extras=[], **change))
    setup.STAMP.write_text(text, encoding="utf-8")
    assert not setup.is_current(wanted, set())
    assert setup.reason_to_rebuild(wanted).startswith(reason)


def test_python_that_is_gone(tmp_path, monkeypatch):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(tmp_path / "uninstalled")
    monkeypatch.setattr(setup, "VENV", tmp_path)
    monkeypatch.setattr(setup, "VENV_PYTHON", tmp_path / "bin" / "python")
    monkeypatch.setattr(setup, "STAMP", tmp_path / "ready")
    monkeypatch.setattr(setup, "MARKER", tmp_path / "unfinished")
    wanted = setup.wanted_state()
    setup.STAMP.write_text(json.dumps(dict(wanted, extras=[])), encoding="utf-8")
    assert not setup.is_current(wanted, set())
    assert setup.reason_to_rebuild(wanted).startswith("The Python that .venv was made with is gone")


# --- the files that say what is installed -------------------------------------------------------


def test_settings_are_ones_that_jupyterlab_knows():
    schemas = Path(sys.prefix) / "share" / "jupyter" / "lab" / "schemas"
    for plugin, values in setup.LAB_SETTINGS.items():
        extension, name = plugin.split(":")
        schema = json.loads((schemas / extension / f"{name}.json").read_text(encoding="utf-8"))
        for key, value in values.items():
            known = schema["properties"][key]
            choices = [choice["const"] for choice in known.get("oneOf", [])]
            assert value in choices if choices else known["type"] == "boolean"


def pinned() -> dict[str, str]:
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    pairs = [line.split("==") for line in lines]
    assert all(len(pair) == 2 and "+" not in pair[1] for pair in pairs), "only name==version"
    names = [canonicalize_name(name) for name, _ in pairs]
    assert len(set(names)) == len(names), "a package stands there twice"
    return dict(zip(names, [version for _, version in pairs], strict=True))


def test_every_dependency_is_pinned_within_its_range():
    pins = pinned()
    extras = PROJECT["optional-dependencies"].values()
    for text in [*PROJECT["dependencies"], *(line for extra in extras for line in extra)]:
        requirement = Requirement(text)
        version = pins[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version), f"{text} against {version}"


def test_constraints_come_from_the_freeze_without_local_versions():
    listing = "torch==2.13.0+cpu\n# Editable install\nB==1\npip==23.0\na==2\nx @ file:///x\n"
    assert constraints.pins(listing) == ["a==2", "B==1", "torch==2.13.0"]


def test_environment_yml_has_no_list_of_its_own():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    *conda, pip = environment["dependencies"]
    names = [line.split("=")[0] for line in conda]
    assert names == ["python", "pip"]
    version = conda[0].partition("=")[2]
    assert SpecifierSet(PROJECT["requires-python"]).contains(f"{version}.0")
    assert pip == {"pip": ["--constraint constraints.txt", "--editable ."]}
    declared = {canonicalize_name(Requirement(line).name) for line in PROJECT["dependencies"]}
    assert not declared & {canonicalize_name(name) for name in names}


def test_help_names_every_target():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith(".PHONY:")]
    targets = [target for line in lines for target in line.split()[1:]]
    shown = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=True,
    ).stdout
    for target in targets:
        assert f"make {target} " in shown
    documented = [line.split()[1] for line in shown.splitlines() if line.startswith("make ")]
    assert sorted(documented) == sorted(targets)
