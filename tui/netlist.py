# SPDX-License-Identifier: GPL-3.0-or-later
"""A netlist of your own on the command line: run it, show its signals as a table, as curves, as JSON, as a picture."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from luisim.errors import ParameterError, SimulationError
from luisim.quantity import Quantity, format_si
from luisim.spice.allowlist import read_untrusted
from luisim.spice.netlists import deck
from luisim.spice.ngspice import Limits, Ngspice
from luisim.trace import Trace
from tui.console import columns
from tui.picture import save
from tui.render import BLANK, Curve, Window, compose
from tui.report import SCHEMA

_TIMEOUT = Quantity("s", 0.1, 86_400.0, "a day")
_ROWS, _NAME = 24, 40  # of the table, characters of a name
_LANES, _LANE_ROWS, _LANE_COLUMNS = 4, 3, 64
_COLOURS = ("#0072b2", "#d55e00", "#7d3c98", "#009e73", "#555555", "#e69f00")  # colour-blind safe (Okabe and Ito)
_DASHES = ("-", "--", ":", "-.")


def run(
    path: Path, folder: Path | None, save: Sequence[str], timeout: float, progress: Callable[[float], None] | None = None
) -> Trace:
    """The signals of a netlist that nobody has looked at: nodes under their names in V, currents as ``i(v1)`` in A.

    ``save`` names what is wanted; empty for all that the netlist saves. ``timeout`` in s. The trace has the name of the file.
    Raises :class:`ParameterError` if the netlist is refused, :class:`~luisim.errors.SimulationError` if it gives no result.
    """
    _TIMEOUT.check("timeout", timeout)
    text = deck(read_untrusted(path, folder))
    with Ngspice(Limits(cpu=int(timeout) + 10)) as ngspice:
        signals = ngspice.run(text, save=[_node(name) for name in save] or None, timeout=timeout, progress=progress)
    time = signals.pop("time")
    keep = np.append(True, np.diff(time) > 0.0)
    whole = {name: signals[name][keep] for name in (signals if save else _ordered(signals)) if signals[name].size == time.size}
    if not whole:
        raise SimulationError(f"{path.name} saves no signal: name some in .save, or leave that line out.")
    return Trace(time[keep], whole, {}, path.name)


def as_text(trace: Trace) -> str:
    """A table of all signals, and the curves of the first few."""
    rows = [["signal", "min", "max", "final"]]
    for name, values in list(trace.signals.items())[:_ROWS]:
        rows.append([name[:_NAME], *(format_si(float(v), _unit(name)) for v in (values.min(), values.max(), values[-1]))])
    more = len(trace.signals) - _ROWS
    rest = f"\n\n{more} more: name those that you want with --save." if more > 0 else ""
    head = f"{trace.origin}, {format_si(trace.duration, 's')}, {trace.time.size} points"
    return f"{head}\n\n{columns(rows)}{rest}\n\n{_curves(trace)}\n"


def as_json(trace: Trace) -> dict[str, Any]:
    """The table in SI units."""
    return {
        "schema": SCHEMA,
        "netlist": trace.origin,
        "duration": trace.duration,
        "points": int(trace.time.size),
        "signals": {
            name: {"unit": _unit(name), "min": float(v.min()), "max": float(v.max()), "final": float(v[-1])}
            for name, v in trace.signals.items()
        },
    }


def draw(trace: Trace, path: Path) -> None:
    """Write the signals as a picture (PNG, SVG or PDF by the ending of ``path``): one lane for each unit.

    Raises :class:`ParameterError` if the file cannot be written.
    """
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    matplotlib.rcdefaults()  # a matplotlibrc may lie beside a downloaded netlist
    figure = Figure(figsize=(9, 5.5), layout="constrained", dpi=120)
    FigureCanvasAgg(figure)
    shown = list(trace.signals.items())[:_ROWS]
    units = list(dict.fromkeys(_unit(name) for name, _ in shown))
    axes = figure.subplots(len(units), 1, sharex=True, squeeze=False)[:, 0]
    styles = itertools.cycle((colour, dash) for dash in _DASHES for colour in _COLOURS)
    for (name, values), (colour, dash) in zip(shown, styles, strict=False):
        axis = axes[units.index(_unit(name))]
        axis.plot(trace.time, values, color=colour, linestyle=dash, linewidth=1.4, label=_label(name))
    for axis, unit in zip(axes, units, strict=True):
        axis.set_ylabel({"V": "voltage (V)", "A": "current (A)"}.get(unit, "value"))
        axis.legend(loc="upper right", fontsize="small")
        axis.grid(alpha=0.3)
    axes[0].set_title(_label(trace.origin))
    axes[-1].set_xlabel("time (s)")
    save(figure, path)


def _label(name: str) -> str:
    """A name as matplotlib shows it: a dollar would begin a formula, an underscore would hide the curve from the legend."""
    name = name[:_NAME].replace("$", r"\$")
    return f" {name}" if name.startswith("_") else name


def _curves(trace: Trace) -> str:
    """The first signals as lanes of braille dots, each between its least and its greatest value."""
    window = Window.of(float(trace.time[0]), trace.duration, _LANE_COLUMNS)
    lanes = []
    for name, values in list(trace.signals.items())[:_LANES]:
        low, high = float(values.min()), float(values.max())
        middle, half = 0.5 * (low + high), max(0.5 * (high - low), 1e-12 + 1e-4 * abs(high))
        cells, inks = compose([Curve(trace.time, values, 0)], window, _LANE_ROWS, middle - half, middle + half)
        labels = [format_si(high, _unit(name)), name[:14], format_si(low, _unit(name))]
        for label, row, ink in zip(labels, cells, inks, strict=True):
            dots = "".join(chr(0x2800 + int(cell)) if i != BLANK else " " for cell, i in zip(row, ink, strict=True))
            lanes.append(f"{label:>14} {dots}".rstrip())
        lanes.append("")
    return "\n".join(lanes).rstrip()


def _ordered(names: Iterable[str]) -> list[str]:
    """Nodes of the circuit itself first, then its currents, then what lies inside subcircuits and devices."""
    return sorted(names, key=lambda name: ("." in name or "#" in name or name[0] == "@", name[:2] == "i(", name))


def _unit(name: str) -> str:
    return "A" if name.startswith("i(") or "[i" in name else "" if name.startswith("@") else "V"


def _node(name: str) -> str:
    """A name for ``--save``, also as in a .save line: ``v(mem)``. Raises :class:`ParameterError` for anything else."""
    name = name.lower()
    inner = name[2:-1] if name.startswith("v(") and name.endswith(")") else name
    if not inner or not all(c.isascii() and (c.isalnum() or c in "_.#@[]()+-:/!%") for c in inner):
        raise ParameterError(f"{name!r} is no name of a signal; write --save mem, --save 'i(v1)' or --save '@m1[id]'.")
    return inner
