# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped experiments that lessons build on."""

from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from luisim.experiment import Experiment
from luisim.experiment_file import read_toml
from luisim.lessons.model import Answers, Plan, Points, with_board
from luisim.lui.experiment_file import read_experiment
from luisim.lui.network import Lui, as_network


def shipped(name: str) -> Experiment[Lui]:
    """A shipped experiment by its name."""
    return read_experiment(read_toml(Path(str(files("luisim") / "experiments" / f"{name}.toml"))), name)


def weakened(experiment: Experiment[Lui], r_weight: float) -> Experiment[Lui]:
    """The network with all three weights of every board at ``r_weight`` (Ohm)."""
    network = as_network(experiment.device)
    for name, board in zip(network.names, network.boards, strict=True):
        experiment = with_board(experiment, replace(board.parameters, r_weight=(r_weight,) * 3), (name,))
    return experiment


def each_point(start: Experiment[Lui]) -> Plan:
    """One run of ``start`` with each of the pupil's settings."""

    def plan(points: Points, answers: Answers) -> tuple[Experiment[Lui], ...]:
        return tuple(with_board(start, point) for point in points)

    return plan
