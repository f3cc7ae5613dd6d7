# SPDX-License-Identifier: GPL-3.0-or-later
"""Rails: everything on a Lu.i board that follows from the supply voltage of the moment.

With an ideal supply there is one such set of voltages; with a coin cell's inner resistance there is one for each number of
lit LEDs, because the LEDs (4 mA each, the spike LED 20 mA) pull the supply down and every threshold is a fraction of it.
"""

from dataclasses import dataclass
from math import inf

from luisim.lui.parameters import LuiParameters

# Measured on the reference simulation: supply current 3.37 mA at 3.0 V and 3.50 mA at 3.3 V with no LED lit; 4.14 mA and
# 5.63 mA for a lit VU LED, 41.8 mA and 58.9 mA in the pulse.
_IDLE_CURRENT, _IDLE_SLOPE = 2.08e-3, 0.43e-3
_VU_LED_RESISTANCE = 201.0  # R35 to R40 150, comparator about 35, LED about 16
_SPIKE_LED_RESISTANCE = 20.3  # R41 10, Q12 about 8, LED: the picture of a real board has 2.29 V in the pulse
# MCP6004 near its rails: 1.7 mV and 38 Ohm on the reference simulation
RAIL_DROP, RAIL_RESISTANCE = 1.7e-3, 38.0
_COMPARATOR_SATURATION = 0.123  # V, U3B pulling R21 and R24 down, on the reference simulation
_OUTPUT_LOW = 0.150  # V, U3A pulling R20 down, on the reference simulation
_INPUT_LOAD = 100e3  # R1 to R3, the pull-down of each input that an output drives
_VU_TOP, _VU_STEP, VU_LAMPS = 470e3, 56e3, 6  # R28, R29 to R34
RESET_CORNERS = 11  # of the polygon that stands for the square law of Q9
_RESET_GAIN, _RESET_DRAIN_RESISTANCE = (
    0.36,
    0.977,
)  # 2N7002, A/V^2 and Ohm: fall of V_mem at 3.0 and 2.5 V, reference simulation


@dataclass(frozen=True, slots=True)
class Rails:
    """Voltages (V), currents (A) and conductances (S) at one supply voltage ``vdd``."""

    vdd: float
    half: float  # the integrator's reference
    leak: float  # behind the leak follower
    leak_at_rail: bool  # the follower cannot go where RV5 stands: within 1.7 mV of a rail
    leak_limit: float  # short-circuit current of the leak follower, A
    threshold: float  # membrane potential that starts a spike; infinity where the comparator does not see it
    threshold_low: float  # membrane potential that lets the one-shot begin to time
    one_shot_end: float  # voltage on C9 that ends the output pulse
    output_high: float
    output_low: float
    reset: tuple[tuple[float, float], ...]  # Q9 with R19: corners (membrane potential, current) from 0 to saturation
    synapse_on_p: float  # channel resistance of an excitatory synapse's BSS84, Ohm
    tap: float  # step of the VU ladder
    lamps_up: tuple[float, ...]  # membrane potential that lights VU LED 1, 2, ...


def supply_voltage(parameters: LuiParameters, lamps: int, output: bool) -> float:
    """VDD in V under the load of ``lamps`` lit VU LEDs and, with ``output``, the spike LED."""
    r = parameters.r_battery
    led = lamps / _VU_LED_RESISTANCE + (1.0 / _SPIKE_LED_RESISTANCE if output else 0.0)
    knee = parameters.parts.led_voltage
    vdd = (parameters.vdd - r * _IDLE_CURRENT + r * led * knee) / (1.0 + r * (_IDLE_SLOPE + led))
    if vdd < knee:  # too low for any LED
        vdd = (parameters.vdd - r * _IDLE_CURRENT) / (1.0 + r * _IDLE_SLOPE)
        vdd = min(vdd, knee)
    return vdd


def rails(parameters: LuiParameters, lamps: int = 0, output: bool = False, loads: int = 0) -> Rails:
    """The rails with ``lamps`` VU LEDs lit, the output high or not, and ``loads`` inputs wired to the output."""
    parts = parameters.parts
    vdd = supply_voltage(parameters, lamps, output)

    # threshold comparator U3B; at the threshold half of its bias current flows out of the + input into the divider
    top, bottom = 1.0 / parts.r_threshold_top, 1.0 / parts.r_threshold_bottom
    feedback_up = 1.0 / (parts.r_threshold_feedback + parts.r_threshold_pull_up)
    feedback_down = 1.0 / parts.r_threshold_feedback
    up = (vdd * (top + feedback_up) + 0.5 * parts.comparator_bias) / (top + feedback_up + bottom)
    down = (vdd * top + _COMPARATOR_SATURATION * feedback_down + 0.5 * parts.comparator_bias) / (top + feedback_down + bottom)

    # output J4: pulled up by R20, loaded by the inputs it drives and, since 2025, by R45 into the one-shot's divider
    load = loads / _INPUT_LOAD
    pull_up, ref_top, ref_bottom = 1.0 / parts.r_output, 1.0 / parts.r_one_shot_top, 1.0 / parts.r_one_shot_bottom
    if parts.revision == 2023:
        high = vdd * pull_up / (pull_up + load)
        end = vdd * ref_top / (ref_top + ref_bottom)
    else:
        feedback = 1.0 / parts.r_one_shot_feedback
        # two nodes: (pull_up + load + feedback) high - feedback end = pull_up vdd, and the divider's
        a, b = pull_up + load + feedback, ref_top + ref_bottom + feedback
        determinant = a * b - feedback * feedback
        high = vdd * (pull_up * b + feedback * ref_top) / determinant
        end = vdd * (a * ref_top + feedback * pull_up) / determinant

    threshold = up + parts.offset_threshold
    if threshold > vdd - parts.comparator_headroom:
        threshold = inf  # LM339 with both inputs too close to its supply: the output stays high

    leak = vdd * parameters.v_leak + parts.offset_leak
    reachable = min(max(leak, RAIL_DROP), vdd - RAIL_DROP)
    return Rails(
        vdd=vdd,
        half=vdd * parts.r_half_bottom / (parts.r_half_top + parts.r_half_bottom) + parts.offset_integrator,
        leak=reachable,
        leak_at_rail=leak != reachable,
        # MCP6004: 10 mA x (0.359 VDD + 0.31) on the reference simulation; data sheet 6 mA at 1.8 V, 23 mA at 5.5 V
        leak_limit=10e-3 * (0.359 * vdd + 0.31),
        threshold=threshold,
        threshold_low=down + parts.offset_threshold,
        one_shot_end=end + parts.offset_one_shot,
        output_high=high,
        output_low=_OUTPUT_LOW,
        reset=_reset_corners(high - parts.reset_threshold, parts.r_reset),
        # BSS84 data sheet: 5 Ohm typical, 10 Ohm at most, at -5 V; threshold about -1.7 V
        synapse_on_p=4.07 + 1.0 / (0.146 * max(vdd - 1.709, 0.05)),
        tap=vdd * _VU_STEP / (_VU_TOP + VU_LAMPS * _VU_STEP),
        lamps_up=_lamp_thresholds(vdd, parts.comparator_bias),
    )


def _reset_corners(overdrive: float, r_reset: float) -> tuple[tuple[float, float], ...]:
    """The square law of Q9 behind R19 as a polygon: I = gain (overdrive - v/2) v up to saturation at v = overdrive."""
    if overdrive <= 0.0:
        return ((0.0, 0.0),)
    corners = []
    for corner in range(RESET_CORNERS):
        v = overdrive * corner / (RESET_CORNERS - 1)
        current = _RESET_GAIN * (overdrive - 0.5 * v) * v
        corners.append((v + current * (r_reset + _RESET_DRAIN_RESISTANCE), current))
    return tuple(corners)


def _lamp_thresholds(vdd: float, bias: float) -> tuple[float, ...]:
    """The taps of the VU ladder. Bias flows into the taps of lit LEDs, and half of it where the membrane just passes."""
    total = _VU_TOP + VU_LAMPS * _VU_STEP
    below = [_VU_STEP * n for n in range(1, VU_LAMPS + 1)]  # resistance from tap n to ground
    raised = [bias * (1.0 - b / total) * (sum(below[:n]) + 0.5 * b) for n, b in enumerate(below)]
    return tuple(vdd * b / total + up for b, up in zip(below, raised, strict=True))
