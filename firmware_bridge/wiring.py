# SPDX-License-Identifier: GPL-3.0-or-later
"""Wiring: which Lu.i board hangs on which pin of the Arduino. The page docs/wiring.md draws it."""

from dataclasses import dataclass

from firmware_bridge.errors import BoardError

MOST = 6
STIMULUS_PINS = ("D2", "D3", "D4", "D5", "D6", "D8")  # stimulus outputs 1 to 6


@dataclass(frozen=True)
class Wiring:
    """One board with its membrane on A0, its spike output on A1 and D7, and its three inputs on stimulus outputs 1 to 3;
    or up to six boards, each with its membrane on an analog input and its input 1 on a stimulus output.

    ``names``: one for each board; they begin the names of its signals. A single board has no name in a trace.
    """

    names: tuple[str, ...] = ("1",)

    def __post_init__(self) -> None:
        if not 1 <= len(self.names) <= MOST or len(set(self.names)) != len(self.names):
            raise BoardError(
                f"An Arduino reads 1 to {MOST} boards with different names, not {', '.join(self.names) or 'none'}."
            )

    @classmethod
    def of(cls, boards: int) -> "Wiring":
        """The wiring of so many boards, named "1", "2", ..."""
        return cls(tuple(str(number) for number in range(1, boards + 1)))

    @property
    def boards(self) -> int:
        """How many there are."""
        return len(self.names)

    @property
    def signals(self) -> dict[str, int]:
        """Signal of a trace -> analog input."""
        if self.boards == 1:
            return {"v_mem": 0, "v_out": 1}
        return {f"{name}.v_mem": channel for channel, name in enumerate(self.names)}

    @property
    def spikes(self) -> dict[int, str]:
        """Source of an edge (see :class:`~firmware_bridge.protocol.Edge`) -> output whose spikes they are."""
        return {7: "out"} if self.boards == 1 else dict(enumerate(self.names))

    @property
    def mask(self) -> int:
        """The analog inputs that are read, input 0 in bit 0."""
        return sum(1 << channel for channel in self.signals.values())

    def stimulated_by(self, output: int) -> tuple[int, int] | None:
        """(board from 0, its input from 1) that stimulus output ``output`` (1 to 6) drives; None: nothing."""
        if self.boards == 1:
            return (0, output) if output <= 3 else None
        return (output - 1, 1) if output <= self.boards else None

    def output_for(self, board: int, connector: int) -> int | None:
        """The stimulus output (1 to 6) that drives input ``connector`` (1 to 3) of ``board`` (from 0); None: no wire."""
        wires = (output for output in range(1, MOST + 1) if self.stimulated_by(output) == (board, connector))
        return next(wires, None)
