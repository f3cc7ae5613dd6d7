# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys: what each key of the app does. The footer, the help and the command palette all read this one table."""

from textual.binding import Binding, BindingType

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
    Binding("v", "view", "View", show=False, id="view.next", tooltip="next view: overlay, aligned on the spike, lanes"),
    Binding("d", "residual", "Differences", show=False, id="view.residual", tooltip="differences Δ from the first source"),
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
    Binding("plus,equals_sign", "zoom(-1)", "Zoom in", show=False, id="window.in", tooltip="see less time, larger"),
    Binding("minus", "zoom(1)", "Zoom out", show=False, id="window.out", tooltip="see more time"),
    Binding("comma", "pan(-0.25)", "Earlier", show=False, id="window.earlier", tooltip="move to earlier times"),
    Binding("full_stop", "pan(0.25)", "Later", show=False, id="window.later", tooltip="move to later times"),
    Binding("0", "fit", "Fit", show=False, id="window.fit", tooltip="fit the window: about four spikes"),
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
    Binding("e", "experiments", "Experiments", id="experiments", tooltip="choose an experiment"),
    Binding("o", "lesson", "Lesson", id="lesson", tooltip="lessons beside the traces: open, go to, close"),
    Binding("i", "language", "Deutsch", show=False, id="language", tooltip="Deutsch or English"),
    Binding("z", "reset", "Reset all", show=False, id="knobs.reset", tooltip="all knobs back, pulses off"),
    Binding("t", "theme", "Light or dark", show=False, id="theme", tooltip="light or dark, for projectors"),
    Binding("question_mark", "help", "Help", id="help", tooltip="this page"),
    Binding("q", "quit", "Quit", show=False, id="quit", tooltip="leave"),
]
