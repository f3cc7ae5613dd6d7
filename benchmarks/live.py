# SPDX-License-Identifier: GPL-3.0-or-later
"""How long after a knob was turned its trace bends: from the call to the first sample read that was solved with the new value.

Run it with `.venv/bin/python benchmarks/live.py`. Wall time, since a person waits for it; the share that ngspice takes to halt
and go on is waiting and no work, so it changes little on a busy machine. Prints CPU seconds per second of running as well.
"""

import resource
import statistics
import time
from dataclasses import replace

from luisim.experiment import Experiment
from luisim.lui.circuit import LuiCircuit
from luisim.lui.parameters import LuiBoard, LuiParameters

TURNS, REST = 60, 0.15  # s between two turns
POLL = 0.001  # s


def main() -> None:
    board = LuiBoard(LuiParameters(v_leak=0.8, r_leak=10e3))
    run = LuiCircuit().live(Experiment(board, 1.0))
    while not run.read().values.size:
        time.sleep(POLL)
    began = time.monotonic()
    applied, seen = [], []
    for number in range(TURNS):
        turned = replace(board, parameters=replace(board.parameters, v_leak=0.6 + 0.005 * number))
        start = time.monotonic()
        run.do(turned)
        at = None
        while True:
            reading = run.read()
            if reading.applied:
                at = reading.applied[0][0]
                applied.append(time.monotonic() - start)
            if at is not None and reading.values.size and reading.values[-1, 0] > at:
                break
            time.sleep(POLL)
        seen.append(time.monotonic() - start)
        time.sleep(REST)
    wall = time.monotonic() - began
    run.close()  # only an ended child is counted
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    for name, values in (("altered", applied), ("seen", seen)):
        ordered = sorted(1e3 * value for value in values)
        p95 = ordered[int(0.95 * TURNS)]
        print(f"{name:8} median {statistics.median(ordered):.0f} ms, 95 % {p95:.0f} ms, most {ordered[-1]:.0f} ms")
    print(f"worker   {(usage.ru_utime + usage.ru_stime) / wall:.2f} CPU s per s, start included")


if __name__ == "__main__":
    main()
