# SPDX-License-Identifier: GPL-3.0-or-later
"""RecordedLui: a recording of a board as a back end, so that what was measured once can be compared again and again."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from firmware_bridge.following import Following
from firmware_bridge.recording import read_recording, recordings_folder
from luisim.errors import ParameterError, UnsupportedExperiment
from luisim.experiment import Experiment
from luisim.lui.network import Lui
from luisim.quantity import quantities
from luisim.trace import Trace
from luisim.trace_files import read_csv

SHIPPED = Path(__file__).parent / "recordings"
_BY_HAND = "# by hand:"
_LONGEST = quantities(Experiment)["duration"].high  # s


def shipped_recordings() -> tuple[str, ...]:
    """Names of the recordings that come with luisim."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.csv") if not path.stem.endswith(".spikes")))


class RecordedLui:
    """Plays a recorded board: ``source`` is a folder that was recorded, a CSV file, or the name of a shipped recording.

    The file is read again at each run, so a recording that grows is followed. Its time starts at 0 when it is played.
    """

    def __init__(self, source: str) -> None:
        shipped = SHIPPED / f"{source}.csv"
        self.path = shipped if source in shipped_recordings() else Path(source).expanduser()
        if not self.path.exists() and (recordings_folder() / source).is_dir():
            self.path = recordings_folder() / source
        self.name = f"recording:{source}"
        if not self.path.is_file() and not (self.path / "meta.toml").is_file():
            raise ParameterError(
                f"There is no recording {source!r}: give the path of a recorded folder or of a CSV file, or the name of a"
                f" shipped one ({', '.join(shipped_recordings())})."
            )

    def unsupported(self, experiment: Experiment[Lui]) -> str | None:
        """A recording plays beside any experiment on a board: whoever compares them says that they belong together."""
        return None

    def by_hand(self, experiment: Experiment[Lui]) -> tuple[str, ...]:
        """How the board was set when it was recorded, from the remarks in the file."""
        if self.path.is_dir():
            return ()
        with self.path.open(encoding="utf-8", errors="replace") as file:  # a file that is no text is named by run
            return tuple(line.removeprefix(_BY_HAND).strip() for line in file if line.startswith(_BY_HAND))

    @property
    def notes(self) -> tuple[tuple[float, str], ...]:
        """(time in s, text) of what a person remarked while it was recorded, on the time of its replay."""
        if not self.path.is_dir():
            return ()
        recording = read_recording(self.path)
        return tuple((at - float(recording.trace.time[0]), text) for at, text in recording.notes)

    def read(self) -> Trace:
        """All that was recorded, on its own time. Raises a :class:`~luisim.errors.LuisimError` if it cannot be read."""
        return read_recording(self.path).trace if self.path.is_dir() else read_csv(self.path)

    def live(self, experiment: Experiment[Lui]) -> Following:
        """The recorded board as it is being measured, or was. Raises :class:`UnsupportedExperiment` for a CSV file."""
        if not self.path.is_dir():
            raise UnsupportedExperiment(f"{self.name} is one picture in time; live shows folders that luisim record makes")
        return Following(self.path)

    def whole(self, experiment: Experiment[Lui]) -> Trace:
        """The recording from its start to its end, however short the experiment is: for whoever scrolls through it."""
        return self.run(replace(experiment, duration=_LONGEST))

    def run(
        self,
        experiment: Experiment[Lui],
        *,
        seed: int = 0,
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Trace:
        """The recording from its start, for as long as the experiment lasts or the recording reaches."""
        recorded = self.read()
        if "v_mem" not in recorded.signals:
            raise ParameterError(f"{self.name} holds several boards; look at it with luisim replay, or export it.")
        time = recorded.time - recorded.time[0]
        inside = time <= experiment.duration
        if np.count_nonzero(inside) < 2:
            raise ParameterError(f"The experiment is shorter than two samples of {self.name}; let it last longer.")
        signals = {name: values[inside] for name, values in recorded.signals.items()}
        spikes = {
            name: shifted[shifted <= experiment.duration]
            for name, values in recorded.spikes.items()
            if (shifted := values - recorded.time[0]).size >= 0
        }
        if progress:
            progress(1.0)
        gaps = tuple((start - recorded.time[0], stop - recorded.time[0]) for start, stop in recorded.gaps)
        return Trace(time[inside], signals, spikes, self.name, gaps=gaps)
