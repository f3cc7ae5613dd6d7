# SPDX-License-Identifier: GPL-3.0-or-later
"""Neurons without synapses in closed form: a neuron that fires does so with one interval for ever.

From v_reset the time to theta is tau_m ln((e - v_reset) / (e - theta)). With the saturating leak sinh((e - v) / v_lin) decays
exponentially, so it is tau_m ln(sinh((e - v_reset) / v_lin) / sinh((e - theta) / v_lin)).
"""

import numpy as np
from numpy.typing import NDArray

from luisim.hicannx.ideal import Lif

Array = NDArray[np.float64]


def intervals(c: Lif) -> tuple[Array, Array]:
    """(n,) s from v_reset to theta, inf where the leak does not lead there; and the whole interval with t_ref."""
    fires = c.e > c.theta
    far, near = np.where(fires, c.e - c.v_reset, 1.0), np.where(fires, c.e - c.theta, 1.0)
    ratio = np.log(far / near) if c.v_lin is None else _log_sinh(far / c.v_lin) - _log_sinh(near / c.v_lin)
    rise = np.where(fires, c.tau_m * ratio, np.inf)
    return rise, rise + c.t_ref


def spikes_alone(c: Lif, duration: float) -> tuple[NDArray[np.int64], Array]:
    """Which neuron fires when (s): the first spikes of all, then the second, and so on. All that fire start at v_reset."""
    rise, interval = intervals(c)
    fires = np.flatnonzero(rise < duration)
    counts = np.floor((duration - rise[fires]) / interval[fires]).astype(np.int64) + 1
    # the busiest first: those with a k-th spike are then the first so many
    order = np.argsort(-counts, kind="stable")
    counts, fires = counts[order], fires[order]
    first, every = rise[fires], interval[fires]
    neuron, time = np.empty(counts.sum(), np.int64), np.empty(counts.sum())
    done, many = 0, fires.size
    for k in range(int(counts[0]) if many else 0):
        many = int(np.searchsorted(-counts, -k))
        neuron[done : done + many] = fires[:many]
        np.multiply(every[:many], float(k), out=time[done : done + many])
        time[done : done + many] += first[:many]
        done += many
    return neuron, time


def _log_sinh(x: Array) -> Array:
    return x + np.log(-np.expm1(-2.0 * x))
