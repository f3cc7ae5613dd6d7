# SPDX-License-Identifier: GPL-3.0-or-later
"""LuisimApp: the terminal app. It shows the same neuron from several back ends at once and lets a person turn its knobs."""

from asyncio import to_thread
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

from textual import events, on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.filter import LineFilter
from textual.message import Message as TextualMessage
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Footer, Static

from luisim.errors import LuisimError
from luisim.experiment import Backend, Experiment
from luisim.hicannx.chip_experiment import ChipNetwork
from luisim.live import Pulse
from luisim.trace import Trace
from tui import boards, neurons, notebook
from tui.backends import DEFAULT_EXPERIMENT, DEFAULT_NEURON, experiment_names, experiment_titles, load_experiment, usual
from tui.board_mode import BoardMode
from tui.desk import desk_of
from tui.headline import headline
from tui.keys import KEYS
from tui.language import _, add_bindings
from tui.lesson_mode import LessonMode
from tui.live_mode import LiveMode
from tui.manual import Manual
from tui.messages import Message, Progress
from tui.plugging import arduinos
from tui.runs import Runs
from tui.screens.experiments import Experiments
from tui.screens.palette import Commands
from tui.screens.whole_chip import WholeChip
from tui.sentences import said
from tui.themes import THEMES, following
from tui.widgets.knob import Knob
from tui.widgets.knobs import Knobs
from tui.widgets.numbers import BOARD, CHIP, Columns
from tui.widgets.plain import Plain
from tui.widgets.readings import Readings
from tui.widgets.scope import Scope
from tui.widgets.source import Source
from tui.widgets.status import Status

LEAST_SIZE = (80, 24)
_TALL = 30  # rows from which there is room for some air
_BUSY_AFTER = 0.15  # s; a run that is shorter is not worth a flicker


@dataclass
class Reported(TextualMessage):
    """A runner has something to tell."""

    message: Message
    runs: Runs


class LuisimApp(BoardMode, LessonMode, Manual, App[None]):
    """Starts with ``experiment`` on all ``backends``; a recording of a board among them is taken to belong to this experiment.

    ``others``: opens the back ends of another kind of device, when a person chooses an experiment on one. ``find_ports``:
    where boards are plugged in; None: nobody looks.
    """

    TITLE = "luisim"
    CSS_PATH = "luisim.tcss"
    BINDINGS: ClassVar[list[BindingType]] = KEYS
    COMMANDS = {Commands}  # noqa: RUF012, as Textual declares it

    def __init__(
        self,
        experiment: Experiment[Any],
        backends: Sequence[Backend[Any]],
        *,
        glyphs: str = "braille",
        others: Callable[[Any], Sequence[Backend[Any]]] = usual,
        find_ports: Callable[[], Iterable[str]] | None = None,
    ) -> None:
        super().__init__()
        self.find_ports = find_ports
        self.begins_live = False
        self.deeds: set[str] = set()  # what a person has done since a lesson began
        keys = frozenset(key for b in self.BINDINGS if isinstance(b, Binding) for key in b.key.split(","))
        self._new_runs = partial(Runs, taken_keys=keys)
        self._others = others
        self.runs = self._new_runs(backends)
        self.desk = desk_of(experiment)
        self._kept = {self.desk.NOUN: self.runs}  # the runs of each kind of device
        experiment = self.desk.shown(experiment)
        self.first = experiment  # the one that the recordings belong to
        self.base = experiment  # as it was loaded
        self.experiment = experiment  # as it is set now
        self.board = self.desk.names(experiment)[0]  # the board or neuron that is looked at
        self.volts = False  # a chip's membrane in V instead of LSB
        self.trains: frozenset[tuple[str, int]] = frozenset()  # boards and inputs with a pulse train
        self.paused = False
        self.first_screen: Screen[Any] | None = None  # opened over the traces at the start
        self._asked = experiment  # what the traces belong to, or soon will
        self._busy_timer: Timer | None = None
        self.live = LiveMode(self)
        self.status, self.scope = Status(), Scope(experiment, glyphs=glyphs)
        self.scope.remarks = tuple(note for backend in backends for note in getattr(backend, "notes", ()))
        self._plain = [Plain()] if self.scope.glyphs.plain else []
        self.readings = Readings(tuple(self.sources.values()))
        self._list_sources()
        settings = self.desk.settings(experiment, self.board)
        self._knobs = Knobs(self.desk.trimmers(experiment), settings, plain=self.scope.glyphs.plain)

    @property
    def sources(self) -> dict[str, Source]:
        """The sources by their names."""
        return self.runs.sources

    @property
    def knobs(self) -> tuple[Knob, ...]:
        """What can be turned."""
        return self._knobs.all

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Where the font has nothing else, everything is drawn in ASCII."""
        return [*super().get_line_filters(), *self._plain]

    def compose(self) -> ComposeResult:
        """Status, traces, readings, knobs, footer; and a sentence for terminals that are too small for them."""
        with Vertical(id="face"):
            yield self.status
            yield self.scope
            yield self.readings
            yield self._knobs
        yield Static(id="small", markup=False)
        yield Footer()

    def on_mount(self) -> None:
        """Start the back ends, after the first paint."""
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = THEMES[0].name
        self.speak()
        self._knobs.take_focus()
        self._show()
        self.call_after_refresh(self._start)
        if self.first_screen is not None:
            self.push_screen(self.first_screen)

    def _start(self) -> None:
        self.runs.start(partial(self._hear, self.runs))
        if self.begins_live:
            if len(self.sources) > 2 and "circuit" in self.sources:  # by far the most work, and others wait for this computer
                self.sources["circuit"] = self.sources["circuit"].off()
            self.live.start()
        if not self.live.on:
            self._ask()
        self.watch_ports()

    def _hear(self, runs: Runs, message: Message) -> None:
        """Called in a runner's thread; post_message may be."""
        self.post_message(Reported(message, runs))

    def on_unmount(self) -> None:
        """End the back ends."""
        self.end_watch()
        self.live.end()
        for runs in self._kept.values():
            runs.close()

    def on_resize(self, event: events.Resize) -> None:
        """Say so if the terminal is too small: a plot that silently lacks a part misleads."""
        self._say_size(*event.size)  # the app's own size is still the old one

    def _say_size(self, width: int, height: int) -> None:
        small = width < LEAST_SIZE[0] or height < LEAST_SIZE[1]
        screen = self.screen_stack[0]
        screen.set_class(small, "small")
        screen.set_class(height >= _TALL, "tall")
        needs = _("luisim needs {wide}x{high} characters, now {width}x{height}.").format(
            wide=LEAST_SIZE[0], high=LEAST_SIZE[1], width=width, height=height
        )
        screen.query_one("#small", Static).update(f"{needs}\n" + _("Make the window larger, or its font smaller."))

    # ------------------------------------------------------------------------------------------------------------ runs

    @on(Knob.Turned)
    def _turned(self, event: Knob.Turned) -> None:
        # two quick turns of two knobs: take over this knob's value, not its idea of the others
        settings = event.knob.trimmer.copied(self.desk.settings(self.experiment, self.board), event.parameters)
        self.deeds.add("turn")
        self.scope.follows = False  # a window that fits itself would hide that the rate has changed
        self._change(self.desk.with_settings(self.experiment, self.board, settings))

    def _change(self, experiment: Experiment[Any]) -> None:
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
        if event.runs is not self.runs:  # of the other kind of device, which is no longer looked at
            return
        source = self.sources[message.source]
        if isinstance(message, Progress):
            self.runs.hear(message)
            self._show(traces=False)
        elif source.shown and not self.live.on and message.experiment.name == self.base.name:  # else it comes too late
            sentence = self.runs.take(message, self._one)
            if sentence:
                self.notify(said(sentence), title=source.title, severity="error", timeout=10, markup=False)
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
        self._knobs.set(self.desk.settings(self.experiment, self.board), self.desk.settings(self.base, self.board))

    def _one(self, trace: Trace) -> Trace:
        """What is looked at of a trace."""
        one = self.desk.of(trace, self.board)
        return neurons.in_volt(one, self.base) if self.volts and one.unit == "LSB" else one

    # ------------------------------------------------------------------------------------------------------------ what is seen

    def _show(self, *, traces: bool = True) -> None:
        sources = tuple(self.sources.values())
        if traces:
            self.scope.show(sources, self._asked, self.board)
        self.readings.show(sources)
        self.show_status()

    @on(Scope.Moved)
    def show_status(self) -> None:
        """Say at the top what is set and what is seen."""
        self.status.show(headline(self))

    # ------------------------------------------------------------------------------------------------------------ keys

    def action_pause(self) -> None:
        """Keep the traces as they are while knobs are turned, or go on."""
        self.paused = not self.paused
        self.deeds.add("pause")
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

    def action_mark(self) -> None:
        """A numbered marker on the time axis."""
        notebook.mark(self)

    def action_note(self) -> None:
        """A note on the time axis."""
        notebook.note(self)

    def action_record(self) -> None:
        """Record, or stop recording."""
        notebook.record(self)

    def action_pulses(self, connector: int) -> None:
        """A pulse train on an input of the board that is looked at, or no longer."""
        wire = boards.wire_into(self.base, self.board, connector)
        if wire is not None:
            taken = _("Input {input} of {board} has a wire from {source}: send pulses into a free input.")
            self.notify(taken.format(input=connector, board=self.board, source=wire.source), markup=False)
            return
        self.deeds.add("pulse")
        if self.live.on:
            self.live.do(Pulse(connector, amplitude=boards.settings(self.experiment, self.board).vdd))
            return
        self.trains = self.trains ^ {(self.board, connector)}
        trains = tuple(boards.pulse_trains(self.base, self.trains))
        self._change(replace(self.experiment, stimuli=self.base.stimuli + trains))

    def action_board(self, by: int) -> None:
        """Look at another board of the network."""
        names = self.desk.names(self.base)
        self.board = names[(names.index(self.board) + by) % len(names)]
        self._set_knobs()
        self.runs.look(self._one)
        self._show()

    def action_units(self) -> None:
        """A chip's membrane in LSB or in V."""
        self.volts = not self.volts
        self.runs.look(self._one)
        self.scope.fit()
        self._show()

    def action_whole_chip(self) -> None:
        """The settings of this neuron on every neuron of the chip."""
        self.push_screen(WholeChip(self.experiment, self.scope.glyphs))

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
            self.live.toggle(name)
        else:
            self._show()

    def action_theme(self) -> None:
        """The next theme."""
        self.theme = following(self.theme)
        self.scope.refresh()
        self.readings.refresh()

    def action_experiments(self) -> None:
        """Let the person choose an experiment."""
        titles = experiment_titles()
        names = [(name, said(titles[name]), boards.summary(load_experiment(name))) for name in experiment_names()]
        names += [(name, said(titles[name]), "") for name in experiment_names("hicannx")]  # to load one takes a second
        self.push_screen(Experiments(names, self.base.name), self._load)

    async def _load(self, name: str | None) -> None:
        if name is None:
            return
        try:
            # to calibrate a chip's neuron takes a second or two
            experiment = self.first if name == self.first.name else await to_thread(load_experiment, name)
        except LuisimError as error:
            self.notify(said(str(error)), severity="error", markup=False)
            return
        if isinstance(experiment.device, ChipNetwork):
            await self.push_screen(WholeChip(experiment, self.scope.glyphs))
            return
        await self._put(experiment)

    async def _put(self, experiment: Experiment[Any]) -> None:
        """Put an experiment on the desk and run it."""
        was_live = self.live.on
        self.live.end()
        await self._furnish(experiment)
        for source in self.sources.values():
            # a recording beside another experiment than its own would only mislead
            alien = source.is_recording and self.desk is boards
            shown = experiment.name == self._recorded if alien else source.shown
            self.sources[source.name] = replace(source.off(), shown=shown, failure=source.failure if not shown else "")
        self.paused = False
        self._change(self.base)
        self._show()
        if was_live:
            self.live.start()

    def add_source(self, backend: Backend[Any]) -> Source:
        """A source for one more back end, which is asked for nothing yet."""
        source = self.runs.add(backend)
        self._list_sources()
        return source

    def _list_sources(self) -> None:
        """A key and a row for each."""
        add_bindings(self, self.source_keys)
        self.readings.furnish(self._columns, tuple(self.sources.values()))

    async def _furnish(self, experiment: Experiment[Any]) -> None:
        """Put what belongs to this experiment on the desk."""
        desk = desk_of(experiment)
        experiment = desk.shown(experiment)
        self.base = self.experiment = experiment
        self.trains, self.scope.follows = frozenset(), True
        self.board = desk.names(experiment)[0]
        if desk is not self.desk:
            self.desk, self.volts = desk, False
            if desk.NOUN not in self._kept:
                self._kept[desk.NOUN] = self._new_runs(self._others(experiment.device))
                self._kept[desk.NOUN].start(partial(self._hear, self._kept[desk.NOUN]))
            self.runs = self._kept[desk.NOUN]
            self._list_sources()
            self.refresh_bindings()
            self.show_plugged()
        await self._knobs.furnish(desk.trimmers(experiment), desk.settings(experiment, self.board))

    @property
    def _recorded(self) -> str:
        """Name of the experiment that the recordings of boards belong to."""
        return self.first.name if desk_of(self.first) is boards else DEFAULT_EXPERIMENT

    @property
    def _columns(self) -> Columns:
        return BOARD if self.desk is boards else CHIP

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Pulses and live are a board's, LSB are a chip's: the keys of the other one do nothing and are not shown."""
        if action in ("live", "pulses"):
            return self.desk is boards
        if action == "whole_chip":
            return self.desk is neurons and bool(self.knobs)  # an experiment on the converter alone has nothing to set
        return self.desk is neurons if action == "units" else True


def run_network(experiment: Experiment[ChipNetwork], *, glyphs: str = "braille") -> None:
    """Show a network on a chip; behind it, one neuron of a chip."""
    alone = load_experiment(DEFAULT_NEURON)
    app = LuisimApp(alone, usual(alone.device), glyphs=glyphs)
    app.first_screen = WholeChip(experiment, app.scope.glyphs)
    app.run()


def run_app(
    experiment: Experiment[Any],
    backends: Sequence[Backend[Any]],
    *,
    glyphs: str = "braille",
    watch: bool = False,
    live: bool = False,
) -> None:
    """Show the app until the person leaves it. ``watch``: boards that are plugged in appear by themselves.

    ``live``: it begins live.
    """
    app = LuisimApp(experiment, backends, glyphs=glyphs, find_ports=arduinos if watch else None)
    app.begins_live = live
    app.run()
