# SPDX-License-Identifier: GPL-3.0-or-later
"""SimulatedBoard: the committed firmware on a simulated Arduino with Lu.i models around it, in virtual time."""

from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import Protocol

from firmware_bridge.simulated.boards import SimulatedLuis, Stretch, Wires
from firmware_bridge.simulated.chip import CLOCK, Chip
from firmware_bridge.simulated.chip import Piece as Voltage
from firmware_bridge.wiring import STIMULUS_PINS, Wiring
from luisim.lui.parameters import LuiBoard

FIRMWARE = Path(__file__).parent.parent / "firmware" / "lui-bridge-uno.hex"
_LOOK = 0.02  # s solved ahead at most; the result does not depend on it
_OVERSHOOT = 1e-3  # s: the chip ends an instruction or two behind the time it is asked for


class VirtualBoard(Protocol):
    """A board that lives in virtual time: on the simulated chip, or in memory. ``luis``: what hangs on it."""

    luis: SimulatedLuis

    @property
    def now(self) -> float:
        """True seconds since it was switched on."""
        ...

    @property
    def baud(self) -> int:
        """The rate of its serial port."""
        ...

    def reset(self) -> None:
        """Press its reset button."""
        ...

    def write(self, data: bytes) -> None:
        """Send it bytes."""
        ...

    def read(self) -> bytes:
        """What it has sent since the last call."""
        ...

    def advance(self, seconds: float) -> None:
        """Let it run for so long."""
        ...


class SimulatedBoard:
    """One Arduino with ``boards`` around it, wired as ``wiring`` says (by default in order); jumper ``wires`` between them.

    ``vcc``, ``reference``: supply and true inner reference in V. ``clock_error``: how much faster than true its resonator
    runs (0.005 is usual). ``noise``: of the ADC in codes. Equal arguments and equal calls give equal bytes.
    Raises :class:`~firmware_bridge.errors.SimulatorNotInstalled` where simavr is missing.
    """

    def __init__(
        self,
        boards: Sequence[LuiBoard] = (LuiBoard(),),
        wiring: Wiring | None = None,
        *,
        wires: Wires = (),
        firmware: str | None = None,
        vcc: float = 5.0,
        reference: float = 1.1,
        clock_error: float = 0.0,
        noise: float = 0.3,
        seed: int = 0,
    ) -> None:
        crystal = CLOCK * (1.0 + clock_error)
        text = FIRMWARE.read_text(encoding="ascii") if firmware is None else firmware
        self.chip = Chip(text, vcc=vcc, reference=reference, crystal=crystal, seed=seed)
        self.chip.imperfect_adc(1.0, 0.0, noise)
        self.chip.stop_at_edges()
        self.luis = SimulatedLuis(boards, wiring or Wiring.of(len(boards)), wires)
        self._waiting = b""

    @property
    def now(self) -> float:
        """True seconds since it was switched on."""
        return self.chip.cycle / self.chip.crystal

    @property
    def baud(self) -> int:
        """The rate that the firmware has set."""
        return self.chip.baud

    def reset(self) -> None:
        """Press the Arduino's reset button; the Lu.i boards go on."""
        self.chip.reset()
        self._waiting = b""

    def write(self, data: bytes) -> None:
        """Send bytes to the Arduino; they reach it at the speed of its port."""
        self._waiting += data

    def read(self) -> bytes:
        """What the Arduino has sent since the last call."""
        return self.chip.read()

    def advance(self, seconds: float) -> None:
        """Let everything run for ``seconds`` (true ones)."""
        end = self.chip.cycle + ceil(seconds * self.chip.crystal)
        while self.chip.cycle < end:
            self._step(min(end, self.chip.cycle + ceil(_LOOK * self.chip.crystal)))

    def _step(self, until: int) -> None:
        self._waiting = self._waiting[self.chip.write(self._waiting) :]
        self._show(self.luis.look_ahead(until / self.chip.crystal + _OVERSHOOT))
        self.chip.run(until)
        self.luis.advance(self.now)
        for edge in self.chip.edges():
            if edge.pin in STIMULUS_PINS:
                self.luis.switch(STIMULUS_PINS.index(edge.pin) + 1, bool(edge.level))

    def _show(self, ahead: list[list[Stretch]]) -> None:
        """Put what the boards will do on the Arduino's pins."""
        crystal = self.chip.crystal
        for channel, stretches in enumerate(ahead):
            self.chip.set_voltage(channel, [_membrane(stretch, crystal) for stretch in stretches])
        if self.luis.wiring.boards == 1:
            outputs = [Voltage(round(s.start * crystal), s.piece.v_out) for s in ahead[0]]
            self.chip.set_voltage(1, outputs)
            self.chip.set_wire([(voltage.start, voltage.v_inf) for voltage in outputs])


def _membrane(stretch: Stretch, crystal: float) -> Voltage:
    piece = stretch.piece
    return Voltage(round(stretch.start * crystal), piece.v_inf, piece.v_fast, piece.rate_v, piece.v_slow, piece.rate_u)
