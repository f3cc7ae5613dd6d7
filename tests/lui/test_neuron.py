# SPDX-License-Identifier: GPL-3.0-or-later
"""The model's step against closed forms worked out by hand, and against the board's equations integrated in small steps here.

The board of these tests has no bias currents, offsets and leakages, so that the equations are short: with VH = VDD/2,
k = 22/69 (R10 to R13) and Rp = 2.2 kOhm (R14, R15)

    C2 du/dt = -(I_in + u/R_syn)                    V_syn = VH + u
    C5 dV/dt = (V_leak - V)/R_leak + I + min(k (VDD - V_syn), VDD - V)/Rp - min(k V_syn, V)/Rp - I_reset
"""

from collections.abc import Callable
from itertools import pairwise
from math import exp, log, sqrt

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from luisim import measure
from luisim.experiment import Current, Experiment, Pulses
from luisim.lui.board import BoardParts
from luisim.lui.model import LuiModel
from luisim.lui.neuron import Drive, Neuron, State
from luisim.lui.parameters import LuiBoard, LuiParameters
from luisim.trace import Trace

K, RP = 22.0 / 69.0, 2.2e3
C5, C2 = 22e-6, 10e-6
BARE = BoardParts(comparator_bias=0.0, offset_current=0.0, off_resistance_p=1e12, off_resistance_n=1e12)


def bare(**settings: object) -> LuiParameters:
    return LuiParameters(**({"parts": BARE} | settings))  # type: ignore[arg-type]


def run(parameters: LuiParameters, duration: float, v_mem: float = 0.0, *stimuli: Pulses | Current) -> Trace:
    return LuiModel().run(Experiment(LuiBoard(parameters, v_mem), duration, stimuli))


def advance(neuron: Neuron, state: State, duration: float) -> State:
    """Step from event to event for ``duration`` s."""
    while duration > 1e-15:
        piece = neuron.step(state, Drive(), duration)
        state, duration = piece.end, duration - piece.duration
    return state


def thresholds(vdd: float) -> tuple[float, float]:
    """Upper and lower switching point of U3B: R17, R18, R21, R24, and 0.12 V left across its output."""
    up = (1 / 100e3 + 1 / 110e3) / (1 / 100e3 + 1 / 110e3 + 1 / 56e3)
    down = 1 / 100e3 / (2 / 100e3 + 1 / 56e3)
    return vdd * up, (vdd + 0.12) * down


# --------------------------------------------------------------------------------------------------------- closed forms


@pytest.mark.parametrize("vdd", [2.0, 3.0, 3.3])
@pytest.mark.parametrize("r_leak", [10e3, 25e3, 50e3])
def test_rest_in_the_middle_is_the_leak_potential(vdd: float, r_leak: float) -> None:
    parameters = bare(vdd=vdd, v_leak=0.3, r_leak=r_leak)
    trace = run(parameters, 20 * r_leak * C5, 0.3 * vdd + 0.1)
    assert trace.signals["v_mem"][-1] == pytest.approx(0.3 * vdd, abs=1e-6)
    assert trace.signals["v_syn"][-1] == pytest.approx(vdd / 2, abs=1e-6)


@pytest.mark.parametrize("r_leak", [2.2e3, 25e3, 50e3])
def test_rest_with_leak_at_ground_is_the_triode_floor(r_leak: float) -> None:
    """Below k V_syn the pull source starves: V = V0 R/(R + Rp) with V0 = k VDD/2, never 0 V."""
    trace = run(bare(v_leak=0.0, r_leak=r_leak), 3.0, 0.2)
    r, low = r_leak + 38.0, 1.7e-3  # the op amp near its rail
    assert trace.signals["v_mem"][-1] == pytest.approx((K * 1.5 * r + low * RP) / (r + RP), abs=0.1e-3)


def test_offset_current_moves_the_rest_by_ohms_law() -> None:
    parameters = bare(v_leak=0.3, parts=BoardParts(comparator_bias=0.0, off_resistance_p=1e12, offset_current=2e-6))
    assert run(parameters, 5.0, 0.9).signals["v_mem"][-1] == pytest.approx(0.9 + 25e3 * 2e-6, rel=1e-4)


@pytest.mark.parametrize(("sign", "r_on"), [(1, 9.5), (-1, 6.0)])
@pytest.mark.parametrize(("r_weight", "r_syn"), [(11e3, 11e3), (5.5e3, 5.5e3), (22e3, 22e3)])
@pytest.mark.parametrize("width", [5e-3, 15e-3])
def test_synaptic_step(sign: int, r_on: float, r_weight: float, r_syn: float, width: float) -> None:
    parameters = bare(v_leak=0.3, r_syn=r_syn, r_weight=(r_weight,) * 3, sign=(sign, 1, 1))
    trace = run(parameters, 0.6, 0.9, Pulses(1, (0.1,), width, 3.0))
    tau = r_syn * C2
    step = -sign * 1.5 / (470.0 + r_weight + r_on) * r_syn * (1.0 - exp(-width / tau))
    assert trace.at("v_syn", 0.1 + width) - 1.5 == pytest.approx(step, rel=2e-3)
    later = np.array([0.05, 0.1, 0.3])
    np.testing.assert_allclose(trace.at("v_syn", 0.1 + width + later) - 1.5, step * np.exp(-later / tau), rtol=4e-3)


def test_psp_peak_and_its_time() -> None:
    """A decaying V_syn through -2k/Rp into R || C: the difference of two exponentials."""
    r_leak, r_syn, width = 25e3, 11e3, 1e-3
    trace = run(bare(v_leak=0.3, r_leak=r_leak, r_syn=r_syn, r_weight=(5.5e3,) * 3), 2.0, 0.9, Pulses(1, (0.1,), width, 3.0))
    tau_m, tau_s = r_leak * C5, r_syn * C2
    step = 1.5 / (470.0 + 5.5e3 + 9.5) * r_syn * (1.0 - exp(-width / tau_s))
    when = log(tau_m / tau_s) * tau_m * tau_s / (tau_m - tau_s)
    height = 2 * K / RP * step * r_leak * tau_s / (tau_m - tau_s) * (exp(-when / tau_m) - exp(-when / tau_s))
    peak, time = measure.psp_peak(trace, 0.1)
    assert peak == pytest.approx(height, rel=5e-3)
    assert time == pytest.approx(when, abs=1.5e-3)


@pytest.mark.parametrize(
    ("v_leak", "r_leak", "current", "vdd"),
    [(0.8, 25e3, 0.0, 3.0), (0.8, 2.2e3, 0.0, 3.0), (0.6, 50e3, 0.0, 3.3), (1.0, 10e3, 0.0, 2.5), (0.3, 25e3, 60e-6, 3.0)],
)
def test_period_with_the_two_slopes_of_recharging(v_leak: float, r_leak: float, current: float, vdd: float) -> None:
    parameters = bare(vdd=vdd, v_leak=v_leak, r_leak=r_leak)
    trace = run(parameters, 4.0, 0.0, *([Current(current)] if current else []))
    rest, v_leak_volts = K * vdd / 2, v_leak * vdd
    up, _ = thresholds(vdd)
    g = 1 / r_leak + 1 / RP
    v_a = (v_leak_volts / r_leak + current + rest / RP) / g
    v_r = (v_leak_volts / r_leak + current + rest / RP) / (g + 1 / 24.0)
    v_b = v_leak_volts + r_leak * current
    slow, fast = C5 / g * log((v_a - v_r) / (v_a - rest)), r_leak * C5 * log((v_b - rest) / (v_b - up))
    pulse = measure.pulse_width(trace)
    assert pulse is not None
    assert np.diff(trace.spikes["out"]).mean() == pytest.approx(pulse + slow + fast, rel=5e-3)
    assert measure.threshold(trace) == pytest.approx(up, rel=1e-6)


@pytest.mark.parametrize(("revision", "ratio"), [(2025, 0.50616), (2023, 0.5)])
def test_pulse_width_is_fall_plus_rc(revision: int, ratio: float) -> None:
    parts = BoardParts.of_revision(revision)
    trace = run(LuiParameters(v_leak=0.8, r_leak=25e3, parts=parts), 2.0)
    fire, (up, down) = trace.spikes["out"][0], thresholds(3.0)
    after = (trace.time >= fire) & (trace.signals["v_mem"] < down)
    fall = trace.time[np.argmax(after)] - fire
    assert 0.2e-3 < fall < 0.6e-3
    assert trace.at("v_mem", fire) == pytest.approx(up, abs=3e-3)
    assert measure.pulse_width(trace) == pytest.approx(fall + 22e3 * 1e-6 * log(1.0 / (1.0 - ratio)), abs=0.25e-3)


def test_a_weak_supply_latches_and_a_strong_one_fires() -> None:
    """Q9 cannot pull the membrane down where its threshold lies above the output: one spike, and the output stays high."""
    parts = BoardParts(reset_threshold=2.154)
    latched = run(LuiParameters(vdd=2.1, r_leak=10e3, parts=parts), 2.0)
    assert latched.spikes["out"].size == 1
    assert latched.signals["v_out"][-1] > 1.9
    assert run(LuiParameters(vdd=2.5, r_leak=10e3, parts=parts), 2.0).spikes["out"].size > 5


# --------------------------------------------------------------------------------------- the equations, in small steps


def reset_current(v: float, output: bool, vdd: float) -> float:
    """Q9 (square law, 0.36 A/V^2, 1.6 V) in series with 22 Ohm and its drain's 0.977 Ohm, its gate at the output."""
    if not output:
        return 0.0
    over, r, gain = high(vdd) - 1.6, 22.977, 0.36
    if v >= over + r * 0.5 * gain * over**2:
        return 0.5 * gain * over**2
    b = r * gain * over + 1.0
    drain = (b - sqrt(b * b - 2.0 * r * gain * v)) / (r * gain)
    return gain * (over - 0.5 * drain) * drain


def high(vdd: float) -> float:
    """Output: R20 against R45 into the divider R22, R23."""
    divider = 22.0 / 49.0 * vdd, 27e3 * 22e3 / 49e3
    return vdd - (vdd - divider[0]) * 4.7e3 / (4.7e3 + 100e3 + divider[1])


def membrane(p: LuiParameters, v: float, v_syn: float, current: float) -> float:
    push = min(K * (p.vdd - v_syn), p.vdd - v) / RP
    pull = min(K * v_syn, v) / RP
    return (p.v_leak * p.vdd - v) / p.r_leak + current + push - pull


@pytest.mark.parametrize(("sign", "v_leak"), [((1, 1, 1), 0.3), ((-1, 1, 1), 0.2), ((1, -1, 1), 0.9), ((-1, -1, -1), 0.05)])
def test_subthreshold_trace_against_a_solver(sign: tuple[int, int, int], v_leak: float) -> None:
    """Through the triode floor at the bottom and the starving push source at the top (a threshold out of reach)."""
    parts = BoardParts(
        comparator_bias=0.0, offset_current=0.0, off_resistance_p=1e12, off_resistance_n=1e12,
        r_threshold_bottom=1e6, r_threshold_top=1e3,
    )  # fmt: skip
    p = bare(v_leak=v_leak, r_leak=20e3, r_syn=9e3, r_weight=(6e3, 9e3, 20e3), sign=sign, parts=parts)
    stimuli = (Pulses(1, (0.1, 0.25), 20e-3), Pulses(2, (0.3,), 30e-3), Pulses(3, (0.31,), 10e-3), Current(80e-6, 0.5, 0.9))
    trace = run(p, 1.2, 0.4, *stimuli)

    def slope(t: float, y: np.ndarray) -> list[float]:
        u, v = y
        i_in = 0.0
        for pulse in stimuli[:3]:
            assert isinstance(pulse, Pulses)
            if any(on <= t < off for on, off in pulse.intervals):
                s, r = sign[pulse.input - 1], p.r_weight[pulse.input - 1] + 470.0
                i_in += s * 1.5 / (r + (4.07 + 1.0 / (0.146 * (3.0 - 1.709)) if s > 0 else 6.0))
        return [-(i_in + u / p.r_syn) / C2, membrane(p, v, 1.5 + u, 80e-6 if 0.5 <= t < 0.9 else 0.0) / C5]

    edges = sorted({0.0, 1.2, 0.5, 0.9} | {e for s in stimuli if isinstance(s, Pulses) for pair in s.intervals for e in pair})
    state, times, values = [0.0, 0.4], [], []
    for start, stop in pairwise(edges):
        inside = np.linspace(start, stop, 50)
        solved = solve_ivp(slope, (start, stop - 1e-12), state, t_eval=inside[:-1], rtol=1e-9, atol=1e-10, max_step=2e-3)
        again = solve_ivp(slope, (start, stop - 1e-12), state, rtol=1e-9, atol=1e-10, max_step=2e-3)
        state = [again.y[0, -1], again.y[1, -1]]
        times.append(solved.t)
        values.append(solved.y[1])
    assert trace.spikes["out"].size == 0
    assert np.ptp(trace.signals["v_mem"]) > 0.2
    np.testing.assert_allclose(trace.at("v_mem", np.concatenate(times)), np.concatenate(values), atol=30e-6)


def euler(p: LuiParameters, duration: float, capacitance: Callable[[float], float], step: float = 5e-6) -> list[float]:
    """Spike times of a board without input, by brute force."""
    up, _ = thresholds(p.vdd)
    down = (p.vdd / 100e3 + 0.123 / 100e3) / (2 / 100e3 + 1 / 56e3)
    end = (22.0 / 49.0 * p.vdd / (27e3 * 22e3 / 49e3) + high(p.vdd) / 100e3) / (49e3 / (27e3 * 22e3) + 1 / 100e3)
    v, c9, above, output, spikes = 0.0, p.vdd, False, False, []
    for n in range(round(duration / step)):
        v += step / capacitance(v) * (membrane(p, v, p.vdd / 2, 0.0) - reset_current(v, output, p.vdd))
        c9 = 1.1e-3 if above else c9 + step * (p.vdd - c9) / 22e-3
        if not above and v > up:
            above = output = True
            spikes.append((n + 1) * step)
        elif above and v < down:
            above = False
        if output and not above and c9 >= end:
            output = False
    return spikes


@pytest.mark.parametrize(("v_leak", "r_leak", "vdd"), [(0.8, 10e3, 3.0), (0.6, 5e3, 2.7)])
def test_spikes_against_brute_force(v_leak: float, r_leak: float, vdd: float) -> None:
    p = bare(vdd=vdd, v_leak=v_leak, r_leak=r_leak)
    expected = euler(p, 1.0, lambda v: C5)
    found = run(p, 1.0).spikes["out"]
    assert len(expected) >= 4
    assert found.size == len(expected)
    np.testing.assert_allclose(found, expected, rtol=4e-4)


def test_derated_capacitor_against_brute_force() -> None:
    """C(V) = C/(1 + (V/V_half)^2), which the model takes in stairs of 0.1 V."""
    parts = BoardParts(
        comparator_bias=0.0, offset_current=0.0, off_resistance_p=1e12, off_resistance_n=1e12, c_mem=20e-6, c_mem_half=2.7
    )
    p = bare(v_leak=0.8, r_leak=10e3, parts=parts)
    expected = euler(p, 1.0, lambda v: 20e-6 / (1.0 + (v / 2.7) ** 2))
    np.testing.assert_allclose(run(p, 1.0).spikes["out"], expected, rtol=1e-3)


# ------------------------------------------------------------------------------------------------------- a pure step


def test_a_run_does_not_depend_on_how_it_is_cut() -> None:
    """The step is exact: two halves are one whole, at any place of the cut."""
    neuron = Neuron(LuiParameters(r_leak=10e3))
    start = neuron.rest(0.3)
    whole = advance(neuron, start, 0.7)
    for cut in (0.05, 0.2123, 0.2126, 0.228, 0.5):
        first = advance(neuron, start, cut)
        second = advance(neuron, first, 0.7 - cut)
        assert second == pytest.approx(whole, abs=1e-7)


def test_step_changes_nothing_but_its_answer() -> None:
    neuron = Neuron(LuiParameters(r_leak=10e3))
    state = neuron.rest(1.5)
    assert neuron.step(state, Drive(), 0.1) == neuron.step(state, Drive(), 0.1)
    assert state == neuron.rest(1.5)


def test_equal_time_constants_and_end_stops_run() -> None:
    for settings in ({"r_leak": 5e3, "r_syn": 11e3}, {"r_leak": 0.0}, {"r_syn": 0.0}, {"r_weight": (0.0, 0.0, 0.0)}):
        trace = run(LuiParameters(**settings), 0.5, 0.9, Pulses(1, (0.1, 0.2), 15e-3), Pulses(2, (0.1,), 0.3))  # type: ignore[arg-type]
        for values in trace.signals.values():
            assert np.all(np.isfinite(values))
            assert values.min() >= -0.01
            assert values.max() <= 3.01
