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
    """Which neuron fires when (s), neuron after neuron. All that fire start at v_reset."""
    rise, interval = intervals(c)
    counts = np.maximum(np.floor((duration - rise) / interval) + 1.0, 0.0, where=np.isfinite(rise), out=np.zeros(c.n))
    counts = counts.astype(np.int64)
    neuron = np.repeat(np.arange(c.n), counts)
    before = np.repeat(np.cumsum(counts) - counts, counts)
    number = np.arange(neuron.size) - before
    return neuron, np.where(np.isfinite(rise), rise, 0.0)[neuron] + number * np.where(np.isfinite(rise), interval, 0.0)[neuron]


def _log_sinh(x: Array) -> Array:
    return x + np.log(-np.expm1(-2.0 * x))
