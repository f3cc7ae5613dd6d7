# SPDX-License-Identifier: GPL-3.0-or-later
"""Target: the trace of the hidden board of lesson 12 as a source, so that a pupil can lay the model's over it."""

from collections.abc import Callable
from dataclasses import replace

from luisim.experiment import Experiment
from luisim.lessons import fit_by_hand
from luisim.lui.model import LuiModel
from luisim.lui.network import Lui
from luisim.trace import Trace


class Target:
    """Shows the hidden board, whatever the knobs say."""

    name = "target"

    def unsupported(self, experiment: Experiment[Lui]) -> str | None:
        """It belongs to its lesson."""
        return None if experiment.name == fit_by_hand.LESSON.start.name else "it belongs to lesson 12"

    def by_hand(self, experiment: Experiment[Lui]) -> tuple[str, ...]:
        """Nothing."""
        return ()

    def run(
        self,
        experiment: Experiment[Lui],
        *,
        seed: int = 0,
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Trace:
        """The hidden board for as long as ``experiment`` lasts."""
        trace = LuiModel().run(replace(fit_by_hand.hidden(), duration=experiment.duration))
        return Trace(trace.time, trace.signals, trace.spikes, self.name)
