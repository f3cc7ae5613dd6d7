# SPDX-License-Identifier: GPL-3.0-or-later
"""Announced: the simulated boards of this person's ``luisim simulate-board``, under names that stay when one is replugged.

Systems list serial ports, but no pseudo-terminals. So each has a link ``sim-1`` in the person's cache, and beside it
the number of the process that it belongs to.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from platformdirs import user_cache_path

_MOST = 9


def folder() -> Path:
    """Where the links are."""
    return user_cache_path("luisim") / "boards"


@contextlib.contextmanager
def announced(terminal: str) -> Iterator[Path]:
    """The link to the pseudo-terminal ``terminal``, as long as it is there."""
    folder().mkdir(parents=True, exist_ok=True)
    taken = set(boards())
    link = next(path for number in range(1, _MOST + 1) if (path := folder() / f"sim-{number}") not in taken)
    _remove(link)
    _owner(link).write_text(str(os.getpid()), encoding="ascii")
    link.symlink_to(terminal)
    try:
        yield link
    finally:
        _remove(link)


def boards() -> tuple[Path, ...]:
    """Those that run now. A link whose process is gone may point to somebody's terminal by now: it is none."""
    return tuple(path for path in sorted(folder().glob("sim-?")) if path.exists() and _lives(path))


def _owner(link: Path) -> Path:
    return link.with_suffix(".pid")


def _lives(link: Path) -> bool:
    try:
        os.kill(int(_owner(link).read_text(encoding="ascii")), 0)
    except (OSError, ValueError):
        return False
    return True


def _remove(link: Path) -> None:
    link.unlink(missing_ok=True)
    _owner(link).unlink(missing_ok=True)
