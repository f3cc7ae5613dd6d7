# SPDX-License-Identifier: GPL-3.0-or-later
"""Knob: something to turn on one row: name, sign switch, bar and value; for keys, wheel, click, drag and typed values."""

from dataclasses import dataclass
from typing import Any, ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from luisim.errors import ParameterError
from tui.language import N_, _
from tui.screens.value_entry import ValueEntry
from tui.sentences import said
from tui.widgets.plain import spelled
from tui.widgets.trimmer import Turnable

_STEP, _STRIDE = 0.01, 0.10
_LABEL, _SIGN, _VALUE = 7, 2, 16  # cells; the bar takes what is left
_NARROW, _SHORT = 36, 8  # cells: below so many, as three stand side by side, a value gets less


class Knob(Widget, can_focus=True):
    """Shows one value of ``parameters`` and changes it as ``trimmer`` says; ``original`` is where a reset goes.

    ``plain``: write ``tau`` for ``τ``.
    """

    ALLOW_SELECT = False  # dragging must not select text
    COMPONENT_CLASSES: ClassVar[set[str]] = {"knob--bar", "knob--rest", "knob--excites", "knob--inhibits"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", f"step({-_STEP})", N_("−1 %"), show=False, id="knob.less", tooltip=N_("turn down by 1 %")),
        Binding("right", f"step({_STEP})", N_("+1 %"), show=False, id="knob.more", tooltip=N_("turn up by 1 %")),
        Binding(
            "shift+left,pagedown", f"step({-_STRIDE})", N_("−10 %"), show=False, id="knob.back", tooltip=N_("turn down by 10 %")
        ),
        Binding(
            "shift+right,pageup", f"step({_STRIDE})", N_("+10 %"), show=False, id="knob.ahead", tooltip=N_("turn up by 10 %")
        ),
        Binding("home", "go(0)", N_("Least"), show=False, id="knob.least", tooltip=N_("turn down to the stop")),
        Binding("end", "go(1)", N_("Most"), show=False, id="knob.most", tooltip=N_("turn up to the stop")),
        Binding("space", "flip", N_("Sign"), show=False, id="knob.flip", tooltip=N_("weights: excitatory + or inhibitory −")),
        Binding("enter", "type", N_("Type"), show=False, id="knob.type", tooltip=N_("type a value, such as 4.7k or 2.4 V")),
        Binding(
            "backspace,delete", "reset", N_("Reset"), show=False, id="knob.reset", tooltip=N_("back to the experiment's value")
        ),
        Binding("up", "previous", N_("Up"), show=False, id="knob.previous", tooltip=N_("the knob above")),
        Binding("down", "next", N_("Down"), show=False, id="knob.next", tooltip=N_("the knob below")),
    ]

    parameters: reactive[Any] = reactive(None)

    @dataclass
    class Turned(Message):
        """A person has set ``knob``; its ``parameters`` are the new ones."""

        knob: "Knob"
        parameters: Any

        @property
        def control(self) -> "Knob":
            """The knob, for ``@on`` with a selector."""
            return self.knob

    def __init__(self, trimmer: Turnable, parameters: Any, *, plain: bool = False, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self.trimmer = trimmer
        self.original = parameters
        self.set_reactive(Knob.parameters, parameters)
        self.tooltip = _(trimmer.tooltip)
        self._spelled = spelled if plain else str
        self._dragged = False

    # ------------------------------------------------------------------------------------------------------------ what it does

    def action_step(self, by: float) -> None:
        """Turn by a part of the whole way."""
        self._set(self.trimmer.stepped(self.parameters, by))

    def action_go(self, turn: float) -> None:
        """Turn to a place on the way."""
        self._turn_to(turn)

    def action_flip(self) -> None:
        """Throw the sign switch."""
        self._set(self.trimmer.flipped(self.parameters))

    def action_reset(self) -> None:
        """Back to where the experiment has it, the sign too."""
        self._set(self.trimmer.copied(self.parameters, self.original))

    def action_previous(self) -> None:
        """The knob above; from the first one to the last, and not into the panel of a lesson."""
        self.screen.focus_previous(Knob)

    def action_next(self) -> None:
        """The knob below."""
        self.screen.focus_next(Knob)

    def action_type(self) -> None:
        """Ask for a value."""
        title = self.trimmer.title(self.parameters)
        self.app.push_screen(ValueEntry(title, _("for example {text}").format(text=self.trimmer.examples()), self._accept))

    def _accept(self, text: str) -> str:
        """Take a typed value; the reason if it cannot be taken."""
        try:
            self._set(self.trimmer.typed(text, self.parameters))
        except ParameterError as error:
            return said(str(error))
        return ""

    def _turn_to(self, turn: float) -> None:
        self._set(self.trimmer.turned(self.parameters, turn))

    def _set(self, parameters: Any) -> None:
        if parameters != self.parameters:
            self.parameters = parameters
            self.post_message(self.Turned(self, parameters))

    # ------------------------------------------------------------------------------------------------------------ how it looks

    def speak(self) -> None:
        """Say it in the language that is spoken now."""
        self.tooltip = _(self.trimmer.tooltip)
        self.refresh()

    @property
    def bar(self) -> tuple[int, int]:
        """First column and width of the bar."""
        start = _LABEL + _SIGN
        return start, max(2, self.content_size.width - start - self._value)

    @property
    def _value(self) -> int:
        """Cells for the value."""
        return _VALUE if self.content_size.width >= _NARROW else _SHORT

    def render(self) -> Text:
        """Name, sign, bar, value."""
        width = self.bar[1]
        at = round(self.trimmer.turn(self.parameters) * (width - 1))
        sign = self.trimmer.sign(self.parameters)
        text = Text(no_wrap=True, overflow="crop")
        text.append(f"{self._spelled(_(self.trimmer.label)):<{_LABEL}}")
        match sign:
            case 1:
                text.append("+ ", self.get_component_rich_style("knob--excites", partial=True))
            case -1:
                text.append("− ", self.get_component_rich_style("knob--inhibits", partial=True))
            case _:
                text.append("  ")
        text.append("━" * at, self.get_component_rich_style("knob--bar", partial=True))
        text.append("●")
        text.append("─" * (width - 1 - at), self.get_component_rich_style("knob--rest", partial=True))
        text.append(self._written().rjust(self._value))
        return text

    def _written(self) -> str:
        """The value; where there is little room its first number alone."""
        value = self._spelled(self.trimmer.text(self.parameters))
        if len(value) > self._value:
            value = value.partition("  ")[0]
        return value if len(value) <= self._value else value.replace(" ", "")

    # ------------------------------------------------------------------------------------------------------------ the mouse

    def on_mouse_down(self, event: events.MouseDown) -> None:
        """Throw the switch, or take hold of the bar."""
        place = event.get_content_offset(self)
        if place is None:
            return
        start, width = self.bar
        if self.trimmer.has_sign and _LABEL <= place.x < start:
            self.action_flip()
        elif start <= place.x < start + width:
            self.capture_mouse()
            self._dragged = True
            self._turn_to((place.x - start) / (width - 1))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Follow the mouse while it holds the bar."""
        if self._dragged:
            start, width = self.bar
            self._turn_to((event.x - self.gutter.left - start) / (width - 1))

    def on_mouse_up(self, event: events.MouseUp) -> None:
        """Let go."""
        self._dragged = False
        self.release_mouse()

    def on_click(self, event: events.Click) -> None:
        """A double click resets."""
        start, _ = self.bar
        on_switch = self.trimmer.has_sign and _LABEL <= event.x - self.gutter.left < start
        if event.chain == 2 and not on_switch:
            self.action_reset()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Up is more."""
        event.stop()
        self.action_step(_STRIDE if event.shift or event.ctrl else _STEP)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Down is less."""
        event.stop()
        self.action_step(-_STRIDE if event.shift or event.ctrl else -_STEP)
