# SPDX-License-Identifier: GPL-3.0-or-later
"""Problem: a recording and a board as least squares: samples, spike times and what is known of the parts, all in sigmas."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.optimize import brentq, lsq_linear

from luisim.experiment import Experiment
from luisim.lui.observed import Course, Observed, course
from luisim.lui.parameters import LuiBoard, LuiParameters
from luisim.lui.unknowns import Unknown, with_values
from luisim.trace import Array

_STEP, _WIDE_STEP = 1e-4, 1e-2  # standard deviations, of the numerical derivatives
# of what is known so vaguely: two such unknowns can undo each other to 1e-5, and their derivatives must be better than that
_VAGUE, _SMALL_STEP = 0.3, 1e-6
_NEGLIGIBLE = 0.1  # standard deviations of the whole trace: a part that moves it less is not worth an unknown
# what is not known of a recording itself: the potential at its beginning in V, and how late its spikes are in s
_RECORDING_SD = (20e-3, 0.2e-3)
_LEAST_SLOPE = 0.05  # V/s at a spike: a flatter course has no time at which it meets the threshold
_NEAR, _THERE, _ROUNDING = 10.0, 0.01, 1e-7  # of a sum of squares in sigmas; the last is relative
_MOST_STEPS = 25
_MOST_PENALTY = 1e4  # of one sample, where a first guess is judged: the worst do not count for more


@dataclass(frozen=True)
class Solution:
    """``point``: the unknowns on their scales, then the recording's own two; their ``covariance``; ``excess``: how much worse
    the model follows the recording than its noise allows."""

    point: Array
    covariance: Array
    excess: float


class Problem:
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

    def misfit(self, point: Array, weights: tuple[Array, Array]) -> float:
        """The sum of squares without what is known beforehand, for a first guess."""
        return float(np.sum(np.minimum(self.residuals(point, weights)[: -self.sd.size] ** 2, _MOST_PENALTY)))

    def placed(self, point: Array) -> Array:
        """The free unknowns of ``point`` (of a problem with the same ones), and the parts as stated."""
        moved = self.centre.copy()
        moved[: len(self.free)] = point[: len(self.free)]
        return moved

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
        return _gram(np.column_stack(columns))

    def jacobian(self, point: Array, weights: tuple[Array, Array]) -> Array:
        """The derivative of the residuals, (residuals, unknowns)."""
        here = self.residuals(point, weights)
        columns = []
        for index, sd in enumerate(self.sd):
            step = _STEP * sd if sd < _VAGUE else _SMALL_STEP
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

    def with_parts(self, parts: Sequence[Unknown], point: Array) -> "Problem":
        """The same problem, with those of ``parts`` as further unknowns that the recording depends on at ``point``."""
        whole = Problem(self.observed, self.experiment, self.parameters, self.free, tuple(parts))
        there = whole.placed(point)
        effect = whole.jacobian(there, whole.weights(there))[: -whole.sd.size] * whole.sd
        felt = np.linalg.norm(effect, axis=0)[len(self.free) :]
        known = {part.name for part in self.parts}
        kept = tuple(part for part, size in zip(parts, felt, strict=False) if size > _NEGLIGIBLE or part.name in known)
        return Problem(self.observed, self.experiment, self.parameters, self.free, kept)

    def approached(self, start: Array) -> Array:
        """A point near the best one."""
        return self._least_squares(start, self.weights(start), _NEAR)[0]

    def solved(self, start: Array) -> Solution:
        """The most probable unknowns. Solved again where the first solution shows that there is more than noise."""
        point = np.clip(start, self.low, self.high)
        for turn in range(3):
            weights = self.weights(point)
            point, residuals = self._least_squares(point, weights, _THERE)
            excess = self._excess * _inflation(residuals[: np.count_nonzero(self._kept)])
            if turn > 0 or excess < 1.2 * self._excess:
                break
            self._excess = max(excess, 1.0)
        return Solution(point, np.linalg.inv(self.curvature(point, weights)).astype(np.float64), self._excess)

    def _least_squares(self, start: Array, weights: tuple[Array, Array], enough: float) -> tuple[Array, Array]:
        """The point with the least sum of squares, and its residuals; it is found when a step gains less than ``enough``.

        Levenberg and Marquardt's method inside the ranges: each step is the solution of a bounded linear problem. (A step that
        runs into the end of a range and is cut there spoils all other unknowns; v_leak often stands at its end.)
        """
        point, damping = np.clip(start, self.low, self.high), 1e-4
        residuals = self.residuals(point, weights)
        for _ in range(_MOST_STEPS):
            jacobian = self.jacobian(point, weights)
            scale = np.linalg.norm(jacobian, axis=0)
            jacobian /= scale
            factor = np.linalg.cholesky(_gram(jacobian) + 1e-12 * np.eye(scale.size)).T
            downhill = -np.linalg.solve(factor.T, np.einsum("ij,i->j", jacobian, residuals))
            before = float(np.sum(residuals**2))
            gain = 0.0
            while gain <= 0.0 and damping < 1e6:
                step = lsq_linear(
                    np.vstack((factor, sqrt(damping) * np.eye(scale.size))),
                    np.concatenate((downhill, np.zeros_like(scale))),
                    bounds=(scale * (self.low - point), scale * (self.high - point)),
                    method="bvls",
                )
                moved = np.clip(point + step.x / scale, self.low, self.high)
                there = self.residuals(moved, weights)
                gain = before - float(np.sum(there**2))
                damping *= 0.1 if gain > 0.0 else 10.0
            if gain > 0.0:
                point, residuals = moved, there
            if gain < max(enough, _ROUNDING * before):
                break
        return point, residuals


def _gram(jacobian: Array) -> Array:
    """J^T J, without the threads of a linear algebra library: on a busy machine they wait for one another for seconds."""
    return np.asarray(np.einsum("ij,ik->jk", jacobian, jacobian))


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
