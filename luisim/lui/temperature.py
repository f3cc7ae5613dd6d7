# SPDX-License-Identifier: GPL-3.0-or-later
"""Temperature: what a cold or hot room changes on a Lu.i board, as far as the data sheets of its parts give it.

Left out because it does not show: the drift of the op amps (MCP6004 data sheet: 2 uV/K), of the resistors (100 ppm/K, and most
work as ratios), of Q9's on-resistance (1 %/K of 1 Ohm beside R19). Left out because the sheets give limits or curves only: the
LM339's bias current (at most 250 nA at 25 °C, 400 nA from 0 to 70 °C), the inner resistance of the coin cell (set it by hand).
"""

from dataclasses import replace

from luisim.lui.parameters import LuiParameters

REFERENCE = 25.0  # °C, where the data sheets give their values

_RESET_SLOPE = -4.0e-3  # V/K, threshold voltage of Q9: 2N7002W data sheet (onsemi)
_LED_SLOPE = -1.9e-3  # V/K, forward voltage: data sheets of red AlGaInP LEDs (Kingbright)
# X5R: within 15 % from -55 to 85 °C (EIA RS-198). Typical curves fall to both sides of room temperature; this parabola uses up
# the class at both ends.
_X5R_LOSS, _X5R_COLDEST, _X5R_HOTTEST = 0.15, -55.0, 85.0


def at_temperature(parameters: LuiParameters) -> LuiParameters:
    """The board at 25 °C whose parts have the values that those of ``parameters`` have at its temperature."""
    excess = parameters.temperature - REFERENCE
    if excess == 0.0:
        return parameters
    parts = parameters.parts
    left = 1.0 - _X5R_LOSS * (excess / ((_X5R_HOTTEST if excess > 0.0 else _X5R_COLDEST) - REFERENCE)) ** 2
    warmed = replace(
        parts,
        c_mem=left * parts.c_mem,
        c_syn=left * parts.c_syn,
        c_ref=left * parts.c_ref,
        reset_threshold=min(max(parts.reset_threshold + _RESET_SLOPE * excess, 0.8), 2.5),
        led_voltage=min(max(parts.led_voltage + _LED_SLOPE * excess, 1.5), 2.4),
    )
    return replace(parameters, temperature=REFERENCE, parts=warmed)
