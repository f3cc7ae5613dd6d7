# SPDX-License-Identifier: GPL-3.0-or-later
"""HicannXCircuit: the back end that lets ngspice solve the netlist of a neuron circuit, ``circuits/hicannx/neuron.cir``."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from luisim.experiment import Experiment
from luisim.hicannx.compartments import Compartments, cells_of, resting, wiring_of
from luisim.hicannx.electrical import circuit_of
from luisim.hicannx.netlist import OPTIONS, connection_cards, neuron_cards
from luisim.hicannx.parameters import HicannX
from luisim.hicannx.readout import madc_times
from luisim.hicannx.sampled import as_trace, input_events, pad_voltage, refusal, threshold_noise
from luisim.spice.netlists import Tran, circuit_path, deck, flatten
from luisim.spice.ngspice import Ngspice
from luisim.trace import Trace

Array = NDArray[np.float64]
Index = NDArray[np.intp]

_MAX_STEP = 100e-9  # s; the solver takes shorter steps where something happens
_TIMEOUT_PER_SECOND, _TIMEOUT_LEAST = 30e3, 60.0  # s of waiting; a run takes about 400 s per simulated second


class HicannXCircuit:
    """Runs experiments on a chip's neurons in ngspice, one after the other, connected ones together.

    ``raw`` adds the membrane in V.
    """

    name = "circuit"

    def __init__(self, ngspice: Ngspice | None = None, *, raw: bool = False) -> None:
        self._ngspice = ngspice or Ngspice()
        self._neuron = flatten(circuit_path("hicannx/neuron.cir"))
        self._raw = raw

    def warm(self) -> None:
        """Start ngspice ahead of the first run."""
        self._ngspice.warm()

    def close(self) -> None:
        """End ngspice, and a run that is on."""
        self._ngspice.close()

    def unsupported(self, experiment: Experiment[HicannX]) -> str | None:
        """A voltage at the pad is read without any neuron, so there is nothing to solve."""
        if not isinstance(experiment.device, HicannX):
            return "The circuit solves neurons one by one and no network; run it on the model."
        if pad_voltage(experiment) is not None:
            return "An external voltage is read past the neuron circuit; run it on the model."
        return refusal(experiment)

    def by_hand(self, experiment: Experiment[HicannX]) -> tuple[str, ...]:
        """Nothing: all settings of a chip are under software control."""
        return ()

    def run(
        self,
        experiment: Experiment[HicannX],
        *,
        seed: int = 0,
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Trace:
        """As :meth:`HicannXModel.run`, with the same mismatch and noise.

        Raises :class:`~luisim.errors.SimulationError` if ngspice gives no result.
        """
        times = madc_times(experiment.duration)
        n = len(experiment.device.neurons)
        timeout = max(_TIMEOUT_LEAST, _TIMEOUT_PER_SECOND * experiment.duration)
        v, spikes = np.empty((n, times.size)), [np.empty(0)] * n
        sets = wiring_of(experiment.device).sets()
        for number, chosen in enumerate(sets):
            signals = self._ngspice.run(
                self.deck(experiment, int(chosen[0]), seed=seed),
                save=[f"{node}{_tag(k, chosen)}" for k in chosen for node in ("mem", "refractory")],
                timeout=timeout * chosen.size,
                progress=None if progress is None else _part(progress, number, len(sets)),
                cancelled=cancelled,
            )
            for k in chosen:
                v[k] = np.interp(times, signals["time"], signals[f"mem{_tag(k, chosen)}"])
                spikes[k] = _rising(signals["time"], signals[f"refractory{_tag(k, chosen)}"])
        return as_trace(experiment, v, spikes, self.name, run_seed=seed, raw=self._raw)

    def deck(self, experiment: Experiment[HicannX], neuron: int = 0, *, seed: int = 0) -> str:
        """The netlist of a neuron of the experiment and all that are connected to it, as text that ``ngspice -b`` runs too."""
        device = experiment.device
        wiring, cells = wiring_of(device), cells_of(device)
        circuit, state = circuit_of(device), resting(cells)
        noise, events = threshold_noise(experiment, seed), input_events(experiment)
        chosen = next(members for members in wiring.sets() if neuron in members)
        lines = [OPTIONS]
        for k in chosen:
            index = np.array([k])
            own = [(time, _of(excitatory, k), _of(inhibitory, k)) for time, excitatory, inhibitory in events]
            noise_k = None if noise is None else noise[k]
            lines += neuron_cards(circuit.take(index), state.take(index), noise_k, own, _tag(k, chosen))
        if isinstance(cells, Compartments) and chosen.size > 1:
            lines += connection_cards(device, chosen, wiring, cells, state)
        step = min(_MAX_STEP, experiment.duration)
        return deck(self._neuron, lines=lines, tran=Tran(step=step, stop=experiment.duration, uic=True))


def _tag(neuron: int, connected: Index) -> str:
    return "" if connected.size == 1 else f"_{neuron}"


def _of(weight: Array | float, neuron: int) -> float:
    return float(weight if np.ndim(weight) == 0 else np.asarray(weight)[neuron])


def _rising(time: Array, values: Array) -> Array:
    before, after = values[:-1], values[1:]
    up = (before < 0.5) & (after >= 0.5)
    return time[:-1][up] + (0.5 - before[up]) * np.diff(time)[up] / (after[up] - before[up])


def _part(progress: Callable[[float], None], done: int, n: int) -> Callable[[float], None]:
    return lambda part: progress((done + part) / n)
