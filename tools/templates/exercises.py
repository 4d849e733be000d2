"""Exercises of the lesson “TITLE”."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

import numpy as np

from exercises.engine import Case, Function, Mistake

# --- Exercise 1 -----------------------------------------------------------------------------------


# To write: cases in which ordinary mistakes give other results. First a small one that can be
# followed by hand, then the edges (one value, zeros, signs), then random ones, always the same.
def _mean_square_cases(rng: np.random.Generator) -> Iterator[Case]:
    yield Case(([3, 4],), label="the example of the text")
    yield Case(([-2],), label="one negative number")
    yield Case((rng.normal(size=5).tolist(),), label="five random numbers")


# To write: the expected result by another route than the solution: a library, or a property.
def _mean_square_by_statistics(values):
    return statistics.fmean(value**2 for value in values)


# To write: the solution, as in the notebook.
def _mean_square(values):
    values = np.asarray(values, dtype=float)
    return float((values**2).mean())


# To write: wrong answers that people really give, as code, at least two.
def _mean_square_summed(values):
    return sum(value**2 for value in values)


def _mean_square_of_the_mean(values):
    return statistics.fmean(values) ** 2


# To write: at least one answer that is right by another route.
def _mean_square_by_dot(values):
    return np.dot(values, values) / len(values)


mean_square = Function(
    "CHAPTER.LESSON.mean_square",
    title="To write: a title",
    cases=_mean_square_cases,
    expected=_mean_square_by_statistics,
    reference=_mean_square,
    mistakes=[
        Mistake(
            "the sum instead of the mean",
            _mean_square_summed,
            "To write: what happened here, and what the reader may try.",
        ),
        Mistake(
            "the square of the mean",
            _mean_square_of_the_mean,
            "To write: what happened here, and what the reader may try.",
        ),
    ],
    also_correct=[_mean_square_by_dot],
    hints=[
        "To write: a nudge.",
        "To write: nearly there.",
    ],
    carry_on="To write: a sentence that carries the idea further, for readers who solved it.",
)
