# SPDX-License-Identifier: GPL-3.0-or-later
"""Putting the firmware on an Arduino, with avrdude through its bootloader."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from firmware_bridge.errors import BoardError

FIRMWARE = Path(__file__).parent / "firmware" / "lui-bridge-uno.hex"
_BOOTLOADER_BAUD = {"uno": 115_200, "nano": 115_200, "nano-old": 57_600}
BOARDS = tuple(_BOOTLOADER_BAUD)
_PATIENCE = 60.0  # s


def command(port: str, board: str = "uno", firmware: Path = FIRMWARE) -> list[str]:
    """The avrdude call. Raises :class:`BoardError` for an unknown board or where avrdude is missing."""
    if board not in _BOOTLOADER_BAUD:
        raise BoardError(f"{board!r} cannot be flashed; give one of {', '.join(BOARDS)}.")
    program = shutil.which("avrdude")
    if program is None:
        raise BoardError(
            "avrdude is not installed; install it (sudo apt install avrdude), or open the sketch folder lui_bridge in the"
            " Arduino IDE and upload it from there."
        )
    words = [program, "-q", "-p", "atmega328p", "-c", "arduino", "-P", port, "-b", str(_BOOTLOADER_BAUD[board]), "-D"]
    return [*words, "-U", f"flash:w:{firmware}:i"]


def flash(port: str, board: str = "uno", firmware: Path = FIRMWARE) -> None:
    """Write ``firmware`` and read it back. Raises :class:`BoardError` with what to try if that fails."""
    _run(command(port, board, firmware), port)


def _run(words: Sequence[str], port: str) -> None:
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        raise BoardError(f"Nothing answered on {port} for a minute; press the Arduino's reset button and repeat.") from None
    if done.returncode == 0:
        return
    log = done.stderr.lower()
    if "permission denied" in log:
        raise BoardError(f"You are not allowed to open {port}: sudo usermod -aG dialout $USER, then log out and in again.")
    if "no such file" in log or "can't open device" in log:
        raise BoardError(f"{port} cannot be opened: look with luisim ports, and close the Serial Monitor.")
    raise BoardError(
        f"The bootloader on {port} does not answer: for a Nano with the old bootloader add --board nano-old; close other"
        " programs that use the port; try another cable."
    )
