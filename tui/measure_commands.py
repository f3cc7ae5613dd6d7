# SPDX-License-Identifier: GPL-3.0-or-later
"""The subcommands `measure`, automatic measurements as a table, as sentences or as JSON, and `testcard`."""

import dataclasses
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from cyclopts import App, Parameter

from luisim.errors import ParameterError
from luisim.experiment import Pulses
from luisim.lui.network import stimuli_of
from luisim.measurements import Measurement, measurements
from luisim.quantity import format_si
from luisim.trace import Trace
from tui import backends, report
from tui.console import bar, columns, progress, show

_WORDS = {
    "rate": "The firing rate is",
    "isi": "The mean time between two spikes is",
    "cv": "The coefficient of variation of these times is",
    "threshold": "It fires at a membrane potential of",
    "reset": "After a spike the membrane is reset to",
    "refractory": "It is refractory for",
    "tau_mem": "The membrane time constant is",
    "tau_syn": "The synaptic time constant is",
    "psp": "An input pulse moves the membrane by",
}
_UNITS = {"s": "seconds", "V": "volts", "Hz": "hertz", "LSB": "LSB"}
_PREFIXES = {"u": "micro", "m": "milli", "k": "kilo", "n": "nano", "": ""}


def register(app: App) -> None:
    """Add the subcommands to the command line."""
    app.command(measure)
    app.command(testcard)


def measure(
    what: str,
    *,
    on: Annotated[str, Parameter(name="--on", help="Of an experiment: the back end that runs it.")] = "model",
    plain: Annotated[
        bool, Parameter(name="--plain", negative=(), help="Whole sentences, for screen readers and for reading aloud.")
    ] = False,
    json: Annotated[bool, Parameter(name="--json", negative=(), help="Print one JSON document instead of a table.")] = False,
) -> int:
    """Measure rate, intervals, threshold, reset, refractory time, time constants and PSPs.

    Parameters
    ----------
    what
        Name of a shipped experiment or a TOML file, a CSV file with a trace, or a recording (a folder or a name).
    """
    found = [(trace, measurements(trace, inputs)) for trace, inputs in _traces(what, on)]
    if json:
        show({"schema": report.SCHEMA, "measured": what, "traces": [_document(*one) for one in found]})
    elif plain:
        show("\n\n".join(sentences(*one) for one in found))
    else:
        show("\n\n".join(_table(*one) for one in found))
    return 0


def sentences(trace: Trace, found: tuple[Measurement, ...]) -> str:
    """Everything measured, a sentence each, without a sign that a screen reader would stumble over."""
    count = sum(times.size for times in trace.spikes.values()) or _spikes(trace)
    fired = "did not fire" if count == 0 else "fired once" if count == 1 else f"fired {count} times"
    lines = [f"{_name(trace)} {fired} in {_spoken(trace.duration, 's')}."]
    for measurement in found:
        value = _spoken(measurement.value, measurement.unit)
        if measurement.sd is not None and measurement.sd > 1e-4 * abs(measurement.value):
            value += f", with a standard deviation of {_spoken(measurement.sd, measurement.unit)}"
        of = f", from {measurement.count} readings" if measurement.count > 1 else ""
        lines.append(f"{_WORDS[measurement.name]} {value}{of}.")
    if not found:
        lines.append("There is nothing to measure: no spike and no answer to an input.")
    return "\n".join(lines)


def _name(trace: Trace) -> str:
    kind, _, rest = trace.origin.partition(":")
    return f"The {kind} {rest.replace('-', ' ')}".strip()


def _spikes(trace: Trace) -> int:
    from luisim import measure as readings

    return int(readings.spikes(trace).size)


def _spoken(value: float, unit: str) -> str:
    """``451.1 milliseconds``."""
    if not unit:
        return f"{100.0 * value:.2g} percent"
    if abs(value) < 1e-9:
        return f"0 {_UNITS[unit]}"
    if unit == "LSB":
        return f"{value:.1f} LSB"
    number, _, shown = format_si(value, unit, 4).partition(" ")
    return f"{number.replace('-', 'minus ')} {_PREFIXES[shown.removesuffix(unit)]}{_UNITS[unit]}"


def _document(trace: Trace, found: tuple[Measurement, ...]) -> dict[str, Any]:
    return {
        "origin": trace.origin,
        "duration": trace.duration,
        "measurements": {m.name: {k: v for k, v in dataclasses.asdict(m).items() if k != "name"} for m in found},
    }


def _table(trace: Trace, found: tuple[Measurement, ...]) -> str:
    def text(value: float | None, unit: str) -> str:
        return "-" if value is None else f"{value:.2%}" if not unit else format_si(value if abs(value) > 1e-9 else 0.0, unit)

    rows = [("measured", "value", "sd", "n")]
    rows += [(m.name, text(m.value, m.unit), text(m.sd, m.unit), str(m.count)) for m in found]
    return f"{trace.origin}, {format_si(trace.duration, 's')}\n\n{columns(rows)}"


def _traces(what: str, on: str) -> list[tuple[Trace, list[tuple[float, float]] | None]]:
    """Each neuron's trace, with the pulses that went in; None where nobody knows of any."""
    path = Path(what).expanduser()
    if path.suffix == ".csv" or path.is_dir() or what not in {*backends.experiment_titles(), what * path.is_file()}:
        return [(trace, None) for trace in report.each_board(_recorded(what))]
    experiment = backends.load_experiment(what)
    backend = backends.open_backend(on, experiment.device)
    reason = backend.unsupported(experiment)
    if reason is not None:
        raise ParameterError(f"{backend.name} cannot run {experiment.name}: {reason}")
    trace = backend.run(experiment, progress=bar(backend.name))
    progress("")
    if trace.membrane == "v_madc":
        return [(trace, None)]
    found: list[tuple[Trace, list[tuple[float, float]] | None]] = []
    for one, name in zip(report.each_board(trace), _boards(trace), strict=True):
        stimuli = stimuli_of(experiment, name)
        pulses = [interval for s in stimuli if isinstance(s, Pulses) for interval in s.intervals]
        found.append((one, [pulse for pulse in pulses if pulse[0] < trace.time[-1]]))
    return found


def _boards(trace: Trace) -> tuple[str, ...]:
    return tuple(name for name in trace.boards if f"{name}.v_mem" in trace.signals) or ("",)


def _recorded(what: str) -> Trace:
    from firmware_bridge.replay import RecordedLui
    from luisim.trace_files import read_csv

    path = Path(what).expanduser()
    if path.is_file():
        return read_csv(path)
    try:
        return RecordedLui(what).read()
    except ParameterError:
        raise ParameterError(
            f"There is no experiment and no recording {what!r}; give a name from luisim experiments, a CSV file, or a folder"
            " that luisim record has made."
        ) from None


def testcard() -> int:
    """Draw one curve in every set of glyphs, to see which one this terminal's font can show."""
    from tui.render import Curve, Window
    from tui.widgets.chart import MARGIN, Pane, draw
    from tui.widgets.glyphs import GLYPHS, Glyphs

    time = np.linspace(0.0, 2.0, 2001)
    curve = Curve(time, np.where(time % 0.5 < 0.02, 0.0, 1.8 * (1.0 - np.exp(-(time % 0.5) / 0.3))), 0)
    for name in GLYPHS:
        lines = draw([Pane((curve,), 0.0, 1.75, 6)], Window.of(0.0, 2.0, 78 - MARGIN), [], [], Glyphs.named(name))
        print(f"--glyphs {name}")
        print("\n".join("".join(run.text for run in line) for line in lines[:6]) + "\n")
    print("Choose the first one that shows a smooth curve, without boxes, question marks or gaps: luisim app --glyphs NAME")
    return 0
