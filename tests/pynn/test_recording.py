# SPDX-License-Identifier: GPL-3.0-or-later
"""What is recorded: limits, segments, pieces of a run, spike sources, and the form of the data."""

import logging

import neo
import numpy as np
import pytest
from pyNN.errors import RecordingError

import luisim.pynn as pynn
from luisim.pynn import RunCommand
from luisim.pynn.recording import DEVICES

FIRING = {
    "leak_v_leak": 1000,
    "leak_i_bias": 200,
    "threshold_v_threshold": 300,
    "threshold_enable": True,
    "reset_v_reset": 400,
    "reset_i_bias": 1022,
    "membrane_capacitance_capacitance": 63,
    "refractory_period_refractory_time": 255,
}


def neurons(size: int = 1, **parameters: object) -> pynn.Population:
    return pynn.Population(size, pynn.cells.HXNeuron(**parameters))


def array(*times: float) -> pynn.Population:
    return pynn.Population(1, pynn.cells.SpikeSourceArray(spike_times=list(times)))


def wire(pre: object, post: object, weight: float = 1.0) -> pynn.Projection:
    synapse = pynn.synapses.StaticSynapse(weight=weight)
    return pynn.Projection(pre, post, pynn.AllToAllConnector(), synapse_type=synapse, receptor_type="excitatory")


@pytest.mark.parametrize("variable", ["v", "exc_synin", "inh_synin", "adaptation"])
def test_recordables(variable: str) -> None:
    population = neurons()
    population.record(variable)
    pynn.run(0.005)
    (signal,) = population.get_data(variable).segments[0].irregularlysampledsignals
    assert signal.name == variable
    assert signal.shape == (int(0.005 / 3.4e-5) + 1, 1)


def test_unknown_variables() -> None:
    with pytest.raises(RecordingError):
        neurons().record("gsyn")
    with pytest.raises(RecordingError):
        neurons().get_data("gsyn")


def test_the_madc_reads_two_neurons() -> None:
    population = neurons(3)
    population[0:2].record("v")
    with pytest.raises(ValueError, match="2 neurons"):
        population[2:3].record("v")
    with pytest.raises(ValueError, match="2 neurons"):
        neurons().record("v")
    pynn.run(0.002)
    assert len(population.get_data("v").segments[0].irregularlysampledsignals) == 2


def test_a_whole_population_is_too_many_for_the_madc() -> None:
    with pytest.raises(ValueError, match="2 neurons"):
        neurons(3).record("v")


def test_a_refused_recording_leaves_the_others() -> None:
    population = neurons(3)
    population[0:2].record("v")
    with pytest.raises(ValueError, match="MADC"):
        population.record("v")
    pynn.run(0.002)
    assert len(population.get_data("v").segments[0].irregularlysampledsignals) == 2


def test_one_source_for_each_neuron() -> None:
    population = neurons()
    population.record("v")
    with pytest.raises(ValueError, match="one read-out"):
        population.record("exc_synin")
    with pytest.raises(ValueError, match="one read-out"):
        neurons().record(["v", "adaptation"])


def test_spikes_are_recorded_beside_anything() -> None:
    population = neurons(4, **FIRING)
    population.record("spikes")
    population[1:2].record("v")
    pynn.run(0.02)
    segment = population.get_data().segments[0]
    assert len(segment.spiketrains) == 4
    assert len(segment.irregularlysampledsignals) == 1
    assert all(train.size > 1 for train in segment.spiketrains)


def test_devices() -> None:
    assert set(DEVICES) == {
        *("madc", "cadc", "pad_0", "pad_1", "pad_0_buffered", "pad_1_buffered", "pad_0_unbuffered", "pad_1_unbuffered")
    }
    with pytest.raises(ValueError, match="oscilloscope"):
        neurons().record("v", device="oscilloscope")


def test_the_cadc_reads_all_neurons() -> None:
    population = neurons(20, leak_v_leak=700, leak_i_bias=1022)
    population.record("v", device="cadc")
    pynn.run(0.02)
    signals = population.get_data("v").segments[0].irregularlysampledsignals
    assert len(signals) == 20
    assert all(signal.annotations["device"] == "cadc" for signal in signals)
    assert float(np.median(np.diff(signals[0].times.magnitude))) == pytest.approx(1.7e-3, abs=1e-5)
    assert all(0 <= float(signal.min()) <= float(signal.max()) <= 255 for signal in signals)


def test_the_cadc_loses_what_its_memory_cannot_hold(caplog: pytest.LogCaptureFixture) -> None:
    population = neurons()
    population.record("v", device="cadc")
    with caplog.at_level(logging.WARNING, "luisim.pynn"):
        pynn.run(0.3)
    assert float(population.get_data("v").segments[0].irregularlysampledsignals[0].times[-1]) < 0.151
    assert any("memory" in message for message in caplog.messages)


def test_pads_lead_out_and_give_no_data(caplog: pytest.LogCaptureFixture) -> None:
    population = neurons(2)
    population[0:1].record("v", device="pad_0_buffered")
    population[1:2].record("v")
    with caplog.at_level(logging.WARNING, "luisim.pynn"):
        pynn.run(0.002)
    assert len(population.get_data("v").segments[0].irregularlysampledsignals) == 1
    assert any("pin" in message for message in caplog.messages)
    with pytest.raises(ValueError, match="pad_0"):
        population[1:2].record("v", device="pad_0")


def test_a_pad_leads_one_neuron_out() -> None:
    with pytest.raises(ValueError, match="pad_1"):
        neurons(2).record("v", device="pad_1")


def test_sampling_interval_is_the_madcs() -> None:
    population = neurons()
    population.record("v", sampling_interval=3.4e-5)
    with pytest.raises(ValueError, match="sampling_interval"):
        population.record("v", sampling_interval=0.1)


def test_signals_lie_on_the_chips_grid() -> None:
    population = neurons()
    population.record("v")
    pynn.run(0.02)
    (signal,) = population.get_data("v").segments[0].irregularlysampledsignals
    ticks = signal.times.rescale("ns").magnitude / 8.0
    np.testing.assert_allclose(ticks, np.rint(ticks), atol=1e-6)
    assert float(np.diff(signal.times.rescale("ns").magnitude).mean()) == pytest.approx(34.0, abs=0.02)


def test_form_of_a_signal() -> None:
    neurons()
    population = pynn.Population(2, pynn.cells.HXNeuron(), label="cells")
    population[1:2].record("v")
    pynn.run(0.002)
    (signal,) = population.get_data("v").segments[0].irregularlysampledsignals
    assert isinstance(signal, neo.IrregularlySampledSignal)
    assert signal.dtype == np.float32
    assert signal.units.dimensionality.string == "dimensionless"
    assert signal.times.units.dimensionality.string == "ms"
    assert signal.annotations["source_ids"] == [2]
    assert signal.annotations["source_population"] == "cells"
    assert signal.annotations["device"] == "madc"


def test_mean_weighs_by_intervals() -> None:
    population = neurons()
    population.record("v")
    pynn.run(0.01)
    (signal,) = population.get_data("v").segments[0].irregularlysampledsignals
    t, v = signal.times.magnitude, signal.magnitude[:, 0].astype(np.float64)
    by_intervals = np.sum(np.diff(t) * 0.5 * (v[1:] + v[:-1])) / (t[-1] - t[0])
    assert float(signal.mean()) == pytest.approx(by_intervals, rel=1e-4)


def test_form_of_a_spike_train() -> None:
    neurons(3)
    population = pynn.Population(2, pynn.cells.HXNeuron(**FIRING), label="cells")
    population.record("spikes")
    pynn.run(0.02)
    trains = population.get_data("spikes").segments[0].spiketrains
    assert [t.annotations["source_id"] for t in trains] == [3, 4]
    assert [t.annotations["source_index"] for t in trains] == [0, 1]
    assert {t.annotations["source_compartment"] for t in trains} == {0}
    assert {t.annotations["source_population"] for t in trains} == {"cells"}
    assert float(trains[0].t_stop) == pytest.approx(0.02)
    ticks = trains[0].magnitude * 1e6 / 8.0
    np.testing.assert_allclose(ticks, np.rint(ticks), atol=1e-5)


def test_views_get_their_own_data() -> None:
    population = neurons(3, **FIRING)
    population.record("spikes")
    pynn.run(0.01)
    (train,) = population[1:2].get_data("spikes").segments[0].spiketrains
    assert train.annotations["source_id"] == 1


def test_one_segment_for_each_reset() -> None:
    population = neurons(3)
    for n in range(3):
        population.record(None)
        population[n : n + 1].record("v")
        pynn.run(0.002)
        pynn.reset()
    segments = population.get_data("v").segments
    assert [s.irregularlysampledsignals[0].annotations["source_ids"] for s in segments] == [[0], [1], [2]]
    assert len({s.name for s in segments}) == 3


def test_the_last_segment_is_that_of_the_last_run() -> None:
    population = neurons()
    population.record("spikes")
    pynn.run(0.002)
    pynn.reset()
    pynn.run(0.004)
    segments = population.get_data().segments
    assert [float(s.spiketrains[0].t_stop) for s in segments] == pytest.approx([0.002, 0.004])


def test_two_resets_make_one_segment() -> None:
    population = neurons()
    population.record("spikes")
    pynn.run(0.002)
    pynn.reset()
    pynn.reset()
    assert len(population.get_data().segments) == 1


def test_segments_take_annotations() -> None:
    population = neurons()
    population.record("spikes")
    pynn.run(0.002)
    pynn.reset(annotations={"sweep": 3})
    assert population.get_data().segments[0].annotations["sweep"] == 3


def test_clear_forgets() -> None:
    population = neurons()
    population.record("spikes")
    pynn.run(0.002)
    assert len(population.get_data(clear=True).segments) == 1
    assert len(population.get_data().segments) == 0
    pynn.reset()
    pynn.run(0.002)
    assert len(population.get_data().segments) == 1


def test_record_none_stops_the_whole_population() -> None:
    population = neurons(2, **FIRING)
    population.record("spikes")
    population[0:1].record(None)
    pynn.run(0.01)
    assert len(population.get_data().segments[0].spiketrains) == 0


def test_pieces_of_a_run_have_their_own_signals_and_trains() -> None:
    population = neurons(**FIRING)
    population.record(["v", "spikes"])
    pynn.run(0.01, RunCommand.APPEND)
    pynn.run(0.02, RunCommand.APPEND)
    assert pynn.get_current_time() == 0.0
    pynn.run(0.03, RunCommand.EXECUTE)
    (segment,) = population.get_data().segments
    assert [float(t.t_start) for t in segment.spiketrains] == pytest.approx([0.0, 0.01, 0.03])
    assert [float(t.t_stop) for t in segment.spiketrains] == pytest.approx([0.01, 0.03, 0.06])
    # the MADC goes on sampling: a piece has those samples that fall into it
    begins = [float(s.times[0]) for s in segment.irregularlysampledsignals]
    assert begins == pytest.approx([0.0, 0.01, 0.03], abs=4.3e-5)
    time = np.concatenate([s.times.rescale("ns").magnitude for s in segment.irregularlysampledsignals])
    assert set(np.rint(np.diff(time)).astype(int).tolist()) == {32, 40}
    assert pynn.get_current_time() == pytest.approx(0.06)


def test_the_neuron_goes_on_from_piece_to_piece() -> None:
    population = neurons(**FIRING)
    population.record("spikes")
    pynn.run(0.03)
    whole = population.get_data().segments[0].spiketrains[0].magnitude
    pynn.reset()
    pynn.run(0.011, RunCommand.APPEND)
    pynn.run(0.019)
    pieces = np.concatenate([t.magnitude for t in population.get_data().segments[-1].spiketrains])
    assert pieces.size == whole.size
    np.testing.assert_allclose(pieces, whole, atol=4e-4)  # the comparator's noise is drawn anew


def test_parameters_change_between_pieces() -> None:
    population = neurons(**FIRING)
    population.record("spikes")
    pynn.run(0.02, RunCommand.APPEND)
    population.set(threshold_enable=False)
    pynn.run(0.02, RunCommand.APPEND)
    population.set(threshold_enable=True)
    pynn.run(0.02)
    first, second, third = population.get_data().segments[0].spiketrains
    assert first.size > 1
    assert second.size == 0
    assert third.size > 1


def test_inputs_count_from_the_start_of_each_piece() -> None:
    pynn.setup(enable_neuron_bypass=True)
    population, source = neurons(), array(0.001)
    population.record("spikes")
    wire(source, population)
    pynn.run(0.01, RunCommand.APPEND)
    source.set(spike_times=[0.004])
    pynn.run(0.01)
    first, second = population.get_data().segments[0].spiketrains
    assert float(first[0]) == pytest.approx(0.001, abs=6e-4)
    assert float(second[0]) == pytest.approx(0.014, abs=6e-4)


def test_an_event_on_its_way_arrives_in_the_next_piece() -> None:
    pynn.setup(enable_neuron_bypass=True)
    population = neurons()
    population.record("spikes")
    wire(array(0.0099), population)
    pynn.run(0.01, RunCommand.APPEND)
    pynn.run(0.005)
    first, second = population.get_data().segments[0].spiketrains
    assert (first.size, second.size) == (0, 1)


def test_spike_counts() -> None:
    population = neurons(2, **FIRING)
    population.record("spikes")
    pynn.run(0.02)
    counts = population.get_spike_counts()
    trains = population.get_data().segments[0].spiketrains
    assert list(counts.values()) == [t.size for t in trains]
    assert population.mean_spike_count() == pytest.approx(np.mean([t.size for t in trains]))


def test_data_are_written_and_read(tmp_path) -> None:  # type: ignore[no-untyped-def]
    population = neurons(**FIRING)
    population.record(["v", "spikes"])
    pynn.run(0.02)
    path = tmp_path / "data.pkl"
    population.write_data(str(path))
    (block,) = neo.io.PickleIO(str(path)).read()
    assert block.annotations["simulated"] is True
    assert block.segments[0].spiketrains[0].size == population.get_data().segments[0].spiketrains[0].size


def test_inputs_lie_on_the_chips_grid() -> None:
    source = array(0.001, 0.0010041, 0.5)
    source.record("spikes")
    neurons()
    pynn.run(0.01)
    times = source.get_data("spikes").segments[0].spiketrains[0].rescale("ns").magnitude
    np.testing.assert_allclose(times, [1000.0, 1008.0])  # 1004.1 ns is nearest to 1008; what lies after the end is left out
