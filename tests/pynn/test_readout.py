# SPDX-License-Identifier: GPL-3.0-or-later
"""Every recordable on every device, with values: membrane, synaptic lines and adaptation on MADC, CADC and pads."""

import numpy as np
import pytest
from numpy.typing import NDArray

import luisim.pynn as pynn
from luisim.hicannx.constants import MADC_OFFSET, MADC_PER_CADC
from luisim.pynn.recording import PADS

RECORDABLES = ["v", "exc_synin", "inh_synin", "adaptation"]
Array = NDArray[np.float64]


def record(variable: str, device: str, weights: tuple[int, int] = (0, 0), runtime: float = 0.1) -> tuple[Array, Array]:
    """Times (ms) and values (LSB) of one calibrated, adapting neuron that gets one event of each weight at 50 us."""
    pynn.setup(profile="v2_2021", seed=1)
    pynn.setup(profile="v2_2021", seed=1, initial_config=pynn.helper.chip_from_nightly())
    adapting = {
        "adaptation_enable": True,
        "adaptation_i_bias_tau": 400,
        "adaptation_i_bias_a": 500,
        "adaptation_v_leak": 400,
        "adaptation_v_ref": 500,
        "threshold_enable": False,
    }
    population = pynn.Population(1, pynn.cells.HXNeuron(**adapting))
    population.record(variable, device=device)
    source = pynn.Population(1, pynn.cells.SpikeSourceArray(spike_times=[0.05]))
    for weight, receptor in zip(weights, ("excitatory", "inhibitory"), strict=True):
        synapse = pynn.synapses.StaticSynapse(weight=weight if receptor == "excitatory" else -weight)
        pynn.Projection(source, population, pynn.AllToAllConnector(), synapse_type=synapse, receptor_type=receptor)
    pynn.run(runtime)
    (signal,) = population.get_data(variable).segments[0].irregularlysampledsignals
    assert (signal.name, signal.annotations["device"]) == (variable, device)
    return signal.times.magnitude, signal.magnitude[:, 0].astype(float)


def jump(times: Array, values: Array) -> float:
    """The largest change after the event, LSB."""
    before, after = values[times < 0.05], values[times > 0.0505]
    away = after - before.mean()
    return float(away[np.argmax(np.abs(away))])


@pytest.mark.parametrize("variable", RECORDABLES)
def test_both_converters_read_the_same(variable: str) -> None:
    _, fine = record(variable, "madc")
    _, coarse = record(variable, "cadc")
    # recording hxsnn_intro of 2025: MADC = 2.89 CADC + 73
    assert coarse.mean() == pytest.approx((fine.mean() - MADC_OFFSET) / MADC_PER_CADC, abs=1.5)
    assert 1.0 < fine.std() < 3.0 or variable in ("v", "adaptation")


@pytest.mark.parametrize(("device", "lsb"), [("madc", 1.0), ("cadc", MADC_PER_CADC)])
def test_an_event_is_seen_on_its_own_line_and_on_the_membrane(device: str, lsb: float) -> None:
    excited, inhibited = (400, 0), (0, 400)
    assert jump(*record("v", device, excited)) * lsb > 60.0
    assert jump(*record("v", device, inhibited)) * lsb < -40.0
    # the line is pulled down by its own events only
    assert jump(*record("exc_synin", device, excited)) * lsb < -20.0
    assert jump(*record("inh_synin", device, inhibited)) * lsb < -20.0
    assert abs(jump(*record("inh_synin", device, excited))) * lsb < 12.0
    assert abs(jump(*record("exc_synin", device, inhibited))) * lsb < 12.0


def test_a_line_drops_with_the_weight_and_returns_with_its_time_constant() -> None:
    drops = [-jump(*record("exc_synin", "madc", (weight, 0))) for weight in (200, 400, 800)]
    assert drops[1] / drops[0] == pytest.approx(2.0, rel=0.15)
    assert drops[2] / drops[1] == pytest.approx(2.0, rel=0.1)
    times, values = record("exc_synin", "madc", (1000, 0), runtime=0.12)
    gap = values[times < 0.05].mean() - values
    inside = (times > 0.0506) & (times < 0.066)
    slope = np.polyfit(times[inside], np.log(gap[inside]), 1)[0]
    assert -1e3 / slope == pytest.approx(10.0, rel=0.15)  # us; calix: the default


def test_adaptation_follows_the_membrane() -> None:
    times, quiet = record("adaptation", "madc")
    _, values = record("adaptation", "madc", (600, 0))
    before = times < 0.05
    assert values[before].mean() == pytest.approx(quiet[before].mean(), abs=0.5)
    assert np.abs(values - quiet)[~before].max() > 20.0


@pytest.mark.parametrize("device", PADS)
@pytest.mark.parametrize("variable", RECORDABLES)
def test_pads_take_everything_and_give_nothing(variable: str, device: str) -> None:
    population = pynn.Population(1, pynn.cells.HXNeuron())
    population.record(variable, device=device)
    pynn.run(0.001)
    assert len(population.get_data(variable).segments[0].irregularlysampledsignals) == 0
