"""Tables of numbers with one target a row, from scikit-learn."""

from __future__ import annotations

from typing import Any

import numpy as np

from utils.data.containers import Table


def _table(bunch: Any, target_names: tuple[str, ...] | None = None) -> Table:
    """A scikit-learn bunch as a Table with plain strings and its own, writable arrays."""
    regression = target_names is not None
    return Table(
        X=np.array(bunch.data, dtype=np.float64),
        y=np.array(bunch.target, dtype=np.float64 if regression else np.int64),
        feature_names=tuple(map(str, bunch.feature_names)),
        target_names=target_names or tuple(map(str, bunch.target_names)),
    )


def breast_cancer() -> Table:
    """Wisconsin breast cancer: 569 tumours × 30 features, malignant (0: 212) or benign (1: 357).

    Ten shape measures of the cell nuclei in a microscope picture (radius, texture, perimeter,
    area …), each as mean, standard error ("error") and mean of the three largest ("worst"); the
    source states no units. Note that 1 is the harmless class.

    Returns
    -------
    Table
        ``X`` (569, 30), 0 to 4,254; ``y`` (569,) int64.

    References
    ----------
    Wolberg, Mangasarian, Street and Street 1995, UCI; CC BY 4.0.

    Examples
    --------
    >>> tumours = breast_cancer()
    >>> tumours
    Table(569 rows, 30 features, classes: malignant, benign)
    >>> tumours.feature_names[:3]
    ('mean radius', 'mean texture', 'mean perimeter')
    """
    from sklearn.datasets import load_breast_cancer

    return _table(load_breast_cancer())


def wine() -> Table:
    """Chemical analysis of Italian wines: 178 × 13, three grape varieties (59, 71 and 48).

    Alcohol in percent by volume; the source states no units for the other twelve. Their scales
    differ by a factor of thousands.

    Returns
    -------
    Table
        ``X`` (178, 13), 0.13 to 1,680; ``y`` (178,) int64.

    References
    ----------
    Aeberhard and Forina 1992, UCI; CC BY 4.0.

    Examples
    --------
    >>> wines = wine()
    >>> spread = dict(zip(wines.feature_names, wines.X.std(axis=0).round(1).tolist()))
    >>> spread["hue"], spread["proline"]
    (0.2, 314.0)
    """
    from sklearn.datasets import load_wine

    return _table(load_wine())


def iris() -> Table:
    """Anderson's and Fisher's irises: 150 flowers × 4 lengths in cm, three species of 50.

    The values are those of Fisher's paper; UCI's own file differs in two rows.

    Returns
    -------
    Table
        ``X`` (150, 4), 0.1 to 7.9 cm; ``y`` (150,) int64.

    References
    ----------
    Fisher 1936, UCI; CC BY 4.0.

    Examples
    --------
    >>> flowers = iris()
    >>> flowers
    Table(150 rows, 4 features, classes: setosa, versicolor, virginica)
    >>> flowers.X[flowers.y == 0].mean(axis=0).round(1).tolist()  # a setosa, on average
    [5.0, 3.4, 1.5, 0.2]
    """
    from sklearn.datasets import load_iris

    return _table(load_iris())


def diabetes() -> Table:
    """Diabetes: 442 patients × 10 features, and how far the illness went a year later.

    Raw values, neither centred nor scaled: age (years, 19–79), sex (coded 1 and 2; the source
    does not say which is which), bmi (body mass index, kg/m²), bp (average blood pressure), and
    six blood serum measures: s1 total cholesterol, s2 low- and s3 high-density lipoproteins,
    s4 total cholesterol over high-density, s5 possibly the logarithm of the triglycerides, s6
    blood sugar. The source states no units for pressure and serum; the ranges fit mm Hg and
    mg/dl.

    Returns
    -------
    Table
        ``X`` (442, 10); ``y`` (442,) float64, a measure of progression without a unit, 25 to 346.

    References
    ----------
    Efron, Hastie, Johnstone and Tibshirani 2004, "Least Angle Regression"; no licence is stated.

    Examples
    --------
    >>> patients = diabetes()
    >>> body_mass = patients.X[:, patients.feature_names.index("bmi")]
    >>> round(float(np.corrcoef(body_mass, patients.y)[0, 1]), 2)
    0.59
    """
    from sklearn.datasets import load_diabetes

    return _table(load_diabetes(scaled=False), ("disease progression after one year",))
