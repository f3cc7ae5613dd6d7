# SPDX-License-Identifier: GPL-3.0-or-later
"""LuiModel: the back end that steps the behavioural model of one board or of a network."""

from collections import Counter
from collections.abc import Callable, Iterable

import numpy as np

from luisim.errors import UnsupportedExperiment
from luisim.experiment import Experiment
from luisim.lui.events import Solution, drive_changes, solve
from luisim.lui.live import ModelRun
from luisim.lui.network import Lui, as_network, prefix, recorded, stimuli_of
from luisim.lui.neuron import Neuron
from luisim.trace import Array, Trace

SAMPLE_INTERVAL = 0.2e-3  # s, of the returned trace; the solution itself is exact at any time
_EDGE = 1e-6  # s, the width of a drawn output edge
_MOST_SAMPLES = 100_000_000  # of all signals together: 800 MB


class LuiModel:
    """Runs experiments on Lu.i boards in closed form; deterministic, so the seed changes nothing."""

    name = "model"

    def unsupported(self, experiment: Experiment[Lui]) -> str | None:
        """The model runs every experiment whose recorded signals fit into the memory."""
        samples = 3 * len(recorded(experiment)) * experiment.duration / SAMPLE_INTERVAL
        if samples > _MOST_SAMPLES:
            return 'That is too much to record; add a line such as record = ["a", "b"] (or record = [] for spikes alone).'
        return None

    def by_hand(self, experiment: Experiment[Lui]) -> tuple[str, ...]:
        """Nothing: the model's trimmers are numbers."""
        return ()

    def run(
        self,
        experiment: Experiment[Lui],
        *,
        seed: int = 0,
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Trace:
        """Signals ``v_mem``, ``v_syn``, ``v_out`` in V, every 0.2 ms and at each spike; spikes of ``out`` in s.

        In a network signals and spikes carry the names of the boards: ``a.v_mem``, ``a``.
        """
        reason = self.unsupported(experiment)
        if reason is not None:
            raise UnsupportedExperiment(reason)
        network, wanted = as_network(experiment.device), recorded(experiment)
        place = {name: index for index, name in enumerate(network.names)}
        loads = Counter(wire.source for wire in network.wires)
        neurons = [Neuron(b.parameters, loads[name]) for name, b in zip(network.names, network.boards, strict=True)]
        solutions = solve(
            neurons,
            [neuron.rest(board.v_mem, board.v_syn) for neuron, board in zip(neurons, network.boards, strict=True)],
            [drive_changes(stimuli_of(experiment, name), neuron) for name, neuron in zip(network.names, neurons, strict=True)],
            [(place[w.source], place[w.target], w.input - 1) for w in network.wires],
            experiment.duration,
            [name in wanted for name in network.names],
        )
        named = dict(zip(network.names, solutions, strict=True))
        time = _times([named[name] for name in wanted], experiment.duration)
        signals: dict[str, Array] = {}
        for name in wanted:
            before = prefix(experiment.device, name)
            columns = named[name].sample(time)
            signals |= {f"{before}{s}": column for s, column in zip(("v_mem", "v_syn", "v_out"), columns, strict=True)}
        if progress:
            progress(1.0)
        return Trace(time, signals, {name: solution.spikes for name, solution in named.items()}, self.name)

    def live(self, experiment: Experiment[Lui]) -> ModelRun:
        """Start the board of ``experiment``, to be turned while it runs."""
        return ModelRun(experiment)


def _times(solutions: Iterable[Solution], duration: float) -> Array:
    """A grid of SAMPLE_INTERVAL, and two samples at each edge of an output: the last of before and the first of after."""
    flips = np.concatenate([np.empty(0), *(solution.flips for solution in solutions)])
    grid = SAMPLE_INTERVAL * np.arange(np.ceil(duration / SAMPLE_INTERVAL))
    times: Array = np.unique(np.concatenate([grid, flips, flips + _EDGE, [duration]]))
    times = times[times <= duration]
    distinct: Array = times[np.append(True, np.diff(times) > 1e-9)]
    return distinct
