# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports: comparisons and readings as text for people and as JSON for programs."""

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

from luisim import measure
from luisim.compare import Comparison, compare
from luisim.errors import ParameterError
from luisim.experiment import Experiment
from luisim.lui.reference import Verdict
from luisim.quantity import format_si
from luisim.trace import Array, Trace
from tui.console import columns

SCHEMA = 1  # of every JSON document; goes up when a key changes its meaning
_NOTHING = "-"


def compare_all(traces: Sequence[Trace]) -> list[Comparison]:
    """Every pair of traces, in order; in a network every board of every pair."""
    pairs: list[Comparison] = []
    for a, b in itertools.combinations(traces, 2):
        boards = [board for board in a.boards if board in b.boards]
        if not boards and (a.boards or b.boards):
            raise ParameterError(f"{a.origin} and {b.origin} have no board in common, so they cannot be compared.")
        pairs += [compare(a.board(board), b.board(board)) for board in boards] if boards else [compare(a, b)]
    return pairs


def each_board(trace: Trace) -> list[Trace]:
    """The recorded boards of a network as traces of their own; a single board as it is."""
    if not trace.boards:
        return [trace]
    return [trace.board(name) for name in trace.boards if f"{name}.v_mem" in trace.signals]


def run_json(experiment: Experiment[Any], trace: Trace) -> dict[str, Any]:
    """One run: its spikes in s and its readings in SI units; in a network those of each board."""
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "experiment": experiment.name,
        "backend": trace.origin,
        "duration": experiment.duration,
    }
    if trace.boards:
        recorded = {name: trace.board(name) for name in trace.boards if f"{name}.v_mem" in trace.signals}
        return document | {
            "spikes": {name: times.tolist() for name, times in trace.spikes.items()},
            "readings": {name: _readings(board) for name, board in recorded.items()},
        }
    return document | {"spikes": measure.spikes(trace).tolist(), "readings": _readings(trace)}


def run_text(experiment: Experiment[Any], trace: Trace) -> str:
    """One run: its readings, and when it fired."""
    head = f"{experiment.name} on {trace.origin}, {format_si(trace.duration, 's')}\n\n"
    table = _traces_table(each_board(trace))
    if not trace.boards:
        return f"{head}{table}\n\nspikes at (s): {_times(measure.spikes(trace), 4 if trace.speed_up == 1.0 else 9)}\n"
    lines = [f"{name:>{max(map(len, trace.boards))}}: {_times(trace.spikes[name])}" for name in trace.boards]
    return f"{head}{table}\n\nspikes at (s)\n" + "\n".join(lines) + "\n"


def _times(times: Array, digits: int = 4) -> str:
    return (", ".join(f"{t:.{digits}f}" for t in times[:12]) + (", ..." if times.size > 12 else "")) or "none"


def comparison_json(experiment: Experiment[Any], traces: Sequence[Trace], pairs: Sequence[Comparison]) -> dict[str, Any]:
    """Several runs of one experiment and the differences of every pair, in SI units (``isi_difference`` in %)."""
    return {
        "schema": SCHEMA,
        "experiment": experiment.name,
        "duration": experiment.duration,
        "runs": [{"backend": trace.origin, **_readings(trace)} for whole in traces for trace in each_board(whole)],
        "unit": traces[0].unit,
        "pairs": [dataclasses.asdict(pair) | {"why": why(pair, traces[0].unit)} for pair in pairs],
    }


def comparison_text(experiment: Experiment[Any], traces: Sequence[Trace], pairs: Sequence[Comparison]) -> str:
    """The same as two tables and a sentence for each pair."""
    unit = traces[0].unit
    rows = [["difference", "over", "RMS", "RMS aligned", "spikes", "rate", "mean ISI", "threshold", "pulse width"]]
    for pair in pairs:
        a, b = pair.a, pair.b
        rows.append(
            [
                f"{pair.second} - {pair.first}",
                format_si(pair.window[1] - pair.window[0], "s", 3),
                _membrane(pair.rms, unit),
                _membrane(pair.rms_aligned, unit),
                f"{b.spikes} : {a.spikes}",
                _difference(a.rate, b.rate, "Hz"),
                _NOTHING if pair.isi_difference is None else f"{pair.isi_difference:+.2f} %",
                _difference(a.threshold, b.threshold, unit),
                _difference(a.pulse_width, b.pulse_width, "s"),
            ]
        )
    reasons = "\n".join(f"{pair.second} - {pair.first}: {why(pair, unit)}" for pair in pairs)
    head = f"{experiment.name}, {format_si(experiment.duration, 's')}"
    runs = _traces_table([board for trace in traces for board in each_board(trace)])
    return f"{head}\n\n{runs}\n\n{columns(rows)}\n\n{reasons}\n"


def why(pair: Comparison, unit: str = "V") -> str:
    """One sentence: how large the difference is, and what kind of difference it is."""
    a, b = pair.a, pair.b
    if a.spikes != b.spikes and min(a.spikes, b.spikes) == 0:
        return "Only one of them fires: the membrane passes close by the threshold, or they are not set alike."
    if abs(a.spikes - b.spikes) == 1 and pair.isi_difference is not None and abs(pair.isi_difference) < 2.0:
        return (
            f"The same rhythm within {abs(pair.isi_difference):.2f} %, at another phase: one has a spike more in this window."
        )
    if a.spikes != b.spikes:
        return f"{a.spikes} and {b.spikes} spikes: they drift apart, or the last one lies at the end of the window."
    if pair.rms < (5e-3 if unit == "V" else 3.0):
        return f"They agree within {_membrane(pair.rms, unit, 2)} rms."
    if a.spikes and pair.rms_aligned < 0.5 * pair.rms:
        return (
            "Timing: aligned on its own spikes each trace has the same shape"
            f" within {_membrane(pair.rms_aligned, unit, 2)} rms; the spikes themselves come a little earlier or later."
        )
    return f"The membrane itself takes another course, by {_membrane(pair.rms_aligned, unit, 2)} rms."


def agreement_text(verdicts: Sequence[Verdict]) -> str:
    """One row a reference case and back end, then how many agree."""
    rows = [["case", "back end", "spikes", "RMS", "ISI", "spike", "PSP peak", "pulse width", ""]]
    for v in verdicts:
        rows.append(
            [
                v.case,
                v.backend,
                f"{v.spikes} : {v.expected_spikes}",
                _NOTHING if v.rms is None else f"{1e3 * v.rms:.2f} mV",
                _percent(v.isi),
                _NOTHING if v.spike is None else f"{1e3 * v.spike:+.2f} ms",
                _percent(v.psp_peak),
                _NOTHING if v.pulse_width is None else f"{1e3 * v.pulse_width:+.3f} ms",
                "ok" if v.agrees else f"differs: {', '.join(v.faults)}",
            ]
        )
    agree = sum(v.agrees for v in verdicts)
    return f"{columns(rows)}\n\n{agree} of {len(verdicts)} agree with the reference within tolerance.\n"


def _readings(trace: Trace) -> dict[str, float | int | None]:
    times = measure.spikes(trace)
    isi = measure.intervals(times)
    return {
        "spike_count": int(times.size),
        "rate": measure.rate(times, trace.duration),
        "mean_isi": float(isi.mean()) if isi.size else None,
        "threshold": measure.threshold(trace),
        "pulse_width": measure.pulse_width(trace),
        f"{trace.membrane}_min": float(trace.signals[trace.membrane].min()),
        f"{trace.membrane}_max": float(trace.signals[trace.membrane].max()),
    }


def _traces_table(traces: Sequence[Trace]) -> str:
    rows = [["trace", "length", "spikes", "rate", "mean ISI", "threshold", "pulse width", "membrane"]]
    for trace in traces:
        r = _readings(trace)
        rows.append(
            [
                trace.origin,
                format_si(trace.duration, "s", 3),
                str(r["spike_count"]),
                _value(r["rate"], "Hz"),
                _value(r["mean_isi"], "s"),
                _NOTHING if (threshold := r["threshold"]) is None else _membrane(threshold, trace.unit, 4),
                _value(r["pulse_width"], "s"),
                _range(trace),
            ]
        )
    return columns(rows)


def _range(trace: Trace) -> str:
    values = trace.signals[trace.membrane]
    digits = 3 if trace.unit == "V" else 0
    return f"{values.min():.{digits}f} to {values.max():.{digits}f} {trace.unit}"


def _membrane(value: float, unit: str, digits: int = 3) -> str:
    """A membrane potential: with an SI prefix in V, without one in LSB."""
    return f"{value:.{digits}g} LSB" if unit == "LSB" else format_si(value, unit, digits)


def _value(value: float | None, unit: str) -> str:
    return _NOTHING if value is None else format_si(value, unit)


def _percent(value: float | None) -> str:
    return _NOTHING if value is None else f"{100 * value:+.2f} %"


def _difference(a: float | None, b: float | None, unit: str) -> str:
    if a is None or b is None:
        return _NOTHING
    text = _membrane(b - a, unit)
    return text if text.startswith(("-", "0")) else f"+{text}"
