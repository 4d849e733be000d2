"""Exercises of the lesson on word vectors."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises.engine import Bug, Case, Choice, Function, Mistake, Option, Value

# --- Exercise 1: positive PMI ---------------------------------------------------------------------


def _ppmi_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[2.0, 0.0], [0.0, 2.0]]), 1.0), label="the example of the text")
    yield Case((np.array([[4, 1, 3], [1, 2, 0]]), 1.0), label="whole numbers, not square")
    yield Case((np.array([[4.0, 1.0, 3.0], [1.0, 2.0, 0.0]]), 0.75), label="power 0.75")
    yield Case((rng.poisson(2.0, size=(5, 7)).astype(float), 0.5), label="random counts, power 0.5")
    never = rng.poisson(3.0, size=(4, 5)).astype(float)
    never[2], never[:, 1] = 0, 0
    yield Case((never, 0.75), label="a word and a context that never occur")


def _ppmi_cell_by_cell(counts, power):
    counts = np.asarray(counts, dtype=float).tolist()
    columns = [sum(row[c] for row in counts) for c in range(len(counts[0]))]
    whole = sum(column**power for column in columns)
    result = []
    for row in counts:
        cells = []
        for value, column in zip(row, columns, strict=True):
            if value == 0:
                cells.append(0.0)
            else:
                ratio = value / sum(row) / (column**power / whole)
                cells.append(max(0.0, float(np.log(ratio))))
        result.append(cells)
    return np.array(result)


def _ppmi(counts, power, log=np.log, positive=True, smooth_rows=False):
    counts = np.asarray(counts, dtype=float)
    rows, columns = counts.sum(axis=1, keepdims=True), counts.sum(axis=0)
    if smooth_rows:
        expected = rows**power * columns / (rows**power).sum()
    else:
        expected = rows * columns**power / (columns**power).sum()
    seen = counts > 0
    result = np.zeros_like(counts)
    result[seen] = log(counts[seen] / expected[seen])
    return np.maximum(result, 0) if positive else result


def _ppmi_infinite(counts, power):
    counts = np.asarray(counts, dtype=float)
    columns = counts.sum(axis=0) ** power
    with np.errstate(all="ignore"):
        return np.log(counts * columns.sum() / (counts.sum(axis=1, keepdims=True) * columns))


def _ppmi_nan(counts, power):
    with np.errstate(all="ignore"):
        return np.maximum(_ppmi_infinite(counts, power), 0)


def _ppmi_plus_one(counts, power):
    counts = np.asarray(counts, dtype=float)
    columns = counts.sum(axis=0) ** power
    expected = counts.sum(axis=1, keepdims=True) * columns / columns.sum()
    with np.errstate(all="ignore"):
        return np.maximum(np.nan_to_num(np.log((counts + 1) / expected), posinf=0.0), 0)


ppmi = Function(
    "nlp.word_vectors.ppmi",
    title="Positive PMI",
    cases=_ppmi_cases,
    expected=_ppmi_cell_by_cell,
    reference=_ppmi,
    no_warnings=True,
    mistakes=[
        Mistake(
            "the logarithm of zero",
            _ppmi_infinite,
            "A pair that was never seen has the ratio 0 and the logarithm −∞. Take the logarithm "
            "only where the count is positive, and keep the positive part.",
        ),
        Mistake(
            "0/0 for words that never occur",
            _ppmi_nan,
            "np.maximum repairs −∞, but a word or a context with the sum 0 gives 0/0 = NaN, and "
            "NaN passes through np.maximum. Compute only the cells where something was seen.",
        ),
        Mistake(
            "negative values left in",
            lambda counts, power: _ppmi(counts, power, positive=False),
            "Pairs that are rarer than chance have a negative PMI. The positive PMI sets them to "
            "0 as well.",
        ),
        Mistake(
            "the power ignored",
            lambda counts, power: _ppmi(counts, 1.0),
            "Raise the sums of the contexts to the power before turning them into probabilities.",
        ),
        Mistake(
            "the power applied to the words",
            lambda counts, power: _ppmi(counts, power, smooth_rows=True),
            "You smoothed the sums of the rows. The power belongs to the contexts: the columns.",
        ),
        Mistake(
            "another base of the logarithm",
            lambda counts, power: _ppmi(counts, power, log=np.log2),
            "The formula uses the natural logarithm: np.log.",
        ),
        Mistake(
            "one added to every count",
            _ppmi_plus_one,
            "Adding 1 avoids the logarithm of 0, but turns unseen pairs of rare words into "
            "strong ones. Leave the counts as they are and skip the zeros.",
        ),
    ],
    also_correct=[
        lambda counts, power: _ppmi_cell_by_cell(counts, power).tolist(),
        lambda counts, power: np.nan_to_num(_ppmi_nan(counts, power), nan=0.0),
    ],
    hints=[
        "First the table that chance would give: a column of row sums times a row of smoothed "
        "column sums.",
        "expected = row_sums[:, None] * column_sums**power / (column_sums**power).sum()",
        "Make a mask seen = counts > 0, fill result[seen] = np.log(counts[seen] / expected[seen]), "
        "and return np.maximum(result, 0).",
    ],
    carry_on="Setting everything below 0 to 0 also throws away that two words avoid each other. "
    "Such absences are hard to measure: they need far more text than presences.",
)

# --- Exercise 2: uniform noise --------------------------------------------------------------------


def _settled_score() -> float:
    from scipy.optimize import minimize_scalar

    def loss(score: float) -> float:
        return 8 * np.logaddexp(0, -score) + 5 * 40 / 50 * np.logaddexp(0, score)

    return float(minimize_scalar(loss, bounds=(-20, 20), options={"xatol": 1e-10}).x)


uniform_noise = Value(
    "nlp.word_vectors.uniform_noise",
    title="Noise that knows nothing",
    expected=_settled_score,
    tolerance=0.01,
    reference=float(np.log(2)),
    mistakes=[
        Mistake(
            "noise in proportion to the counts",
            float(np.log(8 * 1000 / (40 * 125)) - np.log(5)),
            "That is PMI − ln k, right for noise that follows the counts. Here every word has the "
            "probability 1/50, whatever its count: go back one line in the derivation.",
        ),
        Mistake(
            "the PMI of the pair",
            float(np.log(8 * 1000 / (40 * 125))),
            "That compares the pair with its share by chance. What counts here is how often it is "
            "drawn as noise, and uniform noise does not ask how frequent the context is.",
        ),
        Mistake(
            "the number of negatives forgotten",
            float(np.log(8 / (40 / 50))),
            "For each of the 40 centres, five words are drawn. So the pair appears 5·40/50 times "
            "as noise.",
        ),
        Mistake(
            "the ratio without its logarithm",
            2.0,
            "That is the ratio of real to noise. The dot product is its logarithm.",
        ),
        Mistake(
            "the probability instead of the score",
            2 / 3,
            "That is σ(x), the share of real pairs among real and noise. Asked is x itself.",
        ),
        Mistake(
            "upside down",
            float(-np.log(2)),
            "More real pairs than noise must give a positive score: real over noise.",
        ),
        Mistake(
            "the share of the pair",
            float(np.log(8 / 1000)),
            "That is the logarithm of the share of the pair. It must be compared with how often "
            "the pair appears as noise.",
        ),
    ],
    also_correct=[np.float32(0.6931), 0.69, 0.7],
    hints=[
        "Which two numbers pull at this one score? How often was the pair seen, and how often is "
        "it drawn as noise?",
        "Seen: 8 times. Noise: 40 centres, 5 draws each, and each draw hits the context with "
        "probability 1/50.",
        "8 times real, 4 times noise: the probability is 8/12. Which score has that sigmoid?",
    ],
    carry_on="ln 2, and the count of 125 did not enter. With uniform noise the scores also say how "
    "frequent a context is: its vector must encode its frequency. Noise in proportion to the "
    "counts takes that away.",
)

# --- Exercise 3: the window -----------------------------------------------------------------------


def _pair_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((["the", "cat", "drinks", "milk"], 1), label="four different words")
    yield Case((["a", "b", "c", "d", "e"], 2), label="window 2")
    yield Case((["i", "know", "that", "that", "is", "true"], 1), label="a word twice in a row")
    yield Case((["x", "in", "x", "and", "y"], 2), label="a word that returns in the window")
    yield Case((["alone"], 3), label="a single word")
    yield Case((rng.choice(list("pqr"), size=8).tolist(), 3), label="window 3, three words")
    yield Case(([], 2), label="no word at all")


def _pairs_by_distance(words, window):
    found = [
        (i, i + shift)
        for i in range(len(words))
        for shift in range(-window, window + 1)
        if shift and 0 <= i + shift < len(words)
    ]
    return [(words[i], words[j]) for i, j in found]


def _pairs_with(keep, first=None, last=None):
    """skipgram_pairs with its own rule for what is kept and for where the window ends."""

    def pairs(words, window):
        found = []
        for i, centre in enumerate(words):
            start = max(0, i - window) if first is None else first(i, window)
            stop = min(len(words), i + window + 1) if last is None else last(i, window, len(words))
            for j in range(start, stop):
                if keep(words, i, j):
                    found.append((centre, words[j]))
        return found

    return pairs


_skipgram_pairs = _pairs_with(lambda words, i, j: j != i)


def _skipgram_pairs_planted(words, window):
    pairs = []
    for i, centre in enumerate(words):
        for j in range(max(0, i - window), min(len(words), i + window + 1)):
            if words[j] != centre:
                pairs.append((centre, words[j]))
    return pairs


skipgram_pairs = Bug(
    "nlp.word_vectors.skipgram_pairs",
    title="The window that lost its twins",
    cases=_pair_cases,
    expected=_pairs_by_distance,
    reference=_skipgram_pairs,
    planted=_skipgram_pairs_planted,
    mistakes=[
        Mistake(
            "the centre as its own context",
            _pairs_with(lambda words, i, j: True),
            "Now every word is also paired with itself, at its own position. Leave out that one "
            "position, and only it.",
        ),
        Mistake(
            "the right end one place short",
            _pairs_with(lambda words, i, j: j != i, last=lambda i, w, n: min(n, i + w)),
            "range stops before its end, so the last neighbour on the right is lost: the end is "
            "i + window + 1.",
        ),
        Mistake(
            "a window that wraps around",
            _pairs_with(lambda words, i, j: j != i, first=lambda i, w: i - w),
            "Position −1 is Python's last word: the first word is now paired with the end of the "
            "sentence. Begin at max(0, i − window).",
        ),
        Mistake(
            "only the words to the right",
            _pairs_with(lambda words, i, j: j > i),
            "The context lies on both sides of the centre.",
        ),
        Mistake(
            "only the words to the left",
            _pairs_with(lambda words, i, j: j < i),
            "These are the words before the centre only. The context lies on both sides.",
        ),
        Mistake(
            "each pair once",
            lambda words, window: list(dict.fromkeys(_skipgram_pairs(words, window))),
            "A pair that occurs twice must be listed twice: how often is what the vectors learn "
            "from.",
        ),
        Mistake(
            "context and centre exchanged",
            lambda words, window: [(c, w) for w, c in _skipgram_pairs(words, window)],
            "The centre comes first in each pair.",
        ),
    ],
    also_correct=[
        _pairs_by_distance,
        lambda words, window: [list(pair) for pair in _skipgram_pairs(words, window)],
    ],
    hints=[
        "Try the sentence “i know that that is true” with window 1. Which pairs are missing?",
        "The condition compares two words. What should it compare?",
        "if j != i: two positions differ even when the words on them are equal.",
    ],
    carry_on="The other common slip, the centre paired with itself, does more harm: it teaches "
    "every word that it stands beside itself, and the diagonal becomes the largest entry.",
)

# --- Exercise 4: subsampling ----------------------------------------------------------------------


def _keep_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([90, 9, 1]), 0.1), label="the example of the text")
    yield Case((np.array([5000, 3000, 1500, 400, 90, 10]), 1e-3), label="a steep vocabulary")
    yield Case((np.array([7]), 1e-2), label="one word only")
    yield Case((np.array([50, 0, 50]), 0.2), label="a word that does not occur")
    yield Case((rng.integers(1, 1000, size=12), 0.05), label="random counts")


def _keep_one_by_one(counts, threshold):
    total = sum(int(count) for count in counts)
    kept = []
    for count in counts:
        share = int(count) / total
        kept.append((threshold / share) ** 0.5 if share > threshold else 1.0)
    return np.array(kept)


def _ratio(counts, threshold):
    frequency = np.asarray(counts, dtype=float) / np.sum(counts)
    with np.errstate(all="ignore"):
        return threshold / frequency


def _keep_probability(counts, threshold):
    return np.minimum(1, np.sqrt(_ratio(counts, threshold)))


def _keep_from_counts(counts, threshold):
    with np.errstate(all="ignore"):
        return np.minimum(1, np.sqrt(threshold / np.asarray(counts, dtype=float)))


keep_probability = Function(
    "nlp.word_vectors.keep_probability",
    title="How many are kept?",
    cases=_keep_cases,
    expected=_keep_one_by_one,
    reference=_keep_probability,
    mistakes=[
        Mistake(
            "the probability of being dropped",
            lambda counts, threshold: 1 - _keep_probability(counts, threshold),
            "This is how many are dropped. Asked is the rest: 1 minus it.",
        ),
        Mistake(
            "counts in the place of frequencies",
            _keep_from_counts,
            "The threshold belongs to frequencies: divide the counts by their sum first.",
        ),
        Mistake(
            "probabilities above 1",
            lambda counts, threshold: np.sqrt(_ratio(counts, threshold)),
            "For rare words the root is larger than 1. They stay with probability 1: np.minimum.",
        ),
        Mistake(
            "no square root",
            lambda counts, threshold: np.minimum(1, _ratio(counts, threshold)),
            "Without the root all frequent words would become equally frequent. The root keeps "
            "their order.",
        ),
        Mistake(
            "the ratio upside down",
            lambda counts, threshold: np.minimum(1, np.sqrt(1 / _ratio(counts, threshold))),
            "Now rare words are dropped and frequent ones stay. It is the threshold over the "
            "frequency.",
        ),
        Mistake(
            "the formula of the program",
            lambda counts, threshold: np.minimum(
                1, np.sqrt(_ratio(counts, threshold)) + _ratio(counts, threshold)
            ),
            "That is what the original program does: √(t/f) + t/f. Asked is the formula of the "
            "paper, without the second term.",
        ),
    ],
    also_correct=[
        _keep_one_by_one,
        lambda counts, threshold: _keep_probability(counts, threshold).tolist(),
    ],
    hints=[
        "The text gives the probability of dropping an occurrence. What is left?",
        "frequency = counts / counts.sum(), and then the root of threshold / frequency.",
        "np.minimum(1, np.sqrt(threshold / frequency)); dividing by a frequency of 0 gives "
        "infinity, which np.minimum turns into 1.",
    ],
    carry_on="After subsampling, the expected count of a frequent word is proportional to the root "
    "of its old one. The order stays, the steepness is halved.",
)

# --- Exercise 5: the gradient of CBOW -------------------------------------------------------------


def _cbow_cases(rng: np.random.Generator) -> Iterator[Case]:
    def tables(words, dim):
        return rng.normal(size=(words, dim)), rng.normal(size=(words, dim))

    yield Case((*tables(4, 2), np.array([1]), np.array([0, 2])), label="a single context word")
    yield Case((*tables(6, 3), np.array([1, 2, 4, 5]), np.array([3, 0, 2])), label="four words")
    yield Case((*tables(5, 3), np.array([1, 1, 4]), np.array([2, 0])), label="a context word twice")
    yield Case((*tables(5, 2), np.array([0, 3]), np.array([2, 4, 4, 1])), label="noise drawn twice")
    yield Case((*tables(5, 2), np.array([2, 3]), np.array([2, 1])), label="centre also in context")


def _cbow_by_autograd(V, U, around, others):
    import torch
    from torch.nn import functional

    centre, context = (torch.tensor(table, requires_grad=True) for table in (V, U))
    scores = functional.embedding(torch.tensor(others), context) @ functional.embedding(
        torch.tensor(around), centre
    ).mean(dim=0)
    labels = torch.zeros_like(scores)
    labels[0] = 1
    loss = functional.binary_cross_entropy_with_logits(scores, labels, reduction="sum")
    return tuple(part.numpy() for part in torch.autograd.grad(loss, (centre, context)))


def _cbow_with(
    divide=True, add=np.add.at, label=1.0, sign=1.0, mean=True, first_noise=False, split_u=False
):
    """cbow_gradient with one thing changed."""

    def gradient(V, U, around, others):
        h = V[around].mean(axis=0) if mean else V[around].sum(axis=0)
        error = 1 / (1 + np.exp(-U[others] @ h))
        if first_noise:
            error[1:] -= 1
        else:
            error[0] -= label
        error = sign * error
        dV, dU = np.zeros_like(V), np.zeros_like(U)
        add(dU, others, np.outer(error, h) / (len(around) if split_u else 1))
        add(dV, around, error @ U[others] / (len(around) if divide else 1))
        return dV, dU

    return gradient


def _assign(table, rows, values):
    table[rows] += values  # a row that is named twice is counted once


def _cbow_divided_by_negatives(V, U, around, others):
    dV, dU = _cbow_with(divide=False)(V, U, around, others)
    return dV / len(others), dU


def _cbow_by_matrices(V, U, around, others):
    share = np.bincount(around, minlength=len(V)) / len(around)
    h = share @ V
    error = 1 / (1 + np.exp(-U[others] @ h)) - (np.arange(len(others)) == 0)
    picked = np.eye(len(U))[others]
    return [np.outer(share, error @ U[others]), picked.T @ np.outer(error, h)]


def _cbow_gradient_planted(V, U, around, others):
    h = V[around].mean(axis=0)
    error = 1 / (1 + np.exp(-U[others] @ h))
    error[0] -= 1
    dV, dU = np.zeros_like(V), np.zeros_like(U)
    np.add.at(dU, others, np.outer(error, h))
    np.add.at(dV, around, error @ U[others])
    return dV, dU


cbow_gradient = Bug(
    "nlp.word_vectors.cbow_gradient",
    title="The gradient that everybody copied",
    cases=_cbow_cases,
    expected=_cbow_by_autograd,
    reference=_cbow_with(),
    planted=_cbow_gradient_planted,
    mistakes=[
        Mistake(
            "words that occur twice counted once",
            _cbow_with(add=_assign),
            "table[rows] += values counts a row that is named twice only once. np.add.at adds "
            "both.",
        ),
        Mistake(
            "divided by the number of scores",
            _cbow_divided_by_negatives,
            "The mean was taken over the words around, so divide by their number, not by that of "
            "the scores.",
        ),
        Mistake(
            "the sum forwards as well",
            _cbow_with(divide=False, mean=False),
            "With a sum in place of the mean the gradient would be consistent, but it is another "
            "model: with wide windows its scores grow. Keep the mean, and mend the way back.",
        ),
        Mistake(
            "the sign turned",
            _cbow_with(sign=-1.0),
            "This is the direction of the step, not the gradient. The optimiser subtracts.",
        ),
        Mistake(
            "no label at all",
            _cbow_with(label=0.0),
            "Without subtracting 1 the real centre is treated as noise too.",
        ),
        Mistake(
            "the context table divided too",
            _cbow_with(split_u=True),
            "The vectors u meet the mean h as a whole: their gradient is the error times h. Only "
            "the words inside the mean share.",
        ),
    ],
    also_correct=[_cbow_by_matrices, _cbow_by_autograd],
    hints=[
        "With a single context word everything is right. What changes when there are more?",
        "How much does h move when one of four vectors in a mean moves by a little?",
        "By a quarter of it. So each word around gets error @ U[others] / len(around).",
    ],
    carry_on="Where the step size adapts to each number, as in Adam, a constant factor hardly "
    "matters, and the fault stays invisible. With plain gradient steps it makes wide windows "
    "learn faster than narrow ones.",
)

# --- Exercise 6: a word with two senses -----------------------------------------------------------

two_senses = Choice(
    "nlp.word_vectors.two_senses",
    title="One row for two senses",
    options={
        "a": Option(
            "Exactly 0.8 times the row of the first sense plus 0.2 times the row of the second.",
            "Counts of the merged word are sums of the counts of its senses, and dividing by the "
            "sum gives the average, weighted by how often each sense occurs. The logarithm of PMI "
            "and the cut of SVD keep this only roughly.",
            right=True,
        ),
        "b": Option(
            "The row of the frequent sense: the rare one is drowned.",
            "The contexts of the rare sense are still counted. Add up the two rows of counts: are "
            "the columns that only the rare sense has empty afterwards?",
        ),
        "c": Option(
            "The plain average of the two rows, half and half.",
            "Each occurrence counts once, and eight of ten belong to the first sense. Work it out "
            "for 8 occurrences with context x and 2 with context y.",
        ),
        "d": Option(
            "A new row that resembles neither, since the two senses have nothing in common.",
            "Nothing is invented: every context that is counted stood beside one of the senses. "
            "Start from the counts, not from the vectors.",
        ),
    },
    hints=[
        "The row of counts of the merged word is the sum of two rows of counts.",
        "8 occurrences beside x, 2 beside y: the merged word has the row (0.8, 0.2). Write it in "
        "terms of (1, 0) and (0, 1).",
    ],
)

# --- Exercise 7: answering an analogy -------------------------------------------------------------


def _analogy_cases(rng: np.random.Generator) -> Iterator[Case]:
    square = np.array([[3.0, 0.0], [3.0, 1.0], [0.0, 3.0], [1.0, 3.0], [-1.0, -1.0]])
    yield Case((square, 0, 1, 2, True), label="inputs excluded")
    yield Case((square, 0, 1, 2, False), label="inputs allowed")
    for index in range(1, 7):
        vectors = rng.normal(size=(12, 3)) * rng.uniform(0.2, 5, size=(12, 1))
        a, b, c = (int(i) for i in rng.choice(12, size=3, replace=False))
        yield Case(
            (vectors, a, b, c, index % 2 == 1),
            label=f"random vectors {index} of different length, exclude={index % 2 == 1}",
        )
    close = rng.normal(size=(9, 4)) + 4
    yield Case((close, 3, 5, 1, True), label="all vectors on one side")
    away = np.array([[1.0, 0.0], [4.0, 3.0], [0.6, 0.8], [0.0, -2.0], [-1.0, 0.0]])
    yield Case((away, 0, 1, 2, True), label="inputs excluded, all other words point away")
    opposite = np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0], [0.0, -3.0]])
    yield Case((opposite, 0, 1, 2, True), label="inputs excluded, the other word has the cosine −1")


def _analogy_by_search(vectors, a, b, c, exclude):
    from sklearn.neighbors import NearestNeighbors
    from sklearn.preprocessing import normalize

    unit = normalize(vectors)
    search = NearestNeighbors(n_neighbors=len(unit), metric="cosine", algorithm="brute").fit(unit)
    order = search.kneighbors((unit[b] - unit[a] + unit[c])[None], return_distance=False)[0]
    return next(int(i) for i in order if not exclude or i not in (a, b, c))


def _analogy(vectors, a, b, c, exclude, *, unit=True, signs=(-1, 1, 1), banned=None, cosine=True):
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled = vectors / norms if unit else vectors
    target = signs[0] * scaled[a] + signs[1] * scaled[b] + signs[2] * scaled[c]
    scores = (vectors / norms if cosine else vectors) @ target
    for i in (a, b, c) if banned is None else banned(a, b, c):
        scores[i] = -np.inf if exclude else scores[i]
    return int(np.argmax(scores))


analogy = Function(
    "nlp.word_vectors.analogy",
    title="The answer to an analogy",
    cases=_analogy_cases,
    expected=_analogy_by_search,
    reference=lambda vectors, a, b, c, exclude: _analogy(vectors, a, b, c, exclude),
    keeps_inputs=True,
    mistakes=[
        Mistake(
            "inputs never excluded",
            lambda vectors, a, b, c, exclude: _analogy(vectors, a, b, c, False),
            "With exclude=True the three input words must not be the answer: set their cosines "
            "to −∞ before you look for the largest.",
        ),
        Mistake(
            "inputs always excluded",
            lambda vectors, a, b, c, exclude: _analogy(vectors, a, b, c, True),
            "With exclude=False all words may be the answer, the input words too.",
        ),
        Mistake(
            "only c excluded",
            lambda vectors, a, b, c, exclude: _analogy(
                vectors, a, b, c, exclude, banned=lambda a, b, c: (c,)
            ),
            "All three input words are excluded, not only the last one.",
        ),
        Mistake(
            "the difference turned round",
            lambda vectors, a, b, c, exclude: _analogy(vectors, a, b, c, exclude, signs=(1, -1, 1)),
            "a is to b: the step goes from a to b, so it is b − a, added to c.",
        ),
        Mistake(
            "rows not scaled before the sum",
            lambda vectors, a, b, c, exclude: _analogy(vectors, a, b, c, exclude, unit=False),
            "Scale the rows to length 1 first. Otherwise the longest of the three vectors decides "
            "where the target lies.",
        ),
        Mistake(
            "dot products instead of cosines",
            lambda vectors, a, b, c, exclude: _analogy(vectors, a, b, c, exclude, cosine=False),
            "A long vector wins a comparison of dot products wherever it points. Compare with the "
            "scaled rows.",
        ),
    ],
    also_correct=[
        _analogy_by_search,
        lambda vectors, a, b, c, exclude: np.int64(_analogy(vectors, a, b, c, exclude)),
    ],
    hints=[
        "Four steps: scale the rows, build the target, compute all cosines, take the largest.",
        "unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True), and the scores are "
        "unit @ (unit[b] - unit[a] + unit[c]). Its length does not change the order.",
        "if exclude: scores[[a, b, c]] = -np.inf, and then int(scores.argmax()).",
    ],
    carry_on="One line, the exclusion, decides what the famous result means. What happens without "
    "it is measured next.",
)
