# SPDX-License-Identifier: GPL-3.0-or-later
"""Reference cases: the whole board simulated with the vendors' models, and how closely a back end comes to it."""

from dataclasses import dataclass
from functools import cached_property
from math import inf
from pathlib import Path

import numpy as np

from luisim import measure
from luisim.compare import compare
from luisim.errors import ParameterError
from luisim.experiment import Experiment, Pulses
from luisim.experiment_file import read_toml
from luisim.lui.experiment_file import read_experiment
from luisim.lui.network import Lui, LuiNetwork, as_network
from luisim.lui.parameters import LuiBoard
from luisim.trace import Array, Trace

_PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Tolerance:
    """The largest differences from the reference that count as agreement: V, relative, s."""

    rms: float = 5e-3
    isi: float = 0.005
    near_threshold_isi: float = 0.03  # leak potential within 5 % of VDD above the threshold: 1 mV moves the spike by percents
    psp_peak: float = 0.015
    pulse_width: float = 0.05e-3
    network_spike: float = 2e-3
    network_spike_relative: float = 0.005


MODEL_TOLERANCE = Tolerance()
CIRCUIT_TOLERANCE = Tolerance(isi=0.01)


@dataclass(frozen=True)
class ReferenceCase:
    """One simulated experiment: ``name`` is its group and file, ``path`` its TOML file."""

    name: str
    path: Path

    @cached_property
    def experiment(self) -> Experiment[Lui]:
        """What was simulated."""
        return read_experiment(read_toml(self.path), self.name)

    @cached_property
    def trace(self) -> Trace:
        """v_mem, v_syn, v_out in V as the reference simulation gave them; of samples with equal time the first."""
        with self.path.with_suffix(".csv").open(encoding="utf-8") as file:
            names = file.readline().strip().split(",")[1:]
            columns = np.loadtxt(file, delimiter=",", ndmin=2).T
        columns = columns[:, np.append(True, np.diff(columns[0]) > 0.0)]
        signals = dict(zip(names, columns[1:], strict=True))
        return Trace(columns[0], signals, {name: edges[:, 0] for name, edges in self.pulses.items()}, "reference")

    @cached_property
    def pulses(self) -> dict[str, Array]:
        """Rising and falling edge of each output pulse in s, (n, 2) for each board; a single one is named ``out``."""
        device = self.experiment.device
        found: dict[str, list[list[float]]] = {name: [] for name in as_network(device).names}
        for line in self.path.with_suffix(".spikes.csv").read_text(encoding="utf-8").split()[1:]:
            *name, rise, fall = line.split(",")
            found[name[0] if name else "out"].append([float(rise), float(fall)])
        return {name: np.array(edges).reshape(-1, 2) for name, edges in found.items()}


@dataclass(frozen=True)
class Verdict:
    """Differences of one trace from its reference: None where the case has nothing of that kind.

    ``rms`` in V (boards without spikes), ``isi`` and ``psp_peak`` relative, ``pulse_width`` in s, ``spike`` in s: the first
    spike, in a network the one that is farthest off. ``shares``: each difference as a share of what is allowed.
    """

    case: str
    backend: str
    spikes: int
    expected_spikes: int
    rms: float | None
    isi: float | None
    spike: float | None
    psp_peak: float | None
    pulse_width: float | None
    shares: dict[str, float]

    @property
    def share(self) -> float:
        """The largest difference as a share of what is allowed; infinite where the spikes are others."""
        return max(self.shares.values(), default=0.0)

    @property
    def faults(self) -> tuple[str, ...]:
        """What lies beyond its tolerance."""
        return tuple(name for name, share in self.shares.items() if share > 1.0)

    @property
    def agrees(self) -> bool:
        """Whether every difference lies within its tolerance."""
        return not self.faults


def reference_cases() -> tuple[ReferenceCase, ...]:
    """Every reference case, from the installed package or from the checkout."""
    for folder in (_PACKAGE / "_reference", _PACKAGE.parent / "tests" / "data" / "lui"):
        if folder.is_dir():
            found = sorted(folder.rglob("*.toml"))
            return tuple(ReferenceCase(path.relative_to(folder).with_suffix("").as_posix(), path) for path in found)
    raise ParameterError("The reference traces were not found: install luisim again, or run it from a complete checkout.")


def judge(case: ReferenceCase, trace: Trace, tolerance: Tolerance) -> Verdict:
    """Compare a trace of ``case.experiment`` with the reference."""
    device = case.experiment.device
    return (
        _judge_network(case, trace, tolerance)
        if isinstance(device, LuiNetwork)
        else _judge_board(case, device, trace, tolerance)
    )


def _judge_board(case: ReferenceCase, board: LuiBoard, trace: Trace, tolerance: Tolerance) -> Verdict:
    spikes, expected = measure.spikes(trace), case.pulses["out"][:, 0]
    rms = isi = first = peak = width = None
    if expected.size == 0:
        rms = compare(case.trace, trace).rms
        peak = _peak_difference(case, board, trace)
    elif spikes.size == expected.size:
        first = float(spikes[0] - expected[0])
        if expected.size > 1:
            isi = float(np.mean(np.diff(spikes)) / np.mean(np.diff(expected)) - 1.0)
        ours = measure.pulse_width(trace)
        width = None if ours is None else ours - float(np.mean(np.diff(case.pulses["out"])))
    # so close to the threshold a millivolt moves the spikes by percents
    near_threshold = 0.49 < board.parameters.v_leak < 0.56
    isi_limit = tolerance.near_threshold_isi if near_threshold else tolerance.isi
    shares = {
        "spike count": 0.0 if spikes.size == expected.size else inf,
        "rms": _share(rms, tolerance.rms),
        "ISI": _share(isi, isi_limit),
        "PSP peak": _share(peak, tolerance.psp_peak),
        "pulse width": _share(width, tolerance.pulse_width),
    }
    return Verdict(case.name, trace.origin, spikes.size, expected.size, rms, isi, first, peak, width, shares)


def _share(difference: float | None, allowed: float) -> float:
    return 0.0 if difference is None else abs(difference) / allowed


def _judge_network(case: ReferenceCase, trace: Trace, tolerance: Tolerance) -> Verdict:
    """Counts and order of all spikes, their times, and the membranes of boards that stay silent."""
    ours, theirs = _in_order(trace), _in_order(case.trace)
    quiet = [name for name, edges in case.pulses.items() if edges.size == 0]
    rms = max((compare(case.trace.board(name), trace.board(name)).rms for name in quiet), default=None)
    alike = [name for _, name in ours] == [name for _, name in theirs]
    late = [(time - expected, expected) for (time, _), (expected, _) in zip(ours, theirs, strict=False)]
    limits = tolerance.network_spike, tolerance.network_spike_relative
    shares = {
        "spike count and order": 0.0 if alike else inf,
        "rms": _share(rms, tolerance.rms),
        "spike times": max((_share(by, min(limits[0], limits[1] * at)) for by, at in late), default=0.0) if alike else 0.0,
    }
    spike = max((by for by, _ in late), key=abs) if alike and late else None
    return Verdict(case.name, trace.origin, len(ours), len(theirs), rms, None, spike, None, None, shares)


def _in_order(trace: Trace) -> list[tuple[float, str]]:
    return sorted((float(time), name) for name, times in trace.spikes.items() for time in times)


def _peak_difference(case: ReferenceCase, board: LuiBoard, trace: Trace) -> float | None:
    """Relative difference of the PSP's height; None where the case has no pulse, or one too low to open the input."""
    pulses = [s for s in case.experiment.stimuli if isinstance(s, Pulses)]
    if not pulses or pulses[0].amplitude < board.parameters.parts.input_threshold:
        return None
    start = pulses[0].times[0]
    return measure.psp_peak(trace, start)[0] / measure.psp_peak(case.trace, start)[0] - 1.0
