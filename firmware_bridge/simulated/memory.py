# SPDX-License-Identifier: GPL-3.0-or-later
"""MemoryBoard: speaks the firmware's protocol from memory, with Lu.i models behind it, for computers without simavr.

It answers what a measurement needs. Its times are ideal; what the real chip does to them only the simulated chip shows.
"""

import struct
from collections.abc import Sequence

import numpy as np

from firmware_bridge.framing import encode
from firmware_bridge.protocol import BANNER, BAUD, BAUDS, INPUTS, OUTPUTS, Seen
from firmware_bridge.simulated.boards import SimulatedLuis, Wires
from firmware_bridge.wiring import Wiring
from luisim.lui.parameters import LuiBoard

_VCC = 5.0
_SETS_US, _CODES_MOST = 20_000, 54  # a frame waits 20 ms at most and holds so many codes
_ORDERS = {
    "bin": 2,
    "start": 2,
    "stop": 0,
    "spk": 3,
    "fall": 3,
    "wire": 1,
    "stim": 5,
    "quiet": 0,
    "baud": 1,
    "ref": 1,
    "stat": 0,
}


class MemoryBoard:
    """Like :class:`~firmware_bridge.simulated.board.SimulatedBoard`, without a chip."""

    def __init__(
        self,
        boards: Sequence[LuiBoard] = (LuiBoard(),),
        wiring: Wiring | None = None,
        *,
        wires: Wires = (),
        noise: float = 0.3,
        seed: int = 0,
    ) -> None:
        self.luis = SimulatedLuis(boards, wiring or Wiring.of(len(boards)), wires)
        self.now = 0.0
        self.baud = BAUD
        self._noise, self._random = noise, np.random.default_rng(seed)
        self.reset()

    def reset(self) -> None:
        """Start anew, with the banner; the Lu.i boards go on."""
        self._start = self.now
        self._out, self._line = BANNER + b" proto=1 fw=1.0.0 board=memory (type help)\r\n", b""
        self._binary, self._sequence, self._edges = False, 0, 0
        self._period, self._mask, self._next_tick = 0, 0, 0
        self._block: list[list[int]] = []
        self._block_at = 0
        self._wire = False
        self._switches: list[tuple[int, int, bool]] = []  # (us, output, on)
        self._next_status = 1_000_000
        self._seen = [len(self.luis.spikes(board)) for board in range(self.luis.wiring.boards)]
        self.baud = self._next_baud = BAUD

    def read(self) -> bytes:
        """What it has sent since the last call."""
        data, self._out = self._out, b""
        return data

    def write(self, data: bytes) -> None:
        """Carry out the lines that are complete."""
        *lines, self._line = (self._line + data).replace(b"\r", b"\n").split(b"\n")
        for line in lines:
            if line:
                self._order(line.decode("ascii", "replace").split())

    def advance(self, seconds: float) -> None:
        """Let it run for ``seconds``."""
        end = self.now + seconds
        if not self._out:
            self.baud = self._next_baud
        while self.now < end:
            due = [
                self._next_status,
                *(time for time, _, _ in self._switches[:1]),
                *([self._next_tick] if self._period else []),
            ]
            to = min(end, max(self._start + min(due) * 1e-6, self.now))
            if to > self.now:
                self.luis.look_ahead(to)
                self.luis.advance(to)
                self.now = to
            self._do_due(round((self.now - self._start) * 1e6))

    def _do_due(self, us: int) -> None:
        self._send_spikes()
        while self._switches and self._switches[0][0] <= us:
            _, output, on = self._switches.pop(0)
            self.luis.switch(output, on)
            self._edge(us, 7 + output, on, Seen.STIMULUS)
        if self._period and self._next_tick <= us:
            self._sample()
        if self._next_status <= us:
            self._next_status += 1_000_000
            self._status(us)

    def _sample(self) -> None:
        volts = self.luis.voltages()
        if not self._block:
            self._block_at = self._next_tick
        channels = [channel for channel in range(INPUTS) if self._mask >> channel & 1]
        noise = self._random.normal(0.0, self._noise, len(channels))
        codes = [volts.get(channel, 0.0) / _VCC * 1024 + extra for channel, extra in zip(channels, noise, strict=True)]
        self._block.append([min(max(int(code), 0), 1023) for code in codes])
        self._next_tick += self._period
        sets = max(1, min(_SETS_US // self._period, _CODES_MOST // len(channels)))
        if len(self._block) >= sets:
            body = struct.pack("<BBH", self._mask, len(self._block), self._period) + np.array(self._block, "<u2").tobytes()
            self._frame(2, self._block_at, body)
            self._block = []

    def _send_spikes(self) -> None:
        """Edges of the outputs since the last call: the comparator's for one board, the membrane's fall for several."""
        single = self.luis.wiring.boards == 1
        for board, seen in enumerate(self._seen):
            times = self.luis.spikes(board)
            for time in times[seen:]:
                us = round((time - self._start) * 1e6)
                if not single:
                    self._edge(us, board, True, Seen.FALL)
                elif self._wire:
                    self._edge(us, 7, True, Seen.COMPARATOR)
            self._seen[board] = len(times)

    def _edge(self, us: int, source: int, rises: bool, seen: Seen) -> None:
        self._edges += 1
        self._frame(3, us, struct.pack("<BBH", source | rises << 7, seen.value, self._edges & 0xFFFF))

    def _status(self, us: int) -> None:
        self._frame(4, us, struct.pack("<HHHBBHB", 0, 0, 0, 0, 0, round(_VCC * 1000), self._mask if self._period else 0))

    def _frame(self, kind: int, us: int, payload: bytes) -> None:
        if self._binary:
            self._out += encode(struct.pack("<BBI", kind, self._sequence, us % (1 << 32)) + payload)
            self._sequence = (self._sequence + 1) % 256

    def _order(self, words: list[str]) -> None:
        us = round((self.now - self._start) * 1e6)
        tag = f"{words.pop(0)} " if words[0].startswith("@") and len(words) > 1 else ""
        name, *texts = words
        try:
            numbers = [int(text) for text in texts]
        except ValueError:
            return self._say(f"err {tag}not a whole number", us)
        if name not in _ORDERS or len(numbers) > _ORDERS[name]:
            return self._say(f"err {tag}unknown, type help", us)
        answer = numbers[0] if numbers else 0
        match name, numbers:
            case "bin", [0 | 1 as on, *nonce]:
                self._binary, self._period = bool(on), 0
                if on:
                    self._out += b"\0"
                    self._hello(us, nonce[0] if nonce else 0)
            case "start", [rate, mask] if 32 <= rate <= 6000 and 0 < mask < 1 << INPUTS:
                self._period, self._mask, self._block = round(1e6 / rate), mask, []
                self._next_tick, answer = us + self._period, self._period
            case "stop", []:
                self._period = 0
            case "wire", [0 | 1 as on]:
                self._wire = bool(on)
            case "stim", [output, width, *rest] if 1 <= output <= OUTPUTS:
                count, period, start = [*rest, *(1, 2 * width, us + 200)[len(rest) :]]
                start = us + (start - us + (1 << 31)) % (1 << 32) - (1 << 31)
                for n in range(count):
                    on_at = start + n * period
                    self._switches += [(on_at, output, True), (on_at + width, output, False)]
                self._switches.sort()
                answer = start % (1 << 32)
            case "quiet", []:
                self._switches = []
                for output in range(1, OUTPUTS + 1):
                    self.luis.switch(output, False)
            case "baud", [rate] if rate in BAUDS:
                self._next_baud = rate  # the answer still goes at the old one
            case "stat", []:
                self._status(us)
            case (("spk" | "fall" | "ref"), _):
                pass
            case _:
                return self._say(f"err {tag}{name} with other numbers", us)
        return self._say(f"ok {tag}{name} {answer}", us)

    def _hello(self, us: int, nonce: int) -> None:
        numbers = (1, 0, 1, 0, 0, 0, INPUTS, 10, OUTPUTS, 1, round(_VCC * 1000), 1100, 0, 6000, nonce)
        self._frame(1, us, struct.pack("<BB3BBBBBBHHIHI", *numbers) + b"memory")

    def _say(self, text: str, us: int) -> None:
        if self._binary:
            self._frame(5, us, text.encode("ascii", "replace"))
        else:
            self._out += text.encode("ascii", "replace") + b"\r\n"
