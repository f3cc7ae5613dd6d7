# SPDX-License-Identifier: GPL-3.0-or-later
"""Agreement of circuit and model: the same neurons, with settings spread over their ranges, solved by both."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from luisim import measure
from luisim.compare import compare
from luisim.experiment import Backend, Experiment, SpikeTrain
from luisim.hicannx.constants import CAPACITANCE_MAX, CAPMEM_MAX, REFRACTORY_MAX
from luisim.hicannx.instance import ChipInstance
from luisim.hicannx.parameters import HicannX, NeuronLsb
from luisim.trace import Array, Trace

SETS = 40
SEED = 1
_DURATION = 200e-6
_RMS_LSB = 3.0
_ISI = 0.5  # %


@dataclass(frozen=True)
class Agreement:
    """One set: spikes of model and circuit, RMS in MADC LSB with each trace aligned on its spikes, ISI difference in %."""

    name: str
    model_spikes: int
    circuit_spikes: int
    rms: float
    isi: float | None
    faults: tuple[str, ...]

    @property
    def agrees(self) -> bool:
        """Whether every difference lies within its tolerance."""
        return not self.faults

    def as_dict(self) -> dict[str, Any]:
        """For a JSON document."""
        return asdict(self) | {"agrees": self.agrees}


def experiments(count: int = SETS, seed: int = SEED) -> Iterator[Experiment[HicannX]]:
    """``count`` neurons with settings drawn from their ranges; mismatch, but no noise, which would hide differences."""
    for index in range(count):
        draw = np.random.default_rng([seed, index])
        neuron = _drawn(draw)
        device = HicannX((neuron,), deviations=ChipInstance(1000 * seed + index).mismatch(1))
        trains = tuple(
            SpikeTrain(receptor, int(draw.integers(1, 64)), tuple(draw.uniform(2e-6, 180e-6, 6)))
            for receptor in ("excitatory", "inhibitory")
            if getattr(neuron, f"{receptor}_input_enable")
        )
        yield Experiment(device, _DURATION, trains, f"set_{index:02d}")


def _drawn(draw: np.random.Generator) -> NeuronLsb:
    """Settings over the ranges of the sliders, or over all that the cells can hold, except where said."""

    def cell(low: int, high: int = CAPMEM_MAX) -> int:
        return int(draw.integers(low, high + 1))

    def maybe(chance: float = 0.5) -> bool:
        return bool(draw.random() < chance)

    return NeuronLsb(
        leak_v_leak=cell(400),
        leak_i_bias=cell(0),
        leak_enable_division=maybe(0.2),
        leak_enable_degeneration=maybe(0.3),
        leak_enable_multiplication=maybe(0.1),
        reset_v_reset=cell(300),
        reset_i_bias=cell(0),
        reset_enable_multiplication=maybe(),
        threshold_v_threshold=cell(0, 500),
        threshold_enable=maybe(0.9),
        membrane_capacitance_capacitance=cell(0, CAPACITANCE_MAX),
        # below five counts the chip's own counter is not reliable (calix)
        refractory_period_refractory_time=cell(5, REFRACTORY_MAX),
        constant_current_enable=maybe(0.4),
        constant_current_i_offset=cell(0),
        constant_current_type=cell(0, 1),
        excitatory_input_enable=maybe(),
        # 20 us and less: slower than that six events say nothing of the time constant in 200 us
        excitatory_input_i_bias_tau=cell(30),
        excitatory_input_i_bias_gm=cell(0),
        excitatory_input_i_shift_reference=310,
        inhibitory_input_enable=maybe(),
        inhibitory_input_i_bias_tau=cell(30),
        inhibitory_input_i_bias_gm=cell(0),
        inhibitory_input_i_shift_reference=310,
    )


def judge(experiment: Experiment[HicannX], model: Backend[HicannX], circuit: Backend[HicannX]) -> Agreement:
    """Run an experiment on both and compare them up to :func:`fair_end`."""
    a, b = model.run(experiment), circuit.run(experiment)
    end = fair_end(measure.spikes(a), measure.spikes(b), experiment.duration)
    a, b = _until(a, end), _until(b, end)
    spikes_a, spikes_b = measure.spikes(a), measure.spikes(b)
    difference = compare(a, b)
    isi = difference.isi_difference
    checks = {
        "spike count": spikes_a.size == spikes_b.size,
        "rms": difference.rms_aligned <= _RMS_LSB,
        "ISI": isi is None or abs(isi) <= _ISI,
    }
    faults = tuple(name for name, fine in checks.items() if not fine)
    return Agreement(experiment.name, spikes_a.size, spikes_b.size, difference.rms_aligned, isi, faults)


def fair_end(a: Array, b: Array, duration: float) -> float:
    """Where the comparison of the spikes ``a`` and ``b`` (s) ends: at ``duration``, unless chance would decide there.

    A spike that lies nearer to the end than the tolerance of the intervals may come after it in the other trace. Then the
    comparison ends in the middle of the longest time without any spike in the last twentieth of the run.
    """
    start = 0.95 * duration
    both = np.sort(np.concatenate((a, b)))
    late = both[(both > start) & (both <= duration)]
    if late.size == 0 or duration - late[-1] > _ISI / 100.0 * duration:
        return duration
    edges = np.concatenate(([start], late))
    longest = int(np.argmax(np.diff(edges)))
    return float(0.5 * (edges[longest] + edges[longest + 1]))


def _until(trace: Trace, end: float) -> Trace:
    kept = trace.time <= end
    signals = {name: values[kept] for name, values in trace.signals.items()}
    return Trace(trace.time[kept], signals, {name: times[times <= end] for name, times in trace.spikes.items()}, trace.origin)
