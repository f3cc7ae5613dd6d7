# SPDX-License-Identifier: GPL-3.0-or-later
"""Experiments on Lu.i boards as a teacher writes them: TOML text into an ``Experiment``."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from luisim.errors import ParameterError
from luisim.experiment import Experiment, Pulses
from luisim.experiment_file import Table, read_choice, read_input, read_stimuli
from luisim.lui.board import BoardParts
from luisim.lui.network import INPUTS, Lui, LuiNetwork, Wire
from luisim.lui.parameters import LuiBoard, LuiParameters
from luisim.quantity import Quantity, parse_si, quantities

_DURATION = Quantity("s", 1e-3, 3600.0, "a board does nothing in less than a millisecond")
_SETTINGS = quantities(LuiParameters)
_PARTS = {name: q for name, q in quantities(BoardParts).items() if name != "track_weight"}
_BOARD_KEYS = (
    *("vdd", "v_leak", "r_leak", "r_syn", "r_weight", "sign", "revision", "battery", "temperature", "initial", "sample"),
    *_PARTS,
)


def read_experiment(content: Mapping[str, Any], name: str) -> Experiment[Lui]:
    """The experiment that a parsed TOML file describes. Raises :class:`ParameterError` naming the key that is wrong.

    With ``[[boards]]`` it is one on a network: ``[board]`` then holds what they share.
    """
    keys = ("device", "title", "duration", "record", "board", "boards", "wires", "stimulus")
    top = Table(content, "the experiment", keys)
    duration = _DURATION.check("duration", parse_si(top.required("duration", 'duration = "2 s"'), "s", "duration"))
    shared = top.raw("board", {})
    if "boards" not in top:
        for key in ("wires", "record"):
            if key in top:
                raise ParameterError(f"{key} belongs to an experiment on several boards: name them with [[boards]] first.")
        stimuli = read_stimuli(top.raw("stimulus", []), INPUTS)
        return Experiment(_board(top.table("board", _BOARD_KEYS)), duration, stimuli, name)
    network = _network(shared, _tables(top, "boards"), _tables(top, "wires") if "wires" in top else [])
    stimuli = read_stimuli(top.raw("stimulus", []), INPUTS, network.names)
    taken = {(wire.target, wire.input) for wire in network.wires}
    for stimulus in stimuli:
        if isinstance(stimulus, Pulses) and (stimulus.board, stimulus.input) in taken:
            raise ParameterError(
                f"Input {stimulus.input} of {stimulus.board!r} has a wire already; send the pulses into a free input."
            )
    return Experiment(network, duration, stimuli, name, _record(top, network.names))


def _tables(top: Table, key: str) -> list[Mapping[str, Any]]:
    values = top.raw(key)
    if not isinstance(values, list) or not all(isinstance(value, Mapping) for value in values):
        raise ParameterError(f"{key} must be written as [[{key}]], one such heading for each.")
    return values


def _network(shared: Any, boards: list[Mapping[str, Any]], wires: list[Mapping[str, Any]]) -> LuiNetwork:
    if not isinstance(shared, Mapping):
        raise ParameterError("board must be a table: [board], with what all boards share below it.")
    Table(shared, "[board]", _BOARD_KEYS)
    names, made = [], []
    for number, own in enumerate(boards, start=1):
        where = f"[[boards]] {number}"
        name = Table(own, where, ("name", *_BOARD_KEYS)).required("name", 'name = "a"')
        if not isinstance(name, str):
            raise ParameterError(f"name = {name!r} in {where} must be a text in quotes.")
        names.append(name)
        made.append(
            _board(Table({**shared, **{k: v for k, v in own.items() if k != "name"}}, f"the board {name!r}", _BOARD_KEYS))
        )
    network = LuiNetwork(tuple(names), tuple(made))  # a mistake in a name should be named before those in wires to it
    known, found = network.names, []
    for number, values in enumerate(wires, start=1):
        table = Table(values, f"[[wires]] {number}", ("from", "to", "input"))
        found.append(Wire(read_choice(table, "from", known), read_choice(table, "to", known), read_input(table, INPUTS)))
    return replace(network, wires=tuple(found))


def _record(top: Table, names: tuple[str, ...]) -> tuple[str, ...] | None:
    if "record" not in top:
        return None
    wanted = top.raw("record")
    if not isinstance(wanted, list) or not all(name in names for name in wanted):
        raise ParameterError(f"record = {wanted!r} must be a list of names of boards; there are: {', '.join(names)}.")
    return tuple(wanted)


def _board(table: Table) -> LuiBoard:
    battery = table.table("battery", ("voltage", "resistance"))
    settings: dict[str, Any] = {"parts": _parts(table)}
    for key in ("vdd", "r_leak", "r_syn", "temperature"):
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
    if not isinstance(values, list | tuple) or len(values) != INPUTS:
        raise ParameterError(f"{name} = {values!r} must be a list of three values, one for each input.")
    return (values[0], values[1], values[2])
