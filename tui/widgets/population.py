# SPDX-License-Identifier: GPL-3.0-or-later
"""Population: many neurons at once, as cells: who fires when, how a value is spread, how strong the synapses are.

Pure functions; they know no terminal.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from luisim import measure
from luisim.hicannx.chip import Site
from luisim.hicannx.chip_experiment import ChipNetwork
from luisim.hicannx.parameters import HicannX
from luisim.hicannx.sampled import name_of
from luisim.trace import Array, Trace
from tui.language import N_
from tui.render import Cells

_DOTS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], np.uint8)  # of a braille cell, from the top left
_BLOCKS = " ▁▂▃▄▅▆▇█"
_BLOCK = 0.4  # of the dots: with more, nobody sees who fires when
_FIRES = 0.1  # of the neurons must fire twice for the rates to be what is of interest


@dataclass(frozen=True)
class Spread:
    """One value of each neuron that has it: ``name``, ``unit``, ``values`` (k,)."""

    name: str
    unit: str
    values: Array


def sites(network: ChipNetwork) -> tuple[Site, ...]:
    """All neurons of a network, in order."""
    return tuple(Site(one.name, index) for one in network.network.populations for index in range(one.size))


def trains(trace: Trace, device: HicannX | ChipNetwork) -> tuple[Array, ...]:
    """Spike times in s of each neuron of a chip's trace."""
    if isinstance(device, HicannX):
        return tuple(trace.spikes.values())
    recorded = {(site.population, site.index): name_of("out", k) for k, site in enumerate(device.madc)}
    return tuple(
        trace.spikes[recorded.get((site.population, site.index), f"{site.population}[{site.index}]")] for site in sites(device)
    )


def spread(trace: Trace, device: HicannX | ChipNetwork) -> Spread:
    """The firing rates in Hz; where hardly a neuron fires and all are read, the highest readings in LSB."""
    found = trains(trace, device)
    if isinstance(device, ChipNetwork):
        return Spread(N_("rate"), "Hz", np.array([times.size / trace.duration for times in found]))
    rates = [measure.rate(times, trace.duration) for times in found if times.size > 1]
    if len(rates) > _FIRES * len(found):
        return Spread(N_("rate"), "Hz", np.array(rates))
    return Spread(N_("peak"), "LSB", np.array([trace.signals[name_of("v_madc", k)].max() for k in range(len(found))]))


def thinned(matrix: NDArray[np.int64], rows: int, columns: int) -> NDArray[np.float64]:
    """(at most rows, at most columns) mean signed weights of blocks of synapses; of the rows and columns that are used."""
    used = matrix[np.any(matrix != 0, axis=1)]
    used = used[:, np.any(used != 0, axis=0)]
    if used.size == 0:
        return np.zeros((1, 1))
    across = np.unique(np.arange(rows) * used.shape[0] // rows)
    along = np.unique(np.arange(columns) * used.shape[1] // columns)
    summed = np.add.reduceat(np.add.reduceat(used.astype(np.float64), across, axis=0), along, axis=1)
    heights, widths = np.diff([*across, used.shape[0]]), np.diff([*along, used.shape[1]])
    means: NDArray[np.float64] = summed / heights[:, None] / widths[None, :]
    return means


def raster(spikes: Sequence[Array], duration: float, rows: int, columns: int) -> Cells:
    """(rows, columns) braille codes: the first of the neurons at the top, time from left to right.

    A row of dots stands for several neurons; where all of them would make a block, for the first of them alone.
    """
    every = _dots(spikes, duration, rows, columns, alone=False)
    dots = every if every.mean() < _BLOCK else _dots(spikes, duration, rows, columns, alone=True)
    weighed = dots.reshape(rows, 4, columns, 2) * _DOTS[None, :, None, :]
    codes: Cells = weighed.sum(axis=(1, 3), dtype=np.uint8)
    return codes


def _dots(spikes: Sequence[Array], duration: float, rows: int, columns: int, *, alone: bool) -> NDArray[np.bool_]:
    dots = np.zeros((4 * rows, 2 * columns), np.bool_)
    taken = -1
    for neuron, times in enumerate(spikes):
        row = neuron * 4 * rows // len(spikes)
        if alone and row == taken:
            continue
        taken = row
        inside = times[(times >= 0.0) & (times < duration)]
        dots[row, (inside / duration * 2 * columns).astype(np.intp)] = True
    return dots


def bars(values: Array, rows: int, bins: int) -> tuple[list[str], float, float]:
    """A histogram of ``rows`` lines and ``bins`` columns from the top, and the two ends of its axis."""
    low, high = float(values.min()), float(values.max())
    if high <= low:
        low, high = low - 0.5, high + 0.5
    counts, _ = np.histogram(values, bins, (low, high))
    eighths = np.ceil(counts / max(1, counts.max()) * 8 * rows).astype(int)
    lines = [
        "".join(_BLOCKS[min(8, max(0, height - 8 * (rows - 1 - row)))] for height in eighths.tolist()) for row in range(rows)
    ]
    return lines, low, high
