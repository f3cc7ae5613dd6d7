# SPDX-License-Identifier: GPL-3.0-or-later
"""The allow-list: reads a netlist from somewhere else, and lets nothing through that is not known to be a plain circuit.

To ngspice a netlist is a program: control blocks, start-up files, code models and options can run commands and open files. So
the cards, elements, model types and options that a circuit needs are listed here, and everything else gets one sentence.
"""

import difflib
import os
import re
from collections.abc import Iterable
from pathlib import Path

from luisim.errors import ParameterError
from luisim.spice.netlists import Netlist, _first_word, _short, flatten, stop_time

SUFFIXES = (".cir", ".ckt", ".net", ".sp", ".spi", ".spice")

_CARDS = (
    *(".param", ".model", ".subckt", ".ends", ".func", ".global", ".ic", ".nodeset", ".temp", ".options", ".option"),
    *(".if", ".elseif", ".else", ".endif", ".save", ".tran", ".meas", ".measure"),
)
# only say what to print, or are marks of other tools; luisim shows the signals itself
_DROPPED = (".print", ".plot", ".four", ".width", ".title", ".probe", ".backanno", ".protect", ".unprotect")
_ANALYSES = (".op", ".dc", ".ac", ".noise", ".tf", ".pz", ".disto", ".sens", ".sp", ".pss")

# A is a code model, N a compiled Verilog-A model; Y, P and U are rare lines and buses
_ELEMENTS = "bcdefghijklmoqrstvwxz"

_MODELS = (
    *("r", "res", "c", "l", "d", "npn", "pnp", "njf", "pjf", "nmf", "pmf", "nhfet", "phfet"),
    *("nmos", "pmos", "vdmos", "vdmosn", "vdmosp", "sw", "csw", "ltra"),
)
_MODEL = re.compile(r"\.model\s+\S+\s+([a-z_]\w*)\s*(?:[\s(].*)?", re.IGNORECASE | re.DOTALL)

_OPTIONS = (
    *("abstol", "acct", "autostop", "badmos3", "bypass", "chgtol", "cshunt", "defad", "defas", "defl", "defw", "delmax"),
    *("gmin", "gminsteps", "gshunt", "interp", "itl1", "itl2", "itl3", "itl4", "itl5", "itl6", "keepopinfo", "klu", "limpts"),
    *("list", "maxord", "method", "minbreak", "node", "noacct", "noinit", "nomod", "noopiter", "nopage", "numdgt", "opts"),
    *("pivrel", "pivtol", "plotwinsize", "post", "probe", "ramptime", "reltol", "rseries", "rshunt", "savecurrents", "scale"),
    *("seed", "sparse", "srcsteps", "temp", "tnom", "trtol", "trytocompact", "vntol", "warn", "wnflag", "xmu"),
)
_OPTION = re.compile(r"([a-z_]\w*)(?:\s*=\s*[-+.\w]+)?", re.IGNORECASE)

_FORBIDDEN = re.compile(r"[`\\]")  # what a shell would run; what would glue two lines together
_NO_FILE = "names a file; write the values into the netlist, for instance as pwl(...)."
_TITLE = 80  # characters
_ASSIGNED = re.compile(r"\b(\w+)\s*=")


def is_netlist(source: str) -> bool:
    """Whether a name is that of a netlist, by its ending."""
    return source.lower().endswith(SUFFIXES)


def read_untrusted(path: str | Path, folder: str | Path | None = None) -> Netlist:
    """Read a netlist that nobody has looked at. Its includes must lie inside ``folder``: None is the folder of the file.

    Cards that only print (``.print``, ``.plot``) are dropped, the rest stays as it is. Raises :class:`ParameterError`,
    in one sentence, for everything that is not a plain circuit with one ``.tran`` analysis.
    """
    file = Path(os.path.realpath(path))  # Path.resolve would raise where links form a circle
    netlist = flatten(file, file.parent if folder is None else Path(folder))
    title, *cards = netlist.cards
    kept = [card for card in cards if _first_word(card) not in _DROPPED]
    for card in kept:
        reason = _reason(card)
        if reason is not None:
            raise ParameterError(f"{netlist.name}: {_short(card)!r} {reason}")
    try:
        stop_time("\n".join(("*", *kept)))
    except ParameterError as error:
        raise ParameterError(f"{netlist.name}: {error}") from None
    return Netlist(netlist.name, ("* " + re.sub(r"[^\w .,:()+-]", " ", title[:_TITLE]).strip(), *kept))


def _reason(card: str) -> str | None:
    """Why a card is refused, as the end of a sentence; None if it is plain."""
    word = _first_word(card)
    if _FORBIDDEN.search(card):
        return "has a backquote or a backslash; a circuit needs neither, so remove it."
    if any("file" in name.lower() for name in _ASSIGNED.findall(card)):
        return _NO_FILE
    if word.startswith("."):
        return _card_reason(word, card)
    if word[0] not in _ELEMENTS:
        return f"is no element; allowed are those that begin with {', '.join(_ELEMENTS.upper())}."
    waveform = card.lower().split()[3:] if word[0] in "vi" else []
    if any("file" in part for part in waveform):
        return _NO_FILE
    if "external" in waveform:
        return "waits for a program to give its value; use pulse(...), pwl(...), sin(...) or a B source."
    return None


def _card_reason(word: str, card: str) -> str | None:
    if word in _ANALYSES:
        return "is another analysis; luisim runs the .tran analysis alone, so remove this line."
    if word not in _CARDS:
        return f"is not allowed; {_near(word, _CARDS)}allowed are {', '.join(_CARDS)}, .include and .lib."
    if word == ".save" and "none" in card.lower().split():
        return "saves nothing; name the signals that you want, or leave this line out."
    if word == ".model":
        match = _MODEL.fullmatch(card)
        kind = match[1].lower() if match else ""
        if kind not in _MODELS:
            return f"is no model that is allowed; {_near(kind, _MODELS)}its type must be one of {', '.join(_MODELS)}."
    if word in (".options", ".option"):
        settings = " ".join(card.split()[1:])
        if _OPTION.sub("", settings).strip(" ,\t"):
            return "cannot be read; write options as in .options reltol=1e-4 method=gear."
        unknown = next((name for name in _OPTION.findall(settings) if name.lower() not in _OPTIONS), None)
        if unknown is not None:
            near = _near(unknown.lower(), _OPTIONS)
            return f"sets {unknown!r}, which is not allowed; {near}allowed are {', '.join(_OPTIONS)}."
    return None


def _near(name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name[:40], list(known), n=1, cutoff=0.7)
    return f"did you mean {near[0]}? " if near else ""
