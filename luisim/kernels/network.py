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

from luisim.kernels import load

F = np.float32
Floats = NDArray[np.float32]
Ints = NDArray[np.int64]

FULL = 1040  # weights of 63 are the most that 16 bit hold
# fmt: off
LIF_PARAMETERS = (
    "pm", "ek", "ke", "ki", "pe", "pi", "e", "th", "vr", "t_ref", "hm", "he", "hi", "ae", "ai", "u", "iu", "c3",
    "se", "si", "hu",
)
ADEX_PARAMETERS = ("gl", "el", "vt", "delta", "i", "kc", "a", "kw", "ew", "up", "hdc", "hgc", "vr", "ur", "b", "t_ref")
# fmt: on
LIF_STATE = ("v", "ie", "ii", "rem", "old")
ADEX_STATE = ("v", "u", "w", "rem", "old_u", "old_v", "old_w")

_SCALARS = ("n", "step", "stop", "events", "next_event", "slots", "capacity", "spikes", "most_spikes", "watched", "start")
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
    "sum32",
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
)


@dataclass
class Network:
    """All that a run of the kernel reads and writes; the one mutable thing of the engine. Names as in ``network.c``.

    ``ring``: what is on its way, a slot for each step; ``now``, ``next``: parts of events that count at this and the next step.
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
    watch: Ints
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
        self.sum16, self.sum32 = np.zeros((2, n), np.uint16), np.zeros((2, n), np.int32)
        self.now, self.next = np.zeros((2, n), F), np.zeros((2, n), F)
        self.used, self.flag = np.zeros(6, np.int64), np.zeros(n, np.int32)

    @property
    def n(self) -> int:
        """How many neurons."""
        return int(self.state.shape[1])

    @property
    def membranes(self) -> Floats:
        """(n,) membrane potentials, now."""
        membranes: Floats = self.state[0]
        return membranes

    def advance(self, stop: int, compiled: bool) -> tuple[Ints, NDArray[np.int32], Floats, Floats]:
        """To the step ``stop``: spikes as (step, neuron, part of the step); (steps, watched) membranes at the ends of steps."""
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
        + [("delay", ctypes.c_double)]
        + [(name, ctypes.c_void_p) for name in _ARRAYS]
    )


@cache
def library() -> ctypes.CDLL | None:
    """The compiled kernel, or None where it has to be done without."""
    lib = load("network")
    if lib is None:
        return None
    lib.network_size.restype = ctypes.c_int64
    return lib if lib.network_size() == ctypes.sizeof(_Struct) else None


def _call(lib: ctypes.CDLL, net: Network, start: int, buffers: tuple[Any, Any, Any], trace: Floats) -> int:
    struct = _Struct(
        delay=net.delay, events=net.event_step.size, most_spikes=buffers[0].size, watched=net.watch.size, start=start
    )
    for name in ("n", "step", "stop", "next_event", "slots", "capacity"):
        setattr(struct, name, getattr(net, name))
    arrays = {"spike_step": buffers[0], "spike_neuron": buffers[1], "spike_part": buffers[2], "trace": trace}
    for name in _ARRAYS:
        array = arrays[name] if name in arrays else getattr(net, name)
        setattr(struct, name, None if array is None else array.ctypes.data)
    getattr(lib, f"network_{net.kind}")(ctypes.byref(struct))
    net.step, net.next_event = struct.step, struct.next_event
    return int(struct.spikes)


# ------------------------------------------------------------------------------------------------------------------- numpy


def ratio_tanh(x: Any) -> Any:
    """Tanh as x P(x^2) / Q(x^2), fitted to have the least greatest error up to 8, which is 3e-6."""
    a = np.clip(x, F(-8.0), F(8.0))
    s = a * a
    p = F(1.0) + s * (F(0.12194006) + s * (F(2.1797114e-3) + s * F(3.4790923e-6)))
    q = F(1.0) + s * (F(0.45525755) + s * (F(2.0619209e-2) + s * F(1.318403e-4)))
    return a * p / q


def phi(x: Any) -> Any:
    """(exp(x) - 1) / x for |x| <= 0.5."""
    y = F(4.1666667e-2) + x * (F(8.3333333e-3) + x * F(1.3888889e-3))
    return F(1.0) + x * (F(0.5) + x * (F(1.6666667e-1) + x * y))


def _advance(net: Network, trace: Floats) -> tuple[Ints, NDArray[np.int32], Floats]:
    steps, neurons, parts = [np.empty(0, np.int64)], [np.empty(0, np.int32)], [np.empty(0, F)]
    start = net.step
    # the kernel's overflows in a division are the same infinities
    with np.errstate(all="ignore"):
        for step in range(start, net.stop):
            net.step = step
            if net.kind != "adex":
                _arrivals(net)
            fired, part = _adex(net) if net.kind == "adex" else _lif(net, net.kind == "lif_ota")
            if fired.size:
                _send(net, fired, part)
                steps.append(np.full(fired.size, step, np.int64))
                neurons.append(fired.astype(np.int32))
                parts.append(part)
            trace[step - start] = net.state[0, net.watch]
    net.step = net.stop
    return np.concatenate(steps), np.concatenate(neurons), np.concatenate(parts)


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
        if net.used[s] or net.used[2 + s]:
            scale = net.parameters[LIF_PARAMETERS.index("se") + s]
            net.state[1 + s] += (net.sum32[s].astype(F) + net.now[s]) * scale
            net.sum32[s] = 0
        if net.used[2 + s] or net.used[4 + s]:
            net.now[s] = net.next[s]
            net.next[s] = 0.0
        net.used[s] = 0
        net.used[2 + s] = net.used[4 + s]
        net.used[4 + s] = 0


def _deliver(net: Network, line: int, part: np.float32) -> None:
    sign = int(net.sign[line] < 0)
    amount = F(1.0)
    if net.utilization is not None and net.recovery is not None:
        at = np.float64(net.step) + np.float64(part)
        x = F(at - net.last[line]) / net.recovery[line]
        # 1 / exp(x): the square of a square ... of a short series
        y = x * F(0.03125) if x < 16.0 else F(0.5)
        e = F(1.0) - y * phi(-y)
        for _ in range(5):
            e = e * e
        amount = F(1.0) - (F(1.0) - net.resource[line]) * e
        net.resource[line] = amount - net.utilization[line] * amount
        net.last[line] = at
    if part == 0.0 and amount == 1.0:
        net.sum32[sign] += net.weights[line]
        net.used[sign] = 1
        return
    x = net.weights[line].astype(F)
    net.now[sign] += x * ((F(1.0) - part) * amount)
    net.next[sign] += x * (part * amount)
    net.used[2 + sign] = net.used[4 + sign] = 1


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


def _lif(net: Network, saturates: bool) -> tuple[Ints, Floats]:
    """One step of all; which neurons fire in it, and at which part of it."""
    p = dict(zip(LIF_PARAMETERS, net.parameters, strict=True))
    v, ie, ii, rem, old = net.state
    one = F(1.0)
    if saturates:
        t = ratio_tanh((p["e"] - v) * p["iu"])
        z = p["hm"] * (t * t - one)
        f = p["hu"] * t + (p["ae"] * ie - p["ai"] * ii)
        series = F(0.5) + z * (F(1.6666667e-1) + z * F(4.1666667e-2))
        v1 = v + f * (one + z * (series + t * (f * p["c3"])))
    else:
        v1 = p["pm"] * v + (p["ek"] + p["ke"] * ie - p["ki"] * ii)
    held = rem > 0.0
    inside = np.flatnonzero(np.where(held, rem < 1.0, v1 >= p["th"]))
    old[:] = v
    hold = held.astype(F)
    v[:] = (one - hold) * v1 + hold * p["vr"]
    rem -= one
    ie *= p["pe"]
    ii *= p["pi"]
    if not inside.size:
        return inside, np.empty(0, F)
    return _lif_inside(net, saturates, inside, {name: values[inside] for name, values in p.items()})


def _lif_inside(net: Network, saturates: bool, inside: Ints, p: dict[str, Floats]) -> tuple[Ints, Floats]:
    """The step of the neurons that are released or fire inside it."""
    one = F(1.0)
    v1, ie, ii, rem, v0 = (row[inside] for row in net.state)
    left = rem + one
    freed = left > 0.0
    ie0, ii0 = ie / p["pe"], ii / p["pi"]
    start, h = np.where(freed, left, F(0.0)), np.where(freed, one - left, one)
    v0 = np.where(freed, p["vr"], v0)
    xe, xi = -(left * p["he"]), -(left * p["hi"])
    ie0 = np.where(freed, ie0 * (one + xe * phi(xe)), ie0)
    ii0 = np.where(freed, ii0 * (one + xi * phi(xi)), ii0)
    arriving = phi(-(h * p["he"])) * ie0 - phi(-(h * p["hi"])) * ii0
    hm = h * p["hm"]
    if saturates:
        t = ratio_tanh((p["e"] - v0) * p["iu"])
        z = -(hm * (one - t * t))
        f = hm * (p["u"] * t + arriving)
        released = v0 + f * (phi(z) + z * t * (f * p["c3"]))
    else:
        released = v0 + hm * ((p["e"] - v0) + arriving) * phi(-hm)
    v1 = np.where(freed, released, v1)
    net.state[0, inside] = v1
    # a cubic through both ends with their slopes; Newton from the chord
    l0, l1 = p["e"] - v0, p["e"] - v1
    if saturates:
        l0, l1 = p["u"] * ratio_tanh(l0 * p["iu"]), p["u"] * ratio_tanh(l1 * p["iu"])
    d0, d1 = hm * (l0 + ie0 - ii0), hm * (l1 + ie - ii)
    c2, c3 = F(3.0) * (v1 - v0) - F(2.0) * d0 - d1, F(2.0) * (v0 - v1) + d0 + d1
    g = v0 - p["th"]
    x = np.where(v1 > v0, -g / (v1 - v0), one)
    for _ in range(3):
        x = x - (g + x * (d0 + x * (c2 + x * c3))) / (d0 + x * (F(2.0) * c2 + F(3.0) * x * c3))
    x = np.where(x >= 0.0, x, F(0.0))
    x = np.where(x > 1.0, one, x)
    fires = v1 >= p["th"]
    fired, part = inside[fires], (start + x * h)[fires]
    net.state[0, fired] = p["vr"][fires]
    net.state[3, fired] = p["t_ref"][fires] - (one - part)
    return fired, part


def series_log(x: Floats) -> Floats:
    """Natural logarithm of positive normal numbers: the exponent, and the series of the inverse tanh for the rest."""
    bits = np.ascontiguousarray(x).view(np.uint32)
    e = (bits - np.uint32(0x3F3504F3)).view(np.int32) >> 23
    m = (bits - (e.view(np.uint32) << np.uint32(23))).view(F)
    s = (m - F(1.0)) / (m + F(1.0))
    z = s * s
    p = F(0.4) + z * (F(0.28571429) + z * (F(0.22222222) + z * F(0.18181818)))
    log: Floats = e.astype(F) * F(0.69314718) + s * (F(2.0) + z * (F(0.66666667) + z * p))
    return log


def wide_phi(x: Any) -> Any:
    """(1 - exp(-x)) / x for |x| <= 1.2."""
    p = F(1.9841270e-4) - x * F(2.4801587e-5)
    p = F(1.6666667e-1) - x * (F(4.1666667e-2) - x * (F(8.3333333e-3) - x * (F(1.3888889e-3) - x * p)))
    return F(1.0) - x * (F(0.5) - x * p)


def _decay(x: Any) -> Any:
    """exp(-x) for a part x of a step in time constants of w."""
    return F(1.0) - x * (F(1.0) - x * F(0.5))


def _adex(net: Network) -> tuple[Ints, Floats]:
    """As :func:`_lif`. u = exp(-(v - v_t) / delta_t) obeys a linear equation if all but the exponential current is held."""
    p = dict(zip(ADEX_PARAMETERS, net.parameters, strict=True))
    v, u, w, rem, old_u, old_v, old_w = net.state
    one, half = F(1.0), F(0.5)
    held = rem > 0.0
    hold = held.astype(F)
    free = one - hold
    r0 = p["i"] - w - p["gl"] * (v - p["el"])
    dv = (p["gl"] * p["delta"] / u + r0) * p["kc"] * half * free
    dv = np.where(dv < p["delta"], dv, p["delta"])
    dw = (p["a"] * (v - p["el"]) - w) * p["kw"] * half
    z = (r0 - p["gl"] * dv - dw) * p["hdc"]
    f = wide_phi(z)
    u1 = u * (one - z * f) - p["hgc"] * f
    inside = np.flatnonzero(np.where(held, rem < 1.0, u1 <= p["up"]))
    moved = hold * u + free * np.where(u1 > p["up"], u1, p["up"])
    goal = p["a"] * (v + dv - p["el"])
    old_u[:], old_v[:], old_w[:] = u, v, w
    u[:] = moved
    v[:] = p["vt"] - p["delta"] * series_log(moved)
    w[:] = goal + (w - goal) * p["ew"]
    rem -= one
    if not inside.size:
        return inside, np.empty(0, F)
    return _adex_inside(net, inside, {name: values[inside] for name, values in p.items()})


def _adex_inside(net: Network, inside: Ints, p: dict[str, Floats]) -> tuple[Ints, Floats]:
    one, half = F(1.0), F(0.5)
    rem, u0, v0, w0 = (net.state[k, inside] for k in (3, 4, 5, 6))
    left = rem + one
    freed = left > 0.0
    start, h = np.where(freed, left, F(0.0)), np.where(freed, one - left, one)
    u0, v0 = np.where(freed, p["ur"], u0), np.where(freed, p["vr"], v0)
    goal = p["a"] * (v0 - p["el"])
    w0 = np.where(freed, goal + (w0 - goal) * _decay(left * p["kw"]), w0)
    r0 = p["i"] - w0 - p["gl"] * (v0 - p["el"])
    dv = (p["gl"] * p["delta"] / u0 + r0) * p["kc"] * h * half
    dv = np.where(dv < p["delta"], dv, p["delta"])
    r = r0 - p["gl"] * dv - (p["a"] * (v0 - p["el"]) - w0) * p["kw"] * h * half
    z = r * p["hdc"] * h
    f = wide_phi(z)
    u1 = u0 * (one - z * f) - p["hgc"] * h * f
    goal = p["a"] * (v0 + dv - p["el"])
    fires = ~(u1 > p["up"])
    # when u has fallen to its value at v_peak, in closed form
    y = r * (u0 - p["up"]) / (r * p["up"] + p["gl"] * p["delta"])
    near = y * (one - y * (half - y * (F(0.33333333) - y * F(0.25))))
    x = np.where((y > F(-1e-2)) & (y < F(1e-2)), near, series_log(one + y)) / (r * p["hdc"])
    x = np.where(x >= 0.0, x, F(0.0))
    x = np.where(x > h, h, x)
    part = start + x
    rest = one - part
    at_spike = goal + (w0 - goal) * _decay(x * p["kw"]) + p["b"]
    after = p["a"] * (p["vr"] - p["el"])
    safe = np.where(fires, one, u1)
    net.state[0, inside] = np.where(fires, p["vr"], p["vt"] - p["delta"] * series_log(safe))
    net.state[1, inside] = np.where(fires, p["ur"], u1)
    w_fired, w_free = after + (at_spike - after) * _decay(rest * p["kw"]), goal + (w0 - goal) * _decay(h * p["kw"])
    net.state[2, inside] = np.where(fires, w_fired, w_free)
    net.state[3, inside] = np.where(fires, p["t_ref"] - rest, rem)
    return inside[fires], part[fires]
