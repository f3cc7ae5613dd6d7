# SPDX-License-Identifier: GPL-3.0-or-later
"""Views: which curves of which sources go into which pane, and which stretch of time shows them well. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, get_args

import numpy as np

from luisim import measure
from luisim.compare import aligned_residual
from luisim.errors import ParameterError
from luisim.experiment import Current, Experiment, Pulses
from luisim.hicannx.parameters import HicannX
from luisim.lui.network import as_network, stimuli_of
from luisim.trace import Trace
from tui import neurons
from tui.render import Curve, Window
from tui.widgets.chart import Mark, Note, Pane
from tui.widgets.source import Source

ViewName = Literal["overlay", "aligned", "lanes"]
VIEWS: tuple[ViewName, ...] = get_args(ViewName)

_INTERVALS = 4.0  # shown at once: with more than five, 80 columns become a block; with one, no rhythm is seen
_PULSE = 16e-3  # s, of an output
# the voltage axis ends on multiples of the first, so that it seldom moves while a knob does; the second is no reason for more
_GRIDS = {"V": (0.25, 0.05), "LSB": (50.0, 10.0)}
_WIDTHS = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


@dataclass(frozen=True)
class Reach:
    """A stretch of time, in s."""

    start: float
    stop: float

    @property
    def width(self) -> float:
        """How long it is."""
        return self.stop - self.start


class Drawn(NamedTuple):
    """A source that a view can show: its ink, itself, its trace, and the time (s) of the trace that the view puts at 0."""

    ink: int
    source: Source
    trace: Trace
    start: float


def origin(trace: Trace, view: ViewName, zero: float = 0.0) -> float:
    """The time of ``trace`` that the view puts at 0; NaN if the trace has no spike to align on."""
    if view != "aligned":
        return zero
    spikes = measure.spikes(trace)
    return float(spikes[0]) if spikes.size else float("nan")


def drawn(sources: Sequence[Source], view: ViewName, zero: float = 0.0) -> list[Drawn]:
    """What the view can show; ``zero``: the time (s) that the trigger has put at 0. Sources of another unit than the first
    one's cannot share its axis and are left out.
    """
    found = []
    for ink, source in enumerate(sources):
        if source.shown and source.trace is not None and not np.isnan(start := origin(source.trace, view, zero)):
            found.append(Drawn(ink, source, source.trace, start))
    return [one for one in found if one.trace.unit == found[0].trace.unit]


def reach(shown: Sequence[Drawn], duration: float) -> Reach:
    """From the first to the last sample that the view can show."""
    ends = [(float(one.trace.time[0]) - one.start, float(one.trace.time[-1]) - one.start) for one in shown]
    return Reach(min((e[0] for e in ends), default=0.0), max((e[1] for e in ends), default=duration))


def fit(shown: Sequence[Drawn], view: ViewName, duration: float) -> Reach:
    """Four inter-spike intervals from the start, or one and a half around the spike; everything if nothing repeats."""
    whole = reach(shown, duration)
    gaps = [measure.intervals(measure.spikes(one.trace)) for one in shown]
    isi = max((float(np.mean(g)) for g in gaps if g.size), default=0.0)
    if isi == 0.0:
        return whole
    if view == "aligned":
        return Reach(max(whole.start, -0.75 * isi), min(whole.stop, 0.75 * isi))
    return Reach(whole.start, min(whole.stop, whole.start + _round_up(_INTERVALS * isi)))


def _round_up(width: float) -> float:
    power = 10.0 ** np.floor(np.log10(width))
    return float(next(power * w for w in _WIDTHS if power * w >= width * (1 - 1e-9)))


def panes(
    shown: Sequence[Drawn],
    view: ViewName,
    rows: int,
    *,
    residual: bool,
    vertical: tuple[float, float] | None = None,
    notes: tuple[Note, ...] = (),
    level: float | None = None,
) -> list[Pane]:
    """What to draw on ``rows`` rows; ``residual``: with a pane for the differences from the first source.

    ``vertical``: ends of the voltage axis, by default what holds all traces. ``notes``, ``level``: of the first source.
    """
    lane = max(3, rows // 4) if residual else 0
    low, high = vertical or voltage_range([one.trace for one in shown])
    unit = shown[0].trace.unit if shown else "V"
    curves = [
        Curve(
            one.trace.time - one.start,
            one.trace.signals[one.trace.membrane],
            one.ink,
            (1, 1) if view == "lanes" else one.source.look.dash,
            tuple((start - one.start, stop - one.start) for start, stop in one.trace.gaps),
        )
        for one in shown
    ]
    if view == "lanes" and curves:
        heights = [len(part) for part in np.array_split(np.arange(rows - lane), len(curves))]
        found = [Pane((curve,), low, high, height, unit=unit) for curve, height in zip(curves, heights, strict=True)]
    else:
        found = [Pane(tuple(curves), low, high, rows - lane, unit=unit)]
    found[0] = replace(found[0], notes=notes, level=level)
    if lane:
        found.append(_residual(shown, lane, unit))
    return found


def marks(shown: Sequence[Drawn], window: Window, *, plain: bool = False) -> list[Mark]:
    """The spikes of all sources that lie in the ``window``, what matters most first."""
    found = []
    for one in shown:
        glyph = one.source.look.plain_glyph if plain else one.source.look.glyph
        times = measure.spikes(one.trace) - one.start
        inside = times[(times >= window.start - window.cell) & (times <= window.stop)]
        found += [Mark(time, glyph, one.ink) for time in inside.tolist()]
    return found


def raster(shown: Sequence[Drawn], board: str, rows: int, *, plain: bool = False) -> list[tuple[str, list[Mark]]]:
    """(name, spikes) of the boards of a network, at most ``rows`` of them: those around ``board``, which has a pointer."""
    wholes = [(one, one.source.whole) for one in shown if one.source.whole is not None]
    names = next((whole.boards for _, whole in wholes), ())
    if board not in names:
        return []
    first = min(max(0, names.index(board) - rows // 2), max(0, len(names) - rows))
    found = []
    for name in names[first : first + rows]:
        spikes = [
            Mark(float(time) - one.start, one.source.look.plain_glyph if plain else one.source.look.glyph, one.ink)
            for one, whole in wholes
            for time in whole.spikes.get(name, np.empty(0))
        ]
        found.append((f"{'>' if name == board else ''}{name}", spikes))
    return found


def inputs(experiment: Experiment[Any], board: str, sources: Sequence[Source] = ()) -> list[tuple[float, float, str]]:
    """(start, stop, label) of what goes into ``board``: the numbers of the inputs, or I for a current.

    In a network the pulses that come over its wires too, as the first of ``sources`` has them.
    """
    if isinstance(experiment.device, HicannX):
        return neurons.inputs(experiment)
    pulses: dict[tuple[float, float], set[int]] = {}
    stimuli = stimuli_of(experiment, board)
    for stimulus in stimuli:
        if isinstance(stimulus, Pulses):
            for window in stimulus.intervals:
                pulses.setdefault(window, set()).add(stimulus.input)
    network = as_network(experiment.device)
    whole = next((source.whole for source in sources if source.visible and source.whole is not None), None)
    for wire in network.wires:
        if wire.target == board and whole is not None:
            for start in whole.spikes.get(wire.source, np.empty(0)):
                pulses.setdefault((float(start), float(start) + _PULSE), set()).add(wire.input)
    found = [(s.start, min(s.stop, experiment.duration), "I") for s in stimuli if isinstance(s, Current)]
    found += [(*window, "".join(map(str, sorted(connectors)))) for window, connectors in sorted(pulses.items())]
    return found


def voltage_range(traces: Sequence[Trace]) -> tuple[float, float]:
    """Ends of the voltage axis that hold all traces, in their unit."""
    if not traces:
        return 0.0, 1.5
    grid, slack = _GRIDS[traces[0].unit]
    low = min(float(trace.signals[trace.membrane].min()) for trace in traces)
    high = max(float(trace.signals[trace.membrane].max()) for trace in traces)
    # a recording's 0 V may read some mV below 0: no reason for another quarter of a volt
    bottom = grid * np.floor((low + slack) / grid)
    top = max(grid * np.ceil((high + slack / 5) / grid), bottom + 2 * grid)
    return float(min(bottom, low)), float(top)


def _residual(shown: Sequence[Drawn], rows: int, unit: str) -> Pane:
    """Each source minus the first, each spike laid over its counterpart: otherwise a late spike would be all that is seen."""
    curves = []
    for one in shown[1:]:
        reference = shown[0]
        try:
            time, values = aligned_residual(reference.trace, one.trace)
        except ParameterError:  # they do not overlap
            continue
        order = np.argsort(time, kind="stable")
        curves.append(Curve(time[order] - reference.start, values[order], one.ink, one.source.look.dash))
    # resets that come a sample early would otherwise set the scale
    size = max((float(np.quantile(np.abs(curve.values), 0.95)) for curve in curves), default=0.0)
    limit = _round_up(max(size * 1.2, _GRIDS[unit][0] / 250))
    return Pane(tuple(curves), -limit, limit, rows, "Δ", unit)
