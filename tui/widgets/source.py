# SPDX-License-Identifier: GPL-3.0-or-later
"""Source: one back end as the app shows it: its look, its key, whether it is on, its newest trace."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from luisim.experiment import Experiment
from luisim.lui.network import Lui
from luisim.trace import Trace
from tui.language import N_, _


@dataclass(frozen=True)
class Look:
    """How the traces of a source are told apart: by colour, by dashes (cells drawn, of cells), by the mark at a spike.

    ``dark``, ``light``: the colour on a dark and on a light theme. Colours are from the palette of Okabe and Ito, which
    colour-blind people can tell apart; on white they need darker relatives to be seen at all.
    """

    glyph: str
    plain_glyph: str
    dash: tuple[int, int]
    dark: str
    light: str

    @property
    def sample(self) -> str:
        """Four cells of the line, for a legend."""
        return "".join("━" if cell % self.dash[1] < self.dash[0] else " " for cell in range(4))


# first comes what lies on top
_LOOKS = {
    N_("board"): Look("●", "*", (1, 1), "#f0f0f0", "#1a1a1a"),
    N_("recording"): Look("▲", "^", (1, 1), "#56b4e9", "#0072b2"),
    N_("circuit"): Look("△", "A", (2, 3), "#e69f00", "#d55e00"),
    N_("model"): Look("◇", "o", (1, 2), "#cc79a7", "#7d3c98"),
}
_SPARE = (
    Look("▼", "v", (3, 4), "#009e73", "#006b4e"),
    Look("▽", "V", (2, 4), "#f0e442", "#7a6f00"),
    Look("◆", "x", (1, 3), "#d55e00", "#a04000"),
)
_DIGITS = "456789"  # keys where the kind's letter is taken; 1 to 3 are pulses


@dataclass(frozen=True)
class Source:
    """``name``: of the back end; ``label``: what a person reads; ``key``: turns it on and off, "" if none was left.

    ``asked``: the experiment that it was asked for last; ``ran``: the one that ``trace`` belongs to; ``whole``: the trace of
    the network, of which ``trace`` is one board. ``done``: how much of a run is over. ``failure``: why there is no trace.
    ``late``: it takes so long that a person should know.
    """

    name: str
    label: str
    look: Look
    key: str
    shown: bool = True
    asked: Experiment[Lui] | None = None
    ran: Experiment[Lui] | None = None
    trace: Trace | None = None
    whole: Trace | None = None
    done: float = 0.0
    failure: str = ""
    late: bool = False

    @property
    def title(self) -> str:
        """The label in the language that is spoken."""
        return _(self.label)

    @property
    def is_recording(self) -> bool:
        """Whether it stays as it is, whatever is set."""
        return self.name.startswith("recording")

    @property
    def waiting(self) -> bool:
        """Whether what is shown is not yet what was asked for."""
        return self.shown and self.asked is not self.ran

    @property
    def visible(self) -> bool:
        """Whether there is something to draw."""
        return self.shown and self.trace is not None

    def off(self) -> "Source":
        """Switched off; its trace is forgotten because it will soon be stale."""
        return replace(self, shown=False, asked=None, ran=None, trace=None, whole=None, done=0.0, late=False)


def sources_of(names: Sequence[str], taken_keys: frozenset[str] = frozenset()) -> tuple[Source, ...]:
    """Sources for back ends of these names, what lies on top first. ``taken_keys`` stay as they are."""
    found: tuple[Source, ...] = ()
    for name in sorted(names, key=_rank):
        found = with_source(found, name, taken_keys)
    return found


def with_source(sources: Sequence[Source], name: str, taken_keys: frozenset[str] = frozenset()) -> tuple[Source, ...]:
    """The sources and one more for the back end ``name``. The others keep their looks and keys."""
    kind = _kind(name)
    worn, keys = [source.look for source in sources], {*taken_keys, *(source.key for source in sources)}
    looks = [*([_LOOKS[kind]] if kind in _LOOKS else []), *_SPARE]
    look = next((look for look in looks if look not in worn), looks[len(sources) % len(looks)])
    key = next((key for key in (kind[0].lower(), kind[0].upper(), *_DIGITS) if key not in keys), "")
    kinds = [kind, *(_kind(source.name) for source in sources)]
    found = [*sources, Source(name, kind, look, key)]
    named = [replace(one, label=_label(one.name, kinds.count(_kind(one.name)) > 1)) for one in found]
    return tuple(sorted(named, key=lambda source: _rank(source.name)))


def _kind(name: str) -> str:
    return name.partition(":")[0]


def _rank(name: str) -> int:
    """What lies on top first."""
    return list(_LOOKS).index(_kind(name)) if _kind(name) in _LOOKS else len(_LOOKS)


def _label(name: str, several: bool) -> str:
    """The kind where there is one of it, else what tells it from the others."""
    return (name.rpartition("/")[2].partition(":")[2] or name.rpartition("/")[2]) if several else _kind(name)
