# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers: the columns of the table below the traces, for a board and for a chip's neuron."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from luisim import measure
from luisim.compare import Comparison
from luisim.trace import Trace
from tui.language import N_, decimal
from tui.widgets.units import si

GAP = "–"


class Column(NamedTuple):
    """``cells`` wide; in a narrow terminal those of the highest ``rank`` are left out first."""

    name: str
    cells: int
    rank: int


@dataclass(frozen=True)
class Columns:
    """``heads`` and ``against``: the columns of a source's own numbers, and of its differences from the first."""

    heads: tuple[Column, ...]
    against: tuple[Column, ...]
    numbers: Callable[[Trace], tuple[str, ...]]
    differences: Callable[[Comparison, str], tuple[str, ...]]
    help: str

    def fitting(self, room: int) -> frozenset[str]:
        """The names of the columns that fit into ``room`` cells."""
        shown, left = set(), room
        for column in sorted((*self.heads, *self.against), key=lambda column: column.rank):
            left -= column.cells
            if left < 0:
                break
            shown.add(column.name)
        return frozenset(shown)


def _written(value: float | None, unit: str, digits: int) -> str:
    return GAP if value is None else level(value, unit, digits)


def level(value: float, unit: str, digits: int) -> str:
    """A number with its unit; the LSB of a chip has no prefixes."""
    return decimal(f"{value:.{digits - 3 if digits > 3 else 0}f} LSB") if unit == "LSB" else si(value, unit, digits)


def _percent(value: float | None) -> str:
    if value is None:
        return GAP
    return decimal(f"{value:+.2f} %") if abs(value) < 10.0 else f"{value:+.0f} %"


def _of_board(trace: Trace) -> tuple[str, ...]:
    times = measure.spikes(trace)
    isi = float(np.mean(np.diff(times))) if times.size > 1 else None
    return (
        _written(measure.rate(times, trace.duration) if times.size > 1 else None, "Hz", 3),
        _written(isi, "s", 4),
        _written(measure.threshold(trace), trace.unit, 4),
        _written(measure.pulse_width(trace), "s", 3),
        str(times.size),
    )


def _of_chip(trace: Trace) -> tuple[str, ...]:
    times = measure.spikes(trace)
    gaps = np.diff(times)
    isi = float(gaps.mean()) if gaps.size else None
    peak, trough = measure.extremes(trace)
    return (
        _written(isi, "s", 4),
        GAP if isi is None or gaps.size < 2 else decimal(f"{100.0 * float(gaps.std()) / isi:.2f} %"),
        level(peak, trace.unit, 3),
        level(trough, trace.unit, 3),
        _written(measure.pulse_width(trace), "s", 3),
        str(times.size),
    )


BOARD = Columns(
    (Column(N_("rate"), 8, 0), Column("ISI", 9, 1), Column("V_th", 8, 3), Column(N_("pulse"), 8, 6), Column("n", 4, 5)),
    (Column("RMS", 8, 7), Column(N_("aligned"), 8, 4), Column("ΔISI", 8, 2)),
    _of_board,
    lambda found, unit: (
        level(found.rms, unit, 3),
        level(found.rms_aligned, unit, 3),
        _percent(found.isi_difference),
    ),
    N_(
        "rate and ISI: how often it fires. V_th: where it fires. pulse: how long the output is on.\n"
        "RMS: mean distance from the first source. aligned: the same, spike laid over spike. ΔISI: how much slower it is."
    ),
)
CHIP = Columns(
    (
        *(Column("ISI", 9, 0), Column("CV", 7, 2), Column(N_("peak"), 8, 5), Column(N_("trough"), 8, 7)),
        *(Column(N_("refr."), 8, 6), Column("n", 4, 4)),
    ),
    (Column(N_("aligned"), 9, 3), Column("ΔISI", 8, 1)),
    _of_chip,
    lambda found, unit: (
        level(found.rms_aligned, unit, 4 if unit == "LSB" else 3),
        _percent(found.isi_difference),
    ),
    N_(
        "ISI: time between two spikes; CV: how much it varies. peak, trough: highest and lowest between spikes.\n"
        "refr.: how long a spike holds the reset. n: spikes. aligned: mean distance from the first source, spike over spike."
    ),
)
