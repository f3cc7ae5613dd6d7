# SPDX-License-Identifier: GPL-3.0-or-later
"""Agreement of circuit and model for connected neurons: random sets of neighbours, judged neuron by neuron."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from luisim.experiment import Experiment, SpikeTrain
from luisim.hicannx.agreement import SEED, Agreement, drawn, verdict
from luisim.hicannx.compartments import wiring_of
from luisim.hicannx.constants import CAPMEM_MAX
from luisim.hicannx.instance import ChipInstance
from luisim.hicannx.parameters import HicannX, NeuronLsb
from luisim.hicannx.sampled import name_of
from luisim.trace import Trace

SETS = 8
_DURATION = 100e-6


def experiments(count: int = SETS, seed: int = SEED) -> Iterator[Experiment[HicannX]]:
    """``count`` sets of 2 to 6 connected neurons with settings drawn from their ranges; mismatch, but no noise."""
    for index in range(count):
        draw = np.random.default_rng([seed, 7, index])
        device = _device(draw, int(draw.integers(2, 7)), 1000 * seed + index)
        trains = tuple(
            SpikeTrain(receptor, int(draw.integers(1, 200)), tuple(draw.uniform(2e-6, 90e-6, 4)), k)
            for k, neuron in enumerate(device.neurons)
            for receptor in ("excitatory", "inhibitory")
            if getattr(neuron, f"{receptor}_input_enable")
        )
        yield Experiment(device, _DURATION, trains, f"connected_{index:02d}")


def _device(draw: np.random.Generator, n: int, instance: int) -> HicannX:
    """Neighbours share a membrane or a piece of the line, which each meets through its resistor or, less often, a switch."""
    neurons: list[NeuronLsb] = []
    on_line = False
    for k in range(n):
        last = k == n - 1
        shares = not last and draw.random() < 0.4
        goes_on = not last and not shares
        switches: dict[str, Any] = {"connect_right": shares, "connect_soma_right": goes_on}
        if on_line or goes_on:
            direct = bool(draw.random() < 0.3)
            switches |= {"connect_soma": direct, "enable_conductance": not direct}
        switches["enable_conductance_division"] = bool(draw.random() < 0.3)
        switches["enable_conductance_multiplication"] = bool(draw.random() < 0.2)
        switches["i_bias_nmda"] = int(draw.integers(20, CAPMEM_MAX + 1))
        # comparators that watch the same membrane race one another: which one is first would be chance
        alone = k == 0 or not neurons[-1].multicompartment_connect_right
        neuron = drawn(draw)
        neurons.append(
            replace(
                neuron,
                threshold_enable=neuron.threshold_enable and alone and bool(draw.random() < 0.5),
                **{f"multicompartment_{name}": value for name, value in switches.items()},
            )
        )
        on_line = goes_on
    return HicannX(tuple(neurons), deviations=ChipInstance(instance).mismatch(n))


def verdicts(experiment: Experiment[HicannX], model: Trace, circuit: Trace) -> list[Agreement]:
    """One for each neuron."""
    wiring = wiring_of(experiment.device)
    counts = np.array([model.spikes[name_of("out", k)].size for k in range(wiring.node.size)])
    found = []
    for k in range(wiring.node.size):
        # a membrane that is shaken by another neuron's resets is aligned on that one's spikes
        near = counts * (1 + wiring.node.size * (wiring.node == wiring.node[k])) if counts[k] == 0 else None
        fires = k if near is None else int(np.argmax(near))
        named = replace(experiment, name=f"{experiment.name}.{k}")
        found.append(verdict(named, _part(model, k, fires), _part(circuit, k, fires)))
    return found


def _part(trace: Trace, neuron: int, fires: int) -> Trace:
    """The membrane of one neuron with the spikes of another."""
    v, spikes = trace.signals[name_of("v_madc", neuron)], trace.spikes[name_of("out", fires)]
    return Trace(trace.time, {"v_madc": v}, {"out": spikes}, trace.origin)


def nodes(experiment: Experiment[HicannX]) -> int:
    """How many different membranes an experiment has."""
    return int(np.unique(wiring_of(experiment.device).node).size)
