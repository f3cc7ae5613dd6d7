# SPDX-License-Identifier: GPL-3.0-or-later
"""Population, PopulationView, Assembly: cells with their parameters; neurons have a place on the chip from the start."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyNN import common, errors
from pyNN.parameters import ParameterSpace, simplify

from luisim.errors import ParameterError, UnsupportedExperiment
from luisim.pynn import simulator
from luisim.pynn.morphology.mc_neuron_base import McNeuronBase
from luisim.pynn.morphology.parameters import McCircuitParameters
from luisim.pynn.recording import Recorder
from luisim.pynn.standardmodels import cells


class Assembly(common.Assembly):  # type: ignore[misc]
    """Several populations taken together."""

    _simulator = simulator


def _column(value: Any, size: int) -> NDArray[Any]:
    """An array with one element for each cell; an element may be a sequence of spike times."""
    array = np.array(value)
    return array if array.ndim else np.full(size, value)


class _Cells:
    """What a population and a view of it share. Parameters live in the population, one array each."""

    _simulator = simulator
    _assembly_class = Assembly

    def _get_view(self, selector: Any, label: str | None = None) -> "PopulationView":
        return PopulationView(self, selector, label)

    def _whole(self) -> tuple[Any, Any]:
        raise NotImplementedError

    def _get_parameters(self, *names: str) -> ParameterSpace:
        whole, mask = self._whole()
        for name in names:
            if name not in whole._parameters:
                raise errors.NonExistentParameterError(
                    name, type(whole.celltype).__name__, whole.celltype.get_parameter_names()
                )
        values = {name: simplify(whole._parameters[name][mask]) for name in names}
        kinds = dict.fromkeys(values, McCircuitParameters) if isinstance(whole.celltype, McNeuronBase) else None
        return ParameterSpace(values, kinds, shape=(self.size,))  # type: ignore[attr-defined]

    _get_native_parameters = _get_parameters

    def _set_parameters(self, parameter_space: ParameterSpace) -> None:
        whole, mask = self._whole()
        parameter_space.evaluate(simplify=False)
        for name, value in parameter_space.items():
            whole._parameters[name][mask] = value
        whole._changed(mask)

    def _set_initial_value_array(self, variable: str, initial_values: Any) -> None:
        raise UnsupportedExperiment(
            f"{variable} cannot be initialised: a chip starts from where its neurons rest; set leak_v_leak or reset_v_reset."
        )

    def inject(self, current_source: Any) -> None:
        """Refused: use the neuron's own constant current."""
        raise UnsupportedExperiment(
            "Currents cannot be injected from outside: set constant_current_enable and constant_current_i_offset of the neuron."
        )

    def record(
        self,
        variables: Any,
        to_file: Any = None,
        sampling_interval: float | None = None,
        locations: Any = None,
        *,
        device: str = "madc",
    ) -> None:
        """Record ``variables`` ("spikes", "v", "exc_synin", "inh_synin", "adaptation"), or None: nothing any more.

        ``device``: "madc" (two neurons at most, one variable each), "cadc" (all neurons, slow), or "pad_0_buffered" and its
        like, which lead to a pin and come back as no data.
        """
        whole, _ = self._whole()
        if variables is None:
            whole.recorder.reset()
        else:
            ids = self._record_filter if self._record_filter is not None else self.all_cells  # type: ignore[attr-defined]
            whole.recorder.record(variables, ids, sampling_interval, locations, device=device)
        if isinstance(to_file, str):
            whole.recorder.file = to_file
            simulator.state.write_on_end.append((self, variables, to_file))


def _refuse_early_access(population: Any) -> None:
    state = simulator.state
    early = state.initial_config is not None and not state.mapped
    if state.strict and early and isinstance(population.celltype, cells.HXNeuron):
        raise RuntimeError(
            "strict: with an initial_config parameters exist only after the network was mapped;"
            " call pynn.run(None, pynn.RunCommand.PREPARE) first, or give them to HXNeuron."
        )


class PopulationView(_Cells, common.PopulationView):  # type: ignore[misc]
    """Some cells of a population."""

    def _whole(self) -> tuple[Any, NDArray[np.intp]]:
        return self.grandparent, self.index_in_grandparent(np.arange(self.size))

    def get(self, parameter_names: Any, gather: bool = False, simplify: bool = True) -> Any:
        """Values of parameters of these cells."""
        _refuse_early_access(self)
        return super().get(parameter_names, gather, simplify)

    def set(self, **parameters: Any) -> None:
        """Set parameters of these cells."""
        _refuse_early_access(self)
        super().set(**parameters)


class Population(_Cells, common.Population):  # type: ignore[misc]
    """Cells of one type."""

    _recorder_class = Recorder

    def _create_cells(self) -> None:
        state = simulator.state
        ids = range(state.id_counter, state.id_counter + self.size)
        several = isinstance(self.celltype, McNeuronBase)
        self.sites = np.empty(0, dtype=np.intp)  # (cells,), or (cells, circuits)
        if self.is_neuron:
            self.sites = state.place_shaped(self.size, self.celltype.layout.shape) if several else state.place(self.size)
        state.id_counter += self.size
        self.all_cells = np.array([simulator.ID(value) for value in ids], dtype=simulator.ID)
        self._mask_local = np.ones(self.size, dtype=np.bool_)
        for cell in self.all_cells:
            cell.parent = self
        space = self.celltype.native_parameters
        space.shape = (self.size,)
        space.evaluate(simplify=False)
        self._parameters: dict[str, NDArray[Any]] = {key: _column(value, self.size) for key, value in space.as_dict().items()}
        if isinstance(self.celltype, cells.HXNeuron) and state.initial_config is not None:
            found = state.initial_config.neurons(self.sites)
            for key in cells.SETTABLE:
                if key not in self.celltype.given:
                    kind = self._parameters[key].dtype
                    self._parameters[key] = np.array([getattr(neuron, key) for neuron in found], dtype=kind)
        if several and state.initial_config is not None:
            self._parameters |= self.celltype.calibrated(self.sites, state.initial_config)
        self.version = np.zeros(self.size, dtype=np.intp)  # counts changes: a Poisson train lives as long as its number
        self.trains: dict[tuple[int, int], Any] = {}
        self.number = len(state.populations)
        state.populations.append(self)

    @property
    def is_neuron(self) -> bool:
        """Whether these are neurons of the chip, not sources."""
        return bool(self.celltype.on_chip)

    def _whole(self) -> tuple[Any, Any]:
        return self, slice(None)

    def _changed(self, mask: Any) -> None:
        self.version[mask] += 1

    def get(self, parameter_names: Any, gather: bool = False, simplify: bool = True) -> Any:
        """Values of parameters of all cells."""
        _refuse_early_access(self)
        return super().get(parameter_names, gather, simplify)

    def set(self, **parameters: Any) -> None:
        """Set parameters of all cells."""
        _refuse_early_access(self)
        super().set(**parameters)

    @property
    def actual_hwparams(self) -> list[Any]:
        """The settings each neuron has on the chip, calibrated or not. Raises ParameterError for sources."""
        if not self.is_neuron:
            raise ParameterError(f"{self.label} holds spike sources, which have no neuron circuit.")
        from luisim.pynn.mapping import settings_of

        return list(settings_of(simulator.state, self))
