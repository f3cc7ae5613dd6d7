# SPDX-License-Identifier: GPL-3.0-or-later
"""LuiCircuit: the back end that lets ngspice solve the netlist of the board, ``circuits/lui/board.cir``."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields

import numpy as np

from luisim.errors import UnsupportedExperiment
from luisim.experiment import Current, Experiment, Pulses, Stimulus
from luisim.lui.board import BoardParts
from luisim.lui.live import CircuitRun, single
from luisim.lui.network import INPUTS, Lui, LuiNetwork, as_network, prefix, recorded, stimuli_of
from luisim.lui.parameters import LuiBoard
from luisim.lui.temperature import at_temperature
from luisim.measure import output_pulses
from luisim.spice.netlists import Tran, circuit_path, deck, flatten
from luisim.spice.ngspice import Ngspice
from luisim.trace import Array, Trace

# s: the comparators make the solver find the switching times itself, so the pulse width does not depend on it
_STEP = 0.5e-3
# 1 nA and 10 pC are far below the 40 nA of a comparator's input and the charge of C9; with bypass, parts that have not moved
# are not worked out again. Together a third less work, and no reference case moves by more than 0.02 % of its interval.
_OPTIONS = "method=gear reltol=2e-4 abstol=1e-9 chgtol=1e-11 gmin=1e-11 bypass=1"
_ENDLESS = 1e6  # s, longer than any lesson
_EDGE = 10e-6  # s, rise and fall of a stimulus, as in the reference simulation
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
    """Runs experiments on Lu.i boards in ngspice. Deterministic, so the seed changes nothing."""

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

    def unsupported(self, experiment: Experiment[Lui]) -> str | None:
        """The circuit runs every experiment on boards."""
        return None

    def by_hand(self, experiment: Experiment[Lui]) -> tuple[str, ...]:
        """Nothing: the circuit's trimmers are parameters."""
        return ()

    def run(
        self,
        experiment: Experiment[Lui],
        *,
        seed: int = 0,
        progress: Callable[[float], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Trace:
        """Signals ``v_mem``, ``v_syn``, ``v_out`` in V at the solver's own steps; spikes of ``out`` in s.

        In a network signals and spikes carry the names of the boards: ``a.v_mem``, ``a``. Raises
        :class:`~luisim.errors.SimulationError` if ngspice gives no result.
        """
        network, wanted = as_network(experiment.device), recorded(experiment)
        timeout = max(_TIMEOUT_LEAST, _TIMEOUT_PER_SECOND * experiment.duration * len(network.boards))
        nodes = {name: _Nodes.of(experiment.device, index) for index, name in enumerate(network.names)}
        save = [node for name, n in nodes.items() for node in ((n.mem, n.syn, n.out) if name in wanted else (n.out,))]
        found = self._ngspice.run(self.deck(experiment), save=save, timeout=timeout, progress=progress, cancelled=cancelled)
        keep = np.append(True, np.diff(found["time"]) > 0.0)
        time = found["time"][keep]
        signals: dict[str, Array] = {}
        spikes: dict[str, Array] = {}
        for name, n in nodes.items():
            before = prefix(experiment.device, name)
            if name in wanted:
                columns = {"v_mem": n.mem, "v_syn": n.syn, "v_out": n.out}
                signals |= {f"{before}{signal}": found[node][keep] for signal, node in columns.items()}
            rising = output_pulses(time, found[n.out][keep])[:, 0]
            spikes[name] = rising[np.isfinite(rising)]
        return Trace(time, signals, spikes, self.name)

    def live(self, experiment: Experiment[Lui]) -> CircuitRun:
        """Start the board of ``experiment`` in an ngspice of its own, to be turned while it runs."""
        reason = self.unsupported(experiment)
        if reason is not None:
            raise UnsupportedExperiment(reason)
        board = single(experiment.device)
        return CircuitRun(self.deck(experiment, endless=True), board)

    def deck(self, experiment: Experiment[Lui], *, endless: bool = False) -> str:
        """The netlist of the boards with the stimuli of ``experiment``, as text that ``ngspice -b`` runs too.

        ``endless``: it runs on, and each input has one more source, ``vkey1`` and so on, for pulses on demand.
        """
        stop = _ENDLESS if endless else experiment.duration
        tran = Tran(step=min(_STEP, stop), stop=stop, uic=True)
        network = as_network(experiment.device)
        wired = {(w.target, w.input): network.names.index(w.source) for w in network.wires}
        lines = [f".options {_OPTIONS}"]
        for index, (name, board) in enumerate(zip(network.names, network.boards, strict=True)):
            n = _Nodes.of(experiment.device, index)
            inputs = []
            for connector in range(1, INPUTS + 1):
                source = wired.get((name, connector))
                inputs.append(n.inputs[connector - 1] if source is None else _Nodes.of(experiment.device, source).out)
            ports = f"{' '.join(inputs)} {n.out} {n.mem} {n.syn} {n.vdd} 0"
            lines.append(f"xboard{n.suffix} {ports} lui {_instance_parameters(board)}")
            lines += _sources(stimuli_of(experiment, name), n, keys=endless)
        return deck(self._board, lines=lines, tran=tran)


@dataclass(frozen=True)
class _Nodes:
    """Names of the nodes of one board in a deck; in a network they carry its number."""

    suffix: str
    inputs: tuple[str, ...]
    out: str
    mem: str
    syn: str
    vdd: str

    @classmethod
    def of(cls, device: Lui, index: int) -> "_Nodes":
        suffix = f"_{index + 1}" if isinstance(device, LuiNetwork) else ""
        inputs = tuple(f"in{connector}{suffix}" for connector in range(1, INPUTS + 1))
        return cls(suffix, inputs, f"out{suffix}", f"mem{suffix}", f"syn{suffix}", f"vdd{suffix}")


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


def _sources(stimuli: Iterable[Stimulus], nodes: _Nodes, *, keys: bool) -> list[str]:
    """A voltage source at each stimulated input (the board pulls the others down), a current source at the membrane.

    ``keys``: in series with it, or alone, a source at each input that is silent.
    """
    stimuli, lines = tuple(stimuli), []
    for connector, node in enumerate(nodes.inputs, start=1):
        pulses = [s for s in stimuli if isinstance(s, Pulses) and s.input == connector]
        windows = [(on, off, s.amplitude) for s in pulses for on, off in s.intervals]
        if windows:
            lines.append(f"v{node} {node} {f'key{connector}' if keys else '0'} pwl({_steps(windows, max)})")
        if keys:
            top = f"key{connector}" if windows else node
            lines.append(f"vkey{connector} {top} 0 pulse(0 0 0 {_EDGE} {_EDGE} 15m 1e9)")
    currents = [(s.start, s.stop, s.value) for s in stimuli if isinstance(s, Current)]
    if currents:
        lines.append(f"istimulus{nodes.suffix} 0 {nodes.mem} pwl({_steps(currents, sum)})")
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
