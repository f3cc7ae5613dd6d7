# SPDX-License-Identifier: GPL-3.0-or-later
"""`luisim measure` and `luisim testcard` on the command line."""

import json
from pathlib import Path

import pytest

from luisim.experiment import Experiment
from luisim.lui.model import LuiModel
from luisim.lui.parameters import LuiBoard
from luisim.trace_files import write_csv
from tui.cli import main
from tui.widgets.glyphs import GLYPHS


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as left:
        main(words)
    told = capsys.readouterr()
    return int(left.value.code or 0), told.out, told.err


def test_sentences_without_a_sign_to_stumble_over(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "measure", "leak-over-threshold", "--plain")
    assert code == 0
    assert "The model fired 3 times in 2 seconds." in out
    assert "The firing rate is 1.935 hertz" in out
    assert "It fires at a membrane potential of 1.551 volts" in out
    assert "The membrane time constant is 547" in out
    assert out.isascii()
    assert all(line.endswith(".") for line in out.splitlines())


def test_an_answer_to_an_input(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "measure", "inhibitory-psp", "--plain")
    assert code == 0
    assert "did not fire" in out
    assert "An input pulse moves the membrane by minus 365" in out
    assert "The synaptic time constant is 110 milliseconds" in out


def test_json_of_a_file_agrees_with_the_experiment(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    write_csv(LuiModel().run(Experiment(LuiBoard(), 2.0)), tmp_path / "trace.csv")
    _, out, _ = run(capsys, "measure", str(tmp_path / "trace.csv"), "--json")
    (filed,) = json.loads(out)["traces"]
    _, out, _ = run(capsys, "measure", "leak-over-threshold", "--json")
    (made,) = json.loads(out)["traces"]
    assert filed["measurements"].keys() == made["measurements"].keys()
    for name, measured in made["measurements"].items():
        assert filed["measurements"][name]["value"] == pytest.approx(measured["value"], rel=1e-3, abs=1e-5)


def test_a_recording_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "measure", "lui-photo")
    assert code == 0
    assert "threshold" in out


def test_every_board_of_a_network(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "measure", "mutual-inhibition", "--json")
    assert code == 0
    assert len(json.loads(out)["traces"]) == 2


def test_what_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "measure", "nothing-of-the-kind")
    assert (code, out) == (2, "")
    assert "There is no experiment and no recording 'nothing-of-the-kind'" in err


def test_the_test_card_shows_every_set_of_glyphs(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "testcard")
    assert code == 0
    assert [line.removeprefix("--glyphs ") for line in out.splitlines() if line.startswith("--glyphs")] == list(GLYPHS)
