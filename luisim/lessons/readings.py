# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lessons read off traces: exponential rises, PSPs, and the closed forms that they are compared with."""

from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from luisim import measure
from luisim.experiment import Experiment, Pulses
from luisim.lui.model import LuiModel
from luisim.lui.network import Lui
from luisim.lui.parameters import LuiBoard, LuiParameters
from luisim.trace import Array, Trace

KINK = 0.45  # of the threshold: from here on only the leak charges the membrane (below a third the push source helps)
_K, _SYNAPSE = 22.0 / 69.0, 10.0  # divider R12/R13; Ohm of a synapse's transistor
_MODEL = LuiModel()


def board(
    v_leak: float,
    r_leak: float,
    *,
    r_syn: float = 5e3,
    weights: tuple[float, float, float] = (0.5, 0.5, 0.5),
    sign: tuple[int, int, int] = (1, 1, 1),
) -> LuiBoard:
    """A nominal board at rest: ``v_leak`` a fraction of VDD, ``r_leak``, ``r_syn`` in Ohm, ``weights`` as turns from 0 to 1."""
    r = [22e3 * (1.0 - turn) for turn in weights]
    parameters = LuiParameters(v_leak=v_leak, r_leak=r_leak, r_syn=r_syn, r_weight=(r[0], r[1], r[2]), sign=sign)
    return LuiBoard(parameters, v_mem=min(v_leak, 0.5) * parameters.vdd)


def pulse_train(*times: float, connector: int = 1) -> Pulses:
    """15 ms pulses at ``times`` (s)."""
    return Pulses(connector, times)


def model_fires(experiment: Experiment[Lui]) -> bool:
    """Whether the model fires in it."""
    return any(times.size for times in _MODEL.run(experiment).spikes.values())


def bisect(holds: Callable[[float], bool], low: float, high: float) -> float:
    """Where ``holds`` changes between ``low`` and ``high``, on the model to a thousandth of the way."""
    at_low = holds(low)
    for _ in range(10):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if holds(middle) == at_low else (low, middle)
    return 0.5 * (low + high)


def exponential(time: Array, v: Array) -> tuple[float, float, float]:
    """v_inf (V), tau (s) and r squared of the exponential through (n,) samples, by least squares on a grid of tau."""
    t = time - time[0]
    span = float(t[-1])

    def at(log_tau: float) -> tuple[float, float]:
        basis = np.column_stack([np.ones_like(t), np.exp(-t / np.exp(log_tau))])
        solution = np.linalg.lstsq(basis, v, rcond=None)[0]
        return float(np.sum((v - basis @ solution) ** 2)), float(solution[0])

    low, high = np.log(0.05 * span), np.log(50.0 * span)
    for _ in range(4):
        grid = np.linspace(low, high, 15)
        best = int(np.argmin([at(x)[0] for x in grid]))
        low, high = grid[max(best - 1, 0)], grid[min(best + 1, 14)]
    log_tau = 0.5 * (low + high)
    error, v_inf = at(log_tau)
    spread = float(np.sum((v - v.mean()) ** 2))
    return v_inf, float(np.exp(log_tau)), 1.0 - error / spread if spread > 0.0 else 0.0


def rises(trace: Trace, to: float = 0.97) -> list[tuple[Array, Array]]:
    """Time and membrane potential of each inter-spike interval, from the kink to a part ``to`` of the threshold."""
    threshold, found = measure.threshold(trace), measure.spikes(trace)
    if threshold is None:
        return []
    v, parts = trace.signals["v_mem"], []
    for start, end in pairwise(found):
        after = start + 0.3 * min(end - start, 0.05)
        inside = np.flatnonzero((trace.time > after) & (trace.time < end - 1e-3))
        wanted = inside[(v[inside] > KINK * threshold) & (v[inside] < to * threshold)]
        if wanted.size >= 10:
            parts.append((trace.time[wanted], v[wanted]))
    return parts


def tau_mem(trace: Trace) -> tuple[float, float] | None:
    """The membrane time constant in s, and r squared: median of the fits to the first rises."""
    fits = [exponential(time, v) for time, v in rises(trace)[:5]]
    if not fits:
        return None
    return float(np.median([tau for _, tau, _ in fits])), float(np.median([r2 for _, _, r2 in fits]))


def psp(parameters: LuiParameters, connector: int = 1, width: float = 15e-3) -> float:
    """Theory: the height of a PSP in V (signed), two leaky integrators in a row, far from the rails (values of the schematic).

    The pulse charges C2 against RV4, and dV_syn drives 2k/R14 * dV_syn into C5 against RV6.
    """
    p, parts = parameters, parameters.parts
    tau_m, tau_s = p.r_leak * parts.c_mem, p.r_syn * parts.c_syn
    if abs(tau_m - tau_s) < 1e-3 * tau_m:
        tau_s *= 1.002
    drive = 0.5 * p.vdd / (p.r_weight[connector - 1] + parts.r_weight_series + _SYNAPSE) * p.r_syn
    gain = 2.0 * _K / parts.r_push * p.r_leak
    t = np.linspace(0.0, 6.0 * (tau_m + tau_s) + width, 4000)

    def step(t: Array) -> Array:
        late = np.maximum(t, 0.0)
        return 1.0 - (tau_m * np.exp(-late / tau_m) - tau_s * np.exp(-late / tau_s)) / (tau_m - tau_s)

    return float(p.sign[connector - 1] * gain * drive * np.max(step(t) - step(t - width)))


def psp_height(trace: Trace, start: float) -> tuple[float, float]:
    """Height of the PSP that begins at ``start`` (s), and the noise before it, in V."""
    before = (trace.time > start - 0.1) & (trace.time < start)
    after = (trace.time >= start) & (trace.time < start + 1.5)
    v = trace.signals["v_mem"]
    if not before.any() or not after.any():
        return 0.0, 0.0
    change = v[after] - float(v[before].mean())
    return float(change[int(np.argmax(np.abs(change)))]), float(v[before].std())


def psp_taus(trace: Trace, start: float, width: float = 15e-3) -> tuple[float, float] | None:
    """The shorter and the longer time constant in s of the PSP that begins at ``start``; None if there is none."""
    from scipy.optimize import least_squares  # takes 0.5 s to import

    v = trace.signals["v_mem"]
    height, noise = psp_height(trace, start)
    after = (trace.time > start + width) & (trace.time < start + 2.5)
    if abs(height) < max(3.0 * noise, 5e-3) or np.count_nonzero(after) < 50:
        return None
    before = (trace.time > start - 0.1) & (trace.time < start)
    rest, t, y = float(v[before].mean()), trace.time[after] - start - 0.5 * width, v[after]
    step = max(1, y.size // 600)
    t, y = t[::step], (y[::step] - rest) / height

    def residual(x: Array) -> Array:
        slow, fast = np.exp(x[1]), np.exp(x[2])
        shape: Array = x[0] * (np.exp(-t / slow) - np.exp(-t / fast)) + x[3] - y
        return shape

    found = least_squares(residual, np.array([1.5, np.log(0.5), np.log(0.05), 0.0]))
    taus = sorted(float(np.exp(x)) for x in found.x[1:3])
    return taus[0], taus[1]


def spikes_of(trace: Trace, name: str) -> Array:
    """Spike times in s of one board of a network; read off its membrane where a recording brings none."""
    signal = f"{name}.v_mem"
    if name not in trace.spikes and signal in trace.signals:
        return measure.find_spikes(trace.time, trace.signals[signal])
    return trace.spikes.get(name, np.empty(0))


def counts(trace: Trace, rows: Sequence[tuple[float, float]], output: str = "out") -> list[int]:
    """Spikes of an output in each of ``rows`` (start, end in s)."""
    times = spikes_of(trace, output)
    return [int(np.count_nonzero((times >= start) & (times < end))) for start, end in rows]


def cv(values: Array) -> float | None:
    """Coefficient of variation; None of fewer than two."""
    return float(np.std(values, ddof=1) / np.mean(values)) if values.size > 1 else None
