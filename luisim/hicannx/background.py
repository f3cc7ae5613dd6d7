# SPDX-License-Identifier: GPL-3.0-or-later
"""BackgroundSource: one of the eight generators of spikes on the chip, regular or by chance.

Every ``period`` ticks of 8 ns it looks: a regular one fires; another one fires if its random 8 bit number is at most ``rate``.
The bits of its label that ``mask`` names are drawn for each event. The chip draws from shift registers; here a numpy
generator does, so equal seeds give equal trains, though not those of the chip.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from luisim.errors import ParameterError
from luisim.hicannx.constants import TIME_GRID
from luisim.quantity import Quantity, check_fields

_BLOCK = 2**18  # looks that are drawn together, so that a train can be cut anywhere
_FINEST = 32  # rates up to here keep a look's chance below 1/8, where the train is close to a Poisson process


@dataclass(frozen=True)
class BackgroundSource:
    """Whole numbers as the configuration memory holds them. Raises :class:`ParameterError` for values out of range."""

    period: Annotated[int, Quantity("", 1, 2**16 - 1, "haldls: 16 bit, in ticks of 8 ns")]
    rate: Annotated[int, Quantity("", 0, 255, "haldls: 8 bit")]
    seed: Annotated[int, Quantity("", 0, 2**32 - 1, "haldls: 32 bit")]
    label: Annotated[int, Quantity("", 0, 2**14 - 1, "haldls: 14 bit")] = 0
    mask: Annotated[int, Quantity("", 0, 255, "haldls: 8 bit")] = 0
    regular: bool = False

    def __post_init__(self) -> None:
        check_fields(self)

    @property
    def frequency(self) -> float:
        """Mean rate of all its events in Hz."""
        chance = 1.0 if self.regular else (self.rate + 1) / 256.0
        return chance / (self.period * TIME_GRID)

    def events(self, start: int, stop: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Ticks in [start, stop) at which it fires, and the labels. Pieces add up to the whole."""
        first, last = -(-start // self.period), -(-stop // self.period)
        looks, labels = [], []
        for block in range(first // _BLOCK, -(-last // _BLOCK)):
            draw = np.random.default_rng([self.seed, block])
            fired = np.arange(_BLOCK) if self.regular else _chances((self.rate + 1) / 256.0, draw)
            drawn = (self.label & ~self.mask) | (draw.integers(0, 256, fired.size) & self.mask)
            fired = fired + block * _BLOCK
            inside = (fired >= first) & (fired < last)
            looks.append(fired[inside])
            labels.append(drawn[inside])
        empty = np.empty(0, dtype=np.int64)
        return np.concatenate([empty, *looks]) * self.period, np.concatenate([empty, *labels])


def settings_for(rate: float, *, regular: bool) -> tuple[int, int]:
    """Period and rate whose frequency comes nearest to ``rate`` Hz. Raises :class:`ParameterError` if none is near."""
    clock = 1.0 / TIME_GRID
    if not (np.isfinite(rate) and rate > 0.0):
        raise ParameterError(f"The rate of a background generator must be above 0 Hz, not {rate}.")
    codes = np.array([255]) if regular else np.arange(256)
    chance = np.ones(1) if regular else (codes + 1) / 256.0
    period = np.clip(np.rint(clock * chance / rate), 1, 2**16 - 1)
    error = np.abs(chance * clock / period / rate - 1.0)
    # the smaller the chance of a look, the closer to a Poisson process; take it where it costs no accuracy
    fine = error + np.where(codes < _FINEST, 0.0, 0.0 if regular else 0.02)
    best = int(np.argmin(fine))
    if error[best] > 0.05:
        low, high = clock / (2**16 - 1) / (1.0 if regular else 256.0), clock
        raise ParameterError(f"A background generator fires at {low:.3g} Hz to {high:.3g} Hz, not at {rate:g} Hz.")
    return int(period[best]), int(codes[best])


def _chances(chance: float, draw: np.random.Generator) -> NDArray[np.int64]:
    """Which looks of a block succeed: the gaps between them are geometric."""
    found, at = [], -1
    while at < _BLOCK:
        gaps = draw.geometric(chance, int(_BLOCK * chance) + 64)
        places = at + np.cumsum(gaps)
        found.append(places)
        at = int(places[-1])
    fired = np.concatenate(found)
    return fired[fired < _BLOCK]
