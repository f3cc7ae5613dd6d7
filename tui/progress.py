# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress: which lessons a pupil has tried and passed, kept in one small TOML file.

In a class (`luisim serve`) the file is LUISIM_CLASS/LUISIM_PUPIL.toml, so that the teacher sees it; otherwise it lies in the
user's own configuration folder.
"""

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from platformdirs import user_config_path

from luisim.errors import ParameterError

_NAME = re.compile(r"(?!\.)[\w .-]{1,40}")


@dataclass(frozen=True)
class Entry:
    """Of one lesson: ``attempts``, most ``hints`` looked at, whether the ``solution`` was, the first answers given."""

    passed: bool = False
    attempts: int = 0
    hints: int = 0
    solution: bool = False
    when: datetime | None = None
    predictions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Progress:
    """``entries`` by the slug of the lesson."""

    pupil: str
    entries: Mapping[str, Entry] = field(default_factory=dict)

    def of(self, slug: str) -> Entry:
        """What is known of a lesson."""
        return self.entries.get(slug, Entry())

    def tried(self, slug: str, passed: bool, answers: Mapping[str, str], now: datetime) -> "Progress":
        """After a check. The first answer to a question stays: it was the prediction."""
        old = self.of(slug)
        first = {**answers, **old.predictions}
        return self._with(
            slug, replace(old, passed=old.passed or passed, attempts=old.attempts + 1, when=now, predictions=first)
        )

    def helped(self, slug: str, hints: int = 0, *, solution: bool = False) -> "Progress":
        """After a look at so many hints, or at the solution."""
        old = self.of(slug)
        return self._with(slug, replace(old, hints=max(old.hints, hints), solution=old.solution or solution))

    def _with(self, slug: str, entry: Entry) -> "Progress":
        return replace(self, entries={**self.entries, slug: entry})


def is_name(name: str) -> bool:
    """Whether a pupil may be called so: the name is that of a file, too."""
    return _NAME.fullmatch(name) is not None


def progress_path(pupil: str = "") -> Path:
    """Where the progress of a pupil is kept; without a name, of whoever sits at this computer."""
    name = pupil or os.environ.get("LUISIM_PUPIL", "")
    if name and not is_name(name):
        raise ParameterError(f"The name {name!r} cannot be used: up to 40 letters, digits, spaces, dots and dashes.")
    folder = os.environ.get("LUISIM_CLASS")
    home = Path(folder) if folder else user_config_path("luisim")
    return home / f"{name or 'progress'}.toml"


def load(pupil: str = "") -> Progress:
    """What is kept. Raises :class:`ParameterError` for a file that cannot be read."""
    path = progress_path(pupil)
    return load_file(path) if path.is_file() else Progress(pupil or os.environ.get("LUISIM_PUPIL", ""))


def load_file(path: Path) -> Progress:
    """What one pupil's file holds. Raises :class:`ParameterError` if it cannot be read."""
    try:
        content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        entries = {slug: Entry(**values) for slug, values in content.get("lessons", {}).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        raise ParameterError(f"{path} cannot be read as progress; delete or rename it, and a new one is begun.") from None
    return Progress(str(content.get("pupil", "")), entries)


def save(progress: Progress) -> None:
    """Keep it: written beside the old file and then moved over it, so that a crash leaves one of the two."""
    path = progress_path(progress.pupil)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.write_text(_toml(progress), encoding="utf-8")
        fresh.replace(path)
    except OSError as error:
        raise ParameterError(f"{path} cannot be written ({error.strerror}); your progress is not kept.") from None


def _toml(progress: Progress) -> str:
    lines = [f"pupil = {_text(progress.pupil)}"]
    for slug, entry in progress.entries.items():
        lines += [
            "",
            f"[lessons.{slug}]",
            f"passed = {str(entry.passed).lower()}",
            f"attempts = {entry.attempts}",
            f"hints = {entry.hints}",
            f"solution = {str(entry.solution).lower()}",
        ]
        if entry.when is not None:
            lines.append(f"when = {entry.when.isoformat(timespec='seconds')}")
        if entry.predictions:
            lines.append(f"[lessons.{slug}.predictions]")
            lines += [f"{_text(key)} = {_text(value)}" for key, value in entry.predictions.items()]
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
