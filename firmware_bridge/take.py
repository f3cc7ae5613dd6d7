# SPDX-License-Identifier: GPL-3.0-or-later
"""Take: a live session written into a recording while it runs, whoever plays the board: the desk, a circuit, or the model."""

from datetime import datetime
from pathlib import Path

import numpy as np

from firmware_bridge.recording import Recorder, new_folder
from luisim import __version__
from luisim.live import SIGNALS, Session
from luisim.lui.network import Lui
from luisim.measure import CHATTER

RATE = 1000  # samples a second, as a connected board sends them
_LOOK_BACK = 1.0  # s, so that a spike on the border of two pieces is seen whole


class Take:
    """Records the run ``name`` of ``session`` from now on. Its time 0 is the session's present.

    Raises :class:`~firmware_bridge.errors.BoardError` if the folder cannot be made, later if the disk is full.
    """

    def __init__(self, session: Session[Lui], name: str, folder: Path | None = None) -> None:
        now = datetime.now().astimezone()
        self._session, self._name = session, name
        self._began = session.now
        self._written = 0  # samples
        self._last_spike = session.now
        facts = {"begun": now.isoformat(timespec="milliseconds"), "luisim": __version__, "source": name}
        self._recorder = Recorder(folder or new_folder(now), SIGNALS, {**facts, "outputs": "out", "rate": RATE})
        self.folder = self._recorder.folder

    @property
    def time(self) -> float:
        """How much is recorded, in s."""
        return self._written / RATE

    def keep(self) -> None:
        """Write what is new."""
        since = self._session.now - self._began - self.time
        trace = self._session.trace(self._name, max(0.0, since) + _LOOK_BACK)
        if trace is None:
            return
        count = int((float(trace.time[-1]) - self._began) * RATE) + 1
        times = np.arange(self._written, count) / RATE
        if times.size:
            columns = [trace.at(signal, times + self._began) for signal in SIGNALS]
            self._recorder.samples(times, np.column_stack(columns))
            self._written = count
        for spike in trace.spikes["out"]:
            if spike > self._last_spike + CHATTER:
                self._last_spike = float(spike)
                self._recorder.event(self._last_spike - self._began, "spike", output="out")

    def note(self, at: float, text: str) -> None:
        """Write down what a person remarks at ``at`` (s of the session)."""
        self._recorder.event(at - self._began, "note", text=text)

    def close(self) -> None:
        """Everything to the disk."""
        self._recorder.close()
