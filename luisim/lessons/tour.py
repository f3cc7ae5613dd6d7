# SPDX-License-Identifier: GPL-3.0-or-later
"""Lesson 0: a tour without a board."""

from collections.abc import Sequence

from luisim import measure
from luisim.experiment import Experiment
from luisim.lessons.model import Answers, Finding, Lesson, Run, at_least, number, within, word
from luisim.lessons.readings import board
from luisim.lessons.shipped import each_point
from luisim.lui.closed_form import cycle

ACTIONS = ("pause", "turn", "view", "zoom", "pulse")


def _findings(runs: Sequence[Run], answers: Answers) -> tuple[Finding, ...]:
    done = {part.strip() for part in word(answers, "done").split(",")} & set(ACTIONS)
    rate = measure.rate(measure.spikes(runs[0].trace), runs[0].trace.duration)
    return (
        at_least("actions", float(len(done)), len(ACTIONS)),
        within("rate", number(answers, "rate", "Hz"), rate, 0.1, "Hz"),
        within("theory", rate, cycle(runs[0].parameters).rate, 0.25, "Hz"),
    )


_START = Experiment(board(0.8, 25e3), 4.0, name="tour")
LESSON = Lesson(
    0, "tour", _START, each_point(_START), _findings, answers={"done": "pause,turn,view,zoom,pulse", "rate": "1.9 Hz"}
)
