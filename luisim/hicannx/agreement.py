# SPDX-License-Identifier: GPL-3.0-or-later
"""Agreement of circuit and model: the same neurons, with settings spread over their ranges, solved by both."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from luisim import measure
from luisim.compare import compare
from luisim.experiment import Backend, Experiment, SpikeTrain
from luisim.hicannx.instance import ChipInstance
from luisim.hicannx.parameters import HicannX, NeuronLsb

SETS = 40
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


def experiments(count: int = SETS, seed: int = 6) -> Iterator[Experiment[HicannX]]:
    """``count`` neurons with settings drawn from their ranges; mismatch, but no noise, which would hide differences."""
    for index in range(count):
        draw = np.random.default_rng([seed, index])
        neuron = _drawn(draw)
        device = HicannX((neuron,), deviations=ChipInstance(1000 + index).mismatch(1))
        trains = tuple(
            SpikeTrain(receptor, int(draw.integers(5, 64)), tuple(draw.uniform(2e-6, 180e-6, 6)))
            for receptor in ("excitatory", "inhibitory")
            if getattr(neuron, f"{receptor}_input_enable")
        )
        yield Experiment(device, _DURATION, trains, f"set_{index:02d}")


def _drawn(draw: np.random.Generator) -> NeuronLsb:
    def cell(low: int, high: int) -> int:
        return int(draw.integers(low, high + 1))

    def maybe(chance: float = 0.5) -> bool:
        return bool(draw.random() < chance)

    reset = cell(300, 800)
    return NeuronLsb(
        leak_v_leak=cell(500, 1022),
        leak_i_bias=cell(20, 1022),
        leak_enable_division=maybe(0.2),
        leak_enable_degeneration=maybe(0.3),
        reset_v_reset=reset,
        reset_i_bias=cell(300, 1022),
        reset_enable_multiplication=maybe(),
        # above where the reset leaves the membrane: below, a neuron only repeats its refractory period
        threshold_v_threshold=cell(round(max(100.0, 0.82 * reset - 250.0)), 420),
        threshold_enable=maybe(0.9),
        membrane_capacitance_capacitance=cell(24, 63),
        refractory_period_refractory_time=cell(100, 255),
        constant_current_enable=maybe(0.4),
        constant_current_i_offset=cell(0, 1022),
        constant_current_type=cell(0, 1),
        excitatory_input_enable=maybe(),
        excitatory_input_i_bias_tau=cell(30, 600),
        excitatory_input_i_bias_gm=cell(100, 1022),
        excitatory_input_i_shift_reference=310,
        inhibitory_input_enable=maybe(),
        inhibitory_input_i_bias_tau=cell(30, 600),
        inhibitory_input_i_bias_gm=cell(100, 1022),
        inhibitory_input_i_shift_reference=310,
    )


def judge(experiment: Experiment[HicannX], model: Backend[HicannX], circuit: Backend[HicannX]) -> Agreement:
    """Run an experiment on both and compare them."""
    a, b = model.run(experiment), circuit.run(experiment)
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
