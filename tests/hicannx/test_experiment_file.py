# SPDX-License-Identifier: GPL-3.0-or-later
"""Chip experiments from text to CSV, and a sentence for every mistake."""

import tomllib

import numpy as np
import pytest

from luisim.errors import LuisimError, ParameterError
from luisim.experiment import SpikeTrain
from luisim.hicannx.circuit import HicannXCircuit
from luisim.hicannx.experiment_file import read_experiment
from luisim.hicannx.model import HicannXModel
from luisim.hicannx.sampled import name_of
from luisim.spice.ngspice import Ngspice
from tui.backends import experiment_names, load_experiment, open_backend
from tui.cli import main

EXAMPLE = """
device = "hicann-x"
duration = "200 us"
profile = "v2_2021"
seed = 1
neurons = 1
[neuron]
leak_v_leak = 1000
leak_i_bias = 200
threshold_v_threshold = 300
threshold_enable = true
[[stimulus]]
kind = "spikes"
receptor = "excitatory"
weight = 63
times = ["10 us", "50 us"]
[calibration]
tau_mem = "10 us"
"""


def test_example() -> None:
    experiment = read_experiment(tomllib.loads(EXAMPLE), "example")
    neuron = experiment.device.neurons[0]
    assert experiment.duration == pytest.approx(200e-6)
    (train,) = experiment.stimuli
    assert isinstance(train, SpikeTrain)
    assert (train.receptor, train.weight) == ("excitatory", 63)
    assert train.times == pytest.approx((10e-6, 50e-6))
    assert (neuron.leak_v_leak, neuron.threshold_v_threshold) == (1000, 300)  # the file overrides the calibration
    assert neuron.excitatory_input_enable
    spikes = open_backend("model", experiment.device).run(experiment).spikes["out"]
    assert spikes.size > 10


@pytest.mark.parametrize("name", experiment_names("hicannx"))
def test_shipped_experiments_run(name: str) -> None:
    experiment = load_experiment(name)
    backend = open_backend("model", experiment.device)
    assert backend.unsupported(experiment) is None


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("leak_v_leak = 1000", "leak_v_leak = 1023", "0 to 1022"),
        ("leak_v_leak = 1000", "leak_v_laek = 1000", "did you mean 'leak_v_leak'"),
        ("threshold_enable = true", "threshold_enable = 1", "true or false"),
        ('profile = "v2_2021"', 'profile = "v9"', "v3_tutorial"),
        ("seed = 1", 'seed = "one"', "nominal"),
        ('receptor = "excitatory"', 'receptor = "both"', "inhibitory"),
        ('kind = "spikes"', 'kind = "pulses"', '"voltage"'),
        ('duration = "200 us"', 'duration = "2 s"', "100 ms"),
        ('tau_mem = "10 us"', 'tau_mem = "1 ms"', "60 us"),
        ("neurons = 1", "neurons = 513", "512"),
        ("leak_i_bias = 200", "leak_i_bias = [200, 100]", "one for each of 1 neurons"),
        ("weight = 63", "weight = 63\nneuron = 512", "0 to 511"),
    ],
)
def test_mistakes_are_named(old: str, new: str, said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        read_experiment(tomllib.loads(EXAMPLE.replace(old, new, 1)), "example")


def test_neurons_of_their_own() -> None:
    on = "excitatory_input_enable = true\nexcitatory_input_i_bias_gm = 500"
    text = EXAMPLE.replace('[calibration]\ntau_mem = "10 us"\n', "").replace("neurons = 1", "neurons = 2")
    text = text.replace("leak_i_bias = 200", f"leak_i_bias = [200, 100]\n{on}")
    experiment = read_experiment(tomllib.loads(text.replace("weight = 63", "weight = 63\nneuron = 1")), "example")
    assert [neuron.leak_i_bias for neuron in experiment.device.neurons] == [200, 100]
    assert [s.neuron for s in experiment.stimuli if isinstance(s, SpikeTrain)] == [1]
    trace = open_backend("model", experiment.device, raw=True).run(experiment)
    before = read_experiment(tomllib.loads(text.replace("weight = 63", "weight = 0")), "example")
    without = open_backend("model", before.device, raw=True).run(before)
    assert (trace.signals["v_mem"] == without.signals["v_mem"]).all()
    assert not (trace.signals["v_mem_1"] == without.signals["v_mem_1"]).all()


def test_a_stimulus_for_a_neuron_that_is_not_there_is_said() -> None:
    experiment = read_experiment(tomllib.loads(EXAMPLE.replace("weight = 63", "weight = 63\nneuron = 1")), "example")
    assert "no neuron 1" in str(open_backend("model", experiment.device).unsupported(experiment))


def test_compartments_pass_psps_on(ngspice: Ngspice) -> None:
    experiment = load_experiment("compartment-chain")
    for backend in (HicannXModel(), HicannXCircuit(ngspice)):
        trace = backend.run(experiment)
        v = np.array([trace.signals[name_of("v_madc", k)] for k in (0, 1, 3, 5)])
        early, late = trace.time < 100e-6, trace.time > 100e-6
        rest = v[:, trace.time < 18e-6].mean(axis=1)
        first, second = v[:, early].max(axis=1) - rest, v[:, late].max(axis=1) - rest
        assert np.all(np.diff(first) < -2.0), backend.name  # injected into compartment 0
        assert second.argmax() == 1, backend.name


def test_an_input_that_is_off_is_said() -> None:
    text = EXAMPLE.replace('[calibration]\ntau_mem = "10 us"\n', "")
    experiment = read_experiment(tomllib.loads(text), "example")
    reason = open_backend("model", experiment.device).unsupported(experiment)
    assert reason is not None
    assert "excitatory_input_enable" in reason


def test_command_line_writes_what_the_chip_gives(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "out.csv"
    with pytest.raises(SystemExit) as done:
        main(["run", "chip-leak-over-threshold", "--csv", str(path), "--raw"])
    assert done.value.code == 0
    assert "LSB" in capsys.readouterr().out
    head, first = path.read_text().splitlines()[:2]
    assert head == "time_s,v_madc,v_mem"
    time, code, volt = (float(cell) for cell in first.split(","))
    assert time == 0.0
    assert code == int(code)
    assert 0.1 < volt < 1.0
    assert len(path.with_name("out.spikes.csv").read_text().splitlines()) > 10


def test_a_board_and_a_chip_are_not_compared() -> None:
    from luisim.compare import compare

    chip = load_experiment("silent-neuron")
    board = load_experiment("resting-potential")
    traces = [open_backend("model", e.device).run(e) for e in (chip, board)]
    with pytest.raises(LuisimError, match="LSB"):
        compare(*traces)
