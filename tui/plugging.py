# SPDX-License-Identifier: GPL-3.0-or-later
"""Plugging: says which boards were plugged in and which are gone, from a thread of its own: listing ports can take its time."""

import contextlib
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

INTERVAL = 0.5  # s


@dataclass(frozen=True)
class Change:
    """Ports that a board hangs on now, and those where there is none any longer."""

    come: tuple[str, ...]
    gone: tuple[str, ...]


def arduinos() -> tuple[str, ...]:
    """The ports of this computer that look like an Arduino's; none is opened."""
    from firmware_bridge.link import ports  # with pyserial, which the app starts without

    return tuple(port.device for port in ports() if port.likely)


class PortWatch:
    """Calls ``hear`` in its thread whenever what ``find`` finds has changed."""

    def __init__(
        self, find: Callable[[], Iterable[str]], hear: Callable[[Change], None], *, interval: float = INTERVAL
    ) -> None:
        self._find, self._hear, self._interval = find, hear, interval
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="luisim-ports", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Look no longer."""
        self._closing.set()
        self._thread.join(timeout=1.0)

    def _work(self) -> None:
        known: set[str] = set()
        while not self._closing.wait(self._interval):
            found = known
            with contextlib.suppress(OSError):  # a port that goes away while it is listed
                found = set(self._find())
            if found != known:
                self._hear(Change(tuple(sorted(found - known)), tuple(sorted(known - found))))
                known = found
