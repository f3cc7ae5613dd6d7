# SPDX-License-Identifier: GPL-3.0-or-later
"""Serial ports: finding, opening, reading and closing them. The only importer of pyserial.

Every error of the operating system becomes one sentence that says what to do. A thread reads all the time, so a busy program
loses nothing.
"""

import errno
import queue
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import serial  # type: ignore[import-untyped]
from serial.tools import list_ports  # type: ignore[import-untyped]

from firmware_bridge.errors import BoardError
from firmware_bridge.protocol import BAUD
from firmware_bridge.simulated import announced

# USB numbers of Arduinos and of the converters on their copies. They only narrow: HELLO says whether it is a bridge.
_ARDUINO_VENDORS = {0x2341: "Arduino", 0x2A03: "Arduino"}
_CONVERTERS = {(0x1A86, 0x7523): "CH340", (0x0403, 0x6001): "FTDI", (0x0403, 0x6015): "FTDI", (0x10C4, 0xEA60): "CP210x"}
_READ_TIMEOUT = 0.05  # s
_CHUNK = 4096  # bytes
# what pyserial lets through when a port goes away; termios.error is no OSError, and a close during a read gives a TypeError
try:
    import termios

    _GONE: tuple[type[BaseException], ...] = (serial.SerialException, OSError, TypeError, termios.error)
except ImportError:  # Windows
    _GONE = (serial.SerialException, OSError, TypeError)
_REFUSED: tuple[type[BaseException], ...] = (*_GONE, ValueError)


@dataclass(frozen=True)
class Port:
    """A serial port of this computer; ``vid`` and ``pid`` are the USB numbers, None if it is no USB device.

    ``simulated``: of ``luisim simulate-board``.
    """

    device: str
    description: str
    vid: int | None = None
    pid: int | None = None
    simulated: bool = False

    @property
    def likely(self) -> str:
        """Which Arduino or converter its USB numbers name, or that it is simulated; empty if none."""
        if self.simulated:
            return "simulated"
        if self.vid is None or self.pid is None:
            return ""
        return _ARDUINO_VENDORS.get(self.vid) or _CONVERTERS.get((self.vid, self.pid), "")


def ports() -> tuple[Port, ...]:
    """Every serial port that the system lists, in the order of their names; no port is opened."""
    found = [Port(port.device, port.description, port.vid, port.pid) for port in list_ports.comports()]
    found += [Port(str(path), "simulated board", simulated=True) for path in announced.boards()]
    return tuple(sorted(found, key=lambda port: (port.simulated, port.device)))


def likely_port() -> str:
    """The one port that an Arduino hangs on; without one, that of the one simulated board.

    Raises :class:`BoardError` if there is none, or more than one.
    """
    found = [port for port in ports() if port.likely]
    likely = [port.device for port in found if not port.simulated] or [port.device for port in found]
    if len(likely) == 1:
        return likely[0]
    if likely:
        raise BoardError(f"There are several Arduinos ({', '.join(likely)}); name one, as in --on board:{likely[0]}.")
    raise BoardError(
        "No Arduino was found: plug it in, and look with luisim ports. Without one, luisim simulate-board gives you a port."
        f"{_stolen_by_brltty()}"
    )


class SerialPort:
    """An open port: a device such as ``/dev/ttyACM0`` or ``COM3``, or a URL (``socket://host:port``, ``rfc2217://...``).

    Nobody else can open it meanwhile. Opening resets an Uno or Nano. Raises :class:`BoardError`.
    """

    def __init__(self, name: str, baud: int = BAUD) -> None:
        self.name = name
        self._baud = baud
        self._is_socket = name.startswith("socket://")
        self._open()

    def now(self) -> float:
        """Monotonic seconds."""
        return time.monotonic()

    def write(self, data: bytes) -> None:
        """Send ``data``. Raises :class:`BoardError` if the port is gone."""
        try:
            self._port.write(data)
        except _GONE as error:
            raise BoardError(sentence(error, self.name)) from None

    def read(self, timeout: float) -> bytes:
        """Everything that has come in, after ``timeout`` s at the latest. Raises :class:`BoardError` if the port is gone."""
        try:
            first = self._received.get(timeout=timeout) if timeout > 0 else self._received.get_nowait()
        except queue.Empty:
            return b""
        parts = [first]
        while isinstance(parts[-1], bytes):
            try:
                parts.append(self._received.get_nowait())
            except queue.Empty:
                break
        data = b"".join(part for part in parts if isinstance(part, bytes))
        if not isinstance(parts[-1], bytes):
            if not data:
                raise BoardError(sentence(parts[-1], self.name))
            self._received.put(parts[-1])  # first what came in before
        return data

    def set_baud(self, baud: int) -> None:
        """Change the rate. Raises :class:`BoardError` if this port cannot do it."""
        try:
            self._port.baudrate = baud
        except _REFUSED as error:
            raise BoardError(f"{self.name} cannot do {baud} baud ({error}); use 115200.") from None

    def reopen(self) -> None:
        """Open again. Raises :class:`BoardError`, after a tenth of a second, while the port is not back."""
        self.close()
        self._baud = BAUD
        try:
            self._open()
        except BoardError:
            time.sleep(0.1)
            raise

    def close(self) -> None:
        """Stop reading and give the port back."""
        self._closing.set()
        cancel = getattr(self._port, "cancel_read", None)  # a close alone would leave the reader in its call
        try:
            if cancel is not None:
                cancel()
            self._reader.join(1.0)
            self._port.close()
        except _GONE:
            pass

    def _open(self) -> None:
        try:
            if "://" in self.name:
                self._port = serial.serial_for_url(self.name, baudrate=self._baud, timeout=_READ_TIMEOUT, write_timeout=2.0)
            else:
                self._port = serial.Serial(
                    self.name, self._baud, timeout=_READ_TIMEOUT, write_timeout=2.0, exclusive=_exclusive()
                )
        except _REFUSED as error:
            raise BoardError(sentence(error, self.name)) from None
        self._received: queue.SimpleQueue[bytes | BaseException] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._reader = threading.Thread(target=self._read_on, args=(self._port, self._received, self._closing), daemon=True)
        self._reader.start()

    def _read_on(
        self, port: serial.Serial, received: "queue.SimpleQueue[bytes | BaseException]", closing: threading.Event
    ) -> None:
        try:
            while not closing.is_set():
                # a socket does not know how much waits: read for as long as the timeout
                data = port.read(_CHUNK if self._is_socket else 1)
                if data and self._is_socket:
                    received.put(data)
                elif data:
                    time.sleep(0.004)  # let a frame's bytes gather: a tenth of the wake-ups, no later than a frame takes
                    received.put(data + port.read(port.in_waiting))
        except _GONE as error:
            if not closing.is_set():
                received.put(error)


def _exclusive() -> bool | None:
    return None if sys.platform == "win32" else True  # Windows never lets two programs open a port


def sentence(error: BaseException, name: str) -> str:
    """What an error of the operating system at port ``name`` means, and its remedy."""
    number = getattr(error, "errno", None)
    text = str(error)
    if number is None:  # pyserial puts it into the text
        numbers = {"[Errno 2]": errno.ENOENT, "[Errno 11]": errno.EAGAIN, "[Errno 13]": errno.EACCES, "[Errno 16]": errno.EBUSY}
        number = next((code for mark, code in numbers.items() if mark in text), None)
    if number in (errno.EAGAIN, errno.EBUSY) or "PermissionError(13" in text:
        return f"Another program uses {name}: close the Serial Monitor, the plotter or the other luisim, then try again."
    if number == errno.EACCES:
        return (
            f"You are not allowed to open {name}: join the group that may (sudo usermod -aG dialout $USER; uucp on Arch), log"
            " out and in again."
        )
    if number in (errno.ENOENT, errno.ENODEV) or "FileNotFoundError" in text:
        return (
            f"There is no port {name}: plug the Arduino in and look with luisim ports; if it does not appear, its driver"
            f" (CH340 on many copies) is missing, or the cable only charges.{_stolen_by_brltty()}"
        )
    if number == errno.ECONNREFUSED or "refused" in text:
        return f"Nobody listens at {name}: start the other end first."
    if "://" in name:
        return f"The connection to {name} is gone ({text or type(error).__name__}); start the other end and try again."
    return f"{name} was unplugged, or another program reads it too: plug it in again and close the other program."


def _stolen_by_brltty() -> str:
    """Debian's and Ubuntu's driver for braille displays takes the converters of many copies away."""
    if sys.platform.startswith("linux") and Path("/usr/bin/brltty").exists():
        return " On this computer brltty may have taken it: sudo apt remove brltty, then plug it in again."
    return ""
