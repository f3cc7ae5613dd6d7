# SPDX-License-Identifier: GPL-3.0-or-later
"""Compartments: neuron circuits whose membranes are connected, as a model: a pure step over groups of them.

Circuits on one node share a membrane: their capacitances and currents add up. A resistor between two nodes carries::

    I = I_r tanh((V_line - V_membrane) / U_r)        out of the line's node, into the membrane's

Everything else is the physics of :mod:`luisim.hicannx.neuron`: each circuit has its own OTA, inputs, comparator and counter. A
step is exponential Rosenbrock-Euler for all nodes of a group at once: with the nodes' currents F and conductances J, which
is symmetric, V + h C^-1/2 Q phi(h w) Q^T C^-1/2 F where Q w Q^T = C^-1/2 J C^-1/2. So a piece of the line without a membrane,
some nanoseconds fast, takes no shorter step. A group steps to the first thing that happens to any of its circuits.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luisim.hicannx import neuron
from luisim.hicannx.capmem import cell_current
from luisim.hicannx.electrical import NeuronCircuit, circuit_of, mismatch_of
from luisim.hicannx.instance import Mismatch
from luisim.hicannx.neuron import Spikes, State, fired_at, membrane_current, moved, next_stop, phi, settled
from luisim.hicannx.parameters import Columns, HicannX, columns
from luisim.hicannx.profiles import Profile
from luisim.hicannx.wiring import Wiring, wire

Array = NDArray[np.float64]
Index = NDArray[np.intp]

_EPS = 1e-13  # s; as in the step of single neurons
_ROUNDS, _STRIDE = 200, 20e-3  # V; Newton's method from afar: strides below the linear range of every OTA do not overshoot


@dataclass(frozen=True)
class Compartments:
    """Connected neuron circuits. ``circuit``: the ``n`` real ones, then one without any current for each bare piece of line.

    ``node``: of each of ``circuit``; ``c_node`` (m,) F; ``group`` (m,), and the ``place`` in it. Resistors (r,): between the
    nodes ``a`` and ``b``, with ``i_sat`` in A and ``v_lin`` in V.
    """

    circuit: NeuronCircuit
    n: int
    node: Index
    c_node: Array
    group: Index
    place: Index
    a: Index
    b: Index
    i_sat: Array
    v_lin: Array

    @cached_property
    def member(self) -> Index:
        """The group of each circuit."""
        return self.group[self.node]

    @cached_property
    def groups(self) -> int:
        """How many."""
        return int(self.group.max()) + 1

    @cached_property
    def width(self) -> int:
        """Nodes of the largest group."""
        return int(self.place.max()) + 1

    @cached_property
    def ends(self) -> tuple[Index, Index]:
        """The rows and columns that are filled, as nodes: each with itself, and the resistors from a to b and from b to a."""
        own = np.arange(self.c_node.size)
        return np.concatenate([own, self.a, self.b]), np.concatenate([own, self.b, self.a])

    @cached_property
    def entries(self) -> Index:
        """Where these stand in the groups' matrices, one behind the other and each ``width`` square."""
        row, column = self.ends
        return (self.group[row] * self.width + self.place[row]) * self.width + self.place[column]

    @cached_property
    def scale(self) -> Array:
        """sqrt(C C) of the two nodes of each, in F."""
        row, column = self.ends
        return np.sqrt(self.c_node[row] * self.c_node[column])

    def take(self, groups: Index) -> tuple["Compartments", Index]:
        """Only these groups, ascending, and which circuits they are made of."""
        kept = np.isin(self.group, groups)
        number = np.cumsum(kept) - 1
        chosen = np.flatnonzero(kept[self.node])
        wires = kept[self.a]
        part = Compartments(
            self.circuit.take(chosen),
            chosen.size,
            number[self.node[chosen]],
            self.c_node[kept],
            np.searchsorted(groups, self.group[kept]),
            self.place[kept],
            number[self.a[wires]],
            number[self.b[wires]],
            self.i_sat[wires],
            self.v_lin[wires],
        )
        return part, chosen


Cells = NeuronCircuit | Compartments


def cells_of(device: HicannX) -> Cells:
    """The circuits of a device, connected if any of its switches is closed. Raises :class:`~luisim.errors.ParameterError`."""
    return connected(circuit_of(device), wiring_of(device), columns(device.neurons), device.chip_profile, mismatch_of(device))


def wiring_of(device: HicannX) -> Wiring:
    """What the switches of a device's neurons connect. Raises :class:`~luisim.errors.ParameterError`."""
    return wire(device.neurons, range(device.first, device.first + len(device.neurons)))


def connected(circuit: NeuronCircuit, wiring: Wiring, lsb: Columns, profile: Profile, mismatch: Mismatch) -> Cells:
    """The ``circuit`` with its wiring; without any, just the circuit."""
    if not wiring.connected:
        return circuit
    bare = np.setdiff1d(np.arange(wiring.nodes), wiring.node)
    node = np.concatenate([wiring.node, bare])
    c_line = profile.c_line * np.bincount(wiring.piece[wiring.piece >= 0], minlength=wiring.nodes)
    i_sat, v_lin = resistors(lsb, wiring, profile, mismatch)
    return Compartments(
        _with_lines(circuit, bare.size),
        circuit.n,
        node,
        np.bincount(wiring.node, circuit.c_mem, wiring.nodes) + c_line,
        wiring.group,
        _places(wiring.group),
        wiring.node[wiring.resistor],
        wiring.piece[wiring.resistor],
        i_sat,
        v_lin,
    )


def resistors(lsb: Columns, wiring: Wiring, profile: Profile, mismatch: Mismatch) -> tuple[Array, Array]:
    """(r,) saturation current in A and linear range in V of each resistor that is on."""
    factor = profile.compartment_factor ** (
        lsb["multicompartment_enable_conductance_multiplication"] - lsb["multicompartment_enable_conductance_division"]
    )
    i_sat = cell_current(lsb["multicompartment_i_bias_nmda"]) * factor * (1.0 + mismatch.i_compartment)
    return i_sat[wiring.resistor], np.full(wiring.resistor.size, profile.v_lin_compartment)


def _with_lines(circuit: NeuronCircuit, count: int) -> NeuronCircuit:
    """The circuit, and ``count`` more that drive no current: only their voltage counts."""
    longer = circuit.take(np.concatenate([np.arange(circuit.n), np.zeros(count, dtype=np.intp)]))
    off: dict[str, Any] = {}
    for name in ("c_mem", "i_leak", "i_reset", "fires", "i_constant", "i_exp", "i_a", "i_b", "i_adapt"):
        off[name] = np.where(np.arange(longer.n) < circuit.n, getattr(longer, name), 0.0)
    for name in ("excitatory", "inhibitory"):
        receptor = getattr(longer, name)
        off[name] = replace(receptor, i_out=np.where(np.arange(longer.n) < circuit.n, receptor.i_out, 0.0))
    return replace(longer, **off)


def resting(cells: Cells, time: float = 0.0) -> State:
    """As :func:`luisim.hicannx.neuron.resting`: connected circuits where their leaks hold one another.

    Where a neuron would fire there, it and its node start from the reset, and the others where that holds them.
    """
    if isinstance(cells, NeuronCircuit):
        return neuron.resting(cells, time)
    c = cells.circuit
    v = _balance(cells, np.zeros(c.n, dtype=np.bool_))
    fires = (c.fires > 0.0) & (v > c.v_threshold)
    if fires.any():
        v = _balance(cells, fires)
    return settled(c, v, time)


def _balance(cells: Compartments, resets: NDArray[np.bool_]) -> Array:
    """(n + k,) V at which OTAs and resistors cancel: the ``resets`` ones pull to their reset, the others to their leak."""
    c = cells.circuit
    least = 1e-15  # A; what nothing holds stays where its own leak would put it
    i = np.maximum(np.where(resets, c.i_reset, c.i_leak), np.where(c.c_mem > 0.0, least, 0.0))
    goal, v_lin = np.where(resets, c.v_reset, c.v_leak), np.where(resets, c.v_lin_reset, c.v_lin_leak)
    weight = np.maximum(i, 1e-21)
    v = np.bincount(cells.node, weight * goal) / np.bincount(cells.node, weight)
    long: Array = np.ones(cells.groups)
    for _ in range(_ROUNDS):
        pull = np.tanh((goal - v[cells.node]) / v_lin)
        after = _nodes_after(cells, v, i * pull, -i / v_lin * (1.0 - pull * pull), long)
        change = np.clip(after - v, -_STRIDE, _STRIDE)
        v = v + change
        if np.all(np.abs(change) < 1e-9):
            break
    return v[cells.node]


def events(cells: Cells, state: State, excitatory: Array | float = 0.0, inhibitory: Array | float = 0.0) -> State:
    """The state after synaptic events with these summed weights: of all circuits, or (n,)."""
    if isinstance(cells, NeuronCircuit):
        return neuron.events(cells, state, excitatory, inhibitory)
    return neuron.events(cells.circuit, state, _padded(cells, excitatory), _padded(cells, inhibitory))


def step(cells: Cells, state: State, h: float, threshold_shift: Array | float = 0.0) -> tuple[State, Spikes]:
    """Every circuit ``h`` s later. ``threshold_shift``: (n,) V added to the threshold, its noise."""
    if isinstance(cells, NeuronCircuit):
        return neuron.step(cells, state, h, threshold_shift)
    end = state.time + h
    shift = np.broadcast_to(np.asarray(_padded(cells, threshold_shift), dtype=np.float64), (cells.circuit.n,))
    state, fired = _piece(cells, state, end, shift)
    neurons, times = [np.flatnonzero(fired)], [state.time[fired]]
    while (late := np.unique(cells.member[end - state.time > _EPS])).size:
        part, chosen = cells.take(late)
        after, fired = _piece(part, state.take(chosen), end[chosen], shift[chosen])
        neurons.append(chosen[fired])
        times.append(after.time[fired])
        state = state.put(chosen, after)
    return replace(state, time=end), Spikes(np.concatenate(neurons), np.concatenate(times))


def _padded(cells: Compartments, values: Array | float) -> Array | float:
    """(n,) values with zeros for the bare pieces of the line."""
    if np.ndim(values) == 0:
        return values
    longer = np.zeros(cells.circuit.n)
    longer[: cells.n] = values
    return longer


def _piece(cells: Compartments, s: State, end: Array, shift: Array) -> tuple[State, NDArray[np.bool_]]:
    """Each group up to ``end`` or to the first thing that happens to one of its circuits; which of them fire there."""
    member = cells.member
    stop = next_stop(cells.circuit, s, end, cells.c_node[cells.node])
    first: Array = np.full(cells.groups, np.inf)
    np.minimum.at(first, member, stop)
    h = first[member] - s.time
    new = _solve(cells, s, h, shift)
    over = new.x >= 1.0
    if not over.any():
        return new, over
    part, chosen = cells.take(np.unique(member[over]))
    at_spike, fired = _at_spike(part, s.take(chosen), new.take(chosen), h[chosen], shift[chosen])
    over = np.zeros_like(over)
    over[chosen[fired]] = True
    return new.put(chosen, at_spike), over


def _at_spike(cells: Compartments, before: State, after: State, h: Array, shift: Array) -> tuple[State, NDArray[np.bool_]]:
    """Where the first X of each group reaches 1 within ``h``: false position on the largest, as for single neurons."""
    member = cells.member

    def largest(x: Array) -> Array:
        top: Array = np.zeros(cells.groups)
        np.maximum.at(top, member, x)
        return top[member]

    low, x_low, high, x_high = np.zeros_like(h), largest(before.x), h, largest(after.x)
    state = after
    for _ in range(4):
        part = low + (high - low) * (1.0 - x_low) / (x_high - x_low)
        state = _solve(cells, before, part, shift)
        x = largest(state.x)
        early = x < 1.0
        low, x_low = np.where(early, part, low), np.where(early, x, x_low)
        high, x_high = np.where(early, high, part), np.where(early, x_high, x)
    fired = (state.x == largest(state.x)) | (state.x >= 1.0)
    return fired_at(cells.circuit, state, fired), fired


def _solve(cells: Compartments, s: State, h: Array, shift: Array) -> State:
    """``h`` s later, the same for all circuits of a group, with nothing happening in between."""
    current, slope = membrane_current(cells.circuit, s, h)
    v: Array = np.empty(cells.c_node.size)
    v[cells.node] = s.v
    h_group: Array = np.empty(cells.groups)
    h_group[cells.member] = h
    return moved(cells.circuit, s, h, _nodes_after(cells, v, current, slope, h_group)[cells.node], shift)


def _nodes_after(cells: Compartments, v: Array, current: Array, slope: Array, h: Array) -> Array:
    """(m,) V of the nodes ``h`` (groups,) s later, with each circuit's ``current`` in A and its ``slope`` in S."""
    m, width = v.size, cells.width
    root = np.sqrt(cells.c_node)
    pull = np.tanh((v[cells.b] - v[cells.a]) / cells.v_lin)
    across = cells.i_sat * pull
    g = cells.i_sat / cells.v_lin * (1.0 - pull * pull)
    force = np.bincount(cells.node, current, m) + np.bincount(cells.a, across, m) - np.bincount(cells.b, across, m)
    own = np.bincount(cells.node, slope, m) - np.bincount(cells.a, g, m) - np.bincount(cells.b, g, m)
    # groups one behind the other as blocks of one matrix each; places that a smaller group leaves over stay 0
    filled = np.bincount(cells.entries, np.concatenate((own, g, g)) / cells.scale, h.size * width * width)
    blocks = filled.reshape(h.size, width, width)
    f = np.zeros((h.size, width))
    f[cells.group, cells.place] = force / root
    rate, modes = np.linalg.eigh(blocks)
    part = phi(rate * h[:, None]) * (f[:, None, :] @ modes)[:, 0, :]
    change = h[:, None] * (modes @ part[:, :, None])[:, :, 0]
    after: Array = v + change[cells.group, cells.place] / root
    return after


def _places(group: Index) -> Index:
    """(m,) how many nodes of its group stand before each."""
    order = np.argsort(group, kind="stable")
    first = np.searchsorted(group[order], group[order])
    place = np.empty_like(group)
    place[order] = np.arange(group.size) - first
    return place
