# SPDX-License-Identifier: GPL-3.0-or-later
"""Lesson 2: which trimmer makes the neuron fire faster, which slower, which not at all?"""

from collections.abc import Sequence
from math import copysign

from luisim import measure
from luisim.experiment import Experiment
from luisim.lessons.model import Answers, Finding, Lesson, Points, Run, near, turned, with_board, word
from luisim.lessons.readings import board
from luisim.lui.closed_form import cycle
from luisim.lui.network import Lui

_TURNS = {
    "v_leak": "0.95",
    "tau_mem": "40k",
    "tau_syn": "15k",
    "weight1": "0.9",
    "weight2": "0.9",
    "weight3": "0.9",
}
_KNOB = {"tau_mem": "r_leak", "tau_syn": "r_syn"}
_NOTHING = 0.02  # relative change that nobody would see
_SIGN = {"up": 1.0, "down": -1.0, "none": 0.0}


def _sign(before: float, after: float) -> float:
    change = after / before - 1.0 if before > 0.0 else 0.0
    return copysign(1.0, change) if abs(change) > _NOTHING else 0.0


def _plan(points: Points, answers: Answers) -> tuple[Experiment[Lui], ...]:
    base = points[0]
    changed = [turned(base, _KNOB.get(key, key), value) for key, value in _TURNS.items()]
    return tuple(with_board(_START, parameters) for parameters in (base, *changed))


def _findings(runs: Sequence[Run], answers: Answers) -> tuple[Finding, ...]:
    rates = [measure.rate(measure.spikes(run.trace), run.trace.duration) for run in runs]
    theory = [cycle(run.parameters).rate for run in runs]
    found, agree = [], 0
    for key, rate, law in zip(_TURNS, rates[1:], theory[1:], strict=True):
        said = _SIGN[word(answers, key, tuple(_SIGN))]
        found.append(near(key, said, _sign(rates[0], rate), 0.5))
        agree += _sign(rates[0], rate) == _sign(theory[0], law)
    return (*found, near("theory", float(agree), 6.0, 0.5))


_START = Experiment(board(0.8, 25e3), 4.0, name="predict-each-pot")
LESSON = Lesson(2, "predict-each-pot", _START, _plan, _findings, answers=dict.fromkeys(_TURNS, "up, down or none"))
