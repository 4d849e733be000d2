"""Answers that a check once judged wrongly: each is a realistic answer that somebody might write.

Wrong ones that were accepted, right ones that were rejected, and wrong ones that got the name of
another mistake. Who finds one more writes it down here and mends the cases, the task or the name.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from sklearn.tree import DecisionTreeRegressor
from torch import nn
from torch.nn import functional as F

from exercises import discover

ALL = discover()


class Answer(NamedTuple):
    """An answer, the exercise it was given to, and what is special about it."""

    id: str
    special: str
    answer: Any


class Named(NamedTuple):
    """A wrong answer, and what its feedback must not say because it is not true of it."""

    id: str
    special: str
    answer: Any
    untrue: str


@pytest.fixture(autouse=True)
def own_progress(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "progress.sqlite3"))


# --- first chapter --------------------------------------------------------------------------------


def other_rows_with(vote, own=np.inf):
    """leave_one_out with its own vote, and its own distance from a row to itself."""

    def leave_one_out(X, y, k):
        X, y = np.asarray(X, dtype=float), np.asarray(y)
        distances = np.linalg.norm(X[:, None] - X[None], axis=2)
        np.fill_diagonal(distances, own)
        nearest = np.argsort(distances, axis=1, kind="stable")[:, :k]
        return np.array([vote(y[row]) for row in nearest])

    return leave_one_out


def smaller_of_the_most_frequent(votes):
    classes, counts = np.unique(votes, return_counts=True)
    return classes[counts.argmax()]


def larger_of_the_most_frequent(votes):
    return max(set(votes.tolist()), key=lambda kind: ((votes == kind).sum(), kind))


def first_seen_of_the_most_frequent(votes):
    return Counter(votes.tolist()).most_common(1)[0][0]


def median_of_the_votes(votes):
    return int(np.median(votes))


def deviation(y):
    return ((y - y.mean()) ** 2).sum()


def cut_with(candidates, *, start=math.inf, found=lambda best: best):
    """best_threshold with its own candidates, starting cost, and last look at the result."""

    def best_threshold(x, y):
        x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        lowest = deviation(y) - 1e-12 if start == "no cut" else start
        best = None
        for threshold in candidates(np.sort(x)):
            left = x <= threshold
            if left.all() or not left.any():
                continue
            cost = deviation(y[left]) + deviation(y[~left])
            if cost < lowest - 1e-12:
                best, lowest = float(threshold), cost
        return found(best)

    return best_threshold


def midpoints(x):
    x = np.unique(x)
    return (x[:-1] + x[1:]) / 2


def midpoints_of_all_neighbours(x):
    return (x[:-1] + x[1:]) / 2


def cross_entropy_shifted_by_the_mean(logits, labels):
    z = np.asarray(logits, dtype=float)
    z = z - z.mean(axis=1, keepdims=True)
    with np.errstate(all="ignore"):
        losses = np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), labels]
    return losses.mean()


def boosting_that_subtracts(X, y, rounds, rate):
    fitted = np.full(len(y), y.mean())
    for _ in range(rounds):
        stump = DecisionTreeRegressor(max_depth=1, random_state=0).fit(X, y - fitted)
        fitted = fitted - rate * stump.predict(X)
    return fitted


def split_that_overwrites_first(X_train, X_test):
    X_train = (X_train - X_train.mean(axis=0)) / X_train.std(axis=0)
    X_test = (X_test - X_train.mean(axis=0)) / X_train.std(axis=0)
    return X_train, X_test


# --- text as numbers ------------------------------------------------------------------------------


def all_cuts(word, vocabulary, first=True):
    """All ways to cut a word into pieces of the vocabulary, those with long pieces first."""
    if not word:
        return [[]]
    cuts = []
    for end in range(len(word), 0, -1):
        piece = word[:end] if first else "##" + word[:end]
        if piece in vocabulary:
            cuts += [[piece, *rest] for rest in all_cuts(word[end:], vocabulary, False)]
    return cuts


def pieces_by_backtracking(word, vocabulary):
    return next(iter(all_cuts(word, vocabulary)), ["[UNK]"])


def fewest_pieces(word, vocabulary):
    return min(all_cuts(word, vocabulary), key=len, default=["[UNK]"])


def fewest_pieces_unless_stuck(word, vocabulary):
    """The fewest pieces, but [UNK] where the longest first piece leads nowhere."""
    cuts = all_cuts(word, vocabulary)
    longest = next((word[:end] for end in range(len(word), 0, -1) if word[:end] in vocabulary), "")
    if not any(cut[0] == longest for cut in cuts):
        return ["[UNK]"]
    return min(cuts, key=len)


def merge_by_spaced_text(ids, pair, new):
    text = " ".join(map(str, ids))
    return list(map(int, text.replace(f"{pair[0]} {pair[1]}", str(new)).split()))


def merge_by_digits(ids, pair, new):
    text = "".join(map(str, ids))
    return list(map(int, text.replace(f"{pair[0]}{pair[1]}", str(new))))


# --- word vectors ---------------------------------------------------------------------------------


def analogy_with(mark, excluded=lambda a, b, c: (a, b, c)):
    """analogy that gives the excluded words the score ``mark``."""

    def analogy(vectors, a, b, c, exclude):
        unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        scores = unit @ (unit[b] - unit[a] + unit[c])
        if exclude:
            scores[list(excluded(a, b, c))] = mark
        return int(scores.argmax())

    return analogy


def analogy_in_place(vectors, a, b, c, exclude):
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return analogy_with(-np.inf)(vectors, a, b, c, exclude)


def ppmi_with_warnings(counts, power):
    columns = counts.sum(axis=0) ** power
    expected = counts.sum(axis=1, keepdims=True) * columns / columns.sum()
    ratio = np.log(counts / expected)
    return np.where(counts > 0, np.maximum(ratio, 0), 0.0)


# --- language models ------------------------------------------------------------------------------


def nucleus_with_one_more(p, share):
    order = np.argsort(-p)
    chosen = order[np.cumsum(p[order]) - p[order] <= share]
    kept = np.zeros_like(p)
    kept[chosen] = p[chosen]
    return kept / kept.sum()


# --- recurrent networks ---------------------------------------------------------------------------


def mean_over_losses_that_are_not_zero(losses, lengths):
    real = np.arange(losses.shape[1]) < lengths[:, None]
    kept = np.where(real, losses, 0.0)
    return kept.sum() / np.count_nonzero(kept)


def negated_in_place(stacked):
    hidden = len(stacked) // 3
    stacked[hidden : 2 * hidden] *= -1
    return stacked


def forecast_into_the_history(weights, bias, history, steps):
    """The forecasts are stored in an array of the history's own type."""
    values = np.concatenate([history, np.zeros(steps, dtype=history.dtype)])
    for step in range(len(history), len(values)):
        values[step] = weights @ values[step - len(weights) : step] + bias
    return values[len(history) :]


# --- training -------------------------------------------------------------------------------------


def training_loop_without_a_step(model, data, validation, epochs, lr):
    losses = []
    for _ in range(epochs):
        model.train()
        F.cross_entropy(model(data[0]), data[1]).backward()
        model.zero_grad()
        model.eval()
        with torch.no_grad():
            losses.append(F.cross_entropy(model(validation[0]), validation[1]).item())
    return losses


def training_loop_with_train_before_validation(model, data, validation, epochs, lr):
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for _ in range(epochs):
        optimizer.zero_grad()
        F.cross_entropy(model(data[0]), data[1]).backward()
        optimizer.step()
        model.eval()
        model.train()
        with torch.no_grad():
            losses.append(F.cross_entropy(model(validation[0]), validation[1]).item())
    return losses


# --- gradients ------------------------------------------------------------------------------------


def gradients_by_repeated_index(parents, slopes):
    """All parents of a node at once: of two equal indices, += counts one."""
    gradient = np.zeros(len(parents))
    gradient[-1] = 1.0
    for node in reversed(range(len(parents))):
        if parents[node]:
            gradient[parents[node]] += gradient[node] * np.array(slopes[node])
    return gradient


def input_gradient_by_repeated_index(g, kernel, stride, length):
    gradient = np.zeros(length)
    places = [i * stride + u for i in range(len(g)) for u in range(len(kernel))]
    gradient[places] += np.outer(g, kernel).ravel()
    return gradient


# --- generative models ----------------------------------------------------------------------------


def slerp_without_a_guard(z0, z1, t):
    cosine = z0 @ z1 / (np.linalg.norm(z0) * np.linalg.norm(z1))
    angle = np.arccos(np.clip(cosine, -1, 1))
    with np.errstate(all="ignore"):
        return (np.sin((1 - t) * angle) * z0 + np.sin(t * angle) * z1) / np.sin(angle)


def gan_losses_by_log1p(real_logits, fake_logits):
    with np.errstate(all="ignore"):
        judge = np.log1p(np.exp(-real_logits)).mean() + np.log1p(np.exp(fake_logits)).mean()
        return judge, np.log1p(np.exp(-fake_logits)).mean()


def noisy_by_lerp(x0, noise, bar):
    return x0.mul(bar**0.5).add(noise, alpha=(1 - bar) ** 0.5)


def ancestral_by_the_posterior(denoise, x, noise, bars):
    for t in range(len(bars) - 1, 0, -1):
        alpha = bars[t] / bars[t - 1]
        beta = 1 - alpha
        x0 = denoise(x, bars[t])
        mean = bars[t - 1] ** 0.5 * beta * x0 + alpha**0.5 * (1 - bars[t - 1]) * x
        variance = beta * (1 - bars[t - 1]) / (1 - bars[t])
        x = mean / (1 - bars[t]) + variance**0.5 * noise[t]
    return x


def compose_in_a_copy(blank, wished, scales):
    guided = blank.clone()
    for noise, scale in zip(wished, scales, strict=True):
        guided += scale * (noise - blank)
    return guided


def compose_by_sub(blank, wished, scales):
    return sum((w.sub(blank).mul(s) for w, s in zip(wished, scales, strict=True)), start=blank)


# --- reinforcement learning -----------------------------------------------------------------------


def certificate_with(values_of, slack=1e-9):
    """is_optimal with its own way to get the values of the policy."""

    def is_optimal(P, R, policy, gamma):
        rows = np.arange(len(R))
        q = R + gamma * P @ values_of(P, R, policy, gamma)
        return bool((q[rows, policy] >= q.max(axis=1) - slack).all())

    return is_optimal


def own_values(P, R, policy, gamma):
    rows = np.arange(len(R))
    return np.linalg.solve(np.eye(len(R)) - gamma * P[rows, policy], R[rows, policy])


def values_by_sweeps(count):
    def values_of(P, R, policy, gamma):
        rows, values = np.arange(len(R)), np.zeros(len(R))
        for _ in range(count):
            values = R[rows, policy] + gamma * P[rows, policy] @ values
        return values

    return values_of


def values_with_discount(discount):
    return lambda P, R, policy, gamma: own_values(P, R, policy, discount)


def exploitability_from_zero(payoff, mix):
    best = 0.0
    for column in payoff.T:
        best = max(best, float(-(mix @ column)))
    return best


def ucb_with(bonus, record=-math.inf):
    """ucb with its own bonus, and its own starting value of the running record."""

    def ucb(counts, sums):
        best, highest = 0, record
        for arm, (n, paid) in enumerate(zip(counts, sums, strict=True)):
            if n == 0:
                return arm
            index = paid / n + bonus(n, sum(counts))
            if index > highest:
                best, highest = arm, index
        return best

    return ucb


def right_bonus(n, total):
    return math.sqrt(2 * math.log(total) / n)


def double_q_in_place(choosing, judging, s, a, reward, following, terminated, alpha, gamma):
    target = reward
    if not terminated:
        target += gamma * judging[following][choosing[following].argmax()]
    choosing[s, a] += alpha * (target - choosing[s, a])
    return choosing


def dueling_by_torch(value, advantage):
    return value + advantage - torch.mean(advantage, dim=1, keepdim=True)


def dueling_by_unsqueeze(value, advantage):
    return value + advantage - advantage.mean(1).unsqueeze(1)


# --- representation learning ----------------------------------------------------------------------


def precision_with_itself_at(mark):
    def precision_within(features, labels, k):
        unit = features / np.linalg.norm(features, axis=1, keepdims=True)
        similarity = unit @ unit.T
        np.fill_diagonal(similarity, mark)
        found = np.argsort(-similarity, axis=1, kind="stable")[:, :k]
        return float((labels[found] == labels[:, None]).mean())

    return precision_within


# --- uncertainty and trust ------------------------------------------------------------------------


def energy_shifted_by(shift):
    def energy(logits, temperature):
        z = np.asarray(logits, dtype=float) / temperature
        moved = shift(z)
        with np.errstate(all="ignore"):
            return -temperature * (moved[:, 0] + np.log(np.exp(z - moved).sum(axis=1)))

    return energy


def with_dropout(finish, *, prepare=nn.Module.eval, passes_of=lambda passes: passes):
    """mc_dropout with its own end, beginning, and number of passes."""

    def mc_dropout(model, x, passes):
        prepare(model)
        for module in model.modules():
            if isinstance(module, nn.Dropout):
                module.train()
        with torch.no_grad():
            outputs = torch.stack([model(x) for _ in range(passes_of(passes))])
        model.eval()
        return finish(outputs)

    return mc_dropout


def moments(outputs):
    return outputs.mean(dim=0), outputs.var(dim=0, correction=0)


def left_as_it_came(model):
    return model


WRONG = [
    Answer(
        "nlp.text_as_numbers.longest_piece",
        "takes a shorter first piece where the longest leads nowhere",
        pieces_by_backtracking,
    ),
    Answer("nlp.text_as_numbers.longest_piece", "the fewest pieces", fewest_pieces),
    Answer(
        "nlp.text_as_numbers.longest_piece",
        "the fewest pieces where the longest first one leads somewhere",
        fewest_pieces_unless_stuck,
    ),
    Answer(
        "nlp.text_as_numbers.three_in_a_row",
        "a replacement in the text of the numbers, with blanks between them",
        merge_by_spaced_text,
    ),
    Answer(
        "nlp.text_as_numbers.three_in_a_row",
        "a replacement in the digits, one after the other",
        merge_by_digits,
    ),
    Answer(
        "nlp.language_models.nucleus",
        "one token too many where the share is met exactly",
        nucleus_with_one_more,
    ),
    Answer("nlp.word_vectors.analogy", "excluded words get the score 0", analogy_with(0.0)),
    Answer("nlp.word_vectors.analogy", "excluded words get the score −1", analogy_with(-1.0)),
    Answer(
        "nlp.word_vectors.analogy",
        "the first word is not excluded",
        analogy_with(-np.inf, lambda a, b, c: (b, c)),
    ),
    Answer("nlp.word_vectors.analogy", "the rows are scaled in place", analogy_in_place),
    Answer("nlp.word_vectors.ppmi", "warns of the logarithm of zero", ppmi_with_warnings),
    Answer(
        "nlp.word_vectors.uniform_noise",
        "plain PMI: noise in proportion to the counts, and one negative",
        float(np.log(8 * 1000 / (40 * 125))),
    ),
    Answer(
        "deep_learning.recurrent_networks.masked_mean",
        "divides by the number of losses that are not 0",
        mean_over_losses_that_are_not_zero,
    ),
    Answer(
        "deep_learning.recurrent_networks.to_pytorch",
        "changes the array that it was given",
        negated_in_place,
    ),
    Answer(
        "deep_learning.recurrent_networks.forecast",
        "forecasts cut off to whole numbers behind a history of whole numbers",
        forecast_into_the_history,
    ),
    Answer(
        "generative_models.gans.slerp",
        "divides by the sine of an angle of exactly 0",
        slerp_without_a_guard,
    ),
    Answer(
        "reinforcement_learning.decision_processes.is_optimal",
        "the largest reward of a state in place of its value",
        certificate_with(lambda P, R, policy, gamma: R.max(axis=1)),
    ),
    Answer(
        "reinforcement_learning.decision_processes.is_optimal",
        "the mean reward of a state in place of its value",
        certificate_with(lambda P, R, policy, gamma: R.mean(axis=1)),
    ),
    Answer(
        "reinforcement_learning.decision_processes.is_optimal",
        "values after two sweeps",
        certificate_with(values_by_sweeps(2)),
    ),
    Answer(
        "reinforcement_learning.decision_processes.is_optimal",
        "values with a discount factor of its own, 0.99",
        certificate_with(values_with_discount(0.99)),
    ),
    Answer(
        "reinforcement_learning.decision_processes.is_optimal",
        "values compared without a margin for rounding",
        certificate_with(own_values, slack=0.0),
    ),
    Answer(
        "reinforcement_learning.decision_processes.exploitability",
        "a record that begins at 0",
        exploitability_from_zero,
    ),
    Answer(
        "reinforcement_learning.temporal_difference.ucb",
        "the 2 in front of the root",
        ucb_with(lambda n, total: 2 * math.sqrt(math.log(total) / n)),
    ),
    Answer(
        "reinforcement_learning.temporal_difference.ucb",
        "a logarithm to the base 2",
        ucb_with(lambda n, total: math.sqrt(2 * math.log2(total) / n)),
    ),
    Answer(
        "reinforcement_learning.temporal_difference.ucb",
        "a record that begins at 0",
        ucb_with(right_bonus, record=0.0),
    ),
    Answer(
        "reinforcement_learning.temporal_difference.ucb",
        "a record that begins at −1",
        ucb_with(right_bonus, record=-1.0),
    ),
    Answer(
        "reinforcement_learning.temporal_difference.double_q_step",
        "writes into the table that it was given",
        double_q_in_place,
    ),
    Answer(
        "representation_learning.deep_infomax.precision_within",
        "the row itself gets the cosine 0",
        precision_with_itself_at(0.0),
    ),
    Answer(
        "representation_learning.deep_infomax.precision_within",
        "the row itself gets the cosine −1",
        precision_with_itself_at(-1.0),
    ),
    Answer(
        "uncertainty_and_trust.out_of_distribution.energy",
        "shifted by the first logit",
        energy_shifted_by(lambda z: z[:, :1]),
    ),
    Answer(
        "uncertainty_and_trust.out_of_distribution.energy",
        "shifted by the mean",
        energy_shifted_by(lambda z: z.mean(axis=1, keepdims=True)),
    ),
    Answer(
        "uncertainty_and_trust.uncertainty.mc_dropout",
        "never puts the model into evaluation mode before the passes",
        with_dropout(moments, prepare=left_as_it_came),
    ),
]

RIGHT = [
    Answer("generative_models.diffusion.noisy", "methods of tensors", noisy_by_lerp),
    Answer(
        "generative_models.diffusion.ancestral",
        "the posterior's variance in every step",
        ancestral_by_the_posterior,
    ),
    Answer("generative_models.diffusion.compose", "into a clone of blank", compose_in_a_copy),
    Answer("generative_models.diffusion.compose", "methods of tensors", compose_by_sub),
    Answer("reinforcement_learning.deep_q_learning.dueling", "torch.mean", dueling_by_torch),
    Answer("reinforcement_learning.deep_q_learning.dueling", "unsqueeze", dueling_by_unsqueeze),
    Answer(
        "uncertainty_and_trust.uncertainty.mc_dropout",
        "results in NumPy",
        with_dropout(lambda outputs: tuple(part.numpy() for part in moments(outputs))),
    ),
]

ONE_PASS = "for all passes"

NAMED = [
    Named(
        "generative_models.gans.gan_losses",
        "log1p(exp(a)) overflows, and has no sigmoid",
        gan_losses_by_log1p,
        "a sigmoid that rounds",
    ),
    Named(
        "deep_learning.training_that_works.training_loop",
        "train() between eval() and the validation",
        training_loop_with_train_before_validation,
        "What is missing is the way back",
    ),
    Named(
        "deep_learning.training_that_works.training_loop",
        "no step at all",
        training_loop_without_a_step,
        "you throw them away before step()",
    ),
    Named(
        "deep_learning.backpropagation.gradients",
        "adds to an array by an index that is named twice",
        gradients_by_repeated_index,
        "= keeps only what arrived last",
    ),
    Named(
        "deep_learning.convolution.input_gradient",
        "adds to an array by an index that is named twice",
        input_gradient_by_repeated_index,
        "write +=",
    ),
    *(
        Named("uncertainty_and_trust.uncertainty.mc_dropout", special, answer, ONE_PASS)
        for special, answer in [
            ("five passes", with_dropout(moments, passes_of=lambda passes: 5)),
            (
                "the sum in place of the mean",
                with_dropout(lambda y: (y.sum(dim=0), y.var(dim=0, correction=0))),
            ),
            ("the outputs of the last pass", with_dropout(lambda y: (y[-1], moments(y)[1]))),
            ("outputs doubled", with_dropout(lambda y: moments(2 * y))),
            ("mean and variance exchanged", with_dropout(lambda y: moments(y)[::-1])),
        ]
    ),
    Named(
        "uncertainty_and_trust.uncertainty.mc_dropout",
        "the mean over the outputs of each input",
        with_dropout(lambda y: (y.mean(dim=2), y.var(dim=2))),
        "over the inputs",
    ),
]


WRONG += [
    Answer(
        "ml_basics.classification.leave_one_out",
        "equal votes go to the larger class",
        other_rows_with(larger_of_the_most_frequent),
    ),
    Answer(
        "ml_basics.classification.leave_one_out",
        "equal votes go to the nearest row's class",
        other_rows_with(first_seen_of_the_most_frequent),
    ),
    Answer(
        "ml_basics.classification.leave_one_out",
        "the median of the labels in place of a vote",
        other_rows_with(median_of_the_votes),
    ),
    Answer(
        "ml_basics.classification.leave_one_out",
        "100 taken for a distance that no row has",
        other_rows_with(smaller_of_the_most_frequent, own=100.0),
    ),
    Answer(
        "ml_basics.trees_and_boosting.best_threshold",
        "the last cut is never tried",
        cut_with(lambda x: midpoints(x)[:-1] if len(np.unique(x)) > 2 else midpoints(x)),
    ),
    Answer(
        "ml_basics.trees_and_boosting.best_threshold",
        "midpoints of repeated values are tried",
        cut_with(midpoints_of_all_neighbours),
    ),
    Answer(
        "ml_basics.trees_and_boosting.best_threshold",
        "no cut where none improves",
        cut_with(midpoints, start="no cut"),
    ),
    Answer(
        "ml_basics.trees_and_boosting.best_threshold",
        "a threshold of 0 taken for none",
        cut_with(midpoints, found=lambda best: best or None),
    ),
    Answer(
        "ml_basics.classification.cross_entropy",
        "shifted by the mean of the logits",
        cross_entropy_shifted_by_the_mean,
    ),
]

NAMED += [
    Named(
        "ml_basics.trees_and_boosting.boost_residuals",
        "the right residual, subtracted",
        boosting_that_subtracts,
        "Adding a fit of fitted − y",
    ),
    Named(
        "ml_basics.linear_regression.standardise_split",
        "the training rows' numbers, taken after they were standardised",
        split_that_overwrites_first,
        "left as they are",
    ),
]


def label(entry: Any) -> str:
    return f"{entry.id.rpartition('.')[2]}: {entry.special}"


@pytest.mark.parametrize("entry", WRONG, ids=label)
def test_a_wrong_answer_that_was_accepted_is_not_accepted_any_more(entry):
    result = ALL[entry.id].evaluate(entry.answer)
    assert result.status == "wrong"


@pytest.mark.parametrize("entry", RIGHT, ids=label)
def test_a_right_answer_that_was_rejected_is_accepted(entry):
    result = ALL[entry.id].evaluate(entry.answer)
    assert result.status == "solved", result.lines


@pytest.mark.parametrize("entry", NAMED, ids=label)
def test_a_wrong_answer_is_told_nothing_that_is_untrue_of_it(entry):
    exercise = ALL[entry.id]
    result = exercise.evaluate(entry.answer)
    assert result.status == "wrong"
    assert entry.untrue not in exercise.block(result).text()
