# SPDX-License-Identifier: GPL-3.0-or-later
"""ScopeKeys: the keys of the oscilloscope and what they do to the scope of the app that they are mixed into."""

from typing import TYPE_CHECKING

from textual.binding import Binding, BindingType

from tui.widgets.scope import ZOOM, Scope
from tui.widgets.view import VIEWS

if TYPE_CHECKING:
    from tui.widgets.cursors import Letter


def _key(keys: str, action: str, name: str, id_: str, tooltip: str) -> Binding:
    return Binding(keys, action, name, show=False, id=id_, tooltip=tooltip)


SCOPE_KEYS: list[BindingType] = [
    _key("v", "view", "View", "view.next", "next view: overlay, aligned on the spike, lanes"),
    _key("d", "residual", "Differences", "view.residual", "differences Δ from the first source"),
    _key("plus,equals_sign", "zoom(-1)", "Zoom in", "window.in", "see less time, larger"),
    _key("minus", "zoom(1)", "Zoom out", "window.out", "see more time"),
    _key("comma", "pan(-0.25)", "Earlier", "window.earlier", "move to earlier times"),
    _key("full_stop", "pan(0.25)", "Later", "window.later", "move to later times"),
    _key("y", "stretch(-1)", "Fewer volts", "axis.in", "see fewer volts, larger"),
    _key("Y", "stretch(1)", "More volts", "axis.out", "see more volts"),
    _key("ctrl+up", "lift(0.1)", "Higher", "axis.up", "move to higher voltages"),
    _key("ctrl+down", "lift(-0.1)", "Lower", "axis.down", "move to lower voltages"),
    _key("0", "fit", "Fit", "window.fit", "fit the window: about four spikes, all volts"),
    _key("k", "measure", "Measure", "measure", "measurements, drawn where they were read: on, off"),
    _key("a", "cursor('A')", "Cursor A", "cursor.a", "cursor A: put it in, take it up, take it away"),
    _key("b", "cursor('B')", "Cursor B", "cursor.b", "cursor B: put it in, take it up, take it away"),
    _key("left_parenthesis", "move_cursor(-1)", "Cursor left", "cursor.left", "the cursor one cell to the left"),
    _key("right_parenthesis", "move_cursor(1)", "Cursor right", "cursor.right", "the cursor one cell to the right"),
    _key("left_curly_bracket", "next_spike(-1)", "Spike before", "cursor.back", "the cursor to the spike before"),
    _key("right_curly_bracket", "next_spike(1)", "Next spike", "cursor.ahead", "the cursor to the next spike"),
    _key("s", "next_trace", "Snap to", "cursor.trace", "the cursors to the next trace"),
    _key("g", "trigger", "Trigger", "trigger.mode", "trigger: off, auto, normal, single; it puts 0 s at the crossing"),
    _key("G", "edge", "Edge", "trigger.edge", "trigger on the rising or the falling edge"),
    _key("less_than_sign", "level(-1)", "Level down", "trigger.down", "the trigger's level down"),
    _key("greater_than_sign", "level(1)", "Level up", "trigger.up", "the trigger's level up"),
    _key("h", "hysteresis", "Hysteresis", "trigger.hysteresis", "how far it must go back before the trigger fires again"),
]


class ScopeKeys:
    """Actions of an app that has a ``scope``; ``show_status`` comes by itself, whenever the scope says that it has moved."""

    scope: Scope

    def action_view(self) -> None:
        """The next view."""
        self.scope.look(VIEWS[(VIEWS.index(self.scope.view) + 1) % len(VIEWS)])

    def action_residual(self) -> None:
        """The lane of differences on or off."""
        self.scope.toggle_residual()

    def action_zoom(self, direction: int) -> None:
        """See more time (1) or less (-1)."""
        self.scope.zoom(ZOOM**direction)

    def action_pan(self, by: float) -> None:
        """Move along the time axis by a part of the window."""
        self.scope.pan(by)

    def action_stretch(self, direction: int) -> None:
        """See more volts (1) or fewer (-1)."""
        self.scope.stretch(ZOOM**direction)

    def action_lift(self, by: float) -> None:
        """Move along the voltage axis by a part of it."""
        self.scope.lift(by)

    def action_fit(self) -> None:
        """See about four spikes."""
        self.scope.fit()

    def action_measure(self) -> None:
        """Measurements on or off."""
        self.scope.toggle_measuring()

    def action_cursor(self, letter: "Letter") -> None:
        """A cursor in, taken up, or away."""
        self.scope.toggle_cursor(letter)

    def action_move_cursor(self, by: int) -> None:
        """The active cursor by cells."""
        self.scope.move_cursor(by)

    def action_next_spike(self, direction: int) -> None:
        """The active cursor to the next spike."""
        self.scope.next_spike(direction)

    def action_next_trace(self) -> None:
        """Another trace for the cursors."""
        self.scope.next_trace()

    def action_trigger(self) -> None:
        """The next mode of the trigger."""
        self.scope.set_trigger(self.scope.trigger.next_mode())

    def action_edge(self) -> None:
        """The other edge."""
        self.scope.set_trigger(self.scope.trigger.other_edge())

    def action_level(self, by: int) -> None:
        """The level by steps."""
        self.scope.move_level(by)

    def action_hysteresis(self) -> None:
        """The next width."""
        self.scope.next_hysteresis()
