# SPDX-License-Identifier: GPL-3.0-or-later
"""Trimmer: one of the six trimmers of a board: how it changes the parameters and how a person reads and writes its value.

Turnable is what a knob asks of a trimmer, or of anything else that it may turn.
"""

import re
from dataclasses import dataclass, replace
from typing import Any, Protocol

from luisim.lui.parameters import LuiParameters
from luisim.quantity import Quantity, format_si, parse_si, quantities
from tui.language import N_, _, decimal
from tui.widgets.units import si

_FIELDS = quantities(LuiParameters)
_SECONDS = re.compile(r"[\d.]\s*[munµμ]?s\s*$")


class Turnable(Protocol):
    """Something that a knob turns: it reads and changes one value of some settings. ``turn`` goes from 0 to 1."""

    @property
    def label(self) -> str:
        """Its short name."""
        ...

    @property
    def tooltip(self) -> str:
        """What it is, in a line."""
        ...

    @property
    def has_sign(self) -> bool:
        """Whether a switch goes with it: excitatory or inhibitory."""
        ...

    def title(self, settings: Any) -> str:
        """Name and range, above the entry of a value."""
        ...

    def examples(self) -> str:
        """What may be typed."""
        ...

    def text(self, settings: Any) -> str:
        """The value as a person reads it."""
        ...

    def typed(self, text: str, settings: Any) -> Any:
        """The settings with a typed value. Raises :class:`~luisim.errors.ParameterError` with a sentence."""
        ...

    def turn(self, settings: Any) -> float:
        """Where it stands."""
        ...

    def turned(self, settings: Any, turn: float) -> Any:
        """The settings with it at ``turn``; beyond its ends it stays there."""
        ...

    def stepped(self, settings: Any, by: float) -> Any:
        """The settings with it turned on by a part of the whole way."""
        ...

    def sign(self, settings: Any) -> int:
        """1: excitatory, -1: inhibitory, 0: no switch."""
        ...

    def flipped(self, settings: Any) -> Any:
        """The settings with the switch thrown."""
        ...

    def copied(self, settings: Any, source: Any) -> Any:
        """``settings`` with its value, and its switch, as ``source`` has them."""
        ...


@dataclass(frozen=True)
class Trimmer:
    """``field`` of :class:`LuiParameters` that it sets; ``index`` if that has three values. ``turn`` goes from 0 to 1.

    1 is always more: potential, time, weight. A weight's resistance falls as it is turned up, as on the board.
    """

    label: str
    designator: str
    field: str
    meaning: str
    index: int | None = None

    @property
    def tooltip(self) -> str:
        """What it is on the board."""
        return f"{self.designator}: {_(self.meaning)}"

    def title(self, parameters: LuiParameters) -> str:
        """Name and range."""
        if self.field == "v_leak":
            title, volts = _("{name} ({part}): 0 V to {volts}, or 0 to 1 of VDD"), si(parameters.vdd, "V", 3)
            return title.format(name=self.label, part=self.designator, volts=volts)
        quantity = self.quantity(parameters)
        low, high = (decimal(format_si(value, quantity.unit)) for value in (quantity.low, quantity.high))
        return _("{name} ({part}): {low} to {high}").format(name=self.label, part=self.designator, low=low, high=high)

    @property
    def has_sign(self) -> bool:
        """Whether a switch goes with it: excitatory or inhibitory."""
        return self.index is not None

    def value(self, parameters: LuiParameters) -> float:
        """In SI units: a fraction of VDD, or Ohm."""
        value = getattr(parameters, self.field)
        return float(value if self.index is None else value[self.index])

    def quantity(self, parameters: LuiParameters) -> Quantity:
        """Unit and range on this board: a trimmer ends where its track ends."""
        parts = parameters.parts
        tracks = {"r_leak": parts.track_leak, "r_syn": parts.track_syn}
        track = parts.track_weight[self.index] if self.index is not None else tracks.get(self.field, _FIELDS[self.field].high)
        return replace(_FIELDS[self.field], high=max(track, self.value(parameters)))

    def set(self, parameters: LuiParameters, value: float) -> LuiParameters:
        """``parameters`` with this trimmer at ``value``."""
        changed: Any = value
        if self.index is not None:
            changed = [*getattr(parameters, self.field)]
            changed[self.index] = value
            changed = tuple(changed)
        settings: dict[str, Any] = {self.field: changed}
        return replace(parameters, **settings)

    def turn(self, parameters: LuiParameters) -> float:
        """Where it stands."""
        part = self.value(parameters) / self.quantity(parameters).high
        return 1.0 - part if self.has_sign else part

    def turned(self, parameters: LuiParameters, turn: float) -> LuiParameters:
        """``parameters`` with this trimmer at ``turn``; beyond its ends it stays there."""
        turn = min(1.0, max(0.0, turn))
        return self.set(parameters, self.quantity(parameters).high * (1.0 - turn if self.has_sign else turn))

    def stepped(self, parameters: LuiParameters, by: float) -> LuiParameters:
        """``parameters`` with this trimmer turned on by a part of the whole way."""
        return self.turned(parameters, self.turn(parameters) + by)

    def copied(self, parameters: LuiParameters, source: LuiParameters) -> LuiParameters:
        """``parameters`` with this trimmer and its switch as ``source`` has them."""
        copy = self.set(parameters, self.value(source))
        return copy if self.sign(copy) == self.sign(source) else self.flipped(copy)

    def typed(self, text: str, parameters: LuiParameters) -> LuiParameters:
        """``parameters`` with a typed value. Raises :class:`~luisim.errors.ParameterError`."""
        return self.set(parameters, self.parse(text, parameters))

    def sign(self, parameters: LuiParameters) -> int:
        """1: excitatory, -1: inhibitory, 0: no switch."""
        return 0 if self.index is None else parameters.sign[self.index]

    def flipped(self, parameters: LuiParameters) -> LuiParameters:
        """``parameters`` with the switch thrown."""
        if self.index is None:
            return parameters
        sign = [*parameters.sign]
        sign[self.index] = -sign[self.index]
        return replace(parameters, sign=(sign[0], sign[1], sign[2]))

    def text(self, parameters: LuiParameters) -> str:
        """The value as a person reads it."""
        value = self.value(parameters)
        if self.field == "v_leak":
            return f"{si(value * parameters.vdd, 'V', 3)}  {value:.0%}"
        if self.has_sign:
            return f"{si(value, 'Ohm', 3)}  {self.turn(parameters):.0%}"
        return f"{si(value, 'Ohm', 3)}  {si(value * self._capacitance(parameters), 's', 3)}"

    def parse(self, text: str, parameters: LuiParameters) -> float:
        """Read a typed value. Raises :class:`~luisim.errors.ParameterError` with a sentence that names the range."""
        quantity = self.quantity(parameters)
        if self.field == "v_leak" and text.strip().upper().endswith("V"):
            allowed = Quantity("V", 0.0, parameters.vdd, "between the rails")
            return allowed.check(self.label, parse_si(text, "V", self.label)) / parameters.vdd
        if self.has_sign and text.strip().endswith("%"):
            strength = Quantity("", 0.0, 1.0, "").check(self.label, parse_si(text, "", self.label))
            return quantity.high * (1.0 - strength)
        if self.field in ("r_leak", "r_syn") and _SECONDS.search(text):
            capacitance = self._capacitance(parameters)
            allowed = Quantity("s", 0.0, quantity.high * capacitance, "its track times the capacitor")
            return allowed.check(self.label, parse_si(text, "s", self.label)) / capacitance
        return quantity.check(self.label, parse_si(text, quantity.unit, self.label))

    def examples(self) -> str:
        """What may be typed."""
        if self.field == "v_leak":
            return _('"0.8" of VDD, "80 %" or "2.4 V"')
        return _('"5.5k", "5.5 kOhm" or "75 %"') if self.has_sign else _('"4.7k", "4.7 kOhm" or "100 ms"')

    def _capacitance(self, parameters: LuiParameters) -> float:
        return parameters.parts.c_mem if self.field == "r_leak" else parameters.parts.c_syn


TRIMMERS = (
    Trimmer("V_leak", "RV5", "v_leak", N_("leak potential: where the membrane is pulled to")),
    Trimmer("τ_mem", "RV6", "r_leak", N_("membrane time constant: how slowly it gets there")),
    Trimmer("τ_syn", "RV4", "r_syn", N_("synaptic time constant: how long an input pulse acts")),
    Trimmer("w 1", "RV1", "r_weight", N_("strength of input 1; + excites, − inhibits"), 0),
    Trimmer("w 2", "RV2", "r_weight", N_("strength of input 2; + excites, − inhibits"), 1),
    Trimmer("w 3", "RV3", "r_weight", N_("strength of input 3; + excites, − inhibits"), 2),
)
