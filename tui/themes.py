# SPDX-License-Identifier: GPL-3.0-or-later
"""Themes: dark, light, and one for projectors, in which every source keeps a contrast of 3 : 1 or more."""

from textual.theme import Theme

DARK = Theme(
    name="luisim-dark",
    primary="#56b4e9",
    secondary="#009e73",
    accent="#56b4e9",
    foreground="#e0e0e0",
    background="#121212",
    surface="#1a1a1a",
    panel="#242424",
    success="#009e73",
    warning="#e69f00",
    error="#e8743b",
    dark=True,
)
LIGHT = Theme(
    name="luisim-light",
    primary="#0072b2",
    secondary="#006b4e",
    accent="#0072b2",
    foreground="#1a1a1a",
    background="#ffffff",
    surface="#f7f7f7",
    panel="#efefef",
    success="#006b4e",
    warning="#8a5a00",
    error="#b03a00",
    dark=False,
)
# a projector in a bright room swallows every grey
PROJECTOR = Theme(
    name="luisim-projector",
    primary="#0072b2",
    secondary="#006b4e",
    accent="#0072b2",
    foreground="#000000",
    background="#ffffff",
    surface="#ffffff",
    panel="#ffffff",
    success="#006b4e",
    warning="#8a5a00",
    error="#b03a00",
    dark=False,
)
THEMES = (DARK, LIGHT, PROJECTOR)


def following(name: str) -> str:
    """The name of the theme after this one; of the first after any other."""
    names = [theme.name for theme in THEMES]
    return names[(names.index(name) + 1) % len(names)] if name in names else names[0]
