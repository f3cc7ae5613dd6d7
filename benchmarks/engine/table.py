# SPDX-License-Identifier: GPL-3.0-or-later
"""The race's result as text."""

import numpy as np

from engine import plan
from engine.goals import Goal, Results, multiple_of_limit
from engine.limit import Limit
from engine.race import Result

HEAD = (
    f"{'':22} {'core ms':>9} {'x ours':>7} {'start+build s':>13} {'compile s':>9} {'cold s':>7} {'median':>8} {'p99':>8} "
    f"{'equal':>9} {'spikes':>9} {'MB':>6}"
)


def lines(results: Results, limit: Limit) -> list[str]:
    """A block for each workload, a line for each tool; then how cost grows."""
    by_case: dict[str, list[Result]] = {}
    for result in results.all.values():
        by_case.setdefault(result.case.label, []).append(result)
    growing = {case for cases in plan.GROWTH.values() for case in cases}
    text: list[str] = []
    for label, some in sorted(by_case.items()):
        if some[0].case in growing:
            continue
        multiple = multiple_of_limit(results, some[0].case, limit) if some[0].case in plan.NETWORKS else float("nan")
        text += ["", label + (f": ours is {multiple:.1f} x the limit" if np.isfinite(multiple) else ""), HEAD]
        text += [_line(result, results) for result in sorted(some, key=lambda r: r.part("core"))]
    return [*text, "", *_growth(results)]


def goal_lines(goals: list[Goal]) -> list[str]:
    verdict = {True: "met", False: "NOT MET", None: "not measured"}
    return [f"{verdict[goal.met]:13} {goal.text}: {goal.figure}" for goal in goals]


def _line(result: Result, results: Results) -> str:
    if not result.runs:
        return f"{result.tool:22} {result.failure[:150] or 'not run: out of time'}"
    core = result.part("core")
    parts = [result.part(name) for name in ("start", "workload", "build", "program")]
    error = result.runs[0].get("accuracy")
    told = f"{'':8} {'':8} {'':9}"
    if isinstance(error, dict):
        told = f"{_time(error['median']):>8} {_time(error['p99']):>8} {error['equal']:>5}/{error['neurons']}"
        if result.case.workload.startswith("W2") or result.case.workload == "W5":
            told = f"{'chaotic':>8} {error['expected']:>8} {'expected':>9}"
    ratio = core / results.core(plan.KERNEL, result.case)
    return (
        f"{result.tool:22} {1e3 * core:9.2f} {ratio:7.1f} {np.nansum(parts):13.2f} {result.part('compile'):9.1f} "
        f"{result.value('cpu_total'):7.2f} {told} {result.value('spikes'):9.0f} {result.value('rss_mb'):6.0f}"
    ).replace("nan", "  -")


def _time(units: float) -> str:
    """A unit is 1 us of the chip."""
    return f"{1e3 * units:.2g}ns" if units < 0.1 else f"{units:.2g}us"


def _growth(results: Results) -> list[str]:
    text = ["How cost grows (W1 medium, core ms):"]
    for name, cases in plan.GROWTH.items():
        for tool in (plan.KERNEL, plan.NEST):
            known = [(case, results.core(tool, case)) for case in (*cases, plan.COLD)]
            told = [f"{_size(name, case)}: {1e3 * core:.2f}" for case, core in known if np.isfinite(core)]
            if told:
                text.append(f"  {tool.name:8} {name:17} {', '.join(told)}")
    rates = {tool: [results.core(tool, case) for case in plan.NETWORKS[:3]] for tool in (plan.KERNEL, plan.NEST, plan.CPP)}
    text += [
        f"  {tool.name:8} rate 5, 50, 200 kHz {', '.join(f'{1e3 * c:.2f}' for c in cores)}" for tool, cores in rates.items()
    ]
    return text


def _size(name: str, case: object) -> str:
    return str(getattr(case, {"neurons": "n", "rows of synapses": "rows", "batch": "batch"}[name]))
