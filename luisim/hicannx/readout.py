# SPDX-License-Identifier: GPL-3.0-or-later
"""The ways out of the chip: read-out buffer, the MADC (10 bit, one neuron, fast) and the CADC (8 bit, all neurons, slow)."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from luisim.hicannx.constants import CADC_MAX, CADC_PERIOD, MADC_MAX, MADC_OFFSET, MADC_PER_CADC, MADC_PERIOD, TIME_GRID

if TYPE_CHECKING:
    from luisim.hicannx.profiles import Profile

Array = NDArray[np.float64]

LINE_REST = 0.9  # V; assumed: where a synaptic line stands without events, from there it drops
_SLOW_SHARES = (0.5, 0.5)  # of the slow noise's power, one for each of the profile's noise times


def madc_times(duration: float) -> Array:
    """When the MADC samples within ``duration`` s, in s."""
    return MADC_PERIOD * np.arange(int(duration / MADC_PERIOD + 1e-6) + 1, dtype=np.float64)


def cadc_times(duration: float) -> Array:
    """When the CADC samples within ``duration`` s, in s."""
    return CADC_PERIOD * np.arange(int(duration / CADC_PERIOD + 1e-6) + 1, dtype=np.float64)


def stamps(times: ArrayLike) -> Array:
    """The time stamps that samples taken at ``times`` (s) get: the last tick of the 125 MHz grid."""
    return np.floor(np.asarray(times) / TIME_GRID + 1e-6) * TIME_GRID


def buffered(volts: ArrayLike, profile: "Profile") -> Array:
    """What the read-out buffer passes on of ``volts``."""
    return np.clip(np.asarray(volts, dtype=np.float64), profile.buffer_low, profile.buffer_high)


def on_pin(values: Array, signal: str) -> Array:
    """V of what a neuron's switch leads out: its membrane "v", its adaptation "w", or a line, "exc" or "inh"."""
    return LINE_REST - values if signal in ("exc", "inh") else values


def in_lsb(volts: ArrayLike, profile: "Profile") -> Array:
    """MADC reading of ``volts`` without noise, rounding or ends."""
    return np.asarray(volts, dtype=np.float64) / profile.madc_lsb


def madc(volts: ArrayLike, profile: "Profile", noise: np.random.Generator | None = None) -> Array:
    """What the MADC makes of samples of ``volts``, shape (..., k) and MADC_PERIOD apart: whole numbers from 0 to 1023.

    ``noise`` draws the read-out's noise; None reads without it.
    """
    reading = in_lsb(buffered(volts, profile), profile)
    if noise is not None:
        reading = reading + madc_noise(reading.shape, profile, noise)
    return np.clip(np.rint(reading), 0.0, float(MADC_MAX))


def madc_noise(shape: tuple[int, ...], profile: "Profile", draw: np.random.Generator) -> Array:
    """Noise of the read-out in LSB: white, and a slow wander of two time constants. ``shape``: (..., samples)."""
    total = profile.noise_white_lsb * draw.standard_normal(shape)
    for tau, share in zip(profile.noise_times, _SLOW_SHARES, strict=True):
        keep = np.exp(-MADC_PERIOD / tau)
        total += profile.noise_slow_lsb * np.sqrt(share) * _ornstein_uhlenbeck(draw.standard_normal(shape), float(keep))
    return total


def cadc(volts: ArrayLike, profile: "Profile") -> Array:
    """What the CADC makes of ``volts``: whole numbers from 0 to 255, without noise."""
    reading = (in_lsb(volts, profile) - MADC_OFFSET) / MADC_PER_CADC
    return np.clip(np.rint(reading), 0.0, float(CADC_MAX))


def _ornstein_uhlenbeck(white: Array, keep: float) -> Array:
    """Unit variance, correlated by ``keep`` from sample to sample along the last axis: y_k = keep y_(k-1) + x_k."""
    # scipy.signal.lfilter does the same, but takes 0.7 s to import
    drive = white * np.sqrt(1.0 - keep * keep)
    drive[..., 0] = white[..., 0]
    filtered: Array = np.empty_like(drive)
    before: Array = np.zeros(drive.shape[:-1])
    # y_k = keep^k (keep y_before + sum of x_j keep^-j), in blocks short enough for keep^-j to stay small
    block = max(1, int(-10.0 / np.log(keep)))
    decay: Array = np.power(keep, np.arange(block, dtype=np.float64))
    for start in range(0, drive.shape[-1], block):
        x = drive[..., start : start + block]
        d = decay[: x.shape[-1]]
        filtered[..., start : start + block] = d * (keep * before[..., None] + np.cumsum(x / d, axis=-1))
        before = filtered[..., start + x.shape[-1] - 1]
    return filtered
