# SPDX-License-Identifier: GPL-3.0-or-later
"""Cursors: two upright lines that snap to a trace, and what lies between them. Pure functions on frozen values."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from luisim import measure
from luisim.trace import Array, Trace
from tui.widgets.units import si

Letter = Literal["A", "B"]
_AROUND = 2e-3  # s; a spike may be stamped this much after the peak of the membrane


@dataclass(frozen=True)
class Cursors:
    """Times of ``a`` and ``b`` on the axis that is shown, in s; None: not there. ``active``: the one that keys move."""

    a: float | None = None
    b: float | None = None
    active: Letter = "A"

    @property
    def there(self) -> tuple[tuple[float, str], ...]:
        """(time, letter) of those that are set."""
        return tuple((time, letter) for time, letter in ((self.a, "A"), (self.b, "B")) if time is not None)

    @property
    def lettered(self) -> tuple[tuple[float, str], ...]:
        """As in ``there``, with a capital letter for the active one alone."""
        return tuple((time, letter if letter == self.active else letter.lower()) for time, letter in self.there)

    @property
    def time(self) -> float | None:
        """Where the active one is."""
        return self.a if self.active == "A" else self.b

    def put(self, time: float | None, letter: Letter | None = None) -> "Cursors":
        """With the active one, or the one named ``letter``, at ``time``; it is then the active one."""
        letter = letter or self.active
        return replace(self, a=time, active="A") if letter == "A" else replace(self, b=time, active="B")

    def near(self, time: float, within: float) -> Letter | None:
        """The cursor at most ``within`` s away from ``time``."""
        close = [(abs(at - time), letter) for at, letter in self.there if abs(at - time) <= within]
        return "A" if close and min(close)[1] == "A" else "B" if close else None

    def shifted(self, by: float) -> "Cursors":
        """Both moved by ``by`` s: the axis has got another zero."""
        return replace(self, a=None if self.a is None else self.a + by, b=None if self.b is None else self.b + by)


def peaks(trace: Trace) -> Array:
    """The times in s at which the membrane is highest, one for each spike."""
    time, v = trace.time, trace.signals[trace.membrane]
    found = []
    for spike in measure.spikes(trace):
        span = slice(
            *np.searchsorted(time, (spike - _AROUND / trace.speed_up, spike + measure.SETTLE / trace.speed_up)).tolist()
        )
        found.append(float(time[span][np.argmax(v[span])]) if span.start < span.stop else float(spike))
    return np.array(found)


def snap(time: float, cell: float, trace: Trace, start: float) -> float:
    """The peak of a spike within half a ``cell`` (s) of ``time``, else the nearest sample; ``start``: of the axis, s."""
    at = time + start
    near = [peak for peak in peaks(trace) if abs(peak - at) <= cell / 2]
    if near:
        return float(min(near, key=lambda peak: abs(peak - at))) - start
    index = int(np.clip(np.searchsorted(trace.time, at), 1, trace.time.size - 1))
    before, after = float(trace.time[index - 1]), float(trace.time[index])
    return (before if at - before <= after - at else after) - start


def next_spike(time: float, direction: int, trace: Trace, start: float) -> float | None:
    """The peak of the next spike after (1) or before (-1) ``time``."""
    times = peaks(trace) - start
    times = times[times > time + 1e-9] if direction > 0 else times[times < time - 1e-9]
    return None if times.size == 0 else float(times[0] if direction > 0 else times[-1])


def fields(cursors: Cursors, trace: Trace, start: float, name: str) -> list[str]:
    """What the cursors tell about ``trace``, the most important first: differences, then both readings."""

    def level(time: float) -> float:
        return float(trace.at(trace.membrane, time + start))

    digits = 4 if cursors.a is None or cursors.b is None else 3
    shown = [f"{letter} {si(time, 's', digits)} {si(level(time), trace.unit, digits)}" for time, letter in cursors.lettered]
    if cursors.a is None or cursors.b is None:
        return [f"{name} {text}" for text in shown]
    width = cursors.b - cursors.a
    found = [f"{name} Δt {si(width, 's', 4)}", f"ΔV {si(level(cursors.b) - level(cursors.a), trace.unit, 4)}"]
    if width != 0.0:
        found.append(f"1/Δt {si(1.0 / abs(width), 'Hz', 4)}")
    return found + shown
