# SPDX-License-Identifier: GPL-3.0-or-later
"""Injection: what scripts write into and read from registers of the real chip: accepted while empty, else refused."""

import warnings
from dataclasses import dataclass, field, fields
from typing import Any

from luisim.errors import UnsupportedExperiment
from luisim.pynn import simulator


@dataclass
class Injected:
    """Registers of the real chip that a script would write or read. Empty ones are accepted, as nothing is lost."""

    @property
    def used(self) -> list[str]:
        """The parts that hold something."""
        return [f.name for f in fields(self) if getattr(self, f.name)]


@dataclass
class InjectedConfiguration(Injected):
    """What a script would write into registers before, during and after a run."""

    pre_non_realtime: Any = field(default_factory=dict)
    pre_realtime: Any = field(default_factory=dict)
    inside_realtime_begin: Any = field(default_factory=dict)
    inside_realtime: Any = None
    inside_realtime_end: Any = field(default_factory=dict)
    post_realtime: Any = field(default_factory=dict)
    ppu_symbols: Any = field(default_factory=dict)


@dataclass
class InjectedReadout(Injected):
    """What a script would read from registers before, during and after a run."""

    pre_realtime: Any = field(default_factory=set)
    inside_realtime_begin: Any = field(default_factory=set)
    inside_realtime_end: Any = field(default_factory=set)
    post_realtime: Any = field(default_factory=set)
    ppu_symbols: Any = field(default_factory=set)


def check_injected(name: str, given: Any) -> None:
    """Raises :class:`~luisim.errors.UnsupportedExperiment` if ``given`` asks for anything."""
    if given is None or (isinstance(given, Injected) and not given.used):
        return
    part = f" ({', '.join(given.used)})" if isinstance(given, Injected) else ""
    raise UnsupportedExperiment(
        f"{name}{part} writes or reads registers of the real chip, which are not simulated; leave it out."
    )


def get_pre_realtime_read() -> dict[Any, Any]:
    """Empty: nothing could be asked for."""
    return _nothing_read()


def get_post_realtime_read() -> dict[Any, Any]:
    """Empty: nothing could be asked for."""
    return _nothing_read()


def get_post_realtime_read_ppu_symbols() -> dict[Any, Any]:
    """Empty: nothing could be asked for."""
    return _nothing_read()


def _nothing_read() -> dict[Any, Any]:
    if not simulator.state.running:
        raise RuntimeError("Reads are there after a run only: call pynn.run() first.")
    return {}


def get_execution_time_info() -> Any:
    """Refused: a simulation does not know how long the chip and its host take."""
    raise UnsupportedExperiment(
        "How long the real chip and its host take is not simulated; a run takes the time given to pynn.run() on the chip."
    )


def preprocess() -> None:
    """Old name of ``run(None, RunCommand.PREPARE)``."""
    warnings.warn("Use pynn.run(None, pynn.RunCommand.PREPARE).", DeprecationWarning, stacklevel=2)
    simulator.state.run(None, simulator.RunCommand.PREPARE)
