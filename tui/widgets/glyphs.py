# SPDX-License-Identifier: GPL-3.0-or-later
"""Glyphs: the characters that a chart is made of, for terminals with and without braille in their font."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from luisim.errors import ParameterError

GlyphName = Literal["braille", "quadrant", "half", "ascii"]
GLYPHS: tuple[GlyphName, ...] = get_args(GlyphName)

# the dots of a braille cell: two columns, from the top
_LEFT, _RIGHT = (0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80)
_UPPER_LEFT, _LOWER_LEFT = _LEFT[0] | _LEFT[1], _LEFT[2] | _LEFT[3]
_UPPER_RIGHT, _LOWER_RIGHT = _RIGHT[0] | _RIGHT[1], _RIGHT[2] | _RIGHT[3]
_QUADRANTS = " ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█"


@dataclass(frozen=True)
class Glyphs:
    """``cells``: a character for each of the 256 patterns of a braille cell; the first is the blank.

    ``axis``: side, side with tick, corner, floor, floor with tick. ``cursor``: the upright line of a cursor. ``point``: where
    something was measured. ``bar``: the scrubber's rail and its handle. ``plain``: spikes are drawn as letters.
    """

    cells: str
    axis: str
    cursor: str
    point: str
    bar: str
    plain: bool = False

    def drawn(self, codes: NDArray[np.uint8]) -> str:
        """The characters of these patterns, row after row."""
        return self._table[codes].tobytes().decode("utf-32")

    @cached_property
    def _table(self) -> NDArray[np.str_]:
        return np.array([*self.cells])

    @classmethod
    def named(cls, name: str) -> "Glyphs":
        """``braille``; ``quadrant`` or ``half`` blocks for fonts without it; ``ascii`` for any. Raises ParameterError."""
        match name:
            case "braille":
                # U+2800 and not a space: some terminals draw the two in different widths
                return cls("".join(chr(0x2800 + code) for code in range(256)), "│┤└─┴", "┊", "●", "─█")
            case "quadrant":
                return cls("".join(map(_quadrant, range(256))), "│┤└─┴", "┊", "●", "─█")
            case "half":
                return cls("".join(map(_half, range(256))), "│┤└─┴", "│", "●", "─█")
            case "ascii":
                return cls("".join(map(_ascii, range(256))), "||+-+", "!", "*", "-#", plain=True)
        raise ParameterError(f"There are no glyphs {name!r}; give one of {', '.join(GLYPHS)}.")


def _quadrant(code: int) -> str:
    parts = (_UPPER_LEFT, _UPPER_RIGHT, _LOWER_LEFT, _LOWER_RIGHT)
    return _QUADRANTS[sum(bool(code & part) << bit for bit, part in enumerate(parts))]


def _half(code: int) -> str:
    upper, lower = bool(code & (_UPPER_LEFT | _UPPER_RIGHT)), bool(code & (_LOWER_LEFT | _LOWER_RIGHT))
    return " ▀▄█"[upper + 2 * lower]


def _ascii(code: int) -> str:
    """One of five characters by which halves of the cell are lit, and | for a column from top to bottom."""
    if any(all(code & dot for dot in column) for column in (_LEFT, _RIGHT)):
        return "|"
    upper, lower = bool(code & (_UPPER_LEFT | _UPPER_RIGHT)), bool(code & (_LOWER_LEFT | _LOWER_RIGHT))
    return " .':"[2 * upper + lower]
