# SPDX-License-Identifier: GPL-3.0-or-later
"""Plasticity rules as Python functions: what the chip's processor would do in C++ is done between two pieces of the run."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from luisim.errors import UnsupportedExperiment
from luisim.hicannx.constants import WEIGHT_MAX


@dataclass(frozen=True)
class Timer:
    """When a rule runs: ``num_periods`` times, ``period`` ms apart, first at ``start`` ms of a run."""

    start: float = 0.0
    period: float = 0.0
    num_periods: int = 1

    def times(self, duration: float) -> list[float]:
        """All times within ``duration`` ms."""
        return [t for t in (self.start + k * self.period for k in range(int(self.num_periods))) if t < duration]


@dataclass
class Observed:
    """What a rule sees of one projection when it runs.

    ``weights``: (pre, post) whole numbers, magnitudes from 0 to 63; change it in place. ``rates``: (post,) spikes of each
    postsynaptic neuron since the last time. ``time``: ms.
    """

    weights: NDArray[np.float64]
    rates: NDArray[np.float64]
    time: float


class _Observable:
    """What the chip's processor would record, under the name that scripts use; refused when it is used."""

    def __init__(self, name: str) -> None:
        self._name = name

    def _refuse(self) -> UnsupportedExperiment:
        return UnsupportedExperiment(
            f"{self._name} is recorded by the chip's processor, which is not simulated: return what you want to see from"
            " apply(self, observed) in Python; it is kept in projection.observations."
        )

    def __call__(self, *given: object, **named: object) -> Any:
        raise self._refuse()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        raise self._refuse()


@dataclass
class PlasticityRule:
    """Base class of rules: give a ``timer`` and override :meth:`apply`, or pass it as ``rule``.

    A C++ kernel (``generate_kernel``) cannot be run: the simulated chip has no processor.
    """

    ObservablePerSynapse: ClassVar[Any] = _Observable("ObservablePerSynapse")
    ObservablePerNeuron: ClassVar[Any] = _Observable("ObservablePerNeuron")
    ObservableArray: ClassVar[Any] = _Observable("ObservableArray")

    timer: Timer = field(default_factory=Timer)
    observables: Any = None
    rule: Callable[[Observed], Any] | None = None

    def get_observable_array(self, observable: str) -> Any:
        """Refused: see ``projection.observations``."""
        return self.ObservableArray(observable)

    def apply(self, observed: Observed) -> Any:
        """Change ``observed.weights`` in place. What is returned is kept as an observation."""
        if hasattr(self, "generate_kernel"):
            raise UnsupportedExperiment(
                "This plasticity rule is a C++ kernel for the chip's processor, which is not simulated;"
                " override apply(self, observed) with the same rule in Python."
            )
        if self.rule is None:
            raise UnsupportedExperiment("This plasticity rule does nothing: override apply(self, observed), or give rule=.")
        return self.rule(observed)


class PlasticityRuleHandle:
    """What carries a rule: a synapse type or a cell type."""

    def __init__(self, plasticity_rule: PlasticityRule | None = None) -> None:
        self.plasticity_rule = plasticity_rule


def within_range(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights as the processor writes them: whole numbers from 0 to 63."""
    return np.clip(np.rint(weights), 0.0, float(WEIGHT_MAX))
