# SPDX-License-Identifier: GPL-3.0-or-later
"""What a person installs is whole: the built wheel, in an environment of its own and away from the checkout, does the work."""

import json
import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def call(*command: str | Path, cwd: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    call(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (path,) = folder.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs of an environment that has the wheel, and what it needs by way of a path."""
    folder = tmp_path_factory.mktemp("venv")
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check")
    call(*pip, "install", "--quiet", "--no-deps", "--no-index", wheel, cwd=folder)
    (site,) = folder.glob("lib/python*/site-packages")
    # a path from a .pth does not read the .pth files there, so the checkout stays out of sight
    (site / "needed.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")
    return folder / "bin"


def files(folder: Path, *suffixes: str) -> Iterable[str]:
    return (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.suffix in suffixes)


def test_the_wheel_carries_every_file(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    for name in files(ROOT / "circuits", ".cir", ".lib"):
        assert f"luisim/_circuits/{name}" in names
    for name in files(ROOT / "tests" / "data" / "lui", ".csv", ".toml"):
        assert f"luisim/_reference/{name}" in names
    for package, suffixes in (("luisim", (".py", ".toml")), ("firmware_bridge", (".py", ".csv")), ("tui", (".py", ".tcss"))):
        for name in files(ROOT / package, *suffixes):
            assert f"{package}/{name}" in names
    assert sum(name.endswith("/LICENSE") for name in names) >= 2
    assert not [name for name in names if name.startswith(("tests/", "circuits/"))]


def test_it_works_away_from_the_checkout(installed: Path, tmp_path: Path) -> None:
    where = call(installed / "python", "-c", "import luisim, tui, firmware_bridge; print(luisim.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(installed.parent)
    answer = json.loads(call(installed / "luisim", "run", "real-board", "--json", cwd=tmp_path))
    assert answer["readings"]["spike_count"] >= 1
    circuit = json.loads(call(installed / "luisim", "run", "excitatory-psp", "--on", "circuit", "--json", cwd=tmp_path))
    assert circuit["readings"]["v_mem_max"] > 1.0
    replayed = json.loads(
        call(installed / "luisim", "run", "real-board", "--on", "recording:lui-photo", "--json", cwd=tmp_path)
    )
    assert replayed["readings"]["spike_count"] == 1
    assert "9 of 9 agree" in call(installed / "luisim", "agreement", "a_leak", "--on", "model", cwd=tmp_path)
    assert not list(tmp_path.iterdir())
