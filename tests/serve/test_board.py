# SPDX-License-Identifier: GPL-3.0-or-later
"""One board for the whole class: one process owns it, and every viewer sees the same samples."""

import contextlib
import time
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.following import Following
from firmware_bridge.recording import read_recording
from luisim import measure
from luisim.errors import ParameterError
from tui.backends import open_backend
from tui.progress import is_name
from tui.serve.command import shared


def test_two_viewers_see_the_same_samples_of_the_board(tmp_path: Path) -> None:
    with shared("simulated", "leak-over-threshold", tmp_path / "class") as folder, contextlib.ExitStack() as stack:
        viewers = [Following(folder), Following(folder)]
        for viewer in viewers:
            stack.callback(viewer.close)
            assert viewer.grows
        seen: list[list[np.ndarray]] = [[], []]
        end = time.monotonic() + 20.0  # only waited for if something is wrong
        while sum(map(len, seen[0])) < 1500:
            assert time.monotonic() < end, "nothing comes"
            time.sleep(0.05)
            for viewer, rows in zip(viewers, seen, strict=True):
                rows.append(viewer.read().values)
        first, second = (np.concatenate(rows) for rows in seen)
        # they began to look a moment apart; the membrane's noise tells where the second one did
        starts = [n for n in range(200) if np.array_equal(first[n : n + 50, 1], second[:50, 1])]
        count = min(len(first) - starts[0], len(second))
        assert count > 1000
        np.testing.assert_array_equal(first[starts[0] : starts[0] + count, 1], second[:count, 1])
    trace = read_recording(folder).trace
    model = open_backend("model").run(_experiment())
    assert np.diff(measure.spikes(trace)).mean() == pytest.approx(np.diff(measure.spikes(model)).mean(), rel=0.01)


def _experiment():  # type: ignore[no-untyped-def]
    from tui.backends import load_experiment

    return load_experiment("leak-over-threshold")


def test_a_board_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="cannot be recorded"), shared("/dev/nowhere", "real-board", tmp_path / "none"):
        pass


@pytest.mark.parametrize(
    ("name", "good"), [("Jörg von B.", True), ("a" * 40, True), ("a" * 41, False), (".x", False), ("a/b", False), ("", False)]
)
def test_names_of_pupils_are_names_of_files(name: str, good: bool) -> None:
    assert is_name(name) is good
