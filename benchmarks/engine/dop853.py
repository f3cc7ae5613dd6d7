# SPDX-License-Identifier: GPL-3.0-or-later
"""One step of DOP853 for many independent equations at once, each with a step of its own.

The coefficients are SciPy's; its solver takes one step for all components and would not stop each neuron at its own spike.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import DOP853

Array = NDArray[np.float64]
Slope = Callable[[Array, Array], Array]  # (time since the start of the step (n,), state (k, n)) -> (k, n)


def step(slope: Slope, y: Array, h: Array) -> Array:
    """(k, n): the state ``h`` (n,) later."""
    return y + h * np.tensordot(DOP853.B, _stages(slope, y, h), 1)


def step_with_error(slope: Slope, y: Array, h: Array, rtol: float, atol: float) -> tuple[Array, Array]:
    """The state ``h`` later, and (n,) SciPy's estimate of its error as a multiple of the tolerance."""
    stages = _stages(slope, y, h)
    new = y + h * np.tensordot(DOP853.B, stages, 1)
    stages = np.concatenate([stages, slope(h, new)[None]])
    scale = atol + rtol * np.maximum(np.abs(y), np.abs(new))
    fifth = np.sum((np.tensordot(DOP853.E5, stages, 1) / scale) ** 2, axis=0)
    third = np.sum((np.tensordot(DOP853.E3, stages, 1) / scale) ** 2, axis=0)
    return new, h * fifth / np.sqrt(np.maximum((fifth + 0.01 * third) * len(y), 1e-300))


def _stages(slope: Slope, y: Array, h: Array) -> Array:
    stages = np.empty((DOP853.n_stages, *y.shape))
    for s in range(DOP853.n_stages):
        at = y + h * np.tensordot(DOP853.A[s, :s], stages[:s], 1) if s else y
        stages[s] = slope(DOP853.C[s] * h, at)
    return stages


def first_passage(slope: Slope, y: Array, h: Array, level: Array | float) -> tuple[Array, Array]:
    """When (n,) the first component, below ``level`` at 0 and not below it at ``h``, gets there; and the state then.

    Newton's method kept inside a bracket, each point a step of its own from the start.
    """
    end = step(slope, y, h)[0]
    low, high, s = np.zeros_like(h), h.copy(), h * np.nan_to_num((level - y[0]) / (end - y[0]), nan=0.5, posinf=0.5, neginf=0.5)
    for _ in range(80):
        new = step(slope, y, s)
        miss = new[0] - level
        above = ~(miss < 0.0)  # what blew up is above
        low, high = np.where(above, low, s), np.where(above, s, high)
        with np.errstate(all="ignore"):
            guess = s - miss / slope(s, new)[0]
        better = np.where((guess >= low) & (guess <= high), guess, 0.5 * (low + high))
        moved, s = np.abs(better - s), better
        if np.all(moved < 1e-13):
            break
    return s, step(slope, y, s)
