# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys: what each key of the app does. The footer, the help and the command palette all read this one table."""

from textual.binding import Binding, BindingType

from tui.notebook import NOTEBOOK_KEYS
from tui.scope_keys import SCOPE_KEYS

KEYS: list[BindingType] = [
    Binding("p", "pause", "Pause", id="run.pause", tooltip="pause: the traces stay while you turn; again: go on"),
    Binding("n", "once", "Run now", show=False, id="run.once", tooltip="run once, now (while paused)"),
    Binding(
        "l",
        "live",
        "Live",
        id="run.live",
        tooltip="the board runs on, knobs and pulses act at once; again: single runs",
    ),
    *(
        Binding(
            f"{n}",
            f"pulses({n})",
            "Pulses",
            id=f"input.{n}",
            tooltip=f"pulses into input {n}: on, off; live: one pulse now",
            group=Binding.Group("Pulses"),
        )
        for n in (1, 2, 3)
    ),
    *SCOPE_KEYS,
    *NOTEBOOK_KEYS,
    Binding(
        "left_square_bracket",
        "board(-1)",
        "Board before",
        show=False,
        id="board.previous",
        tooltip="several: the board or neuron before",
    ),
    Binding(
        "right_square_bracket",
        "board(1)",
        "Board after",
        show=False,
        id="board.next",
        tooltip="several: the board or neuron after",
    ),
    Binding("u", "units", "Units", id="units", tooltip="a chip's membrane in LSB, its converter's steps, or in volt"),
    Binding("w", "whole_chip", "All neurons", id="chip.whole", tooltip="a chip: these settings on all of its 512 neurons"),
    Binding("e", "experiments", "Experiments", id="experiments", tooltip="choose an experiment"),
    Binding("o", "lesson", "Lesson", id="lesson", tooltip="lessons beside the traces: open, go to, close"),
    Binding("i", "language", "Deutsch", show=False, id="language", tooltip="Deutsch or English"),
    Binding("z", "reset", "Reset all", show=False, id="knobs.reset", tooltip="all knobs back, pulses off"),
    Binding("t", "theme", "Light or dark", show=False, id="theme", tooltip="next theme: dark, light, projector"),
    Binding("question_mark", "help", "Help", id="help", tooltip="this page"),
    Binding("q", "quit", "Quit", show=False, id="quit", tooltip="leave"),
]
