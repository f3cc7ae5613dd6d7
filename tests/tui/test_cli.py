# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line as a person types it: tables, JSON, files, and one sentence where something is wrong."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from luisim.errors import SimulationError
from luisim.lui.model import LuiModel
from luisim.trace_files import read_csv
from tui.backends import experiment_names
from tui.cli import main

FAST = 'device = "lui"\nduration = "400 ms"\n[board]\nr_leak = "5k"\n'


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str


Luisim = Callable[..., Answer]


@pytest.fixture
def luisim(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Luisim:
    """`luisim WORDS` in an empty folder with one experiment, fast.toml."""
    monkeypatch.chdir(tmp_path)
    Path("fast.toml").write_text(FAST)

    def call(*words: str) -> Answer:
        with pytest.raises(SystemExit) as caught:
            main(words)
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return Answer(int(caught.value.code or 0), out, err)

    return call


def is_picture(path: str) -> bool:
    data = Path(path).read_bytes()
    return data.startswith(b"\x89PNG\r\n\x1a\n") and data.endswith(b"IEND\xaeB`\x82") and len(data) > 10_000


def test_run_prints_a_table(luisim: Luisim) -> None:
    answer = luisim("run", "fast.toml")
    assert answer.code == 0
    assert answer.err == ""
    head, columns, _, values, spikes = [line for line in answer.out.splitlines() if line.strip()]
    assert head == "fast on model, 400 ms"
    assert columns.split()[:4] == ["trace", "length", "spikes", "rate"]
    count = int(values.split()[3])  # after the name and "400 ms"
    assert count == len(spikes.removeprefix("spikes at (s): ").split(", ")) >= 2


def test_run_json_and_csv_tell_the_same(luisim: Luisim) -> None:
    answer = luisim("run", "fast.toml", "--json", "--csv", "out.csv", "--png", "out.png")
    assert answer.code == 0
    document = json.loads(answer.out)
    assert (document["schema"], document["experiment"], document["backend"], document["duration"]) == (1, "fast", "model", 0.4)
    trace = read_csv(Path("out.csv"))
    np.testing.assert_allclose(trace.spikes["out"], document["spikes"], rtol=1e-9)
    spikes = np.loadtxt("out.spikes.csv", skiprows=1)
    np.testing.assert_allclose(spikes, document["spikes"], rtol=1e-9)
    assert document["readings"]["spike_count"] == spikes.size >= 2
    assert document["readings"]["v_mem_max"] == pytest.approx(trace.signals["v_mem"].max(), rel=1e-6)
    assert is_picture("out.png")
    assert "out.csv" in answer.err
    assert "out.png" in answer.err


def test_what_a_back_end_wrote_can_be_compared_with_it(luisim: Luisim) -> None:
    """Also the circuit's trace, whose steps are a solver's."""
    assert luisim("run", "fast.toml", "--on", "circuit", "--csv", "kept.csv").code == 0
    answer = luisim("compare", "fast.toml", "--on", "circuit", "--on", "recording:kept.csv", "--json")
    assert answer.code == 0
    (pair,) = json.loads(answer.out)["pairs"]
    assert pair["rms"] < 0.1e-3  # the edges lose samples that are closer than a picosecond
    assert pair["a"]["spikes"] == pair["b"]["spikes"] >= 2


def test_compare_circuit_model_and_recording(luisim: Luisim) -> None:
    words = ("compare", "fast.toml", "--on", "circuit", "--on", "model", "--on", "recording:lui-photo")
    answer = luisim(*words, "--png", "all.png")
    assert answer.code == 0
    assert is_picture("all.png")
    assert "set by hand: leak potential trimmer fully up" in answer.err
    for pair in ("model - circuit", "recording:lui-photo - circuit", "recording:lui-photo - model"):
        assert sum(line.startswith(pair) for line in answer.out.splitlines()) == 2  # a row and a sentence
    document = json.loads(luisim(*words, "--json").out)
    assert [run["backend"] for run in document["runs"]] == ["circuit", "model", "recording:lui-photo"]
    assert document["pairs"][0]["rms_aligned"] < 5e-3
    assert all(pair["why"].endswith(".") for pair in document["pairs"])


def test_pictures_for_print(luisim: Luisim) -> None:
    assert luisim("run", "fast.toml", "--png", "out.svg").code == 0
    assert "<svg" in Path("out.svg").read_text()
    assert luisim("run", "fast.toml", "--png", "out.pdf").code == 0
    assert Path("out.pdf").read_bytes().startswith(b"%PDF")


def test_agreement(luisim: Luisim, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = luisim("agreement", "a_leak/vdd3.0_vl0.80", "--on", "model")
    assert answer.code == 0
    assert "4 of 4 agree" in answer.out
    document = json.loads(luisim("agreement", "b_psp/vdd3.0_inh", "--on", "model", "--json").out)
    assert len(document["verdicts"]) == 6
    assert all(verdict["agrees"] and verdict["rms"] < 5e-3 for verdict in document["verdicts"])
    right = LuiModel.run
    monkeypatch.setattr(LuiModel, "run", lambda self, run, **more: right(self, _other(run), **more))
    wrong = luisim("agreement", "a_leak/vdd3.0_vl0.80_r10k", "--on", "model")
    assert wrong.code == 4
    assert "0 of 1 agree" in wrong.out
    assert "differs:" in wrong.out


def _other(run: object) -> object:
    from luisim.experiment import Experiment
    from luisim.lui.parameters import LuiBoard, LuiParameters

    return Experiment(LuiBoard(LuiParameters(r_leak=12e3)), run.duration)  # type: ignore[attr-defined]


def test_experiments_are_listed_with_their_titles(luisim: Luisim) -> None:
    answer = luisim("experiments")
    assert [line.split()[0] for line in answer.out.splitlines()] == [*experiment_names(), *experiment_names("hicannx")]
    assert all(len(line.split()) > 1 for line in answer.out.splitlines())


def test_doctor(luisim: Luisim) -> None:
    answer = luisim("doctor")
    assert answer.code in (0, 4)
    assert "PySpice" in answer.out
    assert ("Everything is in place." in answer.out) == (answer.code == 0)


def test_help_and_version(luisim: Luisim) -> None:
    from luisim import __version__

    assert luisim("--version").out.strip() == __version__
    text = luisim("--help").out
    for word in ("run", "compare", "agreement", "experiments", "doctor", "app"):
        assert f"\n  {word}" in text or f"│ {word}" in text or f" {word} " in text
    assert "--csv" in luisim("run", "--help").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run",), "luisim --help"),
        (("rum", "fast.toml"), "luisim --help"),
        (("run", "fast.toml", "--cvs", "x"), "--cvs"),
        (("run", "fast.toml", "--seed", "x"), "seed"),
        (("run", "stacked-psp"), "did you mean 'stacked-psps'"),
        (("run", "gone.toml"), "There is no experiment file gone.toml"),
        (("run", "fast.toml", "--on", "oscilloscope"), "There is no back end 'oscilloscope': give circuit, model"),
        (("run", "fast.toml", "--on", "recording:gone"), "There is no recording 'gone'"),
        (("run", "fast.toml", "--on", "recording:"), "There is no back end 'recording:'"),
        (("run", "fast.toml", "--csv", "fast.toml/out.csv"), "fast.toml/out.csv cannot be written"),
        (("run", "fast.toml", "--png", "out.xyz"), "give a file that ends in .png, .svg or .pdf"),
        (("run", "fast.toml", "--png", "fast.toml/out.png"), "fast.toml/out.png cannot be written"),
        (("compare", "fast.toml", "--on", "model"), "needs two back ends or more"),
        (("agreement", "x_ray"), "No reference case begins with x_ray"),
        (("run", "typo.toml"), "did you mean 'v_leak'"),
        (("run", "."), "cannot be read"),
    ],
)
def test_bad_input_gets_one_sentence_and_code_2(luisim: Luisim, words: tuple[str, ...], said: str) -> None:
    Path("typo.toml").write_text(FAST + "vleak = 0.8\n")
    answer = luisim(*words)
    assert answer.code == 2
    assert answer.out == ""
    assert said in answer.err
    assert answer.err.startswith("luisim: ")
    assert answer.err.count("\n") == 1


def test_a_failed_run_gets_code_1_and_the_end_of_the_log(luisim: Luisim, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise SimulationError("ngspice stopped at t = 3 ms.", tuple(f"line {n}" for n in range(9)))

    monkeypatch.setattr(LuiModel, "run", fail)
    answer = luisim("run", "fast.toml")
    assert answer.code == 1
    assert answer.err.splitlines()[0] == "luisim: ngspice stopped at t = 3 ms."
    assert [line.strip() for line in answer.err.splitlines()[1:]] == [f"line {n}" for n in range(4, 9)]


def test_without_words_and_terminal_it_compares_and_draws(tmp_path: Path) -> None:
    """In a process of its own: `luisim < /dev/null | cat`."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tui.cli"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert is_picture(str(tmp_path / "luisim-comparison.png"))
    assert "luisim-comparison.png" in done.stderr
    for name in ("circuit", "model", "recording:lui-photo"):
        assert sum(line.startswith(name) for line in done.stdout.splitlines()) >= 1


def test_a_closed_pipe_is_no_error() -> None:
    command = f"{sys.executable} -W ignore -m tui.cli experiments | true"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False)
    assert done.stderr == ""
