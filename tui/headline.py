# SPDX-License-Identifier: GPL-3.0-or-later
"""Headline: what the line at the top says of an app: what is set, and what is seen."""

from typing import TYPE_CHECKING

from tui.language import _
from tui.widgets.units import si

if TYPE_CHECKING:
    from tui.app import LuisimApp


def headline(app: "LuisimApp") -> list[str]:
    """The fields, the most important first; "" where there is nothing to say."""
    sources, scope = app.sources.values(), app.scope
    changed = app.experiment != app.base
    busy = [f"{s.title} … {s.done:.0%}" if s.done else f"{s.title} …" for s in sources if s.late]
    recorded = changed and any(s.visible and s.is_recording for s in sources)
    view = {"overlay": "", "aligned": _("aligned on the spike"), "lanes": _("lanes")}[scope.view]
    lost = scope.unaligned
    several = len(app.desk.names(app.base)) > 1
    pulsed = [str(number) for board, number in sorted(app.trains) if board == app.board]
    return [
        _mode(app),
        app.base.name,
        _("(changed)") if changed else "",
        ", ".join(busy),
        _("recording {time} s").format(time=f"{app.live.take.time:.0f}") if app.live.take is not None else "",
        scope.state,
        _("{noun} {name}, [ ] others").format(noun=_(app.desk.NOUN), name=app.board) if several else "",
        _("pulses: {inputs}").format(inputs=" ".join(pulsed)) if app.trains else "",
        _("recording: as it was recorded") if recorded else "",
        _("no spike to align: {names}").format(names=", ".join(lost)) if lost else "",
        view,
        _("seen: {time}").format(time=si(scope.window.stop - scope.window.start, "s", 3)),
    ]


def _mode(app: "LuisimApp") -> str:
    if app.live.on:
        return _("○ LIVE, paused") if app.paused else _("● LIVE")
    return _("○ PAUSED, n: run once") if app.paused else _("● RUN")
