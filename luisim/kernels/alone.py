# SPDX-License-Identifier: GPL-3.0-or-later
"""Trains of equal intervals for many neurons at once; ``network.c`` gives the same bits."""

import numpy as np
from numpy.typing import NDArray

from luisim.kernels.network import library

Ints = NDArray[np.int64]
Array = NDArray[np.float64]


def trains(neuron: Ints, first: Array, every: Array, count: Ints, compiled: bool = True) -> tuple[NDArray[np.int32], Array]:
    """Who fires when: each ``neuron`` (m,) ``count`` times from ``first`` on, one after the other."""
    lib = library() if compiled else None
    if lib is not None:
        whose, time = np.empty(count.sum(), np.int32), np.empty(count.sum())
        arrays = [np.ascontiguousarray(a) for a in (neuron, first, every, count)]
        lib.network_alone(neuron.size, *(a.ctypes.data for a in arrays), whose.ctypes.data, time.ctypes.data)
        return whose, time
    k = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return np.repeat(neuron, count).astype(np.int32), k * np.repeat(every, count) + np.repeat(first, count)
