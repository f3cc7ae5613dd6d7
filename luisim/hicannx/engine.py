# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine: networks of up to 512 neurons and 131,072 synapses, run in pieces that continue one another."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luisim.errors import ParameterError, SimulationCancelled
from luisim.hicannx.constants import MADC_PERIOD
from luisim.hicannx.ideal import Adex, Lif
from luisim.hicannx.lines import SIGNALS, Events, Lines, Samples, check_neurons
from luisim.hicannx.prepared import Neurons, Noise, network_of
from luisim.hicannx.unconnected import spikes_alone
from luisim.kernels.network import STATE, Network

Array = NDArray[np.float64]

STEP = 0.1e-6  # s
CHIP_STEP = MADC_PERIOD  # s; every sample of both converters is at the end of a step
_CHUNK = 2000  # steps between looks at progress and cancellation


@dataclass(frozen=True)
class State:
    """Where a run ended, to go on from. What is on its way is part of it."""

    network: Network

    @property
    def time(self) -> float:
        """In s since the start of the first piece."""
        return self.network.step * self.network.dt


@dataclass(frozen=True)
class Run:
    """``neuron`` (k,) fired at ``time`` (k,) in s, in the order of steps (not of time); in a step in the order of neurons.

    ``membranes``: for each Samples (m, k) values, in V or in the neurons' unit. ``state``: for the next piece; None where
    the solution is a closed form. ``n``: how many neurons.
    """

    neuron: NDArray[np.int32]
    time: Array
    membranes: tuple[Array, ...]
    state: State | None
    n: int

    def trains(self) -> tuple[Array, ...]:
        """Each neuron's spike times in s."""
        order = np.argsort(self.neuron, kind="stable")
        ends = np.cumsum(np.bincount(self.neuron, minlength=self.n))
        return tuple(np.split(self.time[order], ends[:-1]))


def run(
    neurons: Neurons,
    lines: Lines,
    events: Events,
    duration: float,
    *,
    state: State | None = None,
    dt: float = STEP,
    noise: Noise | None = None,
    samples: Sequence[Samples] = (),
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    compiled: bool = True,
) -> Run:
    """``duration`` s, rounded up to whole steps of ``dt`` s, from ``state`` on or from rest. Times count from the first piece.

    With a ``state`` neurons, weights and targets may differ from those of the piece before, as plasticity asks for.

    ``noise``: on the thresholds of chip circuits, (n, knots) V (:func:`luisim.hicannx.run.jitter`) or what draws it.
    ``samples`` lie within the piece; between steps they are interpolated. ``compiled`` False: numpy, the same bits. Raises
    :class:`ParameterError` and :class:`~luisim.errors.SimulationCancelled`.
    """
    _check(neurons, lines, duration, dt)
    for wanted in samples:
        check_neurons(wanted.neurons, neurons.n)
    network = network_of(neurons, lines, dt, noise)
    places = [_places(wanted, network) for wanted in samples]
    network.watch = np.unique(np.concatenate(places)) if samples else np.empty(0, np.int64)
    if state is not None:
        _check_state(state.network, network)
        network.go_on(state.network)
    start = network.step
    stop = start + int(np.ceil(duration / dt - 1e-6))
    if network.noise is not None and len(network.noise) < stop * dt / network.knot + 2.0:
        raise ParameterError(f"noise ends before the run, at {(len(network.noise) - 2) * network.knot:g} s.")
    _enter(network, events, lines, dt, stop)
    membranes = _Membranes(samples, places, network, stop)
    found = []
    while network.step < stop:
        here = network.step
        *spikes, trace = network.advance(min(stop, here + _CHUNK), compiled)
        found.append(spikes)
        membranes.add(here, trace)
        if progress is not None:
            progress((network.step - start) / (stop - start))
        if cancelled is not None and cancelled():
            raise SimulationCancelled("The simulation was cancelled.")
    step, neuron, part = (np.concatenate([f[k] for f in found]) for k in range(3))
    time = (step + part.astype(np.float64)) * dt
    return Run(neuron, time, membranes.values, State(network), neurons.n)


def pieces(
    neurons: Neurons,
    lines: Lines,
    source: Callable[[float, float], Events],
    duration: float,
    piece: float = 1e-3,
    **options: Any,
) -> Iterator[Run]:
    """As :func:`run`, a ``piece`` (s) at a time, so that memory does not grow with ``duration``.

    ``source(start, end)`` gives the events of a piece.
    """
    dt = float(options.get("dt", STEP))
    steps, each = int(np.ceil(duration / dt - 1e-6)), max(1, round(piece / dt))
    state: State | None = options.pop("state", None)
    done = 0 if state is None else state.network.step
    last = done + steps
    while done < last:
        now = min(each, last - done)
        part = run(neurons, lines, source(done * dt, (done + now) * dt), now * dt, state=state, **options)
        yield part
        state, done = part.state, done + now


def run_many(jobs: Sequence[Mapping[str, Any]], threads: int | None = None) -> list[Run]:
    """Many runs, each given as the arguments of :func:`run` by name, on all cores (or ``threads`` of them); in their order."""
    from concurrent.futures import ThreadPoolExecutor  # late: a single run does without

    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        return list(pool.map(lambda job: run(**job), jobs))


def run_alone(neurons: Lif, duration: float, *, compiled: bool = True) -> Run:
    """Neurons without synapses in closed form: exact, for any number of them. One neuron after the other."""
    if not (np.isfinite(duration) and duration > 0.0):
        raise ParameterError(f"duration = {duration} s must be a time above 0 s.")
    neuron, time = spikes_alone(neurons, duration, compiled)
    return Run(neuron, time, (), None, neurons.n)


class _Membranes:
    """Samples picked out of what is watched at the ends of steps, on the straight line between two."""

    def __init__(self, samples: Sequence[Samples], places: Sequence[NDArray[np.int64]], network: Network, stop: int) -> None:
        dt, start = network.dt, network.step
        self._at = [s.times / dt for s in samples]
        for at in self._at:
            if at.size and not (start - 1e-6 <= at[0] and at[-1] <= stop + 1e-6):
                raise ParameterError(f"Samples must lie within the run, from {start * dt:g} to {stop * dt:g} s.")
        self._columns = [np.searchsorted(network.watch, place) for place in places]
        self.values = tuple(np.empty((s.neurons.size, s.times.size)) for s in samples)
        self._before = network.watched[None, :]

    def add(self, here: int, trace: NDArray[np.floating[Any]]) -> None:
        """``trace`` (steps, watched): from the end of the step ``here`` on."""
        rows = np.concatenate([self._before, trace])
        for at, columns, values in zip(self._at, self._columns, self.values, strict=True):
            inside = np.flatnonzero((at > here - 1e-6) & (at <= here + len(trace) + 1e-6))
            where = np.clip(at[inside] - here, 0.0, len(trace))
            low = np.minimum(where.astype(np.intp), len(trace) - 1)
            part = (where - low)[:, None]
            values[:, inside] = (rows[low][:, columns] * (1.0 - part) + rows[low + 1][:, columns] * part).T
        self._before = rows[-1:]


def _places(samples: Samples, network: Network) -> NDArray[np.int64]:
    rows = STATE[network.kind]
    if samples.signal not in rows:
        raise ParameterError(
            f"{network.kind} neurons have no {samples.signal}; there are {', '.join(s for s in SIGNALS if s in rows)}."
        )
    return rows.index(samples.signal) * network.n + samples.neurons


def _check(neurons: Neurons, lines: Lines, duration: float, dt: float) -> None:
    if not (np.isfinite(duration) and duration > 0.0):
        raise ParameterError(f"duration = {duration} s must be a time above 0 s.")
    if not (np.isfinite(dt) and dt > 0.0):
        raise ParameterError(f"dt = {dt} s must be a time above 0 s.")
    if lines.n != neurons.n:
        raise ParameterError(f"The lines lead to {lines.n} neurons, but there are {neurons.n}; make weights as wide as that.")
    if isinstance(neurons, Adex) and lines.count:
        raise ParameterError("Adex neurons take no synapses here; give them Lines.none.")


def _check_state(before: Network, now: Network) -> None:
    if (before.kind, before.n, before.dt) != (now.kind, now.n, now.dt):
        raise ParameterError("A state is of other neurons, or of another dt; go on with those that it came from.")
    if (before.resource.size, before.delay) != (now.resource.size, now.delay):
        raise ParameterError("A state is of other lines, or of another delay; only weights and targets may change.")


def _enter(network: Network, events: Events, lines: Lines, dt: float, stop: int) -> None:
    """Put ``events`` behind those that earlier pieces left, as steps, parts of a step and lines."""
    wrong = (events.lines < 0) | (events.lines >= lines.count)
    if wrong.any():
        raise ParameterError(f"An event comes on line {events.lines[wrong][0]}, but there are {lines.count}, numbered from 0.")
    start = network.step
    if events.times.size and not (start * dt - 1e-12 <= events.times[0] and events.times[-1] < stop * dt):
        raise ParameterError(
            f"Events of this run must lie from {start * dt:g} s to before {stop * dt:g} s; cut them with between."
        )
    at = (events.times + lines.latency) / dt
    # a time that was meant to be on a step is, in spite of rounding
    step = np.floor(at + 1e-6)
    part = np.where(at - step < 1e-6, 0.0, at - step)
    left = network.next_event
    network.event_step = np.concatenate([network.event_step[left:], step.astype(np.int64)])
    network.event_line = np.concatenate([network.event_line[left:], events.lines.astype(np.int32)])
    network.event_part = np.concatenate([network.event_part[left:], part.astype(np.float32)])
    network.next_event = 0
