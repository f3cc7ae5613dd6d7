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

from luisim.errors import LuisimError, UnsupportedExperiment
from luisim.experiment import Backend, Current, Experiment, Pulses
from luisim.live import Pulse
from luisim.lui.network import Lui, LuiNetwork, as_network, recorded
from luisim.lui.parameters import LuiBoard, LuiParameters
from luisim.trace import Trace
from tui.backends import experiment_names, load_experiment
from tui.live import FRAME, WINDOW, LiveView, since
from tui.messages import Failed, Message, Progress, Ran
from tui.runner import Runner
from tui.screens.experiments import Experiments
from tui.screens.help import Help
from tui.widgets.knob import Knob
from tui.widgets.readings import Readings
from tui.widgets.scope import ZOOM, Scope
from tui.widgets.source import Source, sources_of
from tui.widgets.status import Status
from tui.widgets.trimmer import TRIMMERS
from tui.widgets.units import si
from tui.widgets.view import VIEWS

LEAST_SIZE = (80, 24)
_TALL = 30  # rows from which there is room for some air
_BUSY_AFTER = 0.15  # s; a run that is shorter is not worth a flicker
_MOST_BOARDS = 16  # of a network that records none
_PERIOD, _FIRST_PULSE = 0.5, 0.1  # s, of the pulse trains; the Arduino example of the board's documentation


@dataclass
class Reported(TextualMessage):
    """A runner has something to tell."""

    message: Message


class LuisimApp(App[None]):
    """Starts with ``experiment`` on all ``backends``; a recording among them is taken to belong to this experiment."""

    TITLE = "luisim"
    CSS_PATH = "luisim.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p", "pause", "Pause", id="run.pause", tooltip="pause: the traces stay while you turn; again: go on"),
        Binding("n", "once", "Run now", show=False, id="run.once", tooltip="run once, now (while paused)"),
        Binding(
            "l",
            "live",
            "Live",
            id="run.live",
            tooltip="the board runs on, knobs and pulses act at once; again: single runs",
        ),
        Binding("v", "view", "View", show=False, id="view.next", tooltip="next view: overlay, aligned on the spike, lanes"),
        Binding("d", "residual", "Differences", show=False, id="view.residual", tooltip="differences Δ from the first source"),
        *(
            Binding(
                f"{n}",
                f"pulses({n})",
                "Pulses",
                id=f"input.{n}",
                tooltip=f"pulses into input {n}: on, off; live: one pulse now",
                group=Binding.Group("Pulses"),
            )
            for n in (1, 2, 3)
        ),
        Binding("plus,equals_sign", "zoom(-1)", "Zoom in", show=False, id="window.in", tooltip="see less time, larger"),
        Binding("minus", "zoom(1)", "Zoom out", show=False, id="window.out", tooltip="see more time"),
        Binding("comma", "pan(-0.25)", "Earlier", show=False, id="window.earlier", tooltip="move to earlier times"),
        Binding("full_stop", "pan(0.25)", "Later", show=False, id="window.later", tooltip="move to later times"),
        Binding("0", "fit", "Fit", show=False, id="window.fit", tooltip="fit the window: about four spikes"),
        Binding(
            "left_square_bracket",
            "board(-1)",
            "Board before",
            show=False,
            id="board.previous",
            tooltip="networks: the board before",
        ),
        Binding(
            "right_square_bracket", "board(1)", "Board after", show=False, id="board.next", tooltip="networks: the board after"
        ),
        Binding("e", "experiments", "Experiments", id="experiments", tooltip="choose an experiment"),
        Binding("z", "reset", "Reset all", show=False, id="knobs.reset", tooltip="all knobs back, pulses off"),
        Binding("t", "theme", "Light or dark", show=False, id="theme", tooltip="light or dark, for projectors"),
        Binding("question_mark", "help", "Help", id="help", tooltip="this page"),
        Binding("q", "quit", "Quit", id="quit", tooltip="leave"),
    ]

    def __init__(self, experiment: Experiment[Lui], backends: Sequence[Backend[Lui]], *, glyphs: str = "braille") -> None:
        super().__init__()
        keys = frozenset(key for b in self.BINDINGS if isinstance(b, Binding) for key in b.key.split(","))
        self.sources = {source.name: source for source in sources_of([backend.name for backend in backends], keys)}
        experiment = _shown(experiment)
        self.first = experiment  # the one that the recordings belong to
        self.base = experiment  # as it was loaded
        self.experiment = experiment  # as it is set now
        self.board = recorded(experiment)[0]  # the one that is looked at
        self.trains: frozenset[tuple[str, int]] = frozenset()  # boards and inputs with a pulse train
        self.paused = False
        self._asked = experiment  # what the traces belong to, or soon will
        self._backends = tuple(backends)
        self._runners: dict[str, Runner] = {}
        self._told: set[tuple[str, str]] = set()
        self._busy_timer: Timer | None = None
        self._live: LiveView | None = None
        self._live_timer: Timer | None = None
        self.status, self.scope = Status(), Scope(experiment, glyphs=glyphs)
        self.readings = Readings(tuple(self.sources.values()))
        self.knobs = tuple(
            Knob(trimmer, self._parameters(experiment), id=f"knob{index}") for index, trimmer in enumerate(TRIMMERS, start=1)
        )
        self._source_keys = [
            Binding(s.key, f"source('{s.name}')", s.label, show=False, id=f"source.{s.key}", tooltip=f"{s.label}: on, off")
            for s in self.sources.values()
            if s.key
        ]
        for binding in self._source_keys:
            self.bind(binding.key, binding.action, description=binding.description, show=False)

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
        for backend in self._backends:
            self._runners[backend.name] = Runner(backend, self._hear)
        self._ask()

    def _hear(self, message: Message) -> None:
        """Called in a runner's thread; post_message may be."""
        self.post_message(Reported(message))

    def on_unmount(self) -> None:
        """End the back ends."""
        self._end_live()
        for runner in self._runners.values():
            runner.close()

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
        parameters = trimmer.set(self._parameters(self.experiment), trimmer.value(event.parameters))
        if trimmer.sign(parameters) != trimmer.sign(event.parameters):
            parameters = trimmer.flipped(parameters)
        self.scope.follows = False  # a window that fits itself would hide that the rate has changed
        self._change(self._with_parameters(parameters))

    def _change(self, experiment: Experiment[Lui]) -> None:
        """Set the knobs to ``experiment`` and run it, unless paused."""
        self.experiment = experiment
        self._set_knobs()
        if self._live is not None:
            self._do_live(experiment.device)
        elif not self.paused:
            self._ask()
        self._show_status()

    def _ask(self) -> None:
        """Let every source that is on run what is set."""
        self._asked = self.experiment
        for source in self.sources.values():
            if source.shown:
                self._ask_one(source)
        if self._busy_timer is None:
            self._busy_timer = self.set_timer(_BUSY_AFTER, self._show_busy)

    def _ask_one(self, source: Source) -> None:
        self.sources[source.name] = replace(source, asked=self._asked, shown=True, done=0.0, late=False)
        if source.name in self._runners:
            self._runners[source.name].want(self._asked)

    def _show_busy(self) -> None:
        self._busy_timer = None
        for source in self.sources.values():
            self.sources[source.name] = replace(source, late=source.waiting)
        self._show(traces=False)

    def on_reported(self, event: Reported) -> None:
        """Take in what a runner tells."""
        message = event.message
        source = self.sources[message.source]
        if isinstance(message, Progress):
            self.sources[source.name] = replace(source, done=message.done)
            self._show(traces=False)
        elif source.shown and self._live is None and message.experiment.name == self.base.name:  # else it comes too late
            match message:
                case Ran(experiment=experiment, trace=trace):
                    late = source.late and experiment is not source.asked
                    one = self._one(trace)
                    self.sources[source.name] = replace(
                        source, ran=experiment, trace=one, whole=trace, failure="", done=0.0, late=late
                    )
                case Failed():
                    self._failed(source, message)
            self._show()

    def _failed(self, source: Source, failed: Failed) -> None:
        source = replace(source, failure=failed.sentence, trace=None, whole=None, ran=failed.experiment, done=0.0, late=False)
        self.sources[source.name] = source.off() if failed.hopeless else source
        if failed.loud and (source.name, failed.sentence) not in self._told:  # not again at every turn of a knob
            self._told.add((source.name, failed.sentence))
            self.notify(failed.sentence, title=source.label, severity="error", timeout=10, markup=False)

    # ------------------------------------------------------------------------------------------------------------ live

    def action_live(self) -> None:
        """Let the board run on, or go back to single runs."""
        if self._live is None:
            self._start_live()
            return
        self._end_live()
        for source in self.sources.values():
            self.sources[source.name] = replace(source, trace=None, whole=None, failure="" if source.shown else source.failure)
        self.scope.follows = True
        self.paused = False
        self._ask()
        self._show()

    def _start_live(self) -> None:
        if self._is_network:
            self.notify("Live runs one board; choose an experiment with a single board (e).")
            return
        self._end_live()
        try:
            self._live = LiveView(self.experiment, self._backends, {s.name: s.shown for s in self.sources.values()})
        except LuisimError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        self.paused = False
        self._live_timer = self.scope.set_interval(FRAME, self._tick)
        self._show_live(numbers=True, width=WINDOW)

    def _end_live(self) -> None:
        if self._live_timer is not None:
            self._live_timer.stop()
        if self._live is not None:
            self._live.close()
        self._live = self._live_timer = None

    def _tick(self) -> None:
        if self._live is None or self._live.still:
            return
        try:
            if self._live.tick(self.scope.window.cell, self.size.width):
                self._show_live(numbers=self._live.numbers_due)
        except LuisimError as error:
            self._fall_back(str(error))

    def _do_live(self, action: Lui | Pulse) -> None:
        assert self._live is not None
        try:
            self._live.do(action)
        except UnsupportedExperiment as error:
            self._fall_back(str(error))

    def _fall_back(self, reason: str) -> None:
        """Single runs still work where a live one does not."""
        self.notify(reason, title="Back to single runs", severity="error", timeout=10, markup=False)
        self.action_live()

    def _show_live(self, *, numbers: bool, width: float | None = None) -> None:
        assert self._live is not None
        for source in self.sources.values():
            self.sources[source.name] = self._live.shown(source)
        shown = replace(self.experiment, stimuli=self.experiment.stimuli + self._live.stimuli)
        self.scope.roll(tuple(self.sources.values()), shown, self.board, self._live.session.now, width)
        if numbers:
            # of what is seen alone: numbers from before a knob was turned belong to another board
            self.readings.show([since(source, self.scope.window.start) for source in self.sources.values()])
            self._show_status()

    # ------------------------------------------------------------------------------------------------------------ boards

    @property
    def _is_network(self) -> bool:
        return isinstance(self.base.device, LuiNetwork)

    def _parameters(self, experiment: Experiment[Lui]) -> LuiParameters:
        """Those of the board that is looked at."""
        network = as_network(experiment.device)
        return network.boards[network.names.index(self.board)].parameters

    def _with_parameters(self, parameters: LuiParameters) -> Experiment[Lui]:
        """The experiment as it is set, with other parameters for the board that is looked at."""
        device = self.experiment.device
        if isinstance(device, LuiBoard):
            return replace(self.experiment, device=replace(device, parameters=parameters))
        boards = tuple(
            replace(board, parameters=parameters) if name == self.board else board
            for name, board in zip(device.names, device.boards, strict=True)
        )
        return replace(self.experiment, device=replace(device, boards=boards))

    def _set_knobs(self) -> None:
        for knob in self.knobs:
            knob.original = self._parameters(self.base)
            knob.parameters = self._parameters(self.experiment)

    def _one(self, trace: Trace) -> Trace:
        """The board that is looked at; a recording of a single board is what it is."""
        return trace.board(self.board) if self.board in trace.boards else trace

    # ------------------------------------------------------------------------------------------------------------ what is seen

    def _show(self, *, traces: bool = True) -> None:
        sources = tuple(self.sources.values())
        if traces:
            self.scope.show(sources, self._asked, self.board)
        self.readings.show(sources)
        self._show_status()

    @property
    def _mode(self) -> str:
        if self._live is not None:
            return "○ LIVE, paused" if self.paused else "● LIVE"
        return "○ PAUSED, n: run once" if self.paused else "● RUN"

    @on(Scope.Moved)
    def _show_status(self) -> None:
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
                f"board {self.board}, [ ] others" if self._is_network else "",
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
        if self._live is not None:
            self._live.pause(self.paused)
        elif not self.paused and self.experiment is not self._asked:
            self._ask()
        self._show_status()

    def action_once(self) -> None:
        """Run what is set."""
        if self._live is None:
            self._ask()
        self._show_status()

    def action_view(self) -> None:
        """The next view."""
        self.scope.look(VIEWS[(VIEWS.index(self.scope.view) + 1) % len(VIEWS)])
        self._show_status()

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
        self._show_status()

    def action_pulses(self, connector: int) -> None:
        """A pulse train on an input of the board that is looked at, or no longer."""
        device = self.base.device
        wires = device.wires if isinstance(device, LuiNetwork) else ()
        wire = next((w for w in wires if (w.target, w.input) == (self.board, connector)), None)
        if wire is not None:
            self.notify(f"Input {connector} of {self.board} has a wire from {wire.source}: send pulses into a free input.")
            return
        if self._live is not None:
            self._do_live(Pulse(connector, amplitude=self._parameters(self.experiment).vdd))
            return
        self.trains = self.trains ^ {(self.board, connector)}
        count = int(max(0.0, self.base.duration - _FIRST_PULSE) / _PERIOD) + 1
        times = tuple(_FIRST_PULSE + _PERIOD * number for number in range(count))
        amplitude = self._parameters(self.base).vdd
        trains = tuple(Pulses(number, times, amplitude=amplitude, board=board) for board, number in sorted(self.trains))
        self._change(replace(self.experiment, stimuli=self.base.stimuli + trains))

    def action_board(self, by: int) -> None:
        """Look at another board of the network."""
        names = recorded(self.base)
        self.board = names[(names.index(self.board) + by) % len(names)]
        self._set_knobs()
        for source in self.sources.values():
            if source.whole is not None:
                self.sources[source.name] = replace(source, trace=self._one(source.whole))
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
        elif self._live is None:
            self._ask_one(replace(source, failure=""))
        else:
            self.sources[name] = replace(source, shown=True, failure="")
        if self._live is not None:
            self._start_live()
        else:
            self._show()

    def action_theme(self) -> None:
        """Light or dark."""
        self.theme = "textual-light" if self.current_theme.dark else "textual-dark"
        self.scope.refresh()
        self.readings.refresh()

    def action_experiments(self) -> None:
        """Let the person choose an experiment."""
        names = [(name, _summary(load_experiment(name))) for name in experiment_names()]
        self.push_screen(Experiments(names, self.base.name), self._load)

    def _load(self, name: str | None) -> None:
        if name is None:
            return
        try:
            experiment = self.first if name == self.first.name else _shown(load_experiment(name))
        except LuisimError as error:
            self.notify(str(error), severity="error", markup=False)
            return
        was_live = self._live is not None
        self._end_live()
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
            self._start_live()

    def action_help(self) -> None:
        """Every key."""
        remarks = [
            f"{source.label}: {sentence}."
            for backend in self._backends
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


def _shown(experiment: Experiment[Lui]) -> Experiment[Lui]:
    """The experiment with something to look at: boards that nobody wanted recorded could not be drawn."""
    return (
        experiment if recorded(experiment) else replace(experiment, record=as_network(experiment.device).names[:_MOST_BOARDS])
    )


def _summary(experiment: Experiment[Lui]) -> str:
    """An experiment in a few words."""
    device, parts = experiment.device, [si(experiment.duration, "s")]
    if isinstance(device, LuiNetwork):
        parts.append(f"{len(device.boards)} boards, {len(device.wires)} wires")
    else:
        parts.append(f"V_leak {si(device.parameters.v_leak * device.parameters.vdd, 'V', 3)}")
    for stimulus in experiment.stimuli[:2]:
        if not isinstance(stimulus, Pulses | Current):
            continue
        where = f" of {stimulus.board}" if stimulus.board else ""
        if isinstance(stimulus, Pulses):
            count = len(stimulus.times)
            parts.append(f"{count} pulse{'s' if count > 1 else ''} into input {stimulus.input}{where}")
        else:
            parts.append(f"a current of {si(stimulus.value, 'A')}")
    return ", ".join(parts)


def run_app(experiment: Experiment[Lui], backends: Sequence[Backend[Lui]], *, glyphs: str = "braille") -> None:
    """Show the app until the person leaves it."""
    LuisimApp(experiment, backends, glyphs=glyphs).run()
