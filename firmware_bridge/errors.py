# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with a board, as sentences a person can act on."""

from luisim.errors import LuisimError


class BoardError(LuisimError, OSError):
    """A board, its port or its recording does not do what was asked. Says what happened and what to do next."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class SimulatorNotInstalled(BoardError):
    """The chip simulator, or the compiler that builds its harness, is not on this computer."""
