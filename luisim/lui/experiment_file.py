# SPDX-License-Identifier: GPL-3.0-or-later
"""Experiments on a Lu.i board as a teacher writes them: TOML text into ``Experiment[LuiBoard]``."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from luisim.errors import ParameterError
from luisim.experiment import Experiment
from luisim.experiment_file import Table, read_stimuli
from luisim.lui.board import BoardParts
from luisim.lui.parameters import LuiBoard, LuiParameters
from luisim.quantity import Quantity, parse_si, quantities

_INPUTS = 3
_DURATION = Quantity("s", 1e-3, 3600.0, "a board does nothing in less than a millisecond")
_SETTINGS = quantities(LuiParameters)
_PARTS = {name: q for name, q in quantities(BoardParts).items() if name != "track_weight"}
_BOARD_KEYS = (
    *("vdd", "v_leak", "r_leak", "r_syn", "r_weight", "sign", "revision", "battery", "initial", "sample"),
    *_PARTS,
)


def read_experiment(content: Mapping[str, Any], name: str) -> Experiment[LuiBoard]:
    """The experiment that a parsed TOML file describes. Raises :class:`ParameterError` naming the key that is wrong."""
    top = Table(content, "the experiment", ("device", "title", "duration", "board", "stimulus"))
    duration = _DURATION.check("duration", parse_si(top.required("duration", 'duration = "2 s"'), "s", "duration"))
    board = _board(top.table("board", _BOARD_KEYS))
    stimuli = read_stimuli(top.raw("stimulus", []), _INPUTS)
    return Experiment(board, duration, stimuli, name)


def _board(table: Table) -> LuiBoard:
    battery = table.table("battery", ("voltage", "resistance"))
    settings: dict[str, Any] = {"parts": _parts(table)}
    for key in ("vdd", "r_leak", "r_syn"):
        if key in table:
            settings[key] = table.number(key, _SETTINGS[key])
    if "voltage" in battery:
        settings["vdd"] = battery.number("voltage", _SETTINGS["vdd"])
    if "resistance" in battery:
        settings["r_battery"] = battery.number("resistance", _SETTINGS["r_battery"])
    if "v_leak" in table:
        settings["v_leak"] = _v_leak(table.raw("v_leak"), settings.get("vdd", LuiParameters.vdd))
    if "r_weight" in table:
        settings["r_weight"] = _three("r_weight", table.numbers("r_weight", _SETTINGS["r_weight"]))
    if "sign" in table:
        settings["sign"] = _three("sign", table.raw("sign"))
    parameters = LuiParameters(**settings)
    initial = table.table("initial", ("v_mem", "v_syn"))
    rail = Quantity("V", 0.0, parameters.vdd, "between the rails")
    return LuiBoard(parameters, **{key: initial.number(key, rail) for key in ("v_mem", "v_syn") if key in initial})


def _parts(table: Table) -> BoardParts:
    revision = table.raw("revision", BoardParts.revision)
    seed = table.raw("sample")
    if seed is None:
        parts = BoardParts.of_revision(revision)
    elif isinstance(seed, int) and not isinstance(seed, bool) and seed >= 0:
        parts = BoardParts.sample(seed, revision)
    else:
        raise ParameterError(
            f"sample = {seed!r} must be a whole number from 0 on: the seed that the board's parts are drawn from."
        )
    changed: dict[str, Any] = {key: table.number(key, quantity) for key, quantity in _PARTS.items() if key in table}
    return replace(parts, **changed)


def _v_leak(value: Any, vdd: float) -> float:
    """A fraction of VDD, or a voltage with its unit."""
    if isinstance(value, str) and value.strip().upper().endswith("V"):
        volts = Quantity("V", 0.0, vdd, "between the rails").check("v_leak", parse_si(value, "V", "v_leak"))
        return volts / vdd
    fraction = parse_si(value, "", "v_leak")
    if fraction > 1.0:
        raise ParameterError(
            f'v_leak = {value} is out of range: allowed is a fraction of VDD from 0 to 1, or a voltage such as "2.4 V".'
        )
    return _SETTINGS["v_leak"].check("v_leak", fraction)


def _three(name: str, values: Any) -> tuple[Any, Any, Any]:
    if not isinstance(values, list | tuple) or len(values) != _INPUTS:
        raise ParameterError(f"{name} = {values!r} must be a list of three values, one for each input.")
    return (values[0], values[1], values[2])
