# SPDX-License-Identifier: GPL-3.0-or-later
"""Console: how commands speak. Results go to standard output, everything else to standard error."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence


def show(result: str | Mapping[str, object]) -> None:
    """Print a result: text as it is, anything else as JSON."""
    print(result if isinstance(result, str) else json.dumps(result, indent=2))


def say(text: str) -> None:
    """A line that is no result."""
    print(text, file=sys.stderr)


def progress(text: str) -> None:
    """One line that overwrites itself, only where a person watches."""
    if sys.stderr.isatty():
        print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)


def bar(name: str) -> Callable[[float], None]:
    """A progress line for ``name``, to be told a number from 0 to 1."""
    return lambda done: progress(f"{name}: {done:4.0%}")


def columns(rows: Sequence[Sequence[str]]) -> str:
    """A table as text: the first row is its head."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])
