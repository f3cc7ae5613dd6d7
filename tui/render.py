# SPDX-License-Identifier: GPL-3.0-or-later
"""The rasteriser: curves on any time axis become cells of braille dots. Pure numpy; it knows no terminal.

A cell is 2 dots wide and 4 high. A column of dots shows the range from the least to the greatest value that the curve takes
within it, so nothing short is lost. Columns stand at whole multiples of their width on the time axis, not at the edge of the
window: a picture that is moved does not shimmer. A cell has one colour, so it belongs to one curve alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor

import numpy as np
from numpy.typing import NDArray

from luisim.trace import Array

Cells = NDArray[np.uint8]
Inks = NDArray[np.int8]

BLANK = -1  # the ink of a cell that no curve has taken
STEEP = 8  # dots: from this height on a run is a reset or a spike and is never dashed away

# The dots of a cell from its top down to dot 0..4, as bits of U+2800: 1, 2, 3, 7 on the left and 4, 5, 6, 8 on the right.
_LEFT = np.array([0x00, 0x01, 0x03, 0x07, 0x47], np.uint8)
_RIGHT = np.array([0x00, 0x08, 0x18, 0x38, 0xB8], np.uint8)


@dataclass(frozen=True)
class Window:
    """What is seen of the time axis: ``columns`` cells of ``cell`` seconds each, from cell number ``first`` on."""

    first: int
    cell: float
    columns: int

    @classmethod
    def of(cls, start: float, width: float, columns: int) -> "Window":
        """The window of ``columns`` cells that shows ``width`` s from about ``start``."""
        cell = width / max(1, columns)
        return cls(round(start / cell), cell, columns)

    @property
    def start(self) -> float:
        """Its left edge, in s."""
        return self.first * self.cell

    @property
    def stop(self) -> float:
        """Its right edge, in s."""
        return (self.first + self.columns) * self.cell

    def column(self, time: float) -> int:
        """The cell that shows ``time``; outside of 0 to columns - 1 if it is not seen."""
        return floor(time / self.cell) - self.first


@dataclass(frozen=True)
class Curve:
    """Values over increasing times, drawn in ``ink`` with ``dash`` (cells drawn, of cells); nothing inside of ``gaps``."""

    time: Array
    values: Array
    ink: int
    dash: tuple[int, int] = (1, 1)
    gaps: tuple[tuple[float, float], ...] = ()


def compose(curves: Sequence[Curve], window: Window, rows: int, low: float, high: float) -> tuple[Cells, Inks]:
    """(rows, columns) braille codes and inks of all curves between ``low`` and ``high``; earlier curves lie on top."""
    codes = np.zeros((rows, window.columns), np.uint8)
    inks = np.full((rows, window.columns), BLANK, np.int8)
    for curve in reversed(curves):
        cells = raster(curve, window, rows, low, high)
        taken = cells > 0
        codes[taken] = cells[taken]
        inks[taken] = curve.ink
    return codes, inks


def raster(curve: Curve, window: Window, rows: int, low: float, high: float) -> Cells:
    """(rows, columns) braille codes of one curve: the low byte of its characters from U+2800 on."""
    top, bottom = _runs(curve, window, 4 * rows, low, high)
    above = 4 * np.arange(rows)[:, None]
    start, end = np.clip(top - above, 0, 4), np.clip(bottom + 1 - above, 0, 4)
    cells: Cells = (_LEFT[end[:, 0::2]] & ~_LEFT[start[:, 0::2]]) | (_RIGHT[end[:, 1::2]] & ~_RIGHT[start[:, 1::2]])
    drawn, of = curve.dash
    steep = (bottom - top >= STEEP).reshape(-1, 2).any(axis=1)
    gap = (window.first + np.arange(window.columns)) % of >= drawn
    cells[:, gap & ~steep] = 0
    return cells


def _runs(curve: Curve, window: Window, dots: int, low: float, high: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First and last dot from the top of each column of dots; first > last where there is nothing to draw."""
    time, values = curve.time, curve.values
    edges = (2 * window.first + np.arange(2 * window.columns + 1)) * (window.cell / 2)
    at_edge = np.interp(edges, time, values)
    least, most = np.minimum(at_edge[:-1], at_edge[1:]), np.maximum(at_edge[:-1], at_edge[1:])
    cut = np.searchsorted(time, edges)
    filled = np.flatnonzero(cut[:-1] < cut[1:])
    if filled.size:  # columns without a sample between two others hold none, so each piece ends where the next begins
        inside = values[: cut[-1]]
        least[filled] = np.minimum(least[filled], np.minimum.reduceat(inside, cut[filled]))
        most[filled] = np.maximum(most[filled], np.maximum.reduceat(inside, cut[filled]))

    def dot(value: Array) -> NDArray[np.int64]:
        scaled = np.rint((high - value) / (high - low) * (dots - 1))
        return np.clip(scaled, -1, dots).astype(np.int64)

    # Neighbours share the value at their common edge, so a slope is two dots thick: on a projector that is none too much.
    top, bottom = dot(most), dot(least)
    outside = (edges[1:] <= time[0]) | (edges[:-1] >= time[-1])
    for start, stop in curve.gaps:
        outside |= (edges[:-1] >= start) & (edges[1:] <= stop)
    top[outside], bottom[outside] = dots, -1
    return top, bottom
