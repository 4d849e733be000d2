"""What the browser tests share: Debian's Chromium, and JupyterLab as a reader sees it.

The journeys work on a copy of the course, since JupyterLab saves what is typed. They press keys
and click; only scrolling to a cell and asking whether the kernel still works go through
JupyterLab's own interface.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web_pages import CHROMIUM_OPTIONS, find_browser
from utils.course import ROOT

SCREENSHOTS = ROOT / "build" / "screenshots"
COPIED = ("chapters", "exercises", "experiments", "utils", "tools", "data", "pyproject.toml")


def needs_chromium() -> pytest.MarkDecorator:
    """Skip where no Chromium is found, and say so; in CI there has to be one."""
    absent = find_browser() is None and not os.environ.get("CI")
    return pytest.mark.skipif(absent, reason="no Chromium here: apt install chromium")


@contextlib.contextmanager
def browser() -> Iterator:
    """A headless Chromium driven by Playwright."""
    from playwright.sync_api import sync_playwright

    path = find_browser()
    assert path, "no Chromium is installed: .ci/run has to install it"
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=path, args=CHROMIUM_OPTIONS) as started,
    ):
        yield started


def copy_course(folder: Path) -> Path:
    """A copy of the course in which a reader may change things."""
    for name in COPIED:
        source, target = ROOT / name, folder / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "cache")
            shutil.copytree(source, target, ignore=ignored)
        else:
            shutil.copy(source, target)
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def lab_server(course: Path, scratch: Path) -> Iterator[str]:
    """JupyterLab as `make lab` starts it, on the copy; yields the address of the start page."""
    own = ("JUPYTER", "COURSE_", "PORT", "LAB_ARGS")
    env = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    for name in ("CONFIG", "DATA", "RUNTIME"):
        env[f"JUPYTER_{name}_DIR"] = str(scratch / name.lower())
    env |= {
        "PORT": str(free_port()),
        "LAB_ARGS": "--no-browser --expose-app-in-browser",
        "PYTHONPATH": str(course),
        "COURSE_PROGRESS": str(scratch / "progress.sqlite3"),
        "IPYTHONDIR": str(scratch / "ipython"),
        "OMP_NUM_THREADS": "1",
        "COURSE_THREADS": "1",
    }
    output = scratch / "server.log"
    with output.open("w") as stream:
        server = subprocess.Popen(
            [sys.executable, "tools/lab.py"],
            cwd=course,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        end = time.monotonic() + 90
        while not (found := re.search(r"http://\S+[?]token=[0-9a-f]{32,}", output.read_text())):
            assert server.poll() is None, output.read_text()
            assert time.monotonic() < end, output.read_text()
            time.sleep(0.1)
        yield found.group()
    finally:
        server.terminate()  # it stops its kernels first
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            server.kill()


class Lab:
    """A page with JupyterLab on it, and what a reader does there."""

    def __init__(self, page, start: str, name: str) -> None:
        """`name` keeps apart which notebooks JupyterLab believes to be open."""
        self.page, self._start, self._name = page, start, name
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, link: str) -> None:
        """Open a notebook by its address and wait for its kernel."""
        base, _, query = self._start.partition("/lab/tree/")
        place = f"/lab/workspaces/{self._name}/tree/{link}"
        self.page.goto(f"{base}{place}?{query.partition('?')[2]}")
        self.page.locator(".jp-NotebookPanel:visible .jp-Cell").first.wait_for(timeout=60_000)
        self.wait_until_idle(90)

    def close(self) -> None:
        """Stop all kernels, as a reader does who is done."""
        self.page.evaluate("window.jupyterapp?.serviceManager.sessions.shutdownAll()")

    def _panel(self, body: str, argument=None):
        start = "const panel = window.jupyterapp.shell.currentWidget; const nb = panel.content;"
        return self.page.evaluate(f"async (argument) => {{ {start} {body} }}", argument)

    def wait_until_idle(self, seconds: float) -> None:
        """Wait until the kernel has nothing to do and no cell waits."""
        end = time.monotonic() + seconds
        while not self._panel(
            "const session = panel.sessionContext?.session;"
            "const waiting = nb.widgets.some(cell => cell.promptNode?.textContent.includes('*'));"
            "return session?.kernel?.status === 'idle' && !waiting;"
        ):
            assert time.monotonic() < end, f"the kernel is still busy after {seconds} s"
            time.sleep(0.2)

    def menu(self, *path: str) -> None:
        """Choose an entry of the menu bar, by what it is called."""
        self.page.locator(".lm-MenuBar-item", has_text=re.compile(f"^{path[0]}$")).click()
        for name in path[1:]:
            entry = self.page.locator(".lm-Menu-item:visible", has_text=re.compile(f"^{name}"))
            entry.first.click()

    def run_all(self, seconds: float) -> None:
        """Run → Run All Cells, and wait for the end."""
        self.menu("Run", "Run All Cells")
        time.sleep(1)
        self.wait_until_idle(seconds)

    def cell(self, words: str):
        """Scroll to the first cell whose source has `words`, click it, and return it."""
        place = self._panel(
            "const at = nb.widgets.findIndex(c => c.model.sharedModel.source.includes(argument));"
            "if (at < 0) return -1;"
            "nb.activeCellIndex = at; nb.deselectAll(); await nb.scrollToItem(at, 'start');"
            "return at;",
            words,
        )
        assert place >= 0, f"no cell has {words!r}"
        found = self.page.locator(".jp-NotebookPanel:visible .jp-Cell.jp-mod-active")
        found.wait_for()
        return found

    def after(self, cells: int):
        """The cell `cells` further down, scrolled to."""
        self._panel(
            "nb.activeCellIndex += argument; await nb.scrollToItem(nb.activeCellIndex, 'start');",
            cells,
        )
        return self.page.locator(".jp-NotebookPanel:visible .jp-Cell.jp-mod-active")

    def answer(self, cell, code: str) -> None:
        """Type `code` over what stands in a cell, and run it."""
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(code)
        self.run(cell)

    def run(self, cell) -> None:
        """Ctrl+Enter in a cell, and wait for its end."""
        cell.locator(".cm-content").click()
        self.page.keyboard.press("Control+Enter")
        time.sleep(0.3)
        self.wait_until_idle(60)

    def seen(self, cell) -> str:
        """The text of a cell's output as it stands on the page."""
        return cell.locator(".jp-OutputArea").inner_text()

    def outputs(self) -> list[dict]:
        """All outputs of the open notebook, with the text of those that went wrong."""
        return self._panel(
            "return nb.widgets.flatMap((cell, at) => (cell.model.outputs?.toJSON() ?? []).map("
            "out => ({at, kind: out.output_type, name: out.name ?? '', error: out.ename ?? '',"
            " text: [].concat(out.text ?? out.evalue ?? '').join('').slice(0, 500)})))"
        )

    def unrun(self) -> int:
        """How many cells with code have not been run in this kernel."""
        return self._panel(
            "return nb.widgets.filter(cell => cell.model.type === 'code' &&"
            " cell.model.sharedModel.source.trim() && !cell.model.executionCount).length"
        )

    def shows_no_error(self) -> None:
        """Fail if any output is an error or a warning, or claims that do not hold are shown."""
        wrong = [o for o in self.outputs() if o["kind"] == "error" or o["name"] == "stderr"]
        assert wrong == [], [str(o)[:1500] for o in wrong]
        assert self.page.locator('[data-mime-type$="stderr"]:visible').count() == 0
        outputs = self.page.locator(".jp-Cell-outputArea")
        assert outputs.filter(has_text="does not hold here").count() == 0
        assert self.page.locator(".jp-mod-errored, .jp-RenderedLatex .mjx-error").count() == 0

    def picture(self, name: str) -> None:
        """Keep a screenshot under build/, for people to look at."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png")
