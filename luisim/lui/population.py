# SPDX-License-Identifier: GPL-3.0-or-later
"""Population: what a class set of boards looks like, all with their trimmers at the same marks, none with the same parts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np

from luisim import measure
from luisim.errors import ParameterError
from luisim.experiment import Backend, Experiment
from luisim.lui.closed_form import brown_out
from luisim.lui.parameters import LuiBoard, LuiParameters
from luisim.quantity import Quantity, quantities
from luisim.trace import Array, Trace

MOST_BOARDS = 10_000
# fresh CR2032 cells: 2.9 to 3.0 V and 15 to 30 Ohm, about the cell of the experiment
_CELL_SPREAD, _CELL_FACTOR = 0.05, 2.0**0.5

READINGS: Mapping[str, Quantity] = MappingProxyType(
    {
        "rate": Quantity("Hz", 0.0, 1e3, "one over the mean inter-spike interval"),
        "isi": Quantity("s", 0.0, 3600.0, "mean inter-spike interval"),
        "threshold": Quantity("V", 0.0, 3.6, "peak of the membrane potential at a spike"),
        "pulse_width": Quantity("s", 0.0, 3600.0, "length of the output pulse"),
        "rest": Quantity("V", 0.0, 3.6, "membrane potential at the end of a run without spikes"),
        "brown_out": Quantity(
            "V", 0.0, 3.6, "supply below which the board stops firing, from the closed form; 1.8 V is the least"
        ),
    }
)


@dataclass(frozen=True)
class Spread:
    """Of ``count`` boards: mean, standard deviation, coefficient of variation, extremes; in SI units."""

    count: int
    mean: float
    sd: float
    cv: float | None
    low: float
    high: float


@dataclass(frozen=True)
class Population:
    """``seeds`` (n,) that draw the boards one by one (`sample = ...` in an experiment file); ``readings`` by name, (n,) in SI
    units, NaN where a board does not show it. ``origin``: who ran them."""

    seeds: tuple[int, ...]
    readings: Mapping[str, Array]
    origin: str

    def spread(self, name: str) -> Spread | None:
        """How one reading is spread; None if no board shows it."""
        values = self.readings[name]
        values = values[np.isfinite(values)]
        if values.size == 0:
            return None
        mean, sd = float(np.mean(values)), float(np.std(values, ddof=1)) if values.size > 1 else 0.0
        return Spread(values.size, mean, sd, sd / mean if mean > 0.0 else None, float(values.min()), float(values.max()))


def board_seeds(boards: int, seed: int) -> tuple[int, ...]:
    """The seed of each board of a population: different populations share no boards."""
    if not 1 <= boards <= MOST_BOARDS:
        raise ParameterError(f"boards = {boards} is out of range: allowed is 1 to {MOST_BOARDS}.")
    if seed < 0:
        raise ParameterError(f"seed = {seed} must be a whole number from 0 on.")
    return tuple(int(number) for number in np.random.SeedSequence(seed).generate_state(boards))


def another(experiment: Experiment[LuiBoard], seed: int) -> Experiment[LuiBoard]:
    """The same experiment on another board: parts drawn from their tolerances, the trimmers turned to the same marks.

    A coin cell is another one, too; a bench supply (no inner resistance) stays what it is.
    """
    p = experiment.device.parameters
    drawn = replace(LuiParameters.at(p.positions, p.parts.varied(seed)), temperature=p.temperature, vdd=p.vdd)
    if p.r_battery > 0.0:
        rng = np.random.default_rng([seed, 1])  # another stream than the parts'
        limits = quantities(LuiParameters)
        vdd = float(np.clip(p.vdd + rng.uniform(-_CELL_SPREAD, _CELL_SPREAD), limits["vdd"].low, limits["vdd"].high))
        resistance = p.r_battery * float(np.exp(rng.uniform(-1.0, 1.0) * np.log(_CELL_FACTOR)))
        drawn = replace(drawn, vdd=vdd, r_battery=min(resistance, limits["r_battery"].high))
    board = replace(experiment.device, parameters=drawn, v_mem=min(experiment.device.v_mem, drawn.vdd))
    return replace(experiment, device=board)


def population(
    experiment: Experiment[LuiBoard],
    backend: Backend[LuiBoard],
    boards: int,
    seed: int,
    *,
    progress: Callable[[float], None] | None = None,
) -> Population:
    """Run ``experiment`` on so many boards, drawn repeatably from ``seed``."""
    seeds = board_seeds(boards, seed)
    rows = []
    for number, own in enumerate(seeds, start=1):
        run = another(experiment, own)
        rows.append([*_read(backend.run(run)), brown_out(run.device.parameters)])
        if progress:
            progress(number / boards)
    return Population(seeds, MappingProxyType(dict(zip(READINGS, np.array(rows).T, strict=True))), backend.name)


def _read(trace: Trace) -> tuple[float, float, float, float, float]:
    spikes = measure.spikes(trace)
    intervals = measure.intervals(spikes)
    threshold, width = measure.threshold(trace), measure.pulse_width(trace)
    return (
        measure.rate(spikes, trace.duration),
        float(np.mean(intervals)) if intervals.size else np.nan,
        np.nan if threshold is None else threshold,
        np.nan if width is None else width,
        np.nan if spikes.size else float(trace.signals["v_mem"][-1]),
    )
