# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings: a folder that a killed program leaves readable. Written as it is measured, read back as a Trace.

``meta.toml`` says what was recorded; ``samples.csv`` holds ``time_s`` and volts, one line a scan; ``events.jsonl`` one JSON
object a line: spikes, stimuli, gaps, and the rate of the board's clock. Every line goes to the system at once, and to the disk
once a second. Times in the files are the board's own seconds; the reader makes true ones of them.
"""

import json
import os
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from platformdirs import user_documents_path

from firmware_bridge.errors import BoardError
from luisim.trace import Array, Trace

FORMAT = 1
_SYNC = 1.0  # s


def recordings_folder() -> Path:
    """Where recordings are kept: the folder luisim among the person's documents."""
    return user_documents_path() / "luisim"


def new_folder(now: datetime, parent: Path | None = None) -> Path:
    """The name of a recording that begins ``now``, such as ``2026-11-24 15.40.07``."""
    return (parent or recordings_folder()) / now.strftime("%Y-%m-%d %H.%M.%S")


class Recorder:
    """Writes a recording into the new folder ``folder``. ``signals``: column names; ``meta``: text and numbers to keep.

    Raises :class:`BoardError` if the folder cannot be made or the disk is full; what was written by then stays readable.
    """

    def __init__(self, folder: Path, signals: Sequence[str], meta: Mapping[str, str | int | float | bool]) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True)
            lines = [f"format = {FORMAT}", *(f"{key} = {json.dumps(value)}" for key, value in meta.items())]
            with (folder / "meta.toml").open("w", encoding="utf-8") as file:
                file.write("\n".join(lines) + "\n")
                file.flush()
                os.fsync(file.fileno())
            self._samples = (folder / "samples.csv").open("ab", buffering=0)
            self._events = (folder / "events.jsonl").open("ab", buffering=0)
        except OSError as error:
            raise BoardError(f"The recording {folder} cannot be begun ({error.strerror}); choose another folder.") from None
        self._synced = time.monotonic()
        self._write(self._samples, ",".join(["time_s", *signals]) + "\n")

    def samples(self, times: Array, columns: Array) -> None:
        """Append scans: ``times`` (n,) in s, ``columns`` (n, signals) in V."""
        rows = np.column_stack((times, columns)).tolist()
        self._write(self._samples, "".join(f"{row[0]:.6f},{','.join(f'{v:.5f}' for v in row[1:])}\n" for row in rows))
        if time.monotonic() - self._synced >= _SYNC:
            self._sync()

    def event(self, at: float, kind: str, **facts: str | int | float) -> None:
        """Append an event at ``at`` s: "spike" (output), "stimulus" (output, on), "gap" (until, reason), "clock" (rate)."""
        self._write(self._events, json.dumps({"time_s": round(at, 6), "kind": kind, **facts}) + "\n")

    def close(self) -> None:
        """Everything to the disk."""
        if not self._samples.closed:
            self._sync()
            self._samples.close()
            self._events.close()

    def __enter__(self) -> "Recorder":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, file: Any, text: str) -> None:
        data = memoryview(text.encode("utf-8"))
        try:
            while data:
                data = data[file.write(data) :]
        except OSError as error:
            self._samples.close()
            self._events.close()
            raise BoardError(
                f"The recording in {self.folder} stopped: {error.strerror or error}. What was measured until now is kept; make"
                " room on the disk and begin a new recording."
            ) from None

    def _sync(self) -> None:
        self._synced = time.monotonic()
        for file in (self._samples, self._events):
            try:
                os.fsync(file.fileno())
            except OSError as error:  # some disks tell only now that they are full
                raise BoardError(
                    f"The recording in {self.folder} stopped: {error.strerror}. Make room on the disk and begin anew."
                ) from None


@dataclass(frozen=True)
class Recording:
    """What a folder holds. ``gaps``: (from, to) in s in which nothing was heard; ``trace.time`` jumps there.

    ``notes``: (time in s, text) of what a person remarked.
    """

    trace: Trace
    meta: Mapping[str, Any]
    gaps: tuple[tuple[float, float], ...]
    notes: tuple[tuple[float, str], ...] = ()


def read_recording(folder: Path) -> Recording:
    """Read a recording, finished or torn off. Raises :class:`BoardError` if ``folder`` holds none."""
    try:
        meta = tomllib.loads((folder / "meta.toml").read_text(encoding="utf-8"))
        head, *lines = (folder / "samples.csv").read_text(encoding="utf-8").split("\n")
        events = (folder / "events.jsonl").read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise BoardError(f"{folder} is no recording ({error}); give a folder that luisim record has made.") from None
    if meta.get("format", 0) > FORMAT:
        raise BoardError(f"{folder} was recorded by a newer luisim; update this one.")
    names = head.split(",")
    rows = _rows(lines[:-1], len(names), folder)  # behind the last line end there is nothing, or a torn line
    if len(rows) < 2:
        raise BoardError(f"{folder} holds fewer than two samples; record for longer.")
    found = [json.loads(line) for line in events[:-1]]
    rate = next((event["rate"] for event in reversed(found) if event["kind"] == "clock"), 1.0)
    columns = np.array(rows).T
    spikes = {name: np.empty(0) for name in meta.get("outputs", "").split(",") if name}
    for event in found:
        if event["kind"] == "spike":
            spikes[event["output"]] = np.append(spikes.get(event["output"], np.empty(0)), event["time_s"] * rate)
    gaps = tuple((event["time_s"] * rate, event["until"] * rate) for event in found if event["kind"] == "gap")
    trace = Trace(
        columns[0] * rate,
        dict(zip(names[1:], columns[1:], strict=True)),
        {name: np.sort(times) for name, times in spikes.items()},
        folder.name,
        gaps=gaps,
    )
    notes = tuple((event["time_s"] * rate, event["text"]) for event in found if event["kind"] == "note")
    return Recording(trace, meta, gaps, notes)


def single_boards(trace: Trace) -> dict[str, Trace]:
    """Each board of ``trace`` by itself, its signals named as those of a single board; one without a name as it is."""
    if "v_mem" in trace.signals:
        return {"": trace}
    names = [signal.removesuffix(".v_mem") for signal in trace.signals if signal.endswith(".v_mem")]
    return {
        name: Trace(
            trace.time,
            {"v_mem": trace.signals[f"{name}.v_mem"]},
            {"out": trace.spikes.get(name, np.empty(0))},
            f"{trace.origin}, board {name}",
            gaps=trace.gaps,
        )
        for name in names
    }


def _rows(lines: Sequence[str], width: int, folder: Path) -> list[list[float]]:
    rows = []
    for number, line in enumerate(lines, start=2):
        try:
            row = [float(cell) for cell in line.split(",")]
            if len(row) != width:
                raise ValueError
        except ValueError:
            raise BoardError(f"{folder}: line {number} of samples.csv is damaged ({line[:40]!r}); delete that line.") from None
        rows.append(row)
    return rows
