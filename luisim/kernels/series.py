# SPDX-License-Identifier: GPL-3.0-or-later
"""Functions as short series and ratios in 32 bit, with the operations of ``network.c``: libraries differ in the last bits."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

F = np.float32
Floats = NDArray[np.float32]


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


def squared_exp(x: Any) -> Any:
    """exp(-x) for x >= 0, as the square of a square ... of a short series."""
    y = np.where(x < 16.0, x * F(0.03125), F(0.5)).astype(F)
    e = F(1.0) - y * phi(-y)
    for _ in range(5):
        e = e * e
    return e


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
