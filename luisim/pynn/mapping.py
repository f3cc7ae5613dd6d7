# SPDX-License-Identifier: GPL-3.0-or-later
"""Mapping: from populations and projections to neurons, synapses and events of the chip."""

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luisim.errors import ParameterError, UnsupportedExperiment
from luisim.hicannx.background import BackgroundSource, settings_for
from luisim.hicannx.calibration import NeuronTarget
from luisim.hicannx.constants import CAPMEM_MAX, CLOCK, MADC_OFFSET, MADC_PER_CADC, REFRACTORY_MAX, TIME_GRID, WEIGHT_MAX
from luisim.hicannx.mapping import map_network as place_on_chip
from luisim.hicannx.network import Background, Population, Projection, Source
from luisim.hicannx.network import Network as ChipNetwork
from luisim.hicannx.parameters import NeuronLsb
from luisim.hicannx.wiring import uses_switches, wire
from luisim.pynn.calibrations import ChipConfig
from luisim.pynn.morphology.mc_neuron_base import McNeuronBase
from luisim.pynn.network import Network, Synapses
from luisim.pynn.simulator import MS, State, on_grid, place_of
from luisim.pynn.standardmodels import cells

Array = NDArray[np.float64]

SYNAPSES_PER_NEURON = 256  # halco: rows of a synapse array
BACKGROUND_CLOCK = 125e6  # Hz; haldls: what a background source can send


@dataclass(frozen=True)
class Mapped:
    """A network, and where its cells are: ``neurons`` and ``externals`` give the index of a cell's number.

    A neuron with several compartments has a number for each (:func:`~luisim.pynn.simulator.place_of`), at its first circuit.
    """

    network: Network
    neurons: dict[int, int]
    externals: dict[int, int]
    on_chip: ChipNetwork | None  # the same for the chip's own mapping; None if there is no neuron
    feeds: dict[str, range]  # of its sources: which externals they are

    @property
    def connected(self) -> bool:
        """Whether circuits are connected, which the chip's engine does not know."""
        return not self.network.bypass and any(map(uses_switches, self.network.settings))


def map_network(state: State) -> Mapped:
    """Place everything. Raises a LuisimError that says what the chip has no room for, or cannot do."""
    neurons: dict[int, int] = {}
    externals: dict[int, int] = {}
    sites: list[NDArray[np.intp]] = []
    settings: list[NeuronLsb] = []
    further: dict[int, list[int]] = {}
    for population in state.populations:
        if not population.is_neuron:
            externals |= {int(cell): len(externals) + k for k, cell in enumerate(population.all_cells)}
            continue
        own, more = _places(population, len(settings))
        neurons, further = neurons | own, further | more
        sites.append(population.sites.ravel())
        settings.extend(settings_of(state, population))
    where = np.concatenate(sites) if sites else np.empty(0, dtype=np.intp)
    wire(settings, [int(site) for site in where])  # a switch that leads nowhere is said before anything runs
    synapses, parts = _synapses(state, neurons, externals, further)
    network = Network(state.clocked_chip, where, tuple(settings), synapses, state.bypass)
    return Mapped(network, neurons, externals, *_for_chip(state, network, parts))


def _for_chip(state: State, network: Network, parts: list[slice]) -> tuple[ChipNetwork | None, dict[str, range]]:
    """The network as populations, sources and projections of the chip. ``parts``: the synapses of each projection."""
    populations: list[Population] = []
    sources: list[Source] = []
    backgrounds: list[Background] = []
    feeds: dict[str, range] = {}
    firsts: list[list[int]] = [[], []]  # of the externals, of the neurons
    names: list[list[str]] = [[], []]
    begin = [0, 0]
    for number, population in enumerate(state.populations):
        name = population.label if [p.label for p in state.populations].count(population.label) == 1 else None
        name = name or f"{population.label} ({number})"
        kind = int(population.is_neuron)
        size = population.sites.size if kind else population.size
        if kind:
            # bypass mode uses no membranes, nor what connects them
            own = (NeuronLsb(),) * size if state.bypass else network.settings[begin[1] : begin[1] + size]
            populations.append(Population(name, own, state.bypass))
        elif isinstance(population.celltype, cells.SpikeSourcePoissonOnChip):
            backgrounds.append(_background(population, name))
        else:
            sources.append(Source(name, size))
            feeds[name] = range(begin[0], begin[0] + size)
        firsts[kind].append(begin[kind])
        names[kind].append(name)
        begin[kind] += size
    if not populations:
        return None, feeds
    projections = []
    all_firsts = np.array([*firsts[0], *(network.synapses.externals + first for first in firsts[1])])
    all_names = [*names[0], *names[1]]
    for number, part in enumerate(parts):
        source, neuron = network.synapses.source[part], network.synapses.neuron[part]
        weight, receptor = network.synapses.weight[part].astype(np.int64), state.projections[number].receptor_type
        pre = np.searchsorted(all_firsts, source, "right") - 1
        post = np.searchsorted(firsts[1], neuron, "right") - 1
        for a, b in sorted(set(zip(pre.tolist(), post.tolist(), strict=True))):
            these = (pre == a) & (post == b)
            projections.append(
                Projection(
                    all_names[a],
                    names[1][b],
                    source[these] - all_firsts[a],
                    neuron[these] - firsts[1][b],
                    weight[these] * (1 if receptor == "excitatory" else -1),
                    receptor,
                    f"{state.projections[number].label} ({number}, {all_names[a]} to {names[1][b]})",
                )
            )
    permutation = tuple(int(site) for site in network.sites)
    chip_network = ChipNetwork(tuple(populations), tuple(sources), tuple(backgrounds), tuple(projections), permutation)
    return chip_network, feeds


def check_routing(mapped: Mapped) -> None:
    """Raises :class:`~luisim.errors.ParameterError` that says which limit of the chip's routing is hit."""
    if mapped.on_chip is not None:
        place_on_chip(mapped.on_chip)


def _places(population: Any, first: int) -> tuple[dict[int, int], dict[int, list[int]]]:
    """The index of each cell, or of each of its compartments, and for these all their circuits: ``first`` is the first."""
    if not isinstance(population.celltype, McNeuronBase):
        return {int(cell): first + k for k, cell in enumerate(population.all_cells)}, {}
    layout = population.celltype.layout
    further: dict[int, list[int]] = {}
    for k, cell in enumerate(population.all_cells):
        begin = first + k * len(layout.circuits)
        for compartment in population.celltype.compartments:
            further[place_of(cell, compartment)] = [begin + circuit for circuit in layout.of(compartment)]
    return {place: circuits[0] for place, circuits in further.items()}, further


def settings_of(state: State, population: Any) -> tuple[NeuronLsb, ...]:
    """The settings of a population's neurons, or of all circuits of them."""
    if isinstance(population.celltype, McNeuronBase):
        return population.celltype.settings(population._parameters, population.size)
    if isinstance(population.celltype, cells.CalibHXNeuronCuba):
        return _calibrated(state, population)
    parameters = population._parameters
    for name, only in cells.FIXED.items():
        wrong = np.flatnonzero(parameters[name] != only)
        if wrong.size:
            raise UnsupportedExperiment(
                f"{name} is set on neuron {wrong[0]} of {population.label}:"
                f" the logic between neighbours' spikes cannot be simulated here; leave it at {only:g}."
            )
    rows = []
    for n in range(population.size):
        row: dict[str, Any] = {name: cells.as_setting(name, parameters[name][n]) for name in cells.SETTABLE}
        rows.append(NeuronLsb(**row))
    return tuple(rows)


def _calibrated(state: State, population: Any) -> tuple[NeuronLsb, ...]:
    p = population._parameters
    found: list[NeuronLsb | None] = [None] * population.size
    groups: dict[NeuronTarget, list[int]] = defaultdict(list)
    coba, chip = isinstance(population.celltype, cells.CalibHXNeuronCoba), state.clocked_chip
    for n in range(population.size):
        if p["cm"][n] != 63:
            raise UnsupportedExperiment(f"cm = {p['cm'][n]:g}: calibration here takes the whole capacitance; set cm = 63.")
        if p["synapse_dac_bias"][n] != 600:
            raise UnsupportedExperiment(
                f"synapse_dac_bias = {p['synapse_dac_bias'][n]:g}: only 600 is known, scale the weights instead."
            )
        if p["tau_syn_E"][n] != p["tau_syn_I"][n]:
            raise UnsupportedExperiment("tau_syn_E and tau_syn_I differ: both inputs are calibrated alike; give one value.")
        groups[_target(p, n)].append(n)
    for target, members in groups.items():
        # the counter reaches 2.04 us at full clock; longer times need a slower one, which all neurons share
        longest = REFRACTORY_MAX * 2.0 ** (chip.clock_scale + 1) / CLOCK
        if target.refractory_time > longest * (1.0 + 0.5 / REFRACTORY_MAX):
            raise UnsupportedExperiment(
                f"tau_refrac above {longest * 1e6:.2f} us needs a slower clock: set clock_scale_fast and clock_scale_slow of"
                " all backends in simulator.state.grenade_chip_config.neuron_block, or tau_refrac to 2."
            )
        config = ChipConfig(chip, target)
        for n, neuron in zip(members, config.neurons(population.sites[members]), strict=True):
            changed: dict[str, Any] = {
                "excitatory_input_i_bias_gm": _gain(neuron.excitatory_input_i_bias_gm, p["i_synin_gm_E"][n]),
                "inhibitory_input_i_bias_gm": _gain(neuron.inhibitory_input_i_bias_gm, p["i_synin_gm_I"][n]),
            }
            found[n] = replace(neuron, **changed, **(_conductance(p, n) if coba else {}))
    return tuple(neuron for neuron in found if neuron is not None)


def _gain(found: int, wanted: float) -> int:
    """The bias of an input, which calibration ``found`` for the default of 500."""
    return int(np.clip(round(found * wanted / 500.0), 0, CAPMEM_MAX))


def _conductance(p: dict[str, NDArray[Any]], n: int) -> dict[str, Any]:
    """The reversal potentials as cells of the chip: what the model's free potentials are, turned around."""
    values: dict[str, Any] = {}
    for letter, receptor in (("E", "excitatory"), ("I", "inhibitory")):
        lsb = p[f"e_rev_{letter}"][n] * MADC_PER_CADC + MADC_OFFSET
        values[f"{receptor}_input_enable_coba_mode"] = True
        values[f"{receptor}_input_i_bias_coba"] = int(p[f"i_synin_gm_{letter}"][n])
        values[f"{receptor}_input_e_coba_reversal"] = int(np.clip(round((lsb + 180.0) / 0.8), 0, 1022))
    return values


def _target(p: dict[str, NDArray[Any]], n: int) -> NeuronTarget:
    def madc(name: str) -> float:
        return float(p[name][n]) * MADC_PER_CADC + MADC_OFFSET

    return NeuronTarget(
        leak=madc("v_rest"),
        reset=madc("v_reset"),
        threshold=madc("v_thresh"),
        tau_mem=float(p["tau_m"][n]) * 1e-6,
        tau_syn=float(p["tau_syn_E"][n]) * 1e-6,
        refractory_time=float(p["tau_refrac"][n]) * 1e-6,
    )


def _synapses(
    state: State, neurons: dict[int, int], externals: dict[int, int], further: dict[int, list[int]]
) -> tuple[Synapses, list[slice]]:
    """All synapses, and which are of which projection.

    ``further``: the circuits of each compartment, whose synapses one after the other are taken.
    """
    parts: list[slice] = []
    source: list[int] = []
    neuron: list[int] = []
    receptor: list[int] = []
    weight: list[float] = []
    rows = np.zeros(max([0, *neurons.values(), *(max(circuits) for circuits in further.values())]) + 1)
    for projection in state.projections:
        pre, post = projection.pre.all_cells, projection.post.all_cells
        kind = 0 if projection.receptor_type == "excitatory" else 1
        for connection in projection.connections:
            cell = place_of(pre[connection.presynaptic_index], projection.pre_compartment)
            goal = place_of(post[connection.postsynaptic_index], projection.post_compartment)
            needed = max(1.0, np.ceil(abs(connection.weight) / WEIGHT_MAX))
            circuits = further.get(goal, [neurons[goal]])
            target = next((k for k in circuits if rows[k] + needed <= SYNAPSES_PER_NEURON), circuits[0])
            source.append(externals[cell] if cell in externals else len(externals) + neurons[cell])
            neuron.append(target)
            receptor.append(kind)
            weight.append(abs(connection.weight))
            rows[target] += needed
        parts.append(slice(parts[-1].stop if parts else 0, len(source)))
    if rows.max() > SYNAPSES_PER_NEURON:
        worst = int(np.argmax(rows))
        raise ParameterError(
            f"Neuron {worst} would need {int(rows[worst])} synapses, a circuit has {SYNAPSES_PER_NEURON}:"
            " make fewer connections or smaller weights (a synapse holds 63)."
        )
    integer = np.intp
    synapses = Synapses(
        len(externals),
        np.array(source, dtype=integer),
        np.array(neuron, dtype=integer),
        np.array(receptor, dtype=integer),
        np.array(weight, dtype=np.float64),
    )
    return synapses, parts


def events_of(state: State, begin: float, runtime: float) -> dict[int, Array]:
    """The events of every source cell in a piece of ``runtime`` ms that begins at ``begin``: s from there, on the 8 ns grid."""
    found: dict[int, Array] = {}
    for population in state.populations:
        celltype = population.celltype
        if population.is_neuron:
            continue
        if isinstance(celltype, cells.SpikeSourceArray):
            trains = [on_grid(population._parameters["spike_times"][n].value) for n in range(population.size)]
        elif isinstance(celltype, cells.SpikeSourcePoissonOnChip):
            trains = _generated(population, begin * MS, runtime * MS)
        else:
            trains = [_poisson(state, population, n, runtime) for n in range(population.size)]
        for cell, train in zip(population.all_cells, trains, strict=True):
            found[int(cell)] = train[(train >= 0.0) & (train < runtime * MS - 1e-12)]
    return found


def _poisson(state: State, population: Any, n: int, runtime: float) -> Array:
    """The train of one source. It is drawn on from where it ended, and anew when a parameter changed."""
    p = population._parameters
    rate, start = float(p["rate"][n]), float(p["start"][n])
    stop = min(runtime, start + float(p["duration"][n]))
    key = (n, int(population.version[n]))
    drawn = population.trains.get(key)
    if drawn is None:
        seed = 0 if state.chip.seed is None else state.chip.seed
        draw = np.random.default_rng([seed, 3, population.number, *key])
        drawn = population.trains[key] = [draw, [start]]
    draw, times = drawn
    while rate > 0.0 and times[-1] < stop:
        times.append(times[-1] + draw.exponential(1.0 / (rate * MS)))
    train = np.array(times[1:])
    return on_grid(train[train < stop])


def _background(population: Any, name: str) -> Background:
    """The generator of a population. Raises RuntimeError for what one generator cannot do."""
    p = population._parameters
    for key in ("rate", "seed"):
        if np.any(p[key] != p[key][0]):
            raise RuntimeError(f"SpikeSourcePoissonOnChip: all sources of a population share one generator, so one {key}.")
    rate, size = float(p["rate"][0]), population.size
    if rate * size > BACKGROUND_CLOCK:
        raise RuntimeError(
            f"SpikeSourcePoissonOnChip: rate * size = {rate * size:g} Hz is more than the generator's"
            f" {BACKGROUND_CLOCK:g} Hz; lower the rate or the size."
        )
    if size & (size - 1):
        raise RuntimeError(f"SpikeSourcePoissonOnChip: a generator's mask needs a size that is a power of two, not {size}.")
    return Background(name, size, rate * size, seed=int(p["seed"][0]))


def _generated(population: Any, begin: float, duration: float) -> list[Array]:
    """What the generator of a population sends, s from ``begin``: the same events as the chip's own."""
    background = _background(population, population.label)
    period, rate = settings_for(background.rate, regular=False)
    generator = BackgroundSource(period, rate, background.seed, mask=background.size - 1)
    first, last = (-(-round(time / 1e-9) // 8) for time in (begin, begin + duration))
    ticks, address = generator.events(first, last)
    return [ticks[address == n] * TIME_GRID - begin for n in range(background.size)]
