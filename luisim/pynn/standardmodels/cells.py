# SPDX-License-Identifier: GPL-3.0-or-later
"""Cell types: the neuron circuit in LSB, the calibrated neuron, and the spike sources outside and on the chip."""

from typing import Any, ClassVar

from pyNN.errors import NonExistentParameterError
from pyNN.standardmodels import StandardCellType, build_translations
from pyNN.standardmodels import cells as standard

from luisim.hicannx.parameters import SETTINGS, NeuronLsb

RECORDABLE = ["spikes", "v", "exc_synin", "inh_synin", "adaptation"]
_UNITS = {name: "dimensionless" for name in RECORDABLE if name != "spikes"}
# haldls: settings of the circuit that the simulated chip does not have; only their defaults can be run
FIXED = {
    "bayesian_connect_fire_from_right": False,
    "bayesian_connect_fire_to_right": False,
    "bayesian_connect_fire_vertical": False,
    "bayesian_enable_master": False,
    "bayesian_enable_slave": False,
    "bayesian_operation": 0.0,
    "bayesian_to_post_pulse": True,
}
# settings without an effect here: the choice between two equal clocks
_WITHOUT_EFFECT = {"refractory_period_input_clock": 0.0}


def _neuron_defaults() -> dict[str, Any]:
    off = NeuronLsb()
    # PyNN keeps numbers as floats; switches stay switches
    values = {name: v if isinstance(v := getattr(off, name), bool) else float(v) for name in SETTINGS}
    return dict(sorted((values | FIXED | _WITHOUT_EFFECT).items()))


class ChipCell(StandardCellType):  # type: ignore[misc]
    """What all cells here have in common: names that mean the same inside and outside, one place to record from."""

    units: ClassVar[dict[str, str]] = _UNITS
    on_chip = False  # whether it is a neuron of the chip, not a source

    def can_record(self, variable: str, location: str | None = None) -> bool:
        """Whether ``variable`` can be recorded from this cell."""
        return location is None and variable in self.recordable


class HXNeuron(ChipCell):
    """One neuron circuit: all settings of :class:`~luisim.hicannx.parameters.NeuronLsb`, in LSB, off by default.

    ``multicompartment_*`` connects it with the circuits beside it. With a calibration (``setup(initial_config=...)``) what is
    not given comes from there. Raises pyNN's NonExistentParameterError for settings that the software keeps to itself (event
    routing, read-out).
    """

    recordable: ClassVar[list[str]] = RECORDABLE
    receptor_types: ClassVar[list[str]] = ["excitatory", "inhibitory"]
    conductance_based = False
    injectable = True
    on_chip = True
    default_parameters: ClassVar[dict[str, Any]] = _neuron_defaults()
    default_initial_values: ClassVar[dict[str, float]] = {}
    translations = build_translations(*((name, name) for name in default_parameters))

    def __init__(self, **parameters: Any) -> None:
        for name in parameters:
            if name not in self.default_parameters:
                raise NonExistentParameterError(name, type(self).__name__, self.get_parameter_names())
        self.given = frozenset(parameters)  # a calibration fills in the others only
        super().__init__(**parameters)


SETTABLE = tuple(name for name in HXNeuron.default_parameters if name in SETTINGS)
_SWITCHES = frozenset(name for name in SETTABLE if isinstance(getattr(NeuronLsb(), name), bool))


def as_setting(name: str, value: Any) -> bool | int:
    """A parameter as the chip takes it: a switch, or a whole number of LSB."""
    return bool(value) if name in _SWITCHES else int(value)


class PlasticHXNeuron(HXNeuron):
    """A neuron that a plasticity rule may read and set."""

    def __init__(self, plasticity_rule: Any = None, **parameters: Any) -> None:
        super().__init__(**parameters)
        self.plasticity_rule = plasticity_rule


class CalibHXNeuronCuba(ChipCell):
    """A neuron that is calibrated to targets: potentials in CADC LSB, times in us, current-based synaptic inputs."""

    recordable: ClassVar[list[str]] = RECORDABLE
    receptor_types: ClassVar[list[str]] = ["excitatory", "inhibitory"]
    conductance_based = False
    injectable = True
    on_chip = True
    # calix: the defaults of the spiking calibration
    default_parameters: ClassVar[dict[str, Any]] = {
        "v_rest": 80.0,
        "v_reset": 70.0,
        "v_thresh": 125.0,
        "tau_m": 10.0,
        "tau_syn_E": 10.0,
        "tau_syn_I": 10.0,
        "cm": 63.0,
        "tau_refrac": 2.0,
        "i_synin_gm_E": 500.0,
        "i_synin_gm_I": 500.0,
        "synapse_dac_bias": 600.0,
    }
    default_initial_values: ClassVar[dict[str, float]] = {}
    translations = build_translations(*((name, name) for name in default_parameters))


class CalibHXNeuronCoba(CalibHXNeuronCuba):
    """As :class:`CalibHXNeuronCuba` with conductance-based inputs: reversal potentials ``e_rev_E``, ``e_rev_I`` in CADC LSB."""

    conductance_based = True
    default_parameters: ClassVar[dict[str, Any]] = {
        **CalibHXNeuronCuba.default_parameters,
        "e_rev_E": 300.0,
        "e_rev_I": 30.0,
    }
    translations = build_translations(*((name, name) for name in default_parameters))


class SpikeSourceArray(ChipCell, standard.SpikeSourceArray):  # type: ignore[misc]
    """Events from outside the chip at ``spike_times`` in ms, counted from the start of each run."""

    recordable: ClassVar[list[str]] = ["spikes"]
    receptor_types = ()
    translations = build_translations(("spike_times", "spike_times"))


class SpikeSourcePoisson(ChipCell, standard.SpikeSourcePoisson):  # type: ignore[misc]
    """Events from outside the chip, drawn once: a train stays until a parameter changes. ``rate`` in Hz of the chip's time."""

    recordable: ClassVar[list[str]] = ["spikes"]
    receptor_types = ()
    translations = build_translations(("rate", "rate"), ("start", "start"), ("duration", "duration"))


class SpikeSourcePoissonOnChip(ChipCell):
    """Events of a generator on the chip: one ``rate`` (Hz) and ``seed`` a population; rate * size must stay below its clock."""

    recordable: ClassVar[list[str]] = []
    receptor_types = ()
    injectable = False
    default_parameters: ClassVar[dict[str, Any]] = {"rate": 1.0, "seed": 0.0}
    default_initial_values: ClassVar[dict[str, float]] = {}
    translations = build_translations(("rate", "rate"), ("seed", "seed"))

    def __init__(self, rate: Any, seed: Any) -> None:
        super().__init__(rate=rate, seed=seed)
