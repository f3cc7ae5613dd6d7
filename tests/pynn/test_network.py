# SPDX-License-Identifier: GPL-3.0-or-later
"""The two solvers of a run: the chip's engine, and steps in numpy for connected circuits. Both see one network alike."""

import numpy as np
import pytest

import luisim.pynn as pynn
from luisim.errors import LuisimError
from luisim.hicannx.crossbar import neuron_input
from luisim.pynn.mapping import Mapped

Static = pynn.synapses.StaticSynapse


def run(monkeypatch: pytest.MonkeyPatch, stepped: bool, device: str) -> tuple[list[np.ndarray], np.ndarray, np.ndarray]:
    """Spikes, and a membrane's times and values: two sources excite two neurons, these a third, and it inhibits them.

    Three pieces, in the second of which a weight is another.
    """
    monkeypatch.setattr(Mapped, "connected", property(lambda self: stepped))
    pynn.setup(profile="v2_2021", seed=1)
    pynn.setup(profile="v2_2021", seed=1, neuronPermutation=[3, 17, 4], initial_config=pynn.helper.chip_from_nightly())
    source = pynn.Population(2, pynn.cells.SpikeSourceArray(spike_times=[[0.01, 0.012, 0.03], [0.02, 0.021]]))
    cells = pynn.Population(3, pynn.cells.HXNeuron())
    first = [(0, 0, 400), (0, 1, 60), (1, 1, 400)]
    feed = pynn.Projection(
        source, cells, pynn.FromListConnector(first, column_names=["weight"]), Static(), receptor_type="excitatory"
    )
    pairs = pynn.FromListConnector([(0, 2, 200), (1, 2, 100)], column_names=["weight"])
    pynn.Projection(cells, cells, pairs, Static(), receptor_type="excitatory")
    back = pynn.FromListConnector([(2, 0, -63), (2, 1, -130)], column_names=["weight"])
    pynn.Projection(cells, cells, back, Static(), receptor_type="inhibitory")
    cells.record("spikes")
    cells[2:3].record("v", device=device)
    pynn.run(0.04, pynn.RunCommand.APPEND)
    feed.set(weight=300)
    pynn.run(0.04, pynn.RunCommand.APPEND)
    feed.set(weight=400)
    pynn.run(0.02)
    (segment,) = cells.get_data().segments
    trains = [
        np.concatenate([t.magnitude for t in segment.spiketrains if t.annotations["source_index"] == k]) for k in range(3)
    ]
    signals = segment.irregularlysampledsignals
    time = np.concatenate([signal.times.magnitude for signal in signals])
    return trains, time, np.concatenate([signal.magnitude[:, 0] for signal in signals])


@pytest.mark.parametrize(("device", "most"), [("madc", 4.0), ("cadc", 1.5)])
def test_both_solvers_give_the_same_spikes_and_membrane(monkeypatch: pytest.MonkeyPatch, device: str, most: float) -> None:
    (a, time, v), (b, other, w) = run(monkeypatch, False, device), run(monkeypatch, True, device)
    assert sum(train.size for train in a) >= 8
    for one, two in zip(a, b, strict=True):
        np.testing.assert_allclose(one, two, atol=0.4e-3)
    away = np.all([np.abs(time - t) > 3e-3 for t in a[2]], axis=0)
    difference = (v - np.interp(time, other, w))[away]
    assert np.sqrt(np.mean(difference**2)) < most


def test_limits_of_the_routing_are_named() -> None:
    # what neurons of one group of columns send reaches one bus, with 64 rows: 64 sources on 64 neurons take all of them
    one_bus = [circuit for circuit in range(512) if neuron_input(circuit) % 4 == 0][:64]
    pynn.setup(neuronPermutation=one_bus)
    cells = pynn.Population(64, pynn.cells.HXNeuron(), label="cells")
    recurrent = pynn.Projection(cells, cells, pynn.AllToAllConnector(), Static(weight=63), receptor_type="excitatory")
    pynn.run(None, pynn.RunCommand.PREPARE)
    recurrent.set(weight=64)  # two synapses each
    with pytest.raises(LuisimError, match=r"cells\[\d+\] finds no free synapse drivers on the one bus"):
        pynn.run(None, pynn.RunCommand.PREPARE)
    with pytest.raises(LuisimError, match="synapse drivers"):
        pynn.run(0.01)
    # what did not fit is forgotten
    recurrent.set(weight=63)
    pynn.run(0.01)
    assert pynn.get_current_time() == pytest.approx(0.01)


def test_bypass_mode_takes_connected_neurons_too() -> None:
    pynn.setup(enable_neuron_bypass=True)
    cells = pynn.Population(2, pynn.cells.HXNeuron(multicompartment_connect_right=[True, False]))
    cells.record("spikes")
    source = pynn.Population(1, pynn.cells.SpikeSourceArray(spike_times=[0.001]))
    pynn.Projection(source, cells[0:1], pynn.AllToAllConnector(), Static(weight=1), receptor_type="excitatory")
    pynn.run(0.01)
    assert cells.get_spike_counts() == {0: 1, 1: 0}


def test_the_madc_reads_an_even_and_an_odd_circuit() -> None:
    pynn.setup(neuronPermutation=[2, 4, 5])
    cells = pynn.Population(3, pynn.cells.HXNeuron())
    cells[0:2].record("v")
    with pytest.raises(LuisimError, match="both even"):
        pynn.run(0.01)
    cells.record(None)
    pynn.reset()
    cells[1:3].record("v")
    pynn.run(0.01)
    assert len(cells.get_data().segments[-1].irregularlysampledsignals) == 2


def test_a_run_in_pieces_is_the_run_in_one() -> None:
    def spikes(*pieces: float) -> np.ndarray:
        pynn.setup(profile="v2_2021", seed=2)
        cells = pynn.Population(
            1, pynn.cells.HXNeuron(leak_v_leak=1000, leak_i_bias=200, threshold_v_threshold=300, threshold_enable=True)
        )
        cells.set(reset_v_reset=400, reset_i_bias=1022, refractory_period_refractory_time=255)
        cells.set(membrane_capacitance_capacitance=63)
        cells.record("spikes")
        for piece in pieces[:-1]:
            pynn.run(piece, pynn.RunCommand.APPEND)
        pynn.run(pieces[-1])
        return np.concatenate([train.magnitude for train in cells.get_data().segments[0].spiketrains])

    whole = spikes(0.1)
    np.testing.assert_allclose(spikes(0.0333, 0.0211, 0.0456), whole, atol=1e-9)
    assert whole.size > 10
