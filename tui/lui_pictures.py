# SPDX-License-Identifier: GPL-3.0-or-later
"""Pictures of f-I curves and of populations. matplotlib is imported only when one is drawn."""

from collections.abc import Sequence
from pathlib import Path

from luisim.lui.fi import FiCurve
from luisim.lui.population import READINGS, Population
from tui.picture import save

# as in tui.picture: colour-blind safe, and told apart by their marks
_CURVES = {"theory": ("#009e73", "-", ""), "model": ("#7d3c98", "", "D"), "circuit": ("#d55e00", "", "v")}
_MEASURED = ("#0072b2", "", "^")
_SHOWN = (("rate", 1.0, "firing rate (Hz)"), ("threshold", 1.0, "threshold (V)"), ("pulse_width", 1e3, "pulse width (ms)"))


def draw_curves(curves: Sequence[FiCurve], measured: FiCurve | None, title: str, path: Path) -> None:
    """f-I curves over one another. Raises :class:`~luisim.errors.ParameterError` if the file cannot be written."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 5), layout="constrained", dpi=120)
    FigureCanvasAgg(figure)
    axis = figure.add_subplot()
    for curve in [*([measured] if measured else []), *curves]:
        colour, line, mark = _MEASURED if curve is measured else _CURVES.get(curve.origin, ("#555555", ":", "o"))
        axis.plot(1e6 * curve.currents, curve.rates, line + mark, color=colour, fillstyle="none", label=curve.origin)
    axis.set_xlabel("current into the membrane (µA)")
    axis.set_ylabel("firing rate (Hz)")
    axis.set_title(title)
    axis.grid(alpha=0.3)
    axis.legend()
    save(figure, path)


def draw_population(found: Population, title: str, path: Path) -> None:
    """Histograms of the rate, the threshold and the pulse width, or of the resting potential of a board that stays silent.

    Raises :class:`~luisim.errors.ParameterError` if the file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = [item for item in _SHOWN if found.spread(item[0]) is not None]
    if found.spread("rest") is not None:
        shown.append(("rest", 1.0, "resting potential (V)"))
    figure = Figure(figsize=(3.2 * len(shown), 3.6), layout="constrained", dpi=120)
    FigureCanvasAgg(figure)
    for axis, (name, scale, label) in zip(figure.subplots(1, len(shown), squeeze=False)[0], shown, strict=True):
        values = found.readings[name]
        axis.hist(scale * values[values == values], bins="auto", color="#0072b2", edgecolor="white")
        axis.set_xlabel(label)
        spread = found.spread(name)
        assert spread is not None
        unit = READINGS[name].unit if scale == 1.0 else f"m{READINGS[name].unit}"
        axis.set_title(f"{scale * spread.mean:.3g} ± {scale * spread.sd:.2g} {unit}", fontsize="medium")
    figure.supylabel("boards", fontsize="medium")
    figure.suptitle(title)
    save(figure, path)
