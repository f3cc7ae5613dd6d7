# SPDX-License-Identifier: GPL-3.0-or-later
"""Comparison, against pairs of traces that differ by a known amount."""

import numpy as np
import pytest

from luisim.compare import aligned_residual, compare, residual, window
from luisim.errors import ParameterError
from luisim.trace import Trace


def sawtooth(period: float = 0.2, delay: float = 0.0, offset: float = 0.0, start: float = 0.0, end: float = 2.0) -> Trace:
    """Rises by 1 V in each period and fires at its end."""
    time = np.arange(start, end, 0.1e-3)
    spikes = np.arange(1, 100) * period + delay
    phase = ((time - delay) / period) % 1.0
    inside = spikes[(spikes >= start) & (spikes <= time[-1])]
    return Trace(time, {"v_mem": phase + offset}, {"out": inside}, f"saw{period:g}{delay:+g}")


def test_a_trace_does_not_differ_from_itself() -> None:
    a = sawtooth()
    result = compare(a, a)
    assert result.rms == result.rms_aligned == 0.0
    assert result.isi_difference == pytest.approx(0.0)
    assert result.a == result.b
    assert result.a.spikes == 9


def test_an_offset_is_the_rms() -> None:
    result = compare(sawtooth(), sawtooth(offset=-0.02))
    assert result.rms == pytest.approx(0.02, rel=1e-6)
    assert result.rms_aligned == pytest.approx(0.02, rel=1e-6)
    assert result.b.threshold - result.a.threshold == pytest.approx(-0.02, abs=1e-6)  # type: ignore[operator]
    time, difference = residual(sawtooth(), sawtooth(offset=-0.02))
    assert time.shape == difference.shape
    np.testing.assert_allclose(difference, -0.02, atol=1e-9)


def test_a_sine_against_zero_is_its_amplitude_over_root_two() -> None:
    time = np.linspace(0.0, 1.0, 10001)
    sine = Trace(time, {"v_mem": 0.1 * np.sin(2.0 * np.pi * 5.0 * time)})
    assert compare(Trace(time, {"v_mem": 0.0 * time}), sine).rms == pytest.approx(0.1 / np.sqrt(2.0), rel=1e-3)


def test_a_shift_vanishes_when_aligned_on_the_spikes() -> None:
    a, b = sawtooth(), sawtooth(delay=0.03)
    result = compare(a, b)
    assert result.rms > 0.3
    # what is left are the samples in the falling edge
    times, differences = aligned_residual(a, b)
    assert np.median(np.abs(differences)) < 1e-9
    assert result.rms_aligned < 0.1 * result.rms
    assert times.min() >= -1e-9
    assert result.isi_difference == pytest.approx(0.0, abs=1e-9)


def test_interval_in_percent_of_the_first() -> None:
    assert compare(sawtooth(0.2), sawtooth(0.21)).isi_difference == pytest.approx(5.0)
    assert compare(sawtooth(0.21), sawtooth(0.2)).isi_difference == pytest.approx(100.0 * (0.2 / 0.21 - 1.0))


def test_one_or_no_spike_gives_no_interval_and_plain_rms() -> None:
    time = np.linspace(0.0, 1.0, 1001)
    quiet = Trace(time, {"v_mem": np.full(1001, 0.9)}, {}, "quiet")
    result = compare(quiet, sawtooth(end=1.0))
    assert result.isi_difference is None
    assert result.rms_aligned == result.rms
    assert (result.a.threshold, result.a.isi) == (None, None)


def test_only_the_common_time_counts() -> None:
    a = sawtooth(end=1.0)
    later = a.time >= 0.5
    b = Trace(a.time[later], {"v_mem": a.signals["v_mem"][later]}, a.spikes, "later")
    assert window(a, b) == pytest.approx((0.5, 0.9999))
    result = compare(a, b)
    assert result.rms == pytest.approx(0.0, abs=1e-9)
    assert result.a.spikes == result.b.spikes == 2
    with pytest.raises(ParameterError, match="do not overlap in time"):
        compare(sawtooth(end=1.0), sawtooth(start=1.5))
