# SPDX-License-Identifier: GPL-3.0-or-later
"""The family of errors that luisim raises on purpose.

Each says in one sentence what happened, what is allowed, and what to do next: the command line and the app print
``str(error)`` and nothing else.
"""


class LuisimError(Exception):
    """The base of every error that a person can cause and repair."""


class ParameterError(LuisimError, ValueError):
    """A value, key, unit or name that is not allowed."""


class UnsupportedExperiment(LuisimError):
    """A back end was asked for something that it cannot do."""


class SimulationError(LuisimError, RuntimeError):
    """A simulation gave no result.

    ``log`` holds the end of what the simulator printed, oldest line first.
    """

    def __init__(self, message: str, log: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.log = log


class SimulatorMissing(SimulationError):
    """ngspice is not installed, or its library cannot be loaded."""


class SimulationCancelled(SimulationError):
    """The run was stopped before its end because a person asked for it."""


class CalibrationError(LuisimError):
    """A calibration cannot reach its targets."""
