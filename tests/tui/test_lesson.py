# SPDX-License-Identifier: GPL-3.0-or-later
"""Lessons as a pupil meets them: on the command line, and beside the traces of the app."""

import json
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static
from textual.widgets._footer import FooterKey

from luisim.lui.model import LuiModel
from tui import cli
from tui.app import LuisimApp
from tui.backends import load_experiment, open_backend
from tui.language import set_language
from tui.screens.lesson import LessonPanel


@pytest.fixture(autouse=True)
def own_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("LUISIM_CLASS", str(tmp_path))
    monkeypatch.setenv("LUISIM_PUPIL", "Mia")
    monkeypatch.setenv("LUISIM_LANG", "en")
    yield tmp_path
    set_language("en")


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(["lesson", *words])
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_a_failed_check_has_code_4_and_a_passed_one_is_kept(own_class: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("check", "6", "--answer", "sign1=1,1", "--answer", "minus=up") == 4
    assert "did you throw the switch?" in capsys.readouterr().out
    assert run("check", "6", "--answer", "sign1=1,-1", "--answer", "minus=down", "--plain") == 0
    assert "✓" not in capsys.readouterr().out
    content = tomllib.loads((own_class / "Mia.toml").read_text(encoding="utf-8"))
    entry = content["lessons"]["epsp-ipsp"]
    assert (content["pupil"], entry["passed"], entry["attempts"]) == ("Mia", True, 2)
    assert entry["predictions"] == {"minus": "up"}  # the first answer was the prediction
    assert run("progress", "--json") == 0
    assert json.loads(capsys.readouterr().out)["lessons"]["epsp-ipsp"]["passed"] is True


def test_the_same_check_on_the_firmware_and_on_its_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("3", "--answer", "v_leak=0.7")
    assert run("check", *words, "--on", "board:simulated", "--json") == 0
    board = json.loads(capsys.readouterr().out)
    path = tmp_path / "mine.csv"
    assert run("run", *words, "--on", "board:simulated", "--csv", str(path)) == 0
    capsys.readouterr()
    assert run("check", *words, "--on", str(path), "--json") == 0
    recorded = json.loads(capsys.readouterr().out)
    for first, second in zip(board["findings"], recorded["findings"], strict=True):
        assert first["measured"] == pytest.approx(second["measured"], rel=0.02)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("check", "5", "--answer", "nonsense"), "is not an answer"),
        (("check", "1", "--on", "a.csv", "--answer", "v_leak=0.2,0.25,0.3,0.35,0.4"), "needs 5 recordings"),
        (("check", "3", "--on", "model", "--on", "a.csv"), "cannot be mixed"),
        (("check", "3", "--on", "a.csv"), "no file"),
        (("check", "16", "--on", "board:simulated", "--answer", "round=1"), "cannot run"),
        (("show", "3", "--hints", "9"), "out of range"),
        (("list", "--pupil", "../x"), "cannot be used"),
    ],
)
def test_mistakes_get_a_sentence(words: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    import re

    assert run(*words) in (1, 2)
    assert re.search(sentence, capsys.readouterr().err)


def test_lessons_are_listed_and_shown_in_german(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("list", "--lang", "de") == 0
    assert "Ruhepotential" in capsys.readouterr().out
    assert run("show", "4", "--hints", "2", "--solution", "--lang=de") == 0
    shown = capsys.readouterr().out
    assert all(word in shown for word in ("Frage", "Tipp 2", "Lösung", "1,55 V"))


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    for _ in range(1000):
        if condition():
            return
        await pilot.pause(0.01)
    raise AssertionError("it did not happen")


def text(app: LuisimApp) -> str:
    return str(app.query_one("#lesson-text", Static).render())


async def type_answer(pilot: Pilot[None], answer: str) -> None:
    await pilot.press("enter", *answer, "enter")


async def test_a_pupil_solves_a_lesson_beside_the_traces(own_class: Path) -> None:
    app: Any = LuisimApp(load_experiment("leak-over-threshold"), [LuiModel()])
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("o")
        await until(pilot, lambda: app.base.name == "tour")
        panel = app.query_one(LessonPanel)
        await pilot.press("right", "right", "right")
        await until(pilot, lambda: app.base.name == "lesson-leak-over-threshold")
        assert panel.lesson.number == 3
        await pilot.press("h", "c")
        await until(pilot, lambda: panel.findings != () or panel.note != "")
        assert "Hint 1" in text(app)
        await type_answer(pilot, "v_leak=0.7")
        await pilot.press("c")
        await until(pilot, lambda: panel.progress.of(panel.lesson.slug).attempts > 0)
        await pilot.press("o")
        assert not app.query(LessonPanel)
        content = tomllib.loads((own_class / "Mia.toml").read_text(encoding="utf-8"))
        assert content["lessons"]["leak-over-threshold"]["hints"] == 1


async def test_points_are_kept_and_checked_on_the_model() -> None:
    app: Any = LuisimApp(load_experiment("leak-over-threshold"), [LuiModel()])
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("o")
        await pilot.press("right")
        panel = app.query_one(LessonPanel)
        await until(pilot, lambda: app.base.name == "resting-potential")
        await pilot.press("a", "c")
        assert "needs 5 points" in panel.note
        await type_answer(pilot, "v_leak=0.25,0.3,0.35,0.4,0.45")
        await pilot.press("c")
        await until(pilot, lambda: len(panel.findings) > 0)
        assert all(finding.passed for finding in panel.findings)
        assert "Passed" in text(app)


async def test_german_and_back_while_it_runs() -> None:
    app: Any = LuisimApp(load_experiment("leak-over-threshold"), [LuiModel()])
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("o")
        await until(pilot, lambda: app.base.name == "tour")
        app.set_focus(app.knobs[0])
        await pilot.press("i")
        await until(pilot, lambda: "Rundgang" in text(app))
        await until(pilot, lambda: any(key.description == "Hilfe" for key in app.query(FooterKey)))
        await until(pilot, lambda: "LÄUFT" in str(app.status.render()))
        keys = [key for key in app.query(FooterKey) if key.region.width]
        assert max(key.region.right for key in keys) <= 80
        assert "," in app.readings.render().plain
        await pilot.press("i")
        await until(pilot, lambda: "A tour" in text(app))


async def test_tab_leads_to_the_knobs_and_o_back(fake_backend: Callable[..., Any], experiment: Any) -> None:
    app = LuisimApp(experiment, [fake_backend("model")])
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("o")
        await until(pilot, lambda: bool(app.query(LessonPanel)))
        await pilot.press("tab", "right")
        assert app.focused is app.knobs[0]
        assert app.query_one(Input).value == ""  # no letter has gone into the answer
        await pilot.press("up")
        assert app.focused is app.knobs[-1]  # round, not into the lesson, where an arrow would turn its pages
        await pilot.press("down")
        assert app.focused is app.knobs[0]
        await pilot.press("o", "enter")
        assert app.focused is app.query_one(Input)
        await pilot.press("x", "escape")
        assert app.focused is app.query_one(LessonPanel)
        assert app.query_one(Input).value == ""
        await pilot.click(Input)
        assert app.focused is app.query_one(Input)
        await pilot.press("escape", "h")
        panel = app.query_one(LessonPanel)
        await until(pilot, lambda: panel.scroll_y == panel.max_scroll_y > 0)  # the hint is in sight


async def go_to(pilot: Pilot[None], app: Any, slug: str) -> LessonPanel:
    await pilot.press("o")
    await until(pilot, lambda: bool(app.query(LessonPanel)))
    panel = app.query_one(LessonPanel)
    for _ in range(30):
        if panel.lesson.slug == slug:
            break
        await pilot.press("right")
    await until(pilot, lambda: app.base.name == panel.lesson.start.name)
    return panel


async def test_the_tour_is_observed() -> None:
    app: Any = LuisimApp(load_experiment("leak-over-threshold"), [LuiModel()])
    async with app.run_test(size=(120, 40)) as pilot:
        panel = await go_to(pilot, app, "tour")
        await until(pilot, lambda: app.sources["model"].ran is app.experiment)
        assert app.lesson_deeds() == frozenset()
        await pilot.pause()
        app.set_focus(app.knobs[0])
        await pilot.press("p", "p", "right", "v", "v", "v")
        await until(pilot, lambda: "done=pause,turn,view" in text(app))
        panel.focus()
        await type_answer(pilot, "rate=1.9 Hz")
        app.set_focus(app.knobs[0])
        await pilot.press("z")
        await until(pilot, lambda: app.sources["model"].ran is app.experiment)
        panel.focus()
        await pilot.press("c")
        assert {finding.name for finding in panel.findings if not finding.passed} == {"actions"}
        app.set_focus(app.knobs[0])
        await pilot.press("plus", "1", "z")
        await until(pilot, lambda: app.sources["model"].ran is app.experiment)
        panel.focus()
        await pilot.press("c")
        assert [finding for finding in panel.findings if not finding.passed] == []


async def test_the_target_of_the_fit_by_hand_lies_there_already() -> None:
    app: Any = LuisimApp(load_experiment("leak-over-threshold"), [LuiModel()])
    async with app.run_test(size=(120, 40)) as pilot:
        panel = await go_to(pilot, app, "fit-by-hand")
        await until(pilot, lambda: "target" in app.sources and app.sources["target"].trace is not None)
        before = app.sources["target"].trace.signals["v_mem"]
        assert "target" in app.readings.render().plain
        for knob, value in ((0, "0.713"), (1, "16.4k")):
            app.set_focus(app.knobs[knob])
            await pilot.press("enter", *value, "enter")
        await until(pilot, lambda: app.sources["model"].ran is app.experiment)
        assert (app.sources["target"].trace.signals["v_mem"] == before).all()
        panel.focus()
        await pilot.press("c")
        await until(pilot, lambda: len(panel.findings) > 0)
        assert [finding for finding in panel.findings if not finding.passed] == []
        await pilot.press("right")
        await until(pilot, lambda: app.base.name == "no-two-alike")
        assert not app.sources["target"].shown


async def test_points_are_kept_with_what_the_chosen_source_showed() -> None:
    """The same five points on the simulated board: what is checked is what it measured, noise and all."""
    app: Any = LuisimApp(load_experiment("leak-over-threshold"), [open_backend("board:simulated")])
    async with app.run_test(size=(120, 40)) as pilot:
        panel = await go_to(pilot, app, "resting-potential")
        for value in ("0.25", "0.3", "0.35", "0.4", "0.45"):
            app.set_focus(app.knobs[0])
            await pilot.press("enter", *value, "enter")
            await until(pilot, lambda: app.sources["board:simulated"].ran is app.experiment)
            panel.focus()
            await pilot.press("a")
        assert {trace.origin for trace in panel._traces if trace} == {"board:simulated"}
        await pilot.press("c")
        await until(pilot, lambda: len(panel.findings) > 0)
        assert [finding for finding in panel.findings if not finding.passed] == []


async def test_runs_that_were_not_seen_are_made_on_the_chosen_source() -> None:
    app: Any = LuisimApp(load_experiment("leak-over-threshold"), [open_backend("board:simulated"), LuiModel()])
    async with app.run_test(size=(120, 40)) as pilot:
        panel = await go_to(pilot, app, "how-strong")
        told: list[str] = []
        say = panel._say
        panel._say = lambda words: (told.append(words), say(words))[1]  # type: ignore[method-assign]
        await type_answer(pilot, "weight1=0.3")
        await pilot.press("c")
        await until(pilot, lambda: len(panel.findings) > 0)
        assert "Running on board: 1 of 2 …" in told
        assert "fires" in {finding.name for finding in panel.findings if not finding.passed}
