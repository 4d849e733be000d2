// What is wider than the page scrolls in its own box, and such a box can be reached by keyboard.
(() => {
  "use strict";
  const BOXES = "article pre, article div.math, article .output, article .table-wrapper";
  const PAPER = 600; // pixels: what a sheet of A4 or letter has between its margins, or more

  function mark() {
    for (const formula of document.querySelectorAll("article span.math:not(.wide)")) {
      const block = formula.closest("p, li, td, th, dd, h1, h2, h3, h4, summary, div");
      if (block && formula.offsetWidth > block.clientWidth && block.clientWidth > 0) {
        formula.classList.add("wide");
      }
    }
    // On paper nothing scrolls: book.css makes a wide formula smaller there.
    for (const formula of document.querySelectorAll("article .math mjx-math")) {
      const width = formula.getBoundingClientRect().width;
      if (width > PAPER && matchMedia("screen").matches) {
        formula.closest(".math").style.setProperty("--on-paper", PAPER / width);
      }
    }
    for (const box of document.querySelectorAll(`${BOXES}, article span.math.wide`)) {
      if (box.scrollWidth > box.clientWidth && box.clientWidth > 0) {
        box.tabIndex = 0;
      } else {
        box.removeAttribute("tabindex");
      }
    }
  }

  function ready() {
    document.querySelector(".sidebar-drawer")?.setAttribute("aria-label", "Lessons");
    document.querySelector(".toc-drawer")?.setAttribute("aria-label", "On this page");
    mark();
    const typeset = window.MathJax?.startup?.promise ?? Promise.resolve();
    typeset.then(() => document.fonts.ready).then(() => {
      mark();
      document.documentElement.dataset.ready = "yes";
    });
    document.addEventListener("toggle", mark, true);
    new ResizeObserver(mark).observe(document.querySelector("article"));
  }

  ready();
})();
