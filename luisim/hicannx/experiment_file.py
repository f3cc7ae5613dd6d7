# SPDX-License-Identifier: GPL-3.0-or-later
"""Experiments on a chip as a teacher writes them: TOML text into ``Experiment[HicannX]``."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np

from luisim.errors import ParameterError
from luisim.experiment import Experiment, PadVoltage, SpikeTrain, Stimulus
from luisim.experiment_file import Table
from luisim.hicannx.calibration import NeuronTarget, calibrated
from luisim.hicannx.constants import NEURONS
from luisim.hicannx.instance import SPREAD, Mismatch
from luisim.hicannx.parameters import SETTINGS, HicannX, NeuronLsb
from luisim.quantity import Quantity, parse_si, quantities

_KEYS = (
    *("device", "title", "duration", "profile", "seed", "neurons", "clock_scale", "pulse_clock_scale"),
    *("neuron", "calibration", "deviations", "stimulus"),
)
_DURATION = Quantity("s", 1e-6, 0.1, "a tenth of a second on the chip is 100 s of biology")
_NEURON = Quantity("", 0, NEURONS - 1, "halco: 512 neuron circuits")
_TARGETS = quantities(NeuronTarget)
_DEVIATION_LIMIT = 4.0  # standard deviations of the mismatch: more is no chip of this kind


def read_experiment(content: Mapping[str, Any], name: str) -> Experiment[HicannX]:
    """The experiment that a parsed TOML file describes. Raises :class:`ParameterError` naming the key that is wrong.

    With a ``[calibration]`` table its targets are calibrated first, which takes a second; ``[neuron]`` then overrides. A list
    in ``[neuron]`` has one value for each neuron.
    """
    top = Table(content, "the experiment", _KEYS)
    duration = _DURATION.check("duration", parse_si(top.required("duration", 'duration = "200 us"'), "s", "duration"))
    n = _whole(top.raw("neurons", 1), "neurons", Quantity("", 1, NEURONS, ""))
    settings = _settings(top.table("neuron", SETTINGS), n)
    device = HicannX(
        tuple(NeuronLsb(**own) for own in settings),
        top.raw("profile", HicannX.profile),
        _seed(top.raw("seed", 1)),
        _deviations(top.table("deviations", tuple(SPREAD)), n) if "deviations" in top else None,
        _whole(top.raw("clock_scale", 0), "clock_scale", quantities(HicannX)["clock_scale"]),
        _whole(top.raw("pulse_clock_scale", 0), "pulse_clock_scale", quantities(HicannX)["pulse_clock_scale"]),
    )
    if "calibration" in top:
        result = calibrated(device, _target(top.table("calibration", tuple(_TARGETS))))
        device = replace(device, neurons=tuple(map(_changed, result.neurons, settings)))
    return Experiment(device, duration, _stimuli(top.raw("stimulus", [])), name)


def _settings(table: Table, n: int) -> list[dict[str, Any]]:
    """For each of n neurons what the table sets."""
    columns = {key: table.raw(key) for key in SETTINGS if key in table}
    for key, values in columns.items():
        if isinstance(values, list) and len(values) != n:
            raise ParameterError(f"{key} in [neuron] has {len(values)} values; give one, or one for each of {n} neurons.")
    return [{key: values[k] if isinstance(values, list) else values for key, values in columns.items()} for k in range(n)]


def _changed(neuron: NeuronLsb, settings: dict[str, Any]) -> NeuronLsb:
    return replace(neuron, **settings)


def _target(table: Table) -> NeuronTarget:
    return NeuronTarget(**{key: table.number(key, quantity) for key, quantity in _TARGETS.items() if key in table})


def _seed(value: Any) -> int | None:
    if value == "nominal":
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise ParameterError(f'seed = {value!r} must be a whole number from 0 on, or "nominal".')
    return value


def _deviations(table: Table, n: int) -> Mismatch:
    values = {f.name: np.zeros(n) for f in fields(Mismatch)}
    for key, spread in SPREAD.items():
        if key in table:
            most = _DEVIATION_LIMIT * spread.high
            limit = Quantity(spread.unit, -most, most, spread.source)
            given = table.numbers(key, limit)
            if len(given) not in (1, n):
                raise ParameterError(
                    f"{key} in [deviations] has {len(given)} values; give one, or one for each of {n} neurons."
                )
            values[key] = np.resize(np.array(given), n)
    return Mismatch(**values)


def _whole(value: Any, name: str, quantity: Quantity) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ParameterError(f"{name} = {value!r} must be a whole number of {quantity.range_text}.")
    return int(quantity.check(name, value))


def _stimuli(values: Any) -> tuple[Stimulus, ...]:
    if not isinstance(values, list):
        raise ParameterError("stimulus must be written as [[stimulus]], one such heading for each stimulus.")
    return tuple(_stimulus(item, f"[[stimulus]] {number}") for number, item in enumerate(values, start=1))


def _stimulus(values: Mapping[str, Any], where: str) -> Stimulus:
    times = Quantity("s", 0.0, 3600.0, "")
    match values.get("kind"):
        case "spikes":
            table = Table(values, where, ("kind", "receptor", "weight", "times", "neuron"))
            table.required("times", 'times = ["10 us", "50 us"]')
            weight = _whole(table.raw("weight", 63), f"weight in {where}", quantities(SpikeTrain)["weight"])
            receptor = table.required("receptor", 'receptor = "excitatory"')
            neuron = _whole(table.raw("neuron"), f"neuron in {where}", _NEURON) if "neuron" in table else None
            return SpikeTrain(receptor, weight, table.numbers("times", times), neuron)
        case "voltage":
            table = Table(values, where, ("kind", "values", "dwell"))
            table.required("values", 'values = ["0 V", "0.6 V", "1.2 V"]')
            volts = table.numbers("values", Quantity("V", 0.0, 1.8, ""))
            known = quantities(PadVoltage)["dwell"]
            return PadVoltage(volts, table.number("dwell", known)) if "dwell" in table else PadVoltage(volts)
        case kind:
            raise ParameterError(f'kind = {kind!r} in {where} is unknown; allowed on a chip are "spikes" and "voltage".')
