# SPDX-License-Identifier: GPL-3.0-or-later
"""Trigger: the times at which a signal crosses a level, as an oscilloscope's trigger finds them. Pure functions."""

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from luisim.errors import ParameterError
from luisim.trace import Array

Edge = Literal["rising", "falling"]
Mode = Literal["off", "auto", "normal", "single"]
MODES: tuple[Mode, ...] = get_args(Mode)


@dataclass(frozen=True)
class Trigger:
    """Fires where the signal crosses ``level`` on its ``edge``; after that it must first go back by ``hysteresis``.

    ``level``, ``hysteresis``: in the signal's unit. Raises :class:`ParameterError` for a negative or infinite one.
    """

    mode: Mode = "off"
    level: float = 0.75
    edge: Edge = "rising"
    hysteresis: float = 0.05

    def __post_init__(self) -> None:
        if not (np.isfinite(self.level) and np.isfinite(self.hysteresis) and self.hysteresis >= 0.0):
            raise ParameterError(
                f"A trigger at {self.level} with a hysteresis of {self.hysteresis} is none; give two numbers, the second not"
                " negative."
            )

    def next_mode(self) -> "Trigger":
        """Off, auto, normal, single, and off again."""
        return replace(self, mode=MODES[(MODES.index(self.mode) + 1) % len(MODES)])

    def other_edge(self) -> "Trigger":
        """The same on the other edge."""
        return replace(self, edge="falling" if self.edge == "rising" else "rising")

    def times(self, time: Array, values: Array) -> Array:
        """Every crossing, in s, interpolated between two samples. ``time``, ``values``: (n,)."""
        sign = 1.0 if self.edge == "rising" else -1.0
        height = sign * (values - self.level)
        # +1 where it is over the level, -1 where it has gone back far enough, 0 in between: there the last one still holds
        state = np.where(height >= 0.0, 1, np.where(height < -self.hysteresis, -1, 0))
        if self.hysteresis == 0.0:
            state = np.where(height >= 0.0, 1, -1)
        known = np.maximum.accumulate(np.where(state != 0, np.arange(state.size), -1))
        held = np.where(known >= 0, state[known], 0)
        crossed = np.flatnonzero((held[:-1] == -1) & (held[1:] == 1))
        rise = height[crossed + 1] - height[crossed]
        part = np.where(rise > 0.0, -height[crossed] / np.where(rise > 0.0, rise, 1.0), 1.0)
        return time[crossed] + np.clip(part, 0.0, 1.0) * (time[crossed + 1] - time[crossed])


def latest(times: Array, before: float) -> float | None:
    """The newest of ``times`` (s, increasing) that is not after ``before``: whose picture is complete by now."""
    index = int(np.searchsorted(times, before, side="right")) - 1
    return float(times[index]) if index >= 0 else None
