# SPDX-License-Identifier: GPL-3.0-or-later
"""Arrivals: spike times from outside, checked and on the chip's grid, and the queue in front of each bus."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from luisim.errors import ParameterError
from luisim.hicannx.constants import TIME_GRID
from luisim.hicannx.readout import stamps

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


def checked_train(times: ArrayLike, name: str, start: float, stop: float) -> Array:
    """Spike times checked, cut to the piece, on the chip's grid."""
    train = np.asarray(times, dtype=np.float64)
    if train.ndim != 1 or not np.isfinite(train).all():
        raise ParameterError(f"The spike times of {name} must be finite numbers in s.")
    if train.size and train[0] < 0.0:
        raise ParameterError(f"The spike time {train[0]:g} s of {name} is negative; times start at 0 s.")
    if (np.diff(train) < 0.0).any():
        at = int(np.argmax(np.diff(train) < 0.0)) + 1
        raise ParameterError(
            f"The spike times of {name} must ascend, but {train[at]:g} s comes after {train[at - 1]:g} s; sort them."
        )
    train = stamps(train)
    return train[(train >= start - 0.5 * TIME_GRID) & (train < stop - 0.5 * TIME_GRID)]


def queued(ticks: Indices, bus: Indices) -> Indices:
    """(k,): when each event gets onto its ``bus``: one a tick, so those that come together wait for the next free tick.

    Events of a bus are taken in the order of ``ticks`` (k,), which ascend.
    """
    moved = ticks.copy()
    for each in np.unique(bus):
        mine = np.flatnonzero(bus == each)
        rank = np.arange(mine.size)
        moved[mine] = rank + np.maximum.accumulate(ticks[mine] - rank)
    return moved
