# SPDX-License-Identifier: GPL-3.0-or-later
"""Boards that are plugged in and out while the app runs: a simulated one behind a pseudo-terminal, found as a port is."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from textual.pilot import Pilot

from firmware_bridge.recording import read_recording
from firmware_bridge.simulated.memory import MemoryBoard
from firmware_bridge.simulated.terminal import Terminal
from luisim.lui.model import LuiModel
from luisim.lui.parameters import LuiBoard
from tui.app import LuisimApp
from tui.backends import load_experiment
from tui.plugging import Change, PortWatch


class Desk:
    """A port that a board is plugged into and pulled out of."""

    def __init__(self, port: Path, board: LuiBoard) -> None:
        self.port, self._board = port, MemoryBoard([board])
        self._stop: threading.Event | None = None

    def found(self) -> tuple[str, ...]:
        return (str(self.port),) if self.port.exists() else ()

    def plug(self) -> None:
        self._stop = threading.Event()
        self._terminal = Terminal(self._board)
        self._thread = threading.Thread(target=self._terminal.serve, args=(self._stop.is_set,))
        self._thread.start()
        self.port.symlink_to(self._terminal.name)

    def unplug(self) -> None:
        if self._stop is not None:
            self._stop.set()
            self._thread.join()
            self.port.unlink()
            self._terminal.close()
            self._stop = None


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = Desk(tmp_path / "ttyACM0", load_experiment("leak-over-threshold").device)
    yield opened
    opened.unplug()


async def until(pilot: Pilot[None], condition: Callable[[], bool], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds  # only waited for if something is wrong
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        await pilot.pause(0.01)


def told(app: LuisimApp) -> str:
    return " | ".join(f"{note.title}: {note.message}" for note in app._notifications)


async def test_a_board_comes_goes_and_comes_back_while_others_run_on(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firmware_bridge.live.new_folder", lambda now: tmp_path / "take")
    app = LuisimApp(load_experiment("leak-over-threshold"), [LuiModel()], find_ports=desk.found)
    name = f"board:{desk.port}"
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("l")
        await until(pilot, lambda: app.live.now > 0.2)
        desk.plug()
        await until(pilot, lambda: name in app.sources, 2.0)
        assert "board: A board at" in told(app)
        assert next(iter(app.sources)) == name  # what is measured lies on top
        await until(pilot, lambda: app.sources[name].trace is not None)
        assert app.live.now > 0.2  # the model was not begun anew
        await pilot.press("R")
        await until(pilot, lambda: app.live.take is not None and app.live.take.time > 0.3)
        await pilot.press("p")
        before = app.live.take.time  # type: ignore[union-attr]
        await until(pilot, lambda: app.live.take.time > before + 0.2)  # type: ignore[union-attr]
        await pilot.press("p")
        desk.unplug()
        await until(pilot, lambda: "was unplugged" in told(app), 2.0)
        at = app.live.now
        await until(pilot, lambda: app.live.now > at + 0.3)
        assert app.sources[name].trace is not None  # it keeps its trace
        assert "was unplugged" in app.sources[name].failure
        assert app.sources["model"].trace.time[-1] > at + 0.2  # type: ignore[union-attr]
        desk.plug()
        await until(pilot, lambda: "It is back." in told(app), 3.0)
        await until(pilot, lambda: not app.sources[name].failure)
        after = app.live.take.time  # type: ignore[union-attr]
        await pilot.press("B")  # no longer seen, recorded all the same
        await until(pilot, lambda: app.live.take.time > after + 0.2)  # type: ignore[union-attr]
        assert not app.sources[name].shown
        await pilot.press("B", "R")
        await until(pilot, lambda: app.sources[name].trace is not None)
    recording = read_recording(tmp_path / "take")
    assert len(recording.gaps) == 1
    assert np.count_nonzero(np.diff(recording.trace.time) > 1.5e-3) == 1


async def test_in_single_runs_a_new_board_is_measured_once(desk: Desk) -> None:
    app = LuisimApp(load_experiment("leak-over-threshold"), [LuiModel()], find_ports=desk.found)
    app.base = app.experiment
    async with app.run_test(size=(80, 24)) as pilot:
        desk.plug()
        name = f"board:{desk.port}"
        await until(pilot, lambda: name in app.sources and app.sources[name].done > 0.0)
        await until(pilot, lambda: app.sources[name].trace is not None)
        desk.unplug()
        await until(pilot, lambda: "its trace stays" in told(app), 2.0)
        assert app.sources[name].trace is not None


async def test_a_simulated_board_runs_live_beside_the_model() -> None:
    from tui.backends import open_backend

    app = LuisimApp(load_experiment("leak-over-threshold"), [LuiModel(), open_backend("board:simulated")])
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("l")
        await until(pilot, lambda: app.sources["board:simulated"].trace is not None)
        await pilot.press("home")  # V_leak to 0: the simulated board has no other hands
        turned = app.live.now

        def fallen() -> bool:
            trace = app.sources["board:simulated"].trace
            return trace is not None and trace.time[-1] > turned + 0.3 and bool(trace.signals["v_mem"][-1] < 0.6)

        await until(pilot, fallen)


def test_the_watch_tells_each_change_once() -> None:
    found: list[set[str]] = [set(), {"a"}, {"a"}, {"a", "b"}, {"b"}]
    told: list[Change] = []
    watch = PortWatch(lambda: found.pop(0) if len(found) > 1 else found[0], told.append, interval=0.001)
    end = time.monotonic() + 5.0
    while len(told) < 3 and time.monotonic() < end:
        time.sleep(0.005)
    watch.close()
    assert told == [Change(("a",), ()), Change(("b",), ()), Change((), ("a",))]
