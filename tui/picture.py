# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures for paper: traces overlaid, with a lane for their difference. matplotlib is imported only when one is drawn."""

import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from luisim import measure
from luisim.compare import aligned_residual
from luisim.errors import ParameterError
from luisim.trace import Trace

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_LANES = 16

# colour-blind safe (Okabe and Ito), and told apart without colour by their dashes and spike marks
STYLES = {
    "recording": ("#0072b2", "-", "^"),
    "circuit": ("#d55e00", (0, (6, 2)), "v"),
    "model": ("#7d3c98", (0, (2, 1.5)), "D"),
}
_OTHERS = (("#009e73", "-.", "s"), ("#555555", ":", "o"))


def draw(traces: Sequence[Trace], title: str, path: Path) -> None:
    """Write the membrane potentials of ``traces`` as a picture (PNG, SVG or PDF by the ending of ``path``).

    With two traces or more a lane below shows each minus the first, aligned on their spikes. In a network each board has a
    lane, below a raster of all spikes. Raises
    :class:`~luisim.errors.ParameterError` if the file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(layout="constrained", dpi=120)
    FigureCanvasAgg(figure)
    boards = traces[0].boards
    axes = _network(figure, traces, boards) if boards else _single(figure, traces)
    axes[0].set_title(title)
    axes[-1].set_xlabel("time (s)")
    for axis in axes:
        axis.grid(alpha=0.3)
    save(figure, path)


def save(figure: "Figure", path: Path) -> None:
    """Write a figure as PNG, SVG or PDF by the ending of ``path``. Raises :class:`~luisim.errors.ParameterError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path)
    except (OSError, ValueError) as error:
        raise ParameterError(f"{path} cannot be written ({error}); give a file that ends in .png, .svg or .pdf.") from None


def _styles(traces: Sequence[Trace]) -> list[Any]:
    others = itertools.cycle(_OTHERS)
    styles = [STYLES.get(trace.origin.partition(":")[0]) or next(others) for trace in traces]
    # dashes tell traces apart that lie over one another; one alone is easier to read without
    return styles if len(styles) > 1 else [(colour, "-", mark) for colour, _, mark in styles]


def _single(figure: "Figure", traces: Sequence[Trace]) -> list["Axes"]:
    """Traces over one another, with their spikes above and a lane of differences below."""
    figure.set_size_inches(9, 5.5)
    heights = [3, 1] if len(traces) > 1 else [1]
    axes = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    styles = _styles(traces)
    top = max(float(trace.signals[trace.membrane].max()) for trace in traces)
    for level, (trace, (colour, dashes, mark)) in enumerate(zip(traces, styles, strict=True), start=1):
        axes[0].plot(
            trace.time, trace.signals[trace.membrane], color=colour, linestyle=dashes, linewidth=1.6, label=trace.origin
        )
        times = measure.spikes(trace)
        axes[0].plot(times, [top * (1.0 + 0.05 * level)] * times.size, mark, color=colour, markersize=5, fillstyle="none")
    unit = traces[0].unit
    axes[0].set_ylabel(f"membrane potential ({unit})")
    axes[0].legend(loc="lower right")
    for trace, (colour, dashes, _) in zip(traces[1:], styles[1:], strict=True):
        time, difference = aligned_residual(traces[0], trace)
        label = f"{trace.origin} - {traces[0].origin}"
        axes[1].plot(
            time, (1e3 if unit == "V" else 1.0) * difference, color=colour, linestyle=dashes, linewidth=1.2, label=label
        )
    if len(traces) > 1:
        axes[1].set_ylabel(f"difference ({'mV' if unit == 'V' else unit})\naligned on spikes")
        axes[1].set_yscale("symlog", linthresh=10.0)
        axes[1].axhline(0.0, color="#999999", linewidth=0.8)
        axes[1].legend(loc="upper right", fontsize="small")
    return list(axes)


def _network(figure: "Figure", traces: Sequence[Trace], boards: Sequence[str]) -> list["Axes"]:
    """A lane for each board that was recorded, and all spikes at the top: a row for each board, a mark for each trace."""
    lanes = [board for board in boards if f"{board}.v_mem" in traces[0].signals][:_MOST_LANES]
    raster = max(1.0, 0.18 * len(boards))
    figure.set_size_inches(9, min(16.0, 1.5 + raster + 0.9 * len(lanes)))
    heights = [raster, *[0.9] * len(lanes)]
    axes = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    for trace, (colour, dashes, mark) in zip(traces, _styles(traces), strict=True):
        for row, board in enumerate(boards):
            times = trace.spikes.get(board, np.empty(0))
            label = trace.origin if row == 0 else None
            axes[0].plot(times, [row] * times.size, mark, color=colour, markersize=5, fillstyle="none", label=label)
        for axis, board in zip(axes[1:], lanes, strict=True):
            if f"{board}.v_mem" in trace.signals:
                axis.plot(trace.time, trace.signals[f"{board}.v_mem"], color=colour, linestyle=dashes, linewidth=1.2)
    axes[0].set_ylim(len(boards) - 0.5, -0.5)
    axes[0].set_yticks(range(len(boards)), boards, fontsize="small" if len(boards) <= 20 else 3)
    axes[0].set_ylabel("spikes")
    axes[0].set_xlim(0.0, float(traces[0].time[-1]))
    if len(traces) > 1:
        axes[0].legend(loc="upper right", fontsize="small")
    for axis, board in zip(axes[1:], lanes, strict=True):
        axis.set_ylabel(f"{board} (V)")
    return list(axes)
