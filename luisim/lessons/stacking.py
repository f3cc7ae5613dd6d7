# SPDX-License-Identifier: GPL-3.0-or-later
"""Lesson 8: weak pulses add up if they come soon enough after one another."""

from collections.abc import Sequence

from luisim import measure
from luisim.experiment import Experiment, Pulses
from luisim.lessons.model import Answers, Finding, Lesson, Points, Run, at_least, at_most, number
from luisim.lessons.readings import bisect, board, model_fires, pulse_train
from luisim.lui.network import Lui

_LIKE = 2.5  # times: how far a PSP gets above the threshold hangs on every part of a real board
_PART, _COUNT, _SHORTEST, _LONGEST = 0.15, 3, 20e-3, 0.6


def _at(interval: float) -> Experiment[Lui]:
    interval = min(max(interval, _SHORTEST), _LONGEST)
    return Experiment(_BOARD, 3.5, (pulse_train(*(1.0 + interval * n for n in range(_COUNT))),), "stacking")


def _plan(points: Points, answers: Answers) -> tuple[Experiment[Lui], ...]:
    interval = number(answers, "interval", "s")
    return (_at(interval * (1.0 - _PART)), _at(interval * (1.0 + _PART)))


def _findings(runs: Sequence[Run], answers: Answers) -> tuple[Finding, ...]:
    close, far = (float(measure.spikes(run.trace).size) for run in runs[:2])
    law = bisect(lambda interval: model_fires(_at(interval)), _SHORTEST, _LONGEST)
    return (
        at_least("fires", close, 1),
        at_most("silent", far, 0),
        Finding("theory", number(answers, "interval", "s"), law, law / _LIKE, law * _LIKE, "s"),
    )


_BOARD = board(0.45, 10e3, r_syn=8e3, weights=(0.45, 0.5, 0.5))
_START = _at(0.3)
assert isinstance(_START.stimuli[0], Pulses)
LESSON = Lesson(8, "stacking", _START, _plan, _findings, answers={"interval": "100 ms"})
