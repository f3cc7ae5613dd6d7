# SPDX-License-Identifier: GPL-3.0-or-later
"""OnChip: a run of neurons of one circuit each, mapped onto the chip and solved by its engine, part after part."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from luisim.hicannx import engine
from luisim.hicannx.chip import Chip, ChipState, Record, Site
from luisim.hicannx.network import Network
from luisim.hicannx.readout import cadc_times, madc_times, stamps
from luisim.pynn.network import Chip as ChipKind

Array = NDArray[np.float64]
SIGNALS = {"v": "v", "exc_synin": "exc", "inh_synin": "inh", "adaptation": "w"}
Looks = Mapping[tuple[int, str], str]  # (neuron, variable): what reads it, "madc" or "cadc"


@dataclass(frozen=True)
class Part:
    """``spikes``: s for each neuron. ``signals``: by (neuron, variable) the times in s and the values in LSB."""

    spikes: tuple[Array, ...]
    signals: Mapping[tuple[int, str], tuple[Array, Array]]


class OnChip:
    """``network`` with the largest weights of the whole run: it says which places are taken. ``fine``: steps of the MADC."""

    def __init__(self, network: Network, kind: ChipKind, fine: bool, seed: int) -> None:
        self._chip = Chip(
            network, kind.profile, kind.seed, clock_scale=kind.clock_scale, pulse_clock_scale=kind.pulse_clock_scale
        )
        self._state = ChipState(step=engine.CHIP_STEP if fine else engine.STEP)
        self._seed = seed

    def part(self, network: Network, trains: Mapping[str, Sequence[Array]], stop: float, looks: Looks) -> Part:
        """Go on to ``stop`` s with the settings and weights of ``network``. ``trains``: s, of each source, of the whole run."""
        self._configure(network)
        start, duration = self._state.time, stop - self._state.time
        if duration < 1e-12:  # a part shorter than a step is over already
            nothing = (np.empty(0), np.empty(0))
            return Part((np.empty(0),) * self._chip.network.n, dict.fromkeys(looks, nothing))
        by_device = {device: [key for key, own in looks.items() if own == device] for device in ("madc", "cadc")}
        sites = {device: tuple(self._site(*key) for key in keys) for device, keys in by_device.items()}
        record = Record() if self._chip.bypass else Record(sites["madc"], sites["cadc"])
        known = {source.name for source in self._chip.network.sources}
        inputs = {name: found for name, found in trains.items() if name in known}
        result = self._chip.run(duration, inputs, record, state=self._state, seed=self._seed)
        self._state = result.state
        signals = {}
        for device, read, grid in (("madc", result.madc, madc_times), ("cadc", result.cadc, cadc_times)):
            for row, key in enumerate(by_device[device]):
                if self._chip.bypass:  # which uses no membrane
                    times = stamps(start + grid(duration))
                    signals[key] = times, np.zeros(times.size)
                else:
                    signals[key] = read.times, read.values[row]
        spikes = tuple(train for population in network.populations for train in result.spikes[population.name])
        return Part(spikes, signals)

    def _configure(self, network: Network) -> None:
        for population in network.populations:
            if population.neurons != self._chip.network.population(population.name).neurons:
                self._chip = self._chip.with_neurons(population.name, population.neurons)
        now = {projection.name: projection.weights for projection in network.projections}
        for projection in self._chip.network.projections:
            # what is connected later in the run has no weight before
            weights = now.get(projection.name, np.zeros_like(projection.weights))
            if not np.array_equal(weights, projection.weights):
                self._chip = self._chip.with_weights(projection.name, weights)

    def _site(self, neuron: int, variable: str) -> Site:
        for population in self._chip.network.populations:
            if neuron < population.size:
                return Site(population.name, neuron, SIGNALS[variable])
            neuron -= population.size
        raise AssertionError("there is no such neuron")


def with_largest_weights(networks: Sequence[Network]) -> Network:
    """The last of these networks, which grow, with the largest weight that each synapse ever has."""
    last = networks[-1]
    largest = {projection.name: projection for projection in last.projections}
    for network in networks[:-1]:
        for projection in network.projections:
            before = largest[projection.name]
            weights = np.where(np.abs(projection.weights) > np.abs(before.weights), projection.weights, before.weights)
            largest[projection.name] = replace(before, weights=weights)
    return replace(last, projections=tuple(largest.values()))
