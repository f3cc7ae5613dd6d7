# SPDX-License-Identifier: GPL-3.0-or-later
"""Trains of equal intervals for many neurons at once; ``network.c`` gives the same bits."""

import numpy as np
from numpy.typing import NDArray

from luisim.kernels.network import library

Ints = NDArray[np.int64]
Array = NDArray[np.float64]


def trains(neuron: Ints, first: Array, every: Array, count: Ints, compiled: bool = True) -> tuple[Ints, Array]:
    """Who fires when: each ``neuron`` (m,) ``count`` times from ``first`` on, one after the other. ``count`` ascends."""
    whose, time = np.empty(count.sum(), np.int64), np.empty(count.sum())
    lib = library() if compiled else None
    if lib is not None:
        arrays = [np.ascontiguousarray(a) for a in (neuron, first, every, count)]
        lib.network_alone(neuron.size, *(a.ctypes.data for a in arrays), whose.ctypes.data, time.ctypes.data)
        return whose, time
    # a block for all that fire equally often
    values, starts = np.unique(count, return_index=True)
    done = 0
    for k, a, b in zip(values, starts, np.append(starts[1:], count.size), strict=True):
        here, shape = slice(done, done + (b - a) * k), (b - a, k)
        block = time[here].reshape(shape)
        np.multiply(every[a:b, None], np.arange(k), out=block)
        block += first[a:b, None]
        whose[here].reshape(shape)[:] = neuron[a:b, None]
        done = here.stop
    return whose, time
