# SPDX-License-Identifier: GPL-3.0-or-later
"""Lesson 15: XOR needs five boards, and one of them must say no."""

from collections.abc import Sequence
from dataclasses import replace

from luisim.experiment import Experiment
from luisim.lessons.model import Answers, Finding, Lesson, Points, Run, at_least, parameters_of, with_board
from luisim.lessons.readings import counts, psp
from luisim.lessons.shipped import shipped
from luisim.lui.network import Lui

_ROWS = tuple((0.1 + row, 1.1 + row) for row in range(4))


def _plan(points: Points, answers: Answers) -> tuple[Experiment[Lui], ...]:
    return (with_board(_START, points[0], ("out",)),)


def _findings(runs: Sequence[Run], answers: Answers) -> tuple[Finding, ...]:
    none, x, y, both = counts(runs[0].trace, _ROWS)
    out = parameters_of(runs[0].experiment, "out")
    least, most = min(x, y), max(none, both)
    return (
        at_least("one", float(least), 2),
        at_least("ratio", least / max(most, 0.5), 3.0),
        # silencing works where the PSP of AND lowers the membrane by more than that of OR lifts it
        at_least("theory", -psp(out, 2) / max(psp(out, 1), 1e-3), 1.0),
    )


def _wrong() -> Experiment[Lui]:
    whole = shipped("xor")
    return with_board(whole, replace(parameters_of(whole, "out"), sign=(1, 1, 1)), ("out",))


_START = _wrong()
LESSON = Lesson(15, "exclusive-or", _START, _plan, _findings, ("sign2", "weight1", "weight2"), board="out")
