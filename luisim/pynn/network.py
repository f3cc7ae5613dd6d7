# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks of circuits: which chip, where on it, with which settings, and their synapses as a list."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from luisim.hicannx.compartments import Cells, connected
from luisim.hicannx.electrical import NeuronCircuit, electrical
from luisim.hicannx.instance import ChipInstance, Mismatch
from luisim.hicannx.parameters import NeuronLsb, columns
from luisim.hicannx.profiles import PROFILES
from luisim.hicannx.wiring import wire

Array = NDArray[np.float64]
Index = NDArray[np.intp]


@dataclass(frozen=True)
class Chip:
    """Which chip: the kind, the instance (None: nominal, without mismatch and noise), and its two clock dividers."""

    profile: str = "v2_2021"
    seed: int | None = 1
    clock_scale: int = 0
    pulse_clock_scale: int = 0


@dataclass(frozen=True)
class Synapses:
    """Connections as a list: (m,) arrays ``source``, ``neuron``, ``receptor`` (0 excitatory, 1 inhibitory), ``weight`` >= 0.

    A source is an external one, counted from 0, or a neuron, counted on from ``externals``.
    """

    externals: int
    source: Index
    neuron: Index
    receptor: Index
    weight: Array


@dataclass(frozen=True)
class Network:
    """Neurons at ``sites`` (0 to 511) of a chip with their ``settings``, and their synapses. ``bypass``: events are spikes."""

    chip: Chip
    sites: Index
    settings: tuple[NeuronLsb, ...]
    synapses: Synapses
    bypass: bool = False


def circuit_at(chip: Chip, sites: Index, settings: tuple[NeuronLsb, ...]) -> NeuronCircuit:
    """The circuits of neurons at these sites, with the mismatch of the instance."""
    return electrical(
        columns(settings),
        PROFILES[chip.profile],
        mismatch_at(chip, sites),
        clock_scale=chip.clock_scale,
        pulse_clock_scale=chip.pulse_clock_scale,
    )


def cells_at(network: Network, circuit: NeuronCircuit) -> Cells:
    """The circuits with what their switches connect. Raises :class:`~luisim.errors.ParameterError` if one leads nowhere."""
    wiring = wire(network.settings, [int(site) for site in network.sites])
    mismatch = mismatch_at(network.chip, network.sites)
    return connected(circuit, wiring, columns(network.settings), PROFILES[network.chip.profile], mismatch)


def mismatch_at(chip: Chip, sites: Index) -> Mismatch:
    """The mismatch of the circuits at these sites."""
    whole = ChipInstance(chip.seed).mismatch()
    return Mismatch(**{f.name: getattr(whole, f.name)[sites] for f in fields(Mismatch)})
