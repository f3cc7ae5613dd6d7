# SPDX-License-Identifier: GPL-3.0-or-later
"""Calibration: what it finds by measuring, judged by the hidden parameters, which it never sees."""

import numpy as np
import pytest

from luisim.errors import CalibrationError
from luisim.hicannx.calibration import NeuronTarget, calibrated
from luisim.hicannx.characteristic import adc_characteristic, cell_characteristic
from luisim.hicannx.electrical import circuit_of
from luisim.hicannx.model import HicannXModel
from luisim.hicannx.parameters import HicannX, NeuronLsb
from tui.backends import load_experiment

N = 48
# calix's acceptance: remaining spread against the uncalibrated one
LIMITS = {"leak": 0.30, "reset": 0.20, "threshold": 0.35, "tau_mem": 0.45, "excitatory": 0.20, "inhibitory": 0.20}


def hidden(neurons: tuple[NeuronLsb, ...]) -> dict[str, np.ndarray]:
    c = circuit_of(HicannX(neurons, seed=3))
    return {
        "leak": c.v_leak,
        "reset": c.v_reset,
        "threshold": c.v_threshold,
        "tau_mem": c.c_mem * c.v_lin_leak / c.i_leak,
        "excitatory": c.excitatory.tau,
        "inhibitory": c.inhibitory.tau,
    }


def test_calibration_makes_neurons_alike() -> None:
    target = NeuronTarget()
    found = calibrated(HicannX((NeuronLsb(),) * N, seed=3), target)
    nominal = calibrated(HicannX(seed=None), target).neurons[0]
    assert found.success.mean() >= 0.98
    before, after = hidden((nominal,) * N), hidden(found.neurons)
    for name, limit in LIMITS.items():
        assert after[name].std() / before[name].std() < limit, name
    assert after["tau_mem"].mean() == pytest.approx(target.tau_mem, rel=0.05)
    assert after["excitatory"].mean() == pytest.approx(target.tau_syn, rel=0.05)
    assert np.mean(found.measured.leak) == pytest.approx(target.leak, abs=2.0)


def test_refractory_time_needs_a_fitting_clock() -> None:
    with pytest.raises(CalibrationError, match="clock_scale"):
        calibrated(HicannX(seed=None), NeuronTarget(refractory_time=10e-6))


def test_adc_characteristic_finds_the_step_and_the_ends() -> None:
    experiment = load_experiment("adc-characteristic")
    adc = adc_characteristic(experiment, HicannXModel().run(experiment))
    assert adc.volt_per_lsb == pytest.approx(1.235e-3, rel=2e-3)
    assert not adc.linear[0]
    assert not adc.linear[-1]
    assert adc.linear.sum() >= 18
    assert np.all(adc.deviation > 0.9)


def test_cells_against_the_recorded_maps() -> None:
    device = HicannX(seed=None)
    leak = cell_characteristic(device, "leak", np.array([700.0, 953.0, 1000.0]))[:, 0]
    np.testing.assert_allclose(leak, [374.4, 592.0, 618.0], atol=15.0)
    threshold = cell_characteristic(device, "threshold", np.array([300.0, 400.0]))[:, 0]
    assert threshold[1] - threshold[0] == pytest.approx(100.0, abs=4.0)
