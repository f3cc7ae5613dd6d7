# SPDX-License-Identifier: GPL-3.0-or-later
"""Experiments: the list of shipped experiments to choose from."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Label, OptionList
from textual.widgets.option_list import Option

from tui.language import N_, _


class Experiments(ModalScreen[str | None]):
    """Ends with the name of the chosen experiment, or None. ``names``: with a title and a line of text each."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,e", "dismiss(None)", N_("Stay"), id="experiments.stay", tooltip=N_("keep the experiment that is on"))
    ]

    def __init__(self, names: Sequence[tuple[str, str, str]], current: str) -> None:
        super().__init__()
        self._names, self._current = tuple(names), current

    def compose(self) -> ComposeResult:
        """A title, the list, and its keys."""
        with Vertical():
            yield Label(_("Experiments"), id="title")
            yield OptionList(*(Option(f"{name:<25}{title}", id=name) for name, title, _about in self._names), markup=False)
            yield Label(id="about", markup=False)
            yield Label(_("up, down: choose    enter: load it    escape: stay"), id="keys")

    def on_mount(self) -> None:
        """Start at the experiment that is on."""
        names = [name for name, _title, _about in self._names]
        self.query_one(OptionList).highlighted = names.index(self._current) if self._current in names else 0

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Say more of it."""
        about = next((about for name, _title, about in self._names if name == event.option_id), "")
        self.query_one("#about", Label).update(about)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take it."""
        self.dismiss(event.option_id)
