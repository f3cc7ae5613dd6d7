# SPDX-License-Identifier: GPL-3.0-or-later
"""Experiment files: what a teacher writes is what runs, and each kind of mistake gets one sentence that repairs it."""

import re
from pathlib import Path

import pytest

from luisim.errors import ParameterError
from luisim.experiment import Current, Pulses
from luisim.lui.board import BoardParts
from tui.backends import experiment_titles, load_experiment

HEAD = 'device = "lui"\nduration = "2 s"\n'
PULSES = '[[stimulus]]\nkind = "pulses"\ninput = 1\ntimes = ["200 ms"]\n'
CURRENT = '[[stimulus]]\nkind = "current"\nvalue = "60 uA"\n'


def write(folder: Path, text: str) -> str:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_every_key_arrives_in_si_units(tmp_path: Path) -> None:
    text = """
device = "lui"
title = "Everything"
duration = "500 ms"
[board]
battery = { voltage = "2.9 V", resistance = "27 Ohm" }
v_leak = "1.45 V"
r_leak = "44.33k"
r_syn = 11000
r_weight = ["5.5k", "11k", 22e3]
sign = [1, -1, 1]
revision = 2023
c_mem = "18.66 uF"
initial = { v_mem = "0.4 V", v_syn = 1.5 }
[[stimulus]]
kind = "pulses"
input = 2
times = ["400 ms", 0.1]
width = "15 ms"
amplitude = "5 V"
[[stimulus]]
kind = "current"
value = "60 uA"
start = "100 ms"
"""
    run = load_experiment(write(tmp_path, text))
    p = run.device.parameters
    assert (run.duration, p.vdd, p.r_battery, p.r_leak, p.r_syn) == (0.5, 2.9, 27.0, 44330.0, 11000.0)
    assert p.v_leak == pytest.approx(0.5)
    assert (p.r_weight, p.sign) == ((5500.0, 11000.0, 22000.0), (1, -1, 1))
    assert (p.parts.revision, p.parts.r_one_shot_top, p.parts.c_mem) == (2023, 22e3, pytest.approx(18.66e-6))
    assert (run.device.v_mem, run.device.v_syn) == (0.4, 1.5)
    assert run.stimuli == (Pulses(2, (0.1, 0.4), 15e-3, 5.0), Current(60 * 1e-6, 0.1))
    assert run.name == "mine"


def test_a_fraction_a_percentage_and_a_voltage_are_one_leak_potential(tmp_path: Path) -> None:
    found = [
        load_experiment(write(tmp_path, f"{HEAD}[board]\nvdd = 2.5\nv_leak = {value}\n")).device.parameters.v_leak
        for value in ("0.8", '"80 %"', '"2.0 V"', '"2000 mV"')
    ]
    assert found == pytest.approx([0.8] * 4)


def test_what_is_not_written_is_the_nominal_board(tmp_path: Path) -> None:
    run = load_experiment(write(tmp_path, HEAD))
    assert run.device.parameters.parts == BoardParts()
    assert run.stimuli == ()
    sampled = load_experiment(write(tmp_path, HEAD + '[board]\nsample = 7\nc_mem = "15 uF"\n')).device.parameters.parts
    drawn = BoardParts.sample(7)
    assert sampled.c_mem == pytest.approx(15e-6)
    assert (sampled.r_push, sampled.track_leak) == (drawn.r_push, drawn.track_leak)


def test_every_shipped_experiment_reads_and_has_a_title() -> None:
    titles = experiment_titles()
    assert len(titles) >= 7
    for name, title in titles.items():
        assert title
        assert load_experiment(name).name == name


# what is wrong; words that must stand in the sentence: the key, what is allowed, the nearest name
MISTAKES = [
    # keys
    ('devise = "lui"\nduration = 1\n', ("device = None", 'write device = "lui"')),
    (HEAD.replace("lui", "lu.i"), ("'lu.i'", 'device = "lui"')),
    (HEAD + "durration = 1\n", ("'durration'", "did you mean 'duration'", "Known keys: device, title, duration")),
    ('device = "lui"\n', ("'duration'", 'duration = "2 s"')),
    (HEAD + "[bord]\nv_leak = 1\n", ("'bord'", "did you mean 'board'")),
    (HEAD + "[board]\nvleak = 0.8\n", ("board", "'vleak'", "did you mean 'v_leak'", "Known keys")),
    (HEAD + "[board]\nC_mem = 1e-6\n", ("'C_mem'", "did you mean 'c_mem'")),
    (HEAD + "[board]\nxyzzy = 1\n", ("'xyzzy'", "Known keys: vdd, v_leak")),
    (HEAD + "[board]\nbattery = { volts = 3 }\n", ("battery", "'volts'", "voltage, resistance")),
    (HEAD + "[board]\ninitial = { mem = 1 }\n", ("initial", "'mem'", "did you mean 'v_mem'")),
    (HEAD + PULSES + 'witdh = "1 ms"\n', ("[[stimulus]] 1", "'witdh'", "did you mean 'width'")),
    (HEAD + PULSES + CURRENT + "begin = 1\n", ("[[stimulus]] 2", "'begin'", "kind, value, start, stop")),
    (HEAD + PULSES.replace("input = 1\n", ""), ("[[stimulus]] 1", "'input'", "input = 1")),
    (HEAD + PULSES.replace('times = ["200 ms"]', ""), ("[[stimulus]] 1", "'times'", 'times = ["200 ms"')),
    (HEAD + CURRENT.replace('value = "60 uA"', ""), ("[[stimulus]] 1", "'value'", 'value = "20 uA"')),
    (HEAD + PULSES.replace("pulses", "pulse"), ("kind = 'pulse'", '"pulses" and "current"')),
    (HEAD + "[[stimulus]]\ninput = 1\n", ("kind = None", '"pulses" and "current"')),
    # kinds of value
    (HEAD + "[board]\nr_leak = true\n", ("r_leak", "True", "25k")),
    (HEAD + '[board]\nr_leak = "much"\n', ("r_leak", "'much'", "25k")),
    (HEAD + "[board]\nr_leak = [1, 2]\n", ("r_leak", "[1, 2]", "25k")),
    (HEAD + "[board]\nr_weight = [1, 2]\n", ("r_weight", "three values")),
    (HEAD + "[board]\nr_weight = 1\n", ("r_weight", "three values")),
    (HEAD + "[board]\nsign = [1, 0, 1]\n", ("sign", "1 (excitatory) or -1 (inhibitory)")),
    (HEAD + '[board]\nsign = "+"\n', ("sign", "three values")),
    (HEAD + "[board]\nrevision = 2024\n", ("revision = 2024", "2023", "2025")),
    (HEAD + '[board]\nsample = "x"\n', ("sample", "whole number from 0")),
    (HEAD + "[board]\nsample = -1\n", ("sample = -1", "whole number from 0")),
    (HEAD + "[board]\nbattery = 3\n", ("battery", "must be a table such as { voltage")),
    (HEAD + "board = 3\n", ("board", "must be a table")),
    (HEAD + "[stimulus]\nkind = 1\n", ("stimulus", "[[stimulus]]")),
    (HEAD + "stimulus = [1]\n", ("stimulus", "[[stimulus]]")),
    (HEAD + PULSES.replace("input = 1", "input = 1.5"), ("input = 1.5", "whole number from 1 to 3")),
    (HEAD + PULSES.replace("input = 1", "input = 4"), ("input = 4", "from 1 to 3")),
    # units
    (HEAD + '[board]\nr_leak = "25 kV"\n', ("r_leak", "'kV'", "the unit Ohm")),
    (HEAD.replace("2 s", "2 Hz"), ("duration", "'Hz'", "the unit s")),
    (HEAD + '[board]\nv_leak = "0.8 A"\n', ("v_leak", "'A'")),
    (HEAD + CURRENT.replace("60 uA", "60 uV"), ("value", "'uV'", "the unit A")),
    # ranges
    (HEAD + "[board]\nvdd = 5\n", ("vdd = 5 V", "1.8 V to 3.6 V")),
    (HEAD + "[board]\nvdd = nan\n", ("vdd", "1.8 V to 3.6 V")),
    (HEAD + f"[board]\nvdd = 1{'0' * 400}\n", ("vdd", "1.8 V to 3.6 V")),
    (HEAD + "[board]\nv_leak = 1.5\n", ("v_leak = 1.5", "from 0 to 1", '"2.4 V"')),
    (HEAD + '[board]\nv_leak = "3.5 V"\n', ("v_leak = 3.5 V", "0 V to 3 V")),
    (HEAD + '[board]\nr_leak = "67k"\n', ("r_leak = 67 kOhm", "0 Ohm to 66 kOhm")),
    (HEAD + '[board]\nr_weight = ["1k", "1k", "99k"]\n', ("r_weight", "99 kOhm", "29 kOhm")),
    (HEAD + '[board]\nc_mem = "22 F"\n', ("c_mem = 22 F", "1 uF to 100 uF")),
    (HEAD + "[board]\ninitial = { v_mem = 3.1 }\n", ("v_mem = 3.1 V", "0 V to 3 V")),
    (HEAD + "[board]\ninitial = { v_syn = -1 }\n", ("v_syn = -1 V", "0 V to 3 V")),
    (HEAD + "[board]\nbattery = { resistance = 500 }\n", ("resistance = 500 Ohm", "0 Ohm to 200 Ohm")),
    (HEAD.replace("2 s", "2 h"), ("duration", "the unit s")),
    (HEAD.replace("2 s", "2e4 s"), ("duration = 20 ks", "1 ms to 3.6 ks")),
    (HEAD + PULSES.replace("200 ms", "-1 s"), ("times = -1 s", "0 s to 3.6 ks")),
    (HEAD + PULSES + "width = 0\n", ("width = 0 s", "10 us to 60 s")),
    (HEAD + PULSES + "amplitude = 25\n", ("amplitude = 25 V", "0 V to 20 V")),
    (HEAD + CURRENT.replace("60 uA", "60 mA"), ("value = 60 mA", "-5 mA to 5 mA")),
    (HEAD + CURRENT + 'start = "1 s"\nstop = "1 s"\n', ("stop = 1 s", "after start = 1 s")),
    # the file
    ("device = lui\n", ("mine.toml", "no valid TOML", "quotes")),
    (HEAD + HEAD, ("mine.toml", "no valid TOML")),
    (HEAD + f"x = {'9' * 5000}\n", ("mine.toml", "no valid TOML")),
    (HEAD + f"x = {'[' * 5000}{']' * 5000}\n", ("mine.toml", "no valid TOML")),
]


@pytest.mark.parametrize(("text", "words"), MISTAKES)
def test_a_mistake_gets_one_sentence(tmp_path: Path, text: str, words: tuple[str, ...]) -> None:
    with pytest.raises(ParameterError) as caught:
        load_experiment(write(tmp_path, text))
    sentence = str(caught.value)
    assert sentence.startswith("mine.toml")
    assert "\n" not in sentence
    for word in words:
        assert re.search(re.escape(word), sentence), sentence


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"There is no experiment file .*gone\.toml"):
        load_experiment(str(tmp_path / "gone.toml"))
    with pytest.raises(ParameterError, match="did you mean 'stacked-psps'"):
        load_experiment("stacked-psp")
    with pytest.raises(ParameterError, match="cannot be read"):
        load_experiment(str(tmp_path))
    (tmp_path / "latin.toml").write_bytes(b'title = "gr\xfcn"\n')
    with pytest.raises(ParameterError, match="cannot be read as a text file"):
        load_experiment(str(tmp_path / "latin.toml"))
