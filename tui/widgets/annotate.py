# SPDX-License-Identifier: GPL-3.0-or-later
"""Annotations: measurements as notes at the places where they were read, and as one line of text. Pure functions."""

from collections.abc import Sequence

from luisim.measurements import Measurement
from luisim.trace import Trace
from tui.language import N_, _, decimal
from tui.render import Window
from tui.widgets.chart import Note
from tui.widgets.units import si

SYMBOLS = {
    "rate": N_("rate"),
    "isi": "ISI",
    "cv": "CV",
    "threshold": "V_th",
    "reset": "V_r",
    "refractory": "t_ref",
    "tau_mem": "τ_mem",
    "tau_syn": "τ_syn",
    "psp": "PSP",
}
_SPANS = ("isi", "refractory")
_ORDER = ("threshold", "isi", "psp", "tau_mem", "reset", "refractory", "tau_syn")  # of what finds room


def text(found: Measurement) -> str:
    """``ISI 451 ms ±1.2 ms``."""
    if not found.unit:
        return decimal(f"{SYMBOLS[found.name]} {100 * found.value:.1f} %")
    spread = f" ±{si(found.sd, found.unit, 2)}" if found.sd is not None and found.sd > 1e-4 * abs(found.value) else ""
    return f"{_(SYMBOLS[found.name])} {si(found.value, found.unit, 3)}{spread}"


def notes(found: Sequence[Measurement], trace: Trace, start: float, window: Window) -> tuple[Note, ...]:
    """A note for each measurement that was read somewhere inside ``window``; ``start``: of its axis on the trace's own, s."""
    shown = []
    for measurement in sorted((m for m in found if m.name in _ORDER), key=lambda m: _ORDER.index(m.name)):
        inside = [p for p in measurement.places if p.start - start >= window.start and p.stop - start < window.stop]
        if not inside:
            continue
        place = inside[len(inside) // 2]
        span = measurement.name in _SPANS
        at, level = place.start if span else place.stop, place.level
        if measurement.name == "tau_mem" and place.stop > place.start:  # it belongs to a stretch of the curve
            at = (place.start + place.stop) / 2
            level = float(trace.at(trace.membrane, at))
        shown.append(Note(at - start, level, text(measurement), place.stop - start if span else None))
    return tuple(shown)
