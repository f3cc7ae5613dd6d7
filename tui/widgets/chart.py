# SPDX-License-Identifier: GPL-3.0-or-later
"""The chart: panes of curves above one time axis, as lines of text with inks. Still no terminal in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from tui.render import BLANK, Cells, Curve, Inks, Window, compose

AXIS = BLANK  # the ink of labels and lines
MARGIN = 8  # cells left of the plot, for labels and the axis itself


class Run(NamedTuple):
    """Characters of one ink: the index of a source, or AXIS."""

    text: str
    ink: int


Line = tuple[Run, ...]


@dataclass(frozen=True)
class Pane:
    """Curves over one axis from ``low`` to ``high`` in V, ``rows`` cells high; what comes first lies on top.

    ``title``: stands at 0 of a lane that is symmetrical about it.
    """

    curves: tuple[Curve, ...]
    low: float
    high: float
    rows: int
    title: str = ""


@dataclass(frozen=True)
class Mark:
    """A glyph at ``time`` s below the panes: a spike of the source ``ink``."""

    time: float
    glyph: str
    ink: int


@dataclass(frozen=True)
class Glyphs:
    """The characters of the lines: 256 for the cells and some for the axes."""

    cells: str
    axis: str  # side, side with tick, corner, floor, floor with tick

    @classmethod
    def named(cls, name: str) -> "Glyphs":
        """``braille``, or ``ascii`` for terminals whose font has no braille."""
        if name == "ascii":
            return cls("".join(_plain(code) for code in range(256)), "||+-+")
        # U+2800 and not a space: some terminals draw the two in different widths
        return cls("".join(chr(0x2800 + code) for code in range(256)), "│┤└─┴")


def _plain(code: int) -> str:
    """One of five characters by which quarters of the cell are lit, from the top."""
    if code & 0x47 == 0x47 or code & 0xB8 == 0xB8:
        return "|"
    upper, lower = bool(code & 0b00011011), bool(code & 0b11100100)
    return " .':"[2 * upper + lower]


def draw(
    panes: Sequence[Pane],
    window: Window,
    marks: Sequence[Mark],
    inputs: Sequence[tuple[float, float, str]],
    glyphs: Glyphs,
    raster: Sequence[tuple[str, Sequence[Mark]]] = (),
) -> tuple[Line, ...]:
    """All lines of the chart from the top: panes, raster, inputs if there are any, spikes on the time axis, times.

    ``marks``: what matters most first. ``inputs``: (start, stop, label) in s. ``raster``: (label, marks), a row each.
    """
    lines: list[Line] = []
    for pane in panes:
        lines += _pane(pane, window, glyphs)
    for label, row in raster:
        lines.append(
            (Run(f"{label[: MARGIN - 1]:>{MARGIN - 1}}{glyphs.axis[0]}", AXIS), *_marked(row, window, {}, glyphs.cells[0]))
        )
    if inputs:
        lines.append(_inputs(inputs, window, glyphs))
    times, unit = time_ticks(window)
    lines.append(_floor(window, marks, times, glyphs))
    lines.append((Run(_times(times, unit, window), AXIS),))
    return tuple(lines)


def ticks(low: float, high: float, most: int) -> list[float]:
    """At most ``most`` (at least 2) round numbers from ``low`` to ``high``, evenly spaced by 1, 2 or 5 times a power of ten."""
    least = (high - low) / max(1, most - 1)
    power = 10.0 ** np.floor(np.log10(least))
    step = next(power * factor for factor in (1.0, 2.0, 5.0, 10.0) if power * factor >= least * (1 - 1e-9))
    first, last = int(np.ceil(low / step - 1e-9)), int(np.floor(high / step + 1e-9))
    return [number * step for number in range(first, last + 1)]


def time_ticks(window: Window) -> tuple[dict[int, str], str]:
    """Labels of the time axis by column, and their unit."""
    span = window.stop - window.start
    unit, scale = ("s", 1.0) if span > 0.9 else ("ms", 1e3)
    values = ticks(window.start * scale, (window.stop - window.cell) * scale, max(2, window.columns // 14))
    return {window.column(value / scale + window.cell * 1e-6): f"{value:.10g}" for value in values}, unit


def _pane(pane: Pane, window: Window, glyphs: Glyphs) -> list[Line]:
    codes, inks = compose(pane.curves, window, pane.rows, pane.low, pane.high)
    labels = _levels(pane)
    return [_labelled(labels.get(row, ""), glyphs, _cells(codes[row : row + 1], inks[row], glyphs)) for row in range(pane.rows)]


def _labelled(label: str, glyphs: Glyphs, runs: Line) -> Line:
    side = glyphs.axis[1] if label else glyphs.axis[0]
    return (Run(f"{label:>{MARGIN - 1}}{side}", AXIS), *runs)


def _cells(codes: Cells, inks: Inks, glyphs: Glyphs) -> Line:
    """One row of cells as runs of equal ink; a blank cell needs none, and goes on with the one before it."""
    held = np.maximum.accumulate(np.where(inks == BLANK, 0, np.arange(inks.size)))
    inks = inks[held]
    cuts = [0, *(np.flatnonzero(np.diff(inks)) + 1).tolist(), inks.size]
    text = "".join(glyphs.cells[code] for code in codes.ravel().tolist())
    return tuple(Run(text[start:stop], int(inks[start])) for start, stop in pairwise(cuts))


def _levels(pane: Pane) -> dict[int, str]:
    """Labels of the voltage axis by row; the topmost names the unit."""
    unit, scale = ("V", 1.0) if max(abs(pane.low), abs(pane.high)) >= 0.3 else ("mV", 1e3)
    if pane.title:
        ends = f"{pane.high * scale:+.3g} {unit}", f"{pane.low * scale:+.3g}"
        return {0: ends[0], pane.rows // 2: f"{pane.title} 0", pane.rows - 1: ends[1]}
    values = ticks(pane.low * scale, pane.high * scale, max(3, pane.rows // 2))
    dots = 4 * pane.rows - 1
    labels = {round((pane.high - v / scale) / (pane.high - pane.low) * dots) // 4: f"{v:.10g}" for v in reversed(values)}
    if labels:
        labels[min(labels)] += f" {unit}"
    return labels


def _floor(window: Window, marks: Sequence[Mark], times: dict[int, str], glyphs: Glyphs) -> Line:
    """The time axis with a glyph at each spike."""
    plain = dict.fromkeys(times, glyphs.axis[4])
    return (Run(f"{'spikes':>{MARGIN - 1}}{glyphs.axis[2]}", AXIS), *_marked(marks, window, plain, glyphs.axis[3]))


def _marked(marks: Sequence[Mark], window: Window, plain: dict[int, str], blank: str) -> Line:
    """A row of cells with a glyph at each mark; elsewhere ``plain`` by column, or ``blank``.

    Spikes of several sources often fall into one cell, namely if they agree: then they stand side by side, if there is room.
    """
    taken: dict[int, Mark] = {}
    for mark in marks:
        home = window.column(mark.time)
        free = next((c for c in (home, home + 1, home - 1) if c not in taken and 0 <= c < window.columns), None)
        if free is not None and 0 <= home < window.columns:
            taken[free] = mark
    return tuple(
        Run(taken[column].glyph, taken[column].ink) if column in taken else Run(plain.get(column, blank), AXIS)
        for column in range(window.columns)
    )


def _inputs(inputs: Sequence[tuple[float, float, str]], window: Window, glyphs: Glyphs) -> Line:
    """Numbers where pulses begin, lines as long as they last."""
    cells = [glyphs.cells[0]] * window.columns
    for start, stop, label in inputs:
        first, last = window.column(start), window.column(stop)
        for column in range(max(0, first), min(window.columns, last + 1)):
            cells[column] = glyphs.axis[3]
        for offset, character in enumerate(label):
            if 0 <= first + offset < window.columns:
                cells[first + offset] = character
    return (Run(f"{'inputs':>{MARGIN - 1}}{glyphs.axis[0]}", AXIS), Run("".join(cells), AXIS))


def _times(times: dict[int, str], unit: str, window: Window) -> str:
    """The labels centred below their ticks; the unit stands at the right end."""
    width = MARGIN + window.columns
    line = [" "] * width
    room = width - len(unit) - 1
    for column, label in times.items():
        start = max(0, MARGIN + column - len(label) // 2)
        if start + len(label) < room:
            line[start : start + len(label)] = label
    line[width - len(unit) :] = unit
    return "".join(line)
