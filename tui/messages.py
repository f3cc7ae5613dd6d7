# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages: what a runner tells whoever asked for a trace. Plain values; they know no screen."""

from dataclasses import dataclass
from typing import Any

from luisim.experiment import Experiment
from luisim.trace import Trace


@dataclass(frozen=True)
class Ran:
    """``source`` has run ``experiment``. ``rough``: in a hurry; the run itself follows."""

    source: str
    experiment: Experiment[Any]
    trace: Trace
    rough: bool = False


@dataclass(frozen=True)
class Failed:
    """``source`` gave no trace of ``experiment``; ``sentence`` says why.

    ``loud``: it should have worked, so tell the person. ``hopeless``: trying again changes nothing (ngspice is missing).
    """

    source: str
    experiment: Experiment[Any]
    sentence: str
    loud: bool = True
    hopeless: bool = False


@dataclass(frozen=True)
class Progress:
    """How much of a run is done, from 0 to 1."""

    source: str
    done: float


Message = Ran | Failed | Progress
