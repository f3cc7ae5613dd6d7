# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks on the chip: what an event finds there is what the network asks for, and each limit has its sentence."""

import numpy as np
import pytest

from luisim.errors import ParameterError
from luisim.hicannx.crossbar import BACKGROUND_INPUT, LINK_INPUT, Crossbar, exists, neuron_input
from luisim.hicannx.mapping import Mapping, map_network
from luisim.hicannx.network import Background, Network, Population, Projection, Source
from luisim.hicannx.parameters import NeuronLsb
from luisim.hicannx.synapses import SynapseArray

ALL = Population("a", (NeuronLsb(),) * 512)


def wanted(network: Network, source: tuple[str, int]) -> np.ndarray:
    """(2, 512): what the network asks for, counted pair by pair."""
    found = np.zeros((2, 512))
    for p in network.projections:
        for i, j, weight in zip(p.pre_index, p.post_index, p.weights, strict=True):
            if (p.pre, i) == source:
                found[int(weight < 0), network.circuit_of(p.post, int(j))] += abs(weight)
    return found


def found(mapping: Mapping, source: tuple[str, int]) -> np.ndarray:
    """(2, 512): what an event with the source's address meets on the chip, through the crossbar and the drivers."""
    address, configuration = mapping.addresses[source], mapping.configuration
    part = mapping.network.part(source[0])
    if isinstance(part, Population):
        entries = [neuron_input(mapping.network.circuit_of(*source))]
    elif isinstance(part, Background):
        entries = [BACKGROUND_INPUT + number for number, _ in configuration.generators if number % 4 == address.bus]
    else:
        entries = [LINK_INPUT]
    out = [output for entry in entries for output in configuration.crossbar.outputs(entry, address.event) if output < 8]
    met = np.zeros((2, 512))
    for output in out:
        array, bus = divmod(output, 4)
        met[:, 256 * array : 256 * (array + 1)] = configuration.arrays[array].columns_of(bus, address.event)
    return met


def networks() -> dict[str, Network]:
    draw = np.random.default_rng(3)
    signed = Projection.all_to_all("s", "a", draw.integers(-63, 64, (64, 512)))
    full = Projection.all_to_all("s", "a", draw.integers(1, 64, (256, 512)))
    recurrent = Projection("a", "a", draw.integers(0, 512, 4000), draw.integers(0, 512, 4000), draw.integers(-200, 64, 4000))
    return {
        "64 signed sources": Network((ALL,), (Source("s", 64),), (), (signed,)),
        "every synapse": Network((ALL,), (Source("s", 256),), (), (full,)),
        "one to one, two synapses each": Network((ALL,), (Source("s", 320),), (), (Projection.one_to_one("s", "a", 100, 320),)),
        "recurrent, permuted, with backgrounds": Network(
            (ALL,),
            (),
            (Background("b", 64, 1e5), Background("c", 8, 1e5)),
            (
                recurrent,
                Projection.one_to_one("b", "a", -63, 64),
                Projection.all_to_all("c", "a", np.full((8, 512), 3)),
            ),
            tuple(draw.permutation(512)),
        ),
        "a background of 256": Network((ALL,), (), (Background("b", 256, 1e5),), (Projection.one_to_one("b", "a", 7, 256),)),
    }


@pytest.mark.parametrize("name", networks())
def test_events_find_the_network(name: str) -> None:
    network = networks()[name]
    mapping = map_network(network)
    for source in list(mapping.addresses)[::7]:
        np.testing.assert_array_equal(found(mapping, source), wanted(network, source))
    addresses = list(mapping.addresses.values())
    assert len(set(addresses)) == len(addresses)
    used = mapping.configuration.used
    weights = np.concatenate([a.weights[a.signs != 0].ravel() for a in mapping.configuration.arrays])
    assert used["synapses"] == np.count_nonzero(weights)


def test_every_synapse_can_be_used() -> None:
    used = map_network(networks()["every synapse"]).configuration.used
    assert (used["synapses"], used["rows"], used["drivers"]) == (131_072, 512, 256)


def test_neurons_reach_only_their_bus() -> None:
    network = networks()["recurrent, permuted, with backgrounds"]
    mapping = map_network(network)
    for index in range(0, 512, 17):
        if ("a", index) in mapping.addresses:
            circuit = network.circuit_of("a", index)
            assert mapping.addresses["a", index].bus == circuit % 256 // 32 % 4
    assert sum(exists(i, o) for i in range(20) for o in range(12)) == 8 * 3 + 4 * 9 + 8 * 2
    with pytest.raises(ParameterError, match="no node from input 0 to output 1"):
        Crossbar({(0, 1): (0, 0)})


def test_backgrounds_draw_exactly_their_sources() -> None:
    mapping = map_network(networks()["a background of 256"])
    (_, source) = mapping.configuration.generators[0]
    labels = source.events(0, 20_000_000)[1]
    assert set(labels) == {mapping.addresses["b", k].event for k in range(256)}
    assert {mapping.addresses["b", k].event - source.label for k in range(256)} == set(range(256))


def test_eight_backgrounds_of_one_array_each() -> None:
    backgrounds = tuple(Background(f"b{k}", 1, 1e5) for k in range(8))
    one = [Projection(f"b{k}", "a", np.array([0]), np.array([256 * (k % 2)]), np.array([9])) for k in range(8)]
    generators = map_network(Network((ALL,), (), backgrounds, tuple(one))).configuration.generators
    assert sorted(number for number, _ in generators) == list(range(8))


def test_weights_change_in_place() -> None:
    projection = Projection.all_to_all("s", "a", np.full((2, 512), 100))
    mapping = map_network(Network((ALL,), (Source("s", 2),), (), (projection,)))
    weights = np.random.default_rng(1).integers(0, 127, 1024)
    changed = mapping.with_weights(Projection("s", "a", projection.pre_index, projection.post_index, weights))
    for k in range(2):
        np.testing.assert_array_equal(found(changed, ("s", k))[0], weights[512 * k : 512 * (k + 1)])
    for weight, said in ((127, "more than its 2 synapses"), (-1, "changes its sign")):
        weights = np.full(1024, weight)
        with pytest.raises(ParameterError, match=said):
            mapping.with_weights(Projection("s", "a", projection.pre_index, projection.post_index, weights))


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: Network((Population("a", (NeuronLsb(),) * 513),)), "513 neurons; a chip has 1 to 512"),
        (lambda: Network((ALL,), permutation=(*range(511), 512)), "neuron 512"),
        (lambda: Network((ALL,), permutation=(0,) * 512), "two of the neuron"),
        (lambda: Network((ALL, ALL)), "two of the population"),
        (lambda: Network((ALL,), projections=(Projection.one_to_one("x", "a", 1, 1),)), "no 'x'"),
        (lambda: Projection("s", "a", np.array([0]), np.array([0]), np.array([1.5])), "whole numbers"),
        (lambda: Projection("s", "a", np.array([0]), np.array([0]), np.array([np.nan])), "whole numbers"),
        (
            lambda: Network((ALL,), (Source("s"),), (), (Projection("s", "a", np.array([0]), np.array([512]), np.array([1])),)),
            r"names a\[512\]",
        ),
        (lambda: Background("b", 3, 1e5), "1, 2, 4"),
        (
            lambda: map_network(
                Network((ALL,), (Source("s", 257),), (), (Projection.all_to_all("s", "a", np.ones((257, 1), dtype=int)),))
            ),
            "gets 257 synapses; it has 256",
        ),
        (
            lambda: map_network(
                Network((ALL,), (), (), (Projection("a", "a", np.r_[:32, 128:160, 256:288], np.zeros(96), np.ones(96)),))
            ),
            "no free synapse drivers on the one bus",
        ),
        (
            lambda: map_network(
                Network(
                    (ALL,),
                    (),
                    tuple(Background(f"b{k}", 1, 1e5) for k in range(5)),
                    tuple(Projection.all_to_all(f"b{k}", "a", np.ones((1, 512), dtype=int)) for k in range(5)),
                )
            ),
            "no free generator",
        ),
        (lambda: _array(weights=64), r"weights\[0, 0\] = 64 is out of range: allowed is 0 to 63"),
        (lambda: _array(labels=-1), r"labels\[0, 0\] = -1"),
    ],
)
def test_limits_have_a_sentence(build, said: str) -> None:
    with pytest.raises(ParameterError, match=said) as error:
        build()
    assert "\n" not in str(error.value)


def _array(**cell: int) -> SynapseArray:
    empty = SynapseArray.empty()
    (name, value), *_ = cell.items()
    cells = {key: np.array(getattr(empty, key), dtype=np.int64) for key in ("weights", "labels", "signs", "masks", "enabled")}
    cells[name][0, 0] = value
    return SynapseArray(**cells)
