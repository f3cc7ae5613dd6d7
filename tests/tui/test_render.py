# SPDX-License-Identifier: GPL-3.0-or-later
"""The rasteriser: nothing short is lost, nothing shimmers, one cell has one colour."""

import numpy as np
import pytest

from tui.render import BLANK, STEEP, Curve, Window, compose, raster


def sawtooth(duration: float = 20.0, rate: float = 1000.0) -> Curve:
    """A neuron that fires every 0.4 s and rests at 0 V for 15 ms."""
    time = np.arange(0.0, duration, 1.0 / rate)
    phase = time % 0.4
    return Curve(time, np.where(phase < 0.015, 0.0, (phase - 0.015) / 0.385 * 1.25), 0)


def lit(cells: np.ndarray) -> int:
    return int(np.unpackbits(cells).sum())


def test_every_reset_is_seen_however_long_the_window() -> None:
    cells = raster(sawtooth(), Window.of(0.0, 20.0, 120), 12, -0.05, 1.5)
    bottom = np.flatnonzero(cells[-1])
    per_reset = [np.any(np.abs(bottom - 0.4 * n / (20.0 / 120)) <= 1) for n in range(50)]
    assert all(per_reset)


def test_a_spike_of_one_sample_reaches_its_height() -> None:
    time = np.linspace(0.0, 1.0, 5001)
    values = np.zeros_like(time)
    values[2503] = 1.0
    cells = raster(Curve(time, values, 0), Window.of(0.0, 1.0, 40), 8, 0.0, 1.0)
    assert np.flatnonzero(cells[0]).tolist() == [20]


def test_a_moved_window_moves_the_picture_and_changes_nothing() -> None:
    rng = np.random.default_rng(1)
    time = np.sort(rng.uniform(0.0, 10.0, 7000))  # no even steps, as a circuit solver returns them
    curve = Curve(time, np.sin(7.0 * time) + 0.1 * rng.standard_normal(time.size), 0, (2, 3))
    here = raster(curve, Window(37, 0.0125, 80), 12, -1.3, 1.3)
    for shift in (1, 2, 7):
        there = raster(curve, Window(37 + shift, 0.0125, 80), 12, -1.3, 1.3)
        np.testing.assert_array_equal(here[:, shift:], there[:, :-shift])


def test_few_samples_are_joined_by_a_line() -> None:
    cells = raster(Curve(np.array([0.0, 1.0]), np.array([0.0, 1.0]), 0), Window.of(0.0, 1.0, 30), 8, 0.0, 1.0)
    assert np.all(cells.any(axis=0))
    assert np.all(cells.any(axis=1))


def test_nothing_is_drawn_where_there_is_no_trace() -> None:
    curve = Curve(np.array([0.25, 0.5]), np.array([0.5, 0.5]), 0)
    cells = raster(curve, Window.of(0.0, 1.0, 40), 8, 0.0, 1.0)
    assert np.flatnonzero(cells.any(axis=0)).tolist() == list(range(10, 20))


def test_what_leaves_the_voltage_axis_is_not_drawn() -> None:
    curve = Curve(np.array([0.0, 1.0]), np.array([2.0, 2.0]), 0)
    assert lit(raster(curve, Window.of(0.0, 1.0, 10), 4, 0.0, 1.0)) == 0


def test_a_cell_belongs_to_the_first_curve_alone() -> None:
    time = np.array([0.0, 1.0])
    above, below = Curve(time, np.array([0.2, 0.8]), 3), Curve(time, np.array([0.8, 0.2]), 5)
    window = Window.of(0.0, 1.0, 20)
    codes, inks = compose([above, below], window, 6, 0.0, 1.0)
    alone = raster(above, window, 6, 0.0, 1.0)
    mine = alone > 0
    np.testing.assert_array_equal(codes[mine], alone[mine])
    assert set(inks[mine]) == {3}
    assert set(inks[~mine]) == {5, BLANK}
    assert np.all((codes > 0) == (inks != BLANK))


@pytest.mark.parametrize("dash", [(2, 3), (1, 2)])
def test_dashes(dash: tuple[int, int]) -> None:
    curve = Curve(np.array([0.0, 1.0]), np.array([0.5, 0.5]), 0, dash)
    drawn = raster(curve, Window.of(0.0, 1.0, 30), 4, 0.0, 1.0).any(axis=0)
    assert drawn.tolist() == [column % dash[1] < dash[0] for column in range(30)]


def test_a_reset_is_never_dashed_away() -> None:
    time = np.array([0.0, 0.49, 0.4901, 1.0])
    for columns in range(20, 40):
        window = Window.of(0.0, 1.0, columns)
        cells = raster(Curve(time, np.array([1.0, 1.0, 0.0, 0.0]), 0, (1, 2)), window, STEEP, 0.0, 1.0)
        assert cells[:, window.column(0.49)].all()
