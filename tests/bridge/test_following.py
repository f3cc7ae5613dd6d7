# SPDX-License-Identifier: GPL-3.0-or-later
"""A recording as a live run: followed while it grows, replayed at its pace when it is finished."""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from firmware_bridge.errors import BoardError
from firmware_bridge.following import Following
from firmware_bridge.recording import Recorder
from luisim.live import Pulse, Session
from luisim.lui.network import Lui


def grid(start: float, n: int) -> np.ndarray:
    return start + 1e-3 * np.arange(n)


def write(recorder: Recorder, times: np.ndarray) -> None:
    recorder.samples(times, np.column_stack([np.sin(times), 2.5 * (np.mod(times, 0.1) < 0.015)]))


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    with Recorder(tmp_path / "board", ["v_mem", "v_out"], {"outputs": "out"}) as opened:
        yield opened


@pytest.fixture
def follow() -> Iterator[Callable[..., Following]]:
    with contextlib.ExitStack() as stack:

        def start(folder: Path, **more: Any) -> Following:
            viewer = Following(folder, **more)
            stack.callback(viewer.close)
            return viewer

        yield start


def test_every_viewer_of_a_growing_recording_sees_what_comes(recorder: Recorder, follow: Callable[..., Following]) -> None:
    write(recorder, grid(5.0, 500))
    first, second = follow(recorder.folder), follow(recorder.folder)
    assert first.grows
    assert first.read().values.size == 0  # the past was not asked for
    write(recorder, grid(5.5, 300))
    a, b = first.read().values, second.read().values
    np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(a[:, 0], grid(0.0, 300), atol=1e-9)
    np.testing.assert_allclose(a[:, 1], np.sin(grid(5.5, 300)), atol=1e-5)
    assert np.isnan(a[:, 2]).all()  # nothing measures v_syn


def test_a_line_that_is_half_written_comes_with_its_second_half(recorder: Recorder, follow: Callable[..., Following]) -> None:
    write(recorder, grid(0.0, 10))
    viewer = follow(recorder.folder)
    recorder._samples.write(b"0.010000,0.50000,0.0")
    assert len(viewer.read().values) == 0
    recorder._samples.write(b"0000\n0.011000,0.60000,0.00000\n")
    assert viewer.read().values[:, 1] == pytest.approx([0.5, 0.6])


def test_pausing_a_growing_recording_goes_on_with_the_present(recorder: Recorder, follow: Callable[..., Following]) -> None:
    write(recorder, grid(0.0, 10))
    viewer = follow(recorder.folder)
    write(recorder, grid(0.010, 10))
    shown = viewer.read().values[-1, 0]
    viewer.pause(True)
    write(recorder, grid(0.020, 500))
    assert len(viewer.read().values) == 0
    viewer.pause(False)
    write(recorder, grid(0.520, 10))
    values = viewer.read().values
    assert values[0, 0] == pytest.approx(shown, abs=2e-3)
    assert values[-1, 1] == pytest.approx(np.sin(0.529), abs=1e-5)


def test_a_finished_recording_runs_at_its_own_pace(recorder: Recorder, follow: Callable[..., Following]) -> None:
    write(recorder, grid(3.0, 1000))
    recorder.close()
    past = time.time() - 60
    os.utime(recorder.folder / "samples.csv", (past, past))
    now = [100.0]
    viewer = follow(recorder.folder, clock=lambda: now[0])
    now[0] += 0.2505
    assert viewer.read().values[-1, 0] == pytest.approx(0.25)
    viewer.pause(True)
    now[0] += 10.0
    viewer.pause(False)
    now[0] += 0.1
    assert viewer.read().values[-1, 0] == pytest.approx(0.35, abs=2e-3)


def test_what_is_done_reaches_the_runs_that_follow(recorder: Recorder, follow: Callable[..., Following]) -> None:
    write(recorder, grid(0.0, 10))
    session: Session[Lui] = Session({"recording": follow(recorder.folder)}, 10.0)
    write(recorder, grid(0.010, 10))
    session.read()
    session.do(Pulse(1))
    session.read()
    assert [pulse.input for _, pulse in session.pulses] == [1]
    trace = session.trace("recording")
    assert trace is not None
    assert trace.signals["v_mem"].size == 10


def test_a_folder_without_one_board_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BoardError, match="no recording"):
        Following(tmp_path)
    with Recorder(tmp_path / "two", ["A.v_mem", "B.v_mem"], {}) as several, pytest.raises(BoardError, match="several boards"):
        Following(several.folder)
