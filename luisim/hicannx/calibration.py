# SPDX-License-Identifier: GPL-3.0-or-later
"""Calibration: from what a neuron shall do to its settings, by measuring an instance as one would the chip.

Nothing here looks at the mismatch: it sets cells, reads the noisy MADC, and decides on the next value. All neurons are measured
at once. The order is that of the chip's own calibration (calix): membrane time constant, leak, reset, threshold, then the
synaptic inputs. These get one strength: the median of all neurons at the bias that is asked for.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from luisim.errors import CalibrationError
from luisim.hicannx.bench import REPEATS, STEP, Bench, bench_of
from luisim.hicannx.constants import CAPMEM_MAX, CLOCK, MADC_OFFSET, MADC_PER_CADC, REFRACTORY_MAX, WEIGHT_MAX
from luisim.hicannx.parameters import SETTINGS, Columns, HicannX, NeuronLsb, columns
from luisim.hicannx.run import Event
from luisim.quantity import Quantity, check_fields

Array = NDArray[np.float64]

_CADC = "calix: default of the spiking calibration, in CADC LSB, read by the MADC"
_HEIGHT = 40.0  # LSB, how far the membrane is pulled away to see it return: within the OTA's linear range
_SWEEPS = 10  # bits of a cell


@dataclass(frozen=True)
class NeuronTarget:
    """What a neuron shall do: potentials in LSB of the MADC, times in s. Defaults are those of calix.

    Raises :class:`~luisim.errors.ParameterError` for values out of range.
    """

    leak: Annotated[float, Quantity("", 195, 620, _CADC)] = 80 * MADC_PER_CADC + MADC_OFFSET
    reset: Annotated[float, Quantity("", 180, 620, _CADC)] = 70 * MADC_PER_CADC + MADC_OFFSET
    threshold: Annotated[float, Quantity("", 195, 700, _CADC)] = 125 * MADC_PER_CADC + MADC_OFFSET
    tau_mem: Annotated[float, Quantity("s", 2e-6, 60e-6, "calix: 0.5 to 60 us")] = 10e-6
    tau_syn: Annotated[float, Quantity("s", 1e-6, 30e-6, "calix: 0.3 to 30 us")] = 10e-6
    refractory_time: Annotated[float, Quantity("s", 0.04e-6, 32e-6, "calix: 40 ns to 32 us")] = 2e-6

    def __post_init__(self) -> None:
        check_fields(self)


@dataclass(frozen=True)
class Measured:
    """What the last round of measurements read, (n,) each: LSB of the MADC and s."""

    leak: Array
    reset: Array
    threshold: Array
    tau_mem: Array
    tau_syn_excitatory: Array
    tau_syn_inhibitory: Array


@dataclass(frozen=True)
class Calibration:
    """The settings found, what was measured with them, and for which neurons all targets were met."""

    neurons: tuple[NeuronLsb, ...]
    measured: Measured
    success: NDArray[np.bool_] = field(repr=False)


# how far a measured value may be from its target: MADC LSB, or relative
_TOLERANCE = {"leak": 8.0, "reset": 10.0, "threshold": 10.0}
_TOLERANCE_TAU = 0.15


def calibrated(device: HicannX, target: NeuronTarget) -> Calibration:
    """Calibrate the neurons of a device to ``target``.

    Raises :class:`~luisim.errors.CalibrationError` if no neuron meets it.
    """
    if device.deviations is None and device.first == 0:
        return _calibrated_instance(device.profile, device.seed, len(device.neurons), device.clock_scale, target)
    return _calibrate(device, target)


@lru_cache(maxsize=32)
def _calibrated_instance(profile: str, seed: int | None, n: int, clock_scale: int, target: NeuronTarget) -> Calibration:
    return _calibrate(HicannX((NeuronLsb(),) * n, profile, seed, clock_scale=clock_scale), target)


def _calibrate(device: HicannX, target: NeuronTarget) -> Calibration:
    n = len(device.neurons)
    bench = bench_of(device)
    lsb = columns((_start(target, device.clock_scale),) * n)

    lsb["leak_v_leak"] = np.full(n, 500.0)  # tau depends little on the potential; a middle one serves
    lsb["leak_i_bias"] = _search(lambda value: -_tau_mem(bench, lsb | {"leak_i_bias": value}, target), -target.tau_mem, n)
    lsb["leak_v_leak"] = _search(lambda value: bench.rest(lsb | {"leak_v_leak": value}), target.leak, n)
    lsb["reset_v_reset"] = _search(lambda value: bench.reset(lsb | {"reset_v_reset": value}), target.reset, n)
    lsb["threshold_v_threshold"] = _search(
        lambda value: bench.threshold(lsb | {"threshold_v_threshold": value}), target.threshold, n
    )
    for receptor in ("excitatory", "inhibitory"):
        prefix = f"{receptor}_input_"
        sign = 1.0 if receptor == "excitatory" else -1.0
        one = lsb | {f"{prefix}enable": np.ones(n)}
        shift, tau = f"{prefix}i_shift_reference", f"{prefix}i_bias_tau"
        one[shift] = _search(partial(_signed_rest, bench, one, shift, sign), sign * target.leak, n)
        one[tau] = _search(partial(_minus_tau_syn, bench, one, tau, receptor, target), -target.tau_syn, n)
        if n > 1:  # one neuron is its own median
            gain = f"{prefix}i_bias_gm"
            target_height = float(np.median(_height(bench, one, receptor, target)))
            one[gain] = _search(partial(_height_with, bench, one, gain, receptor, target), target_height, n)
            lsb |= {gain: one[gain]}
            one[shift] = _search(partial(_signed_rest, bench, one, shift, sign), sign * target.leak, n)
        lsb |= {shift: one[shift], tau: one[tau]}
    lsb["excitatory_input_enable"] = lsb["inhibitory_input_enable"] = np.ones(n)

    measured = Measured(
        bench.rest(lsb),
        bench.reset(lsb),
        bench.threshold(lsb),
        np.mean([_tau_mem(bench, _quiet(lsb), target) for _ in range(3)], axis=0),  # its noise alone would fail neurons
        _tau_syn(bench, lsb, "excitatory", target),
        _tau_syn(bench, lsb, "inhibitory", target),
    )
    success = np.ones(n, dtype=np.bool_)
    for name, most in _TOLERANCE.items():
        success &= np.abs(getattr(measured, name) - getattr(target, name)) <= most
    success &= np.abs(measured.tau_mem / target.tau_mem - 1.0) <= _TOLERANCE_TAU
    for tau_syn in (measured.tau_syn_excitatory, measured.tau_syn_inhibitory):
        success &= np.abs(tau_syn / target.tau_syn - 1.0) <= _TOLERANCE_TAU
    if not success.any():
        raise CalibrationError(
            "No neuron meets these targets; keep the reset below the threshold and the time constants within 2 to 30 us."
        )
    rows = [{name: lsb[name][i] for name in SETTINGS} for i in range(n)]
    return Calibration(tuple(_neuron(row) for row in rows), measured, success)


def _start(target: NeuronTarget, clock_scale: int) -> NeuronLsb:
    """What is not searched for: the switches, and what follows from the target without a measurement."""
    clock = 2.0 ** (clock_scale + 1) / CLOCK
    counts = round(target.refractory_time / clock)
    if not 1 <= counts <= REFRACTORY_MAX:
        raise CalibrationError(
            f"refractory_time = {target.refractory_time * 1e6:g} us needs {counts} counts of {clock * 1e9:g} ns;"
            f" allowed are 1 to {REFRACTORY_MAX}: choose another clock_scale."
        )
    return NeuronLsb(
        leak_i_bias=100,
        reset_i_bias=CAPMEM_MAX,
        reset_enable_multiplication=True,
        threshold_v_threshold=CAPMEM_MAX,
        threshold_enable=True,
        membrane_capacitance_capacitance=63,
        refractory_period_refractory_time=counts,
        excitatory_input_i_bias_gm=500,  # calix: the default of i_synin_gm
        inhibitory_input_i_bias_gm=500,
        excitatory_input_i_bias_tau=60,
        inhibitory_input_i_bias_tau=60,
        excitatory_input_i_shift_reference=310,
        inhibitory_input_i_shift_reference=310,
        excitatory_input_i_drop_input=300,
        inhibitory_input_i_drop_input=300,
    )


def _neuron(row: dict[str, float]) -> NeuronLsb:
    kinds = {name: type(getattr(NeuronLsb(), name)) for name in SETTINGS}
    values: dict[str, Any] = {name: bool(value) if kinds[name] is bool else round(value) for name, value in row.items()}
    return NeuronLsb(**values)


def _quiet(lsb: Columns) -> Columns:
    off = np.zeros_like(lsb["leak_v_leak"])
    return lsb | {"excitatory_input_enable": off, "inhibitory_input_enable": off}


def _search(measure: Callable[[Array], Array], target: float, n: int) -> Array:
    """The cell values from 0 to 1022 whose measurement, rising with the value, comes closest to ``target``: bisection."""
    low, high = np.zeros(n), np.full(n, float(CAPMEM_MAX))
    read_low, read_high = np.full(n, -np.inf), np.full(n, np.inf)
    for _ in range(_SWEEPS):
        middle = np.floor(0.5 * (low + high))
        read = measure(middle)
        below = read < target
        low, read_low = np.where(below, middle, low), np.where(below, read, read_low)
        high, read_high = np.where(below, high, middle), np.where(below, read_high, read)
    return np.where(target - read_low < read_high - target, low, high)


def _signed_rest(bench: Bench, lsb: Columns, cell: str, sign: float, value: Array) -> Array:
    return sign * bench.rest(lsb | {cell: value})


def _minus_tau_syn(bench: Bench, lsb: Columns, cell: str, receptor: str, target: NeuronTarget, value: Array) -> Array:
    return -_tau_syn(bench, lsb | {cell: value}, receptor, target)


def _height_with(bench: Bench, lsb: Columns, cell: str, receptor: str, target: NeuronTarget, value: Array) -> Array:
    return _height(bench, lsb | {cell: value}, receptor, target)


def _height(bench: Bench, lsb: Columns, receptor: str, target: NeuronTarget) -> Array:
    """How strong an input is: the mean over time, in LSB, of the PSP that two full weights make."""
    quiet = lsb | {"threshold_enable": np.zeros(bench.n)}
    rest = bench.rest(quiet)
    times = np.arange(0.0, 3.0 * (target.tau_mem + target.tau_syn), STEP)
    weight = 2.0 * WEIGHT_MAX
    event: Event = (0.0, weight, 0.0) if receptor == "excitatory" else (0.0, 0.0, weight)
    return np.asarray(np.abs((bench.free(quiet, times, (event,), REPEATS)[0] - rest[:, None]).mean(axis=1)))


def _tau_mem(bench: Bench, lsb: Columns, target: NeuronTarget) -> Array:
    """Time constant in s of the decay back to rest from a little below: the area between divided by the height."""
    rest = bench.rest(lsb)
    times = np.arange(0.0, 5.0 * target.tau_mem, STEP if target.tau_mem > 4e-6 else 0.5 * STEP)
    gap = rest[:, None] - bench.released(lsb, rest - _HEIGHT, times)
    return np.asarray(np.trapezoid(gap, times, axis=1)) / _HEIGHT


def _tau_syn(bench: Bench, lsb: Columns, receptor: str, target: NeuronTarget) -> Array:
    """Time constant in s of an input, off the falling flank of a PSP on a membrane that is made much faster than the line."""
    n = bench.n
    fast = lsb | {
        "leak_i_bias": np.full(n, float(CAPMEM_MAX)),
        "threshold_enable": np.zeros(n),
        "excitatory_input_enable": np.full(n, float(receptor == "excitatory")),
        "inhibitory_input_enable": np.full(n, float(receptor == "inhibitory")),
    }
    rest = bench.rest(fast)
    times = np.arange(0.0, 5.0 * target.tau_syn, 0.5 * STEP if target.tau_syn < 5e-6 else STEP)
    weight = 10.0 * WEIGHT_MAX
    event: Event = (0.0, weight, 0.0) if receptor == "excitatory" else (0.0, 0.0, weight)
    psp = np.abs(bench.free(fast, times, (event,), REPEATS)[0] - rest[:, None])
    peak = psp.max(axis=1, keepdims=True)
    flank = (times > times[np.argmax(psp, axis=1)][:, None]) & (psp < 0.6 * peak) & (psp > 0.12 * peak)
    # a straight line through the logarithm of the falling flank, by least squares
    log = np.where(flank, np.log(np.maximum(psp, 1e-9)), 0.0)
    count = np.maximum(flank.sum(axis=1), 1)
    away = flank * (times - ((flank * times).sum(axis=1) / count)[:, None])
    slope = (away * log).sum(axis=1) / np.maximum((away * away).sum(axis=1), 1e-30)
    return np.where(slope < 0.0, -1.0 / np.minimum(slope, -1.0), np.inf)
