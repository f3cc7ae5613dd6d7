# SPDX-License-Identifier: GPL-3.0-or-later
"""What real boards differ in: on sampled boards, in the cold and on weak supplies, model and circuit agree."""

from dataclasses import replace

import numpy as np
import pytest

from luisim import measure
from luisim.errors import ParameterError
from luisim.experiment import Current, Experiment
from luisim.lui.board import BoardParts
from luisim.lui.circuit import LuiCircuit
from luisim.lui.closed_form import brown_out, cycle
from luisim.lui.experiment_file import read_experiment
from luisim.lui.model import LuiModel
from luisim.lui.parameters import LuiBoard, LuiParameters
from luisim.lui.population import READINGS, another, board_seeds, population
from luisim.lui.reference import reference_cases
from luisim.lui.temperature import at_temperature
from luisim.spice.ngspice import Ngspice
from luisim.trace import Array

NOMINAL = LuiParameters()
VENDOR_Q9 = replace(NOMINAL, parts=replace(NOMINAL.parts, reset_threshold=2.154))  # the reference simulation's transistor


@pytest.fixture(scope="module")
def circuit(ngspice: Ngspice) -> LuiCircuit:
    return LuiCircuit(ngspice)


def both(circuit: LuiCircuit, parameters: LuiParameters, duration: float = 2.0) -> tuple[Array, Array]:
    experiment = Experiment(LuiBoard(parameters), duration)
    return measure.spikes(LuiModel().run(experiment)), measure.spikes(circuit.run(experiment))


@pytest.mark.parametrize("temperature", [5.0, 55.0])
def test_temperature_acts_alike_on_model_and_circuit(circuit: LuiCircuit, temperature: float) -> None:
    ours, theirs = both(circuit, replace(NOMINAL, temperature=temperature))
    assert np.diff(ours).mean() == pytest.approx(np.diff(theirs).mean(), rel=0.003)


def test_temperature_moves_what_the_data_sheets_say() -> None:
    cold = at_temperature(replace(NOMINAL, temperature=5.0)).parts
    assert cold.reset_threshold == pytest.approx(NOMINAL.parts.reset_threshold + 20 * 4.0e-3)
    assert cold.led_voltage == pytest.approx(NOMINAL.parts.led_voltage + 20 * 1.9e-3)
    assert 0.85 * NOMINAL.parts.c_mem < cold.c_mem < NOMINAL.parts.c_mem
    assert at_temperature(NOMINAL) == NOMINAL
    assert brown_out(replace(VENDOR_Q9, temperature=5.0)) == pytest.approx(brown_out(VENDOR_Q9) + 0.082, abs=5e-3)


def test_temperature_in_a_file() -> None:
    for text in ("10 C", "10 °C", 10):
        content = {"device": "lui", "duration": "1 s", "board": {"temperature": text}}
        assert read_experiment(content, "").device.parameters.temperature == 10.0
    with pytest.raises(ParameterError, match="temperature = -20 °C is out of range: allowed is 0 °C to 60 °C"):
        read_experiment({"device": "lui", "duration": "1 s", "board": {"temperature": "-20 C"}}, "")


def test_brown_out_is_where_the_reference_latches(circuit: LuiCircuit) -> None:
    limit = brown_out(VENDOR_Q9)
    assert 2.2 < limit < 2.3  # the reference simulation: one spike at 2.2 V and below
    for vdd, spikes in ((limit - 0.02, 1), (limit + 0.05, 3)):
        ours, theirs = both(circuit, replace(VENDOR_Q9, vdd=vdd), 1.8)
        assert ours.size == theirs.size == spikes
    assert brown_out(NOMINAL) == 1.8


def test_without_headroom_the_comparator_is_deaf(circuit: LuiCircuit) -> None:
    parameters = replace(NOMINAL, parts=replace(NOMINAL.parts, comparator_headroom=1.1))
    limit = brown_out(parameters)
    assert limit == pytest.approx(1.1 / (1.0 - 0.517), rel=1e-2)
    for vdd, fires in ((limit - 0.05, False), (limit + 0.05, True)):
        ours, theirs = both(circuit, replace(parameters, vdd=vdd), 1.0)
        assert (ours.size > 0) == (theirs.size > 0) == fires


@pytest.mark.parametrize("case", [c for c in reference_cases() if c.name.startswith(("a_leak", "c_fi"))], ids=lambda c: c.name)
def test_closed_forms_against_the_reference(case) -> None:  # type: ignore[no-untyped-def]
    current = sum(s.value for s in case.experiment.stimuli if isinstance(s, Current))
    theory = cycle(case.experiment.device.parameters, current)
    pulses = case.pulses["out"]
    if len(pulses) < 2:
        assert theory.rate == 0.0
    else:
        assert theory.rate == pytest.approx(1.0 / np.diff(pulses[:, 0]).mean(), rel=0.01)
        assert theory.pulse == pytest.approx(np.diff(pulses).mean(), abs=0.05e-3)


def test_a_population_is_drawn_repeatably() -> None:
    experiment = Experiment(LuiBoard(NOMINAL), 2.0, name="leak")
    found, again = (population(experiment, LuiModel(), 30, 1) for _ in range(2))
    assert found.seeds == again.seeds == board_seeds(30, 1)
    assert not set(found.seeds) & set(board_seeds(30, 2))
    np.testing.assert_array_equal(found.readings["rate"], again.readings["rate"])
    rate, threshold = found.spread("rate"), found.spread("threshold")
    assert rate is not None
    assert threshold is not None
    # tau_mem is drawn from 25 % and 20 % of uniform width: 18.5 % of standard deviation
    assert rate.cv == pytest.approx(0.185, abs=0.07)
    assert threshold.mean == pytest.approx(1.551, abs=5e-3)
    assert found.spread("rest") is None
    assert tuple(found.readings) == tuple(READINGS)


def test_each_board_of_a_population_can_be_had_alone() -> None:
    experiment = Experiment(LuiBoard(replace(NOMINAL, r_battery=20.0, temperature=10.0)), 2.0)
    seed = board_seeds(3, 7)[1]
    drawn = another(experiment, seed).device.parameters
    assert drawn.parts == BoardParts.sample(seed)
    assert drawn.r_leak / drawn.parts.track_leak == pytest.approx(0.5)
    assert drawn.temperature == 10.0
    assert 2.95 <= drawn.vdd <= 3.05
    assert 14.0 < drawn.r_battery < 28.3
