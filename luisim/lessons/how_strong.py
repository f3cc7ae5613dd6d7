# SPDX-License-Identifier: GPL-3.0-or-later
"""Lesson 7: the smallest weight with which one pulse makes the neuron fire."""

from collections.abc import Sequence

from luisim import measure
from luisim.experiment import Experiment
from luisim.lessons.model import Answers, Finding, Lesson, Points, Run, at_least, at_most, turned, with_board, within
from luisim.lessons.readings import bisect, board, model_fires, pulse_train
from luisim.lui.network import Lui

_PART = 0.1
_LIKE = 0.3  # parts of real boards differ by so much


def _at(weight: float) -> Experiment[Lui]:
    return with_board(_START, turned(_START.device.parameters, "weight1", repr(min(max(weight, 0.0), 1.0))))


def _plan(points: Points, answers: Answers) -> tuple[Experiment[Lui], ...]:
    weight = points[0].positions.weight[0]
    return (_at(weight * (1.0 + _PART)), _at(weight * (1.0 - _PART)))


def _findings(runs: Sequence[Run], answers: Answers) -> tuple[Finding, ...]:
    above, below = (float(measure.spikes(run.trace).size) for run in runs[:2])
    weight = runs[1].parameters.positions.weight[0] / (1.0 - _PART)
    return (
        at_least("fires", above, 1),
        at_most("silent", below, 0),
        within("theory", weight, bisect(lambda w: model_fires(_at(w)), 0.0, 1.0), _LIKE),
    )


_START = Experiment(board(0.45, 10e3, r_syn=8e3, weights=(0.2, 0.5, 0.5)), 2.5, (pulse_train(1.0),), "how-strong")
LESSON = Lesson(7, "how-strong", _START, _plan, _findings, ("weight1",))
