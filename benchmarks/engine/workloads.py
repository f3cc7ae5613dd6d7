# SPDX-License-Identifier: GPL-3.0-or-later
"""Workloads: networks and inputs that every simulator gets alike; numpy only.

A unit of time is 1 us on the chip, which is 1 ms of biology (W5: 1 ms of a real Lu.i board); voltages are in mV, currents in mV
too (times the leak resistance). Inputs lie on the grid of 0.1 units, so that nobody has to round them::

    tau_m dv/dt = leak(E - v) + i_e - i_i      leak(x) = x, or U tanh(x / U) for the chip's OTA
    tau_e di_e/dt = -i_e    tau_i di_i/dt = -i_i    v > theta: spike, v = v_r for t_ref

W1 feed-forward, 256 Poisson rows; W2 recurrent, neuron n drives row n mod 256; W3 AdEx (Brette and Gerstner 2005) under a
constant current; W4 unconnected neurons that fire by themselves; W5 a hundred Lu.i boards for a minute; W6 a thousand times W4.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

DT = 0.1  # units; the step of every simulator that has one
ROWS = 256
LEVELS = ("low", "medium", "high")
RATE = {"low": 5.0, "medium": 50.0, "high": 200.0}  # kHz of each row of W1
HARDWARE_MS = 1000.0  # units


@dataclass(frozen=True)
class Lif:
    """n leaky neurons with two exponential synaptic currents, every field an (n,) array; ``leak_range`` None: a linear leak."""

    tau_m: Array
    tau_e: Array
    tau_i: Array
    e: Array
    theta: Array
    v_r: Array
    t_ref: Array
    leak_range: Array | None = None

    @property
    def n(self) -> int:
        return len(self.e)

    @property
    def start(self) -> Array:
        """v at 0: at rest, or at the reset where rest would fire."""
        return np.where(self.e >= self.theta, self.v_r, self.e)


@dataclass(frozen=True)
class Adex:
    """n AdEx neurons: nF, uS, mV, units of time, nA; (n,) arrays but for ``v_peak``. They start at ``e_l`` with w = 0."""

    c: Array
    g_l: Array
    e_l: Array
    v_t: Array
    delta_t: Array
    tau_w: Array
    a: Array
    b: Array
    v_r: Array
    i: Array
    t_ref: Array
    v_peak: float

    @property
    def n(self) -> int:
        return len(self.c)


@dataclass(frozen=True)
class Workload:
    """A network, what it is fed with, and for how long.

    ``weights``: (rows, n) int, 6 bit, or None; ``row_scale``: (rows,) mV for each LSB, below 0 for an inhibitory row;
    ``column_scale``: (n,) times that, None: 1.
    ``input_step``, ``input_row``: (k,) int, sorted; an event on a row at so many DT. ``delay`` in units: neuron n drives row
    n mod rows that much later; None: no recurrence.
    """

    name: str
    level: str
    duration: float
    neuron: Lif | Adex
    weights: NDArray[np.int64] | None = None
    row_scale: Array | None = None
    column_scale: Array | None = None
    input_step: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    input_row: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    delay: float | None = None

    @property
    def steps(self) -> int:
        return round(self.duration / DT)

    @property
    def millivolts(self) -> Array:
        """(rows, n): the weights in mV, with sign."""
        assert self.weights is not None
        assert self.row_scale is not None
        return self.weights * self.row_scale[:, None] * (1.0 if self.column_scale is None else self.column_scale)


def workload(name: str, level: str = "medium", duration: float | None = None, *, n: int = 512, rows: int = ROWS) -> Workload:
    """The workload of that name: W1 to W6, or one of W1, W2, W4 with ``-ota`` for the chip's own leak."""
    base, _, leak = name.partition("-")
    made = {"W1": _feed_forward, "W2": _recurrent, "W3": _adex, "W4": _unconnected, "W5": _boards, "W6": _many}[base](
        level, duration, n, rows
    )
    if leak:
        assert isinstance(made.neuron, Lif)
        # threshold is 15 mV above rest; on the chip about half of the OTA's linear range
        spread = _around(np.random.default_rng(9), made.neuron.n, 25.0, 0.15)
        made = replace(made, neuron=replace(made.neuron, leak_range=spread))
    return replace(made, name=name, level=level)


def _around(rng: np.random.Generator, n: int, mean: float, part: float) -> Array:
    return np.maximum(mean * (1.0 + part * rng.standard_normal(n)), 0.2 * mean)


def _lif(n: int, seed: int = 1) -> Lif:
    """15 % mismatch of time constants. No tau_syn within 2 % of tau_m: not every simulator survives that."""
    rng = np.random.default_rng(seed)
    tau_m, tau_e, tau_i = (_around(rng, n, mean, 0.15) for mean in (10.0, 5.0, 7.0))
    return Lif(
        tau_m,
        _apart(tau_e, tau_m),
        _apart(tau_i, tau_m),
        e=rng.standard_normal(n),
        theta=15.0 + rng.standard_normal(n),
        v_r=-2.0 + 0.5 * rng.standard_normal(n),
        t_ref=np.round(_around(rng, n, 2.0, 0.1), 1),
    )


def _apart(tau: Array, tau_m: Array) -> Array:
    return np.where(np.abs(tau - tau_m) < 0.02 * tau_m, 1.021 * tau_m, tau)


def _feed_forward(level: str, duration: float | None, n: int, rows: int) -> Workload:
    rng = np.random.default_rng(2)
    codes = rng.integers(0, 64, (rows, n))
    excite, inhibit = {"low": (0.115, 0.03), "medium": (0.080, 0.045), "high": (0.060, 0.034)}[level]
    steps = round((duration or HARDWARE_MS) / DT)
    hits = rng.random((steps, rows), dtype=np.float32) < RATE[level] * DT * 1e-3
    hits[0] = False
    step, row = np.nonzero(hits)
    scale = np.where(np.arange(rows) % 2 == 0, excite, -inhibit)
    return Workload("W1", level, duration or HARDWARE_MS, _lif(n), codes, scale, input_step=step, input_row=row)


def _recurrent(level: str, duration: float | None, n: int, rows: int) -> Workload:
    rng = np.random.default_rng(3)
    codes = rng.integers(0, 64, (rows, n))
    excite, inhibit, drive = {"low": (0.004, 0.012, 14.2), "medium": (0.004, 0.014, 24.0), "high": (0.004, 0.014, 70.0)}[level]
    scale = np.where(np.arange(rows) % 4 != 0, excite, -inhibit)
    neuron = _lif(n)
    return Workload("W2", level, duration or HARDWARE_MS, replace(neuron, e=neuron.e + drive), codes, scale, delay=0.5)


def _adex(level: str, duration: float | None, n: int, rows: int) -> Workload:
    rng = np.random.default_rng(4)
    neuron = Adex(
        c=_around(rng, n, 0.281, 0.1),
        g_l=_around(rng, n, 0.030, 0.1),
        e_l=-70.6 + rng.standard_normal(n),
        v_t=-50.4 + rng.standard_normal(n),
        delta_t=_around(rng, n, 2.0, 0.1),
        tau_w=_around(rng, n, 144.0, 0.1),
        a=_around(rng, n, 0.004, 0.1),
        b=_around(rng, n, 0.03 if level == "high" else 0.0805, 0.1),
        v_r=-70.6 + rng.standard_normal(n),
        i=_around(rng, n, {"low": 0.75, "medium": 1.6, "high": 6.0}[level], 0.05),
        t_ref=np.round(_around(rng, n, 2.0, 0.1), 1),
        v_peak=-30.0,
    )
    return Workload("W3", level, duration or HARDWARE_MS, neuron)


def _unconnected(level: str, duration: float | None, n: int, rows: int, seed: int = 5) -> Workload:
    neuron, rng = _lif(n, seed), np.random.default_rng(seed + 100)
    if level == "low":  # a slow membrane: with a fast one, rest would have to lie at the threshold
        neuron = replace(neuron, tau_m=10.0 * neuron.tau_m, e=neuron.theta + 2.6 * (1.0 + 0.05 * rng.standard_normal(n)))
    else:
        above = {"medium": 7.0, "high": 65.0}[level]
        neuron = replace(neuron, e=neuron.theta + above * (1.0 + 0.1 * rng.standard_normal(n)))
    return Workload("W4", level, duration or HARDWARE_MS, neuron)


def _many(level: str, duration: float | None, n: int, rows: int) -> Workload:
    return _unconnected(level, duration, 1000 * n, rows, seed=6)


def _boards(level: str, duration: float | None, n: int, rows: int) -> Workload:
    boards, rng = 100, np.random.default_rng(7)

    def between(low: float, high: float) -> Array:
        return np.exp(rng.uniform(np.log(low), np.log(high), boards))

    tau_m, tau_e, tau_i = between(50.0, 2000.0), between(10.0, 200.0), between(10.0, 200.0)
    e = np.where(rng.random(boards) < 0.4, rng.uniform(18.0, 30.0, boards), rng.uniform(0.0, 14.0, boards))
    neuron = Lif(
        tau_m,
        _apart(tau_e, tau_m),
        _apart(tau_i, tau_m),
        e,
        theta=15.0 + 0.5 * rng.standard_normal(boards),
        v_r=-2.0 + 0.5 * rng.standard_normal(boards),
        t_ref=np.round(rng.uniform(5.0, 30.0, boards), 1),
    )
    weights = np.zeros((boards, boards), np.int64)
    for j in range(boards):
        sources = rng.choice(np.delete(np.arange(boards), j), 3, replace=False)
        weights[sources, j] = rng.integers(13, 64, 3)
    largest = 10.0 * np.clip(tau_m / 200.0, 0.5, 5.0)  # mV; so that slow boards react too
    sign = np.where(rng.random(boards) < 2 / 3, 1.0, -1.0)
    return Workload("W5", level, duration or 60_000.0, neuron, weights, sign, largest / 63.0, delay=0.5)
