# SPDX-License-Identifier: GPL-3.0-or-later
"""To and from PyNN: an experiment of ours as a script for the chip, and a Neo block as a Trace."""

from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from luisim.errors import ParameterError, UnsupportedExperiment
from luisim.experiment import Experiment, SpikeTrain
from luisim.hicannx.parameters import SETTINGS, HicannX, NeuronLsb
from luisim.hicannx.sampled import name_of
from luisim.pynn.simulator import MADC_SITES, MS
from luisim.trace import Trace

_HEAD = """# {name}, exported by luisim: a script for BrainScaleS-2 through PyNN.
# Without the chip: luisim run THIS_FILE. The chip that is simulated then is named below; the real system ignores the name.
import os

os.environ.setdefault("LUISIM_CHIP", "{chip}")

import pynn_brainscales.brainscales2 as pynn

pynn.setup()
neurons = pynn.Population(
    {n},
    pynn.cells.HXNeuron(
{parameters}    ),
)
neurons.record("spikes")
neurons[:{recorded}].record("v")
"""
_INPUT = """
source = pynn.Population(1, pynn.cells.SpikeSourceArray(spike_times={times}))
pynn.Projection(
    source,
    neurons{chosen},
    pynn.AllToAllConnector(),
    synapse_type=pynn.synapses.StaticSynapse(weight={weight}),
    receptor_type="{receptor}",
)
"""
_TAIL = """
pynn.run({duration:g})
data = neurons.get_data().segments[-1]
for train in data.spiketrains:
    print(train)
pynn.end()
"""


def script_of(experiment: Experiment[HicannX]) -> str:
    """The experiment as a PyNN script. Raises :class:`~luisim.errors.UnsupportedExperiment` for what PyNN cannot say."""
    device = experiment.device
    if device.clock_scale or device.pulse_clock_scale:
        raise UnsupportedExperiment("PyNN cannot set clock_scale and pulse_clock_scale; leave both at 0 to export it.")
    if device.deviations is not None:
        raise UnsupportedExperiment("PyNN cannot set [deviations] of a chip: give it a seed to export the experiment.")
    if not all(isinstance(stimulus, SpikeTrain) for stimulus in experiment.stimuli):
        raise UnsupportedExperiment('Only stimuli of kind "spikes" can be exported: PyNN knows no external voltage.')
    seed = "nominal" if device.seed is None else device.seed
    parts = [
        _HEAD.format(
            name=experiment.name or "An experiment",
            chip=f"{device.profile}:{seed}",
            n=len(device.neurons),
            parameters=_parameters(device.neurons),
            recorded=min(len(device.neurons), MADC_SITES),
        )
    ]
    for stimulus in experiment.stimuli:
        if isinstance(stimulus, SpikeTrain):
            sign = 1 if stimulus.receptor == "excitatory" else -1
            chosen = "" if stimulus.neuron is None else f"[{stimulus.neuron}:{stimulus.neuron + 1}]"
            times = [round(time / MS, 9) for time in stimulus.times]
            parts.append(_INPUT.format(times=times, weight=sign * stimulus.weight, receptor=stimulus.receptor, chosen=chosen))
    return "".join([*parts, _TAIL.format(duration=experiment.duration / MS)])


def _parameters(neurons: tuple[NeuronLsb, ...]) -> str:
    defaults = {f.name: f.default for f in fields(NeuronLsb)}
    lines = []
    for name in SETTINGS:
        values = [getattr(neuron, name) for neuron in neurons]
        if any(value != defaults[name] for value in values):
            lines.append(f"        {name}={values[0] if len(set(values)) == 1 else values},\n")
    return "".join(lines)


def trace_of(block: Any, segment: int = -1) -> Trace:
    """A run of a Neo block as a trace: ``v_madc`` (LSB) of the first neuron recorded, ``v_madc_1`` of the next; spikes in s.

    Pieces of a run are joined. Takes blocks of ``get_data()``, simulated or from the chip. Raises
    :class:`~luisim.errors.ParameterError` if there is no membrane in it.
    """
    try:
        chosen = block.segments[segment]
    except IndexError:
        raise ParameterError(f"The block has {len(block.segments)} segments, none with the number {segment}.") from None
    signals: dict[int, list[Any]] = {}
    for signal in chosen.irregularlysampledsignals:
        if signal.name == "v" and signal.annotations.get("device", "madc") == "madc":
            signals.setdefault(int(signal.annotations["source_ids"][0]), []).append(signal)
    if not signals:
        raise ParameterError('The block holds no membrane: record("v") before the run, and ask for it with get_data().')
    cells = sorted(signals)
    time = _joined([signal.times.rescale("s").magnitude for signal in signals[cells[0]]])
    # where pieces meet, the last sample of one may be the first of the next
    kept = np.concatenate([[True], np.diff(time) > 0.0])
    values = {
        name_of("v_madc", n): _joined([signal.magnitude[:, 0] for signal in signals[cell]])[kept]
        for n, cell in enumerate(cells)
    }
    spikes: dict[str, NDArray[np.float64]] = {}
    for n, cell in enumerate(cells):
        trains = [t.rescale("s").magnitude for t in chosen.spiketrains if t.annotations.get("source_id") == cell]
        spikes[name_of("out", n)] = np.sort(_joined(trains)) if trains else np.empty(0)
    made_by = "model" if chosen.annotations.get("simulated") else "chip"
    return Trace(time[kept], values, spikes, f"{made_by} {block.name or ''}".strip())


def _joined(parts: list[Any]) -> NDArray[np.float64]:
    return np.concatenate([np.asarray(part, dtype=np.float64) for part in parts])
