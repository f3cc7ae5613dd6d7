# SPDX-License-Identifier: GPL-3.0-or-later
"""Registers: the neurons' clocks under the names that scripts set them by, and a sentence for every other register."""

from dataclasses import dataclass
from typing import Any

from luisim.errors import UnsupportedExperiment

BACKENDS = 4  # halco: neuron blocks with clocks of their own
_MOST = 15  # haldls: a clock's scale has 4 bits


@dataclass
class Backend:
    """The clocks of a block of neurons, as powers of two that divide 250 MHz."""

    enable_clocks: bool = True
    clock_scale_fast: int = 0
    clock_scale_slow: int = 0
    clock_scale_adaptation_pulse: int = 0
    clock_scale_post_pulse: int = 0

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in Backend.__dataclass_fields__:
            raise UnsupportedExperiment(f"{name} of a neuron block is not simulated; there are {', '.join(self.__dict__)}.")
        if name.startswith("clock_scale") and not 0 <= int(value) <= _MOST:
            raise UnsupportedExperiment(f"{name} = {value}: a clock's scale is 0 to {_MOST}.")
        object.__setattr__(self, name, value)


class ChipRegisters:
    """The whole chip's registers, of which only the neurons' clocks are simulated: ``neuron_block.backends[...]``."""

    def __init__(self) -> None:
        self.backends = tuple(Backend() for _ in range(BACKENDS))

    @property
    def neuron_block(self) -> "ChipRegisters":
        """The only part that there is."""
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise UnsupportedExperiment(
            f"{name} of the chip's registers is not simulated, only the clocks in neuron_block.backends are;"
            " set parameters of HXNeuron instead."
        )

    def clocks(self) -> tuple[int, int]:
        """clock_scale and pulse_clock_scale. Raises UnsupportedExperiment where blocks or their two clocks differ."""
        found = {(int(b.clock_scale_fast), int(b.clock_scale_slow), int(b.clock_scale_adaptation_pulse)) for b in self.backends}
        fast, slow, pulse = next(iter(found))
        if len(found) > 1 or fast != slow:
            raise UnsupportedExperiment(
                "Blocks of neurons with different clocks are not simulated: give all backends one clock_scale_fast"
                " and an equal clock_scale_slow, and one clock_scale_adaptation_pulse."
            )
        return fast, pulse


# what the state of the real system holds, and why it is not here
NOT_HERE = {
    "grenade_network": "the network is mapped by luisim; get_backend_statistics() says what it takes",
    "grenade_network_graph": "the network is mapped by luisim; get_backend_statistics() says what it takes",
    "neuron_placement": "neuronPermutation of setup() says where neurons are; population.sites holds their circuits",
    "background_spike_source_placement": "generators are chosen by luisim; get_backend_statistics() counts them",
    "conn": "there is no connection to a chip",
    "conn_manager": "there is no connection to a chip",
    "pre_realtime_read": "registers are not simulated",
    "post_realtime_read": "registers are not simulated",
    "ppu_symbols_read": "the chip's processor is not simulated; use a PlasticityRule in Python",
    "array_observables": "the chip's processor is not simulated; what a rule in Python returns is in projection.observations",
    "execution_time_info": "how long the real chip takes is not simulated",
    "calib_cache_dir": "luisim keeps its calibrations in the user's cache folder",
}
