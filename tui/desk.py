# SPDX-License-Identifier: GPL-3.0-or-later
"""Desk: what the app asks of a kind of device; :mod:`tui.boards` and :mod:`tui.neurons` answer."""

from typing import Any, Protocol

from luisim.experiment import Experiment
from luisim.hicannx.parameters import HicannX
from luisim.trace import Trace
from tui import boards, neurons
from tui.widgets.trimmer import Turnable


class Desk(Protocol):
    """Pure functions of experiments on one kind of device; ``name`` is of the board or neuron that is looked at."""

    NOUN: str

    def shown(self, experiment: Any) -> Any:
        """The experiment with something to look at."""
        ...

    def names(self, experiment: Any) -> tuple[str, ...]:
        """What can be looked at."""
        ...

    def trimmers(self, experiment: Any) -> tuple[Turnable, ...]:
        """What can be turned."""
        ...

    def settings(self, experiment: Any, name: str) -> Any:
        """What a knob turns."""
        ...

    def with_settings(self, experiment: Any, name: str, changed: Any) -> Any:
        """The experiment with what a knob has turned."""
        ...

    def of(self, trace: Trace, name: str) -> Trace:
        """What is looked at of a trace."""
        ...


def desk_of(experiment: Experiment[Any]) -> Desk:
    """The desk for the experiment's device."""
    return neurons if isinstance(experiment.device, HicannX) else boards
