# SPDX-License-Identifier: GPL-3.0-or-later
"""Knobs: all that can be turned, in columns that leave the traces as many rows as they can."""

from collections.abc import Sequence
from typing import Any

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from tui.widgets.knob import Knob
from tui.widgets.trimmer import Turnable


class Knobs(Horizontal):
    """A knob for each of ``trimmers``, all of which turn the same ``settings``."""

    def __init__(self, trimmers: Sequence[Turnable], settings: Any, *, plain: bool = False) -> None:
        super().__init__(id="knobs")
        self._plain = plain
        self.all = self._made(trimmers, settings)

    def compose(self) -> ComposeResult:
        """The columns."""
        yield from self._columns()

    async def furnish(self, trimmers: Sequence[Turnable], settings: Any) -> None:
        """Other knobs, if they are others."""
        if tuple(trimmers) == tuple(knob.trimmer for knob in self.all):
            return
        self.all = self._made(trimmers, settings)
        await self.remove_children()
        await self.mount(*self._columns())
        self.take_focus()

    def set(self, settings: Any, original: Any) -> None:
        """Turn all of them to ``settings``; a reset goes to ``original``."""
        for knob in self.all:
            knob.original, knob.parameters = original, settings

    def take_focus(self) -> None:
        """Let the keys turn the first one."""
        if self.all:
            self.all[0].focus()

    def _made(self, trimmers: Sequence[Turnable], settings: Any) -> tuple[Knob, ...]:
        return tuple(
            Knob(trimmer, settings, plain=self._plain, id=f"knob{index}") for index, trimmer in enumerate(trimmers, start=1)
        )

    def _columns(self) -> list[Vertical]:
        rows = 3 if len(self.all) <= 6 else 4
        return [Vertical(*self.all[first : first + rows]) for first in range(0, len(self.all), rows)]
