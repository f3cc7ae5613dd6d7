# SPDX-License-Identifier: GPL-3.0-or-later
"""The class's table: what each pupil's file in the class's folder says, one row a pupil, one column a lesson."""

from dataclasses import dataclass
from pathlib import Path

from luisim.errors import ParameterError
from luisim.lessons import LESSONS
from tui.progress import Entry, load_file


@dataclass(frozen=True)
class Cell:
    """One lesson of one pupil: ``state`` is "done", "tried" or empty; ``sign`` says it without colour."""

    state: str = ""
    sign: str = ""
    more: str = ""


@dataclass(frozen=True)
class Row:
    """A pupil's lessons, in the order of LESSONS."""

    name: str
    cells: tuple[Cell, ...]


def rows(folder: Path) -> tuple[Row, ...]:
    """Everybody in ``folder``, by name. A file that cannot be read is left out."""
    found = []
    for path in sorted(folder.glob("*.toml")) if folder.is_dir() else []:
        try:
            progress = load_file(path)
        except ParameterError:
            continue
        found.append(Row(path.stem, tuple(_cell(progress.of(lesson.slug)) for lesson in LESSONS)))
    return tuple(found)


def _cell(entry: Entry) -> Cell:
    if entry.when is None:
        return Cell()
    more = f"{entry.when:%H:%M}, {entry.attempts} \u00d7, {entry.hints} hints" + (", solution" if entry.solution else "")
    return Cell("done", "\u2713", more) if entry.passed else Cell("tried", "\u2026", more)
