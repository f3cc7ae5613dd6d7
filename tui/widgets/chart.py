# SPDX-License-Identifier: GPL-3.0-or-later
"""The chart: panes of curves above one time axis, as lines of text with inks. Still no terminal in it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np

from tui.language import _, decimal
from tui.render import BLANK, Cells, Curve, Inks, Window, compose
from tui.widgets.glyphs import Glyphs

AXIS = BLANK  # the ink of labels and lines
CURSOR, POINT = -2, -3  # the inks of cursors and of what was measured
MARGIN = 8  # cells left of the plot, for labels and the axis itself


class Run(NamedTuple):
    """Characters of one ink: the index of a source, or AXIS, CURSOR, POINT."""

    text: str
    ink: int


Line = tuple[Run, ...]


@dataclass(frozen=True)
class Note:
    """``text`` beside the point at ``time`` (s) and ``level``, where it was measured; along a line ``until`` (s) if given."""

    time: float
    level: float
    text: str
    until: float | None = None


@dataclass(frozen=True)
class Pane:
    """Curves over one axis from ``low`` to ``high`` in ``unit``, ``rows`` cells high; what comes first lies on top.

    ``title``: stands at 0 of a lane that is symmetrical about it. ``notes``: what matters most first; one that finds no room
    is left out. ``level``: a pointer on the axis, at the trigger's level.
    """

    curves: tuple[Curve, ...]
    low: float
    high: float
    rows: int
    title: str = ""
    unit: str = "V"
    notes: tuple[Note, ...] = ()
    level: float | None = None

    def row(self, level: float) -> int:
        """The row that shows ``level``; outside of 0 to rows - 1 if none does."""
        return int(np.rint((self.high - level) / (self.high - self.low) * (4 * self.rows - 1))) // 4


@dataclass(frozen=True)
class Mark:
    """A glyph at ``time`` s below the panes: a spike of the source ``ink``."""

    time: float
    glyph: str
    ink: int


def draw(
    panes: Sequence[Pane],
    window: Window,
    marks: Sequence[Mark],
    inputs: Sequence[tuple[float, float, str]],
    glyphs: Glyphs,
    raster: Sequence[tuple[str, Sequence[Mark]]] = (),
    remarks: Sequence[tuple[float, str]] = (),
    cursors: Sequence[tuple[float, str]] = (),
) -> tuple[Line, ...]:
    """All lines of the chart from the top: panes, raster, inputs and remarks if there are any, spikes on the axis, times.

    ``marks``: what matters most first. ``inputs``: (start, stop, label) in s. ``raster``: (label, marks), a row each.
    ``remarks``: (time, text) of a person. ``cursors``: (time, letter), upright lines through the panes.
    """
    lines: list[Line] = []
    for pane in panes:
        lines += _pane(pane, window, glyphs, cursors)
    for label, row in raster:
        lines.append((_head(label, glyphs.axis[0]), *_marked(row, window, {}, glyphs.cells[0])))
    if inputs:
        lines.append(_inputs(inputs, window, glyphs))
    if remarks:
        lines.append(_remarks(remarks, window, glyphs))
    times, unit = time_ticks(window)
    lines.append(_floor(window, marks, times, glyphs))
    lines.append((Run(_times(times, unit if not glyphs.plain else unit.replace("µ", "u"), window), AXIS),))
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
    unit, scale = ("s", 1.0) if span > 0.9 else ("ms", 1e3) if span > 0.9e-3 else ("µs", 1e6)
    values = ticks(window.start * scale, (window.stop - window.cell) * scale, max(4, window.columns // 14))
    return {window.column(value / scale + window.cell * 1e-6): decimal(f"{value:.10g}") for value in values}, unit


def _pane(pane: Pane, window: Window, glyphs: Glyphs, cursors: Sequence[tuple[float, str]]) -> list[Line]:
    codes, inks = compose(pane.curves, window, pane.rows, pane.low, pane.high)
    labels = _levels(pane)
    overlay = _overlay(pane, window, codes, glyphs, cursors)
    pointer = None if pane.level is None else min(max(0, pane.row(pane.level)), pane.rows - 1)
    lines = []
    for row, cells in enumerate(_cells(codes, inks, glyphs)):
        cells = _laid_over(cells, overlay[row]) if row in overlay else cells
        label = f"{labels.get(row, '')[: MARGIN - 3]:>{MARGIN - 3}} T" if row == pointer else labels.get(row, "")
        lines.append(_labelled(label, glyphs, cells))
    return lines


def _overlay(
    pane: Pane, window: Window, codes: Cells, glyphs: Glyphs, cursors: Sequence[tuple[float, str]]
) -> dict[int, dict[int, tuple[str, int]]]:
    """Cursors and notes as characters and inks by row and column; a cursor passes behind the traces."""
    found: dict[int, dict[int, tuple[str, int]]] = {}
    for time, letter in cursors:
        column = window.column(time)
        if 0 <= column < window.columns:
            for row in range(pane.rows):
                if row == 0 or not codes[row, column]:
                    found.setdefault(row, {})[column] = (letter if row == 0 else glyphs.cursor, CURSOR)
    for note in pane.notes:
        home, column = pane.row(note.level), window.column(note.time)
        if not (0 <= home < pane.rows and 0 <= column < window.columns):
            continue
        last = column if note.until is None else min(window.column(note.until), window.columns - 1)
        place = _room(note.text, home, (column + last) // 2, pane.rows, window.columns, codes, found)
        if place is None:
            continue
        row, first = place
        for along in range(column, last + 1):
            if along in (column, last) or not codes[home, along]:
                ends = along in (column, last)
                found.setdefault(home, {})[along] = (glyphs.point if ends else glyphs.axis[3], POINT)
        for offset, character in enumerate(note.text):
            found.setdefault(row, {})[first + offset] = (character, POINT)
    return found


def _room(
    text: str, row: int, column: int, rows: int, columns: int, codes: Cells, taken: dict[int, dict[int, tuple[str, int]]]
) -> tuple[int, int] | None:
    """Row and first column near (row, column) where ``text`` hides neither a trace nor another note."""
    for distance in range(5):
        for near in dict.fromkeys((row - distance, row + distance)):
            for first in (column + 2, column - len(text) - 1, column - len(text) // 2):
                last = first + len(text)
                if not (0 <= near < rows and first >= 0 and last <= columns):
                    continue
                if distance == 0 and first <= column < last:
                    continue  # it would hide the point itself
                used = taken.get(near, {})
                if not codes[near, first:last].any() and not any(c in used for c in range(first - 1, last + 1)):
                    return near, first
    return None


def _laid_over(line: Line, over: dict[int, tuple[str, int]]) -> Line:
    """The line with single characters replaced."""
    cells = [(character, run.ink) for run in line for character in run.text]
    for column, cell in over.items():
        cells[column] = cell
    return _joined(cells)


def _head(label: str, side: str) -> Run:
    """What stands left of the plot."""
    return Run(f"{label[: MARGIN - 1]:>{MARGIN - 1}}{side}", AXIS)


def _labelled(label: str, glyphs: Glyphs, runs: Line) -> Line:
    label = label if len(label) < MARGIN else label.replace(" ", "")  # +2.5 LSB
    side = glyphs.axis[1] if label else glyphs.axis[0]
    return (Run(f"{label:>{MARGIN - 1}}{side}", AXIS), *runs)


def _cells(codes: Cells, inks: Inks, glyphs: Glyphs) -> Iterator[Line]:
    """Each row of cells as runs of equal ink; a blank cell needs none, and goes on with the one before it."""
    rows, columns = codes.shape
    held = np.maximum.accumulate(np.where(inks == BLANK, 0, np.arange(columns)), axis=1)
    inks = np.take_along_axis(inks, held, axis=1)
    text = glyphs.drawn(codes)
    first = np.ones((rows, columns), np.bool_)  # cells that begin a run
    first[:, 1:] = inks[:, 1:] != inks[:, :-1]
    starts, colours = np.flatnonzero(first).tolist(), inks[first].tolist()
    runs = [Run(text[start:stop], ink) for start, stop, ink in zip(starts, [*starts[1:], len(text)], colours, strict=True)]
    ends = np.cumsum(first.sum(axis=1)).tolist()
    return (tuple(runs[start:stop]) for start, stop in pairwise([0, *ends]))


def _levels(pane: Pane) -> dict[int, str]:
    """Labels of the voltage axis by row; the topmost names the unit."""
    unit, scale = (pane.unit, 1.0) if max(abs(pane.low), abs(pane.high)) >= 0.3 or pane.unit != "V" else ("mV", 1e3)
    if pane.title:
        ends = decimal(f"{pane.high * scale:+.3g} {unit}"), decimal(f"{pane.low * scale:+.3g}")
        return {0: ends[0], pane.rows // 2: f"{pane.title} 0", pane.rows - 1: ends[1]}
    values = ticks(pane.low * scale, pane.high * scale, max(3, pane.rows // 2))
    labels = {pane.row(v / scale): decimal(f"{v:.10g}") for v in reversed(values)}
    if labels:
        labels[min(labels)] += f" {unit}"
    return labels


def _floor(window: Window, marks: Sequence[Mark], times: dict[int, str], glyphs: Glyphs) -> Line:
    """The time axis with a glyph at each spike."""
    plain = dict.fromkeys(times, glyphs.axis[4])
    return (_head(_("spikes"), glyphs.axis[2]), *_marked(marks, window, plain, glyphs.axis[3]))


def _marked(marks: Sequence[Mark], window: Window, plain: dict[int, str], blank: str) -> Line:
    """A row of cells with a glyph at each mark; elsewhere ``plain`` by column, or ``blank``.

    Spikes of several sources often fall into one cell, namely if they agree: then they stand side by side, if there is room.
    """
    taken: dict[int, Mark] = {}
    for mark in marks:
        home = window.column(mark.time)
        if not 0 <= home < window.columns:
            continue
        free = next((c for c in (home, home + 1, home - 1) if c not in taken and 0 <= c < window.columns), None)
        if free is not None:
            taken[free] = mark
    return _joined(
        (taken[column].glyph, taken[column].ink) if column in taken else (plain.get(column, blank), AXIS)
        for column in range(window.columns)
    )


def _joined(cells: Iterable[tuple[str, int]]) -> Line:
    """Single characters with their inks as runs: a terminal is told a colour once a run."""
    return tuple(Run("".join(text for text, _ink in run), ink) for ink, run in groupby(cells, key=lambda cell: cell[1]))


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
    return (_head(_("inputs"), glyphs.axis[0]), Run("".join(cells), AXIS))


def _remarks(remarks: Sequence[tuple[float, str]], window: Window, glyphs: Glyphs) -> Line:
    """What a person wrote, each text at its time; one that would run into the next is cut, and says so."""
    cells = [glyphs.cells[0]] * window.columns
    places = [(window.column(time), text) for time, text in sorted(remarks)]
    ends = [column for column, _text in places[1:]] + [window.columns]
    for (first, text), end in zip(places, ends, strict=True):
        room = min(end, window.columns) - first
        shown = text if len(text) <= room else text[: max(1, room - 1)] + "…"[: max(0, room - 1)]
        for offset, character in enumerate(shown):
            if 0 <= first + offset < window.columns:
                cells[first + offset] = character
    return (_head(_("notes"), glyphs.axis[0]), Run("".join(cells), CURSOR))


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
