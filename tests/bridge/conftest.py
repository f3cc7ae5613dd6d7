# SPDX-License-Identifier: GPL-3.0-or-later
"""Boards for tests: the firmware on a simulated chip, and what is needed to build it."""

import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from firmware_bridge.errors import SimulatorNotInstalled
from firmware_bridge.protocol import NEED_DATA, Connection, Event
from firmware_bridge.simulated.board import FIRMWARE, SimulatedBoard, VirtualBoard
from firmware_bridge.simulated.chip import Chip
from firmware_bridge.simulated.terminal import Terminal
from luisim.lui.parameters import LuiBoard, LuiParameters

FIRMWARE_FOLDER = FIRMWARE.parent
BOARDS = [LuiBoard(LuiParameters(v_leak=0.80 - 0.02 * n)) for n in range(6)]  # each fires by itself, at its own rate


def _simulated(count: int = 1, **options: float) -> SimulatedBoard:
    return SimulatedBoard(BOARDS[:count], **options)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def simulated() -> Callable[..., SimulatedBoard]:
    """Makes a simulated Arduino with so many boards; skips where simavr is missing."""
    try:
        Chip(FIRMWARE.read_text(encoding="ascii")).close()
    except SimulatorNotInstalled as error:
        pytest.skip(str(error))
    return _simulated


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the firmware as just built."""
    if shutil.which("avr-gcc") is None or shutil.which("make") is None:
        pytest.skip("no avr-gcc: sudo apt install gcc-avr avr-libc binutils-avr make")
    folder = tmp_path_factory.mktemp("firmware")
    subprocess.run(["make", "-s", "-C", str(FIRMWARE_FOLDER), f"BUILD={folder}"], check=True, capture_output=True)
    return folder


class Talk:
    """A conversation with a virtual board, everything that was said included."""

    def __init__(self, board: VirtualBoard) -> None:
        self.board = board
        self.connection = Connection()
        self.events: list[Event] = []
        self.bytes = b""

    def run(self, seconds: float) -> None:
        left = seconds
        while left > 1e-9:
            self.board.advance(min(left, 0.05))
            left -= 0.05
            data = self.board.read()
            self.bytes += data
            self.connection.receive_data(data)
            while (event := self.connection.next_event()) is not NEED_DATA:
                self.events.append(event)  # type: ignore[arg-type]

    def say(self, command: str, *numbers: int, seconds: float = 0.05) -> None:
        self.board.write(self.connection.send(command, *numbers))
        self.run(seconds)

    def greet(self) -> "Talk":
        self.run(0.05)
        self.say("bin", 1, 7)
        return self

    def of(self, kind: type) -> list:  # type: ignore[type-arg]
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture(scope="session")
def talk() -> type[Talk]:
    """The class of a conversation."""
    return Talk


@pytest.fixture
def served() -> Iterator[Callable[[VirtualBoard], Terminal]]:
    """Puts a virtual board on a pseudo-terminal and runs it there until the test ends."""
    stop = threading.Event()
    threads: list[tuple[threading.Thread, Terminal]] = []

    def serve(board: VirtualBoard) -> Terminal:
        terminal = Terminal(board)
        thread = threading.Thread(target=terminal.serve, args=(stop.is_set,))
        thread.start()
        threads.append((thread, terminal))
        return terminal

    yield serve
    stop.set()
    for thread, _ in threads:
        thread.join()
