# SPDX-License-Identifier: GPL-3.0-or-later
"""Traces as CSV files: one column a signal, SI units, the spikes in a second file beside the first."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from luisim.errors import ParameterError
from luisim.trace import Trace


def spikes_path(path: Path) -> Path:
    """Where the spikes of the trace in ``path`` are kept: ``out.csv`` and ``out.spikes.csv``."""
    return path.with_name(f"{path.stem}.spikes.csv")


def write_csv(trace: Trace, path: Path) -> None:
    """Write ``time_s`` and every signal to ``path``, the spike times to its ``.spikes.csv``. Values in SI units.

    Raises :class:`~luisim.errors.ParameterError` if a file cannot be written.
    """
    spikes = np.concatenate(list(trace.spikes.values())) if trace.spikes else np.empty(0)
    columns = zip(trace.time, *trace.signals.values(), strict=True)
    _write(path, ["time_s", *trace.signals], ([f"{t:.9g}", *(f"{v:.7g}" for v in row)] for t, *row in columns))
    _write(spikes_path(path), ["time_s"], ([f"{t:.9g}"] for t in np.sort(spikes)))


def _write(path: Path, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    try:
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
    head, rows = _table(path)
    if head[0] != "time_s" or not {"v_mem", "v_madc"} & set(head):
        raise ParameterError(
            f"{path} does not hold a recording: its first line must name the columns time_s and v_mem (v_madc for a chip),"
            f" not {', '.join(head)}."
        )
    if len(rows) < 2:
        raise ParameterError(f"{path} holds fewer than two samples; record for longer.")
    columns = np.array(rows, dtype=np.float64).T
    beside = spikes_path(path)
    spikes = {"out": np.array([row[0] for row in _table(beside)[1]])} if beside.exists() else {}
    return Trace(columns[0], dict(zip(head[1:], columns[1:], strict=True)), spikes, path.stem)


def _table(path: Path) -> tuple[list[str], list[list[float]]]:
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
    rows: list[list[float]] = []
    for number, line in enumerate(lines[1:], start=2):
        try:
            row = [float(cell) for cell in line.split(",")]
            if len(row) != len(head):
                raise ValueError
        except ValueError:
            if number == len(lines):  # the writer was killed in the middle of its last line
                break
            raise ParameterError(
                f"{path}, row {number}: expected {len(head)} numbers separated by commas, found {line!r}."
            ) from None
        rows.append(row)
    return head, rows
