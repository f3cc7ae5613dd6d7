# SPDX-License-Identifier: GPL-3.0-or-later
"""A step of adaptive exponential neurons in 32 bit, times in steps; ``network.c`` gives the same bits."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from luisim.kernels.series import F, Floats, series_log, wide_phi

Ints = NDArray[np.int64]

ADEX_PARAMETERS = ("gl", "el", "vt", "delta", "i", "kc", "a", "kw", "ew", "up", "hdc", "hgc", "vr", "ur", "b", "t_ref")
ADEX_STATE = ("v", "u", "w", "rem", "old_u", "old_v", "old_w")


def _decay(x: Any) -> Any:
    """exp(-x) for a part x of a step in time constants of w."""
    return F(1.0) - x * (F(1.0) - x * F(0.5))


def step(p: dict[str, Floats], state: Floats) -> tuple[Ints, Floats]:
    """All neurons a step on, in place; which of them fire in it, and at which part of it.

    u = exp(-(v - v_t) / delta_t) obeys a linear equation if all but the exponential current is held.
    """
    v, u, w, rem, old_u, old_v, old_w = state
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
    return _inside(state, inside, {name: values[inside] for name, values in p.items()})


def _inside(state: Floats, inside: Ints, p: dict[str, Floats]) -> tuple[Ints, Floats]:
    one, half = F(1.0), F(0.5)
    rem, u0, v0, w0 = (state[k, inside] for k in (3, 4, 5, 6))
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
    state[0, inside] = np.where(fires, p["vr"], p["vt"] - p["delta"] * series_log(safe))
    state[1, inside] = np.where(fires, p["ur"], u1)
    w_fired, w_free = after + (at_spike - after) * _decay(rest * p["kw"]), goal + (w0 - goal) * _decay(h * p["kw"])
    state[2, inside] = np.where(fires, w_fired, w_free)
    state[3, inside] = np.where(fires, p["t_ref"] - rest, rem)
    return inside[fires], part[fires]
