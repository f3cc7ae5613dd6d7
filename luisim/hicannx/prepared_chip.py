# SPDX-License-Identifier: GPL-3.0-or-later
"""From chip circuits in SI units to the kernel's arrays: 32 bit floats, times in steps."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from luisim.errors import ParameterError
from luisim.hicannx.electrical import Input, NeuronCircuit
from luisim.hicannx.neuron import resting
from luisim.hicannx.prepared import Jitter, Noise
from luisim.hicannx.run import JITTER_PERIOD
from luisim.kernels import chip
from luisim.kernels.series import F

Array = NDArray[np.float64]


def chip_neurons(c: NeuronCircuit, dt: float, noise: Noise | None) -> dict[str, Any]:
    """Fields of a :class:`Network`. ``noise``: of the thresholds. Raises :class:`ParameterError`."""
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
    inputs = ((chip.USES_EXC, c.excitatory.i_out), (chip.USES_INH, c.inhibitory.i_out))
    blocks = (*inputs, (chip.USES_EXP, c.i_exp), (chip.USES_W, c.i_adapt))
    return {
        "kind": "chip",
        "parameters": np.ascontiguousarray([values[name] for name in chip.CHIP_PARAMETERS], dtype=F),
        "state": state,
        "uses": sum(bit for bit, current in blocks if current.any()),
        "clock": np.ascontiguousarray(c.clock),
        "knot": JITTER_PERIOD,
        **_noise(noise),
    }


def _noise(noise: Noise | None) -> dict[str, Any]:
    if noise is None:
        return {}
    if isinstance(noise, Jitter):
        return {"jitter": np.ascontiguousarray(noise.sd, dtype=F), "seed": noise.seed}
    return {"noise": np.ascontiguousarray(noise.T, dtype=F)}


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
