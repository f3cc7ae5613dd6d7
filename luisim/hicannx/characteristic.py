# SPDX-License-Identifier: GPL-3.0-or-later
"""Characteristics: the MADC against an external voltage, and where cells put the membrane, read with that MADC."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from luisim.errors import ParameterError
from luisim.experiment import Experiment, PadVoltage
from luisim.hicannx.bench import bench_of
from luisim.hicannx.constants import MADC_MAX
from luisim.hicannx.parameters import HicannX, NeuronLsb, columns
from luisim.hicannx.sampled import pad_voltage
from luisim.trace import Array, Trace

_FLAT = 0.5  # a step that moves the reading by less than this part of the usual is at an end


@dataclass(frozen=True)
class AdcCharacteristic:
    """``volts``, ``mean`` and ``deviation`` (LSB) of each step, which of them are not at an end, and the line through those.

    ``volt_per_lsb`` and ``volt_at_0`` turn a reading into V.
    """

    volts: Array
    mean: Array
    deviation: Array
    linear: NDArray[np.bool_]
    volt_per_lsb: float
    volt_at_0: float

    def in_volt(self, reading: Array) -> Array:
        """Readings in LSB as V."""
        return self.volt_per_lsb * reading + self.volt_at_0


def adc_characteristic(experiment: Experiment[HicannX], trace: Trace) -> AdcCharacteristic:
    """Mean and deviation of the readings of each external voltage, and the straight line through the middle ones."""
    pad: PadVoltage | None = pad_voltage(experiment)
    if pad is None or len(pad.values) < 4:
        raise ParameterError('A characteristic needs a stimulus of kind "voltage" with four values or more.')
    step = (trace.time / pad.dwell).astype(np.intp)
    parts = [trace.signals["v_madc"][step == k] for k in range(len(pad.values))]
    if any(part.size < 2 for part in parts):
        raise ParameterError("The experiment ends before its last voltage; make its duration the number of values times dwell.")
    volts = np.array(pad.values)
    mean, deviation = np.array([p.mean() for p in parts]), np.array([p.std() for p in parts])
    slopes = np.diff(mean) / np.diff(volts)
    usual = np.median(slopes)
    straight = np.abs(slopes - usual) < _FLAT * usual
    linear = np.append(straight, True) & np.insert(straight, 0, True) & (mean > 1.0) & (mean < MADC_MAX - 1.0)
    slope, offset = np.polyfit(mean[linear], volts[linear], 1)
    return AdcCharacteristic(volts, mean, deviation, linear, float(slope), float(offset))


def cell_characteristic(device: HicannX, cell: str, values: Array) -> Array:
    """(k, n): readings in LSB of the potential that the cell ``leak``, ``reset`` or ``threshold`` sets, for each value."""
    firing = NeuronLsb(
        leak_v_leak=1022,
        leak_i_bias=200,
        reset_v_reset=300,
        reset_i_bias=1022,
        reset_enable_multiplication=True,
        threshold_v_threshold=430,
        threshold_enable=True,
        membrane_capacitance_capacitance=63,
        refractory_period_refractory_time=255,
    )
    names = {"leak": "leak_v_leak", "reset": "reset_v_reset", "threshold": "threshold_v_threshold"}
    if cell not in names:
        raise ParameterError(f"There is no characteristic of {cell!r}; there are leak, reset and threshold.")
    n = len(device.neurons)
    bench = bench_of(replace(device, neurons=(firing,) * n))
    read = {"leak": bench.rest, "reset": bench.reset, "threshold": bench.threshold}[cell]
    base = columns((firing,) * n)
    return np.array([read(base | {names[cell]: np.full(n, float(value))}) for value in values])
