# SPDX-License-Identifier: GPL-3.0-or-later
"""Populations, views, assemblies, and the projections between them. Bypass mode shows which events reach which neuron."""

from pathlib import Path

import numpy as np
import pytest
from pyNN.core import IndexBasedExpression
from pyNN.errors import ConnectionError as WrongConnection

import luisim.pynn as pynn
from luisim.errors import ParameterError, UnsupportedExperiment

Static = pynn.synapses.StaticSynapse


def neurons(size: int, **parameters: object) -> pynn.Population:
    return pynn.Population(size, pynn.cells.HXNeuron(**parameters))


def sources(*trains: list[float]) -> pynn.Population:
    return pynn.Population(len(trains), pynn.cells.SpikeSourceArray(spike_times=list(trains)))


class Later(IndexBasedExpression):  # type: ignore[misc]
    """From each cell to those behind it."""

    def __call__(self, i: object, j: object) -> object:
        return np.asarray(np.asarray(j) > i, dtype=float)


def to_the_right(displacement: np.ndarray) -> np.ndarray:
    return np.asarray(displacement[0] > 0.5, dtype=float)


def connect(
    pre: object, post: object, connector: object, weight: object = 1.0, receptor: str = "excitatory"
) -> pynn.Projection:
    return pynn.Projection(pre, post, connector, synapse_type=Static(weight=weight), receptor_type=receptor)


def test_a_view_sets_its_cells_only() -> None:
    population = neurons(5)
    population[1:3].set(leak_v_leak=9)
    pynn.PopulationView(population, [4]).set(leak_v_leak=8)
    np.testing.assert_array_equal(population.get("leak_v_leak"), [0, 9, 9, 0, 8])


def test_a_view_of_a_view() -> None:
    population = neurons(6)
    inner = population[2:6][1:3]
    inner.set(leak_v_leak=[5, 6])
    np.testing.assert_array_equal(population.get("leak_v_leak"), [0, 0, 0, 5, 6, 0])
    np.testing.assert_array_equal(inner.get("leak_v_leak"), [5, 6])


def test_a_view_by_list_tuple_or_mask() -> None:
    population = neurons(4)
    assert [int(i) for i in population[[0, 3]].all_cells] == [0, 3]
    assert [int(i) for i in population[(1, 2)].all_cells] == [1, 2]
    assert [int(i) for i in population[np.array([False, True, False, True])].all_cells] == [1, 3]


def test_one_cell_has_its_parameters() -> None:
    population = neurons(3, leak_v_leak=[1, 2, 3])
    assert population[1].leak_v_leak == 2
    population[1].leak_v_leak = 7
    np.testing.assert_array_equal(population.get("leak_v_leak"), [1, 7, 3])


def test_get_of_several_names() -> None:
    population = neurons(2, leak_v_leak=[1, 2], leak_i_bias=3)
    v_leak, bias = population.get(["leak_v_leak", "leak_i_bias"])
    np.testing.assert_array_equal(v_leak, [1, 2])
    assert bias == 3


def test_parameters_from_a_function_and_a_distribution() -> None:
    population = neurons(3)
    population.set(leak_v_leak=lambda i: 100 + i)
    np.testing.assert_array_equal(population.get("leak_v_leak"), [100, 101, 102])
    drawn = pynn.RandomDistribution("uniform", (10, 20), rng=pynn.NumpyRNG(seed=1))
    population.set(leak_i_bias=drawn)
    assert np.all((population.get("leak_i_bias") >= 10) & (population.get("leak_i_bias") <= 20))


def test_cell_numbers_go_on() -> None:
    assert [int(i) for i in neurons(2).all_cells] == [0, 1]
    assert [int(i) for i in sources([0.1]).all_cells] == [2]


def test_labels() -> None:
    assert pynn.Population(1, pynn.cells.HXNeuron(), label="a").label == "a"


def test_an_assembly_reaches_all_its_populations() -> None:
    pynn.setup(enable_neuron_bypass=True)
    both = neurons(1) + neurons(2)
    assert len(both) == 3
    both.record("spikes")
    connect(sources([0.01]), both, pynn.AllToAllConnector())
    pynn.run(0.02)
    trains = [t for p in both.populations for t in p.get_data().segments[0].spiketrains]
    assert [t.size for t in trains] == [1, 1, 1]


def test_a_projection_from_an_assembly() -> None:
    pynn.setup(enable_neuron_bypass=True)
    target = neurons(1)
    target.record("spikes")
    connect(sources([0.001]) + sources([0.003]), target, pynn.AllToAllConnector())
    pynn.run(0.01)
    assert target.get_data().segments[0].spiketrains[0].size == 2


def test_create_and_connect() -> None:
    pynn.setup(enable_neuron_bypass=True)
    source = sources([0.001])
    with pytest.warns(DeprecationWarning, match="deprecated"):  # by PyNN itself
        target = pynn.create(pynn.cells.HXNeuron())
    target.record("spikes")
    with pytest.warns(DeprecationWarning, match="deprecated"):
        pynn.connect(source, target, weight=1.0, receptor_type="excitatory")
    pynn.run(0.01)
    assert target.get_data().segments[0].spiketrains[0].size == 1


@pytest.mark.parametrize(
    ("connector", "pairs"),
    [
        (pynn.AllToAllConnector(), {(i, j) for i in range(3) for j in range(3)}),
        (pynn.OneToOneConnector(), {(0, 0), (1, 1), (2, 2)}),
        (pynn.FromListConnector([(0, 1, 2.0), (2, 0, 3.0)], column_names=["weight"]), {(0, 1), (2, 0)}),
        (pynn.ArrayConnector(np.eye(3, k=1, dtype=bool)), {(0, 1), (1, 2)}),
        (pynn.FixedNumberPreConnector(3), {(i, j) for i in range(3) for j in range(3)}),
        (pynn.FixedNumberPostConnector(3), {(i, j) for i in range(3) for j in range(3)}),
        (pynn.FixedProbabilityConnector(1.0), {(i, j) for i in range(3) for j in range(3)}),
        (pynn.FixedProbabilityConnector(0.0), set()),
        (pynn.IndexBasedProbabilityConnector(Later()), {(0, 1), (0, 2), (1, 2)}),
        # cells stand on a line, 1 apart
        (pynn.DistanceDependentProbabilityConnector("d < 1.5"), {(i, j) for i in range(3) for j in range(3) if abs(i - j) < 2}),
        (pynn.DisplacementDependentProbabilityConnector(to_the_right), {(0, 1), (0, 2), (1, 2)}),
    ],
)
def test_connectors(connector: object, pairs: set[tuple[int, int]]) -> None:
    projection = connect(sources([], [], []), neurons(3), connector)
    assert {(c.presynaptic_index, c.postsynaptic_index) for c in projection} == pairs


def test_random_connectors_repeat_with_their_seed() -> None:
    def pairs(connector: object) -> list[tuple[int, int]]:
        pynn.setup()
        projection = connect(sources(*[[]] * 20), neurons(20), connector)
        return sorted((c.presynaptic_index, c.postsynaptic_index) for c in projection)

    first, second, other = (pairs(pynn.FixedProbabilityConnector(0.3, rng=pynn.NumpyRNG(seed))) for seed in (1, 1, 2))
    assert first == second != other
    assert len(first) == pytest.approx(120, abs=35)  # binomial: 400 pairs, four standard deviations
    ins = pairs(pynn.FixedNumberPreConnector(4, rng=pynn.NumpyRNG(3)))
    assert np.bincount([post for _, post in ins], minlength=20).tolist() == [4] * 20
    outs = pairs(pynn.FixedNumberPostConnector(4, rng=pynn.NumpyRNG(3)))
    assert np.bincount([pre for pre, _ in outs], minlength=20).tolist() == [4] * 20


def test_a_clone_has_the_same_pairs() -> None:
    pre, post = sources([], [], []), neurons(3)
    first = connect(pre, post, pynn.FixedProbabilityConnector(0.5, rng=pynn.NumpyRNG(4)))
    second = connect(pre, post, pynn.CloneConnector(first), weight=7.0)
    ends = [[(c.presynaptic_index, c.postsynaptic_index) for c in projection] for projection in (first, second)]
    assert ends[0] == ends[1]
    assert {c.weight for c in second} == {7.0}


def test_connections_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "pairs.txt"
    path.write_text("# columns = ['i', 'j', 'weight']\n0 2 5\n2 1 60\n", encoding="utf-8")
    projection = connect(sources([], [], []), neurons(3), pynn.FromFileConnector(str(path)))
    assert {(c.presynaptic_index, c.postsynaptic_index, c.weight) for c in projection} == {(0, 2, 5.0), (2, 1, 60.0)}


def test_connectors_that_pynn_has_not_finished_say_so() -> None:
    with pytest.raises(UnsupportedExperiment, match="FromListConnector"):
        connect(sources([]), neurons(1), pynn.SmallWorldConnector(1, 0.1))
    with pytest.raises(RuntimeError, match="csa"):
        pynn.CSAConnector(None)


def test_one_to_one_of_two_lone_cells() -> None:
    assert len(connect(sources([]), neurons(1), pynn.OneToOneConnector())) == 1
    assert len(connect(sources([]), neurons(1), pynn.FixedProbabilityConnector(1.0))) == 1


def test_connector_without_self_connections() -> None:
    population = neurons(3)
    projection = connect(population, population, pynn.AllToAllConnector(allow_self_connections=False))
    assert len(projection) == 6


def test_fixed_total_number() -> None:
    rng = pynn.NumpyRNG(seed=3)
    assert len(connect(sources([], []), neurons(3), pynn.FixedTotalNumberConnector(4, rng=rng))) == 4


@pytest.mark.parametrize(("given", "whole"), [(42.5, 42), (43.5, 44), (42.4, 42), (0.2, 0), (63, 63), (288, 288)])
def test_weights_are_rounded_as_python_rounds(given: float, whole: int) -> None:
    projection = connect(sources([]), neurons(1), pynn.AllToAllConnector(), given)
    assert projection.get("weight", "array")[0, 0] == whole


@pytest.mark.parametrize(("receptor", "weight"), [("excitatory", -1), ("inhibitory", 1)])
def test_the_sign_of_a_weight_is_the_receptors(receptor: str, weight: float) -> None:
    with pytest.raises(WrongConnection, match=receptor):
        connect(sources([]), neurons(1), pynn.AllToAllConnector(), weight, receptor)
    projection = connect(sources([]), neurons(1), pynn.AllToAllConnector(), -weight, receptor)
    with pytest.raises(WrongConnection, match=receptor):
        projection.set(weight=weight)
    with pytest.raises(WrongConnection, match=receptor):
        projection.connections[0].weight = weight


def test_a_wrong_weight_leaves_the_projection_as_it_was() -> None:
    projection = connect(sources([], []), neurons(1), pynn.AllToAllConnector(), 5)
    with pytest.raises(WrongConnection):
        projection.set(weight=np.array([[9.0], [-1.0]]))
    np.testing.assert_array_equal(projection.get("weight", "array"), [[5], [5]])


def test_receptor_is_guessed_from_the_sign() -> None:
    assert connect(sources([]), neurons(1), pynn.AllToAllConnector(), -3, None).receptor_type == "inhibitory"  # type: ignore[arg-type]


def test_unknown_receptor() -> None:
    with pytest.raises(WrongConnection, match="AMPA"):
        connect(sources([]), neurons(1), pynn.AllToAllConnector(), 1, "AMPA")


def test_delays_cannot_be_set() -> None:
    with pytest.raises(ValueError, match="delay"):
        pynn.Projection(sources([]), neurons(1), pynn.AllToAllConnector(), synapse_type=Static(weight=1, delay=0.5))
    projection = connect(sources([]), neurons(1), pynn.AllToAllConnector())
    with pytest.raises(ValueError, match="delay"):
        projection.set(delay=1.0)


def test_weights_of_a_projection_are_set_by_matrix_list_and_number() -> None:
    projection = connect(sources([], []), neurons(2), pynn.AllToAllConnector())
    projection.set(weight=np.array([[1.0, 2.0], [3.0, 4.4]]))
    np.testing.assert_array_equal(projection.get("weight", "array"), [[1, 2], [3, 4]])
    projection.set(weight=7)
    np.testing.assert_array_equal(projection.get("weight", "array"), [[7, 7], [7, 7]])
    for connection in projection.connections:
        connection.weight = 2.6
    assert projection.get("weight", "list")[0] == (0, 0, 3)


def test_set_weights_of_old() -> None:
    projection = connect(sources([]), neurons(1), pynn.AllToAllConnector())
    with pytest.warns(DeprecationWarning, match="deprecated"):
        projection.setWeights(12)
    assert projection.get("weight", "array")[0, 0] == 12


def test_a_circuit_has_256_synapses() -> None:
    population = neurons(1)
    projection = connect(pynn.Population(256, pynn.cells.SpikeSourceArray()), population, pynn.AllToAllConnector(), 63)
    pynn.run(None, pynn.RunCommand.PREPARE)
    projection.connections[3].weight = 64  # takes two
    with pytest.raises(ParameterError, match="256"):
        pynn.run(None, pynn.RunCommand.PREPARE)


def test_other_synapse_types_are_refused() -> None:
    from pyNN.standardmodels.synapses import TsodyksMarkramSynapse

    class Foreign(TsodyksMarkramSynapse):  # type: ignore[misc]
        translations = {name: {"translated_name": name} for name in TsodyksMarkramSynapse.default_parameters}  # noqa: RUF012

        def _get_minimum_delay(self) -> float:
            return 0.0

    with pytest.raises(TypeError, match="StaticSynapse"):
        pynn.Projection(sources([]), neurons(1), pynn.AllToAllConnector(), synapse_type=Foreign(), receptor_type="excitatory")


def test_length_and_labels_of_projections() -> None:
    projection = connect(sources([], []), neurons(3), pynn.AllToAllConnector())
    assert len(projection) == projection.size() == 6
    assert projection.is_external
    assert "population" in projection.label
