# SPDX-License-Identifier: GPL-3.0-or-later
"""HicannXCircuit: the back end that lets ngspice solve the netlist of a neuron circuit, ``circuits/hicannx/neuron.cir``."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from luisim.experiment import Experiment
from luisim.hicannx.constants import SYNAPSE_LATENCY, SYNAPSE_PULSE
from luisim.hicannx.electrical import Input, NeuronCircuit, circuit_of
from luisim.hicannx.neuron import State, resting
from luisim.hicannx.parameters import HicannX
from luisim.hicannx.readout import madc_times
from luisim.hicannx.run import JITTER_PERIOD, Event
from luisim.hicannx.sampled import as_trace, input_events, pad_voltage, refusal, threshold_noise
from luisim.spice.netlists import Tran, circuit_path, deck, flatten
from luisim.spice.ngspice import Ngspice
from luisim.trace import Trace

Array = NDArray[np.float64]

_MAX_STEP = 100e-9  # s; the solver takes shorter steps where something happens
_EDGE = 0.1e-9  # s, of a synaptic event's current pulse
_C_LINE = 100e-15  # F, of the synaptic lines: only tau and the step of an event count
_TIMEOUT_PER_SECOND, _TIMEOUT_LEAST = 30e3, 60.0  # s of waiting; a run takes about 400 s per simulated second

# xmu below 0.5 damps the ringing that the trapezoidal rule shows on the counter's latches
OPTIONS = ".options method=trap xmu=0.49 reltol=1e-4 abstol=1e-15 chgtol=1e-14 vntol=1e-7"

# parameters of the netlist's blocks, and the field of NeuronCircuit that each takes
_CORE = {
    "c_mem": "c_mem",
    "v_leak": "v_leak",
    "i_leak": "i_leak",
    "v_lin_leak": "v_lin_leak",
    "v_reset": "v_reset",
    "i_reset": "i_reset",
    "v_lin_reset": "v_lin_reset",
    "v_th": "v_threshold",
    "delay": "comparator_delay",
    "width": "comparator_width",
    "fires": "fires",
    "clock": "clock",
    "n_reset": "n_reset",
    "n_refractory": "n_refractory",
    "i_constant": "i_constant",
}
_EXPONENTIAL = {"i_exp": "i_exp", "v_exp": "v_exp", "slope": "exp_slope", "i_max": "exp_limit", "pause": "exp_pause"}
_ADAPTATION = {
    "c_w": "c_adapt",
    "tau": "tau_adapt",
    "v_ref": "v_adapt_ref",
    "v_leak": "v_adapt_leak",
    "i_a": "i_a",
    "i_b": "i_b",
    "i_out": "i_adapt",
    "v_lin": "v_lin_adapt",
    "clock": "clock",
    "n_pulse": "n_pulse",
}
_INPUT = {name: name for name in ("tau", "i_out", "v_lin", "offset", "coba", "reversal", "v_lin_coba")}


class HicannXCircuit:
    """Runs experiments on a chip's neurons in ngspice, one circuit after the other. ``raw`` adds the membrane in V."""

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
        v, spikes = np.empty((n, times.size)), []
        for neuron in range(n):
            signals = self._ngspice.run(
                self.deck(experiment, neuron, seed=seed),
                save=["mem", "refractory"],
                timeout=timeout,
                progress=None if progress is None else _part(progress, neuron, n),
                cancelled=cancelled,
            )
            v[neuron] = np.interp(times, signals["time"], signals["mem"])
            spikes.append(_rising(signals["time"], signals["refractory"]))
        return as_trace(experiment, v, spikes, self.name, run_seed=seed, raw=self._raw)

    def deck(self, experiment: Experiment[HicannX], neuron: int = 0, *, seed: int = 0) -> str:
        """The netlist of one neuron of the experiment, as text that ``ngspice -b`` runs too."""
        index = np.array([neuron])
        circuit = circuit_of(experiment.device).take(index)
        noise = threshold_noise(experiment, seed)
        lines = [
            OPTIONS,
            *_blocks(circuit, resting(circuit)),
            _threshold_source(None if noise is None else noise[neuron]),
            *_event_sources(circuit, input_events(experiment)),
        ]
        step = min(_MAX_STEP, experiment.duration)
        return deck(self._neuron, lines=lines, tran=Tran(step=step, stop=experiment.duration, uic=True))


def _blocks(circuit: NeuronCircuit, state: State) -> list[str]:
    """The instances of a neuron: its core, and of the other blocks those that carry a current."""
    core = _values(_CORE, circuit, v0=state.v[0])
    lines = [f"xcore mem x refractory now tick vn 0 hicannx_core {core}"]
    for node, receptor in (("exc", circuit.excitatory), ("inh", circuit.inhibitory)):
        if receptor.i_out[0] != 0.0:
            lines.append(f"x{node} {node} mem 0 synaptic_input {_values(_INPUT, receptor, c_line=_C_LINE)}")
    if circuit.i_exp[0] != 0.0:
        lines.append(f"xexponential mem refractory 0 exponential {_values(_EXPONENTIAL, circuit)}")
    if circuit.i_adapt[0] != 0.0:
        lines.append(f"xadaptation mem w x now tick 0 adaptation {_values(_ADAPTATION, circuit, w0=state.w[0])}")
    return lines


def _values(names: Mapping[str, str], source: NeuronCircuit | Input, **more: float) -> str:
    values = {name: getattr(source, field)[0] for name, field in names.items()} | more
    return " ".join(f"{name}={float(value):.12g}" for name, value in values.items())


def _threshold_source(noise: Array | None) -> str:
    if noise is None:
        return "vnoise vn 0 0"
    return "vnoise vn 0 pwl(" + " ".join(f"{k * JITTER_PERIOD:.9g} {v:.6g}" for k, v in enumerate(noise)) + ")"


def _event_sources(circuit: NeuronCircuit, events: Iterable[Event]) -> list[str]:
    """Current pulses into the lines, each with the charge that moves the line by the event's weight."""
    events = list(events)
    lines = []
    for node, column, receptor in (("exc", 1, circuit.excitatory), ("inh", 2, circuit.inhibitory)):
        weights: dict[float, float] = {}
        for event in events:
            if event[column] > 0.0:
                weights[event[0]] = weights.get(event[0], 0.0) + event[column]
        if weights and receptor.i_out[0] != 0.0:
            lines.append(f"i{node} 0 {node} pwl({_pulses(sorted(weights.items()), receptor)})")
    return lines


def _pulses(weights: list[tuple[float, float]], receptor: Input) -> str:
    corners = [(0.0, 0.0)]
    for time, weight in weights:
        start = max(time + SYNAPSE_LATENCY, corners[-1][0] + _EDGE)
        level = weight * float(receptor.step[0]) * _C_LINE / SYNAPSE_PULSE
        corners += [
            (start, 0.0),
            (start + _EDGE, level),
            (start + SYNAPSE_PULSE, level),
            (start + SYNAPSE_PULSE + _EDGE, 0.0),
        ]
    return " ".join(f"{time:.12g} {value:.9g}" for time, value in corners)


def _rising(time: Array, values: Array) -> Array:
    before, after = values[:-1], values[1:]
    up = (before < 0.5) & (after >= 0.5)
    return time[:-1][up] + (0.5 - before[up]) * np.diff(time)[up] / (after[up] - before[up])


def _part(progress: Callable[[float], None], done: int, n: int) -> Callable[[float], None]:
    return lambda part: progress((done + part) / n)
