# SPDX-License-Identifier: GPL-3.0-or-later
"""Parameters from traces: sampled boards are found again, what cannot be found is said, the real board is followed."""

import tomllib
from pathlib import Path

import numpy as np
import pytest

from firmware_bridge.replay import SHIPPED
from luisim import measure
from luisim.errors import ParameterError
from luisim.experiment import Current, Experiment, Pulses
from luisim.lui.board import BoardParts
from luisim.lui.experiment_file import read_experiment
from luisim.lui.experiment_text import to_toml
from luisim.lui.fi import Sense, fit_curve, measured_curve, read_curve, theory_curve
from luisim.lui.fit import fit
from luisim.lui.model import LuiModel
from luisim.lui.parameters import LuiBoard, LuiParameters, PotPositions
from luisim.trace import Trace
from luisim.trace_files import read_csv
from tui.backends import load_experiment

READINGS = Path(__file__).parents[1] / "data" / "lui" / "fi_measured.csv"
NOMINAL = Experiment(LuiBoard(), 2.0)


def recording(experiment: Experiment[LuiBoard], seed: int) -> Trace:
    """10 s or so at 1 kHz with 5 mV of noise, the membrane alone."""
    time = np.arange(0.0, experiment.duration, 1e-3)
    noise = np.random.default_rng(seed).normal(0.0, 5e-3, time.size)
    return Trace(time, {"v_mem": LuiModel().run(experiment).at("v_mem", time) + noise}, {}, "recording")


@pytest.mark.parametrize(("seed", "v_leak"), [(0, 0.82), (1, 0.85), (2, 0.76), (3, 0.69)])
def test_a_sampled_board_is_found_again(seed: int, v_leak: float) -> None:
    parts = BoardParts.sample(seed)
    board = LuiParameters.at(PotPositions(v_leak, 0.5, 0.5, (0.5, 0.5, 0.5)), parts)
    found = fit(recording(Experiment(LuiBoard(board), 10.0), seed), NOMINAL)
    truth = {"r_leak": board.r_leak, "v_leak": v_leak, "c_mem": parts.c_mem, "tau_mem": board.r_leak * parts.c_mem}
    for name, value in truth.items():
        estimate = found.estimates[name]
        assert estimate.low <= value <= estimate.high, name
        assert estimate.identifiable, name
    tau = found.estimates["tau_mem"]
    assert tau.high / tau.low < 1.05
    assert found.noise == pytest.approx(5e-3, rel=0.05)
    assert found.spikes[0] == found.spikes[1]
    assert found.rms < 25e-3


def test_a_leak_alone_shows_only_the_product() -> None:
    board = LuiBoard(LuiParameters(v_leak=0.45, r_leak=20e3), 0.7)  # above the potential where the pull source starves
    found = fit(recording(Experiment(board, 4.0), 1), NOMINAL)
    assert found.estimates["tau_mem"].identifiable
    assert found.estimates["tau_mem"].value == pytest.approx(0.44, rel=0.02)
    assert not found.estimates["r_leak"].identifiable
    assert not found.estimates["c_mem"].identifiable
    assert any("r_leak and c_mem only occur together" in remark and "product" in remark for remark in found.remarks)


def test_synapses_are_found_from_psps() -> None:
    stimuli = (Pulses(1, tuple(np.arange(0.3, 4.5, 0.7))),)
    board = LuiBoard(LuiParameters(v_leak=0.3, r_leak=20e3, r_syn=8e3, r_weight=(4e3, 11e3, 11e3)), 0.9)
    known = Experiment(LuiBoard(LuiParameters(v_leak=0.3, r_leak=20e3), 0.9), 5.0, stimuli)
    found = fit(recording(Experiment(board, 5.0, stimuli), 2), known, ("r_syn", "r_weight1"), tolerances=False)
    assert found.estimates["r_syn"].value == pytest.approx(8e3, rel=0.01)
    assert found.estimates["r_weight1"].value == pytest.approx(4e3, rel=0.01)


def test_the_real_board_is_followed_with_six_parameters() -> None:
    free = ("vdd", "r_leak", "c_mem", "c_mem_half", "c_ref", "reset_threshold")
    found = fit(read_csv(SHIPPED / "lui-photo.csv"), load_experiment("real-board"), free, tolerances=False)  # type: ignore[arg-type]
    assert found.rms < 15e-3
    assert found.spikes == (1, 1)
    assert measure.threshold(LuiModel().run(found.twin)) == pytest.approx(1.2385, abs=0.01)  # read off the picture


@pytest.mark.parametrize(
    ("samples", "free", "sentence"),
    [
        (5000, ("r_leek",), "'r_leek' cannot be fitted; there are vdd, v_leak"),
        (5000, (), "Nothing is free"),
        (10, ("r_leak",), "too few to fit"),
    ],
)
def test_what_cannot_be_fitted_is_said(samples: int, free: tuple[str, ...], sentence: str) -> None:
    time = np.arange(samples) * 1e-3
    with pytest.raises(ParameterError, match=sentence):
        fit(Trace(time, {"v_mem": np.full(samples, 0.9)}), NOMINAL, free)


def test_a_twin_is_a_file_that_reads_back() -> None:
    board = LuiParameters.at(LuiParameters().positions, BoardParts.sample(5, 2023), vdd=2.9, r_battery=20.0)
    stimuli = (Pulses(2, (0.1, 0.2)), Current(20e-6, 0.5, 1.0))
    written = Experiment(LuiBoard(board, 0.3, 1.2), 2.5, stimuli, "twin")
    read = read_experiment(tomllib.loads(to_toml(written, 'a "twin"', ("a remark",))), "twin")
    assert [type(stimulus) for stimulus in read.stimuli] == [Pulses, Current]
    ours, theirs = (LuiModel().run(experiment).spikes["out"] for experiment in (read, written))
    np.testing.assert_allclose(ours, theirs, atol=50e-6)


def test_readings_of_a_real_board_fit_within_04_hz() -> None:
    readings = read_curve(READINGS)
    parameters = load_experiment("current-source").device.parameters  # type: ignore[union-attr]
    found = fit_curve(readings, parameters, ("v_leak", "r_leak", "c_mem"))
    assert found.rms < 0.40
    model = measured_curve(LuiModel(), Experiment(LuiBoard(found.parameters), 2.0), readings.currents)
    assert model.rms(readings) < 0.40
    assert model.rms(theory_curve(found.parameters, readings.currents)) < 0.02


def test_a_curve_of_the_model_is_fitted_back() -> None:
    truth = LuiParameters(v_leak=0.2, r_leak=30e3)
    currents = np.linspace(0.0, 300e-6, 15)
    found = fit_curve(theory_curve(truth, currents), LuiParameters(v_leak=0.4, r_leak=20e3))
    assert found.rms < 1e-3
    assert found.estimates["c_mem"].value == pytest.approx(22e-6, rel=1e-3)


def test_a_reading_of_the_sense_resistor_is_one_of_the_current(tmp_path: Path) -> None:
    file = tmp_path / "readings.csv"
    file.write_text("U_V,f_Hz\n5.1,0\n4.2,6.5\n", encoding="utf-8")
    curve = read_curve(file, Sense(5.2, 10e3))
    np.testing.assert_allclose(curve.currents, [10e-6, 100e-6])
    with pytest.raises(ParameterError, match="with --sense, u_v"):
        read_curve(file)
