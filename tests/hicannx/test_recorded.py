# SPDX-License-Identifier: GPL-3.0-or-later
"""Recordings of the real chip as a back end, the readings off them, and the neuron that a device starts at."""

from dataclasses import replace

import numpy as np
import pytest

from luisim import measure
from luisim.errors import ParameterError
from luisim.hicannx.electrical import circuit_of
from luisim.hicannx.model import HicannXModel
from luisim.hicannx.parameters import HicannX, NeuronLsb
from luisim.hicannx.recorded import RECORDINGS, RecordedHicannX
from luisim.trace import Trace
from tui.backends import load_experiment


def played(name: str) -> Trace:
    return RecordedHicannX().run(load_experiment(name))


def test_the_lot_as_it_was_read_off_the_figure() -> None:
    trace = played("recorded-lot")
    gaps = np.diff(measure.spikes(trace))
    assert gaps.size == 15
    assert gaps.mean() == pytest.approx(13.032e-6, rel=0.001)  # the fold of the figure itself
    assert 0.001 < gaps.std() / gaps.mean() < 0.006
    peak, trough = measure.extremes(trace)
    assert peak == pytest.approx(398.5, abs=2.0)
    assert trough == pytest.approx(230.3, abs=3.0)


@pytest.mark.parametrize("name", ["recorded-lot", "recorded-girlsday-lot"])
def test_refractory_time_of_255_counts(name: str) -> None:
    experiment = load_experiment(name)
    for trace in (RecordedHicannX().run(experiment), HicannXModel().run(experiment)):
        assert measure.pulse_width(trace) == pytest.approx(2.04e-6, abs=0.12e-6)


def test_a_silent_neuron_has_ends_but_no_spikes() -> None:
    trace = played("silent-neuron")
    assert measure.spikes(trace).size == 0
    assert measure.extremes(trace) == (380.0, 368.0)
    assert measure.pulse_width(trace) is None


def test_other_experiments_have_no_recording() -> None:
    backend = RecordedHicannX()
    for name in RECORDINGS:
        assert backend.unsupported(load_experiment(name)) is None
    assert "try recorded-lot" in (backend.unsupported(load_experiment("fixed-pattern")) or "")


def test_a_device_may_start_at_any_neuron_of_its_chip() -> None:
    all_four = circuit_of(HicannX((NeuronLsb(),) * 4, seed=3))
    last = circuit_of(HicannX((NeuronLsb(),), seed=3, first=3))
    assert last.v_leak[0] == all_four.v_leak[3] != all_four.v_leak[0]
    with pytest.raises(ParameterError, match="beyond the last one"):
        HicannX((NeuronLsb(),) * 2, first=511)


def test_a_neuron_at_rest_is_answered_at_once_and_right() -> None:
    experiment = load_experiment("silent-neuron")
    rough, exact = HicannXModel().preview(experiment), HicannXModel().run(experiment)
    assert np.array_equal(rough.signals["v_madc"], exact.signals["v_madc"])
    fires = load_experiment("chip-leak-over-threshold")
    assert HicannXModel().preview(fires).spikes["out"].size == HicannXModel().run(fires).spikes["out"].size
    assert HicannXModel().preview(replace(fires, duration=2e-6)).spikes["out"].size == 0
