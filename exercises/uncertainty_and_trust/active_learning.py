"""Exercises of the lesson on active learning."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exercises.engine import Bug, Case, Choice, Function, Mistake, Option, Value

# --- Exercise 1: bisection with wrong answers -----------------------------------------------------


def _survival() -> float:
    from scipy.stats import binom

    return float(binom.pmf(0, 10, 0.05))


bisection_survives = Value(
    "uncertainty_and_trust.active_learning.bisection_survives",
    title="A lie on the way",
    expected=_survival,
    tolerance=0.005,
    reference=0.95**10,
    mistakes=[
        Mistake(
            "the probability of failure",
            1 - 0.95**10,
            "That is the probability that at least one answer is wrong. Asked is the other case.",
        ),
        Mistake(
            "one question only",
            0.95,
            "That is one right answer. The search needs all ten of them.",
        ),
        Mistake(
            "probabilities of errors added",
            0.5,
            "Ten times 0.05 counts the cases with several wrong answers several times. Multiply "
            "the probabilities of right answers instead.",
        ),
        Mistake(
            "all samples asked",
            0.0,
            "Bisection asks ten questions, not a thousand.",
        ),
        Mistake(
            "ten wrong answers",
            0.05,
            "That is one wrong answer. One is enough to spoil the search; asked is that none is.",
        ),
    ],
    also_correct=[0.599, np.float64(0.5987), 0.95**5 * 0.95**5],
    hints=[
        "Which of the ten answers may be wrong if the search is to end at the right place?",
        "None. Ten independent events must all happen.",
        "Multiply 0.95 by itself, ten times.",
    ],
    carry_on="Where every answer is used to discard half of what is left, one wrong answer is "
    "fatal. Random labels cost more and forgive more.",
)

# --- Exercise 2: smallest margins -----------------------------------------------------------------


def _duel_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[0.2, 0.8], [0.4, 0.6]]), 1), label="the example of the text")
    yield Case(
        (np.array([[0.50, 0.49, 0.01], [0.40, 0.36, 0.24], [0.42, 0.29, 0.29]]), 2),
        label="the three inputs of the text",
    )
    tied = np.array([[0.6, 0.3, 0.1], [0.1, 0.45, 0.45], [0.3, 0.1, 0.6], [0.25, 0.25, 0.5]])
    yield Case((tied, 4), label="equal margins, and all inputs wanted")
    yield Case((rng.dirichlet(np.ones(4), size=12), 5), label="random probabilities")
    yield Case((rng.dirichlet(np.ones(3), size=5), 0), label="none wanted")


def _duels_by_loop(p, k):
    """Sorted by (margin, row), with the margins from Python's own sorting."""
    margins = []
    for row, values in enumerate(np.asarray(p).tolist()):
        first, second = sorted(values, reverse=True)[:2]
        margins.append((first - second, row))
    return np.array([row for _, row in sorted(margins)[:k]], dtype=int)


def _margin(p):
    ordered = np.sort(p, axis=1)
    return ordered[:, -1] - ordered[:, -2]


def _closest_duels(p, k):
    return np.argsort(_margin(p), kind="stable")[:k]


closest_duels = Function(
    "uncertainty_and_trust.active_learning.closest_duels",
    title="The closest duels",
    cases=_duel_cases,
    expected=_duels_by_loop,
    reference=_closest_duels,
    mistakes=[
        Mistake(
            "the largest margins",
            lambda p, k: np.argsort(-_margin(p), kind="stable")[:k],
            "These are the inputs of which the model is surest. A small margin is a close duel.",
        ),
        Mistake(
            "the first two columns",
            lambda p, k: np.argsort(np.abs(p[:, 0] - p[:, 1]), kind="stable")[:k],
            "This compares classes 0 and 1. The two largest probabilities may stand in any "
            "columns: sort each row.",
        ),
        Mistake(
            "largest minus smallest",
            lambda p, k: np.argsort(np.ptp(p, axis=1), kind="stable")[:k],
            "This takes the smallest probability of the row. With three classes the second largest "
            "is not the smallest.",
        ),
        Mistake(
            "least confidence",
            lambda p, k: np.argsort(p.max(axis=1), kind="stable")[:k],
            "That is least confidence: it looks at the largest probability alone.",
        ),
        Mistake(
            "in the order of the rows",
            lambda p, k: np.sort(_closest_duels(p, k)),
            "The right inputs, but the closest duel must come first.",
        ),
        Mistake(
            "the last of equal ones first",
            lambda p, k: (len(p) - 1 - np.argsort(_margin(p)[::-1], kind="stable"))[:k],
            "Of equal margins the lower row number comes first. A stable sort keeps that order.",
        ),
    ],
    also_correct=[
        lambda p, k: _duels_by_loop(p, k).tolist(),
        lambda p, k: np.lexsort((np.arange(len(p)), _margin(p)))[:k],
    ],
    hints=[
        "Sort each row of p; where do the two largest values stand then?",
        "np.sort(p, axis=1) sorts upwards: the last two columns are the two largest.",
        'np.argsort(last minus last but one, kind="stable")[:k]',
    ],
    carry_on="Margin needs no committee and one pass of the network. Remember it as the baseline "
    "that a more elaborate rule has to beat.",
)

# --- Exercise 3: vote entropy ---------------------------------------------------------------------


def _vote_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[0, 2], [0, 1]]), 3), label="the example of the text")
    yield Case((np.array([[0, 0, 0], [0, 0, 1], [0, 1, 1], [0, 1, 0]]), 2), label="four members")
    yield Case((rng.integers(0, 4, size=(10, 6)), 4), label="ten members, four classes")
    yield Case((np.full((5, 2), 2), 3), label="all agree")
    yield Case((np.array([[1, 0, 3]]), 4), label="a single member")


def _votes_by_scipy(votes, classes):
    from scipy.stats import entropy

    counts = [np.bincount(column, minlength=classes) for column in np.asarray(votes).T]
    return np.array([entropy(count) for count in counts])


def _vote_shares(votes, classes):
    return (votes[..., None] == np.arange(classes)).mean(axis=0)


def _sum_of_logs(share):
    return -(share * np.log(np.where(share > 0, share, 1))).sum(axis=-1)


def _vote_entropy(votes, classes):
    return _sum_of_logs(_vote_shares(votes, classes))


def _votes_over_classes(votes, classes):
    return _sum_of_logs(_vote_shares(votes, classes) * len(votes) / classes)


def _votes_with_nan(votes, classes):
    share = _vote_shares(votes, classes)
    with np.errstate(divide="ignore", invalid="ignore"):
        return -(share * np.log(share)).sum(axis=-1)


vote_entropy = Function(
    "uncertainty_and_trust.active_learning.vote_entropy",
    title="Count the votes",
    cases=_vote_cases,
    expected=_votes_by_scipy,
    reference=_vote_entropy,
    mistakes=[
        Mistake(
            "bits instead of nats",
            lambda votes, classes: _vote_entropy(votes, classes) / np.log(2),
            "The number is in bits. Nats use the natural logarithm, np.log.",
        ),
        Mistake(
            "divided by ln(classes)",
            lambda votes, classes: _vote_entropy(votes, classes) / np.log(classes),
            "This is divided by the largest possible entropy. Wanted is the entropy in nats "
            "itself.",
        ),
        Mistake(
            "divided by the number of classes",
            _votes_over_classes,
            "The share of a class is its votes divided by the number of members, not of classes.",
        ),
        Mistake(
            "the sign forgotten",
            lambda votes, classes: -_vote_entropy(votes, classes),
            "Logarithms of shares are negative; the entropy has a minus sign in front.",
        ),
        Mistake(
            "zero times minus infinity",
            _votes_with_nan,
            "A class without votes gives 0 · ln 0, which NumPy calls NaN. Count it as zero.",
        ),
        Mistake(
            "the wrong axis",
            lambda votes, classes: _vote_entropy(votes.T, classes),
            "The counts run over the inputs. Members are the first axis: count down each column.",
        ),
    ],
    also_correct=[
        _votes_by_scipy,
        lambda votes, classes: _vote_entropy(votes, classes).tolist(),
    ],
    hints=[
        "First the share of the votes for each class and input, an array (inputs, classes).",
        "(votes[..., None] == np.arange(classes)).mean(axis=0) gives the shares.",
        "Then minus the sum of share · ln share, with ln 1 in the place of ln 0.",
    ],
    carry_on="Soft votes keep what hard votes throw away: how sure each member was.",
)

# --- Exercise 4: BALD with its terms exchanged ----------------------------------------------------


def _bald_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([[[1.0, 0.0]], [[0.0, 1.0]]]),), label="the example of the text")
    yield Case((np.array([[[0.5, 0.5]], [[0.5, 0.5]]]),), label="all agree on a coin flip")
    yield Case((rng.dirichlet(np.full(4, 0.4), size=(6, 5)),), label="six passes, five inputs")
    yield Case((rng.dirichlet(np.ones(3), size=(1, 4)),), label="a single pass")


def _bald_by_divergence(p):
    from scipy.stats import entropy

    return entropy(p, p.mean(axis=0, keepdims=True), axis=-1).mean(axis=0)


def _entropies(p):
    return -(p * np.log(np.where(p > 0, p, 1))).sum(axis=-1)


def _bald(p):
    return _entropies(p.mean(axis=0)) - _entropies(p).mean(axis=0)


def _bald_planted(p):
    logs = np.log(np.where(p > 0, p, 1))
    total = -(p * logs).sum(axis=-1).mean(axis=0)
    mean = p.mean(axis=0)
    within = -(mean * np.log(np.where(mean > 0, mean, 1))).sum(axis=-1)
    return total - within


bald_score = Bug(
    "uncertainty_and_trust.active_learning.bald_score",
    title="Information that is negative",
    cases=_bald_cases,
    expected=_bald_by_divergence,
    reference=_bald,
    planted=_bald_planted,
    mistakes=[
        Mistake(
            "clipped at zero",
            lambda p: np.maximum(_bald_planted(p), 0),
            "The negative numbers are hidden, not repaired: now all inputs have the same score. "
            "Ask which of the two entropies is the larger.",
        ),
        Mistake(
            "max entropy",
            lambda p: _entropies(p.mean(axis=0)),
            "Only the entropy of the mean is left: that is max entropy. It is large for a coin "
            "flip on which all agree; BALD is zero there.",
        ),
        Mistake(
            "the entropy within the passes",
            lambda p: _entropies(p).mean(axis=0),
            "That is the aleatoric part. BALD is what is left of the total when you take it away.",
        ),
        Mistake(
            "the two entropies added",
            lambda p: _entropies(p.mean(axis=0)) + _entropies(p).mean(axis=0),
            "The entropy within the passes must be taken away from the total, not added.",
        ),
        Mistake(
            "averaged over the inputs",
            lambda p: _entropies(p.mean(axis=1)) - _entropies(p).mean(axis=1),
            "You averaged over the second axis, the inputs. The passes are the first one.",
        ),
    ],
    also_correct=[
        _bald_by_divergence,
        lambda p: np.abs(_bald_planted(p)),
    ],
    hints=[
        "The entropy of a mean is never smaller than the mean of the entropies. Which is which?",
        "`total` must be the entropy of the mean prediction, `within` the mean of the entropies.",
        "Exchange the two names, or return within - total.",
    ],
    carry_on="A ranking always comes out, also of a wrong score: the loop ran, and asked for the "
    "inputs with the least information. Test a score on a case whose answer you know.",
)

# --- Exercise 5: positions and rows ---------------------------------------------------------------


def _query_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case((np.array([1.0, 9, 5]), np.array([4, 7, 8]), 1), label="the example of the text")
    yield Case((np.array([3.0, 1, 2]), np.arange(3), 2), label="the first round")
    pool = rng.permutation(30)[:12]
    yield Case((rng.normal(size=12), pool, 4), label="a pool in mixed order")
    yield Case((np.array([2.0, 2, 7, 2]), np.array([9, 3, 5, 1]), 2), label="equal scores")
    yield Case((rng.normal(size=3), np.array([6, 2, 1]), 3), label="the whole pool")


def _queries_by_loop(scores, pool, k):
    ranked = sorted(zip((-scores).tolist(), range(len(pool)), strict=True))[:k]
    taken = [position for _, position in ranked]
    rest = [row for position, row in enumerate(pool.tolist()) if position not in taken]
    return pool[np.array(taken, dtype=int)], np.array(rest, dtype=pool.dtype)


def _next_queries(scores, pool, k):
    best = np.argsort(-scores, kind="stable")[:k]
    return pool[best], pool[~np.isin(pool, pool[best])]


def _queries_planted(scores, pool, k):
    chosen = np.argsort(-scores, kind="stable")[:k]
    rest = pool[~np.isin(pool, chosen)]
    return chosen, rest


def _queries_half_repaired(scores, pool, k):
    best = np.argsort(-scores, kind="stable")[:k]
    return pool[best], pool[~np.isin(pool, best)]


def _queries_positions_out(scores, pool, k):
    best = np.argsort(-scores, kind="stable")[:k]
    return best, np.delete(pool, best)


def _queries_sorted_rest(scores, pool, k):
    best = np.argsort(-scores, kind="stable")[:k]
    return pool[best], np.setdiff1d(pool, pool[best])


def _queries_by_delete(scores, pool, k):
    best = np.argsort(-scores, kind="stable")[:k]
    return pool[best].tolist(), np.delete(pool, best).tolist()


next_queries = Bug(
    "uncertainty_and_trust.active_learning.next_queries",
    title="The wrong pictures",
    cases=_query_cases,
    expected=_queries_by_loop,
    reference=_next_queries,
    planted=_queries_planted,
    mistakes=[
        Mistake(
            "the pool still loses the wrong rows",
            _queries_half_repaired,
            "The rows asked for are right now. But the pool is still compared with positions, so "
            "others vanish from it, and some of those asked for stay in it.",
        ),
        Mistake(
            "positions returned",
            _queries_positions_out,
            "The pool is right now, but what is returned first are still positions in the pool. "
            "Look them up: pool[...].",
        ),
        Mistake(
            "the rest sorted",
            _queries_sorted_rest,
            "np.setdiff1d sorts. The pool must keep its order, since scores come in that order.",
        ),
        Mistake(
            "the smallest scores",
            lambda scores, pool, k: _next_queries(-scores, pool, k),
            "These have the lowest scores. The minus sign in front of scores was right.",
        ),
        Mistake(
            "the pool as it was",
            lambda scores, pool, k: (_next_queries(scores, pool, k)[0], pool),
            "The rows asked for are still in the pool, and would be asked for again.",
        ),
    ],
    also_correct=[_queries_by_delete, _queries_by_loop],
    hints=[
        "argsort returns positions in `scores`. What do the numbers in `pool` mean?",
        "Position i of the pool is row pool[i] of the data set. Translate before you return.",
        'chosen = pool[np.argsort(-scores, kind="stable")[:k]]; the last two lines stay.',
    ],
    carry_on="No error, no crash: the loop would train on other pictures than it scored, and look "
    "like random choice. Many a method that “did not help” failed like this.",
)

# --- Exercise 6: the joint information of two labels ----------------------------------------------


def _joint_cases(rng: np.random.Generator) -> Iterator[Case]:
    sure = np.array([[1.0, 0.0], [0.0, 1.0]])
    yield Case((sure, sure), label="a picture and its copy")
    four = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    other = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    yield Case((four, other), label="two questions that complete each other")
    yield Case((four, np.full((4, 2), 0.5)), label="the second is a coin flip for all")
    yield Case(
        (rng.dirichlet(np.ones(3), size=5), rng.dirichlet(np.ones(3), size=5)), label="random"
    )


def _joint_by_table(p, q):
    """Mutual information of the table (member, pair of labels), straight from its definition."""
    members = len(p)
    information = 0.0
    mean = np.einsum("ma,mb->ab", p, q) / members
    for m, a, b in np.ndindex(members, p.shape[1], q.shape[1]):
        chance = p[m, a] * q[m, b]
        if chance > 0:
            information += chance / members * np.log(chance / mean[a, b])
    return information


def _information(p):
    return _entropies(p.mean(axis=0)) - _entropies(p).mean()


def _joint(p, q):
    pairs = (p[:, :, None] * q[:, None, :]).reshape(len(p), -1)
    return _information(pairs)


def _joint_total(p, q):
    pairs = (p[:, :, None] * q[:, None, :]).reshape(len(p), -1)
    return _entropies(pairs.mean(axis=0))


def _joint_same_class(p, q):
    both = p * q  # the probability that the labels are equal to k, for each k
    return _entropies(both.mean(axis=0)) - _entropies(both).mean()


def _joint_by_parts(p, q):
    total = _joint_total(p, q)
    return float(total - _entropies(p).mean() - _entropies(q).mean())


joint_information = Function(
    "uncertainty_and_trust.active_learning.joint_information",
    title="What two labels tell together",
    cases=_joint_cases,
    expected=_joint_by_table,
    reference=_joint,
    mistakes=[
        Mistake(
            "the two scores added",
            lambda p, q: _information(p) + _information(q),
            "This is the sum of the information of the two labels (independent on average comes "
            "to the same). A copy tells nothing new. The labels are independent for a "
            "given member only: multiply for each member first, then take the mean.",
        ),
        Mistake(
            "the entropy of the pair",
            _joint_total,
            "That is the total entropy of the pair. Take away what is left when the member is "
            "known.",
        ),
        Mistake(
            "the larger of the two",
            lambda p, q: np.maximum(_information(p), _information(q)),
            "The pair tells at least as much as the better of its two labels, often more.",
        ),
        Mistake(
            "the same class in both",
            _joint_same_class,
            "The product runs class by class, so only pairs of equal labels are left. The two "
            "labels may differ: there are classes × classes pairs.",
        ),
        Mistake(
            "the two predictions averaged",
            lambda p, q: _information((p + q) / 2),
            "The mean of two predictions answers one question about a blend of both pictures. "
            "Wanted are both answers.",
        ),
    ],
    also_correct=[_joint_by_parts, _joint_by_table],
    hints=[
        "For one member the probability of the pair of labels (a, b) is p[m, a] · q[m, b].",
        "That is one question with classes × classes answers, an array (members, classes²). Its "
        "BALD is wanted.",
        "pairs = (p[:, :, None] * q[:, None, :]).reshape(len(p), -1), then the entropy of the mean "
        "minus the mean of the entropies.",
    ],
    carry_on="The sum of single scores counts common information twice. Chosen by the joint one, a "
    "batch avoids copies without being told what a copy is.",
)

# --- Exercise 7: an honest test -------------------------------------------------------------------

honest_test = Choice(
    "uncertainty_and_trust.active_learning.honest_test",
    title="An honest test",
    options={
        "a": Option(
            "the last 50 labels asked for, predicted before they were used for training",
            "Not seen in training, but chosen because the model was in doubt about them: the "
            "accuracy on them is far from that on the pool.",
        ),
        "b": Option(
            "cross-validation on the 300 labels",
            "Every fold consists of inputs that were chosen as doubtful. No split of a biased "
            "sample makes it a fair one.",
        ),
        "c": Option(
            "50 inputs drawn at random before the loop began, labelled, never trained on; "
            "reported as 350 labels",
            "A random sample that no rule has touched gives an unbiased estimate, and its labels "
            "are counted, since somebody had to write them. With 50 of them the interval is wide.",
            right=True,
        ),
        "d": Option(
            "the inputs left in the pool, with the model's own answers as labels",
            "Then the model judges itself: it would be right by definition.",
        ),
    },
    hints=[
        "Which of these sets is a fair sample of what the model will meet?",
        "And which labels did somebody have to write, so that they belong to the budget?",
    ],
)
