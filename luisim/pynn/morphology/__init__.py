# SPDX-License-Identifier: GPL-3.0-or-later
"""Neurons with several compartments, with the interface of pynn-brainscales: parts in, a cell type out."""

from typing import Any

from luisim.errors import UnsupportedExperiment
from luisim.pynn.morphology.layout import MorphologyError
from luisim.pynn.morphology.mc_neuron_base import McNeuronBase, create_mc_neuron
from luisim.pynn.morphology.parameters import McCircuitParameters
from luisim.pynn.morphology.parts import Compartment, SharedLineConnection

PlacedCompartment = Compartment  # its name since July 2026

__all__ = [
    "Compartment",
    "McCircuitParameters",
    "McNeuronBase",
    "MorphologyError",
    "PlacedCompartment",
    "SharedLineConnection",
    "create_mc_neuron",
]

_LATER = ("CompartmentBuilder", "Connection", "McNeuronManualBase", "MorphologyBuilder", "builder", "mechanisms")


def __getattr__(name: str) -> Any:
    if name in _LATER:
        raise UnsupportedExperiment(
            f"morphology.{name} places and calibrates compartments by itself, which is not simulated: place them with"
            " Compartment, SharedLineConnection and create_mc_neuron."
        )
    raise AttributeError(f"luisim.pynn.morphology has no {name}.")
