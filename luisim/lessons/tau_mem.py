# SPDX-License-Identifier: GPL-3.0-or-later
"""Lesson 5: the membrane time constant, R times C."""

from collections.abc import Sequence

import numpy as np

from luisim.errors import ParameterError
from luisim.experiment import Experiment
from luisim.lessons.model import Answers, Finding, Lesson, Run, at_least, near, within, word
from luisim.lessons.readings import board, tau_mem
from luisim.lessons.shipped import each_point
from luisim.quantity import parse_si


def _findings(runs: Sequence[Run], answers: Answers) -> tuple[Finding, ...]:
    typed = [parse_si(part, "s", "tau") for part in word(answers, "tau").split(",")]
    if len(typed) != len(runs):
        raise ParameterError(f"tau has {len(typed)} values for {len(runs)} settings; type one for each, with commas.")
    fits = [tau_mem(run.trace) for run in runs]
    taus = [fit[0] if fit else None for fit in fits]
    found = [
        near(f"tau{index}", own / fit if fit else None, 1.0, 0.15)
        for index, (own, fit) in enumerate(zip(typed, taus, strict=True), start=1)
    ]
    quality = min(fit[1] if fit else 0.0 for fit in fits)
    r = np.array([run.parameters.r_leak for run in runs])
    law = None
    if all(taus):
        law = float(np.polyfit(np.log(r), np.log(np.array(taus, dtype=float)), 1)[0]) if np.ptp(r) > 1.0 else 0.0
    c = float(np.median([tau / own for tau, own in zip(taus, r, strict=True) if tau])) if any(taus) else None
    return (
        *found,
        at_least("exponential", quality, 0.98),
        near("theory", law, 1.0, 0.15),
        within("capacitor", c, runs[0].parameters.parts.c_mem, 0.4, "F"),
    )


_START = Experiment(board(0.7, 10e3), 6.0, name="tau-mem")
LESSON = Lesson(5, "tau-mem", _START, each_point(_START), _findings, ("r_leak",), 3, answers={"tau": "0.1 s, 0.25 s, 0.5 s"})
