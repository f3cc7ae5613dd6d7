# SPDX-License-Identifier: GPL-3.0-or-later
"""WholeChip: all neurons of a chip at once: who fires when, how they differ, the weights, and the membrane of one of them.

Of a network, or of one setting on all 512 neurons.
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message as TextualMessage
from textual.screen import ModalScreen
from textual.widgets import Footer

from luisim.experiment import Experiment
from luisim.hicannx.activity import weights
from luisim.hicannx.chip_experiment import ChipModel, ChipNetwork
from luisim.hicannx.constants import NEURONS
from luisim.hicannx.model import HicannXModel
from luisim.hicannx.parameters import HicannX
from luisim.trace import Trace
from tui import neurons
from tui.language import N_, _, ngettext, translate_bindings
from tui.messages import Failed, Message, Progress, Ran
from tui.runner import Runner
from tui.sentences import said
from tui.widgets.glyphs import Glyphs
from tui.widgets.population import sites, spread, trains
from tui.widgets.population_view import Membrane, Raster, Rates, Weights
from tui.widgets.status import Status
from tui.widgets.units import si


@dataclass
class Told(TextualMessage):
    """The model has something to tell."""

    message: Message


class WholeChip(ModalScreen[None]):
    """Runs a network, or the settings of one neuron on every neuron of its chip; those first in a hurry, then exactly."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,w", "dismiss(None)", N_("Back"), id="chip.back", tooltip=N_("back to the one neuron")),
        Binding("up", "choose(-1)", N_("Before"), id="chip.before", tooltip=N_("the neuron before")),
        Binding("down", "choose(1)", N_("Next"), id="chip.next", tooltip=N_("the next neuron")),
        Binding("pageup", "choose(-32)", N_("32 back"), id="chip.back32", tooltip=N_("32 neurons back")),
        Binding("pagedown", "choose(32)", N_("32 on"), id="chip.on32", tooltip=N_("32 neurons on")),
        Binding("home", "choose(-512)", N_("First"), show=False, id="chip.first", tooltip=N_("the first neuron")),
        Binding("end", "choose(512)", N_("Last"), show=False, id="chip.last", tooltip=N_("the last neuron")),
    ]

    def __init__(self, experiment: Experiment[HicannX | ChipNetwork], glyphs: Glyphs, backend: Any = None) -> None:
        super().__init__()
        device = experiment.device
        if isinstance(device, HicannX):
            self.neuron, self.neurons = device.first, NEURONS
            device = replace(device, neurons=device.neurons[:1] * NEURONS, first=0, deviations=None)
        else:
            self.neurons = len(sites(device))
            self.neuron = sites(device).index(device.madc[0]) if device.madc else 0
        self.experiment: Experiment[HicannX | ChipNetwork] = replace(experiment, device=device)
        self.trace: Trace | None = None
        self._backend = backend or (HicannXModel() if isinstance(device, HicannX) else ChipModel())
        self.state = "…"
        self._runner: Runner | None = None
        self.status, self.raster, self.rates, self.membrane = Status(), Raster(glyphs), Rates(), Membrane(glyphs)
        self.weights = Weights(plain=glyphs.plain)

    def compose(self) -> ComposeResult:
        """Status, raster beside histogram and weights, membrane, keys."""
        yield self.status
        yield Horizontal(self.raster, Vertical(self.rates, self.weights), id="population")
        yield self.membrane
        yield Footer()

    def on_mount(self) -> None:
        """Start the model."""
        translate_bindings(self)
        self._runner = Runner(self._backend, self._hear)
        self._runner.want(self.experiment)
        self.weights.display = isinstance(self.experiment.device, ChipNetwork)
        self._show()

    def speak(self) -> None:
        """Say everything in the language that is spoken now."""
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
                self.state = f"… {done:.0%}"
            case Failed(sentence=sentence):
                self.state = _("gave no result")
                self.notify(said(sentence), severity="error", timeout=10, markup=False)
            case Ran(experiment=experiment, trace=trace, rough=rough):
                self.trace, self.state = trace, "…" if rough else ""
                self.experiment = experiment
                device = experiment.device
                self.raster.trains, self.raster.duration = trains(trace, device), trace.duration
                self.rates.spread = spread(trace, device)
                if isinstance(device, ChipNetwork) and self.weights.matrix is None:
                    self.weights.matrix = weights(device.chip)
        self._show()

    def action_choose(self, by: int) -> None:
        """Look at another neuron."""
        self._look(min(self.neurons - 1, max(0, self.neuron + by)))

    @on(Raster.Chosen)
    def _chosen(self, event: Raster.Chosen) -> None:
        self._look(event.neuron)

    def _look(self, neuron: int) -> None:
        self.neuron = neuron
        device = self.experiment.device
        if isinstance(device, ChipNetwork) and self._runner is not None:
            # the converter reads two neurons at most, on the chip too: another one takes another run
            self.state = "…"
            self._runner.want(replace(self.experiment, device=replace(device, madc=(sites(device)[neuron],))))
        self._show()

    def _read(self) -> Trace | None:
        """The membrane of the neuron that is looked at, if it was read."""
        device = self.experiment.device
        if self.trace is None or isinstance(device, HicannX):
            return self.trace and neurons.of(self.trace, str(self.neuron))
        site = sites(device)[self.neuron]
        return neurons.of(self.trace, str(device.madc.index(site))) if site in device.madc else None

    def _show(self) -> None:
        self.raster.neurons, self.raster.chosen = self.neurons, self.neuron
        self.membrane.trace = self._read()
        device, fields = self.experiment.device, []
        chip = _("nominal chip") if device.seed is None else _("chip {number}").format(number=device.seed)
        title = _("All neurons of {chip}") if isinstance(device, HicannX) else _("{experiment} on {chip}")
        title = title.format(experiment=self.experiment.name, chip=chip)
        found = self.rates.spread
        if found is not None:
            fired = sum(times.size > 0 for times in self.raster.trains)
            mean, sd = float(found.values.mean()), float(found.values.std())
            written = f"{mean:.0f} ± {sd:.0f} LSB" if found.unit == "LSB" else f"{si(mean, 'Hz', 3)} ± {si(sd, 'Hz', 2)}"
            name = _("neuron {number}").format(number=self.neuron)
            if isinstance(device, ChipNetwork):
                name = f"{sites(device)[self.neuron].population} {sites(device)[self.neuron].index}"
            spikes = self.raster.trains[self.neuron].size
            fields = [
                ngettext("{name}: {count} spike", "{name}: {count} spikes", spikes).format(name=name, count=spikes),
                _("{count} of {all} fire").format(count=fired, all=self.neurons),
                f"{_(found.name)} {written}",
            ]
        self.status.show([title, self.state, *fields])
        for widget in (self.raster, self.rates, self.weights, self.membrane):
            widget.refresh()
