# SPDX-License-Identifier: GPL-3.0-or-later
"""From membranes to a Trace: what both back ends of the chip do with an experiment before and after they solve it."""

from collections.abc import Sequence
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from luisim.errors import ParameterError
from luisim.experiment import Experiment, PadVoltage, SpikeTrain
from luisim.hicannx.compartments import cells_of
from luisim.hicannx.electrical import mismatch_of
from luisim.hicannx.instance import ChipInstance
from luisim.hicannx.parameters import HicannX
from luisim.hicannx.readout import madc, madc_times, stamps
from luisim.hicannx.run import Event, jitter
from luisim.trace import Trace

Array = NDArray[np.float64]


def refusal(experiment: Experiment[HicannX]) -> str | None:
    """Why no back end can run it, as a sentence: a stimulus of another device, or an input that is switched off."""
    for stimulus in experiment.stimuli:
        match stimulus:
            case SpikeTrain(receptor=receptor, neuron=chosen):
                neurons = experiment.device.neurons
                if chosen is not None and chosen >= len(neurons):
                    return f"There is no neuron {chosen} for a stimulus; the last one is neuron {len(neurons) - 1}."
                if not all(getattr(n, f"{receptor}_input_enable") for n in (neurons if chosen is None else [neurons[chosen]])):
                    return (
                        f"The {receptor} input is switched off; set {receptor}_input_enable = true in [neuron],"
                        " or add a [calibration] table."
                    )
            case PadVoltage():
                pass
            case _:
                return 'A chip takes stimuli of kind "spikes" and "voltage".'
    try:
        cells_of(experiment.device)
    except ParameterError as error:
        return str(error)
    return None


def input_events(experiment: Experiment[HicannX]) -> list[Event]:
    """What arrives at the synaptic inputs: (time in s, excitatory weight, inhibitory weight)."""
    events: list[Event] = []
    for s in experiment.stimuli:
        if isinstance(s, SpikeTrain):
            weight = s.weight if s.neuron is None else s.weight * np.eye(len(experiment.device.neurons))[s.neuron]
            events += [(time, weight, 0.0) if s.receptor == "excitatory" else (time, 0.0, weight) for time in s.times]
    return sorted(events, key=itemgetter(0))


def pad_voltage(experiment: Experiment[HicannX]) -> PadVoltage | None:
    """The external voltage that is read instead of the neurons, if there is one."""
    return next((s for s in experiment.stimuli if isinstance(s, PadVoltage)), None)


def threshold_noise(experiment: Experiment[HicannX], run_seed: int) -> Array | None:
    """Noise of the thresholds for this run (see :func:`~luisim.hicannx.run.jitter`); None on a nominal chip."""
    device = experiment.device
    if device.seed is None:
        return None
    draw = ChipInstance(device.seed).noise(2 * run_seed)
    return jitter(device.chip_profile, len(device.neurons), experiment.duration, draw)


def name_of(signal: str, neuron: int) -> str:
    """``v_madc`` for the first neuron, ``v_madc_1`` for the next, and so on."""
    return signal if neuron == 0 else f"{signal}_{neuron}"


def as_trace(
    experiment: Experiment[HicannX], v: Array, spikes: Sequence[Array], origin: str, *, run_seed: int, raw: bool
) -> Trace:
    """The trace of a run: ``v`` (n, k) in V at the MADC's sample times, ``spikes`` in s for each neuron.

    Signals ``v_madc`` in LSB, with ``raw`` also ``v_mem`` in V. Stamps and spikes lie on the chip's 8 ns grid.
    """
    device = experiment.device
    noise = None if device.seed is None else ChipInstance(device.seed).noise(2 * run_seed + 1)
    offsets = mismatch_of(device).v_readout[:, None] if pad_voltage(experiment) is None else 0.0
    read = madc(v + offsets, device.chip_profile, noise)
    signals = {name_of("v_madc", n): row for n, row in enumerate(read)}
    if raw:
        signals |= {name_of("v_mem", n): row for n, row in enumerate(v)}
    return Trace(
        stamps(madc_times(experiment.duration)),
        signals,
        {name_of("out", n): stamps(times) for n, times in enumerate(spikes)},
        origin,
    )


def staircase(pad: PadVoltage, times: Array) -> Array:
    """(1, k): the external voltage at ``times``; the last value stays."""
    steps = np.minimum((times / pad.dwell + 1e-9).astype(np.intp), len(pad.values) - 1)
    return np.asarray(pad.values)[steps][None, :]
