# SPDX-License-Identifier: GPL-3.0-or-later
"""The netlists: each bench alone in ngspice gives the numbers that its header promises, and no part of the board is missing."""

import csv
import re
import subprocess
from collections import defaultdict
from dataclasses import fields
from itertools import permutations
from math import log
from pathlib import Path

import numpy as np
import pytest

from luisim.experiment import Current, Experiment, Pulses
from luisim.lui.board import BoardParts
from luisim.lui.circuit import LuiCircuit
from luisim.lui.model import LuiModel
from luisim.lui.parameters import LuiBoard, LuiParameters
from luisim.quantity import parse_si
from luisim.spice.netlists import circuits_folder, flatten
from luisim.spice.ngspice import Ngspice, find_executable

LUI = circuits_folder() / "lui"
BOARD = Path(__file__).resolve().parents[1] / "data" / "lui" / "board_netlist.csv"

# value and tolerance of each .meas; the values are those of the bench's header: reference simulation, equation or recording
BENCHES: dict[str, dict[str, tuple[float, float]]] = {
    "battery_droop": {"vdd_threshold": (2.40, 0.03), "vdd_pulse": (2.29, 0.04)},
    # board 1 fires on every second spike of board 0
    "chain2": {"spike0_1": (0.2127, 2e-3), "spike0_2": (0.4405, 2e-3)},
    "leak_over_threshold": {"frequency": (4.390, 0.01), "width": (15.885e-3, 0.05e-3), "v_threshold": (1.5508, 2e-3)},
    "one_shot": {"width": (22e-3 * log(1 / (1 - 0.506)), 0.05e-3), "v_high": (2.933, 5e-3)},
    "psp": {"psp_exc": (0.1901, 1e-3), "psp_inh": (-0.1906, 1e-3), "syn_exc": (1.5 - 0.1831, 3e-3), "syn_inh": (1.6831, 3e-3)},
    # below the corner the push source charges alone: k/2.2k x 1.5 V less 0.1 V/2.2k
    "push_pull": {"i_low": (22 / 69 * 1.5 / 2.2e3 - 0.1 / 2.2e3, 1e-6), "i_high": (0.0, 0.2e-6), "v_corner": (0.4765, 12e-3)},
    "reset": {"tau": (0.55e-3, 0.05e-3)},
    "revision_2023": {"width": (22e-3 * log(2) + 0.36e-3, 0.05e-3)},
    "supply": {"frequency": (4.386, 0.01), "width": (16.408e-3, 0.05e-3), "v_threshold": (1.2924, 2e-3)},
    "threshold": {"v_up": (0.5167 * 3.0, 2e-3), "v_down": (0.2642 * 3.12, 3e-3)},
    "vu_meter": {f"led{n}": (v, 1e-3) for n, v in enumerate((0.2099, 0.4211, 0.6337, 0.8471, 1.0609, 1.2745), start=1)},
}


def batch(path: Path, folder: Path) -> str:
    program = find_executable()
    if program is None:
        pytest.skip("no ngspice program")
    done = subprocess.run([program, "-b", path], capture_output=True, text=True, cwd=folder, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def readings(output: str) -> dict[str, float]:
    return {name: float(value) for name, value in re.findall(r"^(\w+)\s+=\s+(\S+)", output, re.MULTILINE)}


def test_every_bench_is_in_the_table() -> None:
    assert {path.stem for path in (LUI / "benches").glob("*.cir")} == BENCHES.keys()


@pytest.mark.parametrize("bench", BENCHES)
def test_bench(bench: str, tmp_path: Path) -> None:
    output = batch(LUI / "benches" / f"{bench}.cir", tmp_path)
    assert "failed" not in output
    found = readings(output)
    for name, (value, tolerance) in BENCHES[bench].items():
        assert found[name] == pytest.approx(value, abs=tolerance), name


def test_second_spikes_of_the_chain_lie_apart(tmp_path: Path) -> None:
    found = readings(batch(LUI / "benches" / "chain2.cir", tmp_path))
    driver = found["spike0_2"] - found["spike0_1"]
    assert 1.0 / driver == pytest.approx(4.39, rel=5e-3)
    assert found["spike1_2"] - found["spike1_1"] == pytest.approx(2.0 * driver, rel=0.1)


# ------------------------------------------------------------------------------------------------- the board, part by part


def elements() -> dict[str, list[str]]:
    """Designator -> words after the name, for every element that the three synapses and the other blocks put on the board.

    Local nodes are written as board.cir connects them: ``block:node`` for one inside a block.
    """
    cards = flatten(LUI / "board.cir").cards
    remarks = (LUI / "board.cir").read_text(encoding="utf-8")
    parts = {m[1]: m[2].split() for m in re.finditer(r"^\* parts (\w+): (.*)$", remarks, re.MULTILINE)}
    blocks: dict[str, tuple[list[str], list[list[str]]]] = {}
    inside: list[list[str]] = []
    for card in cards[1:]:
        words = card.lower().split()
        if words[0] == ".subckt":
            ports = [word for word in words[2:] if "=" not in word and word != "params:"]
            inside = []
            blocks[words[1]] = (ports, inside)
        elif words[0][0] in "rcx":
            inside.append(re.sub(r"\{.*?\}", lambda m: m[0].replace(" ", ""), card).split())
    found: dict[str, list[str]] = {}
    for name, *rest in blocks["lui"][1]:
        block = next((word for word in rest if word in blocks), None)
        if block is None or name == "XU1":
            found[name[1:]] = rest
            continue
        ports, content = blocks[block]
        outer = dict(zip(ports, rest, strict=False))
        designators = dict(zip(parts["synapse1"], parts.get(name[1:], parts["synapse1"]), strict=True))
        for element, *words in content:
            nodes = [outer.get(word, f"{name}:{word}") for word in words]
            found[designators.get(element, element)[1:]] = nodes[: len(words) - sum("=" in w for w in words)] + words
    return found


def pads() -> dict[str, dict[str, str]]:
    """Designator -> pad -> net of the board file."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    with BOARD.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found[row["reference"]][row["pin"]] = row["net"]
    return found


def test_every_part_of_the_board_is_an_element() -> None:
    names = set(elements())
    # a potentiometer that divides and a switch are two elements, a chip is one for each channel; connectors are nodes
    for part in pads().keys() - {"J1", "J2", "J3", "J4", "REF**"}:
        assert {part, f"{part}A"} & names, part
    for part, channels in (("U1", "ABCD"), ("U2", "ABCD"), ("U3", "ABCD"), ("RV5", "AB"), ("SW1", "AC")):
        assert {f"{part}{channel}" for channel in channels} <= names
    on_board = {re.sub(r"(?<=\d)[A-D]$", "", name) for name in names}
    assert on_board - pads().keys() == {"C8"}  # only boards before March 2025 have it


def test_fixed_values_are_those_of_the_board_file() -> None:
    found, checked = elements(), 0
    subcircuit = re.search(r"^\.subckt lui .*\n(?:\+.*\n)+", (LUI / "board.cir").read_text(encoding="utf-8"), re.MULTILINE)
    assert subcircuit
    defaults = dict(re.findall(r"(\w+)=(\S+)", subcircuit[0]))
    with BOARD.open(encoding="utf-8") as file:
        values = {row["reference"]: row["value"] for row in csv.DictReader(file)}
    for part, value in values.items():
        if re.fullmatch(r"R\d+|C[134679]", part) and part in found:
            words = [defaults.get(word.strip("{}"), word) for word in found[part][2:]]
            ours = [word for word in words if re.fullmatch(r"[\d.]+[a-z]*", word)]
            if ours:
                assert parse_si(ours[-1], "Ohm") == pytest.approx(parse_si(value.split()[0], "Ohm")), part
                checked += 1
    assert checked >= 40


def test_connections_are_those_of_the_board_file() -> None:
    """Resistors, capacitors, transistors and LEDs span the same graph: one name for each net, the same pads on it."""
    found, board = elements(), pads()
    pins: list[tuple[list[str], list[str]]] = []
    for part, pad in board.items():
        if re.fullmatch(r"R\d+|C\d+", part):
            pins.append((found[part][:2], [pad["1"], pad["2"]]))
        elif re.fullmatch(r"Q\d+", part):
            pins.append((found[part][:3], [pad["3"], pad["1"], pad["2"]]))  # ours: drain gate source; pads: gate source drain
        elif re.fullmatch(r"D\d+", part):
            pins.append((found[part][:2], [pad["2"], pad["1"]]))  # anode, cathode
    nets: dict[str, str] = {"vdd": "VDD", "gnd": "GND", "mem": "/MEM", "out": "/RESET", "spk": "/SPK", "syn": "/VSYN"}
    nets |= {"in1": "/INPUT_0", "in2": "/INPUT_1", "in3": "/INPUT_3"}
    for ours, theirs in pins:
        if len(ours) == 3:
            nets |= dict(zip(ours, theirs, strict=True))
    for _ in range(10):  # what is known at one end gives the other
        for ours, theirs in pins:
            fits = [
                dict(zip(ours, order, strict=True))
                for order in (permutations(theirs) if len(ours) == 2 else [theirs])
                if all(nets.get(node, net) == net for node, net in zip(ours, order, strict=True))
            ]
            assert fits, (ours, theirs)
            if len(fits) == 1:
                nets |= fits[0]
    assert set(nets.values()) == {net for _, theirs in pins for net in theirs}
    ammeters = [node for node in nets if node == "c5"]  # C5 reaches ground through VC5
    assert len(nets) - len(ammeters) == len(set(nets.values()))


# --------------------------------------------------------------------------------------------------------- the back end


def test_the_deck_of_an_experiment_runs_alone_too(tmp_path: Path, ngspice: Ngspice) -> None:
    run = Experiment(LuiBoard(LuiParameters(r_leak=10e3)), 0.3, (Pulses(1, (0.05,)), Current(20e-6, 0.1, 0.2)))
    circuit = LuiCircuit(ngspice)
    path = tmp_path / "deck.cir"
    path.write_text(circuit.deck(run).replace("\n.end", "\n.meas tran fired when v(out)=1.5 rise=1\n.end"), encoding="utf-8")
    spikes = circuit.run(run).spikes["out"]
    assert readings(batch(path, tmp_path))["fired"] == pytest.approx(spikes[0], abs=0.1e-3)


@pytest.mark.parametrize(("revision", "width"), [(2023, 15.25e-3 + 0.34e-3), (2025, 15.885e-3)])
def test_both_revisions(ngspice: Ngspice, revision: int, width: float) -> None:
    board = LuiBoard(LuiParameters(r_leak=10e3, parts=BoardParts.of_revision(revision)), 1.4)
    trace = LuiCircuit(ngspice).run(Experiment(board, 0.2))
    out = trace.signals["v_out"]
    up, down = (trace.time[np.flatnonzero(np.diff(np.sign(out - 1.5)) == sign)][0] for sign in (2, -2))
    assert down - up == pytest.approx(width, abs=0.1e-3)
    assert trace.spikes["out"][0] == pytest.approx(up, abs=0.1e-3)


def test_equal_runs_are_equal_and_progress_rises(ngspice: Ngspice) -> None:
    run = Experiment(LuiBoard(LuiParameters(r_leak=5e3)), 0.2)
    told: list[float] = []
    first, second = LuiCircuit(ngspice).run(run, progress=told.append), LuiCircuit(ngspice).run(run, seed=5)
    np.testing.assert_array_equal(first.signals["v_mem"], second.signals["v_mem"])
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_initial_voltages_and_supply_reach_the_circuit(ngspice: Ngspice) -> None:
    board = LuiBoard(LuiParameters(vdd=2.6, v_leak=0.3), 0.5, 1.0)
    trace = LuiCircuit(ngspice).run(Experiment(board, 5e-3))
    assert trace.signals["v_mem"][0] == pytest.approx(0.5, abs=5e-3)
    assert trace.at("v_syn", 1e-3) == pytest.approx(1.3 - 0.3 * np.exp(-1e-3 / 0.11), abs=5e-3)


def test_every_part_is_a_parameter_of_the_netlist(ngspice: Ngspice) -> None:
    board = LuiBoard(LuiParameters(parts=BoardParts.sample(1)))
    line = next(card for card in LuiCircuit(ngspice).deck(Experiment(board, 1.0)).splitlines() if card.startswith("xboard"))
    given = dict(re.findall(r"(\w+)=(\S+)", line))
    drawn = [f.name for f in fields(BoardParts) if f.name != "revision" and not f.name.startswith("track")]
    assert len(given) == len(drawn) + 13  # and the settings
    assert float(given["r10"]) == pytest.approx(board.parameters.parts.r_push_top)
    assert float(given["vos_u1c"]) == pytest.approx(board.parameters.parts.offset_push)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_a_board_with_real_parts_does_what_the_model_says(ngspice: Ngspice, seed: int) -> None:
    parts = BoardParts.sample(seed, 2023 if seed % 2 else 2025)
    experiment = Experiment(LuiBoard(LuiParameters(v_leak=0.8, r_leak=8e3, parts=parts)), 1.0)
    circuit, model = (backend.run(experiment).spikes["out"] for backend in (LuiCircuit(ngspice), LuiModel()))
    assert circuit.size == model.size >= 3
    np.testing.assert_allclose(np.diff(circuit), np.diff(model), rtol=0.01)
