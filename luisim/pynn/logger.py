# SPDX-License-Identifier: GPL-3.0-or-later
"""The logger under the names of the chip's software, on Python's own logging."""

import logging
from enum import IntEnum


class LogLevel(IntEnum):
    """How much is logged."""

    TRACE = 5
    DEBUG = logging.DEBUG
    INFO = logging.INFO
    WARN = logging.WARNING
    ERROR = logging.ERROR
    FATAL = logging.CRITICAL


_ROOT = "luisim.pynn"


def get(name: str = "") -> logging.Logger:
    """The logger of this name."""
    return logging.getLogger(f"{_ROOT}.{name}" if name else _ROOT)


def set_loglevel(logger: logging.Logger, level: LogLevel) -> None:
    """Log from ``level`` on."""
    logger.setLevel(int(level))


def default_config(level: LogLevel = LogLevel.WARN, **ignored: object) -> None:
    """Log from ``level`` on, to standard error."""
    logging.basicConfig()
    logging.getLogger(_ROOT).setLevel(int(level))
