# SPDX-License-Identifier: GPL-3.0-or-later
"""The shipped networks do their job: on the model, on the circuit, and with trimmers that are a few percent off."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from luisim.experiment import Experiment
from luisim.lui.circuit import LuiCircuit
from luisim.lui.model import LuiModel
from luisim.lui.network import Lui, LuiNetwork
from luisim.trace import Array, Trace
from tui.backends import load_experiment

Spikes = dict[str, Array]


def order(spikes: Spikes) -> str:
    return " ".join(name for _, name in sorted((float(t), name) for name, times in spikes.items() for t in times))


def counts(times: Array, starts: list[float], width: float) -> list[int]:
    """How many spikes fall into each window of ``width`` s."""
    return [int(np.count_nonzero((times >= start) & (times < start + width))) for start in starts]


HALVES = [0.1, 0.6, 1.1, 1.6]


def chain(spikes: Spikes) -> bool:
    return order(spikes) == "a b c d e"


def ring(spikes: Spikes) -> bool:
    """Round and round in order, at least five times, with even steps."""
    times = np.sort(np.concatenate(list(spikes.values())))
    steps = np.diff(times)
    return (
        min(map(len, spikes.values())) >= 5
        and ("a b c d e f g " * 50).startswith(order(spikes))
        and steps.std() < 0.2 * steps.mean()
    )


def alternation(spikes: Spikes) -> bool:
    return len(spikes["b"]) >= 3 and ("a b " * 50).startswith(order(spikes))


def gate(*expected: int) -> Callable[[Spikes], bool]:
    return lambda spikes: counts(spikes["out"], HALVES, 0.5) == list(expected)


def exclusive_or(spikes: Spikes) -> bool:
    """Rate with one input at least three times that with none or both."""
    none, x, y, both = counts(spikes["out"], [0.1, 1.1, 2.1, 3.1], 1.0)
    return min(x, y) >= 3 * max(none, both, 1)


def sound(spikes: Spikes) -> bool:
    """Each of the four sounds makes its own detector fire, once, and no other one."""
    table = [counts(spikes[f"C{n}"], [0.2, 0.9, 1.6, 2.3], 0.6) for n in (1, 2, 3, 4)]
    return table == np.eye(4, dtype=int).tolist()


def compass(spikes: Spikes) -> bool:
    """One O at a time; each turn hands over to the next."""
    turns = [0.0, 1.5, 3.0, 4.5, 6.0]
    table = np.array([counts(spikes[f"O{n}"], [turn + 0.5 for turn in turns], 1.0) for n in (1, 2, 3)])
    active = table.argmax(axis=0)
    return (
        active.tolist() == [0, 1, 2, 0, 1]
        and bool(np.all(np.sort(table, axis=0)[:2] == 0))
        and bool(np.all(table.max(axis=0) >= 2))
    )


JOBS: dict[str, Callable[[Spikes], bool]] = {
    "synfire-chain": chain,
    "synfire-ring": ring,
    "mutual-inhibition": alternation,
    "and": gate(0, 0, 0, 1),
    "or": gate(0, 1, 1, 1),
    "not": gate(1, 0, 1, 0),
    "xor": exclusive_or,
    "jeffress": sound,
    "ring-attractor": compass,
}


def only_spikes(backend: Any, experiment: Experiment[Lui]) -> Spikes:
    trace: Trace = backend.run(replace(experiment, record=()) if isinstance(backend, LuiModel) else experiment)
    return dict(trace.spikes)


@pytest.mark.parametrize("name", JOBS)
def test_on_the_model(name: str) -> None:
    assert JOBS[name](only_spikes(LuiModel(), load_experiment(name)))


@pytest.mark.parametrize("name", JOBS)
def test_on_the_circuit_and_at_the_same_times(name: str) -> None:
    """The same spikes, within 1 ms and 0.25 % of the time since the start; at the very end one may fall out."""
    experiment = load_experiment(name)
    circuit, model = only_spikes(LuiCircuit(), experiment), only_spikes(LuiModel(), experiment)
    assert JOBS[name](circuit)
    for board, ours in circuit.items():
        theirs = model[board]
        for early, late in ((ours, theirs), (theirs, ours)):
            assert early.size >= late[late < 0.99 * experiment.duration].size
        both = min(ours.size, theirs.size)
        np.testing.assert_allclose(ours[:both], theirs[:both], atol=1e-3, rtol=2.5e-3)


@pytest.mark.parametrize("name", JOBS)
def test_with_trimmers_three_percent_off(name: str) -> None:
    """Nobody sets a trimmer better than that: eight desks out of ten must work, and all do for most networks."""
    rng = np.random.default_rng(1)
    experiment = load_experiment(name)
    network = experiment.device
    assert isinstance(network, LuiNetwork)

    def off(value: float) -> float:
        return float(value * rng.uniform(0.97, 1.03))

    done = 0
    for _ in range(10):
        boards = []
        for board in network.boards:
            p = board.parameters
            weights = (off(p.r_weight[0]), off(p.r_weight[1]), off(p.r_weight[2]))
            v_leak = p.v_leak * float(rng.uniform(0.99, 1.01))  # a volt meter at the wiper is finer than a scale
            boards.append(
                replace(board, parameters=replace(p, v_leak=v_leak, r_leak=off(p.r_leak), r_syn=off(p.r_syn), r_weight=weights))
            )
        done += JOBS[name](only_spikes(LuiModel(), replace(experiment, device=replace(network, boards=tuple(boards)))))
    assert done >= 8
