# SPDX-License-Identifier: GPL-3.0-or-later
"""The committed firmware on the simulated chip: what it is built from, what it loses, and when, in CPU cycles."""

import glob
import random
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.framing import Damage
from firmware_bridge.protocol import Edge, Lost, Reply, Samples, Seen, Status
from firmware_bridge.simulated.board import FIRMWARE
from firmware_bridge.simulated.chip import Chip

US = 16  # cycles


def scan_times(talk) -> np.ndarray:
    scans = talk.of(Samples)
    return np.concatenate([scan.time_us + scan.period_us * np.arange(len(scan.words)) for scan in scans])


def test_the_committed_hex_is_what_the_source_builds(built) -> None:
    version = subprocess.run(["avr-gcc", "-dumpversion"], capture_output=True, text=True, check=True).stdout.strip()
    if not version.startswith("5.4"):
        pytest.skip(f"avr-gcc {version}: the committed file was built with 5.4 (Debian 12)")
    assert (built / FIRMWARE.name).read_bytes() == FIRMWARE.read_bytes()


def test_it_fits(built) -> None:
    table = subprocess.run(["avr-size", "-A", str(built / "lui-bridge-uno.elf")], capture_output=True, text=True, check=True)
    size = {name: int(n) for name, n in re.findall(r"^\.(text|data|bss)\s+(\d+)", table.stdout, re.M)}
    assert size["text"] + size["data"] <= 8192
    assert size["data"] + size["bss"] <= 1536


def test_the_sketch_compiles_against_the_arduino_core(tmp_path, simulated, talk) -> None:
    core = "/usr/share/arduino/hardware/arduino/avr"
    if shutil.which("avr-gcc") is None or not glob.glob(core):
        pytest.skip("no Arduino core: sudo apt install gcc-avr avr-libc arduino-core-avr")
    sketch = FIRMWARE.parent / "lui_bridge"
    common = ["-mmcu=atmega328p", "-DF_CPU=16000000L", "-DARDUINO=10819", "-DARDUINO_AVR_UNO", "-DARDUINO_ARCH_AVR", "-Os"]
    common += ["-DDECIMAL_DIG=__DECIMAL_DIG__", "-ffunction-sections", "-fdata-sections", "-w"]
    common += [f"-I{core}/cores/arduino", f"-I{core}/variants/standard"]
    objects = []
    for index, source in enumerate(sorted(Path(f"{core}/cores/arduino").glob("*.c*"))):
        objects.append(f"core{index}.o")
        subprocess.run([*_compiler(source), *common, "-c", str(source), "-o", objects[-1]], check=True, cwd=tmp_path)
    subprocess.run(["avr-ar", "rcs", "core.a", *objects], check=True, cwd=tmp_path)
    own = sorted(sketch.glob("src/*/*.c"))
    (tmp_path / "lui_bridge.cpp").write_text(f'#include <Arduino.h>\n#include "{sketch}/src/avr/avr.h"\n' + _body(sketch))
    parts = []
    for index, source in enumerate([*own, tmp_path / "lui_bridge.cpp"]):
        parts.append(f"own{index}.o")
        subprocess.run([*_compiler(source), *common, "-c", str(source), "-o", parts[-1]], check=True, cwd=tmp_path)
    link = ["avr-gcc", "-mmcu=atmega328p", "-Os", "-Wl,--gc-sections", *parts, "core.a", "-lm", "-o", "sketch.elf"]
    subprocess.run(link, check=True, cwd=tmp_path)
    subprocess.run(["avr-objcopy", "-O", "ihex", "-R", ".eeprom", "sketch.elf", "sketch.hex"], check=True, cwd=tmp_path)
    board = simulated(firmware=(tmp_path / "sketch.hex").read_text())
    conversation = talk(board).greet()
    conversation.say("start", 1000, 3, seconds=1.0)
    assert len(scan_times(conversation)) >= 950


def _compiler(source: Path) -> list[str]:
    return ["avr-g++", "-std=gnu++11"] if source.suffix == ".cpp" else ["avr-gcc"]


def _body(sketch: Path) -> str:
    return "\n".join(line for line in (sketch / "lui_bridge.ino").read_text().splitlines() if not line.startswith("#include"))


@pytest.mark.parametrize(("boards", "baud"), [(4, 115_200), (6, 250_000)])
def test_nothing_is_lost_in_a_minute_of_closed_loop(simulated, talk, boards, baud) -> None:
    heard = []
    for seconds in (60.0, 3.0, 3.0):
        board = simulated(boards)
        conversation = talk(board).greet()
        if baud != 115_200:
            conversation.say("baud", baud)
        conversation.say("stat")
        conversation.say("fall", 63, 600, 300)
        conversation.say("start", 1000, (1 << boards) - 1)
        for second in range(int(seconds)):
            conversation.say("stim", second % boards + 1, 15_000, seconds=1.0)
        heard.append(conversation.bytes)
        if seconds == 60.0:
            times = scan_times(conversation)
            assert times.size >= 59_900
            assert np.all(np.diff(times) == 1000)
            assert not conversation.of(Damage)
            assert not conversation.of(Lost)
            status = conversation.of(Status)[-1]
            assert (status.lost_blocks, status.missed_ticks, status.lost_edges, status.overflows) == (0, 0, 0, 0)
            for index in range(boards):
                seen = [e.time_us for e in conversation.of(Edge) if e.source == index and e.seen is Seen.FALL]
                true = [t for t in board.luis.spikes(index) if t > seen[0] * 1e-6 - 0.01]
                assert len(true) - len(seen) in (0, 1)  # the last one may not be through yet
                late = np.array(seen) - 1e6 * np.array(true[: len(seen)])
                assert np.ptp(late) < 1100  # one sampling period and the skew
        assert board.chip.lost == 0
    assert heard[1] == heard[2]
    assert heard[0].startswith(heard[1][:10_000])


def test_ticks_stimuli_and_spikes_in_cycles(simulated, talk) -> None:
    board = simulated(1)
    conversation = talk(board).greet()
    conversation.say("wire", 1)
    conversation.say("start", 1000, 3)
    board.chip.conversions()
    edges = []
    board.chip.edges, fetch = (lambda: edges.extend(got := fetch()) or got), board.chip.edges
    for _ in range(40):
        conversation.say("stim", 2, 15_000, seconds=0.25)
    conversions = [c for c in board.chip.conversions() if c.channel == 0]
    ticks = np.array([c.cycle for c in conversions]) / US
    late = ticks - ticks[0] - 1000 * np.arange(len(ticks))
    assert np.ptp(late) < 20  # each within 10 us of an even grid
    up = np.array([e.cycle for e in edges if e.pin == "D3" and e.level])
    down = np.array([e.cycle for e in edges if e.pin == "D3" and not e.level])
    assert len(up) == len(down) == 40
    assert np.abs((down - up) / US - 15_000).max() < 50
    stamps = np.array([e.time_us for e in conversation.of(Edge) if e.source == 7 and e.rises])
    true = 1e6 * np.array([t for t in board.luis.spikes(0) if t > stamps[0] * 1e-6 - 0.01])
    error = stamps - true[: len(stamps)]
    assert len(stamps) >= 15
    assert np.ptp(error) < 20


def test_noise_for_orders_never_crashes_it_and_the_stack_stays_free(simulated, talk, built) -> None:
    board = simulated(1)
    symbols = subprocess.run(["avr-nm", str(built / "lui-bridge-uno.elf")], capture_output=True, text=True, check=True).stdout
    end = int(re.search(r"^([0-9a-f]+) \w __bss_end$", symbols, re.M)[1], 16) & 0xFFFF
    conversation = talk(board).greet()
    conversation.say("wire", 1)
    paint = range(end, 0x8FF - 200)
    for address in paint:
        board.chip.poke(address, 0xA5)
    conversation.say("start", 1000, 3)
    rng = random.Random(31)
    for _ in range(150):
        board.write(rng.randbytes(rng.randint(1, 70)) + b"\n")
        board.write(b" ".join([b"@tttttttttt", b"stim", *rng.choices([b"1", b"6", b"15000", b"4294967295"], k=4)]) + b"\n")
        conversation.run(0.03)
    board.write(b"\nbin 0\nhelp\nplot 50 63\n")
    conversation.run(0.5)
    free = next(n for n, address in enumerate(paint) if board.chip.peek(address) != 0xA5)
    assert free >= 256
    board.write(b"plot 0\n")
    conversation.run(0.1)
    again = talk(board)
    again.say("bin", 1, 7)
    again.say("stat")
    assert any(reply.ok for reply in again.of(Reply))


def test_the_clock_wraps_exactly(simulated, talk, built) -> None:
    symbols = subprocess.run(["avr-nm", str(built / "lui-bridge-uno.elf")], capture_output=True, text=True, check=True).stdout
    address = int(re.search(r"^([0-9a-f]+) \w overflows[.\w]*$", symbols, re.M)[1], 16) & 0xFFFF
    board = simulated(1)
    conversation = talk(board)
    conversation.run(0.05)
    for index, byte in enumerate(((1 << 32) // 32768 - 15).to_bytes(4, "little")):
        board.chip.poke(address + index, byte)
    conversation.say("bin", 1, 7)
    conversation.say("start", 1000, 3, seconds=1.0)
    times = scan_times(conversation)
    assert times[0] < 1 << 32 < times[-1]
    assert np.all(np.diff(times) == 1000)


def test_text_mode_is_what_the_serial_plotter_wants(simulated, talk) -> None:
    board = simulated(1)
    talk(board).run(0.1)
    board.write(b"plot 25 3\n")
    lines = []
    for _ in range(20):
        board.advance(0.05)
        lines.append(board.read().decode("ascii"))
    rows = "".join(lines).split("\r\n")[1:-1]
    assert all(re.fullmatch(r"A0:\d+,A1:\d+", row) for row in rows)
    assert 20 <= len(rows) <= 26


def test_an_unconfirmed_baud_rate_is_taken_back(simulated, talk) -> None:
    board = simulated(1)
    conversation = talk(board).greet()
    conversation.say("baud", 500_000)
    assert board.baud == 500_000
    conversation.run(1.2)
    assert board.baud == 117_647
    conversation.say("stat")
    assert any(reply.text.startswith("stat") for reply in conversation.of(Reply))


def test_a_damaged_hex_file_is_refused() -> None:
    from firmware_bridge.errors import BoardError

    with pytest.raises(BoardError, match="Line 1"):
        Chip(":10000000FF\n")
