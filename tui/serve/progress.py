# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress of a class: what each pupil's file in the class's folder says, as the rows of a table."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LESSONS = 19


@dataclass(frozen=True)
class Cell:
    """One lesson of one pupil: ``state`` is "done", "tried" or empty."""

    state: str = ""
    when: str = ""

    @property
    def sign(self) -> str:
        """What stands in the table, readable without colour."""
        return {"done": "✓", "tried": "…"}.get(self.state, "")


@dataclass(frozen=True)
class Row:
    """A pupil's lessons, LESSONS of them."""

    name: str
    cells: tuple[Cell, ...]


def rows(folder: Path) -> tuple[Row, ...]:
    """Everybody in ``folder``, by name. A file that cannot be read just now is left out: it is being written."""
    found = []
    for path in sorted(folder.glob("*.toml")) if folder.is_dir() else []:
        try:
            content = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        lessons = content.get("lessons", {})
        found.append(Row(path.stem, tuple(_cell(lessons.get(str(number), {})) for number in range(LESSONS))))
    return tuple(found)


def _cell(entry: Any) -> Cell:
    if not isinstance(entry, dict) or not entry:
        return Cell()
    return Cell("done" if entry.get("solved") else "tried", str(entry.get("when", "")))
