"""Relations that hold number by number: the negative, twice as much, the square, one too many.

Every function takes the failing cases and returns what stands behind "what came out is", or None
where the relation does not hold in all of them or holds for numbers that prove nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from exercises.engine.observing.evidence import (
    RELATIVE,
    NumberPair,
    close,
    evidence,
    same,
    wrong_entries,
)
from exercises.engine.observing.quantities import (
    COMPUTED,
    COUNT,
    GIVEN,
    Quantity,
    arrays_beside,
    input_names,
    quantities,
)

# How much evidence (see exercises.engine.observing.evidence) a relation needs.
LITTLE = 0.8  # for the likeliest slips: one number with many digits, or two small ones
ENOUGH = 1.2
MUCH = 1.6  # for relations that are rare

_FACTORS = (
    (2, "twice what was expected"),
    (1 / 2, "half of what was expected"),
    (100, "100 times what was expected, as per cent are"),
    (1 / 100, "one hundredth of what was expected"),
    (3, "3 times what was expected"),
    (1 / 3, "one third of what was expected"),
    (4, "4 times what was expected"),
    (1 / 4, "one quarter of what was expected"),
    (10, "10 times what was expected"),
    (1 / 10, "one tenth of what was expected"),
    (1000, "1000 times what was expected"),
    (1 / 1000, "one thousandth of what was expected"),
)
_RARE_FACTORS = (
    (math.log(2), "what was expected times ln 2, as nats are for bits"),
    (1 / math.log(2), "what was expected divided by ln 2, as bits are for nats"),
    (math.log(10), "what was expected times ln 10, as between logarithms to base 10 and base e"),
    (
        1 / math.log(10),
        "what was expected divided by ln 10, as between logarithms to base e and base 10",
    ),
    (math.log2(10), "what was expected times log₂ 10, as between logarithms to base 10 and base 2"),
    (
        1 / math.log2(10),
        "what was expected divided by log₂ 10, as between logarithms to base 2 and base 10",
    ),
    (math.pi, "what was expected times π"),
    (1 / math.pi, "what was expected divided by π"),
    (2 * math.pi, "what was expected times 2π"),
    (1 / (2 * math.pi), "what was expected divided by 2π"),
    (math.sqrt(2 * math.pi), "what was expected times √(2π)"),
    (1 / math.sqrt(2 * math.pi), "what was expected divided by √(2π)"),
    (180 / math.pi, "what was expected times 180/π, as degrees are for radians"),
    (math.pi / 180, "what was expected times π/180, as radians are for degrees"),
    (math.sqrt(2), "√2 times what was expected"),
    (1 / math.sqrt(2), "what was expected divided by √2"),
)

_Numbers = Callable[[np.ndarray], np.ndarray]
_FUNCTIONS: tuple[tuple[str, _Numbers, float], ...] = (
    ("1 minus what was expected", lambda x: 1 - x, LITTLE),
    ("the absolute value of what was expected", np.abs, LITTLE),
    ("what was expected, but always with a minus sign", lambda x: -np.abs(x), LITTLE),
    ("the square of what was expected", lambda x: x**2, ENOUGH),
    ("the square root of what was expected", np.sqrt, ENOUGH),
    ("the reciprocal of what was expected (1 divided by it)", lambda x: 1 / x, ENOUGH),
    ("the natural logarithm of what was expected", np.log, ENOUGH),
    ("the negative logarithm of what was expected", lambda x: -np.log(x), ENOUGH),
    ("the logarithm to base 2 of what was expected", np.log2, ENOUGH),
    ("the logarithm to base 10 of what was expected", np.log10, ENOUGH),
    ("e to the power of what was expected", np.exp, ENOUGH),
    ("e to the power of minus what was expected", lambda x: np.exp(-x), ENOUGH),
    ("2 to the power of what was expected", np.exp2, ENOUGH),
    ("what was expected minus 1, with the other sign", lambda x: -x - 1, MUCH),
    ("the negative of the reciprocal of what was expected", lambda x: -1 / x, MUCH),
    ("one divided by the square root of what was expected", lambda x: 1 / np.sqrt(x), MUCH),
    ("the third power of what was expected", lambda x: x**3, MUCH),
    ("1 minus the square of what was expected", lambda x: 1 - x**2, MUCH),
    ("what was expected times (1 minus it)", lambda x: x * (1 - x), MUCH),
    ("the sigmoid of what was expected", lambda x: 1 / (1 + np.exp(-x)), MUCH),
    ("the log-odds of what was expected", lambda x: np.log(x / (1 - x)), MUCH),
    ("what was expected as odds, p / (1 − p)", lambda x: x / (1 - x), MUCH),
    ("2 times what was expected minus 1", lambda x: 2 * x - 1, MUCH),
    ("1 minus twice what was expected", lambda x: 1 - 2 * x, MUCH),
    ("half of what was expected plus one half", lambda x: (x + 1) / 2, MUCH),
    ("the logarithm of 1 plus what was expected", np.log1p, MUCH),
    ("e to the power of what was expected, minus 1", np.expm1, MUCH),
    ("the hyperbolic tangent of what was expected", np.tanh, MUCH),
)


def value_relation(pairs: Sequence[NumberPair]) -> str | None:
    """The simplest relation in which every received number stands to the expected one.

    Parameters
    ----------
    pairs : sequence of NumberPair
        The failing cases; expected and received have the same shape.

    Returns
    -------
    str or None
        What stands behind "what came out is".

    Examples
    --------
    >>> expected = np.array([0.31, 0.1234, 0.5])
    >>> value_relation([NumberPair(expected, -expected)])
    'the negative of what was expected'
    >>> value_relation([NumberPair(expected, expected * 7.7)])
    '7.7 times what was expected, the same factor for every number'
    """
    if all(is_binary(pair) for pair in pairs):
        return None  # what is not 0 is 1, and the reverse
    for relation in (
        _negative,
        _constant_factor,
        _one_off,
        _simple_function,
        _whole_numbers,
        _rounded,
        _factor_of_a_quantity,
        _constant_offset,
        _offset_of_a_quantity,
        _input_by_input,
        _up_to_sign,
    ):
        said = relation(pairs)
        if said:
            return said
    return None


def is_binary(pair: NumberPair) -> bool:
    """Whether only 0 and 1 were expected, and only these came out.

    Parameters
    ----------
    pair : NumberPair
        One failing case.

    Returns
    -------
    bool
        Also for False and True.

    Examples
    --------
    >>> is_binary(NumberPair(np.array([0.0, 1.0]), np.array([1.0, 1.0])))
    True
    """
    return bool(np.isin(pair.expected, (0, 1)).all() and np.isin(pair.received, (0, 1)).all())


def unchanged_input(pairs: Sequence[NumberPair]) -> str | None:
    """The input that came out again.

    Parameters
    ----------
    pairs : sequence of NumberPair
        The failing cases.

    Returns
    -------
    str or None
        What stands behind "what came out is".

    Examples
    --------
    >>> values = np.array([3.3, 4.25])
    >>> unchanged_input([NumberPair(values - 1, values, {"input 1": values})])
    'input 1, unchanged'
    """
    for name in input_names(pairs):
        distinct = {float(f"{x:.6g}") for pair in pairs for x in pair.received.ravel()[:99]}
        if len(distinct - {0.0}) < 2:
            continue
        if all(same(pair.received, pair.inputs[name]) for pair in pairs):
            return f"{name}, unchanged"
        if all(same(pair.received, pair.inputs[name].T) for pair in pairs):
            return f"{name}, transposed and otherwise unchanged"
    return None


# --- factors ------------------------------------------------------------------------------------


def _negative(pairs: Sequence[NumberPair]) -> str | None:
    if not all(same(pair.received, -pair.expected) for pair in pairs):
        return None
    total, _, _ = evidence(wrong_entries(pairs))
    return "the negative of what was expected" if total >= LITTLE else None


def factor_of(expected: np.ndarray, received: np.ndarray) -> float | None:
    """The one factor between two arrays of the same shape.

    Parameters
    ----------
    expected, received : ndarray
        Numbers.

    Returns
    -------
    float or None
        ``received / expected``, also 0; None where it is not the same for all entries, or where
        all that was expected is 0.

    Examples
    --------
    >>> round(factor_of(np.array([2.0, 0.0]), np.array([3.0, 0.0])), 6)
    1.5
    >>> factor_of(np.array([2.0, 1.0]), np.array([3.0, 0.0])) is None
    True
    """
    finite = np.isfinite(expected) & np.isfinite(received)
    if not expected.size or not finite.all() or not np.any(expected):
        return None
    largest = np.unravel_index(np.argmax(np.abs(expected)), expected.shape)
    factor = float(received[largest] / expected[largest])
    if not np.isfinite(factor) or not same(received, factor * expected):
        return None
    return factor


def _factors(pairs: Sequence[NumberPair]) -> list[float] | None:
    """The factor of each case; None where one has none, or one so near 1 that it may be noise."""
    factors = []
    for pair in pairs:
        factor = factor_of(pair.expected, pair.received)
        if factor is None or abs(factor - 1) < 10 * RELATIVE:
            return None
        factors.append(factor)
    return factors


def _alike(numbers: Sequence[float], other: Sequence[float]) -> bool:
    return bool(close(np.array(numbers), np.array(other)).all())


def _constant_factor(pairs: Sequence[NumberPair]) -> str | None:
    factors = _factors(pairs)
    if factors is None or not _alike(factors, [factors[0]] * len(factors)):
        return None
    factor = factors[0]
    total, without_best, _ = evidence(wrong_entries(pairs))
    for number, said in _FACTORS:
        if total >= ENOUGH and _alike([factor], [number]):
            return said
        if total >= ENOUGH and _alike([factor], [-number]):
            return f"−{number:.4g} times what was expected"
    for number, said in _RARE_FACTORS:
        if total >= MUCH and _alike([factor], [number]):
            return said
    said = _factor_of_a_quantity(pairs)
    if said:
        return said
    if without_best < LITTLE:
        return None
    number = f"{factor:.4g}".replace("-", "−")
    return f"{number} times what was expected, the same factor for every number"


# What to do with a quantity, in words and numbers; {n} stands for it. The last column says whether
# the form is so usual that it is told of a quantity that is the same in all cases.
_FORMS: tuple[tuple[str, Callable[[float], float], bool], ...] = (
    ("times {n}", lambda n: n, True),
    ("divided by {n}", lambda n: 1 / n, True),
    ("times {n} / ({n} − 1)", lambda n: n / (n - 1), True),
    ("times ({n} − 1) / {n}", lambda n: (n - 1) / n, True),
    ("times the root of {n} / ({n} − 1)", lambda n: (n / (n - 1)) ** 0.5, True),
    ("times the root of ({n} − 1) / {n}", lambda n: ((n - 1) / n) ** 0.5, True),
    ("times the square root of {n}", lambda n: n**0.5, True),
    ("divided by the square root of {n}", lambda n: n**-0.5, True),
    ("times the square of {n}", lambda n: n**2, False),
    ("divided by the square of {n}", lambda n: n**-2, False),
    ("times ({n} − 1)", lambda n: n - 1, False),
    ("divided by ({n} − 1)", lambda n: 1 / (n - 1), False),
    ("times (1 − {n})", lambda n: 1 - n, False),
    ("divided by (1 − {n})", lambda n: 1 / (1 - n), False),
    ("times ({n} + 1)", lambda n: n + 1, False),
    ("divided by ({n} + 1)", lambda n: 1 / (n + 1), False),
    ("times {n} / ({n} + 1)", lambda n: n / (n + 1), False),
    ("times ({n} + 1) / {n}", lambda n: (n + 1) / n, False),
    ("times {n} / (1 − {n})", lambda n: n / (1 - n), False),
    ("times (1 − {n}) / {n}", lambda n: (1 - n) / n, False),
    ("times the logarithm of {n}", np.log, False),
    ("divided by the logarithm of {n}", lambda n: 1 / np.log(n), False),
    ("times minus {n}", lambda n: -n, False),
)


def _factor_of_a_quantity(pairs: Sequence[NumberPair]) -> str | None:
    factors = _factors(pairs)
    total, _, count = evidence(wrong_entries(pairs))
    if factors is None or not any(factors) or total < MUCH or count < 2:
        return None
    known = list(quantities(pairs))
    # A mean can happen to be 1/n: what is counted or given explains a factor better.
    for group in ((COUNT, GIVEN), (COMPUTED,)):
        forms = _FORMS[:2] if group == (COMPUTED,) else _FORMS
        for said, form, is_usual in forms:
            for quantity in known:
                if quantity.kind not in group:
                    continue
                if not quantity.varies and (not is_usual or quantity.kind == COMPUTED):
                    continue
                if _alike(factors, _applied(form, quantity.numbers)):
                    return _with_quantity(said, quantity)
    return None


def _with_quantity(said: str, quantity: Quantity) -> str:
    """A form with the name of the quantity, or with n and an explanation where that is long."""
    name = quantity.name
    if not quantity.varies:
        # The factor may well have another cause; the reader gets both to compare.
        name = f"{name} ({quantity.numbers[0]:g} in each of these cases)"
    elif quantity.kind == GIVEN:
        return f"what was expected {said.format(n=name)}"
    if said.count("{n}") == 1 and "(" not in said:
        return f"what was expected {said.format(n=name)}"
    return f"what was expected {said.format(n='n')}, where n is {name}"


def _applied(form: Callable[[float], float], numbers: Sequence[float]) -> list[float]:
    with np.errstate(all="ignore"):
        return [float(form(np.float64(number))) for number in numbers]


# --- offsets ------------------------------------------------------------------------------------


def _offsets(pairs: Sequence[NumberPair]) -> list[float] | None:
    """The difference of each case; None where one has several."""
    offsets = []
    for pair in pairs:
        if not pair.expected.size:
            return None
        difference = pair.received - pair.expected
        offset = float(difference.flat[0])
        scale = float(np.abs(pair.expected).max())
        if not np.isfinite(offset) or abs(offset) <= 10 * RELATIVE * scale:
            return None
        if not np.all(np.abs(difference - offset) <= RELATIVE * abs(offset)):
            return None
        offsets.append(offset)
    return offsets


def _one_off(pairs: Sequence[NumberPair]) -> str | None:
    """One too many or too few, of whole numbers and of others."""
    offsets = _offsets(pairs)
    if offsets is None or len({round(each, 6) for each in offsets}) > 1:
        return None
    total, _, count = evidence([(pair.expected, pair.expected) for pair in pairs])
    zeros = any((pair.expected == 0).any() for pair in pairs)
    if total + 0.4 * zeros < LITTLE or count + zeros < 2 or not _alike([abs(offsets[0])], [1.0]):
        return None
    all_whole = all(_is_whole(pair.expected) for pair in pairs)
    if all_whole and all(pair.expected.ndim == 0 for pair in pairs):
        return "one more than expected" if offsets[0] > 0 else "one less than expected"
    sign = "plus" if offsets[0] > 0 else "minus"
    return f"what was expected {sign} 1"


def _constant_offset(pairs: Sequence[NumberPair]) -> str | None:
    offsets = _offsets(pairs)
    if offsets is None or not _alike(offsets, [offsets[0]] * len(offsets)):
        return None
    _, without_best, count = evidence(wrong_entries(pairs))
    if without_best < LITTLE or count < 2:
        return None
    sign = "plus" if offsets[0] > 0 else "minus"
    return f"what was expected {sign} {abs(offsets[0]):.4g}, the same difference for every number"


def _offset_of_a_quantity(pairs: Sequence[NumberPair]) -> str | None:
    offsets = _offsets(pairs)
    total, _, count = evidence(wrong_entries(pairs))
    if offsets is None or total < MUCH or count < 2:
        return None
    for quantity in quantities(pairs):
        if not quantity.varies:
            continue
        if _alike(offsets, quantity.numbers):
            return f"what was expected plus {quantity.name}"
        if _alike(offsets, [-number for number in quantity.numbers]):
            return f"what was expected minus {quantity.name}"
    return None


# --- functions of each number -------------------------------------------------------------------


def _simple_function(pairs: Sequence[NumberPair]) -> str | None:
    total, _, count = evidence(wrong_entries(pairs))
    for said, function, needed in _FUNCTIONS:
        if total < needed or count < 2:
            continue
        if all(_is_function(function, pair) for pair in pairs) and _says_more(function, pairs):
            return said
    return None


def _is_function(function: _Numbers, pair: NumberPair) -> bool:
    sample = pair.expected.ravel()[:: max(1, pair.expected.size // 100)]
    with np.errstate(all="ignore"):
        image = function(sample)
        if not np.isfinite(image).all():
            return False
        if not close(pair.received.ravel()[:: max(1, pair.expected.size // 100)], image).all():
            return False
        return same(pair.received, function(pair.expected))


def _says_more(function: _Numbers, pairs: Sequence[NumberPair]) -> bool:
    """Whether the images are not all one number, as of tanh for large ones."""
    with np.errstate(all="ignore"):
        images = np.concatenate([function(expected) for expected, _ in wrong_entries(pairs)])
    return bool(images.size > 1 and not close(images, images[:1]).all())


def _is_whole(numbers: np.ndarray) -> bool:
    return bool(np.isfinite(numbers).all() and np.all(numbers == np.round(numbers)))


_CUTS = (
    ("what was expected without its fractions (cut off, not rounded)", np.trunc),
    ("what was expected, rounded to whole numbers", np.round),
    ("what was expected, rounded down to whole numbers", np.floor),
    ("what was expected, rounded up to whole numbers", np.ceil),
)


def _whole_numbers(pairs: Sequence[NumberPair]) -> str | None:
    if not all(_is_whole(pair.received) for pair in pairs):
        return None
    if len(np.unique(np.concatenate([expected for expected, _ in wrong_entries(pairs)]))) < 3:
        return None
    for said, cut in _CUTS:
        if all(np.array_equal(pair.received, cut(pair.expected)) for pair in pairs):
            nothing_left = not any(np.any(pair.received) for pair in pairs)
            return None if nothing_left else said
    return None


def _rounded(pairs: Sequence[NumberPair]) -> str | None:
    """Rounded to so many decimals."""
    _, _, count = evidence(wrong_entries(pairs))
    if count < 2:
        return None
    for digits in (1, 2, 3, 4, 5, 6):
        half_step = 0.5 * 10.0**-digits
        if all(
            np.allclose(pair.received, np.round(pair.expected, digits), rtol=1e-9, atol=1e-12)
            and np.all(np.abs(pair.received - pair.expected) <= 1.001 * half_step)
            for pair in pairs
        ) and any(np.any(pair.received) for pair in pairs):
            noun = "decimal" if digits == 1 else "decimals"
            return f"what was expected, rounded to {digits} {noun}"
    return None


def _up_to_sign(pairs: Sequence[NumberPair]) -> str | None:
    if not all(same(np.abs(pair.received), np.abs(pair.expected)) for pair in pairs):
        return None
    total, _, count = evidence(wrong_entries(pairs))
    all_numbers, _, _ = evidence([(pair.expected, pair.expected) for pair in pairs])
    if total < LITTLE or all_numbers < MUCH or count < 2:
        return None
    return "right in size, but some of the signs are wrong"


def _input_by_input(pairs: Sequence[NumberPair]) -> str | None:
    """The expected numbers added to, subtracted from or multiplied by those of an input."""
    total, _, count = evidence(wrong_entries(pairs))
    if total < MUCH or count < 3:
        return None
    for name, arrays in arrays_beside(pairs):
        for said, combine in _COMBINATIONS:
            with np.errstate(all="ignore"):
                holds = all(
                    same(pair.received, combine(pair.expected, array))
                    for pair, array in zip(pairs, arrays, strict=True)
                )
            if holds:
                return said.format(x=name)
    return None


def multiple_of_an_input(pairs: Sequence[NumberPair]) -> str | None:
    """The input of which the errors are a multiple, with a factor that may differ by case.

    Parameters
    ----------
    pairs : sequence of NumberPair
        The failing cases; expected and received have the same shape.

    Returns
    -------
    str or None
        The name of the input.

    Examples
    --------
    >>> w = np.array([0.3, -1.2, 0.7, 2.2])
    >>> multiple_of_an_input([NumberPair(w**2, w**2 - 0.6 * w, {"w": w})])
    'w'
    """
    for name, arrays in arrays_beside(pairs):
        free = 0  # entries that could have been otherwise, once the factor of a case is fixed
        for pair, array in zip(pairs, arrays, strict=True):
            error = pair.received - pair.expected
            multiple = np.broadcast_to(array, error.shape)
            # Errors that lie within the rounding of the results themselves say nothing.
            if np.abs(error).max() < 100 * RELATIVE * np.abs(pair.expected).max():
                break
            if not factor_of(multiple, error):
                break
            free += len(np.unique(multiple[pair.wrong])) - 1
        else:
            if free >= 3:
                return name
    return None


_COMBINATIONS: tuple[tuple[str, Callable[[np.ndarray, np.ndarray], np.ndarray]], ...] = (
    ("what was expected plus {x}", lambda e, x: e + x),
    ("what was expected minus {x}", lambda e, x: e - x),
    ("{x} minus what was expected", lambda e, x: x - e),
    ("twice {x} minus what was expected: the same step, the other way", lambda e, x: 2 * x - e),
    ("what was expected times {x}", lambda e, x: e * x),
    ("what was expected divided by {x}", lambda e, x: e / x),
)


# --- positions and what stands there ------------------------------------------------------------


def looked_up(pairs: Sequence[NumberPair]) -> str | None:
    """A position in the place of what stands there in an input, or the reverse.

    Parameters
    ----------
    pairs : sequence of NumberPair
        The failing cases; expected and received have the same shape.

    Returns
    -------
    str or None
        What stands behind "what came out is".

    Examples
    --------
    >>> values = np.array([0.317, 7.142, 2.551, 9.263])
    >>> cases = [NumberPair(np.array(float(i)), values[i], {"input 1": values}) for i in (1, 3)]
    >>> looked_up(cases)
    'the entry of input 1 that stands at the expected position'
    """
    total, _, count = evidence(wrong_entries(pairs))
    if total < MUCH or count < 2:
        return None
    for name in input_names(pairs):
        inputs = [pair.inputs[name] for pair in pairs]
        if any(given.ndim != 1 or len(np.unique(given)) < 2 for given in inputs):
            continue
        if _stand_at(inputs, [pair.expected for pair in pairs], [pair.received for pair in pairs]):
            return f"the entry of {name} that stands at the expected position"
        if _stand_at(inputs, [pair.received for pair in pairs], [pair.expected for pair in pairs]):
            return f"the position at which the expected number stands in {name}"
    return None


def _stand_at(
    inputs: Sequence[np.ndarray], positions: Sequence[np.ndarray], numbers: Sequence[np.ndarray]
) -> bool:
    for given, where, number in zip(inputs, positions, numbers, strict=True):
        if not _is_whole(where) or np.any(where < 0) or np.any(where >= given.size):
            return False
        if not close(number, given[where.astype(int)]).all():
            return False
    return True
