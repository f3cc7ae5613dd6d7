# SPDX-License-Identifier: GPL-3.0-or-later
"""ScopeKeys: the keys of the oscilloscope and what they do to the scope of the app that they are mixed into."""

from typing import TYPE_CHECKING

from textual.binding import Binding, BindingType

from tui.language import N_
from tui.widgets.scope import ZOOM, Scope
from tui.widgets.view import VIEWS

if TYPE_CHECKING:
    from tui.widgets.cursors import Letter


def _key(keys: str, action: str, name: str, id_: str, tooltip: str) -> Binding:
    return Binding(keys, action, name, show=False, id=id_, tooltip=tooltip)


SCOPE_KEYS: list[BindingType] = [
    _key("v", "view", N_("View"), "view.next", N_("next view: overlay, aligned on the spike, lanes")),
    _key("d", "residual", N_("Differences"), "view.residual", N_("differences Δ from the first source")),
    _key("plus,equals_sign", "zoom(-1)", N_("Zoom in"), "window.in", N_("see less time, larger")),
    _key("minus", "zoom(1)", N_("Zoom out"), "window.out", N_("see more time")),
    _key("comma", "pan(-0.25)", N_("Earlier"), "window.earlier", N_("move to earlier times")),
    _key("full_stop", "pan(0.25)", N_("Later"), "window.later", N_("move to later times")),
    _key("y", "stretch(-1)", N_("Fewer volts"), "axis.in", N_("see fewer volts, larger")),
    _key("Y", "stretch(1)", N_("More volts"), "axis.out", N_("see more volts")),
    _key("ctrl+up", "lift(0.1)", N_("Higher"), "axis.up", N_("move to higher voltages")),
    _key("ctrl+down", "lift(-0.1)", N_("Lower"), "axis.down", N_("move to lower voltages")),
    _key("0", "fit", N_("Fit"), "window.fit", N_("fit the window: about four spikes, all volts")),
    _key("k", "measure", N_("Measure"), "measure", N_("measurements, drawn where they were read: on, off")),
    _key("a", "cursor('A')", N_("Cursor A"), "cursor.a", N_("cursor A: put it in, take it up, take it away")),
    _key("b", "cursor('B')", N_("Cursor B"), "cursor.b", N_("cursor B: put it in, take it up, take it away")),
    _key("left_parenthesis", "move_cursor(-1)", N_("Cursor left"), "cursor.left", N_("the cursor one cell to the left")),
    _key("right_parenthesis", "move_cursor(1)", N_("Cursor right"), "cursor.right", N_("the cursor one cell to the right")),
    _key("left_curly_bracket", "next_spike(-1)", N_("Spike before"), "cursor.back", N_("the cursor to the spike before")),
    _key("right_curly_bracket", "next_spike(1)", N_("Next spike"), "cursor.ahead", N_("the cursor to the next spike")),
    _key("s", "next_trace", N_("Snap to"), "cursor.trace", N_("the cursors to the next trace")),
    _key("g", "trigger", N_("Trigger"), "trigger.mode", N_("trigger: off, auto, normal, single; it puts 0 s at the crossing")),
    _key("G", "edge", N_("Edge"), "trigger.edge", N_("trigger on the rising or the falling edge")),
    _key("less_than_sign", "level(-1)", N_("Level down"), "trigger.down", N_("the trigger's level down")),
    _key("greater_than_sign", "level(1)", N_("Level up"), "trigger.up", N_("the trigger's level up")),
    _key("h", "hysteresis", N_("Hysteresis"), "trigger.hysteresis", N_("how far it must go back before it fires again")),
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
