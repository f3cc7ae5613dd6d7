# SPDX-License-Identifier: GPL-3.0-or-later
"""Status: the line at the top. Where the terminal is narrow, whole fields are left out, the least important first."""

from collections.abc import Sequence

from textual.widget import Widget

_SEPARATOR = "   "
_CLOSE = "  "
_MORE = " …"


class Status(Widget):
    """Shows fields, each a text; the first one is the most important."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._fields: tuple[str, ...] = ()

    def show(self, fields: Sequence[str]) -> None:
        """Show these; empty ones are left out."""
        wanted = tuple(field for field in fields if field)
        if wanted != self._fields:
            self._fields = wanted
            self.refresh()

    def render(self) -> str:
        """As many fields as fit."""
        return fitting(self._fields, self.content_size.width)


def fitting(fields: Sequence[str], width: int) -> str:
    """The longest beginning of ``fields`` that fits into ``width`` cells, with an ellipsis where that is not all."""
    whole = _SEPARATOR.join(fields)
    if len(whole) <= width:
        return whole
    if len(close := _CLOSE.join(fields)) <= width:
        return close
    text = ""
    for field in fields:
        longer = f"{text}{_SEPARATOR}{field}" if text else field
        if len(longer) + len(_MORE) > width:
            break
        text = longer
    return text + _MORE if text else whole[: max(0, width - 1)] + "…"
