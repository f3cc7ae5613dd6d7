# SPDX-License-Identifier: GPL-3.0-or-later
"""LuiModel: the back end that steps the behavioural model of a board."""

from collections.abc import Callable

import numpy as np

from luisim.experiment import Current, Experiment, Pulses
from luisim.lui.neuron import Drive, Neuron, Piece, run_pieces
from luisim.lui.parameters import LuiBoard
from luisim.trace import Array, Trace

SAMPLE_INTERVAL = 0.2e-3  # s, of the returned trace; the solution itself is exact at any time
_EDGE = 1e-6  # s, the width of a drawn output edge


class LuiModel:
    """Runs experiments on one Lu.i board in closed form; deterministic, so the seed changes nothing."""

    name = "model"

    def unsupported(self, experiment: Experiment[LuiBoard]) -> str | None:
        """The model runs every experiment on one board."""
        return None

    def by_hand(self, experiment: Experiment[LuiBoard]) -> tuple[str, ...]:
        """Nothing: the model's trimmers are numbers."""
        return ()

    def run(
        self,
        experiment: Experiment[LuiBoard],
        *,
        seed: int = 0,
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Trace:
        """Signals ``v_mem``, ``v_syn``, ``v_out`` in V, every 0.2 ms and at each event; spikes of ``out`` in s."""
        board = experiment.device
        neuron = Neuron(board.parameters)
        start = neuron.rest(board.v_mem, board.v_syn)
        pieces = run_pieces(neuron, start, drive_changes(experiment), experiment.duration)
        spikes = [0.0] if start.output else []
        output = start.output
        for now, piece in pieces:
            if piece.end.output and not output:
                spikes.append(now + piece.duration)
            output = piece.end.output
        time, signals = _sampled(pieces, experiment.duration)
        if progress:
            progress(1.0)
        return Trace(time, signals, {"out": np.array(spikes)}, self.name)


def drive_changes(experiment: Experiment[LuiBoard]) -> list[tuple[float, Drive]]:
    """What acts on the board, as (time in s, drive from then on), in order and starting at 0.

    A pulse below the input transistor's threshold does nothing; above it its amplitude does not matter.
    """
    threshold = experiment.device.parameters.parts.input_threshold
    pulses = [s for s in experiment.stimuli if isinstance(s, Pulses) and s.amplitude >= threshold]
    currents = [s for s in experiment.stimuli if isinstance(s, Current)]
    windows = [(s.input - 1, on, off) for s in pulses for on, off in s.intervals]
    edges = {0.0}
    edges.update(edge for _, on, off in windows for edge in (on, off))
    edges.update(edge for s in currents for edge in (s.start, s.stop))

    def drive(time: float) -> Drive:
        high = {index for index, on, off in windows if on <= time < off}
        return Drive((0 in high, 1 in high, 2 in high), sum(s.value for s in currents if s.start <= time < s.stop))

    return [(time, drive(time)) for time in sorted(edges) if time < experiment.duration]


def _sampled(pieces: list[tuple[float, Piece]], duration: float) -> tuple[Array, dict[str, Array]]:
    """The pieces on a grid of SAMPLE_INTERVAL, with a sample at each event and a steep edge where the output flips."""
    times: list[Array] = []
    v_mem: list[Array] = []
    v_syn: list[Array] = []
    v_out: list[Array] = []
    for index, (start, piece) in enumerate(pieces):
        stop = start + piece.duration
        first, last = int(np.ceil(start / SAMPLE_INTERVAL)), int(np.ceil(stop / SAMPLE_INTERVAL))
        ticks = SAMPLE_INTERVAL * np.arange(first, last, dtype=np.float64)
        grid: Array = np.concatenate(([start], ticks[(ticks > start + _EDGE) & (ticks < stop - _EDGE)]))
        flips = index > 0 and piece.v_out != pieces[index - 1][1].v_out
        if flips and piece.duration > 2 * _EDGE:
            grid = np.insert(grid, 1, start + _EDGE)
        mem, syn = piece.sample(grid - start)
        out = np.full(grid.shape, piece.v_out)
        if flips:
            out[0] = pieces[index - 1][1].v_out
        if piece.duration > 0.0:
            times.append(grid)
            v_mem.append(mem)
            v_syn.append(syn)
            v_out.append(out)
    start, piece = pieces[-1]
    mem, syn = piece.sample(np.array([duration - start]))
    columns = [np.concatenate((*c, end)) for c, end in ((v_mem, mem), (v_syn, syn), (v_out, [piece.v_out]))]
    time = np.append(np.concatenate(times), duration)
    keep = np.append(np.diff(time) > 0.0, True)
    return time[keep], dict(zip(("v_mem", "v_syn", "v_out"), (c[keep] for c in columns), strict=True))
