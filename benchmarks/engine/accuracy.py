# SPDX-License-Identifier: GPL-3.0-or-later
"""How far the spikes of a run are from the reference: over the neurons that fire equally often, and how many those are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Accuracy:
    """Median and 99th percentile of the spike-time error in units, neurons with equal count, and both counts of spikes."""

    median: float
    p99: float
    equal: int
    neurons: int
    spikes: int
    expected: int


def accuracy(times: Array, neurons: Array, expected: Array, expected_neurons: Array, n: int) -> Accuracy:
    mine, theirs = np.bincount(neurons.astype(np.intp), minlength=n), np.bincount(expected_neurons.astype(np.intp), minlength=n)
    equal = mine == theirs
    a, b = (
        t[np.lexsort((t, i))][equal[np.sort(i)]]
        for t, i in ((times, neurons.astype(np.intp)), (expected, expected_neurons.astype(np.intp)))
    )
    error = np.abs(a - b)
    median, p99 = (float(np.quantile(error, q)) for q in (0.5, 0.99)) if error.size else (float("nan"), float("nan"))
    return Accuracy(median, p99, int(equal.sum()), n, len(times), len(expected))
