# SPDX-License-Identifier: GPL-3.0-or-later
"""Lesson 13: the same marks, the same firmware, the same batch: and yet no two boards are alike."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from luisim import measure
from luisim.experiment import Experiment
from luisim.lessons.model import Answers, Finding, Lesson, Points, Run, at_least, near, number, within
from luisim.lessons.readings import board, cv
from luisim.lui.closed_form import cycle
from luisim.lui.network import Lui
from luisim.lui.population import another, board_seeds

BOARDS = 4
_SEED, _CLASS = 13, 200


def _plan(points: Points, answers: Answers) -> tuple[Experiment[Lui], ...]:
    return tuple(another(_START, seed) for seed in board_seeds(BOARDS, _SEED))


def _findings(runs: Sequence[Run], answers: Answers) -> tuple[Finding, ...]:
    rates = np.array([measure.rate(measure.spikes(run.trace), run.trace.duration) for run in runs])
    mean, spread = float(rates.mean()), cv(rates) or 0.0
    drawn = np.array([cycle(another(_START, s).device.parameters).rate for s in board_seeds(_CLASS, _SEED)])
    law = cv(drawn[drawn > 0.0]) or 0.0
    return (
        at_least("boards", float(len(runs)), 3),
        within("mean", number(answers, "mean", "Hz"), mean, 0.05, "Hz"),
        within("sd", number(answers, "sd", "Hz"), mean * spread, 0.05, "Hz"),
        within("cv", number(answers, "cv"), spread, 0.05),
        # four boards tell the spread of a whole class within a factor of about three
        replace(near("theory", spread, law, 0.0), low=law / 3.0, high=law * 3.0),
    )


_START = Experiment(board(0.8, 15e3), 5.0, name="no-two-alike")
LESSON = Lesson(13, "no-two-alike", _START, _plan, _findings, answers={"mean": "3 Hz", "sd": "0.4 Hz", "cv": "0.13"})
