# SPDX-License-Identifier: GPL-3.0-or-later
"""Activity: pure readings off a whole chip's result: raster, rates, their histogram, and its weights as a picture."""

import numpy as np
from numpy.typing import NDArray

from luisim.hicannx.chip import Chip
from luisim.hicannx.chip_result import ChipResult
from luisim.hicannx.constants import COLUMNS, NEURONS

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


def raster(result: ChipResult) -> tuple[Array, Indices]:
    """(k,) times in s and (k,) hardware circuits of all spikes, in the order of time."""
    trains = [train for population in result.spikes.values() for train in population]
    circuit = np.repeat(result.network.circuits, [train.size for train in trains])
    time = np.concatenate([np.empty(0), *trains])
    order = np.argsort(time, kind="stable")
    return time[order], circuit[order]


def rates(result: ChipResult) -> dict[str, Array]:
    """Population -> (n,) mean rate of each neuron in Hz of hardware time."""
    length = result.stop - result.start
    return {name: np.array([train.size for train in trains]) / length for name, trains in result.spikes.items()}


def rate_histogram(result: ChipResult, bins: int = 24) -> tuple[Indices, Array]:
    """How many neurons (bins,) fire at rates between (bins + 1,) edges in Hz."""
    values = np.concatenate(list(rates(result).values()))
    count, edges = np.histogram(values, bins, (0.0, max(float(values.max()), 1.0)))
    return count, edges


def weights(chip: Chip) -> NDArray[np.int64]:
    """(256, 512): signed weights of the rows of both arrays side by side; column k is neuron circuit k."""
    arrays = chip.mapping.configuration.arrays
    return np.concatenate([array.weights.astype(np.int64) * array.signs[:, None] for array in arrays], axis=1)


def used(chip: Chip) -> dict[str, tuple[int, int]]:
    """What of the chip is in use: name -> (used, there are)."""
    found = chip.mapping.configuration.used
    there = {"rows": 512, "drivers": 256, "synapses": COLUMNS * NEURONS, "generators": 8}
    return {"neurons": (chip.network.n, NEURONS)} | {name: (found[name], most) for name, most in there.items()}
