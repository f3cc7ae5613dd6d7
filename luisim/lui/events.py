# SPDX-License-Identifier: GPL-3.0-or-later
"""The event loop: boards step from event to event, and a spike of one changes the inputs of others at that very moment.

Nothing is approximated: between two events every board has its closed form (:mod:`luisim.lui.neuron`), and a board whose input
changes is evaluated at that time and goes on from there. The compiled twin of this file is ``luisim/kernels/lui.c``.
"""

import heapq
from collections.abc import Iterable, Sequence
from ctypes import CDLL
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from luisim.errors import SimulationError
from luisim.experiment import Current, Pulses, Stimulus
from luisim.kernels import lui as kernel
from luisim.lui.neuron import Drive, Neuron, Piece, State
from luisim.trace import Array

_PATIENCE = 50  # events of one board without time going on
_STANDSTILL = 1e-12  # s

Changes = Sequence[tuple[float, Drive]]  # (time in s, drive from then on), in order, the first at 0
Wires = Sequence[tuple[int, int, int]]  # (source, target, input from 0)


@dataclass(frozen=True)
class Solution:
    """What one board did: ``spikes`` (n,) in s; ``pieces`` (n, 9), empty if they were not wanted.

    The columns of a piece: start (s), rates of the two exponentials (1/s), v_inf, v_fast, v_slow, s_inf, s_slow and v_out (V),
    as in :class:`~luisim.lui.neuron.Piece`.
    """

    spikes: Array
    pieces: Array

    def sample(self, times: Array) -> tuple[Array, Array, Array]:
        """Membrane potential, V_syn and output in V at ``times`` (s); at an edge of the output, the level before it."""
        start = self.pieces[:, 0]
        at = np.clip(np.searchsorted(start, times, side="left") - 1, 0, None)
        since, rate_v, rate_u, v_inf, v_fast, v_slow, s_inf, s_slow, v_out = self.pieces[at].T
        slow = np.exp(-rate_u * (times - since))
        return v_inf + v_fast * np.exp(-rate_v * (times - since)) + v_slow * slow, s_inf + s_slow * slow, v_out

    @property
    def flips(self) -> Array:
        """When the output changes its level, in s."""
        changed = np.flatnonzero(np.diff(self.pieces[:, 8])) + 1
        times: Array = self.pieces[changed, 0]
        return times


def solve(
    neurons: Sequence[Neuron],
    starts: Sequence[State],
    changes: Sequence[Changes],
    wires: Wires,
    duration: float,
    keep: Sequence[bool] | None = None,
    *,
    compiled: bool = True,
) -> tuple[Solution, ...]:
    """Run all boards for ``duration`` s. ``keep``: whose pieces are wanted (all); ``compiled``: use the kernel if there is one.

    Raises :class:`~luisim.errors.SimulationError` if events pile up without time going on.
    """
    keep = [True] * len(neurons) if keep is None else keep
    lib = kernel.library() if compiled else None
    if lib is not None:
        return _solve_compiled(lib, neurons, starts, changes, wires, duration, keep)
    return _Loop(neurons, starts, changes, wires, duration, keep).run()


def drive_changes(stimuli: Iterable[Stimulus], neuron: Neuron) -> Changes:
    """What acts on a board, as (time in s, drive from then on), in order and starting at 0.

    A pulse below the input transistor's threshold does nothing; above it its amplitude does not matter.
    """
    threshold = neuron.parameters.parts.input_threshold
    stimuli = tuple(stimuli)
    pulses = [s for s in stimuli if isinstance(s, Pulses) and s.amplitude >= threshold]
    currents = [s for s in stimuli if isinstance(s, Current)]
    windows = [(s.input - 1, on, off) for s in pulses for on, off in s.intervals]
    edges = {0.0}
    edges.update(edge for _, on, off in windows for edge in (on, off))
    edges.update(edge for s in currents for edge in (s.start, s.stop))

    def drive(time: float) -> Drive:
        high = {index for index, on, off in windows if on <= time < off}
        return Drive((0 in high, 1 in high, 2 in high), sum(s.value for s in currents if s.start <= time < s.stop))

    return [(time, drive(time)) for time in sorted(edges)]


class BoardRun:
    """One board on its way: where it is, and the piece that it is in."""

    def __init__(self, neuron: Neuron, state: State, changes: Changes, keep: bool) -> None:
        self.neuron, self.state, self.keep = neuron, state, keep
        self.changes = list(changes)
        self.next_change = 0
        self.external, self.current, self.wired = (False, False, False), 0.0, [False, False, False]
        self.now = self.due = 0.0
        self.standing = self.stamp = 0
        self.piece: Piece | None = None
        self.pieces: list[tuple[float, ...]] = []
        self.spikes: list[float] = [0.0] if state.output else []

    def drive(self) -> Drive:
        """What acts on it now, from outside and over wires."""
        a, b, c = (e or w for e, w in zip(self.external, self.wired, strict=True))
        return Drive((a, b, c), self.current)

    def restart(self, duration: float) -> None:
        """Take over the external changes up to now, then work out the next piece."""
        while self.next_change < len(self.changes) and self.changes[self.next_change][0] <= self.now:
            self.external, self.current = self.changes[self.next_change][1]
            self.next_change += 1
        limit = duration
        if self.next_change < len(self.changes):
            limit = min(limit, self.changes[self.next_change][0])
        self.piece = self.neuron.step(self.state, self.drive(), limit - self.now)
        self.due = limit if self.piece.duration >= limit - self.now else self.now + self.piece.duration
        self.stamp += 1

    def commit(self, piece: Piece, when: float) -> None:
        """The piece is over at ``when``: record it and go to its end."""
        if self.keep:
            p = piece
            self.pieces.append((self.now, p.rate_v, p.rate_u, p.v_inf, p.v_fast, p.v_slow, p.s_inf, p.s_slow, p.v_out))
        if piece.end.output and not self.state.output:
            self.spikes.append(when)
        self.standing = self.standing + 1 if piece.duration < _STANDSTILL else 0
        if self.standing > _PATIENCE:
            raise _standstill()
        self.state, self.now = piece.end, when


class _Loop:
    """All boards in the order of their next events; of equal times the board that was named first."""

    def __init__(
        self,
        neurons: Sequence[Neuron],
        starts: Sequence[State],
        changes: Sequence[Changes],
        wires: Wires,
        duration: float,
        keep: Sequence[bool],
    ) -> None:
        self.duration = duration
        self.runners = [BoardRun(*row) for row in zip(neurons, starts, changes, keep, strict=True)]
        self.targets: list[list[tuple[int, int]]] = [[] for _ in neurons]
        for source, target, connector in wires:
            self.targets[source].append((target, connector))
        self.queue: list[tuple[float, int, int]] = []

    def run(self) -> tuple[Solution, ...]:
        for runner, targets in zip(self.runners, self.targets, strict=True):
            for target, connector in targets:
                self.runners[target].wired[connector] = runner.state.output
        for index in range(len(self.runners)):
            self._restart(index)
        while self.queue:
            when, index, stamp = heapq.heappop(self.queue)
            runner = self.runners[index]
            if stamp != runner.stamp or runner.piece is None:  # another input has come in between
                continue
            before = runner.state.output
            runner.commit(runner.piece, when)
            if when >= self.duration:
                continue
            self._restart(index)
            if runner.state.output != before:
                self._tell(index, when)
        return tuple(Solution(np.array(r.spikes), np.array(r.pieces).reshape(-1, 9)) for r in self.runners)

    def _restart(self, index: int) -> None:
        runner = self.runners[index]
        runner.restart(self.duration)
        heapq.heappush(self.queue, (runner.due, index, runner.stamp))

    def _tell(self, source: int, when: float) -> None:
        """An output has changed: its targets stop where they are and go on with another input."""
        for target, connector in self.targets[source]:
            runner = self.runners[target]
            if when > runner.now:
                runner.commit(runner.neuron.step(runner.state, runner.drive(), when - runner.now), when)
            runner.wired[connector] = self.runners[source].state.output
            self._restart(target)


def _standstill() -> SimulationError:
    return SimulationError("The model makes no progress at one point in time; please report this experiment.")


def _solve_compiled(
    lib: CDLL,
    neurons: Sequence[Neuron],
    starts: Sequence[State],
    changes: Sequence[Changes],
    wires: Wires,
    duration: float,
    keep: Sequence[bool],
) -> tuple[Solution, ...]:
    boards: list[list[float]] = []
    rails: list[tuple[float, ...]] = []
    for neuron in neurons:
        boards.append([*neuron.constants(), float(len(rails))])
        rails += neuron.rails_table()
    ordered = sorted(range(len(wires)), key=lambda n: wires[n][0])  # stable: wires of one board stay in their order
    counts = np.bincount([wires[n][0] for n in ordered], minlength=len(neurons))
    rows = [[time, *map(float, drive.inputs), drive.current] for board in changes for time, drive in board]
    outcome, pieces, spikes = kernel.run(
        lib,
        np.array(boards),
        np.array(rails),
        np.array(starts, dtype=np.float64),
        np.array(rows, dtype=np.float64),
        np.array([0, *accumulate(map(len, changes))], dtype=np.int64),
        np.array([wires[n][1:] for n in ordered], dtype=np.int64).reshape(-1, 2),
        np.array([0, *np.cumsum(counts)], dtype=np.int64),
        np.array(keep, dtype=np.uint8),
        duration,
    )
    if outcome == 0:
        raise SimulationError("There is not enough memory for this run; record fewer boards or make it shorter.")
    if outcome != 1:
        raise _standstill()
    pieces, spikes = pieces[np.argsort(pieces[:, 0], kind="stable")], spikes[np.argsort(spikes[:, 0], kind="stable")]
    starts_of = np.searchsorted(spikes[:, 0], np.arange(len(neurons) + 1))
    pieces_of = np.searchsorted(pieces[:, 0], np.arange(len(neurons) + 1))
    return tuple(
        Solution(spikes[starts_of[n] : starts_of[n + 1], 1], pieces[pieces_of[n] : pieces_of[n + 1], 1:])
        for n in range(len(neurons))
    )
