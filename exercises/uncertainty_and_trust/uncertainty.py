"""Exercises of the lesson on uncertainty."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np
import torch

from exercises.engine import Bug, Case, Choice, Function, Mistake, Option, UnusableError, Value
from utils.display import describe, to_numpy

# --- Exercise 1: a Laplace head -------------------------------------------------------------------


def _laplace_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(mean, log_scale, y, label):
        parts = (torch.tensor(part, dtype=torch.float64) for part in (mean, log_scale, y))
        return Case(tuple(parts), label=label)

    yield case([0.0], [0.0], [1.0], "the example of the text")
    yield case([1.0, 2.0], [0.7, -1.2], [1.0, 2.0], "no error: only the width counts")
    yield case([0.0, 0.0, 0.0], [0.0, 1.0, 2.0], [-3.0, 3.0, -3.0], "errors of 3, three widths")
    yield case(*rng.normal(size=(3, 4, 2)), "a batch of four rows with two outputs")
    yield case([0.0], [-8.0], [5.0], "very narrow and wrong")


def _laplace_by_torch(mean, log_scale, y):
    return -torch.distributions.Laplace(mean, log_scale.exp()).log_prob(y).mean()


def _laplace(mean, log_scale, y):
    return (math.log(2) + log_scale + (y - mean).abs() * (-log_scale).exp()).mean()


laplace_nll = Function(
    "uncertainty_and_trust.uncertainty.laplace_nll",
    title="A head for outliers",
    cases=_laplace_cases,
    expected=_laplace_by_torch,
    reference=_laplace,
    mistakes=[
        Mistake(
            "the logarithm of the scale used as the scale",
            lambda mean, log_scale, y: (
                math.log(2) + log_scale + (y - mean).abs() / log_scale
            ).mean(),
            "The network gives ln b. Divide by b itself, that is by exp(log_scale).",
        ),
        Mistake(
            "the scale not logged",
            lambda mean, log_scale, y: (
                math.log(2) + log_scale.exp() + (y - mean).abs() * (-log_scale).exp()
            ).mean(),
            "The logarithm of the density contains −ln(2b), so the loss contains ln b, and that is "
            "log_scale as it comes.",
        ),
        Mistake(
            "multiplied by the scale",
            lambda mean, log_scale, y: (
                math.log(2) + log_scale + (y - mean).abs() * log_scale.exp()
            ).mean(),
            "A wide distribution must forgive errors: divide the error by b, do not multiply.",
        ),
        Mistake(
            "the constant left out",
            lambda mean, log_scale, y: (log_scale + (y - mean).abs() * (-log_scale).exp()).mean(),
            "It trains just as well, but it is not the negative log-likelihood: ln 2 is missing.",
        ),
        Mistake(
            "squared errors",
            lambda mean, log_scale, y: (
                math.log(2) + log_scale + (y - mean) ** 2 * (-log_scale).exp()
            ).mean(),
            "The square belongs to the normal distribution. Here the absolute error counts, which "
            "is why outliers pull less.",
        ),
        Mistake(
            "the error with its sign",
            lambda mean, log_scale, y: (
                math.log(2) + log_scale + (y - mean) * (-log_scale).exp()
            ).mean(),
            "Errors upwards and downwards cancel. Take the absolute value.",
        ),
        Mistake(
            "a half in front of the logarithm",
            lambda mean, log_scale, y: (
                math.log(2) + log_scale / 2 + (y - mean).abs() * (-log_scale).exp()
            ).mean(),
            "The ½ of the normal loss turns ln σ² into ln σ. Here the output is ln b already.",
        ),
        Mistake(
            "the sign of the likelihood",
            lambda mean, log_scale, y: -_laplace(mean, log_scale, y),
            "That is the log-likelihood. A loss is its negative, so that smaller is better.",
        ),
        Mistake(
            "the sum instead of the mean",
            lambda mean, log_scale, y: _laplace(mean, log_scale, y) * mean.numel(),
            "Average over the batch, so that the loss does not grow with its size.",
        ),
    ],
    also_correct=[
        _laplace_by_torch,
        lambda mean, log_scale, y: float(_laplace(mean, log_scale, y)),
        lambda mean, log_scale, y: _laplace(mean, log_scale, y).float(),
    ],
    hints=[
        "Take minus the logarithm of the density, term by term.",
        "−ln(1/(2b)) is ln 2 + ln b, and −ln of the exponential is |y − μ|/b.",
        "ln 2 + log_scale + |y − mean|·exp(−log_scale), averaged.",
    ],
    carry_on="The gradient of the mean is now ±1/b, however large the error: an outlier pulls no "
    "harder than any other point.",
)

# --- Exercise 2: disagreement as a distance -------------------------------------------------------


def _disagreement_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[[1.0, 0.0]], [[0.0, 1.0]]]),), label="the example of the text")
    yield Case((np.full((3, 2, 4), 0.25),), label="all agree that nothing is known")
    yield Case((rng.dirichlet(np.ones(3), size=(5, 4)),), label="five members, four inputs")
    p = rng.dirichlet(np.ones(4), size=(3, 2))
    p[:, :, 3] = 0  # a class that nobody thinks possible
    p[0, :, 2] = 0  # and one that the first member excludes
    yield Case((p / p.sum(axis=-1, keepdims=True),), label="some probabilities are zero")


def _disagreement_by_entropy(p):
    from scipy.stats import entropy

    return entropy(p.mean(axis=0), axis=-1) - entropy(p, axis=-1).mean(axis=0)


def _kl_rows(p, q):
    """Sum over the last axis of p ln(p/q), zero where p is."""
    ratio = np.where(p > 0, p, 1) / np.where(p > 0, q, 1)
    return (p * np.log(ratio)).sum(axis=-1)


def _disagreement(p):
    return _kl_rows(p, np.broadcast_to(p.mean(axis=0), p.shape)).mean(axis=0)


def _disagreement_nan(p):
    with np.errstate(divide="ignore", invalid="ignore"):
        return (p * np.log(p / p.mean(axis=0))).sum(axis=-1).mean(axis=0)


def _disagreement_reversed(p):
    mean = np.broadcast_to(p.mean(axis=0), p.shape)
    with np.errstate(divide="ignore"):
        return (
            np.where(mean > 0, mean * (np.log(mean + (mean == 0)) - np.log(p)), 0).sum(-1).mean(0)
        )


disagreement = Function(
    "uncertainty_and_trust.uncertainty.disagreement",
    title="Disagreement as a distance",
    cases=_disagreement_cases,
    expected=_disagreement_by_entropy,
    reference=_disagreement,
    mistakes=[
        Mistake(
            "zero times minus infinity",
            _disagreement_nan,
            "Where a probability is zero, 0·ln 0 gives NaN. Its contribution is 0: replace the "
            "ratio by 1 there before you take the logarithm.",
        ),
        Mistake(
            "the two distributions exchanged",
            _disagreement_reversed,
            "You measured from the average to the member. Weight with the member's probabilities "
            "and divide them by the average's; otherwise one member's zero makes it infinite.",
        ),
        Mistake(
            "the entropy of the average",
            lambda p: _disagreement_by_entropy(p) + _aleatoric(p),
            "That is the total uncertainty. Members who agree that nothing is known must get 0.",
        ),
        Mistake(
            "the mean entropy of the members",
            lambda p: _aleatoric(p),
            "That is the aleatoric part, what each member leaves open. Wanted is how far they lie "
            "from their average.",
        ),
        Mistake(
            "logarithms to base 2",
            lambda p: _disagreement(p) / math.log(2),
            "Those are bits. Nats use the natural logarithm.",
        ),
        Mistake(
            "the sign turned round",
            lambda p: -_disagreement(p),
            "A distance cannot be negative: the ratio is member over average.",
        ),
        Mistake(
            "summed over the members",
            lambda p: _disagreement(p) * len(p),
            "Average over the members; a larger committee is not more divided for that alone.",
        ),
        Mistake(
            "averaged over the classes",
            lambda p: _disagreement(p) / p.shape[-1],
            "The divergence is a sum over the classes. Average over the members only.",
        ),
        Mistake(
            "averaged over the wrong axis",
            lambda p: _kl_rows(p, np.broadcast_to(p.mean(axis=1, keepdims=True), p.shape)).mean(
                axis=1
            ),
            "The first axis holds the members. You averaged over the inputs of the batch.",
        ),
    ],
    also_correct=[
        _disagreement_by_entropy,
        lambda p: _disagreement(p).tolist(),
    ],
    hints=[
        "First the average over the first axis, with keepdims, so that it can be divided by.",
        "np.where(p > 0, p, 1) / np.where(p > 0, mean, 1) is the ratio, and 1 where p is zero.",
        "(p * np.log(ratio)).sum(axis=-1).mean(axis=0)",
    ],
    carry_on="It equals the entropy of the average minus the average entropy. As a mean of "
    "divergences it is never negative, which proves that averaging cannot make a committee surer.",
)


def _aleatoric(p):
    from scipy.stats import entropy

    return entropy(p, axis=-1).mean(axis=0)


# --- Exercise 3: which doubt, which cure ----------------------------------------------------------

which_doubt = Choice(
    "uncertainty_and_trust.uncertainty.which_doubt",
    title="Which doubt, which cure?",
    options={
        "a": Option(
            "The doubt is epistemic: the model cannot decide, so it has seen too few fractures.",
            "A single probability near one half does not say why. Ignorance shows in members that "
            "contradict one another, and these say the same.",
        ),
        "b": Option(
            "There is no doubt: ten members agree, so the answer is sure.",
            "They agree that they cannot tell. The mutual information is near zero, but the "
            "entropy is near its largest value.",
        ),
        "c": Option(
            "The doubt is aleatoric: this picture does not decide. A second picture from another "
            "angle may help, more training pictures of this kind hardly.",
            "Each member is undecided by itself and all agree: entropy near ln 2, mutual "
            "information near 0. (If all are wrong in the same way, no ensemble can show it.)",
            right=True,
        ),
        "d": Option(
            "Nothing can be said, because probabilities of a softmax are not confidences.",
            "One softmax alone says little about ignorance. Ten members trained separately say "
            "more: compare what each one leaves open with how much they differ.",
        ),
    },
    hints=[
        "Work out both parts: the mean entropy of the members, and the entropy of their average.",
        "They are nearly equal here, about ln 2. So the mutual information is nearly zero.",
    ],
)

# --- Exercise 4: two faults that hide each other --------------------------------------------------


def _total_cases(rng: np.random.Generator) -> Iterator[Case]:
    means = np.array([[1.0], [2.0], [3.0]])
    yield Case((means, np.log([[0.5], [1.0], [0.6]])), label="three members of the text")
    yield Case((np.full((4, 2), 7.0), np.log(np.full((4, 2), 9.0))), label="all agree: noise 3")
    yield Case((rng.normal(size=(5, 3)), rng.normal(size=(5, 3))), label="random members")
    yield Case((100 + rng.normal(size=(2, 4)), rng.normal(size=(2, 4)) - 5), label="little noise")


def _total_by_moments(means, log_variances):
    """E[y²] − E[y]² of the mixture."""
    second = (np.exp(log_variances) + means**2).mean(axis=0)
    return np.sqrt(second - means.mean(axis=0) ** 2)


def _total_planted(means, log_variances):
    noise = np.exp(log_variances / 2).mean(axis=0)
    return noise + means.std(axis=0)


def _total(means, log_variances):
    return np.sqrt(np.exp(log_variances).mean(axis=0) + means.var(axis=0))


total_deviation = Bug(
    "uncertainty_and_trust.uncertainty.total_deviation",
    title="Two faults that hide each other",
    cases=_total_cases,
    expected=_total_by_moments,
    reference=_total,
    planted=_total_planted,
    rtol=1e-5,
    mistakes=[
        Mistake(
            "deviations still added",
            lambda means, log_variances: (
                np.sqrt(np.exp(log_variances).mean(axis=0)) + means.std(axis=0)
            ),
            "The noise is right now. But standard deviations do not add: add the two variances and "
            "take the root at the very end.",
        ),
        Mistake(
            "deviations averaged before squaring",
            lambda means, log_variances: np.sqrt(
                np.exp(log_variances / 2).mean(axis=0) ** 2 + means.var(axis=0)
            ),
            "The mean of the deviations, squared, is smaller than the mean of the variances. "
            "Average the variances themselves.",
        ),
        Mistake(
            "the exponential taken twice",
            lambda means, log_variances: np.sqrt(
                np.exp(log_variances).mean(axis=0) ** 2 + means.var(axis=0)
            ),
            "exp(log variance) is a variance already; you squared it once more.",
        ),
        Mistake(
            "the disagreement forgotten",
            lambda means, log_variances: np.sqrt(np.exp(log_variances).mean(axis=0)),
            "That is the noise alone. The members' means differ too.",
        ),
        Mistake(
            "the noise forgotten",
            lambda means, log_variances: means.std(axis=0),
            "That is the disagreement alone. Each member also states a noise.",
        ),
        Mistake(
            "log variances averaged",
            lambda means, log_variances: np.sqrt(
                np.exp(log_variances.mean(axis=0)) + means.var(axis=0)
            ),
            "Averaging logarithms gives a geometric mean, which is too small. Take the "
            "exponential first.",
        ),
        Mistake(
            "divided by the members minus one",
            lambda means, log_variances: np.sqrt(
                np.exp(log_variances).mean(axis=0) + means.var(axis=0, ddof=1)
            ),
            "The prediction is the mixture of exactly these members, so its variance divides by "
            "their number, not by one less.",
        ),
        Mistake(
            "the root forgotten",
            lambda means, log_variances: np.exp(log_variances).mean(axis=0) + means.var(axis=0),
            "That is the total variance. The function should give its square root.",
        ),
    ],
    also_correct=[
        _total_by_moments,
        lambda means, log_variances: _total(means, log_variances).tolist(),
    ],
    hints=[
        "In which unit is exp(log variance)? And in which the result?",
        "If all members agree and each states a variance of 9, the result should be 3.",
        "Add two variances: the mean of exp(log_variances) and means.var(axis=0). Then one root.",
    ],
    carry_on="The mean of the deviations is too small, their sum too large, and where the members "
    "nearly agree only the second fault shows. Test where each part is large by itself.",
)

# --- Exercise 5: the price of independence --------------------------------------------------------


def _independence_by_inverse() -> float:
    precision = np.array([[4.0, 3.0], [3.0, 4.0]])
    return float((1 / precision[0, 0]) / np.linalg.inv(precision)[0, 0])


independence = Value(
    "uncertainty_and_trust.uncertainty.independence",
    title="The price of independence",
    expected=_independence_by_inverse,
    tolerance=0.002,
    reference=1 - (3 / 4) ** 2,
    mistakes=[
        Mistake(
            "nothing lost",
            1.0,
            "That would hold for uncorrelated weights. Invert the matrix: the true variances "
            "stand on the diagonal of the inverse.",
        ),
        Mistake(
            "the ratio upside down",
            16 / 7,
            "This is the true variance over that of the independent distribution. The narrow "
            "one stands on top, so the ratio is below 1.",
        ),
        Mistake(
            "deviations instead of variances",
            math.sqrt(7) / 4,
            "That is the ratio of the standard deviations. Asked is that of the variances.",
        ),
        Mistake(
            "the correlation",
            0.75,
            "That is the size of the correlation of the two weights. The ratio of the variances "
            "is one minus its square.",
        ),
        Mistake(
            "the square of the correlation",
            0.5625,
            "That share is lost. What remains is one minus it.",
        ),
        Mistake(
            "the true variance alone",
            4 / 7,
            "That is the true variance, the diagonal of the inverse. Divide 1/4 by it.",
        ),
        Mistake(
            "the independent variance alone",
            0.25,
            "That is the variance of the independent distribution. Divide it by the true one.",
        ),
    ],
    also_correct=[0.4375, 0.437, np.float32(7 / 16)],
    hints=[
        "The independent variance is one over the diagonal entry of the precision: 1/4.",
        "The inverse of a 2×2 matrix: exchange the diagonal, turn the signs of the others, divide "
        "by the determinant, which is 16 − 9 = 7.",
        "The true variance is 4/7, and (1/4)/(4/7) = 7/16.",
    ],
    carry_on="In general the ratio is 1 − r² with the correlation r of the two weights: where "
    "weights hang together closely, almost nothing of the doubt is left.",
)

# --- Exercise 6: bins of equal size ---------------------------------------------------------------


def _adaptive_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(
        (np.array([0.9, 0.6, 0.7, 1.0]), np.array([1, 1, 0, 1]), 2), label="the example of the text"
    )
    yield Case((np.array([0.5, 0.8]), np.array([0, 1]), 1), label="one bin")
    for n, bins in ((20, 4), (23, 5)):
        confidence = rng.permutation(np.linspace(0.31, 0.999, n) ** 0.5)
        right = (rng.random(n) < confidence).astype(int)
        yield Case((confidence, right, bins), label=f"{n} predictions in {bins} bins")


def _adaptive_by_ranks(confidence, right, bins):
    """Through the rank of each prediction and pandas, not through split arrays."""
    import pandas as pd

    n = len(confidence)
    rank = pd.Series(confidence).rank(method="first").to_numpy(int) - 1
    sizes = [n // bins + (i < n % bins) for i in range(bins)]
    number = np.repeat(np.arange(bins), sizes)[rank]
    groups = pd.DataFrame({"gap": confidence - right}).groupby(number)["gap"].mean()
    return float((groups.abs() * sizes).sum() / n)


def _adaptive(confidence, right, bins):
    order = np.argsort(confidence)
    gaps = confidence[order] - right[order]
    return sum(abs(group.sum()) for group in np.array_split(gaps, bins)) / len(gaps)


def _adaptive_unweighted(confidence, right, bins):
    order = np.argsort(confidence)
    groups = np.array_split((confidence - right)[order], bins)
    return np.mean([abs(group.mean()) for group in groups])


def _adaptive_one_sorted(confidence, right, bins):
    gaps = np.sort(confidence) - right
    return sum(abs(group.sum()) for group in np.array_split(gaps, bins)) / len(gaps)


def _adaptive_unsorted(confidence, right, bins):
    groups = np.array_split(confidence - right, bins)
    return sum(abs(group.sum()) for group in groups) / len(confidence)


def _adaptive_equal_width(confidence, right, bins):
    number = np.minimum((confidence * bins).astype(int), bins - 1)
    sums = np.bincount(number, weights=confidence - right, minlength=bins)
    return np.abs(sums).sum() / len(confidence)


adaptive_ece = Function(
    "uncertainty_and_trust.uncertainty.adaptive_ece",
    title="Bins of equal size",
    cases=_adaptive_cases,
    expected=_adaptive_by_ranks,
    reference=_adaptive,
    mistakes=[
        Mistake(
            "bins of equal width",
            _adaptive_equal_width,
            "You cut the axis of confidence into equal pieces. Cut the sorted predictions into "
            "groups with equally many of them.",
        ),
        Mistake(
            "not sorted",
            _adaptive_unsorted,
            "The groups follow the order in which the predictions came. Sort by confidence first.",
        ),
        Mistake(
            "only the confidences sorted",
            _adaptive_one_sorted,
            "After sorting one of the two, answers no longer belong to their confidences. Use one "
            "order, from np.argsort, for both.",
        ),
        Mistake(
            "groups of different size counted alike",
            _adaptive_unweighted,
            "Where the number does not divide, the groups differ in size. Weigh each gap with the "
            "size of its group.",
        ),
        Mistake(
            "absolute value too early",
            lambda confidence, right, bins: np.abs(confidence - right).mean(),
            "This takes the absolute gap of every single prediction. A single one is right or "
            "wrong; take the absolute value of the mean of a group.",
        ),
        Mistake(
            "gaps with their sign",
            lambda confidence, right, bins: (confidence - right).mean(),
            "Groups that are too sure and groups that are not sure enough cancel. Take the "
            "absolute value in each group.",
        ),
        Mistake(
            "squared gaps",
            lambda confidence, right, bins: (
                sum(
                    group.sum() ** 2 / len(group)
                    for group in np.array_split((confidence - right)[np.argsort(confidence)], bins)
                )
                / len(confidence)
            ),
            "The calibration error averages absolute gaps, not squares.",
        ),
    ],
    also_correct=[
        _adaptive_by_ranks,
        lambda confidence, right, bins: np.float64(_adaptive(confidence, right, bins)),
    ],
    hints=[
        "order = np.argsort(confidence), and use it for confidence and right alike.",
        "np.array_split(gaps, bins) cuts the sorted gaps into groups.",
        "The weight of a group is its size over the total, so size times |mean gap| is |sum|: add "
        "these and divide by the number of predictions.",
    ],
    carry_on="Every bin now rests on equally many predictions. The result still depends on the "
    "number of bins, so state it with the error.",
)

# --- Exercise 7: passes that all agree ------------------------------------------------------------


def _model(layers: str, rate: float):
    """Dropout, then a fixed linear layer; with batch norm in front if wanted."""
    from torch import nn

    model = nn.Sequential(
        nn.BatchNorm1d(3) if "batch norm" in layers else nn.Identity(),
        nn.Dropout(rate),
        nn.Linear(3, 2),
    )
    with torch.no_grad():
        model[2].weight.copy_(torch.tensor([[1.0, -2.0, 0.5], [0.3, 0.2, 3.0]]))
        model[2].bias.copy_(torch.tensor([0.5, -1.0]))
    return model.eval()


_ROWS = [[1.0, 2.0, 3.0], [-2.0, 0.5, 1.0], [4.0, 4.0, 0.0]]


def _mc_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(("dropout, linear", 0.5, "evaluation mode"), label="one dropout layer")
    yield Case(("dropout, linear", 0.1, "training mode"), label="the model comes in training mode")
    yield Case(("batch norm, dropout, linear", 0.5, "evaluation mode"), label="with batch norm")
    yield Case(
        ("batch norm, dropout, linear", 0.5, "training mode"),
        label="the model comes in training mode, with batch norm",
    )


def _use_mc(answer, layers, rate, mode):
    """What the answer finds, whether passes differ, and what it leaves behind."""
    model = _model(layers, rate).train(mode == "training mode")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    torch.manual_seed(0)
    result = answer(model, torch.tensor(_ROWS), 2000)
    try:
        mean, variance = (to_numpy(part).astype(float) for part in result)
    except (TypeError, ValueError) as error:
        raise UnusableError(
            f"expected two tensors, the mean and the variance: received {describe(result)}"
        ) from error
    return {
        "mean": mean,
        "variance": variance,
        "left in evaluation mode": not any(module.training for module in model.modules()),
        "statistics of batch norm unchanged": all(
            torch.equal(before[name], value) for name, value in model.state_dict().items()
        ),
    }


def _mc_problem(result, layers, rate, mode) -> str | None:
    """The moments of a linear layer behind dropout are known exactly.

    Complaints are compared where mistakes are recognised, so that what several faults have in
    common (a wrong number, a wrong shape) is told apart here.
    """
    passes = 2000  # as many as `_use_mc` asks for
    model = _model(layers, rate)
    with torch.no_grad():
        wanted = model(torch.tensor(_ROWS)).numpy()
        inputs = model[0](torch.tensor(_ROWS))  # (3, 3)
        spread = (rate / (1 - rate) * inputs**2 @ (model[2].weight ** 2).T).numpy()
    mean, variance = result["mean"], result["variance"]
    if np.shape(mean) == np.shape(variance) == (passes, wanted.shape[1]):
        return "mean and variance have a row for each pass, not for each input"
    for name, received in (("mean", mean), ("variance", variance)):
        if np.shape(received) != wanted.shape:
            return f"the {name} has the shape {np.shape(received)}, expected {wanted.shape}"
    if not result["statistics of batch norm unchanged"]:
        return "batch norm was in training mode: its running averages have changed"
    mean_is_right = (np.abs(mean - wanted) <= 5 * np.sqrt(spread / passes) + 1e-3).all()
    if not variance.any() and mean_is_right:
        return "the variance is zero: all passes agree"
    if not variance.any() and _is_of_one_mask(mean, model, inputs, rate):
        return "the variance is zero, and the mean is what one random mask gives"
    if not mean_is_right:
        return _about("mean", wanted, mean)
    if not (np.abs(variance - spread) <= 0.2 * spread + 1e-6).all():
        if (np.abs(variance - np.sqrt(spread)) <= 0.1 * np.sqrt(spread)).all():
            return "the variance is the square root of what is expected"
        return _about("variance", spread, variance)
    if not result["left in evaluation mode"]:
        return "left in evaluation mode: no"
    return None


def _is_of_one_mask(mean, model, inputs, rate) -> bool:
    """Whether each row is what the linear layer makes of some choice of dropped inputs."""
    masks = torch.tensor(list(itertools.product([0.0, 1 / (1 - rate)], repeat=3)))  # (8, 3)
    with torch.no_grad():
        possible = model[2](masks[:, None] * inputs).numpy()  # (8, inputs, outputs)
    return bool(np.isclose(mean, possible, atol=1e-4).all(axis=2).any(axis=0).all())


def _about(name: str, expected: np.ndarray, received: np.ndarray) -> str:
    how = "too small" if (received < expected).all() else "wrong"
    wanted, got = (part[0].astype(float).round(2).tolist() for part in (expected, received))
    return f"the {name} is {how}; first input: expected about {wanted}, received {got}"


def _with_check(cases):
    def made(rng: np.random.Generator) -> Iterator[Case]:
        for case in cases(rng):
            yield Case(case.args, case.kwargs, case.label, check=_mc_problem)

    return made


def _stacked(model, x, passes):
    with torch.no_grad():
        return torch.stack([model(x) for _ in range(passes)])


def _moments(outputs):
    return outputs.mean(dim=0), outputs.var(dim=0, correction=0)


def _mc_planted(model, x, passes):
    model.eval()
    with torch.no_grad():
        outputs = torch.stack([model(x) for _ in range(passes)])
    return outputs.mean(dim=0), outputs.var(dim=0, correction=0)


def _mc_dropout(model, x, passes):
    from torch import nn

    model.eval()
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.train()
    outputs = _stacked(model, x, passes)
    model.eval()
    return _moments(outputs)


def _mc_train(model, x, passes):
    model.train()
    outputs = _stacked(model, x, passes)
    model.eval()
    return _moments(outputs)


def _mc_left_on(model, x, passes):
    from torch import nn

    model.eval()
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.train()
    return _moments(_stacked(model, x, passes))


def _mc_as_it_came(model, x, passes):
    from torch import nn

    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.train()
    outputs = _stacked(model, x, passes)
    model.eval()
    return _moments(outputs)


def _mc_one_mask(model, x, passes):
    from torch import nn

    model.eval()
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.train()
    outputs = _stacked(model, x, 1).expand(passes, -1, -1)
    model.eval()
    return _moments(outputs)


def _mc_deviation(model, x, passes):
    mean, variance = _mc_dropout(model, x, passes)
    return mean, variance.sqrt()


def _mc_over_batch(model, x, passes):
    from torch import nn

    model.eval()
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.train()
    outputs = _stacked(model, x, passes)
    model.eval()
    return outputs.mean(dim=1), outputs.var(dim=1, correction=0)


def _mc_by_functional(model, x, passes):
    """Running sums of outputs and squares, without a stack."""
    from torch import nn

    model.train(False)
    for layer in model.children():
        layer.training = isinstance(layer, nn.Dropout)
    total, squares = 0.0, 0.0
    with torch.no_grad():
        for _ in range(passes):
            y = model(x)
            total, squares = total + y, squares + y**2
    model.eval()
    return total / passes, squares / passes - (total / passes) ** 2


mc_dropout = Bug(
    "uncertainty_and_trust.uncertainty.mc_dropout",
    title="Passes that all agree",
    cases=_with_check(_mc_cases),
    use=_use_mc,
    reference=_mc_dropout,
    planted=_mc_planted,
    mistakes=[
        Mistake(
            "the whole model in training mode",
            _mc_train,
            "Dropout is on now, but so is batch norm: it normalises with the test batch and "
            "overwrites its running averages. Switch on the dropout layers alone.",
        ),
        Mistake(
            "dropout left on",
            _mc_left_on,
            "The numbers are right, but the model goes back with dropout on: whoever uses it next "
            "gets random answers. Call model.eval() at the end.",
        ),
        Mistake(
            "batch norm in the mode in which it came",
            _mc_as_it_came,
            "A model may arrive in training mode. Then its batch norm normalises with the test "
            "batch and overwrites its running averages: put the whole model into evaluation mode "
            "first.",
        ),
        Mistake(
            "passes that agree on one random mask",
            _mc_one_mask,
            "One random mask was drawn and used for all passes. Call the model anew for each.",
        ),
        Mistake(
            "the deviation instead of the variance",
            _mc_deviation,
            "The function should return the variance, without the root.",
        ),
        Mistake(
            "averaged over the batch",
            _mc_over_batch,
            "The passes are the first dimension of the stack. You averaged over the inputs.",
        ),
    ],
    also_correct=[
        _mc_by_functional,
        lambda model, x, passes: tuple(part.double() for part in _mc_dropout(model, x, passes)),
    ],
    hints=[
        "Print the variance of the planted version. Which layers behave differently in evaluation "
        "mode?",
        "After model.eval(), go through model.modules() and call train() on those that are "
        "nn.Dropout, and on no others.",
        "Do not forget to call model.eval() once more before you return.",
    ],
    carry_on="Passes that all agree look like great certainty. Whenever an epistemic uncertainty "
    "is exactly zero, look at the mode of the model first.",
)
