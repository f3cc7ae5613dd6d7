# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder for the USB stick: built, then installed where no network is, and used."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
_OFFLINE = ["unshare", "--map-root-user", "--net"]


def run(*words: str | Path) -> str:
    result = subprocess.run([str(word) for word in words], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.skipif(
    shutil.which("unshare") is None or subprocess.run([*_OFFLINE, "true"], capture_output=True).returncode != 0,
    reason="this system does not let a test cut its network",
)
def test_luisim_installs_and_runs_with_the_network_cut(tmp_path: Path) -> None:
    folder, target = tmp_path / "stick", tmp_path / "laptop"
    run("env", f"PYTHON={sys.executable}", ROOT / "tools" / "class-set", folder)
    run(*_OFFLINE, "sh", folder / "install.sh", target)
    csv = tmp_path / "trace.csv"
    run(*_OFFLINE, target / "bin" / "luisim", "run", "leak-over-threshold", "--on", "circuit", "--csv", csv)
    assert csv.read_text().count("\n") > 1000
    run(*_OFFLINE, target / "bin" / "python", "-c", "import tui.serve.server")


def test_an_old_folder_is_not_overwritten(tmp_path: Path) -> None:
    result = subprocess.run([ROOT / "tools" / "class-set", tmp_path], capture_output=True, text=True)
    assert result.returncode == 2
    assert "exists already" in result.stderr
