# SPDX-License-Identifier: GPL-3.0-or-later
"""Netlists: finding them in `circuits/`, reading them with their includes, and turning them into a deck for one run.

Text in, text out: nothing here runs ngspice. A netlist file is the source of truth; a run only appends to it.
"""

import math
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from luisim.errors import ParameterError

MAX_DEPTH = 16
MAX_FILE_BYTES = 2_000_000
MAX_CARDS = 200_000
MAX_CARD_CHARACTERS = 50_000  # a waveform of some thousand corners; ngspice 39 dies of lines four times as long
MAX_READ_BYTES = 20_000_000  # over all files, each as often as it is included
MAX_READS = 1_000  # as often as files are included

_PACKAGE = Path(__file__).resolve().parents[1]
_NUMBER = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)(t|g|meg|mil|k|m|u|n|p|f)?[a-z]*")
_SCALE = {"t": 1e12, "g": 1e9, "meg": 1e6, "k": 1e3, "mil": 25.4e-6, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12, "f": 1e-15}
_INLINE_COMMENT = re.compile(r";.*|(?<=\s)\$.*|(?<=\s)//.*", re.DOTALL)
_ASSIGNMENT = re.compile(r"\b(\w+)\s*=(?!=)")
_INCLUDE = re.compile(r"""\.\w+\s+(?:"([^"]+)"|'([^']+)'|(\S+))\s*(\S*)""")
_MAX_INCLUDE = 1000  # characters of an .include with its path
_CONTROL_CHARACTER = re.compile(r"[^\t -~]")
_PARAMETER_NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Netlist:
    """One file with everything it includes: ``cards[0]`` is the title, then one card a string, without ``.end``."""

    name: str
    cards: tuple[str, ...]

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names set by ``.param`` outside of subcircuits, in lower case: what :func:`deck` can override."""
        found: dict[str, None] = {}
        depth = 0
        for card in self.cards[1:]:
            word = _first_word(card)
            depth += (word == ".subckt") - (word == ".ends")
            if word == ".param" and depth == 0:
                found.update(dict.fromkeys(name.lower() for name in _ASSIGNMENT.findall(card)))
        return tuple(found)


@dataclass(frozen=True)
class Tran:
    """A transient analysis; times in s.

    ``step`` is the resolution of the output and, unless ``max_step`` is given, the longest step that the solver takes.
    ``uic`` starts from the ``ic=`` values instead of from the operating point.
    """

    step: float
    stop: float
    max_step: float | None = None
    uic: bool = False

    def __post_init__(self) -> None:
        for name in ("step", "stop", "max_step"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0.0):
                raise ParameterError(f"{name} = {value} of a transient analysis must be a time above 0 s.")
        if self.step > self.stop:
            raise ParameterError(f"step = {self.step} s must not be longer than stop = {self.stop} s.")

    @property
    def card(self) -> str:
        """The line that ngspice reads."""
        longest = "" if self.max_step is None else f" 0 {float(self.max_step)!r}"
        return f".tran {float(self.step)!r} {float(self.stop)!r}{longest}{' uic' if self.uic else ''}"


def circuits_folder() -> Path:
    """Where the netlists are: inside the installed package, else beside it in a checkout."""
    for folder in (_PACKAGE / "_circuits", _PACKAGE.parent / "circuits"):
        if folder.is_dir():
            return folder
    raise ParameterError("The folder circuits/ was not found: install luisim again, or run it from a complete checkout.")


def circuit_path(name: str) -> Path:
    """The file of the netlist ``name``, a path inside ``circuits/`` such as ``"lui/board.cir"``."""
    folder = circuits_folder()
    path = (folder / name).resolve()
    if path.is_file() and path.is_relative_to(folder.resolve()):
        return path
    known = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*.cir"))
    raise ParameterError(f"There is no netlist {name!r}; there are: {', '.join(known) or 'none'}.")


def flatten(path: str | Path, folder: Path | None = None) -> Netlist:
    """Read a netlist and put the text of every ``.include`` and ``.lib`` in its place.

    Paths are relative to the file that names them. A file whose definitions are already in sight is not repeated.
    With ``folder`` only files inside it are opened, symbolic links followed first, and those of `circuits/`, which may be named
    from there: ``.include lui/board.cir``.

    Raises :class:`ParameterError`, naming file and line, for a missing, too large, outlying or circular include and for
    commands (``.control``): a netlist describes a circuit, it does not steer the simulator.
    """
    reader = _Reader(folder)
    reader.read(Path(path), None, "")
    return Netlist(Path(path).name, tuple(reader.cards))


def deck(
    netlist: Netlist,
    params: Mapping[str, float] = MappingProxyType({}),
    lines: Iterable[str] = (),
    tran: Tran | None = None,
) -> str:
    """The text for one run: the netlist, more element ``lines``, overrides of its parameters, and ``tran`` in place of its own.

    Values of ``params`` are in SI units. Raises :class:`ParameterError` for a parameter that the netlist does not have, for a
    value that is no finite number, and for commands.
    """
    title, *cards = netlist.cards
    if tran is not None:
        cards = [card for card in cards if _first_word(card) != ".tran"]
        cards.append(tran.card)
    cards += lines
    allowed = netlist.parameters
    for name, value in params.items():
        # ngspice would accept an unknown name and change nothing
        if name.lower() not in allowed or not _PARAMETER_NAME.fullmatch(name):
            raise ParameterError(f"{netlist.name} has no parameter {name!r}; it has: {', '.join(allowed) or 'none'}.")
        if not math.isfinite(value):
            raise ParameterError(f"{name} = {value} is not allowed in {netlist.name}: a parameter is a finite number.")
        cards.append(f".param {name}={float(value)!r}")  # the last .param wins in ngspice
    text = "\n".join([title, *cards, ".end", ""])
    check_deck(text, netlist.name)
    return text


def check_deck(text: str, name: str = "The deck") -> None:
    """Raise :class:`ParameterError` if ``text`` holds commands for ngspice, which could run programs, or reads other files."""
    for number, line in enumerate(text.splitlines(), 1):
        if _is_command(line):
            raise ParameterError(_COMMANDS_REFUSED.format(where=f"{name}, line {number}", line=_short(line)))
        if _is_include(line):
            # ngspice would look for it in its own empty folder, and nobody would have looked into it
            raise ParameterError(f"{name}, line {number}: {_short(line)!r} must be read first, with netlists.flatten.")


def stop_time(text: str) -> float | None:
    """The end of the one transient analysis in a deck, in s; None if it is an expression that only ngspice can work out.

    Raises :class:`ParameterError` if the deck has none or several: ngspice would run them all, in no useful order.
    """
    found = [card for card in _joined(text.splitlines()[1:]) if _first_word(card) == ".tran"]
    if len(found) != 1:
        raise ParameterError(f"A deck needs exactly one .tran line, and this one has {len(found)}.")
    words = found[0].split()
    return _number(words[2]) if len(words) > 2 else None


_COMMANDS_REFUSED = (
    "{where}: {line!r} is a command to ngspice, and only circuits are accepted; "
    "remove it and measure on the returned trace instead."
)


class _Reader:
    """Collects the cards of a file and, in place, those of the files it includes."""

    def __init__(self, folder: Path | None) -> None:
        self.cards: list[str] = []
        self._folder = None if folder is None else _real(folder)
        self._open: list[Path] = []  # the files being read, outermost first
        self._scope: list[int] = []  # the .subckt and .if blocks that the next card stands in, each by the index of its card
        self._seen: set[tuple[Path, str | None, tuple[int, ...]]] = set()
        self._bytes = self._reads = 0

    def read(self, path: Path, section: str | None, where: str) -> None:
        """Add a file, or only one ``.lib`` section of it; ``where`` is the file and line that asked for it."""
        name, path = path.name, _real(path)
        if path in self._open:
            raise ParameterError(f"{where}: {path.name} includes itself; remove one .include of the circle.")
        if len(self._open) >= MAX_DEPTH:
            raise ParameterError(f"{where}: includes are nested more than {MAX_DEPTH} deep.")
        self._check_place(path, name, where)
        data = _content(path, where)
        self._bytes, self._reads = self._bytes + len(data), self._reads + 1
        if self._bytes > MAX_READ_BYTES or self._reads > MAX_READS:
            limits = f"{MAX_READ_BYTES // 1_000_000} MB of text or {MAX_READS} files"
            raise ParameterError(f"{where}: the includes add up to more than {limits}.")
        lines = _lines(data)
        if not self._open:
            # ngspice takes the first line as the title whatever it says
            self.cards.append("* " + re.sub(r"[^ -~]", "?", lines[0]).lstrip("*#. ") if lines else "* empty")
            lines = ["", *lines[1:]]
        self._open.append(path)
        for number, card in _cards(lines, path, section):
            self._add(card, path, f"{path.name}, line {number}")
        self._open.pop()

    def _check_place(self, path: Path, name: str, where: str) -> None:
        """Refuse a file outside the folder before anything is known about it, even whether it exists."""
        if self._folder is None or path.is_relative_to(self._folder) or path.is_relative_to(_real(circuits_folder())):
            return
        raise ParameterError(
            f"{where + ': ' if where else ''}{name} lies outside the folder {self._folder}; copy it there,"
            " or name a folder that holds both."
        )

    def _add(self, card: str, path: Path, where: str) -> None:
        word = _first_word(card)
        if _is_command(card):
            raise ParameterError(_COMMANDS_REFUSED.format(where=where, line=_short(card)))
        if not card.isascii() or _CONTROL_CHARACTER.search(card):
            raise ParameterError(
                f"{where}: {_short(card)!r} has a letter that ngspice cannot read; use plain ASCII outside comments."
            )
        if _is_include(card):
            self._include(card, path, where)
            return
        if word in (".ends", ".endif", ".else", ".elseif") and self._scope:
            self._scope.pop()
        if word in (".subckt", ".if", ".else", ".elseif"):
            self._scope.append(len(self.cards))
        self.cards.append(card)
        if len(self.cards) > MAX_CARDS:
            raise ParameterError(f"{where}: the netlist has more than {MAX_CARDS} cards.")

    def _include(self, card: str, path: Path, where: str) -> None:
        match = _INCLUDE.fullmatch(card) if len(card) < _MAX_INCLUDE else None
        if match is None or (match[4] and _first_word(card) != ".lib"):
            raise ParameterError(f"{where}: {_short(card)!r} must name one file, as in .include opamp.lib.")
        name = match[1] or match[2] or match[3]
        target = path.parent / name
        if self._folder is not None and not os.path.exists(target) and os.path.exists(circuits_folder() / name):
            target = circuits_folder() / name
        section = match[4].lower() or None
        # definitions of an enclosing block are visible in the inner ones
        real = _real(target)
        keys = [(real, section, tuple(self._scope[:depth])) for depth in range(len(self._scope) + 1)]
        if real not in self._open and self._seen.intersection(keys):
            return
        self.read(target, section, where)
        self._seen.add(keys[-1])


def _real(path: Path) -> Path:
    """The path with every symbolic link followed; Path.resolve would raise where links form a circle."""
    return Path(os.path.realpath(path))


def _content(path: Path, where: str) -> bytes:
    """The bytes of a file of acceptable size; pipes and devices, which may have no end, are refused."""
    prefix = f"{where}: " if where else ""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ParameterError(f"{prefix}cannot read {path.name} in {path.parent}: it is no regular file.")
        if status.st_size > MAX_FILE_BYTES:
            raise ParameterError(
                f"{prefix}{path.name} is larger than {MAX_FILE_BYTES // 1_000_000} MB, too large for a netlist."
            )
        return path.read_bytes()
    except OSError as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else error.strerror
        raise ParameterError(f"{prefix}cannot read {path.name} in {path.parent}: {reason}.") from None


def _lines(data: bytes) -> list[str]:
    """The lines of a file as text, with the micro signs of other tools written as ngspice's ``u``."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    return text.replace("µ", "u").replace("μ", "u").splitlines()  # micro sign and Greek mu


def _cards(lines: list[str], path: Path, section: str | None) -> Iterator[tuple[int, str]]:
    """(line number, card) of a file: comments dropped, continuations joined, up to ``.end``, only ``section`` if given."""
    lines = [_INLINE_COMMENT.sub("", line).strip() for line in lines]
    last_endl = max((index for index, line in enumerate(lines) if _first_word(line) == ".endl"), default=-1)
    inside = section is None
    wanted = False  # a section of this file that nobody asked for is skipped
    number, card = 0, ""
    for index, line in enumerate(lines):
        if not line or line[0] in "*$#":
            continue
        if len(line) + (len(card) if line[0] == "+" else 0) > MAX_CARD_CHARACTERS:
            raise ParameterError(
                f"{path.name}, line {index + 1}: a card has more than {MAX_CARD_CHARACTERS} characters; cut it into several."
            )
        if line.startswith("+") and card:
            card += " " + line[1:].strip()
            continue
        if card:
            yield number, card
        number, card = index + 1, ""
        words = line[:_MAX_INCLUDE].lower().split()
        if words[0] == ".end":
            break
        if words[0] == ".endl":
            if wanted:
                return
            inside = section is None
        elif words[0] == ".lib" and len(words) == 2 and index < last_endl:
            inside = wanted = words[1].strip("\"'") == section
        elif inside:
            card = line
    if card:
        yield number, card
    if section is not None:
        raise ParameterError(f"{path.name} has no section {section!r}, or does not close it with .endl.")


def _joined(lines: list[str]) -> Iterator[str]:
    """The cards of plain deck text, continuation lines joined."""
    card = ""
    for line in lines:
        if line.startswith("+"):
            card += " " + line[1:]
        else:
            yield card
            card = line
    yield card


def _first_word(card: str) -> str:
    return card.split(maxsplit=1)[0].lower() if card.strip() else ""


def _is_command(line: str) -> bool:
    """Whether ngspice would execute ``line``: a control block (any suffix counts for ngspice) or a ``*#`` comment."""
    return line.strip().lower().startswith((".control", ".endc", "*#"))


def _is_include(card: str) -> bool:
    return card.strip().lower().startswith((".inc", ".lib"))  # to ngspice .incx is the same as .include


def _number(word: str) -> float | None:
    match = _NUMBER.fullmatch(word.lower())
    return None if match is None else float(match[1]) * _SCALE.get(match[2] or "", 1.0)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:57] + "..."
