# SPDX-License-Identifier: GPL-3.0-or-later
"""CPU per frame of the app on a real pseudo-terminal, key to repaint while ngspice works, start to the first trace.

Run it with `.venv/bin/python benchmarks/frames.py`. Three traces of 20,000 points (20 s) are moved by one column a frame, so
every cell is drawn and sent anew. CPU time of the app's process, output included; the goals are 6 ms at 80x24 and 35 ms at
200x60. Key to repaint is wall time; 100 ms (median) is the goal while a circuit simulation runs.
"""

import argparse
import asyncio
import fcntl
import json
import os
import pty
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FRAMES, WARM = 150, 30
POINTS, SPAN = 20_000, 20.0
KEYS = 40


def moving(result: str) -> None:
    """In the child: let the traces move, and write down what a frame costs."""
    import numpy as np

    from luisim.experiment import Experiment
    from luisim.lui.parameters import LuiBoard
    from luisim.trace import Trace
    from tui.app import LuisimApp

    class Made:
        def __init__(self, name: str, interval: float, noise: float) -> None:
            self.name, self.interval, self.noise = name, interval, noise

        def unsupported(self, _: Any) -> None:
            return None

        def by_hand(self, _: Any) -> tuple[str, ...]:
            return ()

        def run(self, experiment: Any, **_: Any) -> Trace:
            time_ = np.linspace(0.0, SPAN, POINTS)
            phase = time_ % self.interval
            v = np.where(phase < 15e-3, 0.0, 1.6 * (1.0 - np.exp(-(phase - 15e-3) / 0.25)))
            v += self.noise * np.random.default_rng(1).standard_normal(POINTS)
            return Trace(time_, {"v_mem": v}, {"out": np.arange(self.interval, SPAN, self.interval)}, self.name)

    made = [Made("recording:x", 0.41, 0.012), Made("circuit", 0.405, 0.0), Made("model", 0.42, 0.0)]
    app = LuisimApp(Experiment(LuiBoard(), SPAN, name="frames"), made)

    async def measure() -> None:
        while any(source.trace is None for source in app.sources.values()):
            await asyncio.sleep(0.01)
        app.scope.zoom(4.0 / (app.scope.window.stop - app.scope.window.start))
        for number in range(WARM + FRAMES):
            if number == WARM:
                begun, cpu = time.monotonic(), time.process_time()
            app.scope.pan(1.0 / app.scope.window.columns)
            await asyncio.sleep(1 / 30)
        spent = {"cpu_ms": 1e3 * (time.process_time() - cpu) / FRAMES, "fps": FRAMES / (time.monotonic() - begun)}
        Path(result).write_text(json.dumps(spent))
        app.exit()

    app.run(auto_pilot=lambda _: measure())


@contextmanager
def terminal(command: list[str], columns: int, rows: int) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """The master's end of a pseudo-terminal in which ``command`` runs."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    environment = dict(os.environ, TERM="xterm-256color", COLORTERM="truecolor", PYTHONUTF8="1")
    child = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment, start_new_session=True)
    os.close(slave)
    try:
        yield master, child
    finally:
        child.kill()
        child.wait()
        os.close(master)


def read_until(master: int, condition: Callable[[bytes], bool], seconds: float) -> float | None:
    """Read until ``condition`` holds for what has come; the seconds that took, None if it did not happen or the child ended."""
    begun, seen = time.monotonic(), b""
    while time.monotonic() - begun < seconds:
        if select.select([master], [], [], 0.002)[0]:
            try:
                seen = (seen + os.read(master, 1 << 16))[-200_000:]
            except OSError:
                return None
            if condition(seen):
                return time.monotonic() - begun
    return None


def has_braille(text: bytes) -> bool:
    return any(0x2801 <= ord(c) <= 0x28FF for c in text.decode("utf-8", errors="ignore"))


def frames(columns: int, rows: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        with terminal([sys.executable, __file__, "--moving", str(result)], columns, rows) as (master, child):
            read_until(master, lambda _: result.exists() and child.poll() is not None, 90.0)
        found = json.loads(result.read_text())
    print(f"{columns}x{rows}: {found['cpu_ms']:.1f} ms CPU per frame, {found['fps']:.1f} frames per second")


def start() -> None:
    times = []
    for _ in range(5):
        with terminal([sys.executable, "-m", "tui.cli", "app"], 80, 24) as (master, _child):
            first = read_until(master, has_braille, 30.0)
            times.append(first or float("inf"))
    print(f"start to first trace: median {statistics.median(times):.2f} s, most {max(times):.2f} s")


def keys() -> None:
    code = (
        "from tui.app import run_app; from tui.backends import load_experiment, open_backend; from dataclasses import replace;"
        "run_app(replace(load_experiment('leak-over-threshold'), duration=120.0),"
        " [open_backend('circuit'), open_backend('model')])"
    )
    with terminal([sys.executable, "-c", code], 80, 24) as (master, _):
        read_until(master, has_braille, 60.0)  # the model is done; the circuit is being solved
        waits = []
        for number in range(KEYS):
            os.write(master, b"+" if number % 2 == 0 else b"-")
            wait = read_until(master, lambda seen: b"seen" in seen and has_braille(seen), 3.0)
            if wait is not None:
                waits.append(1e3 * wait)
            read_until(master, lambda _: False, 0.1)
    waits.sort()
    median, late = statistics.median(waits), waits[int(0.95 * len(waits))]
    print(f"key to repaint: median {median:.0f} ms, 95 % {late:.0f} ms, {len(waits)} of {KEYS} keys")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--moving", metavar="RESULT")
    arguments = parser.parse_args()
    if arguments.moving:
        moving(arguments.moving)
        return
    for size in ((80, 24), (200, 60)):
        frames(*size)
    start()
    keys()


if __name__ == "__main__":
    main()
