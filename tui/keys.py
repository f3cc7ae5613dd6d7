# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys: what each key of the app does. The footer, the help and the command palette all read this one table."""

from textual.binding import Binding, BindingType

from tui.language import N_
from tui.notebook import NOTEBOOK_KEYS
from tui.scope_keys import SCOPE_KEYS

KEYS: list[BindingType] = [
    Binding("p", "pause", N_("Pause"), id="run.pause", tooltip=N_("pause: the traces stay while you turn; again: go on")),
    Binding("n", "once", N_("Run now"), show=False, id="run.once", tooltip=N_("run once, now (while paused)")),
    Binding(
        "l",
        "live",
        N_("Live"),
        id="run.live",
        tooltip=N_("the board runs on, knobs and pulses act at once; again: single runs"),
    ),
    *(
        Binding(
            f"{n}",
            f"pulses({n})",
            N_("Pulses"),
            id=f"input.{n}",
            tooltip=N_("pulses into this input: on, off; live: one pulse now"),
            group=Binding.Group(N_("Pulses")),
        )
        for n in (1, 2, 3)
    ),
    *SCOPE_KEYS,
    *NOTEBOOK_KEYS,
    Binding(
        "left_square_bracket",
        "board(-1)",
        N_("Board before"),
        show=False,
        id="board.previous",
        tooltip=N_("several: the board or neuron before"),
    ),
    Binding(
        "right_square_bracket",
        "board(1)",
        N_("Board after"),
        show=False,
        id="board.next",
        tooltip=N_("several: the board or neuron after"),
    ),
    Binding("u", "units", N_("Units"), id="units", tooltip=N_("a chip's membrane in LSB, its converter's steps, or in volt")),
    Binding(
        "w", "whole_chip", N_("All neurons"), id="chip.whole", tooltip=N_("a chip: these settings on all of its 512 neurons")
    ),
    Binding("e", "experiments", N_("Experiments"), id="experiments", tooltip=N_("choose an experiment")),
    Binding("o", "lesson", N_("Lesson"), id="lesson", tooltip=N_("lessons beside the traces: open, go to, close")),
    Binding("i", "language", N_("Deutsch"), show=False, id="language", tooltip=N_("Deutsch or English")),
    Binding("z", "reset", N_("Reset all"), show=False, id="knobs.reset", tooltip=N_("all knobs back, pulses off")),
    Binding("t", "theme", N_("Light or dark"), show=False, id="theme", tooltip=N_("next theme: dark, light, projector")),
    Binding("question_mark", "help", N_("Help"), id="help", tooltip=N_("this page")),
    Binding("q", "quit", N_("Quit"), show=False, id="quit", tooltip=N_("leave")),
    Binding(
        "ctrl+p",
        "command_palette",
        N_("Commands"),
        show=False,
        priority=True,
        id="palette",
        tooltip=N_("search all of this by its name"),
    ),
]
