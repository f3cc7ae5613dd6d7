# SPDX-License-Identifier: GPL-3.0-or-later
"""A measured board against the model of the same board: the firmware, the wire, the read-out and the clock in between."""

import numpy as np
import pytest

from firmware_bridge.backend import MeasuredLui, measure_boards, pulse_plan
from firmware_bridge.connect import connect
from firmware_bridge.errors import BoardError
from firmware_bridge.simulated.memory import MemoryBoard
from firmware_bridge.simulated.port import VirtualPort
from firmware_bridge.wiring import Wiring
from luisim.compare import compare
from luisim.experiment import Current, Experiment, Pulses
from luisim.lui.model import LuiModel
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
    plan = pulse_plan([Pulses(2, (0.3, 0.1)), Pulses(1, (0.2,), width=1e-3)], 1_000_000)
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
