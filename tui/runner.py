# SPDX-License-Identifier: GPL-3.0-or-later
"""Runner: keeps one back end busy with the newest experiment that somebody wants, in a thread of its own.

While a knob is being turned, experiments come faster than a circuit can be solved. The newest one replaces the one that
waits. A run that will soon be done is left to finish, so that a turning knob moves the trace all the time; a long one is
cancelled. Cancelling costs ngspice a new process (about 0.4 s), so after it the runner waits until the knob rests.
"""

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

from luisim.errors import LuisimError, SimulationCancelled, SimulatorMissing
from luisim.experiment import Backend, Experiment
from tui.messages import Failed, Message, Progress, Ran

PATIENCE = 1.0  # s that the current run may still take when a newer one waits
SETTLE = 0.2  # s without a newer wish before a run is started after a cancelled one
_PROGRESS_INTERVAL = 0.1  # s


class Runner:
    """Runs the newest wanted experiment on ``backend``; ``report`` is called in the runner's thread."""

    def __init__(
        self,
        backend: Backend[Any],
        report: Callable[[Message], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.backend = backend
        self._report = report
        self._clock = clock
        self._changed = threading.Condition()
        self._waiting: Experiment[Any] | None = None
        self._closed = False
        self._started = 0.0
        self._done = 0.0
        self._reported = 0.0
        # a daemon: nobody waits for a long run at the end of the program
        self._thread = threading.Thread(target=self._work, name=f"luisim-{backend.name}", daemon=True)
        self._thread.start()

    def want(self, experiment: Experiment[Any]) -> None:
        """Run ``experiment`` as soon as possible, instead of whatever else was waiting."""
        with self._changed:
            self._waiting = experiment
            self._changed.notify()

    def close(self) -> None:
        """Give up the run that is on, and end the thread and the back end."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        end = getattr(self.backend, "close", None)
        if end is not None:
            end()
        self._thread.join(timeout=1.0)

    def _work(self) -> None:
        settle = False
        with contextlib.suppress(Exception):  # what is missing shows with the first run
            getattr(self.backend, "warm", lambda: None)()
        while (experiment := self._next(settle)) is not None:
            message = self._run(experiment)
            settle = message is None
            if message is not None and not self._closed:
                self._report(message)

    def _next(self, settle: bool) -> Experiment[Any] | None:
        """The newest wish, or None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._waiting is not None)
            if settle:  # every wish notifies, so a wait that times out was a quiet one
                while not self._closed and self._changed.wait(SETTLE):
                    pass
            experiment, self._waiting = self._waiting, None
            return None if self._closed else experiment

    def _run(self, experiment: Experiment[Any]) -> Message | None:
        """What became of the run; None if it was cancelled."""
        name = self.backend.name
        self._started, self._done, self._reported = self._clock(), 0.0, self._clock()
        try:
            reason = self.backend.unsupported(experiment)
            if reason is not None:
                return Failed(name, experiment, reason, loud=False)
            preview = getattr(self.backend, "preview", None)  # a moved knob is answered at once, if roughly
            if preview is not None and not self._closed:
                self._report(Ran(name, experiment, preview(experiment), rough=True))
            # a recording is there as a whole, however short the experiment is: one can scroll through it
            whole = getattr(self.backend, "whole", None)
            if whole is not None:
                return Ran(name, experiment, whole(experiment))
            trace = self.backend.run(experiment, progress=self._progress, cancelled=self._cancelled)
        except SimulationCancelled:
            return None
        except SimulatorMissing as error:
            return Failed(name, experiment, str(error), hopeless=True)
        except LuisimError as error:
            return Failed(name, experiment, str(error))
        except Exception as error:
            # a bug in one back end must not end the app in front of a class
            return Failed(name, experiment, f"{name} failed unexpectedly ({type(error).__name__}: {error}).")
        return Ran(name, experiment, trace)

    def _progress(self, done: float) -> None:
        self._done = done
        now = self._clock()
        if now - self._reported >= _PROGRESS_INTERVAL and not self._closed:
            self._reported = now
            self._report(Progress(self.backend.name, done))

    def _cancelled(self) -> bool:
        if self._closed or self._waiting is None:
            return self._closed
        elapsed = self._clock() - self._started
        if self._done <= 0.0:
            return elapsed > PATIENCE
        return elapsed * (1.0 - self._done) / self._done > PATIENCE
