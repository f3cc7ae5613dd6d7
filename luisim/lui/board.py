# SPDX-License-Identifier: GPL-3.0-or-later
"""BoardParts: the soldered parts of one Lu.i board, their values, their tolerances and the board's revision.

Designators are those of the upstream schematic (https://github.com/giant-axon/lu.i-neuron-pcb, commit 0b2c019);
``circuits/README.md`` says which file holds which part.
"""

from dataclasses import dataclass, field, fields, replace
from typing import Annotated, Any

import numpy as np

from luisim.errors import ParameterError
from luisim.quantity import Quantity, check_fields, quantities

REVISIONS = (2023, 2025)

# Relative tolerances are full widths of a uniform draw, as the parts' classes state them; offsets are standard deviations.
_RESISTOR = 0.01  # assumed class of the fixed 0402 resistors
_TRIMMER = 0.25  # carbon trimmers of this size are sold with +/-20 to 30 %
_CERAMIC = 0.20  # X5R, class M


def _resistor(value: float, designator: str) -> Any:
    return field(default=value, metadata={"relative": _RESISTOR, "designator": designator})


@dataclass(frozen=True)
class BoardParts:
    """Every part that the model reads, in SI units. The defaults are the nominal board.

    Raises :class:`~luisim.errors.ParameterError` for values outside their range.
    """

    revision: int = 2025

    # trimmers: the resistance of the whole track
    track_leak: Annotated[float, Quantity("Ohm", 30e3, 70e3, "schematic, RV6")] = field(
        default=50e3, metadata={"relative": _TRIMMER}
    )
    track_syn: Annotated[float, Quantity("Ohm", 13e3, 31e3, "schematic, RV4")] = field(
        default=22e3, metadata={"relative": _TRIMMER}
    )
    track_weight: Annotated[tuple[float, float, float], Quantity("Ohm", 13e3, 31e3, "schematic, RV1 to RV3")] = field(
        default=(22e3, 22e3, 22e3), metadata={"relative": _TRIMMER}
    )

    # capacitors
    c_mem: Annotated[float, Quantity("F", 1e-6, 100e-6, "schematic, C5; an 0402 part loses up to half of it under bias")] = (
        field(default=22e-6, metadata={"relative": _CERAMIC})
    )
    c_mem_half: Annotated[
        float, Quantity("V", 1.0, 1e3, "bias at which C5 has lost half of its capacitance; 1000 V: none is lost")
    ] = 1e3
    # C2 and C9 lose next to nothing that shows: C2 has no bias at rest and 0.2 V in a PSP (0.1 % for a part that halves at
    # 6 V), and C9 always runs from 0 V to half the supply, so what it loses there (2 %) is part of its value c_ref
    c_syn: Annotated[float, Quantity("F", 1e-6, 47e-6, "schematic, C2")] = field(default=10e-6, metadata={"relative": _CERAMIC})
    c_ref: Annotated[float, Quantity("F", 0.1e-6, 4.7e-6, "schematic, C9")] = field(
        default=1e-6, metadata={"relative": _CERAMIC}
    )

    # fixed resistors
    r_half_top: Annotated[float, Quantity("Ohm", 1e3, 1e6, "schematic, R7")] = _resistor(22e3, "R7")
    r_half_bottom: Annotated[float, Quantity("Ohm", 1e3, 1e6, "schematic, R8")] = _resistor(22e3, "R8")
    r_weight_series: Annotated[float, Quantity("Ohm", 1.0, 1e5, "schematic, R9, R16, R42")] = _resistor(470.0, "R9")
    r_push_top: Annotated[float, Quantity("Ohm", 1e3, 1e6, "schematic, R10")] = _resistor(22e3, "R10")
    r_push_bottom: Annotated[float, Quantity("Ohm", 1e3, 1e6, "schematic, R11")] = _resistor(47e3, "R11")
    r_pull_top: Annotated[float, Quantity("Ohm", 1e3, 1e6, "schematic, R12")] = _resistor(47e3, "R12")
    r_pull_bottom: Annotated[float, Quantity("Ohm", 1e3, 1e6, "schematic, R13")] = _resistor(22e3, "R13")
    r_push: Annotated[float, Quantity("Ohm", 100.0, 1e5, "schematic, R14")] = _resistor(2.2e3, "R14")
    r_pull: Annotated[float, Quantity("Ohm", 100.0, 1e5, "schematic, R15")] = _resistor(2.2e3, "R15")
    r_threshold_top: Annotated[float, Quantity("Ohm", 1e3, 1e6, "schematic, R17")] = _resistor(100e3, "R17")
    r_threshold_bottom: Annotated[float, Quantity("Ohm", 1e3, 1e6, "schematic, R18")] = _resistor(56e3, "R18")
    r_threshold_feedback: Annotated[float, Quantity("Ohm", 1e3, 1e6, "schematic, R21")] = _resistor(100e3, "R21")
    r_threshold_pull_up: Annotated[float, Quantity("Ohm", 1e3, 1e6, "schematic, R24")] = _resistor(10e3, "R24")
    r_reset: Annotated[float, Quantity("Ohm", 1.0, 1e3, "schematic, R19")] = _resistor(22.0, "R19")
    r_output: Annotated[float, Quantity("Ohm", 100.0, 1e5, "schematic, R20")] = _resistor(4.7e3, "R20")
    r_one_shot_top: Annotated[float, Quantity("Ohm", 1e3, 1e6, "schematic, R22: 27k since March 2025, 22k before")] = _resistor(
        27e3, "R22"
    )
    r_one_shot_bottom: Annotated[float, Quantity("Ohm", 1e3, 1e6, "schematic, R23")] = _resistor(22e3, "R23")
    r_one_shot_feedback: Annotated[float, Quantity("Ohm", 1e3, 1e6, "schematic, R45: only since March 2025")] = _resistor(
        100e3, "R45"
    )
    r_one_shot: Annotated[float, Quantity("Ohm", 1e3, 1e6, "schematic, R27")] = _resistor(22e3, "R27")

    # semiconductors
    reset_threshold: Annotated[
        float, Quantity("V", 0.8, 2.5, "2N7002 data sheet: 1.0 to 2.5 V; Q9 of real boards resets at 2.3 V supply")
    ] = field(default=1.6, metadata={"sd": 0.12})
    input_threshold: Annotated[float, Quantity("V", 0.8, 1.8, "2SK3018 data sheet: 0.8 to 1.5 V; Q1 to Q3")] = 1.5
    off_resistance_p: Annotated[
        float, Quantity("Ohm", 1e6, 1e12, "BSS84, off: within its data sheet's leakage; value of the reference simulation")
    ] = 50e6
    off_resistance_n: Annotated[
        float, Quantity("Ohm", 1e6, 1e12, "2SK3018, off: within its data sheet's leakage; value of the reference simulation")
    ] = 30e6
    comparator_bias: Annotated[
        float, Quantity("A", 0.0, 250e-9, "LM339 data sheet: 25 nA typical; 40 nA in the reference simulation")
    ] = field(default=40e-9, metadata={"sd": 10e-9})
    comparator_headroom: Annotated[
        float,
        Quantity(
            "V",
            0.0,
            1.5,
            "what U3B needs between its inputs and VDD: LM339 data sheet 1.5 V; below 1.16 V, as a real board works at 2.4 V",
        ),
    ] = 0.0
    led_voltage: Annotated[float, Quantity("V", 1.5, 2.4, "where the LEDs begin to draw current; red and yellow ones")] = 1.9
    offset_current: Annotated[
        float,
        Quantity(
            "A",
            -20e-6,
            20e-6,
            "total into the membrane at rest, switches at + and RV4 at 11k; 1.18 uA is the reference simulation at 3.0 V",
        ),
    ] = 1.18e-6

    # offset voltages of the op amps and comparators (input-referred)
    offset_leak: Annotated[float, Quantity("V", -0.02, 0.02, "MCP6004 data sheet: +/-4.5 mV, U1A")] = field(
        default=0.0, metadata={"sd": 1.5e-3}
    )
    offset_integrator: Annotated[float, Quantity("V", -0.02, 0.02, "MCP6004 data sheet: +/-4.5 mV, U1B")] = field(
        default=0.0, metadata={"sd": 1.5e-3}
    )
    offset_push: Annotated[float, Quantity("V", -0.02, 0.02, "MCP6004 data sheet: +/-4.5 mV, U1C")] = field(
        default=0.0, metadata={"sd": 1.5e-3}
    )
    offset_pull: Annotated[float, Quantity("V", -0.02, 0.02, "MCP6004 data sheet: +/-4.5 mV, U1D")] = field(
        default=0.0, metadata={"sd": 1.5e-3}
    )
    offset_threshold: Annotated[float, Quantity("V", -0.02, 0.02, "LM339 data sheet: +/-2 mV typical, U3B")] = field(
        default=0.0, metadata={"sd": 1.5e-3}
    )
    offset_one_shot: Annotated[float, Quantity("V", -0.02, 0.02, "LM339 data sheet: +/-2 mV typical, U3A")] = field(
        default=0.0, metadata={"sd": 1.5e-3}
    )

    def __post_init__(self) -> None:
        if self.revision not in REVISIONS:
            raise ParameterError(
                f"revision = {self.revision} is unknown: 2023 (before March 2025) or 2025 (since then) are allowed."
            )
        check_fields(self)

    @classmethod
    def of_revision(cls, revision: int) -> "BoardParts":
        """The nominal board as it was built before (2023) or since March 2025 (2025): only the one-shot differs."""
        return cls(revision=revision) if revision != 2023 else cls(revision=2023, r_one_shot_top=22e3)

    @classmethod
    def sample(cls, seed: int, revision: int = 2025) -> "BoardParts":
        """A board as it comes out of the bag: every part drawn from its tolerance, repeatably from ``seed``.

        Resistors within 1 %, trimmers within 25 %, capacitors within 20 %, op-amp and comparator offsets with a standard
        deviation of 1.5 mV.
        """
        return cls.of_revision(revision).varied(seed)

    def varied(self, seed: int) -> "BoardParts":
        """Another board of the same make: every part drawn around this one's, as in :meth:`sample`.

        The offset voltages are drawn, so the nominal offset current, which lumps those of one board, leaves them out. A stated
        offset current stays.
        """
        rng = np.random.default_rng(seed)
        limits = quantities(BoardParts)
        drawn: dict[str, Any] = {}
        for item in fields(BoardParts):
            value = getattr(self, item.name)
            shape = len(value) if isinstance(value, tuple) else None
            if "relative" in item.metadata:
                width = item.metadata["relative"]
                drawn[item.name] = np.asarray(value) * (1.0 + rng.uniform(-width, width, shape))
            elif "sd" in item.metadata:
                limit = limits[item.name]
                drawn[item.name] = np.clip(rng.normal(value, item.metadata["sd"], shape), limit.low, limit.high)
        plain: dict[str, Any] = {name: tuple(map(float, v)) if np.ndim(v) else float(v) for name, v in drawn.items()}
        return replace(self, **plain).without_lumped_offsets()

    def without_lumped_offsets(self) -> "BoardParts":
        """The same board with the op amps' share of the nominal offset current taken out; a stated offset current stays.

        What remains is the bias of the threshold comparator and of the VU comparators that are not lit, 2.8 of 6 at 0.67 V,
        and the leakage of three BSS84 through the integrator.
        """
        if self.offset_current != BoardParts.offset_current:
            return self
        k_push = self.r_push_top / (self.r_push_top + self.r_push_bottom)
        k_pull = self.r_pull_bottom / (self.r_pull_top + self.r_pull_bottom)
        leakage = 3.0 * (1.5 / self.off_resistance_p) * 11e3
        bias = 3.8 * self.comparator_bias
        return replace(self, offset_current=bias + (k_push / self.r_push + k_pull / self.r_pull) * leakage)
