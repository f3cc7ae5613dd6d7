# SPDX-License-Identifier: GPL-3.0-or-later
"""Experiment: what is done to which device. It does not know who runs it; a Backend does."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Generic, Protocol, TypeVar

from luisim.errors import ParameterError
from luisim.quantity import Quantity, check_fields, format_si
from luisim.trace import Trace

DeviceT = TypeVar("DeviceT", covariant=True)
DeviceIn = TypeVar("DeviceIn", contravariant=True)


@dataclass(frozen=True)
class Pulses:
    """Voltage pulses into one synapse of a device.

    ``input``: the connector, counted from 1. ``times``: rising edges in s. ``width`` in s, ``amplitude`` in V.
    ``board``: which one of a network. Pulses that overlap are one longer pulse.
    """

    input: int
    times: tuple[float, ...]
    width: Annotated[float, Quantity("s", 10e-6, 60.0, "10 us is far below the board's time constants")] = 15e-3
    amplitude: Annotated[float, Quantity("V", 0.0, 20.0, "upstream documentation: an input bears 20 V")] = 3.0
    board: str = ""

    def __post_init__(self) -> None:
        check_fields(self)
        for time in self.times:
            Quantity("s", 0.0, 3600.0, "").check("times", time)
        object.__setattr__(self, "times", tuple(sorted(self.times)))

    @property
    def intervals(self) -> tuple[tuple[float, float], ...]:
        """(start, end) of each pulse in s, in order, overlapping ones merged."""
        merged: list[tuple[float, float]] = []
        for start in self.times:
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(merged[-1][1], start + self.width))
            else:
                merged.append((start, start + self.width))
        return tuple(merged)


@dataclass(frozen=True)
class Current:
    """A current into the membrane pad: ``value`` in A from ``start`` to ``stop`` (s; the end of the run if it is larger).

    ``board``: into which one of a network.
    """

    value: Annotated[float, Quantity("A", -5e-3, 5e-3, "a laboratory source behind a sense resistor")]
    start: Annotated[float, Quantity("s", 0.0, 3600.0, "as long as a run")] = 0.0
    stop: Annotated[float, Quantity("s", 0.0, 3600.0, "as long as a run")] = 3600.0
    board: str = ""

    def __post_init__(self) -> None:
        check_fields(self)
        if self.stop <= self.start:
            raise ParameterError(
                f"stop = {format_si(self.stop, 's')} must lie after start = {format_si(self.start, 's')} of the current."
            )


@dataclass(frozen=True)
class SpikeTrain:
    """Events into a synaptic input of a chip's neurons: ``times`` in s, each with ``weight`` (63 a synapse; they add up).

    ``neuron``: into which of them, counted from 0; None for all.
    """

    receptor: str
    weight: Annotated[int, Quantity("", 0, 16_128, "halco: 256 synapses of 6 bit a neuron")]
    times: tuple[float, ...]
    neuron: int | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        if self.neuron is not None and self.neuron < 0:
            raise ParameterError(f"neuron = {self.neuron} of a stimulus must be a whole number from 0 on.")
        if self.receptor not in ("excitatory", "inhibitory"):
            raise ParameterError(f'receptor = {self.receptor!r} is unknown; allowed are "excitatory" and "inhibitory".')
        for time in self.times:
            Quantity("s", 0.0, 3600.0, "").check("times", time)
        object.__setattr__(self, "times", tuple(sorted(self.times)))


@dataclass(frozen=True)
class PadVoltage:
    """An external voltage at a chip's analog input, read instead of the membrane: ``values`` in V, each for ``dwell`` s."""

    values: tuple[float, ...]
    dwell: Annotated[float, Quantity("s", 1e-6, 1.0, "some samples of the MADC")] = 20e-6

    def __post_init__(self) -> None:
        check_fields(self)
        for value in self.values:
            Quantity("V", 0.0, 1.8, "the pad's supply").check("values", value)


Stimulus = Pulses | Current | SpikeTrain | PadVoltage


@dataclass(frozen=True)
class Experiment(Generic[DeviceT]):
    """One device, what is done to it, and for how long (``duration`` in s).

    ``record``: names of the boards of a network whose signals are wanted; None for all of them. Spikes are always recorded.
    """

    device: DeviceT
    duration: Annotated[float, Quantity("s", 1e-6, 3600.0, "longer runs are better cut into several")]
    stimuli: tuple[Stimulus, ...] = ()
    name: str = ""
    record: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        check_fields(self)


class Backend(Protocol[DeviceIn]):
    """Something that can run experiments on one kind of device."""

    @property
    def name(self) -> str:
        """The word after ``--on``."""
        ...

    def unsupported(self, experiment: Experiment[DeviceIn]) -> str | None:
        """Why this back end cannot run ``experiment``, as a sentence; None if it can."""
        ...

    def by_hand(self, experiment: Experiment[DeviceIn]) -> tuple[str, ...]:
        """What a person must set before the run, one sentence each; empty where everything is under software control."""
        ...

    def run(
        self,
        experiment: Experiment[DeviceIn],
        *,
        seed: int = 0,
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Trace:
        """Run it. Equal ``experiment`` and ``seed`` give an equal trace.

        ``progress`` is told a number from 0 to 1 now and then; ``cancelled`` is asked whether to give up, which then raises
        :class:`~luisim.errors.SimulationCancelled`. Raises a :class:`~luisim.errors.LuisimError` if there is no result.
        """
        ...
