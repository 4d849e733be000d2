"""What the course shows a reader: a block with an icon and words, and a value in a few words.

Claims and checks show a :class:`Block`, as HTML and as plain text: in a notebook both forms are
sent and the front end chooses; elsewhere the plain text is printed. :func:`describe` puts any
value into one line.
"""

from __future__ import annotations

import contextlib
import decimal
import html
import numbers
import re
import sys
import textwrap
from dataclasses import dataclass
from typing import Any

import numpy as np

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
    if len(line) > LINE_LIMIT:
        line = line[: LINE_LIMIT - 1] + "…"
    if line.isprintable():
        return line
    return "".join(map(_printable, line))


def _printable(character: str) -> str:
    """The character itself, a space for a tab or a line break, � for what has no shape."""
    if character.isprintable():
        return character
    return " " if character.isspace() else "\ufffd"


@dataclass(frozen=True)
class Block:
    """A heading behind an icon, then lines.

    It shows itself: as HTML where a front end can, else as plain text.

    Attributes
    ----------
    kind : str
        "good", "bad", "open" or "note": a key of :data:`ICONS`.
    heading : str
        One line, in bold.
    lines : tuple of str
        What follows; a line that starts with four spaces is code.
    aside : str
        Goes on after the heading, less loud.

    Examples
    --------
    >>> Block("bad", "Not yet", ("The shape is (3,), expected (4,).", "    f(2)"))
    ✗ Not yet
      The shape is (3,), expected (4,).
          f(2)
    """

    kind: str
    heading: str
    lines: tuple[str, ...] = ()
    aside: str = ""

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
            if line.startswith("    "):
                code = html.escape(line.strip())
                body.append(f'<pre style="margin:2px 0;white-space:pre-wrap">{code}</pre>')
            else:
                body.append(f'<div style="margin:2px 0">{html.escape(line)}</div>')
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
    """Show ``block``: displayed in a notebook, printed elsewhere.

    Examples
    --------
    >>> emit(Block("note", "Hint 1 of 2", ("Which axis holds the examples?",)))
    i Hint 1 of 2
      Which axis holds the examples?
    """
    ipython = sys.modules.get("IPython")
    if ipython is not None and ipython.get_ipython() is not None:
        from IPython.display import display

        display(block)
    else:
        say(block.text())


def say(text: str) -> None:
    """Print ``text`` on any console: one that lacks ✓ shows a question mark.

    An error in its place would hide what was to be said.
    """
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    print(text.encode(encoding, "replace").decode(encoding))


# --- a value in a few words -------------------------------------------------------------------

WHOLE = 30  # arrays and lists with up to so many entries are shown whole
FEW = 5  # so many entries are shown of larger ones
DIGITS = 5  # digits behind the point; more where two values would look alike
DEEPEST = 4  # lists inside lists inside lists are opened so far
_EXACT = (numbers.Real, decimal.Decimal)


def is_tensor(value: Any) -> bool:
    """Whether ``value`` is a torch tensor; torch is not imported for the question."""
    torch = sys.modules.get("torch")  # no tensor can exist before torch is imported
    return torch is not None and isinstance(value, torch.Tensor)


def _is_frame(value: Any) -> bool:
    pandas = sys.modules.get("pandas")  # no table can exist before pandas is imported
    if pandas is None:
        return False
    return isinstance(value, (pandas.DataFrame, pandas.Series, pandas.Index))


def is_array(value: Any) -> bool:
    """Whether ``value`` is a NumPy array with at least one axis, a tensor or a pandas object."""
    return isinstance(value, np.ndarray) or is_tensor(value) or _is_frame(value)


def is_number(value: Any) -> bool:
    """Whether ``value`` is one number: Python, NumPy, or an array or tensor without axes.

    Examples
    --------
    >>> is_number(True), is_number(np.array(2.5)), is_number(np.array([2.5])), is_number("2.5")
    (True, True, False, False)
    """
    if isinstance(value, (numbers.Number, np.generic)):
        return not isinstance(value, (np.str_, np.bytes_))
    return (isinstance(value, np.ndarray) or is_tensor(value)) and len(value.shape) == 0


def to_numpy(value: Any) -> np.ndarray:
    """Turn a number, a nested list, a table or a tensor into an array.

    Parameters
    ----------
    value : object
        Tensors may lie on any device, be sparse, and have a gradient. Fractions, decimals and
        very large integers become floats.

    Returns
    -------
    ndarray
        A copy where ``value`` is a tensor; an array is returned as it is.

    Raises
    ------
    ValueError
        With a readable reason: a list whose rows have different lengths, a tensor without
        storage.

    Examples
    --------
    >>> from fractions import Fraction
    >>> to_numpy([[1, 2], [3, Fraction(1, 2)]])
    array([[1. , 2. ],
           [3. , 0.5]])
    """
    if is_tensor(value):
        return _tensor_to_numpy(value)
    try:
        if isinstance(value, (list, tuple)) and any(is_tensor(item) for item in value):
            value = [to_numpy(item) for item in value]
        array = value.to_numpy() if _is_frame(value) else np.asarray(value)
    except Exception as error:
        raise ValueError("a list whose rows have different lengths") from error
    if array.dtype == object and all(isinstance(item, _EXACT) for item in array.flat):
        with contextlib.suppress(OverflowError):
            return array.astype(float)
    return array


def _tensor_to_numpy(value: Any) -> np.ndarray:
    torch = sys.modules["torch"]
    try:
        tensor = value.detach()
        if tensor.layout != torch.strided:
            tensor = tensor.to_dense()
        tensor = tensor.cpu()
        if tensor.dtype == torch.bfloat16:  # NumPy has no such type
            tensor = tensor.float()
        return tensor.numpy().copy()
    except Exception as error:
        raise ValueError(f"a tensor on device {value.device} that cannot be read") from error


def excerpt(array: np.ndarray, digits: int = DIGITS) -> str:
    """At most a few numbers of ``array`` in one line.

    Parameters
    ----------
    array : ndarray
        Of any shape; up to ``WHOLE`` entries are shown whole.
    digits : int
        How many digits behind the point are shown at most.

    Returns
    -------
    str
        At most 500 characters.

    Examples
    --------
    >>> excerpt(np.arange(1_000_000))
    '[0, 1, 2, 3, 4, … 1,000,000 entries in all]'
    >>> excerpt(np.array([2 / 3, 0.66667]), digits=6)
    '[0.666667, 0.66667]'
    """
    if array.size <= WHOLE:
        text = np.array2string(array, precision=digits, suppress_small=False, separator=", ")
        if array.dtype.kind in "biufc":  # NumPy writes numbers in columns
            text = re.sub(r"(?<=\[) +| +(?=[],])", "", text)
    else:
        entries = array.ravel()[:FEW]
        head = ", ".join(np.array2string(entry, precision=digits) for entry in entries)
        text = f"[{head}, … {array.size:,} entries in all]"
    return one_line(text, 500)


def one_line(text: str, limit: int = 160) -> str:
    r"""``text`` on one line of at most ``limit`` characters, without addresses in memory.

    Examples
    --------
    >>> one_line("<function f at 0x7f3b1c2d>,\n   and more")
    '<function f>, and more'
    """
    text = re.sub(r" at 0x[0-9a-fA-F]+", "", text[: 4 * limit])
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


def describe(value: Any, digits: int = DIGITS) -> str:
    """One line about ``value``: kind, shape and dtype where it has them, and an excerpt.

    Never raises, whatever ``value`` does when it is read.

    Parameters
    ----------
    value : object
        Anything.
    digits : int
        How many digits behind the point are shown at most.

    Returns
    -------
    str
        At most 700 characters. Arrays and lists with up to ``WHOLE`` entries are shown whole.

    Examples
    --------
    >>> describe(np.zeros((2, 3)))
    'array of shape (2, 3), float64: [[0., 0., 0.], [0., 0., 0.]]'
    >>> describe(["a", "b"])
    "list of length 2: ['a', 'b']"
    >>> describe((1 / 3, [2, 3.0]))
    'tuple of length 2: (0.333333, [2, 3.0])'
    """
    try:
        return one_line(_description(value, digits), 700)
    except Exception as error:  # a hostile __repr__ must not break the feedback
        return f"an object of type {type(value).__name__} ({type(error).__name__} while reading it)"


def _description(value: Any, digits: int) -> str:
    if value is None:
        return "None"
    if isinstance(value, str):
        return one_line(repr(value[:1000]))
    if is_array(value) and value.shape:
        return _array(value, digits)
    if is_number(value):
        return _number(value, digits)
    kind = type(value).__name__
    if isinstance(value, (list, tuple)):
        if any(is_array(item) for item in value[:FEW]) and len(value) <= 4:
            parts = "; ".join(describe(item, digits) for item in value)
            return f"{kind} of {len(value)}: {parts}"
        return f"{kind} of length {len(value)}: {_listed(value, digits)}"
    if type(value) is dict:
        return f"dict: {_listed(value, digits)}"
    return f"{kind}: {one_line(repr(value), 120)}"


def _listed(value: list | tuple | dict, digits: int) -> str:
    """A list or a dictionary as Python writes it, whole where it is short."""
    if _entries(value) <= WHOLE:
        return one_line(_literal(value, digits), 500)
    few = dict(list(value.items())[:20]) if isinstance(value, dict) else value[:20]
    return one_line(_literal(few, digits), 120)


def _entries(value: Any, depth: int = 0) -> int:
    """How many numbers, texts and other things a value holds; it stops to count behind WHOLE."""
    if is_array(value):
        return int(np.prod(value.shape))
    if not isinstance(value, (list, tuple, dict)) or depth > DEEPEST:
        return 1
    count = 0
    for item in value.values() if isinstance(value, dict) else value:
        count += _entries(item, depth + 1)
        if count > WHOLE:
            break
    return count


def _literal(value: Any, digits: int, depth: int = 0) -> str:
    """A value as Python writes it, but for floats with few digits and arrays with their kind."""
    if depth > DEEPEST:
        return one_line(repr(value), 60)
    if type(value) in (list, tuple):
        items = ", ".join(_literal(item, digits, depth + 1) for item in value)
        if type(value) is list:
            return f"[{items}]"
        return f"({items},)" if len(value) == 1 else f"({items})"
    if type(value) is dict:
        pairs = (f"{key!r}: {_literal(item, digits, depth + 1)}" for key, item in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, (np.generic, np.ndarray)) or is_tensor(value):
        kind = "tensor" if is_tensor(value) else "array"
        array = to_numpy(value)
        if array.shape:
            return f"{kind} {excerpt(array, digits)}"
        value = array.item()
    if isinstance(value, float):
        exact = repr(float(value))
        return exact if len(exact) <= digits + 3 else f"{value:.{digits + 1}g}"
    return repr(value)


def _array(value: Any, digits: int) -> str:
    """Kind, shape, type and entries of an array, a tensor or a table."""
    if is_tensor(value):
        kind = "tensor"
    elif _is_frame(value):
        kind = "table"
    else:
        kind = "array"
    words = f"{kind} of shape {tuple(value.shape)}"
    dtype = str(getattr(value, "dtype", "")).replace("torch.", "")
    if dtype:  # a table has one for each column
        words += f", {dtype}"
    try:
        return f"{words}: {excerpt(to_numpy(value), digits)}"
    except ValueError as error:
        return f"{words}: {error}"


def _number(value: Any, digits: int) -> str:
    """One number: exact kinds as they are, floats with eight digits at least."""
    if isinstance(value, numbers.Number) and not isinstance(value, (float, np.generic)):
        return one_line(str(value))  # int, bool, Fraction, Decimal; complex
    try:
        number = to_numpy(value).item()
    except ValueError as error:
        return str(error)
    if isinstance(number, float):
        return f"{number:.{max(digits + 1, 8)}g}"
    return one_line(str(number))
