# SPDX-License-Identifier: GPL-3.0-or-later
"""A walk through the app in German: no screen shows English, numbers have a decimal comma, a switch redraws all there is."""

import re
import string
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po
from textual.pilot import Pilot
from textual.widgets import Footer, Input
from textual.widgets._footer import FooterKey

from luisim.errors import SimulationError
from luisim.lessons import LESSONS
from tui.app import LuisimApp
from tui.backends import experiment_names, load_experiment, open_backend
from tui.language import LOCALES, set_language
from tui.screens.experiments import Experiments
from tui.screens.lesson import LessonPanel
from tui.screens.palette import Palette
from tui.screens.value_entry import ValueEntry
from tui.screens.whole_chip import WholeChip

SMALL, LARGE = (80, 24), (120, 150)  # large: a page of help at once
# words that no German sentence has; of names (a source, a file, what may be typed) they are part all the same
ENGLISH = re.compile(
    r"\b(the|of|with|from|this|that|these|is|are|it|its|for|when|what|how|which|shows?|off|you|your|each|every|as|at|to)\b"
)
LETTERS = re.compile(r"[A-Za-z]{3,}")


@pytest.fixture(autouse=True)
def speaking_german(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LUISIM_CLASS", str(tmp_path))
    monkeypatch.setenv("LUISIM_PUPIL", "Mia")
    set_language("de")
    yield
    set_language("en")


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20.0  # only waited for if something is wrong
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        await pilot.pause(0.01)


def settled(app: LuisimApp) -> bool:
    return all(source.ran is app.experiment for source in app.sources.values() if source.shown)


def seen(app: LuisimApp) -> str:
    """All that stands on the screen, and the help under the mouse."""
    text = "\n".join(strip.text for strip in app.screen._compositor.render_strips())
    tips = [str(widget.tooltip) for widget in app.screen.query("*") if widget.tooltip]
    said = [f"{notice.title} {notice.message}" for notice in app._notifications]
    return "\n".join([text, *tips, *said])


def pieces() -> list[str]:
    """What the catalogue says in English alone: the words of each message between its fields."""
    with (LOCALES / "de" / "LC_MESSAGES" / "luisim.po").open("rb") as file:
        catalogue = [message for message in read_po(file, locale="de") if message.id]
    pairs = []
    for message in catalogue:
        both = (message.id, message.string)
        pairs += zip(*both, strict=True) if isinstance(message.id, tuple) else [both]
    german = "\n".join(translated for _, translated in pairs)
    found = {
        part.strip()
        for message, _ in pairs
        for literal, *_rest in string.Formatter().parse(message)
        for part in literal.split("\n")
        if LETTERS.search(part)
    }
    found -= {"none"}  # what a pupil types as an answer
    return [part for part in sorted(found) if not re.search(rf"(?<!\w){re.escape(part)}(?!\w)", german)]


PIECES = [(piece, re.compile(rf"(?<![\w-]){re.escape(piece)}(?![\w-])")) for piece in pieces()]
NAMES = sorted((*experiment_names(), *experiment_names("hicannx"), *(lesson.slug for lesson in LESSONS)), key=len, reverse=True)


def english(app: LuisimApp) -> list[str]:
    """What is still English on the screen."""
    text = seen(app)
    for name in NAMES:
        text = text.replace(name, "")
    text = re.sub(r"luisim [\w-]+|\w+_\w+|recording:\S+|\bLu\.i\b|\w+=[\w.,]+", "", text)
    return [piece for piece, pattern in PIECES if pattern.search(text)] + ENGLISH.findall(text)


def points(app: LuisimApp) -> list[str]:
    """Numbers with a decimal point."""
    return re.findall(r"\d+\.\d+", seen(app))


@pytest.fixture
def three(fake_backend: Callable[..., Any]) -> list[Any]:
    return [fake_backend(name) for name in ("circuit", "model", "recording:lui-photo")]


def test_the_catalogue_tells_the_languages_apart() -> None:
    assert len(PIECES) > 250
    assert {"Quit", "reference", "the next lesson"} <= {piece for piece, _ in PIECES}


async def test_the_face_in_every_state(three: list[Any], experiment: Any) -> None:
    app = LuisimApp(experiment, three)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: settled(app))
        assert (english(app), points(app)) == ([], [])
        for keys in (
            "k",
            "g",
            "g",
            "g",
            "G",
            "a b",
            "v",
            "v",
            "d",
            "p",
            "right 1 2",
            "x",
            "r",
            "r",
            "plus",
            "g",
            "ctrl+c",
            "R",
        ):
            await pilot.press(*keys.split())
            await pilot.pause(0.05)
            assert (keys, english(app), points(app)) == (keys, [], [])
        assert "Aufnahme" in app.readings.render().plain
        footer = sorted(app.query(FooterKey), key=lambda key: key.region.x)
        assert all(a.region.right <= b.region.x for a, b in pairwise(footer))
        assert footer[-1].region.right <= SMALL[0]
        assert app.query_one(Footer).region.bottom == SMALL[1]
        assert max(map(len, app.readings.render().plain.split("\n"))) <= SMALL[0]


async def test_failures_and_notices(fake_backend: Callable[..., Any], experiment: Any) -> None:
    broken = fake_backend("circuit", error=SimulationError("ngspice could not be halted; start the live circuit again."))
    app = LuisimApp(
        experiment, [broken, fake_backend("model"), fake_backend("board", reason="an Arduino measures Lu.i boards only")]
    )
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: bool(app.sources["circuit"].failure) and bool(app.sources["board"].failure))
        assert "ließ sich nicht anhalten" in seen(app)
        assert "misst nur Lu.i-Boards" in seen(app)
        await pilot.press("l")  # none of these runs on and on
        await until(pilot, lambda: len(app._notifications) > 1)
        assert english(app) == []


async def test_help_and_lists(three: list[Any], experiment: Any) -> None:
    app = LuisimApp(experiment, three)
    three[2].by_hand = lambda _: (
        "leak potential trimmer fully up, membrane trimmer at its high end, nothing wired to the inputs",
    )
    async with app.run_test(size=LARGE) as pilot:
        await until(pilot, lambda: settled(app))
        await pilot.press("question_mark")
        await pilot.pause()
        assert "nächste Ansicht" in seen(app)
        assert english(app) == []
        await pilot.press("escape", "e")
        await until(pilot, lambda: isinstance(app.screen, Experiments))
        await pilot.pause()
        await pilot.press("end")
        await pilot.pause()
        assert "Kennlinie des MADC" in seen(app)
        assert (english(app), points(app)) == ([], [])
        await pilot.press("escape", "ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, Palette))
        await pilot.pause(0.3)
        assert "nächstes Aussehen" in seen(app)
        assert english(app) == []
        await pilot.press(*"qqqq")
        await until(pilot, lambda: "nichts mit diesem Namen" in seen(app))
        assert english(app) == []
        await pilot.press("escape", "escape", "X")
        await until(pilot, lambda: isinstance(app.screen, ValueEntry))
        await pilot.pause()
        assert (english(app), points(app)) == ([], [])


@pytest.mark.parametrize("wrong", ["hoch", "9 V", "3 kOhm", "1,5"])
async def test_a_wrong_value(wrong: str, three: list[Any], experiment: Any) -> None:
    app = LuisimApp(experiment, three)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: settled(app))
        await pilot.press("enter")
        assert english(app) == []
        app.screen.query_one(Input).value = wrong
        await pilot.press("enter")
        await pilot.pause()
        assert english(app) == []
        assert "wrong" in app.screen.query_one("#said").classes


async def test_every_lesson_with_hints_and_solution(experiment: Any) -> None:
    app = LuisimApp(experiment, [open_backend("model")])
    async with app.run_test(size=(120, 100)) as pilot:
        await pilot.press("o")
        await until(pilot, lambda: bool(app.query(LessonPanel)))
        for lesson in LESSONS:
            await until(pilot, lambda lesson=lesson: app.query_one(LessonPanel).lesson is lesson)  # type: ignore[misc]
            await pilot.press("h", "h", "h", "s", "c")
            await pilot.pause(0.05)
            assert (lesson.slug, english(app)) == (lesson.slug, [])
            await pilot.press("right")


async def test_a_chip(fake_chip: Any) -> None:
    app = LuisimApp(load_experiment("chip-leak-over-threshold"), [fake_chip("model"), fake_chip("circuit")])
    async with app.run_test(size=LARGE) as pilot:
        await until(pilot, lambda: settled(app))
        assert (english(app), points(app)) == ([], [])
        await pilot.resize_terminal(*SMALL)
        await until(pilot, lambda: app.query_one(Footer).region.bottom == SMALL[1])
        await pilot.pause()
        footer = sorted(app.query(FooterKey), key=lambda key: key.region.x)
        assert all(a.region.right <= b.region.x for a, b in pairwise(footer))
        await pilot.resize_terminal(*LARGE)
        await pilot.press("u", "question_mark")
        await pilot.pause()
        assert "tausendmal schneller" in seen(app)
        assert english(app) == []
        await pilot.press("escape", "enter")
        app.screen.query_one(Input).value = "12,5"
        await pilot.press("enter")
        await pilot.pause()
        assert (english(app), "ganze Zahl" in seen(app)) == ([], True)


async def test_all_neurons_of_a_chip(fake_chip: Any, three: list[Any], experiment: Any) -> None:
    app = LuisimApp(experiment, three)
    async with app.run_test(size=SMALL) as pilot:
        chip = WholeChip(load_experiment("chip-leak-over-threshold"), app.scope.glyphs, fake_chip("model"))
        await app.push_screen(chip)
        await until(pilot, lambda: chip.trace is not None)
        await pilot.pause(0.1)
        assert "Neuron 0: 24 Spikes" in seen(app)
        assert re.search(r"Rate, \d+ Neuronen", seen(app))
        assert (english(app), points(app)) == ([], [])


async def test_a_small_terminal(three: list[Any], experiment: Any) -> None:
    app = LuisimApp(experiment, three)
    async with app.run_test(size=(60, 20)) as pilot:
        await pilot.pause()
        assert english(app) == []


async def test_a_switch_redraws_everything(three: list[Any], experiment: Any) -> None:
    app = LuisimApp(experiment, three)
    async with app.run_test(size=LARGE) as pilot:
        await until(pilot, lambda: settled(app))
        await pilot.press("k", "g", "a", "1", "o")
        await until(pilot, lambda: settled(app) and bool(app.query(LessonPanel)))
        app.knobs[0].focus()
        await until(pilot, lambda: "? Hilfe" in seen(app))
        german = seen(app)
        assert english(app) == []
        await pilot.press("i")
        await pilot.pause(0.1)
        assert len(english(app)) > 20
        assert "Regler" not in seen(app)
        assert points(app)
        await pilot.press("i")
        await pilot.pause(0.1)
        await until(pilot, lambda: seen(app) == german)
