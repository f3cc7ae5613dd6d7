# SPDX-License-Identifier: GPL-3.0-or-later
"""Ngspice: runs decks in one worker process, and is the only importer of PySpice.

libngspice takes the process that holds it down with it: a syntax error can abort it, an undefined parameter leaves it unable to
load anything. So it lives in a process of its own, which is killed to cancel a run and replaced whenever it is no longer sound.
The first half of this file runs in the caller's process and never imports PySpice; the second half, from ``_serve`` on, is
the worker. They talk in pickled values over the worker's standard input and output.
"""

import contextlib
import ctypes
import ctypes.util
import glob
import importlib.util
import logging
import os
import pickle
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from luisim.errors import LuisimError, SimulationCancelled, SimulationError, SimulatorMissing
from luisim.quantity import format_si
from luisim.spice.netlists import check_deck, stop_time

if TYPE_CHECKING:
    from PySpice.Spice.NgSpice.Shared import NgSpiceShared

Signals = dict[str, NDArray[np.float64]]

INSTALL = "sudo apt install ngspice libngspice0 (Debian, Ubuntu, WSL2) or brew install ngspice (macOS)"

_START_TIMEOUT = 60.0  # s; a cold start takes 0.3 s, on a loaded machine with a cold disk some seconds
_POLL = 0.05  # s; how late a cancelled run or a time-out can be noticed
_LOG_LINES = 40
_OUTPUT = "output.txt"  # what the worker prints past ngspice's callbacks: "stack smashing detected", a Python traceback


@dataclass(frozen=True)
class Library:
    """The libngspice that the worker loaded: ``path`` as given to the loader, ``version`` such as ``39``."""

    path: str
    version: int


@dataclass(frozen=True)
class Limits:
    """What the worker may use over its life, where the system can hold it to that (Linux, and in part macOS).

    ``cpu`` in s, ``memory`` (address space, the library and Python included) and ``file`` (largest file written) in bytes.
    """

    cpu: int
    memory: int = 2_000_000_000
    file: int = 10_000_000


@dataclass(frozen=True)
class _Job:
    deck: str
    save: tuple[str, ...]
    stop: float | None


@dataclass(frozen=True)
class Failure:
    """``sound``: whether the worker can run another deck."""

    error: LuisimError
    sound: bool


Message = Library | float | Signals | Failure | None  # a float is the progress, None the end of the worker


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
        job = _Job(text, wanted, stop_time(text))
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
        serve = serve or _serve
        self.library: Library | None = None
        self.sound = True  # fit for a deck
        self.messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        # ngspice executes a .spiceinit from the current folder and from HOME: both are an empty folder
        self._folder = Path(tempfile.mkdtemp(prefix="luisim-"))
        home = str(self._folder)
        # not multiprocessing: its spawn imports __main__ again, which a console, a script on stdin or pytest cannot offer
        paths = [str(Path(entry).absolute()) for entry in [*sys.path, str(Path(__file__).parents[2])]]
        code = f"import sys; sys.path[:] = sys.argv[1:]; from {serve.__module__} import {serve.__name__} as serve; serve()"
        with open(self._folder / _OUTPUT, "ab") as output:
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
            text = (self._folder / _OUTPUT).read_bytes()[-10_000:].decode("utf-8", "replace")
        except OSError:
            return ()
        return tuple(text.splitlines()[-_LOG_LINES:])


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


# ---------------------------------------------------------------------------------------------------------------- the worker


def connect() -> tuple[Callable[[object], None], "queue.SimpleQueue[Any]"]:
    """In a new worker: how to send to the caller, and the queue of what comes from it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    inbox, outbox = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # ngspice must find nothing to read, and what it prints must not get between the messages
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    turn = threading.Lock()

    def send(message: object) -> None:
        with turn:
            pickle.dump(message, outbox, protocol=5)
            outbox.flush()

    requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(inbox, requests), daemon=True).start()
    return send, requests


def _serve() -> None:
    """The life of the worker: load the library, run decks until the caller closes the pipe or dies."""
    send, requests = connect()
    candidates, limits = requests.get()
    try:
        simulator = Simulator(candidates, send)
    except SimulationError as error:
        send(Failure(error, sound=False))
        return
    send(simulator.library)
    if limits is not None:
        _confine(limits)
    while simulator.sound:
        job = requests.get()
        os.ftruncate(2, 0)
        try:
            send(simulator.run(job))
        except SimulationError as error:
            send(Failure(error, sound=simulator.sound))
        except MemoryError:
            send(Failure(SimulationError(f"The run was stopped: {_MEMORY}."), sound=False))
            return


def _confine(limits: Limits) -> None:
    """Hold this process to its limits."""
    try:
        import resource
    except ImportError:  # Windows
        return
    wanted = {"RLIMIT_CPU": limits.cpu, "RLIMIT_AS": limits.memory, "RLIMIT_FSIZE": limits.file}
    for name, value in wanted.items():
        with contextlib.suppress(AttributeError, ValueError, OSError):  # not every system has or takes each of them
            resource.setrlimit(getattr(resource, name), (value, value))


def _receive(stream: IO[bytes], requests: "queue.SimpleQueue[Any]") -> None:
    """Read requests in a thread of its own, so that the worker ends with its owner even in the middle of a run."""
    with contextlib.suppress(BaseException):
        while True:
            requests.put(pickle.load(stream))
    with contextlib.suppress(OSError):
        os.unlink(_OUTPUT)
        os.rmdir(os.getcwd())  # fails, as it should, if this is not the worker's own empty folder
    os._exit(0)


class Simulator:
    """libngspice behind PySpice, in the worker.

    ``watch``: told each point that the solver accepts, in the solver's own thread, as ngspice's struct ``vecvaluesall``.
    """

    def __init__(
        self, candidates: Sequence[str], send: Callable[[object], None], watch: Callable[[Any], None] | None = None
    ) -> None:
        path = next((candidate for candidate in candidates if _loads(candidate)), None)
        if path is None:
            tried = f"; tried {', '.join(candidates)}" if candidates else ""
            raise SimulatorMissing(f"No libngspice was found that can be loaded{tried}. Install it: {INSTALL}.")
        self._send = send
        self._log: list[str] = []
        self._errors: list[str] = []
        self.sound = True
        self.stopped = threading.Event()  # whether a background run has come to a halt
        self._watch = watch
        self._ngspice = self._open(path)
        version = re.search(r"ngspice-(\d+)", str(self.command("version -f")))
        self.library = Library(path, int(version[1]) if version else 0)
        # ngspice 46 checks the free memory at every point, which makes small decks 4 times slower
        self.command("set no_mem_check")

    def run(self, job: _Job) -> Signals:
        """Load, run, read, and leave no circuit behind: ngspice would silently run the old one after a deck it refuses."""
        try:
            self.load(job.deck)
            self.command("run")
            return self._read(job)
        except NameError:  # PySpice's word for a call that did not return 0
            self.sound = False
            raise self._refusal() from None
        finally:
            if self.sound:
                tail = len(self._log)
                self.command("destroy all")
                self.command("remcirc")
                del self._log[tail:]

    def load(self, text: str) -> None:
        """Load a deck. Raises :class:`SimulationError`, or NameError where the library is of no more use."""
        self._log.clear()
        self._errors.clear()
        self._ngspice.load_circuit(text)
        if self._errors:
            raise self._refusal()

    def names(self, data: Any) -> list[str]:
        """Names of the vectors of a point, in the order of their values."""
        return [_text(data.vecsa[column].name).lower() for column in range(data.veccount)]

    def break_at(self, time: float) -> None:
        """Have the halted run put a point at ``time`` (s)."""
        self._ngspice._ngspice_shared.ngSpice_SetBkpt(time)

    @property
    def complaint(self) -> str:
        """What ngspice has printed as errors since the deck was loaded."""
        return _sentence(self._errors) if self._errors else ""

    @property
    def reason(self) -> str:
        """The few lines of ngspice's output that tell a person what is wrong."""
        return _sentence(self._log)

    def _refusal(self) -> SimulationError:
        return SimulationError(f"ngspice refuses the deck: {self.reason}.", self._tail())

    def _read(self, job: _Job) -> Signals:
        plots = [name for name in self._ngspice.plot_names if name.startswith("tran")]
        vectors = self._ngspice.plot(None, plots[0]) if plots else {}
        signals = {_plain(name): np.asarray(vector._data, dtype=np.float64) for name, vector in vectors.items()}
        missing = [name for name in job.save if name not in signals]
        if missing:
            raise SimulationError(f"The deck has no node or current named {', '.join(missing)}.", self._tail())
        moments = signals.get("time", np.empty(0))
        reached = float(moments[-1]) if moments.size else 0.0
        stop = job.stop or 0.0
        if moments.size < 2:
            self.sound = False  # ngspice 39 never forgets a ".save none"
        if moments.size < 2 or reached < stop * (1.0 - 1e-6) or any("aborted" in line for line in self._errors):
            span = f"stopped at t = {format_si(reached, 's')}" + (f" of {format_si(stop, 's')}" if stop else "")
            raise SimulationError(f"ngspice {span}: {_sentence(self._log)}.", self._tail())
        return {name: signals[name] for name in ("time", *(job.save or sorted(signals.keys() - {"time"})))}

    def _tail(self) -> tuple[str, ...]:
        return tuple(self._log[-_LOG_LINES:])

    def command(self, text: str) -> object:
        """Let ngspice execute a command."""
        return self._ngspice.exec_command(text)

    def _said(self, line: str) -> None:
        """Take a line of output; ``stderr`` stands before those that ngspice means as an error or a remark."""
        stream, _, text = line.partition(" ")
        self._log.append(text)
        if len(self._log) > 10 * _LOG_LINES:  # keep the first error and the last lines of a chatty run
            del self._log[2 * _LOG_LINES : 3 * _LOG_LINES]
        if stream == "stderr" and _FATAL.search(text):
            self._errors.append(text)

    def _open(self, path: str) -> "NgSpiceShared":
        """PySpice's binding, with callbacks that bear what PySpice 1.5 takes for errors: notes, and bytes that are no UTF-8."""
        if sys.platform == "win32":  # PySpice wants to derive it from a path that it does not have
            os.environ.setdefault("SPICE_LIB_DIR", str(Path(path).parent.parent / "share" / "ngspice"))
        logging.getLogger("PySpice").setLevel(logging.CRITICAL)
        try:
            from PySpice.Spice.NgSpice.Shared import NgSpiceShared, ffi
        except ImportError as error:
            raise SimulatorMissing(f"PySpice cannot be imported ({error}). Install it: pip install PySpice==1.5.") from None
        owner = self

        class Tolerant(NgSpiceShared):
            @property
            def library_path(self) -> str:
                return path

            def _send_char(self, message: Any, ngspice_id: int, user_data: Any) -> int:
                line = _text(message)
                stream, _, text = line.partition(" ")
                (self._stderr if stream == "stderr" else self._stdout).append(text)
                owner._said(line)
                return 0

            def _send_stat(self, message: Any, ngspice_id: int, user_data: Any) -> int:
                match = re.fullmatch(rb"tran: ([\d.]+)%", ffi.string(message))
                if match and owner._watch is None:
                    owner._send(float(match[1]) / 100.0)
                return 0

            def _send_data(self, data: Any, count: int, ngspice_id: int, user_data: Any) -> int:
                if owner._watch is not None:
                    owner._watch(data)
                return 0

            def _background_thread_running(self, stopped: bool, ngspice_id: int, user_data: Any) -> int:
                (owner.stopped.set if stopped else owner.stopped.clear)()  # ngspice's argument says the opposite of its name
                return 0

            def _exit(self, status: int, immediate: bool, on_quit: bool, ngspice_id: int, user_data: Any) -> int:
                owner.sound = False
                return status

        return Tolerant(send_data=self._watch is not None)


# what ngspice 39 to 46 print on stderr when there will be no valid result; it returns 0 all the same
_FATAL = re.compile(
    r"(?i)^error(?!: measure)|not parsed|aren't any circuits|could not find|unknown subckt|error on line"
    r"|simulation\(s\) aborted|timestep too small|cannot recover|formula\(\) error|mismatch of|no job"
)
_BYSTANDERS = re.compile(
    r"(?i)warning|note|trying |circuit:|doing |using |reference |no\. of|please check|.*cannot recover"
    r"|preparing expression|what is this|\s*$"
)


_MEMORY = "it needs more memory than it may have; take a longer step or a shorter run in .tran, or .save fewer signals"


def _sentence(log: Sequence[str]) -> str:
    """The few lines of the log that tell a person what is wrong."""
    if any("can't allocate" in line for line in log):
        return _MEMORY
    verdict = [line.removeprefix("doAnalyses:") for line in log if line.startswith("doAnalyses:")]
    lines = verdict or list(dict.fromkeys(line for line in log if not _BYSTANDERS.match(line)))
    text = " ".join(" ".join(lines[:4]).split()).rstrip(".:")
    return (text[:297] + "...") if len(text) > 300 else text or "it gave no reason"


def _text(pointer: Any) -> str:
    """The text behind a C string."""
    from PySpice.Spice.NgSpice.Shared import ffi

    return str(ffi.string(pointer).decode("utf-8", "replace"))


def _loads(path: str) -> bool:
    try:
        ctypes.CDLL(path)
    except OSError:
        return False
    return True


def _plain(name: str) -> str:
    """Our name of a vector: ngspice writes ``v1#branch`` for i(v1) and ``V(2)`` for the node 2."""
    name = name.lower()
    if name.endswith("#branch"):
        return f"i({name.removesuffix('#branch')})"
    match = re.fullmatch(r"v\((.*)\)", name)
    return match[1] if match else name
