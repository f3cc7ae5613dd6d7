# SPDX-License-Identifier: GPL-3.0-or-later
"""Recording a connected board: from a session's events to a recording, through unplugs and resets."""

from collections.abc import Callable
from datetime import datetime

import numpy as np

from firmware_bridge.errors import BoardError
from firmware_bridge.protocol import Edge, Lost, Samples, Seen, Status
from firmware_bridge.readout import Readout
from firmware_bridge.recording import Recorder
from firmware_bridge.session import Gap, Session
from firmware_bridge.wiring import MOST, Wiring
from luisim import __version__
from luisim.trace import Array

RATE = 1000  # samples per second and channel: more would load the membrane through the ADC
FALL_HIGH, FALL_LOW = 600, 300  # mV: a membrane that falls from above to below within 5 ms has been reset
_CLOCK_EVERY = 5.0  # s


def fast_enough(rate: int, channels: int) -> int:
    """The baud rate that carries ``rate`` samples per second of ``channels`` channels, in bytes with their frames."""
    bytes_per_second = rate * channels * 2 * 1.2 + 300
    for baud in (115_200, 250_000, 500_000):
        if bytes_per_second < baud / 11:
            return baud
    raise BoardError(
        f"{channels} channels at {rate} Hz are more than the line carries; use fewer, or at most"
        f" {int((500_000 / 11 - 300) / 2.4 / channels)} Hz."
    )


def arm(session: Session, wiring: Wiring, rate: int) -> None:
    """Make the board sample ``wiring`` at ``rate`` (Hz) and stamp its spikes."""
    session.set_baud(fast_enough(rate, len(wiring.signals)))
    if wiring.boards == 1:
        session.ask("wire", 1)
    else:
        session.ask("fall", (1 << MOST) - 1, FALL_HIGH, FALL_LOW)
    session.ask("start", rate, wiring.mask)


def facts(session: Session, wiring: Wiring, rate: int, begun: datetime) -> dict[str, str | int | float | bool]:
    """What a recording says of its board and of how it was made."""
    return {
        "begun": begun.isoformat(timespec="milliseconds"),
        "luisim": __version__,
        "firmware": ".".join(map(str, session.hello.firmware)),
        "port": session.transport.name,
        "boards": ",".join(wiring.names),
        "outputs": ",".join(wiring.spikes.values()),
        "rate": rate,
        "vcc": session.hello.vcc,
        "calibrated": session.hello.calibrated,
    }


class Tape:
    """Writes what a session tells into a recording. Time 0 is the first sample."""

    def __init__(self, session: Session, recorder: Recorder, wiring: Wiring) -> None:
        self._session, self._recorder, self._wiring = session, recorder, wiring
        self._readout = Readout(session.hello.vcc or 5.0, session.hello.calibrated, bits=session.hello.bits)
        self._zero: int | None = None  # us of the board's clock at time 0, or now where it began after a gap
        self._begun = 0.0  # s of the transport's clock at the first sample
        self._offset = 0.0  # s: what lies before this start of the board's clock
        self._clock_told = 0.0
        self.time = 0.0
        self.samples = self.spikes = self.lost = self.gaps = 0

    def put(self, event: object) -> None:
        """Write one event. Raises :class:`BoardError` if the disk is full."""
        match event:
            case Samples():
                self._put_samples(event)
            case Edge() if self._zero is not None:
                self._put_edge(event)
            case Status() if event.vcc:
                self._readout = Readout(event.vcc, self._readout.calibrated, bits=self._readout.bits)
            case Lost():
                self.lost += event.frames
                self._recorder.event(self.time, "lost", frames=event.frames)
            case Gap():
                self._put_gap(event)

    def _put_samples(self, scan: Samples) -> None:
        if self._zero is None:
            self._zero = scan.time_us
            if not self.samples:
                self._begun = self._session.transport.now()
            else:
                self._offset = self._session.transport.now() - self._begun
        ticks = scan.time_us - self._zero + scan.period_us * np.arange(len(scan.words))
        times: Array = np.asarray(self._offset + ticks * 1e-6, dtype=np.float64)
        self._recorder.samples(times, self._readout.volts(scan.codes))
        self.time = float(times[-1])
        self.samples += len(times)
        if self.time - self._clock_told > _CLOCK_EVERY:
            self._clock_told = self.time
            clock = self._session.clock
            self._recorder.event(self.time, "clock", rate=clock.rate, uncertainty=clock.uncertainty)

    def _put_edge(self, edge: Edge) -> None:
        at = self._offset + (edge.time_us - (self._zero or 0)) * 1e-6
        if edge.seen is Seen.STIMULUS:
            self._recorder.event(at, "stimulus", output=edge.source - 7, on=int(edge.rises))
        elif edge.rises and edge.source in self._wiring.spikes:
            self.spikes += 1
            self._recorder.event(at, "spike", output=self._wiring.spikes[edge.source])

    def _put_gap(self, gap: Gap) -> None:
        self.gaps += 1
        until = gap.until - self._begun
        self._recorder.event(self.time, "gap", until=until, reason=gap.reason)
        self._zero = None  # the board's clock begins anew


def record(
    session: Session,
    recorder: Recorder,
    wiring: Wiring,
    seconds: float,
    *,
    progress: Callable[[float], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Tape:
    """Record until ``seconds`` of the transport's clock have passed, or ``cancelled`` says so. The board must be armed."""
    tape = Tape(session, recorder, wiring)
    begin = session.transport.now()
    while (passed := session.transport.now() - begin) < seconds and not (cancelled and cancelled()):
        for event in session.events(0.05):
            tape.put(event)
        if progress:
            progress(min(1.0, passed / seconds))
    if tape.samples < 2:
        raise BoardError(f"The board on {session.transport.name} sent no samples; unplug it, plug it in again, and repeat.")
    return tape
