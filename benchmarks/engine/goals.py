# SPDX-License-Identifier: GPL-3.0-or-later
"""The goals that the engine is held to, each with what was measured."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine import plan
from engine.limit import Limit
from engine.race import Case, Result
from engine.workloads import workload

ROOT = Path(__file__).resolve().parents[2]
EVENT_STAMP = 8e-3  # units: 8 ns


@dataclass(frozen=True)
class Goal:
    """``met`` None: not measured."""

    text: str
    figure: str
    met: bool | None


class Results:
    """All results by tool and case."""

    def __init__(self, results: Iterable[Result]) -> None:
        self.all = {(r.tool, r.case): r for r in results}

    def core(self, tool: plan.Tool, case: Case) -> float:
        """Median CPU s of the run itself."""
        found = self.all.get((tool.name, case))
        return found.part("core") if found and found.runs else float("nan")

    def cold(self, tool: plan.Tool, case: Case) -> float:
        """Median CPU s from the start of the process, with a compilation where there is one."""
        found = self.all.get((tool.name, case))
        return found.value("cpu_total") if found and found.runs else float("nan")

    def rss(self, tool: plan.Tool, case: Case) -> float:
        found = self.all.get((tool.name, case))
        return found.value("rss_mb") if found and found.runs else float("nan")

    def error(self, tool: plan.Tool, case: Case) -> dict[str, float]:
        found = self.all.get((tool.name, case))
        return found.runs[0].get("accuracy", {}) if found and found.runs else {}  # type: ignore[return-value]

    def ratio(self, tool: plan.Tool, case: Case) -> float:
        ours = plan.CLOSED if case == plan.ALONE else plan.KERNEL
        return self.core(tool, case) / self.core(ours, case)


def multiple_of_limit(results: Results, case: Case, limit: Limit) -> float:
    """Our CPU time of a network as a multiple of the limit for as many steps and delivered events."""
    w = workload(case.workload, case.level, case.duration, n=case.n, rows=case.rows)
    found = results.all.get((plan.KERNEL.name, case))
    if found is None or not found.runs:
        return float("nan")
    events = found.value("spikes") if w.delay is not None else len(w.input_step)
    return results.core(plan.KERNEL, case) / limit.seconds(w.steps, int(events))


def goals(results: Results, limit: Limit, installed: float) -> list[Goal]:
    """In the order of the project's list."""
    found = [
        _ratios("1 W1, W2: 10 x NEST", results.ratio, plan.NEST, plan.NETWORKS, 10.0),
        _ratios("1 W1: 20 x NEST precise", results.ratio, plan.PRECISE, plan.NETWORKS[:3], 20.0),
        _ratios("1 W1, W2: 13 x Brian2 C++", results.ratio, plan.CPP, plan.NETWORKS, 13.0),
    ]

    def cold(tool: plan.Tool, case: Case) -> float:
        return results.cold(tool, case) / results.cold(plan.KERNEL, case)

    for tool, least in ((plan.NEST, 4.0), (plan.CYTHON, 25.0), (plan.CPP, 80.0)):
        found.append(_ratios(f"2 cold start to 1 ms of the chip: {least:g} x {tool.name}", cold, tool, (plan.COLD,), least))
    found += [
        _ratios("3 W3 AdEx: 3 x Brian2 C++", results.ratio, plan.CPP, plan.ADEX, 3.0),
        _ratios("3 W3 AdEx: 40 x NEST", results.ratio, plan.NEST, plan.ADEX, 40.0),
    ]

    def error_ratio(tool: plan.Tool, case: Case) -> float:
        ours, theirs = results.error(plan.KERNEL, case), results.error(tool, case)
        if not ours or not theirs:
            return float("nan")
        # no neuron of theirs fires as often as it should
        return float("inf") if not theirs["equal"] else theirs["median"] / ours["median"]

    found.append(_ratios("3 W3 AdEx: a tenth of NEST's median error", error_ratio, plan.NEST, plan.ADEX, 10.0))
    for tool in (plan.NEST, plan.CPP):
        found.append(_ratios(f"4 W4 in closed form: 100 x {tool.name}", results.ratio, tool, (plan.ALONE,), 100.0))

    def many(tool: plan.Tool, case: Case) -> float:
        return 8.0 * results.core(tool, plan.FEWER) / results.core(plan.CLOSED, plan.MANY)

    found += [
        _ratios("4 W6: 60 x Brian2 C++ (8 x its eighth)", many, plan.CPP, (plan.MANY,), 60.0),
        _ratios("4 W5: 8 x NEST", results.ratio, plan.NEST, (plan.BOARDS,), 8.0),
        _ratios("4 W5: 20 x Brian2 C++", results.ratio, plan.CPP, (plan.BOARDS,), 20.0),
    ]
    multiples = [multiple_of_limit(results, case, limit) for case in plan.NETWORKS]
    found.append(_goal("5 W1, W2: at most 8 x the limit", multiples, lambda x: x <= 8.0))
    lif = [results.error(plan.KERNEL, case) for case in (*plan.NETWORKS[:3], plan.ALONE)]
    lif.append(results.error(plan.CLOSED, plan.ALONE))
    found.append(_accurate("6 W1, W4 (also in closed form): p99 error at most 8 ns, 99.5 % with equal count", lif, EVENT_STAMP))
    adex = [results.error(plan.KERNEL, case) for case in plan.ADEX]
    found.append(_accurate("6 W3 AdEx: p99 error at most 120 ns", adex, 0.12, equal=0.0))
    same_bits = _same_bits(results)
    told = ", ".join(name for name, same in same_bits.items() if not same) or f"{len(same_bits)} of {len(same_bits)}"
    found.append(Goal("7 numpy twin equals kernel bit for bit", told, all(same_bits.values()) if same_bits else None))
    memory = [results.rss(plan.KERNEL, plan.COLD) / results.rss(plan.NEST, plan.COLD)]
    found.append(_goal("8 memory at most half of NEST's", memory, lambda x: x <= 0.5))
    found.append(Goal("8 installed beyond numpy at most 1 MB", f"{installed:.2f} MB", installed <= 1.0))
    dearer = [
        results.core(plan.KERNEL, case) / results.core(plan.KERNEL, Case(case.workload.removesuffix("-ota"), case.level))
        for case in plan.OTA
    ]
    found.append(_goal("9 OTA leak: at most 3 x the linear one's cost (W1, W2, W4)", dearer, lambda x: x <= 3.0))
    ota = [results.error(plan.KERNEL, case) for case in plan.OTA if not case.workload.startswith("W2")]
    found.append(_accurate("9 OTA leak: p99 error at most 8 ns, 99.5 % with equal count (W1, W4)", ota, EVENT_STAMP))
    return found


def _same_bits(results: Results) -> dict[str, bool]:
    """Whether the twin's spikes are the kernel's, for each workload that both ran."""
    same = {}
    for (tool, case), result in results.all.items():
        kernel = results.all.get((plan.KERNEL.name, case))
        if tool == plan.TWIN.name and result.runs and kernel and kernel.runs:
            same[case.label] = kernel.runs[0].get("digest") == result.runs[0].get("digest")
    return same


def installed_mb() -> float:
    """The engine as it is installed: the chip's and the kernels' files."""
    folders = (ROOT / "luisim" / "hicannx", ROOT / "luisim" / "kernels")
    return sum(f.stat().st_size for folder in folders for f in folder.iterdir() if f.is_file()) / 1e6


def _ratios(
    text: str, ratio: Callable[[plan.Tool, Case], float], tool: plan.Tool, cases: tuple[Case, ...], least: float
) -> Goal:
    return _goal(text, [ratio(tool, case) for case in cases], lambda x: x >= least)


def _goal(text: str, values: list[float], good: Callable[[float], bool]) -> Goal:
    """Every value has to be good; those that were not measured are shown as a dash."""
    known = [x for x in values if not np.isnan(x)]
    figure = ", ".join("-" if np.isnan(x) else f"{x:.3g}" for x in values)
    met = None if not known else all(map(good, known)) and (len(known) == len(values) or None)
    return Goal(text, figure, False if known and not all(map(good, known)) else met)


def _accurate(text: str, errors: list[dict[str, float]], most: float, equal: float = 0.995) -> Goal:
    known = [e for e in errors if e]
    figure = ", ".join(f"{1e3 * e['p99']:.2g} ns ({e['equal']:.0f}/{e['neurons']:.0f})" if e else "-" for e in errors)
    good = all(e["p99"] <= most and e["equal"] >= equal * e["neurons"] for e in known)
    return Goal(text, figure, None if not known or (good and len(known) < len(errors)) else good)
