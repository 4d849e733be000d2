"""Renew constraints.txt (`make constraints`): the newest versions that pyproject.toml allows."""

import shutil
import subprocess
import sys

from tools import console, setup

HEADER = """\
# Exact versions of everything that the course and its tests install on Linux with Python 3.11:
# the versions that the stored outputs were made with. Written by `make constraints`; every
# install (make lab, make test, environment.yml) uses it. Do not edit by hand.
"""


def pins(listing: str) -> "list[str]":
    """Return the sorted `name==version` lines of a `pip freeze --all`, pip itself left out.

    Local versions are cut off: 2.13.0+cpu names one index's build, not the release.
    """
    lines = [line.split("+")[0] for line in listing.splitlines() if "==" in line]
    lines = [line for line in lines if not line.startswith("pip==")]
    return sorted(lines, key=str.lower)


def renew() -> None:
    """Install all extras into an environment of their own and write down what came."""
    import tomllib  # not at the top: an old Python is to get a sentence, not an ImportError

    setup.check_system()
    project = tomllib.loads(setup.PYPROJECT.read_text(encoding="utf-8"))["project"]
    with setup.only_one() as lock:
        folder = setup.BUILD / "constraints"
        shutil.rmtree(folder, ignore_errors=True)
        setup.LOG.write_text("", encoding="utf-8")
        setup.say("Installing the newest versions allowed into an environment of their own.")
        setup.make_venv(folder, lock)
        python = folder / "bin" / "python"
        extras = ",".join(project["optional-dependencies"])
        setup.pip(python, ["install", "-e", f".[{extras}]"], lock)
        freeze = [str(python), "-I", "-m", "pip", "freeze", "--exclude-editable", "--all"]
        listing = subprocess.run(
            freeze, cwd=setup.ROOT, check=True, stdout=subprocess.PIPE, encoding="utf-8"
        ).stdout
        found = pins(listing)
        setup.write_safely(setup.CONSTRAINTS, HEADER + "\n".join(found) + "\n")
        shutil.rmtree(folder)
    setup.say(f"constraints.txt names {len(found)} packages.")


if __name__ == "__main__":
    console.accept_any()
    sys.exit(setup.reporting(renew))
