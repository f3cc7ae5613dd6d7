# SPDX-License-Identifier: GPL-3.0-or-later
"""NeuronLsb: the settings of one neuron circuit as the chip has them, and HicannX, the device of a chip experiment.

Names and defaults are those of PyNN's ``HXNeuron``: everything is off or 0 unless the name says otherwise.
"""

from dataclasses import dataclass, field, fields
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from luisim.errors import ParameterError
from luisim.hicannx.constants import CAPACITANCE_MAX, CAPMEM_MAX, NEURONS, REFRACTORY_MAX
from luisim.hicannx.instance import Mismatch
from luisim.hicannx.profiles import PROFILES, Profile
from luisim.quantity import Quantity, check_fields, quantities

Voltage = Annotated[int, Quantity("", 0, CAPMEM_MAX, "haldls: 10 bit voltage cell, 1023 is off")]
Bias = Annotated[int, Quantity("", 0, CAPMEM_MAX, "haldls: 10 bit current cell, 1023 is off")]

_HOLDOFF = Quantity("", 0, 15, "haldls: 4 bit")
_SCALE = Quantity("", 0, 15, "haldls: 4 bit clock divider")


@dataclass(frozen=True)
class NeuronLsb:
    """One neuron circuit: whole numbers in LSB and switches. Raises :class:`ParameterError` for values out of range.

    ``*_input_i_drop_input`` is accepted and does nothing: that source follower's drop is in the reference shift.
    ``multicompartment_*``: the switches to other circuits, see :mod:`luisim.hicannx.wiring`.
    """

    leak_v_leak: Voltage = 0
    leak_i_bias: Bias = 0
    leak_enable_degeneration: bool = False
    leak_enable_division: bool = False
    leak_enable_multiplication: bool = False
    reset_v_reset: Voltage = 0
    reset_i_bias: Bias = 0
    reset_enable_degeneration: bool = False
    reset_enable_division: bool = False
    reset_enable_multiplication: bool = False
    threshold_v_threshold: Voltage = 0
    threshold_enable: bool = False
    membrane_capacitance_capacitance: Annotated[int, Quantity("", 0, CAPACITANCE_MAX, "haldls: 6 bit, 63 is 2.3 pF")] = 0
    refractory_period_refractory_time: Annotated[int, Quantity("", 0, REFRACTORY_MAX, "haldls: 8 bit counter")] = 0
    refractory_period_reset_holdoff: Annotated[int, _HOLDOFF] = 15
    refractory_period_enable_pause: bool = False
    constant_current_enable: bool = False
    constant_current_i_offset: Bias = 0
    constant_current_type: Annotated[int, Quantity("", 0, 1, "haldls: 0 source, 1 sink")] = 0
    excitatory_input_enable: bool = False
    excitatory_input_enable_small_capacitance: bool = True
    excitatory_input_enable_high_resistance: bool = False
    excitatory_input_enable_coba_mode: bool = False
    excitatory_input_i_bias_tau: Bias = 0
    excitatory_input_i_bias_gm: Bias = 0
    excitatory_input_i_shift_reference: Bias = 0
    excitatory_input_i_drop_input: Bias = 0
    excitatory_input_i_bias_coba: Bias = 0
    excitatory_input_e_coba_reversal: Voltage = 0
    inhibitory_input_enable: bool = False
    inhibitory_input_enable_small_capacitance: bool = True
    inhibitory_input_enable_high_resistance: bool = False
    inhibitory_input_enable_coba_mode: bool = False
    inhibitory_input_i_bias_tau: Bias = 0
    inhibitory_input_i_bias_gm: Bias = 0
    inhibitory_input_i_shift_reference: Bias = 0
    inhibitory_input_i_drop_input: Bias = 0
    inhibitory_input_i_bias_coba: Bias = 0
    inhibitory_input_e_coba_reversal: Voltage = 0
    exponential_enable: bool = False
    exponential_v_exp: Voltage = 0
    exponential_i_bias: Bias = 0
    adaptation_enable: bool = False
    adaptation_enable_pulse: bool = False
    adaptation_invert_a: bool = False
    adaptation_invert_b: bool = False
    adaptation_v_leak: Voltage = 0
    adaptation_v_ref: Voltage = 0
    adaptation_i_bias_tau: Bias = 0
    adaptation_i_bias_a: Bias = 0
    adaptation_i_bias_b: Bias = 0
    multicompartment_connect_soma: bool = False
    multicompartment_connect_soma_right: bool = False
    multicompartment_connect_right: bool = False
    multicompartment_connect_vertical: bool = False
    multicompartment_enable_conductance: bool = False
    multicompartment_enable_conductance_division: bool = False
    multicompartment_enable_conductance_multiplication: bool = False
    multicompartment_i_bias_nmda: Bias = 0

    def __post_init__(self) -> None:
        ranges = quantities(type(self))
        for f in fields(self):
            value = getattr(self, f.name)
            if f.name not in ranges:
                if not isinstance(value, bool):
                    raise ParameterError(f"{f.name} = {value!r} is a switch: write true or false.")
            elif isinstance(value, bool) or not isinstance(value, int):
                raise ParameterError(f"{f.name} = {value!r} must be a whole number of {ranges[f.name].range_text}.")
        check_fields(self)


Columns = dict[str, NDArray[np.float64]]
SETTINGS = tuple(f.name for f in fields(NeuronLsb))


def columns(neurons: tuple[NeuronLsb, ...]) -> Columns:
    """Each setting as an (n,) array over the neurons; switches as 0 and 1."""
    return {name: np.array([float(getattr(neuron, name)) for neuron in neurons]) for name in SETTINGS}


@dataclass(frozen=True)
class HicannX:
    """The device of a chip experiment: its ``neurons``, which chip they are on, and what the whole chip shares.

    ``profile``: the name of the kind of chip. ``seed``: the instance, that is its mismatch and its noise; None for a nominal
    chip without either. ``first``: number of the first of the neurons on that chip. ``deviations``: in place of the instance's
    mismatch, as fitted to a recording. The two clock scales are those of the refractory counter and of the adaptation pulse.
    """

    neurons: tuple[NeuronLsb, ...] = field(default_factory=lambda: (NeuronLsb(),))
    profile: str = "v2_2021"
    seed: int | None = None
    deviations: Mismatch | None = None
    clock_scale: Annotated[int, _SCALE] = 0
    pulse_clock_scale: Annotated[int, _SCALE] = 0
    first: Annotated[int, Quantity("", 0, NEURONS - 1, "halco: 512 neuron circuits")] = 0

    def __post_init__(self) -> None:
        check_fields(self)
        if not 1 <= len(self.neurons) <= NEURONS:
            raise ParameterError(f"neurons = {len(self.neurons)} is out of range: a chip has 1 to {NEURONS} of them.")
        if self.first + len(self.neurons) > NEURONS:
            raise ParameterError(f"first = {self.first} is out of range: {len(self.neurons)} neurons end beyond the last one.")
        if self.profile not in PROFILES:
            raise ParameterError(f"profile = {self.profile!r} is unknown; allowed are {', '.join(PROFILES)}.")
        if self.seed is not None and self.seed < 0:
            raise ParameterError(f'seed = {self.seed} must be a whole number from 0 on, or "nominal".')

    @property
    def chip_profile(self) -> Profile:
        """The numbers of this kind of chip."""
        return PROFILES[self.profile]
