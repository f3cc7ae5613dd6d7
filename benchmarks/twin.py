# SPDX-License-Identifier: GPL-3.0-or-later
"""Twins of 50 sampled boards: how often the truth lies inside the stated 95 % intervals, and what a fit costs.

Each board is recorded for 10 s at 1 kHz with 5 mV rms of noise. Run it with `.venv/bin/python benchmarks/twin.py`.
"""

import sys
import time

import numpy as np

from luisim.experiment import Experiment
from luisim.lui.board import BoardParts
from luisim.lui.fit import fit
from luisim.lui.model import LuiModel
from luisim.lui.parameters import LuiBoard, LuiParameters, PotPositions
from luisim.trace import Trace


def main(boards: int = 50) -> None:
    inside, seconds = dict.fromkeys(("r_leak", "v_leak", "tau_mem"), 0), []
    for seed in range(boards):
        rng = np.random.default_rng(1000 + seed)
        parts = BoardParts.sample(seed)
        turns = PotPositions(rng.uniform(0.62, 1.0), rng.uniform(0.2, 1.0), 0.5, (0.5, 0.5, 0.5))
        board = LuiParameters.at(turns, parts)
        times = np.arange(0.0, 10.0, 1e-3)
        v_mem = LuiModel().run(Experiment(LuiBoard(board), 10.0)).at("v_mem", times) + rng.normal(0.0, 5e-3, times.size)
        start = time.process_time()
        found = fit(Trace(times, {"v_mem": v_mem}, {}, f"board {seed}"), Experiment(LuiBoard(), 10.0))
        seconds.append(time.process_time() - start)
        truth = {"r_leak": board.r_leak, "v_leak": board.v_leak, "tau_mem": board.r_leak * parts.c_mem}
        for name, value in truth.items():
            inside[name] += found.estimates[name].low <= value <= found.estimates[name].high
        print(f"\r{seed + 1} of {boards}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    for name, count in inside.items():
        print(f"{name:8} inside its interval on {count} of {boards} boards ({100 * count / boards:.0f} %)")
    print(f"CPU seconds a fit: mean {np.mean(seconds):.2f}, most {max(seconds):.2f}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
