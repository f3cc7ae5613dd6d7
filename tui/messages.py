# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages: what a runner tells whoever asked for a trace. Plain values; they know no screen."""

from dataclasses import dataclass

from luisim.experiment import Experiment
from luisim.lui.network import Lui
from luisim.trace import Trace


@dataclass(frozen=True)
class Ran:
    """``source`` has run ``experiment``."""

    source: str
    experiment: Experiment[Lui]
    trace: Trace


@dataclass(frozen=True)
class Failed:
    """``source`` gave no trace of ``experiment``; ``sentence`` says why.

    ``loud``: it should have worked, so tell the person. ``hopeless``: trying again changes nothing (ngspice is missing).
    """

    source: str
    experiment: Experiment[Lui]
    sentence: str
    loud: bool = True
    hopeless: bool = False


@dataclass(frozen=True)
class Progress:
    """How much of a run is done, from 0 to 1."""

    source: str
    done: float


Message = Ran | Failed | Progress
