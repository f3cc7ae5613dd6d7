# SPDX-License-Identifier: GPL-3.0-or-later
"""CapMem: what a cell's 10 bit value is in volt or ampere, and where it puts the membrane of a neuron."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from luisim.hicannx.constants import CAPMEM_CURRENT, CAPMEM_VOLTAGE
from luisim.hicannx.profiles import Profile

Array = NDArray[np.float64]


def cell_voltage(value: ArrayLike) -> Array:
    """The output of a voltage cell in V."""
    return np.asarray(value, dtype=np.float64) * CAPMEM_VOLTAGE


def cell_current(value: ArrayLike) -> Array:
    """The output of a current cell in A."""
    return np.asarray(value, dtype=np.float64) * CAPMEM_CURRENT


def leak_potential(value: ArrayLike, profile: Profile) -> Array:
    """Membrane potential in V that the leak pulls to."""
    return _followed(value, profile.leak_slope_lsb, profile.leak_offset_lsb, profile.leak_floor_lsb, profile)


def reset_potential(value: ArrayLike, profile: Profile) -> Array:
    """Membrane potential in V that the reset pulls to."""
    return _followed(value, profile.reset_slope_lsb, profile.reset_offset_lsb, profile.reset_floor_lsb, profile)


def threshold_potential(value: ArrayLike, profile: Profile) -> Array:
    """Membrane potential in V at which the comparator turns over."""
    lsb = profile.threshold_slope_lsb * np.asarray(value, dtype=np.float64) + profile.threshold_offset_lsb
    return profile.madc_lsb * lsb


def free_potential(value: ArrayLike, profile: Profile) -> Array:
    """Potential in V of the other cells: v_exp, v_adapt_leak, v_adapt_ref, the reversal potentials."""
    lsb = profile.adaptation_slope_lsb * np.asarray(value, dtype=np.float64) + profile.adaptation_offset_lsb
    return profile.madc_lsb * lsb


def _followed(value: ArrayLike, slope: float, offset: float, floor: float, profile: Profile) -> Array:
    """A straight line that bends into its floor as a source follower does that runs out of headroom."""
    lsb = slope * np.asarray(value, dtype=np.float64) + offset
    knee = profile.floor_knee_lsb
    return profile.madc_lsb * (floor + knee * np.logaddexp(0.0, (lsb - floor) / knee))
