# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers with units: what is understood, what is refused with which words, and that writing and reading are inverse."""

import math
from dataclasses import dataclass
from typing import Annotated

import numpy as np
import pytest

from luisim.errors import ParameterError
from luisim.quantity import Quantity, check_fields, format_si, parse_si, quantities


@dataclass(frozen=True)
class Device:
    supply: Annotated[float, Quantity("V", 1.8, 3.6, "data sheet")] = 3.0
    name: str = ""
    tracks: Annotated[tuple[float, ...], Quantity("Ohm", 0.0, 22e3, "schematic")] = (11e3, 11e3)


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("4.7k", "Ohm", 4700.0),
        ("4.7 kΩ", "Ohm", 4700.0),
        ("4.7KOhm", "Ohm", 4700.0),
        ("1 meg", "Ohm", 1e6),
        ("22R", "Ohm", 22.0),
        ("10 ohms", "Ohm", 10.0),
        ("22 uF", "F", 22e-6),
        ("22 µF", "F", 22e-6),  # micro sign
        ("22 μF", "F", 22e-6),  # Greek mu
        ("200 ms", "s", 0.2),
        ("-60uA", "A", -60e-6),
        ("2", "s", 2.0),
        ("1e-3", "s", 1e-3),
        (".5", "", 0.5),
        ("80 %", "", 0.8),
        (3, "V", 3.0),
        (2.4, "V", 2.4),
    ],
)
def test_numbers_are_read(text: str | float, unit: str, value: float) -> None:
    assert parse_si(text, unit) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize("text", ["", "fast", "4k7", "2,4 V", "1..2", "0x10", "nan", "--1", "1e", True, None, [1], {"v": 1}])
def test_what_is_no_number_is_refused_with_an_example(text: object) -> None:
    with pytest.raises(ParameterError, match=r"^v_leak .*such as|^v_leak .*write it like|^v_leak .*as in") as caught:
        parse_si(text, "V", "v_leak")  # type: ignore[arg-type]
    assert '"2.4 V"' in str(caught.value)


@pytest.mark.parametrize(("text", "unit"), [("25 kV", "Ohm"), ("25 Hz", "s"), ("3 V", ""), ("10 x", "F"), ("1 kk", "Ohm")])
def test_another_unit_is_refused_by_name(text: str, unit: str) -> None:
    with pytest.raises(ParameterError, match=rf"takes {f'the unit {unit}' if unit else 'no unit'}"):
        parse_si(text, unit, "r_leak")


def test_a_number_too_large_for_a_float_is_out_of_range_and_no_crash() -> None:
    for huge in ("1e999", 10**400):
        with pytest.raises(ParameterError, match="vdd"):
            Quantity("V", 1.8, 3.6, "").check("vdd", parse_si(huge, "V", "vdd"))


@pytest.mark.parametrize("unit", ["V", "A", "Ohm", "F", "s", "Hz", ""])
def test_writing_and_reading_are_inverse(unit: str) -> None:
    rng = np.random.default_rng(1)
    for value in rng.choice([-1.0, 1.0], 200) * 10.0 ** rng.uniform(-13, 13, 200):
        assert parse_si(format_si(value, unit), unit) == pytest.approx(value, rel=5.1e-4)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0158, "s", "15.8 ms"),
        (0.99999999, "V", "1 V"),
        (999.96, "Ohm", "1 kOhm"),
        (0.0, "A", "0 A"),
        (-2.2e-6, "F", "-2.2 uF"),
        (0.51670123, "", "0.5167"),
        (math.inf, "V", "inf V"),
    ],
)
def test_numbers_are_written_with_the_prefix_that_fits(value: float, unit: str, text: str) -> None:
    assert format_si(value, unit) == text


def test_a_range_includes_its_ends_and_nothing_else() -> None:
    quantity = Quantity("Ohm", 0.0, 66e3, "RV6")
    assert quantity.check("r_leak", 66e3) == 66e3
    for value in (66.01e3, -1.0, math.nan, math.inf):
        with pytest.raises(ParameterError, match=r"^r_leak = .* is out of range: allowed is 0 Ohm to 66 kOhm\.$"):
            quantity.check("r_leak", value)


def test_one_declaration_feeds_every_check() -> None:
    assert list(quantities(Device)) == ["supply", "tracks"]
    check_fields(Device())
    with pytest.raises(ParameterError, match=r"supply = 5 V .* 1\.8 V to 3\.6 V"):
        check_fields(Device(supply=5.0))
    with pytest.raises(ParameterError, match=r"tracks\[2\] = 30 kOhm"):
        check_fields(Device(tracks=(1e3, 30e3)))
