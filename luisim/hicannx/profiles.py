# SPDX-License-Identifier: GPL-3.0-or-later
"""Profiles: what is known of two generations of the chip, each number with its source or the recording it was fitted to.

Voltages of the leak, reset and threshold cells are given where the membrane meets them, read by the MADC: the chip has source
followers and level shifts between, which no public text gives in volts. 1 LSB of the MADC is ``madc_lsb`` volts.
"""

from dataclasses import dataclass
from typing import Annotated

from luisim.quantity import Quantity, check_fields


@dataclass(frozen=True)
class Profile:
    """One kind of chip. Quantities in MADC LSB say so in their name; all others are SI."""

    name: str

    # where a cell's value puts the membrane: slope * value + offset in MADC LSB, never below a floor (a source follower's)
    leak_slope_lsb: Annotated[float, Quantity("", 0.1, 2.0, "fitted to single_neuron_silent, _fixed_pattern, girlsday_lot")]
    leak_offset_lsb: Annotated[float, Quantity("", -500, 500, "fitted to single_neuron_silent (374.4 at 700)")]
    leak_floor_lsb: Annotated[float, Quantity("", 0, 500, "fitted to girlsday_pynn (190 at 400)")]
    reset_slope_lsb: Annotated[float, Quantity("", 0.1, 2.0, "the same OTA as the leak")]
    reset_offset_lsb: Annotated[float, Quantity("", -500, 500, "the same OTA as the leak")]
    reset_floor_lsb: Annotated[float, Quantity("", 0, 500, "fitted to single_neuron_fixed_pattern, _lot, girlsday_lot")]
    threshold_slope_lsb: Annotated[float, Quantity("", 0.1, 2.0, "fitted to single_neuron_fixed_pattern and girlsday_lot")]
    threshold_offset_lsb: Annotated[float, Quantity("", -500, 500, "fitted to single_neuron_fixed_pattern")]

    # leak and reset OTA: I = gain * I_bias * tanh(dV / v_lin), v_lin^2 = weak^2 + strong^2 * (I_bias / 200 LSB)^power
    ota_gain: Annotated[
        float, Quantity("", 0.1, 10, "fitted to single_neuron_fixed_pattern; about 1, as in a differential pair")
    ]
    ota_strong_lsb: Annotated[float, Quantity("", 10, 2000, "fitted to girlsday_lot and to the reset of _fixed_pattern")]

    ota_power: Annotated[float, Quantity("", 0.3, 1.5, "fitted to the reset of _fixed_pattern; 1 is the square law")]

    # synaptic input: the line drops by line_step * weight an event; current = gain * I_gm * tanh(drop / v_lin)
    synapse_gain: Annotated[float, Quantity("", 0.01, 10, "fitted to single_neuron_stimulation and girlsday_pynn")]
    synapse_step: Annotated[float, Quantity("V", 1e-5, 0.1, "line drop a weight unit; fitted to single_neuron_stimulation")]

    floor_knee_lsb: Annotated[
        float, Quantity("", 1, 100, "assumed: softness of the floor, a source follower's weak inversion")
    ] = 15.0
    ota_weak_lsb: Annotated[float, Quantity("", 10, 200, "2 n U_T with n = 1.3 at 300 K")] = 54.0
    degeneration: Annotated[float, Quantity("", 1, 10, "assumed: v_lin grows by this factor with source degeneration")] = 3.0
    ota_factor: Annotated[float, Quantity("", 1, 16, "haldls: division and multiplication by 8")] = 8.0

    madc_lsb: Annotated[
        float, Quantity("V", 1e-3, 2e-3, "so that the leak's saturation current equals its bias; 1.17 to 1.56 mV")
    ] = 1.235e-3
    buffer_low: Annotated[float, Quantity("V", 0, 0.5, "assumed: a rail-to-rail buffer stops short of its rails")] = 0.03
    buffer_high: Annotated[float, Quantity("V", 0.5, 2.5, "assumed: as buffer_low, at the 1.2 V rail")] = 1.16
    noise_white_lsb: Annotated[float, Quantity("", 0, 10, "fitted to single_neuron_silent: 1.3 with the rounding")] = 1.27
    noise_slow_lsb: Annotated[float, Quantity("", 0, 10, "fitted to single_neuron_silent: slower than 1 us")] = 0.78
    noise_times: Annotated[tuple[float, float], Quantity("s", 1e-7, 1e-3, "fitted to single_neuron_silent: its wander")] = (
        3e-6,
        20e-6,
    )
    jitter_lsb: Annotated[float, Quantity("", 0, 5, "noise of the threshold; fitted to the ISI sd of single_neuron_lot")] = 0.45

    comparator_delay: Annotated[float, Quantity("s", 0, 1e-6, "single_neuron_lot against _fixed_pattern, one neuron")] = 0.11e-6
    comparator_width_lsb: Annotated[
        float, Quantity("", 0.1, 20, "assumed: input that gives the comparator 3/4 of its speed")
    ] = 2.0

    v_lin_synapse: Annotated[float, Quantity("V", 0.01, 1, "assumed: a degenerated pair")] = 0.2
    synapse_tau: Annotated[
        float, Quantity("s", 1e-6, 1e-2, "tau_syn * I_tau in LSB; calix: 0.3 to 30 us can be calibrated")
    ] = 600e-6
    large_capacitance: Annotated[float, Quantity("", 1, 20, "assumed: the whole line against its small capacitance")] = 3.0
    high_resistance: Annotated[float, Quantity("", 1, 20, "assumed: factor of the line's resistance")] = 4.0
    shift_nominal: Annotated[float, Quantity("", 0, 1022, "calix: the reference shift that balances the input")] = 310.0
    shift_step: Annotated[float, Quantity("V", 0, 1e-2, "assumed: an LSB of the shift at the OTA's input")] = 0.1e-3
    v_lin_coba: Annotated[float, Quantity("V", 0.05, 2, "assumed: as a degenerated pair")] = 0.4

    constant_gain_lsb: Annotated[
        float, Quantity("", 0.001, 0.1, "MADC LSB/us a LSB at C = 63; AdEx figure of 2023, rheobase of 200 to 270")
    ] = 0.026
    exponential_slope: Annotated[float, Quantity("V", 0.01, 0.2, "n U_T of a MOSFET in weak inversion, n = 1.3")] = 0.0336
    exponential_limit: Annotated[float, Quantity("A", 1e-8, 1e-4, "assumed: where the transistor leaves weak inversion")] = 2e-6
    exponential_factor: Annotated[float, Quantity("", 1e-4, 10, "assumed: current at V = v_exp against the bias")] = 0.05

    c_adaptation: Annotated[float, Quantity("F", 1e-13, 1e-11, "2 pF; AdEx figure of 2023: tau_w 85 to 173 us")] = 2e-12
    tau_adaptation: Annotated[float, Quantity("s", 1e-4, 1, "tau_w * I_tau in LSB; 100 us at 100")] = 10e-3
    adaptation_a_gain: Annotated[float, Quantity("", 1e-4, 1, "assumed: the a OTA passes this part of its bias")] = 0.05
    v_lin_adaptation: Annotated[float, Quantity("V", 0.05, 2, "assumed: degenerated pairs for a and for the output")] = 0.5
    adaptation_output: Annotated[float, Quantity("A", 1e-9, 1e-5, "assumed: saturation current of the output OTA")] = 0.1e-6
    adaptation_pulse: Annotated[float, Quantity("", 1, 255, "assumed: clocks of the b pulse")] = 16.0
    adaptation_slope_lsb: Annotated[
        float, Quantity("", 0.1, 2, "as the leak's cells: a value means the same voltage there")
    ] = 0.80
    adaptation_offset_lsb: Annotated[float, Quantity("", -500, 500, "as the leak's cells")] = -180.0

    # resistor between a membrane and the shared line: I = I_bias * tanh(dV / v_lin)
    v_lin_compartment: Annotated[
        float, Quantity("V", 0.01, 2, "so that biases of 63 / 4 to 1022 * 4 LSB give 30 to 0.1 us, what calix can calibrate")
    ] = 0.2
    compartment_factor: Annotated[float, Quantity("", 1, 16, "haldls: division and multiplication by 4")] = 4.0
    c_line: Annotated[float, Quantity("F", 0, 1e-12, "assumed: a circuit's piece of the shared line, some 20 um of metal")] = (
        10e-15
    )

    def __post_init__(self) -> None:
        check_fields(self)


PROFILES = {
    # chips of 2021: everything fitted to the recordings of that year
    "v2_2021": Profile(
        name="v2_2021",
        leak_slope_lsb=0.815,
        leak_offset_lsb=374.4 - 0.815 * 700,
        leak_floor_lsb=190.0,
        reset_slope_lsb=0.815,
        reset_offset_lsb=374.4 - 0.815 * 700,
        reset_floor_lsb=152.0,
        threshold_slope_lsb=1.0,
        threshold_offset_lsb=103.0,
        ota_gain=0.87,
        ota_strong_lsb=266.0,
        ota_power=0.84,
        synapse_gain=0.60,
        synapse_step=0.34e-3,
    ),
    # today's notebooks: their texts and the figures of 2023 to 2025
    "v3_tutorial": Profile(
        name="v3_tutorial",
        leak_slope_lsb=0.79,
        leak_offset_lsb=-180.0,
        leak_floor_lsb=130.0,
        reset_slope_lsb=0.88,
        reset_offset_lsb=-250.0,
        reset_floor_lsb=130.0,
        threshold_slope_lsb=0.99,
        threshold_offset_lsb=60.0,
        ota_gain=0.95,
        ota_strong_lsb=590.0,
        ota_power=1.0,
        synapse_gain=0.60,
        synapse_step=0.34e-3,
    ),
}
