# SPDX-License-Identifier: GPL-3.0-or-later
"""Lesson 1: the membrane rests where the leak pulls it."""

from collections.abc import Sequence

import numpy as np

from luisim import measure
from luisim.experiment import Experiment
from luisim.lessons.model import Answers, Finding, Lesson, Run, at_least, at_most, near, number
from luisim.lessons.readings import board
from luisim.lessons.shipped import each_point


def _findings(runs: Sequence[Run], answers: Answers) -> tuple[Finding, ...]:
    supply = number(answers, "vdd", "V") if "vdd" in answers else 0.0
    fired = sum(measure.spikes(run.trace).size for run in runs)
    set_to = np.array([run.parameters.v_leak * (supply or run.parameters.vdd) for run in runs])
    last = [run.trace.signals["v_mem"][run.trace.time > run.trace.time[-1] - 0.1 * run.trace.duration] for run in runs]
    rest = np.array([part.mean() for part in last])
    noise = float(np.mean([part.std() for part in last]))
    slope = r2 = None
    if fired == 0 and np.ptp(set_to) > 0.0:
        slope, offset = np.polyfit(set_to, rest, 1)
        r2 = 1.0 - float(np.sum((rest - slope * set_to - offset) ** 2) / np.sum((rest - rest.mean()) ** 2))
        slope = float(slope)
    return (
        at_most("silent", float(fired), 0),
        at_least("information", float(np.ptp(rest)), max(0.1, 2.0 * noise), "V"),
        near("theory", slope, 1.0, 0.1),
        at_least("straight", r2, 0.98),
    )


_START = Experiment(board(0.3, 10e3), 2.5, name="resting-potential")
LESSON = Lesson(1, "resting-potential", _START, each_point(_START), _findings, ("v_leak",), 5, answers={"vdd": "3.0 V"})
