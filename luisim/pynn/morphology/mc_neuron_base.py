# SPDX-License-Identifier: GPL-3.0-or-later
"""McNeuronBase: the cell type of neurons with several compartments; ``create_mc_neuron`` makes one from parts."""

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pyNN.errors import NonExistentParameterError
from pyNN.standardmodels import build_translations

from luisim.hicannx.parameters import NeuronLsb
from luisim.pynn.morphology.layout import Layout, MorphologyError, lay_out
from luisim.pynn.morphology.parameters import McCircuitParameters
from luisim.pynn.morphology.parts import Compartment, SharedLineConnection
from luisim.pynn.standardmodels import cells

# settings that the shape of the neuron decides
_OF_SHAPE = tuple(
    f"multicompartment_{name}"
    for name in (
        *("connect_soma", "connect_soma_right", "connect_right", "connect_vertical"),
        *("enable_conductance", "enable_conductance_division", "enable_conductance_multiplication"),
    )
)
DEFAULTS = {name: value for name, value in cells.HXNeuron.default_parameters.items() if name not in _OF_SHAPE}
# what single_active_circuit sets on all but the first circuit of a compartment
_INACTIVE: dict[str, Any] = {
    "leak_i_bias": 0.0,
    "leak_enable_division": True,
    "leak_enable_multiplication": False,
    "membrane_capacitance_capacitance": 0.0,
    "threshold_enable": False,
}


class McNeuronBase(cells.ChipCell):
    """A neuron with several compartments. Each parameter of HXNeuron has a value for each circuit.

    A single value given to the cell type or to ``set()`` holds for all circuits. Without a location, the first compartment is
    recorded and connected. Spikes and membrane of a compartment are those of its first circuit.
    """

    recordable: ClassVar[list[str]] = cells.RECORDABLE
    receptor_types: ClassVar[list[str]] = ["excitatory", "inhibitory"]
    conductance_based = False
    injectable = True
    on_chip = True
    default_initial_values: ClassVar[dict[str, float]] = {}
    translations = build_translations(*((name, name) for name in DEFAULTS))
    compartments: ClassVar[dict[int, Compartment]] = {}
    layout: ClassVar[Layout]
    single_active_circuit: ClassVar[bool] = False

    def __init__(self, **parameters: Any) -> None:
        for name in parameters:
            if name not in self.default_parameters:
                raise NonExistentParameterError(name, type(self).__name__, self.get_parameter_names())
        self.given = frozenset(parameters)
        super().__init__(**parameters)

    def can_record(self, variable: str, location: str | None = None) -> bool:
        """Whether ``variable`` can be recorded, at a compartment of this label."""
        return variable in self.recordable and (location is None or location in self.get_labels())

    @classmethod
    def get_labels(cls) -> list[str]:
        """The labels of all compartments."""
        return [compartment.label for compartment in cls.compartments.values()]

    @classmethod
    def get_label(cls, compartment_id: int) -> str:
        """The label of one compartment. Raises KeyError."""
        return cls.compartments[compartment_id].label

    @classmethod
    def get_compartment_ids(cls, labels: Sequence[str]) -> list[int]:
        """All compartments with these labels. Raises ValueError for a label that none has."""
        found: list[int] = []
        for label in labels:
            here = [number for number, compartment in cls.compartments.items() if compartment.label == label]
            if not here:
                raise ValueError(f"No compartment is labelled {label!r}; there are {', '.join(sorted(set(cls.get_labels())))}.")
            found += here
        return found

    def calibrated(self, sites: NDArray[np.intp], config: Any) -> dict[str, NDArray[Any]]:
        """For cells whose circuits are at ``sites`` (cells, circuits): what a calibration gives to all that nobody has set."""
        found = [config.neurons(row) for row in sites]
        values: dict[str, NDArray[Any]] = {}
        for name in (name for name in DEFAULTS if name not in self.given and name in cells.SETTABLE):
            column = np.empty(len(found), dtype=object)
            for k, neurons in enumerate(found):
                column[k] = self._of_one(name, [getattr(neuron, name) for neuron in neurons])
            values[name] = column
        return values

    @classmethod
    def _of_one(cls, name: str, of_circuits: Sequence[Any]) -> McCircuitParameters:
        """A parameter of one cell: values of all its circuits, unless its compartments or inactivity say otherwise."""
        nested: list[Any] = []
        for number, compartment in cls.compartments.items():
            own = [of_circuits[k] for k in cls.layout.of(number)]
            own = _expanded(name, compartment, own)
            if cls.single_active_circuit and name in _INACTIVE:
                own[1:] = [_INACTIVE[name]] * (len(own) - 1)
            nested.append(own)
        return McCircuitParameters(nested)

    def settings(self, parameters: dict[str, NDArray[Any]], size: int) -> tuple[NeuronLsb, ...]:
        """Those of all circuits of ``size`` cells, cell by cell."""
        found = []
        for n in range(size):
            for circuit in self.layout.circuits:
                row: dict[str, Any] = {f"multicompartment_{name}": True for name in circuit.switches}
                if circuit.compartment is not None:
                    for name in (name for name in DEFAULTS if name in cells.SETTABLE):
                        value = parameters[name][n]
                        if isinstance(value, McCircuitParameters):
                            value = value.of(circuit.compartment, circuit.index)
                        row[name] = cells.as_setting(name, value)
                found.append(NeuronLsb(**row))
        return tuple(found)


def create_mc_neuron(
    name: str,
    compartments: Sequence[Compartment],
    connections: Sequence[SharedLineConnection] | None = None,
    single_active_circuit: bool = False,
) -> type[McNeuronBase]:
    """The cell type of a neuron made of ``compartments`` whose pieces of the shared line ``connections`` join.

    ``single_active_circuit``: in each compartment only the first circuit has leak, capacitance and threshold. Raises
    TypeError for wrong parts, :class:`MorphologyError` (a RuntimeError) for parts that make no neuron.
    """
    layout = lay_out(compartments, connections or [])
    numbered = dict(enumerate(compartments))
    for compartment in compartments:
        if compartment.connect_conductance:
            bias = _expanded("multicompartment_i_bias_nmda", compartment, [0.0] * compartment.size)
            for position, conductance in compartment.connect_conductance:
                bias[compartment.positions.index(position)] = conductance
            compartment.parameters["multicompartment_i_bias_nmda"] = bias
        for parameter in compartment.parameters:
            if parameter not in DEFAULTS:
                raise NonExistentParameterError(parameter, name, sorted(DEFAULTS))
    made: type[McNeuronBase] = type(
        name,
        (McNeuronBase,),
        {
            "compartments": numbered,
            "layout": layout,
            "single_active_circuit": single_active_circuit,
        },
    )
    made.default_parameters = {key: made._of_one(key, [value] * len(layout.circuits)) for key, value in DEFAULTS.items()}
    return made


def _expanded(name: str, compartment: Compartment, otherwise: list[Any]) -> list[Any]:
    """What a compartment says of a parameter, for each of its circuits."""
    if name not in compartment.parameters:
        return otherwise
    value = compartment.parameters[name]
    values = list(value) if isinstance(value, Sequence | np.ndarray) else [value] * compartment.size
    if len(values) != compartment.size:
        raise MorphologyError(
            f"{name} of the compartment {compartment.label!r} has {len(values)} values; give one, or one for each of"
            f" {compartment.size} circuits."
        )
    return values
