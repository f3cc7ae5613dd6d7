# SPDX-License-Identifier: GPL-3.0-or-later
"""Bench: an instance of a chip as one measures it, with settings in and noisy MADC readings out."""

import numpy as np
from numpy.typing import NDArray

from luisim.hicannx.constants import CAPMEM_MAX, REFRACTORY_MAX
from luisim.hicannx.electrical import NeuronCircuit, electrical, mismatch_of
from luisim.hicannx.instance import ChipInstance, Mismatch
from luisim.hicannx.neuron import State, resting
from luisim.hicannx.parameters import Columns, HicannX
from luisim.hicannx.profiles import Profile
from luisim.hicannx.readout import in_lsb, madc_noise
from luisim.hicannx.run import Event, run

Array = NDArray[np.float64]

STEP = 0.2e-6  # s between the samples that are used: the MADC's noise is wide, its slow part is not worth more
REPEATS = 6  # recordings that are averaged where the noise would hide what is looked for
_SETTLE = 100e-6  # s; a neuron is near its rest before, only the currents of its inputs move it
_NOISE_STREAM = 2**32 - 1  # of the noise while calibrating, apart from that of the runs


class Bench:
    """An instance on the bench: settings in, MADC readings out. The hidden mismatch stays inside."""

    def __init__(self, profile: Profile, mismatch: Mismatch, clock_scale: int, draw: np.random.Generator | None) -> None:
        self._profile, self._mismatch, self._clock_scale, self._draw = profile, mismatch, clock_scale, draw
        self.n = mismatch.v_leak.size

    def circuit(self, lsb: Columns) -> NeuronCircuit:
        """The neurons with these settings."""
        return electrical(lsb, self._profile, self._mismatch, clock_scale=self._clock_scale)

    def rest(self, lsb: Columns, samples: int = 64) -> Array:
        """Mean reading of a neuron at rest."""
        circuit = self.circuit(lsb | {"threshold_enable": np.zeros(self.n)})
        settled = run(circuit, np.array([0.0, _SETTLE]), max_step=4e-6)
        return np.asarray(self._read(np.repeat(settled.v[:, -1:], samples, axis=1), REPEATS).mean(axis=1))

    def released(self, lsb: Columns, from_lsb: Array, times: Array) -> Array:
        """(n, k) readings after the membrane was pulled to ``from_lsb`` and let go at 0."""
        circuit = self.circuit(lsb | {"threshold_enable": np.zeros(self.n)})
        state = resting(circuit)
        start = State(state.time, from_lsb * self._profile.madc_lsb, *(getattr(state, n) for n in _AFTER_V))
        return self._read(run(circuit, times, state=start).v, REPEATS)

    def free(
        self, lsb: Columns, times: Array, inputs: tuple[Event, ...] = (), repeats: int = 1
    ) -> tuple[Array, tuple[Array, ...]]:
        """(n, k) readings and spikes of free running neurons."""
        recording = run(self.circuit(lsb), times, inputs)
        return self._read(recording.v, repeats), recording.spikes

    def reset(self, lsb: Columns) -> Array:
        """Reading at the end of the reset: the neuron is made to fire by its leak and held by the longest refractory period."""
        n = self.n
        fires = lsb | {
            "leak_v_leak": np.full(n, float(CAPMEM_MAX)),
            "leak_i_bias": np.full(n, float(CAPMEM_MAX)),
            "threshold_v_threshold": np.full(n, 430.0),
            "refractory_period_refractory_time": np.full(n, float(REFRACTORY_MAX)),
            "excitatory_input_enable": np.zeros(n),
            "inhibitory_input_enable": np.zeros(n),
        }
        held = REFRACTORY_MAX * float(self.circuit(fires).clock[0])
        times = np.arange(0.0, 20e-6 + 2.0 * held, STEP)
        read, spikes = self.free(fires, times)
        value = np.full(n, np.inf)
        for i in range(n):
            ends = spikes[i] + held
            inside = np.zeros(times.size, dtype=np.bool_)
            for end in ends:
                inside |= (times > end - 0.4 * held) & (times < end - 0.02 * held)
            if inside.any():
                value[i] = read[i, inside].mean()
        return value

    def threshold(self, lsb: Columns) -> Array:
        """Mean of the readings just before the spikes of a neuron whose leak drives it through the threshold."""
        n = self.n
        fires = lsb | {
            "leak_v_leak": np.full(n, float(CAPMEM_MAX)),
            "leak_i_bias": np.full(n, 200.0),
            "excitatory_input_enable": np.zeros(n),
            "inhibitory_input_enable": np.zeros(n),
        }
        times = np.arange(0.0, 30e-6, 0.1e-6)
        read, spikes = self.free(fires, times)
        value = np.full(n, np.inf)
        for i in range(n):
            last = np.searchsorted(times, spikes[i][:8]) - 1
            if last.size:
                value[i] = read[i, np.maximum(last, 0)].mean()
        return value

    def _read(self, volts: Array, repeats: int) -> Array:
        """The mean of so many recordings of one course of the membrane."""
        exact = in_lsb(volts + self._mismatch.v_readout[:, None], self._profile)
        if self._draw is None:
            return exact
        total = np.zeros_like(exact)
        for _ in range(repeats):
            total += np.rint(exact + madc_noise(exact.shape, self._profile, self._draw))
        return total / repeats


_AFTER_V = ("exc", "inh", "w", "x", "reset_until", "refractory_until", "pulse_until")


def bench_of(device: HicannX) -> Bench:
    """The chip of a device on the bench, with its mismatch and its noise."""
    draw = None if device.seed is None else ChipInstance(device.seed).noise(_NOISE_STREAM)
    return Bench(device.chip_profile, mismatch_of(device), device.clock_scale, draw)
