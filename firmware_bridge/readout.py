# SPDX-License-Identifier: GPL-3.0-or-later
"""Readout: from ADC codes to volts, with the uncertainty of each reading."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from firmware_bridge.errors import BoardError
from luisim.trace import Array

NOMINAL_REFERENCE = 1.1  # V, of the ATmega328P's inner reference; its data sheet allows 1.0 to 1.2
_REFERENCE_HALF_WIDTH = 0.1  # V
_CALIBRATED = 0.005  # relative: a school's multimeter, once
_ACCURACY = 2.0  # codes: absolute accuracy of the ADC, typical, in the ATmega328P's data sheet


@dataclass(frozen=True)
class Readout:
    """How a board's codes become volts.

    ``vcc`` in V: full scale, which the firmware measures against its inner reference. ``calibrated``: that reference has been
    compared with a voltmeter. ``offset`` in V, ``gain`` (a factor): of the ADC itself. ``bits``: of a code.
    """

    vcc: float = 5.0
    calibrated: bool = False
    offset: float = 0.0
    gain: float = 1.0
    bits: int = 10

    @property
    def lsb(self) -> float:
        """One code, in V."""
        return self.vcc * self.gain / (1 << self.bits)

    def volts(self, codes: ArrayLike) -> Array:
        """Voltages in V, in the middle of each code; same shape as ``codes``."""
        # to float first: 16-bit codes times a whole number would wrap
        return (np.asarray(codes, dtype=np.float64) + 0.5) * self.lsb + self.offset

    def uncertainty(self, volts: ArrayLike) -> Array:
        """Standard uncertainty of readings ``volts`` (V) in V: step, ADC accuracy and reference, added in quadrature."""
        step = self.lsb / np.sqrt(12.0)
        accuracy = _ACCURACY * self.lsb / np.sqrt(3.0)
        relative = _CALIBRATED if self.calibrated else _REFERENCE_HALF_WIDTH / np.sqrt(3.0) / NOMINAL_REFERENCE
        spread: Array = np.sqrt(step**2 + accuracy**2 + (relative * np.asarray(volts, dtype=np.float64)) ** 2)
        return spread


def two_point(codes: tuple[float, float], volts: tuple[float, float], readout: Readout) -> Readout:
    """``readout`` with gain and offset such that two mean ``codes`` read as the ``volts`` (V) that a voltmeter showed.

    Raises :class:`BoardError` if the two points lie too close together.
    """
    if abs(codes[1] - codes[0]) < 0.1 * (1 << readout.bits):
        raise BoardError("The two voltages lie too close together; choose two that differ by at least half a volt.")
    lsb = (volts[1] - volts[0]) / (codes[1] - codes[0])
    gain = lsb * (1 << readout.bits) / readout.vcc
    return Readout(readout.vcc, True, volts[0] - (codes[0] + 0.5) * lsb, gain, readout.bits)


def reference_for(volts: float, code: float, reference: float, vcc: float) -> float:
    """What the inner reference really is, in V: a voltmeter shows ``volts`` where the board, with its supply taken to be
    ``vcc``, read the mean ``code``. Raises :class:`BoardError` if that cannot be.
    """
    if code < 100:
        raise BoardError("The voltage is too small to calibrate with; connect one between 1 and 4 V to the pin.")
    true = reference * volts / ((code + 0.5) * vcc / 1024)
    if not 0.9 <= true <= 1.3:
        raise BoardError(
            f"The board read {(code + 0.5) * vcc / 1024:.3f} V where {volts:.3f} V was given; that cannot come from its"
            " reference, which lies between 0.9 and 1.3 V. Check the pin, the common ground and the number."
        )
    return true
