# SPDX-License-Identifier: GPL-3.0-or-later
"""Ngspice: runs decks in one worker process.

libngspice takes the process that holds it down with it: a syntax error can abort it, an undefined parameter leaves it unable to
load anything. So it lives in a process of its own (:mod:`luisim.spice.worker`), which is killed to cancel a run and replaced
whenever it is no longer sound. The two talk in pickled values over the worker's standard input and output.
"""

import contextlib
import ctypes.util
import glob
import importlib.util
import os
import pickle
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Protocol

from luisim.errors import SimulationCancelled, SimulationError
from luisim.spice import worker
from luisim.spice.netlists import check_deck, stop_time
from luisim.spice.worker import LOG_LINES, OUTPUT, Failure, Job, Library, Limits, Message, Signals

__all__ = ["Library", "Limits", "Ngspice", "Signals", "find_executable", "find_library", "library_candidates"]

_START_TIMEOUT = 60.0  # s; a cold start takes 0.3 s, on a loaded machine with a cold disk some seconds
_POLL = 0.05  # s; how late a cancelled run or a time-out can be noticed


def library_candidates() -> tuple[str, ...]:
    """Where libngspice may be, best first; nothing is loaded. ``NGSPICE_LIBRARY_PATH`` comes before everything else."""
    found = [os.environ.get("NGSPICE_LIBRARY_PATH"), ctypes.util.find_library("ngspice")]
    # ldconfig does not know the folders of brew and conda
    for root in ("/opt/homebrew", "/usr/local", "/home/linuxbrew/.linuxbrew", os.environ.get("CONDA_PREFIX", ""), sys.prefix):
        for pattern in ("lib/libngspice*.dylib", "lib/libngspice.so*", "Library/bin/ngspice.dll"):
            found += sorted(glob.glob(f"{root}/{pattern}")) if root else []
    for pattern in (
        "/Applications/KiCad/KiCad.app/Contents/PlugIns/sim/libngspice*.dylib",
        "C:/Spice64*/bin*/ngspice.dll",
        "C:/Program Files/KiCad/*/bin/ngspice.dll",
    ):
        found += sorted(glob.glob(pattern))
    sedes = importlib.util.find_spec("sedes")  # a package that brings the library where there is no package manager
    for folder in sedes.submodule_search_locations or () if sedes else ():
        found += sorted(glob.glob(f"{folder}/_libs/*ngspice*"))
    return tuple(dict.fromkeys(path for path in found if path))


def find_library() -> str | None:
    """The first candidate that really loads (tried in a process of its own), or None."""
    for candidate in library_candidates():
        code = "import ctypes, sys; ctypes.CDLL(sys.argv[1])"
        if subprocess.run([sys.executable, "-c", code, candidate], capture_output=True, check=False).returncode == 0:
            return candidate
    return None


def find_executable() -> str | None:
    """The ngspice program: from the variable ``NGSPICE``, else from the search path; None if there is none."""
    # on Windows ngspice.exe opens a window; ngspice_con.exe writes to the terminal
    return shutil.which(os.environ.get("NGSPICE") or ("ngspice_con" if sys.platform == "win32" else "ngspice"))


class Ngspice:
    """One ngspice, one run at a time; safe to call from several threads.

    The worker process starts with the first run, or ahead of it with :meth:`warm`. It ends with :meth:`close`, with the
    ``with`` block, with the program, and also when the program is killed. ``limits`` hold a netlist that nobody
    has looked at.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits
        self._turn = threading.Lock()
        self._worker: Worker | None = None
        self._closed = False
        self._end: weakref.finalize[..., Ngspice] | None = None

    def __enter__(self) -> "Ngspice":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def warm(self) -> None:
        """Start the worker and return at once, so that the next run need not wait for it."""
        if not self._closed and self._turn.acquire(blocking=False):  # if a run is on, there is a worker
            try:
                self._current()
            finally:
                self._turn.release()

    def close(self) -> None:
        """End the worker, and with it a run in another thread. Later runs raise :class:`SimulationCancelled`."""
        self._closed = True
        if self._worker is not None:
            self._worker.kill()

    def library(self) -> Library:
        """Which libngspice the worker uses. Raises :class:`SimulatorMissing` if there is none."""
        with self._turn_of(None) as worker:
            return self._ready(worker, None)

    def run(
        self,
        deck: str,
        *,
        save: Sequence[str] | None = None,
        timeout: float = 60.0,
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Signals:
        """Run the one ``.tran`` analysis of ``deck`` and return its signals, each an (n,) array in SI units.

        Keys are lower case: ``"time"`` (s), nodes under their plain names (``"mem"``, ``"x1.mem"``, V), branch currents as
        ``"i(v1)"`` (A), device parameters as ``"@r1[i]"``. ``save`` names what is wanted; None keeps what the deck saves.
        ``timeout`` in s counts from the start of the simulation. ``progress`` is called in this thread with rising values
        up to 1.0; ``cancelled`` is asked about twenty times a second, also while another thread's run is on.

        Raises :class:`SimulationCancelled`, :class:`SimulatorMissing`, :class:`ParameterError` for a deck that has commands or
        includes or not exactly one ``.tran``, and :class:`SimulationError` for all that ngspice refuses or does not finish.
        """
        wanted = tuple(name for name in dict.fromkeys(name.lower() for name in save or ()) if name != "time")
        text = prepared(deck, wanted)
        check_deck(text)
        job = Job(text, wanted, stop_time(text))
        with self._turn_of(cancelled) as worker:
            self._ready(worker, cancelled)
            worker.sound = False  # until it has answered
            worker.send(job)
            done = 0.0
            deadline = time.monotonic() + timeout
            while True:
                late = f"The simulation was stopped after {timeout:g} s at {done:.0%} of its time span"
                message = self._next(worker, deadline, f"{late}; make it shorter or allow more time.", cancelled)
                if isinstance(message, float):
                    done = max(done, message)
                    if progress is not None:
                        progress(done)
                elif isinstance(message, dict):
                    worker.sound = True
                    if progress is not None:
                        progress(1.0)
                    return message

    @contextlib.contextmanager
    def _turn_of(self, cancelled: Callable[[], bool] | None) -> "Iterator[Worker]":
        """Wait for this thread's turn; a worker that is not sound at its end is replaced."""
        while not self._turn.acquire(timeout=_POLL):
            self._check(cancelled)
        try:
            self._check(cancelled)
            worker = self._current()
            try:
                yield worker
            finally:  # also after Ctrl-C, or an error in the caller's progress
                if not worker.sound:
                    worker.kill()
                    if worker.library is not None and not self._closed:
                        self._current()  # whoever cancels a run usually wants another one soon
        finally:
            self._turn.release()

    def _check(self, cancelled: Callable[[], bool] | None) -> None:
        if self._closed:
            raise SimulationCancelled("The simulation was stopped because the simulator was closed.")
        if cancelled is not None and cancelled():
            raise SimulationCancelled("The simulation was cancelled.")

    def _current(self) -> "Worker":
        """The worker, a new one if there is none or it has died."""
        if self._worker is None or not self._worker.alive:
            if self._end is not None:
                self._end()
            try:
                self._worker = Worker(self._limits)
            except OSError as error:
                raise SimulationError(f"The process for ngspice cannot be started: {error}.") from None
            self._end = weakref.finalize(self, self._worker.kill)  # at the end of this object or of the program
        return self._worker

    def _ready(self, worker: "Worker", cancelled: Callable[[], bool] | None) -> Library:
        deadline = time.monotonic() + _START_TIMEOUT
        while worker.library is None:
            message = self._next(worker, deadline, f"ngspice did not start within {_START_TIMEOUT:g} s; try again.", cancelled)
            if isinstance(message, Library):
                worker.library = message
        return worker.library

    def _next(self, worker: "Worker", deadline: float, late: str, cancelled: Callable[[], bool] | None) -> Message:
        while True:
            self._check(cancelled)
            if time.monotonic() > deadline:
                worker.sound = False
                raise SimulationError(late, worker.output())
            try:
                message = worker.messages.get(timeout=_POLL)
            except queue.Empty:
                continue
            if isinstance(message, Failure):
                worker.sound = message.sound
                raise message.error
            if message is None:
                worker.sound = False
                self._check(cancelled)
                raise SimulationError(
                    f"ngspice {worker.epitaph()} before it was done; try again, then look for an error in the netlist.",
                    worker.output(),
                )
            return message


class Inbox(Protocol):
    """Takes the values that a worker sends, and None at its end."""

    def put(self, item: Any, /) -> None:
        """Called in the thread that listens to the worker."""
        ...


class Worker:
    """The worker process as its owner sees it."""

    def __init__(self, limits: Limits | None, serve: Callable[[], None] | None = None, inbox: "Inbox | None" = None) -> None:
        """``serve``: a function of a module, the worker's life; ``inbox``: takes what it sends, instead of ``messages``."""
        serve = serve or worker.serve
        self.library: Library | None = None
        self.sound = True  # fit for a deck
        self.messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        # ngspice executes a .spiceinit from the current folder and from HOME: both are an empty folder
        self._folder = Path(tempfile.mkdtemp(prefix="luisim-"))
        home = str(self._folder)
        # not multiprocessing: its spawn imports __main__ again, which a console, a script on stdin or pytest cannot offer
        paths = [str(Path(entry).absolute()) for entry in [*sys.path, str(Path(__file__).parents[2])]]
        code = f"import sys; sys.path[:] = sys.argv[1:]; from {serve.__module__} import {serve.__name__} as serve; serve()"
        with open(self._folder / OUTPUT, "ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-c", code, *paths],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                cwd=self._folder,
                env={**os.environ, "HOME": home, "USERPROFILE": home, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
                start_new_session=True,  # Ctrl-C and Ctrl-Z belong to the caller
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._stdin = self._process.stdin
        self._listener = threading.Thread(
            target=_listen, args=(self._process.stdout, inbox or self.messages), daemon=True, name="luisim-ngspice"
        )
        self._listener.start()
        self.send((library_candidates(), limits))

    @property
    def alive(self) -> bool:
        """Whether it can be talked to."""
        return self._process.poll() is None and self._listener.is_alive()

    def send(self, value: object) -> None:
        """Hand it a value."""
        # a worker that has just died is reported by the listener
        with contextlib.suppress(OSError, ValueError):
            pickle.dump(value, self._stdin)
            self._stdin.flush()

    def kill(self) -> None:
        """End the process and remove its folder; may be called twice, and from any thread."""
        self._process.kill()
        self._process.wait()
        with contextlib.suppress(OSError, ValueError):
            self._stdin.close()
        if threading.current_thread() is not self._listener:
            self._listener.join(timeout=1.0)
        shutil.rmtree(self._folder, ignore_errors=True)

    def epitaph(self) -> str:
        """How it ended, as the end of a sentence."""
        try:
            code = self._process.wait(timeout=2.0)
        except subprocess.TimeoutExpired:
            return "stopped answering"
        return f"was ended by signal {-code}" if code < 0 else f"stopped with code {code}"

    def output(self) -> tuple[str, ...]:
        """The last lines that the process printed."""
        try:
            text = (self._folder / OUTPUT).read_bytes()[-10_000:].decode("utf-8", "replace")
        except OSError:
            return ()
        return tuple(text.splitlines()[-LOG_LINES:])


def _listen(stream: IO[bytes], messages: Inbox) -> None:
    """Pass on what comes down a pipe, and None at its end."""
    with stream, contextlib.suppress(EOFError, OSError, ValueError, pickle.UnpicklingError):
        while True:
            messages.put(pickle.load(stream))
    messages.put(None)


def prepared(deck: str, save: Sequence[str]) -> str:
    """The deck with a title, ``.save`` lines and an end."""
    lines = deck.splitlines()
    if not (lines and lines[0].strip()):
        lines[:1] = ["* untitled"]  # PySpice drops empty lines, and then the first element would become the title
    end = next((index for index, line in enumerate(lines) if line.strip().lower() == ".end"), len(lines))
    saves = (f".save {name}" if "(" in name or name.startswith("@") or name == "none" else f".save v({name})" for name in save)
    return "\n".join([*lines[:end], *saves, ".end", ""])
