# SPDX-License-Identifier: GPL-3.0-or-later
"""`luisim run my.cir`: table, curves, files and JSON of a netlist of one's own, and one sentence where it is refused."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
import pytest

from luisim.spice.netlists import circuits_folder
from luisim.trace import Trace
from tui import netlist
from tui.cli import main

RC = "charging\nv1 in 0 1\nr1 in out 1k\nc1 out 0 1u ic=0\n.tran 10u 5m uic\n.end\n"


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str


Luisim = Callable[..., Answer]


@pytest.fixture
def luisim(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Luisim:
    """`luisim run WORDS` in a folder with one netlist, my.cir."""
    monkeypatch.chdir(tmp_path)
    Path("my.cir").write_text(RC)

    def call(*words: str) -> Answer:
        with pytest.raises(SystemExit) as caught:
            main(("run", *words))
        out, err = capsys.readouterr()
        return Answer(int(caught.value.code or 0), out, err)

    return call


def test_table_and_curves(luisim: Luisim) -> None:
    answer = luisim("my.cir")
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[0].startswith("my.cir, 5 ms, ")
    assert [line.split()[0] for line in lines[2:7]] == ["signal", "------", "in", "out", "i(v1)"]
    assert lines[5].split()[3:] == ["993.3", "mV", "993.3", "mV"]
    assert sum(any("\u2800" < letter <= "\u28ff" for letter in line) for line in lines) >= 6


def test_json_csv_and_picture(luisim: Luisim) -> None:
    answer = luisim("my.cir", "--json", "--csv", "new/my.csv", "--png", "new/my.png")
    assert answer.code == 0
    document = json.loads(answer.out)
    assert (document["schema"], document["netlist"], document["duration"]) == (1, "my.cir", pytest.approx(5e-3, rel=1e-4))
    assert document["signals"]["out"] == {
        "unit": "V",
        "min": pytest.approx(0.0, abs=1e-3),
        "max": pytest.approx(1 - np.exp(-5), abs=1e-3),
    } | {"final": document["signals"]["out"]["max"]}
    assert document["signals"]["i(v1)"]["unit"] == "A"
    head = Path("new/my.csv").read_text().splitlines()[0]
    assert head == "time_s,in,out,i(v1)"
    columns = np.loadtxt("new/my.csv", delimiter=",", skiprows=1)
    assert columns.shape == (document["points"], 4)
    np.testing.assert_allclose(columns[:, 2], 1.0 - np.exp(-columns[:, 0] / 1e-3), atol=1e-3)
    assert Path("new/my.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_only_the_signals_that_are_named(luisim: Luisim) -> None:
    answer = luisim("my.cir", "--json", "--save", "i(v1)", "V(OUT)")
    assert list(json.loads(answer.out)["signals"]) == ["i(v1)", "out"]
    wrong = luisim("my.cir", "--save", "mem")
    assert wrong.code == 1
    assert "no node or current named mem" in wrong.err
    evil = luisim("my.cir", "--save", "out\n.control")
    assert evil.code == 2
    assert "is no name of a signal" in evil.err


def test_one_of_our_own(luisim: Luisim) -> None:
    answer = luisim(str(circuits_folder() / "lui" / "benches" / "one_shot.cir"), "--json")
    assert answer.code == 0
    assert json.loads(answer.out)["signals"]["out"]["max"] == pytest.approx(2.93, abs=0.02)


@pytest.mark.parametrize(
    ("text", "words", "code", "said"),
    [
        (RC.replace(".end", ".control\nshell ls\n.endc\n.end"), (), 2, "line 6: '.control' is a command"),
        (RC.replace(".end", ".include /etc/passwd\n.end"), (), 2, "passwd lies outside the folder"),
        (RC.replace(".tran", ".trn"), (), 2, "did you mean .tran?"),
        (RC.replace("r1 in out 1k", "x1 in out nobody"), (), 1, "unknown subckt"),
        (RC.replace("10u 5m", "1n 100"), ("--timeout", "0.5"), 1, "stopped after 0.5 s"),
        (RC, ("--timeout", "-1"), 2, "timeout = -1 s is out of range"),
        (RC, ("--timeout", "soon"), 2, "timeout"),
        (RC, ("--png", "my.xyz"), 2, "give a file that ends in .png"),
        (RC, ("--csv", "my.cir/my.csv"), 2, "cannot be written"),
        ("", (), 2, "exactly one .tran line"),
        (None, (), 2, "cannot read my.cir"),
    ],
)
def test_what_goes_wrong_gets_one_sentence(
    luisim: Luisim, text: str | None, words: tuple[str, ...], code: int, said: str
) -> None:
    Path("my.cir").unlink() if text is None else Path("my.cir").write_text(text)
    answer = luisim("my.cir", *words)
    assert answer.code == code
    assert answer.out == ""
    assert said in answer.err.splitlines()[0]
    assert answer.err.startswith("luisim: ")
    assert "Traceback" not in answer.err


def test_what_is_for_netlists_is_not_for_experiments(luisim: Luisim) -> None:
    answer = luisim("real-board", "--save", "v_mem")
    assert answer.code == 2
    assert "--save and --folder belong to a netlist" in answer.err


def test_a_larger_folder(luisim: Luisim) -> None:
    Path("deep").mkdir()
    Path("parts.lib").write_text("r9 out 0 1k\n")
    Path("deep/my.cir").write_text(RC.replace(".end", ".include ../parts.lib\n.end"))
    assert luisim("deep/my.cir").code == 2
    answer = luisim("deep/my.cir", "--folder", ".", "--json")
    assert json.loads(answer.out)["signals"]["out"]["max"] == pytest.approx(0.5, abs=1e-3)


def test_the_netlist_is_run_in_an_empty_home(luisim: Luisim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".spiceinit").write_text(f"shell touch {tmp_path}/canary\n")
    before = set(tmp_path.rglob("*"))
    assert luisim("my.cir").code == 0
    assert set(tmp_path.rglob("*")) == before


def test_many_signals_are_cut_short() -> None:
    time = np.linspace(0.0, 1.0, 11)
    trace = Trace(time, {f"n{n:03}" + "x" * 100: time * n for n in range(100)}, {}, "large.cir")
    text = netlist.as_text(trace)
    assert "76 more: name those that you want with --save." in text
    assert max(len(line) for line in text.splitlines()) < 120
    assert len(netlist.as_json(trace)["signals"]) == 100


def test_odd_names_are_drawn_and_a_foreign_style_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(matplotlib.rcParams, "text.usetex", True)  # as a matplotlibrc in the folder would
    time = np.linspace(0.0, 1.0, 11)
    netlist.draw(Trace(time, {"_hidden": time, "$x^2": time, "i(v$)": time, "@m1[gm]": time}, {}, "$a_$.cir"), Path("x.svg"))
    text = Path("x.svg").read_text()
    assert "_hidden" in text
    assert "$x^2" in text


def test_flat_and_tiny_signals_are_drawn() -> None:
    time = np.linspace(0.0, 1.0, 11)
    for values in (np.zeros(11), np.full(11, 1e-15), np.full(11, -3.0), time * 1e-18):
        assert "⠤" in netlist.as_text(Trace(time, {"a": values}, {}, "x.cir")) or "⠒" in netlist.as_text(
            Trace(time, {"a": values})
        )
