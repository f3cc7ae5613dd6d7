# SPDX-License-Identifier: GPL-3.0-or-later
"""Real ports: a simulated board behind a pseudo-terminal, sockets, and what goes wrong with either."""

import contextlib
import errno
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_bridge import link
from firmware_bridge.errors import BoardError
from firmware_bridge.link import Port, SerialPort, sentence
from firmware_bridge.protocol import Damage, Lost, Samples
from firmware_bridge.record import arm
from firmware_bridge.recording import read_recording
from firmware_bridge.session import Session
from firmware_bridge.simulated.memory import MemoryBoard
from firmware_bridge.simulated.terminal import Terminal
from firmware_bridge.wiring import Wiring

LUISIM = [sys.executable, "-m", "tui.cli"]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")


def scans(session: Session, count: int) -> list:
    until = time.monotonic() + 20.0
    events: list = []
    while time.monotonic() < until:
        events += session.events(0.05)
        if sum(isinstance(event, Samples) for event in events) >= count:
            return events
    raise AssertionError("no samples")


def use_up(port: SerialPort) -> None:
    """Read until it is noticed that the port has gone."""
    for _ in range(100):
        port.read(0.1)


@pytest.mark.parametrize("kind", ["chip", "memory"])
def test_end_to_end_over_a_terminal(request, served, kind) -> None:
    board = request.getfixturevalue("simulated")(1) if kind == "chip" else MemoryBoard()
    session = Session(SerialPort(served(board).name))
    arm(session, Wiring(), 1000)
    events = scans(session, 20)
    assert not [event for event in events if isinstance(event, Damage | Lost)]
    session.close()


def test_a_second_program_is_told(served) -> None:
    terminal = served(MemoryBoard())
    first = SerialPort(terminal.name)
    with pytest.raises(BoardError, match="Another program uses"):
        SerialPort(terminal.name)
    first.close()
    SerialPort(terminal.name).close()


def test_unplugging_a_terminal_is_told() -> None:
    terminal, stop = Terminal(MemoryBoard()), threading.Event()
    thread = threading.Thread(target=terminal.serve, args=(stop.is_set,))
    thread.start()
    port = SerialPort(terminal.name)
    stop.set()
    thread.join()
    terminal.close()
    with pytest.raises(BoardError, match=r"was unplugged|no port"):
        use_up(port)
    with pytest.raises(BoardError):
        port.reopen()


def test_a_board_behind_a_socket() -> None:
    board = MemoryBoard()
    server = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def serve() -> None:
        client, _ = server.accept()
        client.settimeout(0.002)
        board.reset()
        while not done.is_set():
            board.advance(0.002)
            client.sendall(board.read())
            with contextlib.suppress(TimeoutError):
                board.write(client.recv(4096))
        client.close()

    thread = threading.Thread(target=serve)
    thread.start()
    port = SerialPort(f"socket://127.0.0.1:{server.getsockname()[1]}")
    session = Session(port)
    session.ask("start", 1000, 3)
    scans(session, 5)
    done.set()
    thread.join()
    server.close()
    with pytest.raises(BoardError, match="is gone"):
        use_up(port)
    port.close()


def test_nobody_at_the_socket() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        number = server.getsockname()[1]
    with pytest.raises(BoardError, match="Nobody listens"):
        SerialPort(f"socket://127.0.0.1:{number}")


def test_a_port_that_is_not_there() -> None:
    with pytest.raises(BoardError, match="There is no port /dev/ttyLuisim"):
        SerialPort("/dev/ttyLuisim")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.EACCES, "Permission denied"), "dialout"),
        (OSError(errno.EBUSY, "Device or resource busy"), "Serial Monitor"),
        (OSError("could not open port 'COM3': PermissionError(13, 'Access is denied.')"), "Serial Monitor"),
        (OSError("could not open port 'COM9': FileNotFoundError(2, 'The system cannot find the file')"), "CH340"),
        (OSError("device reports readiness to read but returned no data"), "unplugged"),
        (TypeError("'NoneType' object cannot be interpreted as an integer"), "unplugged"),
    ],
)
def test_each_error_is_a_sentence(error: BaseException, words: str) -> None:
    text = sentence(error, "/dev/ttyUSB0")
    assert words in text
    assert text.endswith(".")


def test_brltty_is_named_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link.sys, "platform", "linux")
    monkeypatch.setattr(link.Path, "exists", lambda self: True)
    assert "apt remove brltty" in sentence(OSError(errno.ENOENT, ""), "/dev/ttyUSB0")


def test_usb_numbers_only_narrow() -> None:
    assert Port("x", "", 0x2341, 0x0043).likely == "Arduino"
    assert Port("x", "", 0x1A86, 0x7523).likely == "CH340"
    assert Port("x", "", 0x1234, 0x0001).likely == ""
    assert Port("x", "").likely == ""


@contextlib.contextmanager
def simulated_port() -> Iterator[str]:
    """`luisim simulate-board` in a process of its own, and the name of its port."""
    command = [*LUISIM, "simulate-board", "leak-over-threshold", "--seconds", "60"]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert server.stdout is not None
    try:
        yield server.stdout.readline().strip()
    finally:
        server.terminate()
        server.communicate()


def test_the_command_line_gives_and_uses_a_port(tmp_path: Path) -> None:
    with simulated_port() as name:
        command = [*LUISIM, "record", "--port", name, "--seconds", "1.5", "--to", str(tmp_path / "r")]
        told = subprocess.run(command, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    assert "0 lost frames, 0 gaps" in told.stdout
    shown = subprocess.run([*LUISIM, "replay", str(tmp_path / "r")], capture_output=True, text=True, check=True)
    assert "spikes at" in shown.stdout


def test_a_killed_record_loses_at_most_a_fifth_of_a_second(tmp_path: Path) -> None:
    folder = tmp_path / "r"

    def recorded() -> float:
        """The last time in the recording, in s."""
        with contextlib.suppress(BoardError):
            return float(read_recording(folder).trace.time[-1])
        return 0.0

    with simulated_port() as name:
        recorder = subprocess.Popen([*LUISIM, "record", "--port", name, "--to", str(folder)], stderr=subprocess.DEVNULL)
        try:
            while recorded() < 0.5:
                assert recorder.poll() is None
                time.sleep(0.02)
            before, begun = recorded(), time.monotonic()
            time.sleep(1.0)
        finally:
            recorder.kill()
            elapsed = time.monotonic() - begun
            recorder.wait()
    assert recorded() >= before + elapsed - 0.2
