# SPDX-License-Identifier: GPL-3.0-or-later
"""Stepped: a run of neurons whose circuits are connected, which the engine does not know, step by step in numpy."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from luisim.hicannx.compartments import Cells, Compartments, resting, step
from luisim.hicannx.constants import MADC_PERIOD, SYNAPSE_DELAY
from luisim.hicannx.electrical import NeuronCircuit
from luisim.hicannx.instance import ChipInstance
from luisim.hicannx.neuron import Spikes, State
from luisim.hicannx.profiles import PROFILES
from luisim.hicannx.readout import cadc, cadc_times, madc, madc_times, on_pin, stamps
from luisim.hicannx.run import jitter, jitter_at
from luisim.pynn.network import Network, Synapses, cells_at, circuit_at, mismatch_at
from luisim.pynn.on_chip import SIGNALS, Looks, Part

Array = NDArray[np.float64]
Index = NDArray[np.intp]

_COARSE = 3  # MADC periods in a step: 0.1 us
_RECEPTORS = ("excitatory", "inhibitory")
_NOISE_STREAM = 2**33  # of the thresholds' noise, apart from the streams of the experiment files
_READOUT_STREAM = 2**34  # of the MADC's noise
_PARTS = 4096  # of a run have streams of their own


class Stepped:
    """One run in parts that continue one another. ``fine``: the membrane around spikes at the MADC's period."""

    def __init__(self, fine: bool, seed: int) -> None:
        self._fine = fine
        self._stream = seed * _PARTS
        self._time = 0.0
        self._state: State | None = None
        self._late: list[tuple[float, int]] = []  # (arrival in s, source) of events that are on their way

    def part(self, network: Network, trains: Sequence[Array], stop: float, looks: Looks) -> Part:
        """Go on to ``stop`` s with these settings and weights. ``trains``: of each external source in s, of the whole run."""
        start, self._time = self._time, stop
        cells = cells_at(network, circuit_at(network.chip, network.sites, network.settings))
        state = resting(cells, start) if self._state is None else self._state
        eps = 1e-12  # s; sums of times are not exact
        inputs = [train[(train >= start - eps) & (train < stop - eps)] for train in trains]
        rows = [(neuron, SIGNALS[variable]) for neuron, variable in looks]
        spikes, time, volts, self._state, self._late = self._solve(network, cells, state, inputs, start, stop - start, rows)
        signals = self._read(network, looks, start, stop, time, volts)
        self._stream += 1
        return Part(spikes, signals)

    def _solve(
        self,
        network: Network,
        cells: Cells,
        state: State,
        inputs: Sequence[Array],
        start: float,
        duration: float,
        rows: Sequence[tuple[int, str]],
    ) -> tuple[tuple[Array, ...], Array, Array, State, list[tuple[float, int]]]:
        externals, n = network.synapses.externals, network.sites.size
        neurons = cells.circuit if isinstance(cells, Compartments) else cells
        fan_out = _fan_out(network.synapses, n)
        h = MADC_PERIOD * _COARSE
        steps = max(1, int(np.ceil(duration / h - 1e-6)))
        noise = _noise(network, duration, self._stream)
        # events wait for the step that begins nearest to them: late or early by 50 ns at most, and neither on average
        due: dict[int, list[tuple[float, int]]] = {}
        for arrival, source in [*self._late, *((t + SYNAPSE_DELAY, k) for k, times in enumerate(inputs) for t in times)]:
            if source in fan_out:
                due.setdefault(max(round((arrival - start) / h), 0), []).append((arrival, source))
        looked_at = np.unique(np.array([row for row, _ in rows], dtype=np.intp))
        time: list[float] = [start]
        kept = [_sample(state, rows)]
        fired: list[list[float]] = [[] for _ in range(n)]
        for k in range(steps):
            for arrival, source in due.pop(k, ()):
                state = _arrive(neurons, state, fan_out[source], start + k * h - arrival)
            length = min(h, duration - k * h)
            shift: Array | float = 0.0 if noise is None else jitter_at(noise, (k + 0.5) * h)
            # where somebody looks, a spike and its reset are cut as finely as the MADC samples
            parts = _COARSE if self._fine and np.any(state.reset_until[looked_at] > state.time[looked_at]) else 1
            found = _advance(cells, state, length, parts, shift)
            fresh = found[0][1].neuron
            if self._fine and parts == 1 and fresh.size and np.isin(fresh, looked_at).any():
                found = _advance(cells, state, length, _COARSE, shift)
            for after, spikes in found:
                for neuron, at in zip(spikes.neuron, spikes.time, strict=True):
                    fired[neuron].append(float(at))
                    source = externals + int(neuron)
                    if source in fan_out:
                        arrival = float(at) + SYNAPSE_DELAY  # as of external events
                        due.setdefault(round((arrival - start) / h), []).append((arrival, source))
                time.append(float(after.time[0]))
                kept.append(_sample(after, rows))
            state = found[-1][0]
        late = sorted(event for events in due.values() for event in events)
        return tuple(stamps(np.array(times)) for times in fired), np.array(time), np.array(kept), state, late

    def _read(
        self, network: Network, looks: Looks, start: float, stop: float, time: Array, kept: Array
    ) -> Mapping[tuple[int, str], tuple[Array, Array]]:
        profile, chip = PROFILES[network.chip.profile], network.chip
        draw = None if chip.seed is None else ChipInstance(chip.seed).noise(_READOUT_STREAM + self._stream)
        offsets = mismatch_at(chip, network.sites).v_readout
        signals = {}
        for column, ((neuron, variable), device) in enumerate(looks.items()):
            grid = start + (madc_times if device == "madc" else cadc_times)(stop - start)
            volts = np.interp(grid, time, kept[:, column])
            volts = on_pin(volts, SIGNALS[variable]) + offsets[neuron]
            signals[neuron, variable] = stamps(grid), madc(volts, profile, draw) if device == "madc" else cadc(volts, profile)
        return signals


def _noise(network: Network, duration: float, stream: int) -> Array | None:
    if network.chip.seed is None:
        return None
    draw = ChipInstance(network.chip.seed).noise(_NOISE_STREAM + stream)
    return jitter(PROFILES[network.chip.profile], network.sites.size, duration, draw)


def _advance(cells: Cells, state: State, h: float, parts: int, shift: Array | float) -> list[tuple[State, Spikes]]:
    found: list[tuple[State, Spikes]] = []
    for _ in range(parts):
        state, spikes = step(cells, state, h / parts, shift)
        found.append((state, spikes))
    return found


_Targets = tuple[tuple[Index, Array], tuple[Index, Array]]


def _fan_out(synapses: Synapses, n: int) -> dict[int, _Targets]:
    """For each source its targets among the n neurons and their summed weights, by receptor."""
    found: dict[int, _Targets] = {}
    if not synapses.source.size:
        return found
    order = np.argsort(synapses.source, kind="stable")
    sources, firsts = np.unique(synapses.source[order], return_index=True)
    for source, chosen in zip(sources, np.split(order, firsts[1:]), strict=True):
        both: list[tuple[Index, Array]] = []
        for receptor in (0, 1):
            of = chosen[synapses.receptor[chosen] == receptor]
            total: Array = np.bincount(synapses.neuron[of], synapses.weight[of], n).astype(np.float64)
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
    return [float(getattr(state, what)[neuron]) for neuron, what in rows]
