# SPDX-License-Identifier: GPL-3.0-or-later
"""Lesson 16: a spike runs along a chain, and round and round a ring."""

from collections.abc import Sequence

import numpy as np

from luisim.experiment import Experiment
from luisim.lessons.model import Answers, Finding, Lesson, Points, Run, at_least, at_most, number, within
from luisim.lessons.readings import cv, spikes_of
from luisim.lessons.shipped import shipped, weakened
from luisim.lui.network import Lui, as_network

_WEAK = 9e3  # Ohm


def _plan(points: Points, answers: Answers) -> tuple[Experiment[Lui], ...]:
    r_weight = points[0].r_weight[0]
    return (weakened(_START, r_weight), weakened(shipped("synfire-ring"), r_weight))


def _findings(runs: Sequence[Run], answers: Answers) -> tuple[Finding, ...]:
    chain, ring = runs[0], runs[1]
    names = as_network(chain.experiment.device).names
    first = [times[0] for name in names if (times := spikes_of(chain.trace, name)).size]
    delays = np.diff(first) if len(first) == len(names) else np.empty(0)
    members = as_network(ring.experiment.device).names
    rounds = min(spikes_of(ring.trace, name).size for name in members)
    start = spikes_of(ring.trace, members[0])
    period = float(np.mean(np.diff(start[1:]))) if start.size > 2 else None
    law = len(members) * float(delays.mean()) if delays.size else 0.0
    return (
        at_least("order", float(np.count_nonzero(delays > 0.0)), len(names) - 1),
        at_most("delay", cv(delays), 0.2),
        at_least("rounds", float(rounds), 5),
        within("predicted", number(answers, "round", "s"), period or 0.0, 0.15, "s"),
        within("theory", period, law, 0.2, "s"),
    )


_START = weakened(shipped("synfire-chain"), _WEAK)
LESSON = Lesson(16, "synfire", _START, _plan, _findings, ("weight1",), answers={"round": "0.2 s"}, board="a")
