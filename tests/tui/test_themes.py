# SPDX-License-Identifier: GPL-3.0-or-later
"""Every source can be seen on every theme: contrast as WCAG 2.1 defines it."""

import pytest
from textual.color import Color

from tui.themes import THEMES, following
from tui.widgets.source import sources_of


def contrast(one: str, other: str) -> float:
    def luminance(name: str) -> float:
        parts = [c / 255 for c in Color.parse(name).rgb]
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return float(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])

    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def test_black_on_white_is_twenty_one() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)


@pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)
def test_every_source_has_three_to_one(theme: object) -> None:
    sources = sources_of(["recording:a", "circuit", "model", "recording:b", "board", "board:x"])
    for ground in (theme.background, theme.panel):  # type: ignore[attr-defined]
        for source in sources:
            colour = source.look.dark if theme.dark else source.look.light  # type: ignore[attr-defined]
            assert contrast(colour, ground) >= 3.0, (source.name, colour, ground)
        assert contrast(theme.foreground, ground) >= 7.0  # type: ignore[attr-defined]


def test_they_go_round() -> None:
    names = ["luisim-dark"]
    for _ in THEMES:
        names.append(following(names[-1]))
    assert names == ["luisim-dark", "luisim-light", "luisim-projector", "luisim-dark"]
    assert following("nord") == "luisim-dark"
