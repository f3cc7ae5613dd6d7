# SPDX-License-Identifier: GPL-3.0-or-later
"""Trace: what every back end hands back, whether it solved a circuit, stepped a model or read a board."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from luisim.errors import ParameterError

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Trace:
    """Signals on one time axis, with the spikes that were seen on it.

    ``time``: (n,) in s, strictly increasing. ``signals``: name -> (n,), SI units (``v_mem``, ``v_syn``, ``v_out`` in V).
    In a network the name of the board comes first: ``a.v_mem``. ``spikes``: ``out``, in a network the name of the board, ->
    rising edges in s, increasing. ``origin``: who made it ("circuit", "model", a recording's name). ``fast``: of a chip, though
    its membrane is in V. ``gaps``: (from, to) in s where nothing was measured, such as while a board was unplugged.
    Arrays are copied and read-only. Raises :class:`ParameterError` if shapes or order are wrong.
    """

    time: Array
    signals: Mapping[str, Array]
    spikes: Mapping[str, Array] = field(default_factory=dict)
    origin: str = ""
    fast: bool = False
    gaps: tuple[tuple[float, float], ...] = ()

    def __post_init__(self) -> None:
        time = _frozen(self.time)
        if time.ndim != 1 or time.size < 2 or not np.all(np.isfinite(time)) or not np.all(np.diff(time) > 0):
            raise ParameterError("A trace needs a time column of at least two finite, strictly increasing values.")
        signals = {name: _frozen(values) for name, values in self.signals.items()}
        for name, values in signals.items():
            if values.shape != time.shape:
                raise ParameterError(f"Signal {name} has {values.size} values, but the time column has {time.size}.")
        spikes = {name: _frozen(values) for name, values in self.spikes.items()}
        for name, values in spikes.items():
            if values.ndim != 1 or np.any(np.diff(values) < 0):
                raise ParameterError(f"The spike times of {name} must be one increasing column.")
        object.__setattr__(self, "time", time)
        object.__setattr__(self, "signals", MappingProxyType(signals))
        object.__setattr__(self, "spikes", MappingProxyType(spikes))

    @property
    def membrane(self) -> str:
        """The name of the membrane's signal: ``v_madc`` (LSB of a chip's converter) if there is one, else ``v_mem`` (V)."""
        return "v_madc" if "v_madc" in self.signals else "v_mem"

    @property
    def unit(self) -> str:
        """The unit of the membrane's signal."""
        return "LSB" if self.membrane == "v_madc" else "V"

    @property
    def speed_up(self) -> float:
        """How much faster than a board, and than biology, the device runs: 1000 for the chip."""
        return 1000.0 if self.fast or self.membrane == "v_madc" else 1.0

    @property
    def duration(self) -> float:
        """From the first to the last sample, in s."""
        return float(self.time[-1] - self.time[0])

    @property
    def boards(self) -> tuple[str, ...]:
        """Names of the boards of a network, () for a single board: what stands before the dot in its signals, or has spikes."""
        if self.membrane == "v_madc":
            return ()  # the neurons of a chip are numbered, not named
        named = [name.partition(".")[0] for name in self.signals if "." in name]
        return tuple(dict.fromkeys([*named, *(name for name in self.spikes if name != "out")]))

    def board(self, name: str) -> "Trace":
        """One board of a network as the trace of a single board. Raises :class:`ParameterError` if its signals are not here."""
        start = f"{name}."
        signals = {key.removeprefix(start): values for key, values in self.signals.items() if key.startswith(start)}
        if not signals:
            recorded = dict.fromkeys(key.partition(".")[0] for key in self.signals)
            raise ParameterError(f"There are no signals of the board {name!r}; there are: {', '.join(recorded) or 'none'}.")
        return Trace(self.time, signals, {"out": self.spikes.get(name, np.empty(0))}, f"{self.origin} {name}", gaps=self.gaps)

    def at(self, signal: str, times: ArrayLike) -> Array:
        """``signal`` interpolated linearly at ``times`` (s); outside the trace its end values."""
        return np.interp(np.asarray(times, dtype=np.float64), self.time, self.signals[signal])


def _frozen(values: ArrayLike) -> Array:
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array
