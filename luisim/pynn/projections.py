# SPDX-License-Identifier: GPL-3.0-or-later
"""Projection: synapses between populations, with whole-numbered weights whose sign is that of the receptor."""

from collections.abc import Iterator
from copy import copy
from itertools import repeat
from typing import Any

import numpy as np
from pyNN import common, errors
from pyNN.core import ezip
from pyNN.space import Space

from luisim.errors import UnsupportedExperiment
from luisim.pynn import simulator
from luisim.pynn.morphology.mc_neuron_base import McNeuronBase
from luisim.pynn.standardmodels import synapses


class Connection(common.Connection):  # type: ignore[misc]
    """One synapse, or several of one source where the weight is above 63."""

    delay = 0.0

    def __init__(self, projection: "Projection", pre: int, post: int, weight: float) -> None:
        self._projection = projection
        self.presynaptic_index, self.postsynaptic_index = pre, post
        self.weight = weight

    @property
    def weight(self) -> float:
        """The weight: a whole number, negative on the inhibitory receptor."""
        return self._weight

    @weight.setter
    def weight(self, value: float) -> None:
        self._weight = checked_weight(value, self._projection.receptor_type)

    def as_tuple(self, *attribute_names: str) -> tuple[Any, ...]:
        """These attributes."""
        return tuple(getattr(self, name) for name in attribute_names)


def checked_weight(value: float, receptor: str) -> float:
    """The whole number next to ``value``. Raises pyNN's ConnectionError if its sign is not the receptor's."""
    if not np.isfinite(value):
        raise errors.ConnectionError(f"A weight of {value} is no number.")
    whole = round(float(value))  # as the interface does: 42.5 becomes 42
    if (whole < 0) if receptor == "excitatory" else (whole > 0):
        allowed = "0 and more" if receptor == "excitatory" else "0 and less"
        raise errors.ConnectionError(f"A weight of {whole} does not fit the {receptor} receptor: it takes {allowed}.")
    return float(whole)


class Projection(common.Projection):  # type: ignore[misc]
    """All synapses that a connector makes between two populations."""

    _simulator = simulator
    _static_synapse_class = synapses.StaticSynapse

    def __init__(
        self,
        presynaptic_neurons: Any,
        postsynaptic_neurons: Any,
        connector: Any,
        synapse_type: Any = None,
        source: Any = None,
        receptor_type: str | None = None,
        space: Any = None,
        label: str | None = None,
    ) -> None:
        super().__init__(
            presynaptic_neurons,
            postsynaptic_neurons,
            connector,
            synapse_type,
            source,
            receptor_type,
            Space() if space is None else space,
            label,
        )
        self.pre_compartment = _compartment(
            self.pre, getattr(connector, "source_location_selector", None), "source_location_selector"
        )
        self.post_compartment = _compartment(self.post, getattr(connector, "location_selector", None), "location_selector")
        if not isinstance(self.synapse_type, synapses.StaticSynapse):
            raise TypeError(f"{type(self.synapse_type).__name__} is no synapse of this chip: take synapses.StaticSynapse.")
        self.connections: list[Connection] = []
        try:
            _on_columns(connector).connect(self)
        except NotImplementedError:
            raise UnsupportedExperiment(
                f"PyNN has a {type(connector).__name__} by name only: give the pairs in a FromListConnector."
            ) from None
        simulator.state.projections.append(self)

    def __len__(self) -> int:
        return len(self.connections)

    def __getitem__(self, i: Any) -> Any:
        return self.connections[i]

    @property
    def is_external(self) -> bool:
        """Whether the presynaptic cells are sources, not neurons of the chip."""
        return not self.pre.celltype.on_chip

    def _convergent_connect(
        self, presynaptic_indices: Any, postsynaptic_index: int, location_selector: Any = None, **parameters: Any
    ) -> None:
        series = {name: repeat(float(v)) if np.ndim(v) == 0 else v for name, v in parameters.items()}
        for pre, values in ezip(presynaptic_indices, *series.values()):
            given = dict(zip(series, values, strict=True))
            _no_delay(given.get("delay", 0.0))
            self.connections.append(Connection(self, int(pre), int(postsynaptic_index), given["weight"]))

    def _set_attributes(self, parameter_space: Any) -> None:
        parameter_space.evaluate(simplify=False)
        if "delay" in parameter_space.keys():  # noqa: SIM118  # a ParameterSpace is no mapping
            _no_delay(np.nanmax(np.abs(np.asarray(parameter_space["delay"], dtype=np.float64))))
        if "weight" in parameter_space.keys():  # noqa: SIM118
            values = np.asarray(parameter_space["weight"], dtype=np.float64)
            # all or none: a wrong value leaves the projection as it was
            new = [
                checked_weight(values[c.presynaptic_index, c.postsynaptic_index], self.receptor_type) for c in self.connections
            ]
            for connection, weight in zip(self.connections, new, strict=True):
                connection._weight = weight

    def _set_initial_value_array(self, variable: str, initial_value: Any) -> None:
        raise errors.NothingToWriteError(f"Synapses here have no state {variable} that could be initialised.")


def _compartment(population: Any, label: Any, name: str) -> int:
    """The number of the compartment that a selector names; the first without one. Raises ValueError."""
    celltypes = {getattr(part, "celltype", None) for part in getattr(population, "populations", [population])}
    several = [celltype for celltype in celltypes if isinstance(celltype, McNeuronBase)]
    if label is None or (not several and label in ("soma", "all")):
        return 0
    if not several:
        raise ValueError(f"{name} = {label!r}: neurons of {population.label} have one compartment; leave it out.")
    found = {tuple(celltype.get_compartment_ids([label])) for celltype in several}
    if len(found) > 1 or len(next(iter(found))) > 1:
        raise ValueError(f"{name} = {label!r} means several compartments; give each a label of its own.")
    return next(iter(found))[0]


def _on_columns(connector: Any) -> Any:
    """The connector, with each column of its map as an array: PyNN 0.13 fails on the single pair of two lone cells."""
    standard = getattr(connector, "_standard_connect", None)
    if standard is None:
        return connector

    def connect(projection: Any, columns: Any, distance_map: Any = None) -> None:
        def arrays(*mask: Any) -> Iterator[Any]:
            for column in columns(*mask):
                yield column if isinstance(column, bool) else np.atleast_1d(column)

        standard(projection, arrays, distance_map)

    wrapped = copy(connector)
    wrapped._standard_connect = connect
    return wrapped


def _no_delay(value: float) -> None:
    if value != 0.0:
        raise ValueError(f"delay = {value:g}: the chip has no delays that can be set; leave it out.")
