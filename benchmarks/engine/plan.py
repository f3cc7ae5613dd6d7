# SPDX-License-Identifier: GPL-3.0-or-later
"""Who runs what, and how often: the whole race and the quick one."""

from engine.race import Case, Tool
from engine.workloads import LEVELS

KERNEL = Tool("luisim", "run_luisim", "kernel")
PLAIN = Tool("luisim SSE2", "run_luisim", "plain")
CLOSED = Tool("luisim closed form", "run_luisim", "closed")
TWIN = Tool("luisim numpy", "run_luisim", "twin")
NEST = Tool("NEST", "run_nest", "grid", "nest")
PRECISE = Tool("NEST precise", "run_nest", "precise", "nest")
CPP = Tool("Brian2 C++", "run_brian2", "cpp", "brian2")
CYTHON = Tool("Brian2 Cython", "run_brian2", "cython", "brian2")
NUMPY = Tool("Brian2 numpy", "run_brian2", "numpy", "brian2")
PYNN = Tool("PyNN + Brian2", "run_pynn", "", "pynn")
ENVIRONMENTS = ("brian2", "nest", "pynn")

NETWORKS = tuple(Case(name, level) for name in ("W1", "W2") for level in LEVELS)
ADEX = tuple(Case("W3", level) for level in LEVELS)
ALONE, BOARDS, MANY = Case("W4"), Case("W5"), Case("W6")
FEWER = Case("W6", n=64)  # an eighth of W6 for those who would need an hour or 20 GB
OTA = (*(Case(f"{name}-ota", level) for name in ("W1", "W2") for level in LEVELS), Case("W4-ota"))
COLD = Case("W1")
SIZES = (64, 128, 256, 512)
GROWTH = {
    "neurons": tuple(Case("W1", n=n) for n in SIZES[:-1]),
    "rows of synapses": tuple(Case("W1", rows=rows) for rows in (32, 64, 128)),
    "batch": tuple(Case("W1", batch=batch) for batch in (2, 4, 8)),
}

Plan = list[tuple[Tool, Case, int]]


def whole(repeats: int = 5) -> Plan:
    """All of it."""
    plan: Plan = [(tool, case, repeats) for tool in (KERNEL, NEST, CPP) for case in (*NETWORKS, *ADEX, ALONE, BOARDS)]
    plan += [(PRECISE, case, repeats) for case in (*NETWORKS[:3], ALONE)]
    plan += [(KERNEL, case, repeats) for case in OTA]
    plan += [(PLAIN, case, repeats) for case in (*NETWORKS, *ADEX, *OTA)]
    plan += [(CLOSED, ALONE, repeats), (CLOSED, MANY, min(repeats, 3))]
    plan += [(TWIN, case, 1) for case in (*NETWORKS, *ADEX, *(Case("W4", level) for level in LEVELS))]
    plan += [(KERNEL, Case("W4", level), 1) for level in LEVELS if level != "medium"]
    plan += [(tool, case, 2 if case == COLD else 1) for tool in (CYTHON, NUMPY) for case in (*NETWORKS, ALONE)]
    plan += [(PYNN, case, 1) for case in (NETWORKS[0], COLD, ALONE)]
    plan += [(tool, FEWER, 1) for tool in (NEST, CPP)]
    plan += [
        (tool, case, 3)
        for cases in GROWTH.values()
        for case in cases
        for tool in (KERNEL, NEST)
        if tool is KERNEL or case.batch == 1
    ]
    return plan


def quick() -> Plan:
    """The medium level, and what is slow only once."""
    slow = (CYTHON, NUMPY, PYNN, TWIN)
    return [
        (tool, case, 1 if tool in slow else repeats)
        for tool, case, repeats in whole()
        if case.level == "medium" and case not in (FEWER, MANY) and (tool not in slow or case.workload in ("W1", "W4"))
    ]
