# SPDX-License-Identifier: GPL-3.0-or-later
"""LuiCircuit: the back end that lets ngspice solve the netlist of the board, ``circuits/lui/board.cir``."""

from collections.abc import Callable, Iterable
from dataclasses import fields

import numpy as np

from luisim.experiment import Current, Experiment, Pulses
from luisim.lui.board import BoardParts
from luisim.lui.parameters import LuiBoard
from luisim.lui.temperature import at_temperature
from luisim.measure import output_pulses
from luisim.spice.netlists import Tran, circuit_path, deck, flatten
from luisim.spice.ngspice import Ngspice
from luisim.trace import Trace

# s: the comparators make the solver find the switching times itself, so the pulse width does not depend on it
_STEP = 0.5e-3
_EDGE = 10e-6  # s, rise and fall of a stimulus, as in the reference simulation
_NODES = {"v_mem": "mem", "v_syn": "syn", "v_out": "out"}
_TIMEOUT_PER_SECOND, _TIMEOUT_LEAST = 20.0, 30.0  # s of waiting; a run takes about 0.1 s per simulated second

# the parts of a board under the names of board.cir's parameters: resistors by their designators
_PARTS = {f.name: f.metadata["designator"].lower() for f in fields(BoardParts) if "designator" in f.metadata} | {
    "c_mem": "c_mem",
    "c_mem_half": "c_mem_half",
    "c_syn": "c_syn",
    "c_ref": "c_ref",
    "offset_current": "i_off",
    "reset_threshold": "vth_reset",
    "input_threshold": "vth_in",
    "led_voltage": "v_led",
    "off_resistance_p": "roff_p",
    "off_resistance_n": "roff_n",
    "comparator_bias": "ib",
    "comparator_headroom": "headroom",
    "offset_leak": "vos_u1a",
    "offset_integrator": "vos_u1b",
    "offset_push": "vos_u1c",
    "offset_pull": "vos_u1d",
    "offset_threshold": "vos_u3b",
    "offset_one_shot": "vos_u3a",
}


class LuiCircuit:
    """Runs experiments on one Lu.i board in ngspice. Deterministic, so the seed changes nothing."""

    name = "circuit"

    def __init__(self, ngspice: Ngspice | None = None) -> None:
        self._ngspice = ngspice or Ngspice()
        self._board = flatten(circuit_path("lui/board.cir"))

    def warm(self) -> None:
        """Start ngspice ahead of the first run."""
        self._ngspice.warm()

    def close(self) -> None:
        """End ngspice, and a run that is on."""
        self._ngspice.close()

    def unsupported(self, experiment: Experiment[LuiBoard]) -> str | None:
        """The circuit runs every experiment on one board."""
        return None

    def by_hand(self, experiment: Experiment[LuiBoard]) -> tuple[str, ...]:
        """Nothing: the circuit's trimmers are parameters."""
        return ()

    def run(
        self,
        experiment: Experiment[LuiBoard],
        *,
        seed: int = 0,
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Trace:
        """Signals ``v_mem``, ``v_syn``, ``v_out`` in V at the solver's own steps; spikes of ``out`` in s.

        Raises :class:`~luisim.errors.SimulationError` if ngspice gives no result.
        """
        timeout = max(_TIMEOUT_LEAST, _TIMEOUT_PER_SECOND * experiment.duration)
        signals = self._ngspice.run(
            self.deck(experiment), save=[*_NODES.values()], timeout=timeout, progress=progress, cancelled=cancelled
        )
        time = signals["time"]
        keep = np.append(True, np.diff(time) > 0.0)
        voltages = {name: signals[node][keep] for name, node in _NODES.items()}
        rising = output_pulses(time[keep], voltages["v_out"])[:, 0]
        return Trace(time[keep], voltages, {"out": rising[np.isfinite(rising)]}, self.name)

    def deck(self, experiment: Experiment[LuiBoard]) -> str:
        """The netlist of the board with the stimuli of ``experiment``, as text that ``ngspice -b`` runs too."""
        tran = Tran(step=min(_STEP, experiment.duration), stop=experiment.duration, uic=True)
        lines = [
            ".options method=gear reltol=1e-4",
            f"xboard in1 in2 in3 out mem syn vdd 0 lui {_instance_parameters(experiment.device)}",
            *_sources(experiment),
        ]
        return deck(self._board, lines=lines, tran=tran)


def _instance_parameters(board: LuiBoard) -> str:
    p = at_temperature(board.parameters)
    values = {
        "v_cell": p.vdd,
        "r_cell": p.r_battery,
        "v_leak": p.v_leak,
        "r_leak": p.r_leak,
        "r_syn": p.r_syn,
        "revision": p.parts.revision,
        "v_mem0": board.v_mem,
    }
    values |= {f"r_w{n}": r for n, r in enumerate(p.r_weight, start=1)}
    values |= {f"sign{n}": s for n, s in enumerate(p.sign, start=1)}
    values |= {circuit_name: getattr(p.parts, name) for name, circuit_name in _PARTS.items()}
    if board.v_syn is not None:
        values["v_syn0"] = board.v_syn
    return " ".join(f"{name}={value:.9g}" for name, value in values.items())


def _sources(experiment: Experiment[LuiBoard]) -> list[str]:
    """A voltage source at each stimulated input (the board pulls the others down), a current source at the membrane."""
    lines = []
    for connector in (1, 2, 3):
        pulses = [s for s in experiment.stimuli if isinstance(s, Pulses) and s.input == connector]
        windows = [(on, off, s.amplitude) for s in pulses for on, off in s.intervals]
        if windows:
            lines.append(f"vin{connector} in{connector} 0 pwl({_steps(windows, max)})")
    currents = [(s.start, s.stop, s.value) for s in experiment.stimuli if isinstance(s, Current)]
    if currents:
        lines.append(f"istimulus 0 mem pwl({_steps(currents, sum)})")
    return lines


def _steps(windows: list[tuple[float, float, float]], join: Callable[[Iterable[float]], float]) -> str:
    """Corners of a waveform that is ``join`` of the values whose windows (start, stop, value) are open, else 0."""
    edges = sorted({edge for start, stop, _ in windows for edge in (start, stop)})
    level = join([v for start, _, v in windows if start <= 0.0] or [0.0])
    corners = [(0.0, level)]
    for edge in edges:
        after = join([v for start, stop, v in windows if start <= edge < stop] or [0.0])
        if edge > 0.0 and after != level:
            corners += [(max(edge, corners[-1][0] + 1e-9), level), (edge + _EDGE, after)]
            level = after
    return " ".join(f"{time:.9g} {value:.9g}" for time, value in corners)
