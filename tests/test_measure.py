# SPDX-License-Identifier: GPL-3.0-or-later
"""Readings, against signals whose values are known because they are written down here."""

import numpy as np
import pytest

from luisim import measure
from luisim.trace import Trace

PERIOD, WIDTH, TAU, THRESHOLD = 0.25, 15e-3, 0.1, 1.55


def neuron(duration: float = 2.0, step: float = 0.1e-3, noise: float = 0.0) -> Trace:
    """A membrane that charges from 0 to the threshold, stays at 0 during the pulse, and charges again."""
    time = np.arange(0.0, duration, step)
    phase = (time + WIDTH) % PERIOD
    top = THRESHOLD / (1.0 - np.exp(-(PERIOD - WIDTH) / TAU))
    v_mem = np.where(phase < WIDTH, 0.0, top * (1.0 - np.exp(-(phase - WIDTH) / TAU)))
    v_mem += noise * np.random.default_rng(4).standard_normal(time.size)
    spikes = np.arange(PERIOD - WIDTH, duration, PERIOD)
    out = np.where((phase < WIDTH) & (time > WIDTH), 2.9, 0.1)
    return Trace(time, {"v_mem": v_mem, "v_out": out}, {"out": spikes}, "known")


def membrane_only(trace: Trace) -> Trace:
    return Trace(trace.time, {"v_mem": trace.signals["v_mem"]}, {}, "recording")


def test_rate_and_intervals() -> None:
    spikes = measure.spikes(neuron())
    np.testing.assert_allclose(measure.intervals(spikes), PERIOD)
    assert measure.rate(spikes, 2.0) == pytest.approx(1.0 / PERIOD)
    assert measure.rate(np.array([0.3]), 2.0) == 0.5
    assert measure.rate(np.empty(0), 2.0) == 0.0


@pytest.mark.parametrize(("noise", "within"), [(0.0, 0.2e-3), (5e-3, 3e-3)])
def test_spikes_are_found_on_the_membrane_alone(noise: float, within: float) -> None:
    trace = neuron(noise=noise)
    found = measure.spikes(membrane_only(trace))
    np.testing.assert_allclose(found, trace.spikes["out"], atol=within)


def test_a_quiet_membrane_and_a_psp_have_no_spikes() -> None:
    time = np.arange(0.0, 2.0, 1e-3)
    psp = 0.9 + 0.6 * np.where(time > 0.2, np.exp(-(time - 0.2) / 0.5) - np.exp(-(time - 0.2) / 0.1), 0.0)
    for v in (np.full(time.size, 0.9), psp, 0.9 + 5e-3 * np.random.default_rng(5).standard_normal(time.size)):
        trace = Trace(time, {"v_mem": v})
        assert measure.spikes(trace).size == 0
        assert measure.threshold(trace) is None
        assert measure.pulse_width(trace) is None


def test_threshold_and_pulse_width() -> None:
    trace = neuron()
    assert measure.threshold(trace) == pytest.approx(THRESHOLD, rel=1e-3)
    assert measure.pulse_width(trace) == pytest.approx(WIDTH, abs=0.1e-3)  # one sample
    assert measure.pulse_width(membrane_only(trace)) == pytest.approx(WIDTH, abs=0.2e-3)


def test_a_pulse_that_never_ends_has_no_width() -> None:
    time = np.linspace(0.0, 1.0, 1001)
    trace = Trace(time, {"v_mem": time, "v_out": np.where(time > 0.5, 2.9, 0.1)}, {"out": np.array([0.5])})
    assert measure.pulse_width(trace) is None


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_psp_against_the_alpha_function(sign: float) -> None:
    time = np.arange(0.0, 2.0, 0.2e-3)
    since = np.maximum(time - 0.3, 0.0)
    v = 0.9 + sign * 0.19 * since / TAU * np.exp(1.0 - since / TAU)  # peaks at TAU
    height, when = measure.psp_peak(Trace(time, {"v_mem": v}), 0.3)
    assert height == pytest.approx(sign * 0.19, rel=1e-6)
    assert when == pytest.approx(TAU, abs=0.3e-3)
