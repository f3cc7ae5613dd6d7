# SPDX-License-Identifier: GPL-3.0-or-later
"""ChipNetwork: the device of an experiment on the whole chip, and ChipModel, the back end that runs it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from luisim.experiment import Experiment
from luisim.hicannx.chip import Chip
from luisim.hicannx.chip_result import ChipResult, Record, Site
from luisim.hicannx.network import Network
from luisim.hicannx.sampled import name_of
from luisim.trace import Trace

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ChipNetwork:
    """A network, the chip it is on, what its sources send (``inputs``: source -> trains in s), and the sites the MADC reads."""

    network: Network
    profile: str
    seed: int | None
    inputs: Mapping[str, tuple[Array, ...]]
    madc: tuple[Site, ...]
    clock_scale: int = 0
    pulse_clock_scale: int = 0
    title: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "inputs", MappingProxyType(dict(self.inputs)))

    @cached_property
    def chip(self) -> Chip:
        """The network on its chip. Raises :class:`~luisim.errors.ParameterError` if it does not fit."""
        return Chip(
            self.network,
            self.profile,
            self.seed,
            clock_scale=self.clock_scale,
            pulse_clock_scale=self.pulse_clock_scale,
        )

    def run(
        self,
        duration: float,
        *,
        seed: int = 0,
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> ChipResult:
        """All of it as one result."""
        record = Record(madc=() if self.chip.bypass else self.madc)
        return self.chip.run(duration, self.inputs, record, seed=seed, progress=progress, cancelled=cancelled)


class ChipModel:
    """Runs experiments on the whole chip with the behavioural model."""

    name = "model"

    def unsupported(self, experiment: Experiment[ChipNetwork]) -> str | None:
        """A trace needs a membrane, which bypass mode does not have."""
        if experiment.device.chip.bypass:
            return "Bypass mode has no membranes to show; use luisim chip, which shows spikes."
        return None

    def by_hand(self, experiment: Experiment[ChipNetwork]) -> tuple[str, ...]:
        """Nothing: all settings of a chip are under software control."""
        return ()

    def run(
        self,
        experiment: Experiment[ChipNetwork],
        *,
        seed: int = 0,
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Trace:
        """``v_madc`` and ``out`` are the recorded neuron, ``v_madc_1`` and ``out_1`` a second one; all others only spike."""
        device = experiment.device
        result = device.run(experiment.duration, seed=seed, progress=progress, cancelled=cancelled)
        if progress:
            progress(1.0)
        signals = {name_of("v_madc", k): row for k, row in enumerate(result.madc.values)}
        spikes = {name_of("out", k): result.spikes[site.population][site.index] for k, site in enumerate(device.madc)}
        for name, trains in result.spikes.items():
            recorded = {site.index for site in device.madc if site.population == name}
            spikes |= {f"{name}[{k}]": train for k, train in enumerate(trains) if k not in recorded}
        return Trace(result.madc.times, signals, spikes, self.name)
