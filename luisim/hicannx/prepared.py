# SPDX-License-Identifier: GPL-3.0-or-later
"""From neurons and lines in SI units to the kernel's arrays: 32 bit floats, times in steps."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from luisim.errors import ParameterError
from luisim.hicannx.ideal import Adex, Lif
from luisim.hicannx.lines import Lines
from luisim.kernels.adex import ADEX_PARAMETERS, ADEX_STATE
from luisim.kernels.lif import LIF_PARAMETERS, LIF_STATE
from luisim.kernels.network import Network
from luisim.kernels.series import F, Floats

if TYPE_CHECKING:
    from luisim.hicannx.electrical import NeuronCircuit

Array = NDArray[np.float64]
Neurons: TypeAlias = "NeuronCircuit | Lif | Adex"


@dataclass(frozen=True)
class Jitter:
    """Noise of the thresholds that is drawn while a run goes on: standard deviations (n,) in V, and a seed below 2^63."""

    sd: Array
    seed: int


Noise = Array | Jitter


def network_of(neurons: Neurons, lines: Lines, dt: float, noise: Noise | None = None) -> Network:
    """A network at its start. ``noise``: on the thresholds of chip circuits, (n, knots) V or what draws it.

    Raises :class:`ParameterError` if ``dt`` is too long for it.
    """
    delay = (lines.delay + lines.latency) / dt
    if lines.targets.size and delay < 1.0 - 1e-9:
        raise ParameterError(f"Spikes arrive {delay * dt:g} s later, within a step; make delay at least dt = {dt:g} s.")
    assert lines.targets_from is not None
    return Network(
        **_neurons(neurons, dt, noise),
        delay=delay,
        weights=lines.weights,
        sign=lines.sign,
        targets_from=lines.targets_from,
        targets=lines.targets,
        utilization=None if lines.utilization is None else np.asarray(lines.utilization, F),
        recovery=None if lines.recovery is None else np.asarray(lines.recovery / dt, F),
        dt=dt,
    )


def _neurons(neurons: Neurons, dt: float, noise: Noise | None) -> dict[str, Any]:
    if isinstance(neurons, Adex):
        kind, (parameters, state) = "adex", _adex(neurons, dt)
    elif isinstance(neurons, Lif):
        kind, (parameters, state) = "lif" if neurons.v_lin is None else "lif_ota", _lif(neurons, dt)
    else:
        # what chip circuits need takes as long to import as a millisecond of a network takes to run
        from luisim.hicannx.prepared_chip import chip_neurons

        return chip_neurons(neurons, dt, noise)
    return {"kind": kind, "parameters": parameters, "state": state}


def _lif(c: Lif, dt: float) -> tuple[Floats, Floats]:
    for name in ("tau_m", "tau_e", "tau_i"):
        if getattr(c, name).min() < 2.0 * dt:
            raise ParameterError(
                f"{name} = {getattr(c, name).min():g} s is too short for steps of {dt:g} s; it must be two steps."
            )
    _check_refractory(c.t_ref, dt)
    # equal time constants are the limit of unequal ones; a part in 10,000 apart is beyond what 32 bit floats tell
    tau_e, tau_i = (np.where(np.abs(t / c.tau_m - 1.0) < 1e-4, c.tau_m * 1.0001, t) for t in (c.tau_e, c.tau_i))
    pm, pe, pi = np.exp(-dt / c.tau_m), np.exp(-dt / tau_e), np.exp(-dt / tau_i)
    u = np.ones(c.n) if c.v_lin is None else c.v_lin
    values: dict[str, Array] = {
        "pm": pm,
        "ek": c.e * (1.0 - pm),
        "ke": tau_e / (tau_e - c.tau_m) * (pe - pm),
        "ki": tau_i / (tau_i - c.tau_m) * (pi - pm),
        "pe": pe,
        "pi": pi,
        "e": c.e,
        "th": c.theta,
        "vr": c.v_reset,
        "t_ref": c.t_ref / dt,
        "hm": dt / c.tau_m,
        "he": dt / tau_e,
        "hi": dt / tau_i,
        "ae": (1.0 - pe) * tau_e / c.tau_m,
        "ai": (1.0 - pi) * tau_i / c.tau_m,
        # the input falls within the step: what comes early has more time to leak away
        "ce": (1.0 - pe) * dt / c.tau_m / 12.0,
        "ci": (1.0 - pi) * dt / c.tau_m / 12.0,
        "u": u,
        "iu": 1.0 / u,
        "c3": 1.0 / (3.0 * u),
        "se": c.scale_e,
        "si": c.scale_i,
        "hu": dt / c.tau_m * u,
    }
    state = np.zeros((len(LIF_STATE), c.n), F)
    state[0] = np.where(c.e >= c.theta, c.v_reset, c.e)
    return np.ascontiguousarray([values[name] for name in LIF_PARAMETERS], dtype=F), state


def _adex(c: Adex, dt: float) -> tuple[Floats, Floats]:
    _check_refractory(c.t_ref, dt)
    values: dict[str, Array] = {
        "gl": c.g_l,
        "el": c.e_l,
        "vt": c.v_t,
        "delta": c.delta_t,
        "i": c.i,
        "kc": dt / c.c,
        "a": c.a,
        "kw": dt / c.tau_w,
        "ew": np.exp(-dt / c.tau_w),
        "up": np.exp(-(c.v_peak - c.v_t) / c.delta_t),
        "hdc": dt / (c.delta_t * c.c),
        "hgc": dt * c.g_l / c.c,
        "vr": c.v_r,
        "ur": np.exp(-(c.v_r - c.v_t) / c.delta_t),
        "b": c.b,
        "t_ref": c.t_ref / dt,
    }
    state = np.zeros((len(ADEX_STATE), c.n), F)
    state[0], state[1] = c.e_l, np.exp(-(c.e_l - c.v_t) / c.delta_t)
    return np.ascontiguousarray([values[name] for name in ADEX_PARAMETERS], dtype=F), state


def _check_refractory(t_ref: Array, dt: float) -> None:
    if t_ref.min() < dt * (1.0 - 1e-9):
        raise ParameterError(f"t_ref = {t_ref.min():g} s is shorter than a step of {dt:g} s.")
