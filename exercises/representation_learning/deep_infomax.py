"""Exercises of the lesson on Deep InfoMax."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from exercises.engine import Bug, Case, Function, Mistake, Value

# --- Exercise 1: mutual information from counts ---------------------------------------------------


def _count_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[4, 1], [1, 4]]),), label="the example of the text")
    yield Case((np.array([[3, 0], [0, 5]]),), label="fully dependent: zeros in the table")
    yield Case((np.array([[2, 4, 6], [1, 2, 3]]),), label="independent")
    yield Case((rng.integers(1, 30, size=(3, 5)),), label="random counts")
    yield Case((np.array([[7, 0, 2], [0, 0, 1]]),), label="a column that holds a single count")


def _counts_by_sklearn(counts):
    from sklearn.metrics import mutual_info_score

    return mutual_info_score(None, None, contingency=counts)


def _joint_and_product(counts):
    joint = np.asarray(counts) / np.sum(counts)
    return joint, joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)


def _mutual_information(counts):
    joint, product = _joint_and_product(counts)
    seen = joint > 0
    return float(np.sum(joint[seen] * np.log(joint[seen] / product[seen])))


def _information_with_nan(counts):
    joint, product = _joint_and_product(counts)
    with np.errstate(all="ignore"):
        return float(np.sum(joint * np.log(joint / product)))


def _information_unweighted(counts):
    joint, product = _joint_and_product(counts)
    seen = joint > 0
    return float(np.mean(np.log(joint[seen] / product[seen])))


def _information_of_counts(counts):
    counts = np.asarray(counts)
    product = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0, keepdims=True)
    seen = counts > 0
    return float(np.sum(counts[seen] * np.log(counts[seen] / product[seen])))


def _information_reversed(counts):
    joint, product = _joint_and_product(counts)
    seen = joint > 0
    return float(np.sum(product[seen] * np.log(product[seen] / joint[seen])))


def _information_by_entropies(counts):
    joint, _ = _joint_and_product(counts)

    def entropy(p):
        return -sum(v * np.log(v) for v in np.ravel(p) if v > 0)

    return entropy(joint.sum(axis=0)) + entropy(joint.sum(axis=1)) - entropy(joint)


mutual_information = Function(
    "representation_learning.deep_infomax.mutual_information",
    title="Mutual information from counts",
    cases=_count_cases,
    expected=_counts_by_sklearn,
    reference=_mutual_information,
    atol=1e-7,
    mistakes=[
        Mistake(
            "0 times log 0",
            _information_with_nan,
            "A pair that never occurs gave 0 · log 0, which NumPy calls NaN. Such a pair adds "
            "nothing: sum over the entries above zero only.",
        ),
        Mistake(
            "the plain mean of the point-wise values",
            _information_unweighted,
            "You averaged the point-wise information over the cells. It is weighted with how often "
            "each pair really occurs: multiply by the joint probability.",
        ),
        Mistake(
            "counts instead of probabilities",
            _information_of_counts,
            "The counts were never divided by their total.",
        ),
        Mistake(
            "logarithm to base 2",
            lambda counts: _mutual_information(counts) / np.log(2),
            "These are bits. A nat is the unit of the natural logarithm.",
        ),
        Mistake(
            "the two distributions exchanged",
            _information_reversed,
            "That is the divergence of the product from the joint. KL is not symmetric: weight "
            "with the joint, and put the joint on top.",
        ),
        Mistake(
            "the sign",
            lambda counts: -_mutual_information(counts),
            "Mutual information is never negative. The joint stands on top of the fraction.",
        ),
    ],
    also_correct=[_information_by_entropies, _counts_by_sklearn],
    hints=[
        "Three tables of the same shape: joint probabilities, product of the margins, and the "
        "logarithm of their ratio.",
        "joint = counts / counts.sum(); the margins are joint.sum(axis=1, keepdims=True) and "
        "joint.sum(axis=0, keepdims=True).",
        "seen = joint > 0, then sum joint[seen] * np.log(joint[seen] / product[seen]).",
    ],
    carry_on="From few counts this value is too large on average: chance alone makes a table look "
    "dependent. Estimating mutual information is hard long before networks come into it.",
)

# --- Exercise 2: the KL of a Gaussian code --------------------------------------------------------


def _kl_cases(rng: np.random.Generator) -> Iterator[Case]:
    def code(batch, size):
        return tuple(torch.tensor(rng.normal(size=(batch, size))) for _ in range(2))

    yield Case(
        (torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 0.0]])), label="the example of the text"
    )
    yield Case((torch.zeros(3, 2), torch.zeros(3, 2)), label="the prior itself")
    yield Case((torch.zeros(1, 1), torch.full((1, 1), 1.5)), label="too wide")
    yield Case(code(4, 3), label="four codes")
    yield Case(code(2, 5), label="two codes")


def _kl_by_torch(mu, log_var):
    from torch.distributions import Normal, kl_divergence

    code = Normal(mu, torch.exp(log_var / 2))
    return kl_divergence(code, Normal(torch.zeros_like(mu), 1.0)).sum(dim=1).mean()


def _kl_terms(mu, log_var):
    return 0.5 * (mu**2 + log_var.exp() - 1 - log_var)


def _kl_loop(mu, log_var):
    total = 0.0
    for row, spread in zip(mu, log_var, strict=True):
        for m, v in zip(row, spread, strict=True):
            total = total + 0.5 * (m * m + torch.exp(v) - 1 - v)
    return float(total / len(mu))


kl_to_standard = Function(
    "representation_learning.deep_infomax.kl_to_standard",
    title="The price of a code",
    cases=_kl_cases,
    expected=_kl_by_torch,
    reference=lambda mu, log_var: _kl_terms(mu, log_var).sum(dim=1).mean(),
    rtol=1e-5,
    atol=1e-6,
    mistakes=[
        Mistake(
            "the mean over the dimensions",
            lambda mu, log_var: _kl_terms(mu, log_var).mean(),
            "You averaged over the dimensions too. The divergence of independent coordinates is "
            "the sum of theirs; only the batch is averaged.",
        ),
        Mistake(
            "the sum over the batch",
            lambda mu, log_var: _kl_terms(mu, log_var).sum(),
            "The sum runs over the batch as well. Then the prior's weight would depend on the "
            "batch size.",
        ),
        Mistake(
            "the half forgotten",
            lambda mu, log_var: 2 * _kl_terms(mu, log_var).sum(dim=1).mean(),
            "Exactly twice too much: the factor one half is missing.",
        ),
        Mistake(
            "log sigma taken for log sigma squared",
            lambda mu, log_var: _kl_terms(mu, 2 * log_var).sum(dim=1).mean(),
            "log_var is the logarithm of the variance already. Do not double it.",
        ),
        Mistake(
            "the standard deviation in the place of the variance",
            lambda mu, log_var: (
                (0.5 * (mu**2 + (log_var / 2).exp() - 1 - log_var)).sum(dim=1).mean()
            ),
            "The formula holds the variance, exp(log_var). Here its root stands.",
        ),
        Mistake(
            "the sign of the logarithm",
            lambda mu, log_var: (0.5 * (mu**2 + log_var.exp() - 1 + log_var)).sum(dim=1).mean(),
            "The logarithm of the variance is subtracted. Without that, the cheapest code would "
            "have no width at all.",
        ),
    ],
    also_correct=[_kl_by_torch, _kl_loop],
    hints=[
        "Write the term of one dimension first, for all entries at once.",
        "0.5 * (mu**2 + log_var.exp() - 1 - log_var) has the shape (batch, D).",
        "Then .sum(dim=1).mean().",
    ],
    carry_on="It is zero only for the prior itself, and that code says nothing about its picture: "
    "the prior is paid for in information.",
)

# --- Exercise 3: the batch that InfoNCE needs -----------------------------------------------------


def _smallest_batch() -> int:
    n = 1
    while np.log(n) < 5:
        n += 1
    return n


batch_size = Value(
    "representation_learning.deep_infomax.batch_size",
    title="How large must the batch be?",
    expected=_smallest_batch,
    tolerance=0.4,
    reference=149,
    mistakes=[
        Mistake(
            "bits instead of nats",
            32,
            "2 to the power of 5: that would do for 5 bits. Nats belong to the natural logarithm.",
        ),
        Mistake(
            "rounded down",
            148,
            "The logarithm of 148 is a little less than 5, so 5 is still out of reach.",
        ),
        Mistake(
            "one more than the batch",
            150,
            "The limit counts all candidates of a row, the right one included: N, not N − 1.",
        ),
        Mistake(
            "the information itself",
            5,
            "The limit is the logarithm of the batch size, not the batch size.",
        ),
        Mistake(
            "base 10",
            100_000,
            "That is 10 to the power of 5. The nat belongs to the natural logarithm.",
        ),
    ],
    also_correct=[149.0, np.int64(149)],
    hints=[
        "Which function of N is the limit?",
        "log N ≥ 5 in natural logarithms: solve for N.",
        "N ≥ e⁵ ≈ 148.4, and N is a whole number.",
    ],
    carry_on="Each further nat multiplies the batch by e: 10 nats would need more than 22,000 "
    "pairs at once.",
)

# --- Exercise 4: the shuffle with fixed points ----------------------------------------------------


def _partner_problem(result, n, seed):
    partner = np.asarray(result)
    if partner.shape != (n,):
        return f"expected one partner for each of the rows, received the shape {partner.shape}"
    if not np.issubdtype(partner.dtype, np.number) or not np.isin(partner, np.arange(n)).all():
        return "a partner is not the number of a row"
    if n > 1 and (partner == np.arange(n)).all():
        return "nothing was shuffled: every row keeps its own code"
    if (partner == partner[0]).all():
        return "all rows have the same partner"
    if len(set(partner.tolist())) < n:
        return "two rows share a partner, and another row is nobody's partner"
    if (partner == np.arange(n)).any():
        return "a row is its own partner: a true pair among the false ones"
    return None


def _partner_cases(rng: np.random.Generator) -> Iterator[Case]:
    for n, seed in ((4, 0), (5, 1), (7, 3), (16, 4), (64, 5), (64, 6)):
        yield Case((n, seed), label=f"{n} rows", check=_partner_problem)


def _partners(n, seed):
    order = np.random.default_rng(seed).permutation(n)
    partner = np.empty(n, dtype=int)
    partner[order] = np.roll(order, 1)
    return partner


def _partners_again(n, seed):
    rng = np.random.default_rng(seed)
    while True:
        partner = rng.permutation(n)
        if not (partner == np.arange(n)).any():
            return partner


partners = Bug(
    "representation_learning.deep_infomax.partners",
    title="A shuffle that leaves some pairs whole",
    cases=_partner_cases,
    reference=_partners,
    planted=lambda n, seed: np.random.default_rng(seed).permutation(n),
    mistakes=[
        Mistake(
            "drawn with replacement",
            lambda n, seed: (np.arange(n) + np.random.default_rng(seed).integers(1, n, size=n)) % n,
            "Each row draws on its own, so two can draw the same partner, and another row is "
            "nobody's. Every code must be used exactly once.",
        ),
        Mistake(
            "not shuffled at all",
            lambda n, seed: np.arange(n),
            "These are the true pairs. Trained as false ones they contradict the positives.",
        ),
        Mistake(
            "one partner for everybody",
            lambda n, seed: np.zeros(n, dtype=int),
            "Every row got the same code. The critic would learn to know that code, not the "
            "relation.",
        ),
        Mistake(
            "the number n itself",
            lambda n, seed: np.arange(n) + 1,
            "The last row's partner does not exist. Take the remainder by n, or np.roll.",
        ),
    ],
    also_correct=[
        _partners_again,
        lambda n, seed: np.roll(np.arange(n), 1),
        lambda n, seed: ((np.arange(n) + np.random.default_rng(seed).integers(1, n)) % n).tolist(),
    ],
    hints=[
        "How many rows does a random order leave in place on average?",
        "If all rows move on by the same number of places, nobody stays and nobody is used twice.",
        "np.roll(np.arange(n), 1), or draw again until no row stays.",
    ],
    carry_on="Two different pictures of the same letter are false negatives too, and no shuffle "
    "can prevent those without labels.",
)

# --- Exercise 5: the gradient of the JS loss ------------------------------------------------------


def _gradient_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.zeros((2, 2)),), label="the example of the text")
    yield Case((np.array([[3.0, -1.0], [0.5, -2.0]]),), label="a good and a bad pair")
    yield Case((rng.normal(size=(4, 4)) * 2,), label="four pairs")
    yield Case((rng.normal(size=(7, 7)) + 4 * np.eye(7),), label="seven pairs, well told apart")


def _gradient_by_torch(scores):
    from torch.nn.functional import softplus

    tensor = torch.tensor(scores, requires_grad=True)
    others = ~torch.eye(len(scores), dtype=torch.bool)
    loss = softplus(-tensor.diagonal()).mean() + softplus(tensor[others]).mean()
    return torch.autograd.grad(loss, tensor)[0].numpy()


def _gradient_with(scores, own, other, pull=lambda s: s - 1):
    """Shuffled pairs divided by ``other``, true pairs ``pull``ed and divided by ``own``."""
    sigmoid = 1 / (1 + np.exp(-scores))
    gradient = sigmoid / other
    np.fill_diagonal(gradient, pull(np.diag(sigmoid)) / own)
    return gradient


def _js_gradient(scores):
    n = len(scores)
    return _gradient_with(scores, n, n * (n - 1))


def _gradient_by_labels(scores):
    n = len(scores)
    labels = np.eye(n)
    weights = labels / n + (1 - labels) / (n * (n - 1))
    return (weights * (1 / (1 + np.exp(-scores)) - labels)).tolist()


def _gradient_all_negative(scores):
    n = len(scores)
    gradient = 1 / (1 + np.exp(-scores)) / n**2
    gradient[np.arange(n), np.arange(n)] += (1 / (1 + np.exp(-np.diag(scores))) - 1) / n
    return gradient


js_gradient = Function(
    "representation_learning.deep_infomax.js_gradient",
    title="Where the JS loss pushes",
    cases=_gradient_cases,
    expected=_gradient_by_torch,
    reference=_js_gradient,
    mistakes=[
        Mistake(
            "the gradient of what is maximised",
            lambda scores: -_js_gradient(scores),
            "Every sign is reversed: this is the gradient of the objective that rises. The loss is "
            "its negative.",
        ),
        Mistake(
            "sums instead of means",
            lambda scores: _gradient_with(scores, 1, 1),
            "The two means are missing: divide by the number of true pairs and by the number of "
            "shuffled pairs.",
        ),
        Mistake(
            "one mean over all pairs",
            lambda scores: _gradient_with(scores, len(scores) ** 2, len(scores) ** 2),
            "Everything is divided by the number of all pairs. True and shuffled pairs have a "
            "mean each, and there are fewer true ones.",
        ),
        Mistake(
            "the diagonal among the shuffled pairs",
            _gradient_all_negative,
            "The true pairs were counted as shuffled pairs too, so they are pulled up and pushed "
            "down at once.",
        ),
        Mistake(
            "both kinds pushed down",
            lambda scores: _gradient_with(
                scores, len(scores), len(scores) * (len(scores) - 1), pull=lambda s: s
            ),
            "True pairs should be pulled up: the derivative of softplus(−s) is σ(s) − 1, which is "
            "negative.",
        ),
        Mistake(
            "the softplus instead of its derivative",
            lambda scores: np.log1p(np.exp(scores)) / (len(scores) * (len(scores) - 1)),
            "That is softplus itself. Its derivative is the sigmoid.",
        ),
        Mistake(
            "the wrong side of the sigmoid",
            lambda scores: _gradient_with(
                scores, len(scores), len(scores) * (len(scores) - 1), pull=lambda s: -s
            ),
            "A true pair that is already far up must hardly be pulled any more: the factor is "
            "σ(s) − 1, not −σ(s).",
        ),
    ],
    also_correct=[
        _gradient_by_labels,
        _gradient_by_torch,
        lambda scores: _js_gradient(scores).astype(np.float64),
    ],
    hints=[
        "The derivative of softplus(s) is the sigmoid of s. What is that of softplus(−s)?",
        "It is σ(s) − 1. Off the diagonal the mean is over n·(n − 1) scores, on it over n.",
        "Fill everything with sigmoid / (n * (n - 1)), then overwrite the diagonal with "
        "(sigmoid - 1) / n.",
    ],
    carry_on="Each entry is (sigmoid − label) times a weight, as in logistic regression. A pair "
    "that is easy to judge hardly pulls: what is learned comes from the hard ones.",
)

# --- Exercise 6: the maps that were cut anew ------------------------------------------------------


def _local_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(n, c, h, w, m, label):
        maps, codes = rng.normal(size=(n, c, h, w)), rng.normal(size=(m, c))
        return Case((torch.tensor(maps), torch.tensor(codes)), label=label)

    dot = np.zeros((1, 2, 2, 2))
    dot[0, 1, 0, 1] = 1.0  # one map, its second channel speaks at the upper right place
    yield Case(
        (torch.tensor(dot), torch.tensor([[0.0, 5.0]]).double()), label="one place that answers"
    )
    yield case(2, 3, 2, 4, 2, "two maps of 2×4 places")
    yield case(3, 4, 2, 2, 5, "three maps, five codes")
    yield case(4, 2, 3, 3, 4, "maps of 3×3 places")


def _local_by_loops(maps, codes):
    n, _, h, w = maps.shape
    out = np.zeros((h * w, n, len(codes)))
    for i, j, k, m in np.ndindex(h, w, n, len(codes)):
        out[i * w + j, k, m] = float((maps[k, :, i, j] * codes[m]).sum())
    return out


def _local(maps, codes):
    return torch.einsum("npc,mc->pnm", maps.flatten(2).permute(0, 2, 1), codes)


def _local_planted(maps, codes):
    n, c = maps.shape[:2]
    places = maps.reshape(n, -1, c)  # (N, h·w, C)
    return torch.einsum("npc,mc->pnm", places, codes)


def _local_columns_first(maps, codes):
    return _local(maps.transpose(2, 3), codes)


def _local_by_picture(maps, codes):
    return _local(maps, codes).transpose(0, 1)


def _local_by_convolution(maps, codes):
    scored = torch.nn.functional.conv2d(maps, codes[:, :, None, None])  # (N, M, h, w)
    return scored.flatten(2).permute(2, 0, 1)


local_scores = Bug(
    "representation_learning.deep_infomax.local_scores",
    title="Maps that were cut anew",
    cases=_local_cases,
    expected=_local_by_loops,
    reference=_local,
    planted=_local_planted,
    mistakes=[
        Mistake(
            "places column by column",
            _local_columns_first,
            "The values are right, and their order is not: places come row by row.",
        ),
        Mistake(
            "pictures before places",
            _local_by_picture,
            "The result begins with the axis of the pictures. Wanted is (places, pictures, codes).",
        ),
        Mistake(
            "pictures and codes exchanged",
            lambda maps, codes: _local(maps, codes).transpose(1, 2),
            "The last two axes are exchanged: rows are pictures, columns codes.",
        ),
        Mistake(
            "the mean over the channels",
            lambda maps, codes: _local(maps, codes) / maps.shape[1],
            "A dot product adds over the channels; it does not average.",
        ),
        Mistake(
            "the mean over the places",
            lambda maps, codes: _local(maps, codes).mean(dim=0, keepdim=True),
            "The places were averaged away. The local term needs the score of each.",
        ),
    ],
    also_correct=[
        _local_by_convolution,
        _local_by_loops,
        lambda maps, codes: _local(maps, codes).tolist(),
    ],
    hints=[
        "reshape keeps the order of the numbers in memory. Which axis varies fastest in memory, "
        "and which does the next line expect last?",
        "Join height and width first, maps.flatten(2), which is (N, C, h·w). Then move an axis.",
        "maps.flatten(2).permute(0, 2, 1)",
    ],
    carry_on="With scrambled channels the training still runs and its loss still falls, a little. "
    "A test with a single active place finds such a fault at once.",
)

# --- Exercise 7: precision at k within one set ----------------------------------------------------


def _within_cases(rng: np.random.Generator) -> Iterator[Case]:
    line = np.array([[1.0, 0.0], [10.0, 1.0], [0.0, 1.0], [0.1, 3.0]])
    for k in (1, 2):
        yield Case((line, np.array([0, 0, 1, 1]), k), label=f"the example of the text, k = {k}")

    def case(n, size, kinds, k, label):
        centres, names = rng.normal(size=(kinds, size)) * 0.7, rng.integers(0, kinds, size=n)
        lengths = rng.uniform(0.2, 5, size=(n, 1))
        return Case(
            ((centres[names] + rng.normal(size=(n, size))) * lengths, names, k), label=label
        )

    yield case(20, 3, 2, 1, "a single neighbour")
    yield case(30, 4, 3, 5, "five neighbours among thirty rows")
    yield case(60, 6, 4, 9, "nine neighbours among sixty rows")
    apart = np.array([[1.0, 0.0], [-1.0, 2.0], [-1.0, -2.0]])
    yield Case((apart, np.array([0, 1, 0]), 1), label="three directions, all cosines negative")
    facing = np.array([[2.0, 0.0], [-1.0, 0.0]])
    yield Case((facing, np.array([0, 1]), 1), label="two rows in opposite directions")


def _within_by_sklearn(features, labels, k):
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=k, metric="cosine").fit(features)
    found = search.kneighbors(return_distance=False)  # asked nothing, it leaves out each row itself
    return float((labels[found] == labels[:, None]).mean())


def _unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def _cosines(features):
    return _unit(features) @ _unit(features).T


def _nearest_others(similarity, k):
    """Rows (n, k) of the largest similarities, each row's own place left out."""
    others = np.where(np.eye(len(similarity), dtype=bool), -np.inf, similarity)
    return np.argsort(-others, axis=1)[:, :k]


def _share_right(found, labels):
    return float((labels[found] == labels[:, None]).mean())


def _squares(features):
    return ((features[:, None] - features[None]) ** 2).sum(axis=2)


def _within_itself(features, labels, k):
    return _share_right(np.argsort(-_cosines(features), axis=1)[:, :k], labels)


def _within_any(features, labels, k):
    found = _nearest_others(_cosines(features), k)
    return float((labels[found] == labels[:, None]).any(axis=1).mean())


def _within_vote(features, labels, k):
    found = _nearest_others(_cosines(features), k)
    return float(np.mean([np.bincount(row).argmax() for row in labels[found]] == labels))


def _within_short(features, labels, k):
    found = np.argsort(-_cosines(features), axis=1)[:, 1:k]
    return _share_right(found, labels) if k > 1 else 0.0


def _within_by_skipping(features, labels, k):
    return _share_right(np.argsort(-_cosines(features), axis=1)[:, 1 : k + 1], labels)


precision_within = Function(
    "representation_learning.deep_infomax.precision_within",
    title="Everybody asks the others",
    cases=_within_cases,
    expected=_within_by_sklearn,
    reference=lambda features, labels, k: _share_right(
        _nearest_others(_cosines(features), k), labels
    ),
    mistakes=[
        Mistake(
            "itself among the neighbours",
            _within_itself,
            "Every row found itself first, and its own label is always right. The result is too "
            "good. Leave each row's own place out.",
        ),
        Mistake(
            "one neighbour too few",
            _within_short,
            "The row itself is left out, but k − 1 neighbours remain. Take one place more.",
        ),
        Mistake(
            "Euclidean distance of raw vectors",
            lambda features, labels, k: _share_right(
                _nearest_others(-_squares(features), k), labels
            ),
            "You ranked by Euclidean distance. Long vectors then seem far away, whatever their "
            "direction. Divide every row by its length first.",
        ),
        Mistake(
            "dot products without normalising",
            lambda features, labels, k: _share_right(
                _nearest_others(features @ features.T, k), labels
            ),
            "Long vectors win every dot product. A cosine divides by both lengths.",
        ),
        Mistake(
            "the farthest instead of the nearest",
            lambda features, labels, k: _share_right(
                _nearest_others(-_cosines(features), k), labels
            ),
            "argsort begins with the smallest, and a *large* cosine means near. Sort the negative "
            "similarity.",
        ),
        Mistake(
            "one right neighbour is enough",
            _within_any,
            "These are the rows with at least one right neighbour. Precision is the share of the "
            "neighbours that are right.",
        ),
        Mistake(
            "a majority vote",
            _within_vote,
            "That is the accuracy of a nearest-neighbour classifier. Precision is the share of "
            "right neighbours.",
        ),
    ],
    also_correct=[
        _within_by_sklearn,
        _within_by_skipping,
        lambda features, labels, k: _share_right(
            _nearest_others(-_squares(_unit(features)), k), labels
        ),
    ],
    hints=[
        "One matrix product of the normalised rows gives all cosines. What stands on its diagonal?",
        "np.fill_diagonal(similarity, -np.inf) takes each row out of its own ranking.",
        "found = np.argsort(-similarity, axis=1)[:, :k], then the mean of "
        "labels[found] == labels[:, None].",
    ],
    carry_on="Guessing gives about one over the number of kinds, if they are equally frequent. "
    "State that number beside every precision.",
)
