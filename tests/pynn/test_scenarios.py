# SPDX-License-Identifier: GPL-3.0-or-later
"""What people do with the chip in its public tutorials, written anew from what they are about; each result is checked."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import luisim.pynn as pynn

Static = pynn.synapses.StaticSynapse
FIRING = {
    "threshold_enable": True,
    "reset_v_reset": 400,
    "reset_i_bias": 1022,
    "membrane_capacitance_capacitance": 63,
    "refractory_period_refractory_time": 255,
}


def calibrated(profile: str = "v3_tutorial") -> None:
    pynn.setup(profile=profile)
    pynn.setup(profile=profile, initial_config=pynn.helper.chip_from_nightly())


def sources(trains: object, size: int = 1) -> pynn.Population:
    return pynn.Population(size, pynn.cells.SpikeSourceArray(spike_times=trains))


def wire(pre: object, post: object, weight: object, connector: object = None) -> pynn.Projection:
    receptor = "excitatory" if np.max(weight) > 0 else "inhibitory"
    return pynn.Projection(
        pre, post, connector or pynn.AllToAllConnector(), synapse_type=Static(weight=weight), receptor_type=receptor
    )


def trains(population: pynn.Population) -> list[np.ndarray]:
    return [np.asarray(t.magnitude) for t in population.get_data("spikes").segments[-1].spiketrains]


def test_the_calibrated_neuron_fires_with_ten_sources_and_not_without() -> None:
    counts = []
    for size in (10, 1):
        calibrated()
        neuron = pynn.Population(1, pynn.cells.HXNeuron())
        neuron.record("spikes")
        wire(sources([0.01, 0.03, 0.05, 0.07, 0.09], size), neuron, 63 if size == 10 else 0)
        pynn.run(0.1)
        counts.append(trains(neuron)[0].size)
    assert counts[0] >= 5
    assert counts[1] == 0


def test_psps_stack() -> None:
    calibrated()
    neuron = pynn.Population(1, pynn.cells.HXNeuron(threshold_enable=False))
    neuron.record("v")
    source = sources([0.01])
    wire(source, neuron, 60)
    heights = []
    for times in ([0.01], [0.01, 0.015], [0.01, 0.015, 0.02]):
        source.set(spike_times=times)
        pynn.run(0.05)
        v = neuron.get_data("v").segments[-1].irregularlysampledsignals[0].magnitude[:, 0]
        heights.append(np.convolve(v, np.ones(20) / 20, "valid").max() - v[:250].mean())
        pynn.reset()
    assert heights[0] < heights[1] < heights[2]
    # two PSPs of equal time constants tau, 5 us apart: x e^-x at its highest, and the sum of two such
    x = np.linspace(0, 5, 501)
    one = x * np.exp(-x)
    both = one + np.where(x > 0.5, (x - 0.5) * np.exp(-(x - 0.5)), 0.0)
    assert heights[1] / heights[0] == pytest.approx(both.max() / one.max(), rel=0.1)


def test_rate_grows_with_the_constant_current() -> None:
    calibrated()
    neuron = pynn.Population(1, pynn.cells.HXNeuron(constant_current_enable=True))
    neuron.record("spikes")
    rates = []
    for current in (0, 300, 600, 1000):
        neuron.set(constant_current_i_offset=current)
        pynn.run(0.3)
        rates.append(trains(neuron)[0].size / 0.3)
        pynn.reset()
    assert rates[0] == 0.0
    assert rates[1] <= rates[2] < rates[3]
    assert rates[3] < 1e3 / 2.0  # the refractory time of 2 us bounds it


def test_training_of_weights_moves_the_spikes() -> None:
    """25 sources, signed weights in two projections, updated by what was seen: more spikes where they are wanted."""
    rng = np.random.default_rng(4)
    calibrated()
    neuron = pynn.Population(1, pynn.cells.HXNeuron())
    neuron.record("spikes")
    times = [sorted(rng.uniform(0.005, 0.1, 3)) for _ in range(25)]
    stimulus = sources(times, 25)
    weights = np.full((25, 1), -20.0)
    exc = wire(stimulus, neuron, np.maximum(weights, 0.0) + 1)
    inh = wire(stimulus, neuron, np.minimum(weights, 0.0) - 1)
    wanted = 4
    counts = []
    for _ in range(8):
        exc.set(weight=np.clip(weights, 0.0, 63.0))
        inh.set(weight=np.clip(weights, -63.0, 0.0))
        pynn.run(0.12)
        counts.append(trains(neuron)[0].size)
        weights += 12.0 * np.sign(wanted - counts[-1])
        pynn.reset()
    assert counts[0] == 0
    assert abs(counts[-1] - wanted) <= 3
    assert exc.get("weight", "array").shape == (25, 1)


def test_a_synfire_chain_of_320_neurons() -> None:
    calibrated()
    groups, size = 16, 20
    chain = [pynn.Population(size, pynn.cells.HXNeuron()) for _ in range(groups)]
    for group in chain:
        group.record("spikes")
    wire(sources([0.01], 5), chain[0], 60)
    for a, b in pairwise(chain):
        wire(a, b, 20)
    pynn.run(0.2)
    first = [np.median([t[0] for t in trains(group) if t.size]) for group in chain]
    assert all(sum(t.size > 0 for t in trains(group)) >= 0.8 * size for group in chain)
    delays = np.diff(first)
    assert np.all(delays > 0.0005)
    assert np.all(delays < 0.015)


def test_winner_take_all_of_64_neurons() -> None:
    """Eight groups of eight inhibit each other; the group that gets the most noise fires the most."""
    calibrated()
    cells = pynn.Population(64, pynn.cells.HXNeuron())
    cells.record("spikes")
    noise = pynn.Population(64, pynn.cells.SpikeSourcePoisson(rate=2e5))
    noise[24:32].set(rate=8e5)
    wire(noise, cells, 30, pynn.OneToOneConnector())
    pairs = [(i, j) for i in range(64) for j in range(64) if i // 8 != j // 8]
    wire(cells, cells, -20, pynn.FromListConnector([(i, j) for i, j in pairs]))
    pynn.run(0.25)
    by_group = np.array([t.size for t in trains(cells)]).reshape(8, 8).sum(axis=1)
    assert by_group.argmax() == 3
    assert by_group[3] > 2 * np.delete(by_group, 3).max()


@pytest.mark.parametrize(
    ("name", "weight", "table"), [("or", 330, (False, True, True, True)), ("and", 130, (False, False, False, True))]
)
def test_logic_gates(name: str, weight: int, table: tuple[bool, ...]) -> None:
    found = []
    calibrated()
    gate = pynn.Population(1, pynn.cells.HXNeuron())
    gate.record("spikes")
    a, b = sources([]), sources([])
    wire(a, gate, weight)
    wire(b, gate, weight)
    for first, second in ((0, 0), (0, 1), (1, 0), (1, 1)):
        a.set(spike_times=[0.005] if first else [])
        b.set(spike_times=[0.005] if second else [])
        pynn.run(0.03)
        found.append(trains(gate)[0].size > 0)
        pynn.reset()
    assert tuple(found) == table, name


def test_a_calibration_sweep_over_100_neurons() -> None:
    """The leak-over-threshold rate of 100 neurons is made equal by their leak bias, measured by spikes alone."""
    pynn.setup(neuronPermutation=list(range(512)))
    cells = pynn.Population(100, pynn.cells.HXNeuron(leak_v_leak=1000, leak_i_bias=200, threshold_v_threshold=400, **FIRING))
    cells.record("spikes")
    bias = np.full(100, 200.0)
    spreads = []
    for _ in range(4):
        cells.set(leak_i_bias=np.rint(bias))
        pynn.run(0.1)
        rates = np.array([(t.size - 1) / (t[-1] - t[0]) for t in trains(cells)])
        spreads.append(rates.std() / rates.mean())
        bias = np.clip(bias * 130.0 / rates, 50, 1000)
        pynn.reset()
    assert spreads[-1] < 0.3 * spreads[0]
    assert np.mean(rates) == pytest.approx(130.0, rel=0.05)


def test_superspike_stimulus_gives_some_spikes() -> None:
    """The recorded stimulus with its weights, on the kind of chip of that time. How many spikes is reported, not tuned."""
    file = Path(__file__).parents[1] / "data" / "hicannx" / "superspike_stimulus.csv"
    rows = np.loadtxt(file, delimiter=",", skiprows=1)
    inputs = rows[:, 0].astype(int)
    count = inputs.max() + 1
    weights = np.zeros((count, 1))
    weights[inputs, 0] = rows[:, 2]
    calibrated("v2_2021")
    neuron = pynn.Population(1, pynn.cells.HXNeuron())
    neuron.record("spikes")
    stimulus = sources([np.sort(rows[inputs == n, 1]) * 1e-3 for n in range(count)], count)
    wire(stimulus, neuron, weights)
    pynn.run(float(rows[:, 1].max()) * 1e-3 + 0.05)
    spikes = trains(neuron)[0]
    print(f"superspike stimulus: {spikes.size} spikes")
    assert 0 < spikes.size < 100
    assert np.all(np.diff(spikes) > 2e-3)  # the refractory time


def test_rest_follows_the_leak_in_segments() -> None:
    neuron = pynn.Population(1, pynn.cells.HXNeuron(leak_i_bias=1022))
    means = []
    for v_leak in (500, 600, 700, 800):
        neuron.record(None)
        neuron.record("v")
        neuron.set(leak_v_leak=v_leak)
        pynn.run(0.01)
        means.append(float(neuron.get_data("v").segments[-1].irregularlysampledsignals[0].mean()))
        pynn.reset()
    np.testing.assert_allclose(np.diff(means), 79.0, atol=6.0)  # 0.79 LSB a step
    assert len(neuron.get_data("v").segments) == 4
