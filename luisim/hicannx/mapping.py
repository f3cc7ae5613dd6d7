# SPDX-License-Identifier: GPL-3.0-or-later
"""Mapping: from a network to the chip's configuration, or the sentence that says which of the chip's limits was hit.

Sources get an address: a PADI bus (the same one of both arrays), a row select and a label. Sources of a bus stand in groups of
up to 64, one label each; a group owns 1, 2, 4, ... or 32 drivers of the bus, those whose number ends in the group's bits.
Within a group two synapses share a row if they are in different columns and of one sign, so a group needs as many rows as its
busiest column has synapses. Sources are placed one after the other where they cost the fewest drivers. A neuron's spikes reach
only the bus that the crossbar gives its columns; a background generator feeds one bus of one array.
"""

from collections import Counter
from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from luisim.errors import ParameterError
from luisim.hicannx.background import BackgroundSource, settings_for
from luisim.hicannx.constants import (
    ARRAYS,
    BUSES,
    COLUMNS,
    DRIVERS_PER_BUS,
    LABEL_BITS,
    LABELS,
    NEURONS,
    ROWS,
    SELECT_BITS,
    WEIGHT_MAX,
)
from luisim.hicannx.crossbar import BACKGROUND_INPUT, LINK_INPUT, Crossbar, bus_output, neuron_input
from luisim.hicannx.network import Background, Network, Population, Projection
from luisim.hicannx.synapses import SynapseArray

Indices = NDArray[np.int64]

# the 3 bits of an event that neither drivers nor synapses compare are for the crossbar's nodes
ROUTED = 1 << 13  # goes to a bus; without it, only to the outside
_BUS_SHIFT, _NODE_MASK = 11, 0b111 << 11


@dataclass(frozen=True)
class Address:
    """Where a source's events go: the ``bus`` of each array and the ``event``, 14 bits."""

    bus: int
    event: int


@dataclass(frozen=True, eq=False)
class Placed:
    """The synapses of a projection: (m,) hardware places, the ``sign`` of their rows, and the projection's ``pair`` of each."""

    pair: Indices
    sign: Indices
    array: Indices
    row: Indices
    column: Indices

    def spread(self, projection: Projection) -> Indices:
        """(m,): the weight of each synapse, so that a pair's add up to its own.

        Raises :class:`ParameterError` if a pair has too few synapses, or its sign has turned.
        """
        left = np.abs(projection.weights)
        first = np.searchsorted(self.pair, self.pair)  # the pair's synapses stand side by side
        rank = np.arange(self.pair.size) - first
        weights: Indices = np.clip(left[self.pair] - WEIGHT_MAX * rank, 0, WEIGHT_MAX)
        held = np.bincount(self.pair, weights, left.size)
        bad = np.flatnonzero(held != left)
        if bad.size:
            count = int(np.count_nonzero(self.pair == bad[0]))
            raise ParameterError(
                f"The weight {left[bad[0]]} in {projection.name!r} needs more than its {count} synapses,"
                f" which reach {count * WEIGHT_MAX}; build the chip anew with it."
            )
        return weights


@dataclass(frozen=True, eq=False)
class Configuration:
    """What the configuration memory holds besides the neurons' settings.

    ``neuron_events``: (512,) the 14 bits each circuit sends. ``generators``: (number, background) in use.
    """

    arrays: tuple[SynapseArray, SynapseArray]
    crossbar: Crossbar
    neuron_events: Indices
    generators: tuple[tuple[int, BackgroundSource], ...]

    @property
    def used(self) -> dict[str, int]:
        """How much of the chip is in use: rows, drivers, synapses, generators."""
        both = [array.used for array in self.arrays]
        return {key: sum(used[key] for used in both) for key in both[0]} | {"generators": len(self.generators)}


@dataclass(frozen=True, eq=False)
class Mapping:
    """A network on the chip: the ``configuration``, the address of each source by (name, index), the synapses by projection."""

    network: Network
    configuration: Configuration
    addresses: Dictionary[tuple[str, int], Address]
    placed: Dictionary[str, Placed]

    def with_weights(self, projection: Projection) -> "Mapping":
        """With other weights of one projection, at the same places. Raises :class:`ParameterError` if they do not fit there."""
        old = self.network.projection(projection.name)
        if projection.weights.size != old.weights.size:
            raise ParameterError(f"{projection.name!r} has {old.weights.size} weights, not {projection.weights.size}.")
        if np.any((projection.weights != 0) & (np.sign(projection.weights) != old.signs)):
            raise ParameterError(
                f"A weight in {projection.name!r} changes its sign, that is its row; build the chip anew with it."
            )
        place = self.placed[projection.name]
        weights = place.spread(projection)
        arrays = []
        for number, array in enumerate(self.configuration.arrays):
            cells, here = array.weights.copy(), place.array == number
            cells[place.row[here], place.column[here]] = weights[here]
            arrays.append(replace(array, weights=cells))
        return replace(
            self,
            network=self.network.with_projection(projection),
            configuration=replace(self.configuration, arrays=(arrays[0], arrays[1])),
        )


@dataclass(eq=False)
class _Group:
    """Sources that share drivers. ``counts``: (array, sign, column) synapses."""

    bus: int
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros((ARRAYS, 2, COLUMNS), dtype=np.int64))
    members: list[tuple[str, int]] = field(default_factory=list)
    owner: str = ""  # of a background: nobody else joins
    least: int = 1  # drivers, so that all groups of a background have as many
    select: int = 0
    mask: int = 0

    @property
    def drivers(self) -> int:
        return max(self.least, _block(self.counts))


def map_network(network: Network) -> Mapping:
    """Find a place for every neuron, source and synapse. Raises :class:`ParameterError` that names the limit."""
    synapses = _Synapses(network)
    groups: list[_Group] = []
    names = [(p.name, i) for p in network.populations for i in range(p.size)]
    for key in [k for k in names if k in synapses.of]:  # first: they cannot choose their bus
        bus = neuron_input(network.circuit_of(*key)) % BUSES
        _place(key, synapses.counts(key), (bus,), groups)
    for background in network.backgrounds:
        _place_background(background, synapses, groups)
    for source in network.sources:
        for index in range(source.size):
            if (source.name, index) in synapses.of:
                _place((source.name, index), synapses.counts((source.name, index)), tuple(range(BUSES)), groups)
    _select(groups)
    addresses = {
        key: Address(group.bus, _routed(group.bus) | group.select << LABEL_BITS | label)
        for group in groups
        for label, key in enumerate(group.members)
    }
    arrays, placed = synapses.laid_out(groups, addresses)
    generators = _generators(network, groups)
    events = np.zeros(NEURONS, dtype=np.int64)
    for key in names:
        if key in addresses:
            events[network.circuit_of(*key)] = addresses[key].event
    nodes = _nodes(network, addresses, generators)
    return Mapping(network, Configuration(arrays, Crossbar(nodes), events, generators), addresses, placed)


class _Synapses:
    """All synapses of a network: (m,) arrays, and ``of``: which of them a source has."""

    def __init__(self, network: Network) -> None:
        parts: dict[str, list[Indices]] = {name: [] for name in ("projection", "pair", "circuit", "sign", "source")}
        self.keys: list[tuple[str, int]] = []
        number: dict[tuple[str, int], int] = {}
        self._projections = network.projections
        for index, projection in enumerate(network.projections):
            copies = np.maximum(-(-np.abs(projection.weights) // WEIGHT_MAX), 1)
            pair = np.repeat(np.arange(copies.size), copies)
            first = network.first_of(projection.post)
            for at in np.unique(projection.pre_index):
                key = (projection.pre, int(at))
                if key not in number:
                    number[key] = len(self.keys)
                    self.keys.append(key)
            numbers = np.array([number.get((projection.pre, i), -1) for i in range(network.part(projection.pre).size)])
            parts["projection"].append(np.full(pair.size, index))
            parts["pair"].append(pair)
            parts["circuit"].append(network.circuits[first + projection.post_index[pair]])
            parts["sign"].append(np.where(projection.signs[pair] > 0, 0, 1))
            parts["source"].append(numbers[projection.pre_index[pair]])
        none = np.empty(0, dtype=np.int64)
        self._p, self._pair, self._circuit, self._sign, self._source = (
            np.concatenate([none, *parts[k]]) for k in ("projection", "pair", "circuit", "sign", "source")
        )
        fan_in = np.bincount(self._circuit, minlength=NEURONS)
        if fan_in.max(initial=0) > ROWS:
            circuit = int(np.argmax(fan_in))
            raise ParameterError(
                f"Neuron circuit {circuit} gets {fan_in[circuit]} synapses; it has {ROWS}, one in each row of its column:"
                " use fewer sources or smaller weights (63 a synapse)."
            )
        order = np.argsort(self._source, kind="stable")
        ends = np.searchsorted(self._source[order], np.arange(len(self.keys) + 1))
        self.of = {key: order[ends[k] : ends[k + 1]] for k, key in enumerate(self.keys)}

    def counts(self, key: tuple[str, int]) -> NDArray[np.int64]:
        """(array, sign, column): how many synapses a source has where."""
        mine = self.of.get(key, np.empty(0, dtype=np.int64))
        found = np.zeros((ARRAYS, 2, COLUMNS), dtype=np.int64)
        np.add.at(found, (self._circuit[mine] // COLUMNS, self._sign[mine], self._circuit[mine] % COLUMNS), 1)
        return found

    def laid_out(
        self, groups: list[_Group], addresses: Dictionary[tuple[str, int], Address]
    ) -> tuple[tuple[SynapseArray, SynapseArray], dict[str, Placed]]:
        """The arrays' contents, and where each projection's synapses are."""
        row = np.zeros(self._p.size, dtype=np.int64)
        cells = [{name: getattr(SynapseArray.empty(), name).copy() for name in _CELLS} for _ in range(ARRAYS)]
        for group in groups:
            own = _drivers(group)
            mine = np.concatenate([np.empty(0, dtype=np.int64), *(self.of.get(key, row[:0]) for key in group.members)])
            rank = _rank(self._circuit[mine] * 2 + self._sign[mine])
            rows = np.sort(np.concatenate([2 * own, 2 * own + 1]))
            for number in range(ARRAYS):
                excitatory, inhibitory = group.counts[number].max(axis=1)
                if excitatory + inhibitory == 0:
                    continue
                cells[number]["enabled"][own] = True
                cells[number]["masks"][own] = group.mask
                cells[number]["signs"][rows[:excitatory]] = 1
                cells[number]["signs"][rows[excitatory : excitatory + inhibitory]] = -1
                here = self._circuit[mine] // COLUMNS == number
                row[mine[here]] = rows[rank[here] + np.where(self._sign[mine[here]] == 1, excitatory, 0)]
        label = np.array([addresses[key].event % LABELS for key in self.keys], dtype=np.int64)
        placed = {}
        array, column = self._circuit // COLUMNS, self._circuit % COLUMNS
        for index, projection in enumerate(self._projections):
            mine = self._p == index
            place = Placed(self._pair[mine], 1 - 2 * self._sign[mine], array[mine], row[mine], column[mine])
            weights = place.spread(projection)
            for number in range(ARRAYS):
                here = place.array == number
                cells[number]["weights"][place.row[here], place.column[here]] = weights[here]
                cells[number]["labels"][place.row[here], place.column[here]] = label[self._source[mine][here]]
            placed[projection.name] = place
        first, second = (SynapseArray(**c) for c in cells)
        return (first, second), placed


_CELLS = ("weights", "labels", "signs", "masks", "enabled")


def _place(key: tuple[str, int], counts: NDArray[np.int64], buses: tuple[int, ...], groups: list[_Group]) -> None:
    """Put a source into the group where it costs the fewest drivers, then the fewest rows, or into a new one."""
    best: tuple[tuple[int, int], _Group] | None = None
    for bus in buses:
        there = [group for group in groups if group.bus == bus]
        taken = sum(group.drivers for group in there)
        open_ones = [group for group in there if len(group.members) < LABELS and not group.owner]
        for group in [*open_ones, _Group(bus)]:
            after = group.counts + counts
            new = 0 if group.members else 1
            more = _block(after) - (group.drivers if group.members else 0)
            if taken + more <= DRIVERS_PER_BUS:
                cost = (more, int(_rows(after).sum() - _rows(group.counts).sum()) + new)
                if best is None or cost < best[0]:
                    best = cost, group
    if best is None:
        name, index = key
        reach = "the one bus that its columns reach" if len(buses) == 1 else "any of the four buses"
        raise ParameterError(
            f"{name}[{index}] finds no free synapse drivers on {reach} (each has 32 drivers with 64 rows): too many rows"
            " are in use; use fewer sources, fewer synapses a neuron or smaller weights."
        )
    group = best[1]
    if not group.members:
        groups.append(group)
    group.counts = group.counts + counts
    group.members.append(key)


def _place_background(background: Background, synapses: _Synapses, groups: list[_Group]) -> None:
    """On the emptiest bus whose generators are free; one of more than 64 sources shares it with no other background."""
    keys = [(background.name, index) for index in range(background.size)]
    parts = [keys[start : start + LABELS] for start in range(0, background.size, LABELS)]
    new = []
    for members in parts:
        counts = sum((synapses.counts(key) for key in members), np.zeros((ARRAYS, 2, COLUMNS), dtype=np.int64))
        new.append(_Group(0, counts, members, background.name))
    arrays, least = set(_fed(new)), max(group.drivers for group in new)
    buses: dict[int, int] = {}
    for bus in range(BUSES):
        others = [group for group in groups if group.bus == bus]
        owners = Counter(group.owner for group in others if group.owner)
        backgrounds = [group for group in others if group.owner]
        if not arrays & set(_fed(backgrounds)) and not (owners and (len(parts) > 1 or max(owners.values()) > 1)):
            buses[bus] = sum(group.drivers for group in others)
    if not buses:
        raise ParameterError(
            f"The background {background.name!r} finds no free generator: there are eight, one for each bus of an array, and a"
            " background takes one of each array that it feeds."
        )
    bus = min(buses, key=lambda b: buses[b])
    if buses[bus] + least * len(new) > DRIVERS_PER_BUS:
        raise ParameterError(
            f"The background {background.name!r} needs {least * len(new)} synapse drivers on its bus, where"
            f" {DRIVERS_PER_BUS - buses[bus]} of {DRIVERS_PER_BUS} are free: too many rows; use fewer sources or connections."
        )
    for group in new:
        group.bus, group.least = bus, least
    groups += new


def _fed(groups: list[_Group]) -> list[int]:
    """The arrays that groups have synapses in."""
    return [array for array in range(ARRAYS) if any(group.counts[array].any() for group in groups)]


def _select(groups: list[_Group]) -> None:
    """Give each group of a bus its share of the drivers: those whose number ends in the bits of its select.

    Shares are laid side by side in the order of the numbers' reversed bits, each at a multiple of its size.
    """
    for bus in range(BUSES):
        free = np.ones(DRIVERS_PER_BUS, dtype=np.bool_)
        there = [group for group in groups if group.bus == bus]
        owners = Counter(group.owner for group in there if group.owner)
        siblings = [group for group in there if owners[group.owner] > 1]
        for number, group in enumerate(siblings):
            # a background's drawn bits go on into the select, so its groups take the low bits
            bits = len(siblings).bit_length() - 1
            _take(group, _reversed(number, bits) * (DRIVERS_PER_BUS >> bits), free)
        for group in sorted((group for group in there if group not in siblings), key=lambda g: -g.drivers):
            starts = [k for k in range(0, DRIVERS_PER_BUS, group.drivers) if free[k : k + group.drivers].all()]
            if not starts:
                raise ParameterError(
                    f"{group.members[0][0]!r} does not fit beside {siblings[0].owner!r}: too many rows on a bus."
                )
            _take(group, starts[0], free)


def _take(group: _Group, start: int, free: NDArray[np.bool_]) -> None:
    free[start : start + group.drivers] = False
    bits = SELECT_BITS - (group.drivers.bit_length() - 1)
    group.mask = 2**bits - 1
    group.select = _reversed(start // group.drivers, bits)


def _drivers(group: _Group) -> Indices:
    """The numbers on the array of the drivers that a group owns."""
    on_bus = np.arange(DRIVERS_PER_BUS)
    own: Indices = BUSES * on_bus[(on_bus ^ group.select) & group.mask == 0] + group.bus
    return own


def _generators(network: Network, groups: list[_Group]) -> tuple[tuple[int, BackgroundSource], ...]:
    """The generators of each background: one for each array it feeds, with equal settings and so with equal trains."""
    found = []
    for background in network.backgrounds:
        own = [group for group in groups if group.owner == background.name]
        period, rate = settings_for(background.rate, regular=background.regular)
        event = _routed(own[0].bus) | own[0].select << LABEL_BITS
        source = BackgroundSource(period, rate, background.seed, event, background.size - 1, background.regular)
        found += [(own[0].bus + BUSES * array, source) for array in _fed(own)]
    return tuple(found)


def _nodes(
    network: Network,
    addresses: Dictionary[tuple[str, int], Address],
    generators: tuple[tuple[int, BackgroundSource], ...],
) -> dict[tuple[int, int], tuple[int, int]]:
    """The crossbar's nodes: all spikes go outside, and what has an address to its bus of both arrays."""
    nodes = {(source, 8 + source % BUSES): (0, 0) for source in range(8)}
    for (name, index), address in addresses.items():
        part = network.part(name)
        if isinstance(part, Background):
            continue
        source = neuron_input(network.circuit_of(name, index)) if isinstance(part, Population) else LINK_INPUT
        for array in range(ARRAYS):
            nodes[source, bus_output(array, address.bus)] = (_NODE_MASK, _routed(address.bus))
    for number, _ in generators:
        nodes[BACKGROUND_INPUT + number, number] = (_NODE_MASK, _routed(number % BUSES))
    return nodes


def _routed(bus: int) -> int:
    """The upper bits of an event for a bus."""
    return ROUTED | bus << _BUS_SHIFT


def _rows(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """(array,): rows that these synapses need."""
    needed: NDArray[np.int64] = counts.max(axis=2).sum(axis=1)
    return needed


def _block(counts: NDArray[np.int64]) -> int:
    """Drivers for these synapses: a power of two."""
    drivers = max(1, -(-int(_rows(counts).max()) // 2))
    return int(2 ** (drivers - 1).bit_length())


def _rank(keys: Indices) -> Indices:
    """(m,): how many equal keys stand before each."""
    order = np.argsort(keys, kind="stable")
    inverse = np.empty_like(order)
    inverse[order] = np.arange(order.size)
    ordered = keys[order]
    return np.asarray((np.arange(order.size) - np.searchsorted(ordered, ordered))[inverse])


def _reversed(value: int, bits: int) -> int:
    return int(f"{value:0{bits}b}"[::-1], 2) if bits else 0
