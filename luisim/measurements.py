# SPDX-License-Identifier: GPL-3.0-or-later
"""Automatic measurements: everything an oscilloscope would read off a membrane, each with the places where it was read.

Built on :mod:`luisim.measure` and :mod:`luisim.decay`. On a board tau_mem is read between 60 % and 98 % of the rise to the
threshold: below that the pull source starves and its resistor R15 shortens it.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from luisim import measure
from luisim.decay import Decay, fit_decay, fit_two
from luisim.trace import Array, Trace

_MOST = 8  # intervals to which an exponential is fitted: the newest ones
_POINTS = 200  # of a fit
_RISE = (0.6, 0.98)  # of the way from the reset to the threshold
_SURE = 0.1  # a time constant whose standard deviation is a larger part of it is not told
_LEAST_PSP = 3.0  # times the noise
_PULSE = 15e-3  # s, of a presynaptic spike where nobody says how long it was


@dataclass(frozen=True)
class Place:
    """Where something was read: from ``start`` to ``stop`` in s (equal: at one time), at ``level`` in the trace's unit."""

    start: float
    stop: float
    level: float


@dataclass(frozen=True)
class Measurement:
    """``name`` as in :data:`NAMES`; ``value`` in ``unit`` ("" for none); ``places``: where it was read, the newest last.

    ``sd``: its standard deviation over ``count`` readings, or of the fit; None where there is none.
    """

    name: str
    value: float
    unit: str
    sd: float | None = None
    count: int = 1
    places: tuple[Place, ...] = ()


NAMES = ("rate", "isi", "cv", "threshold", "reset", "refractory", "tau_mem", "tau_syn", "psp")


def measurements(trace: Trace, inputs: Sequence[tuple[float, float]] | None = None) -> tuple[Measurement, ...]:
    """All that ``trace`` (of one neuron) shows, in the order of :data:`NAMES`; what is not there is left out.

    ``inputs``: (start, stop) in s of the pulses that went in; None if nobody knows: then an excursion of a silent membrane is
    taken for the answer to one.
    """
    spikes = measure.spikes(trace)
    found = [*_rhythm(trace, spikes), *_levels(trace, spikes), *_rises(trace, spikes)]
    if inputs is None:
        inputs = _excursion(trace) if spikes.size == 0 else ()
    tau_syn = _tau_syn(trace, inputs)
    found += [tau_syn] if tau_syn else []
    known = {m.name for m in found}
    found += [m for m in _psp(trace, spikes, inputs, tau_syn) if m.name not in known]
    return tuple(sorted(found, key=lambda m: NAMES.index(m.name)))


def _rhythm(trace: Trace, spikes: Array) -> list[Measurement]:
    if spikes.size < 2:
        return []
    gaps = measure.intervals(spikes)
    level = measure.threshold(trace) or 0.0
    mean, sd = float(gaps.mean()), float(gaps.std(ddof=1)) if gaps.size > 1 else None
    places = tuple(Place(float(a), float(b), level) for a, b in itertools.pairwise(spikes))
    found = [
        Measurement("rate", 1.0 / mean, "Hz", None, gaps.size, (Place(float(spikes[0]), float(spikes[-1]), level),)),
        Measurement("isi", mean, "s", sd, gaps.size, places),
    ]
    if sd is not None:
        found.append(Measurement("cv", sd / mean, "", None, gaps.size, places))
    return found


def _levels(trace: Trace, spikes: Array) -> list[Measurement]:
    """Threshold, reset and refractory time."""
    found = []
    time, v = trace.time, trace.signals[trace.membrane]
    before, after = 2e-3 / trace.speed_up, measure.SETTLE / trace.speed_up
    peaks = _extremes(time, v, [(t - before, t + after) for t in spikes], np.argmax)
    if peaks:
        found.append(_mean("threshold", trace.unit, peaks))
    # the reset ends with the output pulse; without a converter for it, look as far as the longest one reaches
    reach = 30e-3 / trace.speed_up
    floors = _extremes(time, v, [(t, t + reach) for t in spikes if t < time[-1] - reach], np.argmin)
    if floors:
        found.append(_mean("reset", trace.unit, floors))
    width = measure.pulse_width(trace)
    if width is not None:
        level = float(np.mean([place.level for place in floors])) if floors else float(v.min())
        whole = [Place(float(t), float(t) + width, level) for t in spikes if t + width <= time[-1]]
        found.append(Measurement("refractory", width, "s", None, max(1, len(whole)), tuple(whole)))
    return found


def _mean(name: str, unit: str, places: Sequence[Place]) -> Measurement:
    levels = np.array([place.level for place in places])
    sd = float(levels.std(ddof=1)) if levels.size > 1 else None
    return Measurement(name, float(levels.mean()), unit, sd, levels.size, tuple(places))


def _extremes(time: Array, v: Array, spans: Sequence[tuple[float, float]], which: Callable[[Array], Any]) -> list[Place]:
    found = []
    for start, stop in spans:
        first, last = np.searchsorted(time, start), np.searchsorted(time, stop, side="right")
        if first < last:
            index = first + int(which(v[first:last]))
            found.append(Place(float(time[index]), float(time[index]), float(v[index])))
    return found


def _rises(trace: Trace, spikes: Array) -> list[Measurement]:
    """tau_mem from the rises between the spikes."""
    fits: list[tuple[Decay, Place]] = []
    for begin, end in zip(spikes[:-1][-_MOST:], spikes[1:][-_MOST:], strict=True):
        part = _rise(trace, float(begin), float(end))
        fit = fit_decay(*part) if part is not None else None
        if part is not None and fit is not None and fit.sd < _SURE * fit.tau:
            fits.append((fit, Place(float(part[0][0]), float(part[0][-1]), float(part[1][0]))))
    if not fits:
        return []
    taus = np.array([fit.tau for fit, _ in fits])
    sd = float(taus.std(ddof=1)) if taus.size > 1 else fits[0][0].sd
    if sd > _SURE * float(taus.mean()):
        return []
    return [Measurement("tau_mem", float(taus.mean()), "s", sd, taus.size, tuple(place for _, place in fits))]


def _rise(trace: Trace, begin: float, end: float) -> tuple[Array, Array] | None:
    """The part of the rise between two spikes that is fitted; None if it is too short to tell."""
    guard = 2e-3 / trace.speed_up
    inside = slice(*np.searchsorted(trace.time, (begin + guard, end - guard)).tolist())
    time, v = trace.time[inside], trace.signals[trace.membrane][inside]
    if time.size < 10:
        return None
    floor, top = float(v.min()), float(v[-1])
    level = [floor + part * (top - floor) for part in _RISE]
    below, above = np.flatnonzero(v < level[0]), np.flatnonzero(v >= level[1])
    if not below.size or not above.size:
        return None
    part = slice(int(below[-1]) + 1, int(above[above > below[-1]][0]) if np.any(above > below[-1]) else time.size)
    return _thin(time[part], v[part])


def _thin(time: Array, y: Array) -> tuple[Array, Array] | None:
    """At most ``_POINTS`` means of neighbours on an even grid: a solver's own steps would weigh where it hesitated."""
    if time.size < 8:
        return None
    if time.size <= _POINTS:
        return time, y
    grid = np.linspace(time[0], time[-1], _POINTS)
    if time.size < 4 * _POINTS:
        return grid, np.interp(grid, time, y)
    cuts = np.unique(np.searchsorted(time, grid[:-1]))
    counts = np.diff(np.append(cuts, time.size))
    return np.add.reduceat(time, cuts) / counts, np.add.reduceat(y, cuts) / counts


# ---------------------------------------------------------------------------------------------------------------- synapses


def _excursion(trace: Trace) -> list[tuple[float, float]]:
    """Where a silent membrane leaves its resting value for the one time: (start, stop) of the pulse, or nothing."""
    time, v = trace.time, trace.signals[trace.membrane]
    rest = float(np.median(v[: max(3, v.size // 20)]))
    noise = float(np.std(v[: max(3, v.size // 20)]))
    away = np.abs(v - rest)
    peak = int(np.argmax(away))
    if away[peak] < max(_LEAST_PSP * 2 * noise, 1e-3 * max(1.0, abs(rest))):
        return []
    calm = np.flatnonzero(away[:peak] <= max(0.02 * away[peak], 2 * noise))
    if not calm.size or time[peak] == time[calm[-1]]:
        return []
    start = float(time[calm[-1]])
    return [(start, start + _PULSE / trace.speed_up)]


def _tail(trace: Trace, inputs: Sequence[tuple[float, float]], index: int, spikes: Array) -> slice:
    """What follows an input pulse until the next one, a spike, or the end."""
    stop = inputs[index][1]
    later = [start for start, _ in inputs if start > stop] + [float(t) for t in spikes if t > inputs[index][0]]
    ends = np.searchsorted(trace.time, (stop + measure.SETTLE / trace.speed_up, min(later, default=np.inf)))
    return slice(*ends.tolist())


def _tau_syn(trace: Trace, inputs: Sequence[tuple[float, float]]) -> Measurement | None:
    """From the synapse's own voltage, where that was recorded."""
    v_syn = trace.signals.get("v_syn")
    if v_syn is None:
        return None
    fits, places = [], []
    for index in range(len(inputs)):
        part = _tail(trace, inputs, index, np.empty(0))
        if part.stop - part.start < 10 or float(np.ptp(v_syn[part])) < 5e-3:  # V
            continue
        # the decay itself: what follows would only weigh the fit with the calm after it
        time, y = trace.time[part], v_syn[part]
        far = np.flatnonzero(np.abs(y - y[-1]) > 0.02 * abs(y[0] - y[-1]))
        thin = _thin(time[: far[-1] + 1], y[: far[-1] + 1]) if far.size else None
        fit = fit_decay(*thin) if thin is not None else None
        if fit is not None and fit.sd < _SURE * fit.tau:
            fits.append(fit)
            places.append(Place(float(time[0]), float(time[0]) + fit.tau, float(trace.at(trace.membrane, time[0] + fit.tau))))
    if not fits:
        return None
    taus = np.array([fit.tau for fit in fits])
    sd = float(taus.std(ddof=1)) if taus.size > 1 else fits[0].sd
    return Measurement("tau_syn", float(taus.mean()), "s", sd, taus.size, tuple(places))


def _psp(trace: Trace, spikes: Array, inputs: Sequence[tuple[float, float]], tau_syn: Measurement | None) -> list[Measurement]:
    """PSP height, and the time constants in its shape. An input that makes the neuron fire has no PSP to read."""
    time, v = trace.time, trace.signals[trace.membrane]
    peaks: list[Place] = []
    heights, shapes = [], []
    for index, (start, _) in enumerate(inputs):
        tail = _tail(trace, inputs, index, spikes)
        begin, end = int(np.searchsorted(time, start)), tail.stop
        fired = bool(np.any((spikes > start) & (spikes <= (time[end] if end < time.size else time[-1]))))
        if fired or end - begin < 10:
            continue
        base = float(trace.at(trace.membrane, start))
        noise = _noise(v[max(0, begin - 100) : begin])
        peak = begin + int(np.argmax(np.abs(v[begin:end] - base)))
        if abs(v[peak] - base) < max(_LEAST_PSP * noise, 2e-4) or peak >= end - 3:  # it is still under way
            continue
        heights.append(float(v[peak]) - base)
        peaks.append(Place(start, float(time[peak]), float(v[peak])))
        if spikes.size == 0 and tail.start < tail.stop:  # a firing neuron's membrane is under way anyhow
            thin = _thin(time[tail], v[tail] - base)
            if thin is not None:
                shapes.append((*thin, heights[-1]))
    if not heights:
        return []
    sd = float(np.std(heights, ddof=1)) if len(heights) > 1 else None
    found = [Measurement("psp", float(np.mean(heights)), trace.unit, sd, len(heights), tuple(peaks))]
    known = tau_syn.value if tau_syn is not None else None
    fits = [(fit, height) for t, y, height in shapes if (fit := fit_two(t, y, known)) is not None]
    good = [fit for fit, height in fits if fit[2] < 0.05 * abs(height)]
    if good:
        # of two unknown ones the synapse is taken to be the faster, as on every board that is not turned down to its stop
        order = (1, 0) if known is not None else (0, 1)
        for name, which in zip(("tau_mem", "tau_syn"), order, strict=True):
            values = np.array([fit[which] for fit in good])
            spread = float(values.std(ddof=1)) if values.size > 1 else None
            found.append(Measurement(name, float(values.mean()), "s", spread, values.size, tuple(peaks)))
    return found


def _noise(v: Array) -> float:
    """Standard deviation of the noise, from neighbours: a slope does not count."""
    return float(np.std(np.diff(v)) / np.sqrt(2.0)) if v.size > 3 else 0.0
