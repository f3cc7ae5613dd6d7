# SPDX-License-Identifier: GPL-3.0-or-later
"""Running neurons of the model through an experiment: events at their times, samples at the MADC's, spikes collected."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from luisim.errors import SimulationCancelled
from luisim.hicannx.compartments import Cells, events, resting, step
from luisim.hicannx.constants import SYNAPSE_DELAY
from luisim.hicannx.neuron import State
from luisim.hicannx.profiles import Profile

Array = NDArray[np.float64]

JITTER_PERIOD = 1e-6  # s; the threshold's noise runs straight from knot to knot

Event = tuple[float, Array | float, Array | float]  # time in s, excitatory and inhibitory weight: of all neurons, or (n,)


@dataclass(frozen=True)
class Recording:
    """``v``, ``w``: (n, k) membrane and adaptation in V at the k sample times. ``spikes``: each neuron's spike times in s."""

    v: Array
    w: Array
    spikes: tuple[Array, ...]


def jitter(profile: Profile, n: int, duration: float, draw: np.random.Generator) -> Array:
    """Noise of the thresholds in V: (n, knots), JITTER_PERIOD apart, the same for model and circuit."""
    knots = int(duration / JITTER_PERIOD) + 3
    return profile.jitter_lsb * profile.madc_lsb * draw.standard_normal((n, knots))


def run(
    circuit: Cells,
    times: Array,
    inputs: Sequence[Event] = (),
    *,
    state: State | None = None,
    noise: Array | None = None,
    max_step: float = np.inf,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Recording:
    """From ``state`` (default: :func:`resting`) through all ``times`` (k,) in s, the first of which is the start.

    ``inputs``: what arrives at the neurons. ``noise``: the thresholds' (see :func:`jitter`). Raises
    :class:`~luisim.errors.SimulationCancelled`.
    """
    state = resting(circuit, float(times[0])) if state is None else state
    arrivals = sorted(((t + SYNAPSE_DELAY, e, i) for t, e, i in inputs), key=itemgetter(0))
    v, w = np.empty((circuit.n, times.size)), np.empty((circuit.n, times.size))
    v[:, 0], w[:, 0] = state.v[: circuit.n], state.w[: circuit.n]
    fired: list[list[float]] = [[] for _ in range(circuit.n)]
    arrived = 0
    now = float(times[0])
    for k in range(1, times.size):
        target = float(times[k])
        while now < target:
            stop = min(target, now + max_step)
            hit = arrived < len(arrivals) and arrivals[arrived][0] <= stop
            if hit:
                stop = max(arrivals[arrived][0], now)
            if stop > now:
                shift = 0.0 if noise is None else jitter_at(noise, 0.5 * (now + stop))
                state, spikes = step(circuit, state, stop - now, shift)
                for neuron, time in zip(spikes.neuron, spikes.time, strict=True):
                    fired[neuron].append(float(time))
                now = stop
            if hit:
                state = events(circuit, state, arrivals[arrived][1], arrivals[arrived][2])
                arrived += 1
        v[:, k], w[:, k] = state.v[: circuit.n], state.w[: circuit.n]
        if k % 256 == 0:
            if cancelled is not None and cancelled():
                raise SimulationCancelled("The simulation was cancelled.")
            if progress is not None:
                progress(k / times.size)
    return Recording(v, w, tuple(np.array(times_of) for times_of in fired))


def jitter_at(noise: Array, time: float) -> Array:
    """(n,) V of such noise at ``time`` s."""
    knot, part = divmod(time / JITTER_PERIOD, 1.0)
    k = int(knot)
    shift: Array = noise[:, k] * (1.0 - part) + noise[:, k + 1] * part
    return shift
