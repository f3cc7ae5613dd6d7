# SPDX-License-Identifier: GPL-3.0-or-later
"""The chart: round ticks, units, spikes side by side, and a picture that reads without colour."""

import numpy as np
import pytest

from tui.render import Curve, Window
from tui.widgets.chart import MARGIN, Glyphs, Line, Mark, Pane, draw, ticks, time_ticks

RAMP = Curve(np.array([0.0, 2.0]), np.array([0.0, 1.5]), 0)


def text(lines: tuple[Line, ...]) -> list[str]:
    return ["".join(run.text for run in line) for line in lines]


@pytest.mark.parametrize(
    ("low", "high", "most", "expected"),
    [
        (0.0, 1.5, 4, [0.0, 0.5, 1.0, 1.5]),
        (0.0, 1.75, 3, [0.0, 1.0]),
        (-200.0, 330.0, 6, [-200.0, 0.0, 200.0]),
        (0.0, 2.0, 6, [0.0, 0.5, 1.0, 1.5, 2.0]),
    ],
)
def test_ticks_are_round(low: float, high: float, most: int, expected: list[float]) -> None:
    assert ticks(low, high, most) == pytest.approx(expected)


def test_times_are_in_the_unit_that_fits() -> None:
    assert time_ticks(Window.of(0.0, 2.0, 72))[1] == "s"
    labels, unit = time_ticks(Window.of(-0.3, 0.6, 72))
    assert unit == "ms"
    assert "0" in labels.values()
    assert {"-200", "200"} <= set(labels.values())


@pytest.mark.parametrize("glyphs", ["braille", "ascii"])
def test_all_lines_have_one_width_and_say_their_units(glyphs: str) -> None:
    window = Window.of(0.0, 2.0, 72)
    lines = text(draw([Pane((RAMP,), 0.0, 1.5, 12)], window, [Mark(1.0, "^", 0)], [(0.1, 0.115, "12")], Glyphs.named(glyphs)))
    assert {len(line) for line in lines} == {MARGIN + 72}
    assert "1.5 V" in lines[0]
    assert lines[-1].endswith("s")
    assert lines[-2][MARGIN + 36] == "^"
    assert "12" in lines[-3]
    if glyphs == "ascii":
        assert all(line.isascii() for line in lines)
    else:
        assert " " not in lines[0][MARGIN:]  # blanks inside the plot are braille, too


def test_spikes_in_one_cell_stand_side_by_side() -> None:
    marks = [Mark(1.0, "▲", 0), Mark(1.001, "△", 1), Mark(1.002, "◇", 2), Mark(5.0, "▲", 0)]
    line = draw([], Window.of(0.0, 2.0, 72), marks, [], Glyphs.named("braille"))[0]
    assert "◇▲△" in text((line,))[0]
    assert [run.ink for run in line if run.text == "△"] == [1]
    assert text((line,))[0].count("▲") == 1


def test_a_residual_lane_names_its_ends() -> None:
    lines = text(draw([Pane((), -0.0025, 0.0025, 3, "Δ")], Window.of(0.0, 2.0, 72), [], [], Glyphs.named("braille")))
    assert [line[: MARGIN - 1].strip() for line in lines[:3]] == ["+2.5 mV", "Δ 0", "-2.5"]
