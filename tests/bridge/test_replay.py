# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings as a back end: what was written is what is played, from its start and no longer than the experiment."""

from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.replay import RecordedLui, shipped_recordings
from luisim import measure
from luisim.errors import ParameterError
from luisim.experiment import Experiment
from luisim.lui.model import LuiModel
from luisim.lui.parameters import LuiBoard, LuiParameters
from luisim.trace import Trace
from luisim.trace_files import write_csv

RUN = Experiment(LuiBoard(LuiParameters(r_leak=5e3)), 1.0, name="fast")


@pytest.fixture
def recorded(tmp_path: Path) -> tuple[Path, Trace]:
    """A run of the model, as if it had been recorded 100 s after switching on."""
    trace = LuiModel().run(RUN)
    later = Trace(trace.time + 100.0, trace.signals, {"out": trace.spikes["out"] + 100.0})
    path = tmp_path / "board.csv"
    write_csv(later, path)
    return path, trace


def test_shipped_recordings_play() -> None:
    assert "lui-photo" in shipped_recordings()
    for name in shipped_recordings():
        player = RecordedLui(name)
        trace = player.run(RUN)
        assert trace.origin == player.name == f"recording:{name}"
        assert trace.time[0] == 0.0
        assert trace.duration <= RUN.duration
        assert player.by_hand(RUN)
        assert player.unsupported(RUN) is None


def test_the_photographed_board_fires_once_at_its_published_threshold() -> None:
    trace = RecordedLui("lui-photo").run(RUN)
    assert measure.spikes(trace) == pytest.approx([1.1336 - 0.7509], abs=0.5e-3)
    assert measure.threshold(trace) == pytest.approx(1.2385, abs=1e-3)
    assert trace.signals["v_mem"][0] == pytest.approx(0.398, abs=1e-3)


def test_what_was_recorded_is_played_from_zero(recorded: tuple[Path, Trace]) -> None:
    path, original = recorded
    told: list[float] = []
    played = RecordedLui(str(path)).run(RUN, progress=told.append)
    np.testing.assert_allclose(played.time, original.time, atol=1e-8)
    np.testing.assert_allclose(played.spikes["out"], original.spikes["out"], atol=1e-8)
    for name, values in original.signals.items():
        np.testing.assert_allclose(played.signals[name], values, rtol=1e-6)
    assert told[-1] == 1.0


def test_a_shorter_experiment_plays_the_beginning(recorded: tuple[Path, Trace]) -> None:
    path, original = recorded
    played = RecordedLui(str(path)).run(Experiment(RUN.device, 0.4))
    assert 0.39 < played.duration <= 0.4
    expected = original.spikes["out"][original.spikes["out"] <= 0.4]
    assert 0 < expected.size < original.spikes["out"].size
    np.testing.assert_allclose(played.spikes["out"], expected, atol=1e-8)


def test_a_growing_recording_is_followed(recorded: tuple[Path, Trace]) -> None:
    path, _ = recorded
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:1000]) + lines[1000][:5])  # the writer is in the middle of a line
    player = RecordedLui(str(path))
    before = player.run(RUN).duration
    path.write_text("".join(lines[:2000]))
    assert player.run(RUN).duration > before


def test_remarks_for_the_hand(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("# by hand: RV5 fully up\n# a remark\n# by hand: RV6 in the middle\ntime_s,v_mem\n0,1\n1,1\n")
    assert RecordedLui(str(path)).by_hand(RUN) == ("RV5 fully up", "RV6 in the middle")


def test_bad_recordings_get_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"no recording 'gone'.*lui-photo"):
        RecordedLui("gone")
    with pytest.raises(ParameterError, match="no recording"):
        RecordedLui(str(tmp_path))
    slow = tmp_path / "slow.csv"
    slow.write_text("time_s,v_mem\n0,1\n10,1\n20,1\n")
    with pytest.raises(ParameterError, match="shorter than two samples"):
        RecordedLui(str(slow)).run(RUN)
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ParameterError, match="cannot be read"):
        RecordedLui(str(binary)).run(RUN)
    assert RecordedLui(str(binary)).by_hand(RUN) == ()
