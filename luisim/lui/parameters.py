# SPDX-License-Identifier: GPL-3.0-or-later
"""LuiParameters and PotPositions: what a Lu.i board is set to, in SI units and as turns of its trimmers.

The two types meet only here, through the parts of the board (:class:`~luisim.lui.board.BoardParts`).
"""

from dataclasses import dataclass, field
from typing import Annotated

from luisim.errors import ParameterError
from luisim.lui.board import BoardParts
from luisim.quantity import Quantity, check_fields

Signs = tuple[int, int, int]
Triple = tuple[float, float, float]


def _check_signs(sign: tuple[int, ...]) -> None:
    if len(sign) != 3 or any(s not in (1, -1) for s in sign):
        raise ParameterError(f"sign = {list(sign)} is not allowed: give three values, each 1 (excitatory) or -1 (inhibitory).")


@dataclass(frozen=True)
class PotPositions:
    """What a hand sets on the board: six trimmers from 0 to 1, three switches. 1 means more: potential, time, weight."""

    v_leak: Annotated[float, Quantity("", 0.0, 1.0, "RV5")]
    tau_mem: Annotated[float, Quantity("", 0.0, 1.0, "RV6")]
    tau_syn: Annotated[float, Quantity("", 0.0, 1.0, "RV4")]
    weight: Annotated[Triple, Quantity("", 0.0, 1.0, "RV1, RV2, RV3")]
    sign: Signs = (1, 1, 1)

    def __post_init__(self) -> None:
        check_fields(self)
        _check_signs(self.sign)


@dataclass(frozen=True)
class LuiParameters:
    """One board with its trimmers set, in SI units.

    ``vdd`` is the open-circuit voltage of the coin cell, ``r_battery`` its inner resistance (0: an ideal supply).
    ``v_leak`` is a fraction of VDD, as RV5 divides it. Raises :class:`~luisim.errors.ParameterError` out of range.
    """

    vdd: Annotated[float, Quantity("V", 1.8, 3.6, "MCP6004 data sheet: 1.8 V least; a fresh CR2032 has 3.3 V most")] = 3.0
    v_leak: Annotated[float, Quantity("", 0.0, 1.0, "RV5: fraction of VDD")] = 0.8
    r_leak: Annotated[float, Quantity("Ohm", 0.0, 66e3, "RV6: 50k, up to 30 % more within its tolerance")] = 25e3
    r_syn: Annotated[float, Quantity("Ohm", 0.0, 29e3, "RV4: 22k, up to 30 % more within its tolerance")] = 11e3
    r_weight: Annotated[Triple, Quantity("Ohm", 0.0, 29e3, "RV1 to RV3: 22k, up to 30 % more within their tolerance")] = (
        11e3,
        11e3,
        11e3,
    )
    sign: Signs = (1, 1, 1)
    r_battery: Annotated[float, Quantity("Ohm", 0.0, 200.0, "CR2032: 15 to 30 Ohm fairly fresh, 0 for a bench supply")] = 0.0
    temperature: Annotated[float, Quantity("°C", 0.0, 60.0, "LM339 data sheet: from 0 °C; CR2032 data sheets: to 60 °C")] = 25.0
    parts: BoardParts = field(default_factory=BoardParts)

    def __post_init__(self) -> None:
        check_fields(self)
        if len(self.r_weight) != 3:
            raise ParameterError(f"r_weight has {len(self.r_weight)} values: give three, one for each input.")
        _check_signs(self.sign)

    @classmethod
    def at(
        cls, positions: PotPositions, parts: BoardParts | None = None, *, vdd: float = 3.0, r_battery: float = 0.0
    ) -> "LuiParameters":
        """The board made of ``parts`` with its trimmers at ``positions``."""
        parts = parts or BoardParts()
        weights = tuple(track * (1.0 - turn) for track, turn in zip(parts.track_weight, positions.weight, strict=True))
        return cls(
            vdd=vdd,
            v_leak=positions.v_leak,
            r_leak=parts.track_leak * positions.tau_mem,
            r_syn=parts.track_syn * positions.tau_syn,
            r_weight=(weights[0], weights[1], weights[2]),
            sign=positions.sign,
            r_battery=r_battery,
            parts=parts,
        )

    @property
    def positions(self) -> PotPositions:
        """Where the trimmers stand on this board; a resistance beyond its track reads as the end of the track."""
        turns = tuple(1.0 - min(1.0, r / track) for r, track in zip(self.r_weight, self.parts.track_weight, strict=True))
        return PotPositions(
            v_leak=self.v_leak,
            tau_mem=min(1.0, self.r_leak / self.parts.track_leak),
            tau_syn=min(1.0, self.r_syn / self.parts.track_syn),
            weight=(turns[0], turns[1], turns[2]),
            sign=self.sign,
        )


@dataclass(frozen=True)
class LuiBoard:
    """The device of a Lu.i experiment: a board and the voltages it starts from.

    ``v_mem``: the membrane potential at time 0 in V. ``v_syn``: the integrator's output at time 0; None for its rest.
    """

    parameters: LuiParameters = field(default_factory=LuiParameters)
    v_mem: Annotated[float, Quantity("V", 0.0, 3.6, "between the rails")] = 0.0
    v_syn: float | None = None

    def __post_init__(self) -> None:
        check_fields(self)
        for name, value in (("v_mem", self.v_mem), ("v_syn", self.v_syn)):
            if value is not None:
                Quantity("V", 0.0, self.parameters.vdd, "between the rails").check(f"initial.{name}", value)
