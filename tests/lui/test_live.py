# SPDX-License-Identifier: GPL-3.0-or-later
"""Boards that run on: circuit and model stay together whatever is turned, and a model that nobody turns is the plain model."""

import time
from dataclasses import replace

import numpy as np
import pytest

from luisim.errors import UnsupportedExperiment
from luisim.experiment import Experiment, Pulses
from luisim.live import LiveRun, Pulse, Session
from luisim.lui.circuit import LuiCircuit
from luisim.lui.live import ModelRun
from luisim.lui.model import LuiModel
from luisim.lui.network import Lui, LuiNetwork
from luisim.lui.parameters import LuiBoard, LuiParameters
from luisim.spice.ngspice import Ngspice

QUIET = LuiBoard(LuiParameters(v_leak=0.3, r_leak=10e3), v_mem=0.93)


def turned(board: LuiBoard, **changes: object) -> LuiBoard:
    return replace(board, parameters=replace(board.parameters, **changes))


def run_with(session: Session[Lui], actions: list[tuple[float, Lui | Pulse]], until: float) -> None:
    """Do each action when its simulated time has come."""
    end = time.monotonic() + 60.0  # only waited for if something is wrong
    while session.now < until:
        assert time.monotonic() < end, "it did not happen"
        while actions and session.now >= actions[0][0]:
            session.do(actions.pop(0)[1])
        session.read()
        time.sleep(0.005)


@pytest.fixture
def circuit(ngspice: Ngspice) -> LuiCircuit:
    return LuiCircuit(ngspice)


def test_circuit_and_model_stay_together(circuit: LuiCircuit) -> None:
    experiment: Experiment[Lui] = Experiment(QUIET, 1.0, (Pulses(1, (0.05,)),))
    firing = turned(QUIET, v_leak=0.8)
    faster = turned(firing, r_leak=5e3)
    inhibited = turned(faster, sign=(-1, 1, 1), r_weight=(5e3, 11e3, 11e3), r_syn=5e3)
    session = Session({"circuit": circuit.live(experiment), "model": LuiModel().live(experiment)}, span=10.0)
    try:
        run_with(session, [(0.3, Pulse(1)), (0.6, firing), (1.2, faster), (1.8, inhibited), (2.0, Pulse(1))], 2.6)
        circuit_trace, model_trace = session.trace("circuit"), session.trace("model")
    finally:
        session.close()
    assert circuit_trace is not None
    assert model_trace is not None
    assert [pulse.input for _, pulse in session.pulses] == [1, 1]
    ours, theirs = model_trace.spikes["out"], circuit_trace.spikes["out"]
    assert ours.size == pytest.approx(theirs.size, abs=1)
    assert ours.size > 8
    count = min(ours.size, theirs.size)
    assert np.max(np.abs(ours[:count] - theirs[:count])) < 2e-3
    quiet = circuit_trace.time < 0.6
    apart = model_trace.at("v_mem", circuit_trace.time) - circuit_trace.signals["v_mem"]
    assert np.sqrt(np.mean(apart[quiet] ** 2)) < 2e-3
    assert np.ptp(circuit_trace.signals["v_mem"][quiet]) > 0.1  # both pulses arrived
    v_syn = model_trace.at("v_syn", circuit_trace.time) - circuit_trace.signals["v_syn"]
    assert np.sqrt(np.mean(v_syn**2)) < 3e-3


def test_flutter_of_a_weak_cell_is_no_spike(circuit: LuiCircuit) -> None:
    # with 27 Ohm in the cell the output flutters at 100 kHz for 1 ms at the end of a pulse
    weak = turned(QUIET, vdd=2.9, r_battery=27.0, v_leak=1.0, r_leak=20e3)
    experiment: Experiment[Lui] = Experiment(weak, 1.0)
    session = Session({"circuit": circuit.live(experiment)}, span=10.0)
    try:
        run_with(session, [], 1.0)
        trace = session.trace("circuit")
    finally:
        session.close()
    assert trace is not None
    spikes = circuit.run(experiment).spikes["out"]
    assert spikes.size > 2
    assert trace.spikes["out"][: spikes.size] == pytest.approx(spikes, abs=0.3e-3)


def test_only_what_a_hand_can_turn_is_altered(circuit: LuiCircuit) -> None:
    experiment: Experiment[Lui] = Experiment(QUIET, 1.0)
    run = circuit.live(experiment)
    try:
        with pytest.raises(UnsupportedExperiment, match="only the trimmers and the switches"):
            run.do(turned(QUIET, vdd=2.5))
    finally:
        run.close()


@pytest.mark.parametrize("backend", [LuiCircuit, LuiModel])
def test_a_network_is_refused(backend: type[LuiCircuit] | type[LuiModel]) -> None:
    with pytest.raises(UnsupportedExperiment, match="Live runs one board"):
        backend().live(Experiment(LuiNetwork(("a", "b"), (QUIET, QUIET)), 1.0))


class Clock:
    """A clock that a test sets."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def collect(run: LiveRun[Lui], clock: Clock, until: float, frame: float) -> np.ndarray:
    found = []
    while clock.now < 100.0 + until:
        clock.now += frame
        found.append(run.read().values)
    return np.concatenate(found)


def test_a_model_that_runs_on_is_the_model() -> None:
    experiment: Experiment[Lui] = Experiment(turned(QUIET, v_leak=0.8), 2.0, (Pulses(2, (0.3, 0.31, 0.9)),))
    clock = Clock()
    values = collect(ModelRun(experiment, clock), clock, 2.0, 0.0137)
    whole = LuiModel().run(experiment)
    seen = values[values[:, 0] <= 2.0]
    assert np.all(np.diff(seen[:, 0]) > 0.0)
    level = seen[:, 3] < 1.0  # between the edges of the output, where linear interpolation holds
    for column, name in ((1, "v_mem"), (2, "v_syn")):
        assert np.max(np.abs(seen[level, column] - whole.at(name, seen[level, 0]))) < 2e-3


def test_a_pulse_now_is_a_pulse_then() -> None:
    clock = Clock()
    run = ModelRun(Experiment(QUIET, 1.0), clock)
    first = collect(run, clock, 0.2, 0.01)
    run.do(Pulse(1))
    applied = run.read().applied
    assert [at for at, _ in applied] == [pytest.approx(0.2)]
    values = np.concatenate([first, collect(run, clock, 0.6, 0.01)])
    whole = LuiModel().run(Experiment(QUIET, 0.6, (Pulses(1, (0.2,)),)))
    assert np.max(np.abs(values[:, 1] - whole.at("v_mem", values[:, 0]))) < 0.5e-3


def test_a_paused_model_stands_still_and_memory_stays_flat() -> None:
    clock = Clock()
    run = ModelRun(Experiment(turned(QUIET, v_leak=0.8), 1.0), clock)
    session = Session({"model": run}, span=1.0)
    for _ in range(300):
        clock.now += 0.1
        session.read()
    trace = session.trace("model")
    assert trace is not None
    assert trace.time[-1] == pytest.approx(30.0, abs=1e-3)
    assert 1.0 <= trace.duration < 1.2
    assert len(run._run.pieces) == 1
    session.pause(True)
    clock.now += 5.0
    session.read()
    assert session.now == pytest.approx(30.0, abs=1e-3)
    session.pause(False)
    clock.now += 0.1
    session.read()
    assert session.now == pytest.approx(30.1, abs=1e-3)
