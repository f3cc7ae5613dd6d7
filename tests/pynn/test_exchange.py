# SPDX-License-Identifier: GPL-3.0-or-later
"""Experiments of ours as PyNN scripts, and Neo blocks as traces."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import luisim.pynn as pynn
from luisim import measure
from luisim.errors import ParameterError, UnsupportedExperiment
from luisim.experiment import Experiment, PadVoltage, SpikeTrain
from luisim.hicannx.model import HicannXModel
from luisim.hicannx.parameters import HicannX, NeuronLsb
from luisim.pynn.exchange import script_of, trace_of
from luisim.trace_files import read_csv, write_csv
from tui import cli, scripts

NEURON = NeuronLsb(
    leak_v_leak=634,
    leak_i_bias=55,
    threshold_v_threshold=330,
    threshold_enable=True,
    reset_v_reset=500,
    reset_i_bias=1022,
    membrane_capacitance_capacitance=63,
    refractory_period_refractory_time=255,
    excitatory_input_enable=True,
    excitatory_input_i_bias_gm=500,
    excitatory_input_i_bias_tau=55,
    excitatory_input_i_shift_reference=310,
    inhibitory_input_enable=True,
    inhibitory_input_i_bias_gm=500,
    inhibitory_input_i_bias_tau=55,
    inhibitory_input_i_shift_reference=310,
)
STIMULI = (SpikeTrain("excitatory", 300, (10e-6, 40e-6, 42e-6)), SpikeTrain("inhibitory", 63, (80e-6,)))


def run(experiment: Experiment[HicannX], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("LUISIM_CHIP", "")  # so that what the script sets goes away with the test
    monkeypatch.delenv("LUISIM_CHIP")
    code = script_of(experiment).replace("import pynn_brainscales.brainscales2 as pynn", "import luisim.pynn as pynn")
    names: dict[str, Any] = {}
    exec(code.replace("pynn.end()", "block = neurons.get_data()"), names)
    return names["block"]


def test_the_script_does_what_the_experiment_does(monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = Experiment(HicannX((NEURON,), "v2_2021", None), 120e-6, STIMULI, "stacked")
    ours = HicannXModel().run(experiment)
    theirs = trace_of(run(experiment, monkeypatch))
    assert measure.spikes(ours).size > 1
    np.testing.assert_allclose(measure.spikes(theirs), measure.spikes(ours), atol=0.2e-6)
    # away from spikes, where 0.1 us moves an edge, both read the same
    quiet = ours.time < 10e-6
    np.testing.assert_allclose(theirs.signals["v_madc"][quiet], ours.signals["v_madc"][quiet], atol=1.0)
    difference = theirs.at("v_madc", ours.time[:-1]) - ours.signals["v_madc"][:-1]
    assert np.sqrt(np.mean(difference**2)) < 3.0


def test_several_neurons_of_a_chip(monkeypatch: pytest.MonkeyPatch) -> None:
    neurons = (NEURON, replace(NEURON, leak_v_leak=500), NEURON)
    experiment = Experiment(HicannX(neurons, "v2_2021", 4), 20e-6)
    trace = trace_of(run(experiment, monkeypatch))
    ours = HicannXModel().run(experiment)
    assert set(trace.signals) == {"v_madc", "v_madc_1"}  # what the MADC can read
    for name, values in trace.signals.items():
        assert values.mean() == pytest.approx(ours.signals[name].mean(), abs=1.5)


@pytest.mark.parametrize(("profile", "seed"), [("v2_2021", 4), ("v3_tutorial", None), ("v3_tutorial", 12)])
def test_the_script_names_its_chip(profile: str, seed: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    block = run(Experiment(HicannX((NEURON,), profile, seed), 20e-6), monkeypatch)
    assert block.annotations["chip_profile"] == profile
    assert block.annotations["chip_seed"] == ("nominal" if seed is None else seed)


def test_an_exported_script_runs_on_its_chip_unless_another_is_asked_for(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "own.py"
    path.write_text(script_of(Experiment(HicannX((NEURON,), "v2_2021", 4), 20e-6)), encoding="utf-8")
    scripts.run(path, None, None)
    assert "v2_2021, seed 4" in capfd.readouterr().err
    scripts.run(path, None, "v3_tutorial:2")
    assert "v3_tutorial, seed 2" in capfd.readouterr().err


@pytest.mark.parametrize(
    ("device", "stimuli", "words"),
    [
        (HicannX(clock_scale=3), (), "clock_scale"),
        (HicannX(), (PadVoltage((0.5,)),), "voltage"),
    ],
)
def test_what_pynn_cannot_say(device: HicannX, stimuli: tuple[Any, ...], words: str) -> None:
    with pytest.raises(UnsupportedExperiment, match=words):
        script_of(Experiment(device, 1e-4, stimuli))


def test_pieces_are_joined_and_written(tmp_path: Path) -> None:
    population = pynn.Population(1, pynn.cells.HXNeuron(leak_v_leak=700, leak_i_bias=1022))
    population.record(["v", "spikes"])
    pynn.run(0.01, pynn.RunCommand.APPEND)
    pynn.run(0.01)
    trace = trace_of(population.get_data())
    assert trace.duration == pytest.approx(20e-6, abs=0.1e-6)
    write_csv(trace, tmp_path / "a.csv")
    np.testing.assert_allclose(read_csv(tmp_path / "a.csv").signals["v_madc"], trace.signals["v_madc"])


def test_blocks_without_a_membrane() -> None:
    population = pynn.Population(1, pynn.cells.HXNeuron())
    population.record("spikes")
    with pytest.raises(ParameterError, match="segments"):
        trace_of(population.get_data())
    pynn.run(0.01)
    with pytest.raises(ParameterError, match="record"):
        trace_of(population.get_data())


def test_the_command_writes_a_script(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "silent.py"
    cli.app(["export-pynn", "silent-neuron", "--to", str(path)], result_action="return_value")
    assert "leak_v_leak=700" in path.read_text(encoding="utf-8")
    with pytest.raises(SystemExit) as stop:
        cli.main(["export-pynn", "silent-neuron", "--to", str(path)])
    assert stop.value.code == 2
    assert "there already" in capsys.readouterr().err
