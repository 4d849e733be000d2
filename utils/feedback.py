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


@dataclass(frozen=True)
class Block:
    """A heading behind an icon, then lines; a line that starts with four spaces is code."""

    kind: str  # good, bad, open or note: a key of ICONS
    heading: str
    lines: tuple[str, ...] = ()

    def text(self) -> str:
        """The block as plain text."""
        parts = [f"{ICONS[self.kind]} {self.heading}"]
        for line in self.lines:
            if line.startswith("    "):
                parts.append("  " + line)
            else:
                parts += textwrap.wrap(line, 96, initial_indent="  ", subsequent_indent="  ")
        return "\n".join(parts)

    def html(self) -> str:
        """The block as HTML: one element with a role that screen readers announce."""
        body = []
        for line in self.lines:
            escaped = html.escape(line.strip() if line.startswith("    ") else line)
            tag = "pre" if line.startswith("    ") else "div"
            style = "margin:2px 0;white-space:pre-wrap" if tag == "pre" else "margin:2px 0"
            body.append(f'<{tag} style="{style}">{escaped}</{tag}>')
        return (
            f'<div role="status" style="border-left:4px solid {_COLOURS[self.kind]};'
            'padding:2px 0 2px 10px;margin:4px 0">'
            f'<strong><span aria-hidden="true">{ICONS[self.kind]}</span> '
            f"{html.escape(self.heading)}</strong>{''.join(body)}</div>"
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
        print(block.text())
