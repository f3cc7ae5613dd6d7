# SPDX-License-Identifier: GPL-3.0-or-later
"""Running: pieces are queued with the network as it is then, and executed one after the other as one run of the chip."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luisim.errors import ParameterError
from luisim.hicannx.constants import MADC_MAX
from luisim.hicannx.instance import ChipInstance
from luisim.hicannx.profiles import PROFILES
from luisim.hicannx.readout import cadc, cadc_times, madc, madc_times, stamps
from luisim.pynn.mapping import Mapped, events_of, map_network
from luisim.pynn.network import emulate, mismatch_at
from luisim.pynn.plasticity_rules import Observed, PlasticityRule, within_range
from luisim.pynn.simulator import CADC_MEMORY, MS, Piece, RunCommand, Signal, State, cell_of, logger, place_of

Array = NDArray[np.float64]

_READOUT_STREAM = 2**34  # of the MADC's noise, apart from the thresholds' and from those of experiment files
_LINE_REST = 0.9  # V; assumed: where a synaptic line stands without events, from there it drops


@dataclass(frozen=True)
class Queued:
    """One piece of a run, ready: ``runtime`` in ms, the network and the events in it as they were when it was queued."""

    runtime: float
    mapped: Mapped
    events: dict[int, Array]
    spikes: tuple[int, ...]
    devices: dict[tuple[int, str], str]


def run(state: State, runtime: float | None, command: RunCommand) -> float:
    """Prepare, queue or execute. Returns the time in ms. Raises RuntimeError for a second run without a reset."""
    if command is RunCommand.PREPARE:
        map_network(state)
        state.mapped = True
        return float(state.t)
    if state.running:
        raise RuntimeError("The chip ran already: call pynn.reset() before the next pynn.run().")
    if runtime is None and (command is RunCommand.APPEND or not state.queue):
        raise ParameterError("run(None): nothing is queued that could run; give a time in ms, for example pynn.run(0.2).")
    if runtime is not None:
        if not np.isfinite(runtime) or runtime <= 0.0:
            raise ParameterError(f"run({runtime}): give a time in ms, for example pynn.run(0.2).")
        mapped = map_network(state)
        state.mapped = True
        state.queue.append(_queued(state, float(runtime), mapped))
    if command is RunCommand.EXECUTE:
        _execute(state)
    return float(state.t)


def _queued(state: State, runtime: float, mapped: Mapped) -> Queued:
    spikes: list[int] = []
    devices: dict[tuple[int, str], str] = {}
    for recorder in state.recorders:
        devices |= recorder.devices
        for variable, cells in recorder.recorded.items():
            if variable.name == "spikes":
                spikes.extend(int(cell) for cell in cells)
    return Queued(runtime, mapped, events_of(state, runtime), tuple(sorted(spikes)), devices)


def _execute(state: State) -> None:
    state.executions += 1
    logger.info("run %d on the simulated chip %s, seed %s", state.executions, state.chip.profile, state.chip.seed)
    pieces: list[Piece] = []
    carried: Carried = (None, ())
    begin = 0.0
    for number, queued in enumerate(state.queue):
        piece, carried = _piece(state, queued, begin, number, carried, len(state.queue) == 1)
        pieces.append(piece)
        begin += queued.runtime
    state.queue = []
    state.pieces = tuple(pieces)
    state.t = begin
    state.running = True


Carried = tuple[Any, tuple[tuple[float, int], ...]]  # the neurons' state, and the events that are on their way


def _piece(state: State, queued: Queued, begin: float, number: int, carried: Carried, alone: bool) -> tuple[Piece, Carried]:
    """Run one piece, in parts where plasticity rules stop it."""
    mapped, runtime = queued.mapped, queued.runtime
    network = mapped.network
    observed = sorted({(mapped.neurons[cell], variable) for cell, variable in queued.devices if cell in mapped.neurons})
    watched = np.array(sorted(mapped.neurons[c] for c in queued.spikes if c in mapped.neurons), dtype=np.intp)
    fine = "madc" in queued.devices.values()
    stops = _stops(state, runtime)
    if len(stops) > 1:
        watched = np.arange(network.sites.size)
    sources = {index: queued.events.get(cell, np.empty(0)) for cell, index in mapped.externals.items()}
    fired: list[list[Array]] = [[] for _ in range(network.sites.size)]
    times: list[Array] = []
    volts: dict[tuple[int, str], list[Array]] = {key: [] for key in observed}
    seed = state.executions * 4096 + number
    offset = begin * MS
    for start, stop, rules in stops:
        inputs = [_between(sources[k] + offset, offset + start * MS, offset + stop * MS) for k in sorted(sources)]
        part = emulate(
            network,
            inputs,
            (stop - start) * MS,
            observed,
            start=offset + start * MS,
            state=carried[0],
            late=carried[1],
            fine=fine,
            run_seed=seed,
            watched=watched,
            whole=alone and len(stops) == 1,
        )
        carried = part.state, part.late
        times.append(part.time)
        for neuron, train in enumerate(part.spikes):
            fired[neuron].append(train)
        for key in observed:
            if key in part.signals:
                volts[key].append(part.signals[key])
        seed += 512
        if rules:
            _apply(rules, mapped, part.spikes, begin + stop)
            network = map_network(state).network
    trains = [np.concatenate(found) if found else np.empty(0) for found in fired]
    spikes: dict[int, Array] = {}
    for cell in queued.spikes:
        if cell in mapped.neurons:
            spikes[cell] = stamps(trains[mapped.neurons[cell]]) / MS
        else:
            spikes[cell] = begin + queued.events[cell] / MS
    time = np.concatenate(times) if times else np.empty(0)
    solved = {key: np.concatenate(found) for key, found in volts.items() if found}
    signals = _read_out(state, queued, begin, time, solved, state.executions * 64 + number)
    stop_at = begin + runtime
    inside = {cell: np.clip(train, begin, stop_at) for cell, train in spikes.items()}
    return Piece(begin, stop_at, inside, signals), carried


def _between(times: Array, start: float, stop: float) -> Array:
    eps = 1e-12  # s; sums of times are not exact
    return times[(times >= start - eps) & (times < stop - eps)]


Rules = list[tuple[Any, PlasticityRule]]


def _stops(state: State, runtime: float) -> list[tuple[float, float, Rules]]:
    """The parts of a piece: start, stop in ms, and the rules that run at the stop with their projections."""
    due: dict[float, Rules] = {}
    for projection in state.projections:
        rule = getattr(projection.synapse_type, "plasticity_rule", None)
        if rule is not None:
            for time in rule.timer.times(runtime):
                due.setdefault(max(float(time), 1e-6), []).append((projection, rule))
    ends = sorted(due)
    starts = [0.0, *ends]
    return [(a, b, due.get(b, [])) for a, b in zip(starts, [*ends, runtime], strict=True) if b > a]


def _apply(rules: Rules, mapped: Mapped, spikes: tuple[Array, ...], time: float) -> None:
    for projection, rule in rules:
        weights = np.zeros(projection.shape)
        for connection in projection.connections:
            weights[connection.presynaptic_index, connection.postsynaptic_index] = abs(connection.weight)
        post = [mapped.neurons[place_of(cell, projection.post_compartment)] for cell in projection.post.all_cells]
        seen = Observed(weights, np.array([float(spikes[neuron].size) for neuron in post]), time)
        result = rule.apply(seen)
        if result is not None:
            projection.observations = [*getattr(projection, "observations", []), result]
        new = within_range(seen.weights)
        sign = 1.0 if projection.receptor_type == "excitatory" else -1.0
        for connection in projection.connections:
            connection.weight = sign * new[connection.presynaptic_index, connection.postsynaptic_index]


def _read_out(
    state: State, queued: Queued, begin: float, time: Array, solved: dict[tuple[int, str], Array], stream: int
) -> tuple[Signal, ...]:
    profile = PROFILES[state.chip.profile]
    sites = queued.mapped.network.sites
    draw = None if state.chip.seed is None else ChipInstance(state.chip.seed).noise(_READOUT_STREAM + stream)
    signals: list[Signal] = []
    for (cell, variable), device in sorted(queued.devices.items()):
        key = (queued.mapped.neurons[cell], variable)
        if device.startswith("pad"):
            logger.warning(
                "%s leads %s of neuron %d to a pin: no oscilloscope is here, so no data.", device, variable, cell_of(cell)[0]
            )
            continue
        duration = queued.runtime * MS
        if device == "cadc" and queued.runtime > CADC_MEMORY:
            logger.warning("The CADC's memory holds %g ms; what comes after is lost, as on the chip.", CADC_MEMORY)
            duration = CADC_MEMORY * MS
        grid = madc_times(duration) if device == "madc" else cadc_times(duration)
        if key not in solved:  # bypass mode solves no membrane
            values = np.zeros(grid.size)
        else:
            volts = np.interp(grid + begin * MS, time, solved[key])
            if variable in ("exc_synin", "inh_synin"):
                volts = _LINE_REST - volts
            volts = volts + mismatch_at(state.chip, sites[[key[0]]]).v_readout
            values = madc(volts, profile, draw) if device == "madc" else cadc(volts, profile)
        signals.append(Signal(cell, variable, device, begin + stamps(grid) / MS, values))
    assert all(signal.values.max(initial=0.0) <= MADC_MAX for signal in signals)
    return tuple(signals)
