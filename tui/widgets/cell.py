# SPDX-License-Identifier: GPL-3.0-or-later
"""Cell: what a knob turns on a chip: a setting of its neurons in LSB, weights and times of spikes, or which neuron it is.

Labels and ranges are those of the sliders in the BrainScaleS-2 notebooks.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from luisim.errors import ParameterError
from luisim.experiment import Experiment, SpikeTrain
from luisim.hicannx.constants import CAPACITANCE_MAX, CAPMEM_MAX, NEURONS, REFRACTORY_MAX, WEIGHT_MAX
from luisim.hicannx.parameters import HicannX
from luisim.quantity import Quantity, parse_si
from tui.language import N_, _

Chip = Experiment[HicannX]
_NOMINAL = -1  # the chip without mismatch, where a slider ends
_LAST_CHIP = 99


@dataclass(frozen=True)
class Cell:
    """``read`` and ``write`` its value, a whole number of ``unit`` from ``low`` to ``high``, in steps of ``step``."""

    label: str
    tooltip: str
    low: int
    high: int
    read: Callable[[Chip], int]
    write: Callable[[Chip, int], Chip]
    unit: str = "LSB"
    step: int = 1

    has_sign = False

    def title(self, settings: Chip) -> str:
        """Name and range."""
        span = _("{name}: {low} to {high}").format(name=_(self.label), low=self.low, high=self.high)
        return f"{span} {self.unit}".rstrip() + self._nominal

    @property
    def _nominal(self) -> str:
        return _(' (-1 or "nominal": no mismatch, no noise)') if self.low == _NOMINAL else ""

    def examples(self) -> str:
        """What may be typed."""
        return f'"{(self.low + self.high) // 2}"'

    def text(self, settings: Chip) -> str:
        """The value as a person reads it."""
        value = self.read(settings)
        if value == _NOMINAL:
            return _("nominal")
        return f"{value} µs" if self.unit == "us" else str(value)

    def typed(self, text: str, settings: Chip) -> Chip:
        """The settings with a typed value. Raises :class:`ParameterError`."""
        text = text.strip().lower().removesuffix("lsb").strip()
        if self.low == _NOMINAL and text == "nominal":
            return self.write(settings, _NOMINAL)
        try:
            number = parse_si(text, "s", self.label) * 1e6 if text.endswith("s") else float(text)
        except ValueError:
            sentence = _("{name} = {value} is not a number; write it like {example}.")
            raise ParameterError(sentence.format(name=_(self.label), value=repr(text), example=self.examples())) from None
        if abs(number - round(number)) > 1e-6:
            sentence = _("{name} = {value} must be a whole number from {low} to {high}.")
            raise ParameterError(sentence.format(name=_(self.label), value=text, low=self.low, high=self.high))
        Quantity("", self.low, self.high, "").check(_(self.label), round(number))
        return self.write(settings, round(number))

    def turn(self, settings: Chip) -> float:
        """Where it stands, from 0 to 1."""
        return min(1.0, max(0.0, (self.read(settings) - self.low) / (self.high - self.low)))

    def turned(self, settings: Chip, turn: float) -> Chip:
        """The settings with it at ``turn``."""
        steps = round(min(1.0, max(0.0, turn)) * (self.high - self.low) / self.step)
        return self._at(settings, self.low + steps * self.step)

    def stepped(self, settings: Chip, by: float) -> Chip:
        """The settings with it turned on, by one step at least."""
        steps = max(1, round(abs(by) * (self.high - self.low) / self.step))
        return self._at(settings, self.read(settings) + (steps if by > 0 else -steps) * self.step)

    def sign(self, settings: Chip) -> int:
        """No switch."""
        return 0

    def flipped(self, settings: Chip) -> Chip:
        """No switch."""
        return settings

    def copied(self, settings: Chip, source: Chip) -> Chip:
        """``settings`` with its value as ``source`` has it."""
        return self.write(settings, self.read(source))

    def _at(self, settings: Chip, value: int) -> Chip:
        return self.write(settings, min(self.high, max(self.low, value)))


def cells(experiment: Chip) -> tuple[Cell, ...]:
    """What can be turned in this experiment."""
    trains = _trains(experiment)
    if not trains and experiment.stimuli:  # a voltage at the pad is read past the neurons
        return ()
    found = [*_LEVELS]
    receptors = {train.receptor for train in trains}
    found += [_weight(receptor) for receptor in ("excitatory", "inhibitory") if receptor in receptors]
    if _even(trains):
        found.append(INTERVAL)
    if experiment.device.deviations is None:
        found.append(CHIP)
        if len(experiment.device.neurons) == 1:
            found.append(NEURON)
    return tuple(found)


def _setting(label: str, tooltip: str, low: int, high: int, field: str) -> Cell:
    def write(experiment: Chip, value: int) -> Chip:
        change: dict[str, Any] = {field: value}
        neurons = tuple(replace(neuron, **change) for neuron in experiment.device.neurons)
        return replace(experiment, device=replace(experiment.device, neurons=neurons))

    return Cell(label, tooltip, low, high, lambda experiment: int(getattr(experiment.device.neurons[0], field)), write)


_LEVELS = (
    _setting(N_("leak"), N_("leak_v_leak: where the membrane is pulled to"), 400, CAPMEM_MAX, "leak_v_leak"),
    _setting(N_("thresh."), N_("threshold_v_threshold: where the neuron fires"), 0, 500, "threshold_v_threshold"),
    _setting(N_("reset"), N_("reset_v_reset: where a spike pulls the membrane down to"), 300, CAPMEM_MAX, "reset_v_reset"),
    _setting(N_("bias"), N_("leak_i_bias: how strongly the leak pulls; more is faster"), 0, CAPMEM_MAX, "leak_i_bias"),
    _setting(
        N_("refr."),
        N_("refractory time: how long a spike holds the reset"),
        0,
        REFRACTORY_MAX,
        "refractory_period_refractory_time",
    ),
    _setting(N_("cap."), N_("membrane capacitance: more is slower"), 0, CAPACITANCE_MAX, "membrane_capacitance_capacitance"),
)


def _trains(experiment: Chip) -> list[SpikeTrain]:
    return [stimulus for stimulus in experiment.stimuli if isinstance(stimulus, SpikeTrain)]


def _weight(receptor: str) -> Cell:
    """The weight of each source, all of one receptor alike."""

    def read(experiment: Chip) -> int:
        return next(train.weight for train in _trains(experiment) if train.receptor == receptor)

    def write(experiment: Chip, value: int) -> Chip:
        stimuli = tuple(
            replace(s, weight=value) if isinstance(s, SpikeTrain) and s.receptor == receptor else s for s in experiment.stimuli
        )
        return replace(experiment, stimuli=stimuli)

    excites = receptor == "excitatory"
    return Cell(
        "w exc" if excites else "w inh",
        N_("weight of each excitatory source: how far a spike lifts the membrane")
        if excites
        else N_("weight of each inhibitory source: how far a spike lowers the membrane"),
        0,
        WEIGHT_MAX,
        read,
        write,
    )


def _times(trains: list[SpikeTrain]) -> list[float]:
    return sorted({time for train in trains for time in train.times})


def _even(trains: list[SpikeTrain]) -> bool:
    times = _times(trains)
    gaps = [late - early for early, late in itertools.pairwise(times)]
    return bool(gaps) and max(gaps) - min(gaps) < 1e-9


def _read_interval(experiment: Chip) -> int:
    times = _times(_trains(experiment))
    return round((times[1] - times[0]) * 1e6)


def _write_interval(experiment: Chip, value: int) -> Chip:
    times = _times(_trains(experiment))
    moved = {time: round(times[0] + number * value * 1e-6, 9) for number, time in enumerate(times)}
    stimuli = tuple(
        replace(s, times=tuple(moved[time] for time in s.times)) if isinstance(s, SpikeTrain) else s for s in experiment.stimuli
    )
    # what comes after the last spike stays as long as it was
    duration = round(experiment.duration + moved[times[-1]] - times[-1], 9)
    return replace(experiment, stimuli=stimuli, duration=duration)


INTERVAL = Cell(
    N_("every"), N_("time between two spikes that go in"), 10, 100, _read_interval, _write_interval, unit="us", step=5
)


def _read_chip(experiment: Chip) -> int:
    return _NOMINAL if experiment.device.seed is None else experiment.device.seed


def _write_chip(experiment: Chip, value: int) -> Chip:
    return replace(experiment, device=replace(experiment.device, seed=None if value == _NOMINAL else value))


CHIP = Cell(
    N_("chip"),
    N_("which chip: no two are alike; nominal: one without mismatch and noise"),
    _NOMINAL,
    _LAST_CHIP,
    _read_chip,
    _write_chip,
    unit="",
)
NEURON = Cell(
    N_("neuron"),
    N_("which of the 512 neurons of the chip; a calibration was made for neuron 0 of chip 1"),
    0,
    NEURONS - 1,
    lambda experiment: experiment.device.first,
    lambda experiment, value: replace(experiment, device=replace(experiment.device, first=value)),
    unit="",
)
