# SPDX-License-Identifier: GPL-3.0-or-later
"""Knobs as a person uses them: keys, wheel, click, drag, typed values."""

import pytest
from textual.app import App, ComposeResult
from textual.events import MouseScrollDown, MouseScrollUp
from textual.pilot import Pilot
from textual.widgets import Input, Label

from luisim.lui.parameters import LuiParameters
from tui.widgets.knob import Knob
from tui.widgets.trimmer import TRIMMERS

SIZE = (60, 12)


class Bench(App[None]):
    """Two knobs alone: V_leak (at 80 %) and the first weight (at 50 %)."""

    CSS = "Knob { height: 1; padding: 0 1; }"

    def __init__(self) -> None:
        super().__init__()
        self.leak = Knob(TRIMMERS[0], LuiParameters(), id="leak")
        self.weight = Knob(TRIMMERS[3], LuiParameters(), id="weight")
        self.turned: list[Knob.Turned] = []

    def compose(self) -> ComposeResult:
        yield self.leak
        yield self.weight

    def on_knob_turned(self, event: Knob.Turned) -> None:
        self.turned.append(event)


def turn(knob: Knob) -> float:
    return knob.trimmer.turn(knob.parameters)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        (["left"], 0.79),
        (["right", "right"], 0.82),
        (["shift+left"], 0.7),
        (["shift+right"], 0.9),
        (["pagedown"], 0.7),
        (["pageup", "pageup", "pageup"], 1.0),
        (["home"], 0.0),
        (["end"], 1.0),
        (["home", "backspace"], 0.8),
        (["end", "delete"], 0.8),
        (["space"], 0.8),
    ],
)
async def test_keys(keys: list[str], expected: float) -> None:
    app = Bench()
    async with app.run_test(size=SIZE) as pilot:
        app.leak.focus()
        await pilot.press(*keys)
        assert turn(app.leak) == pytest.approx(expected)
        assert turn(app.weight) == pytest.approx(0.5)


async def test_each_turn_is_told_once() -> None:
    app = Bench()
    async with app.run_test(size=SIZE) as pilot:
        app.leak.focus()
        await pilot.press("right", "end", "end")
        assert [event.knob for event in app.turned] == [app.leak] * 2
        assert app.turned[-1].parameters.v_leak == 1.0
        assert app.turned[-1].control is app.leak


async def test_space_flips_and_reset_flips_back() -> None:
    app = Bench()
    async with app.run_test(size=SIZE) as pilot:
        app.weight.focus()
        await pilot.press("space")
        assert app.weight.parameters.sign == (-1, 1, 1)
        assert "−" in app.weight.render().plain
        await pilot.press("left", "backspace")
        assert app.weight.parameters == LuiParameters()


async def test_up_and_down_change_the_knob() -> None:
    app = Bench()
    async with app.run_test(size=SIZE) as pilot:
        app.leak.focus()
        await pilot.press("down")
        assert app.focused is app.weight
        await pilot.press("up")
        assert app.focused is app.leak


@pytest.mark.parametrize(("typed", "expected"), [("2.4 V", 0.8), ("0.25", 0.25), ("90%", 0.9)])
async def test_typed_values(typed: str, expected: float) -> None:
    app = Bench()
    async with app.run_test(size=SIZE) as pilot:
        app.leak.focus()
        await pilot.press("enter", *typed, "enter")
        assert turn(app.leak) == pytest.approx(expected)
        assert len(app.screen_stack) == 1


async def test_a_bad_value_gets_a_sentence_and_another_try() -> None:
    app = Bench()
    async with app.run_test(size=SIZE) as pilot:
        app.leak.focus()
        await pilot.press("enter", *"9 V", "enter")
        assert "0 V to 3 V" in str(app.screen.query_one("#said", Label).render())
        assert turn(app.leak) == pytest.approx(0.8)
        app.screen.query_one(Input).value = "1.5 V"
        await pilot.press("enter")
        assert turn(app.leak) == pytest.approx(0.5)
        await pilot.press("enter", *"0.1", "escape")
        assert turn(app.leak) == pytest.approx(0.5)


def place(knob: Knob, part: float) -> tuple[int, int]:
    """Where on the knob its bar shows ``part``."""
    start, width = knob.bar
    return (knob.gutter.left + start + round(part * (width - 1)), 0)


async def test_click_on_bar_and_switch() -> None:
    app = Bench()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.click("#weight", offset=place(app.weight, 0.0))
        assert turn(app.weight) == pytest.approx(0.0)
        await pilot.click("#weight", offset=place(app.weight, 1.0))
        assert turn(app.weight) == pytest.approx(1.0)
        start, _ = app.weight.bar
        await pilot.click("#weight", offset=(app.weight.gutter.left + start - 2, 0))
        assert app.weight.parameters.sign == (-1, 1, 1)
        assert turn(app.weight) == pytest.approx(1.0)
        await pilot.click("#leak", offset=(1, 0))  # the name: only takes the focus
        assert app.focused is app.leak
        assert turn(app.leak) == pytest.approx(0.8)


async def test_double_click_resets() -> None:
    app = Bench()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.double_click("#leak", offset=place(app.leak, 0.2))
        assert turn(app.leak) == pytest.approx(0.8)


async def test_drag() -> None:
    app = Bench()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.mouse_down("#leak", offset=place(app.leak, 0.8))
        await pilot.hover("#leak", offset=place(app.leak, 0.5))
        assert turn(app.leak) == pytest.approx(0.5, abs=0.03)
        await pilot.hover("#leak", offset=place(app.leak, 0.0))
        await pilot.mouse_up("#leak", offset=place(app.leak, 0.0))
        assert turn(app.leak) == pytest.approx(0.0)
        await pilot.hover("#leak", offset=place(app.leak, 0.9))  # let go: it does not follow any more
        assert turn(app.leak) == pytest.approx(0.0)


async def wheel(pilot: Pilot[None], knob: Knob, kind: type[MouseScrollUp | MouseScrollDown], shift: bool) -> None:
    knob.post_message(kind(knob, 5, 0, 0, 0, 0, shift, False, False))
    await pilot.pause()


async def test_wheel() -> None:
    app = Bench()
    async with app.run_test(size=SIZE) as pilot:
        await wheel(pilot, app.leak, MouseScrollUp, False)
        assert turn(app.leak) == pytest.approx(0.81)
        await wheel(pilot, app.leak, MouseScrollDown, True)
        assert turn(app.leak) == pytest.approx(0.71)
