# SPDX-License-Identifier: GPL-3.0-or-later
"""The oscilloscope as a person uses it: every key, every movement of the mouse."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textual import events
from textual.pilot import Pilot

from firmware_bridge.replay import RecordedLui
from luisim.lui.model import LuiModel
from luisim.trace import Trace
from luisim.trace_files import write_csv
from tui.app import LuisimApp
from tui.scope_keys import SCOPE_KEYS
from tui.widgets.chart import MARGIN

SMALL = (80, 24)
PERIOD = 0.9 - 0.6 * 0.8  # s, of the neuron behind the fake back ends
PEAK = 1.25


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10.0  # only waited for if something is wrong
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        await pilot.pause(0.01)


async def settle(app: LuisimApp, pilot: Pilot[None]) -> None:
    await until(pilot, lambda: all(s.ran is app.experiment for s in app.sources.values() if s.shown))


def status(app: LuisimApp) -> str:
    return str(app.status.render())


@pytest.fixture
def app(fake_backend: Callable[..., Any], experiment: Any) -> LuisimApp:
    return LuisimApp(experiment, [fake_backend(name) for name in ("circuit", "model", "recording:lui-photo")])


async def test_every_key_does_something_that_is_seen(app: LuisimApp) -> None:
    async with app.run_test(size=(100, 30)) as pilot:
        await settle(app, pilot)
        await pilot.press("a", "b", "g", "plus", "k")
        for binding in SCOPE_KEYS:
            for key in binding.key.split(","):
                before = app.scope.text, status(app), repr(app.scope.trigger)
                await pilot.press(key)
                await pilot.pause()
                assert (app.scope.text, status(app), repr(app.scope.trigger)) != before, f"{key} did nothing"
                assert {len(line) for line in app.scope.text.split("\n")} <= set(range(101))


async def test_the_trigger_puts_zero_at_the_crossing(app: LuisimApp) -> None:
    async with app.run_test(size=SMALL) as pilot:
        await settle(app, pilot)
        await pilot.press("g")
        assert "trigger auto ↑ 0.75 V" in status(app)
        crossing = 0.75 / PEAK * PERIOD
        marks = [n * PERIOD - crossing for n in range(1, 4)]  # the spikes, as the axis has them now
        floor = app.scope.text.split("\n")[-2]
        for mark in marks:
            column = MARGIN + app.scope.window.column(mark)
            assert not 0 <= column < 80 or floor[column] in "▲△◇", mark
        await pilot.press("G")  # the reset
        assert "↓" in status(app)
        floor = app.scope.text.split("\n")[-2]
        assert floor[MARGIN + app.scope.window.column(0.0)] in "▲△◇"
        level = app.scope.trigger.level
        await pilot.press(">")
        assert app.scope.trigger.level > level
        await pilot.press("<", "<")
        assert app.scope.trigger.level < level
        await pilot.press("g", "g")
        assert "single" in status(app)
        assert "held" in status(app)
        await pilot.press("g")
        assert "trigger" not in status(app)


async def test_cursors_snap_and_tell_what_lies_between(app: LuisimApp) -> None:
    async with app.run_test(size=SMALL) as pilot:
        await settle(app, pilot)
        await pilot.press("a", "}")
        first = app.scope.cursors.a
        assert first is not None
        assert min(abs(first - n * PERIOD) for n in range(1, 5)) < 3e-3
        await pilot.press("b", "{", "{", "{", "{", "{", "}")  # beyond the first spike there is none
        assert app.scope.cursors.b == pytest.approx(2 * PERIOD, abs=3e-3)
        await pilot.press("a", "{", "{", "{")
        assert app.scope.cursors.a == pytest.approx(PERIOD, abs=3e-3)
        line = app.scope.text.split("\n")[-1]
        assert "Δt 420" in line or "Δt 419" in line
        assert "1/Δt 2.38" in line
        assert "ΔV" in line
        before = app.scope.cursors.a
        await pilot.press(")")
        assert app.scope.cursors.a == pytest.approx(before + app.scope.window.cell, abs=app.scope.window.cell / 2)
        await pilot.press("(")
        assert app.scope.cursors.a == pytest.approx(before, abs=app.scope.window.cell / 2)
        await pilot.press("s")
        assert "△" in app.scope.text.split("\n")[-1]  # the circuit's trace
        await pilot.press("a", "b")
        assert app.scope.cursors.there == ()


async def test_measurements_are_drawn_where_they_were_read(app: LuisimApp) -> None:
    async with app.run_test(size=SMALL) as pilot:
        await settle(app, pilot)
        await pilot.press("k")
        lines = app.scope.text.split("\n")
        assert "rate 2.38 Hz" in lines[-1]
        assert "ISI 420 ms" in lines[-1]
        assert any("ISI 420 ms" in line for line in lines[:-3])
        assert sum(line.count("●") for line in lines[:-3]) >= 3
        await pilot.press("k")
        assert "●" not in app.scope.text


async def test_the_voltage_axis_moves(app: LuisimApp) -> None:
    async with app.run_test(size=SMALL) as pilot:
        await settle(app, pilot)
        low, high = app.scope.vertical
        await pilot.press("y")
        assert app.scope.vertical[1] - app.scope.vertical[0] == pytest.approx((high - low) / 1.5)
        await pilot.press("Y")
        assert app.scope.vertical == pytest.approx((low, high))
        await pilot.press("ctrl+up")
        assert app.scope.vertical[0] == pytest.approx(low + 0.1 * (high - low))
        await pilot.press("0")
        assert app.scope.vertical == (low, high)


async def drag(pilot: Pilot[None], start: tuple[int, int], end: tuple[int, int]) -> None:
    await pilot.mouse_down("Scope", offset=start)
    await pilot.hover("Scope", offset=end)
    await pilot.mouse_up("Scope", offset=end)
    await pilot.pause()


def wheel(app: LuisimApp, kind: type[events.MouseEvent], x: int, y: int, **held: bool) -> None:
    keys = {"shift": False, "meta": False, "ctrl": False} | held
    event = kind(app.scope, x, y, 0, 0, 0, keys["shift"], keys["meta"], keys["ctrl"], x, y)
    app.scope._forward_event(event)


async def test_the_wheel(app: LuisimApp) -> None:
    async with app.run_test(size=SMALL) as pilot:
        await settle(app, pilot)
        scope, first = app.scope, app.scope.window
        wheel(app, events.MouseScrollUp, 40, 5)
        await until(pilot, lambda: scope.window.cell < first.cell * 0.7)
        start = scope.window.start
        wheel(app, events.MouseScrollDown, 40, 5, shift=True)
        await until(pilot, lambda: scope.window.start > start)
        wheel(app, events.MouseScrollLeft, 40, 5)
        await until(pilot, lambda: scope.window.start == pytest.approx(start, abs=scope.window.cell))
        wheel(app, events.MouseScrollRight, 40, 5)
        await until(pilot, lambda: scope.window.start > start + scope.window.cell)
        low, high = scope.vertical
        wheel(app, events.MouseScrollUp, 2, 5)  # on the voltage axis
        await until(pilot, lambda: scope.vertical[1] - scope.vertical[0] < 0.7 * (high - low))
        wheel(app, events.MouseScrollDown, 2, 5)
        await until(pilot, lambda: scope.vertical == pytest.approx((low, high)))


async def test_dragging(app: LuisimApp) -> None:
    async with app.run_test(size=SMALL) as pilot:
        await settle(app, pilot)
        scope = app.scope
        await pilot.press("plus", "plus")
        first = scope.window.first
        await drag(pilot, (40, 3), (34, 3))
        assert scope.window.first == first + 6
        low, _ = scope.vertical
        await drag(pilot, (2, 3), (2, 6))
        assert scope.vertical[0] > low
        row = scope.scrubber_row
        assert row is not None
        await drag(pilot, (MARGIN + 30, row), (79, row))
        assert scope.window.stop == pytest.approx(2.0, abs=2 * scope.window.cell)
        await pilot.click("Scope", offset=(MARGIN, row))
        assert scope.window.start == pytest.approx(0.0, abs=2 * scope.window.cell)


async def test_clicks_and_dragged_cursors(app: LuisimApp) -> None:
    async with app.run_test(size=SMALL) as pilot:
        await settle(app, pilot)
        scope = app.scope
        await pilot.click("Scope", offset=(30, 5))
        assert scope.cursors.there == ()  # without cursors a click does nothing
        await pilot.press("a")
        await pilot.click("Scope", offset=(60, 5))
        assert scope.cursors.a == pytest.approx(scope._time(60), abs=scope.window.cell)
        await drag(pilot, (60, 5), (50, 5))
        assert scope.cursors.a == pytest.approx(scope._time(50), abs=scope.window.cell)
        assert scope.follows  # the traces stayed
        await pilot.press("g")
        await pilot.click("Scope", offset=(2, 2))
        assert scope.trigger.level == pytest.approx(scope._level(2))


async def test_a_rolling_trace_stands_still_at_the_trigger(fake_backend: Callable[..., Any], experiment: Any) -> None:
    app = LuisimApp(experiment, [fake_backend("model")])

    def until_now(now: float, height: float = PEAK) -> tuple[Any, ...]:
        times = np.arange(max(0.0, now - 12.0), now, 1e-3)
        spikes = np.arange(PERIOD, now, PERIOD)
        trace = Trace(times, {"v_mem": times % PERIOD / PERIOD * height}, {"out": spikes[spikes >= times[0]]}, "model")
        return (replace(source, trace=trace),)

    async with app.run_test(size=SMALL) as pilot:
        await settle(app, pilot)
        source = app.sources["model"]
        scope = app.scope

        def roll(now: float, height: float = PEAK) -> str:
            scope.roll(until_now(now, height), experiment, "", now, 2.0)
            return "\n".join(scope.text.split("\n")[:-2])

        rolling = roll(8.0)
        assert roll(8.3) != rolling
        await pilot.press("g")
        pictures = [roll(now) for now in (9.0, 9.33, 10.07, 11.9)]
        for picture in pictures[1:]:  # every period looks like the others, but for a dot where the crossing was rounded
            assert sum(a != b for a, b in zip(pictures[0], picture, strict=True)) < 0.01 * len(picture)
        assert scope.window.start == pytest.approx(-0.5, abs=0.03)
        assert roll(20.0, 0.2) != pictures[0]  # auto: nothing to trigger on, so it rolls
        await pilot.press("g")  # normal
        roll(21.0)
        held = roll(21.5)
        assert roll(30.0, 0.2) == held
        await pilot.press("g")  # single
        once = roll(31.0)
        zero = scope._zero
        roll(33.0)
        assert scope._zero == zero
        assert roll(34.0) == once
        assert "held" in scope.state


async def test_the_scrubber_reaches_through_the_whole_of_a_recording(tmp_path: Path, experiment: Any) -> None:
    long = LuiModel().run(replace(experiment, duration=20.0))
    write_csv(long, tmp_path / "long.csv")
    app = LuisimApp(experiment, [RecordedLui(str(tmp_path / "long.csv")), LuiModel()])
    async with app.run_test(size=SMALL) as pilot:
        await settle(app, pilot)
        scope = app.scope
        row = scope.scrubber_row  # seen from the beginning: there is more than the experiment lasts
        assert row is not None
        await pilot.click("Scope", offset=(79, row))
        assert scope.window.stop == pytest.approx(20.0, abs=2 * scope.window.cell)
        assert "▲" in scope.text.split("\n")[-3]  # the spikes of its end
        await pilot.press("0")
        assert scope.window.start == pytest.approx(0.0, abs=scope.window.cell)
