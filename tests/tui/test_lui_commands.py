# SPDX-License-Identifier: GPL-3.0-or-later
"""`luisim fit`, `luisim fi` and `luisim population` as they are typed."""

import json
from pathlib import Path

import numpy as np
import pytest

from luisim.experiment import Experiment
from luisim.lui.model import LuiModel
from luisim.lui.parameters import LuiBoard, LuiParameters
from tui.cli import main
from tui.lui_report import histogram_text

READINGS = Path(__file__).parents[1] / "data" / "lui" / "fi_measured.csv"


def run(*words: str) -> int:
    with pytest.raises(SystemExit) as end:
        main(words)
    return int(end.value.code or 0)


def test_fit_writes_a_twin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    trace = LuiModel().run(Experiment(LuiBoard(LuiParameters(r_leak=12e3)), 3.0))
    time = np.arange(0.0, 3.0, 1e-3)
    noise = np.random.default_rng(1).normal(0.0, 5e-3, time.size)
    rows = "".join(f"{t:.4f},{v:.5f}\n" for t, v in zip(time, trace.at("v_mem", time) + noise, strict=True))
    Path("board.csv").write_text("time_s,v_mem\n" + rows, encoding="utf-8")
    assert run("fit", "board.csv", "--json", "--png", "fit.png") == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"v_leak", "r_leak", "c_mem", "tau_mem"}
    assert set(found["r_leak"]) == {"value", "low", "high", "unit", "identifiable"}
    assert found["r_leak"]["low"] < 12e3 < found["r_leak"]["high"]
    assert found["tau_mem"]["unit"] == "s"
    assert Path("fit.png").stat().st_size > 10_000
    assert run("run", "board-twin.toml") == 0
    assert run("fit", "board.csv", "--free", "r_leak", "--exact", "--out", "other.toml") == 0
    assert "tau_mem" in capsys.readouterr().out
    assert Path("other.toml").exists()


def test_fi_sweeps_and_fits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("fi", "leak-over-threshold", "--points", "3", "--to", "100 uA", "--on", "theory", "--on", "model") == 0
    assert "100 uA" in capsys.readouterr().out
    csv, png = tmp_path / "fi.csv", tmp_path / "fi.png"
    words = ("fi", "current-source", "--measured", str(READINGS), "--fit", "--sense", "10k", "--on", "theory", "--json")
    assert run(*words, "--csv", str(csv), "--png", str(png), "--out", str(tmp_path / "board.toml")) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["fit_rms"] < 0.40
    assert found["voltage"][0] == pytest.approx(5.1)
    assert csv.read_text(encoding="utf-8").startswith("current_a,u_v,theory_hz\n")
    assert png.stat().st_size > 10_000


def test_population_counts_boards(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    png = tmp_path / "boards.png"
    assert run("population", "leak-over-threshold", "--boards", "8", "--seed", "3", "--png", str(png)) == 0
    text = capsys.readouterr().out
    assert "8 boards (model)" in text
    assert "█" in text
    assert "CV" in text
    assert png.stat().st_size > 10_000
    assert run("population", "resting-potential", "--boards", "4", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["spread"]["isi"] is None
    assert found["spread"]["rest"]["count"] == len(found["seeds"]) == 4


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("fit", "nothing.csv"), "There is no recording 'nothing.csv'"),
        (("fit", "recording:lui-photo", "--free", "colour"), "'colour' cannot be fitted"),
        (("fi", "leak-over-threshold", "--fit"), "give --measured FILE.csv"),
        (("fi", "leak-over-threshold", "--points", "1"), "allowed is 2 to 1000"),
        (("fi", "leak-over-threshold", "--from", "2 V"), "takes the unit A"),
        (("fi", "leak-over-threshold", "--on", "recording:lui-photo"), "give theory, model or circuit"),
        (("population", "leak-over-threshold", "--boards", "0"), "allowed is 1 to 10000"),
        (("population", "leak-over-threshold", "--on", "paper"), "give model or circuit"),
    ],
)
def test_mistakes_get_a_sentence(words: tuple[str, ...], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*words) == 2
    assert sentence in capsys.readouterr().err


def test_a_histogram_of_equal_values_is_one_line() -> None:
    assert histogram_text(np.full(3, 2.0), "Hz").splitlines() == ["2 Hz " + 40 * "█" + " 3"]
