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

from luisim.experiment import Experiment
from luisim.measure import output_pulses
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
    """Several live runs under their names, with their last ``span`` s. It has no thread: somebody calls :meth:`read` often."""

    def __init__(self, runs: Mapping[str, LiveRun[DeviceT]], span: float) -> None:
        self._runs = dict(runs)
        self._leader = next((name for name, run in runs.items() if run.leads), next(iter(runs)))
        self._span = span
        self._past: dict[str, deque[Array]] = {name: deque() for name in runs}
        self.now = 0.0
        self.acted = -1.0  # when the last action took effect, s
        self.pulses: deque[tuple[float, Pulse]] = deque(maxlen=100)  # when and which

    def do(self, action: "DeviceT | Pulse") -> None:
        """Let every device do this. Raises :class:`UnsupportedExperiment`."""
        self._runs[self._leader].do(action)

    def read(self) -> None:
        """Take in what is new. Raises what a run raises: then it is over."""
        reading = self._runs[self._leader].read()
        self._keep(self._leader, reading.values)
        if reading.values.size:
            self.now = float(reading.values[-1, 0])
        for name, run in self._runs.items():
            if name != self._leader:
                for at, action in reading.applied:
                    run.do(action, at)
                if reading.values.size:
                    self._keep(name, run.read(self.now).values)
        for at, action in reading.applied:
            self.acted = at
            if isinstance(action, Pulse):
                self.pulses.append((at, action))

    def trace(self, name: str, last: float = np.inf) -> Trace | None:
        """At least the ``last`` s of a run, as far as they are kept; None as long as there is nothing."""
        past = self._past[name]
        begin = self.now - last
        recent = list(takewhile(lambda chunk: chunk[-1, 0] >= begin, reversed(past)))
        values = np.concatenate([np.empty((0, 1 + len(SIGNALS))), *reversed(recent)])
        if len(values) < 2:
            return None
        time = values[:, 0]
        rising = output_pulses(time, values[:, 3])[:, 0]
        return Trace(time, dict(zip(SIGNALS, values[:, 1:].T, strict=True)), {"out": rising[np.isfinite(rising)]}, name)

    def pause(self, still: bool) -> None:
        """Stand still, or go on."""
        self._runs[self._leader].pause(still)

    def close(self) -> None:
        """End all runs."""
        for run in self._runs.values():
            run.close()

    def _keep(self, name: str, values: Array) -> None:
        past = self._past[name]
        if len(values):
            past.append(values)
        while past and past[0][-1, 0] < past[-1][-1, 0] - self._span:
            past.popleft()
