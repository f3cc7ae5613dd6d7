# SPDX-License-Identifier: GPL-3.0-or-later
"""Help: what is seen, every key (read off the bindings themselves, so it cannot go stale), how a recording was made."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from rich.console import Group
from rich.table import Table
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from tui.language import N_, _

_ABOUT = N_("""\
One neuron, several times: as the circuit of the board (solved by ngspice), as a model (a few equations), and as a recording \
of a real board. Turn a knob and see whether they still agree.

The membrane is charged towards V_leak. Where it reaches the threshold V_th, the neuron fires: a mark on the time axis, a \
pulse at the output, and the membrane is pulled down to 0. ISI, the inter-spike interval, is the time between two spikes. \
Keys 1, 2, 3 send a 15 ms pulse every 0.5 s into an input; its weight says how far that lifts (+) or lowers (−) the membrane.

A recording stays as it was recorded, whatever you turn.""")

_MOUSE = (
    (N_("wheel"), N_("on a knob: 1 % (shift: 10 %); on the traces: zoom (shift: move)")),
    (N_("drag"), N_("turns a knob, or moves the traces")),
    (N_("click"), N_("on + or − of a weight: flips it; on a row of the table: source on or off")),
    (N_("double click"), N_("on a knob: back to the experiment's value")),
)
_NAMES = {
    "question_mark": "?",
    "plus": "+",
    "equals_sign": "=",
    "minus": "-",
    "comma": ",",
    "full_stop": ".",
    "pageup": "page up",
    "pagedown": "page down",
}


class Help(ModalScreen[None]):
    """``groups``: (title, bindings) pairs; ``remarks``: sentences for the end, such as how a recorded board was set."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,q", "dismiss(None)", N_("Back"), id="help.back", tooltip=N_("back to the traces"))
    ]

    def __init__(self, groups: Sequence[tuple[str, Iterable[BindingType]]], remarks: Sequence[str]) -> None:
        super().__init__()
        self._groups, self._remarks = tuple(groups), tuple(remarks)

    def compose(self) -> ComposeResult:
        """One page to scroll."""
        parts: list[Text | Table] = [Text(_(_ABOUT))]
        for remark in self._remarks:
            parts.append(Text(f"\n{remark}"))
        for title, bindings in self._groups:
            parts += [Text(f"\n{_(title)}", "bold"), _table(_keys(bindings))]
        parts += [Text("\n" + _("Mouse"), "bold"), _table((_(keys), _(text)) for keys, text in _MOUSE)]
        with VerticalScroll(can_focus=True) as page:
            page.border_title = _("Help")
            page.border_subtitle = _("up, down: scroll    escape: back")
            yield Static(Group(*parts))


def _keys(bindings: Iterable[BindingType]) -> list[tuple[str, str]]:
    """Keys and what they do, of all bindings that say so."""
    found = []
    for binding in bindings:
        if isinstance(binding, Binding) and binding.tooltip:
            names = [_NAMES.get(key, key) for key in binding.key.split(",")]
            found.append((" ".join(names), _(binding.tooltip)))
    return found


def _table(rows: Iterable[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(width=20, style="bold")
    table.add_column()
    for keys, text in rows:
        table.add_row(keys, text)
    return table
