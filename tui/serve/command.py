# SPDX-License-Identifier: GPL-3.0-or-later
"""The subcommand `serve`: the app in a browser, for one person or for a class."""

import subprocess
import sys
import webbrowser
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from luisim.errors import ParameterError
from tui import backends
from tui.console import say


def register(app: App) -> None:
    """Add it to the command line."""
    app.command(serve)


def serve(
    experiment: str = backends.DEFAULT_EXPERIMENT,
    *,
    class_: Annotated[
        bool, Parameter(name="--class", negative=(), help="Open it to the whole network, not only to this computer.")
    ] = False,
    port: Annotated[int, Parameter(name="--port", help="Where it listens, 1024 to 65535.")] = 8000,
    board: Annotated[
        str, Parameter(name="--board", help="Serial port of a board that all viewers watch; recorded meanwhile.")
    ] = "",
    folder: Annotated[Path | None, Parameter(name="--folder", help="Where progress of the pupils is kept.")] = None,
    browser: Annotated[bool, Parameter(name="--browser", negative="--no-browser", help="Open the page here as well.")] = True,
) -> int:
    """Put the app into browsers, offline. Prints the link for the class, and the teacher's.

    Parameters
    ----------
    experiment
        Name of a shipped experiment (see `luisim experiments`) or a TOML file.
    """
    try:
        from tui.serve.server import ClassServer, new_class_folder  # textual-serve is an extra
    except ModuleNotFoundError as error:
        raise ParameterError(f"luisim serve needs {error.name}; install it with: pip install 'luisim[serve]'.") from None
    if not 1024 <= port <= 65535:
        raise ParameterError(f"--port {port} cannot be used; give a number from 1024 to 65535, such as 8000.")
    backends.load_experiment(experiment)  # a wrong name should be told here, not in each browser
    folder = folder or new_class_folder()
    words = [experiment, "--no-watch", "--on", "circuit", "--on", "model"]  # a port belongs to one program
    recorder = None
    if board:
        from datetime import datetime

        from firmware_bridge.recording import new_folder

        recording = new_folder(datetime.now())
        recorder = subprocess.Popen([sys.executable, "-m", "tui.cli", "record", "--port", board, "--to", str(recording)])
        _await(recorder, recording, board)
        words += ["--on", f"recording:{recording}"]
    elif experiment == backends.DEFAULT_EXPERIMENT:
        words += ["--on", f"recording:{backends.DEFAULT_RECORDING}"]
    server = ClassServer(words, folder, port=port, everybody=class_)
    say(f"for the class: {server.link}")
    say(f"for the teacher: {server.teacher_link}")
    say(f"progress is kept in {folder}; Ctrl-C ends it")
    if browser:
        webbrowser.open(server.link)
    try:
        server.serve()
    except OSError as error:
        raise ParameterError(f"Port {port} cannot be used ({error.strerror}); choose another with --port.") from None
    finally:
        if recorder is not None:
            recorder.terminate()
            recorder.wait()
    return 0


def _await(recorder: "subprocess.Popen[bytes]", recording: Path, board: str) -> None:
    """Until the first samples are there."""
    samples = recording / "samples.csv"
    while not (samples.is_file() and samples.stat().st_size > 100):
        try:
            recorder.wait(0.1)
        except subprocess.TimeoutExpired:
            continue
        raise ParameterError(f"The board on {board} cannot be recorded (see above); look with luisim ports.")
