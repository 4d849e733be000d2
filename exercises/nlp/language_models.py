"""Exercises of the lesson on language models."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from exercises.engine import Bug, Case, Choice, Function, Mistake, Option, Value

# --- Exercise 1: perplexity of four letters -------------------------------------------------------

_CHANCES = (1 / 2, 1 / 8, 1 / 4, 1 / 16)


def _perplexity_by_torch() -> float:
    """The exponential of PyTorch's cross-entropy, for logits with exactly these probabilities."""
    right = torch.tensor(_CHANCES, dtype=torch.float64)
    logits = torch.stack([right, 1 - right], dim=1).log()
    return F.cross_entropy(logits, torch.zeros(4, dtype=torch.long)).exp().item()


perplexity = Value(
    "nlp.language_models.perplexity",
    title="Perplexity of four letters",
    expected=_perplexity_by_torch,
    tolerance=0.01,
    reference=2 ** (10 / 4),
    mistakes=[
        Mistake(
            "bits in the place of perplexity",
            2.5,
            "That is the mean number of bits per letter. Perplexity is two to that power.",
        ),
        Mistake(
            "e to the power of bits",
            math.exp(2.5),
            "Bits belong to the base 2, nats to the base e. The value is e to the "
            "power of a number of bits.",
        ),
        Mistake(
            "mean of 1/p",
            7.5,
            "You averaged 1/p. Average the logarithms, and take the exponential once, at the end: "
            "perplexity is the *geometric* mean of 1/p.",
        ),
        Mistake(
            "one over the mean of p",
            4 / (0.5 + 0.125 + 0.25 + 0.0625),
            "You averaged the probabilities. Probabilities of a sequence are multiplied, so their "
            "logarithms are averaged.",
        ),
        Mistake(
            "not divided by the length",
            1024.0,
            "That is 1/p of the whole word. Perplexity is per letter: divide the bits by four "
            "before you take the power.",
        ),
        Mistake(
            "the inverse",
            2**-2.5,
            "That is the typical probability of a letter. Perplexity is one over it: a number of "
            "choices, at least 1.",
        ),
        Mistake(
            "the total code length",
            10.0,
            "That is the code length of the word in bits. Divide by the number of letters, then "
            "take two to that power.",
        ),
    ],
    also_correct=[math.exp(math.log(1024) / 4), np.float64(1024**0.25), 5.657],
    hints=[
        "How many bits does each letter cost? log2 of 2, 8, 4 and 16.",
        "1 + 3 + 2 + 4 bits for four letters. What is the mean?",
        "Two to the power of 10/4.",
    ],
    carry_on="Not 7.5, the mean of 2, 8, 4 and 16: one symbol with a tiny probability spoils a "
    "mean of 1/p completely. A program that averages exp(loss) over batches makes that mistake.",
)

# --- Exercise 2: a discount that leaks ------------------------------------------------------------


def _discounted_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(
        (np.array([3.0, 1.0, 0.0]), np.array([0.2, 0.3, 0.5]), 0.5), label="two kinds, one unseen"
    )
    yield Case(
        (np.array([4.0, 0.0, 0.0, 0.0]), np.array([0.1, 0.2, 0.3, 0.4]), 0.75), label="one kind"
    )
    yield Case((np.array([1.0, 1.0, 1.0]), np.full(3, 1 / 3), 0.9), label="everything seen once")
    counts = rng.poisson(1.5, size=9).astype(float)
    lower = rng.dirichlet(np.ones(9))
    yield Case((counts, lower, 0.6), label="random counts")
    yield Case((counts * 7, lower, 0.25), label="many counts, small discount")


def _discounted_by_pot(counts, lower, discount):
    """Take the discount from each count, collect it in a pot, share the pot out."""
    kept, pot = [], 0.0
    for count in counts:
        taken = min(count, discount)
        kept.append(count - taken)
        pot += taken
    return np.array([(k + pot * p) / sum(counts) for k, p in zip(kept, lower, strict=True)])


def _discounted(counts, lower, discount):
    seen = np.maximum(counts - discount, 0)
    kinds = np.sum(counts > 0)
    return (seen + discount * kinds * lower) / counts.sum()


def _discounted_planted(counts, lower, discount):
    seen = np.maximum(counts - discount, 0)
    return (seen + discount * lower) / counts.sum()


def _discounted_all_kinds(counts, lower, discount):
    seen = np.maximum(counts - discount, 0)
    return (seen + discount * len(counts) * lower) / counts.sum()


def _discounted_rescaled(counts, lower, discount):
    mixed = _discounted_planted(counts, lower, discount)
    return mixed / mixed.sum()


def _discounted_unseen_only(counts, lower, discount):
    seen = np.maximum(counts - discount, 0) / counts.sum()
    rest = 1 - seen.sum()
    unseen = np.where(counts > 0, 0, lower)
    return seen + (rest * unseen / unseen.sum() if unseen.sum() else 0)


def _discounted_no_discount(counts, lower, discount):
    return (counts + discount * np.sum(counts > 0) * lower) / counts.sum()


def _discounted_added(counts, lower, discount):
    given = discount * np.sum(counts > 0)
    return (counts + given * lower) / (counts.sum() + given)


def _discounted_not_divided(counts, lower, discount):
    seen = np.maximum(counts - discount, 0) / counts.sum()
    return seen + discount * np.sum(counts > 0) * lower


discounted = Bug(
    "nlp.language_models.discounted",
    title="A discount that leaks",
    cases=_discounted_cases,
    expected=_discounted_by_pot,
    reference=_discounted,
    planted=_discounted_planted,
    mistakes=[
        Mistake(
            "every symbol counted as a giver",
            _discounted_all_kinds,
            "Only symbols that were seen have a count to take from. Multiply by the number of "
            "counts above zero, not by the size of the vocabulary.",
        ),
        Mistake(
            "the sum repaired by rescaling",
            _discounted_rescaled,
            "It sums to one now, but the balance is wrong: the simpler model gets far less than "
            "was taken from the counts. Find how much was taken in all.",
        ),
        Mistake(
            "the rest to unseen symbols only",
            _discounted_unseen_only,
            "That is back-off: only unseen symbols get what was taken. In interpolation every "
            "symbol gets its share of it, seen or not.",
        ),
        Mistake(
            "given but not taken",
            _discounted_no_discount,
            "The counts must lose the discount that the simpler model receives; here they keep it "
            "and the sum exceeds one.",
        ),
        Mistake(
            "Witten-Bell with another number",
            _discounted_added,
            "This sums to one, but nothing was subtracted: it is what pseudo-counts give. Here "
            "every seen count loses the discount.",
        ),
        Mistake(
            "the gift not divided by the total",
            _discounted_not_divided,
            "What was taken is a number of counts; as a probability it is divided by the total, "
            "like the counts.",
        ),
    ],
    also_correct=[
        _discounted_by_pot,
        lambda counts, lower, discount: _discounted(counts, lower, discount).tolist(),
    ],
    hints=[
        "Add up the result for the first case. How much is missing?",
        "From how many symbols was a discount taken? So how much is there to give away?",
        "One discount for each symbol seen: discount * np.sum(counts > 0) * lower.",
    ],
    carry_on="Check the sum in every language model you write. One that sums to more than one "
    "gets a better perplexity than it deserves, and nothing else looks wrong.",
)

# --- Exercise 3: the loss that is too good --------------------------------------------------------


def _loss_cases(rng: np.random.Generator) -> Iterator[Case]:
    def case(batch, length, vocabulary, label):
        logits = torch.tensor(rng.normal(size=(batch, length, vocabulary)))
        ids = torch.tensor(rng.integers(0, vocabulary, size=(batch, length)))
        return Case((logits, ids), label=label)

    ids = torch.tensor([[0, 1, 2, 0]])
    follows = torch.full((1, 4, 3), -3.0, dtype=torch.float64)
    for position, token in enumerate((1, 2, 0, 1)):
        follows[0, position, token] = 3.0
    yield Case((follows, ids), label="a model that knows the cycle 0, 1, 2, 0 …")
    copies = 6.0 * F.one_hot(ids, 3).double() - 3.0
    yield Case((copies, ids), label="a model that repeats what it has just read")
    yield case(1, 2, 4, "a single prediction")
    yield case(3, 7, 5, "random scores")


def _loss_by_definition(logits, ids):
    costs = []
    for row, tokens in zip(logits, ids, strict=True):
        for scores, following in itertools.islice(
            zip(row, tokens[1:], strict=False), len(tokens) - 1
        ):
            costs.append(torch.logsumexp(scores, 0) - scores[following])
    return torch.stack(costs).mean()


def _loss(logits, ids):
    return F.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())


def _loss_planted(logits, ids):
    return F.cross_entropy(logits.flatten(0, 1), ids.flatten())


def _loss_backwards(logits, ids):
    return F.cross_entropy(logits[:, 1:].flatten(0, 1), ids[:, :-1].flatten())


def _loss_last_only(logits, ids):
    return F.cross_entropy(logits[:, -2], ids[:, -1])


def _loss_rolled(logits, ids):
    return F.cross_entropy(logits.flatten(0, 1), ids.roll(-1, dims=1).flatten())


def _loss_summed(logits, ids):
    return F.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten(), reduction="sum")


def _loss_of_probabilities(logits, ids):
    p = logits[:, :-1].softmax(dim=-1)
    return F.cross_entropy(p.flatten(0, 1), ids[:, 1:].flatten())


def _loss_by_gather(logits, ids):
    logs = logits.log_softmax(dim=-1)[:, :-1]
    return -logs.gather(2, ids[:, 1:, None]).mean()


next_token_loss = Bug(
    "nlp.language_models.next_token_loss",
    title="The loss that is too good",
    cases=_loss_cases,
    expected=_loss_by_definition,
    reference=_loss,
    planted=_loss_planted,
    mistakes=[
        Mistake(
            "shifted the wrong way",
            _loss_backwards,
            "Now each position is asked for the token *before* it, which attention can simply look "
            "up. Position t must be compared with token t + 1.",
        ),
        Mistake(
            "only the last prediction",
            _loss_last_only,
            "That trains one prediction per text. With a causal mask every position makes an "
            "honest prediction, so all of them count.",
        ),
        Mistake(
            "rolled round the end",
            _loss_rolled,
            "roll brings the first token to the end, so the last position is asked to predict the "
            "text's first token. Leave the last position out.",
        ),
        Mistake(
            "the sum instead of the mean",
            _loss_summed,
            "The shift is right; wanted is the mean over all predictions.",
        ),
        Mistake(
            "softmax applied twice",
            _loss_of_probabilities,
            "cross_entropy takes scores and applies the softmax itself. It was given "
            "probabilities.",
        ),
    ],
    also_correct=[_loss_by_gather, lambda logits, ids: _loss_by_definition(logits, ids).item()],
    hints=[
        "Look at the second case: a model that repeats its input gets a loss of nearly zero.",
        "The scores at position t were computed from tokens 0 to t. Which token should they "
        "predict?",
        "Drop the last position of the logits and the first of the ids: logits[:, :-1] against "
        "ids[:, 1:].",
    ],
    carry_on="The symptom is always the same: a loss far below what the literature reaches, and "
    "samples that stutter. Suspect a leak before you suspect genius.",
)

# --- Exercise 4: the large GPT-2 ------------------------------------------------------------------


def _gpt2_by_torch() -> int:
    layer = nn.TransformerEncoderLayer(1_600, 25, 6_400, device="meta")
    parts = [nn.Embedding(50_257, 1_600, device="meta"), nn.Embedding(1_024, 1_600, device="meta")]
    parts.append(nn.LayerNorm(1_600, device="meta"))
    per_layer = sum(p.numel() for p in layer.parameters())
    return 48 * per_layer + sum(p.numel() for part in parts for p in part.parameters())


_D, _LAYERS = 1_600, 48
_LARGE = 50_257 * _D + 1_024 * _D + _LAYERS * (12 * _D**2 + 13 * _D) + 2 * _D

large_gpt2 = Value(
    "nlp.language_models.large_gpt2",
    title="The large GPT-2",
    expected=_gpt2_by_torch,
    tolerance=0.5,
    reference=_LARGE,
    mistakes=[
        Mistake(
            "no biases",
            50_257 * _D + 1_024 * _D + _LAYERS * (12 * _D**2 + 2 * _D) + _D,
            "That is the formula of our own model with position vectors added. GPT-2 has a bias in "
            "every matrix and in every norm: 13d small numbers per block, and 2d at the end.",
        ),
        Mistake(
            "the output table counted again",
            _LARGE + 50_257 * _D,
            "The embeddings are tied: the table of tokens is used at both ends and counted once.",
        ),
        Mistake(
            "the positions forgotten",
            _LARGE - 1_024 * _D,
            "GPT-2 learns a vector for each of its 1,024 positions: add 1,024·d.",
        ),
        Mistake(
            "the last norm forgotten",
            _LARGE - 2 * _D,
            "Nearly. Behind the last block stands one more norm, with 2d numbers.",
        ),
        Mistake(
            "only the blocks",
            _LAYERS * (12 * _D**2 + 13 * _D),
            "Those are the blocks. Add the table of tokens, the positions and the last norm.",
        ),
        Mistake(
            "only 12 L d²",
            _LAYERS * 12 * _D**2,
            "A good rule of thumb for large models, and nearly all of it. Now add the embeddings, "
            "the positions, the biases and the norms.",
        ),
    ],
    also_correct=[float(_LARGE), np.int64(_LARGE)],
    hints=[
        "Two tables: 50,257·d for the tokens and 1,024·d for the positions. The output reuses the "
        "first.",
        "A block has 12d² weights. Its biases: 4d in the attention, 4d + d in the network; its two "
        "norms have 2d each.",
        "50,257·d + 1,024·d + 48·(12d² + 13d) + 2d with d = 1,600.",
    ],
    carry_on="1,557,611,200: the “1.5 billion” of the paper. The blocks hold 95 % of them; in our "
    "small model they hold three quarters.",
)

# --- Exercise 5: beam search ----------------------------------------------------------------------


class _Tree:
    """Next-token probabilities that depend on the whole prefix; called with a tuple."""

    def __init__(self, table: dict[tuple[int, ...], list[float]]):
        self.table = table

    def __call__(self, prefix) -> np.ndarray:
        return np.array(self.table[tuple(int(token) for token in prefix)])

    def __repr__(self) -> str:
        return f"a model with {len(self.table[()])} tokens"


def _tree(rng: np.random.Generator, size: int, length: int, sharp: float = 0.5) -> _Tree:
    return _Tree(
        {
            prefix: rng.dirichlet(np.full(size, sharp)).tolist()
            for n in range(length)
            for prefix in itertools.product(range(size), repeat=n)
        }
    )


def _known_tree() -> _Tree:
    table = {(): [0.6, 0.4]}
    for n in (1, 2):
        for prefix in itertools.product(range(2), repeat=n):
            table[prefix] = [0.6, 0.4] if prefix[0] == 0 else [0.1, 0.9]
    return _Tree(table)


def _beam_cases(rng: np.random.Generator) -> Iterator[Case]:
    known = _known_tree()
    yield Case((known, 1, 3), label="the tree of the text, width 1: greedy")
    yield Case((known, 2, 3), label="the tree of the text, width 2")
    rare = _Tree(
        {
            (): [0.5, 0.3, 0.2],
            (0,): [0.4, 0.3, 0.3],
            (1,): [0.5, 0.45, 0.05],
            (2,): [0.9, 0.05, 0.05],
        }
    )
    yield Case((rare, 2, 2), label="width 2 does not find the best")
    yield Case((rare, 3, 2), label="width 3 does")
    family = _Tree(
        {
            (): [0.9, 0.1],
            (0,): [0.5, 0.5],
            (1,): [1.0, 0.0],
            (0, 0): [0.34, 0.66],
            (0, 1): [0.05, 0.95],
            (1, 0): [1.0, 0.0],
            (1, 1): [1.0, 0.0],
        }
    )
    yield Case((family, 2, 3), label="both prefixes come from one parent; a probability of zero")
    yield Case((_tree(rng, 3, 4), 2, 4), label="random, width 2")
    yield Case((_tree(rng, 4, 3), 64, 3), label="random, width for all sequences")


def _beam_by_arrays(model: Callable, width: int, length: int) -> tuple[int, ...]:
    """The same by log-probabilities in arrays, flattened and sorted stably."""
    prefixes, scores = [()], np.zeros(1)
    for _ in range(length):
        with np.errstate(divide="ignore"):
            logs = np.log(np.stack([model(prefix) for prefix in prefixes]))
        joint = scores[:, None] + logs
        order = np.argsort(-joint, axis=None, kind="stable")[:width]
        rows, tokens = np.unravel_index(order, joint.shape)
        prefixes = [(*prefixes[r], int(t)) for r, t in zip(rows, tokens, strict=True)]
        scores = joint[rows, tokens]
    return prefixes[0]


def _beam(model, width, length):
    beams = [((), 0.0)]
    for _ in range(length):
        grown = []
        for prefix, score in beams:
            for token, p in enumerate(model(prefix)):
                if p > 0:
                    grown.append(((*prefix, token), score + math.log(p)))
        beams = sorted(grown, key=lambda beam: beam[1], reverse=True)[:width]
    return beams[0][0]


def _beam_greedy(model, width, length):
    return _beam(model, 1, length)


def _beam_each_own(model, width, length):
    first = np.argsort(-model(()), kind="stable")[:width]
    ends = []
    for token in first:
        prefix, score = (int(token),), model(())[token]
        for _ in range(length - 1):
            p = model(prefix)
            score *= p.max()
            prefix = (*prefix, int(p.argmax()))
        ends.append((score, prefix))
    return max(ends, key=lambda end: end[0])[1]


def _beam_last_only(model, width, length):
    beams = [((), 0.0)]
    for _ in range(length):
        grown = [
            ((*prefix, token), p) for prefix, _ in beams for token, p in enumerate(model(prefix))
        ]
        beams = sorted(grown, key=lambda beam: beam[1], reverse=True)[:width]
    return beams[0][0]


def _beam_summed(model, width, length):
    beams = [((), 0.0)]
    for _ in range(length):
        grown = [
            ((*prefix, token), score + p)
            for prefix, score in beams
            for token, p in enumerate(model(prefix))
        ]
        beams = sorted(grown, key=lambda beam: beam[1], reverse=True)[:width]
    return beams[0][0]


def _beam_ascending(model, width, length):
    beams = [((), 1.0)]
    for _ in range(length):
        grown = [
            ((*prefix, token), score * p)
            for prefix, score in beams
            for token, p in enumerate(model(prefix))
        ]
        beams = sorted(grown, key=lambda beam: beam[1])[:width]
    return beams[0][0]


def _beam_exhaustive(model, width, length):
    def chance(sequence):
        return math.prod(model(sequence[:i])[token] for i, token in enumerate(sequence))

    size = len(model(()))
    return max(itertools.product(range(size), repeat=length), key=chance)


def _beam_one_short(model, width, length):
    return _beam(model, width, length - 1)


beam_search = Function(
    "nlp.language_models.beam_search",
    title="Beam search",
    cases=_beam_cases,
    expected=_beam_by_arrays,
    reference=_beam,
    mistakes=[
        Mistake(
            "greedy",
            _beam_greedy,
            "Only one prefix survives each step, so the width has no effect. Keep the `width` best "
            "of them.",
        ),
        Mistake(
            "each beam goes its own way",
            _beam_each_own,
            "The first step keeps `width` tokens, and each is then continued greedily by itself. "
            "All continuations of all prefixes must compete with each other at every step.",
        ),
        Mistake(
            "only the last factor",
            _beam_last_only,
            "You rank by the probability of the newest token alone. The score of a prefix is the "
            "product of all its factors.",
        ),
        Mistake(
            "probabilities added",
            _beam_summed,
            "Probabilities along a sequence are multiplied; what is added is their logarithms.",
        ),
        Mistake(
            "the worst kept",
            _beam_ascending,
            "sorted() puts the smallest first, so you keep the least probable prefixes. Use "
            "reverse=True, or negative log-probabilities.",
        ),
        Mistake(
            "every sequence tried",
            _beam_exhaustive,
            "This finds the best of *all* sequences. Correct as a search, but impossible for real "
            "vocabularies, and not what a beam of this width finds.",
        ),
        Mistake(
            "one token too few",
            _beam_one_short,
            "The result is one token short: the empty prefix grows `length` times.",
        ),
    ],
    also_correct=[
        _beam_by_arrays,
        lambda model, width, length: list(_beam(model, width, length)),
        lambda model, width, length: np.array(_beam(model, width, length)),
    ],
    hints=[
        "Start with one empty prefix and score 0. Repeat `length` times: grow every prefix by "
        "every token, then keep the `width` best of all of them.",
        "A prefix carries its sum of log-probabilities with it; skip tokens with probability 0.",
        "grown.append(((*prefix, token), score + math.log(p))) for all; then sorted(grown, "
        "key=…, reverse=True)[:width]; at the end return the first prefix.",
    ],
    carry_on="Width 1 is greedy, a width as large as the number of sequences is exhaustive, and "
    "nothing in between comes with a guarantee.",
)

# --- Exercise 6: top-p ----------------------------------------------------------------------------


def _nucleus_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([0.5, 0.25, 0.125, 0.125]), 0.6), label="the example of the text")
    yield Case((np.array([0.05, 0.15, 0.8]), 0.7), label="one token is enough")
    yield Case((np.array([0.1, 0.4, 0.2, 0.3]), 0.85), label="not in order")
    yield Case((np.array([0.25, 0.5, 0.25 - 2**-8, 2**-8]), 1.0), label="everything")
    yield Case(
        (np.array([0.125, 0.5, 0.25, 0.125]), 0.75), label="the share is met exactly by two tokens"
    )
    yield Case((np.array([0.25, 0.5, 0.25]), 0.5), label="the share is met exactly by one token")
    p = rng.dirichlet(np.full(12, 0.7))
    yield Case((p, 0.9), label="twelve tokens, share 0.9")
    yield Case((p, 0.35), label="twelve tokens, share 0.35")


def _nucleus_by_loop(p, share):
    kept, left = np.zeros(len(p)), list(range(len(p)))
    while kept.sum() < share - 1e-12 and left:
        best = max(left, key=lambda i: p[i])
        left.remove(best)
        kept[best] = p[best]
    return kept / kept.sum()


def _nucleus(p, share):
    order = np.argsort(-p)
    before = np.cumsum(p[order]) - p[order]
    kept = np.zeros_like(p)
    chosen = order[before < share]
    kept[chosen] = p[chosen]
    return kept / kept.sum()


def _nucleus_crossing_lost(p, share):
    order = np.argsort(-p)
    chosen = order[np.cumsum(p[order]) <= share]
    chosen = chosen if len(chosen) else order[:1]
    kept = np.zeros_like(p)
    kept[chosen] = p[chosen]
    return kept / kept.sum()


def _nucleus_not_rescaled(p, share):
    return np.where(_nucleus(p, share) > 0, p, 0.0)


def _nucleus_sorted(p, share):
    return np.sort(_nucleus(p, share))[::-1]


def _nucleus_in_given_order(p, share):
    before = np.cumsum(p) - p
    kept = np.where(before < share, p, 0.0)
    return kept / kept.sum()


def _nucleus_from_below(p, share):
    order = np.argsort(p)
    before = np.cumsum(p[order]) - p[order]
    kept = np.zeros_like(p)
    kept[order[before < share]] = p[order[before < share]]
    return kept / kept.sum()


def _nucleus_min_p(p, share):
    kept = np.where(p >= (1 - share) * p.max(), p, 0.0)
    return kept / kept.sum()


def _nucleus_softmax(p, share):
    kept = _nucleus(p, share)
    weights = np.where(kept > 0, np.exp(p), 0.0)
    return weights / weights.sum()


nucleus = Function(
    "nlp.language_models.nucleus",
    title="Top-p",
    cases=_nucleus_cases,
    expected=_nucleus_by_loop,
    reference=_nucleus,
    mistakes=[
        Mistake(
            "the token that crosses is cut off",
            _nucleus_crossing_lost,
            "The tokens that you keep sum to less than the share. The token that crosses it "
            "belongs to the nucleus: keep a token while the sum *before* it is below the share.",
        ),
        Mistake(
            "not brought back to sum one",
            _nucleus_not_rescaled,
            "The right tokens are kept, but they no longer sum to one. Divide by their sum.",
        ),
        Mistake(
            "returned in sorted order",
            _nucleus_sorted,
            "The probabilities come back sorted, so they belong to other tokens now. Write them "
            "into the places where they came from.",
        ),
        Mistake(
            "summed without sorting",
            _nucleus_in_given_order,
            "The sum must run from the most probable token downwards. The tokens came in the "
            "order of the vocabulary.",
        ),
        Mistake(
            "sorted the wrong way",
            _nucleus_from_below,
            "You collected the *least* probable tokens first. argsort sorts upwards; sort by −p.",
        ),
        Mistake(
            "min-p instead",
            _nucleus_min_p,
            "This keeps tokens within a factor of the best one. That rule exists, under the name "
            "min-p; top-p looks at the sum.",
        ),
        Mistake(
            "a softmax of probabilities",
            _nucleus_softmax,
            "The kept probabilities were sent through another softmax, which flattens them. "
            "Dividing by their sum is all.",
        ),
    ],
    also_correct=[
        _nucleus_by_loop,
        lambda p, share: _nucleus(p, share).tolist(),
        lambda p, share: torch.tensor(_nucleus(p, share)),
    ],
    hints=[
        "Sort from large to small and add up. Which tokens stand before the sum has reached the "
        "share?",
        "order = np.argsort(-p); the sum before each token is np.cumsum(p[order]) - p[order].",
        "Keep order[before < share], put those probabilities into zeros, divide by their sum.",
    ],
    carry_on="The nucleus grows where the model is unsure and shrinks to one token where it is "
    "sure. A fixed k cannot do that.",
)

# --- Exercise 7: what the cache changes -----------------------------------------------------------

cache_saves = Choice(
    "nlp.language_models.cache_saves",
    title="What does the cache change?",
    options={
        "a": Option(
            "With a cache, writing n tokens takes time in proportion to n.",
            "Each new token still attends to all earlier ones: 1 + 2 + … + n scores. The cache "
            "takes away the recomputation of keys and values, not the looking.",
        ),
        "b": Option(
            "The cache makes training faster as well.",
            "In training all positions are computed in one pass, and the weights change after it: "
            "there is nothing to reuse.",
        ),
        "c": Option(
            "The text differs a little, since old keys and values do not know the new tokens.",
            "Under a causal mask they are not allowed to know them. Keys and values of earlier "
            "positions are exactly the same with and without later tokens.",
        ),
        "d": Option(
            "It also stores the queries, so that they need not be computed again.",
            "A query is used once, by its own position. Later positions ask with their own query "
            "and need only the keys and values of the past.",
        ),
        "e": Option(
            "The logits stay the same; memory grows with every token, and so does the time per "
            "token.",
            "The same numbers for less work, paid with memory: two vectors per layer and token. In "
            "large models with long texts and many users that memory, not arithmetic, sets the "
            "limit.",
            right=True,
        ),
    },
    hints=[
        "Which of an earlier position's vectors does a new token need?",
        "Does a causal mask let an earlier position's key depend on a later token?",
        "The one right statement names what stays, and both things that grow.",
    ],
)
