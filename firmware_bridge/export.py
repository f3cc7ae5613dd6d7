# SPDX-License-Identifier: GPL-3.0-or-later
"""Exporting a recording: CSV for any program, CSV for German spreadsheets, and Neo and NWB where those are installed."""

import csv
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from firmware_bridge.errors import BoardError
from firmware_bridge.recording import Recording
from luisim.trace import Array
from luisim.trace_files import spikes_path


def export_csv(recording: Recording, path: Path, *, german: bool = False) -> None:
    """Write the samples to ``path`` and the spikes beside it. ``german``: semicolons, decimal commas and a byte order mark,
    as German spreadsheets open them with a double click. A gap is a line without values. Raises :class:`BoardError`.
    """
    trace = recording.trace
    time, columns = with_gaps(recording)
    spikes = sorted((t, name) for name, times in trace.spikes.items() for t in times.tolist())
    try:
        _write(path, ["time_s", *trace.signals], np.column_stack((time, columns)).tolist(), german)
        _write(spikes_path(path), ["time_s", "board"], [[t, name] for t, name in spikes], german)
    except OSError as error:
        raise BoardError(f"{path} cannot be written ({error.strerror}); choose another folder.") from None


def with_gaps(recording: Recording) -> tuple[Array, Array]:
    """(n,) times in s and (n, signals) V, with a line of NaN in the middle of each gap, where a drawn curve breaks."""
    trace = recording.trace
    columns = np.column_stack(list(trace.signals.values()))
    time = trace.time
    for start, end in recording.gaps:
        middle = 0.5 * (start + end)
        at = int(np.searchsorted(time, middle))
        time = np.insert(time, at, middle)
        columns = np.insert(columns, at, np.nan, axis=0)
    return time, columns


def _write(path: Path, head: list[str], rows: list[list[Any]], german: bool) -> None:
    with path.open("w", encoding="utf-8-sig" if german else "utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";" if german else ",", lineterminator="\r\n" if german else "\n")
        writer.writerow(head)
        for row in rows:
            cells = [cell if isinstance(cell, str) else "" if np.isnan(cell) else f"{cell:.9g}" for cell in row]
            writer.writerow(
                [
                    cell.replace(".", ",") if german and not isinstance(v, str) else cell
                    for cell, v in zip(cells, row, strict=True)
                ]
            )


def to_neo(recording: Recording) -> Any:
    """The recording as a :class:`neo.Block`: irregularly sampled signals in V and a spike train for each output.

    Raises :class:`BoardError` if Neo is not installed.
    """
    try:
        import neo
    except ImportError:
        raise BoardError("Neo is not installed; install it: pip install 'luisim[neo]'") from None
    time, columns = with_gaps(recording)
    block = neo.Block(name=recording.trace.origin, file_origin=recording.trace.origin)
    segment = neo.Segment()
    for name, values in zip(recording.trace.signals, columns.T, strict=True):
        segment.irregularlysampledsignals.append(
            neo.IrregularlySampledSignal(time, values, units="V", time_units="s", name=name)
        )
    for name, times in recording.trace.spikes.items():
        segment.spiketrains.append(
            neo.SpikeTrain(
                times, units="s", t_start=min(0.0, *times, time[0]), t_stop=max(time[-1], *times, time[-1]), name=name
            )
        )
    block.segments.append(segment)
    return block


def export_nwb(recording: Recording, path: Path) -> None:
    """Write a Neurodata Without Borders file. Raises :class:`BoardError` if pynwb is not installed."""
    try:
        import pynwb
    except ImportError:
        raise BoardError("pynwb is not installed; install it: pip install 'luisim[nwb]'") from None
    trace = recording.trace
    begun = datetime.fromisoformat(str(recording.meta.get("begun", "1970-01-01T00:00:00"))).astimezone(UTC)
    file = pynwb.NWBFile(session_description="a Lu.i board", identifier=trace.origin, session_start_time=begun)
    time, columns = with_gaps(recording)
    for name, values in zip(trace.signals, columns.T, strict=True):
        file.add_acquisition(pynwb.TimeSeries(name=name, data=values, unit="V", timestamps=time))
    file.add_unit_column(name="output", description="which board's output")
    for name, times in trace.spikes.items():
        file.add_unit(spike_times=times, output=name)
    with pynwb.NWBHDF5IO(str(path), "w") as io:
        io.write(file)
