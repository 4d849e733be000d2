"""What the course shows a reader: one block with an icon and words, as HTML and as plain text.

In a notebook both forms are sent and the front end chooses; elsewhere the plain text is printed.
"""

from __future__ import annotations

import html
import sys
import textwrap
from dataclasses import dataclass

ICONS = {"good": "✓", "bad": "✗", "open": "○", "note": "i"}
# The theme's own colours where JupyterLab defines them, so that dark themes stay readable.
_COLOURS = {
    "good": "var(--jp-success-color1, #1b7f3b)",
    "bad": "var(--jp-error-color1, #b3261e)",
    "open": "var(--jp-info-color1, #1a6396)",
    "note": "var(--jp-border-color1, #757575)",
}


LINE_LIMIT = 1_200  # characters; what a reader's code says must not fill the screen


def _clean(line: str) -> str:
    """``line`` without what could steer a terminal or break the encoding, and not too long."""
    line = line if len(line) <= LINE_LIMIT else line[: LINE_LIMIT - 1] + "…"
    if line.isprintable():
        return line
    return "".join(c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in line)


@dataclass(frozen=True)
class Block:
    """A heading behind an icon, then lines; a line that starts with four spaces is code."""

    kind: str  # good, bad, open or note: a key of ICONS
    heading: str
    lines: tuple[str, ...] = ()
    aside: str = ""  # goes on after the heading, less loud

    def text(self) -> str:
        """The block as plain text."""
        parts = [f"{ICONS[self.kind]} {_clean(self.heading)}{_clean(self.aside)}"]
        for line in map(_clean, self.lines):
            if line.startswith("    "):
                parts.append("  " + line)
            else:
                parts += textwrap.wrap(line, 96, initial_indent="  ", subsequent_indent="  ")
        return "\n".join(parts)

    def html(self) -> str:
        """The block as HTML: one element with a role that screen readers announce."""
        body = []
        for line in map(_clean, self.lines):
            escaped = html.escape(line.strip() if line.startswith("    ") else line)
            tag = "pre" if line.startswith("    ") else "div"
            style = "margin:2px 0;white-space:pre-wrap" if tag == "pre" else "margin:2px 0"
            body.append(f'<{tag} style="{style}">{escaped}</{tag}>')
        return (
            f'<div role="status" style="border-left:4px solid {_COLOURS[self.kind]};'
            'padding:2px 0 2px 10px;margin:4px 0">'
            f'<strong><span aria-hidden="true">{ICONS[self.kind]}</span> '
            f"{html.escape(_clean(self.heading))}</strong>"
            f"{html.escape(_clean(self.aside))}{''.join(body)}</div>"
        )

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        return {"text/plain": self.text(), "text/html": self.html()}

    def __repr__(self) -> str:
        return self.text()


def emit(block: Block) -> None:
    """Show ``block``: displayed in a notebook, printed elsewhere."""
    ipython = sys.modules.get("IPython")
    if ipython is not None and ipython.get_ipython() is not None:
        from IPython.display import display

        display(block)
    else:
        text = block.text()
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        # A console that lacks ✓ shows a question mark; an error here would hide the feedback.
        print(text.encode(encoding, "replace").decode(encoding))
