# SPDX-License-Identifier: GPL-3.0-or-later
"""PyNN's connectors, which also say from which compartment of the presynaptic neuron a spike comes.

``location_selector`` names the compartment that a connection leads to, ``source_location_selector`` the one that it comes
from, each by its label.
"""

from typing import Any

from pyNN import connectors


def _located(connector: type) -> type:
    """The same connector with both selectors."""
    initialize = getattr(connector, "__init__")  # noqa: B009  # mypy calls the plain one unsound

    def __init__(  # noqa: N807  # it becomes the class's own
        self: Any, *args: Any, location_selector: Any = None, source_location_selector: Any = None, **named: Any
    ) -> None:
        initialize(self, *args, **named)
        self.location_selector = location_selector
        self.source_location_selector = source_location_selector

    return type(connector.__name__, (connector,), {"__init__": __init__, "__doc__": connector.__doc__})


AllToAllConnector = _located(connectors.AllToAllConnector)
ArrayConnector = _located(connectors.ArrayConnector)
CloneConnector = _located(connectors.CloneConnector)
CSAConnector = _located(connectors.CSAConnector)
DisplacementDependentProbabilityConnector = _located(connectors.DisplacementDependentProbabilityConnector)
DistanceDependentProbabilityConnector = _located(connectors.DistanceDependentProbabilityConnector)
FixedNumberPostConnector = _located(connectors.FixedNumberPostConnector)
FixedNumberPreConnector = _located(connectors.FixedNumberPreConnector)
FixedProbabilityConnector = _located(connectors.FixedProbabilityConnector)
FixedTotalNumberConnector = _located(connectors.FixedTotalNumberConnector)
FromFileConnector = _located(connectors.FromFileConnector)
FromListConnector = _located(connectors.FromListConnector)
IndexBasedProbabilityConnector = _located(connectors.IndexBasedProbabilityConnector)
OneToOneConnector = _located(connectors.OneToOneConnector)
SmallWorldConnector = _located(connectors.SmallWorldConnector)
