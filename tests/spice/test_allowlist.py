# SPDX-License-Identifier: GPL-3.0-or-later
"""The allow-list lets every plain circuit through unchanged: our own, and those that other people write."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from luisim.errors import ParameterError
from luisim.spice.allowlist import is_netlist, read_untrusted
from luisim.spice.netlists import circuits_folder, deck, flatten
from luisim.spice.ngspice import Limits, Ngspice, Signals

DECKS = Path(__file__).resolve().parents[1] / "data" / "netlists"
BENCHES = sorted((circuits_folder() / "lui" / "benches").glob("*.cir"))


def near(signal: str, expected: Callable[[np.ndarray], np.ndarray], tolerance: float) -> Callable[[Signals], None]:
    def check(signals: Signals) -> None:
        np.testing.assert_allclose(signals[signal], expected(signals["time"]), atol=tolerance)

    return check


def ends(signal: str, value: float, tolerance: float) -> Callable[[Signals], None]:
    def check(signals: Signals) -> None:
        assert signals[signal][-1] == pytest.approx(value, abs=tolerance)

    return check


def swings(signal: str, low: float, high: float, tolerance: float) -> Callable[[Signals], None]:
    def check(signals: Signals) -> None:
        np.testing.assert_allclose([signals[signal].min(), signals[signal].max()], [low, high], atol=tolerance)

    return check


# what theory says of each; together they use R C L V I E F G H B D Q M J S W X T K Z O and every card of the list
PLAIN: dict[str, Callable[[Signals], None]] = {
    "charging": near("out", lambda t: 1.0 - np.exp(-t / 1e-3), 1e-3),
    "ringing": near("a", lambda t: 1e-3 * np.sqrt(1e-3 / 1e-6) * np.exp(-t / 2e-2) * np.sin(t / np.sqrt(1e-9)), 1e-3),
    "controlled_sources": ends("b", 6.0 + 2.0 + 8.0 - 1.0, 1e-3),
    "rectifier": ends("out", 4.3, 0.3),
    "bipolar_amplifier": lambda signals: np.testing.assert_allclose(np.ptp(signals["c"]), 0.02 * 4.5, rtol=0.15),
    "inverter": swings("out", 0.0, 1.8, 0.1),
    "junction_transistors": ends("s", 1.0, 0.02),  # I = beta (2 V - I 1 kOhm)^2
    "relay": ends("out", 5.0 * 1000 / 1001, 1e-3),
    "lines": ends("b", 1 / 3 + 1 / 6, 0.02),  # the source sees two lines; the second one is open and sends its half back
    "transformer": near("b", lambda t: 2.0 * np.sin(2e3 * np.pi * t), 0.02),
    "functions_and_conditions": ends("b", 1.5, 1e-6),
    "initial_voltages": lambda signals: np.testing.assert_allclose(signals["a"][0], 2.0, rtol=1e-3),
    "polynomial_and_table": ends("p", 1.0 + 2.0 * 0.5 + 4.0 * 0.25, 1e-6),
    "habits_of_other_tools": ends("in", 1.0, 1e-6),
    "micro_signs": near("out", lambda t: 1.0 - np.exp(-t / 1e-3), 1e-3),
}


@pytest.fixture(scope="module")
def confined(ngspice: Ngspice) -> Iterator[Ngspice]:
    with Ngspice(Limits(cpu=60)) as engine:
        yield engine


@pytest.mark.parametrize("name", PLAIN)
def test_a_plain_circuit_passes_unchanged_and_runs(name: str, confined: Ngspice) -> None:
    path = DECKS / f"{name}.cir"
    netlist = read_untrusted(path)
    assert netlist.cards[0] == f"* {name.replace('_', ' ')}"
    dropped = (".print", ".plot", ".four", ".width")
    assert list(netlist.cards[1:]) == [card for card in flatten(path).cards[1:] if not card.startswith(dropped)]
    PLAIN[name](confined.run(deck(netlist), timeout=20.0))


def test_together_they_use_what_circuits_are_made_of() -> None:
    assert {path.stem for path in DECKS.glob("*.cir")} == PLAIN.keys()
    words = {card.split()[0].lower() for name in PLAIN for card in read_untrusted(DECKS / f"{name}.cir").cards[1:]}
    assert {word[0] for word in words} >= set("rclvieghfbdqmjswxtkzo.")
    cards = ".subckt .ends .model .param .func .ic .nodeset .options .temp .global .measure .save .tran .if .else .endif"
    assert words >= set(cards.split())


@pytest.mark.parametrize("path", BENCHES, ids=lambda path: path.stem)
def test_our_own_circuits_pass_unchanged(path: Path) -> None:
    assert read_untrusted(path).cards[1:] == flatten(path).cards[1:]


def test_our_circuits_can_be_included_from_anywhere(confined: Ngspice, tmp_path: Path) -> None:
    path = tmp_path / "my.cir"
    path.write_text(
        "a board of my own\n.include lui/board.cir\n.options method=gear reltol=1e-4\n"
        "x1 0 0 0 out mem syn vdd 0 lui r_leak=5k\n.save v(mem) v(out)\n.tran 0.2m 0.3 uic\n",
        encoding="utf-8",
    )
    assert confined.run(deck(read_untrusted(path)), timeout=20.0)["out"].max() > 2.5


def test_a_file_beside_the_netlist_comes_before_ours(tmp_path: Path) -> None:
    (tmp_path / "lui").mkdir()
    (tmp_path / "lui" / "board.cir").write_text("r9 a 0 1k\n", encoding="utf-8")
    (tmp_path / "my.cir").write_text("*\n.include lui/board.cir\nv1 a 0 1\n.tran 1u 1m\n", encoding="utf-8")
    assert "r9 a 0 1k" in read_untrusted(tmp_path / "my.cir").cards


def test_a_larger_folder_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "models.lib").write_text(".model d d\n", encoding="utf-8")
    path = tmp_path / "deep" / "my.cir"
    path.write_text("*\n.include ../models.lib\nv1 a 0 1\nd1 a 0 d\n.tran 1u 1m\n", encoding="utf-8")
    with pytest.raises(ParameterError, match=r"models\.lib lies outside the folder .*deep; .*name a folder that holds both"):
        read_untrusted(path)
    assert ".model d d" in read_untrusted(path, tmp_path).cards
    (tmp_path / "link.cir").symlink_to(path)
    with pytest.raises(ParameterError, match="lies outside"):
        read_untrusted(tmp_path / "link.cir")  # the folder is that of the file itself


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (".modle d d", r"'\.modle d d' is not allowed; did you mean \.model\?"),
        (".model d dd(is=1)", r"is no model that is allowed; .*its type must be one of r, res, c"),
        (".model d", "is no model"),
        (".options reltl=1", r"sets 'reltl', which is not allowed; did you mean reltol\?"),
        (".options reltol=`x`", "backquote"),
        (".ac dec 10 1 1k", "is another analysis; .* remove this line"),
        ("a1 a b m", "is no element; allowed are those that begin with B, C"),
        ("v2 b 0 external", r"waits for a program .* pulse\(\.\.\.\)"),
        ("v2 b 0 pwl file=x.csv", "names a file; write the values into the netlist"),
    ],
)
def test_what_is_refused_is_shown_with_the_way_out(tmp_path: Path, line: str, sentence: str) -> None:
    path = tmp_path / "my.cir"
    path.write_text(f"*\nv1 a 0 1\nr1 a 0 1\n.tran 1u 1m\n{line}\n", encoding="utf-8")
    with pytest.raises(ParameterError, match=sentence) as caught:
        read_untrusted(path)
    assert str(caught.value).startswith("my.cir: ")


def test_names_of_netlists() -> None:
    assert is_netlist("my.cir")
    assert is_netlist("a/B.CIR")
    assert is_netlist("x.net")
    assert not is_netlist("my.toml")
    assert not is_netlist("real-board")
