"""How many workers `-n auto` starts."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from harness import copy_harness

from tests import workers

GIB = 2**30


@pytest.mark.parametrize(
    ("cores", "gib", "expected"),
    [(2, 16, 2), (2, 4, 1), (2, 1, 1), (16, 16, 5), (16, 64, 16), (1, 64, 1)],
)
def test_as_many_as_cores_and_memory_allow(cores, gib, expected):
    assert workers.workers(cores, gib * GIB) == expected


def test_this_machine_has_cores_and_memory():
    assert 1 <= workers.cores() <= os.cpu_count()
    assert workers.memory() > 0


def control_groups(folder, line: str, files: dict[str, str]) -> dict:
    """A made-up /proc/self/cgroup with one line, and a tree of control groups with these files."""
    (folder / "cgroup").write_text(f"{line}\n", "utf-8")
    for name, text in files.items():
        file = folder / "groups" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n", "utf-8")
    return {"proc": folder / "cgroup", "groups": folder / "groups"}


@pytest.fixture
def large_machine(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    available = type("Memory", (), {"available": 64 * GIB})
    monkeypatch.setattr(workers.psutil, "virtual_memory", lambda: available)


def test_quotas_of_control_groups_count(large_machine, tmp_path):
    files = {
        "cpu.max": "max 100000",
        "a/cpu.max": "250000 100000",
        "memory.max": "max",
        "a/memory.max": str(8 * GIB),
        "b/cpu.max": "100000 100000",
    }
    places = control_groups(tmp_path, "0::/a/c", files)
    assert workers.cores(**places) == 2
    assert workers.memory(**places) == 8 * GIB


def test_quotas_of_version_1_count(large_machine, tmp_path):
    files = {
        "cpu/cpu.cfs_quota_us": "-1",
        "cpu/cpu.cfs_period_us": "100000",
        "cpu/a/cpu.cfs_quota_us": "400000",
        "cpu/a/cpu.cfs_period_us": "100000",
    }
    places = control_groups(tmp_path, "1:cpu,cpuacct:/a", files)
    assert workers.cores(**places) == 4
    files = {"memory/memory.limit_in_bytes": str(2**63 - 4096), "memory/a/x": ""}
    assert workers.memory(**control_groups(tmp_path, "4:memory:/a", files)) == 64 * GIB


def test_half_a_core_is_one_worker(large_machine, tmp_path):
    places = control_groups(tmp_path, "0::/", {"cpu.max": "50000 100000"})
    assert workers.cores(**places) == 1


def test_a_system_without_control_groups_or_affinity(large_machine, tmp_path, monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity")
    places = {"proc": tmp_path / "none", "groups": tmp_path / "none"}
    assert workers.cores(**places) == os.cpu_count()
    assert workers.memory(**places) == 64 * GIB


@pytest.mark.parametrize(("named", "expected"), [("", "1 worker"), ("2", "2 workers")])
def test_pytest_asks_and_an_environment_variable_overrules(tmp_path, named, expected):
    copy_harness(tmp_path)
    ours = tmp_path / "tests" / "workers.py"
    ours.write_text(ours.read_text("utf-8").replace("3 * 2**30", "2**60"), "utf-8")
    (tmp_path / "tests" / "test_some.py").write_text("def test_one(): pass\n", "utf-8")
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    if named:
        environment["PYTEST_XDIST_AUTO_NUM_WORKERS"] = named
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n", "auto"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert f"{expected} [1 item]" in done.stdout, done.stdout + done.stderr
