# SPDX-License-Identifier: GPL-3.0-or-later
"""Lesson 17: where does the sound come from? Delay lines and coincidence."""

from collections.abc import Sequence

import numpy as np

from luisim.errors import ParameterError
from luisim.experiment import Experiment
from luisim.lessons.model import Answers, Finding, Lesson, Points, Run, at_least, near, word
from luisim.lessons.readings import spikes_of
from luisim.lessons.shipped import shipped
from luisim.lui.network import Lui
from luisim.trace import Array, Trace

_SOUNDS = ((0.2, 0.8), (0.85, 1.5), (1.55, 2.2), (2.25, 2.9))
_DETECTORS = ("C1", "C2", "C3", "C4")


def _plan(points: Points, answers: Answers) -> tuple[Experiment[Lui], ...]:
    return (_START,)


def _within(trace: Trace, name: str, start: float, end: float) -> Array:
    """Spike times of a board between ``start`` and ``end`` (s)."""
    times = spikes_of(trace, name)
    return times[(times >= start) & (times < end)]


def winners(trace: Trace) -> list[int]:
    """Which detector fires first in each sound, from 1; 0 for none."""
    found = []
    for start, end in _SOUNDS:
        first = {
            index: times[0]
            for index, name in enumerate(_DETECTORS, start=1)
            if (times := _within(trace, name, start, end)).size
        }
        found.append(min(first, key=lambda index: first[index]) if first else 0)
    return found


def by_delays(trace: Trace) -> list[int]:
    """The detector at which both signals arrive closest together, from the measured delays along both lines."""
    found = []
    for start, end in _SOUNDS:
        at: dict[str, list[float]] = {"L": [], "R": []}
        for side, line in at.items():
            times = [_within(trace, f"{side}{n}", start, end) for n in (1, 2, 3)]
            line += [float(t[0]) if t.size else np.inf for t in times]
        # C1 hears the left ear at once and the right one through R1, R2 and R3; each board takes as long as the step before
        step = {side: line[1] - line[0] for side, line in at.items()}
        left = [at["L"][0] - step["L"], *at["L"]]
        right = [*reversed(at["R"]), at["R"][0] - step["R"]]
        found.append(1 + int(np.argmin(np.abs(np.array(left) - np.array(right)))))
    return found


def _findings(runs: Sequence[Run], answers: Answers) -> tuple[Finding, ...]:
    said = [part.strip().upper() for part in word(answers, "winners").split(",")]
    if len(said) != len(_SOUNDS) or not set(said) <= set(_DETECTORS):
        raise ParameterError(f"winners needs {len(_SOUNDS)} of {', '.join(_DETECTORS)}, with commas between them.")
    won, law = winners(runs[0].trace), by_delays(runs[0].trace)
    hits = sum(f"C{index}" == own for index, own in zip(won, said, strict=True))
    steps = np.diff(won)
    monotone = bool(np.all(steps > 0) or np.all(steps < 0)) and 0 not in won
    return (
        near("predicted", float(hits), 4.0, 0.5),
        at_least("monotone", float(monotone), 1.0),
        near("theory", float(sum(a == b for a, b in zip(won, law, strict=True))), 4.0, 0.5),
    )


_START: Experiment[Lui] = shipped("jeffress")
LESSON = Lesson(17, "jeffress", _START, _plan, _findings, answers={"winners": "C1, C2, C3, C4"})
