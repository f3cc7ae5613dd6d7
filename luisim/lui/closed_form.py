# SPDX-License-Identifier: GPL-3.0-or-later
"""Closed forms: firing rate, resting potential and brown-out of a Lu.i board as a person can work them out on paper.

A cycle has three parts. In the pulse Q9 discharges C5 through R19 and the one-shot counts. Then, below V0 = k V_syn, the pull
source starves and the push source helps to charge C5; above it only the leak does::

    t_pulse = C/(G_A + 1/R_reset) ln((V_th - V_r)/(V_low - V_r)) + R27 C9 ln(VDD/(VDD - V_end))
    t_A = C/G_A ln((V_A - V_r)/(V_A - V0)),   G_A = 1/R + 1/R15,  V_A = (V_leak/R + I + I_push)/G_A
    t_B = C/G_B ln((V_B - V0)/(V_B - V_th)),  G_B = 1/R,          V_B = (V_leak/R + I + I_push - I_pull)/G_B

with I the current from outside and the board's offsets, V_r the potential that the reset reaches. Exact for an ideal supply but
for the shape of Q9 and the follower's current limit; within 0.5 % of the model, 2 % where V_B is within 1.5 % of V_th. With a
coin cell the supply of each part is taken as constant.
"""

from dataclasses import dataclass, replace
from math import atan, inf, log

from luisim.errors import ParameterError
from luisim.lui.parameters import LuiParameters
from luisim.lui.rails import VU_LAMPS, Rails, rails
from luisim.lui.temperature import at_temperature
from luisim.quantity import quantities

_LEAST_RESISTANCE = 1.0  # Ohm: a trimmer at its end stop
_TAPS_OF_OFFSET = 3.2  # the stated offset current is that at 3.2 taps of the VU ladder
_RESOLUTION = 1e-3  # V, of the brown-out


@dataclass(frozen=True)
class Cycle:
    """One inter-spike interval: ``pulse``, ``below`` V0 and ``above`` it in s (infinite where the board stays silent).

    ``rest``: the potential in V that the membrane would reach without a threshold.
    """

    pulse: float
    below: float
    above: float
    rest: float

    @property
    def period(self) -> float:
        """The inter-spike interval in s."""
        return self.pulse + self.below + self.above

    @property
    def rate(self) -> float:
        """The firing rate in Hz; 0 for a silent board."""
        return 1.0 / self.period


def cycle(parameters: LuiParameters, current: float = 0.0) -> Cycle:
    """The cycle of a board with nothing at its inputs and ``current`` (A) into its membrane pad."""
    parameters = at_temperature(parameters)
    parts = parameters.parts
    empty, full, fired = rails(parameters), rails(parameters, VU_LAMPS), rails(parameters, VU_LAMPS, output=True)
    g_leak = 1.0 / max(parameters.r_leak, _LEAST_RESISTANCE)
    g_pull = 1.0 / parts.r_pull

    push, _, corner, offset = _sources(parameters, empty)
    conductance, inward = g_leak + parts.comparator_bias / empty.tap, g_leak * empty.leak + offset + current + push
    g_a = conductance + g_pull
    v_a = inward / g_a
    rest = _rest(parameters, full, current)

    g_reset = g_a + _reset_conductance(fired)
    v_reset = inward / g_reset
    c_low = _capacitance(parameters, v_reset, corner)
    c_high = _capacitance(parameters, corner, min(full.threshold, full.vdd))
    if g_reset == g_a or v_reset >= fired.threshold_low:
        return Cycle(inf, inf, inf, rest)  # the reset never gets through: the output latches
    fall = (c_low + c_high) / 2 / g_reset * log((full.threshold - v_reset) / (fired.threshold_low - v_reset))
    counted = parts.r_one_shot * parts.c_ref * log(fired.vdd / (fired.vdd - fired.one_shot_end))
    below = c_low / g_a * log((v_a - v_reset) / (v_a - corner)) if v_a > corner else inf
    above = inf
    if rest > full.threshold:
        above = c_high / conductance * log((rest - corner) / (rest - full.threshold))
    return Cycle(fall + counted, below, above, rest)


def brown_out(parameters: LuiParameters) -> float:
    """The voltage of the cell in V below which the board stops firing; the lowest allowed one if it works even there.

    Below it Q9 no longer pulls the membrane under the lower threshold, so the output stays high after the first spike; or the
    threshold comparator no longer has its headroom, so there is no first spike.
    """
    limits = quantities(LuiParameters)["vdd"]
    low, high = limits.low, limits.high
    if _works(replace(parameters, vdd=low)):
        return low
    if not _works(replace(parameters, vdd=high)):
        raise ParameterError(f"This board does not work at any supply up to {limits.high} V; look at reset_threshold.")
    while high - low > _RESOLUTION:
        middle = 0.5 * (low + high)
        low, high = (low, middle) if _works(replace(parameters, vdd=middle)) else (middle, high)
    return high


def _works(parameters: LuiParameters) -> bool:
    parameters = at_temperature(parameters)
    fired = rails(parameters, VU_LAMPS, output=True)
    if rails(parameters, VU_LAMPS).threshold == inf:
        return False
    push, pull, _, offset = _sources(parameters, fired)
    v = fired.threshold_low
    inward = min((fired.leak - v) / max(parameters.r_leak, _LEAST_RESISTANCE), fired.leak_limit) + offset + push - pull
    return _reset_current(fired, v) > inward


def _rest(parameters: LuiParameters, here: Rails, current: float) -> float:
    parts = parameters.parts
    push, pull, corner, offset = _sources(parameters, here)
    g_leak = 1.0 / max(parameters.r_leak, _LEAST_RESISTANCE)
    conductance = g_leak + parts.comparator_bias / here.tap
    inward = g_leak * here.leak + offset + current + push
    rest = (inward - pull) / conductance
    return rest if rest > corner else inward / (conductance + 1.0 / parts.r_pull)


def _sources(parameters: LuiParameters, here: Rails) -> tuple[float, float, float, float]:
    """Currents of the push and the full pull source (A), the potential at which the latter starves (V), offset current (A)."""
    parts = parameters.parts
    k_push = parts.r_push_top / (parts.r_push_top + parts.r_push_bottom)
    k_pull = parts.r_pull_bottom / (parts.r_pull_top + parts.r_pull_bottom)
    # the integrator at rest: what its transistors leak through RV4
    to_vdd, to_ground = 3.0 / parts.off_resistance_p, parameters.sign.count(-1) / parts.off_resistance_n
    leaked = to_vdd * (here.vdd - here.half) - to_ground * here.half
    v_syn = here.half - max(parameters.r_syn, _LEAST_RESISTANCE) * leaked
    offset = (
        parts.offset_current - (k_push / parts.r_push + k_pull / parts.r_pull) * 3.0 * (1.5 / parts.off_resistance_p) * 11e3
    )
    offset -= parts.offset_push / parts.r_push + parts.offset_pull / parts.r_pull
    offset += _TAPS_OF_OFFSET * parts.comparator_bias
    return k_push * (here.vdd - v_syn) / parts.r_push, k_pull * v_syn / parts.r_pull, k_pull * v_syn, offset


def _capacitance(parameters: LuiParameters, low: float, high: float) -> float:
    """The mean of C5 in F between two membrane potentials in V."""
    c, half = parameters.parts.c_mem, parameters.parts.c_mem_half
    return c * half * (atan(high / half) - atan(low / half)) / (high - low)


def _reset_conductance(here: Rails) -> float:
    """Q9 with R19 at small voltages, in S."""
    if len(here.reset) < 2:
        return 0.0
    voltage, current = here.reset[1]
    return current / voltage


def _reset_current(here: Rails, v: float) -> float:
    """What Q9 with R19 draws from a membrane at ``v`` (V), in A."""
    for (v0, i0), (v1, i1) in zip(here.reset, here.reset[1:], strict=False):
        if v <= v1:
            return i0 + (v - v0) * (i1 - i0) / (v1 - v0)
    return here.reset[-1][1]
