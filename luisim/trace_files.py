# SPDX-License-Identifier: GPL-3.0-or-later
"""Traces as CSV files: one column a signal, SI units, the spikes in a second file beside the first."""

import csv
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from luisim.errors import ParameterError
from luisim.trace import Array, Trace


def spikes_path(path: Path) -> Path:
    """Where the spikes of the trace in ``path`` are kept: ``out.csv`` and ``out.spikes.csv``."""
    return path.with_name(f"{path.stem}.spikes.csv")


def write_csv(trace: Trace, path: Path) -> None:
    """Write ``time_s`` and every signal to ``path``, the spike times to its ``.spikes.csv``. Values in SI units.

    In a network the spikes have a second column ``board``. Raises :class:`~luisim.errors.ParameterError` if a file cannot be
    written.
    """
    times = [f"{t:.12g}" for t in trace.time]
    # a solver walks up to an edge in steps of a picosecond: of samples that would be written with one time the first counts
    kept = [index for index, text in enumerate(times) if index == 0 or text != times[index - 1]]
    columns = list(trace.signals.values())
    _write(
        path, ["time_s", *trace.signals], ([times[index], *(f"{values[index]:.7g}" for values in columns)] for index in kept)
    )
    spikes = sorted((float(time), name) for name, found in trace.spikes.items() for time in found)
    if trace.boards:
        _write(spikes_path(path), ["time_s", "board"], ([f"{time:.12g}", name] for time, name in spikes))
    else:
        _write(spikes_path(path), ["time_s"], ([f"{time:.12g}"] for time, _ in spikes))


def _write(path: Path, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(head)
            writer.writerows(rows)
    except OSError as error:
        raise ParameterError(f"{path} cannot be written ({error.strerror}); choose another folder.") from error


def read_csv(path: Path) -> Trace:
    """Read a trace: a ``time_s`` column in s, signals such as ``v_mem`` in V, and ``.spikes.csv`` beside it if it is there.

    Lines that start with ``#`` are remarks; a torn last line is dropped. The trace's origin is the file's name. Raises
    :class:`~luisim.errors.ParameterError` if the file is missing or is no such table.
    """
    head, rows = read_table(path)
    if head[0] != "time_s" or not any(name.rpartition(".")[2] in ("v_mem", "v_madc") for name in head):
        raise ParameterError(
            f"{path} does not hold a recording: its first line must name the columns time_s and v_mem (v_madc for a chip),"
            f" not {', '.join(head)}."
        )
    if len(rows) < 2:
        raise ParameterError(f"{path} holds fewer than two samples; record for longer.")
    columns = np.array(rows, dtype=np.float64).T
    beside = spikes_path(path)
    spikes = _read_spikes(beside) if beside.exists() else {}
    try:
        return Trace(columns[0], dict(zip(head[1:], columns[1:], strict=True)), spikes, path.stem)
    except ParameterError as error:
        raise ParameterError(f"{path}: {error}") from None


def _read_spikes(path: Path) -> dict[str, Array]:
    """Spike times by board; of a single board under ``out``."""
    head, rows = read_table(path, texts=("board",))
    if head == ["time_s"]:
        return {"out": np.array([float(time) for (time,) in rows])}
    if head != ["time_s", "board"]:
        raise ParameterError(f"{path} must have the columns time_s, or time_s and board, not {', '.join(head)}.")
    return {board: np.array([float(t) for t, b in rows if b == board]) for board in dict.fromkeys(str(b) for _, b in rows)}


def read_table(path: Path, texts: tuple[str, ...] = ()) -> tuple[list[str], list[list[float | str]]]:
    """Head and rows of a CSV file; columns named in ``texts`` stay as they are, all others are numbers."""
    try:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip() and not line.startswith("#")]
    except FileNotFoundError:
        raise ParameterError(
            f"There is no recording {path}; give the path of a CSV file with the columns time_s and v_mem."
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ParameterError(f"{path} cannot be read as a text file ({error}); give a CSV file.") from None
    if not lines:
        raise ParameterError(f"{path} is empty; give a CSV file with the columns time_s and v_mem.")
    head = [name.strip() for name in lines[0].split(",")]
    if len(set(head)) < len(head):
        raise ParameterError(f"{path} names a column twice in its first line: {', '.join(head)}; rename one of them.")
    rows: list[list[float | str]] = []
    for number, line in enumerate(lines[1:], start=2):
        try:
            row = [cell if name in texts else float(cell) for name, cell in zip(head, line.split(","), strict=True)]
            if not all(math.isfinite(value) for value in row if not isinstance(value, str)):
                raise ValueError
        except ValueError:
            if number == len(lines):  # the writer was killed in the middle of its last line
                break
            raise ParameterError(
                f"{path}, row {number}: expected {len(head)} numbers separated by commas, found {line!r}."
            ) from None
        rows.append(row)
    return head, rows
