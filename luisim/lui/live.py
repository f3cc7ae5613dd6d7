# SPDX-License-Identifier: GPL-3.0-or-later
"""One Lu.i board that runs on while its trimmers are turned: as the circuit, and as the model."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from luisim.errors import UnsupportedExperiment
from luisim.experiment import Experiment
from luisim.live import Pulse, Reading
from luisim.lui.events import BoardRun, Solution, drive_changes
from luisim.lui.network import INPUTS, Lui
from luisim.lui.neuron import Neuron
from luisim.lui.parameters import LuiBoard, LuiParameters
from luisim.spice.live import Live
from luisim.trace import Array

_SAMPLE_INTERVAL = 0.5e-3  # s
_EDGE = 1e-6  # s, the width of a drawn output edge

Action = Lui | Pulse


def single(device: Lui) -> LuiBoard:
    """The device as the one board that can run live. Raises :class:`UnsupportedExperiment` for a network."""
    if isinstance(device, LuiBoard):
        return device
    raise UnsupportedExperiment("Live runs one board; choose an experiment with a single board (e).")


class CircuitRun:
    """The netlist of the board in ngspice, its trimmers altered while it runs. It keeps the time."""

    leads = True

    def __init__(self, deck: str, board: LuiBoard) -> None:
        self._board = board
        self._actions: dict[int, Action] = {}
        self._live = Live(deck, ("mem", "syn", "out"))

    def do(self, action: Action, at: float | None = None) -> None:
        """Alter the resistors behind the trimmers, or the source behind an input."""
        if isinstance(action, Pulse):
            self._actions[self._live.pulse(f"vkey{action.input}", action.amplitude, action.width)] = action
            return
        board = single(action)
        old, new = resistors(self._board.parameters), resistors(board.parameters)
        if replace(board.parameters, **_turnable(self._board.parameters)) != self._board.parameters:
            raise UnsupportedExperiment("In a live circuit only the trimmers and the switches can be turned.")
        self._board = board
        ticket = self._live.alter({name: value for name, value in new.items() if value != old[name]})
        self._actions[ticket] = board

    def read(self, until: float | None = None) -> Reading[Lui]:
        """What ngspice has solved since."""
        samples = self._live.read()
        return Reading(samples.values, tuple((at, self._actions.pop(ticket)) for ticket, at in samples.applied))

    def pause(self, still: bool) -> None:
        """Halt ngspice, or let it go on."""
        (self._live.pause if still else self._live.resume)()

    def close(self) -> None:
        """End ngspice."""
        self._live.close()


def _turnable(p: LuiParameters) -> dict[str, Any]:
    """What a hand can set on the board."""
    return {name: getattr(p, name) for name in ("v_leak", "r_leak", "r_syn", "r_weight", "sign")}


def resistors(p: LuiParameters) -> dict[str, float]:
    """What stands for the trimmers and switches in ``circuits/lui/blocks``, in Ohm, under ngspice's names."""
    found = {
        "r.xboard.xleak.rrv5a": 100e3 * (1.0 - p.v_leak) + 1.0,
        "r.xboard.xleak.rrv5b": 100e3 * p.v_leak + 1.0,
        "r.xboard.xleak.rrv6": p.r_leak + 1.0,
        "r.xboard.xintegrator.rrv4": p.r_syn + 1.0,
    }
    for number, (weight, sign) in enumerate(zip(p.r_weight, p.sign, strict=True), start=1):
        # every instance of the block carries the names of the first
        place = f"r.xboard.xsynapse{number}."
        found[f"{place}rrv1"] = weight + 1e-3
        found[f"{place}rsw1a"], found[f"{place}rsw1c"] = (0.1, 1e9) if sign < 0 else (1e9, 0.1)
    return found


class ModelRun:
    """The model of the board, stepped on from the state that it has come to."""

    leads = False

    def __init__(self, experiment: Experiment[Lui], clock: Callable[[], float] = time.monotonic) -> None:
        board = single(experiment.device)
        neuron = Neuron(board.parameters)
        self._run = BoardRun(neuron, neuron.rest(board.v_mem, board.v_syn), drive_changes(experiment.stimuli, neuron), True)
        self._todo: list[tuple[float, Action]] = []
        self._ends = [0.0] * INPUTS  # of the pulses, s
        self._sampled = -1  # number of the last sample on the grid
        self._clock, self._began, self._still = clock, clock(), False

    def do(self, action: Action, at: float | None = None) -> None:
        """Turn or pulse as soon as the time has come."""
        if not isinstance(action, Pulse):
            single(action)
        self._todo.append((self._run.now if at is None else at, action))

    def read(self, until: float | None = None) -> Reading[Lui]:
        """Step up to the present or to ``until``."""
        if until is None:
            until = self._run.now if self._still else self._clock() - self._began
        else:
            self._began = self._clock() - until  # should it have to keep the time later on
        applied: list[tuple[float, Action]] = []
        while self._todo and self._todo[0][0] <= until:
            at, action = self._todo.pop(0)
            self._advance(at)
            self._apply(action)
            applied.append((self._run.now, action))
        self._advance(until)
        return Reading(self._samples(), tuple(applied))

    def pause(self, still: bool) -> None:
        """Stop the clock, or let it go on."""
        if still and not self._still:
            self._advance(self._clock() - self._began)
        if self._still and not still:
            self._began = self._clock() - self._run.now
        self._still = still

    def close(self) -> None:
        """Nothing to end."""

    def _apply(self, action: Action) -> None:
        run = self._run
        if isinstance(action, Pulse):
            if action.amplitude >= run.neuron.parameters.parts.input_threshold:
                run.wired[action.input - 1] = True
                self._ends[action.input - 1] = run.now + action.width
        else:
            run.neuron = Neuron(single(action).parameters)

    def _advance(self, until: float) -> None:
        """Step on, with a stop at the end of each pulse."""
        ends = sorted({end for end in self._ends if self._run.now < end <= until})
        for stop in (*ends, until):
            while self._run.now < stop:
                self._run.restart(stop)
                assert self._run.piece is not None
                self._run.commit(self._run.piece, self._run.due)
            self._run.wired = [high and end > self._run.now for high, end in zip(self._run.wired, self._ends, strict=True)]

    def _samples(self) -> Array:
        """From the pieces since the last call, of which only the last is kept."""
        run = self._run
        if not run.pieces:
            return np.empty((0, 4))
        solution = Solution(np.array(run.spikes), np.array(run.pieces))
        before, last = self._sampled * _SAMPLE_INTERVAL, int(run.now / _SAMPLE_INTERVAL)
        grid = _SAMPLE_INTERVAL * np.arange(self._sampled + 1, last + 1)
        flips = solution.flips
        times = np.unique(np.concatenate([grid, flips, flips + _EDGE]))
        times = times[(times > before + 2 * _EDGE) & (times <= last * _SAMPLE_INTERVAL)]
        run.pieces[:-1], run.spikes[:], self._sampled = [], [], max(last, self._sampled)
        return np.column_stack([times, *solution.sample(times)])
