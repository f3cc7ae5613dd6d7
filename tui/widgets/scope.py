# SPDX-License-Identifier: GPL-3.0-or-later
"""Scope: the display under a mouse: wheel, drag and click on the traces, the voltage axis, the scrubber and the cursors."""

from dataclasses import dataclass, replace
from typing import Literal

from textual import events

from tui.widgets.chart import MARGIN
from tui.widgets.cursors import Letter
from tui.widgets.display import Display
from tui.widgets.view import Reach

ZOOM = 1.5
_PAN = 0.25  # of the window
_GRIP = 1.5  # cells around a cursor in which it can be taken


@dataclass(frozen=True)
class _Held:
    """What a mouse button holds, where it took it, and what was seen then."""

    what: Literal["traces", "axis", "scrubber"] | Letter
    x: int
    y: int
    reach: Reach
    vertical: tuple[float, float]
    moved: bool = False


class Scope(Display):
    """The wheel zooms around the mouse, on the voltage axis that one; with shift or ctrl, and sideways, it moves along.

    Dragging moves the traces, on the voltage axis up and down, on the scrubber through all that is there; a cursor can be
    dragged. A click puts the active cursor there, on the voltage axis the trigger's level.
    """

    _held: _Held | None = None

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Closer; with shift or ctrl: earlier."""
        event.stop()
        self._wheel(event, 1 / ZOOM, -1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Farther; with shift or ctrl: later."""
        event.stop()
        self._wheel(event, ZOOM, 1)

    def _wheel(self, event: events.MouseEvent, factor: float, direction: int) -> None:
        if event.x < MARGIN:
            self.stretch(factor, self._level(event.y))
        elif event.shift or event.ctrl:
            self.pan(direction * _PAN)
        else:
            self.zoom(factor, self._time(event.x))

    def on_mouse_scroll_left(self, event: events.MouseScrollLeft) -> None:
        """Earlier."""
        event.stop()
        self.pan(-_PAN)

    def on_mouse_scroll_right(self, event: events.MouseScrollRight) -> None:
        """Later."""
        event.stop()
        self.pan(_PAN)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Take hold of what is under the mouse."""
        what: Literal["traces", "axis", "scrubber"] | Letter = "traces"
        near = self.cursors.near(self._time(event.x), _GRIP * self.window.cell)
        if event.y == self.scrubber_row:
            what = "scrubber"
        elif event.x < MARGIN:
            what = "axis"
        elif near is not None:
            what = near
        self._held = _Held(what, event.screen_x, event.screen_y, self._reach, self.vertical)
        self.capture_mouse()

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Pull it along."""
        held = self._held
        if held is None or (not held.moved and (event.screen_x, event.screen_y) == (held.x, held.y)):
            return
        self._held = replace(held, moved=True)
        match held.what:
            case "traces":
                shift = (held.x - event.screen_x) * self.window.cell
                self._see(Reach(held.reach.start + shift, held.reach.stop + shift))
            case "axis":
                low, high = held.vertical
                shift = (event.screen_y - held.y) * (high - low) / max(1, self._rows)
                self._vertical = low + shift, high + shift
                self._changed()
            case "scrubber":
                self._scrub_to(event.x)
            case letter:
                self.put_cursor(self._time(event.x), letter)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Let go; where nothing was moved it was a click."""
        held, self._held = self._held, None
        self.release_mouse()
        if held is None or held.moved:
            return
        if held.what == "scrubber":
            self._scrub_to(event.x)
        elif held.what == "axis" and self.trigger.mode != "off":
            self.set_trigger(replace(self.trigger, level=self._level(event.y)))
        elif held.what == "traces" and self.cursors.there:
            self.put_cursor(self._time(event.x))
        elif held.what in ("A", "B"):
            self.put_cursor(self._time(event.x), "A" if held.what == "A" else "B")

    def _time(self, x: int) -> float:
        """The middle of the cell at ``x``, in s."""
        window = self.window
        return window.start + (x - MARGIN + 0.5) * window.cell

    @property
    def _rows(self) -> int:
        """Of the first pane."""
        return max(1, self.first_pane)

    def _level(self, y: int) -> float:
        """The level that the row ``y`` of the first pane shows in its middle."""
        low, high = self.vertical
        return high - (min(y, self._rows - 1) + 0.5) / self._rows * (high - low)

    def _scrub_to(self, x: int) -> None:
        self.scrub((x - MARGIN + 0.5) / self.window.columns)
