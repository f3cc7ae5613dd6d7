# SPDX-License-Identifier: GPL-3.0-or-later
"""Bypass: neurons that turn every event of a matching synapse into a spike, without a membrane; nothing is stepped."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from luisim.errors import SimulationError
from luisim.hicannx.constants import SYNAPSE_LATENCY, TIME_GRID

Indices = NDArray[np.int64]

DELAY = round(SYNAPSE_LATENCY / TIME_GRID)  # ticks from an event to its spike
MOST = 20_000_000  # spikes; a loop of neurons that feed each other would go on for ever


def bypass_spikes(
    ticks: Indices, who: Indices, reach: Sequence[Indices], feeds: Indices, stop: float
) -> tuple[tuple[NDArray[np.float64], ...], tuple[Indices, Indices]]:
    """Each neuron's spike times in s before ``stop``, and the events whose spikes come later: ``ticks`` and ``who``.

    ``ticks`` (k,): of events of the sources ``who`` (k,).

    ``reach``: for each source the neurons that it has a weight above 0 on. ``feeds`` (n,): the source that a neuron is, or -1.
    """
    count = np.array([targets.size for targets in reach], dtype=np.int64)
    first = np.cumsum(count) - count
    flat = np.concatenate([np.empty(0, dtype=np.int64), *reach])
    times, neurons, total = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)], 0
    left: tuple[list[Indices], list[Indices]] = ([], [])
    while ticks.size:
        later = (ticks + DELAY) * TIME_GRID >= stop
        left[0].append(ticks[later])
        left[1].append(who[later])
        ticks, who = ticks[~later], who[~later]
        each = count[who]
        total += int(each.sum())
        if total > MOST:
            raise SimulationError(f"More than {MOST} spikes: neurons in bypass mode feed each other without end; cut the loop.")
        offset = np.arange(int(each.sum())) - np.repeat(np.cumsum(each) - each, each)
        ticks, hit = np.repeat(ticks + DELAY, each), flat[np.repeat(first[who], each) + offset]
        times.append(ticks)
        neurons.append(hit)
        goes_on = feeds[hit] >= 0
        ticks, who = ticks[goes_on], feeds[hit[goes_on]]
    spikes, neuron = np.concatenate(times), np.concatenate(neurons)
    order = np.lexsort((spikes, neuron))
    ends = np.cumsum(np.bincount(neuron, minlength=feeds.size))
    none = np.empty(0, dtype=np.int64)
    waiting = np.concatenate([none, *left[0]]), np.concatenate([none, *left[1]])
    return tuple(np.split(spikes[order] * TIME_GRID, ends[:-1])), waiting
