# SPDX-License-Identifier: GPL-3.0-or-later
"""Time constants of curves: one exponential or the sum of two, fitted by least squares. numpy alone.

For given time constants the amplitudes are linear, so only the time constants are searched: on a logarithmic grid that is
narrowed around its best point (variable projection; Golub and Pereyra, SIAM J. Numer. Anal. 10, 1973).
"""

from dataclasses import dataclass

import numpy as np

from luisim.trace import Array

_GRID = 41  # points of a grid
_ZOOMS = 5  # each narrows it to a tenth: in the end 1e-5 of the first spacing


@dataclass(frozen=True)
class Decay:
    """A fitted time constant ``tau`` in s, its standard deviation ``sd`` in s, and what is left as ``rms`` in units of y."""

    tau: float
    sd: float
    rms: float


def fit_decay(time: Array, y: Array) -> Decay | None:
    """Fit y = a + b exp(-t/tau) to (n,) ``time`` in s. None if the curve does not tell: tau beyond 10 times its length."""
    time = time - time[0]
    span = float(time[-1])
    if time.size < 6 or span <= 0.0 or float(np.ptp(y)) == 0.0:
        return None
    centred = y - y.mean()
    low, high = np.log(span / 100.0), np.log(10.0 * span)
    first, last = low, high
    for _ in range(_ZOOMS):
        taus = np.linspace(low, high, _GRID)
        shapes = np.exp(-time / np.exp(taus)[:, None])
        shapes -= shapes.mean(axis=1, keepdims=True)
        explained = (shapes @ centred) ** 2 / np.maximum(np.einsum("ij,ij->i", shapes, shapes), 1e-300)
        best = int(np.argmax(explained))
        width = 2.0 * (high - low) / (_GRID - 1)
        low, high = taus[best] - width, taus[best] + width
    tau = float(np.exp(taus[best]))
    if not first + 0.01 < taus[best] < last - 0.01:
        return None
    shape = np.exp(-time / tau)
    # the slope of the model in a, b and tau at the best point: their covariance
    a_b = np.linalg.lstsq(np.column_stack((np.ones_like(shape), shape)), y, rcond=None)[0]
    slopes = np.column_stack((np.ones_like(shape), shape, a_b[1] * shape * time / tau**2))
    rest = y - slopes[:, :2] @ a_b
    variance = float(rest @ rest) / max(1, time.size - 3)
    covariance = variance * np.linalg.pinv(slopes.T @ slopes)
    return Decay(tau, float(np.sqrt(max(0.0, covariance[2, 2]))), float(np.sqrt(np.mean(rest**2))))


def fit_two(time: Array, y: Array, known: float | None = None) -> tuple[float, float, float] | None:
    """Fit y = b1 exp(-t/slow) + b2 exp(-t/fast): slow and fast in s, and the rms of what is left.

    ``known``: one of the two, in s, if it was measured elsewhere; it then comes first, whichever is larger. None if the curve
    does not tell.
    """
    time = time - time[0]
    span = float(time[-1])
    if time.size < 8 or span <= 0.0:
        return None
    ends = np.log(span / 200.0), np.log(2.0 * span)
    grids = [np.linspace(*ends, _GRID), np.linspace(*ends, _GRID)]
    if known is not None:
        grids[0] = np.array([np.log(known)])
    for _ in range(_ZOOMS):
        one, two = (np.exp(-time / np.exp(grid)[:, None]) for grid in grids)
        aa, bb, ab = np.sum(one**2, axis=1)[:, None], np.sum(two**2, axis=1)[None, :], one @ two.T
        ya, yb = (one @ y)[:, None], (two @ y)[None, :]
        determinant = aa * bb - ab**2
        usable = determinant > 1e-9 * aa * bb  # equal time constants are one shape
        with np.errstate(divide="ignore", invalid="ignore"):
            explained = np.where(usable, (ya**2 * bb - 2 * ya * yb * ab + yb**2 * aa) / determinant, -np.inf)
        best = np.unravel_index(int(np.argmax(explained)), explained.shape)
        found = [float(grid[index]) for grid, index in zip(grids, best, strict=True)]
        for axis, grid in enumerate(grids):
            if grid.size > 1:
                width = 2.0 * (grid[-1] - grid[0]) / (grid.size - 1)
                grids[axis] = np.linspace(found[axis] - width, found[axis] + width, _GRID)
    free = found[1:] if known is not None else found
    if any(not ends[0] + 0.01 < value < ends[1] - 0.01 for value in free):
        return None
    rms = float(np.sqrt(max(0.0, float(y @ y) - float(explained[best])) / time.size))
    slow, fast = float(np.exp(found[0])), float(np.exp(found[1]))
    return (slow, fast, rms) if known is not None else (max(slow, fast), min(slow, fast), rms)
