# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of networks in numpy, and the door to ``network.c``, which does the same operations and gives the same bits.

:class:`Network` is what both work on: arrays of 32 bit floats, times in steps. A step delivers what arrives at its start,
moves all neurons as if nothing happened inside it, and then repeats those few that are released or fire inside it.
"""

import ctypes
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luisim.kernels import adex, chip, lif, load
from luisim.kernels.adex import ADEX_PARAMETERS, ADEX_STATE
from luisim.kernels.chip import CHIP_PARAMETERS, CHIP_STATE
from luisim.kernels.lif import LIF_PARAMETERS, LIF_STATE
from luisim.kernels.noise import normal
from luisim.kernels.series import F, Floats, squared_exp

Ints = NDArray[np.int64]

PLAIN = False  # True: the compiled form without a processor's own instructions, as any processor runs it; the same bits
PARTS = 64  # of a step, in which the place of an event counts

PARAMETERS = {"lif": LIF_PARAMETERS, "lif_ota": LIF_PARAMETERS, "adex": ADEX_PARAMETERS, "chip": CHIP_PARAMETERS}
STATE = {"lif": LIF_STATE, "lif_ota": LIF_STATE, "adex": ADEX_STATE, "chip": CHIP_STATE}

_SCALARS = (
    "n",
    "step",
    "stop",
    "events",
    "next_event",
    "slots",
    "capacity",
    "spikes",
    "most_spikes",
    "watched",
    "start",
    "uses",
    "plain",
    "seed",
)
_ARRAYS = (
    "weights",
    "sign",
    "targets_from",
    "targets",
    "event_step",
    "event_line",
    "event_part",
    "ring_line",
    "ring_part",
    "ring_count",
    "utilization",
    "recovery",
    "resource",
    "last",
    "sum16",
    "late16",
    "sum",
    "late",
    "now",
    "next",
    "used",
    "spike_step",
    "spike_neuron",
    "spike_part",
    "watch",
    "trace",
    "parameters",
    "state",
    "flag",
    "clock",
    "noise",
    "jitter",
    "zeros",
    "knots",
)


@dataclass
class Network:
    """All that a run of the kernel reads and writes; the one mutable thing of the engine. Names as in ``network.c``.

    Chip circuits only: ``uses``, ``dt``, ``clock``, and the noise of the thresholds, which runs straight from knot to knot,
    ``knot`` s apart: ``noise`` (knots, n) as given, or ``jitter`` (n,) times what ``seed`` draws (:mod:`luisim.kernels.noise`).
    ``watch``: what to keep of each step, as places in ``state``, row after row (:data:`STATE`).
    ``ring``: what is on its way, a slot for each step. ``sum``: weights that count at this step, in 64ths; ``late``: how much
    of them counts at the next one instead; ``now``, ``next``: the same of events that short-term plasticity weakens.
    """

    kind: str
    parameters: Floats
    state: Floats
    delay: float
    weights: NDArray[np.uint8]
    sign: NDArray[np.int8]
    targets_from: Ints
    targets: Ints
    utilization: Floats | None
    recovery: Floats | None
    uses: int = 0
    dt: float = 0.0
    knot: float = 1.0
    clock: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    noise: Floats | None = None
    jitter: Floats | None = None
    seed: int = 0
    watch: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    step: int = 0
    stop: int = 0
    event_step: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    event_line: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    event_part: Floats = field(default_factory=lambda: np.empty(0, F))
    next_event: int = 0

    def __post_init__(self) -> None:
        n, lines = self.n, len(self.sign)
        self.slots = int(self.delay) + 3
        # a neuron fires once a step at most, and two steps' spikes can meet in a slot
        self.capacity = 2 * self.targets.size + 1
        self.ring_line = np.zeros((self.slots, self.capacity), np.int32)
        self.ring_part = np.zeros((self.slots, self.capacity), F)
        self.ring_count = np.zeros(self.slots, np.int64)
        self.resource, self.last = np.ones(lines, F), np.zeros(lines)
        self.sum16, self.late16 = np.zeros((2, n), np.uint16), np.zeros((2, n), np.uint16)
        self.sum, self.late = np.zeros((2, n), np.int32), np.zeros((2, n), np.int32)
        self.now, self.next = np.zeros((2, n), F), np.zeros((2, n), F)
        self.used, self.flag = np.zeros((6, 2), np.int64), np.zeros(n, np.int32)
        self.zeros, self.knots = np.zeros(n, F), np.zeros((2, n), F)

    def go_on(self, before: "Network") -> None:
        """Start where ``before`` ended, with these parameters, weights and targets. Lines and delay are the same."""
        for name in ("step", "next_event", "event_step", "event_line", "event_part"):
            setattr(self, name, getattr(before, name))
        for name in ("state", "ring_count", "resource", "last", "sum", "late", "now", "next", "used"):
            setattr(self, name, getattr(before, name).copy())
        self.capacity = max(self.capacity, before.capacity)
        spare = ((0, 0), (0, self.capacity - before.capacity))
        self.ring_line, self.ring_part = np.pad(before.ring_line, spare), np.pad(before.ring_part, spare)

    @property
    def n(self) -> int:
        """How many neurons."""
        return int(self.state.shape[1])

    @property
    def watched(self) -> Floats:
        """What ``watch`` looks at, now."""
        values: Floats = self.state.ravel()[self.watch]
        return values

    def advance(self, stop: int, compiled: bool) -> tuple[Ints, NDArray[np.int32], Floats, Floats]:
        """To the step ``stop``: spikes as (step, neuron, part of the step); (steps, watched) values at the ends of steps."""
        lib = library() if compiled else None
        self.stop = stop
        trace = np.empty((stop - self.step, self.watch.size), F)
        if lib is None:
            return (*_advance(self, trace), trace)
        most = self.n + min(self.n * (stop - self.step), 1 << 18)
        buffers = np.empty(most, np.int64), np.empty(most, np.int32), np.empty(most, F)
        found, start = [], self.step
        while self.step < stop:
            count = _call(lib, self, start, buffers, trace)
            found.append([b[:count].copy() for b in buffers])
        step, neuron, part = (np.concatenate([f[k] for f in found]) for k in range(3))
        return step, neuron, part, trace


# ---------------------------------------------------------------------------------------------------------------- compiled


class _Struct(ctypes.Structure):
    _fields_ = (
        [(name, ctypes.c_int64) for name in _SCALARS]
        + [(name, ctypes.c_double) for name in ("delay", "dt", "knot")]
        + [(name, ctypes.c_void_p) for name in _ARRAYS]
    )


@cache
def library() -> ctypes.CDLL | None:
    """The compiled kernel, or None where it has to be done without."""
    lib = load("network")
    if lib is None:
        return None
    lib.network_size.restype = ctypes.c_int64
    lib.network_alone.argtypes = [ctypes.c_int64, *[ctypes.c_void_p] * 6]
    lib.network_alone.restype = None
    return lib if lib.network_size() == ctypes.sizeof(_Struct) else None


def _call(lib: ctypes.CDLL, net: Network, start: int, buffers: tuple[Any, Any, Any], trace: Floats) -> int:
    struct = _Struct(plain=PLAIN, events=net.event_step.size, most_spikes=buffers[0].size, watched=net.watch.size, start=start)
    for name in ("n", "step", "stop", "next_event", "slots", "capacity", "uses", "seed", "delay", "dt", "knot"):
        setattr(struct, name, getattr(net, name))
    arrays = {"spike_step": buffers[0], "spike_neuron": buffers[1], "spike_part": buffers[2], "trace": trace}
    for name in _ARRAYS:
        array = arrays[name] if name in arrays else getattr(net, name)
        setattr(struct, name, None if array is None else array.ctypes.data)
    getattr(lib, f"network_{net.kind}")(ctypes.byref(struct))
    net.step, net.next_event = struct.step, struct.next_event
    return int(struct.spikes)


# ------------------------------------------------------------------------------------------------------------------- numpy


def _advance(net: Network, trace: Floats) -> tuple[Ints, NDArray[np.int32], Floats]:
    steps, neurons, parts = [np.empty(0, np.int64)], [np.empty(0, np.int32)], [np.empty(0, F)]
    start = net.step
    # the kernel's overflows in a division are the same infinities
    with np.errstate(all="ignore"):
        for step in range(start, net.stop):
            net.step = step
            if net.kind != "adex":
                _arrivals(net)
            fired, part = _step(net)
            if fired.size:
                _send(net, fired, part)
                steps.append(np.full(fired.size, step, np.int64))
                neurons.append(fired.astype(np.int32))
                parts.append(part)
            trace[step - start] = net.watched
    net.step = net.stop
    return np.concatenate(steps), np.concatenate(neurons), np.concatenate(parts)


def _step(net: Network) -> tuple[Ints, Floats]:
    p = dict(zip(PARAMETERS[net.kind], net.parameters, strict=True))
    if net.kind == "adex":
        return adex.step(p, net.state)
    if net.kind != "chip":
        return lif.step(p, net.state, net.kind == "lif_ota")
    shift: Any = F(0.0)
    if net.noise is not None or net.jitter is not None:
        knots = (net.step + 0.5) * net.dt / net.knot
        early, late = (_knot(net, int(knots) + k) for k in (0, 1))
        shift = early + (late - early) * F(knots - int(knots))
    return chip.step(p, net.uses, net.state, p["v_th"] + shift, net.step, net.clock, net.dt)


def _knot(net: Network, knot: int) -> Floats:
    if net.noise is not None:
        given: Floats = net.noise[knot]
        return given
    assert net.jitter is not None
    return normal(net.seed, knot, net.n) * net.jitter


def _arrivals(net: Network) -> None:
    """What arrives at the start of the step moves the lines; an event between two steps counts in parts at both."""
    slot = net.step % net.slots
    for m in range(net.ring_count[slot]):
        _deliver(net, int(net.ring_line[slot, m]), net.ring_part[slot, m])
    net.ring_count[slot] = 0
    while net.next_event < net.event_step.size and net.event_step[net.next_event] == net.step:
        _deliver(net, int(net.event_line[net.next_event]), net.event_part[net.next_event])
        net.next_event += 1
    for s in (0, 1):
        whole = net.sum[s] - net.late[s]
        scale = net.parameters[PARAMETERS[net.kind].index("se") + s]
        if net.used[4:, s].any():
            net.state[1 + s] += net.now[s] * scale
        if net.used[:4, s].any():
            net.state[1 + s] += whole.astype(F) * F(1.0 / PARTS) * scale
        net.sum[s], net.late[s] = net.late[s], 0
        net.now[s], net.next[s] = net.next[s], 0.0
        _, late16, _, late, _, later = net.used[:, s]
        net.used[:, s] = 0, 0, late16 or late, 0, later, 0


def _deliver(net: Network, line: int, part: np.float32) -> None:
    sign = int(net.sign[line] < 0)
    amount = F(1.0)
    if net.utilization is not None and net.recovery is not None:
        at = np.float64(net.step) + np.float64(part)
        x = F(at - net.last[line]) / net.recovery[line]
        e = F(squared_exp(x))
        amount = F(1.0) - (F(1.0) - net.resource[line]) * e
        net.resource[line] = amount - net.utilization[line] * amount
        net.last[line] = at
    if amount != 1.0:
        x = net.weights[line].astype(F)
        net.now[sign] += x * ((F(1.0) - part) * amount)
        net.next[sign] += x * (part * amount)
        net.used[4:, sign] = 1
        return
    q = int(part * F(PARTS) + F(0.5))
    net.sum[sign] += net.weights[line].astype(np.int32) * PARTS
    net.used[0, sign] = 1
    if q:
        net.late[sign] += net.weights[line].astype(np.int32) * q
        net.used[1, sign] = 1


def _send(net: Network, fired: Ints, parts: Floats) -> None:
    at = parts + F(net.delay)
    whole = at.astype(np.int64)
    for j, w, rest in zip(fired, whole, at - whole.astype(F), strict=True):
        lines = net.targets[net.targets_from[j] : net.targets_from[j + 1]]
        slot = (net.step + w) % net.slots
        place = net.ring_count[slot]
        net.ring_line[slot, place : place + lines.size] = lines
        net.ring_part[slot, place : place + lines.size] = rest
        net.ring_count[slot] += lines.size
