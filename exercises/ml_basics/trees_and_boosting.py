"""Exercises of the lesson on trees, forests and boosting."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from sklearn.tree import DecisionTreeRegressor

from exercises.engine import Bug, Case, Choice, Function, Mistake, Option, Value

# --- Exercise 1: information gain by hand ---------------------------------------------------------


def _bits(*counts: int) -> float:
    from scipy.stats import entropy

    return float(entropy(counts, base=2))


def _gain() -> float:
    return _bits(5, 5) - 0.8 * _bits(5, 3) - 0.2 * _bits(0, 2)


information_gain = Value(
    "ml_basics.trees_and_boosting.information_gain",
    title="What is this question worth?",
    expected=_gain,
    tolerance=0.002,
    reference=1 - 0.8 * (-(5 / 8) * np.log2(5 / 8) - (3 / 8) * np.log2(3 / 8)),
    mistakes=[
        Mistake(
            "the plain mean of the two children",
            1 - _bits(5, 3) / 2,
            "Both children have the same say here. One holds 8 of the 10 rows, the other 2: weight "
            "their entropies by 8/10 and 2/10.",
        ),
        Mistake(
            "natural logarithms",
            _gain() * np.log(2),
            "This is the right gain in nats. With logarithms to base 2 an even node has exactly "
            "1 bit; divide by ln 2.",
        ),
        Mistake(
            "Gini instead of entropy",
            0.5 - 0.8 * 2 * (5 / 8) * (3 / 8),
            "This is the decrease of the Gini impurity. The task asks for entropy in bits: "
            "−Σ p·log₂ p in each node.",
        ),
        Mistake(
            "the entropy that is left, not the entropy gained",
            0.8 * _bits(5, 3),
            "This is what remains after the question. The gain is what the question removed: "
            "subtract it from the parent's 1 bit.",
        ),
        Mistake(
            "the sum of the children's entropies",
            1 - _bits(5, 3),
            "The children's entropies are subtracted without weights. Each counts with its share "
            "of the rows.",
        ),
        Mistake(
            "the gain in errors",
            0.2,
            "This is the share of errors that a majority vote saves, 2 of 10. Entropy measures the "
            "whole mixture, not only the majority.",
        ),
    ],
    also_correct=[np.float32(_gain()), 0.236, 0.2365],
    hints=[
        "Three nodes, three entropies: the parent (5, 5), and the children (5, 3) and (0, 2).",
        "The parent has 1 bit and the child (0, 2) has 0 bits: it is pure.",
        "The gain is 1 − (8/10)·H, where H is the entropy of the shares 5/8 and 3/8.",
    ],
    carry_on="A gain is never negative, whatever the question: the weighted mean of the children's "
    "entropies cannot exceed the parent's, because entropy is concave.",
)

# --- Exercise 2: entropy --------------------------------------------------------------------------


def _entropy_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([1, 3]),), label="the example of the text")
    yield Case((np.array([5, 5, 5, 5]),), label="four classes, evenly")
    yield Case((np.array([2, 5, 9]),), label="three classes")
    yield Case((np.array([3, 0, 1]),), label="an empty class")
    yield Case((np.array([7, 0]),), label="a pure node")
    yield Case((rng.integers(1, 1000, size=10),), label="ten classes")


def _entropy_by_library(counts):
    from scipy.stats import entropy

    return entropy(counts, base=2)


def _entropy(counts):
    shares = np.asarray(counts) / np.sum(counts)
    shares = shares[shares > 0]
    return -np.sum(shares * np.log2(shares))


def _entropy_by_loop(counts):
    import math

    total = sum(int(count) for count in counts)
    return sum(count / total * math.log2(total / count) for count in counts if count)


def _entropy_by_special_function(counts):
    from scipy.special import entr

    return entr(np.asarray(counts) / np.sum(counts)).sum() / np.log(2)


def _shares(counts):
    return np.asarray(counts) / np.sum(counts)


def _kept(counts):
    shares = _shares(counts)
    return shares[shares > 0]


def _entropy_of_counts(counts):
    positive = np.asarray(counts)[np.asarray(counts) > 0]
    return -np.sum(positive * np.log2(positive))


def _entropy_with_nan(counts):
    shares = _shares(counts)
    with np.errstate(all="ignore"):
        return -np.sum(shares * np.log2(shares))


entropy = Function(
    "ml_basics.trees_and_boosting.entropy",
    title="Entropy of a node",
    cases=_entropy_cases,
    expected=_entropy_by_library,
    reference=_entropy,
    mistakes=[
        Mistake(
            "0 · log 0 left to the computer",
            _entropy_with_nan,
            "log 0 is −∞ and 0 · (−∞) is NaN. The limit of p·log p at p = 0 is 0, so an empty "
            "class adds nothing: leave it out of the sum.",
        ),
        Mistake(
            "natural logarithms",
            lambda counts: -np.sum(_kept(counts) * np.log(_kept(counts))),
            "The result is in nats. For bits use np.log2, so that an even node of two classes has "
            "entropy 1.",
        ),
        Mistake(
            "natural logarithms, and 0 · log 0 left to the computer",
            lambda counts: (
                -np.sum(
                    _shares(counts) * np.log(np.where(_shares(counts) > 0, _shares(counts), np.nan))
                )
            ),
            "Two things: use np.log2 for bits, and leave empty classes out of the sum.",
        ),
        Mistake(
            "counts used as shares",
            _entropy_of_counts,
            "The formula is about shares that add up to 1. Divide the counts by their sum first.",
        ),
        Mistake(
            "the sign forgotten",
            lambda counts: np.sum(_kept(counts) * np.log2(_kept(counts))),
            "The logarithm of a share is never positive, so the sum needs a minus in front: "
            "entropy is at least 0.",
        ),
        Mistake(
            "Gini in the place of entropy",
            lambda counts: 1 - np.sum(_shares(counts) ** 2),
            "1 − Σ p² is the Gini impurity. Entropy is −Σ p·log₂ p.",
        ),
        Mistake(
            "divided by the logarithm of the number of classes",
            lambda counts: (
                -np.sum(_kept(counts) * np.log2(_kept(counts))) / np.log2(max(len(counts), 2))
            ),
            "The result is scaled so that its maximum is 1. Entropy in bits may be as large as "
            "log₂ K for K classes.",
        ),
    ],
    also_correct=[_entropy_by_loop, _entropy_by_special_function],
    hints=[
        "First turn the counts into shares that add up to 1.",
        "What should an empty class add? Keep only the shares above 0.",
        "shares = shares[shares > 0], then minus the sum of shares · np.log2(shares).",
    ],
    carry_on="Shares may come from weights as well as from counts: a tree on weighted rows needs "
    "no other formula.",
)

# --- Exercise 3: the best threshold ---------------------------------------------------------------


def _threshold_cases(rng: np.random.Generator) -> Iterator[Case]:
    example = np.array([1.0, 2.0, 4.0, 7.0]), np.array([5.0, 5.0, 9.0, 9.0])
    yield Case(example, label="the example of the text")
    yield Case(
        (np.array([4.0, 1.0, 7.0, 2.0, 6.0]), np.array([9.0, 5.0, 9.0, 5.0, 8.0])),
        label="rows in no order",
    )
    yield Case(
        (np.arange(1.0, 7.0), np.array([0.0, 6.0, 8.0, 1.0, 1.0, 1.0])),
        label="a single row on one side is not always best",
    )
    yield Case(
        (np.array([1.0, 2.0, 2.0, 2.0, 3.0]), np.array([0.0, 0.0, 6.0, 6.0, 6.0])),
        label="equal inputs that no threshold can separate",
    )
    yield Case((np.array([1.0, 2.0, 3.0]), np.array([0.0, 1.0, 0.0])), label="a tie")
    yield Case((np.full(4, 2.5), np.array([1.0, 2.0, 3.0, 4.0])), label="nothing to cut")
    yield Case((rng.normal(size=30), rng.normal(size=30)), label="thirty random rows")
    yield Case(
        (np.array([1.0, 2.0, 3.0]), np.array([0.0, 0.0, 6.0])), label="the last cut is the best"
    )
    yield Case(
        (np.array([1.0, 2.0, 2.0, 3.0]), np.array([0.0, 0.0, 0.0, 6.0])),
        label="a value that occurs twice, below the best cut",
    )
    yield Case(
        (np.array([1.0, 1.0, 2.0, 2.0]), np.array([0.0, 1.0, 0.0, 1.0])),
        label="no cut leaves less spread than none",
    )
    yield Case((np.array([-1.0, 1.0]), np.array([2.0, 5.0])), label="the threshold is 0")
    yield Case(
        (np.array([-7.0, -2.0, -4.0, -1.0]), np.array([900.0, 100.0, 940.0, 130.0])),
        label="negative inputs, large targets",
    )
    yield Case(
        (np.array([4.0, 1.0, 2.0]), np.array([3.0, 3.0, 3.0])), label="all targets are equal"
    )
    yield Case(
        (np.arange(1.0, 7.0), np.array([0.2, 0.4, 0.15, 0.05, 0.05, 0.0])), label="small targets"
    )
    yield Case(
        (np.arange(1.0, 7.0), np.array([1.0, 7.0, 0.0, 3.0, 1.0, 1.0])),
        label="two rows on one side, four on the other",
    )
    yield Case(
        (np.arange(1.0, 6.0), np.array([3.0, 6.0, 3.0, 2.0, 0.0])),
        label="means and medians lead to different cuts",
    )
    yield Case(
        (np.array([1.0, 1.0, 1.0, 2.0, 3.0]), np.array([0.0, 3.0, 4.0, 6.0, 2.0])),
        label="three rows with the same input, each counts",
    )
    yield Case((np.array([4.0, 1.0, 2.0]), np.zeros(3)), label="all targets are 0")


def _candidates(x):
    values = np.unique(x)
    return (values[1:] + values[:-1]) / 2


def _spread(side):
    return np.sum((side - np.mean(side)) ** 2)


def _loss_of_samples(left, right):
    return sum(len(side) * np.var(side, ddof=1) for side in (left, right) if len(side) > 1)


def _search(x, y, loss, values=None):
    """First of the candidate thresholds with the smallest ``loss(left, right)``."""
    x, y = np.asarray(x), np.asarray(y)
    thresholds = _candidates(x) if values is None else values
    if len(thresholds) == 0:
        return None
    losses = [loss(y[x <= cut], y[x > cut]) for cut in thresholds]
    return float(thresholds[int(np.argmin(np.round(losses, 9)))])


def _threshold_by_search(x, y):
    return _search(x, y, lambda left, right: _spread(left) + _spread(right))


def _threshold(x, y):
    best, loss = None, np.inf
    values = np.unique(x)  # sorted, each once
    for cut in (values[:-1] + values[1:]) / 2:
        goes_left = x <= cut
        left, right = y[goes_left], y[~goes_left]
        found = len(left) * np.var(left) + len(right) * np.var(right)
        if found < loss:
            best, loss = cut, found
    return best


def _threshold_draw(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    rows = int(rng.integers(2, 9))
    return rng.integers(-3, 4, size=rows) / 2, rng.normal(size=rows)


def _threshold_but_last(x, y):
    return _search(x, y, lambda left, right: _spread(left) + _spread(right), _candidates(x)[:-1])


def _threshold_only_if_better(x, y):
    x, y = np.asarray(x), np.asarray(y)
    cut = _threshold_by_search(x, y)
    if cut is None or _spread(y[x <= cut]) + _spread(y[x > cut]) > _spread(y) - 1e-9:
        return None
    return cut


def _threshold_or_none(x, y):
    return _threshold_by_search(x, y) or None


def _threshold_of_mean_targets(x, y):
    values = np.unique(x)
    return _threshold_by_search(values, np.array([y[x == value].mean() for value in values]))


def _threshold_by_sums(x, y):
    order = np.argsort(x, kind="stable")
    x, y = np.asarray(x)[order], np.asarray(y)[order]
    best, most = None, -np.inf
    for size in range(1, len(x)):
        if x[size] == x[size - 1]:
            continue
        kept = y[:size].sum() ** 2 / size + y[size:].sum() ** 2 / (len(y) - size)
        if kept > most + 1e-9:
            best, most = (x[size] + x[size - 1]) / 2, kept
    return best


def _threshold_at_value(x, y):
    values = np.unique(x)
    return _search(x, y, lambda left, right: _spread(left) + _spread(right), values[:-1])


def _threshold_last(x, y):
    values = _candidates(x)[::-1]
    return _search(x, y, lambda left, right: _spread(left) + _spread(right), values)


def _threshold_between_rows(x, y):
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    losses = [_spread(y[:size]) + _spread(y[size:]) for size in range(1, len(x))]
    size = int(np.argmin(np.round(losses, 9))) + 1
    return float((x[size - 1] + x[size]) / 2)


def _threshold_y_unsorted(x, y):
    values = np.sort(x)
    best, loss = None, np.inf
    for size in range(1, len(x)):
        if values[size] > values[size - 1]:
            found = _spread(y[:size]) + _spread(y[size:])
            if found < loss - 1e-9:
                best, loss = float((values[size] + values[size - 1]) / 2), found
    return best


def _threshold_without_guard(x, y):
    losses = {cut: _spread(y[x <= cut]) + _spread(y[x > cut]) for cut in _candidates(x)}
    return min(losses, key=lambda cut: round(losses[cut], 9))


best_threshold = Function(
    "ml_basics.trees_and_boosting.best_threshold",
    title="The best place to cut",
    cases=_threshold_cases,
    expected=_threshold_by_search,
    reference=_threshold,
    mistakes=[
        Mistake(
            "the two variances added without weights",
            lambda x, y: _search(x, y, lambda left, right: np.var(left) + np.var(right)),
            "A side with one row has variance 0 and looks perfect. Multiply each variance by the "
            "number of rows of its side (or add up squared deviations).",
        ),
        Mistake(
            "a threshold on a data value instead of half-way",
            _threshold_at_value,
            "The training rows do not notice, new rows do: put the threshold in the middle between "
            "the two neighbouring values.",
        ),
        Mistake(
            "the targets not sorted along with the inputs",
            _threshold_y_unsorted,
            "x is in order and y is not: the two no longer belong together. Sort both with the "
            "same np.argsort, or select rows with x <= threshold.",
        ),
        Mistake(
            "a cut between equal inputs",
            _threshold_between_rows,
            "Rows with the same x cannot be told apart by x. Consider only cuts between two "
            "different values; np.unique helps.",
        ),
        Mistake(
            "the last of several equally good thresholds",
            _threshold_last,
            "Of thresholds with the same loss the smallest is wanted: replace the best one only "
            "when the new loss is strictly smaller.",
        ),
        Mistake(
            "the worst cut instead of the best",
            lambda x, y: _search(x, y, lambda left, right: -_spread(left) - _spread(right)),
            "The cut with the largest remaining spread came out. A good one leaves little of it "
            "inside the two sides.",
        ),
        Mistake(
            "the last cut never tried",
            _threshold_but_last,
            "Of n different values there are n − 1 midpoints. The one between the two largest "
            "values is a candidate too.",
        ),
        Mistake(
            "None where no cut lowers the spread",
            _threshold_only_if_better,
            "Only where all values of x are equal there is no threshold. Elsewhere the best one is "
            "asked for, even if it leaves as much spread as there was.",
        ),
        Mistake(
            "None in the place of a threshold of 0",
            _threshold_or_none,
            "0 counts as false in Python, so `if best` and `best or …` take it for nothing. "
            "Compare with None: `best is None`.",
        ),
        Mistake(
            "absolute deviations in the place of squared ones",
            lambda x, y: _search(
                x,
                y,
                lambda left, right: (
                    np.abs(left - np.median(left)).sum() + np.abs(right - np.median(right)).sum()
                ),
            ),
            "The task adds squared deviations from the means.",
        ),
        Mistake(
            "squared deviations from the medians",
            lambda x, y: _search(
                x,
                y,
                lambda left, right: (
                    np.sum((left - np.median(left)) ** 2) + np.sum((right - np.median(right)) ** 2)
                ),
            ),
            "The deviations are squared, but taken from the median of each side. The task takes "
            "them from its mean.",
        ),
        Mistake(
            "rows with equal inputs counted as one",
            _threshold_of_mean_targets,
            "Where several rows have the same x, each of them adds its own squared deviation, and "
            "each counts in the mean of its side.",
        ),
        Mistake(
            "each variance divided by n − 1",
            lambda x, y: _search(x, y, _loss_of_samples),
            "np.var with ddof=1 (or pandas' var) divides by n − 1. Times n this is more than the "
            "sum of squared deviations, most of all on the smaller side.",
        ),
        Mistake(
            "no answer prepared for a column that cannot be cut",
            _threshold_without_guard,
            "When all inputs are equal there is no threshold to choose from. Return None then.",
        ),
    ],
    also_correct=[_threshold_by_sums, _threshold_by_search],
    equal_mutants={
        "goes_left = x <= cut → goes_left = x < cut": "A cut lies between two values of x, so no "
        "x equals it.",
        "goes_left = x <= cut → goes_left = x >= cut": "Left and right change places, and the loss "
        "is the sum of both.",
    },
    draw=_threshold_draw,
    hints=[
        "The candidates: `values = np.unique(x)`, and the midpoints of its neighbours.",
        "For each candidate split y with `x <= cut` and `x > cut`, and add the squared deviations "
        "of both sides from their own means.",
        "`len(side) * np.var(side)` is that sum. Start with best = None, and replace it only for a "
        "strictly smaller loss.",
    ],
    carry_on="With y made of zeros and ones the same function minimises the Gini impurity: the "
    "variance of a 0/1 target is p(1 − p), half of Gini.",
)

# --- Exercise 4: out-of-bag predictions -----------------------------------------------------------


def _bag_cases(rng: np.random.Generator) -> Iterator[Case]:
    predictions = np.array([[1.0, 2.0, 3.0], [3.0, 4.0, 5.0], [8.0, 9.0, 1.0]])
    drawn = np.array([[True, False, True], [False, True, True], [False, False, True]])
    yield Case((predictions[:, :2], drawn[:, :2]), label="the example of the text")
    rows = rng.integers(0, 6, size=(8, 6))
    seen = np.array([np.isin(np.arange(6), draw) for draw in rows])
    seen[0], seen[1] = ~seen[0], False
    yield Case((rng.normal(size=(8, 6)), seen), label="eight trees, six rows")
    yield Case((predictions, drawn), label="the last row was drawn by every tree")
    one = np.zeros((3, 4), dtype=bool)
    one[[0, 1, 1, 2], [0, 1, 2, 3]] = True
    yield Case((100 + rng.normal(size=(3, 4)), ~one), label="one tree for each row may vote")
    yield Case(
        (
            np.array([[0.0, 2.0], [4.0, 0.0], [2.0, -3.0]]),
            np.array([[False, False], [False, False], [True, False]]),
        ),
        label="votes of 0",
    )


def _bag_by_masked_array(predictions, drawn):
    return np.ma.masked_array(predictions, mask=drawn).mean(axis=0).filled(np.nan)


def _bag(predictions, drawn):
    trees = (~drawn).sum(axis=0)
    with np.errstate(invalid="ignore"):  # without a tree: 0/0, which is NaN
        return np.where(drawn, 0.0, predictions).sum(axis=0) / trees


def _bag_planted(predictions, drawn):
    counted = np.where(drawn, predictions, 0.0)
    trees = drawn.sum(axis=0)
    return np.divide(counted.sum(axis=0), trees, out=np.full(len(trees), np.nan), where=trees > 0)


def _bag_by_loop(predictions, drawn):
    means = []
    for row in range(predictions.shape[1]):
        votes = [p for p, seen in zip(predictions[:, row], drawn[:, row], strict=True) if not seen]
        means.append(sum(votes) / len(votes) if votes else float("nan"))
    return means


def _bag_divided_by_drawn(predictions, drawn):
    trees = drawn.sum(axis=0)
    total = np.where(drawn, 0.0, predictions).sum(axis=0)
    return np.divide(total, trees, out=np.full(len(trees), np.nan), where=trees > 0)


def _bag_sum_of_drawn(predictions, drawn):
    trees = (~drawn).sum(axis=0)
    total = np.where(drawn, predictions, 0.0).sum(axis=0)
    return np.divide(total, trees, out=np.full(len(trees), np.nan), where=trees > 0)


out_of_bag = Bug(
    "ml_basics.trees_and_boosting.out_of_bag",
    title="Who may vote?",
    cases=_bag_cases,
    expected=_bag_by_masked_array,
    reference=_bag,
    planted=_bag_planted,
    mistakes=[
        Mistake(
            "all trees vote",
            lambda predictions, drawn: predictions.mean(axis=0),
            "Most of these trees have seen the row and know its answer by heart. Only the trees "
            "that have not drawn it may vote.",
        ),
        Mistake(
            "divided by the number of all trees",
            lambda predictions, drawn: np.where(drawn, 0.0, predictions).mean(axis=0),
            "The right trees are summed, but the sum is divided by all trees. Divide by the number "
            "of trees that have not drawn the row.",
        ),
        Mistake(
            "divided by the trees that have drawn the row",
            _bag_divided_by_drawn,
            "The sum runs over one group of trees and the count over the other. Turn the count "
            "around as well.",
        ),
        Mistake(
            "the sum over the trees that have drawn the row",
            _bag_sum_of_drawn,
            "The count is that of the trees that have not drawn the row, but the predictions of "
            "the others are added up. Turn the sum around as well.",
        ),
        Mistake(
            "0 for a row that every tree has drawn",
            lambda predictions, drawn: np.nan_to_num(_bag(predictions, drawn)),
            "Nobody may vote on such a row, and 0 would be counted as a prediction. NaN says that "
            "there is none.",
        ),
        Mistake(
            "the sum of the votes in the place of their mean",
            lambda predictions, drawn: np.where(drawn, 0.0, predictions).sum(axis=0),
            "The right trees are summed. Divide by their number.",
        ),
        Mistake(
            "the median of the votes",
            lambda predictions, drawn: np.ma.median(
                np.ma.masked_array(predictions, mask=drawn), axis=0
            ).filled(np.nan),
            "The right trees vote, and the one in the middle wins. Asked is their mean.",
        ),
        Mistake(
            "the mean over rows instead of trees",
            lambda predictions, drawn: (
                np.ma.masked_array(predictions, mask=drawn).mean(axis=1).filled(np.nan)
            ),
            "axis=1 averages over the rows of one tree. The result has one number for each row: "
            "average over axis 0, the trees.",
        ),
    ],
    also_correct=[_bag_by_loop, _bag_by_masked_array],
    hints=[
        "Which trees count in the sum: those that have drawn the row, or the others?",
        "`drawn` is True where a tree knows the row. Both the sum and the count must use `~drawn`.",
        "Replace by 0 where `drawn` is True, and count with `(~drawn).sum(axis=0)`.",
    ],
    carry_on="Each row is left out by about 37 % of the trees, so its out-of-bag vote comes from a "
    "forest a third as large: with few trees the estimate is a little pessimistic.",
)

# --- Exercise 5: AdaBoost's new weights -----------------------------------------------------------


def _weight_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(
        (np.full(4, 0.25), np.array([True, True, False, True])), label="the example of the text"
    )
    weights = np.array([0.4, 0.1, 0.2, 0.3])
    yield Case((weights, np.array([True, False, True, True])), label="unequal weights")
    yield Case((weights, np.array([True, False, False, True])), label="two rows wrong")
    yield Case((weights, np.array([False, True, True, False])), label="worse than chance")
    many = rng.dirichlet(np.ones(20))
    yield Case((many, rng.random(20) < 0.7), label="twenty rows")


def _weights_by_exponential(weights, right):
    error = np.sum(weights[~right])
    alpha = np.log((1 - error) / error) / 2
    raised = weights * np.exp(-alpha * np.where(right, 1.0, -1.0))
    return raised / raised.sum()


def _reweight(weights, right):
    error = weights[~right].sum()
    return np.where(right, weights / (2 * (1 - error)), weights / (2 * error))


def _weights_by_odds(weights, right):
    error = sum(w for w, ok in zip(weights, right, strict=True) if not ok)
    raised = [w if ok else w * (1 - error) / error for w, ok in zip(weights, right, strict=True)]
    return [w / sum(raised) for w in raised]


def _scaled(raised):
    return raised / raised.sum()


def _odds(weights, right):
    error = weights[~right].sum()
    return (1 - error) / error


def _weights_by_row_share(weights, right):
    error = np.mean(~right)
    return _scaled(np.where(right, weights, weights * (1 - error) / error))


reweight = Function(
    "ml_basics.trees_and_boosting.reweight",
    title="Where to look next",
    cases=_weight_cases,
    expected=_weights_by_exponential,
    reference=_reweight,
    mistakes=[
        Mistake(
            "the weights raised where the stump is right",
            lambda weights, right: _scaled(
                np.where(right, weights * _odds(weights, right), weights)
            ),
            "The next stump should look at what this one got wrong, so the weights of the wrong "
            "rows must grow. Look at the sign of α, at the sign in the exponent, and whether the "
            "error sums the wrong rows.",
        ),
        Mistake(
            "the weights not scaled to add up to 1",
            lambda weights, right: (
                weights * np.sqrt(_odds(weights, right)) ** np.where(right, -1.0, 1.0)
            ),
            "The proportions are right. Divide by the sum, so that the weights remain shares.",
        ),
        Mistake(
            "the weights not scaled to add up to 1",
            lambda weights, right: np.where(right, weights, weights * _odds(weights, right)),
            "The proportions are right. Divide by the sum, so that the weights remain shares.",
        ),
        Mistake(
            "the error as a share of rows",
            _weights_by_row_share,
            "The error is a share of rows here. Wanted is the sum of the *weights* of the wrong "
            "rows; only in the first round, with equal weights, is that the same.",
        ),
        Mistake(
            "twice the step",
            lambda weights, right: _scaled(
                weights * _odds(weights, right) ** np.where(right, -1.0, 1.0)
            ),
            "With α = ln((1−ε)/ε), without the ½, only the wrong rows are multiplied by eᵅ. With "
            "the ½, the wrong ones by eᵅ and the right ones by e⁻ᵅ. Doing both without the ½ goes "
            "twice as far.",
        ),
        Mistake(
            "the old weights",
            lambda weights, right: weights.copy(),
            "The weights are as they were. Right and wrong rows need different factors; one that "
            "is the same for all rows is lost when the weights are divided by their sum.",
        ),
        Mistake(
            "α returned",
            lambda weights, right: np.log(_odds(weights, right)) / 2,
            "That is the say of the stump, step 2. Use it for step 3, the new weights.",
        ),
        Mistake(
            "half of the step",
            lambda weights, right: _scaled(
                np.where(right, weights, weights * np.sqrt(_odds(weights, right)))
            ),
            "With α = ½·ln((1−ε)/ε) the right rows must shrink by e⁻ᵅ as well as the wrong "
            "ones grow by eᵅ.",
        ),
    ],
    also_correct=[_weights_by_exponential, _weights_by_odds],
    hints=[
        "The error is `weights[~right].sum()`.",
        "α = ½·ln((1 − error)/error). Multiply by e^α where the stump is wrong and by e^(−α) where "
        "it is right.",
        "Then divide by the sum. Check: the wrong rows together now have exactly half the weight.",
    ],
    carry_on="After the update the wrong rows hold exactly half of the weight, so for the next "
    "round this stump is as good as a coin: whatever comes next must say something new.",
)

# --- Exercise 6: boosting that does not learn -----------------------------------------------------


def _boost_cases(rng: np.random.Generator) -> Iterator[Case]:
    X = np.array([[1.0], [2.0], [4.0], [7.0]])
    yield Case((X, np.array([4.0, 4.0, 8.0, 8.0]), 1, 0.5), label="one round by hand")
    wide = rng.integers(0, 1000, size=(40, 2)) / 16.0
    y = np.sin(wide[:, 0] / 10.0) + 0.02 * wide[:, 1] + 0.3 * rng.normal(size=40)
    yield Case((wide, y, 1, 1.0), label="one full step")
    yield Case((wide, y, 25, 0.1), label="25 small steps")
    yield Case((wide, y, 0, 0.1), label="no round at all")


def _boost_by_library(X, y, rounds, rate):
    from sklearn.ensemble import GradientBoostingRegressor

    if rounds == 0:
        return np.full(len(y), np.mean(y))
    model = GradientBoostingRegressor(
        n_estimators=rounds, learning_rate=rate, max_depth=1, random_state=0
    )
    return model.fit(X, y).predict(X)


def _stump(X, target):
    return DecisionTreeRegressor(max_depth=1, random_state=0).fit(X, target).predict(X)


def _boost(X, y, rounds, rate, start=None, goal=None, sign=1.0):
    """Boosting by stumps; ``goal(y, fitted)`` is what each stump is fitted to."""
    fitted = np.full(len(y), np.mean(y) if start is None else start)
    for _ in range(rounds):
        target = y - fitted if goal is None else goal(y, fitted)
        fitted = fitted + sign * rate * _stump(X, target)
    return fitted


def _boost_plain(X, y, rounds, rate):
    fitted = np.full(len(y), y.mean())
    for _ in range(rounds):
        stump = DecisionTreeRegressor(max_depth=1, random_state=0).fit(X, y - fitted)
        fitted = fitted + rate * stump.predict(X)
    return fitted


def _boost_only_last(X, y, rounds, rate):
    fitted = np.full(len(y), y.mean())
    for _ in range(rounds):
        fitted = y.mean() + rate * _stump(X, y - fitted)
    return fitted


def _boost_residuals_planted(X, y, rounds, rate):
    fitted = np.full(len(y), y.mean())
    for _ in range(rounds):
        stump = DecisionTreeRegressor(max_depth=1, random_state=0).fit(X, y)
        fitted = fitted + rate * stump.predict(X)
    return fitted


boost_residuals = Bug(
    "ml_basics.trees_and_boosting.boost_residuals",
    title="Boosting that runs away",
    cases=_boost_cases,
    expected=_boost_by_library,
    rtol=1e-5,
    atol=1e-6,
    reference=_boost_plain,
    planted=_boost_residuals_planted,
    mistakes=[
        Mistake(
            "the same first residual in every round",
            lambda X, y, rounds, rate: _boost(
                X, y, rounds, rate, goal=lambda y, fitted: y - y.mean()
            ),
            "y minus its mean is what is left after no round. Each stump needs what is left *now*: "
            "y − fitted.",
        ),
        Mistake(
            "each round a step away from the targets",
            lambda X, y, rounds, rate: _boost(
                X, y, rounds, rate, goal=lambda y, fitted: fitted - y
            ),
            "What is missing is y − fitted, and a fit of it is added. Here one of the two signs is "
            "turned round: that of the residual, or that of the step.",
        ),
        Mistake(
            "the learning rate left out",
            lambda X, y, rounds, rate: _boost(X, y, rounds, 1.0),
            "The residual is right; now add only `rate` times the stump's prediction.",
        ),
        Mistake(
            "one round too many",
            lambda X, y, rounds, rate: _boost(X, y, rounds + 1, rate),
            "The residual is right. Count the stumps: there are to be as many as `rounds` says.",
        ),
        Mistake(
            "the last round left out",
            lambda X, y, rounds, rate: _boost(X, y, max(rounds - 1, 0), rate),
            "The residual is right. Count the stumps: there are to be as many as `rounds` says.",
        ),
        Mistake(
            "the residuals returned",
            lambda X, y, rounds, rate: y - _boost(X, y, rounds, rate),
            "This is what is left after the last round. Asked are the fitted values.",
        ),
        Mistake(
            "a start at zero",
            lambda X, y, rounds, rate: _boost(X, y, rounds, rate, start=0.0),
            "The residual is right. Keep the start at the mean of y, the best constant.",
        ),
        Mistake(
            "each stump replaces the ones before",
            _boost_only_last,
            "The fit must grow: add to `fitted`, do not start from the mean again in each round.",
        ),
    ],
    also_correct=[
        _boost_by_library,
        lambda X, y, rounds, rate: _boost(
            X, y, rounds, rate, goal=lambda y, fitted: fitted - y, sign=-1.0
        ).tolist(),
    ],
    hints=[
        "After many rounds the fit should come close to y. What does this loop converge to?",
        "Look at what the stump is fitted to. Does it know what the earlier stumps have explained?",
        "Fit the stump to `y - fitted`.",
    ],
    carry_on="y − fitted is minus the derivative of ½(y − fitted)² with respect to the fit: for "
    "another loss, the same loop fits another residual.",
)

# --- Exercise 7: a column with a copy -------------------------------------------------------------

copied_column = Choice(
    "ml_basics.trees_and_boosting.copied_column",
    title="A column and its copy",
    options={
        "a": Option(
            "Both show the importance that the column had alone.",
            "That needs every tree to lean fully on both. Where a cut uses the one, the other is "
            "not used, so the trees divide their cuts between the two.",
        ),
        "b": Option(
            "Each shows clearly less than the column had alone.",
            "Some cuts use the one, some the other. When one is shuffled the rest of the forest "
            "still reads the other, so much less is lost, although the knowledge in the table is "
            "the same. The more copies, the less is left for each.",
            right=True,
        ),
        "c": Option(
            "The original keeps its importance, the copy shows none.",
            "The forest cannot know which came first: the two columns are equal in every number. "
            "What one loses the other loses too.",
        ),
        "d": Option(
            "Both show exactly none.",
            "That is the answer to another question: *retrain* without one of them, and nothing is "
            "lost. Here the forest stays as it is, and some of its cuts do read the shuffled "
            "column.",
        ),
    },
    hints=[
        "Think of one tree. At a cut that needs this information, which of two equal columns does "
        "it take?",
        "About half of the cuts read the one, half the other. Now shuffle one.",
    ],
)
