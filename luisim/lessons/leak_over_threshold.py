# SPDX-License-Identifier: GPL-3.0-or-later
"""Lesson 3: with the leak above the threshold the neuron fires by itself, as regularly as a clock."""

from collections.abc import Sequence
from math import log

import numpy as np

from luisim import measure
from luisim.experiment import Experiment
from luisim.lessons.model import Answers, Finding, Lesson, Run, at_least, at_most, within
from luisim.lessons.readings import board, cv, exponential, rises
from luisim.lessons.shipped import each_point
from luisim.trace import Trace


def predicted(trace: Trace) -> float | None:
    """The interval in s that T = t_start + tau ln((E - v1)/(E - V_th)) gives, with E and tau fitted to its lower part alone."""
    threshold, found = measure.threshold(trace), measure.spikes(trace)
    periods = []
    for time, v in rises(trace, to=0.9)[:8]:
        e, tau, _ = exponential(time, v)
        before = found[found < time[0]]
        if before.size and threshold is not None and e > threshold:
            periods.append(time[0] - before[-1] + tau * log((e - v[0]) / (e - threshold)))
    return float(np.median(periods)) if periods else None


def _findings(runs: Sequence[Run], answers: Answers) -> tuple[Finding, ...]:
    found = measure.spikes(runs[0].trace)
    intervals = measure.intervals(found)
    mean = float(intervals.mean()) if intervals.size else None
    law = predicted(runs[0].trace)
    return (
        at_least("spikes", float(found.size), 5),
        at_most("regular", cv(intervals), 0.05),
        within("theory", mean, law or 0.0, 0.1, "s"),
    )


_START = Experiment(board(0.45, 10e3), 5.0, name="lesson-leak-over-threshold")
LESSON = Lesson(3, "leak-over-threshold", _START, each_point(_START), _findings, ("v_leak",))
