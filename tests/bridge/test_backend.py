# SPDX-License-Identifier: GPL-3.0-or-later
"""A measured board against the model of the same board: the firmware, the wire, the read-out and the clock in between."""

from dataclasses import replace

import numpy as np
import pytest

from firmware_bridge.backend import MeasuredLui, boards_of, measure_boards, pulse_plan
from firmware_bridge.connect import connect, wires_of
from firmware_bridge.errors import BoardError
from firmware_bridge.simulated.memory import MemoryBoard
from firmware_bridge.simulated.port import VirtualPort
from firmware_bridge.wiring import Wiring
from luisim.compare import compare
from luisim.experiment import Current, Experiment, Pulses
from luisim.lui.model import LuiModel
from luisim.lui.network import LuiNetwork, Wire
from luisim.lui.parameters import LuiBoard, LuiParameters
from tui.backends import load_experiment, open_backend

BOARD = LuiBoard(LuiParameters(v_leak=0.8))


def measured(simulated, **options: float) -> MeasuredLui:
    """The firmware on the simulated chip, around the experiment's own board."""
    simulated(1).chip.close()  # skips where simavr is missing
    from firmware_bridge.simulated.board import SimulatedBoard

    return MeasuredLui(lambda experiment: VirtualPort(SimulatedBoard([experiment.device], **options)))


@pytest.mark.parametrize("error", [0.0, 0.004])
def test_isi_agrees_with_the_model(simulated, error) -> None:
    experiment = load_experiment("leak-over-threshold")
    found = compare(LuiModel().run(experiment), measured(simulated, clock_error=error).run(experiment))
    assert abs(found.isi_difference) < 0.3  # per cent
    assert found.rms_aligned < 0.02
    assert found.b.threshold == pytest.approx(found.a.threshold, abs=0.01)


@pytest.mark.parametrize("name", ["excitatory-psp", "inhibitory-psp", "stacked-psps"])
def test_psps_agree_with_the_model(simulated, name) -> None:
    experiment = load_experiment(name)
    found = compare(LuiModel().run(experiment), measured(simulated).run(experiment))
    assert found.rms_aligned < 0.01  # V: two codes
    assert found.a.spikes == found.b.spikes


def test_equal_seeds_give_equal_traces(simulated) -> None:
    experiment = load_experiment("excitatory-psp")
    first, second = (measured(simulated, seed=3).run(experiment) for _ in range(2))
    assert np.array_equal(first.signals["v_mem"], second.signals["v_mem"])


def test_the_board_in_memory_agrees_too() -> None:
    experiment = load_experiment("leak-over-threshold")
    backend = MeasuredLui(lambda experiment: VirtualPort(MemoryBoard([experiment.device])))
    found = compare(LuiModel().run(experiment), backend.run(experiment))
    assert abs(found.isi_difference) < 0.3


def test_without_the_spike_wire_spikes_are_read_off_the_membrane() -> None:
    class Unwired(MemoryBoard):
        def _send_spikes(self) -> None:
            pass

    experiment = load_experiment("leak-over-threshold")
    trace = MeasuredLui(lambda experiment: VirtualPort(Unwired([experiment.device]))).run(experiment)
    assert trace.spikes["out"].size >= 3


@pytest.mark.parametrize("count", [2, 6])
def test_several_boards_at_once(simulated, count) -> None:
    names = tuple("abcdef"[:count])
    trace = measure_boards(VirtualPort(simulated(count)), Wiring(names), 2.5)
    assert set(trace.signals) == {f"{name}.v_mem" for name in names}
    assert set(trace.spikes) == set(names)
    for index, name in enumerate(names):
        model = LuiModel().run(Experiment(LuiBoard(LuiParameters(v_leak=0.80 - 0.02 * index)), 3.0))
        true, seen = np.diff(model.spikes["out"])[-1], np.diff(trace.spikes[name]).mean()
        assert seen == pytest.approx(true, rel=0.003)
        assert trace.signals[f"{name}.v_mem"].max() == pytest.approx(model.signals["v_mem"].max(), abs=0.02)


def test_a_board_that_falls_silent_is_a_sentence() -> None:
    class Dying(MemoryBoard):
        def read(self) -> bytes:
            return super().read() if self.now < 0.5 else b""

    backend = MeasuredLui(lambda experiment: VirtualPort(Dying([experiment.device])))
    with pytest.raises(BoardError, match="fell silent"):
        backend.run(load_experiment("leak-over-threshold"))


def test_what_an_arduino_cannot_do() -> None:
    backend = open_backend("board:simulated")
    assert backend.unsupported(Experiment(BOARD, 1.0)) is None
    assert "current" in str(backend.unsupported(Experiment(BOARD, 1.0, (Current(1e-6),))))
    assert "amplitude" in str(backend.unsupported(Experiment(BOARD, 1.0, (Pulses(1, (0.1,), amplitude=1.0),))))
    assert "shortest" in str(backend.unsupported(Experiment(BOARD, 1.0, (Pulses(1, (0.1,), width=20e-6),))))


def test_by_hand_names_the_trimmers_that_matter() -> None:
    sentences = " ".join(open_backend("board:simulated").by_hand(Experiment(BOARD, 1.0, (Pulses(2, (0.1,)),))))
    for word in ("3 V", "RV5", "RV6", "RV4", "RV2", "D3", "excitatory"):
        assert word in sentences
    assert "RV1" not in sentences


def test_pulses_are_planned_on_the_boards_clock() -> None:
    plan = pulse_plan([Pulses(2, (0.3, 0.1)), Pulses(1, (0.2,), width=1e-3)], Wiring(), 1_000_000)
    assert plan == [(1_100_000, 2, 15_000), (1_200_000, 1, 1_000), (1_300_000, 2, 15_000)]


def test_no_arduino_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    from firmware_bridge import link

    monkeypatch.setattr(link, "ports", tuple)
    with pytest.raises(BoardError, match="luisim ports"):
        connect("", Experiment(BOARD, 1.0))
    two = tuple(link.Port(f"/dev/ttyUSB{n}", "", 0x2341, 0x43) for n in range(2))
    monkeypatch.setattr(link, "ports", lambda: two)
    with pytest.raises(BoardError, match="several"):
        connect("", Experiment(BOARD, 1.0))


NETWORK = LuiNetwork(
    ("slow", "fast", "kicked"),
    (
        LuiBoard(LuiParameters(v_leak=0.8, r_leak=20e3)),
        LuiBoard(LuiParameters(v_leak=0.9, r_leak=8e3)),
        LuiBoard(LuiParameters(v_leak=0.42, r_leak=3e3, r_syn=5e3, r_weight=(1e3, 1e3, 1e3)), 1.26),
    ),
)


def test_a_network_is_measured_board_by_board() -> None:
    kicks = Pulses(1, (0.3, 1.0, 1.7), board="kicked")
    experiment = Experiment(NETWORK, 2.4, (kicks,))
    trace = MeasuredLui(lambda e: VirtualPort(MemoryBoard(boards_of(e)))).run(experiment)
    model = LuiModel().run(experiment)
    assert trace.boards == NETWORK.names
    assert set(trace.signals) == {"slow.v_mem", "fast.v_mem", "kicked.v_mem"}
    for name in ("slow", "fast"):
        assert np.diff(trace.spikes[name]).mean() == pytest.approx(np.diff(model.spikes[name]).mean(), rel=3e-3)
    # the boards run all the time, so only what a pulse does has its place in time
    np.testing.assert_allclose(trace.spikes["kicked"], model.spikes["kicked"], atol=2e-3)


def test_what_an_arduino_cannot_do_with_a_network() -> None:
    backend = MeasuredLui(lambda e: connect("simulated", e))
    into_two = Experiment(NETWORK, 1.0, (Pulses(2, (0.1,), board="slow"),))
    assert "only input 1" in str(backend.unsupported(into_two))
    seven = LuiNetwork(tuple("abcdefg"), (LuiBoard(),) * 7)
    assert "2 to 6" in str(backend.unsupported(Experiment(seven, 1.0)))
    wired = Experiment(replace(NETWORK, wires=(Wire("slow", "fast", 2),)), 1.0)
    assert "a jumper wire from the output of slow to input 2 of fast" in backend.by_hand(wired)


def test_jumper_wires_between_simulated_boards_carry_spikes() -> None:
    """A kick of the first board in a row goes through all of them, as in the model."""
    names = ("a", "b", "c")
    quiet = LuiBoard(LuiParameters(v_leak=0.45, r_leak=5e3, r_syn=8e3, r_weight=(1e3,) * 3), v_mem=1.35)
    network = LuiNetwork(names, (quiet,) * 3, (Wire("a", "b", 1), Wire("b", "c", 2)))
    experiment = Experiment(network, 1.5, (Pulses(1, (0.3, 0.9), board="a"),))
    trace = MeasuredLui(lambda e: VirtualPort(MemoryBoard(boards_of(e), wires=wires_of(e.device)))).run(experiment)
    model = LuiModel().run(experiment)
    for name in names:
        assert model.spikes[name].size == 2
        np.testing.assert_allclose(trace.spikes[name], model.spikes[name], atol=2e-3)
