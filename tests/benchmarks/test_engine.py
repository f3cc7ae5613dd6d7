# SPDX-License-Identifier: GPL-3.0-or-later
"""The benchmarks' workloads and reference: reproducible, and right where theory or another solver says what is right."""

from dataclasses import replace

import numpy as np
import pytest
from engine import reference
from engine.accuracy import accuracy
from engine.workloads import Adex, Lif, Workload, workload
from scipy.integrate import solve_ivp


@pytest.mark.parametrize("name", ["W1", "W2", "W3", "W4", "W5", "W1-ota"])
def test_workload_is_the_same_every_time(name: str) -> None:
    a, b = (workload(name, "low", 20.0, n=32) for _ in range(2))
    for field in ("weights", "row_scale", "input_step", "input_row"):
        np.testing.assert_array_equal(getattr(a, field), getattr(b, field))
    for field, value in vars(a.neuron).items():
        np.testing.assert_array_equal(value, vars(b.neuron)[field])


def test_inputs_have_the_stated_rate_and_are_sorted() -> None:
    w = workload("W1", "medium", 1000.0)
    assert len(w.input_step) == pytest.approx(256 * 50.0, rel=0.05)  # 50 kHz for 1 ms on each row
    assert np.all(np.diff(w.input_step) >= 0)


@pytest.mark.parametrize("name", ["W4", "W4-ota"])
def test_reference_is_the_closed_form(name: str) -> None:
    w = workload(name, "medium", 100.0, n=16)
    assert isinstance(w.neuron, Lif)
    times, neurons = reference.spikes(w)
    interval = reference.closed_form_interval(w.neuron)
    for j in range(16):
        own = times[neurons == j]
        expected = interval[j] + np.arange(len(own)) * (interval[j] + w.neuron.t_ref[j])
        assert len(own) == int((100.0 - interval[j]) / (interval[j] + w.neuron.t_ref[j])) + 1
        np.testing.assert_allclose(own, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", ["W1", "W1-ota"])
def test_reference_of_synapses_is_scipys(name: str) -> None:
    """One neuron under sparse input, solved by SciPy from event to event."""
    w = workload(name, "low", 100.0, n=1)
    assert isinstance(w.neuron, Lif)
    w = replace(w, neuron=replace(w.neuron, e=w.neuron.theta - 1.0))
    times, _ = reference.spikes(w)
    expected = _scipy_lif(w)
    assert len(expected) > 0
    np.testing.assert_allclose(times, expected, rtol=0, atol=1e-7)


def test_a_bump_between_two_looks_is_found() -> None:
    """The membrane passes the threshold and comes back before the end of the interval."""
    one = np.ones(1)
    neuron = Lif(10.0 * one, 0.2 * one, 0.5 * one, 0.0 * one, 1.0 * one, -1.0 * one, 50.0 * one)
    membrane = reference._Linear(neuron)
    j, v, zero = np.zeros(1, np.intp), 0.95 * one, 0.0 * one
    # 6 mV of current for 0.2 units lift v by about 0.07, then it leaks away
    end = membrane.after(j, v, 6.0 * one, zero, one)
    assert end[0] < 1.0
    at = membrane.passage(j, v, 6.0 * one, zero, one)
    assert membrane.after(j, v, 6.0 * one, zero, at)[0] == pytest.approx(1.0, abs=1e-12)
    assert membrane.slope(j, v, 6.0 * one, zero, at)[0] > 0.0


def test_adex_reference_is_scipys() -> None:
    w = workload("W3", "medium", 40.0, n=2)
    times, neurons = reference.spikes(w)
    for j in range(2):
        expected = _scipy_adex(w, j)
        assert len(expected) > 1
        np.testing.assert_allclose(times[neurons == j], expected, rtol=0, atol=1e-6)


def test_accuracy_counts_only_neurons_with_equal_count() -> None:
    expected, whose = np.array([1.0, 2.0, 3.0]), np.array([0, 1, 1])
    found = accuracy(np.array([1.5, 2.0]), np.array([0, 1]), expected, whose, 3)
    assert (found.equal, found.neurons, found.spikes, found.expected) == (2, 3, 2, 3)
    assert found.median == 0.5


def _scipy_lif(w: Workload) -> list[float]:
    p = w.neuron
    assert isinstance(p, Lif)
    weight = w.millivolts[:, 0]
    stops = [*np.unique(w.input_step) * 0.1, w.duration]
    now, free, spikes, y = 0.0, 0.0, [], np.array([p.start[0], 0.0, 0.0])

    def leak(v: float) -> float:
        return p.e[0] - v if p.leak_range is None else p.leak_range[0] * np.tanh((p.e[0] - v) / p.leak_range[0])

    def law(t: float, y: np.ndarray) -> list[float]:
        held = 0.0 if t < free else 1.0
        return [held * (leak(y[0]) + y[1] - y[2]) / p.tau_m[0], -y[1] / p.tau_e[0], -y[2] / p.tau_i[0]]

    def fires(t: float, y: np.ndarray) -> float:
        return y[0] - p.theta[0]

    fires.terminal, fires.direction = True, 1.0  # type: ignore[attr-defined]
    for stop in stops:
        while now < stop:
            end = min(stop, free) if now < free else stop
            # strictly inside the piece: a held membrane stays held to its end
            held = now < free
            free_at, free = free, np.inf if held else 0.0
            part = solve_ivp(law, (now, end), y, "DOP853", events=fires, rtol=1e-11, atol=1e-12)
            free, now, y = free_at, part.t[-1], part.y[:, -1]
            if part.status == 1:
                spikes.append(now)
                y, free = np.array([p.v_r[0], y[1], y[2]]), now + p.t_ref[0]
        for row in w.input_row[np.isclose(w.input_step * 0.1, stop)]:
            y = y + np.array([0.0, max(weight[row], 0.0), max(-weight[row], 0.0)])
    return spikes


def _scipy_adex(w: Workload, j: int) -> list[float]:
    assert isinstance(w.neuron, Adex)
    p = replace(w.neuron, **{k: v[j] for k, v in vars(w.neuron).items() if k != "v_peak"})

    def law(t: float, y: np.ndarray) -> list[float]:
        leak = p.g_l * (p.e_l - y[0]) + p.g_l * p.delta_t * np.exp((y[0] - p.v_t) / p.delta_t)
        return [(leak + p.i - y[1]) / p.c, (p.a * (y[0] - p.e_l) - y[1]) / p.tau_w]

    def fires(t: float, y: np.ndarray) -> float:
        return y[0] - p.v_peak

    fires.terminal, fires.direction = True, 1.0  # type: ignore[attr-defined]
    now, y, spikes = 0.0, np.array([p.e_l, 0.0]), []
    while now < w.duration:
        part = solve_ivp(law, (now, w.duration), y, "DOP853", events=fires, rtol=1e-11, atol=1e-12)
        if part.status != 1:
            break
        spikes.append(part.t[-1])
        goal = p.a * (p.v_r - p.e_l)
        now = part.t[-1] + p.t_ref
        y = np.array([p.v_r, goal + (part.y[1, -1] + p.b - goal) * np.exp(-p.t_ref / p.tau_w)])
    return spikes
