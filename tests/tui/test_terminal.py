# SPDX-License-Identifier: GPL-3.0-or-later
"""The app in a real terminal, with real keys: tmux."""

import shlex
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

CHIP = (
    "from tui.app import run_app; from tui.backends import load_experiment, open_backend;"
    "chip = load_experiment('chip-leak-over-threshold'); run_app(chip, [open_backend('model', chip.device)])"
)
START = (
    "from tui.app import run_app; from tui.backends import load_experiment, open_backend;"
    "run_app(load_experiment('leak-over-threshold'), [open_backend('model')])"
)


class Terminal:
    """A tmux server of its own, so that nobody's sessions or settings are touched."""

    def __init__(self, width: int, height: int, command: list[str]) -> None:
        self._socket = f"luisim-test-{uuid.uuid4().hex[:8]}"
        size = ["-x", str(width), "-y", str(height)]
        self.tmux("-f", "/dev/null", "new-session", "-d", *size, *command)

    def tmux(self, *words: str) -> str:
        command = ["tmux", "-u", "-L", self._socket, *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    def screen(self) -> str:
        return self.tmux("capture-pane", "-p")

    def until(self, condition: Callable[[str], bool]) -> str:
        end = time.monotonic() + 20.0  # only waited for if something is wrong
        while not condition(screen := self.screen()):
            assert time.monotonic() < end, f"it did not happen:\n{screen}"
            time.sleep(0.05)
        return screen

    def close(self) -> None:
        subprocess.run(["tmux", "-L", self._socket, "kill-server"], capture_output=True, check=False)


@pytest.fixture
def terminal(request: pytest.FixtureRequest) -> Iterator[Terminal]:
    """A terminal in which the app runs: on a board, or as the parameter says."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed: sudo apt install tmux")
    root = Path(__file__).parents[2]
    # readline, which pytest imports, puts the size into the environment, where it would hide every change of size
    app = shlex.join([sys.executable, "-c", getattr(request, "param", START)])
    shell = f"env -u COLUMNS -u LINES LANG=C.UTF-8 PYTHONPATH={root} {app}; echo left with $?; sleep 60"
    opened = Terminal(80, 24, ["sh", "-c", shell])
    yield opened
    opened.close()


def test_keys_and_sizes(terminal: Terminal) -> None:
    screen = terminal.until(lambda text: "1.93 Hz" in text and ("⡇" in text or "⢸" in text))  # a reset
    lines = screen.rstrip("\n").split("\n")
    assert len(lines) == 24
    assert "RUN" in lines[0]
    assert "Help" in lines[-1]
    assert "^p Commands" in lines[-1]
    terminal.tmux("send-keys", "k", "g", "a")
    terminal.until(lambda text: "τ_mem" in text and "trigger auto" in text and "A " in text.split("spikes")[1])
    terminal.tmux("send-keys", "k", "a", "g", "g", "g")
    terminal.until(lambda text: "τ_mem 5" not in text and "trigger" not in text)
    terminal.tmux("send-keys", "PageUp")
    terminal.until(lambda text: "2.7 V" in text and "1.93 Hz" not in text and "(changed)" in text)
    terminal.tmux("send-keys", "BSpace")
    terminal.until(lambda text: "1.93 Hz" in text)
    terminal.tmux("send-keys", "Enter")
    terminal.until(lambda text: "escape: leave it" in text)
    terminal.tmux("send-keys", "-l", "2.7 V")
    terminal.tmux("send-keys", "Enter")
    terminal.until(lambda text: "2.7 V  90%" in text and "escape: leave it" not in text)
    terminal.tmux("resize-window", "-x", "60", "-y", "20")
    terminal.until(lambda text: "needs 80x24 characters, now 60x20" in text)
    terminal.tmux("resize-window", "-x", "120", "-y", "40")
    terminal.until(lambda text: "spikes" in text and "◇" in text)
    terminal.tmux("send-keys", "q")
    terminal.until(lambda text: "left with 0" in text)


@pytest.mark.parametrize("terminal", [CHIP], indirect=True)
def test_a_chip(terminal: Terminal) -> None:
    terminal.until(lambda text: "400 LSB" in text and "µs" in text and "2.06 µs" in text)
    terminal.tmux("send-keys", "u")
    terminal.until(lambda text: " V┤" in text and "498 mV" in text and "LSB" not in text)
    terminal.tmux("send-keys", "u", "PageDown")
    terminal.until(lambda text: "(changed)" in text and " 938" in text and "400 LSB" in text)
    terminal.tmux("send-keys", "q")
    terminal.until(lambda text: "left with 0" in text)
