# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU seconds per simulated second of one board that fires at about 4 Hz, on the model and on the circuit.

Run it with `.venv/bin/python benchmarks/cost.py`. CPU time, not wall time, so that a busy machine does not matter.
"""

import resource
from dataclasses import replace

from luisim.experiment import Backend, Experiment
from luisim.lui.circuit import LuiCircuit
from luisim.lui.model import LuiModel
from luisim.lui.parameters import LuiBoard, LuiParameters

SHORT, LONG = 1.0, 21.0  # s simulated; their difference leaves start-up out


def cpu_seconds() -> float:
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in usage)


def cost(make: type[LuiModel] | type[LuiCircuit], experiment: Experiment[LuiBoard], duration: float) -> float:
    before = cpu_seconds()
    backend: Backend[LuiBoard] = make()
    backend.run(replace(experiment, duration=duration))
    if isinstance(backend, LuiCircuit):
        backend.close()  # only an ended child is counted
    return cpu_seconds() - before


def main() -> None:
    experiment = Experiment(LuiBoard(LuiParameters(v_leak=0.8, r_leak=10e3)), LONG, name="4.4 Hz")
    for make in (LuiModel, LuiCircuit):
        start = min(cost(make, experiment, SHORT) for _ in range(3))
        whole = min(cost(make, experiment, LONG) for _ in range(3))
        print(f"{make.name:8} {(whole - start) / (LONG - SHORT):.4f} CPU s per simulated s, start {start:.2f} CPU s")


if __name__ == "__main__":
    main()
