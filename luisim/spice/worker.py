# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of ngspice's worker process, and the values that it exchanges with its owner; the only importer of PySpice.

PySpice is imported only once the worker runs, so that importing this module costs its owner nothing.
"""

import contextlib
import ctypes
import logging
import os
import pickle
import queue
import re
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from luisim.errors import LuisimError, SimulationError, SimulatorMissing
from luisim.quantity import format_si

if TYPE_CHECKING:
    from PySpice.Spice.NgSpice.Shared import NgSpiceShared

Signals = dict[str, NDArray[np.float64]]

INSTALL = "sudo apt install ngspice libngspice0 (Debian, Ubuntu, WSL2) or brew install ngspice (macOS)"
LOG_LINES = 40
OUTPUT = "output.txt"  # what the worker prints past ngspice's callbacks: "stack smashing detected", a Python traceback


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
class Job:
    """A deck to run, the vectors that are wanted (all if empty), and the end of its analysis in s if that is known."""

    deck: str
    save: tuple[str, ...]
    stop: float | None


@dataclass(frozen=True)
class Failure:
    """``sound``: whether the worker can run another deck."""

    error: LuisimError
    sound: bool


Message = Library | float | Signals | Failure | None  # a float is the progress, None the end of the worker


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


def serve() -> None:
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
        os.unlink(OUTPUT)
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

    def run(self, job: Job) -> Signals:
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

    def _read(self, job: Job) -> Signals:
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
        return tuple(self._log[-LOG_LINES:])

    def command(self, text: str) -> object:
        """Let ngspice execute a command."""
        return self._ngspice.exec_command(text)

    def _said(self, line: str) -> None:
        """Take a line of output; ``stderr`` stands before those that ngspice means as an error or a remark."""
        stream, _, text = line.partition(" ")
        self._log.append(text)
        if len(self._log) > 10 * LOG_LINES:  # keep the first error and the last lines of a chatty run
            del self._log[2 * LOG_LINES : 3 * LOG_LINES]
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
