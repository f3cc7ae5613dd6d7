# SPDX-License-Identifier: GPL-3.0-or-later
"""The firmware's core, compiled for this computer with the sanitizers on, against our end of the protocol."""

import random
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.framing import Damage
from firmware_bridge.protocol import NEED_DATA, Connection, Edge, Event, Hello, Lost, Reply, Samples, Status
from firmware_bridge.simulated.board import FIRMWARE


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("gcc") is None:
        pytest.skip("no C compiler: sudo apt install gcc libc6-dev")
    program = tmp_path_factory.mktemp("core") / "core"
    folder = FIRMWARE.parent / "lui_bridge" / "src" / "core"
    sources = [str(path) for path in sorted(folder.glob("*.c"))]
    flags = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-O1", "-g", "-fsanitize=address,undefined", "-fno-sanitize-recover"]
    here = Path(__file__).with_name("host.c")
    subprocess.run(["gcc", *flags, f"-I{folder}", str(here), *sources, "-o", str(program)], check=True)
    return program


def carry_out(core: Path, orders: bytes, start: int = 0) -> list[Event]:
    """What the core answers to ``orders``, which begin with ``bin 1 5``, as events."""
    done = subprocess.run([str(core), str(start)], input=orders, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    stream = done.stdout[done.stdout.index(b"\0") + 1 :]
    greeting = stream.index(b"\0") + 1
    connection = Connection()
    connection.send("bin", 1, 5)
    connection.receive_data(stream[:greeting])
    connection.send("start", 1000, 5)
    connection.receive_data(stream[greeting:])
    found: list[Event] = []
    while (event := connection.next_event()) is not NEED_DATA:
        found.append(event)
    return found


def test_both_ends_agree(core: Path) -> None:
    found = carry_out(core, b"bin 1 5\nstart 1000 5\n@x stim 2 15000\n@y stim 9 9\n")
    hello = found[0]
    assert isinstance(hello, Hello)
    assert (hello.inputs, hello.outputs, hello.bits, hello.nonce, hello.vcc) == (6, 6, 10, 5, 5.006)
    assert not [event for event in found if isinstance(event, Damage | Lost)]
    answers = {event.tag: event.ok for event in found if isinstance(event, Reply)}
    assert answers["x"]
    assert not answers["y"]
    edges = [event for event in found if isinstance(event, Edge)]
    assert [(edge.source, edge.rises) for edge in edges] == [(9, True), (9, False)]
    assert edges[1].time_us - edges[0].time_us == pytest.approx(15_000, abs=100)  # the host's clock moves in steps of 100


def test_noise_and_half_orders_never_hurt(core: Path) -> None:
    rng = random.Random(21)
    names = [b"bin", b"plot", b"start", b"stop", b"spk", b"fall", b"wire", b"stim", b"quiet", b"baud", b"ref", b"stat", b"help"]
    numbers = [
        b"0",
        b"1",
        b"2",
        b"3",
        b"6",
        b"7",
        b"63",
        b"64",
        b"1000",
        b"6000",
        b"15000",
        b"4294967295",
        b"4294967296",
        b"-1",
        b"x",
    ]
    orders = bytearray()
    for _ in range(4000):
        if rng.random() < 0.3:
            orders += rng.randbytes(rng.randint(1, 90)) + b"\n"
        else:
            tag = [b"@" + b"t" * rng.randint(0, 20)] if rng.random() < 0.2 else []
            orders += b" ".join([*tag, rng.choice(names), *rng.choices(numbers, k=rng.randint(0, 6))]) + b"\n"
    done = subprocess.run([str(core)], input=bytes(orders), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()[-2000:]


def test_codes_and_times_over_the_wrap_of_the_clock(core: Path) -> None:
    found = carry_out(core, b"bin 1 5\nstart 1000 5\n", start=(1 << 32) - 1_000_000)
    scans = [event for event in found if isinstance(event, Samples)]
    times = np.concatenate([scan.time_us + scan.period_us * np.arange(len(scan.words)) for scan in scans])
    assert times[0] < 1 << 32 < times[-1]
    assert np.all(np.diff(times) == 1000)
    assert np.all(np.concatenate([scan.codes for scan in scans]) == [7, 207])
    assert any(isinstance(event, Status) for event in found)
    assert not any(isinstance(event, Edge | Damage | Lost) for event in found)
