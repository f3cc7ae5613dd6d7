# SPDX-License-Identifier: GPL-3.0-or-later
"""Agreement of circuit and model: the same neurons, with settings spread over their ranges, solved by both."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from luisim import measure
from luisim.compare import aligned_residual, compare
from luisim.experiment import Backend, Experiment, SpikeTrain
from luisim.hicannx import engine
from luisim.hicannx.chip import Chip
from luisim.hicannx.constants import CAPACITANCE_MAX, CAPMEM_MAX, MADC_PERIOD, NEURONS, REFRACTORY_MAX, TIME_GRID
from luisim.hicannx.instance import ChipInstance, Mismatch
from luisim.hicannx.lines import Samples
from luisim.hicannx.network import Network, Population, Projection, Source
from luisim.hicannx.parameters import HicannX, NeuronLsb
from luisim.hicannx.readout import madc_times, stamps
from luisim.hicannx.sampled import as_trace
from luisim.trace import Array, Trace

SETS = 40
SEED = 1
CHIP_SAMPLE = 16
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
        neuron = drawn(draw)
        device = HicannX((neuron,), deviations=ChipInstance(1000 * seed + index).mismatch(1))
        trains = tuple(
            SpikeTrain(receptor, int(draw.integers(1, 64)), tuple(draw.uniform(2e-6, 180e-6, 6)))
            for receptor in ("excitatory", "inhibitory")
            if getattr(neuron, f"{receptor}_input_enable")
        )
        yield Experiment(device, _DURATION, trains, f"set_{index:02d}")


def drawn(draw: np.random.Generator) -> NeuronLsb:
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
        # a neuron that only repeats a shorter refractory period has intervals of so few clocks that one clock is far more
        # than the tolerance, and which clock a spike falls into is chance
        refractory_period_refractory_time=cell(100, REFRACTORY_MAX),
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


def from_chip(count: int = CHIP_SAMPLE, seed: int = SEED) -> Iterator[tuple[Experiment[HicannX], Trace]]:
    """``count`` of 512 neurons that run together on one chip: each as an experiment of its own, and as the chip recorded it.

    Two sources, one excitatory and one inhibitory, drive all of them with random 6 bit weights.
    """
    draw = np.random.default_rng([seed, 0])
    neurons = tuple(drawn(np.random.default_rng([seed, index])) for index in range(NEURONS))
    weights = draw.integers(5, 64, (2, NEURONS)) * np.array([[1], [-1]])
    times = [tuple(float(t) for t in stamps(np.sort(draw.uniform(2e-6, 180e-6, 6)))) for _ in range(2)]
    network = Network(
        (Population("neurons", neurons),), (Source("s", 2),), (), (Projection.all_to_all("s", "neurons", weights),)
    )
    mismatch = ChipInstance(seed).mismatch()
    chip = Chip(network, deviations=mismatch)
    chosen = np.sort(draw.choice(NEURONS, count, replace=False))
    samples = Samples(chosen, madc_times(_DURATION))
    events = chip.events({"s": times}, _DURATION)
    # steps as long as the MADC's: on the engine's usual ones a sample on a steep reset is interpolated, up to 5 LSB rms off
    run = engine.run(chip.circuit, chip.lines, events, _DURATION, dt=MADC_PERIOD, samples=[samples])
    trains = run.trains()
    for row, index in enumerate(chosen):
        own = Mismatch(**{name: values[index : index + 1] for name, values in vars(mismatch).items()})
        neuron = neurons[index]
        inputs = tuple(
            SpikeTrain(receptor, int(abs(weights[k, index])), times[k])
            for k, receptor in enumerate(("excitatory", "inhibitory"))
            if getattr(neuron, f"{receptor}_input_enable")
        )
        experiment = Experiment(HicannX((neuron,), deviations=own), _DURATION, inputs, f"chip_{index:03d}")
        v, spikes = run.membranes[0][row : row + 1], [trains[index]]
        yield experiment, as_trace(experiment, v, spikes, "model", run_seed=0, raw=False)


def judge(experiment: Experiment[HicannX], model: Backend[HicannX], circuit: Backend[HicannX]) -> Agreement:
    """Run an experiment on both and compare them."""
    return verdict(experiment, model.run(experiment), circuit.run(experiment))


def verdict(experiment: Experiment[HicannX], a: Trace, b: Trace) -> Agreement:
    """Compare the model's trace ``a`` with the circuit's ``b``, up to :func:`fair_end`."""
    end = fair_end(measure.spikes(a), measure.spikes(b), experiment.duration)
    a, b = _until(a, end), _until(b, end)
    spikes_a, spikes_b = measure.spikes(a), measure.spikes(b)
    rms, isi = _rms_aligned(a, b), compare(a, b).isi_difference
    checks = {
        "spike count": spikes_a.size == spikes_b.size,
        "rms": rms <= _RMS_LSB,
        "ISI": isi is None or abs(isi) <= _ISI,
    }
    faults = tuple(name for name, fine in checks.items() if not fine)
    return Agreement(experiment.name, spikes_a.size, spikes_b.size, rms, isi, faults)


def _rms_aligned(a: Trace, b: Trace) -> float:
    """RMS difference in LSB on aligned spikes, without what lies between two samples of the MADC at the edge of a spike."""
    times, values = aligned_residual(a, b)
    edges = measure.spikes(a)
    if edges.size:
        after = np.searchsorted(edges, times)
        near = edges[np.minimum(after, edges.size - 1)], edges[np.maximum(after - 1, 0)]
        apart = np.minimum(np.abs(times - near[0]), np.abs(times - near[1]))
        values = values[apart > MADC_PERIOD + TIME_GRID]
    return float(np.sqrt(np.mean(values**2)))


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
