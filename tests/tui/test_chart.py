# SPDX-License-Identifier: GPL-3.0-or-later
"""The chart: round ticks, units, spikes side by side, and a picture that reads without colour."""

import numpy as np
import pytest

from tui.render import Curve, Window
from tui.widgets.chart import MARGIN, Line, Mark, Note, Pane, draw, ticks, time_ticks
from tui.widgets.glyphs import GLYPHS, Glyphs

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


@pytest.mark.parametrize("glyphs", GLYPHS)
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
    elif glyphs == "braille":
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


def test_a_note_stands_at_its_point_and_hides_nothing() -> None:
    window, flat = Window.of(0.0, 2.0, 72), Curve(np.array([0.0, 2.0]), np.array([0.75, 0.75]), 0)
    bare = text(draw([Pane((flat,), 0.0, 1.5, 12)], window, [], [], Glyphs.named("braille")))
    notes = (Note(1.0, 0.75, "V_th 750 mV"), Note(1.0, 0.75, "another"), Note(1.0, 9.0, "beyond"))
    pane = Pane((flat,), 0.0, 1.5, 12, notes=notes)
    lines = draw([pane], window, [], [], Glyphs.named("braille"))
    shown = text(lines)
    assert {len(line) for line in shown} == {MARGIN + 72}
    assert shown[pane.row(0.75)][MARGIN + window.column(1.0)] == "●"
    assert sum("V_th 750 mV" in line for line in shown) == 1
    assert sum("another" in line for line in shown) == 1
    assert not any("beyond" in line for line in shown)
    curve = bare[pane.row(0.75)]
    hidden = [column for column in range(MARGIN, MARGIN + 72) if shown[pane.row(0.75)][column] != curve[column]]
    assert hidden == [MARGIN + window.column(1.0)]


def test_cursors_pass_behind_the_traces() -> None:
    window, flat = Window.of(0.0, 2.0, 72), Curve(np.array([0.0, 2.0]), np.array([0.75, 0.75]), 0)
    pane = Pane((flat,), 0.0, 1.5, 12, level=0.75)
    shown = text(draw([pane], window, [], [], Glyphs.named("braille"), cursors=[(0.5, "A"), (7.0, "B")]))
    column = MARGIN + window.column(0.5)
    assert shown[0][column] == "A"
    assert {shown[row][column] for row in range(1, 12) if row != pane.row(0.75)} == {"┊"}
    assert shown[pane.row(0.75)][column] not in "┊\u2800"
    assert not any("B" in line for line in shown)
    assert shown[pane.row(0.75)][MARGIN - 2] == "T"


def test_remarks_stand_at_their_times() -> None:
    window = Window.of(0.0, 2.0, 72)
    shown = text(draw([], window, [], [], Glyphs.named("braille"), remarks=[(1.0, "pot turned"), (1.05, "again"), (5.0, "no")]))
    assert shown[0][MARGIN + 36 :].startswith("…") or shown[0][MARGIN + 36 :].startswith("p")
    assert "again" in shown[0]
    assert "no" not in shown[0].replace("notes", "")


@pytest.mark.parametrize("name", GLYPHS)
def test_every_pattern_has_a_character_and_only_nothing_is_blank(name: str) -> None:
    glyphs = Glyphs.named(name)
    assert len(glyphs.cells) == 256
    blank = glyphs.cells[0]
    assert [code for code in range(256) if glyphs.cells[code] == blank] == [0]
    assert len(set(glyphs.cells)) == {"braille": 256, "quadrant": 16, "half": 4, "ascii": 5}[name]


def test_quadrants_are_where_the_dots_are() -> None:
    cells = Glyphs.named("quadrant").cells
    assert [cells[code] for code in (0x01, 0x10, 0x40, 0x80, 0xFF, 0x47, 0x1B)] == list("▘▝▖▗█▌▀")


def test_a_chip_has_microseconds_and_lsb() -> None:
    window = Window.of(0.0, 200e-6, 72)
    curve = Curve(np.array([0.0, 200e-6]), np.array([300.0, 600.0]), 0)
    shown = text(draw([Pane((curve,), 250.0, 650.0, 12, unit="LSB")], window, [], [], Glyphs.named("braille")))
    assert shown[-1].endswith("µs")
    assert any("LSB" in line for line in shown)
    assert {"50", "150"} <= set(shown[-1].split())
