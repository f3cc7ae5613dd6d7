# SPDX-License-Identifier: GPL-3.0-or-later
"""`luisim flash`: the real avrdude, through a bootloader on the simulated chip, and then the firmware it has written."""

import shutil
import subprocess
from pathlib import Path

import pytest

from firmware_bridge import flash as flashing
from firmware_bridge.errors import BoardError
from firmware_bridge.flash import FIRMWARE, command, flash
from firmware_bridge.link import SerialPort
from firmware_bridge.session import Session
from firmware_bridge.simulated.chip import read_hex


def test_avrdude_writes_the_firmware_through_a_bootloader(tmp_path: Path, simulated, served) -> None:
    if shutil.which("avrdude") is None or shutil.which("avr-gcc") is None:
        pytest.skip("no avrdude or avr-gcc: sudo apt install avrdude gcc-avr avr-libc")
    source = Path(__file__).with_name("bootloader.c")
    flags = [
        "-mmcu=atmega328p",
        "-DF_CPU=16000000UL",
        "-Os",
        "-std=gnu11",
        "-Wl,-Ttext=0x7000",
        "-Wl,--section-start=.text=0x7000",
    ]
    subprocess.run(["avr-gcc", *flags, str(source), "-o", "boot.elf"], check=True, cwd=tmp_path)
    subprocess.run(["avr-objcopy", "-O", "ihex", "boot.elf", "boot.hex"], check=True, cwd=tmp_path)
    board = simulated(1, firmware=(tmp_path / "boot.hex").read_text())
    terminal = served(board)
    flash(terminal.name)
    image, start = read_hex(FIRMWARE.read_text(encoding="ascii"))
    assert bytes(board.chip.flash(start + n) for n in range(len(image))) == image
    session = Session(SerialPort(terminal.name))  # through the bootloader into the new firmware
    assert session.hello.name == "uno"
    session.close()


def test_without_avrdude_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flashing.shutil, "which", lambda name: None)
    with pytest.raises(BoardError, match="apt install avrdude"):
        command("/dev/ttyUSB0")


def test_unknown_boards_are_refused() -> None:
    with pytest.raises(BoardError, match="nano-old"):
        command("/dev/ttyUSB0", "mega")


def test_a_port_that_is_not_there_is_a_sentence() -> None:
    if shutil.which("avrdude") is None:
        pytest.skip("no avrdude: sudo apt install avrdude")
    with pytest.raises(BoardError, match="luisim ports"):
        flash("/dev/ttyLuisim")
