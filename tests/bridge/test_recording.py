# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings that survive: a kill, a full disk, an unplug; and what comes out of them."""

import csv
import errno
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge import recording as recording_module
from firmware_bridge.errors import BoardError
from firmware_bridge.export import export_csv, to_neo, with_gaps
from firmware_bridge.record import arm, record
from firmware_bridge.recording import Recorder, new_folder, read_recording, single_boards
from firmware_bridge.replay import RecordedLui
from firmware_bridge.session import Session
from firmware_bridge.simulated.memory import MemoryBoard
from firmware_bridge.simulated.port import VirtualPort
from firmware_bridge.wiring import Wiring
from luisim.compare import compare
from luisim.errors import ParameterError
from luisim.experiment import Experiment
from luisim.lui.model import LuiModel
from luisim.lui.parameters import LuiBoard, LuiParameters
from tui.board_commands import replay

BOARDS = [LuiBoard(LuiParameters(v_leak=0.80 - 0.02 * n)) for n in range(6)]


def recorded(folder: Path, count: int, seconds: float, port: VirtualPort | None = None):
    wiring = Wiring.of(count)
    session = Session(port or VirtualPort(MemoryBoard(BOARDS[:count])))
    arm(session, wiring, 1000)
    with Recorder(folder, list(wiring.signals), {"outputs": ",".join(wiring.spikes.values()), "vcc": 5.0}) as recorder:
        return record(session, recorder, wiring, seconds)


@pytest.mark.parametrize("count", [1, 6])
def test_what_was_measured_is_read_back(tmp_path: Path, count: int) -> None:
    tape = recorded(tmp_path / "r", count, 3.0)
    found = read_recording(tmp_path / "r")
    assert found.trace.time.size == tape.samples > 2900
    assert tape.lost == tape.gaps == 0
    names = {"v_mem", "v_out"} if count == 1 else {f"{n}.v_mem" for n in range(1, 7)}
    assert set(found.trace.signals) == names
    assert set(found.trace.spikes) == ({"out"} if count == 1 else set("123456"))
    for name, board in zip(sorted(found.trace.spikes), BOARDS, strict=False):
        true = LuiModel().run(Experiment(board, 3.0)).spikes["out"]
        assert np.diff(found.trace.spikes[name])[-1] == pytest.approx(np.diff(true)[-1], rel=0.003)


def test_a_recording_is_a_back_end(tmp_path: Path) -> None:
    recorded(tmp_path / "r", 1, 3.0)
    experiment = Experiment(BOARDS[0], 2.5, name="again")
    found = compare(LuiModel().run(experiment), RecordedLui(str(tmp_path / "r")).run(experiment))
    assert abs(found.isi_difference) < 0.3


def test_several_boards_are_told_apart(tmp_path: Path) -> None:
    recorded(tmp_path / "r", 2, 2.0)
    trace = read_recording(tmp_path / "r").trace
    boards = single_boards(trace)
    assert set(boards) == {"1", "2"}
    assert np.array_equal(boards["2"].signals["v_mem"], trace.signals["2.v_mem"])
    with pytest.raises(ParameterError, match="several boards"):
        RecordedLui(str(tmp_path / "r")).run(Experiment(BOARDS[0], 1.0))
    assert replay(str(tmp_path / "r"), png=tmp_path / "r.png") == 0
    assert (tmp_path / "r.png").stat().st_size > 1000


def test_a_gap_is_a_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = VirtualPort(MemoryBoard(BOARDS[:1]))
    check = port._check
    monkeypatch.setattr(port, "_check", lambda: (setattr(port, "plugged", not 1.0 < port.now() < 2.0), check()))
    tape = recorded(tmp_path / "r", 1, 4.0, port)
    found = read_recording(tmp_path / "r")
    assert tape.gaps == len(found.gaps) == 1
    start, end = found.gaps[0]
    assert 0.9 < end - start < 3.0
    assert not np.any((found.trace.time > start + 0.01) & (found.trace.time < end - 0.01))
    time_, columns = with_gaps(found)
    assert np.isnan(columns[(time_ > start) & (time_ < end)]).all()


def test_torn_last_lines_are_dropped_and_damaged_ones_named(tmp_path: Path) -> None:
    recorded(tmp_path / "r", 1, 1.0)
    whole = read_recording(tmp_path / "r").trace.time.size
    for name in ("samples.csv", "events.jsonl"):
        path = tmp_path / "r" / name
        path.write_bytes(path.read_bytes()[:-7])
    assert read_recording(tmp_path / "r").trace.time.size == whole - 1
    path = tmp_path / "r" / "samples.csv"
    path.write_text(path.read_text().replace("\n", "\nrubbish\n", 1))
    with pytest.raises(BoardError, match="line 2"):
        read_recording(tmp_path / "r")
    with pytest.raises(BoardError, match="no recording"):
        read_recording(tmp_path)


def test_a_killed_program_loses_at_most_a_fifth_of_a_second(tmp_path: Path) -> None:
    program = """
import sys, time
from pathlib import Path
import numpy as np
from firmware_bridge.recording import Recorder
recorder = Recorder(Path(sys.argv[1]), ["v_mem"], {})
for n in range(10**6):
    recorder.samples(np.arange(13) * 1e-3 + n * 0.013, np.full((13, 1), 1.25))
    print(n * 0.013 + 0.012, flush=True)
    time.sleep(0.002)
"""
    child = subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "r")], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    for _ in range(60):
        told = float(child.stdout.readline())
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    assert read_recording(tmp_path / "r").trace.time[-1] >= told - 0.2


def test_a_full_disk_ends_in_a_sentence_and_keeps_what_there_is(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "r", ["v_mem"], {})
    recorder.samples(np.arange(20) * 1e-3, np.ones((20, 1)))

    class Full:
        closed = False

        def write(self, data: bytes) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        def close(self) -> None:
            self.closed = True

    recorder._samples.close()
    recorder._samples = Full()
    with pytest.raises(BoardError, match="No space left on device"):
        recorder.samples(np.array([0.1]), np.ones((1, 1)))
    assert read_recording(tmp_path / "r").trace.time.size == 20


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "r", ["v_mem"], {})
    recorder._samples.close()
    recorder._samples = open("/dev/full", "ab", buffering=0)  # noqa: SIM115
    with pytest.raises(BoardError, match="No space left on device"):
        recorder.samples(np.array([0.1]), np.ones((1, 1)))


def test_a_folder_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    with pytest.raises(BoardError, match="choose another folder"):
        Recorder(tmp_path, ["v_mem"], {})


def test_recordings_lie_among_the_documents(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import datetime

    monkeypatch.setattr(recording_module, "user_documents_path", lambda: tmp_path)
    assert new_folder(datetime.datetime(2026, 3, 4, 5, 6, 7)) == tmp_path / "luisim" / "2026-03-04 05.06.07"


def test_csv_for_any_program_and_for_german_ones(tmp_path: Path) -> None:
    recorded(tmp_path / "r", 1, 2.0)
    found = read_recording(tmp_path / "r")
    export_csv(found, tmp_path / "plain.csv")
    with (tmp_path / "plain.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["v_mem"]) for row in rows] == pytest.approx(found.trace.signals["v_mem"])
    export_csv(found, tmp_path / "german.csv", german=True)
    raw = (tmp_path / "german.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbftime_s;v_mem")
    with (tmp_path / "german.csv").open(encoding="utf-8-sig") as file:
        german = list(csv.DictReader(file, delimiter=";"))
    assert [float(row["v_mem"].replace(",", ".")) for row in german] == pytest.approx(found.trace.signals["v_mem"])
    assert (tmp_path / "german.spikes.csv").read_text(encoding="utf-8-sig").splitlines()[1].endswith(";out")


def test_neo_round_trip(tmp_path: Path) -> None:
    pytest.importorskip("neo", reason="Neo is not installed: pip install 'luisim[neo]'")
    recorded(tmp_path / "r", 1, 2.0)
    found = read_recording(tmp_path / "r")
    segment = to_neo(found).segments[0]
    assert segment.irregularlysampledsignals[0].magnitude.ravel() == pytest.approx(found.trace.signals["v_mem"])
    assert segment.spiketrains[0].rescale("s").magnitude == pytest.approx(found.trace.spikes["out"])


def test_nwb_round_trip(tmp_path: Path) -> None:
    pynwb = pytest.importorskip("pynwb", reason="pynwb is not installed: pip install 'luisim[nwb]'")
    from firmware_bridge.export import export_nwb

    recorded(tmp_path / "r", 1, 2.0)
    found = read_recording(tmp_path / "r")
    export_nwb(found, tmp_path / "r.nwb")
    with pynwb.NWBHDF5IO(str(tmp_path / "r.nwb"), "r") as io:
        read = io.read()
        assert read.acquisition["v_mem"].data[:] == pytest.approx(found.trace.signals["v_mem"])
        assert read.units["spike_times"][0] == pytest.approx(found.trace.spikes["out"])


def test_events_are_json_a_line(tmp_path: Path) -> None:
    recorded(tmp_path / "r", 1, 2.0)
    kinds = {json.loads(line)["kind"] for line in (tmp_path / "r" / "events.jsonl").read_text().splitlines()}
    assert "spike" in kinds
