# SPDX-License-Identifier: GPL-3.0-or-later
"""Lesson 14: OR, AND and NOT with one neuron and two pulse inputs."""

from collections.abc import Sequence

from luisim import measure
from luisim.experiment import Experiment
from luisim.lessons.model import Answers, Finding, Lesson, Points, Run, at_least, near, turned, with_board
from luisim.lessons.readings import bisect, board, model_fires, psp, pulse_train
from luisim.lui.network import Lui

_ROW, _ROWS = 1.0, 4  # s, rows of a truth table
_TRUTH = {"or": (0, 1, 1, 1), "and": (0, 0, 0, 1), "not": (1, 0, 1, 0)}
_HEAD_START = 20e-3  # s by which the input of NOT comes before its clock
_BEGIN = 0.5


def _stimuli(gate: str) -> Experiment[Lui]:
    begin = [_BEGIN + _ROW * row for row in range(_ROWS)]
    if gate == "not":
        clock = pulse_train(*(t + _HEAD_START for t in begin))
        pulses = (clock, pulse_train(begin[1], begin[3], connector=2))
    else:
        pulses = (pulse_train(begin[1], begin[3]), pulse_train(begin[2], begin[3], connector=2))
    return Experiment(_BOARD, _BEGIN + _ROW * _ROWS, pulses, f"gate-{gate}")


def _plan(points: Points, answers: Answers) -> tuple[Experiment[Lui], ...]:
    runs = []
    for gate, point in zip(_TRUTH, points, strict=False):
        runs.append(with_board(_stimuli(gate), turned(point, "sign2", "-1") if gate == "not" else point))
    return tuple(runs)


def _findings(runs: Sequence[Run], answers: Answers) -> tuple[Finding, ...]:
    found = []
    for (gate, truth), run in zip(_TRUTH.items(), runs, strict=False):
        times = measure.spikes(run.trace)
        rows = [
            int(any((times >= _BEGIN + _ROW * row - 0.01) & (times < _BEGIN + _ROW * (row + 1) - 0.01))) for row in range(_ROWS)
        ]
        found.append(near(gate, float(sum(a == b for a, b in zip(rows, truth, strict=True))), 4.0, 0.5))
    # AND: one PSP stays below the gap to the threshold, two together are higher. The gap: the smallest PSP that fires
    least = bisect(lambda w: model_fires(_single(w)), 0.0, 1.0)
    gap = psp(turned(_BOARD.parameters, "weight1", repr(least)))
    single = psp(runs[1].parameters) / gap if len(runs) > 1 else None
    return (*found, Finding("theory", single, 0.75, 0.5, 1.0), at_least("theory_or", psp(runs[0].parameters) / gap, 1.0))


def _single(weight: float) -> Experiment[Lui]:
    return Experiment(board(0.45, 5e3, r_syn=8e3, weights=(weight, 0.5, 0.5)), 1.5, (pulse_train(_BEGIN),), "gate")


_BOARD = board(0.45, 5e3, r_syn=8e3, weights=(0.2, 0.2, 0.5))
_START = _stimuli("or")
LESSON = Lesson(14, "gates", _START, _plan, _findings, ("weight1", "weight2"), 3)
