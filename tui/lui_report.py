# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports on Lu.i boards: fits, f-I curves and populations as text for people and as values for programs."""

import dataclasses
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from luisim.lui.fi import FiCurve, FiFit, Sense
from luisim.lui.fit import Fit
from luisim.lui.population import READINGS, Population
from luisim.lui.unknowns import Estimate
from luisim.quantity import format_si
from luisim.trace import Array
from tui.console import columns
from tui.report import SCHEMA

_NOTHING = "-"
_BAR, _EIGHTHS = 40, " ▏▎▍▌▋▊▉█"  # cells of the longest bar of a histogram, and the parts of one


def estimates_json(estimates: Mapping[str, Estimate]) -> dict[str, Any]:
    """Each parameter with value, low, high, unit and identifiable."""
    return {name: dataclasses.asdict(estimate) for name, estimate in estimates.items()}


def fit_text(fitted: Fit, source: str) -> str:
    """The parameters with their intervals, what is not known, and how close the twin comes."""
    recorded, own = fitted.spikes
    lines = [
        f"{source}: {recorded} spikes in {format_si(fitted.twin.duration, 's')}, noise {format_si(fitted.noise, 'V', 2)} rms",
        "",
        _estimates_table(fitted.estimates),
        "",
        *fitted.remarks,
        f"The twin fires {own} times and follows the recording within {format_si(fitted.rms, 'V', 3)} rms"
        f" ({format_si(fitted.rms_aligned, 'V', 3)} aligned on the spikes).",
    ]
    return "\n".join(lines) + "\n"


def curves_json(
    curves: Sequence[FiCurve], measured: FiCurve | None, fitted: FiFit | None, sense: Sense | None
) -> dict[str, Any]:
    """Rates in Hz over currents in A (and voltages in V), and the fit."""
    currents = (curves[0] if curves else measured or curves[0]).currents
    result: dict[str, Any] = {"schema": SCHEMA, "current": currents.tolist()}
    if sense is not None:
        result["voltage"] = sense.voltage(currents).tolist()
    result["rate"] = {curve.origin: curve.rates.tolist() for curve in [*([measured] if measured else []), *curves]}
    if measured is not None:
        result["rms"] = {curve.origin: curve.rms(measured) for curve in curves}
    if fitted is not None:
        result["fit"] = estimates_json(fitted.estimates)
        result["fit_rms"] = fitted.rms
    return result


def curves_text(curves: Sequence[FiCurve], measured: FiCurve | None, fitted: FiFit | None, sense: Sense | None) -> str:
    """A row a current; below, the fit and how far each curve is from the readings."""
    all_curves = [*([measured] if measured else []), *curves]
    head = ["current", *(["U"] if sense else []), *(curve.origin for curve in all_curves)]
    rows = [head]
    for n, current in enumerate(all_curves[0].currents):
        voltage = [f"{float(sense.voltage(current)):.3f} V"] if sense else []
        rows.append([format_si(current, "A"), *voltage, *(f"{curve.rates[n]:.3f} Hz" for curve in all_curves)])
    parts = [columns(rows)]
    if fitted is not None:
        parts.append(_estimates_table(fitted.estimates))
    if measured is not None and curves:
        parts.append("\n".join(f"{curve.origin}: {curve.rms(measured):.3f} Hz rms from {measured.origin}" for curve in curves))
    return "\n\n".join(parts) + "\n"


def population_json(found: Population, experiment: str) -> dict[str, Any]:
    """The seeds of the boards, their readings in SI units (null: not there), and how they are spread."""
    spreads = {name: found.spread(name) for name in READINGS}
    return {
        "schema": SCHEMA,
        "experiment": experiment,
        "backend": found.origin,
        "seeds": list(found.seeds),
        "readings": {
            name: [float(value) if np.isfinite(value) else None for value in values] for name, values in found.readings.items()
        },
        "spread": {name: dataclasses.asdict(spread) if spread else None for name, spread in spreads.items()},
    }


def population_text(found: Population, experiment: str) -> str:
    """A histogram of the rates and a table of all readings."""
    rows = [["reading", "boards", "mean", "sd", "CV", "least", "most"]]
    for name, quantity in READINGS.items():
        spread = found.spread(name)
        if spread is None:
            rows.append([name.replace("_", " "), "0", *[_NOTHING] * 5])
            continue
        mean, sd, low, high = (format_si(x, quantity.unit) for x in (spread.mean, spread.sd, spread.low, spread.high))
        cv = _NOTHING if spread.cv is None else f"{100 * spread.cv:.2f} %"
        rows.append([name.replace("_", " "), str(spread.count), mean, sd, cv, low, high])
    head = f"{experiment} on {len(found.seeds)} boards ({found.origin})"
    shown = "rate" if np.any(found.readings["rate"] > 0.0) else "rest"
    histogram = histogram_text(found.readings[shown], READINGS[shown].unit)
    return f"{head}\n\n{shown}\n{histogram}\n\n{columns(rows)}\n"


def histogram_text(values: Array, unit: str) -> str:
    """A line a bin: its range, a bar, how many."""
    if np.ptp(values) == 0.0:
        return f"{values[0]:.3g} {unit} {'█' * _BAR} {values.size}"
    counts, edges = np.histogram(values, bins=int(np.ceil(np.log2(values.size))) + 1)  # Sturges' rule
    most = int(counts.max())
    labels = [f"{low:.3g} to {high:.3g} {unit}" for low, high in pairwise(edges)]
    width = max(map(len, labels))
    lines = []
    for label, count in zip(labels, counts, strict=True):
        eighths = round(8 * _BAR * int(count) / most)
        bar = "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()
        lines.append(f"{label:>{width}} {bar} {count or ''}".rstrip())
    return "\n".join(lines)


def _estimates_table(estimates: Mapping[str, Estimate]) -> str:
    rows = [["parameter", "value", "95 % interval", ""]]
    for name, e in estimates.items():
        interval = f"{format_si(e.low, e.unit)} to {format_si(e.high, e.unit)}"
        rows.append([name, format_si(e.value, e.unit), interval, "" if e.identifiable else "not identifiable"])
    return columns(rows)
