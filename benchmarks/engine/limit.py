# SPDX-License-Identifier: GPL-3.0-or-later
"""The limit of this machine: what a step of 512 neurons and a spike into a row cost at least, on one core."""

import ctypes
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.environments import cache

SOURCE = Path(__file__).with_name("limit.c")
FLAGS = ("-O3", "-std=c11", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=off", "-shared", "-fPIC")
PORTABLE, NATIVE = (), ("-march=native",)


@dataclass(frozen=True)
class Limit:
    """CPU s of a step of ``n`` neurons and of an event on a row of as many synapses."""

    n: int
    step: float
    event: float

    def seconds(self, steps: int, events: int) -> float:
        return steps * self.step + events * self.event


def limit(target: tuple[str, ...] = PORTABLE, n: int = 512, repeats: int = 7) -> Limit:
    """Measured now; the least of some repeats. Needs a C compiler."""
    cache().mkdir(parents=True, exist_ok=True)
    path = cache() / f"limit{'-'.join(target)}.so"
    subprocess.run(["cc", *FLAGS, *target, SOURCE, "-o", path], check=True)
    code = ctypes.CDLL(str(path))
    rng = np.random.default_rng(0)
    steps, events = 50_000, 200_000
    constants = rng.uniform(0.9, 0.99, (8, n)).astype(np.float32)
    constants[6] = 1e9
    state = rng.random((3, n), dtype=np.float32)
    row = rng.integers(0, 256, events, dtype=np.int32)
    weights, total = rng.integers(0, 64, (256, n), dtype=np.uint8), np.zeros(n, np.uint16)

    def least(call: Callable[[], object]) -> float:
        taken = []
        for _ in range(repeats):
            before = time.process_time()
            call()
            taken.append(time.process_time() - before)
        return min(taken)

    size = ctypes.c_int64(n)

    def at(array: np.ndarray) -> ctypes.c_void_p:  # type: ignore[type-arg]
        return ctypes.c_void_p(array.ctypes.data)

    step = least(lambda: code.limit_state(size, ctypes.c_int64(steps), at(constants), at(state))) / steps
    event = least(lambda: code.limit_rows(size, ctypes.c_int64(events), at(row), at(weights), at(total))) / events
    return Limit(n, step, event)
