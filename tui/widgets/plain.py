# SPDX-License-Identifier: GPL-3.0-or-later
"""Plain: ASCII instead of every other character, for terminals whose font has nothing else.

:func:`spelled` writes out what has a name (``tau``, ``+-``) and may need more room; :class:`Plain` is the net below it: what
else Textual or a widget draws (borders, scroll bars, arrows) becomes one ASCII character a cell.
"""

from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_NAMES = {"τ": "tau", "Δ": "d", "±": "+-", "µ": "u", "Ω": "Ohm", "…": "~", "²": "2"}
_LOOKALIKES = str.maketrans(
    {
        **dict.fromkeys("─━▁▔╌╍–—−▂▃", "-"),
        **dict.fromkeys("│┃┊▎▏▕▌▐▍▊▋╎", "|"),
        **dict.fromkeys("┌┐└┘├┤┬┴┼╭╮╰╯", "+"),
        **dict.fromkeys("█▀▄▅▆▇▟▙▛▜▞▚▒▓", "#"),
        **dict.fromkeys("●◆▪■✓✔", "*"),
        **dict.fromkeys("○◇□◯", "o"),
        **dict.fromkeys("✗✘×", "x"),
        "▲": "^",
        "△": "A",
        "▼": "v",
        "▽": "V",
        "▶": ">",
        "◀": "<",
        "→": ">",
        "←": "<",
        "↑": "^",
        "↓": "v",
        "τ": "t",
        "Δ": "d",
        "±": "~",
        "µ": "u",
        "Ω": "O",
        "…": "~",
        "·": ".",
        "•": "*",
        "²": "2",
        "\u00a0": " ",
        "\u2800": " ",
    }
)
_LETTERS = frozenset("ÄÖÜäöüß")  # of German, which every font of such a terminal has


def spelled(text: str) -> str:
    """``text`` with names for what has one: ``τ_mem`` becomes ``tau_mem``."""
    for character, name in _NAMES.items():
        text = text.replace(character, name)
    return text


class Plain(LineFilter):
    """Draws every cell of the screen in ASCII."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same segments, as wide as they were."""
        return [s if s.text.isascii() else Segment(_ascii(s.text), s.style, s.control) for s in segments]


def _ascii(text: str) -> str:
    found = text.translate(_LOOKALIKES)
    if found.isascii():
        return found
    return "".join(c if c.isascii() or c in _LETTERS else "?".ljust(cell_len(c)) for c in found)
