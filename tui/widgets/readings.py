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
from tui.widgets.numbers import BOARD, GAP, Column, Columns
from tui.widgets.source import Source

_LEGEND = 19  # cells: key, glyph, line, label
_LINE = 5  # of them for the line
_WIDE = 80  # cells from which there is room for everything
_MORE = " …"  # stands where columns are missing


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
    def _legend(self) -> int:
        """Cells for key, glyph, line and label; without the line where there are few."""
        return _LEGEND if self.size.width >= _WIDE else _LEGEND - _LINE

    @property
    def _shown(self) -> frozenset[str]:
        """The names of the columns that there is room for."""
        room = self.size.width - self._legend
        return self.columns.fitting(room if self.size.width >= _WIDE else room - len(_MORE))

    @property
    def _slack(self) -> int:
        """Cells to add to each column where the terminal is wider than 80."""
        columns = len(self.columns.heads) + len(self.columns.against)
        return min(4, max(0, (self.size.width - _WIDE) // columns))

    def _head(self) -> Text:
        reference = next((source for source in self._sources if source.visible), None)
        comparable = reference is not None and sum(source.visible for source in self._sources) > 1
        heads = self._row(self.columns.heads, [_(column.name) for column in self.columns.heads])
        against = self._row(self.columns.against, [_(column.name) for column in self.columns.against])
        text = " " * self._legend + heads + (against if comparable else "")
        every = len(self._shown) == len(self.columns.heads) + len(self.columns.against)
        return Text(text if every else text + _MORE, "dim")

    def _row(self, columns: Sequence[Column], texts: Sequence[str]) -> str:
        """Those of the texts whose columns are shown."""
        pairs = zip(columns, texts, strict=False)
        return "".join(text.rjust(column.cells + self._slack) for column, text in pairs if column.name in self._shown)

    def _line(self, source: Source) -> Text:
        look = source.look
        colour = look.dark if self.app.current_theme.dark else look.light
        glyph = look.glyph if source.shown else "·"
        sample = f"{glyph} {look.sample} " if self._legend == _LEGEND else f"{glyph} "
        text = Text()
        text.append(f"{source.key or ' '} ", "bold" if source.shown else "dim")
        text.append(sample, colour if source.shown else "dim")
        text.append(f"{source.title[: _LEGEND - 10]:<{_LEGEND - 9}}", "" if source.shown else "dim")
        row = self._rows.get(source.name, (source, None, None))[2]
        room = max(0, self.size.width - self._legend - 1)
        if not source.shown:
            why, turn_on = _("off: {reason}"), _("off, {key} turns it on")
            off = why.format(reason=said(source.failure)) if source.failure else turn_on.format(key=source.key)
            text.append(_cut(f" {off}", room), "dim")
        elif source.failure:
            text.append(_cut(f" {said(source.failure)}", room), "italic")
        elif row is None:
            text.append(f" … {_percent(source)}", "dim")
        else:
            text.append(self._cells(row), "dim" if source.late else "")
            if not row.against and sum(other.visible for other in self._sources) > 1:
                room = len(self._row(self.columns.against, [""] * len(self.columns.against)))
                long, short = _("reference"), _("ref.")
                text.append((long if len(long) < room else short).rjust(room), "dim")
        return text

    def _cells(self, row: Row) -> str:
        return self._row(self.columns.heads, row.numbers) + self._row(self.columns.against, row.against)


def _percent(source: Source) -> str:
    return f"{source.done:.0%}" if source.done else ""


def _trace(source: Source | None) -> Trace | None:
    return None if source is None else source.trace


def _cut(text: str, room: int) -> str:
    return text if len(text) <= room else text[: max(0, room - 1)] + "…"
