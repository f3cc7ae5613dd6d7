# SPDX-License-Identifier: GPL-3.0-or-later
"""Calibrations of a simulated chip, kept in memory and in the user's cache folder: a script starts at once.

Those of the chips that scripts get by default are part of the package, in ``calibrated/``: :func:`main` writes them, to be
called whenever the model or the calibration changes; a test compares.
"""

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

import luisim
from luisim.hicannx.calibration import NeuronTarget, calibrated
from luisim.hicannx.constants import NEURONS
from luisim.hicannx.parameters import HicannX, NeuronLsb
from luisim.pynn.network import Chip, mismatch_at

SHIPPED = (("v2_2021", 1), ("v3_tutorial", 1))  # profile and seed; with the targets of calix
_SHIPPED = Path(__file__).with_name("calibrated")
FIRST = 32  # neurons that are calibrated at first; nearly all scripts need no more, and the others take three times as long


@dataclass(frozen=True)
class ChipConfig:
    """Settings of all 512 circuits of one chip, found by a calibration: what ``setup(initial_config=...)`` takes."""

    chip: Chip
    target: NeuronTarget
    name: str = "spiking"

    def neurons(self, sites: NDArray[np.intp]) -> tuple[NeuronLsb, ...]:
        """The settings of the circuits at these sites. Takes some seconds when a chip is seen for the first time."""
        found: list[NeuronLsb] = []
        for site in sites:
            first = int(site) < FIRST
            block = _block(self.chip, self.target, first)
            found.append(block[int(site) - (0 if first else FIRST)])
        return tuple(found)


@lru_cache(maxsize=64)
def _block(chip: Chip, target: NeuronTarget, first: bool) -> tuple[NeuronLsb, ...]:
    sites = np.arange(FIRST) if first else np.arange(FIRST, NEURONS)
    shipped = _read(_SHIPPED / f"{chip.profile}-{chip.seed}.json", NEURONS) if _is_shipped(chip, target) else None
    if shipped is not None:
        return shipped[:FIRST] if first else shipped[FIRST:]
    key = hashlib.sha256(repr((luisim.__version__, chip, asdict(target), first)).encode()).hexdigest()[:20]
    path = user_cache_path("luisim") / "calibrations" / f"{key}.json"
    kept = _read(path, sites.size)
    if kept is not None:
        return kept
    neurons = calibrate(chip, target, sites)
    _write(path, neurons)
    return neurons


def calibrate(chip: Chip, target: NeuronTarget, sites: NDArray[np.intp]) -> tuple[NeuronLsb, ...]:
    """The settings of the circuits at these sites, found now. Raises :class:`~luisim.errors.CalibrationError`."""
    mismatch = mismatch_at(chip, sites)
    device = HicannX((NeuronLsb(),) * sites.size, chip.profile, chip.seed, mismatch, clock_scale=chip.clock_scale)
    return calibrated(device, target).neurons


def _is_shipped(chip: Chip, target: NeuronTarget) -> bool:
    return (chip, target) in [(Chip(profile, seed), NeuronTarget()) for profile, seed in SHIPPED]


def _read(path: Path, n: int) -> tuple[NeuronLsb, ...] | None:
    try:
        columns = json.loads(path.read_text(encoding="utf-8"))
        # a setting that all neurons share is written once
        rows = [{name: v[k] if isinstance(v, list) else v for name, v in columns.items()} for k in range(n)]
        neurons = tuple(NeuronLsb(**row) for row in rows)
    except (OSError, ValueError, TypeError, AttributeError, IndexError):
        return None  # not there, or written by something else: calibrate again
    return neurons


def _write(path: Path, neurons: tuple[NeuronLsb, ...]) -> None:
    columns: dict[str, Any] = {f.name: [getattr(neuron, f.name) for neuron in neurons] for f in fields(NeuronLsb)}
    columns = {name: values[0] if len(set(values)) == 1 else values for name, values in columns.items()}
    partial = path.with_suffix(".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(columns), encoding="utf-8")
        partial.replace(path)
    except OSError:
        return  # a full or read-only disk costs the next start a few seconds


def main() -> None:
    """Write the calibrations that are part of the package."""
    for profile, seed in SHIPPED:
        chip, target = Chip(profile, seed), NeuronTarget()
        neurons = calibrate(chip, target, np.arange(FIRST)) + calibrate(chip, target, np.arange(FIRST, NEURONS))
        _write(_SHIPPED / f"{profile}-{seed}.json", neurons)
