# SPDX-License-Identifier: GPL-3.0-or-later
"""Back ends that answer at once, or when a test says so."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from luisim.errors import SimulationCancelled
from luisim.experiment import Experiment
from luisim.hicannx.sampled import name_of
from luisim.lui.parameters import LuiBoard
from luisim.trace import Trace

Run = Experiment[LuiBoard]


class FakeBackend:
    """A neuron that fires the faster the higher V_leak is. ``gate``: runs wait until it is set. ``error``: raised instead."""

    def __init__(self, name: str, *, error: Exception | None = None, reason: str | None = None, held: bool = False) -> None:
        self.name = name
        self.error = error
        self.reason = reason
        self.gate = threading.Event()
        self.started = threading.Semaphore(0)
        self.runs: list[Run] = []
        self.cancelled_runs = 0
        self.closed = False
        if not held:
            self.gate.set()

    def unsupported(self, experiment: Run) -> str | None:
        return self.reason

    def by_hand(self, experiment: Run) -> tuple[str, ...]:
        return ("all trimmers in the middle",) if self.name.startswith("recording") else ()

    def run(
        self,
        experiment: Run,
        *,
        seed: int = 0,
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Trace:
        self.wait(experiment, cancelled)
        interval = 0.9 - 0.6 * experiment.device.parameters.v_leak
        time = np.linspace(0.0, experiment.duration, 4001)
        spikes = np.arange(interval, experiment.duration, interval)
        return Trace(time, {"v_mem": (time % interval) / interval * 1.25}, {"out": spikes}, self.name)

    def wait(self, experiment: Any, cancelled: Callable[[], bool] | None) -> None:
        """Until the gate is open, or the run is cancelled."""
        self.runs.append(experiment)
        self.started.release()
        while not self.gate.wait(0.005):
            if cancelled is not None and cancelled():
                self.cancelled_runs += 1
                raise SimulationCancelled("The simulation was cancelled.")
        if self.error is not None:
            raise self.error

    def close(self) -> None:
        self.closed = True
        self.gate.set()


class FakeChip(FakeBackend):
    """Neurons that fire the faster the higher their leak is, each a little slower than the one before; 200 to 400 LSB."""

    def run(self, experiment: Any, *, cancelled: Callable[[], bool] | None = None, **options: Any) -> Trace:
        self.wait(experiment, cancelled)
        time = np.linspace(0.0, experiment.duration, 2001)
        signals, spikes = {}, {}
        for index, neuron in enumerate(experiment.device.neurons):
            interval = (20.0 - 0.012 * neuron.leak_v_leak + index) * 1e-6
            signals[name_of("v_madc", index)] = 200.0 + (time % interval) / interval * 200.0
            spikes[name_of("out", index)] = np.arange(interval, experiment.duration, interval)
        return Trace(time, signals, spikes, self.name)


@pytest.fixture
def fake_backend() -> Iterator[Callable[..., FakeBackend]]:
    """Makes fake back ends; lets go of what still waits at the end."""
    made: list[FakeBackend] = []

    def make(name: str, kind: type[FakeBackend] = FakeBackend, **settings: Any) -> FakeBackend:
        made.append(kind(name, **settings))
        return made[-1]

    yield make
    for backend in made:
        backend.close()


@pytest.fixture
def fake_chip() -> type[FakeChip]:
    """Fake back ends of a chip."""
    return FakeChip


@pytest.fixture
def experiment() -> Run:
    return Experiment(LuiBoard(), 2.0, name="leak-over-threshold")
