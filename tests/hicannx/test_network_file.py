# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks from text to the report of `luisim chip`, and a sentence for every mistake."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

from luisim.errors import LuisimError
from luisim.hicannx import activity
from luisim.hicannx.network_file import read_network
from tui.backends import load_experiment, open_backend
from tui.cli import main

SMALL = """
device = "hicann-x"
duration = "40 us"
seed = 1
record = ["a", 0, "a", 1]
[neuron]
leak_v_leak = 1000
leak_i_bias = 200
threshold_v_threshold = 300
threshold_enable = true
reset_v_reset = 400
reset_i_bias = 1022
membrane_capacitance_capacitance = 63
refractory_period_refractory_time = 255
[[population]]
name = "a"
size = 4
[[population]]
name = "b"
size = 2
neuron = { leak_v_leak = 500 }
[[source]]
name = "s"
size = 2
times = [["5 us"], ["10 us", "20 us"]]
[[background]]
name = "n"
size = 4
rate = 100000
[[projection]]
pre = "s"
post = "a"
pattern = "all-to-all"
onto = [1, 3]
weight = [-20, 20]
[[projection]]
pre = "n"
post = "a"
pattern = "one-to-one"
receptor = "inhibitory"
weight = 100
"""


@pytest.fixture
def small(tmp_path: Path) -> str:
    path = tmp_path / "small.toml"
    path.write_text(SMALL)
    return str(path)


def test_small_network() -> None:
    experiment = read_network(tomllib.loads(SMALL), "small")
    network = experiment.device.network
    assert [p.size for p in network.populations] == [4, 2]
    assert network.population("b").neurons[0].leak_v_leak == 500
    feed, noise = network.projections
    assert set(feed.post_index) == {1, 2}
    assert np.all(np.abs(feed.weights) <= 20)
    assert np.all(noise.weights == -100)
    trace = open_backend("model", experiment.device).run(experiment)
    assert {"v_madc", "v_madc_1"} == set(trace.signals)
    assert {"out", "out_1", "a[2]", "a[3]", "b[0]", "b[1]"} == set(trace.spikes)
    assert trace.spikes["out"].size > 3
    assert trace.spikes["b[0]"].size == 0


def test_activity_counts_what_the_result_holds() -> None:
    device = read_network(tomllib.loads(SMALL), "small").device
    result = device.run(40e-6)
    time, circuit = activity.raster(result)
    total = sum(train.size for trains in result.spikes.values() for train in trains)
    assert time.size == circuit.size == total
    assert np.all(np.diff(time) >= 0.0)
    count, edges = activity.rate_histogram(result)
    assert count.sum() == 6
    assert edges[-1] == pytest.approx(max(rate.max() for rate in activity.rates(result).values()))
    matrix = activity.weights(device.chip)
    assert np.abs(matrix).sum() == sum(np.abs(p.weights).sum() for p in device.network.projections)
    assert activity.used(device.chip)["synapses"][0] == np.count_nonzero(matrix)


def test_commands(small: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "chip.png"
    for words in (["chip", small, "--png", str(picture)], ["run", small], ["compare", small, "--on", "model", "--on", "model"]):
        with pytest.raises(SystemExit) as end:
            main(words)
        assert end.value.code == 0
    told = capsys.readouterr().out
    assert "simulated chip" in told
    assert "synapses" in told
    assert picture.read_bytes()[:4] == b"\x89PNG"
    with pytest.raises(SystemExit):
        main(["chip", small, "--png", str(picture), "--json"])
    document = json.loads(capsys.readouterr().out)
    assert document["used"]["neurons"] == {"used": 6, "of": 512}
    for words, said in (
        (["run", small, "--on", "circuit"], "no network"),
        (["chip", "silent-neuron"], "no [[population]]"),
    ):
        with pytest.raises(SystemExit) as end:
            main(words)
        assert end.value.code == 2
        assert said in capsys.readouterr().err


def test_a_volley_runs_down_the_synfire_chain() -> None:
    """Each of the ten groups fires after the one before it."""
    experiment = load_experiment("chip-synfire-chain")
    chain = experiment.device.run(experiment.duration).spikes["chain"]
    groups = [np.concatenate(chain[k : k + 10]) for k in range(0, 100, 10)]
    assert all(group.size >= 8 for group in groups)
    assert np.all(np.diff([np.median(group) for group in groups]) > 1e-6)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("size = 4\n[[population]]", "size = 511\n[[population]]", "the number of neurons"),
        ("size = 4\n[[population]]", "size = 0\n[[population]]", "size in"),
        ("weight = 100", "weight = 1.5", "whole number"),
        ("weight = 100", "weight = 99999", "-16128 to 16128"),
        ('pre = "s"', 'pre = "x"', "There are: a, b, s, n"),
        ('pattern = "one-to-one"', 'pattern = "one-to-on"', "did you mean 'one-to-one'"),
        ('"20 us"]]', '"2 us"]]', "must ascend"),
        ('"20 us"]]', '"-2 us"]]', "out of range"),
        ('duration = "40 us"', 'duration = "0 us"', "out of range"),
        ("onto = [1, 3]", "onto = [1, 5]", "two numbers"),
        ('record = ["a", 0, "a", 1]', 'record = ["a", 0, "a", 2]', "both even"),
        ('record = ["a", 0, "a", 1]', 'record = ["a", 512]', "not 512"),
        ("rate = 100000", "rate = 0.1", "out of range"),
        ("size = 4\nrate", "size = 3\nrate", "1, 2, 4"),
        ("leak_v_leak = 500", "leak_v_leak = 1023", "0 to 1022"),
    ],
)
def test_mistakes_have_a_sentence(old: str, new: str, said: str) -> None:
    assert old in SMALL
    with pytest.raises(LuisimError) as error:
        _run(SMALL.replace(old, new, 1))
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def _run(text: str) -> None:
    experiment = read_network(tomllib.loads(text), "small")
    experiment.device.run(experiment.duration)
