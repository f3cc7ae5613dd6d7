# SPDX-License-Identifier: GPL-3.0-or-later
"""Readings off a trace: spikes, rate, inter-spike interval, threshold, pulse width, PSP. Pure functions; None: not there."""

import itertools

import numpy as np

from luisim.trace import Array, Trace

SETTLE = 0.2e-3  # s after an edge before a reading is taken: op amps glitch for a microsecond or so
_FEWEST = 20  # samples between two spikes of a chip in which a rise can be read
CHATTER = 0.5e-3  # s; flutter has gaps of some 10 us, and two spikes are 2 ms apart at the least (R_leak = 0)


def find_spikes(time: Array, v_mem: Array, *, fall: float = 0.5, within: float = 5e-3, least: float = 0.2) -> Array:
    """Spike times in s where the membrane potential drops by ``fall`` of its whole range ``within`` s: the last peak before.

    For recordings that show the membrane alone. ``time``, ``v_mem``: (n,) in s and V. ``least``: range below which there is
    none; on a board no reset is smaller than its default, and every PSP on a quiet membrane is slower.
    """
    swing = float(np.ptp(v_mem))
    if swing < least:
        return np.empty(0)
    later = np.interp(time + within, time, v_mem)
    falling = np.flatnonzero(v_mem - later > fall * swing)
    if falling.size == 0:
        return np.empty(0)
    groups = np.split(falling, np.flatnonzero(np.diff(time[falling]) > within) + 1)
    peaks = [group[0] + int(np.argmax(v_mem[group[0] : group[-1] + 1])) for group in groups]
    return time[peaks]


def spikes(trace: Trace) -> Array:
    """Spike times of a trace with one output, in s; found on the membrane where the trace brings none."""
    if trace.spikes:
        return next(iter(trace.spikes.values()))
    if trace.membrane == "v_madc":  # an LSB is about a millivolt, and a reset takes two microseconds
        slow = find_spikes(trace.time * trace.speed_up, 1e-3 * trace.signals["v_madc"], within=2e-3, least=0.08)
        return slow / trace.speed_up
    return find_spikes(trace.time, trace.signals["v_mem"])


def intervals(times: Array) -> Array:
    """Inter-spike intervals in s."""
    return np.diff(times)


def rate(times: Array, duration: float) -> float:
    """Firing rate in Hz: one over the mean inter-spike interval, or spikes per ``duration`` (s) if there are fewer than two."""
    return float(1.0 / np.mean(np.diff(times))) if times.size > 1 else times.size / duration


def threshold(trace: Trace) -> float | None:
    """Membrane potential at which the neuron fires, in V or LSB: the mean of the peaks at its spikes."""
    time, v = trace.time, trace.signals[trace.membrane]
    # from 2 ms before to 0.2 ms after: a recording's spike may be stamped a sample away from its peak
    before, after = 2e-3 / trace.speed_up, SETTLE / trace.speed_up
    near = [v[(time >= t - before) & (time <= t + after)] for t in spikes(trace)]
    peaks = [float(part.max()) for part in near if part.size]
    return float(np.mean(peaks)) if peaks else None


def output_pulses(time: Array, v_out: Array) -> Array:
    """(n, 2): rising and falling edge of each output pulse in s, at half height; NaN for an edge beyond the end of the trace.

    A gap shorter than ``CHATTER`` belongs to the pulse: on boards from before 2025 the output flutters for some ms at the end
    of a pulse when the cell is weak, and nobody would call that spikes. ``time``, ``v_out``: (n,) in s and V.
    """
    low, high = float(v_out.min()), float(v_out.max())
    if high - low < 0.5:  # V: no output pulse is smaller
        return np.empty((0, 2))
    level = 0.5 * (low + high)
    before, after = v_out[:-1] - level, v_out[1:] - level
    where = time[:-1] - before * np.diff(time) / np.where(after == before, 1.0, after - before)
    up, down = where[(before < 0) & (after >= 0)], where[(before >= 0) & (after < 0)]
    if v_out[0] >= level:
        up = np.concatenate(([np.nan], up))
    if v_out[-1] >= level:
        down = np.concatenate((down, [np.nan]))
    real = up[1:] - down[:-1] >= CHATTER
    return np.column_stack((up[np.append(True, real)], down[np.append(real, True)]))


def pulse_width(trace: Trace) -> float | None:
    """Length of the output pulse in s, mean over the complete ones.

    Read at half height of ``v_out``; without it, the time from a spike until the membrane rises off its floor again.
    """
    out = trace.signals.get("v_out")
    if trace.speed_up > 1.0:
        return _release(trace)  # a chip's spikes are digital events
    if out is None:
        return _floor_width(trace)
    widths = np.diff(output_pulses(trace.time, out))
    return float(np.nanmean(widths)) if np.any(np.isfinite(widths)) else None


def _floor_width(trace: Trace) -> float | None:
    """From each spike to where the line through 2 % and 6 % of the following rise meets the floor; mean in s."""
    time, v = trace.time, trace.signals[trace.membrane]
    widths = []
    for t in spikes(trace):
        after = (time > t) & (time < t + 0.1 / trace.speed_up)
        if time[-1] < t + 0.04 / trace.speed_up or not np.any(after):
            continue
        floor = float(v[after].min())
        swing = float(v.max()) - floor
        last = [float(time[after & (v < floor + part * swing)][-1]) for part in (0.02, 0.06)]
        widths.append(last[0] - 0.5 * (last[1] - last[0]) - t)
    return float(np.mean(widths)) if widths else None


def _release(trace: Trace) -> float | None:
    """From each spike of a chip to where the line through the start of the following rise meets the lowest level; mean in s."""
    time, v, found = trace.time, trace.signals[trace.membrane], spikes(trace)
    widths = []
    for t, end in itertools.pairwise(found):
        inside = (time > t) & (time < end)
        x, y = time[inside], v[inside]
        if y.size < _FEWEST:
            continue
        smooth = np.convolve(y, np.ones(5) / 5, "same")[2:-2]  # the converter's noise is a LSB or two
        low, floor = int(np.argmin(smooth)) + 2, float(smooth.min())
        swing = float(y[low:].max()) - floor
        rise = np.flatnonzero((y - floor > 0.1 * swing) & (y - floor < 0.35 * swing))
        rise = rise[rise > low]
        if rise.size >= 3 and swing > 0.0:
            slope, level = np.polynomial.polynomial.polyfit(x[rise] - t, y[rise], 1)[::-1]
            widths.append((floor - float(level)) / float(slope))
    return float(np.median(widths)) if widths else None


def extremes(trace: Trace) -> tuple[float, float]:
    """Peak and trough in V or LSB: means over the intervals between spikes; of a silent membrane its highest and lowest."""
    time, v, found = trace.time, trace.signals[trace.membrane], spikes(trace)
    parts = [v[(time > t) & (time <= end)] for t, end in itertools.pairwise(found)]
    parts = [part for part in parts if part.size] or [v]
    return float(np.mean([part.max() for part in parts])), float(np.mean([part.min() for part in parts]))


def psp_peak(trace: Trace, start: float) -> tuple[float, float]:
    """Height in V or LSB (signed) and time after ``start`` in s of the membrane's largest excursion from where it was then."""
    after = trace.time >= start
    v = trace.signals[trace.membrane][after] - float(trace.at(trace.membrane, start))
    index = int(np.argmax(np.abs(v)))
    return float(v[index]), float(trace.time[after][index] - start)
