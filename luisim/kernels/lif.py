# SPDX-License-Identifier: GPL-3.0-or-later
"""A step of leaky integrate-and-fire neurons in 32 bit, times in steps; ``network.c`` gives the same bits."""

import numpy as np
from numpy.typing import NDArray

from luisim.kernels.series import F, Floats, phi, ratio_tanh

Ints = NDArray[np.int64]

# fmt: off
LIF_PARAMETERS = (
    "pm", "ek", "ke", "ki", "pe", "pi", "e", "th", "vr", "t_ref", "hm", "he", "hi", "ae", "ai", "ce", "ci", "u", "iu", "c3",
    "se", "si", "hu",
)
# fmt: on
LIF_STATE = ("v", "exc", "inh", "rem")


def step(p: dict[str, Floats], state: Floats, saturates: bool) -> tuple[Ints, Floats]:
    """All neurons a step on, in place; which of them fire in it, and at which part of it."""
    v, ie, ii, rem = state
    one = F(1.0)
    if saturates:
        t = ratio_tanh((p["e"] - v) * p["iu"])
        z = p["hm"] * (t * t - one)
        f = p["hu"] * t + (p["ae"] * ie - p["ai"] * ii)
        series = F(0.5) + z * (F(1.6666667e-1) + z * F(4.1666667e-2))
        early = z * (p["ce"] * ie - p["ci"] * ii)
        v1 = v + (f * (one + z * (series + t * (f * p["c3"]))) + early)
    else:
        v1 = p["pm"] * v + (p["ek"] + p["ke"] * ie - p["ki"] * ii)
    held = rem > 0.0
    inside = np.flatnonzero(np.where(held, rem < 1.0, v1 >= p["th"]))
    old = v.copy()
    hold = held.astype(F)
    v[:] = (one - hold) * v1 + hold * old
    rem -= one
    ie *= p["pe"]
    ii *= p["pi"]
    if not inside.size:
        return inside, np.empty(0, F)
    return _inside(state, old[inside], saturates, inside, {name: values[inside] for name, values in p.items()})


def _inside(state: Floats, v0: Floats, saturates: bool, inside: Ints, p: dict[str, Floats]) -> tuple[Ints, Floats]:
    """The step of the neurons that are released or fire inside it."""
    one = F(1.0)
    v1, ie, ii, rem = (row[inside] for row in state)
    left = rem + one
    freed = left > 0.0
    ie0, ii0 = ie * (one + p["he"] * phi(p["he"])), ii * (one + p["hi"] * phi(p["hi"]))
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
    state[0, inside] = v1
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
    state[0, fired] = p["vr"][fires]
    state[3, fired] = p["t_ref"][fires] - (one - part)
    return fired, part
