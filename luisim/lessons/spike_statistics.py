# SPDX-License-Identifier: GPL-3.0-or-later
"""Lesson 10: a neuron under irregular fire: mean, spread, and why two means differ."""

from collections.abc import Sequence

import numpy as np

from luisim import measure
from luisim.experiment import Experiment
from luisim.lessons.model import Answers, Finding, Lesson, Run, at_least, near, number, within
from luisim.lessons.readings import board, cv, pulse_train
from luisim.lessons.shipped import each_point

_DURATION = 20.0  # s


def _findings(runs: Sequence[Run], answers: Answers) -> tuple[Finding, ...]:
    intervals = measure.intervals(measure.spikes(runs[0].trace))
    if intervals.size < 2:
        return (at_least("spikes", float(intervals.size + 1), 10),)
    rates = 1.0 / intervals
    mean, sd = float(rates.mean()), float(rates.std(ddof=1))
    spread = cv(intervals) or 0.0
    return (
        at_least("spikes", float(intervals.size + 1), 10),
        within("mean", number(answers, "mean", "Hz"), mean, 0.02, "Hz"),
        near("sd", number(answers, "sd", "Hz"), sd, 0.02 * mean, "Hz"),
        # for small spreads the mean of 1/ISI is larger than one over the mean ISI by 1 + CV^2
        within("theory", mean * float(intervals.mean()), 1.0 + spread**2, 0.1),
    )


def _times() -> tuple[float, ...]:
    gaps = 0.06 + np.random.default_rng(10).exponential(0.25, 200)
    times = 0.3 + np.cumsum(gaps)
    return tuple(float(np.round(t, 4)) for t in times[times < _DURATION])


_START = Experiment(board(0.6, 15e3, weights=(0.6, 0.5, 0.5)), _DURATION, (pulse_train(*_times()),), "spike-statistics")
LESSON = Lesson(10, "spike-statistics", _START, each_point(_START), _findings, answers={"mean": "3.2 Hz", "sd": "0.8 Hz"})
