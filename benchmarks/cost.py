# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU seconds per simulated second: one board that fires at about 4 Hz, and a ring of three, on the model and on the circuit.

Run it with `.venv/bin/python benchmarks/cost.py`. CPU time, not wall time, so that a busy machine does not matter.
"""

import resource
from dataclasses import replace

from luisim.experiment import Backend, Experiment, Pulses
from luisim.lui.circuit import LuiCircuit
from luisim.lui.model import LuiModel
from luisim.lui.network import Lui, LuiNetwork, Wire
from luisim.lui.parameters import LuiBoard, LuiParameters

SHORT = 1.0  # s simulated; the difference from a longer run leaves start-up out


def cpu_seconds() -> float:
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in usage)


def cost(make: type[LuiModel] | type[LuiCircuit], experiment: Experiment[Lui], duration: float) -> float:
    before = cpu_seconds()
    backend: Backend[Lui] = make()
    backend.run(replace(experiment, duration=duration))
    if isinstance(backend, LuiCircuit):
        backend.close()  # only an ended child is counted
    return cpu_seconds() - before


def ring_of_three() -> Experiment[Lui]:
    """A spike that goes round and round, at 8 Hz."""
    board = LuiBoard(LuiParameters(v_leak=0.42, r_leak=3e3, r_syn=5e3, r_weight=(1e3, 1e3, 1e3)), 1.26)
    wires = (Wire("a", "b", 1), Wire("b", "c", 1), Wire("c", "a", 1))
    kick = Pulses(2, (0.05,), board="a")
    return Experiment(LuiNetwork(("a", "b", "c"), (board, board, board), wires), 1.0, (kick,), "ring of three at 8 Hz")


def main() -> None:
    one: Experiment[Lui] = Experiment(LuiBoard(LuiParameters(v_leak=0.8, r_leak=10e3)), 1.0, name="one board at 4.4 Hz")
    for experiment, long in ((one, 21.0), (ring_of_three(), 5.0)):
        print(experiment.name)
        for make in (LuiModel, LuiCircuit):
            start = min(cost(make, experiment, SHORT) for _ in range(3))
            whole = min(cost(make, experiment, long) for _ in range(3))
            print(f"  {make.name:8} {(whole - start) / (long - SHORT):.4f} CPU s per simulated s, start {start:.2f} CPU s")


if __name__ == "__main__":
    main()
