"""The HTML edition: read from the disk, and walked through in a browser without a network."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests import web_pages
from tests.sampling import sampled
from tools import book, book_pages, contents
from utils import course
from utils.course import ROOT

LESSONS = [course.read_lesson(path) for path in course.notebooks()]
CATALOGUE = json.loads((ROOT / "data" / "catalogue.json").read_text(encoding="utf-8"))
LESSON_PAGES = {lesson.link.replace(".ipynb", ".html"): lesson for lesson in LESSONS}
DATA_PAGES = {f"data/{name}.html": name for name in CATALOGUE}
DOCUMENTS = [f"docs/{path.stem}.html" for path in sorted((ROOT / "docs").glob("*.md"))]
MODULE_PAGES = {f"api/{name}.html": name for package in book_pages.PACKAGES
                for name in book_pages.modules(package)}  # fmt: skip
PAGES = ["index.html", *LESSON_PAGES, "data/index.html", *DATA_PAGES, *MODULE_PAGES, *DOCUMENTS,
         "contributing.html", "licence.html", "search.html"]  # fmt: skip
# One page of every sort, and the first lesson of each chapter: walked through in every run.
FIRST = {lesson.chapter: page for page, lesson in reversed(LESSON_PAGES.items())}
SAMPLE = {"index.html", *FIRST.values(), "data/index.html", next(iter(DATA_PAGES)),
          "docs/robustness.html", "contributing.html", "search.html"}  # fmt: skip
# What every page is made of.
FRAME = ("book/", "tools/book.py", "tools/book_pages.py", "tests/test_book.py",
         "tests/web_pages.py", "constraints.txt")  # fmt: skip
# Of es5/tex-chtml-full.js in the npm package mathjax 3.2.2.
MATHJAX_SHA256 = "91b005503c5d1f0958bf4d73ada1a3be33596b2c4ab5da22277f1b0d3149b5a4"
# Built in a process in which PyTorch cannot be imported and nothing can be reached.
SCRIPT = """
import socket, sys
from pathlib import Path
def refuse(*_):
    raise OSError("the book is built without a network")
socket.socket.connect = socket.getaddrinfo = refuse
class NoTorch:
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, NoTorch)
from tools import book
book.build(Path(sys.argv[1]), Path(sys.argv[2]))
"""


def missing(what: str) -> None:
    """Skip for want of something, but fail in CI, where everything has to be there."""
    if os.environ.get("CI", "").lower() not in ("", "0", "false"):
        pytest.fail(f"{what} (CI is set, so this is no reason to skip)")
    pytest.skip(what)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The book, built once."""
    if find_spec("sphinx") is None:
        missing("Sphinx is not installed: tools/setup.py --extra book")
    place = tmp_path_factory.mktemp("book")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(place / "html"), str(place / "source")],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        text=True,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return place / "html"


@pytest.fixture(scope="module")
def pages(folder) -> dict[str, web_pages.Page]:
    return web_pages.site(folder)


# --- what lies on the disk ----------------------------------------------------------------------


def test_every_lesson_and_every_data_set_has_its_page(pages):
    assert sorted(pages) == sorted(PAGES)
    for name, lesson in LESSON_PAGES.items():
        assert pages[name].headings[0] == (1, f"{lesson.title}")
        tags = [classes for classes, _ in pages[name].cells]
        assert sum("tag_exercise" in classes for classes in tags) == len(lesson.exercises)


def test_every_link_leads_somewhere(pages, folder):
    assert web_pages.broken_links(pages, folder) == []


def test_nothing_is_loaded_from_elsewhere(pages, folder):
    for name, page in pages.items():
        for tag, address in page.loaded:
            assert not re.match(r"(?!data:)[a-z]+:|//", address), f"{name}: {tag} loads {address}"
    for sheet in folder.rglob("*.css"):
        text = re.sub(r"/\*.*?\*/", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
        found = re.findall(r"(?:url\(|@import)\s*[\"']?((?:https?:)?//[^)\"']+)", text)
        assert found == [], sheet.name


def test_mathjax_is_the_original(folder):
    script = folder / "_static" / book.MATHJAX_FOLDER / book.MATHJAX_SCRIPT
    assert hashlib.sha256(script.read_bytes()).hexdigest() == MATHJAX_SHA256


def test_every_picture_says_what_it_shows(pages):
    pictures = [(name, *image) for name, page in pages.items() for image in page.images]
    assert len(pictures) > len(LESSONS)
    assert [picture for picture in pictures if len((picture[2] or "").strip()) < 20] == []


def test_every_stored_figure_is_there(pages):
    for name, lesson in LESSON_PAGES.items():
        texts = {said["alt"] for said in book.stored_pictures(lesson.path).values()}
        assert {alt for _, alt in pages[name].images} >= texts, name


def test_no_markup_is_left_over_in_the_text(pages):
    formula, other = r"\$[^$]+\$|\\[(\[].*", r"\]\([^)]*\)|\*\*"
    for name, page in pages.items():
        for block in page.prose.split("\n\n"):
            assert re.findall(f"{formula}|{other}", block) == [], f"{name}: {block}"


def test_formulas_are_there(pages):
    for name, lesson in LESSON_PAGES.items():
        cells = json.loads(lesson.path.read_text(encoding="utf-8"))["cells"]
        text = "\n\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
        text = re.sub(r"^```.*?^```$|`[^`\n]*`", "", text, flags=re.DOTALL | re.MULTILINE)
        blocks = text.replace("\\$", "").split("\n\n")
        expected = sum(len(re.findall(r"\$\$[^$]+\$\$|\$[^$]+\$", block)) for block in blocks)
        assert pages[name].formulas >= expected, name


def test_solutions_and_figures_are_folded(pages):
    for name, lesson in LESSON_PAGES.items():
        cells = json.loads(lesson.path.read_text(encoding="utf-8"))["cells"]
        for tag in ("solution", "figure"):
            expected = sum(tag in cell["metadata"].get("tags", []) for cell in cells)
            folded = [fold for classes, fold in pages[name].cells if f"tag_{tag}" in classes]
            assert folded == [True] * expected, f"{name}: {tag}"
        shown = [fold for classes, fold in pages[name].cells if "tag_exercise" in classes]
        assert not any(shown), name
        assert not re.search(r"<details[^>]*\sopen", pages[name].path.read_text("utf-8")), name


def test_the_front_page_lists_the_lessons_with_minutes_and_exercises(pages):
    text = " ".join(pages["index.html"].prose.split())
    for lesson in LESSONS:
        time = contents.reading_time(lesson)
        numbers = f"{time} {lesson.seconds} s {len(lesson.exercises)}"
        assert f"{lesson.title} {lesson.summary} {numbers}".replace("'", "’") in text.replace(
            "'", "’"
        )


def test_previous_and_next_go_through_the_course(pages):
    order = ["index.html", *LESSON_PAGES, "data/index.html"]
    for before, after in itertools.pairwise(order):
        text = pages[before].path.read_text(encoding="utf-8")
        link = re.search(r'<link rel="next"[^>]*href="([^"]+)"', text)[1]
        assert (pages[before].path.parent / link).resolve() == pages[after].path.resolve()


def test_a_data_set_names_the_lessons_that_use_it(pages):
    uses = {name: book_pages.used_functions(lesson.path) for name, lesson in LESSON_PAGES.items()}
    for page, name in DATA_PAGES.items():
        expected = {f"../{lesson}" for lesson, names in uses.items() if name in names}
        body = pages[page].path.read_text(encoding="utf-8").partition('id="lessons-that-use-it"')[2]
        body = body.partition("<footer")[0]
        assert set(re.findall(r'internal" href="(\.\./[^"]+)"', body)) == expected, page
        entry = CATALOGUE[name]
        for fact in (entry["licence"], entry.get("sha256") or ""):
            assert fact.replace("'", "’") in pages[page].path.read_text("utf-8").replace("'", "’")


def test_a_module_s_page_shows_its_functions_with_their_examples(pages):
    ids = set().union(*(pages[name].ids for name in MODULE_PAGES))
    assert {
        "utils.training.fit",
        "utils.data.Table",
        "utils.data.checksum",
        "exercises.engine.Function",
        "exercises.engine.comparing.difference",
    } <= ids
    assert "utils.data.digits" in pages["data/digits.html"].ids
    page = pages["api/utils.training.html"]
    assert "slope 3.00, offset 1.00" in page.path.read_text(encoding="utf-8")
    assert "(pair of Tensor) – Inputs and targets" in " ".join(page.prose.split())


def test_no_machine_is_named(pages, folder):
    for name, page in pages.items():
        text = page.path.read_text(encoding="utf-8")
        assert str(folder) not in text, name
        assert str(ROOT) not in text, name


# --- how it is made -----------------------------------------------------------------------------


def test_links_to_files_of_the_repository_lead_to_pages():
    linked = set()
    text = (
        "[a](README.md#Two-commands) [b](data/README.md) [c](https://example.org/README.md) "
        "[d](LICENSE) [e](#here) [f](chapters/start_here.ipynb)\n```\n[g](LICENSE)\n```\n"
        "[h](utils/plotting.py)"
    )
    assert book.relinked(text, "README.md", linked) == (
        "[a](index.md#Two-commands) [b](data/index.md) [c](https://example.org/README.md) "
        "[d](licence.md) [e](#here) [f](chapters/start_here.ipynb)\n```\n[g](LICENSE)\n```\n"
        "[h](utils/plotting.py)"
    )
    assert linked == {"utils/plotting.py"}
    page = "chapters/01_a/01_b.ipynb"
    assert book.relinked("[x](../../data/README.md)", page, linked) == "[x](../../data/index.md)"


def code(source: str, tags: list[str], *outputs: dict) -> dict:
    hidden = {"jupyter": {"source_hidden": True}} if tags else {}
    metadata = {"tags": tags, **hidden}
    kept = [{"output_type": "display_data", "data": data} for data in outputs]
    return {"id": "c", "cell_type": "code", "source": source, "metadata": metadata, "outputs": kept}


def test_cells_are_prepared_for_the_book():
    lesson = LESSONS[1]
    title = {"cell_type": "markdown", "metadata": {}, "source": ["# Title\n", "\n", "Text."]}
    table = {"text/markdown": ["[a](../start_", "here.ipynb) [b](https://x.org/y.ipynb)"]}
    cells = [
        title,
        code("# Figure: x\nslider(draw, [1, 2])", ["figure"], {"image/png": ""}),
        code("answer = 1", ["solution"]),
        code("# no slider(here)", [], table),
    ]
    first, figure, note, solution, plain = book.prepared({"cells": cells}, lesson, set())["cells"]
    glance = f"*{contents.reading_time(lesson)} to read · {lesson.seconds} s to run · "
    assert first["source"].startswith(f"# Title\n\n{glance}")
    assert first["source"].endswith("\n\nText.")
    assert figure["metadata"]["tags"] == ["figure", "hide-input"]
    assert "slider" in note["source"]
    assert solution["metadata"]["tags"] == ["solution", "hide-cell"]
    assert solution["metadata"]["mystnb"]["code_prompt_show"] == "Show the solution"
    assert "mystnb" not in plain["metadata"]
    text = plain["outputs"][0]["data"]["text/markdown"]
    assert text == "[a](../start_here.html) [b](https://x.org/y.ipynb)"


def test_a_package_s_own_page_comes_first_and_describes_what_it_exports():
    pages = book_pages.module_pages("exercises.engine", [])
    assert list(pages)[:2] == ["api/exercises.engine.md", "api/exercises.engine.bug.md"]
    assert "exclude-members" not in pages["api/exercises.engine.md"]
    assert "   :exclude-members: Bug, " in pages["api/exercises.engine.bug.md"]


def test_a_data_set_is_described_on_its_own_page_only():
    pages = book_pages.module_pages("utils", ["digits", "wine"])
    assert ":exclude-members: digits, wine\n" in pages["api/utils.data.md"]
    assert "data/index.md" in pages["api/utils.data.md"]
    assert "DataUnavailable" in pages["api/utils.data.download.md"].partition("exclude")[2]
    assert "exclude" not in pages["api/utils.seeds.md"]


def test_uses_are_found_by_name(tmp_path):
    notebook = tmp_path / "a.ipynb"
    code = "from utils.data import iris\nx = data.wine()\ny = other.digits()"
    cells = [{"cell_type": "code", "source": code}, {"cell_type": "markdown", "source": "data.a("}]
    notebook.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    assert book_pages.used_functions(notebook) == {"iris", "wine"}


def test_a_readme_without_contents_is_refused():
    with pytest.raises(ValueError, match=r"README\.md"):
        book_pages.front_page("# Course\n\nText.\n", LESSONS, [], [])


@pytest.mark.parametrize(
    "fault",
    ["[a](nowhere.md)", "[a](#nowhere)", "![A picture](nowhere.png)", "# A\n\n{nothing}`x`"],
)
def test_a_faulty_page_fails_and_leaves_the_older_book(tmp_path, monkeypatch, capfd, fault):
    if find_spec("sphinx") is None:
        missing("Sphinx is not installed: tools/setup.py --extra book")
    output, text = tmp_path / "html", "# Title\n\nText.\n"
    monkeypatch.setattr(book, "pages", lambda: {"index.md": text})
    book.build(output, tmp_path / "source")
    older = (output / "index.html").read_bytes()
    text += fault
    with pytest.raises(book.BookError):
        book.build(output, tmp_path / "source")
    assert (output / "index.html").read_bytes() == older
    assert "WARNING" in capfd.readouterr().err


def test_a_broken_link_and_a_missing_place_are_found(tmp_path):
    (tmp_path / "a.html").write_text('<h1 id="x">A</h1><a href="b.html#y">', encoding="utf-8")
    text = '<a href="a.html#x"></a><a href="a.html#z"></a><a href="c.html"></a><img src="d.png">'
    (tmp_path / "b.html").write_text(text, encoding="utf-8")
    assert len(web_pages.broken_links(web_pages.site(tmp_path), tmp_path)) == 4


# --- in a browser -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    """A browser that cannot reach any network."""
    if find_spec("playwright") is None or find_spec("axe_playwright_python") is None:
        missing("Playwright or axe is not installed: tools/setup.py --extra test")
    path = web_pages.find_browser()
    if path is None:
        missing("no Chromium is installed, so no page was looked at in a browser")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=web_pages.CHROMIUM_OPTIONS)
        yield browser
        browser.close()


class Visit:
    """A window of the browser that notes what goes wrong in it."""

    def __init__(self, browser, folder: Path, **options):
        self.folder, self.faults = folder, []
        self.context = browser.new_context(viewport={"width": 1280, "height": 900}, **options)
        self.context.set_offline(True)
        self.context.route(lambda address: not address.startswith("file:"), self._refuse)
        self.page = self.context.new_page()
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("requestfailed", lambda r: self.faults.append(f"failed: {r.url}"))

    def _refuse(self, route):
        self.faults.append(f"asked the network for {route.request.url}")
        route.abort()

    def _said(self, message):
        if message.type in ("error", "warning"):
            self.faults.append(f"{message.type}: {message.text}")

    def open(self, name: str):
        """Open a page of the book and wait until its formulas are set."""
        self.page.goto((self.folder / name).as_uri())
        self.page.wait_for_function("document.documentElement.dataset.ready")
        return self.page


@pytest.fixture(scope="module")
def visit(browser, folder):
    visit = Visit(browser, folder)
    yield visit
    visit.context.close()


@pytest.fixture
def fresh(browser, folder):
    """A window of its own, which remembers nothing."""
    visit = Visit(browser, folder)
    yield visit
    visit.context.close()
    assert visit.faults == []


def sources(page: str) -> tuple[str, ...]:
    """The files of the repository that `page` shows."""
    if page in LESSON_PAGES:
        return (*FRAME, LESSON_PAGES[page].link)
    if page.startswith("data/"):
        return (*FRAME, "data/README.md", "data/catalogue.json", "utils/data/")
    named = {"index.html": "README.md", "contributing.html": "CONTRIBUTING.md",
             "licence.html": "LICENSE"}  # fmt: skip
    if page in named or page.startswith("docs/"):
        return (*FRAME, named.get(page, page.replace(".html", ".md")))
    return (*FRAME, "utils/", "exercises/engine/")  # such as pages made from docstrings


def test_the_sample_and_the_sources_of_pages_are_there():
    assert set(PAGES) >= SAMPLE
    for page in PAGES:
        for source in sources(page):
            assert (ROOT / source).exists(), f"{page}: {source}"


@pytest.mark.parametrize("name", sampled(PAGES, SAMPLE, sources))
def test_a_page_in_the_browser(visit, name):
    from axe_playwright_python.base import AXE_SCRIPT

    visit.faults.clear()
    page = visit.open(name)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.evaluate(web_pages.UNFOLD)
    assert page.evaluate(web_pages.FAULTS) == []
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate(web_pages.UNFOLD)
    assert page.evaluate(web_pages.TOO_WIDE) == []

    page.evaluate(web_pages.THIN_OUT)
    page.evaluate(AXE_SCRIPT)
    assert web_pages.serious(page.evaluate(web_pages.STRUCTURE)) == []
    for theme in ("light", "dark"):
        page.evaluate("theme => { document.body.dataset.theme = theme; }", theme)
        found = web_pages.serious(page.evaluate(web_pages.CONTRAST))
        assert found == [], theme
    assert visit.faults == []


# Long lines of code, formulas in the text and between it, a wide table; and the list of lessons.
@pytest.mark.parametrize(
    "name",
    [
        "index.html",
        "chapters/03_generative_models/03_diffusion.html",
        "chapters/06_representation_learning/01_deep_infomax.html",
        "data/breast_cancer.html",
    ],
)
def test_nothing_is_cut_off_on_paper(fresh, name):
    page = fresh.open(name)
    page.evaluate(web_pages.UNFOLD)
    page.set_viewport_size({"width": 660, "height": 900})  # A4 with wide margins
    page.emulate_media(media="print")
    assert page.evaluate(web_pages.CUT_ON_PAPER) == []
    assert not page.get_by_text("Skip to content").is_visible()
    assert page.locator("article h1").first.is_visible()


def test_axe_finds_what_it_should(visit):
    from axe_playwright_python.base import AXE_SCRIPT

    page = visit.page
    page.set_content(
        "<html lang='en'><title>A</title><main><h1>A</h1><img src='data:,'>"
        "<p style='color:#aaa;background:#fff'>pale</p></main></html>"
    )
    page.evaluate(AXE_SCRIPT)
    assert "image-alt" in "".join(web_pages.serious(page.evaluate(web_pages.STRUCTURE)))
    assert "color-contrast" in "".join(web_pages.serious(page.evaluate(web_pages.CONTRAST)))


def test_the_browser_finds_what_it_should(visit):
    page = visit.page
    page.set_content("<article><p class=math>x</p><div style='width:2000px'>wide</div></article>")
    assert page.evaluate(web_pages.FAULTS) == ["not rendered: x"]
    assert page.evaluate(web_pages.TOO_WIDE)


def test_an_unknown_command_in_a_formula_is_found(visit):
    name = next(name for name in LESSON_PAGES)
    page = visit.open(name)
    page.evaluate(
        "() => { document.querySelector('.math').textContent = '\\\\(\\\\nosuchcommand\\\\)';"
        " return MathJax.typesetPromise(); }"
    )
    assert "error in a formula" in page.evaluate(web_pages.FAULTS)[0]


def test_search_finds_a_lesson(fresh):
    page = fresh.open("index.html")
    page.fill("input[name=q]", "dropout")
    page.press("input[name=q]", "Enter")
    page.wait_for_url("**/search.html?q=dropout*")
    result = page.locator("#search-results li a", has_text="Training that works").first
    result.click()
    page.wait_for_url("**/02_training_that_works.html*")
    assert page.locator("h1").first.inner_text().startswith("Training that works")


def test_dark_mode_is_chosen_and_remembered(fresh):
    ground = "getComputedStyle(document.body).backgroundColor"
    page = fresh.open("index.html")
    light = page.evaluate(ground)
    button = page.locator(".theme-toggle:visible").first
    for _ in range(3):
        if page.evaluate("document.body.dataset.theme") != "dark":
            button.click()
    assert page.evaluate("document.body.dataset.theme") == "dark"
    dark = page.evaluate(ground)
    assert dark != light
    assert fresh.open("chapters/start_here.html").evaluate(ground) == dark


def test_the_system_s_dark_mode_is_followed(browser, folder):
    visit = Visit(browser, folder, color_scheme="dark")
    ground = visit.open("index.html").evaluate("getComputedStyle(document.body).backgroundColor")
    visit.context.close()
    assert max(map(int, re.findall(r"\d+", ground)[:3])) < 64


def test_a_solution_unfolds_by_mouse_and_by_keyboard(fresh):
    page = fresh.open("chapters/start_here.html")
    cell = page.locator(".cell.tag_solution").first
    code = cell.locator("pre").first
    assert not code.is_visible()
    cell.get_by_text("Show the solution").click()
    assert code.is_visible()
    cell.locator("summary").first.press("Enter")
    assert not code.is_visible()


def test_next_and_previous_are_links(fresh):
    page = fresh.open("chapters/start_here.html")
    page.click("a.next-page")
    first = list(LESSON_PAGES.values())[1]
    assert page.locator("h1").first.inner_text().startswith(first.title)
    page.click("a.prev-page")
    assert page.locator("h1").first.inner_text().startswith("Start here")


def test_a_wide_box_can_be_reached_by_keyboard(fresh):
    page = fresh.open("chapters/start_here.html")
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate(web_pages.UNFOLD)
    boxes = page.locator("article pre").filter(visible=True)
    wide = [box for box in boxes.all() if box.evaluate("e => e.scrollWidth > e.clientWidth")]
    assert wide
    assert all(box.get_attribute("tabindex") == "0" for box in wide)
