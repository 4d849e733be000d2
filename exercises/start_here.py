"""Exercises of `chapters/start_here.ipynb`: one of each kind."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator

import numpy as np
import torch
from torch.nn import functional

from exercises.engine import Bug, Case, Choice, Function, Mistake, Option, Value

# --- Exercise 1: a function -----------------------------------------------------------------


def _standardise_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([2.0, 6.0]),), label="two values")
    yield Case((np.array([1, 2, 2, 7]),), label="whole numbers")
    yield Case((np.array([-3.0, 0.0, 0.0, 0.0, 0.5]),), label="negative values and zeros")
    yield Case((rng.normal(size=40) * 2e-3,), label="very small values")
    yield Case((1000 + 25 * rng.normal(size=40),), label="values far from zero")
    outlier = [1.0, 0.0, 2.0, 1.0, 0.0, 3.0, 1.0, 2.0, 0.0, 1.0, 2.0, 50.0]
    yield Case((np.array(outlier),), label="one value far from all others")


def _standardised(values: np.ndarray) -> np.ndarray:
    from sklearn.preprocessing import StandardScaler

    return StandardScaler().fit_transform(values.reshape(-1, 1).astype(float)).ravel()


def _with_loops(values: np.ndarray) -> list[float]:
    numbers = [float(value) for value in values]
    mean, spread = statistics.fmean(numbers), statistics.pstdev(numbers)
    return [(number - mean) / spread for number in numbers]


def _with_torch(values: np.ndarray) -> torch.Tensor:
    tensor = torch.tensor(values, dtype=torch.float64)
    return (tensor - tensor.mean()) / tensor.std(correction=0)


def _in_place(values: np.ndarray) -> np.ndarray:
    values -= values.mean()
    values /= values.std()
    return values


def _in_an_array_of_their_kind(values: np.ndarray) -> np.ndarray:
    result = np.zeros_like(values)
    result[:] = (values - values.mean()) / values.std()
    return result


def _in_single_precision(values: np.ndarray) -> np.ndarray:
    numbers = values.astype(np.float32)
    return (numbers - numbers.mean()) / numbers.std()


def _with_a_copy_changed(values: np.ndarray) -> np.ndarray:
    values = values.astype(float)
    values -= values.mean()
    values /= values.std()
    return values


def standardise(values):  # as in the notebook: the feedback quotes this signature
    return (values - values.mean()) / values.std()


standardise = Function(
    "start_here.standardise",
    title="Standardise",
    cases=_standardise_cases,
    expected=_standardised,
    rtol=1e-5,
    atol=1e-5,  # leaves room for an answer computed in float32
    reference=standardise,
    mistakes=[
        Mistake(
            "a mean subtracted, nothing divided",
            lambda values: values - values.mean(),
            "The values are centred on 0 now, but their spread is as it was. Divide the "
            "differences by the standard deviation.",
        ),
        Mistake(
            "a missing pair of brackets",
            lambda values: values - values.mean() / values.std(),
            "Python divides before it subtracts, so only the mean was divided. Put the "
            "subtraction in brackets.",
        ),
        Mistake(
            "a division, nothing subtracted",
            lambda values: values / values.std(),
            "The spread is 1 now, but the values still lie around their old mean. Subtract the "
            "mean first.",
        ),
        Mistake(
            "a division by the variance",
            lambda values: (values - values.mean()) / values.var(),
            "The variance is the square of the standard deviation: metres give square metres. "
            "Divide by its square root.",
        ),
        Mistake(
            "a standard deviation that divides by n − 1",
            lambda values: (values - values.mean()) / values.std(ddof=1),
            "Two definitions are in use: pandas and torch.std divide the sum of squares by n − 1 "
            "unless told otherwise, NumPy by n. This task asks for n: look for the argument "
            "called ddof or correction.",
        ),
        Mistake(
            "values squeezed between 0 and 1",
            lambda values: (values - values.min()) / (values.max() - values.min()),
            "That is min-max scaling, which the two most extreme values decide alone. Use the "
            "mean and the standard deviation.",
        ),
        Mistake(
            "a change in place of whole numbers",
            _in_place,
            "-= and /= write into the array that was handed in. One of whole numbers cannot take "
            "fractions, and any other would be changed for the caller too. Compute a new array "
            "and return it.",
        ),
        Mistake(
            "the first number only",
            lambda values: (values[0] - values.mean()) / values.std(),
            "One number came back, and it is right for the first value. A return inside a loop "
            "does that, because a function ends at its first return. Arrays subtract and divide "
            "as a whole, without a loop.",
        ),
        Mistake(
            "the mean distance from the mean below the fraction bar",
            lambda values: (values - values.mean()) / np.abs(values - values.mean()).mean(),
            "The standard deviation squares the distances, takes their mean and then the root: "
            "large distances count more than in the mean of the distances themselves.",
        ),
        Mistake(
            "the sum of the squares without their mean",
            lambda values: (values - values.mean()) / np.linalg.norm(values - values.mean()),
            "The differences were divided by the root of the sum of their squares. The standard "
            "deviation is the root of their mean: 1/n is missing.",
        ),
        Mistake(
            "the distance of the values from 0 below the fraction bar",
            lambda values: (values - values.mean()) / np.sqrt((values**2).mean()),
            "The standard deviation measures the distance from the mean: subtract it before you "
            "square.",
        ),
        Mistake(
            "fractions cut off in an array of whole numbers",
            _in_an_array_of_their_kind,
            "An array keeps the kind of number that it was made with, and np.zeros_like or copy() "
            "of whole numbers is one of whole numbers: what you write into it loses its "
            "fractions. Make a new array, or compute with all values at once.",
        ),
    ],
    also_correct=(
        _with_loops,
        _with_torch,
        lambda values: ((values - values.mean()) / values.std()).astype(np.float32),
        _in_single_precision,
        _with_a_copy_changed,
        lambda values: (values - values.mean()) / np.sqrt(np.mean((values - values.mean()) ** 2)),
    ),
    hints=(
        "Two steps: move the values so that their mean is 0, then shrink or stretch them so that "
        "their standard deviation is 1.",
        "An array knows both numbers: values.mean() and values.std().",
        "Subtract first, divide second, with brackets around the subtraction: (… - …) / …",
    ),
    carry_on="Values that are all equal have standard deviation 0, and this divides by it. "
    "scikit-learn's StandardScaler then divides by 1 instead: such a column becomes all zeros.",
)


# --- Exercise 2: a choice -------------------------------------------------------------------

shared_memory = Choice(
    "start_here.shared_memory",
    title="The tensor that changes too",
    options={
        "a": Option(
            "torch.tensor(scores)",
            "torch.tensor always copies, whatever it is given. After that line the two know "
            "nothing of each other.",
        ),
        "b": Option(
            "torch.as_tensor(scores.tolist())",
            "as_tensor shares an array's memory, but here it receives a list. A list keeps its "
            "numbers in another form than a tensor, so they have to be copied.",
        ),
        "c": Option(
            "torch.as_tensor(scores)",
            "as_tensor shares the memory of an array when the tensor can have the same dtype. "
            "That saves memory, and means that a change of one is a change of both.",
            right=True,
        ),
        "d": Option(
            "torch.from_numpy(scores).float()",
            "from_numpy shares, but scores is float64 and .float() makes float32 of it: another "
            "format, so new memory. On an array that is float32 already, it would share.",
        ),
    },
    hints=(
        "Sharing needs two things: an array to share with, and the same format of the numbers.",
        "Two of the four hand over something else than the array, or ask for another dtype. Of "
        "the other two, one promises a copy.",
    ),
)


# --- Exercise 3: a value --------------------------------------------------------------------


def _mean_over_all_pairs() -> float:
    predictions, targets = (1.0, 3.0), (1.0, 3.0)
    squares = [(p - t) ** 2 for p in predictions for t in targets]
    return math.fsum(squares) / len(squares)


broadcast_mean = Value(
    "start_here.broadcast_mean",
    title="Predict the mean",
    expected=_mean_over_all_pairs,
    tolerance=0.001,
    reference=2.0,
    mistakes=[
        Mistake(
            "no error at all",
            0,
            "Paired one by one, the differences would be 0, and that is what the author of such "
            "code wants. But the shapes are (2,) and (2, 1): write down the whole difference, and "
            "square its entries before you take the mean.",
        ),
        Mistake(
            "a sum instead of a mean",
            8,
            "The four squares do add up to 8. Divide by how many there are.",
        ),
        Mistake(
            "half of the sum",
            4,
            "The squares add up to 8, but mean() divides by the number of all entries: not by that "
            "of the rows, nor by that of the entries which are not 0.",
        ),
        Mistake(
            "a root of the mean",
            math.sqrt(2),
            "That is the root mean squared error. The line takes no root.",
        ),
        Mistake(
            "differences not squared",
            1,
            "1 is the mean of the differences without their signs. Square each difference before "
            "you take the mean.",
        ),
    ],
    also_correct=(2, np.float32(2.0), torch.tensor(2.0), 2.0005),
    hints=(
        "What is the shape of the difference? Compare (2,) and (2, 1) from the right.",
        "Row 1 of the difference is [1, 3] minus 1, row 2 is [1, 3] minus 3.",
        "The squares are 0 and 4 in the first row, 4 and 0 in the second.",
    ),
    carry_on="The predictions were perfect, and the code reports an error all the same: no "
    "exception, only a number that is wrong. PyTorch's own mse_loss warns about such shapes; a "
    "formula typed by hand cannot.",
)


# --- Exercise 4: a bug ----------------------------------------------------------------------


def _error_cases(rng: np.random.Generator) -> Iterator[Case]:
    def tensor(*shape: int) -> torch.Tensor:
        return torch.tensor(rng.normal(size=shape), dtype=torch.float32)

    yield Case(
        (torch.tensor([2.0, 5.0]), torch.tensor([[2.0], [5.0]])),
        label="perfect predictions, targets as a column",
    )
    yield Case((tensor(4), tensor(4)), label="both without a second axis")
    yield Case((tensor(3, 1), tensor(3)), label="predictions as a column")
    yield Case((tensor(5, 1), tensor(5, 1)), label="both as columns")
    yield Case((tensor(1), tensor(1, 1)), label="a single pair")
    yield Case((tensor(50), tensor(50, 1)), label="fifty pairs, targets as a column")


def _error_by_library(predictions: torch.Tensor, targets: torch.Tensor) -> float:
    from sklearn.metrics import mean_squared_error as library

    return float(library(targets.numpy().ravel(), predictions.numpy().ravel()))


def _planted(predictions: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return ((predictions - targets) ** 2).mean()


def mean_squared_error(predictions, targets):
    return ((predictions.flatten() - targets.flatten()) ** 2).mean()


mean_squared_error = Bug(
    "start_here.mean_squared_error",
    title="An error that is too large",
    planted=_planted,
    cases=_error_cases,
    expected=_error_by_library,
    rtol=1e-5,
    atol=1e-6,
    reference=mean_squared_error,
    mistakes=[
        Mistake(
            "all pairs where the predictions are a column",
            lambda predictions, targets: ((predictions - targets.flatten()) ** 2).mean(),
            "Predictions that come as a column are still paired with all targets: bring both to "
            "one shape.",
        ),
        Mistake(
            "all pairs where the predictions have one axis",
            lambda predictions, targets: ((predictions - targets.reshape(-1, 1)) ** 2).mean(),
            "Two columns fit together. Predictions with one axis only are paired with all targets "
            "of a column: bring both to one shape.",
        ),
        Mistake(
            "a sum over the pairs",
            lambda predictions, targets: ((predictions.flatten() - targets.flatten()) ** 2).sum(),
            "The pairs are right now, but the squares are added up and not averaged. End with "
            "mean().",
        ),
        Mistake(
            "a squeeze of an axis that is not there",
            lambda predictions, targets: (
                (predictions.squeeze(1) - targets.squeeze(1)) ** 2
            ).mean(),
            "squeeze(1) removes the second axis, and a tensor of shape (n,) has none. Use "
            "something that works for both shapes, such as flatten().",
        ),
        Mistake(
            "all targets in the sum for each prediction",
            lambda predictions, targets: ((predictions - targets) ** 2).sum() / len(predictions),
            "Shapes (n,) and (n, 1) still meet, and n times n squares are added up. Give both the "
            "same shape before you subtract.",
        ),
        Mistake(
            "half of the mean",
            lambda predictions, targets: (
                ((predictions.flatten() - targets.flatten()) ** 2).mean() / 2
            ),
            "The pairs are right. Some books put ½ in front so that it cancels in the derivative; "
            "the mean squared error has none.",
        ),
        Mistake(
            "a root around the mean",
            lambda predictions, targets: (
                ((predictions.flatten() - targets.flatten()) ** 2).mean().sqrt()
            ),
            "The pairs are right, and the result is the root mean squared error. Asked is the "
            "mean squared error: leave the root out.",
        ),
        Mistake(
            "a mean taken before the square",
            lambda predictions, targets: (predictions.flatten() - targets.flatten()).mean() ** 2,
            "Positive and negative differences cancel when the mean comes first. Square each "
            "difference, then take the mean.",
        ),
    ],
    also_correct=(
        lambda predictions, targets: (
            ((predictions - targets.reshape(predictions.shape)) ** 2).mean().item()
        ),
        lambda predictions, targets: functional.mse_loss(
            predictions.reshape(-1, 1).double(), targets.reshape(-1, 1).double()
        ),
        lambda predictions, targets: np.mean(
            (predictions.numpy().ravel() - targets.numpy().ravel()) ** 2
        ),
    ),
    hints=(
        "Print the shape of predictions - targets for the first case. How many differences "
        "should there be?",
        "Before the subtraction, give both the same shape. There are several ways: flatten(), "
        "reshape(-1), reshape(other.shape).",
        "predictions.flatten() has shape (n,), whether predictions is (n,) or (n, 1). The same "
        "holds for targets.",
    ),
    carry_on="Where shapes can differ, begin with assert predictions.shape == targets.shape: a "
    "program that stops is easier to mend than one that goes on with a wrong number.",
)
