# SPDX-License-Identifier: GPL-3.0-or-later
"""setup, run, reset, end, and where neurons are placed."""

import logging

import numpy as np
import pytest

import luisim
import luisim.pynn as pynn
from luisim.errors import LuisimError, ParameterError, UnsupportedExperiment
from luisim.pynn.control import setup


def one_neuron(**parameters: float) -> pynn.Population:
    return pynn.Population(1, pynn.cells.HXNeuron(**parameters))


@pytest.mark.parametrize("name", ["initial_configuration", "bypass", "timstep", "nueronPermutation"])
def test_setup_refuses_unknown_names(name: str) -> None:
    with pytest.raises(KeyError, match=name):
        setup(**{name: 1})


@pytest.mark.parametrize("name", ["injected_config", "injected_readout"])
def test_setup_says_why_injections_are_not_simulated(name: str) -> None:
    with pytest.raises(UnsupportedExperiment, match="registers"):
        setup(**{name: object()})


def test_setup_takes_a_connection() -> None:
    assert setup(connection=object()) == 0


def test_setup_refuses_an_initial_config_of_a_real_chip() -> None:
    with pytest.raises(ParameterError, match="chip_from_nightly"):
        setup(initial_config=object())


def test_setup_forgets_what_was_built() -> None:
    one_neuron()
    setup()
    assert int(one_neuron().all_cells[0]) == 0


def test_nothing_works_after_end() -> None:
    pynn.end()
    with pytest.raises(RuntimeError, match="setup"):
        pynn.run(0.1)
    with pytest.raises(RuntimeError, match="setup"):
        one_neuron()


def test_end_writes_what_was_asked_for(tmp_path) -> None:  # type: ignore[no-untyped-def]
    population = one_neuron()
    population.record("spikes", to_file=str(tmp_path / "out.pkl"))
    pynn.run(0.01)
    pynn.end()
    assert (tmp_path / "out.pkl").stat().st_size > 0


def test_neuron_permutation_places_neurons() -> None:
    setup(neuronPermutation=[5, 300, 2])
    assert pynn.Population(2, pynn.cells.HXNeuron()).sites.tolist() == [5, 300]
    assert one_neuron().sites.tolist() == [2]


def test_neuron_permutation_changes_which_mismatch_is_seen() -> None:
    means = []
    for site in (0, 7, 0):
        setup(neuronPermutation=[site], profile="v2_2021")
        population = one_neuron(leak_v_leak=700, leak_i_bias=1022)
        population.record("v")
        pynn.run(0.01)
        means.append(float(population.get_data("v").segments[0].irregularlysampledsignals[0].mean()))
    assert means[0] == means[2]
    assert abs(means[0] - means[1]) > 5.0


@pytest.mark.parametrize(("values", "words"), [([1, 1], "twice"), ([512], "0 to 511"), ([-1], "0 to 511")])
def test_neuron_permutation_is_checked(values: list[int], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        setup(neuronPermutation=values)


def test_no_more_neurons_than_the_permutation_has() -> None:
    setup(neuronPermutation=[0, 1])
    with pytest.raises(ValueError, match="do not fit"):
        pynn.Population(3, pynn.cells.HXNeuron())


def test_a_chip_has_512_neurons() -> None:
    pynn.Population(512, pynn.cells.HXNeuron())
    with pytest.raises(ValueError, match="512"):
        one_neuron()


def test_a_second_run_needs_a_reset() -> None:
    one_neuron()
    pynn.run(0.01)
    with pytest.raises(RuntimeError, match="reset"):
        pynn.run(0.01)
    pynn.reset()
    pynn.run(0.01)


@pytest.mark.parametrize("runtime", [0.0, -1.0, float("nan"), None])
def test_run_wants_a_time(runtime: float | None) -> None:
    with pytest.raises(ParameterError, match="ms"):
        pynn.run(runtime)


def test_run_takes_no_callbacks() -> None:
    with pytest.raises(ParameterError, match="callbacks"):
        pynn.run(0.1, callbacks=[lambda t: t + 1])


def test_time_and_reset() -> None:
    one_neuron()
    assert pynn.get_current_time() == 0.0
    assert pynn.run(0.02) == pytest.approx(0.02)
    assert pynn.get_current_time() == pytest.approx(0.02)
    pynn.reset()
    assert pynn.get_current_time() == 0.0


def test_run_until_and_run_for() -> None:
    one_neuron()
    assert pynn.run_until(0.03) == pytest.approx(0.03)
    pynn.reset()
    assert pynn.run_for(0.01) == pytest.approx(0.01)


def test_time_step_is_the_madc_period() -> None:
    assert pynn.get_time_step() == pytest.approx(3.4e-5)
    assert (pynn.get_min_delay(), pynn.get_max_delay()) == (0.0, 0.0)
    assert (pynn.num_processes(), pynn.rank()) == (1, 0)


def test_prepare_maps_without_running() -> None:
    population = one_neuron()
    population.record("spikes")
    with pytest.raises(RuntimeError, match="statistics"):
        pynn.get_backend_statistics()
    pynn.run(None, pynn.RunCommand.PREPARE)
    assert pynn.get_backend_statistics()["neurons"] == 1
    assert pynn.get_current_time() == 0.0
    assert len(population.get_data().segments) == 0


def test_what_is_queued_runs_without_a_further_piece() -> None:
    pynn.setup(enable_neuron_bypass=True)
    source = pynn.Population(1, pynn.cells.SpikeSourceArray(spike_times=[0.001, 0.002]))
    population = pynn.Population(3, pynn.cells.HXNeuron())
    population.record("spikes")
    synapse = pynn.synapses.StaticSynapse(weight=32)
    projection = pynn.Projection(source, population, pynn.AllToAllConnector(), synapse_type=synapse, receptor_type="excitatory")
    rows = ([1.0, 0.0, 63.0], [0.0, 5.4, 0.4])
    for row in rows:  # one weight for each neuron
        projection.set(weight=np.array(row))
        pynn.run(0.01, pynn.RunCommand.APPEND)
    assert pynn.get_current_time() == 0.0
    pynn.run(None, pynn.RunCommand.EXECUTE)
    assert pynn.get_current_time() == pytest.approx(0.02)
    trains = population.get_data().segments[0].spiketrains
    counts = [[train.size for train in trains if train.annotations["source_index"] == n] for n in range(3)]
    assert counts == [[2, 0], [0, 2], [2, 0]]


@pytest.mark.parametrize("command", [pynn.RunCommand.EXECUTE, pynn.RunCommand.APPEND])
def test_nothing_queued_is_nothing_to_run(command: pynn.RunCommand) -> None:
    pynn.Population(1, pynn.cells.HXNeuron())
    with pytest.raises(ValueError, match="queued"):
        pynn.run(None, command)


def test_prepare_says_what_cannot_be_mapped() -> None:
    one_neuron(bayesian_enable_master=True)
    with pytest.raises(UnsupportedExperiment, match="bayesian_enable_master"):
        pynn.run(None, pynn.RunCommand.PREPARE)


def test_initial_values_cannot_be_set() -> None:
    with pytest.raises(LuisimError, match="rest"):
        one_neuron().initialize(v=3.0)


def test_currents_cannot_be_injected() -> None:
    with pytest.raises(LuisimError, match="constant_current"):
        one_neuron().inject(object())


def test_standard_models_are_listed() -> None:
    assert pynn.list_standard_models()[0] is pynn.cells.HXNeuron


def test_a_run_says_that_it_was_simulated(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "luisim.pynn"):
        setup(profile="v2_2021", seed=7)
        population = one_neuron()
        population.record("spikes")
        pynn.run(0.01)
    said = " ".join(caplog.messages)
    assert "simulated chip v2_2021, seed 7" in said
    assert luisim.__version__ in said
    block = population.get_data()
    for annotations in (block.annotations, block.segments[0].annotations):
        assert annotations["simulated"] is True
        assert annotations["chip_profile"] == "v2_2021"
        assert annotations["chip_seed"] == 7
        assert annotations["luisim_version"] == luisim.__version__


def test_nominal_chips_say_so() -> None:
    setup(seed=None)
    assert pynn.simulator.state.provenance["chip_seed"] == "nominal"


@pytest.mark.parametrize("text", ["v3_tutorial:x", "v9:1"])
def test_the_environment_names_the_chip(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("LUISIM_CHIP", "v2_2021:nominal")
    setup()
    assert (pynn.simulator.state.chip.profile, pynn.simulator.state.chip.seed) == ("v2_2021", None)
    monkeypatch.setenv("LUISIM_CHIP", text)
    with pytest.raises(ParameterError):
        setup()


def test_equal_seeds_give_equal_runs_and_others_do_not() -> None:
    def spikes(seed: int) -> np.ndarray:
        setup(profile="v2_2021", seed=seed)
        population = one_neuron(
            leak_v_leak=1000,
            leak_i_bias=200,
            threshold_v_threshold=300,
            threshold_enable=True,
            reset_v_reset=400,
            reset_i_bias=1022,
            membrane_capacitance_capacitance=63,
            refractory_period_refractory_time=255,
        )
        population.record("spikes")
        pynn.run(0.03)
        return np.asarray(population.get_data().segments[0].spiketrains[0].magnitude)

    first = spikes(1)
    np.testing.assert_array_equal(first, spikes(1))
    assert not np.array_equal(first, spikes(2))
