# SPDX-License-Identifier: GPL-3.0-or-later
"""What a measured process says at its end: one line of JSON, and its spikes in a file. Standard library and numpy only."""

import argparse
import json
import resource
import time

import numpy as np

from engine.workloads import Workload, workload


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("workload")
    parser.add_argument("level")
    parser.add_argument("--mode", default="")
    parser.add_argument("--duration", type=float)
    parser.add_argument("--n", type=int, default=512)
    parser.add_argument("--rows", type=int, default=256)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--folder", default="")
    parser.add_argument("--spikes", default="")
    return parser.parse_args()


def chosen(given: argparse.Namespace) -> Workload:
    return workload(given.workload, given.level, given.duration, n=given.n, rows=given.rows)


class Clock:
    """CPU s of each part: ``start`` (interpreter and imports), then what is named."""

    def __init__(self) -> None:
        self.parts: dict[str, float] = {}
        self.last = 0.0
        self("start")

    def __call__(self, part: str) -> None:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)  # compilers
        now = time.process_time() + children.ru_utime + children.ru_stime
        self.parts[part] = self.parts.get(part, 0.0) + now - self.last
        self.last = now


def say(given: argparse.Namespace, clock: Clock, version: str, times: object, neurons: object, note: str = "") -> None:
    t, i = np.asarray(times, dtype=float), np.asarray(neurons)
    clock("result")
    if given.spikes:
        np.savez(given.spikes, times=t, neurons=i)
    line = {"version": version, "cpu": clock.parts, "spikes": len(t), "note": note}
    print("RESULT " + json.dumps(line), flush=True)
