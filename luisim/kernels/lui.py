# SPDX-License-Identifier: GPL-3.0-or-later
"""The door to ``lui.c``: flat arrays in, flat arrays out. What they mean is known to :mod:`luisim.lui.events`."""

import ctypes
from functools import cache

import numpy as np
from numpy.typing import NDArray

from luisim.kernels import load
from luisim.trace import Array

CORNERS, LAMPS = 11, 6
COLUMNS = 10  # of the rows of pieces
BOARD, RAILS = 22, 11 + LAMPS + 1 + 2 * CORNERS  # doubles in each

Indices = NDArray[np.int64]

_DOUBLES = ctypes.POINTER(ctypes.c_double)
_LONG = ctypes.c_long


@cache
def library() -> ctypes.CDLL | None:
    """The compiled kernel, or None where it has to be done without."""
    lib = load("lui")
    if lib is None or ctypes.sizeof(_LONG) != 8:
        return None
    lib.lui_size_of_board.restype = lib.lui_size_of_rails.restype = _LONG
    if (lib.lui_size_of_board(), lib.lui_size_of_rails()) != (BOARD, RAILS):
        return None
    lib.lui_free.argtypes = [_DOUBLES]
    return lib


def run(
    lib: ctypes.CDLL,
    boards: Array,
    rails: Array,
    starts: Array,
    changes: Array,
    changes_from: Indices,
    wires: Indices,
    wires_from: Indices,
    keep: NDArray[np.uint8],
    duration: float,
) -> tuple[int, Array, Array]:
    """(outcome, pieces (n, COLUMNS), spikes (n, 2): board and time in s). Outcome 1 is success, -1: time stood still."""
    pieces, spikes = _DOUBLES(), _DOUBLES()
    pieces_size, spikes_size = _LONG(), _LONG()
    inputs = [np.ascontiguousarray(a) for a in (boards, rails, starts, changes, changes_from, wires, wires_from, keep)]
    outcome = lib.lui_run(
        len(boards),
        *(a.ctypes.data_as(ctypes.c_void_p) for a in inputs),
        ctypes.c_double(duration),
        ctypes.byref(pieces),
        ctypes.byref(pieces_size),
        ctypes.byref(spikes),
        ctypes.byref(spikes_size),
    )
    try:
        found = _copied(pieces, pieces_size.value), _copied(spikes, spikes_size.value)
    finally:
        lib.lui_free(pieces)
        lib.lui_free(spikes)
    return outcome, found[0].reshape(-1, COLUMNS), found[1].reshape(-1, 2)


def _copied(data: "ctypes._Pointer[ctypes.c_double]", size: int) -> Array:
    return np.ctypeslib.as_array(data, shape=(size,)).copy() if size else np.empty(0)
