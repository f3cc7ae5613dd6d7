# SPDX-License-Identifier: GPL-3.0-or-later
"""A scripted pupil solves every lesson, and a scripted wrong answer fails it with a hint.

All lessons on a simulated board of their own make: the model with other parts than the nominal one and with the noise of an
Arduino's converter. Some on the real firmware (tests/lessons/test_on_board.py).
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from luisim import measure
from luisim.errors import ParameterError
from luisim.experiment import Experiment
from luisim.lessons import LESSONS, lesson
from luisim.lessons.model import Answers, Finding, Lesson, Run
from luisim.lessons.readings import psp, tau_mem
from luisim.lessons.text import words
from luisim.lui.closed_form import cycle
from luisim.lui.model import LuiModel
from luisim.lui.network import Lui
from luisim.lui.parameters import LuiBoard, LuiParameters
from luisim.lui.population import another
from luisim.trace import Trace
from luisim.trace_files import read_csv, write_csv

Bench = Callable[[Experiment[Lui]], Trace]
_V_LEAK = ",".join(f"{v:.3f}" for v in np.linspace(0.45, 1.0, 16))

# what a pupil types; None: read off the traces, as below
RIGHT: dict[int, dict[str, str | None]] = {
    0: {"done": "pause,turn,view,zoom,pulse", "rate": None},
    1: {"v_leak": "0.25,0.3,0.35,0.4,0.45"},
    2: {"v_leak": "up", "tau_mem": "down"} | dict.fromkeys(("tau_syn", "weight1", "weight2", "weight3"), "none"),
    3: {"v_leak": "0.7"},
    4: {"threshold": None, "t_ref": None},
    5: {"r_leak": "5k,10k,20k", "tau": None},
    6: {"sign1": "1,-1", "minus": "down"},
    7: {"weight1": None},
    8: {"interval": None},
    9: {"r_syn": "4k,16k", "larger": "longer"},
    10: {"mean": None, "sd": None},
    11: {"v_leak": _V_LEAK, "rheobase": "154 uA"},
    12: {"v_leak": "0.713", "r_leak": "16.4k"},
    13: {"mean": None, "sd": None, "cv": None},
    14: {"weight1": "0.9,0.65,0.9", "weight2": "0.9,0.65,0.9"},
    15: {"sign2": "-1"},
    16: {"weight1": "0.95", "round": "0.21 s"},
    17: {"winners": "C1,C2,C3,C4"},
    18: {"last": "O2"},
}
# what another pupil gets wrong, and the finding that says so
WRONG: dict[int, tuple[dict[str, str], str]] = {
    0: ({"done": "pause,turn"}, "actions"),
    1: ({"v_leak": "0.4,0.5,0.6,0.7,0.8"}, "silent"),
    2: ({"weight1": "up"}, "weight1"),
    3: ({"v_leak": "0.45"}, "spikes"),
    4: ({"t_ref": "25 ms"}, "t_ref"),
    5: ({"tau": "0.05,0.1,0.2"}, "tau1"),
    6: ({"sign1": "1,1"}, "inhibits"),
    7: ({"weight1": "0.3"}, "fires"),
    8: ({"interval": "400 ms"}, "fires"),
    9: ({"r_syn": "4k,5k"}, "far_apart"),
    10: ({"mean": "5 Hz"}, "mean"),
    11: ({"v_leak": "0.6,0.8"}, "points"),
    12: ({"r_leak": "25k"}, "rhythm"),
    13: ({"cv": "0.9"}, "cv"),
    14: ({"weight1": "0.9,0.9,0.9", "weight2": "0.9,0.9,0.9"}, "and"),
    15: ({"sign2": "1"}, "ratio"),
    16: ({"weight1": "0.5"}, "order"),
    17: ({"winners": "C4,C3,C2,C1"}, "predicted"),
    18: ({"last": "O1"}, "predicted"),
}


def on_the_model(experiment: Experiment[Lui]) -> Trace:
    return LuiModel().run(experiment)


def on_a_noisy_board(experiment: Experiment[Lui]) -> Trace:
    """Another board than the nominal one, seen by a converter of 1 kHz and 5 mV."""
    device = experiment.device
    if isinstance(device, LuiBoard) and experiment.name not in ("no-two-alike", "fit-by-hand"):
        parts = replace(another(Experiment(device, 1.0), 5).device.parameters.parts, track_leak=50e3, track_weight=(22e3,) * 3)
        experiment = replace(experiment, device=replace(device, parameters=replace(device.parameters, parts=parts)))
    trace = LuiModel().run(experiment)
    if not isinstance(device, LuiBoard):
        return trace
    time = np.arange(0.0, experiment.duration, 1e-3)
    noise = np.random.default_rng(1).normal(0.0, 5e-3, (2, time.size))
    signals = {name: trace.at(name, time) + noise[index] for index, name in enumerate(("v_mem", "v_out"))}
    return Trace(time, signals, trace.spikes, "board")


def read_off(item: Lesson, bench: Bench) -> dict[str, str]:
    """What a careful pupil reads off the curves of a bench, or finds on it by halving."""
    if item.number in (7, 8):
        key = "weight1" if item.number == 7 else "interval"
        low, high = (0.1, 1.0) if item.number == 7 else (20e-3, 0.6)
        for _ in range(7):
            answers = {key: repr(0.5 * (low + high))}
            fires = [measure.spikes(bench(run)).size > 0 for run in item.plan(item.settings(answers), answers)]
            # of the two runs, 7: a stronger and a weaker pulse, 8: closer and further apart; both or none: not there yet
            if fires[0] and not fires[1]:
                break
            too_much = fires[0] if item.number == 7 else not fires[0]
            low, high = (low, 0.5 * (low + high)) if too_much else (0.5 * (low + high), high)
        return answers
    planned = item.plan(item.settings({k: v for k, v in RIGHT[item.number].items() if v is not None and k in item.knobs}), {})
    traces = [bench(experiment) for experiment in planned]
    intervals = np.diff(measure.spikes(traces[0]))
    rates = np.array([measure.rate(measure.spikes(trace), trace.duration) for trace in traces])
    if item.number == 4:
        return {"threshold": f"{measure.threshold(traces[0])}", "t_ref": f"{measure.pulse_width(traces[0])}"}
    if item.number == 5:
        return {"tau": ",".join(f"{(tau_mem(trace) or (0.0, 0.0))[0]:.3f}" for trace in traces)}
    if item.number == 13:
        sd = rates.std(ddof=1)
        return {"mean": f"{rates.mean()}", "sd": f"{sd}", "cv": f"{sd / rates.mean()}"}
    return {"rate": f"{rates[0]}", "mean": f"{np.mean(1 / intervals)}", "sd": f"{np.std(1 / intervals, ddof=1)}"}


def answers_of(item: Lesson, bench: Bench) -> dict[str, str]:
    known = {key: text for key, text in RIGHT[item.number].items() if text is not None}
    if len(known) == len(RIGHT[item.number]):
        return known
    return known | {key: text for key, text in read_off(item, bench).items() if key in RIGHT[item.number]}


def solve(item: Lesson, answers: Answers, bench: Bench) -> Sequence[Finding]:
    planned = item.plan(item.settings(answers), answers)
    return item.check([Run(experiment, bench(experiment)) for experiment in planned], answers)


@pytest.mark.parametrize("bench", [on_the_model, on_a_noisy_board])
@pytest.mark.parametrize("item", LESSONS, ids=lambda item: item.slug)
def test_a_pupil_solves_it_and_a_wrong_answer_fails_with_a_hint(item: Lesson, bench: Bench) -> None:
    answers = answers_of(item, bench)
    assert [finding for finding in solve(item, answers, bench) if not finding.passed] == []
    wrong, name = WRONG[item.number]
    failed = {finding.name for finding in solve(item, {**answers, **wrong}, bench) if not finding.passed}
    assert name in failed
    for language in ("de", "en"):
        assert len(words(item.slug, language).advice[name]) > 20


@pytest.mark.parametrize("item", LESSONS, ids=lambda item: item.slug)
def test_both_languages_say_everything(item: Lesson) -> None:
    german, english = words(item.slug, "de"), words(item.slug, "en")
    answers = answers_of(item, on_the_model)
    names = {finding.name for finding in solve(item, answers, on_the_model)}
    for own in (german, english):
        assert names == set(own.labels) == set(own.advice)
        assert len(own.hints) == 3
        assert all((own.title, own.story, own.question, own.task, own.solution, own.theory))
        assert all(f"{key}=" in own.task + own.solution for key in RIGHT[item.number])
    assert german.title != english.title
    assert any(name.startswith("theory") for name in names)


def test_numbers_and_slugs_are_unique() -> None:
    assert [item.number for item in LESSONS] == list(range(19))
    assert len({item.slug for item in LESSONS}) == 19
    assert lesson("3") is lesson("leak-over-threshold")


@pytest.mark.parametrize(
    ("number", "answers", "sentence"),
    [
        ("99", {}, "There is no lesson"),
        ("3", {"v_leek": "0.7"}, "no answer"),
        ("3", {"v_leak": "7"}, "out of range"),
        ("1", {"v_leak": "0.3"}, "needs 5 settings"),
        ("4", {"t_ref": "15 ms"}, "threshold is missing"),
        ("4", {"t_ref": "15 ms", "threshold": "high"}, "not a number"),
        ("5", {"r_leak": "1k,2k,3k", "tau": "0.1"}, "one for each"),
        ("6", {"sign1": "1,2", "minus": "down"}, "is not allowed"),
        ("6", {"sign1": "1,-1", "minus": "sideways"}, "not one of the answers"),
        ("14", {"weight1": "0.5,0.6,0.7", "weight2": "0.1,0.2"}, "give as many"),
        ("17", {"winners": "C1"}, "needs 4"),
    ],
)
def test_mistakes_get_a_sentence(number: str, answers: dict[str, str], sentence: str) -> None:
    with pytest.raises(ParameterError, match=sentence):
        solve(lesson(number), answers, on_the_model)


def test_the_closed_form_of_a_psp_is_that_of_the_model() -> None:
    board = LuiBoard(LuiParameters(v_leak=0.3, r_leak=25e3, r_weight=(11e3, 11e3, 11e3)), v_mem=0.93)
    # 190.1 mV: the full circuit with the makers' models of its parts
    assert psp(board.parameters) == pytest.approx(0.1901, rel=0.03)


def test_a_threshold_that_falls_with_the_cell_is_no_mistake() -> None:
    item = lesson("threshold")
    board = LuiParameters(v_leak=0.8, r_leak=10e3, vdd=2.4)
    experiment = Experiment(LuiBoard(board), 2.0)
    trace = on_the_model(experiment)
    answers = {"threshold": f"{measure.threshold(trace)}", "t_ref": f"{cycle(board).pulse}"}
    assert all(finding.passed for finding in item.check([Run(experiment, trace)], answers))
    assert (measure.threshold(trace) or 0.0) < 1.3


@pytest.mark.parametrize("item", LESSONS[15:], ids=lambda item: item.slug)
def test_networks_are_solved_on_recordings_too(item: Lesson, tmp_path: Path) -> None:
    """What was written to a file and read again passes and fails as the run itself does."""

    def recorded(experiment: Experiment[Lui]) -> Trace:
        write_csv(on_the_model(experiment), tmp_path / "run.csv")
        return read_csv(tmp_path / "run.csv")

    answers = answers_of(item, recorded)
    assert [finding for finding in solve(item, answers, recorded) if not finding.passed] == []
    wrong, name = WRONG[item.number]
    assert name in {finding.name for finding in solve(item, {**answers, **wrong}, recorded) if not finding.passed}
