# SPDX-License-Identifier: GPL-3.0-or-later
"""LuisimApp: the terminal app. It shows the same neuron from several back ends at once and lets a person turn its knobs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from textual import events, on
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message as TextualMessage
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Footer, Static

from luisim.errors import LuisimError
from luisim.experiment import Backend, Experiment
from luisim.live import Pulse
from luisim.lui.network import Lui, recorded
from luisim.trace import Trace
from tui import boards
from tui.backends import experiment_names, load_experiment
from tui.keys import KEYS
from tui.live_mode import LiveMode
from tui.messages import Message, Progress
from tui.runs import Runs
from tui.screens.experiments import Experiments
from tui.screens.help import Help
from tui.widgets.knob import Knob
from tui.widgets.readings import Readings
from tui.widgets.scope import ZOOM, Scope
from tui.widgets.source import Source
from tui.widgets.status import Status
from tui.widgets.trimmer import TRIMMERS
from tui.widgets.units import si
from tui.widgets.view import VIEWS

LEAST_SIZE = (80, 24)
_TALL = 30  # rows from which there is room for some air
_BUSY_AFTER = 0.15  # s; a run that is shorter is not worth a flicker


@dataclass
class Reported(TextualMessage):
    """A runner has something to tell."""

    message: Message


class LuisimApp(App[None]):
    """Starts with ``experiment`` on all ``backends``; a recording among them is taken to belong to this experiment."""

    TITLE = "luisim"
    CSS_PATH = "luisim.tcss"
    BINDINGS: ClassVar[list[BindingType]] = KEYS

    def __init__(self, experiment: Experiment[Lui], backends: Sequence[Backend[Lui]], *, glyphs: str = "braille") -> None:
        super().__init__()
        keys = frozenset(key for b in self.BINDINGS if isinstance(b, Binding) for key in b.key.split(","))
        self.runs = Runs(backends, keys)
        experiment = boards.shown(experiment)
        self.first = experiment  # the one that the recordings belong to
        self.base = experiment  # as it was loaded
        self.experiment = experiment  # as it is set now
        self.board = recorded(experiment)[0]  # the one that is looked at
        self.trains: frozenset[tuple[str, int]] = frozenset()  # boards and inputs with a pulse train
        self.paused = False
        self._asked = experiment  # what the traces belong to, or soon will
        self._busy_timer: Timer | None = None
        self.live = LiveMode(self)
        self.status, self.scope = Status(), Scope(experiment, glyphs=glyphs)
        self.readings = Readings(tuple(self.sources.values()))
        self.knobs = tuple(
            Knob(trimmer, boards.parameters(experiment, self.board), id=f"knob{index}")
            for index, trimmer in enumerate(TRIMMERS, start=1)
        )
        self._source_keys = [
            Binding(s.key, f"source('{s.name}')", s.label, show=False, id=f"source.{s.key}", tooltip=f"{s.label}: on, off")
            for s in self.sources.values()
            if s.key
        ]
        for binding in self._source_keys:
            self.bind(binding.key, binding.action, description=binding.description, show=False)

    @property
    def sources(self) -> dict[str, Source]:
        """The sources by their names."""
        return self.runs.sources

    def compose(self) -> ComposeResult:
        """Status, traces, readings, knobs, footer; and a sentence for terminals that are too small for them."""
        with Vertical(id="face"):
            yield self.status
            yield self.scope
            yield self.readings
            with Horizontal(id="knobs"):
                yield Vertical(*self.knobs[:3])
                yield Vertical(*self.knobs[3:])
        yield Static(id="small", markup=False)
        yield Footer()

    def on_mount(self) -> None:
        """Start the back ends, after the first paint."""
        self.theme = "textual-dark"
        self.knobs[0].focus()
        self._show()
        self.call_after_refresh(self._start)

    def _start(self) -> None:
        self.runs.start(self._hear)
        self._ask()

    def _hear(self, message: Message) -> None:
        """Called in a runner's thread; post_message may be."""
        self.post_message(Reported(message))

    def on_unmount(self) -> None:
        """End the back ends."""
        self.live.end()
        self.runs.close()

    def on_resize(self, event: events.Resize) -> None:
        """Say so if the terminal is too small: a plot that silently lacks a part misleads."""
        width, height = event.size  # the app's own size is still the old one
        small = width < LEAST_SIZE[0] or height < LEAST_SIZE[1]
        screen = self.screen_stack[0]
        screen.set_class(small, "small")
        screen.set_class(height >= _TALL, "tall")
        needs = f"luisim needs {LEAST_SIZE[0]}x{LEAST_SIZE[1]} characters, now {width}x{height}."
        screen.query_one("#small", Static).update(f"{needs}\nMake the window larger, or its font smaller.")

    # ------------------------------------------------------------------------------------------------------------ runs

    @on(Knob.Turned)
    def _turned(self, event: Knob.Turned) -> None:
        # two quick turns of two knobs: take over this knob's value, not its idea of the others
        trimmer = event.knob.trimmer
        parameters = trimmer.set(boards.parameters(self.experiment, self.board), trimmer.value(event.parameters))
        if trimmer.sign(parameters) != trimmer.sign(event.parameters):
            parameters = trimmer.flipped(parameters)
        self.scope.follows = False  # a window that fits itself would hide that the rate has changed
        self._change(boards.with_parameters(self.experiment, self.board, parameters))

    def _change(self, experiment: Experiment[Lui]) -> None:
        """Set the knobs to ``experiment`` and run it, unless paused."""
        self.experiment = experiment
        self._set_knobs()
        if self.live.on:
            self.live.do(experiment.device)
        elif not self.paused:
            self._ask()
        self.show_status()

    def _ask(self) -> None:
        """Let every source that is on run what is set."""
        self._asked = self.experiment
        self.runs.ask(self._asked)
        if self._busy_timer is None:
            self._busy_timer = self.set_timer(_BUSY_AFTER, self._show_busy)

    def _show_busy(self) -> None:
        self._busy_timer = None
        self.runs.find_late()
        self._show(traces=False)

    def on_reported(self, event: Reported) -> None:
        """Take in what a runner tells."""
        message = event.message
        source = self.sources[message.source]
        if isinstance(message, Progress):
            self.runs.hear(message)
            self._show(traces=False)
        elif source.shown and not self.live.on and message.experiment.name == self.base.name:  # else it comes too late
            sentence = self.runs.take(message, self._one)
            if sentence:
                self.notify(sentence, title=source.label, severity="error", timeout=10, markup=False)
            self._show()

    # ------------------------------------------------------------------------------------------------------------ live

    def action_live(self) -> None:
        """Let the board run on, or go back to single runs."""
        if not self.live.on:
            self.live.start()
            return
        self.live.end()
        self.runs.forget()
        self.scope.follows = True
        self.paused = False
        self._ask()
        self._show()

    # ------------------------------------------------------------------------------------------------------------ boards

    def _set_knobs(self) -> None:
        for knob in self.knobs:
            knob.original = boards.parameters(self.base, self.board)
            knob.parameters = boards.parameters(self.experiment, self.board)

    def _one(self, trace: Trace) -> Trace:
        """What is looked at of a trace."""
        return boards.of(trace, self.board)

    # ------------------------------------------------------------------------------------------------------------ what is seen

    def _show(self, *, traces: bool = True) -> None:
        sources = tuple(self.sources.values())
        if traces:
            self.scope.show(sources, self._asked, self.board)
        self.readings.show(sources)
        self.show_status()

    @property
    def _mode(self) -> str:
        if self.live.on:
            return "○ LIVE, paused" if self.paused else "● LIVE"
        return "○ PAUSED, n: run once" if self.paused else "● RUN"

    @on(Scope.Moved)
    def show_status(self) -> None:
        """Say at the top what is set and what is seen."""
        sources = self.sources.values()
        changed = self.experiment != self.base
        busy = [f"{s.label} … {s.done:.0%}" if s.done else f"{s.label} …" for s in sources if s.late]
        recorded = changed and any(s.visible and s.is_recording for s in sources)
        view = {"overlay": "", "aligned": "aligned on the spike", "lanes": "lanes"}[self.scope.view]
        lost = self.scope.unaligned
        self.status.show(
            [
                self._mode,
                self.base.name + (" (changed)" if changed else ""),
                ", ".join(busy),
                f"board {self.board}, [ ] others" if boards.is_network(self.base) else "",
                f"pulses: {' '.join(str(n) for board, n in sorted(self.trains) if board == self.board)}" if self.trains else "",
                "recording: as it was recorded" if recorded else "",
                f"no spike to align: {', '.join(lost)}" if lost else "",
                view,
                f"seen: {si(self.scope.window.stop - self.scope.window.start, 's', 3)}",
            ]
        )

    # ------------------------------------------------------------------------------------------------------------ keys

    def action_pause(self) -> None:
        """Keep the traces as they are while knobs are turned, or go on."""
        self.paused = not self.paused
        if self.live.on:
            self.live.pause(self.paused)
        elif not self.paused and self.experiment is not self._asked:
            self._ask()
        self.show_status()

    def action_once(self) -> None:
        """Run what is set."""
        if not self.live.on:
            self._ask()
        self.show_status()

    def action_view(self) -> None:
        """The next view."""
        self.scope.look(VIEWS[(VIEWS.index(self.scope.view) + 1) % len(VIEWS)])
        self.show_status()

    def action_residual(self) -> None:
        """The lane of differences on or off."""
        self.scope.residual = not self.scope.residual
        self._show()

    def action_zoom(self, direction: int) -> None:
        """See more time (1) or less (-1)."""
        self.scope.zoom(ZOOM**direction)

    def action_pan(self, by: float) -> None:
        """Move along the time axis by a part of the window."""
        self.scope.pan(by)

    def action_fit(self) -> None:
        """See about four spikes."""
        self.scope.fit()
        self.show_status()

    def action_pulses(self, connector: int) -> None:
        """A pulse train on an input of the board that is looked at, or no longer."""
        wire = boards.wire_into(self.base, self.board, connector)
        if wire is not None:
            self.notify(f"Input {connector} of {self.board} has a wire from {wire.source}: send pulses into a free input.")
            return
        if self.live.on:
            self.live.do(Pulse(connector, amplitude=boards.parameters(self.experiment, self.board).vdd))
            return
        self.trains = self.trains ^ {(self.board, connector)}
        trains = tuple(boards.pulse_trains(self.base, self.trains))
        self._change(replace(self.experiment, stimuli=self.base.stimuli + trains))

    def action_board(self, by: int) -> None:
        """Look at another board of the network."""
        names = recorded(self.base)
        self.board = names[(names.index(self.board) + by) % len(names)]
        self._set_knobs()
        self.runs.look(self._one)
        self._show()

    def action_reset(self) -> None:
        """Everything as the experiment has it."""
        self.trains = frozenset()
        self._change(self.base)

    @on(Readings.Picked)
    def _picked(self, event: Readings.Picked) -> None:
        self.action_source(event.source)

    def action_source(self, name: str) -> None:
        """A source on or off."""
        source = self.sources[name]
        if source.shown:
            self.sources[name] = replace(source.off(), failure="")
        elif not self.live.on:
            self.runs.ask_one(replace(source, failure=""), self._asked)
        else:
            self.sources[name] = replace(source, shown=True, failure="")
        if self.live.on:
            self.live.start()
        else:
            self._show()

    def action_theme(self) -> None:
        """Light or dark."""
        self.theme = "textual-light" if self.current_theme.dark else "textual-dark"
        self.scope.refresh()
        self.readings.refresh()

    def action_experiments(self) -> None:
        """Let the person choose an experiment."""
        names = [(name, boards.summary(load_experiment(name))) for name in experiment_names()]
        self.push_screen(Experiments(names, self.base.name), self._load)

    def _load(self, name: str | None) -> None:
        if name is None:
            return
        try:
            experiment = self.first if name == self.first.name else boards.shown(load_experiment(name))
        except LuisimError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        was_live = self.live.on
        self.live.end()
        self.base, self.trains, self.scope.follows = experiment, frozenset(), True
        self.board = recorded(experiment)[0]
        for source in self.sources.values():
            # a recording beside another experiment than its own would only mislead
            shown = name == self.first.name if source.is_recording else source.shown
            self.sources[source.name] = replace(source.off(), shown=shown, failure=source.failure if not shown else "")
        self.paused = False
        self._change(experiment)
        self._show()
        if was_live:
            self.live.start()

    def action_help(self) -> None:
        """Every key."""
        remarks = [
            f"{source.label}: {sentence}."
            for backend in self.runs.backends
            if (source := self.sources[backend.name]).is_recording
            for sentence in backend.by_hand(self.first)
        ]
        groups: list[tuple[str, Iterable[BindingType]]] = [("Keys", self.BINDINGS), ("Sources", self._source_keys)]
        groups.append(("On a knob", Knob.BINDINGS))
        self.push_screen(Help(groups, remarks))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every key as an entry of the command palette, then Textual's own."""
        for binding in [*self.BINDINGS, *self._source_keys]:
            if isinstance(binding, Binding) and binding.id != "quit":
                title = f"{binding.description} {binding.key}" if binding.group else binding.description
                yield SystemCommand(title, binding.tooltip, lambda action=binding.action: self._do(action))
        yield from super().get_system_commands(screen)

    def _do(self, action: str) -> None:
        self.call_later(self.run_action, action)


def run_app(experiment: Experiment[Lui], backends: Sequence[Backend[Lui]], *, glyphs: str = "braille") -> None:
    """Show the app until the person leaves it."""
    LuisimApp(experiment, backends, glyphs=glyphs).run()
