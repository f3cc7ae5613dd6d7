# SPDX-License-Identifier: GPL-3.0-or-later
"""Normal numbers that depend on nothing but a seed, a time and a neuron, so that a run of any length needs no memory for them.

A number is the sum of 8 bytes that a hash mixes (Irwin-Hall: its tails end at 4.9 standard deviations); ``network.c`` gives
the same bits. The hash is C. Wellons' lowbias32 (public domain), which changes half of its bits for every bit of its input.
"""

import numpy as np
from numpy.typing import NDArray

from luisim.kernels.series import F, Floats

Words = NDArray[np.uint32]


def normal(seed: int, time: int, n: int) -> Floats:
    """(n,) of unit variance, at the whole number ``time``; ``seed`` and ``time`` have up to 64 bits."""
    start: Words = np.zeros(1, np.uint32)
    for word in (seed, seed >> 32, time, time >> 32):
        start = _mixed(start ^ np.uint32(word & 0xFFFFFFFF))
    pairs = _mixed(np.arange(2 * n, dtype=np.uint32) + start)
    bytes_ = (pairs & np.uint32(0x00FF00FF)) + ((pairs >> np.uint32(8)) & np.uint32(0x00FF00FF))
    four = bytes_[0::2] + bytes_[1::2]
    total = (four & np.uint32(0xFFFF)) + (four >> np.uint32(16))
    # 8 bytes: mean 1020, variance 8 (256^2 - 1) / 12
    centred: Floats = (total.astype(np.int32) - 1020).astype(F)
    return centred * F(4.784196e-3)


def _mixed(x: Words) -> Words:
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x7FEB352D)
    x = (x ^ (x >> np.uint32(15))) * np.uint32(0x846CA68B)
    return x ^ (x >> np.uint32(16))
