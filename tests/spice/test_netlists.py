# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading netlists: what is inlined, what is refused, and what a deck looks like."""

from pathlib import Path

import pytest

from luisim.errors import ParameterError
from luisim.spice import netlists
from luisim.spice.netlists import Netlist, Tran, check_deck, deck, flatten, stop_time


def write(folder: Path, **files: str) -> Path:
    """Write ``name="text"`` as name.cir and return the folder."""
    for name, text in files.items():
        (folder / f"{name}.cir").write_text(text, encoding="utf-8")
    return folder


def test_includes_are_inlined_relative_to_the_file_that_names_them(tmp_path: Path) -> None:
    (tmp_path / "blocks").mkdir()
    write(tmp_path / "blocks", leak=".include 'parts.cir'\nr1 a 0 1k\n", parts=".model d d\n")
    write(tmp_path, top='* top\n.include "blocks/leak.cir"\nv1 a 0 1\n.end\nignored after the end\n')
    assert flatten(tmp_path / "top.cir").cards == ("* top", ".model d d", "r1 a 0 1k", "v1 a 0 1")


def test_comments_go_and_continuations_are_joined(tmp_path: Path) -> None:
    write(
        tmp_path,
        top="v1 is a title\n* comment\n*#shell ls\nr1 a 0 ; why\n\n* in between\n+ 1k $ because\n+ tc=0 // old habit\n",
    )
    assert flatten(tmp_path / "top.cir").cards == ("* v1 is a title", "r1 a 0 1k tc=0")


def test_a_file_is_read_once_where_its_definitions_are_in_sight(tmp_path: Path) -> None:
    write(
        tmp_path,
        models=".model d d\n",
        top="*\n.include models.cir\n.include models.cir\n.subckt x a\n.include models.cir\n.ends\n",
        apart="*\n.subckt x a\n.include models.cir\n.ends\n.subckt y a\n.include models.cir\n.ends\n",
    )
    assert flatten(tmp_path / "top.cir").cards.count(".model d d") == 1
    assert flatten(tmp_path / "apart.cir").cards.count(".model d d") == 2


def test_a_library_gives_only_the_section_asked_for(tmp_path: Path) -> None:
    write(
        tmp_path,
        corners=".lib slow\n.param speed=1\n.endl\n.lib fast\n.param speed=2\n.endl\n",
        top="*\n.lib corners.cir FAST\n",
        whole="*\n.lib part.cir\n",
        part="r1 a 0 1\n",
    )
    assert flatten(tmp_path / "top.cir").cards[1:] == (".param speed=2",)
    assert flatten(tmp_path / "whole.cir").cards[1:] == ("r1 a 0 1",)
    write(tmp_path, top="*\n.lib corners.cir typical\n")
    with pytest.raises(ParameterError, match=r"corners\.cir has no section 'typical'"):
        flatten(tmp_path / "top.cir")


def test_micro_signs_of_other_tools_become_u(tmp_path: Path) -> None:
    (tmp_path / "latin.cir").write_bytes("* Grün\nc1 a 0 10µ ; Größe\n".encode("latin-1"))
    write(tmp_path, utf="* Grün\nc1 a 0 10µ\n")
    for name in ("latin.cir", "utf.cir"):
        assert flatten(tmp_path / name).cards == ("* Gr?n", "c1 a 0 10u")


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        ({"top": "*\n.include top.cir\n"}, r"top\.cir, line 2: top\.cir includes itself"),
        ({"top": "*\n.include a.cir\n", "a": "\n\n.include top.cir\n"}, r"a\.cir, line 3: top\.cir includes itself"),
        ({"top": "*\n*\n.include gone.lib\n"}, r"top\.cir, line 3: cannot read gone\.lib .* no such file"),
        ({"top": "*\n.include\n"}, r"top\.cir, line 2: .* must name one file"),
        ({"top": "*\n.include .\n"}, r"top\.cir, line 2: cannot read"),
        ({"top": "*\n  .CONTROL\nrun\n.endc\n"}, r"top\.cir, line 2: '\.CONTROL' is a command"),
        ({"top": "*\n.include a.cir\n", "a": ".controls\n"}, r"a\.cir, line 1: '\.controls' is a command"),
        ({"top": "*\nr1 a ü 1\n"}, r"top\.cir, line 2: 'r1 a ü 1' has a letter"),
        ({"top": "*\n" + "*" * netlists.MAX_FILE_BYTES}, r"^top\.cir is larger than 2 MB"),
        (
            {f"f{i}": f"\n.include f{i + 1}.cir\n" for i in range(30)} | {"top": "*\n.include f0.cir\n"},
            "nested more than 16 deep",
        ),
    ],
)
def test_a_netlist_that_cannot_be_read_is_refused_in_one_sentence(tmp_path: Path, files: dict[str, str], sentence: str) -> None:
    write(tmp_path, **files)
    with pytest.raises(ParameterError, match=sentence) as caught:
        flatten(tmp_path / "top.cir")
    assert "\n" not in str(caught.value)


def test_a_missing_netlist_is_named(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"cannot read none\.cir .* there is no such file"):
        flatten(tmp_path / "none.cir")
    write(tmp_path, empty="")
    assert flatten(tmp_path / "empty.cir").cards == ("* empty",)


NEURON = Netlist(
    "neuron.cir",
    ("* neuron", ".param rm=100k Cm={2 * 50n}", ".subckt x a", ".param hidden=1", ".ends", "r1 a 0 {rm}", ".tran 1u 1m uic"),
)


def test_parameters_are_those_outside_of_subcircuits() -> None:
    assert NEURON.parameters == ("rm", "cm")


def test_a_deck_appends_and_replaces() -> None:
    text = deck(NEURON, {"rm": 5e4}, ["r2 a 0 1k"], Tran(1e-5, 0.2, max_step=5e-6, uic=True))
    assert text.splitlines()[:2] == ["* neuron", ".param rm=100k Cm={2 * 50n}"]
    assert text.splitlines()[-4:] == [".tran 1e-05 0.2 0 5e-06 uic", "r2 a 0 1k", ".param rm=50000.0", ".end"]
    assert text.count(".tran") == 1
    assert ".tran 1u 1m uic" in deck(NEURON)


def test_a_deck_refuses_what_ngspice_would_silently_ignore() -> None:
    with pytest.raises(ParameterError, match=r"no parameter 'rmm'; it has: rm, cm"):
        deck(NEURON, {"rmm": 1.0})
    with pytest.raises(ParameterError, match="finite"):
        deck(NEURON, {"rm": float("nan")})
    with pytest.raises(ParameterError, match=r"must be read first, with netlists\.flatten"):
        deck(NEURON, lines=[" .INC x.lib"])
    with pytest.raises(ParameterError, match="command"):
        deck(NEURON, lines=[".control\nshell ls\n.endc"])
    with pytest.raises(ParameterError, match="above 0 s"):
        Tran(0.0, 1.0)
    with pytest.raises(ParameterError, match="must not be longer"):
        Tran(2.0, 1.0)


@pytest.mark.parametrize("line", [".control", "\t.ControlX", "*#shell ls", "  *#quit"])
def test_commands_are_refused(line: str) -> None:
    with pytest.raises(ParameterError, match="The deck, line 2"):
        check_deck(f"title\n{line}\n")


@pytest.mark.parametrize(
    ("words", "stop"), [("1u 5m", 5e-3), ("1us 2meg uic", 2e6), ("1 1.5e-3", 1.5e-3), ("1u\n+ 3s", 3.0), ("1u {x}", None)]
)
def test_stop_time(words: str, stop: float | None) -> None:
    assert stop_time(f"* title\nr1 a 0 1\n.TRAN {words}\n.end") == (None if stop is None else pytest.approx(stop))


def test_a_deck_has_one_transient_analysis() -> None:
    with pytest.raises(ParameterError, match="this one has 0"):
        stop_time(".tran in the title 1 1\n.end")
    with pytest.raises(ParameterError, match="this one has 2"):
        stop_time("*\n.tran 1 1\n.tran 1 1\n.end")


def test_the_installed_folder_comes_before_the_checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "luisim"
    package.mkdir()
    monkeypatch.setattr(netlists, "_PACKAGE", package)
    with pytest.raises(ParameterError, match="circuits/ was not found"):
        netlists.circuits_folder()
    (tmp_path / "circuits").mkdir()
    assert netlists.circuits_folder() == tmp_path / "circuits"
    (package / "_circuits").mkdir()
    assert netlists.circuits_folder() == package / "_circuits"
    write(package / "_circuits", board="*\n")
    assert netlists.circuit_path("board.cir") == (package / "_circuits" / "board.cir").resolve()
    for name in ("bord.cir", "../x.cir", str(tmp_path)):
        with pytest.raises(ParameterError, match=r"there are: board\.cir"):
            netlists.circuit_path(name)


def test_every_netlist_of_the_project_can_be_read() -> None:
    for path in netlists.circuits_folder().rglob("*.cir"):
        assert flatten(path).cards
