"""How many tests run at once with `-n auto`: as many as cores and memory allow."""

from __future__ import annotations

import os
from pathlib import Path

import psutil

# A worker with PyTorch, the kernel of a lesson that trains, and a share of the browser.
PER_WORKER = 3 * 2**30
PROC, GROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


def workers(cores: int, memory: int) -> int:
    """How many workers `cores` and `memory` (bytes) are enough for; at least one."""
    return max(1, min(cores, memory // PER_WORKER))


def cores(proc: Path = PROC, groups: Path = GROUPS) -> int:
    """Cores that this process may use: its affinity and the quotas of its control groups."""
    try:
        found = [len(os.sched_getaffinity(0))]
    except AttributeError:  # macOS and Windows
        found = [os.cpu_count() or 1]
    for text in group_files("", "cpu.max", proc, groups):
        quota, period = text.split()
        if quota != "max":
            found.append(int(quota) // int(period))
    quotas = group_files("cpu", "cpu.cfs_quota_us", proc, groups)
    periods = group_files("cpu", "cpu.cfs_period_us", proc, groups)
    for quota, period in zip(quotas, periods, strict=True):
        if int(quota) > 0:  # -1: no quota
            found.append(int(quota) // int(period))
    return max(1, min(found))


def memory(proc: Path = PROC, groups: Path = GROUPS) -> int:
    """Bytes that are available now, and that the control groups allow."""
    found = [psutil.virtual_memory().available]
    texts = group_files("", "memory.max", proc, groups)
    texts += group_files("memory", "memory.limit_in_bytes", proc, groups)
    found += [int(text) for text in texts if text != "max"]
    return min(found)


def group_files(controller: str, name: str, proc: Path, groups: Path) -> list[str]:
    """Contents of the file `name` in the control groups of this process and all above them.

    `controller` is empty for the one tree of version 2. A container may see its own group as the
    root, under a path that does not exist for it: then only the root counts.
    """
    try:
        lines = proc.read_text("utf-8").splitlines()
    except OSError:  # no Linux
        return []
    texts = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controller not in controllers.split(","):
            continue
        parts = [part for part in path.split("/") if part]
        for depth in range(len(parts) + 1):
            file = Path(groups, controller, *parts[:depth], name)
            if file.is_file():
                texts.append(file.read_text("utf-8").strip())
    return texts
