# SPDX-License-Identifier: GPL-3.0-or-later
"""Readings: the table below the traces, which is their legend too: what each shows and how it differs from the first."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text
from textual import events
from textual.message import Message
from textual.widget import Widget

from luisim.compare import compare
from luisim.errors import ParameterError
from luisim.trace import Trace
from tui.language import _
from tui.sentences import said
from tui.widgets.numbers import BOARD, GAP, Columns
from tui.widgets.source import Source

_LEGEND = 19  # cells: key, glyph, line, label


@dataclass(frozen=True)
class Row:
    """What is written for one source: its own numbers, and its differences from the first or the words instead of them."""

    numbers: tuple[str, ...]
    against: tuple[str, ...]


def row_of(source: Source, reference: Source | None, columns: Columns) -> Row | None:
    """The numbers of a source; None if it has no trace."""
    if source.trace is None:
        return None
    if reference is None or reference.trace is None or reference is source:
        return Row(columns.numbers(source.trace), ())
    try:
        against = columns.differences(compare(reference.trace, source.trace), source.trace.unit)
    except ParameterError:  # they do not overlap in time
        against = (GAP,) * len(columns.against)
    return Row(columns.numbers(source.trace), against)


class Readings(Widget):
    """One row for each source below a row of heads; a click on a row turns its source on or off."""

    ALLOW_SELECT = False

    @dataclass
    class Picked(Message):
        """The row of ``source`` was clicked."""

        source: str

    def __init__(self, sources: Sequence[Source], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._sources = tuple(sources)
        self._rows: dict[str, tuple[Source, Source | None, Row | None]] = {}
        self.columns = BOARD

    def furnish(self, columns: Columns, sources: Sequence[Source]) -> None:
        """Show these columns, of these sources."""
        self.columns, self._sources, self._rows = columns, tuple(sources), {}
        self.tooltip = _(columns.help)
        self.refresh(layout=True)

    def show(self, sources: Sequence[Source]) -> None:
        """Show these; numbers are only worked out again where a trace has changed."""
        reference = next((source for source in sources if source.visible), None)
        for source in sources:
            old = self._rows.get(source.name)
            same = old is not None and old[0].trace is source.trace and _trace(old[1]) is _trace(reference)
            row = old[2] if old is not None and same else row_of(source, reference, self.columns)
            self._rows[source.name] = (source, reference, row)
        self._sources = tuple(sources)
        self.refresh()

    def speak(self) -> None:
        """Write every number again, as the language that is spoken now writes it."""
        self._rows.clear()
        self.tooltip = _(self.columns.help)
        self.show(self._sources)

    def on_click(self, event: events.Click) -> None:
        """Turn a source on or off."""
        index = event.y - 1
        if 0 <= index < len(self._sources):
            self.post_message(self.Picked(self._sources[index].name))

    def render(self) -> Text:
        """Heads, and a row for each source."""
        lines = [self._head(), *(self._line(source) for source in self._sources)]
        return Text("\n", no_wrap=True, overflow="crop").join(lines)

    @property
    def _slack(self) -> int:
        """Cells to add to each column where the terminal is wider than 80."""
        columns = len(self.columns.heads) + len(self.columns.against)
        return min(4, max(0, (self.size.width - 80) // columns))

    def _head(self) -> Text:
        reference = next((source for source in self._sources if source.visible), None)
        heads = "".join(f"{_(name):>{width + self._slack}}" for name, width in self.columns.heads)
        against = "".join(f"{_(name):>{width + self._slack}}" for name, width in self.columns.against)
        comparable = reference is not None and sum(source.visible for source in self._sources) > 1
        return Text(" " * _LEGEND + heads + (against if comparable else ""), "dim")

    def _line(self, source: Source) -> Text:
        look = source.look
        colour = look.dark if self.app.current_theme.dark else look.light
        glyph = look.glyph if source.shown else "·"
        text = Text()
        text.append(f"{source.key or ' '} ", "bold" if source.shown else "dim")
        text.append(f"{glyph} {look.sample} ", colour if source.shown else "dim")
        text.append(f"{source.title[: _LEGEND - 10]:<{_LEGEND - 9}}", "" if source.shown else "dim")
        row = self._rows.get(source.name, (source, None, None))[2]
        room = max(0, self.size.width - _LEGEND - 1)
        if not source.shown:
            why, turn_on = _("off: {reason}"), _("off, {key} turns it on")
            off = why.format(reason=said(source.failure)) if source.failure else turn_on.format(key=source.key)
            text.append(_cut(f" {off}", room), "dim")
        elif source.failure:
            text.append(_cut(f" {said(source.failure)}", room), "italic")
        elif row is None:
            text.append(f" … {_percent(source)}", "dim")
        else:
            text.append(self._cells(source, row))
        return text

    def _cells(self, source: Source, row: Row) -> Text:
        text = Text(style="dim" if source.late else "")
        for (_head, width), number in zip(self.columns.heads, row.numbers, strict=True):
            text.append(f"{number:>{width + self._slack}}")
        for (_head, width), number in zip(self.columns.against, row.against, strict=False):
            text.append(f"{number:>{width + self._slack}}")
        if not row.against and sum(other.visible for other in self._sources) > 1:
            room = sum(width + self._slack for _head, width in self.columns.against)
            text.append(_("reference").rjust(room), "dim")
        return text


def _percent(source: Source) -> str:
    return f"{source.done:.0%}" if source.done else ""


def _trace(source: Source | None) -> Trace | None:
    return None if source is None else source.trace


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: max(0, room - 1)] + "…"
