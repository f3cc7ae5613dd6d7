# SPDX-License-Identifier: GPL-3.0-or-later
"""Live: devices that run on and on while a person turns their knobs, on one time axis, as on the desk.

One run leads: it keeps the time and says when an action took effect. The others follow it, so that all of them get the same
actions at the same simulated time and stay comparable.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from luisim.experiment import Experiment
from luisim.measure import find_spikes, output_pulses
from luisim.trace import Array, Trace

DeviceT = TypeVar("DeviceT")
DeviceIn = TypeVar("DeviceIn", contravariant=True)

SIGNALS = ("v_mem", "v_syn", "v_out")


@dataclass(frozen=True)
class Pulse:
    """One pulse into ``input`` (from 1), beginning now; ``width`` in s, ``amplitude`` in V."""

    input: int
    width: float = 15e-3
    amplitude: float = 3.0


@dataclass(frozen=True)
class Reading(Generic[DeviceT]):
    """What is new: ``values`` (n, 4) with time (s), v_mem, v_syn, v_out (V); ``applied``: what was done to it, and when (s)."""

    values: Array
    applied: tuple[tuple[float, "DeviceT | Pulse"], ...] = ()


class LiveRun(Protocol[DeviceT]):
    """A device that is running. What goes wrong in it is raised by :meth:`read` as a :class:`LuisimError`."""

    @property
    def leads(self) -> bool:
        """Whether it can only keep its own time."""
        ...

    def do(self, action: "DeviceT | Pulse", at: float | None = None) -> None:
        """Turn the device into this one, or send a pulse: now, or ``at`` a time (s) that is not yet read.

        Raises :class:`UnsupportedExperiment` if the running device cannot become that one.
        """
        ...

    def read(self, until: float | None = None) -> Reading[DeviceT]:
        """What is new since the last call, up to its own present or ``until`` (s)."""
        ...

    def pause(self, still: bool) -> None:
        """Stand still, or go on."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class LiveBackend(Protocol[DeviceT]):
    """A back end that can also run a device live."""

    def live(self, experiment: Experiment[DeviceT]) -> LiveRun[DeviceT]:
        """Start the device of ``experiment`` with its stimuli; its duration does not count.

        Raises :class:`UnsupportedExperiment` for a device that cannot run live.
        """
        ...


class Session(Generic[DeviceT]):
    """Live runs under their names, with their last ``span`` s. It has no thread: somebody calls :meth:`read` often.

    Runs may join and leave; what was seen of one that has left is kept until it joins again.
    """

    def __init__(self, runs: Mapping[str, LiveRun[DeviceT]], span: float) -> None:
        self._span = span
        self._runs: dict[str, LiveRun[DeviceT]] = {}
        self._zero: dict[str, float] = {}  # the session's time (s) at which each run began
        self._past: dict[str, deque[Array]] = {}
        self.now = 0.0
        self.acted = -1.0  # when the last action took effect, s
        self.pulses: deque[tuple[float, Pulse]] = deque(maxlen=100)  # when and which
        for name, run in runs.items():
            self.join(name, run)

    @property
    def runs(self) -> Mapping[str, LiveRun[DeviceT]]:
        """Those that run now."""
        return self._runs

    @property
    def _leader(self) -> str | None:
        """Who keeps the time."""
        return next((name for name, run in self._runs.items() if run.leads), next(iter(self._runs), None))

    def join(self, name: str, run: LiveRun[DeviceT]) -> None:
        """A run that begins now."""
        self._runs[name] = run
        self._zero[name] = self.now
        past = self._past.setdefault(name, deque())
        if past:  # between then and now it was not seen
            past.append(np.array([[self.now] + [np.nan] * len(SIGNALS)]))

    def leave(self, name: str) -> None:
        """End a run, if it is there."""
        run = self._runs.pop(name, None)
        if run is not None:
            run.close()

    def do(self, action: "DeviceT | Pulse") -> None:
        """Let every device do this. Raises :class:`UnsupportedExperiment`."""
        if self._leader is not None:
            self._runs[self._leader].do(action)

    def read(self) -> None:
        """Take in what is new. Raises what a run raises: then it is over."""
        leader = self._leader
        if leader is None:
            return
        zero = self._zero[leader]
        reading = self._runs[leader].read()
        self._keep(leader, reading.values)
        if reading.values.size:
            self.now = max(self.now, zero + float(reading.values[-1, 0]))
        for name, run in self._runs.items():
            if name != leader:
                for at, action in reading.applied:
                    run.do(action, max(0.0, at + zero - self._zero[name]))
                if reading.values.size:
                    self._keep(name, run.read(self.now - self._zero[name]).values)
        for at, action in reading.applied:
            self.acted = at + zero
            if isinstance(action, Pulse):
                self.pulses.append((at + zero, action))

    def trace(self, name: str, last: float = np.inf) -> Trace | None:
        """At least the ``last`` s of a run, as far as they are kept; None as long as there is nothing.

        A line of NaN says that nothing was measured there: it becomes a gap. Where no output was seen, spikes are those of
        the membrane.
        """
        past = self._past.get(name, deque[Array]())
        begin = self.now - last
        recent = list(takewhile(lambda chunk: chunk[-1, 0] >= begin, reversed(past)))
        values = np.concatenate([np.empty((0, 1 + len(SIGNALS))), *reversed(recent)])
        silent = np.isnan(values[:, 1])
        if len(values) - np.count_nonzero(silent) < 2:
            return None
        gaps = _gaps(values[:, 0], silent)
        values = values[~silent]
        time = values[:, 0]
        rising = output_pulses(time, values[:, 3])[:, 0]
        spikes = rising[np.isfinite(rising)] if rising.size else find_spikes(time, values[:, 1])
        return Trace(time, dict(zip(SIGNALS, values[:, 1:].T, strict=True)), {"out": spikes}, name, gaps=gaps)

    def pause(self, still: bool) -> None:
        """Stand still, or go on."""
        leader = self._leader
        for name, run in self._runs.items():
            if name == leader or run.leads:
                run.pause(still)

    def close(self) -> None:
        """End all runs."""
        for run in self._runs.values():
            run.close()

    def _keep(self, name: str, values: Array) -> None:
        past = self._past[name]
        if len(values):
            values = values + np.array([self._zero[name], 0.0, 0.0, 0.0])
            newest = past[-1][-1, 0] if past else -np.inf
            values = values[values[:, 0] > newest]
        if len(values):
            past.append(values)
        while past and past[0][-1, 0] < past[-1][-1, 0] - self._span:
            past.popleft()


def _gaps(time: Array, silent: NDArray[np.bool_]) -> tuple[tuple[float, float], ...]:
    """(from, to) in s of the samples on either side of each stretch of silence."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], silent, [False])).astype(np.int8))).reshape(-1, 2)
    last = len(time) - 1
    return tuple((float(time[max(0, start - 1)]), float(time[min(stop, last)])) for start, stop in edges)
