# SPDX-License-Identifier: GPL-3.0-or-later
"""Wiring: which neuron circuits the switches of a chip join to one membrane, and which membranes a conductance connects.

Each circuit has four switches and a resistor (haldls, NeuronConfig)::

    shared line ---+--- connect_soma_right ---+--- ...       connect_soma: from the membrane straight to the line
                   |                          |              enable_conductance: through a resistor, set by i_bias_nmda
       connect_soma or conductance            |
                   |                          |              connect_right: to the membrane of the circuit on the right
    membrane ------+--- connect_right --------+--- ...       connect_vertical: to that of the other row

Switches are ideal here: what they join is one node. Rows have 256 circuits; a neuron lies on one quadrant, half a row (halco).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from luisim.errors import ParameterError
from luisim.hicannx.constants import COLUMNS, NEURONS, QUADRANT
from luisim.hicannx.parameters import NeuronLsb

Index = NDArray[np.intp]

_SWITCHES = ("connect_soma", "connect_soma_right", "connect_right", "connect_vertical", "enable_conductance")


@dataclass(frozen=True)
class Wiring:
    """n circuits on m nodes. ``node`` (n,): that of each membrane. ``piece`` (n,): that of each circuit's piece of the line.

    A piece that leads from nowhere to nowhere has node -1. ``group`` (m,): equal where resistors connect nodes. ``resistor``
    (r,): the circuits whose resistor is on; it lies between their membrane and their piece of the line.
    """

    node: Index
    piece: Index
    group: Index
    resistor: Index

    @property
    def nodes(self) -> int:
        """How many nodes; the last of them may be pieces of the line without a membrane."""
        return int(self.group.size)

    @property
    def connected(self) -> bool:
        """Whether any circuit is not alone."""
        return self.nodes < self.node.size or bool(self.resistor.size)

    def sets(self) -> list[Index]:
        """The circuits of each group."""
        of = self.group[self.node]
        return [np.flatnonzero(of == group) for group in np.unique(of)]


def uses_switches(neuron: NeuronLsb) -> bool:
    """Whether a circuit closes any switch to another."""
    return any(getattr(neuron, f"multicompartment_{name}") for name in _SWITCHES)


def wire(neurons: Sequence[NeuronLsb], sites: Sequence[int]) -> Wiring:
    """The wiring of ``neurons`` at the circuits ``sites`` (0 to 511) of a chip.

    Raises :class:`~luisim.errors.ParameterError` if a switch leads to a circuit that is none of them.
    """
    n = len(neurons)
    places = {int(site): k for k, site in enumerate(sites)}
    joined = list(range(2 * n))  # membranes, then pieces of the line: each with another of its node, the first with itself
    used: set[int] = set()  # pieces of the line that have a purpose

    def root(k: int) -> int:
        while joined[k] != k:
            k = joined[k]
        return k

    def join(a: int, b: int) -> None:
        first, second = sorted((root(a), root(b)))
        joined[second] = first

    resistors = []
    for k, (neuron, site) in enumerate(zip(neurons, sites, strict=True)):
        if neuron.multicompartment_connect_right:
            join(k, _neighbour(int(site), "connect_right", places))
        if neuron.multicompartment_connect_vertical:
            join(k, _neighbour(int(site), "connect_vertical", places))
        if neuron.multicompartment_connect_soma_right:
            right = n + _neighbour(int(site), "connect_soma_right", places)
            join(n + k, right)
            used |= {n + k, right}
        if neuron.multicompartment_connect_soma:
            join(k, n + k)
            used.add(n + k)
        if neuron.multicompartment_enable_conductance:
            resistors.append(k)
            used.add(n + k)
    # a line that neither membrane nor resistor leads to has no part in anything
    ends = {root(k) for k in range(n)} | {root(n + k) for k in resistors}
    number = {key: index for index, key in enumerate(sorted(ends))}
    node = np.array([number[root(k)] for k in range(n)], dtype=np.intp)
    piece = np.array([number.get(root(n + k), -1) if n + k in used else -1 for k in range(n)], dtype=np.intp)
    resistor = np.array(resistors, dtype=np.intp)
    return Wiring(node, piece, _groups(len(number), node[resistor], piece[resistor]), resistor)


def _neighbour(site: int, switch: str, places: dict[int, int]) -> int:
    other = (site + COLUMNS) % NEURONS if switch == "connect_vertical" else site + 1
    if switch != "connect_vertical" and other % QUADRANT == 0:
        raise ParameterError(
            f"multicompartment_{switch} is set on circuit {site}, the last of its quadrant: nothing lies to its right;"
            f" place the neuron within {QUADRANT} neighbouring circuits."
        )
    if other not in places:
        raise ParameterError(
            f"multicompartment_{switch} is set on circuit {site}, but circuit {other}, which it leads to, has no neuron;"
            " add one, or open the switch."
        )
    return places[other]


def _groups(nodes: int, a: Index, b: Index) -> Index:
    """(nodes,) numbers from 0, equal where the pairs ``a``, ``b`` connect."""
    group = np.arange(nodes)
    while True:
        low = np.minimum(group[a], group[b])
        if np.array_equal(group[a], low) and np.array_equal(group[b], low):
            return np.unique(group, return_inverse=True)[1]
        np.minimum.at(group, a, low)
        np.minimum.at(group, b, low)
