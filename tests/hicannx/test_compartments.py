# SPDX-License-Identifier: GPL-3.0-or-later
"""Connected neuron circuits: the wiring, and the model against ladders, cables and closed forms."""

from dataclasses import replace

import numpy as np
import pytest

from luisim.errors import ParameterError
from luisim.experiment import Experiment
from luisim.hicannx import neuron
from luisim.hicannx.chip import Chip
from luisim.hicannx.compartments import Compartments, cells_of, resting, step
from luisim.hicannx.electrical import circuit_of
from luisim.hicannx.instance import ChipInstance, Mismatch
from luisim.hicannx.model import HicannXModel
from luisim.hicannx.network import Network, Population
from luisim.hicannx.parameters import HicannX, NeuronLsb
from luisim.hicannx.run import run
from luisim.hicannx.wiring import wire

PASSIVE = NeuronLsb(
    leak_v_leak=700,
    leak_i_bias=70,
    membrane_capacitance_capacitance=63,
    excitatory_input_enable=True,
    excitatory_input_i_bias_tau=60,
    excitatory_input_i_bias_gm=500,
    excitatory_input_i_shift_reference=310,
    multicompartment_i_bias_nmda=200,
)
FIRING = replace(
    PASSIVE,
    leak_v_leak=1000,
    leak_i_bias=200,
    threshold_v_threshold=300,
    threshold_enable=True,
    reset_v_reset=400,
    reset_i_bias=1022,
    refractory_period_refractory_time=255,
)
BARE = replace(PASSIVE, leak_i_bias=0, membrane_capacitance_capacitance=0)


def chain(length: int, compartment: NeuronLsb = PASSIVE, spare: NeuronLsb = BARE) -> tuple[NeuronLsb, ...]:
    """Compartments of two circuits: the first meets the line on its left directly, the other the next through its resistor."""
    found = []
    for k in range(length):
        further = k < length - 1
        found.append(replace(spare, multicompartment_connect_right=True, multicompartment_connect_soma=k > 0))
        found.append(
            replace(compartment, multicompartment_enable_conductance=further, multicompartment_connect_soma_right=further)
        )
    return tuple(found)


def joined(*neurons: NeuronLsb, seed: int | None = None, **more: object) -> Compartments:
    cells = cells_of(HicannX(neurons, seed=seed, **more))  # type: ignore[arg-type]
    assert isinstance(cells, Compartments)
    return cells


def conductances(cells: Compartments) -> tuple[np.ndarray, np.ndarray]:
    """Small-signal leak of each node and of each resistor in S."""
    c = cells.circuit
    return np.bincount(cells.node, c.i_leak / c.v_lin_leak), cells.i_sat / cells.v_lin


def test_switches_make_nodes() -> None:
    wiring = wire(chain(3), range(6))
    assert wiring.node.tolist() == [0, 0, 1, 1, 2, 2]
    assert wiring.piece.tolist() == [-1, 1, 1, 2, 2, -1]
    assert wiring.resistor.tolist() == [1, 3]
    assert [members.tolist() for members in wiring.sets()] == [[0, 1, 2, 3, 4, 5]]
    # a resistor on each side: the line between them is a node of its own
    ends = replace(PASSIVE, multicompartment_enable_conductance=True)
    wiring = wire((replace(ends, multicompartment_connect_soma_right=True), ends, PASSIVE), range(3))
    assert wiring.node.tolist() == [0, 1, 2]
    assert wiring.piece.tolist() == [3, 3, -1]
    assert [members.tolist() for members in wiring.sets()] == [[0, 1], [2]]
    # both rows, one above the other
    above = replace(PASSIVE, multicompartment_connect_vertical=True)
    assert wire((above, PASSIVE), (3, 259)).node.tolist() == [0, 0]
    assert wire((PASSIVE, above), (3, 259)).node.tolist() == [0, 0]
    assert not wire((PASSIVE, PASSIVE), (3, 4)).connected


@pytest.mark.parametrize(
    ("switch", "sites", "said"),
    [
        ("connect_right", (127, 128), "circuit 127, the last of its quadrant"),
        ("connect_soma_right", (255, 256), "circuit 255, the last of its quadrant"),
        ("connect_right", (5, 7), "circuit 6, which it leads to, has no neuron"),
        ("connect_vertical", (5, 6), "circuit 261"),
    ],
)
def test_switches_that_lead_nowhere(switch: str, sites: tuple[int, ...], said: str) -> None:
    neurons = (replace(PASSIVE, **{f"multicompartment_{switch}": True}), PASSIVE)
    with pytest.raises(ParameterError, match=said):
        wire(neurons, sites)
    if sites == (127, 128):
        reason = HicannXModel().unsupported(Experiment(HicannX(neurons, first=127), 1e-5))
        assert reason is not None
        assert said in reason


def test_a_passive_chain_is_the_resistor_ladder() -> None:
    cells = joined(*chain(6))
    g_leak, g_axial = conductances(cells)
    spare, first, *others = chain(6)
    driven = joined(spare, replace(first, constant_current_enable=True, constant_current_i_offset=3), *others)
    ladder = np.diag(g_leak)
    for k, g in enumerate(g_axial):
        ladder[k, k] += g
        ladder[k + 1, k + 1] += g
        ladder[k, k + 1] -= g
        ladder[k + 1, k] -= g
    expected = np.linalg.solve(ladder, np.eye(6)[0] * driven.circuit.i_constant[1])
    settled = run(driven, np.array([0.0, 400e-6]), max_step=0.5e-6).v[1::2, -1] - driven.circuit.v_leak[0]
    assert 1e-5 < expected[-1] < expected[0] < 2e-3  # small, so that the laws are straight
    np.testing.assert_allclose(settled, expected, rtol=1e-3)


def test_a_long_chain_is_a_cable() -> None:
    cells = joined(*chain(24))
    g_leak, g_axial = conductances(cells)
    start = resting(cells)
    held = joined(replace(chain(24)[0], leak_v_leak=705, leak_i_bias=1022, leak_enable_multiplication=True), *chain(24)[1:])
    v = run(held, np.array([0.0, 400e-6]), max_step=0.5e-6, state=start).v[1::2, -1] - cells.circuit.v_leak[1]
    # V_k ~ exp(-k theta): 2 g_axial (cosh(theta) - 1) = g_leak
    theta = np.arccosh(1.0 + g_leak[5] / (2.0 * g_axial[5]))
    np.testing.assert_allclose(np.log(v[2:10] / v[3:11]), theta, rtol=2e-3)


def test_the_rest_of_a_chain_is_where_it_stays() -> None:
    neurons = tuple(replace(n, leak_v_leak=500 + 60 * k, excitatory_input_enable=False) for k, n in enumerate(chain(4)))
    for seed in (None, 3):
        cells = joined(*neurons, seed=seed)
        start = resting(cells)
        after, spikes = step(cells, start, 50e-6)
        assert spikes.time.size == 0
        np.testing.assert_allclose(after.v, start.v, atol=1e-6)
        assert np.ptp(start.v) > 0.05


def test_two_circuits_on_one_membrane_have_both_capacitances() -> None:
    # C dV/dt = I tanh((E - V)/U)  =>  sinh((E - V)/U) = sinh((E - V0)/U) exp(-I t/(2 C U))
    second = replace(PASSIVE, leak_i_bias=0)
    cells = joined(replace(PASSIVE, multicompartment_connect_right=True), second)
    c = cells.circuit
    e, u, i = (float(x[0]) for x in (c.v_leak, c.v_lin_leak, c.i_leak))
    times = np.arange(0.0, 80e-6, 0.1e-6)
    start = resting(cells)
    v = run(cells, times, state=replace(start, v=start.v - 1.5 * u)).v
    np.testing.assert_array_equal(v[0], v[1])
    exact = e - u * np.arcsinh(np.sinh(1.5) * np.exp(-i * times / (2.0 * c.c_mem[0] * u)))
    np.testing.assert_allclose(v[0], exact, atol=2e-5)


@pytest.mark.parametrize("over_line", [False, True])
def test_two_compartments_meet_and_keep_their_charge(over_line: bool) -> None:
    # calix measures the same: without a leak the difference falls with tau_icc / 2; over two resistors I = I_r tanh(dV/2U)
    floating = replace(PASSIVE, leak_i_bias=0, multicompartment_connect_soma_right=True)
    left = replace(floating, multicompartment_enable_conductance=True)
    right = replace(
        floating,
        multicompartment_connect_soma_right=False,
        multicompartment_connect_soma=not over_line,
        multicompartment_enable_conductance=over_line,
    )
    cells = joined(left, right)
    middle, half = 0.4, 0.1
    line = [middle] if over_line else []
    start = replace(resting(cells), v=np.array([middle - half, middle + half, *line]))
    times = np.arange(0.0, 10e-6, 34e-9)
    v = run(cells, times, state=start).v
    charge = cells.c_node[cells.node[:2]] @ v
    np.testing.assert_allclose(charge, charge[0], rtol=1e-3 if over_line else 1e-12)
    u = float(cells.v_lin[0]) * (2.0 if over_line else 1.0)
    series = 1.0 / (1.0 / cells.c_node[cells.node[:2]]).sum()
    exact = u * np.arcsinh(np.sinh(2.0 * half / u) * np.exp(-float(cells.i_sat[0]) * times / (series * u)))
    np.testing.assert_allclose(v[1] - v[0], exact, atol=1e-3 if over_line else 1e-5)


def test_bias_and_flags_set_the_conductance() -> None:
    def bias(**settings: int | bool) -> float:
        values = {f"multicompartment_{key}": value for key, value in settings.items()}
        return float(joined(*(replace(n, **values) for n in chain(2))).i_sat[0])  # type: ignore[arg-type]

    usual = bias(i_bias_nmda=200)
    assert bias(i_bias_nmda=400) == pytest.approx(2 * usual)
    assert bias(i_bias_nmda=200, enable_conductance_division=True) == pytest.approx(usual / 4)
    assert bias(i_bias_nmda=200, enable_conductance_multiplication=True) == pytest.approx(usual * 4)
    # the range that calix can calibrate: 0.1 to 30 us on the whole capacitance
    slow, fast = (
        bias(i_bias_nmda=63, enable_conductance_division=True),
        bias(i_bias_nmda=1022, enable_conductance_multiplication=True),
    )
    tau = 2.3e-12 * 0.2 / np.array([slow, fast])
    np.testing.assert_allclose(tau, [30e-6, 0.115e-6], rtol=0.02)


def test_steps_are_second_order() -> None:
    weights = np.zeros(8)
    weights[1] = 250.0
    cells = joined(*chain(4))

    def peak(h: float) -> np.ndarray:
        times = np.arange(0.0, 20e-6 + 0.5 * h, h)
        return run(cells, times, [(-SHIFT, weights, 0.0)]).v[1::2, -1]

    fine = peak(0.0125e-6)
    errors = [np.abs(peak(h) - fine).max() for h in (0.8e-6, 0.4e-6, 0.2e-6)]
    assert errors[0] / errors[1] > 3.0
    assert errors[1] / errors[2] > 3.0


SHIFT = 0.402e-6  # s, an event's way to the membrane: it arrives at 0


def test_neurons_that_are_alone_do_not_notice_the_others() -> None:
    connected = (*chain(2), FIRING, *chain(2, FIRING), FIRING)
    device = HicannX(connected, deviations=ChipInstance(5).mismatch(len(connected)))
    times = np.arange(0.0, 60e-6, 0.1e-6)
    together, alone = run(cells_of(device), times), run(circuit_of(device), times)
    for k in (4, 9):
        assert alone.spikes[k].size > 5
        np.testing.assert_allclose(together.spikes[k], alone.spikes[k], atol=1e-9)
    # and each set is what it is alone
    own = Mismatch(**{name: values[5:9] for name, values in vars(device.deviations).items()})
    part = replace(device, neurons=connected[5:9], deviations=own)
    apart = run(cells_of(part), times)
    assert apart.spikes[1].size > 3
    np.testing.assert_allclose(together.v[5:9], apart.v, atol=1e-6)
    np.testing.assert_allclose(together.spikes[6], apart.spikes[1], atol=1e-9)


def test_a_spike_resets_its_compartment_and_pulls_the_next() -> None:
    firing = joined(*chain(2, FIRING)[:2], *chain(2)[2:])
    times = np.arange(0.0, 60e-6, 0.1e-6)
    found = run(firing, times)
    spikes = found.spikes[1]
    assert spikes.size > 3
    assert all(train.size == 0 for k, train in enumerate(found.spikes) if k != 1)
    np.testing.assert_array_equal(found.v[0], found.v[1])
    low = [found.v[:, np.searchsorted(times, t + 2e-6)] for t in spikes[1:-1]]
    top = [found.v[:, np.searchsorted(times, t) - 1] for t in spikes[1:-1]]
    fall = np.mean(top, axis=0) - np.mean(low, axis=0)
    assert fall[1] > 3.0 * fall[3] > 0.0


def test_the_default_step_of_lone_neurons_is_that_of_neuron() -> None:
    circuit = circuit_of(HicannX((FIRING, PASSIVE)))
    a, b = (f(circuit, neuron.resting(circuit), 3e-6)[0] for f in (step, neuron.step))
    np.testing.assert_array_equal(a.v, b.v)


def test_whole_chips_refuse_switches() -> None:
    with pytest.raises(ParameterError, match="one circuit each"):
        Chip(Network((Population("a", chain(2)),)))
