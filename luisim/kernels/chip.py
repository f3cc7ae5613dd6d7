# SPDX-License-Identifier: GPL-3.0-or-later
"""A step of chip circuits in 32 bit: the equations of luisim.hicannx.neuron; ``network.c`` gives the same bits.

V: exponential Rosenbrock-Euler with the second derivative put right, halved where it is rough. The comparator's output is in
closed form over each piece, in which V counts as a straight line: the integral of tanh is the logarithm of cosh.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from luisim.kernels.series import F, Floats, phi, ratio_tanh, series_log, squared_exp

Ints = NDArray[np.int64]

_INPUT = ("p", "a", "h", "k", "o", "iv", "coba", "r", "ic")
CHIP_PARAMETERS = (
    *("e_leak", "iu_leak", "k_leak", "e_reset", "iu_reset", "k_reset", "v_th", "i_width", "delay", "k_constant"),
    *(f"{name}_exc" for name in _INPUT),
    *(f"{name}_inh" for name in _INPUT),
    *("k_exp", "l_exp", "is_exp", "pause", "k_out", "w_ref", "iu_w", "v_a", "g_a", "g_b", "h_w"),
    *("n_reset", "n_refractory", "n_pulse", "se", "si"),
)
CHIP_STATE = ("v", "exc", "inh", "w", "x", "reset_left", "refractory_left", "pulse_left")
USES_EXC, USES_INH, USES_EXP, USES_W = 1, 2, 4, 8

MOST_SLOPE, MOST_BEND = F(0.25), F(3e-6)  # of a step: more is cut into halves; the second in V
NEAR, SHORT = F(3.0), F(0.125)  # of the comparator's width; so short are pieces there, as V counts as straight

Parameters = dict[str, Any]
_ONE, _HALF, _NONE = F(1.0), F(0.5), F(0.0)


def step(
    p: Parameters, uses: int, state: Floats, v_th: Floats, now: int, clock: NDArray[np.float64], dt: float
) -> tuple[Ints, Floats]:
    """All neurons a step on, in place; which of them fire in it, and at which part of it. ``clock`` (n,) and ``dt`` in s."""
    new, rough = _solve(p, uses, state, None)
    left = state[5:]
    ends = ((left > 0.0) & (left < 1.0)).any(0)
    over = (state[4] > 0.0) | (new[0] > v_th)
    inside = np.flatnonzero(rough | ends | (~(state[6] > 0.0) & over))
    before = state[:, inside].copy()
    state[:4] = new
    state[5:] -= _ONE
    if not inside.size:
        return inside, np.empty(0, F)
    few = {name: values[inside] for name, values in p.items()}
    after, part = _inside(few, uses, before, v_th[inside], now, clock[inside], dt)
    state[:, inside] = after
    fires = part >= 0.0
    return inside[fires], part[fires]


def _inside(
    p: Parameters, uses: int, s: Floats, v_th: Floats, now: int, clock: NDArray[np.float64], dt: float
) -> tuple[Floats, Floats]:
    """The step of a few neurons in pieces that end at what happens inside it; the part at which each fires, or -1."""
    s, t, part = s.copy(), np.zeros(s.shape[1], F), np.full(s.shape[1], F(-1.0))
    while (busy := np.flatnonzero(t < F(0.999999))).size:
        q = {name: values[busy] for name, values in p.items()}
        here, th = s[:, busy], v_th[busy]
        h = _ONE - t[busy]
        for left in here[5:]:
            h = np.where((left > 0.0) & (left < h), left, h)
        new, rough = _solve(q, uses, here, h)
        for _ in range(6):
            if not rough.any():
                break
            h = np.where(rough, h * _HALF, h)
            new, rough = _solve(q, uses, here, h)
        listens = ~(here[6] > 0.0)
        u0, u1 = (here[0] - th) * q["i_width"], (new[0] - th) * q["i_width"]
        close = listens & (h > SHORT) & ((u0 < NEAR) | (u1 < NEAR)) & ((u0 > -NEAR) | (u1 > -NEAR))
        if close.any():
            h = np.where(close, SHORT, h)
            new, _ = _solve(q, uses, here, h)
            u1 = (new[0] - th) * q["i_width"]
        x, fired, at = _comparator(here[4], u0, u1, h, q["delay"])
        fired &= listens
        h = np.where(fired, h * at, h)
        if fired.any():
            at_spike, _ = _solve(q, uses, here, h)
            new = np.where(fired, at_spike, new)
        t[busy] += h
        here[:4] = new
        here[5:] -= h
        here[4] = np.where(listens & ~fired, x, _NONE)
        if fired.any():
            when = np.float64(now) + t[busy].astype(np.float64)
            tick = np.ceil(when * dt / clock[busy] - 1e-6) * clock[busy]
            for row, count in enumerate(("n_reset", "n_refractory", "n_pulse"), start=5):
                until = ((tick + q[count].astype(np.float64) * clock[busy]) / dt - when).astype(F)
                here[row] = np.where(fired, until, here[row])
            part[busy] = np.where(fired, t[busy], part[busy])
        s[:, busy] = here
    return s, part


def _solve(p: Parameters, uses: int, s: Floats, part: Floats | None) -> tuple[Floats, NDArray[np.bool_]]:
    """V, both lines and W a ``part`` of a step later (None: all of it) if nothing happens; and where that is too long."""
    h: Any = _ONE if part is None else part
    v, exc, inh, w, _, reset_left, refractory_left, pulse_left = s
    m = (reset_left > 0.0).astype(F)
    o = _ONE - m
    iu = o * p["iu_leak"] + m * p["iu_reset"]
    t = ratio_tanh((o * p["e_leak"] + m * p["e_reset"] - v) * iu)
    k = o * p["k_leak"] + m * p["k_reset"]
    current = k * t + p["k_constant"]
    slope = k * iu * (t * t - _ONE)
    bend = F(2.0) * t * iu * slope
    for bit, name, line in ((USES_EXC, "exc", exc), (USES_INH, "inh", inh)):
        if uses & bit:
            average = p[f"a_{name}"] if part is None else phi(-(h * p[f"h_{name}"]))
            drive = p[f"k_{name}"] * ratio_tanh((line * average + p[f"o_{name}"]) * p[f"iv_{name}"])
            away = ratio_tanh((p[f"r_{name}"] - v) * p[f"ic_{name}"])
            coba = p[f"coba_{name}"]
            current = current + drive * (_ONE - coba + coba * away)
            slope = slope - drive * coba * p[f"ic_{name}"] * (_ONE - away * away)
    if uses & USES_EXP:
        opened = _ONE - p["pause"] * (refractory_left > 0.0).astype(F)
        drive = p["l_exp"] + v * p["is_exp"]
        e = squared_exp(np.abs(drive))
        share = np.where(drive < 0.0, e, _ONE) / (_ONE + e)
        i = opened * p["k_exp"] * share
        di = i * (_ONE - share) * p["is_exp"]
        current, slope, bend = current + i, slope + di, bend + di * (_ONE - F(2.0) * share) * p["is_exp"]
    if uses & USES_W:
        x = _HALF * h * p["h_w"]
        goal = _goal(p, v, pulse_left)
        half = goal + (w - goal) * (_ONE - x * phi(-x))
        current = current - p["k_out"] * ratio_tanh((half - p["w_ref"]) * p["iu_w"])
    z, f = slope * h, current * h
    c = bend * h * f * F(1.6666667e-1)
    later = v + f * (phi(z) + c)
    rough = (np.abs(z) > MOST_SLOPE) | (np.abs(f * c) > MOST_BEND)
    if part is None:
        exc, inh = exc * p["p_exc"], inh * p["p_inh"]
    else:
        xe, xi = -(h * p["h_exc"]), -(h * p["h_inh"])
        exc, inh = exc * (_ONE + xe * phi(xe)), inh * (_ONE + xi * phi(xi))
    if uses & USES_W:
        x = h * p["h_w"]
        goal = _goal(p, _HALF * (v + later), pulse_left)
        w = goal + (w - goal) * (_ONE - x * phi(-x))
    return np.array([later, exc, inh, w]), rough


def _goal(p: Parameters, v: Floats, pulse_left: Floats) -> Any:
    """Where W would settle."""
    pull = p["g_a"] * ratio_tanh((v - p["v_a"]) * p["iu_w"])
    return p["w_ref"] + pull + p["g_b"] * (pulse_left > 0.0).astype(F)


def _comparator(x: Floats, u0: Floats, u1: Floats, h: Floats, delay: Floats) -> tuple[Floats, NDArray[np.bool_], Floats]:
    """Its output after a piece of ``h`` steps with the input going from ``u0`` to ``u1``; whether and where it fires."""
    d = u1 - u0
    flat = (d < F(1e-3)) & (d > F(-1e-3))
    level = x + h * ratio_tanh(u1) / delay
    r, g0, g1 = h / (d * delay), _log_cosh(u0), _log_cosh(u1)
    up, down = (u0 < 0.0) & (u1 > 0.0), (u0 > 0.0) & (u1 < 0.0)
    bottom = x - r * g0
    start = np.where(up, np.where(bottom > 0.0, bottom, _NONE), x)
    g_start = np.where(up, _NONE, g0)
    risen = np.where(up, start + r * g1, x + r * (g1 - g0))
    top = np.where(down, bottom, risen)
    after = np.where(flat, level, np.where(down, bottom + r * g1, risen))
    fired = np.where(flat, level >= 1.0, top >= 1.0)
    g = g_start + (_ONE - start) / r
    g = np.where(g > 0.0, g, _NONE)
    root = _ONE - squared_exp(F(2.0) * g)
    u = g + series_log(_ONE + np.sqrt(np.where(root > 0.0, root, _NONE)))
    part = np.where(flat, (_ONE - x) / (level - x), (u - u0) / d)
    part = np.where(part > 0.0, part, _NONE)
    return np.where(after > 0.0, after, _NONE), fired, np.where(part < 1.0, part, _ONE)


def _log_cosh(u: Floats) -> Any:
    a = np.abs(u)
    return a + series_log(_ONE + squared_exp(F(2.0) * a)) - F(0.69314718)
