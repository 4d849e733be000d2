"""Journeys of a reader through JupyterLab, in a real browser. What is asserted is what is seen."""

from __future__ import annotations

import re

import pytest
from browser import Lab, browser, copy_course, lab_server, needs_chromium

from tests.sampling import sampled
from utils import course

pytestmark = needs_chromium()

WRONG = "def standardise(values):\n    return values - values.mean() / values.std()\n\n\n"
RIGHT = "def standardise(values):\n    return (values - values.mean()) / values.std()\n\n\n"
CHECK = "check.standardise(standardise)"
START = "chapters/start_here.ipynb"
# Lessons that are run from top to bottom in JupyterLab; nbval runs all lessons in every run.
LESSONS = {lesson.link: lesson for lesson in course.lessons() if lesson.chapter}
QUICKEST = sorted(LESSONS, key=lambda link: LESSONS[link].seconds)
SAMPLE = QUICKEST[:2]
# Seconds that lessons touched by a change may take here, as `make run` measured them.
BUDGET = 300.0


def sources(link: str) -> tuple[str, ...]:
    """The files that are a lesson's own; what all lessons share is seen in the sample."""
    return link, f"exercises/{course.lesson_id(link).replace('.', '/')}.py"


@pytest.fixture(scope="module")
def start(tmp_path_factory):
    scratch = tmp_path_factory.mktemp("lab")
    with lab_server(copy_course(scratch / "course"), scratch) as address:
        yield address


@pytest.fixture(scope="module")
def chrome():
    with browser() as started:
        yield started


@pytest.fixture
def lab(chrome, start, request):
    name = re.sub(r"\W+", "-", request.node.name.removeprefix("test_")).strip("-")
    context = chrome.new_context(viewport={"width": 1280, "height": 900})
    visitor = Lab(context.new_page(), start, name)
    yield visitor
    visitor.picture(name)
    visitor.close()
    context.close()
    assert visitor.complaints == []


def test_a_newcomer_runs_everything_and_solves_the_first_exercise(lab):
    lab.open(START)
    lab.picture("start")
    lab.run_all(120)
    lab.shows_no_error()
    assert lab.unrun() == 0
    exercise = lab.cell(CHECK)
    assert "○" in lab.seen(exercise)
    assert "Not attempted yet" in lab.seen(exercise)

    lab.answer(exercise, WRONG + CHECK)
    said = lab.seen(exercise)
    assert said.startswith("✗")
    assert "Not yet" in said
    assert "brackets" in said  # the mistake is recognised as what it is
    lab.picture("wrong-answer")

    hint = lab.cell("check.standardise.hint()")
    lab.run(hint)
    assert "Hint " in lab.seen(hint)

    exercise = lab.cell(CHECK)
    lab.answer(exercise, RIGHT + CHECK)
    assert lab.seen(exercise).startswith("✓")
    assert "Solved" in lab.seen(exercise)
    lab.picture("right-answer")


def test_progress_is_there_when_the_notebook_is_opened_again(lab):
    lab.open(START)
    lab.menu("Run", "Run All Cells")
    lab.wait_until_idle(120)
    table = lab.cell("progress()")
    assert table.locator("table").is_visible()
    row = table.locator("tr", has_text="Start here").first.inner_text()
    assert "1" in row
    lab.picture("progress")


def test_a_solution_is_folded_until_it_is_opened(lab):
    lab.open(START)
    lab.cell(CHECK)
    solution = lab.after(1)
    assert "check.standardise.confirm" not in solution.inner_text()
    folded = solution.locator(".jp-InputPlaceholder")
    assert folded.is_visible()
    lab.picture("solution-folded")
    folded.click()
    solution.locator(".cm-content").wait_for()
    assert "check.standardise.confirm" in solution.locator(".cm-content").inner_text()
    lab.picture("solution-open")


def test_a_slider_changes_its_figure(lab):
    lesson = min(course.lessons(), key=lambda lesson: (not lesson.chapter, lesson.seconds))
    lab.open(lesson.link)
    lab.run_all(3 * lesson.seconds + 60)
    cell = lab.cell("slider(")
    figure, words = cell.locator("img"), cell.locator("details")
    assert figure.count() == words.count() == 1
    before = figure.get_attribute("src"), words.text_content()
    lab.picture("slider-before")
    cell.locator(".noUi-handle").focus()
    lab.page.keyboard.press("ArrowRight")
    lab.page.wait_for_timeout(1000)
    lab.wait_until_idle(30)
    assert figure.get_attribute("src") != before[0]
    assert words.text_content() != before[1]
    lab.picture("slider-after")


def test_a_restart_in_the_middle_forgets_and_runs_on(lab):
    lab.open(START)
    lab.run_all(120)
    lab.menu("Kernel", "Restart Kernel…")
    lab.page.get_by_role("button", name="Confirm Kernel Restart").click()
    lab.page.wait_for_timeout(1500)
    lab.wait_until_idle(60)
    middle = lab.cell("averages = np.stack")
    lab.run(middle)
    assert "NameError" in lab.seen(middle)  # what was run before is forgotten
    lab.menu("Run", "Run All Above Selected Cell")
    lab.page.wait_for_timeout(1000)
    lab.wait_until_idle(120)
    middle = lab.cell("averages = np.stack")
    lab.run(middle)
    assert lab.seen(middle).startswith("✓")
    assert "NameError" not in lab.seen(middle)
    lab.menu("Run", "Run Selected Cell and All Below")
    lab.page.wait_for_timeout(1000)
    lab.wait_until_idle(120)
    lab.shows_no_error()


COSTS = {link: float(lesson.seconds) for link, lesson in LESSONS.items()}


@pytest.mark.parametrize("link", sampled(LESSONS, SAMPLE, sources, COSTS, BUDGET))
def test_a_lesson_in_jupyterlab(lab, link):
    lesson = LESSONS[link]
    lab.open(lesson.link)
    title = lab.page.locator(".jp-NotebookPanel:visible h1").first
    assert lesson.title in title.inner_text()
    lab.run_all(3 * lesson.seconds + 90)
    lab.shows_no_error()
    assert lab.unrun() == 0


def test_the_dark_theme_stays_readable(lab):
    lab.open(START)
    lab.run_all(120)
    lab.menu("Settings", "Theme", "JupyterLab Dark")
    lab.page.locator('body[data-jp-theme-light="false"]').wait_for(state="attached")
    for name, words in (("table", "progress()"), ("claim", "EXAMPLES = 1437"), ("feedback", CHECK)):
        cell = lab.cell(words)
        lab.picture(f"dark-{name}")
        assert contrast(lab.page, cell) >= 4.5


def contrast(page, cell) -> float:
    """The contrast of the palest text in a cell's output against what is behind it (WCAG)."""
    return page.evaluate(
        """(output) => {
        const parse = text => text.match(/[\\d.]+/g).map(Number);
        const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
            .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
            .reduce((sum, v, at) => sum + v * [0.2126, 0.7152, 0.0722][at], 0);
        const behind = node => {
            for (; node; node = node.parentElement) {
                const colour = parse(getComputedStyle(node).backgroundColor);
                if (colour.length < 4 || colour[3] > 0.99) return colour;
            }
            return [255, 255, 255];
        };
        const walker = document.createTreeWalker(output, NodeFilter.SHOW_TEXT);
        let least = 21;
        while (walker.nextNode()) {
            const node = walker.currentNode.parentElement;
            if (!walker.currentNode.textContent.trim() || !node.getClientRects().length) continue;
            const a = light(parse(getComputedStyle(node).color)), b = light(behind(node));
            least = Math.min(least, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
        }
        return least;
    }""",
        cell.locator(".jp-OutputArea-output").first.element_handle(),
    )
