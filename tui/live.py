# SPDX-License-Identifier: GPL-3.0-or-later
"""LiveView: the live boards as the app shows them: which sources run, and when there is something new to draw."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from firmware_bridge.live import CONNECTING
from luisim.errors import LuisimError, UnsupportedExperiment
from luisim.experiment import Backend, Experiment, Pulses
from luisim.live import LiveRun, Pulse, Session
from luisim.lui.network import Lui
from luisim.trace import Trace
from tui.widgets.source import Source

WINDOW = 4.0  # s seen at first
SEEN = 12.0  # s to which one can zoom out while the boards run
KEPT = 300.0  # s through which one can go back while they stand still: 20 MB a board
FRAME = 1 / 30  # s
_WIDE = 100  # columns from which a frame is so much text that every second one must do
_READ_EVERY = 15  # frames between two readings of the numbers


def frames_between(width: int, focused: bool) -> int:
    """Every how many of the frames one is drawn: 30 a second, 15 in a terminal that is wide, 5 in one that nobody looks at."""
    if not focused:
        return 6
    return 2 if width > _WIDE else 1


def since(source: Source, start: float) -> Source:
    """The source with its trace from ``start`` (s) on."""
    trace = source.trace
    if trace is None or trace.time[-2] < start:
        return source
    keep = trace.time >= start
    signals = {name: values[keep] for name, values in trace.signals.items()}
    spikes = {name: times[times >= start] for name, times in trace.spikes.items()}
    return replace(source, trace=Trace(trace.time[keep], signals, spikes, trace.origin, gaps=trace.gaps))


def trouble_of(run: LiveRun[Lui]) -> str:
    """Why nothing comes from a live run at the moment; "" if all is well, as always in a simulation."""
    return str(getattr(run, "trouble", ""))


class LiveView:
    """Starts every back end among ``backends`` whose source is shown and that can run live.

    Raises :class:`UnsupportedExperiment` if none can.
    """

    def __init__(self, experiment: Experiment[Lui], backends: Iterable[Backend[Lui]], shown: Mapping[str, bool]) -> None:
        self.failures: dict[str, str] = {}
        self.experiment = experiment
        self.still = False
        self._frame = 0
        self._drawn = 0.0  # up to when, s
        self._trouble: dict[str, str] = {}  # of each run, as it was last told
        self.session: Session[Lui] = Session({}, KEPT)
        for backend in backends:
            if shown[backend.name]:
                self.join(backend)
        if not self.session.runs:
            raise UnsupportedExperiment(next(iter(self.failures.values()), "Turn on the circuit (c) or the model (m) first."))

    def join(self, backend: Backend[Lui]) -> None:
        """Let one more run, from now on."""
        self.failures.pop(backend.name, None)
        start = getattr(backend, "live", None)
        if start is None:
            self.failures[backend.name] = "it cannot run live (l: back to single runs)"
            return
        # what an experiment sends in was sent at its start
        experiment = self.experiment if self.session.now == 0.0 else replace(self.experiment, stimuli=())
        try:
            self.session.join(backend.name, start(experiment))
        except LuisimError as error:
            self.failures[backend.name] = str(error)

    def news(self) -> Iterable[tuple[str, str]]:
        """(source, why nothing comes from it any longer, or "" if it is back) of every run that this has changed for."""
        for name, run in self.session.runs.items():
            trouble = trouble_of(run)
            before, self._trouble[name] = self._trouble.get(name, trouble), trouble
            if trouble != before and before != CONNECTING:
                yield name, trouble

    def do(self, action: Lui | Pulse) -> None:
        """Let every board do this. Raises :class:`UnsupportedExperiment`."""
        if not isinstance(action, Pulse):
            self.experiment = replace(self.experiment, device=action)
        self.session.do(action)

    def pause(self, still: bool) -> None:
        """Stand still, or go on."""
        self.still = still
        self.session.pause(still)

    def close(self) -> None:
        """End every run."""
        self.session.close()

    def tick(self, cell: float, width: int, focused: bool = True) -> bool:
        """Read what is new; whether it fills another column of ``cell`` s, or shows what a knob did. ``width``: the terminal's.

        ``focused``: whether the terminal is the one that a person types into.

        Raises a :class:`LuisimError` if a run has ended.
        """
        self._frame += 1
        self.session.read()
        now = self.session.now
        due = int(now / cell) != int(self._drawn / cell) and self._frame % frames_between(width, focused) == 0
        due = due or self._drawn <= self.session.acted < now
        if due:
            self._drawn = now
        return due

    @property
    def numbers_due(self) -> bool:
        """Whether the readings should be worked out again with this frame: numbers that flicker cannot be read."""
        if self._frame < _READ_EVERY:
            return False
        self._frame = 0
        return True

    def shown(self, source: Source) -> Source:
        """The source with its newest trace."""
        if not source.shown:
            return source
        if source.name in self.failures:
            return replace(source, trace=None, whole=None, failure=self.failures[source.name], asked=None, ran=None, late=False)
        trace = self.session.trace(source.name, KEPT if self.still else SEEN)
        run = self.session.runs.get(source.name)
        failure = "" if run is None else trouble_of(run)
        return replace(
            source, trace=trace, whole=trace, failure=failure, asked=self.experiment, ran=self.experiment, late=False
        )

    @property
    def stimuli(self) -> tuple[Pulses, ...]:
        """The pulses that were sent, as stimuli."""
        return tuple(
            Pulses(pulse.input, (at,), pulse.width, pulse.amplitude) for at, pulse in self.session.pulses if at < 3600.0
        )
