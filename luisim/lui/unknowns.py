# SPDX-License-Identifier: GPL-3.0-or-later
"""Unknowns: the numbers of a board that a fit may turn, each with its range, its scale, and what is known before and after."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from math import exp, log, sqrt
from typing import Any

from luisim.errors import ParameterError
from luisim.lui.board import BoardParts
from luisim.lui.parameters import LuiParameters
from luisim.quantity import Quantity, quantities

_SETTINGS = ("vdd", "v_leak", "r_leak", "r_syn", "r_battery")
_WEIGHTS = ("r_weight1", "r_weight2", "r_weight3")
_NO_PARTS = ("track_leak", "track_syn", "track_weight")  # the model reads resistances, not turns
_LINEAR = ("v_leak", "vdd")
# v_leak as far as the follower goes: within 2 mV of the rails, and its offset, beyond which all values are alike
_FOLLOWED = (0.003, 0.997)
_LEAST_RESISTANCE = 1.0  # Ohm, and so the lowest resistance on a logarithmic scale
# standard deviation of an unknown that nothing is known of: a factor of 5, or half of its range. Far too wide to matter where
# the trace says anything, and narrow enough to keep the equations solvable where it says nothing.
_VAGUE_FACTOR = log(5.0)
TWO_SIDED = 1.96  # standard deviations, 95 %
KNOWN_FACTOR = 2.0  # an unknown on a logarithmic scale is identified if its interval is narrower than this factor,
_KNOWN_SHARE = 0.25  # one on a linear scale if it is narrower than this share of its range


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval in SI units; not ``identifiable``: this recording does not determine it."""

    value: float
    low: float
    high: float
    unit: str
    identifiable: bool


@dataclass(frozen=True)
class Unknown:
    """One number of a board. On its scale (the logarithm if ``logarithmic``) it is expected at ``centre`` within ``sd``."""

    name: str
    quantity: Quantity
    logarithmic: bool
    centre: float
    sd: float

    @property
    def low(self) -> float:
        """The lower end of its range, on its scale."""
        if self.logarithmic:
            return log(max(self.quantity.low, _LEAST_RESISTANCE if self.quantity.unit == "Ohm" else 0.0))
        return _FOLLOWED[0] if self.name == "v_leak" else self.quantity.low

    @property
    def high(self) -> float:
        """The upper end of its range, on its scale."""
        if self.logarithmic:
            return log(self.quantity.high)
        return _FOLLOWED[1] if self.name == "v_leak" else self.quantity.high

    def value(self, scaled: float) -> float:
        """From its scale to SI units, kept inside its range."""
        inside = min(max(scaled, self.low), self.high)
        return min(max(exp(inside), self.quantity.low), self.quantity.high) if self.logarithmic else inside

    def scaled(self, value: float) -> float:
        """From SI units to its scale, kept inside its range."""
        if self.logarithmic:
            return min(max(log(max(value, exp(self.low))), self.low), self.high)
        return min(max(value, self.low), self.high)

    def reach(self, low: float, high: float) -> tuple[float, float]:
        """An interval on its scale in SI units; one that goes beyond its range ends where the quantity does."""
        return (
            self.quantity.low if low <= self.low else self.value(low),
            self.quantity.high if high >= self.high else self.value(high),
        )


def known_names() -> tuple[str, ...]:
    """Everything that can be fitted."""
    return (*_SETTINGS, *_WEIGHTS, *(name for name in quantities(BoardParts) if name not in _NO_PARTS))


def free_unknown(name: str, parameters: LuiParameters) -> Unknown:
    """The unknown ``name`` of which nothing is known but its range. Raises :class:`ParameterError` for another name."""
    if name not in known_names():
        raise ParameterError(f"{name!r} cannot be fitted; there are {', '.join(known_names())}.")
    quantity = _quantity(name)
    logarithmic = (name not in _LINEAR and quantity.low >= 0.0 and quantity.unit in ("Ohm", "F")) or name == "c_mem_half"
    sd = _VAGUE_FACTOR if logarithmic else 0.5 * (quantity.high - quantity.low)
    unknown = Unknown(name, quantity, logarithmic, 0.0, sd)
    return replace(unknown, centre=unknown.scaled(value_of(parameters, name)))


def tolerated_unknowns(parameters: LuiParameters) -> tuple[Unknown, ...]:
    """Every part of the board that may differ from its stated value, within its tolerance."""
    found = []
    known = quantities(BoardParts)
    for item in fields(BoardParts):
        if item.name in _NO_PARTS:
            continue
        value = getattr(parameters.parts, item.name)
        if "relative" in item.metadata:  # the standard deviation of a uniform draw
            sd = item.metadata["relative"] / sqrt(3.0)
            found.append(Unknown(item.name, known[item.name], True, log(value), sd))
        elif "sd" in item.metadata:
            found.append(Unknown(item.name, known[item.name], False, value, item.metadata["sd"]))
    return tuple(found)


def value_of(parameters: LuiParameters, name: str) -> float:
    """The value of an unknown in SI units."""
    if name in _WEIGHTS:
        return parameters.r_weight[_WEIGHTS.index(name)]
    value: float = getattr(parameters if name in _SETTINGS else parameters.parts, name)
    return value


def with_values(parameters: LuiParameters, values: Mapping[str, float]) -> LuiParameters:
    """The board with other ``values`` (SI units)."""
    settings: dict[str, Any] = {name: value for name, value in values.items() if name in _SETTINGS}
    weights: Sequence[float] = [values.get(name, r) for name, r in zip(_WEIGHTS, parameters.r_weight, strict=True)]
    parts: dict[str, Any] = {name: value for name, value in values.items() if name not in _SETTINGS and name not in _WEIGHTS}
    return replace(
        parameters, r_weight=(weights[0], weights[1], weights[2]), parts=replace(parameters.parts, **parts), **settings
    )


def estimate(unknown: Unknown, scaled: float, sd: float) -> Estimate:
    """The estimate of an ``unknown`` that a fit found at ``scaled`` within ``sd``, both on its scale."""
    low, high = scaled - TWO_SIDED * sd, scaled + TWO_SIDED * sd
    if unknown.logarithmic:
        identifiable = high - low < log(KNOWN_FACTOR)
    else:
        identifiable = high - low < _KNOWN_SHARE * (unknown.high - unknown.low)
    return Estimate(float(unknown.value(scaled)), *unknown.reach(low, high), unknown.quantity.unit, bool(identifiable))


def _quantity(name: str) -> Quantity:
    if name in _WEIGHTS:
        return quantities(LuiParameters)["r_weight"]
    return quantities(LuiParameters if name in _SETTINGS else BoardParts)[name]
