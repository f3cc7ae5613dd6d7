# SPDX-License-Identifier: GPL-3.0-or-later
"""Following: a recording as a live run. One that still grows is shown as it comes, a finished one at the pace it was measured.

So any number of viewers can watch one board: a port belongs to one program, the folder it records into can be read by all.
"""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from firmware_bridge.errors import BoardError
from luisim.live import SIGNALS, Pulse, Reading
from luisim.lui.network import Lui
from luisim.trace import Array

_GROWS = 3.0  # s since the last line within which a recording counts as going on

Action = Lui | Pulse


class Following:
    """The folder ``folder`` from its end on if it grows, else from its start. Its time is that of the board's clock.

    Knobs and pulses reach the other runs, not the recorded board: its trimmers are under somebody's hands. Raises
    :class:`BoardError` if the folder holds no single board.
    """

    leads = True

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        path = folder / "samples.csv"
        try:
            self.grows = time.time() - path.stat().st_mtime < _GROWS
            self._file = path.open("rb")
            head = self._file.readline().decode("utf-8").strip().split(",")
        except (OSError, UnicodeDecodeError) as error:
            raise BoardError(f"{folder} is no recording ({error}); give a folder that luisim record has made.") from None
        if "v_mem" not in head:
            self._file.close()
            raise BoardError(f"{folder.name} holds several boards; live shows recordings of one board.")
        self._columns = [head.index(name) if name in head else None for name in SIGNALS]
        self._width = len(head)
        self._clock, self._began, self._still = clock, clock(), False
        self._rest = b""
        self._waiting: Array = np.empty((0, self._width))
        self._zero: float | None = None  # the file's time (s) that is shown as 0
        self._now = 0.0
        self._todo: list[Action] = []
        if self.grows:
            self._skip()

    def do(self, action: Action, at: float | None = None) -> None:
        """Remember it for the runs that follow this one; where another run leads there is nothing to do."""
        if at is None:
            self._todo.append(action)

    def read(self, until: float | None = None) -> Reading[Lui]:
        """What has been written since, up to ``until`` s; of a finished recording what is due."""
        applied = tuple((self._now, action) for action in self._todo)
        self._todo.clear()
        if self._still:
            return Reading(np.empty((0, 1 + len(SIGNALS))), applied)
        self._take()
        if until is None:
            until = np.inf if self.grows else self._clock() - self._began
        else:
            self._began = self._clock() - until  # should it have to keep the time later on
        if self._zero is None and len(self._waiting):
            self._zero = float(self._waiting[0, 0]) - self._now
        due = self._waiting[:, 0] - (self._zero or 0.0) <= until
        rows, self._waiting = self._waiting[due], self._waiting[~due]
        values = np.full((len(rows), 1 + len(SIGNALS)), np.nan)
        values[:, 0] = rows[:, 0] - (self._zero or 0.0)
        for index, column in enumerate(self._columns, start=1):
            if column is not None:
                values[:, index] = rows[:, column]
        if len(values):
            self._now = float(values[-1, 0])
        return Reading(values, applied)

    def pause(self, still: bool) -> None:
        """Stand still, or go on: a growing recording with what comes now, a finished one where it stood."""
        if self._still and not still:
            if self.grows:
                self._skip()
            self._began = self._clock() - self._now
        self._still = still

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _skip(self) -> None:
        """Go to the end of the file; what is written next follows what was shown last."""
        self._file.seek(0, 2)
        self._file.seek(max(self._file.tell() - 4096, 0))
        *_, self._rest = self._file.read().split(b"\n")
        self._waiting = self._waiting[:0]
        self._zero = None

    def _take(self) -> None:
        *lines, self._rest = (self._rest + self._file.read()).split(b"\n")
        rows = [row for line in lines if (row := self._row(line)) is not None]
        if rows:
            self._waiting = np.vstack([self._waiting, rows])

    def _row(self, line: bytes) -> list[float] | None:
        """A line as numbers; None for a damaged one, which is left out of what is only watched."""
        try:
            row = [float(cell) for cell in line.split(b",")]
        except ValueError:
            return None
        return row if len(row) == self._width else None
