# SPDX-License-Identifier: GPL-3.0-or-later
"""LessonMode: what the app does for its lessons and its language; a mix-in, so that the app itself need not know of them."""

from typing import TYPE_CHECKING

from luisim.experiment import Backend, Experiment
from luisim.lessons import fit_by_hand
from luisim.lui.network import Lui
from luisim.lui.parameters import LuiParameters
from luisim.trace import Trace
from tui import boards
from tui.backends import open_backend
from tui.language import language, set_language, translate_bindings
from tui.live import since
from tui.scope_keys import ScopeKeys
from tui.screens.lesson import LessonPanel
from tui.target import Target

if TYPE_CHECKING:
    from tui.app import LuisimApp


class LessonMode(ScopeKeys):
    """Mixed into :class:`~tui.app.LuisimApp`."""

    _zooms = 0  # of the scope when the lesson began

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
        self.deeds.clear()
        self._zooms = self.scope.zooms
        self.call_later(self._put_lesson, experiment)

    async def _put_lesson(self: "LuisimApp", experiment: Experiment[Lui]) -> None:  # type: ignore[misc]
        await self._put(experiment)
        target = self.sources.get(Target.name)
        if experiment.name == fit_by_hand.LESSON.start.name:
            if target is None:
                target = self.add_source(Target())
            self.runs.ask_one(target, self._asked)
        elif target is not None:
            self.sources[Target.name] = target.off()
        self._show()

    def lesson_settings(self: "LuisimApp") -> LuiParameters | None:  # type: ignore[misc]
        """How the knobs of the board that is looked at stand."""
        return boards.settings(self.experiment, self.board) if self.desk is boards else None

    def lesson_trace(self: "LuisimApp", name: str) -> Trace | None:  # type: ignore[misc]
        """The whole trace of the first source that is on, if it belongs to the experiment ``name`` as it is set.

        Of live boards what came since a knob was turned; nothing if the experiment has pulses of its own: they are long gone.
        """
        source = next((source for source in self.sources.values() if source.visible), None)
        if self.base.name != name or source is None or source.whole is None or source.waiting:
            return None
        if not self.live.on:
            return source.whole
        return None if self.base.stimuli else since(source, self.live.acted).trace

    def lesson_bench(self: "LuisimApp") -> Backend[Lui] | None:  # type: ignore[misc]
        """What the runs of a lesson are made on: the first source that is on and that can run what is asked for.

        None: a board that is live has no time for it.
        """
        for source in self.sources.values():
            if not source.shown or source.is_recording or source.name == Target.name:
                continue
            if source.name.partition(":")[0] != "board":
                return open_backend(source.name)  # one of its own, since the one on the desk may be busy
            if self.live.on:
                return None
            return next(backend for backend in self.runs.backends if backend.name == source.name)
        return open_backend("model")

    def lesson_deeds(self: "LuisimApp") -> frozenset[str]:  # type: ignore[misc]
        """What was done since the lesson began: pause, turn, view, zoom, pulse."""
        return frozenset({*self.deeds, *(("zoom",) if self.scope.zooms > self._zooms else ())})

    def action_view(self: "LuisimApp") -> None:  # type: ignore[misc]
        """The next view."""
        self.deeds.add("view")
        super().action_view()

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
