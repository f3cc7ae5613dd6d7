# SPDX-License-Identifier: GPL-3.0-or-later
"""AdEx: firing patterns of the adaptive exponential integrate-and-fire model as settings of a neuron circuit.

The sets are those of Naud, Marcille, Clopath and Gerstner (2008), "Firing patterns in the adaptive exponential
integrate-and-fire model", table 1. A millisecond of theirs is a microsecond on the chip, and their slope factor is the
exponential's n U_T; all other voltages and currents follow. Two numbers differ from the print, where said.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from luisim.errors import ParameterError
from luisim.hicannx.constants import C_MEM_FULL, C_MEM_PARASITIC, CAPACITANCE_MAX, CAPMEM_CURRENT, CLOCK
from luisim.hicannx.parameters import HicannX, NeuronLsb
from luisim.hicannx.profiles import PROFILES, Profile

Array = NDArray[np.float64]

_SPEED = 1000.0
_CAPACITANCE = 32  # LSB; leaves the constant current enough reach for the strongest set
_RHEOBASE_LSB = 520.0  # where the exponential sets in, in MADC LSB: leaves room below and above
_CUT = 4.0  # the comparator stands so many slope factors above
_REFRACTORY = 64  # clocks of 8 ns


@dataclass(frozen=True)
class Adex:
    """A set of the model: pF, nS, mV, ms, pA, as it is printed."""

    c: float
    g_l: float
    e_l: float
    v_t: float
    delta_t: float
    a: float
    tau_w: float
    b: float
    v_r: float
    i: float


PATTERNS = {
    "tonic": Adex(200, 10, -70, -50, 2, 2, 30, 0, -58, 500),
    "adapting": Adex(200, 12, -70, -50, 2, 2, 300, 60, -58, 500),
    "initial-burst": Adex(130, 18, -58, -50, 2, 4, 150, 120, -51, 400),  # v_r printed as -50: the leak's OTA bends
    "bursting": Adex(200, 10, -58, -50, 2, 2, 120, 100, -46, 210),
    "transient": Adex(100, 10, -65, -50, 2, 10, 90, 30, -47, 250),  # i printed as 350: a's OTA saturates
}


def device_for(pattern: str, profile: str = "v2_2021") -> HicannX:
    """A nominal chip with one neuron that is set to a pattern. Raises :class:`ParameterError` for an unknown one."""
    if pattern not in PATTERNS:
        raise ParameterError(f"There is no pattern {pattern!r}; there are {', '.join(PATTERNS)}.")
    return HicannX((settings(PATTERNS[pattern], PROFILES[profile]),), profile, pulse_clock_scale=2)


def settings(adex: Adex, profile: Profile) -> NeuronLsb:
    """The settings nearest to a set of the model."""
    volt = profile.exponential_slope / adex.delta_t  # V a mV
    c = (C_MEM_FULL - C_MEM_PARASITIC) * _CAPACITANCE / CAPACITANCE_MAX + C_MEM_PARASITIC
    siemens = c / (adex.c * 1e-12) * 1e-9 * _SPEED  # S a nS
    ampere = siemens * volt  # A a pA, as nS mV = pA
    g_w = profile.adaptation_output / profile.v_lin_adaptation
    tau_w = adex.tau_w * 1e-3 / _SPEED
    a_charge = adex.a * siemens / g_w * profile.c_adaptation / tau_w * profile.v_lin_adaptation
    pulse = profile.adaptation_pulse * 4.0 * 2.0 / CLOCK
    b_charge = adex.b * ampere / g_w * profile.c_adaptation / pulse
    constant = profile.constant_gain_lsb * profile.madc_lsb / 1e-6 * C_MEM_FULL

    leak_bias, division = _leak_bias(adex.c / adex.g_l * 1e-3 / _SPEED, c, profile)

    def lsb(mv: float) -> float:
        return _RHEOBASE_LSB + (mv - adex.v_t) * volt / profile.madc_lsb

    return NeuronLsb(
        leak_v_leak=_code((lsb(adex.e_l) - profile.leak_offset_lsb) / profile.leak_slope_lsb),
        leak_i_bias=leak_bias,
        leak_enable_degeneration=True,
        leak_enable_division=division,
        reset_v_reset=_code((lsb(adex.v_r) - profile.reset_offset_lsb) / profile.reset_slope_lsb),
        reset_i_bias=1022,
        reset_enable_multiplication=True,
        threshold_v_threshold=_code(
            (lsb(adex.v_t + _CUT * adex.delta_t) - profile.threshold_offset_lsb) / profile.threshold_slope_lsb
        ),
        threshold_enable=True,
        membrane_capacitance_capacitance=_CAPACITANCE,
        refractory_period_refractory_time=_REFRACTORY,
        refractory_period_enable_pause=True,
        constant_current_enable=True,
        constant_current_i_offset=_code(adex.i * ampere / constant),
        exponential_enable=True,
        exponential_v_exp=_code((lsb(adex.v_t) - profile.adaptation_offset_lsb) / profile.adaptation_slope_lsb),
        exponential_i_bias=_code(adex.g_l * siemens * profile.exponential_slope / profile.exponential_factor / CAPMEM_CURRENT),
        adaptation_enable=True,
        adaptation_enable_pulse=adex.b > 0.0,
        adaptation_v_leak=_code((lsb(adex.e_l) - profile.adaptation_offset_lsb) / profile.adaptation_slope_lsb),
        adaptation_v_ref=600,
        adaptation_i_bias_tau=_code(profile.tau_adaptation / tau_w),
        adaptation_i_bias_a=_code(a_charge / profile.adaptation_a_gain / CAPMEM_CURRENT),
        adaptation_i_bias_b=_code(b_charge / CAPMEM_CURRENT),
    )


def pattern_of(spikes: Array, duration: float) -> str:
    """What a spike train under a constant current shows: the name of a pattern, or "silent".

    Transient: it stops in the first half. Bursting: short intervals go on following long ones. Initial burst: short intervals
    only at the start. Adapting: they grow. Tonic: they are equal.
    """
    if spikes.size == 0:
        return "silent"
    if spikes[-1] < 0.5 * duration or spikes.size < 3:
        return "transient"
    isi = np.diff(spikes)
    late = isi[isi.size // 2 :]
    if np.any(late[1:] < 0.7 * late[:-1]):
        return "bursting"
    settled = float(np.mean(late))
    first = isi[0] / settled
    if first > 0.8:
        return "tonic"
    # a burst jumps to the settled interval, adaptation glides there
    between = np.count_nonzero((isi > (first + 0.2 * (1.0 - first)) * settled) & (isi < 0.85 * settled))
    return "adapting" if between >= 2 else "initial-burst"


def _leak_bias(tau: float, c: float, profile: Profile) -> tuple[int, bool]:
    """The bias whose small-signal time constant with degeneration comes nearest to ``tau``, and whether it is divided.

    Division gives the wider linear range, so it is taken wherever it reaches.
    """
    bias = np.arange(1.0, 1023.0)
    v_lin = profile.madc_lsb * np.sqrt(
        profile.ota_weak_lsb**2 + profile.ota_strong_lsb**2 * (bias / 200.0) ** profile.ota_power
    )
    undivided = profile.degeneration * v_lin * c / (profile.ota_gain * CAPMEM_CURRENT * bias)
    division = bool(tau >= profile.ota_factor * undivided[-1])
    nearest = np.argmin(np.abs(undivided * (profile.ota_factor if division else 1.0) - tau))
    return int(bias[nearest]), division


def _code(value: float) -> int:
    if not 0 <= round(value) <= 1022:
        raise ParameterError(f"A set of the model needs a cell at {value:.0f}; cells reach from 0 to 1022.")
    return round(value)
