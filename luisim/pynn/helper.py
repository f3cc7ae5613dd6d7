# SPDX-License-Identifier: GPL-3.0-or-later
"""Calibrations under the names the notebooks use: files that do not exist here, but stand for a calibration of the chip."""

from pathlib import Path
from typing import Any

from luisim.errors import UnsupportedExperiment
from luisim.hicannx.calibration import NeuronTarget
from luisim.pynn import simulator
from luisim.pynn.calibrations import ChipConfig

_NIGHTLY = Path("simulated-calibrations")


def nightly_calib_path(name: str = "spiking") -> Path:
    """Where the nightly calibration of a chip would lie; only the file's name counts."""
    return _NIGHTLY / f"{name}_cocolist.pbin"


nightly_calix_native_path = nightly_calib_path


def nightly_calib_url() -> str:
    """There is none: calibrations are made here."""
    raise UnsupportedExperiment("The simulated chip is calibrated here, not downloaded: use pynn.helper.chip_from_nightly().")


def get_unique_identifier() -> str:
    """The chip that is simulated."""
    chip = simulator.state.chip if simulator.state else simulator.chip_of_environment()
    return f"simulated-{chip.profile}-{'nominal' if chip.seed is None else chip.seed}"


def chip_from_file(path: Any) -> ChipConfig:
    """The calibration that a file of this name stands for: ``spiking...``. Raises UnsupportedExperiment for others."""
    name = Path(path).name
    if not name.startswith("spiking"):
        raise UnsupportedExperiment(
            f"{name} is not simulated: its time constants (0.32 us and 60 us) are outside what the calibration here reaches"
            " (1 to 30 us); use spiking_cocolist.pbin."
        )
    state = simulator.state
    chip = state.chip if state else simulator.chip_of_environment()
    return ChipConfig(chip, NeuronTarget())


def chip_from_nightly() -> ChipConfig:
    """The spiking calibration of the simulated chip."""
    return chip_from_file(nightly_calib_path())


def chip_from_portable_binary(data: object) -> ChipConfig:
    """As :func:`chip_from_nightly`: what a binary says of another chip is of no use here."""
    return chip_from_nightly()
