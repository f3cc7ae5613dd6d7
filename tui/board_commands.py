# SPDX-License-Identifier: GPL-3.0-or-later
"""The subcommands that deal with a connected board: ports, record, replay, export, simulate-board, flash, calibrate."""

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import numpy as np
from cyclopts import App, Parameter

from firmware_bridge import flash as flashing
from firmware_bridge import link
from firmware_bridge.backend import boards_of
from firmware_bridge.connect import virtual_board, wires_of
from firmware_bridge.errors import BoardError
from firmware_bridge.export import export_csv, export_nwb, to_neo
from firmware_bridge.protocol import Samples
from firmware_bridge.readout import reference_for
from firmware_bridge.record import arm, facts
from firmware_bridge.record import record as record_session
from firmware_bridge.recording import Recorder, new_folder, read_recording, recordings_folder, single_boards
from firmware_bridge.session import Session
from firmware_bridge.wiring import Wiring
from luisim.errors import ParameterError
from luisim.experiment import Experiment
from luisim.lui.parameters import LuiBoard
from tui import backends

Port = Annotated[
    str, Parameter(name="--port", help="Such as /dev/ttyACM0, COM3 or socket://host:port; by default the Arduino.")
]
Boards = Annotated[int, Parameter(name="--boards", help="How many Lu.i boards hang on the Arduino, 1 to 6.")]


def register(app: App) -> None:
    """Add the subcommands to the command line."""
    for function in (ports, record, replay, export, flash, calibrate):
        app.command(function)
    app.command(simulate_board, name="simulate-board")


def ports() -> int:
    """List the serial ports, and which of them look like an Arduino."""
    found = link.ports()
    for port in found:
        print(f"{port.device:24} {port.likely or '-':8} {port.description}")
    if not found:
        _say("No serial port was found: plug the Arduino in, or try luisim simulate-board.")
    return 0


def record(
    *,
    port: Port = "",
    boards: Boards = 1,
    seconds: Annotated[float, Parameter(name="--seconds", help="How long; Ctrl-C ends it earlier.")] = 3600.0,
    rate: Annotated[int, Parameter(name="--rate", help="Samples per second, 32 to 6000.")] = 1000,
    to: Annotated[Path | None, Parameter(name="--to", help="New folder; by default one in your documents.")] = None,
) -> int:
    """Record a connected board into a folder among your documents."""
    wiring = Wiring.of(boards)
    session = Session(link.SerialPort(port or link.likely_port()))
    try:
        arm(session, wiring, rate)
        begun = datetime.now().astimezone()
        with Recorder(to or new_folder(begun), list(wiring.signals), facts(session, wiring, rate, begun)) as recorder:
            _say(f"recording {session.transport.name} into {recorder.folder}; Ctrl-C ends it")
            try:
                tape = record_session(session, recorder, wiring, seconds, progress=_bar)
            except KeyboardInterrupt:
                _say("stopped; the recording is complete up to here")
                return 0
        _bar(-1.0)
        print(f"{tape.samples} samples, {tape.spikes} spikes, {tape.lost} lost frames, {tape.gaps} gaps: {recorder.folder}")
    finally:
        session.close()
    return 0


def replay(
    recording: str, *, png: Annotated[Path | None, Parameter(name="--png", help="Draw it into this file.")] = None
) -> int:
    """Show what a recording holds. To compare it, use it as a back end: --on recording:FOLDER.

    Parameters
    ----------
    recording
        A folder that `luisim record` has made: its path, or its name in your documents.
    """
    from tui import report

    found = read_recording(recording_path(recording))
    experiment = Experiment(LuiBoard(), min(max(found.trace.duration, 1e-3), 3600.0), name="recording")
    traces = list(single_boards(found.trace).values())
    for trace in traces:
        print(report.run_text(experiment, trace))
    for start, end in found.gaps:
        print(f"gap from {start:.2f} s to {end:.2f} s")
    if png is not None:
        from tui.picture import draw

        draw(traces, found.trace.origin, png)
        _say(f"picture written to {png}")
    return 0


def export(
    recording: str,
    to: Path,
    *,
    german: Annotated[bool, Parameter(name="--german", negative=(), help="CSV with semicolons and decimal commas.")] = False,
) -> int:
    """Write a recording as .csv, .nwb (Neurodata Without Borders) or .pkl (a Neo block).

    Parameters
    ----------
    recording
        A folder that `luisim record` has made: its path, or its name in your documents.
    to
        The file to write; its ending says how.
    """
    found = read_recording(recording_path(recording))
    match to.suffix.lower():
        case ".csv":
            export_csv(found, to, german=german)
        case ".nwb":
            export_nwb(found, to)
        case ".pkl":
            import pickle

            to.write_bytes(pickle.dumps(to_neo(found)))
        case other:
            raise ParameterError(f"{to.name}: the ending {other!r} is unknown; give .csv, .nwb or .pkl.")
    _say(f"written to {to}")
    return 0


def simulate_board(
    experiment: str = backends.DEFAULT_EXPERIMENT,
    *,
    boards: Boards = 1,
    seconds: Annotated[float, Parameter(name="--seconds", help="How long; Ctrl-C ends it earlier.")] = 86_400.0,
    clock_error: Annotated[float, Parameter(name="--clock-error", help="How much too fast its clock runs, as 0.004.")] = 0.0,
    seed: Annotated[int, Parameter(name="--seed", help="Seed of the noise.")] = 0,
) -> int:
    """Give this computer a serial port with a simulated Arduino behind it, set up as an experiment says.

    Parameters
    ----------
    experiment
        Name of a shipped experiment (see `luisim experiments`) or a TOML file.
    """
    if sys.platform == "win32":
        raise BoardError("Windows has no pseudo-terminals; use --on board:simulated instead, or WSL2.")
    import time

    from firmware_bridge.simulated.announced import announced
    from firmware_bridge.simulated.terminal import Terminal

    loaded = backends.load_experiment(experiment)
    found = boards_of(loaded)
    around = found * boards if len(found) == 1 else found
    terminal = Terminal(virtual_board(around, wires_of(loaded.device), clock_error=clock_error, seed=seed))
    print(terminal.name, flush=True)
    _say(f"try: luisim run {experiment} --on board    (Ctrl-C unplugs it; an open luisim app shows it by itself)")
    end = time.monotonic() + seconds
    try:
        with announced(terminal.name):
            terminal.serve(lambda: time.monotonic() >= end)
    except KeyboardInterrupt:
        _say("unplugged.")
    finally:
        terminal.close()
    return 0


def flash(
    *,
    port: Annotated[str, Parameter(name="--port", help="The Arduino's port, see luisim ports.")],
    board: Annotated[str, Parameter(name="--board", help="uno, nano or nano-old (bootloader from before 2018).")] = "uno",
) -> int:
    """Put the bridge firmware on an Arduino Uno or Nano."""
    _say(f"writing the firmware to {port}; this takes some seconds")
    flashing.flash(port, board)
    session = Session(link.SerialPort(port))
    hello = session.hello
    session.close()
    print(f"{port} answers: firmware {'.'.join(map(str, hello.firmware))}, supply {hello.vcc:.2f} V")
    return 0


def calibrate(
    *,
    volts: Annotated[float, Parameter(name="--volts", help="What a voltmeter shows between the pin and GND, 1 to 4 V.")],
    channel: Annotated[int, Parameter(name="--channel", help="Which analog input, 0 to 5.")] = 0,
    port: Port = "",
) -> int:
    """Calibrate the voltage readings with a voltmeter; the Arduino keeps the result."""
    if not 0 <= channel < 6:
        raise ParameterError(f"channel = {channel} is out of range: allowed is 0 to 5, for A0 to A5.")
    session = Session(link.SerialPort(port or link.likely_port()))
    try:
        session.ask("start", 500, 1 << channel)
        codes: list[float] = []
        until = session.transport.now() + 2.0
        while session.transport.now() < until:
            for event in session.events(0.05):
                if isinstance(event, Samples):
                    codes += event.codes[:, 0].tolist()
        if not codes:
            raise BoardError("The board sent no samples; unplug it, plug it in again, and repeat.")
        hello = session.hello
        true = reference_for(volts, float(np.mean(codes)), hello.reference, hello.vcc)
        session.ask("ref", round(true * 1000))
    finally:
        session.close()
    print(f"reference {true:.3f} V kept on the Arduino (it was taken to be {hello.reference:.3f} V)")
    return 0


def recording_path(source: str) -> Path:
    """A recording by its path, or by its name among the recordings in the documents."""
    path = Path(source).expanduser()
    return path if path.is_dir() else recordings_folder() / source


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _bar(done: float) -> None:
    if sys.stderr.isatty():
        print("\r\x1b[K" + (f"recording: {done:4.0%}" if done >= 0 else ""), end="", file=sys.stderr, flush=True)
