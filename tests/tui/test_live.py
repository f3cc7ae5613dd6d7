# SPDX-License-Identifier: GPL-3.0-or-later
"""Live in the app, with the real model and the real circuit."""

import os
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot

from luisim.lui.model import LuiModel
from luisim.spice.ngspice import Ngspice
from tui.app import LuisimApp
from tui.backends import load_experiment, open_backend
from tui.live import FRAME, frames_between
from tui.widgets.chart import MARGIN


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30.0  # only waited for if something is wrong
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        await pilot.pause(0.02)


def status(app: LuisimApp) -> str:
    return str(app.status.render())


def app_of(*words: str, experiment: str = "leak-over-threshold") -> LuisimApp:
    return LuisimApp(load_experiment(experiment), [open_backend(word) for word in words])


async def test_a_turned_knob_bends_the_running_traces(ngspice: Ngspice) -> None:
    app = app_of("circuit", "model")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("l")
        await until(pilot, lambda: "● LIVE" in status(app) and app.live.now > 0.7)
        live: Any = app.live.view
        before = {name: live.session.trace(name).signals["v_mem"][-1] for name in ("circuit", "model")}
        assert before["circuit"] == pytest.approx(before["model"], abs=5e-3)
        await pilot.press("home")  # V_leak to 0 V: it must fall from here on
        turned = live.session.now
        await until(pilot, lambda: live.session.now > turned + 0.5)
        for name in ("circuit", "model"):
            trace = app.sources[name].trace
            assert trace is not None
            assert trace.signals["v_mem"][-1] < 0.7 * before[name]
        shown = app.scope.text
        await pilot.press("1")
        await until(pilot, lambda: len(live.session.pulses) == 1 and app.scope.text != shown)
        assert "inputs" in app.scope.text
        await pilot.press("p")
        assert "○ LIVE, paused" in status(app)
        now = live.session.now
        await pilot.pause(0.2)
        assert live.session.now == now
        await pilot.press("p")
        await until(pilot, lambda: live.session.now > now)
        worker = live.session._runs["circuit"]._live._worker
        await pilot.press("l")
        assert not worker.alive
        await until(pilot, lambda: all(s.ran is app.experiment for s in app.sources.values()))
        assert "● RUN" in status(app)
        assert "(changed)" in status(app)


async def test_a_dead_circuit_falls_back_to_single_runs(ngspice: Ngspice) -> None:
    app = app_of("circuit", "model")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("l")
        await until(pilot, lambda: app.live.now > 0.0)
        live: Any = app.live.view
        os.kill(live.session._runs["circuit"]._live._worker._process.pid, signal.SIGKILL)
        await until(pilot, lambda: not app.live.on)
        await until(pilot, lambda: all(s.ran is app.experiment and s.trace is not None for s in app.sources.values()))
        assert "was ended by signal 9" in next(iter(app._notifications)).message
        await pilot.press("l")
        await until(pilot, lambda: app.live.now > 0.1)
    assert not app.live.on


async def test_a_recording_stands_aside_and_zoom_works(fake_backend: Callable[..., Any]) -> None:
    app = LuisimApp(load_experiment("leak-over-threshold"), [LuiModel(), fake_backend("recording:lui-photo")])
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("l")
        await until(pilot, lambda: app.live.now > 0.3)
        assert "cannot run live" in app.readings.render().plain
        await pilot.press("plus")
        await until(pilot, lambda: app.scope.window.stop - app.scope.window.start < 4.0)


async def test_a_network_is_not_live() -> None:
    app = app_of("model", experiment="not")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("l")
        await until(pilot, lambda: bool(app._notifications))
        assert "Live runs one board" in next(iter(app._notifications)).message
        assert not app.live.on


async def test_a_paused_board_can_be_looked_back_through() -> None:
    app = app_of("model")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("l")
        await until(pilot, lambda: app.live.now > 0.3)
        live: Any = app.live.view
        # twenty seconds at once: the model's clock is set forward
        live.session._runs["model"]._began -= 20.0
        await until(pilot, lambda: app.live.now > 20.0)
        await until(pilot, lambda: app.scope.window.start > 15.0)
        await pilot.press("p")
        trace = app.sources["model"].trace
        assert trace is not None
        assert trace.time[0] < 0.1
        assert app.scope.scrubber_row is not None
        seen = app.scope.window
        await pilot.press("comma")
        assert app.scope.window.start < seen.start
        row = app.scope.scrubber_row
        await pilot.click("Scope", offset=(MARGIN, row))
        assert app.scope.window.start == pytest.approx(0.0, abs=0.1)
        assert "▲" in app.scope.text or "◇" in app.scope.text
        await pilot.press("p")
        await until(pilot, lambda: app.scope.window.start > 15.0)


@pytest.mark.parametrize(("width", "focused", "rate"), [(80, True, 30), (100, True, 30), (101, True, 15), (80, False, 5)])
def test_frames_a_second(width: int, focused: bool, rate: int) -> None:
    assert 1 / FRAME / frames_between(width, focused) == pytest.approx(rate)
