# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines, Events, Samples: what goes into a network of neurons and when it is looked at, checked before anything runs."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from luisim.errors import ParameterError
from luisim.hicannx.constants import NEURONS, SYNAPSE_DELAY, WEIGHT_MAX
from luisim.hicannx.readout import cadc_times, madc_times

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

SIGNALS = ("v", "exc", "inh", "w")  # membrane, excitatory and inhibitory synaptic line, adaptation


@dataclass(frozen=True)
class Lines:
    """K lines of synapses onto n neurons and which neurons drive them.

    A line is one label of one row of the synapse array: ``weights`` (K, n) from 0 to 63, 0 where the label does not match;
    ``sign`` (K,) is 1 (excitatory) or -1 (inhibitory). A spike of neuron j arrives on the lines
    ``targets[targets_from[j] : targets_from[j + 1]]``, ``delay`` + ``latency`` s later; an external event ``latency`` s later.
    ``utilization`` and ``recovery`` (K,): short-term depression (Tsodyks and Markram, 1997, reduced): an event counts with
    the line's resource R, then R falls by utilization * R and returns to 1 with the time constant recovery (s).
    """

    weights: NDArray[np.uint8]
    sign: NDArray[np.int8]
    targets_from: Indices | None = None
    targets: Indices = field(default_factory=lambda: np.empty(0, np.int64))
    delay: float = 0.0
    latency: float = SYNAPSE_DELAY
    utilization: Array | None = None
    recovery: Array | None = None

    def __post_init__(self) -> None:
        weights = np.asarray(self.weights)
        if weights.ndim != 2:
            raise ParameterError("weights must be a matrix: one row for each line, one column for each neuron.")
        wrong = ~((weights >= 0) & (weights <= WEIGHT_MAX) & (weights == np.floor(weights)))
        if wrong.any():
            value = weights[wrong].flat[0]
            raise ParameterError(f"A weight of {value} does not fit into 6 bit: write a whole number from 0 to {WEIGHT_MAX}.")
        sign = np.asarray(self.sign)
        if sign.shape != (self.count,) or not np.isin(sign, (-1, 1)).all():
            raise ParameterError("sign must hold 1 (excitatory) or -1 (inhibitory) for each line.")
        if not (0.0 <= self.delay < 1.0 and 0.0 <= self.latency < 1.0):
            raise ParameterError(f"delay = {self.delay} s and latency = {self.latency} s must be from 0 to less than 1 s.")
        # contiguous copies of the kernel's types, so that nothing is converted for each run
        object.__setattr__(self, "weights", np.ascontiguousarray(weights, dtype=np.uint8))
        object.__setattr__(self, "sign", np.ascontiguousarray(sign, dtype=np.int8))
        start = np.zeros(self.n + 1) if self.targets_from is None else self.targets_from
        object.__setattr__(self, "targets_from", np.ascontiguousarray(start, dtype=np.int64))
        object.__setattr__(self, "targets", np.ascontiguousarray(self.targets, dtype=np.int64))
        self._check_targets()
        self._check_plasticity()

    @classmethod
    def none(cls, n: int) -> "Lines":
        """No synapses onto n neurons."""
        return cls(np.empty((0, n), np.uint8), np.empty(0, np.int8), latency=0.0)

    @property
    def count(self) -> int:
        """K, how many lines."""
        return int(np.asarray(self.weights).shape[0])

    @property
    def n(self) -> int:
        """How many neurons."""
        return int(np.asarray(self.weights).shape[1])

    def _check_targets(self) -> None:
        start = self.targets_from
        assert start is not None
        if start.shape != (self.n + 1,) or start[0] != 0 or start[-1] != self.targets.size or (np.diff(start) < 0).any():
            raise ParameterError("targets_from must rise from 0 to the number of targets, with one entry more than neurons.")
        if self.targets.size and not (self.targets.min() >= 0 and self.targets.max() < self.count):
            raise ParameterError(f"A target is not one of the {self.count} lines, which are numbered from 0.")

    def _check_plasticity(self) -> None:
        if (self.utilization is None) != (self.recovery is None):
            raise ParameterError("Short-term plasticity needs utilization and recovery, both or neither.")
        if self.utilization is None or self.recovery is None:
            return
        use, recovery = np.asarray(self.utilization, np.float64), np.asarray(self.recovery, np.float64)
        if use.shape != (self.count,) or not ((use >= 0.0) & (use <= 1.0)).all():
            raise ParameterError("utilization must be from 0 to 1 for each line.")
        if recovery.shape != (self.count,) or not ((recovery > 0.0) & np.isfinite(recovery)).all():
            raise ParameterError("recovery must be a time above 0 s for each line.")


@dataclass(frozen=True)
class Events:
    """External events: ``times`` (k,) in s, ascending, and the number of the line (k,) that each comes on."""

    times: Array
    lines: Indices

    def __post_init__(self) -> None:
        times = np.ascontiguousarray(self.times, dtype=np.float64)
        lines = np.ascontiguousarray(self.lines, dtype=np.int64)
        check_times(times, "Event")
        if lines.shape != times.shape:
            raise ParameterError(f"There are {times.size} event times but {lines.size} lines; each event needs one line.")
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "lines", lines)

    @classmethod
    def none(cls) -> "Events":
        """No events."""
        return cls(np.empty(0), np.empty(0, np.int64))

    def between(self, start: float, end: float) -> "Events":
        """Those with start <= time < end."""
        first, last = np.searchsorted(self.times, (start, end))
        return Events(self.times[first:last], self.lines[first:last])


@dataclass(frozen=True)
class Samples:
    """What to look at, when: the numbers of m ``neurons``, the ``times`` (k,) in s, ascending, and one of :data:`SIGNALS`."""

    neurons: Indices
    times: Array
    signal: str = "v"

    def __post_init__(self) -> None:
        times = np.ascontiguousarray(self.times, dtype=np.float64)
        check_times(times, "Sample")
        if self.signal not in SIGNALS:
            raise ParameterError(f"There is no signal {self.signal!r}; there are {', '.join(SIGNALS)}.")
        object.__setattr__(self, "times", times)
        object.__setattr__(self, "neurons", np.ascontiguousarray(self.neurons, dtype=np.int64))

    @classmethod
    def madc(cls, neurons: Indices, duration: float, start: float = 0.0) -> "Samples":
        """As the MADC samples a few neurons."""
        return cls(neurons, start + madc_times(duration))

    @classmethod
    def cadc(cls, n: int, duration: float, start: float = 0.0) -> "Samples":
        """As the CADC samples all n neurons."""
        return cls(np.arange(n), start + cadc_times(duration))


def check_times(times: Array, name: str) -> None:
    """Raise :class:`ParameterError` unless ``times`` are finite, ascending and not negative."""
    if times.ndim != 1 or not np.isfinite(times).all():
        raise ParameterError(f"{name} times must be a row of finite numbers in s.")
    if times.size and times[0] < 0.0:
        raise ParameterError(f"{name} time {times[0]:g} s is negative; times start at 0 s.")
    if (np.diff(times) < 0.0).any():
        at = int(np.argmax(np.diff(times) < 0.0)) + 1
        raise ParameterError(f"{name} times must ascend, but number {at} ({times[at]:g} s) is earlier than the one before it.")


def check_neurons(neurons: Indices, n: int) -> None:
    """Raise :class:`ParameterError` unless all are numbers of n neurons."""
    wrong = (neurons < 0) | (neurons >= n)
    if wrong.any():
        of = f"a chip has {NEURONS}" if n == NEURONS else f"this network has {n}"
        raise ParameterError(f"There is no neuron {neurons[wrong][0]}: {of}, numbered from 0.")
