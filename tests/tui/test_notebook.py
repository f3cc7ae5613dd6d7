# SPDX-License-Identifier: GPL-3.0-or-later
"""Markers, notes and the record key; what was recorded is measured and shown again."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textual.pilot import Pilot

from firmware_bridge import take
from firmware_bridge.recording import read_recording
from luisim import measure
from tui.app import LuisimApp
from tui.backends import load_experiment, open_backend


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20.0  # only waited for if something is wrong
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        await pilot.pause(0.01)


async def test_markers_and_notes_stand_on_the_time_axis(fake_backend: Callable[..., Any], experiment: Any) -> None:
    app = LuisimApp(experiment, [fake_backend("model")])
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: app.sources["model"].trace is not None)
        await pilot.press("a", "x")
        assert app.scope.remarks == ((app.scope.cursors.a, "1"),)
        assert "notes" in app.scope.text
        await pilot.press("b", "X")
        await pilot.press(*"more leak", "enter")
        await until(pilot, lambda: "more leak" in app.scope.text)
        await pilot.press("X", "escape")
        assert len(app.scope.remarks) == 2


async def test_recording_needs_a_live_board(fake_backend: Callable[..., Any], experiment: Any) -> None:
    app = LuisimApp(experiment, [fake_backend("model")])
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("R")
        assert "press l first" in next(iter(app._notifications)).message
        assert app.live.take is None


async def test_what_is_recorded_is_what_was_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(take, "new_folder", lambda now: tmp_path / "first")
    app = LuisimApp(load_experiment("leak-over-threshold"), [open_backend("model")])
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("l")
        await until(pilot, lambda: app.live.now > 0.2)
        await pilot.press("R")
        assert "recording" in str(app.status.render())
        live: Any = app.live.view
        began = app.live.take._began  # type: ignore[union-attr]
        await pilot.press("x")
        for _ in range(3):  # the model's clock is set forward
            live.session._runs["model"]._began -= 1.0
            now = app.live.now
            await until(pilot, lambda now=now: app.live.now > now + 0.9)  # type: ignore[misc]
        seen = live.session.trace("model")
        await pilot.press("R")
        assert app.live.take is None
    recording = read_recording(tmp_path / "first")
    assert [text for _, text in recording.notes] == ["1"]
    assert recording.trace.duration > 2.9
    found = measure.spikes(recording.trace)
    expected = seen.spikes["out"] - began
    expected = expected[expected > 0]
    assert found.size >= 5
    np.testing.assert_allclose(found[: expected.size], expected[: found.size], atol=2e-3)
    again = open_backend(f"recording:{tmp_path / 'first'}")
    app = LuisimApp(load_experiment("leak-over-threshold"), [again])
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: any(source.trace is not None for source in app.sources.values()))
        assert "notes" in app.scope.text
