"""Exercises of the lesson on honest evaluation."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from exercises.engine import Bug, Case, Choice, Function, Mistake, Option, Value

# --- Exercise 1: the share of true alarms ---------------------------------------------------------


def _share_by_bayes() -> float:
    prior, sensitivity, specificity = 1 / 200, 0.9, 0.95
    odds = prior / (1 - prior) * sensitivity / (1 - specificity)  # prior odds × likelihood ratio
    return odds / (1 + odds)


_RATIO = (
    "That is the ratio of true to false alarms. A share divides by all alarms, true and false "
    "together."
)
_PERCENTAGE = "Right, but as a percentage. Give the share, a number between 0 and 1."

share_of_true_alarms = Value(
    "ml_basics.honest_evaluation.share_of_true_alarms",
    title="A positive result",
    expected=_share_by_bayes,
    tolerance=0.0001,
    reference=90 / (90 + 995),
    mistakes=[
        Mistake(
            "the sensitivity",
            0.9,
            "90 % is the share of the *ill* who test positive. Asked is the share of the "
            "*positives* who are ill: the same true positives, divided by something else.",
        ),
        Mistake(
            "the specificity",
            0.95,
            "95 % of the healthy are cleared. Of 20,000 people nearly all are healthy: how many "
            "of them are *not* cleared?",
        ),
        Mistake(
            "the share of the healthy who are flagged",
            0.05,
            "5 % is how many of the *healthy* get a positive result. Asked is how many of those "
            "with a positive result are ill.",
        ),
        Mistake(
            "the share of the ill among all people",
            0.005,
            "This is the share of the ill before anybody was tested. A positive result makes it "
            "larger: how much larger?",
        ),
        Mistake(
            "ill and healthy counted as equally many",
            0.9 / 0.95,
            "0.9/(0.9 + 0.05) is right where half of all people are ill. Here it is 1 in 200: "
            "count 100 ill and 19,900 healthy people.",
        ),
        Mistake(
            "the accuracy",
            0.9 * 0.005 + 0.95 * 0.995,
            "This is the share of *all* people whose result is right. Look only at those with a "
            "positive one.",
        ),
        Mistake(
            "the share of positive results",
            0.9 * 0.005 + 0.05 * 0.995,
            "This many of all people get a positive result. How many of *these* are ill?",
        ),
        Mistake(
            "the share of the healthy among the negative results",
            18_905 / 18_915,
            "That is asked of those with a *negative* result. Count the people with a positive "
            "one.",
        ),
        Mistake("true over false alarms", 90 / 995, _RATIO),
        Mistake("true over false alarms", 0.09, _RATIO),
        Mistake(
            "the share of false alarms",
            995 / 1085,
            "This is the share of the positives who are healthy. Subtract it from 1.",
        ),
        Mistake(
            "false alarms counted among everybody",
            90 / 1090,
            "5 % of all 20,000 are 1,000; but only the healthy, 19,900 of them, can raise a "
            "*false* alarm.",
        ),
        Mistake(
            "the share of true alarms among all people",
            90 / 20_000,
            "This many of all people are ill *and* get a positive result. Divide by the share of "
            "people with a positive result.",
        ),
        Mistake("a percentage", 100 * 90 / 1085, _PERCENTAGE),
        Mistake("a percentage", 8.29, _PERCENTAGE),
        Mistake("a percentage", 8.3, _PERCENTAGE),
        Mistake(
            "the share with two decimals",
            0.08,
            "0.08 is as near as two decimals come. Give three at least, or a fraction.",
        ),
    ],
    also_correct=[
        0.083,
        0.0829,
        np.float32(90 / 1085),
        0.0045 / (0.0045 + 0.04975),
        Fraction(18, 217),
    ],
    hints=[
        "Imagine 20,000 people. How many are ill, and how many of those test positive?",
        "How many are healthy, and for how many of those is the test wrong?",
        "100 are ill, 90 of them found. 19,900 are healthy, 5 % of them flagged. Now divide the "
        "true positives by all positives.",
    ],
    carry_on="The odds did it in one line: 1 to 199 before the test, times 0.9/0.05 = 18, makes "
    "18 to 199 after it. A second, independent positive test would multiply by 18 again.",
)

# --- Exercise 2: precision, recall, F1 ------------------------------------------------------------


def _table(tp: int, fp: int, fn: int, tn: int, rng: np.random.Generator):
    """Truth and prediction, (n,) each, with the given numbers of rows, in random order."""
    numbers = (tp, fp, fn, tn)
    order = rng.permutation(sum(numbers))
    return np.repeat([1, 0, 1, 0], numbers)[order], np.repeat([1, 1, 0, 0], numbers)[order]


def _precision_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([1, 1, 0, 0]), np.array([1, 0, 0, 0])), label="the example of the text")
    yield Case(_table(3, 4, 1, 5, rng), label="more flagged than positive")
    yield Case(_table(4, 1, 5, 10, rng), label="fewer flagged than positive")
    yield Case(_table(2, 5, 0, 0, rng), label="everything flagged")
    yield Case(_table(3, 0, 2, 0, rng), label="every row positive")
    yield Case(_table(3, 0, 0, 6, rng), label="all right")
    yield Case(_table(1, 0, 0, 0, rng), label="a single row")
    yield Case(_table(0, 0, 3, 4, rng), label="nothing flagged")
    yield Case(_table(0, 2, 0, 3, rng), label="no positives, some flagged")
    yield Case(_table(0, 0, 0, 4, rng), label="no positives, none flagged")
    yield Case(
        _table(0, 2, 3, 1, rng), label="no true positives, though some flagged, some positive"
    )


def _precision_by_library(truth, predicted):
    from sklearn.metrics import precision_recall_fscore_support

    return precision_recall_fscore_support(truth, predicted, average="binary", zero_division=0)[:3]


def _counts(truth, predicted, positive=1):
    truth, predicted = np.asarray(truth) == positive, np.asarray(predicted) == positive
    return np.sum(truth & predicted), np.sum(~truth & predicted), np.sum(truth & ~predicted)


def _precision_reference(truth, predicted):
    tp = np.sum((truth == 1) & (predicted == 1))
    flagged = np.sum(predicted == 1)
    positive = np.sum(truth == 1)
    precision = tp / flagged if flagged else 0.0
    recall = tp / positive if positive else 0.0
    f1 = 2 * tp / (flagged + positive) if tp else 0.0
    return precision, recall, f1


def _ratio(above, below, otherwise=0.0):
    return above / below if below else otherwise


def _precision(truth, predicted, positive=1, otherwise=0.0):
    tp, fp, fn = _counts(truth, predicted, positive)
    return (
        _ratio(tp, tp + fp, otherwise),
        _ratio(tp, tp + fn, otherwise),
        _ratio(2 * tp, 2 * tp + fp + fn, otherwise),
    )


def _precision_from_lists(truth, predicted):
    pairs = list(zip(list(truth), list(predicted), strict=True))
    tp = pairs.count((1, 1))
    precision = tp / max(sum(predicted), 1)
    recall = tp / max(sum(truth), 1)
    f1 = 2 * precision * recall / (precision + recall) if tp else 0
    return [precision, recall, f1]


def _precision_by_tensors(truth, predicted):
    import torch

    truth, predicted = torch.from_numpy(truth), torch.from_numpy(predicted)
    tp, flagged, positive = (truth * predicted).sum(), predicted.sum(), truth.sum()
    shares = torch.stack([tp / flagged, tp / positive, 2 * tp / (flagged + positive)])
    return torch.nan_to_num(shares, nan=0.0)


def _precision_never_below_one(truth, predicted):
    tp = int(truth @ predicted)
    flagged, positive = int(predicted.sum()), int(truth.sum())
    return tp / max(flagged, 1), tp / max(positive, 1), 2 * tp / max(flagged + positive, 1)


def _precision_unguarded(truth, predicted):
    tp, fp, fn = _counts(truth, predicted)
    precision, recall = tp / (tp + fp), tp / (tp + fn)
    return precision, recall, 2 * precision * recall / (precision + recall)


def _precision_unguarded_ints(truth, predicted):
    tp, fp, fn = map(int, _counts(truth, predicted))
    precision, recall = tp / (tp + fp), tp / (tp + fn)
    return precision, recall, 2 * precision * recall / (precision + recall)


def _precision_half_guarded(truth, predicted):
    tp, fp, fn = _counts(truth, predicted)
    return tp / (tp + fp), tp / (tp + fn), 2 * tp / (2 * tp + fp + fn)


def _f1_unguarded(truth, predicted):
    precision, recall, _ = _precision(truth, predicted)
    return precision, recall, 2 * precision * recall / (precision + recall)


def _f1_unguarded_floats(truth, predicted):
    precision, recall = map(float, _precision(truth, predicted)[:2])
    return precision, recall, 2 * precision * recall / (precision + recall)


def _f1_as_arithmetic_mean(truth, predicted):
    precision, recall, _ = _precision(truth, predicted)
    return precision, recall, (precision + recall) / 2


def _f1_as_geometric_mean(truth, predicted):
    precision, recall, _ = _precision(truth, predicted)
    return precision, recall, math.sqrt(precision * recall)


def _half_of_f1(truth, predicted):
    precision, recall, f1 = _precision(truth, predicted)
    return precision, recall, f1 / 2


def _jaccard_for_f1(truth, predicted):
    tp, fp, fn = _counts(truth, predicted)
    precision, recall, _ = _precision(truth, predicted)
    return precision, recall, _ratio(tp, tp + fp + fn)


def _true_negatives_for_false_ones(truth, predicted):
    tp, fp, fn = _counts(truth, predicted)
    fn = len(truth) - tp - fp - fn
    return _ratio(tp, tp + fp), _ratio(tp, tp + fn), _ratio(2 * tp, 2 * tp + fp + fn)


def _specificity_for_recall(truth, predicted):
    tp, fp, fn = _counts(truth, predicted)
    tn = len(truth) - tp - fp - fn
    precision, specificity = _ratio(tp, tp + fp), _ratio(tn, tn + fp)
    f1 = _ratio(2 * precision * specificity, precision + specificity)
    return precision, specificity, f1


def _specificity_beside_f1(truth, predicted):
    precision, specificity, _ = _specificity_for_recall(truth, predicted)
    return precision, specificity, _precision(truth, predicted)[2]


def _accuracy_beside_f1(truth, predicted):
    return np.mean(truth == predicted), *_precision(truth, predicted)[1:]


def _precision_twice(truth, predicted):
    precision, _, f1 = _precision(truth, predicted)
    return precision, precision, f1


def _recall_twice(truth, predicted):
    _, recall, f1 = _precision(truth, predicted)
    return recall, recall, f1


def _share_of_all_rows(truth, predicted):
    tp, n = np.sum((truth == 1) & (predicted == 1)), len(truth)
    return tp / n, tp / n, tp / n


def _weighted(truth, predicted):
    from sklearn.metrics import precision_recall_fscore_support

    return precision_recall_fscore_support(truth, predicted, average="weighted", zero_division=0)[
        :3
    ]


def _accuracy_for_precision(truth, predicted):
    accuracy = np.mean(np.asarray(truth) == np.asarray(predicted))
    _, recall, _ = _precision(truth, predicted)
    return accuracy, recall, _ratio(2 * accuracy * recall, accuracy + recall)


def _macro(truth, predicted):
    both = np.array([_precision(truth, predicted, positive=label) for label in (0, 1)])
    return tuple(both.mean(axis=0))


_NOT_RECALL = (
    "The share of the *negatives* that are cleared is the specificity. Recall is the share of the "
    "positives that are flagged."
)
_NOT_PRECISION = (
    "The share of all rows that are right is accuracy. Precision looks only at the rows that were "
    "flagged."
)

precision_recall_f1 = Function(
    "ml_basics.honest_evaluation.precision_recall_f1",
    title="Precision, recall, F1",
    cases=_precision_cases,
    expected=_precision_by_library,
    reference=_precision_reference,
    mistakes=[
        Mistake(
            "precision and recall exchanged",
            lambda truth, predicted: _precision(predicted, truth),
            "Precision divides the true positives by all that were *flagged*, recall by all that "
            "*are* positive. Yours are the other way round.",
        ),
        Mistake(
            "the arithmetic mean for F1",
            _f1_as_arithmetic_mean,
            "F1 is the harmonic mean, 2·P·R/(P + R): it is low as soon as one of the two is low. "
            "The arithmetic mean would give ½ to a model that flags nearly everything.",
        ),
        Mistake(
            "the geometric mean for F1",
            _f1_as_geometric_mean,
            "√(P·R) is the geometric mean. F1 is the harmonic one, 2·P·R/(P + R).",
        ),
        Mistake(
            "half of F1",
            _half_of_f1,
            "P·R/(P + R) is half of the harmonic mean: of two equal numbers it gives half of them.",
        ),
        Mistake(
            "true positives over all rows flagged or positive, for F1",
            _jaccard_for_f1,
            "TP/(TP + FP + FN) is the Jaccard index. In F1 the true positives count twice, above "
            "and below.",
        ),
        Mistake(
            "true negatives in the place of false negatives",
            _true_negatives_for_false_ones,
            "The recall is divided by TP + TN here. Below must stand all that *are* positive: "
            "those found (TP) and those missed (FN).",
        ),
        Mistake("the specificity in the place of the recall", _specificity_for_recall, _NOT_RECALL),
        Mistake("the specificity in the place of the recall", _specificity_beside_f1, _NOT_RECALL),
        Mistake(
            "the precision twice",
            _precision_twice,
            "The second number is the precision again. Recall divides the true positives by all "
            "that *are* positive, found (TP) or missed (FN).",
        ),
        Mistake(
            "the recall twice",
            _recall_twice,
            "The first number is the recall already. Precision divides the true positives by all "
            "that were *flagged*, rightly (TP) or wrongly (FP).",
        ),
        Mistake(
            "true positives over all rows",
            _share_of_all_rows,
            "Divide by the rows that were flagged for precision, by those that are positive for "
            "recall; the true negatives take no part.",
        ),
        Mistake(
            "class 0 taken for the positive one",
            lambda truth, predicted: _precision(truth, predicted, positive=0),
            "These are the measures of class 0. The positive class here is 1.",
        ),
        Mistake(
            "the average over both classes",
            _macro,
            "This is the macro average over both classes. Asked are the measures of class 1.",
        ),
        Mistake(
            "the average over both classes, weighted by their rows",
            _weighted,
            "This is the weighted average over both classes. Asked are the measures of class 1.",
        ),
        Mistake(
            "nothing done about a denominator of zero",
            _precision_unguarded,
            "Where nothing is flagged, or nothing is positive, this is 0/0. The task sets the "
            "measure to 0.0 there; test the denominator first.",
        ),
        Mistake(
            "nothing done about a denominator of zero",
            _precision_unguarded_ints,
            "Where nothing is flagged, or nothing is positive, this is 0/0. The task sets the "
            "measure to 0.0 there; test the denominator first.",
        ),
        Mistake(
            "nothing done about a denominator of zero",
            _precision_half_guarded,
            "Where nothing is flagged, or nothing is positive, this is 0/0. The task sets the "
            "measure to 0.0 there; test the denominator first.",
        ),
        Mistake(
            "F1 divided by zero",
            _f1_unguarded,
            "When precision and recall are both 0, their sum is 0 too. Test it first, or use "
            "2·TP/(2·TP + FP + FN).",
        ),
        Mistake(
            "F1 divided by zero",
            _f1_unguarded_floats,
            "When precision and recall are both 0, their sum is 0 too. Test it first, or use "
            "2·TP/(2·TP + FP + FN).",
        ),
        Mistake(
            "1 where the denominator is zero",
            lambda truth, predicted: _precision(truth, predicted, otherwise=1.0),
            "Calling 0/0 perfect would reward a model that flags nothing. The convention here is "
            "0.0.",
        ),
        Mistake("accuracy in the place of precision", _accuracy_for_precision, _NOT_PRECISION),
        Mistake("accuracy in the place of precision", _accuracy_beside_f1, _NOT_PRECISION),
    ],
    also_correct=[
        _precision_from_lists,
        _precision_by_library,
        _precision_by_tensors,
        _precision_never_below_one,
        lambda *args: np.array(_precision(*args)),
        lambda *args: np.array(_precision(*args), dtype=np.float32),
    ],
    hints=[
        "Count three things: true positives, false positives, false negatives.",
        "`(truth == 1) & (predicted == 0)` marks the false negatives; np.sum counts them.",
        "precision = TP/(TP+FP), recall = TP/(TP+FN), F1 = 2·TP/(2·TP+FP+FN), each 0.0 if its "
        "denominator is 0.",
    ],
    carry_on="True negatives appear in none of the three. That is why they stay meaningful when "
    "negatives abound, and why they change when you exchange the classes.",
)

# --- Exercise 3: the area under the ROC curve -----------------------------------------------------


def _auc_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(
        (np.array([1, 0, 0]), np.array([2.0, 1.0, 2.0])),
        label="the example of the text",
    )
    yield Case(
        (np.array([0, 1, 0, 1, 0, 0, 1]), np.array([0.3, 0.9, -1.2, 0.1, 2.5, -0.4, 1.7])),
        label="no ties, some scores below 0",
    )
    yield Case(
        (np.array([1, 1, 0, 1, 0, 1, 1]), np.array([5, 3, 3, 1, 0, 3, 4])),
        label="more positives than negatives, a tie of three",
    )
    yield Case(
        (np.array([0, 1, 1, 0, 0, 1, 0]), np.array([0.2, 0.8, 0.8, 0.2, 0.6, 0.4, 0.2])),
        label="ties within each class only",
    )
    yield Case(
        (np.array([0, 1, 0, 1, 1, 0, 0]), np.array([4, 1, 2, 2, 3, 4, 1])),
        label="most pairs in the wrong order",
    )
    truth = np.array([1, 0, 0, 1, 0])
    yield Case((truth, -1.0 * truth), label="every pair in the wrong order")
    yield Case((truth, np.full(5, 0.7)), label="every score the same")
    yield Case(
        (truth, np.array([100_001.0, 100_000.5, 100_001.5, 100_002.0, 100_001.5])),
        label="large scores close together",
    )
    yield Case(
        (
            np.array([0, 1, 0, 1, 0, 1, 0]),
            np.array([0.001, 0.003, 0.002, 0.0015, 900.0, 0.0025, 0.0022]),
        ),
        label="scores of very different size",
    )
    truth = (rng.random(50) < 0.3).astype(int)
    yield Case((truth, rng.integers(0, 4, size=50) + truth), label="50 rows, many ties")


def _auc_by_library(truth, score):
    from sklearn.metrics import roc_auc_score

    return roc_auc_score(truth, score)


def _auc(truth, score):
    from scipy.stats import rankdata

    positive = np.asarray(truth) == 1
    P, N = positive.sum(), (~positive).sum()
    return (rankdata(score)[positive].sum() - P * (P + 1) / 2) / (P * N)


def _auc_by_pairs(truth, score, tie=0.5):
    truth, score = np.asarray(truth), np.asarray(score)
    gap = score[truth == 1][:, None] - score[truth == 0]
    return float(np.mean((gap > 0) + tie * (gap == 0)))


def _auc_by_slopes(truth, score):
    area = fp = tp = 0
    for value in np.unique(score)[::-1]:
        up = np.sum((score == value) & (truth == 1))
        right = np.sum((score == value) & (truth == 0))
        area += right * (tp + up / 2)
        tp, fp = tp + up, fp + right
    return area / (tp * fp)


def _auc_by_tensors(truth, score):
    import torch

    truth, score = torch.from_numpy(truth), torch.from_numpy(score).float()
    gap = score[truth == 1][:, None] - score[truth == 0][None, :]
    return torch.heaviside(gap, torch.tensor(0.5)).mean()


def _auc_by_test_statistic(truth, score):
    from scipy.stats import mannwhitneyu

    positive, negative = score[truth == 1], score[truth == 0]
    return mannwhitneyu(positive, negative).statistic / (len(positive) * len(negative))


def _auc_by_positions(truth, score):
    ranks = np.argsort(np.argsort(score, kind="stable"), kind="stable") + 1
    P, N = np.sum(truth == 1), np.sum(truth == 0)
    return (ranks[truth == 1].sum() - P * (P + 1) / 2) / (P * N)


def _auc_by_rows(truth, score, kind="stable"):
    hits = truth[np.argsort(-np.asarray(score, float), kind=kind)]
    tpr = np.append(0, np.cumsum(hits) / hits.sum())
    fpr = np.append(0, np.cumsum(1 - hits) / (1 - hits).sum())
    return np.trapezoid(tpr, fpr)


def _auc_by_argsort(truth, score):
    places = np.argsort(score) + 1
    P, N = np.sum(truth == 1), np.sum(truth == 0)
    return (places[truth == 1].sum() - P * (P + 1) / 2) / (P * N)


def _auc_by_ranks(truth, score, method):
    from scipy.stats import rankdata

    P, N = np.sum(truth == 1), np.sum(truth == 0)
    return (rankdata(score, method)[truth == 1].sum() - P * (P + 1) / 2) / (P * N)


def _auc_of_nearly_tied(truth, score):
    gap = score[truth == 1][:, None] - score[truth == 0]
    tied = np.isclose(score[truth == 1][:, None], score[truth == 0])
    return np.mean(np.where(tied, 0.5, gap > 0))


def _curve(truth, score):
    """False-positive rate and recall at every threshold, without the start (0, 0)."""
    flagged = score >= np.unique(score)[::-1, None]
    return flagged[:, truth == 0].mean(axis=1), flagged[:, truth == 1].mean(axis=1)


def _auc_without_start(truth, score):
    fpr, tpr = _curve(truth, score)
    return np.trapezoid(tpr, fpr)


def _auc_without_end(truth, score):
    fpr, tpr = _curve(truth, score)
    return np.trapezoid(np.append(0, tpr[:-1]), np.append(0, fpr[:-1]))


def _average_precision(truth, score):
    from sklearn.metrics import average_precision_score

    return average_precision_score(truth, score)


def _auc_ranks_not_reduced(truth, score):
    from scipy.stats import rankdata

    positive = truth == 1
    return rankdata(score)[positive].sum() / (positive.sum() * (~positive).sum())


def _auc_over_all_pairs(truth, score):
    P, N, n = np.sum(truth == 1), np.sum(truth == 0), len(truth)
    return _auc(truth, score) * P * N / (n * (n - 1) / 2)


_TIES_BY_POSITION = (
    "Equal scores are passed by the threshold together. As you have it, the result depends on the "
    "order of the rows in the file. Give ties their mean rank, or count a tied pair ½."
)

roc_auc = Function(
    "ml_basics.honest_evaluation.roc_auc",
    title="The area without the curve",
    cases=_auc_cases,
    expected=_auc_by_library,
    reference=_auc,
    mistakes=[
        Mistake(
            "tied pairs count nothing",
            lambda truth, score: _auc_by_pairs(truth, score, tie=0.0),
            "Tied pairs are lost here. No threshold can order such a pair, a coin could: count ½.",
        ),
        Mistake(
            "tied pairs count as won",
            lambda truth, score: _auc_by_pairs(truth, score, tie=1.0),
            "If a tied pair counts as won, a constant score is perfect. Count ½ for it.",
        ),
        Mistake("ties broken by position", _auc_by_positions, _TIES_BY_POSITION),
        Mistake("ties broken by position", _auc_by_rows, _TIES_BY_POSITION),
        Mistake(
            "ties broken by position",
            lambda truth, score: _auc_by_rows(truth, score, kind=None),
            _TIES_BY_POSITION,
        ),
        Mistake(
            "the places of the sorted scores taken for ranks",
            _auc_by_argsort,
            "np.argsort(score)[0] is the *place* of the lowest score, not the rank of the first "
            "one. scipy.stats.rankdata gives ranks, and to ties their mean rank.",
        ),
        Mistake(
            "all of equal scores get the lowest rank they share",
            lambda truth, score: _auc_by_ranks(truth, score, "min"),
            "Two rows that share the ranks 3 and 4 both get 3 here, so tied pairs are lost. Their "
            "mean rank, 3.5, counts each of these pairs ½.",
        ),
        Mistake(
            "all of equal scores get the highest rank they share",
            lambda truth, score: _auc_by_ranks(truth, score, "max"),
            "Two rows that share the ranks 3 and 4 both get 4 here, so tied pairs count too much. "
            "Their mean rank, 3.5, counts each of these pairs ½.",
        ),
        Mistake(
            "ranks without gaps behind equal scores",
            lambda truth, score: _auc_by_ranks(truth, score, "dense"),
            "Three rows with one score use up three ranks, whatever each of them gets. Here the "
            "next score is only one rank further.",
        ),
        Mistake(
            "scores that are nearly equal taken for ties",
            _auc_of_nearly_tied,
            "100,001.0 and 100,001.5 are different scores, and a threshold between them exists. "
            "Only equal ones are tied; compare with ==.",
        ),
        Mistake(
            "too small by 1/N",
            lambda truth, score: _auc(truth, score) - 1 / np.sum(truth == 0),
            "Each result is 1/N too small. P(P + 1)/2 is the sum of the ranks 1 to P: where ranks "
            "begin at 0, subtract P(P − 1)/2.",
        ),
        Mistake(
            "too large by 1/N",
            lambda truth, score: _auc(truth, score) + 1 / np.sum(truth == 0),
            "Each result is 1/N too large. The ranks 1 to P add up to P(P + 1)/2, not to "
            "P(P − 1)/2.",
        ),
        Mistake(
            "the number of pairs in the right order",
            lambda truth, score: _auc(truth, score) * np.sum(truth == 1) * np.sum(truth == 0),
            "This counts the pairs (it is the U of Mann and Whitney). The area is their share: "
            "divide by P·N.",
        ),
        Mistake(
            "the area left of the first threshold is missing",
            _auc_without_start,
            "The curve begins at (0, 0), where nothing is flagged. Where the highest score is tied "
            "the first step already goes to the right, and the area below it counts.",
        ),
        Mistake(
            "the area right of the last step but one is missing",
            _auc_without_end,
            "The curve ends at (1, 1), where everything is flagged. The lowest score is a "
            "threshold too.",
        ),
        Mistake(
            "the average precision",
            _average_precision,
            "This is the summary of the precision-recall curve. Asked is the share of pairs in the "
            "right order.",
        ),
        Mistake(
            "twice the area minus one",
            lambda truth, score: 2 * _auc(truth, score) - 1,
            "This is the Gini coefficient, 0 for a score that knows nothing. There the area is ½.",
        ),
        Mistake(
            "never below one half",
            lambda truth, score: max(_auc(truth, score), 1 - _auc(truth, score)),
            "A score that ranks the wrong way round has an area below ½. Turning it round would "
            "hide that.",
        ),
        Mistake(
            "the pairs the wrong way round",
            lambda truth, score: 1 - _auc(truth, score),
            "This is one minus the area: the share of pairs in which the *negative* scores higher.",
        ),
        Mistake(
            "pairs of two positives counted too",
            _auc_ranks_not_reduced,
            "The rank of a positive counts the other positives below it as well. Together these "
            "are P(P + 1)/2, to be subtracted from the sum of the ranks.",
        ),
        Mistake(
            "divided by all pairs",
            _auc_over_all_pairs,
            "Only pairs of one positive and one negative count: there are P·N of them.",
        ),
    ],
    also_correct=[
        _auc_by_pairs,
        _auc_by_slopes,
        _auc_by_library,
        _auc_by_tensors,
        _auc_by_test_statistic,
        lambda truth, score: np.float32(_auc(truth, score)),
    ],
    hints=[
        "The area is the share of pairs (one positive, one negative) that are in the right order.",
        "`score[truth == 1][:, None] - score[truth == 0]` holds the differences of all pairs. A "
        "difference of zero counts ½.",
        "With ranks: the sum of the positives' ranks (scipy.stats.rankdata, mean rank for ties), "
        "minus P(P + 1)/2, divided by P·N.",
    ],
    carry_on="P·N times this number is the Mann–Whitney U statistic: the ROC area and the rank-sum "
    "test are the same thing.",
)

# --- Exercise 4: expected calibration error -------------------------------------------------------


def _calibration_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(
        (np.array([1, 0, 1, 1]), np.array([0.9, 0.8, 0.2, 1.0]), 2), label="the example of the text"
    )
    # Half a thousandth more than a whole number of them lies on no edge of 2, 4, 5 or 10 bins.
    probability = (rng.integers(0, 1000, size=24) + 0.5) / 1000
    # Too low at both ends and too high between, so that no two bins are wrong in the same way.
    happens = np.array([0.5, 0.1, 0.2, 1.0])[(4 * probability).astype(int)]
    truth = (rng.random(24) < happens).astype(int)
    yield Case((truth, probability, 4), label="24 rows in 4 bins")
    yield Case((truth, probability, 1), label="one bin for all")
    sure = probability**2 / (probability**2 + (1 - probability) ** 2)
    yield Case((truth, sure, 7), label="7 bins")
    yield Case(
        (
            np.array([0, 1, 1, 1, 0, 1, 0, 0]),
            np.array([0.31, 0.34, 0.37, 0.33, 0.57, 0.43, 0.62, 0.67]),
            5,
        ),
        label="nothing said below 0.3 or above 0.7",
    )
    yield Case(
        (np.array([0, 1, 0, 1, 1]), np.array([0.12, 0.17, 0.73, 0.98, 0.61]), 10),
        label="more bins than rows",
    )
    certain = np.repeat([0.0, 0.08, 0.72], 4)
    truth = np.array([0, 1, 0, 0] + [0, 0, 0, 0] + [1, 1, 0, 1])
    yield Case((truth, certain, 5), label="some probabilities exactly 0")
    yield Case((1 - truth, 1 - certain, 5), label="some exactly 1")


def _calibration_by_pandas(truth, probability, bins):
    import pandas as pd

    table = pd.DataFrame({"truth": truth, "said": probability})
    table["bin"] = pd.cut(table["said"], np.linspace(0, 1, bins + 1), include_lowest=True)
    groups = table.groupby("bin", observed=True)
    gap = (groups["said"].mean() - groups["truth"].mean()).abs()
    return float((gap * groups.size()).sum() / len(table))


def _in_bins(truth, probability, bins, keep_ends=True):
    """Rows, mean probability, share of positives and centre of every bin that has rows."""
    truth, probability = np.asarray(truth), np.asarray(probability)
    bin_of = np.floor(probability * bins).astype(int)
    if keep_ends:
        bin_of = np.minimum(bin_of, bins - 1)
    used = [b for b in range(bins) if np.any(bin_of == b)]
    rows = np.array([np.sum(bin_of == b) for b in used])
    said = np.array([probability[bin_of == b].mean() for b in used])
    happened = np.array([truth[bin_of == b].mean() for b in used])
    return rows, said, happened, (np.array(used) + 0.5) / bins


def _calibration(truth, probability, bins):
    bin_of = np.minimum((probability * bins).astype(int), bins - 1)
    gaps = np.bincount(bin_of, weights=probability - truth)
    return np.abs(gaps).sum() / len(truth)


def _calibration_draw(rng: np.random.Generator) -> tuple:
    probability = rng.random(rng.integers(1, 40))
    return rng.integers(0, 2, size=len(probability)), probability, int(rng.integers(1, 12))


def _calibration_loop(truth, probability, bins):
    total = 0.0
    for b in range(bins):
        low, high = b / bins, (b + 1) / bins
        inside = [
            (y, p)
            for y, p in zip(truth, probability, strict=True)
            if low < p <= high or (b == 0 and p == 0)
        ]
        total += abs(sum(p - y for y, p in inside))
    return total / len(truth)


def _calibration_by_groups(truth, probability, bins):
    edges = np.linspace(0, 1, bins + 1)
    bin_of = np.clip(np.digitize(probability, edges), 1, bins)
    gaps = [
        np.mean(bin_of == b) * abs(probability[bin_of == b].mean() - truth[bin_of == b].mean())
        for b in set(bin_of.tolist())
    ]
    return sum(gaps)


def _calibration_single(truth, probability, bins):
    import torch

    said, happened = torch.tensor(probability).float(), torch.tensor(truth).float()
    bin_of = (said * bins).long().clamp(max=bins - 1)
    return torch.zeros(bins).index_add_(0, bin_of, said - happened).abs().sum() / len(said)


def _gaps(truth, probability, bins):
    _, said, happened, _ = _in_bins(truth, probability, bins)
    return np.abs(said - happened)


def _bins_not_weighted(truth, probability, bins):
    return np.mean(_gaps(truth, probability, bins))


def _divided_by_all_bins(truth, probability, bins):
    return np.sum(_gaps(truth, probability, bins)) / bins


def _largest_gap(truth, probability, bins):
    return np.max(_gaps(truth, probability, bins))


def _squared_gaps(truth, probability, bins):
    rows, said, happened, _ = _in_bins(truth, probability, bins)
    return np.sum(rows * (said - happened) ** 2) / len(truth)


def _bin_centres(truth, probability, bins):
    rows, _, happened, centre = _in_bins(truth, probability, bins)
    return np.sum(rows * np.abs(centre - happened)) / len(truth)


def _ones_lost(truth, probability, bins):
    rows, said, happened, _ = _in_bins(truth, probability, bins, keep_ends=False)
    return np.sum(rows * np.abs(said - happened)) / len(truth)


def _zeros_lost(truth, probability, bins):
    total = 0.0
    for b in range(bins):
        inside = (probability > b / bins) & (probability <= (b + 1) / bins)
        total += abs(np.sum(probability[inside] - truth[inside]))
    return total / len(truth)


def _empty_bins_not_skipped(truth, probability, bins):
    bin_of = np.minimum((probability * bins).astype(int), bins - 1)
    total = 0.0
    for b in range(bins):
        inside = bin_of == b
        total += inside.mean() * abs(truth[inside].mean() - probability[inside].mean())
    return total


def _other_bins(truth, probability, edges):
    bin_of = np.clip(np.digitize(probability, edges), 1, len(edges) - 1)
    return np.abs(np.bincount(bin_of, weights=probability - truth)).sum() / len(truth)


def _from_least_to_most(truth, probability, bins):
    return _other_bins(truth, probability, np.histogram_bin_edges(probability, bins))


def _equally_filled(truth, probability, bins):
    return _other_bins(truth, probability, np.quantile(probability, np.linspace(0, 1, bins + 1)))


def _rounded_to_nearest(truth, probability, bins):
    bin_of = np.round(probability * bins).astype(int)
    return np.abs(np.bincount(bin_of, weights=probability - truth)).sum() / len(truth)


def _of_the_answer(truth, probability, bins):
    said = probability > 0.5
    return _calibration(
        (said == truth).astype(int), np.where(said, probability, 1 - probability), bins
    )


def _end_apart(truth, probability, bins, right):
    bin_of = np.digitize(probability, np.linspace(0, 1, bins + 1), right=right)
    return np.abs(np.bincount(bin_of, weights=probability - truth)).sum() / len(truth)


calibration_error = Function(
    "ml_basics.honest_evaluation.calibration_error",
    title="Expected calibration error",
    cases=_calibration_cases,
    expected=_calibration_by_pandas,
    reference=_calibration,
    mistakes=[
        Mistake(
            "every bin with the same weight",
            _bins_not_weighted,
            "A bin with three rows now counts as much as one with three hundred. Weight each gap "
            "by its share of the rows, n_b / n.",
        ),
        Mistake(
            "the sum of the gaps divided by the number of bins",
            _divided_by_all_bins,
            "Weight each gap by its share of the rows, n_b / n; empty bins then drop out by "
            "themselves.",
        ),
        Mistake(
            "gaps of opposite sign cancel",
            lambda truth, probability, bins: abs(np.mean(probability) - np.mean(truth)),
            "Too high in one bin and too low in another gives zero here. Take the absolute value "
            "in each bin, then add up.",
        ),
        Mistake(
            "the distance of every single row from its truth",
            lambda truth, probability, bins: np.mean(np.abs(probability - truth)),
            "A single 0/1 outcome is never 0.7. Average inside a bin first, then compare.",
        ),
        Mistake(
            "the middle of the bin for its mean probability",
            _bin_centres,
            "The rows of a bin need not lie around its middle. Compare with the mean of the "
            "probabilities that are in it.",
        ),
        Mistake(
            "the gaps added up without weights",
            lambda truth, probability, bins: np.sum(_gaps(truth, probability, bins)),
            "A sum of gaps grows with the number of bins. Weight each gap by its share of the "
            "rows, n_b / n.",
        ),
        Mistake(
            "signs kept",
            lambda truth, probability, bins: np.mean(probability) - np.mean(truth),
            "The gaps were added up with their signs, so those of opposite sign cancel. Take the "
            "absolute value in each bin.",
        ),
        Mistake(
            "bins from the smallest to the largest probability",
            _from_least_to_most,
            "The bins divide the range between 0 and 1, whatever the probabilities are. These "
            "begin at the smallest of them and end at the largest.",
        ),
        Mistake(
            "one bin too few",
            lambda truth, probability, bins: _calibration(truth, probability, max(bins - 1, 1)),
            "There is one edge more than there are bins: np.linspace(0, 1, bins + 1) gives them "
            "all.",
        ),
        Mistake(
            "one bin too many",
            lambda truth, probability, bins: _calibration(truth, probability, bins + 1),
            "Equally wide bins between 0 and 1 are 1/bins wide. Here there is one more of them.",
        ),
        Mistake(
            "bins with equally many rows",
            _equally_filled,
            "The bins are to be equally *wide*, between 0 and 1. These are equally full.",
        ),
        Mistake(
            "rounded to the nearest edge",
            _rounded_to_nearest,
            "Rounding p · bins to the nearest whole number makes one bin more, around each edge. "
            "Round down instead.",
        ),
        Mistake(
            "the probability of the more likely class, and how often it was right",
            _of_the_answer,
            "That is the version for classifiers with many classes. Here compare the probability "
            "of class 1 with the share of class 1.",
        ),
        Mistake(
            "the largest gap",
            _largest_gap,
            "That is the maximum calibration error. Asked is the mean over the rows.",
        ),
        Mistake(
            "the root of the mean squared gap",
            lambda *args: np.sqrt(_squared_gaps(*args)),
            "Squaring gives large gaps more weight, also behind a root. Here take absolute values.",
        ),
        Mistake(
            "squared gaps",
            _squared_gaps,
            "Squared gaps make the calibration part of the Brier score. Here take absolute values.",
        ),
        Mistake(
            "rows with probability 1 get lost",
            _ones_lost,
            "No bin takes the probability 1, so the surest rows vanish. Let the last bin include "
            "its upper end.",
        ),
        Mistake(
            "empty bins not skipped",
            _empty_bins_not_skipped,
            "The mean of no rows is NaN, and NaN times zero stays NaN. Skip bins without rows.",
        ),
        Mistake(
            "the probability 1 in a bin of its own",
            lambda truth, probability, bins: _end_apart(truth, probability, bins, right=False),
            "Rounding down, or np.digitize, puts 1.0 one past the last bin, where it forms a bin "
            "of its own. It belongs to the last one.",
        ),
        Mistake(
            "the probability 0 in a bin of its own",
            lambda truth, probability, bins: _end_apart(truth, probability, bins, right=True),
            "Rounding up, or np.digitize with right=True, puts 0.0 below the first bin, where it "
            "forms a bin of its own. It belongs to the first one.",
        ),
        Mistake(
            "rows with probability 0 get lost",
            _zeros_lost,
            "No bin takes the probability 0, so the surest rows vanish. Let the first bin include "
            "its lower end.",
        ),
    ],
    also_correct=[
        _calibration_loop,
        _calibration_by_pandas,
        _calibration_by_groups,
        _calibration_single,
    ],
    equal_mutants={
        "np.bincount(bin_of, weights=probability - truth) → "
        "np.bincount(bin_of, weights=truth - probability)": "The sign of a gap is lost in its "
        "absolute value.",
    },
    draw=_calibration_draw,
    hints=[
        "Which bin does each row belong to? With equal bins, `probability * bins`, rounded down, "
        "nearly says it.",
        "Mind the probability 1: rounded down it would be in a bin too far. np.minimum helps.",
        "n_b times the difference of the two means is the *sum* of probability − truth in the bin. "
        "Add the absolute sums of all bins and divide by the number of rows.",
    ],
    carry_on="The result depends on the number of bins and, in small bins, on chance: even perfect "
    "probabilities have an error above zero. Compare models only with the same bins and rows.",
)

# --- Exercise 5: the last fifty irises ------------------------------------------------------------

the_last_fifty = Choice(
    "ml_basics.honest_evaluation.the_last_fifty",
    title="The last fifty",
    options={
        "a": Option(
            "About 0.95, as usual for iris.",
            "That is what a *mixed* split gives. Which species are among the first 100 flowers, "
            "and which among the last 50?",
        ),
        "b": Option(
            "About 1/3: with nothing learnt about them it has to guess among three species.",
            "Guessing among three would need to know that there are three. Which labels has the "
            "classifier ever seen, and so can answer?",
        ),
        "c": Option(
            "Exactly 0.",
            "The first 100 flowers hold two species, the last 50 only the third. A classifier "
            "answers with labels it has seen, so every answer is wrong.",
            right=True,
        ),
        "d": Option(
            "None: training fails, because a class is missing.",
            "Nothing in the training rows says that a third class exists: two species make a "
            "perfectly good training set. What will it answer for the others?",
        ),
    },
    hints=[
        "Which species are among the first 100 rows?",
        "A classifier can only answer with labels that occurred in training.",
    ],
)

# --- Exercise 6: McNemar's test -------------------------------------------------------------------


def _answers(both: int, only_A: int, only_B: int, neither: int, rng: np.random.Generator):
    """Two boolean arrays with the given numbers of rows, in random order."""
    numbers = (both, only_A, only_B, neither)
    right_A = np.repeat([True, True, False, False], numbers)
    right_B = np.repeat([True, False, True, False], numbers)
    order = rng.permutation(len(right_A))
    return right_A[order], right_B[order]


def _mcnemar_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(_answers(20, 1, 5, 4, rng), label="the example of the text, b = 1 and c = 5")
    yield Case(_answers(9, 6, 1, 3, rng), label="A better: b = 6 and c = 1")
    yield Case(_answers(3, 0, 7, 12, rng), label="only B ever better: b = 0 and c = 7")
    yield Case(_answers(0, 8, 2, 0, rng), label="every row discordant: b = 8 and c = 2")
    yield Case(_answers(500, 30, 12, 40, rng), label="582 rows: b = 30 and c = 12")
    yield Case(_answers(11, 3, 4, 2, rng), label="nearly equal: b = 3 and c = 4")
    yield Case(_answers(10, 4, 4, 2, rng), label="equal counts: b = c = 4")
    yield Case(_answers(7, 0, 1, 5, rng), label="a single discordant row: b = 0 and c = 1")
    yield Case(_answers(12, 0, 0, 5, rng), label="no discordant rows: b = c = 0")
    yield Case(_answers(60, 48, 31, 20, rng), label="79 discordant rows: b = 48 and c = 31")


def _mcnemar_by_scipy(right_A, right_B):
    from scipy.stats import binomtest

    b, c = int(np.sum(right_A & ~right_B)), int(np.sum(~right_A & right_B))
    return binomtest(b, b + c).pvalue if b + c else 1.0


def _discordant(right_A, right_B):
    right_A, right_B = np.asarray(right_A), np.asarray(right_B)
    return int(np.sum(right_A & ~right_B)), int(np.sum(~right_A & right_B))


def _mcnemar(right_A, right_B):
    from scipy.stats import binom

    b = np.sum(right_A & ~right_B)
    c = np.sum(right_B & ~right_A)
    return min(1.0, 2 * binom.cdf(min(b, c), b + c, 0.5))


def _mcnemar_by_counting(right_A, right_B):
    b, c = _discordant(right_A, right_B)
    n = b + c
    as_uneven = [heads for heads in range(n + 1) if abs(2 * heads - n) >= abs(b - c)]
    return sum(math.comb(n, heads) for heads in as_uneven) / 2**n


def _mcnemar_upper_tail(right_A, right_B):
    from scipy.stats import binom

    difference = right_A.astype(int) - right_B.astype(int)
    coins, heads = (
        np.abs(difference).sum(),
        np.maximum((difference > 0).sum(), (difference < 0).sum()),
    )
    return np.minimum(2 * binom.sf(heads - 1, coins, 0.5), 1)


def _one_tail(right_A, right_B):
    return min(1.0, _tail(*_discordant(right_A, right_B)))


def _tail(b, c):
    from scipy.stats import binom

    return binom.cdf(min(b, c), b + c, 0.5)


def _one_direction(right_A, right_B):
    from scipy.stats import binom

    b, c = _discordant(right_A, right_B)
    return binom.cdf(b, b + c, 0.5)


def _other_direction(right_A, right_B):
    return _one_direction(right_B, right_A)


def _twice_one_direction(right_A, right_B):
    return min(1.0, 2 * _one_direction(right_A, right_B))


def _not_capped(right_A, right_B):
    return 2 * _tail(*_discordant(right_A, right_B))


def _not_capped_but_guarded(right_A, right_B):
    b, c = _discordant(right_A, right_B)
    return 2 * _tail(b, c) if b + c else 1.0


def _strictly_more_uneven(right_A, right_B):
    from scipy.stats import binom

    b, c = _discordant(right_A, right_B)
    return min(1.0, 2 * binom.cdf(min(b, c) - 1, b + c, 0.5))


def _middle_p(right_A, right_B):
    return _not_capped(right_A, right_B) - _only_this_outcome(right_A, right_B)


def _table_of_both(right_A, right_B):
    return [
        [np.sum(right_A & right_B), np.sum(right_A & ~right_B)],
        [np.sum(~right_A & right_B), np.sum(~right_A & ~right_B)],
    ]


def _independence(right_A, right_B):
    from scipy.stats import fisher_exact

    return fisher_exact(_table_of_both(right_A, right_B)).pvalue


def _independence_by_chi_squared(right_A, right_B):
    from scipy.stats import chi2_contingency

    return chi2_contingency(_table_of_both(right_A, right_B)).pvalue


def _where_they_agree(right_A, right_B):
    return _mcnemar(right_A, ~right_B)


def _only_this_outcome(right_A, right_B):
    b, c = _discordant(right_A, right_B)
    return math.comb(b + c, b) / 2 ** (b + c)


def _chi_squared(right_A, right_B, correction=0.0):
    from scipy.stats import chi2

    b, c = _discordant(right_A, right_B)
    if b + c == 0:
        return 1.0
    return chi2.sf(max(abs(b - c) - correction, 0.0) ** 2 / (b + c), df=1)


def _all_rows_as_coins(right_A, right_B):
    from scipy.stats import binom

    b, c = _discordant(right_A, right_B)
    return min(1.0, 2 * binom.cdf(min(b, c), len(right_A), 0.5))


def _unpaired(right_A, right_B):
    from scipy.stats import norm

    a, b, n = np.mean(right_A), np.mean(right_B), len(right_A)
    error = np.sqrt((a * (1 - a) + b * (1 - b)) / n)
    return 2 * norm.sf(abs(a - b) / error)


def _paired_t(right_A, right_B):
    from scipy.stats import ttest_rel

    return ttest_rel(right_A.astype(float), right_B.astype(float)).pvalue


def _binomtest_always(right_A, right_B):
    from scipy.stats import binomtest

    b, c = _discordant(right_A, right_B)
    return binomtest(b, b + c).pvalue


def _pooled(right_A, right_B):
    from scipy.stats import norm

    a, b, n = np.mean(right_A), np.mean(right_B), len(right_A)
    p = (a + b) / 2
    return 2 * norm.sf(abs(a - b) / np.sqrt(2 * p * (1 - p) / n))


def _unpaired_t(right_A, right_B):
    from scipy.stats import ttest_ind

    return ttest_ind(right_A.astype(float), right_B.astype(float)).pvalue


_DIRECTION = (
    "This asks only whether one of the two models is worse, so it depends on which comes first. "
    "Count outcomes that are as uneven in either direction."
)
_INDEPENDENCE = (
    "This asks whether rows that are easy for A are easy for B too. Asked is whether one of the "
    "two is right more often."
)
_UNPAIRED = (
    "This compares two accuracies as if they came from different test rows. Both models saw the "
    "same rows: look only at the rows on which they differ."
)

mcnemar = Function(
    "ml_basics.honest_evaluation.mcnemar",
    title="Only where they differ",
    cases=_mcnemar_cases,
    expected=_mcnemar_by_scipy,
    reference=_mcnemar,
    mistakes=[
        Mistake(
            "one tail only",
            _one_tail,
            "This is the probability of being so uneven in *one* direction. Either model might "
            "have been the better one: count both tails.",
        ),
        Mistake("one fixed direction only", _one_direction, _DIRECTION),
        Mistake("one fixed direction only", _other_direction, _DIRECTION),
        Mistake(
            "1 wherever A is the better one",
            _twice_one_direction,
            "Twice the lower tail is right where it begins with the *smaller* of the two counts. "
            "Here it always begins with the rows that only A gets right.",
        ),
        Mistake(
            "1 wherever B is the better one",
            lambda right_A, right_B: _twice_one_direction(right_B, right_A),
            "Twice the lower tail is right where it begins with the *smaller* of the two counts. "
            "Here it always begins with the rows that only B gets right.",
        ),
        Mistake(
            "a probability above 1",
            _not_capped,
            "When both counts are equal the two tails overlap in the middle, and twice the tail "
            "counts it twice. Cap the result at 1.",
        ),
        Mistake(
            "a probability above 1",
            _not_capped_but_guarded,
            "When both counts are equal the two tails overlap in the middle, and twice the tail "
            "counts it twice. Cap the result at 1.",
        ),
        Mistake(
            "the observed outcome left out",
            _strictly_more_uneven,
            "A p-value counts outcomes *at least* as uneven as the observed one: include it.",
        ),
        Mistake(
            "the probability of the observed outcome alone",
            _only_this_outcome,
            "This is the probability of exactly these counts. A p-value adds up all outcomes that "
            "are at least as uneven.",
        ),
        Mistake(
            "twice the probability of the observed outcome",
            lambda *args: min(1.0, 2 * _only_this_outcome(*args)),
            "This adds the observed counts and their mirror image only. More uneven outcomes "
            "belong to the p-value as well.",
        ),
        Mistake(
            "the observed outcome counted half",
            _middle_p,
            "This is the mid-p value, which counts the observed outcome half. The exact p-value "
            "counts it whole.",
        ),
        Mistake("a test of independence", _independence, _INDEPENDENCE),
        Mistake("a test of independence", _independence_by_chi_squared, _INDEPENDENCE),
        Mistake(
            "the rows on which both agree",
            _where_they_agree,
            "Here the coins are the rows that both get right or both get wrong. These say nothing "
            "about which is better: take the rows on which they differ.",
        ),
        Mistake(
            "the chi-squared approximation",
            _chi_squared,
            "(b − c)²/(b + c) against a chi-squared distribution is McNemar's approximation for "
            "many discordant rows. Asked is the exact value, from coins.",
        ),
        Mistake(
            "the chi-squared approximation with continuity correction",
            lambda right_A, right_B: _chi_squared(right_A, right_B, correction=1.0),
            "The correction brings the approximation close to the exact value, but not onto it. "
            "Use the binomial distribution.",
        ),
        Mistake(
            "a paired t-test",
            _paired_t,
            "It is paired, which is right, but it treats differences of −1, 0 and 1 as if they "
            "were normal. Asked is the exact probability, from coins.",
        ),
        Mistake(
            "no coins at all",
            _binomtest_always,
            "Where the models never differ there is no coin to throw. Then nothing speaks against "
            "equal models: return 1.",
        ),
        Mistake(
            "all rows taken for coins",
            _all_rows_as_coins,
            "Rows that both models get right, or both wrong, tell nothing about which is better. "
            "Only the b + c discordant rows are coins.",
        ),
        Mistake("an unpaired comparison", _unpaired, _UNPAIRED),
        Mistake("an unpaired comparison", _pooled, _UNPAIRED),
        Mistake("an unpaired comparison", _unpaired_t, _UNPAIRED),
    ],
    also_correct=[
        _mcnemar_by_scipy,
        _mcnemar_by_counting,
        _mcnemar_upper_tail,
        lambda *args: np.float32(_mcnemar(*args)),
    ],
    hints=[
        "Count the rows that only A gets right, and the rows that only B gets right.",
        "If the models are equally good, the smaller of the two counts is a number of heads from "
        "b + c fair coins, or fewer.",
        "Twice stats.binom.cdf(min(b, c), b + c, 0.5), but never more than 1.",
    ],
    carry_on="It is the sign test, with test rows in the place of data sets: ties carry no "
    "information and are left out.",
)

# --- Exercise 7: find the leak --------------------------------------------------------------------


def _leak_cases(rng: np.random.Generator) -> Iterator[Case]:
    X = rng.normal(size=(9, 4)).round(1)
    y = (X[:, 1] + rng.normal(size=9)).round(1)
    yield Case(
        (X, y, np.array([0, 1, 2, 2, 1, 0, 1, 0, 2]), 1), label="9 rows, the best one of 4 columns"
    )
    units = np.array([0.01, 100.0, 1.0, 10.0, 0.1])
    X = rng.normal(size=(12, 5)).round(1) + 0.0  # no -0.0
    y = (4.0 + X @ [1.0, 0.1, 0.8, 0.3, 0.6] + 0.5 * rng.normal(size=12)).round(1)
    yield Case(
        (X * units, y, np.array([1, 0, 2, 0, 2, 1, 1, 2, 0, 0, 2, 1]), 2),
        label="columns in very different units",
    )
    X = rng.normal(size=(12, 5)).round(1) + 0.0  # no -0.0
    y = (X @ [-1.0, 0.2, -0.9, 0.5, 0.4] + 0.5 * rng.normal(size=12) - 6.0).round(1)
    yield Case(
        (X + 3.0, y, np.array([3, 8, 8, 5, 3, 5, 5, 3, 8, 5, 8, 3]), 2),
        label="the target falls where columns rise; folds 3, 5 and 8",
    )
    unequal = rng.permutation(np.repeat([0, 1, 2], [5, 10, 15]))
    X = rng.normal(size=(30, 25)) * np.exp(rng.normal(size=25)) + 3.0
    yield Case((X, rng.normal(size=30) + 10.0, unequal, 4), label="noise, folds of 5, 10, 15 rows")
    X, y = rng.normal(size=(36, 40)), rng.normal(size=36)
    folds = rng.permutation(np.arange(36) % 6)
    yield Case((X, y, folds, 3), label="noise, 36 rows, 40 columns, 6 folds")


def _held_out_by_library(X, y, fold_of, keep):
    from sklearn.feature_selection import SelectKBest, f_regression
    from sklearn.linear_model import LinearRegression
    from sklearn.model_selection import PredefinedSplit, cross_val_predict
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(SelectKBest(f_regression, k=keep), LinearRegression())
    return cross_val_predict(model, X, y, cv=PredefinedSplit(fold_of))


def _correlation(X, y):
    centred, target = X - X.mean(axis=0), y - y.mean()
    return target @ centred / np.sqrt((centred**2).sum(axis=0) * (target @ target))


def _absolute(X, y):
    return np.abs(_correlation(X, y))


def _covariance(X, y):
    return np.abs((y - y.mean()) @ (X - X.mean(axis=0)))


def _held_out(
    X, y, fold_of, keep, *, score=_absolute, choose="train", fit="train", intercept=True, swap=False
):
    """The reference and, by its options, what may be wrong with it."""
    predicted = np.empty(len(y))
    for fold in np.unique(fold_of):
        train = (fold_of == fold) if swap else (fold_of != fold)
        parts = {"train": train, "test": ~train, "all": np.ones(len(y), dtype=bool)}
        best = np.argsort(-score(X[parts[choose]], y[parts[choose]]))[:keep]
        A = np.column_stack([np.ones(len(y)), X[:, best]]) if intercept else X[:, best]
        w = np.linalg.lstsq(A[parts[fit]], y[parts[fit]], rcond=None)[0]
        predicted[~train] = A[~train] @ w
    return predicted


def _held_out_reference(X, y, fold_of, keep):
    predicted = np.empty(len(y))
    for fold in np.unique(fold_of):
        train = fold_of != fold
        r = np.corrcoef(X[train], y[train], rowvar=False)[-1, :-1]
        best = np.argsort(-np.abs(r))[:keep]
        A = np.column_stack([np.ones(len(y)), X[:, best]])
        w = np.linalg.lstsq(A[train], y[train], rcond=None)[0]
        predicted[~train] = A[~train] @ w
    return predicted


def _held_out_centred(X, y, fold_of, keep):
    """Another route: squared correlations, and no column of ones."""
    predicted = [0.0] * len(y)
    for fold in set(fold_of.tolist()):
        train = fold_of != fold
        r2 = [np.corrcoef(X[train, j], y[train])[0, 1] ** 2 for j in range(X.shape[1])]
        best = sorted(range(X.shape[1]), key=lambda j: r2[j])[-keep:]
        centre, middle = X[train][:, best].mean(axis=0), y[train].mean()
        w = np.linalg.pinv(X[train][:, best] - centre) @ (y[train] - middle)
        for row in np.flatnonzero(fold_of == fold):
            predicted[row] = middle + (X[row, best] - centre) @ w
    return predicted


def _chosen_in_one_fold(X, y, fold_of, keep, which):
    train = fold_of != np.unique(fold_of)[which]
    best = np.argsort(-_absolute(X[train], y[train]))[:keep]
    return _held_out(X[:, best], y, fold_of, keep)


def _rows_fitted_to(X, y, fold_of, keep):
    predicted = np.empty(len(y))
    for fold in np.unique(fold_of):
        train = fold_of != fold
        best = np.argsort(-_absolute(X[train], y[train]))[:keep]
        A = np.column_stack([np.ones(len(y)), X[:, best]])
        w = np.linalg.lstsq(A[train], y[train], rcond=None)[0]
        predicted[train] = A[train] @ w
    return predicted


_CHOSEN_ONCE = (
    "One choice of columns serves all folds here, so most folds have held-out rows that took part "
    "in it. Choose anew for every fold, on its own training rows."
)


def _held_out_predictions_planted(X, y, fold_of, keep):
    r = np.array([np.corrcoef(column, y)[0, 1] for column in X.T])
    best = np.argsort(-np.abs(r))[:keep]
    A = np.column_stack([np.ones(len(y)), X[:, best]])
    predicted = np.empty(len(y))
    for fold in np.unique(fold_of):
        train = fold_of != fold
        w = np.linalg.lstsq(A[train], y[train], rcond=None)[0]
        predicted[~train] = A[~train] @ w
    return predicted


held_out_predictions = Bug(
    "ml_basics.honest_evaluation.held_out_predictions",
    title="Find the leak",
    cases=_leak_cases,
    expected=_held_out_by_library,
    reference=_held_out_reference,
    planted=_held_out_predictions_planted,
    rtol=1e-5,  # least squares in single precision
    atol=1e-5,
    mistakes=[
        Mistake(
            "columns chosen on the held-out rows",
            lambda X, y, fold_of, keep: _held_out(X, y, fold_of, keep, choose="test"),
            "Now the choice is made on exactly the rows that it must not see. Use the training "
            "rows of each fold.",
        ),
        Mistake(
            "weights fitted to all rows",
            lambda X, y, fold_of, keep: _held_out(X, y, fold_of, keep, fit="all"),
            "The choice of columns is inside now, but the weights have seen the held-out targets. "
            "Fit them to the training rows.",
        ),
        Mistake(
            "everything inside the loop, on all rows",
            lambda X, y, fold_of, keep: _held_out(X, y, fold_of, keep, choose="all", fit="all"),
            "Being inside the loop is not enough: each step must use the training rows only.",
        ),
        Mistake(
            "the largest correlation, not the largest absolute one",
            lambda X, y, fold_of, keep: _held_out(X, y, fold_of, keep, score=_correlation),
            "A correlation of −0.8 is as useful as one of 0.8. Sort by the absolute value.",
        ),
        Mistake(
            "covariance in the place of correlation",
            lambda X, y, fold_of, keep: _held_out(X, y, fold_of, keep, score=_covariance),
            "Without dividing by the spreads, columns with large units win. Keep np.corrcoef.",
        ),
        Mistake(
            "the intercept lost",
            lambda X, y, fold_of, keep: _held_out(X, y, fold_of, keep, intercept=False),
            "The column of ones is gone, so the line has to pass through the origin.",
        ),
        Mistake(
            "the smallest absolute correlations",
            lambda X, y, fold_of, keep: _held_out(
                X, y, fold_of, keep, score=lambda X, y: -_absolute(X, y)
            ),
            "The columns kept are those with the *smallest* absolute correlations. np.argsort "
            "sorts upwards.",
        ),
        Mistake(
            "columns chosen once, on the training rows of one fold",
            lambda *args: _chosen_in_one_fold(*args, which=0),
            _CHOSEN_ONCE,
        ),
        Mistake(
            "columns chosen once, on the training rows of one fold",
            lambda *args: _chosen_in_one_fold(*args, which=-1),
            _CHOSEN_ONCE,
        ),
        Mistake(
            "predictions for the rows that were fitted",
            _rows_fitted_to,
            "Each row's prediction comes from a fit that has seen its target. Predict the rows "
            "that were held out.",
        ),
        Mistake(
            "training and held-out rows exchanged",
            lambda X, y, fold_of, keep: _held_out(X, y, fold_of, keep, swap=True),
            "One fold trains here, all others are predicted. It is the other way round: train on "
            "fold_of != fold.",
        ),
    ],
    also_correct=[
        _held_out_by_library,
        _held_out_centred,
        lambda X, y, fold_of, keep: _held_out(X, y, fold_of, keep).tolist(),
        lambda X, y, fold_of, keep: _held_out(X, y, fold_of, keep).astype(np.float32),
    ],
    hints=[
        "At which moment are rows used that the fold should not know?",
        "The correlations are computed before the loop, from all rows and all targets.",
        "Move the choice of columns (and the matrix A built from it) into the loop, with "
        "X[train] and y[train] in the correlations.",
    ],
    carry_on="In scikit-learn, a Pipeline of SelectKBest and LinearRegression given to "
    "cross_val_predict repeats both steps in every fold: the check compares with exactly that.",
)
