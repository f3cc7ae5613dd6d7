# SPDX-License-Identifier: GPL-3.0-or-later
"""Manual: how the app explains itself: the help page, the command palette, a key for each source; mixed into the app."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual.app import SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from tui import neurons
from tui.language import N_, _
from tui.screens.help import Help
from tui.screens.lesson import LessonPanel
from tui.screens.palette import Palette
from tui.screens.whole_chip import WholeChip
from tui.sentences import said
from tui.widgets.knob import Knob

if TYPE_CHECKING:
    from tui.app import LuisimApp


class Manual:
    """Mixed into :class:`~tui.app.LuisimApp`; all of it reads the bindings themselves, so it cannot go stale."""

    @property
    def source_keys(self: "LuisimApp") -> list[BindingType]:  # type: ignore[misc]
        """A key for each source."""
        return [
            Binding(
                source.key,
                f"source('{source.name}')",
                source.title,
                show=False,
                id=f"source.{source.key}",
                tooltip=_("{source}: on, off").format(source=source.title),
            )
            for source in self.sources.values()
            if source.key
        ]

    def action_help(self: "LuisimApp") -> None:  # type: ignore[misc]
        """Every key."""
        remarks = [
            f"{source.title}: {said(sentence)}."
            for backend in self.runs.backends
            if (source := self.sources[backend.name]).is_recording
            for sentence in backend.by_hand(self.base)
        ]
        groups: list[tuple[str, Iterable[BindingType]]] = [(N_("Keys"), self.BINDINGS), (N_("Sources"), self.source_keys)]
        groups.append((N_("On a knob"), Knob.BINDINGS))
        groups.append((N_("In a lesson"), LessonPanel.BINDINGS))
        if self.desk is neurons:
            remarks.insert(0, _(neurons.ABOUT))
            groups.append((N_("All neurons of a chip"), WholeChip.BINDINGS))
        self.push_screen(Help(groups, remarks))

    def action_command_palette(self: "LuisimApp") -> None:  # type: ignore[misc]
        """Search all commands."""
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette())

    def get_system_commands(self: "LuisimApp", screen: Screen[object]) -> Iterable[SystemCommand]:  # type: ignore[misc]
        """Every key as an entry of the command palette, and a picture of the screen."""
        for binding in [*self.BINDINGS, *self.source_keys]:
            action = binding.action.partition("(")[0] if isinstance(binding, Binding) else ""
            if isinstance(binding, Binding) and action != "command_palette" and self.check_action(action, ()):
                title = f"{_(binding.description)} {binding.key}" if binding.group else _(binding.description)
                yield SystemCommand(title, _(binding.tooltip), lambda action=binding.action: self.run_later(action))
        yield SystemCommand(_("Picture"), _("save a picture of this screen (.svg)"), self.save_picture)

    def run_later(self: "LuisimApp", action: str) -> None:  # type: ignore[misc]
        """Do it when the palette is gone."""
        self.call_later(self.run_action, action)

    def save_picture(self: "LuisimApp") -> None:  # type: ignore[misc]
        """Of the screen without the palette."""
        self.set_timer(0.1, self.deliver_screenshot)

    def action_help_quit(self: "LuisimApp") -> None:  # type: ignore[misc]
        """Ctrl+C copies and does not end the app; whoever tries is told what does."""
        self.notify(_("Press q to leave."))
