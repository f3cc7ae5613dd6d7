# SPDX-License-Identifier: GPL-3.0-or-later
"""f-I curves: how fast a board fires with a current into its membrane pad, and which board fits readings of one.

The bench is that of the lab course: a supply, a sense resistor and a current source; at the source end of the resistor stands
U = U_supply - R I, so a reading of U is one of the current.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite, sqrt
from pathlib import Path

import numpy as np
from scipy.optimize import least_squares

from luisim import measure
from luisim.errors import ParameterError
from luisim.experiment import Backend, Current, Experiment
from luisim.lui.closed_form import cycle
from luisim.lui.parameters import LuiBoard, LuiParameters
from luisim.lui.unknowns import Estimate, estimate, free_unknown, with_values
from luisim.trace import Array
from luisim.trace_files import read_table

DEFAULT_FREE = ("v_leak", "r_leak", "c_mem")
_INTERVALS = 5  # that are listened to at each current
_PATIENCE = 5.0  # s that are waited for a second spike where the closed form expects none


@dataclass(frozen=True)
class FiCurve:
    """``currents`` (n,) in A, ``rates`` (n,) in Hz (0: silent), and who gave them."""

    currents: Array
    rates: Array
    origin: str

    def rms(self, other: "FiCurve") -> float:
        """Root mean square difference of two curves at the same currents, in Hz."""
        return float(np.sqrt(np.mean((self.rates - other.rates) ** 2)))


@dataclass(frozen=True)
class FiFit:
    """The board that fits readings best: ``estimates`` by name, its ``parameters``, ``rms`` of the closed form in Hz."""

    estimates: Mapping[str, Estimate]
    parameters: LuiParameters
    rms: float


@dataclass(frozen=True)
class Sense:
    """The bench's ``supply`` in V and sense ``resistance`` in Ohm."""

    supply: float
    resistance: float

    def current(self, voltage: Array) -> Array:
        """What flows, in A, where the voltmeter shows ``voltage`` (V)."""
        return (self.supply - voltage) / self.resistance

    def voltage(self, current: Array) -> Array:
        """What the voltmeter shows, in V, while ``current`` (A) flows."""
        return self.supply - self.resistance * current


def theory_curve(parameters: LuiParameters, currents: Array) -> FiCurve:
    """The closed form at ``currents`` (A)."""
    return FiCurve(currents, np.array([cycle(parameters, float(current)).rate for current in currents]), "theory")


def measured_curve(
    backend: Backend[LuiBoard],
    experiment: Experiment[LuiBoard],
    currents: Array,
    *,
    progress: Callable[[float], None] | None = None,
) -> FiCurve:
    """What ``backend`` gives with each of ``currents`` (A) in place of the currents of ``experiment``.

    Each run is as long as some inter-spike intervals; the rate is one over their mean without the first.
    """
    rates = []
    others = tuple(s for s in experiment.stimuli if not isinstance(s, Current))
    for number, current in enumerate(currents):
        period = cycle(experiment.device.parameters, float(current)).period
        duration = max(experiment.duration, _PATIENCE) if not isfinite(period) else min((_INTERVALS + 1.5) * period, 600.0)
        run = replace(experiment, stimuli=(*others, Current(float(current))), duration=max(duration, 0.1))
        spikes = measure.spikes(backend.run(run))
        rates.append(measure.rate(spikes[1:] if spikes.size > 2 else spikes, run.duration) if spikes.size > 1 else 0.0)
        if progress:
            progress((number + 1) / currents.size)
    return FiCurve(currents, np.array(rates), backend.name)


def read_curve(path: Path, sense: Sense | None = None) -> FiCurve:
    """Readings from a CSV file: a column f_hz, and one of the current (current_a, or I_A...) or, with ``sense``, U_V.

    Raises :class:`~luisim.errors.ParameterError` if the columns are not there.
    """
    if not path.is_file():
        raise ParameterError(f"There is no file {path}; give a CSV file with the columns current_a and f_hz.")
    head, rows = read_table(path)
    columns = dict(zip((name.lower() for name in head), np.array(rows, dtype=np.float64).reshape(-1, len(head)).T, strict=True))
    rates = next((values for name, values in columns.items() if name in ("f_hz", "rate_hz")), None)
    currents = next((values for name, values in columns.items() if name.startswith(("i_a", "current_a"))), None)
    if sense is not None and "u_v" in columns:
        currents = sense.current(columns["u_v"])
    if rates is None or currents is None or rates.size == 0:
        raise ParameterError(
            f"{path} holds no f-I readings: it needs a column f_hz, and current_a (in A) or, with --sense, u_v (in V);"
            f" it has {', '.join(head)}."
        )
    order = np.argsort(currents, kind="stable")
    return FiCurve(currents[order], rates[order], path.stem)


def fit_curve(measured: FiCurve, parameters: LuiParameters, free: Sequence[str] = DEFAULT_FREE) -> FiFit:
    """The values of the ``free`` parameters with which the closed form comes closest to ``measured``; the others stay.

    Every reading counts alike, and their scatter gives the intervals. Raises :class:`~luisim.errors.ParameterError` for
    unknown names and for fewer readings than unknowns.
    """
    unknowns = [free_unknown(name, parameters) for name in dict.fromkeys(free)]
    if len(unknowns) >= measured.currents.size:
        raise ParameterError(f"{measured.currents.size} readings are too few for {len(unknowns)} unknowns; measure more.")
    low, high = np.array([u.low for u in unknowns]), np.array([u.high for u in unknowns])
    scale = np.array([min(u.sd, 1.0) for u in unknowns])

    def board(point: Array) -> LuiParameters:
        return with_values(parameters, {u.name: u.value(x) for u, x in zip(unknowns, point, strict=True)})

    def residuals(point: Array) -> Array:
        return theory_curve(board(point), measured.currents).rates - measured.rates

    # the curve has kinks where a current begins to make the board fire, so one start is not enough
    middle = np.array([u.centre for u in unknowns])
    starts = [middle + shift * scale for shift in (0.0, -0.5, -1.0, 0.5)]
    found = [
        least_squares(
            residuals, np.clip(start, low, high), bounds=(low, high + 1e-12), x_scale=scale, diff_step=np.full(low.size, 1e-4)
        )
        for start in starts
    ]
    best = min(found, key=lambda result: result.cost)
    jacobian = np.asarray(best.jac)
    variance = 2.0 * best.cost / (measured.currents.size - len(unknowns))
    covariance = variance * np.linalg.pinv(jacobian.T @ jacobian + np.diag((1e-3 / scale) ** 2))
    estimates = {u.name: estimate(u, best.x[n], sqrt(covariance[n, n])) for n, u in enumerate(unknowns)}
    return FiFit(estimates, board(best.x), float(np.sqrt(np.mean(best.fun**2))))
