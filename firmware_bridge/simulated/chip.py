# SPDX-License-Identifier: GPL-3.0-or-later
"""Chip: an ATmega328P that runs real firmware on libsimavr, in virtual time and inside this process.

The harness beside this file is compiled on first use and kept in the user's cache folder, because libsimavr is GPL-3 and its
version is the computer's.
"""

import ctypes
import hashlib
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from platformdirs import user_cache_path

from firmware_bridge.errors import BoardError, SimulatorNotInstalled

CLOCK = 16_000_000  # cycles of the chip in one of its own seconds
_SOURCE = Path(__file__).with_name("chip.c")
_INSTALL = "sudo apt install gcc libc6-dev libsimavr-dev libelf-dev"
_FLASH = 32_768
_SENT, _CONVERSIONS = 65_536, 65_536


class Piece(ctypes.Structure):
    """A voltage from cycle ``start`` on: v_inf + fast exp(-rate_fast t) + slow exp(-rate_slow t), in V, 1/s and s."""

    _fields_ = (
        ("start", ctypes.c_uint64),
        ("v_inf", ctypes.c_double),
        ("fast", ctypes.c_double),
        ("rate_fast", ctypes.c_double),
        ("slow", ctypes.c_double),
        ("rate_slow", ctypes.c_double),
    )


class _Edge(ctypes.Structure):
    _fields_ = (("cycle", ctypes.c_uint64), ("what", ctypes.c_uint32), ("level", ctypes.c_uint32))


class PinEdge(NamedTuple):
    """An output pin, such as ``"D2"``, has changed to ``level`` at ``cycle``."""

    cycle: int
    pin: str
    level: int


class Conversion(NamedTuple):
    """The ADC has sampled ``channel`` at ``cycle`` and will give ``code``."""

    cycle: int
    channel: int
    code: int


def read_hex(text: str) -> tuple[bytes, int]:
    """Contents and start address of an Intel hex file. Raises :class:`BoardError` if it is none."""
    pieces: dict[int, bytes] = {}
    for number, line in enumerate(text.split(), start=1):
        try:
            record = bytes.fromhex(line.removeprefix(":"))
        except ValueError:
            record = b""
        if not line.startswith(":") or len(record) < 5 or sum(record) % 256 or record[0] != len(record) - 5:
            raise BoardError(f"Line {number} of the hex file is damaged; build or download the file again.")
        if record[3] == 0:
            pieces[record[1] << 8 | record[2]] = record[4:-1]
    if not pieces:
        raise BoardError("The hex file is empty; build or download it again.")
    start, end = min(pieces), max(address + len(data) for address, data in pieces.items())
    image = bytearray(b"\xff" * (end - start))
    for address, data in pieces.items():
        image[address - start : address - start + len(data)] = data
    return bytes(image), start


class Chip:
    """One chip with ``firmware`` (hex file text) in its flash, held in reset until :meth:`run`.

    ``vcc`` in V; ``reference``: what its inner reference really is, in V (data sheet: 1.0 to 1.2). ``crystal``: cycles in a
    true second, which differ from :data:`CLOCK` as a real resonator does. ``pieces`` and wire edges count in cycles.
    """

    def __init__(
        self, firmware: str, *, vcc: float = 5.0, reference: float = 1.1, crystal: float = CLOCK, seed: int = 0
    ) -> None:
        self._lib = _library()
        self.crystal = crystal
        image, start = read_hex(firmware)
        if start + len(image) > _FLASH:
            raise BoardError("This firmware does not fit the 32 kB of an ATmega328P; build it for the Uno.")
        flash = b"\xff" * start + image
        self._chip = self._lib.chip_open(flash, len(flash), start, crystal, vcc, reference, seed)
        if not self._chip:
            raise BoardError("libsimavr knows no ATmega328P; install simavr 1.6 or newer.")
        self._bytes = ctypes.create_string_buffer(_SENT)
        self._edges = (_Edge * _CONVERSIONS)()

    def close(self) -> None:
        """Free the chip."""
        if self._chip:
            self._lib.chip_close(self._chip)
            self._chip = None

    @property
    def cycle(self) -> int:
        """Cycles since the chip was made."""
        return int(self._lib.chip_cycle(self._chip))

    @property
    def baud(self) -> int:
        """What the firmware has set its serial port to."""
        return int(self._lib.chip_baud(self._chip))

    @property
    def lost(self) -> int:
        """Bytes and edges that nobody fetched in time: 0, or the harness is used wrongly."""
        return int(self._lib.chip_lost(self._chip))

    def reset(self) -> None:
        """Press the reset button."""
        self._lib.chip_reset(self._chip)

    def imperfect_adc(self, gain: float, offset: float, noise: float) -> None:
        """Give the ADC a gain, an offset and noise (standard deviation), the latter two in codes."""
        self._lib.chip_adc(self._chip, gain, offset, noise)

    def stop_at_edges(self) -> None:
        """From now on :meth:`run` ends early when an output pin changes."""
        self._lib.chip_stop_at_edges(self._chip, 1)

    def set_voltage(self, channel: int, pieces: Sequence[Piece]) -> None:
        """What analog input ``channel`` (0 to 7) sees from now on."""
        self._lib.chip_pieces(self._chip, channel, (Piece * len(pieces))(*pieces), len(pieces))

    def set_wire(self, edges: Sequence[tuple[int, float]]) -> None:
        """The voltage at D7 from now on: (cycle, V) of each change."""
        rows = [_Edge(cycle, 0, round(volts * 1000)) for cycle, volts in edges]
        self._lib.chip_wire(self._chip, (_Edge * len(rows))(*rows), len(rows))

    def run(self, cycle: int) -> None:
        """Run until ``cycle``. Raises :class:`BoardError` if the firmware crashes."""
        if not self._lib.chip_run(self._chip, cycle):
            raise BoardError("The simulated chip has crashed; please report this with the firmware that it ran.")

    def write(self, data: bytes) -> int:
        """Bytes into the serial port, one after the other at its speed. Returns how many there was room for."""
        return int(self._lib.chip_write(self._chip, data, len(data)))

    def read(self) -> bytes:
        """Bytes that the serial port has sent since the last call."""
        count = self._lib.chip_read(self._chip, self._bytes)
        return self._bytes.raw[:count]

    def edges(self) -> list[PinEdge]:
        """Changes of output pins since the last call."""
        count = self._lib.chip_edges(self._chip, self._edges)
        return [PinEdge(e.cycle, f"D{_pin(e.what)}", e.level) for e in self._edges[:count]]

    def conversions(self) -> list[Conversion]:
        """Conversions since the last call, at most 65536."""
        count = self._lib.chip_conversions(self._chip, self._edges)
        return [Conversion(e.cycle, e.what, e.level) for e in self._edges[:count]]

    def peek(self, address: int) -> int:
        """A byte of RAM or a register."""
        return int(self._lib.chip_peek(self._chip, address))

    def poke(self, address: int, value: int) -> None:
        """Write a byte of RAM or a register."""
        self._lib.chip_poke(self._chip, address, value)

    def flash(self, address: int) -> int:
        """A byte of the flash memory."""
        return int(self._lib.chip_flash(self._chip, address))


def _pin(what: int) -> int:
    """Port B's pins are the Arduino's D8 on, so both ports are named D."""
    return (what & 0xFF) + (8 if what >> 8 == ord("B") else 0)


def _library() -> Any:
    """The compiled harness. Raises :class:`SimulatorNotInstalled` with the line that installs what is missing."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    source = _SOURCE.read_bytes()
    path = user_cache_path("luisim") / f"chip-{hashlib.sha256(source).hexdigest()[:16]}.so"
    if not path.exists():
        if compiler is None:
            raise SimulatorNotInstalled(f"There is no C compiler to build the simulated chip with; install it: {_INSTALL}")
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            made = Path(folder) / "chip.so"
            command = [compiler, "-O2", "-shared", "-fPIC", "-o", str(made), str(_SOURCE), "-lsimavr", "-lelf", "-lm"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise SimulatorNotInstalled(f"The simulated chip needs simavr; install it: {_INSTALL}")
            made.replace(path)
    try:
        lib: Any = ctypes.CDLL(str(path))
    except OSError as error:
        raise SimulatorNotInstalled(f"The simulated chip does not load ({error}); install it: {_INSTALL}") from None
    chip, u32, u64, real = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_uint64, ctypes.c_double
    signatures: dict[str, tuple[Any, list[Any]]] = {
        "chip_open": (chip, [ctypes.c_char_p, u32, u32, real, real, real, u64]),
        "chip_close": (None, [chip]),
        "chip_reset": (None, [chip]),
        "chip_adc": (None, [chip, real, real, real]),
        "chip_stop_at_edges": (None, [chip, ctypes.c_int]),
        "chip_cycle": (u64, [chip]),
        "chip_pieces": (None, [chip, u32, chip, u32]),
        "chip_wire": (None, [chip, chip, u32]),
        "chip_run": (ctypes.c_int, [chip, u64]),
        "chip_write": (u32, [chip, ctypes.c_char_p, u32]),
        "chip_read": (u32, [chip, chip]),
        "chip_lost": (u32, [chip]),
        "chip_edges": (u32, [chip, chip]),
        "chip_conversions": (u32, [chip, chip]),
        "chip_baud": (u32, [chip]),
        "chip_peek": (ctypes.c_uint8, [chip, u32]),
        "chip_poke": (None, [chip, u32, ctypes.c_uint8]),
        "chip_flash": (ctypes.c_uint8, [chip, u32]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    return lib
