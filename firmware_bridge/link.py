# SPDX-License-Identifier: GPL-3.0-or-later
"""Serial ports: the only importer of pyserial."""

from dataclasses import dataclass

from serial.tools import list_ports  # type: ignore[import-untyped]


@dataclass(frozen=True)
class Port:
    """A serial port of this computer; ``vid`` and ``pid`` are the USB numbers, None if it is no USB device."""

    device: str
    description: str
    vid: int | None = None
    pid: int | None = None


def ports() -> tuple[Port, ...]:
    """Every serial port that the system lists, in the order of their names; no port is opened."""
    found = (Port(port.device, port.description, port.vid, port.pid) for port in list_ports.comports())
    return tuple(sorted(found, key=lambda port: port.device))
