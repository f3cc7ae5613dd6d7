# SPDX-License-Identifier: GPL-3.0-or-later
"""LessonMode: what the app does for its lessons and its language; a mix-in, so that the app itself need not know of them."""

from typing import TYPE_CHECKING

from luisim.experiment import Experiment
from luisim.lui.network import Lui
from luisim.lui.parameters import LuiParameters
from luisim.trace import Trace
from tui import boards
from tui.language import language, set_language, translate_bindings
from tui.screens.lesson import LessonPanel

if TYPE_CHECKING:
    from tui.app import LuisimApp


class LessonMode:
    """Mixed into :class:`~tui.app.LuisimApp`."""

    async def action_lesson(self: "LuisimApp") -> None:  # type: ignore[misc]
        """Open the lessons, go to them, or close them."""
        screen = self.screen_stack[0]
        panels = screen.query(LessonPanel)
        if not panels:
            panel = LessonPanel(self)
            await screen.query_one("#face").mount(panel)
            panel.focus()
        elif not panels.first().has_focus_within:
            panels.first().focus()
        else:
            await panels.first().remove()
            self._knobs.take_focus()

    def begin_lesson(self: "LuisimApp", experiment: Experiment[Lui]) -> None:  # type: ignore[misc]
        """Put the experiment of a lesson on the desk."""
        self.call_later(self._put, experiment)

    def lesson_settings(self: "LuisimApp") -> LuiParameters | None:  # type: ignore[misc]
        """How the knobs of the board that is looked at stand."""
        return boards.settings(self.experiment, self.board) if self.desk is boards else None

    def lesson_trace(self: "LuisimApp", name: str) -> Trace | None:  # type: ignore[misc]
        """The whole trace of the first source that is on, if it belongs to the experiment ``name`` as it is set."""
        if self.base.name != name:
            return None
        return next((s.whole for s in self.sources.values() if s.visible and s.whole is not None and not s.late), None)

    def action_language(self: "LuisimApp") -> None:  # type: ignore[misc]
        """The other language."""
        set_language("en" if language() == "de" else "de")
        self.speak()

    def speak(self: "LuisimApp") -> None:  # type: ignore[misc]
        """Let everything that is seen say it in the language that is spoken."""
        translate_bindings(self)
        for screen in self.screen_stack:
            for node in screen.walk_children(with_self=True):
                translate_bindings(node)
                getattr(node, "speak", lambda: None)()
        self._say_size(*self.size)
        self.refresh_bindings()
        self._show()
        self.refresh(layout=True)
