# SPDX-License-Identifier: GPL-3.0-or-later
"""Fit: what a recording says about the board that it was made on.

Least squares on the model. Besides the free parameters, every part of the board may differ within its tolerance: it enters with
one more residual, its distance from the stated value in standard deviations. The result is the most probable board, and the
curvature there gives intervals (Laplace's approximation) that know of the parts that nobody measured.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import exp, sqrt

import numpy as np
from scipy.optimize import brentq, least_squares

from luisim import measure
from luisim.compare import compare
from luisim.errors import ParameterError
from luisim.experiment import Experiment
from luisim.lui.closed_form import cycle
from luisim.lui.model import LuiModel
from luisim.lui.observed import Course, Observed, course
from luisim.lui.parameters import LuiBoard, LuiParameters
from luisim.lui.unknowns import (
    KNOWN_FACTOR,
    TWO_SIDED,
    Estimate,
    Unknown,
    estimate,
    free_unknown,
    tolerated_unknowns,
    with_values,
)
from luisim.trace import Array, Trace

DEFAULT_FREE = ("v_leak", "r_leak", "c_mem")
_STEP, _WIDE_STEP = 1e-4, 1e-2  # standard deviations, of the numerical derivatives
_NEGLIGIBLE = 0.02  # standard deviations of the whole trace: a part that moves it less is not worth an unknown
# what is not known of a recording itself: the potential at its beginning in V, and how late its spikes are in s
_RECORDING_SD = (20e-3, 0.2e-3)
_POOR = 10.0  # times the noise, in standard deviations: worth a remark
_LEAST_SLOPE = 0.05  # V/s at a spike: a flatter course has no time at which it meets the threshold
_GRID = 9  # values that are tried of an unknown for which no closed form gives a start


@dataclass(frozen=True)
class Fit:
    """``estimates``: by name, the free parameters and ``tau_mem`` = c_mem r_leak. ``twin``: the experiment with
    the fitted board.

    ``remarks``: which parameters only occur together. ``noise``: of the recording, in V. ``rms``: of the model's own run of
    ``twin`` against the recording, in V; ``rms_aligned``: with both aligned on their spikes. ``spikes``: in the recording and
    in the twin.
    """

    estimates: Mapping[str, Estimate]
    twin: Experiment[LuiBoard]
    remarks: tuple[str, ...]
    noise: float
    rms: float
    rms_aligned: float
    spikes: tuple[int, int]


def fit(
    trace: Trace,
    experiment: Experiment[LuiBoard],
    free: Sequence[str] = DEFAULT_FREE,
    *,
    tolerances: bool = True,
    progress: Callable[[float], None] | None = None,
) -> Fit:
    """Estimate the ``free`` parameters of the board that ``trace`` was recorded on; the others are those of ``experiment``.

    ``trace`` needs the signal ``v_mem`` in V. With ``tolerances`` the parts that are not free may differ within what their
    makers promise; without, they are exactly as stated. Raises :class:`~luisim.errors.ParameterError` for unknown names and
    for a recording that is too short.
    """
    if not free:
        raise ParameterError("Nothing is free to be fitted; name one parameter or more, such as r_leak.")
    observed = Observed.of(trace)
    if observed.time.size < 20:
        raise ParameterError(f"{trace.origin} holds {observed.time.size} samples, too few to fit; record for longer.")
    duration = float(observed.time[-1])
    experiment = replace(experiment, duration=duration)
    parameters = experiment.device.parameters
    if tolerances:
        parameters = replace(parameters, parts=parameters.parts.without_lumped_offsets())
    unknowns = tuple(free_unknown(name, parameters) for name in dict.fromkeys(free))
    problem = _Problem(observed, experiment, parameters, unknowns)
    report = progress or (lambda done: None)
    problem = problem.started()
    report(0.2)
    parts = [u for u in tolerated_unknowns(parameters) if u.name not in free] if tolerances else []
    problem = problem.with_parts(parts, problem.centre)
    solution = problem.solved(problem.centre)
    report(0.7)
    # what does not show at the first guess may well show at the solution
    wider = problem.with_parts(parts, solution.point)
    if len(wider.parts) > len(problem.parts):
        start = wider.centre.copy()
        start[: len(problem.free)] = solution.point[: len(problem.free)]
        problem, solution = wider, wider.solved(start)
    report(0.9)
    return _result(problem, solution, trace)


@dataclass(frozen=True)
class _Solution:
    """``point``: the unknowns on their scales, then the recording's own two; their ``covariance``; ``excess``: how much worse
    the model follows the recording than its noise allows."""

    point: Array
    covariance: Array
    excess: float


class _Problem:
    """The residuals of a recording, in standard deviations, as a function of the unknowns on their scales."""

    def __init__(
        self,
        observed: Observed,
        experiment: Experiment[LuiBoard],
        parameters: LuiParameters,
        free: tuple[Unknown, ...],
        parts: tuple[Unknown, ...] = (),
    ) -> None:
        self.observed = observed
        self.experiment = experiment
        self.parameters = parameters
        self.free = free
        self.parts = parts
        self._excess = 1.0  # how much larger the residuals are than the noise
        unknowns = (*free, *parts)
        early = observed.v_mem[: max(1, min(5, observed.v_mem.size // 100))]
        self._v_start = float(np.clip(np.mean(early), 0.0, parameters.vdd))
        self.centre = np.array([u.centre for u in unknowns] + [self._v_start, 0.0])
        self.sd = np.array([u.sd for u in unknowns] + list(_RECORDING_SD))
        self.low = np.array([u.low for u in unknowns] + [0.0, -1e-3])
        self.high = np.array([u.high for u in unknowns] + [parameters.vdd, 1e-3])
        # the first interval may begin in the middle of a pulse, which a trace of the membrane does not show
        self._kept_first = observed.spikes.size < 3
        self._kept = observed.clear & ((observed.interval > 0) | self._kept_first)

    def board(self, point: Array) -> LuiParameters:
        """The board at a point."""
        unknowns = (*self.free, *self.parts)
        return with_values(self.parameters, {u.name: u.value(x) for u, x in zip(unknowns, point, strict=False)})

    def course(self, point: Array) -> Course:
        """What the model says at a point."""
        v_start, shift = np.clip(point[-2:], self.low[-2:], self.high[-2:])
        return course(self.observed, self.experiment, self.board(point), float(v_start), float(shift))

    def weights(self, point: Array) -> tuple[Array, Array]:
        """Standard deviations of the samples in V: noise, and slope times timing. And the slopes at the spikes in V/s."""
        there = self.course(point)
        timing, noise = self.observed.timing, self.observed.noise
        after_spike = self.observed.interval > 0
        samples = np.hypot(noise, np.where(after_spike, timing * there.slope, 0.0))
        return self._excess * samples, np.maximum(there.slope_at_spikes, _LEAST_SLOPE)

    def residuals(self, point: Array, weights: tuple[Array, Array]) -> Array:
        """(samples + spikes + unknowns,) at a point."""
        there = self.course(point)
        samples = ((there.v_mem - self.observed.v_mem) / weights[0])[self._kept]
        # how much later than the board the model reaches its threshold. Each time is as uncertain as the next, so what counts
        # is how far the sum of the model's intervals runs away from the board's
        late = (there.thresholds - there.at_spikes) / weights[1]
        if self._kept_first:
            lag = np.cumsum(late)
        else:
            lag = np.cumsum(np.append(0.0, late[1:]))
            lag -= np.mean(lag)
        spikes = lag / self.observed.timing
        return np.concatenate((samples, spikes, (point - self.centre) / self.sd))

    def curvature(self, point: Array, weights: tuple[Array, Array]) -> Array:
        """(unknowns, unknowns): how sharply the sum of squares bends, from steps to both sides as wide as they matter.

        The membrane has a corner where the pull source starves, and is flat beyond the ends of a range: v_leak = 1 is more than
        the leak follower reaches.
        """
        columns = []
        for index, sd in enumerate(self.sd):
            ends = []
            for side in (-1.0, 1.0):
                moved = point.copy()
                moved[index] = np.clip(point[index] + side * _WIDE_STEP * min(sd, 1.0), self.low[index], self.high[index])
                ends.append((moved[index], self.residuals(moved, weights)))
            (below, low), (above, high) = ends
            columns.append((high - low) / (above - below))
        jacobian = np.column_stack(columns)
        return np.asarray(jacobian.T @ jacobian)

    def jacobian(self, point: Array, weights: tuple[Array, Array]) -> Array:
        """The derivative of the residuals, (residuals, unknowns)."""
        here = self.residuals(point, weights)
        columns = []
        for index, sd in enumerate(self.sd):
            step = _STEP * min(sd, 1.0)
            if point[index] + step > self.high[index]:
                step = -step
            moved = point.copy()
            moved[index] += step
            columns.append((self.residuals(moved, weights) - here) / step)
        return np.column_stack(columns)

    def start_potential(self, point: Array) -> float:
        """The potential in V from which the board reaches its first spike in time; the first reading where there is none."""
        if self._kept_first:
            return float(np.clip(point[-2], 0.0, self.parameters.vdd))

        def early(v_start: float) -> float:
            there = self.course(np.array([*point[:-2], v_start, point[-1]]))
            return float(there.at_spikes[0] - there.thresholds[0])

        low, high = 0.0, float(self.course(point).thresholds[0])
        if early(low) >= 0.0:
            return low
        return float(brentq(early, low, high, xtol=1e-5)) if early(high) > 0.0 else self._v_start

    def started(self) -> "_Problem":
        """The same problem, with the free unknowns centred on a first guess."""
        best = self._closed_form_start()
        weights = self.weights(best)

        def cost(point: Array) -> float:
            return float(np.sum(np.minimum(self.residuals(point, weights)[: -self.sd.size] ** 2, 1e4)))

        # names whose effect the closed forms do not see: try a few values of each
        for index, unknown in enumerate(self.free):
            spread = np.linspace(unknown.low, unknown.high, _GRID)
            if unknown.name in DEFAULT_FREE or not isinstance(unknown, Unknown):
                continue
            tried = [best, *(np.concatenate((best[:index], [x], best[index + 1 :])) for x in spread)]
            best = min(tried, key=cost)
        free = tuple(replace(u, centre=float(x)) for u, x in zip(self.free, best, strict=False))
        return _Problem(self.observed, self.experiment, self.parameters, free)

    def _closed_form_start(self) -> Array:
        """The best of the boards that the closed forms of the inter-spike interval or of the resting potential allow."""
        names = [u.name for u in self.free]
        start = self.centre.copy()
        if not {"v_leak", "r_leak", "c_mem"} & set(names):
            return start
        spikes = self.observed.spikes
        interval = float(np.mean(np.diff(spikes))) if spikes.size > 1 else None
        fractions = np.linspace(0.05, 1.0, 20) if "v_leak" in names else [self.parameters.v_leak]
        factors = (1.0, 0.7, 1.4) if "c_mem" in names else (1.0,)
        candidates = [start]
        for fraction in fractions:
            for factor in factors:
                board = with_values(self.parameters, {"v_leak": float(fraction), "c_mem": factor * self.parameters.parts.c_mem})
                board = board if "c_mem" in names else replace(board, parts=self.parameters.parts)
                for r_leak in _leak_resistances(board, interval) if "r_leak" in names else [board.r_leak]:
                    values = {"v_leak": board.v_leak, "r_leak": r_leak, "c_mem": board.parts.c_mem}
                    point = [u.scaled(values[u.name]) if u.name in values else u.centre for u in self.free]
                    candidates.append(np.array([*point, self._v_start, 0.0]))
        weights = self.weights(start)

        def cost(point: Array) -> float:
            return float(np.sum(np.minimum(self.residuals(point, weights)[: -self.sd.size] ** 2, 1e4)))

        return min(candidates, key=cost)

    def with_parts(self, parts: Sequence[Unknown], point: Array) -> "_Problem":
        """The same problem, with those of ``parts`` as further unknowns that the recording depends on at ``point``."""
        whole = _Problem(self.observed, self.experiment, self.parameters, self.free, tuple(parts))
        there = whole.centre.copy()
        there[: len(self.free)] = point[: len(self.free)]
        effect = whole.jacobian(there, whole.weights(there))[: -whole.sd.size] * whole.sd
        felt = np.linalg.norm(effect, axis=0)[len(self.free) :]
        known = {part.name for part in self.parts}
        kept = tuple(part for part, size in zip(parts, felt, strict=False) if size > _NEGLIGIBLE or part.name in known)
        return _Problem(self.observed, self.experiment, self.parameters, self.free, kept)

    def solved(self, start: Array) -> _Solution:
        """The most probable unknowns. Solved again where the first solution shows that there is more than noise."""
        point = np.clip(start, self.low, self.high)
        for turn in range(3):
            weights = self.weights(point)
            scale = np.minimum(self.sd, 1.0)
            found = least_squares(
                self.residuals,
                point,
                jac=self.jacobian,
                x_scale=scale,
                args=(weights,),
                xtol=1e-7,
                ftol=1e-6,
                max_nfev=30,
            )
            point = np.clip(found.x, self.low, self.high)
            excess = self._excess * _inflation(found.fun[: np.count_nonzero(self._kept)])
            if turn > 0 or excess < 1.2 * self._excess:
                break
            self._excess = max(excess, 1.0)
        return _Solution(point, np.linalg.inv(self.curvature(point, weights)).astype(np.float64), self._excess)


def _inflation(residuals: Array) -> float:
    """By how much the residuals of the samples, in standard deviations, are worse than white noise.

    Where the model is not the board, its error goes on for many samples, and they count as few independent ones.
    """
    power = float(np.mean(residuals**2))
    correlated = 1.0
    for lag in range(1, residuals.size // 4):
        correlation = float(np.mean(residuals[lag:] * residuals[:-lag])) / power
        if correlation < 0.1:
            break
        correlated += 2.0 * correlation
    return sqrt(power * correlated)


def _leak_resistances(board: LuiParameters, interval: float | None) -> list[float]:
    """R_leak in Ohm at which ``board`` fires with ``interval`` (s); a few values where there is no interval to go by."""
    low, high = 100.0, 66e3
    if interval is None:
        return [float(r) for r in np.geomspace(1e3, high, 8)]

    def excess(r: float) -> float:
        period = cycle(replace(board, r_leak=r)).period
        return min(period, 1e3) - interval

    if excess(low) > 0.0 or excess(high) < 0.0:
        return [high] if excess(high) < 0.0 else []
    return [float(brentq(excess, low, high, xtol=1.0))]


def _result(problem: _Problem, solution: _Solution, trace: Trace) -> Fit:
    names = [u.name for u in (*problem.free, *problem.parts)]
    estimates = {}
    for index, unknown in enumerate(problem.free):
        estimates[unknown.name] = estimate(unknown, solution.point[index], sqrt(solution.covariance[index, index]))
    board = problem.board(solution.point)
    gradient = np.array([float(name in ("c_mem", "r_leak")) for name in names] + [0.0, 0.0])
    sd = sqrt(max(float(gradient @ solution.covariance @ gradient), 0.0))
    tau = board.parts.c_mem * board.r_leak
    if tau > 0.0:
        reach = exp(min(TWO_SIDED * sd, 100.0))
        estimates["tau_mem"] = Estimate(tau, tau / reach, tau * reach, "s", reach * reach < KNOWN_FACTOR)
    v_start = problem.start_potential(solution.point)
    twin = replace(problem.experiment, device=replace(problem.experiment.device, parameters=board, v_mem=v_start))
    own = LuiModel().run(twin)
    shifted = Trace(
        trace.time - trace.time[0], {"v_mem": trace.signals["v_mem"]}, {"out": problem.observed.spikes}, trace.origin
    )
    difference = compare(shifted, own)
    return Fit(
        estimates,
        twin,
        _remarks(problem, solution, estimates),
        problem.observed.noise,
        difference.rms,
        difference.rms_aligned,
        (problem.observed.spikes.size, measure.spikes(own).size),
    )


def _remarks(problem: _Problem, solution: _Solution, estimates: Mapping[str, Estimate]) -> tuple[str, ...]:
    """Which free parameters this recording only determines together."""
    found = []
    sd = np.sqrt(np.diag(solution.covariance))
    paired = set()
    for (i, a), (j, b) in combinations(enumerate(problem.free), 2):
        correlation = float(solution.covariance[i, j] / (sd[i] * sd[j]))
        unclear = not (estimates[a.name].identifiable and estimates[b.name].identifiable)
        if unclear and abs(correlation) > 0.95:
            if a.logarithmic and b.logarithmic:
                what = "product" if correlation < 0.0 else "ratio"
            else:
                what = "sum" if correlation < 0.0 else "difference"
            found.append(f"{a.name} and {b.name} only occur together in this recording: it determines (about) their {what}.")
            paired |= {a.name, b.name}
    for unknown in problem.free:
        if not estimates[unknown.name].identifiable and unknown.name not in paired:
            found.append(f"{unknown.name} hardly shows in this recording.")
    if solution.excess > _POOR:
        found.append(
            f"The model follows this recording {solution.excess:.0f} times worse than its noise allows: check what the"
            " experiment says of the board (vdd or battery, revision, what was done to it). The intervals are widened to match."
        )
    return tuple(found)
