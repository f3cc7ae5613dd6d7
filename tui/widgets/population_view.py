# SPDX-License-Identifier: GPL-3.0-or-later
"""The widgets of a whole chip: raster, histogram, the synapses as a picture, and one membrane."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.style import Style
from rich.text import Text
from textual import events
from textual.message import Message as TextualMessage
from textual.widget import Widget

from luisim.trace import Array, Trace
from tui.language import _
from tui.render import Curve, Window
from tui.widgets.chart import AXIS, MARGIN, Pane, draw
from tui.widgets.glyphs import Glyphs
from tui.widgets.population import Spread, bars, raster, thinned
from tui.widgets.units import si
from tui.widgets.view import voltage_range


class Raster(Widget):
    """A row of dots for every few neurons; a click chooses one of them."""

    ALLOW_SELECT = False

    @dataclass
    class Chosen(TextualMessage):
        """A person has clicked at this neuron."""

        neuron: int

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs
        self.trains: tuple[Array, ...] = ()
        self.duration = 1.0
        self.neurons, self.chosen = 1, 0

    def render(self) -> Text:
        """The numbers of the neurons, and their spikes."""
        rows, columns = self.size.height, max(1, self.size.width - MARGIN)
        codes = raster(self.trains, self.duration, rows, columns)
        text, home = Text(no_wrap=True, overflow="crop"), self.chosen * rows // self.neurons
        for row in range(rows):
            first = -(-row * self.neurons // rows)
            label = f">{self.chosen}" if row == home else str(first) if row % 4 == 0 else ""
            text.append(f"{label:>{MARGIN - 1}}{self._glyphs.axis[1 if label else 0]}", "bold" if row == home else "dim")
            text.append("".join(self._glyphs.cells[code] for code in codes[row].tolist()), "bold" if row == home else "")
            text.append("\n" if row < rows - 1 else "")
        return text

    def on_click(self, event: events.Click) -> None:
        """Choose the neuron that is drawn there."""
        rows = max(1, self.size.height)
        self.post_message(self.Chosen(min(self.neurons - 1, -(-event.y * self.neurons // rows))))


class Rates(Widget):
    """How the neurons differ: a histogram."""

    def __init__(self) -> None:
        super().__init__()
        self.spread: Spread | None = None

    def render(self) -> Text:
        """A title, bars, and the ends of the axis."""
        if self.spread is None:
            return Text("")
        width = max(4, self.size.width - 2)
        found, unit = self.spread, self.spread.unit
        lines, low, high = bars(found.values, max(1, self.size.height - 2), width)
        ends = [f"{value:.0f} LSB" if unit == "LSB" else si(value, unit, 3) for value in (low, high)]
        axis = f"{ends[0]}{ends[1]:>{max(1, width - len(ends[0]))}}"
        head = _("{what} of {count} neurons").format(what=_(found.name), count=found.values.size)
        return Text("\n".join([head, *lines, axis]), no_wrap=True, overflow="crop")


class Membrane(Widget):
    """The membrane of the neuron that is looked at."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs
        self.trace: Trace | None = None

    def render(self) -> Text:
        """One pane, and the time axis with a mark at each spike."""
        if self.trace is None:
            return Text("")
        trace, columns = self.trace, max(1, self.size.width - MARGIN)
        window = Window.of(0.0, trace.duration, columns)
        low, high = voltage_range([trace])
        pane = Pane((Curve(trace.time, trace.signals["v_madc"], 0),), low, high, max(2, self.size.height - 2), unit="LSB")
        text = Text(no_wrap=True, overflow="crop")
        for number, line in enumerate(draw([pane], window, [], [], self._glyphs)):
            text.append("\n" if number else "")
            for run in line:
                text.append(run.text.replace(_("spikes"), f"{'':6}"), "dim" if run.ink == AXIS else "")
        return text


class Weights(Widget):
    """The synapses as a picture: a half-block for some of them, the brighter the stronger; orange excites, blue inhibits."""

    def __init__(self, *, plain: bool) -> None:
        super().__init__()
        self._plain = plain
        self.matrix: NDArray[np.int64] | None = None

    def render(self) -> Text:
        """Rows of synapses from the top, columns of neurons from the left."""
        if self.matrix is None:
            return Text("")
        text = Text(_("{count} synapses + −").format(count=np.count_nonzero(self.matrix)), no_wrap=True)
        width, rows = max(1, self.size.width - 2), max(1, self.size.height - 1)
        if self._plain:
            means = thinned(self.matrix, rows, width)
            return Text("\n", no_wrap=True).join([text, *(Text("".join(map(_letter, line))) for line in means.tolist())])
        means = thinned(self.matrix, 2 * rows, width)
        if means.shape[0] % 2:
            means = np.vstack([means, np.zeros_like(means[:1])])
        strongest = max(1.0, float(np.abs(means).max()))
        for upper, lower in zip((means[0::2] / strongest).tolist(), (means[1::2] / strongest).tolist(), strict=True):
            text.append("\n")
            for top, bottom in zip(upper, lower, strict=True):
                text.append("▀", Style(color=_colour(top), bgcolor=_colour(bottom)))
        return text


def _letter(mean: float) -> str:
    return " " if abs(mean) < 1.0 else "+" if mean > 0.0 else "-"


def _colour(part: float) -> Color:
    """Black at 0, orange at 1, blue at -1: colours of Okabe and Ito."""
    end = (230, 159, 0) if part > 0.0 else (86, 180, 233)
    red, green, blue = (round(abs(part) * value) for value in end)
    return Color.from_rgb(red, green, blue)
