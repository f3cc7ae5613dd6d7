# SPDX-License-Identifier: GPL-3.0-or-later
"""Traces as files: what is written comes back, what is torn is mended, what is wrong is named."""

from pathlib import Path

import numpy as np
import pytest

from luisim.errors import ParameterError
from luisim.trace import Trace
from luisim.trace_files import read_csv, spikes_path, write_csv

GOOD = "time_s,v_mem\n0,0.1\n0.001,0.2\n0.002,0.3\n"


def trace(time: np.ndarray) -> Trace:
    rng = np.random.default_rng(2)
    signals = {name: rng.uniform(0.0, 3.0, time.size) for name in ("v_mem", "v_syn", "v_out")}
    return Trace(time, signals, {"out": time[10::50] + 1e-5}, "somewhere")


def test_a_trace_comes_back_as_it_was(tmp_path: Path) -> None:
    written = trace(np.cumsum(np.random.default_rng(3).uniform(1e-6, 4e-4, 5000)))
    write_csv(written, tmp_path / "run.csv")
    read = read_csv(tmp_path / "run.csv")
    assert (tmp_path / "run.spikes.csv").exists()
    assert read.origin == "run"
    assert list(read.signals) == list(written.signals)
    np.testing.assert_allclose(read.time, written.time, rtol=1e-8)
    for name in written.signals:
        np.testing.assert_allclose(read.signals[name], written.signals[name], rtol=1e-6)
    np.testing.assert_allclose(read.spikes["out"], written.spikes["out"], rtol=1e-8)


def test_the_steps_of_a_solver_are_not_merged(tmp_path: Path) -> None:
    """ngspice walks up to an edge in steps of a picosecond; the file must keep them apart or it cannot be read again."""
    edge = 1.5 + np.cumsum(np.full(200, 3e-12))
    write_csv(trace(np.concatenate((np.linspace(0.0, 1.5, 100), edge, [2.0]))), tmp_path / "run.csv")
    read = read_csv(tmp_path / "run.csv")
    assert 101 < read.time.size < 301
    assert read.duration == 2.0


@pytest.mark.parametrize("tail", ["0.003", "0.003,", "0.003,0.", "0.00", "0.003,0.4e", "0.003,-"])
def test_a_torn_last_line_costs_at_most_one_sample(tmp_path: Path, tail: str) -> None:
    (tmp_path / "torn.csv").write_text(GOOD + tail)
    read = read_csv(tmp_path / "torn.csv")
    np.testing.assert_array_equal(read.signals["v_mem"][:3], [0.1, 0.2, 0.3])
    assert read.time.size <= 4


def test_remarks_blank_lines_and_windows_line_ends(tmp_path: Path) -> None:
    (tmp_path / "remarks.csv").write_bytes(b"# by hand: x\r\n\r\n" + GOOD.replace("\n", "\r\n").encode() + b"# end\r\n")
    read = read_csv(tmp_path / "remarks.csv")
    assert read.time.size == 3
    assert not read.spikes


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"# only remarks\n", "is empty"),
        (b"t,v\n0,1\n1,2\n", "must name the columns time_s and v_mem.*, not t, v"),
        (b"time_s,v_out\n0,1\n1,2\n", "time_s and v_mem"),
        (b"time_s,v_mem\n", "fewer than two samples"),
        (b"time_s,v_mem\n0,1\n", "fewer than two samples"),
        (b"time_s,v_mem\n0,1\nx,2\n1,2\n", "row 3: expected 2 numbers"),
        (b"time_s,v_mem\n0,1,2\n1,2\n2,3\n", "row 2: expected 2 numbers"),
        (b"time_s,v_mem\n0,1\n1,nan\n2,3\n", "row 3: expected 2 numbers"),
        (b"time_s,v_mem\n0,1\n1,inf\n2,3\n", "row 3: expected 2 numbers"),
        (b"time_s,v_mem\n0,1\n0,2\n1,3\n", "bad.csv.*strictly increasing"),
        (b"\xff\xfe\x00\x01", "cannot be read as a text file"),
        (b"PK\x03\x04\x00\x00", "must name the columns"),
        (b"time_s,v_mem,v_mem\n0,1,2\n1,2,3\n", "twice"),
    ],
)
def test_bad_files_are_named_in_one_sentence(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "bad.csv").write_bytes(content)
    with pytest.raises(ParameterError, match=words) as caught:
        read_csv(tmp_path / "bad.csv")
    assert "bad.csv" in str(caught.value)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"There is no recording .*gone\.csv"):
        read_csv(tmp_path / "gone.csv")
    with pytest.raises(ParameterError, match="cannot be read"):
        read_csv(tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(ParameterError, match=r"cannot be written .*choose another folder"):
        write_csv(trace(np.linspace(0.0, 1.0, 20)), tmp_path / "file" / "run.csv")


def test_a_bad_spikes_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    path.write_text(GOOD)
    spikes_path(path).write_text("time_s\n0.002\n0.001\n")
    with pytest.raises(ParameterError, match=r"run\.csv: The spike times of out"):
        read_csv(path)
    spikes_path(path).write_text("time_s\n0.001\nsoon\n0.002\n")
    with pytest.raises(ParameterError, match=r"run\.spikes\.csv, row 3"):
        read_csv(path)
