# SPDX-License-Identifier: GPL-3.0-or-later
"""A chip's neuron in the app: back ends that answer at once, and the real model where its numbers matter."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Footer, Input, OptionList
from textual.widgets._footer import FooterKey

from luisim.hicannx.model import HicannXModel
from luisim.hicannx.recorded import RECORDINGS, RecordedHicannX
from tui.app import LuisimApp
from tui.backends import load_experiment
from tui.screens.experiments import Experiments

SMALL, LARGE = (80, 24), (120, 40)


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 10.0  # only waited for if something is wrong
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        await pilot.pause(0.01)


def settled(app: LuisimApp) -> bool:
    return all(source.ran is app.experiment for source in app.sources.values() if source.shown)


def rows(app: LuisimApp) -> list[str]:
    return app.readings.render().plain.split("\n")


def chip_app(name: str, *backends: Any) -> LuisimApp:
    return LuisimApp(load_experiment(name), backends)


@pytest.fixture
def three(fake_chip: Any) -> list[Any]:
    return [fake_chip("circuit"), fake_chip("model"), RecordedHicannX()]


@pytest.mark.parametrize("size", [SMALL, LARGE])
@pytest.mark.parametrize("name", ["chip-leak-over-threshold", "external-stimulation"])
async def test_circuit_and_model_beside_each_other_in_lsb(name: str, size: tuple[int, int], three: list[Any]) -> None:
    app = chip_app(name, *three)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: settled(app))
        assert rows(app)[0].split() == ["ISI", "CV", "peak", "trough", "refr.", "n", "aligned", "ΔISI"]
        assert "reference" in rows(app)[2]
        assert "no recording here" in rows(app)[1]
        assert max(map(len, rows(app))) <= size[0]
        assert " LSB" in app.scope.text
        assert app.scope.text.rstrip().endswith("µs")
        assert app.scope.size.height >= 14
        for knob in app.knobs:
            assert len(knob.render().plain) <= knob.content_size.width
            assert knob.region.right <= size[0]
        shown = [key.description for key in app.query_one(Footer).query(FooterKey)]
        assert "Units" in shown
        assert "Live" not in shown
        assert "Pulses" not in shown


async def test_the_sliders_of_the_notebook(three: list[Any]) -> None:
    app = chip_app("external-stimulation", *three)
    ranges = {knob.trimmer.label: (knob.trimmer.low, knob.trimmer.high) for knob in app.knobs}  # type: ignore[attr-defined]
    assert ranges["leak"] == (400, 1022)
    assert ranges["thresh."] == (0, 500)
    assert ranges["reset"] == (300, 1022)
    assert ranges["bias"] == (0, 1022)
    assert ranges["w exc"] == ranges["w inh"] == (0, 63)
    assert ranges["every"] == (10, 100)
    assert ranges["refr."] == (0, 255)
    assert ranges["cap."] == (0, 63)
    assert ranges["neuron"] == (0, 511)


async def test_a_knob_turns_by_key_wheel_and_typing(fake_chip: Any) -> None:
    model = fake_chip("model")
    app = chip_app("chip-leak-over-threshold", model)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: settled(app))
        before = app.scope.text
        await pilot.press("left")
        await until(pilot, lambda: settled(app))
        assert model.runs[-1].device.neurons[0].leak_v_leak == 994
        assert app.scope.text != before
        assert "(changed)" in str(app.status.render())
        await pilot.press("enter", *"777", "enter")
        await until(pilot, lambda: settled(app))
        assert model.runs[-1].device.neurons[0].leak_v_leak == 777
        await pilot.press("down", "home")
        assert app.experiment.device.neurons[0].threshold_v_threshold == 0
        assert app.experiment.device.neurons[0].leak_v_leak == 777  # the other knob stays
        await pilot.press("z")
        assert app.experiment is app.base
        await pilot.click(app.knobs[3], offset=(20, 0))
        assert app.experiment.device.neurons[0].leak_i_bias > 300


@pytest.mark.parametrize(("typed", "sentence"), [("1023", "400 to 1022"), ("12.5", "whole number"), ("high", "not a number")])
async def test_a_wrong_value_is_said(typed: str, sentence: str, fake_chip: Any) -> None:
    app = chip_app("chip-leak-over-threshold", fake_chip("model"))
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("enter")
        app.screen.query_one(Input).value = typed
        await pilot.press("enter")
        assert sentence in str(app.screen.query_one("#said").render())  # type: ignore[attr-defined]
        assert app.experiment is app.base


async def test_weights_and_interval(fake_chip: Any) -> None:
    app = chip_app("external-stimulation", fake_chip("model"))
    async with app.run_test(size=SMALL) as pilot:
        knobs = {knob.trimmer.label: knob for knob in app.knobs}
        knobs["w exc"].focus()
        await pilot.press("end")
        knobs["every"].focus()
        await pilot.press("right")
        stimuli = app.experiment.stimuli
        assert [s.weight for s in stimuli] == [63, 63, 31, 31]
        assert stimuli[0].times == pytest.approx((10e-6, 120e-6, 175e-6, 230e-6, 285e-6))
        assert stimuli[2].times == pytest.approx((65e-6,))
        assert app.experiment.duration == pytest.approx(325e-6)
        await until(pilot, lambda: settled(app))
        app.scope.zoom(10.0)  # all of the run, whether or not the window has already fitted itself to some spikes
        inputs = next(line for line in app.scope.text.split("\n") if line.startswith(" inputs"))
        assert "+" in inputs
        assert "−" in inputs


async def test_the_axis_in_volt_and_back(three: list[Any]) -> None:
    app = chip_app("chip-leak-over-threshold", *three)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: settled(app))
        lsb, table = app.scope.text, rows(app)
        await pilot.press("u")
        assert "LSB" not in app.scope.text + "".join(rows(app)[1:])
        assert " V" in app.scope.text
        assert "492 mV" in rows(app)[2]  # nearly 400 LSB of 1.235 mV
        assert [row.split()[4] for row in rows(app)[2:]] == [row.split()[4] for row in table[2:]]  # the ISI stays
        await pilot.press("u")
        assert app.scope.text == lsb
        assert rows(app) == table


async def test_another_chip_and_the_nominal_one(fake_chip: Any) -> None:
    model = fake_chip("model")
    app = chip_app("chip-leak-over-threshold", model)
    async with app.run_test(size=SMALL) as pilot:
        knobs = {knob.trimmer.label: knob for knob in app.knobs}
        knobs["chip"].focus()
        await pilot.press("right")
        assert app.experiment.device.seed == 2
        await pilot.press("home")
        assert app.experiment.device.seed is None
        assert "nominal" in knobs["chip"].render().plain
        knobs["neuron"].focus()
        await pilot.press("enter", *"511", "enter")
        assert app.experiment.device.first == 511


async def test_the_neurons_of_a_chip_one_after_the_other(fake_chip: Any) -> None:
    app = chip_app("fixed-pattern", fake_chip("model"))
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: settled(app))
        assert "neuron 0, [ ] others" in str(app.status.render())
        first = rows(app)[1]
        await pilot.press("right_square_bracket")
        assert "neuron 1" in str(app.status.render())
        assert rows(app)[1] != first
        await pilot.press("left_square_bracket", "left_square_bracket")
        assert "neuron 9" in str(app.status.render())


async def test_views_pause_and_differences(fake_chip: Any) -> None:
    model = fake_chip("model")
    app = chip_app("chip-leak-over-threshold", fake_chip("circuit"), model)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: settled(app))
        await pilot.press("v")
        assert "aligned on the spike" in str(app.status.render())
        await pilot.press("v", "d")
        assert "Δ 0" in app.scope.text
        assert app.scope.text.count("LSB") == 3
        await pilot.press("p", "left")
        assert len(model.runs) == 1
        await pilot.press("n")
        await until(pilot, lambda: settled(app))
        assert len(model.runs) == 2


async def test_from_a_board_to_a_chip_and_back(fake_backend: Callable[..., Any], experiment: Any, fake_chip: Any) -> None:
    board, chip = fake_backend("model"), fake_chip("model")
    app = LuisimApp(experiment, [board], others=lambda device: [chip])
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: settled(app))
        for name, label, count in (("chip-leak-over-threshold", "leak", 8), ("leak-over-threshold", "V_leak", 6)):
            await pilot.press("e")
            await until(pilot, lambda: isinstance(app.screen, Experiments))
            chooser = app.screen.query_one(OptionList)
            chooser.highlighted = chooser.get_option_index(name)
            await pilot.press("enter")
            await until(pilot, lambda: app.base.name == name and settled(app) and len(app.screen_stack) == 1)  # noqa: B023
            assert app.knobs[0].trimmer.label == label
            assert len(app.knobs) == count
            assert app.knobs[0].has_focus
            await pilot.press("left")
            await until(pilot, lambda: settled(app))
        assert len(chip.runs) == 2
        assert len(board.runs) == 3
    assert board.closed
    assert chip.closed


async def test_a_rough_answer_comes_first_and_counts_as_late() -> None:
    app = chip_app("recorded-girlsday-lot", model := HicannXModel())
    seen: list[tuple[int, bool]] = []
    take = app.runs.take

    def watched(message: Any, one: Any) -> str:
        sentence = take(message, one)
        seen.append((app.sources["model"].trace.spikes["out"].size, app.sources["model"].waiting))  # type: ignore[union-attr]
        return sentence

    app.runs.take = watched  # type: ignore[method-assign]
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: settled(app))
    assert seen == [(7, True), (7, False)]
    rough, exact = model.preview(app.experiment), model.run(app.experiment)
    assert rough.spikes["out"] == pytest.approx(exact.spikes["out"], abs=0.5e-6)


@pytest.mark.parametrize("name", RECORDINGS)
async def test_recordings_of_the_real_chip(name: str) -> None:
    app = chip_app(name, HicannXModel(), RecordedHicannX())
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: settled(app))
        assert "reference" in rows(app)[1]
        recording, model = app.sources["recording:chip"].trace, app.sources["model"].trace
        assert recording is not None
        assert model is not None
        assert abs(recording.spikes["out"].size - model.spikes["out"].size) <= 1
        await pilot.press("left")
        # a field that comes before it is in its way while the model is slow
        await until(pilot, lambda: "recording: as it was recorded" in str(app.status.render()))


async def test_an_experiment_on_the_converter_alone() -> None:
    app = LuisimApp(load_experiment("adc-characteristic"), [HicannXModel()])
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: settled(app))
        assert app.knobs == ()
        await pilot.press("w", "left", "u")
        assert len(app.screen_stack) == 1
        assert "mV" in rows(app)[1] or " V" in rows(app)[1]
