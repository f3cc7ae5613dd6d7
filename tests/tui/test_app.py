# SPDX-License-Identifier: GPL-3.0-or-later
"""The app as a person uses it, with back ends that answer at once."""

import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Footer, OptionList, Static
from textual.widgets._footer import FooterKey

from luisim.errors import SimulationError, SimulatorMissing
from luisim.experiment import Pulses
from luisim.lui.parameters import LuiParameters
from tui.app import LuisimApp
from tui.screens.experiments import Experiments
from tui.screens.help import Help
from tui.screens.lesson import LessonPanel
from tui.widgets.chart import MARGIN

SMALL, LARGE = (80, 24), (120, 40)
LEAK = 0.8  # V_leak of the experiment


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    """Let the app work until something is the case."""
    end = time.monotonic() + 10.0  # only waited for if something is wrong
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        await pilot.pause(0.01)


def settled(app: LuisimApp) -> bool:
    """Whether every source shows what was asked for."""
    shown = [source for source in app.sources.values() if source.shown]
    return all(source.ran is app.experiment for source in shown)


def readings(app: LuisimApp) -> list[str]:
    return app.readings.render().plain.split("\n")


def status(app: LuisimApp) -> str:
    return str(app.status.render())


@pytest.fixture
def three(fake_backend: Callable[..., Any]) -> list[Any]:
    return [fake_backend(name) for name in ("circuit", "model", "recording:lui-photo")]


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_all_traces_are_shown_and_compared(three: list[Any], experiment: Any, size: tuple[int, int]) -> None:
    app = LuisimApp(experiment, three)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: settled(app))
        assert list(app.sources) == ["recording:lui-photo", "circuit", "model"]  # what lies on top comes first
        lines = app.scope.text.split("\n")
        assert len(lines) == app.scope.size.height
        assert {len(line) for line in lines} == {size[0]}
        assert "▲△" in lines[-2]
        head, *rows = readings(app)
        assert head.split() == ["rate", "ISI", "V_th", "pulse", "n", "RMS", "aligned", "ΔISI"]
        assert [row.split()[0] for row in rows] == ["r", "c", "m"]
        assert "reference" in rows[0]
        assert "2.38 Hz" in rows[1]
        assert "+0.00 %" in rows[2]
        assert max(map(len, readings(app))) <= size[0], rows


@pytest.mark.parametrize("size", [SMALL, LARGE])
async def test_nothing_is_cut(three: list[Any], experiment: Any, size: tuple[int, int]) -> None:
    app = LuisimApp(experiment, three)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: settled(app))
        for widget in [app.status, app.scope, app.readings, *app.knobs, app.query_one(Footer)]:
            region = widget.region
            assert region.width > 0
            assert region.height > 0
            assert region.right <= size[0]
            assert region.bottom <= size[1]
        keys = sorted(app.query(FooterKey), key=lambda key: key.region.x)
        assert all(a.region.right <= b.region.x for a, b in pairwise(keys))
        assert app.scope.size.height >= 14
        for knob in app.knobs:
            assert len(knob.render().plain) <= knob.content_size.width


@pytest.mark.parametrize("glyphs", ["braille", "ascii"])
async def test_beside_a_lesson_columns_are_left_out_and_it_says_so(three: list[Any], experiment: Any, glyphs: str) -> None:
    app = LuisimApp(experiment, three[:2], glyphs=glyphs)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("o")
        await until(pilot, lambda: bool(app.query(LessonPanel)) and app.readings.size.width < SMALL[0])
        await until(pilot, lambda: settled(app) and "reference" not in readings(app)[1])
        await pilot.pause()
        head, *rows = readings(app)
        assert head.split() == ["rate", "ISI", "ΔISI", "…"]
        assert len(rows) == app.readings.size.height - 1
        assert all(len(row) <= app.readings.size.width for row in (head, *rows))
        assert "+0.00 %" in rows[1]
        for knob in app.knobs:
            assert len(knob.render().plain) <= knob.content_size.width
            assert knob.render().plain.endswith(("V", "Ω", "Ohm"))  # never a number without its unit
        foot = app.query_one("#lesson-foot").region
        assert foot.bottom == app.query_one(Footer).region.y  # the keys of the lesson are always in sight


async def test_a_turned_knob_is_run_by_all_sources(three: list[Any], experiment: Any) -> None:
    app = LuisimApp(experiment, three)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: settled(app))
        before = app.scope.text
        await pilot.press("pageup")
        await until(pilot, lambda: settled(app))
        assert app.scope.text != before
        assert three[0].runs[-1].device.parameters.v_leak == pytest.approx(LEAK + 0.1)
        assert "(changed)" in status(app)
        assert "recording: as it was recorded" in status(app)
        await pilot.press("backspace")
        await until(pilot, lambda: settled(app))
        assert "(changed)" not in status(app)
        assert app.scope.text == before


async def test_knobs_do_not_undo_one_another(three: list[Any], experiment: Any) -> None:
    app = LuisimApp(experiment, three)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("right", "down", "right", "down", "down", "space", "left")
        await until(pilot, lambda: settled(app))
        parameters = app.experiment.device.parameters
        assert parameters.v_leak == pytest.approx(0.81)
        assert parameters.r_leak == pytest.approx(25.5e3)
        assert parameters.sign == (-1, 1, 1)
        assert parameters.r_weight[0] == pytest.approx(11.22e3)
        await pilot.press("z")
        assert app.experiment.device.parameters == LuiParameters()


async def test_a_turned_knob_keeps_the_window(three: list[Any], experiment: Any) -> None:
    app = LuisimApp(experiment, three)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: settled(app))
        window = app.scope.window
        await pilot.press("end")
        await until(pilot, lambda: settled(app))
        assert app.scope.window == window
        await pilot.press("0")
        assert app.scope.window != window


async def test_sources_on_and_off_by_key_and_click(three: list[Any], experiment: Any) -> None:
    app = LuisimApp(experiment, three)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: settled(app))
        await pilot.press("r")
        assert "▲" not in app.scope.text
        assert "off, r turns it on" in readings(app)[1]
        assert "reference" in readings(app)[2]  # the next one takes its place
        await pilot.click("Readings", offset=(5, 2))
        assert not app.sources["circuit"].shown
        runs = len(three[0].runs)
        await pilot.press("right")
        await until(pilot, lambda: settled(app))
        assert len(three[0].runs) == runs  # what is off costs nothing
        await pilot.press("c", "r")
        await until(pilot, lambda: settled(app))
        assert "▲" in app.scope.text
        assert three[0].runs[-1] is app.experiment


async def test_pause_keeps_the_traces_until_asked(three: list[Any], experiment: Any) -> None:
    app = LuisimApp(experiment, three)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: settled(app))
        before = app.scope.text
        await pilot.press("p", "right", "1")
        assert "PAUSED" in status(app)
        assert app.scope.text == before
        assert three[1].runs == [experiment]
        await pilot.press("n")
        await until(pilot, lambda: settled(app))
        assert len(three[1].runs) == 2
        assert app.scope.text != before
        await pilot.press("right")
        assert len(three[1].runs) == 2
        await pilot.press("p")
        await until(pilot, lambda: settled(app))
        assert len(three[1].runs) == 3
        assert "RUN" in status(app)


async def test_the_newest_turn_replaces_the_waiting_ones(fake_backend: Callable[..., Any], experiment: Any) -> None:
    slow, quick = fake_backend("circuit", held=True), fake_backend("model")
    app = LuisimApp(experiment, [slow, quick])
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: len(slow.runs) == 1)
        await pilot.press(*["right"] * 10)
        await until(pilot, lambda: app.sources["model"].ran is app.experiment)  # the others do not wait for it
        await until(pilot, lambda: "circuit …" in status(app))
        slow.gate.set()
        await until(pilot, lambda: settled(app))
        assert "…" not in status(app)
        assert len(slow.runs) == 2
        assert slow.runs[-1] is app.experiment


async def test_pulse_trains(three: list[Any], experiment: Any) -> None:
    app = LuisimApp(experiment, three)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("1", "3")
        await until(pilot, lambda: settled(app))
        stimuli = three[1].runs[-1].stimuli
        assert [s.input for s in stimuli] == [1, 3]
        assert all(isinstance(s, Pulses) and s.times == (0.1, 0.6, 1.1, 1.6) and s.amplitude == 3.0 for s in stimuli)
        assert app.scope.text.split("\n")[-3].count("13") == 4
        assert "pulses: 1 3" in status(app)
        await pilot.press("1", "3")
        await until(pilot, lambda: settled(app))
        assert app.experiment.stimuli == ()
        assert "inputs" not in app.scope.text


async def test_views_zoom_and_pan(three: list[Any], experiment: Any) -> None:
    app = LuisimApp(experiment, three)
    async with app.run_test(size=LARGE) as pilot:
        await until(pilot, lambda: settled(app))
        overlay, whole = app.scope.text, app.scope.window
        await pilot.press("v")
        assert "aligned on the spike" in status(app)
        at_spike = app.scope.text.split("\n")[-2]
        assert at_spike[MARGIN + app.scope.window.column(0.0)] == "▲"
        await pilot.press("v")
        assert app.scope.text.count("0 ┤") + app.scope.text.count("0┤") == 3  # a voltage axis for each lane
        await pilot.press("d")
        assert "Δ 0" in app.scope.text
        await pilot.press("d", "v")
        assert app.scope.text == overlay
        await pilot.press("plus")
        width = app.scope.window.stop - app.scope.window.start
        assert width == pytest.approx((whole.stop - whole.start) / 1.5, rel=0.02)
        start = app.scope.window.start
        await pilot.press("full_stop")
        assert app.scope.window.start == pytest.approx(start + width / 4, rel=0.05)
        await pilot.press("comma", "comma", "comma", "comma", "minus", "minus")
        assert app.scope.window.start == pytest.approx(0.0, abs=0.01)  # not beyond the ends of the traces
        await pilot.press("0")
        assert app.scope.text == overlay


async def test_dragging_the_traces_moves_them(three: list[Any], experiment: Any) -> None:
    app = LuisimApp(experiment, three)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: settled(app))
        await pilot.press("equals_sign")
        before = app.scope.window
        await pilot.mouse_down("Scope", offset=(40, 5))
        await pilot.hover("Scope", offset=(30, 5))
        await pilot.mouse_up("Scope", offset=(30, 5))
        assert app.scope.window.first == before.first + 10
        assert app.scope.window.cell == pytest.approx(before.cell)


@pytest.mark.parametrize("error", [SimulationError("ngspice gave up at 3 ms."), ValueError("what?")])
async def test_a_failure_is_a_notice_and_the_others_go_on(
    fake_backend: Callable[..., Any], experiment: Any, error: Exception
) -> None:
    broken = fake_backend("circuit", error=error)
    app = LuisimApp(experiment, [broken, fake_backend("model")])
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: bool(app.sources["circuit"].failure))
        await pilot.press("right", "right")
        await until(pilot, lambda: settled(app))
        assert [notice.message for notice in app._notifications] == [app.sources["circuit"].failure]  # said once
        assert str(error) in app.sources["circuit"].failure
        assert "◇" in app.scope.text
        broken.error = None
        await pilot.press("right")
        await until(pilot, lambda: app.sources["circuit"].trace is not None)
        assert "△" in app.scope.text


async def test_without_ngspice_the_rest_runs(fake_backend: Callable[..., Any], experiment: Any) -> None:
    sentence = "No libngspice was found. Install it: sudo apt install ngspice libngspice0."
    missing = fake_backend("circuit", error=SimulatorMissing(sentence))
    app = LuisimApp(experiment, [missing, fake_backend("model")])
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: not app.sources["circuit"].shown)
        await pilot.press("right", "right")
        await until(pilot, lambda: settled(app))
        assert len(missing.runs) == 1  # it is not tried again at every turn
        assert "off: No libngspice was found." in readings(app)[1]
        assert [notice.message for notice in app._notifications] == [sentence]
        missing.error = None
        await pilot.press("c")  # installed meanwhile
        await until(pilot, lambda: settled(app))
        assert "△" in app.scope.text


async def test_an_unsupported_experiment_is_said_in_the_table(fake_backend: Callable[..., Any], experiment: Any) -> None:
    app = LuisimApp(experiment, [fake_backend("circuit", reason="The circuit does not take c_ref."), fake_backend("model")])
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: settled(app))
        assert "The circuit does not take c_ref." in readings(app)[1]
        assert not app._notifications


async def test_experiments_can_be_chosen(three: list[Any], experiment: Any) -> None:
    app = LuisimApp(experiment, three)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: settled(app))
        await pilot.press("right", "1", "e")
        await until(pilot, lambda: isinstance(app.screen, Experiments))
        chooser = app.screen.query_one(OptionList)
        assert chooser.highlighted_option is not None
        assert chooser.highlighted_option.id == experiment.name
        chooser.highlighted = chooser.get_option_index("excitatory-psp")
        await pilot.press("enter")
        await until(pilot, lambda: app.base.name == "excitatory-psp" and settled(app))
        assert app.experiment is app.base  # knobs and pulses are the experiment's
        assert app.knobs[0].parameters.v_leak == 0.3
        assert not app.sources["recording:lui-photo"].shown  # it belongs to another experiment
        await pilot.press("left", "backspace")
        assert app.knobs[0].parameters.v_leak == 0.3
        await pilot.press("e", "escape")
        assert app.base.name == "excitatory-psp"


async def test_help_shows_every_key(three: list[Any], experiment: Any) -> None:
    app = LuisimApp(experiment, three)
    async with app.run_test(size=(120, 140)) as pilot:
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, Help))
        await pilot.pause()
        page = "\n".join(strip.text for strip in app.screen._compositor.render_strips())
        for text in ("+ =", "page up", "backspace delete", "recording: on, off", "all trimmers in the middle", "double click"):
            assert text in page
        await pilot.press("escape")
        assert len(app.screen_stack) == 1


def test_every_binding_has_an_id_and_says_what_it_does() -> None:
    for binding in LuisimApp.BINDINGS:
        assert binding.id  # type: ignore[union-attr]
        assert binding.tooltip  # type: ignore[union-attr]


async def test_the_palette_knows_every_key(three: list[Any], experiment: Any) -> None:
    app = LuisimApp(experiment, three)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: settled(app))
        commands = {command.title: command for command in app.get_system_commands(app.screen)}
        assert {"Pulses 2", "Differences", "Light or dark", "recording", "circuit"} <= set(commands)
        commands["Light or dark"].callback()
        await until(pilot, lambda: not app.current_theme.dark)


@pytest.mark.parametrize("size", [(40, 10), (79, 24), (80, 23)])
async def test_a_small_terminal_says_so(three: list[Any], experiment: Any, size: tuple[int, int]) -> None:
    app = LuisimApp(experiment, three)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: settled(app))
        small = app.screen.query_one("#small", Static)
        assert small.display
        assert f"needs 80x24 characters, now {size[0]}x{size[1]}" in str(small.render())
        assert not app.screen.query_one("#face").display
        await pilot.resize_terminal(*SMALL)
        await until(pilot, lambda: not small.display)
        assert "▲" in app.scope.text


async def test_the_picture_follows_the_size(three: list[Any], experiment: Any) -> None:
    app = LuisimApp(experiment, three)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: settled(app))
        await pilot.resize_terminal(100, 30)
        await until(pilot, lambda: app.scope.size.width == 100)
        assert {len(line) for line in app.scope.text.split("\n")} == {100}


async def test_ascii_for_fonts_without_braille(three: list[Any], experiment: Any) -> None:
    app = LuisimApp(experiment, three, glyphs="ascii")
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: settled(app))
        assert app.scope.text.isascii()


async def test_back_ends_are_closed_at_the_end(three: list[Any], experiment: Any) -> None:
    app = LuisimApp(experiment, three)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: settled(app))
        await pilot.press("q")
    assert all(backend.closed for backend in three)


def test_the_app_starts_without_heavy_imports() -> None:
    code = "import sys, tui.app; print([m for m in ('matplotlib', 'scipy', 'PySpice', 'serial') if m in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
