"""Reading pages as they lie on the disk, and what a browser is asked about them."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src",
          "video": "src", "audio": "src", "object": "data", "embed": "src"}  # fmt: skip
BLOCKS = {"div", "p", "li", "td", "th", "dd", "dt", "section", "summary", "details", "table",
          "h1", "h2", "h3", "h4", "h5", "h6"}  # fmt: skip
NOT_PROSE = {"pre", "code", "script", "style", "title"}
NOT_TEXT = {"math", "sig"}  # classes: formulas, and how a function is called
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
CHROMIUM_OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage",
]  # fmt: skip


@dataclass
class Page(HTMLParser):
    """What one file of HTML holds.

    Attributes:
        ids: every id, and every name of an old-fashioned anchor.
        links: where the links lead, as they are written.
        loaded: what the page loads by itself, styles left out: (tag, address).
        images: source and alternative text (None where there is none) of each picture.
        headings: level and text.
        cells: classes of each notebook cell, and whether all its code is folded.
        prose: the text that is neither code nor formula, an empty line between blocks.
    """

    path: Path
    ids: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loaded: list[tuple[str, str]] = field(default_factory=list)
    images: list[tuple[str, str | None]] = field(default_factory=list)
    headings: list[tuple[int, str]] = field(default_factory=list)
    cells: list[tuple[set[str], bool]] = field(default_factory=list)
    formulas: int = 0

    def __post_init__(self) -> None:
        super().__init__()
        self._open: list[tuple[str, set[str]]] = []
        self._prose: list[str] = []
        self.feed(self.path.read_text(encoding="utf-8"))

    @property
    def prose(self) -> str:
        return "".join(self._prose)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        classes = set((values.get("class") or "").split())
        self.ids |= {values[name] for name in ("id",) if values.get(name)}
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        if tag in LOADED and values.get(LOADED[tag]):
            linked = tag != "link" or {"stylesheet", "icon", "preload", "prefetch"} & set(
                (values.get("rel") or "").split()
            )
            if linked:
                self.loaded.append((tag, values[LOADED[tag]]))
        if tag == "img":
            self.images.append((values.get("src") or "", values.get("alt")))
        if re.fullmatch("h[1-6]", tag):
            self.headings.append((int(tag[1]), ""))
        if "cell" in classes:
            self.cells.append((classes, True))
        if "cell_input" in classes and self.cells and not self._inside("details"):
            self.cells[-1] = (self.cells[-1][0], False)
        self.formulas += "math" in classes
        if tag in BLOCKS:
            self._prose.append("\n\n")
        if tag not in VOID:
            self._open.append((tag, classes))

    def handle_endtag(self, tag):
        while self._open:
            if self._open.pop()[0] == tag:
                break

    def handle_data(self, data):
        if self.headings and self._open and re.fullmatch("h[1-6]", self._open[-1][0]):
            level, text = self.headings[-1]
            self.headings[-1] = (level, text + data)
        if not self._in_code():
            self._prose.append(data)

    def _in_code(self) -> bool:
        """Whether what stands here is code, a formula, or the name of a parameter."""
        if any(tag in NOT_PROSE or NOT_TEXT & classes for tag, classes in self._open):
            return True
        fields = any("field-list" in classes for _, classes in self._open)
        return fields and self._inside("strong")

    def _inside(self, tag: str) -> bool:
        return any(name == tag for name, _ in self._open)


def site(folder: Path) -> dict[str, Page]:
    """Every page of a folder by its place in it."""
    return {
        path.relative_to(folder).as_posix(): Page(path) for path in sorted(folder.rglob("*.html"))
    }


def broken_links(pages: dict[str, Page], folder: Path) -> list[str]:
    """Links and pictures of the pages that lead to no file, or to no place in its file."""
    problems = []
    by_path = {page.path.resolve(): page for page in pages.values()}
    for name, page in pages.items():
        for link in {*page.links, *(address for _, address in page.loaded)}:
            if re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", link):
                continue
            place, _, fragment = link.partition("#")
            place = unquote(place.partition("?")[0])
            target = (page.path.parent / place).resolve() if place else page.path.resolve()
            if not target.is_file() or folder.resolve() not in target.parents:
                problems.append(f"{name}: there is no file for {link}")
            elif fragment and unquote(fragment) not in getattr(by_path.get(target), "ids", ()):
                problems.append(f"{name}: there is no place for {link}")
    return problems


def find_browser() -> str | None:
    """The path of a Chromium or Chrome that is installed, or None."""
    return next((path for path in map(shutil.which, BROWSERS) if path), None)


# --- asked in the browser -----------------------------------------------------------------------

FAULTS = """() => {
    const faults = [];
    for (const box of document.querySelectorAll(".math")) {
        if (!box.querySelector("mjx-container")) faults.push("not rendered: " + box.textContent);
    }
    for (const error of document.querySelectorAll("mjx-merror")) {
        faults.push("error in a formula: " + (error.dataset.mjxError || error.textContent));
    }
    for (const picture of document.images) {
        if (!picture.complete || !picture.naturalWidth) faults.push("no picture: " + picture.src);
    }
    for (const font of document.fonts) {
        if (font.status === "error") faults.push("no font: " + font.family);
    }
    return faults;
}"""

# All that is folded is opened, so that it is measured and checked as well.
UNFOLD = """async () => {
    for (const fold of document.querySelectorAll("article details")) fold.open = true;
    for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
}"""

# Sticking out of the window to the right without a box around it that scrolls.
TOO_WIDE = """() => {
    const root = document.documentElement;
    if (root.scrollWidth <= root.clientWidth && document.body.scrollWidth <= root.clientWidth)
        return [];
    const wide = [...document.querySelectorAll("article *")].filter(element =>
        element.getBoundingClientRect().right > root.clientWidth + 1 && !element.children.length);
    return [`page ${root.scrollWidth} px wide`, ...wide.slice(0, 5).map(e => e.outerHTML)];
}"""

# On paper: what would have to be scrolled to be read, and what stands on every sheet. (The copy of
# a formula for screen readers is not seen.)
CUT_ON_PAPER = """() => {
    const root = document.documentElement;
    const scrolls = ["auto", "scroll", "hidden"];
    const cut = [...document.querySelectorAll("article pre, article .math, article .output, " +
        "article .table-wrapper, article table, article mjx-math")].filter(element =>
        element.checkVisibility() && (element.getBoundingClientRect().right > root.clientWidth + 1
        || element.matches("pre, .output, .table-wrapper")
        && element.scrollWidth > element.clientWidth + 1
        && scrolls.includes(getComputedStyle(element).overflowX)));
    const fixed = [...document.querySelectorAll("body *")].filter(element =>
        element.offsetWidth > 0 && getComputedStyle(element).position === "fixed");
    return [...cut, ...fixed].slice(0, 5).map(element => element.outerHTML.slice(0, 200));
}"""

# Before axe: formulas and repeated kinds of code tokens go; thousands of them say nothing new.
THIN_OUT = """() => {
    for (const formula of document.querySelectorAll("mjx-container"))
        formula.replaceWith("x");
    const seen = new Set();
    for (const code of document.querySelectorAll(".highlight pre")) {
        const kinds = [...code.querySelectorAll("span")].map(span => span.className);
        if (kinds.every(kind => seen.has(kind))) code.textContent = code.textContent;
        kinds.forEach(kind => seen.add(kind));
    }
}"""

STRUCTURE = """async () => {
    const options = {resultTypes: ["violations"], preload: false,
                     rules: {"color-contrast": {enabled: false}}};
    return (await axe.run(document, options)).violations;
}"""

# One element of each combination of colours, size and weight: the others have the same contrast.
CONTRAST = """async () => {
    const seen = new Map();
    const ground = e => !e ? "none"
        : getComputedStyle(e).backgroundColor === "rgba(0, 0, 0, 0)"
            ? ground(e.parentElement) : getComputedStyle(e).backgroundColor;
    for (const element of document.querySelectorAll("body *")) {
        const text = [...element.childNodes].some(n => n.nodeType === 3 && n.data.trim());
        if (!text || !element.checkVisibility()) continue;
        const style = getComputedStyle(element);
        const kind = [style.color, style.fontSize, style.fontWeight, style.opacity,
                      ground(element)].join();
        if (!seen.has(kind)) seen.set(kind, element);
    }
    const options = {resultTypes: ["violations"], preload: false, runOnly: ["color-contrast"]};
    return (await axe.run({include: [...seen.values()]}, options)).violations;
}"""


def serious(violations: list[dict]) -> list[str]:
    """The serious and critical violations that axe has found, one line each."""
    return [
        f"{rule['id']} ({rule['impact']}): {node['html'][:200]} {node['failureSummary']}"
        for rule in violations
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"][:3]
    ]
