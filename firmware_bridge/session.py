# SPDX-License-Identifier: GPL-3.0-or-later
"""Session: talking to one board over any transport: greeting, questions and answers, and coming back after an unplug."""

import itertools
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from firmware_bridge import protocol
from firmware_bridge.clock import DeviceClock
from firmware_bridge.errors import BoardError
from firmware_bridge.protocol import NEED_DATA, Connection, Event, Hello, Reply, Restarted, State

_POLL = 0.25  # s between greetings: a bootloader lets a byte pass every so often
_PATIENCE = 6.0  # s: the longest bootloader start and three greetings
_ANSWER = 1.5  # s
_BACK = 30.0  # s to wait for a board that was unplugged


class Transport(Protocol):
    """What carries bytes to and from a board, and tells the time they came at."""

    @property
    def name(self) -> str:
        """As a person knows it, such as /dev/ttyACM0."""
        ...

    def now(self) -> float:
        """Monotonic seconds."""
        ...

    def write(self, data: bytes) -> None:
        """Send. Raises :class:`~firmware_bridge.errors.BoardError` if the port is gone."""
        ...

    def read(self, timeout: float) -> bytes:
        """What has come in, after ``timeout`` s at the latest. Raises :class:`BoardError` if the port is gone."""
        ...

    def set_baud(self, baud: int) -> None:
        """Change the rate of this end."""
        ...

    def reopen(self) -> None:
        """Open again after the port was gone. Raises :class:`BoardError`, after a moment, while it is not back."""
        ...

    def close(self) -> None:
        """Give the port back."""
        ...


@dataclass(frozen=True)
class Gap:
    """Between ``since`` and ``until`` (s of the transport's clock) nothing was heard; ``reason`` is a sentence."""

    since: float
    until: float
    reason: str


class Session:
    """A greeted board. ``hello`` is who answered; ``clock`` its time. Raises :class:`BoardError` if nobody answers; then the
    port is given back.

    ``lost`` is told, before each try to get a lost board back, why it is gone, and says whether to try; by default for 30 s.
    """

    def __init__(self, transport: Transport, *, patience: float = _PATIENCE, lost: Callable[[str], bool] | None = None) -> None:
        self.transport = transport
        self._lost = lost
        self.connection = Connection()
        self.clock = DeviceClock()
        self.baud = protocol.BAUD
        self.heard = transport.now()
        self._settings: dict[str, tuple[int, ...]] = {}
        self._tag = 0
        self._random = random.Random(0x1C)  # nonces need to differ, not to be secret
        self._waiting: list[Event | Gap] = []
        try:
            self.hello = self._greet(patience)
        except BoardError:
            transport.close()
            raise

    def close(self) -> None:
        """Stop the board and give the port back."""
        try:
            if self.connection.state in (State.READY, State.SAMPLING):
                self.transport.write(self.connection.send("quiet") + self.connection.send("stop"))
                self.transport.write(self.connection.send("bin", 0))
        except BoardError:
            pass  # gone already
        self.transport.close()

    def stimulate(self, output: int, width: int, at: int | None = None) -> None:
        """One pulse of ``width`` us, now or ``at`` us of the board's clock. Raises :class:`BoardError` as :meth:`ask`."""
        when = () if at is None else (self.connection.wire_time(at),)
        self.ask("stim", output, width, 1, width + 1000, *when)  # a period is longer than its pulse

    def ask(self, command: str, *numbers: int) -> str:
        """Give a command and return the text of its answer. Raises :class:`BoardError` if it is refused or unanswered."""
        self._tag = self._tag % 9999 + 1
        tag = str(self._tag)
        self.transport.write(self.connection.send(command, *numbers, tag=tag))
        until = self.transport.now() + _ANSWER
        while self.transport.now() < until:
            for event in self._receive(0.05):
                if isinstance(event, Reply) and event.tag == tag:
                    if not event.ok:
                        raise BoardError(f"The board on {self.transport.name} refuses {command}: {event.text}.")
                    if command in ("start", "spk", "fall", "wire"):
                        self._settings[command] = numbers
                    elif command == "stop":
                        self._settings.pop("start", None)
                    return event.text
                self._waiting.append(event)
        raise BoardError(
            f"The board on {self.transport.name} does not answer {command}; unplug it, plug it in again, and repeat."
        )

    def set_baud(self, baud: int) -> None:
        """Change both ends to ``baud``; the board falls back by itself if this end cannot follow."""
        if baud == self.baud:
            return
        self.ask("baud", baud)
        self.transport.set_baud(baud)
        self.transport.read(0.02)
        self.baud = baud
        try:
            self.ask("stat")
        except BoardError:
            self._greet_at(protocol.BAUD)
            raise BoardError(f"{self.transport.name} cannot do {baud} baud; use 115200, with four channels at most.") from None

    def events(self, timeout: float) -> Iterator[Event | Gap]:
        """What has happened, waiting up to ``timeout`` s. After an unplug or a reset it brings the board back to where it
        was and yields a :class:`Gap`. Raises :class:`BoardError` if the board stays away for 30 s.
        """
        waiting, self._waiting = self._waiting, []
        try:
            for event in itertools.chain(waiting, self._receive(0.0 if waiting else timeout)):
                if isinstance(event, Restarted):
                    yield self.come_back("The board was reset.")
                    return
                yield event
        except BoardError as error:
            yield self.come_back(str(error))

    def _receive(self, timeout: float) -> Iterator[Event]:
        self.connection.receive_data(self.transport.read(timeout))
        while not isinstance(event := self.connection.next_event(), protocol.NeedData):
            self.heard = self.transport.now()
            if isinstance(event, protocol.Samples):
                last = event.time_us + event.period_us * (len(event.words) - 1)
                self.clock.arrived(last, self.heard)
            yield event

    def _greet(self, patience: float) -> Hello:
        until = self.transport.now() + patience
        heard = b""
        while self.transport.now() < until:
            nonce = self._random.randrange(1 << 32)
            self.transport.write(b"\n" + self.connection.send("bin", 1, nonce))
            again = min(until, self.transport.now() + _POLL)
            while (left := again - self.transport.now()) > 0:
                data = self.transport.read(min(left, 0.05))
                heard = (heard + data)[-200:]
                self.connection.receive_data(data)
                while (event := self.connection.next_event()) is not NEED_DATA:
                    if isinstance(event, Restarted):  # our greeting went to the bootloader
                        again = self.transport.now()
                    if isinstance(event, Hello):
                        return self._accept(event)
        raise BoardError(self._silence(heard))

    def _silence(self, heard: bytes) -> str:
        name = self.transport.name
        if not heard:
            return (
                f"Nothing answers on {name}: flash the bridge firmware (luisim flash --port {name}), or choose another port"
                " (luisim ports)."
            )
        if sum(32 <= byte < 127 or byte in b"\r\n\t" for byte in heard) < 0.8 * len(heard):
            return (
                f"What comes from {name} is not readable: it speaks at another baud rate, or it is no Lu.i bridge. Press its"
                f" reset button, or flash it (luisim flash --port {name})."
            )
        words = " ".join(heard.decode("ascii", "replace").split())[-40:]
        return f"On {name} another program answers ({words!r}); flash the bridge firmware (luisim flash --port {name})."

    def _accept(self, hello: Hello) -> Hello:
        if hello.version[0] != protocol.VERSION:
            raise BoardError(
                f"The firmware on {self.transport.name} speaks protocol {hello.version[0]}, this program {protocol.VERSION};"
                f" flash it anew: luisim flash --port {self.transport.name}"
            )
        self.heard = self.transport.now()
        return hello

    def _greet_at(self, baud: int) -> None:
        self.transport.set_baud(baud)
        self.baud = baud
        self.connection = Connection()
        self.hello = self._greet(_PATIENCE)

    def come_back(self, reason: str) -> Gap:
        """Open and greet again, give the settings again, and say for how long nothing was heard."""
        since, baud = self.heard, self.baud
        until = self.transport.now() + _BACK
        while self._lost(reason) if self._lost else self.transport.now() < until:
            try:
                self.transport.reopen()
                self._greet_at(protocol.BAUD)
                self.clock = DeviceClock()
                self.set_baud(baud)
                for command, numbers in sorted(self._settings.items(), key=lambda item: item[0] == "start"):
                    self.ask(command, *numbers)
                break
            except BoardError:
                continue
        else:
            raise BoardError(f"{reason} It did not come back within {_BACK:.0f} s; plug it in and begin again.")
        return Gap(since, self.transport.now(), reason)
