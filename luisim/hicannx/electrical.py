# SPDX-License-Identifier: GPL-3.0-or-later
"""NeuronCircuit: what the settings mean in volt, ampere and farad on one chip. Model and netlist both start from it."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luisim.hicannx import capmem
from luisim.hicannx.constants import (
    C_MEM_FULL,
    C_MEM_PARASITIC,
    CAPACITANCE_MAX,
    CAPMEM_CURRENT,
    CLOCK,
    HOLDOFF_CLOCKS,
)
from luisim.hicannx.instance import ChipInstance, Mismatch
from luisim.hicannx.parameters import Columns, HicannX, columns
from luisim.hicannx.profiles import Profile

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Input:
    """A synaptic input of n neurons: (n,) arrays. ``i_out`` = 0 A: switched off.

    An event of weight 1 moves the line by ``step`` V, which decays with ``tau`` s. The OTA gives
    ``i_out`` tanh((line + ``offset``) / ``v_lin``) A; in conductance mode that times tanh((``reversal`` - V) / ``v_lin_coba``).
    """

    tau: Array
    step: Array
    i_out: Array
    v_lin: Array
    offset: Array
    coba: Array
    reversal: Array
    v_lin_coba: Array

    def take(self, index: NDArray[np.intp]) -> "Input":
        """Only the neurons at ``index``."""
        return Input(*(getattr(self, f.name)[index] for f in fields(self)))


@dataclass(frozen=True)
class NeuronCircuit:
    """n neuron circuits in SI units: every field an (n,) array, or an :class:`Input` of such.

    OTAs give ``i`` tanh(dV / ``v_lin``). ``clock``: period of the refractory counter in s, and of how many periods the reset
    (``n_reset``), the refractory period (``n_refractory``) and the adaptation pulse (``n_pulse``) last.
    """

    c_mem: Array
    v_leak: Array
    i_leak: Array
    v_lin_leak: Array
    v_reset: Array
    i_reset: Array
    v_lin_reset: Array
    v_threshold: Array
    fires: Array
    comparator_delay: Array
    comparator_width: Array
    clock: Array
    n_reset: Array
    n_refractory: Array
    n_pulse: Array
    i_constant: Array
    i_exp: Array
    v_exp: Array
    exp_slope: Array
    exp_limit: Array
    exp_pause: Array
    c_adapt: Array
    tau_adapt: Array
    v_adapt_ref: Array
    v_adapt_leak: Array
    i_a: Array
    i_b: Array
    i_adapt: Array
    v_lin_adapt: Array
    excitatory: Input
    inhibitory: Input

    @property
    def n(self) -> int:
        """How many neurons."""
        return int(self.c_mem.size)

    def take(self, index: NDArray[np.intp]) -> "NeuronCircuit":
        """Only the neurons at ``index``."""
        chosen: dict[str, Any] = {}
        for f in fields(self):
            value = getattr(self, f.name)
            chosen[f.name] = value.take(index) if isinstance(value, Input) else value[index]
        return NeuronCircuit(**chosen)


def circuit_of(device: HicannX) -> NeuronCircuit:
    """The neuron circuits of a device, with the mismatch of its chip."""
    return electrical(
        columns(device.neurons),
        device.chip_profile,
        mismatch_of(device),
        clock_scale=device.clock_scale,
        pulse_clock_scale=device.pulse_clock_scale,
    )


def mismatch_of(device: HicannX) -> Mismatch:
    """The mismatch of the device's neurons: that of its instance, or its own deviations in place of it."""
    if device.deviations is not None:
        return device.deviations
    drawn = ChipInstance(device.seed).mismatch(device.first + len(device.neurons))
    return Mismatch(**{f.name: getattr(drawn, f.name)[device.first :] for f in fields(Mismatch)})


def electrical(
    lsb: Columns, profile: Profile, mismatch: Mismatch, *, clock_scale: int = 0, pulse_clock_scale: int = 0
) -> NeuronCircuit:
    """The circuits that the settings ``lsb`` (name -> (n,)) make on neurons with this ``mismatch`` (n,)."""
    ones = np.ones_like(lsb["leak_v_leak"])
    unit = profile.madc_lsb
    c_mem = (C_MEM_FULL - C_MEM_PARASITIC) * lsb["membrane_capacitance_capacitance"] / CAPACITANCE_MAX + C_MEM_PARASITIC
    i_leak, v_lin_leak = _ota(lsb, "leak", profile)
    i_reset, v_lin_reset = _ota(lsb, "reset", profile)
    n_refractory = np.maximum(lsb["refractory_period_refractory_time"], 1.0)
    n_reset = n_refractory - (HOLDOFF_CLOCKS - 2.0 * lsb["refractory_period_reset_holdoff"])
    clock = 2.0 ** (clock_scale + 1) / CLOCK
    n_pulse = np.minimum(profile.adaptation_pulse * 2.0 ** (pulse_clock_scale - clock_scale), n_refractory)
    adapts = lsb["adaptation_enable"]
    sign_a, sign_b = 1.0 - 2.0 * lsb["adaptation_invert_a"], 1.0 - 2.0 * lsb["adaptation_invert_b"]
    tau_adapt = profile.tau_adaptation / np.maximum(lsb["adaptation_i_bias_tau"], 1.0) * (1.0 + mismatch.tau_adaptation)
    # a volt a microsecond and LSB is what the recordings give, so the full capacitance turns it into amperes
    constant = profile.constant_gain_lsb * unit / 1e-6 * C_MEM_FULL * lsb["constant_current_i_offset"]
    return NeuronCircuit(
        c_mem=c_mem * (1.0 + mismatch.c_mem),
        v_leak=capmem.leak_potential(lsb["leak_v_leak"], profile) + mismatch.v_leak + mismatch.v_ota,
        i_leak=i_leak * (1.0 + mismatch.i_leak),
        v_lin_leak=v_lin_leak * (1.0 + mismatch.v_lin),
        v_reset=capmem.reset_potential(lsb["reset_v_reset"], profile) + mismatch.v_reset + mismatch.v_ota,
        i_reset=i_reset * (1.0 + mismatch.i_reset),
        v_lin_reset=v_lin_reset * (1.0 + mismatch.v_lin),
        v_threshold=capmem.threshold_potential(lsb["threshold_v_threshold"], profile) + mismatch.v_threshold,
        fires=lsb["threshold_enable"],
        comparator_delay=profile.comparator_delay * ones,
        comparator_width=profile.comparator_width_lsb * unit * ones,
        clock=clock * ones,
        n_reset=np.maximum(n_reset, 0.0),
        n_refractory=n_refractory,
        n_pulse=n_pulse,
        i_constant=constant
        * lsb["constant_current_enable"]
        * (1.0 - 2.0 * lsb["constant_current_type"])
        * (1.0 + mismatch.i_constant),
        i_exp=profile.exponential_factor * capmem.cell_current(lsb["exponential_i_bias"]) * lsb["exponential_enable"],
        v_exp=capmem.free_potential(lsb["exponential_v_exp"], profile) + mismatch.v_exponential,
        exp_slope=profile.exponential_slope * ones,
        exp_limit=profile.exponential_limit * ones,
        exp_pause=lsb["refractory_period_enable_pause"],
        c_adapt=profile.c_adaptation * ones,
        tau_adapt=tau_adapt,
        v_adapt_ref=capmem.free_potential(lsb["adaptation_v_ref"], profile),
        v_adapt_leak=capmem.free_potential(lsb["adaptation_v_leak"], profile),
        i_a=adapts
        * sign_a
        * profile.adaptation_a_gain
        * capmem.cell_current(lsb["adaptation_i_bias_a"])
        * (1.0 + mismatch.a_adaptation),
        i_b=adapts
        * lsb["adaptation_enable_pulse"]
        * sign_b
        * capmem.cell_current(lsb["adaptation_i_bias_b"])
        * (1.0 + mismatch.b_adaptation),
        i_adapt=adapts * profile.adaptation_output,
        v_lin_adapt=profile.v_lin_adaptation * ones,
        excitatory=_input(lsb, "excitatory", profile, mismatch.tau_excitatory, mismatch.gm_excitatory, mismatch.v_excitatory),
        inhibitory=_input(lsb, "inhibitory", profile, mismatch.tau_inhibitory, mismatch.gm_inhibitory, mismatch.v_inhibitory),
    )


def _ota(lsb: Columns, mode: str, profile: Profile) -> tuple[Array, Array]:
    """Saturation current in A and linear range in V of the shared OTA in the mode ``leak`` or ``reset``.

    The pair leaves weak inversion as its bias grows: v_lin^2 = weak^2 + strong^2 (I_bias / 200)^power.
    Division and multiplication are ratios of the output mirrors, so they leave the pair as it is.
    """
    bias = lsb[f"{mode}_i_bias"]
    factor = profile.ota_factor ** (lsb[f"{mode}_enable_multiplication"] - lsb[f"{mode}_enable_division"])
    v_lin = profile.madc_lsb * np.sqrt(
        profile.ota_weak_lsb**2 + profile.ota_strong_lsb**2 * (bias / 200.0) ** profile.ota_power
    )
    v_lin = v_lin * np.where(lsb[f"{mode}_enable_degeneration"] > 0.0, profile.degeneration, 1.0)
    return profile.ota_gain * CAPMEM_CURRENT * bias * factor, v_lin


def _input(lsb: Columns, receptor: str, profile: Profile, d_tau: Array, d_gm: Array, d_v: Array) -> Input:
    def setting(name: str) -> Array:
        return lsb[f"{receptor}_input_{name}"]

    capacitance = np.where(setting("enable_small_capacitance") > 0.0, 1.0, profile.large_capacitance)
    resistance = np.where(setting("enable_high_resistance") > 0.0, profile.high_resistance, 1.0)
    ones = np.ones_like(capacitance)
    coba = setting("enable_coba_mode")
    i_out = profile.synapse_gain * capmem.cell_current(setting("i_bias_gm")) * setting("enable")
    # in conductance mode the second pair's bias is the output current at full drive
    i_coba = profile.synapse_gain * capmem.cell_current(setting("i_bias_coba")) * setting("enable")
    sign = 1.0 if receptor == "excitatory" else -1.0
    return Input(
        tau=profile.synapse_tau * capacitance * resistance / np.maximum(setting("i_bias_tau"), 1.0) * (1.0 + d_tau),
        step=profile.synapse_step / capacitance,
        i_out=np.where(coba > 0.0, i_coba, sign * i_out) * (1.0 + d_gm),
        v_lin=profile.v_lin_synapse * ones,
        offset=(setting("i_shift_reference") - profile.shift_nominal) * profile.shift_step + d_v,
        coba=coba,
        reversal=capmem.free_potential(setting("e_coba_reversal"), profile),
        v_lin_coba=profile.v_lin_coba * ones,
    )
