# SPDX-License-Identifier: GPL-3.0-or-later
"""Lesson 12: who fits better, your hand or the machine?"""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from luisim import compare
from luisim.experiment import Experiment
from luisim.lessons.model import Answers, Finding, Lesson, Points, Run, at_most, turned, with_board, within, word
from luisim.lessons.readings import board
from luisim.lui.model import LuiModel
from luisim.lui.network import Lui
from luisim.lui.parameters import LuiBoard
from luisim.trace import Trace

_HIDDEN = {"v_leak": "0.713", "r_leak": "16.4k"}
_SEEN = 20e-3  # V rms: closer than this the eye sees no difference


def hand_curve(experiment: Experiment[Lui], answers: Answers) -> Experiment[Lui]:
    """The experiment with the settings that the pupil has found."""
    mine = _START.device.parameters
    for key in _HIDDEN:
        mine = turned(mine, key, word(answers, key))
    return with_board(experiment, mine)


def hidden() -> Experiment[Lui]:
    """The experiment with the board that is looked for."""
    return _plan((), {})[0]


def _plan(points: Points, answers: Answers) -> tuple[Experiment[Lui], ...]:
    hidden = _START.device.parameters
    for key, value in _HIDDEN.items():
        hidden = turned(hidden, key, value)
    return (with_board(_START, hidden),)


def _findings(runs: Sequence[Run], answers: Answers) -> tuple[Finding, ...]:
    from luisim.lui.fit import fit  # scipy takes 0.5 s to import

    trace = runs[0].trace
    target = Trace(trace.time - trace.time[0], {"v_mem": trace.signals["v_mem"]}, trace.spikes, trace.origin)
    same = replace(_START, duration=float(target.time[-1]))
    machine = fit(target, same, ("v_leak", "r_leak"), tolerances=False)
    mine = hand_curve(same, answers)
    by_hand = compare.compare(target, LuiModel().run(mine))
    slower = by_hand.isi_difference
    best = machine.twin.device.parameters
    own = cast(LuiBoard, mine.device).parameters
    return (
        at_most("shape", by_hand.rms_aligned, max(1.5 * machine.rms_aligned, _SEEN), "V"),
        at_most("rhythm", abs(slower) / 100.0 if slower is not None else None, 0.03),
        within("v_leak", own.v_leak, best.v_leak, 0.05),
        within("theory", own.r_leak, best.r_leak, 0.1, "Ohm"),
    )


_START = Experiment(board(0.8, 25e3), 3.0, name="fit-by-hand")
LESSON = Lesson(12, "fit-by-hand", _START, _plan, _findings, answers={"v_leak": "0.75", "r_leak": "20k"})
