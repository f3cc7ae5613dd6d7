# SPDX-License-Identifier: GPL-3.0-or-later
"""Palette: Textual's command palette, in the language that is spoken."""

from textual.command import CommandPalette, Hit, Hits
from textual.system_commands import SystemCommandsProvider

from tui.language import _


class Commands(SystemCommandsProvider):
    """The app's commands; where none fits what was typed, it says so."""

    async def search(self, query: str) -> Hits:
        """Those whose names fit ``query``."""
        found = False
        async for hit in super().search(query):
            found = True
            yield hit
        if not found:
            yield Hit(0.01, _("nothing of that name"), lambda: None, help=_("type a part of another word; escape: back"))


class Palette(CommandPalette):
    """Searches all commands of the app."""

    def __init__(self) -> None:
        super().__init__(placeholder=_("Search for a command"), id="--command-palette")
