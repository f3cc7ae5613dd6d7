# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole chip: against the single-neuron model, cut into pieces, in bypass mode, and a sentence for every mistake."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from luisim.errors import ParameterError, SimulationError
from luisim.hicannx import bypass, engine
from luisim.hicannx.agreement import experiments
from luisim.hicannx.background import BackgroundSource, settings_for
from luisim.hicannx.bypass import DELAY
from luisim.hicannx.chip import Chip
from luisim.hicannx.chip_result import Record, Site
from luisim.hicannx.constants import TIME_GRID
from luisim.hicannx.correlation import Sensor, correlation, pairs
from luisim.hicannx.instance import ChipInstance
from luisim.hicannx.lines import Events, Samples
from luisim.hicannx.network import Background, Network, Population, Projection, ShortTerm, Source
from luisim.hicannx.parameters import NeuronLsb
from luisim.hicannx.run import run

FIRING = NeuronLsb(
    leak_v_leak=1000,
    leak_i_bias=200,
    threshold_v_threshold=300,
    threshold_enable=True,
    reset_v_reset=400,
    reset_i_bias=1022,
    membrane_capacitance_capacitance=63,
    refractory_period_refractory_time=255,
)
LISTENING = NeuronLsb(
    leak_v_leak=700,
    leak_i_bias=100,
    threshold_v_threshold=330,
    threshold_enable=True,
    reset_v_reset=600,
    reset_i_bias=1022,
    reset_enable_multiplication=True,
    membrane_capacitance_capacitance=63,
    refractory_period_refractory_time=200,
    excitatory_input_enable=True,
    excitatory_input_i_bias_tau=60,
    excitatory_input_i_bias_gm=500,
    excitatory_input_i_shift_reference=310,
    inhibitory_input_enable=True,
    inhibitory_input_i_bias_tau=60,
    inhibitory_input_i_bias_gm=500,
    inhibitory_input_i_shift_reference=310,
)


def driven(n: int = 8, seed: int | None = 3) -> Chip:
    """Neurons under 16 sources of random signed weights, with some feedback."""
    draw = np.random.default_rng(1)
    feed = Projection.all_to_all("s", "a", draw.integers(-40, 64, (16, n)), name="feed")
    back = Projection("a", "a", np.arange(n), np.arange(n)[::-1], np.full(n, -30), "inhibitory", "back")
    return Chip(Network((Population("a", (LISTENING,) * n),), (Source("s", 16),), (), (feed, back)), seed=seed)


def trains(duration: float, count: int = 16) -> list[np.ndarray]:
    draw = np.random.default_rng(2)
    return [np.sort(draw.uniform(0.0, duration, 4)) for _ in range(count)]


def test_512_neurons_agree_with_the_single_neuron_model() -> None:
    """40 settings on 512 different circuits: within 0.5 LSB until a spike, after which a counter's tick of 8 ns may differ."""
    neurons = (tuple(e.device.neurons[0] for e in experiments(40)) * 13)[:512]
    chip = Chip(Network((Population("a", neurons),)), deviations=ChipInstance(5).mismatch(512))
    times = np.arange(201) * engine.STEP
    together = engine.run(chip.circuit, chip.lines, Events.none(), 20e-6, samples=[Samples(np.arange(512), times)])
    alone = run(chip.circuit, times, max_step=10e-9)
    counts = np.array([train.size for train in alone.spikes])
    assert counts.sum() > 1000
    off = np.abs(together.membranes[0] - alone.v) / 1.235e-3
    first = np.array([train[0] if train.size else np.inf for train in alone.spikes])
    assert off[times < first[:, None]].max() < 0.5
    assert np.quantile(np.sqrt((off**2).mean(axis=1)), 0.9) < 0.5
    found = chip.run(20e-6).spikes["a"]
    same = np.array([train.size for train in found]) == counts
    assert same.mean() > 0.99
    late = [np.abs(a - b).max() for a, b in zip(found, alone.spikes, strict=True) if a.size == b.size > 0]
    assert np.quantile(late, 0.9) <= 16e-9


def test_pieces_continue_one_another() -> None:
    chip, given = driven(), trains(120e-6)
    record = Record(madc=(Site("a", 0), Site("a", 1)))
    whole = chip.run(120e-6, {"s": given}, record, seed=7)
    again = chip.run(120e-6, {"s": given}, record, seed=7)
    other = chip.run(120e-6, {"s": given}, record, seed=8)
    np.testing.assert_array_equal(whole.madc.values, again.madc.values)
    assert not np.array_equal(whole.madc.values, other.madc.values)
    unseen = chip.run(120e-6, {"s": given}, seed=7)
    first = chip.run(50e-6, {"s": given}, seed=7)
    second = chip.run(70e-6, {"s": given}, seed=7, state=first.state)
    assert (second.start, second.stop) == (pytest.approx(50e-6), pytest.approx(120e-6))
    assert sum(train.size for train in unseen.spikes["a"]) > 8
    for one, a, b in zip(unseen.spikes["a"], first.spikes["a"], second.spikes["a"], strict=True):
        np.testing.assert_array_equal(one, np.concatenate([a, b]))


def test_a_trace_of_the_madc_takes_steps_of_34_ns_to_the_end_of_the_run() -> None:
    chip, given = driven(), trains(120e-6)
    record = Record(madc=(Site("a", 0), Site("a", 1)))
    whole = chip.run(120e-6, {"s": given}, record, seed=7)
    assert whole.stop == pytest.approx(120e-6, abs=34e-9)
    assert whole.state.step == 34e-9
    first = chip.run(50e-6, {"s": given}, record, seed=7)
    second = chip.run(120e-6 - first.stop, {"s": given}, seed=7, state=first.state)
    assert second.stop == whole.stop
    for one, a, b in zip(whole.spikes["a"], first.spikes["a"], second.spikes["a"], strict=True):
        np.testing.assert_array_equal(one, np.concatenate([a, b]))
    # samples are what the engine solved, not a line between two steps: spikes of both steps agree
    coarse = chip.run(120e-6, {"s": given}, seed=7)
    for one, a in zip(whole.spikes["a"], coarse.spikes["a"], strict=True):
        np.testing.assert_allclose(one, a, atol=0.05e-6)


def test_lines_and_adaptation_are_read_by_both_converters() -> None:
    chip, given = driven(), trains(60e-6)
    sites = tuple(Site("a", 0, signal) for signal in ("v", "exc", "inh", "w"))
    cadc = chip.run(60e-6, {"s": given}, Record(cadc=sites), seed=7).cadc
    for row, site in enumerate(sites):
        fine = chip.run(60e-6, {"s": given}, Record(madc=(site,)), seed=7).madc
        mean = np.interp(cadc.times, fine.times, fine.values[0]).mean()
        assert cadc.values[row].mean() == pytest.approx(max((mean - 73.0) / 2.89, 0.0), abs=2.0)
    # 0.9 V less what events pull the line down
    rest = (0.9 / 1.235e-3 - 73.0) / 2.89
    assert cadc.values[1].max() <= rest + 2.0
    assert cadc.values[1].min() < rest - 3.0


def test_weights_change_between_pieces() -> None:
    chip, given = driven(), trains(200e-6)
    first = chip.run(100e-6, {"s": given})
    silent = chip.with_weights("feed", np.zeros(128)).with_weights("back", np.zeros(8))
    second = silent.run(100e-6, {"s": given}, state=first.state)
    with_input = chip.run(100e-6, {"s": given}, state=first.state)
    count = [sum(t.size for t in r.spikes["a"]) for r in (second, with_input)]
    assert count[0] < count[1]


def test_short_term_depression_makes_psps_smaller() -> None:
    """Events 10 us apart with half the resource used each time and little recovery: each PSP about half the one before."""
    heights = []
    for plasticity in (None, ShortTerm(8, 15)):
        quiet = replace(LISTENING, threshold_enable=False, excitatory_input_i_bias_tau=600, leak_i_bias=1000)
        network = Network(
            (Population("a", (quiet,)),), (Source("s", 1, plasticity),), (), (Projection.one_to_one("s", "a", 600, 1),)
        )
        result = Chip(network).run(50e-6, {"s": [[10e-6, 20e-6, 30e-6]]}, Record(madc=(Site("a"),)))
        time, (v,) = result.madc.times, result.madc.values
        rest = v[time < 10e-6].mean()
        heights.append([v[(time > start) & (time < start + 9e-6)].max() - rest for start in (10e-6, 20e-6, 30e-6)])
    same, falling = heights
    assert same[2] == pytest.approx(same[0], abs=2.0)
    assert falling[0] == pytest.approx(same[0], abs=2.0)
    assert falling[1] / falling[0] == pytest.approx(0.53, abs=0.06)
    assert falling[2] / falling[1] == pytest.approx(0.575, abs=0.06)


@pytest.mark.parametrize("regular", [True, False])
def test_bypass_of_a_background(regular: bool) -> None:
    """Ten seconds of 100 kHz: each event is one spike of the neuron that its label means, at the generator's rate."""
    network = Network(
        (Population("a", (NeuronLsb(),) * 64, bypass=True),),
        (),
        (Background("b", 64, 1e5, regular),),
        (Projection.one_to_one("b", "a", 63, 64),),
    )
    result = Chip(network).run(10.0)
    events, spikes = result.events["b"], result.spikes["a"]
    total = sum(train.size for train in events)
    assert total == pytest.approx(1e6, abs=1 if regular else 4e3)
    for event, spike in zip(events, spikes, strict=True):
        inside = event + DELAY * TIME_GRID < 10.0 - 1e-12
        np.testing.assert_allclose(spike, event[inside] + DELAY * TIME_GRID, atol=1e-10)
    together = np.sort(np.concatenate(events))
    gaps = np.diff(together)
    assert gaps.std() / gaps.mean() == pytest.approx(0.0 if regular else 1.0, abs=0.07)


def test_bypass_passes_external_events_and_recurrence(monkeypatch: pytest.MonkeyPatch) -> None:
    neurons = (NeuronLsb(),) * 4
    feed = Projection("s", "a", np.array([0, 1]), np.array([0, 1]), np.array([1, 0]))
    chain = Projection("a", "a", np.array([0, 2]), np.array([2, 3]), np.array([-5, 63]))
    network = Network((Population("a", neurons, bypass=True),), (Source("s", 2),), (), (feed, chain))
    result = Chip(network).run(1e-3, {"s": [[1e-4, 5e-4], [2e-4]]})
    a, b, c, d = result.spikes["a"]
    np.testing.assert_allclose(a, np.array([1e-4, 5e-4]) + DELAY * TIME_GRID)
    assert b.size == 0  # its weight is 0
    np.testing.assert_allclose(c, a + DELAY * TIME_GRID)
    np.testing.assert_allclose(d, c + DELAY * TIME_GRID)
    loop = Projection.all_to_all("a", "a", np.ones((4, 4), dtype=int))
    monkeypatch.setattr(bypass, "MOST", 100_000)
    with pytest.raises(SimulationError, match="cut the loop"):
        Chip(Network((Population("a", neurons, bypass=True),), (Source("s", 2),), (), (feed, loop))).run(
            1.0, {"s": [[0.0], []]}
        )


def test_a_bus_takes_one_event_a_tick() -> None:
    network = Network(
        (Population("a", (NeuronLsb(),) * 3, bypass=True),), (Source("s", 3),), (), (Projection.one_to_one("s", "a", 1, 3),)
    )
    result = Chip(network).run(1e-5, {"s": [[1e-6]] * 3})
    times = np.sort(np.concatenate(result.spikes["a"]))
    np.testing.assert_allclose(np.diff(times), TIME_GRID)
    assert result.delayed == 2


def test_trains_of_generators_can_be_cut() -> None:
    for regular in (False, True):
        period, rate = settings_for(2e5, regular=regular)
        source = BackgroundSource(period, rate, 9, 64, 63, regular)
        assert source.frequency == pytest.approx(2e5, rel=0.01)
        whole = source.events(0, 50_000_000)
        parts = [source.events(a, b) for a, b in pairwise((0, 1_234_567, 40_000_000, 50_000_000))]
        for k in range(2):
            np.testing.assert_array_equal(whole[k], np.concatenate([part[k] for part in parts]))


def test_correlation_pairs_are_nearest_neighbours() -> None:
    causal, acausal = pairs(np.array([0.0, 1.0, 5.0]), np.array([2.0, 3.0, 6.0]))
    np.testing.assert_allclose(causal, [1.0, 1.0])
    np.testing.assert_allclose(acausal, [2.0])
    sensor = Sensor()
    network = Network(
        (Population("a", (NeuronLsb(),), bypass=True),),
        (Source("s", 2),),
        (),
        (Projection.all_to_all("s", "a", np.array([[63], [0]])),),
    )
    chip = Chip(network)
    late = np.arange(1, 101) * 1e-4
    result = chip.run(0.011, {"s": [late, late + 5e-6]})
    found = correlation(chip, result, "s to a", sensor)
    # the second source fires 5 us after each spike is caused by the first; latencies cancel
    assert found[1][1] == pytest.approx(100 * sensor.amplitude * np.exp(-5e-6 / sensor.tau), abs=1.0)
    assert found[0][1] == 0.0
    assert (Sensor(0, 0).amplitude, Sensor(3, 3).amplitude) == pytest.approx((0.2, 2.0))
    assert (Sensor(0, 0).tau, Sensor(3, 3).tau) == pytest.approx((2e-6, 30e-6))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"duration": 0.0}, "more than 0 s"),
        ({"duration": float("nan")}, "more than 0 s"),
        ({"inputs": {"s": [[2e-6, 1e-6]]}}, "must ascend"),
        ({"inputs": {"s": [[-1e-6]]}}, "negative"),
        ({"inputs": {"s": [[float("nan")]]}}, "finite"),
        ({"inputs": {"s": [[], []]}}, "has 1 trains, not 2"),
        ({"inputs": {"x": [[]]}}, "no source 'x'"),
        ({"record": Record(madc=(Site("a", 0), Site("a", 1), Site("a", 2)))}, "2 channels"),
        ({"record": Record(madc=(Site("a", 0), Site("a", 2)))}, "both even"),
        ({"record": Record(cadc=(Site("a", 512),))}, "neurons 0 to 3, not 512"),
    ],
)
def test_mistakes_have_a_sentence(change: dict, said: str) -> None:
    chip = Chip(Network((Population("a", (FIRING,) * 4),), (Source("s"),), (), (Projection.all_to_all("s", "a", [[1] * 4]),)))
    with pytest.raises(ParameterError, match=said) as error:
        chip.run(**({"duration": 1e-5} | change))
    assert "\n" not in str(error.value)
