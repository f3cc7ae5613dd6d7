# SPDX-License-Identifier: GPL-3.0-or-later
"""SynapseArray: one of the chip's two arrays of 256 x 256 synapses and 128 drivers, as its configuration memory holds it.

Driver ``d`` listens to the PADI bus ``d % 4`` and drives rows ``2 d`` and ``2 d + 1``. It takes an event if
the event's 5 bit row select equals its own number on the bus in all bits of its mask; a synapse adds its weight if its label
equals the event's low 6 bits.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from luisim.errors import ParameterError
from luisim.hicannx.constants import BUSES, COLUMNS, DRIVERS, DRIVERS_PER_BUS, LABEL_BITS, LABELS, ROWS, SELECT_BITS, WEIGHT_MAX

Bytes = NDArray[np.uint8]

# field -> shape, lowest and highest value
_BOUNDS = {
    "weights": ((ROWS, COLUMNS), 0, WEIGHT_MAX),
    "labels": ((ROWS, COLUMNS), 0, LABELS - 1),
    "signs": ((ROWS,), -1, 1),
    "masks": ((DRIVERS,), 0, 2**SELECT_BITS - 1),
    "enabled": ((DRIVERS,), 0, 1),
}


@dataclass(frozen=True, eq=False)
class SynapseArray:
    """``weights``, ``labels``: (256, 256), rows by columns. ``signs``: (256,) +1 excitatory, -1 inhibitory, 0 off.

    ``masks``, ``enabled``: (128,) of the drivers: row select mask and switch. Arrays are copied and read-only. Raises
    :class:`~luisim.errors.ParameterError` naming the first cell that is out of bounds.
    """

    weights: Bytes
    labels: Bytes
    signs: NDArray[np.int8]
    masks: Bytes
    enabled: NDArray[np.bool_]

    def __post_init__(self) -> None:
        kinds: dict[str, Any] = {"signs": np.int8, "enabled": np.bool_}
        for name, (shape, low, high) in _BOUNDS.items():
            value = checked(name, getattr(self, name), shape, low, high).astype(kinds.get(name, np.uint8))
            value.setflags(write=False)
            object.__setattr__(self, name, value)

    @classmethod
    def empty(cls) -> "SynapseArray":
        """All rows off, all weights 0."""
        empty: dict[str, Any] = {name: np.zeros(shape, dtype=np.int64) for name, (shape, _, _) in _BOUNDS.items()}
        return cls(**empty)

    def columns_of(self, bus: int, event: int) -> NDArray[np.int64]:
        """(2, 256): summed weights, excitatory then inhibitory, that an event of 14 bits on ``bus`` gives each column."""
        rows = np.flatnonzero(np.repeat(self.hears(bus, event >> LABEL_BITS), 2))
        live = np.where(self.labels[rows] == event % LABELS, self.weights[rows], 0).astype(np.int64)
        return np.array([live[self.signs[rows] == sign].sum(axis=0) for sign in (1, -1)])

    def hears(self, bus: int, select: int) -> NDArray[np.bool_]:
        """(128,): which drivers take an event with this row select on ``bus``."""
        drivers = np.arange(DRIVERS)
        match = ((drivers // BUSES) ^ (select % DRIVERS_PER_BUS)) & self.masks == 0
        heard: NDArray[np.bool_] = self.enabled & (drivers % BUSES == bus) & match
        return heard

    @property
    def used(self) -> dict[str, int]:
        """Rows, drivers and synapses in use: rows that are on, drivers that are, weights above 0 in such rows."""
        on = np.repeat(self.enabled, 2) & (self.signs != 0)
        return {"rows": int(on.sum()), "drivers": int(self.enabled.sum()), "synapses": int((self.weights[on] > 0).sum())}


def checked(name: str, values: ArrayLike, shape: tuple[int, ...], low: int, high: int) -> NDArray[np.int64]:
    """``values`` as whole numbers of this shape and range. Raises :class:`ParameterError` naming the first that is not."""
    array = np.array(values)
    if array.shape != shape:
        raise ParameterError(f"{name} has the shape {array.shape}; the chip has {shape}.")
    if array.dtype.kind not in "iub" and not np.all(np.isfinite(array) & (array == np.rint(array))):
        raise ParameterError(f"{name} must be whole numbers from {low} to {high}.")
    array = array.astype(np.int64)
    bad = np.argwhere((array < low) | (array > high))
    if bad.size:
        where = tuple(int(k) for k in bad[0])
        raise ParameterError(f"{name}{list(where)} = {array[where]} is out of range: allowed is {low} to {high}.")
    return array
