# SPDX-License-Identifier: GPL-3.0-or-later
"""Sliders without a browser, under the names of ipywidgets: ``interact`` calls its function once with the defaults."""

from collections.abc import Callable
from typing import Any

from luisim.pynn.simulator import logger


class Widget:
    """A control with a ``value``: the one it is given, moved into its range; else the lower end, or the first option."""

    def __init__(self, value: Any = None, **settings: Any) -> None:
        options = settings.get("options")
        if value is None and options:
            value = next(iter(options.values())) if isinstance(options, dict) else list(options)[0]  # noqa: RUF015
            value = value[1] if isinstance(value, tuple) and len(value) == 2 else value
        low, high = settings.get("min"), settings.get("max")
        if value is None:
            value = low if low is not None else self.empty
        if low is not None and not isinstance(value, tuple | list):
            value = max(low, value)
        if high is not None and not isinstance(value, tuple | list):
            value = min(high, value)
        self.value = value
        self.settings = settings

    empty: Any = 0

    def observe(self, *ignored: object, **named: object) -> None:
        """Nobody will ever move it."""

    on_click = on_trait_change = observe


class _Text(Widget):
    empty = ""


class _Switch(Widget):
    empty = False


IntSlider = FloatSlider = BoundedIntText = BoundedFloatText = IntText = FloatText = SelectionSlider = IntRangeSlider = Widget
FloatRangeSlider = FloatLogSlider = IntProgress = FloatProgress = Dropdown = RadioButtons = Select = ToggleButtons = Widget
Text = Textarea = Label = HTML = _Text
Checkbox = ToggleButton = Button = _Switch


class Box:
    """Controls beside each other: nothing is drawn."""

    def __init__(self, *ignored: object, **named: object) -> None:
        self.children = ignored


HBox = VBox = Output = Layout = Tab = Accordion = Box


class fixed:  # noqa: N801  # the name it has there
    """A value without a control."""

    def __init__(self, value: Any) -> None:
        self.value = value


def _default(given: Any) -> Any:
    """The value of a control, or the one that ipywidgets makes of a short form: (min, max[, step]) starts in its middle."""
    if isinstance(given, Widget | fixed):
        return given.value
    if isinstance(given, tuple) and len(given) in (2, 3) and all(isinstance(part, int | float) for part in given):
        low, high = given[:2]
        return (low + high) // 2 if all(isinstance(part, int) for part in given) else 0.5 * (low + high)
    if isinstance(given, list | tuple) and given:
        return given[0]
    if isinstance(given, dict) and given:
        return next(iter(given.values()))
    return given


def interact(function: Callable[..., Any] | None = None, **controls: Any) -> Any:
    """Call the function once with the controls' defaults. Used with arguments, as a decorator, or both."""

    def once(called: Callable[..., Any]) -> Callable[..., Any]:
        values = {name: _default(given) for name, given in controls.items()}
        logger.info("sliders of %s stay at %s", getattr(called, "__name__", "a function"), values)
        called(**values)
        return called

    return once if function is None else once(function)


interact_manual = interact
interactive = interact


def interactive_output(function: Callable[..., Any], controls: dict[str, Any]) -> Any:
    """Call the function once with the controls' defaults."""
    return interact(function, **controls)
