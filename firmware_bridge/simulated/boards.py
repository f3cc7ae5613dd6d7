# SPDX-License-Identifier: GPL-3.0-or-later
"""SimulatedLuis: the Lu.i boards around a simulated Arduino, as voltages that it can sample at any instant."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from firmware_bridge.errors import BoardError
from firmware_bridge.wiring import Wiring
from luisim.lui.neuron import Drive, Neuron, Piece, State
from luisim.lui.parameters import LuiBoard

_MOMENT = 1e-6  # s
Wires = Sequence[tuple[int, int, int]]

_TOO_MANY = 400  # stretches in one look ahead: a board that chatters


class Stretch(NamedTuple):
    """A closed-form piece of one board's run: when it starts (s), the state there, and the piece."""

    start: float
    before: State
    piece: Piece
    drive: Drive

    @property
    def end(self) -> float:
        """When it ends, in s."""
        return self.start + self.piece.duration


@dataclass
class _Board:
    neuron: Neuron
    state: State
    inputs: list[bool] = field(default_factory=lambda: [False, False, False])
    ahead: list[Stretch] = field(default_factory=list)
    spikes: list[float] = field(default_factory=list)


class SimulatedLuis:
    """Boards that run beside each other. ``now`` is in s.

    :meth:`look_ahead` solves the coming stretch of time without committing to it, because the Arduino may switch a stimulus
    in the middle of it; :meth:`advance` then commits to as much of it as has passed. ``wires``: jumper wires from the output
    of a board into an input of another: (source from 0, target from 0, input from 1).
    """

    def __init__(self, boards: Sequence[LuiBoard], wiring: Wiring, wires: Wires = ()) -> None:
        if len(boards) != wiring.boards:
            raise BoardError(f"The wiring is for {wiring.boards} boards, but {len(boards)} were given; give as many.")
        self.now = 0.0
        self.wiring = wiring
        self._wires = tuple(wires)
        neurons = [Neuron(board.parameters) for board in boards]
        self._boards = [_Board(n, n.rest(b.v_mem, b.v_syn)) for n, b in zip(neurons, boards, strict=True)]

    def spikes(self, board: int) -> list[float]:
        """Rising edges of the output of ``board`` (from 0) so far, in s: the truth that the Arduino tries to measure."""
        return self._boards[board].spikes

    def turn(self, boards: Sequence[LuiBoard]) -> None:
        """Turn the trimmers of all boards, as a hand would."""
        for board, turned in zip(self._boards, boards, strict=True):
            board.neuron = Neuron(turned.parameters)

    def look_ahead(self, until: float) -> list[list[Stretch]]:
        """Each board's stretches from now to ``until`` (s), with the inputs as they are."""
        for board in self._boards:
            board.ahead = []
        # boards without a wire between them need not stop at one another's events
        for group in [self._boards] if self._wires else [[board] for board in self._boards]:
            self._solve(group, until)
        return [board.ahead for board in self._boards]

    def _solve(self, group: Sequence[_Board], until: float) -> None:
        """Stretches up to ``until`` of boards that stop together at each event of one of them."""
        time, states = self.now, [board.state for board in group]
        while not group[0].ahead or (time < until and len(group[0].ahead) < _TOO_MANY):
            drives = [self._drive(board, states) for board in group]
            now = list(zip(group, states, drives, strict=True))
            pieces = [board.neuron.step(state, drive, until - time) for board, state, drive in now]
            first = min(piece.duration for piece in pieces)
            for index, (board, state, drive) in enumerate(now):
                if pieces[index].duration > first:
                    pieces[index] = board.neuron.step(state, drive, first)
                board.ahead.append(Stretch(time, state, pieces[index], drive))
            time, states = time + first, [piece.end for piece in pieces]

    def _drive(self, board: _Board, states: Sequence[State]) -> Drive:
        """What its inputs see while all boards are in ``states``."""
        inputs = list(board.inputs)
        for source, target, connector in self._wires:
            if self._boards[target] is board and states[source].output:
                inputs[connector - 1] = True
        return Drive((inputs[0], inputs[1], inputs[2]))

    def advance(self, to: float) -> None:
        """Let the boards run to ``to`` (s), which lies inside what was looked at."""
        for board in self._boards:
            for stretch in board.ahead:
                if stretch.end <= to:
                    board.state = stretch.piece.end
                    if board.state.output and not stretch.before.output:
                        board.spikes.append(stretch.end)
                elif stretch.start < to:
                    board.state = board.neuron.step(stretch.before, stretch.drive, to - stretch.start).end
        self.now = to

    def voltages(self) -> dict[int, float]:
        """Analog input -> V at it now."""
        found: dict[int, float] = {}
        for index, board in enumerate(self._boards):
            piece = board.neuron.step(board.state, Drive(), _MOMENT)  # the output's level does not depend on the inputs
            found[index] = board.state.v_mem
            if self.wiring.boards == 1:
                found[1] = piece.v_out
        return found

    def switch(self, output: int, high: bool) -> None:
        """Stimulus output ``output`` (1 to 6) of the Arduino has changed."""
        wired = self.wiring.stimulated_by(output)
        if wired is not None:
            board, connector = wired
            self._boards[board].inputs[connector - 1] = high
