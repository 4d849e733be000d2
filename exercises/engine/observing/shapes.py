"""Relations between numbers that came out in another shape than expected.

As in `arrangements`, a clause is returned that is true of every failing case, or None.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from exercises.engine.observing.evidence import NumberPair, close, evidence, same, same_numbers
from exercises.engine.observing.relations import ENOUGH, LITTLE


def shape_relation(pairs: Sequence[NumberPair]) -> str | None:
    """What is true of numbers that came out in another shape than expected.

    Parameters
    ----------
    pairs : sequence of NumberPair
        The failing cases; expected and received differ in shape.

    Returns
    -------
    str or None
        A clause.

    Examples
    --------
    >>> expected = np.array([0.25, 0.5, 0.1])
    >>> shape_relation([NumberPair(expected, expected.reshape(3, 1))])
    'the numbers are right, but they stand in a table with one column, not in a flat array'
    """
    for relation in (
        _right_numbers_elsewhere,
        _not_yet_reduced,
        _reduced_too_far,
        _longer_or_shorter,
        _repeated,
        _one_axis_reduced,
        _other_axis,
        _shape_alone,
    ):
        said = relation(pairs)
        if said:
            return said
    return None


def _squeezed(numbers: np.ndarray) -> np.ndarray:
    return numbers.reshape([length for length in numbers.shape if length != 1])


def _right_numbers_elsewhere(pairs: Sequence[NumberPair]) -> str | None:
    if all(same(_squeezed(pair.expected), _squeezed(pair.received)) for pair in pairs):
        return "the numbers are right, but " + _other_frame(pairs)
    if any(pair.expected.size != pair.received.size or pair.expected.size < 2 for pair in pairs):
        return None
    tables = all(pair.expected.ndim == 2 and pair.received.ndim == 2 for pair in pairs)
    if tables and all(same(pair.expected.T, pair.received) for pair in pairs):
        return "what came out is what was expected, transposed: rows and columns exchanged"
    if all(same(pair.expected.ravel(), pair.received.ravel()) for pair in pairs):
        return "the numbers are right and in the right order, but in another shape"
    if all(same_numbers(pair) for pair in pairs) and _many(pairs):
        return "the numbers are right, but in another order and another shape"
    return None


def _many(pairs: Sequence[NumberPair]) -> bool:
    total, _, count = evidence([(pair.expected, pair.expected) for pair in pairs])
    return total >= ENOUGH and count >= 2


def _other_frame(pairs: Sequence[NumberPair]) -> str:
    wanted = {pair.expected.ndim for pair in pairs}
    got = {pair.received.ndim for pair in pairs}
    if wanted == {0} and got == {1}:
        return "each stands alone in a list or an array of one entry"
    if wanted == {1} and got == {0}:
        return "it came without the list or the array around it"
    if wanted == {1} and all(pair.received.shape[1:] == (1,) for pair in pairs):
        return "they stand in a table with one column, not in a flat array"
    if wanted == {1} and all(pair.received.shape[:1] == (1,) for pair in pairs):
        return "they stand in a table with one row, not in a flat array"
    if got == {1} and all(pair.expected.shape[1:] == (1,) for pair in pairs):
        return "they stand in a flat array, not in a table with one column"
    if got == {1} and all(pair.expected.shape[:1] == (1,) for pair in pairs):
        return "they stand in a flat array, not in a table with one row"
    surplus = {pair.received.ndim - pair.expected.ndim for pair in pairs}
    if len(surplus) == 1:
        axes = surplus.pop()
        if axes == 1:
            return "there is one axis of length 1 too many"
        if axes == -1:
            return "an axis of length 1 is missing"
    return "the axes of length 1 stand elsewhere"


_REDUCTIONS: tuple[tuple[str, Callable], ...] = (
    ("the sum", np.sum),
    ("the mean", np.mean),
    ("the largest", np.max),
    ("the smallest", np.min),
    ("the product", np.prod),
    ("the sum of the squares", lambda x, axis=None: np.sum(x**2, axis=axis)),
    ("the mean of the squares", lambda x, axis=None: np.mean(x**2, axis=axis)),
    (
        "the length (the root of the sum of the squares)",
        lambda x, axis=None: np.sqrt(np.sum(x**2, axis=axis)),
    ),
    ("the position of the largest", np.argmax),
    ("the position of the smallest", np.argmin),
)


def _first_of(numbers: np.ndarray) -> float:
    return numbers.flat[0]


def _last_of(numbers: np.ndarray) -> float:
    return numbers.flat[-1]


def _not_yet_reduced(pairs: Sequence[NumberPair]) -> str | None:
    """Many numbers in the place of one."""
    if any(pair.expected.ndim or not pair.received.size for pair in pairs):
        return None
    if all(pair.received.size < 2 for pair in pairs):
        return None
    total, _, _ = evidence([(pair.expected, pair.expected) for pair in pairs])
    if all(np.all(close(pair.received, pair.expected)) for pair in pairs):
        return "the one right number came out several times, and not once"
    if total < LITTLE:
        return None
    several = "several numbers came out in the place of one"
    for said, reduce in _REDUCTIONS:
        if all(close(np.asarray(reduce(pair.received)), pair.expected) for pair in pairs):
            return f"{several}; {said} of them is what was expected"
    if all(close(np.asarray(_first_of(pair.received)), pair.expected) for pair in pairs):
        return f"{several}; the first is what was expected"
    if all(close(np.asarray(_last_of(pair.received)), pair.expected) for pair in pairs):
        return f"{several}; the last is what was expected"
    return None


def _reduced_too_far(pairs: Sequence[NumberPair]) -> str | None:
    """One number in the place of many."""
    if any(pair.received.size != 1 or pair.expected.size < 2 for pair in pairs):
        return None
    received = [pair.received.reshape(()) for pair in pairs]
    total, _, _ = evidence([(number, number) for number in received])
    if total < LITTLE:
        return None
    ways = (
        ("the first of those expected", _first_of),
        ("the last of those expected", _last_of),
        *((f"{said} of those expected", reduce) for said, reduce in _REDUCTIONS),
    )
    for said, reduce in ways:
        if all(
            close(number, np.asarray(reduce(pair.expected)))
            for number, pair in zip(received, pairs, strict=True)
        ):
            return f"a single number came out in the place of several; it is {said}"
    return None


def _longer_or_shorter(pairs: Sequence[NumberPair]) -> str | None:
    """Entries or rows too many or too few at one end, the rest as expected."""
    if any(
        pair.expected.ndim == 0
        or pair.expected.ndim != pair.received.ndim
        or pair.expected.shape[1:] != pair.received.shape[1:]
        for pair in pairs
    ):
        return None
    surplus = {len(pair.received) - len(pair.expected) for pair in pairs}
    if len({number > 0 for number in surplus}) > 1:
        return None
    noun = "entry" if all(pair.expected.ndim == 1 for pair in pairs) else "row"
    plural = "entries" if noun == "entry" else "rows"
    too_many = max(surplus) > 0
    number = _number_word(surplus, noun, plural, "too many" if too_many else "missing")
    agreeing = [_shorter_at(pair) for pair in pairs]
    for at_start, place in ((True, "end"), (False, "start")):
        if all(found[0 if at_start else 1] for found in agreeing) and _overlap_tells(pairs):
            return f"{number} at the {place}; the others are right"
    if len(surplus) == 1 and abs(min(surplus)) == 1:
        return f"what came out has one {noun} {'more' if too_many else 'fewer'} than expected"
    return None


def _overlap_tells(pairs: Sequence[NumberPair]) -> bool:
    smaller = [
        pair.expected if len(pair.expected) < len(pair.received) else pair.received
        for pair in pairs
    ]
    total, _, count = evidence([(numbers, numbers) for numbers in smaller])
    zeros = any((numbers == 0).any() for numbers in smaller)
    return total >= LITTLE and count + zeros >= 2


def _shorter_at(pair: NumberPair) -> tuple[bool, bool]:
    """Whether the shorter of both begins like the longer, and whether it ends like it."""
    length = min(len(pair.expected), len(pair.received))
    if length == 0:
        return True, True
    return (
        same(pair.received[:length], pair.expected[:length]),
        same(pair.received[-length:], pair.expected[-length:]),
    )


def _number_word(surplus: set[int], noun: str, plural: str, what: str) -> str:
    if len(surplus) > 1:
        return f"there are {plural} {what}"
    number = abs(min(surplus))
    return f"one {noun} is {what}" if number == 1 else f"{number} {plural} are {what}"


def _repeated(pairs: Sequence[NumberPair]) -> str | None:
    """A table in the place of a flat array, as shapes that do not fit give by broadcasting."""
    if any(pair.expected.ndim != 1 or pair.received.ndim != 2 for pair in pairs):
        return None
    if not _many(pairs):
        return None
    table = "a table came out in the place of a flat array"
    for axis, noun in ((1, "row"), (0, "column")):
        if all(pair.received.shape[axis] == pair.expected.size for pair in pairs) and all(
            np.all(close(pair.received if axis else pair.received.T, pair.expected[None]))
            for pair in pairs
        ):
            return f"{table}; each {noun} holds the right numbers"
    if all(pair.received.shape == pair.expected.shape * 2 for pair in pairs) and all(
        same(np.diagonal(pair.received), pair.expected) for pair in pairs
    ):
        return f"{table}; its diagonal holds the right numbers"
    return None


def _one_axis_reduced(pairs: Sequence[NumberPair]) -> str | None:
    """An axis that should be gone, or is gone and should not be."""
    if not _many(pairs):
        return None
    surplus = {pair.received.ndim - pair.expected.ndim for pair in pairs}
    if surplus not in ({1}, {-1}):
        return None
    kept = surplus == {1}
    axes = min(max(pair.received.ndim, pair.expected.ndim) for pair in pairs)
    for said, reduce in _REDUCTIONS[:4]:
        for axis in (*range(axes), -1):
            if all(
                same(reduce(pair.received, axis=axis), pair.expected)
                if kept
                else same(reduce(pair.expected, axis=axis), pair.received)
                for pair in pairs
            ):
                over = (
                    f"{said} over its last axis" if axis == -1 else f"{said} over its axis {axis}"
                )
                if kept:
                    return f"what came out has one axis too many; {over} is what was expected"
                return f"an axis is missing: of what was expected, {over} came out"
    return None


def _other_axis(pairs: Sequence[NumberPair]) -> str | None:
    """One number for each column of an input where one for each row was asked, or the reverse."""
    if any(pair.expected.ndim != 1 or pair.received.ndim != 1 for pair in pairs):
        return None
    for name in pairs[0].inputs:
        tables = [pair.inputs.get(name) for pair in pairs]
        if any(table is None or table.ndim != 2 for table in tables):
            continue
        wanted = {
            (pair.expected.shape == table.shape[:1])
            for pair, table in zip(pairs, tables, strict=True)
        }
        got = {
            (pair.received.shape == table.shape[1:])
            for pair, table in zip(pairs, tables, strict=True)
        }
        if wanted == got == {True}:
            return (
                f"there is one number for each column of {name}, and one for each row was expected"
            )
        wanted = {
            (pair.expected.shape == table.shape[1:])
            for pair, table in zip(pairs, tables, strict=True)
        }
        got = {
            (pair.received.shape == table.shape[:1])
            for pair, table in zip(pairs, tables, strict=True)
        }
        if wanted == got == {True}:
            return (
                f"there is one number for each row of {name}, and one for each column was expected"
            )
    return None


def _shape_alone(pairs: Sequence[NumberPair]) -> str | None:
    if len(pairs) < 2:
        return None  # the feedback shows both shapes
    if all(pair.expected.ndim == 0 and pair.received.size > 1 for pair in pairs):
        return "several numbers came out where one was expected"
    if all(pair.received.ndim == 0 and pair.expected.size > 1 for pair in pairs):
        return "a single number came out where several were expected"
    surplus = {pair.received.ndim - pair.expected.ndim for pair in pairs}
    if surplus == {1}:
        return "what came out has one axis too many"
    if surplus == {-1}:
        return "what came out has one axis too few"
    return None
