# SPDX-License-Identifier: GPL-3.0-or-later
"""Neurons with several compartments: parts, their parameters, places, recordings and projections."""

import copy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pyNN.errors import NonExistentParameterError

import luisim.pynn as pynn
from luisim.errors import ParameterError, UnsupportedExperiment
from luisim.pynn import morphology
from luisim.pynn.morphology import Compartment, McCircuitParameters, McNeuronBase, SharedLineConnection, create_mc_neuron

FIRST = Compartment(positions=[0], label="soma", connect_shared_line=[0])
SECOND = Compartment(positions=[1], label="dendrite", connect_conductance=[(1, 200)])
LINE = SharedLineConnection(start=0, stop=1, row=0)


def pair(**soma: object) -> type[McNeuronBase]:
    first = Compartment(positions=[0], label="soma", connect_shared_line=[0], **soma)
    second = Compartment(positions=[1], label="dendrite", connect_conductance=[(1, 200)])
    return create_mc_neuron("Pair", [first, second], [LINE])


def chain(length: int, *, conductance: int = 200) -> type[McNeuronBase]:
    """As the tutorial builds it: a compartment's first circuit meets the line on the left, its second that on the right."""
    compartments, lines = [], []
    for k in range(length):
        last = k == length - 1
        compartments.append(
            Compartment(
                positions=[2 * k, 2 * k + 1],
                label=f"comp_{k}",
                connect_shared_line=None if k == 0 else [2 * k],
                connect_conductance=None if last else [(2 * k + 1, conductance)],
            )
        )
        if not last:
            lines.append(SharedLineConnection(start=2 * k + 1, stop=2 * k + 2, row=0))
    return create_mc_neuron("Chain", compartments, lines, single_active_circuit=True)


def source(times: list[float], size: int = 5) -> pynn.Population:
    return pynn.Population(size, pynn.cells.SpikeSourceArray(spike_times=times))


def connect(pre: object, post: object, weight: int = 63, **selectors: str) -> pynn.Projection:
    synapse = pynn.synapses.StaticSynapse(weight=weight)
    return pynn.Projection(pre, post, pynn.AllToAllConnector(**selectors), synapse_type=synapse)


@pytest.mark.parametrize(
    "wrong",
    [
        {"positions": [0, 0]},
        {"positions": 0},
        {"positions": [0, 1], "label": 3},
        {"positions": [0, 1], "connect_shared_line": 0},
        {"positions": [0, 1], "connect_shared_line": [0, 0]},
        {"positions": [0, 1], "connect_shared_line": [2]},
        {"positions": [0, 1], "connect_conductance": 0},
        {"positions": [0, 1], "connect_conductance": [(1, 100), (1, 200)]},
        {"positions": [0, 1], "connect_conductance": [(2, 100)]},
        {"positions": [0, 1], "connect_conductance": ([0], 100)},
    ],
)
def test_wrong_compartments(wrong: dict[str, object]) -> None:
    with pytest.raises(TypeError):
        Compartment(**wrong)


def test_parts_that_make_no_neuron() -> None:
    create_mc_neuron("Fine", [FIRST, SECOND], [LINE])
    with pytest.raises(TypeError):
        create_mc_neuron("One", FIRST)
    with pytest.raises(TypeError):
        create_mc_neuron("Line", [FIRST, SECOND], LINE)
    with pytest.raises(TypeError):
        create_mc_neuron("Tuple", [FIRST, SECOND], [(0, 1, 0)])
    both = copy.deepcopy(SECOND)
    both.connect_shared_line = [1]
    direct = copy.deepcopy(both)
    direct.connect_conductance = []
    shared = copy.deepcopy(SECOND)
    shared.positions = [0, 1]
    apart = Compartment(positions=[0, 2], connect_shared_line=[0])
    for compartments, lines, said in (
        ([FIRST, SECOND], [], "not all connected"),
        ([FIRST, both], [LINE], "choose one"),
        ([FIRST, direct], [LINE], "joined directly"),
        ([FIRST, shared], [LINE], "two compartments"),
        ([apart, SECOND], [LINE], "no neighbours"),
        ([Compartment(positions=[256])], [], "0 to 255"),
        ([FIRST, SECOND], [SharedLineConnection(0, 128, 0)], "columns 0 to 127"),
        ([], [], "compartment"),
    ):
        with pytest.raises(RuntimeError, match=said):
            create_mc_neuron("No", compartments, lines)
    with pytest.raises(NonExistentParameterError):
        create_mc_neuron("No", [Compartment(positions=[0], leak_v_laek=3)])
    with pytest.raises(RuntimeError, match="one for each of 1 circuits"):
        pair(leak_v_leak=[1, 2])


def test_labels() -> None:
    third = Compartment(positions=[2], label="dendrite", connect_conductance=[(2, 200)])
    made = create_mc_neuron("Three", [FIRST, SECOND, third], [SharedLineConnection(0, 2, 0)])
    assert made.get_labels() == ["soma", "dendrite", "dendrite"]
    assert made.get_label(2) == "dendrite"
    assert made.get_compartment_ids(["dendrite"]) == [1, 2]
    with pytest.raises(KeyError):
        made.get_label(3)
    with pytest.raises(ValueError, match="soma"):
        made.get_compartment_ids(["axon"])


@pytest.mark.parametrize("size", [1, 5])
def test_parameters_have_a_value_for_each_circuit(size: int) -> None:
    compartments = [
        Compartment(positions=[0], label="a", connect_shared_line=[0], leak_v_leak=[1]),
        Compartment(positions=[1, 2], label="b", connect_conductance=[(1, 200)], leak_v_leak=[2, 3]),
        Compartment(positions=[3, 4], label="c", connect_conductance=[(3, 200)], leak_v_leak=4),
    ]
    made = create_mc_neuron("Three", compartments, [SharedLineConnection(0, 3, 0)])
    expected = McCircuitParameters([[1], [2, 3], [4, 4]])
    population = pynn.Population(size, made())
    assert population.get("leak_v_leak") == expected
    assert population.get("multicompartment_i_bias_nmda") == McCircuitParameters([[0], [200, 0], [200, 0]])
    more = copy.deepcopy(expected)
    more.value = more.value + 1
    population.set(leak_v_leak=more)
    assert population.get("leak_v_leak") == more
    if size > 1:
        population[1:2].set(leak_v_leak=expected)
        assert population[1:2].get("leak_v_leak") == expected
        assert population[0:1].get("leak_v_leak") == more
    assert pynn.Population(1, made(leak_v_leak=100)).get("leak_v_leak") == 100
    settings = population.actual_hwparams
    assert len(settings) == 5 * size
    assert [n.leak_v_leak for n in settings[:5]] == [2, 3, 4, 5, 5]
    assert [n.multicompartment_connect_soma_right for n in settings[:5]] == [True, True, True, False, False]
    assert [n.multicompartment_connect_right for n in settings[:5]] == [False, True, False, True, False]
    with pytest.raises(NonExistentParameterError):
        made(multicompartment_connect_soma=True)


def test_calibration_gives_what_nobody_has_set() -> None:
    pynn.setup(initial_config=pynn.helper.chip_from_nightly())
    lone = pynn.Population(4, pynn.cells.HXNeuron())
    calibrated = [float(v) for v in lone.get("leak_v_leak")]
    pynn.setup(initial_config=pynn.helper.chip_from_nightly())
    population = pynn.Population(2, pair(leak_v_leak=17)(threshold_enable=False))
    assert population[0:1].get("leak_v_leak") == McCircuitParameters([[17], [calibrated[1]]])
    assert population[1:2].get("leak_v_leak") == McCircuitParameters([[17], [calibrated[3]]])
    assert not population.get("threshold_enable")
    one = pynn.Population(1, chain(2)())
    assert [n.membrane_capacitance_capacitance for n in one.actual_hwparams] == [63, 0, 63, 0]
    assert [n.threshold_enable for n in one.actual_hwparams] == [True, False, True, False]


def test_circuits_lie_side_by_side_on_one_quadrant() -> None:
    pynn.setup(neuronPermutation=[5, *range(120, 300)])
    single = pynn.Population(1, pynn.cells.HXNeuron())
    chains = pynn.Population(2, chain(3)())
    rest = pynn.Population(2, pynn.cells.HXNeuron())
    assert single.sites.tolist() == [5]
    assert chains.sites.tolist() == [[*range(120, 126)], [*range(128, 134)]]
    assert rest.sites.tolist() == [126, 127]
    assert pynn.simulator.state.placed == 15
    # both rows: position 128 lies under position 0
    two_rows = create_mc_neuron("Rows", [Compartment(positions=[0, 128])])
    pynn.setup()
    population = pynn.Population(1, two_rows())
    assert population.sites.tolist() == [[0, 256]]
    assert [n.multicompartment_connect_vertical for n in population.actual_hwparams] == [True, True]
    with pytest.raises(ValueError, match="side by side"):
        pynn.Population(300, two_rows())


def test_a_line_may_pass_circuits_of_no_compartment() -> None:
    far = Compartment(positions=[3], label="far", connect_conductance=[(3, 200)])
    made = create_mc_neuron("Far", [FIRST, far], [SharedLineConnection(0, 3, 0)])
    population = pynn.Population(1, made(leak_v_leak=700, leak_i_bias=200, membrane_capacitance_capacitance=63))
    assert population.sites.tolist() == [[0, 3, 1, 2]]
    population.record("v", locations=["far"])
    pynn.run(0.02)
    assert population.get_data().segments[0].irregularlysampledsignals[0].size > 100


def test_psps_are_largest_where_they_are_injected() -> None:
    pynn.setup(initial_config=pynn.helper.chip_from_nightly())
    population = pynn.Population(1, chain(3, conductance=500)(threshold_enable=False))
    isi = 0.06
    times = (np.arange(3) + 0.5) * isi
    for k, time in enumerate(times):
        connect(source([time]), population, location_selector=f"comp_{k}")
    heights = []
    for k in range(3):
        population.record(None)
        population.record(["v"], locations=[f"comp_{k}"])
        pynn.run(3 * isi)
        (signal,) = population.get_data(clear=True).segments[-1].irregularlysampledsignals
        assert signal.annotations["source_compartments"] == [k]
        assert signal.annotations["source_locations"] == [f"comp_{k}"]
        assert signal.annotations["source_ids"] == [int(population.all_cells[0])]
        # a microsecond's mean, so that noise does not decide which one is largest
        v, t = np.convolve(signal.magnitude[:, 0], np.ones(29) / 29.0, "same"), signal.times.magnitude
        near = [(t > time) & (t < time + 0.4 * isi) for time in times]
        before = [(t > time - 0.005) & (t < time) for time in times]
        heights.append([v[a].max() - v[b].mean() for a, b in zip(near, before, strict=True)])
        pynn.reset()
    found = np.array(heights)
    print(found)
    assert found.argmax(axis=0).tolist() == [0, 1, 2]
    assert found.min() > 5.0


def test_the_cadc_reads_all_compartments_in_their_order() -> None:
    pynn.setup(initial_config=pynn.helper.chip_from_nightly())
    population = pynn.Population(2, chain(3)(threshold_enable=False))
    connect(source([0.02]), population, location_selector="comp_2")
    labels = [f"comp_{k}" for k in range(3)]
    population.record("v", locations=labels, device="cadc")
    pynn.run(0.06)
    traces = population.get_data("v").segments[0].irregularlysampledsignals
    cells = [int(cell) for cell in population.all_cells]
    where = [(s.annotations["source_ids"][0], s.annotations["source_locations"][0]) for s in traces]
    assert where == [(cell, label) for cell in cells for label in labels]
    assert not np.array_equal(traces[0].magnitude, traces[2].magnitude)
    (alone, other) = population.get_data("v", locations=["comp_1"]).segments[0].irregularlysampledsignals
    assert [s.annotations["source_compartments"] for s in (alone, other)] == [[1], [1]]
    np.testing.assert_array_equal(alone.magnitude, traces[1].magnitude)


def test_the_source_of_the_read_out_is_that_of_the_compartment() -> None:
    pynn.setup(initial_config=pynn.helper.chip_from_nightly())
    population = pynn.Population(1, chain(2)(threshold_enable=False))
    connect(source([0.02, 0.05]), population)
    rises = []
    for variable in ("v", "exc_synin"):
        population.record(None)
        population.record(variable, locations=["comp_0"])
        pynn.run(0.08)
        (signal,) = population.get_data(clear=True).segments[-1].irregularlysampledsignals
        v = signal.magnitude[:, 0]
        rises.append((v.max() - v[:100].mean(), v[:100].mean() - v.min()))
        pynn.reset()
    (up, _), (over, drop) = rises
    assert up > 20.0
    assert over < 10.0
    assert drop > 20.0


def test_spikes_are_those_of_a_compartment() -> None:
    firing = {
        "leak_v_leak": 1000,
        "leak_i_bias": 300,
        "threshold_v_threshold": 300,
        "threshold_enable": True,
        "reset_v_reset": 400,
        "reset_i_bias": 1022,
        "membrane_capacitance_capacitance": 63,
        "refractory_period_refractory_time": 255,
    }
    made = pair(**firing)
    population = pynn.Population(1, made())
    # the dendrite's spikes would come from its own circuit, which has no threshold
    population.record("spikes", locations=["soma", "dendrite"])
    follower = pynn.Population(1, made(threshold_enable=False, excitatory_input_enable=True, excitatory_input_i_bias_gm=500))
    connect(population, follower, source_location_selector="soma", location_selector="dendrite")
    pynn.run(0.05)
    trains = population.get_data().segments[0].spiketrains
    found = {t.annotations["source_location"]: t for t in trains}
    assert {t.annotations["source_compartment"] for t in trains} == {0, 1}
    assert found["soma"].size > 2
    assert found["dendrite"].size == 0
    assert population.get_spike_counts()[population.all_cells[0]] == found["soma"].size


def test_locations_that_are_not_there() -> None:
    population, lone = pynn.Population(1, pair()()), pynn.Population(1, pynn.cells.HXNeuron())
    with pytest.raises(ValueError, match="soma"):
        population.record("v", locations=["axon"])
    with pytest.raises(ValueError, match="one compartment"):
        lone.record("v", locations=["dendrite"])
    projection = connect(lone, population, location_selector="dendrite")
    assert (projection.pre_compartment, projection.post_compartment) == (0, 1)
    projection = connect(population, lone, source_location_selector="dendrite")
    assert (projection.pre_compartment, projection.post_compartment) == (1, 0)
    assert connect(lone, population).post_compartment == 0
    with pytest.raises(ValueError, match="axon"):
        connect(lone, population, location_selector="axon")
    with pytest.raises(ValueError, match="one compartment"):
        connect(lone, population, source_location_selector="dendrite")
    alike = create_mc_neuron(
        "Alike", [copy.deepcopy(FIRST), Compartment(positions=[1], label="soma", connect_conductance=[(1, 9)])], [LINE]
    )
    with pytest.raises(ValueError, match="several compartments"):
        connect(lone, pynn.Population(1, alike()), location_selector="soma")


def test_synapses_of_a_compartment_are_shared_by_its_circuits() -> None:
    made = create_mc_neuron("Wide", [Compartment(positions=[0, 1])])
    population = pynn.Population(1, made())
    connect(source([0.01], 400), population)
    pynn.run(None, pynn.RunCommand.PREPARE)
    connect(source([0.01], 200), population)
    with pytest.raises(ParameterError, match="256"):
        pynn.run(None, pynn.RunCommand.PREPARE)


def test_what_came_later_says_so() -> None:
    for name in ("MorphologyBuilder", "mechanisms"):
        with pytest.raises(UnsupportedExperiment, match="create_mc_neuron"):
            getattr(morphology, name)


RAW = """
import numpy as np
import pynn_brainscales.brainscales2 as pynn
from pynn_brainscales.brainscales2.morphology import create_mc_neuron, Compartment, SharedLineConnection
from dlens_vx_v3 import halco
length = 4
pynn.setup(initial_config=pynn.helper.chip_from_nightly())
pop = pynn.Population(2 * length, pynn.cells.HXNeuron())
pynn.PopulationView(pop, np.arange(0, 2 * length, 2)).set(
    multicompartment_connect_right=True, leak_i_bias=0, leak_enable_division=True, membrane_capacitance_capacitance=0)
pynn.PopulationView(pop, np.arange(2, 2 * length, 2)).set(multicompartment_connect_soma=True)
pynn.PopulationView(pop, np.arange(1, 2 * length - 1, 2)).set(
    multicompartment_enable_conductance=True, multicompartment_i_bias_nmda=600, multicompartment_connect_soma_right=True,
    multicompartment_enable_conductance_division=True, leak_enable_division=True)
pop.set(threshold_enable=False)
compartments = [pynn.PopulationView(pop, [n]) for n in range(1, 2 * length, 2)]
stimulus = pynn.Population(5, pynn.cells.SpikeSourceArray(spike_times=[0.02]))
pynn.Projection(stimulus, compartments[0], pynn.AllToAllConnector(), synapse_type=pynn.synapses.StaticSynapse(weight=63))
heights = []
for compartment in compartments:
    compartment.record(["v"])
    pynn.run(0.06)
    pynn.reset()
    signal = compartment.get_data().segments[-1].irregularlysampledsignals[0]
    heights.append(float(signal.max() - signal[:400].mean()))
    compartment.record(None)
print("heights", *heights)
print("falls", all(np.diff(heights) < 0))
print("first", create_mc_neuron("One", [Compartment(positions=[0], label="a")]).get_label(halco.CompartmentOnLogicalNeuron(0)))
"""


def test_switches_of_single_circuits_in_a_script_of_the_real_system(tmp_path: Path) -> None:
    path = tmp_path / "chain.py"
    path.write_text(RAW, encoding="utf-8")
    command = [sys.executable, "-m", "luisim.pynn.script", str(path), str(tmp_path / "figures")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "falls True" in done.stdout, done.stdout
    assert "first a" in done.stdout


def test_a_switch_that_leads_nowhere_says_so() -> None:
    pynn.Population(1, pynn.cells.HXNeuron(multicompartment_connect_right=True))
    with pytest.raises(ParameterError, match="circuit 1, which it leads to, has no neuron"):
        pynn.run(None, pynn.RunCommand.PREPARE)
