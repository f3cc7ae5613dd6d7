# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts and notebooks for the real chip, run on the simulated one in a process of their own."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from luisim.errors import ParameterError, SimulationError, UnsupportedExperiment
from luisim.hicannx.parameters import HicannX
from tui import backends
from tui.console import say

SUFFIXES = (".py", ".ipynb")
_FAILED = "The script did not come to its end; what stopped it is said above."


def register(app: App) -> None:
    """Add the subcommands to the command line."""
    app.command(export_pynn, name="export-pynn")


def is_script(name: str) -> bool:
    """Whether what is to be run is a script or a notebook, not an experiment."""
    return Path(name).suffix in SUFFIXES


def run(path: Path, figures: Path | None, chip: str | None) -> int:
    """Run it on ``chip`` (profile:seed; None: the one it names itself, or the default).

    Its figures go into ``figures``, by default beside it.

    Raises :class:`~luisim.errors.ParameterError` if it is not there or PyNN is missing,
    :class:`~luisim.errors.SimulationError` if its code failed.
    """
    if not path.is_file():
        raise ParameterError(f"There is no script {path}; give a Python script (.py) or a notebook (.ipynb).")
    _need_pynn()
    from luisim.pynn.simulator import CHIP_VARIABLE, chip_called

    chosen = {} if chip is None else {CHIP_VARIABLE: chip}
    for name in chosen.values():
        chip_called(name)  # says at once if there is no such chip
    folder = path.parent if figures is None else figures
    command = [sys.executable, "-m", "luisim.pynn.script", str(path), str(folder)]
    done = subprocess.run(command, env=os.environ | chosen, check=False)
    if done.returncode:
        raise SimulationError(_FAILED)
    return 0


def export_pynn(experiment: str, *, to: Annotated[Path, Parameter(name="--to", help="The script, a new .py file.")]) -> int:
    """Write an experiment on the chip as a PyNN script, which runs on BrainScaleS-2, and here with luisim run.

    Parameters
    ----------
    experiment
        Name of a shipped experiment (see `luisim experiments`) or a TOML file.
    """
    _need_pynn()
    from luisim.pynn.exchange import script_of

    loaded = backends.load_experiment(experiment)
    if not isinstance(loaded.device, HicannX):
        raise UnsupportedExperiment(f"{experiment} is an experiment on a board; only those on a chip have a PyNN script.")
    text = script_of(loaded)
    try:
        with to.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise ParameterError(f"{to} is there already; give another name.") from None
    except OSError as error:
        raise ParameterError(f"{to} cannot be written ({error.strerror}); choose another folder.") from None
    say(f"script written to {to}")
    return 0


def _need_pynn() -> None:
    if importlib.util.find_spec("pyNN") is None:
        raise ParameterError("Scripts for the chip need PyNN: pip install 'luisim[pynn]'.")
