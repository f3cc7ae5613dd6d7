# SPDX-License-Identifier: GPL-3.0-or-later
"""Scope: the widget that shows the traces, and which stretch of time is seen of them."""

from collections.abc import Sequence

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from luisim.experiment import Experiment
from luisim.lui.network import Lui
from tui.render import Window
from tui.widgets import view
from tui.widgets.chart import AXIS, MARGIN, Line, draw
from tui.widgets.glyphs import Glyphs
from tui.widgets.source import Source
from tui.widgets.view import Reach, ViewName

ZOOM = 1.5
_PAN = 0.25  # of the window
_LEAST_WIDTH = 2e-3  # s


class Scope(Widget):
    """Draws sources; the wheel zooms around the mouse, dragging and the sideways wheel move along the time axis."""

    ALLOW_SELECT = False

    class Moved(Message):
        """Another stretch of time is seen."""

    def __init__(self, experiment: Experiment[Lui], *, glyphs: str = "braille", id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.view: ViewName = "overlay"
        self.residual = False
        self.follows = True  # the window fits itself to the traces, until a person has moved it or turned a knob
        self._plain = glyphs == "ascii"
        self._glyphs = Glyphs.named(glyphs)
        self._experiment = experiment
        self._board = ""
        self._sources: tuple[Source, ...] = ()
        self._reach = Reach(0.0, experiment.duration)
        self._lines: tuple[Line, ...] | None = None
        self._held: tuple[int, Reach] | None = None

    def show(self, sources: Sequence[Source], experiment: Experiment[Lui], board: str) -> None:
        """Draw these; ``experiment`` tells what goes in, ``board`` which one of a network is looked at."""
        self._sources, self._experiment, self._board = tuple(sources), experiment, board
        if self.follows:
            self._reach = view.fit(self._sources, self.view, experiment.duration)
        self._redraw()

    def roll(
        self, sources: Sequence[Source], experiment: Experiment[Lui], board: str, now: float, width: float | None = None
    ) -> None:
        """Draw these up to ``now`` (s) at the right edge, in whole cells; ``width`` in s, as it is by default."""
        self._sources, self._experiment, self._board = tuple(sources), experiment, board
        self.follows = False
        width = self._reach.width if width is None else width
        cell = width / self.window.columns
        start = max(0.0, (int(now / cell) + 1) * cell - width)
        self._reach = Reach(start, start + width)
        if self.view == "aligned":
            self._reach = view.fit(self._sources, self.view, width)
        self._redraw()

    def look(self, name: ViewName) -> None:
        """Change the view and fit the window to it."""
        self.view = name
        self.fit()

    def fit(self) -> None:
        """Show three to five inter-spike intervals, or all if there are fewer."""
        self.follows = True
        self._reach = view.fit(self._sources, self.view, self._experiment.duration)
        self._redraw()

    def zoom(self, factor: float, around: float | None = None) -> None:
        """Show ``factor`` times as much, keeping the time ``around`` (s; the middle by default) where it is."""
        centre = (self._reach.start + self._reach.stop) / 2 if around is None else around
        whole = view.reach(self._sources, self.view, self._experiment.duration)
        width = min(max(_LEAST_WIDTH, whole.width), max(_LEAST_WIDTH, self._reach.width * factor))
        start = centre - (centre - self._reach.start) * width / self._reach.width
        self._see(Reach(start, start + width))

    def pan(self, by: float) -> None:
        """Move along by a part of the window."""
        shift = by * self._reach.width
        self._see(Reach(self._reach.start + shift, self._reach.stop + shift))

    @property
    def window(self) -> Window:
        """What is seen, in cells."""
        return Window.of(self._reach.start, self._reach.width, max(1, self.size.width - MARGIN))

    @property
    def text(self) -> str:
        """The picture without its colours."""
        return "\n".join("".join(run.text for run in line) for line in self._picture())

    @property
    def unaligned(self) -> tuple[str, ...]:
        """Labels of the sources that the view cannot show because they have no spike to align on."""
        drawn = {source.name for _, source, _, _ in view.drawn(self._sources, self.view)}
        return tuple(source.label for source in self._sources if source.visible and source.name not in drawn)

    def _see(self, reach: Reach) -> None:
        """Show ``reach``, shifted so that it does not leave the traces."""
        whole = view.reach(self._sources, self.view, self._experiment.duration)
        start = max(whole.start, min(reach.start, whole.stop - reach.width))
        self._reach = Reach(start, start + reach.width)
        self.follows = False
        self._redraw()
        self.post_message(self.Moved())

    def _redraw(self) -> None:
        self._lines = None
        self.refresh()

    # ------------------------------------------------------------------------------------------------------------ how it looks

    def _picture(self) -> tuple[Line, ...]:
        """The lines at the present size; drawn when they are first needed, so a hidden scope costs nothing."""
        if self._lines is None:
            inputs = view.inputs(self._experiment, self._board, self._sources)
            rows = max(4, self.size.height - (3 if inputs else 2))
            raster = view.raster(self._sources, self.view, self._board, rows // 2, plain=self._plain)
            rows -= len(raster)
            panes = view.panes(self._sources, self.view, rows, residual=self.residual)
            marks = view.marks(self._sources, self.view, plain=self._plain)
            # inputs belong to the run's own time, which an aligned view has given up
            shown = inputs if self.view != "aligned" else self._shifted(inputs)
            self._lines = draw(panes, self.window, marks, shown, self._glyphs, raster)
        return self._lines

    def _shifted(self, inputs: list[tuple[float, float, str]]) -> list[tuple[float, float, str]]:
        """The inputs on the time axis of the first source shown."""
        shown = view.drawn(self._sources, self.view)
        start = shown[0][3] if shown else 0.0
        return [(on - start, off - start, label) for on, off, label in inputs]

    def render_line(self, y: int) -> Strip:
        """One line of the picture in the colours of the theme."""
        width = self.size.width
        lines = self._picture()
        if y >= len(lines):
            return Strip.blank(width, self.rich_style)
        dark = self.app.current_theme.dark
        plain = self.rich_style
        inks = {i: plain + Style(color=s.look.dark if dark else s.look.light) for i, s in enumerate(self._sources)}
        inks[AXIS] = plain + Style(dim=True)
        segments = [Segment(run.text, inks.get(run.ink, inks[AXIS])) for run in lines[y]]
        return Strip(segments).adjust_cell_length(width, plain)

    def on_resize(self) -> None:
        """The same stretch of time in another number of cells."""
        self._redraw()

    # ------------------------------------------------------------------------------------------------------------ the mouse

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Closer; with shift or ctrl: earlier."""
        event.stop()
        self._wheel(event, 1 / ZOOM, -1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Farther; with shift or ctrl: later."""
        event.stop()
        self._wheel(event, ZOOM, 1)

    def _wheel(self, event: events.MouseEvent, factor: float, direction: int) -> None:
        if event.shift or event.ctrl:
            self.pan(direction * _PAN)
        else:
            window = self.window
            self.zoom(factor, window.start + (event.x - MARGIN) * window.cell)

    def on_mouse_scroll_left(self, event: events.MouseScrollLeft) -> None:
        """Earlier."""
        event.stop()
        self.pan(-_PAN)

    def on_mouse_scroll_right(self, event: events.MouseScrollRight) -> None:
        """Later."""
        event.stop()
        self.pan(_PAN)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of the traces."""
        self._held = (event.screen_x, self._reach)
        self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Pull them along."""
        if self._held is not None and event.screen_x != self._held[0]:
            place, reach = self._held
            shift = (place - event.screen_x) * self.window.cell
            self._see(Reach(reach.start + shift, reach.stop + shift))

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Let go."""
        self._held = None
        self.release_mouse()
