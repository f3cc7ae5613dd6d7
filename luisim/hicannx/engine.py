# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine: networks of up to 512 neurons and 131,072 synapses, run in pieces that continue one another."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luisim.errors import ParameterError, SimulationCancelled
from luisim.hicannx.electrical import NeuronCircuit
from luisim.hicannx.ideal import Adex, Lif
from luisim.hicannx.lines import Events, Lines, Samples, check_neurons
from luisim.hicannx.neuron import resting, step

Array = NDArray[np.float64]

STEP = 0.1e-6  # s


@dataclass(frozen=True)
class Run:
    """Spikes: which ``neuron`` (k,) fired at which ``time`` (k,) in s, in the order of steps. ``membranes``: (m, k) V for each
    Samples. ``state``: for the next piece.
    """

    neuron: NDArray[np.int64]
    time: Array
    membranes: tuple[Array, ...]
    state: Any
    n: int

    def trains(self) -> tuple[Array, ...]:
        """Each neuron's spike times in s."""
        order = np.argsort(self.neuron, kind="stable")
        ends = np.cumsum(np.bincount(self.neuron, minlength=self.n))
        return tuple(np.split(self.time[order], ends[:-1]))


def run(
    neurons: NeuronCircuit | Lif | Adex,
    lines: Lines,
    events: Events,
    duration: float,
    *,
    state: Any = None,
    dt: float = STEP,
    noise: Any = None,
    samples: Sequence[Samples] = (),
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    compiled: bool = True,
) -> Run:
    """Plain for now: the single-neuron step with events at the nearest step."""
    if not (np.isfinite(duration) and duration > 0.0):
        raise ParameterError(f"duration = {duration} s must be above 0 s.")
    for s in samples:
        check_neurons(s.neurons, neurons.n)
    assert isinstance(neurons, NeuronCircuit)
    now = state or (0, resting(neurons), {})
    first, s, pending = now[0], now[1], dict(now[2])
    steps = int(np.ceil(duration / dt - 1e-6))
    for t, line in zip(events.times, events.lines, strict=True):
        pending.setdefault(round((t + lines.latency) / dt), []).append(int(line))
    got = [np.zeros((x.neurons.size, x.times.size)) for x in samples]
    at = [np.rint(x.times / dt).astype(int) for x in samples]
    who, when = [], []
    start = lines.targets_from
    assert start is not None
    for k in range(first, first + steps + 1):
        for line in pending.pop(k, ()):
            w = lines.weights[line].astype(float)
            if lines.sign[line] > 0:
                s = _with(s, "exc", s.exc + w * neurons.excitatory.step)
            else:
                s = _with(s, "inh", s.inh + w * neurons.inhibitory.step)
        for n, x in enumerate(samples):
            got[n][:, at[n] == k] = s.v[x.neurons][:, None]
        if k == first + steps:
            break
        if k % 1000 == 0:
            if cancelled is not None and cancelled():
                raise SimulationCancelled("The simulation was cancelled.")
            if progress is not None:
                progress((k - first) / steps)
        s, spikes = step(neurons, s, dt)
        who.append(spikes.neuron)
        when.append(spikes.time)
        for j, t in zip(spikes.neuron, spikes.time, strict=True):
            arrival = max(round((t + lines.latency + lines.delay) / dt), k + 1)
            pending.setdefault(arrival, []).extend(lines.targets[start[j] : start[j + 1]].tolist())
    done = (first + steps, s, pending)
    return Run(np.concatenate(who).astype(np.int64), np.concatenate(when), tuple(got), done, neurons.n)


def _with(s: Any, name: str, value: Array) -> Any:
    from dataclasses import replace

    return replace(s, **{name: value})
