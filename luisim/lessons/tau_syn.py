# SPDX-License-Identifier: GPL-3.0-or-later
"""Lesson 9: the synaptic time constant, read off the membrane as a difference of two exponentials."""

from collections.abc import Sequence

from luisim.experiment import Experiment
from luisim.lessons.model import Answers, Finding, Lesson, Run, at_least, near, within, word
from luisim.lessons.readings import board, psp_height, psp_taus, pulse_train
from luisim.lessons.shipped import each_point


def _findings(runs: Sequence[Run], answers: Answers) -> tuple[Finding, ...]:
    said = word(answers, "larger", ("longer", "shorter"))
    ordered = sorted(runs, key=lambda run: run.parameters.r_syn)
    small, large = ordered[0], ordered[-1]
    first, last = psp_taus(small.trace, 1.0), psp_taus(large.trace, 1.0)
    law = large.parameters.r_syn / max(small.parameters.r_syn, 1.0)
    ratio = last[0] / first[0] if first and last else None
    height, noise = psp_height(small.trace, 1.0)
    return (
        near("larger", 1.0 if said == "longer" else -1.0, 1.0, 0.5),
        at_least("far_apart", law, 2.0),
        at_least("visible", abs(height), max(3.0 * noise, 5e-3), "V"),
        within("theory", ratio, law, 0.2),
    )


_START = Experiment(board(0.3, 25e3, r_syn=4e3, weights=(0.6, 0.5, 0.5)), 4.0, (pulse_train(1.0),), "tau-syn")
LESSON = Lesson(9, "tau-syn", _START, each_point(_START), _findings, ("r_syn",), 2, answers={"larger": "longer or shorter"})
