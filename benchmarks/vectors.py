"""The lesson's skip-gram beside gensim's, on the same corpus with the same settings."""

from __future__ import annotations

import numpy as np

from benchmarks.borrow import borrow
from benchmarks.report import Table, compare, ratio

LESSON = "chapters/04_nlp/02_word_vectors.ipynb"
PASSES, NEAR = 10, 10


def neighbours(vectors: np.ndarray, count: int = NEAR) -> list[set[int]]:
    """For each word the `count` words nearest by cosine."""
    rows = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosine = rows @ rows.T
    np.fill_diagonal(cosine, -2)
    return [set(np.argpartition(-line, count)[:count]) for line in cosine]


def agreement(a: np.ndarray, b: np.ndarray) -> float:
    """Mean share of the nearest neighbours that two tables have in common."""
    pairs = zip(neighbours(a), neighbours(b), strict=True)
    return float(np.mean([len(x & y) / NEAR for x, y in pairs]))


def measure() -> list[Table]:
    """One table: seconds, and how many neighbours agree, against each method's own luck."""
    from gensim.models import Word2Vec

    names = ("docs", "train", "skipgram_gradients", "several", "draw_pairs", "WINDOW")
    ours = borrow(LESSON, *names)
    corpus = ours.docs
    ends = np.flatnonzero(np.diff(corpus.paragraph)) + 1
    words = np.array(corpus.vocab)[corpus.ids]
    sentences = [list(part) for part in np.split(words, ends)]
    tables: dict[str, list[np.ndarray]] = {"ours": [], "theirs": []}

    def lesson() -> None:
        seed = len(tables["ours"])
        pairs = ours.several(ours.draw_pairs, corpus, PASSES, np.random.default_rng(seed))
        vectors, _ = ours.train(ours.skipgram_gradients, *pairs, corpus.counts, seed=seed)
        tables["ours"].append(vectors)

    def library() -> None:
        model = Word2Vec(
            sentences, vector_size=64, window=ours.WINDOW, min_count=1, sg=1, negative=5,
            ns_exponent=0.75, sample=0, epochs=PASSES, workers=1, seed=1 + len(tables["theirs"]),
        )  # fmt: skip
        tables["theirs"].append(np.array([model.wv[word] for word in corpus.vocab]))

    times = compare({"ours": lesson, "theirs": library})
    both = agreement(tables["ours"][0], tables["theirs"][0])
    own = {name: agreement(*found[:2]) for name, found in tables.items()}
    rows = [
        ("lesson (Adam, batches)", str(times["ours"]), f"{own['ours']:.0%}", f"{both:.0%}"),
        ("gensim (SGD, word by word)", str(times["theirs"]), f"{own['theirs']:.0%}", f"{both:.0%}"),
    ]
    share = ratio(times["ours"], times["theirs"])
    return [
        Table(
            "Word vectors",
            f"Skip-gram with 5 negatives, {len(corpus.vocab):,} words, 64 numbers each, window "
            f"{ours.WINDOW}, {PASSES} passes through {len(corpus.ids):,} words of Python's "
            f"documentation. Agreement: the share of the {NEAR} nearest neighbours in common.",
            ("Method", "Time", "Agreement of two seeds", "Agreement of lesson and gensim"),
            rows,
            f"The lesson takes {share} of gensim's time.",
        )
    ]
