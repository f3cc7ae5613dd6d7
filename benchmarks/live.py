# SPDX-License-Identifier: GPL-3.0-or-later
"""How long after a knob was turned its trace bends, in the running circuit and on the screen of the app.

Run it with `.venv/bin/python benchmarks/live.py`. Wall time, since a person waits for it: mostly waiting, until ngspice has
halted and until the next frame. "seen" ends with the first sample read that was solved with the new value, "drawn" with the
frame that shows it. Prints CPU seconds per second of running as well.
"""

import asyncio
import resource
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace

from luisim.experiment import Experiment
from luisim.lui.circuit import LuiCircuit
from luisim.lui.model import LuiModel
from luisim.lui.parameters import LuiBoard, LuiParameters
from tui.app import LuisimApp

TURNS, REST = 60, 0.15  # s between two turns
POLL = 0.001  # s
BOARD = LuiBoard(LuiParameters(v_leak=0.8, r_leak=10e3))


def tell(name: str, seconds: Sequence[float]) -> None:
    ordered = sorted(1e3 * value for value in seconds)
    p95 = ordered[int(0.95 * len(ordered))]
    print(f"{name:14} median {statistics.median(ordered):.0f} ms, 95 % {p95:.0f} ms, most {ordered[-1]:.0f} ms")


def circuit() -> None:
    run = LuiCircuit().live(Experiment(BOARD, 1.0))
    while not run.read().values.size:
        time.sleep(POLL)
    began = time.monotonic()
    applied, seen = [], []
    for number in range(TURNS):
        turned = replace(BOARD, parameters=replace(BOARD.parameters, v_leak=0.6 + 0.005 * number))
        start, at = time.monotonic(), None
        run.do(turned)
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
    tell("altered", applied)
    tell("seen", seen)
    print(f"{'worker':14} {(usage.ru_utime + usage.ru_stime) / wall:.2f} CPU s per s, start included")


async def app(width: int, height: int) -> None:
    app = LuisimApp(Experiment(BOARD, 2.0, name="4.4 Hz"), [LuiCircuit(), LuiModel()])
    drawn = []
    async with app.run_test(size=(width, height)):
        app.action_live()
        while app.sources["circuit"].trace is None:
            await asyncio.sleep(POLL)
        cpu, began = time.process_time(), time.monotonic()
        for number in range(TURNS):
            session = app.live.view.session
            before, start = session.acted, time.monotonic()
            app.knobs[0].action_step(-0.01 if number % 2 else 0.01)
            while session.acted == before or app.sources["circuit"].trace.time[-1] <= session.acted:
                await asyncio.sleep(POLL)
            app.scope.text  # noqa: B018  what the terminal will be sent
            drawn.append(time.monotonic() - start)
            await asyncio.sleep(REST)
        used = (time.process_time() - cpu) / (time.monotonic() - began)
    tell(f"drawn {width}x{height}", drawn)
    print(f"{'app':14} {used:.2f} CPU s per s")


def main() -> None:
    circuit()
    for size in ((80, 24), (200, 60)):
        asyncio.run(app(*size))


if __name__ == "__main__":
    main()
