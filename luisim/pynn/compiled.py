# SPDX-License-Identifier: GPL-3.0-or-later
"""The same door on the engine: a whole run of membranes and spikes at once, an order faster than step by step."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from luisim.hicannx import engine
from luisim.hicannx.constants import MADC_PERIOD, WEIGHT_MAX
from luisim.hicannx.electrical import NeuronCircuit
from luisim.hicannx.lines import Events, Lines, Samples
from luisim.pynn.network import Emulated, Synapses

Array = NDArray[np.float64]
Index = NDArray[np.intp]

_STEP = 0.1e-6  # s, where nobody needs each sample of the MADC on a step


def solve(
    circuit: NeuronCircuit,
    synapses: Synapses,
    needed: Index,
    n: int,
    inputs: Sequence[Array],
    duration: float,
    looked_at: Index,
    fine: bool,
    noise: Array | None,
) -> Emulated:
    """``duration`` s from rest. ``circuit``, ``noise``: the ``needed`` ones of n neurons. ``looked_at``: of these, whose
    membranes are wanted; ``signals`` has them as (index among the needed, "v").
    """
    lines, first = _lines(synapses, needed, n)
    times = [np.repeat(train, first[k + 1] - first[k]) for k, train in enumerate(inputs)]
    numbers = [np.tile(np.arange(first[k], first[k + 1]), len(train)) for k, train in enumerate(inputs)]
    time, line = (np.concatenate([np.empty(0), *parts]) for parts in (times, numbers))
    order = np.argsort(time, kind="stable")
    step = MADC_PERIOD if fine and looked_at.size else _STEP
    grid: Array = step * np.arange(int(np.ceil(duration / step - 1e-6)) + 1, dtype=np.float64)
    samples = [Samples(looked_at, grid)] if looked_at.size else []
    events = Events(time[order], line[order].astype(np.int64))
    run = engine.run(circuit, lines, events, duration, dt=step, noise=noise, samples=samples)
    seen = {(int(neuron), "v"): run.membranes[0][row] for row, neuron in enumerate(looked_at)} if samples else {}
    return Emulated(run.trains(), grid if samples else np.empty(0), seen, None)


def _lines(synapses: Synapses, needed: Index, n: int) -> tuple[Lines, Index]:
    """Lines source by source: one for each receptor and each 63 of weight. Source k has ``first[k]`` to ``first[k + 1]``."""
    place = np.full(n, -1)
    place[needed] = np.arange(needed.size)
    rows: list[Array] = []
    signs: list[int] = []
    first = [0]
    of_neuron = {int(neuron) + synapses.externals for neuron in needed}
    order = np.argsort(synapses.source, kind="stable")
    starts = np.searchsorted(synapses.source[order], np.arange(synapses.externals + n + 1))
    for source in range(synapses.externals + n):
        chosen = order[starts[source] : starts[source + 1]]
        chosen = chosen[place[synapses.neuron[chosen]] >= 0]
        if source < synapses.externals or source in of_neuron:
            for receptor, sign in ((0, 1), (1, -1)):
                of = chosen[synapses.receptor[chosen] == receptor]
                left: Array = np.bincount(place[synapses.neuron[of]], synapses.weight[of], needed.size).astype(np.float64)
                while np.any(left > 0.0):
                    rows.append(np.minimum(left, WEIGHT_MAX))
                    signs.append(sign)
                    left = left - rows[-1]
        first.append(len(rows))
    ends = np.array(first, dtype=np.intp)
    if not rows:
        return Lines.none(needed.size), ends
    own = needed + synapses.externals
    targets = np.concatenate([np.arange(ends[k], ends[k + 1]) for k in own])
    targets_from = np.concatenate([[0], np.cumsum(ends[own + 1] - ends[own])])
    weights = np.array(rows)
    return Lines(weights.astype(np.uint8), np.array(signs, dtype=np.int8), targets_from, targets), ends
