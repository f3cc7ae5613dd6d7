# SPDX-License-Identifier: GPL-3.0-or-later
"""ChipInstance: one chip out of the many that are made, that is the mismatch of its 512 neuron circuits."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from luisim.errors import ParameterError
from luisim.hicannx.constants import NEURONS
from luisim.quantity import Quantity

Array = NDArray[np.float64]

_REL = ""
_DRAWN = "standard deviation over neurons with equal settings: "


def _spread(unit: str, sd: float, source: str) -> Quantity:
    return Quantity(unit, 0.0, sd, _DRAWN + source)


# standard deviations, in the order of the fields of Mismatch
_LSB = 1.235e-3  # V, an MADC LSB of the recordings
SPREAD = {
    "v_leak": _spread("V", 28 * _LSB, "fitted to single_neuron_fixed_pattern (30 LSB with the OTA's offset)"),
    "v_reset": _spread("V", 11.0 * _LSB, "fitted to single_neuron_fixed_pattern (13.7 LSB with the OTA's offset)"),
    "v_ota": _spread("V", 8.0 * _LSB, "the offset of the OTA that leak and reset share; part of both"),
    "v_threshold": _spread("V", 10.2 * _LSB, "fitted to single_neuron_fixed_pattern"),
    "i_leak": _spread(_REL, 0.12, "fitted to single_neuron_fixed_pattern (13 % with the OTA)"),
    "i_reset": _spread(_REL, 0.04, "fitted to single_neuron_fixed_pattern (reset time constant 5 % with the OTA)"),
    "v_lin": _spread(_REL, 0.03, "the OTA's pair, for leak and reset; part of both"),
    "c_mem": _spread(_REL, 0.02, "calix: the fitted offset of the capacitance"),
    "i_constant": _spread(_REL, 0.10, "assumed: as the leak's bias"),
    "tau_excitatory": _spread(_REL, 0.20, "assumed: the line's resistor; 10.8 and 13.6 us on one calibrated neuron"),
    "tau_inhibitory": _spread(_REL, 0.20, "assumed: as the excitatory line"),
    "gm_excitatory": _spread(_REL, 0.10, "assumed: as the leak's bias"),
    "gm_inhibitory": _spread(_REL, 0.10, "assumed: as the leak's bias"),
    "v_excitatory": _spread("V", 3e-3, "assumed: offset of the input OTA, what i_shift_reference is for"),
    "v_inhibitory": _spread("V", 3e-3, "assumed: as the excitatory input"),
    "v_exponential": _spread("V", 10e-3, "assumed: as a threshold voltage"),
    "tau_adaptation": _spread(_REL, 0.15, "assumed: as a bias"),
    "a_adaptation": _spread(_REL, 0.15, "assumed: as a bias"),
    "b_adaptation": _spread(_REL, 0.15, "assumed: as a bias"),
    "v_readout": _spread("V", 1.0 * _LSB, "assumed: offset of the neuron's read-out buffer"),
    "i_compartment": _spread(_REL, 0.12, "assumed: as the leak's bias"),
}


@dataclass(frozen=True)
class Mismatch:
    """How each neuron circuit differs from the nominal one: (n,) arrays, offsets in V, the rest as relative changes."""

    v_leak: Array
    v_reset: Array
    v_ota: Array
    v_threshold: Array
    i_leak: Array
    i_reset: Array
    v_lin: Array
    c_mem: Array
    i_constant: Array
    tau_excitatory: Array
    tau_inhibitory: Array
    gm_excitatory: Array
    gm_inhibitory: Array
    v_excitatory: Array
    v_inhibitory: Array
    v_exponential: Array
    tau_adaptation: Array
    a_adaptation: Array
    b_adaptation: Array
    v_readout: Array
    i_compartment: Array

    @classmethod
    def nominal(cls, n: int) -> "Mismatch":
        """No mismatch at all."""
        return cls(**{name: np.zeros(n) for name in SPREAD})


@dataclass(frozen=True)
class ChipInstance:
    """One chip: equal seeds give the same chip. ``seed`` None is the nominal chip."""

    seed: Annotated[int, Quantity("", 0, 2**63, "any whole number")] | None

    def mismatch(self, n: int = NEURONS) -> Mismatch:
        """The mismatch of its first ``n`` neurons; a neuron's own does not depend on ``n``."""
        if not 1 <= n <= NEURONS:
            raise ParameterError(f"A chip has 1 to {NEURONS} neurons, not {n}.")
        if self.seed is None:
            return Mismatch.nominal(n)
        draws = np.random.default_rng([self.seed, 1]).standard_normal((len(SPREAD), NEURONS))
        # beyond three standard deviations a chip would not have left the wafer test
        draws = np.clip(draws, -3.0, 3.0)
        return Mismatch(**{name: spread.high * draws[row, :n] for row, (name, spread) in enumerate(SPREAD.items())})

    def noise(self, stream: int) -> np.random.Generator:
        """The generator of its noise; each ``stream`` is independent of the others."""
        return np.random.default_rng([0 if self.seed is None else self.seed, 2, stream])
