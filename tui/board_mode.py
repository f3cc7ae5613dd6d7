# SPDX-License-Identifier: GPL-3.0-or-later
"""BoardMode: what the app does when a board is plugged in or out; a mix-in, so that the app itself need not know of ports."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message as TextualMessage

from tui import boards
from tui.backends import open_backend
from tui.language import _
from tui.plugging import Change, PortWatch

if TYPE_CHECKING:
    from tui.app import LuisimApp


@dataclass
class Plugging(TextualMessage):
    """Boards were plugged in or out."""

    change: Change


class BoardMode:
    """Mixed into :class:`~tui.app.LuisimApp`."""

    find_ports: Callable[[], Iterable[str]] | None
    _watch: PortWatch | None = None
    _plugged: tuple[str, ...] = ()

    def watch_ports(self: "LuisimApp") -> None:  # type: ignore[misc]
        """Begin to look for boards."""
        if self.find_ports is not None:
            self._watch = PortWatch(self.find_ports, self._hear_change)

    def _hear_change(self: "LuisimApp", change: Change) -> None:  # type: ignore[misc]
        """Called in the watch's thread; post_message may be."""
        self.post_message(Plugging(change))

    def end_watch(self: "LuisimApp") -> None:  # type: ignore[misc]
        """Look for boards no longer."""
        if self._watch is not None:
            self._watch.close()

    def on_plugging(self: "LuisimApp", event: Plugging) -> None:  # type: ignore[misc]
        """A source for a board that has come; one that is gone leaves its trace."""
        come, gone = event.change.come, event.change.gone
        self._plugged = tuple(port for port in (*self._plugged, *come) if port not in gone)
        if self.desk is not boards:  # nothing of a chip is plugged in
            return
        for port in gone:
            self._unplug(port)
        for port in come:
            self._plug(port)
        self._show()

    def show_plugged(self: "LuisimApp") -> None:  # type: ignore[misc]
        """Sources for the boards that came while a chip was on the desk."""
        for port in self._plugged if self.desk is boards else ():
            if self._board_at(port) not in self.sources:
                self._plug(port)

    def _board_at(self: "LuisimApp", port: str) -> str:  # type: ignore[misc]
        """The name of the source of the board at ``port``; ``--on board`` is whichever there is."""
        return "board" if "board" in self.sources else f"board:{port}"

    def _plug(self: "LuisimApp", port: str) -> None:  # type: ignore[misc]
        name = self._board_at(port)
        if name not in self.sources:
            source = self.add_source(open_backend(name))
            words = _("A board at {port}: key {key} turns it on and off.")
            self.notify(words.format(port=Path(port).name, key=source.key), title=source.title, markup=False)
            if self.live.on:
                self.live.toggle(name)
                return
        elif self.live.on:  # its run sees for itself that it is back
            return
        else:
            self.notify(_("It is back."), title=self.sources[name].title)
        if self.sources[name].shown and not self.paused:
            self.runs.ask_one(replace(self.sources[name], failure=""), self._asked)

    def _unplug(self: "LuisimApp", port: str) -> None:  # type: ignore[misc]
        source = self.sources.get(self._board_at(port))
        if source is not None and not self.live.on:  # a live run sees for itself
            words = _("The board at {port} was unplugged; its trace stays.")
            self.notify(words.format(port=Path(port).name), title=source.title, severity="warning", markup=False)
