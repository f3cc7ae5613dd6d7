# SPDX-License-Identifier: GPL-3.0-or-later
"""Netlist: the cards of neuron circuits in a deck, their stimuli, and the switches between them; text only.

Each circuit's nodes end in its ``tag``: empty for a circuit that is alone, ``_3`` for number 3 of connected ones.
"""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from luisim.hicannx.compartments import Compartments
from luisim.hicannx.constants import COLUMNS, NEURONS, SYNAPSE_LATENCY, SYNAPSE_PULSE
from luisim.hicannx.electrical import Input, NeuronCircuit
from luisim.hicannx.neuron import State
from luisim.hicannx.parameters import HicannX
from luisim.hicannx.run import JITTER_PERIOD
from luisim.hicannx.wiring import Wiring

Array = NDArray[np.float64]

_EDGE = 0.1e-9  # s, of a synaptic event's current pulse
_C_LINE = 100e-15  # F, of the synaptic lines: only tau and the step of an event count

# xmu below 0.5 damps the ringing that the trapezoidal rule shows on the counter's latches
OPTIONS = ".options method=trap xmu=0.49 reltol=1e-4 abstol=1e-15 chgtol=1e-14 vntol=1e-7"

# parameters of the netlist's blocks, and the field of NeuronCircuit that each takes
_CORE = {
    "c_mem": "c_mem",
    "v_leak": "v_leak",
    "i_leak": "i_leak",
    "v_lin_leak": "v_lin_leak",
    "v_reset": "v_reset",
    "i_reset": "i_reset",
    "v_lin_reset": "v_lin_reset",
    "v_th": "v_threshold",
    "delay": "comparator_delay",
    "width": "comparator_width",
    "fires": "fires",
    "clock": "clock",
    "n_reset": "n_reset",
    "n_refractory": "n_refractory",
    "i_constant": "i_constant",
}
_EXPONENTIAL = {"i_exp": "i_exp", "v_exp": "v_exp", "slope": "exp_slope", "i_max": "exp_limit", "pause": "exp_pause"}
_ADAPTATION = {
    "c_w": "c_adapt",
    "tau": "tau_adapt",
    "v_ref": "v_adapt_ref",
    "v_leak": "v_adapt_leak",
    "i_a": "i_a",
    "i_b": "i_b",
    "i_out": "i_adapt",
    "v_lin": "v_lin_adapt",
    "clock": "clock",
    "n_pulse": "n_pulse",
}
_INPUT = {name: name for name in ("tau", "i_out", "v_lin", "offset", "coba", "reversal", "v_lin_coba")}


def neuron_cards(
    circuit: NeuronCircuit, state: State, noise: Array | None, events: Iterable[tuple[float, float, float]], tag: str = ""
) -> list[str]:
    """All cards of one neuron: its core, of the other blocks those that carry a current, and what drives it.

    ``noise``: (knots,) V of its threshold. ``events``: with weights of this neuron.
    """
    core = _values(_CORE, circuit, v0=state.v[0])
    ports = " ".join(f"{node}{tag}" for node in ("mem", "x", "refractory", "now", "tick", "vn"))
    lines = [f"xcore{tag} {ports} 0 hicannx_core {core}"]
    for node, receptor in (("exc", circuit.excitatory), ("inh", circuit.inhibitory)):
        if receptor.i_out[0] != 0.0:
            values = _values(_INPUT, receptor, c_line=_C_LINE)
            lines.append(f"x{node}{tag} {node}{tag} mem{tag} 0 synaptic_input {values}")
    if circuit.i_exp[0] != 0.0:
        lines.append(f"xexponential{tag} mem{tag} refractory{tag} 0 exponential {_values(_EXPONENTIAL, circuit)}")
    if circuit.i_adapt[0] != 0.0:
        values = _values(_ADAPTATION, circuit, w0=state.w[0])
        lines.append(f"xadaptation{tag} mem{tag} w{tag} x{tag} now{tag} tick{tag} 0 adaptation {values}")
    return [*lines, _threshold_source(noise, tag), *_event_sources(circuit, events, tag)]


def connection_cards(device: HicannX, chosen: Iterable[int], wiring: Wiring, cells: Compartments, state: State) -> list[str]:
    """The closed switches and resistors of the connected circuits ``chosen``, and their pieces of the shared line."""
    cards = []
    profile = device.chip_profile
    wires = {int(k): index for index, k in enumerate(wiring.resistor)}
    v: Array = np.empty(cells.c_node.size)
    v[cells.node] = state.v
    for k in chosen:
        neuron = device.neurons[k]
        joins = {
            "mh": (neuron.multicompartment_connect_right, f"mem_{k}", f"mem_{k + 1}"),
            "mv": (neuron.multicompartment_connect_vertical, f"mem_{k}", f"mem_{(k + COLUMNS) % NEURONS}"),
            "ms": (neuron.multicompartment_connect_soma, f"mem_{k}", f"line_{k}"),
            "sh": (neuron.multicompartment_connect_soma_right, f"line_{k}", f"line_{k + 1}"),
        }
        cards += [f"x{name}_{k} {a} {b} compartment_switch" for name, (closed, a, b) in joins.items() if closed]
        if k in wires:
            values = f"i_sat={cells.i_sat[wires[k]]:.12g} v_lin={cells.v_lin[wires[k]]:.12g}"
            cards.append(f"xrms_{k} mem_{k} line_{k} 0 compartment_resistor {values}")
        if wiring.piece[k] >= 0:
            cards.append(f"xline_{k} line_{k} 0 shared_line c={profile.c_line:.12g} v0={v[wiring.piece[k]]:.12g}")
    return cards


def _values(names: Mapping[str, str], source: NeuronCircuit | Input, **more: float) -> str:
    values = {name: getattr(source, field)[0] for name, field in names.items()} | more
    return " ".join(f"{name}={float(value):.12g}" for name, value in values.items())


def _threshold_source(noise: Array | None, tag: str) -> str:
    if noise is None:
        return f"vnoise{tag} vn{tag} 0 0"
    return f"vnoise{tag} vn{tag} 0 pwl(" + " ".join(f"{k * JITTER_PERIOD:.9g} {v:.6g}" for k, v in enumerate(noise)) + ")"


def _event_sources(circuit: NeuronCircuit, events: Iterable[tuple[float, float, float]], tag: str) -> list[str]:
    """Current pulses into the lines, each with the charge that moves the line by the event's weight."""
    events = list(events)
    lines = []
    for node, column, receptor in (("exc", 1, circuit.excitatory), ("inh", 2, circuit.inhibitory)):
        weights: dict[float, float] = {}
        for event in events:
            if event[column] > 0.0:
                weights[event[0]] = weights.get(event[0], 0.0) + event[column]
        if weights and receptor.i_out[0] != 0.0:
            lines.append(f"i{node}{tag} 0 {node}{tag} pwl({_pulses(sorted(weights.items()), receptor)})")
    return lines


def _pulses(weights: list[tuple[float, float]], receptor: Input) -> str:
    corners = [(0.0, 0.0)]
    for time, weight in weights:
        start = max(time + SYNAPSE_LATENCY, corners[-1][0] + _EDGE)
        level = weight * float(receptor.step[0]) * _C_LINE / SYNAPSE_PULSE
        corners += [
            (start, 0.0),
            (start + _EDGE, level),
            (start + SYNAPSE_PULSE, level),
            (start + SYNAPSE_PULSE + _EDGE, 0.0),
        ]
    return " ".join(f"{time:.12g} {value:.9g}" for time, value in corners)
