# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading experiment files: TOML in, checked values out, and one sentence where a key, unit or range is wrong."""

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from luisim.errors import ParameterError
from luisim.experiment import Current, Pulses, Stimulus
from luisim.quantity import Quantity, parse_si, quantities


class Table:
    """One TOML table whose keys are taken one by one; whatever is left over is a mistake to name."""

    def __init__(self, values: Mapping[str, Any], where: str, known: Iterable[str]) -> None:
        self._values = values
        self.where = where
        known = list(known)
        for key in values:
            if key not in known:
                near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
                hint = f"did you mean {near[0]!r}? " if near else ""
                raise ParameterError(f"{where} has no key {key!r}; {hint}Known keys: {', '.join(known)}.")

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def raw(self, key: str, default: Any = None) -> Any:
        """The value as TOML gave it."""
        return self._values.get(key, default)

    def required(self, key: str, example: str) -> Any:
        """The value; :class:`ParameterError` with an ``example`` line if the key is missing."""
        if key not in self._values:
            raise ParameterError(f"{self.where} lacks the key {key!r}; add a line such as {example}")
        return self._values[key]

    def number(self, key: str, quantity: Quantity) -> float:
        """The value of ``key`` in SI units, checked against ``quantity``."""
        return quantity.check(key, parse_si(self._values[key], quantity.unit, key))

    def numbers(self, key: str, quantity: Quantity) -> tuple[float, ...]:
        """A list of numbers in SI units; a single number counts as a list of one."""
        values = self._values[key]
        values = values if isinstance(values, list) else [values]
        return tuple(quantity.check(key, parse_si(value, quantity.unit, key)) for value in values)

    def table(self, key: str, known: Iterable[str]) -> "Table":
        """A table inside this one; empty if the key is missing."""
        inner = self._values.get(key, {})
        if not isinstance(inner, Mapping):
            raise ParameterError(
                f"{key} in {self.where} must be a table such as {{ {next(iter(known))} = ... }}, not {inner!r}."
            )
        return Table(inner, f"{key} in {self.where}", known)


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file. Raises :class:`ParameterError` with the line of a mistake in its syntax."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ParameterError(
            f"There is no experiment file {path}; give a TOML file or the name of a shipped experiment."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ParameterError(f"{path} cannot be read as a text file ({error}).") from None
    except (ValueError, RecursionError) as error:  # besides TOMLDecodeError: numbers of 5000 digits, 5000 brackets
        raise ParameterError(f"{path.name} is no valid TOML: {error}. Texts and numbers with units need quotes.") from None


def read_stimuli(values: Any, inputs: int, boards: tuple[str, ...] = ()) -> tuple[Stimulus, ...]:
    """The ``[[stimulus]]`` tables; on a device with so many ``inputs``, in a network on one of its ``boards``."""
    if not isinstance(values, list) or not all(isinstance(item, Mapping) for item in values):
        raise ParameterError("stimulus must be written as [[stimulus]], one such heading for each stimulus.")
    return tuple(_stimulus(item, number, inputs, boards) for number, item in enumerate(values, start=1))


def _stimulus(values: Mapping[str, Any], number: int, inputs: int, boards: tuple[str, ...]) -> Stimulus:
    where = f"[[stimulus]] {number}"
    which = ("board",) if boards else ()
    match values.get("kind"):
        case "pulses":
            table = Table(values, where, ("kind", *which, "input", "times", "width", "amplitude"))
            connector = read_input(table, inputs)
            table.required("times", 'times = ["200 ms", "400 ms"]')
            known = quantities(Pulses)
            options = {key: table.number(key, known[key]) for key in ("width", "amplitude") if key in table}
            times = table.numbers("times", Quantity("s", 0.0, 3600.0, ""))
            width, amplitude = options.get("width", Pulses.width), options.get("amplitude", Pulses.amplitude)
            return Pulses(connector, times, width, amplitude, _board(table, boards))
        case "current":
            known = quantities(Current)
            table = Table(values, where, ("kind", *which, *known))
            table.required("value", 'value = "20 uA"')
            options = {key: table.number(key, known[key]) for key in ("start", "stop") if key in table}
            value, board = table.number("value", known["value"]), _board(table, boards)
            return Current(value, options.get("start", Current.start), options.get("stop", Current.stop), board)
        case kind:
            raise ParameterError(f'kind = {kind!r} in {where} is unknown; allowed are "pulses" and "current".')


def read_input(table: Table, inputs: int) -> int:
    """The key ``input``: a connector, counted from 1."""
    connector = table.required("input", "input = 1")
    if isinstance(connector, bool) or not isinstance(connector, int) or not 1 <= connector <= inputs:
        raise ParameterError(
            f"input = {connector!r} in {table.where} is out of range: allowed is a whole number from 1 to {inputs}."
        )
    return connector


def read_choice(table: Table, key: str, choices: tuple[str, ...]) -> str:
    """A key whose value is one of ``choices``."""
    value = table.required(key, f'{key} = "{choices[0]}"')
    if value not in choices:
        near = difflib.get_close_matches(str(value), choices, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ParameterError(f"{key} = {value!r} in {table.where} is unknown; {hint}There are: {', '.join(choices)}.")
    return str(value)


def _board(table: Table, boards: tuple[str, ...]) -> str:
    return read_choice(table, "board", boards) if boards else ""
