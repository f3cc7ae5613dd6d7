# SPDX-License-Identifier: GPL-3.0-or-later
"""RecordedHicannX: recordings of real neurons of 2021 as a back end, each beside the experiment that it belongs to."""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from luisim.experiment import Experiment
from luisim.hicannx.parameters import HicannX
from luisim.measure import spikes
from luisim.trace import Trace

_SHIPPED = Path(str(files("luisim"))) / "_recorded"
_CHECKOUT = Path(__file__).parents[2] / "tests" / "data" / "hicannx"

# experiment -> file, and how the neuron was set
RECORDINGS = {
    "silent-neuron": ("single_neuron_silent", "leak_v_leak 700, leak_i_bias 1022"),
    "recorded-lot": ("single_neuron_lot", "threshold 300, reset 400, refractory 255; the leak was moved by hand"),
    "recorded-girlsday-lot": ("girlsday_lot", "leak 953, leak_i_bias 196, threshold 453, reset 300, refractory 255"),
}


class RecordedHicannX:
    """Plays the recording of an experiment, from its first sample on. The real chip of 2021, read by its MADC."""

    name = "recording:chip"

    def unsupported(self, experiment: Experiment[HicannX]) -> str | None:
        """Most experiments have no recording."""
        if experiment.name in RECORDINGS:
            return None
        return "no recording here; try recorded-lot, recorded-girlsday-lot"

    def by_hand(self, experiment: Experiment[HicannX]) -> tuple[str, ...]:
        """How the neuron was set when it was recorded."""
        return tuple(f"{name}: {setting}" for name, (_, setting) in RECORDINGS.items())

    def run(
        self,
        experiment: Experiment[HicannX],
        *,
        seed: int = 0,
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Trace:
        """The recording for as long as the experiment lasts: ``v_madc`` in LSB; its spikes are found on it."""
        folder = _SHIPPED if _SHIPPED.is_dir() else _CHECKOUT
        table = np.loadtxt(folder / f"{RECORDINGS[experiment.name][0]}.csv", delimiter=",", skiprows=1)
        stamps, first = np.unique(table[:, 0], return_index=True)  # a vertical stroke of a figure has a stamp twice
        time = (stamps - stamps[0]) * 1e-6
        inside = time <= experiment.duration
        read = Trace(time[inside], {"v_madc": table[first[inside], 1]})
        return Trace(read.time, read.signals, {"out": _sharpened(read)}, self.name)


def _sharpened(read: Trace) -> NDArray[np.float64]:
    """Spike times in s off the steep fall after each peak: the peak itself is flat, and noise moves it to and fro."""
    time, v, peaks = read.time, read.signals["v_madc"], spikes(read)
    level = 0.5 * (float(v.min()) + float(v.max()))
    down = np.flatnonzero((v[:-1] >= level) & (v[1:] < level))
    falls = time[down] + (v[down] - level) / (v[down] - v[down + 1]) * (time[down + 1] - time[down])
    after = [falls[falls > peak] for peak in peaks]
    found = np.array([late[0] for late in after if late.size])
    return found - np.median(found - peaks[: found.size]) if found.size else peaks
