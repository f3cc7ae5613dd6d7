# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts and notebooks for the real chip, run on the simulated one in a process of their own."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from luisim.errors import ParameterError, SimulationError

SUFFIXES = (".py", ".ipynb")
_FAILED = "The script did not come to its end; what stopped it is said above."


def is_script(name: str) -> bool:
    """Whether what is to be run is a script or a notebook, not an experiment."""
    return Path(name).suffix in SUFFIXES


def run(path: Path, figures: Path | None, chip: str) -> int:
    """Run it on ``chip`` (profile:seed); its figures go into ``figures``, by default beside it.

    Raises :class:`~luisim.errors.ParameterError` if it is not there or PyNN is missing,
    :class:`~luisim.errors.SimulationError` if its code failed.
    """
    if not path.is_file():
        raise ParameterError(f"There is no script {path}; give a Python script (.py) or a notebook (.ipynb).")
    if importlib.util.find_spec("pyNN") is None:
        raise ParameterError("Scripts for the chip need PyNN: pip install 'luisim[pynn]'.")
    from luisim.pynn.simulator import CHIP_VARIABLE, chip_called

    chip_called(chip)  # says at once if there is no such chip
    folder = path.parent if figures is None else figures
    command = [sys.executable, "-m", "luisim.pynn.script", str(path), str(folder)]
    done = subprocess.run(command, env=os.environ | {CHIP_VARIABLE: chip}, check=False)
    if done.returncode:
        raise SimulationError(_FAILED)
    return 0
