# SPDX-License-Identifier: GPL-3.0-or-later
"""Correlation sensors: each synapse collects how closely its events and its neuron's spikes follow one another.

Pairs are nearest neighbours: an event and a spike with neither event nor spike between. One of dt seconds adds
``amplitude`` exp(-dt / ``tau``) to the causal sensor (event first) or to the acausal one (spike first); the CADC reads both.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from luisim.hicannx.chip import Chip
from luisim.hicannx.chip_result import ChipResult
from luisim.hicannx.constants import CADC_MAX, SYNAPSE_LATENCY
from luisim.quantity import Quantity, check_fields

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Sensor:
    """The calibration bits of the sensors, 2 for the amplitude and 2 for the time constant, geometric over calix's ranges."""

    amplitude_bits: Annotated[int, Quantity("", 0, 3, "haldls: 2 bit")] = 1
    time_bits: Annotated[int, Quantity("", 0, 3, "haldls: 2 bit")] = 1

    def __post_init__(self) -> None:
        check_fields(self)

    @property
    def amplitude(self) -> float:
        """CADC LSB a pair; calix: 0.2 to 2, by default about 0.5."""
        return float(0.2 * 10.0 ** (self.amplitude_bits / 3.0))

    @property
    def tau(self) -> float:
        """In s; calix: 2 to 30 us, by default about 5."""
        return float(2e-6 * 15.0 ** (self.time_bits / 3.0))


def pairs(events: Array, spikes: Array) -> tuple[Array, Array]:
    """Time differences in s of the causal and of the acausal nearest pairs of two ascending trains."""
    time = np.concatenate([events, spikes])
    spike = np.repeat([False, True], [events.size, spikes.size])
    order = np.lexsort((spike, time))
    gap, spike = np.diff(time[order]), spike[order]
    return gap[~spike[:-1] & spike[1:]], gap[spike[:-1] & ~spike[1:]]


def correlation(chip: Chip, result: ChipResult, projection: str, sensor: Sensor | None = None) -> tuple[Array, Array]:
    """Causal and acausal reading in CADC LSB, whole numbers, of each pair of a projection over one result."""
    sensor = sensor or Sensor()
    wanted = chip.network.projection(projection)
    trains = result.spikes.get(wanted.pre) or result.events.get(wanted.pre) or ()
    causal, acausal = np.zeros(wanted.weights.size), np.zeros(wanted.weights.size)
    for k, (i, j) in enumerate(zip(wanted.pre_index, wanted.post_index, strict=True)):
        if trains and trains[i].size and result.spikes[wanted.post][j].size:
            found = pairs(trains[i] + SYNAPSE_LATENCY, result.spikes[wanted.post][j])
            causal[k], acausal[k] = (sensor.amplitude * np.exp(-gaps / sensor.tau).sum() for gaps in found)
    return np.clip(np.rint(causal), 0, CADC_MAX), np.clip(np.rint(acausal), 0, CADC_MAX)
