# SPDX-License-Identifier: GPL-3.0-or-later
"""Connecting: from the word behind ``--on board:`` to the transport that it means."""

from firmware_bridge.backend import only_board
from firmware_bridge.errors import SimulatorNotInstalled
from firmware_bridge.link import SerialPort, likely_port
from firmware_bridge.session import Transport
from firmware_bridge.simulated.board import SimulatedBoard, VirtualBoard
from firmware_bridge.simulated.memory import MemoryBoard
from firmware_bridge.simulated.port import VirtualPort
from luisim.experiment import Experiment
from luisim.lui.network import Lui
from luisim.lui.parameters import LuiBoard

SIMULATED = "simulated"


def connect(word: str, experiment: Experiment[Lui]) -> Transport:
    """``word``: a port or URL; empty for the one Arduino that is plugged in; "simulated" for the firmware on a simulated chip
    with ``device`` at its ADC, in virtual time. Raises :class:`~firmware_bridge.errors.BoardError`.
    """
    if word == SIMULATED:
        return VirtualPort(virtual_board(only_board(experiment)))
    return SerialPort(word or likely_port())


def virtual_board(device: LuiBoard, boards: int = 1, *, clock_error: float = 0.0, seed: int = 0) -> VirtualBoard:
    """The real firmware on a simulated chip; a board in memory, with ideal timing, where simavr is missing."""
    try:
        return SimulatedBoard([device] * boards, clock_error=clock_error, seed=seed)
    except SimulatorNotInstalled:
        return MemoryBoard([device] * boards, seed=seed)
