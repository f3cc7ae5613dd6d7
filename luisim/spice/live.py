# SPDX-License-Identifier: GPL-3.0-or-later
"""Live: a circuit that runs on and on in a worker of its own while its parts are turned, at the pace of the clock on the wall.

ngspice runs in the background of the worker. To alter a part the worker halts it, alters, and lets it go on, which takes
some hundredths of a second. Nothing of the past is kept in ngspice (``.save none``); what was solved is sent at once.
"""

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from luisim.errors import SimulationError
from luisim.spice.netlists import check_deck, stop_time
from luisim.spice.ngspice import Worker, prepared
from luisim.spice.worker import Failure, Simulator, connect
from luisim.trace import Array

_BURST = 0.01  # s of the wall clock; the solver works this far ahead, sends, and sleeps
_LAG = 0.2  # s; a solver that is later than this does not try to catch up
_HALT = 2.0  # s
_LEAST_INTERVAL = 0.3e-3  # s between two samples that are sent
_JUMP = 0.3  # V from one point to the next
_KEPT = 1000  # messages of about _BURST that wait to be read; older ones are dropped
_EDGE = 10e-6  # s, of a pulse


@dataclass(frozen=True)
class Samples:
    """``values``: (n, 1 + signals), the time in s first. ``applied``: (ticket, time in s) of what was altered since."""

    values: Array
    applied: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class _Start:
    deck: str
    save: tuple[str, ...]
    speed: float


@dataclass(frozen=True)
class _Alter:
    """``values``: device -> value. ``pulses``: (source, level, width)."""

    ticket: int
    values: tuple[tuple[str, float], ...] = ()
    pulses: tuple[tuple[str, float, float], ...] = ()


@dataclass(frozen=True)
class _Pace:
    """``speed``: simulated seconds in one second; 0: stand still."""

    speed: float


@dataclass(frozen=True)
class _Applied:
    ticket: int
    time: float


class _Waiting:
    """What the worker has sent and nobody has read: never more than the last seconds of it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._chunks: deque[Array] = deque(maxlen=_KEPT)
        self._others: deque[Any] = deque(maxlen=_KEPT)

    def put(self, item: Any, /) -> None:
        """Called in the thread that listens to the worker."""
        with self._lock:
            (self._chunks if isinstance(item, np.ndarray) else self._others).append(item)

    def take(self) -> tuple[list[Array], list[Any]]:
        """Samples, and everything else."""
        with self._lock:
            found = list(self._chunks), list(self._others)
            self._chunks.clear()
            self._others.clear()
            return found


class Live:
    """One deck with one ``.tran``, running from now on; ``speed``: simulated seconds in one second, as far as they can be kept.

    ``save``: nodes, whose voltages :meth:`read` hands over in this order. Nothing here waits for the worker. Raises
    :class:`ParameterError` for a deck that has commands; what ngspice refuses is raised by :meth:`read`.
    """

    def __init__(self, deck: str, save: Sequence[str], *, speed: float = 1.0) -> None:
        text = prepared(deck, ("none",))
        check_deck(text)
        stop_time(text)
        self._columns = 1 + len(save)
        self._speed = speed
        self._ticket = 0
        self._waiting = _Waiting()
        try:
            self._worker = Worker(None, _serve, self._waiting)
        except OSError as error:
            raise SimulationError(f"The process for ngspice cannot be started: {error}.") from None
        self._worker.send(_Start(text, tuple(save), speed))

    def __enter__(self) -> "Live":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def alter(self, values: Mapping[str, float]) -> int:
        """Give devices (``"r.x1.r2"``: R2 inside X1) other values in SI units. The ticket comes back in what is read."""
        return self._alter(values=tuple(values.items()))

    def pulse(self, source: str, level: float, width: float) -> int:
        """One pulse, beginning now, of a voltage source that the deck has as ``pulse(...)``; ``level`` in V, ``width`` in s."""
        return self._alter(pulses=((source, level, width),))

    def _alter(self, **changes: Any) -> int:
        self._ticket += 1
        self._worker.send(_Alter(self._ticket, **changes))
        return self._ticket

    def throttle(self, speed: float) -> None:
        """Run at another speed (simulated seconds in one second)."""
        self._speed = speed
        self._worker.send(_Pace(speed))

    def pause(self) -> None:
        """Stand still; what is altered meanwhile counts from here on."""
        self._worker.send(_Pace(0.0))

    def resume(self) -> None:
        """Go on."""
        self._worker.send(_Pace(self._speed))

    def read(self) -> Samples:
        """What was solved since the last call, at most some seconds of it. Raises :class:`SimulationError` once it is over."""
        chunks, others = self._waiting.take()
        for message in others:
            if isinstance(message, Failure):
                raise message.error
            if message is None:
                raise SimulationError(
                    f"ngspice {self._worker.epitaph()} while the circuit was live; start it again.", self._worker.output()
                )
        values = np.concatenate([np.empty((0, self._columns)), *chunks])
        return Samples(values, tuple((m.ticket, m.time) for m in others if isinstance(m, _Applied)))

    def close(self) -> None:
        """End the run and its worker."""
        self._worker.kill()


# ---------------------------------------------------------------------------------------------------------------- the worker


def _serve() -> None:
    """The life of the worker."""
    send, requests = connect()
    candidates, _ = requests.get()
    try:
        _Engine(candidates, send, requests).run()
    except SimulationError as error:
        send(Failure(error, sound=False))


class _Engine:
    """ngspice in the background, halted whenever something is altered."""

    def __init__(self, candidates: Sequence[str], send: Callable[[object], None], requests: Any) -> None:
        self._send, self._requests = send, requests
        self._simulator = Simulator(candidates, send, self._point)
        self._moving = threading.Event()  # there was a point since it was let go
        self._hurry = threading.Event()  # it is to be halted: do not sleep
        self._columns: list[int] | None = None
        self._rows: list[list[float]] = []
        self._now = -1.0
        self._speed = 1.0
        self._origin = (0.0, 0.0)  # wall clock and simulated time that belong together
        self._sent = -1.0  # time of the last point in _rows, s
        self._last: list[float] = []  # the point before
        self._failure = ""

    def run(self) -> None:
        """Until the caller closes the pipe."""
        start = self._requests.get()
        self._names = ["time", *(name.lower() for name in start.save)]
        self._speed = start.speed
        try:
            self._simulator.load(start.deck)
        except NameError:
            raise SimulationError(f"ngspice refuses the deck: {self._simulator.reason}.") from None
        self._go("bg_run")
        while True:
            try:
                request = self._requests.get(timeout=0.2 if self._speed else None)
            except queue.Empty:  # look whether it still runs
                self._check()
                continue
            if self._speed:
                self._halt()
            self._take(request)
            while not self._requests.empty():  # a knob that is turned on and on
                self._take(self._requests.get())
            if self._speed:
                self._go("bg_resume")

    def _take(self, request: _Alter | _Pace) -> None:
        if isinstance(request, _Pace):
            self._speed = request.speed
            return
        for name, value in request.values:
            self._simulator.command(f"alter {name} = {value:.9g}")
        for source, level, width in request.pulses:
            edges = f"{self._now!r} {_EDGE} {_EDGE} {width - _EDGE!r} 1e9"
            self._simulator.command(f"alter @{source}[pulse] = [ 0 {level:.9g} {edges} ]")
            for after in (_EDGE, width, width + _EDGE):
                self._simulator.break_at(self._now + after)
        if self._simulator.complaint:
            raise SimulationError(f"ngspice refuses what was altered: {self._simulator.complaint}.")
        self._send(_Applied(request.ticket, self._now))

    def _go(self, command: str) -> None:
        self._origin = (time.monotonic(), max(self._now, 0.0))
        self._hurry.clear()
        self._moving.clear()
        self._simulator.stopped.clear()
        self._simulator.command(command)
        # ngspice cannot halt a thread that has not begun yet
        while not (self._moving.wait(_BURST) or self._simulator.stopped.is_set()):
            pass

    def _halt(self) -> None:
        self._check()
        self._hurry.set()
        self._simulator.command("bg_halt")
        if not self._simulator.stopped.wait(_HALT):
            raise SimulationError("ngspice could not be halted; start the live circuit again.")
        self._flush()

    def _check(self) -> None:
        if self._failure:
            raise SimulationError(self._failure)
        if self._simulator.stopped.is_set():
            raise SimulationError(f"ngspice stopped at t = {self._now:.4g} s: {self._simulator.reason}.")

    def _flush(self) -> None:
        if self._rows:
            self._send(np.array(self._rows))
            self._rows = []

    def _point(self, data: Any) -> None:
        """The solver has accepted a point; called in its thread."""
        self._moving.set()
        try:
            if self._columns is None:
                self._find(data)
            assert self._columns is not None
            moment = data.vecsa[self._columns[0]].creal
            self._now = moment
            self._keep([data.vecsa[column].creal for column in self._columns])
            if not self._hurry.is_set():
                self._keep_pace(moment)
        except Exception as error:  # an exception in a callback would only be printed
            self._failure = self._failure or str(error)

    def _keep(self, row: list[float]) -> None:
        """Send one point in a while, and both sides of every edge: else its time would not be known, and flutter seem slow."""
        jumped = any(abs(value - last) > _JUMP for value, last in zip(row[1:], self._last[1:], strict=True))
        if jumped and self._last[0] > self._sent:
            self._rows.append(self._last)
        if row[0] > self._last[0] and (jumped or row[0] - self._sent >= _LEAST_INTERVAL):
            self._rows.append(row)
            self._sent = row[0]
        self._last = row

    def _find(self, data: Any) -> None:
        names = self._simulator.names(data)
        missing = [name for name in self._names if name not in names]
        if missing:
            raise SimulationError(f"The deck has no node named {', '.join(missing)}.")
        self._columns = [names.index(name) for name in self._names]
        self._last = [-1.0, *(data.vecsa[column].creal for column in self._columns[1:])]

    def _keep_pace(self, moment: float) -> None:
        wall, start = self._origin
        ahead = wall + (moment - start) / self._speed - time.monotonic()
        if ahead > _BURST:
            self._flush()
            self._hurry.wait(ahead)
        elif ahead < -_LAG:
            self._origin = (time.monotonic(), moment)
        if len(self._rows) >= 64:
            self._flush()
