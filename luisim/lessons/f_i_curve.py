# SPDX-License-Identifier: GPL-3.0-or-later
"""Lesson 11: the f-I curve. V_leak behind R_leak is a current source: I = V_leak / R_leak."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from luisim import measure
from luisim.experiment import Experiment
from luisim.lessons.model import Answers, Finding, Lesson, Run, at_least, at_most, number, within
from luisim.lessons.readings import bisect, board
from luisim.lessons.shipped import each_point
from luisim.lui.closed_form import cycle
from luisim.lui.parameters import LuiParameters
from luisim.trace import Array

_AVERAGED = 8  # intervals


@dataclass(frozen=True)
class Curve:
    """Readings (n,): ``currents`` in A in rising order, ``rates`` and their ``errors`` in Hz; the fitted line (n,) in Hz, its
    r squared and the current in A where it starts (None where too little fired)."""

    currents: Array
    rates: Array
    errors: Array
    line: Array
    r2: float | None
    rheobase: float | None


def curve(runs: Sequence[Run]) -> Curve:
    """The curve that runs with different V_leak give, with a leaky integrate-and-fire neuron laid through it.

    1/f = t_ref + t_0 + R C ln(R I / (R I - V_th)) with C, t_ref and V_th as known or read off, R and t_0 free.
    """
    from scipy.optimize import least_squares  # takes 0.5 s to import

    currents = np.array([run.parameters.v_leak * run.parameters.vdd / run.parameters.r_leak for run in runs])
    rates, errors = np.zeros(currents.size), np.zeros(currents.size)
    thresholds, widths = [], []
    for index, run in enumerate(runs):
        intervals = measure.intervals(measure.spikes(run.trace))[-_AVERAGED:]
        if intervals.size:
            rates[index] = 1.0 / intervals.mean()
            errors[index] = rates[index] * intervals.std() / intervals.mean()
            thresholds += [measure.threshold(run.trace) or np.nan]
            widths += [measure.pulse_width(run.trace) or np.nan]
    order = np.argsort(currents, kind="stable")
    currents, rates, errors = currents[order], rates[order], errors[order]
    fires = rates > 0.0
    if np.count_nonzero(fires) < 4:
        return Curve(currents, rates, errors, np.zeros(currents.size), None, None)
    v_th, t_ref = float(np.nanmedian(thresholds)), float(np.nanmedian(widths))
    c = runs[0].parameters.parts.c_mem

    def line(x: Array) -> Array:
        r, start = np.exp(x)
        ratio = np.maximum(r * currents / v_th, 1e-9)
        above = ratio > 1.0
        period = t_ref + start + r * c * np.log(np.where(above, ratio, 2.0) / (np.where(above, ratio, 2.0) - 1.0))
        return np.asarray(np.where(above, 1.0 / period, 0.0))

    def residual(x: Array) -> Array:
        difference: Array = line(x) - rates
        return difference

    first = np.array([np.log(1.02 * v_th / currents[fires][0]), np.log(0.01)])
    starts = [first + np.array([shift, 0.0]) for shift in (0.0, 0.1, -0.1)]
    found = [least_squares(residual, start, bounds=([0.0, np.log(1e-4)], [15.0, 0.0])) for start in starts]
    best = min(found, key=lambda result: result.cost)
    fitted = line(best.x)
    r2 = 1.0 - float(np.sum((fitted - rates) ** 2) / np.sum((rates - rates.mean()) ** 2))
    return Curve(currents, rates, errors, fitted, r2, float(v_th / np.exp(best.x[0])))


def rheobase(parameters: LuiParameters) -> float:
    """The current in A at which the closed form begins to fire."""
    from dataclasses import replace

    least = bisect(lambda v_leak: cycle(replace(parameters, v_leak=v_leak)).rate > 0.0, 0.3, 1.0)
    return least * parameters.vdd / parameters.r_leak


def _findings(runs: Sequence[Run], answers: Answers) -> tuple[Finding, ...]:
    found = curve(runs)
    falls = np.diff(found.rates) + 3.0 * (found.errors[1:] + found.errors[:-1]) + 0.02
    law = rheobase(runs[0].parameters)
    return (
        at_least("points", float(np.unique(np.round(found.currents, 9)).size), 15),
        at_most("monotone", float(np.count_nonzero(falls < 0.0)), 0),
        at_least("fit", found.r2, 0.97),
        within("rheobase", number(answers, "rheobase", "A"), law, 0.1, "A"),
        within("theory", found.rheobase, law, 0.15, "A"),
    )


_START = Experiment(board(0.8, 10e3), 4.0, name="f-i-curve")
LESSON = Lesson(11, "f-i-curve", _START, each_point(_START), _findings, ("v_leak",), 2, answers={"rheobase": "150 uA"})
