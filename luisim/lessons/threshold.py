# SPDX-License-Identifier: GPL-3.0-or-later
"""Lesson 4: where the neuron fires, and how long it rests."""

from collections.abc import Sequence

from luisim import measure
from luisim.experiment import Experiment
from luisim.lessons.model import Answers, Finding, Lesson, Run, near, number, within
from luisim.lessons.readings import board
from luisim.lessons.shipped import each_point
from luisim.lui.closed_form import cycle


def _findings(runs: Sequence[Run], answers: Answers) -> tuple[Finding, ...]:
    trace, parameters = runs[0].trace, runs[0].parameters
    threshold, width = measure.threshold(trace), measure.pulse_width(trace)
    found = [
        within("threshold", number(answers, "threshold", "V"), threshold or 0.0, 0.03, "V"),
        near("t_ref", number(answers, "t_ref", "s"), width or 0.0, 1.5e-3, "s"),
    ]
    if "v_out" in trace.signals and threshold is not None:
        # volts fall with the cell; the output's height tells how full it is
        high = float(trace.signals["v_out"].max())
        found.append(near("theory", threshold / high, 0.5167 / 0.978, 0.04))
    found.append(within("theory_t_ref", width, cycle(parameters).pulse, 0.25, "s"))
    return tuple(found)


_START = Experiment(board(0.8, 10e3), 2.0, name="threshold")
LESSON = Lesson(4, "threshold", _START, each_point(_START), _findings, answers={"threshold": "1.5 V", "t_ref": "15 ms"})
