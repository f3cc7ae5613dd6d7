# SPDX-License-Identifier: GPL-3.0-or-later
"""ASCII mode: whatever is on the screen, every cell of it is ASCII, and as wide as it was."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.pilot import Pilot
from textual.widgets import Input

from tui.app import LuisimApp
from tui.backends import load_experiment
from tui.language import set_language
from tui.screens.lesson import LessonPanel
from tui.screens.whole_chip import WholeChip
from tui.widgets.plain import Plain, spelled


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20.0  # only waited for if something is wrong
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        await pilot.pause(0.01)


def screen(app: LuisimApp) -> str:
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


def others(app: LuisimApp) -> set[str]:
    """Characters on the screen that are not ASCII."""
    return {character for character in screen(app) if not character.isascii()}


def test_a_cell_stays_a_cell() -> None:
    drawn = "─━┃▲△◇●○τΔ±µΩ…🔎界\u2800ä"
    (segment,) = Plain().apply([Segment(drawn)], Color(0, 0, 0))
    assert segment.text == "--|^Ao*otd~uO~? ? \x20ä"  # the letters of German stay
    assert cell_len(segment.text) == cell_len(drawn)
    assert spelled("τ_mem ±2 µs") == "tau_mem +-2 us"


async def test_every_screen(fake_backend: Callable[..., Any], experiment: Any, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("LUISIM_CLASS", str(tmp_path))
    set_language("en")
    three = [fake_backend(name) for name in ("circuit", "model", "recording:lui-photo")]
    app = LuisimApp(experiment, three, glyphs="ascii")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: all(source.ran is app.experiment for source in app.sources.values()))
        assert "tau_mem" in screen(app)
        assert "11 kOhm" in screen(app)
        for keys in ("k", "g a b", "v", "v", "d", "p", "right 1", "r", "plus", "x", "ctrl+c"):
            await pilot.press(*keys.split())
            await pilot.pause(0.05)
            assert (keys, others(app)) == (keys, set())
        for keys in ("question_mark", "e", "ctrl+p", "enter", "X"):
            await pilot.press(*keys.split())
            await pilot.pause(0.3)
            assert (keys, len(app.screen_stack), others(app)) == (keys, 2, set())
            await pilot.press("escape", "escape") if keys == "ctrl+p" else await pilot.press("escape")
            await until(pilot, lambda: len(app.screen_stack) == 1)
        app.knobs[0].focus()
        await pilot.press("enter")
        app.screen.query_one(Input).value = "much"
        await pilot.press("enter", "escape", "o")
        await until(pilot, lambda: bool(app.query(LessonPanel)))
        await pilot.press("h", "s", "c")
        await pilot.pause(0.1)
        assert others(app) == set()
        await pilot.resize_terminal(60, 20)
        await pilot.pause(0.1)
        assert others(app) == set()


async def test_all_neurons_of_a_chip(fake_backend: Callable[..., Any], fake_chip: Any) -> None:
    app = LuisimApp(load_experiment("chip-leak-over-threshold"), [fake_backend("model", fake_chip)], glyphs="ascii")
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: all(source.ran is app.experiment for source in app.sources.values()))
        assert others(app) == set()
        chip = WholeChip(app.experiment, app.scope.glyphs, fake_chip("model"))
        await app.push_screen(chip)
        await until(pilot, lambda: chip.trace is not None)
        await pilot.pause(0.1)
        assert others(app) == set()
