# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands on one Lu.i board: `luisim fit`, `luisim fi`, `luisim population`."""

from pathlib import Path
from typing import Annotated

import cyclopts
import numpy as np
from cyclopts import Parameter

from firmware_bridge.replay import RecordedLui
from luisim.errors import ParameterError
from luisim.experiment import Experiment
from luisim.lui.parameters import LuiBoard
from luisim.quantity import Quantity, parse_si
from tui import backends
from tui.console import bar, progress, say, show

_DEFAULT_BOARD = "leak-over-threshold"
_MOST_POINTS = 1000
_CURRENT = Quantity("A", -5e-3, 5e-3, "a laboratory source")
_SENSE = Quantity("Ohm", 1.0, 1e7, "a resistor in the supply's lead")
_SUPPLY = Quantity("V", 0.0, 30.0, "a laboratory supply")

_Json = Annotated[bool, Parameter(name="--json", negative=(), help="Print one JSON document instead of a table.")]
_Png = Annotated[Path | None, Parameter(name="--png", help="Draw a picture into this file (.png, .svg or .pdf).")]
_Free = Annotated[str, Parameter(name="--free", help="What is to be found out, with commas: r_leak,c_mem.")]


def register(app: cyclopts.App) -> None:
    """Add the commands to the command line."""
    for command in (fit, fi, population):
        app.command(command)


def fit(
    trace: str,
    *,
    free: _Free = "v_leak,r_leak,c_mem",
    experiment: Annotated[str, Parameter(name="--experiment", help="What was done to which board.")] = _DEFAULT_BOARD,
    exact: Annotated[
        bool, Parameter(name="--exact", negative=(), help="Parts that are not free are exactly as the experiment says.")
    ] = False,
    out: Annotated[
        Path | None, Parameter(name="--out", help="Write the digital twin here; otherwise into NAME-twin.toml.")
    ] = None,
    png: _Png = None,
    json: _Json = False,
) -> int:
    """Find out from a recording how its board is set and made, and write its digital twin: an experiment file.

    The trimmers and parts that are not free are taken from the experiment; parts may differ within their tolerances.
    Intervals are 95 %. What this recording cannot tell is marked as not identifiable.

    Parameters
    ----------
    trace
        CSV file with the columns time_s and v_mem (in s and V), a folder that luisim record made, or recording:NAME.
    """
    from luisim.lui.experiment_text import to_toml
    from luisim.lui.fit import fit as fit_trace
    from tui import lui_report

    recorded = RecordedLui(trace.removeprefix("recording:")).read()
    loaded = _on_one_board(experiment)
    fitted = fit_trace(recorded, loaded, _names(free), tolerances=not exact, progress=bar("fit"))
    progress("")
    name = Path(trace.removeprefix("recording:")).stem
    target = out or Path(f"{name}-twin.toml")
    found = ", ".join(n for n, e in fitted.estimates.items() if e.identifiable and n != "tau_mem") or "nothing for certain"
    remarks = (f"The digital twin of the board in {name}, fitted to it by luisim. Found: {found}.", *fitted.remarks)
    _write(target, to_toml(fitted.twin, f"Twin of {name}", remarks))
    say(f"digital twin written to {target}")
    if png is not None:
        from luisim.lui.model import LuiModel
        from luisim.trace import Trace
        from tui.picture import draw

        shifted = Trace(recorded.time - recorded.time[0], recorded.signals, {}, f"recording:{name}")
        draw([shifted, LuiModel().run(fitted.twin)], f"{name} and its twin", png)
        say(f"picture written to {png}")
    show(lui_report.estimates_json(fitted.estimates) if json else lui_report.fit_text(fitted, name))
    return 0


def fi(
    experiment: str,
    *,
    start: Annotated[str, Parameter(name="--from", help="The first current.")] = "0 uA",
    stop: Annotated[str, Parameter(name="--to", help="The last current.")] = "300 uA",
    points: Annotated[int, Parameter(name="--points", help="How many currents.")] = 20,
    sense: Annotated[str | None, Parameter(name="--sense", help="Sense resistor: shows, or reads, U = supply - R I.")] = None,
    supply: Annotated[str, Parameter(name="--supply", help="Supply of the current source, with --sense.")] = "5.2 V",
    on: Annotated[tuple[str, ...], Parameter(name="--on", negative=(), help="theory (the closed form), model or circuit.")] = (
        "theory",
        "model",
        "circuit",
    ),
    measured: Annotated[
        Path | None, Parameter(name="--measured", help="CSV file of readings: f_hz, and current_a or (with --sense) u_v.")
    ] = None,
    fit: Annotated[bool, Parameter(name="--fit", negative=(), help="Fit the board to the readings first.")] = False,
    free: _Free = "v_leak,r_leak,c_mem",
    out: Annotated[Path | None, Parameter(name="--out", help="Write the fitted board as an experiment file.")] = None,
    csv: Annotated[Path | None, Parameter(name="--csv", help="Write the curves into this file.")] = None,
    png: _Png = None,
    json: _Json = False,
) -> int:
    """Sweep a current into the membrane pad: the firing rate over the current (f-I curve), side by side.

    With readings of a real board the sweep is at their currents, and --fit finds the board that they belong to.

    Parameters
    ----------
    experiment
        Name of a shipped experiment (see `luisim experiments`) or a TOML file; its currents are replaced.
    """
    from dataclasses import replace

    from luisim.experiment import Current
    from luisim.lui import fi as curves
    from luisim.lui.experiment_text import to_toml
    from tui import lui_report

    loaded = _on_one_board(experiment)
    bench = None
    if sense is not None:
        bench = curves.Sense(_value("--supply", supply, _SUPPLY), _value("--sense", sense, _SENSE))
    if not 2 <= points <= _MOST_POINTS:
        raise ParameterError(f"--points {points} is out of range: allowed is 2 to {_MOST_POINTS}.")
    readings = None if measured is None else curves.read_curve(measured, bench)
    currents = np.linspace(_value("--from", start, _CURRENT), _value("--to", stop, _CURRENT), points)
    if readings is not None:
        currents = readings.currents
    fitted = None
    if fit:
        if readings is None:
            raise ParameterError("--fit needs readings to fit: give --measured FILE.csv.")
        fitted = curves.fit_curve(readings, loaded.device.parameters, _names(free))
        loaded = replace(loaded, device=replace(loaded.device, parameters=fitted.parameters))
    found = []
    for word in dict.fromkeys(on):
        if word == "theory":
            found.append(curves.theory_curve(loaded.device.parameters, currents))
            continue
        if word not in ("model", "circuit"):
            raise ParameterError(f"There is no f-I curve on {word!r}: give theory, model or circuit.")
        backend = backends.open_backend(word)
        found.append(curves.measured_curve(backend, loaded, currents, progress=bar(word)))
        progress("")
    if out is not None:
        others = tuple(s for s in loaded.stimuli if not isinstance(s, Current))
        shown = replace(loaded, stimuli=(*others, Current(float(np.median(currents)))))
        _write(out, to_toml(shown, f"f-I curve of {experiment}", ("Sweep it with `luisim fi` on this file.",)))
        say(f"experiment written to {out}")
    if csv is not None:
        head = ["current_a", *(["u_v"] if bench else []), *(f"{c.origin}_hz" for c in found)]
        table = [currents, *([bench.voltage(currents)] if bench else []), *(c.rates for c in found)]
        rows = [",".join(f"{value:.9g}" for value in row) for row in zip(*table, strict=True)]
        _write(csv, "\n".join([",".join(head), *rows]) + "\n")
        say(f"curves written to {csv}")
    if png is not None:
        from tui.lui_pictures import draw_curves

        draw_curves(found, readings, f"f-I curve, {loaded.name}", png)
        say(f"picture written to {png}")
    report = lui_report.curves_json if json else lui_report.curves_text
    show(report(found, readings, fitted, bench))
    return 0


def population(
    experiment: str,
    *,
    boards: Annotated[int, Parameter(name="--boards", help="How many boards.")] = 100,
    seed: Annotated[int, Parameter(name="--seed", help="Seed of everything drawn; equal seeds give equal boards.")] = 1,
    on: Annotated[str, Parameter(name="--on", help="model or circuit.")] = "model",
    png: _Png = None,
    json: _Json = False,
) -> int:
    """Draw a class set of boards from the tolerances of their parts, run one experiment on all, and show how they differ.

    Parameters
    ----------
    experiment
        Name of a shipped experiment (see `luisim experiments`) or a TOML file: what all boards are set to.
    """
    from luisim.lui.population import population as run_population
    from tui import lui_report

    loaded = _on_one_board(experiment)
    if on not in ("model", "circuit"):
        raise ParameterError(f"A population cannot run on {on!r}: give model or circuit.")
    found = run_population(loaded, backends.open_backend(on), boards, seed, progress=bar(f"{boards} boards"))
    progress("")
    if png is not None:
        from tui.lui_pictures import draw_population

        draw_population(found, f"{loaded.name}, {boards} boards", png)
        say(f"picture written to {png}")
    show((lui_report.population_json if json else lui_report.population_text)(found, loaded.name))
    return 0


def _on_one_board(source: str) -> Experiment[LuiBoard]:
    loaded = backends.load_experiment(source)
    if not isinstance(loaded.device, LuiBoard):
        raise ParameterError(f"{loaded.name} is a network; give an experiment on one board.")
    return Experiment(loaded.device, loaded.duration, loaded.stimuli, loaded.name)


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _value(name: str, text: str, quantity: Quantity) -> float:
    return quantity.check(name, parse_si(text, quantity.unit, name))


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ParameterError(f"{path} cannot be written ({error.strerror}); choose another folder.") from None
