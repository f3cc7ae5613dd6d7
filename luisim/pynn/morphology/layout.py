# SPDX-License-Identifier: GPL-3.0-or-later
"""Layout: the circuits of a neuron with several compartments, where each lies, and which of its switches are closed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from luisim.errors import LuisimError, ParameterError
from luisim.hicannx.constants import COLUMNS, QUADRANT
from luisim.hicannx.parameters import NeuronLsb
from luisim.hicannx.wiring import wire
from luisim.pynn.morphology.parts import Compartment, SharedLineConnection


class MorphologyError(LuisimError, RuntimeError):
    """Compartments that cannot be connected like this."""


@dataclass(frozen=True)
class Circuit:
    """One circuit at ``row``, ``column`` of a neuron: number ``index`` of a ``compartment``.

    Or of none: then it only carries the line. ``switches``: those of ``multicompartment_*`` that are closed.
    """

    row: int
    column: int
    compartment: int | None
    index: int
    switches: frozenset[str]


@dataclass(frozen=True)
class Layout:
    """All ``circuits`` of a neuron, compartment by compartment; ``first``: where each compartment begins among them."""

    circuits: tuple[Circuit, ...]

    @property
    def shape(self) -> tuple[tuple[int, int], ...]:
        """(row, column) of each circuit, the leftmost column 0."""
        left = min(circuit.column for circuit in self.circuits)
        return tuple((circuit.row, circuit.column - left) for circuit in self.circuits)

    def of(self, compartment: int) -> list[int]:
        """Which of the circuits are this compartment's."""
        return [k for k, circuit in enumerate(self.circuits) if circuit.compartment == compartment]


def lay_out(compartments: Sequence[Compartment], connections: Sequence[SharedLineConnection]) -> Layout:
    """Place the compartments and close their switches. Raises TypeError, or :class:`MorphologyError` for what is no neuron."""
    _check_kinds(compartments, connections)
    places: dict[tuple[int, int], tuple[int | None, int]] = {}
    switches: dict[tuple[int, int], set[str]] = {}
    for number, compartment in enumerate(compartments):
        for index, position in enumerate(compartment.positions):
            if not 0 <= position < 2 * QUADRANT:
                raise MorphologyError(f"Position {position} is outside a neuron: allowed is 0 to {2 * QUADRANT - 1}.")
            place = divmod(position, QUADRANT)
            if place in places:
                raise MorphologyError(f"Position {position} belongs to two compartments; a circuit has one membrane.")
            places[place], switches[place] = (number, index), set()
        _join_membrane(compartment, switches)
        for position in compartment.connect_shared_line:
            switches[divmod(position, QUADRANT)].add("connect_soma")
        for position, _ in compartment.connect_conductance:
            if position in compartment.connect_shared_line:
                raise MorphologyError(
                    f"The circuit at position {position} meets the shared line through its switch and its resistor; choose one."
                )
            switches[divmod(position, QUADRANT)].add("enable_conductance")
    for start, stop, row in connections:
        if not (0 <= start < stop < QUADRANT and row in (0, 1)):
            raise MorphologyError(
                f"The shared line cannot go from column {start} to {stop} in row {row}: there are columns 0 to {QUADRANT - 1},"
                " from left to right, and rows 0 and 1."
            )
        for column in range(start, stop + 1):
            places.setdefault((row, column), (None, 0))
            closed = switches.setdefault((row, column), set())
            if column < stop:
                closed.add("connect_soma_right")
    circuits = [Circuit(*place, *owner, frozenset(switches[place])) for place, owner in places.items()]
    layout = Layout(tuple(circuits))
    _check_neuron(layout, len(compartments))
    return layout


def _check_kinds(compartments: Any, connections: Any) -> None:
    if not isinstance(compartments, Iterable) or not all(isinstance(c, Compartment) for c in compartments):
        raise TypeError("compartments must be a list of Compartment.")
    # a SharedLineConnection is itself a tuple
    if not isinstance(connections, Iterable) or not all(isinstance(c, SharedLineConnection) for c in connections):
        raise TypeError("connections must be a list of SharedLineConnection.")
    if not compartments:
        raise MorphologyError("A neuron needs a compartment at least.")


def _join_membrane(compartment: Compartment, switches: dict[tuple[int, int], set[str]]) -> None:
    """Close the switches between neighbours of one compartment, in a row and between the rows."""
    own = {divmod(position, QUADRANT) for position in compartment.positions}
    for row, column in own:
        if (row, column + 1) in own:
            switches[row, column].add("connect_right")
        if row == 0 and (1, column) in own:
            switches[0, column].add("connect_vertical")
            switches[1, column].add("connect_vertical")


def _check_neuron(layout: Layout, compartments: int) -> None:
    neurons = [NeuronLsb(**{f"multicompartment_{name}": True for name in circuit.switches}) for circuit in layout.circuits]
    sites = [circuit.row * COLUMNS + circuit.column for circuit in layout.circuits]
    try:
        wiring = wire(neurons, sites)
    except ParameterError as error:  # the line ends at the quadrant's edge
        raise MorphologyError(str(error)) from None
    nodes = [np.unique(wiring.node[layout.of(number)]) for number in range(compartments)]
    for number, found in enumerate(nodes):
        if found.size > 1:
            raise MorphologyError(f"The circuits of compartment {number} are no neighbours: their membranes cannot be joined.")
    for number, found in enumerate(nodes):
        others = [k for k in range(number) if nodes[k][0] == found[0]]
        if others:
            raise MorphologyError(
                f"Compartments {others[0]} and {number} are joined directly: use connect_conductance on one of them, or make"
                " them one compartment."
            )
    if np.unique(wiring.group[np.concatenate(nodes)]).size > 1:
        raise MorphologyError("The compartments are not all connected: join them with connections=[SharedLineConnection(...)].")
