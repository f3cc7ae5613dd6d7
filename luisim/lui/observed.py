# SPDX-License-Identifier: GPL-3.0-or-later
"""Observed: a recording of a membrane as a fit wants it, and what the model says beside it, spike by spike.

Over many spikes the smallest error of the rate adds up to a shift by whole milliseconds, and a reset that is one sample late
costs more than everything else. So the model does not fire by itself here: it is made to fire where the board did, runs on from
each spike to the next, and what must fit is its course in between and that it meets its own threshold at the next spike. Every
part of this changes smoothly with every parameter, and all intervals under a constant drive are one run of the model.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from math import inf, sqrt

import numpy as np
from numpy.typing import NDArray

from luisim import measure
from luisim.errors import ParameterError, SimulationError
from luisim.experiment import Experiment
from luisim.lui.events import Changes, drive_changes
from luisim.lui.neuron import Drive, Neuron, Piece, State
from luisim.lui.parameters import LuiBoard, LuiParameters
from luisim.lui.rails import Rails
from luisim.trace import Array, Trace

_Pieces = list[tuple[float, Piece]]  # each with its start in s

_MOST_SAMPLES = 20_000
_LEAST_EXPONENT = -60.0
_LEAST_NOISE = 0.3e-3  # V: no oscilloscope and no converter at hand is better
_HALF_FALL = 0.35e-3  # s from a spike until the reset has halved the membrane potential: R19 and Q9 with 22 uF
_TIMING = 0.1e-3  # s, what is not known of it


@dataclass(frozen=True)
class Observed:
    """A recording that starts at 0 s.

    ``time`` (n,) in s and ``v_mem`` (n,) in V; ``spikes`` (m,) in s; ``noise``: standard deviation of a sample in V;
    ``timing``: that of a spike time in s.
    """

    time: Array
    v_mem: Array
    spikes: Array
    noise: float
    timing: float

    @classmethod
    def of(cls, trace: Trace) -> "Observed":
        """Prepare a recording: thin it out if it is very long, find its spikes, estimate its noise."""
        v_mem = trace.signals["v_mem"]
        if not np.all(np.isfinite(v_mem)):
            raise ParameterError(f"{trace.origin} has gaps (NaN) in v_mem; cut them out before fitting.")
        time = trace.time - trace.time[0]
        spacing = float(np.median(np.diff(time)))
        spikes = _refined(time, v_mem, measure.find_spikes(time, v_mem, within=max(5e-3, 1.5 * spacing)), spacing)
        stride = -(-time.size // _MOST_SAMPLES)
        return cls(
            time[::stride],
            v_mem[::stride],
            spikes,
            _noise(time, v_mem, spikes),
            sqrt((spacing / sqrt(12.0)) ** 2 + _TIMING**2),
        )

    @cached_property
    def interval(self) -> Array:
        """(n,) how many spikes came before each sample."""
        return np.searchsorted(self.spikes, self.time, side="right").astype(np.float64)

    @cached_property
    def clear(self) -> NDArray[np.bool_]:
        """(n,) whether it is certain on which side of the nearest spike a sample lies."""
        if not self.spikes.size:
            return np.ones(self.time.size, dtype=bool)
        after = np.minimum(np.searchsorted(self.spikes, self.time), self.spikes.size - 1)
        nearest = np.minimum(np.abs(self.time - self.spikes[after]), np.abs(self.time - self.spikes[np.maximum(after - 1, 0)]))
        return np.asarray(nearest > 3.0 * self.timing)


@dataclass(frozen=True)
class Course:
    """What the model says about a recording: ``v_mem`` and its ``slope`` (n,) at the samples in V and V/s.

    ``at_spikes`` and ``slope_at_spikes`` (m,): where it is when the board fires; ``thresholds`` (m,): where it would fire.
    """

    v_mem: Array
    slope: Array
    at_spikes: Array
    slope_at_spikes: Array
    thresholds: Array


def course(
    observed: Observed, experiment: Experiment[LuiBoard], parameters: LuiParameters, v_start: float, shift: float = 0.0
) -> Course:
    """The course of the membrane of a board with ``parameters`` that starts at ``v_start`` (V) and fires where the board did.

    ``shift``: how much later than stated all spikes really were, in s.
    """
    neuron = _Forced(parameters)
    start = neuron.rest(v_start, experiment.device.v_syn)
    changes = drive_changes(experiment.stimuli, neuron)
    if len(changes) == 1 and experiment.device.v_syn is None:
        return _constant_course(observed, neuron, start, changes[0][1], shift)
    return _driven_course(observed, neuron, start, changes, shift)


class _Forced(Neuron):
    """A board whose threshold comparator is held: it fires when it is told to."""

    def __init__(self, parameters: LuiParameters) -> None:
        super().__init__(parameters)
        self._held: dict[tuple[int, bool], Rails] = {}

    def _at(self, state: State) -> Rails:
        key = (state.lamps, state.output)
        found = self._held.get(key)
        if found is None:
            found = self._held[key] = replace(super()._at(state), threshold=inf)
        return found

    def threshold(self, state: State) -> float:
        """Where the board would fire, in V."""
        return super()._at(state).threshold

    def fired(self, state: State) -> State:
        """The state just after a spike in ``state``."""
        return self._after(state._replace(v_mem=self.threshold(state)), "spike")


def _constant_course(observed: Observed, neuron: _Forced, start: State, drive: Drive, shift: float) -> Course:
    """Every interval after the first is the beginning of the longest one."""
    end, spikes = float(observed.time[-1]), observed.spikes
    first = _run(neuron, start, [(0.0, drive)], float(spikes[0]) if spikes.size else end)
    if not spikes.size:
        return _joined(observed, [(first, 0.0)], [], shift)
    before = first[-1][1].end
    longest = float(max(np.diff(spikes, append=end).max(), 1e-3))
    cycle = _run(neuron, neuron.fired(before), [(0.0, drive)], longest)
    thresholds = [neuron.threshold(before)]
    if spikes.size > 1:
        thresholds += [neuron.threshold(_state_at(cycle, float(np.diff(spikes).mean())))] * (spikes.size - 1)
    return _joined(observed, [(first, 0.0), *((cycle, float(spike)) for spike in spikes)], thresholds, shift)


def _driven_course(observed: Observed, neuron: _Forced, start: State, changes: Changes, shift: float) -> Course:
    edges = [0.0, *observed.spikes.tolist(), float(observed.time[-1])]
    runs, thresholds, state = [], [], start
    for index, (begin, end) in enumerate(pairwise(edges)):
        inside = [(time - begin, drive) for time, drive in changes if begin < time < end]
        now = [drive for time, drive in changes if time <= begin][-1]
        pieces = _run(neuron, state, [(0.0, now), *inside], max(end - begin, 1e-6))
        runs.append((pieces, begin))
        if index < observed.spikes.size:
            before = pieces[-1][1].end
            thresholds.append(neuron.threshold(before))
            state = neuron.fired(before)
    return _joined(observed, runs, thresholds, shift)


def _run(neuron: _Forced, state: State, changes: Changes, duration: float) -> _Pieces:
    """A board alone for ``duration`` s; its last piece tells in which state it ends."""
    pieces: _Pieces = []
    standing = 0
    stops = [min(time, duration) for time, _ in changes[1:]] + [duration]
    for (now, drive), stop in zip(changes, stops, strict=True):
        while now < stop:
            piece = neuron.step(state, drive, stop - now)
            pieces.append((now, piece))
            standing = standing + 1 if piece.duration < 1e-12 else 0
            if standing > 50:
                raise SimulationError("The model makes no progress at one point in time; please report this recording.")
            now, state = (stop if piece.duration >= stop - now else now + piece.duration), piece.end
    return pieces


def _state_at(pieces: _Pieces, time: float) -> State:
    return next((piece.end for start, piece in pieces if start + piece.duration >= time), pieces[-1][1].end)


def _joined(observed: Observed, runs: list[tuple[_Pieces, float]], thresholds: list[float], shift: float) -> Course:
    """One run of pieces after each spike, with its starting time, put together at the samples and the spikes."""
    starts = np.array([start for _, start in runs])
    interval = observed.interval.astype(int)
    phase = np.maximum(observed.time - starts[interval] - np.where(interval > 0, shift, 0.0), 0.0)
    ends = observed.spikes - starts[:-1]
    v, slope = np.empty_like(phase), np.empty_like(phase)
    v_end, slope_end = np.empty_like(ends), np.empty_like(ends)
    numbers = np.array([next(n for n, (other, _) in enumerate(runs) if other is pieces) for pieces, _ in runs])
    for number in np.unique(numbers):
        pieces = runs[number][0]
        here, before = numbers[interval] == number, numbers[:-1] == number
        v[here], slope[here] = _evaluated(pieces, phase[here])
        v_end[before], slope_end[before] = _evaluated(pieces, ends[before])
    return Course(v, slope, v_end, slope_end, np.array(thresholds))


def _evaluated(pieces: _Pieces, times: Array) -> tuple[Array, Array]:
    """Membrane potential in V and its slope in V/s at ``times`` (s from the start of the first piece)."""
    starts = np.array([start for start, _ in pieces])
    table = np.array([(p.v_inf, p.v_fast, p.rate_v, p.v_slow, p.rate_u) for _, p in pieces])
    index = np.maximum(np.searchsorted(starts, times, side="right") - 1, 0)
    v_inf, v_fast, rate_v, v_slow, rate_u = table[index].T
    since = times - starts[index]
    # not further than a rounding error: numbers next to zero make everything that uses them many times slower
    fast = v_fast * np.exp(np.maximum(-rate_v * since, _LEAST_EXPONENT))
    slow = v_slow * np.exp(np.maximum(-rate_u * since, _LEAST_EXPONENT))
    return v_inf + fast + slow, -rate_v * fast - rate_u * slow


def _refined(time: Array, v_mem: Array, coarse: Array, spacing: float) -> Array:
    """Spike times from where the reset has halved the membrane potential, which noise hardly moves, but not before the last
    sample that it has not yet lowered, nor after the next."""
    found = []
    for spike in coarse:
        near = np.flatnonzero((time >= spike - max(1e-3, spacing)) & (time <= spike + max(10e-3, 2.5 * spacing)))
        v, floor = v_mem[near], float(v_mem[near].min())
        swing = float(v.max()) - floor
        last = [near[np.flatnonzero((v[:-1] >= floor + part * swing) & (v[1:] < floor + part * swing))] for part in (0.95, 0.5)]
        if last[0].size and last[1].size:
            i, k = last[0][0], last[1][0]
            part = (v_mem[k] - floor - 0.5 * swing) / (v_mem[k] - v_mem[k + 1])
            halved = time[k] + part * (time[k + 1] - time[k])
            found.append(min(max(halved - _HALF_FALL, time[i]), time[i + 1]))
    return np.asarray(np.maximum(np.array(found), 1e-6))


def _noise(time: Array, v_mem: Array, spikes: Array) -> float:
    """Standard deviation of a sample in V, from second differences away from the resets: a smooth course has none."""
    quiet = np.ones(time.size - 2, dtype=bool)
    for spike in spikes:
        quiet &= (time[1:-1] < spike - 5e-3) | (time[1:-1] > spike + 50e-3)
    bends = (v_mem[:-2] - 2.0 * v_mem[1:-1] + v_mem[2:])[quiet]
    if bends.size < 10:
        return _LEAST_NOISE
    return max(float(1.4826 * np.median(np.abs(bends)) / sqrt(6.0)), _LEAST_NOISE)
