# SPDX-License-Identifier: GPL-3.0-or-later
"""The race's result as a picture: cost of each workload, error beside cost, growth, and the distance to the limit."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from engine import plan
from engine.goals import Results, multiple_of_limit
from engine.limit import Limit

TOOLS = (plan.KERNEL, plan.TWIN, plan.NEST, plan.PRECISE, plan.CPP, plan.CYTHON, plan.NUMPY, plan.PYNN)
COLOURS = dict(
    zip(TOOLS, ("#d62728", "#ff9896", "#1f77b4", "#9ecae1", "#2ca02c", "#98df8a", "#c7e9c0", "#9467bd"), strict=True)
)


def draw(results: Results, limit: Limit, path: Path) -> None:
    figure, ((cost, error), (growth, multiple)) = plt.subplots(2, 2, figsize=(15, 10), layout="constrained")
    cases = (*plan.NETWORKS, *plan.ADEX, plan.ALONE)
    for k, tool in enumerate(TOOLS):
        values = [1e3 * results.core(tool, case) for case in cases]
        if np.any(np.isfinite(values)):
            cost.bar(np.arange(len(cases)) + 0.1 * (k - 3.5), values, 0.1, color=COLOURS[tool], label=tool.name)
    cost.set_yscale("log")
    cost.set_xticks(range(len(cases)), [case.label.replace(" ", "\n") for case in cases], fontsize=8)
    cost.set_ylabel("CPU ms for 1 ms of the chip, one core")
    cost.set_title("512 neurons: cost (start and compilation apart)")
    cost.axhline(1.0, color="grey", lw=0.8, ls=":")
    cost.text(len(cases) - 0.5, 0.7, "as fast as the chip", ha="right", fontsize=8, color="grey")
    cost.legend(fontsize=8, ncols=4, loc="upper center")
    cost.set_ylim(0.5, 3e5)

    marks = dict(zip((*plan.NETWORKS[:3], *plan.ADEX, plan.ALONE), "ov^<>sD", strict=True))
    for tool in TOOLS:
        for case, mark in marks.items():
            found = results.error(tool, case)
            if found and np.isfinite(found["median"]):
                error.plot(1e3 * results.core(tool, case), max(1e3 * found["median"], 1e-7), mark, color=COLOURS[tool], ms=8)
    error.axhline(8.0, color="grey", lw=0.8, ls=":")
    error.text(
        0.99, 9.0, "the chip's event stamp, 8 ns", ha="right", fontsize=8, color="grey", transform=error.get_yaxis_transform()
    )
    for case, mark in marks.items():
        error.plot([], [], mark, color="black", label=case.label)
    error.legend(fontsize=8)
    error.set(
        xscale="log", yscale="log", xlabel="CPU ms for 1 ms of the chip", ylabel="median spike-time error, ns of the chip"
    )
    error.set_title("Accuracy beside cost (colours as on the left)")

    for name, style in zip(plan.GROWTH, ["o-", "s--", "^:"], strict=True):
        for tool in (plan.KERNEL, plan.NEST):
            some = (plan.COLD, *plan.GROWTH[name]) if name == "batch" else (*plan.GROWTH[name], plan.COLD)
            key = {"neurons": "n", "rows of synapses": "rows", "batch": "batch"}[name]
            values = [1e3 * results.core(tool, case) for case in some]
            if np.isfinite(values).sum() > 1:
                growth.plot([getattr(c, key) for c in some], values, style, color=COLOURS[tool], label=f"{tool.name}, {name}")
    growth.set(xscale="log", yscale="log", xlabel="neurons, rows, or networks in a batch", ylabel="CPU ms for 1 ms of the chip")
    growth.set_title("How cost grows (W1 medium)")
    growth.legend(fontsize=8)

    values = [multiple_of_limit(results, case, limit) for case in plan.NETWORKS]
    multiple.bar(range(len(values)), values, color=COLOURS[plan.KERNEL])
    for k, value in enumerate(values):
        if np.isfinite(value):
            multiple.text(k, value, f"{value:.1f}", ha="center", va="bottom")
    multiple.axhline(8.0, color="grey", ls=":")
    multiple.set_xticks(range(len(values)), [case.label.replace(" ", "\n") for case in plan.NETWORKS])
    multiple.set_ylabel("times the least that steps and events can cost")
    multiple.set_title(
        f"luisim and the limit: {1e9 * limit.step:.0f} ns a step of 512, {1e9 * limit.event:.0f} ns an event on 512"
    )
    figure.savefig(path, dpi=110)
    plt.close(figure)
