# SPDX-License-Identifier: GPL-3.0-or-later
"""Boards: what the app sets and shows of a single board or of one board of a network. Pure functions of experiments."""

from collections.abc import Iterable
from dataclasses import replace

from luisim.experiment import Current, Experiment, Pulses
from luisim.lui.network import Lui, LuiNetwork, Wire, as_network, recorded
from luisim.lui.parameters import LuiBoard, LuiParameters
from luisim.trace import Trace
from tui.language import N_, _, ngettext
from tui.widgets.trimmer import TRIMMERS, Trimmer
from tui.widgets.units import si

_MOST = 16  # of a network that records none
_PERIOD, _FIRST = 0.5, 0.1  # s, of the pulse trains; the Arduino example of the board's documentation

NOUN = N_("board")

Trains = frozenset[tuple[str, int]]  # boards and inputs with a pulse train


def shown(experiment: Experiment[Lui]) -> Experiment[Lui]:
    """The experiment with something to look at: boards that nobody wanted recorded could not be drawn."""
    return experiment if recorded(experiment) else replace(experiment, record=as_network(experiment.device).names[:_MOST])


def names(experiment: Experiment[Lui]) -> tuple[str, ...]:
    """Those of the boards that can be looked at."""
    return recorded(experiment)


def trimmers(experiment: Experiment[Lui]) -> tuple[Trimmer, ...]:
    """What can be turned."""
    return TRIMMERS


def is_network(experiment: Experiment[Lui]) -> bool:
    """Whether there are several boards."""
    return isinstance(experiment.device, LuiNetwork)


def settings(experiment: Experiment[Lui], board: str) -> LuiParameters:
    """Those of one board."""
    network = as_network(experiment.device)
    return network.boards[network.names.index(board)].parameters


def with_settings(experiment: Experiment[Lui], board: str, changed: LuiParameters) -> Experiment[Lui]:
    """The experiment with other parameters for one board."""
    device = experiment.device
    if isinstance(device, LuiBoard):
        return replace(experiment, device=replace(device, parameters=changed))
    boards = tuple(
        replace(one, parameters=changed) if name == board else one
        for name, one in zip(device.names, device.boards, strict=True)
    )
    return replace(experiment, device=replace(device, boards=boards))


def of(trace: Trace, board: str) -> Trace:
    """One board of a trace; a recording of a single board is what it is."""
    return trace.board(board) if board in trace.boards else trace


def wire_into(experiment: Experiment[Lui], board: str, connector: int) -> Wire | None:
    """The wire that comes from another board into this input, so that no pulses fit in; None if it is free."""
    wires = experiment.device.wires if isinstance(experiment.device, LuiNetwork) else ()
    return next((wire for wire in wires if (wire.target, wire.input) == (board, connector)), None)


def pulse_trains(experiment: Experiment[Lui], trains: Trains) -> Iterable[Pulses]:
    """The stimuli that ``trains`` mean in an experiment of this length."""
    count = int(max(0.0, experiment.duration - _FIRST) / _PERIOD) + 1
    times = tuple(_FIRST + _PERIOD * number for number in range(count))
    for board, connector in sorted(trains):
        yield Pulses(connector, times, amplitude=settings(experiment, board).vdd, board=board)


def summary(experiment: Experiment[Lui]) -> str:
    """An experiment in a few words."""
    device, parts = experiment.device, [si(experiment.duration, "s")]
    if isinstance(device, LuiNetwork):
        parts.append(_("{boards} boards, {wires} wires").format(boards=len(device.boards), wires=len(device.wires)))
    else:
        parts.append(f"V_leak {si(device.parameters.v_leak * device.parameters.vdd, 'V', 3)}")
    for stimulus in experiment.stimuli[:2]:
        if not isinstance(stimulus, Pulses | Current):
            continue
        where = _(" of {board}").format(board=stimulus.board) if stimulus.board else ""
        if isinstance(stimulus, Pulses):
            count = len(stimulus.times)
            sent = ngettext("{count} pulse into input {input}", "{count} pulses into input {input}", count)
            parts.append(sent.format(count=count, input=stimulus.input) + where)
        else:
            parts.append(_("a current of {value}").format(value=si(stimulus.value, "A")))
    return ", ".join(parts)
