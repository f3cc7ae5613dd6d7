# SPDX-License-Identifier: GPL-3.0-or-later
"""The one door from PyNN to the chip: neurons with their settings, synapses and input events in; spikes and membranes out."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from luisim.hicannx.compartments import Cells, Compartments, connected, resting, step
from luisim.hicannx.constants import MADC_PERIOD, SYNAPSE_LATENCY, SYNAPSE_PULSE
from luisim.hicannx.electrical import NeuronCircuit, electrical
from luisim.hicannx.instance import ChipInstance, Mismatch
from luisim.hicannx.neuron import Spikes, State
from luisim.hicannx.parameters import NeuronLsb, columns
from luisim.hicannx.profiles import PROFILES
from luisim.hicannx.run import JITTER_PERIOD, jitter
from luisim.hicannx.wiring import wire

Array = NDArray[np.float64]
Index = NDArray[np.intp]

LATENCY = SYNAPSE_LATENCY + 0.5 * SYNAPSE_PULSE  # s, from an event's stamp to its effect; recurrent events alike
_COARSE = 3  # MADC periods in a step: 0.1 us
_RECEPTORS = ("excitatory", "inhibitory")
NOISE_STREAM = 2**33  # of the thresholds' noise, apart from the streams of the experiment files


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
    """Neurons at ``sites`` (0 to 511) of a chip with their ``settings``, and their synapses. ``bypass``: see emulate."""

    chip: Chip
    sites: Index
    settings: tuple[NeuronLsb, ...]
    synapses: Synapses
    bypass: bool = False


@dataclass(frozen=True)
class Emulated:
    """``spikes``: (k,) s for each neuron. ``time`` (j,) s and ``signals`` {(neuron, observable): (j,) V}.

    ``state``: at the end; ``late``: (arrival in s, source) of events that are still on their way then.
    """

    spikes: tuple[Array, ...]
    time: Array
    signals: dict[tuple[int, str], Array]
    state: State | None
    late: tuple[tuple[float, int], ...] = ()


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


def emulate(
    network: Network,
    inputs: Sequence[Array],
    duration: float,
    observed: Sequence[tuple[int, str]] = (),
    *,
    start: float = 0.0,
    state: State | None = None,
    late: Sequence[tuple[float, int]] = (),
    fine: bool = True,
    run_seed: int = 0,
    watched: Index | None = None,
    whole: bool = False,
) -> Emulated:
    """Run for ``duration`` s from ``start``, with ``state`` and ``late`` from the run before.

    ``inputs``: spike times in s of each external source. ``observed``: (neuron, "v", "exc_synin", "inh_synin" or "adaptation"),
    sampled each 0.1 us, with ``fine`` at the MADC's period around spikes. ``watched``: neurons whose spikes are wanted; the
    rest is left out where nothing depends on it. ``whole``: nothing came before and nothing goes on, which is faster. In
    bypass mode every event at a neuron is a spike and no membrane is solved.
    """
    n = network.sites.size
    if network.bypass:
        return _bypassed(network, inputs, late, start + duration)
    if n == 0:
        return Emulated((), np.empty(0), {}, None)
    circuit = circuit_at(network.chip, network.sites, network.settings)
    cells = cells_at(network, circuit)
    if isinstance(cells, Compartments):  # whom a neuron touches it needs
        state = resting(cells, start) if state is None else state
        everyone = np.arange(n)
        return _solve(network, cells, state, everyone, inputs, late, start, duration, observed, fine, run_seed)
    needed = _needed(network, observed, watched)
    if whole and all(what == "v" for _, what in observed):
        return _at_once(network, circuit.take(needed), needed, inputs, duration, observed, fine, run_seed)
    state = resting(circuit, start) if state is None else state
    chosen, begin = circuit.take(needed), state.take(needed)
    part = _solve(network, chosen, begin, needed, inputs, late, start, duration, observed, fine, run_seed)
    spikes = [np.empty(0)] * n
    for local, neuron in enumerate(needed):
        spikes[neuron] = part.spikes[local]
    assert part.state is not None
    # neurons that were left out rest: only the clock goes on
    ended = replace(state, time=np.full(n, start + duration)).put(needed, part.state)
    return replace(part, spikes=tuple(spikes), state=ended)


def _at_once(
    network: Network,
    circuit: NeuronCircuit,
    needed: Index,
    inputs: Sequence[Array],
    duration: float,
    observed: Sequence[tuple[int, str]],
    fine: bool,
    run_seed: int,
) -> Emulated:
    from luisim.pynn.compiled import solve

    n = network.sites.size
    looked_at = np.unique(np.searchsorted(needed, np.array([neuron for neuron, _ in observed], dtype=np.intp)))
    noise = _noise(network, duration, run_seed, needed)
    part = solve(circuit, network.synapses, needed, n, inputs, duration, looked_at, fine, noise)
    spikes = [np.empty(0)] * n
    for local, neuron in enumerate(needed):
        spikes[neuron] = part.spikes[local]
    signals = {(int(needed[local]), what): values for (local, what), values in part.signals.items()}
    return replace(part, spikes=tuple(spikes), signals=signals)


def _noise(network: Network, duration: float, run_seed: int, needed: Index) -> Array | None:
    """Of the thresholds of the needed neurons."""
    if network.chip.seed is None:
        return None
    draw = ChipInstance(network.chip.seed).noise(NOISE_STREAM + run_seed)
    return jitter(PROFILES[network.chip.profile], network.sites.size, duration, draw)[needed]


def _needed(network: Network, observed: Sequence[tuple[int, str]], watched: Index | None) -> Index:
    """Neurons that somebody looks at, and all that reach them through synapses."""
    n = network.sites.size
    if watched is None:
        return np.arange(n)
    marked = np.zeros(n, dtype=np.bool_)
    marked[watched] = True
    marked[[neuron for neuron, _ in observed]] = True
    synapses = network.synapses
    inner = synapses.source >= synapses.externals
    pre, post = synapses.source[inner] - synapses.externals, synapses.neuron[inner]
    while True:
        more = pre[marked[post]]
        if marked[more].all():
            break
        marked[more] = True
    # a lone neuron that nobody watches still has to exist
    if not marked.any():
        marked[0] = True
    return np.flatnonzero(marked)


def _solve(
    network: Network,
    cells: Cells,
    state: State,
    needed: Index,
    inputs: Sequence[Array],
    late: Sequence[tuple[float, int]],
    start: float,
    duration: float,
    observed: Sequence[tuple[int, str]],
    fine: bool,
    run_seed: int,
) -> Emulated:
    externals, n = network.synapses.externals, needed.size
    neurons = cells.circuit if isinstance(cells, Compartments) else cells
    fan_out = _fan_out(network.synapses, needed, network.sites.size)
    h = MADC_PERIOD * _COARSE
    steps = max(1, int(np.ceil(duration / h - 1e-6)))
    noise = _noise(network, duration, run_seed, needed)
    # events wait for the step that begins nearest to them: late or early by 50 ns at most, and neither on average
    due: dict[int, list[tuple[float, int]]] = {}
    arrivals = [*late, *((time + LATENCY, source) for source, times in enumerate(inputs) for time in times)]
    for arrival, source in arrivals:
        if source in fan_out:
            due.setdefault(max(round((arrival - start) / h), 0), []).append((arrival, source))
    local = {int(neuron): index for index, neuron in enumerate(needed)}
    rows = [(local[neuron], what) for neuron, what in observed]
    looked_at = np.unique(np.array([row for row, _ in rows], dtype=np.intp))
    time: list[float] = [start]
    kept = [_sample(state, rows)]
    fired: list[list[float]] = [[] for _ in range(n)]
    for k in range(steps):
        for arrival, source in due.pop(k, ()):
            state = _arrive(neurons, state, fan_out[source], start + k * h - arrival)
        length = min(h, duration - k * h)
        shift: Array | float = 0.0 if noise is None else _at(noise, (k + 0.5) * h)
        # where somebody looks, a spike and its reset are cut as finely as the MADC samples
        parts = _COARSE if fine and np.any(state.reset_until[looked_at] > state.time[looked_at]) else 1
        found = _advance(cells, state, length, parts, shift)
        fresh = found[0][1].neuron
        if fine and parts == 1 and fresh.size and np.isin(fresh, looked_at).any():
            found = _advance(cells, state, length, _COARSE, shift)
        for after, spikes in found:
            for neuron, at in zip(spikes.neuron, spikes.time, strict=True):
                fired[neuron].append(float(at))
                source = externals + int(needed[neuron])
                if source in fan_out:
                    due.setdefault(round((float(at) + LATENCY - start) / h), []).append((float(at) + LATENCY, source))
            if rows:
                time.append(float(after.time[0]))
                kept.append(_sample(after, rows))
        state = found[-1][0]
    signals = {key: np.array([sample[row] for sample in kept]) for row, key in enumerate(observed)}
    on_their_way = tuple(sorted(event for events in due.values() for event in events))
    trains = tuple(np.array(times) for times in fired)
    return Emulated(trains, np.array(time), signals, state, on_their_way)


def _advance(cells: Cells, state: State, h: float, parts: int, shift: Array | float) -> list[tuple[State, Spikes]]:
    found: list[tuple[State, Spikes]] = []
    for _ in range(parts):
        state, spikes = step(cells, state, h / parts, shift)
        found.append((state, spikes))
    return found


_Targets = tuple[tuple[Index, Array], tuple[Index, Array]]


def _fan_out(synapses: Synapses, needed: Index, n: int) -> dict[int, _Targets]:
    """For each source its targets among ``needed`` and their summed weights, by receptor."""
    place = np.full(n, -1)
    place[needed] = np.arange(needed.size)
    found: dict[int, _Targets] = {}
    if not synapses.source.size:
        return found
    order = np.argsort(synapses.source, kind="stable")
    sources, firsts = np.unique(synapses.source[order], return_index=True)
    for source, chosen in zip(sources, np.split(order, firsts[1:]), strict=True):
        both: list[tuple[Index, Array]] = []
        for receptor in (0, 1):
            of = chosen[(synapses.receptor[chosen] == receptor) & (place[synapses.neuron[chosen]] >= 0)]
            total: Array = np.bincount(place[synapses.neuron[of]], synapses.weight[of], needed.size).astype(np.float64)
            hit = np.flatnonzero(total)
            both.append((hit, total[hit]))
        found[int(source)] = (both[0], both[1])
    return found


def _arrive(circuit: NeuronCircuit, state: State, targets: _Targets, ago: float) -> State:
    """An event that arrives ``ago`` s before now, or after now where that is negative."""
    lines = []
    for receptor, line, (hit, weight) in zip(_RECEPTORS, (state.exc, state.inh), targets, strict=True):
        if hit.size:
            at = getattr(circuit, receptor)
            line = line.copy()
            line[hit] += weight * at.step[hit] * np.exp(-ago / at.tau[hit])
        lines.append(line)
    return replace(state, exc=lines[0], inh=lines[1])


def _sample(state: State, rows: Sequence[tuple[int, str]]) -> list[float]:
    return [float(getattr(state, _STATE_OF[what])[neuron]) for neuron, what in rows]


_STATE_OF = {"v": "v", "exc_synin": "exc", "inh_synin": "inh", "adaptation": "w"}


def _at(noise: Array, time: float) -> Array:
    knot, share = divmod(time / JITTER_PERIOD, 1.0)
    k = min(int(knot), noise.shape[1] - 2)
    shift: Array = noise[:, k] * (1.0 - share) + noise[:, k + 1] * share
    return shift


def _bypassed(network: Network, inputs: Sequence[Array], late: Sequence[tuple[float, int]], end: float) -> Emulated:
    """Every event with a weight above 0 is a spike a latency later, which goes on through the recurrent synapses."""
    n, externals = network.sites.size, network.synapses.externals
    fan_out = _fan_out(network.synapses, np.arange(n), n)
    spikes: list[list[Array]] = [[] for _ in range(n)]
    after: list[tuple[float, int]] = []
    wave = [(source, np.asarray(times) + LATENCY) for source, times in enumerate(inputs) if len(times)]
    wave += [(source, np.array([arrival])) for arrival, source in late]
    while wave:
        following: list[tuple[int, Array]] = []
        for source, arrivals in wave:
            after.extend((float(arrival), source) for arrival in arrivals[arrivals >= end])
            now = arrivals[arrivals < end]
            if now.size:
                for hit, _ in fan_out.get(source, ()):
                    for neuron in hit:
                        spikes[neuron].append(now)
                        following.append((externals + int(neuron), now + LATENCY))
        wave = [item for item in following if item[0] in fan_out]
    trains = tuple(np.sort(np.concatenate(found)) if found else np.empty(0) for found in spikes)
    return Emulated(trains, np.empty(0), {}, None, tuple(after))
