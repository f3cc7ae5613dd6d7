# SPDX-License-Identifier: GPL-3.0-or-later
"""PyNN on the simulated chip, with the interface of pynn-brainscales: ``import luisim.pynn as pynn``.

Times are ms of the chip, which is a thousand times faster than biology; parameters of neurons are in LSB. Needs the extra
``pynn``: PyNN and Neo.
"""

from pyNN import common, errors, space
from pyNN.random import NumpyRNG, RandomDistribution
from pyNN.space import Space

from luisim.pynn import helper, logger, morphology, plasticity_rules, simulator
from luisim.pynn.connectors import (
    AllToAllConnector,
    ArrayConnector,
    CloneConnector,
    CSAConnector,
    DisplacementDependentProbabilityConnector,
    DistanceDependentProbabilityConnector,
    FixedNumberPostConnector,
    FixedNumberPreConnector,
    FixedProbabilityConnector,
    FixedTotalNumberConnector,
    FromFileConnector,
    FromListConnector,
    IndexBasedProbabilityConnector,
    OneToOneConnector,
    SmallWorldConnector,
)
from luisim.pynn.control import (
    end,
    get_backend_statistics,
    get_current_time,
    get_max_delay,
    get_min_delay,
    get_time_step,
    initialize,
    num_processes,
    rank,
    reset,
    run,
    run_until,
    setup,
)
from luisim.pynn.injection import (
    InjectedConfiguration,
    InjectedReadout,
    get_execution_time_info,
    get_post_realtime_read,
    get_post_realtime_read_ppu_symbols,
    get_pre_realtime_read,
    preprocess,
)
from luisim.pynn.plasticity_rules import PlasticityRule, Timer
from luisim.pynn.populations import Assembly, Population, PopulationView
from luisim.pynn.projections import Projection
from luisim.pynn.simulator import RunCommand
from luisim.pynn.standardmodels import cells, synapses

run_for = run
create = common.build_create(Population)
connect = common.build_connect(Projection, FixedProbabilityConnector, synapses.StaticSynapse)
record = common.build_record(simulator)
set = common.set  # noqa: A001  # the name that PyNN gives it


def list_standard_models() -> list[type]:
    """The cell types of the chip."""
    return [cells.HXNeuron, cells.CalibHXNeuronCuba, cells.CalibHXNeuronCoba]


__all__ = [
    "AllToAllConnector",
    "ArrayConnector",
    "Assembly",
    "CSAConnector",
    "CloneConnector",
    "DisplacementDependentProbabilityConnector",
    "DistanceDependentProbabilityConnector",
    "FixedNumberPostConnector",
    "FixedNumberPreConnector",
    "FixedProbabilityConnector",
    "FixedTotalNumberConnector",
    "FromFileConnector",
    "FromListConnector",
    "IndexBasedProbabilityConnector",
    "InjectedConfiguration",
    "InjectedReadout",
    "NumpyRNG",
    "OneToOneConnector",
    "PlasticityRule",
    "Population",
    "PopulationView",
    "Projection",
    "RandomDistribution",
    "RunCommand",
    "SmallWorldConnector",
    "Space",
    "Timer",
    "cells",
    "connect",
    "create",
    "end",
    "errors",
    "get_backend_statistics",
    "get_current_time",
    "get_execution_time_info",
    "get_max_delay",
    "get_min_delay",
    "get_post_realtime_read",
    "get_post_realtime_read_ppu_symbols",
    "get_pre_realtime_read",
    "get_time_step",
    "helper",
    "initialize",
    "list_standard_models",
    "logger",
    "morphology",
    "num_processes",
    "plasticity_rules",
    "preprocess",
    "rank",
    "record",
    "reset",
    "run",
    "run_for",
    "run_until",
    "set",
    "setup",
    "simulator",
    "space",
    "synapses",
]
