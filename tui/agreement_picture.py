# SPDX-License-Identifier: GPL-3.0-or-later
"""The picture of `luisim agreement`: all reference cases against their limits, and where the back ends part."""

from collections.abc import Sequence
from pathlib import Path

from luisim.lui.margin import Margin
from luisim.lui.reference import Verdict
from tui.picture import STYLES, save


def draw_agreement(verdicts: Sequence[Verdict], margins: Sequence[Margin], path: Path) -> None:
    """Write it (PNG, SVG or PDF). ``margins``: of the same two back ends, none if there was one alone.

    Raises :class:`~luisim.errors.ParameterError` if the file cannot be written.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.6), layout="constrained", dpi=120)
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, width_ratios=[3, 2])
    groups = list(dict.fromkeys(v.case.partition("/")[0] for v in verdicts))
    names = list(dict.fromkeys(v.backend for v in verdicts))
    for offset, name in enumerate(names):
        colour, _, mark = STYLES[name]
        for row, group in enumerate(groups):
            shares = [100.0 * v.share for v in verdicts if v.backend == name and v.case.startswith(group)]
            # a case for each mark, side by side, so that equal ones do not hide one another
            heights = [row + 0.28 * (offset - 0.5) + 0.2 * (n / max(1, len(shares) - 1) - 0.5) for n in range(len(shares))]
            label = name if row == 0 else None
            left.plot(shares, heights, mark, color=colour, markersize=4, fillstyle="none", label=label)
    left.axvline(100.0, color="#aa0000", linewidth=1.2)
    left.set_yticks(range(len(groups)), groups)
    left.invert_yaxis()
    left.set_xlim(0.0, max(110.0, 105.0 * max((v.share for v in verdicts), default=1.0)))
    left.set_xlabel("largest difference from the reference, % of what is allowed")
    agree = sum(v.agrees for v in verdicts)
    left.set_title(f"{agree} of {len(verdicts)} cases agree with the reference")
    left.legend(loc="lower right", fontsize="small")

    if margins:
        first, second = names[0], names[1]
        volts = [1e3 * margin.volts for margin in margins]
        right.plot(volts, [100.0 * abs(m.difference(first, second)) for m in margins], "o-", color="#555555", markersize=4)
        right.set_xscale("log")
        right.set_yscale("log")
        right.set_xlabel("resting potential above threshold (mV)")
        right.set_ylabel(f"difference of the intervals, {second} and {first} (%)")
        right.set_title("they part near the threshold")
    else:
        right.set_axis_off()
    for axis in (left, right):
        axis.grid(alpha=0.3, which="both")
    save(figure, path)
