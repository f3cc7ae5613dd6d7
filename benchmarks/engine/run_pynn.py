# SPDX-License-Identifier: GPL-3.0-or-later
"""A workload on PyNN with Brian2 below, in an environment of its own: W1 and W4. 1 unit is 1 ms; cm such that R is 1 MOhm."""

import numpy as np
import pyNN
import pyNN.brian2 as sim

from engine.report_line import Clock, arguments, chosen, say
from engine.workloads import DT, Lif


def main() -> None:
    given = arguments()
    clock = Clock()
    w = chosen(given)
    clock("workload")
    p = w.neuron
    assert isinstance(p, Lif)
    assert w.delay is None
    sim.setup(timestep=DT, min_delay=DT)
    # its Brian2 back end knows one refractory time for a population
    model = sim.IF_curr_exp(
        tau_m=p.tau_m,
        cm=p.tau_m,
        tau_syn_E=p.tau_e,
        tau_syn_I=p.tau_i,
        v_rest=p.e,
        v_thresh=p.theta,
        v_reset=p.v_r,
        tau_refrac=float(p.t_ref.mean()),
    )
    cells = sim.Population(p.n, model, initial_values={"v": p.start})
    if w.weights is not None:
        times = [(w.input_step[w.input_row == row] * DT).round(1).tolist() for row in range(len(w.weights))]
        sources = sim.Population(len(w.weights), sim.SpikeSourceArray(spike_times=times))
        for sign, receptor in ((1.0, "excitatory"), (-1.0, "inhibitory")):
            rows = np.flatnonzero(sign * w.row_scale > 0.0)
            triples = [(int(r), j, float(w.millivolts[r, j])) for r in rows for j in range(p.n)]
            wires = sim.FromListConnector(triples, column_names=["weight"])
            sim.Projection(sources, cells, wires, sim.StaticSynapse(delay=DT), receptor_type=receptor)
    cells.record("spikes")
    clock("build")
    sim.run(w.duration)
    trains = cells.get_data().segments[0].spiketrains
    clock("core")
    times = [np.asarray(train) for train in trains]
    whose = np.repeat(np.arange(len(times)), [len(t) for t in times])
    late = DT if w.weights is not None else 0.0
    say(given, clock, pyNN.__version__, np.concatenate(times) - late, whose, "one refractory time for all")


if __name__ == "__main__":
    main()
