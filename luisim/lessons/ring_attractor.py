# SPDX-License-Identifier: GPL-3.0-or-later
"""Lesson 18: a compass that remembers, made of ten boards."""

from collections.abc import Sequence
from itertools import pairwise

from luisim.experiment import Experiment, Pulses
from luisim.lessons.model import Answers, Finding, Lesson, Points, Run, at_least, near, word
from luisim.lessons.readings import counts
from luisim.lessons.shipped import shipped
from luisim.lui.network import Lui
from luisim.trace import Trace

_COMPASS = ("O1", "O2", "O3")
_SETTLE = 0.5  # s after a turn


def _plan(points: Points, answers: Answers) -> tuple[Experiment[Lui], ...]:
    return (_START,)


def turns(experiment: Experiment[Lui]) -> list[float]:
    """When the compass is turned, in s."""
    return sorted(t for s in experiment.stimuli if isinstance(s, Pulses) and s.board == "turn" for t in s.times)


def active(trace: Trace, start: float, end: float) -> list[str]:
    """Which of the compass fire between ``start`` and ``end`` (s)."""
    return [name for name in _COMPASS if sum(counts(trace, [(start, end)], name))]


def _findings(runs: Sequence[Run], answers: Answers) -> tuple[Finding, ...]:
    trace, experiment = runs[0].trace, runs[0].experiment
    edges = [0.0, *turns(experiment), experiment.duration]
    pieces = [active(trace, start + _SETTLE, end) for start, end in pairwise(edges) if end > start + _SETTLE]
    single = [piece[0] for piece in pieces if len(piece) == 1]
    moved = sum(a != b for a, b in pairwise(single))
    last = word(answers, "last", _COMPASS)
    law = _COMPASS[(_COMPASS.index(single[0]) + len(pieces) - 1) % 3] if single else ""
    return (
        near("one", float(len(single)), float(len(pieces)), 0.5),
        at_least("moved", float(moved), float(len(pieces) - 1)),
        near("predicted", float(bool(single) and last == single[-1]), 1.0, 0.5),
        near("theory", float(bool(single) and law == single[-1]), 1.0, 0.5),
    )


_START: Experiment[Lui] = shipped("ring-attractor")
LESSON = Lesson(18, "ring-attractor", _START, _plan, _findings, answers={"last": "O1, O2 or O3"})
