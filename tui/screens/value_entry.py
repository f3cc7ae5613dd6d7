# SPDX-License-Identifier: GPL-3.0-or-later
"""ValueEntry: one line to type a value into, at the foot of the screen so that the traces stay in sight."""

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label

from tui.language import N_, _, point


class ValueEntry(ModalScreen[None]):
    """``accept`` takes the text and says in a sentence why it cannot be taken; an empty answer ends the entry."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", N_("Leave it"), id="entry.leave", tooltip=N_("leave the value as it is"))
    ]

    def __init__(self, title: str, hint: str, accept: Callable[[str], str]) -> None:
        super().__init__()
        self._title, self._hint, self._accept = title, hint, accept

    def compose(self) -> ComposeResult:
        """Title, entry, and one line that first gives examples and then says what is wrong."""
        with Vertical():
            yield Label(self._title, markup=False)
            yield Input(compact=True, select_on_focus=False)
            yield Label(self._hint, id="said", markup=False)
            yield Label(_("enter: take it    escape: leave it as it was"), id="keys", markup=False)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take it, or say what is wrong."""
        reason = self._accept(point(event.value))
        if reason:
            said = self.query_one("#said", Label)
            said.update(reason)
            said.add_class("wrong")
        else:
            self.dismiss(None)
