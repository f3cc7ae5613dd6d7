# SPDX-License-Identifier: GPL-3.0-or-later
"""LiveBoard: a connected board as a live run, through unplugs and replugs, and recorded on the way if somebody wants it.

A thread of its own listens to the port, so neither a busy screen nor a paused one loses a sample of a recording.
"""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np

from firmware_bridge.errors import BoardError
from firmware_bridge.protocol import Edge, Samples, Seen, Status
from firmware_bridge.readout import Readout
from firmware_bridge.record import RATE, Tape, arm, facts
from firmware_bridge.recording import Recorder, new_folder
from firmware_bridge.session import Gap, Session, Transport
from firmware_bridge.wiring import Wiring
from luisim.errors import LuisimError
from luisim.experiment import Pulses, Stimulus
from luisim.live import SIGNALS, Pulse, Reading
from luisim.lui.network import Lui
from luisim.lui.parameters import LuiBoard
from luisim.trace import Array

CONNECTING = "connecting to the board"
_SILENCE = 2.0  # s: its status alone comes every second
_AHEAD = 0.5  # s: pulses of an experiment are handed to the board so long before they are due
_BLINK = 0.02  # s without samples that are no gap
_LATE = 1.0  # s that a board may be ahead of a slower run before it is shown from its present on
_AGAIN = 0.3  # s between two tries to connect
_KEPT = 60_000  # samples that wait to be read, a minute: nobody looks at a board for longer without reading it

Action = Lui | Pulse


@runtime_checkable
class Turnable(Protocol):
    """A transport whose board has no hands but ours: a simulated one."""

    def turn(self, board: LuiBoard) -> None:
        """Turn its trimmers."""
        ...


class BoardTake:
    """A recording of a live board. ``time``: how much is recorded, in s; it goes on while the screen stands still."""

    def __init__(self, board: "LiveBoard", recorder: Recorder) -> None:
        self._board, self.recorder = board, recorder
        self.folder = recorder.folder
        self.tape: Tape | None = None
        self.failure: LuisimError | None = None

    @property
    def time(self) -> float:
        """How much is recorded, in s."""
        return self.tape.time if self.tape is not None else 0.0

    def keep(self) -> None:
        """The board's thread writes; here only what went wrong is raised, as a :class:`LuisimError`."""
        if self.failure is not None:
            raise self.failure

    def note(self, at: float, text: str) -> None:
        """Write down what a person remarks at ``at`` (s of the live run)."""
        self.recorder.event(max(0.0, self.time + at - self._board.now), "note", text=text)

    def close(self) -> None:
        """Everything to the disk."""
        self._board.stop_recording()


class LiveBoard:
    """The board behind ``connect``, shown as it is measured. Its time is that of its own clock; while it is away, the wall's.

    ``trouble``: why nothing comes at the moment, "" if all is well. ``done``: called when the port is free again.
    Trimmers of a real board are under somebody's hands; those of a simulated one are turned.
    """

    leads = True

    def __init__(
        self,
        connect: Callable[[], Transport],
        stimuli: tuple[Stimulus, ...] = (),
        *,
        done: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.trouble = CONNECTING
        self._connect, self._done, self._clock = connect, done, clock
        self._began = clock()
        self._lock = threading.Lock()
        self._closing = threading.Event()
        # what the thread has for us
        self._fresh: deque[Array] = deque(maxlen=_KEPT)
        self._applied: list[tuple[float, Action]] = []
        # what we have for the thread
        self._orders: deque[Pulse] = deque()
        self._turned: LuiBoard | None = None
        self._plan = deque(sorted((on, s.input, off - on) for s in stimuli if isinstance(s, Pulses) for on, off in s.intervals))
        self._take: BoardTake | None = None
        # what is shown
        self._waiting: Array = np.empty((0, 1 + len(SIGNALS)))
        self._shift = 0.0  # s of the board's run that were not shown: pauses
        self._still = False
        self.now = 0.0
        self._session: Session | None = None
        self._thread = threading.Thread(target=self._work, name="luisim-board", daemon=True)
        self._thread.start()

    # ------------------------------------------------------------------------------------------------------------ LiveRun

    def do(self, action: Action, at: float | None = None) -> None:
        """Send a pulse; turn the trimmers of a simulated board. Both act at once, whenever the other runs get them."""
        if isinstance(action, Pulse):
            self._orders.append(action)
            if at is None and self.trouble:  # nobody will say when it came
                self._tell(self.now, action)
            return
        if isinstance(action, LuiBoard):
            self._turned = action
        if at is None:
            self._tell(self.now, action)

    def read(self, until: float | None = None) -> Reading[Lui]:
        """What has come since, up to ``until`` s. While the board is away, a line of NaN that says so."""
        with self._lock:
            fresh, applied = [*self._fresh], tuple(self._applied)
            self._fresh.clear()
            self._applied.clear()
        if self._still:
            return Reading(np.empty((0, 1 + len(SIGNALS))), applied)
        rows = np.vstack([self._waiting, *fresh])
        ahead = rows[-1, 0] - self._shift - until if until is not None and len(rows) else 0.0
        if ahead > _LATE:
            self._shift += ahead
        shown = rows[:, 0] - self._shift
        due = shown <= (np.inf if until is None else until)
        self._waiting = rows[~due]
        values = rows[due & (shown > self.now)]
        values[:, 0] -= self._shift
        if len(values):
            self.now = float(values[-1, 0])
        elif self.trouble:
            present = self._wall - self._shift if until is None else until
            if present > self.now + _BLINK:
                values, self.now = np.array([[present] + [np.nan] * len(SIGNALS)]), present
        return Reading(values, tuple((max(0.0, when - self._shift), action) for when, action in applied))

    def pause(self, still: bool) -> None:
        """Show nothing, or go on with the present. The board and its recording go on meanwhile."""
        if self._still and not still:
            self.read()
            self._waiting = self._waiting[:0]
            self._shift = self._wall - self.now
        self._still = still

    def close(self) -> None:
        """Stop listening, and give the port back."""
        self._closing.set()
        self._thread.join(timeout=2.0)
        self.stop_recording()

    # ------------------------------------------------------------------------------------------------------------ recording

    def record(self, folder: Path | None = None) -> BoardTake:
        """Record from now on, whatever is shown. Raises :class:`BoardError` if the board is away, or the folder not made."""
        session = self._session
        if session is None or self.trouble:
            raise BoardError(f"There is nothing to record: {self.trouble or CONNECTING}.")
        now, wiring = datetime.now().astimezone(), Wiring()
        take = BoardTake(self, Recorder(folder or new_folder(now), list(wiring.signals), facts(session, wiring, RATE, now)))
        with self._lock:
            self._take = take
        return take

    def stop_recording(self) -> None:
        """Everything that is recorded to the disk."""
        with self._lock:
            take, self._take = self._take, None
            if take is not None:
                take.recorder.close()

    def _keep(self, session: Session, event: object) -> None:
        """Write an event, if somebody records; a full disk ends the recording, not the run."""
        with self._lock:
            take = self._take
            if take is None:
                return
            try:
                take.tape = take.tape or Tape(session, take.recorder, Wiring())
                take.tape.put(event)
            except LuisimError as error:
                take.failure, self._take = error, None

    # ------------------------------------------------------------------------------------------------------------ its thread

    @property
    def _wall(self) -> float:
        return self._clock() - self._began

    def _work(self) -> None:
        try:
            while not self._closing.is_set():
                try:
                    session = Session(self._connect(), lost=self._is_lost)
                    self._session = session
                    try:
                        arm(session, Wiring(), RATE)
                        self._listen(session)
                    finally:
                        session.close()
                except LuisimError as error:
                    self.trouble = str(error)
                    self._closing.wait(_AGAIN)
        finally:
            self._done()

    def _is_lost(self, reason: str) -> bool:
        """Told by the session while its board is away; whether to go on looking for it."""
        self.trouble = reason
        return not self._closing.is_set()

    def _listen(self, session: Session) -> None:
        """Until the end. Raises :class:`BoardError` if that comes while the board is away."""
        readout = Readout(session.hello.vcc or 5.0, session.hello.calibrated, bits=session.hello.bits)
        last: tuple[int, float] | None = None  # the newest sample: us of the board's clock, and s of this run
        begun: dict[int, deque[Pulse]] = {}
        while not self._closing.is_set():
            with contextlib.suppress(BoardError):  # the next look at the port says why
                self._send(session, begun, last)
            for event in session.events(0.02):
                self._keep(session, event)
                match event:
                    case Samples():
                        last = self._take_in(event, readout, last, session.clock.rate)
                        self.trouble = ""
                    case Status() if event.vcc:
                        readout = Readout(event.vcc, readout.calibrated, bits=readout.bits)
                    case Edge(seen=Seen.STIMULUS) if event.rises and last is not None and begun.get(event.source - 7):
                        self._tell(_at(event.time_us, last, session.clock.rate), begun[event.source - 7].popleft())
                    case Gap():
                        last = None
                        begun.clear()
            if session.transport.now() - session.heard > _SILENCE:
                self._keep(session, session.come_back(f"The board on {session.transport.name} fell silent."))
                last = None
                begun.clear()

    def _take_in(self, scan: Samples, readout: Readout, last: tuple[int, float] | None, rate: float) -> tuple[int, float]:
        """Keep the samples of a frame, and when the last of them was."""
        ticks = scan.time_us + scan.period_us * np.arange(len(scan.words), dtype=np.float64)
        if last is None:
            last = int(ticks[-1]), self._wall
        rows = np.full((len(ticks), 1 + len(SIGNALS)), np.nan)
        rows[:, 0] = last[1] + (ticks - last[0]) * 1e-6 * rate
        rows[:, [1 + SIGNALS.index(name) for name in Wiring().signals]] = readout.volts(scan.codes)
        with self._lock:
            self._fresh.append(rows)
        return int(ticks[-1]), float(rows[-1, 0])

    def _send(self, session: Session, begun: dict[int, deque[Pulse]], last: tuple[int, float] | None) -> None:
        """Hand over what waits: trimmers, pulses of now, and those of the experiment that will soon be due."""
        turned, self._turned = self._turned, None
        if turned is not None and isinstance(session.transport, Turnable):
            session.transport.turn(turned)
        while self._orders:
            pulse = self._orders.popleft()
            begun.setdefault(pulse.input, deque()).append(pulse)
            session.stimulate(pulse.input, round(pulse.width * 1e6))
        while last is not None and self._plan and self._plan[0][0] + self._shift < last[1] + _AHEAD:
            on, connector, length = self._plan.popleft()
            if on + self._shift > last[1]:  # what was missed while it connected is not made up for
                at = last[0] + round((on + self._shift - last[1]) * 1e6 / session.clock.rate)
                session.stimulate(connector, round(length * 1e6), at)

    def _tell(self, at: float, action: Action) -> None:
        with self._lock:
            self._applied.append((at + 0.0, action))


def _at(time_us: int, last: tuple[int, float], rate: float) -> float:
    """s of the run at ``time_us`` of the board's clock."""
    return last[1] + (time_us - last[0]) * 1e-6 * rate
