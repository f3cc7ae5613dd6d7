# SPDX-License-Identifier: GPL-3.0-or-later
"""WholeChip: one setting on all 512 neurons of a chip: who fires when, how they differ, and the membrane of one of them."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message as TextualMessage
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Footer

from luisim.experiment import Experiment
from luisim.hicannx.constants import NEURONS
from luisim.hicannx.model import HicannXModel
from luisim.hicannx.parameters import HicannX
from luisim.trace import Trace
from tui import neurons
from tui.messages import Failed, Message, Progress, Ran
from tui.render import Curve, Window
from tui.runner import Runner
from tui.widgets.chart import AXIS, MARGIN, Pane, draw
from tui.widgets.glyphs import Glyphs
from tui.widgets.population import Spread, bars, raster, spread, trains
from tui.widgets.status import Status
from tui.widgets.units import si
from tui.widgets.view import voltage_range


@dataclass
class Told(TextualMessage):
    """The model has something to tell."""

    message: Message


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
        self.trace: Trace | None = None
        self.chosen = 0

    def render(self) -> Text:
        """The numbers of the neurons, and their spikes."""
        rows, columns = self.size.height, max(1, self.size.width - MARGIN)
        spikes = trains(self.trace) if self.trace is not None else ()
        codes = raster(spikes, self.trace.duration, rows, columns) if self.trace is not None else None
        text, home = Text(no_wrap=True, overflow="crop"), self.chosen * rows // NEURONS
        for row in range(rows):
            first = -(-row * NEURONS // rows)
            label = f">{self.chosen}" if row == home else str(first) if row % 4 == 0 else ""
            text.append(f"{label:>{MARGIN - 1}}{self._glyphs.axis[1 if label else 0]}", "bold" if row == home else "dim")
            cells = codes[row].tolist() if codes is not None else [0] * columns
            text.append("".join(self._glyphs.cells[code] for code in cells), "bold" if row == home else "")
            text.append("\n" if row < rows - 1 else "")
        return text

    def on_click(self, event: events.Click) -> None:
        """Choose the neuron that is drawn there."""
        rows = max(1, self.size.height)
        self.post_message(self.Chosen(min(NEURONS - 1, -(-event.y * NEURONS // rows))))


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
        return Text("\n".join([f"{found.name} of {found.values.size} neurons", *lines, axis]), no_wrap=True, overflow="crop")


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
                text.append(run.text.replace("spikes", f"{'':6}"), "dim" if run.ink == AXIS else "")
        return text


class WholeChip(ModalScreen[None]):
    """Runs ``experiment``'s settings on every neuron of its chip, first in a hurry, then exactly."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,w", "dismiss(None)", "Back", id="chip.back", tooltip="back to the one neuron"),
        Binding("up", "choose(-1)", "Before", id="chip.before", tooltip="the neuron before"),
        Binding("down", "choose(1)", "Next", id="chip.next", tooltip="the next neuron"),
        Binding("pageup", "choose(-32)", "32 back", id="chip.back32", tooltip="32 neurons back"),
        Binding("pagedown", "choose(32)", "32 on", id="chip.on32", tooltip="32 neurons on"),
        Binding("home", "choose(-512)", "First", show=False, id="chip.first", tooltip="the first neuron"),
        Binding("end", "choose(512)", "Last", show=False, id="chip.last", tooltip="the last neuron"),
    ]

    def __init__(self, experiment: Experiment[HicannX], glyphs: Glyphs, backend: Any = None) -> None:
        super().__init__()
        device = experiment.device
        whole = replace(device, neurons=device.neurons[:1] * NEURONS, first=0, deviations=None)
        self.experiment = replace(experiment, device=whole)
        self.neuron = device.first
        self.trace: Trace | None = None
        self._backend = backend or HicannXModel()
        self._state = "…"
        self._runner: Runner | None = None
        self.status, self.raster, self.rates, self.membrane = Status(), Raster(glyphs), Rates(), Membrane(glyphs)

    def compose(self) -> ComposeResult:
        """Status, raster beside histogram, membrane, keys."""
        yield self.status
        yield Horizontal(self.raster, self.rates, id="population")
        yield self.membrane
        yield Footer()

    def on_mount(self) -> None:
        """Start the model."""
        self._runner = Runner(self._backend, self._hear)
        self._runner.want(self.experiment)
        self._show()

    def _hear(self, message: Message) -> None:
        """Called in the runner's thread; post_message may be."""
        self.post_message(Told(message))

    def on_unmount(self) -> None:
        """End the model."""
        if self._runner is not None:
            self._runner.close()

    def on_told(self, event: Told) -> None:
        """Take in what the model tells."""
        match event.message:
            case Progress(done=done):
                self._state = f"… {done:.0%}"
            case Failed(sentence=sentence):
                self._state = sentence
            case Ran(trace=trace, rough=rough):
                self.trace, self._state = trace, "…" if rough else ""
                self.raster.trace, self.rates.spread = trace, spread(trace)
        self._show()

    def action_choose(self, by: int) -> None:
        """Look at another neuron."""
        self.neuron = min(NEURONS - 1, max(0, self.neuron + by))
        self._show()

    @on(Raster.Chosen)
    def _chosen(self, event: Raster.Chosen) -> None:
        self.neuron = event.neuron
        self._show()

    def _show(self) -> None:
        self.raster.chosen = self.neuron
        device, fields = self.experiment.device, []
        if self.trace is not None:
            self.membrane.trace = neurons.of(self.trace, str(self.neuron))
            fired = sum(times.size > 0 for times in trains(self.trace))
            values = spread(self.trace) if self.rates.spread is None else self.rates.spread
            mean, sd = float(values.values.mean()), float(values.values.std())
            written = f"{mean:.0f} ± {sd:.0f} LSB" if values.unit == "LSB" else f"{si(mean, 'Hz', 3)} ± {sd / mean:.0%}"
            count = neurons.of(self.trace, str(self.neuron)).spikes["out"].size
            fields = [f"{fired} of {NEURONS} fire", f"{values.name} {written}", f"neuron {self.neuron}: {count} spikes"]
        name = "nominal chip" if device.seed is None else f"chip {device.seed}"
        self.status.show([f"All neurons of {name} {self._state}".rstrip(), *fields])
        for widget in (self.raster, self.rates, self.membrane):
            widget.refresh()
