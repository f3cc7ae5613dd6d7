# SPDX-License-Identifier: GPL-3.0-or-later
"""HXNeuron and the calibrated neurons: names, defaults, ranges, calibrations."""

from pathlib import Path

import numpy as np
import pytest
from pyNN.errors import InvalidDimensionsError, InvalidParameterValueError, NonExistentParameterError

import luisim.pynn as pynn
from luisim.errors import LuisimError, UnsupportedExperiment
from luisim.hicannx.calibration import NeuronTarget
from luisim.hicannx.constants import MADC_OFFSET, MADC_PER_CADC
from luisim.hicannx.parameters import SETTINGS
from luisim.pynn.calibrations import FIRST, SHIPPED, ChipConfig, _block, calibrate
from luisim.pynn.network import Chip
from luisim.pynn.standardmodels.cells import FIXED

ON = {
    "excitatory_input_enable_small_capacitance",
    "inhibitory_input_enable_small_capacitance",
    "bayesian_to_post_pulse",
}


def test_every_setting_of_the_circuit_is_a_parameter() -> None:
    assert set(SETTINGS) <= set(pynn.cells.HXNeuron.get_parameter_names())
    assert set(FIXED) <= set(pynn.cells.HXNeuron.get_parameter_names())


def test_defaults_are_off() -> None:
    for name, value in pynn.cells.HXNeuron.default_parameters.items():
        expected = True if name in ON else 15 if name == "refractory_period_reset_holdoff" else 0
        assert value == expected, name


@pytest.mark.parametrize(
    "name",
    [
        "event_routing_analog_output",
        "event_routing_enable_digital",
        "readout_source",
        "readout_enable_amplifier",
        "readout_i_bias",
        "leak_reset_i_bias_source_follower",
        "v_rest",
    ],
)
def test_hxneuron_refuses_what_it_does_not_have(name: str) -> None:
    with pytest.raises(NonExistentParameterError, match=name):
        pynn.cells.HXNeuron(**{name: 1})


def test_get_names_an_unknown_parameter() -> None:
    with pytest.raises(NonExistentParameterError):
        pynn.Population(1, pynn.cells.HXNeuron()).get("v_rest")


@pytest.mark.parametrize(("name", "value"), [("leak_v_leak", 1024), ("leak_v_leak", -1), ("threshold_v_threshold", 2000)])
def test_values_out_of_range_are_named(name: str, value: int) -> None:
    pynn.Population(1, pynn.cells.HXNeuron(**{name: value}))
    with pytest.raises(LuisimError, match=name):
        pynn.run(0.01)


def test_numbers_become_whole() -> None:
    population = pynn.Population(1, pynn.cells.HXNeuron(leak_v_leak=700.0))
    assert population.actual_hwparams[0].leak_v_leak == 700


def test_one_value_or_one_for_each_neuron() -> None:
    population = pynn.Population(3, pynn.cells.HXNeuron(leak_v_leak=[1, 2, 3], leak_i_bias=7))
    np.testing.assert_array_equal(population.get("leak_v_leak"), [1, 2, 3])
    assert population.get("leak_i_bias") == 7
    with pytest.raises((InvalidDimensionsError, InvalidParameterValueError, ValueError)):
        pynn.Population(3, pynn.cells.HXNeuron(leak_v_leak=[1, 2]))


@pytest.mark.parametrize("name", sorted(FIXED))
def test_what_is_not_simulated_is_refused_when_set(name: str) -> None:
    other = (not FIXED[name]) if isinstance(FIXED[name], bool) else 1
    pynn.Population(1, pynn.cells.HXNeuron(**{name: other}))
    with pytest.raises(UnsupportedExperiment, match=name):
        pynn.run(0.01)


def test_initial_config_gives_what_is_not_given() -> None:
    pynn.setup(initial_config=pynn.helper.chip_from_nightly())
    population = pynn.Population(2, pynn.cells.HXNeuron(leak_v_leak=123))
    assert population.get("leak_v_leak") == 123
    assert np.all(population.get("threshold_enable"))
    assert population.get("membrane_capacitance_capacitance") == 63
    found = population.get("reset_v_reset", simplify=False)
    assert found[0] != found[1]  # each neuron has its own


def test_parameters_can_be_set_right_after_an_initial_config() -> None:
    pynn.setup(initial_config=pynn.helper.chip_from_nightly())
    population = pynn.Population(1, pynn.cells.HXNeuron())
    population.set(leak_i_bias=3)
    assert population.get("leak_i_bias") == 3


def test_strict_wants_the_mapping_first() -> None:
    pynn.setup(initial_config=pynn.helper.chip_from_nightly(), strict=True)
    population = pynn.Population(1, pynn.cells.HXNeuron())
    with pytest.raises(RuntimeError, match="PREPARE"):
        population.set(leak_i_bias=3)
    with pytest.raises(RuntimeError, match="PREPARE"):
        population[0:1].get("leak_i_bias")
    pynn.run(None, pynn.RunCommand.PREPARE)
    population.set(leak_i_bias=3)
    assert population.get("leak_i_bias") == 3


def test_strict_without_a_calibration_is_the_same() -> None:
    pynn.setup(strict=True)
    population = pynn.Population(1, pynn.cells.HXNeuron())
    population.set(leak_i_bias=3)
    assert population.get("leak_i_bias") == 3


def test_other_calibrations_are_refused() -> None:
    with pytest.raises(UnsupportedExperiment, match="hagen"):
        pynn.helper.chip_from_file("some/hagen_cocolist.pbin")


def test_calibration_files_are_named_as_the_notebooks_do() -> None:
    path = pynn.helper.nightly_calib_path()
    assert pynn.helper.chip_from_file(path.parent / "spiking_cocolist.pbin") == pynn.helper.chip_from_nightly()


def test_cuba_defaults_are_those_of_calix() -> None:
    defaults = pynn.cells.CalibHXNeuronCuba.default_parameters
    assert (defaults["v_rest"], defaults["v_reset"], defaults["v_thresh"]) == (80, 70, 125)
    assert (defaults["tau_m"], defaults["tau_syn_E"], defaults["tau_refrac"], defaults["cm"]) == (10, 10, 2, 63)


def test_calibrated_cell_rests_at_its_target() -> None:
    population = pynn.Population(1, pynn.cells.CalibHXNeuronCuba())
    population.record("v")
    pynn.run(0.02)
    mean = float(population.get_data("v").segments[0].irregularlysampledsignals[0].mean())
    assert mean == pytest.approx(80 * MADC_PER_CADC + MADC_OFFSET, abs=10.0)


@pytest.mark.parametrize("given", [{"cm": 10}, {"synapse_dac_bias": 400}, {"tau_syn_E": 5}, {"tau_refrac": 10}])
def test_calibration_says_what_it_cannot_do(given: dict[str, float]) -> None:
    pynn.Population(1, pynn.cells.CalibHXNeuronCuba(**given))
    with pytest.raises(UnsupportedExperiment, match=next(iter(given))):
        pynn.run(0.01)


def test_coba_pulls_towards_its_reversal_potential() -> None:
    peaks = []
    for reversal in (300.0, 90.0):
        pynn.setup()
        population = pynn.Population(1, pynn.cells.CalibHXNeuronCoba(e_rev_E=reversal))
        source = pynn.Population(2, pynn.cells.SpikeSourceArray(spike_times=[0.005]))
        pynn.Projection(source, population, pynn.AllToAllConnector(), synapse_type=pynn.synapses.StaticSynapse(weight=63))
        population.record("v")
        pynn.run(0.04)
        peaks.append(float(np.max(population.get_data("v").segments[0].irregularlysampledsignals[0].magnitude)))
    assert peaks[0] > peaks[1] + 10.0


def test_sources_have_no_circuit() -> None:
    with pytest.raises(LuisimError, match="sources"):
        _ = pynn.Population(1, pynn.cells.SpikeSourceArray()).actual_hwparams


@pytest.mark.parametrize(("profile", "seed"), SHIPPED)
def test_shipped_calibrations_are_those_of_today(profile: str, seed: int) -> None:
    # the model or the calibration changed? luisim.pynn.calibrations.main() writes them anew
    chip, sites = Chip(profile, seed), np.arange(FIRST)
    assert ChipConfig(chip, NeuronTarget()).neurons(sites) == calibrate(chip, NeuronTarget(), sites)


def test_calibrations_are_kept(calibrations: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = ChipConfig(Chip("v3_tutorial", 5), NeuronTarget())
    found = config.neurons(np.arange(2))
    _block.cache_clear()
    monkeypatch.setattr("luisim.pynn.calibrations.calibrate", lambda *_: pytest.fail("calibrated twice"))
    assert config.neurons(np.arange(2)) == found
    assert list((calibrations / "calibrations").glob("*.json"))


@pytest.mark.parametrize("receptor", ["excitatory", "inhibitory"])
def test_calibrated_inputs_are_equally_strong(receptor: str) -> None:
    def heights(**given: float) -> np.ndarray:
        pynn.setup(profile="v2_2021", seed=1)
        pynn.setup(profile="v2_2021", seed=1, initial_config=pynn.helper.chip_from_nightly())
        cells = pynn.Population(32, pynn.cells.HXNeuron(threshold_enable=False, **given))
        cells.record("v", device="cadc")
        source = pynn.Population(1, pynn.cells.SpikeSourceArray(spike_times=[0.05]))
        synapse = pynn.synapses.StaticSynapse(weight=200 if receptor == "excitatory" else -200)
        pynn.Projection(source, cells, pynn.AllToAllConnector(), synapse_type=synapse, receptor_type=receptor)
        pynn.run(0.1)
        found = []
        for signal in cells.get_data("v").segments[0].irregularlysampledsignals:
            v, t = signal.magnitude[:, 0].astype(float), signal.times.magnitude
            found.append(np.abs(v[t > 0.05] - v[t < 0.05].mean()).max())
        return np.array(found)

    calibrated, raw = heights(), heights(**{f"{receptor}_input_i_bias_gm": 500})
    # recordings: 3 % between calibrated neurons; uncalibrated biases differ by a tenth
    assert calibrated.std() / calibrated.mean() < 0.045
    assert raw.std() / raw.mean() > 0.06
    # calix: the target is the median at this bias
    assert np.median(calibrated) == pytest.approx(np.median(raw), rel=0.06)
