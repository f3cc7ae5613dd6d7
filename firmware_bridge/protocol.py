# SPDX-License-Identifier: GPL-3.0-or-later
"""The conversation with the bridge firmware, without a port: bytes in, events out, commands to bytes.

The board starts in text mode, for people. ``bin 1`` makes it answer in frames, beginning with HELLO. Commands are lines of
ASCII in both modes. A frame's body is::

    u8 type | u8 sequence number | u32 time in us, wraps after 71.58 minutes | payload

all little-endian. What may follow what stands in two tables, :data:`SENDING` and :data:`RECEIVING`.
"""

import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from firmware_bridge.framing import Damage, FrameReader

VERSION = 1  # of the protocol; the minor number may differ
BAUD = 115_200  # after a reset
BAUDS = (115_200, 250_000, 500_000)
BANNER = b"# lui-bridge"
INPUTS = OUTPUTS = 6
_WRAP = 1 << 32


class LocalProtocolError(RuntimeError):
    """We were about to say something that the conversation does not allow: a mistake in the program."""


class State(Enum):
    """Where the conversation stands."""

    TEXT = "text"  # nothing known, or text mode
    GREETING = "greeting"  # asked for frames, no HELLO yet
    READY = "ready"
    SAMPLING = "sampling"


# command -> {state it may be given in: state afterwards}
_T, _G, _R, _S = State.TEXT, State.GREETING, State.READY, State.SAMPLING
_TALKING = {_R: _R, _S: _S}
SENDING: dict[str, dict[State, State]] = {
    "bin": {_T: _G, _G: _G, _R: _G, _S: _G},
    "start": {_R: _S, _S: _S},
    "stop": {_R: _R, _S: _R},
    "baud": {_R: _R},
    "ref": {_R: _R},
    "spk": _TALKING,
    "fall": _TALKING,
    "wire": _TALKING,
    "stim": _TALKING,
    "quiet": _TALKING,
    "stat": _TALKING,
}


class Seen(Enum):
    """How an edge was seen, by rising sharpness of its stamp."""

    LEVEL = 1  # a sampled channel crossed a level: within one sampling period
    FALL = 2  # the membrane fell from above one level to below another: within one sampling period
    COMPARATOR = 3  # the spike wire on D7, stamped by the timer itself
    STIMULUS = 4  # the board's own output


@dataclass(frozen=True)
class Hello:
    """Who answers. ``vcc`` and ``reference`` in V (0: not measured), ``scan_skew`` in s, ``max_rate`` in Hz."""

    time_us: int
    version: tuple[int, int]
    firmware: tuple[int, int, int]
    inputs: int
    bits: int
    outputs: int
    calibrated: bool
    vcc: float
    reference: float
    scan_skew: float
    max_rate: int
    nonce: int
    name: str


@dataclass(frozen=True)
class Samples:
    """Some scans of the analog inputs, ``period_us`` apart.

    ``time_us``: of the first scan's first channel, since the board's start. ``words``: (scans, channels), bits 0 to 11 the
    code, 14 stimulus on, 15 spike on; column i is channel ``channels[i]``, sampled i times the scan skew later.
    """

    time_us: int
    period_us: int
    channels: tuple[int, ...]
    words: NDArray[np.uint16] = field(compare=False)

    @property
    def codes(self) -> NDArray[np.uint16]:
        """(scans, channels) ADC codes."""
        return self.words & np.uint16(0x0FFF)


@dataclass(frozen=True)
class Edge:
    """A stamped edge on ``source``: input 0 to 5, 7 for the spike wire, 8 to 13 for stimulus output 1 to 6."""

    time_us: int
    source: int
    rises: bool
    seen: Seen
    counter: int


@dataclass(frozen=True)
class Status:
    """The board's own counters since its start, which only grow, and its supply ``vcc`` in V (0: not measured)."""

    time_us: int
    lost_blocks: int
    missed_ticks: int
    lost_edges: int
    overflows: int
    stimulus: int
    vcc: float
    channels: int


@dataclass(frozen=True)
class Reply:
    """The answer to a command: ``text`` without its first word and tag."""

    ok: bool
    tag: str
    text: str


@dataclass(frozen=True)
class Text:
    """A line in text mode."""

    line: str


@dataclass(frozen=True)
class Restarted:
    """The board has started anew: its clock, its settings and its counters begin again."""

    banner: str


@dataclass(frozen=True)
class Lost:
    """``frames`` frames before the next event did not arrive or were never sent (modulo 256)."""

    frames: int


class NeedData:
    """Nothing more to say until more bytes come in."""


NEED_DATA = NeedData()
Event = Hello | Samples | Edge | Status | Reply | Text | Restarted | Lost | Damage

_HELLO = struct.Struct("<BB3BBBBBBHHIHI")
_STATUS = struct.Struct("<HHHBBHB")
_CHANNELS = [tuple(i for i in range(INPUTS) if mask >> i & 1) for mask in range(1 << INPUTS)]

# frame type -> states in which it means something. In TEXT no frame is believed, and before HELLO nothing else is.
RECEIVING: dict[int, frozenset[State]] = {
    1: frozenset({_G, _R, _S}),
    2: frozenset({_S}),
    3: frozenset({_R, _S}),
    4: frozenset({_R, _S}),
    5: frozenset({_G, _R, _S}),
}


class Connection:
    """The computer's end of the conversation with one board."""

    def __init__(self) -> None:
        self.state = State.TEXT
        self._reader = FrameReader()
        self._events: deque[Event] = deque()
        self._sequence: int | None = None
        self._now = 0
        self._nonce: int | None = None

    def send(self, command: str, *numbers: int, tag: str = "") -> bytes:
        """The bytes of a command. Raises :class:`LocalProtocolError` if it may not be given now."""
        after = SENDING.get(command, {}).get(self.state)
        if after is None:
            raise LocalProtocolError(f"{command!r} may not be sent while {self.state.value}.")
        if any(not 0 <= number < _WRAP for number in numbers):
            raise LocalProtocolError(f"{command!r} takes whole numbers from 0 to 2^32 - 1, not {numbers}.")
        self.state = after
        if command == "bin":
            self._nonce = numbers[1] if len(numbers) > 1 else 0
            self._sequence = None
        words = [f"@{tag}"] if tag else []
        return " ".join([*words, command, *map(str, numbers)]).encode("ascii") + b"\n"

    def receive_data(self, data: bytes) -> None:
        """Take in what came over the line: any bytes, in any pieces."""
        for found in self._reader.receive(data):
            if isinstance(found, Damage):
                self._between(found)
            else:
                self._frame(found)
        self._look_for_text()

    def next_event(self) -> Event | NeedData:
        """The next event, or :data:`NEED_DATA`."""
        return self._events.popleft() if self._events else NEED_DATA

    def wire_time(self, time_us: int) -> int:
        """A time as the board counts it: modulo 2^32 us."""
        return time_us % _WRAP

    def _frame(self, body: bytes) -> None:
        kind, sequence, stamp = body[0], body[1], int.from_bytes(body[2:6], "little")
        if self.state not in RECEIVING.get(kind, ()):
            return  # left over from before we asked, such as samples behind a stop
        if kind == 1:
            self._sequence = None
        if self._sequence is not None and sequence != (self._sequence + 1) % 256:
            self._events.append(Lost((sequence - self._sequence - 1) % 256))
        self._sequence = sequence
        # the nearest time that reads so: the clock wraps, and edges may be a little older than samples before them
        time_us = self._now + (stamp - self._now + _WRAP // 2) % _WRAP - _WRAP // 2
        if kind == 1:
            time_us = stamp if self._now < _WRAP // 2 else time_us
        try:
            event: Event = _EVENTS[kind](time_us, body[6:])
        except (struct.error, ValueError, IndexError):
            event = Damage(body, "a frame of the wrong length")
        if isinstance(event, Hello):
            if self.state is State.GREETING and event.nonce != self._nonce:
                return  # an answer to somebody else
            if self.state is State.GREETING:
                self.state = State.READY
        self._now = max(self._now, time_us)
        self._events.append(event)

    def _between(self, damage: Damage) -> None:
        """Text between frames is no damage: the board's banner, or lines of text mode before HELLO."""
        if self.state in (State.TEXT, State.GREETING) or BANNER in damage.data:
            self._lines(damage.data)
        else:
            self._events.append(damage)

    def _look_for_text(self) -> None:
        rest = self._reader.rest
        if b"\n" in rest and (self.state is State.TEXT or BANNER in rest):
            self._reader.clear()
            self._lines(rest)

    def _lines(self, data: bytes) -> None:
        start = data.find(BANNER)
        if start >= 0:
            if start and self.state is not State.TEXT:
                self._events.append(Damage(data[:start], "cut off by a restart"))
                data = data[start:]
            self.state = State.TEXT
            self._sequence = None
            self._now = 0
            self._reader.clear()
        if self.state is State.TEXT:
            for line in data.decode("ascii", "replace").splitlines():
                if line.startswith(BANNER.decode()):
                    self._events.append(Restarted(line.strip()))
                elif line.strip():
                    self._events.append(Text(line.strip()))


def _hello(time_us: int, payload: bytes) -> Hello:
    major, minor, *fw, _, inputs, bits, outputs, calibrated, vcc, reference, skew, rate, nonce = _HELLO.unpack_from(payload)
    return Hello(
        time_us,
        (major, minor),
        (fw[0], fw[1], fw[2]),
        inputs,
        bits,
        outputs,
        bool(calibrated),
        vcc / 1000,
        reference / 1000,
        skew * 1e-9,
        rate,
        nonce,
        payload[_HELLO.size :].decode("ascii", "replace"),
    )


def _samples(time_us: int, payload: bytes) -> Samples:
    mask, sets = payload[0], payload[1]
    if mask >= len(_CHANNELS) or mask == 0:
        raise ValueError(mask)
    channels = _CHANNELS[mask]
    if len(payload) != 4 + 2 * sets * len(channels):
        raise ValueError(len(payload))
    words = np.frombuffer(payload, "<u2", offset=4).reshape(sets, len(channels))
    return Samples(time_us, payload[2] | payload[3] << 8, channels, words)


def _edge(time_us: int, payload: bytes) -> Edge:
    source, seen, counter = struct.unpack("<BBH", payload)
    return Edge(time_us, source & 0x7F, bool(source & 0x80), Seen(seen), counter)


def _status(time_us: int, payload: bytes) -> Status:
    lost, missed, edges, overflows, stimulus, vcc, channels = _STATUS.unpack(payload)
    return Status(time_us, lost, missed, edges, overflows, stimulus, vcc / 1000, channels)


def _reply(time_us: int, payload: bytes) -> Reply:
    first, _, rest = payload.decode("ascii", "replace").partition(" ")
    tag = ""
    if rest.startswith("@"):
        tag, _, rest = rest[1:].partition(" ")
    return Reply(first == "ok", tag, rest)


_EVENTS: dict[int, Callable[[int, bytes], Event]] = {1: _hello, 2: _samples, 3: _edge, 4: _status, 5: _reply}
