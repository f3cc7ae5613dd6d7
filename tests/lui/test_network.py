# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks: the compiled loop against the Python one, a network against its boards alone, files, and what is refused."""

import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from luisim.errors import ParameterError, UnsupportedExperiment
from luisim.experiment import Current, Experiment, Pulses
from luisim.kernels import lui as kernel
from luisim.lui.board import BoardParts
from luisim.lui.circuit import LuiCircuit
from luisim.lui.events import Solution, solve
from luisim.lui.experiment_file import read_experiment
from luisim.lui.model import LuiModel
from luisim.lui.network import Lui, LuiNetwork, Wire
from luisim.lui.neuron import Drive, Neuron
from luisim.lui.parameters import LuiBoard, LuiParameters
from luisim.trace_files import read_csv, write_csv

FILE = """
device = "lui"
duration = "800 ms"
[board]
vdd = "2.9 V"
v_leak = 0.9
[[boards]]
name = "a"
r_leak = "5k"
[[boards]]
name = "b"
v_leak = 0.3
[[wires]]
from = "a"
to = "b"
input = 1
[[stimulus]]
kind = "pulses"
board = "a"
input = 2
times = ["50 ms"]
"""


def random_boards(count: int, seed: int) -> tuple[list[Neuron], list[tuple[int, int, int]]]:
    """Boards of both revisions with drawn parts and settings, some with a battery, and random wires."""
    rng = np.random.default_rng(seed)
    neurons = []
    for index in range(count):
        parameters = LuiParameters(
            vdd=float(rng.uniform(2.4, 3.3)),
            v_leak=float(rng.uniform(0.0, 1.0)),
            r_leak=float(rng.uniform(0.0, 30e3)),
            r_syn=float(rng.uniform(0.0, 22e3)),
            r_weight=(float(rng.uniform(0.0, 22e3)), float(rng.uniform(0.0, 22e3)), float(rng.uniform(0.0, 22e3))),
            sign=(1, -1, 1) if index % 2 else (-1, 1, 1),
            r_battery=float(rng.choice([0.0, 27.0])),
            parts=replace(
                BoardParts.sample(seed + index, 2023 if index % 3 else 2025), c_mem_half=float(rng.choice([3.0, 1e3]))
            ),
        )
        neurons.append(Neuron(parameters, loads=index % 4))
    wires = [(int(rng.integers(count)), target, connector) for target in range(count) for connector in (0, 1)]
    return neurons, wires


def run_random(seed: int, *, compiled: bool) -> tuple[Solution, ...]:
    neurons, wires = random_boards(12, seed)
    starts = [neuron.rest(0.1 * index) for index, neuron in enumerate(neurons)]
    pulses = [(0.0, Drive()), (0.1, Drive((False, False, True), 20e-6)), (0.115, Drive())]
    return solve(neurons, starts, [pulses] * len(neurons), wires, 1.0, compiled=compiled)


@pytest.mark.skipif(kernel.library() is None, reason="the kernel is not compiled: install a C compiler, then make test")
@pytest.mark.parametrize("seed", range(6))
def test_the_kernel_gives_the_bits_of_its_python_twin(seed: int) -> None:
    for ours, theirs in zip(run_random(seed, compiled=True), run_random(seed, compiled=False), strict=True):
        np.testing.assert_array_equal(ours.spikes, theirs.spikes)
        np.testing.assert_array_equal(ours.pieces, theirs.pieces)


def test_random_networks_are_busy() -> None:
    """Or the test above would compare nothing."""
    assert sum(s.spikes.size for seed in range(6) for s in run_random(seed, compiled=True)) > 200


def test_boards_without_wires_do_not_notice_one_another() -> None:
    boards = (LuiBoard(LuiParameters(v_leak=0.8, r_leak=10e3)), LuiBoard(LuiParameters(v_leak=0.3), 0.93))
    stimulus = Pulses(1, (0.1, 0.2), board="b")
    network = LuiModel().run(Experiment(LuiNetwork(("a", "b"), boards), 1.0, (stimulus,)))
    for name, board, stimuli in (("a", boards[0], ()), ("b", boards[1], (replace(stimulus, board=""),))):
        alone = LuiModel().run(Experiment(board, 1.0, stimuli))
        np.testing.assert_array_equal(network.board(name).spikes["out"], alone.spikes["out"])
        np.testing.assert_allclose(network.board(name).at("v_mem", alone.time), alone.signals["v_mem"], atol=5e-3)


def test_a_wire_is_a_pulse_at_the_spike_of_its_source() -> None:
    """A board driven over a wire does what it does under pulses of the source's width at the source's spikes."""
    source, target = LuiBoard(LuiParameters(v_leak=0.8, r_leak=10e3)), LuiBoard(LuiParameters(v_leak=0.3), 0.93)
    wired = LuiModel().run(Experiment(LuiNetwork(("a", "b"), (source, target), (Wire("a", "b", 1),)), 1.2))
    spikes = wired.spikes["a"]
    out = wired.signals["a.v_out"]
    falls = wired.time[1:][(out[:-1] > 1.0) & (out[1:] < 1.0)]
    assert spikes.size >= 4
    pulses = [Pulses(1, (float(on),), width=float(off - on)) for on, off in zip(spikes, falls, strict=False)]
    alone = LuiModel().run(Experiment(target, 1.2, tuple(pulses)))
    np.testing.assert_allclose(wired.at("b.v_mem", alone.time), alone.signals["v_mem"], atol=1e-4)


def test_a_load_lowers_the_output_and_shortens_its_pulse() -> None:
    """Reference simulation: 2.933 V and 15.885 ms without, 2.807 V and 15.694 ms with one input of 100k."""
    for backend in (LuiModel(), LuiCircuit()):
        source, target = LuiBoard(LuiParameters(v_leak=0.8, r_leak=10e3)), LuiBoard(LuiParameters(v_leak=0.3), 0.9)
        trace = backend.run(Experiment(LuiNetwork(("a", "b"), (source, target), (Wire("a", "b", 1),)), 0.5))
        assert trace.signals["a.v_out"].max() == pytest.approx(2.807, abs=0.01)
        out = trace.signals["a.v_out"] > 1.4
        edges = trace.time[1:][out[1:] != out[:-1]]
        assert edges[1] - edges[0] == pytest.approx(15.694e-3, abs=0.1e-3)


def test_only_what_is_wanted_is_recorded() -> None:
    experiment = read_experiment(tomllib.loads('record = ["b"]\n' + FILE), "t")
    for backend in (LuiModel(), LuiCircuit()):
        trace = backend.run(experiment)
        assert set(trace.signals) == {"b.v_mem", "b.v_syn", "b.v_out"}
        assert set(trace.spikes) == {"a", "b"}
        assert trace.spikes["a"].size > 3
    with pytest.raises(ParameterError, match="no signals of the board 'a'"):
        trace.board("a")


def test_too_much_to_record_is_said() -> None:
    boards = tuple(LuiBoard() for _ in range(50))
    network = LuiNetwork(tuple(f"n{n}" for n in range(50)), boards)
    with pytest.raises(UnsupportedExperiment, match="record"):
        LuiModel().run(Experiment(network, 3600.0))
    assert not LuiModel().unsupported(Experiment(network, 3600.0, record=()))


def test_file() -> None:
    experiment = read_experiment(tomllib.loads(FILE), "t")
    network = experiment.device
    assert isinstance(network, LuiNetwork)
    assert network.names == ("a", "b")
    assert [b.parameters.vdd for b in network.boards] == [2.9, 2.9]
    assert [b.parameters.v_leak for b in network.boards] == [0.9, 0.3]
    assert network.boards[0].parameters.r_leak == 5e3
    assert network.wires == (Wire("a", "b", 1),)
    assert experiment.stimuli == (Pulses(2, (0.05,), board="a"),)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('to = "b"', 'to = "bb"', "to = 'bb' in [[wires]] 1 is unknown; did you mean 'b'? There are: a, b."),
        (
            "input = 1\n[[stim",
            "input = 4\n[[stim",
            "input = 4 in [[wires]] 1 is out of range: allowed is a whole number from 1 to 3.",
        ),
        ('from = "a"\nto = "b"\ninput = 1', 'from = "b"\nto = "a"\ninput = 2', "Input 2 of 'a' has a wire already"),
        ('name = "b"', 'name = "a"', "Two boards are named 'a'"),
        ('name = "b"', 'name = "b c"', "name = 'b c' of a board is not allowed"),
        ('name = "b"', "", "[[boards]] 2 lacks the key 'name'"),
        ('board = "a"', "", "[[stimulus]] 1 lacks the key 'board'"),
        ("r_leak", "r_leek", "[[boards]] 1 has no key 'r_leek'; did you mean 'r_leak'?"),
        ("[[wires]]", '[[wires]]\nfrom = "b"\nto = "b"\ninput = 1\n[[wires]]', "Two wires lead into input 1 of 'b'"),
        ("duration", "record = ['c']\nduration", "record = ['c'] must be a list of names of boards; there are: a, b."),
    ],
)
def test_mistakes_get_a_sentence(old: str, new: str, sentence: str) -> None:
    assert old in FILE
    with pytest.raises(ParameterError) as caught:
        read_experiment(tomllib.loads(FILE.replace(old, new, 1)), "t")
    assert sentence in str(caught.value)


def test_boards_that_are_no_list_get_a_sentence() -> None:
    with pytest.raises(ParameterError, match="boards must be written as"):
        read_experiment(tomllib.loads('device = "lui"\nduration = "1 s"\n[boards]\nname = "a"\n'), "t")


def test_round_trip_through_files(tmp_path: Path) -> None:
    trace = LuiModel().run(read_experiment(tomllib.loads(FILE), "t"))
    write_csv(trace, tmp_path / "net.csv")
    again = read_csv(tmp_path / "net.csv")
    assert (tmp_path / "net.csv").read_text().startswith("time_s,a.v_mem,a.v_syn,a.v_out,b.v_mem,")
    assert (tmp_path / "net.spikes.csv").read_text().startswith("time_s,board\n")
    assert again.boards == ("a", "b")
    np.testing.assert_allclose(again.spikes["a"], trace.spikes["a"], rtol=1e-9)
    np.testing.assert_allclose(again.signals["b.v_mem"], trace.signals["b.v_mem"], rtol=1e-6, atol=1e-9)


def test_currents_reach_their_board() -> None:
    boards = (LuiBoard(LuiParameters(v_leak=0.3)), LuiBoard(LuiParameters(v_leak=0.3)))
    experiment: Experiment[Lui] = Experiment(LuiNetwork(("a", "b"), boards), 1.0, (Current(60e-6, board="b"),))
    for backend in (LuiModel(), LuiCircuit()):
        trace = backend.run(experiment)
        assert trace.spikes["a"].size == 0
        assert trace.spikes["b"].size > 0
