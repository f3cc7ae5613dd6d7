# SPDX-License-Identifier: GPL-3.0-or-later
"""The notebook: the keys with which a person keeps something: markers and notes on the time axis, and a recording."""

from typing import TYPE_CHECKING

from textual.binding import Binding, BindingType

from luisim.errors import LuisimError
from tui.language import N_, _, decimal
from tui.screens.value_entry import ValueEntry
from tui.sentences import said

if TYPE_CHECKING:
    from tui.app import LuisimApp

NOTEBOOK_KEYS: list[BindingType] = [
    Binding(
        "x", "mark", N_("Marker"), show=False, id="note.mark", tooltip=N_("a numbered marker: live now, else at the cursor")
    ),
    Binding("X", "note", N_("Note"), show=False, id="note.write", tooltip=N_("a note in your own words, at the same place")),
    Binding(
        "R",
        "record",
        N_("Record"),
        show=False,
        id="record",
        tooltip=N_("live: record the first source into a folder; again: stop"),
    ),
]


def mark(app: "LuisimApp") -> None:
    """A marker with the next number."""
    _remark(app, _place(app), str(len(app.scope.remarks) + 1))


def note(app: "LuisimApp") -> None:
    """A note; its place is where it was begun."""
    at = _place(app)

    def accept(text: str) -> str:
        if text.strip():
            _remark(app, at, text.strip())
        return ""

    title = decimal(_("note at {time} s").format(time=f"{at:.3f}"))
    app.push_screen(ValueEntry(title, _("what happened here? such as: pot turned"), accept))


def record(app: "LuisimApp") -> None:
    """Begin a recording, or end it."""
    live = app.live
    if live.take is not None:
        kept = _('{time} s are in {folder}. To see them again: luisim app --on model --on "recording:{name}"')
        kept = kept.format(time=decimal(f"{live.take.time:.1f}"), folder=live.take.folder, name=live.take.folder.name)
        app.notify(kept, title=_("Recorded"), timeout=10, markup=False)
        live.end_take()
    elif not live.on:
        app.notify(_("A recording is made of live boards: press l first."))
    else:
        try:
            live.begin_take()
        except LuisimError as error:
            app.notify(said(str(error)), severity="error", markup=False)
    app.show_status()


def _place(app: "LuisimApp") -> float:
    """Where a remark belongs, on the run's own time: the present of live boards, else the cursor, else the middle."""
    if app.live.on and not app.paused:
        return app.live.now
    start = app.scope.drawn[0].start if app.scope.drawn else 0.0
    window, cursor = app.scope.window, app.scope.cursors.time
    return start + (cursor if cursor is not None else (window.start + window.stop) / 2)


def _remark(app: "LuisimApp", at: float, text: str) -> None:
    app.scope.remark(at, text)
    if app.live.take is not None:
        app.live.take.note(at, text)
