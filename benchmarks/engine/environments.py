# SPDX-License-Identifier: GPL-3.0-or-later
"""Environments of the other simulators: one virtual environment each, in a cache folder, from pinned requirements.

They are no part of luisim and nothing of luisim goes into them.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
# the releases need these: Brian2 2.11 Python 3.13; Brian2 2.9 (for PyNN) numpy < 2, so no later than 3.12
PYTHON = {"brian2": "3.13", "nest": "3.11", "pynn": "3.11"}


def cache() -> Path:
    """Where environments, compiled networks and reference solutions lie; LUISIM_BENCHMARKS overrides it."""
    return Path(os.environ.get("LUISIM_BENCHMARKS", Path.home() / ".cache" / "luisim-benchmarks"))


def python(name: str) -> Path | None:
    """The environment's Python, or None if it was not set up."""
    path = cache() / name / "bin" / "python"
    return path if path.is_file() and (path.parents[1] / "complete").is_file() else None


def reason(name: str) -> str:
    """Why it is not there."""
    log = cache() / f"{name}.log"
    return log.read_text().strip().splitlines()[-1] if log.is_file() else "not set up: run with --setup"


def set_up(name: str) -> bool:
    """Make one; what went wrong is kept for the table."""
    folder, log = cache() / name, cache() / f"{name}.log"
    if python(name):
        return True
    cache().mkdir(parents=True, exist_ok=True)
    print(f"setting up {name} in {folder} (some hundred MB)", file=sys.stderr)
    interpreter = _interpreter(PYTHON[name])
    if interpreter is None:
        log.write_text(f"needs Python {PYTHON[name]}, which is not on the PATH\n")
        return False
    made = subprocess.run([interpreter, "-m", "venv", "--clear", folder], capture_output=True, text=True)
    if made.returncode == 0:
        pip = [folder / "bin" / "pip", "install", "--quiet", "--requirement", HERE / f"requirements-{name}.txt"]
        made = subprocess.run(pip, capture_output=True, text=True)
    if made.returncode:
        log.write_text(made.stderr or "the virtual environment could not be made")
        return False
    (folder / "complete").touch()
    log.unlink(missing_ok=True)
    return True


def installed_mb(name: str) -> float:
    """What was installed, without the virtual environment's own pip and setuptools."""
    total = 0
    for site in (cache() / name / "lib").glob("python*/site-packages"):
        for file in site.rglob("*"):
            if file.is_file() and file.relative_to(site).parts[0].split("-")[0] not in ("pip", "setuptools", "pkg_resources"):
                total += file.stat().st_size
    return total / 1e6


def _interpreter(version: str) -> str | None:
    found = shutil.which(f"python{version}")
    if found and subprocess.run([found, "-c", ""], capture_output=True).returncode == 0:
        return found
    versions = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python"))
    return str(versions[-1]) if versions else None
