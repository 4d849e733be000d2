"""Numbers in a case's inputs: how many rows, which temperature, the mean of a column.

A wrong result often differs from the right one by just such a number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from exercises.engine.observing.evidence import NumberPair

COUNT, GIVEN, COMPUTED = "count", "given", "computed"


@dataclass(frozen=True)
class Quantity:
    """One number of each failing case.

    Parameters
    ----------
    name : str
        What a sentence calls it.
    numbers : tuple of float
        Its value in each case.
    kind : str
        ``COUNT`` (rows, entries), ``GIVEN`` (an input that is one number) or ``COMPUTED`` (the
        mean of an input).
    """

    name: str
    numbers: tuple[float, ...]
    kind: str

    @property
    def varies(self) -> bool:
        """Whether it is not the same in all cases."""
        return len(set(self.numbers)) > 1


_STATISTICS: tuple[tuple[str, Callable], ...] = (
    ("the mean of {x}", np.mean),
    ("the sum of {x}", np.sum),
    ("the standard deviation of {x}", np.std),
    ("the variance of {x}", np.var),
    ("the largest of {x}", np.max),
    ("the smallest of {x}", np.min),
    ("the range of {x}", np.ptp),
    ("the sum of the squares of {x}", lambda x, axis=None: np.sum(x**2, axis=axis)),
    ("the length of the vector {x}", lambda x, axis=None: np.sqrt(np.sum(x**2, axis=axis))),
)


def input_names(pairs: Sequence[NumberPair]) -> list[str]:
    """The names of inputs that all cases have.

    Parameters
    ----------
    pairs : sequence of NumberPair
        The failing cases.

    Returns
    -------
    list of str
        In the order of the first case.

    Examples
    --------
    >>> number = np.array(1.0)
    >>> input_names([NumberPair(number, number, {"k": number}), NumberPair(number, number)])
    []
    """
    return [name for name in pairs[0].inputs if all(name in pair.inputs for pair in pairs)]


def quantities(pairs: Sequence[NumberPair]) -> Iterator[Quantity]:
    """The numbers in the inputs of all cases: counts first, then given numbers, then computed ones.

    Parameters
    ----------
    pairs : sequence of NumberPair
        The failing cases.

    Yields
    ------
    Quantity
        The likeliest first.

    Examples
    --------
    >>> pair = NumberPair(np.array(1.0), np.array(2.0), {"X": np.ones((3, 2))})
    >>> [(each.name, each.numbers) for each in quantities([pair])][:2]
    [('the number of rows of X', (3.0,)), ('the number of columns of X', (2.0,))]
    """
    names = input_names(pairs)
    inputs = {name: [pair.inputs[name] for pair in pairs] for name in names}
    inputs = {
        name: given for name, given in inputs.items() if len({each.ndim for each in given}) == 1
    }
    for name, given in inputs.items():
        for said, count in _counts(given[0].ndim):
            numbers = tuple(float(count(each)) for each in given)
            yield Quantity(said.format(x=name), numbers, COUNT)
    for name, given in inputs.items():
        if given[0].ndim == 0:
            yield Quantity(name, tuple(float(each) for each in given), GIVEN)
    for name, given in inputs.items():
        if given[0].ndim > 0 and all(each.size > 1 for each in given):
            for said, statistic in _STATISTICS:
                numbers = tuple(float(statistic(each)) for each in given)
                yield Quantity(said.format(x=name), numbers, COMPUTED)


def _counts(axes: int) -> Sequence[tuple[str, Callable[[np.ndarray], int]]]:
    if axes == 0:
        return ()
    if axes == 1:
        return (("the number of entries of {x}", np.size),)
    if axes == 2:
        lengths = (
            ("the number of rows of {x}", lambda x: x.shape[0]),
            ("the number of columns of {x}", lambda x: x.shape[1]),
        )
    else:
        lengths = tuple(
            (f"the length of axis {axis} of {{x}}", lambda x, axis=axis: x.shape[axis])
            for axis in range(axes)
        )
    return (*lengths, ("the number of all entries of {x}", np.size))


def arrays_beside(pairs: Sequence[NumberPair]) -> Iterator[tuple[str, list[np.ndarray]]]:
    """Inputs, or sums and means of their rows or columns, that fit the expected results' shapes.

    Parameters
    ----------
    pairs : sequence of NumberPair
        The failing cases.

    Yields
    ------
    name : str
        What a sentence calls the numbers.
    arrays : list of ndarray
        One for each case, of a shape that broadcasts to that of the expected result.

    Examples
    --------
    >>> pair = NumberPair(np.ones(3), np.zeros(3), {"X": np.arange(6.0).reshape(3, 2)})
    >>> [name for name, arrays in arrays_beside([pair])][:2]
    ['the mean of each row of X', 'the sum of each row of X']
    """
    shapes = [pair.expected.shape for pair in pairs]
    for name in input_names(pairs):
        given = [pair.inputs[name] for pair in pairs]
        for said, arrays in _forms(name, given, shapes):
            # An input that never varies is as good as a constant, and there is one for everything.
            distinct = {float(number) for array in arrays for number in array.ravel()[:1000]}
            if len(distinct) > 1:
                yield said, arrays


def _forms(
    name: str, given: Sequence[np.ndarray], shapes: Sequence[tuple[int, ...]]
) -> Iterator[tuple[str, list[np.ndarray]]]:
    if all(x.ndim == 0 or x.shape == shape for x, shape in zip(given, shapes, strict=True)):
        yield name, list(given)
    tables = all(len(shape) == 2 for shape in shapes)
    if tables and all(x.shape == s[:1] for x, s in zip(given, shapes, strict=True)):
        yield f"the entry of {name} for the row", [x[:, None] for x in given]
    if tables and all(x.shape == s[1:] for x, s in zip(given, shapes, strict=True)):
        yield f"the entry of {name} for the column", [x[None, :] for x in given]
    if not all(x.ndim == 2 for x in given):
        return
    for axis, noun in ((1, "row"), (0, "column")):
        for said, statistic in _STATISTICS:
            arrays = [np.asarray(statistic(x, axis=axis)) for x in given]
            if tables and all(x.shape == s for x, s in zip(given, shapes, strict=True)):
                arrays = [np.expand_dims(array, axis) for array in arrays]
            elif not all(a.shape == s for a, s in zip(arrays, shapes, strict=True)):
                continue
            yield said.format(x=f"each {noun} of {name}"), arrays
