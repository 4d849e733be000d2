"""Exercises of the lesson on inputs out of distribution."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises.engine import Bug, Case, Choice, Function, Mistake, Option, Value

# --- Exercise 1: a detector held upside down ------------------------------------------------------


def _auroc_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([0.1, 0.2, 0.4]), np.array([0.3, 0.4, 0.9])), label="the text's scores")
    yield Case((np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0])), label="all strangers are higher")
    yield Case((rng.normal(size=8), rng.normal(1, 1, size=5)), label="random scores, no ties")
    yield Case(
        (rng.integers(0, 3, size=12) / 1.0, rng.integers(1, 4, size=7) / 1.0), label="many ties"
    )
    yield Case((rng.normal(1, 1, size=7), rng.normal(0, 1, size=6)), label="worse than a coin")
    yield Case(
        (np.array([2.0, 2.0, 2.0, 2.0]), np.array([2.0, 2.0, 2.0])), label="nothing but ties"
    )


def _auroc_by_sklearn(inside, outside):
    from sklearn.metrics import roc_auc_score

    labels = np.repeat([0, 1], [len(inside), len(outside)])
    return roc_auc_score(labels, np.concatenate([inside, outside]))


def _pairs(inside, outside):
    return outside[:, None] > inside[None, :], outside[:, None] == inside[None, :]


def _auroc(inside, outside):
    larger, equal = _pairs(inside, outside)
    return (larger + 0.5 * equal).mean()


def _auroc_planted(inside, outside):
    scores = np.concatenate([inside, outside])
    ranks = np.argsort(np.argsort(scores)) + 1  # 1 for the smallest
    n, m = len(inside), len(outside)
    return (ranks[:n].sum() - n * (n + 1) / 2) / (n * m)


def _auroc_one_sided(inside, outside):
    return 1 - _auroc_planted(inside, outside)


def _auroc_by_rankdata(inside, outside):
    from scipy.stats import rankdata

    ranks, m = rankdata(np.concatenate([inside, outside])), len(outside)
    return (ranks[len(inside) :].sum() - m * (m + 1) / 2) / (len(inside) * m)


auroc = Bug(
    "uncertainty_and_trust.out_of_distribution.auroc",
    title="A detector held upside down",
    cases=_auroc_cases,
    expected=_auroc_by_sklearn,
    reference=_auroc,
    planted=_auroc_planted,
    mistakes=[
        Mistake(
            "upside down, ties repaired",
            lambda inside, outside: 1 - _auroc(inside, outside),
            "Ties count one half now. But the ranks of the digits are added, so a perfect detector "
            "gets 0: large means strange, so the strangers' scores should win.",
        ),
        Mistake(
            "ties counted as nothing",
            lambda inside, outside: _pairs(inside, outside)[0].mean(),
            "A tie between a digit and a stranger counts one half, not zero. A score that is the "
            "same for all should get 0.5.",
        ),
        Mistake(
            "ties counted as right",
            _auroc_one_sided,
            "The right way up now. But equal scores still count as successes, whether by >= or "
            "because argsort ranks them by where they stand. A tie counts one half: average the "
            "ranks, or compare the pairs.",
        ),
        Mistake(
            "ties left out of the count",
            lambda inside, outside: (
                _pairs(inside, outside)[0].sum() / max((~_pairs(inside, outside)[1]).sum(), 1)
            ),
            "You divide by the pairs without ties only. Keep all pairs, and give a tie one half.",
        ),
        Mistake(
            "never below one half",
            lambda inside, outside: max(_auroc(inside, outside), 1 - _auroc(inside, outside)),
            "The direction of a score is fixed beforehand. A value below one half is a result, not "
            "something to be turned round.",
        ),
    ],
    also_correct=[
        _auroc_by_sklearn,
        _auroc_by_rankdata,
        lambda inside, outside: np.float32(_auroc(inside, outside)),
    ],
    hints=[
        "Try it on inside = [1, 2, 3] and outside = [4, 5]. What should come out, and what does?",
        "Then on scores that are all equal: 0.5 is right. Which ranks does argsort give them?",
        "Without ranks: (outside[:, None] > inside) counts 1, (outside[:, None] == inside) counts "
        "0.5, and the mean is over all pairs.",
    ],
    carry_on="Rounded scores make many ties, and softmax probabilities of exactly 1 do too: how "
    "ties are counted can decide which detector looks better.",
)

# --- Exercise 2: energy with a temperature --------------------------------------------------------


def _energy_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[2.0, 0.0, 0.0]]), 1.0), label="the example of the text")
    yield Case((rng.normal(0, 3, size=(4, 10)), 1.0), label="ten classes")
    yield Case((rng.normal(0, 3, size=(3, 5)), 4.0), label="temperature 4")
    yield Case((rng.normal(0, 3, size=(3, 5)), 0.5), label="temperature 0.5")
    yield Case(
        (np.array([[1000.0, 999.0, 0.0], [-1000.0, -1001.0, -999.0]]), 1.0),
        label="one row of huge logits, one far below 0",
    )
    yield Case(
        (np.array([[-1000.0, 1000.0, 0.0]]), 1.0), label="huge logits of both signs in one row"
    )


def _energy_by_scipy(logits, temperature):
    from scipy.special import logsumexp

    return -temperature * logsumexp(np.asarray(logits) / temperature, axis=1)


def _energy(logits, temperature):
    z = np.asarray(logits, dtype=float) / temperature
    top = z.max(axis=1)
    return -temperature * (top + np.log(np.exp(z - top[:, None]).sum(axis=1)))


def _energy_overflow(logits, temperature):
    with np.errstate(all="ignore"):
        return -temperature * np.log(np.exp(np.asarray(logits) / temperature).sum(axis=1))


def _energy_of_softmax(logits, temperature):
    z = np.asarray(logits) / temperature
    p = np.exp(z - z.max(axis=1, keepdims=True))
    return _energy(p / p.sum(axis=1, keepdims=True), 1.0)


def _energy_no_return(logits, temperature):
    z = np.asarray(logits, dtype=float) / temperature
    return -temperature * np.log(np.exp(z - z.max(axis=1, keepdims=True)).sum(axis=1))


energy = Function(
    "uncertainty_and_trust.out_of_distribution.energy",
    title="Energy with a temperature",
    cases=_energy_cases,
    expected=_energy_by_scipy,
    reference=_energy,
    mistakes=[
        Mistake(
            "overflow",
            _energy_overflow,
            "exp(1000) is infinite, and exp(−1000) is 0, whose logarithm is −∞. Take the largest "
            "logit out of the sum first and add it back behind the logarithm.",
        ),
        Mistake(
            "the maximum not added back",
            _energy_no_return,
            "Subtracting the maximum changes the energy (unlike the softmax). Add it back behind "
            "the logarithm.",
        ),
        Mistake(
            "the factor T in front forgotten",
            lambda logits, temperature: _energy(logits, temperature) / temperature,
            "The logits are divided by T inside, and the logarithm is multiplied by T outside.",
        ),
        Mistake(
            "the temperature forgotten inside",
            lambda logits, temperature: temperature * _energy(logits, 1.0),
            "Divide the logits by T before the exponential.",
        ),
        Mistake(
            "the temperature ignored",
            lambda logits, temperature: _energy(logits, 1.0),
            "This is right for T = 1 only.",
        ),
        Mistake(
            "multiplied by the temperature",
            lambda logits, temperature: _energy(np.asarray(logits) * temperature, 1.0),
            "A temperature divides the logits: a high one makes them more alike.",
        ),
        Mistake(
            "the sign",
            lambda logits, temperature: -_energy(logits, temperature),
            "The energy has a minus in front: large logits mean low energy.",
        ),
        Mistake(
            "the energy of probabilities",
            _energy_of_softmax,
            "The softmax came first. It removes the level of the logits, and the energy is "
            "about this level. Use the logits themselves.",
        ),
        Mistake(
            "the mean instead of the sum",
            lambda logits, temperature: (
                _energy(logits, temperature) + temperature * np.log(np.shape(logits)[1])
            ),
            "The exponentials are added over the classes, not averaged.",
        ),
        Mistake(
            "minus the largest logit",
            lambda logits, temperature: -np.asarray(logits, dtype=float).max(axis=1),
            "At a very low temperature the energy is near this. Otherwise all classes count.",
        ),
    ],
    also_correct=[
        _energy_by_scipy,
        lambda logits, temperature: _energy(logits, temperature).tolist(),
    ],
    hints=[
        "ln Σ exp(z) = m + ln Σ exp(z − m) for any m. Which m makes all exponents at most 0?",
        "Divide by the temperature first, then take the maximum of each row with axis=1.",
        "-temperature * (top + np.log(np.exp(z - top[:, None]).sum(axis=1)))",
    ],
    carry_on="For T → 0 the energy becomes minus the largest logit; for large T it is minus the "
    "mean logit minus T ln K. The ranking of pictures can change in between.",
)

# --- Exercise 3: who copies from whom -------------------------------------------------------------


def _hint_cases(rng: np.random.Generator) -> Iterator[Case]:
    one = np.array([[0.5, 0.5]]), np.array([0.8]), np.array([0])
    yield Case((*one, np.array([True]), 0.1), label="the example of the text")
    yield Case((*one, np.array([False]), 0.1), label="no hint on sale, c is paid all the same")
    p, c = rng.dirichlet(np.ones(4), size=6), rng.uniform(0.1, 0.9, size=6)
    labels = rng.integers(0, 4, size=6)
    yield Case((p, c, labels, np.ones(6, dtype=bool), 0.5), label="hints for all")
    yield Case((p, c, labels, np.arange(6) % 2 == 0, 0.5), label="hints for half")
    yield Case(
        (p, np.full(6, 0.999), labels, np.ones(6, dtype=bool), 0.0), label="nearly sure, free"
    )


def _hint_by_definition(p, c, labels, hinted, lam):
    """p' = c p + (1 − c) y with one-hot y, row by row."""
    losses = []
    for row, confidence, label, hint in zip(p, c, labels, hinted, strict=True):
        solution = np.eye(len(row))[label]
        answer = confidence * row + (1 - confidence) * solution if hint else row
        losses.append(-np.log(answer[label]) - lam * np.log(confidence))
    return sum(losses) / len(losses)


def _hint_variant(mix, pays, sign=1.0, average=np.mean):
    def loss(p, c, labels, hinted, lam):
        right = p[np.arange(len(p)), labels]
        nll = -np.log(np.where(hinted, mix(c, right), right))
        return average(nll - sign * lam * np.where(pays(hinted), np.log(c), 0))

    return loss


def _own(c, right):
    return c * right + 1 - c


def _swapped(c, right):
    return (1 - c) * right + c


def _everybody(hinted):
    return np.ones_like(hinted)


def _hinted_only(hinted):
    return hinted


def _the_others(hinted):
    return ~hinted


_hint_loss = _hint_variant(_own, _everybody)


def _hint_all(p, c, labels, hinted, lam):
    return _hint_loss(p, c, labels, np.ones_like(hinted), lam)


def _hint_reversed(p, c, labels, hinted, lam):
    return _hint_loss(p, c, labels, ~hinted, lam)


def _hint_price_of_asking(p, c, labels, hinted, lam):
    right = p[np.arange(len(p)), labels]
    nll = -np.log(np.where(hinted, _own(c, right), right))
    return np.mean(nll - lam * np.log(1 - c))


def _confidence_loss_planted(p, c, labels, hinted, lam):
    right = p[np.arange(len(p)), labels]  # probability of the right class
    mixed = (1 - c) * right + c
    nll = -np.log(np.where(hinted, mixed, right))
    price = -np.log(c)
    return np.mean(nll + lam * np.where(hinted, price, 0))


confidence_loss = Bug(
    "uncertainty_and_trust.out_of_distribution.confidence_loss",
    title="Who copies from whom",
    cases=_hint_cases,
    expected=_hint_by_definition,
    reference=_hint_loss,
    planted=_confidence_loss_planted,
    mistakes=[
        Mistake(
            "still copying when sure",
            _hint_variant(_swapped, _everybody),
            "All rows pay now. But c weighs the solution here: a network that is sure (c = 1) "
            "copies. Its own probability must get the weight c.",
        ),
        Mistake(
            "only those with hints pay",
            _hint_variant(_own, _hinted_only),
            "The mixture is right now. But rows without hints must pay −λ ln c as well; otherwise "
            "c is pulled up only where hints are offered.",
        ),
        Mistake(
            "only those without hints pay",
            _hint_variant(_own, _the_others),
            "The price is charged where no hints are on sale. All rows pay it.",
        ),
        Mistake(
            "the price with the wrong sign",
            _hint_variant(_own, _everybody, sign=-1.0),
            "ln c is negative. With a plus, low confidence is rewarded: the price is −λ ln c.",
        ),
        Mistake(
            "hints for everybody",
            _hint_all,
            "Rows where `hinted` is False count with their own probability, unmixed.",
        ),
        Mistake(
            "hints for the other half",
            _hint_reversed,
            "np.where(hinted, with hints, without): the two are exchanged.",
        ),
        Mistake(
            "the price of being sure",
            _hint_price_of_asking,
            "−ln(1 − c) is large for a network that is sure. Asking is what costs: −ln c.",
        ),
        Mistake(
            "the sum instead of the mean",
            _hint_variant(_own, _everybody, average=np.sum),
            "Average over the batch.",
        ),
    ],
    also_correct=[
        _hint_by_definition,
        lambda p, c, labels, hinted, lam: np.float32(_hint_loss(p, c, labels, hinted, lam)),
    ],
    hints=[
        "Put c = 1 into `mixed`. A sure network should get exactly its own probability.",
        "Then look at who pays −λ ln c: the text says all rows.",
        "mixed = c * right + (1 - c), and lam * price without the np.where.",
    ],
    carry_on="The label's probability in the solution is 1, which is why the mixture of the right "
    "class is c·p + (1 − c). The other classes only shrink.",
)

# --- Exercise 4: the logarithm of a mean of tiny numbers ------------------------------------------


def _weights_cases(rng: np.random.Generator) -> Iterator[Case]:
    zero = np.zeros((2, 1))
    yield Case((np.array([[-800.0], [-801.0]]), zero, zero), label="the example of the text")
    yield Case(tuple(rng.normal(size=(3, 4, 3))), label="four draws, three pictures")
    parts = rng.normal(size=(3, 5, 2)) * 10 - np.array([900.0, 30.0, 20.0])[:, None, None]
    yield Case(tuple(parts), label="as tiny as for pictures")
    yield Case(tuple(rng.normal(size=(3, 1, 4)) + 500), label="one draw, and large densities")


def _log_likelihood_by_scipy(log_x_given_z, log_prior, log_q):
    from scipy.special import logsumexp

    log_w = np.asarray(log_x_given_z) + log_prior - log_q
    return logsumexp(log_w, axis=0, b=1 / len(log_w))


def _log_mean(log_w):
    top = log_w.max(axis=0)
    return top + np.log(np.exp(log_w - top).mean(axis=0))


def _log_likelihood(log_x_given_z, log_prior, log_q):
    return _log_mean(np.asarray(log_x_given_z) + log_prior - log_q)


def _log_underflow(log_x_given_z, log_prior, log_q):
    with np.errstate(all="ignore"):
        return np.log(np.exp(np.asarray(log_x_given_z) + log_prior - log_q).mean(axis=0))


def _log_no_return(log_x_given_z, log_prior, log_q):
    log_w = np.asarray(log_x_given_z) + log_prior - log_q
    return np.log(np.exp(log_w - log_w.max(axis=0)).mean(axis=0))


log_likelihood = Function(
    "uncertainty_and_trust.out_of_distribution.log_likelihood",
    title="The logarithm of a mean of tiny numbers",
    cases=_weights_cases,
    expected=_log_likelihood_by_scipy,
    reference=_log_likelihood,
    mistakes=[
        Mistake(
            "underflow",
            _log_underflow,
            "exp(−800) is 0 to a computer. Take the largest logarithm out before the exponential "
            "and add it back at the end.",
        ),
        Mistake(
            "the mean of the logarithms",
            lambda a, b, c: (np.asarray(a) + b - c).mean(axis=0),
            "That is the bound that is trained, at most the logarithm of the mean. Take the "
            "exponential, average, then the logarithm.",
        ),
        Mistake(
            "the sum instead of the mean",
            lambda a, b, c: _log_likelihood(a, b, c) + np.log(len(a)),
            "ln Σ w grows with the number of draws. Subtract ln K.",
        ),
        Mistake(
            "the maximum not added back",
            _log_no_return,
            "The largest logarithm was taken out. Add it back behind the logarithm.",
        ),
        Mistake(
            "the proposal forgotten",
            lambda a, b, c: _log_mean(np.asarray(a) + b),
            "The draws come from q, so each weight is divided by q(z|x): subtract log_q.",
        ),
        Mistake(
            "the proposal with a plus",
            lambda a, b, c: _log_mean(np.asarray(a) + b + c),
            "Division by q is subtraction of its logarithm.",
        ),
        Mistake(
            "the prior forgotten",
            lambda a, b, c: _log_mean(np.asarray(a) - c),
            "The numerator is p(x|z)·p(z): log_prior is missing.",
        ),
        Mistake(
            "averaged over the pictures",
            lambda a, b, c: _log_mean((np.asarray(a) + b - c).T),
            "The first axis holds the draws. Average over axis 0.",
        ),
        Mistake(
            "only the largest weight",
            lambda a, b, c: (np.asarray(a) + b - c).max(axis=0),
            "The largest weight often dominates, but the others count too.",
        ),
        Mistake(
            "the sign",
            lambda a, b, c: -_log_likelihood(a, b, c),
            "That is the score, minus the log-likelihood. Return the log-likelihood.",
        ),
    ],
    also_correct=[
        _log_likelihood_by_scipy,
        lambda a, b, c: np.logaddexp.reduce(np.asarray(a) + b - c, axis=0) - np.log(len(a)),
        lambda a, b, c: _log_likelihood(a, b, c).tolist(),
    ],
    hints=[
        "The logarithm of a weight is log_x_given_z + log_prior − log_q.",
        "ln mean(w) = m + ln mean(exp(log_w − m)), with m the maximum over the draws.",
        "top + np.log(np.exp(log_w - top).mean(axis=0)), top = log_w.max(axis=0)",
    ],
    carry_on="With more draws the estimate rises towards ln p(x): with one draw it is, on average, "
    "the bound that was trained.",
)

# --- Exercise 5: one centre for each class --------------------------------------------------------


def _class_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(
        (
            np.array([[-3.0], [-1.0], [1.0], [3.0]]),
            np.array([0, 0, 1, 1]),
            np.array([[2.0], [0.0], [5.0]]),
        ),
        label="the example of the text",
    )
    labels = np.arange(30) % 3
    mixing = np.array([[2.0, 0.0], [1.5, 0.4]])
    centres = np.array([[0.0, 0.0], [8.0, 0.0], [0.0, 5.0]])
    features = centres[labels] + rng.normal(size=(30, 2)) @ mixing
    yield Case((features, labels, rng.normal(3, 4, size=(6, 2))), label="three tilted clouds")
    yield Case(
        (features[:25], labels[:25] * 2 + 5, rng.normal(3, 4, size=(4, 2))),
        label="classes 5, 7, 9 of unequal size",
    )
    yield Case((100 + features, labels, 100 + features[:5]), label="far from the origin")


def _class_means(features, labels):
    return {k: features[labels == k].mean(axis=0) for k in np.unique(labels)}


def _within(features, labels):
    means = _class_means(features, labels)
    return features - np.array([means[k] for k in labels])


def _class_by_sklearn(features, labels, x):
    from sklearn.covariance import EmpiricalCovariance

    shared = EmpiricalCovariance(assume_centered=True).fit(_within(features, labels))
    means = _class_means(features, labels).values()
    return np.min([shared.mahalanobis(x - m) for m in means], axis=0)


def _squared(offset, matrix):
    return np.einsum("ni,ij,nj->n", offset, matrix, offset)


def _class_variant(matrix, choose=np.min):
    def distance(features, labels, x):
        within = _within(features, labels)
        m = matrix(features, within, labels)
        each = [_squared(x - mean, m) for mean in _class_means(features, labels).values()]
        return choose(each, axis=0)

    return distance


def _shared(features, within, labels):
    return np.linalg.inv(within.T @ within / len(within))


_nearest_class = _class_variant(_shared)


def _class_overall(features, labels, x):
    centred = features - features.mean(axis=0)
    return _squared(x - features.mean(axis=0), np.linalg.inv(centred.T @ centred / len(features)))


def _class_own_covariance(features, labels, x):
    each = []
    for k, mean in _class_means(features, labels).items():
        part = features[labels == k] - mean
        each.append(_squared(x - mean, np.linalg.inv(part.T @ part / len(part))))
    return np.min(each, axis=0)


def _class_no_mean(features, labels, x):
    within = _within(features, labels)
    return _squared(x, _shared(features, within, labels))


def _class_total(features, within, labels):
    centred = features - features.mean(axis=0)
    return np.linalg.inv(centred.T @ centred / len(centred))


nearest_class = Function(
    "uncertainty_and_trust.out_of_distribution.nearest_class",
    title="One centre for each class",
    cases=_class_cases,
    expected=_class_by_sklearn,
    reference=_nearest_class,
    rtol=1e-5,
    mistakes=[
        Mistake(
            "the covariance not inverted",
            _class_variant(lambda features, within, labels: within.T @ within / len(within)),
            "This multiplies by the covariance. Directions with a large spread must count *less*: "
            "use its inverse.",
        ),
        Mistake(
            "the covariance of everything",
            _class_variant(_class_total),
            "That covariance contains the distances between the classes. Subtract from each "
            "training row the mean of its own class first.",
        ),
        Mistake(
            "one centre for all",
            _class_overall,
            "That is the plain Mahalanobis distance. Here every class has a mean of its own.",
        ),
        Mistake(
            "a covariance for each class",
            _class_own_covariance,
            "The covariance is shared by all classes, so that it rests on all n rows.",
        ),
        Mistake(
            "no mean subtracted",
            _class_no_mean,
            "The distance is from the class mean, not from the origin.",
        ),
        Mistake(
            "the furthest class",
            _class_variant(_shared, np.max),
            "Take the smallest distance: a digit need only be near its own class.",
        ),
        Mistake(
            "the average over the classes",
            _class_variant(_shared, np.mean),
            "Averaged over all classes, even a perfect 3 is far from the other nine. Take the "
            "smallest.",
        ),
        Mistake(
            "the root taken",
            lambda features, labels, x: np.sqrt(_nearest_class(features, labels, x)),
            "Wanted is the squared distance, without the root.",
        ),
        Mistake(
            "the Euclidean distance",
            _class_variant(lambda features, within, labels: np.eye(features.shape[1])),
            "Without the inverse covariance all directions count alike.",
        ),
        Mistake(
            "divided by n − 1",
            _class_variant(
                lambda features, within, labels: np.linalg.inv(
                    within.T @ within / (len(within) - 1)
                )
            ),
            "np.cov divides by n − 1. The task divides by n.",
        ),
    ],
    also_correct=[
        _class_by_sklearn,
        lambda features, labels, x: _nearest_class(features, labels, x).tolist(),
    ],
    hints=[
        "First the mean of each class, then the training rows minus the mean of their own class.",
        "C = within.T @ within / n, and np.linalg.inv(C). For one mean: offset = x − mean, and the "
        "squared distance is (offset @ inverse * offset).sum(axis=1).",
        "Collect these for all classes in a list and take np.min(list, axis=0).",
    ],
    carry_on="Rotating or rescaling the features, by any invertible matrix, leaves this score as "
    "it is. That is what dividing by the covariance buys.",
)

# --- Exercise 6: where the threshold comes from ---------------------------------------------------

threshold_source = Choice(
    "uncertainty_and_trust.out_of_distribution.threshold_source",
    title="Where may the threshold come from?",
    options={
        "a": Option(
            "The 95 % quantile of the scores of the training digits: there are most of them.",
            "The network has adapted to these, so their scores are lower than those of new digits. "
            "Fewer than 95 % of future digits would pass.",
        ),
        "b": Option(
            "The 95 % quantile of the scores of the validation digits.",
            "They are new to the network, and they are of the kind the promise speaks of. No "
            "stranger is needed, and test digits and letters stay untouched for the report.",
            right=True,
        ),
        "c": Option(
            "The threshold at which 95 % of the test digits pass: the report is then exact.",
            "The report would confirm itself. What was used for setting cannot be used for "
            "checking.",
        ),
        "d": Option(
            "The threshold that separates validation digits and letters best.",
            "It says nothing about 95 %, it is made for letters, and the letters are no longer a "
            "test. The next kind of stranger will be another one.",
        ),
    },
    hints=[
        "The promise is about future digits. Which of the four sets are like them?",
        "Which of those must remain unused until the end?",
    ],
)

# --- Exercise 7: how rare a false alarm must be ---------------------------------------------------

false_alarm_rate = Value(
    "uncertainty_and_trust.out_of_distribution.false_alarm_rate",
    title="How rare may a false alarm be?",
    expected=lambda: 0.95 * (1 / 2_000) / (1 - 1 / 2_000),
    tolerance=2e-6,
    reference=0.95 / 1_999,
    mistakes=[
        Mistake(
            "a rate of one half",
            0.5,
            "Half of the *alarms* may be false. The question is for the share of the *digits*.",
        ),
        Mistake(
            "five per cent",
            0.05,
            "That is what FPR95-like settings stop. With one stranger in 2,000, nearly all alarms "
            "would be false.",
        ),
        Mistake(
            "the base rate itself",
            1 / 2_000,
            "Only 95 % of the strangers raise an alarm, and the digits are 1,999 of 2,000.",
        ),
        Mistake(
            "in per cent",
            100 * 0.95 / 1_999,
            "That is the number in per cent. Give a share.",
        ),
        Mistake(
            "twice as many",
            2 * 0.95 / 1_999,
            "With this share two alarms of three are false. Half true means as many strangers "
            "stopped as digits.",
        ),
        Mistake(
            "half as many",
            0.5 * 0.95 / 1_999,
            "With this share two alarms of three are true. One of two is enough.",
        ),
    ],
    also_correct=[0.95 / 2_000 / (1_999 / 2_000), np.float64(0.95 / 1_999), 0.000475],
    hints=[
        "Take 2,000 pictures: one stranger, 1,999 digits. How many true alarms are there?",
        "0.95 true alarms. As many false ones may come from 1,999 digits.",
    ],
    carry_on="Less than one digit in two thousand. To estimate such a share at all one needs tens "
    "of thousands of held-out digits: a threshold at 99.95 % cannot be read from a thousand.",
)
