# SPDX-License-Identifier: GPL-3.0-or-later
"""All neurons of a chip on one screen, and the pure functions behind it."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList

from luisim.experiment import Experiment
from luisim.hicannx.activity import weights
from luisim.hicannx.chip import Site
from luisim.hicannx.chip_experiment import ChipModel, ChipNetwork
from luisim.hicannx.network import Network, Population, Projection, Source
from luisim.hicannx.parameters import NeuronLsb
from luisim.trace import Trace
from tui.app import LuisimApp
from tui.backends import load_experiment
from tui.screens.whole_chip import WholeChip
from tui.widgets.chart import MARGIN
from tui.widgets.glyphs import Glyphs
from tui.widgets.population import bars, raster, sites, spread, thinned, trains

SIZE = (80, 24)
FIRING = NeuronLsb(
    leak_v_leak=1000,
    leak_i_bias=200,
    threshold_v_threshold=300,
    threshold_enable=True,
    reset_v_reset=400,
    reset_i_bias=1022,
    membrane_capacitance_capacitance=63,
    refractory_period_refractory_time=255,
    excitatory_input_enable=True,
    inhibitory_input_enable=True,
)


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20.0  # only waited for if something is wrong
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        await pilot.pause(0.01)


@pytest.fixture
def network() -> Experiment[ChipNetwork]:
    """Six neurons that fire by themselves, two of them in a population of their own, under four sources."""
    matrix = np.array([[10, 20, 30, 40]] * 2 + [[-10, -20, -30, -40]] * 2)
    found = Network(
        (Population("many", (FIRING,) * 4), Population("few", (FIRING,) * 2)),
        (Source("in", 4),),
        (),
        (Projection.all_to_all("in", "many", matrix),),
    )
    times = tuple(np.array([5e-6 * (k + 1)]) for k in range(4))
    return Experiment(ChipNetwork(found, "v2_2021", 1, {"in": times}, (Site("many", 0),)), 40e-6, (), "small")


def test_a_dot_for_a_spike_where_it_belongs() -> None:
    spikes = [np.array([0.0, 0.9]), np.empty(0), np.empty(0), np.array([0.5])]
    codes = raster(spikes, 1.0, 1, 5)
    assert codes.shape == (1, 5)
    assert codes[0].tolist() == [0x01, 0, 0x80, 0, 0x08]  # the last neuron has the lowest dots


@pytest.mark.parametrize("n", [3, 64, 512])
def test_many_spikes_do_not_become_a_block(n: int) -> None:
    spikes = [np.arange(0.05, 1.0, 0.1) for _ in range(n)]
    lit = np.unpackbits(raster(spikes, 1.0, 8, 40)).mean()
    assert lit <= 10 / 80 + 1e-9


def test_bars_hold_every_value() -> None:
    lines, low, high = bars(np.array([1.0, 1.0, 1.0, 2.0, 3.0]), 2, 3)
    assert (low, high) == (1.0, 3.0)
    assert lines[0] == "█  "
    assert lines[1] == "█▆▆"
    assert bars(np.array([2.0, 2.0]), 1, 4)[1:] == (1.5, 2.5)


def test_the_mean_of_every_block_of_synapses() -> None:
    matrix = np.zeros((256, 512), np.int64)
    matrix[10:14, 100:104] = np.arange(16).reshape(4, 4) - 8
    assert thinned(matrix, 4, 4).tolist() == (np.arange(16.0).reshape(4, 4) - 8).tolist()
    assert thinned(matrix, 1, 1)[0, 0] == pytest.approx(-0.5)
    assert thinned(matrix, 2, 2)[0, 0] == pytest.approx(np.mean([-8, -7, -4, -3]))
    assert thinned(np.zeros((256, 512), np.int64), 4, 4).tolist() == [[0.0]]


def test_trains_in_the_order_of_the_network(network: Experiment[ChipNetwork]) -> None:
    device = network.device
    trace = ChipModel().run(network)
    result = device.run(network.duration)
    found = trains(trace, device)
    assert sites(device) == (*(Site("many", k) for k in range(4)), Site("few", 0), Site("few", 1))
    expected = [*result.spikes["many"], *result.spikes["few"]]
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))
    assert spread(trace, device).values == pytest.approx([train.size / trace.duration for train in expected])


async def test_a_network_on_the_screen(network: Experiment[ChipNetwork], fake_chip: Any) -> None:
    app = LuisimApp(load_experiment("chip-leak-over-threshold"), [fake_chip("model")])
    async with app.run_test(size=SIZE) as pilot:
        screen = WholeChip(network, Glyphs.named("braille"))
        await app.push_screen(screen)
        await until(pilot, lambda: screen.trace is not None and not screen.state)
        assert "small on chip 1" in str(screen.status.render())
        assert "6 of 6 fire" in str(screen.status.render())
        assert np.array_equal(screen.weights.matrix, weights(network.device.chip))  # type: ignore[arg-type]
        assert "16 synapses" in screen.weights.render().plain
        assert "rate of 6 neurons" in screen.rates.render().plain
        assert "LSB" in screen.membrane.render().plain
        for widget in (screen.raster, screen.rates, screen.weights, screen.membrane):
            assert widget.region.right <= SIZE[0]
            assert widget.region.bottom <= SIZE[1]
            assert all(len(line) <= widget.size.width for line in widget.render().plain.split("\n"))  # type: ignore[attr-defined]
        first = screen.membrane.render().plain
        await pilot.press("end")
        await until(pilot, lambda: screen.membrane.trace is not None and not screen.state)
        assert "few 1" in str(screen.status.render())
        assert screen.membrane.render().plain != first
        await pilot.press("escape")
        assert app.screen is not screen


async def test_one_setting_on_all_neurons(fake_chip: Any) -> None:
    app = LuisimApp(load_experiment("chip-leak-over-threshold"), [fake_chip("model")])
    async with app.run_test(size=SIZE) as pilot:
        screen = WholeChip(app.experiment, Glyphs.named("braille"), fake_chip("model"))
        await app.push_screen(screen)
        await until(pilot, lambda: screen.trace is not None)
        assert len(screen.experiment.device.neurons) == 512  # type: ignore[union-attr]
        assert "of 512 fire" in str(screen.status.render())
        assert not screen.weights.display
        for key, neuron in (("down", 1), ("pagedown", 33), ("up", 32), ("pageup", 0), ("up", 0), ("end", 511), ("home", 0)):
            await pilot.press(key)
            assert screen.neuron == neuron, key
        await pilot.click(screen.raster, offset=(MARGIN + 3, 6))
        assert 200 < screen.neuron < 300
        assert f">{screen.neuron}" in screen.raster.render().plain.split("\n")[6]


async def test_w_opens_it_and_escape_closes_it(fake_chip: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.screens.whole_chip.HicannXModel", lambda: fake_chip("model"))
    app = LuisimApp(load_experiment("chip-leak-over-threshold"), [fake_chip("model")])
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("w")
        await until(pilot, lambda: isinstance(app.screen, WholeChip))
        await pilot.press("w")
        assert len(app.screen_stack) == 1


async def test_networks_are_in_the_list_of_experiments(fake_chip: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.screens.whole_chip.ChipModel", lambda: Broken())
    app = LuisimApp(load_experiment("chip-leak-over-threshold"), [fake_chip("model")])
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("e")
        chooser = app.screen.query_one(OptionList)
        chooser.highlighted = chooser.get_option_index("chip-synfire-chain")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, WholeChip))
        await until(pilot, lambda: "gave no result" in str(app.screen.status.render()))  # type: ignore[attr-defined]
        assert "too many rows" in next(iter(app._notifications)).message
        await pilot.press("escape")
        assert app.base.name == "chip-leak-over-threshold"


class Broken:
    name = "model"

    def unsupported(self, experiment: Any) -> str | None:
        return "too many rows are in use"

    def run(self, experiment: Any, **options: Any) -> Trace:
        raise AssertionError
