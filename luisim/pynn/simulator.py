# SPDX-License-Identifier: GPL-3.0-or-later
"""State: what one ``setup()`` holds together, from the first population to the data of the last run."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyNN import common

import luisim
from luisim.errors import ParameterError, UnsupportedExperiment
from luisim.hicannx.constants import COLUMNS, MADC_PERIOD, NEURONS, QUADRANT, TIME_GRID, WEIGHT_MAX
from luisim.hicannx.parameters import HicannX
from luisim.pynn.network import Chip
from luisim.pynn.registers import NOT_HERE, ChipRegisters

Array = NDArray[np.float64]

name = "luisim"
logger = logging.getLogger("luisim.pynn")
MS = 1e-3
MADC_SITES = 2
CADC_MEMORY = 0.15  # ms; pynn: a longer CADC recording loses what comes after
CHIP_VARIABLE = "LUISIM_CHIP"
DEFAULT_CHIP = "v3_tutorial:1"  # the kind that the notebooks of today are written for


_COMPARTMENT = 2**32


def place_of(cell: Any, compartment: int = 0) -> int:
    """The number of a compartment: that of its cell for the first, or for a neuron that has one only."""
    return int(cell) + _COMPARTMENT * compartment


def cell_of(place: int) -> tuple[int, int]:
    """The cell and the compartment with this number."""
    compartment, cell = divmod(int(place), _COMPARTMENT)
    return cell, compartment


class RunCommand(Enum):
    """What ``run`` does: only map the network, queue this piece, or queue it and run all that is queued."""

    PREPARE = "prepare"
    APPEND = "append"
    EXECUTE = "execute"


class ID(int, common.IDMixin):  # type: ignore[misc]
    """A cell: a number that knows its population."""


@dataclass(frozen=True)
class Signal:
    """What one read-out saw of one cell in one piece of a run: ``time`` in ms from the start of the run, ``values`` in LSB."""

    cell: int
    variable: str
    device: str
    time: Array
    values: Array


@dataclass(frozen=True)
class Piece:
    """The data of one piece of a run. ``start``, ``stop``, and ``spikes`` of each recorded cell: ms from the run's start."""

    start: float
    stop: float
    spikes: dict[int, Array] = field(repr=False)
    signals: tuple[Signal, ...] = field(repr=False)


class State(common.control.BaseState):  # type: ignore[misc]
    """All populations, projections and results since ``setup()``."""

    dt = MADC_PERIOD / MS
    mpi_rank = 0
    num_processes = 1

    def __init__(self) -> None:
        super().__init__()
        self.chip = chip_of_environment()
        self.strict = False
        self.bypass = False
        self.initial_config: Any = None
        self.grenade_chip_config: Any = ChipRegisters()  # the name that scripts set the neurons' clocks by
        self.permutation: list[int] = list(range(NEURONS))
        self.min_delay = self.max_delay = 0.0
        self.populations: list[Any] = []
        self.projections: list[Any] = []
        self.id_counter = 0
        self.taken: set[int] = set()
        self.background = 0
        self.mapped = False
        self.executions = 0
        self.segment_counter = -1
        self.queue: list[Any] = []
        self.reset()

    def reset(self) -> None:
        """Back to time 0; the next run makes a new segment."""
        self.running = False
        self.t = 0.0
        self.t_start = 0.0
        self.segment_counter += 1
        self.queue = []
        self.pieces: tuple[Piece, ...] = ()

    clear = reset
    log = logger
    max_weight = WEIGHT_MAX

    def __getattr__(self, item: str) -> Any:
        if item in NOT_HERE:
            raise UnsupportedExperiment(f"simulator.state.{item} is not here: {NOT_HERE[item]}.")
        raise AttributeError(f"The simulator's state has no {item}.")

    @property
    def clocked_chip(self) -> Chip:
        """The chip with its neurons' clocks as the script set them. Raises UnsupportedExperiment where they differ."""
        scale, pulse = self.grenade_chip_config.clocks()
        return replace(self.chip, clock_scale=scale, pulse_clock_scale=pulse)

    @property
    def enable_neuron_bypass(self) -> bool:
        """Whether every event at a neuron is a spike."""
        return self.bypass

    def place(self, count: int) -> NDArray[np.intp]:
        """Circuits for ``count`` further neurons, in the order of the permutation."""
        free = [site for site in self.permutation if site not in self.taken]
        if count > len(free):
            raise ValueError(
                f"{self.placed + count} neurons do not fit: there are {len(self.permutation)} circuits"
                f" in the permutation ({NEURONS} on a chip); make the populations smaller."
            )
        self.taken |= set(free[:count])
        return np.array(free[:count], dtype=np.intp)

    def place_shaped(self, count: int, shape: Sequence[tuple[int, int]]) -> NDArray[np.intp]:
        """(count, circuits) circuits for neurons of this shape: (row, column) from the left, each on one quadrant.

        The leftmost circuit in the first row comes where the permutation says.
        """
        found: list[list[int]] = []
        allowed = set(self.permutation)
        anchors = iter(self.permutation)
        while len(found) < count:
            anchor = next(anchors, None)
            if anchor is None:
                raise ValueError(
                    f"{count} neurons of {len(shape)} circuits each do not fit: their circuits must lie side by side on one"
                    " quadrant, and be free; make the populations smaller."
                )
            row, column = divmod(anchor, COLUMNS)
            if column % QUADRANT + max(further for _, further in shape) >= QUADRANT:
                continue
            sites = [(row + other) % 2 * COLUMNS + column + further for other, further in shape]
            if allowed.issuperset(sites) and self.taken.isdisjoint(sites):
                self.taken |= set(sites)
                found.append(sites)
        return np.array(found, dtype=np.intp)

    @property
    def placed(self) -> int:
        """How many circuits are in use."""
        return len(self.taken)

    def run(self, runtime: float | None, command: RunCommand = RunCommand.EXECUTE) -> float:
        """See :func:`luisim.pynn.run`."""
        from luisim.pynn import running

        return running.run(self, runtime, command)

    def run_until(self, tstop: float) -> float:
        """Run up to ``tstop`` ms."""
        return self.run(tstop - self.t)

    @property
    def provenance(self) -> dict[str, Any]:
        """Who made the data: goes into the log and into the annotations."""
        return {
            "simulated": True,
            "chip_profile": self.chip.profile,
            "chip_seed": "nominal" if self.chip.seed is None else self.chip.seed,
            "luisim_version": luisim.__version__,
            "run": self.executions,
        }


class _NotSetUp:
    """What stands in place of the state before ``setup()`` and after ``end()``."""

    def __getattr__(self, item: str) -> Any:
        raise RuntimeError("There is no chip: call pynn.setup() first (pynn.end() lets go of it).")

    def __bool__(self) -> bool:
        return False


state: Any = _NotSetUp()


def begin() -> State:
    """A fresh state in place of the current one."""
    global state
    fresh = State()
    state = fresh
    return fresh


def finish() -> None:
    """No state any more."""
    global state
    state = _NotSetUp()


def chip_of_environment() -> Chip:
    """The chip that scripts get which do not choose one: ``LUISIM_CHIP``, else :data:`DEFAULT_CHIP`."""
    return chip_called(os.environ.get(CHIP_VARIABLE, DEFAULT_CHIP))


def chip_called(text: str) -> Chip:
    """A chip as ``profile:seed``, the seed a number or ``nominal``. Raises :class:`~luisim.errors.ParameterError`."""
    profile, _, seed = text.partition(":")
    if seed not in ("", "nominal") and not seed.isdigit():
        raise ParameterError(f"{text!r} is no chip: write profile:seed, for example {DEFAULT_CHIP} or v2_2021:nominal.")
    return chip(profile, None if seed == "nominal" else int(seed or 1))


def chip(profile: str, seed: int | None) -> Chip:
    """A chip by profile and seed. Raises :class:`~luisim.errors.ParameterError` if there is no such kind."""
    checked = HicannX(profile=profile, seed=seed)
    return Chip(checked.profile, checked.seed)


def on_grid(times: Any) -> Array:
    """Times in ms on the chip's 8 ns grid, ascending, in s."""
    seconds = np.asarray(times, dtype=np.float64).ravel() * MS
    return np.sort(np.rint(seconds / TIME_GRID) * TIME_GRID)
