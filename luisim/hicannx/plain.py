# SPDX-License-Identifier: GPL-3.0-or-later
"""Chip circuits in a network, stepped by the single-neuron model itself: right, not fast. Events count at the nearest step."""

from collections import defaultdict
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from luisim.hicannx.electrical import NeuronCircuit
from luisim.hicannx.lines import Lines
from luisim.hicannx.neuron import resting, step
from luisim.hicannx.run import JITTER_PERIOD

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


class PlainNetwork:
    """The same calls as :class:`luisim.kernels.network.Network`. ``noise``: (n, knots) V on the thresholds, or None."""

    def __init__(self, circuit: NeuronCircuit, lines: Lines, dt: float, watch: Indices, noise: Array | None) -> None:
        self.n, self.step, self.watch = circuit.n, 0, watch
        self.event_step, self.event_line = np.empty(0, np.int64), np.empty(0, np.int32)
        self.event_part = np.empty(0, np.float32)
        self.next_event = 0
        self._circuit, self._lines, self._dt, self._noise = circuit, lines, dt, noise
        self._state = resting(circuit)
        self._coming: dict[int, list[int]] = defaultdict(list)

    @property
    def membranes(self) -> Array:
        """(n,) V, now."""
        return self._state.v

    def change(self, circuit: NeuronCircuit, lines: Lines, noise: Array | None) -> None:
        """Go on with other settings, weights and noise; the lines keep their numbers, since events on their way name them."""
        self._circuit, self._lines, self._noise = circuit, lines, noise

    def advance(self, stop: int, compiled: bool) -> tuple[Indices, NDArray[np.int32], Array, Array]:
        """To the step ``stop``: spikes as (step, neuron, part of the step); (steps, watched) membranes at the ends of steps."""
        for n in range(self.next_event, self.event_step.size):
            self._coming[int(self.event_step[n]) + int(self.event_part[n] >= 0.5)].append(int(self.event_line[n]))
        self.next_event = self.event_step.size
        start, fired, times = self.step, [np.empty(0, np.intp)], [np.empty(0)]
        trace = np.empty((stop - start, self.watch.size))
        for self.step in range(start, stop):
            self._arrivals(self._coming.pop(self.step, []))
            self._state, spikes = step(self._circuit, self._state, self._dt, self._shift())
            order = np.argsort(spikes.neuron, kind="stable")
            fired.append(spikes.neuron[order])
            times.append(spikes.time[order])
            self._send(spikes.neuron[order], spikes.time[order])
            trace[self.step - start] = self._state.v[self.watch]
        self.step = stop
        steps = np.concatenate(times) / self._dt
        whole = steps.astype(np.int64)
        return whole, np.concatenate(fired).astype(np.int32), steps - whole, trace

    def _arrivals(self, arriving: list[int]) -> None:
        if not arriving:
            return
        signs, weights = self._lines.sign[arriving], self._lines.weights[arriving].astype(np.float64)
        exc, inh = weights[signs > 0].sum(0), weights[signs < 0].sum(0)
        self._state = replace(
            self._state,
            exc=self._state.exc + exc * self._circuit.excitatory.step,
            inh=self._state.inh + inh * self._circuit.inhibitory.step,
        )

    def _send(self, neurons: NDArray[np.intp], times: Array) -> None:
        lines = self._lines
        assert lines.targets_from is not None
        for j, time in zip(neurons, times, strict=True):
            arrival = max(round((time + lines.delay + lines.latency) / self._dt), self.step + 1)
            self._coming[arrival] += lines.targets[lines.targets_from[j] : lines.targets_from[j + 1]].tolist()

    def _shift(self) -> Array | float:
        if self._noise is None:
            return 0.0
        knot, part = divmod((self.step + 0.5) * self._dt / JITTER_PERIOD, 1.0)
        shift: Array = self._noise[:, int(knot)] * (1.0 - part) + self._noise[:, int(knot) + 1] * part
        return shift
