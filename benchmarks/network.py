# SPDX-License-Identifier: GPL-3.0-or-later
"""1,000 boards in a random network for 60 s on the model: CPU seconds, and how far the spikes of a finer run are off.

Run it with `.venv/bin/python benchmarks/network.py`. The model has no step of its own; shorter ones are forced by cutting every
board at each 50 ms with a change of its drive to what it already is.
"""

import resource

import numpy as np

from luisim.kernels.lui import library
from luisim.lui.events import Changes, Solution, solve
from luisim.lui.neuron import Drive, Neuron
from luisim.lui.parameters import LuiParameters

BOARDS, INPUTS_WIRED, DURATION, SEED = 1000, 3, 60.0, 1
CUT = 50e-3  # s


def random_network(boards: int, seed: int) -> tuple[list[Neuron], list[tuple[int, int, int]]]:
    """Boards with all trimmers and switches drawn, and three random wires into each."""
    rng = np.random.default_rng(seed)
    wires = [(int(rng.integers(boards)), target, n) for target in range(boards) for n in range(INPUTS_WIRED)]
    loads = np.bincount([source for source, _, _ in wires], minlength=boards)
    neurons = []
    for load in loads:
        sign = rng.choice([1, -1], 3)
        parameters = LuiParameters(
            v_leak=rng.uniform(0.3, 0.9),
            r_leak=rng.uniform(5e3, 50e3),
            r_syn=rng.uniform(1e3, 22e3),
            r_weight=tuple(map(float, rng.uniform(1e3, 22e3, 3))),  # type: ignore[arg-type]
            sign=(int(sign[0]), int(sign[1]), int(sign[2])),
        )
        neurons.append(Neuron(parameters, int(load)))
    return neurons, wires


def timed(
    duration: float, changes: Changes, *, compiled: bool = True, boards: int = BOARDS
) -> tuple[tuple[Solution, ...], float]:
    """All solutions, and CPU s."""
    neurons, wires = random_network(BOARDS, SEED)
    rng = np.random.default_rng(SEED)
    starts = [neuron.rest(float(rng.uniform(0.0, 1.4))) for neuron in neurons]
    before = resource.getrusage(resource.RUSAGE_SELF)
    found = solve(neurons, starts, [changes] * BOARDS, wires, duration, [False] * BOARDS, compiled=compiled)
    after = resource.getrusage(resource.RUSAGE_SELF)
    return found, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    quiet: Changes = [(0.0, Drive())]
    print("kernel compiled:", library() is not None)
    coarse, cost = timed(DURATION, quiet)
    count = sum(len(s.spikes) for s in coarse)
    print(f"{BOARDS} boards, {DURATION:g} s: {count} spikes, {cost:.2f} CPU s")
    cuts: Changes = [(CUT * n, Drive()) for n in range(round(DURATION / CUT))]
    fine, cost = timed(DURATION, cuts)
    same = all(a.spikes.size == b.spikes.size for a, b in zip(coarse, fine, strict=True))
    pairs = [(a.spikes, b.spikes) for a, b in zip(coarse, fine, strict=True) if a.spikes.size == b.spikes.size]
    worst = max(float(np.max(np.abs(a - b), initial=0.0)) for a, b in pairs)
    print(f"cut at every {1e3 * CUT:g} ms: {cost:.2f} CPU s, counts equal: {same}, worst spike {worst:.2g} s off")
    _, cost = timed(1.0, quiet, compiled=False)
    print(f"without the kernel: {cost:.2f} CPU s for 1 s")


if __name__ == "__main__":
    main()
