# SPDX-License-Identifier: GPL-3.0-or-later
"""A workload on NEST, in NEST's own environment; mode "grid" or "precise" (the grid-free neuron). 1 unit is 1 ms."""

import nest
import numpy as np

from engine.report_line import Clock, arguments, chosen, say
from engine.workloads import DT, Adex, Lif, Workload


def build(w: Workload, precise: bool) -> tuple[object, object]:
    nest.resolution = DT
    nest.local_num_threads = 1
    p = w.neuron
    if isinstance(p, Adex):
        cells = nest.Create("aeif_psc_exp", p.n)
        names = ("C_m", "g_L", "E_L", "V_th", "Delta_T", "tau_w", "a", "b", "V_reset", "I_e", "t_ref")
        # nF, uS, nA -> pF, nS, pA
        values = (1e3 * p.c, 1e3 * p.g_l, p.e_l, p.v_t, p.delta_t, p.tau_w, 1e3 * p.a, 1e3 * p.b, p.v_r, 1e3 * p.i, p.t_ref)
        cells.set(
            [dict(zip(names, one, strict=True)) | {"V_peak": p.v_peak, "V_m": one[2]} for one in zip(*values, strict=True)]
        )
    else:
        assert isinstance(p, Lif)
        cells = nest.Create("iaf_psc_exp_ps" if precise else "iaf_psc_exp", p.n)
        names = ("E_L", "V_reset", "V_th", "C_m", "tau_m", "tau_syn_ex", "tau_syn_in", "t_ref", "V_m")
        values = (p.e, p.v_r, p.theta, p.tau_m, p.tau_m, p.tau_e, p.tau_i, p.t_ref, p.start)
        cells.set([dict(zip(names, one, strict=True)) for one in zip(*values, strict=True)])
    connect(w, cells)
    recorder = nest.Create("spike_recorder")
    nest.Connect(cells, recorder)
    return cells, recorder


def connect(w: Workload, cells: object) -> None:
    if w.weights is None:
        return
    weights = w.millivolts
    if w.name == "W5":
        i, j = np.nonzero(weights)
        ids = np.array(cells.tolist())
        nest.Connect(ids[i], ids[j], "one_to_one", {"weight": weights[i, j], "delay": np.full(len(i), w.delay)})
    elif w.delay is not None:
        rows = np.arange(w.neuron.n) % len(weights)
        nest.Connect(cells, cells, "all_to_all", {"weight": np.ascontiguousarray(weights[rows].T), "delay": w.delay})
    else:
        times = [(w.input_step[w.input_row == row] * DT).round(1).tolist() for row in range(len(weights))]
        sources = nest.Create("spike_generator", len(weights), [{"spike_times": t} for t in times])
        nest.Connect(sources, cells, "all_to_all", {"weight": np.ascontiguousarray(weights.T), "delay": DT})


def main() -> None:
    given = arguments()
    clock = Clock()
    nest.set_verbosity("M_ERROR") if hasattr(nest, "set_verbosity") else None
    w = chosen(given)
    clock("workload")
    cells, recorder = build(w, given.mode == "precise")
    clock("build")
    nest.Simulate(w.duration)
    events = recorder.events
    times, senders = np.array(events["times"]), np.array(events["senders"])
    clock("core")
    # its shortest delay is a step: inputs arrive one late
    late = DT if len(w.input_step) else 0.0
    say(given, clock, nest.__version__, times - late, senders - cells[0].global_id)


if __name__ == "__main__":
    main()
