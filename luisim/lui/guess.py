# SPDX-License-Identifier: GPL-3.0-or-later
"""A first guess for a fit, from closed forms: which boards fire at the rate of the recording at all."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy.optimize import brentq

from luisim.lui.closed_form import cycle
from luisim.lui.observed import Observed
from luisim.lui.parameters import LuiParameters
from luisim.lui.problem import Problem
from luisim.lui.rails import VU_LAMPS, rails
from luisim.lui.unknowns import value_of, with_values
from luisim.quantity import quantities
from luisim.trace import Array

_BY_CLOSED_FORM = ("v_leak", "r_leak", "c_mem", "vdd")
_FRACTIONS = tuple(0.05 * n - 0.02 for n in range(1, 21))  # of VDD, that are tried of v_leak; 1 is flat
_FACTORS = (1.0, 0.7, 1.4)  # that are tried of C5
_RESISTANCES = tuple(float(r) for r in np.geomspace(1e3, 66e3, 8))  # Ohm, tried of r_leak where there is no rate to go by
_GRID = 9  # values that are tried of an unknown that no closed form sees


def guessed(problem: Problem) -> Problem:
    """The same problem, its free unknowns centred on the best of many boards."""
    names = [u.name for u in problem.free]
    weights = problem.weights(problem.centre)

    def point(board: LuiParameters) -> Array:
        moved = problem.centre.copy()
        moved[: len(names)] = [u.scaled(value_of(board, u.name)) for u in problem.free]
        return moved

    best = min([*map(point, _boards(problem, names)), problem.centre], key=lambda x: problem.misfit(x, weights))
    for index, unknown in enumerate(problem.free):
        if unknown.name not in _BY_CLOSED_FORM:
            spread = np.linspace(unknown.low, unknown.high, _GRID)
            tried = [best, *(np.concatenate((best[:index], [x], best[index + 1 :])) for x in spread)]
            best = min(tried, key=lambda x: problem.misfit(x, weights))
    free = tuple(replace(u, centre=float(x)) for u, x in zip(problem.free, best, strict=False))
    return Problem(problem.observed, problem.experiment, problem.parameters, free)


def _boards(problem: Problem, names: list[str]) -> Iterator[LuiParameters]:
    """Boards with the recording's threshold and rate."""
    spikes = problem.observed.spikes
    interval = float(np.mean(np.diff(spikes))) if spikes.size > 1 else None
    base = problem.parameters
    if "vdd" in names and spikes.size:
        base = replace(base, vdd=_supply(base, problem.observed))
    for fraction in _FRACTIONS if "v_leak" in names else (base.v_leak,):
        for factor in _FACTORS if "c_mem" in names else (1.0,):
            board = with_values(base, {"v_leak": fraction, "c_mem": factor * base.parts.c_mem})
            if "r_leak" not in names:
                yield board
            else:
                yield from (replace(board, r_leak=r) for r in _resistances(board, interval))


def _resistances(board: LuiParameters, interval: float | None) -> tuple[float, ...]:
    """R_leak in Ohm at which ``board`` fires with ``interval`` (s)."""
    low, high = 100.0, _RESISTANCES[-1]
    if interval is None:
        return _RESISTANCES

    def excess(r: float) -> float:
        return min(cycle(replace(board, r_leak=r)).period, 1e3) - interval

    if excess(high) < 0.0:
        return (high,)
    return () if excess(low) > 0.0 else (float(brentq(excess, low, high, xtol=1.0)),)


def _supply(board: LuiParameters, observed: Observed) -> float:
    """The voltage of the cell in V at which the threshold is where the recording has its peaks."""
    before = [observed.v_mem[max(np.searchsorted(observed.time, spike) - 1, 0)] for spike in observed.spikes]
    peak = float(np.median(before))

    def excess(vdd: float) -> float:
        return rails(replace(board, vdd=vdd), VU_LAMPS).threshold - peak

    limits = quantities(LuiParameters)["vdd"]
    if excess(limits.low) > 0.0 or excess(limits.high) < 0.0:
        return board.vdd
    return float(brentq(excess, limits.low, limits.high, xtol=1e-4))
