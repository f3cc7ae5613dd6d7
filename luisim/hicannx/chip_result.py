# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of the whole chip is asked for and hands back: Site, Record, ChipState, ChipResult."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from luisim.hicannx.engine import STEP, State
from luisim.hicannx.network import Network

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Site:
    """One neuron as a place to record from: a population and an index in it.

    ``signal``: its membrane "v", a synaptic line "exc" or "inh", or its adaptation "w".
    """

    population: str
    index: int = 0
    signal: str = "v"


@dataclass(frozen=True)
class Record:
    """What is recorded besides spikes: ``madc`` at most two sites, one on an even and one on an odd circuit; ``cadc`` any."""

    madc: tuple[Site, ...] = ()
    cadc: tuple[Site, ...] = ()


@dataclass(frozen=True, eq=False)
class Recorded:
    """``values`` (sites, k) in LSB of the converter at ``times`` (k,) in s."""

    times: Array
    values: Array


@dataclass(frozen=True, eq=False)
class ChipState:
    """Where a run ended: ``steps`` of ``step`` s of the engine, its state, and events (tick, source) that wait for their bus.

    One without an engine is a beginning that chooses the step.
    """

    steps: int = 0
    engine: State | None = None
    waiting: tuple[Indices, Indices] = field(default_factory=lambda: (np.empty(0, np.int64), np.empty(0, np.int64)))
    step: float = STEP

    @property
    def time(self) -> float:
        """In s."""
        return self.steps * self.step


@dataclass(frozen=True, eq=False)
class ChipResult:
    """A piece of a run from ``start`` to ``stop`` (s). ``spikes``: population -> a train in s for each neuron.

    ``events``: source or background -> trains of what came in. ``delayed``: how many events waited for a bus that was taken.
    """

    network: Network
    start: float
    stop: float
    spikes: Mapping[str, tuple[Array, ...]]
    events: Mapping[str, tuple[Array, ...]]
    madc: Recorded
    cadc: Recorded
    delayed: int
    state: ChipState
