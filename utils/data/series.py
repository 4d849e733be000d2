"""Series: numbers in the order of time, from statsmodels."""

from __future__ import annotations

import numpy as np

from utils.data.containers import Table


def sunspots() -> Table:
    """Sunspot numbers, one a year from 1700 to 2008: 309 rows in the order of time.

    A sunspot number is ten times the groups of spots plus the spots, scaled so that observers
    agree. They rise and fall in about eleven years. These are the values before the recalibration
    of 2015 (version 2 of the series is higher).

    Returns
    -------
    Table
        ``X`` is the year (309, 1), ``y`` the mean sunspot number of that year, 0 to 190.2.

    References
    ----------
    National Geophysical Data Center, by way of statsmodels, which states that the data are in the
    public domain.

    Examples
    --------
    >>> spots = sunspots()
    >>> strongest = spots.y.argmax()
    >>> print(spots.X[strongest], spots.y[strongest])
    [1957.] 190.2
    """
    from statsmodels.datasets import sunspots as source

    frame = source.load_pandas().data
    return Table(
        X=frame[["YEAR"]].to_numpy(dtype=np.float64, copy=True),
        y=frame["SUNACTIVITY"].to_numpy(dtype=np.float64, copy=True),
        feature_names=("year",),
        target_names=("mean sunspot number of the year",),
    )
