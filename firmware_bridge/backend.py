# SPDX-License-Identifier: GPL-3.0-or-later
"""MeasuredLui: a connected board as a back end. Here protocol and Trace meet."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from firmware_bridge.errors import BoardError
from firmware_bridge.live import LiveBoard
from firmware_bridge.protocol import Edge, Lost, Samples, Status
from firmware_bridge.readout import Readout
from firmware_bridge.record import RATE, arm
from firmware_bridge.session import Gap, Session, Transport
from firmware_bridge.wiring import MOST, STIMULUS_PINS, Wiring
from luisim import measure
from luisim.errors import SimulationCancelled, UnsupportedExperiment
from luisim.experiment import Current, Experiment, Pulses, Stimulus
from luisim.lui.network import Lui, LuiNetwork
from luisim.lui.parameters import LuiBoard, LuiParameters
from luisim.quantity import format_si
from luisim.trace import Array, Trace

_LEAD = 0.2  # s between the first sample asked for and time 0 of the experiment
_SILENCE = 3.0  # s
_AHEAD = 0.5  # s: pulses are handed to the board so long before they are due
_PLACES = 6  # of the board's eight for pulse trains
_LEAST_AMPLITUDE, _LEAST_WIDTH = 1.8, 50e-6  # V, s
_TRIMMERS = ("RV1", "RV2", "RV3")


@dataclass
class Record:
    """What came from a board, on the board's clock: ``scans`` and ``edges`` in order of arrival, and what went wrong."""

    scans: list[Samples] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    lost: int = 0
    vcc: float = 0.0

    def add(self, event: object) -> None:
        """Take in an event of a session."""
        match event:
            case Samples():
                self.scans.append(event)
            case Edge():
                self.edges.append(event)
            case Gap():
                self.gaps.append(event)
            case Lost():
                self.lost += event.frames
            case Status() if event.vcc:
                self.vcc = event.vcc


def boards_of(experiment: Experiment[Lui]) -> tuple[LuiBoard, ...]:
    """The boards of an experiment. Raises :class:`~luisim.errors.UnsupportedExperiment` for anything but Lu.i."""
    match experiment.device:
        case LuiBoard():
            return (experiment.device,)
        case LuiNetwork():
            return experiment.device.boards
    raise UnsupportedExperiment(f"{experiment.name} is not about Lu.i boards, and an Arduino measures only those.")


def wiring_of(device: Lui) -> Wiring:
    """How the boards of a device hang on the Arduino. Raises :class:`BoardError` for more than six."""
    return Wiring(device.names) if isinstance(device, LuiNetwork) else Wiring()


def to_trace(record: Record, wiring: Wiring, readout: Readout, start_us: int, rate: float, skew: float, origin: str) -> Trace:
    """The record as a trace whose time 0 is ``start_us`` of the board's clock.

    ``rate``: true seconds in one of the board's. ``skew``: s between two channels of a scan; every signal is interpolated to
    the time of the first. Raises :class:`BoardError` if there are fewer than two samples.
    """
    if sum(len(scan.words) for scan in record.scans) < 2:
        raise BoardError("The board sent no samples; repeat, and look with luisim ports whether it is still there.")
    ticks = [scan.time_us + scan.period_us * np.arange(len(scan.words), dtype=np.float64) for scan in record.scans]
    time = (np.concatenate(ticks) - start_us) * 1e-6 * rate
    volts = readout.volts(np.concatenate([scan.codes for scan in record.scans]))
    column = {channel: index for index, channel in enumerate(record.scans[0].channels)}
    signals: dict[str, Array] = {}
    for name, channel in wiring.signals.items():
        index = column[channel]
        signals[name] = np.interp(time, time + index * skew * rate, volts[:, index])
    spikes: dict[str, Array] = {}
    for source, name in wiring.spikes.items():
        stamps = [edge.time_us for edge in record.edges if edge.source == source and edge.rises]
        spikes[name] = np.sort((np.array(stamps, dtype=np.float64) - start_us) * 1e-6 * rate)
    return Trace(time, signals, spikes, origin)


class MeasuredLui:
    """A Lu.i on an Arduino. ``connect`` opens the way to it, for each run anew, so that it may be replugged in between;
    it is told how the board is set because a simulated one must be set up so.

    Wiring of one board: membrane on A0, spike output on A1 and D7, inputs 1 to 3 on D2 to D4; of a network see
    :class:`~firmware_bridge.wiring.Wiring`. Time 0 of a run is just some moment of a
    board that runs all the time. ``connect_live``: the way to it for a live run, by default the same.
    """

    def __init__(
        self,
        connect: Callable[[Experiment[Lui]], Transport],
        name: str = "board",
        connect_live: Callable[[Experiment[Lui]], Transport] | None = None,
    ) -> None:
        self.name = name
        self._connect = connect
        self._connect_live = connect_live or connect
        self._port = threading.Lock()  # a single run and a live one cannot have it at the same time
        self._wanted = threading.Event()  # set: for something better than the single run that is on

    def unsupported(self, experiment: Experiment[Lui]) -> str | None:
        """What an Arduino cannot do to a board: inject a current, or pulses below the input's threshold."""
        device = experiment.device
        if not isinstance(device, LuiBoard | LuiNetwork):
            return "an Arduino measures Lu.i boards only"
        if isinstance(device, LuiNetwork) and not 2 <= len(device.boards) <= MOST:
            return f"an Arduino measures one board ([board] alone) or a network of 2 to {MOST}"
        for stimulus in experiment.stimuli:
            if isinstance(stimulus, Current):
                return "an Arduino cannot inject a current into the membrane; use pulses into an input"
            if not isinstance(stimulus, Pulses):
                return "an Arduino can only send pulses into inputs"
            if stimulus.amplitude < _LEAST_AMPLITUDE:
                return f"its pulses have 5 V, so an amplitude of {format_si(stimulus.amplitude, 'V')} is not possible"
            if stimulus.width < _LEAST_WIDTH:
                return f"its shortest pulse has 50 us, not {format_si(stimulus.width, 's')}"
            if isinstance(device, LuiNetwork) and stimulus.input != 1:
                return f"of several boards only input 1 has a wire to the Arduino, not input {stimulus.input}"
        return None

    def by_hand(self, experiment: Experiment[Lui]) -> tuple[str, ...]:
        """The supply, trimmers and switches, and the wires, which no program can set."""
        device = experiment.device
        if not isinstance(device, LuiNetwork):
            (board,) = boards_of(experiment)
            pins = {n: STIMULUS_PINS[n - 1] for n in sorted({s.input for s in experiment.stimuli if isinstance(s, Pulses)})}
            return tuple(_settings(board.parameters, pins, set(pins)))
        wired = {(wire.target, wire.input) for wire in device.wires}
        sentences = []
        for index, (name, board) in enumerate(zip(device.names, device.boards, strict=True)):
            pulsed = any(isinstance(s, Pulses) and s.board == name for s in experiment.stimuli)
            pins = {1: STIMULUS_PINS[index]} if pulsed else {}
            used = {*pins, *(connector for target, connector in wired if target == name)}
            sentences.append(f"{name}: its membrane pad on A{index}")
            sentences += [f"{name}: {sentence}" for sentence in _settings(board.parameters, pins, used)]
        sentences += [f"a jumper wire from the output of {w.source} to input {w.input} of {w.target}" for w in device.wires]
        return tuple(sentences)

    def run(
        self,
        experiment: Experiment[Lui],
        *,
        seed: int = 0,
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Trace:
        """Measure: ``v_mem`` and ``v_out`` in V at 1 kHz, spikes of ``out`` in s from the comparator, true seconds; of a
        network ``a.v_mem`` and the spikes of ``a``, read off the membranes.

        If the spike wire is missing, the spikes are read off the membrane. A real board is not repeatable; ``seed`` changes
        nothing. Raises :class:`BoardError`.
        """
        reason = self.unsupported(experiment)
        if reason is not None:
            raise UnsupportedExperiment(f"{self.name} cannot run {experiment.name}: {reason}.")
        wiring = wiring_of(experiment.device)
        with self._port:
            session = Session(self._connect(experiment))
            try:
                arm(session, wiring, RATE)
                record = Record(vcc=session.hello.vcc)
                start = self._first_sample(session, record) + round(_LEAD * 1e6)
                self._measure(session, record, experiment, wiring, start, progress, cancelled)
            finally:
                session.close()
        _check_whole(record)
        readout = Readout(record.vcc or 5.0, session.hello.calibrated, bits=session.hello.bits)
        skew = session.hello.scan_skew
        trace = _cut(to_trace(record, wiring, readout, start, session.clock.rate, skew, self.name), experiment.duration)
        if wiring.boards == 1 and trace.spikes["out"].size:
            return trace
        # the firmware stamps a fall when it is over; the membrane itself tells when it began
        membranes = {name: f"{name}.v_mem" for name in wiring.names} if wiring.boards > 1 else {"out": "v_mem"}
        spikes = {name: measure.find_spikes(trace.time, trace.signals[signal]) for name, signal in membranes.items()}
        return Trace(trace.time, trace.signals, spikes, self.name)

    def live(self, experiment: Experiment[Lui]) -> LiveBoard:
        """The board as it runs on. Raises :class:`~luisim.errors.UnsupportedExperiment` for a network, or what it cannot do."""
        if not isinstance(experiment.device, LuiBoard):
            raise UnsupportedExperiment("Live runs one board; choose an experiment with a single board (e).")
        reason = self.unsupported(experiment)
        if reason is not None:
            raise UnsupportedExperiment(f"{self.name} cannot run {experiment.name}: {reason}.")
        self._wanted.set()
        held = threading.Event()

        def connect() -> Transport:
            if not held.is_set():
                self._port.acquire()
                self._wanted.clear()
                held.set()
            return self._connect_live(experiment)

        def done() -> None:
            if held.is_set():
                self._port.release()

        return LiveBoard(connect, experiment.stimuli, done=done)

    def close(self) -> None:
        """Give up the run that is on."""
        self._wanted.set()

    def _first_sample(self, session: Session, record: Record) -> int:
        until = session.transport.now() + 3.0
        while session.transport.now() < until:
            for event in session.events(0.05):
                record.add(event)
            if record.scans:
                return record.scans[0].time_us
        raise BoardError(f"The board on {session.transport.name} sends no samples; unplug it, plug it in again, and repeat.")

    def _measure(
        self,
        session: Session,
        record: Record,
        experiment: Experiment[Lui],
        wiring: Wiring,
        start: int,
        progress: Callable[[float], None] | None,
        cancelled: Callable[[], bool] | None,
    ) -> None:
        pulses = deque(pulse_plan(experiment.stimuli, wiring, start))
        running: list[int] = []  # when each train that the board holds ends, us
        end = start + round((experiment.duration + 0.05) * 1e6)
        now = start
        while now < end and not record.gaps:
            while pulses and len(running) < _PLACES and pulses[0][0] < now + round(_AHEAD * 1e6):
                at, output, width = pulses.popleft()
                session.stimulate(output, width, at)
                running.append(at + width)
            for event in session.events(0.05):
                record.add(event)
            _check_heard(session)
            last = record.scans[-1]
            now = last.time_us + last.period_us * len(last.words)
            running = [when for when in running if when > now]
            if progress:
                progress(min(1.0, max(0.0, (now - start) / (end - start))))
            if self._wanted.is_set() or (cancelled and cancelled()):
                raise SimulationCancelled("The measurement was stopped.")


def measure_boards(transport: Transport, wiring: Wiring, duration: float, *, name: str = "board") -> Trace:
    """Up to six boards on one Arduino, listened to for ``duration`` s: signals such as ``a.v_mem`` in V at 1 kHz, spikes of
    each by its name (see :class:`~firmware_bridge.wiring.Wiring`). Raises :class:`BoardError`.
    """
    session = Session(transport)
    try:
        arm(session, wiring, RATE)
        record = Record(vcc=session.hello.vcc)
        while not record.scans or record.scans[-1].time_us - record.scans[0].time_us < duration * 1e6:
            _check_heard(session)
            for event in session.events(0.05):
                record.add(event)
    finally:
        session.close()
    _check_whole(record)
    start, hello = record.scans[0].time_us, session.hello
    readout = Readout(record.vcc or 5.0, hello.calibrated, bits=hello.bits)
    return _cut(to_trace(record, wiring, readout, start, session.clock.rate, hello.scan_skew, name), duration)


def _check_heard(session: Session) -> None:
    if session.transport.now() - session.heard > _SILENCE:
        raise BoardError(f"The board on {session.transport.name} fell silent; unplug it, plug it in again, and repeat.")


def _check_whole(record: Record) -> None:
    if record.gaps:
        raise BoardError(f"{record.gaps[0].reason} The measurement has a gap; repeat it.")
    if record.lost:
        raise BoardError(f"{record.lost} frames were lost on the way; use another cable or port, and repeat.")


def pulse_plan(stimuli: Iterable[Stimulus], wiring: Wiring, start_us: int) -> list[tuple[int, int, int]]:
    """(time in us of the board's clock, stimulus output, width in us) of every pulse, in order of time."""
    plan = []
    for stimulus in stimuli:
        if isinstance(stimulus, Pulses):
            board = wiring.names.index(stimulus.board) if stimulus.board else 0
            output = wiring.output_for(board, stimulus.input)
            if output is None:
                raise BoardError(f"Input {stimulus.input} has no wire to the Arduino; use input 1, 2 or 3.")
            plan += [(start_us + round(on * 1e6), output, round((off - on) * 1e6)) for on, off in stimulus.intervals]
    return sorted(plan)


def _settings(board: LuiParameters, pins: Mapping[int, str], used: set[int]) -> list[str]:
    """What to set on one board. ``pins``: input -> pin of the Arduino; ``used``: inputs that something is wired to."""
    turns = board.positions
    sentences = [
        f"supply {format_si(board.vdd, 'V')} (a fresh coin cell has about 3 V)",
        f"leak potential RV5: turn until the membrane rests at {format_si(board.v_leak * board.vdd, 'V')}"
        f" ({turns.v_leak:.0%} of its way)",
        f"membrane time constant RV6: {turns.tau_mem:.0%} of its way ({format_si(board.r_leak, 'Ohm')})",
    ]
    if used:
        sentences.append(f"synaptic time constant RV4: {turns.tau_syn:.0%} of its way ({format_si(board.r_syn, 'Ohm')})")
    for number in sorted(used):
        sign = "excitatory (+)" if board.sign[number - 1] > 0 else "inhibitory (-)"
        wire = f"wire it to {pins[number]}, " if number in pins else ""
        sentences.append(
            f"input {number}: {wire}switch it to {sign}, weight {_TRIMMERS[number - 1]} at {turns.weight[number - 1]:.0%}"
        )
    return sentences


def _cut(trace: Trace, duration: float) -> Trace:
    """From time 0 to ``duration`` (s)."""
    inside = (trace.time >= 0.0) & (trace.time <= duration)
    spikes = {name: times[(times >= 0.0) & (times <= duration)] for name, times in trace.spikes.items()}
    return Trace(trace.time[inside], {name: v[inside] for name, v in trace.signals.items()}, spikes, trace.origin)
