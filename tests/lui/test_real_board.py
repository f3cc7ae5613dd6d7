# SPDX-License-Identifier: GPL-3.0-or-later
"""The digital twin against the one recording of a real board that is published, over its whole length."""

import numpy as np
import pytest
from scipy.optimize import curve_fit

from firmware_bridge.replay import RecordedLui
from luisim import measure
from luisim.compare import compare, window
from luisim.lui.model import LuiModel
from luisim.trace import Trace
from tui.backends import load_experiment

EXPERIMENT = load_experiment("real-board")
RECORDED = RecordedLui("lui-photo").run(EXPERIMENT)


@pytest.fixture(scope="module")
def twin() -> Trace:
    return LuiModel().run(EXPERIMENT)


def test_whole_trace(twin: Trace) -> None:
    assert window(RECORDED, twin) == (0.0, RECORDED.time[-1])
    result = compare(RECORDED, twin)
    assert result.rms < 15e-3
    assert result.a.spikes == result.b.spikes == 1


def test_single_readings(twin: Trace) -> None:
    """Digitised: 1.2385 V at 0.3827 s after the first sample, floor at 7 mV, released 14.3 to 15 ms later."""
    result = compare(RECORDED, twin)
    assert twin.spikes["out"][0] == pytest.approx(0.3827, abs=4e-3)
    assert measure.threshold(twin) == pytest.approx(1.2385, abs=10e-3)
    assert twin.signals["v_mem"].min() == pytest.approx(7e-3, abs=5e-3)
    assert result.a.pulse_width is not None
    assert result.b.pulse_width == pytest.approx(result.a.pulse_width, abs=0.5e-3)


def test_rise_has_the_recorded_time_constant(twin: Trace) -> None:
    """The published fit of the recording: 0.738 s towards 2.478 V."""
    time = np.linspace(0.0, 0.38, 200)
    recorded, found = _exponential(time, RECORDED.at("v_mem", time)), _exponential(time, twin.at("v_mem", time))
    assert recorded == pytest.approx((2.478, 0.738), rel=0.03)
    assert found == pytest.approx(recorded, rel=0.03)


def test_recharge_after_the_pulse(twin: Trace) -> None:
    """The triode floor: it rises to 0.39 V within 50 ms, which the leak alone would not reach in 100 ms."""
    after = np.linspace(16e-3, RECORDED.time[-1] - measure.spikes(RECORDED)[0], 200)
    difference = twin.at("v_mem", twin.spikes["out"][0] + after) - RECORDED.at("v_mem", measure.spikes(RECORDED)[0] + after)
    assert np.sqrt(np.mean(difference**2)) < 8e-3
    assert np.abs(difference).max() < 15e-3


def _exponential(time: np.ndarray, v: np.ndarray) -> tuple[float, float]:
    """Asymptote in V and time constant in s of the exponential that fits best."""

    def law(t: np.ndarray, end: float, tau: float, swing: float) -> np.ndarray:
        return end - swing * np.exp(-(t - time[0]) / tau)

    found, _ = curve_fit(law, time, v, p0=(2.0 * v[-1], np.ptp(time), v[-1]))
    return float(found[0]), float(found[1])
