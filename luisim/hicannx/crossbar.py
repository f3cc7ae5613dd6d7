# SPDX-License-Identifier: GPL-3.0-or-later
"""Crossbar: which event gets where on the chip. 20 inputs meet 12 outputs, though not each with each.

Inputs: 0 to 7 the neurons' event outputs, 8 to 11 the link from outside, 12 to 19 the background generators. Outputs: 0 to
3 the PADI buses of the upper array, 4 to 7 those of the lower one, 8 to 11 the link to the outside. A node passes an event if
its 14 bits, masked, equal its target. The nodes that exist are those of halco's coordinate of that name.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from luisim.errors import ParameterError
from luisim.hicannx.constants import ARRAYS, BUSES, COLUMNS

INPUTS, OUTPUTS, EVENT_BITS = 20, 12, 14
NEURON_OUTPUTS = 8
LINK_INPUT = 8  # the first of four; they carry the same, so one is enough here
BACKGROUND_INPUT = 12
COLUMNS_PER_OUTPUT = COLUMNS // NEURON_OUTPUTS  # halco: 32 columns, both rows: 64 neurons share an event output


def exists(source: int, target: int) -> bool:
    """Whether the crossbar has a node between an input and an output."""
    local, bus = target % BUSES, target < ARRAYS * BUSES
    if source < NEURON_OUTPUTS:
        return source % BUSES == local
    if source < BACKGROUND_INPUT:
        return bus or source % BUSES == local
    generator = source - BACKGROUND_INPUT
    return generator == target if bus else generator % BUSES == local


def neuron_input(circuit: int) -> int:
    """The crossbar input that a neuron circuit's spikes enter by."""
    return circuit % COLUMNS // COLUMNS_PER_OUTPUT


def bus_output(array: int, bus: int) -> int:
    """The crossbar output that is a PADI bus."""
    return BUSES * array + bus


@dataclass(frozen=True)
class Crossbar:
    """``nodes``: (input, output) -> (mask, target); a node that is not there drops all. Raises :class:`ParameterError`."""

    nodes: Mapping[tuple[int, int], tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for (source, target), node in self.nodes.items():
            if not (0 <= source < INPUTS and 0 <= target < OUTPUTS):
                raise ParameterError(f"The crossbar has inputs 0 to 19 and outputs 0 to 11, not {source} and {target}.")
            if not exists(source, target):
                raise ParameterError(
                    f"The crossbar has no node from input {source} to output {target}: a neuron output reaches every fourth"
                    " bus, a background generator its own."
                )
            if not all(0 <= value < 2**EVENT_BITS for value in node):
                raise ParameterError(f"Mask and target of a crossbar node have 14 bits, not {node}.")
        object.__setattr__(self, "nodes", MappingProxyType(dict(self.nodes)))

    def outputs(self, source: int, event: int) -> tuple[int, ...]:
        """Where an event that enters at ``source`` comes out."""
        return tuple(to for (at, to), (mask, target) in self.nodes.items() if at == source and event & mask == target)
