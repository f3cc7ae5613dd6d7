# SPDX-License-Identifier: GPL-3.0-or-later
"""Numbers with units: the one place where text becomes an SI float and back.

A field declares what it is once, ``Annotated[float, Quantity("V", 1.8, 3.6, "coin cell data sheet")]``; range checks, help
texts and knobs read that declaration with :func:`quantities`.
"""

import math
import re
from dataclasses import dataclass
from typing import Any, get_type_hints

from luisim.errors import ParameterError

_PREFIXES = {"T": 1e12, "G": 1e9, "M": 1e6, "k": 1e3, "": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15}
_SPELLINGS = {
    "\u00b5": "u",
    "\u03bc": "u",
    "\u03a9": "Ohm",
    "\u2126": "Ohm",
    "meg": "M",
}  # micro sign and Greek mu, ohm sign and Greek omega
_NUMBER = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*)", re.DOTALL)


@dataclass(frozen=True)
class Quantity:
    """What a number means: its SI unit ("" for none), its range (inclusive), where the range or value comes from."""

    unit: str
    low: float
    high: float
    source: str

    def check(self, name: str, value: float) -> float:
        """Return ``value`` if it lies in the range; otherwise raise :class:`ParameterError` naming ``name`` and the range."""
        if not (math.isfinite(value) and self.low <= value <= self.high):
            raise ParameterError(f"{name} = {format_si(value, self.unit)} is out of range: allowed is {self.range_text}.")
        return value

    @property
    def range_text(self) -> str:
        """The range as a person reads it: ``0 Ohm to 66 kOhm``."""
        return f"{format_si(self.low, self.unit)} to {format_si(self.high, self.unit)}"


_QUANTITIES: dict[type, dict[str, Quantity]] = {}


def quantities(cls: type) -> dict[str, Quantity]:
    """The :class:`Quantity` of every annotated field of ``cls``, in the order of declaration."""
    if cls not in _QUANTITIES:  # reading annotations takes longer than all that is done with them
        _QUANTITIES[cls] = _read_quantities(cls)
    return _QUANTITIES[cls]


def _read_quantities(cls: type) -> dict[str, Quantity]:
    found: dict[str, Quantity] = {}
    for name, hint in get_type_hints(cls, include_extras=True).items():
        for mark in getattr(hint, "__metadata__", ()):
            if isinstance(mark, Quantity):
                found[name] = mark
    return found


def check_fields(value: Any) -> None:
    """Check every annotated field of a dataclass instance; a tuple is checked element by element."""
    for name, quantity in quantities(type(value)).items():
        field = getattr(value, name)
        if isinstance(field, tuple):
            for index, element in enumerate(field):
                quantity.check(f"{name}[{index + 1}]", element)
        else:
            quantity.check(name, field)


def parse_si(text: str | float, unit: str, name: str = "value") -> float:
    """Read a number with an optional SI prefix and unit: ``"4.7k"``, ``"22 uF"``, ``"200 ms"``, ``2.4``.

    A number without a unit is in SI units. Raises :class:`ParameterError` if the text is no number or names another unit.
    """
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise ParameterError(f"{name} must be a number such as {_example(unit)}, not {text!r}.")
    if not isinstance(text, str):
        try:
            return float(text)
        except OverflowError:  # an integer of more than 308 digits
            return math.inf
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        raise ParameterError(f"{name} = {text!r} is not a number; write it like {_example(unit)}.")
    suffix = match[2].strip()
    for spelling, plain in _SPELLINGS.items():
        suffix = suffix.replace(spelling, plain)
    scale = _scale(suffix, unit)
    if scale is None:
        wanted = f"the unit {unit}" if unit else "no unit"
        raise ParameterError(
            f"{name} = {text!r}: the suffix {match[2].strip()!r} does not fit; {name} takes {wanted}, as in {_example(unit)}."
        )
    return float(match[1]) * scale


def _scale(suffix: str, unit: str) -> float | None:
    """The factor that a suffix stands for, or None if it is not a prefix, the unit, or both."""
    if unit == "Ohm":
        suffix = re.sub(r"(?i)ohms?$", "Ohm", suffix)
        suffix = {"K": "k", "KOhm": "kOhm", "R": ""}.get(suffix, suffix)
    if not unit:
        return 0.01 if suffix == "%" else (1.0 if suffix == "" else None)
    if suffix == unit:
        return 1.0
    if unit == "°C":
        return 1.0 if suffix in ("C", "degC") else None
    body = suffix.removesuffix(unit)
    return _PREFIXES.get(body)


def _example(unit: str) -> str:
    return {
        "V": '"2.4 V"',
        "A": '"20 uA"',
        "Ohm": '"25 kOhm" or "25k"',
        "F": '"22 uF"',
        "s": '"200 ms"',
        "°C": '"10 C"',
        "": "0.8",
    }.get(unit, f'"1 {unit}"')


def format_si(value: float, unit: str, digits: int = 4) -> str:
    """Write a number with the SI prefix that fits: ``0.0158`` s becomes ``15.8 ms``. Ratios stay plain numbers."""
    if not math.isfinite(value):
        return f"{value} {unit}".strip()
    if not unit:
        return f"{value:.{digits}g}"
    if unit == "°C":
        return f"{value:.{digits}g} {unit}"
    if value == 0.0:
        return f"0 {unit}"
    for prefix in ("T", "G", "M", "k", "", "m", "u", "n", "p"):
        # the tolerance keeps 0.9999999 from being written as 1000 m
        if abs(value) >= _PREFIXES[prefix] * (1.0 - 0.5 * 10.0**-digits):
            break
    return f"{float(f'{value / _PREFIXES[prefix]:.{digits}g}'):g} {prefix}{unit}"
