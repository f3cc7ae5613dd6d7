# SPDX-License-Identifier: GPL-3.0-or-later
"""Views: which curves of which sources go into which pane, and which stretch of time shows them well. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from luisim import measure
from luisim.compare import aligned_residual
from luisim.errors import ParameterError
from luisim.experiment import Current, Experiment, Pulses
from luisim.lui.network import Lui, as_network, stimuli_of
from luisim.trace import Trace
from tui.render import Curve
from tui.widgets.chart import Mark, Pane
from tui.widgets.source import Source

ViewName = Literal["overlay", "aligned", "lanes"]
VIEWS: tuple[ViewName, ...] = get_args(ViewName)

_INTERVALS = 4.0  # shown at once: with more than five, 80 columns become a block; with one, no rhythm is seen
_PULSE = 16e-3  # s, of an output
_GRID = 0.25  # V; the voltage axis ends on multiples of it, so that it seldom moves while a knob does
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


def origin(trace: Trace, view: ViewName) -> float:
    """The time of ``trace`` that the view puts at 0; NaN if the trace has no spike to align on."""
    if view != "aligned":
        return 0.0
    spikes = measure.spikes(trace)
    return float(spikes[0]) if spikes.size else float("nan")


def drawn(sources: Sequence[Source], view: ViewName) -> list[tuple[int, Source, Trace, float]]:
    """(ink, source, trace, origin) of what the view can show."""
    found = []
    for ink, source in enumerate(sources):
        if source.shown and source.trace is not None and not np.isnan(start := origin(source.trace, view)):
            found.append((ink, source, source.trace, start))
    return found


def reach(sources: Sequence[Source], view: ViewName, duration: float) -> Reach:
    """From the first to the last sample that the view can show."""
    ends = [(float(trace.time[0]) - start, float(trace.time[-1]) - start) for _, _, trace, start in drawn(sources, view)]
    return Reach(min((e[0] for e in ends), default=0.0), max((e[1] for e in ends), default=duration))


def fit(sources: Sequence[Source], view: ViewName, duration: float) -> Reach:
    """Four inter-spike intervals from the start, or one and a half around the spike; everything if nothing repeats."""
    whole = reach(sources, view, duration)
    gaps = [measure.intervals(measure.spikes(trace)) for _, _, trace, _ in drawn(sources, view)]
    isi = max((float(np.mean(g)) for g in gaps if g.size), default=0.0)
    if isi == 0.0:
        return whole
    if view == "aligned":
        return Reach(max(whole.start, -0.75 * isi), min(whole.stop, 0.75 * isi))
    return Reach(whole.start, min(whole.stop, whole.start + _round_up(_INTERVALS * isi)))


def _round_up(width: float) -> float:
    power = 10.0 ** np.floor(np.log10(width))
    return float(next(power * w for w in _WIDTHS if power * w >= width * (1 - 1e-9)))


def panes(sources: Sequence[Source], view: ViewName, rows: int, *, residual: bool) -> list[Pane]:
    """What to draw on ``rows`` rows; ``residual``: with a pane for the differences from the first source."""
    shown = drawn(sources, view)
    lane = max(3, rows // 4) if residual else 0
    low, high = _range([trace for _, _, trace, _ in shown])
    curves = [
        Curve(trace.time - start, trace.signals["v_mem"], ink, (1, 1) if view == "lanes" else source.look.dash)
        for ink, source, trace, start in shown
    ]
    found = []
    if view == "lanes" and curves:
        heights = [len(part) for part in np.array_split(np.arange(rows - lane), len(curves))]
        found = [Pane((curve,), low, high, height) for curve, height in zip(curves, heights, strict=True)]
    else:
        found = [Pane(tuple(curves), low, high, rows - lane)]
    if lane:
        found.append(_residual(shown, view, lane))
    return found


def marks(sources: Sequence[Source], view: ViewName, *, plain: bool = False) -> list[Mark]:
    """The spikes of all sources, what matters most first."""
    return [
        Mark(float(time) - start, source.look.plain_glyph if plain else source.look.glyph, ink)
        for ink, source, trace, start in drawn(sources, view)
        for time in measure.spikes(trace)
    ]


def raster(
    sources: Sequence[Source], view: ViewName, board: str, rows: int, *, plain: bool = False
) -> list[tuple[str, list[Mark]]]:
    """(name, spikes) of the boards of a network, at most ``rows`` of them: those around ``board``, which has a pointer."""
    shown = [(ink, source, start) for ink, source, _, start in drawn(sources, view) if source.whole is not None]
    names = next((source.whole.boards for _, source, _ in shown if source.whole is not None), ())
    if board not in names:
        return []
    first = min(max(0, names.index(board) - rows // 2), max(0, len(names) - rows))
    found = []
    for name in names[first : first + rows]:
        spikes = [
            Mark(float(time) - start, source.look.plain_glyph if plain else source.look.glyph, ink)
            for ink, source, start in shown
            if source.whole is not None
            for time in source.whole.spikes.get(name, np.empty(0))
        ]
        found.append((f"{'>' if name == board else ''}{name}", spikes))
    return found


def inputs(experiment: Experiment[Lui], board: str, sources: Sequence[Source] = ()) -> list[tuple[float, float, str]]:
    """(start, stop, label) of what goes into ``board``: the numbers of the inputs, or I for a current.

    In a network the pulses that come over its wires too, as the first of ``sources`` has them.
    """
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


def _range(traces: Sequence[Trace]) -> tuple[float, float]:
    """Ends of the voltage axis that hold all traces."""
    if not traces:
        return 0.0, 1.5
    low = min(float(trace.signals["v_mem"].min()) for trace in traces)
    high = max(float(trace.signals["v_mem"].max()) for trace in traces)
    # a recording's 0 V may read some mV below 0: no reason for another quarter of a volt
    bottom = _GRID * np.floor((low + 0.05) / _GRID)
    top = max(_GRID * np.ceil((high + 0.01) / _GRID), bottom + 2 * _GRID)
    return float(min(bottom, low)), float(top)


def _residual(shown: list[tuple[int, Source, Trace, float]], view: ViewName, rows: int) -> Pane:
    """Each source minus the first, each spike laid over its counterpart: otherwise a late spike would be all that is seen."""
    curves = []
    for ink, source, trace, _ in shown[1:]:
        _, _, reference, start = shown[0]
        try:
            time, values = aligned_residual(reference, trace)
        except ParameterError:  # they do not overlap
            continue
        order = np.argsort(time, kind="stable")
        curves.append(Curve(time[order] - start, values[order], ink, source.look.dash))
    # resets that come a sample early would otherwise set the scale
    size = max((float(np.quantile(np.abs(curve.values), 0.95)) for curve in curves), default=0.0)
    limit = _round_up(max(size * 1.2, 1e-3))
    return Pane(tuple(curves), -limit, limit, rows, "Δ")
