"""What has changed lately: tests in the browser and other seeds look at that first.

The base is the commit CHANGE_BASE if the environment names one, else the last commit that is at
least six hours older than the newest: a day's work is looked at as a whole. Printed by
`python -m tools.changes`; standard library only.
"""

import os
import subprocess
from pathlib import Path

from tools import console
from utils.course import ROOT

HOURS = 6


def base(root: Path = ROOT) -> str | None:
    """Return the commit to compare with; None where there is no earlier one, or no git at all."""
    if named := os.environ.get("CHANGE_BASE", "").strip():
        return named
    newest = _git(root, "log", "-1", "--format=%ct")
    if not newest:
        return None
    return _git(root, "rev-list", "-1", f"--before={int(newest) - HOURS * 3600}", "HEAD") or None


def changed_files(root: Path = ROOT) -> set[str]:
    """Return the files, as `root`-relative paths with slashes, that differ from the base.

    Compared is the working tree, files not added yet among them. Empty where nothing can be
    compared: no git, no earlier commit, or a download that lies in somebody else's repository.
    """
    top = _git(root, "rev-parse", "--show-toplevel")
    commit = base(root)
    if not top or not commit or Path(top).resolve() != root.resolve():
        return set()
    known = _git(root, "diff", "--name-only", "--no-renames", "-z", commit, "--")
    if known is None:
        return set()
    new = _git(root, "ls-files", "--others", "--exclude-standard", "-z") or ""
    return {name for name in [*known.split("\0"), *new.split("\0")] if name}


def _git(root: Path, *arguments: str) -> str | None:
    """What git prints, stripped; None where it is missing or refuses."""
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=root, capture_output=True, encoding="utf-8", check=True
        )
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


if __name__ == "__main__":
    console.accept_any()
    print(base() or "")
