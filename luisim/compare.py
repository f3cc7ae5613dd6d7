# SPDX-License-Identifier: GPL-3.0-or-later
"""Comparison: two traces in, their differences out."""

from dataclasses import dataclass

import numpy as np

from luisim import measure
from luisim.errors import ParameterError
from luisim.trace import Array, Trace

_STEP = 0.2e-3  # s, the grid on which two traces of a board are subtracted; a chip is 1000 times faster


@dataclass(frozen=True)
class Reading:
    """What one trace shows in the window of a comparison: SI units, None where there is nothing to read."""

    spikes: int
    rate: float
    isi: float | None
    threshold: float | None
    pulse_width: float | None


@dataclass(frozen=True)
class Comparison:
    """How two traces differ over the ``window`` (start, end in s) that both cover.

    ``rms``: root mean square difference of the membrane potentials, in V or, for a chip, LSB. ``rms_aligned``: the same with
    each trace aligned on its own spikes; equal to ``rms`` if either has none. ``isi_difference``: mean inter-spike interval, b
    against a, in %.
    """

    first: str
    second: str
    window: tuple[float, float]
    rms: float
    rms_aligned: float
    isi_difference: float | None
    a: Reading
    b: Reading


def compare(a: Trace, b: Trace) -> Comparison:
    """Compare the membrane potential and the spikes of two traces of one device where they overlap in time.

    Raises :class:`~luisim.errors.ParameterError` if they do not overlap, or are of a board and of a chip.
    """
    if a.membrane != b.membrane:
        raise ParameterError(f"{a.origin} is in {a.unit} and {b.origin} in {b.unit}: only traces of one kind can be compared.")
    start, end = window(a, b)
    cut_a, cut_b = _cut(a, start, end), _cut(b, start, end)
    read_a, read_b = _reading(cut_a), _reading(cut_b)
    rms, aligned = _rms(residual(cut_a, cut_b)[1]), _rms(aligned_residual(cut_a, cut_b)[1])
    isi = 100.0 * (read_b.isi / read_a.isi - 1.0) if read_a.isi and read_b.isi else None
    return Comparison(a.origin, b.origin, (start, end), rms, aligned, isi, read_a, read_b)


def window(a: Trace, b: Trace) -> tuple[float, float]:
    """The time that both traces cover, in s."""
    start, end = float(max(a.time[0], b.time[0])), float(min(a.time[-1], b.time[-1]))
    if end - start < 2 * _step(a):
        raise ParameterError(f"{a.origin} and {b.origin} do not overlap in time, so they cannot be compared.")
    return start, end


def residual(a: Trace, b: Trace) -> tuple[Array, Array]:
    """(n,) times in s and the membrane potential of ``b`` minus that of ``a`` in their unit, at equal times."""
    start, end = window(a, b)
    time = np.linspace(start, end, max(3, round((end - start) / _step(a)) + 1))
    return time, b.at(b.membrane, time) - a.at(a.membrane, time)


def aligned_residual(a: Trace, b: Trace) -> tuple[Array, Array]:
    """The residual with each trace aligned on its own spikes, on the time axis of ``a``.

    The n-th spike of ``b`` is laid over the n-th of ``a``; each piece runs from halfway after the spike before to halfway
    before the spike after, as far as both have it. The ends of the run belong to the first and last spike.
    """
    spikes_a, spikes_b = measure.spikes(a), measure.spikes(b)
    pairs = min(spikes_a.size, spikes_b.size)
    if pairs == 0:
        return residual(a, b)
    times, values, step = [], [], _step(a)
    before_a, after_a = _reach(spikes_a, a)
    before_b, after_b = _reach(spikes_b, b)
    for n in range(pairs):
        back, ahead = min(before_a[n], before_b[n]), min(after_a[n], after_b[n])
        offset = np.arange(-np.floor(back / step), np.floor(ahead / step) + 1) * step
        times.append(spikes_a[n] + offset)
        values.append(b.at(b.membrane, spikes_b[n] + offset) - a.at(a.membrane, spikes_a[n] + offset))
    return np.concatenate(times), np.concatenate(values)


def _step(trace: Trace) -> float:
    return _STEP / trace.speed_up


def _reach(spikes: Array, trace: Trace) -> tuple[Array, Array]:
    """How far each spike's piece reaches back and ahead, in s."""
    halves = np.diff(spikes) / 2
    return (
        np.concatenate(([spikes[0] - trace.time[0]], halves)),
        np.concatenate((halves, [trace.time[-1] - spikes[-1]])),
    )


def _cut(trace: Trace, start: float, end: float) -> Trace:
    inside = (trace.time > start) & (trace.time < end)
    time = np.concatenate(([start], trace.time[inside], [end]))
    signals = {name: np.interp(time, trace.time, values) for name, values in trace.signals.items()}
    found = measure.spikes(trace)
    return Trace(time, signals, {"out": found[(found >= start) & (found <= end)]}, trace.origin, trace.fast)


def _reading(trace: Trace) -> Reading:
    times = measure.spikes(trace)
    return Reading(
        int(times.size),
        measure.rate(times, trace.duration),
        float(np.mean(np.diff(times))) if times.size > 1 else None,
        measure.threshold(trace),
        measure.pulse_width(trace),
    )


def _rms(values: Array) -> float:
    return float(np.sqrt(np.mean(values**2)))
