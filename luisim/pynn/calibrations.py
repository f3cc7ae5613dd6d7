# SPDX-License-Identifier: GPL-3.0-or-later
"""Calibrations of a simulated chip, kept in memory and in the user's cache folder: a script starts at once."""

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

import luisim
from luisim.hicannx.calibration import NeuronTarget, calibrated
from luisim.hicannx.constants import NEURONS
from luisim.hicannx.parameters import HicannX, NeuronLsb
from luisim.pynn.network import Chip, mismatch_at

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
    key = hashlib.sha256(repr((luisim.__version__, chip, asdict(target), first)).encode()).hexdigest()[:20]
    path = user_cache_path("luisim") / "calibrations" / f"{key}.json"
    kept = _read(path, sites.size)
    if kept is not None:
        return kept
    device = HicannX(
        (NeuronLsb(),) * sites.size,
        chip.profile,
        chip.seed,
        mismatch_at(chip, sites),
        clock_scale=chip.clock_scale,
    )
    neurons = calibrated(device, target).neurons
    _write(path, neurons)
    return neurons


def _read(path: Path, n: int) -> tuple[NeuronLsb, ...] | None:
    try:
        columns = json.loads(path.read_text(encoding="utf-8"))
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        neurons = tuple(NeuronLsb(**row) for row in rows)
    except (OSError, ValueError, TypeError, AttributeError):
        return None  # not there, or written by something else: calibrate again
    return neurons if len(neurons) == n else None


def _write(path: Path, neurons: tuple[NeuronLsb, ...]) -> None:
    columns = {f.name: [getattr(neuron, f.name) for neuron in neurons] for f in fields(NeuronLsb)}
    partial = path.with_suffix(".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_text(json.dumps(columns), encoding="utf-8")
        partial.replace(path)
    except OSError:
        return  # a full or read-only disk costs the next start a few seconds
