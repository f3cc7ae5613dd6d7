# SPDX-License-Identifier: GPL-3.0-or-later
"""The logger under the names of the chip's software, on Python's own logging."""

import logging
from enum import IntEnum
from typing import Any


class LogLevel(IntEnum):
    """How much is logged."""

    TRACE = 5
    DEBUG = logging.DEBUG
    INFO = logging.INFO
    WARN = logging.WARNING
    ERROR = logging.ERROR
    FATAL = logging.CRITICAL


_ROOT = "luisim.pynn"


class Logger:
    """A logger whose levels are methods in capitals, which take several things and write them side by side."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def __getattr__(self, name: str) -> Any:
        if name in LogLevel.__members__:
            level = LogLevel[name]
            return lambda *parts: self._logger.log(level, "".join(str(part) for part in parts))
        return getattr(self._logger, name)  # what Python's own loggers have


def get(name: str = "") -> Logger:
    """The logger of this name."""
    return Logger(f"{_ROOT}.{name}" if name else _ROOT)


def set_loglevel(logger: Logger, level: LogLevel) -> None:
    """Log from ``level`` on."""
    logger.setLevel(int(level))


def reset() -> None:
    """Log warnings and errors only."""
    default_config()


def default_config(level: LogLevel = LogLevel.WARN, **ignored: object) -> None:
    """Log from ``level`` on, to standard error."""
    logging.basicConfig()
    logging.getLogger(_ROOT).setLevel(int(level))
