# SPDX-License-Identifier: GPL-3.0-or-later
"""Lif, Adex: textbook neurons in the chip's network, for comparison with other simulators.

Lif::

    tau_m dv/dt = (e - v) + ie - ii           with v_lin: v_lin tanh((e - v) / v_lin) + ie - ii, the chip's saturating leak
    tau_e die/dt = -ie, an event of weight w adds scale_e w; ii alike
    v >= theta: a spike, then v = v_reset for t_ref

Adex (Brette and Gerstner, 2005)::

    c dv/dt = g_l (e_l - v) + g_l delta_t exp((v - v_t) / delta_t) - w + i
    tau_w dw/dt = a (v - e_l) - w
    v >= v_peak: a spike, w grows by b, then v = v_r for t_ref
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from luisim.errors import ParameterError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Lif:
    """n leaky integrate-and-fire neurons: (n,) arrays, times in s, one unit of voltage. They start at ``e`` or ``v_reset``."""

    tau_m: Array
    tau_e: Array
    tau_i: Array
    e: Array
    theta: Array
    v_reset: Array
    t_ref: Array
    scale_e: Array
    scale_i: Array
    v_lin: Array | None = None

    def __post_init__(self) -> None:
        _check(self, positive=("tau_m", "tau_e", "tau_i", "t_ref", "v_lin"))
        if (self.theta <= self.v_reset).any():
            raise ParameterError("theta must be above v_reset, or a neuron would fire without end.")

    @property
    def n(self) -> int:
        """How many neurons."""
        return int(self.tau_m.size)


@dataclass(frozen=True)
class Adex:
    """n adaptive exponential neurons without synapses: (n,), consistent units, times in s. They start at ``e_l``, w = 0."""

    c: Array
    g_l: Array
    e_l: Array
    v_t: Array
    delta_t: Array
    tau_w: Array
    a: Array
    b: Array
    v_r: Array
    v_peak: Array
    i: Array
    t_ref: Array

    def __post_init__(self) -> None:
        _check(self, positive=("c", "g_l", "delta_t", "tau_w", "t_ref"))
        if (self.v_peak <= self.v_r).any():
            raise ParameterError("v_peak must be above v_r, or a neuron would fire without end.")

    @property
    def n(self) -> int:
        """How many neurons."""
        return int(self.c.size)


def _check(neurons: Lif | Adex, positive: tuple[str, ...]) -> None:
    size = np.size(getattr(neurons, fields(neurons)[0].name))
    for f in fields(neurons):
        value = getattr(neurons, f.name)
        if value is None:
            continue
        value = np.broadcast_to(np.asarray(value, dtype=np.float64), (size,)) if np.ndim(value) == 0 else np.asarray(value)
        if value.shape != (size,) or not np.isfinite(value).all():
            raise ParameterError(f"{f.name} must be one finite number for each of the {size} neurons.")
        if f.name in positive and (value <= 0.0).any():
            raise ParameterError(f"{f.name} must be above 0 for each neuron.")
        object.__setattr__(neurons, f.name, value.astype(np.float64))
