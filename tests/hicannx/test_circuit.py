# SPDX-License-Identifier: GPL-3.0-or-later
"""The netlist against the model; the benches; the transistor view of the OTA against its macromodel."""

import re
import subprocess

import numpy as np
import pytest

from luisim.experiment import Experiment
from luisim.hicannx import connected
from luisim.hicannx.adex import PATTERNS, device_for, pattern_of
from luisim.hicannx.agreement import experiments, fair_end, from_chip, judge, verdict
from luisim.hicannx.circuit import HicannXCircuit
from luisim.hicannx.model import HicannXModel
from luisim.hicannx.parameters import HicannX, NeuronLsb
from luisim.spice.netlists import circuits_folder, deck, flatten
from luisim.spice.ngspice import Ngspice, find_executable

BENCHES = sorted((circuits_folder() / "hicannx" / "benches").glob("*.cir"))


def test_circuit_and_model_agree(ngspice: Ngspice) -> None:
    model, circuit = HicannXModel(), HicannXCircuit(ngspice)
    verdicts = [judge(experiment, model, circuit) for experiment in list(experiments())[::4]]
    assert [v for v in verdicts if not v.agrees] == []
    assert sum(v.model_spikes > 5 for v in verdicts) >= 3
    assert sum(v.model_spikes == 0 for v in verdicts) >= 2


def test_connected_circuits_and_their_model_agree(ngspice: Ngspice) -> None:
    model, circuit = HicannXModel(), HicannXCircuit(ngspice)
    sets = list(connected.experiments())
    found = [connected.verdicts(e, model.run(e), circuit.run(e)) for e in sets]
    assert [v for verdicts in found for v in verdicts if not v.agrees] == []
    assert sum(len(verdicts) for verdicts in found) >= 24
    assert sum(v.model_spikes > 5 for verdicts in found for v in verdicts) >= 4
    assert {connected.nodes(e) for e in sets} >= {1, 2, 3, 4}


def test_a_spike_at_the_end_does_not_decide_but_a_lost_one_does() -> None:
    chip = np.arange(1, 100) * 2.013e-6
    shifted = chip * 1.001
    duration = float(0.5 * (chip[-2] + shifted[-2]))
    assert np.count_nonzero(chip <= duration) == np.count_nonzero(shifted <= duration) + 1
    for lost in (None, 0, 50, 85):
        other = shifted if lost is None else np.delete(shifted, lost)
        end = fair_end(chip, other, duration)
        assert end > 0.95 * duration
        missing = np.count_nonzero(chip <= end) - np.count_nonzero(other <= end)
        assert missing == (0 if lost is None else 1)
    assert fair_end(np.array([1e-6]), np.empty(0), duration) == duration


def test_repeated_refractory_periods_lie_on_the_clock(ngspice: Ngspice) -> None:
    # the reset leaves the membrane above the threshold: 14 clocks of 8 ns for the comparator's 0.11 us, then the counter
    neuron = NeuronLsb(
        leak_v_leak=1000,
        leak_i_bias=400,
        reset_v_reset=900,
        reset_i_bias=1022,
        threshold_v_threshold=100,
        threshold_enable=True,
        membrane_capacitance_capacitance=40,
        refractory_period_refractory_time=40,
    )
    experiment = Experiment(HicannX((neuron,)), 20e-6)
    for backend in (HicannXModel(), HicannXCircuit(ngspice)):
        isi = np.diff(backend.run(experiment).spikes["out"])
        assert isi.size > 40
        np.testing.assert_allclose(isi.mean(), (40 + 14) * 8e-9, rtol=1e-3)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_adex_patterns(pattern: str, ngspice: Ngspice) -> None:
    experiment = Experiment(device_for(pattern), 400e-6, (), pattern)
    for backend in (HicannXModel(), HicannXCircuit(ngspice)):
        spikes = backend.run(experiment).spikes["out"]
        assert pattern_of(spikes, experiment.duration) == pattern, backend.name


@pytest.mark.parametrize("bench", BENCHES, ids=lambda path: path.stem)
def test_benches_run_as_they_are(bench) -> None:
    program = find_executable()
    if program is None:
        pytest.skip("ngspice is not installed")
    done = subprocess.run([program, "-n", "-b", str(bench)], capture_output=True, text=True, timeout=60, check=False)
    text = done.stdout + done.stderr
    assert done.returncode == 0, text[-2000:]
    assert "failed" not in text, text[-2000:]
    expected = dict(re.findall(r"^\* expect (\w+) (\S+ \S+)", bench.read_text(), re.M))
    assert expected, "a bench says what it expects"
    for name, limits in expected.items():
        found = re.search(rf"^{name}\s+=\s+(\S+)", text, re.M)
        assert found, name
        low, high = (float(limit) for limit in limits.split())
        assert low <= float(found[1]) <= high, name


@pytest.mark.parametrize("bias", [100, 200, 500, 1022])
def test_transistors_follow_the_ota_law(bias: int, ngspice: Ngspice) -> None:
    netlist = flatten(circuits_folder() / "hicannx" / "benches" / "ota_views.cir")
    signals = ngspice.run(deck(netlist, {"bias": bias}), save=["dv", "macro", "transistors"])
    # both are in units of the saturation current; the working range is the linear range v_lin on each side
    assert np.max(np.abs(signals["transistors"] - signals["macro"])) < 0.05
    assert np.ptp(signals["transistors"]) > 1.4


def test_neurons_of_a_whole_chip_agree_with_their_circuits() -> None:
    """Two of 512 that run together under 6 bit synapses; `luisim agreement chip --device hicann-x` takes 16."""
    circuit = HicannXCircuit()
    verdicts = [verdict(experiment, trace, circuit.run(experiment)) for experiment, trace in from_chip(2)]
    assert [v.faults for v in verdicts] == [(), ()]
