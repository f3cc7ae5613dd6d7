# SPDX-License-Identifier: GPL-3.0-or-later
"""Connecting: from the word behind ``--on board:`` to the transport that it means."""

from collections.abc import Sequence

from firmware_bridge.backend import boards_of
from firmware_bridge.errors import SimulatorNotInstalled
from firmware_bridge.link import SerialPort, likely_port
from firmware_bridge.session import Transport
from firmware_bridge.simulated.board import SimulatedBoard, VirtualBoard
from firmware_bridge.simulated.boards import Wires
from firmware_bridge.simulated.memory import MemoryBoard
from firmware_bridge.simulated.port import PacedPort, VirtualPort
from luisim.experiment import Experiment
from luisim.lui.network import Lui, LuiNetwork
from luisim.lui.parameters import LuiBoard

SIMULATED = "simulated"


def connect(word: str, experiment: Experiment[Lui], *, paced: bool = False) -> Transport:
    """``word``: a port or URL; empty for the one Arduino that is plugged in; "simulated" for the firmware on a simulated chip
    with the experiment's boards at its ADC, in virtual time, or ``paced`` to the clock on the wall.

    Raises :class:`~firmware_bridge.errors.BoardError`.
    """
    if word != SIMULATED:
        return SerialPort(word or likely_port())
    board = virtual_board(boards_of(experiment), wires_of(experiment.device))
    return (PacedPort if paced else VirtualPort)(board)


def wires_of(device: Lui) -> Wires:
    """The jumper wires between the boards of a device, by their numbers."""
    if not isinstance(device, LuiNetwork):
        return ()
    return [(device.names.index(wire.source), device.names.index(wire.target), wire.input) for wire in device.wires]


def virtual_board(boards: Sequence[LuiBoard], wires: Wires = (), *, clock_error: float = 0.0, seed: int = 0) -> VirtualBoard:
    """The real firmware on a simulated chip; a board in memory, with ideal timing, where simavr is missing."""
    try:
        return SimulatedBoard(boards, wires=wires, clock_error=clock_error, seed=seed)
    except SimulatorNotInstalled:
        return MemoryBoard(boards, wires=wires, seed=seed)
