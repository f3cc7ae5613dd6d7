# SPDX-License-Identifier: GPL-3.0-or-later
"""VirtualPort: a virtual board as a transport, in its own time: waiting for it costs no time and gives equal bytes each run."""

import time

from firmware_bridge.errors import BoardError
from firmware_bridge.simulated.board import VirtualBoard
from luisim.lui.parameters import LuiBoard

_SLICE = 0.002  # s that the board runs between two looks at what it has sent


class VirtualPort:
    """The serial port of ``board``. A rate other than the board's garbles what passes, as on a real line."""

    def __init__(self, board: VirtualBoard, name: str = "simulated board") -> None:
        self.board = board
        self.name = name
        self.baud = 115_200
        self.plugged = True

    def now(self) -> float:
        """The board's true time in s."""
        return self.board.now

    def write(self, data: bytes) -> None:
        """Send bytes to the board."""
        self._check()
        self.board.write(data if self._in_step() else garbled(data))

    def read(self, timeout: float) -> bytes:
        """Let the board run until it has sent something, for ``timeout`` s at most."""
        until = self.board.now + timeout
        legible = False
        while True:
            self._check()
            legible = self._in_step() or legible  # what was sent just before the board changed its rate arrives whole
            data = self.board.read()
            if data or self.board.now >= until:
                return data if legible else garbled(data)
            legible = self._in_step()
            self.board.advance(min(_SLICE, max(until - self.board.now, 1e-6)))

    def set_baud(self, baud: int) -> None:
        """Change the rate of the computer's end."""
        self.baud = baud

    def reopen(self) -> None:
        """Opening a Uno's port resets it."""
        self._check()
        self.board.reset()
        self.baud = 115_200

    def close(self) -> None:
        """Nothing to give back."""

    def _check(self) -> None:
        if not self.plugged:
            self.board.advance(0.05)
            raise BoardError(f"{self.name} was unplugged.")

    def _in_step(self) -> bool:
        return abs(self.board.baud / self.baud - 1.0) < 0.04  # half a bit in ten


class PacedPort(VirtualPort):
    """The same at the pace of the clock on the wall, for watching; its trimmers can be turned meanwhile."""

    def __init__(self, board: VirtualBoard, name: str = "simulated board") -> None:
        super().__init__(board, name)
        self._ahead = board.now - time.monotonic()

    def read(self, timeout: float) -> bytes:
        """What has come in, after ``timeout`` s at the latest. A board that is late does not try to catch up."""
        data = super().read(timeout)
        early = self.board.now - time.monotonic() - self._ahead
        if early > 0.0:
            time.sleep(early)
        elif early < -1.0:
            self._ahead += early
        return data

    def turn(self, board: LuiBoard) -> None:
        """Turn the trimmers of the one board."""
        self.board.luis.turn((board,))


def garbled(data: bytes) -> bytes:
    """What bytes look like at the wrong rate; repeatable."""
    return bytes((byte * 167 + 13 * index) & 0xFF | 0x80 for index, byte in enumerate(data))
