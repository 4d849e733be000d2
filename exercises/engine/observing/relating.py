"""The relation to tell of numbers that came out wrong: the simplest that holds in every case."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from exercises.engine.observing.arrangements import order_relation, running_relation, scale_relation
from exercises.engine.observing.evidence import NumberPair, evidence, same, wrong_entries
from exercises.engine.observing.places import (
    binary_relation,
    direction,
    place_relation,
    single_entry,
)
from exercises.engine.observing.quantities import input_names
from exercises.engine.observing.relations import (
    looked_up,
    multiple_of_an_input,
    unchanged_input,
    value_relation,
)
from exercises.engine.observing.shapes import shape_relation


def number_relation(pairs: Sequence[NumberPair]) -> str | None:
    """The relation between received and expected numbers in all of some failing cases.

    Parameters
    ----------
    pairs : sequence of NumberPair
        At least one; none of them is right.

    Returns
    -------
    str or None
        A clause that is true of each ("what came out is twice what was expected").

    Examples
    --------
    >>> expected = np.array([0.3, 1.25, 2.71])
    >>> number_relation([NumberPair(expected, 2 * expected)])
    'what came out is twice what was expected'
    """
    if all(pair.received.size == 0 < pair.expected.size for pair in pairs):
        return "an empty list or array came out"
    returned = unchanged_input(pairs)
    if returned:
        return f"what came out is {returned}"
    strange = [_is_strange(pair.received) for pair in pairs]
    if any(strange) and not any(_is_strange(pair.expected) for pair in pairs):
        return _strange(pairs) if all(strange) else None
    if not all(pair.same_shape for pair in pairs):
        return shape_relation(pairs)
    if all(pair.truth for pair in pairs):
        return binary_relation(pairs, names=("False", "True"))
    return _of_same_shape(pairs)


def _is_strange(numbers: np.ndarray) -> bool:
    return not np.isfinite(numbers).all()


def _strange(pairs: Sequence[NumberPair]) -> str:
    """Where NaN or infinity came out; in every case some did, and none was expected."""
    received = np.concatenate([pair.received.ravel() for pair in pairs])
    strange = received[~np.isfinite(received)]
    if np.isnan(strange).all():
        what = "NaN (not a number)"
    elif np.isinf(strange).all():
        what = "infinity"
    else:
        what = "NaN (not a number) or infinity"
    if received.size == strange.size:
        if all(pair.received.ndim == 0 for pair in pairs):
            return f"{what} came out where a finite number was expected"
        return f"every entry is {what}"
    if all(pair.same_shape and pair.right[np.isfinite(pair.received)].all() for pair in pairs):
        return f"the wrong entries are {what}, and all others are right"
    return f"what came out holds {what}"


def _of_same_shape(pairs: Sequence[NumberPair]) -> str | None:
    said = _nearly_right(pairs) or _always_the_same(pairs)
    if said:
        return said
    said = value_relation(pairs) or looked_up(pairs)
    if said:
        return f"what came out is {said}"
    said = order_relation(pairs) or running_relation(pairs)
    if said:
        return said
    said, there = place_relation(pairs), _relation_of_wrong_entries(pairs)
    if said:
        told = "came out there" in said or not there
        return said if told else f"{said}; there, what came out is {there}"
    said = binary_relation(pairs, names=("0", "1"))
    if said:
        return said
    if there:
        return f"some entries are right, and what came out in the others is {there}"
    said = scale_relation(pairs) or single_entry(pairs) or _equal_slices(pairs)
    if said:
        return said
    name = multiple_of_an_input(pairs)
    if name:
        return f"the difference between what came out and what was expected is a multiple of {name}"
    return direction(pairs)


def _nearly_right(pairs: Sequence[NumberPair]) -> str | None:
    """Right but for the last digits."""
    if any(pair.whole for pair in pairs):
        return None
    expected, received = map(np.concatenate, zip(*wrong_entries(pairs), strict=True))
    if not expected.size or not np.isfinite(expected).all() or np.any(expected == 0):
        return None
    error = float(np.max(np.abs(received - expected) / np.abs(expected)))
    if not 0 < error < 1e-3:
        return None
    digits = int(-np.log10(error))
    return f"what came out is right to about {digits} digits, and no further"


def _always_the_same(pairs: Sequence[NumberPair]) -> str | None:
    """One number in every place, where different ones were expected."""
    expected = np.concatenate([pair.expected.ravel() for pair in pairs])
    received = np.concatenate([pair.received.ravel() for pair in pairs])
    varied = len(np.unique(expected)) > 1
    enough = 2 if np.all(received == 0) else 3
    if varied and received.size >= enough and len(np.unique(received)) == 1:
        number = f"{received[0]:.4g}".replace("-", "−")
        if all(pair.received.ndim == 0 for pair in pairs):
            return f"the same number came out each time: {number}"
        return f"every entry of what came out is {number}"
    if all(
        pair.received.size > 2
        and len(np.unique(pair.expected)) > 1
        and np.ptp(pair.received) <= 1e-9 * np.abs(pair.received).max()
        for pair in pairs
    ):
        return "all entries of what came out are the same number"
    return None


def _equal_slices(pairs: Sequence[NumberPair]) -> str | None:
    """Rows or columns that are all the same and should not be."""
    if any(pair.expected.ndim != 2 or min(pair.expected.shape) < 2 for pair in pairs):
        return None
    for axis, noun in ((0, "rows"), (1, "columns")):
        if all(
            np.allclose(np.ptp(pair.received, axis=axis), 0)
            and not np.allclose(np.ptp(pair.expected, axis=axis), 0)
            for pair in pairs
        ):
            return f"all {noun} of what came out are the same"
    return None


def _relation_of_wrong_entries(pairs: Sequence[NumberPair]) -> str | None:
    """The relation in which the wrong entries stand to the right ones, where some are right."""
    if not any(pair.right.any() for pair in pairs):
        return None
    wrong = [_wrong_part(pair) for pair in pairs]
    if evidence(wrong_entries(wrong))[2] < 3:
        return None
    received = np.concatenate([part.received for part in wrong])
    if np.all(received == received[0]):
        return f"{received[0]:.4g}".replace("-", "−")
    for name in input_names(pairs):
        fits = all(pair.inputs[name].shape == pair.expected.shape for pair in pairs)
        if fits and all(same(part.received, part.inputs[name]) for part in wrong):
            return f"what {name} holds there"
    return value_relation(wrong)


def _wrong_part(pair: NumberPair) -> NumberPair:
    """The wrong entries alone, with those of inputs that have an entry for each."""
    inputs = {
        name: given[pair.wrong] if given.shape == pair.expected.shape else given
        for name, given in pair.inputs.items()
    }
    return replace(
        pair,
        expected=pair.expected[pair.wrong],
        received=pair.received[pair.wrong],
        inputs=inputs,
    )
