# SPDX-License-Identifier: GPL-3.0-or-later
"""Synapse types: a 6 bit weight a synapse, no delay; plastic ones carry a rule."""

from typing import Any

from pyNN.standardmodels import build_translations
from pyNN.standardmodels import synapses as standard

from luisim.errors import UnsupportedExperiment
from luisim.pynn.plasticity_rules import PlasticityRule


class StaticSynapse(standard.StaticSynapse):  # type: ignore[misc]
    """A synapse with a fixed weight: whole numbers, negative on the inhibitory receptor. Several add up beyond 63."""

    translations = build_translations(("weight", "weight"), ("delay", "delay"))

    def _get_minimum_delay(self) -> float:
        return 0.0


class StaticRecordingSynapse(StaticSynapse):
    """Refused: a static synapse that the chip's processor records."""

    def __init__(self, *given: Any, **parameters: Any) -> None:
        raise UnsupportedExperiment(
            "StaticRecordingSynapse is recorded by the chip's processor, which is not simulated: take StaticSynapse, or"
            " PlasticSynapse with a PlasticityRule in Python, which sees weights and rates."
        )


class PlasticSynapse(StaticSynapse):
    """A synapse whose weights a :class:`~luisim.pynn.plasticity_rules.PlasticityRule` changes during the run."""

    def __init__(self, plasticity_rule: PlasticityRule | None = None, **parameters: Any) -> None:
        super().__init__(**parameters)
        self.plasticity_rule = plasticity_rule
