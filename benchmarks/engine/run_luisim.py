# SPDX-License-Identifier: GPL-3.0-or-later
"""A workload on luisim's engine.

``--mode``: kernel (compiled), plain (compiled, as any processor runs it), twin (numpy), closed (closed form, no synapses).
``--batch``: so many of it in one call, one core.
"""

import sys
from typing import Any

import numpy as np

import luisim
from engine.report_line import Clock, arguments, chosen, say
from engine.workloads import DT, Adex, Workload
from luisim.hicannx import engine, ideal
from luisim.hicannx.lines import Events, Lines
from luisim.kernels import network


def neurons(w: Workload, unit: float) -> ideal.Lif | ideal.Adex:
    p = w.neuron
    if isinstance(p, Adex):
        return ideal.Adex(
            c=p.c * unit,
            g_l=p.g_l,
            e_l=p.e_l,
            v_t=p.v_t,
            delta_t=p.delta_t,
            tau_w=p.tau_w * unit,
            a=p.a,
            b=p.b,
            v_r=p.v_r,
            v_peak=np.full(p.n, p.v_peak),
            i=p.i,
            t_ref=p.t_ref * unit,
        )
    column = np.ones(p.n) if w.column_scale is None else w.column_scale
    excite, inhibit = (0.0, 0.0) if w.row_scale is None else (max(w.row_scale.max(), 0.0), max(-w.row_scale.min(), 0.0))
    return ideal.Lif(
        tau_m=p.tau_m * unit,
        tau_e=p.tau_e * unit,
        tau_i=p.tau_i * unit,
        e=p.e,
        theta=p.theta,
        v_reset=p.v_r,
        t_ref=p.t_ref * unit,
        scale_e=excite * column,
        scale_i=inhibit * column,
        v_lin=p.leak_range,
    )


def lines(w: Workload, unit: float) -> Lines:
    n = w.neuron.n
    if w.weights is None or w.row_scale is None:
        return Lines.none(n)
    rows = len(w.weights)
    recurrent = w.delay is not None
    return Lines(
        w.weights.astype(np.uint8),
        np.sign(w.row_scale).astype(np.int8),
        np.arange(n + 1) if recurrent else np.zeros(n + 1, np.int64),
        np.arange(n) % rows if recurrent else np.zeros(0, np.int64),
        delay=(w.delay or 0.0) * unit,
        latency=0.0,
    )


def step(w: Workload) -> float:
    """In units: DT, as for all simulators. The boards' own times are 100 times longer: theirs is as long as the delay allows.

    Our spikes and arrivals lie within steps, so their times lose nothing by it (the table shows the error).
    """
    return w.delay if w.name == "W5" and w.delay is not None else DT


def solve(mode: str, batch: int, job: dict[str, Any]) -> engine.Run:
    if mode == "closed":
        return engine.run_alone(job["neurons"], job["duration"])
    return engine.run(**job) if batch == 1 else engine.run_many([job] * batch, threads=1)[0]


def main() -> None:
    given = arguments()
    network.library()  # to load it is part of the start, and so is the pool for a batch
    if given.batch > 1:
        engine.run_many([])
    clock = Clock()
    network.PLAIN = given.mode == "plain"
    w = chosen(given)
    unit = 1e-3 if w.name == "W5" else 1e-6
    clock("workload")
    job = {
        "neurons": neurons(w, unit),
        "lines": lines(w, unit),
        "events": Events(w.input_step * DT * unit, w.input_row.astype(np.int64)),
        "duration": w.duration * unit,
        "dt": step(w) * unit,
        "compiled": given.mode != "twin",
    }
    clock("build")
    found = solve(given.mode, given.batch, job)
    clock("core")
    say(
        given,
        clock,
        luisim.__version__ + f", Python {sys.version_info[0]}.{sys.version_info[1]}",
        found.time / unit,
        found.neuron,
    )


if __name__ == "__main__":
    main()
