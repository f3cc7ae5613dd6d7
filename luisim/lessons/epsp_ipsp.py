# SPDX-License-Identifier: GPL-3.0-or-later
"""Lesson 6: one switch decides whether a pulse lifts or lowers the membrane."""

from collections.abc import Sequence

import numpy as np

from luisim.experiment import Experiment
from luisim.lessons.model import Answers, Finding, Lesson, Run, at_least, near, within, word
from luisim.lessons.readings import board, psp, psp_height, pulse_train
from luisim.lessons.shipped import each_point


def _findings(runs: Sequence[Run], answers: Answers) -> tuple[Finding, ...]:
    said = word(answers, "minus", ("up", "down"))
    heights, noises = zip(*(psp_height(run.trace, 1.0) for run in runs), strict=True)
    high, low = max(heights), min(heights)
    theory = [abs(psp(run.parameters)) for run in runs]
    return (
        near("minus", {"up": 1.0, "down": -1.0}[said], -1.0, 0.5),
        at_least("excites", high, max(3.0 * max(noises), 5e-3), "V"),
        at_least("inhibits", -low, max(3.0 * max(noises), 5e-3), "V"),
        within("theory", float(np.mean(np.abs(heights))), float(np.mean(theory)), 0.35, "V"),
    )


_START = Experiment(board(0.3, 5e3, weights=(0.75, 0.5, 0.5)), 3.0, (pulse_train(1.0),), "epsp-ipsp")
LESSON = Lesson(6, "epsp-ipsp", _START, each_point(_START), _findings, ("sign1", "weight1"), 2, answers={"minus": "up or down"})
