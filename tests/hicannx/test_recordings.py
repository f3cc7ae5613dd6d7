# SPDX-License-Identifier: GPL-3.0-or-later
"""The model with profile v2_2021 against recordings of real neurons."""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import least_squares

from luisim.hicannx.electrical import circuit_of
from luisim.hicannx.model import HicannXModel
from luisim.hicannx.parameters import HicannX, NeuronLsb
from luisim.hicannx.profiles import PROFILES
from luisim.hicannx.readout import in_lsb, madc_times
from luisim.hicannx.run import run
from tui.backends import load_experiment

DATA = Path(__file__).parents[1] / "data" / "hicannx"
PROFILE = PROFILES["v2_2021"]
FIRING = {
    "leak_v_leak": 1000,
    "leak_i_bias": 200,
    "threshold_v_threshold": 300,
    "threshold_enable": True,
    "reset_v_reset": 400,
    "reset_i_bias": 1022,
    "membrane_capacitance_capacitance": 63,
    "refractory_period_refractory_time": 255,
}
SYNAPSES = {
    "membrane_capacitance_capacitance": 63,
    "excitatory_input_enable": True,
    "excitatory_input_i_bias_gm": 500,
    "excitatory_input_i_bias_tau": 55,
    "excitatory_input_i_shift_reference": 310,
    "inhibitory_input_enable": True,
    "inhibitory_input_i_bias_gm": 500,
    "inhibitory_input_i_bias_tau": 50,
    "inhibitory_input_i_shift_reference": 310,
}


def recorded(name: str) -> tuple[np.ndarray, np.ndarray]:
    columns = np.loadtxt(DATA / f"{name}.csv", delimiter=",", skiprows=1).T
    return columns[0] * 1e-6, columns[1]


def folded_isi(spikes: np.ndarray) -> tuple[float, float]:
    isi = np.diff(spikes)
    return float(isi.mean()), float(isi.std() / isi.mean())


def test_silent_neuron_reads_what_the_chip_read() -> None:
    experiment = load_experiment("silent-neuron")
    _, chip = recorded("single_neuron_silent")
    quiet = HicannXModel().run(experiment).signals["v_madc"]
    noisy = HicannXModel().run(replace(experiment, device=replace(experiment.device, seed=5))).signals["v_madc"]
    assert quiet.mean() == pytest.approx(chip.mean(), abs=5.0)
    assert np.std(noisy) == pytest.approx(np.std(chip), abs=0.3)


def test_slow_part_of_the_noise() -> None:
    experiment = load_experiment("silent-neuron")
    noisy = HicannXModel().run(replace(experiment, device=replace(experiment.device, seed=5))).signals["v_madc"]
    microseconds = noisy[: noisy.size // 30 * 30].reshape(-1, 30).mean(axis=1)
    assert np.std(microseconds) == pytest.approx(0.78, abs=0.25)


def test_refractory_period_of_255_counts() -> None:
    # reset and threshold so that the reset is over at once: what stays is the time at the floor
    device = HicannX((NeuronLsb(**(FIRING | {"reset_enable_multiplication": True})),))
    times = np.arange(0.0, 30e-6, 2e-9)
    recording = run(circuit_of(device), times)
    v = recording.v[0]
    spike = recording.spikes[0][1]
    after = times > spike
    lowest = times[after][np.argmin(v[after][: round(3e-6 / 2e-9)])]
    assert lowest - spike == pytest.approx(2.04e-6, abs=0.02e-6)


def test_lot() -> None:
    trace = HicannXModel().run(load_experiment("recorded-lot"))
    time, chip = recorded("single_neuron_lot")
    isi, cv = folded_isi(trace.spikes["out"])
    assert isi == pytest.approx(13.032e-6, rel=0.02)
    assert 0.001 < cv < 0.006
    v = trace.signals["v_madc"]
    ends = [v[(trace.time > t - 0.1e-6) & (trace.time < t + 0.1e-6)].max() for t in trace.spikes["out"]]
    troughs = [v[(trace.time > t) & (trace.time < t + 3e-6)].min() for t in trace.spikes["out"][:-1]]
    assert np.mean(ends) == pytest.approx(398.5, abs=5.0)
    assert np.mean(troughs) == pytest.approx(230.3, abs=8.0)
    assert v.max() == pytest.approx(chip.max(), abs=8.0)
    assert time[-1] > 150e-6


def test_girlsday_lot() -> None:
    trace = HicannXModel().run(load_experiment("recorded-girlsday-lot"))
    spikes = trace.spikes["out"]
    assert spikes.size == 7
    assert np.diff(spikes).mean() == pytest.approx(13.9e-6, abs=0.7e-6)
    plateau = trace.signals["v_madc"][(trace.time > spikes[0] + 1e-6) & (trace.time < spikes[0] + 1.9e-6)]
    assert plateau.mean() == pytest.approx(172.0, abs=8.0)


def test_girlsday_pynn() -> None:
    # a calibrated neuron: its bias and rest differ from the nominal one's within the mismatch
    neuron = NeuronLsb(
        **(FIRING | SYNAPSES | {"leak_v_leak": 400, "threshold_v_threshold": 400, "reset_v_reset": 300}),
    )
    circuit = circuit_of(HicannX((replace(neuron, excitatory_input_i_bias_tau=63),)))
    circuit = replace(
        circuit,
        i_leak=circuit.i_leak * 1.3,
        v_leak=circuit.v_leak - 7.0 * PROFILE.madc_lsb,
        excitatory=replace(circuit.excitatory, i_out=circuit.excitatory.i_out * 1.05),
    )
    times = madc_times(100e-6)
    starts = (10e-6, 30e-6, 50e-6, 70e-6, 90e-6)
    recording = run(circuit, times, [(t, 5 * 63.0, 0.0) for t in starts])
    v = in_lsb(recording.v[0], PROFILE)
    assert recording.spikes[0].size == 0
    peaks = [v[(times > t) & (times < t + 19e-6)].max() for t in starts]
    np.testing.assert_allclose(peaks, [290.6, 319.4, 324.9, 324.2, 324.2], atol=12.0)


def test_stimulation() -> None:
    time, chip = recorded("single_neuron_stimulation")
    grid = np.arange(0.0, 198e-6, 0.25e-6)
    arrivals = [(t, 63.0, 0.0) for t in (10e-6, 50e-6, 70e-6, 90e-6, 100e-6)] + [(30e-6, 0.0, 63.0)]
    base = circuit_of(HicannX((NeuronLsb(leak_v_leak=634, leak_i_bias=55, **SYNAPSES),)))
    inside = time < 197e-6

    def difference(x: np.ndarray) -> np.ndarray:
        rest, gain, tau_exc, tau_mem = x
        circuit = replace(
            base,
            v_leak=base.v_leak * rest,
            v_lin_leak=base.v_lin_leak * tau_mem,
            excitatory=replace(base.excitatory, i_out=base.excitatory.i_out * gain, tau=base.excitatory.tau * tau_exc),
            inhibitory=replace(base.inhibitory, i_out=base.inhibitory.i_out * gain, tau=base.inhibitory.tau * tau_exc),
        )
        v = in_lsb(run(circuit, grid, arrivals).v[0], PROFILE)
        return np.asarray(np.interp(time[inside], grid, v) - chip[inside])

    # only rest, gain and two time constants are free
    fit = least_squares(difference, np.ones(4), bounds=(0.6, 1.6), diff_step=1e-2, max_nfev=6)
    assert np.sqrt(np.mean(fit.fun**2)) < 4.0
    assert np.all(np.abs(fit.x - 1.0) < 0.4)


def test_population_of_the_fixed_pattern() -> None:
    device = HicannX((NeuronLsb(**FIRING),) * 512, seed=1)
    times = np.arange(0.0, 60e-6, 0.1e-6)
    recording = run(circuit_of(device), times, max_step=0.1e-6)
    isi = 1e6 * np.array([np.diff(s).mean() for s in recording.spikes if s.size > 1])
    peak = in_lsb(recording.v, PROFILE).max(axis=1)
    assert isi.size == 512
    assert peak.mean() == pytest.approx(409.0, abs=10.0)
    assert 6.0 < peak.std() < 15.0
    assert isi.mean() == pytest.approx(6.0, abs=0.6)
    assert 0.08 < isi.std() / isi.mean() < 0.20
    with (DATA / "fixed_pattern_features.csv").open() as file:
        neurons = list(csv.DictReader(file))
    for neuron in neurons:
        assert abs(float(neuron["vpk_fit"]) - peak.mean()) < 3.0 * peak.std()
        assert abs(float(neuron["isi_us"]) - isi.mean()) < 3.0 * isi.std()
        assert float(neuron["t_refr"]) == pytest.approx(2.04, abs=0.02)
