# SPDX-License-Identifier: GPL-3.0-or-later
"""A workload on Brian2, in Brian2's own environment; mode "numpy", "cython" or "cpp". 1 unit is 1 ms.

"cpp" only builds and compiles into a folder: the program there is run by :mod:`engine.race`, and writes the CPU s of its run.
"""

import brian2 as b2
import numpy as np
from brian2 import ms

from engine.report_line import Clock, arguments, chosen, say
from engine.workloads import DT, Adex, Lif, Workload

ADEX = """dv/dt = (-gL*(v-EL) + gL*DeltaT*exp((v-VT)/DeltaT) + I - w)/C : 1 (unless refractory)
dw/dt = (aa*(v-EL) - w)/tauw : 1
gL : 1
EL : 1
DeltaT : 1
VT : 1
I : 1
C : second
aa : 1
tauw : second
bb : 1
Vr : 1
tref : second"""
LIF = """dv/dt = (E-v{currents})/tm : 1 (unless refractory)
E : 1 (constant)
tm : second (constant)
th : 1 (constant)
vr : 1 (constant)
tref : second (constant)"""
CURRENTS = """
die/dt = -ie/te : 1
dii/dt = -ii/ti : 1
te : second (constant)
ti : second (constant)"""


def build(w: Workload) -> tuple[b2.Network, b2.SpikeMonitor]:
    b2.defaultclock.dt = DT * ms
    p = w.neuron
    parts: list[object] = []
    if isinstance(p, Adex):
        cells = b2.NeuronGroup(
            p.n, ADEX, threshold=f"v>{p.v_peak}", reset="v=Vr; w+=bb", refractory="tref", method="exponential_euler"
        )
        cells.v, cells.gL, cells.EL, cells.DeltaT, cells.VT, cells.I = p.e_l, p.g_l, p.e_l, p.delta_t, p.v_t, p.i
        cells.C, cells.aa, cells.tauw, cells.bb, cells.Vr, cells.tref = p.c * ms, p.a, p.tau_w * ms, p.b, p.v_r, p.t_ref * ms
    else:
        assert isinstance(p, Lif)
        wired = w.weights is not None
        equations = LIF.format(currents="+ie-ii" if wired else "") + (CURRENTS if wired else "")
        cells = b2.NeuronGroup(p.n, equations, threshold="v>th", reset="v=vr", refractory="tref", method="exact")
        cells.v, cells.E, cells.tm, cells.th, cells.vr, cells.tref = p.start, p.e, p.tau_m * ms, p.theta, p.v_r, p.t_ref * ms
        if wired:
            cells.te, cells.ti = p.tau_e * ms, p.tau_i * ms
            parts += wires(w, cells)
    monitor = b2.SpikeMonitor(cells)
    return b2.Network(cells, monitor, *parts), monitor


def wires(w: Workload, cells: b2.NeuronGroup) -> list[object]:
    weights = w.millivolts
    parts: list[object] = []
    source, rows = cells, np.arange(w.neuron.n) % len(weights)
    if w.delay is None:
        source, rows = b2.SpikeGeneratorGroup(len(weights), w.input_row, w.input_step * DT * ms), np.arange(len(weights))
        parts.append(source)
    delay = {} if w.delay is None else {"delay": w.delay * ms}
    for sign, name in ((1.0, "ie"), (-1.0, "ii")):
        # W5 is sparse; the chip's matrix is full, a weight of 0 is a synapse too
        wired = sign * weights[rows] > 0.0 if w.name == "W5" else np.repeat(sign * w.row_scale[rows, None] > 0.0, w.neuron.n, 1)
        i, j = np.nonzero(wired)
        synapses = b2.Synapses(source, cells, "w : 1", on_pre=f"{name}_post += w", **delay)
        synapses.connect(i=i, j=j)
        synapses.w = np.abs(weights[rows][i, j])
        parts.append(synapses)
    return parts


def main() -> None:
    given = arguments()
    clock = Clock()
    w = chosen(given)
    clock("workload")
    if given.mode == "cpp":
        b2.set_device("cpp_standalone", directory=given.folder, build_on_run=False)
        network, _ = build(w)
        b2.device.insert_code("before_network_run", "std::clock_t benchmark_start = std::clock();")
        b2.device.insert_code(
            "after_network_run",
            'std::ofstream("core.txt") << double(std::clock() - benchmark_start) / CLOCKS_PER_SEC;',
        )
        network.run(w.duration * ms)
        clock("build")
        b2.device.build(directory=given.folder, compile=True, run=False, clean=False, debug=False)
        clock("compile")
        say(given, clock, b2.__version__, [], [])
        return
    b2.prefs.codegen.target = given.mode
    if given.folder:
        b2.prefs.codegen.runtime.cython.cache_dir = given.folder
    network, monitor = build(w)
    clock("build")
    network.run(w.duration * ms)
    clock("core")
    say(given, clock, b2.__version__, monitor.t / ms, monitor.i, "core includes code generation")


if __name__ == "__main__":
    main()
