# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts and trimmers: draws within tolerance and repeatable, positions and resistances inverse, every number with a source."""

import csv
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from luisim.errors import ParameterError
from luisim.experiment import Current, Experiment, Pulses
from luisim.lui.board import REVISIONS, BoardParts
from luisim.lui.parameters import LuiBoard, LuiParameters, PotPositions
from luisim.quantity import parse_si, quantities

BOARD = Path(__file__).resolve().parents[1] / "data" / "lui" / "board_netlist.csv"
SEEDS = range(200)


def test_equal_seeds_give_equal_boards() -> None:
    assert BoardParts.sample(3) == BoardParts.sample(3)
    assert BoardParts.sample(3) != BoardParts.sample(4)
    assert len({BoardParts.sample(seed).c_mem for seed in SEEDS}) == len(SEEDS)


@pytest.mark.parametrize("revision", REVISIONS)
def test_draws_stay_within_tolerance_and_fill_it(revision: int) -> None:
    nominal = BoardParts.of_revision(revision)
    boards = [BoardParts.sample(seed, revision) for seed in SEEDS]
    for item in fields(BoardParts):
        values = np.array([getattr(board, item.name) for board in boards], dtype=float)
        ratio = values / np.array(getattr(nominal, item.name)) - 1.0 if item.metadata.get("relative") else None
        if ratio is not None:
            width = item.metadata["relative"]
            assert np.abs(ratio).max() <= width
            assert ratio.std() == pytest.approx(width / np.sqrt(3.0), rel=0.15)  # a uniform draw
        elif "sd" in item.metadata:
            assert values.std() == pytest.approx(item.metadata["sd"], rel=0.2)
            assert values.mean() == pytest.approx(
                getattr(nominal, item.name), abs=4.0 * item.metadata["sd"] / np.sqrt(len(SEEDS))
            )


def test_the_tracks_of_one_board_are_drawn_one_by_one() -> None:
    assert len(set(BoardParts.sample(1).track_weight)) == 3


def test_revisions_differ_in_the_one_shot_only() -> None:
    old, new = BoardParts.of_revision(2023), BoardParts.of_revision(2025)
    assert replace(old, revision=2025, r_one_shot_top=new.r_one_shot_top) == new
    assert (old.r_one_shot_top, new.r_one_shot_top) == (22e3, 27e3)
    with pytest.raises(ParameterError, match=r"2023 .* or 2025"):
        BoardParts(revision=2024)


def test_nominal_resistors_are_those_of_the_board_file() -> None:
    with BOARD.open(encoding="utf-8") as file:
        value = {row["reference"]: row["value"] for row in csv.DictReader(file)}
    checked = 0
    for item in fields(BoardParts):
        if "designator" in item.metadata:
            assert getattr(BoardParts(), item.name) == parse_si(value[item.metadata["designator"]], "Ohm")
            checked += 1
    assert checked >= 17
    for name, designators in {"track_leak": ["RV6"], "track_syn": ["RV4"], "track_weight": ["RV1", "RV2", "RV3"]}.items():
        assert np.all(np.equal(getattr(BoardParts(), name), [parse_si(value[d], "Ohm") for d in designators]))


@pytest.mark.parametrize("seed", range(5))
def test_positions_and_parameters_are_inverse(seed: int) -> None:
    rng = np.random.default_rng(seed)
    turns = rng.uniform(0.0, 1.0, 6).tolist()
    positions = PotPositions(turns[0], turns[1], turns[2], (turns[3], turns[4], turns[5]), (1, -1, 1))
    parts = BoardParts.sample(seed)
    parameters = LuiParameters.at(positions, parts, vdd=2.9, r_battery=27.0)
    back = parameters.positions
    assert (back.v_leak, back.sign) == (positions.v_leak, positions.sign)
    assert (back.tau_mem, back.tau_syn, *back.weight) == pytest.approx((*turns[1:3], *turns[3:]), abs=1e-12)
    assert parameters.r_leak == pytest.approx(turns[1] * parts.track_leak)
    assert (parameters.vdd, parameters.r_battery, parameters.parts) == (2.9, 27.0, parts)


def test_more_turn_is_more_of_it() -> None:
    low = LuiParameters.at(PotPositions(0.0, 0.0, 0.0, (0.0, 0.0, 0.0)))
    high = LuiParameters.at(PotPositions(1.0, 1.0, 1.0, (1.0, 1.0, 1.0)))
    assert (low.v_leak, low.r_leak, low.r_syn, low.r_weight) == (0.0, 0.0, 0.0, (22e3, 22e3, 22e3))
    assert (high.v_leak, high.r_leak, high.r_syn, high.r_weight) == (1.0, 50e3, 22e3, (0.0, 0.0, 0.0))


def test_a_resistance_beyond_its_track_reads_as_the_end_stop() -> None:
    assert LuiParameters(r_leak=65.5e3).positions.tau_mem == 1.0
    assert LuiParameters(r_weight=(29e3, 0.0, 11e3)).positions.weight == (0.0, 1.0, 0.5)


@pytest.mark.parametrize("cls", [BoardParts, LuiParameters, LuiBoard, PotPositions, Experiment, Pulses, Current])
def test_every_number_names_its_source(cls: type) -> None:
    found = quantities(cls)
    assert found
    for name, quantity in found.items():
        assert quantity.source.strip(), name
        assert quantity.low < quantity.high, name


@pytest.mark.parametrize("turn", [-0.01, 1.01, float("nan")])
def test_a_trimmer_turns_from_0_to_1(turn: float) -> None:
    with pytest.raises(ParameterError, match=r"tau_mem .* 0 to 1"):
        PotPositions(0.5, turn, 0.5, (0.5, 0.5, 0.5))


def test_a_board_starts_between_its_rails() -> None:
    with pytest.raises(ParameterError, match=r"initial\.v_syn = 3 V .* 0 V to 2\.5 V"):
        LuiBoard(LuiParameters(vdd=2.5), v_syn=3.0)
    with pytest.raises(ParameterError, match="three values"):
        LuiParameters(sign=(1, 2, 1))
