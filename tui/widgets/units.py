# SPDX-License-Identifier: GPL-3.0-or-later
"""Units as a screen shows them: Ω and µ where files write Ohm and u."""

from luisim.quantity import format_si
from tui.language import decimal

_NOTHING = 1e-9  # of any unit: far below what this board shows, and above what arithmetic leaves behind


def si(value: float, unit: str, digits: int = 4) -> str:
    """A number with the SI prefix that fits: ``5.5 kΩ``, ``502 µV``."""
    return decimal(format_si(value if abs(value) >= _NOTHING else 0.0, unit, digits).replace("Ohm", "Ω").replace(" u", " µ"))
