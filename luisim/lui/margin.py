# SPDX-License-Identifier: GPL-3.0-or-later
"""Margin: how two back ends part as the leak potential comes down to the threshold, where a millivolt counts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from luisim import measure
from luisim.experiment import Backend, Experiment
from luisim.lui.closed_form import cycle
from luisim.lui.network import Lui
from luisim.lui.parameters import LuiBoard, LuiParameters
from luisim.lui.rails import VU_LAMPS, rails

MARGINS = tuple(float(margin) for margin in np.geomspace(8e-3, 1.2, 12))  # V
_R_LEAK = 10e3  # Ohm
_INTERVALS = 3.3  # that a run is long enough for


@dataclass(frozen=True)
class Margin:
    """``volts``: from the threshold up to where the membrane would rest without it. ``isi``: mean interval in s by back end."""

    volts: float
    isi: dict[str, float]

    def difference(self, first: str, second: str) -> float:
        """Relative difference of the intervals, ``second`` against ``first``."""
        return self.isi[second] / self.isi[first] - 1.0


def sweep(
    backends: Sequence[Backend[Lui]], margins: Sequence[float] = MARGINS, progress: Callable[[float], None] | None = None
) -> tuple[Margin, ...]:
    """The same board on all ``backends`` with its leak potential set for each of ``margins`` (V)."""
    found = []
    for number, margin in enumerate(margins):
        parameters = with_margin(margin)
        experiment: Experiment[Lui] = Experiment(LuiBoard(parameters), _INTERVALS * cycle(parameters).period, name="margin")
        spikes = {backend.name: measure.spikes(backend.run(experiment)) for backend in backends}
        # the first interval starts from 0 V and not from a reset
        found.append(Margin(margin, {name: float(np.mean(np.diff(times))) for name, times in spikes.items()}))
        if progress is not None:
            progress((number + 1) / len(margins))
    return tuple(found)


def with_margin(margin: float) -> LuiParameters:
    """The nominal board whose membrane would rest ``margin`` V above its threshold."""
    nominal = LuiParameters(v_leak=0.6, r_leak=_R_LEAK)
    above = cycle(nominal).rest - rails(nominal, VU_LAMPS).threshold
    return LuiParameters(v_leak=nominal.v_leak + (margin - above) / nominal.vdd, r_leak=_R_LEAK)
