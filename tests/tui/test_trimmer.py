# SPDX-License-Identifier: GPL-3.0-or-later
"""Trimmers: turns to parameters and back, and what may be typed."""

import pytest

from luisim.errors import ParameterError
from luisim.lui.parameters import LuiParameters
from tui.widgets.trimmer import TRIMMERS, Trimmer

BOARD = LuiParameters()
BY_LABEL = {trimmer.label: trimmer for trimmer in TRIMMERS}


@pytest.mark.parametrize("trimmer", TRIMMERS, ids=lambda trimmer: trimmer.designator)
@pytest.mark.parametrize("turn", [0.0, 0.3, 1.0])
def test_a_turn_is_what_the_board_calls_it(trimmer: Trimmer, turn: float) -> None:
    turned = trimmer.turned(BOARD, turn)
    assert trimmer.turn(turned) == pytest.approx(turn)
    names = {"v_leak": "v_leak", "r_leak": "tau_mem", "r_syn": "tau_syn", "r_weight": "weight"}
    position = getattr(turned.positions, names[trimmer.field])
    assert (position if trimmer.index is None else position[trimmer.index]) == pytest.approx(turn)
    assert trimmer.turned(BOARD, 7.0) == trimmer.turned(BOARD, 1.0)


@pytest.mark.parametrize(
    ("label", "typed", "value"),
    [
        ("V_leak", "0.8", 0.8),
        ("V_leak", "2.4 V", 0.8),
        ("V_leak", "30 %", 0.3),
        ("τ_mem", "4.7k", 4.7e3),
        ("τ_mem", "25 kOhm", 25e3),
        ("τ_mem", "220 ms", 10e3),
        ("τ_syn", "0.1 s", 10e3),
        ("w 2", "5.5k", 5.5e3),
        ("w 2", "75 %", 5.5e3),
    ],
)
def test_typed_values(label: str, typed: str, value: float) -> None:
    assert BY_LABEL[label].parse(typed, BOARD) == pytest.approx(value)


@pytest.mark.parametrize(
    ("label", "typed", "says"),
    [
        ("V_leak", "3.5 V", "0 V to 3 V"),
        ("V_leak", "1.2", "0 to 1"),
        ("τ_mem", "1 M", "0 Ohm to 50 kOhm"),
        ("τ_mem", "5 s", "0 s to 1.1 s"),
        ("τ_syn", "abc", "not a number"),
        ("w 1", "120 %", "0 to 1"),
        ("w 1", "3 V", "does not fit"),
        ("w 1", "", "not a number"),
    ],
)
def test_nonsense_gets_a_sentence(label: str, typed: str, says: str) -> None:
    with pytest.raises(ParameterError, match=says) as caught:
        BY_LABEL[label].parse(typed, BOARD)
    assert "\n" not in str(caught.value)


def test_signs_belong_to_weights() -> None:
    assert BY_LABEL["w 3"].flipped(BOARD).sign == (1, 1, -1)
    assert BY_LABEL["τ_mem"].flipped(BOARD) == BOARD
