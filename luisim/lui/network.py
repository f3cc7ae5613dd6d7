# SPDX-License-Identifier: GPL-3.0-or-later
"""LuiNetwork: several boards on one desk, and the jumper wires between them."""

import re
from dataclasses import dataclass

from luisim.errors import ParameterError
from luisim.experiment import Current, Experiment, Pulses, Stimulus
from luisim.lui.parameters import LuiBoard

INPUTS = 3
_NAME = re.compile(r"[A-Za-z0-9_]{1,16}")


@dataclass(frozen=True)
class Wire:
    """From the output of board ``source`` into input number ``input`` (from 1) of board ``target``; boards by name."""

    source: str
    target: str
    input: int

    def __post_init__(self) -> None:
        if not 1 <= self.input <= INPUTS:
            raise ParameterError(f"input = {self.input} of a wire is out of range: allowed is 1 to {INPUTS}.")


@dataclass(frozen=True)
class LuiNetwork:
    """The device of an experiment on several boards: their ``names``, the ``boards`` themselves, and the ``wires``.

    Every board has its own cell; all share ground. Raises :class:`~luisim.errors.ParameterError` for names that are not
    unique or not plain words, for wires to boards that are not there, and for two wires into one input.
    """

    names: tuple[str, ...]
    boards: tuple[LuiBoard, ...]
    wires: tuple[Wire, ...] = ()

    def __post_init__(self) -> None:
        if not self.boards or len(self.names) != len(self.boards):
            raise ParameterError("A network needs at least one board, and a name for each of them.")
        for name in self.names:
            if not _NAME.fullmatch(name):
                raise ParameterError(f"name = {name!r} of a board is not allowed: up to 16 letters, digits and underscores.")
            if self.names.count(name) > 1:
                raise ParameterError(f"Two boards are named {name!r}: give each its own name.")
        taken: set[tuple[str, int]] = set()
        for wire in self.wires:
            for end in (wire.source, wire.target):
                if end not in self.names:
                    raise ParameterError(f"A wire names the board {end!r}, but there are only {', '.join(self.names)}.")
            if (wire.target, wire.input) in taken:
                raise ParameterError(
                    f"Two wires lead into input {wire.input} of {wire.target!r}; an input takes one, so use another input."
                )
            taken.add((wire.target, wire.input))


Lui = LuiBoard | LuiNetwork


def as_network(device: Lui) -> LuiNetwork:
    """A network as it is, a single board as the network of one, named ``out`` as its spikes are."""
    return device if isinstance(device, LuiNetwork) else LuiNetwork(("out",), (device,))


def prefix(device: Lui, name: str) -> str:
    """What stands before ``v_mem`` in a trace: the board's name and a dot in a network, nothing for a single board."""
    return f"{name}." if isinstance(device, LuiNetwork) else ""


def recorded(experiment: Experiment[Lui]) -> tuple[str, ...]:
    """Names of the boards whose signals are wanted, in the order of the network."""
    names = as_network(experiment.device).names
    return names if experiment.record is None else tuple(name for name in names if name in experiment.record)


def stimuli_of(experiment: Experiment[Lui], name: str) -> tuple[Stimulus, ...]:
    """What is done to one board."""
    alone = not isinstance(experiment.device, LuiNetwork)
    return tuple(s for s in experiment.stimuli if isinstance(s, Pulses | Current) and (alone or s.board == name))
