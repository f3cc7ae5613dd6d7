# SPDX-License-Identifier: GPL-3.0-or-later
"""Lessons: nineteen short experiments with a question, a task, a check, hints and a solution. LESSONS is the one list."""

from luisim.errors import ParameterError
from luisim.lessons import (
    epsp_ipsp,
    exclusive_or,
    f_i_curve,
    fit_by_hand,
    gates,
    how_strong,
    jeffress,
    leak_over_threshold,
    no_two_alike,
    predict_each_pot,
    resting_potential,
    ring_attractor,
    spike_statistics,
    stacking,
    synfire,
    tau_mem,
    tau_syn,
    threshold,
    tour,
)
from luisim.lessons.model import Lesson

LESSONS: tuple[Lesson, ...] = tuple(
    module.LESSON
    for module in (
        tour,
        resting_potential,
        predict_each_pot,
        leak_over_threshold,
        threshold,
        tau_mem,
        epsp_ipsp,
        how_strong,
        stacking,
        tau_syn,
        spike_statistics,
        f_i_curve,
        fit_by_hand,
        no_two_alike,
        gates,
        exclusive_or,
        synfire,
        jeffress,
        ring_attractor,
    )
)


def lesson(name: str) -> Lesson:
    """A lesson by its number or its slug. Raises :class:`ParameterError`."""
    for item in LESSONS:
        if name in (str(item.number), item.slug):
            return item
    raise ParameterError(f"There is no lesson {name!r}; give a number from 0 to {len(LESSONS) - 1} (see luisim lesson list).")
