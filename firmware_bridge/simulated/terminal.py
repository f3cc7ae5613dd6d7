# SPDX-License-Identifier: GPL-3.0-or-later
"""A virtual board behind a pseudo-terminal: a port that any program can open as it would a real one. Not on Windows."""

import array
import contextlib
import fcntl
import os
import select
import termios
import time
import tty
from collections.abc import Callable

from firmware_bridge.simulated.board import VirtualBoard
from firmware_bridge.simulated.port import garbled

_STEP = 0.004  # s between two looks
_TCGETS2 = 0x802C542A  # Linux: the rate the other end has set, whatever it is
_MOST_WAITING = 1 << 16


class Terminal:
    """``board`` on a pseudo-terminal named :attr:`name`, paced to real time. Opening it resets the board, as on a Uno."""

    def __init__(self, board: VirtualBoard) -> None:
        self.board = board
        self._master, follower = os.openpty()
        tty.setraw(follower)
        self.name = os.ttyname(follower)
        os.close(follower)
        os.set_blocking(self._master, False)
        self._poll = select.poll()
        self._poll.register(self._master, select.POLLIN | select.POLLHUP)
        self._open = False
        self._to_send = b""
        self._in_step = True

    def close(self) -> None:
        """Unplug it."""
        os.close(self._master)

    def serve(self, until: Callable[[], bool]) -> None:
        """Run the board in real time until ``until()`` says so."""
        begin, at = time.monotonic(), self.board.now
        while not until():
            self._exchange()
            self.board.advance(_STEP)
            early = (self.board.now - at) - (time.monotonic() - begin)
            if early > 0:
                time.sleep(early)
            elif early < -1.0:  # a computer that was asleep: do not try to catch up
                begin, at = time.monotonic(), self.board.now

    def _exchange(self) -> None:
        events = dict(self._poll.poll(0)).get(self._master, 0)
        is_open = not events & select.POLLHUP
        if is_open and not self._open:
            self.board.reset()
            self._to_send = b""
        self._open = is_open
        sent = self.board.read()
        if not is_open:
            return
        now_in_step = abs(self.board.baud / (self._client_baud() or self.board.baud) - 1.0) < 0.04
        in_step, self._in_step = now_in_step or self._in_step, now_in_step  # the last bytes before a change arrive whole
        if events & select.POLLIN:
            with contextlib.suppress(OSError):
                data = os.read(self._master, 4096)
                self.board.write(data if in_step else garbled(data))
        self._to_send = (self._to_send + (sent if in_step else garbled(sent)))[-_MOST_WAITING:]
        if self._to_send:
            with contextlib.suppress(BlockingIOError):
                self._to_send = self._to_send[os.write(self._master, self._to_send) :]

    def _client_baud(self) -> int:
        """0 where the system does not tell."""
        words = array.array("I", [0] * 16)
        try:
            fcntl.ioctl(self._master, _TCGETS2, words)
        except OSError:
            return _PLAIN.get(termios.tcgetattr(self._master)[5], 0)
        return words[10]  # c_ospeed of struct termios2


_PLAIN = {termios.B115200: 115_200}
