# SPDX-License-Identifier: GPL-3.0-or-later
"""Automatic measurements, against signals that are written down here and against the parts on the board."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from luisim.decay import fit_decay, fit_two
from luisim.experiment import Experiment, Pulses
from luisim.lui.closed_form import cycle
from luisim.lui.model import LuiModel
from luisim.lui.parameters import LuiBoard, LuiParameters
from luisim.measurements import NAMES, Measurement, measurements
from luisim.trace import Trace
from luisim.trace_files import read_table

PERIOD, WIDTH, TAU, THRESHOLD = 0.25, 15e-3, 0.1, 1.55
PSP = Path(__file__).parent / "data" / "lui" / "b_psp"


def neuron(duration: float = 3.0, noise: float = 0.0, jitter: float = 0.0) -> Trace:
    """A membrane that charges to the threshold, stays at 0.01 V for 15 ms, and charges again."""
    rng = np.random.default_rng(3)
    time = np.arange(0.0, duration, 0.5e-3)
    spikes = np.cumsum(PERIOD + jitter * rng.standard_normal(int(duration / PERIOD) - 1))
    since = time[:, None] - np.concatenate(([-0.4 * PERIOD], spikes))[None, :]
    phase = np.where(since >= 0, since, np.inf).min(axis=1)
    top = THRESHOLD / (1.0 - np.exp(-(PERIOD - WIDTH) / TAU))
    v = np.where(phase < WIDTH, 0.01, 0.01 + top * (1.0 - np.exp(-(phase - WIDTH) / TAU)))
    return Trace(time, {"v_mem": v + noise * rng.standard_normal(time.size)}, {"out": spikes}, "known")


def by_name(found: tuple[Measurement, ...]) -> dict[str, Measurement]:
    return {m.name: m for m in found}


@pytest.mark.parametrize("noise", [0.0, 5e-3])
def test_a_firing_neuron(noise: float) -> None:
    found = by_name(measurements(neuron(noise=noise)))
    assert list(found) == [name for name in NAMES if name in found]
    assert found["rate"].value == pytest.approx(1.0 / PERIOD)
    assert found["isi"].value == pytest.approx(PERIOD)
    assert found["cv"].value < 1e-9
    assert found["threshold"].value == pytest.approx(THRESHOLD + 0.01, abs=0.01 + 3 * noise)
    assert found["reset"].value == pytest.approx(0.01, abs=1e-6 + 4 * noise)
    assert found["refractory"].value == pytest.approx(WIDTH, abs=1e-3)
    assert found["tau_mem"].value == pytest.approx(TAU, rel=0.002 if noise == 0.0 else 0.1)
    assert "psp" not in found


def test_irregular_firing_has_a_spread() -> None:
    trace = neuron(duration=20.0, jitter=0.02)
    found = by_name(measurements(trace))
    gaps = np.diff(trace.spikes["out"])
    assert found["isi"].sd == pytest.approx(float(np.std(gaps, ddof=1)))
    assert found["cv"].value == pytest.approx(float(np.std(gaps, ddof=1) / np.mean(gaps)))
    assert found["cv"].value == pytest.approx(0.08, rel=0.25)


def test_places_say_where_it_was_read() -> None:
    trace = neuron()
    found = by_name(measurements(trace))
    spikes = trace.spikes["out"]
    assert [(p.start, p.stop) for p in found["isi"].places] == list(itertools.pairwise(spikes))
    for place in found["threshold"].places:
        assert trace.at("v_mem", place.start) == pytest.approx(place.level)
        assert np.min(np.abs(spikes - place.start)) <= 2e-3
    for place in found["tau_mem"].places:
        assert np.any((spikes < place.start) & (spikes > place.start - PERIOD))
        assert place.stop > place.start


def test_nothing_is_made_up() -> None:
    time = np.arange(0.0, 2.0, 1e-3)
    quiet = 0.9 + 5e-3 * np.random.default_rng(5).standard_normal(time.size)
    assert measurements(Trace(time, {"v_mem": quiet})) == ()
    assert measurements(Trace(time, {"v_mem": np.full(time.size, 0.9)})) == ()


@pytest.mark.parametrize("v_leak", [0.6, 0.8, 1.0])
@pytest.mark.parametrize("r_leak", [10e3, 25e3])
def test_against_the_closed_form_of_the_board(v_leak: float, r_leak: float) -> None:
    parameters = LuiParameters(v_leak=v_leak, r_leak=r_leak)
    found = by_name(measurements(LuiModel().run(Experiment(LuiBoard(parameters), 2.0))))
    assert found["isi"].value == pytest.approx(cycle(parameters).period, rel=0.02)
    assert found["refractory"].value == pytest.approx(cycle(parameters).pulse, rel=0.02)
    if "tau_mem" in found:
        assert found["tau_mem"].value == pytest.approx(r_leak * parameters.parts.c_mem, rel=0.05)
    else:  # far above the threshold the rise is a straight line
        assert v_leak == 1.0


@pytest.mark.parametrize(("case", "r_syn"), [("exc_w50_rsyn11k", 11e3), ("exc_w50_rsyn2.2k", 2.2e3), ("inh_w50_rsyn22k", 22e3)])
def test_psp_of_the_reference_simulation(case: str, r_syn: float) -> None:
    head, rows = read_table(PSP / f"vdd3.0_{case}.csv")
    columns = dict(zip(head, np.array(rows, dtype=np.float64).T, strict=True))
    time, first = np.unique(columns.pop("time_s"), return_index=True)  # a solver's steps are finer than the file's digits
    trace = Trace(time, {name: values[first] for name, values in columns.items()}, {"out": np.empty(0)})
    found = by_name(measurements(trace, [(0.2, 0.215)]))
    after = trace.time > 0.2
    excursion = trace.signals["v_mem"][after] - float(trace.at("v_mem", 0.2))
    assert found["psp"].value == pytest.approx(excursion[np.argmax(np.abs(excursion))])
    assert np.sign(found["psp"].value) == (1 if case.startswith("exc") else -1)
    assert found["tau_syn"].value == pytest.approx(r_syn * 10e-6, rel=0.05)
    # the lamp comparators put up to an uA into the membrane, in steps: that bends a small PSP
    assert found["tau_mem"].value == pytest.approx(25e3 * 22e-6, rel=0.2)


def test_a_psp_on_the_membrane_alone() -> None:
    time = np.arange(0.0, 2.0, 1e-3)
    since = np.maximum(time - 0.3, 0.0)
    v = 0.9 + 0.3 * (np.exp(-since / 0.3) - np.exp(-since / 0.05))
    v += 1e-3 * np.random.default_rng(7).standard_normal(time.size)
    for inputs in ([(0.3, 0.3)], None):
        found = by_name(measurements(Trace(time, {"v_mem": v}), inputs))
        assert found["psp"].value == pytest.approx(float(np.max(v) - 0.9), abs=3e-3)
        assert found["tau_mem"].value == pytest.approx(0.3, rel=0.1)
        assert found["tau_syn"].value == pytest.approx(0.05, rel=0.15)


def test_an_input_that_makes_it_fire_has_no_psp() -> None:
    trace = LuiModel().run(Experiment(LuiBoard(LuiParameters(v_leak=0.5)), 1.0, (Pulses(1, (0.2,), 60e-3, 3.0),)))
    assert trace.spikes["out"].size
    assert "psp" not in by_name(measurements(trace, [(0.2, 0.26)]))


@pytest.mark.parametrize("tau", [0.02, 0.2, 1.5])
def test_one_exponential(tau: float) -> None:
    time = np.linspace(0.0, 0.5, 300)
    exact = fit_decay(time, 0.3 - 1.2 * np.exp(-time / tau))
    assert exact is not None
    assert exact.tau == pytest.approx(tau, rel=1e-4)
    errors = []
    for seed in range(20):
        noise = 2e-3 * np.random.default_rng(seed).standard_normal(time.size)
        noisy = fit_decay(time, 0.3 - 1.2 * np.exp(-time / tau) + noise)
        assert noisy is not None
        errors.append((noisy.tau - tau) / noisy.sd)
    assert 0.5 < float(np.std(errors)) < 1.6  # the stated deviation is the one that is seen


def test_a_straight_line_has_no_time_constant() -> None:
    time = np.linspace(0.0, 1.0, 100)
    assert fit_decay(time, 2.0 * time) is None
    assert fit_decay(time, np.ones(100)) is None


@pytest.mark.parametrize("known", [None, 0.05])
def test_two_exponentials(known: float | None) -> None:
    time = np.linspace(0.0, 2.0, 400)
    fit = fit_two(time, 0.4 * np.exp(-time / 0.5) - 0.3 * np.exp(-time / 0.05), known)
    assert fit is not None
    assert sorted(fit[:2]) == pytest.approx([0.05, 0.5], rel=1e-3)
    assert fit[2] < 1e-4
