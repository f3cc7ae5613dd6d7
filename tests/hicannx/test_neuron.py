# SPDX-License-Identifier: GPL-3.0-or-later
"""The model's step against closed forms and against itself."""

from dataclasses import fields, replace

import numpy as np
import pytest

from luisim.errors import ParameterError
from luisim.hicannx import capmem, readout
from luisim.hicannx.electrical import circuit_of
from luisim.hicannx.instance import SPREAD, ChipInstance, Mismatch
from luisim.hicannx.neuron import State, resting
from luisim.hicannx.parameters import HicannX, NeuronLsb
from luisim.hicannx.profiles import PROFILES, Profile
from luisim.hicannx.run import run
from luisim.quantity import quantities

FIRING = NeuronLsb(
    leak_v_leak=1000,
    leak_i_bias=200,
    threshold_v_threshold=300,
    threshold_enable=True,
    reset_v_reset=400,
    reset_i_bias=1022,
    membrane_capacitance_capacitance=63,
    refractory_period_refractory_time=255,
)


def at(state: State, v: float) -> State:
    return replace(state, v=np.full_like(state.v, v))


def test_leak_follows_the_saturating_ota_exactly() -> None:
    # C dV/dt = I tanh((E - V)/U)  =>  sinh((E - V)/U) = sinh((E - V0)/U) exp(-I t/(C U))
    circuit = circuit_of(HicannX((NeuronLsb(leak_v_leak=800, leak_i_bias=150, membrane_capacitance_capacitance=63),)))
    times = np.arange(0.0, 40e-6, 34e-9)
    e, u, i, c = (float(x[0]) for x in (circuit.v_leak, circuit.v_lin_leak, circuit.i_leak, circuit.c_mem))
    v = run(circuit, times, state=at(resting(circuit), e - 3.0 * u / 2.0)).v[0]
    exact = e - u * np.arcsinh(np.sinh(1.5) * np.exp(-i * times / (c * u)))
    np.testing.assert_allclose(v, exact, atol=2e-5)


def test_small_psp_is_the_difference_of_two_exponentials() -> None:
    neuron = NeuronLsb(
        leak_v_leak=700,
        leak_i_bias=50,
        membrane_capacitance_capacitance=63,
        excitatory_input_enable=True,
        excitatory_input_i_bias_gm=500,
        excitatory_input_i_bias_tau=60,
        excitatory_input_i_shift_reference=310,
    )
    circuit = circuit_of(HicannX((neuron,)))
    times = np.arange(0.0, 60e-6, 34e-9)
    v = run(circuit, times, [(0.0, 1.0, 0.0)]).v[0] - circuit.v_leak[0]
    tau_m = float(circuit.v_lin_leak[0] * circuit.c_mem[0] / circuit.i_leak[0])
    tau_s = float(circuit.excitatory.tau[0])
    slope = float(circuit.excitatory.i_out[0] * circuit.excitatory.step[0] / circuit.excitatory.v_lin[0] / circuit.c_mem[0])
    t = np.maximum(times - 0.402e-6, 0.0)
    exact = slope * tau_m * tau_s / (tau_s - tau_m) * (np.exp(-t / tau_s) - np.exp(-t / tau_m))
    np.testing.assert_allclose(v, exact, atol=0.01 * exact.max())


def test_spikes_do_not_depend_on_the_step() -> None:
    circuit = circuit_of(HicannX((FIRING,)))
    coarse, fine = (run(circuit, np.arange(0.0, 100e-6, h)).spikes[0] for h in (68e-9, 4e-9))
    assert coarse.size == fine.size > 10
    assert np.diff(coarse).mean() == pytest.approx(np.diff(fine).mean(), rel=1e-3)


def test_a_fast_spike_is_exact_in_the_madc_step() -> None:
    # the membrane crosses the comparator's narrow input range in less than a step of 34 ns
    fast = replace(FIRING, membrane_capacitance_capacitance=10, leak_i_bias=800)
    circuit = circuit_of(HicannX((fast,)))
    times = np.arange(0.0, 60e-6, 34e-9)
    coarse, fine = run(circuit, times).spikes[0], run(circuit, times, max_step=1e-9).spikes[0]
    assert coarse.size == fine.size > 15
    np.testing.assert_allclose(np.diff(coarse).mean(), np.diff(fine).mean(), rtol=3e-4)


def test_neurons_do_not_disturb_one_another() -> None:
    many = circuit_of(HicannX((FIRING,) * 5, seed=4))
    times = np.arange(0.0, 50e-6, 34e-9)
    together = run(many, times)
    for n in range(5):
        alone = run(many.take(np.array([n])), times)
        np.testing.assert_allclose(alone.v[0], together.v[n], atol=1e-9)
        np.testing.assert_allclose(alone.spikes[0], together.spikes[n], atol=1e-12)


def test_conductance_input_pulls_to_its_reversal_potential() -> None:
    neuron = NeuronLsb(
        leak_v_leak=500,
        leak_i_bias=5,
        membrane_capacitance_capacitance=63,
        excitatory_input_enable=True,
        excitatory_input_enable_coba_mode=True,
        excitatory_input_i_bias_coba=1022,
        excitatory_input_i_bias_tau=10,
        excitatory_input_i_shift_reference=310,
        excitatory_input_e_coba_reversal=800,
    )
    circuit = circuit_of(HicannX((neuron,)))
    recording = run(circuit, np.arange(0.0, 60e-6, 0.1e-6), [(1e-6, 2000.0, 0.0)])
    assert recording.v.max() == pytest.approx(float(circuit.excitatory.reversal[0]), abs=0.02)
    assert recording.v.max() <= float(circuit.excitatory.reversal[0]) + 1e-6


def test_small_capacitance_and_strong_reset_are_stable() -> None:
    wild = replace(FIRING, membrane_capacitance_capacitance=0, leak_i_bias=1022, reset_enable_multiplication=True)
    v = run(circuit_of(HicannX((wild,))), np.arange(0.0, 20e-6, 34e-9)).v
    assert np.all(np.isfinite(v))
    assert v.min() > 0.1
    assert v.max() < 1.0


def test_instances_repeat_and_differ() -> None:
    one, again, other = (ChipInstance(seed).mismatch(512) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.v_threshold, again.v_threshold)
    assert not np.array_equal(one.v_threshold, other.v_threshold)
    np.testing.assert_array_equal(one.v_leak[:10], ChipInstance(1).mismatch(10).v_leak)
    assert {f.name for f in fields(Mismatch)} == set(SPREAD)
    for name, spread in SPREAD.items():
        assert getattr(one, name).std() == pytest.approx(spread.high, rel=0.12)


def test_every_number_of_a_profile_names_its_source() -> None:
    for name in (f.name for f in fields(Profile) if f.name != "name"):
        assert quantities(Profile)[name].source, name


def test_cells_and_converters() -> None:
    profile = PROFILES["v2_2021"]
    assert capmem.cell_voltage(1022) == pytest.approx(1.6)
    assert capmem.cell_current(1022) == pytest.approx(1e-6)
    volts = profile.madc_lsb * (73.0 + 2.89 * np.array([-5.0, 0.0, 80.0, 125.0, 300.0]))
    np.testing.assert_array_equal(readout.cadc(volts, profile), [0, 0, 80, 125, 255])
    np.testing.assert_array_equal(readout.madc(profile.madc_lsb * np.array([100.4, 374.6]), profile), [100, 375])
    steps = np.diff(readout.stamps(readout.madc_times(1e-6)))
    assert set(np.rint(steps / 1e-9)) == {32.0, 40.0}  # 34 ns on the 8 ns grid
    assert np.all(np.diff(readout.cadc_times(20e-6)) > 1.6e-6)


def test_the_tutorial_profile_follows_its_texts() -> None:
    # the notebooks of today: threshold 500 and leak 1000 fire, at 555 and 610 LSB by their own calibration figures
    profile = PROFILES["v3_tutorial"]
    circuit = circuit_of(HicannX((replace(FIRING, threshold_v_threshold=500),), profile="v3_tutorial"))
    assert circuit.v_threshold[0] / profile.madc_lsb == pytest.approx(555.0, abs=1.0)
    assert circuit.v_leak[0] / profile.madc_lsb == pytest.approx(610.0, abs=1.0)
    assert run(circuit, np.arange(0.0, 60e-6, 0.1e-6)).spikes[0].size > 1


def test_a_neuron_needs_its_switches() -> None:
    with pytest.raises(ParameterError, match="true or false"):
        NeuronLsb(threshold_enable=1)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="0 to 63"):
        NeuronLsb(membrane_capacitance_capacitance=64)
