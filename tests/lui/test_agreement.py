# SPDX-License-Identifier: GPL-3.0-or-later
"""Model and circuit against the reference simulation of the whole board, and against one another where it has no case."""

from dataclasses import replace

import numpy as np
import pytest

from luisim import measure
from luisim.compare import compare
from luisim.experiment import Current, Experiment, Pulses
from luisim.lui.circuit import LuiCircuit
from luisim.lui.model import LuiModel
from luisim.lui.parameters import LuiBoard, LuiParameters
from luisim.lui.reference import CIRCUIT_TOLERANCE, MODEL_TOLERANCE, ReferenceCase, judge, reference_cases
from luisim.spice.ngspice import Ngspice

CASES = {case.name: case for case in reference_cases()}
ON_THE_CIRCUIT = (
    "a_leak/vdd3.0_vl0.45_r25k",
    "a_leak/vdd3.0_vl0.80_r2.2k",
    "b_psp/vdd3.0_exc_w100_rsyn11k",
    "b_psp/vdd3.0_exc_w25_rsyn11k_amp1.2V",
    "b_psp/vdd3.0_exc_w50_rsyn11k",
    "b_psp/vdd3.0_inh_w75_rsyn11k",
    "f_supply/vdd2.5",
)


@pytest.fixture(scope="module")
def circuit(ngspice: Ngspice) -> LuiCircuit:
    return LuiCircuit(ngspice)


def test_the_cases_are_all_there() -> None:
    groups = [name.split("/")[0] for name in CASES]
    assert {group: groups.count(group) for group in set(groups)} == {
        "a_leak": 9,
        "b_psp": 17,
        "c_fi": 22,
        "d_net": 4,
        "f_supply": 3,
    }


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_model(case: ReferenceCase) -> None:
    verdict = judge(case, LuiModel().run(case.experiment), MODEL_TOLERANCE)
    assert verdict.agrees, verdict


@pytest.mark.parametrize("name", ON_THE_CIRCUIT)
def test_circuit(circuit: LuiCircuit, name: str) -> None:
    case = CASES[name]
    verdict = judge(case, circuit.run(case.experiment), CIRCUIT_TOLERANCE)
    assert verdict.agrees, verdict


@pytest.mark.parametrize(
    ("name", "change", "fault"),
    [
        ("a_leak/vdd3.0_vl0.45_r25k", {"v_leak": 0.453}, "rms"),
        ("a_leak/vdd3.0_vl0.80_r10k", {"r_leak": 10.1e3}, "ISI"),
        ("a_leak/vdd3.0_vl0.55_r25k", {"v_leak": 0.50}, "spike count"),
        ("b_psp/vdd3.0_exc_w50_rsyn11k", {"r_weight": (11.3e3, 11e3, 11e3)}, "PSP peak"),
        ("b_psp/vdd3.0_inh_w50_rsyn11k", {"sign": (1, 1, 1)}, "PSP peak"),
    ],
)
def test_a_board_set_otherwise_does_not_agree(name: str, change: dict[str, object], fault: str) -> None:
    case = CASES[name]
    board = case.experiment.device
    wrong = replace(case.experiment, device=replace(board, parameters=replace(board.parameters, **change)))  # type: ignore[arg-type]
    assert fault in judge(case, LuiModel().run(wrong), MODEL_TOLERANCE).faults


def test_another_one_shot_does_not_agree() -> None:
    case = CASES["a_leak/vdd3.0_vl0.80_r10k"]
    board = case.experiment.device
    parts = replace(board.parameters.parts, c_ref=0.995e-6)
    wrong = replace(case.experiment, device=replace(board, parameters=replace(board.parameters, parts=parts)))
    assert "pulse width" in judge(case, LuiModel().run(wrong), MODEL_TOLERANCE).faults


def test_published_rates() -> None:
    """f in Hz over r_leak at 3.0 V, v_leak 0.80, of the reference simulation."""
    for r_leak, rate in ((50e3, 1.0379), (25e3, 1.9348), (10e3, 4.3902), (2.2e3, 15.484)):
        trace = LuiModel().run(Experiment(LuiBoard(LuiParameters(v_leak=0.8, r_leak=r_leak)), 5.0))
        assert measure.rate(trace.spikes["out"], 5.0) == pytest.approx(rate, rel=5e-3)


# settings that the reference simulation does not have: what one back end says, the other must say too
ELSEWHERE = {
    "battery": LuiParameters(v_leak=0.9, r_leak=12e3, r_battery=27.0, vdd=2.9),
    "older board at 2.2 V": LuiParameters(v_leak=0.7, r_leak=12e3, vdd=2.2),
    "three inputs": LuiParameters(v_leak=0.35, r_leak=15e3, r_syn=6e3, r_weight=(4e3, 2e3, 9e3), sign=(1, -1, 1)),
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_circuit_and_model_elsewhere(circuit: LuiCircuit, name: str) -> None:
    stimuli = (Pulses(1, (0.1, 0.14, 0.18)), Pulses(2, (0.3,), 20e-3), Pulses(3, (0.32,)), Current(30e-6, 0.4, 0.6))
    run = Experiment(LuiBoard(ELSEWHERE[name], 0.8), 0.8, stimuli)
    solved, stepped = circuit.run(run), LuiModel().run(run)
    assert solved.spikes["out"].size == stepped.spikes["out"].size
    np.testing.assert_allclose(stepped.spikes["out"], solved.spikes["out"], rtol=8e-3, atol=2e-3)
    assert compare(solved, stepped).rms_aligned < 15e-3
