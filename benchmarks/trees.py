"""Decision tree and gradient boosting of the lesson beside scikit-learn's."""

from __future__ import annotations

import numpy as np
from sklearn.datasets import make_regression
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.tree import DecisionTreeClassifier

from benchmarks.borrow import borrow
from benchmarks.report import Table, compare, ratio
from utils import data

LESSON = "chapters/01_ml_basics/04_trees_and_boosting.ipynb"
ROUNDS, DEPTH, RATE = 100, 3, 0.1


def measure() -> list[Table]:
    """One table: time to fit, and that both predict alike."""
    ours = borrow(LESSON, "grow", "predict", "boost", "stages")
    table = data.breast_cancer()
    X, labels = table.X, table.y
    targets = np.eye(2)[labels]
    tree = compare(
        {
            "ours": lambda: ours.grow(X, targets),
            "theirs": lambda: DecisionTreeClassifier(random_state=0).fit(X, labels),
        }
    )
    said = ours.predict(ours.grow(X, targets), X).argmax(axis=1)
    alike = (said == DecisionTreeClassifier(random_state=0).fit(X, labels).predict(X)).mean()

    Z, z = make_regression(500, 10, noise=10, random_state=0)
    settings = {"n_estimators": ROUNDS, "learning_rate": RATE, "max_depth": DEPTH}

    def theirs() -> GradientBoostingRegressor:
        model = GradientBoostingRegressor(**settings, random_state=0)
        return model.fit(Z, z)

    boosting = compare(
        {"ours": lambda: ours.boost(Z, z, ROUNDS, RATE, DEPTH), "theirs": theirs}, repeats=5
    )
    start, trees = ours.boost(Z, z, ROUNDS, RATE, DEPTH)
    gap = np.abs(ours.stages(start, trees, RATE, Z)[-1] - theirs().predict(Z)).max() / z.std()
    rows = [
        (
            f"tree, {len(X)} × {X.shape[1]}, to the end",
            str(tree["ours"]),
            str(tree["theirs"]),
            ratio(tree["ours"], tree["theirs"]),
            f"{alike:.1%} of the labels alike",
        ),
        (
            f"boosting, {len(Z)} × {Z.shape[1]}, {ROUNDS} trees of depth {DEPTH}",
            str(boosting["ours"]),
            str(boosting["theirs"]),
            ratio(boosting["ours"], boosting["theirs"]),
            f"largest difference {gap:.1e} of the spread",
        ),
    ]
    return [
        Table(
            "Trees and boosting",
            "Fitting, with the lesson's code and with scikit-learn's compiled one.",
            ("Work", "Lesson", "scikit-learn", "Lesson against it", "Agreement"),
            rows,
        )
    ]
