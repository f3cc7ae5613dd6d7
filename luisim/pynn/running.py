# SPDX-License-Identifier: GPL-3.0-or-later
"""Running: pieces are queued with the network as it is then, and executed one after the other as one run of the chip."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luisim.errors import ParameterError
from luisim.pynn.mapping import Mapped, check_routing, events_of, map_network
from luisim.pynn.on_chip import Looks, OnChip, Part, with_largest_weights
from luisim.pynn.plasticity_rules import Observed, PlasticityRule, within_range
from luisim.pynn.simulator import CADC_MEMORY, MS, Piece, RunCommand, Signal, State, cell_of, logger, place_of
from luisim.pynn.stepped import Stepped

Array = NDArray[np.float64]


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
        check_routing(map_network(state))
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
    begin = sum(queued.runtime for queued in state.queue)
    return Queued(runtime, mapped, events_of(state, begin, runtime), tuple(sorted(spikes)), devices)


def _execute(state: State) -> None:
    queue, state.queue = state.queue, []  # what cannot run is not tried again with the next run
    state.executions += 1
    logger.info("run %d on the simulated chip %s, seed %s", state.executions, state.chip.profile, state.chip.seed)
    begins = np.concatenate([[0.0], np.cumsum([queued.runtime for queued in queue])])
    trains: dict[int, Array] = {}  # of all pieces, in s from the start of the run
    for queued, begin in zip(queue, begins[:-1], strict=True):
        for cell, times in queued.events.items():
            trains[cell] = np.concatenate([trains.get(cell, np.empty(0)), times + begin * MS])
    solver = _solver(queue, state.executions)
    state.pieces = tuple(
        _piece(state, solver, queued, float(begin), trains) for queued, begin in zip(queue, begins[:-1], strict=True)
    )
    state.t = float(begins[-1])
    state.running = True


Solve = Callable[[Mapped, dict[int, Array], float, Looks], Part]


def _solver(queue: list[Queued], seed: int) -> Solve:
    """What goes on with a network to a time in s: the chip's engine, or numpy for what the engine does not know."""
    fine = any("madc" in queued.devices.values() for queued in queue)
    last = queue[-1].mapped
    if last.on_chip is None:
        return lambda mapped, trains, stop, looks: Part((), {})
    if any(queued.mapped.connected for queued in queue):
        check_routing(last)
        stepped = Stepped(fine, seed)
        return lambda mapped, trains, stop, looks: stepped.part(
            mapped.network, [trains.get(cell, np.empty(0)) for cell in mapped.externals], stop, looks
        )
    networks = [queued.mapped.on_chip for queued in queue if queued.mapped.on_chip is not None]
    chip = OnChip(with_largest_weights(networks), last.network.chip, fine, seed)

    def go_on(mapped: Mapped, trains: dict[int, Array], stop: float, looks: Looks) -> Part:
        assert mapped.on_chip is not None
        ordered = list(mapped.externals)
        named = {name: [trains.get(ordered[k], np.empty(0)) for k in own] for name, own in mapped.feeds.items()}
        return chip.part(mapped.on_chip, named, stop, looks)

    return go_on


def _piece(state: State, solve: Solve, queued: Queued, begin: float, trains: dict[int, Array]) -> Piece:
    """Run one piece, in parts where plasticity rules stop it."""
    mapped, runtime = queued.mapped, queued.runtime
    looks: dict[tuple[int, str], str] = {}
    for (cell, variable), device in sorted(queued.devices.items()):
        if device.startswith("pad"):
            logger.warning(
                "%s leads %s of neuron %d to a pin: no oscilloscope is here, so no data.", device, variable, cell_of(cell)[0]
            )
        else:
            looks[mapped.neurons[cell], variable] = device
    fired: list[list[Array]] = [[np.empty(0)] for _ in range(mapped.network.sites.size)]
    read: dict[tuple[int, str], list[tuple[Array, Array]]] = {key: [] for key in looks}
    now = mapped
    for _, stop, rules in _stops(state, runtime):
        part = solve(now, trains, (begin + stop) * MS, looks)
        for neuron, train in enumerate(part.spikes):
            fired[neuron].append(train)
        for key, found in part.signals.items():
            read[key].append(found)
        if rules:
            _apply(rules, mapped, part.spikes, begin + stop)
            now = map_network(state)
    stop_at = begin + runtime
    spikes: dict[int, Array] = {}
    for cell in queued.spikes:
        if cell in mapped.neurons:
            # a step may end a little behind the piece
            spikes[cell] = np.clip(np.concatenate(fired[mapped.neurons[cell]]) / MS, begin, stop_at)
        else:
            spikes[cell] = begin + queued.events[cell] / MS
    signals = tuple(
        _signal(cell, variable, device, read[mapped.neurons[cell], variable], begin, stop_at)
        for (cell, variable), device in sorted(queued.devices.items())
        if not device.startswith("pad")
    )
    return Piece(begin, stop_at, spikes, signals)


def _signal(cell: int, variable: str, device: str, parts: list[tuple[Array, Array]], begin: float, stop: float) -> Signal:
    """What one converter read in one piece (ms)."""
    time = np.concatenate([np.empty(0), *(times for times, _ in parts)]) / MS
    values = np.concatenate([np.empty(0), *(values for _, values in parts)])
    if device == "cadc" and stop - begin > CADC_MEMORY:
        logger.warning("The CADC's memory holds %g ms; what comes after is lost, as on the chip.", CADC_MEMORY)
        stop = begin + CADC_MEMORY
    kept = time <= stop + 1e-9
    return Signal(cell, variable, device, time[kept], values[kept])


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
