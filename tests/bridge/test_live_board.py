# SPDX-License-Identifier: GPL-3.0-or-later
"""A board as a live run: beside the model, through unplug and replug, recorded without a hole of our making."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.backend import MeasuredLui
from firmware_bridge.errors import BoardError
from firmware_bridge.link import SerialPort, likely_port, ports
from firmware_bridge.live import LiveBoard
from firmware_bridge.recording import read_recording
from firmware_bridge.simulated import announced as announced_module
from firmware_bridge.simulated.announced import announced
from firmware_bridge.simulated.memory import MemoryBoard
from firmware_bridge.simulated.port import PacedPort
from firmware_bridge.simulated.terminal import Terminal
from luisim.errors import SimulationCancelled, UnsupportedExperiment
from luisim.experiment import Experiment, Pulses
from luisim.live import Pulse, Session
from luisim.lui.live import ModelRun
from luisim.lui.network import Lui, LuiNetwork
from luisim.lui.parameters import LuiBoard, LuiParameters

QUIET = LuiBoard(LuiParameters(v_leak=0.3, r_leak=10e3, r_weight=(5e3, 5e3, 5e3)), v_mem=0.9)
FIRES = LuiBoard(LuiParameters(v_leak=0.8, r_leak=10e3), v_mem=1.5)


class Desk:
    """A board on a pseudo-terminal that keeps its name, as a port does, when it is unplugged and plugged in again."""

    def __init__(self, port: Path, board: LuiBoard) -> None:
        self.port, self._board = port, MemoryBoard([board])
        self._stop = threading.Event()
        self.plug()

    def plug(self) -> None:
        self._stop.clear()
        self._terminal = Terminal(self._board)
        self.port.symlink_to(self._terminal.name)
        self._thread = threading.Thread(target=self._terminal.serve, args=(self._stop.is_set,))
        self._thread.start()

    def unplug(self) -> None:
        if not self._stop.is_set():
            self._stop.set()
            self._thread.join()
            self.port.unlink()
            self._terminal.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = Desk(tmp_path / "board", FIRES)
    yield opened
    opened.unplug()


@pytest.fixture
def live() -> Iterator[Callable[..., LiveBoard]]:
    with contextlib.ExitStack() as stack:

        def start(*arguments: object, **more: object) -> LiveBoard:
            board = LiveBoard(*arguments, **more)  # type: ignore[arg-type]
            stack.callback(board.close)
            return board

        yield start


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 15.0  # only waited for if something is wrong
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def read_until(session: Session[Lui], condition: Callable[[], bool]) -> None:
    def look() -> bool:
        session.read()
        return condition()

    until(look)


@pytest.mark.parametrize("stimuli", [(), (Pulses(2, (2.0,)),)], ids=["by key", "of the experiment"])
def test_board_and_model_get_a_pulse_at_the_same_time(live: Callable[..., LiveBoard], stimuli: tuple[Pulses, ...]) -> None:
    board = live(lambda: PacedPort(MemoryBoard([QUIET])), stimuli)
    session = Session({"board": board, "model": ModelRun(Experiment(QUIET, 1.0, stimuli))}, 60.0)
    read_until(session, lambda: not board.trouble and session.now > 1.0)
    if not stimuli:
        session.do(Pulse(2))
        read_until(session, lambda: len(session.pulses) == 1)
    until_now = (session.pulses[0][0] if session.pulses else 2.0) + 1.0
    read_until(session, lambda: session.now > until_now)
    measured, model = session.trace("board"), session.trace("model")
    assert measured is not None
    assert model is not None
    assert np.ptp(model.signals["v_mem"]) > 0.1
    difference = measured.signals["v_mem"] - model.at("v_mem", measured.time)
    assert np.abs(difference).max() < 0.02  # a step of the converter is 5 mV; a pulse 20 ms late would be 0.1 V


def test_a_simulated_board_is_turned_by_the_knobs(live: Callable[..., LiveBoard]) -> None:
    board = live(lambda: PacedPort(MemoryBoard([QUIET])))
    session: Session[Lui] = Session({"board": board}, 60.0)
    read_until(session, lambda: not board.trouble)
    session.do(FIRES)
    read_until(session, lambda: (trace := session.trace("board")) is not None and trace.spikes["out"].size > 2)


def test_unplug_and_replug_leave_a_gap_and_lose_nothing_of_a_recording(
    desk: Desk, live: Callable[..., LiveBoard], tmp_path: Path
) -> None:
    board = live(lambda: SerialPort(str(desk.port)))
    session: Session[Lui] = Session({"board": board}, 60.0)
    read_until(session, lambda: session.trace("board") is not None and not board.trouble)
    take = board.record(tmp_path / "take")
    read_until(session, lambda: take.time > 0.6)
    desk.unplug()
    read_until(session, lambda: "unplugged" in board.trouble)
    gone = session.now
    read_until(session, lambda: session.now > gone + 0.5)  # time goes on
    kept = session.trace("board")
    assert kept is not None
    assert kept.time[-1] <= gone
    session.pause(True)  # the screen stands still; the recording does not
    desk.plug()
    plugged = time.monotonic()
    until(lambda: not board.trouble)
    assert time.monotonic() - plugged < 2.0
    before = take.time
    until(lambda: take.time > before + 0.6)
    session.pause(False)
    take.note(session.now, "back")
    back = session.now
    read_until(session, lambda: session.now > back + 0.4)
    take.close()
    shown = session.trace("board")
    assert shown is not None
    assert shown.gaps[-1][1] - shown.gaps[-1][0] > 0.4
    assert np.all(np.diff(shown.time) > 0)
    recording = read_recording(tmp_path / "take")
    ((start, stop),) = recording.gaps
    assert stop - start > 0.5
    steps = np.diff(recording.trace.time)
    assert np.count_nonzero(steps > 1.5e-3) == 1  # the gap, and no other hole
    assert recording.trace.time[-1] - stop > 0.9
    assert recording.trace.spikes["out"].size >= 2
    assert [text for _, text in recording.notes] == ["back"]


def test_a_board_that_is_plugged_in_later_is_found(tmp_path: Path, live: Callable[..., LiveBoard]) -> None:
    board = live(lambda: SerialPort(str(tmp_path / "board")))
    until(lambda: "There is no port" in board.trouble)
    with pytest.raises(BoardError, match="nothing to record"):
        board.record(tmp_path / "take")
    desk = Desk(tmp_path / "board", FIRES)
    try:
        until(lambda: not board.trouble)
        assert board.read().values.shape[1] == 4
    finally:
        desk.unplug()


def test_a_full_disk_ends_the_recording_and_not_the_run(live: Callable[..., LiveBoard], tmp_path: Path) -> None:
    board = live(lambda: PacedPort(MemoryBoard([FIRES])))
    until(lambda: not board.trouble)
    take = board.record(tmp_path / "take")
    until(lambda: take.time > 0.0)
    with open("/dev/full", "ab", buffering=0) as full:
        take.recorder._samples.close()
        take.recorder._samples = full
        until(lambda: take.failure is not None)
        with pytest.raises(BoardError, match="No space"):
            take.keep()
    assert board.read().values.size
    assert not board.trouble


def test_a_live_run_takes_the_port_from_a_single_one() -> None:
    backend = MeasuredLui(lambda experiment: PacedPort(MemoryBoard([FIRES])))
    ended: list[Exception] = []

    def single() -> None:
        try:
            backend.run(Experiment(FIRES, 100.0))
        except SimulationCancelled as error:
            ended.append(error)

    thread = threading.Thread(target=single)
    thread.start()
    until(backend._port.locked)
    board = backend.live(Experiment(FIRES, 1.0))
    until(lambda: not board.trouble)
    thread.join()
    assert len(ended) == 1
    board.close()
    until(lambda: not backend._port.locked())
    with pytest.raises(UnsupportedExperiment, match="Live runs one board"):
        backend.live(Experiment(LuiNetwork(("a", "b"), (FIRES, FIRES)), 1.0))


def test_simulated_boards_are_listed_as_long_as_they_live(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(announced_module, "folder", lambda: tmp_path / "boards")
    monkeypatch.setattr("serial.tools.list_ports.comports", list)
    with announced("/dev/null") as first, announced("/dev/zero") as second:
        assert [port.device for port in ports() if port.likely == "simulated"] == [str(first), str(second)]
        with pytest.raises(BoardError, match="several"):
            likely_port()
        second.with_suffix(".pid").write_text("999999999")  # killed: its link is not trusted
        assert likely_port() == str(first)
        with announced("/dev/null") as again:
            assert again == second
    assert ports() == ()
