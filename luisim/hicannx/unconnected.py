# SPDX-License-Identifier: GPL-3.0-or-later
"""Neurons without synapses in closed form: a neuron that fires does so with one interval for ever.

From v_reset the time to theta is tau_m ln((e - v_reset) / (e - theta)). With the saturating leak sinh((e - v) / v_lin) decays
exponentially, so it is tau_m ln(sinh((e - v_reset) / v_lin) / sinh((e - theta) / v_lin)).
"""

import numpy as np
from numpy.typing import NDArray

from luisim.hicannx.ideal import Lif
from luisim.kernels.alone import trains

Array = NDArray[np.float64]


def intervals(c: Lif) -> tuple[Array, Array]:
    """(n,) s from v_reset to theta, inf where the leak does not lead there; and the whole interval with t_ref."""
    fires = c.e > c.theta
    far, near = np.where(fires, c.e - c.v_reset, 1.0), np.where(fires, c.e - c.theta, 1.0)
    ratio = np.log(far / near) if c.v_lin is None else _log_sinh(far / c.v_lin) - _log_sinh(near / c.v_lin)
    rise = np.where(fires, c.tau_m * ratio, np.inf)
    return rise, rise + c.t_ref


def spikes_alone(c: Lif, duration: float, compiled: bool = True) -> tuple[NDArray[np.int32], Array]:
    """Which neuron fires when (s), one neuron after the other. All that fire start at v_reset.

    ``compiled`` False: numpy, the same bits.
    """
    rise, interval = intervals(c)
    fires = np.flatnonzero(rise < duration)
    first, every = rise[fires], interval[fires]
    return trains(fires, first, every, ((duration - first) / every).astype(np.int64) + 1, compiled)


def _log_sinh(x: Array) -> Array:
    return x + np.log(-np.expm1(-2.0 * x))
