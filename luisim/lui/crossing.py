# SPDX-License-Identifier: GPL-3.0-or-later
"""First crossing: when does ``c + a exp(-p t) + b exp(-q t)`` first fall below zero?

Between two events every voltage of the board is such a sum, and every event (spike, rail, starving source) is such a crossing.
The sum has at most one extremum, so at most two monotone pieces have to be searched.
"""

from math import exp, inf, isfinite, log

TOLERANCE = 1e-9  # V: a guard counts as crossed once it is this far below zero, so that an event cannot repeat itself


def first_crossing(c: float, a: float, p: float, b: float, q: float, limit: float) -> float:
    """The first time in (0, ``limit``] at which the sum falls below ``-TOLERANCE``, or infinity.

    ``a``, ``b``, ``c`` in V, ``p`` and ``q`` (both positive) in 1/s, ``limit`` in s. A sum that starts on the wrong side is
    taken to have crossed at 0 only if it also moves away from zero.
    """
    c += TOLERANCE
    start = c + a + b
    slope = -a * p - b * q
    if start < 0.0:
        if slope <= 0.0:
            return 0.0
        c -= start  # entered by rounding, on its way in: measure from here
        start = 0.0
    # the lowest value the sum can reach is above zero: nothing to look for
    if c + min(a, 0.0) + min(b, 0.0) >= 0.0:
        return inf
    turn = _extremum(a, p, b, q)
    if 0.0 < turn < limit:
        middle = c + a * exp(-p * turn) + b * exp(-q * turn)
        if middle < 0.0:
            return _root(c, a, p, b, q, 0.0, start, turn, middle)
        end = c + a * exp(-p * limit) + b * exp(-q * limit)
        return _root(c, a, p, b, q, turn, middle, limit, end) if end < 0.0 else inf
    end = c + a * exp(-p * limit) + b * exp(-q * limit)
    return _root(c, a, p, b, q, 0.0, start, limit, end) if end < 0.0 else inf


def _extremum(a: float, p: float, b: float, q: float) -> float:
    """Where the slope of the sum is zero; infinity if nowhere."""
    if a == 0.0 or b == 0.0 or p == q:
        return inf
    ratio = -(a * p) / (b * q)
    if ratio <= 0.0 or not isfinite(ratio):
        return inf
    return log(ratio) / (p - q)


def _root(c: float, a: float, p: float, b: float, q: float, t0: float, f0: float, t1: float, f1: float) -> float:
    """Newton's method inside the bracket t0 (f0 >= 0) to t1 (f1 < 0), halving it where a step would leave it."""
    if b == 0.0:  # one exponential: closed form
        return min(max(log(-a / c) / p, t0), t1) if a * c < 0.0 else t1
    t = t0 + (t1 - t0) * f0 / (f0 - f1)
    for _ in range(100):
        ea, eb = a * exp(-p * t), b * exp(-q * t)
        f = c + ea + eb
        if f >= 0.0:
            t0 = t
        else:
            t1 = t
        if abs(f) < 1e-13 or t1 - t0 <= 1e-15 * t1:
            break
        slope = -p * ea - q * eb
        t = t - f / slope if slope != 0.0 else t0
        if not t0 < t < t1:
            t = 0.5 * (t0 + t1)
    return t
