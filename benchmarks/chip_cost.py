# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU seconds of one neuron circuit of the chip for 0.2 ms, against how often it fires; the model beside it.

Run it with `.venv/bin/python benchmarks/chip_cost.py`. CPU time, not wall time; what it takes to start ngspice is left out.
"""

import resource
from dataclasses import replace

from luisim.experiment import Experiment
from luisim.hicannx.circuit import HicannXCircuit
from luisim.hicannx.model import HicannXModel
from luisim.hicannx.parameters import HicannX, NeuronLsb

LIMIT = 0.1  # CPU s
DURATION = 200e-6
SHORT = 1e-6  # s simulated: a run that is nearly all start
REPEATS = 3

FIRING = NeuronLsb(
    leak_v_leak=1000,
    leak_i_bias=200,
    reset_v_reset=400,
    reset_i_bias=1022,
    reset_enable_multiplication=True,
    threshold_v_threshold=300,
    threshold_enable=True,
    membrane_capacitance_capacitance=63,
    refractory_period_refractory_time=255,
)


def cpu_seconds() -> float:
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in usage)


def cost(make: type[HicannXModel] | type[HicannXCircuit], neuron: NeuronLsb, duration: float) -> tuple[int, float]:
    """Spikes of a run and the CPU seconds from opening to closing the back end, the least of a few."""
    spikes, least = 0, float("inf")
    for _ in range(REPEATS):
        before = cpu_seconds()
        backend = make()
        spikes = backend.run(Experiment(HicannX((neuron,)), duration, (), "cost")).spikes["out"].size
        if isinstance(backend, HicannXCircuit):
            backend.close()  # only an ended child is counted
        least = min(least, cpu_seconds() - before)
    return spikes, least


def main() -> None:
    print(f"spikes in 0.2 ms   circuit   model   (CPU s; aim of the circuit: {LIMIT} s)")
    start = cost(HicannXCircuit, FIRING, SHORT)[1]
    for bias in (0, 20, 30, 40, 60, 90, 200, 1022):
        neuron = replace(FIRING, leak_i_bias=bias)
        spikes, whole = cost(HicannXCircuit, neuron, DURATION)
        of_model = cost(HicannXModel, neuron, DURATION)[1]
        seconds = whole - start
        print(f"{spikes:16d}   {seconds:7.3f}   {of_model:5.2f}   {'' if seconds <= LIMIT else 'over the limit'}".rstrip())


if __name__ == "__main__":
    main()
