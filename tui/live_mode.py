# SPDX-License-Identifier: GPL-3.0-or-later
"""LiveMode: live boards inside the app, frame by frame."""

from dataclasses import replace
from typing import TYPE_CHECKING

from textual.timer import Timer

from luisim.errors import LuisimError, UnsupportedExperiment
from luisim.live import Pulse
from luisim.lui.network import Lui
from tui import boards
from tui.language import _
from tui.live import FRAME, WINDOW, LiveView, since
from tui.sentences import said

if TYPE_CHECKING:
    from firmware_bridge.live import BoardTake
    from firmware_bridge.take import Take
    from tui.app import LuisimApp


class LiveMode:
    """The app's part for live boards: starts them, draws them frame by frame, and falls back to single runs."""

    def __init__(self, app: "LuisimApp") -> None:
        self._app = app
        self.view: LiveView | None = None
        self._timer: Timer | None = None
        self.take: Take | BoardTake | None = None
        self._taken = ""  # the source that is recorded

    @property
    def on(self) -> bool:
        """Whether boards run on."""
        return self.view is not None

    @property
    def now(self) -> float:
        """How far the boards have come, in s."""
        return self.view.session.now if self.view is not None else 0.0

    @property
    def acted(self) -> float:
        """When a knob was turned last, or a pulse sent, in s."""
        return max(0.0, self.view.session.acted) if self.view is not None else 0.0

    def start(self) -> None:
        """Let the board run on as it is set."""
        app = self._app
        if app.desk is not boards:
            app.notify(_("Live runs a board; a chip's neuron is run anew at every turn of a knob."))
            return
        if boards.is_network(app.base):
            app.notify(_("Live runs one board; choose an experiment with a single board (e)."))
            return
        self.end()
        try:
            self.view = LiveView(app.experiment, app.runs.backends, {s.name: s.shown for s in app.sources.values()})
        except LuisimError as error:
            app.notify(said(str(error)), severity="error", markup=False)
            return
        app.paused = False
        self._timer = app.scope.set_interval(FRAME, self._tick)
        self._show(numbers=True, width=WINDOW)

    def end(self) -> None:
        """End the live boards, and what is recorded of them."""
        self.end_take()
        if self._timer is not None:
            self._timer.stop()
        if self.view is not None:
            self.view.close()
        self.view = self._timer = None

    def toggle(self, name: str) -> None:
        """Let a source run as well, or no longer, as it is shown; the others go on. What is recorded goes on in any case."""
        assert self.view is not None
        app = self._app
        if app.sources[name].shown and name not in self.view.session.runs:
            self.view.join(next(backend for backend in app.runs.backends if backend.name == name))
        elif not app.sources[name].shown and not (self.take is not None and name == self._taken):
            self.view.session.leave(name)
        self._show(numbers=True)

    def begin_take(self) -> None:
        """Record the first source that is seen. Raises :class:`LuisimError` if that cannot be."""
        assert self.view is not None
        session = self.view.session
        first = next((name for name, source in self._app.sources.items() if source.visible and name in session.runs), None)
        if first is None:
            raise UnsupportedExperiment(_("There is nothing to record yet; turn a source on."))
        from firmware_bridge.live import LiveBoard
        from firmware_bridge.take import Take

        run = session.runs[first]
        self.take = run.record() if isinstance(run, LiveBoard) else Take(session, first)
        self._taken = first

    def end_take(self) -> None:
        """Close the recording."""
        if self.take is not None:
            self.take.close()
        self.take = None

    def _keep(self) -> None:
        if self.take is not None:
            try:
                self.take.keep()
            except LuisimError as error:
                self.take = None
                self._app.notify(said(str(error)), title=_("Recording"), severity="error", timeout=10, markup=False)

    def do(self, action: Lui | Pulse) -> None:
        """Let every live board do this."""
        assert self.view is not None
        try:
            self.view.do(action)
        except UnsupportedExperiment as error:
            self._fall_back(str(error))

    def pause(self, still: bool) -> None:
        """Stand still with all that is kept to look back through, or go on."""
        if self.view is not None:
            self.view.pause(still)
            if still:
                for source in self._app.sources.values():
                    self._app.sources[source.name] = self.view.shown(source)
                self._app.scope.hold(tuple(self._app.sources.values()))

    def _tick(self) -> None:
        if self.view is None:
            return
        self._tell_news(self.view)
        if self.view.still:
            return
        try:
            if self.view.tick(self._app.scope.window.cell, self._app.size.width, self._app.app_focus):
                self._keep()
                self._show(numbers=self.view.numbers_due)
        except LuisimError as error:
            self._fall_back(str(error))

    def _tell_news(self, view: LiveView) -> None:
        """A board was unplugged, or is back."""
        for name, trouble in view.news():
            title = self._app.sources[name].title
            if trouble:
                self._app.notify(said(trouble), title=title, severity="warning", timeout=10, markup=False)
            else:
                self._app.notify(_("It is back."), title=title)

    def _fall_back(self, reason: str) -> None:
        """Single runs still work where a live one does not."""
        self._app.notify(said(reason), title=_("Back to single runs"), severity="error", timeout=10, markup=False)
        self._app.action_live()

    def _show(self, *, numbers: bool, width: float | None = None) -> None:
        assert self.view is not None
        app = self._app
        for source in app.sources.values():
            app.sources[source.name] = self.view.shown(source)
        shown = replace(app.experiment, stimuli=app.experiment.stimuli + self.view.stimuli)
        app.scope.roll(tuple(app.sources.values()), shown, app.board, self.view.session.now, width)
        if numbers:
            # of what is seen alone: numbers from before a knob was turned belong to another board
            app.readings.show([since(source, app.scope.window.start) for source in app.sources.values()])
            app.show_status()
