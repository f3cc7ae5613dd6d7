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

from luisim import measure
from luisim.compare import compare
from luisim.errors import ParameterError
from luisim.experiment import Experiment
from luisim.lui.guess import guessed
from luisim.lui.model import LuiModel
from luisim.lui.observed import Observed
from luisim.lui.parameters import LuiBoard
from luisim.lui.problem import Problem, Solution
from luisim.lui.unknowns import (
    KNOWN_FACTOR,
    TWO_SIDED,
    Estimate,
    estimate,
    free_unknown,
    tolerated_unknowns,
)
from luisim.trace import Trace

DEFAULT_FREE = ("v_leak", "r_leak", "c_mem")
_POOR = 10.0  # times the noise, in standard deviations: worth a remark


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
    problem = Problem(observed, experiment, parameters, unknowns)
    report = progress or (lambda done: None)
    problem = guessed(problem)
    report(0.2)
    parts = [u for u in tolerated_unknowns(parameters) if u.name not in free] if tolerances else []
    near = problem.approached(problem.centre)
    problem = problem.with_parts(parts, near)
    solution = problem.solved(problem.placed(near))
    report(0.7)
    # what does not show at the first guess may well show at the solution
    wider = problem.with_parts(parts, solution.point)
    if len(wider.parts) > len(problem.parts):
        problem, solution = wider, wider.solved(wider.placed(solution.point))
    report(0.9)
    return _result(problem, solution, trace)


def _result(problem: Problem, solution: Solution, trace: Trace) -> Fit:
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


def _remarks(problem: Problem, solution: Solution, estimates: Mapping[str, Estimate]) -> tuple[str, ...]:
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
