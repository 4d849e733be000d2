"""Comparing a result with the expected one: what is forgiven, what is not, and what is said."""

from __future__ import annotations

import decimal
import fractions
import math

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from exercises.engine.comparing import agrees, difference, digits_apart, in_single_precision
from exercises.engine.copying import clone, identical
from utils.display import describe, to_numpy

PAIR = np.array([1.0, 2.0])


@pytest.mark.parametrize(
    ("expected", "received"),
    [
        (PAIR, [1.0, 2.0]),
        (PAIR, (1, 2)),
        (PAIR, torch.tensor([1.0, 2.0])),
        (PAIR, torch.tensor([1.0, 2.0], requires_grad=True)),
        (PAIR, [torch.tensor(1.0), torch.tensor(2.0, requires_grad=True)]),
        (PAIR, np.float32(PAIR)),
        (PAIR, pd.Series([1.0, 2.0])),
        (PAIR, pd.Index([1.0, 2.0])),
        (np.arange(3), range(3)),
        (np.eye(2), pd.DataFrame(np.eye(2))),
        (np.eye(2), torch.eye(2).to_sparse()),
        (torch.ones(2), np.ones(2)),
        (torch.ones(2), torch.ones(2, dtype=torch.bfloat16)),
        (1.0, 1),
        (1, np.int8(1)),
        (0.5, fractions.Fraction(1, 2)),
        (0.5, decimal.Decimal("0.5")),
        (np.array([0.5, 1.5]), [fractions.Fraction(1, 2), fractions.Fraction(3, 2)]),
        (10**30, 10**30),
        (True, np.True_),
        (math.nan, math.nan),
        (math.inf, np.inf),
        (1.0, 1.0 + 5e-7),
        ((1, 2.0), [1, 2.0]),
        ((PAIR, 1.0), (torch.tensor(PAIR), 1)),
        ([PAIR, PAIR], np.stack([PAIR, PAIR])),
        ({"a": PAIR}, {"a": [1, 2]}),
        ({1, 2}, frozenset({1, 2})),
        ("to be", "to be"),
        (None, None),
        (np.zeros((0, 3)), np.zeros((0, 3))),
        (1 + 2j, 1 + 2j),
    ],
)
def test_other_kinds_with_the_same_content_agree(expected, received):
    assert difference(expected, received) is None


@pytest.mark.parametrize(
    ("expected", "received", "said"),
    [
        (PAIR, None, "`return`"),
        (PAIR, [1.0, 2.1], "1 of 2 "),
        (
            np.arange(20.0),
            np.arange(20.0) + (np.arange(20) > 3),
            "16 of 20 entries differ, the first at position [4]: expected 4, received 5",
        ),
        (PAIR, [[1.0, 2.0]], "expected shape (2,), received shape (1, 2)"),
        (PAIR, 1.0, "expected shape (2,), received a single number"),
        (1.0, PAIR, "expected a single number, received shape (2,)"),
        (PAIR, [[1.0], [1.0, 2.0]], "different lengths"),
        (PAIR, "[1, 2]", "expected an array of shape (2,), received '[1, 2]'"),
        (PAIR, {1, 2}, "received set"),
        (PAIR, lambda: PAIR, "received function"),
        (PAIR, (x for x in PAIR), "received generator"),
        (PAIR, ["1", "2"], "expected numbers"),
        (PAIR, [1.0, None], "expected numbers"),
        (PAIR, PAIR + 1j, "complex"),
        (PAIR, [1.0, math.nan], "NaN (not a number) at position [1]"),
        (PAIR, [math.inf, 2.0], "infinity at position [0]"),
        (PAIR, torch.empty(2, device="meta"), "device meta"),
        (1.0, torch.empty((), device="meta"), "device meta"),
        (math.nan, 1.0, "expected nan, received 1"),
        (1.0, 1.1, "expected 1, received 1.1"),
        (1.0, 1.0 + 3e-6, "expected 1, received 1.000003"),
        (124_439_808, 124_439_809, "expected 124439808, received 124439809"),
        (np.array([10_000_000]), [10_000_001], "received 10000001"),
        (10**30, 10**30 + 1, f"received {10**30 + 1}"),
        (True, "True", "expected True or False"),
        (3, "three", "expected a number"),
        ((1, 2), (1, 2, 3), "expected 2 values, received 3"),
        ((1, 2), 3, "expected a pair (tuple)"),
        ([1, 2], 3, "expected a list of 2 values, received the number 3"),
        ([1], 3, "expected a list of 1 value, received the number 3"),
        ((1, 2, 3), 3, "expected a tuple of 3 values, received the number 3"),
        (PAIR, (PAIR,), "a tuple of one value: is there a comma behind it"),
        (1.0, (1.0,), "a tuple of one value: is there a comma behind it"),
        ([1, 2], ([1, 2],), "a tuple of one value: is there a comma behind it"),
        ((1, PAIR), (1, PAIR + 1), "value 2 of 2: 2 of 2 entries differ"),
        ({"a": 1}, {"b": 1}, "key 'a' is missing; key 'b' is not expected"),
        ({"a": 1}, {"a": 2}, "under key 'a': expected 1, received 2"),
        ({"a": 1}, [1], "expected a dictionary"),
        ({1, 2}, {1, 3}, "expected set"),
        ("to be", "to  be", "white space"),
        ("to be", "not to be", "expected 'to be', received 'not to be'"),
        ("to be", b"to be", "expected text"),
        (None, 0, "expected None"),
    ],
)
def test_differences_are_found_and_named(expected, received, said):
    assert said in difference(expected, received)


def test_tolerances_are_absolute_plus_relative():
    assert difference(100.0, 100.9, rtol=0.01, atol=0.0) is None
    assert difference(100.0, 101.1, rtol=0.01, atol=0.0)
    assert difference(0.0, 0.9, rtol=0.01, atol=1.0) is None
    assert difference(100.0, 102.0, rtol=0.01, atol=1.0) is None
    assert difference(5, 7, rtol=0.0, atol=2) is None
    assert difference(5, 8, rtol=0.0, atol=2)


def test_the_digits_shown_let_the_difference_be_seen():
    said = difference([1.0, 2.0], [1.0, 2.0 + 1e-12], rtol=1e-15, atol=0.0)
    expected, received = said.split("expected ")[1].split(", received ")
    assert expected != received


THIRD = np.float32(1 / 3)


@pytest.mark.parametrize(
    ("value", "single"),
    [
        (THIRD, True),
        (np.array([1.0, 2.0], dtype=np.float32), True),  # the type says it
        (np.float16(0.5), True),
        (torch.ones(2, dtype=torch.bfloat16), True),
        (np.complex64(1), True),
        ([torch.tensor(1 / 3), torch.tensor(0.5)], True),
        (float(THIRD), True),
        ([0.5, float(THIRD), math.inf], True),
        (1 / 3, False),
        ([float(THIRD), 1 / 3], False),
        ([0.5, 0.25, 3.0], False),  # short fractions, which both precisions hold
        (16_777_215.0, False),
        (1e300, False),
        (3, False),
        (np.complex128(THIRD), False),
        ([], False),
    ],
)
def test_single_precision_is_known_by_the_type_or_by_the_numbers(value, single):
    assert in_single_precision(to_numpy(value)) is single


def test_single_precision_is_measured_by_the_largest_number():
    expected = np.array([1000.0, 0.001])
    received = np.array([1000.0, 0.02], dtype=np.float32)
    assert difference(expected, received, single_precision=True) is None
    assert difference(expected, received)
    assert difference(expected, received + np.float32(0.02), single_precision=True)
    listed = received.tolist()
    assert difference([1000.0, 0.001], listed, single_precision=True) is None
    assert difference((1000.0, 0.001), tuple(listed), single_precision=True)  # of different kinds


def test_counts_stay_exact_in_single_precision():
    assert difference(10_000, np.float32(10_001), single_precision=True)
    assert difference(np.array([10_000]), np.array([10_000.2], np.float32), single_precision=True)


@pytest.mark.parametrize(
    ("expected", "received", "digits"),
    [
        ([0.5, 0.25], [0.5, 0.26], 5),
        ([2 / 3], [0.66667], 6),
        (np.array([1e-7, 1.0]), np.array([2e-7, 1.0]), 7),
        ({"a": 2 / 3}, {"a": 0.6666667}, 8),
        ([1, "a"], [1, "b"], 5),
        (PAIR, "text", 5),
        (np.ones(1000), np.ones(1000) + 1e-3, 5),
    ],
)
def test_as_many_digits_are_shown_as_it_takes_to_see_a_difference(expected, received, digits):
    assert digits_apart(expected, received, rtol=1e-9, atol=0.0) == digits


class Agreeable:
    """Claims to be equal to everything."""

    def __eq__(self, other):
        return True

    __hash__ = None


class Quarrelsome:
    """Raises whatever is asked of it."""

    def __repr__(self):
        raise RuntimeError("no")

    def __eq__(self, other):
        raise RuntimeError("no")

    __hash__ = None


@pytest.mark.parametrize("expected", [1.0, PAIR, "text", {1}, {"a": 1}, (1, 2), b"bytes", None])
@pytest.mark.parametrize("received", [Agreeable(), Quarrelsome()])
def test_objects_with_a_will_of_their_own_never_agree(expected, received):
    assert not agrees(expected, received)
    assert difference(expected, received)


def test_a_list_nested_beyond_the_recursion_limit_differs():
    nested: list = []
    for _ in range(100_000):
        nested = [nested]
    assert difference(PAIR, nested)


anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.text(max_size=20)
    | st.binary(max_size=20)
    | st.builds(np.array, st.lists(st.floats(), max_size=5))
    | st.builds(torch.tensor, st.lists(st.floats(width=32), max_size=5))
    | st.builds(object),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(anything, anything)
def test_any_two_values_can_be_compared(expected, received):
    try:
        said = difference(expected, received)
    except ValueError:  # an expected value that is no array: told to whoever declares it
        said = "cannot be compared"
    assert said is None or (isinstance(said, str) and 0 < len(said) < 2_000)
    assert agrees(expected, received) == (said is None)
    assert isinstance(describe(received), str)


@given(anything)
def test_a_copy_agrees_with_its_original_and_is_identical_to_it(value):
    assert identical(value, clone(value))


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5))
def test_a_value_agrees_with_itself_as_list_array_and_tensor(values):
    array = np.array(values)
    for other in (values, tuple(values), torch.tensor(values, dtype=torch.float64)):
        assert difference(array, other) is None


def test_identical_sees_changes():
    array, nested = np.zeros(3), {"a": [np.zeros(2)]}
    kept, kept_nested = clone(array), clone(nested)
    array[0] = 1
    nested["a"][0][0] = 1
    assert not identical(kept, array)
    assert not identical(kept_nested, nested)
    assert not identical([1], [1, 2])
    assert not identical({"a": 1}, {"b": 1})
    assert not identical(np.zeros(2), np.zeros(3))
    assert not identical(torch.zeros(2), "gone")
    assert identical(np.array([math.nan]), np.array([math.nan]))
    assert identical(math.nan, math.nan)


def test_copies_share_no_memory():
    leaf = torch.ones(2, requires_grad=True)
    array = np.ones(2)
    assert not np.shares_memory(array, clone(array))
    for tensor in (torch.ones(2), leaf, leaf * 2):
        assert clone(tensor).data_ptr() != tensor.data_ptr()
    for container in ([leaf * 2], (leaf * 2,), {"a": leaf * 2}):
        copied = clone(container)
        first, original = (
            (copied["a"], container["a"])
            if isinstance(container, dict)
            else (copied[0], container[0])
        )
        assert type(copied) is type(container)
        assert first is not original
        assert first.data_ptr() != original.data_ptr()


def test_a_copied_result_keeps_its_gradients():
    leaf = torch.ones(2, requires_grad=True)
    clone(leaf * 3).sum().backward()
    assert leaf.grad.tolist() == [3.0, 3.0]


def test_what_cannot_be_copied_is_passed_on():
    generator = (x for x in range(3))
    assert clone(generator) is generator
    assert clone([generator])[0] is generator
