# SPDX-License-Identifier: GPL-3.0-or-later
"""From neurons and lines in SI units to the kernel's arrays: 32 bit floats, times in steps."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from luisim.errors import ParameterError
from luisim.hicannx.electrical import Input, NeuronCircuit
from luisim.hicannx.ideal import Adex, Lif
from luisim.hicannx.lines import Lines
from luisim.hicannx.neuron import resting
from luisim.hicannx.run import JITTER_PERIOD
from luisim.kernels import chip
from luisim.kernels.adex import ADEX_PARAMETERS, ADEX_STATE
from luisim.kernels.lif import LIF_PARAMETERS, LIF_STATE
from luisim.kernels.network import Network
from luisim.kernels.series import F, Floats

Array = NDArray[np.float64]


Neurons = NeuronCircuit | Lif | Adex


def network_of(neurons: Neurons, lines: Lines, dt: float, watch: NDArray[np.int64], noise: Array | None = None) -> Network:
    """A network at its start. ``noise``: (n, knots) V on the thresholds of chip circuits.

    Raises :class:`ParameterError` if ``dt`` is too long for it.
    """
    delay = (lines.delay + lines.latency) / dt
    if lines.targets.size and delay < 1.0 - 1e-9:
        raise ParameterError(f"Spikes arrive {delay * dt:g} s later, within a step; make delay at least dt = {dt:g} s.")
    assert lines.targets_from is not None
    network = Network(
        **_neurons(neurons, dt),
        delay=delay,
        weights=lines.weights,
        sign=lines.sign,
        targets_from=lines.targets_from,
        targets=lines.targets,
        utilization=None if lines.utilization is None else np.asarray(lines.utilization, F),
        recovery=None if lines.recovery is None else np.asarray(lines.recovery / dt, F),
        watch=watch,
        dt=dt,
        knot=JITTER_PERIOD,
    )
    if isinstance(neurons, NeuronCircuit):
        network.clock = np.ascontiguousarray(neurons.clock)
        network.noise = None if noise is None else np.ascontiguousarray(noise.T, dtype=F)
    return network


def _neurons(neurons: Neurons, dt: float) -> dict[str, Any]:
    if isinstance(neurons, NeuronCircuit):
        parameters, state = _chip(neurons, dt)
        inputs = ((chip.USES_EXC, neurons.excitatory.i_out), (chip.USES_INH, neurons.inhibitory.i_out))
        blocks = (*inputs, (chip.USES_EXP, neurons.i_exp), (chip.USES_W, neurons.i_adapt))
        uses = sum(bit for bit, current in blocks if current.any())
        return {"kind": "chip", "parameters": parameters, "state": state, "uses": uses}
    if isinstance(neurons, Adex):
        kind, (parameters, state) = "adex", _adex(neurons, dt)
    else:
        kind, (parameters, state) = "lif" if neurons.v_lin is None else "lif_ota", _lif(neurons, dt)
    return {"kind": kind, "parameters": parameters, "state": state}


def _chip(c: NeuronCircuit, dt: float) -> tuple[Floats, Floats]:
    if c.comparator_delay.min() < dt * (1.0 - 1e-9):
        least = c.comparator_delay.min()
        raise ParameterError(f"dt = {dt:g} s is longer than a comparator takes to fire; it must be at most {least:g} s.")
    speed = dt / c.c_mem
    values = {
        "e_leak": c.v_leak,
        "iu_leak": 1.0 / c.v_lin_leak,
        "k_leak": c.i_leak * speed,
        "e_reset": c.v_reset,
        "iu_reset": 1.0 / c.v_lin_reset,
        "k_reset": c.i_reset * speed,
        "v_th": np.where(c.fires > 0.0, c.v_threshold, 1e9),
        "i_width": 1.0 / c.comparator_width,
        "delay": c.comparator_delay / dt,
        "k_constant": c.i_constant * speed,
        "k_exp": np.where(c.i_exp > 0.0, c.exp_limit, 0.0) * speed,
        "l_exp": np.log(np.maximum(c.i_exp, 1e-30) / c.exp_limit) - c.v_exp / c.exp_slope,
        "is_exp": 1.0 / c.exp_slope,
        "pause": c.exp_pause,
        "k_out": c.i_adapt * speed,
        "w_ref": c.v_adapt_ref,
        "iu_w": 1.0 / c.v_lin_adapt,
        "v_a": c.v_adapt_leak,
        "g_a": c.i_a * c.tau_adapt / c.c_adapt,
        "g_b": c.i_b * c.tau_adapt / c.c_adapt,
        "h_w": dt / c.tau_adapt,
        "n_reset": c.n_reset,
        "n_refractory": c.n_refractory,
        "n_pulse": c.n_pulse,
        "se": c.excitatory.step,
        "si": c.inhibitory.step,
    }
    values |= _input(c.excitatory, "exc", speed, dt) | _input(c.inhibitory, "inh", speed, dt)
    rest, state = resting(c), np.zeros((len(chip.CHIP_STATE), c.n), F)
    state[0], state[3] = rest.v, rest.w
    return np.ascontiguousarray([values[name] for name in chip.CHIP_PARAMETERS], dtype=F), state


def _input(receptor: Input, name: str, speed: Array, dt: float) -> dict[str, Array]:
    if receptor.tau.min() < 2.0 * dt:
        raise ParameterError(f"A synaptic time constant of {receptor.tau.min():g} s is too short for steps of {dt:g} s.")
    keep = np.exp(-dt / receptor.tau)
    return {
        f"p_{name}": keep,
        f"a_{name}": (1.0 - keep) * receptor.tau / dt,
        f"h_{name}": dt / receptor.tau,
        f"k_{name}": receptor.i_out * speed,
        f"o_{name}": receptor.offset,
        f"iv_{name}": 1.0 / receptor.v_lin,
        f"coba_{name}": (receptor.coba > 0.0).astype(np.float64),
        f"r_{name}": receptor.reversal,
        f"ic_{name}": 1.0 / receptor.v_lin_coba,
    }


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
        "ce": (1.0 - pe) * tau_e / c.tau_m * dt / tau_e / 12.0,
        "ci": (1.0 - pi) * tau_i / c.tau_m * dt / tau_i / 12.0,
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
