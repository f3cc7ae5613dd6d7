# SPDX-License-Identifier: GPL-3.0-or-later
"""Experiments on a Lu.i board as text: what :mod:`luisim.lui.experiment_file` reads, for a person to go on from."""

from collections.abc import Sequence
from dataclasses import fields

from luisim.errors import ParameterError
from luisim.experiment import Current, Experiment, Pulses, Stimulus
from luisim.lui.board import BoardParts
from luisim.lui.parameters import LuiBoard, LuiParameters
from luisim.quantity import Quantity, format_si, quantities

_DIGITS = 6  # as many as format_si writes: 10 us of a spike at 10 s


def to_toml(experiment: Experiment[LuiBoard], title: str, remarks: Sequence[str] = ()) -> str:
    """The experiment as TOML: ``remarks`` as comments, the settings, and every part that is not the nominal one."""
    lines = [f"# {remark}" for remark in remarks]
    lines += ['device = "lui"', f"title = {_quoted(title)}", f"duration = {_si(experiment.duration, 's')}", "", "[board]"]
    lines += _board(experiment.device)
    for stimulus in experiment.stimuli:
        lines += ["", "[[stimulus]]", *_stimulus(stimulus)]
    return "\n".join(lines) + "\n"


def _board(board: LuiBoard) -> list[str]:
    p = board.parameters
    known = quantities(LuiParameters)
    lines = [f"revision = {p.parts.revision}"]
    if p.r_battery > 0.0:
        lines.append(f"battery = {{ voltage = {_si(p.vdd, 'V')}, resistance = {_si(p.r_battery, 'Ohm')} }}")
    else:
        lines.append(f"vdd = {_si(p.vdd, 'V')}")
    if p.temperature != LuiParameters.temperature:
        lines.append(f"temperature = {_si(p.temperature, known['temperature'].unit)}")
    lines.append(f"v_leak = {p.v_leak:.{_DIGITS}g}")
    lines += [f"{name} = {_si(getattr(p, name), 'Ohm')}" for name in ("r_leak", "r_syn")]
    lines.append(f"r_weight = [{', '.join(_si(r, 'Ohm') for r in p.r_weight)}]")
    lines.append(f"sign = {list(p.sign)}")
    lines += _parts(p.parts)
    v_syn = "" if board.v_syn is None else f", v_syn = {_si(board.v_syn, 'V')}"
    lines.append(f"initial = {{ v_mem = {_si(board.v_mem, 'V')}{v_syn} }}")
    return lines


def _parts(parts: BoardParts) -> list[str]:
    nominal = BoardParts.of_revision(parts.revision)
    known = quantities(BoardParts)
    changed = [f.name for f in fields(parts) if f.name in known and getattr(parts, f.name) != getattr(nominal, f.name)]
    # the three weight tracks are turns of trimmers, and the file gives their resistances
    return [f"{name} = {_si(getattr(parts, name), known[name].unit)}" for name in changed if name != "track_weight"]


def _stimulus(stimulus: Stimulus) -> list[str]:
    match stimulus:
        case Pulses():
            times = ", ".join(_si(time, "s") for time in stimulus.times)
            lines = ['kind = "pulses"', f"input = {stimulus.input}", f"times = [{times}]"]
            return lines + _values(stimulus, quantities(Pulses))
        case Current():
            return ['kind = "current"', *_values(stimulus, quantities(Current))]
        case _:
            raise ParameterError("A board takes pulses and currents; this experiment has a stimulus of a chip.")


def _values(stimulus: Stimulus, known: dict[str, Quantity]) -> list[str]:
    return [f"{name} = {_si(getattr(stimulus, name), quantity.unit)}" for name, quantity in known.items()]


def _si(value: float, unit: str) -> str:
    return _quoted(format_si(value, unit, _DIGITS))


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
