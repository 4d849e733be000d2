"""Exercises of the lesson on linear regression."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from exercises.engine import Bug, Case, Choice, Function, Mistake, Option, Value

# --- Exercise 1: a slope by hand ------------------------------------------------------------------


def _slope_by_polyfit() -> float:
    return float(np.polyfit([0.0, 1.0, 5.0], [3.0, 0.0, 6.0], deg=1)[0])


slope_by_hand = Value(
    "ml_basics.linear_regression.slope_by_hand",
    title="Three other points",
    expected=_slope_by_polyfit,
    tolerance=0.005,
    reference=12 / 14,
    mistakes=[
        Mistake(
            "the slope from the first point to the last",
            3 / 5,
            "The point in the middle counts as well. Use all three deviations from the means.",
        ),
        Mistake(
            "a line through the origin",
            30 / 26,
            "This is the sum of x·y over the sum of x². That is right for a line without "
            "intercept; here subtract the means of x and of y first.",
        ),
        Mistake(
            "a division by the squared deviations of y",
            12 / 18,
            "The slope of y on x divides by the squared deviations of x: the errors are measured "
            "vertically.",
        ),
        Mistake(
            "the mean of the slopes between neighbours",
            (-3 + 3 / 2) / 2,
            "The slopes of the two stretches are −3 and 3/2, but the stretches are not equally "
            "long, and least squares looks at all points at once. Use the deviations from the "
            "means.",
        ),
        Mistake(
            "the products of the deviations, not divided",
            12,
            "The sum of the products is 12. Divide it by the sum of the squared deviations of x.",
        ),
        Mistake(
            "the products of the deviations, divided by the number of points",
            12 / 3,
            "That is a covariance. It still has to be divided by the variance of x.",
        ),
        Mistake(
            "the deviations of x below the fraction bar without their squares",
            12 / 6,
            "Below the fraction bar stand the squares of the deviations of x, 4 + 1 + 9.",
        ),
        Mistake(
            "the intercept",
            9 / 7,
            "That is a, where the line crosses x = 0. Asked is its slope b.",
        ),
        Mistake(
            "the slope upside down",
            14 / 12,
            "The sum with both x and y stands above the fraction bar, the one with x alone below.",
        ),
    ],
    also_correct=[np.float32(6 / 7), 0.857, 0.86, Fraction(6, 7)],
    hints=[
        "Begin with the means of x and y; both are whole numbers.",
        "Write the deviations from the means: for x they are −2, −1, 3. Multiply each with the "
        "deviation of y and add up.",
        "Divide that sum by the sum of the squared deviations of x, 4 + 1 + 9.",
    ],
    carry_on="The residuals of your line sum to zero, and so do they weighted by x: check it.",
)

# --- Exercise 2: the gradient of ridge ------------------------------------------------------------


def _gradient_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(
        (np.array([[2.0]]), np.array([1.0]), np.array([1.0]), 0.5), label="the example of the text"
    )
    yield Case(
        (rng.normal(size=(5, 3)), rng.normal(size=5), rng.normal(size=3), 0.0), label="no penalty"
    )
    yield Case(
        (rng.normal(size=(6, 2)), rng.normal(size=6), rng.normal(size=2), 1.5),
        label="six rows, two columns",
    )
    yield Case(
        (rng.normal(size=(2, 4)), rng.normal(size=2), rng.normal(size=4), 0.3),
        label="more columns than rows",
    )
    X = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, -1.0]])
    yield Case(
        (X, np.array([1.0, 0.0, 2.0]), np.array([-2.0, 0.0]), 0.25),
        label="a negative weight and one of 0",
    )
    yield Case(
        (rng.normal(size=(3, 3)), rng.normal(size=3), rng.normal(size=3), 0.7),
        label="as many rows as columns",
    )


def _gradient_by_autograd(X, y, w, penalty):
    import torch

    X, y, w = (torch.tensor(part, dtype=torch.float64) for part in (X, y, w))
    w.requires_grad_(True)
    loss = torch.mean((X @ w - y) ** 2) + penalty * torch.sum(w**2)
    return torch.autograd.grad(loss, w)[0].numpy()


def _gradient(X, y, w, penalty):
    return 2 / len(X) * X.T @ (X @ w - y) + 2 * penalty * w


def _gradient_by_rows(X, y, w, penalty):
    total = 2 * penalty * w
    for row, target in zip(X, y, strict=True):
        total = total + 2 / len(X) * (row @ w - target) * row
    return total.tolist()


def _gradient_by_autograd_in_single_precision(X, y, w, penalty):
    import torch

    X, y, w = (torch.tensor(part, dtype=torch.float32) for part in (X, y, w))
    w.requires_grad_(True)
    (((X @ w - y) ** 2).mean() + penalty * (w**2).sum()).backward()
    return w.grad


def _gradient_by_differences(X, y, w, penalty):
    def loss(w):
        return np.mean((X @ w - y) ** 2) + penalty * np.sum(w**2)

    steps = 1e-4 * np.eye(len(w))
    return [(loss(w + step) - loss(w - step)) / 2e-4 for step in steps]


ridge_gradient = Function(
    "ml_basics.linear_regression.ridge_gradient",
    title="The gradient with a penalty",
    cases=_gradient_cases,
    expected=_gradient_by_autograd,
    reference=_gradient,
    mistakes=[
        Mistake(
            "the sum over the rows instead of their mean",
            lambda X, y, w, penalty: 2 * X.T @ (X @ w - y) + 2 * penalty * w,
            "The loss has 1/n in front of the squared error, so its gradient has it too. Without "
            "it the right learning rate would depend on the number of rows.",
        ),
        Mistake(
            "a missing factor 2",
            lambda X, y, w, penalty: X.T @ (X @ w - y) / len(X) + penalty * w,
            "The derivative of a square is twice its inside. This loss has no ½ that would cancel "
            "the 2, neither in the error nor in the penalty.",
        ),
        Mistake(
            "a factor 2 missing in the error only",
            lambda X, y, w, penalty: 1 / len(X) * X.T @ (X @ w - y) + 2 * penalty * w,
            "The squared error has 1/n in front, not 1/(2n): its derivative keeps the 2.",
        ),
        Mistake(
            "a factor 2 missing in the penalty only",
            lambda X, y, w, penalty: 2 / len(X) * X.T @ (X @ w - y) + penalty * w,
            "The derivative of λ·w² is 2λ·w.",
        ),
        Mistake(
            "the wrong sign of the error",
            lambda X, y, w, penalty: 2 / len(X) * X.T @ (y - X @ w) + 2 * penalty * w,
            "The part of the error has its sign turned round, so descent would climb. Where the "
            "error is y − Xw, its derivative brings a minus; where it is Xw − y, none.",
        ),
        Mistake(
            "the penalty added, not differentiated",
            lambda X, y, w, penalty: 2 / len(X) * X.T @ (X @ w - y) + penalty * np.sum(w**2),
            "The number λ‖w‖² stands in every entry. The gradient holds its derivative with "
            "respect to each weight, 2λ·w.",
        ),
        Mistake(
            "the penalty counted once for each row",
            lambda X, y, w, penalty: 2 / len(X) * X.T @ (X @ w - y) + 2 * len(X) * penalty * w,
            "The penalty stands once in the loss, beside the mean over the rows: add its "
            "derivative once, not in every turn of a loop over the rows.",
        ),
        Mistake(
            "the same number for every weight in the penalty",
            lambda X, y, w, penalty: 2 / len(X) * X.T @ (X @ w - y) + 2 * penalty,
            "The derivative of λw² is 2λ times the weight itself: a large weight is pulled harder.",
        ),
        Mistake(
            "the first weight not penalised",
            lambda X, y, w, penalty: (
                2 / len(X) * X.T @ (X @ w - y) + 2 * penalty * w * (np.arange(len(w)) > 0)
            ),
            "An intercept is often left out of the penalty, but here is none: ‖w‖² sums over all "
            "weights.",
        ),
        Mistake(
            "the penalty divided by the number of rows",
            lambda X, y, w, penalty: 2 / len(X) * (X.T @ (X @ w - y) + penalty * w),
            "Here 1/n belongs to the squared error only; the penalty stands beside the mean.",
        ),
        Mistake(
            "divided by the number of columns",
            lambda X, y, w, penalty: 2 / X.shape[1] * X.T @ (X @ w - y) + 2 * penalty * w,
            "The mean runs over the n rows of X, one for each error: divide by n, not by d.",
        ),
        Mistake(
            "the penalty subtracted",
            lambda X, y, w, penalty: 2 / len(X) * X.T @ (X @ w - y) - 2 * penalty * w,
            "The loss adds the penalty, so the gradient adds its derivative.",
        ),
        Mistake(
            "the derivative of |w| in the place of that of w²",
            lambda X, y, w, penalty: 2 / len(X) * X.T @ (X @ w - y) + penalty * np.sign(w),
            "This pulls each weight with the same force, as the lasso does. The derivative of λw² "
            "grows with the weight: 2λw.",
        ),
        Mistake(
            "the penalty forgotten",
            lambda X, y, w, penalty: 2 / len(X) * X.T @ (X @ w - y),
            "This is the gradient of the squared error. Add the derivative of λ‖w‖².",
        ),
    ],
    also_correct=[
        _gradient_by_rows,
        _gradient_by_autograd_in_single_precision,
        _gradient_by_differences,
        lambda X, y, w, penalty: 2 * ((X @ w - y)[:, None] * X).mean(axis=0) + 2 * penalty * w,
    ],
    hints=[
        "The gradient of a sum is the sum of the gradients: treat error and penalty separately.",
        "The first part is the one derived in the text, (2/n)·Xᵀ(Xw − y).",
        "The penalty is λ(w₁² + w₂² + …); its derivative with respect to w₁ is 2λw₁.",
    ],
    carry_on="Set this gradient to zero and you have the ridge equation with nλ in the place of λ: "
    "the mean and the sum convention differ by exactly that factor.",
)

# --- Exercise 3: weighted least squares -----------------------------------------------------------


def _weighted_cases(rng: np.random.Generator) -> Iterator[Case]:
    X, y = rng.normal(size=(8, 3)), rng.normal(size=8)
    yield Case((X, y, np.ones(8)), label="equal weights")
    yield Case((X, y, rng.uniform(0.2, 3.0, size=8)), label="unequal weights")
    weights = np.array([1.0, 1.0, 0.0, 2.0, 1.0, 1.0, 0.0, 3.0])
    yield Case((X, y, weights), label="two rows of weight zero")
    yield Case(
        (rng.normal(size=(4, 1)), rng.normal(size=4), np.array([1.0, 2.0, 3.0, 4.0])),
        label="one column",
    )
    yield Case(
        (rng.normal(size=(5, 2)), rng.normal(size=5), np.array([1e-6, 1.0, 1e6, 3.0, 100.0])),
        label="weights far apart",
    )
    yield Case(
        (
            np.array([[1.0, 0.0], [1.0, 2.0], [0.0, 1.0]]),
            np.array([1.0, 4.0, 3.0]),
            np.array([3e-6, 1e-6, 2e-6]),
        ),
        label="weights that are all small",
    )


def _weighted_by_library(X, y, weights):
    from sklearn.linear_model import LinearRegression

    return LinearRegression(fit_intercept=False).fit(X, y, sample_weight=weights).coef_


def _weighted(X, y, weights):
    weighted = X * weights[:, None]
    return np.linalg.solve(weighted.T @ X, weighted.T @ y)


def _weighted_by_roots(X, y, weights):
    root = np.sqrt(weights)
    return np.linalg.lstsq(X * root[:, None], y * root, rcond=None)[0]


def _weights_squared(X, y, weights):
    return np.linalg.lstsq(X * weights[:, None], y * weights, rcond=None)[0]


def _weights_on_targets_only(X, y, weights):
    return np.linalg.solve(X.T @ X, X.T @ (weights * y))


def _weights_on_the_left_only(X, y, weights):
    weighted = X * weights[:, None]
    return np.linalg.solve(weighted.T @ X, X.T @ y)


def _weighted_with_intercept(X, y, weights):
    from sklearn.linear_model import LinearRegression

    return LinearRegression().fit(X, y, sample_weight=weights).coef_


def _weighted_in_single_precision(X, y, weights):
    return _weighted(*(part.astype(np.float32) for part in (X, y, weights)))


weighted_least_squares = Function(
    "ml_basics.linear_regression.weighted_least_squares",
    title="Rows that count more",
    cases=_weighted_cases,
    expected=_weighted_by_library,
    reference=_weighted,
    rtol=1e-6,
    atol=1e-7,
    mistakes=[
        Mistake(
            "the weights ignored",
            lambda X, y, weights: np.linalg.solve(X.T @ X, X.T @ y),
            "This is ordinary least squares: it passes only when all weights are equal.",
        ),
        Mistake(
            "the weights applied twice",
            _weights_squared,
            "Each row counts c² here. Either scale the rows of X and y by √c and use the ordinary "
            "normal equation, or put c into that equation once: not both, and not c in both.",
        ),
        Mistake(
            "weights on the targets only",
            _weights_on_targets_only,
            "A weight scales the squared *error* of a row, so it appears on both sides of the "
            "equation: Σ cᵢxᵢxᵢᵀ and Σ cᵢxᵢyᵢ.",
        ),
        Mistake(
            "weights missing on the right-hand side",
            _weights_on_the_left_only,
            "The derivative of cᵢ(xᵢᵀw − yᵢ)² has cᵢ before both xᵢxᵢᵀw and xᵢyᵢ.",
        ),
        Mistake(
            "the square roots of the weights in their place",
            lambda X, y, weights: _weighted(X, y, np.sqrt(weights)),
            "Each squared error counts √c here. Roots are right where the rows of X and y are "
            "scaled before the errors are squared; in the normal equation stands c itself.",
        ),
        Mistake(
            "rows of weight zero left out, all others counted alike",
            lambda X, y, weights: np.linalg.lstsq(X[weights > 0], y[weights > 0], rcond=None)[0],
            "A weight says how much a row counts, not only whether it does: put its size into the "
            "equation.",
        ),
        Mistake(
            "an intercept fitted and returned as well",
            lambda X, y, weights: _weighted(
                np.column_stack([np.ones(len(X)), X]), y, np.maximum(weights, 1e-300)
            ),
            "The task adds no intercept: one weight for each column of X, and no column of ones.",
        ),
        Mistake(
            "an intercept fitted, but not returned",
            _weighted_with_intercept,
            "The slopes of a line with an intercept are others than those of one through the "
            "origin. The task adds none: fit_intercept=False in scikit-learn, and no means "
            "subtracted.",
        ),
        Mistake(
            "weights cut to whole numbers",
            lambda X, y, weights: _weighted_by_roots(X, y, np.trunc(weights)),
            "A row of weight 2 counts like two equal rows, but weights may be fractions as well: "
            "multiply by them.",
        ),
        Mistake(
            "the right-hand side of the equation alone",
            lambda X, y, weights: X.T @ (weights * y),
            "XᵀCy is one side of the normal equation. Solve XᵀCX w = XᵀCy for w.",
        ),
        Mistake(
            "weights in full on the targets, their roots on the rows",
            lambda X, y, weights: np.linalg.lstsq(
                X * np.sqrt(weights)[:, None], y * weights, rcond=None
            )[0],
            "Rows and targets of one equation are scaled alike: both by √c before they are "
            "squared.",
        ),
        Mistake(
            "one divided by each weight",
            lambda X, y, weights: _weighted(X, y, 1 / np.where(weights == 0, 1e-12, weights)),
            "Variances stand below the fraction bar, weights do not: a row of large weight counts "
            "much.",
        ),
        Mistake(
            "square roots on one side only",
            lambda X, y, weights: np.linalg.lstsq(X * np.sqrt(weights)[:, None], y, rcond=None)[0],
            "Scaling the rows of X by √c but not y changes the problem. Scale both.",
        ),
    ],
    also_correct=[
        _weighted_by_roots,
        _weighted_in_single_precision,
        lambda X, y, weights: _weighted(X, y, weights / weights.sum()),
        lambda X, y, weights: (
            np.linalg.inv(X.T @ np.diag(weights) @ X) @ X.T @ np.diag(weights) @ y
        ).tolist(),
    ],
    hints=[
        "Differentiate Σ cᵢ(xᵢᵀw − yᵢ)² with respect to w. The weights are constants.",
        "The normal equation becomes XᵀCX w = XᵀCy, with C the diagonal matrix of the weights.",
        "Multiplying row i of X by cᵢ is `X * weights[:, None]`; no n × n matrix is needed.",
    ],
    carry_on="A row of weight 2 counts like two equal rows, a row of weight 0 not at all; boosting "
    "and logistic regression by Newton's method both solve this problem again and again.",
)

# --- Exercise 4: R² -------------------------------------------------------------------------------


def _r2_cases(rng: np.random.Generator) -> Iterator[Case]:
    target = np.array([1.0, 2.0, 3.0])
    yield Case((target, np.array([1.0, 2.0, 4.0])), label="the example of the text")
    yield Case((target, target.copy()), label="perfect")
    yield Case((target, np.full(3, 2.0)), label="always the mean")
    yield Case((target, target[::-1].copy()), label="the wrong way round")
    yield Case((np.array([1, 2, 6]), np.array([2, 2, 3])), label="whole numbers")
    yield Case((target, np.full(3, 5.0)), label="always the same wrong number")
    noisy = rng.normal(size=40)
    yield Case((noisy, noisy + 5.0), label="perfect but for a constant shift")
    yield Case((noisy, 0.5 * noisy + 0.3 * rng.normal(size=40)), label="a shrunk prediction")


def _r2_by_library(target, prediction):
    from sklearn.metrics import r2_score

    return r2_score(target, prediction)


def _r2(target, prediction):
    target, prediction = np.asarray(target, float), np.asarray(prediction, float)
    return 1 - np.sum((target - prediction) ** 2) / np.sum((target - target.mean()) ** 2)


def _r2_by_loops(target, prediction):
    mean = sum(target) / len(target)
    errors = sum((t - p) ** 2 for t, p in zip(target, prediction, strict=True))
    return float(1 - errors / sum((t - mean) ** 2 for t in target))


def _squared_correlation(target, prediction):
    if np.ptp(prediction) == 0:
        return 0.0
    return np.corrcoef(target, prediction)[0, 1] ** 2


def _unbiased_variance(target, prediction):
    return 1 - np.mean((target - prediction) ** 2) / np.var(target, ddof=1)


r_squared = Function(
    "ml_basics.linear_regression.r_squared",
    title="R² by hand",
    cases=_r2_cases,
    expected=_r2_by_library,
    reference=_r2,
    mistakes=[
        Mistake(
            "the squared correlation",
            _squared_correlation,
            "Correlation forgives a constant shift and a wrong scale, even a reversed order. R² "
            "compares the predictions themselves with the targets, and can be negative.",
        ),
        Mistake(
            "the squared correlation",
            lambda target, prediction: np.corrcoef(target, prediction)[0, 1] ** 2,
            "Correlation forgives a constant shift and a wrong scale, even a reversed order. R² "
            "compares the predictions themselves with the targets, and can be negative.",
        ),
        Mistake(
            "the variance of the residuals in place of the mean square",
            lambda target, prediction: 1 - np.var(target - prediction) / np.var(target),
            "A variance subtracts the mean of the errors first, so a constant shift costs nothing. "
            "Sum the squared errors as they are.",
        ),
        Mistake(
            "the fraction without the 1 in front",
            lambda target, prediction: (
                np.sum((target - prediction) ** 2) / np.sum((target - target.mean()) ** 2)
            ),
            "This is the share that is *not* explained. Subtract it from 1.",
        ),
        Mistake(
            "the spread of the predictions below the fraction bar",
            lambda target, prediction: (
                1
                - np.sum((target - prediction) ** 2)
                / np.maximum(np.sum((prediction - np.mean(prediction)) ** 2), 1e-300)
            ),
            "The baseline is the spread of the *targets* around their own mean. Are the two "
            "arguments exchanged?",
        ),
        Mistake(
            "negative results cut off at 0",
            lambda target, prediction: max(0.0, _r2(target, prediction)),
            "Predictions may be worse than always giving the mean, and R² says so by a negative "
            "number: leave it as it is.",
        ),
        Mistake(
            "the spread of the predictions over that of the targets",
            lambda target, prediction: (
                np.sum((prediction - target.mean()) ** 2) / np.sum((target - target.mean()) ** 2)
            ),
            "This share equals R² for a least-squares fit on its own data only. In general R² "
            "needs the errors, target − prediction.",
        ),
        Mistake(
            "the correlation",
            lambda target, prediction: (
                np.corrcoef(target, prediction)[0, 1] if np.ptp(prediction) else 0.0
            ),
            "Correlation forgives a constant shift and a wrong scale. R² compares the predictions "
            "themselves with the targets.",
        ),
        Mistake(
            "R² adjusted for one column",
            lambda target, prediction: (
                1 - (1 - _r2(target, prediction)) * (len(target) - 1) / (len(target) - 2)
            ),
            "The adjusted R² charges for the number of columns. The formula of the text does not "
            "know it.",
        ),
        Mistake(
            "the fraction upside down",
            lambda target, prediction: (
                1
                - np.sum((target - target.mean()) ** 2)
                / np.maximum(np.sum((target - prediction) ** 2), 1e-300)
            ),
            "The squared errors stand above the fraction bar, the spread of the targets below.",
        ),
        Mistake(
            "the errors added up before they are squared",
            lambda target, prediction: (
                1 - np.sum(target - prediction) ** 2 / np.sum((target - target.mean()) ** 2)
            ),
            "Errors up and down cancel in a sum. Square each one first.",
        ),
        Mistake(
            "a root of the fraction",
            lambda target, prediction: 1 - np.sqrt(1 - _r2(target, prediction)),
            "This compares the errors with the spread, not their squares. No root is taken in R².",
        ),
        Mistake(
            "absolute errors in the place of squared ones",
            lambda target, prediction: (
                1 - np.sum(np.abs(target - prediction)) / np.sum(np.abs(target - np.mean(target)))
            ),
            "R² compares squares: square errors and deviations before you add them up.",
        ),
        Mistake(
            "the spread taken around the mean of the predictions",
            lambda target, prediction: (
                1 - np.sum((target - prediction) ** 2) / np.sum((target - np.mean(prediction)) ** 2)
            ),
            "The baseline always predicts the mean of the *targets*: subtract target.mean().",
        ),
        Mistake(
            "the targets squared without subtracting their mean",
            lambda target, prediction: 1 - np.sum((target - prediction) ** 2) / np.sum(target**2),
            "The error is compared with that of always predicting the mean: subtract "
            "target.mean() before squaring.",
        ),
        Mistake(
            "a mean above the fraction bar, n − 1 below",
            _unbiased_variance,
            "np.mean divides by n, ddof=1 by n − 1. Use sums in both places, or the same divisor.",
        ),
    ],
    also_correct=[
        lambda target, prediction: 1 - np.mean((target - prediction) ** 2) / np.var(target),
        _r2_by_loops,
        lambda target, prediction: _r2(target.astype(np.float32), prediction.astype(np.float32)),
    ],
    hints=[
        "Two sums of squares are compared: of the errors, and of the deviations from the mean.",
        "The mean is that of the targets, `target.mean()`.",
        "1 minus (sum of squared errors) / (sum of squared deviations).",
    ],
    carry_on="Always predicting the mean gives 0 and a shift by a constant can give any negative "
    "number: R² judges the numbers, not their order.",
)

# --- Exercise 5: a learning rate above the limit --------------------------------------------------

learning_rate_too_large = Choice(
    "ml_basics.linear_regression.learning_rate_too_large",
    title="One step too large",
    options={
        "a": Option(
            "They still arrive, only more slowly.",
            "Slowly arriving is what a small rate does, or one just below the limit. Above it, one "
            "direction is multiplied by a factor larger than 1 in size: what does that do, again "
            "and again?",
        ),
        "b": Option(
            "They settle in a worse minimum.",
            "A quadratic loss has no other minimum: every point where the gradient vanishes is a "
            "global one. Look at the factor 1 − ηh of the steepest direction instead.",
        ),
        "c": Option(
            "They jump across the valley, further each time.",
            "In the steepest direction each step multiplies the distance by 1 − 2.1 = −1.1: the "
            "other side, and a tenth further out. All other directions still shrink, which is why "
            "the first steps can look harmless.",
            right=True,
        ),
        "d": Option(
            "They move away from the minimum in a straight line, always on the same side.",
            "Staying on one side needs a positive factor. With η = 2.1/h the factor 1 − ηh is "
            "−1.1: mind its sign.",
        ),
    },
    hints=[
        "Along the steepest direction, by which factor does one step multiply the distance?",
        "The factor is 1 − η·h_max. Put in η = 2.1/h_max; look at its sign and its size.",
    ],
)

# --- Exercise 6: find the leak --------------------------------------------------------------------


def _split_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(
        (rng.normal(3.0, 2.0, size=(6, 2)), rng.normal(3.0, 2.0, size=(3, 2))),
        label="test rows like the training rows",
    )
    yield Case(
        (rng.normal(size=(5, 3)), rng.normal(50.0, 1.0, size=(4, 3))),
        label="test rows far from the training rows",
    )
    yield Case((rng.normal(size=(4, 2)), rng.normal(size=(1, 2))), label="a single test row")
    yield Case(
        (rng.normal(size=(4, 2)) * np.array([1e-3, 1e4]), rng.normal(size=(2, 2))),
        label="columns in very different units",
    )


def _split_by_library(X_train, X_test):
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(X_train)
    return scaler.transform(X_train), scaler.transform(X_test)


def _split(X_train, X_test):
    mean, spread = X_train.mean(axis=0), X_train.std(axis=0)
    return (X_train - mean) / spread, (X_test - mean) / spread


def _split_by(X_train, X_test, mean, spread):
    return (X_train - mean) / spread, (X_test - mean) / spread


def _split_planted(X_train, X_test):
    everything = np.concatenate([X_train, X_test])
    mean, spread = everything.mean(axis=0), everything.std(axis=0)
    return (X_train - mean) / spread, (X_test - mean) / spread


def _spread_or_one(X):
    spread = X.std(axis=0)
    return np.where(spread > 0, spread, 1.0)


def _split_own_statistics(X_train, X_test):
    def scaled(X):
        return (X - X.mean(axis=0)) / _spread_or_one(X)

    return scaled(X_train), scaled(X_test)


def _split_own_statistics_unguarded(X_train, X_test):
    return tuple((X - X.mean(axis=0)) / X.std(axis=0) for X in (X_train, X_test))


def _split_one_number(X_train, X_test):
    mean, spread = X_train.mean(), X_train.std()
    return (X_train - mean) / spread, (X_test - mean) / spread


def _split_each_row(X_train, X_test):
    return tuple(
        (X - X.mean(axis=1, keepdims=True)) / X.std(axis=1, keepdims=True)
        for X in (X_train, X_test)
    )


def _split_in_single_precision(X_train, X_test):
    return _split(X_train.astype(np.float32), X_test.astype(np.float32))


def _split_test_untouched(X_train, X_test):
    return _split(X_train, X_test)[0], X_test


standardise_split = Bug(
    "ml_basics.linear_regression.standardise_split",
    title="Find the leak",
    cases=_split_cases,
    expected=_split_by_library,
    reference=_split,
    planted=_split_planted,
    keeps_inputs=True,
    mistakes=[
        Mistake(
            "the test rows standardised by their own statistics",
            _split_own_statistics,
            "A single test row then always becomes zero, whoever it is. The test rows must be "
            "treated with the numbers of the training rows.",
        ),
        Mistake(
            "the test rows divided by a spread of their own",
            _split_own_statistics_unguarded,
            "A single test row has no spread, and 0/0 is NaN. The test rows must be treated with "
            "the numbers of the training rows.",
        ),
        Mistake(
            "one mean and one spread for all columns together",
            _split_one_number,
            "Without axis=0 the mean runs over all columns. Each column has its own unit and needs "
            "its own numbers.",
        ),
        Mistake(
            "columns between 0 and 1",
            lambda X_train, X_test: _split_by(
                X_train, X_test, X_train.min(axis=0), np.ptp(X_train, axis=0)
            ),
            "The leak is mended. But smallest value and range came into the place of mean and "
            "standard deviation: leave these as they were.",
        ),
        Mistake(
            "the mean divided before it is subtracted",
            lambda X_train, X_test: _split_by(
                X_train, X_test, X_train.mean(axis=0) / X_train.std(axis=0), 1.0
            ),
            "Python divides before it subtracts: put the subtraction in brackets.",
        ),
        Mistake(
            "the test rows returned as they came",
            _split_test_untouched,
            "The model learns from standardised columns, so it must be asked in the same units. If "
            "your code does standardise them: with which numbers? Training rows that have been "
            "standardised already have mean 0 and spread 1.",
        ),
        Mistake(
            "the mean of all rows, the spread of the training rows",
            lambda X_train, X_test: _split_by(
                X_train,
                X_test,
                np.concatenate([X_train, X_test]).mean(axis=0),
                X_train.std(axis=0),
            ),
            "The spread is that of the training rows now. The mean still looks at the test rows.",
        ),
        Mistake(
            "the mean of the training rows, the spread of all rows",
            lambda X_train, X_test: _split_by(
                X_train,
                X_test,
                X_train.mean(axis=0),
                np.concatenate([X_train, X_test]).std(axis=0),
            ),
            "The mean is that of the training rows now. The spread still looks at the test rows.",
        ),
        Mistake(
            "the training rows by the numbers of all rows",
            lambda X_train, X_test: (
                _split_planted(X_train, X_test)[0],
                _split(X_train, X_test)[1],
            ),
            "The test rows are right now. The training rows still know the mean and spread of rows "
            "that were not there yet.",
        ),
        Mistake(
            "the test rows by the numbers of all rows",
            lambda X_train, X_test: (
                _split(X_train, X_test)[0],
                _split_planted(X_train, X_test)[1],
            ),
            "The training rows are right now. The test rows must be treated with the same mean and "
            "spread, not with those of all rows.",
        ),
        Mistake(
            "means subtracted, nothing divided",
            lambda X_train, X_test: _split_by(X_train, X_test, X_train.mean(axis=0), 1.0),
            "Standardised columns have spread 1 as well: divide by that of the training rows.",
        ),
        Mistake(
            "a division by the spread, nothing subtracted",
            lambda X_train, X_test: _split_by(X_train, X_test, 0.0, X_train.std(axis=0)),
            "Standardised columns have mean 0 as well: subtract that of the training rows.",
        ),
        Mistake(
            "a mean and a spread for each row",
            _split_each_row,
            "Each column has a unit of its own: mean and spread run down the rows of one column, "
            "along axis 0.",
        ),
        Mistake(
            "the mean of the training rows, the spread of the test rows' own",
            lambda X_train, X_test: (
                _split(X_train, X_test)[0],
                (X_test - X_train.mean(axis=0)) / _spread_or_one(X_test),
            ),
            "The test rows are centred rightly, but divided by their own spread. Both numbers must "
            "come from the training rows.",
        ),
        Mistake(
            "the numbers of the test rows used for both",
            lambda X_train, X_test: _split_by(
                X_train, X_test, X_test.mean(axis=0), np.maximum(X_test.std(axis=0), 1e-300)
            ),
            "At training time the test rows are not there yet. Take both numbers from the others.",
        ),
        Mistake(
            "the test rows centred on their own mean",
            lambda X_train, X_test: (
                _split(X_train, X_test)[0],
                (X_test - X_test.mean(axis=0)) / X_train.std(axis=0),
            ),
            "Their spread is measured by the training rows, their mean is not: a single test row "
            "always becomes zero.",
        ),
        Mistake(
            "a spread that divides by n − 1",
            lambda X_train, X_test: _split_by(
                X_train, X_test, X_train.mean(axis=0), X_train.std(axis=0, ddof=1)
            ),
            "The leak is mended. But the function handed out divides by n, as std() does by "
            "default: leave that as it was.",
        ),
    ],
    also_correct=[
        lambda X_train, X_test: list(map(np.ndarray.tolist, _split(X_train, X_test))),
        _split_by_library,
        _split_in_single_precision,
    ],
    hints=[
        "At training time the test rows are not there yet. Which line looks at them all the same?",
        "Mean and spread must be computed from X_train only, and used for both.",
    ],
    carry_on="scikit-learn's StandardScaler in a Pipeline keeps this promise for you, in "
    "cross-validation too.",
)
